/*-------------------------------------------------------------------------
 *
 * state.h
 *		datamesh.ltv_state: what the LTV aggregate knows of a group of orders.
 *
 * The state is flat and updated in place, not an expanded object: hash
 * aggregation asks for the size of its memory at every new group, and a
 * memory context for each group would make that quadratic in the groups.
 *
 * One datum: the fields below, then the wide sum (a numeric), then the
 * parameters (numerics, or four zero bytes for a null), each aligned to an
 * int.  All padding is zero.  Across machines it travels as text or through
 * send/receive (state_io.c), field by field.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_LTV_STATE_H
#define DATAMESH_LTV_STATE_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/date.h"
#include "utils/numeric.h"

#include "ltv/kernel.h"

#define DM_LTV_VERSION 1

#define DM_LTV_HAS_NAN 0x01 /* an amount was NaN, and so on */
#define DM_LTV_HAS_INFINITY 0x02
#define DM_LTV_HAS_MINUS_INFINITY 0x04
#define DM_LTV_HAS_DATE 0x08
#define DM_LTV_HAS_AS_OF 0x10  /* the as-of date was an argument ... */
#define DM_LTV_AS_OF_NULL 0x20 /* ... and null */
#define DM_LTV_SPECIAL (DM_LTV_HAS_NAN | DM_LTV_HAS_INFINITY | DM_LTV_HAS_MINUS_INFINITY)
#define DM_LTV_ALL_FLAGS 0x3F

#define DM_LTV_WEIGHTS 3    /* revenue, orders, recency */
#define DM_LTV_THRESHOLDS 3 /* platinum, gold, silver */
#define DM_LTV_PARAMETERS (DM_LTV_WEIGHTS + DM_LTV_THRESHOLDS)

typedef struct DmLtvState
{
	int32 vl_len_;
	uint8 version;
	uint8 flags;
	uint8 nparameters; /* 0, the weights, or weights and thresholds */
	uint8 unused;
	int64 orders;  /* rows */
	int64 amounts; /* of which with an amount that is not null */
	DmLtvSum sum;  /* of small amounts; the total is this + the wide sum */
	int32 scale;   /* the largest of all finite amounts */
	DateADT first; /* zero unless DM_LTV_HAS_DATE */
	DateADT last;
	DateADT as_of;         /* zero unless given and not null */
	int32 wide_size;       /* 0: there is none */
	int32 parameters_size; /* bytes of all parameters */
	char tail[FLEXIBLE_ARRAY_MEMBER];
} DmLtvState;

typedef struct DmLtvParameters
{
	int count;
	Numeric values[DM_LTV_PARAMETERS]; /* NULL for null */
} DmLtvParameters;

/* state.c; new states are palloc'd in the current context */
extern DmLtvState *DmLtvStateCreate(const DmLtvParameters *parameters);
extern void DmLtvStateParameters(const DmLtvState *state, DmLtvParameters *parameters);
extern bool DmLtvStateSameParameters(const DmLtvState *a, const DmLtvState *b);

/* Add to a state in place where it fits; where it does not, the result is another datum. */
extern DmLtvState *DmLtvStateAddAmount(DmLtvState *state, Datum amount);
extern void DmLtvStateAddDate(DmLtvState *state, DateADT date);
extern DmLtvState *DmLtvStateMerge(DmLtvState *state, const DmLtvState *other);

/* The sum of all finite amounts, with the scale that sum() gives it. */
extern Numeric DmLtvStateTotal(const DmLtvState *state);

/* A datum of the type as it may come from a table: packed, compressed. */
#define DatumGetLtvState(X) ((DmLtvState *) PG_DETOAST_DATUM(X))

#endif /* DATAMESH_LTV_STATE_H */
