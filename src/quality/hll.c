/*-------------------------------------------------------------------------
 *
 * hll.c
 *		HyperLogLog: about how many distinct hashes have been seen.
 *
 * The estimator is Ertl's ("New cardinality estimation algorithms for HyperLogLog
 * sketches", 2017, algorithm 6): unbiased over the whole range, without the
 * tables and the switch to linear counting of the original.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "quality/hll.h"

static double
sigma(double x)
{
	double y = 1;
	double z = x;
	double previous;

	if (x == 1)
		return HUGE_VAL;
	do
	{
		x *= x;
		previous = z;
		z += x * y;
		y += y;
	} while (z != previous);
	return z;
}

static double
tau(double x)
{
	double y = 1;
	double z = 1 - x;
	double previous;

	if (x == 0 || x == 1)
		return 0;
	do
	{
		x = sqrt(x);
		previous = z;
		y *= 0.5;
		z -= (1 - x) * (1 - x) * y;
	} while (z != previous);
	return z / 3;
}

double
DmHllEstimate(const uint8 *registers)
{
	const double m = DM_HLL_REGISTERS;
	int histogram[DM_HLL_LARGEST + 1] = {0};
	double z;

	for (int i = 0; i < DM_HLL_REGISTERS; i++)
		histogram[registers[i]]++;
	z = m * tau(1 - histogram[DM_HLL_LARGEST] / m);
	for (int rank = DM_HLL_LARGEST - 1; rank >= 1; rank--)
		z = 0.5 * (z + histogram[rank]);
	z += m * sigma(histogram[0] / m);
	return m * m / (2 * M_LN2) / z;
}

void
DmHllMerge(uint8 *into, const uint8 *from)
{
	for (int i = 0; i < DM_HLL_REGISTERS; i++)
		into[i] = Max(into[i], from[i]);
}

/* A count and pairs of register number and content, or, where that is longer, all registers. */
void
DmHllWrite(DmWriter *w, const uint8 *registers)
{
	int used = 0;

	for (int i = 0; i < DM_HLL_REGISTERS; i++)
		used += registers[i] != 0;
	if (used >= DM_HLL_REGISTERS / 3)
	{
		dm_write32(w, DM_HLL_REGISTERS);
		dm_write(w, registers, DM_HLL_REGISTERS);
		return;
	}
	dm_write32(w, used);
	for (int i = 0; i < DM_HLL_REGISTERS; i++)
	{
		if (registers[i] != 0)
		{
			dm_write8(w, i & 0xFF);
			dm_write8(w, i >> 8);
			dm_write8(w, registers[i]);
		}
	}
}

static uint8
checked(uint8 rank)
{
	if (rank > DM_HLL_LARGEST)
		dm_read_fail();
	return rank;
}

/* registers are zero */
void
DmHllRead(DmReader *r, uint8 *registers)
{
	uint32 used = dm_read32(r);

	if (used == DM_HLL_REGISTERS)
	{
		const char *all = dm_read(r, DM_HLL_REGISTERS);

		for (int i = 0; i < DM_HLL_REGISTERS; i++)
			registers[i] = checked((uint8) all[i]);
		return;
	}
	if (used >= DM_HLL_REGISTERS / 3)
		dm_read_fail();
	for (uint32 i = 0; i < used; i++)
	{
		int number = dm_read8(r);

		number |= dm_read8(r) << 8;
		if (number >= DM_HLL_REGISTERS)
			dm_read_fail();
		registers[number] = checked(dm_read8(r));
	}
}
