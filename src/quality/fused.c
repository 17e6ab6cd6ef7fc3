/*-------------------------------------------------------------------------
 *
 * fused.c
 *		The one pass: checks become probes of datamesh.measure, and its answers
 *		become their figures.
 *
 * Only columns that a probe needs are inputs, each once.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/session.h"
#include "quality/plan.h"

/* The number of an input, added if no probe has needed it before. */
static int
input_number(DmPass *pass, const char *sql)
{
	ListCell *cell;

	foreach (cell, pass->inputs)
		if (strcmp(lfirst(cell), sql) == 0)
			return foreach_current_index(cell);
	pass->inputs = lappend(pass->inputs, pstrdup(sql));
	return list_length(pass->inputs) - 1;
}

/* The column as a value of its base type: a measure knows no domains. */
char *
DmColumnBaseSql(const DmQualityPlan *plan, const DmColumn *column)
{
	const char *name = DmColumnSql(plan, column);

	if (column->base_type == column->type)
		return pstrdup(name);
	return psprintf("(%s)::%s", name,
					format_type_extended(column->base_type, column->base_typmod,
										 FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
}

static int
column_input(const DmQualityPlan *plan, DmPass *pass, const DmColumn *column)
{
	return input_number(pass, DmColumnBaseSql(plan, column));
}

/*
 * Probes, as text of JSON.
 */
static void
open_probe(DmPass *pass, const char *name)
{
	appendStringInfo(&pass->probes, "%s{\"probe\": \"%s\"", pass->probe_count++ ? ", " : "", name);
}

static void
close_probe(const DmQualityPlan *plan, DmPass *pass, const DmPlanItem *item)
{
	char *filter = DmConditionSql(plan, item, false);

	if (filter != NULL)
		appendStringInfo(&pass->probes, ", \"filter\": %d", input_number(pass, filter));
	appendStringInfoChar(&pass->probes, '}');
}

static void
probe_text(DmPass *pass, const char *key, const char *text)
{
	if (text == NULL)
		return;
	appendStringInfo(&pass->probes, ", \"%s\": ", key);
	escape_json(&pass->probes, text);
}

static void
probe_values(DmPass *pass, List *values)
{
	ListCell *cell;

	appendStringInfoString(&pass->probes, ", \"values\": [");
	foreach (cell, values)
	{
		if (foreach_current_index(cell) > 0)
			appendStringInfoString(&pass->probes, ", ");
		escape_json(&pass->probes, ((DmScalar *) lfirst(cell))->text);
	}
	appendStringInfoChar(&pass->probes, ']');
}

static char *
valid_input_sql(const DmQualityPlan *plan, const DmPlanItem *item)
{
	DmColumn *column = linitial(item->columns);

	if (item->value_type == column->base_type)
		return DmColumnBaseSql(plan, column);
	return psprintf("(%s)::%s", DmColumnSql(plan, column),
					format_type_extended(item->value_type, -1, FORMAT_TYPE_FORCE_QUALIFY));
}

static void
add_valid_probe(const DmQualityPlan *plan, DmPass *pass, const DmPlanItem *item)
{
	const DmCheck *check = item->check;

	appendStringInfo(&pass->probes, ", \"arg\": %d",
					 input_number(pass, valid_input_sql(plan, item)));
	if (check->values != NIL)
		probe_values(pass, check->values);
	probe_text(pass, "pattern", check->pattern);
	probe_text(pass, "min", check->min.text);
	probe_text(pass, "max", check->max.text);
	probe_text(pass, "multiple_of", check->multiple_of);
	if (check->exclusive_min)
		appendStringInfoString(&pass->probes, ", \"exclusive_min\": true");
	if (check->exclusive_max)
		appendStringInfoString(&pass->probes, ", \"exclusive_max\": true");
	if (check->min_length >= 0)
		appendStringInfo(&pass->probes, ", \"min_length\": %d", check->min_length);
	if (check->max_length >= 0)
		appendStringInfo(&pass->probes, ", \"max_length\": %d", check->max_length);
}

static void
add_unique_probe(const DmQualityPlan *plan, DmPass *pass, const DmPlanItem *item)
{
	ListCell *cell;

	appendStringInfoString(&pass->probes, ", \"args\": [");
	foreach (cell, item->columns)
		appendStringInfo(&pass->probes, "%s%d", foreach_current_index(cell) ? ", " : "",
						 column_input(plan, pass, lfirst(cell)));
	appendStringInfo(&pass->probes, "], \"nulls_distinct\": %s",
					 item->check->nulls_distinct ? "true" : "false");
}

static char *
freshness_sql(const DmQualityPlan *plan, const DmPlanItem *item)
{
	DmColumn *column = linitial(item->columns);
	const char *name = DmColumnSql(plan, column);

	if (column->base_type == TIMESTAMPTZOID)
		return DmColumnBaseSql(plan, column);
	return psprintf("pg_catalog.timezone(%s, (%s)::pg_catalog.timestamp)",
					quote_literal_cstr(item->check->timezone), name);
}

/* Two probes: the newest of all, and the newest that is not in the future. */
static void
add_freshness_probes(const DmQualityPlan *plan, DmPass *pass, const DmPlanItem *item)
{
	char *value = freshness_sql(plan, item);
	char *where = DmConditionSql(plan, item, false);
	int input = input_number(pass, value);
	char *now =
		DatumGetCString(DirectFunctionCall1(timestamptz_out, TimestampTzGetDatum(plan->now)));
	char *past =
		psprintf("(%s <= %s::pg_catalog.timestamptz + %s::pg_catalog.interval%s%s)", value,
				 quote_literal_cstr(now),
				 quote_literal_cstr(item->check->max_future ? item->check->max_future : "0 s"),
				 where ? " AND " : "", where ? where : "");

	open_probe(pass, "stats");
	appendStringInfo(&pass->probes, ", \"arg\": %d", input);
	close_probe(plan, pass, item);
	open_probe(pass, "stats");
	appendStringInfo(&pass->probes, ", \"arg\": %d, \"filter\": %d}", input,
					 input_number(pass, past));
}

static void
add_probes(const DmQualityPlan *plan, DmPass *pass, DmPlanItem *item)
{
	DmColumn *column = item->columns != NIL ? linitial(item->columns) : NULL;
	const char *name;

	item->probe = pass->probe_count;
	switch (item->check->kind)
	{
		case DM_KIND_NULLS:
			name = "nulls";
			break;
		case DM_KIND_MISSING:
			name = "missing";
			break;
		case DM_KIND_INVALID:
			name = "valid";
			break;
		case DM_KIND_ROW_CONDITION:
			name = "true";
			break;
		case DM_KIND_DUPLICATES:
			name = "unique";
			break;
		case DM_KIND_STATISTIC:
			name = "stats";
			break;
		case DM_KIND_DISTINCT:
			name = "distinct";
			break;
		case DM_KIND_ROW_COUNT:
			name = "rows";
			break;
		default:
			add_freshness_probes(plan, pass, item);
			return;
	}
	open_probe(pass, name);
	switch (item->check->kind)
	{
		case DM_KIND_ROW_CONDITION:
			appendStringInfo(&pass->probes, ", \"arg\": %d",
							 input_number(pass, DmConditionSql(plan, item, true)));
			break;
		case DM_KIND_INVALID:
			add_valid_probe(plan, pass, item);
			break;
		case DM_KIND_DUPLICATES:
			add_unique_probe(plan, pass, item);
			break;
		case DM_KIND_ROW_COUNT:
			break;
		default:
			appendStringInfo(&pass->probes, ", \"arg\": %d", column_input(plan, pass, column));
			if (item->check->kind == DM_KIND_MISSING)
				probe_values(pass, item->check->values);
			break;
	}
	close_probe(plan, pass, item);
}

/* Columns that tell failing rows: those of the plan, else of the checks of this pass. */
static void
add_keys(const DmQualityPlan *plan, DmPass *pass, StringInfo spec)
{
	ListCell *cell;
	int sample = 0;

	foreach (cell, pass->items)
	{
		DmPlanItem *item = lfirst(cell);

		if (!DmCheckIsSampled(item->check))
			continue;
		sample = Max(sample, DmSampleSize(item->check));
		pass->keys = plan->sampled != NIL ? plan->sampled
										  : DmColumnsUnite(pass->keys, DmKeyColumns(plan, item));
	}
	appendStringInfo(spec, "{\"sample\": %d, \"keys\": [", sample);
	foreach (cell, pass->keys)
	{
		int number = column_input(plan, pass, lfirst(cell));

		pass->key_inputs = lappend_int(pass->key_inputs, number);
		appendStringInfo(spec, "%s%d", foreach_current_index(cell) ? ", " : "", number);
	}
	appendStringInfoString(spec, "]");
}

DmPass *
DmPassCompile(DmQualityPlan *plan, List *items, List *group_by)
{
	DmPass *pass = palloc0(sizeof(DmPass));
	StringInfoData spec;
	ListCell *cell;

	pass->items = items;
	pass->group_by = group_by;
	initStringInfo(&pass->probes);
	foreach (cell, items)
		add_probes(plan, pass, lfirst(cell));
	initStringInfo(&spec);
	add_keys(plan, pass, &spec);
	if (group_by != NIL)
		appendStringInfo(&spec, ", \"groups\": %d", MOST_GROUPS);
	appendStringInfo(&spec, ", \"probes\": [%s]}", pass->probes.data);
	pass->spec = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(spec.data)));
	return pass;
}

/* Inputs that a check can need at most, beside the plan's sampled columns. */
int
DmInputsAtMost(const DmQualityPlan *plan, const DmPlanItem *item)
{
	int keys = plan->sampled != NIL ? 0 : list_length(DmKeyColumns(plan, item));

	return keys + list_length(item->columns) + 2;
}

#define MOST_INPUTS 96

List *
DmPassSplit(DmQualityPlan *plan, List *items, List *group_by)
{
	List *parts = NIL;
	List *some = NIL;
	int inputs = list_length(plan->sampled);
	ListCell *cell;

	foreach (cell, items)
	{
		int more = DmInputsAtMost(plan, lfirst(cell));

		if (some != NIL && inputs + more > MOST_INPUTS)
		{
			parts = lappend(parts, DmPassCompile(plan, some, group_by));
			some = NIL;
			inputs = list_length(plan->sampled);
		}
		some = lappend(some, lfirst(cell));
		inputs += more;
	}
	return lappend(parts, DmPassCompile(plan, some, group_by));
}

/* The unique probes of a pass need one; NULL if there are none. */
DmExchange *
DmPassExchange(List *parts)
{
	int unique = 0;
	ListCell *part;
	ListCell *cell;

	foreach (part, parts)
		foreach (cell, ((DmPass *) lfirst(part))->items)
			unique += ((DmPlanItem *) lfirst(cell))->check->kind == DM_KIND_DUPLICATES;
	return unique > 0 ? DmExchangeCreate(unique) : NULL;
}

/* The specification; an exchange is known to one run only. */
char *
DmPassSpec(const DmPass *pass, const DmExchange *exchange)
{
	char *spec = JsonbToCString(NULL, &pass->spec->root, VARSIZE(pass->spec));

	if (exchange == NULL)
		return spec;
	return psprintf("{\"exchange\": %u, %s", DmExchangeHandle(exchange), spec + 1);
}

static void
append_measure(StringInfo sql, const DmPass *pass, const DmExchange *exchange)
{
	ListCell *cell;

	appendStringInfo(sql, "datamesh.measured(%s::pg_catalog.jsonb",
					 quote_literal_cstr(DmPassSpec(pass, exchange)));
	foreach (cell, pass->inputs)
		appendStringInfo(sql, ", %s", (char *) lfirst(cell));
	if (pass->inputs == NIL)
		appendStringInfoString(sql, ", NULL::pg_catalog.bool"); /* "any" is at least one */
	appendStringInfoChar(sql, ')');
}

char *
DmPassQuery(const DmQualityPlan *plan, List *parts, const DmExchange *exchange)
{
	List *group_by = ((DmPass *) linitial(parts))->group_by;
	StringInfoData sql;
	StringInfoData groups;
	ListCell *cell;

	initStringInfo(&groups);
	foreach (cell, group_by)
		appendStringInfo(&groups, "%s%s", foreach_current_index(cell) ? ", " : "",
						 DmColumnSql(plan, lfirst(cell)));
	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT %s", groups.data);
	foreach (cell, parts)
	{
		if (group_by != NIL || cell != list_head(parts))
			appendStringInfoString(&sql, ", ");
		append_measure(&sql, lfirst(cell), exchange);
	}
	appendStringInfo(&sql, " FROM %s", DmReadingSql(plan));
	if (group_by != NIL)
		appendStringInfo(&sql, " GROUP BY %s LIMIT %d", groups.data, MOST_GROUPS + 1);
	return sql.data;
}

/*
 * Answers.
 */
static JsonbValue *
member(JsonbContainer *object, const char *key)
{
	JsonbValue *value = getKeyJsonValueFromContainer(object, key, strlen(key), NULL);

	return value != NULL && value->type != jbvNull ? value : NULL;
}

static int64
member_count(JsonbContainer *object, const char *key)
{
	JsonbValue *value = member(object, key);

	if (value == NULL || value->type != jbvNumeric)
		return 0;
	return DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(value->val.numeric)));
}

static char *
member_text(JsonbContainer *object, const char *key)
{
	JsonbValue *value = member(object, key);

	if (value == NULL)
		return NULL;
	if (value->type == jbvString)
		return pnstrdup(value->val.string.val, value->val.string.len);
	if (value->type == jbvNumeric)
		return DatumGetCString(
			DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	return NULL;
}

static bool
member_is_true(JsonbContainer *object, const char *key)
{
	JsonbValue *value = member(object, key);

	return value != NULL && value->type == jbvBool && value->val.boolean;
}

/* One sampled row: {"0": "text"} by input number becomes {"name": "text"} of the check's key. */
static Jsonb *
key_of_row(DmQualityPlan *plan, DmPass *pass, DmPlanItem *item, JsonbContainer *row)
{
	JsonbParseState *state = NULL;
	ListCell *cell;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	foreach (cell, DmKeyColumns(plan, item))
	{
		DmColumn *column = lfirst(cell);
		JsonbValue name = {.type = jbvString};
		JsonbValue null = {.type = jbvNull};
		JsonbValue *value;
		int number = column_input(plan, pass, column);

		name.val.string.val = column->name;
		name.val.string.len = strlen(column->name);
		value = member(row, psprintf("%d", number));
		pushJsonbValue(&state, WJB_KEY, &name);
		pushJsonbValue(&state, WJB_VALUE, value != NULL ? value : &null);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* Without a key of the rows, many rows may look the same by what the check is about. */
static bool
is_among(List *keys, Jsonb *key)
{
	ListCell *cell;

	foreach (cell, keys)
		if (compareJsonbContainers(&((Jsonb *) lfirst(cell))->root, &key->root) == 0)
			return true;
	return false;
}

static Jsonb *
array_of_keys(List *keys)
{
	JsonbParseState *state = NULL;
	ListCell *cell;

	if (keys == NIL)
		return NULL;
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	foreach (cell, keys)
	{
		JsonbValue key;

		JsonbToJsonbValue(lfirst(cell), &key);
		pushJsonbValue(&state, WJB_ELEM, &key);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
}

static Jsonb *
read_keys(DmQualityPlan *plan, DmPass *pass, DmPlanItem *item, JsonbContainer *answer)
{
	JsonbValue *rows = member(answer, "keys");
	List *keys = NIL;
	int count;

	if (rows == NULL || rows->type != jbvBinary || DmKeyColumns(plan, item) == NIL)
		return NULL;
	count = Min(JsonContainerSize(rows->val.binary.data), DmSampleSize(item->check));
	for (int i = 0; i < count; i++)
	{
		JsonbValue *row = getIthJsonbValueFromContainer(rows->val.binary.data, i);
		Jsonb *key = key_of_row(plan, pass, item, row->val.binary.data);

		if (!is_among(keys, key))
			keys = lappend(keys, key);
	}
	return array_of_keys(keys);
}

/*
 * Hashes met more than once are looked at by a query of their own (to confirm
 * them, or at least to name keys); an overflowing key is asked anew by another
 * road.
 */
static void
read_unique(DmPlanItem *item, JsonbContainer *answer, char *group)
{
	JsonbValue *hashes = member(answer, "hashes");
	int64 candidates = member_count(answer, "candidates");
	int64 excess = member_count(answer, "excess");
	bool exact = member_is_true(answer, "exact") || candidates == 0;
	DmOutcome *outcome;
	StringInfoData list;
	int listed = 0;

	item->rows_seen = member_count(answer, "rows");
	if (member_is_true(answer, "overflow"))
	{
		item->road = DM_ROAD_OWN;
		item->candidates = "";
		return;
	}
	if (exact)
	{
		outcome = DmOutcomeAdd(item);
		outcome->group = group;
		outcome->rows = item->rows_seen;
		outcome->failing = excess;
	}
	if (candidates == 0 && excess == 0)
		return;
	initStringInfo(&list);
	if (candidates == 0)
		appendStringInfoString(&list, DM_NULLS_ONLY);
	if (hashes != NULL && hashes->type == jbvBinary)
		listed = JsonContainerSize(hashes->val.binary.data);
	for (int i = 0; i < listed && (exact || listed == candidates); i++)
	{
		JsonbValue *hash = getIthJsonbValueFromContainer(hashes->val.binary.data, i);

		appendStringInfo(&list, "%s%.*s", i ? "," : "", hash->val.string.len, hash->val.string.val);
	}
	item->candidates = list.data;
	item->sample_wanted = exact;
}

static bool
read_timestamp(JsonbContainer *answer, TimestampTz *value)
{
	char *text = member_text(answer, "max");

	if (text == NULL)
		return false;
	*value = DatumGetTimestampTz(DirectFunctionCall3(
		timestamptz_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	return true;
}

/*
 * The newest timestamp that is not too far in the future, seen from now: a
 * source that reads the clock makes values younger than the plan.
 */
static void
read_freshness(DmQualityPlan *plan, DmPlanItem *item, JsonbContainer *all, JsonbContainer *past,
			   DmOutcome *outcome)
{
	TimestampTz newest;
	TimestampTz limit = GetCurrentTimestamp();

	outcome->rows = member_count(all, "rows");
	outcome->failing = 0;
	if (!read_timestamp(all, &newest))
		return;
	if (item->check->max_future != NULL)
		limit = DatumGetTimestampTz(DirectFunctionCall2(
			timestamptz_pl_interval, TimestampTzGetDatum(limit),
			DirectFunctionCall3(interval_in, CStringGetDatum(item->check->max_future),
								ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1))));
	outcome->has_newest = true;
	outcome->newest = newest;
	if (newest <= limit)
		return;
	outcome->failing = outcome->rows - member_count(all, "nulls") - member_count(past, "rows");
	outcome->has_newest = read_timestamp(past, &outcome->newest);
}

static void
read_answer(DmQualityPlan *plan, DmPass *pass, DmPlanItem *item, JsonbContainer *answers,
			char *group)
{
	JsonbContainer *answer = getIthJsonbValueFromContainer(answers, item->probe)->val.binary.data;
	DmOutcome *outcome;

	item->measured = true;
	item->error = member_text(answer, "error");
	if (item->error != NULL)
		return;
	if (item->check->kind == DM_KIND_DUPLICATES)
	{
		read_unique(item, answer, group);
		return;
	}
	/* (the scan has the groups of all rows, whatever the filters of its checks) */
	if (item->group_by != NIL && member_count(answer, "rows") == 0)
		return;
	outcome = DmOutcomeAdd(item);
	outcome->group = group;
	outcome->rows = member_count(answer, "rows");
	switch (item->check->kind)
	{
		case DM_KIND_ROW_COUNT:
			outcome->metric = psprintf(INT64_FORMAT, outcome->rows);
			break;
		case DM_KIND_STATISTIC:
			outcome->metric = member_text(answer, strcmp(item->check->statistic, "mean") == 0
													  ? "mean"
													  : item->check->statistic);
			break;
		case DM_KIND_DISTINCT:
			outcome->metric = member_text(answer, "estimate");
			break;
		case DM_KIND_FRESHNESS:
			read_freshness(plan, item, answer,
						   getIthJsonbValueFromContainer(answers, item->probe + 1)->val.binary.data,
						   outcome);
			break;
		default:
			outcome->failing = member_count(answer, "failing");
			outcome->nans = member_count(answer, "nans");
			outcome->keys = read_keys(plan, pass, item, answer);
			break;
	}
}

void
DmPassRead(DmQualityPlan *plan, DmPass *pass, Jsonb *results, char *group)
{
	ListCell *cell;

	foreach (cell, pass->items)
		read_answer(plan, pass, lfirst(cell), &results->root, group);
}

/* An aggregate over no rows is null; a measure of no rows is not. */
static Jsonb *
answers_at(uint64 row, int column, const DmPass *pass)
{
	bool isnull;
	Datum answers = DmSpiDatum(row, column, &isnull);

	return isnull ? DmMeasureEmptyResult(pass->spec) : DatumGetJsonbPCopy(answers);
}

void
DmPassRun(DmQualityPlan *plan, List *parts)
{
	DmPass *first = linitial(parts);
	int groups = list_length(first->group_by);
	ListCell *cell;
	ListCell *inner;
	DmExchange *exchange = DmPassExchange(parts);

	DmRead(plan, DmPassQuery(plan, parts, exchange));
	if (exchange != NULL)
		DmExchangeDrop(exchange);
	if (first->group_by != NIL)
		DmRequireFewGroups(SPI_processed);
	for (uint64 row = 0; row < SPI_processed; row++)
		foreach (cell, parts)
			DmPassRead(plan, lfirst(cell),
					   answers_at(row, groups + foreach_current_index(cell) + 1, lfirst(cell)),
					   DmGroupText(first->group_by, row));
	SPI_freetuptable(SPI_tuptable);
	foreach (cell, parts)
		foreach (inner, ((DmPass *) lfirst(cell))->items)
			((DmPlanItem *) lfirst(inner))->measured = true;
}
