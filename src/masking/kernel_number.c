/*-------------------------------------------------------------------------
 *
 * kernel_number.c
 *		Grids, noise and pseudonyms: the arithmetic of masks.
 *
 * Every result stays within its type, and no answer is an error: an overflow would
 * tell of the value.  The same digest always gives the same noise.
 *
 *-------------------------------------------------------------------------
 */
#include <float.h>
#include <math.h>

#include "masking/kernel.h"

void
DmGridInt(int64_t value, int64_t step, int64_t least, int64_t most, DmGridCell *cell)
{
	int64_t above = value % step;
	int64_t below;

	if (above < 0)
		above += step;
	below = step - above;
	cell->lower_open = value < least || (uint64_t) value - (uint64_t) least < (uint64_t) above;
	cell->lower = cell->lower_open ? 0 : value - above;
	cell->upper_open = value > most || (uint64_t) most - (uint64_t) value < (uint64_t) below;
	cell->upper = cell->upper_open ? 0 : value + below;
}

/* Bytes of a digest as a number. */
static uint64_t
digest_bits(const uint8_t *bytes)
{
	uint64_t bits = 0;

	for (int i = 0; i < 8; i++)
		bits = bits << 8 | bytes[i];
	return bits;
}

/* The upper half of a product of 128 bits. */
static uint64_t
multiply_high(uint64_t a, uint64_t b)
{
	uint64_t a1 = a >> 32, a0 = a & UINT32_MAX;
	uint64_t b1 = b >> 32, b0 = b & UINT32_MAX;
	uint64_t middle = a1 * b0 + (a0 * b0 >> 32);
	uint64_t other = a0 * b1 + (middle & UINT32_MAX);

	return a1 * b1 + (middle >> 32) + (other >> 32);
}

/*
 * All of the digits count: with a change of a double's 53 bits, the last digits of a large number
 * would be seen.
 */
int64_t
DmNoiseWithin(int64_t value, uint64_t span, const uint8_t digest[DM_DIGEST_SIZE], int64_t least,
			  int64_t most)
{
	uint64_t offset, change;

	if (span > INT64_MAX)
		span = INT64_MAX;
	offset = multiply_high(2 * span + 1, digest_bits(digest));
	if (offset >= span)
	{
		change = offset - span;
		return change > (uint64_t) most - (uint64_t) value ? most
														   : (int64_t) ((uint64_t) value + change);
	}
	change = span - offset;
	return change > (uint64_t) value - (uint64_t) least ? least
														: (int64_t) ((uint64_t) value - change);
}

uint64_t
DmNoiseSpan(int64_t value, double ratio)
{
	double span = ceil(fabs((double) value) * ratio);

	return span >= 0x1p63 ? INT64_MAX : (uint64_t) span;
}

double
DmNoiseUnit(const uint8_t digest[DM_DIGEST_SIZE])
{
	return ldexp((double) (digest_bits(digest) >> 11), -52) - 1.0;
}

double
DmNoiseFloat(double value, double ratio, double unit)
{
	double result;

	if (isnan(value) || isinf(value))
		return value;
	result = value * (1.0 + ratio * unit);
	if (isinf(result))
		return value < 0 ? -DBL_MAX : DBL_MAX;
	return result;
}

int64_t
DmNoiseFactor(double ratio, double unit, bool shrink)
{
	int64_t factor = (int64_t) rint((1.0 + ratio * unit) * 1e15);

	return shrink && factor > DM_NOISE_ONE ? 2 * DM_NOISE_ONE - factor : factor;
}

void
DmPseudonymText(const uint8_t digest[DM_DIGEST_SIZE], char to[DM_PSEUDONYM_SIZE])
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

	for (int group = 0; group < DM_PSEUDONYM_SIZE / 8; group++)
	{
		uint64_t bits = 0;

		for (int i = 0; i < 5; i++)
			bits = bits << 8 | digest[group * 5 + i];
		for (int i = 7; i >= 0; i--, bits >>= 5)
			to[group * 8 + i] = alphabet[bits & 31];
	}
}

int64_t
DmPseudonymInt(const uint8_t digest[DM_DIGEST_SIZE])
{
	return (int64_t) (digest_bits(digest) >> 1);
}

void
DmPseudonymUuid(const uint8_t digest[DM_DIGEST_SIZE], uint8_t to[DM_UUID_SIZE])
{
	for (int i = 0; i < DM_UUID_SIZE; i++)
		to[i] = digest[i];
	to[6] = (to[6] & 0x0F) | 0x80;
	to[8] = (to[8] & 0x3F) | 0x80;
}
