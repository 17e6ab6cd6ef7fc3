/*-------------------------------------------------------------------------
 *
 * rules.c
 *		Rules of every accepted form, read into checks.
 *
 * Three forms, told apart by their shape: an ODCS document or schema object, an
 * array of rule objects, and the short form {"column": {"not_null": true}}.
 *
 * Kept true: everything that is wrong with the rules is told in one error, each
 * with its path in the document; and what is wrong with the data or the
 * relation is never an error here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/errors.h"
#include "base/module.h"
#include "catalog/catalog.h"
#include "quality/rule_reader.h"

/*
 * One fact, one result: what a contract says of a column ("unique", "primaryKey",
 * "required") may be said again, by another word or by a quality object.
 */
static bool
same_text(const char *a, const char *b)
{
	return (a == NULL || b == NULL) ? a == b : strcmp(a, b) == 0;
}

static bool
same_names(List *a, List *b, bool in_order)
{
	ListCell *x, *y;

	if (list_length(a) != list_length(b))
		return false;
	foreach (x, a)
	{
		bool found = false;

		foreach (y, b)
			if (!in_order || foreach_current_index(x) == foreach_current_index(y))
				found |= strcmp(lfirst(x), lfirst(y)) == 0;
		if (!found)
			return false;
	}
	return true;
}

static bool
same_fact(const DmCheck *a, const DmCheck *b)
{
	bool in_order = a->kind != DM_KIND_DUPLICATES;

	return a->kind == b->kind && a->severity == b->severity &&
		   (a->kind == DM_KIND_NULLS || a->kind == DM_KIND_DUPLICATES ||
			a->kind == DM_KIND_ORPHANS) &&
		   DmCheckAllowsNone(a) && DmCheckAllowsNone(b) &&
		   same_names(a->column_names, b->column_names, in_order) &&
		   same_text(a->where, b->where) && same_names(a->group_by, b->group_by, true) &&
		   a->nulls_distinct == b->nulls_distinct && same_text(a->ref_schema, b->ref_schema) &&
		   same_text(a->ref_table, b->ref_table) &&
		   same_names(a->ref_columns, b->ref_columns, true);
}

static bool
is_primary_key(const DmCheck *check)
{
	return check->rule != NULL && strncmp(check->rule, "primaryKey(", 11) == 0;
}

/*
 * Of two, the rule that somebody wrote goes before what follows from a column, and a primary key
 * before a unique column.
 */
static bool
yields_to(const DmCheck *check, const DmCheck *other, bool earlier)
{
	if (!same_fact(check, other))
		return false;
	if (check->implied && other->implied)
		return earlier ? !is_primary_key(check) : is_primary_key(other);
	if (!check->implied && !other->implied)
		return earlier && same_text(check->rule, other->rule);
	return check->implied;
}

static void
drop_repeated(DmRules *rules)
{
	List *kept = NIL;
	ListCell *cell, *inner;

	foreach (cell, rules->checks)
	{
		bool needed = true;

		CHECK_FOR_INTERRUPTS();
		foreach (inner, rules->checks)
			if (inner != cell && yields_to(lfirst(cell), lfirst(inner), inner < cell))
				needed = false;
		if (needed)
			kept = lappend(kept, lfirst(cell));
	}
	rules->checks = kept;
}

/* Names for rules that have none: check(columns). */
static void
name_rules(DmRules *rules)
{
	ListCell *cell;

	foreach (cell, rules->checks)
	{
		DmCheck *check = lfirst(cell);

		if (check->rule == NULL)
			check->rule = DmRuleName(check->name, check->column_names);
	}
}

static void
read_rules(DmRuleReader *reader, Jsonb *rules)
{
	JsonbContainer *root = &rules->root;
	JsonbContainer *schema;

	initStringInfo(&reader->problems);
	reader->rules = palloc0(sizeof(DmRules));

	if (JB_ROOT_IS_SCALAR(rules))
		DmRuleProblem(reader, "rules", "must be an object or an array");
	else if (JB_ROOT_IS_ARRAY(rules))
		DmRuleReadArray(reader, "rules", NULL, root);
	else if ((schema = DmRuleArray(DmRuleField(root, "schema"))) != NULL)
	{
		JsonbValue *first =
			DmRuleLength(schema) > 0 ? getIthJsonbValueFromContainer(schema, 0) : NULL;

		if (!DmRuleIsContainer(first, false))
			DmRuleProblem(reader, "schema", "must have an object");
		else
			DmRuleReadContract(reader, "schema[0].", DmRuleObject(first), root);
	}
	else if (DmRuleArray(DmRuleField(root, "properties")) ||
			 DmRuleArray(DmRuleField(root, "quality")) ||
			 DmRuleArray(DmRuleField(root, "slaProperties")) ||
			 DmRuleArray(DmRuleField(root, "relationships")))
		DmRuleReadContract(reader, "", root, root);
	else if (DmRuleField(root, "check") || DmRuleField(root, "metric"))
		DmRuleReadObject(reader, "rule", NULL,
						 &(JsonbValue){.type = jbvBinary, .val.binary = {.data = root}});
	else
		DmRuleReadShort(reader, "", root);
	DmRuleProblemsEnd(reader);
}

DmRules *
DmRulesRead(Jsonb *rules)
{
	DmRuleReader reader = {0};

	read_rules(&reader, rules);
	if (reader.problem_count > 0)
		ereport(ERROR, (errcode(ERRCODE_DM_INVALID_RULE),
						errmsg_plural("invalid quality rules: %d problem",
									  "invalid quality rules: %d problems", reader.problem_count,
									  reader.problem_count),
						errdetail_internal("%s", reader.problems.data)));
	drop_repeated(reader.rules);
	name_rules(reader.rules);
	return reader.rules;
}

/* For the catalog, which stands below: a contract's rules are read when it is loaded. */
static int
problems_of_rules(Jsonb *document, StringInfo problems)
{
	DmRuleReader reader = {.oddities_told = true};

	read_rules(&reader, document);
	appendStringInfoString(problems, reader.problems.data);
	return reader.problem_count;
}

void
DmQualityInit(void)
{
	DmContractRulesProblems = problems_of_rules;
}

bool
DmCheckAllowsNone(const DmCheck *check)
{
	return (check->op == DM_OP_EQ || check->op == DM_OP_LE) && !check->completeness &&
		   strtod(check->bound[0].text, NULL) == 0;
}

const char *
DmSeverityName(DmSeverity severity)
{
	switch (severity)
	{
		case DM_SEVERITY_INFO:
			return "info";
		case DM_SEVERITY_WARNING:
			return "warning";
		case DM_SEVERITY_ERROR:
			return "error";
	}
	return NULL;
}
