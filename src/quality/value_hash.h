/*-------------------------------------------------------------------------
 *
 * value_hash.h
 *		64-bit hashes of values and of rows, equal for equal values.
 *
 * See value_hash.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_QUALITY_VALUE_HASH_H
#define DATAMESH_QUALITY_VALUE_HASH_H

#include "fmgr.h"

typedef enum DmHashKind
{
	DM_HASH_INT8, /* fixed-width values that are equal if their bits are: mixed, no two collide */
	DM_HASH_INT4,
	DM_HASH_INT2,
	DM_HASH_INT1,
	DM_HASH_FLOAT8,
	DM_HASH_FLOAT4,
	DM_HASH_BYTES, /* text under a deterministic collation, bytea */
	DM_HASH_BPCHAR,
	DM_HASH_ENUM,
	DM_HASH_CALL, /* whatever the type's operator class says */
} DmHashKind;

typedef struct DmHasher
{
	DmHashKind kind;
	int bits;    /* of a value, where the hash is exact */
	bool exact;  /* different values have different hashes */
	bool copies; /* may leave memory behind in the current context */
	Oid collation;
	FmgrInfo call;
} DmHasher;

typedef struct DmRowHasher
{
	int n;
	bool exact;
	bool packed; /* all values fit in 64 bits together */
	DmHasher *hashers;
} DmRowHasher;

extern bool DmTypeCanBeHashed(Oid type);

/* A type without a hash function is an error (ERRCODE_UNDEFINED_FUNCTION). */
extern void DmHasherInit(DmHasher *hasher, Oid type, Oid collation);
extern uint64 DmHasherHash(DmHasher *hasher, Datum value);

/* In the current memory context. */
extern DmRowHasher *DmRowHasherCreate(int n, const Oid *types, const Oid *collations);

/* The hash of the inputs that args names; has_null tells whether one of them is null. */
extern uint64 DmRowHash(DmRowHasher *hasher, const NullableDatum *inputs, const int *args,
						bool *has_null);

/* A bijection of 64-bit numbers (the finaliser of SplitMix64). */
static inline uint64
dm_mix64(uint64 x)
{
	x ^= x >> 30;
	x *= UINT64CONST(0xBF58476D1CE4E5B9);
	x ^= x >> 27;
	x *= UINT64CONST(0x94D049BB133111EB);
	x ^= x >> 31;
	return x;
}

#endif /* DATAMESH_QUALITY_VALUE_HASH_H */
