/*-------------------------------------------------------------------------
 *
 * compare_personal.c
 *		Personal data of two contracts: columns that are redacted because they are
 *		declared to hold it, in every place where a contract may declare it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "contract/compare_access.h"

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
		DmDiffShowsLess(c, psprintf("%s: it is redacted", change));
	else
		DmDiffShowsMore(c, psprintf("%s: it was redacted", change));
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
	return DmDiffListsName(custom_value(level, "datamesh.pii_columns"), column) ||
		   DmDiffListsName(custom_value(level, "pii_columns"), column) ||
		   DmDiffListsName(DmDiffNodeGet(custom_value(level, "access_policy"), "pii_columns"),
						   column);
}

/* What readers get of a property for which no mask is named: NULL for the value. */
static DmDiffNode
mask_unnamed(DmDiffNode document, DmDiffNode property)
{
	char *name = DmDiffNodeText(DmDiffNodeGet(property, "name"));

	if (is_personal(DmDiffNodeGet(property, "classification")) ||
		(name != NULL &&
		 (lists_personal(document, name) || lists_personal(first_object(document), name))))
		return DmDiffRedacted();
	return NULL;
}

/* datamesh.mask of a property.  One that comes or goes stands against the redaction of personal data. */
void
DmComparePropertyMask(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffFieldChange change = *field;

	if (change.from == NULL)
		change.from = mask_unnamed(c->from_document, c->from_property);
	if (change.to == NULL)
		change.to = mask_unnamed(c->to_document, c->to_property);
	DmCompareMask(c, &change);
}

void
DmComparePersonalColumns(DmCompare *c, const DmDiffFieldChange *field)
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
			if (name != NULL && !DmDiffListsName(sides[1 - side], name))
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
void
DmCompareAccessPolicy(DmCompare *c, const DmDiffFieldChange *field)
{
	ListCell *cell;

	if (!DmDiffIsMapOrAbsent(field->from) || !DmDiffIsMapOrAbsent(field->to))
	{
		DmDiffFieldHeld(c, field);
		return;
	}
	foreach (cell, DmDiffKeysOf(field->from, field->to))
	{
		DmDiffFieldChange part = {lfirst(cell), DmDiffNodeGet(field->from, lfirst(cell)),
								  DmDiffNodeGet(field->to, lfirst(cell)), field->from, field->to};
		int saved = DmDiffPushKey(c, lfirst(cell));

		if (DmDiffNodeEqual(part.from, part.to))
			;
		else if (strcmp(part.name, "masking_rules") == 0)
			DmCompareMaskingRules(c, &part);
		else if (strcmp(part.name, "pii_columns") == 0)
			DmComparePersonalColumns(c, &part);
		else
			DmDiffFieldHeld(c, &part);
		DmDiffPop(c, saved);
	}
}

/* How many rows must look alike: fewer show more of each. */
void
DmCompareAnonymity(DmCompare *c, const DmDiffFieldChange *field)
{
	char *from = DmDiffNodeText(DmDiffNodeGet(field->from, "k"));
	char *to = DmDiffNodeText(DmDiffNodeGet(field->to, "k"));
	char *change = DmDiffDescribe("smallest group", field->from, field->to);

	if (field->from != NULL && field->to != NULL &&
		(from == NULL || to == NULL ||
		 !DmDiffNodeEqual(DmDiffNodeGet(field->from, "columns"),
						  DmDiffNodeGet(field->to, "columns"))))
		DmDiffMaybeMore(c, change);
	else if (field->to == NULL || (field->from != NULL && strtod(to, NULL) < strtod(from, NULL)))
		DmDiffShowsMore(c, change);
	else
		DmDiffReport(c, DM_LEVEL_MINOR, "a release must keep more; readers lose nothing", "%s",
					 change);
}
