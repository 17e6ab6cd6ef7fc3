/*-------------------------------------------------------------------------
 *
 * compare.c
 *		Two versions of a contract: what is different, and what that costs.
 *
 * The rule: whoever could read the old version can read the new one.  Which
 * change costs what is fixed (docs/reference/contract_compare.md has the
 * table); here and in the compare_*.c files beside it, every section of a
 * document is a table of fields with a handler each, and a field that is in no
 * table is held: the publisher must say what it means.
 *
 * Kept true: equal documents give no rows; a row's level follows from the two
 * documents and the parameters alone; nothing reads the catalog, so that the
 * comparison is immutable; the time is n log n in the size of the documents.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/errors.h"
#include "contract/compare.h"
#include "contract/compare_parts.h"

#define MAX_DEPTH 100 /* properties within properties that are compared one by one */

static void compare_columns(DmCompare *c, const DmDiffFieldChange *field);
static void compare_property(DmCompare *c, DmDiffNode from, DmDiffNode to);

/* ---- what a property promises ---- */

static bool
is_not_null(DmDiffNode property)
{
	return DmDiffNodeIsTrue(DmDiffNodeGet(property, "required")) ||
		   DmDiffNodeIsTrue(DmDiffNodeGet(property, "primaryKey"));
}

static void
compare_required(DmCompare *c, const DmDiffFieldChange *field)
{
	bool from = is_not_null(field->from_object);
	bool to = is_not_null(field->to_object);

	if (from == to)
		DmDiffReport(c, DM_LEVEL_PATCH, DM_REASON_WRITTEN_DIFFERENTLY, "%s",
					 DmDiffDescribe("required", field->from, field->to));
	else if (to)
		DmDiffReportDagger(c, "readers who cope with nulls cope without them",
						   "column was nullable and is NOT NULL");
	else
		DmDiffReport(c, DM_LEVEL_MAJOR, "readers who never met a null may meet one",
					 "column was NOT NULL and is nullable");
}

static void
compare_unique(DmCompare *c, const DmDiffFieldChange *field)
{
	bool from = DmDiffNodeIsTrue(field->from);
	bool to = DmDiffNodeIsTrue(field->to);

	if (from == to)
		DmDiffReport(c, DM_LEVEL_PATCH, DM_REASON_WRITTEN_DIFFERENTLY, "%s",
					 DmDiffDescribe("unique", field->from, field->to));
	else if (to)
		DmDiffReportDagger(c, "readers may rely on more than before", "unique key added");
	else
		DmDiffReport(c, DM_LEVEL_MAJOR,
					 "readers who join or look up by the key may meet duplicates",
					 "unique key removed");
}

/* What the source calls it: the name itself where nothing else is said. */
static void
compare_physical_name(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffNode from = field->from != NULL ? field->from : DmDiffNodeGet(field->from_object, "name");
	DmDiffNode to = field->to != NULL ? field->to : DmDiffNodeGet(field->to_object, "name");

	if (DmDiffNodeEqual(from, to))
		DmDiffReport(c, DM_LEVEL_PATCH, "the source is the same as before", "%s",
					 DmDiffDescribe("physicalName", field->from, field->to));
	else
		DmDiffFieldHeld(c, field);
}

static void
compare_deprecated(DmCompare *c, const DmDiffFieldChange *field)
{
	bool from = DmDiffNodeIsTrue(field->from);
	bool to = DmDiffNodeIsTrue(field->to);

	if (to && !from)
		DmDiffReport(c, DM_LEVEL_MINOR,
					 "an end of life is announced, and nothing is taken away yet", "deprecated");
	else if (from == to)
		DmDiffReport(c, DM_LEVEL_PATCH, DM_REASON_WRITTEN_DIFFERENTLY, "%s",
					 DmDiffDescribe("deprecated", field->from, field->to));
	else
		DmDiffFieldHeld(c, field);
}

static void
compare_items(DmCompare *c, const DmDiffFieldChange *field)
{
	if (!DmDiffNodeIsObject(field->from) || !DmDiffNodeIsObject(field->to))
		DmDiffFieldHeld(c, field);
	else
		compare_property(c, field->from, field->to);
}

/* ---- foreign keys ---- */

/* A list's items, or the one text that stands for a list, as "a, b". */
static char *
key_columns(DmCompare *c, DmDiffNode columns, bool rename)
{
	StringInfoData text;
	DmDiffPairing *list;

	if (!DmDiffNodeIsArray(columns))
	{
		char *name = DmDiffNodeText(columns);

		return name != NULL && rename ? DmDiffRenamed(c, name) : name;
	}
	initStringInfo(&text);
	list = DmDiffPairingCreate(c, columns, NULL);
	for (int i = 0; i < list->nfrom; i++)
		appendStringInfo(&text, "%s%s", i > 0 ? ", " : "",
						 DmDiffKeyColumn(c, &list->from[i], rename, NULL));
	return text.data;
}

/* Where a foreign key starts; one of a property starts at the property. */
static char *
foreign_key_from(DmCompare *c, DmDiffNode item, bool is_from, void *unused)
{
	char *columns;

	if (!DmDiffNodeIsObject(item))
		return NULL;
	columns = key_columns(c, DmDiffNodeGet(item, "from"), is_from);
	return columns != NULL ? columns : pstrdup("");
}

static char *
foreign_key_whole(DmCompare *c, DmDiffNode item, bool is_from, void *unused)
{
	char *from = foreign_key_from(c, item, is_from, NULL);
	char *type = DmDiffNodeText(DmDiffNodeGet(item, "type"));
	char *to = key_columns(c, DmDiffNodeGet(item, "to"), false);

	if (from == NULL || to == NULL)
		return NULL;
	return psprintf("%s (%s) -> (%s)", type != NULL ? type : "foreignKey", from, to);
}

static const DmDiffField foreign_key_fields[] = {
	{"from", DmDiffFieldIgnored},          {"to", DmDiffFieldIgnored},
	{"type", DmDiffFieldIgnored},          {"description", DmDiffFieldPatch},
	{"customProperties", DmCompareCustom},
};

static void
compare_foreign_key(DmCompare *c, DmDiffNode from, DmDiffNode to)
{
	char *from_text = foreign_key_whole(c, from, true, NULL);
	char *to_text = foreign_key_whole(c, to, false, NULL);

	if (from_text == NULL || to_text == NULL)
		DmDiffReport(c, DM_LEVEL_HELD, DM_REASON_HELD, "%s",
					 DmDiffDescribe("relationship", from, to));
	else if (strcmp(from_text, to_text) != 0)
		DmDiffReport(c, DM_LEVEL_MAJOR, "readers who join along the old key may find no row",
					 "foreign key changed from %s to %s", DmDiffNodeShow(DmDiffNodeGet(from, "to")),
					 DmDiffNodeShow(DmDiffNodeGet(to, "to")));
	DmCompareFields(c, from, to, foreign_key_fields, lengthof(foreign_key_fields));
}

static void
compare_relationships(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffPairing *keys = DmDiffPairingCreate(c, field->from, field->to);

	if (keys == NULL)
		return;
	DmDiffPairBy(c, keys, DmDiffKeyContent, NULL);
	DmDiffPairBy(c, keys, foreign_key_whole, NULL);
	DmDiffPairBy(c, keys, foreign_key_from, NULL);
	for (int i = 0; i < keys->nfrom; i++)
	{
		int partner = keys->to_of[i];
		int saved = DmDiffPushIndex(c, partner >= 0 ? partner : i);

		CHECK_FOR_INTERRUPTS();
		if (partner < 0)
			DmDiffReport(c, DM_LEVEL_MAJOR, "readers who join along the key may find no row",
						 "foreign key removed, was to %s",
						 DmDiffNodeShow(DmDiffNodeGet(&keys->from[i], "to")));
		else if (!DmDiffNodeEqual(&keys->from[i], &keys->to[partner]))
			compare_foreign_key(c, &keys->from[i], &keys->to[partner]);
		DmDiffPop(c, saved);
	}
	for (int i = 0; i < keys->nto; i++)
	{
		int saved = DmDiffPushIndex(c, i);

		if (keys->from_of[i] < 0)
			DmDiffReportDagger(c, "readers may rely on more than before",
							   "foreign key added, to %s",
							   DmDiffNodeShow(DmDiffNodeGet(&keys->to[i], "to")));
		DmDiffPop(c, saved);
	}
}

/* ---- primary keys ---- */

typedef struct KeyColumn
{
	int position; /* within the key, as the document says */
	int index;    /* in the list of properties */
} KeyColumn;

static int
compare_key_columns(const void *a, const void *b)
{
	const KeyColumn *ka = a;
	const KeyColumn *kb = b;

	if (ka->position != kb->position)
		return ka->position < kb->position ? -1 : 1;
	return ka->index < kb->index ? -1 : ka->index > kb->index;
}

static KeyColumn *
primary_key(JsonbValue *properties, int nproperties, int *ncolumns)
{
	KeyColumn *key = palloc(Max(nproperties, 1) * sizeof(KeyColumn));
	int n = 0;

	for (int i = 0; i < nproperties; i++)
	{
		char *position;

		if (!DmDiffNodeIsTrue(DmDiffNodeGet(&properties[i], "primaryKey")))
			continue;
		position = DmDiffNodeText(DmDiffNodeGet(&properties[i], "primaryKeyPosition"));
		key[n].position = position != NULL ? atoi(position) : -1;
		if (key[n].position < 0)
			key[n].position = INT_MAX;
		key[n++].index = i;
	}
	qsort(key, n, sizeof(KeyColumn), compare_key_columns);
	*ncolumns = n;
	return key;
}

static char *
property_name(DmDiffNode property)
{
	char *name = DmDiffNodeText(DmDiffNodeGet(property, "name"));

	return name != NULL ? name : pstrdup("?");
}

static char *
key_text(JsonbValue *properties, const KeyColumn *key, int ncolumns)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < ncolumns; i++)
		appendStringInfo(&text, "%s%s", i > 0 ? ", " : "",
						 property_name(&properties[key[i].index]));
	return text.data;
}

/* Is it the same key?  The columns count, not their names or the numbers of their positions. */
static bool
same_primary_key(const DmDiffPairing *columns, const KeyColumn *from, int nfrom,
				 const KeyColumn *to, int nto)
{
	if (nfrom != nto)
		return false;
	for (int i = 0; i < nfrom; i++)
	{
		if (columns->to_of[from[i].index] != to[i].index)
			return false;
	}
	return true;
}

/* The first column that is in one key and not, or elsewhere, in the other, by its newest name. */
static char *
first_difference(const DmDiffPairing *columns, const KeyColumn *from, int nfrom,
				 const KeyColumn *to, int nto)
{
	int partner;
	int i = 0;

	while (i < Min(nfrom, nto) && columns->to_of[from[i].index] == to[i].index)
		i++;
	if (i < nto)
		return property_name(&columns->to[to[i].index]);
	partner = columns->to_of[from[i].index];
	return property_name(partner >= 0 ? &columns->to[partner] : &columns->from[from[i].index]);
}

static void
report_primary_key(DmCompare *c, const char *from, const char *to)
{
	if (*from == '\0')
		DmDiffReportDagger(c, "readers may rely on more than before", "primary key added: (%s)",
						   to);
	else if (*to == '\0')
		DmDiffReport(c, DM_LEVEL_MAJOR,
					 "readers who join or look up by the key may meet duplicates",
					 "primary key removed, was (%s)", from);
	else
		DmDiffReport(c, DM_LEVEL_MAJOR,
					 "readers who join or look up by the key may meet duplicates",
					 "primary key changed from (%s) to (%s)", from, to);
}

static void
compare_primary_key(DmCompare *c, const DmDiffPairing *columns)
{
	int nfrom;
	int nto;
	KeyColumn *from = primary_key(columns->from, columns->nfrom, &nfrom);
	KeyColumn *to = primary_key(columns->to, columns->nto, &nto);
	int saved;

	if (same_primary_key(columns, from, nfrom, to, nto))
		return;
	saved = DmDiffPushName(c, first_difference(columns, from, nfrom, to, nto));
	DmDiffPushKey(c, "primaryKey");
	report_primary_key(c, key_text(columns->from, from, nfrom), key_text(columns->to, to, nto));
	DmDiffPop(c, saved);
}

/* primaryKey and primaryKeyPosition of one property: the key as a whole is what counts. */
static void
compare_key_spelling(DmCompare *c, const DmDiffFieldChange *field)
{
	if (DmDiffNodeIsTrue(DmDiffNodeGet(field->from_object, "primaryKey")) ==
		DmDiffNodeIsTrue(DmDiffNodeGet(field->to_object, "primaryKey")))
		DmDiffReport(c, DM_LEVEL_PATCH,
					 "by itself it changes nothing: the key is compared as a whole", "%s",
					 DmDiffDescribe(field->name, field->from, field->to));
}

/* ---- properties ---- */

static const DmDiffField property_fields[] = {
	{"id", DmDiffFieldIdentity},
	{"name", DmDiffFieldIgnored}, /* told with the list */
	{"physicalName", compare_physical_name},
	{"physicalType", DmComparePhysicalType},
	{"logicalType", DmCompareLogicalType},
	{"required", compare_required},
	{"unique", compare_unique},
	{"primaryKey", compare_key_spelling},
	{"primaryKeyPosition", compare_key_spelling},
	{"logicalTypeOptions", DmCompareTypeOptions},
	{"enum", DmCompareAllowedValues},
	{"relationships", compare_relationships},
	{"quality", DmCompareRules},
	{"properties", compare_columns},
	{"items", compare_items},
	{"customProperties", DmCompareCustom},
	{"classification", DmCompareClassification},
	{"deprecated", compare_deprecated},
	{"description", DmDiffFieldPatch},
	{"businessName", DmDiffFieldPatch},
	{"tags", DmDiffFieldPatch},
	{"examples", DmDiffFieldPatch},
	{"transformDescription", DmDiffFieldPatch},
	{"authoritativeDefinitions", DmDiffFieldPatch},
};

static void
compare_property(DmCompare *c, DmDiffNode from, DmDiffNode to)
{
	if (DmDiffNodeEqual(from, to))
		return;
	check_stack_depth();
	if (c->depth >= MAX_DEPTH)
	{
		DmDiffReport(c, DM_LEVEL_HELD, DM_REASON_HELD,
					 "something changed deeper than %d properties within each other", MAX_DEPTH);
		return;
	}
	if (c->depth++ == 0)
	{
		c->from_property = from;
		c->to_property = to;
	}
	DmCompareFields(c, from, to, property_fields, lengthof(property_fields));
	if (--c->depth == 0)
		c->from_property = c->to_property = NULL;
}

/* ---- lists of properties ---- */

static int
push_item(DmCompare *c, DmDiffNode item, int index)
{
	char *name = DmDiffNodeText(DmDiffNodeGet(item, "name"));

	return name != NULL ? DmDiffPushName(c, name) : DmDiffPushIndex(c, index);
}

static void
report_dropped(DmCompare *c, DmDiffNode item, const char *what)
{
	char *name = DmDiffNodeText(DmDiffNodeGet(item, "name"));

	if (name == NULL)
		DmDiffReport(c, DM_LEVEL_HELD, DM_REASON_HELD, "%s without a name removed: %s", what,
					 DmDiffNodeShow(item));
	else
		DmDiffReport(c, DM_LEVEL_MAJOR, "readers of it get an error", "%s \"%s\" dropped", what,
					 name);
}

static void
report_added_column(DmCompare *c, DmDiffNode item)
{
	char *name = DmDiffNodeText(DmDiffNodeGet(item, "name"));

	if (name == NULL)
		DmDiffReport(c, DM_LEVEL_HELD, DM_REASON_HELD, "column without a name added: %s",
					 DmDiffNodeShow(item));
	else if (is_not_null(item))
		DmDiffReportDagger(c, "what was read before is still there", "NOT NULL column \"%s\" added",
						   name);
	else
		DmDiffReport(c, DM_LEVEL_MINOR, "what was read before is still there",
					 "nullable column \"%s\" added", name);
}

static void
report_rename(DmCompare *c, const char *what, const char *from, const char *to, bool kept)
{
	int saved = DmDiffPushKey(c, "name");

	if (kept)
		DmDiffReport(c, DM_LEVEL_MINOR, "the old name stays as an alias",
					 "%s \"%s\" renamed to \"%s\"", what, from, to);
	else
		DmDiffReport(c, DM_LEVEL_MAJOR, "readers of the old name get an error",
					 "%s \"%s\" renamed to \"%s\"", what, from, to);
	DmDiffPop(c, saved);
}

static char *
name_and_type(DmCompare *c, DmDiffNode item, bool is_from, void *unused)
{
	char *name = DmDiffNodeText(DmDiffNodeGet(item, "name"));
	char *physical = DmDiffNodeText(DmDiffNodeGet(item, "physicalType"));
	char *logical = DmDiffNodeText(DmDiffNodeGet(item, "logicalType"));

	if (name == NULL)
		return NULL;
	return psprintf("%s %s %s", name, physical != NULL ? physical : "",
					logical != NULL ? logical : "");
}

/*
 * Which items of the old list were renamed and still have, in the new list, a newcomer with the
 * old name and type?  Readers of the old name read that one.
 */
static bool *
names_kept(DmCompare *c, const DmDiffPairing *items)
{
	bool *kept = palloc0(Max(items->nfrom, 1) * sizeof(bool));
	DmDiffPairing again = *items;

	again.to_of = palloc(Max(items->nfrom, 1) * sizeof(int));
	again.from_of = palloc(Max(items->nto, 1) * sizeof(int));
	for (int i = 0; i < items->nfrom; i++)
		again.to_of[i] = -1;
	for (int i = 0; i < items->nto; i++)
		again.from_of[i] = items->from_of[i];
	DmDiffPairBy(c, &again, name_and_type, NULL);
	for (int i = 0; i < items->nfrom; i++)
		kept[i] = again.to_of[i] >= 0;
	return kept;
}

/* Column references of the old document have to be read with the new names before anything else. */
static void
remember_renames(DmCompare *c, const DmDiffPairing *columns)
{
	for (int i = 0; i < columns->nfrom; i++)
	{
		int partner = columns->to_of[i];
		char *from;
		char *to;

		if (partner < 0)
			continue;
		from = DmDiffNodeText(DmDiffNodeGet(&columns->from[i], "name"));
		to = DmDiffNodeText(DmDiffNodeGet(&columns->to[partner], "name"));
		if (from != NULL && to != NULL && strcmp(from, to) != 0)
			DmDiffRenameRemember(c, from, to);
	}
}

static void
compare_order(DmCompare *c, const DmDiffPairing *columns)
{
	int last = -1;

	for (int i = 0; i < columns->nfrom; i++)
	{
		int partner = columns->to_of[i];

		if (partner < 0)
			continue;
		if (partner < last)
		{
			DmDiffReport(
				c, DM_LEVEL_HELD,
				"who reads by position reads another column: the publisher must state the level",
				"columns stand in another order");
			return;
		}
		last = partner;
	}
}

static void
compare_pair(DmCompare *c, const char *what, DmDiffNode from, DmDiffNode to, bool kept)
{
	char *from_name = DmDiffNodeText(DmDiffNodeGet(from, "name"));
	char *to_name = DmDiffNodeText(DmDiffNodeGet(to, "name"));

	if (from_name == NULL || to_name == NULL)
	{
		if (!DmDiffNodeEqual(DmDiffNodeGet(from, "name"), DmDiffNodeGet(to, "name")))
			DmDiffReport(
				c, DM_LEVEL_HELD, DM_REASON_HELD, "%s",
				DmDiffDescribe("name", DmDiffNodeGet(from, "name"), DmDiffNodeGet(to, "name")));
	}
	else if (strcmp(from_name, to_name) != 0)
		report_rename(c, what, from_name, to_name, kept || DmDiffHasAlias(to, from_name));
}

static DmDiffPairing *
pair_named_items(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffPairing *items = DmDiffPairingCreate(c, field->from, field->to);

	if (items == NULL)
		return NULL;
	DmDiffPairBy(c, items, DmDiffKeyText, "id");
	DmDiffPairBy(c, items, DmDiffKeyText, "name");
	return items;
}

static void
compare_columns(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffPairing *columns = pair_named_items(c, field);
	bool *kept;

	if (columns == NULL)
		return;
	kept = names_kept(c, columns);
	if (c->depth == 0)
		remember_renames(c, columns);
	for (int i = 0; i < columns->nfrom; i++)
	{
		int partner = columns->to_of[i];
		DmDiffNode from = &columns->from[i];
		DmDiffNode to = partner >= 0 ? &columns->to[partner] : NULL;
		int saved;

		CHECK_FOR_INTERRUPTS();
		if (DmDiffNodeEqual(from, to))
			continue;
		saved = push_item(c, to != NULL ? to : from, to != NULL ? partner : i);
		if (to == NULL)
			report_dropped(c, from, "column");
		else
		{
			compare_pair(c, "column", from, to, kept[i]);
			compare_property(c, from, to);
		}
		DmDiffPop(c, saved);
	}
	for (int i = 0; i < columns->nto; i++)
	{
		int saved;

		if (columns->from_of[i] >= 0)
			continue;
		saved = push_item(c, &columns->to[i], i);
		report_added_column(c, &columns->to[i]);
		DmDiffPop(c, saved);
	}
	compare_order(c, columns);
	compare_primary_key(c, columns);
}

/* ---- objects ---- */

static const DmDiffField object_fields[] = {
	{"id", DmDiffFieldIdentity},
	{"name", DmDiffFieldIgnored}, /* told with the list */
	{"physicalName", compare_physical_name},
	{"properties", compare_columns},
	{"relationships", compare_relationships},
	{"quality", DmCompareRules},
	{"customProperties", DmCompareCustom},
	{"deprecated", compare_deprecated},
	{"description", DmDiffFieldPatch},
	{"businessName", DmDiffFieldPatch},
	{"tags", DmDiffFieldPatch},
	{"authoritativeDefinitions", DmDiffFieldPatch},
};

static void
compare_object(DmCompare *c, DmDiffNode from, DmDiffNode to, bool kept)
{
	compare_pair(c, "object", from, to, kept);
	c->object = DmDiffNodeText(DmDiffNodeGet(from, "name"));
	DmCompareFields(c, from, to, object_fields, lengthof(object_fields));
	c->object = NULL;
}

static void
report_added_object(DmCompare *c, DmDiffNode item)
{
	char *name = DmDiffNodeText(DmDiffNodeGet(item, "name"));

	if (name == NULL)
		DmDiffReport(c, DM_LEVEL_HELD, DM_REASON_HELD, "object without a name added: %s",
					 DmDiffNodeShow(item));
	else
		DmDiffReport(c, DM_LEVEL_MINOR, "what was read before is still there",
					 "object \"%s\" added", name);
}

static void
compare_objects(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffPairing *objects = pair_named_items(c, field);
	bool *kept;

	if (objects == NULL)
		return;
	kept = names_kept(c, objects);
	for (int i = 0; i < objects->nfrom; i++)
	{
		int partner = objects->to_of[i];
		DmDiffNode from = &objects->from[i];
		DmDiffNode to = partner >= 0 ? &objects->to[partner] : NULL;
		int saved = DmDiffPushIndex(c, partner >= 0 ? partner : i);

		CHECK_FOR_INTERRUPTS();
		if (to == NULL)
			report_dropped(c, from, "object");
		else if (!DmDiffNodeEqual(from, to))
			compare_object(c, from, to, kept[i]);
		DmDiffPop(c, saved);
	}
	for (int i = 0; i < objects->nto; i++)
	{
		int saved = DmDiffPushIndex(c, i);

		if (objects->from_of[i] < 0)
			report_added_object(c, &objects->to[i]);
		DmDiffPop(c, saved);
	}
}

/* ---- the document ---- */

static void
compare_status(DmCompare *c, const DmDiffFieldChange *field)
{
	static const char *const before_the_end[] = {"proposed", "draft", "active"};
	char *from = DmDiffNodeWord(field->from);
	char *to = DmDiffNodeWord(field->to);
	int living = 0;

	for (int i = 0; i < lengthof(before_the_end); i++)
	{
		living += from != NULL && strcmp(from, before_the_end[i]) == 0;
		living += to != NULL && strcmp(to, before_the_end[i]) == 0;
	}
	if (living == 2)
		DmDiffReport(c, DM_LEVEL_PATCH, "it says how far the document is, not what is read", "%s",
					 DmDiffDescribe("status", field->from, field->to));
	else if (living == 1 && to != NULL && strcmp(to, "deprecated") == 0)
		DmDiffReport(c, DM_LEVEL_MINOR,
					 "an end of life is announced, and nothing is taken away yet", "%s",
					 DmDiffDescribe("status", field->from, field->to));
	else
		DmDiffFieldHeld(c, field);
}

static const DmDiffField document_fields[] = {
	{"version", DmDiffFieldIgnored}, /* the answer, not the question */
	{"schema", compare_objects},
	{"slaProperties", DmCompareSlas},
	{"roles", DmCompareRoles},
	{"customProperties", DmCompareCustom},
	{"status", compare_status},
	{"description", DmDiffFieldPatch},
	{"tags", DmDiffFieldPatch},
	{"team", DmCompareTeam},
	{"support", DmDiffFieldPatch},
	{"price", DmDiffFieldPatch},
	{"authoritativeDefinitions", DmDiffFieldPatch},
	{"contractCreatedTs", DmDiffFieldPatch},
};

static JsonbValue
document_node(Jsonb *document, const char *which)
{
	JsonbValue node;

	if (!JB_ROOT_IS_OBJECT(document))
		ereport(
			ERROR,
			(errcode(ERRCODE_DM_INVALID_CONTRACT),
			 errmsg("the %s contract is not an object", which),
			 errdetail("It is a %s.", JB_ROOT_IS_SCALAR(document) ? "single value" : "list"),
			 errhint(
				 "Pass ODCS documents as jsonb, for example datamesh.parse_contract($$...$$).")));
	JsonbToJsonbValue(document, &node);
	return node;
}

List *
DmContractCompare(Jsonb *from, Jsonb *to, bool widening)
{
	DmCompare c = {0};
	JsonbValue from_node = document_node(from, "old");
	JsonbValue to_node = document_node(to, "new");

	initStringInfo(&c.path);
	c.from_document = &from_node;
	c.to_document = &to_node;
	c.widening = widening;
	c.rule_is_error = true;
	c.rule_counts_failures = true;
	c.writers = DmDiffHasWriter(DmDiffNodeGet(&from_node, "roles")) ||
				DmDiffHasWriter(DmDiffNodeGet(&to_node, "roles"));
	DmCompareFields(&c, &from_node, &to_node, document_fields, lengthof(document_fields));
	return c.changes;
}

DmLevel
DmRequiredLevel(Jsonb *from, Jsonb *to, bool widening, List **changes)
{
	List *found = DmContractCompare(from, to, widening);
	DmLevel level = DM_LEVEL_NONE;
	ListCell *lc;

	foreach (lc, found)
		level = Max(level, ((DmChange *) lfirst(lc))->level);
	if (changes != NULL)
		*changes = found;
	return level;
}

const char *
DmLevelName(DmLevel level)
{
	switch (level)
	{
		case DM_LEVEL_NONE:
			return "none";
		case DM_LEVEL_PATCH:
			return "patch";
		case DM_LEVEL_MINOR:
			return "minor";
		case DM_LEVEL_HELD:
			return "held";
		case DM_LEVEL_MAJOR:
			return "major";
	}
	elog(ERROR, "unknown level %d", (int) level);
}

/* ---- SQL ---- */

PG_FUNCTION_INFO_V1(dm_compare_contracts);
PG_FUNCTION_INFO_V1(dm_required_level);

Datum
dm_compare_contracts(PG_FUNCTION_ARGS)
{
	Jsonb *from = PG_GETARG_JSONB_P(0);
	Jsonb *to = PG_GETARG_JSONB_P(1);
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext work;
	MemoryContext saved;
	List *changes;
	ListCell *lc;

	InitMaterializedSRF(fcinfo, 0);
	work = AllocSetContextCreate(CurrentMemoryContext, "comparison of contracts",
								 ALLOCSET_DEFAULT_SIZES);
	saved = MemoryContextSwitchTo(work);
	changes = DmContractCompare(from, to, PG_GETARG_BOOL(2));
	foreach (lc, changes)
	{
		DmChange *change = lfirst(lc);
		Datum values[5];
		bool nulls[5] = {false};

		values[0] = CStringGetTextDatum(change->path);
		values[1] = CStringGetTextDatum(change->change);
		values[2] = CStringGetTextDatum(DmLevelName(change->level));
		values[3] = BoolGetDatum(change->needs_approval);
		values[4] = CStringGetTextDatum(change->reason);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	MemoryContextSwitchTo(saved);
	MemoryContextDelete(work);
	return (Datum) 0;
}

Datum
dm_required_level(PG_FUNCTION_ARGS)
{
	Jsonb *from = PG_GETARG_JSONB_P(0);
	Jsonb *to = PG_GETARG_JSONB_P(1);

	PG_RETURN_TEXT_P(
		cstring_to_text(DmLevelName(DmRequiredLevel(from, to, PG_GETARG_BOOL(2), NULL))));
}
