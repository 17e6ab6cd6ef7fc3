/*-------------------------------------------------------------------------
 *
 * numeric_bound.c
 *		Comparing numerics where they lie; see numeric_bound.h.
 *
 * Must agree with numeric_cmp on every pair: test/sql/quality_measure_kernels.sql
 * holds them against each other.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "quality/numeric_bound.h"

/* Compare |a| and |b|, both finite. */
static int
compare_magnitude(const DmNumericView *a, const DmNumericView *b)
{
	int common = Min(a->ndigits, b->ndigits);

	if (a->ndigits == 0 || b->ndigits == 0)
		return (a->ndigits != 0) - (b->ndigits != 0);
	if (a->weight != b->weight)
		return a->weight - b->weight;
	for (int i = 0; i < common; i++)
	{
		int difference = dm_numeric_digit(a, i) - dm_numeric_digit(b, i);

		if (difference != 0)
			return difference;
	}
	return a->ndigits - b->ndigits;
}

static int
sign(const DmNumericView *v)
{
	return v->ndigits == 0 ? 0 : v->negative ? -1 : 1;
}

int
DmNumericCompareSlow(const DmNumericView *a, const DmNumericView *b)
{
	if (a->kind != b->kind)
		return (int) a->kind - (int) b->kind;
	if (a->kind != DM_NUMERIC_FINITE)
		return 0;
	if (sign(a) != sign(b))
		return sign(a) - sign(b);
	return sign(a) < 0 ? compare_magnitude(b, a) : compare_magnitude(a, b);
}
