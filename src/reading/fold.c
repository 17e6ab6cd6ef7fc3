/*-------------------------------------------------------------------------
 *
 * fold.c
 *		What the views of ports ask for each row is asked once, and taken for granted.
 *
 * A port's view asks which release it shows, and which masks and filters its reader gets.  Here the
 * calls in a query are replaced by their answers, before it is planned: the relation of the releases
 * becomes the table of one release, a mask that the reader does not get disappears.  If no filter is
 * left, there is nothing for the view to keep its reader from, and it need not be a barrier: what is
 * left is a query on the table itself.  (Not so if what lies behind a live port is no table: it may
 * hide rows of its own.)
 *
 * The answers are kept, and asked again when the query is executed (fold_plan.c).
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
#include "catalog/pg_class.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_relation.h"
#include "parser/parsetree.h"
#include "partitioning/partbounds.h"
#include "partitioning/partdesc.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/partcache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "access/access.h"
#include "base/compat.h"
#include "reading/fold.h"
#include "reading/reading.h"

/* ---- calls and their answers ---- */

/*
 * What functions are to us.  Each query on a port asks about the same few, several times: they are looked
 * up once, and again after any function has changed.
 */
typedef struct Known
{
	Oid oid; /* InvalidOid: nothing is known here */
	bool foldable;
	FmgrInfo function; /* if it is */
} Known;

#define KNOWN 64

static Known known[KNOWN];
static uint64 forgotten = 0; /* how often */

static void
forget_functions(Datum arg, int cacheid, uint32 hash)
{
	forgotten++;
	memset(known, 0, sizeof(known));
}

void
DmFoldFunctionsInit(void)
{
	CacheRegisterSyscacheCallback(PROCOID, forget_functions, (Datum) 0);
}

static bool
look_up_function(Oid oid, FmgrInfo *function)
{
	FmgrInfo support;

	support.fn_oid = get_func_support(oid);
	if (!OidIsValid(support.fn_oid))
		return false;
	fmgr_info(support.fn_oid, &support);
	if (support.fn_addr != dm_plan_support)
		return false;
	fmgr_info(oid, function);
	return true;
}

/* Can calls of the function be taken for granted?  Then *function is set up to make one. */
static bool
find_function(Oid oid, FmgrInfo *function)
{
	Known *place = &known[oid % KNOWN];
	uint64 before = forgotten;
	Known found = {.oid = oid};

	if (place->oid == oid)
		found = *place;
	else
	{
		found.foldable = look_up_function(oid, &found.function);
		if (forgotten == before)
			*place = found;
	}
	*function = found.function;
	function->fn_mcxt = CurrentMemoryContext;
	return found.foldable;
}

/* Is this a call that can be taken for granted?  Then *function is set up to make it. */
static bool
is_foldable(Node *node, FmgrInfo *function)
{
	FuncExpr *call = (FuncExpr *) node;
	ListCell *cell;

	if (node == NULL || !IsA(node, FuncExpr) || call->funcretset ||
		call->funcid < FirstNormalObjectId || list_length(call->args) > 2)
		return false;
	foreach (cell, call->args)
		if (!IsA(lfirst(cell), Const) || lfirst_node(Const, cell)->constisnull)
			return false;
	return find_function(call->funcid, function);
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
	if (call->funcresulttype == INT4OID)
	{
		length = sizeof(int32); /* nearly always */
		by_value = true;
	}
	else
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

/* What the plan takes for granted already: one call has one answer in it, which is the one asked for again. */
static Const *
known_answer(const DmFold *fold, const FuncExpr *call)
{
	ListCell *cell;

	foreach (cell, fold->answers)
		if (equal(linitial(lfirst(cell)), call))
			return lsecond(lfirst(cell));
	return NULL;
}

static void
take_for_granted(DmFold *fold, FuncExpr *call, Const *answer)
{
	/* the call is part of the query that is kept, and nobody changes it */
	if (known_answer(fold, call) == NULL)
		fold->answers = lappend(fold->answers, list_make2(call, copyObject(answer)));
}

bool
DmFoldAsksRelease(Node *node, int32 *port_id)
{
	FmgrInfo function;

	if (!is_foldable(node, &function) || function.fn_addr != dm_current_release)
		return false;
	*port_id = DatumGetInt32(linitial_node(Const, ((FuncExpr *) node)->args)->constvalue);
	return true;
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

/*
 * Is the relation divided by this column, an integer, each value apart?  Anybody may write a view like
 * a port's on a relation that is not.
 */
static bool
is_divided_by(Oid relation, AttrNumber column)
{
	Relation rel = table_open(relation, NoLock);
	PartitionKey key = RelationGetPartitionKey(rel);
	PartitionDesc partitions = RelationGetPartitionDesc(rel, true);
	bool result = key->strategy == PARTITION_STRATEGY_LIST && key->partattrs[0] == column &&
				  key->parttypid[0] == INT4OID && key->partopcintype[0] == INT4OID &&
				  (partitions->nparts == 0 || partitions->boundinfo->ndatums == partitions->nparts);

	table_close(rel, NoLock);
	return result;
}

static Oid
find_partition(Oid parent, int32 release)
{
	Relation rel = table_open(parent, NoLock);
	PartitionKey key = RelationGetPartitionKey(rel);
	PartitionDesc partitions = RelationGetPartitionDesc(rel, true);
	Oid result = InvalidOid;

	if (partitions->nparts > 0)
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
Oid
DmFoldTable(Oid parent, int32 release)
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

/* "column = current_release(port)", the column one by which a relation in this query is divided? */
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
		   (*rte)->inh && is_divided_by((*rte)->relid, var->varattno);
}

/* True: the filter by the release is needed no more. */
static bool
fold_release(Query *view, Node *filter, DmFold *fold)
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
	table = DmFoldTable(parent, release);
	take_for_granted(
		fold, call,
		makeConst(INT4OID, -1, InvalidOid, sizeof(int32), Int32GetDatum(release), false, true));
	fold->parents = list_append_unique_oid(fold->parents, parent);
	fold->outdated |= !newest;
	return !fold->only_note && replace_relation(view, rte, table);
}

/* ---- folding ---- */

/* The answer to a call that depends on who reads; NULL if this is none. */
static Const *
fold_call(Node *node, DmFold *fold)
{
	FuncExpr *call = (FuncExpr *) node;
	FmgrInfo function;
	Const *answer;

	if (fold->only_note || !is_foldable(node, &function) || function.fn_addr == dm_current_release)
		return NULL;
	answer = known_answer(fold, call);
	if (answer != NULL)
		return copyObject(answer);
	answer = call->funcresulttype == BOOLOID ? (Const *) makeBoolConst(true, false)
											 : ask(call, &function);
	take_for_granted(fold, call, answer);
	fold->of_reader = true;
	return answer;
}

/*
 * CASE over a call whose answer is an integer, each WHEN being one of the possible answers: its index
 * in the list, its length if none is the answer, -1 if it is not of this form.  The planner would come to
 * the same, but only after it has copied and searched all of it several times.
 */
static int
find_case(const CaseExpr *choice, const Const *answer)
{
	int result = list_length(choice->args);
	ListCell *cell;

	foreach (cell, choice->args)
	{
		const OpExpr *when = (OpExpr *) lfirst_node(CaseWhen, cell)->expr;
		const Const *value;

		if (!IsA(when, OpExpr) || when->opno != Int4EqualOperator ||
			!IsA(linitial(when->args), CaseTestExpr) || !IsA(lsecond(when->args), Const))
			return -1;
		value = lsecond_node(Const, when->args);
		if (result == list_length(choice->args) && !value->constisnull && !answer->constisnull &&
			DatumGetInt32(value->constvalue) == DatumGetInt32(answer->constvalue))
			result = foreach_current_index(cell);
	}
	return result;
}

static Node *
fold_calls(Node *node, DmFold *fold)
{
	Const *answer;

	if (node == NULL)
		return NULL;
	if (IsA(node, CaseExpr))
	{
		const CaseExpr *choice = (CaseExpr *) node;
		int index;

		answer = fold_call((Node *) choice->arg, fold);
		index = answer != NULL && answer->consttype == INT4OID ? find_case(choice, answer) : -1;
		if (index >= 0 && index < list_length(choice->args))
			return fold_calls((Node *) list_nth_node(CaseWhen, choice->args, index)->result, fold);
		if (index >= 0 && choice->defresult != NULL)
			return fold_calls((Node *) choice->defresult, fold);
	}
	answer = fold_call(node, fold);
	return answer != NULL ? (Node *) answer : expression_tree_mutator(node, fold_calls, fold);
}

/*
 * Is it a query on one table?  The source of a live port may be a view, whose own filters the barrier
 * keeps leaky functions away from, and views of others that look like a port may keep groups back.
 */
static bool
shows_all_rows(const Query *view)
{
	RangeTblRef *from =
		list_length(view->jointree->fromlist) == 1 ? linitial(view->jointree->fromlist) : NULL;
	RangeTblEntry *rte;

	if (from == NULL || !IsA(from, RangeTblRef) || view->havingQual != NULL)
		return false;
	rte = rt_fetch(from->rtindex, view->rtable);
	return rte->rtekind == RTE_RELATION && rte->securityQuals == NIL;
}

/* Does the query do no more than to choose rows of one table, and to compute columns? */
static bool
is_plain(const Query *view)
{
	ListCell *cell;

	if (view->hasAggs || view->hasWindowFuncs || view->hasTargetSRFs || view->hasSubLinks ||
		view->cteList != NIL || view->groupClause != NIL || view->groupingSets != NIL ||
		view->havingQual != NULL || view->windowClause != NIL || view->distinctClause != NIL ||
		view->sortClause != NIL || view->limitOffset != NULL || view->limitCount != NULL ||
		view->rowMarks != NIL || !shows_all_rows(view))
		return false;
	foreach (cell, view->rtable)
		if (lfirst_node(RangeTblEntry, cell)->rtekind != RTE_RELATION ||
			lfirst_node(RangeTblEntry, cell)->tablesample != NULL)
			return false;
	return true;
}

/*
 * A copy of a port's view to change.  Of a plain one only as much is copied as is changed: the names and
 * the rights of relations are only read by the planner, expressions are copied when they are folded, and
 * columns as they are if they are still needed then (fold_port).
 */
static Query *
copy_view(Query *view)
{
	Query *copy;
	ListCell *cell;

	if (!is_plain(view))
		return copyObject(view);
	copy = makeNode(Query);
	*copy = *view;
	copy->rtable = NIL;
	foreach (cell, view->rtable)
	{
		RangeTblEntry *rte = makeNode(RangeTblEntry);

		*rte = *lfirst_node(RangeTblEntry, cell);
		copy->rtable = lappend(copy->rtable, rte);
	}
	DmCopyPermissions(copy);
	copy->jointree = makeFromExpr(copyObject(view->jointree->fromlist), view->jointree->quals);
	copy->targetList = NIL;
	foreach (cell, view->targetList)
	{
		TargetEntry *column = lfirst_node(TargetEntry, cell);

		copy->targetList = lappend(copy->targetList,
								   IsA(column->expr, Var) ? column : flatCopyTargetEntry(column));
	}
	return copy;
}

/* A copy of the view after folding.  *all: there is nothing left for it to keep from anybody. */
static Query *
fold_view(Query *original, DmFold *fold, bool *all)
{
	Query *view = copy_view(original);
	List *filters = make_ands_implicit((Expr *) view->jointree->quals);
	List *rest = NIL;
	int answers = list_length(fold->answers);
	bool folded;
	ListCell *cell;

	foreach (cell, filters)
		if (!fold_release(view, lfirst(cell), fold))
			rest = lappend(rest, fold_calls(lfirst(cell), fold));
	foreach (cell, view->targetList)
	{
		TargetEntry *column = lfirst(cell);

		if (!IsA(column->expr, Var))
			column->expr = (Expr *) fold_calls((Node *) column->expr, fold);
	}
	folded = !fold->only_note &&
			 (list_length(fold->answers) != answers || list_length(rest) != list_length(filters));
	if (folded && rest != NIL)
		rest = make_ands_implicit(
			(Expr *) eval_const_expressions(NULL, (Node *) make_ands_explicit(rest)));
	view->jointree->quals = rest == NIL ? NULL : (Node *) make_ands_explicit(rest);
	*all = folded && rest == NIL && shows_all_rows(view);
	return view;
}

/* ---- a port that is just a table ---- */

/* Where columns of an entry of a query are named, at whatever depth. */
typedef struct Columns
{
	Index index;
	int depth;
	List *vars; /* Var * */
	bool whole; /* somewhere all of them are, as one row */
} Columns;

static bool
find_columns(Node *node, Columns *columns)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		Var *var = (Var *) node;

		if (var->varno == columns->index && (int) var->varlevelsup == columns->depth)
		{
			columns->vars = lappend(columns->vars, var);
			columns->whole |= var->varattno <= 0;
		}
		return false;
	}
	if (IsA(node, Query))
	{
		columns->depth++;
		(void) query_tree_walker((Query *) node, find_columns, columns, 0);
		columns->depth--;
		return false;
	}
	return expression_tree_walker(node, find_columns, columns);
}

/* Name the column of the view's table instead of that of the view. */
static void
rename_column(Var *var, const Query *view)
{
	const Var *shown =
		(Var *) list_nth_node(TargetEntry, view->targetList, var->varattno - 1)->expr;

	/* where it stands in the query stays as it is: its entry, its depth, the outer joins above it */
	var->varattno = shown->varattno;
	var->vartype = shown->vartype;
	var->vartypmod = shown->vartypmod;
	var->varcollid = shown->varcollid;
	var->varnosyn = 0;
	var->varattnosyn = 0;
}

/* Is each column that the view shows one of its table's? */
static bool
shows_table(const Query *view, Index table)
{
	ListCell *cell;

	foreach (cell, view->targetList)
	{
		const TargetEntry *column = lfirst_node(TargetEntry, cell);
		const Var *var = (Var *) column->expr;

		if (column->resjunk || column->resno != foreach_current_index(cell) + 1 || !IsA(var, Var) ||
			var->varno != table || var->varlevelsup != 0)
			return false;
	}
	return true;
}

/*
 * If nothing is left of a port but columns of a table, then the table takes its place.  So would the planner
 * have it, who copies everything for that, though: it takes more time than to find a row by an index.  The
 * other entries of the view are kept for what they say of who may read it, as the planner keeps them.
 */
static bool
merge_port(Query *query, Index index)
{
	RangeTblEntry *port = rt_fetch(index, query->rtable);
	Query *view = port->subquery;
	Index table = linitial_node(RangeTblRef, view->jointree->fromlist)->rtindex;
	Columns columns = {.index = index};
	ListCell *cell;

	if (query->commandType != CMD_SELECT || query->setOperations != NULL ||
		query->rowMarks != NIL || port->securityQuals != NIL || port->lateral || !is_plain(view) ||
		!shows_table(view, table))
		return false;
	port->subquery = NULL; /* names nothing outside of it */
	(void) query_tree_walker(query, find_columns, &columns, 0);
	port->subquery = view;
	if (columns.whole)
		return false;
	foreach (cell, columns.vars)
		rename_column(lfirst(cell), view);
	DmMergePermissions(query, view);
	foreach (cell, view->rtable)
	{
		if (foreach_current_index(cell) + 1 == table)
			lfirst(list_nth_cell(query->rtable, index - 1)) = lfirst(cell);
		else
			query->rtable = lappend(query->rtable, lfirst(cell));
	}
	DmKeepView(query, port);
	query->hasRowSecurity |= view->hasRowSecurity;
	return true;
}

static void
fold_port(Query *query, Index index, DmFold *fold)
{
	RangeTblEntry *port = rt_fetch(index, query->rtable);
	bool all = false;

	if (port->subquery->commandType != CMD_SELECT || port->subquery->setOperations != NULL)
		port->subquery = copyObject(port->subquery);
	else
		port->subquery = fold_view(port->subquery, fold, &all);
	port->security_barrier &= !all;
	if (!all || !merge_port(query, index))
		port->subquery->targetList = copyObject(port->subquery->targetList);
}

/*
 * Visit the queries in a query, itself included, until visitor says true.  Expressions are only walked
 * where there are subqueries in them: nearly all queries on ports have none.
 */
typedef struct Visit
{
	bool (*visitor)(Query *query, DmFold *fold);
	DmFold *fold;
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
has_barrier(Query *query, DmFold *fold)
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
fold_ports(Query *query, DmFold *fold)
{
	int entries = list_length(query->rtable); /* there may be more in the end */

	for (int i = 1; i <= entries; i++)
	{
		RangeTblEntry *rte = rt_fetch(i, query->rtable);

		if (rte->rtekind == RTE_SUBQUERY && rte->security_barrier)
			fold_port(query, i, fold);
	}
	return false;
}

bool
DmFoldConcerns(Query *query)
{
	return visit((Node *) query, &(Visit){has_barrier, NULL});
}

/* The entries of what could be ports, but not those within others. */
static bool
take_barriers(Query *query, DmFold *fold)
{
	ListCell *cell;

	foreach (cell, query->rtable)
	{
		RangeTblEntry *rte = lfirst(cell);

		if (rte->rtekind == RTE_SUBQUERY && rte->security_barrier)
		{
			fold->barriers = lappend(fold->barriers, rte);
			fold->views = lappend(fold->views, rte->subquery);
			rte->subquery = NULL;
		}
	}
	return false;
}

/*
 * The views of ports are copied when they are folded, most of them not as a whole: they are taken out
 * while the rest is copied.  Both queries are visited in the same order.
 */
Query *
DmFoldQuery(Query *query, DmFold *fold)
{
	DmFold in_copy = {0};
	Query *copy;
	ListCell *from;
	ListCell *to;
	ListCell *view;

	(void) visit((Node *) query, &(Visit){take_barriers, fold});
	copy = copyObject(query);
	(void) visit((Node *) copy, &(Visit){take_barriers, &in_copy});
	forthree (from, fold->barriers, to, in_copy.barriers, view, fold->views)
	{
		lfirst_node(RangeTblEntry, from)->subquery = lfirst(view);
		lfirst_node(RangeTblEntry, to)->subquery = lfirst(view);
	}
	(void) visit((Node *) copy, &(Visit){fold_ports, fold});
	return copy;
}

/* ---- what is left to the execution ---- */

static bool
find_call(Node *node, List **calls)
{
	FmgrInfo function;

	if (node == NULL)
		return false;
	if (is_foldable(node, &function))
	{
		*calls = list_append_unique(*calls, node);
		return false;
	}
	return expression_tree_walker(node, find_call, calls);
}

void
DmFoldFindCalls(Node *node, List **calls)
{
	(void) find_call(node, calls);
}

List *
DmFoldAsk(List *calls)
{
	List *answers = NIL;
	ListCell *cell;

	foreach (cell, calls)
	{
		FuncExpr *call = lfirst(cell);
		FmgrInfo function;

		if (find_function(call->funcid, &function))
			answers = lappend(answers, list_make2(call, ask(call, &function)));
	}
	return answers;
}

/* ---- asking again ---- */

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

bool
DmFoldHolds(List *answers, bool enough)
{
	MemoryContext context =
		AllocSetContextCreate(CurrentMemoryContext, "datamesh port", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	bool result = true;
	ListCell *cell;

	foreach (cell, answers)
	{
		List *pair = lfirst(cell);
		FuncExpr *call = linitial(pair);
		FmgrInfo function;
		Const *answer;

		if (!find_function(call->funcid, &function))
		{
			result = false; /* it is something else by now */
			break;
		}
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
