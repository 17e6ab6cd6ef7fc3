/*-------------------------------------------------------------------------
 *
 * compare_type.c
 *		What it costs readers that a column's type is another one.
 *
 * Types are read as text, without the catalog: a contract is compared before
 * its relations exist, and the answer must not depend on whose search_path
 * asks.  Spellings of one type (int, int4, integer) are the same type; a type
 * that we do not know is only ever equal to itself.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/int.h"

#include "contract/compare_parts.h"

#define MAX_MODIFIERS 2

typedef enum TypeFamily
{
	FAMILY_OTHER,
	FAMILY_INTEGER,
	FAMILY_FLOAT,
	FAMILY_NUMERIC,
	FAMILY_TEXT, /* varchar and text: a length or none */
} TypeFamily;

typedef struct TypeName
{
	const char *spelling;
	const char *name;
	TypeFamily family;
	int width; /* order within integers and floats */
} TypeName;

static const TypeName type_names[] = {
	{"smallint", "smallint", FAMILY_INTEGER, 2},
	{"int2", "smallint", FAMILY_INTEGER, 2},
	{"smallserial", "smallint", FAMILY_INTEGER, 2},
	{"integer", "integer", FAMILY_INTEGER, 4},
	{"int", "integer", FAMILY_INTEGER, 4},
	{"int4", "integer", FAMILY_INTEGER, 4},
	{"serial", "integer", FAMILY_INTEGER, 4},
	{"bigint", "bigint", FAMILY_INTEGER, 8},
	{"int8", "bigint", FAMILY_INTEGER, 8},
	{"bigserial", "bigint", FAMILY_INTEGER, 8},
	{"real", "real", FAMILY_FLOAT, 4},
	{"float4", "real", FAMILY_FLOAT, 4},
	{"double precision", "double precision", FAMILY_FLOAT, 8},
	{"double", "double precision", FAMILY_FLOAT, 8},
	{"float8", "double precision", FAMILY_FLOAT, 8},
	{"float", "double precision", FAMILY_FLOAT, 8},
	{"numeric", "numeric", FAMILY_NUMERIC, 0},
	{"decimal", "numeric", FAMILY_NUMERIC, 0},
	{"dec", "numeric", FAMILY_NUMERIC, 0},
	{"varchar", "character varying", FAMILY_TEXT, 0},
	{"character varying", "character varying", FAMILY_TEXT, 0},
	{"char varying", "character varying", FAMILY_TEXT, 0},
	{"text", "text", FAMILY_TEXT, 0},
	{"char", "character", FAMILY_OTHER, 0},
	{"character", "character", FAMILY_OTHER, 0},
	{"bool", "boolean", FAMILY_OTHER, 0},
	{"timestamptz", "timestamp with time zone", FAMILY_OTHER, 0},
	{"timestamp without time zone", "timestamp", FAMILY_OTHER, 0},
	{"timetz", "time with time zone", FAMILY_OTHER, 0},
	{"time without time zone", "time", FAMILY_OTHER, 0},
	{"varbit", "bit varying", FAMILY_OTHER, 0},
};

typedef struct Type
{
	const char *name; /* canonical */
	TypeFamily family;
	int width;
	int nmodifiers;
	int modifiers[MAX_MODIFIERS];
	bool odd; /* has modifiers that are no numbers: only ever equal to itself */
	int dimensions;
} Type;

typedef struct TypeVerdict
{
	DmLevel level;
	const char *reason;
} TypeVerdict;

/* ---- reading ---- */

/* Lower case outside quotes, single spaces, none around brackets and commas. */
static char *
squeeze(const char *text)
{
	char *result = palloc(strlen(text) + 1);
	char *to = result;
	bool quoted = false;
	bool space = false;

	for (; *text != '\0'; text++)
	{
		if (!quoted && isspace((unsigned char) *text))
		{
			space = to > result;
			continue;
		}
		if (space && strchr("(),[]", *text) == NULL && strchr("(,[", to[-1]) == NULL)
			*to++ = ' ';
		space = false;
		if (*text == '"')
			quoted = !quoted;
		*to++ = quoted ? *text : (char) pg_ascii_tolower((unsigned char) *text);
	}
	*to = '\0';
	return result;
}

/* Cut array brackets, or the word array, off the end. */
static int
cut_dimensions(char *text)
{
	int dimensions = 0;
	int length = strlen(text);

	for (;;)
	{
		if (length > 6 && strcmp(text + length - 6, " array") == 0)
			length -= 6;
		else if (length > 0 && text[length - 1] == ']')
		{
			int open = length - 1;

			while (open > 0 && (isdigit((unsigned char) text[open - 1])))
				open--;
			if (open == 0 || text[open - 1] != '[')
				return dimensions;
			length = open - 1;
		}
		else
			return dimensions;
		text[length] = '\0';
		dimensions++;
	}
}

static void
read_modifiers(Type *type, const char *list)
{
	while (*list != '\0')
	{
		char *end;
		long value;

		errno = 0;
		value = strtol(list, &end, 10);
		if (end == list || errno != 0 || value != (int) value || (*end != ',' && *end != '\0') ||
			type->nmodifiers == MAX_MODIFIERS)
		{
			type->odd = true;
			return;
		}
		type->modifiers[type->nmodifiers++] = (int) value;
		list = *end == ',' ? end + 1 : end;
	}
}

/* "numeric(10,2)" becomes "numeric" and its modifiers, "time(3) with time zone" likewise. */
static void
cut_modifiers(Type *type, char *text)
{
	char *open = strchr(text, '(');
	char *close;

	if (open == NULL || strchr(text, '"') != NULL)
		return;
	close = strchr(open, ')');
	if (close == NULL)
		return;
	*close = '\0';
	read_modifiers(type, open + 1);
	memmove(open, close + 1, strlen(close + 1) + 1);
}

static void
name_type(Type *type, const char *text)
{
	if (strncmp(text, "pg_catalog.", 11) == 0)
		text += 11;
	type->name = text;
	for (int i = 0; i < lengthof(type_names); i++)
	{
		if (strcmp(type_names[i].spelling, text) == 0)
		{
			type->name = type_names[i].name;
			type->family = type_names[i].family;
			type->width = type_names[i].width;
			break;
		}
	}
}

static Type
read_type(const char *text)
{
	Type type = {0};
	char *squeezed = squeeze(text);

	type.dimensions = cut_dimensions(squeezed);
	cut_modifiers(&type, squeezed);
	name_type(&type, squeezed);
	/* float(24) is real; character is character(1) */
	if (strcmp(type.name, "double precision") == 0 && type.nmodifiers == 1)
	{
		if (type.modifiers[0] <= 24)
			name_type(&type, "real");
		type.nmodifiers = 0;
	}
	if (strcmp(type.name, "character") == 0 && type.nmodifiers == 0)
		type.modifiers[type.nmodifiers++] = 1;
	/* numeric(10) is numeric(10,0) */
	if (type.family == FAMILY_NUMERIC && type.nmodifiers == 1)
		type.modifiers[type.nmodifiers++] = 0;
	return type;
}

/* ---- judging ---- */

static const TypeVerdict verdict_unrelated = {
	DM_LEVEL_MAJOR, "readers of the old type cannot read the new one as it"};

static TypeVerdict
judge_width(const Type *from, const Type *to, bool widening)
{
	if (to->width < from->width)
		return (TypeVerdict){DM_LEVEL_MAJOR, "the narrower type cannot hold what the old one held"};
	if (widening)
		return (TypeVerdict){DM_LEVEL_MINOR,
							 "the policy \"widening\" says that readers take the wider type"};
	return (TypeVerdict){DM_LEVEL_MAJOR,
						 "values may come that readers of the old type cannot hold"};
}

static TypeVerdict
judge_numeric(const Type *from, const Type *to)
{
	if (to->nmodifiers == 0)
		return (TypeVerdict){DM_LEVEL_MINOR, "every value of the old type fits into the new one"};
	if (from->nmodifiers == 0 || to->modifiers[1] < from->modifiers[1] ||
		(int64) to->modifiers[0] - to->modifiers[1] <
			(int64) from->modifiers[0] - from->modifiers[1])
		return (TypeVerdict){DM_LEVEL_MAJOR, "digits before or after the point are lost"};
	return (TypeVerdict){DM_LEVEL_MINOR, "every value of the old type fits into the new one"};
}

static TypeVerdict
judge_text(const Type *from, const Type *to)
{
	bool limited = to->nmodifiers > 0;

	if (limited && (from->nmodifiers == 0 || to->modifiers[0] < from->modifiers[0]))
		return (TypeVerdict){DM_LEVEL_MAJOR, "the narrower type cannot hold what the old one held"};
	return (TypeVerdict){DM_LEVEL_MINOR, "every value of the old type fits into the new one"};
}

/* The same type with other modifiers, such as timestamp(3) and timestamp(6). */
static TypeVerdict
judge_modifiers(const Type *from, const Type *to)
{
	bool shrinks = to->nmodifiers > from->nmodifiers;

	if (from->odd || to->odd)
		return (TypeVerdict){DM_LEVEL_HELD, DM_REASON_HELD};
	for (int i = 0; i < Min(from->nmodifiers, to->nmodifiers); i++)
		shrinks |= to->modifiers[i] < from->modifiers[i];
	if (shrinks)
		return (TypeVerdict){DM_LEVEL_MAJOR, "the narrower type cannot hold what the old one held"};
	return (TypeVerdict){DM_LEVEL_HELD, DM_REASON_HELD};
}

static bool
same_modifiers(const Type *from, const Type *to)
{
	return !from->odd && !to->odd && from->nmodifiers == to->nmodifiers &&
		   memcmp(from->modifiers, to->modifiers, from->nmodifiers * sizeof(int)) == 0;
}

static TypeVerdict
judge(const Type *from, const Type *to, bool widening)
{
	bool same_name = strcmp(from->name, to->name) == 0;

	if (from->dimensions != to->dimensions)
		return verdict_unrelated;
	if (same_name && same_modifiers(from, to))
		return (TypeVerdict){DM_LEVEL_PATCH, DM_REASON_WRITTEN_DIFFERENTLY};
	if (same_name && (from->odd || to->odd))
		return judge_modifiers(from, to);
	if (from->family != to->family)
		return verdict_unrelated;
	switch (from->family)
	{
		case FAMILY_INTEGER:
		case FAMILY_FLOAT:
			return judge_width(from, to, widening);
		case FAMILY_NUMERIC:
			return judge_numeric(from, to);
		case FAMILY_TEXT:
			return judge_text(from, to);
		case FAMILY_OTHER:
			break;
	}
	return same_name ? judge_modifiers(from, to) : verdict_unrelated;
}

/* ---- the fields ---- */

void
DmComparePhysicalType(DmCompare *c, const DmDiffFieldChange *field)
{
	char *from_text = DmDiffNodeText(field->from);
	char *to_text = DmDiffNodeText(field->to);
	Type from;
	Type to;
	TypeVerdict verdict;

	if (from_text == NULL || to_text == NULL)
	{
		DmDiffFieldHeld(c, field);
		return;
	}
	from = read_type(from_text);
	to = read_type(to_text);
	verdict = judge(&from, &to, c->widening);
	DmDiffReport(c, verdict.level, verdict.reason, "type changed from %s to %s",
				 DmDiffNodeShow(field->from), DmDiffNodeShow(field->to));
}

void
DmCompareLogicalType(DmCompare *c, const DmDiffFieldChange *field)
{
	if (field->from == NULL || field->to == NULL)
	{
		DmDiffFieldHeld(c, field);
		return;
	}
	DmDiffReport(c, verdict_unrelated.level, verdict_unrelated.reason,
				 "logical type changed from %s to %s", DmDiffNodeShow(field->from),
				 DmDiffNodeShow(field->to));
}
