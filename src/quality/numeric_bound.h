/*-------------------------------------------------------------------------
 *
 * numeric_bound.h
 *		Comparing numerics where they lie, without a copy.
 *
 * numeric_cmp detoasts its arguments, which for a value in a table means a
 * palloc and a copy for each, because tuples store them with a one-byte header.
 * A view points into the value instead.
 *
 * A numeric is a header of one or two 16-bit words and base-10000 digits without
 * leading or trailing zero digits; zero has no digits.  The top bits of the first
 * word tell the form: 00 long positive, 01 long negative, 10 short, 11 special.
 * That is PostgreSQL's on-disk format, the same since 9.1.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_QUALITY_NUMERIC_BOUND_H
#define DATAMESH_QUALITY_NUMERIC_BOUND_H

/* Ordered as SQL orders numerics: NaN is the greatest. */
typedef enum DmNumericKind
{
	DM_NUMERIC_NINF,
	DM_NUMERIC_FINITE,
	DM_NUMERIC_PINF,
	DM_NUMERIC_NAN,
} DmNumericKind;

#define DM_NUMERIC_BASE 10000

typedef struct DmNumericView
{
	DmNumericKind kind;
	bool negative;
	int weight;         /* of the first digit: its value is digit * 10000^weight */
	int ndigits;        /* 0: zero */
	const char *digits; /* int16 each, maybe unaligned */
} DmNumericView;

static inline int
dm_numeric_digit(const DmNumericView *v, int i)
{
	int16 digit;

	memcpy(&digit, v->digits + i * sizeof(int16), sizeof(int16));
	return digit;
}

/* payload and size: what VARDATA_ANY and VARSIZE_ANY_EXHDR say of a value that is not toasted. */
static inline void
dm_numeric_view(DmNumericView *v, const char *payload, Size size)
{
	uint16 header;

	memcpy(&header, payload, sizeof(uint16));
	v->kind = DM_NUMERIC_FINITE;
	if ((header & 0xC000) == 0x8000)
	{
		v->negative = (header & 0x2000) != 0;
		v->weight = (int) (header & 0x003F) - ((header & 0x0040) ? 0x40 : 0);
		v->digits = payload + 2;
		v->ndigits = (int) (size - 2) / 2;
	}
	else if ((header & 0xC000) == 0xC000)
	{
		v->kind = (header & 0xF000) == 0xC000   ? DM_NUMERIC_NAN
				  : (header & 0xF000) == 0xD000 ? DM_NUMERIC_PINF
												: DM_NUMERIC_NINF;
		v->negative = false;
		v->weight = 0;
		v->digits = payload + 2;
		v->ndigits = 0;
	}
	else
	{
		int16 weight;

		memcpy(&weight, payload + 2, sizeof(int16));
		v->negative = (header & 0x4000) != 0;
		v->weight = weight;
		v->digits = payload + 4;
		v->ndigits = (int) (size - 4) / 2;
	}
}

/* As numeric_cmp, except that it returns any negative or positive number. */
extern int DmNumericCompareSlow(const DmNumericView *a, const DmNumericView *b);

static inline int
dm_numeric_compare(const DmNumericView *a, const DmNumericView *b)
{
	/* the common case: two positive numbers of different size or first digit */
	if (a->kind == DM_NUMERIC_FINITE && b->kind == DM_NUMERIC_FINITE && !a->negative &&
		!b->negative && a->ndigits > 0 && b->ndigits > 0)
	{
		int difference;

		if (a->weight != b->weight)
			return a->weight - b->weight;
		difference = dm_numeric_digit(a, 0) - dm_numeric_digit(b, 0);
		if (difference != 0)
			return difference;
	}
	return DmNumericCompareSlow(a, b);
}

#endif /* DATAMESH_QUALITY_NUMERIC_BOUND_H */
