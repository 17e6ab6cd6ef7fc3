/*-------------------------------------------------------------------------
 *
 * result.c
 *		Figures held against thresholds, and said in a sentence.
 *
 * Kept true: comparisons are made in numeric, never in floating point, so that
 * a figure exactly at its threshold is at its threshold.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "base/compat.h"
#include "base/json.h"
#include "quality/plan.h"

static Datum
number(const char *text)
{
	return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid),
							   Int32GetDatum(-1));
}

static char *
number_text(Datum value)
{
	return DatumGetCString(
		DirectFunctionCall1(numeric_out, DirectFunctionCall1(numeric_trim_scale, value)));
}

/* 100 * part / whole; of nothing, 0. */
static char *
percentage(int64 part, int64 whole)
{
	Datum product;

	if (whole <= 0)
		return pstrdup("0");
	product = DirectFunctionCall2(
		numeric_mul, DirectFunctionCall1(int8_numeric, Int64GetDatum(part)), number("100"));
	return number_text(DirectFunctionCall2(
		numeric_div, product, DirectFunctionCall1(int8_numeric, Int64GetDatum(whole))));
}

/* 1 - nulls / rows; of nothing, 0. */
static char *
completeness(int64 nulls, int64 rows)
{
	if (rows <= 0)
		return pstrdup("0");
	return number_text(DirectFunctionCall2(
		numeric_div, DirectFunctionCall1(int8_numeric, Int64GetDatum(rows - nulls)),
		DirectFunctionCall1(int8_numeric, Int64GetDatum(rows))));
}

/*
 * Comparison of the figure with a bound: numbers as numbers, anything else
 * (the smallest date of a column, say) by the order of its type.
 */
static int
compare_figure(const DmPlanItem *item, const char *figure, const char *bound)
{
	Oid type = NUMERICOID;
	TypeCacheEntry *entry;
	Oid input, ioparam;
	Datum a, b;

	if (item->check->kind == DM_KIND_STATISTIC)
	{
		type = ((DmColumn *) linitial(item->columns))->base_type;
		if (TypeCategory(type) == TYPCATEGORY_NUMERIC ||
			strcmp(item->check->statistic, "entropy") == 0)
			type = NUMERICOID;
	}
	if (type == NUMERICOID)
		return DatumGetInt32(DirectFunctionCall2(numeric_cmp, number(figure), number(bound)));
	entry = lookup_type_cache(type, TYPECACHE_CMP_PROC_FINFO);
	getTypeInputInfo(type, &input, &ioparam);
	a = OidInputFunctionCall(input, pstrdup(figure), ioparam, -1);
	b = OidInputFunctionCall(input, pstrdup(bound), ioparam, -1);
	return DatumGetInt32(FunctionCall2Coll(
		&entry->cmp_proc_finfo, ((DmColumn *) linitial(item->columns))->collation, a, b));
}

/* NaN is in no range and equals no bound. */
bool
DmOperatorHolds(const DmPlanItem *item, const char *figure)
{
	const DmCheck *check = item->check;
	bool nan = strcmp(figure, "NaN") == 0;
	int low;

	if (check->op == DM_OP_NONE)
		return true;
	if (nan)
		return check->op == DM_OP_NE || check->op == DM_OP_NOT_BETWEEN;
	low = compare_figure(item, figure, check->bound[0].text);
	switch (check->op)
	{
		case DM_OP_EQ:
			return low == 0;
		case DM_OP_NE:
			return low != 0;
		case DM_OP_GT:
			return low > 0;
		case DM_OP_GE:
			return low >= 0;
		case DM_OP_LT:
			return low < 0;
		case DM_OP_LE:
			return low <= 0;
		case DM_OP_BETWEEN:
			return low >= 0 && compare_figure(item, figure, check->bound[1].text) <= 0;
		case DM_OP_NOT_BETWEEN:
			return low < 0 || compare_figure(item, figure, check->bound[1].text) > 0;
		case DM_OP_NONE:
			break;
	}
	return true;
}

static char *
threshold_text(const DmCheck *check)
{
	const char *unit = check->percent ? " %" : "";
	const char *low = check->bound[0].text;

	switch (check->op)
	{
		case DM_OP_NONE:
			return NULL;
		case DM_OP_EQ:
			return psprintf("= %s%s", low, unit);
		case DM_OP_NE:
			return psprintf("<> %s%s", low, unit);
		case DM_OP_GT:
			return psprintf("> %s%s", low, unit);
		case DM_OP_GE:
			return psprintf(">= %s%s", low, unit);
		case DM_OP_LT:
			return psprintf("< %s%s", low, unit);
		case DM_OP_LE:
			return psprintf("<= %s%s", low, unit);
		case DM_OP_BETWEEN:
			return psprintf("between %s and %s%s", low, check->bound[1].text, unit);
		case DM_OP_NOT_BETWEEN:
			return psprintf("not between %s and %s%s", low, check->bound[1].text, unit);
	}
	return NULL;
}

/* ", at most 0 allowed": what a sentence about the figure ends with. */
static char *
expectation(const DmCheck *check)
{
	const char *unit = check->percent ? " %" : "";
	const char *low = check->bound[0].text;
	bool counts_faults = check->kind != DM_KIND_ROW_COUNT && check->kind != DM_KIND_SQL &&
						 check->kind != DM_KIND_STATISTIC && check->kind != DM_KIND_DISTINCT &&
						 !check->completeness;

	switch (check->op)
	{
		case DM_OP_NONE:
			return "";
		case DM_OP_EQ:
			if (counts_faults && strcmp(low, "0") == 0)
				return psprintf(", at most 0%s allowed", unit);
			return psprintf(", exactly %s%s expected", low, unit);
		case DM_OP_NE:
			return psprintf(", anything but %s%s expected", low, unit);
		case DM_OP_GT:
			return psprintf(", more than %s%s expected", low, unit);
		case DM_OP_GE:
			return psprintf(", at least %s%s expected", low, unit);
		case DM_OP_LT:
			return psprintf(", less than %s%s %s", low, unit,
							counts_faults ? "allowed" : "expected");
		case DM_OP_LE:
			return psprintf(", at most %s%s %s", low, unit, counts_faults ? "allowed" : "expected");
		case DM_OP_BETWEEN:
			return psprintf(", between %s and %s%s expected", low, check->bound[1].text, unit);
		case DM_OP_NOT_BETWEEN:
			return psprintf(", not between %s and %s%s expected", low, check->bound[1].text, unit);
	}
	return "";
}

static char *
column_list(const DmCheck *check)
{
	StringInfoData text;
	ListCell *cell;

	if (check->column_names == NIL)
		return NULL;
	initStringInfo(&text);
	foreach (cell, check->column_names)
		appendStringInfo(&text, "%s%s", foreach_current_index(cell) ? ", " : "",
						 (char *) lfirst(cell));
	return text.data;
}

/*
 * The figure of an outcome.
 */
static char *
figure_of(const DmPlanItem *item, const DmOutcome *outcome)
{
	if (outcome->metric != NULL || outcome->failing < 0)
		return outcome->metric;
	if (item->check->completeness)
		return outcome->rows < 0 ? pstrdup("1") : completeness(outcome->failing, outcome->rows);
	if (item->check->percent)
		return percentage(outcome->failing, outcome->rows);
	return psprintf(INT64_FORMAT, outcome->failing);
}

/* The same as it is shown: the least text of a column may be long. */
static char *
figure_shown(const DmPlanItem *item, const DmOutcome *outcome)
{
	char *figure = figure_of(item, outcome);

	if (figure == NULL || item->check->kind != DM_KIND_STATISTIC ||
		TypeCategory(((DmColumn *) linitial(item->columns))->base_type) == TYPCATEGORY_NUMERIC)
		return figure;
	return DmValueText(figure);
}

/* max + age against now: '1 month' is a month, not 30 days */
static bool
is_fresh(const DmCheck *check, TimestampTz newest, TimestampTz now)
{
	Datum age, end;

	if (check->max_age == NULL || TIMESTAMP_IS_NOEND(newest))
		return true;
	if (TIMESTAMP_IS_NOBEGIN(newest))
		return false;
	age = DirectFunctionCall3(interval_in, CStringGetDatum(check->max_age),
							  ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	end = DirectFunctionCall2(timestamptz_pl_interval, TimestampTzGetDatum(newest), age);
	return DatumGetTimestampTz(end) >= now;
}

static DmCheckStatus
judge_freshness(const DmQualityPlan *plan, const DmPlanItem *item, const DmOutcome *outcome)
{
	if (outcome->failing > 0 && item->check->max_future != NULL)
		return DM_CHECK_FAIL;
	if (!outcome->has_newest)
		return item->check->on_empty;
	return is_fresh(item->check, outcome->newest, plan->now) ? DM_CHECK_PASS : DM_CHECK_FAIL;
}

static DmCheckStatus
judge(const DmQualityPlan *plan, const DmPlanItem *item, const DmOutcome *outcome)
{
	char *figure;

	if (item->check->kind == DM_KIND_FRESHNESS)
		return judge_freshness(plan, item, outcome);
	figure = figure_of(item, outcome);
	if (item->check->op == DM_OP_NONE)
		return DM_CHECK_PASS;
	return figure != NULL && DmOperatorHolds(item, figure) ? DM_CHECK_PASS : DM_CHECK_FAIL;
}

/*
 * Sentences.
 */
/* What failing rows do: "has no a" of one, "have no a" of several. */
static char *
failing_phrase(const DmPlanItem *item, bool one)
{
	const char *columns = column_list(item->check);
	const char *have = one ? "has" : "have";

	switch (item->check->kind)
	{
		case DM_KIND_NULLS:
		case DM_KIND_MISSING:
			return psprintf("%s no %s", have, columns);
		case DM_KIND_INVALID:
			return psprintf("%s an invalid %s", have, columns);
		case DM_KIND_DUPLICATES:
			return psprintf("%s the %s of another row", one ? "repeats" : "repeat", columns);
		case DM_KIND_ORPHANS:
			return psprintf("%s no match for %s in \"%s\"", have, columns, item->check->ref_table);
		case DM_KIND_NO_OVERLAP:
			return psprintf(
				"%s another row's interval (%s)%s", one ? "overlaps" : "overlap", columns,
				item->check->gaps ? "" : (one ? " or leaves a gap" : " or leave a gap"));
		default:
			return psprintf("%s the condition", one ? "breaks" : "break");
	}
}

static char *
short_percentage(int64 part, int64 whole)
{
	return psprintf("%.4g", whole > 0 ? 100.0 * part / whole : 0.0);
}

static char *
failing_sentence(const DmPlanItem *item, const DmOutcome *outcome)
{
	bool one = outcome->failing == 1 || outcome->rows == 1;
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, INT64_FORMAT, outcome->failing);
	if (outcome->rows >= 0)
		appendStringInfo(&text, " of " INT64_FORMAT, outcome->rows);
	appendStringInfo(&text, " %s %s",
					 (outcome->rows >= 0 ? outcome->rows == 1 : one) ? "row" : "rows",
					 failing_phrase(item, one));
	if (outcome->rows >= 0)
		appendStringInfo(&text, " (%s %%)", short_percentage(outcome->failing, outcome->rows));
	if (outcome->nans > 0 && item->check->kind == DM_KIND_INVALID)
		appendStringInfo(&text, ", " INT64_FORMAT " of them NaN", outcome->nans);
	if (item->check->completeness)
		appendStringInfo(&text, ", completeness %s", figure_of(item, outcome));
	return psprintf("%s%s", text.data, expectation(item->check));
}

static char *
proved_sentence(const DmPlanItem *item, const DmOutcome *outcome)
{
	if (item->check->completeness && outcome->rows == 0)
		return "the relation is empty, and completeness of nothing counts as 0";
	return psprintf("0 rows %s%s", failing_phrase(item, false),
					item->check->completeness ? "" : expectation(item->check));
}

/* "3 days 4 hours": the two largest units, whatever IntervalStyle says. */
static char *
age_text(int64 microseconds)
{
	static const struct
	{
		const char *name;
		int64 length;
	} units[] = {{"day", USECS_PER_DAY},
				 {"hour", USECS_PER_HOUR},
				 {"minute", USECS_PER_MINUTE},
				 {"second", USECS_PER_SEC}};
	StringInfoData text;
	int told = 0;

	initStringInfo(&text);
	for (int i = 0; i < lengthof(units) && told < 2; i++)
	{
		int64 count = microseconds / units[i].length;

		microseconds %= units[i].length;
		if (told > 0)
			told++; /* what follows the largest unit is the last one, if there is any of it */
		if (count == 0 && (told > 0 || i < lengthof(units) - 1))
			continue;
		appendStringInfo(&text, "%s" INT64_FORMAT " %s%s", told > 0 ? " " : "", count,
						 units[i].name, count == 1 ? "" : "s");
		told = Max(told, 1);
	}
	return text.data;
}

static char *
freshness_sentence(const DmQualityPlan *plan, const DmPlanItem *item, const DmOutcome *outcome)
{
	const char *column = linitial(item->check->column_names);
	StringInfoData text;

	initStringInfo(&text);
	if (!outcome->has_newest)
		appendStringInfo(&text, "no row has a %s%s", column,
						 outcome->failing > 0 ? " that is not in the future" : "");
	else if (TIMESTAMP_NOT_FINITE(outcome->newest))
		appendStringInfo(&text, "the newest %s is %s", column,
						 TIMESTAMP_IS_NOEND(outcome->newest) ? "infinity" : "-infinity");
	else
		appendStringInfo(&text, "the newest %s is %s old", column,
						 age_text(Max(plan->now - outcome->newest, 0)));
	if (item->check->max_age != NULL)
		appendStringInfo(&text, ", at most %s allowed", item->check->max_age);
	if (outcome->failing > 0)
		appendStringInfo(&text, "; " INT64_FORMAT " %s in the future%s", outcome->failing,
						 outcome->failing == 1 ? "row is" : "rows are",
						 item->check->max_future
							 ? psprintf(", at most %s allowed", item->check->max_future)
							 : ", and not counted");
	return text.data;
}

static char *
figure_sentence(const DmPlanItem *item, const DmOutcome *outcome)
{
	const DmCheck *check = item->check;
	const char *column = check->column_names != NIL ? linitial(check->column_names) : NULL;
	const char *figure = figure_shown(item, outcome);

	switch (check->kind)
	{
		case DM_KIND_ROW_COUNT:
			if (item->road == DM_ROAD_FUSED && !item->measured && strcmp(figure, "0") != 0)
				return psprintf("at least %s %s%s", figure, strcmp(figure, "1") ? "rows" : "row",
								expectation(check));
			return psprintf("%s %s%s", figure, strcmp(figure, "1") == 0 ? "row" : "rows",
							expectation(check));
		case DM_KIND_STATISTIC:
			if (figure == NULL)
				return psprintf("%s has no value, so it has no %s%s", column, check->statistic,
								expectation(check));
			return psprintf("%s of %s is %s%s",
							check->method ? psprintf("%s(%s)", check->method, check->argument)
										  : check->statistic,
							column, figure, expectation(check));
		case DM_KIND_DISTINCT:
			return psprintf("%s has %s%s distinct %s%s", column, item->approximate ? "about " : "",
							figure, strcmp(figure, "1") ? "values" : "value", expectation(check));
		default:
			return psprintf("the query returned %s%s", figure, expectation(check));
	}
}

static char *
sentence(const DmQualityPlan *plan, const DmPlanItem *item, const DmOutcome *outcome)
{
	if (item->check->kind == DM_KIND_FRESHNESS)
		return freshness_sentence(plan, item, outcome);
	if (item->road == DM_ROAD_PROVED)
		return proved_sentence(item, outcome);
	return outcome->metric == NULL && outcome->failing >= 0 ? failing_sentence(item, outcome)
															: figure_sentence(item, outcome);
}

/*
 * Results.
 */
static DmCheckResult *
decided_result(DmQualityPlan *plan, DmPlanItem *item, DmCheckResult *result)
{
	if (item->error != NULL)
	{
		result->status = DM_CHECK_ERROR;
		result->message = psprintf("the check could not run: %s", item->error);
		return result;
	}
	result->threshold = NULL;
	if (item->check->kind == DM_KIND_NOT_RUN)
	{
		result->status = DM_CHECK_SKIPPED;
		result->message = psprintf("the rule %s", item->check->skip_reason);
		return result;
	}
	result->status = result->severity == DM_SEVERITY_INFO ? DM_CHECK_SKIPPED : DM_CHECK_FAIL;
	result->message =
		psprintf("column \"%s\" does not exist in \"%s\"",
				 ((DmColumn *) linitial(item->columns))->name, get_rel_name(plan->relation));
	return result;
}

#define GROUPS_NAMED 3

static int
compare_groups(const ListCell *a, const ListCell *b)
{
	return strcmp(((DmOutcome *) lfirst(a))->group, ((DmOutcome *) lfirst(b))->group);
}

/* All groups must hold; the message names how many do not, and the first of them. */
static void
judge_groups(DmQualityPlan *plan, DmPlanItem *item, DmCheckResult *result)
{
	StringInfoData failed;
	Jsonb *keys = NULL;
	int count = 0;
	ListCell *cell;

	initStringInfo(&failed);
	result->failing_rows = 0;
	list_sort(item->outcomes, compare_groups);
	foreach (cell, item->outcomes)
	{
		DmOutcome *outcome = lfirst(cell);

		if (item->check->kind != DM_KIND_FRESHNESS || item->check->max_future != NULL)
			result->failing_rows += Max(outcome->failing, 0);
		if (keys == NULL)
			keys = outcome->keys;
		if (judge(plan, item, outcome) != DM_CHECK_FAIL)
			continue;
		if (count++ < GROUPS_NAMED)
			appendStringInfo(&failed, "%s%s: %s", count > 1 ? "; " : "", outcome->group,
							 sentence(plan, item, outcome));
		if (result->sample_keys == NULL)
			result->sample_keys = outcome->keys;
	}
	if (count > 0 && result->sample_keys == NULL)
		result->sample_keys = keys;
	result->status = count > 0 ? DM_CHECK_FAIL : DM_CHECK_PASS;
	result->metric_value = psprintf("%d", count);
	result->message = psprintf("%d of %d groups fail%s%s", count, list_length(item->outcomes),
							   count > 0 ? ": " : "", failed.data);
}

static void
judge_whole(DmQualityPlan *plan, DmPlanItem *item, DmCheckResult *result)
{
	DmOutcome *outcome = linitial(item->outcomes);

	result->status = judge(plan, item, outcome);
	result->failing_rows = outcome->failing;
	result->metric_value = figure_shown(item, outcome);
	if (item->check->kind == DM_KIND_FRESHNESS)
	{
		result->metric_value = outcome->has_newest
								   ? DatumGetCString(DirectFunctionCall1(
										 timestamptz_out, TimestampTzGetDatum(outcome->newest)))
								   : NULL;
		if (item->check->max_future == NULL)
			result->failing_rows = -1; /* rows in the future are left out, not at fault */
	}
	/* "at least one row" is no number of rows */
	if (item->check->kind == DM_KIND_ROW_COUNT && !item->measured && outcome->rows > 0 &&
		result->status == DM_CHECK_PASS)
		result->metric_value = NULL;
	result->sample_keys = outcome->failing > 0 ? outcome->keys : NULL;
	result->message = sentence(plan, item, outcome);
}

static void
judge_guarded(void *arg)
{
	void **args = arg;
	DmPlanItem *item = args[1];

	if (item->group_by != NIL && item->road != DM_ROAD_PROVED)
		judge_groups(args[0], item, args[2]);
	else
		judge_whole(args[0], item, args[2]);
}

DmCheckResult *
DmResultOf(DmQualityPlan *plan, DmPlanItem *item)
{
	const DmCheck *check = item->check;
	DmCheckResult *result = palloc0(sizeof(DmCheckResult));
	void *args[3] = {plan, item, result};

	result->rule = check->rule;
	result->check = check->name;
	result->column = column_list(check);
	result->dimension = check->dimension;
	result->severity = check->severity;
	result->failing_rows = -1;
	result->threshold = check->kind == DM_KIND_FRESHNESS
							? (check->max_age ? psprintf("<= %s", check->max_age) : NULL)
							: threshold_text(check);
	if (item->road == DM_ROAD_DECIDED || item->error != NULL)
		return decided_result(plan, item, result);

	result->method = item->road == DM_ROAD_PROVED ? "proved" : "scanned";
	result->evidence = item->approximate ? "approximate: HyperLogLog estimate" : item->evidence;
	item->error = DmGuard(judge_guarded, args);
	if (item->error != NULL)
		return decided_result(plan, item, result);
	if (check->severity == DM_SEVERITY_INFO && result->status == DM_CHECK_FAIL)
		result->status = DM_CHECK_PASS;
	return result;
}

/*
 * JSON of results.
 */
static void
push_text(JsonbParseState **state, const char *name, const char *text)
{
	if (text != NULL)
		DmJsonPushText(state, name, text);
	else
		DmJsonPushNull(state, name);
}

static void
push_rest(JsonbParseState **state, const DmCheckResult *result)
{
	if (result->failing_rows >= 0)
		DmJsonPushCount(state, "failing_rows", result->failing_rows);
	else
		DmJsonPushNull(state, "failing_rows");
	if (result->sample_keys != NULL)
		DmJsonPushJsonb(state, "sample_keys", result->sample_keys);
	else
		DmJsonPushNull(state, "sample_keys");
}

const char *
DmCheckStatusName(DmCheckStatus status)
{
	switch (status)
	{
		case DM_CHECK_PASS:
			return "pass";
		case DM_CHECK_FAIL:
			return "fail";
		case DM_CHECK_ERROR:
			return "error";
		case DM_CHECK_SKIPPED:
			return "skipped";
	}
	return NULL;
}

Jsonb *
DmQualityResultsToJsonb(const char *product, List *results)
{
	JsonbParseState *state = NULL;
	JsonbValue *root;
	ListCell *cell;

	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	foreach (cell, results)
	{
		DmCheckResult *result = lfirst(cell);

		pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		push_text(&state, "product", product);
		push_text(&state, "rule", result->rule);
		push_text(&state, "check", result->check);
		push_text(&state, "column", result->column);
		push_text(&state, "dimension", result->dimension);
		push_text(&state, "severity", DmSeverityName(result->severity));
		push_text(&state, "status", DmCheckStatusName(result->status));
		push_text(&state, "method", result->method);
		push_text(&state, "metric_value", result->metric_value);
		push_text(&state, "threshold", result->threshold);
		push_text(&state, "evidence", result->evidence);
		push_text(&state, "message", result->message);
		push_rest(&state, result);
		pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	}
	root = pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	return JsonbValueToJsonb(root);
}
