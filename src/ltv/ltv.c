/*-------------------------------------------------------------------------
 *
 * ltv.c
 *		Customer lifetime value: the aggregate, the score and the segment.
 *
 *	 score   = revenue * 0.3 + orders * 10 - 0.1 * days since the last order
 *	 segment = platinum above 10000, gold above 5000, silver above 1000, else bronze
 *
 * What stays true: every figure equals, to the last digit and its scale, what
 * count(*), sum, avg, min, max and this formula in numeric give in plain SQL;
 * nulls, NaN and infinities behave as they do there.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "common/shortest_dec.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "ltv/state.h"

PG_FUNCTION_INFO_V1(dm_ltv_accum);
PG_FUNCTION_INFO_V1(dm_ltv_combine);
PG_FUNCTION_INFO_V1(dm_ltv_final);
PG_FUNCTION_INFO_V1(dm_ltv_final_today);
PG_FUNCTION_INFO_V1(dm_ltv_finish);
PG_FUNCTION_INFO_V1(dm_ltv_score);
PG_FUNCTION_INFO_V1(dm_ltv_segment);
PG_FUNCTION_INFO_V1(dm_ltv_segment_float8);

/* The lesson's weights and thresholds; sql/parts/ltv.sql repeats them as defaults. */
static const char *const standard_parameters[DM_LTV_PARAMETERS] = {"0.3",   "10",   "-0.1",
																   "10000", "5000", "1000"};
static const char *const segment_names[DM_LTV_THRESHOLDS] = {"platinum", "gold", "silver"};
static const char *const last_segment = "bronze";

#define RESULT_COLUMNS 7

/* Kept from one group to the next. */
typedef struct FinalCache
{
	TupleDesc desc;
	Numeric standard[DM_LTV_PARAMETERS];
} FinalCache;

/*
 * Accumulating
 */

/* Arguments from "first" on are parameters, as many as there are. */
static void
argument_parameters(FunctionCallInfo fcinfo, int first, DmLtvParameters *parameters)
{
	parameters->count = Max(PG_NARGS() - first, 0);
	for (int i = 0; i < parameters->count; i++)
		parameters->values[i] = PG_ARGISNULL(first + i) ? NULL : PG_GETARG_NUMERIC(first + i);
}

static DmLtvState *
state_from_arguments(FunctionCallInfo fcinfo)
{
	DmLtvParameters parameters;
	DmLtvState *state;

	argument_parameters(fcinfo, 4, &parameters);
	state = DmLtvStateCreate(&parameters);
	if (PG_NARGS() > 3)
	{
		state->flags |= DM_LTV_HAS_AS_OF;
		if (PG_ARGISNULL(3))
			state->flags |= DM_LTV_AS_OF_NULL;
		else
			state->as_of = PG_GETARG_DATEADT(3);
	}
	return state;
}

/* Is this row scored like those before it? */
static bool
same_arguments(FunctionCallInfo fcinfo, const DmLtvState *state)
{
	DmLtvParameters parameters;

	if (PG_NARGS() > 3)
	{
		if (PG_ARGISNULL(3) != ((state->flags & DM_LTV_AS_OF_NULL) != 0))
			return false;
		if (!PG_ARGISNULL(3) && PG_GETARG_DATEADT(3) != state->as_of)
			return false;
	}
	if (state->nparameters == 0)
		return true;
	DmLtvStateParameters(state, &parameters);
	for (int i = 0; i < parameters.count; i++)
	{
		Numeric old = parameters.values[i];
		Numeric new = PG_ARGISNULL(4 + i) ? NULL : PG_GETARG_NUMERIC(4 + i);

		if ((old == NULL) != (new == NULL))
			return false;
		if (old && (VARSIZE(old) != VARSIZE(new) || memcmp(old, new, VARSIZE(old)) != 0))
			return false;
	}
	return true;
}

/* The state that this call may change: the aggregate's own, or else a copy. */
static DmLtvState *
state_to_change(FunctionCallInfo fcinfo)
{
	Datum state = PG_GETARG_DATUM(0);

	if (AggCheckCallContext(fcinfo, NULL))
		return DatumGetLtvState(state);
	return (DmLtvState *) PG_DETOAST_DATUM_COPY(state);
}

/*
 * ltv_accum(state, amount, order_date [, as_of [, weights [, thresholds]]])
 *
 * Changes the aggregate's state in place; one that does not fit any more is returned as a new
 * datum, which the executor takes into the aggregate's memory in place of the old one.
 */
Datum
dm_ltv_accum(PG_FUNCTION_ARGS)
{
	DmLtvState *state;

	if (PG_ARGISNULL(0))
		state = state_from_arguments(fcinfo);
	else
	{
		state = state_to_change(fcinfo);
		if (PG_NARGS() > 3 && !same_arguments(fcinfo, state))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("as-of date, weights and thresholds of datamesh.ltv differ within a "
							"group"),
					 errhint("Give the same values for every row of a group, or group by them.")));
	}
	if (unlikely(state->orders == PG_INT64_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("bigint out of range")));
	state->orders++;
	if (!PG_ARGISNULL(2))
		DmLtvStateAddDate(state, PG_GETARG_DATEADT(2));
	if (!PG_ARGISNULL(1))
		state = DmLtvStateAddAmount(state, PG_GETARG_DATUM(1));
	PG_RETURN_POINTER(state);
}

Datum
dm_ltv_combine(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(1))
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(1)));
	PG_RETURN_POINTER(
		DmLtvStateMerge(state_to_change(fcinfo), DatumGetLtvState(PG_GETARG_DATUM(1))));
}

/*
 * Scoring
 */

static Numeric
multiply(Numeric a, Numeric b)
{
	return numeric_mul_opt_error(a, b, NULL);
}

static Numeric
add(Numeric a, Numeric b)
{
	return numeric_add_opt_error(a, b, NULL);
}

static bool
greater(Numeric a, Numeric b)
{
	return DatumGetBool(DirectFunctionCall2(numeric_gt, NumericGetDatum(a), NumericGetDatum(b)));
}

static Numeric
days_between(DateADT last, DateADT as_of)
{
	if (DATE_NOT_FINITE(last) || DATE_NOT_FINITE(as_of))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("cannot score infinite dates"),
						errdetail("The days between the last order and the as-of date are part of "
								  "the score, and one of the two is infinite."),
						errhint("Leave such orders out, for example with FILTER (WHERE "
								"isfinite(order_date)).")));
	return int64_to_numeric((int64) as_of - (int64) last);
}

static void
check_weights(Numeric const *weights)
{
	for (int i = 0; i < DM_LTV_WEIGHTS; i++)
		if (numeric_is_nan(weights[i]) || numeric_is_inf(weights[i]))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("weights of an LTV score must be finite"),
							errhint("Give numbers; they may be zero or negative.")));
}

static Numeric
score(Numeric revenue, int64 orders, DateADT last, DateADT as_of, Numeric const *weights)
{
	check_weights(weights);
	return add(add(multiply(revenue, weights[0]), multiply(int64_to_numeric(orders), weights[1])),
			   multiply(days_between(last, as_of), weights[2]));
}

/* A threshold that is null takes its segment away; the others must descend. */
static void
check_thresholds(Numeric const *thresholds)
{
	Numeric above = NULL;

	for (int i = 0; i < DM_LTV_THRESHOLDS; i++)
	{
		if (thresholds[i] == NULL)
			continue;
		if (numeric_is_nan(thresholds[i]))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("threshold of segment %s is not a number", segment_names[i]),
							errhint("Give a number, or null for no such segment.")));
		if (above && greater(thresholds[i], above))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("thresholds of LTV segments do not descend"),
							errdetail("The threshold of segment %s is above that of a better one, "
									  "which nobody could reach past it.",
									  segment_names[i]),
							errhint("Give them from the highest to the lowest: platinum, gold, "
									"silver.")));
		above = thresholds[i];
	}
}

/* As CASE WHEN score > ... does it: a null score, and a null threshold, exceed nothing. */
static const char *
segment(Numeric value, Numeric const *thresholds)
{
	if (value == NULL)
		return last_segment;
	for (int i = 0; i < DM_LTV_THRESHOLDS; i++)
		if (thresholds[i] && greater(value, thresholds[i]))
			return segment_names[i];
	return last_segment;
}

/*
 * Finishing
 */

static FinalCache *
final_cache(FunctionCallInfo fcinfo)
{
	FinalCache *cache = fcinfo->flinfo->fn_extra;
	MemoryContext old;

	if (cache)
		return cache;
	old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	cache = palloc0(sizeof(FinalCache));
	if (get_call_result_type(fcinfo, NULL, &cache->desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	cache->desc = BlessTupleDesc(cache->desc);
	for (int i = 0; i < DM_LTV_PARAMETERS; i++)
		cache->standard[i] =
			DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(standard_parameters[i]),
												ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	MemoryContextSwitchTo(old);
	fcinfo->flinfo->fn_extra = cache;
	return cache;
}

/* The sum as sum() gives it: NaN wins, and so do infinities of both signs. */
static Numeric
total_revenue(const DmLtvState *state)
{
	static const char *const words[] = {NULL, "Infinity", "-Infinity", "NaN"};
	uint8 special = state->flags & DM_LTV_SPECIAL;
	int word = 0;

	if (special == 0)
		return DmLtvStateTotal(state);
	if (special == DM_LTV_HAS_INFINITY)
		word = 1;
	else if (special == DM_LTV_HAS_MINUS_INFINITY)
		word = 2;
	else
		word = 3;
	return DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(words[word]),
											   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

static bool
any_null(Numeric const *values, int count)
{
	for (int i = 0; i < count; i++)
		if (values[i] == NULL)
			return true;
	return false;
}

/* as_of NULL: null.  parameters: six. */
static Datum
finish(const FinalCache *cache, const DmLtvState *state, const DateADT *as_of,
	   Numeric const *parameters)
{
	Datum values[RESULT_COLUMNS] = {0};
	bool nulls[RESULT_COLUMNS] = {false, true, true, true, true, true, false};
	Numeric const *thresholds = parameters + DM_LTV_WEIGHTS;
	Numeric value = NULL;

	if (parameters != cache->standard)
		check_thresholds(thresholds);
	if (state && state->amounts > 0)
	{
		Numeric total = total_revenue(state);

		values[1] = NumericGetDatum(total);
		values[2] =
			NumericGetDatum(numeric_div_opt_error(total, int64_to_numeric(state->amounts), NULL));
		nulls[1] = nulls[2] = false;
	}
	if (state && (state->flags & DM_LTV_HAS_DATE))
	{
		values[3] = DateADTGetDatum(state->first);
		values[4] = DateADTGetDatum(state->last);
		nulls[3] = nulls[4] = false;
	}
	if (!nulls[1] && !nulls[4] && as_of && !any_null(parameters, DM_LTV_WEIGHTS))
	{
		value = score(DatumGetNumeric(values[1]), state->orders, state->last, *as_of, parameters);
		values[5] = NumericGetDatum(value);
		nulls[5] = false;
	}
	values[0] = Int64GetDatum(state ? state->orders : 0);
	values[6] = CStringGetTextDatum(segment(value, thresholds));
	return HeapTupleGetDatum(heap_form_tuple(cache->desc, values, nulls));
}

static Datum
final(FunctionCallInfo fcinfo, bool today)
{
	FinalCache *cache = final_cache(fcinfo);
	DmLtvState *state = PG_ARGISNULL(0) ? NULL : DatumGetLtvState(PG_GETARG_DATUM(0));
	Numeric parameters[DM_LTV_PARAMETERS];
	DmLtvParameters given;
	DateADT date;

	if (state == NULL)
		return finish(cache, NULL, NULL, cache->standard);
	if (!(state->flags & DM_LTV_HAS_AS_OF) && !today)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("LTV state carries no as-of date"),
						errhint("Score it with datamesh.ltv_finish(state, as_of).")));
	date = state->flags & DM_LTV_HAS_AS_OF ? state->as_of : GetSQLCurrentDate();
	DmLtvStateParameters(state, &given);
	for (int i = 0; i < DM_LTV_PARAMETERS; i++)
		parameters[i] = i < given.count ? given.values[i] : cache->standard[i];
	return finish(cache, state, state->flags & DM_LTV_AS_OF_NULL ? NULL : &date,
				  given.count > 0 ? parameters : cache->standard);
}

/* The final function of the forms with an as-of date. */
Datum
dm_ltv_final(PG_FUNCTION_ARGS)
{
	return final(fcinfo, false);
}

/* The final function of the form without one: as of current_date. */
Datum
dm_ltv_final_today(PG_FUNCTION_ARGS)
{
	return final(fcinfo, true);
}

/* ltv_finish(state, as_of, weights, thresholds): a stored or merged state as a result. */
Datum
dm_ltv_finish(PG_FUNCTION_ARGS)
{
	DmLtvState *state = PG_ARGISNULL(0) ? NULL : DatumGetLtvState(PG_GETARG_DATUM(0));
	DateADT as_of = PG_ARGISNULL(1) ? 0 : PG_GETARG_DATEADT(1);
	DmLtvParameters parameters;

	argument_parameters(fcinfo, 2, &parameters);
	return finish(final_cache(fcinfo), state, PG_ARGISNULL(1) ? NULL : &as_of, parameters.values);
}

/* ltv_score(total_revenue, order_count, last_order_date, as_of, weights), strict */
Datum
dm_ltv_score(PG_FUNCTION_ARGS)
{
	DmLtvParameters weights;

	argument_parameters(fcinfo, 4, &weights);
	PG_RETURN_NUMERIC(score(PG_GETARG_NUMERIC(0), PG_GETARG_INT64(1), PG_GETARG_DATEADT(2),
							PG_GETARG_DATEADT(3), weights.values));
}

/* ltv_segment(score, thresholds) */
Datum
dm_ltv_segment(PG_FUNCTION_ARGS)
{
	DmLtvParameters thresholds;

	argument_parameters(fcinfo, 1, &thresholds);
	check_thresholds(thresholds.values);
	PG_RETURN_TEXT_P(
		cstring_to_text(segment(PG_ARGISNULL(0) ? NULL : PG_GETARG_NUMERIC(0), thresholds.values)));
}

/*
 * The same for a score that is kept as double precision.  It is held against the thresholds
 * digit by digit: a cast to numeric would round it to 15 digits, and 10000.000000000002 with it.
 */
Datum
dm_ltv_segment_float8(PG_FUNCTION_ARGS)
{
	DmLtvParameters thresholds;
	Numeric value = NULL;

	argument_parameters(fcinfo, 1, &thresholds);
	check_thresholds(thresholds.values);
	if (!PG_ARGISNULL(0))
		value = DatumGetNumeric(DirectFunctionCall3(
			numeric_in, CStringGetDatum(double_to_shortest_decimal(PG_GETARG_FLOAT8(0))),
			ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	PG_RETURN_TEXT_P(cstring_to_text(segment(value, thresholds.values)));
}
