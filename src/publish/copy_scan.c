/*-------------------------------------------------------------------------
 *
 * copy_scan.c
 *		A node of the executor that measures rows and forms them into tuples.
 *
 * Measuring and forming take longer than reading, and as long as storing.  Only the
 * leader of a parallel query may store, but everything else can be done by workers,
 * if not every row has to be handed over by itself: so the node stands below the
 * Gather, and what it hands over are blocks of tuples in the form in which they
 * are stored, and in the end, once, what its observer has seen.
 *
 * The node is put on the finished plan.  The planner need not know of it: it
 * takes all rows of the node below it, in their order, and none of its parts is changed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "utils/rel.h"

#include "base/compat.h"
#include "base/module.h"
#include "publish/copy_scan.h"
#include "publish/tuple.h"
#include "quality/quality.h"

typedef struct CopyScan
{
	CustomScanState state;
	Relation release;
	DmTupleFormer *former;
	DmObserver *observer; /* NULL: nothing to measure, or it has said what it has seen */
	bool at_end;          /* of the node below */
} CopyScan;

static Node *create_state(CustomScan *plan);
static void begin(CustomScanState *node, EState *estate, int flags);
static TupleTableSlot *execute(CustomScanState *node);
static void end(CustomScanState *node);
static void rescan(CustomScanState *node);

static const CustomScanMethods plan_methods = {
	.CustomName = "datamesh copy",
	.CreateCustomScanState = create_state,
};

static const CustomExecMethods state_methods = {
	.CustomName = "datamesh copy",
	.BeginCustomScan = begin,
	.ExecCustomScan = execute,
	.EndCustomScan = end,
	.ReScanCustomScan = rescan,
};

/* Workers look it up by its name. */
void
DmCopyScanInit(void)
{
	RegisterCustomScanMethods(&plan_methods);
}

/* ---- planning ---- */

/* The two columns, as references to the same of relation number "from". */
static List *
target_list(int from)
{
	List *targets = NIL;

	for (int i = 1; i <= 2; i++)
	{
		Var *column = makeVar(from, i, BYTEAOID, -1, InvalidOid, 0);

		targets = lappend(targets, makeTargetEntry((Expr *) column, i, NULL, false));
	}
	return targets;
}

/* The two columns as they are made, which no expression of SQL can say. */
static List *
what_it_makes(void)
{
	List *targets = NIL;

	for (int i = 1; i <= 2; i++)
		targets = lappend(targets, makeTargetEntry((Expr *) makeNullConst(BYTEAOID, -1, InvalidOid),
												   i, NULL, false));
	return targets;
}

static CustomScan *
make_scan(Plan *below, Oid release, const char *spec)
{
	CustomScan *scan = makeNode(CustomScan);

	scan->methods = &plan_methods;
	scan->custom_plans = list_make1(below);
	scan->custom_private =
		list_make2(makeInteger((int) release), makeString(pstrdup(spec != NULL ? spec : "")));
	scan->custom_scan_tlist = what_it_makes();
	scan->scan.plan.targetlist = target_list(INDEX_VAR);
	scan->scan.plan.startup_cost = below->startup_cost;
	scan->scan.plan.total_cost = below->total_cost;
	scan->scan.plan.plan_rows = below->plan_rows;
	scan->scan.plan.plan_width = below->plan_width;
	scan->scan.plan.parallel_safe = below->parallel_safe;
	scan->scan.plan.plan_node_id = -1; /* nobody asks for it */
	return scan;
}

/* What the column of a node is in terms of the node below; NULL if it makes it itself. */
static Expr *
from_below(Expr *expr, List *below)
{
	Var *column = (Var *) expr;

	if (IsA(expr, Const))
		return expr;
	if (!IsA(expr, Var) || column->varno != OUTER_VAR)
		return NULL;
	return list_nth_node(TargetEntry, below, column->varattno - 1)->expr;
}

/*
 * Does it hand on what comes from below, column by column?  (It may take one for another that is the
 * same, and repeats constants.)
 */
static bool
hands_on(const Gather *gather)
{
	List *below = outerPlan(gather)->targetlist;
	ListCell *cell;
	ListCell *source;

	if (gather->plan.qual != NIL || list_length(gather->plan.targetlist) != list_length(below))
		return false;
	forboth (cell, gather->plan.targetlist, source, below)
		if (!equal(from_below(lfirst_node(TargetEntry, cell)->expr, below),
				   lfirst_node(TargetEntry, source)->expr))
			return false;
	return true;
}

bool
DmCopyScanIsShared(const PlannedStmt *planned)
{
	return IsA(planned->planTree, Gather) && hands_on((Gather *) planned->planTree);
}

void
DmCopyScanAdd(PlannedStmt *planned, Oid release, const char *spec)
{
	Plan *top = planned->planTree;

	if (DmCopyScanIsShared(planned))
	{
		outerPlan(top) = (Plan *) make_scan(outerPlan(top), release, spec);
		top->targetlist = target_list(OUTER_VAR);
	}
	else
		planned->planTree = (Plan *) make_scan(top, release, spec);
}

/* ---- execution ---- */

static Node *
create_state(CustomScan *plan)
{
	CopyScan *scan = (CopyScan *) newNode(sizeof(CopyScan), T_CustomScanState);

	scan->state.methods = &state_methods;
	return (Node *) scan;
}

static void
begin(CustomScanState *node, EState *estate, int flags)
{
	CopyScan *scan = (CopyScan *) node;
	CustomScan *plan = (CustomScan *) node->ss.ps.plan;
	Oid release = (Oid) intVal(linitial(plan->custom_private));
	const char *spec = strVal(lsecond(plan->custom_private));
	PlanState *below = ExecInitNode(linitial(plan->custom_plans), estate, flags);
	TupleDesc rows = ExecGetResultType(below);

	node->custom_ps = list_make1(below);
	scan->release = table_open(release, AccessShareLock);
	if (rows->natts < RelationGetNumberOfAttributes(scan->release))
		elog(ERROR, "the copying query has %d columns, the release %d", rows->natts,
			 RelationGetNumberOfAttributes(scan->release));
	scan->former = DmTupleFormerCreate(RelationGetDescr(scan->release));
	if (spec[0] != '\0')
		scan->observer = DmObserverCreate(spec, rows, RelationGetNumberOfAttributes(scan->release));
}

/* The next row goes into the block; false if the block should go. */
static bool
take_row(CopyScan *scan, PlanState *below)
{
	TupleTableSlot *row = ExecProcNode(below);
	int natts = RelationGetNumberOfAttributes(scan->release);

	scan->at_end = TupIsNull(row);
	if (scan->at_end)
		return false;
	slot_getallattrs(row);
	if (scan->observer != NULL)
		DmObserverRow(scan->observer, row->tts_values + natts, row->tts_isnull + natts);
	return DmTupleFormerAdd(scan->former, row->tts_values, row->tts_isnull);
}

static TupleTableSlot *
execute(CustomScanState *node)
{
	CopyScan *scan = (CopyScan *) node;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	DmTupleBlock *block;

	CHECK_FOR_INTERRUPTS();
	ExecClearTuple(slot);
	while (!scan->at_end && take_row(scan, linitial(node->custom_ps)))
		;
	block = DmTupleFormerTake(scan->former);
	if (block == NULL && scan->observer == NULL)
		return NULL;
	slot->tts_isnull[0] = block == NULL;
	slot->tts_values[0] = PointerGetDatum(block);
	slot->tts_isnull[1] = block != NULL;
	slot->tts_values[1] = (Datum) 0;
	if (block == NULL)
	{
		slot->tts_values[1] = DmObserverSeen(scan->observer);
		scan->observer = NULL;
	}
	return ExecStoreVirtualTuple(slot);
}

static void
end(CustomScanState *node)
{
	ExecEndNode(linitial(node->custom_ps));
	table_close(((CopyScan *) node)->release, NoLock);
}

static void
rescan(CustomScanState *node)
{
	elog(ERROR, "a source is copied once");
}
