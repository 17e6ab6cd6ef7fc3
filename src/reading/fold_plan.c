/*-------------------------------------------------------------------------
 *
 * fold_plan.c
 *		A query on a port is planned for the release and the reader of this moment, and asks
 *		again when it is executed.
 *
 *	plan()	 has the calls in the views of ports replaced by their answers (fold.c).
 *	start()	 asks every call again, with the snapshot and the user of this execution.  If all answers
 *			 are those that were taken for granted, the plan is right; else the query is planned again.
 *	run()	 does so for each FETCH from a cursor, which is a statement of its own, and refuses to go on
 *			 if its user may see less by now.
 *
 * So nothing that is shown depends on when or for whom a plan was made, and correctness needs no
 * invalidation: an old snapshot, a cursor, a change of role, a publish between planning and execution
 * only cost another planning.  That cached plans are made anew after a publish (dm_port_switched), or
 * are not kept if they were made for an old snapshot, saves just that.
 *
 * What a plan takes for granted travels with it as one more entry of its range table, which belongs to
 * nothing: it survives the copying of plans and is left behind on the way to a parallel worker, where
 * the leader's answers hold.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "optimizer/planner.h"
#include "rewrite/rewriteHandler.h"
#include "tcop/pquery.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "base/module.h"
#include "base/names.h"
#include "base/session.h"
#include "base/settings.h"
#include "reading/fold.h"
#include "reading/reading.h"

PG_FUNCTION_INFO_V1(dm_plan_support);
PG_FUNCTION_INFO_V1(dm_port_switched);

/* The name of the entry in the range table; no entry of this kind has a name that a user gave. */
static const char *const note_name = "datamesh: taken for granted";

static planner_hook_type next_planner = NULL;
static ExecutorStart_hook_type next_start = NULL;
static ExecutorRun_hook_type next_run = NULL;

static bool planner_called = false;
static bool plainly = false; /* leave the calls to the execution */

/* The ports of a query that was planned before these hooks were there. */
typedef struct Unhooked
{
	int32 port_id;
	Oid releases;
} Unhooked;

static List *unhooked = NIL; /* of Unhooked *, in TopMemoryContext */

/* For whom the query was started that was started last: in the same statement it need not ask again. */
static struct
{
	QueryDesc *query;
	TimestampTz statement;
	Oid user;
	Oid outer_user;
} started;

/* ---- planning ---- */

static void
add_note(PlannedStmt *plan, Query *original, int options, const DmFold *fold)
{
	RangeTblEntry *note = makeNode(RangeTblEntry);

	note->rtekind = RTE_RESULT;
	note->eref = makeAlias(note_name, NIL);
	note->subquery = original;
	note->values_lists = fold->answers;
	note->coltypmods = list_make1_int(options);
	note->lateral = fold->of_reader;
	plan->rtable = lappend(plan->rtable, note);
	/* whoever keeps the plan makes it anew after a publish, and after the snapshot's transaction */
	plan->relationOids = list_concat_unique_oid(plan->relationOids, fold->parents);
	plan->transientPlan |= fold->outdated;
}

/* Does the plan read releases of a port that was found before these hooks were there? */
static bool
reads_unhooked(const PlannedStmt *plan)
{
	ListCell *cell;

	foreach (cell, unhooked)
		if (list_member_oid(plan->relationOids, ((const Unhooked *) lfirst(cell))->releases))
			return true;
	return false;
}

static PlannedStmt *
plan(Query *query, const char *source, int options, ParamListInfo params)
{
	Query *original = NULL;
	PlannedStmt *result;
	DmFold fold = {0};

	planner_called = true;
	fold.only_note = plainly || !dm_port_folding;
	if (ActiveSnapshotSet() && DmFoldConcerns(query))
	{
		original = query;
		query = DmFoldQuery(original, &fold);
	}
	result = next_planner != NULL ? next_planner(query, source, options, params)
								  : standard_planner(query, source, options, params);
	if (fold.answers != NIL)
		add_note(result, original, options, &fold);
	else if (reads_unhooked(result))
		add_note(result, makeNode(Query), options, &fold); /* planned here: nothing to be wary of */
	return result;
}

/* ---- before the hooks were there ---- */

static void
remember_unhooked(int32 port_id, const Query *view)
{
	ListCell *cell;

	foreach (cell, view->rtable)
	{
		RangeTblEntry *rte = lfirst(cell);
		MemoryContext context;
		Unhooked *port;

		if (rte->rtekind != RTE_RELATION || rte->relkind != RELKIND_PARTITIONED_TABLE)
			continue;
		context = MemoryContextSwitchTo(TopMemoryContext);
		port = palloc(sizeof(Unhooked));
		port->port_id = port_id;
		port->releases = rte->relid;
		unhooked = lappend(unhooked, port);
		MemoryContextSwitchTo(context);
	}
}

/*
 * The first query on a port in a session may load this library by this very call: too late for its
 * plan, which is not kept, and whose partitions are looked at when it starts (require_partition).
 */
Datum
dm_plan_support(PG_FUNCTION_ARGS)
{
	SupportRequestSimplify *request = (SupportRequestSimplify *) PG_GETARG_POINTER(0);
	int32 port_id;

	if (IsA(request, SupportRequestSimplify) && !planner_called && request->root != NULL)
	{
		request->root->glob->transientPlan = true;
		if (DmFoldAsksRelease((Node *) request->fcall, &port_id))
			remember_unhooked(port_id, request->root->parse);
	}
	PG_RETURN_POINTER(NULL);
}

/*
 * A plan without the release that its snapshot sees, because it was published while the plan was made,
 * would find no rows.
 */
static void
require_partition(const PlannedStmt *plan, Snapshot snapshot)
{
	ListCell *cell;

	foreach (cell, unhooked)
	{
		const Unhooked *port = lfirst(cell);
		int32 release;
		bool newest;

		if (list_member_oid(plan->relationOids, port->releases) &&
			DmReleaseSeen(port->port_id, snapshot, &release, &newest) &&
			!list_member_oid(plan->relationOids, DmFoldTable(port->releases, release)))
			ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
							errmsg("a port was published while this query was planned"),
							errdetail("Its release is now %d.", release), errhint("Try again.")));
	}
}

/* ---- execution ---- */

static RangeTblEntry *
find_note(const PlannedStmt *plan)
{
	RangeTblEntry *last = plan->rtable == NIL ? NULL : llast(plan->rtable);

	return last != NULL && last->rtekind == RTE_RESULT && last->subquery != NULL &&
				   strcmp(last->eref->aliasname, note_name) == 0
			   ? last
			   : NULL;
}

/*
 * Another plan for the query that is about to be started, for its snapshot and its user.  It lives
 * as long as the description of the query does.
 */
static PlannedStmt *
plan_again(QueryDesc *query, const RangeTblEntry *note, int eflags)
{
	MemoryContext context = MemoryContextSwitchTo(GetMemoryChunkContext(query));
	Query *original = copyObject(note->subquery);
	int options = linitial_int(note->coltypmods);
	PlannedStmt *result;

	/* whoever made a cursor of the first plan may have promised that it goes backwards */
	if (eflags & EXEC_FLAG_BACKWARD)
		options |= CURSOR_OPT_SCROLL;
	AcquireRewriteLocks(original, true, false);
	result = planner(original, query->sourceText, options, query->params);
	MemoryContextSwitchTo(context);
	return result;
}

static PlannedStmt *
plan_plainly(QueryDesc *query, const RangeTblEntry *note, int eflags)
{
	PlannedStmt *result;

	plainly = true;
	PG_TRY();
	{
		result = plan_again(query, note, eflags);
	}
	PG_FINALLY();
	{
		plainly = false;
	}
	PG_END_TRY();
	return result;
}

/*
 * Give the query a plan that holds for its snapshot and its user.  Who may see what is read from the
 * newest state, which may change as we look: then the calls are left to the execution.
 */
static void
settle_plan(QueryDesc *query, const RangeTblEntry *note, int eflags)
{
	bool push = !ActiveSnapshotSet() || GetActiveSnapshot() != query->snapshot;

	if (push)
		PushActiveSnapshot(query->snapshot);
	for (int i = 0; note != NULL && !DmFoldHolds(note->values_lists, false); i++)
	{
		query->plannedstmt =
			i < 3 ? plan_again(query, note, eflags) : plan_plainly(query, note, eflags);
		note = find_note(query->plannedstmt);
	}
	if (push)
		PopActiveSnapshot();
}

static void
start(QueryDesc *query, int eflags)
{
	RangeTblEntry *note = find_note(query->plannedstmt);
	bool asked = note != NULL;

	if (note != NULL)
	{
		settle_plan(query, note, eflags);
		note = find_note(query->plannedstmt);
	}
	else if (unhooked != NIL)
		require_partition(query->plannedstmt, query->snapshot);
	if (next_start != NULL)
		next_start(query, eflags);
	else
		standard_ExecutorStart(query, eflags);
	if ((note == NULL || !note->lateral) && (eflags & EXEC_FLAG_EXPLAIN_ONLY) == 0)
		asked |= DmBegunNote(query);
	if (asked)
	{
		started.query = query;
		started.statement = GetCurrentStatementStartTimestamp();
		started.user = GetUserId();
		started.outer_user = GetOuterUserId();
	}
}

/*
 * Was the query started in this statement, for this user?  A query of the extended protocol is
 * started by one message and run by the next: the portal of such a query has no name.
 */
static bool
just_started(const QueryDesc *query)
{
	return started.query == query && started.user == GetUserId() &&
		   started.outer_user == GetOuterUserId() &&
		   (started.statement == GetCurrentStatementStartTimestamp() ||
			(!query->already_executed && ActivePortal != NULL && ActivePortal->name[0] == '\0'));
}

static void
run(DmExecutorRunParameters)
{
	RangeTblEntry *note = find_note(query->plannedstmt);
	List *answers = note != NULL && note->lateral ? note->values_lists : DmBegunAnswers(query);

	if (answers != NIL && !just_started(query))
	{
		bool holds;

		PushActiveSnapshot(query->snapshot);
		holds = DmFoldHolds(answers, true);
		PopActiveSnapshot();
		if (!holds)
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("what may be seen of a port has changed since this query began"),
					 errdetail("It was begun by another role, or access was changed in between."),
					 errhint("Close the cursor and open it again.")));
	}
	if (next_run != NULL)
		next_run(DmExecutorRunArguments);
	else
		standard_ExecutorRun(DmExecutorRunArguments);
}

void
DmFoldInit(void)
{
	DmFoldFunctionsInit();
	next_planner = planner_hook;
	planner_hook = plan;
	next_start = ExecutorStart_hook;
	ExecutorStart_hook = start;
	next_run = ExecutorRun_hook;
	ExecutorRun_hook = run;
}

/* ---- cached plans ---- */

/* The relation of the releases of a port; InvalidOid if it has none (any more). */
static Oid
releases_of_port(int32 product_id, int major)
{
	const Oid type = INT4OID;
	Datum value = Int32GetDatum(product_id);
	Oid result = InvalidOid;
	DmIdentity saved;

	SPI_connect();
	DmBecomeExtensionOwner(&saved);
	DmSpiExecute("SELECT s.schema_name, p.product_name FROM datamesh.product p "
				 "JOIN datamesh.domain_schema s ON s.domain_name = p.domain_name "
				 "AND s.purpose = 'release' WHERE p.product_id = $1",
				 1, &type, &value, NULL, true);
	if (SPI_processed == 1)
	{
		Oid schema = get_namespace_oid(DmSpiText(0, 1), true);

		if (OidIsValid(schema))
			result =
				get_relname_relid(DmSuffixedName(DmSpiText(0, 2), psprintf("_v%d", major)), schema);
	}
	DmIdentityRestore(&saved);
	SPI_finish();
	return result;
}

/*
 * Trigger after each change of datamesh.port: plans that were made for the release that the port
 * showed are made anew.
 */
Datum
dm_port_switched(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	TupleDesc desc;
	Datum product_id;
	Datum major;
	bool isnull;
	Oid releases;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(data->tg_event))
		elog(ERROR, "port_switched is a trigger for each row of datamesh.port");
	desc = RelationGetDescr(data->tg_relation);
	product_id = heap_getattr(data->tg_trigtuple, SPI_fnumber(desc, "product_id"), desc, &isnull);
	major = heap_getattr(data->tg_trigtuple, SPI_fnumber(desc, "major"), desc, &isnull);
	releases = releases_of_port(DatumGetInt32(product_id), DatumGetInt32(major));
	if (OidIsValid(releases))
		CacheInvalidateRelcacheByRelid(releases);
	return PointerGetDatum(NULL);
}
