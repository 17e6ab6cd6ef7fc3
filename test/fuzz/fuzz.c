/*
 * fuzz.c: drive the kernels of src/masking with arbitrary input, under sanitizers.
 *
 * Built two ways from one file. With -fsanitize=fuzzer, libFuzzer calls LLVMFuzzerTestOneInput. With
 * -DDM_STANDALONE, main makes so many inputs for each kernel, always the same ones: half are noise,
 * half are samples with a few bytes changed. Both stop at what a sanitizer finds and at what breaks
 * an invariant below. Before anything else, the digests are held against published vectors.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "masking/kernel.h"
#include "masking/kernel_value.h"

#define CHECK(condition)                                                                            \
	do                                                                                              \
	{                                                                                               \
		if (!(condition))                                                                           \
		{                                                                                           \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition);                 \
			abort();                                                                                \
		}                                                                                           \
	} while (0)

/* A copy of exactly the input's size: reading past it is found. */
static char *
copy_of(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + (size == 0));

	if (size > 0)
		memcpy(copy, data, size);
	return copy;
}

/* As in an EUC encoding: a byte with the high bit begins a character of two. */
static int
two_bytes(const char *character)
{
	return (unsigned char) *character >= 0x80 ? 2 : 1;
}

static void
drive_cut(const uint8_t *data, size_t size)
{
	static const DmChars kinds[3] = {{DM_CHARS_BYTES, NULL}, {DM_CHARS_UTF8, NULL}, {DM_CHARS_OTHER, two_bytes}};
	const DmChars *chars;
	int32_t prefix, suffix;
	size_t head, tail, length, at;
	int64_t counted;
	char *text;

	if (size < 9)
		return;
	chars = &kinds[data[0] % 3];
	memcpy(&prefix, data + 1, 4);
	memcpy(&suffix, data + 5, 4);
	if (data[0] & 64)
		prefix %= 16, suffix %= 16;
	length = size - 9;
	text = copy_of(data + 9, length);
	if (DmPartialCut(chars, text, length, prefix, suffix, &head, &tail))
	{
		CHECK(head < tail && tail <= length);
		CHECK((int64_t) DmCharCount(chars, text, head) == prefix);
		if (chars->kind != DM_CHARS_OTHER)
			CHECK((int64_t) DmCharCount(chars, text + tail, length - tail) <= suffix);
	}
	at = DmCharSkip(chars, text, length, prefix, &counted);
	CHECK(at <= length && (counted <= prefix || counted == 0));
	at = DmCharTail(chars, text, length, suffix);
	CHECK(at <= length);
	CHECK(DmCharCount(chars, text, length) <= length);
	free(text);
}

static void
drive_email(const uint8_t *data, size_t size)
{
	DmChars utf8 = {DM_CHARS_UTF8, NULL};
	char *text = copy_of(data, size);
	size_t head, tail;

	if (DmEmailCut(&utf8, text, size, &head, &tail))
	{
		CHECK(head <= 4 && head < tail && tail <= size);
		CHECK(memchr(text, '@', tail) != NULL && memchr(text, '@', head) == NULL);
	}
	free(text);
}

/* In pieces or at once: the same digest. */
static void
drive_hmac(const uint8_t *data, size_t size)
{
	uint8_t whole[DM_DIGEST_SIZE], pieces[DM_DIGEST_SIZE];
	size_t key_size = size > 0 ? data[0] % (size + 1) : 0;
	size_t cut = size > 1 ? data[1] % (size + 1) : 0;
	char *text = copy_of(data, size);
	DmHmacKey key;
	DmSha256 hash;

	DmHmacPrepare(&key, text, key_size);
	DmHmacInit(&hash, &key);
	DmSha256Update(&hash, text, size);
	DmHmacFinal(&hash, &key, whole);
	DmHmacInit(&hash, &key);
	DmSha256Update(&hash, text, cut);
	DmSha256Update(&hash, text + cut, size - cut);
	DmHmacFinal(&hash, &key, pieces);
	CHECK(memcmp(whole, pieces, sizeof(whole)) == 0);
	free(text);
}

static void
drive_keccak(const uint8_t *data, size_t size)
{
	uint8_t digest[DM_DIGEST_SIZE];
	char *text = copy_of(data, size);

	DmKeccak256(text, size, digest);
	free(text);
}

static void
check_findings(const DmFindings *findings)
{
	uint32_t known = (uint32_t) (((uint64_t) 1 << dm_detector_count) - 1);

	CHECK(findings->fits[DM_FIT_NONE] == 0);
	for (int fit = DM_FIT_WEAK; fit <= DM_FIT_CERTAIN; fit++)
		CHECK((findings->fits[fit] & ~known) == 0);
	CHECK((findings->named & ~known) == 0);
}

/* Every check of a value, by itself. */
static void
drive_values(const uint8_t *data, size_t size)
{
	char *text;

	if (size > DM_VALUE_MAX)
		size = DM_VALUE_MAX;
	text = copy_of(data, size);
	for (int i = 0; i < dm_detector_count && size > 0; i++)
		if (dm_detectors[i].fit != NULL)
		{
			DmFit fit = dm_detectors[i].fit(text, size);

			CHECK(fit >= DM_FIT_NONE && fit <= DM_FIT_CERTAIN);
		}
	free(text);
}

static void
drive_text(const uint8_t *data, size_t size)
{
	DmFindings findings = {0};
	char *text = copy_of(data, size);

	DmDetectText(text, size, &findings);
	check_findings(&findings);
	free(text);
}

static void
drive_json(const uint8_t *data, size_t size)
{
	DmFindings findings = {0};
	char *text = copy_of(data, size);

	DmDetectJson(text, size, &findings);
	check_findings(&findings);
	free(text);
}

static void
drive_name(const uint8_t *data, size_t size)
{
	char *text = copy_of(data, size);

	for (int i = 0; i < dm_detector_count; i++)
	{
		const char *word = DmDetectName(&dm_detectors[i], text, size);

		CHECK(word == NULL || strlen(word) <= 2 * size);
	}
	free(text);
}

static const struct
{
	const char *name;
	void (*drive)(const uint8_t *data, size_t size);
} kernels[] = {
	{"cut", drive_cut},	   {"email", drive_email}, {"hmac", drive_hmac}, {"keccak", drive_keccak},
	{"values", drive_values}, {"text", drive_text},	   {"json", drive_json}, {"name", drive_name},
};
#define KERNELS ((int) (sizeof(kernels) / sizeof(kernels[0])))

/*
 * Published vectors
 */

static void
expect(const uint8_t *digest, const char *hex)
{
	char text[2 * DM_DIGEST_SIZE + 1];

	for (int i = 0; i < DM_DIGEST_SIZE; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	if (strcmp(text, hex) != 0)
	{
		fprintf(stderr, "expected %s\n     got %s\n", hex, text);
		abort();
	}
}

static void
expect_hmac(const void *secret, size_t secret_size, const void *data, size_t size, const char *hex)
{
	uint8_t digest[DM_DIGEST_SIZE];
	DmHmacKey key;
	DmSha256 hash;

	DmHmacPrepare(&key, secret, secret_size);
	DmHmacInit(&hash, &key);
	DmSha256Update(&hash, data, size);
	DmHmacFinal(&hash, &key, digest);
	expect(digest, hex);
}

static void
expect_sha256(const char *data, const char *hex)
{
	uint8_t digest[DM_DIGEST_SIZE];
	DmSha256 hash;

	DmSha256Init(&hash);
	DmSha256Update(&hash, data, strlen(data));
	DmSha256Final(&hash, digest);
	expect(digest, hex);
}

static void
check_vectors(void)
{
	uint8_t digest[DM_DIGEST_SIZE];
	uint8_t bytes[131];
	uint8_t counting[25];

	/* FIPS 180-4, examples of NIST */
	expect_sha256("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	expect_sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
				  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	expect_sha256("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	/* RFC 4231, test cases 1 to 4, 6 and 7 (5 is of a truncated digest) */
	memset(bytes, 0x0b, 20);
	expect_hmac(bytes, 20, "Hi There", 8, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	expect_hmac("Jefe", 4, "what do ya want for nothing?", 28,
				"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(bytes, 0xaa, 20);
	memset(bytes + 20, 0xdd, 50);
	expect_hmac(bytes, 20, bytes + 20, 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
	for (int i = 0; i < 25; i++)
		counting[i] = (uint8_t) (i + 1);
	memset(bytes, 0xcd, 50);
	expect_hmac(counting, 25, bytes, 50, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
	memset(bytes, 0xaa, 131);
	expect_hmac(bytes, 131, "Test Using Larger Than Block-Size Key - Hash Key First", 54,
				"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	expect_hmac(bytes, 131,
				"This is a test using a larger than block-size key and a larger than block-size data. The key "
				"needs to be hashed before being used by the HMAC algorithm.",
				152, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
	/* Keccak-256 of nothing and of abc, as in the Ethereum yellow paper and the Keccak team's vectors */
	DmKeccak256("", 0, digest);
	expect(digest, "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
	DmKeccak256("abc", 3, digest);
	expect(digest, "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
}

/* The first byte chooses the kernel. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int checked = 0;

	if (!checked++)
		check_vectors();
	checked = 1;
	if (size > 0)
		kernels[data[0] % KERNELS].drive(data + 1, size - 1);
	return 0;
}

#ifdef DM_STANDALONE

static const char *const samples[] = {
	"ann@example.com", "jane.doe@mail.example.co.uk", "+49 30 901820", "192.0.2.1", "2001:db8::ffff:192.0.2.1",
	"00:00:5e:00:53:af", "postgres://u:p@db/x", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00",
	"536-22-1234", "943 476 5919", "AB 12 34 56 C", "X1234567L", "86095742719", "44051401359", "9999 4105 7058",
	"2000-02-29", "Hauptstra\303\237e 5", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
	"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
	"{\"contact\": {\"Email\": \"ann\\u0040example.com\", \"n\": [1, -2.5e3, \"\\\\\"]}}", "customerEMailAddress2",
	"\346\227\245\346\234\254\350\252\236\343\203\206\343\202\255\343\202\271\343\203\210", "caf\303\251 \360\237\232\200 \303",
};

static uint64_t random_state = 88172645463325252U;

/* xorshift64 */
static uint64_t
next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static size_t
make_input(uint8_t *data, size_t most)
{
	size_t size;

	if (next_random() % 2 == 0)
	{
		size = next_random() % (next_random() % 16 == 0 ? most : 48);
		for (size_t i = 0; i < size; i++)
			data[i] = (uint8_t) (next_random() >> 11);
		return size;
	}
	size = 0;
	if (next_random() % 2 == 0)
		for (; size < 9; size++)
			data[size] = (uint8_t) (next_random() >> 9);
	do
	{
		const char *sample = samples[next_random() % (sizeof(samples) / sizeof(samples[0]))];
		size_t length = strlen(sample);

		if (size + length + 1 > most)
			break;
		memcpy(data + size, sample, length);
		size += length;
		data[size++] = (uint8_t) " ,:\"{\n"[next_random() % 6];
	} while (next_random() % 4 == 0);
	if (next_random() % 4 != 0)
		size--;
	for (uint64_t changes = next_random() % 4; changes > 0; changes--)
		data[next_random() % size] = (uint8_t) (next_random() % 4 == 0 ? next_random() >> 13 : "0123456789.-:@ Xa\""[next_random() % 18]);
	return size;
}

int
main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : 1000000;
	uint8_t data[600];

	setvbuf(stdout, NULL, _IOLBF, 0);
	check_vectors();
	printf("vectors: right\n");
	for (int kernel = 0; kernel < KERNELS; kernel++)
	{
		for (long i = 0; i < count; i++)
		{
			size_t size = make_input(data, sizeof(data));

			kernels[kernel].drive(data, size);
		}
		printf("%s: %ld inputs\n", kernels[kernel].name, count);
	}
	return 0;
}

#endif
