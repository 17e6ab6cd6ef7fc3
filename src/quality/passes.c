/*-------------------------------------------------------------------------
 *
 * passes.c
 *		Checks that need a query of their own.
 *
 * Every query comes back as rows of: the columns of group_by, then rows,
 * failing rows, and the figure where it is something else (each may be null).
 * None is COUNT(DISTINCT ...), which would run serially, or NOT IN, which
 * would not hash; unique keys are grouped by the executor's own hash table,
 * which spills.
 *
 * Kept true: operators are named with their schema where a type is not one of
 * PostgreSQL's own, so that a pinned search_path does not find another
 * equality for it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "base/errors.h"
#include "base/session.h"
#include "base/settings.h"
#include "quality/plan.h"

/* The parts of a query about failing rows: FROM ... WHERE ..., and what to call the key in it. */
typedef struct Failing
{
	char *from;
	char *count;
	List *key; /* DmColumn * */
} Failing;

static void
set_for_now(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
							 false);
}

/*
 * A hash aggregate looks at its memory after its table has doubled, and so takes up to twice what
 * it may have.  With half of it the queries here stay within work_mem * hash_mem_multiplier.  The
 * settings last until the level that is returned ends, or the subtransaction does.
 */
static int
limit_hash_memory(void)
{
	int level = NewGUCNestLevel();
	double multiplier = Max(hash_mem_multiplier / 2, 1);
	double memory = work_mem * (hash_mem_multiplier / 2 / multiplier);

	set_for_now("hash_mem_multiplier", psprintf("%g", multiplier));
	set_for_now("work_mem", psprintf("%d", (int) Max(memory, 64)));
	return level;
}

static char *
operator_sql(Oid operator)
{
	HeapTuple tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;
	char *sql;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", operator);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	sql = psprintf("OPERATOR(%s.%s)", quote_identifier(get_namespace_name(form->oprnamespace)),
				   NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return sql;
}

static char *
less_than_sql(Oid type)
{
	return operator_sql(lookup_type_cache(type, TYPECACHE_LT_OPR)->lt_opr);
}

/* Equality between two types: the type's own if it is one type, else what the parser finds. */
static char *
equals_sql(Oid left, Oid right)
{
	if (getBaseType(left) != getBaseType(right))
		return pstrdup("=");
	return operator_sql(lookup_type_cache(left, TYPECACHE_EQ_OPR)->eq_opr);
}

static char *
columns_sql(const DmQualityPlan *plan, List *columns, const char *separator)
{
	StringInfoData sql;
	ListCell *cell;

	initStringInfo(&sql);
	foreach (cell, columns)
		appendStringInfo(&sql, "%s%s", foreach_current_index(cell) ? separator : "",
						 DmColumnSql(plan, lfirst(cell)));
	return sql.data;
}

/* "a, b, " before other columns, or nothing. */
static char *
group_prefix(const DmQualityPlan *plan, const DmPlanItem *item)
{
	return item->group_by == NIL ? pstrdup("")
								 : psprintf("%s, ", columns_sql(plan, item->group_by, ", "));
}

static char *
group_suffix(const DmQualityPlan *plan, const DmPlanItem *item)
{
	return item->group_by == NIL
			   ? pstrdup("")
			   : psprintf(" GROUP BY %s", columns_sql(plan, item->group_by, ", "));
}

/* Not IS NOT NULL: since 17 the planner takes the NOT NULL of a foreign table at its word. */
static char *
none_is_null(const DmQualityPlan *plan, List *columns)
{
	StringInfoData sql;
	ListCell *cell;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "pg_catalog.num_nulls(");
	foreach (cell, columns)
		appendStringInfo(&sql, "%s%s", foreach_current_index(cell) ? ", " : "",
						 DmColumnSql(plan, lfirst(cell)));
	appendStringInfoString(&sql, ") OPERATOR(pg_catalog.=) 0");
	return sql.data;
}

static char *
where_sql(const DmQualityPlan *plan, const DmPlanItem *item, const char *more)
{
	char *filter = DmConditionSql(plan, item, false);

	if (filter == NULL && more == NULL)
		return pstrdup("");
	return psprintf(" WHERE %s%s%s", filter ? filter : "", filter && more ? " AND " : "",
					more ? more : "");
}

/*
 * duplicate_values
 */

/* The key as measures take it. */
static char *
key_values_sql(const DmQualityPlan *plan, const DmPlanItem *item)
{
	StringInfoData sql;
	ListCell *cell;

	initStringInfo(&sql);
	foreach (cell, item->columns)
		appendStringInfo(&sql, "%s%s", foreach_current_index(cell) ? ", " : "",
						 DmColumnBaseSql(plan, lfirst(cell)));
	return sql.data;
}

static char *
row_hash_sql(const DmQualityPlan *plan, const DmPlanItem *item)
{
	return psprintf("datamesh.row_hash(%s)", key_values_sql(plan, item));
}

/* Groups of equal keys that have more than one row; "more" restricts which rows are looked at. */
static char *
duplicate_groups_sql(const DmQualityPlan *plan, const DmPlanItem *item, const char *more)
{
	char *nulls = item->check->nulls_distinct ? none_is_null(plan, item->columns) : NULL;
	char *both = nulls && more ? psprintf("%s AND %s", nulls, more) : nulls ? nulls : (char *) more;
	List *all = DmColumnsUnite(list_copy(item->group_by), item->columns);
	char *columns = columns_sql(plan, all, ", ");

	return psprintf("(SELECT %s, pg_catalog.count(*) AS datamesh_rows FROM %s%s GROUP BY %s "
					"HAVING pg_catalog.count(*) > 1) AS datamesh_groups",
					columns, DmReadingSql(plan), where_sql(plan, item, both), columns);
}

static Failing
duplicates_failing(const DmQualityPlan *plan, const DmPlanItem *item)
{
	Failing failing = {0};
	char *more = NULL;

	if (item->candidates != NULL && item->candidates[0] != '\0')
	{
		more = psprintf("%s = ANY ('{%s}'::pg_catalog.int8[])", row_hash_sql(plan, item),
						item->candidates);
		/* the nulls of a single column are counted, not hashed, and so not among the candidates */
		if (!item->check->nulls_distinct && list_length(item->columns) == 1)
			more = psprintf("(%s OR %s IS NULL)", more, DmColumnSql(plan, linitial(item->columns)));
	}
	failing.from = psprintf("FROM %s", duplicate_groups_sql(plan, item, more));
	failing.count = "coalesce(pg_catalog.sum(datamesh_rows - 1), 0)::pg_catalog.int8";
	failing.key = item->columns;
	return failing;
}

#define MOST_CANDIDATES 1000

/*
 * orphan_values: an anti join.  A child with a null is no orphan (MATCH SIMPLE), and a null
 * parent equals no child.
 */
static char *
no_parent_sql(const DmQualityPlan *plan, const DmPlanItem *item)
{
	StringInfoData sql;
	ListCell *child, *parent;
	const char *relation = quote_identifier(get_rel_name(plan->reading));

	initStringInfo(&sql);
	appendStringInfo(&sql, "%s AND NOT EXISTS (SELECT FROM %s AS datamesh_parent WHERE ",
					 none_is_null(plan, item->columns),
					 quote_qualified_identifier(get_namespace_name(get_rel_namespace(item->parent)),
												get_rel_name(item->parent)));
	forboth (child, item->columns, parent, item->check->ref_columns)
	{
		DmColumn *column = lfirst(child);
		Oid parent_type =
			get_atttype(item->parent, get_attnum(item->parent, (char *) lfirst(parent)));

		appendStringInfo(&sql, "%sdatamesh_parent.%s %s %s.%s",
						 foreach_current_index(child) ? " AND " : "",
						 quote_identifier(lfirst(parent)), equals_sql(parent_type, column->type),
						 relation, DmColumnSql(plan, column));
	}
	appendStringInfoChar(&sql, ')');
	return sql.data;
}

static Failing
orphans_failing(const DmQualityPlan *plan, const DmPlanItem *item)
{
	Failing failing = {0};

	failing.from =
		psprintf("FROM %s%s", DmReadingSql(plan), where_sql(plan, item, no_parent_sql(plan, item)));
	failing.count = "pg_catalog.count(*)";
	failing.key = DmKeyColumns(plan, item);
	return failing;
}

/*
 * no_overlap: intervals are half-open, [lower, upper); a null bound is open
 * to that side.  One sort: each interval is held against the furthest upper
 * bound before it.  Empty intervals overlap nothing; upside-down ones fail.
 */
static Failing
overlap_failing(const DmQualityPlan *plan, const DmPlanItem *item)
{
	Failing failing = {0};
	const char *lower = DmColumnSql(plan, linitial(item->columns));
	const char *upper = DmColumnSql(plan, lsecond(item->columns));
	char *less = less_than_sql(((DmColumn *) linitial(item->columns))->type);
	List *partition = list_concat_copy(item->group_by, item->partition_by);
	List *all = DmColumnsUnite(DmColumnsUnite(DmColumnsUnite(NIL, item->columns), partition),
							   DmKeyColumns(plan, item));
	char *by =
		partition == NIL ? "" : psprintf("PARTITION BY %s ", columns_sql(plan, partition, ", "));
	char *not_empty = psprintf("(%s %s %s OR %s %s %s OR %s IS NULL OR %s IS NULL)", lower, less,
							   upper, upper, less, lower, lower, upper);

	failing.key = DmKeyColumns(plan, item);
	failing.count = "pg_catalog.count(*)";
	failing.from = psprintf(
		"FROM (SELECT %s, pg_catalog.max(%s) OVER datamesh_before AS datamesh_upper, "
		"pg_catalog.count(*) OVER datamesh_before AS datamesh_rows, "
		"pg_catalog.bool_or(%s IS NULL) OVER datamesh_before AS datamesh_open FROM %s%s "
		"WINDOW datamesh_before AS (%sORDER BY %s NULLS FIRST, %s "
		"ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS datamesh_intervals "
		"WHERE %s %s %s OR datamesh_rows > 0 AND (datamesh_open OR %s IS NULL OR %s %s "
		"datamesh_upper%s)",
		columns_sql(plan, all, ", "), upper, upper, DmReadingSql(plan),
		where_sql(plan, item, not_empty), by, lower, upper, upper, less, lower, lower, lower, less,
		item->check->gaps ? "" : psprintf(" OR datamesh_upper %s %s", less, lower));
	return failing;
}

static Failing
failing_of(const DmQualityPlan *plan, const DmPlanItem *item)
{
	switch (item->check->kind)
	{
		case DM_KIND_DUPLICATES:
			return duplicates_failing(plan, item);
		case DM_KIND_ORPHANS:
			return orphans_failing(plan, item);
		default:
			return overlap_failing(plan, item);
	}
}

/* The failing rows counted; percentages need all rows counted too. */
static char *
failing_query(const DmQualityPlan *plan, const DmPlanItem *item)
{
	Failing failing = failing_of(plan, item);
	char *groups = columns_sql(plan, item->group_by, ", ");
	char *total = psprintf("SELECT %spg_catalog.count(*) AS datamesh_total FROM %s%s%s",
						   group_prefix(plan, item), DmReadingSql(plan),
						   where_sql(plan, item, NULL), group_suffix(plan, item));

	/* put together by GROUP BY and not by a join, which would lose the group of null */
	if (item->group_by != NIL)
		return psprintf(
			"SELECT %s, pg_catalog.max(datamesh_total), pg_catalog.max(datamesh_failing), "
			"NULL FROM (SELECT *, 0::pg_catalog.int8 AS datamesh_failing FROM (%s) AS "
			"datamesh_all UNION ALL SELECT %s, 0::pg_catalog.int8, %s %s GROUP BY %s) AS "
			"datamesh_both GROUP BY %s",
			groups, total, groups, failing.count, failing.from, groups, groups);
	if (item->check->percent)
		return psprintf("SELECT (%s), %s, NULL %s", total, failing.count, failing.from);
	return psprintf("SELECT NULL, %s, NULL %s", failing.count, failing.from);
}

/*
 * Statistics.  A group of rows that have no value is a group; one of no rows is none.
 */
static char *
quantile_sql(const DmQualityPlan *plan, const DmPlanItem *item)
{
	char *filter = item->group_by == NIL ? DmConditionSql(plan, item, false) : NULL;

	return psprintf("pg_catalog.%s(%s) WITHIN GROUP (ORDER BY %s)%s", item->check->method,
					item->check->argument, DmColumnSql(plan, linitial(item->columns)),
					filter ? psprintf(" FILTER (WHERE %s)", filter) : "");
}

/*
 * H = - sum(p log p) over the shares p of each value.  Values that occur equally often are taken
 * together and added in order, so that the sum is the same whatever the order of rows.  Null is a
 * value that occurs not at all: its share is null, and adds nothing.
 */
static char *
entropy_query(const DmQualityPlan *plan, const DmPlanItem *item)
{
	const char *column = DmColumnSql(plan, linitial(item->columns));
	char *prefix = group_prefix(plan, item);
	const char *base = item->check->argument ? item->check->argument : "2";
	char *partition = item->group_by == NIL
						  ? ""
						  : psprintf("PARTITION BY %s", columns_sql(plan, item->group_by, ", "));

	return psprintf(
		"SELECT %spg_catalog.sum(datamesh_n * datamesh_m)::pg_catalog.int8, NULL, "
		"0 - pg_catalog.sum(datamesh_m * datamesh_p * (pg_catalog.ln(datamesh_p) / "
		"pg_catalog.ln(%s::pg_catalog.float8)) ORDER BY datamesh_n) "
		"FROM (SELECT *, nullif(datamesh_n, 0) / (pg_catalog.sum(datamesh_n * datamesh_m) OVER "
		"(%s))::pg_catalog.float8 AS datamesh_p "
		"FROM (SELECT %sdatamesh_n, pg_catalog.count(*) AS datamesh_m FROM "
		"(SELECT %spg_catalog.count(%s) AS datamesh_n FROM %s%s GROUP BY %s%s) AS datamesh_values "
		"GROUP BY %sdatamesh_n) AS datamesh_counts) AS datamesh_shares%s",
		prefix, base, partition, prefix, prefix, column, DmReadingSql(plan),
		where_sql(plan, item, NULL), prefix, column, prefix, group_suffix(plan, item));
}

static char *
statistic_query(const DmQualityPlan *plan, const DmPlanItem *item)
{
	if (strcmp(item->check->statistic, "entropy") == 0)
		return entropy_query(plan, item);
	return psprintf("SELECT %sNULL, NULL, %s FROM %s%s%s", group_prefix(plan, item),
					quantile_sql(plan, item), DmReadingSql(plan),
					item->group_by == NIL ? "" : where_sql(plan, item, NULL),
					group_suffix(plan, item));
}

static char *
distinct_query(const DmQualityPlan *plan, const DmPlanItem *item)
{
	const char *column = DmColumnSql(plan, linitial(item->columns));
	char *prefix = group_prefix(plan, item);

	return psprintf("SELECT %sNULL, NULL, pg_catalog.count(datamesh_value) FROM (SELECT %s%s AS "
					"datamesh_value FROM %s%s GROUP BY %s%s) AS datamesh_values%s",
					prefix, prefix, column, DmReadingSql(plan), where_sql(plan, item, NULL), prefix,
					column, group_suffix(plan, item));
}

void
DmQuantilesRun(DmQualityPlan *plan, List *items)
{
	int level = limit_hash_memory();
	StringInfoData sql;
	ListCell *cell;

	initStringInfo(&sql);
	foreach (cell, items)
		appendStringInfo(&sql, "%s %s", foreach_current_index(cell) ? "," : "SELECT",
						 quantile_sql(plan, lfirst(cell)));
	appendStringInfo(&sql, " FROM %s", DmReadingSql(plan));
	DmRead(plan, sql.data);
	foreach (cell, items)
		DmOutcomeAdd(lfirst(cell))->metric = DmSpiText(0, foreach_current_index(cell) + 1);
	SPI_freetuptable(SPI_tuptable);
	AtEOXact_GUC(false, level);
}

/*
 * sql: one SELECT that returns one number.
 */

/* {object} {table} {property} {column}, each with or without a dollar sign before it. */
static char *
fill_placeholders(const char *query, const char *object, const char *column)
{
	static const char *const object_names[] = {"{object}", "{table}"};
	static const char *const column_names[] = {"{property}", "{column}"};
	StringInfoData sql;

	initStringInfo(&sql);
	while (*query != '\0')
	{
		const char *at = (query[0] == '$' && query[1] == '{') ? query + 1 : query;
		const char *by = NULL;
		size_t length = 0;

		for (int i = 0; i < 2 && *at == '{'; i++)
		{
			if (strncmp(at, object_names[i], strlen(object_names[i])) == 0)
				by = object, length = strlen(object_names[i]);
			else if (strncmp(at, column_names[i], strlen(column_names[i])) == 0)
				by = column, length = strlen(column_names[i]);
		}
		if (length > 0 && by == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_DM_INVALID_RULE),
					 errmsg("the query names a column by placeholder, and the rule has none")));
		if (length == 0)
			appendStringInfoChar(&sql, *query++);
		else
		{
			appendStringInfoString(&sql, by);
			query = at + length;
		}
	}
	return sql.data;
}

/* The text of the query's only statement, which must be a SELECT. */
static char *
single_select(char *query)
{
	List *parsed = raw_parser(query, RAW_PARSE_DEFAULT);
	RawStmt *statement;

	if (list_length(parsed) != 1)
		ereport(ERROR, (errcode(ERRCODE_DM_INVALID_RULE),
						errmsg("the query must be one statement, and is %d", list_length(parsed))));
	statement = linitial_node(RawStmt, parsed);
	if (!IsA(statement->stmt, SelectStmt) || ((SelectStmt *) statement->stmt)->intoClause != NULL)
		ereport(ERROR, (errcode(ERRCODE_DM_INVALID_RULE), errmsg("the query must be a SELECT")));
	return statement->stmt_len > 0 ? pnstrdup(query + statement->stmt_location, statement->stmt_len)
								   : query + statement->stmt_location;
}

/*
 * The relation under the names of the rules: itself, or a common table
 * expression where the source calls its columns otherwise.
 */
static char *
renaming_sql(const DmQualityPlan *plan)
{
	StringInfoData sql;
	ListCell *cell;
	bool renames = false;
	Relation rel;
	TupleDesc desc;

	if (plan->reading != plan->relation || plan->rules->column_names == NIL)
		return NULL;
	initStringInfo(&sql);
	rel = table_open(plan->reading, AccessShareLock);
	desc = RelationGetDescr(rel);
	for (int i = 0; i < desc->natts; i++)
	{
		char *physical = pstrdup(NameStr(TupleDescAttr(desc, i)->attname));
		char *name = physical;

		if (TupleDescAttr(desc, i)->attisdropped)
			continue;
		foreach (cell, plan->rules->column_names)
			if (strcmp(((DmColumnName *) lfirst(cell))->physical, physical) == 0)
				name = ((DmColumnName *) lfirst(cell))->name;
		renames |= name != physical;
		appendStringInfo(&sql, "%s%s", sql.len ? ", " : "SELECT ", quote_identifier(physical));
		if (name != physical)
			appendStringInfo(&sql, " AS %s", quote_identifier(name));
	}
	table_close(rel, NoLock);
	return renames ? psprintf("%s FROM %s", sql.data, DmReadingSql(plan)) : NULL;
}

static char *
sql_query(const DmQualityPlan *plan, const DmPlanItem *item)
{
	char *renaming = renaming_sql(plan);
	DmColumn *column = item->columns != NIL ? linitial(item->columns) : NULL;
	const char *object = renaming ? "datamesh_object" : DmReadingSql(plan);
	const char *column_sql = NULL;
	char *query;

	if (column != NULL)
		column_sql = renaming ? quote_identifier(column->name) : DmColumnSql(plan, column);
	query = single_select(fill_placeholders(item->check->expression, object, column_sql));
	if (renaming != NULL)
		return psprintf("WITH datamesh_object AS NOT MATERIALIZED (%s) SELECT * FROM (\n%s\n) AS "
						"datamesh_query",
						renaming, query);
	return query;
}

static void
run_sql(DmQualityPlan *plan, DmPlanItem *item)
{
	char *sql = sql_query(plan, item);
	Oid type;

	item->evidence = sql;
	DmRead(plan, sql);
	if (SPI_tuptable == NULL || SPI_processed != 1 || SPI_tuptable->tupdesc->natts != 1)
		ereport(ERROR, (errcode(ERRCODE_DM_INVALID_RULE),
						errmsg("the query must return one number, and returned " UINT64_FORMAT
							   " rows of %d columns",
							   SPI_processed, SPI_tuptable ? SPI_tuptable->tupdesc->natts : 0)));
	type = SPI_gettypeid(SPI_tuptable->tupdesc, 1);
	if (TypeCategory(getBaseType(type)) != TYPCATEGORY_NUMERIC)
		ereport(ERROR,
				(errcode(ERRCODE_DM_INVALID_RULE),
				 errmsg("the query must return a number, and returned %s", format_type_be(type))));
	DmOutcomeAdd(item)->metric = DmSpiText(0, 1);
	if (((DmOutcome *) linitial(item->outcomes))->metric == NULL)
		ereport(ERROR, (errcode(ERRCODE_DM_INVALID_RULE),
						errmsg("the query must return a number, and returned null")));
	SPI_freetuptable(SPI_tuptable);
}

/*
 * row_count: where "more than 0" is asked, one row answers.
 */
#define FEW_ROWS 1000

/* How many rows decide the operator; -1 if it needs the exact number. */
static int
rows_that_decide(const DmCheck *check)
{
	char *end;
	long bound;

	if (check->group_by != NIL || check->where != NULL ||
		(check->op != DM_OP_GT && check->op != DM_OP_GE))
		return -1;
	bound = strtol(check->bound[0].text, &end, 10);
	if (*end != '\0' || bound < 0 || bound > FEW_ROWS)
		return -1;
	return (int) bound + (check->op == DM_OP_GT ? 1 : 0);
}

bool
DmRowCountNeedsFew(const DmCheck *check)
{
	return rows_that_decide(check) >= 0;
}

static char *
row_count_query(const DmQualityPlan *plan, const DmPlanItem *item)
{
	return psprintf("SELECT pg_catalog.count(*), NULL, NULL FROM (SELECT FROM %s LIMIT %d) AS "
					"datamesh_rows",
					DmReadingSql(plan), rows_that_decide(item->check));
}

/* An index gives the newest row at once, and the newest that is not in the future. */
static char *
freshness_query(const DmQualityPlan *plan, const DmPlanItem *item)
{
	const char *column = DmColumnSql(plan, linitial(item->columns));
	char *limit =
		psprintf("%s::pg_catalog.timestamptz + %s::pg_catalog.interval",
				 quote_literal_cstr(DatumGetCString(
					 DirectFunctionCall1(timestamptz_out, TimestampTzGetDatum(plan->now)))),
				 quote_literal_cstr(item->check->max_future ? item->check->max_future : "0 s"));

	return psprintf("SELECT NULL, (SELECT pg_catalog.count(*) FROM %s WHERE %s > %s), "
					"(SELECT pg_catalog.max(%s) FROM %s WHERE %s <= %s)",
					DmReadingSql(plan), column, limit, column, DmReadingSql(plan), column, limit);
}

/*
 * All of them.
 */
char *
DmOwnQuery(const DmQualityPlan *plan, const DmPlanItem *item)
{
	switch (item->check->kind)
	{
		case DM_KIND_DUPLICATES:
		case DM_KIND_ORPHANS:
		case DM_KIND_NO_OVERLAP:
			return failing_query(plan, item);
		case DM_KIND_STATISTIC:
			return statistic_query(plan, item);
		case DM_KIND_DISTINCT:
			return distinct_query(plan, item);
		case DM_KIND_ROW_COUNT:
			return row_count_query(plan, item);
		case DM_KIND_FRESHNESS:
			return freshness_query(plan, item);
		case DM_KIND_SQL:
			return sql_query(plan, item);
		default:
			return NULL;
	}
}

static int64
count_at(uint64 row, int column)
{
	char *text = DmSpiText(row, column);

	return text == NULL ? -1 : strtoll(text, NULL, 10);
}

static void
read_newest(DmOutcome *outcome)
{
	char *text = outcome->metric;

	outcome->metric = NULL;
	if (text == NULL)
		return;
	outcome->has_newest = true;
	outcome->newest = DatumGetTimestampTz(DirectFunctionCall3(
		timestamptz_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

static int64
run_counting_query(DmQualityPlan *plan, DmPlanItem *item)
{
	int groups = list_length(item->group_by);
	int64 failing = 0;

	item->evidence = DmOwnQuery(plan, item);
	DmRead(plan,
		   groups > 0 ? psprintf("%s LIMIT %d", item->evidence, MOST_GROUPS + 1) : item->evidence);
	if (item->group_by != NIL)
		DmRequireFewGroups(SPI_processed);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		DmOutcome *outcome = DmOutcomeAdd(item);

		outcome->group = DmGroupText(item->group_by, row);
		outcome->rows = count_at(row, groups + 1);
		if (outcome->rows < 0 && groups == 0)
			outcome->rows = item->rows_seen;
		outcome->failing = count_at(row, groups + 2);
		outcome->metric = DmSpiText(row, groups + 3);
		if (item->check->kind == DM_KIND_FRESHNESS)
			read_newest(outcome);
		if (item->check->kind == DM_KIND_ROW_COUNT)
			outcome->metric = psprintf(INT64_FORMAT, outcome->rows);
		failing += Max(outcome->failing, 0);
	}
	SPI_freetuptable(SPI_tuptable);
	return failing;
}

/* A few failing keys, the same ones every time: those whose texts sort first. */
static void
sample_failing(DmQualityPlan *plan, DmPlanItem *item)
{
	Failing failing = failing_of(plan, item);
	StringInfoData object;
	StringInfoData sql;
	ListCell *cell;
	bool isnull;
	Datum keys;

	if (DmSampleSize(item->check) == 0)
		return;
	initStringInfo(&object);
	foreach (cell, failing.key)
	{
		DmColumn *column = lfirst(cell);

		appendStringInfo(&object, "%s%s, pg_catalog.left(%s::pg_catalog.text, 100)",
						 object.len ? ", " : "", quote_literal_cstr(column->name),
						 DmColumnSql(plan, column));
	}
	initStringInfo(&sql);
	appendStringInfo(
		&sql,
		"SELECT pg_catalog.jsonb_agg(datamesh_key ORDER BY datamesh_key) FROM (SELECT "
		"DISTINCT pg_catalog.jsonb_build_object(%s) AS datamesh_key %s ORDER BY 1 LIMIT %d) AS "
		"datamesh_keys",
		object.data, failing.from, DmSampleSize(item->check));
	DmRead(plan, sql.data);
	keys = DmSpiDatum(0, 1, &isnull);
	if (!isnull)
		((DmOutcome *) linitial(item->outcomes))->keys = DatumGetJsonbPCopy(keys);
	SPI_freetuptable(SPI_tuptable);
}

bool
DmRelationHasRows(DmQualityPlan *plan)
{
	if (plan->has_rows < 0)
	{
		DmRead(plan, psprintf("SELECT FROM %s LIMIT 1", DmReadingSql(plan)));
		plan->has_rows = SPI_processed > 0;
		SPI_freetuptable(SPI_tuptable);
	}
	return plan->has_rows != 0;
}

static void
run_proved(DmQualityPlan *plan, DmPlanItem *item)
{
	DmOutcome *outcome = DmOutcomeAdd(item);

	outcome->failing = 0;
	if (item->check->completeness)
		outcome->rows = DmRelationHasRows(plan) ? -1 : 0;
}

void
DmOwnRun(DmQualityPlan *plan, DmPlanItem *item)
{
	int level = limit_hash_memory();

	if (item->road == DM_ROAD_PROVED)
		run_proved(plan, item);
	else if (item->sample_wanted)
		sample_failing(plan, item);
	else if (item->check->kind == DM_KIND_SQL)
		run_sql(plan, item);
	else if (run_counting_query(plan, item) > 0 && item->check->kind != DM_KIND_FRESHNESS)
		sample_failing(plan, item);
	AtEOXact_GUC(false, level);
}
