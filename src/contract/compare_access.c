/*-------------------------------------------------------------------------
 *
 * compare_access.c
 *		Who may see what: roles, masks and row filters of two contracts, and the
 *		other customProperties that datamesh understands.
 *
 * Showing less is a break for readers; showing more is none, and so it needs
 * somebody's approval instead.  Where we cannot tell whether more is shown,
 * the change is held and needs the approval as well.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "contract/compare_parts.h"
#include "contract/mask.h"

#define REASON_SHOWS_MORE "readers see more than before: somebody has to agree"
#define REASON_SHOWS_LESS "readers lose what they could see"
#define REASON_MAYBE_MORE                                                                          \
	"it may show readers more or less than before: the publisher must state the level"

static void
report_shows_more(DmCompare *c, char *change)
{
	DmDiffReport(c, DM_LEVEL_MINOR, REASON_SHOWS_MORE, "%s", change)->needs_approval = true;
}

static void
report_shows_less(DmCompare *c, char *change)
{
	DmDiffReport(c, DM_LEVEL_MAJOR, REASON_SHOWS_LESS, "%s", change);
}

static void
report_maybe_more(DmCompare *c, char *change)
{
	DmDiffReport(c, DM_LEVEL_HELD, REASON_MAYBE_MORE, "%s", change)->needs_approval = true;
}

/* ---- roles ---- */

typedef enum Access
{
	ACCESS_UNKNOWN,
	ACCESS_REQUEST, /* none by itself: whoever has this role may ask */
	ACCESS_READ,
	ACCESS_WRITE,
} Access;

static Access
access_of(DmDiffNode role)
{
	char *word = DmDiffNodeWord(DmDiffNodeGet(role, "access"));

	if (word == NULL || strcmp(word, "read") == 0 || strcmp(word, "r") == 0)
		return ACCESS_READ;
	if (strcmp(word, "request") == 0)
		return ACCESS_REQUEST;
	if (strstr(word, "write") != NULL || strcmp(word, "w") == 0 || strcmp(word, "rw") == 0)
		return ACCESS_WRITE;
	return ACCESS_UNKNOWN;
}

bool
DmDiffHasWriter(DmDiffNode roles)
{
	JsonbIterator *it;
	JsonbValue item;
	JsonbIteratorToken token;

	if (!DmDiffNodeIsArray(roles))
		return false;
	it = JsonbIteratorInit(roles->val.binary.data);
	while ((token = JsonbIteratorNext(&it, &item, true)) != WJB_DONE)
	{
		if (token == WJB_ELEM && access_of(&item) == ACCESS_WRITE)
			return true;
	}
	return false;
}

static void
compare_access(DmCompare *c, const DmDiffFieldChange *field)
{
	Access from = access_of(field->from_object);
	Access to = access_of(field->to_object);
	char *change = DmDiffDescribe("access", field->from, field->to);

	if (from == ACCESS_UNKNOWN || to == ACCESS_UNKNOWN)
		report_maybe_more(c, change);
	else if (from == to)
		DmDiffReport(c, DM_LEVEL_PATCH, DM_REASON_WRITTEN_DIFFERENTLY, "%s", change);
	else if (from < to)
		report_shows_more(c, change);
	else
		DmDiffReport(c, DM_LEVEL_MAJOR, "a role loses access that it had", "%s", change);
}

static const DmDiffField role_fields[] = {
	{"id", DmDiffFieldPatch},          {"role", DmDiffFieldIgnored}, /* roles are found by it */
	{"access", compare_access},        {"customProperties", DmCompareCustom},
	{"description", DmDiffFieldPatch},
};

static int
push_role(DmCompare *c, DmDiffNode item, int index)
{
	char *name = DmDiffNodeText(DmDiffNodeGet(item, "role"));

	return name != NULL ? DmDiffPushName(c, name) : DmDiffPushIndex(c, index);
}

static char *
key_role_and_access(DmCompare *c, DmDiffNode item, bool is_from, void *unused)
{
	char *role = DmDiffNodeText(DmDiffNodeGet(item, "role"));

	return role == NULL ? NULL : psprintf("%s %d", role, (int) access_of(item));
}

static void
report_role(DmCompare *c, DmDiffNode item, bool granted)
{
	DmDiffNode role = DmDiffNodeGet(item, "role");

	if (role == NULL)
		report_maybe_more(c, psprintf("role without a name %s: %s", granted ? "added" : "removed",
									  DmDiffNodeShow(item)));
	else if (access_of(item) == ACCESS_REQUEST)
		DmDiffReport(c, DM_LEVEL_PATCH, "it may ask, and reads nothing more or less by that",
					 "role %s %s", DmDiffNodeShow(role), granted ? "added" : "removed");
	else if (granted)
		report_shows_more(c, psprintf("role %s granted", DmDiffNodeShow(role)));
	else
		report_shows_less(c, psprintf("role %s revoked", DmDiffNodeShow(role)));
}

void
DmCompareRoles(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffPairing *roles = DmDiffPairingCreate(c, field->from, field->to);

	if (roles == NULL)
		return;
	DmDiffPairBy(c, roles, key_role_and_access, NULL);
	DmDiffPairBy(c, roles, DmDiffKeyText, "role");
	for (int i = 0; i < roles->nfrom; i++)
	{
		int partner = roles->to_of[i];
		int saved = push_role(c, &roles->from[i], partner >= 0 ? partner : i);

		CHECK_FOR_INTERRUPTS();
		if (partner < 0)
			report_role(c, &roles->from[i], false);
		else if (!DmDiffNodeEqual(&roles->from[i], &roles->to[partner]))
			DmCompareFields(c, &roles->from[i], &roles->to[partner], role_fields,
							lengthof(role_fields));
		DmDiffPop(c, saved);
	}
	for (int i = 0; i < roles->nto; i++)
	{
		int saved = push_role(c, &roles->to[i], i);

		if (roles->from_of[i] < 0)
			report_role(c, &roles->to[i], true);
		DmDiffPop(c, saved);
	}
}

/* ---- masks ---- */

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

static bool
is_one_of(const char *name, const char *const *names, int nnames)
{
	for (int i = 0; i < nnames; i++)
	{
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
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
		if (!is_one_of(name, name_keys, lengthof(name_keys)) &&
			!is_one_of(name, shown_keys, lengthof(shown_keys)) && strcmp(name, "consumers") != 0)
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
		report_shows_less(c, psprintf("mask added: %s", DmDiffNodeShow(to)));
	else if (to == NULL)
		report_shows_more(c, psprintf("mask removed, was %s", DmDiffNodeShow(from)));
	else
		switch (order_of_mask_values(from, to))
		{
			case DM_ORDER_SAME:
				break;
			case DM_ORDER_TIGHTER:
				report_shows_less(c, psprintf("mask strengthened from %s to %s",
											  DmDiffNodeShow(from), DmDiffNodeShow(to)));
				break;
			case DM_ORDER_LOOSER:
				report_shows_more(c, psprintf("mask weakened from %s to %s", DmDiffNodeShow(from),
											  DmDiffNodeShow(to)));
				break;
			case DM_ORDER_UNKNOWN:
				if (!DmDiffNodeEqual(from, to))
					report_maybe_more(c, DmDiffDescribe("mask", from, to));
				break;
		}
}

static bool
is_map_or_absent(DmDiffNode node)
{
	return node == NULL || DmDiffNodeIsObject(node);
}

/* What personal data has where no mask is named. */
static DmDiffNode
redacted(void)
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
			return redacted();
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

/* The keys of one object or two, each once. */
static List *
keys_of(DmDiffNode a, DmDiffNode b)
{
	DmDiffNode sides[] = {a, b};
	List *keys = NIL;

	for (int side = 0; side < 2; side++)
	{
		JsonbIterator *it;
		JsonbValue key;
		JsonbIteratorToken token;

		if (!DmDiffNodeIsObject(sides[side]))
			continue;
		it = JsonbIteratorInit(sides[side]->val.binary.data);
		while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
			if (token == WJB_KEY && (side == 0 || DmDiffNodeGet(a, DmDiffNodeText(&key)) == NULL))
				keys = lappend(keys, DmDiffNodeText(&key));
	}
	return keys;
}

/* The mask of a column: for everyone, and for each consumer who is named on either side. */
static void
compare_mask(DmCompare *c, const DmDiffFieldChange *field)
{
	int before = list_length(c->changes);
	ListCell *cell;

	if (!is_map_or_absent(DmDiffNodeGet(field->from, "consumers")) ||
		!is_map_or_absent(DmDiffNodeGet(field->to, "consumers")))
	{
		report_maybe_more(c, DmDiffDescribe("mask", field->from, field->to));
		return;
	}
	compare_masks(c, mask_of_others(field->from), mask_of_others(field->to));
	foreach (cell, keys_of(masks_of_consumers(field->from), masks_of_consumers(field->to)))
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
static void
compare_masking_rules(DmCompare *c, const DmDiffFieldChange *field)
{
	if (is_map_or_absent(field->from) && is_map_or_absent(field->to))
		compare_entries(c, field, compare_mask);
	else
		report_maybe_more(c, DmDiffDescribe("masking rules", field->from, field->to));
}

/* ---- personal data ---- */

static bool lists_name(DmDiffNode value, const char *name);

static DmDiffNode
custom_value(DmDiffNode item, const char *name)
{
	DmDiffNode custom = DmDiffNodeGet(item, "customProperties");
	JsonbIterator *it;
	JsonbValue entry;
	JsonbIteratorToken token;

	if (!DmDiffNodeIsArray(custom))
		return NULL;
	it = JsonbIteratorInit(custom->val.binary.data);
	while ((token = JsonbIteratorNext(&it, &entry, true)) != WJB_DONE)
	{
		char *property =
			token == WJB_ELEM ? DmDiffNodeText(DmDiffNodeGet(&entry, "property")) : NULL;

		if (property != NULL && strcmp(property, name) == 0)
			return DmDiffNodeGet(&entry, "value");
	}
	return NULL;
}

/* Do the masking rules of the contract, or of an object, name the column? */
static bool
rules_name(DmDiffNode level, const char *column)
{
	return DmDiffNodeGet(custom_value(level, "datamesh.masking_rules"), column) != NULL ||
		   DmDiffNodeGet(custom_value(level, "masking_rules"), column) != NULL ||
		   DmDiffNodeGet(DmDiffNodeGet(custom_value(level, "access_policy"), "masking_rules"),
						 column) != NULL;
}

static DmDiffNode
first_object(DmDiffNode document)
{
	DmDiffNode schema = DmDiffNodeGet(document, "schema");

	return DmDiffNodeIsArray(schema) ? getIthJsonbValueFromContainer(schema->val.binary.data, 0)
									 : NULL;
}

static bool
document_names_mask(DmDiffNode document, DmDiffNode property, const char *column)
{
	return custom_value(property, "datamesh.mask") != NULL || rules_name(document, column) ||
		   rules_name(first_object(document), column);
}

/* The property of a name in the first object of a document. */
static DmDiffNode
find_property(DmDiffNode document, const char *column)
{
	DmDiffNode properties = DmDiffNodeGet(first_object(document), "properties");
	JsonbIterator *it;
	JsonbValue *found;
	JsonbIteratorToken token;

	if (!DmDiffNodeIsArray(properties))
		return NULL;
	found = palloc(sizeof(JsonbValue));
	it = JsonbIteratorInit(properties->val.binary.data);
	while ((token = JsonbIteratorNext(&it, found, true)) != WJB_DONE)
	{
		char *name = token == WJB_ELEM ? DmDiffNodeText(DmDiffNodeGet(found, "name")) : NULL;

		if (name != NULL && strcmp(name, column) == 0)
			return found;
	}
	return NULL;
}

/*
 * A column that is declared personal is redacted, and one that no longer is, is not: unless a mask is
 * named for it, which then decides alone.
 */
static void
report_personal(DmCompare *c, const char *column, bool added, char *change)
{
	DmDiffNode document = added ? c->to_document : c->from_document;

	if (document_names_mask(document, find_property(document, column), column))
		DmDiffReport(c, DM_LEVEL_PATCH, "its mask is named and stays what it is", "%s", change);
	else if (added)
		report_shows_less(c, psprintf("%s: it is redacted", change));
	else
		report_shows_more(c, psprintf("%s: it was redacted", change));
}

static bool
is_personal(DmDiffNode classification)
{
	char *word = DmDiffNodeWord(classification);

	return word != NULL && strcmp(word, "pii") == 0;
}

/* Policies may take other classifications for personal data too: what those mean is held. */
void
DmCompareClassification(DmCompare *c, const DmDiffFieldChange *field)
{
	char *name = DmDiffNodeText(DmDiffNodeGet(field->to_object, "name"));
	char *change = DmDiffDescribe("classification", field->from, field->to);

	if (name != NULL && is_personal(field->from) != is_personal(field->to))
		report_personal(c, name, is_personal(field->to), change);
	else if (is_personal(field->from) && is_personal(field->to))
		DmDiffReport(c, DM_LEVEL_PATCH, DM_REASON_WRITTEN_DIFFERENTLY, "%s", change);
	else
		DmDiffFieldHeld(c, field);
}

static bool
lists_personal(DmDiffNode level, const char *column)
{
	return lists_name(custom_value(level, "datamesh.pii_columns"), column) ||
		   lists_name(custom_value(level, "pii_columns"), column) ||
		   lists_name(DmDiffNodeGet(custom_value(level, "access_policy"), "pii_columns"), column);
}

/* What readers get of a property for which no mask is named: NULL for the value. */
static DmDiffNode
mask_unnamed(DmDiffNode document, DmDiffNode property)
{
	char *name = DmDiffNodeText(DmDiffNodeGet(property, "name"));

	if (is_personal(DmDiffNodeGet(property, "classification")) ||
		(name != NULL &&
		 (lists_personal(document, name) || lists_personal(first_object(document), name))))
		return redacted();
	return NULL;
}

/* datamesh.mask of a property.  One that comes or goes stands against the redaction of personal data. */
static void
compare_property_mask(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffFieldChange change = *field;

	if (change.from == NULL)
		change.from = mask_unnamed(c->from_document, c->from_property);
	if (change.to == NULL)
		change.to = mask_unnamed(c->to_document, c->to_property);
	compare_mask(c, &change);
}

static void
compare_personal_columns(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffNode sides[] = {field->from, field->to};
	int before = list_length(c->changes);

	for (int side = 0; side < 2; side++)
	{
		JsonbIterator *it;
		JsonbValue item;
		JsonbIteratorToken token;

		if (!DmDiffNodeIsArray(sides[side]))
			continue;
		it = JsonbIteratorInit(sides[side]->val.binary.data);
		while ((token = JsonbIteratorNext(&it, &item, true)) != WJB_DONE)
		{
			char *name = token == WJB_ELEM ? DmDiffNodeText(&item) : NULL;

			CHECK_FOR_INTERRUPTS();
			if (name != NULL && !lists_name(sides[1 - side], name))
				report_personal(
					c, name, side == 1,
					psprintf("personal column \"%s\" %s", name, side == 1 ? "added" : "removed"));
		}
	}
	if (list_length(c->changes) == before)
		DmDiffReport(c, DM_LEVEL_PATCH, DM_REASON_WRITTEN_DIFFERENTLY, "%s",
					 DmDiffDescribe("list of personal columns", field->from, field->to));
}

/* The lesson's access_policy has both. */
static void
compare_access_policy(DmCompare *c, const DmDiffFieldChange *field)
{
	ListCell *cell;

	if (!is_map_or_absent(field->from) || !is_map_or_absent(field->to))
	{
		DmDiffFieldHeld(c, field);
		return;
	}
	foreach (cell, keys_of(field->from, field->to))
	{
		DmDiffFieldChange part = {lfirst(cell), DmDiffNodeGet(field->from, lfirst(cell)),
								  DmDiffNodeGet(field->to, lfirst(cell)), field->from, field->to};
		int saved = DmDiffPushKey(c, lfirst(cell));

		if (DmDiffNodeEqual(part.from, part.to))
			;
		else if (strcmp(part.name, "masking_rules") == 0)
			compare_masking_rules(c, &part);
		else if (strcmp(part.name, "pii_columns") == 0)
			compare_personal_columns(c, &part);
		else
			DmDiffFieldHeld(c, &part);
		DmDiffPop(c, saved);
	}
}

/* How many rows must look alike: fewer show more of each. */
static void
compare_anonymity(DmCompare *c, const DmDiffFieldChange *field)
{
	char *from = DmDiffNodeText(DmDiffNodeGet(field->from, "k"));
	char *to = DmDiffNodeText(DmDiffNodeGet(field->to, "k"));
	char *change = DmDiffDescribe("smallest group", field->from, field->to);

	if (field->from != NULL && field->to != NULL &&
		(from == NULL || to == NULL ||
		 !DmDiffNodeEqual(DmDiffNodeGet(field->from, "columns"),
						  DmDiffNodeGet(field->to, "columns"))))
		report_maybe_more(c, change);
	else if (field->to == NULL || (field->from != NULL && strtod(to, NULL) < strtod(from, NULL)))
		report_shows_more(c, change);
	else
		DmDiffReport(c, DM_LEVEL_MINOR, "a release must keep more; readers lose nothing", "%s",
					 change);
}

/* ---- stewards ---- */

/* The member of a team, in either of its forms, who is a steward of this name; any if name is NULL. */
static bool
has_steward(DmDiffNode team, const char *name, List **names)
{
	DmDiffNode members = DmDiffNodeIsArray(team) ? team : DmDiffNodeGet(team, "members");
	JsonbIterator *it;
	JsonbValue member;
	JsonbIteratorToken token;

	if (!DmDiffNodeIsArray(members))
		return false;
	it = JsonbIteratorInit(members->val.binary.data);
	while ((token = JsonbIteratorNext(&it, &member, true)) != WJB_DONE)
	{
		char *role = token == WJB_ELEM ? DmDiffNodeWord(DmDiffNodeGet(&member, "role")) : NULL;
		char *user = token == WJB_ELEM ? DmDiffNodeText(DmDiffNodeGet(&member, "username")) : NULL;

		if (role == NULL || user == NULL || strstr(role, "steward") == NULL ||
			DmDiffNodeGet(&member, "dateOut") != NULL)
			continue;
		if (names != NULL)
			*names = lappend(*names, user);
		else if (strcmp(user, name) == 0)
			return true;
	}
	return false;
}

/* Who is in a team is for people to know; but a steward reads raw. */
void
DmCompareTeam(DmCompare *c, const DmDiffFieldChange *field)
{
	List *stewards = NIL;
	int before = list_length(c->changes);
	ListCell *cell;

	(void) has_steward(field->to, NULL, &stewards);
	foreach (cell, stewards)
		if (!has_steward(field->from, lfirst(cell), NULL))
			report_shows_more(
				c, psprintf("steward \"%s\" added: a steward reads raw", (char *) lfirst(cell)));
	if (list_length(c->changes) == before)
		DmDiffFieldPatch(c, field);
}

/* ---- row filters ---- */

/*
 * A filter taken apart at the ANDs (or ORs) of its outermost level, as a sorted list of texts.
 */
typedef struct Terms
{
	int n;
	char **items;
} Terms;

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static bool
is_word_char(char ch)
{
	return isalnum((unsigned char) ch) || ch == '_' || IS_HIGHBIT_SET(ch);
}

static bool
word_at(const char *text, const char *start, const char *word)
{
	int length = strlen(word);

	return (start == text || !is_word_char(start[-1])) &&
		   pg_strncasecmp(start, word, length) == 0 && !is_word_char(start[length]);
}

static void
add_term(Terms *terms, const char *start, const char *end)
{
	char *term;

	while (start < end && isspace((unsigned char) *start))
		start++;
	while (end > start && isspace((unsigned char) end[-1]))
		end--;
	term = pnstrdup(start, end - start);
	terms->items = terms->n == 0 ? palloc(sizeof(char *))
								 : repalloc(terms->items, (terms->n + 1) * sizeof(char *));
	terms->items[terms->n++] = term;
}

static bool
is_too_clever(const char *text)
{
	return strstr(text, "--") != NULL || strstr(text, "/*") != NULL || strpbrk(text, "$\\") != NULL;
}

/*
 * Split at "word"; false for filters that are not that simple: comments, quotes of an unusual
 * kind, "other" at the same level, BETWEEN and CASE that have ANDs of their own.
 */
static bool
split_terms(const char *text, const char *word, const char *other, Terms *terms)
{
	const char *start = text;
	int depth = 0;

	memset(terms, 0, sizeof(Terms));
	if (is_too_clever(text))
		return false;
	for (const char *p = text; *p != '\0'; p++)
	{
		if (*p == '\'' || *p == '"')
		{
			p = strchr(p + 1, *p);
			if (p == NULL)
				return false;
		}
		else if (*p == '(')
			depth++;
		else if (*p == ')' && --depth < 0)
			return false;
		else if (depth > 0)
			continue;
		else if (word_at(text, p, other) || word_at(text, p, "between") || word_at(text, p, "case"))
			return false;
		else if (word_at(text, p, word))
		{
			add_term(terms, start, p);
			start = p + strlen(word);
			p = start - 1;
		}
	}
	add_term(terms, start, text + strlen(text));
	qsort(terms->items, terms->n, sizeof(char *), compare_texts);
	return depth == 0;
}

/* Is every term of a among those of b? */
static bool
terms_within(const Terms *a, const Terms *b)
{
	for (int i = 0; i < a->n; i++)
	{
		if (bsearch(&a->items[i], b->items, b->n, sizeof(char *), compare_texts) == NULL)
			return false;
	}
	return true;
}

/* More ANDs let fewer rows through, more ORs let more through. */
static DmDiffOrder
order_by_terms(const char *from, const char *to, const char *word, const char *other,
			   DmDiffOrder if_more)
{
	Terms from_terms;
	Terms to_terms;
	bool more;
	bool fewer;

	if (!split_terms(from, word, other, &from_terms) || !split_terms(to, word, other, &to_terms))
		return DM_ORDER_UNKNOWN;
	more = terms_within(&from_terms, &to_terms);
	fewer = terms_within(&to_terms, &from_terms);
	if (more && fewer)
		return DM_ORDER_SAME;
	if (!more && !fewer)
		return DM_ORDER_UNKNOWN;
	if (more)
		return if_more;
	return if_more == DM_ORDER_TIGHTER ? DM_ORDER_LOOSER : DM_ORDER_TIGHTER;
}

static DmDiffOrder
order_of_filters(const char *from, const char *to)
{
	DmDiffOrder order;

	if (from == NULL || to == NULL)
		return DM_ORDER_UNKNOWN;
	order = order_by_terms(from, to, "and", "or", DM_ORDER_TIGHTER);
	if (order == DM_ORDER_UNKNOWN)
		order = order_by_terms(from, to, "or", "and", DM_ORDER_LOOSER);
	return order;
}

/* "" and true filter nothing; false is a filter that lets no row through. */
static DmDiffNode
filter_or_none(DmDiffNode value)
{
	char *text = DmDiffNodeText(value);

	if (text != NULL &&
		(strspn(text, " \t\r\n") == strlen(text) || pg_strcasecmp(text, "true") == 0))
		return NULL;
	return value;
}

static bool
is_no_row(DmDiffNode filter)
{
	char *text = DmDiffNodeText(filter);

	return text != NULL && pg_strcasecmp(text, "false") == 0;
}

static DmDiffOrder
order_of_row_filters(DmDiffNode from, DmDiffNode to)
{
	if ((from == NULL && to == NULL) || (is_no_row(from) && is_no_row(to)))
		return DM_ORDER_SAME;
	if (from == NULL || is_no_row(to))
		return DM_ORDER_TIGHTER;
	if (to == NULL || is_no_row(from))
		return DM_ORDER_LOOSER;
	return order_of_filters(DmDiffNodeText(from), DmDiffNodeText(to));
}

/* One condition for another, both for the same readers. */
static void
compare_filters(DmCompare *c, DmDiffNode from, DmDiffNode to)
{
	char *change;

	from = filter_or_none(from);
	to = filter_or_none(to);
	change = DmDiffDescribe("row filter", from, to);
	switch (order_of_row_filters(from, to))
	{
		case DM_ORDER_SAME:
			break;
		case DM_ORDER_TIGHTER:
			report_shows_less(c, change);
			break;
		case DM_ORDER_LOOSER:
			report_shows_more(c, change);
			break;
		case DM_ORDER_UNKNOWN:
			if (!DmDiffNodeEqual(from, to))
				report_maybe_more(c, change);
			break;
	}
}

/* The condition of a consumer, NULL for everyone who is not named: without a default, no row. */
static DmDiffNode
filter_of(DmDiffNode value, const char *consumer)
{
	static const JsonbValue no_row = {.type = jbvBool, .val.boolean = false};
	DmDiffNode entry;

	if (!DmDiffNodeIsObject(value))
		return value;
	entry = consumer != NULL ? DmDiffNodeGet(value, consumer) : NULL;
	if (entry == NULL)
		entry = DmDiffNodeGet(value, "default");
	return entry != NULL ? entry : &no_row;
}

/* One filter for all, or an object of filters by consumer. */
static void
compare_row_filter(DmCompare *c, const DmDiffFieldChange *field)
{
	int before = list_length(c->changes);
	ListCell *cell;

	compare_filters(c, filter_of(field->from, NULL), filter_of(field->to, NULL));
	foreach (cell, keys_of(field->from, field->to))
	{
		int saved;

		CHECK_FOR_INTERRUPTS();
		if (strcmp(lfirst(cell), "default") == 0)
			continue;
		saved = DmDiffPushName(c, lfirst(cell));
		compare_filters(c, filter_of(field->from, lfirst(cell)),
						filter_of(field->to, lfirst(cell)));
		DmDiffPop(c, saved);
	}
	if (list_length(c->changes) == before)
		DmDiffReport(c, DM_LEVEL_PATCH, DM_REASON_WRITTEN_DIFFERENTLY, "%s",
					 DmDiffDescribe("row filter", field->from, field->to));
}

/* The columns that a role may read. */
static void
compare_column_list(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffSetChange change;

	if (field->from == NULL && DmDiffNodeIsArray(field->to))
		report_shows_less(c, DmDiffDescribe("list of columns", field->from, field->to));
	else if (field->to == NULL && DmDiffNodeIsArray(field->from))
		report_shows_more(c, DmDiffDescribe("list of columns", field->from, field->to));
	else if (!DmDiffNodeIsArray(field->from) || !DmDiffNodeIsArray(field->to))
		report_maybe_more(c, DmDiffDescribe("list of columns", field->from, field->to));
	else
	{
		change = DmDiffSets(c, field->from, field->to, DmDiffKeyColumn);
		if (change.nadded > 0)
			report_shows_more(c, psprintf("column opened: %s", change.added));
		if (change.nremoved > 0)
			report_shows_less(c, psprintf("column closed: %s", change.removed));
		if (change.nadded == 0 && change.nremoved == 0)
			DmDiffReport(c, DM_LEVEL_PATCH, DM_REASON_WRITTEN_DIFFERENTLY, "%s",
						 DmDiffDescribe("list of columns", field->from, field->to));
	}
}

/* ---- how the product is kept ---- */

static bool
is_live(DmDiffNode mode)
{
	char *word = DmDiffNodeWord(mode);

	return word != NULL && strcmp(word, "live") == 0;
}

static bool
is_snapshot(DmDiffNode mode)
{
	char *word = DmDiffNodeWord(mode);

	return mode == NULL || (word != NULL && strcmp(word, "snapshot") == 0);
}

static void
compare_mode(DmCompare *c, const DmDiffFieldChange *field)
{
	if (is_snapshot(field->from) && is_live(field->to))
		DmDiffReport(c, DM_LEVEL_MAJOR,
					 "readers see rows that passed no gate, and no longer one state of them",
					 "mode changed from snapshot to live");
	else if (is_snapshot(field->from) && is_snapshot(field->to))
		DmDiffReport(c, DM_LEVEL_PATCH, DM_REASON_WRITTEN_DIFFERENTLY, "%s",
					 DmDiffDescribe("mode", field->from, field->to));
	else
		DmDiffFieldHeld(c, field);
}

/* Not said is on. */
static bool
is_enforced(DmDiffNode value)
{
	static const char *const off[] = {"false",    "off",  "no",      "none",  "0",
									  "disabled", "warn", "warning", "notice"};
	char *word = DmDiffNodeWord(value);

	return word == NULL || !is_one_of(word, off, lengthof(off));
}

static void
compare_enforcement(DmCompare *c, const DmDiffFieldChange *field)
{
	bool from = is_enforced(field->from);
	bool to = is_enforced(field->to);

	if (from && !to)
		DmDiffReport(c, DM_LEVEL_MAJOR, "readers may meet data that was refused before",
					 "enforcement turned off");
	else if (from == to)
		DmDiffReport(c, DM_LEVEL_PATCH, DM_REASON_WRITTEN_DIFFERENTLY, "%s",
					 DmDiffDescribe("enforcement", field->from, field->to));
	else
		DmDiffFieldHeld(c, field);
}

/* How many releases stay readable; a contract that does not say has the default of the catalog. */
#define DEFAULT_RETENTION 3

static double
releases_kept(DmDiffNode value)
{
	char *text = DmDiffNodeText(value);

	if (value == NULL)
		return DEFAULT_RETENTION;
	return text != NULL ? strtod(text, NULL) : 0;
}

static void
compare_retention(DmCompare *c, const DmDiffFieldChange *field)
{
	double from_number = releases_kept(field->from);
	double to_number = releases_kept(field->to);

	if (from_number <= 0 || to_number <= 0)
		DmDiffFieldHeld(c, field);
	else if (to_number > from_number)
		DmDiffReport(c, DM_LEVEL_MINOR, "readers get more than they were promised", "%s",
					 DmDiffDescribe("number of releases kept", field->from, field->to));
	else if (to_number < from_number)
		DmDiffReport(c, DM_LEVEL_MAJOR, "readers get less than they were promised", "%s",
					 DmDiffDescribe("number of releases kept", field->from, field->to));
	else
		DmDiffReport(c, DM_LEVEL_PATCH, DM_REASON_WRITTEN_DIFFERENTLY, "%s",
					 DmDiffDescribe("number of releases kept", field->from, field->to));
}

/* ---- aliases ---- */

/* The property's name in lower case without underscores: rowFilter and row_filter are one. */
static char *
custom_name(DmDiffNode item)
{
	return DmDiffNodeWord(DmDiffNodeGet(item, "property"));
}

static bool
lists_name(DmDiffNode value, const char *name)
{
	JsonbIterator *it;
	JsonbValue item;
	JsonbIteratorToken token;

	if (!DmDiffNodeIsArray(value))
	{
		char *text = DmDiffNodeText(value);

		return text != NULL && strcmp(text, name) == 0;
	}
	it = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&it, &item, true)) != WJB_DONE)
	{
		if (token == WJB_ELEM && lists_name(item.type == jbvString ? &item : NULL, name))
			return true;
	}
	return false;
}

bool
DmDiffHasAlias(DmDiffNode item, const char *name)
{
	DmDiffNode custom = DmDiffNodeGet(item, "customProperties");
	JsonbIterator *it;
	JsonbValue entry;
	JsonbIteratorToken token;

	if (!DmDiffNodeIsArray(custom))
		return false;
	it = JsonbIteratorInit(custom->val.binary.data);
	while ((token = JsonbIteratorNext(&it, &entry, true)) != WJB_DONE)
	{
		char *property = token == WJB_ELEM ? custom_name(&entry) : NULL;

		if (property != NULL &&
			(strcmp(property, "datamesh.aliases") == 0 ||
			 strcmp(property, "datamesh.alias") == 0) &&
			lists_name(DmDiffNodeGet(&entry, "value"), name))
			return true;
	}
	return false;
}

static void
compare_aliases(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffSetChange change;

	if ((field->from != NULL && !DmDiffNodeIsArray(field->from)) ||
		(field->to != NULL && !DmDiffNodeIsArray(field->to)))
	{
		if (field->from == NULL)
			DmDiffReport(c, DM_LEVEL_MINOR, "what was read before is still there", "%s",
						 DmDiffDescribe("alias", field->from, field->to));
		else
			DmDiffReport(c, DM_LEVEL_MAJOR, "readers of the old name get an error", "%s",
						 DmDiffDescribe("alias", field->from, field->to));
		return;
	}
	change = DmDiffSets(c, field->from, field->to, DmDiffKeyValue);
	if (change.nadded > 0)
		DmDiffReport(c, DM_LEVEL_MINOR, "what was read before is still there", "alias added: %s",
					 change.added);
	if (change.nremoved > 0)
		DmDiffReport(c, DM_LEVEL_MAJOR, "readers of the old name get an error", "alias removed: %s",
					 change.removed);
	if (change.nadded == 0 && change.nremoved == 0)
		DmDiffFieldPatch(c, field);
}

/* ---- customProperties ---- */

/* By custom_name(). */
static const DmDiffField custom_handlers[] = {
	{"datamesh.mask", compare_property_mask},
	{"datamesh.maskingrules", compare_masking_rules},
	{"maskingrules", compare_masking_rules},
	{"datamesh.piicolumns", compare_personal_columns},
	{"piicolumns", compare_personal_columns},
	{"accesspolicy", compare_access_policy},
	{"datamesh.kanonymity", compare_anonymity},
	{"datamesh.rowfilter", compare_row_filter},
	{"datamesh.columns", compare_column_list},
	{"datamesh.mode", compare_mode},
	{"datamesh.enforcement", compare_enforcement},
	{"datamesh.retention", compare_retention},
	{"datamesh.alias", compare_aliases},
	{"datamesh.aliases", compare_aliases},
};

static void
compare_custom_value(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffNode item = field->from_object != NULL ? field->from_object : field->to_object;
	char *name = custom_name(item);
	char *property = DmDiffNodeText(DmDiffNodeGet(item, "property"));
	DmDiffFieldChange value = *field;

	value.name = property != NULL ? property : "customProperties";
	for (int i = 0; name != NULL && i < lengthof(custom_handlers); i++)
	{
		if (strcmp(custom_handlers[i].name, name) == 0)
		{
			custom_handlers[i].compare(c, &value);
			return;
		}
	}
	DmDiffFieldHeld(c, &value);
}

static const DmDiffField custom_fields[] = {
	{"id", DmDiffFieldPatch},
	{"property", DmDiffFieldIgnored}, /* another spelling of the same */
	{"value", compare_custom_value},
	{"description", DmDiffFieldPatch},
};

static char *
key_custom(DmCompare *c, DmDiffNode item, bool is_from, void *unused)
{
	return custom_name(item);
}

/* An entry that one document lacks is its value coming or going. */
static void
compare_lone_custom(DmCompare *c, DmDiffNode from, DmDiffNode to)
{
	DmDiffFieldChange field = {"value", DmDiffNodeGet(from, "value"), DmDiffNodeGet(to, "value"),
							   from, to};

	if (custom_name(from != NULL ? from : to) == NULL)
		DmDiffReport(c, DM_LEVEL_HELD, DM_REASON_HELD, "%s",
					 DmDiffDescribe("custom property", from, to));
	else if (field.from == NULL && field.to == NULL)
		DmDiffReport(c, DM_LEVEL_HELD, DM_REASON_HELD, "custom property without a value %s",
					 from == NULL ? "added" : "removed");
	else
		compare_custom_value(c, &field);
}

static int
push_custom(DmCompare *c, DmDiffNode item, int index)
{
	char *name = DmDiffNodeText(DmDiffNodeGet(item, "property"));

	return name != NULL ? DmDiffPushName(c, name) : DmDiffPushIndex(c, index);
}

void
DmCompareCustom(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffPairing *custom = DmDiffPairingCreate(c, field->from, field->to);

	if (custom == NULL)
		return;
	DmDiffPairBy(c, custom, DmDiffKeyContent, NULL);
	DmDiffPairBy(c, custom, key_custom, NULL);
	for (int i = 0; i < custom->nfrom; i++)
	{
		int partner = custom->to_of[i];
		int saved = push_custom(c, &custom->from[i], partner >= 0 ? partner : i);

		CHECK_FOR_INTERRUPTS();
		if (partner < 0)
			compare_lone_custom(c, &custom->from[i], NULL);
		else if (!DmDiffNodeEqual(&custom->from[i], &custom->to[partner]))
			DmCompareFields(c, &custom->from[i], &custom->to[partner], custom_fields,
							lengthof(custom_fields));
		DmDiffPop(c, saved);
	}
	for (int i = 0; i < custom->nto; i++)
	{
		int saved = push_custom(c, &custom->to[i], i);

		if (custom->from_of[i] < 0)
			compare_lone_custom(c, NULL, &custom->to[i]);
		DmDiffPop(c, saved);
	}
}
