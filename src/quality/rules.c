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

#include <limits.h>

#include "catalog/pg_collation_d.h"
#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "regex/regex.h"
#include "utils/builtins.h"
#include "utils/formatting.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "base/errors.h"
#include "quality/check.h"

typedef struct Reader
{
	StringInfoData problems; /* one line each */
	int problem_count;
	DmRules *rules;
} Reader;

/*
 * Where the parameters of one rule are looked up: the rule object itself, then
 * its "arguments" or "implementation".  defaults is the column that the rule
 * stands below, if it does.
 */
typedef struct Source
{
	Reader *reader;
	char *path;
	JsonbContainer *objects[3];
	int nobjects;
	char *column;
} Source;

typedef struct KindName
{
	const char *name; /* the fixed name */
	const char *metric;
	DmCheckKind kind;
	const char *parameters; /* beside the common ones */
	const char *dimension;
} KindName;

static const KindName kind_names[] = {
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

static const char *const common_parameters =
	" check rule name id description dimension severity unit where group_by sample_keys mustBe "
	"mustNotBe mustBeGreaterThan mustBeGreaterOrEqualTo mustBeLessThan mustBeLessOrEqualTo "
	"mustBeBetween mustNotBeBetween type engine tags businessImpact ";

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

static void read_own_rule(Source *source, const char *check_name);

static void problem(Reader *reader, const char *path, const char *fmt, ...)
	pg_attribute_printf(3, 4);

static void
problem(Reader *reader, const char *path, const char *fmt, ...)
{
	StringInfo to = &reader->problems;

	if (reader->problem_count++ > 0)
		appendStringInfoChar(to, '\n');
	appendStringInfo(to, "%s: ", path);
	for (;;)
	{
		va_list args;
		int needed;

		va_start(args, fmt);
		needed = appendStringInfoVA(to, fmt, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(to, needed);
	}
}

/*
 * JSON access.  NULL for what is not there; JSON's null counts as not there.
 */
static JsonbValue *
field(JsonbContainer *object, const char *key)
{
	JsonbValue *value = getKeyJsonValueFromContainer(object, key, strlen(key), NULL);

	return (value != NULL && value->type == jbvNull) ? NULL : value;
}

static bool
is_container(const JsonbValue *value, bool array)
{
	return value != NULL && value->type == jbvBinary &&
		   (array ? JsonContainerIsArray(value->val.binary.data)
				  : JsonContainerIsObject(value->val.binary.data));
}

static JsonbContainer *
object_of(const JsonbValue *value)
{
	return is_container(value, false) ? value->val.binary.data : NULL;
}

static JsonbContainer *
array_of(const JsonbValue *value)
{
	return is_container(value, true) ? value->val.binary.data : NULL;
}

static int
json_length(JsonbContainer *array)
{
	return array == NULL ? 0 : (int) JsonContainerSize(array);
}

/* The text of a scalar; NULL for null, arrays and objects. */
static char *
scalar_text(const JsonbValue *value, bool *is_number)
{
	if (is_number != NULL)
		*is_number = value != NULL && value->type == jbvNumeric;
	if (value == NULL)
		return NULL;
	switch (value->type)
	{
		case jbvString:
			return pnstrdup(value->val.string.val, value->val.string.len);
		case jbvNumeric:
			return DatumGetCString(
				DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
		case jbvBool:
			return pstrdup(value->val.boolean ? "true" : "false");
		default:
			return NULL;
	}
}

static JsonbValue *
lookup(const Source *source, const char *key)
{
	for (int i = 0; i < source->nobjects; i++)
	{
		JsonbValue *value = field(source->objects[i], key);

		if (value != NULL)
			return value;
	}
	return NULL;
}

static JsonbValue *
lookup_either(const Source *source, const char *key, const char *alias)
{
	JsonbValue *value = lookup(source, key);

	return value != NULL ? value : lookup(source, alias);
}

static char *
below(const Source *source, const char *key)
{
	return source->path[0] == '\0' ? pstrdup(key) : psprintf("%s.%s", source->path, key);
}

static char *
get_string(const Source *source, const char *key)
{
	JsonbValue *value = lookup(source, key);

	if (value == NULL)
		return NULL;
	if (value->type != jbvString)
	{
		problem(source->reader, below(source, key), "must be a string");
		return NULL;
	}
	return scalar_text(value, NULL);
}

static DmScalar
get_scalar(const Source *source, const char *key)
{
	DmScalar scalar = {0};
	JsonbValue *value = lookup(source, key);

	if (value == NULL)
		return scalar;
	scalar.text = scalar_text(value, &scalar.is_number);
	if (scalar.text == NULL)
		problem(source->reader, below(source, key), "must be a number or a string");
	return scalar;
}

static bool
get_bool(const Source *source, const char *key, bool otherwise)
{
	JsonbValue *value = lookup(source, key);

	if (value == NULL)
		return otherwise;
	if (value->type != jbvBool)
	{
		problem(source->reader, below(source, key), "must be true or false");
		return otherwise;
	}
	return value->val.boolean;
}

static char *
get_number(const Source *source, const char *key)
{
	JsonbValue *value = lookup(source, key);

	if (value == NULL)
		return NULL;
	if (value->type != jbvNumeric)
	{
		problem(source->reader, below(source, key), "must be a number");
		return NULL;
	}
	return scalar_text(value, NULL);
}

/* A whole number from 0 to INT_MAX, or "otherwise" where it is not given. */
static int
get_count(const Source *source, const char *key, int otherwise)
{
	char *text = get_number(source, key);
	char *end;
	long number;

	if (text == NULL)
		return otherwise;
	errno = 0;
	number = strtol(text, &end, 10);
	if (*end != '\0' || errno != 0 || number < 0 || number > INT_MAX)
	{
		problem(source->reader, below(source, key), "must be a whole number, not %s", text);
		return otherwise;
	}
	return (int) number;
}

/* A list of names: one string, or an array of them. */
static List *
names_of(Reader *reader, const char *path, JsonbValue *value)
{
	List *names = NIL;
	JsonbContainer *array = array_of(value);

	if (value == NULL)
		return NIL;
	if (value->type == jbvString)
		return list_make1(scalar_text(value, NULL));
	if (array == NULL || json_length(array) == 0)
	{
		problem(reader, path, "must be a name or an array of names");
		return NIL;
	}
	for (int i = 0; i < json_length(array); i++)
	{
		JsonbValue *item = getIthJsonbValueFromContainer(array, i);

		if (item->type != jbvString)
			problem(reader, psprintf("%s[%d]", path, i), "must be a string");
		else
			names = lappend(names, scalar_text(item, NULL));
	}
	return names;
}

static List *
get_names(const Source *source, const char *key)
{
	return names_of(source->reader, below(source, key), lookup(source, key));
}

/* A list of scalars; nulls in it are left out (null is always missing and never invalid). */
static List *
get_scalars(const Source *source, const char *key, const char *alias)
{
	JsonbValue *value = lookup_either(source, key, alias);
	JsonbContainer *array = array_of(value);
	List *scalars = NIL;

	if (value == NULL)
		return NIL;
	if (array == NULL)
	{
		problem(source->reader, below(source, key), "must be an array of values");
		return NIL;
	}
	for (int i = 0; i < json_length(array); i++)
	{
		JsonbValue *item = getIthJsonbValueFromContainer(array, i);
		DmScalar *scalar = palloc0(sizeof(DmScalar));

		if (item->type == jbvNull)
			continue;
		scalar->text = scalar_text(item, &scalar->is_number);
		if (scalar->text == NULL)
			problem(source->reader, psprintf("%s[%d]", below(source, key), i),
					"must be a number or a string");
		else
			scalars = lappend(scalars, scalar);
	}
	return scalars;
}

/*
 * Values whose syntax PostgreSQL knows best are given to it, guarded.
 */
static void
parse_interval(void *text)
{
	Interval *interval = DatumGetIntervalP(DirectFunctionCall3(
		interval_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));

	if (interval->month < 0 || interval->day < 0 || interval->time < 0)
		ereport(ERROR, (errcode(ERRCODE_DM_INVALID_RULE), errmsg("an age cannot be negative")));
}

static void
parse_pattern(void *text)
{
	(void) RE_compile_and_cache(cstring_to_text(text), REG_ADVANCED, DEFAULT_COLLATION_OID);
}

static void
parse_json(void *arg)
{
	void **pair = arg;

	pair[1] = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(pair[0])));
}

static char *
get_age(const Source *source, const char *key)
{
	char *text = get_string(source, key);
	char *wrong;
	size_t length;

	if (text == NULL)
		return NULL;
	length = strlen(text);
	if (strspn(text, "0123456789. ") == length)
		wrong = "it has no unit";
	else
		wrong = DmGuard(parse_interval, text);
	if (wrong != NULL)
		problem(source->reader, below(source, key),
				"\"%s\" is no age, such as \"4 hours\" or \"P1D\": %s", text, wrong);
	else if (length > 1 && text[length - 1] == 'm' && strspn(text, "0123456789. ") == length - 1)
		ereport(NOTICE, (errmsg("%s: \"%s\" is read as minutes", below(source, key), text),
						 errhint("Write \"min\" for minutes or \"mo\" for months.")));
	return wrong == NULL ? text : NULL;
}

static char *
get_pattern(const Source *source, const char *key)
{
	char *text = get_string(source, key);
	char *wrong = text == NULL ? NULL : DmGuard(parse_pattern, text);

	if (wrong != NULL)
		problem(source->reader, below(source, key), "\"%s\" is no regular expression: %s", text,
				wrong);
	return wrong == NULL ? text : NULL;
}

/*
 * Checks.
 */
static const KindName *
kind_by_kind(DmCheckKind kind)
{
	for (int i = 0; i < lengthof(kind_names); i++)
		if (kind_names[i].kind == kind)
			return &kind_names[i];
	return NULL;
}

/* name(column, column), or name alone of what is about no column */
static char *
rule_name(const char *name, List *columns)
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

static DmCheck *
new_check(Reader *reader, DmCheckKind kind)
{
	DmCheck *check = palloc0(sizeof(DmCheck));
	const KindName *name = kind_by_kind(kind);

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

static DmCheck *
new_column_check(Reader *reader, DmCheckKind kind, char *column)
{
	DmCheck *check = new_check(reader, kind);

	check->column_names = list_make1(column);
	return check;
}

static void
not_run(Reader *reader, const char *name, char *rule, char *column, char *reason)
{
	DmCheck *check = new_check(reader, DM_KIND_NOT_RUN);

	check->name = name;
	check->rule = rule;
	check->dimension = NULL;
	check->severity = DM_SEVERITY_INFO;
	check->skip_reason = reason;
	if (column != NULL)
		check->column_names = list_make1(column);
}

static void
read_severity(const Source *source, DmCheck *check)
{
	char *text = get_string(source, "severity");

	if (text == NULL)
		return;
	if (pg_strcasecmp(text, "error") == 0 || pg_strcasecmp(text, "critical") == 0)
		check->severity = DM_SEVERITY_ERROR;
	else if (pg_strcasecmp(text, "warning") == 0)
		check->severity = DM_SEVERITY_WARNING;
	else if (pg_strcasecmp(text, "info") == 0)
		check->severity = DM_SEVERITY_INFO;
	else
		problem(source->reader, below(source, "severity"),
				"\"%s\" is not one of error, warning, info", text);
}

static void
read_dimension(const Source *source, DmCheck *check)
{
	static const char *const known =
		" accuracy completeness conformity consistency coverage timeliness uniqueness ";
	char *text = get_string(source, "dimension");

	if (text == NULL)
		return;
	if (strchr(text, ' ') != NULL || strstr(known, psprintf(" %s ", text)) == NULL)
		problem(
			source->reader, below(source, "dimension"), "\"%s\" is not one of%s", text,
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
read_bounds(const Source *source, DmCheck *check, const char *name, JsonbValue *value)
{
	char *path = below(source, name);

	if (check->op == DM_OP_BETWEEN || check->op == DM_OP_NOT_BETWEEN)
	{
		JsonbContainer *pair = array_of(value);

		if (json_length(pair) != 2)
		{
			problem(source->reader, path, "must be an array of two numbers");
			return;
		}
		for (int i = 0; i < 2; i++)
			check->bound[i].text =
				scalar_text(getIthJsonbValueFromContainer(pair, i), &check->bound[i].is_number);
		if (check->bound[0].text == NULL || check->bound[1].text == NULL)
			problem(source->reader, path, "must be an array of two numbers");
		else if (check->bound[0].is_number && check->bound[1].is_number &&
				 bound_is_greater(&check->bound[0], &check->bound[1]))
			problem(source->reader, path, "the smaller number comes first");
	}
	else
	{
		check->bound[0].text = scalar_text(value, &check->bound[0].is_number);
		if (check->bound[0].text == NULL)
			problem(source->reader, path, "must be a number");
	}
	for (int i = 0; i < 2; i++)
		if (check->bound[i].text != NULL && !check->bound[i].is_number &&
			check->kind != DM_KIND_STATISTIC)
			problem(source->reader, path, "\"%s\" is no number", check->bound[i].text);
}

/* Exactly one operator, unless the check has one by nature or is only a metric. */
static void
read_operator(const Source *source, DmCheck *check, bool demanded)
{
	const char *first = NULL;

	for (int i = 0; i < lengthof(operators); i++)
	{
		JsonbValue *value = lookup(source, operators[i].name);

		if (value == NULL)
			continue;
		if (first != NULL)
		{
			problem(source->reader, below(source, operators[i].name),
					"a rule has one operator, and this one has %s too", first);
			continue;
		}
		first = operators[i].name;
		check->op = operators[i].op;
		memset(check->bound, 0, sizeof(check->bound));
		read_bounds(source, check, first, value);
	}
	if (first != NULL && check->kind == DM_KIND_FRESHNESS)
		problem(source->reader, below(source, first),
				"freshness is held against max_age and has no operator");
	if (first != NULL)
		return;
	if (check->severity == DM_SEVERITY_INFO)
		check->op = DM_OP_NONE;
	else if (demanded)
		problem(source->reader, source->path,
				"needs an operator: mustBe, mustNotBe, mustBeGreaterThan, mustBeGreaterOrEqualTo, "
				"mustBeLessThan, mustBeLessOrEqualTo, mustBeBetween or mustNotBeBetween");
	else if (check->kind == DM_KIND_ROW_COUNT)
		check->op = DM_OP_GT;
}

static void
read_common(const Source *source, DmCheck *check, bool operator_demanded)
{
	char *unit = get_string(source, "unit");
	char *name = get_string(source, "name");

	check->rule = name != NULL ? name : get_string(source, "id");
	if (check->rule == NULL && check->kind != DM_KIND_NOT_RUN)
		check->rule = lookup(source, "check") != NULL ? get_string(source, "rule") : NULL;
	read_severity(source, check);
	read_dimension(source, check);
	if (unit != NULL && pg_strcasecmp(unit, "percent") == 0)
		check->percent = true;
	else if (unit != NULL && pg_strcasecmp(unit, "rows") != 0)
		problem(source->reader, below(source, "unit"), "\"%s\" is not one of rows, percent", unit);
	if (check->percent && (check->kind == DM_KIND_ROW_COUNT || check->kind == DM_KIND_STATISTIC ||
						   check->kind == DM_KIND_SQL || check->kind == DM_KIND_FRESHNESS ||
						   check->kind == DM_KIND_DISTINCT))
		problem(source->reader, below(source, "unit"), "%s has no percentage", check->name);
	check->where = get_string(source, "where");
	check->group_by = get_names(source, "group_by");
	if (check->kind == DM_KIND_SQL && (check->where != NULL || check->group_by != NIL))
		problem(source->reader, source->path,
				"a sql check takes neither where nor group_by: its query is the place for them");
	check->sample = get_count(source, "sample_keys", -1);
	read_operator(source, check, operator_demanded);
}

static bool
read_column(const Source *source, DmCheck *check)
{
	char *column = get_string(source, "column");

	if (column == NULL)
		column = source->column;
	if (column == NULL)
		problem(source->reader, source->path, "%s needs a column", check->name);
	else
		check->column_names = list_make1(column);
	return column != NULL;
}

static void
read_columns(const Source *source, DmCheck *check)
{
	List *columns = get_names(source, "columns");

	if (columns == NIL)
		columns = get_names(source, "properties");
	if (columns == NIL)
		read_column(source, check);
	else
		check->column_names = columns;
}

static void
read_bound_pair(const Source *source, DmCheck *check, const char *min, const char *max,
				const char *exclusive_min, const char *exclusive_max)
{
	DmScalar low = get_scalar(source, min);
	DmScalar high = get_scalar(source, max);

	if (low.text != NULL)
		check->min = low;
	if (high.text != NULL)
		check->max = high;
	check->exclusive_min = get_bool(source, exclusive_min, false);
	check->exclusive_max = get_bool(source, exclusive_max, false);
}

static bool
restricts_nothing(const DmCheck *check)
{
	return check->values == NIL && check->pattern == NULL && check->min.text == NULL &&
		   check->max.text == NULL && check->min_length < 0 && check->max_length < 0 &&
		   check->multiple_of == NULL;
}

static void
read_invalid(const Source *source, DmCheck *check)
{
	JsonbValue *values = lookup_either(source, "valid_values", "validValues");

	read_column(source, check);
	check->values = get_scalars(source, "valid_values", "validValues");
	check->pattern = get_pattern(source, "pattern");
	read_bound_pair(source, check, "min", "max", "exclusive_min", "exclusive_max");
	check->min_length = get_count(source, "min_length", -1);
	check->max_length = get_count(source, "max_length", -1);
	check->multiple_of = get_number(source, "multiple_of");
	if (check->multiple_of != NULL && strtod(check->multiple_of, NULL) <= 0)
		problem(source->reader, below(source, "multiple_of"), "must be greater than 0");
	if (values != NULL && check->values == NIL)
		problem(source->reader, below(source, "valid_values"), "names no value");
	else if (restricts_nothing(check))
		problem(
			source->reader, source->path,
			"says not what is valid: valid_values, pattern, min, max, min_length, max_length or "
			"multiple_of");
}

/* "schema.table.column", "table.column" or "schema/table/properties/column" */
static void
read_reference_text(const Source *source, DmCheck *check, const char *path, const char *text)
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
		problem(source->reader, path, "\"%s\" is not of the form table.column", text);
		return;
	}
	if (check->ref_table != NULL &&
		strcmp(check->ref_table, list_nth(parts, list_length(parts) - 2)))
		problem(source->reader, path, "refers to more than one table");
	check->ref_schema = list_length(parts) == 3 ? linitial(parts) : NULL;
	check->ref_table = list_nth(parts, list_length(parts) - 2);
	check->ref_columns = lappend(check->ref_columns, llast(parts));
}

static void
read_reference_texts(const Source *source, DmCheck *check, const char *path, JsonbValue *value)
{
	ListCell *cell;

	foreach (cell, names_of(source->reader, path, value))
		read_reference_text(source, check, path, lfirst(cell));
}

/* {"relation": "schema.table", "columns": [...]}, or the columns in full */
static void
read_references(const Source *source, DmCheck *check)
{
	JsonbValue *value = lookup(source, "references");
	char *path = below(source, "references");

	read_columns(source, check);
	if (is_container(value, false))
	{
		JsonbContainer *object = object_of(value);
		JsonbValue *relation = field(object, "relation");
		JsonbValue *columns = field(object, "columns");
		char *text = relation && relation->type == jbvString ? scalar_text(relation, NULL) : NULL;
		char *dot = text == NULL ? NULL : strchr(text, '.');

		if (text == NULL)
			problem(source->reader, path, "needs \"relation\", the table referred to");
		else if (dot != NULL)
			*dot = '\0';
		check->ref_schema = dot != NULL ? text : NULL;
		check->ref_table = dot != NULL ? dot + 1 : text;
		check->ref_columns =
			columns != NULL ? names_of(source->reader, path, columns) : check->column_names;
	}
	else if (value != NULL)
		read_reference_texts(source, check, path, value);
	else
		problem(source->reader, source->path, "orphan_values needs \"references\"");
	if (check->ref_columns != NIL &&
		list_length(check->ref_columns) != list_length(check->column_names))
		problem(source->reader, path, "%d columns refer to %d", list_length(check->column_names),
				list_length(check->ref_columns));
}

static void
read_freshness(const Source *source, DmCheck *check)
{
	char *on_empty = get_string(source, "on_empty");

	read_column(source, check);
	check->max_age = get_age(source, "max_age");
	check->max_future = get_age(source, "max_future");
	check->timezone = get_string(source, "timezone");
	if (lookup(source, "max_age") == NULL && lookup(source, "max_future") == NULL)
		problem(source->reader, source->path, "freshness needs max_age, such as \"4 hours\"");
	if (on_empty == NULL || strcmp(on_empty, "fail") == 0)
		check->on_empty = DM_CHECK_FAIL;
	else if (strcmp(on_empty, "pass") == 0)
		check->on_empty = DM_CHECK_PASS;
	else if (strcmp(on_empty, "skip") == 0)
		check->on_empty = DM_CHECK_SKIPPED;
	else
		problem(source->reader, below(source, "on_empty"), "\"%s\" is not one of fail, pass, skip",
				on_empty);
}

static void
read_quantile(const Source *source, DmCheck *check)
{
	check->method = get_string(source, "method");
	if (check->method == NULL)
		check->method = "percentile_cont";
	if (strcmp(check->method, "percentile_cont") != 0 &&
		strcmp(check->method, "percentile_disc") != 0)
		problem(source->reader, below(source, "method"),
				"\"%s\" is not one of percentile_cont, percentile_disc", check->method);
	check->argument = get_number(source, "quantile");
	if (check->argument == NULL)
		problem(source->reader, below(source, "quantile"), "must be a number from 0 to 1");
	else if (strtod(check->argument, NULL) < 0 || strtod(check->argument, NULL) > 1)
		problem(source->reader, below(source, "quantile"), "must be a number from 0 to 1, not %s",
				check->argument);
}

static void
read_statistic(const Source *source, DmCheck *check)
{
	static const char *const known = " min max mean sum stddev_samp stddev_pop quantile entropy ";

	read_column(source, check);
	check->statistic = get_string(source, "fn");
	if (check->statistic == NULL)
		problem(source->reader, source->path, "statistic needs \"fn\", one of%s", known);
	else if (strchr(check->statistic, ' ') != NULL ||
			 strstr(known, psprintf(" %s ", check->statistic)) == NULL)
		problem(source->reader, below(source, "fn"), "\"%s\" is not one of%s", check->statistic,
				" min, max, mean, sum, stddev_samp, stddev_pop, quantile, entropy");
	else if (strcmp(check->statistic, "quantile") == 0)
		read_quantile(source, check);
	else if (strcmp(check->statistic, "entropy") == 0)
	{
		check->argument = get_number(source, "base");
		if (check->argument != NULL && strtod(check->argument, NULL) <= 1)
			problem(source->reader, below(source, "base"), "must be greater than 1");
	}
}

static void
read_distinct(const Source *source, DmCheck *check)
{
	read_column(source, check);
	check->approximate = get_bool(source, "approximate", false);
	if (check->approximate && check->severity == DM_SEVERITY_ERROR)
		problem(source->reader, below(source, "approximate"),
				"an approximation cannot block: give the rule severity warning or info");
}

static void
read_no_overlap(const Source *source, DmCheck *check)
{
	check->lower = get_string(source, "lower");
	check->upper = get_string(source, "upper");
	check->partition_by = get_names(source, "partition_by");
	check->gaps = get_bool(source, "gaps", true);
	if (check->lower == NULL || check->upper == NULL)
		problem(source->reader, source->path,
				"no_overlap needs \"lower\" and \"upper\", two columns");
	else
		check->column_names = list_make2(check->lower, check->upper);
}

static void
read_text_parameter(const Source *source, DmCheck *check, const char *key, const char *alias)
{
	check->expression = get_string(source, key);
	if (check->expression == NULL && alias != NULL)
		check->expression = get_string(source, alias);
	if (check->expression == NULL)
		problem(source->reader, source->path, "%s needs \"%s\"", check->name, key);
	if (lookup(source, "column") != NULL || source->column != NULL)
		read_column(source, check);
}

/* Parameters of one kind; the common ones come first because some depend on the severity. */
static DmCheck *
read_check(const Source *source, DmCheckKind kind)
{
	DmCheck *check = new_check(source->reader, kind);

	read_common(source, check,
				kind == DM_KIND_SQL || kind == DM_KIND_STATISTIC || kind == DM_KIND_DISTINCT);
	switch (kind)
	{
		case DM_KIND_NULLS:
			read_column(source, check);
			break;
		case DM_KIND_MISSING:
			read_column(source, check);
			check->values = get_scalars(source, "missing_values", "missingValues");
			break;
		case DM_KIND_INVALID:
			read_invalid(source, check);
			break;
		case DM_KIND_DUPLICATES:
			read_columns(source, check);
			check->nulls_distinct = get_bool(source, "nulls_distinct", true);
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

/* Our own rule objects are closed: a misspelt parameter must not pass for none. */
static void
refuse_unknown_parameters(const Source *source, const KindName *kind)
{
	JsonbIterator *iterator = JsonbIteratorInit(source->objects[0]);
	JsonbValue value;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		char *key;

		if (token != WJB_KEY)
			continue;
		key = scalar_text(&value, NULL);
		if (strchr(key, ' ') == NULL && (strstr(common_parameters, psprintf(" %s ", key)) != NULL ||
										 strstr(kind->parameters, psprintf(" %s ", key)) != NULL))
			continue;
		problem(source->reader, below(source, key), "is no parameter of %s", kind->name);
	}
}

static void
read_own_rule(Source *source, const char *check_name)
{
	StringInfoData names;

	for (int i = 0; i < lengthof(kind_names); i++)
	{
		const KindName *kind = &kind_names[i];

		if (strcmp(kind->name, check_name) != 0)
			continue;
		if (kind->kind == DM_KIND_NOT_RUN)
		{
			not_run(source->reader, kind->name, get_string(source, "name"),
					get_string(source, "column"),
					"compares with earlier releases, and is not run here");
			return;
		}
		refuse_unknown_parameters(source, kind);
		(void) read_check(source, kind->kind);
		return;
	}
	initStringInfo(&names);
	for (int i = 0; i < lengthof(kind_names); i++)
		appendStringInfo(&names, "%s%s", i ? ", " : "", kind_names[i].name);
	problem(source->reader, below(source, "check"), "\"%s\" is not one of %s", check_name,
			names.data);
}

/* A quality object of type library. */
static void
read_library_rule(Source *source, const char *metric)
{
	JsonbContainer *arguments = object_of(lookup(source, "arguments"));

	if (field(source->objects[0], "pattern") != NULL)
		ereport(NOTICE, (errmsg("%s: \"pattern\" stands outside \"arguments\"", source->path),
						 errdetail("It is read as if it stood inside.")));
	if (arguments != NULL)
		source->objects[source->nobjects++] = arguments;
	for (int i = 0; i < lengthof(kind_names); i++)
		if (kind_names[i].metric != NULL && strcmp(kind_names[i].metric, metric) == 0)
		{
			(void) read_check(source, kind_names[i].kind);
			return;
		}
	problem(
		source->reader, below(source, "metric"),
		"\"%s\" is not one of nullValues, missingValues, invalidValues, duplicateValues, rowCount",
		metric);
}

/* A quality object of type custom for engine datamesh: implementation is a rule of our own. */
static void
read_custom_rule(Source *source)
{
	char *engine = get_string(source, "engine");
	JsonbValue *implementation = lookup(source, "implementation");
	JsonbContainer *own = object_of(implementation);
	char *name = get_string(source, "name");
	JsonbValue *check;

	if (engine == NULL || pg_strcasecmp(engine, "datamesh") != 0)
	{
		if (engine == NULL)
			problem(source->reader, below(source, "engine"), "must be given for type custom");
		else
			not_run(source->reader, "custom", name, source->column,
					psprintf("is for engine \"%s\", not for datamesh", engine));
		return;
	}
	if (implementation != NULL && implementation->type == jbvString)
	{
		void *pair[2] = {scalar_text(implementation, NULL), NULL};

		if (DmGuard(parse_json, pair) == NULL && JB_ROOT_IS_OBJECT((Jsonb *) pair[1]))
			own = &((Jsonb *) pair[1])->root;
	}
	check = own == NULL ? NULL : field(own, "check");
	if (check == NULL || check->type != jbvString)
	{
		problem(source->reader, below(source, "implementation"),
				"must be an object with \"check\", a rule of datamesh");
		return;
	}
	source->path = below(source, "implementation");
	source->objects[source->nobjects++] = source->objects[0];
	source->objects[0] = own;
	read_own_rule(source, scalar_text(check, NULL));
}

/* One rule object: ours if it has "check", otherwise a quality object of the standard. */
static void
read_rule_object(Reader *reader, char *path, char *column, JsonbValue *value)
{
	Source source = {.reader = reader, .path = path, .column = column};
	char *type;
	char *metric;

	if (!is_container(value, false))
	{
		problem(reader, path, "must be an object");
		return;
	}
	source.objects[source.nobjects++] = object_of(value);
	if (lookup(&source, "check") != NULL)
	{
		char *name = get_string(&source, "check");

		if (name != NULL)
			read_own_rule(&source, name);
		return;
	}
	type = get_string(&source, "type");
	metric = get_string(&source, "metric");
	if (metric == NULL && lookup(&source, "rule") != NULL)
		metric = get_string(&source, "rule");
	if (type == NULL || strcmp(type, "library") == 0)
	{
		if (metric == NULL)
			problem(reader, path, "needs \"check\", \"metric\" or \"type\"");
		else
			read_library_rule(&source, metric);
	}
	else if (strcmp(type, "text") == 0)
		not_run(reader, "text", get_string(&source, "name"), column, "is documentation");
	else if (strcmp(type, "sql") == 0)
		(void) read_check(&source, DM_KIND_SQL);
	else if (strcmp(type, "custom") == 0)
		read_custom_rule(&source);
	else
		problem(reader, below(&source, "type"), "\"%s\" is not one of text, library, sql, custom",
				type);
}

static void
read_rule_array(Reader *reader, const char *path, char *column, JsonbContainer *array)
{
	for (int i = 0; i < json_length(array); i++)
		read_rule_object(reader, psprintf("%s[%d]", path, i), column,
						 getIthJsonbValueFromContainer(array, i));
}

/*
 * ODCS schema objects.
 */

/* logicalTypeOptions of a property: one check of values. */
static void
read_type_options(Source *source)
{
	Reader *reader = source->reader;
	DmCheck *check;
	static const char *const unchecked[] = {"minItems", "maxItems", "uniqueItems", "minProperties",
											"maxProperties"};
	DmScalar low = get_scalar(source, "exclusiveMinimum");
	DmScalar high = get_scalar(source, "exclusiveMaximum");
	List *before = list_copy(reader->rules->checks);

	check = new_column_check(reader, DM_KIND_INVALID, source->column);
	check->rule = psprintf("logicalTypeOptions(%s)", source->column);
	check->min = get_scalar(source, "minimum");
	check->max = get_scalar(source, "maximum");
	check->pattern = get_pattern(source, "pattern");
	check->min_length = get_count(source, "minLength", -1);
	check->max_length = get_count(source, "maxLength", -1);
	check->multiple_of = get_number(source, "multipleOf");
	if (check->min.text == NULL && low.text != NULL)
	{
		check->min = low;
		check->exclusive_min = true;
		low.text = NULL;
	}
	if (check->max.text == NULL && high.text != NULL)
	{
		check->max = high;
		check->exclusive_max = true;
		high.text = NULL;
	}
	if (restricts_nothing(check))
		reader->rules->checks = before;
	if (low.text != NULL || high.text != NULL)
	{
		check = new_column_check(reader, DM_KIND_INVALID, source->column);
		check->rule = psprintf("logicalTypeOptions(%s)", source->column);
		check->min = low;
		check->max = high;
		check->exclusive_min = check->exclusive_max = true;
	}
	for (int i = 0; i < lengthof(unchecked); i++)
		if (lookup(source, unchecked[i]) != NULL)
			not_run(reader, "invalid_values", psprintf("%s(%s)", unchecked[i], source->column),
					source->column, "is not checked: it is about what is inside a value");
}

static char *
last_name(const char *text)
{
	const char *dot = strrchr(text, '.');
	const char *slash = strrchr(text, '/');
	const char *last = Max(dot, slash);

	return pstrdup(last != NULL ? last + 1 : text);
}

/* relationships of a property (column given) or of the object ("from" given) */
static void
read_relationship(Reader *reader, char *path, char *column, JsonbValue *value)
{
	Source source = {.reader = reader, .path = path, .column = column};
	DmCheck *check;
	ListCell *cell;

	if (!is_container(value, false))
	{
		problem(reader, path, "must be an object");
		return;
	}
	source.objects[source.nobjects++] = object_of(value);
	check = new_check(reader, DM_KIND_ORPHANS);
	check->implied = true;
	if (column != NULL)
		check->column_names = list_make1(column);
	else
		foreach (cell, get_names(&source, "from"))
			check->column_names = lappend(check->column_names, last_name(lfirst(cell)));
	if (lookup(&source, "to") == NULL || check->column_names == NIL)
		problem(reader, path, column != NULL ? "needs \"to\"" : "needs \"from\" and \"to\"");
	read_reference_texts(&source, check, below(&source, "to"), lookup(&source, "to"));
	if (check->ref_columns != NIL &&
		list_length(check->ref_columns) != list_length(check->column_names))
		problem(reader, path, "%d columns refer to %d", list_length(check->column_names),
				list_length(check->ref_columns));
}

static void
read_relationships(Reader *reader, const char *path, char *column, JsonbContainer *array)
{
	for (int i = 0; i < json_length(array); i++)
		read_relationship(reader, psprintf("%s[%d]", path, i), column,
						  getIthJsonbValueFromContainer(array, i));
}

static void
imply(DmCheck *check, const char *rule)
{
	check->implied = true;
	check->rule = rule_name(rule, check->column_names);
}

static void
read_property_rules(Source *source)
{
	Reader *reader = source->reader;
	JsonbContainer *options = object_of(lookup(source, "logicalTypeOptions"));
	char *column = source->column;

	(void) new_column_check(reader, DM_KIND_COLUMN, column);
	reader->rules->properties = lappend(reader->rules->properties, column);
	if (get_bool(source, "required", false) || get_bool(source, "primaryKey", false))
		imply(new_column_check(reader, DM_KIND_NULLS, column), "required");
	if (get_bool(source, "unique", false))
		imply(new_column_check(reader, DM_KIND_DUPLICATES, column), "unique");
	if (options != NULL)
	{
		Source inner = {.reader = reader,
						.path = below(source, "logicalTypeOptions"),
						.column = column,
						.objects = {options},
						.nobjects = 1};

		read_type_options(&inner);
	}
	read_relationships(reader, below(source, "relationships"), column,
					   array_of(lookup(source, "relationships")));
	read_rule_array(reader, below(source, "quality"), column, array_of(lookup(source, "quality")));
}

typedef struct KeyPart
{
	char *column;
	int position;
} KeyPart;

static int
compare_key_parts(const ListCell *a, const ListCell *b)
{
	return ((KeyPart *) lfirst(a))->position - ((KeyPart *) lfirst(b))->position;
}

static void
read_property(Reader *reader, const char *path, JsonbValue *value, List **key)
{
	Source source = {.reader = reader, .path = (char *) path};
	char *physical;

	if (!is_container(value, false))
	{
		problem(reader, path, "must be an object");
		return;
	}
	source.objects[source.nobjects++] = object_of(value);
	source.column = get_string(&source, "name");
	if (source.column == NULL)
	{
		problem(reader, path, "needs a name");
		return;
	}
	physical = get_string(&source, "physicalName");
	if (physical != NULL && strcmp(physical, source.column) != 0)
	{
		DmColumnName *pair = palloc(sizeof(DmColumnName));

		pair->name = source.column;
		pair->physical = physical;
		reader->rules->column_names = lappend(reader->rules->column_names, pair);
	}
	if (get_bool(&source, "primaryKey", false))
	{
		KeyPart *part = palloc(sizeof(KeyPart));

		part->column = source.column;
		part->position = get_count(&source, "primaryKeyPosition", list_length(*key) + 1);
		*key = lappend(*key, part);
	}
	read_property_rules(&source);
}

static void
read_properties(Reader *reader, JsonbContainer *array)
{
	List *key = NIL;
	ListCell *cell;
	DmCheck *check;

	for (int i = 0; i < json_length(array); i++)
		read_property(reader, psprintf("properties[%d]", i),
					  getIthJsonbValueFromContainer(array, i), &key);
	if (key == NIL)
		return;
	list_sort(key, compare_key_parts);
	foreach (cell, key)
		reader->rules->key = lappend(reader->rules->key, ((KeyPart *) lfirst(cell))->column);
	check = new_check(reader, DM_KIND_DUPLICATES);
	check->column_names = reader->rules->key;
	imply(check, "primaryKey");
}

/* value and unit of an SLA as an interval; NULL if the unit is none of time */
static char *
sla_age(const Source *source, const char *value)
{
	static const struct
	{
		const char *names;
		const char *unit;
	} units[] = {
		{" s sec secs second seconds ", "seconds"},
		{" min mins minute minutes ", "minutes"},
		{" h hr hrs hour hours ", "hours"},
		{" d day days ", "days"},
		{" w wk week weeks ", "weeks"},
		{" mo mon month months ", "months"},
		{" y yr yrs year years ", "years"},
	};
	char *unit = get_string(source, "unit");

	if (unit == NULL)
		return NULL;
	if (strcmp(unit, "m") == 0)
	{
		ereport(NOTICE, (errmsg("%s: \"m\" is read as minutes", below(source, "unit")),
						 errhint("Write \"min\" for minutes or \"mo\" for months.")));
		unit = "min";
	}
	unit = asc_tolower(unit, strlen(unit));
	for (int i = 0; i < lengthof(units); i++)
		if (strchr(unit, ' ') == NULL && strstr(units[i].names, psprintf(" %s ", unit)) != NULL)
			return psprintf("%s %s", value, units[i].unit);
	return NULL;
}

static bool
names_freshness(const char *property)
{
	return pg_strcasecmp(property, "freshness") == 0 || pg_strcasecmp(property, "latency") == 0 ||
		   pg_strcasecmp(property, "ly") == 0;
}

static void
read_sla(Reader *reader, char *path, JsonbValue *value, JsonbValue *default_element)
{
	Source source = {.reader = reader, .path = path};
	char *property;
	char *element;
	char *text;
	char *age;

	if (!is_container(value, false))
	{
		problem(reader, path, "must be an object");
		return;
	}
	source.objects[source.nobjects++] = object_of(value);
	property = get_string(&source, "property");
	if (property == NULL || !names_freshness(property))
		return;
	text = get_scalar(&source, "value").text;
	age = text == NULL ? NULL : sla_age(&source, text);
	if (age == NULL || DmGuard(parse_interval, age) != NULL)
	{
		problem(reader, path, "%s needs a value and a unit of time (s, min, h, d, w, mo, y)",
				property);
		return;
	}
	element = get_string(&source, "element");
	if (element == NULL && default_element != NULL)
		element = scalar_text(default_element, NULL);
	if (element == NULL)
	{
		not_run(reader, "freshness", pstrdup(property), NULL,
				"names no element, the column that tells when a row was made");
		return;
	}
	for (char *part = strtok(element, ", "); part != NULL; part = strtok(NULL, ", "))
	{
		DmCheck *check = new_column_check(reader, DM_KIND_FRESHNESS, last_name(part));

		check->rule = psprintf("%s(%s)", property, last_name(part));
		check->max_age = age;
	}
}

/* A date or timestamp without zone may have its zone in the property's options. */
static void
add_default_timezones(Reader *reader, JsonbContainer *properties)
{
	ListCell *cell;

	foreach (cell, reader->rules->checks)
	{
		DmCheck *check = lfirst(cell);

		for (int i = 0; check->kind == DM_KIND_FRESHNESS && i < json_length(properties); i++)
		{
			JsonbContainer *property = object_of(getIthJsonbValueFromContainer(properties, i));
			JsonbValue *name = property ? field(property, "name") : NULL;
			JsonbContainer *options =
				property ? object_of(field(property, "logicalTypeOptions")) : NULL;
			JsonbValue *zone = options ? field(options, "defaultTimezone") : NULL;

			if (zone != NULL && check->timezone == NULL && name != NULL &&
				strcmp(scalar_text(name, NULL), linitial(check->column_names)) == 0)
				check->timezone = scalar_text(zone, NULL);
		}
	}
}

static void
read_schema_object(Reader *reader, JsonbContainer *object, JsonbContainer *root)
{
	JsonbContainer *slas = array_of(field(root, "slaProperties"));
	JsonbContainer *properties = array_of(field(object, "properties"));

	reader->rules->object = scalar_text(field(object, "name"), NULL);
	read_properties(reader, properties);
	read_relationships(reader, "relationships", NULL, array_of(field(object, "relationships")));
	read_rule_array(reader, "quality", NULL, array_of(field(object, "quality")));
	for (int i = 0; i < json_length(slas); i++)
		read_sla(reader, psprintf("slaProperties[%d]", i), getIthJsonbValueFromContainer(slas, i),
				 field(root, "slaDefaultElement"));
	add_default_timezones(reader, properties);
}

/*
 * The short form.
 */
static void
short_rule_keys(Source *source)
{
	JsonbIterator *iterator = JsonbIteratorInit(source->objects[0]);
	JsonbValue value;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		char *key = token == WJB_KEY ? scalar_text(&value, NULL) : NULL;

		if (key != NULL && strcmp(key, "not_null") != 0 && strcmp(key, "unique") != 0 &&
			strcmp(key, "min") != 0 && strcmp(key, "max") != 0)
			problem(source->reader, below(source, key), "is not one of not_null, unique, min, max");
	}
}

static void
read_short_column(Reader *reader, char *column, JsonbValue *rules, char *threshold)
{
	Source source = {.reader = reader, .path = column, .column = column};
	DmScalar min, max;
	DmCheck *check;

	if (!is_container(rules, false))
	{
		problem(reader, column, "must be an object of not_null, unique, min, max");
		return;
	}
	source.objects[source.nobjects++] = object_of(rules);
	short_rule_keys(&source);
	if (get_bool(&source, "not_null", false))
	{
		check = new_column_check(reader, DM_KIND_NULLS, column);
		check->rule = psprintf("not_null(%s)", column);
		check->completeness = true;
		check->op = DM_OP_GE;
		check->bound[0].text = threshold;
	}
	if (get_bool(&source, "unique", false))
	{
		check = new_column_check(reader, DM_KIND_DUPLICATES, column);
		check->rule = psprintf("unique(%s)", column);
		check->nulls_distinct = false;
	}
	min = get_scalar(&source, "min");
	max = get_scalar(&source, "max");
	if (min.text != NULL)
	{
		check = new_column_check(reader, DM_KIND_INVALID, column);
		check->rule = psprintf("min_value(%s)", column);
		check->min = min;
	}
	if (max.text != NULL)
	{
		check = new_column_check(reader, DM_KIND_INVALID, column);
		check->rule = psprintf("max_value(%s)", column);
		check->max = max;
	}
}

static void
read_short_form(Reader *reader, JsonbContainer *root)
{
	Source source = {.reader = reader, .path = "", .objects = {root}, .nobjects = 1};
	JsonbIterator *iterator = JsonbIteratorInit(root);
	char *threshold = get_number(&source, "completeness_threshold");
	char *key = NULL;
	JsonbValue value;
	JsonbIteratorToken token;

	if (threshold == NULL)
		threshold = "0.99";
	else if (strtod(threshold, NULL) < 0 || strtod(threshold, NULL) > 1)
		problem(reader, "completeness_threshold", "must be from 0 to 1, not %s", threshold);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			key = scalar_text(&value, NULL);
		else if (token == WJB_VALUE && strcmp(key, "completeness_threshold") != 0)
			read_short_column(reader, key, &value, threshold);
	}
}

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
			check->rule = rule_name(check->name, check->column_names);
	}
}

DmRules *
DmRulesRead(Jsonb *rules)
{
	Reader reader = {0};
	JsonbContainer *root = &rules->root;
	JsonbContainer *schema;

	initStringInfo(&reader.problems);
	reader.rules = palloc0(sizeof(DmRules));

	if (JB_ROOT_IS_SCALAR(rules))
		problem(&reader, "rules", "must be an object or an array");
	else if (JB_ROOT_IS_ARRAY(rules))
		read_rule_array(&reader, "rules", NULL, root);
	else if ((schema = array_of(field(root, "schema"))) != NULL)
	{
		JsonbValue *first =
			json_length(schema) > 0 ? getIthJsonbValueFromContainer(schema, 0) : NULL;

		if (!is_container(first, false))
			problem(&reader, "schema", "must have an object");
		else
			read_schema_object(&reader, object_of(first), root);
	}
	else if (array_of(field(root, "properties")) || array_of(field(root, "quality")) ||
			 array_of(field(root, "slaProperties")) || array_of(field(root, "relationships")))
		read_schema_object(&reader, root, root);
	else if (field(root, "check") || field(root, "metric"))
		read_rule_object(&reader, "rule", NULL,
						 &(JsonbValue){.type = jbvBinary, .val.binary = {.data = root}});
	else
		read_short_form(&reader, root);

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
