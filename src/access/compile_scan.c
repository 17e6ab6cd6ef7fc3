/*-------------------------------------------------------------------------
 *
 * compile_scan.c
 *		Wishes for protection that nothing would fulfil.
 *
 * A mask or a filter that stands in the wrong place, or is nearly called like one, is kept
 * by the standard's rules ("unknown keys survive") and would be read by nobody: its author
 * thinks the column is masked, and consumers read it.  So the whole document is searched for such
 * names before anything is published.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "access/compile.h"

/* Where we are in the document. */
typedef enum Place
{
	PLACE_ROOT,
	PLACE_OBJECT,
	PLACE_PROPERTY,
	PLACE_ROLE,
	PLACE_OTHER,
} Place;

/* The names that are read, and where. */
typedef struct Known
{
	const char *name;
	int places; /* bits 1 << Place */
} Known;

#define AT(place) (1 << (place))
#define OF_PRODUCT (AT(PLACE_ROOT) | AT(PLACE_OBJECT))

static const Known known[] = {
	{"datamesh.mask", AT(PLACE_PROPERTY)},
	{"datamesh.masking_rules", OF_PRODUCT},
	{"masking_rules", OF_PRODUCT},
	{"datamesh.pii_columns", OF_PRODUCT},
	{"pii_columns", OF_PRODUCT},
	{"access_policy", OF_PRODUCT},
	{"datamesh.rowFilter", OF_PRODUCT},
	{"datamesh.columns", AT(PLACE_ROLE)},
	{"datamesh.aliases", AT(PLACE_PROPERTY)},
	{"datamesh.enforcement", OF_PRODUCT},
	{"datamesh.kAnonymity", OF_PRODUCT},
	{"datamesh.mode", OF_PRODUCT},
	{"datamesh.retention", OF_PRODUCT},
	{"datamesh.dependencies", OF_PRODUCT},
	{"datamesh.indexes", OF_PRODUCT},
	{"datamesh.quality_rules", OF_PRODUCT},
};

/* Words, without signs and in lower case, that somebody writes who wants something protected. */
static const char *const wishes[] = {"mask",
									 "masks",
									 "masked",
									 "masking",
									 "maskingrule",
									 "maskingrules",
									 "maskingpolicy",
									 "maskingfunction",
									 "maskfunction",
									 "columnmask",
									 "columnmasks",
									 "columnmasking",
									 "rowfilter",
									 "rowfilters",
									 "rowfiltering",
									 "rowlevelfilter",
									 "rowlevelsecurity",
									 "rowpolicy",
									 "accesspolicy",
									 "pii",
									 "piicolumn",
									 "piicolumns",
									 "kanonymity",
									 NULL};

/* The same within a role, which may have a list of columns. */
static const char *const role_wishes[] = {"columns", "allowedcolumns", "columnlist",
										  "hiddencolumns", NULL};

static bool
is_wish(const char *name, Place place)
{
	char word[32];
	int length = 0;
	bool ours = pg_strncasecmp(name, "datamesh", 8) == 0;

	/* "datamesh.anything", however it is spelt */
	if (ours && name[8] != '\0' && !DmIsAlnum(name[8]))
		return true;
	for (; *name != '\0'; name++)
	{
		if (!DmIsAlnum(*name))
			continue;
		if (length == sizeof(word) - 1)
			return false;
		word[length++] = (char) pg_ascii_tolower((unsigned char) *name);
	}
	word[length] = '\0';
	return DmIsOneOf(word, wishes) || (place == PLACE_ROLE && DmIsOneOf(word, role_wishes));
}

static bool
is_known(const char *name, Place place)
{
	for (int i = 0; i < lengthof(known); i++)
		if (strcmp(known[i].name, name) == 0)
			return (known[i].places & AT(place)) != 0;
	return false;
}

static void
report(DmAccess *access, const DmPath *path, const char *name)
{
	DmProblem(&access->problems, path, "\"%s\" asks for protection, and has no effect here",
			  DmExcerpt(name));
}

static void scan(DmAccess *access, const DmPath *path, const DmNode *node, Place place);

/* One of the customProperties.  What others put into theirs is their own. */
static void
scan_custom(DmAccess *access, const DmPath *path, const DmNode *custom, Place place)
{
	const char *name = DmNodeString(DmNodeGet(custom, "property"));
	const DmNode *value = DmNodeGet(custom, "value");
	DmPath here = DmBelow(path, "value");

	if (name == NULL)
		return;
	if (!is_known(name, place))
	{
		if (is_wish(name, place))
			report(access, path, name);
		return;
	}
	if (strcmp(name, "access_policy") != 0 || value == NULL || value->kind != O)
		return;
	for (int i = 0; i < value->count; i++)
	{
		const char *key = value->entries[i].key;
		DmPath below = DmBelow(&here, key);

		if (is_wish(key, place) && strcmp(key, "pii_columns") != 0 &&
			strcmp(key, "masking_rules") != 0)
			report(access, &below, key);
	}
}

/* What the members of an array are that is called so, within "place". */
static Place
place_below(const char *key, Place place, int depth)
{
	if (depth == 0 && strcmp(key, "schema") == 0)
		return PLACE_OBJECT;
	if (depth == 0 && strcmp(key, "roles") == 0)
		return PLACE_ROLE;
	if (place == PLACE_OBJECT && strcmp(key, "properties") == 0)
		return PLACE_PROPERTY;
	return PLACE_OTHER;
}

static int
depth_of(const DmPath *path)
{
	int depth = 0;

	for (; path != NULL; path = path->up)
		depth++;
	return depth;
}

static void
scan_array(DmAccess *access, const DmPath *path, const DmNode *array, Place place, bool custom)
{
	for (int i = 0; i < array->count; i++)
	{
		DmPath here = DmMember(path, i);

		if (custom && array->items[i]->kind == O)
			scan_custom(access, &here, array->items[i], place);
		else
			scan(access, &here, array->items[i], place);
	}
}

static void
scan(DmAccess *access, const DmPath *path, const DmNode *node, Place place)
{
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (node->kind == A)
		scan_array(access, path, node, place, false);
	if (node->kind != O)
		return;
	for (int i = 0; i < node->count; i++)
	{
		const DmEntry *entry = &node->entries[i];
		DmPath here = DmBelow(path, entry->key);

		if (is_wish(entry->key, place))
			report(access, &here, entry->key);
		else if (strcmp(entry->key, "customProperties") == 0 && entry->value->kind == A)
			scan_array(access, &here, entry->value, place, true);
		else
			scan(access, &here, entry->value, place_below(entry->key, place, depth_of(path)));
	}
}

void
DmAccessScan(DmAccess *access, const DmNode *document)
{
	scan(access, NULL, document, PLACE_ROOT);
}
