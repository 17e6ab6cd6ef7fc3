/*-------------------------------------------------------------------------
 *
 * rule_check.c
 *		The kinds of checks, and the parameters of each.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "quality/rule_reader.h"

static const DmRuleKind kind_names[] = {
	{"null_values", "nullValues", DM_KIND_NULLS, " column ", "completeness"},
	{"missing_values", "missingValues", DM_KIND_MISSING, " column missing_values missingValues ",
	 "completeness"},
	{"invalid_values", "invalidValues", DM_KIND_INVALID,
	 " column valid_values validValues pattern min max exclusive_min exclusive_max min_length "
	 "max_length multiple_of ",
	 "conformity"},
	{"duplicate_values", "duplicateValues", DM_KIND_DUPLICATES,
	 " column columns properties nulls_distinct ", "uniqueness"},
	{"row_count", "rowCount", DM_KIND_ROW_COUNT, " ", "completeness"},
	{"orphan_values", NULL, DM_KIND_ORPHANS, " column columns references ", "consistency"},
	{"freshness", NULL, DM_KIND_FRESHNESS, " column max_age max_future on_empty timezone ",
	 "timeliness"},
	{"row_condition", NULL, DM_KIND_ROW_CONDITION, " column condition expression ", "conformity"},
	{"sql", NULL, DM_KIND_SQL, " column query ", "consistency"},
	{"statistic", NULL, DM_KIND_STATISTIC, " column fn method quantile base ", "accuracy"},
	{"distinct_values", NULL, DM_KIND_DISTINCT, " column approximate ", "uniqueness"},
	{"no_overlap", NULL, DM_KIND_NO_OVERLAP, " lower upper partition_by gaps ", "consistency"},
	{"drift", NULL, DM_KIND_NOT_RUN, NULL, "consistency"},
	{"change", NULL, DM_KIND_NOT_RUN, NULL, "consistency"},
};

static const struct
{
	const char *name;
	DmOperator op;
} operators[] = {
	{"mustBe", DM_OP_EQ},
	{"mustNotBe", DM_OP_NE},
	{"mustBeGreaterThan", DM_OP_GT},
	{"mustBeGreaterOrEqualTo", DM_OP_GE},
	{"mustBeLessThan", DM_OP_LT},
	{"mustBeLessOrEqualTo", DM_OP_LE},
	{"mustBeBetween", DM_OP_BETWEEN},
	{"mustNotBeBetween", DM_OP_NOT_BETWEEN},
};

const DmRuleKind *
DmRuleKindByName(const char *name)
{
	for (int i = 0; i < lengthof(kind_names); i++)
		if (strcmp(kind_names[i].name, name) == 0)
			return &kind_names[i];
	return NULL;
}

const DmRuleKind *
DmRuleKindByMetric(const char *metric)
{
	for (int i = 0; i < lengthof(kind_names); i++)
		if (kind_names[i].metric != NULL && strcmp(kind_names[i].metric, metric) == 0)
			return &kind_names[i];
	return NULL;
}

char *
DmRuleKindNames(void)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < lengthof(kind_names); i++)
		appendStringInfo(&names, "%s%s", i ? ", " : "", kind_names[i].name);
	return names.data;
}

static const DmRuleKind *
kind_by_kind(DmCheckKind kind)
{
	for (int i = 0; i < lengthof(kind_names); i++)
		if (kind_names[i].kind == kind)
			return &kind_names[i];
	return NULL;
}

/* name(column, column), or name alone of what is about no column */
char *
DmRuleName(const char *name, List *columns)
{
	StringInfoData text;
	ListCell *cell;

	initStringInfo(&text);
	appendStringInfoString(&text, name);
	foreach (cell, columns)
		appendStringInfo(&text, "%s%s", foreach_current_index(cell) ? ", " : "(",
						 (char *) lfirst(cell));
	if (columns != NIL)
		appendStringInfoChar(&text, ')');
	return text.data;
}

DmCheck *
DmRuleNewCheck(DmRuleReader *reader, DmCheckKind kind)
{
	DmCheck *check = palloc0(sizeof(DmCheck));
	const DmRuleKind *name = kind_by_kind(kind);

	check->kind = kind;
	check->name = name != NULL ? name->name : "column";
	check->dimension = (name != NULL) ? (char *) name->dimension : "conformity";
	check->severity = DM_SEVERITY_ERROR;
	check->sample = -1;
	check->op = DM_OP_EQ;
	check->bound[0].text = "0";
	check->bound[0].is_number = true;
	check->min_length = check->max_length = -1;
	check->nulls_distinct = true;
	check->gaps = true;
	check->on_empty = DM_CHECK_FAIL;
	reader->rules->checks = lappend(reader->rules->checks, check);
	return check;
}

DmCheck *
DmRuleNewColumnCheck(DmRuleReader *reader, DmCheckKind kind, char *column)
{
	DmCheck *check = DmRuleNewCheck(reader, kind);

	check->column_names = list_make1(column);
	return check;
}

void
DmRuleNotRun(DmRuleReader *reader, const char *name, char *rule, char *column, char *reason)
{
	DmCheck *check = DmRuleNewCheck(reader, DM_KIND_NOT_RUN);

	check->name = name;
	check->rule = rule;
	check->dimension = NULL;
	check->severity = DM_SEVERITY_INFO;
	check->skip_reason = reason;
	if (column != NULL)
		check->column_names = list_make1(column);
}

static void
read_severity(const DmRuleSource *source, DmCheck *check)
{
	char *text = DmRuleString(source, "severity");

	if (text == NULL)
		return;
	if (pg_strcasecmp(text, "error") == 0 || pg_strcasecmp(text, "critical") == 0)
		check->severity = DM_SEVERITY_ERROR;
	else if (pg_strcasecmp(text, "warning") == 0)
		check->severity = DM_SEVERITY_WARNING;
	else if (pg_strcasecmp(text, "info") == 0)
		check->severity = DM_SEVERITY_INFO;
	else
		DmRuleProblem(source->reader, DmRulePath(source, "severity"),
					  "\"%s\" is not one of error, warning, info", text);
}

static void
read_dimension(const DmRuleSource *source, DmCheck *check)
{
	static const char *const known =
		" accuracy completeness conformity consistency coverage timeliness uniqueness ";
	char *text = DmRuleString(source, "dimension");

	if (text == NULL)
		return;
	if (strchr(text, ' ') != NULL || strstr(known, psprintf(" %s ", text)) == NULL)
		DmRuleProblem(
			source->reader, DmRulePath(source, "dimension"), "\"%s\" is not one of%s", text,
			" accuracy, completeness, conformity, consistency, coverage, timeliness, uniqueness");
	check->dimension = text;
}

static bool
bound_is_greater(const DmScalar *a, const DmScalar *b)
{
	Datum x = DirectFunctionCall3(numeric_in, CStringGetDatum(a->text), 0, Int32GetDatum(-1));
	Datum y = DirectFunctionCall3(numeric_in, CStringGetDatum(b->text), 0, Int32GetDatum(-1));

	return DatumGetBool(DirectFunctionCall2(numeric_gt, x, y));
}

static void
read_bounds(const DmRuleSource *source, DmCheck *check, const char *name, JsonbValue *value)
{
	char *path = DmRulePath(source, name);

	if (check->op == DM_OP_BETWEEN || check->op == DM_OP_NOT_BETWEEN)
	{
		JsonbContainer *pair = DmRuleArray(value);

		if (DmRuleLength(pair) != 2)
		{
			DmRuleProblem(source->reader, path, "must be an array of two numbers");
			return;
		}
		for (int i = 0; i < 2; i++)
			check->bound[i].text =
				DmRuleText(getIthJsonbValueFromContainer(pair, i), &check->bound[i].is_number);
		if (check->bound[0].text == NULL || check->bound[1].text == NULL)
			DmRuleProblem(source->reader, path, "must be an array of two numbers");
		else if (check->bound[0].is_number && check->bound[1].is_number &&
				 bound_is_greater(&check->bound[0], &check->bound[1]))
			DmRuleProblem(source->reader, path, "the smaller number comes first");
	}
	else
	{
		check->bound[0].text = DmRuleText(value, &check->bound[0].is_number);
		if (check->bound[0].text == NULL)
			DmRuleProblem(source->reader, path, "must be a number");
	}
	for (int i = 0; i < 2; i++)
		if (check->bound[i].text != NULL && !check->bound[i].is_number &&
			check->kind != DM_KIND_STATISTIC)
			DmRuleProblem(source->reader, path, "\"%s\" is no number", check->bound[i].text);
}

/* Exactly one operator, unless the check has one by nature or is only a metric. */
static void
read_operator(const DmRuleSource *source, DmCheck *check, bool demanded)
{
	const char *first = NULL;

	for (int i = 0; i < lengthof(operators); i++)
	{
		JsonbValue *value = DmRuleLookup(source, operators[i].name);

		if (value == NULL)
			continue;
		if (first != NULL)
		{
			DmRuleProblem(source->reader, DmRulePath(source, operators[i].name),
						  "a rule has one operator, and this one has %s too", first);
			continue;
		}
		first = operators[i].name;
		check->op = operators[i].op;
		memset(check->bound, 0, sizeof(check->bound));
		read_bounds(source, check, first, value);
	}
	if (first != NULL && check->kind == DM_KIND_FRESHNESS)
		DmRuleProblem(source->reader, DmRulePath(source, first),
					  "freshness is held against max_age and has no operator");
	if (first != NULL)
		return;
	if (check->severity == DM_SEVERITY_INFO)
		check->op = DM_OP_NONE;
	else if (demanded)
		DmRuleProblem(
			source->reader, source->path,
			"needs an operator: mustBe, mustNotBe, mustBeGreaterThan, mustBeGreaterOrEqualTo, "
			"mustBeLessThan, mustBeLessOrEqualTo, mustBeBetween or mustNotBeBetween");
	else if (check->kind == DM_KIND_ROW_COUNT)
		check->op = DM_OP_GT;
}

static void
read_common(const DmRuleSource *source, DmCheck *check, bool operator_demanded)
{
	char *unit = DmRuleString(source, "unit");
	char *name = DmRuleString(source, "name");

	check->rule = name != NULL ? name : DmRuleString(source, "id");
	if (check->rule == NULL && check->kind != DM_KIND_NOT_RUN)
		check->rule = DmRuleLookup(source, "check") != NULL ? DmRuleString(source, "rule") : NULL;
	read_severity(source, check);
	read_dimension(source, check);
	if (unit != NULL && pg_strcasecmp(unit, "percent") == 0)
		check->percent = true;
	else if (unit != NULL && pg_strcasecmp(unit, "rows") != 0)
		DmRuleProblem(source->reader, DmRulePath(source, "unit"),
					  "\"%s\" is not one of rows, percent", unit);
	if (check->percent && (check->kind == DM_KIND_ROW_COUNT || check->kind == DM_KIND_STATISTIC ||
						   check->kind == DM_KIND_SQL || check->kind == DM_KIND_FRESHNESS ||
						   check->kind == DM_KIND_DISTINCT))
		DmRuleProblem(source->reader, DmRulePath(source, "unit"), "%s has no percentage",
					  check->name);
	check->where = DmRuleString(source, "where");
	check->group_by = DmRuleNames(source, "group_by");
	if (check->kind == DM_KIND_SQL && (check->where != NULL || check->group_by != NIL))
		DmRuleProblem(
			source->reader, source->path,
			"a sql check takes neither where nor group_by: its query is the place for them");
	check->sample = DmRuleCount(source, "sample_keys", -1);
	read_operator(source, check, operator_demanded);
}

static bool
read_column(const DmRuleSource *source, DmCheck *check)
{
	char *column = DmRuleString(source, "column");

	if (column == NULL)
		column = source->column;
	if (column == NULL)
		DmRuleProblem(source->reader, source->path, "%s needs a column", check->name);
	else
		check->column_names = list_make1(column);
	return column != NULL;
}

static void
read_columns(const DmRuleSource *source, DmCheck *check)
{
	List *columns = DmRuleNames(source, "columns");

	if (columns == NIL)
		columns = DmRuleNames(source, "properties");
	if (columns == NIL)
		read_column(source, check);
	else
		check->column_names = columns;
}

static void
read_bound_pair(const DmRuleSource *source, DmCheck *check, const char *min, const char *max,
				const char *exclusive_min, const char *exclusive_max)
{
	DmScalar low = DmRuleScalar(source, min);
	DmScalar high = DmRuleScalar(source, max);

	if (low.text != NULL)
		check->min = low;
	if (high.text != NULL)
		check->max = high;
	check->exclusive_min = DmRuleBool(source, exclusive_min, false);
	check->exclusive_max = DmRuleBool(source, exclusive_max, false);
}

bool
DmRuleRestrictsNothing(const DmCheck *check)
{
	return check->values == NIL && check->pattern == NULL && check->min.text == NULL &&
		   check->max.text == NULL && check->min_length < 0 && check->max_length < 0 &&
		   check->multiple_of == NULL;
}

static void
read_invalid(const DmRuleSource *source, DmCheck *check)
{
	JsonbValue *values = DmRuleLookupEither(source, "valid_values", "validValues");

	read_column(source, check);
	check->values = DmRuleScalars(source, "valid_values", "validValues");
	check->pattern = DmRulePattern(source, "pattern");
	read_bound_pair(source, check, "min", "max", "exclusive_min", "exclusive_max");
	check->min_length = DmRuleCount(source, "min_length", -1);
	check->max_length = DmRuleCount(source, "max_length", -1);
	check->multiple_of = DmRuleNumber(source, "multiple_of");
	if (check->multiple_of != NULL && strtod(check->multiple_of, NULL) <= 0)
		DmRuleProblem(source->reader, DmRulePath(source, "multiple_of"), "must be greater than 0");
	if (values != NULL && check->values == NIL)
		DmRuleProblem(source->reader, DmRulePath(source, "valid_values"), "names no value");
	else if (DmRuleRestrictsNothing(check))
		DmRuleProblem(
			source->reader, source->path,
			"says not what is valid: valid_values, pattern, min, max, min_length, max_length or "
			"multiple_of");
}

/* "schema.table.column", "table.column" or "schema/table/properties/column" */
static void
read_reference_text(const DmRuleSource *source, DmCheck *check, const char *path, const char *text)
{
	List *parts = NIL;
	char *copy = pstrdup(text);

	for (char *part = strtok(copy, strchr(text, '/') ? "/" : "."); part != NULL;
		 part = strtok(NULL, strchr(text, '/') ? "/" : "."))
		parts = lappend(parts, part);
	if (strchr(text, '/') != NULL && list_length(parts) == 4 &&
		strcmp(lthird(parts), "properties") == 0)
		parts = list_make2(lsecond(parts), lfourth(parts));
	else if (strchr(text, '/') != NULL)
		parts = NIL;
	if (list_length(parts) < 2 || list_length(parts) > 3)
	{
		DmRuleProblem(source->reader, path, "\"%s\" is not of the form table.column", text);
		return;
	}
	if (check->ref_table != NULL &&
		strcmp(check->ref_table, list_nth(parts, list_length(parts) - 2)))
		DmRuleProblem(source->reader, path, "refers to more than one table");
	check->ref_schema = list_length(parts) == 3 ? linitial(parts) : NULL;
	check->ref_table = list_nth(parts, list_length(parts) - 2);
	check->ref_columns = lappend(check->ref_columns, llast(parts));
}

void
DmRuleReadReferences(const DmRuleSource *source, DmCheck *check, const char *path,
					 JsonbValue *value)
{
	ListCell *cell;

	foreach (cell, DmRuleNamesOf(source->reader, path, value))
		read_reference_text(source, check, path, lfirst(cell));
}

/* {"relation": "schema.table", "columns": [...]}, or the columns in full */
static void
read_references(const DmRuleSource *source, DmCheck *check)
{
	JsonbValue *value = DmRuleLookup(source, "references");
	char *path = DmRulePath(source, "references");

	read_columns(source, check);
	if (DmRuleIsContainer(value, false))
	{
		JsonbContainer *object = DmRuleObject(value);
		JsonbValue *relation = DmRuleField(object, "relation");
		JsonbValue *columns = DmRuleField(object, "columns");
		char *text = relation && relation->type == jbvString ? DmRuleText(relation, NULL) : NULL;
		char *dot = text == NULL ? NULL : strchr(text, '.');

		if (text == NULL)
			DmRuleProblem(source->reader, path, "needs \"relation\", the table referred to");
		else if (dot != NULL)
			*dot = '\0';
		check->ref_schema = dot != NULL ? text : NULL;
		check->ref_table = dot != NULL ? dot + 1 : text;
		check->ref_columns =
			columns != NULL ? DmRuleNamesOf(source->reader, path, columns) : check->column_names;
	}
	else if (value != NULL)
		DmRuleReadReferences(source, check, path, value);
	else
		DmRuleProblem(source->reader, source->path, "orphan_values needs \"references\"");
	if (check->ref_columns != NIL &&
		list_length(check->ref_columns) != list_length(check->column_names))
		DmRuleProblem(source->reader, path, "%d columns refer to %d",
					  list_length(check->column_names), list_length(check->ref_columns));
}

static void
read_freshness(const DmRuleSource *source, DmCheck *check)
{
	char *on_empty = DmRuleString(source, "on_empty");

	read_column(source, check);
	check->max_age = DmRuleAge(source, "max_age");
	check->max_future = DmRuleAge(source, "max_future");
	check->timezone = DmRuleString(source, "timezone");
	if (DmRuleLookup(source, "max_age") == NULL && DmRuleLookup(source, "max_future") == NULL)
		DmRuleProblem(source->reader, source->path, "freshness needs max_age, such as \"4 hours\"");
	if (on_empty == NULL || strcmp(on_empty, "fail") == 0)
		check->on_empty = DM_CHECK_FAIL;
	else if (strcmp(on_empty, "pass") == 0)
		check->on_empty = DM_CHECK_PASS;
	else if (strcmp(on_empty, "skip") == 0)
		check->on_empty = DM_CHECK_SKIPPED;
	else
		DmRuleProblem(source->reader, DmRulePath(source, "on_empty"),
					  "\"%s\" is not one of fail, pass, skip", on_empty);
}

static void
read_quantile(const DmRuleSource *source, DmCheck *check)
{
	check->method = DmRuleString(source, "method");
	if (check->method == NULL)
		check->method = "percentile_cont";
	if (strcmp(check->method, "percentile_cont") != 0 &&
		strcmp(check->method, "percentile_disc") != 0)
		DmRuleProblem(source->reader, DmRulePath(source, "method"),
					  "\"%s\" is not one of percentile_cont, percentile_disc", check->method);
	check->argument = DmRuleNumber(source, "quantile");
	if (check->argument == NULL)
		DmRuleProblem(source->reader, DmRulePath(source, "quantile"),
					  "must be a number from 0 to 1");
	else if (strtod(check->argument, NULL) < 0 || strtod(check->argument, NULL) > 1)
		DmRuleProblem(source->reader, DmRulePath(source, "quantile"),
					  "must be a number from 0 to 1, not %s", check->argument);
}

static void
read_statistic(const DmRuleSource *source, DmCheck *check)
{
	static const char *const known = " min max mean sum stddev_samp stddev_pop quantile entropy ";

	read_column(source, check);
	check->statistic = DmRuleString(source, "fn");
	if (check->statistic == NULL)
		DmRuleProblem(source->reader, source->path, "statistic needs \"fn\", one of%s", known);
	else if (strchr(check->statistic, ' ') != NULL ||
			 strstr(known, psprintf(" %s ", check->statistic)) == NULL)
		DmRuleProblem(source->reader, DmRulePath(source, "fn"), "\"%s\" is not one of%s",
					  check->statistic,
					  " min, max, mean, sum, stddev_samp, stddev_pop, quantile, entropy");
	else if (strcmp(check->statistic, "quantile") == 0)
		read_quantile(source, check);
	else if (strcmp(check->statistic, "entropy") == 0)
	{
		check->argument = DmRuleNumber(source, "base");
		if (check->argument != NULL && strtod(check->argument, NULL) <= 1)
			DmRuleProblem(source->reader, DmRulePath(source, "base"), "must be greater than 1");
	}
}

static void
read_distinct(const DmRuleSource *source, DmCheck *check)
{
	read_column(source, check);
	check->approximate = DmRuleBool(source, "approximate", false);
	if (check->approximate && check->severity == DM_SEVERITY_ERROR)
		DmRuleProblem(source->reader, DmRulePath(source, "approximate"),
					  "an approximation cannot block: give the rule severity warning or info");
}

static void
read_no_overlap(const DmRuleSource *source, DmCheck *check)
{
	check->lower = DmRuleString(source, "lower");
	check->upper = DmRuleString(source, "upper");
	check->partition_by = DmRuleNames(source, "partition_by");
	check->gaps = DmRuleBool(source, "gaps", true);
	if (check->lower == NULL || check->upper == NULL)
		DmRuleProblem(source->reader, source->path,
					  "no_overlap needs \"lower\" and \"upper\", two columns");
	else
		check->column_names = list_make2(check->lower, check->upper);
}

static void
read_text_parameter(const DmRuleSource *source, DmCheck *check, const char *key, const char *alias)
{
	check->expression = DmRuleString(source, key);
	if (check->expression == NULL && alias != NULL)
		check->expression = DmRuleString(source, alias);
	if (check->expression == NULL)
		DmRuleProblem(source->reader, source->path, "%s needs \"%s\"", check->name, key);
	if (DmRuleLookup(source, "column") != NULL || source->column != NULL)
		read_column(source, check);
}

/* Parameters of one kind; the common ones come first because some depend on the severity. */
DmCheck *
DmRuleReadCheck(const DmRuleSource *source, DmCheckKind kind)
{
	DmCheck *check = DmRuleNewCheck(source->reader, kind);

	read_common(source, check,
				kind == DM_KIND_SQL || kind == DM_KIND_STATISTIC || kind == DM_KIND_DISTINCT);
	switch (kind)
	{
		case DM_KIND_NULLS:
			read_column(source, check);
			break;
		case DM_KIND_MISSING:
			read_column(source, check);
			check->values = DmRuleScalars(source, "missing_values", "missingValues");
			break;
		case DM_KIND_INVALID:
			read_invalid(source, check);
			break;
		case DM_KIND_DUPLICATES:
			read_columns(source, check);
			check->nulls_distinct = DmRuleBool(source, "nulls_distinct", true);
			break;
		case DM_KIND_ORPHANS:
			read_references(source, check);
			break;
		case DM_KIND_FRESHNESS:
			read_freshness(source, check);
			break;
		case DM_KIND_ROW_CONDITION:
			read_text_parameter(source, check, "condition", "expression");
			break;
		case DM_KIND_SQL:
			read_text_parameter(source, check, "query", NULL);
			break;
		case DM_KIND_STATISTIC:
			read_statistic(source, check);
			break;
		case DM_KIND_DISTINCT:
			read_distinct(source, check);
			break;
		case DM_KIND_NO_OVERLAP:
			read_no_overlap(source, check);
			break;
		default:
			break;
	}
	return check;
}
