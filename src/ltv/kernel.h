/*-------------------------------------------------------------------------
 *
 * kernel.h
 *		The arithmetic of the LTV aggregate, apart from PostgreSQL: needs
 *		nothing but the C library, and can be built and driven alone.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_LTV_KERNEL_H
#define DATAMESH_LTV_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DM_LTV_FRACTION 100000000 /* units of the fraction in one whole: eight decimals */
#define DM_LTV_FRACTION_DIGITS 8

/*
 * An exact sum: whole + fraction / DM_LTV_FRACTION.  The two parts are summed
 * apart and may differ in sign until DmLtvSumNormalize.
 */
typedef struct DmLtvSum
{
	int64_t whole;
	int64_t fraction;
} DmLtvSum;

typedef enum DmLtvAmountKind
{
	DM_LTV_SMALL, /* value holds it */
	DM_LTV_WIDE,  /* finite, but needs arbitrary precision */
	DM_LTV_NAN,
	DM_LTV_INFINITY,
	DM_LTV_MINUS_INFINITY,
	DM_LTV_BROKEN, /* no numeric at all */
} DmLtvAmountKind;

typedef struct DmLtvAmount
{
	DmLtvAmountKind kind;
	int scale;      /* digits shown after the decimal point; 0 unless finite */
	DmLtvSum value; /* of DM_LTV_SMALL */
} DmLtvAmount;

extern void DmLtvDecode(const unsigned char *data, size_t length, DmLtvAmount *amount);
extern bool DmLtvSumAdd(DmLtvSum *sum, const DmLtvSum *value);
extern bool DmLtvSumNormalize(DmLtvSum *sum);
extern bool DmLtvSumUnits(const DmLtvSum *sum, int scale, int64_t *units);

#endif /* DATAMESH_LTV_KERNEL_H */
