/*-------------------------------------------------------------------------
 *
 * state.c
 *		Building, updating and merging LTV states.
 *
 * What stays true: the state of a set of rows does not depend on their order
 * or on how they were split before merging.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/int.h"
#include "utils/builtins.h"

#include "base/compat.h"
#include "ltv/state.h"

static Numeric
wide_sum(const DmLtvState *state)
{
	return state->wide_size > 0 ? (Numeric) state->tail : NULL;
}

static char *
parameters_start(const DmLtvState *state)
{
	return (char *) state->tail + INTALIGN(state->wide_size);
}

static Size
parameter_size(Numeric value)
{
	return value ? INTALIGN(VARSIZE(value)) : sizeof(int32);
}

DmLtvState *
DmLtvStateCreate(const DmLtvParameters *parameters)
{
	Size extra = 0;
	DmLtvState *state;
	char *at;

	for (int i = 0; i < parameters->count; i++)
		extra += parameter_size(parameters->values[i]);
	state = palloc0(offsetof(DmLtvState, tail) + extra);
	SET_VARSIZE(state, offsetof(DmLtvState, tail) + extra);
	state->version = DM_LTV_VERSION;
	state->nparameters = parameters->count;
	state->parameters_size = extra;
	at = state->tail;
	for (int i = 0; i < parameters->count; i++)
	{
		if (parameters->values[i])
			memcpy(at, parameters->values[i], VARSIZE(parameters->values[i]));
		at += parameter_size(parameters->values[i]);
	}
	return state;
}

/* The values point into the state. */
void
DmLtvStateParameters(const DmLtvState *state, DmLtvParameters *parameters)
{
	char *at = parameters_start(state);

	parameters->count = state->nparameters;
	for (int i = 0; i < state->nparameters; i++)
	{
		parameters->values[i] = VARSIZE(at) > 0 ? (Numeric) at : NULL;
		at += parameter_size(parameters->values[i]);
	}
}

bool
DmLtvStateSameParameters(const DmLtvState *a, const DmLtvState *b)
{
	const int as_of_flags = DM_LTV_HAS_AS_OF | DM_LTV_AS_OF_NULL;

	return (a->flags & as_of_flags) == (b->flags & as_of_flags) && a->as_of == b->as_of &&
		   a->nparameters == b->nparameters && a->parameters_size == b->parameters_size &&
		   memcmp(parameters_start(a), parameters_start(b), a->parameters_size) == 0;
}

/* The state with another wide sum: in place if that has the size of the old one. */
static DmLtvState *
set_wide_sum(DmLtvState *state, Numeric wide)
{
	Size size = VARSIZE(wide);
	Size total;
	DmLtvState *result = state;

	if (size != state->wide_size)
	{
		total = offsetof(DmLtvState, tail) + INTALIGN(size) + state->parameters_size;
		result = palloc0(total);
		memcpy(result, state, offsetof(DmLtvState, tail));
		SET_VARSIZE(result, total);
		result->wide_size = size;
		memcpy(parameters_start(result), parameters_start(state), state->parameters_size);
	}
	memcpy(result->tail, wide, size);
	return result;
}

static DmLtvState *
add_wide(DmLtvState *state, Numeric amount)
{
	Numeric wide = wide_sum(state);

	return set_wide_sum(state, wide ? numeric_add_opt_error(wide, amount, NULL) : amount);
}

/* whole + fraction / DM_LTV_FRACTION, with eight decimals. */
static Numeric
sum_to_numeric(const DmLtvSum *sum)
{
	return numeric_add_opt_error(int64_to_numeric(sum->whole),
								 int64_div_fast_to_numeric(sum->fraction, DM_LTV_FRACTION_DIGITS),
								 NULL);
}

static DmLtvState *
add_small(DmLtvState *state, const DmLtvSum *value)
{
	if (unlikely(!DmLtvSumAdd(&state->sum, value)))
	{
		/* Full: what it holds moves to the wide sum. */
		state = add_wide(state, sum_to_numeric(&state->sum));
		state->sum = *value;
	}
	return state;
}

static int64
add_counts(int64 a, int64 b)
{
	int64 result;

	if (unlikely(pg_add_s64_overflow(a, b, &result)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("bigint out of range"),
				 errdetail("An LTV state counts at most " INT64_FORMAT " orders.", PG_INT64_MAX)));
	return result;
}

/* amount is a numeric, possibly packed, and not null. */
DmLtvState *
DmLtvStateAddAmount(DmLtvState *state, Datum amount)
{
	struct varlena *packed = PG_DETOAST_DATUM_PACKED(amount);
	DmLtvAmount decoded;

	DmLtvDecode((unsigned char *) VARDATA_ANY(packed), VARSIZE_ANY_EXHDR(packed), &decoded);
	state->amounts = add_counts(state->amounts, 1);
	if (decoded.scale > state->scale)
		state->scale = decoded.scale;
	switch (decoded.kind)
	{
		case DM_LTV_SMALL:
			state = add_small(state, &decoded.value);
			break;
		case DM_LTV_WIDE:
			state = add_wide(state, DatumGetNumeric(PointerGetDatum(packed)));
			break;
		case DM_LTV_NAN:
			state->flags |= DM_LTV_HAS_NAN;
			break;
		case DM_LTV_INFINITY:
			state->flags |= DM_LTV_HAS_INFINITY;
			break;
		case DM_LTV_MINUS_INFINITY:
			state->flags |= DM_LTV_HAS_MINUS_INFINITY;
			break;
		case DM_LTV_BROKEN:
			elog(ERROR, "unrecognized form of numeric");
	}
	return state;
}

/* Infinite dates compare as the first and the last of all, as in SQL. */
void
DmLtvStateAddDate(DmLtvState *state, DateADT date)
{
	if (!(state->flags & DM_LTV_HAS_DATE))
	{
		state->flags |= DM_LTV_HAS_DATE;
		state->first = date;
		state->last = date;
	}
	else if (date < state->first)
		state->first = date;
	else if (date > state->last)
		state->last = date;
}

DmLtvState *
DmLtvStateMerge(DmLtvState *state, const DmLtvState *other)
{
	Numeric wide = wide_sum(other);

	if (!DmLtvStateSameParameters(state, other))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("cannot merge LTV states that are to be scored differently"),
						errdetail("They carry different as-of dates, weights or thresholds."),
						errhint("Give the same as-of date, weights and thresholds for every row of "
								"a group.")));
	state->orders = add_counts(state->orders, other->orders);
	state->amounts = add_counts(state->amounts, other->amounts);
	state->scale = Max(state->scale, other->scale);
	state->flags |= other->flags & DM_LTV_SPECIAL;
	if (other->flags & DM_LTV_HAS_DATE)
	{
		DmLtvStateAddDate(state, other->first);
		DmLtvStateAddDate(state, other->last);
	}
	state = add_small(state, &other->sum);
	return wide ? add_wide(state, wide) : state;
}

/* The part that is held in integers, with the wanted scale if it has that many decimals. */
static Numeric
small_total(const DmLtvState *state, int scale)
{
	DmLtvSum sum = state->sum;
	int64 units;

	if (DmLtvSumNormalize(&sum) && DmLtvSumUnits(&sum, scale, &units))
		return int64_div_fast_to_numeric(units, scale);
	return DatumGetNumeric(DirectFunctionCall2(numeric_round, NumericGetDatum(sum_to_numeric(&sum)),
											   Int32GetDatum(scale)));
}

Numeric
DmLtvStateTotal(const DmLtvState *state)
{
	Numeric wide = wide_sum(state);
	int small_scale = Min(state->scale, DM_LTV_FRACTION_DIGITS);
	Numeric total = small_total(state, small_scale);

	if (wide)
		total = numeric_add_opt_error(total, wide, NULL);
	/* The wide sum may hold what once were small amounts, with eight decimals: drop zeros. */
	if (wide && state->scale < DM_LTV_FRACTION_DIGITS)
		return DatumGetNumeric(DirectFunctionCall2(numeric_round, NumericGetDatum(total),
												   Int32GetDatum(state->scale)));
	/* A larger scale may have come with small amounts: 1.0000000000.  Show as many zeros. */
	if (state->scale > DM_LTV_FRACTION_DIGITS)
		return numeric_add_opt_error(total, int64_div_fast_to_numeric(0, state->scale), NULL);
	return total;
}
