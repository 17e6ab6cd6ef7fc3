/*-------------------------------------------------------------------------
 *
 * rule_short.c
 *		The short form: {"column": {"not_null": true, "unique": true, "min": 0, "max": 9},
 *		"completeness_threshold": 0.99}.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "quality/rule_reader.h"

static void
short_rule_keys(DmRuleSource *source)
{
	JsonbIterator *iterator = JsonbIteratorInit(source->objects[0]);
	JsonbValue value;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		char *key = token == WJB_KEY ? DmRuleText(&value, NULL) : NULL;

		if (key != NULL && strcmp(key, "not_null") != 0 && strcmp(key, "unique") != 0 &&
			strcmp(key, "min") != 0 && strcmp(key, "max") != 0)
			DmRuleProblem(source->reader, DmRulePath(source, key),
						  "is not one of not_null, unique, min, max");
	}
}

static void
read_short_column(DmRuleReader *reader, char *path, char *column, JsonbValue *rules,
				  char *threshold)
{
	DmRuleSource source = {.reader = reader, .path = path, .column = column};
	DmScalar min, max;
	DmCheck *check;

	if (!DmRuleIsContainer(rules, false))
	{
		DmRuleProblem(reader, source.path, "must be an object of not_null, unique, min, max");
		return;
	}
	source.objects[source.nobjects++] = DmRuleObject(rules);
	short_rule_keys(&source);
	if (DmRuleBool(&source, "not_null", false))
	{
		check = DmRuleNewColumnCheck(reader, DM_KIND_NULLS, column);
		check->rule = psprintf("not_null(%s)", column);
		check->completeness = true;
		check->op = DM_OP_GE;
		check->bound[0].text = threshold;
	}
	if (DmRuleBool(&source, "unique", false))
	{
		check = DmRuleNewColumnCheck(reader, DM_KIND_DUPLICATES, column);
		check->rule = psprintf("unique(%s)", column);
		check->nulls_distinct = false;
	}
	min = DmRuleScalar(&source, "min");
	max = DmRuleScalar(&source, "max");
	if (min.text != NULL)
	{
		check = DmRuleNewColumnCheck(reader, DM_KIND_INVALID, column);
		check->rule = psprintf("min_value(%s)", column);
		check->min = min;
	}
	if (max.text != NULL)
	{
		check = DmRuleNewColumnCheck(reader, DM_KIND_INVALID, column);
		check->rule = psprintf("max_value(%s)", column);
		check->max = max;
	}
}

void
DmRuleReadShort(DmRuleReader *reader, const char *path, JsonbContainer *rules)
{
	DmRuleSource source = {
		.reader = reader, .path = pstrdup(path), .objects = {rules}, .nobjects = 1};
	JsonbIterator *iterator = JsonbIteratorInit(rules);
	char *threshold = DmRuleNumber(&source, "completeness_threshold");
	char *key = NULL;
	JsonbValue value;
	JsonbIteratorToken token;

	if (threshold == NULL)
		threshold = "0.99";
	else if (strtod(threshold, NULL) < 0 || strtod(threshold, NULL) > 1)
		DmRuleProblem(reader, DmRulePath(&source, "completeness_threshold"),
					  "must be from 0 to 1, not %s", threshold);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			key = DmRuleText(&value, NULL);
		else if (token == WJB_VALUE && strcmp(key, "completeness_threshold") != 0)
			read_short_column(reader, DmRulePath(&source, key), key, &value, threshold);
	}
}
