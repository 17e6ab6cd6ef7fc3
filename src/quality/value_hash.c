/*-------------------------------------------------------------------------
 *
 * value_hash.c
 *		64-bit hashes of values and of rows, equal for equal values.
 *
 * Equality is that of the type: 1.0 = 1.00, -0 = 0, char(3) 'a' = 'a  ', and under
 * a nondeterministic collation whatever it says.  So the hash is the type's own
 * extended hash function, except where it can be had cheaper: for text and bytea,
 * which are hashed where they lie, and for the types of at most eight bytes that are
 * equal only if their bits are.  Those are mixed by a bijection, so that their
 * hashes are as good as the values: equal hashes need no second look.  Several such values
 * that fit into 64 bits together stay exact.
 *
 * The hash of an enum is that of its label, because the number of a label is another
 * in every database, and hashes are stored and compared across databases.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "catalog/pg_collation.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "base/compat.h"
#include "quality/value_hash.h"

#define NULL_HASH UINT64CONST(0x9E3779B97F4A7C15)

/* For types that have one fixed width and need no equality function. */
static bool
init_exact(DmHasher *hasher, Oid type)
{
	switch (type)
	{
		case INT8OID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
		case TIMEOID:
		case CASHOID:
			hasher->kind = DM_HASH_INT8;
			hasher->bits = 64;
			break;
		case INT4OID:
		case DATEOID:
			hasher->kind = DM_HASH_INT4;
			hasher->bits = 32;
			break;
		case INT2OID:
			hasher->kind = DM_HASH_INT2;
			hasher->bits = 16;
			break;
		case BOOLOID:
		case CHAROID:
			hasher->kind = DM_HASH_INT1;
			hasher->bits = 8;
			break;
		case FLOAT8OID:
			hasher->kind = DM_HASH_FLOAT8;
			hasher->bits = 64;
			break;
		case FLOAT4OID:
			hasher->kind = DM_HASH_FLOAT4;
			hasher->bits = 64;
			break;
		default:
			return false;
	}
	hasher->exact = true;
	return true;
}

static bool
is_deterministic(Oid collation)
{
	return !OidIsValid(collation) || get_collation_isdeterministic(collation);
}

static void
init_call(DmHasher *hasher, Oid type)
{
	TypeCacheEntry *entry =
		lookup_type_cache(type, TYPECACHE_EQ_OPR | TYPECACHE_HASH_EXTENDED_PROC);

	if (!OidIsValid(entry->hash_extended_proc))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("type %s cannot be checked for distinct values", format_type_be(type)),
				 errdetail("The type has no equality with a 64-bit hash function.")));
	hasher->kind = DM_HASH_CALL;
	hasher->copies = true;
	fmgr_info(entry->hash_extended_proc, &hasher->call);
}

bool
DmTypeCanBeHashed(Oid type)
{
	TypeCacheEntry *entry = lookup_type_cache(getBaseType(type), TYPECACHE_HASH_EXTENDED_PROC);

	return OidIsValid(entry->hash_extended_proc);
}

void
DmHasherInit(DmHasher *hasher, Oid type, Oid collation)
{
	memset(hasher, 0, sizeof(DmHasher));
	type = getBaseType(type);
	hasher->collation = collation;
	if (init_exact(hasher, type))
		return;
	if (type_is_enum(type))
		hasher->kind = DM_HASH_ENUM;
	else if (type == BYTEAOID ||
			 ((type == TEXTOID || type == VARCHAROID) && is_deterministic(collation)))
		hasher->kind = DM_HASH_BYTES;
	else if (type == BPCHAROID && is_deterministic(collation))
		hasher->kind = DM_HASH_BPCHAR;
	else
		init_call(hasher, type);
	hasher->copies = true;
}

static uint64
hash_varlena(Datum value, bool strip_blanks)
{
	struct varlena *v = PG_DETOAST_DATUM_PACKED(value);
	const char *data = VARDATA_ANY(v);
	int size = VARSIZE_ANY_EXHDR(v);
	uint64 hash;

	while (strip_blanks && size > 0 && data[size - 1] == ' ')
		size--;
	hash = hash_bytes_extended((const unsigned char *) data, size, 0);
	if ((Pointer) v != DatumGetPointer(value))
		pfree(v);
	return hash;
}

static uint64
hash_double(double v)
{
	uint64 bits;

	/* one zero, one NaN */
	if (v == 0)
		v = 0;
	else if (isnan(v))
		v = get_float8_nan();
	memcpy(&bits, &v, sizeof(bits));
	return dm_mix64(bits);
}

static uint64
hash_enum(Datum value)
{
	char *label = DatumGetCString(OidFunctionCall1(F_ENUM_OUT, value));
	uint64 hash = hash_bytes_extended((const unsigned char *) label, strlen(label), 0);

	pfree(label);
	return hash;
}

/* The value of an exact type as a number, sign-extended: an int4 hashes as the same int8. */
static inline int64
exact_bits(const DmHasher *hasher, Datum value)
{
	switch (hasher->kind)
	{
		case DM_HASH_INT4:
			return DatumGetInt32(value);
		case DM_HASH_INT2:
			return DatumGetInt16(value);
		case DM_HASH_INT1:
			return DatumGetUInt8(value);
		default:
			return DatumGetInt64(value);
	}
}

uint64
DmHasherHash(DmHasher *hasher, Datum value)
{
	switch (hasher->kind)
	{
		case DM_HASH_INT8:
		case DM_HASH_INT4:
		case DM_HASH_INT2:
		case DM_HASH_INT1:
			return dm_mix64((uint64) exact_bits(hasher, value));
		case DM_HASH_FLOAT8:
			return hash_double(DatumGetFloat8(value));
		case DM_HASH_FLOAT4:
			return hash_double(DatumGetFloat4(value));
		case DM_HASH_BYTES:
			return hash_varlena(value, false);
		case DM_HASH_BPCHAR:
			return hash_varlena(value, true);
		case DM_HASH_ENUM:
			return hash_enum(value);
		case DM_HASH_CALL:
			break;
	}
	return DatumGetUInt64(
		FunctionCall2Coll(&hasher->call, hasher->collation, value, UInt64GetDatum(0)));
}

DmRowHasher *
DmRowHasherCreate(int n, const Oid *types, const Oid *collations)
{
	DmRowHasher *result = palloc0(sizeof(DmRowHasher));
	int bits = 0;

	result->n = n;
	result->hashers = palloc0(n * sizeof(DmHasher));
	for (int i = 0; i < n; i++)
	{
		DmHasherInit(&result->hashers[i], types[i], collations[i]);
		/* floats are not numbers of few bits */
		bits += result->hashers[i].exact ? result->hashers[i].bits : 65;
	}
	result->packed = n > 1 && bits <= 64;
	result->exact = result->packed || (n == 1 && result->hashers[0].exact);
	return result;
}

/* No value is null. */
static uint64
hash_packed(DmRowHasher *hasher, const NullableDatum *inputs, const int *args)
{
	uint64 bits = 0;

	for (int i = 0; i < hasher->n; i++)
	{
		DmHasher *h = &hasher->hashers[i];
		uint64 mask = (UINT64CONST(1) << h->bits) - 1; /* of several, none has 64 */

		bits = (bits << h->bits) | ((uint64) exact_bits(h, inputs[args[i]].value) & mask);
	}
	return dm_mix64(bits);
}

uint64
DmRowHash(DmRowHasher *hasher, const NullableDatum *inputs, const int *args, bool *has_null)
{
	uint64 hash = 0;

	*has_null = false;
	if (hasher->n == 1)
	{
		if (!inputs[args[0]].isnull)
			return DmHasherHash(&hasher->hashers[0], inputs[args[0]].value);
		*has_null = true;
		return NULL_HASH;
	}
	for (int i = 0; i < hasher->n; i++)
		*has_null = *has_null || inputs[args[i]].isnull;
	if (hasher->packed && !*has_null)
		return hash_packed(hasher, inputs, args);
	for (int i = 0; i < hasher->n; i++)
	{
		const NullableDatum *input = &inputs[args[i]];
		uint64 part = input->isnull ? NULL_HASH : DmHasherHash(&hasher->hashers[i], input->value);

		hash = dm_mix64(hash * 31 + part + i + 1);
	}
	return hash;
}
