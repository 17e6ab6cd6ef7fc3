/*-------------------------------------------------------------------------
 *
 * compare_node.c
 *		Groundwork of comparing contracts: values inside documents, rows of the
 *		result, fields of objects, and which item of one list is which of another.
 *
 * Nothing here reads the catalog or knows what a field means.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/numeric.h"

#include "base/text.h"
#include "contract/compare_parts.h"

#define SHOWN_LENGTH 60 /* bytes of a value that a row quotes */
#define SHOWN_ITEMS 5   /* items of a list that a row names */

/* ---- nodes ---- */

bool
DmDiffNodeIsObject(DmDiffNode node)
{
	return node != NULL && node->type == jbvBinary && JsonContainerIsObject(node->val.binary.data);
}

bool
DmDiffNodeIsArray(DmDiffNode node)
{
	return node != NULL && node->type == jbvBinary && JsonContainerIsArray(node->val.binary.data) &&
		   !JsonContainerIsScalar(node->val.binary.data);
}

DmDiffNode
DmDiffNodeGet(DmDiffNode object, const char *key)
{
	JsonbValue *value;

	if (!DmDiffNodeIsObject(object))
		return NULL;
	value = getKeyJsonValueFromContainer(object->val.binary.data, key, strlen(key), NULL);
	return value == NULL || value->type == jbvNull ? NULL : value;
}

bool
DmDiffNodeEqual(DmDiffNode a, DmDiffNode b)
{
	if (a == NULL || b == NULL)
		return a == b;
	if (a->type != b->type)
		return false;
	switch (a->type)
	{
		case jbvString:
			return a->val.string.len == b->val.string.len &&
				   memcmp(a->val.string.val, b->val.string.val, a->val.string.len) == 0;
		case jbvNumeric:
			return DatumGetBool(DirectFunctionCall2(numeric_eq, NumericGetDatum(a->val.numeric),
													NumericGetDatum(b->val.numeric)));
		case jbvBool:
			return a->val.boolean == b->val.boolean;
		case jbvBinary:
			return compareJsonbContainers(a->val.binary.data, b->val.binary.data) == 0;
		default:
			return true; /* two nulls within a list */
	}
}

char *
DmDiffNodeText(DmDiffNode node)
{
	if (node == NULL)
		return NULL;
	switch (node->type)
	{
		case jbvString:
			return pnstrdup(node->val.string.val, node->val.string.len);
		case jbvNumeric:
			return DatumGetCString(
				DirectFunctionCall1(numeric_out, NumericGetDatum(node->val.numeric)));
		case jbvBool:
			return pstrdup(node->val.boolean ? "true" : "false");
		default:
			return NULL;
	}
}

char *
DmDiffNodeWord(DmDiffNode node)
{
	char *text = DmDiffNodeText(node);
	char *to = text;

	if (text == NULL)
		return NULL;
	for (char *from = text; *from != '\0'; from++)
	{
		unsigned char ch = (unsigned char) *from;

		if (isalnum(ch) || ch == '.' || IS_HIGHBIT_SET(ch))
			*to++ = (char) pg_ascii_tolower(ch);
	}
	*to = '\0';
	return text;
}

bool
DmDiffIsOneOf(const char *name, const char *const *names, int nnames)
{
	for (int i = 0; i < nnames; i++)
	{
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

bool
DmDiffIsMapOrAbsent(DmDiffNode node)
{
	return node == NULL || DmDiffNodeIsObject(node);
}

/* The keys of one object or two, each once. */
List *
DmDiffKeysOf(DmDiffNode a, DmDiffNode b)
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

bool
DmDiffNodeIsTrue(DmDiffNode node)
{
	char *text = DmDiffNodeText(node);

	return text != NULL && pg_strcasecmp(text, "true") == 0;
}

static char *
shorten(char *text)
{
	int length = strlen(text);
	int shown;

	if (length <= SHOWN_LENGTH)
		return text;
	shown = pg_mbcliplen(text, length, SHOWN_LENGTH);
	return psprintf("%.*s...", shown, text);
}

char *
DmDiffNodeShow(DmDiffNode node)
{
	if (node == NULL || node->type == jbvNull)
		return pstrdup("nothing");
	if (node->type == jbvString)
		return psprintf("\"%s\"", shorten(DmDiffNodeText(node)));
	if (node->type == jbvBinary)
		return shorten(JsonbToCString(NULL, node->val.binary.data, node->val.binary.len));
	return shorten(DmDiffNodeText(node));
}

/* ---- reports ---- */

static DmChange *
add_change(DmCompare *c, DmLevel level, const char *reason, char *text)
{
	DmChange *change = palloc0(sizeof(DmChange));

	change->path = pstrdup(c->path.data);
	change->change = text;
	change->level = level;
	change->reason = reason;
	c->changes = lappend(c->changes, change);
	return change;
}

DmChange *
DmDiffReport(DmCompare *c, DmLevel level, const char *reason, const char *change, ...)
{
	va_list args;
	char *text;

	va_start(args, change);
	text = DmFormat(change, args);
	va_end(args);
	return add_change(c, level, reason, text);
}

DmChange *
DmDiffReportDagger(DmCompare *c, const char *reason, const char *change, ...)
{
	va_list args;
	char *text;

	va_start(args, change);
	text = DmFormat(change, args);
	va_end(args);
	if (c->writers)
		return add_change(c, DM_LEVEL_MAJOR,
						  "a role has write access, and what it writes today may be refused", text);
	return add_change(c, DM_LEVEL_MINOR, reason, text);
}

char *
DmDiffDescribe(const char *what, DmDiffNode from, DmDiffNode to)
{
	if (from == NULL)
		return psprintf("%s added: %s", what, DmDiffNodeShow(to));
	if (to == NULL)
		return psprintf("%s removed, was %s", what, DmDiffNodeShow(from));
	return psprintf("%s changed from %s to %s", what, DmDiffNodeShow(from), DmDiffNodeShow(to));
}

/* ---- paths ---- */

int
DmDiffPushKey(DmCompare *c, const char *key)
{
	int saved = c->path.len;

	if (saved > 0)
		appendStringInfoChar(&c->path, '.');
	appendStringInfoString(&c->path, key);
	return saved;
}

int
DmDiffPushIndex(DmCompare *c, int index)
{
	int saved = c->path.len;

	appendStringInfo(&c->path, "[%d]", index);
	return saved;
}

/* A name that could be taken for something else in a path is written as JSON writes it. */
int
DmDiffPushName(DmCompare *c, const char *name)
{
	int saved = c->path.len;

	appendStringInfoChar(&c->path, '[');
	if (*name != '\0' && strpbrk(name, "[]\"\\ \n\r\t") == NULL &&
		strspn(name, "0123456789") != strlen(name))
		appendStringInfoString(&c->path, name);
	else
		escape_json(&c->path, name);
	appendStringInfoChar(&c->path, ']');
	return saved;
}

void
DmDiffPop(DmCompare *c, int saved)
{
	c->path.len = saved;
	c->path.data[saved] = '\0';
}

/* ---- fields ---- */

/* Handlers copy what they report, so that a wide document costs the memory of its changes only. */
static void
free_node(DmDiffNode node)
{
	if (node != NULL)
		pfree(unconstify(JsonbValue *, node));
}

static void
compare_field(DmCompare *c, const char *name, DmDiffFieldHandler handler, DmDiffNode from,
			  DmDiffNode to)
{
	DmDiffFieldChange field = {name, DmDiffNodeGet(from, name), DmDiffNodeGet(to, name), from, to};

	if (!DmDiffNodeEqual(field.from, field.to))
	{
		int saved = DmDiffPushKey(c, name);

		handler(c, &field);
		DmDiffPop(c, saved);
	}
	free_node(field.from);
	free_node(field.to);
}

static bool
is_known(const char *name, const DmDiffField *fields, int nfields)
{
	for (int i = 0; i < nfields; i++)
	{
		if (strcmp(fields[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Hold the fields of "walked" that the table lacks, leaving out those that "done" has as well. */
static void
compare_unknown_fields(DmCompare *c, DmDiffNode walked, DmDiffNode done, DmDiffNode from,
					   DmDiffNode to, const DmDiffField *fields, int nfields)
{
	JsonbIterator *it;
	JsonbValue key;
	JsonbIteratorToken token;

	if (!DmDiffNodeIsObject(walked))
		return;
	it = JsonbIteratorInit(walked->val.binary.data);
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		char *name;

		if (token != WJB_KEY)
			continue;
		CHECK_FOR_INTERRUPTS();
		name = DmDiffNodeText(&key);
		if (!is_known(name, fields, nfields) && DmDiffNodeGet(done, name) == NULL)
			compare_field(c, name, DmDiffFieldHeld, from, to);
		pfree(name);
	}
}

void
DmCompareFields(DmCompare *c, DmDiffNode from, DmDiffNode to, const DmDiffField *fields,
				int nfields)
{
	for (int i = 0; i < nfields; i++)
		compare_field(c, fields[i].name, fields[i].compare, from, to);
	compare_unknown_fields(c, from, NULL, from, to, fields, nfields);
	compare_unknown_fields(c, to, from, from, to, fields, nfields);
}

void
DmCompareFieldsOf(DmCompare *c, const DmDiffFieldChange *field, const DmDiffField *fields,
				  int nfields)
{
	if ((field->from != NULL && !DmDiffNodeIsObject(field->from)) ||
		(field->to != NULL && !DmDiffNodeIsObject(field->to)))
		DmDiffFieldHeld(c, field);
	else
		DmCompareFields(c, field->from, field->to, fields, nfields);
}

void
DmDiffFieldIgnored(DmCompare *c, const DmDiffFieldChange *field)
{
}

void
DmDiffFieldPatch(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffReport(c, DM_LEVEL_PATCH, "it describes the product and changes nothing that is read",
				 "%s", DmDiffDescribe(field->name, field->from, field->to));
}

void
DmDiffFieldHeld(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffReport(c, DM_LEVEL_HELD, DM_REASON_HELD, "%s",
				 DmDiffDescribe(field->name, field->from, field->to));
}

void
DmDiffFieldIdentity(DmCompare *c, const DmDiffFieldChange *field)
{
	if (field->from != NULL && field->to != NULL)
		DmDiffReport(
			c, DM_LEVEL_HELD,
			"another id under the same name may be another thing: the publisher must state "
			"the level",
			"%s", DmDiffDescribe("id", field->from, field->to));
	else
		DmDiffReport(c, DM_LEVEL_PATCH, "an id only helps to find the same thing in later versions",
					 "%s", DmDiffDescribe("id", field->from, field->to));
}

/* ---- pairing ---- */

static JsonbValue *
list_items(DmDiffNode list, int *nitems)
{
	JsonbContainer *container;
	JsonbIterator *it;
	JsonbValue item;
	JsonbIteratorToken token;
	JsonbValue *items;
	int n = 0;

	*nitems = 0;
	if (list == NULL)
		return NULL;
	container = list->val.binary.data;
	items = palloc(Max(JsonContainerSize(container), 1) * sizeof(JsonbValue));
	it = JsonbIteratorInit(container);
	while ((token = JsonbIteratorNext(&it, &item, true)) != WJB_DONE)
	{
		if (token == WJB_ELEM)
			items[n++] = item;
	}
	*nitems = n;
	return items;
}

static int *
unpaired(int n)
{
	int *partners = palloc(Max(n, 1) * sizeof(int));

	for (int i = 0; i < n; i++)
		partners[i] = -1;
	return partners;
}

static bool
is_list_or_absent(DmCompare *c, DmDiffNode list, const char *which)
{
	if (list == NULL || DmDiffNodeIsArray(list))
		return true;
	DmDiffReport(c, DM_LEVEL_HELD, DM_REASON_HELD, "the %s document has no list here but %s", which,
				 DmDiffNodeShow(list));
	return false;
}

DmDiffPairing *
DmDiffPairingCreate(DmCompare *c, DmDiffNode from, DmDiffNode to)
{
	DmDiffPairing *pairing;

	if (!is_list_or_absent(c, from, "old") || !is_list_or_absent(c, to, "new"))
		return NULL;
	pairing = palloc(sizeof(DmDiffPairing));
	pairing->from = list_items(from, &pairing->nfrom);
	pairing->to = list_items(to, &pairing->nto);
	pairing->to_of = unpaired(pairing->nfrom);
	pairing->from_of = unpaired(pairing->nto);
	return pairing;
}

typedef struct KeyRef
{
	char *key;
	int index;
} KeyRef;

static int
compare_key_refs(const void *a, const void *b)
{
	const KeyRef *ka = a;
	const KeyRef *kb = b;
	int cmp = strcmp(ka->key, kb->key);

	if (cmp != 0)
		return cmp;
	return ka->index < kb->index ? -1 : ka->index > kb->index;
}

/* The keys, sorted, of the items that have one and no partner yet (partners may be NULL). */
static KeyRef *
sorted_keys(DmCompare *c, JsonbValue *items, int nitems, const int *partners, bool is_from,
			DmDiffKeyOf key_of, void *arg, int *nkeys)
{
	KeyRef *keys = palloc(Max(nitems, 1) * sizeof(KeyRef));
	int n = 0;

	for (int i = 0; i < nitems; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (partners != NULL && partners[i] >= 0)
			continue;
		keys[n].key = key_of(c, &items[i], is_from, arg);
		keys[n].index = i;
		if (keys[n].key != NULL)
			n++;
	}
	qsort(keys, n, sizeof(KeyRef), compare_key_refs);
	*nkeys = n;
	return keys;
}

void
DmDiffPairBy(DmCompare *c, DmDiffPairing *pairing, DmDiffKeyOf key_of, void *arg)
{
	int nfrom;
	int nto;
	KeyRef *from =
		sorted_keys(c, pairing->from, pairing->nfrom, pairing->to_of, true, key_of, arg, &nfrom);
	KeyRef *to =
		sorted_keys(c, pairing->to, pairing->nto, pairing->from_of, false, key_of, arg, &nto);
	int i = 0;
	int j = 0;

	while (i < nfrom && j < nto)
	{
		int cmp = strcmp(from[i].key, to[j].key);

		if (cmp < 0)
			i++;
		else if (cmp > 0)
			j++;
		else
		{
			pairing->to_of[from[i].index] = to[j].index;
			pairing->from_of[to[j].index] = from[i].index;
			i++;
			j++;
		}
	}
	pfree(from);
	pfree(to);
}

char *
DmDiffKeyText(DmCompare *c, DmDiffNode item, bool is_from, void *field)
{
	return DmDiffNodeText(DmDiffNodeGet(item, (const char *) field));
}

char *
DmDiffKeyContent(DmCompare *c, DmDiffNode item, bool is_from, void *unused)
{
	if (item->type != jbvBinary)
		return DmDiffKeyValue(c, item, is_from, unused);
	return JsonbToCString(NULL, item->val.binary.data, item->val.binary.len);
}

/* Numbers that are equal have one text: 1 and 1.0 are the same value. */
char *
DmDiffKeyValue(DmCompare *c, DmDiffNode item, bool is_from, void *unused)
{
	DmDiffNode value = DmDiffNodeGet(item, "value"); /* lists may hold {value, description} */

	if (value != NULL)
		item = value;
	switch (item->type)
	{
		case jbvNumeric:
			return numeric_normalize(item->val.numeric);
		case jbvBinary:
			return JsonbToCString(NULL, item->val.binary.data, item->val.binary.len);
		case jbvNull:
			return pstrdup("null");
		case jbvString:
			return psprintf("\"%s\"", DmDiffNodeText(item));
		default:
			return DmDiffNodeText(item);
	}
}

/* ---- sets ---- */

/* What a has and b lacks, and how many; both sorted. */
static char *
set_difference(const KeyRef *a, int na, const KeyRef *b, int nb, int *ndifferent)
{
	StringInfoData shown;
	int j = 0;

	initStringInfo(&shown);
	*ndifferent = 0;
	for (int i = 0; i < na; i++)
	{
		if (i > 0 && strcmp(a[i].key, a[i - 1].key) == 0)
			continue;
		while (j < nb && strcmp(b[j].key, a[i].key) < 0)
			j++;
		if (j < nb && strcmp(b[j].key, a[i].key) == 0)
			continue;
		if (*ndifferent < SHOWN_ITEMS)
			appendStringInfo(&shown, "%s%s", *ndifferent > 0 ? ", " : "", shorten(a[i].key));
		(*ndifferent)++;
	}
	if (*ndifferent > SHOWN_ITEMS)
		appendStringInfo(&shown, " and %d more", *ndifferent - SHOWN_ITEMS);
	return shown.data;
}

DmDiffSetChange
DmDiffSets(DmCompare *c, DmDiffNode from, DmDiffNode to, DmDiffKeyOf key_of)
{
	DmDiffSetChange result;
	int nfrom;
	int nto;
	JsonbValue *from_items = list_items(from, &nfrom);
	JsonbValue *to_items = list_items(to, &nto);
	KeyRef *from_keys = sorted_keys(c, from_items, nfrom, NULL, true, key_of, NULL, &nfrom);
	KeyRef *to_keys = sorted_keys(c, to_items, nto, NULL, false, key_of, NULL, &nto);

	result.added = set_difference(to_keys, nto, from_keys, nfrom, &result.nadded);
	result.removed = set_difference(from_keys, nfrom, to_keys, nto, &result.nremoved);
	return result;
}

/* ---- renames ---- */

static int
compare_renames(const void *a, const void *b)
{
	return strcmp(((const DmDiffRename *) a)->from, ((const DmDiffRename *) b)->from);
}

static char *
qualified(const char *object, const char *column)
{
	return psprintf("%s.%s", object != NULL ? object : "", column);
}

void
DmDiffRenameRemember(DmCompare *c, const char *from, const char *to)
{
	if (c->nrenames == c->maxrenames)
	{
		c->maxrenames = Max(c->maxrenames * 2, 8);
		c->renames = c->renames == NULL
						 ? palloc(c->maxrenames * sizeof(DmDiffRename))
						 : repalloc(c->renames, c->maxrenames * sizeof(DmDiffRename));
	}
	c->renames[c->nrenames].from = qualified(c->object, from);
	c->renames[c->nrenames].to = pstrdup(to);
	c->nrenames++;
	c->renames_dirty = true;
}

char *
DmDiffRenamed(DmCompare *c, const char *reference)
{
	const char *dot = strrchr(reference, '.');
	DmDiffRename wanted;
	DmDiffRename *found;

	if (c->nrenames == 0)
		return pstrdup(reference);
	if (c->renames_dirty)
		qsort(c->renames, c->nrenames, sizeof(DmDiffRename), compare_renames);
	c->renames_dirty = false;
	wanted.from = dot != NULL ? pstrdup(reference) : qualified(c->object, reference);
	found = bsearch(&wanted, c->renames, c->nrenames, sizeof(DmDiffRename), compare_renames);
	if (found == NULL)
		return pstrdup(reference);
	if (dot == NULL)
		return pstrdup(found->to);
	return psprintf("%.*s.%s", (int) (dot - reference), reference, found->to);
}

char *
DmDiffKeyColumn(DmCompare *c, DmDiffNode item, bool is_from, void *unused)
{
	char *name = DmDiffNodeText(item);

	if (name == NULL)
		return DmDiffKeyContent(c, item, is_from, unused);
	return is_from ? DmDiffRenamed(c, name) : name;
}
