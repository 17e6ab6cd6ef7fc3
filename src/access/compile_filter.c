/*-------------------------------------------------------------------------
 *
 * compile_filter.c
 *		A row filter of a contract, as SQL for the port's view.
 *
 * A function in a view runs with the rights of the reader, and what it sees are values that the reader
 * may not.  So a filter is made of the contract's columns, constants and what PostgreSQL brings along:
 * no subquery, nobody's function, and nothing that a setting of the reader's session could bend, or
 * that fails with an error that quotes the value.  What the view gets is never a person's text, but
 * the text of the tree that was looked through.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "access/compile.h"
#include "base/session.h"
#include "quality/check.h"

typedef struct FilterWalk
{
	DmAccess *access;
	Oid relation;
	const char *condition;
	char *problem;
	char *hint;
} FilterWalk;

static bool
found(FilterWalk *walk, char *problem, char *hint)
{
	walk->problem = problem;
	walk->hint = hint;
	return true;
}

/* Of PostgreSQL's own functions, those that are not immutable and still mean the same for everyone. */
static bool
is_harmless_stable(Oid function)
{
	return function == F_NOW || function == F_TRANSACTION_TIMESTAMP ||
		   function == F_STATEMENT_TIMESTAMP || function == F_TIMESTAMPTZ_PL_INTERVAL ||
		   function == F_TIMESTAMPTZ_MI_INTERVAL;
}

static bool
check_function(Oid function, void *argument)
{
	FilterWalk *walk = argument;
	char *name = get_func_name(function);

	if (function >= FirstNormalObjectId || get_func_namespace(function) != PG_CATALOG_NAMESPACE)
		return found(walk, psprintf("calls %s, which is not of pg_catalog", name),
					 "Call it in the source, and filter by a column with its result.");
	if (func_volatile(function) != PROVOLATILE_IMMUTABLE && !is_harmless_stable(function))
		return found(walk,
					 psprintf("uses %s, whose result depends on more than its arguments", name),
					 "Settings of a reader's session could change it: put the result into a column "
					 "of the source. current_date, current_timestamp and now() can be used.");
	return false;
}

static bool
check_column(FilterWalk *walk, const Var *var)
{
	char *name;

	if (var->varattno <= 0)
		return found(walk, "names a system column, or the row as a whole",
					 "A filter is made of the contract's columns.");
	name = get_attname(walk->relation, var->varattno, false);
	for (ListCell *cell = list_head(walk->access->columns); cell != NULL;
		 cell = lnext(walk->access->columns, cell))
		if (strcmp(((DmAccessColumn *) lfirst(cell))->stored, name) == 0)
			return false;
	return found(walk, psprintf("names column \"%s\", which is not a column of the contract", name),
				 "A filter is made of the contract's columns.");
}

/* Values as text: only of types that are written in one way, and never the other way round. */
static bool
check_conversion(FilterWalk *walk, const CoerceViaIO *conversion)
{
	Oid from = getBaseType(exprType((Node *) conversion->arg));
	Oid to = conversion->resulttype;

	if ((to == TEXTOID || to == VARCHAROID) &&
		(get_typtype(from) == TYPTYPE_ENUM || from == INT2OID || from == INT4OID ||
		 from == INT8OID || from == NUMERICOID || from == BOOLOID || from == UUIDOID))
		return false;
	return found(
		walk, psprintf("converts %s to %s", format_type_be(from), format_type_be(to)),
		"A value that cannot be converted would be quoted in an error: convert it in the source.");
}

/* 'today' is a day when the view is made, and not when it is read. */
static bool
says_now(const char *text)
{
	static const char *const words[] = {"now", "today", "yesterday", "tomorrow"};

	for (const char *quote = strchr(text, '\''); quote != NULL; quote = strchr(quote + 1, '\''))
		for (int i = 0; i < lengthof(words); i++)
			if (pg_strncasecmp(quote + 1 + strspn(quote + 1, " "), words[i], strlen(words[i])) == 0)
				return true;
	return false;
}

static bool
check_constant(FilterWalk *walk, const Const *constant)
{
	char category;
	bool preferred;

	get_type_category_preferred(constant->consttype, &category, &preferred);
	if (category == TYPCATEGORY_DATETIME && says_now(walk->condition))
		return found(walk, "has a date that depends on when it is read",
					 "Say current_date, current_timestamp or now().");
	if (DmAccessSafeType(constant->consttype) || constant->consttype == UNKNOWNOID)
		return false;
	return found(walk, psprintf("has a constant of type %s", format_type_be(constant->consttype)),
				 get_typtype(constant->consttype) == TYPTYPE_ENUM
					 ? "Compare texts: column::text = 'label'."
					 : "Constants are of types that PostgreSQL brings along.");
}

/* The order or equality of a type, where a node has no function of its own. */
static bool
check_type(FilterWalk *walk, Oid type)
{
	TypeCacheEntry *entry = lookup_type_cache(getBaseType(type), TYPECACHE_CMP_PROC);

	return !OidIsValid(entry->cmp_proc) || check_function(entry->cmp_proc, walk);
}

static bool
walk_filter(Node *node, FilterWalk *walk)
{
	if (node == NULL)
		return false;
	CHECK_FOR_INTERRUPTS();
	switch (nodeTag(node))
	{
		case T_Var:
			return check_column(walk, castNode(Var, node));
		case T_Const:
			return check_constant(walk, castNode(Const, node));
		case T_CoerceViaIO:
			if (check_conversion(walk, castNode(CoerceViaIO, node)))
				return true;
			return walk_filter((Node *) castNode(CoerceViaIO, node)->arg, walk);
		case T_SQLValueFunction:
			switch (castNode(SQLValueFunction, node)->op)
			{
				case SVFOP_CURRENT_DATE:
				case SVFOP_CURRENT_TIMESTAMP:
				case SVFOP_CURRENT_TIMESTAMP_N:
				case SVFOP_LOCALTIMESTAMP:
				case SVFOP_LOCALTIMESTAMP_N:
					return false;
				default:
					return found(walk, "asks who reads, or where",
								 "Say what each consumer sees: {\"marketing\": \"...\", "
								 "\"default\": \"...\"}.");
			}
		case T_MinMaxExpr:
			if (check_type(walk, castNode(MinMaxExpr, node)->minmaxtype))
				return true;
			break;
		case T_ArrayCoerceExpr:
		case T_BoolExpr:
		case T_BooleanTest:
		case T_CaseExpr:
		case T_CaseTestExpr:
		case T_CaseWhen:
		case T_CoalesceExpr:
		case T_CollateExpr:
		case T_ArrayExpr:
		case T_DistinctExpr:
		case T_FuncExpr:
		case T_List:
		case T_NullIfExpr:
		case T_NullTest:
		case T_OpExpr:
		case T_ScalarArrayOpExpr:
		case T_SubscriptingRef:
			if (check_functions_in_node(node, check_function, walk))
				return true;
			break;
		case T_RelabelType:
			if (get_typtype(castNode(RelabelType, node)->resulttype) == TYPTYPE_DOMAIN)
				return found(walk, "converts to a domain", "Use the type below the domain.");
			break;
		case T_CoerceToDomain:
			return found(walk, "converts to a domain, whose checks are somebody's code",
						 "Use the type below the domain.");
		default:
			return found(walk, "has an expression of a kind that filters cannot have",
						 "Put the result into a column of the source, and filter by that.");
	}
	return expression_tree_walker(node, walk_filter, walk);
}

/* ---- what time it is ---- */

static Expr *
call(Oid function, Oid type, Expr *first, Expr *second, CoercionForm form)
{
	return (Expr *) makeFuncExpr(function, type,
								 second == NULL ? list_make1(first) : list_make2(first, second),
								 InvalidOid, InvalidOid, form);
}

static Expr *
in_utc(Expr *time, Oid function, Oid type)
{
	Const *zone =
		makeConst(TEXTOID, -1, DEFAULT_COLLATION_OID, -1, CStringGetTextDatum("UTC"), false, false);

	return (Expr *) makeFuncExpr(function, type, list_make2(zone, time), InvalidOid,
								 DEFAULT_COLLATION_OID, COERCE_EXPLICIT_CALL);
}

static Expr *
now_in_utc(void)
{
	FuncExpr *now =
		makeFuncExpr(F_NOW, TIMESTAMPTZOID, NIL, InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);

	return in_utc((Expr *) now, F_TIMEZONE_TEXT_TIMESTAMPTZ, TIMESTAMPOID);
}

/* time + interval, or -, on the calendar of UTC */
static Expr *
shift_in_utc(Oid function, List *args)
{
	return in_utc(call(function == F_TIMESTAMPTZ_PL_INTERVAL ? F_TIMESTAMP_PL_INTERVAL
															 : F_TIMESTAMP_MI_INTERVAL,
					   TIMESTAMPOID,
					   in_utc(linitial(args), F_TIMEZONE_TEXT_TIMESTAMPTZ, TIMESTAMPOID),
					   lsecond(args), COERCE_EXPLICIT_CALL),
				  F_TIMEZONE_TEXT_TIMESTAMP, TIMESTAMPTZOID);
}

static Expr *
local_time_in_utc(const SQLValueFunction *value)
{
	Const *digits;

	if (value->op == SVFOP_CURRENT_DATE)
		return call(F_DATE_TIMESTAMP, DATEOID, now_in_utc(), NULL, COERCE_EXPLICIT_CAST);
	if (value->op == SVFOP_LOCALTIMESTAMP)
		return now_in_utc();
	digits = makeConst(INT4OID, -1, InvalidOid, sizeof(int32), Int32GetDatum(value->typmod), false,
					   true);
	return call(F_TIMESTAMP_TIMESTAMP_INT4, TIMESTAMPOID, now_in_utc(), (Expr *) digits,
				COERCE_EXPLICIT_CALL);
}

/*
 * A reader chooses the time zone of his session, and there are some in which next week has begun.  So the
 * days of a filter are those of UTC, whoever reads.
 */
static Node *
fix_time_zone(Node *node, void *unused)
{
	Oid function = InvalidOid;
	List *args = NIL;

	if (node == NULL)
		return NULL;
	node = expression_tree_mutator(node, fix_time_zone, unused);
	if (IsA(node, SQLValueFunction))
	{
		const SQLValueFunction *value = castNode(SQLValueFunction, node);

		return value->type == TIMESTAMPTZOID ? node : (Node *) local_time_in_utc(value);
	}
	if (IsA(node, OpExpr))
	{
		set_opfuncid(castNode(OpExpr, node));
		function = castNode(OpExpr, node)->opfuncid;
		args = castNode(OpExpr, node)->args;
	}
	else if (IsA(node, FuncExpr))
	{
		function = castNode(FuncExpr, node)->funcid;
		args = castNode(FuncExpr, node)->args;
	}
	if (function == F_TIMESTAMPTZ_PL_INTERVAL || function == F_TIMESTAMPTZ_MI_INTERVAL)
		return (Node *) shift_in_utc(function, args);
	return node;
}

/* The names that the contract has for the columns, all others of the relation being out of reach. */
static List *
column_names(const DmAccess *access)
{
	List *names = NIL;
	ListCell *cell;

	foreach (cell, access->columns)
	{
		DmAccessColumn *column = lfirst(cell);
		DmColumnName *name = palloc(sizeof(DmColumnName));

		name->name = pstrdup(column->name);
		name->physical = pstrdup(column->stored);
		names = lappend(names, name);
	}
	return names;
}

typedef struct FilterReading
{
	DmAccess *access;
	DmAccessFilter *filter;
	Oid relation;
	List *names;
} FilterReading;

static void
read_filter(void *argument)
{
	FilterReading *reading = argument;
	DmAccessFilter *filter = reading->filter;
	FilterWalk walk = {reading->access, reading->relation, filter->condition, NULL, NULL};
	Node *tree;

	tree = DmExpressionRead(reading->relation, DmExpressionAlias(reading->relation, reading->names),
							filter->condition, "the row filter");
	if (walk_filter(tree, &walk))
		DmProblem(&reading->access->problems, NULL, "%s: \"%s\" %s. %s", filter->path,
				  DmExcerpt(filter->condition), walk.problem, walk.hint);
	else
		filter->sql =
			DmExpressionText(DmExpressionNames(reading->relation), fix_time_zone(tree, NULL));
}

/*
 * Parsed as the domain's owner, because reading a constant may call an input function, and printed the
 * same way: the names in it are found by the pinned search_path that the view will be made with.
 */
void
DmAccessFilters(DmAccess *access, Oid relation)
{
	FilterReading reading = {access, NULL, relation, column_names(access)};
	DmIdentity saved;
	ListCell *cell;

	if (access->filters == NIL)
		return;
	DmBecomeDomain(&saved, access->product->domain->owner);
	foreach (cell, access->filters)
	{
		char *error;

		reading.filter = lfirst(cell);
		error = DmGuard(read_filter, &reading);
		if (error != NULL)
			DmProblem(&access->problems, NULL, "%s: \"%s\" cannot be read: %s",
					  reading.filter->path, DmExcerpt(reading.filter->condition), error);
	}
	DmIdentityRestore(&saved);
	DmAccessRaise(access);
}

char *
DmAccessWhere(const DmAccess *access, int32 policy)
{
	StringInfoData sql;
	ListCell *cell;

	initStringInfo(&sql);
	if (access->rows == NIL)
		return sql.data;
	foreach (cell, access->filters)
	{
		const char *condition = ((DmAccessFilter *) lfirst(cell))->sql;

		if (condition == NULL)
			elog(ERROR, "a row filter has not been read");
		appendStringInfo(&sql,
						 " AND CASE datamesh.filter_choice(%d, %d) WHEN 0 THEN true WHEN 1 THEN "
						 "(%s) ELSE false END",
						 policy, foreach_current_index(cell) + 1, condition);
	}
	return sql.data;
}
