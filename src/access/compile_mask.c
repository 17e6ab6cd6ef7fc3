/*-------------------------------------------------------------------------
 *
 * compile_mask.c
 *		A mask on a column of a certain type, as SQL.
 *
 * What this file keeps true:
 *
 *	- A masked column has the type, the length and the collation of the unmasked one, of the base
 *	  type where that is a domain: a domain's checks are its owner's code, and would run as the reader,
 *	  on masked values that they were not made for.
 *	- No expression can fail on a value that the column can hold: an error would tell of the
 *	  value, and would take the port from its readers.  Noise stays within the type, texts are cut
 *	  to its length.
 *	- The text runs no code of a domain's when it is parsed or run: only functions of ours and of
 *	  pg_catalog, and literals of built-in types.
 *	- A setting of the reader's session changes nothing: what tells the rows of noise apart is of
 *	  types that are written in one way only, or else different DateStyles would give different
 *	  noise for one value, and noise that can be drawn again can be averaged away.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>

#include "access/transam.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

#include "access/compile.h"
#include "base/text.h"
#include "quality/check.h"

/* Shorter, and two values would too easily have one mask. */
#define HASH_LENGTH 32
#define PSEUDONYM_LENGTH 24

typedef struct Target
{
	DmAccess *access;
	const DmAccessColumn *column;
	const DmAccessMask *entry;
	const DmMask *mask;
	int32 policy;
} Target;

static char *refuse(const Target *t, const char *format, ...) pg_attribute_printf(2, 3);

/* Say that a mask cannot be applied; the result is NULL. */
static char *
refuse(const Target *t, const char *format, ...)
{
	DmValidator *v = &t->access->problems;
	va_list args;
	char *text;

	va_start(args, format);
	text = DmFormat(format, args);
	va_end(args);
	if (t->entry->path != NULL)
		DmProblem(v, NULL, "%s: column \"%s\" of type %s %s", t->entry->path, t->column->name,
				  format_type_with_typemod(t->column->type, t->column->typmod), text);
	else
		DmProblem(v, NULL, "column \"%s\" of type %s %s", t->column->name,
				  format_type_with_typemod(t->column->type, t->column->typmod), text);
	return NULL;
}

/* ---- types ---- */

bool
DmAccessSafeType(Oid type)
{
	Oid element = get_element_type(type);
	char kind;

	if (OidIsValid(element))
		return DmAccessSafeType(element);
	kind = get_typtype(type);
	return type < FirstNormalObjectId &&
		   (kind == TYPTYPE_BASE || kind == TYPTYPE_RANGE || kind == TYPTYPE_MULTIRANGE);
}

static bool
same_bits(Oid from, Oid to)
{
	Oid function;

	return find_coercion_pathway(to, from, COERCION_EXPLICIT, &function) ==
		   COERCION_PATH_RELABELTYPE;
}

/* A type whose values are texts: of pg_catalog, or one that a superuser made the same bytes. */
static bool
is_text(Oid type)
{
	return type == TEXTOID || type == VARCHAROID || type == BPCHAROID || type == NAMEOID ||
		   (get_typtype(type) == TYPTYPE_BASE && same_bits(type, TEXTOID) &&
			same_bits(TEXTOID, type));
}

static char *
type_label(Oid type, int32 typmod)
{
	return format_type_extended(type, typmod,
								FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);
}

/* Characters that the type has room for. */
static int
room(const DmAccessColumn *column)
{
	if (column->base == NAMEOID)
		return NAMEDATALEN - 1;
	if ((column->base == VARCHAROID || column->base == BPCHAROID) &&
		column->base_typmod >= (int32) VARHDRSZ)
		return column->base_typmod - VARHDRSZ;
	return column->base == BPCHAROID ? 1 : PG_INT32_MAX;
}

/* expression, as the column's base type */
static char *
cast_back(const DmAccessColumn *column, const char *expression, Oid type)
{
	if (type == column->base && column->base_typmod < 0)
		return pstrdup(expression);
	return psprintf("%s::%s", expression, type_label(column->base, column->base_typmod));
}

/* The column as an argument of a mask of "type". */
static char *
argument(const DmAccessColumn *column, Oid type)
{
	if (column->type == type)
		return pstrdup(column->label);
	return psprintf("%s::%s", column->label, type_label(type, -1));
}

/* The type that masks of texts are called with: those of varchar give back varchar. */
static Oid
text_type(const DmAccessColumn *column)
{
	return column->base == VARCHAROID ? VARCHAROID : TEXTOID;
}

/* ---- the policy's name ---- */

/* datamesh.mask_policy: the same for all versions of the product, and another for each column. */
static char *
policy_literal(const Target *t)
{
	char *column = pstrdup(quote_identifier(t->column->name));

	return psprintf(
		"%s::datamesh.mask_policy",
		quote_literal_cstr(psprintf("%s.%s", t->access->product->qualified_name, column)));
}

/* ---- texts ---- */

static char *
text_mask(const Target *t, const char *arguments)
{
	const char *function;
	Oid type = text_type(t->column);

	switch (t->mask->kind)
	{
		case DM_MASK_PARTIAL:
			function = "mask_partial";
			break;
		case DM_MASK_EMAIL:
			function = "mask_email";
			break;
		case DM_MASK_FIRST:
			function = "mask_first";
			break;
		case DM_MASK_LAST:
			function = "mask_last";
			break;
		case DM_MASK_HASHED:
			function = "mask_hash";
			break;
		case DM_MASK_PSEUDONYMS:
			function = "mask_pseudonym";
			break;
		default:
			function = "mask_redact";
			break;
	}
	return cast_back(t->column,
					 psprintf("datamesh.%s(%s%s)", function, argument(t->column, type), arguments),
					 type);
}

static char *
cut_mask(const Target *t)
{
	const DmMask *mask = t->mask;
	char *pad = quote_literal_cstr(mask->pad);

	if (!is_text(t->column->base))
		return refuse(t, "cannot be masked with %s, which cuts texts", t->entry->text);
	switch (mask->kind)
	{
		case DM_MASK_PARTIAL:
			return text_mask(
				t, psprintf(", %d, %s::pg_catalog.text, %d", mask->prefix, pad, mask->suffix));
		case DM_MASK_EMAIL:
			return text_mask(t, "");
		default:
			return text_mask(t, psprintf(", %d, %s::pg_catalog.text", mask->count, pad));
	}
}

static char *
hash_mask(const Target *t)
{
	if (!is_text(t->column->base))
		return refuse(t,
					  "cannot be masked with hash, which gives texts; pseudonym takes bigint and "
					  "uuid too");
	if (room(t->column) < HASH_LENGTH)
		return refuse(t,
					  "has no room for a hash, which needs %d characters or more; cast the column "
					  "to text in the source",
					  HASH_LENGTH);
	return text_mask(t, psprintf(", %s", policy_literal(t)));
}

static char *
pseudonym_mask(const Target *t)
{
	char *arguments = psprintf(", %s, datamesh.reader_name(%d)", policy_literal(t), t->policy);

	if (is_text(t->column->base))
	{
		if (room(t->column) < PSEUDONYM_LENGTH)
			return refuse(
				t,
				"has no room for a pseudonym, which has %d characters; cast the column to "
				"text in the source",
				PSEUDONYM_LENGTH);
		return text_mask(t, arguments);
	}
	if (t->column->base != INT8OID && t->column->base != UUIDOID)
		return refuse(t, "cannot have pseudonyms, which are of text, bigint or uuid; cast the "
						 "column in the source");
	return psprintf("datamesh.mask_pseudonym(%s%s)", argument(t->column, t->column->base),
					arguments);
}

/* ---- what leaves nothing ---- */

/* A CASE keeps the length of its type only if all of its branches have it, nulls among them. */
static char *
typed_null(const DmAccessColumn *column)
{
	if (column->base_typmod < 0)
		return pstrdup("NULL");
	return psprintf("NULL::%s", type_label(column->base, column->base_typmod));
}

static char *
redact_mask(const Target *t)
{
	if (is_text(t->column->base))
		return text_mask(t, "");
	if (!DmAccessSafeType(t->column->base))
		return typed_null(t->column);
	return cast_back(t->column,
					 psprintf("datamesh.mask_redact(%s)", argument(t->column, t->column->base)),
					 t->column->base);
}

typedef struct Constant
{
	const Target *target;
	char *text;
} Constant;

static void
read_constant(void *argument)
{
	Constant *constant = argument;
	const DmAccessColumn *column = constant->target->column;
	Oid input, output, parameter;
	bool varlena;

	getTypeInputInfo(column->base, &input, &parameter);
	getTypeOutputInfo(column->base, &output, &varlena);
	constant->text =
		OidOutputFunctionCall(output, OidInputFunctionCall(input, constant->target->mask->value,
														   parameter, column->base_typmod));
}

/* The constant as the type writes it; NULL if the type does not take it. */
static char *
constant_text(const Target *t)
{
	Constant constant = {t, NULL};
	char *error = DmGuard(read_constant, &constant);

	return error == NULL ? constant.text : refuse(t, "does not take that constant: %s", error);
}

static char *
constant_mask(const Target *t)
{
	Oid base = t->column->base;
	bool is_enum = get_typtype(base) == TYPTYPE_ENUM;
	char *text = t->mask->value;

	if (!is_enum && !is_text(base) && !DmAccessSafeType(base))
		return refuse(t, "cannot be masked with a constant, only with null or redact");
	if (is_enum || DmAccessSafeType(base))
		text = constant_text(t);
	if (text == NULL)
		return NULL;
	/* by way of text, so that parsing the view's text makes no value of a type of the domain's */
	return psprintf("%s%s::%s", quote_literal_cstr(text),
					DmAccessSafeType(base) ? "" : "::pg_catalog.text",
					type_label(base, t->column->base_typmod));
}

/* ---- dates and numbers ---- */

static char *
date_mask(const Target *t)
{
	Oid base = t->column->base;

	if (base != DATEOID && base != TIMESTAMPOID && base != TIMESTAMPTZOID)
		return refuse(t, "cannot be masked with date_trunc, which takes date and timestamp");
	return cast_back(t->column,
					 psprintf("datamesh.mask_date_trunc(%s, %s::pg_catalog.text)",
							  argument(t->column, base), quote_literal_cstr(t->mask->unit)),
					 base);
}

/* A column of the row key as text that no setting changes; NULL if its type has none. */
static char *
row_key_part(const DmAccessColumn *column)
{
	switch (column->base)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case NUMERICOID:
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case UUIDOID:
		case BOOLOID:
			return psprintf("%s::pg_catalog.text", argument(column, column->base));
		case DATEOID:
			/* in seconds, which infinity has too */
			return psprintf("pg_catalog.extract('epoch', %s)::pg_catalog.text",
							argument(column, column->base));
		default:
			return NULL;
	}
}

static char *
row_key(const Target *t)
{
	StringInfoData key;
	ListCell *cell;

	if (t->mask->columns == NIL)
		return "''::pg_catalog.text";
	initStringInfo(&key);
	appendStringInfoString(&key, "pg_catalog.concat_ws('|'");
	foreach (cell, t->mask->columns)
	{
		const DmAccessColumn *column = DmAccessFindColumn(t->access, lfirst(cell));
		char *part = column != NULL && OidIsValid(column->type) ? row_key_part(column) : NULL;

		if (column == NULL)
			return refuse(t, "cannot have noise by row: \"%s\" is not a column of the contract",
						  (char *) lfirst(cell));
		if (part == NULL && OidIsValid(column->type))
			return refuse(t,
						  "cannot have noise by row: column \"%s\" is of type %s; the key of noise "
						  "is one of integers, numeric, texts, uuid, boolean or date",
						  column->name, format_type_be(column->type));
		/* null and '' are two rows, and so are a, b and 'a|b' */
		if (part != NULL)
			appendStringInfo(&key, ", coalesce(pg_catalog.length(%s), -1), %s", part, part);
	}
	appendStringInfoChar(&key, ')');
	return key.data;
}

/* value, no further from zero than the type can hold; null stays null */
static char *
bounded(const Target *t, const char *expression, const char *least, const char *most)
{
	return psprintf("CASE WHEN %s IS NOT NULL THEN LEAST(GREATEST(%s, %s), %s) END",
					t->column->label, expression, least, most);
}

/* The greatest number of numeric(precision, scale), as text. */
static char *
greatest_numeric(int precision, int scale)
{
	StringInfoData text;

	initStringInfo(&text);
	if (scale > precision || scale < 0)
		return NULL;
	for (int i = 0; i < precision; i++)
	{
		if (i == precision - scale)
			appendStringInfoString(&text, i == 0 ? "0." : ".");
		appendStringInfoChar(&text, '9');
	}
	return text.data;
}

static char *
numeric_noise(const Target *t, const char *call)
{
	int32 typmod = t->column->base_typmod - VARHDRSZ;
	char *most;

	if (t->column->base_typmod < (int32) VARHDRSZ)
		return pstrdup(call);
	most = greatest_numeric((typmod >> 16) & 0xFFFF, ((typmod & 0x7FF) ^ 1024) - 1024);
	if (most == NULL)
		return refuse(t, "cannot have noise; cast the column to numeric in the source");
	return cast_back(t->column, psprintf("(%s)", bounded(t, call, psprintf("-%s", most), most)),
					 InvalidOid);
}

/* A whole number of days, or a ratio of at most 1. */
static bool
amount_fits(const Target *t)
{
	const char *amount = t->mask->amount;

	if (t->column->base == DATEOID)
	{
		if (strspn(amount, "0123456789") == strlen(amount) && strlen(amount) < 7)
			return true;
		refuse(t, "takes noise in whole days, at most 999999, not %s", amount);
		return false;
	}
	if (strtod(amount, NULL) <= 1 && strtod(amount, NULL) > 0)
		return true;
	refuse(t, "takes noise as a ratio above 0 and at most 1, not %s", amount);
	return false;
}

static char *
noise_mask(const Target *t)
{
	Oid base = t->column->base;
	Oid called = base == INT2OID ? INT4OID : base == FLOAT4OID ? FLOAT8OID : base;
	char *key;
	char *call;

	if (base != INT2OID && base != INT4OID && base != INT8OID && base != FLOAT4OID &&
		base != FLOAT8OID && base != NUMERICOID && base != DATEOID)
		return refuse(t, "cannot have noise, which is for numbers and dates");
	key = row_key(t);
	if (key == NULL || !amount_fits(t))
		return NULL;
	call = psprintf("datamesh.mask_noise(%s, %s%s, %s, %s)", argument(t->column, called),
					t->mask->amount, base == DATEOID ? "" : "::pg_catalog.float8",
					policy_literal(t), key);
	if (base == INT2OID)
		return psprintf("(%s)::pg_catalog.int2", bounded(t, call, "-32768", "32767"));
	if (base == FLOAT4OID)
		return psprintf("(CASE WHEN pg_catalog.abs(%s) < 'Infinity'::pg_catalog.float4 THEN %s "
						"ELSE %s::pg_catalog.float8 END)::pg_catalog.float4",
						t->column->label,
						bounded(t, call, "'-3.4028234e38'::pg_catalog.float8",
								"'3.4028234e38'::pg_catalog.float8"),
						t->column->label);
	return base == NUMERICOID ? numeric_noise(t, call) : call;
}

/* ---- all of them ---- */

bool
DmAccessMaskIsKeyed(const DmMask *mask)
{
	return mask->kind == DM_MASK_HASHED || mask->kind == DM_MASK_PSEUDONYMS ||
		   mask->kind == DM_MASK_NOISE;
}

char *
DmAccessMaskSql(DmAccess *access, const DmProtected *protected, const DmAccessMask *mask,
				int32 policy)
{
	const Target t = {access, protected->column, mask, mask->mask, policy};

	switch (mask->mask->kind)
	{
		case DM_MASK_PARTIAL:
		case DM_MASK_EMAIL:
		case DM_MASK_FIRST:
		case DM_MASK_LAST:
			return cut_mask(&t);
		case DM_MASK_HASHED:
			return hash_mask(&t);
		case DM_MASK_PSEUDONYMS:
			return pseudonym_mask(&t);
		case DM_MASK_REDACT:
			return redact_mask(&t);
		case DM_MASK_CONSTANT:
			return constant_mask(&t);
		case DM_MASK_DATE_TRUNC:
			return date_mask(&t);
		case DM_MASK_NOISE:
			return noise_mask(&t);
		case DM_MASK_GENERALIZE:
			return refuse(&t, "cannot be masked with generalize, which gives ranges; make a second "
							  "column with datamesh.mask_generalize in the source, and hide this "
							  "one");
		case DM_MASK_NULL:
			return typed_null(t.column);
		case DM_MASK_NONE:
			break;
	}
	elog(ERROR, "no mask of kind %d", mask->mask->kind);
}

/* ---- the column of the view ---- */

static const DmProtected *
find_protected(const DmAccess *access, const char *name)
{
	ListCell *cell;

	foreach (cell, access->protected)
	{
		const DmProtected *protected = lfirst(cell);

		if (strcmp(protected->column->name, name) == 0)
			return protected;
	}
	return NULL;
}

void
DmAccessColumnType(const DmAccess *access, const char *name, Oid *type, int32 *typmod)
{
	const DmProtected *protected = find_protected(access, name);

	if (protected == NULL || !OidIsValid(protected->column->type))
		return;
	*type = protected->column->base;
	*typmod = protected->column->base_typmod;
}

/* The hidden value is the null that no branch gives. */
char *
DmAccessColumnSql(const DmAccess *access, const char *name, int32 policy)
{
	const DmAccessColumn *column = DmAccessFindColumn(access, name);
	const DmProtected *protected = find_protected(access, name);
	bool domain = column->type != column->base;
	StringInfoData sql;
	ListCell *cell;

	if (protected == NULL)
		return pstrdup(column->label);
	initStringInfo(&sql);
	appendStringInfo(&sql, "CASE datamesh.mask_choice(%d, %d) WHEN 0 THEN %s%s%s", policy,
					 protected->number, column->label, domain ? "::" : "",
					 domain ? type_label(column->base, column->base_typmod) : "");
	foreach (cell, protected->masks)
	{
		char *mask = DmAccessMaskSql((DmAccess *) access, protected, lfirst(cell), policy);

		if (mask == NULL)
			elog(ERROR, "the mask of column \"%s\" cannot be applied", name);
		appendStringInfo(&sql, " WHEN %d THEN %s", foreach_current_index(cell) + 1, mask);
	}
	if (column->base_typmod >= 0)
		appendStringInfo(&sql, " ELSE %s", typed_null(column));
	appendStringInfoString(&sql, " END");
	return sql.data;
}
