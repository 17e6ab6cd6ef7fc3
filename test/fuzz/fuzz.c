/*
 * fuzz.c: drive the kernels of src/masking and src/ltv with arbitrary input, under sanitizers.
 *
 * Built two ways from one file. With -fsanitize=fuzzer, libFuzzer calls LLVMFuzzerTestOneInput. With
 * -DDM_STANDALONE, main makes so many inputs for each kernel, always the same ones: half are noise,
 * half are samples with a few bytes changed. Both stop at what a sanitizer finds and at what breaks
 * an invariant below. Before anything else, the digests are held against published vectors.
 *
 * A driver says whether its kernel was really run: what was too short for it does not count.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ltv/kernel.h"
#include "masking/kernel.h"
#include "masking/kernel_value.h"

#define CHECK(condition)                                                                           \
	do                                                                                             \
	{                                                                                              \
		if (!(condition))                                                                          \
		{                                                                                          \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition);                \
			abort();                                                                               \
		}                                                                                          \
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

static bool
drive_cut(const uint8_t *data, size_t size)
{
	static const DmChars kinds[3] = {
		{DM_CHARS_BYTES, NULL}, {DM_CHARS_UTF8, NULL}, {DM_CHARS_OTHER, two_bytes}};
	const DmChars *chars;
	int32_t prefix, suffix;
	size_t head, tail, length, at;
	int64_t counted;
	char *text;

	if (size < 9)
		return false;
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
	if (length > 0)
		CHECK(DmCharLength(chars, text, length) >= 1 &&
			  DmCharLength(chars, text, length) <= length);
	free(text);
	return true;
}

static bool
drive_email(const uint8_t *data, size_t size)
{
	DmChars chars = {DM_CHARS_UTF8, NULL};
	char *text = copy_of(data, size);
	size_t head, tail;

	if (DmEmailCut(&chars, text, size, &head, &tail))
	{
		CHECK(head <= 4 && head < tail && tail <= size);
		CHECK(memchr(text, '@', tail) != NULL && memchr(text, '@', head) == NULL);
		CHECK(tail == size || (text[tail] == '.' && size - tail > 2));
		for (size_t i = tail + 1; i < size; i++)
			CHECK((text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'z');
	}
	free(text);
	return true;
}

/* In pieces or at once: the same digest. */
static bool
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
	return true;
}

static bool
drive_keccak(const uint8_t *data, size_t size)
{
	uint8_t digest[DM_DIGEST_SIZE];
	char *text = copy_of(data, size);

	DmKeccak256(text, size, digest);
	free(text);
	return true;
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
static bool
drive_values(const uint8_t *data, size_t size)
{
	char *text;

	if (size > DM_VALUE_MAX)
		size = DM_VALUE_MAX;
	if (size == 0)
		return false;
	text = copy_of(data, size);
	for (int i = 0; i < dm_detector_count; i++)
		if (dm_detectors[i].fit != NULL)
		{
			DmFit fit = dm_detectors[i].fit(text, size);

			CHECK(fit >= DM_FIT_NONE && fit <= DM_FIT_CERTAIN);
		}
	free(text);
	return true;
}

static bool
drive_text(const uint8_t *data, size_t size)
{
	DmFindings findings = {0};
	char *text = copy_of(data, size);

	DmDetectText(text, size, &findings);
	check_findings(&findings);
	free(text);
	return true;
}

static bool
drive_json(const uint8_t *data, size_t size)
{
	DmFindings findings = {0};
	char *text = copy_of(data, size);

	DmDetectJson(text, size, &findings);
	check_findings(&findings);
	free(text);
	return true;
}

static bool
drive_name(const uint8_t *data, size_t size)
{
	char *text = copy_of(data, size);

	for (int i = 0; i < dm_detector_count; i++)
	{
		const char *word = DmDetectName(&dm_detectors[i], text, size);

		CHECK(word == NULL || strlen(word) <= 2 * size);
	}
	free(text);
	return true;
}

/*
 * Numbers from the bytes: often those at the ends of a type, where arithmetic breaks.
 */
typedef struct Bytes
{
	const uint8_t *data;
	size_t size;
} Bytes;

static bool
take(Bytes *from, void *to, size_t size)
{
	if (from->size < size)
		return false;
	memcpy(to, from->data, size);
	from->data += size;
	from->size -= size;
	return true;
}

static bool
take_int(Bytes *from, int64_t least, int64_t most, int64_t *to)
{
	uint8_t kind;
	int64_t value;

	if (!take(from, &kind, 1) || !take(from, &value, sizeof(value)))
		return false;
	switch (kind % 8)
	{
		case 0:
			*to = least + (kind >> 3) % 3;
			break;
		case 1:
			*to = most - (kind >> 3) % 3;
			break;
		case 2:
			*to = value % 1000;
			break;
		case 3:
			*to = value % ((int64_t) 1 << (kind >> 3));
			break;
		default:
			*to = value;
	}
	if (*to < least || *to > most)
		*to = (int64_t) ((uint64_t) least + (uint64_t) *to % ((uint64_t) most - (uint64_t) least));
	return *to >= least && *to <= most;
}

/* Valid UTF-8 of the bytes: malloc'd, of *length bytes and *count characters. */
static char *
utf8_of(const Bytes *from, size_t *length, size_t *count)
{
	char *text = malloc(2 * from->size + 4);
	char *to = text;

	*count = 0;
	for (size_t i = 0; i < from->size; i++, ++*count)
	{
		uint32_t code = from->data[i];

		if (code >= 0xF0)
			code = 0x10000 + (code & 15) * 0xFFFF + (i + 1 < from->size ? from->data[i + 1] : 0);
		else if (code >= 0xE0)
			code = 0x800 + (code & 15) * 0xCCC; /* none of it is a surrogate */
		if (code >= 0x10000)
		{
			/* so many bytes as two of the input have room for */
			*to++ = (char) (0xF0 | code >> 18);
			*to++ = (char) (0x80 | (code >> 12 & 63));
			*to++ = (char) (0x80 | (code >> 6 & 63));
			*to++ = (char) (0x80 | (code & 63));
			i++;
		}
		else if (code >= 0x800)
		{
			*to++ = (char) (0xE0 | code >> 12);
			*to++ = (char) (0x80 | (code >> 6 & 63));
			*to++ = (char) (0x80 | (code & 63));
			i++;
		}
		else if (code >= 0x80)
		{
			*to++ = (char) (0xC0 | code >> 6);
			*to++ = (char) (0x80 | (code & 63));
		}
		else
			*to++ = (char) code;
	}
	*length = (size_t) (to - text);
	text = realloc(text, *length + (*length == 0));
	return text;
}

/* Characters of valid UTF-8; -1 if it is not valid. By RFC 3629, and not by the kernel. */
static int64_t
valid_utf8(const char *text, size_t length)
{
	const uint8_t *at = (const uint8_t *) text;
	const uint8_t *end = at + length;
	int64_t count = 0;

	for (; at < end; count++)
	{
		int more = *at < 0x80                   ? 0
				   : *at >= 0xC2 && *at <= 0xDF ? 1
				   : (*at & 0xF0) == 0xE0       ? 2
				   : *at >= 0xF0 && *at <= 0xF4 ? 3
												: -1;

		if (more < 0 || end - at <= more)
			return -1;
		if ((*at == 0xE0 && at[1] < 0xA0) || (*at == 0xED && at[1] > 0x9F) ||
			(*at == 0xF0 && at[1] < 0x90) || (*at == 0xF4 && at[1] > 0x8F))
			return -1;
		for (at++; more > 0; more--, at++)
			if ((*at & 0xC0) != 0x80)
				return -1;
	}
	return count;
}

static char *
written(const DmPieces *pieces, const char *text, size_t length, const char *pad, size_t pad_length,
		size_t *size)
{
	char *to;

	CHECK(pieces->head <= pieces->tail && pieces->tail <= length);
	*size = DmMaskedSize(pieces, length, pad_length);
	CHECK(*size == pieces->head + pieces->pads * pad_length + length - pieces->tail);
	to = malloc(*size + (*size == 0));
	DmMaskedWrite(pieces, text, length, pad, pad_length, to);
	return to;
}

static const DmChars utf8 = {DM_CHARS_UTF8, NULL};
static const char *const pads[] = {"***", "*", "", "\342\200\246", "x\303\244", "\360\237\232\200"};
#define PADS ((int) (sizeof(pads) / sizeof(pads[0])))

/* The first and the last characters, and nothing of a value that has no more; a second time changes nothing. */
static bool
drive_partial(const uint8_t *data, size_t size)
{
	Bytes from = {data, size};
	int64_t prefix, suffix, count;
	size_t length, characters, masked_length, again_length;
	const char *pad;
	char *text, *masked, *again;
	DmPieces pieces;
	uint8_t choice;

	if (!take(&from, &choice, 1) || !take_int(&from, 0, INT32_MAX, &prefix) ||
		!take_int(&from, 0, INT32_MAX, &suffix))
		return false;
	if (choice & 128)
		prefix %= 8, suffix %= 8;
	pad = pads[choice % PADS];
	text = utf8_of(&from, &length, &characters);
	DmPartialPieces(&utf8, text, length, (int32_t) prefix, (int32_t) suffix, &pieces);
	masked = written(&pieces, text, length, pad, strlen(pad), &masked_length);
	count = valid_utf8(masked, masked_length);
	CHECK(valid_utf8(text, length) == (int64_t) characters);
	if ((int64_t) characters <= prefix + suffix)
		CHECK(masked_length == strlen(pad) && memcmp(masked, pad, masked_length) == 0);
	else
	{
		CHECK(count == prefix + suffix + valid_utf8(pad, strlen(pad)));
		CHECK(memcmp(masked, text, pieces.head) == 0 && valid_utf8(text, pieces.head) == prefix);
		CHECK(valid_utf8(text + pieces.tail, length - pieces.tail) == suffix);
		if (*pad != '\0')
		{
			DmPartialPieces(&utf8, masked, masked_length, (int32_t) prefix, (int32_t) suffix,
							&pieces);
			again = written(&pieces, masked, masked_length, pad, strlen(pad), &again_length);
			if (valid_utf8(pad, strlen(pad)) == 1)
				CHECK(again_length == masked_length && memcmp(again, masked, masked_length) == 0);
			free(again);
		}
	}
	free(masked);
	free(text);
	return true;
}

/* As many characters as before; the hidden ones are pads, the others as they were; again is the same. */
static bool
drive_ends(const uint8_t *data, size_t size)
{
	Bytes from = {data, size};
	size_t length, characters, hidden, masked_length, again_length;
	int64_t count;
	const char *pad;
	char *text, *masked, *again;
	DmPieces pieces, second;
	uint8_t choice;

	if (!take(&from, &choice, 1) || !take_int(&from, 1, INT32_MAX, &count))
		return false;
	pad = choice & 64 ? "*" : choice & 32 ? "\342\200\246" : "\360\237\232\200";
	text = utf8_of(&from, &length, &characters);
	hidden = (uint64_t) count < characters ? (size_t) count : characters;
	(choice & 1 ? DmFirstPieces : DmLastPieces)(&utf8, text, length, (int32_t) count, &pieces);
	CHECK(pieces.pads == hidden);
	masked = written(&pieces, text, length, pad, strlen(pad), &masked_length);
	CHECK(valid_utf8(masked, masked_length) == (int64_t) characters);
	CHECK(choice & 1 ? pieces.head == 0 : pieces.tail == length);
	(choice & 1 ? DmFirstPieces : DmLastPieces)(&utf8, masked, masked_length, (int32_t) count,
												&second);
	again = written(&second, masked, masked_length, pad, strlen(pad), &again_length);
	CHECK(again_length == masked_length && memcmp(again, masked, masked_length) == 0);
	CHECK(DmMaskedSize(&pieces, length, SIZE_MAX) == SIZE_MAX || pieces.pads == 0);
	free(again);
	free(masked);
	free(text);
	return true;
}

/* value lies between two neighbouring lines of the grid, and so does every other value of the cell. */
static bool
drive_grid(const uint8_t *data, size_t size)
{
	Bytes from = {data, size};
	int64_t least = INT64_MIN, most = INT64_MAX;
	int64_t value, step;
	DmGridCell cell, same;
	uint8_t choice;

	if (!take(&from, &choice, 1))
		return false;
	if (choice & 1)
		least = INT32_MIN, most = INT32_MAX;
	if (!take_int(&from, least, most, &value) || !take_int(&from, 1, most, &step))
		return false;
	DmGridInt(value, step, least, most, &cell);
	if (!cell.lower_open)
	{
		CHECK(cell.lower >= least && cell.lower <= value && cell.lower % step == 0);
		CHECK((uint64_t) value - (uint64_t) cell.lower < (uint64_t) step);
		DmGridInt(cell.lower, step, least, most, &same);
		CHECK(!same.lower_open && same.lower == cell.lower && same.upper_open == cell.upper_open &&
			  same.upper == cell.upper);
	}
	else
		CHECK(value < least + step && cell.lower == 0);
	if (!cell.upper_open)
	{
		CHECK(cell.upper <= most && cell.upper > value && cell.upper % step == 0);
		CHECK((uint64_t) cell.upper - (uint64_t) value <= (uint64_t) step);
		DmGridInt(cell.upper - 1, step, least, most, &same);
		CHECK(same.lower_open == cell.lower_open && same.lower == cell.lower &&
			  same.upper == cell.upper);
	}
	else
		CHECK(value > most - step && cell.upper == 0);
	return true;
}

static bool
take_ratio(Bytes *from, double *ratio)
{
	static const double ratios[] = {4.9406564584124654e-324, DBL_EPSILON, 0.001, 0.1, 0.5, 1.0};
	uint32_t bits;
	uint8_t choice;

	if (!take(from, &choice, 1) || !take(from, &bits, sizeof(bits)))
		return false;
	*ratio = choice % 8 < 6 ? ratios[choice % 8] : (bits + 1.0) / 4294967296.0;
	return true;
}

/* A digest whose bits the input chooses, all of them and none included. */
static bool
take_digest(Bytes *from, uint8_t digest[DM_DIGEST_SIZE])
{
	uint8_t choice;

	if (!take(from, &choice, 1))
		return false;
	memset(digest, choice & 1 ? 0xFF : 0, DM_DIGEST_SIZE);
	return choice % 8 < 2 || take(from, digest, 8);
}

/* Within the type and the span, and the same each time; what is not 0 has a span. */
static bool
drive_noise_int(const uint8_t *data, size_t size)
{
	Bytes from = {data, size};
	int64_t least = INT64_MIN, most = INT64_MAX;
	uint8_t digest[DM_DIGEST_SIZE], choice;
	int64_t value, result;
	uint64_t span, moved, magnitude;
	double ratio;

	if (!take(&from, &choice, 1))
		return false;
	if (choice % 4 == 1)
		least = INT32_MIN, most = INT32_MAX;
	else if (choice % 4 == 2)
		least = DM_FIRST_DAY, most = DM_END_DAY - 1;
	if (!take_int(&from, least, most, &value) || !take_ratio(&from, &ratio) ||
		!take_digest(&from, digest))
		return false;
	span = DmNoiseSpan(value, ratio);
	magnitude = value < 0 ? 0 - (uint64_t) value : (uint64_t) value;
	CHECK((span == 0) == (value == 0) && span <= INT64_MAX);
	CHECK(span <= magnitude + (magnitude >> 52) + 1);
	CHECK((double) span <= (double) magnitude * ratio + 1 + (double) magnitude * DBL_EPSILON);
	if (choice % 4 == 2)
		span = (uint64_t) value & INT32_MAX; /* days */
	else if (choice % 4 == 3)
		span = (uint64_t) value; /* whatever */
	result = DmNoiseWithin(value, span, digest, least, most);
	CHECK(result >= least && result <= most);
	moved = result > value ? (uint64_t) result - (uint64_t) value
						   : (uint64_t) value - (uint64_t) result;
	CHECK(moved <= span);
	CHECK(result == DmNoiseWithin(value, span, digest, least, most));
	return true;
}

static bool
drive_noise_float(const uint8_t *data, size_t size)
{
	Bytes from = {data, size};
	uint8_t digest[DM_DIGEST_SIZE];
	double value, ratio, unit, result;
	int64_t factor, shrunk;

	if (!take(&from, &value, sizeof(value)) || !take_ratio(&from, &ratio) ||
		!take_digest(&from, digest))
		return false;
	unit = DmNoiseUnit(digest);
	CHECK(unit >= -1 && unit < 1);
	result = DmNoiseFloat(value, ratio, unit);
	if (isnan(value))
		CHECK(isnan(result));
	else if (isinf(value))
		CHECK(result == value);
	else
	{
		CHECK(!isnan(result) && !isinf(result) && (result == 0 || (result > 0) == (value > 0)));
		/* halves: the bound of the largest double is none */
		CHECK(fabs(result / 2 - value / 2) <= fabs(value / 2) * ratio * (1 + 4 * DBL_EPSILON) +
												  fabs(value) * DBL_EPSILON + DBL_MIN);
	}
	factor = DmNoiseFactor(ratio, unit, false);
	shrunk = DmNoiseFactor(ratio, unit, true);
	CHECK(factor >= 0 && factor <= 2 * DM_NOISE_ONE && shrunk >= 0 && shrunk <= DM_NOISE_ONE);
	CHECK((double) llabs(factor - DM_NOISE_ONE) <= ratio * 1e15 + 1 &&
		  llabs(factor - DM_NOISE_ONE) == llabs(shrunk - DM_NOISE_ONE));
	return true;
}

/* Year, month and day of a day: R. G. van Flandern, by Julian day, for days of which that is positive. */
static void
civil(int64_t day, int64_t *year, int64_t *month, int64_t *of_month)
{
	int64_t l = day + 2451545 + 68569;
	int64_t n = 4 * l / 146097;
	int64_t i, j;

	l -= (146097 * n + 3) / 4;
	i = 4000 * (l + 1) / 1461001;
	l += 31 - 1461 * i / 4;
	j = 80 * l / 2447;
	*of_month = l - 2447 * j / 80;
	l = j / 11;
	*month = j + 2 - 12 * l;
	*year = 100 * (n - 49) + i + l;
}

/* That a day begins a period of this unit: by another road than the kernel's. */
static void
check_aligned(int64_t day, DmUnit unit)
{
	int64_t year, month, of_month;

	civil(day, &year, &month, &of_month);
	switch (unit)
	{
		case DM_UNIT_WEEK:
			CHECK((day + 2451545) % 7 == 0);
			return;
		case DM_UNIT_MILLENNIUM:
			CHECK((year - 1) % 1000 == 0 && month == 1);
			break;
		case DM_UNIT_CENTURY:
			CHECK((year - 1) % 100 == 0 && month == 1);
			break;
		case DM_UNIT_DECADE:
			CHECK(year % 10 == 0 && month == 1);
			break;
		case DM_UNIT_YEAR:
			CHECK(month == 1);
			break;
		case DM_UNIT_QUARTER:
			CHECK((month - 1) % 3 == 0);
			break;
		default:
			break;
	}
	CHECK(of_month == 1 || unit == DM_UNIT_DAY);
}

static bool
drive_period(const uint8_t *data, size_t size)
{
	static const int longest[] = {
		[DM_UNIT_DAY] = 1,         [DM_UNIT_WEEK] = 7,
		[DM_UNIT_MONTH] = 31,      [DM_UNIT_QUARTER] = 92,
		[DM_UNIT_YEAR] = 366,      [DM_UNIT_DECADE] = 3653,
		[DM_UNIT_CENTURY] = 36525, [DM_UNIT_MILLENNIUM] = 365250,
	};
	Bytes from = {data, size};
	DmPeriod period, same;
	int64_t day;
	uint8_t choice;
	DmUnit unit;

	if (!take(&from, &choice, 1) || !take_int(&from, DM_FIRST_DAY, DM_END_DAY - 1, &day))
		return false;
	unit = (DmUnit) (DM_UNIT_DAY + choice % (DM_UNIT_MILLENNIUM - DM_UNIT_DAY + 1));
	DmDatePeriod((int32_t) day, unit, &period);
	CHECK(period.first >= DM_FIRST_DAY && period.first <= day &&
		  day - period.first < longest[unit]);
	if (period.first > DM_FIRST_DAY)
		check_aligned(period.first, unit);
	DmDatePeriod(period.first, unit, &same);
	CHECK(same.first == period.first && same.next == period.next &&
		  same.open_end == period.open_end);
	if (period.open_end)
	{
		CHECK(day + longest[unit] >= DM_END_DAY);
		return true;
	}
	CHECK(period.next > day && period.next < DM_END_DAY &&
		  period.next - period.first <= longest[unit]);
	check_aligned(period.next, unit);
	DmDatePeriod(period.next - 1, unit, &same);
	CHECK(same.first == period.first && same.next == period.next);
	DmDatePeriod(period.next, unit, &same);
	CHECK(same.first == period.next);
	return true;
}

#define END_TIME INT64_C(9223371331200000000)

static bool
drive_trunc(const uint8_t *data, size_t size)
{
	Bytes from = {data, size};
	int64_t time, result;
	DmPeriod period;
	uint8_t choice;
	DmUnit unit;

	if (!take(&from, &choice, 1) || !take_int(&from, DM_FIRST_DAY * DM_DAY, END_TIME - 1, &time))
		return false;
	unit = (DmUnit) (DM_UNIT_MINUTE + choice % DM_UNIT_MILLENNIUM);
	CHECK(DmTimestampTrunc(INT64_MIN, unit) == INT64_MIN &&
		  DmTimestampTrunc(INT64_MAX, unit) == INT64_MAX);
	result = DmTimestampTrunc(time, unit);
	CHECK(result <= time && result >= DM_FIRST_DAY * DM_DAY);
	CHECK(DmTimestampTrunc(result, unit) == result);
	if (unit == DM_UNIT_MINUTE)
		CHECK(result % 60000000 == 0 && time - result < 60000000);
	else if (unit == DM_UNIT_HOUR)
		CHECK(result % 3600000000 == 0 && time - result < 3600000000);
	else
	{
		CHECK(result % DM_DAY == 0);
		DmDatePeriod((int32_t) (time / DM_DAY - (time % DM_DAY < 0)), unit, &period);
		CHECK(result / DM_DAY == period.first);
	}
	return true;
}

static bool
drive_unit(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"minute",  "hour", "day",    "week",    "month",
										"quarter", "year", "decade", "century", "millennium"};
	char *text = copy_of(data, size);
	DmUnit unit = DmUnitOf(text, size);
	char name[16];

	CHECK(unit >= DM_UNIT_NONE && unit <= DM_UNIT_MILLENNIUM);
	if (unit != DM_UNIT_NONE)
		CHECK(strlen(names[unit - 1]) == size);
	CHECK(DmUnitOf(text, 0) == DM_UNIT_NONE);
	free(text);
	if (size > 0)
	{
		strcpy(name, names[data[0] % 10]);
		if (size > 1)
			name[data[1] % strlen(name)] &= ~0x20;
		CHECK(DmUnitOf(name, strlen(name)) == (DmUnit) (1 + data[0] % 10));
		CHECK(DmUnitOf(name, strlen(name) - 1) == DM_UNIT_NONE);
	}
	return true;
}

/* Different digests of 120 bits have different names; a name has the letters of base 32 alone. */
static bool
drive_pseudonym(const uint8_t *data, size_t size)
{
	uint8_t digest[DM_DIGEST_SIZE] = {0}, uuid[DM_UUID_SIZE];
	char name[DM_PSEUDONYM_SIZE], other[DM_PSEUDONYM_SIZE];
	int bit;

	if (size == 0)
		return false;
	memcpy(digest, data, size < sizeof(digest) ? size : sizeof(digest));
	DmPseudonymText(digest, name);
	for (int i = 0; i < DM_PSEUDONYM_SIZE; i++)
		CHECK((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '2' && name[i] <= '7'));
	CHECK(DmPseudonymInt(digest) >= 0);
	DmPseudonymUuid(digest, uuid);
	CHECK(uuid[6] >> 4 == 8 && uuid[8] >> 6 == 2);
	bit = data[size - 1] % 120;
	digest[bit / 8] ^= (uint8_t) (1 << bit % 8);
	DmPseudonymText(digest, other);
	CHECK(memcmp(name, other, sizeof(name)) != 0);
	return true;
}

static __int128
units_of(const DmLtvSum *sum)
{
	return (__int128) sum->whole * DM_LTV_FRACTION + sum->fraction;
}

/* Half of the inputs are made numerics: digits of base 10000 behind a header of either form. */
static void
make_numeric(char *data, size_t size, uint8_t kind)
{
	for (size_t i = 0; i + 1 < size; i += 2)
	{
		uint16_t word;

		memcpy(&word, data + i, sizeof(word));
		if (i == 0)
			word = kind % 2 == 0 ? (word & 0x3fff) | 0x8000 : word & 0x7fff;
		else if (i == 2 && kind % 2 == 1)
			word = (uint16_t) ((int16_t) (word % 12) - 6);
		else
			word %= 10000;
		memcpy(data + i, &word, sizeof(word));
	}
}

/* What is small is what its digits say, to the last one. */
static bool
drive_amount(const uint8_t *data, size_t size)
{
	char *numeric;
	DmLtvAmount amount;
	bool made;

	if (size < 3)
		return false;
	made = data[0] & 2;
	numeric = copy_of(data + 1, size - 1);
	if (made)
		make_numeric(numeric, size - 1, data[0]);
	DmLtvDecode((unsigned char *) numeric, size - 1, &amount);
	CHECK(amount.kind >= DM_LTV_SMALL && amount.kind <= DM_LTV_BROKEN && amount.scale >= 0);
	if (made && amount.kind == DM_LTV_SMALL)
	{
		uint16_t header;
		int16_t weight;
		size_t at = data[0] % 2 == 0 ? 2 : 4;
		__int128 units = 0;

		memcpy(&header, numeric, sizeof(header));
		if (at == 4)
			memcpy(&weight, numeric + 2, sizeof(weight));
		else
			weight = (int16_t) ((header & 0x40) != 0 ? (header & 0x3f) - 64 : header & 0x3f);
		for (; at + 1 < size - 1; at += 2, weight--)
		{
			uint16_t digit;
			__int128 value;

			memcpy(&digit, numeric + at, sizeof(digit));
			value = digit;
			for (int i = -2; i < weight; i++)
				value *= 10000;
			units += value;
		}
		if (header & (data[0] % 2 == 0 ? 0x2000 : 0x4000))
			units = -units;
		CHECK(units_of(&amount.value) == units);
		CHECK(amount.value.fraction > -DM_LTV_FRACTION && amount.value.fraction < DM_LTV_FRACTION);
	}
	free(numeric);
	return true;
}

/* Nothing is rounded, and what would overflow leaves the sum as it was. */
static bool
drive_sum(const uint8_t *data, size_t size)
{
	DmLtvSum sum, value, before;
	bool whole = true; /* a number of units */
	int scale;
	int64_t units;
	__int128 all;

	if (size < 1 + sizeof(sum) + sizeof(value))
		return false;
	memcpy(&sum, data + 1, sizeof(sum));
	memcpy(&value, data + 1 + sizeof(sum), sizeof(value));
	if (data[0] & 64)
		sum.whole >>= 20, sum.fraction %= DM_LTV_FRACTION, value.whole >>= 20,
			value.fraction %= DM_LTV_FRACTION;
	before = sum;
	all = units_of(&sum);
	if (DmLtvSumAdd(&sum, &value))
		all += units_of(&value);
	else
		CHECK(memcmp(&sum, &before, sizeof(sum)) == 0);
	CHECK(units_of(&sum) == all);
	before = sum;
	if (!DmLtvSumNormalize(&sum))
	{
		CHECK(memcmp(&sum, &before, sizeof(sum)) == 0);
		return true;
	}
	CHECK(units_of(&sum) == all);
	CHECK(sum.fraction > -DM_LTV_FRACTION && sum.fraction < DM_LTV_FRACTION);
	CHECK(sum.whole == 0 || sum.fraction == 0 || (sum.whole < 0) == (sum.fraction < 0));
	scale = data[0] % 9;
	for (int i = scale; i < DM_LTV_FRACTION_DIGITS; i++, all /= 10)
		whole = whole && all % 10 == 0;
	if (DmLtvSumUnits(&sum, scale, &units))
		CHECK(whole && units == all);
	else
		CHECK(!whole || all < INT64_MIN || all > INT64_MAX);
	return true;
}

static const struct
{
	const char *name;
	bool (*drive)(const uint8_t *data, size_t size);
} kernels[] = {
	{"cut", drive_cut},
	{"email", drive_email},
	{"partial", drive_partial},
	{"ends", drive_ends},
	{"hmac", drive_hmac},
	{"keccak", drive_keccak},
	{"grid", drive_grid},
	{"noise_int", drive_noise_int},
	{"period", drive_period},
	{"noise_float", drive_noise_float},
	{"trunc", drive_trunc},
	{"unit", drive_unit},
	{"pseudonym", drive_pseudonym},
	{"values", drive_values},
	{"text", drive_text},
	{"json", drive_json},
	{"name", drive_name},
	{"amount", drive_amount},
	{"sum", drive_sum},
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
	expect_hmac(bytes, 20, "Hi There", 8,
				"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	expect_hmac("Jefe", 4, "what do ya want for nothing?", 28,
				"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(bytes, 0xaa, 20);
	memset(bytes + 20, 0xdd, 50);
	expect_hmac(bytes, 20, bytes + 20, 50,
				"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
	for (int i = 0; i < 25; i++)
		counting[i] = (uint8_t) (i + 1);
	memset(bytes, 0xcd, 50);
	expect_hmac(counting, 25, bytes, 50,
				"82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
	memset(bytes, 0xaa, 131);
	expect_hmac(bytes, 131, "Test Using Larger Than Block-Size Key - Hash Key First", 54,
				"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	expect_hmac(bytes, 131,
				"This is a test using a larger than block-size key and a larger than block-size "
				"data. The key "
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
	"ann@example.com",
	"jane.doe@mail.example.co.uk",
	"+49 30 901820",
	"192.0.2.1",
	"2001:db8::ffff:192.0.2.1",
	"00:00:5e:00:53:af",
	"postgres://u:p@db/x",
	"4111 1111 1111 1111",
	"DE89 3704 0044 0532 0130 00",
	"536-22-1234",
	"943 476 5919",
	"AB 12 34 56 C",
	"X1234567L",
	"86095742719",
	"44051401359",
	"9999 4105 7058",
	"2000-02-29",
	"Hauptstra\303\237e 5",
	"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
	"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
	"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
	"{\"contact\": {\"Email\": \"ann\\u0040example.com\", \"n\": [1, -2.5e3, \"\\\\\"]}}",
	"customerEMailAddress2",
	"\346\227\245\346\234\254\350\252\236\343\203\206\343\202\255\343\202\271\343\203\210",
	"caf\303\251 \360\237\232\200 \303",
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
		data[next_random() % size] =
			(uint8_t) (next_random() % 4 == 0
						   ? next_random() >> 13
						   : (uint8_t) "0123456789.-:@ Xa\""[next_random() % 18]);
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
		long driven = 0;

		while (driven < count)
			driven += kernels[kernel].drive(data, make_input(data, sizeof(data)));
		printf("%s: %ld inputs\n", kernels[kernel].name, driven);
	}
	return 0;
}

#endif
