/*-------------------------------------------------------------------------
 *
 * exact_sum.h
 *		Sums and sums of squares without rounding, so that they do not depend on
 *		the order of what is summed.
 *
 * See exact_sum.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_QUALITY_EXACT_SUM_H
#define DATAMESH_QUALITY_EXACT_SUM_H

#include "quality/bytes.h"
#include "quality/numeric_bound.h"

/* Integers: 128 bits hold any sum of 2^63 int8 values, 192 bits any sum of their squares. */
typedef struct DmIntSum
{
	int128 sum;
	uint128 squares;
	uint64 squares_high;
} DmIntSum;

/*
 * Floats: fixed-point numbers as wide as the whole range of float8, 32 bits to a limb, each limb
 * with room for the carries of 2^30 additions.
 */
#define DM_FLOAT_SUM_LIMBS 70
#define DM_FLOAT_SQUARE_LIMBS 137

typedef struct DmFloatSum
{
	uint32 pending;                       /* additions since carries were last propagated */
	int64 sum[DM_FLOAT_SUM_LIMBS];        /* units of 2^-1074 */
	int64 squares[DM_FLOAT_SQUARE_LIMBS]; /* units of 2^-2148 */
} DmFloatSum;

/* Numerics: the sum of the digits at each place of the base-10000 numeral. */
typedef struct DmDigitSum
{
	int lowest; /* weight of places[0] */
	int nplaces;
	int64 pending;
	int64 *places; /* palloc'd in the context below */
} DmDigitSum;

typedef struct DmNumericSum
{
	MemoryContext context;
	int scale; /* largest number of decimal digits after the point */
	DmDigitSum sum;
	DmDigitSum squares;
} DmNumericSum;

static inline void
dm_int_sum_add(DmIntSum *s, int64 v)
{
	uint128 square = (uint128) ((int128) v * v);

	s->sum += v;
	s->squares += square;
	s->squares_high += s->squares < square;
}

extern void DmFloatSumAdd(DmFloatSum *s, double v); /* finite */
extern void DmNumericSumInit(DmNumericSum *s, MemoryContext context);
extern void DmNumericSumAdd(DmNumericSum *s, const DmNumericView *v, int scale); /* finite */

extern void DmIntSumMerge(DmIntSum *into, const DmIntSum *from);
extern void DmFloatSumMerge(DmFloatSum *into, const DmFloatSum *from);
extern void DmNumericSumMerge(DmNumericSum *into, const DmNumericSum *from);

/*
 * Of count values: the numbers as texts, palloc'd; NULL where undefined.  Floats are correctly
 * rounded; integers and numerics are what sum(), avg(), stddev_samp() give (stddev to at least as
 * many digits).
 */
typedef struct DmMoments
{
	char *sum;
	char *mean;
	char *stddev_samp;
	char *stddev_pop;
} DmMoments;

extern void DmIntSumMoments(const DmIntSum *s, int64 count, DmMoments *moments);
extern void DmFloatSumMoments(DmFloatSum *s, int64 count, DmMoments *moments);
extern void DmNumericSumMoments(const DmNumericSum *s, int64 count, DmMoments *moments);

extern void DmIntSumWrite(DmWriter *w, const DmIntSum *s);
extern void DmIntSumRead(DmReader *r, DmIntSum *s);
extern void DmFloatSumWrite(DmWriter *w, DmFloatSum *s);
extern void DmFloatSumRead(DmReader *r, DmFloatSum *s);
extern void DmNumericSumWrite(DmWriter *w, DmNumericSum *s);
extern void DmNumericSumRead(DmReader *r, DmNumericSum *s);

#endif /* DATAMESH_QUALITY_EXACT_SUM_H */
