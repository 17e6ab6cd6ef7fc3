/*-------------------------------------------------------------------------
 *
 * exact_sum.c
 *		Sums and sums of squares without rounding.
 *
 * Three kinds of number, three fixed-point accumulators that lose nothing:
 *
 *	integers	machine words of 128 and 192 bits;
 *	floats		a "superaccumulator": float8 has finitely many exponents, so a
 *				binary numeral of 2,200 bits holds any sum of floats exactly (twice
 *				that for squares).  A value touches three neighbouring limbs;
 *	numerics	the digits of a value are added to the sums of their places.
 *
 * Limbs and places are wider than what is added to them: carries are propagated
 * once in 2^28 additions.  Because addition without rounding is associative and
 * commutative, results are the same for any order of rows, any number of workers
 * and any way to merge.
 *
 * The variance comes from (n * sum(x^2) - sum(x)^2) / (n * (n - 1)): numerically
 * hopeless in floating point, exact here.  Only the last division and the root are
 * rounded.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "quality/exact_sum.h"

#define CARRY_AFTER (1 << 28)
#define LOW32 UINT64CONST(0xFFFFFFFF)

/* ---- big integers: sign and magnitude, little-endian limbs of 32 bits ---- */

#define BIG_LIMBS 300

typedef struct Big
{
	bool negative;
	int n; /* limbs in use; the highest is not 0 */
	uint32 limb[BIG_LIMBS];
} Big;

static void
big_trim(Big *b)
{
	while (b->n > 0 && b->limb[b->n - 1] == 0)
		b->n--;
	if (b->n == 0)
		b->negative = false;
}

static void
big_from_words(Big *b, const uint64 *words, int nwords)
{
	b->negative = false;
	b->n = nwords * 2;
	for (int i = 0; i < nwords; i++)
	{
		b->limb[2 * i] = (uint32) words[i];
		b->limb[2 * i + 1] = (uint32) (words[i] >> 32);
	}
	big_trim(b);
}

/* From limbs that may be negative or too large. */
static void
big_from_limbs(Big *b, const int64 *limbs, int nlimbs)
{
	int64 carry = 0;

	/* two's complement first; the top limb of a sum always holds its sign */
	for (int i = 0; i < nlimbs; i++)
	{
		int64 v = limbs[i] + carry;

		b->limb[i] = (uint32) (v & LOW32);
		carry = v >> 32;
	}
	b->n = nlimbs;
	b->negative = carry < 0;
	if (b->negative)
	{
		uint64 one = 1;

		for (int i = 0; i < nlimbs; i++)
		{
			uint64 v = (uint64) (uint32) ~b->limb[i] + one;

			b->limb[i] = (uint32) v;
			one = v >> 32;
		}
	}
	big_trim(b);
}

static void
big_multiply(Big *r, const Big *a, const Big *b)
{
	r->n = a->n + b->n;
	Assert(r->n <= BIG_LIMBS);
	memset(r->limb, 0, r->n * sizeof(uint32));
	for (int i = 0; i < a->n; i++)
	{
		uint64 carry = 0;

		for (int j = 0; j < b->n; j++)
		{
			uint64 v = (uint64) a->limb[i] * b->limb[j] + r->limb[i + j] + carry;

			r->limb[i + j] = (uint32) v;
			carry = v >> 32;
		}
		r->limb[i + b->n] = (uint32) carry;
	}
	r->negative = a->negative != b->negative;
	big_trim(r);
}

/* a -= b, where a >= b >= 0 */
static void
big_subtract(Big *a, const Big *b)
{
	int64 borrow = 0;

	for (int i = 0; i < a->n; i++)
	{
		int64 v = (int64) a->limb[i] - (i < b->n ? b->limb[i] : 0) + borrow;

		a->limb[i] = (uint32) (v & LOW32);
		borrow = v >> 32;
	}
	big_trim(a);
}

static void
big_shift_left(Big *b, int limbs)
{
	Assert(b->n + limbs <= BIG_LIMBS);
	memmove(b->limb + limbs, b->limb, b->n * sizeof(uint32));
	memset(b->limb, 0, limbs * sizeof(uint32));
	b->n += limbs;
	big_trim(b);
}

/* b /= d towards zero; true if something remained */
static bool
big_divide(Big *b, uint64 d)
{
	uint128 remainder = 0;

	for (int i = b->n - 1; i >= 0; i--)
	{
		uint128 v = (remainder << 32) | b->limb[i];

		b->limb[i] = (uint32) (v / d);
		remainder = v % d;
	}
	big_trim(b);
	return remainder != 0;
}

static int
big_bits(const Big *b)
{
	return b->n == 0 ? 0 : 32 * (b->n - 1) + pg_leftmost_one_pos32(b->limb[b->n - 1]) + 1;
}

static bool
big_bit(const Big *b, int i)
{
	return i >= 0 && i / 32 < b->n && ((b->limb[i / 32] >> (i % 32)) & 1);
}

/* b * 2^exponent (plus a little, if inexact) to the nearest double, ties to even */
static double
big_to_double(const Big *b, int exponent, bool inexact)
{
	int bits = big_bits(b);
	int top = bits - 1 + exponent; /* exponent of the value */
	int keep = top >= -1022 ? 53 : 53 - (-1022 - top);
	int lowest;
	uint64 mantissa = 0;
	bool half;
	double result;

	if (bits == 0)
		return 0;
	if (top > 1024)
		return b->negative ? -get_float8_infinity() : get_float8_infinity();
	if (keep < 0)
		return b->negative ? -0.0 : 0;
	lowest = bits - keep;
	for (int i = bits - 1; i >= lowest; i--)
		mantissa = (mantissa << 1) | big_bit(b, i);
	half = big_bit(b, lowest - 1);
	for (int i = 0; i < lowest - 1 && !inexact; i++)
		inexact = big_bit(b, i);
	if (half && (inexact || (mantissa & 1)))
		mantissa++;
	result = ldexp((double) mantissa, lowest + exponent);
	return b->negative ? -result : result;
}

/* Decimal digits of the magnitude, with the sign; palloc'd. */
static char *
big_to_text(const Big *value)
{
	Big b = *value;
	StringInfoData out;
	uint32 parts[BIG_LIMBS * 32 / 29 + 1];
	int nparts = 0;

	initStringInfo(&out);
	while (b.n > 0)
	{
		uint64 remainder = 0;

		for (int i = b.n - 1; i >= 0; i--)
		{
			uint64 v = (remainder << 32) | b.limb[i];

			b.limb[i] = (uint32) (v / 1000000000);
			remainder = v % 1000000000;
		}
		big_trim(&b);
		parts[nparts++] = (uint32) remainder;
	}
	if (value->negative)
		appendStringInfoChar(&out, '-');
	if (nparts == 0)
		appendStringInfoChar(&out, '0');
	for (int i = nparts - 1; i >= 0; i--)
		appendStringInfo(&out, i == nparts - 1 ? "%u" : "%09u", parts[i]);
	return out.data;
}

/* ---- numerics from texts ---- */

static Datum
numeric_of_text(const char *text)
{
	return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid),
							   Int32GetDatum(-1));
}

static char *
text_of_numeric(Datum value)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, value));
}

static Datum
numeric_of_count(int64 count)
{
	return NumericGetDatum(int64_to_numeric(count));
}

/* stddev from n * sum(x^2) - sum(x)^2 over a divisor */
static char *
numeric_stddev(Datum numerator, Datum divisor)
{
	Datum variance = DirectFunctionCall2(numeric_div, numerator, divisor);

	return text_of_numeric(DirectFunctionCall1(numeric_sqrt, variance));
}

static void
numeric_moments(Datum sum, Datum squares, int64 count, DmMoments *moments)
{
	Datum n = numeric_of_count(count);
	Datum numerator;

	memset(moments, 0, sizeof(DmMoments));
	if (count == 0)
		return;
	numerator = DirectFunctionCall2(numeric_sub, DirectFunctionCall2(numeric_mul, n, squares),
									DirectFunctionCall2(numeric_mul, sum, sum));
	moments->sum = text_of_numeric(sum);
	moments->mean = text_of_numeric(DirectFunctionCall2(numeric_div, sum, n));
	moments->stddev_pop = numeric_stddev(numerator, DirectFunctionCall2(numeric_mul, n, n));
	if (count > 1)
		moments->stddev_samp = numeric_stddev(
			numerator, DirectFunctionCall2(numeric_mul, n, numeric_of_count(count - 1)));
}

/* ---- integers ---- */

void
DmIntSumMerge(DmIntSum *into, const DmIntSum *from)
{
	into->sum += from->sum;
	into->squares += from->squares;
	into->squares_high += from->squares_high + (into->squares < from->squares);
}

void
DmIntSumMoments(const DmIntSum *s, int64 count, DmMoments *moments)
{
	uint128 magnitude = s->sum < 0 ? -(uint128) s->sum : (uint128) s->sum;
	uint64 sum_words[2] = {(uint64) magnitude, (uint64) (magnitude >> 64)};
	uint64 square_words[3] = {(uint64) s->squares, (uint64) (s->squares >> 64), s->squares_high};
	Big sum;
	Big squares;

	big_from_words(&sum, sum_words, 2);
	sum.negative = s->sum < 0;
	big_from_words(&squares, square_words, 3);
	numeric_moments(numeric_of_text(big_to_text(&sum)), numeric_of_text(big_to_text(&squares)),
					count, moments);
}

void
DmIntSumWrite(DmWriter *w, const DmIntSum *s)
{
	dm_write64(w, (uint64) s->sum);
	dm_write64(w, (uint64) (s->sum >> 64));
	dm_write64(w, (uint64) s->squares);
	dm_write64(w, (uint64) (s->squares >> 64));
	dm_write64(w, s->squares_high);
}

void
DmIntSumRead(DmReader *r, DmIntSum *s)
{
	uint64 low = dm_read64(r);

	s->sum = (int128) (((uint128) dm_read64(r) << 64) | low);
	low = dm_read64(r);
	s->squares = ((uint128) dm_read64(r) << 64) | low;
	s->squares_high = dm_read64(r);
}

/* ---- floats ---- */

static void
carry(int64 *limbs, int nlimbs)
{
	for (int i = 0; i < nlimbs - 1; i++)
	{
		limbs[i + 1] += limbs[i] >> 32;
		limbs[i] &= LOW32;
	}
}

static void
carry_floats(DmFloatSum *s)
{
	carry(s->sum, DM_FLOAT_SUM_LIMBS);
	carry(s->squares, DM_FLOAT_SQUARE_LIMBS);
	s->pending = 0;
}

/* Add v * 2^shift, shift < 32, to three limbs. */
static inline void
add_at(int64 *limbs, uint64 v, int shift)
{
	uint128 wide = (uint128) v << shift;

	limbs[0] += (int64) ((uint64) wide & LOW32);
	limbs[1] += (int64) (((uint64) (wide >> 32)) & LOW32);
	limbs[2] += (int64) (uint64) (wide >> 64);
}

static inline void
subtract_at(int64 *limbs, uint64 v, int shift)
{
	uint128 wide = (uint128) v << shift;

	limbs[0] -= (int64) ((uint64) wide & LOW32);
	limbs[1] -= (int64) (((uint64) (wide >> 32)) & LOW32);
	limbs[2] -= (int64) (uint64) (wide >> 64);
}

void
DmFloatSumAdd(DmFloatSum *s, double v)
{
	uint64 bits;
	uint64 mantissa;
	int place; /* of the mantissa's lowest bit, from 2^-1074 */
	uint128 square;

	memcpy(&bits, &v, sizeof(bits));
	mantissa = bits & ((UINT64CONST(1) << 52) - 1);
	place = (int) ((bits >> 52) & 0x7FF);
	if (place > 0)
	{
		mantissa |= UINT64CONST(1) << 52;
		place--;
	}
	if (bits >> 63)
		subtract_at(s->sum + place / 32, mantissa, place % 32);
	else
		add_at(s->sum + place / 32, mantissa, place % 32);

	square = (uint128) mantissa * mantissa;
	add_at(s->squares + place / 16, (uint64) square, place * 2 % 32);
	add_at(s->squares + place / 16 + 2, (uint64) (square >> 64), place * 2 % 32);
	if (unlikely(++s->pending >= CARRY_AFTER))
		carry_floats(s);
}

void
DmFloatSumMerge(DmFloatSum *into, const DmFloatSum *from)
{
	DmFloatSum other = *from;

	carry_floats(into);
	carry_floats(&other);
	for (int i = 0; i < DM_FLOAT_SUM_LIMBS; i++)
		into->sum[i] += other.sum[i];
	for (int i = 0; i < DM_FLOAT_SQUARE_LIMBS; i++)
		into->squares[i] += other.squares[i];
	carry_floats(into);
}

static char *
text_of_double(double v)
{
	char buffer[DOUBLE_SHORTEST_DECIMAL_LEN];

	if (isnan(v))
		return pstrdup("NaN");
	if (isinf(v))
		return pstrdup(v < 0 ? "-Infinity" : "Infinity");
	double_to_shortest_decimal_buf(v == 0 ? 0 : v, buffer);
	return pstrdup(buffer);
}

/* sqrt(numerator * 2^-2148 / (n * m)) */
static char *
float_stddev(const Big *numerator, uint64 n, uint64 m)
{
	Big b = *numerator;
	bool inexact;
	int exponent = -2148 - 6 * 32;
	int scale;

	big_shift_left(&b, 6);
	inexact = big_divide(&b, n);
	inexact = big_divide(&b, m) || inexact;
	/* the variance may lie outside the range of doubles where its root does not */
	scale = -(big_bits(&b) + exponent);
	scale -= scale % 2;
	return text_of_double(ldexp(sqrt(big_to_double(&b, exponent + scale, inexact)), -scale / 2));
}

void
DmFloatSumMoments(DmFloatSum *s, int64 count, DmMoments *moments)
{
	uint64 words[1] = {(uint64) count};
	Big n;
	Big sum;
	Big squares;
	Big numerator;
	Big square;
	Big mean;
	bool inexact;

	memset(moments, 0, sizeof(DmMoments));
	if (count == 0)
		return;
	carry_floats(s);
	big_from_words(&n, words, 1);
	big_from_limbs(&sum, s->sum, DM_FLOAT_SUM_LIMBS);
	big_from_limbs(&squares, s->squares, DM_FLOAT_SQUARE_LIMBS);
	moments->sum = text_of_double(big_to_double(&sum, -1074, false));

	mean = sum;
	big_shift_left(&mean, 4);
	inexact = big_divide(&mean, count);
	moments->mean = text_of_double(big_to_double(&mean, -1074 - 128, inexact));

	big_multiply(&numerator, &n, &squares);
	big_multiply(&square, &sum, &sum);
	big_subtract(&numerator, &square);
	moments->stddev_pop = float_stddev(&numerator, count, count);
	if (count > 1)
		moments->stddev_samp = float_stddev(&numerator, count, count - 1);
}

/* Only the limbs from the first to the last that are not zero. */
static void
write_limbs(DmWriter *w, const int64 *limbs, int nlimbs)
{
	int first = 0;

	while (first < nlimbs && limbs[first] == 0)
		first++;
	while (nlimbs > first && limbs[nlimbs - 1] == 0)
		nlimbs--;
	dm_write32(w, first);
	dm_write32(w, nlimbs - first);
	for (int i = first; i < nlimbs; i++)
		dm_write64(w, limbs[i]);
}

/* Limbs after carrying: 0 .. 2^32 - 1, except the top one, which has the sign. */
static void
read_limbs(DmReader *r, int64 *limbs, int nlimbs)
{
	uint32 first = dm_read32(r);
	uint32 n = dm_read32(r);

	if (first > nlimbs || n > nlimbs - first)
		dm_read_fail();
	memset(limbs, 0, nlimbs * sizeof(int64));
	for (uint32 i = first; i < first + n; i++)
	{
		limbs[i] = (int64) dm_read64(r);
		if (limbs[i] > (int64) LOW32 || limbs[i] < (i == nlimbs - 1 ? -(int64) LOW32 : 0))
			dm_read_fail();
	}
}

void
DmFloatSumWrite(DmWriter *w, DmFloatSum *s)
{
	carry_floats(s);
	write_limbs(w, s->sum, DM_FLOAT_SUM_LIMBS);
	write_limbs(w, s->squares, DM_FLOAT_SQUARE_LIMBS);
}

void
DmFloatSumRead(DmReader *r, DmFloatSum *s)
{
	s->pending = 0;
	read_limbs(r, s->sum, DM_FLOAT_SUM_LIMBS);
	read_limbs(r, s->squares, DM_FLOAT_SQUARE_LIMBS);
}

/* ---- numerics ---- */

/* The weights that a numeric can have, its square included, and room for carries. */
#define LOWEST_PLACE (-10000)
#define HIGHEST_PLACE 70000

void
DmNumericSumInit(DmNumericSum *s, MemoryContext context)
{
	memset(s, 0, sizeof(DmNumericSum));
	s->context = context;
}

/* Make places lowest .. highest exist. */
static void
cover(DmDigitSum *d, MemoryContext context, int lowest, int highest)
{
	int64 *places;
	int n;

	if (d->nplaces > 0)
	{
		lowest = Min(lowest, d->lowest);
		highest = Max(highest, d->lowest + d->nplaces - 1);
	}
	n = highest - lowest + 1;
	if (n == d->nplaces)
		return;
	places = MemoryContextAllocZero(context, n * sizeof(int64));
	if (d->nplaces > 0)
	{
		memcpy(places + (d->lowest - lowest), d->places, d->nplaces * sizeof(int64));
		pfree(d->places);
	}
	d->places = places;
	d->lowest = lowest;
	d->nplaces = n;
}

/* Bring every place into 0 .. 9999; only the highest, a new one if need be, keeps the sign. */
static void
carry_digits(DmDigitSum *d, MemoryContext context)
{
	int64 carried = 0;

	for (int i = 0; i < d->nplaces; i++)
	{
		int64 v = d->places[i] + carried;

		carried = v / DM_NUMERIC_BASE;
		v %= DM_NUMERIC_BASE;
		if (v < 0)
		{
			v += DM_NUMERIC_BASE;
			carried--;
		}
		d->places[i] = v;
	}
	/* -1 is the sign of all above: it goes into the highest place there is */
	while (carried != 0 && carried != -1)
	{
		int64 v = carried % DM_NUMERIC_BASE;

		carried /= DM_NUMERIC_BASE;
		if (v < 0)
		{
			v += DM_NUMERIC_BASE;
			carried--;
		}
		cover(d, context, d->lowest, d->lowest + d->nplaces);
		d->places[d->nplaces - 1] = v;
	}
	if (carried == -1)
		d->places[d->nplaces - 1] -= DM_NUMERIC_BASE;
	d->pending = 0;
}

/* Room for "additions" products of digits more. */
static inline void
expect(DmDigitSum *d, MemoryContext context, int64 additions)
{
	d->pending += additions;
	if (unlikely(d->pending >= CARRY_AFTER))
	{
		carry_digits(d, context);
		d->pending = additions;
	}
}

static void
add_square(DmNumericSum *s, const DmNumericView *v)
{
	int lowest = 2 * (v->weight - v->ndigits + 1);

	if (lowest < s->squares.lowest || 2 * v->weight >= s->squares.lowest + s->squares.nplaces ||
		s->squares.nplaces == 0)
		cover(&s->squares, s->context, lowest, 2 * v->weight + 1);
	expect(&s->squares, s->context, v->ndigits);
	for (int i = 0; i < v->ndigits; i++)
	{
		int64 digit = dm_numeric_digit(v, i);
		int64 *place = &s->squares.places[2 * v->weight - i - s->squares.lowest];

		if (v->ndigits > 1000)
			CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < v->ndigits; j++)
			place[-j] += digit * dm_numeric_digit(v, j);
	}
}

void
DmNumericSumAdd(DmNumericSum *s, const DmNumericView *v, int scale)
{
	int lowest = v->weight - v->ndigits + 1;
	int64 *place;

	s->scale = Max(s->scale, scale);
	if (v->ndigits == 0)
		return;
	if (lowest < s->sum.lowest || v->weight >= s->sum.lowest + s->sum.nplaces ||
		s->sum.nplaces == 0)
		cover(&s->sum, s->context, lowest, v->weight + 1);
	expect(&s->sum, s->context, 1);
	place = &s->sum.places[v->weight - s->sum.lowest];
	if (v->negative)
	{
		for (int i = 0; i < v->ndigits; i++)
			place[-i] -= dm_numeric_digit(v, i);
	}
	else
	{
		for (int i = 0; i < v->ndigits; i++)
			place[-i] += dm_numeric_digit(v, i);
	}
	add_square(s, v);
}

static void
merge_digits(DmDigitSum *into, MemoryContext context, const DmDigitSum *from)
{
	if (from->nplaces == 0)
		return;
	carry_digits(into, context);
	cover(into, context, from->lowest, from->lowest + from->nplaces - 1);
	for (int i = 0; i < from->nplaces; i++)
		into->places[from->lowest - into->lowest + i] += from->places[i];
	carry_digits(into, context);
}

void
DmNumericSumMerge(DmNumericSum *into, const DmNumericSum *from)
{
	into->scale = Max(into->scale, from->scale);
	merge_digits(&into->sum, into->context, &from->sum);
	merge_digits(&into->squares, into->context, &from->squares);
}

/* What numeric can hold of digits before and after the point, with room for a calculation. */
#define LARGEST_WEIGHT 32767
#define LARGEST_SQUARE_WEIGHT 32000
#define SMALLEST_WEIGHT (-4096)
#define MOST_DECIMALS 16383 /* one less than that many places have */

/* The weight of the first digit, after carrying. */
static int
leading_weight(const DmDigitSum *d)
{
	int i = d->nplaces - 1;

	while (i > 0 && d->places[i] == 0)
		i--;
	return d->lowest + i;
}

/*
 * As a numeric with the given number of decimal digits after the point; false if it is too large
 * for one.
 */
static bool
numeric_of_digits(const DmDigitSum *digits, int scale, int largest_weight, Datum *value)
{
	DmDigitSum d = *digits;
	StringInfoData text;
	bool negative;
	int first; /* what is smaller than any numeric is cut off */
	int exponent;

	if (d.nplaces == 0 || d.lowest + d.nplaces <= SMALLEST_WEIGHT)
	{
		*value = numeric_of_text(psprintf("%.*f", scale, 0.0));
		return true;
	}
	d.places = palloc(d.nplaces * sizeof(int64));
	memcpy(d.places, digits->places, d.nplaces * sizeof(int64));
	carry_digits(&d, CurrentMemoryContext);
	negative = d.places[d.nplaces - 1] < 0;
	if (negative)
	{
		for (int i = 0; i < d.nplaces; i++)
			d.places[i] = -d.places[i];
		carry_digits(&d, CurrentMemoryContext);
	}
	if (leading_weight(&d) > largest_weight)
		return false;

	/* the digits, with the point where it belongs or else an exponent */
	first = Max(0, SMALLEST_WEIGHT - d.lowest);
	initStringInfo(&text);
	appendStringInfoString(&text, negative ? "-0" : "0");
	for (int i = d.nplaces - 1; i >= first; i--)
	{
		appendStringInfo(&text, "%04d", (int) d.places[i]);
		if (i + d.lowest == 0 && i > first)
			appendStringInfoChar(&text, '.');
	}
	exponent = (d.lowest + first) * 4;
	if (exponent < -MOST_DECIMALS)
	{
		text.data[--text.len] = '\0';
		exponent++;
	}
	if (d.lowest + first > 0 || d.lowest + d.nplaces <= 0)
		appendStringInfo(&text, "e%d", exponent);
	*value = DirectFunctionCall2(numeric_round, numeric_of_text(text.data), Int32GetDatum(scale));
	return true;
}

void
DmNumericSumMoments(const DmNumericSum *s, int64 count, DmMoments *moments)
{
	Datum sum;
	Datum squares;

	memset(moments, 0, sizeof(DmMoments));
	if (count == 0 || !numeric_of_digits(&s->sum, s->scale, LARGEST_WEIGHT, &sum))
		return;
	moments->sum = text_of_numeric(sum);
	moments->mean = text_of_numeric(DirectFunctionCall2(numeric_div, sum, numeric_of_count(count)));
	if (numeric_of_digits(&s->squares, Min(2 * s->scale, MOST_DECIMALS), LARGEST_SQUARE_WEIGHT,
						  &squares))
		numeric_moments(sum, squares, count, moments);
}

static void
write_digits(DmWriter *w, DmDigitSum *d, MemoryContext context)
{
	carry_digits(d, context);
	dm_write32(w, (uint32) d->lowest);
	dm_write32(w, (uint32) d->nplaces);
	for (int i = 0; i < d->nplaces; i++)
		dm_write32(w, (uint32) (int32) d->places[i]);
}

static void
read_digits(DmReader *r, DmDigitSum *d, MemoryContext context)
{
	int32 lowest = (int32) dm_read32(r);
	uint32 nplaces = dm_read32(r);

	if (lowest < LOWEST_PLACE || lowest > HIGHEST_PLACE || nplaces > HIGHEST_PLACE - lowest ||
		nplaces > (r->end - r->p) / 4)
		dm_read_fail();
	if (nplaces > 0)
		cover(d, context, lowest, lowest + (int) nplaces - 1);
	for (uint32 i = 0; i < nplaces; i++)
	{
		int32 v = (int32) dm_read32(r);

		if (v >= DM_NUMERIC_BASE || v < (i == nplaces - 1 ? -DM_NUMERIC_BASE : 0))
			dm_read_fail();
		d->places[i] = v;
	}
}

void
DmNumericSumWrite(DmWriter *w, DmNumericSum *s)
{
	dm_write32(w, s->scale);
	write_digits(w, &s->sum, s->context);
	write_digits(w, &s->squares, s->context);
}

/* s has been initialised */
void
DmNumericSumRead(DmReader *r, DmNumericSum *s)
{
	uint32 scale = dm_read32(r);

	if (scale > 16383)
		dm_read_fail();
	s->scale = (int) scale;
	read_digits(r, &s->sum, s->context);
	read_digits(r, &s->squares, s->context);
}
