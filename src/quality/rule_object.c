/*-------------------------------------------------------------------------
 *
 * rule_object.c
 *		Rules written as objects: those of datamesh, which have "check", and the
 *		quality objects of ODCS.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "quality/rule_reader.h"

static const char *const common_parameters =
	" check rule name id description dimension severity unit where group_by sample_keys mustBe "
	"mustNotBe mustBeGreaterThan mustBeGreaterOrEqualTo mustBeLessThan mustBeLessOrEqualTo "
	"mustBeBetween mustNotBeBetween type engine tags businessImpact ";

static void read_own_rule(DmRuleSource *source, const char *check_name);

/* Our own rule objects are closed: a misspelt parameter must not pass for none. */
static void
refuse_unknown_parameters(const DmRuleSource *source, const DmRuleKind *kind)
{
	JsonbIterator *iterator = JsonbIteratorInit(source->objects[0]);
	JsonbValue value;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		char *key;

		if (token != WJB_KEY)
			continue;
		key = DmRuleText(&value, NULL);
		if (strchr(key, ' ') == NULL && (strstr(common_parameters, psprintf(" %s ", key)) != NULL ||
										 strstr(kind->parameters, psprintf(" %s ", key)) != NULL))
			continue;
		DmRuleProblem(source->reader, DmRulePath(source, key), "is no parameter of %s", kind->name);
	}
}

static void
read_own_rule(DmRuleSource *source, const char *check_name)
{
	const DmRuleKind *kind = DmRuleKindByName(check_name);

	if (kind == NULL)
		DmRuleProblem(source->reader, DmRulePath(source, "check"), "\"%s\" is not one of %s",
					  check_name, DmRuleKindNames());
	else if (kind->kind == DM_KIND_NOT_RUN)
		DmRuleNotRun(source->reader, kind->name, DmRuleString(source, "name"),
					 DmRuleString(source, "column"),
					 "compares with earlier releases, and is not run here");
	else
	{
		refuse_unknown_parameters(source, kind);
		(void) DmRuleReadCheck(source, kind->kind);
	}
}

/* A quality object of type library. */
static void
read_library_rule(DmRuleSource *source, const char *metric)
{
	JsonbContainer *arguments = DmRuleObject(DmRuleLookup(source, "arguments"));
	const DmRuleKind *kind = DmRuleKindByMetric(metric);

	if (DmRuleField(source->objects[0], "pattern") != NULL && !source->reader->oddities_told)
		ereport(NOTICE, (errmsg("%s: \"pattern\" stands outside \"arguments\"", source->path),
						 errdetail("It is read as if it stood inside.")));
	if (arguments != NULL)
		source->objects[source->nobjects++] = arguments;
	if (kind != NULL)
		(void) DmRuleReadCheck(source, kind->kind);
	else
		DmRuleProblem(
			source->reader, DmRulePath(source, "metric"),
			"\"%s\" is not one of nullValues, missingValues, invalidValues, duplicateValues, "
			"rowCount",
			metric);
}

static void
parse_json(void *arg)
{
	void **pair = arg;

	pair[1] = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(pair[0])));
}

/* A quality object of type custom for engine datamesh: implementation is a rule of our own. */
static void
read_custom_rule(DmRuleSource *source)
{
	char *engine = DmRuleString(source, "engine");
	JsonbValue *implementation = DmRuleLookup(source, "implementation");
	JsonbContainer *own = DmRuleObject(implementation);
	char *name = DmRuleString(source, "name");
	JsonbValue *check;

	if (engine == NULL || pg_strcasecmp(engine, "datamesh") != 0)
	{
		if (engine == NULL)
			DmRuleProblem(source->reader, DmRulePath(source, "engine"),
						  "must be given for type custom");
		else
			DmRuleNotRun(source->reader, "custom", name, source->column,
						 psprintf("is for engine \"%s\", not for datamesh", engine));
		return;
	}
	if (implementation != NULL && implementation->type == jbvString)
	{
		void *pair[2] = {DmRuleText(implementation, NULL), NULL};

		if (DmGuard(parse_json, pair) == NULL && JB_ROOT_IS_OBJECT((Jsonb *) pair[1]))
			own = &((Jsonb *) pair[1])->root;
	}
	check = own == NULL ? NULL : DmRuleField(own, "check");
	if (check == NULL || check->type != jbvString)
	{
		DmRuleProblem(source->reader, DmRulePath(source, "implementation"),
					  "must be an object with \"check\", a rule of datamesh");
		return;
	}
	source->path = DmRulePath(source, "implementation");
	source->objects[source->nobjects++] = source->objects[0];
	source->objects[0] = own;
	read_own_rule(source, DmRuleText(check, NULL));
}

/* One rule object: ours if it has "check", otherwise a quality object of the standard. */
void
DmRuleReadObject(DmRuleReader *reader, char *path, char *column, JsonbValue *value)
{
	DmRuleSource source = {.reader = reader, .path = path, .column = column};
	char *type;
	char *metric;

	if (!DmRuleIsContainer(value, false))
	{
		DmRuleProblem(reader, path, "must be an object");
		return;
	}
	source.objects[source.nobjects++] = DmRuleObject(value);
	if (DmRuleLookup(&source, "check") != NULL)
	{
		char *name = DmRuleString(&source, "check");

		if (name != NULL)
			read_own_rule(&source, name);
		return;
	}
	type = DmRuleString(&source, "type");
	metric = DmRuleString(&source, "metric");
	if (metric == NULL && DmRuleLookup(&source, "rule") != NULL)
		metric = DmRuleString(&source, "rule");
	if (type == NULL || strcmp(type, "library") == 0)
	{
		if (metric == NULL)
			DmRuleProblem(reader, path, "needs \"check\", \"metric\" or \"type\"");
		else
			read_library_rule(&source, metric);
	}
	else if (strcmp(type, "text") == 0)
		DmRuleNotRun(reader, "text", DmRuleString(&source, "name"), column, "is documentation");
	else if (strcmp(type, "sql") == 0)
		(void) DmRuleReadCheck(&source, DM_KIND_SQL);
	else if (strcmp(type, "custom") == 0)
		read_custom_rule(&source);
	else
		DmRuleProblem(reader, DmRulePath(&source, "type"),
					  "\"%s\" is not one of text, library, sql, custom", type);
}

void
DmRuleReadArray(DmRuleReader *reader, const char *path, char *column, JsonbContainer *array)
{
	for (int i = 0; i < DmRuleLength(array); i++)
		DmRuleReadObject(reader, psprintf("%s[%d]", path, i), column,
						 getIthJsonbValueFromContainer(array, i));
}
