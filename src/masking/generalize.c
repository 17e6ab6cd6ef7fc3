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

#include "masking/masking.h"
#include "base/compat.h"

PG_FUNCTION_INFO_V1(dm_mask_generalize_int4);
PG_FUNCTION_INFO_V1(dm_mask_generalize_int8);
PG_FUNCTION_INFO_V1(dm_mask_generalize_numeric);

Datum
DmMaskRange(FunctionCallInfo fcinfo, bool lower_open, Datum lower, bool upper_open, Datum upper)
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

Datum
dm_mask_generalize_int4(PG_FUNCTION_ARGS)
{
	int32 step = PG_GETARG_INT32(1);
	DmGridCell cell;

	if (step < 1)
		step_error();
	DmGridInt(PG_GETARG_INT32(0), step, PG_INT32_MIN, PG_INT32_MAX, &cell);
	return DmMaskRange(fcinfo, cell.lower_open, Int32GetDatum((int32) cell.lower), cell.upper_open,
					   Int32GetDatum((int32) cell.upper));
}

Datum
dm_mask_generalize_int8(PG_FUNCTION_ARGS)
{
	int64 step = PG_GETARG_INT64(1);
	DmGridCell cell;

	if (step < 1)
		step_error();
	DmGridInt(PG_GETARG_INT64(0), step, PG_INT64_MIN, PG_INT64_MAX, &cell);
	return DmMaskRange(fcinfo, cell.lower_open, Int64GetDatum(cell.lower), cell.upper_open,
					   Int64GetDatum(cell.upper));
}

/* Without the digits of the value: 12.340 with step 10 lies in [10,20). */
static Datum
trimmed(Numeric number)
{
	return DirectFunctionCall1(numeric_trim_scale, NumericGetDatum(number));
}

Datum
dm_mask_generalize_numeric(PG_FUNCTION_ARGS)
{
	Numeric value = PG_GETARG_NUMERIC(0);
	Numeric step = PG_GETARG_NUMERIC(1);
	Datum zero = NumericGetDatum(int64_to_numeric(0));
	bool beneath = false, beyond = false;
	Numeric above, lower, upper;

	if (numeric_is_nan(step) || numeric_is_inf(step) ||
		!DatumGetBool(DirectFunctionCall2(numeric_gt, NumericGetDatum(step), zero)))
		step_error();
	if (numeric_is_nan(value) || numeric_is_inf(value))
		return DmMaskRange(fcinfo, true, (Datum) 0, true, (Datum) 0);
	above = numeric_mod_opt_error(value, step, NULL);
	if (DatumGetBool(DirectFunctionCall2(numeric_lt, NumericGetDatum(above), zero)))
		above = numeric_add_opt_error(above, step, NULL);
	lower = numeric_sub_opt_error(value, above, &beneath);
	/* From the value and not from lower, which may not be there. */
	upper = numeric_add_opt_error(value, numeric_sub_opt_error(step, above, NULL), &beyond);
	return DmMaskRange(fcinfo, beneath, beneath ? (Datum) 0 : trimmed(lower), beyond,
					   beyond ? (Datum) 0 : trimmed(upper));
}
