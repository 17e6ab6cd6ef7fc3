/*-------------------------------------------------------------------------
 *
 * rules.c
 *		The rules of a policy, read from the jsonb that publish wrote.
 *
 * What cannot be understood (a number where an object belongs, a mask that is not
 * in the list, a strength that is none) is no error: an error would tell readers of
 * what they may not see, and would stand in the way of those who may.  It is read as
 * the strictest that its place allows: hidden, or no row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "access/engine.h"

/* The member of an object; NULL if it is none, or has none of that name. */
static JsonbValue *
member(JsonbContainer *object, const char *key)
{
	if (object == NULL || !JsonContainerIsObject(object))
		return NULL;
	return getKeyJsonValueFromContainer(object, key, strlen(key), NULL);
}

static JsonbContainer *
container(const JsonbValue *value)
{
	return value != NULL && value->type == jbvBinary ? value->val.binary.data : NULL;
}

static JsonbContainer *
array(const JsonbValue *value)
{
	JsonbContainer *found = container(value);

	return found != NULL && JsonContainerIsArray(found) ? found : NULL;
}

static JsonbContainer *
object_of(const JsonbValue *value)
{
	JsonbContainer *found = container(value);

	return found != NULL && JsonContainerIsObject(found) ? found : NULL;
}

static int
length(JsonbContainer *list)
{
	return list != NULL ? JsonContainerSize(list) : 0;
}

static char *
string(const JsonbValue *value)
{
	return value != NULL && value->type == jbvString
			   ? pnstrdup(value->val.string.val, value->val.string.len)
			   : NULL;
}

static bool
integer(const JsonbValue *value, int64 *result)
{
	char *text;
	char *end;

	if (value == NULL || value->type != jbvNumeric)
		return false;
	text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	errno = 0;
	*result = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0';
}

/* An integer from least to most; otherwise what is given as the answer to that. */
static int
bounded(const JsonbValue *value, int least, int most, int otherwise)
{
	int64 result;

	return integer(value, &result) && result >= least && result <= most ? (int) result : otherwise;
}

static void
parse_stewards(DmRules *rules, JsonbContainer *list)
{
	rules->stewards = palloc0(sizeof(DmRoleRef) * (length(list) + 1));
	for (int i = 0; i < length(list); i++)
	{
		JsonbContainer *object = container(getIthJsonbValueFromContainer(list, i));
		DmRoleRef *ref = &rules->stewards[rules->nstewards];
		int64 oid;

		ref->name = string(member(object, "role"));
		if (ref->name == NULL || !integer(member(object, "oid"), &oid) ||
			!integer(member(object, "cluster"), &ref->cluster) || oid <= 0 || oid > PG_UINT32_MAX)
			continue;
		ref->oid = (Oid) oid;
		rules->nstewards++;
	}
}

/* The number of a mask of the column whose strength is known. */
static int
choice(const DmColumnRule *rule, const JsonbValue *value)
{
	int number = bounded(value, DM_HIDDEN, rule->nmasks, DM_HIDDEN);

	return number > 0 && rule->strengths[number - 1] < 1 ? DM_HIDDEN : number;
}

static void
parse_column(DmColumnRule *rule, JsonbContainer *object)
{
	JsonbContainer *masks = array(member(object, "masks"));
	JsonbContainer *consumers = object_of(member(object, "consumers"));
	JsonbIterator *it;
	JsonbValue value;
	JsonbIteratorToken token;

	rule->column = string(member(object, "name"));
	rule->standard = DM_HIDDEN;
	rule->nmasks = length(masks);
	rule->masks = palloc0(sizeof(char *) * (rule->nmasks + 1));
	rule->strengths = palloc0(sizeof(int) * (rule->nmasks + 1));
	for (int i = 0; i < rule->nmasks; i++)
	{
		JsonbContainer *mask = container(getIthJsonbValueFromContainer(masks, i));

		rule->masks[i] = string(member(mask, "mask"));
		rule->strengths[i] = bounded(member(mask, "strength"), 1, 100, 0);
	}
	if (consumers == NULL && member(object, "consumers") != NULL)
		return;
	rule->standard = choice(rule, member(object, "default"));
	if (consumers == NULL)
		return;
	rule->consumers = palloc0(sizeof(DmConsumerChoice) * (JsonContainerSize(consumers) + 1));
	it = JsonbIteratorInit(consumers);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			rule->consumers[rule->nconsumers].consumer = string(&value);
		else if (token == WJB_VALUE)
			rule->consumers[rule->nconsumers++].choice = choice(rule, &value);
	}
}

static void
parse_columns(DmRules *rules, JsonbContainer *list)
{
	rules->ncolumns = length(list);
	rules->columns = palloc0(sizeof(DmColumnRule) * (rules->ncolumns + 1));
	for (int i = 0; i < rules->ncolumns; i++)
		parse_column(&rules->columns[i], container(getIthJsonbValueFromContainer(list, i)));
}

/* A list of filters; anything else, and a filter that there is not, is no row. */
static void
parse_row_rule(DmRules *rules, DmRowRule *rule, const JsonbValue *value)
{
	JsonbContainer *list = array(value);

	rule->no_row = (list == NULL);
	rule->nfilters = length(list);
	rule->filters = palloc0(sizeof(int) * (rule->nfilters + 1));
	for (int i = 0; i < rule->nfilters; i++)
	{
		rule->filters[i] = bounded(getIthJsonbValueFromContainer(list, i), 1, rules->nfilters, 0);
		if (rule->filters[i] == 0)
			rule->no_row = true;
	}
}

static void
parse_rows(DmRules *rules, JsonbContainer *object)
{
	JsonbContainer *consumers = object_of(member(object, "consumers"));
	JsonbIterator *it;
	JsonbValue value;
	JsonbIteratorToken token;

	parse_row_rule(rules, &rules->rows, member(object, "default"));
	if (consumers == NULL)
	{
		rules->rows.no_row |= member(object, "consumers") != NULL;
		return;
	}
	rules->consumers = palloc0(sizeof(DmRowRule) * (JsonContainerSize(consumers) + 1));
	it = JsonbIteratorInit(consumers);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			rules->consumers[rules->nconsumers].consumer = string(&value);
		else if (token == WJB_VALUE)
			parse_row_rule(rules, &rules->consumers[rules->nconsumers++], &value);
	}
}

DmRules *
DmRulesParse(Jsonb *jsonb)
{
	DmRules *rules = palloc0(sizeof(DmRules));
	JsonbContainer *root = &jsonb->root;
	JsonbContainer *filters = array(member(root, "filters"));

	parse_stewards(rules, array(member(root, "stewards")));
	parse_columns(rules, array(member(root, "columns")));
	rules->nfilters = length(filters);
	rules->filters = palloc0(sizeof(char *) * (rules->nfilters + 1));
	for (int i = 0; i < rules->nfilters; i++)
		rules->filters[i] = string(getIthJsonbValueFromContainer(filters, i));
	parse_rows(rules, container(member(root, "rows")));
	return rules;
}
