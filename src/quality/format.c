/*-------------------------------------------------------------------------
 *
 * format.c
 *		"format" of logicalTypeOptions, held against the column's own type.
 *
 * A format becomes a pattern or a range where one says exactly the same, is
 * proved where the type admits nothing else, and asks nothing of dates and
 * times, whose values have no form of their own.
 *
 * Kept true: a format that is not checked is told as skipped, with the reason.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "quality/plan.h"

#define HEX "[0-9a-fA-F]"
#define LABEL "[0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?"
#define BYTE "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
#define IPV4 BYTE "(\\." BYTE "){3}"
#define GROUP HEX "{1,4}"
#define LAST_TWO "(" GROUP ":" GROUP "|" IPV4 ")"
#define UP_TO(n) "((" GROUP ":){0," n "}" GROUP ")?"

/* RFC 4122, 791, 3986 (IPv6address), 1123, 4648 */
static const struct
{
	const char *name;
	const char *pattern;
	int max_length;
} text_formats[] = {
	{"uuid", "^" HEX "{8}-" HEX "{4}-" HEX "{4}-" HEX "{4}-" HEX "{12}$", -1},
	{"ipv4", "^" IPV4 "$", -1},
	{"ipv6",
	 "^((" GROUP ":){6}" LAST_TWO "|::(" GROUP ":){5}" LAST_TWO "|(" GROUP ")?::(" GROUP
	 ":){4}" LAST_TWO "|" UP_TO("1") "::(" GROUP ":){3}" LAST_TWO "|" UP_TO(
		 "2") "::(" GROUP ":){2}" LAST_TWO "|" UP_TO("3") "::" GROUP ":" LAST_TWO
														  "|" UP_TO("4") "::" LAST_TWO "|" UP_TO(
															  "5") "::" GROUP "|" UP_TO("6") "::)$",
	 -1},
	{"hostname", "^" LABEL "(\\." LABEL ")*$", 253},
	{"byte", "^([0-9A-Za-z+/]{4})*([0-9A-Za-z+/]{2}==|[0-9A-Za-z+/]{3}=)?$", -1},
};

/* proved_by: the widest type that has no other values. */
static const struct
{
	const char *name;
	const char *min, *max;
	Oid proved_by;
} integer_formats[] = {
	{"i8", "-128", "127", InvalidOid},
	{"i16", "-32768", "32767", INT2OID},
	{"i32", "-2147483648", "2147483647", INT4OID},
	{"i64", "-9223372036854775808", "9223372036854775807", INT8OID},
	{"i128", "-170141183460469231731687303715884105728", "170141183460469231731687303715884105727",
	 INT8OID},
	{"u8", "0", "255", InvalidOid},
	{"u16", "0", "65535", InvalidOid},
	{"u32", "0", "4294967295", InvalidOid},
	{"u64", "0", "18446744073709551615", InvalidOid},
	{"u128", "0", "340282366920938463463374607431768211455", InvalidOid},
};

static bool
is_of(const DmCheck *check, const char *logical_type)
{
	return check->logical_type == NULL || strcmp(check->logical_type, logical_type) == 0;
}

static bool
is_date_or_time(Oid type)
{
	return type == DATEOID || type == TIMESTAMPOID || type == TIMESTAMPTZOID || type == TIMEOID ||
		   type == TIMETZOID;
}

static bool
bind_text_format(DmCheck *check)
{
	for (int i = 0; i < lengthof(text_formats); i++)
		if (strcmp(text_formats[i].name, check->format) == 0)
		{
			check->pattern = pstrdup(text_formats[i].pattern);
			check->max_length = text_formats[i].max_length;
			return true;
		}
	return false;
}

/* Is every value of the first integer type one of the second? */
static bool
fits(Oid type, Oid other)
{
	return OidIsValid(other) && get_typlen(type) <= get_typlen(other);
}

static bool
bind_integer_format(DmPlanItem *item, Oid type)
{
	DmCheck *check = item->check;

	for (int i = 0; i < lengthof(integer_formats); i++)
	{
		if (strcmp(integer_formats[i].name, check->format) != 0)
			continue;
		check->min.text = pstrdup(integer_formats[i].min);
		check->max.text = pstrdup(integer_formats[i].max);
		check->min.is_number = check->max.is_number = true;
		if (type == NUMERICOID)
			check->multiple_of = "1";
		else if (fits(type, integer_formats[i].proved_by))
			item->evidence = psprintf("type %s", format_type_be(type));
		return true;
	}
	return false;
}

static void
skip(DmCheck *check, const DmColumn *column)
{
	check->kind = DM_KIND_NOT_RUN;
	check->skip_reason =
		psprintf("is not checked: there is no exact test of format \"%s\" for a column of type %s",
				 check->format, format_type_be(column->type));
}

bool
DmFormatBind(DmPlanItem *item)
{
	DmCheck *check = item->check;
	DmColumn *column = linitial(item->columns);
	Oid type = column->base_type;
	bool integer = type == INT2OID || type == INT4OID || type == INT8OID || type == NUMERICOID;
	bool text = type == TEXTOID || type == VARCHAROID || type == BPCHAROID;

	if (is_date_or_time(type))
		return false;
	if (type == UUIDOID && strcmp(check->format, "uuid") == 0)
		item->evidence = pstrdup("type uuid");
	else if (!(text && is_of(check, "string") && bind_text_format(check)) &&
			 !(integer && is_of(check, "integer") && bind_integer_format(item, type)))
		skip(check, column);
	return true;
}
