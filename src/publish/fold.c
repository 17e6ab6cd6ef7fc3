/*-------------------------------------------------------------------------
 *
 * fold.c
 *		A query on a port is planned for the release and the reader of this moment.
 *
 * A port's view asks, in every row, which release it shows, and which mask its reader gets.  The
 * answers are the same in all rows of an execution, so they are taken for granted when the query is
 * planned, and looked up again when it is executed:
 *
 *	plan()	 replaces the calls in the view by their answers.  The relation of the releases becomes the
 *			 table of one release, a mask that the reader does not get disappears.  If no filter is
 *			 left, there is nothing for the view to keep its reader from, and it need not be a
 *			 barrier: what is left is the plan of a query on the table itself.  (Not so if what
 *			 lies behind a live port is no table: it may hide rows of its own.)
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
 * A call can be taken for granted if its function is STABLE, has datamesh.plan_support as its support
 * function and constants as arguments.  One that returns boolean is assumed to be true: it raises an
 * error instead of being false.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "optimizer/planner.h"
#include "parser/parsetree.h"
#include "partitioning/partbounds.h"
#include "partitioning/partdesc.h"
#include "rewrite/rewriteHandler.h"
#include "storage/lmgr.h"
#include "tcop/pquery.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/partcache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "access/access.h"
#include "base/compat.h"
#include "base/module.h"
#include "base/names.h"
#include "base/session.h"
#include "base/settings.h"
#include "publish/publish.h"

PG_FUNCTION_INFO_V1(dm_plan_support);
PG_FUNCTION_INFO_V1(dm_port_switched);

/* What is taken for granted in the query that is being planned. */
typedef struct Fold
{
	List *answers;  /* of list_make2(FuncExpr *, Const *) */
	List *parents;  /* Oids of the relations of releases that it was found through */
	bool only_note; /* leave the query as it is */
	bool of_reader; /* some answer depends on who reads */
	bool outdated;  /* some answer is not the one that the next transaction will get */
} Fold;

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

/* ---- calls and their answers ---- */

/* Is this a call that can be taken for granted?  Then *function is set up to make it. */
static bool
is_foldable(Node *node, FmgrInfo *function)
{
	FuncExpr *call = (FuncExpr *) node;
	FmgrInfo support;
	ListCell *cell;

	if (node == NULL || !IsA(node, FuncExpr) || call->funcretset ||
		call->funcid < FirstNormalObjectId || list_length(call->args) > 2)
		return false;
	foreach (cell, call->args)
		if (!IsA(lfirst(cell), Const) || lfirst_node(Const, cell)->constisnull)
			return false;
	support.fn_oid = get_func_support(call->funcid);
	if (!OidIsValid(support.fn_oid))
		return false;
	fmgr_info(support.fn_oid, &support);
	if (support.fn_addr != dm_plan_support)
		return false;
	fmgr_info(call->funcid, function);
	return true;
}

static Const *
ask(const FuncExpr *call, FmgrInfo *function)
{
	LOCAL_FCINFO(fcinfo, 2);
	int16 length;
	bool by_value;
	Datum value;
	ListCell *cell;

	InitFunctionCallInfoData(*fcinfo, function, list_length(call->args), call->inputcollid, NULL,
							 NULL);
	foreach (cell, call->args)
	{
		fcinfo->args[foreach_current_index(cell)].value = lfirst_node(Const, cell)->constvalue;
		fcinfo->args[foreach_current_index(cell)].isnull = false;
	}
	value = FunctionCallInvoke(fcinfo);
	get_typlenbyval(call->funcresulttype, &length, &by_value);
	return makeConst(call->funcresulttype, -1, call->funccollid, length,
					 fcinfo->isnull ? (Datum) 0 : value, fcinfo->isnull, by_value);
}

static bool
same_answer(const Const *a, const Const *b)
{
	return a->constisnull == b->constisnull &&
		   (a->constisnull ||
			datumIsEqual(a->constvalue, b->constvalue, a->constbyval, a->constlen));
}

static void
take_for_granted(Fold *fold, FuncExpr *call, Const *answer)
{
	ListCell *cell;

	foreach (cell, fold->answers)
		if (equal(linitial(lfirst(cell)), call))
			return;
	fold->answers = lappend(fold->answers, list_make2(copyObject(call), copyObject(answer)));
}

/* ---- the relation of the releases becomes the release ---- */

static bool
same_layout(TupleDesc a, TupleDesc b)
{
	if (a->natts != b->natts)
		return false;
	for (int i = 0; i < a->natts; i++)
	{
		Form_pg_attribute x = TupleDescAttr(a, i);
		Form_pg_attribute y = TupleDescAttr(b, i);

		if (x->attisdropped != y->attisdropped || x->atttypid != y->atttypid ||
			x->atttypmod != y->atttypmod || x->attcollation != y->attcollation ||
			strcmp(NameStr(x->attname), NameStr(y->attname)) != 0)
			return false;
	}
	return true;
}

static Oid
find_partition(Oid parent, int32 release)
{
	Relation rel = table_open(parent, NoLock);
	PartitionKey key = RelationGetPartitionKey(rel);
	PartitionDesc partitions = RelationGetPartitionDesc(rel, true);
	Oid result = InvalidOid;

	if (key->strategy == PARTITION_STRATEGY_LIST && partitions->nparts > 0)
	{
		bool found;
		int at = partition_list_bsearch(key->partsupfunc, key->partcollation, partitions->boundinfo,
										Int32GetDatum(release), &found);

		if (at >= 0 && found)
			result = partitions->oids[partitions->boundinfo->indexes[at]];
	}
	table_close(rel, NoLock);
	return result;
}

/*
 * The table of a release.  Other sessions see a publish a moment before they are told that there is
 * another partition: that moment is waited for, because a plan without it would find no rows.
 */
static Oid
table_of_release(Oid parent, int32 release)
{
	for (int i = 0; i < 200; i++)
	{
		Oid table = find_partition(parent, release);

		if (OidIsValid(table))
			return table;
		CHECK_FOR_INTERRUPTS();
		if (i == 0)
			DmReleaseRequire(release);
		else
			pg_usleep(1000L);
		AcceptInvalidationMessages();
	}
	ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					errmsg("release %d is not part of %s", release,
						   quote_qualified_identifier(get_namespace_name(get_rel_namespace(parent)),
													  get_rel_name(parent))),
					errhint("Try again. If it stays so, the release has been detached by hand: "
							"attach it, or publish the product again.")));
}

/* Put the table of one release in the place of the relation of all.  False: it has to stay. */
static bool
replace_relation(Query *view, RangeTblEntry *rte, Oid table)
{
	Relation parent;
	Relation release;
	bool fits;

	LockRelationOid(table, rte->rellockmode);
	parent = table_open(rte->relid, NoLock);
	release = table_open(table, NoLock);
	fits = release->rd_rel->relkind == RELKIND_RELATION && rte->securityQuals == NIL &&
		   rte->tablesample == NULL && view->rowMarks == NIL &&
		   same_layout(RelationGetDescr(parent), RelationGetDescr(release));
	table_close(release, NoLock);
	table_close(parent, NoLock);
	if (!fits)
		return false;
	DmRetargetPermission(view, rte, table);
	rte->relid = table;
	rte->relkind = RELKIND_RELATION;
	rte->inh = false;
	return true;
}

/* "column = current_release(port)", the column that of a partitioned relation in this query? */
static bool
is_release_filter(Query *view, Node *node, RangeTblEntry **rte, FuncExpr **call)
{
	OpExpr *filter = (OpExpr *) node;
	FmgrInfo function;
	Var *var;

	if (!IsA(node, OpExpr) || filter->opno != Int4EqualOperator)
		return false;
	var = linitial(filter->args);
	if (!IsA(var, Var) || var->varlevelsup != 0 || !is_foldable(lsecond(filter->args), &function) ||
		function.fn_addr != dm_current_release)
		return false;
	*rte = rt_fetch(var->varno, view->rtable);
	*call = lsecond(filter->args);
	return (*rte)->rtekind == RTE_RELATION && (*rte)->relkind == RELKIND_PARTITIONED_TABLE &&
		   (*rte)->inh;
}

/* True: the filter by the release is needed no more. */
static bool
fold_release(Query *view, Node *filter, Fold *fold)
{
	RangeTblEntry *rte;
	FuncExpr *call;
	int32 port_id;
	int32 release;
	bool newest;
	Oid parent;
	Oid table;

	if (!is_release_filter(view, filter, &rte, &call))
		return false;
	port_id = DatumGetInt32(linitial_node(Const, call->args)->constvalue);
	if (!DmReleaseSeen(port_id, GetActiveSnapshot(), &release, &newest))
		return false; /* executing it will say why */

	parent = rte->relid;
	table = table_of_release(parent, release);
	take_for_granted(
		fold, call,
		makeConst(INT4OID, -1, InvalidOid, sizeof(int32), Int32GetDatum(release), false, true));
	fold->parents = list_append_unique_oid(fold->parents, parent);
	fold->outdated |= !newest;
	return !fold->only_note && replace_relation(view, rte, table);
}

/* ---- folding ---- */

static Node *
fold_calls(Node *node, Fold *fold)
{
	FmgrInfo function;

	if (node == NULL)
		return NULL;
	if (!fold->only_note && is_foldable(node, &function) && function.fn_addr != dm_current_release)
	{
		FuncExpr *call = (FuncExpr *) node;
		Const *answer = call->funcresulttype == BOOLOID ? (Const *) makeBoolConst(true, false)
														: ask(call, &function);

		take_for_granted(fold, call, answer);
		fold->of_reader = true;
		return (Node *) answer;
	}
	return expression_tree_mutator(node, fold_calls, fold);
}

/*
 * Is it a query on one table?  The source of a live port may be a view, whose own filters the barrier
 * keeps leaky functions away from.
 */
static bool
shows_all_rows(const Query *view)
{
	RangeTblRef *from =
		list_length(view->jointree->fromlist) == 1 ? linitial(view->jointree->fromlist) : NULL;
	RangeTblEntry *rte;

	if (from == NULL || !IsA(from, RangeTblRef))
		return false;
	rte = rt_fetch(from->rtindex, view->rtable);
	return rte->rtekind == RTE_RELATION && rte->securityQuals == NIL;
}

static void
fold_port(RangeTblEntry *port, Fold *fold)
{
	Query *view = port->subquery;
	List *filters = make_ands_implicit((Expr *) view->jointree->quals);
	List *rest = NIL;
	int answers = list_length(fold->answers);
	ListCell *cell;

	if (view->commandType != CMD_SELECT || view->setOperations != NULL)
		return;
	foreach (cell, filters)
		if (!fold_release(view, lfirst(cell), fold))
			rest = lappend(rest, fold_calls(lfirst(cell), fold));
	foreach (cell, view->targetList)
	{
		TargetEntry *column = lfirst(cell);

		if (!IsA(column->expr, Var))
			column->expr = (Expr *) fold_calls((Node *) column->expr, fold);
	}
	if (fold->only_note ||
		(list_length(fold->answers) == answers && list_length(rest) == list_length(filters)))
		return;

	if (rest != NIL)
		rest = make_ands_implicit(
			(Expr *) eval_const_expressions(NULL, (Node *) make_ands_explicit(rest)));
	view->jointree->quals = rest == NIL ? NULL : (Node *) make_ands_explicit(rest);
	if (rest == NIL && shows_all_rows(view))
		port->security_barrier = false;
}

/*
 * Visit the queries in a query, itself included, until visitor says true.  Expressions are only walked
 * where there are subqueries in them: nearly all queries on ports have none.
 */
typedef struct Visit
{
	bool (*visitor)(Query *query, Fold *fold);
	Fold *fold;
} Visit;

static bool
visit(Node *node, Visit *how)
{
	Query *query = (Query *) node;
	ListCell *cell;

	if (node == NULL)
		return false;
	if (!IsA(node, Query))
		return expression_tree_walker(node, visit, how);
	check_stack_depth();
	if (how->visitor(query, how->fold))
		return true;
	foreach (cell, query->rtable)
	{
		RangeTblEntry *rte = lfirst(cell);

		if (rte->rtekind == RTE_SUBQUERY && visit((Node *) rte->subquery, how))
			return true;
	}
	foreach (cell, query->cteList)
		if (visit(lfirst_node(CommonTableExpr, cell)->ctequery, how))
			return true;
	return query->hasSubLinks &&
		   query_tree_walker(query, visit, how,
							 QTW_IGNORE_RT_SUBQUERIES | QTW_IGNORE_CTE_SUBQUERIES);
}

/* Is there a view that could be a port?  Most queries have none, and cost no more than this look. */
static bool
has_barrier(Query *query, Fold *fold)
{
	ListCell *cell;

	foreach (cell, query->rtable)
	{
		RangeTblEntry *rte = lfirst(cell);

		if (rte->rtekind == RTE_SUBQUERY && rte->security_barrier)
			return true;
	}
	return false;
}

static bool
fold_ports(Query *query, Fold *fold)
{
	ListCell *cell;

	foreach (cell, query->rtable)
	{
		RangeTblEntry *rte = lfirst(cell);

		if (rte->rtekind == RTE_SUBQUERY && rte->security_barrier)
			fold_port(rte, fold);
	}
	return false;
}

/* ---- planning ---- */

static void
add_note(PlannedStmt *plan, Query *original, int options, const Fold *fold)
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

static PlannedStmt *
plan(Query *query, const char *source, int options, ParamListInfo params)
{
	Query *original = NULL;
	PlannedStmt *result;
	Fold fold = {0};

	planner_called = true;
	fold.only_note = plainly || !dm_port_folding;
	if (ActiveSnapshotSet() && visit((Node *) query, &(Visit){has_barrier, NULL}))
	{
		original = copyObject(query);
		(void) visit((Node *) query, &(Visit){fold_ports, &fold});
	}
	result = next_planner != NULL ? next_planner(query, source, options, params)
								  : standard_planner(query, source, options, params);
	if (fold.answers != NIL)
		add_note(result, original, options, &fold);
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
	FmgrInfo function;

	if (IsA(request, SupportRequestSimplify) && !planner_called && request->root != NULL)
	{
		request->root->glob->transientPlan = true;
		if (is_foldable((Node *) request->fcall, &function) &&
			function.fn_addr == dm_current_release)
			remember_unhooked(DatumGetInt32(linitial_node(Const, request->fcall->args)->constvalue),
							  request->root->parse);
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
			!list_member_oid(plan->relationOids, table_of_release(port->releases, release)))
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
 * The release was current when the plan was made, and the plan has locked its table since: it cannot
 * have been dropped, which is what current_release would look up as well.
 */
static bool
still_released(const FuncExpr *call, const Const *answer)
{
	int32 port_id = DatumGetInt32(linitial_node(Const, call->args)->constvalue);
	int32 release;

	DmAccessRequire(port_id);
	return DmReleaseSeen(port_id, GetActiveSnapshot(), &release, NULL) &&
		   release == DatumGetInt32(answer->constvalue);
}

/* Is this the answer to those who may see everything: no mask, no filter? */
static bool
shows_all(const FuncExpr *call, const Const *answer)
{
	return call->funcresulttype == INT4OID && list_length(call->args) == 2 &&
		   !answer->constisnull && DatumGetInt32(answer->constvalue) == 0;
}

/*
 * Do the answers hold for the active snapshot and the current user?  enough: also those that now show
 * more than was taken for granted.
 */
static bool
still_granted(const RangeTblEntry *note, bool enough)
{
	MemoryContext context =
		AllocSetContextCreate(CurrentMemoryContext, "datamesh port", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	bool result = true;
	ListCell *cell;

	foreach (cell, note->values_lists)
	{
		List *pair = lfirst(cell);
		FuncExpr *call = linitial(pair);
		FmgrInfo function;
		Const *answer;

		fmgr_info(call->funcid, &function);
		if (function.fn_addr == dm_current_release && still_released(call, lsecond(pair)))
			continue;
		answer = ask(call, &function);
		if (!same_answer(answer, lsecond(pair)) && !(enough && shows_all(call, answer)))
		{
			result = false;
			break;
		}
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return result;
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
	for (int i = 0; note != NULL && !still_granted(note, false); i++)
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

	if (note != NULL)
	{
		settle_plan(query, note, eflags);
		started.query = query;
		started.statement = GetCurrentStatementStartTimestamp();
		started.user = GetUserId();
		started.outer_user = GetOuterUserId();
	}
	else if (unhooked != NIL)
		require_partition(query->plannedstmt, query->snapshot);
	if (next_start != NULL)
		next_start(query, eflags);
	else
		standard_ExecutorStart(query, eflags);
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
run(QueryDesc *query, ScanDirection direction, uint64 count, bool once)
{
	RangeTblEntry *note = find_note(query->plannedstmt);

	if (note != NULL && note->lateral && !just_started(query))
	{
		bool holds;

		PushActiveSnapshot(query->snapshot);
		holds = still_granted(note, true);
		PopActiveSnapshot();
		if (!holds)
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("what may be seen of a port has changed since this query began"),
					 errdetail("It was begun by another role, or access was changed in between."),
					 errhint("Close the cursor and open it again.")));
	}
	if (next_run != NULL)
		next_run(query, direction, count, once);
	else
		standard_ExecutorRun(query, direction, count, once);
}

void
DmFoldInit(void)
{
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
