/*-------------------------------------------------------------------------
 *
 * kernel.h
 *		Masking and the detection of personal data, apart from PostgreSQL: needs
 *		nothing but the C library, and is built and driven alone by test/fuzz.
 *
 * No function here allocates, fails or reads past what it was given, whatever
 * the bytes are.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_MASKING_KERNEL_H
#define DATAMESH_MASKING_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Texts.  How bytes make characters depends on the encoding; bytes that make none count one each.
 */
typedef enum DmCharKind
{
	DM_CHARS_BYTES,
	DM_CHARS_UTF8,
	DM_CHARS_OTHER, /* ask "length" */
} DmCharKind;

typedef struct DmChars
{
	DmCharKind kind;
	int (*length)(const char *character);
} DmChars;

extern size_t DmCharLength(const DmChars *chars, const char *text, size_t left);
extern size_t DmCharCount(const DmChars *chars, const char *text, size_t length);

/* Where the first "count" characters end, at most length; *counted is how many there were. */
extern size_t DmCharSkip(const DmChars *chars, const char *text, size_t length, int64_t count,
						 int64_t *counted);

/*
 * What remains to be seen of a text whose first prefix and last suffix characters are shown: *head
 * bytes, and from byte *tail on.  False if nothing would be left to hide.
 */
extern bool DmPartialCut(const DmChars *chars, const char *text, size_t length, int32_t prefix,
						 int32_t suffix, size_t *head, size_t *tail);
/* Where the last "count" characters begin. */
extern size_t DmCharTail(const DmChars *chars, const char *text, size_t length, int64_t count);

/* What may be seen of an address: *head bytes from the beginning, and from byte *tail on. */
extern bool DmEmailCut(const DmChars *chars, const char *text, size_t length, size_t *head,
					   size_t *tail);

/*
 * A masked text: the first head bytes of the value, so many times the pad, the value from byte tail
 * on.  Cut makes one of the parameters of a mask (which are not negative); Size is what Write needs,
 * SIZE_MAX if that is no size.
 */
typedef struct DmPieces
{
	size_t head;
	size_t tail;
	size_t pads;
} DmPieces;

extern void DmPartialPieces(const DmChars *chars, const char *text, size_t length, int32_t prefix,
							int32_t suffix, DmPieces *pieces);
extern void DmFirstPieces(const DmChars *chars, const char *text, size_t length, int32_t count,
						  DmPieces *pieces);
extern void DmLastPieces(const DmChars *chars, const char *text, size_t length, int32_t count,
						 DmPieces *pieces);
extern size_t DmMaskedSize(const DmPieces *pieces, size_t length, size_t pad_length);
extern void DmMaskedWrite(const DmPieces *pieces, const char *text, size_t length, const char *pad,
						  size_t pad_length, char *to);

/*
 * Numbers.
 *
 * The lines of a grid are the multiples of step, which is at least 1; an end beyond the type's least
 * and greatest number is open.  value is one of the type.
 */
typedef struct DmGridCell
{
	int64_t lower;
	int64_t upper; /* the next cell's lower */
	bool lower_open;
	bool upper_open;
} DmGridCell;

extern void DmGridInt(int64_t value, int64_t step, int64_t least, int64_t most, DmGridCell *cell);

/*
 * Noise.  ratio is above 0 and at most 1, unit from [-1, 1).  Span is how far a number may move: 1 at
 * least, unless it is 0.  Within moves it by at most span, and not beyond least and most.  Factor is
 * 1 + ratio * unit as a multiple of 1 / DM_NOISE_ONE; with shrink, it is reflected to at most 1.
 */
#define DM_NOISE_ONE INT64_C(1000000000000000)
#define DM_NOISE_DIGITS 15 /* of DM_NOISE_ONE */

#define DM_DIGEST_SIZE 32

extern uint64_t DmNoiseSpan(int64_t value, double ratio);
extern int64_t DmNoiseWithin(int64_t value, uint64_t span, const uint8_t digest[DM_DIGEST_SIZE],
							 int64_t least, int64_t most);
extern double DmNoiseUnit(const uint8_t digest[DM_DIGEST_SIZE]);
extern double DmNoiseFloat(double value, double ratio, double unit);
extern int64_t DmNoiseFactor(double ratio, double unit, bool shrink);

/*
 * Pseudonyms: RFC 4648 base 32 in lower case, a number of 63 bits, a UUID of version 8 (RFC 9562:
 * made by a method of one's own).
 */
#define DM_PSEUDONYM_SIZE 24
#define DM_UUID_SIZE 16

extern void DmPseudonymText(const uint8_t digest[DM_DIGEST_SIZE], char to[DM_PSEUDONYM_SIZE]);
extern int64_t DmPseudonymInt(const uint8_t digest[DM_DIGEST_SIZE]);
extern void DmPseudonymUuid(const uint8_t digest[DM_DIGEST_SIZE], uint8_t to[DM_UUID_SIZE]);

/*
 * Times: days and microseconds since 2000-01-01, as PostgreSQL counts them.
 */
typedef enum DmUnit
{
	DM_UNIT_NONE,
	DM_UNIT_MINUTE,
	DM_UNIT_HOUR,
	DM_UNIT_DAY,
	DM_UNIT_WEEK, /* begins on Monday */
	DM_UNIT_MONTH,
	DM_UNIT_QUARTER,
	DM_UNIT_YEAR,
	DM_UNIT_DECADE,  /* 2020 to 2029 */
	DM_UNIT_CENTURY, /* 2001 to 2100 */
	DM_UNIT_MILLENNIUM,
} DmUnit;

#define DM_FIRST_DAY INT64_C(-2451545) /* 4714-11-24 BC */
#define DM_END_DAY INT64_C(2145031949) /* the day after the last date */
#define DM_DAY INT64_C(86400000000)    /* in microseconds */

typedef struct DmPeriod
{
	int32_t first;
	int32_t next;  /* the first day after it */
	bool open_end; /* there is no such date */
} DmPeriod;

/* The unit of that name, in any case. */
extern DmUnit DmUnitOf(const char *name, size_t length);

/*
 * What begins before the first day begins with it.  Dates from DM_FIRST_DAY to before DM_END_DAY, units
 * of a day and more; times from DM_FIRST_DAY on, or INT64_MIN and INT64_MAX, which stay.
 */
extern void DmDatePeriod(int32_t day, DmUnit unit, DmPeriod *period);
extern int64_t DmTimestampTrunc(int64_t time, DmUnit unit);

/*
 * Digests.  SHA-256 (FIPS 180-4), HMAC with it (RFC 2104), Keccak-256 (as Ethereum uses it: the
 * padding before FIPS 202).
 */
#define DM_SHA256_BLOCK 64

typedef struct DmSha256
{
	uint32_t state[8];
	uint64_t length;
	uint8_t block[DM_SHA256_BLOCK];
} DmSha256;

/* The two states that a key leads to; as secret as the key. */
typedef struct DmHmacKey
{
	uint32_t inner[8];
	uint32_t outer[8];
} DmHmacKey;

extern void DmSha256Init(DmSha256 *hash);
extern void DmSha256Update(DmSha256 *hash, const void *data, size_t length);
extern void DmSha256Final(DmSha256 *hash, uint8_t digest[DM_DIGEST_SIZE]);

extern void DmHmacPrepare(DmHmacKey *key, const void *secret, size_t length);
extern void DmHmacInit(DmSha256 *hash, const DmHmacKey *key);
extern void DmHmacFinal(DmSha256 *hash, const DmHmacKey *key, uint8_t digest[DM_DIGEST_SIZE]);

extern void DmKeccak256(const void *data, size_t length, uint8_t digest[DM_DIGEST_SIZE]);

/*
 * Personal data.
 */
#define DM_VALUE_MAX 128 /* no detector takes a longer token */

/* How much a value that fits says. */
typedef enum DmFit
{
	DM_FIT_NONE,
	DM_FIT_WEAK,    /* may be it: means something beneath a name only */
	DM_FIT_PATTERN, /* looks like it */
	DM_FIT_CHECKED, /* and its checksum is right, but one value in some ten or twenty is by chance */
	DM_FIT_CERTAIN, /* and chance is out of the question */
} DmFit;

typedef enum DmColumnKind
{
	DM_COLUMN_TEXT = 1,
	DM_COLUMN_NUMBER = 2,
	DM_COLUMN_DATE = 4,
	DM_COLUMN_NETWORK = 8,
	DM_COLUMN_DOCUMENT = 16,
} DmColumnKind;

typedef enum DmWhere
{
	DM_WHERE_WORDS = 1, /* in the words of a value */
	DM_WHERE_WHOLE = 2, /* in the value as a whole */
} DmWhere;

typedef struct DmDetector
{
	const char *name;
	const char *what;         /* what a value that fits has passed */
	const char *mask;         /* what to mask it with */
	const char *const *words; /* what columns are called, NULL-terminated; words joined by _ */
	int kinds;                /* DmColumnKind of columns that a name alone is enough for */
	int percent;              /* of the values that must fit if no name helps; above 100: never */
	int where;                /* DmWhere */
	DmFit (*fit)(const char *text, size_t length); /* NULL: known by name only */
} DmDetector;

extern const DmDetector dm_detectors[];
extern const int dm_detector_count;
#define DM_DETECTORS_MAX 32 /* a set of detectors is a bitmap */

/* Which of a detector's words a name contains, or NULL. */
extern const char *DmDetectName(const DmDetector *detector, const char *name, size_t length);

/*
 * What fits something in a text: for each kind of fit a bitmap of detectors.  Nothing in it needs to
 * be valid in any encoding.
 */
typedef struct DmFindings
{
	uint32_t fits[DM_FIT_CERTAIN + 1];
	uint32_t named; /* of a document: fits, and stands beneath a key with the detector's name */
} DmFindings;

extern void DmDetectText(const char *text, size_t length, DmFindings *findings);
/* The same of JSON: its keys and values one by one.  Takes any bytes. */
extern void DmDetectJson(const char *text, size_t length, DmFindings *findings);

#endif /* DATAMESH_MASKING_KERNEL_H */
