/*-------------------------------------------------------------------------
 *
 * hll.h
 *		HyperLogLog: about how many distinct hashes have been seen.
 *
 * m = 2^14 registers of one byte; the relative standard error is 1.04 / sqrt(m) = 0.81 %.
 * Registers only grow, and two sketches merge by the maximum of each: the
 * estimate depends on the set of hashes alone.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_QUALITY_HLL_H
#define DATAMESH_QUALITY_HLL_H

#include "port/pg_bitutils.h"

#include "quality/bytes.h"

#define DM_HLL_BITS 14
#define DM_HLL_REGISTERS (1 << DM_HLL_BITS)
#define DM_HLL_LARGEST (64 - DM_HLL_BITS + 1)

/* hash must be well mixed */
static inline void
dm_hll_add(uint8 *registers, uint64 hash)
{
	uint64 rest = hash << DM_HLL_BITS;
	uint8 rank = rest == 0 ? DM_HLL_LARGEST : 63 - pg_leftmost_one_pos64(rest) + 1;
	uint8 *r = &registers[hash >> (64 - DM_HLL_BITS)];

	if (rank > *r)
		*r = rank;
}

extern double DmHllEstimate(const uint8 *registers);
extern void DmHllMerge(uint8 *into, const uint8 *from);
extern void DmHllWrite(DmWriter *w, const uint8 *registers);
extern void DmHllRead(DmReader *r, uint8 *registers);

#endif /* DATAMESH_QUALITY_HLL_H */
