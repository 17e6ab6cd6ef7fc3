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

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"
#include "utils/date.h"
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

/* mask_pseudonym(value, policy, consumer) */
Datum
dm_mask_pseudonym(PG_FUNCTION_ARGS)
{
	uint8_t digest[DM_DIGEST_SIZE];
	char result[DM_PSEUDONYM_SIZE];

	digest_text(DM_MASK_PSEUDONYM, PG_GETARG_TEXT_PP(1), PG_GETARG_TEXT_PP(2), PG_GETARG_TEXT_PP(0),
				digest);
	DmPseudonymText(digest, result);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(result, sizeof(result)));
}

static void
digest_int8(DmMaskPurpose purpose, const text *policy, const text *context, int64 value,
			uint8_t digest[DM_DIGEST_SIZE])
{
	uint64 big = pg_hton64((uint64) value);

	DmMaskDigest(purpose, policy, context, &big, sizeof(big), digest);
}

Datum
dm_mask_pseudonym_int8(PG_FUNCTION_ARGS)
{
	uint8_t digest[DM_DIGEST_SIZE];

	digest_int8(DM_MASK_PSEUDONYM, PG_GETARG_TEXT_PP(1), PG_GETARG_TEXT_PP(2), PG_GETARG_INT64(0),
				digest);
	PG_RETURN_INT64(DmPseudonymInt(digest));
}

Datum
dm_mask_pseudonym_uuid(PG_FUNCTION_ARGS)
{
	pg_uuid_t *value = PG_GETARG_UUID_P(0);
	pg_uuid_t *result = palloc(sizeof(pg_uuid_t));
	uint8_t digest[DM_DIGEST_SIZE];

	DmMaskDigest(DM_MASK_PSEUDONYM, PG_GETARG_TEXT_PP(1), PG_GETARG_TEXT_PP(2), value->data,
				 UUID_LEN, digest);
	DmPseudonymUuid(digest, result->data);
	PG_RETURN_UUID_P(result);
}

/*
 * Noise: value * (1 + ratio * u), u from [-1, 1) by the digest of value and row.
 */

static double
noise_ratio(double ratio)
{
	if (!(ratio > 0 && ratio <= 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the ratio of noise must be above 0 and at most 1")));
	return ratio;
}

static int64
noisy_int(FunctionCallInfo fcinfo, int64 value, int64 least, int64 most)
{
	double ratio = noise_ratio(PG_GETARG_FLOAT8(1));
	uint8_t digest[DM_DIGEST_SIZE];

	digest_int8(DM_MASK_NOISE, PG_GETARG_TEXT_PP(2), PG_GETARG_TEXT_PP(3), value, digest);
	return DmNoiseWithin(value, DmNoiseSpan(value, ratio), digest, least, most);
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
	int64 bits;

	value += 0.0; /* -0 is 0 */
	memcpy(&bits, &value, sizeof(bits));
	digest_int8(DM_MASK_NOISE, PG_GETARG_TEXT_PP(2), PG_GETARG_TEXT_PP(3), bits, digest);
	PG_RETURN_FLOAT8(DmNoiseFloat(value, ratio, DmNoiseUnit(digest)));
}

#define HUGE_DIGITS 131000 /* numeric ends at 131072: twice of this may not be there */

/* What the last digit of a value counts; down: less than nothing. */
static Datum
last_digit(Datum scale, bool down)
{
	return NumericGetDatum(int64_div_fast_to_numeric(down ? -1 : 1, DatumGetInt32(scale)));
}

/*
 * Keeps the scale of the value; 1 and 1.00 are one value, and get the same noise.  What is not 0 does
 * not stay what it is: if its scale lets it move no further, then by its last digit.
 */
static Datum
noisy_numeric(Numeric value, double ratio, const uint8_t *digest, bool huge)
{
	double unit = DmNoiseUnit(digest);
	Datum scale = DirectFunctionCall1(numeric_scale, NumericGetDatum(value));
	Datum factor = NumericGetDatum(
		int64_div_fast_to_numeric(DmNoiseFactor(ratio, unit, huge), DM_NOISE_DIGITS));
	Datum result = DirectFunctionCall2(
		numeric_round, DirectFunctionCall2(numeric_mul, NumericGetDatum(value), factor), scale);
	bool negative;

	if (!DatumGetBool(DirectFunctionCall2(numeric_eq, result, NumericGetDatum(value))) ||
		DatumGetBool(DirectFunctionCall2(numeric_eq, result, NumericGetDatum(int64_to_numeric(0)))))
		return result;
	negative = DatumGetInt32(DirectFunctionCall2(numeric_cmp, result,
												 NumericGetDatum(int64_to_numeric(0)))) < 0;
	return DirectFunctionCall2(numeric_add, result, last_digit(scale, huge ? !negative : unit < 0));
}

Datum
dm_mask_noise_numeric(PG_FUNCTION_ARGS)
{
	Numeric value = PG_GETARG_NUMERIC(0);
	double ratio = noise_ratio(PG_GETARG_FLOAT8(1));
	uint8_t digest[DM_DIGEST_SIZE];
	char *decimal;

	if (numeric_is_nan(value) || numeric_is_inf(value))
		PG_RETURN_NUMERIC(value);
	decimal = numeric_normalize(value);
	DmMaskDigest(DM_MASK_NOISE, PG_GETARG_TEXT_PP(2), PG_GETARG_TEXT_PP(3), decimal,
				 strlen(decimal), digest);
	PG_RETURN_DATUM(noisy_numeric(value, ratio, digest, strlen(decimal) > HUGE_DIGITS));
}

/* mask_noise(value, days, policy, row): up to so many days earlier or later */
Datum
dm_mask_noise_date(PG_FUNCTION_ARGS)
{
	DateADT value = PG_GETARG_DATEADT(0);
	int32 days = PG_GETARG_INT32(1);
	uint8_t digest[DM_DIGEST_SIZE];

	if (days < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("days must be at least 1")));
	if (DATE_NOT_FINITE(value))
		PG_RETURN_DATEADT(value);
	digest_int8(DM_MASK_NOISE, PG_GETARG_TEXT_PP(2), PG_GETARG_TEXT_PP(3), value, digest);
	PG_RETURN_DATEADT((DateADT) DmNoiseWithin(value, days, digest, DM_FIRST_DAY, DM_END_DAY - 1));
}
