/*-------------------------------------------------------------------------
 *
 * kernel.c
 *		Reading amounts, and adding them up exactly, in plain integers.
 *
 * A numeric is digits of base 10000.  Money has few of them: up to four before
 * the decimal point (below 10^16) and two after it (eight decimals) fit two
 * 64-bit integers, and adding those is some twenty times cheaper than numeric
 * arithmetic.  Everything larger or finer is left to the caller (DM_LTV_WIDE).
 *
 * What stays true: nothing is rounded, and nothing overflows unnoticed.
 *
 *-------------------------------------------------------------------------
 */
#include "ltv/kernel.h"

#include <string.h>

/*
 * The stored form of a numeric, unchanged since PostgreSQL 9.1 (the infinities since 14): a
 * header of two bytes, whose upper bits tell the kind; in the long form a weight of two bytes;
 * then the digits.  The weight is the power of 10000 that belongs to the first digit.
 */
#define BASE 10000
#define DIGITS_IN_BASE 4

#define KIND_MASK 0xC000
#define KIND_NEGATIVE 0x4000
#define KIND_SHORT 0x8000
#define KIND_SPECIAL 0xC000

#define SPECIAL_MASK 0xF000
#define SPECIAL_NAN 0xC000
#define SPECIAL_INFINITY 0xD000
#define SPECIAL_MINUS_INFINITY 0xF000

#define SHORT_NEGATIVE 0x2000
#define SHORT_SCALE_SHIFT 7
#define SHORT_SCALE_MASK 0x3F
#define SHORT_WEIGHT_SIGN 0x0040
#define SHORT_WEIGHT_MASK 0x003F
#define LONG_SCALE_MASK 0x3FFF

#define MAX_WEIGHT 3 /* of a small amount: below 10^16 */
#define MIN_WEIGHT (-DM_LTV_FRACTION_DIGITS / DIGITS_IN_BASE)

typedef struct Header
{
	bool negative;
	int scale;
	int weight;
	size_t size;
} Header;

static uint16_t
read16(const unsigned char *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value)); /* packed values are not aligned */
	return value;
}

static DmLtvAmountKind
special_kind(uint16_t word)
{
	switch (word & SPECIAL_MASK)
	{
		case SPECIAL_NAN:
			return DM_LTV_NAN;
		case SPECIAL_INFINITY:
			return DM_LTV_INFINITY;
		case SPECIAL_MINUS_INFINITY:
			return DM_LTV_MINUS_INFINITY;
		default:
			return DM_LTV_BROKEN;
	}
}

static Header
short_header(uint16_t word)
{
	Header header;

	header.negative = (word & SHORT_NEGATIVE) != 0;
	header.scale = (word >> SHORT_SCALE_SHIFT) & SHORT_SCALE_MASK;
	header.weight = word & SHORT_WEIGHT_MASK;
	if (word & SHORT_WEIGHT_SIGN)
		header.weight -= SHORT_WEIGHT_MASK + 1;
	header.size = sizeof(uint16_t);
	return header;
}

static Header
long_header(uint16_t word, const unsigned char *data)
{
	Header header;

	header.negative = (word & KIND_MASK) == KIND_NEGATIVE;
	header.scale = word & LONG_SCALE_MASK;
	header.weight = (int16_t) read16(data + sizeof(uint16_t));
	header.size = 2 * sizeof(uint16_t);
	return header;
}

/*
 * One part of a number: its digits of weights "from" down to "to", as an integer.  Digits that
 * are not stored are zeros.
 */
static int64_t
read_part(const unsigned char *digits, int ndigits, int weight, int from, int to)
{
	int64_t part = 0;

	for (int w = from; w >= to; w--)
	{
		int i = weight - w;

		part = part * BASE + (i >= 0 && i < ndigits ? read16(digits + i * sizeof(uint16_t)) : 0);
	}
	return part;
}

/*
 * Read the payload of a numeric (what follows the varlena header).
 */
void
DmLtvDecode(const unsigned char *data, size_t length, DmLtvAmount *amount)
{
	uint16_t word;
	Header header;
	int ndigits;

	memset(amount, 0, sizeof(*amount));
	amount->kind = DM_LTV_BROKEN;
	if (length < sizeof(uint16_t))
		return;
	word = read16(data);
	if ((word & KIND_MASK) == KIND_SPECIAL)
	{
		amount->kind = special_kind(word);
		return;
	}
	if ((word & KIND_MASK) == KIND_SHORT)
		header = short_header(word);
	else if (length >= 2 * sizeof(uint16_t))
		header = long_header(word, data);
	else
		return;

	ndigits = (int) ((length - header.size) / sizeof(uint16_t));
	amount->scale = header.scale;
	amount->kind = DM_LTV_SMALL;
	if (ndigits == 0)
		return;
	if (header.weight > MAX_WEIGHT || header.weight - ndigits + 1 < MIN_WEIGHT)
	{
		amount->kind = DM_LTV_WIDE;
		return;
	}
	data += header.size;
	if (header.weight >= 0)
		amount->value.whole = read_part(data, ndigits, header.weight, header.weight, 0);
	if (ndigits > header.weight + 1)
		amount->value.fraction = read_part(data, ndigits, header.weight, -1, MIN_WEIGHT);
	if (header.negative)
	{
		amount->value.whole = -amount->value.whole;
		amount->value.fraction = -amount->value.fraction;
	}
}

/* False, and the sum as it was, when it would overflow. */
bool
DmLtvSumAdd(DmLtvSum *sum, const DmLtvSum *value)
{
	DmLtvSum result;

	if (__builtin_add_overflow(sum->whole, value->whole, &result.whole) ||
		__builtin_add_overflow(sum->fraction, value->fraction, &result.fraction))
		return false;
	*sum = result;
	return true;
}

/*
 * Make the fraction less than one whole and of the same sign as the whole.
 * False, and the sum as it was, when that would overflow.
 */
bool
DmLtvSumNormalize(DmLtvSum *sum)
{
	int64_t fraction = sum->fraction % DM_LTV_FRACTION;
	int64_t whole;

	if (__builtin_add_overflow(sum->whole, sum->fraction / DM_LTV_FRACTION, &whole))
		return false;
	if (whole > 0 && fraction < 0)
	{
		whole--;
		fraction += DM_LTV_FRACTION;
	}
	else if (whole < 0 && fraction > 0)
	{
		whole++;
		fraction -= DM_LTV_FRACTION;
	}
	sum->whole = whole;
	sum->fraction = fraction;
	return true;
}

/*
 * A normalized sum in units of 10^-scale, 0 <= scale <= DM_LTV_FRACTION_DIGITS.  False when it
 * has more decimals than that, or is too large.
 */
bool
DmLtvSumUnits(const DmLtvSum *sum, int scale, int64_t *units)
{
	int64_t divisor = 1;

	for (int i = scale; i < DM_LTV_FRACTION_DIGITS; i++)
		divisor *= 10;
	if (sum->fraction % divisor != 0)
		return false;
	return !__builtin_mul_overflow(sum->whole, DM_LTV_FRACTION / divisor, units) &&
		   !__builtin_add_overflow(*units, sum->fraction / divisor, units);
}
