/*-------------------------------------------------------------------------
 *
 * masking.h
 *		What the files of this area share: the key, and digests under it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_MASKING_MASKING_H
#define DATAMESH_MASKING_MASKING_H

#include "fmgr.h"

#include "masking/kernel.h"

/* What a digest is for: no digest of one purpose says anything of another's. */
typedef enum DmMaskPurpose
{
	DM_MASK_HASH = 'h',
	DM_MASK_PSEUDONYM = 'p',
	DM_MASK_NOISE = 'n',
} DmMaskPurpose;

/*
 * The key that is current for the snapshot of the running query.  An error that says what to do if
 * there is none, or if its file cannot be trusted.  Points into a cache: use it at once.
 */
extern const DmHmacKey *DmMaskKey(void);

/*
 * HMAC-SHA-256 under the current key of: purpose (one byte), policy, context, value; policy and
 * context each with its length before it, as four bytes in network order.
 */
extern void DmMaskDigest(DmMaskPurpose purpose, const text *policy, const text *context,
						 const void *value, size_t length, uint8_t digest[DM_DIGEST_SIZE]);

/* [lower, upper) of the calling function's result type; an end that is open has no value. */
extern Datum DmMaskRange(FunctionCallInfo fcinfo, bool lower_open, Datum lower, bool upper_open,
						 Datum upper);

#endif /* DATAMESH_MASKING_MASKING_H */
