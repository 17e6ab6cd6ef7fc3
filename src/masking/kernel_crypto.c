/*-------------------------------------------------------------------------
 *
 * kernel_crypto.c
 *		Addresses of crypto currencies, by their checksums.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "masking/kernel_value.h"

#define BASE58_BYTES 25 /* a version, a hash of 20 bytes, a checksum of 4 */

static const char base58_alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
static const char bech32_alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/* Base58Check: the last four bytes begin the double SHA-256 of those before. */
static bool
is_base58check(const char *text, size_t length)
{
	uint8_t bytes[BASE58_BYTES] = {0};
	uint8_t digest[DM_DIGEST_SIZE];
	DmSha256 hash;

	if (length < 26 || length > 35)
		return false;
	for (size_t i = 0; i < length; i++)
	{
		const char *at = text[i] == '\0' ? NULL : strchr(base58_alphabet, text[i]);
		unsigned carry;

		if (at == NULL)
			return false;
		carry = (unsigned) (at - base58_alphabet);
		for (int k = BASE58_BYTES - 1; k >= 0; k--)
		{
			carry += 58U * bytes[k];
			bytes[k] = (uint8_t) carry;
			carry >>= 8;
		}
		if (carry != 0)
			return false;
	}
	DmSha256Init(&hash);
	DmSha256Update(&hash, bytes, BASE58_BYTES - 4);
	DmSha256Final(&hash, digest);
	DmSha256Init(&hash);
	DmSha256Update(&hash, digest, sizeof(digest));
	DmSha256Final(&hash, digest);
	return memcmp(digest, bytes + BASE58_BYTES - 4, 4) == 0;
}

static uint32_t
bech32_step(uint32_t state, unsigned value)
{
	static const uint32_t generator[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
										  0x2a1462b3};
	uint32_t top = state >> 25;

	state = (state & 0x1ffffff) << 5 ^ value;
	for (int i = 0; i < 5; i++)
		if (top >> i & 1)
			state ^= generator[i];
	return state;
}

/* BIP 173 and BIP 350, for the prefixes of Bitcoin and Litecoin; in one case throughout. */
static bool
is_bech32(const char *text, size_t length)
{
	static const char *const prefixes[] = {"bc", "tb", "ltc"};
	char lower[91];
	uint32_t state = 1;
	size_t prefix = 0;
	bool uppers = false;
	bool lowers = false;

	if (length < 14 || length > 90)
		return false;
	for (size_t i = 0; i < length; i++)
	{
		bool upper = text[i] >= 'A' && text[i] <= 'Z';

		uppers |= upper;
		lowers |= text[i] >= 'a' && text[i] <= 'z';
		lower[i] = upper ? (char) (text[i] + 32) : text[i];
	}
	if (uppers && lowers)
		return false;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
	{
		size_t n = strlen(prefixes[i]);

		if (memcmp(lower, prefixes[i], n) == 0 && lower[n] == '1')
			prefix = n;
	}
	if (prefix == 0)
		return false;
	for (size_t i = 0; i < prefix; i++)
		state = bech32_step(state, (unsigned char) lower[i] >> 5);
	state = bech32_step(state, 0);
	for (size_t i = 0; i < prefix; i++)
		state = bech32_step(state, lower[i] & 31);
	for (size_t i = prefix + 1; i < length; i++)
	{
		const char *at = lower[i] == '\0' ? NULL : strchr(bech32_alphabet, lower[i]);

		if (at == NULL)
			return false;
		state = bech32_step(state, (unsigned) (at - bech32_alphabet));
	}
	return state == 1 || state == 0x2bc830a3;
}

/* EIP-55: a letter is in upper case where the Keccak-256 of the address in lower case has a digit from 8 on. */
static DmFit
fit_ethereum(const char *text, size_t length)
{
	char lower[40];
	uint8_t digest[DM_DIGEST_SIZE];
	bool uppers = false;
	bool lowers = false;
	bool right = true;

	if (length != 42 || text[0] != '0' || text[1] != 'x')
		return DM_FIT_NONE;
	for (int i = 0; i < 40; i++)
	{
		char c = text[2 + i];
		bool upper = c >= 'A' && c <= 'F';

		if (!upper && !(c >= 'a' && c <= 'f') && !(c >= '0' && c <= '9'))
			return DM_FIT_NONE;
		uppers |= upper;
		lowers |= c >= 'a';
		lower[i] = upper ? (char) (c + 32) : c;
	}
	if (!uppers || !lowers)
		return DM_FIT_PATTERN;
	DmKeccak256(lower, sizeof(lower), digest);
	for (int i = 0; i < 40; i++)
	{
		int nibble = i % 2 == 0 ? digest[i / 2] >> 4 : digest[i / 2] & 15;

		if (lower[i] >= 'a' && (text[2 + i] < 'a') != (nibble >= 8))
			right = false;
	}
	return right ? DM_FIT_CERTAIN : DM_FIT_NONE;
}

DmFit
DmFitCrypto(const char *text, size_t length)
{
	if (is_base58check(text, length) || is_bech32(text, length))
		return DM_FIT_CERTAIN;
	return fit_ethereum(text, length);
}
