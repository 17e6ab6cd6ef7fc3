/*-------------------------------------------------------------------------
 *
 * observe.c
 *		What the values of one column have in common.
 *
 * For infer_contract: nulls, bounds, lengths, the distinct values while they
 * are few, and the form that texts share.  Everything proposed from it holds
 * for every value that was seen.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type_d.h"
#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/datum.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "base/compat.h"
#include "contract/observe.h"

/* Longer texts are prose, whose form says nothing. */
#define LONGEST_FORMED 100
#define LONGEST_VALUE 200
/* Longer numbers are no bounds that anybody would want to read. */
#define LONGEST_BOUND 100

/* Kinds of runs, and how a regular expression says them. */
#define UPPER 'A'
#define LOWER 'a'
#define DIGIT '0'
#define HEX 'h'
#define CODE 'c'

void
DmObservationInit(DmObservation *observation, Oid type)
{
	memset(observation, 0, sizeof(*observation));
	observation->type = type;
	observation->context = CurrentMemoryContext;
	get_typlenbyval(type, &observation->typlen, &observation->typbyval);
	switch (type)
	{
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
			observation->kind = DM_OBSERVE_TEXT;
			break;
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			observation->kind = DM_OBSERVE_ORDER;
			observation->compare =
				&lookup_type_cache(type, TYPECACHE_CMP_PROC_FINFO)->cmp_proc_finfo;
			break;
		default:
			observation->kind = DM_OBSERVE_NULLS;
	}
}

/*
 * Numbers, dates, timestamps
 */

/* Is it a NaN or an infinity?  Then it is counted, and is no bound. */
static bool
count_special(DmObservation *observation, Datum value)
{
	bool nan = false;
	int infinite = 0;

	switch (observation->type)
	{
		case FLOAT4OID:
			nan = isnan(DatumGetFloat4(value));
			infinite = isinf(DatumGetFloat4(value)) ? (DatumGetFloat4(value) > 0 ? 1 : -1) : 0;
			break;
		case FLOAT8OID:
			nan = isnan(DatumGetFloat8(value));
			infinite = isinf(DatumGetFloat8(value)) ? (DatumGetFloat8(value) > 0 ? 1 : -1) : 0;
			break;
		case NUMERICOID:
			nan = numeric_is_nan(DatumGetNumeric(value));
			if (!nan && numeric_is_inf(DatumGetNumeric(value)))
				infinite = DatumGetInt32(
					DirectFunctionCall1(numeric_int4, DirectFunctionCall1(numeric_sign, value)));
			break;
		case DATEOID:
			if (DATE_NOT_FINITE(DatumGetDateADT(value)))
				infinite = DATE_IS_NOEND(DatumGetDateADT(value)) ? 1 : -1;
			break;
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			if (TIMESTAMP_NOT_FINITE(DatumGetTimestamp(value)))
				infinite = TIMESTAMP_IS_NOEND(DatumGetTimestamp(value)) ? 1 : -1;
			break;
		default:
			break;
	}
	observation->nans += nan;
	observation->plus_infinities += infinite > 0;
	observation->minus_infinities += infinite < 0;
	return nan || infinite != 0;
}

static void
keep(DmObservation *observation, Datum *kept, bool replaces, Datum value)
{
	MemoryContext old = MemoryContextSwitchTo(observation->context);

	if (replaces && !observation->typbyval)
		pfree(DatumGetPointer(*kept));
	*kept = datumCopy(value, observation->typbyval, observation->typlen);
	MemoryContextSwitchTo(old);
}

static int
compare(const DmObservation *observation, Datum a, Datum b)
{
	return DatumGetInt32(FunctionCall2(observation->compare, a, b));
}

static void
observe_order(DmObservation *observation, Datum value)
{
	if (observation->type == NUMERICOID)
		value = NumericGetDatum(DatumGetNumeric(value)); /* detoasted */
	if (count_special(observation, value))
		return;
	if (!observation->has_bounds || compare(observation, value, observation->least) < 0)
		keep(observation, &observation->least, observation->has_bounds, value);
	if (!observation->has_bounds || compare(observation, value, observation->greatest) > 0)
		keep(observation, &observation->greatest, observation->has_bounds, value);
	observation->has_bounds = true;
}

/*
 * Texts
 */

static void
observe_value(DmObservation *observation, const char *text, int length)
{
	MemoryContext old;

	if (observation->value_count > DM_MAX_VALUES)
		return;
	for (int i = 0; i < observation->value_count; i++)
	{
		if (observation->value_lengths[i] == length &&
			memcmp(observation->values[i], text, length) == 0)
			return;
	}
	if (observation->value_count == DM_MAX_VALUES || length > LONGEST_VALUE)
	{
		observation->value_count = DM_MAX_VALUES + 1;
		return;
	}
	old = MemoryContextSwitchTo(observation->context);
	observation->value_lengths[observation->value_count] = length;
	observation->values[observation->value_count++] = pnstrdup(text, length);
	MemoryContextSwitchTo(old);
}

/*
 * The kind of run that a character belongs to; 0 for none.  Form 0 tells capitals, small letters and
 * digits apart; form 1 knows hexadecimal digits, form 2 capitals and digits together.
 */
static char
kind_of(char c, int form)
{
	bool digit = c >= '0' && c <= '9';
	bool upper = c >= 'A' && c <= 'Z';
	bool lower = c >= 'a' && c <= 'z';

	if (!digit && !upper && !lower)
		return (c >= ' ' && c < 0x7f) ? c : 0;
	if (form == 1)
		return (digit || (c >= 'a' && c <= 'f')) ? HEX : 0;
	if (form == 2)
		return (digit || upper) ? CODE : 0;
	return digit ? DIGIT : upper ? UPPER : LOWER;
}

/* The runs of one text; a count of 0 if it has no form. */
static int
runs_of(const char *text, int length, int form, DmRun *runs)
{
	int count = 0;

	if (length > LONGEST_FORMED)
		return 0;
	for (int i = 0; i < length; i++)
	{
		char kind = kind_of(text[i], form);

		if (kind == 0)
			return 0;
		if (count == 0 || runs[count - 1].kind != kind)
		{
			if (count == DM_MAX_RUNS)
				return 0;
			runs[count++] = (DmRun){kind, 0, 0};
		}
		runs[count - 1].min = ++runs[count - 1].max;
	}
	return count;
}

static void
observe_form(DmForm *form, const char *text, int length, int number)
{
	DmRun runs[DM_MAX_RUNS];
	int count;

	if (form->broken)
		return;
	count = runs_of(text, length, number, runs);
	if (form->count == 0)
	{
		form->count = count;
		memcpy(form->runs, runs, sizeof(DmRun) * count);
	}
	form->broken = count == 0 || count != form->count;
	for (int i = 0; i < count && !form->broken; i++)
	{
		form->broken = runs[i].kind != form->runs[i].kind;
		form->runs[i].min = Min(form->runs[i].min, runs[i].min);
		form->runs[i].max = Max(form->runs[i].max, runs[i].max);
	}
}

static void
observe_text(DmObservation *observation, Datum value)
{
	text *packed = DatumGetTextPP(value);
	char *data = VARDATA_ANY(packed);
	int length = VARSIZE_ANY_EXHDR(packed);
	int characters;
	bool first = observation->rows == observation->nulls + 1;

	if (observation->type == BPCHAROID)
		length = bpchartruelen(data, length);
	characters = pg_mbstrlen_with_len(data, length);
	observation->shortest = first ? characters : Min(observation->shortest, characters);
	observation->longest = Max(observation->longest, characters);
	observe_value(observation, data, length);
	for (int i = 0; i < DM_FORMS; i++)
		observe_form(&observation->forms[i], data, length, i);
	if ((Pointer) packed != DatumGetPointer(value))
		pfree(packed);
}

void
DmObserve(DmObservation *observation, Datum value, bool isnull)
{
	observation->rows++;
	if (isnull)
		observation->nulls++;
	else if (observation->kind == DM_OBSERVE_TEXT)
		observe_text(observation, value);
	else if (observation->kind == DM_OBSERVE_ORDER)
		observe_order(observation, value);
}

/*
 * What can be said of it
 */

static void
append_run(StringInfo pattern, const DmRun *run)
{
	switch (run->kind)
	{
		case UPPER:
			appendStringInfoString(pattern, "[A-Z]");
			break;
		case LOWER:
			appendStringInfoString(pattern, "[a-z]");
			break;
		case DIGIT:
			appendStringInfoString(pattern, "[0-9]");
			break;
		case HEX:
			appendStringInfoString(pattern, "[0-9a-f]");
			break;
		case CODE:
			appendStringInfoString(pattern, "[A-Z0-9]");
			break;
		default:
			appendStringInfo(pattern, strchr("^$\\.*+?()[]{}|/", run->kind) ? "\\%c" : "%c",
							 run->kind);
	}
	if (run->min != run->max)
		appendStringInfoChar(pattern, '+');
	else if (run->min > 1)
		appendStringInfo(pattern, "{%d}", run->min);
}

/*
 * Is the form one of codes, and not of words that happen to be alike?  Only plain digits may come
 * in any number; hexadecimal digits must be many to be told from words.
 */
static bool
is_telling(const DmForm *form, int number)
{
	int letters = 0;

	if (form->broken || form->count == 0)
		return false;
	for (int i = 0; i < form->count; i++)
	{
		const DmRun *run = &form->runs[i];

		if (run->min != run->max && run->kind != DIGIT)
			return false;
		if (strchr("Aa0hc", run->kind) != NULL)
			letters += run->max;
	}
	return letters >= (number == 1 ? 8 : 1);
}

char *
DmObservedPattern(const DmObservation *observation)
{
	if (observation->kind != DM_OBSERVE_TEXT || observation->value_count < 2)
		return NULL;
	for (int i = 0; i < DM_FORMS; i++)
	{
		const DmForm *form = &observation->forms[i];
		StringInfoData pattern;

		if (!is_telling(form, i))
			continue;
		initStringInfo(&pattern);
		appendStringInfoChar(&pattern, '^');
		for (int j = 0; j < form->count; j++)
			append_run(&pattern, &form->runs[j]);
		appendStringInfoChar(&pattern, '$');
		return pattern.data;
	}
	return NULL;
}

/* The beginning of the day in UTC: a rounder bound, and still one. */
static Datum
day_of(Datum timestamp)
{
	Timestamp value = DatumGetTimestamp(timestamp);
	Timestamp rest = value % USECS_PER_DAY;
	Timestamp day = value - (rest < 0 ? rest + USECS_PER_DAY : rest);

	return IS_VALID_TIMESTAMP(day) ? TimestampGetDatum(day) : timestamp;
}

/* Independent of settings (DateStyle, TimeZone, extra_float_digits), and exact. */
static char *
bound_text(Oid type, Datum value)
{
	static const int utc = 0;
	char buffer[MAXDATELEN + 1];

	switch (type)
	{
		case FLOAT4OID:
			/* as float8: the bound is compared as one, and 0.1 is not what a float4 0.1 is */
			return double_to_shortest_decimal((double) DatumGetFloat4(value));
		case FLOAT8OID:
			return double_to_shortest_decimal(DatumGetFloat8(value));
		case NUMERICOID:
			return DatumGetCString(DirectFunctionCall1(numeric_out, value));
		case INT2OID:
			return psprintf("%d", DatumGetInt16(value));
		case INT4OID:
			return psprintf("%d", DatumGetInt32(value));
		case INT8OID:
			return psprintf(INT64_FORMAT, DatumGetInt64(value));
		default:
			return pstrdup(JsonEncodeDateTime(buffer, value, type, &utc));
	}
}

char *
DmObservedBound(const DmObservation *observation, bool greatest)
{
	char *text;

	if (!observation->has_bounds || observation->nans > 0 ||
		(greatest ? observation->plus_infinities : observation->minus_infinities) > 0)
		return NULL;
	if (greatest)
		text = bound_text(observation->type, observation->greatest);
	else if (observation->type == TIMESTAMPOID || observation->type == TIMESTAMPTZOID)
		text = bound_text(observation->type, day_of(observation->least));
	else
		text = bound_text(observation->type, observation->least);
	return strlen(text) <= LONGEST_BOUND ? text : NULL;
}
