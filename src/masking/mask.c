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
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "masking/kernel.h"
#include "base/compat.h"

PG_FUNCTION_INFO_V1(dm_mask_partial);
PG_FUNCTION_INFO_V1(dm_mask_email);
PG_FUNCTION_INFO_V1(dm_mask_first);
PG_FUNCTION_INFO_V1(dm_mask_last);
PG_FUNCTION_INFO_V1(dm_mask_null);
PG_FUNCTION_INFO_V1(dm_mask_constant);
PG_FUNCTION_INFO_V1(dm_mask_redact);
PG_FUNCTION_INFO_V1(dm_mask_redact_any);

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

/* A text of those pieces; the pad alone where that would be longer than a text can be. */
static text *
compose(text *value, const DmPieces *pieces, const char *pad, size_t pad_length)
{
	size_t length = VARSIZE_ANY_EXHDR(value);
	size_t size = DmMaskedSize(pieces, length, pad_length);
	text *result;

	if (size > MaxAllocSize - VARHDRSZ)
		return cstring_to_text_with_len(pad, pad_length);
	result = palloc(VARHDRSZ + size);
	SET_VARSIZE(result, VARHDRSZ + size);
	DmMaskedWrite(pieces, VARDATA_ANY(value), length, pad, pad_length, VARDATA(result));
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
	DmPieces pieces;

	require_count(prefix, "prefix", 0);
	require_count(suffix, "suffix", 0);
	DmPartialPieces(&chars, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), prefix, suffix, &pieces);
	PG_RETURN_TEXT_P(compose(value, &pieces, VARDATA_ANY(pad), VARSIZE_ANY_EXHDR(pad)));
}

Datum
dm_mask_email(PG_FUNCTION_ARGS)
{
	text *value = PG_GETARG_TEXT_PP(0);
	DmChars chars = database_chars();
	DmPieces pieces = {0, 0, 1};

	if (!DmEmailCut(&chars, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), &pieces.head,
					&pieces.tail))
		PG_RETURN_TEXT_P(cstring_to_text(HIDDEN));
	PG_RETURN_TEXT_P(compose(value, &pieces, HIDDEN "@" HIDDEN, strlen(HIDDEN "@" HIDDEN)));
}

/* The pad of masks that put it in the place of each character. */
static text *
one_character(text *pad, const DmChars *chars)
{
	size_t length = VARSIZE_ANY_EXHDR(pad);

	if (length == 0 || DmCharLength(chars, VARDATA_ANY(pad), length) != length)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("pad must be one character")));
	return pad;
}

typedef void (*CountedPieces)(const DmChars *chars, const char *s, size_t length, int32 count,
							  DmPieces *pieces);

static text *
hide_counted(FunctionCallInfo fcinfo, CountedPieces cut)
{
	text *value = PG_GETARG_TEXT_PP(0);
	int32 count = PG_GETARG_INT32(1);
	DmChars chars = database_chars();
	text *pad = one_character(PG_GETARG_TEXT_PP(2), &chars);
	DmPieces pieces;

	require_count(count, "n", 1);
	cut(&chars, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), count, &pieces);
	return compose(value, &pieces, VARDATA_ANY(pad), VARSIZE_ANY_EXHDR(pad));
}

/* mask_first(value, n, pad): the first n characters are hidden. */
Datum
dm_mask_first(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(hide_counted(fcinfo, DmFirstPieces));
}

/* mask_last(value, n, pad): the last n characters are hidden. */
Datum
dm_mask_last(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(hide_counted(fcinfo, DmLastPieces));
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
