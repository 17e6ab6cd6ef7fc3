/*-------------------------------------------------------------------------
 *
 * kernel_hash.c
 *		SHA-256, HMAC-SHA-256 and Keccak-256.
 *
 * PostgreSQL has the first two, but allocates a context, and registers it with the
 * resource owner, for each call, and can not start from a prepared key: a
 * masked column calls this once for each row.  And the detectors, which must
 * run without PostgreSQL, need SHA-256 for the checksums of addresses.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "masking/kernel.h"

#define ROTR(x, n) (((x) >> (n)) | ((x) << (32 - (n))))
#define ROTL64(x, n) (((x) << (n)) | ((x) >> (64 - (n))))

/* FIPS 180-4, 4.2.2: the first 32 bits of the fractions of the cube roots of the first 64 primes */
static const uint32_t sha256_k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static const uint32_t sha256_start[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static uint32_t
read_big32(const uint8_t *data)
{
	return (uint32_t) data[0] << 24 | (uint32_t) data[1] << 16 | (uint32_t) data[2] << 8 | data[3];
}

static void
sha256_block(uint32_t state[8], const uint8_t *block)
{
	uint32_t w[64];
	uint32_t v[8];

	for (int i = 0; i < 16; i++)
		w[i] = read_big32(block + 4 * i);
	for (int i = 16; i < 64; i++)
	{
		uint32_t a = w[i - 15];
		uint32_t b = w[i - 2];

		w[i] = w[i - 16] + (ROTR(a, 7) ^ ROTR(a, 18) ^ (a >> 3)) + w[i - 7] +
			   (ROTR(b, 17) ^ ROTR(b, 19) ^ (b >> 10));
	}
	memcpy(v, state, sizeof(v));
	for (int i = 0; i < 64; i++)
	{
		uint32_t s1 = ROTR(v[4], 6) ^ ROTR(v[4], 11) ^ ROTR(v[4], 25);
		uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
		uint32_t t1 = v[7] + s1 + choice + sha256_k[i] + w[i];
		uint32_t s0 = ROTR(v[0], 2) ^ ROTR(v[0], 13) ^ ROTR(v[0], 22);
		uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);

		v[7] = v[6];
		v[6] = v[5];
		v[5] = v[4];
		v[4] = v[3] + t1;
		v[3] = v[2];
		v[2] = v[1];
		v[1] = v[0];
		v[0] = t1 + s0 + majority;
	}
	for (int i = 0; i < 8; i++)
		state[i] += v[i];
}

void
DmSha256Init(DmSha256 *hash)
{
	memcpy(hash->state, sha256_start, sizeof(hash->state));
	hash->length = 0;
}

void
DmSha256Update(DmSha256 *hash, const void *data, size_t length)
{
	const uint8_t *from = data;
	size_t used = hash->length % DM_SHA256_BLOCK;

	hash->length += length;
	if (used > 0)
	{
		size_t part = DM_SHA256_BLOCK - used;

		if (part > length)
			part = length;
		if (part > 0)
			memcpy(hash->block + used, from, part);
		from += part;
		length -= part;
		if (used + part < DM_SHA256_BLOCK)
			return;
		sha256_block(hash->state, hash->block);
	}
	for (; length >= DM_SHA256_BLOCK; from += DM_SHA256_BLOCK, length -= DM_SHA256_BLOCK)
		sha256_block(hash->state, from);
	if (length > 0)
		memcpy(hash->block, from, length);
}

void
DmSha256Final(DmSha256 *hash, uint8_t digest[DM_DIGEST_SIZE])
{
	size_t used = hash->length % DM_SHA256_BLOCK;
	uint64_t bits = hash->length * 8;

	hash->block[used++] = 0x80;
	if (used > DM_SHA256_BLOCK - 8)
	{
		memset(hash->block + used, 0, DM_SHA256_BLOCK - used);
		sha256_block(hash->state, hash->block);
		used = 0;
	}
	memset(hash->block + used, 0, DM_SHA256_BLOCK - 8 - used);
	for (int i = 0; i < 8; i++)
		hash->block[DM_SHA256_BLOCK - 1 - i] = (uint8_t) (bits >> (8 * i));
	sha256_block(hash->state, hash->block);
	for (int i = 0; i < DM_DIGEST_SIZE; i++)
		digest[i] = (uint8_t) (hash->state[i / 4] >> (24 - 8 * (i % 4)));
}

static void
pad_state(uint32_t state[8], const uint8_t *key, uint8_t pad)
{
	uint8_t block[DM_SHA256_BLOCK];

	for (int i = 0; i < DM_SHA256_BLOCK; i++)
		block[i] = key[i] ^ pad;
	memcpy(state, sha256_start, sizeof(sha256_start));
	sha256_block(state, block);
	explicit_bzero(block, sizeof(block));
}

void
DmHmacPrepare(DmHmacKey *key, const void *secret, size_t length)
{
	uint8_t block[DM_SHA256_BLOCK] = {0};

	if (length > DM_SHA256_BLOCK)
	{
		DmSha256 hash;

		DmSha256Init(&hash);
		DmSha256Update(&hash, secret, length);
		DmSha256Final(&hash, block);
		explicit_bzero(&hash, sizeof(hash));
	}
	else if (length > 0)
		memcpy(block, secret, length);
	pad_state(key->inner, block, 0x36);
	pad_state(key->outer, block, 0x5c);
	explicit_bzero(block, sizeof(block));
}

void
DmHmacInit(DmSha256 *hash, const DmHmacKey *key)
{
	memcpy(hash->state, key->inner, sizeof(hash->state));
	hash->length = DM_SHA256_BLOCK;
}

void
DmHmacFinal(DmSha256 *hash, const DmHmacKey *key, uint8_t digest[DM_DIGEST_SIZE])
{
	DmSha256Final(hash, digest);
	memcpy(hash->state, key->outer, sizeof(hash->state));
	hash->length = DM_SHA256_BLOCK;
	DmSha256Update(hash, digest, DM_DIGEST_SIZE);
	DmSha256Final(hash, digest);
}

static const uint64_t keccak_round[24] = {
	0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
	0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
	0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
	0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
	0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
	0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};
static const int keccak_rotate[24] = {1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
									  27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};
static const int keccak_lane[24] = {10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
									15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1};

static void
keccak_permute(uint64_t a[25])
{
	for (int round = 0; round < 24; round++)
	{
		uint64_t c[5];
		uint64_t moved;

		for (int x = 0; x < 5; x++)
			c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
		for (int x = 0; x < 5; x++)
		{
			uint64_t d = c[(x + 4) % 5] ^ ROTL64(c[(x + 1) % 5], 1);

			for (int y = 0; y < 25; y += 5)
				a[x + y] ^= d;
		}
		moved = a[1];
		for (int i = 0; i < 24; i++)
		{
			uint64_t next = a[keccak_lane[i]];

			a[keccak_lane[i]] = ROTL64(moved, keccak_rotate[i]);
			moved = next;
		}
		for (int y = 0; y < 25; y += 5)
		{
			memcpy(c, a + y, sizeof(c));
			for (int x = 0; x < 5; x++)
				a[x + y] = c[x] ^ (~c[(x + 1) % 5] & c[(x + 2) % 5]);
		}
		a[0] ^= keccak_round[round];
	}
}

#define KECCAK_RATE 136

void
DmKeccak256(const void *data, size_t length, uint8_t digest[DM_DIGEST_SIZE])
{
	const uint8_t *from = data;
	uint64_t state[25] = {0};
	size_t at = 0;

	for (size_t i = 0; i < length; i++)
	{
		state[at / 8] ^= (uint64_t) from[i] << (8 * (at % 8));
		if (++at == KECCAK_RATE)
		{
			keccak_permute(state);
			at = 0;
		}
	}
	state[at / 8] ^= (uint64_t) 0x01 << (8 * (at % 8));
	state[(KECCAK_RATE - 1) / 8] ^= (uint64_t) 0x80 << (8 * ((KECCAK_RATE - 1) % 8));
	keccak_permute(state);
	for (int i = 0; i < DM_DIGEST_SIZE; i++)
		digest[i] = (uint8_t) (state[i / 8] >> (8 * (i % 8)));
}
