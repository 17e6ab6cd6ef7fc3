/*-------------------------------------------------------------------------
 *
 * value_check.c
 *		Whether values of one column keep to a range, a set, a pattern, a length.
 *
 * Integers, dates, timestamps, floats and numerics are held against their range
 * inline (value_check.h), without a function call or a copy.  The rest is here:
 * ranges of other types by their btree comparison, sets by hash and equality of the
 * type, patterns, lengths, multiples.
 *
 * Bounds need not be values of the type where that would change their meaning: for
 * integers "0.5" is a bound, and the bounds of a float4 are float8, as in SQL, where
 * 0.1::float4 is not <= 0.1.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "nodes/value.h"
#include "parser/parse_coerce.h"
#include "port/pg_bitutils.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/typcache.h"

#include "base/errors.h"
#include "quality/pattern.h"
#include "quality/value_check.h"
#include "quality/value_hash.h"

/* A set of values: an open-addressing table if they can be hashed, else a list. */
typedef struct ValueSet
{
	DmHasher hasher;
	bool hashable;
	int nvalues;
	Datum *values;
	uint32 nslots;
	int *slots; /* index of a value, or -1 */
	uint64 *hashes;
	FmgrInfo equal;
} ValueSet;

struct DmValueCheckRest
{
	DmValueClass class;
	Oid type;
	Oid collation;
	FmgrInfo output;
	bool has_min; /* for the classes that value_check.h does not compare itself */
	bool has_max;
	bool exclusive_min;
	bool exclusive_max;
	Datum min;
	Datum max;
	FmgrInfo compare;
	ValueSet *set;
	DmPattern *pattern;
	int64 min_length;
	int64 max_length;
	bool has_multiple;
	Datum multiple; /* a numeric */
};

DmValueClass
DmValueClassOf(Oid type)
{
	switch (type)
	{
		case INT8OID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return DM_VALUE_INT8;
		case INT4OID:
		case DATEOID:
			return DM_VALUE_INT4;
		case INT2OID:
			return DM_VALUE_INT2;
		case FLOAT8OID:
			return DM_VALUE_FLOAT8;
		case FLOAT4OID:
			return DM_VALUE_FLOAT4;
		case NUMERICOID:
			return DM_VALUE_NUMERIC;
		case BPCHAROID:
			return DM_VALUE_BPCHAR;
		case BYTEAOID:
			return DM_VALUE_BYTEA;
		default:
			return IsBinaryCoercible(type, TEXTOID) ? DM_VALUE_TEXT : DM_VALUE_OTHER;
	}
}

static Datum
read_value(Oid type, const char *text)
{
	Oid input;
	Oid parameter;

	getTypeInputInfo(type, &input, &parameter);
	return OidInputFunctionCall(input, unconstify(char *, text), parameter, -1);
}

/*
 * The same, or false if the type does not take the text.  Input functions are C and say so with a
 * data exception before they have taken anything that needs a subtransaction to give back; and a
 * subtransaction cannot be had in a parallel worker.
 */
static bool
try_read_value(Oid type, const char *text, Datum *value)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool success = true;

	PG_TRY();
	{
		*value = read_value(type, text);
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_DATA_EXCEPTION)
			PG_RE_THROW();
		FlushErrorState();
		success = false;
	}
	PG_END_TRY();
	return success;
}

/* ---- ranges ---- */

/* A numeric as an integer bound: rounded into the range, and beyond int8 as far as it goes. */
static int64
integer_bound(Datum bound, bool lower, bool exclusive, bool *impossible)
{
	Datum rounded = DirectFunctionCall1(lower ? numeric_ceil : numeric_floor, bound);
	Datum largest = NumericGetDatum(int64_to_numeric(PG_INT64_MAX));
	Datum smallest = NumericGetDatum(int64_to_numeric(PG_INT64_MIN));
	int64 v;

	if (exclusive && DatumGetBool(DirectFunctionCall2(numeric_eq, rounded, bound)))
		rounded = DirectFunctionCall2(lower ? numeric_add : numeric_sub, rounded,
									  NumericGetDatum(int64_to_numeric(1)));
	/* NaN is greater than all: no integer is above it, and none below is excluded */
	if (DatumGetBool(DirectFunctionCall2(numeric_gt, rounded, largest)))
	{
		*impossible = *impossible || lower;
		v = PG_INT64_MAX;
	}
	else if (DatumGetBool(DirectFunctionCall2(numeric_lt, rounded, smallest)))
	{
		*impossible = *impossible || !lower;
		v = PG_INT64_MIN;
	}
	else
		v = DatumGetInt64(DirectFunctionCall1(numeric_int8, rounded));
	return v;
}

static void
set_integer_range(DmValueCheck *c, const DmValueRules *rules)
{
	bool impossible = false;

	if (rules->min)
		c->int_min = integer_bound(read_value(NUMERICOID, rules->min), true, rules->exclusive_min,
								   &impossible);
	if (rules->max)
		c->int_max = integer_bound(read_value(NUMERICOID, rules->max), false, rules->exclusive_max,
								   &impossible);
	if (impossible)
	{
		c->int_min = PG_INT64_MAX;
		c->int_max = PG_INT64_MIN;
	}
}

/* Dates and timestamps: infinities are the smallest and largest integer there are. */
static void
set_time_range(DmValueCheck *c, Oid type, const DmValueRules *rules)
{
	if (rules->min)
	{
		c->int_min = dm_value_int(c->class, read_value(type, rules->min));
		if (rules->exclusive_min && c->int_min == PG_INT64_MAX)
			c->int_max = PG_INT64_MIN;
		else
			c->int_min += rules->exclusive_min;
	}
	if (rules->max)
	{
		int64 max = dm_value_int(c->class, read_value(type, rules->max));

		if (rules->exclusive_max && max == PG_INT64_MIN)
			c->int_min = PG_INT64_MAX;
		else
			c->int_max = Min(c->int_max, max - rules->exclusive_max);
	}
}

static void
set_numeric_bound(const char *text, bool *has, bool *exclusive, bool is_exclusive,
				  DmNumericView *bound)
{
	if (text == NULL)
		return;
	*has = true;
	*exclusive = is_exclusive;
	dm_numeric_view_datum(bound, read_value(NUMERICOID, text));
}

static void
set_float_bound(const char *text, bool *has, bool *exclusive, bool is_exclusive, double *bound)
{
	if (text == NULL)
		return;
	*has = true;
	*exclusive = is_exclusive;
	*bound = DatumGetFloat8(read_value(FLOAT8OID, text));
}

static void
set_other_range(DmValueCheckRest *rest, const DmValueRules *rules)
{
	TypeCacheEntry *entry = lookup_type_cache(rest->type, TYPECACHE_CMP_PROC);

	if (!OidIsValid(entry->cmp_proc))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
						errmsg("type %s has no order, so that min and max cannot be checked",
							   format_type_be(rest->type))));
	fmgr_info(entry->cmp_proc, &rest->compare);
	if (rules->min)
	{
		rest->has_min = true;
		rest->exclusive_min = rules->exclusive_min;
		rest->min = read_value(rest->type, rules->min);
	}
	if (rules->max)
	{
		rest->has_max = true;
		rest->exclusive_max = rules->exclusive_max;
		rest->max = read_value(rest->type, rules->max);
	}
}

/* True if it was a range that value_check.h compares itself. */
static bool
set_inline_range(DmValueCheck *c, Oid type, const DmValueRules *rules)
{
	c->int_min = PG_INT64_MIN;
	c->int_max = PG_INT64_MAX;
	switch (c->class)
	{
		case DM_VALUE_INT8:
		case DM_VALUE_INT4:
		case DM_VALUE_INT2:
			if (type == INT8OID || type == INT4OID || type == INT2OID)
				set_integer_range(c, rules);
			else
				set_time_range(c, type, rules);
			return true;
		case DM_VALUE_FLOAT8:
		case DM_VALUE_FLOAT4:
			set_float_bound(rules->min, &c->has_min, &c->exclusive_min, rules->exclusive_min,
							&c->float_min);
			set_float_bound(rules->max, &c->has_max, &c->exclusive_max, rules->exclusive_max,
							&c->float_max);
			return true;
		case DM_VALUE_NUMERIC:
			set_numeric_bound(rules->min, &c->has_min, &c->exclusive_min, rules->exclusive_min,
							  &c->numeric_min);
			set_numeric_bound(rules->max, &c->has_max, &c->exclusive_max, rules->exclusive_max,
							  &c->numeric_max);
			return true;
		default:
			return false;
	}
}

/* ---- sets ---- */

static bool
equal_values(ValueSet *set, Datum a, Datum b)
{
	if (set->hashable && set->hasher.exact)
		return true; /* the hashes are equal already */
	return DatumGetBool(FunctionCall2Coll(&set->equal, set->hasher.collation, a, b));
}

/* The slot of a value, or the free one where it would be. */
static uint32
find_slot(ValueSet *set, Datum value, uint64 hash)
{
	uint32 slot = hash & (set->nslots - 1);

	while (set->slots[slot] >= 0 && !(set->hashes[set->slots[slot]] == hash &&
									  equal_values(set, set->values[set->slots[slot]], value)))
		slot = (slot + 1) & (set->nslots - 1);
	return slot;
}

static bool
set_has(ValueSet *set, Datum value)
{
	if (set->hashable)
		return set->slots[find_slot(set, value, DmHasherHash(&set->hasher, value))] >= 0;
	for (int i = 0; i < set->nvalues; i++)
	{
		if (equal_values(set, set->values[i], value))
			return true;
	}
	return false;
}

static void
index_set(ValueSet *set)
{
	set->nslots = pg_nextpower2_32(Max(8, set->nvalues * 2));
	set->slots = palloc(set->nslots * sizeof(int));
	set->hashes = palloc(Max(set->nvalues, 1) * sizeof(uint64));
	for (uint32 i = 0; i < set->nslots; i++)
		set->slots[i] = -1;
	for (int i = 0; i < set->nvalues; i++)
	{
		set->hashes[i] = DmHasherHash(&set->hasher, set->values[i]);
		set->slots[find_slot(set, set->values[i], set->hashes[i])] = i;
	}
}

static ValueSet *
make_set(Oid type, Oid collation, const DmValueRules *rules)
{
	ValueSet *set = palloc0(sizeof(ValueSet));
	TypeCacheEntry *entry =
		lookup_type_cache(type, TYPECACHE_EQ_OPR | TYPECACHE_HASH_EXTENDED_PROC);

	if (!OidIsValid(entry->eq_opr))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
						errmsg("type %s has no equality, so that values cannot be checked",
							   format_type_be(type))));
	fmgr_info(get_opcode(entry->eq_opr), &set->equal);
	set->hasher.collation = collation;
	set->hashable = OidIsValid(entry->hash_extended_proc) && !type_is_enum(type);
	if (set->hashable)
		DmHasherInit(&set->hasher, type, collation);
	set->values = palloc(Max(rules->nvalues, 1) * sizeof(Datum));
	for (int i = 0; i < rules->nvalues; i++)
	{
		if (!rules->lenient_values)
			set->values[set->nvalues++] = read_value(type, rules->values[i]);
		else if (try_read_value(type, rules->values[i], &set->values[set->nvalues]))
			set->nvalues++;
	}
	if (set->hashable)
		index_set(set);
	return set;
}

/* ---- strings ---- */

/* The characters of a value; for what is no string, those of its text form. */
static const char *
string_of(DmValueCheckRest *rest, Datum value, Size *size)
{
	const char *s;

	if (rest->class != DM_VALUE_TEXT && rest->class != DM_VALUE_BPCHAR)
	{
		s = OutputFunctionCall(&rest->output, value);
		*size = strlen(s);
		return s;
	}
	s = dm_payload(value, size);
	if (rest->class == DM_VALUE_BPCHAR)
	{
		while (*size > 0 && s[*size - 1] == ' ')
			(*size)--;
	}
	return s;
}

static int64
count_characters(const char *s, Size size)
{
	int64 n = 0;

	if (pg_database_encoding_max_length() == 1)
		return size;
	if (GetDatabaseEncoding() != PG_UTF8)
		return pg_mbstrlen_with_len(s, size);
	for (Size i = 0; i < size; i++)
		n += (s[i] & 0xC0) != 0x80;
	return n;
}

static bool
length_passes(DmValueCheckRest *rest, const char *s, Size size)
{
	int64 length;

	/* a character has at least one byte, and at most so many: often that is enough to know */
	if (size <= rest->max_length && size / pg_database_encoding_max_length() >= rest->min_length)
		return true;
	length = rest->class == DM_VALUE_BYTEA ? size : count_characters(s, size);
	return length >= rest->min_length && length <= rest->max_length;
}

static bool
string_passes(DmValueCheckRest *rest, Datum value)
{
	Size size;
	const char *s;

	if (rest->class == DM_VALUE_BYTEA && rest->pattern == NULL)
		return length_passes(rest, NULL, toast_raw_datum_size(value) - VARHDRSZ);
	s = string_of(rest, value, &size);
	if (rest->pattern && !DmPatternMatches(rest->pattern, s, size))
		return false;
	return length_passes(rest, s, size);
}

static void
set_lengths(DmValueCheckRest *rest, const DmValueRules *rules)
{
	char category;
	bool preferred;

	rest->min_length = Max(rules->min_length, 0);
	rest->max_length = rules->max_length < 0 ? PG_INT64_MAX : rules->max_length;
	if (rules->min_length < 0 && rules->max_length < 0)
		return;
	get_type_category_preferred(rest->type, &category, &preferred);
	if (rest->class == DM_VALUE_OTHER && category != TYPCATEGORY_STRING &&
		category != TYPCATEGORY_ENUM)
		category = TYPCATEGORY_INVALID;
	if (category == TYPCATEGORY_INVALID ||
		(rest->class != DM_VALUE_OTHER && rest->class != DM_VALUE_TEXT &&
		 rest->class != DM_VALUE_BPCHAR && rest->class != DM_VALUE_BYTEA))
		ereport(
			ERROR,
			(errcode(ERRCODE_UNDEFINED_FUNCTION),
			 errmsg("type %s has no length, so that min_length and max_length cannot be checked",
					format_type_be(rest->type))));
}

/* ---- multiples ---- */

static Datum
as_numeric(DmValueCheckRest *rest, Datum value)
{
	switch (rest->class)
	{
		case DM_VALUE_INT8:
		case DM_VALUE_INT4:
		case DM_VALUE_INT2:
			return NumericGetDatum(int64_to_numeric(dm_value_int(rest->class, value)));
		case DM_VALUE_FLOAT8:
			return DirectFunctionCall1(float8_numeric, value);
		case DM_VALUE_FLOAT4:
			return DirectFunctionCall1(float4_numeric, value);
		default:
			return value;
	}
}

/* A float counts as the decimal number that it is written as, so that 0.3 is three times 0.1. */
static bool
multiple_passes(DmValueCheckRest *rest, Datum value)
{
	Datum remainder = DirectFunctionCall2(numeric_mod, as_numeric(rest, value), rest->multiple);

	return DatumGetBool(
		DirectFunctionCall2(numeric_eq, remainder, NumericGetDatum(int64_to_numeric(0))));
}

static void
set_multiple(DmValueCheckRest *rest, const DmValueRules *rules)
{
	bool is_number = rest->class == DM_VALUE_NUMERIC || rest->class == DM_VALUE_FLOAT8 ||
					 rest->class == DM_VALUE_FLOAT4 || rest->type == INT8OID ||
					 rest->type == INT4OID || rest->type == INT2OID;

	if (rules->multiple_of == NULL)
		return;
	if (!is_number)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
						errmsg("type %s is no number, so that multiple_of cannot be checked",
							   format_type_be(rest->type))));
	rest->multiple = read_value(NUMERICOID, rules->multiple_of);
	if (!DatumGetBool(
			DirectFunctionCall2(numeric_gt, rest->multiple, NumericGetDatum(int64_to_numeric(0)))))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("multiple_of must be greater than 0")));
	rest->has_multiple = true;
}

/* ---- all together ---- */

bool
DmValueCheckRestPasses(DmValueCheckRest *rest, Datum value)
{
	if (rest->has_min && DatumGetInt32(FunctionCall2Coll(&rest->compare, rest->collation, value,
														 rest->min)) < rest->exclusive_min)
		return false;
	if (rest->has_max && DatumGetInt32(FunctionCall2Coll(&rest->compare, rest->collation, value,
														 rest->max)) > -(int) rest->exclusive_max)
		return false;
	if (rest->set && !set_has(rest->set, value))
		return false;
	if ((rest->pattern || rest->min_length > 0 || rest->max_length < PG_INT64_MAX) &&
		!string_passes(rest, value))
		return false;
	return !rest->has_multiple || multiple_passes(rest, value);
}

static DmValueCheckRest *
make_rest(const DmValueCheck *c, Oid type, Oid collation)
{
	DmValueCheckRest *rest = palloc0(sizeof(DmValueCheckRest));
	Oid output;
	bool is_varlena;

	rest->class = c->class;
	rest->type = type;
	rest->collation = collation;
	getTypeOutputInfo(type, &output, &is_varlena);
	fmgr_info(output, &rest->output);
	return rest;
}

DmValueCheck *
DmValueCheckCreate(Oid type, Oid collation, const DmValueRules *rules)
{
	DmValueCheck *c = palloc0(sizeof(DmValueCheck));
	DmValueCheckRest *rest;
	bool inline_range;

	type = getBaseType(type);
	c->class = DmValueClassOf(type);
	rest = make_rest(c, type, collation);
	inline_range = set_inline_range(c, type, rules);
	if (!inline_range && (rules->min || rules->max))
		set_other_range(rest, rules);
	if (rules->nvalues >= 0)
		rest->set = make_set(type, collation, rules);
	if (rules->pattern)
		rest->pattern = DmPatternCreate(rules->pattern, collation);
	set_lengths(rest, rules);
	set_multiple(rest, rules);
	if (rest->has_min || rest->has_max || rest->set || rest->pattern || rest->has_multiple ||
		rules->min_length >= 0 || rules->max_length >= 0)
		c->rest = rest;
	return c;
}
