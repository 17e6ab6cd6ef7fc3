/*-------------------------------------------------------------------------
 *
 * value_check.h
 *		Whether values of one column keep to a range, a set, a pattern, a length.
 *
 * See value_check.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_QUALITY_VALUE_CHECK_H
#define DATAMESH_QUALITY_VALUE_CHECK_H

#include <math.h>

#include "quality/numeric_bound.h"

/* What is asked; NULL and -1 are for what is not.  Texts are in the input syntax of the type. */
typedef struct DmValueRules
{
	char *min;
	char *max;
	bool exclusive_min;
	bool exclusive_max;
	char *pattern;
	char *multiple_of;
	int64 min_length;
	int64 max_length;
	int nvalues; /* -1: any value will do */
	char **values;
	/* a text that is no value of the type stands for none, instead of being an error */
	bool lenient_values;
} DmValueRules;

typedef enum DmValueClass
{
	DM_VALUE_INT8, /* and what is stored as integers: dates, timestamps */
	DM_VALUE_INT4,
	DM_VALUE_INT2,
	DM_VALUE_FLOAT8,
	DM_VALUE_FLOAT4,
	DM_VALUE_NUMERIC,
	DM_VALUE_TEXT, /* and types that are binary-coercible to it */
	DM_VALUE_BPCHAR,
	DM_VALUE_BYTEA,
	DM_VALUE_OTHER,
} DmValueClass;

typedef struct DmValueCheckRest DmValueCheckRest;

typedef struct DmValueCheck
{
	DmValueClass class;
	bool has_min;
	bool has_max;
	bool exclusive_min; /* not for integers: their bounds are made inclusive */
	bool exclusive_max;
	int64 int_min;
	int64 int_max;
	double float_min;
	double float_max;
	DmNumericView numeric_min;
	DmNumericView numeric_max;
	DmValueCheckRest *rest; /* what is not a range of a class above; NULL if nothing */
} DmValueCheck;

extern DmValueClass DmValueClassOf(Oid type);

/*
 * Lives in the current memory context.  Rules that do not fit the type are errors.
 */
extern DmValueCheck *DmValueCheckCreate(Oid type, Oid collation, const DmValueRules *rules);
extern bool DmValueCheckRestPasses(DmValueCheckRest *rest, Datum value);

/* The bytes of a varlena where they lie; a toasted one is fetched into the current context. */
static inline const char *
dm_payload(Datum value, Size *size)
{
	struct varlena *v = (struct varlena *) DatumGetPointer(value);

	if (unlikely(VARATT_IS_COMPRESSED(v) || VARATT_IS_EXTERNAL(v)))
		v = pg_detoast_datum_packed(v);
	*size = VARSIZE_ANY_EXHDR(v);
	return VARDATA_ANY(v);
}

static inline void
dm_numeric_view_datum(DmNumericView *view, Datum value)
{
	Size size;
	const char *payload = dm_payload(value, &size);

	dm_numeric_view(view, payload, size);
}

static inline int64
dm_value_int(DmValueClass class, Datum value)
{
	return class == DM_VALUE_INT4   ? DatumGetInt32(value)
		   : class == DM_VALUE_INT2 ? DatumGetInt16(value)
									: DatumGetInt64(value);
}

static inline double
dm_value_float(DmValueClass class, Datum value)
{
	return class == DM_VALUE_FLOAT4 ? DatumGetFloat4(value) : DatumGetFloat8(value);
}

static inline bool
dm_float_in_range(const DmValueCheck *c, double v)
{
	if (c->has_min && !(c->exclusive_min ? v > c->float_min : v >= c->float_min))
		return false;
	return !c->has_max || (c->exclusive_max ? v < c->float_max : v <= c->float_max);
}

static inline bool
dm_numeric_in_range(const DmValueCheck *c, const DmNumericView *v)
{
	if (c->has_min && dm_numeric_compare(v, &c->numeric_min) < c->exclusive_min)
		return false;
	return !c->has_max || dm_numeric_compare(v, &c->numeric_max) <= -(int) c->exclusive_max;
}

/* A value as its class has it, looked up once for all checks of it. */
typedef struct DmValue
{
	Datum datum;
	bool is_nan;
	int64 integer;
	double real;
	DmNumericView numeric;
} DmValue;

static inline void
dm_value_read(DmValue *v, DmValueClass class, Datum datum)
{
	v->datum = datum;
	v->is_nan = false;
	switch (class)
	{
		case DM_VALUE_INT8:
		case DM_VALUE_INT4:
		case DM_VALUE_INT2:
			v->integer = dm_value_int(class, datum);
			break;
		case DM_VALUE_FLOAT8:
		case DM_VALUE_FLOAT4:
			v->real = dm_value_float(class, datum);
			v->is_nan = isnan(v->real);
			break;
		case DM_VALUE_NUMERIC:
			dm_numeric_view_datum(&v->numeric, datum);
			v->is_nan = v->numeric.kind == DM_NUMERIC_NAN;
			break;
		default:
			break;
	}
}

/* May leave memory behind in the current context.  NaN is outside of every range. */
static inline bool
dm_value_check_passes(const DmValueCheck *c, const DmValue *v)
{
	switch (c->class)
	{
		case DM_VALUE_INT8:
		case DM_VALUE_INT4:
		case DM_VALUE_INT2:
			if (v->integer < c->int_min || v->integer > c->int_max)
				return false;
			break;
		case DM_VALUE_FLOAT8:
		case DM_VALUE_FLOAT4:
			if (!dm_float_in_range(c, v->real)) /* no comparison with NaN is true */
				return false;
			break;
		case DM_VALUE_NUMERIC:
			if (v->is_nan ? c->has_min || c->has_max : !dm_numeric_in_range(c, &v->numeric))
				return false;
			break;
		default:
			break;
	}
	return c->rest == NULL || DmValueCheckRestPasses(c->rest, v->datum);
}

#endif /* DATAMESH_QUALITY_VALUE_CHECK_H */
