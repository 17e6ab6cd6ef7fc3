/*-------------------------------------------------------------------------
 *
 * mask.h
 *		Masks as contracts write them.
 *
 * A mask is a text, "partial(1, ***, 2)", or an object,
 * {"function": "partial", "prefix": 1, "pad": "***", "suffix": 2}; "none" and false are no
 * mask.  What a mask is called, how it may be spelt and how much it leaves of a value is said
 * here once, for the validator, the comparison of versions and the ports.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_CONTRACT_MASK_H
#define DATAMESH_CONTRACT_MASK_H

#include "nodes/pg_list.h"

#include "contract/shape.h"

typedef enum DmMaskKind
{
	DM_MASK_NONE,
	DM_MASK_PARTIAL,
	DM_MASK_EMAIL,
	DM_MASK_FIRST,
	DM_MASK_LAST,
	DM_MASK_DATE_TRUNC,
	DM_MASK_NOISE,
	DM_MASK_GENERALIZE,
	DM_MASK_HASHED,
	DM_MASK_PSEUDONYMS,
	DM_MASK_NULL,
	DM_MASK_REDACT,
	DM_MASK_CONSTANT,
} DmMaskKind;

/* How little is left; masks of one strength are compared by their arguments. */
#define DM_STRENGTH_ALL 4       /* nothing of the value is left */
#define DM_STRENGTH_PSEUDONYM 3 /* equality, for one consumer alone */
#define DM_STRENGTH_HASH 2      /* equality, for all consumers together */
#define DM_STRENGTH_PART 1      /* a part of the value, or the value coarsely */

typedef struct DmMaskName
{
	const char *name;
	DmMaskKind kind;
	int strength;
} DmMaskName;

/* One that is not given has the default of the function; which ones there are depends on the kind. */
typedef struct DmMask
{
	DmMaskKind kind;
	int strength;
	int prefix; /* partial */
	int suffix;
	char *pad;     /* partial, first, last */
	int count;     /* first, last */
	char *unit;    /* date_trunc */
	char *amount;  /* noise: a number as JSON has it */
	List *columns; /* noise: char *, what tells rows apart; NIL: the primary key */
	char *value;   /* constant */
} DmMask;

/* mask_partial, and the lesson's partial_mask, in any case; NULL if there is no such mask. */
extern const DmMaskName *DmMaskFind(const char *name);

/* All of them, for messages. */
extern char *DmMaskNames(void);

/*
 * Read one mask; what is wrong is reported, and the result is NULL then.  An object may have a key
 * "consumers" only if consumers is not NULL, and may then have no function (*result is NULL): its value
 * goes to *consumers.
 */
extern bool DmMaskRead(DmValidator *v, const DmPath *path, const DmNode *node, DmMask **result,
					   const DmNode **consumers);

/* The same mask always in the same words: partial(1, ***, 2). */
extern char *DmMaskText(const DmMask *mask);

/* For the validator: a mask that may differ by consumer; and masks by column. */
extern void DmCheckMask(DmValidator *v, const DmPath *path, const DmNode *node);
extern void DmCheckMaskingRules(DmValidator *v, const DmPath *path, const DmNode *node);

#endif /* DATAMESH_CONTRACT_MASK_H */
