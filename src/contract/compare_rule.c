/*-------------------------------------------------------------------------
 *
 * compare_rule.c
 *		Quality rules of two contracts: which are the same, and their fields.
 *
 * Whatever lets data pass that was refused before is looser, even where it refuses
 * others now, because readers may then meet what they never met.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "contract/compare_rule.h"

#define REASON_TIGHTER "readers may rely on more than before; it must pass on the data"

/* ---- reports ---- */

void
DmDiffLooser(DmCompare *c, char *change)
{
	if (c->rule_is_error)
		DmDiffReport(c, DM_LEVEL_MAJOR, "readers may meet data that was refused before", "%s",
					 change);
	else
		DmDiffReport(c, DM_LEVEL_MINOR, "the rule was no error, and so never kept such data out",
					 "%s", change);
}

void
DmDiffTighter(DmCompare *c, char *change)
{
	DmDiffReportDagger(c, REASON_TIGHTER, "%s", change);
}

void
DmDiffByOrder(DmCompare *c, DmDiffOrder order, char *change)
{
	switch (order)
	{
		case DM_ORDER_SAME:
			DmDiffReport(c, DM_LEVEL_PATCH, DM_REASON_WRITTEN_DIFFERENTLY, "%s", change);
			break;
		case DM_ORDER_TIGHTER:
			DmDiffTighter(c, change);
			break;
		case DM_ORDER_LOOSER:
			DmDiffLooser(c, change);
			break;
		case DM_ORDER_UNKNOWN:
			DmDiffReport(c, DM_LEVEL_HELD, DM_REASON_HELD, "%s", change);
			break;
	}
}

/* A condition that can be there or not, and whose content we cannot weigh. */
DmDiffOrder
DmDiffOrderOfPresence(const DmDiffFieldChange *field)
{
	if (field->from == NULL)
		return DM_ORDER_TIGHTER;
	return field->to == NULL ? DM_ORDER_LOOSER : DM_ORDER_UNKNOWN;
}

/* ---- the fields of a rule ---- */

/* Arguments of a rule: under "arguments" or, in examples of the standard, beside it. */
/* clang-format off */
#define ARGUMENT_FIELDS                                                                            \
	{"validValues", DmCompareAllowedValues},                                                       \
	{"valid_values", DmCompareAllowedValues},                                                      \
	{"missingValues", DmCompareMissingValues},                                                     \
	{"missing_values", DmCompareMissingValues},                                                    \
	{"properties", DmCompareKeyColumns},                                                           \
	{"columns", DmCompareKeyColumns},                                                              \
	{"pattern", DmComparePattern},                                                                  \
	{"minimum", DmCompareMinimum},                                                                  \
	{"exclusiveMinimum", DmCompareMinimum},                                                         \
	{"maximum", DmCompareMaximum},                                                                  \
	{"exclusiveMaximum", DmCompareMaximum},                                                         \
	{"min", DmCompareMin},                                                                          \
	{"exclusive_min", DmCompareMin},                                                                \
	{"max", DmCompareMax},                                                                          \
	{"exclusive_max", DmCompareMax},                                                                \
	{"minLength", DmCompareLeast},                                                                  \
	{"min_length", DmCompareLeast},                                                                 \
	{"maxLength", DmCompareMost},                                                                   \
	{"max_length", DmCompareMost},                                                                  \
	{"multipleOf", DmCompareMultipleOf},                                                           \
	{"multiple_of", DmCompareMultipleOf},                                                          \
	{"where", compare_condition},                                                                  \
	{"filter", compare_condition}
/* clang-format on */

/* Rows that a condition leaves out are not checked. */
static void
compare_condition(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffOrder order = DM_ORDER_UNKNOWN;

	if (field->from == NULL)
		order = DM_ORDER_LOOSER;
	else if (field->to == NULL)
		order = DM_ORDER_TIGHTER;
	DmDiffByOrder(c, order, DmDiffDescribe(field->name, field->from, field->to));
}

static const DmDiffField argument_fields[] = {ARGUMENT_FIELDS};

static void
compare_arguments(DmCompare *c, const DmDiffFieldChange *field)
{
	DmCompareFieldsOf(c, field, argument_fields, lengthof(argument_fields));
}

static void
compare_severity(DmCompare *c, const DmDiffFieldChange *field)
{
	int from = DmDiffSeverity(field->from);
	int to = DmDiffSeverity(field->to);

	DmDiffByOrder(c,
				  from == to  ? DM_ORDER_SAME
				  : to > from ? DM_ORDER_TIGHTER
							  : DM_ORDER_LOOSER,
				  DmDiffDescribe(field->name, field->from, field->to));
}

/* A rule that checks something else: the old promise is gone. */
static void
compare_subject(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffNode library = field->from == NULL ? field->to : field->from;
	char *text = DmDiffNodeText(library);

	/* a metric makes it a library rule, said or not */
	if (strcmp(field->name, "type") == 0 && text != NULL && strcmp(text, "library") == 0 &&
		(field->from == NULL || field->to == NULL))
		DmDiffReport(c, DM_LEVEL_PATCH, DM_REASON_WRITTEN_DIFFERENTLY, "%s",
					 DmDiffDescribe(field->name, field->from, field->to));
	else
		DmDiffLooser(c, psprintf("rule checks something else: %s",
								 DmDiffDescribe(field->name, field->from, field->to)));
}

/* Text with runs of white space outside quotes as one space. */
static char *
squeeze_code(const char *text)
{
	char *result = palloc(strlen(text) + 1);
	char *to = result;
	char quote = '\0';

	for (; *text != '\0'; text++)
	{
		if (quote == '\0' && isspace((unsigned char) *text))
		{
			if (to > result && to[-1] != ' ')
				*to++ = ' ';
			continue;
		}
		if (quote == '\0' && (*text == '\'' || *text == '"'))
			quote = *text;
		else if (*text == quote)
			quote = '\0';
		*to++ = *text;
	}
	while (to > result && to[-1] == ' ')
		to--;
	*to = '\0';
	return result;
}

static bool
has_comment(const char *text)
{
	return strstr(text, "--") != NULL || strchr(text, '#') != NULL;
}

static void
compare_query(DmCompare *c, const DmDiffFieldChange *field)
{
	char *from = DmDiffNodeText(field->from);
	char *to = DmDiffNodeText(field->to);
	bool same = from != NULL && to != NULL && !has_comment(from) && !has_comment(to) &&
				strcmp(squeeze_code(from), squeeze_code(to)) == 0;

	DmDiffByOrder(c, same ? DM_ORDER_SAME : DM_ORDER_UNKNOWN,
				  DmDiffDescribe(field->name, field->from, field->to));
}

/* Of a rule in words, the description is the rule. */
static void
compare_description(DmCompare *c, const DmDiffFieldChange *field)
{
	char *type = DmDiffNodeText(DmDiffNodeGet(field->to_object, "type"));

	if (type != NULL && strcmp(type, "text") == 0)
		DmDiffFieldHeld(c, field);
	else
		DmDiffFieldPatch(c, field);
}

static const DmDiffField rule_fields[] = {
	{"id", DmDiffFieldPatch},
	{"name", DmDiffFieldPatch},
	{"type", compare_subject},
	{"metric", compare_subject},
	{"engine", compare_subject},
	{"column", compare_subject},
	{"query", compare_query},
	{"implementation", DmDiffFieldHeld},
	{"arguments", compare_arguments},
	ARGUMENT_FIELDS,
	{"severity", compare_severity},
	{"unit", DmDiffFieldIgnored}, /* this and the operators: DmCompareThreshold */
	{"mustBe", DmDiffFieldIgnored},
	{"mustNotBe", DmDiffFieldIgnored},
	{"mustBeGreaterThan", DmDiffFieldIgnored},
	{"mustBeGreaterOrEqualTo", DmDiffFieldIgnored},
	{"mustBeLessThan", DmDiffFieldIgnored},
	{"mustBeLessOrEqualTo", DmDiffFieldIgnored},
	{"mustBeBetween", DmDiffFieldIgnored},
	{"mustNotBeBetween", DmDiffFieldIgnored},
	{"customProperties", DmCompareCustom},
	{"description", compare_description},
	{"businessImpact", DmDiffFieldPatch},
	{"tags", DmDiffFieldPatch},
	{"authoritativeDefinitions", DmDiffFieldPatch},
};

static void
compare_rule(DmCompare *c, DmDiffNode from, DmDiffNode to)
{
	bool was_error = c->rule_is_error;
	bool counted = c->rule_counts_failures;

	if (!DmDiffNodeIsObject(from) || !DmDiffNodeIsObject(to))
	{
		DmDiffReport(c, DM_LEVEL_HELD, DM_REASON_HELD, "%s", DmDiffDescribe("rule", from, to));
		return;
	}
	c->rule_is_error = DmDiffSeverity(DmDiffNodeGet(from, "severity")) == 2;
	c->rule_counts_failures = DmDiffCountsFailures(c, from) && DmDiffCountsFailures(c, to);
	DmCompareThreshold(c, from, to);
	DmCompareFields(c, from, to, rule_fields, lengthof(rule_fields));
	c->rule_is_error = was_error;
	c->rule_counts_failures = counted;
}

/* ---- the list ---- */

/* What a rule checks, in some of its fields. */
typedef struct RuleKey
{
	const char *fields[8];
	bool with_operator;
	bool library_only;
} RuleKey;

static RuleKey subject_and_operator = {
	{"type", "metric", "column", "engine", "query", "implementation", "arguments"}, true, false};
static RuleKey subject = {
	{"type", "metric", "column", "engine", "query", "implementation", "arguments"}, false, false};
static RuleKey metric_and_operator = {{"metric", "column"}, true, true};
static RuleKey metric = {{"metric", "column"}, false, true};

static char *
key_rule(DmCompare *c, DmDiffNode item, bool is_from, void *arg)
{
	const RuleKey *wanted = arg;
	StringInfoData key;

	if (!DmDiffNodeIsObject(item) || (wanted->library_only && !DmDiffIsLibrary(item)))
		return NULL;
	initStringInfo(&key);
	if (wanted->with_operator && DmDiffOperator(item) != NULL)
		appendStringInfoString(&key, DmDiffOperator(item));
	for (int i = 0; i < lengthof(wanted->fields) && wanted->fields[i] != NULL; i++)
	{
		DmDiffNode value = DmDiffNodeGet(item, wanted->fields[i]);

		appendStringInfo(&key, "\n%s",
						 value != NULL ? DmDiffKeyContent(c, value, is_from, NULL) : "");
	}
	return key.data;
}

static char *
rule_name(DmDiffNode rule)
{
	char *name = DmDiffNodeText(DmDiffNodeGet(rule, "id"));

	return name != NULL ? name : DmDiffNodeText(DmDiffNodeGet(rule, "name"));
}

static int
push_rule(DmCompare *c, DmDiffNode rule, int index)
{
	char *name = rule_name(rule);

	return name != NULL ? DmDiffPushName(c, name) : DmDiffPushIndex(c, index);
}

static DmDiffPairing *
pair_rules(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffPairing *rules = DmDiffPairingCreate(c, field->from, field->to);

	if (rules == NULL)
		return NULL;
	DmDiffPairBy(c, rules, DmDiffKeyContent, NULL);
	DmDiffPairBy(c, rules, DmDiffKeyText, "id");
	DmDiffPairBy(c, rules, DmDiffKeyText, "name");
	DmDiffPairBy(c, rules, key_rule, &subject_and_operator);
	DmDiffPairBy(c, rules, key_rule, &subject);
	DmDiffPairBy(c, rules, key_rule, &metric_and_operator);
	DmDiffPairBy(c, rules, key_rule, &metric);
	return rules;
}

static char *
show_rule(DmDiffNode rule)
{
	DmDiffNode shown = DmDiffNodeGet(rule, "metric");

	if (shown == NULL)
		shown = DmDiffNodeGet(rule, "query");
	if (shown == NULL)
		shown = DmDiffNodeGet(rule, "description");
	if (shown == NULL)
		return DmDiffNodeShow(rule);
	if (DmDiffOperator(rule) == NULL)
		return DmDiffNodeShow(shown);
	return psprintf("%s %s", DmDiffNodeShow(shown), DmDiffShowThreshold(rule));
}

static void
report_removed(DmCompare *c, DmDiffNode rule)
{
	bool was_error = c->rule_is_error;

	c->rule_is_error = DmDiffSeverity(DmDiffNodeGet(rule, "severity")) == 2;
	DmDiffLooser(c, psprintf("quality rule removed: %s", show_rule(rule)));
	c->rule_is_error = was_error;
}

void
DmCompareRules(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffPairing *rules = pair_rules(c, field);

	if (rules == NULL)
		return;
	for (int i = 0; i < rules->nfrom; i++)
	{
		int partner = rules->to_of[i];
		DmDiffNode from = &rules->from[i];
		int saved;

		CHECK_FOR_INTERRUPTS();
		if (partner < 0)
		{
			saved = push_rule(c, from, i);
			report_removed(c, from);
			DmDiffPop(c, saved);
		}
		else if (!DmDiffNodeEqual(from, &rules->to[partner]))
		{
			saved = push_rule(c, &rules->to[partner], partner);
			compare_rule(c, from, &rules->to[partner]);
			DmDiffPop(c, saved);
		}
	}
	for (int i = 0; i < rules->nto; i++)
	{
		int saved;

		if (rules->from_of[i] >= 0)
			continue;
		saved = push_rule(c, &rules->to[i], i);
		DmDiffTighter(c, psprintf("quality rule added: %s", show_rule(&rules->to[i])));
		DmDiffPop(c, saved);
	}
}
