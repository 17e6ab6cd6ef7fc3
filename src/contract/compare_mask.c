/*-------------------------------------------------------------------------
 *
 * compare_mask.c
 *		The masks of two contracts: which of them shows more.
 *
 * A mask is stronger than another if whoever knows what the weaker one shows
 * could make what the stronger one shows of it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "contract/compare_access.h"
#include "contract/mask.h"

#define MAX_MASK_ARGUMENTS 4

/*
 * What is told of a mask, as text "partial(1, ***, 2)" or as an object
 * {"function": "partial", "prefix": 1, "pad": "***", "suffix": 2}.
 */
typedef struct Mask
{
	const DmMaskName *name; /* NULL: none that we know */
	int nshown;
	double shown[MAX_MASK_ARGUMENTS]; /* characters shown */
	char *rest;                       /* everything else, as text */
} Mask;

/* partial(1, ***, 2): numbers are characters shown, the rest is the rest. */
static void
read_mask_arguments(Mask *mask, char *list)
{
	StringInfoData rest;
	char *next;

	initStringInfo(&rest);
	for (char *part = strtok_r(list, ",", &next); part != NULL; part = strtok_r(NULL, ",", &next))
	{
		char *end;
		double number;

		while (isspace((unsigned char) *part))
			part++;
		for (end = part + strlen(part); end > part && isspace((unsigned char) end[-1]); end--)
			;
		*end = '\0';
		number = strtod(part, &end);
		if (end > part && *end == '\0' && mask->nshown < MAX_MASK_ARGUMENTS)
			mask->shown[mask->nshown++] = number;
		else
			appendStringInfo(&rest, "%s,", part);
	}
	mask->rest = rest.data;
}

static Mask
read_mask_text(char *text)
{
	Mask mask = {0};
	char *open = strchr(text, '(');
	char *close = strrchr(text, ')');

	mask.rest = pstrdup("");
	if (open != NULL && close != NULL && close > open && close[1] == '\0')
	{
		*open = '\0';
		*close = '\0';
		mask.name = DmMaskFind(text);
		read_mask_arguments(&mask, open + 1);
	}
	else
		mask.name = DmMaskFind(text);
	return mask;
}

/* prefix and suffix in this order, or n, as the text form has them. */
static void
read_shown(Mask *mask, DmDiffNode value)
{
	static const char *const keys[][MAX_MASK_ARGUMENTS] = {{"prefix", "n"}, {"suffix"}};

	for (int i = 0; i < lengthof(keys); i++)
	{
		for (int j = 0; j < MAX_MASK_ARGUMENTS && keys[i][j] != NULL; j++)
		{
			DmDiffNode shown = DmDiffNodeGet(value, keys[i][j]);

			if (shown == NULL || shown->type != jbvNumeric)
				continue;
			mask->shown[i] = strtod(DmDiffNodeText(shown), NULL);
			mask->nshown = i + 1;
		}
	}
}

static Mask
read_mask_object(DmDiffNode value)
{
	static const char *const name_keys[] = {"function", "mask", "name", "type", "method"};
	static const char *const shown_keys[] = {"prefix", "suffix", "n"};
	Mask mask = {0};
	StringInfoData rest;
	JsonbIterator *it = JsonbIteratorInit(value->val.binary.data);
	JsonbValue key;
	JsonbIteratorToken token;

	initStringInfo(&rest);
	for (int i = 0; i < lengthof(name_keys) && mask.name == NULL; i++)
	{
		char *name = DmDiffNodeText(DmDiffNodeGet(value, name_keys[i]));

		if (name != NULL)
			mask.name = DmMaskFind(name);
	}
	read_shown(&mask, value);
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		char *name;

		if (token != WJB_KEY)
			continue;
		name = DmDiffNodeText(&key);
		if (!DmDiffIsOneOf(name, name_keys, lengthof(name_keys)) &&
			!DmDiffIsOneOf(name, shown_keys, lengthof(shown_keys)) &&
			strcmp(name, "consumers") != 0)
			appendStringInfo(&rest, "%s=%s,", name, DmDiffNodeShow(DmDiffNodeGet(value, name)));
	}
	mask.rest = rest.data;
	return mask;
}

static Mask
read_mask(DmDiffNode value)
{
	char *text = DmDiffNodeText(value);

	if (text != NULL)
		return read_mask_text(text);
	if (DmDiffNodeIsObject(value))
		return read_mask_object(value);
	return (Mask){0};
}

/* Does the newer mask show more (looser) or less (tighter)? */
static DmDiffOrder
order_of_masks(const Mask *from, const Mask *to)
{
	bool more = false;
	bool less = false;

	if (from->name == NULL || to->name == NULL || strcmp(from->rest, to->rest) != 0)
		return DM_ORDER_UNKNOWN;
	if (from->name->strength != to->name->strength)
		return to->name->strength > from->name->strength ? DM_ORDER_TIGHTER : DM_ORDER_LOOSER;
	if (from->name != to->name || from->nshown != to->nshown)
		return DM_ORDER_UNKNOWN;
	for (int i = 0; i < from->nshown; i++)
	{
		more |= to->shown[i] > from->shown[i];
		less |= to->shown[i] < from->shown[i];
	}
	if (more && less)
		return DM_ORDER_UNKNOWN;
	return more ? DM_ORDER_LOOSER : less ? DM_ORDER_TIGHTER : DM_ORDER_SAME;
}

/*
 * Noise that is larger shows less; the number of generalize is the width of its ranges, that of first
 * and last how much is hidden.
 */
static DmDiffOrder
turn_around(const Mask *mask, DmDiffOrder order)
{
	DmMaskKind kind = mask->name != NULL ? mask->name->kind : DM_MASK_NONE;

	if (kind != DM_MASK_NOISE && kind != DM_MASK_GENERALIZE && kind != DM_MASK_FIRST &&
		kind != DM_MASK_LAST)
		return order;
	if (order == DM_ORDER_LOOSER)
		return DM_ORDER_TIGHTER;
	return order == DM_ORDER_TIGHTER ? DM_ORDER_LOOSER : order;
}

static DmDiffOrder
order_of_mask_values(DmDiffNode from_value, DmDiffNode to_value)
{
	Mask from = read_mask(from_value);
	Mask to = read_mask(to_value);
	DmDiffOrder order = order_of_masks(&from, &to);

	return from.name == to.name ? turn_around(&to, order) : order;
}

/* false and "none" mask nothing */
static DmDiffNode
mask_or_none(DmDiffNode value)
{
	char *word = DmDiffNodeWord(value);

	if (word != NULL && (strcmp(word, "none") == 0 || strcmp(word, "false") == 0))
		return NULL;
	return value;
}

/* One mask for another, both for the same readers; NULL is none. */
static void
compare_masks(DmCompare *c, DmDiffNode from, DmDiffNode to)
{
	if (from == NULL && to == NULL)
		return;
	if (from == NULL)
		DmDiffShowsLess(c, psprintf("mask added: %s", DmDiffNodeShow(to)));
	else if (to == NULL)
		DmDiffShowsMore(c, psprintf("mask removed, was %s", DmDiffNodeShow(from)));
	else
		switch (order_of_mask_values(from, to))
		{
			case DM_ORDER_SAME:
				break;
			case DM_ORDER_TIGHTER:
				DmDiffShowsLess(c, psprintf("mask strengthened from %s to %s", DmDiffNodeShow(from),
											DmDiffNodeShow(to)));
				break;
			case DM_ORDER_LOOSER:
				DmDiffShowsMore(c, psprintf("mask weakened from %s to %s", DmDiffNodeShow(from),
											DmDiffNodeShow(to)));
				break;
			case DM_ORDER_UNKNOWN:
				if (!DmDiffNodeEqual(from, to))
					DmDiffMaybeMore(c, DmDiffDescribe("mask", from, to));
				break;
		}
}

/* What personal data has where no mask is named. */
DmDiffNode
DmDiffRedacted(void)
{
	static const JsonbValue value = {.type = jbvString, .val.string = {6, "redact"}};

	return &value;
}

static DmDiffNode
masks_of_consumers(DmDiffNode mask)
{
	DmDiffNode consumers = DmDiffNodeGet(mask, "consumers");

	return DmDiffNodeIsObject(consumers) ? consumers : NULL;
}

/* What everyone reads who is not named. */
static DmDiffNode
mask_of_others(DmDiffNode mask)
{
	if (masks_of_consumers(mask) != NULL)
	{
		Mask read = read_mask(mask);
		char *name = DmDiffNodeText(DmDiffNodeGet(mask, "function"));

		if (read.name == NULL && name == NULL)
			return DmDiffRedacted();
		if (name != NULL && (strcmp(name, "none") == 0 || strcmp(name, "false") == 0))
			return NULL;
	}
	return mask_or_none(mask);
}

static DmDiffNode
mask_of_consumer(DmDiffNode mask, const char *consumer)
{
	DmDiffNode entry = DmDiffNodeGet(masks_of_consumers(mask), consumer);

	return entry != NULL ? mask_or_none(entry) : mask_of_others(mask);
}

/* The mask of a column: for everyone, and for each consumer who is named on either side. */
void
DmCompareMask(DmCompare *c, const DmDiffFieldChange *field)
{
	int before = list_length(c->changes);
	ListCell *cell;

	if (!DmDiffIsMapOrAbsent(DmDiffNodeGet(field->from, "consumers")) ||
		!DmDiffIsMapOrAbsent(DmDiffNodeGet(field->to, "consumers")))
	{
		DmDiffMaybeMore(c, DmDiffDescribe("mask", field->from, field->to));
		return;
	}
	compare_masks(c, mask_of_others(field->from), mask_of_others(field->to));
	foreach (cell, DmDiffKeysOf(masks_of_consumers(field->from), masks_of_consumers(field->to)))
	{
		int saved = DmDiffPushName(c, lfirst(cell));

		CHECK_FOR_INTERRUPTS();
		compare_masks(c, mask_of_consumer(field->from, lfirst(cell)),
					  mask_of_consumer(field->to, lfirst(cell)));
		DmDiffPop(c, saved);
	}
	if (list_length(c->changes) == before)
		DmDiffReport(c, DM_LEVEL_PATCH, DM_REASON_WRITTEN_DIFFERENTLY, "%s",
					 DmDiffDescribe("mask", field->from, field->to));
}

/* An object with one entry for each column or consumer: compare them one by one. */
static void
compare_entries(DmCompare *c, const DmDiffFieldChange *field, DmDiffFieldHandler compare)
{
	DmDiffNode sides[] = {field->from, field->to};

	for (int side = 0; side < 2; side++)
	{
		JsonbIterator *it;
		JsonbValue key;
		JsonbIteratorToken token;

		if (sides[side] == NULL)
			continue;
		it = JsonbIteratorInit(sides[side]->val.binary.data);
		while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
		{
			char *name;
			DmDiffFieldChange entry;
			int saved;

			if (token != WJB_KEY)
				continue;
			CHECK_FOR_INTERRUPTS();
			name = DmDiffNodeText(&key);
			entry = (DmDiffFieldChange){name, DmDiffNodeGet(field->from, name),
										DmDiffNodeGet(field->to, name), field->from, field->to};
			if (DmDiffNodeEqual(entry.from, entry.to) || (side == 1 && entry.from != NULL))
				continue;
			saved = DmDiffPushName(c, name);
			compare(c, &entry);
			DmDiffPop(c, saved);
		}
	}
}

/* The lesson's masking_rules: a mask for each of some columns. */
void
DmCompareMaskingRules(DmCompare *c, const DmDiffFieldChange *field)
{
	if (DmDiffIsMapOrAbsent(field->from) && DmDiffIsMapOrAbsent(field->to))
		compare_entries(c, field, DmCompareMask);
	else
		DmDiffMaybeMore(c, DmDiffDescribe("masking rules", field->from, field->to));
}
