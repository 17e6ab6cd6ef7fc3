/*-------------------------------------------------------------------------
 *
 * trace.c
 *		Where the columns of a relation come from, by the definitions of views.
 *
 * A view's query is walked from each of its columns down to the columns of relations that
 * it is made of: through views and materialized views, subqueries, joins, CTEs (recursive ones
 * too), set operations and expressions.  It ends at relations that have no query, and at those
 * that belong to a data product (datamesh.relation_products): what lies beneath a product is that
 * product's own matter.
 *
 * A column comes from everything that its expression names: the arguments of functions and
 * aggregates, whole rows, subqueries and their results.  It does not come from what merely
 * decides which rows there are (WHERE, JOIN ... ON, GROUP BY, HAVING, EXISTS), nor from what is
 * counted or tested for null.  A function is opaque, unless its body is part of the catalog
 * (BEGIN ATOMIC): then that is walked too.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/session.h"
#include "base/compat.h"

PG_FUNCTION_INFO_V1(dm_trace_columns);

/* A query, and those around it. */
typedef struct Level
{
	Query *query;
	const struct Level *outer;
} Level;

/* A relation that was met: its query, unless the walk ends here. */
typedef struct Met
{
	Oid relid;
	int columns;
	Query *query;
} Met;

/* Something that needs not be walked again for this column. */
typedef struct Visit
{
	const void *what; /* a query, or what its FROM names; NULL: the relation is an origin */
	Oid relid;
	int column;
} Visit;

typedef struct Trace
{
	Oid start;
	List *met;    /* Met * */
	List *visits; /* Visit *, of the column that is traced */
} Trace;

typedef struct Walk
{
	Trace *trace;
	const Level *level;
} Walk;

static bool walk(Node *node, Walk *here);
static void trace_entry(Trace *trace, const Level *level, RangeTblEntry *entry, int column);

/* False if this column of it was visited before. */
static bool
visit(Trace *trace, const void *what, Oid relid, int column)
{
	ListCell *cell;
	Visit *new;

	CHECK_FOR_INTERRUPTS();
	foreach (cell, trace->visits)
	{
		const Visit *old = lfirst(cell);

		if (old->what == what && old->relid == relid && old->column == column)
			return false;
	}
	new = palloc(sizeof(Visit));
	new->what = what;
	new->relid = relid;
	new->column = column;
	trace->visits = lappend(trace->visits, new);
	return true;
}

static void
trace_expression(Trace *trace, const Level *level, void *expression)
{
	Walk here = {trace, level};

	(void) walk(expression, &here);
}

/* ---- queries ---- */

/* The subqueries that a set operation puts together. */
static void
find_branches(Node *node, List **branches)
{
	check_stack_depth();
	if (IsA(node, SetOperationStmt))
	{
		find_branches(((SetOperationStmt *) node)->larg, branches);
		find_branches(((SetOperationStmt *) node)->rarg, branches);
	}
	else if (IsA(node, RangeTblRef))
		*branches = lappend_int(*branches, ((RangeTblRef *) node)->rtindex);
}

/* An output column of a query, counted from 1; 0: all of them. */
static void
trace_output(Trace *trace, const Level *level, int column)
{
	Query *query = level->query;
	ListCell *cell;

	check_stack_depth();
	if (!visit(trace, query, InvalidOid, column))
		return;
	if (query->setOperations != NULL)
	{
		List *branches = NIL;

		find_branches(query->setOperations, &branches);
		foreach (cell, branches)
			trace_entry(trace, level, rt_fetch(lfirst_int(cell), query->rtable), column);
		return;
	}
	foreach (cell, query->targetList)
	{
		TargetEntry *target = lfirst(cell);

		if (!target->resjunk && (column == 0 || target->resno == column))
			trace_expression(trace, level, target->expr);
	}
	foreach (cell, query->returningList)
	{
		TargetEntry *target = lfirst(cell);

		if (!target->resjunk && (column == 0 || target->resno == column))
			trace_expression(trace, level, target->expr);
	}
}

static void
trace_subquery(Trace *trace, const Level *outer, Query *query, int column)
{
	Level level = {query, outer};

	trace_output(trace, &level, column);
}

/* ---- relations ---- */

/* Does the relation belong to a product, as its port, release or source? */
static bool
is_of_product(Oid relid)
{
	const Oid type = OIDOID;
	Datum value = ObjectIdGetDatum(relid);
	DmIdentity saved;
	bool found;

	DmBecomeExtensionOwner(&saved);
	DmSpiExecute("SELECT FROM datamesh.relation_products($1) LIMIT 1", 1, &type, &value, NULL,
				 true);
	found = SPI_processed > 0;
	DmIdentityRestore(&saved);
	return found;
}

static Query *
view_query(Relation rel)
{
	const RuleLock *rules = rel->rd_rules;

	for (int i = 0; rules != NULL && i < rules->numLocks; i++)
		if (rules->rules[i]->event == CMD_SELECT && rules->rules[i]->actions != NIL)
			return copyObject(linitial_node(Query, rules->rules[i]->actions));
	return NULL;
}

static Met *
meet(Trace *trace, Oid relid)
{
	ListCell *cell;
	Relation rel;
	Met *met;

	foreach (cell, trace->met)
		if (((Met *) lfirst(cell))->relid == relid)
			return lfirst(cell);
	met = palloc0(sizeof(Met));
	met->relid = relid;
	rel = relation_open(relid, AccessShareLock);
	met->columns = RelationGetNumberOfAttributes(rel);
	if (relid == trace->start || !is_of_product(relid))
		met->query = view_query(rel);
	relation_close(rel, NoLock);
	trace->met = lappend(trace->met, met);
	return met;
}

static void
trace_relation(Trace *trace, Oid relid, int column)
{
	Met *met = meet(trace, relid);

	if (met->query != NULL)
		trace_subquery(trace, NULL, met->query, column);
	else if (column != 0)
		(void) visit(trace, NULL, relid, column);
	else
		for (int i = met->columns; i > 0; i--)
			(void) visit(trace, NULL, relid, i);
}

/* ---- what a FROM clause names ---- */

static void
trace_cte(Trace *trace, const Level *level, const RangeTblEntry *entry, int column)
{
	ListCell *cell;

	for (Index up = entry->ctelevelsup; up > 0 && level != NULL; up--)
		level = level->outer;
	if (level == NULL)
		return;
	foreach (cell, level->query->cteList)
	{
		CommonTableExpr *cte = lfirst(cell);

		if (strcmp(cte->ctename, entry->ctename) == 0)
			trace_subquery(trace, level, castNode(Query, cte->ctequery), column);
	}
}

/* Expressions of a list, all or one. */
static void
trace_nth(Trace *trace, const Level *level, List *expressions, int column)
{
	if (column == 0)
		trace_expression(trace, level, expressions);
	else if (column <= list_length(expressions))
		trace_expression(trace, level, list_nth(expressions, column - 1));
}

/* A column of what a FROM clause names; 0: all of them. */
static void
trace_entry(Trace *trace, const Level *level, RangeTblEntry *entry, int column)
{
	ListCell *cell;

	/* functions that are given each other's results would be walked more often with each of them */
	if (!visit(trace, entry, InvalidOid, column))
		return;
	switch (entry->rtekind)
	{
		case RTE_RELATION:
			trace_relation(trace, entry->relid, column);
			break;
		case RTE_SUBQUERY:
			trace_subquery(trace, level, entry->subquery, column);
			break;
		case RTE_JOIN:
			trace_nth(trace, level, entry->joinaliasvars, column);
			break;
		case RTE_FUNCTION:
			/* which of its columns come from which arguments, nobody knows */
			trace_expression(trace, level, entry->functions);
			break;
		case RTE_TABLEFUNC:
			trace_expression(trace, level, entry->tablefunc);
			break;
		case RTE_VALUES:
			foreach (cell, entry->values_lists)
				trace_nth(trace, level, lfirst(cell), column);
			break;
		case RTE_CTE:
			trace_cte(trace, level, entry, column);
			break;
		default:
			trace_nth(trace, level, DmGroupExpressions(entry), column);
			break;
	}
}

/* ---- expressions ---- */

static void
trace_variable(Trace *trace, const Level *level, const Var *var)
{
	for (Index up = var->varlevelsup; up > 0 && level != NULL; up--)
		level = level->outer;
	/* a system column tells nothing of the row */
	if (level != NULL && var->varattno >= 0)
		trace_entry(trace, level, rt_fetch(var->varno, level->query->rtable), var->varattno);
}

static void
trace_sublink(Trace *trace, const Level *level, SubLink *link)
{
	if (link->subLinkType == EXISTS_SUBLINK)
		return;
	trace_expression(trace, level, link->testexpr);
	trace_subquery(trace, level, castNode(Query, link->subselect), 0);
}

/* What a function of SQL gives back, if its body is parsed already: of several statements the last. */
static void
trace_body(Trace *trace, Oid function)
{
	HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Node *body = NULL;
	Datum parsed;
	bool isnull;

	if (!HeapTupleIsValid(tuple))
		return;
	parsed = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosqlbody, &isnull);
	if (!isnull)
		body = stringToNode(TextDatumGetCString(parsed));
	ReleaseSysCache(tuple);
	if (body == NULL || !visit(trace, NULL, function, 0))
		return;
	if (IsA(body, List) && linitial(castNode(List, body)) != NULL)
		body = llast(linitial_node(List, castNode(List, body)));
	if (body != NULL && IsA(body, Query))
		trace_subquery(trace, NULL, (Query *) body, 0);
}

static bool
is_count(Oid function)
{
	return function == F_COUNT_ || function == F_COUNT_ANY;
}

static bool
walk(Node *node, Walk *here)
{
	if (node == NULL)
		return false;
	check_stack_depth();
	switch (nodeTag(node))
	{
		case T_Var:
			trace_variable(here->trace, here->level, (Var *) node);
			return false;
		case T_SubLink:
			trace_sublink(here->trace, here->level, (SubLink *) node);
			return false;
		case T_NullTest:
		case T_GroupingFunc:
			return false;
		case T_Aggref:
			if (is_count(((Aggref *) node)->aggfnoid))
				return false;
			break;
		case T_WindowFunc:
			if (is_count(((WindowFunc *) node)->winfnoid))
				return false;
			break;
		case T_FuncExpr:
			trace_body(here->trace, ((FuncExpr *) node)->funcid);
			break;
		default:
			break;
	}
	return expression_tree_walker(node, walk, here);
}

/* ---- SQL ---- */

/* NULL if it was dropped. */
static char *
column_name(Oid relid, AttrNumber column)
{
	HeapTuple tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(relid), Int16GetDatum(column));
	char *name = NULL;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	if (!((Form_pg_attribute) GETSTRUCT(tuple))->attisdropped)
		name = pstrdup(NameStr(((Form_pg_attribute) GETSTRUCT(tuple))->attname));
	ReleaseSysCache(tuple);
	return name;
}

static void
put_origins(ReturnSetInfo *rsinfo, const char *column, const Trace *trace)
{
	ListCell *cell;

	foreach (cell, trace->visits)
	{
		const Visit *origin = lfirst(cell);
		Datum values[3];
		bool nulls[3] = {false};
		char *name;

		if (origin->what != NULL || origin->column == 0)
			continue;
		name = column_name(origin->relid, origin->column);
		if (name == NULL)
			continue;
		values[0] = CStringGetTextDatum(column);
		values[1] = ObjectIdGetDatum(origin->relid);
		values[2] = CStringGetTextDatum(name);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

/* datamesh.trace_columns(relation oid) */
Datum
dm_trace_columns(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Trace trace = {PG_GETARG_OID(0), NIL, NIL};
	int columns;

	InitMaterializedSRF(fcinfo, 0);
	SPI_connect();
	columns = meet(&trace, trace.start)->columns;
	for (int i = 1; i <= columns; i++)
	{
		char *column = column_name(trace.start, i);

		if (column == NULL)
			continue;
		trace.visits = NIL;
		trace_relation(&trace, trace.start, i);
		put_origins(rsinfo, column, &trace);
	}
	SPI_finish();
	PG_RETURN_VOID();
}
