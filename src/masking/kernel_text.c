/*-------------------------------------------------------------------------
 *
 * kernel_text.c
 *		Where texts are cut: in characters, never in bytes.
 *
 * All answers are offsets; whoever calls copies.  From the beginning only as many
 * characters are looked at as are shown; from the end too in UTF-8, whose
 * characters can be read backwards.  Other encodings have to be counted through.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "masking/kernel.h"

#define CONTINUES(byte) (((unsigned char) (byte) &0xC0) == 0x80)

size_t
DmCharLength(const DmChars *chars, const char *text, size_t left)
{
	unsigned char first = (unsigned char) text[0];
	size_t length = 1;

	if (left <= 1 || chars->kind == DM_CHARS_BYTES || first < 0x80)
		return 1;
	if (chars->kind == DM_CHARS_OTHER)
	{
		int answer = chars->length(text);

		length = answer < 1 ? 1 : (size_t) answer;
		return length < left ? length : left;
	}
	if (first >= 0xC0)
	{
		size_t most = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;

		while (length < most && length < left && CONTINUES(text[length]))
			length++;
	}
	return length;
}

size_t
DmCharSkip(const DmChars *chars, const char *text, size_t length, int64_t count, int64_t *counted)
{
	size_t at = 0;
	int64_t seen = 0;

	while (seen < count && at < length)
	{
		at += DmCharLength(chars, text + at, length - at);
		seen++;
	}
	if (counted != NULL)
		*counted = seen;
	return at;
}

size_t
DmCharCount(const DmChars *chars, const char *text, size_t length)
{
	int64_t count;

	DmCharSkip(chars, text, length, INT64_MAX, &count);
	return (size_t) count;
}

/* The character before "end": where it begins. */
static size_t
step_back(const char *text, size_t end)
{
	size_t at = end - 1;

	while (at > 0 && end - at < 4 && CONTINUES(text[at]))
		at--;
	/* What the bytes make read forwards must end here; if not, each stands for itself. */
	if (end - at > 1)
	{
		DmChars utf8 = {DM_CHARS_UTF8, NULL};

		if (DmCharLength(&utf8, text + at, end - at) != end - at)
			return end - 1;
	}
	return at;
}

size_t
DmCharTail(const DmChars *chars, const char *text, size_t length, int64_t count)
{
	size_t at = length;

	if (count <= 0)
		return length;
	if ((uint64_t) count >= length)
		return 0;
	if (chars->kind == DM_CHARS_BYTES)
		return length - (size_t) count;
	if (chars->kind == DM_CHARS_OTHER)
	{
		int64_t all = (int64_t) DmCharCount(chars, text, length);

		return all <= count ? 0 : DmCharSkip(chars, text, length, all - count, NULL);
	}
	while (at > 0 && count-- > 0)
		at = step_back(text, at);
	return at;
}

bool
DmPartialCut(const DmChars *chars, const char *text, size_t length, int32_t prefix, int32_t suffix,
			 size_t *head, size_t *tail)
{
	int64_t shown = (int64_t) prefix + suffix;

	/* A character has at least one byte. */
	if (prefix < 0 || suffix < 0 || (uint64_t) shown >= length)
		return false;
	*head = DmCharSkip(chars, text, length, prefix, NULL);
	*tail = DmCharTail(chars, text, length, suffix);
	return *tail > *head;
}

/*
 * Shown are the first character of the local part, if it has more than one, and the top level of
 * the host if it is made of letters.  False if this is no address: nothing is shown then.
 */
bool
DmEmailCut(const DmChars *chars, const char *text, size_t length, size_t *head, size_t *tail)
{
	size_t at = length;
	size_t dot;

	while (at > 0 && text[at - 1] != '@')
		at--;
	if (at <= 1 || at == length)
		return false;
	*head = DmCharLength(chars, text, at - 1);
	if (*head >= at - 1 || text[0] == '@')
		*head = 0;

	*tail = length;
	for (dot = length; dot > at && text[dot - 1] != '.'; dot--)
	{
		unsigned char c = (unsigned char) text[dot - 1] | 0x20;

		if (c < 'a' || c > 'z')
			return true;
	}
	if (dot > at + 1 && length - dot >= 2)
		*tail = dot - 1;
	return true;
}

void
DmPartialPieces(const DmChars *chars, const char *text, size_t length, int32_t prefix,
				int32_t suffix, DmPieces *pieces)
{
	pieces->pads = 1;
	if (!DmPartialCut(chars, text, length, prefix, suffix, &pieces->head, &pieces->tail))
		pieces->head = 0, pieces->tail = length;
}

void
DmFirstPieces(const DmChars *chars, const char *text, size_t length, int32_t count,
			  DmPieces *pieces)
{
	int64_t hidden;

	pieces->head = 0;
	pieces->tail = DmCharSkip(chars, text, length, count, &hidden);
	pieces->pads = (size_t) hidden;
}

void
DmLastPieces(const DmChars *chars, const char *text, size_t length, int32_t count, DmPieces *pieces)
{
	pieces->head = DmCharTail(chars, text, length, count);
	pieces->tail = length;
	pieces->pads = DmCharCount(chars, text + pieces->head, length - pieces->head);
}

size_t
DmMaskedSize(const DmPieces *pieces, size_t length, size_t pad_length)
{
	size_t shown = pieces->head + (length - pieces->tail);

	if (pad_length > 0 && pieces->pads > (SIZE_MAX - 1 - shown) / pad_length)
		return SIZE_MAX;
	return shown + pieces->pads * pad_length;
}

void
DmMaskedWrite(const DmPieces *pieces, const char *text, size_t length, const char *pad,
			  size_t pad_length, char *to)
{
	memcpy(to, text, pieces->head);
	to += pieces->head;
	if (pad_length == 1)
	{
		memset(to, *pad, pieces->pads);
		to += pieces->pads;
	}
	else
		for (size_t i = 0; i < pieces->pads; i++, to += pad_length)
			memcpy(to, pad, pad_length);
	memcpy(to, text + pieces->tail, length - pieces->tail);
}
