/*-------------------------------------------------------------------------
 *
 * compile_column.c
 *		What a contract says of columns: who reads which of them, and masked how.
 *
 * The contract says it in several places, the lesson's among them; here they become
 * one decision for each column and consumer:
 *
 *	- a mask of the property (datamesh.mask), or of the masking rules, by its name;
 *	- personal data without any mask named is redacted;
 *	- what a consumer's list of columns leaves out is hidden from it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/formatting.h"

#include "access/compile_read.h"
#include "base/session.h"

/* What the policies of the domain say. */
typedef struct Standards
{
	List *classifications; /* char *, lower case: what means personal data */
	bool
		gate_finds_pii; /* the gate refuses columns of the lesson's pii_columns that are not there */
} Standards;

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

		if (DmAccessRequireConsumer(access, &here, entry->key) &&
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
read_masking_rules(DmAccess *access, const DmAccessLevels *levels)
{
	DmAccessCustom custom;

	for (int i = 0; i < DM_ACCESS_LEVELS; i++)
		for (int form = 0; form < DM_ACCESS_FORMS; form++)
		{
			if (!DmAccessFindProductCustom(&levels->level[i], "masking_rules", form, &custom))
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
				DmAccessColumn *column = DmAccessRequireColumn(access, &here, entry->key);

				if (column != NULL)
					read_mask(access, &here, entry->value, column);
			}
		}
}

static void
read_personal_columns(DmAccess *access, const DmAccessLevels *levels, const Standards *standards)
{
	DmAccessCustom custom;

	for (int i = 0; i < DM_ACCESS_LEVELS; i++)
		for (int form = 0; form < DM_ACCESS_FORMS; form++)
		{
			if (!DmAccessFindProductCustom(&levels->level[i], "pii_columns", form, &custom))
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
					column = DmAccessRequireColumn(access, &here, name->text);
				if (column != NULL)
					protect(access, column)->personal = true;
			}
		}
}

/* The properties: their masks, their classifications, and the primary key. */
static void
read_properties(DmAccess *access, const DmAccessLevels *levels, const Standards *standards)
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
		DmAccessCustom custom;

		CHECK_FOR_INTERRUPTS();
		if (column == NULL)
			continue;
		if (DmAccessFindCustom(property, &here, "datamesh.mask", &custom))
			read_mask(access, &custom.here, custom.value, column);
		if (classification != NULL &&
			DmAccessHasName(
				standards->classifications,
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
		if (!DmAccessHasName(names, lfirst(cell)) &&
			strcmp(lfirst(cell), access->product->domain->name) != 0)
			DmProblem(&access->problems, path,
					  "\"%s\" is not allowed here, and is a reader in roles",
					  DmExcerpt(lfirst(cell)));
}

static void
check_access_policy(DmAccess *access, const DmAccessLevels *levels)
{
	for (int i = 0; i < DM_ACCESS_LEVELS; i++)
	{
		const DmNode *owner;
		const DmNode *allowed;
		DmAccessCustom custom;
		DmPath here;

		if (!DmAccessFindCustom(levels->level[i].node, levels->level[i].path, "access_policy",
								&custom))
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
		DmAccessCustom custom;
		ListCell *cell;

		if (!DmAccessFindCustom(roles->items[i], &here, "datamesh.columns", &custom))
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
				shown = lappend(shown, DmAccessRequireColumn(access, &there, name));
		}
		/* a role of another kind than a reader has nothing to be hidden */
		if (!DmAccessHasName(access->consumers, consumer))
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

static bool
is_masked(const DmAccess *access, const DmAccessColumn *column)
{
	ListCell *cell;

	foreach (cell, access->protected)
	{
		const DmProtected *protected = lfirst(cell);

		if (protected->column == column)
			return protected->otherwise != DM_ACCESS_RAW;
	}
	return false;
}

/* A mask on one column hides nothing that another column of the contract shows. */
static void
check_twins(DmAccess *access)
{
	ListCell *cell;
	ListCell *other;

	foreach (cell, access->columns)
	{
		const DmAccessColumn *masked = lfirst(cell);

		if (masked->alias_of != NULL || !is_masked(access, masked))
			continue;
		foreach (other, access->columns)
		{
			const DmAccessColumn *raw = lfirst(other);

			CHECK_FOR_INTERRUPTS();
			if (strcmp(raw->source, masked->source) == 0 && !is_masked(access, raw))
				DmProblem(&access->problems, NULL,
						  "column \"%s\" shows \"%s\" of the source to everybody, which \"%s\" "
						  "masks: mask both",
						  raw->name, raw->source, masked->name);
		}
	}
}

/* Can each mask be applied to its column? */
void
DmAccessCheckMasks(DmAccess *access)
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

void
DmAccessReadColumns(DmAccess *access, const DmAccessLevels *levels, const DmNode *document)
{
	Standards standards;

	read_standards(access, &standards);
	check_access_policy(access, levels);
	read_properties(access, levels, &standards);
	read_masking_rules(access, levels);
	read_personal_columns(access, levels, &standards);
	read_column_lists(access, document);
	copy_protection(access);
	settle_protection(access);
	check_twins(access);
}
