/*-------------------------------------------------------------------------
 *
 * compile.c
 *		What a contract says of masks, row filters and columns, read and made into the rules of
 *		a port.
 *
 * The contract says it in several places, the lesson's among them; here they become one
 * decision for each column and consumer:
 *
 *	- a mask of the property (datamesh.mask), or of the masking rules, by its name;
 *	- personal data without any mask named is redacted;
 *	- what a consumer's list of columns leaves out is hidden from it.
 *
 * What this file keeps true: a name that means nothing (a column, a consumer, a mask) is an
 * error.  A slip of the pen must never be the reason that somebody sees more.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/formatting.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "access/compile.h"
#include "base/errors.h"
#include "base/session.h"

#define MAX_LEVELS 2 /* the contract itself, and its object */

/* Where custom properties may stand that are about the whole product. */
typedef struct Level
{
	const DmNode *node;
	const DmPath *path;
} Level;

typedef struct Levels
{
	Level level[MAX_LEVELS];
	DmPath schema;
	DmPath object;
} Levels;

/* A custom property that was found, and the path to its value. */
typedef struct Custom
{
	const DmNode *value;
	DmPath list;
	DmPath member;
	DmPath whole; /* the custom property's value */
	DmPath here;  /* that, or a key of it */
} Custom;

/* What the policies of the domain say. */
typedef struct Standards
{
	List *classifications; /* char *, lower case: what means personal data */
	bool
		gate_finds_pii; /* the gate refuses columns of the lesson's pii_columns that are not there */
} Standards;

/* ---- names ---- */

DmAccessColumn *
DmAccessFindColumn(const DmAccess *access, const char *name)
{
	ListCell *cell;

	foreach (cell, access->columns)
		if (strcmp(((DmAccessColumn *) lfirst(cell))->name, name) == 0)
			return lfirst(cell);
	return NULL;
}

static bool
has_name(List *names, const char *name)
{
	ListCell *cell;

	foreach (cell, names)
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	return false;
}

static DmAccessColumn *
require_column(DmAccess *access, const DmPath *path, const char *name)
{
	DmAccessColumn *column = DmAccessFindColumn(access, name);

	if (column == NULL)
		DmProblem(&access->problems, path, "\"%s\" is not a column of the contract",
				  DmExcerpt(name));
	return column;
}

static bool
require_consumer(DmAccess *access, const DmPath *path, const char *name)
{
	StringInfoData known;
	ListCell *cell;

	if (has_name(access->consumers, name))
		return true;
	initStringInfo(&known);
	foreach (cell, access->consumers)
		appendStringInfo(&known, "%s%s", known.len > 0 ? ", " : ": ", (char *) lfirst(cell));
	DmProblem(&access->problems, path, "\"%s\" is not one of the contract's readers%s",
			  DmExcerpt(name), known.len > 0 ? known.data : ", of whom there are none");
	return false;
}

/* ---- the document ---- */

static bool
find_custom(const DmNode *node, const DmPath *path, const char *property, Custom *custom)
{
	const DmNode *list = DmNodeGet(node, "customProperties");

	if (list == NULL || list->kind != A)
		return false;
	custom->list = DmBelow(path, "customProperties");
	for (int i = 0; i < list->count; i++)
	{
		const char *name = DmNodeString(DmNodeGet(list->items[i], "property"));

		if (name == NULL || strcmp(name, property) != 0)
			continue;
		custom->member = DmMember(&custom->list, i);
		custom->here = custom->whole = DmBelow(&custom->member, "value");
		custom->value = DmNodeGet(list->items[i], "value");
		return custom->value != NULL;
	}
	return false;
}

/* The same in the forms it may have at a level: datamesh.x, x, and x within access_policy. */
#define PRODUCT_FORMS 3

static bool
find_product_custom(const Level *level, const char *property, int form, Custom *custom)
{
	if (form == 0)
		return find_custom(level->node, level->path, psprintf("datamesh.%s", property), custom);
	if (form == 1)
		return find_custom(level->node, level->path, property, custom);
	if (!find_custom(level->node, level->path, "access_policy", custom))
		return false;
	custom->value = DmNodeGet(custom->value, property);
	custom->here = DmBelow(&custom->whole, property);
	return custom->value != NULL;
}

/* ---- what the policies say ---- */

static void
read_standards(const DmAccess *access, Standards *standards)
{
	const Oid type = TEXTOID;
	Datum value = CStringGetTextDatum(access->product->domain->name);
	DmIdentity saved;

	DmBecomeExtensionOwner(&saved);
	DmSpiExecute(
		"SELECT DISTINCT pg_catalog.lower(c.name) FROM datamesh.domain_policies($1) p, "
		"LATERAL pg_catalog.jsonb_array_elements_text(CASE pg_catalog.jsonb_typeof("
		"p.parameters -> 'classifications') WHEN 'array' THEN p.parameters -> 'classifications' "
		"ELSE '[]' END) AS c(name) WHERE p.policy = 'security.masking' ORDER BY 1",
		1, &type, &value, NULL, false);
	standards->classifications = NIL;
	for (uint64 row = 0; row < SPI_processed; row++)
		standards->classifications = lappend(standards->classifications, DmSpiText(row, 1));
	DmSpiExecute("SELECT FROM datamesh.domain_policies($1) p "
				 "WHERE p.policy = 'security.pii' AND p.severity = 'CRITICAL'",
				 1, &type, &value, NULL, false);
	standards->gate_finds_pii = SPI_processed > 0;
	DmIdentityRestore(&saved);
}

/* ---- masks ---- */

static DmProtected *
protect(DmAccess *access, DmAccessColumn *column)
{
	DmProtected *protected;
	ListCell *cell;

	foreach (cell, access->protected)
		if (((DmProtected *) lfirst(cell))->column == column)
			return lfirst(cell);
	protected = palloc0(sizeof(DmProtected));
	protected->column = column;
	access->protected = lappend(access->protected, protected);
	return protected;
}

/* The number of a mask among the column's: 0 for none. */
static int
mask_number(DmAccess *access, DmProtected *protected, DmMask *mask, const DmPath *path)
{
	DmAccessMask *entry;
	char *text;
	ListCell *cell;

	if (mask->kind == DM_MASK_NONE)
		return DM_ACCESS_RAW;
	if (mask->kind == DM_MASK_NOISE && mask->columns == NIL)
		mask->columns = access->key;
	text = DmMaskText(mask);
	foreach (cell, protected->masks)
		if (strcmp(((DmAccessMask *) lfirst(cell))->text, text) == 0)
			return foreach_current_index(cell) + 1;
	entry = palloc(sizeof(DmAccessMask));
	entry->mask = mask;
	entry->text = text;
	entry->path = path == NULL ? NULL : DmPathText(path);
	protected->masks = lappend(protected->masks, entry);
	return list_length(protected->masks);
}

static DmAccessChoice *
find_choice(List *choices, const char *consumer)
{
	ListCell *cell;

	foreach (cell, choices)
		if (strcmp(((DmAccessChoice *) lfirst(cell))->consumer, consumer) == 0)
			return lfirst(cell);
	return NULL;
}

static void
choose(DmProtected *protected, const char *consumer, int mask)
{
	DmAccessChoice *choice = find_choice(protected->choices, consumer);

	if (choice == NULL)
	{
		choice = palloc(sizeof(DmAccessChoice));
		choice->consumer = pstrdup(consumer);
		protected->choices = lappend(protected->choices, choice);
	}
	choice->mask = mask;
}

static void
read_consumer_masks(DmAccess *access, const DmPath *path, const DmNode *consumers,
					DmProtected *protected)
{
	DmPath below = DmBelow(path, "consumers");

	if (consumers->kind != O)
	{
		DmProblem(&access->problems, &below, "expected an object of masks by consumer");
		return;
	}
	for (int i = 0; i < consumers->count; i++)
	{
		const DmEntry *entry = &consumers->entries[i];
		DmPath here = DmBelow(&below, entry->key);
		DmMask *mask;

		if (require_consumer(access, &here, entry->key) &&
			DmMaskRead(&access->problems, &here, entry->value, &mask, NULL))
			choose(protected, entry->key, mask_number(access, protected, mask, &here));
	}
}

/* What is said of a column's mask in one place. */
static void
read_mask(DmAccess *access, const DmPath *path, const DmNode *value, DmAccessColumn *column)
{
	DmProtected *protected = protect(access, column);
	const DmNode *consumers;
	DmMask *mask;

	if (protected->path != NULL)
	{
		DmProblem(&access->problems, path, "the mask of column \"%s\" is said at %s already",
				  column->name, protected->path);
		return;
	}
	protected->path = DmPathText(path);
	if (!DmMaskRead(&access->problems, path, value, &mask, &consumers))
		return;
	if (mask != NULL)
	{
		protected->named = true;
		protected->otherwise = mask_number(access, protected, mask, path);
	}
	if (consumers != NULL)
		read_consumer_masks(access, path, consumers, protected);
}

static void
read_masking_rules(DmAccess *access, const Levels *levels)
{
	Custom custom;

	for (int i = 0; i < MAX_LEVELS; i++)
		for (int form = 0; form < PRODUCT_FORMS; form++)
		{
			if (!find_product_custom(&levels->level[i], "masking_rules", form, &custom))
				continue;
			if (custom.value->kind != O)
			{
				DmProblem(&access->problems, &custom.here,
						  "expected an object of masks by column, found %s",
						  DmFoundText(custom.value));
				continue;
			}
			for (int j = 0; j < custom.value->count; j++)
			{
				const DmEntry *entry = &custom.value->entries[j];
				DmPath here = DmBelow(&custom.here, entry->key);
				DmAccessColumn *column = require_column(access, &here, entry->key);

				if (column != NULL)
					read_mask(access, &here, entry->value, column);
			}
		}
}

static void
read_personal_columns(DmAccess *access, const Levels *levels, const Standards *standards)
{
	Custom custom;

	for (int i = 0; i < MAX_LEVELS; i++)
		for (int form = 0; form < PRODUCT_FORMS; form++)
		{
			if (!find_product_custom(&levels->level[i], "pii_columns", form, &custom))
				continue;
			if (custom.value->kind != A)
			{
				DmProblem(&access->problems, &custom.here, "expected an array of columns, found %s",
						  DmFoundText(custom.value));
				continue;
			}
			for (int j = 0; j < custom.value->count; j++)
			{
				const DmNode *name = custom.value->items[j];
				DmPath here = DmMember(&custom.here, j);
				DmAccessColumn *column = NULL;

				if (name->kind != S)
					DmProblem(&access->problems, &here, "expected the name of a column, found %s",
							  DmFoundText(name));
				else if (form > 0 && standards->gate_finds_pii)
					column = DmAccessFindColumn(access, name->text);
				else
					column = require_column(access, &here, name->text);
				if (column != NULL)
					protect(access, column)->personal = true;
			}
		}
}

/* The properties: their masks, their classifications, and the primary key. */
static void
read_properties(DmAccess *access, const Levels *levels, const Standards *standards)
{
	const DmNode *properties = DmNodeGet(levels->level[1].node, "properties");
	DmPath list = DmBelow(levels->level[1].path, "properties");

	for (int i = 0; properties != NULL && properties->kind == A && i < properties->count; i++)
	{
		const DmNode *property = properties->items[i];
		const char *name = DmNodeString(DmNodeGet(property, "name"));
		const char *classification = DmNodeString(DmNodeGet(property, "classification"));
		DmAccessColumn *column = name == NULL ? NULL : DmAccessFindColumn(access, name);
		DmPath here = DmMember(&list, i);
		Custom custom;

		CHECK_FOR_INTERRUPTS();
		if (column == NULL)
			continue;
		if (find_custom(property, &here, "datamesh.mask", &custom))
			read_mask(access, &custom.here, custom.value, column);
		if (classification != NULL &&
			has_name(standards->classifications,
					 str_tolower(classification, strlen(classification), DEFAULT_COLLATION_OID)))
			protect(access, column)->personal = true;
	}
}

/* ---- the lesson's access_policy ---- */

/* Consumers that it allows: catalog.sql has made roles of them.  No role may give more than it does. */
static void
check_allowed_consumers(DmAccess *access, const DmPath *path, const DmNode *allowed)
{
	List *names = NIL;
	ListCell *cell;

	if (allowed->kind != A)
	{
		DmProblem(&access->problems, path, "expected an array of consumers, found %s",
				  DmFoundText(allowed));
		return;
	}
	for (int i = 0; i < allowed->count; i++)
	{
		DmPath here = DmMember(path, i);

		if (allowed->items[i]->kind == S)
			names = lappend(names, (char *) allowed->items[i]->text);
		else
			DmProblem(&access->problems, &here, "expected the name of a consumer, found %s",
					  DmFoundText(allowed->items[i]));
	}
	foreach (cell, access->consumers)
		if (!has_name(names, lfirst(cell)) &&
			strcmp(lfirst(cell), access->product->domain->name) != 0)
			DmProblem(&access->problems, path,
					  "\"%s\" is not allowed here, and is a reader in roles",
					  DmExcerpt(lfirst(cell)));
}

static void
check_access_policy(DmAccess *access, const Levels *levels)
{
	for (int i = 0; i < MAX_LEVELS; i++)
	{
		const DmNode *owner;
		const DmNode *allowed;
		Custom custom;
		DmPath here;

		if (!find_custom(levels->level[i].node, levels->level[i].path, "access_policy", &custom))
			continue;
		if (custom.value->kind != O)
		{
			DmProblem(&access->problems, &custom.here, "expected an object, found %s",
					  DmFoundText(custom.value));
			continue;
		}
		owner = DmNodeGet(custom.value, "owner_domain");
		here = DmBelow(&custom.here, "owner_domain");
		if (owner != NULL &&
			(owner->kind != S || strcmp(owner->text, access->product->domain->name) != 0))
			DmProblem(&access->problems, &here, "expected \"%s\", the contract's domain, found %s",
					  access->product->domain->name, DmFoundText(owner));
		allowed = DmNodeGet(custom.value, "allowed_consumers");
		here = DmBelow(&custom.here, "allowed_consumers");
		if (allowed != NULL)
			check_allowed_consumers(access, &here, allowed);
	}
}

static void
read_key(DmAccess *access)
{
	const Oid type = INT4OID;
	Datum value = Int32GetDatum(access->contract->contract_id);
	DmIdentity saved;

	DmBecomeExtensionOwner(&saved);
	DmSpiExecute("SELECT column_name FROM datamesh.contract_column WHERE contract_id = $1 "
				 "AND primary_key_position IS NOT NULL ORDER BY primary_key_position, position",
				 1, &type, &value, NULL, false);
	for (uint64 row = 0; row < SPI_processed; row++)
		access->key = lappend(access->key, DmSpiText(row, 1));
	DmIdentityRestore(&saved);
}

/* A consumer's list of columns hides the others from it. */
static void
read_column_lists(DmAccess *access, const DmNode *document)
{
	const DmNode *roles = DmNodeGet(document, "roles");
	DmPath list = DmBelow(NULL, "roles");

	for (int i = 0; roles != NULL && roles->kind == A && i < roles->count; i++)
	{
		const char *consumer = DmNodeString(DmNodeGet(roles->items[i], "role"));
		DmPath here = DmMember(&list, i);
		List *shown = NIL;
		Custom custom;
		ListCell *cell;

		if (!find_custom(roles->items[i], &here, "datamesh.columns", &custom))
			continue;
		if (custom.value->kind != A || consumer == NULL)
		{
			DmProblem(&access->problems, &custom.here, "expected an array of columns");
			continue;
		}
		for (int j = 0; j < custom.value->count; j++)
		{
			const char *name = DmNodeString(custom.value->items[j]);
			DmPath there = DmMember(&custom.here, j);

			if (name == NULL)
				DmProblem(&access->problems, &there, "expected the name of a column");
			else
				shown = lappend(shown, require_column(access, &there, name));
		}
		/* a role of another kind than a reader has nothing to be hidden */
		if (!has_name(access->consumers, consumer))
			continue;
		foreach (cell, access->columns)
			if (((DmAccessColumn *) lfirst(cell))->alias_of == NULL &&
				!list_member_ptr(shown, lfirst(cell)))
				choose(protect(access, lfirst(cell)), consumer, DM_ACCESS_HIDDEN);
	}
}

/* Another name of a column shows what the column shows. */
static void
copy_protection(DmAccess *access)
{
	ListCell *cell;

	foreach (cell, access->columns)
	{
		DmAccessColumn *column = lfirst(cell);
		DmAccessColumn *original =
			column->alias_of == NULL ? NULL : DmAccessFindColumn(access, column->alias_of);

		if (original != NULL)
		{
			DmProtected *copy = protect(access, column);

			*copy = *protect(access, original);
			copy->column = column;
			copy->masks = list_copy(copy->masks);
		}
	}
}

/* Personal data is redacted where nothing else is said; what needs no protection leaves the list. */
static void
settle_protection(DmAccess *access)
{
	List *kept = NIL;
	ListCell *cell;

	foreach (cell, access->protected)
	{
		DmProtected *protected = lfirst(cell);

		if (!protected->named && protected->personal)
		{
			DmMask *mask = palloc0(sizeof(DmMask));

			mask->kind = DM_MASK_REDACT;
			mask->strength = DM_STRENGTH_ALL;
			protected->otherwise = mask_number(access, protected, mask, NULL);
		}
		else if (!protected->named && protected->masks != NIL)
			DmProblem(&access->problems, NULL,
					  "%s: \"function\" is missing; say what all others read, be it \"none\"",
					  protected->path);
		if (protected->otherwise != DM_ACCESS_RAW || protected->choices != NIL)
		{
			kept = lappend(kept, protected);
			protected->number = list_length(kept);
		}
	}
	access->protected = kept;
}

/* ---- row filters ---- */

/* What one level says: for everyone (consumer NULL) and for some. */
static DmAccessRows *
find_rows(List *rows, const char *consumer)
{
	DmAccessRows *otherwise = NULL;
	ListCell *cell;

	foreach (cell, rows)
	{
		DmAccessRows *entry = lfirst(cell);

		if (entry->consumer == NULL)
			otherwise = entry;
		else if (consumer != NULL && strcmp(entry->consumer, consumer) == 0)
			return entry;
	}
	return otherwise;
}

static int
filter_number(DmAccess *access, const char *condition, const char *path)
{
	DmAccessFilter *filter;
	ListCell *cell;

	foreach (cell, access->filters)
		if (strcmp(((DmAccessFilter *) lfirst(cell))->condition, condition) == 0)
			return foreach_current_index(cell) + 1;
	filter = palloc0(sizeof(DmAccessFilter));
	filter->condition = pstrdup(condition);
	filter->path = pstrdup(path);
	access->filters = lappend(access->filters, filter);
	return list_length(access->filters);
}

static DmAccessRows *
make_rows(const char *consumer)
{
	DmAccessRows *rows = palloc0(sizeof(DmAccessRows));

	rows->consumer = consumer == NULL ? NULL : pstrdup(consumer);
	return rows;
}

static DmAccessRows *
read_condition(DmAccess *access, const DmPath *path, const DmNode *node, const char *consumer)
{
	DmAccessRows *rows = make_rows(consumer);

	if (node->kind == B || (node->kind == S && (pg_strcasecmp(node->text, "true") == 0 ||
												pg_strcasecmp(node->text, "false") == 0)))
		rows->none = pg_strcasecmp(node->text, "false") == 0;
	else if (node->kind != S || strspn(node->text, " \t\r\n") == strlen(node->text))
		DmProblem(&access->problems, path, "expected a condition, or true or false, found %s",
				  DmFoundText(node));
	else
		rows->filters = list_make1_int(filter_number(access, node->text, DmPathText(path)));
	return rows;
}

/* The rows of one level, the default first; without one, nobody who is not named has any. */
static List *
read_level_rows(DmAccess *access, const Custom *custom)
{
	DmAccessRows *otherwise = make_rows(NULL);
	List *rows = list_make1(otherwise);

	if (custom->value->kind != O)
		return list_make1(read_condition(access, &custom->here, custom->value, NULL));
	otherwise->none = true;
	for (int i = 0; i < custom->value->count; i++)
	{
		const DmEntry *entry = &custom->value->entries[i];
		DmPath here = DmBelow(&custom->here, entry->key);

		if (strcmp(entry->key, "default") == 0)
			linitial(rows) = read_condition(access, &here, entry->value, NULL);
		else if (require_consumer(access, &here, entry->key))
			rows = lappend(rows, read_condition(access, &here, entry->value, entry->key));
	}
	return rows;
}

static DmAccessRows *
both(const DmAccessRows *a, const DmAccessRows *b, const char *consumer)
{
	DmAccessRows *rows = make_rows(consumer);

	rows->none = a->none || b->none;
	rows->filters = list_concat_unique_int(list_copy(a->filters), b->filters);
	return rows;
}

/* Both levels must let a row through. */
static List *
join_levels(List *a, List *b)
{
	List *joined = NIL;
	ListCell *cell;

	if (a == NIL || b == NIL)
		return a == NIL ? b : a;
	foreach (cell, a)
	{
		const char *consumer = ((DmAccessRows *) lfirst(cell))->consumer;

		joined = lappend(joined, both(lfirst(cell), find_rows(b, consumer), consumer));
	}
	foreach (cell, b)
	{
		DmAccessRows *rows = lfirst(cell);
		DmAccessRows *known = find_rows(joined, rows->consumer);

		if (rows->consumer != NULL && known->consumer == NULL)
			joined = lappend(joined, both(find_rows(a, rows->consumer), rows, rows->consumer));
	}
	return joined;
}

static void
read_row_filters(DmAccess *access, const Levels *levels)
{
	bool restricts = false;
	Custom custom;
	ListCell *cell;

	for (int i = 0; i < MAX_LEVELS; i++)
		if (find_custom(levels->level[i].node, levels->level[i].path, "datamesh.rowFilter",
						&custom))
			access->rows = join_levels(access->rows, read_level_rows(access, &custom));
	foreach (cell, access->rows)
	{
		DmAccessRows *rows = lfirst(cell);

		restricts = restricts || rows->none || rows->filters != NIL;
	}
	if (!restricts)
		access->rows = NIL;
	/* the view asks about a filter by its number: there has to be one to keep all rows back */
	else if (access->filters == NIL)
		(void) filter_number(access, "true", "datamesh.rowFilter");
}

/* ---- small groups ---- */

static void
read_anonymity(DmAccess *access, const Levels *levels)
{
	Custom custom;

	for (int i = 0; i < MAX_LEVELS; i++)
	{
		const DmNode *k;
		const DmNode *columns;
		DmAnonymity *anonymity;

		if (!find_custom(levels->level[i].node, levels->level[i].path, "datamesh.kAnonymity",
						 &custom))
			continue;
		k = DmNodeGet(custom.value, "k");
		columns = DmNodeGet(custom.value, "columns");
		if (k == NULL || k->kind != N || strlen(k->text) > 9 || atoi(k->text) < 1 ||
			strspn(k->text, "0123456789") != strlen(k->text) || columns == NULL ||
			columns->kind != A || columns->count == 0)
		{
			DmProblem(&access->problems, &custom.here,
					  "expected {\"k\": a number from 1 to 999999999, \"columns\": [column, ...]}");
			continue;
		}
		anonymity = palloc0(sizeof(DmAnonymity));
		anonymity->k = atoi(k->text);
		anonymity->path = DmPathText(&custom.here);
		for (int j = 0; j < columns->count; j++)
		{
			DmPath list = DmBelow(&custom.here, "columns");
			DmPath here = DmMember(&list, j);
			const char *name = DmNodeString(columns->items[j]);
			DmAccessColumn *column = name == NULL ? NULL : require_column(access, &here, name);

			if (name == NULL)
				DmProblem(&access->problems, &here, "expected the name of a column");
			if (column != NULL && OidIsValid(column->type) &&
				!OidIsValid(lookup_type_cache(column->type, TYPECACHE_EQ_OPR)->eq_opr))
				DmProblem(&access->problems, &here, "values of type %s cannot be grouped",
						  format_type_be(column->type));
			anonymity->columns = lappend(anonymity->columns, column);
		}
		access->anonymity = lappend(access->anonymity, anonymity);
	}
}

/* ---- stewards ---- */

static bool
is_today_or_before(const char *text)
{
	char today[16];
	struct pg_tm tm;
	DateADT date = GetSQLCurrentDate();

	j2date(date + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	snprintf(today, sizeof(today), "%04d-%02d-%02d", tm.tm_year, tm.tm_mon, tm.tm_mday);
	return strncmp(text, today, strlen(today)) <= 0;
}

/*
 * The role that was this steward when the contract was published before, InvalidOid if it was none: a role
 * that was made since, under the same name, is somebody else.
 */
static Oid
steward_before(const DmAccess *access, const char *name)
{
	const Oid types[] = {INT4OID, TEXTOID, INT8OID};
	Datum values[] = {Int32GetDatum(access->contract->contract_id), CStringGetTextDatum(name),
					  Int64GetDatum((int64) GetSystemIdentifier())};
	Oid result = InvalidOid;
	DmIdentity saved;

	DmBecomeExtensionOwner(&saved);
	DmSpiExecute("SELECT s ->> 'oid' FROM datamesh.port AS p "
				 "JOIN datamesh.port_policy AS o USING (port_id), "
				 "LATERAL pg_catalog.jsonb_array_elements(o.rules -> 'stewards') AS s "
				 "WHERE p.contract_id = $1 AND s ->> 'role' = $2 "
				 "AND (s ->> 'cluster')::pg_catalog.int8 = $3 ORDER BY o.policy_id DESC LIMIT 1",
				 3, types, values, NULL, true);
	if (SPI_processed > 0)
		result = atooid(DmSpiText(0, 1));
	DmIdentityRestore(&saved);
	return result;
}

static Oid
steward_role(const DmAccess *access, const char *name)
{
	Oid now = get_role_oid(name, true);
	Oid before = steward_before(access, name);

	if (!OidIsValid(before) || before == now)
		return now;
	ereport(
		WARNING,
		(errmsg("role \"%s\" is not the one that was steward of data product \"%s\"",
				DmExcerpt(name), access->product->qualified_name),
		 errdetail("The role of that name was made after the contract was published."),
		 errhint("It reads as everybody else does. A new version of the contract names it anew.")));
	return InvalidOid;
}

static void
read_steward(DmAccess *access, const DmNode *member)
{
	const char *role = DmNodeString(DmNodeGet(member, "role"));
	const char *name = DmNodeString(DmNodeGet(member, "username"));
	const char *in = DmNodeString(DmNodeGet(member, "dateIn"));
	const char *out = DmNodeString(DmNodeGet(member, "dateOut"));
	Oid oid;

	if (role == NULL || name == NULL || strstr(asc_tolower(role, strlen(role)), "steward") == NULL)
		return;
	if ((in != NULL && in[0] != '\0' && !is_today_or_before(in)) ||
		(out != NULL && out[0] != '\0' && is_today_or_before(out)))
		return;
	oid = steward_role(access, name);
	if (OidIsValid(oid))
		access->stewards = list_append_unique_oid(access->stewards, oid);
	else if (!OidIsValid(get_role_oid(name, true)))
		ereport(NOTICE, (errmsg("steward \"%s\" of the contract is no role of this server",
								DmExcerpt(name)),
						 errdetail("A steward who is one reads the product raw.")));
}

static void
read_stewards(DmAccess *access, const DmNode *document)
{
	const DmNode *members = DmNodeGet(document, "team");

	if (members != NULL && members->kind == O)
		members = DmNodeGet(members, "members");
	for (int i = 0; members != NULL && members->kind == A && i < members->count; i++)
		read_steward(access, members->items[i]);
}

/* ---- all of it ---- */

void
DmAccessRaise(DmAccess *access)
{
	if (access->problems.problem_count == 0)
		return;
	ereport(
		ERROR,
		(errcode(ERRCODE_DM_UNENFORCEABLE),
		 errmsg("version %s of data product \"%s\" asks for protection that cannot be given",
				access->contract->version, access->product->qualified_name),
		 errdetail_internal("%s", access->problems.problems.data),
		 errhint("Nothing was published. Each line names a place in the contract. Protection is "
				 "asked for by customProperties: datamesh.mask of a property; "
				 "datamesh.masking_rules, datamesh.pii_columns, datamesh.rowFilter and "
				 "datamesh.kAnonymity of the contract or its object; datamesh.columns of a "
				 "role.")));
}

static void
set_levels(Levels *levels, const DmNode *document)
{
	const DmNode *schema = DmNodeGet(document, "schema");

	levels->schema = DmBelow(NULL, "schema");
	levels->object = DmMember(&levels->schema, 0);
	levels->level[0] = (Level){document, NULL};
	levels->level[1] =
		(Level){schema != NULL && schema->kind == A && schema->count > 0 ? schema->items[0] : NULL,
				&levels->object};
}

static void
prepare_columns(DmAccess *access)
{
	ListCell *cell;

	foreach (cell, access->columns)
	{
		DmAccessColumn *column = lfirst(cell);

		column->label = pstrdup(quote_identifier(column->stored));
		column->base_typmod = column->typmod;
		if (OidIsValid(column->type))
			column->base = getBaseTypeAndTypmod(column->type, &column->base_typmod);
	}
}

/* Can each mask be applied to its column? */
static void
check_masks(DmAccess *access)
{
	ListCell *cell;
	ListCell *inner;

	foreach (cell, access->protected)
	{
		DmProtected *protected = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (!OidIsValid(protected->column->type))
			continue;
		foreach (inner, protected->masks)
			(void) DmAccessMaskSql(access, protected, lfirst(inner), 0);
	}
}

DmAccess *
DmAccessCompile(const DmProduct *product, const DmContract *contract, List *consumers,
				List *columns)
{
	DmAccess *access = palloc0(sizeof(DmAccess));
	char *json = JsonbToCString(NULL, &contract->document->root, VARSIZE(contract->document));
	const DmNode *document = DmJsonRead(json, strlen(json));
	Standards standards;
	Levels levels;

	access->product = product;
	access->contract = contract;
	access->consumers = consumers;
	access->columns = columns;
	initStringInfo(&access->problems.problems);
	set_levels(&levels, document);
	prepare_columns(access);
	read_standards(access, &standards);
	read_key(access);

	DmAccessScan(access, document);
	check_access_policy(access, &levels);
	read_properties(access, &levels, &standards);
	read_masking_rules(access, &levels);
	read_personal_columns(access, &levels, &standards);
	read_column_lists(access, document);
	copy_protection(access);
	settle_protection(access);
	read_row_filters(access, &levels);
	read_anonymity(access, &levels);
	read_stewards(access, document);
	check_masks(access);
	DmAccessRaise(access);
	return access;
}

bool
DmAccessRestricts(const DmAccess *access)
{
	return access->protected != NIL || access->rows != NIL;
}

bool
DmAccessWithholds(const DmAccess *access, const char *name)
{
	ListCell *cell;

	foreach (cell, access->protected)
		if (strcmp(((DmProtected *) lfirst(cell))->column->name, name) == 0)
			return true;
	return access->rows != NIL;
}
