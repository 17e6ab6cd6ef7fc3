/*-------------------------------------------------------------------------
 *
 * column_stats.c
 *		Extremes, sum, mean and deviation of the values of one column.
 *
 * NaN and the infinities take part as in SQL: NaN is greater than every number, the sum
 * of a column with a NaN, or with both infinities, is NaN.
 *
 * Equal values may be written differently (1.0 and 1.00, or 'a' and 'A' under some
 * collations).  Which of them is shown must not depend on the order of rows: the minimum is the one
 * whose bytes come first, the maximum the one whose bytes come last.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "base/json.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datum.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "quality/column_stats.h"
#include "quality/exact_sum.h"
#include "quality/value_check.h"

typedef enum SumKind
{
	SUM_NONE,
	SUM_INT,
	SUM_FLOAT,
	SUM_NUMERIC,
} SumKind;

struct DmStats
{
	MemoryContext context;
	Oid type;
	Oid collation;
	DmValueClass class;
	SumKind sum_kind;
	bool ordered;

	int64 count; /* of the counts below, too */
	int64 nans;
	int64 positive_infinities;
	int64 negative_infinities;

	/* if count > nans: of the values that are not NaN, in the form of their class */
	int64 int_min;
	int64 int_max;
	double float_min;
	double float_max;
	Datum min;
	Datum max;

	/* of the finite values */
	DmIntSum int_sum;
	DmFloatSum *float_sum;
	DmNumericSum numeric_sum;

	int16 type_length;
	bool by_value;
	FmgrInfo compare;
};

static SumKind
sum_kind_of(Oid type)
{
	switch (type)
	{
		case INT8OID:
		case INT4OID:
		case INT2OID:
			return SUM_INT;
		case FLOAT8OID:
		case FLOAT4OID:
			return SUM_FLOAT;
		case NUMERICOID:
			return SUM_NUMERIC;
		default:
			return SUM_NONE;
	}
}

static bool
is_int_class(DmValueClass class)
{
	return class == DM_VALUE_INT8 || class == DM_VALUE_INT4 || class == DM_VALUE_INT2;
}

static bool
is_float_class(DmValueClass class)
{
	return class == DM_VALUE_FLOAT8 || class == DM_VALUE_FLOAT4;
}

/* Extremes are kept as datums. */
static bool
is_datum_class(DmValueClass class)
{
	return !is_int_class(class) && !is_float_class(class);
}

DmStats *
DmStatsCreate(Oid type, Oid collation)
{
	DmStats *stats = palloc0(sizeof(DmStats));

	type = getBaseType(type);
	stats->context = CurrentMemoryContext;
	stats->type = type;
	stats->collation = collation;
	stats->class = DmValueClassOf(type);
	stats->sum_kind = sum_kind_of(type);
	stats->ordered = true;
	get_typlenbyval(type, &stats->type_length, &stats->by_value);
	if (stats->sum_kind == SUM_FLOAT)
		stats->float_sum = palloc0(sizeof(DmFloatSum));
	DmNumericSumInit(&stats->numeric_sum, CurrentMemoryContext);
	if (is_datum_class(stats->class))
	{
		TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_CMP_PROC);

		/* an extreme is stored as text, and must be read again */
		stats->ordered = OidIsValid(entry->cmp_proc) && get_typtype(type) != TYPTYPE_PSEUDO;
		if (stats->ordered)
			fmgr_info(entry->cmp_proc, &stats->compare);
	}
	return stats;
}

DmStats *
DmStatsCreateLike(const DmStats *other)
{
	return DmStatsCreate(other->type, other->collation);
}

/* The bytes of a value, without any header; a value by value is its own bytes. */
static const char *
bytes_of(const DmStats *stats, const Datum *value, Size *size)
{
	if (stats->by_value)
	{
		*size = sizeof(Datum);
		return (const char *) value;
	}
	if (stats->type_length == -1)
		return dm_payload(*value, size);
	*size = stats->type_length;
	return DatumGetPointer(*value);
}

static int
compare_bytes(const DmStats *stats, Datum a, Datum b)
{
	Size asize;
	Size bsize;
	const char *abytes = bytes_of(stats, &a, &asize);
	const char *bbytes = bytes_of(stats, &b, &bsize);
	int difference = memcmp(abytes, bbytes, Min(asize, bsize));

	if (difference != 0)
		return difference;
	return (asize > bsize) - (asize < bsize);
}

/* By value first, then by bytes. */
static int
compare_values(DmStats *stats, Datum a, Datum b)
{
	int difference;

	if (stats->class == DM_VALUE_NUMERIC)
	{
		DmNumericView x;
		DmNumericView y;

		dm_numeric_view_datum(&x, a);
		dm_numeric_view_datum(&y, b);
		difference = dm_numeric_compare(&x, &y);
	}
	else
		difference = DatumGetInt32(FunctionCall2Coll(&stats->compare, stats->collation, a, b));
	return difference != 0 ? difference : compare_bytes(stats, a, b);
}

static Datum
keep(DmStats *stats, Datum value)
{
	MemoryContext old = MemoryContextSwitchTo(stats->context);
	Datum copy = stats->type_length == -1 ? PointerGetDatum(PG_DETOAST_DATUM_COPY(value))
										  : datumCopy(value, stats->by_value, stats->type_length);

	MemoryContextSwitchTo(old);
	return copy;
}

static void
replace(DmStats *stats, Datum *extreme, Datum value)
{
	Datum old = *extreme;

	*extreme = keep(stats, value);
	if (!stats->by_value)
		pfree(DatumGetPointer(old));
}

static void
add_datum_extremes(DmStats *stats, Datum value, bool first)
{
	if (first)
	{
		stats->min = keep(stats, value);
		stats->max = keep(stats, value);
		return;
	}
	if (compare_values(stats, value, stats->min) < 0)
		replace(stats, &stats->min, value);
	if (compare_values(stats, value, stats->max) > 0)
		replace(stats, &stats->max, value);
}

static void
add_int(DmStats *stats, int64 v, bool first)
{
	stats->int_min = first ? v : Min(stats->int_min, v);
	stats->int_max = first ? v : Max(stats->int_max, v);
	if (stats->sum_kind == SUM_INT)
		dm_int_sum_add(&stats->int_sum, v);
}

static void
add_float(DmStats *stats, double v, bool first)
{
	if (v == 0)
		v = 0; /* -0 is 0 */
	stats->float_min = first ? v : Min(stats->float_min, v);
	stats->float_max = first ? v : Max(stats->float_max, v);
	if (unlikely(isinf(v)))
	{
		stats->positive_infinities += v > 0;
		stats->negative_infinities += v < 0;
	}
	else
		DmFloatSumAdd(stats->float_sum, v);
}

/* Decimal digits after the point, as displayed. */
static int
numeric_scale_of(Datum value)
{
	Size size;
	const char *payload = dm_payload(value, &size);
	uint16 header;

	memcpy(&header, payload, sizeof(uint16));
	return (header & 0xC000) == 0x8000 ? (header & 0x1F80) >> 7 : header & 0x3FFF;
}

static void
add_numeric(DmStats *stats, Datum value, bool *is_nan)
{
	DmNumericView view;

	dm_numeric_view_datum(&view, value);
	if (view.kind == DM_NUMERIC_NAN)
	{
		stats->nans++;
		*is_nan = true;
		return;
	}
	add_datum_extremes(stats, value, stats->count - stats->nans == 1);
	if (view.kind == DM_NUMERIC_FINITE)
		DmNumericSumAdd(&stats->numeric_sum, &view, numeric_scale_of(value));
	else
	{
		stats->positive_infinities += view.kind == DM_NUMERIC_PINF;
		stats->negative_infinities += view.kind == DM_NUMERIC_NINF;
	}
}

void
DmStatsAdd(DmStats *stats, Datum value, bool *is_nan)
{
	bool first = stats->count == stats->nans;

	*is_nan = false;
	stats->count++;
	if (is_int_class(stats->class))
		add_int(stats, dm_value_int(stats->class, value), first);
	else if (is_float_class(stats->class))
	{
		double v = dm_value_float(stats->class, value);

		if (isnan(v))
		{
			*is_nan = true;
			stats->nans++;
		}
		else
			add_float(stats, v, first);
	}
	else if (stats->class == DM_VALUE_NUMERIC)
		add_numeric(stats, value, is_nan);
	else if (stats->ordered)
		add_datum_extremes(stats, value, first);
}

static void
merge_extremes(DmStats *into, DmStats *from)
{
	bool first = into->count == into->nans;

	if (from->count == from->nans)
		return;
	if (is_int_class(into->class))
	{
		into->int_min = first ? from->int_min : Min(into->int_min, from->int_min);
		into->int_max = first ? from->int_max : Max(into->int_max, from->int_max);
	}
	else if (is_float_class(into->class))
	{
		into->float_min = first ? from->float_min : Min(into->float_min, from->float_min);
		into->float_max = first ? from->float_max : Max(into->float_max, from->float_max);
	}
	else if (into->ordered)
	{
		add_datum_extremes(into, from->min, first);
		add_datum_extremes(into, from->max, false);
	}
}

void
DmStatsMerge(DmStats *into, DmStats *from)
{
	merge_extremes(into, from);
	into->count += from->count;
	into->nans += from->nans;
	into->positive_infinities += from->positive_infinities;
	into->negative_infinities += from->negative_infinities;
	DmIntSumMerge(&into->int_sum, &from->int_sum);
	if (into->float_sum)
		DmFloatSumMerge(into->float_sum, from->float_sum);
	DmNumericSumMerge(&into->numeric_sum, &from->numeric_sum);
}

/* ---- results ---- */

static char *
text_of_datum(const DmStats *stats, Datum value)
{
	Oid output;
	bool is_varlena;

	getTypeOutputInfo(stats->type, &output, &is_varlena);
	return OidOutputFunctionCall(output, value);
}

static char *
text_of_int(const DmStats *stats, int64 v)
{
	switch (stats->class)
	{
		case DM_VALUE_INT2:
			return text_of_datum(stats, Int16GetDatum((int16) v));
		case DM_VALUE_INT4:
			return text_of_datum(stats, Int32GetDatum((int32) v));
		default:
			return text_of_datum(stats, Int64GetDatum(v));
	}
}

static char *
text_of_float(const DmStats *stats, double v)
{
	return text_of_datum(stats, stats->class == DM_VALUE_FLOAT4 ? Float4GetDatum((float4) v)
																: Float8GetDatum(v));
}

/* The texts of the extremes; count > nans. */
static void
extremes_as_text(const DmStats *stats, char **min, char **max)
{
	if (is_int_class(stats->class))
	{
		*min = text_of_int(stats, stats->int_min);
		*max = text_of_int(stats, stats->int_max);
	}
	else if (is_float_class(stats->class))
	{
		*min = text_of_float(stats, stats->float_min);
		*max = text_of_float(stats, stats->float_max);
	}
	else
	{
		*min = text_of_datum(stats, stats->min);
		*max = text_of_datum(stats, stats->max);
	}
}

static void
push_extremes(DmStats *stats, JsonbParseState **json)
{
	char *min = NULL;
	char *max = NULL;

	if (!stats->ordered || stats->count == 0)
		return;
	if (stats->count > stats->nans)
		extremes_as_text(stats, &min, &max);
	if (stats->nans > 0)
		max = "NaN";
	DmJsonPushText(json, "min", min ? min : "NaN");
	DmJsonPushText(json, "max", max);
}

static void
push_moments(DmStats *stats, JsonbParseState **json)
{
	DmMoments m = {0};
	int64 finite =
		stats->count - stats->nans - stats->positive_infinities - stats->negative_infinities;

	if (stats->sum_kind == SUM_NONE || stats->count == 0)
		return;
	if (finite < stats->count)
	{
		m.sum = stats->nans > 0 || (stats->positive_infinities && stats->negative_infinities)
					? "NaN"
				: stats->positive_infinities ? "Infinity"
											 : "-Infinity";
		m.mean = m.sum;
		m.stddev_pop = "NaN";
		m.stddev_samp = stats->count > 1 ? "NaN" : NULL;
	}
	else if (stats->sum_kind == SUM_INT)
		DmIntSumMoments(&stats->int_sum, finite, &m);
	else if (stats->sum_kind == SUM_FLOAT)
		DmFloatSumMoments(stats->float_sum, finite, &m);
	else
		DmNumericSumMoments(&stats->numeric_sum, finite, &m);
	DmJsonPushText(json, "sum", m.sum);
	DmJsonPushText(json, "mean", m.mean);
	DmJsonPushText(json, "stddev_samp", m.stddev_samp);
	DmJsonPushText(json, "stddev_pop", m.stddev_pop);
}

void
DmStatsResult(DmStats *stats, JsonbParseState **json)
{
	DmJsonPushCount(json, "count", stats->count);
	push_extremes(stats, json);
	push_moments(stats, json);
}

/* ---- storing ---- */

static void
write_double(DmWriter *w, double v)
{
	uint64 bits;

	memcpy(&bits, &v, sizeof(bits));
	dm_write64(w, bits);
}

static double
read_double(DmReader *r)
{
	uint64 bits = dm_read64(r);
	double v;

	memcpy(&v, &bits, sizeof(v));
	if (isnan(v))
		dm_read_fail();
	return v;
}

static void
write_extremes(DmWriter *w, DmStats *stats)
{
	if (is_int_class(stats->class))
	{
		dm_write64(w, (uint64) stats->int_min);
		dm_write64(w, (uint64) stats->int_max);
	}
	else if (is_float_class(stats->class))
	{
		write_double(w, stats->float_min);
		write_double(w, stats->float_max);
	}
	else
	{
		char *min;
		char *max;

		extremes_as_text(stats, &min, &max);
		dm_write_string(w, min);
		dm_write_string(w, max);
	}
}

static Datum
read_datum(DmReader *r, DmStats *stats)
{
	char *text = dm_read_string(r);
	Oid input;
	Oid parameter;
	Datum value;

	if (text == NULL)
		dm_read_fail();
	getTypeInputInfo(stats->type, &input, &parameter);
	value = keep(stats, OidInputFunctionCall(input, text, parameter, -1));
	if (stats->class == DM_VALUE_NUMERIC)
	{
		DmNumericView view;

		dm_numeric_view_datum(&view, value);
		if (view.kind == DM_NUMERIC_NAN)
			dm_read_fail();
	}
	return value;
}

/* An int4 must come out as one. */
static int64
read_int(DmReader *r, const DmStats *stats)
{
	int64 v = (int64) dm_read64(r);

	if ((stats->class == DM_VALUE_INT4 && v != (int32) v) ||
		(stats->class == DM_VALUE_INT2 && v != (int16) v))
		dm_read_fail();
	return v;
}

static void
read_extremes(DmReader *r, DmStats *stats)
{
	if (is_int_class(stats->class))
	{
		stats->int_min = read_int(r, stats);
		stats->int_max = read_int(r, stats);
	}
	else if (is_float_class(stats->class))
	{
		stats->float_min = read_double(r);
		stats->float_max = read_double(r);
	}
	else
	{
		stats->min = read_datum(r, stats);
		stats->max = read_datum(r, stats);
	}
}

void
DmStatsWrite(DmWriter *w, DmStats *stats)
{
	dm_write64(w, stats->count);
	dm_write64(w, stats->nans);
	dm_write64(w, stats->positive_infinities);
	dm_write64(w, stats->negative_infinities);
	if (stats->ordered && stats->count > stats->nans)
		write_extremes(w, stats);
	if (stats->sum_kind == SUM_INT)
		DmIntSumWrite(w, &stats->int_sum);
	else if (stats->sum_kind == SUM_FLOAT)
		DmFloatSumWrite(w, stats->float_sum);
	else if (stats->sum_kind == SUM_NUMERIC)
		DmNumericSumWrite(w, &stats->numeric_sum);
}

/* stats is new */
void
DmStatsRead(DmReader *r, DmStats *stats)
{
	stats->count = dm_read_count(r);
	stats->nans = dm_read_count(r);
	stats->positive_infinities = dm_read_count(r);
	stats->negative_infinities = dm_read_count(r);
	if (stats->nans > stats->count || stats->positive_infinities > stats->count - stats->nans ||
		stats->negative_infinities > stats->count - stats->nans - stats->positive_infinities)
		dm_read_fail();
	if (stats->ordered && stats->count > stats->nans)
		read_extremes(r, stats);
	if (stats->sum_kind == SUM_INT)
		DmIntSumRead(r, &stats->int_sum);
	else if (stats->sum_kind == SUM_FLOAT)
		DmFloatSumRead(r, stats->float_sum);
	else if (stats->sum_kind == SUM_NUMERIC)
		DmNumericSumRead(r, &stats->numeric_sum);
}
