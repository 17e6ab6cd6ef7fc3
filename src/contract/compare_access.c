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
	ACCESS_READ,
	ACCESS_WRITE,
} Access;

static Access
access_of(DmDiffNode role)
{
	char *word = DmDiffNodeWord(DmDiffNodeGet(role, "access"));

	if (word == NULL || strcmp(word, "read") == 0 || strcmp(word, "r") == 0)
		return ACCESS_READ;
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

typedef struct MaskName
{
	const char *name;
	const char *canonical;
	int strength; /* how little is left; masks of one strength are compared by their arguments */
} MaskName;

#define STRENGTH_ALL 4       /* nothing of the value is left */
#define STRENGTH_PSEUDONYM 3 /* equality, for one consumer alone */
#define STRENGTH_HASH 2      /* equality, for all consumers together */
#define STRENGTH_PART 1      /* a part of the value, or the value coarsely */

static const MaskName mask_names[] = {
	{"null", "null", STRENGTH_ALL},         {"redact", "redact", STRENGTH_ALL},
	{"constant", "constant", STRENGTH_ALL}, {"pseudonym", "pseudonym", STRENGTH_PSEUDONYM},
	{"hash", "hash", STRENGTH_HASH},        {"partial", "partial", STRENGTH_PART},
	{"email", "email", STRENGTH_PART},      {"first", "first", STRENGTH_PART},
	{"last", "last", STRENGTH_PART},        {"datetrunc", "date_trunc", STRENGTH_PART},
	{"noise", "noise", STRENGTH_PART},      {"generalize", "generalize", STRENGTH_PART},
};

#define MAX_MASK_ARGUMENTS 4

/*
 * What is told of a mask, as text "partial(1, ***, 2)" or as an object
 * {"function": "partial", "prefix": 1, "pad": "***", "suffix": 2}.
 */
typedef struct Mask
{
	const MaskName *name; /* NULL: none that we know */
	int nshown;
	double shown[MAX_MASK_ARGUMENTS]; /* characters shown */
	char *rest;                       /* everything else, as text */
} Mask;

static const MaskName *
find_mask(const char *text)
{
	char word[32];
	int length = 0;

	for (; *text != '\0' && length < (int) sizeof(word) - 1; text++)
	{
		if (isalpha((unsigned char) *text))
			word[length++] = (char) pg_ascii_tolower((unsigned char) *text);
	}
	word[length] = '\0';
	/* mask_partial, and the lesson's partial_mask */
	if (length > 4 && strncmp(word, "mask", 4) == 0)
		memmove(word, word + 4, length - 3);
	else if (length > 4 && strcmp(word + length - 4, "mask") == 0)
		word[length - 4] = '\0';
	for (int i = 0; i < lengthof(mask_names); i++)
	{
		if (strcmp(mask_names[i].name, word) == 0)
			return &mask_names[i];
	}
	return NULL;
}

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
		mask.name = find_mask(text);
		read_mask_arguments(&mask, open + 1);
	}
	else
		mask.name = find_mask(text);
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
			mask.name = find_mask(name);
	}
	read_shown(&mask, value);
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		char *name;

		if (token != WJB_KEY)
			continue;
		name = DmDiffNodeText(&key);
		if (!is_one_of(name, name_keys, lengthof(name_keys)) &&
			!is_one_of(name, shown_keys, lengthof(shown_keys)))
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

/* Noise that is larger shows less; the number of generalize is the width of its ranges. */
static DmDiffOrder
turn_around(const Mask *mask, DmDiffOrder order)
{
	const char *name = mask->name != NULL ? mask->name->name : "";

	if (strcmp(name, "noise") != 0 && strcmp(name, "generalize") != 0)
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

static void
compare_mask(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffNode from = mask_or_none(field->from);
	DmDiffNode to = mask_or_none(field->to);

	if (from == NULL && to == NULL)
		DmDiffReport(c, DM_LEVEL_PATCH, DM_REASON_WRITTEN_DIFFERENTLY, "%s",
					 DmDiffDescribe("mask", field->from, field->to));
	else if (from == NULL)
		report_shows_less(c, psprintf("mask added: %s", DmDiffNodeShow(to)));
	else if (to == NULL)
		report_shows_more(c, psprintf("mask removed, was %s", DmDiffNodeShow(from)));
	else
	{
		switch (order_of_mask_values(from, to))
		{
			case DM_ORDER_SAME:
				DmDiffReport(c, DM_LEVEL_PATCH, DM_REASON_WRITTEN_DIFFERENTLY, "%s",
							 DmDiffDescribe("mask", from, to));
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
				report_maybe_more(c, DmDiffDescribe("mask", from, to));
				break;
		}
	}
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

static bool
is_map_or_absent(DmDiffNode node)
{
	return node == NULL || DmDiffNodeIsObject(node);
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

static void
compare_filter(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffNode from = filter_or_none(field->from);
	DmDiffNode to = filter_or_none(field->to);
	char *change = DmDiffDescribe("row filter", from, to);
	DmDiffOrder order;

	if (from == NULL && to == NULL)
		order = DM_ORDER_SAME;
	else if (from == NULL)
		order = DM_ORDER_TIGHTER;
	else if (to == NULL)
		order = DM_ORDER_LOOSER;
	else
		order = order_of_filters(DmDiffNodeText(from), DmDiffNodeText(to));
	switch (order)
	{
		case DM_ORDER_SAME:
			DmDiffReport(c, DM_LEVEL_PATCH, DM_REASON_WRITTEN_DIFFERENTLY, "%s",
						 DmDiffDescribe("row filter", field->from, field->to));
			break;
		case DM_ORDER_TIGHTER:
			report_shows_less(c, change);
			break;
		case DM_ORDER_LOOSER:
			report_shows_more(c, change);
			break;
		case DM_ORDER_UNKNOWN:
			report_maybe_more(c, change);
			break;
	}
}

/* One filter for all, or an object of filters by consumer. */
static void
compare_row_filter(DmCompare *c, const DmDiffFieldChange *field)
{
	bool map = DmDiffNodeIsObject(field->from) || DmDiffNodeIsObject(field->to);

	if (map && is_map_or_absent(field->from) && is_map_or_absent(field->to))
		compare_entries(c, field, compare_filter);
	else
		compare_filter(c, field);
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
	{"datamesh.mask", compare_mask},
	{"datamesh.maskingrules", compare_masking_rules},
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
