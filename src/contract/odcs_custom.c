/*-------------------------------------------------------------------------
 *
 * odcs_custom.c
 *		ODCS: what every object may have, and the customProperties that are ours.
 *
 * What the standard has no field for lives under names that begin with
 * "datamesh."; such a name that we do not know is a slip of the pen, and an error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/pg_list.h"

#include "contract/mask.h"
#include "contract/odcs.h"

void
DmCheckStableId(DmValidator *v, const DmPath *path, const DmNode *node)
{
	for (const char *s = node->text; *s; s++)
	{
		if (!DmIsAlnum(*s) && *s != '_' && *s != '-')
		{
			DmProblem(v, path, "\"%s\" may have only letters, digits, _ and -",
					  DmExcerpt(node->text));
			return;
		}
	}
}

/*
 * What every object of the standard may have
 */

/* clang-format off */
static const DmField definition_fields[] = {
	F("id", S, .check = DmCheckStableId),
	F("url", S, .flags = REQUIRED),
	F("type", S, .flags = REQUIRED),
	F("description", S),
	END,
};
/* clang-format on */
const DmShape dm_definition_shape = {.fields = definition_fields};

/* clang-format off */
static const DmField custom_fields[] = {
	F("id", S, .check = DmCheckStableId),
	F("property", S, .flags = REQUIRED | FILLED),
	F("value", ANY, .flags = REQUIRED),
	F("description", S),
	END,
};
/* clang-format on */
const DmShape dm_custom_shape = {.fields = custom_fields};

/*
 * customProperties of ours
 */

typedef enum CustomLevel
{
	LEVEL_ROOT = 1,
	LEVEL_OBJECT = 2,
	LEVEL_PROPERTY = 4,
	LEVEL_ROLE = 8,
	LEVEL_OTHER = 16,
} CustomLevel;

typedef struct CustomRule
{
	const char *name;
	int levels;
	DmField value;
} CustomRule;

/* Every member an array of column names, none of them empty. */
static void
check_indexes(DmValidator *v, const DmPath *path, const DmNode *node)
{
	static const DmField column = F("column", S, .flags = FILLED);

	for (int i = 0; i < node->count; i++)
	{
		DmPath here = DmMember(path, i);
		const DmNode *index = node->items[i];

		if (!DmIsKind(index, A))
			continue;
		if (index->count == 0)
			DmProblem(v, &here, "an index has at least one column");
		for (int j = 0; j < index->count; j++)
		{
			DmPath there = DmMember(&here, j);

			DmCheckValue(v, &there, index->items[j], &column);
		}
	}
}

static void
check_dependencies(DmValidator *v, const DmPath *path, const DmNode *node)
{
	static const DmField product = F("product", S, .flags = FILLED);

	for (int i = 0; i < node->count; i++)
	{
		DmPath here = DmMember(path, i);

		if (DmIsKind(node->items[i], S))
			DmCheckValue(v, &here, node->items[i], &product);
	}
}

/* Names of columns, at least one. */
static void
check_columns(DmValidator *v, const DmPath *path, const DmNode *node)
{
	static const DmField column = F("column", S, .flags = FILLED);

	if (node->count == 0)
		DmProblem(v, path, "expected at least one column");
	for (int i = 0; i < node->count; i++)
	{
		DmPath here = DmMember(path, i);

		if (DmIsKind(node->items[i], S))
			DmCheckValue(v, &here, node->items[i], &column);
	}
}

/* A condition, or true or false. */
static void
check_condition(DmValidator *v, const DmPath *path, const DmNode *node)
{
	static const DmField condition = F("condition", S | B, .flags = FILLED);

	DmCheckValue(v, path, node, &condition);
}

static void
check_row_filter(DmValidator *v, const DmPath *path, const DmNode *node)
{
	if (DmIsKind(node, O) && node->count == 0)
		DmProblem(v, path, "expected a condition for each of some consumers, found none");
	for (int i = 0; node->kind == O && i < node->count; i++)
	{
		DmPath here = DmBelow(path, node->entries[i].key);

		check_condition(v, &here, node->entries[i].value);
	}
}

/* clang-format off */
static const DmField anonymity_fields[] = {
	F("k", N, .flags = REQUIRED | INTEGER | POSITIVE),
	F("columns", A, .flags = REQUIRED, .item_kinds = S, .check = check_columns),
	END,
};
/* clang-format on */

static void
check_anonymity(DmValidator *v, const DmPath *path, const DmNode *node)
{
	const DmShape shape = {.fields = anonymity_fields};

	for (int i = 0; i < node->count; i++)
	{
		DmPath here = DmBelow(path, node->entries[i].key);

		if (DmFindField(&shape, node->entries[i].key) == NULL)
			DmProblem(v, &here, "not one of k, columns");
	}
}
static const DmShape anonymity_shape = {.fields = anonymity_fields, .check = check_anonymity};

static void
check_enforcement(DmValidator *v, const DmPath *path, const DmNode *node)
{
	if (DmIsKind(node, B) && strcmp(node->text, "false") == 0)
		DmProblem(v, path, "cannot be turned off: nothing is published that the gates refuse");
}

static const char *const modes[] = {"snapshot", "live", NULL};

/* clang-format off */
static const CustomRule custom_rules[] = {
	{"datamesh.mode", LEVEL_ROOT | LEVEL_OBJECT, F("value", S, .values = modes)},
	{"datamesh.retention", LEVEL_ROOT | LEVEL_OBJECT, F("value", N, .flags = INTEGER | POSITIVE)},
	{"datamesh.dependencies", LEVEL_ROOT | LEVEL_OBJECT,
	 F("value", A, .item_kinds = S, .check = check_dependencies)},
	{"datamesh.mask", LEVEL_PROPERTY, F("value", S | O | B, .flags = FILLED, .check = DmCheckMask)},
	{"datamesh.masking_rules", LEVEL_ROOT | LEVEL_OBJECT, F("value", O, .check = DmCheckMaskingRules)},
	{"datamesh.pii_columns", LEVEL_ROOT | LEVEL_OBJECT,
	 F("value", A, .item_kinds = S, .check = check_columns)},
	{"datamesh.quality_rules", LEVEL_ROOT | LEVEL_OBJECT, F("value", O)},
	{"datamesh.rowFilter", LEVEL_ROOT | LEVEL_OBJECT,
	 F("value", S | O | B, .flags = FILLED, .check = check_row_filter)},
	{"datamesh.kAnonymity", LEVEL_ROOT | LEVEL_OBJECT, F("value", O, .shape = &anonymity_shape)},
	{"datamesh.aliases", LEVEL_PROPERTY, F("value", A, .item_kinds = S, .check = check_columns)},
	{"datamesh.enforcement", LEVEL_ROOT | LEVEL_OBJECT, F("value", B, .check = check_enforcement)},
	{"datamesh.columns", LEVEL_ROLE, F("value", A, .item_kinds = S, .check = check_columns)},
	{"datamesh.indexes", LEVEL_ROOT | LEVEL_OBJECT,
	 F("value", A, .item_kinds = A, .check = check_indexes)},
};
/* clang-format on */

static const char *
level_name(int levels)
{
	if (levels == LEVEL_PROPERTY)
		return "a property";
	if (levels == LEVEL_ROLE)
		return "a role";
	return "the contract itself or an object of schema";
}

static char *
custom_names(void)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < lengthof(custom_rules); i++)
		appendStringInfo(&text, "%s%s", i ? ", " : "", custom_rules[i].name);
	return text.data;
}

static void
check_custom_rule(DmValidator *v, const DmPath *path, const DmNode *custom, const char *name,
				  CustomLevel level)
{
	for (int i = 0; i < lengthof(custom_rules); i++)
	{
		const CustomRule *rule = &custom_rules[i];
		const DmNode *value = DmNodeGet(custom, "value");
		DmPath here = DmBelow(path, "value");

		if (strcmp(rule->name, name) != 0)
			continue;
		if (!(rule->levels & level))
			DmProblem(v, path, "%s belongs to the customProperties of %s", name,
					  level_name(rule->levels));
		else if (value != NULL)
			DmCheckValue(v, &here, value, &rule->value);
		return;
	}
	DmProblem(v, path, "\"%s\" is not one of %s", DmExcerpt(name), custom_names());
}

static void
check_custom(DmValidator *v, const DmPath *path, const DmNode *list, CustomLevel level)
{
	List *seen = NIL;
	ListCell *lc;

	for (int i = 0; i < list->count; i++)
	{
		const DmNode *custom = list->items[i];
		const char *name = DmNodeString(DmNodeGet(custom, "property"));
		DmPath here = DmMember(path, i);
		bool again = false;

		if (name == NULL || pg_strncasecmp(name, "datamesh.", 9) != 0)
			continue;
		foreach (lc, seen)
			again = again || strcmp(lfirst(lc), name) == 0;
		if (again)
			DmProblem(v, &here, "%s is set a second time", DmExcerpt(name));
		else
		{
			/* only known names go into the list, so that it stays short */
			int before = v->problem_count;

			check_custom_rule(v, &here, custom, name, level);
			if (v->problem_count == before)
				seen = lappend(seen, (void *) name);
		}
	}
	list_free(seen);
}

void
DmCheckCustomRoot(DmValidator *v, const DmPath *path, const DmNode *node)
{
	check_custom(v, path, node, LEVEL_ROOT);
}

void
DmCheckCustomObject(DmValidator *v, const DmPath *path, const DmNode *node)
{
	check_custom(v, path, node, LEVEL_OBJECT);
}

void
DmCheckCustomProperty(DmValidator *v, const DmPath *path, const DmNode *node)
{
	check_custom(v, path, node, LEVEL_PROPERTY);
}

void
DmCheckCustomRole(DmValidator *v, const DmPath *path, const DmNode *node)
{
	check_custom(v, path, node, LEVEL_ROLE);
}

void
DmCheckCustomOther(DmValidator *v, const DmPath *path, const DmNode *node)
{
	check_custom(v, path, node, LEVEL_OTHER);
}
