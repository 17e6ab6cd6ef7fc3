/*-------------------------------------------------------------------------
 *
 * keyed.c
 *		The masks that need the key: hashes, pseudonyms, noise.
 *
 * The same value under the same key, policy and context always gives the same mask, so
 * that masked columns join and group as their values do, and noise cannot be averaged away.
 * Texts are digested in UTF-8: databases of another encoding agree.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "common/int.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/numeric.h"
#include "utils/uuid.h"

#include "masking/masking.h"
#include "base/compat.h"

PG_FUNCTION_INFO_V1(dm_mask_hash);
PG_FUNCTION_INFO_V1(dm_mask_pseudonym);
PG_FUNCTION_INFO_V1(dm_mask_pseudonym_int8);
PG_FUNCTION_INFO_V1(dm_mask_pseudonym_uuid);
PG_FUNCTION_INFO_V1(dm_mask_noise_int4);
PG_FUNCTION_INFO_V1(dm_mask_noise_int8);
PG_FUNCTION_INFO_V1(dm_mask_noise_float8);
PG_FUNCTION_INFO_V1(dm_mask_noise_numeric);
PG_FUNCTION_INFO_V1(dm_mask_noise_date);

#define PSEUDONYM_BYTES 15 /* 24 characters of five bits */

static void
digest_text(DmMaskPurpose purpose, const text *policy, const text *context, const text *value,
			uint8_t digest[DM_DIGEST_SIZE])
{
	const char *data = VARDATA_ANY(value);
	int length = VARSIZE_ANY_EXHDR(value);
	char *utf8 = pg_server_to_any(data, length, PG_UTF8);

	if (utf8 != data)
		length = strlen(utf8);
	DmMaskDigest(purpose, policy, context, utf8, length, digest);
}

/* mask_hash(value, policy) */
Datum
dm_mask_hash(PG_FUNCTION_ARGS)
{
	uint8_t digest[DM_DIGEST_SIZE];
	text *result = palloc(VARHDRSZ + 2 * DM_DIGEST_SIZE);

	digest_text(DM_MASK_HASH, PG_GETARG_TEXT_PP(1), NULL, PG_GETARG_TEXT_PP(0), digest);
	SET_VARSIZE(result, VARHDRSZ + 2 * DM_DIGEST_SIZE);
	hex_encode((const char *) digest, DM_DIGEST_SIZE, VARDATA(result));
	PG_RETURN_TEXT_P(result);
}

/* mask_pseudonym(value, policy, consumer): RFC 4648 base 32, in lower case */
Datum
dm_mask_pseudonym(PG_FUNCTION_ARGS)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint8_t digest[DM_DIGEST_SIZE];
	char result[PSEUDONYM_BYTES * 8 / 5];

	digest_text(DM_MASK_PSEUDONYM, PG_GETARG_TEXT_PP(1), PG_GETARG_TEXT_PP(2), PG_GETARG_TEXT_PP(0),
				digest);
	for (int group = 0; group < PSEUDONYM_BYTES / 5; group++)
	{
		uint64 bits = 0;

		for (int i = 0; i < 5; i++)
			bits = bits << 8 | digest[group * 5 + i];
		for (int i = 7; i >= 0; i--, bits >>= 5)
			result[group * 8 + i] = alphabet[bits & 31];
	}
	PG_RETURN_TEXT_P(cstring_to_text_with_len(result, sizeof(result)));
}

static uint64
first_bits(const uint8_t digest[DM_DIGEST_SIZE])
{
	uint64 bits;

	memcpy(&bits, digest, sizeof(bits));
	return pg_ntoh64(bits);
}

static void
digest_int8(DmMaskPurpose purpose, const text *policy, const text *context, int64 value,
			uint8_t digest[DM_DIGEST_SIZE])
{
	uint64 big = pg_hton64((uint64) value);

	DmMaskDigest(purpose, policy, context, &big, sizeof(big), digest);
}

/* A number of 63 bits: never negative. */
Datum
dm_mask_pseudonym_int8(PG_FUNCTION_ARGS)
{
	uint8_t digest[DM_DIGEST_SIZE];

	digest_int8(DM_MASK_PSEUDONYM, PG_GETARG_TEXT_PP(1), PG_GETARG_TEXT_PP(2), PG_GETARG_INT64(0),
				digest);
	PG_RETURN_INT64((int64) (first_bits(digest) >> 1));
}

/* A UUID of version 8 (RFC 9562: made by a method of one's own). */
Datum
dm_mask_pseudonym_uuid(PG_FUNCTION_ARGS)
{
	pg_uuid_t *value = PG_GETARG_UUID_P(0);
	pg_uuid_t *result = palloc(sizeof(pg_uuid_t));
	uint8_t digest[DM_DIGEST_SIZE];

	DmMaskDigest(DM_MASK_PSEUDONYM, PG_GETARG_TEXT_PP(1), PG_GETARG_TEXT_PP(2), value->data,
				 UUID_LEN, digest);
	memcpy(result->data, digest, UUID_LEN);
	result->data[6] = (result->data[6] & 0x0F) | 0x80;
	result->data[8] = (result->data[8] & 0x3F) | 0x80;
	PG_RETURN_UUID_P(result);
}

/*
 * Noise: value * (1 + ratio * u), u from [-1, 1) by the digest of value and row.
 */

static double
unit_noise(const uint8_t digest[DM_DIGEST_SIZE])
{
	return ldexp((double) (first_bits(digest) >> 11), -52) - 1.0;
}

static double
noise_ratio(double ratio)
{
	if (!(ratio > 0 && ratio <= 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the ratio of noise must be above 0 and at most 1")));
	return ratio;
}

/* The result stays within the type: an overflow would tell of the value. */
static int64
noisy_int(FunctionCallInfo fcinfo, int64 value, int64 least, int64 most)
{
	double ratio = noise_ratio(PG_GETARG_FLOAT8(1));
	uint8_t digest[DM_DIGEST_SIZE];
	double change;
	int64 result;

	digest_int8(DM_MASK_NOISE, PG_GETARG_TEXT_PP(2), PG_GETARG_TEXT_PP(3), value, digest);
	change = rint((double) value * ratio * unit_noise(digest));
	if (change >= 9.2e18 || change <= -9.2e18 ||
		pg_add_s64_overflow(value, (int64) change, &result))
		return change > 0 ? most : least;
	return Min(Max(result, least), most);
}

Datum
dm_mask_noise_int4(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32((int32) noisy_int(fcinfo, PG_GETARG_INT32(0), PG_INT32_MIN, PG_INT32_MAX));
}

Datum
dm_mask_noise_int8(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(noisy_int(fcinfo, PG_GETARG_INT64(0), PG_INT64_MIN, PG_INT64_MAX));
}

Datum
dm_mask_noise_float8(PG_FUNCTION_ARGS)
{
	double value = PG_GETARG_FLOAT8(0);
	double ratio = noise_ratio(PG_GETARG_FLOAT8(1));
	uint8_t digest[DM_DIGEST_SIZE];
	double result;
	int64 bits;

	if (isnan(value) || isinf(value))
		PG_RETURN_FLOAT8(value);
	value += 0.0; /* -0 is 0 */
	memcpy(&bits, &value, sizeof(bits));
	digest_int8(DM_MASK_NOISE, PG_GETARG_TEXT_PP(2), PG_GETARG_TEXT_PP(3), bits, digest);
	result = value * (1.0 + ratio * unit_noise(digest));
	if (isinf(result))
		result = value < 0 ? -DBL_MAX : DBL_MAX;
	PG_RETURN_FLOAT8(result);
}

#define FACTOR_DIGITS 15

/* Keeps the scale of the value; 1 and 1.00 are one value, and get the same noise. */
Datum
dm_mask_noise_numeric(PG_FUNCTION_ARGS)
{
	Numeric value = PG_GETARG_NUMERIC(0);
	double ratio = noise_ratio(PG_GETARG_FLOAT8(1));
	uint8_t digest[DM_DIGEST_SIZE];
	char *decimal;
	int64 factor;
	Datum result;

	if (numeric_is_nan(value) || numeric_is_inf(value))
		PG_RETURN_NUMERIC(value);
	decimal = numeric_normalize(value);
	DmMaskDigest(DM_MASK_NOISE, PG_GETARG_TEXT_PP(2), PG_GETARG_TEXT_PP(3), decimal,
				 strlen(decimal), digest);
	factor = (int64) rint((1.0 + ratio * unit_noise(digest)) * 1e15);
	result = DirectFunctionCall2(numeric_mul, NumericGetDatum(value),
								 NumericGetDatum(int64_div_fast_to_numeric(factor, FACTOR_DIGITS)));
	PG_RETURN_DATUM(DirectFunctionCall2(
		numeric_round, result, DirectFunctionCall1(numeric_scale, NumericGetDatum(value))));
}

/* mask_noise(value, days, policy, row): up to so many days earlier or later */
Datum
dm_mask_noise_date(PG_FUNCTION_ARGS)
{
	DateADT value = PG_GETARG_DATEADT(0);
	int32 days = PG_GETARG_INT32(1);
	uint8_t digest[DM_DIGEST_SIZE];
	int64 span;
	int64 result;

	if (days < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("days must be at least 1")));
	if (DATE_NOT_FINITE(value))
		PG_RETURN_DATEADT(value);
	digest_int8(DM_MASK_NOISE, PG_GETARG_TEXT_PP(2), PG_GETARG_TEXT_PP(3), value, digest);
	span = 2 * (int64) days + 1;
	result = value + (int64) (first_bits(digest) % (uint64) span) - days;
	result = Max(result, (int64) DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE);
	result = Min(result, (int64) DATE_END_JULIAN - POSTGRES_EPOCH_JDATE - 1);
	PG_RETURN_DATEADT((DateADT) result);
}
