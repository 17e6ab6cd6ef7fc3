/*-------------------------------------------------------------------------
 *
 * explain_print.c
 *		The plan above the ports, in PostgreSQL's words and all four of its formats.
 *
 * Shown of a node: what it is, of a scan of the user's own relation its name, and with ANALYZE the
 * rows that it gave.  Rows above a port are counts of rows that the user may read, and could count.
 * Never shown: costs and estimates (they come from statistics of what is hidden, even beside a port: the
 * costs of an inner index scan know how many rows are expected outside), conditions and columns (they are
 * spelled in terms of what is beneath), memory, buffers, WAL, compiled functions, times of single nodes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/instrument.h"
#include "miscadmin.h"
#include "nodes/bitmapset.h"
#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "reading/explain.h"

typedef struct Printing
{
	ExplainState *es;
	List *rtable;
	List *ports;
} Printing;

/* What the nodes beneath one read. */
typedef struct Reach
{
	const Printing *printing;
	bool unknown;
	Bitmapset *ports;   /* by number */
	Bitmapset *bounded; /* of them: those whose boundary is a node of its own */
	bool own;           /* something of the user's */
} Reach;

static void
origin_of(const Printing *printing, Index rti, DmOrigin *origin)
{
	DmOriginOf(rt_fetch(rti, printing->rtable), list_length(printing->ports), origin);
}

static const DmHiddenPort *
port_at(const Printing *printing, int port)
{
	return list_nth(printing->ports, port - 1);
}

/* ---- what a node reads itself ---- */

static Index
scanned_entry(const Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_SeqScan:
		case T_SampleScan:
		case T_IndexScan:
		case T_IndexOnlyScan:
		case T_BitmapIndexScan:
		case T_BitmapHeapScan:
		case T_TidScan:
		case T_TidRangeScan:
		case T_SubqueryScan:
		case T_FunctionScan:
		case T_ValuesScan:
		case T_TableFuncScan:
		case T_CteScan:
		case T_NamedTuplestoreScan:
		case T_WorkTableScan:
		case T_ForeignScan:
		case T_CustomScan:
			return ((const Scan *) plan)->scanrelid;
		case T_ModifyTable:
			return ((const ModifyTable *) plan)->nominalRelation;
		default:
			return 0;
	}
}

/* Entries that a node stands for without scanning one. */
static Bitmapset *
covered_entries(const Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_Append:
			return ((const Append *) plan)->apprelids;
		case T_MergeAppend:
			return ((const MergeAppend *) plan)->apprelids;
		case T_ForeignScan:
			return ((const ForeignScan *) plan)->fs_relids;
		case T_CustomScan:
			return ((const CustomScan *) plan)->custom_relids;
		default:
			return NULL;
	}
}

static void
reach_entry(Reach *reach, Index rti, bool subquery)
{
	DmOrigin origin;

	origin_of(reach->printing, rti, &origin);
	reach->unknown |= !origin.known;
	reach->own |= origin.known && origin.port == 0;
	if (!origin.known || origin.port == 0)
		return;
	reach->ports = bms_add_member(reach->ports, origin.port);
	if (subquery && origin.boundary)
		reach->bounded = bms_add_member(reach->bounded, origin.port);
}

static bool
reach_walker(PlanState *state, Reach *reach)
{
	Index rti = scanned_entry(state->plan);
	Bitmapset *covered = covered_entries(state->plan);
	int member = -1;

	check_stack_depth();
	if (rti != 0)
		reach_entry(reach, rti, IsA(state->plan, SubqueryScan));
	while ((member = bms_next_member(covered, member)) >= 0)
		reach_entry(reach, member, false);
	return planstate_tree_walker(state, reach_walker, reach);
}

static void
reach_of(const Printing *printing, PlanState *state, Reach *reach)
{
	memset(reach, 0, sizeof(Reach));
	reach->printing = printing;
	(void) reach_walker(state, reach);
}

/*
 * The number of the port that this node belongs to, if it is the uppermost one that does; 0 otherwise.
 * A port that was planned apart has a node of its own.  If that was taken away as needless, a plain port is
 * what collects its rows, and any other is everything that reads it and nothing else.
 */
static int
port_of(const Printing *printing, PlanState *state)
{
	Index rti = scanned_entry(state->plan);
	DmOrigin origin = {0};
	Reach reach;
	int port;

	if (rti != 0)
		origin_of(printing, rti, &origin);
	if (origin.known && origin.port != 0)
		return origin.port;
	reach_of(printing, state, &reach);
	if (reach.own || !bms_get_singleton_member(reach.ports, &port) ||
		bms_is_member(port, reach.bounded))
		return 0;
	switch (nodeTag(state->plan))
	{
		case T_Append:
		case T_MergeAppend:
		case T_BitmapAnd:
		case T_BitmapOr:
		case T_Result:
			return port;
		default:
			return port_at(printing, port)->plain ? 0 : port;
	}
}

/* ---- words ---- */

static const char *
join_word(const Plan *plan, const char *stem)
{
	switch (((const Join *) plan)->jointype)
	{
		case JOIN_LEFT:
			return psprintf("%s Left Join", stem);
		case JOIN_FULL:
			return psprintf("%s Full Join", stem);
		case JOIN_RIGHT:
			return psprintf("%s Right Join", stem);
		case JOIN_SEMI:
			return psprintf("%s Semi Join", stem);
		case JOIN_ANTI:
			return psprintf("%s Anti Join", stem);
		default:
			return strcmp(stem, "Nested Loop") == 0 ? stem : psprintf("%s Join", stem);
	}
}

static const char *
agg_word(const Agg *agg)
{
	const char *stage = DO_AGGSPLIT_SKIPFINAL(agg->aggsplit) ? "Partial "
						: DO_AGGSPLIT_COMBINE(agg->aggsplit) ? "Finalize "
															 : "";

	switch (agg->aggstrategy)
	{
		case AGG_SORTED:
			return psprintf("%sGroupAggregate", stage);
		case AGG_HASHED:
			return psprintf("%sHashAggregate", stage);
		case AGG_MIXED:
			return psprintf("%sMixedAggregate", stage);
		default:
			return psprintf("%sAggregate", stage);
	}
}

static const char *
modify_word(const ModifyTable *modify)
{
	return modify->operation == CMD_INSERT   ? "Insert"
		   : modify->operation == CMD_UPDATE ? "Update"
		   : modify->operation == CMD_DELETE ? "Delete"
											 : "Merge";
}

static const char *
node_word(const Plan *plan)
{
	static const struct
	{
		NodeTag tag;
		const char *word;
	} words[] = {
		{T_Result, "Result"},
		{T_ProjectSet, "ProjectSet"},
		{T_Append, "Append"},
		{T_MergeAppend, "Merge Append"},
		{T_RecursiveUnion, "Recursive Union"},
		{T_BitmapAnd, "BitmapAnd"},
		{T_BitmapOr, "BitmapOr"},
		{T_SeqScan, "Seq Scan"},
		{T_SampleScan, "Sample Scan"},
		{T_Gather, "Gather"},
		{T_GatherMerge, "Gather Merge"},
		{T_IndexScan, "Index Scan"},
		{T_IndexOnlyScan, "Index Only Scan"},
		{T_BitmapIndexScan, "Bitmap Index Scan"},
		{T_BitmapHeapScan, "Bitmap Heap Scan"},
		{T_TidScan, "Tid Scan"},
		{T_TidRangeScan, "Tid Range Scan"},
		{T_SubqueryScan, "Subquery Scan"},
		{T_FunctionScan, "Function Scan"},
		{T_TableFuncScan, "Table Function Scan"},
		{T_ValuesScan, "Values Scan"},
		{T_CteScan, "CTE Scan"},
		{T_NamedTuplestoreScan, "Named Tuplestore Scan"},
		{T_WorkTableScan, "WorkTable Scan"},
		{T_ForeignScan, "Foreign Scan"},
		{T_CustomScan, "Custom Scan"},
		{T_Material, "Materialize"},
		{T_Memoize, "Memoize"},
		{T_Sort, "Sort"},
		{T_IncrementalSort, "Incremental Sort"},
		{T_Group, "Group"},
		{T_WindowAgg, "WindowAgg"},
		{T_Unique, "Unique"},
		{T_SetOp, "SetOp"},
		{T_LockRows, "LockRows"},
		{T_Limit, "Limit"},
		{T_Hash, "Hash"},
	};

	switch (nodeTag(plan))
	{
		case T_NestLoop:
			return join_word(plan, "Nested Loop");
		case T_MergeJoin:
			return join_word(plan, "Merge");
		case T_HashJoin:
			return join_word(plan, "Hash");
		case T_Agg:
			return agg_word((const Agg *) plan);
		case T_ModifyTable:
			return modify_word((const ModifyTable *) plan);
		default:
			break;
	}
	for (int i = 0; i < lengthof(words); i++)
		if (words[i].tag == nodeTag(plan))
			return words[i].word;
	return "???";
}

/* ---- a node ---- */

static void
begin_node(ExplainState *es, const char *word, const char *relationship, const char *subplan)
{
	if (es->format != EXPLAIN_FORMAT_TEXT)
	{
		ExplainOpenGroup("Plan", relationship != NULL ? NULL : "Plan", true, es);
		ExplainPropertyText("Node Type", word, es);
		if (relationship != NULL)
			ExplainPropertyText("Parent Relationship", relationship, es);
		if (subplan != NULL)
			ExplainPropertyText("Subplan Name", subplan, es);
		return;
	}
	if (subplan != NULL)
	{
		appendStringInfoSpaces(es->str, es->indent * 2);
		appendStringInfo(es->str, "%s\n", subplan);
		es->indent++;
	}
	if (es->indent > 0)
	{
		appendStringInfoSpaces(es->str, es->indent * 2);
		appendStringInfoString(es->str, "->  ");
		es->indent += 2;
	}
	appendStringInfoString(es->str, word);
}

static void
print_target(ExplainState *es, const char *property, const char *value)
{
	if (es->format != EXPLAIN_FORMAT_TEXT)
		ExplainPropertyText(property, value, es);
	else
		appendStringInfo(es->str, " on %s", value);
}

static void
print_relation(ExplainState *es, Oid relid, const char *name, const char *alias)
{
	char *schema = get_namespace_name(get_rel_namespace(relid));

	if (es->format != EXPLAIN_FORMAT_TEXT)
	{
		ExplainPropertyText("Relation Name", name, es);
		if (es->verbose)
			ExplainPropertyText("Schema", schema, es);
		ExplainPropertyText("Alias", alias, es);
		return;
	}
	print_target(es, NULL,
				 es->verbose ? quote_qualified_identifier(schema, name) : quote_identifier(name));
	if (strcmp(alias, name) != 0)
		appendStringInfo(es->str, " %s", quote_identifier(alias));
}

/* Of something that the user has named himself. */
static void
print_own(const Printing *printing, const Plan *plan)
{
	Index rti = scanned_entry(plan);
	const RangeTblEntry *rte;
	DmOrigin origin;
	char *name;

	if (rti == 0)
		return;
	rte = rt_fetch(rti, printing->rtable);
	origin_of(printing, rti, &origin);
	name = rte->rtekind == RTE_RELATION ? get_rel_name(rte->relid) : NULL;
	if (name != NULL)
		print_relation(printing->es, rte->relid, name, origin.alias);
	else
		print_target(printing->es, "Alias", quote_identifier(origin.alias));
}

static void
print_rows(ExplainState *es, PlanState *state)
{
	double loops;
	double rows;

	if (state->instrument == NULL)
		return;
	InstrEndLoop(state->instrument);
	loops = state->instrument->nloops;
	rows = loops > 0 ? state->instrument->ntuples / loops : 0;
	if (es->format != EXPLAIN_FORMAT_TEXT)
	{
		ExplainPropertyFloat("Actual Rows", NULL, rows, 0, es);
		ExplainPropertyFloat("Actual Loops", NULL, loops, 0, es);
	}
	else if (loops > 0)
		appendStringInfo(es->str, " (actual rows=%.0f loops=%.0f)", rows, loops);
	else
		appendStringInfoString(es->str, " (never executed)");
}

static void
end_line(ExplainState *es)
{
	if (es->format != EXPLAIN_FORMAT_TEXT)
		return;
	appendStringInfoChar(es->str, '\n');
	es->indent++;
}

/* ---- the tree ---- */

static void print_node(const Printing *printing, PlanState *state, const char *relationship,
					   const char *subplan);

static void
print_members(const Printing *printing, PlanState **states, int count)
{
	for (int i = 0; i < count; i++)
		print_node(printing, states[i], "Member", NULL);
}

static void
print_subplans(const Printing *printing, const List *subplans, const char *relationship)
{
	ListCell *cell;

	foreach (cell, subplans)
	{
		SubPlanState *subplan = lfirst(cell);

		print_node(printing, subplan->planstate, relationship, subplan->subplan->plan_name);
	}
}

static void
print_children(const Printing *printing, PlanState *state)
{
	ExplainState *es = printing->es;
	ListCell *cell;

	ExplainOpenGroup("Plans", "Plans", false, es);
	print_subplans(printing, state->initPlan, "InitPlan");
	if (outerPlanState(state) != NULL)
		print_node(printing, outerPlanState(state), "Outer", NULL);
	if (innerPlanState(state) != NULL)
		print_node(printing, innerPlanState(state), "Inner", NULL);
	switch (nodeTag(state))
	{
		case T_AppendState:
			print_members(printing, ((AppendState *) state)->appendplans,
						  ((AppendState *) state)->as_nplans);
			break;
		case T_MergeAppendState:
			print_members(printing, ((MergeAppendState *) state)->mergeplans,
						  ((MergeAppendState *) state)->ms_nplans);
			break;
		case T_BitmapAndState:
			print_members(printing, ((BitmapAndState *) state)->bitmapplans,
						  ((BitmapAndState *) state)->nplans);
			break;
		case T_BitmapOrState:
			print_members(printing, ((BitmapOrState *) state)->bitmapplans,
						  ((BitmapOrState *) state)->nplans);
			break;
		case T_SubqueryScanState:
			print_node(printing, ((SubqueryScanState *) state)->subplan, "Subquery", NULL);
			break;
		case T_CustomScanState:
			foreach (cell, ((CustomScanState *) state)->custom_ps)
				print_node(printing, lfirst(cell), "Member", NULL);
			break;
		default:
			break;
	}
	print_subplans(printing, state->subPlan, "SubPlan");
	ExplainCloseGroup("Plans", "Plans", false, es);
}

static bool
has_child(PlanState *state, void *context)
{
	return true;
}

static void
print_node(const Printing *printing, PlanState *state, const char *relationship,
		   const char *subplan)
{
	ExplainState *es = printing->es;
	int indent = es->indent;
	int port = port_of(printing, state);

	check_stack_depth();
	begin_node(es, port != 0 ? "Port Scan" : node_word(state->plan), relationship, subplan);
	if (port != 0)
		print_target(es, "Port", port_at(printing, port)->label);
	else
		print_own(printing, state->plan);
	print_rows(es, state);
	end_line(es);
	if (port == 0 && planstate_tree_walker(state, has_child, NULL))
		print_children(printing, state);
	if (es->format == EXPLAIN_FORMAT_TEXT)
		es->indent = indent;
	ExplainCloseGroup("Plan", relationship != NULL ? NULL : "Plan", true, es);
}

/* Nothing can be told apart: the plan is one line. */
static void
print_hidden(ExplainState *es, PlanState *state)
{
	int indent = es->indent;

	begin_node(es, "Hidden Plan", NULL, NULL);
	print_rows(es, state);
	end_line(es);
	if (es->format == EXPLAIN_FORMAT_TEXT)
		es->indent = indent;
	ExplainCloseGroup("Plan", "Plan", true, es);
}

/* ---- can the parts be told apart? ---- */

/* The ports that the children of a node have brought so far. */
typedef struct Split
{
	const Printing *printing;
	Bitmapset *seen;
} Split;

static bool splits(const Printing *printing, PlanState *state);

static bool
split_walker(PlanState *child, Split *split)
{
	Reach reach;
	int port = -1;

	reach_of(split->printing, child, &reach);
	while ((port = bms_next_member(reach.ports, port)) >= 0)
		if (!port_at(split->printing, port)->plain && bms_is_member(port, split->seen))
			return true;
	split->seen = bms_add_members(split->seen, reach.ports);
	return splits(split->printing, child);
}

/*
 * Does a node that belongs to no port put together what does?  Then the planner has taken a port apart,
 * and joined the user's relations with single ones of its inside.
 */
static bool
splits(const Printing *printing, PlanState *state)
{
	Split split = {.printing = printing};

	check_stack_depth();
	return port_of(printing, state) == 0 && planstate_tree_walker(state, split_walker, &split);
}

void
DmExplainPrint(ExplainState *es, QueryDesc *query, List *ports)
{
	Printing printing = {.es = es, .rtable = query->plannedstmt->rtable, .ports = ports};
	PlanState *state = query->planstate;
	Reach reach;

	/* PostgreSQL's tests of parallel plans add a node that EXPLAIN never shows */
	if (IsA(state, GatherState) && ((Gather *) state->plan)->invisible)
		state = outerPlanState(state);
	reach_of(&printing, state, &reach);
	if (reach.unknown || ports == NIL || splits(&printing, state))
		print_hidden(es, state);
	else
		print_node(&printing, state, NULL, NULL);
}
