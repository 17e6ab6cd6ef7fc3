/*-------------------------------------------------------------------------
 *
 * odcs_quality.c
 *		ODCS: rules of quality.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "regex/regex.h"

#include "contract/odcs.h"

/* A pattern must be one that PostgreSQL can match with. */
void
DmCheckPattern(DmValidator *v, const DmPath *path, const DmNode *node)
{
	regex_t re;
	int length = strlen(node->text);
	pg_wchar *wide = palloc((length + 1) * sizeof(pg_wchar));
	int wide_length = pg_mb2wchar_with_len(node->text, wide, length);
	int result = pg_regcomp(&re, wide, wide_length, REG_ADVANCED, DEFAULT_COLLATION_OID);

	pfree(wide);
	if (result == REG_OKAY)
		pg_regfree(&re);
	else
	{
		char message[100];

		CHECK_FOR_INTERRUPTS();
		pg_regerror(result, &re, message, sizeof(message));
		DmProblem(v, path, "\"%s\" is no regular expression: %s", DmExcerpt(node->text), message);
	}
}

static void
check_range(DmValidator *v, const DmPath *path, const DmNode *node)
{
	if (node->count != 2)
		DmProblem(v, path, "expected two numbers, found %d values", node->count);
	else if (DmIsKind(node->items[0], N) && DmIsKind(node->items[1], N) &&
			 DmCompareNumbers(node->items[0], node->items[1]) >= 0)
		DmProblem(v, path, "the first number, %s, must be less than the second, %s",
				  DmExcerpt(node->items[0]->text), DmExcerpt(node->items[1]->text));
}

static const char *const quality_types[] = {"text", "library", "sql", "custom", NULL};
/* clang-format off */
static const char *const metrics[] = {"nullValues", "missingValues", "invalidValues",
	"duplicateValues", "rowCount", NULL};

static const char *const dimensions[] = {"accuracy", "completeness", "conformity", "consistency",
	"coverage", "timeliness", "uniqueness", NULL};

static const char *const operators[] = {"mustBe", "mustNotBe", "mustBeGreaterThan",
	"mustBeGreaterOrEqualTo", "mustBeLessThan", "mustBeLessOrEqualTo", "mustBeBetween",
	"mustNotBeBetween", NULL};

static const DmField argument_fields[] = {
	F("missingValues", A, .item_kinds = SCALAR),
	F("validValues", A, .item_kinds = SCALAR),
	F("pattern", S, .check = DmCheckPattern),
	F("properties", A, .item_kinds = S),
	END,
};
/* clang-format on */
static const DmShape argument_shape = {.fields = argument_fields};

/* clang-format off */
static const DmField quality_fields[] = {
	ID,
	F("name", S),
	F("description", S),
	F("type", S, .values = quality_types),
	F("metric", S, .values = metrics),
	F("arguments", O, .shape = &argument_shape),
	F("query", S, .flags = FILLED),
	F("engine", S, .flags = FILLED),
	F("implementation", S | O),
	F("mustBe", ANY & ~O),
	F("mustNotBe", ANY & ~O),
	F("mustBeGreaterThan", N),
	F("mustBeGreaterOrEqualTo", N),
	F("mustBeLessThan", N),
	F("mustBeLessOrEqualTo", N),
	F("mustBeBetween", A, .item_kinds = N, .check = check_range),
	F("mustNotBeBetween", A, .item_kinds = N, .check = check_range),
	F("unit", S),
	F("dimension", S, .values = dimensions),
	F("severity", S),
	F("businessImpact", S),
	F("method", S),
	F("schedule", S),
	F("scheduler", S),
	TAGS,
	DEFINITIONS,
	CUSTOM(DmCheckCustomOther),
	/* the older name of metric, and arguments that some writers put here */
	F("rule", S),
	F("pattern", S, .check = DmCheckPattern),
	F("validValues", A, .item_kinds = SCALAR),
	F("missingValues", A, .item_kinds = SCALAR),
	END,
};
/* clang-format on */

static void
check_operators(DmValidator *v, const DmPath *path, const DmNode *node, bool needed)
{
	StringInfoData found;
	int count = 0;

	initStringInfo(&found);
	for (const char *const *op = operators; *op; op++)
	{
		if (DmNodeGet(node, *op) != NULL)
			appendStringInfo(&found, "%s%s", count++ ? ", " : "", *op);
	}
	if (count > 1)
		DmProblem(v, path, "exactly one operator is expected, found %d: %s", count, found.data);
	else if (count == 0 && needed)
		DmProblem(v, path, "exactly one operator is expected, found none of %s",
				  DmListText(operators));
	pfree(found.data);
}

/* arguments must fit the metric; some writers put them beside "arguments" instead of in it */
static void
check_arguments(DmValidator *v, const DmPath *path, const DmNode *node, const char *metric)
{
	static const struct
	{
		const char *argument;
		const char *metric;
	} belongs[] = {{"missingValues", "missingValues"},
				   {"validValues", "invalidValues"},
				   {"pattern", "invalidValues"},
				   {"properties", "duplicateValues"}};
	DmPath arguments = DmBelow(path, "arguments");

	for (int i = 0; i < lengthof(belongs); i++)
	{
		const char *argument = belongs[i].argument;
		bool fits = strcmp(metric, belongs[i].metric) == 0;
		DmPath inside = DmBelow(&arguments, argument);
		DmPath outside = DmBelow(path, argument);

		if (DmNodeGet(DmNodeGet(node, "arguments"), argument) != NULL && !fits)
			DmProblem(v, &inside, "belongs to the metric %s, not to %s", belongs[i].metric, metric);
		if (DmNodeGet(node, argument) != NULL && fits && strcmp(argument, "properties") != 0)
			DmOddity(v, &outside, "belongs into \"arguments\"; accepted here too");
	}
}

/* A metric is a number: what it must be is one too. */
static void
check_library(DmValidator *v, const DmPath *path, const DmNode *node)
{
	static const char *const any_value[] = {"mustBe", "mustNotBe", NULL};
	const char *metric = DmNodeString(DmNodeGet(node, "metric"));

	DmRequire(v, path, node, "metric",
			  psprintf("a rule of type library has one of %s", DmListText(metrics)));
	check_operators(v, path, node, true);
	for (const char *const *op = any_value; *op; op++)
	{
		const DmNode *value = DmNodeGet(node, *op);
		DmPath here = DmBelow(path, *op);

		if (value != NULL && value->problem == NULL && value->kind != N)
			DmProblem(v, &here, "expected a number, found %s", DmFoundText(value));
	}
	if (metric != NULL)
		check_arguments(v, path, node, metric);
}

/*
 * A severity or unit that the standard would take as any string, but that a check cannot be run
 * with: wrong in rules that we run, odd in others.
 */
static void
check_word(DmValidator *v, const DmPath *path, const DmNode *rule, const char *key,
		   const char *const *words, bool runs)
{
	const char *text = DmNodeString(DmNodeGet(rule, key));
	DmPath here = DmBelow(path, key);

	if (text == NULL)
		return;
	for (const char *const *word = words; *word; word++)
	{
		if (pg_strcasecmp(text, *word) == 0)
			return;
	}
	if (runs)
		DmProblem(v, &here, "\"%s\" is not one of %s", DmExcerpt(text), DmListText(words));
	else
		DmOddity(v, &here, psprintf("\"%s\" is none of %s", DmExcerpt(text), DmListText(words)));
}

static void
check_quality(DmValidator *v, const DmPath *path, const DmNode *node)
{
	static const char *const severities[] = {"error", "warning", "info", "critical", NULL};
	static const char *const units[] = {"rows", "percent", NULL};
	const char *type = DmNodeString(DmNodeGet(node, "type"));
	bool library =
		type == NULL || strcmp(type, "library") == 0 || DmNodeGet(node, "metric") != NULL;
	bool runs = library || strcmp(type, "sql") == 0;

	if (library)
		check_library(v, path, node);
	else if (strcmp(type, "sql") == 0)
	{
		DmRequire(v, path, node, "query", "a rule of type sql has a query that gives one number");
		check_operators(v, path, node, true);
	}
	else if (strcmp(type, "custom") == 0)
	{
		DmRequire(v, path, node, "engine", "a rule of type custom names the engine that runs it");
		DmRequire(v, path, node, "implementation",
				  "a rule of type custom has what its engine runs");
		check_operators(v, path, node, false);
	}
	check_word(v, path, node, "severity", severities, runs);
	check_word(v, path, node, "unit", units, runs);
}

const DmShape dm_quality_shape = {quality_fields, check_quality};
