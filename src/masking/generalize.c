/*-------------------------------------------------------------------------
 *
 * generalize.c
 *		mask_generalize: the range of a grid that a value lies in.
 *
 * Where the grid leaves the type, the range is open; what lies on no grid (NaN,
 * infinities) gives the range of everything.  No value is an error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/rangetypes.h"

#include "masking/calendar.h"
#include "base/compat.h"

PG_FUNCTION_INFO_V1(dm_mask_generalize_int4);
PG_FUNCTION_INFO_V1(dm_mask_generalize_int8);
PG_FUNCTION_INFO_V1(dm_mask_generalize_numeric);
PG_FUNCTION_INFO_V1(dm_mask_generalize_date);

/* [lower, upper) of the function's result type; an end that is open has no value. */
static Datum
range_of(FunctionCallInfo fcinfo, bool lower_open, Datum lower, bool upper_open, Datum upper)
{
	TypeCacheEntry *type = range_get_typcache(fcinfo, get_fn_expr_rettype(fcinfo->flinfo));
	RangeBound from = {lower, lower_open, !lower_open, true};
	RangeBound to = {upper, upper_open, false, false};

	return RangeTypePGetDatum(DmMakeRange(type, &from, &to));
}

static void
step_error(void)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("the step of a grid must be above 0")));
}

/* The grid's lines around a value; false where they lie beyond int64. */
static void
int_bounds(int64 value, int64 step, int64 *lower, bool *lower_open, int64 *upper, bool *upper_open)
{
	int64 rest;

	if (step < 1)
		step_error();
	rest = value % step;
	if (rest < 0)
		rest += step;
	*lower_open = value < PG_INT64_MIN + rest;
	*lower = *lower_open ? 0 : value - rest;
	*upper_open = value > PG_INT64_MAX - (step - rest);
	*upper = *upper_open ? 0 : value + (step - rest);
}

Datum
dm_mask_generalize_int4(PG_FUNCTION_ARGS)
{
	int64 lower, upper;
	bool lower_open, upper_open;

	int_bounds(PG_GETARG_INT32(0), PG_GETARG_INT32(1), &lower, &lower_open, &upper, &upper_open);
	return range_of(fcinfo, lower<PG_INT32_MIN, Int32GetDatum((int32) lower), upper> PG_INT32_MAX,
					Int32GetDatum((int32) upper));
}

Datum
dm_mask_generalize_int8(PG_FUNCTION_ARGS)
{
	int64 lower, upper;
	bool lower_open, upper_open;

	int_bounds(PG_GETARG_INT64(0), PG_GETARG_INT64(1), &lower, &lower_open, &upper, &upper_open);
	return range_of(fcinfo, lower_open, Int64GetDatum(lower), upper_open, Int64GetDatum(upper));
}

Datum
dm_mask_generalize_numeric(PG_FUNCTION_ARGS)
{
	Numeric value = PG_GETARG_NUMERIC(0);
	Numeric step = PG_GETARG_NUMERIC(1);
	Datum zero = NumericGetDatum(int64_to_numeric(0));
	Datum lower;

	if (numeric_is_nan(step) || numeric_is_inf(step) ||
		!DatumGetBool(DirectFunctionCall2(numeric_gt, NumericGetDatum(step), zero)))
		step_error();
	if (numeric_is_nan(value) || numeric_is_inf(value))
		return range_of(fcinfo, true, (Datum) 0, true, (Datum) 0);
	lower = DirectFunctionCall2(numeric_mod, NumericGetDatum(value), NumericGetDatum(step));
	if (DatumGetBool(DirectFunctionCall2(numeric_lt, lower, zero)))
		lower = DirectFunctionCall2(numeric_add, lower, NumericGetDatum(step));
	lower = DirectFunctionCall2(numeric_sub, NumericGetDatum(value), lower);
	/* Not the digits of the value: 12.340 with step 10 is [10,20). */
	lower = DirectFunctionCall1(numeric_trim_scale, lower);
	return range_of(
		fcinfo, false, lower, false,
		DirectFunctionCall1(numeric_trim_scale,
							DirectFunctionCall2(numeric_add, lower, NumericGetDatum(step))));
}

Datum
dm_mask_generalize_date(PG_FUNCTION_ARGS)
{
	DateADT date = PG_GETARG_DATEADT(0);
	DmPeriod period;

	DmCalendarPeriod(date, PG_GETARG_TEXT_PP(1), &period);
	return range_of(fcinfo, DATE_NOT_FINITE(date), DateADTGetDatum(period.first), period.open_end,
					DateADTGetDatum(period.next));
}
