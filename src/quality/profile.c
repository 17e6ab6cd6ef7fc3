/*-------------------------------------------------------------------------
 *
 * profile.c
 *		datamesh.profile: what the columns of a relation hold.
 *
 * One fused pass measures every column (more than one where their measures would not fit in
 * the memory of a hash table); frequent values come from a bounded sample.  Runs with the caller's rights, and shows values.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "base/session.h"
#include "quality/check.h"

PG_FUNCTION_INFO_V1(dm_quality_profile);

#define PROFILE_COLUMNS 16
/* Each column has up to two inputs, and a function up to 100 arguments. */
#define COLUMNS_PER_MEASURE 45
/* What a measure of a column may take: an estimate of distinct values, and exact sums. */
#define COLUMN_MEMORY (20 * 1024)
#define SAMPLE_ROWS 10000
#define COMMON_VALUES 5

typedef struct ProfiledColumn
{
	AttrNumber attnum;
	char *name;
	Oid type;
	Oid base;
	int32 typmod;
	int stats; /* number of its probe */
	int distinct;
	int lengths;
	bool ordered;
	bool hashed;
	bool texts;
	Datum values[PROFILE_COLUMNS];
	bool nulls[PROFILE_COLUMNS];
} ProfiledColumn;

static List *
columns_of(Oid relation)
{
	Relation rel = table_open(relation, AccessShareLock);
	TupleDesc desc = RelationGetDescr(rel);
	List *columns = NIL;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		ProfiledColumn *column;
		TypeCacheEntry *entry;

		if (attribute->attisdropped || !DmMayReadColumn(relation, attribute->attnum))
			continue;
		column = palloc0(sizeof(ProfiledColumn));
		column->attnum = attribute->attnum;
		column->name = pstrdup(NameStr(attribute->attname));
		column->type = attribute->atttypid;
		column->typmod = attribute->atttypmod;
		column->base = getBaseType(column->type);
		entry = lookup_type_cache(column->base, TYPECACHE_CMP_PROC | TYPECACHE_HASH_PROC);
		column->texts = TypeCategory(column->base) == TYPCATEGORY_STRING;
		/* (pg_node_tree has the order of text, but is not read back from a state's text) */
		column->ordered =
			OidIsValid(entry->cmp_proc) && (column->texts || entry->btree_opintype != TEXTOID);
		column->hashed = OidIsValid(entry->hash_proc);
		columns = lappend(columns, column);
	}
	table_close(rel, NoLock);
	return columns;
}

static char *
relation_sql(Oid relation)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)),
									  get_rel_name(relation));
}

static void
run_query(const char *sql)
{
	MemoryContext context = CurrentMemoryContext;

	(void) DmSpiExecute(sql, 0, NULL, NULL, NULL, true);
	MemoryContextSwitchTo(context);
}

/* The measure of some of the columns. */
static char *
measure_sql(List *columns, int from, int to)
{
	StringInfoData probes, inputs;
	int probe = 0, input = 0;
	char *spec;

	initStringInfo(&probes);
	initStringInfo(&inputs);
	for (int i = from; i < to; i++)
	{
		ProfiledColumn *column = list_nth(columns, i);
		const char *name = quote_identifier(column->name);

		appendStringInfo(&probes, "%s{\"probe\": \"%s\", \"arg\": %d}", probe ? ", " : "",
						 column->ordered ? "stats" : "nulls", input);
		column->stats = probe++;
		/* (without a length said to be none, "character" would be character(1)) */
		appendStringInfo(
			&inputs, ", (%s)::%s", name,
			format_type_extended(column->base, -1,
								 FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
		if (column->hashed)
		{
			appendStringInfo(&probes, ", {\"probe\": \"distinct\", \"arg\": %d}", input);
			column->distinct = probe++;
		}
		input++;
		if (column->texts)
		{
			appendStringInfo(&probes, ", {\"probe\": \"stats\", \"arg\": %d}", input++);
			appendStringInfo(&inputs, ", pg_catalog.length((%s)::pg_catalog.text)", name);
			column->lengths = probe++;
		}
	}
	spec = quote_literal_cstr(
		psprintf("{\"sample\": 0, \"keys\": [], \"probes\": [%s]}", probes.data));
	return psprintf("datamesh.measure_result(datamesh.measure(%s::pg_catalog.jsonb%s), "
					"%s::pg_catalog.jsonb)",
					spec, inputs.data, spec);
}

/* One pass over the relation, with as many measures as its columns need. */
static char *
profile_query(Oid relation, List *columns, int from, int to)
{
	StringInfoData sql;

	initStringInfo(&sql);
	for (int part = from; part < to; part += COLUMNS_PER_MEASURE)
		appendStringInfo(&sql, "%s%s", part > from ? ", " : "SELECT ",
						 measure_sql(columns, part, Min(part + COLUMNS_PER_MEASURE, to)));
	appendStringInfo(&sql, " FROM %s", relation_sql(relation));
	return sql.data;
}

static JsonbValue *
answer_member(Jsonb *answers, int probe, const char *key)
{
	JsonbContainer *answer = getIthJsonbValueFromContainer(&answers->root, probe)->val.binary.data;
	JsonbValue *value = getKeyJsonValueFromContainer(answer, key, strlen(key), NULL);

	return value != NULL && value->type != jbvNull ? value : NULL;
}

static void
put_count(ProfiledColumn *column, int at, JsonbValue *value)
{
	column->nulls[at] = value == NULL || value->type != jbvNumeric;
	if (!column->nulls[at])
		column->values[at] = DirectFunctionCall1(numeric_int8, NumericGetDatum(value->val.numeric));
}

static void
put_string(ProfiledColumn *column, int at, JsonbValue *value)
{
	column->nulls[at] = value == NULL;
	if (value != NULL && value->type == jbvString)
		column->values[at] =
			PointerGetDatum(cstring_to_text_with_len(value->val.string.val, value->val.string.len));
	else if (value != NULL)
		column->values[at] = CStringGetTextDatum(
			DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric))));
}

static void
put_length(ProfiledColumn *column, int at, JsonbValue *value)
{
	column->nulls[at] = value == NULL || value->type != jbvString;
	if (!column->nulls[at])
		column->values[at] =
			Int32GetDatum(atoi(pnstrdup(value->val.string.val, value->val.string.len)));
}

static void
read_column(ProfiledColumn *column, Jsonb *answers)
{
	int64 rows, nulls;

	column->values[0] = Int32GetDatum(column->attnum);
	column->values[1] = CStringGetTextDatum(column->name);
	column->values[2] = CStringGetTextDatum(format_type_with_typemod(column->type, column->typmod));
	put_count(column, 3, answer_member(answers, column->stats, "rows"));
	put_count(column, 4, answer_member(answers, column->stats, "nulls"));
	rows = column->nulls[3] ? 0 : DatumGetInt64(column->values[3]);
	nulls = column->nulls[4] ? 0 : DatumGetInt64(column->values[4]);
	column->values[5] = DirectFunctionCall2(
		numeric_round,
		DirectFunctionCall1(float8_numeric, Float8GetDatum(rows ? 100.0 * nulls / rows : 0)),
		Int32GetDatum(2));
	column->nulls[6] = true;
	if (column->hashed)
		put_count(column, 6, answer_member(answers, column->distinct, "estimate"));
	column->values[7] = BoolGetDatum(true);
	column->nulls[7] = column->nulls[6];
	put_count(column, 8, answer_member(answers, column->stats, "nans"));
	put_string(column, 9, answer_member(answers, column->stats, "min"));
	put_string(column, 10, answer_member(answers, column->stats, "max"));
	put_string(column, 11, answer_member(answers, column->stats, "mean"));
	put_string(column, 12, answer_member(answers, column->stats, "stddev_samp"));
	column->nulls[13] = column->nulls[14] = column->nulls[15] = true;
	if (column->texts)
	{
		put_length(column, 13, answer_member(answers, column->lengths, "min"));
		put_length(column, 14, answer_member(answers, column->lengths, "max"));
	}
}

/* A part of the blocks of a table, the same every time; elsewhere the first rows. */
static char *
sample_clause(Oid relation)
{
	char relkind = get_rel_relkind(relation);
	double rows = 0;

	if (relkind == RELKIND_RELATION || relkind == RELKIND_MATVIEW)
	{
		Relation rel = table_open(relation, AccessShareLock);

		rows = rel->rd_rel->reltuples;
		table_close(rel, NoLock);
	}
	if (rows <= 2 * SAMPLE_ROWS)
		return "";
	return psprintf(" TABLESAMPLE SYSTEM (%.6f) REPEATABLE (0)", 150.0 * SAMPLE_ROWS / rows);
}

/* Values that a sample has more than once, most frequent first. */
static void
read_common_values(Oid relation, List *columns, int from, int to)
{
	StringInfoData sql, names;

	initStringInfo(&sql);
	initStringInfo(&names);
	for (int i = from; i < to; i++)
	{
		ProfiledColumn *column = list_nth(columns, i);

		appendStringInfo(&names, "%s(%s)::pg_catalog.text AS c%d", i > from ? ", " : "",
						 quote_identifier(column->name), i);
		appendStringInfo(
			&sql,
			"%s(SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('value', v, 'rows', n) "
			"ORDER BY n DESC, v COLLATE \"C\") FROM (SELECT c%d AS v, pg_catalog.count(*) AS n "
			"FROM s "
			"WHERE c%d IS NOT NULL GROUP BY c%d HAVING pg_catalog.count(*) > 1 ORDER BY n DESC, "
			"c%d COLLATE \"C\" LIMIT %d) AS f)",
			i > from ? ", " : "", i, i, i, i, COMMON_VALUES);
	}
	run_query(psprintf("WITH s AS MATERIALIZED (SELECT %s FROM %s%s LIMIT %d) SELECT %s",
					   names.data, relation_sql(relation), sample_clause(relation), SAMPLE_ROWS,
					   sql.data));
	for (int i = from; i < to; i++)
	{
		ProfiledColumn *column = list_nth(columns, i);
		bool isnull;
		Datum common = DmSpiDatum(0, i - from + 1, &isnull);

		column->nulls[15] = isnull;
		if (!isnull)
			column->values[15] = PointerGetDatum(DatumGetJsonbPCopy(common));
	}
	SPI_freetuptable(SPI_tuptable);
}

static void
profile_columns(Oid relation, List *columns, int from, int to)
{
	Jsonb **answers = palloc(sizeof(Jsonb *) * (to - from));
	int parts = 0;

	run_query(profile_query(relation, columns, from, to));
	for (int part = from; part < to; part += COLUMNS_PER_MEASURE)
	{
		bool isnull;
		Datum answer = DmSpiDatum(0, ++parts, &isnull);

		answers[parts - 1] = DatumGetJsonbPCopy(answer);
	}
	SPI_freetuptable(SPI_tuptable);
	for (int i = from; i < to; i++)
		read_column(list_nth(columns, i), answers[(i - from) / COLUMNS_PER_MEASURE]);
	for (int part = from; part < to; part += COLUMNS_PER_MEASURE)
		read_common_values(relation, columns, part, Min(part + COLUMNS_PER_MEASURE, to));
}

/* As many as the memory of a hash table holds measures of. */
static int
columns_per_pass(void)
{
	int measures = get_hash_memory_limit() / (COLUMNS_PER_MEASURE * COLUMN_MEMORY);

	return Max(1, Min(measures, MaxTupleAttributeNumber)) * COLUMNS_PER_MEASURE;
}

Datum
dm_quality_profile(PG_FUNCTION_ARGS)
{
	Oid relation = PG_GETARG_OID(0);
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	List *columns;
	ListCell *cell;
	int at_once = columns_per_pass();
	DmIdentity saved;

	InitMaterializedSRF(fcinfo, 0);
	DmBecomeReader(&saved, relation);
	SPI_connect();
	DmRequireReadable(relation);
	columns = columns_of(relation);
	for (int from = 0; from < list_length(columns); from += at_once)
	{
		CHECK_FOR_INTERRUPTS();
		profile_columns(relation, columns, from, Min(from + at_once, list_length(columns)));
	}
	foreach (cell, columns)
	{
		ProfiledColumn *column = lfirst(cell);

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, column->values, column->nulls);
	}
	SPI_finish();
	DmIdentityRestore(&saved);
	return (Datum) 0;
}
