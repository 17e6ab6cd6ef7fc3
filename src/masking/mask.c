/*-------------------------------------------------------------------------
 *
 * mask.c
 *		The masks that need no key: SQL glue over kernel_text.c.
 *
 * Each gives back the type that it takes.  Where a mask cannot tell what to hide, it
 * hides everything.  Wrong parameters are errors whose text shows no value.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "masking/kernel.h"
#include "masking/calendar.h"
#include "base/compat.h"

PG_FUNCTION_INFO_V1(dm_mask_partial);
PG_FUNCTION_INFO_V1(dm_mask_email);
PG_FUNCTION_INFO_V1(dm_mask_first);
PG_FUNCTION_INFO_V1(dm_mask_last);
PG_FUNCTION_INFO_V1(dm_mask_null);
PG_FUNCTION_INFO_V1(dm_mask_constant);
PG_FUNCTION_INFO_V1(dm_mask_redact);
PG_FUNCTION_INFO_V1(dm_mask_redact_any);
PG_FUNCTION_INFO_V1(dm_mask_trunc_date);
PG_FUNCTION_INFO_V1(dm_mask_trunc_timestamp);
PG_FUNCTION_INFO_V1(dm_mask_trunc_timestamptz);

#define HIDDEN "***"
#define REDACTED "[redacted]"

/* How this database's bytes make characters. */
static DmChars
database_chars(void)
{
	DmChars chars = {DM_CHARS_OTHER, pg_mblen};

	if (pg_database_encoding_max_length() == 1)
		chars.kind = DM_CHARS_BYTES;
	else if (GetDatabaseEncoding() == PG_UTF8)
		chars.kind = DM_CHARS_UTF8;
	return chars;
}

/* head bytes of one, all of another, and the rest of the one. */
static text *
compose(const char *value, size_t head, const char *middle, size_t middle_length, const char *tail,
		size_t tail_length)
{
	text *result = palloc(VARHDRSZ + head + middle_length + tail_length);
	char *to = VARDATA(result);

	SET_VARSIZE(result, VARHDRSZ + head + middle_length + tail_length);
	memcpy(to, value, head);
	memcpy(to + head, middle, middle_length);
	memcpy(to + head + middle_length, tail, tail_length);
	return result;
}

static void
require_count(int32 count, const char *what, int32 least)
{
	if (count < least)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						least > 0 ? errmsg("%s must be at least %d", what, least)
								  : errmsg("%s must not be negative", what)));
}

/* mask_partial(value, prefix, pad, suffix) */
Datum
dm_mask_partial(PG_FUNCTION_ARGS)
{
	text *value = PG_GETARG_TEXT_PP(0);
	int32 prefix = PG_GETARG_INT32(1);
	text *pad = PG_GETARG_TEXT_PP(2);
	int32 suffix = PG_GETARG_INT32(3);
	DmChars chars = database_chars();
	const char *data = VARDATA_ANY(value);
	size_t length = VARSIZE_ANY_EXHDR(value);
	size_t head, tail;

	require_count(prefix, "prefix", 0);
	require_count(suffix, "suffix", 0);
	if (!DmPartialCut(&chars, data, length, prefix, suffix, &head, &tail))
		PG_RETURN_TEXT_P(pad);
	PG_RETURN_TEXT_P(
		compose(data, head, VARDATA_ANY(pad), VARSIZE_ANY_EXHDR(pad), data + tail, length - tail));
}

Datum
dm_mask_email(PG_FUNCTION_ARGS)
{
	text *value = PG_GETARG_TEXT_PP(0);
	DmChars chars = database_chars();
	const char *data = VARDATA_ANY(value);
	size_t length = VARSIZE_ANY_EXHDR(value);
	size_t head, tail;

	if (!DmEmailCut(&chars, data, length, &head, &tail))
		PG_RETURN_TEXT_P(cstring_to_text(HIDDEN));
	PG_RETURN_TEXT_P(compose(data, head, HIDDEN "@" HIDDEN, strlen(HIDDEN "@" HIDDEN), data + tail,
							 length - tail));
}

/* A text of one character, "count" times. */
static text *
fill(text *pad, int64 count, const char *before, size_t before_length, const char *after,
	 size_t after_length)
{
	DmChars chars = database_chars();
	size_t pad_length = VARSIZE_ANY_EXHDR(pad);
	size_t size;
	text *result;
	char *to;

	if (pad_length == 0 || DmCharLength(&chars, VARDATA_ANY(pad), pad_length) != pad_length)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("pad must be one character")));
	size = before_length + (size_t) count * pad_length + after_length;
	result = palloc(VARHDRSZ + size);
	SET_VARSIZE(result, VARHDRSZ + size);
	to = VARDATA(result);
	memcpy(to, before, before_length);
	to += before_length;
	if (pad_length == 1)
	{
		memset(to, *VARDATA_ANY(pad), count);
		to += count;
	}
	else
		for (int64 i = 0; i < count; i++, to += pad_length)
			memcpy(to, VARDATA_ANY(pad), pad_length);
	memcpy(to, after, after_length);
	return result;
}

/* mask_first(value, n, pad): the first n characters are hidden. */
Datum
dm_mask_first(PG_FUNCTION_ARGS)
{
	text *value = PG_GETARG_TEXT_PP(0);
	int32 count = PG_GETARG_INT32(1);
	DmChars chars = database_chars();
	const char *data = VARDATA_ANY(value);
	size_t length = VARSIZE_ANY_EXHDR(value);
	int64 hidden;
	size_t at;

	require_count(count, "n", 1);
	at = DmCharSkip(&chars, data, length, count, &hidden);
	PG_RETURN_TEXT_P(fill(PG_GETARG_TEXT_PP(2), hidden, data, 0, data + at, length - at));
}

/* mask_last(value, n, pad): the last n characters are hidden. */
Datum
dm_mask_last(PG_FUNCTION_ARGS)
{
	text *value = PG_GETARG_TEXT_PP(0);
	int32 count = PG_GETARG_INT32(1);
	DmChars chars = database_chars();
	const char *data = VARDATA_ANY(value);
	size_t length = VARSIZE_ANY_EXHDR(value);
	size_t at;

	require_count(count, "n", 1);
	at = DmCharTail(&chars, data, length, count);
	PG_RETURN_TEXT_P(
		fill(PG_GETARG_TEXT_PP(2), DmCharCount(&chars, data + at, length - at), data, at, data, 0));
}

Datum
dm_mask_null(PG_FUNCTION_ARGS)
{
	PG_RETURN_NULL();
}

/* mask_constant(value, constant): the constant, also for null. */
Datum
dm_mask_constant(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(1));
}

Datum
dm_mask_redact(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(REDACTED));
}

/* What stands for every value of a type; NULL if nothing does. */
static const char *
redacted_text(Oid type)
{
	char category;
	bool preferred;

	if (OidIsValid(get_element_type(type)))
		return "{}";
	if (type == UUIDOID)
		return "00000000-0000-0000-0000-000000000000";
	if (type == BYTEAOID)
		return "";
	if (type == JSONOID || type == JSONBOID)
		return "null";
	if (type == TIMEOID || type == TIMETZOID)
		return "00:00:00+00";
	get_type_category_preferred(type, &category, &preferred);
	switch (category)
	{
		case TYPCATEGORY_BOOLEAN:
			return "false";
		case TYPCATEGORY_NUMERIC:
			return "0";
		case TYPCATEGORY_DATETIME:
			return "1970-01-01 00:00:00+00";
		case TYPCATEGORY_TIMESPAN:
			return "0";
		case TYPCATEGORY_STRING:
			return REDACTED;
		default:
			return NULL;
	}
}

typedef struct Redacted
{
	bool isnull;
	Datum value;
} Redacted;

/* The stand-in of an argument's type, made once for a query; it passes the checks of a domain, or fails. */
static Redacted *
make_redacted(FmgrInfo *flinfo)
{
	Oid type = get_fn_expr_argtype(flinfo, 0);
	Redacted *redacted;
	const char *text;
	MemoryContext before;
	Oid input, parameter;

	if (!OidIsValid(type))
		elog(ERROR, "could not determine the type to redact");
	redacted = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(Redacted));
	text = redacted_text(getBaseType(type));
	redacted->isnull = text == NULL;
	if (text != NULL)
	{
		before = MemoryContextSwitchTo(flinfo->fn_mcxt);
		getTypeInputInfo(type, &input, &parameter);
		redacted->value = OidInputFunctionCall(input, pstrdup(text), parameter, -1);
		MemoryContextSwitchTo(before);
	}
	return redacted;
}

Datum
dm_mask_redact_any(PG_FUNCTION_ARGS)
{
	Redacted *redacted = fcinfo->flinfo->fn_extra;

	if (redacted == NULL)
		fcinfo->flinfo->fn_extra = redacted = make_redacted(fcinfo->flinfo);
	if (redacted->isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(redacted->value);
}

/*
 * Dates
 */

Datum
dm_mask_trunc_date(PG_FUNCTION_ARGS)
{
	DateADT date = PG_GETARG_DATEADT(0);
	DmPeriod period;

	DmCalendarPeriod(date, PG_GETARG_TEXT_PP(1), &period);
	PG_RETURN_DATEADT(DATE_NOT_FINITE(date) ? date : period.first);
}

/* Units that hide something of a timestamp. */
static void
check_unit(text *unit)
{
	static const char *const units[] = {"minute",  "hour", "day",    "week",    "month",
										"quarter", "year", "decade", "century", "millennium"};
	char *name = text_to_cstring(unit);

	for (int i = 0; i < lengthof(units); i++)
		if (pg_strcasecmp(name, units[i]) == 0)
		{
			pfree(name);
			return;
		}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("a timestamp cannot be masked to \"%s\"", name),
					errhint("Use minute, hour, day, week, month, quarter, year, decade, century or "
							"millennium.")));
}

Datum
dm_mask_trunc_timestamp(PG_FUNCTION_ARGS)
{
	check_unit(PG_GETARG_TEXT_PP(1));
	PG_RETURN_DATUM(DirectFunctionCall2(timestamp_trunc, PG_GETARG_DATUM(1), PG_GETARG_DATUM(0)));
}

/*
 * In UTC, as a timestamp is its microseconds there: by the reader's TimeZone, a reader could move the
 * edges, and find the hour.
 */
Datum
dm_mask_trunc_timestamptz(PG_FUNCTION_ARGS)
{
	return dm_mask_trunc_timestamp(fcinfo);
}
