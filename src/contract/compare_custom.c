/*-------------------------------------------------------------------------
 *
 * compare_custom.c
 *		The customProperties of two contracts: which are the same, and who
 *		compares the values of those that datamesh understands; how a product is
 *		kept, and the names that columns had before.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "contract/compare_access.h"

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

	return word == NULL || !DmDiffIsOneOf(word, off, lengthof(off));
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

bool
DmDiffListsName(DmDiffNode value, const char *name)
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
		if (token == WJB_ELEM && DmDiffListsName(item.type == jbvString ? &item : NULL, name))
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
			DmDiffListsName(DmDiffNodeGet(&entry, "value"), name))
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
	{"datamesh.mask", DmComparePropertyMask},
	{"datamesh.maskingrules", DmCompareMaskingRules},
	{"maskingrules", DmCompareMaskingRules},
	{"datamesh.piicolumns", DmComparePersonalColumns},
	{"piicolumns", DmComparePersonalColumns},
	{"accesspolicy", DmCompareAccessPolicy},
	{"datamesh.kanonymity", DmCompareAnonymity},
	{"datamesh.rowfilter", DmCompareRowFilter},
	{"datamesh.columns", DmCompareColumnList},
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
