/*-------------------------------------------------------------------------
 *
 * rule_reader.c
 *		What all forms of rules are read with: the members of JSON objects, by type,
 *		and the list of what is wrong with them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "catalog/pg_collation_d.h"
#include "regex/regex.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "base/errors.h"
#include "base/text.h"
#include "quality/rule_reader.h"

#define MOST_PROBLEMS_SHOWN 100

void
DmRuleProblem(DmRuleReader *reader, const char *path, const char *fmt, ...)
{
	StringInfo to = &reader->problems;
	va_list args;

	if (reader->problem_count++ >= MOST_PROBLEMS_SHOWN)
		return;
	if (reader->problem_count > 1)
		appendStringInfoChar(to, '\n');
	appendStringInfo(to, "%s: ", path);
	va_start(args, fmt);
	DmAppendFormat(to, fmt, args);
	va_end(args);
}

void
DmRuleProblemsEnd(DmRuleReader *reader)
{
	if (reader->problem_count > MOST_PROBLEMS_SHOWN)
		appendStringInfo(&reader->problems, "\n... and %d more.",
						 reader->problem_count - MOST_PROBLEMS_SHOWN);
}

/*
 * JSON access.  NULL for what is not there; JSON's null counts as not there.
 */
JsonbValue *
DmRuleField(JsonbContainer *object, const char *key)
{
	JsonbValue *value = getKeyJsonValueFromContainer(object, key, strlen(key), NULL);

	return (value != NULL && value->type == jbvNull) ? NULL : value;
}

bool
DmRuleIsContainer(const JsonbValue *value, bool array)
{
	return value != NULL && value->type == jbvBinary &&
		   (array ? JsonContainerIsArray(value->val.binary.data)
				  : JsonContainerIsObject(value->val.binary.data));
}

JsonbContainer *
DmRuleObject(const JsonbValue *value)
{
	return DmRuleIsContainer(value, false) ? value->val.binary.data : NULL;
}

JsonbContainer *
DmRuleArray(const JsonbValue *value)
{
	return DmRuleIsContainer(value, true) ? value->val.binary.data : NULL;
}

int
DmRuleLength(JsonbContainer *array)
{
	return array == NULL ? 0 : (int) JsonContainerSize(array);
}

/* The text of a scalar; NULL for null, arrays and objects. */
char *
DmRuleText(const JsonbValue *value, bool *is_number)
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

JsonbValue *
DmRuleLookup(const DmRuleSource *source, const char *key)
{
	for (int i = 0; i < source->nobjects; i++)
	{
		JsonbValue *value = DmRuleField(source->objects[i], key);

		if (value != NULL)
			return value;
	}
	return NULL;
}

JsonbValue *
DmRuleLookupEither(const DmRuleSource *source, const char *key, const char *alias)
{
	JsonbValue *value = DmRuleLookup(source, key);

	return value != NULL ? value : DmRuleLookup(source, alias);
}

char *
DmRulePath(const DmRuleSource *source, const char *key)
{
	return source->path[0] == '\0' ? pstrdup(key) : psprintf("%s.%s", source->path, key);
}

char *
DmRuleString(const DmRuleSource *source, const char *key)
{
	JsonbValue *value = DmRuleLookup(source, key);

	if (value == NULL)
		return NULL;
	if (value->type != jbvString)
	{
		DmRuleProblem(source->reader, DmRulePath(source, key), "must be a string");
		return NULL;
	}
	return DmRuleText(value, NULL);
}

DmScalar
DmRuleScalar(const DmRuleSource *source, const char *key)
{
	DmScalar scalar = {0};
	JsonbValue *value = DmRuleLookup(source, key);

	if (value == NULL)
		return scalar;
	scalar.text = DmRuleText(value, &scalar.is_number);
	if (scalar.text == NULL)
		DmRuleProblem(source->reader, DmRulePath(source, key), "must be a number or a string");
	return scalar;
}

bool
DmRuleBool(const DmRuleSource *source, const char *key, bool otherwise)
{
	JsonbValue *value = DmRuleLookup(source, key);

	if (value == NULL)
		return otherwise;
	if (value->type != jbvBool)
	{
		DmRuleProblem(source->reader, DmRulePath(source, key), "must be true or false");
		return otherwise;
	}
	return value->val.boolean;
}

char *
DmRuleNumber(const DmRuleSource *source, const char *key)
{
	JsonbValue *value = DmRuleLookup(source, key);

	if (value == NULL)
		return NULL;
	if (value->type != jbvNumeric)
	{
		DmRuleProblem(source->reader, DmRulePath(source, key), "must be a number");
		return NULL;
	}
	return DmRuleText(value, NULL);
}

/* A whole number from 0 to INT_MAX, or "otherwise" where it is not given. */
int
DmRuleCount(const DmRuleSource *source, const char *key, int otherwise)
{
	char *text = DmRuleNumber(source, key);
	char *end;
	long number;

	if (text == NULL)
		return otherwise;
	errno = 0;
	number = strtol(text, &end, 10);
	if (*end != '\0' || errno != 0 || number < 0 || number > INT_MAX)
	{
		DmRuleProblem(source->reader, DmRulePath(source, key), "must be a whole number, not %s",
					  text);
		return otherwise;
	}
	return (int) number;
}

/* A list of names: one string, or an array of them. */
List *
DmRuleNamesOf(DmRuleReader *reader, const char *path, JsonbValue *value)
{
	List *names = NIL;
	JsonbContainer *array = DmRuleArray(value);

	if (value == NULL)
		return NIL;
	if (value->type == jbvString)
		return list_make1(DmRuleText(value, NULL));
	if (array == NULL || DmRuleLength(array) == 0)
	{
		DmRuleProblem(reader, path, "must be a name or an array of names");
		return NIL;
	}
	for (int i = 0; i < DmRuleLength(array); i++)
	{
		JsonbValue *item = getIthJsonbValueFromContainer(array, i);

		if (item->type != jbvString)
			DmRuleProblem(reader, psprintf("%s[%d]", path, i), "must be a string");
		else
			names = lappend(names, DmRuleText(item, NULL));
	}
	return names;
}

List *
DmRuleNames(const DmRuleSource *source, const char *key)
{
	return DmRuleNamesOf(source->reader, DmRulePath(source, key), DmRuleLookup(source, key));
}

/* A list of scalars; nulls in it are left out (null is always missing and never invalid). */
List *
DmRuleScalars(const DmRuleSource *source, const char *key, const char *alias)
{
	JsonbValue *value = DmRuleLookupEither(source, key, alias);
	JsonbContainer *array = DmRuleArray(value);
	List *scalars = NIL;

	if (value == NULL)
		return NIL;
	if (array == NULL)
	{
		DmRuleProblem(source->reader, DmRulePath(source, key), "must be an array of values");
		return NIL;
	}
	for (int i = 0; i < DmRuleLength(array); i++)
	{
		JsonbValue *item = getIthJsonbValueFromContainer(array, i);
		DmScalar *scalar = palloc0(sizeof(DmScalar));

		if (item->type == jbvNull)
			continue;
		scalar->text = DmRuleText(item, &scalar->is_number);
		if (scalar->text == NULL)
			DmRuleProblem(source->reader, psprintf("%s[%d]", DmRulePath(source, key), i),
						  "must be a number or a string");
		else
			scalars = lappend(scalars, scalar);
	}
	return scalars;
}

/*
 * Values whose syntax PostgreSQL knows best are given to it, guarded.
 */
void
DmRuleTryAge(void *text)
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

char *
DmRuleAge(const DmRuleSource *source, const char *key)
{
	char *text = DmRuleString(source, key);
	char *wrong;
	size_t length;

	if (text == NULL)
		return NULL;
	length = strlen(text);
	if (strspn(text, "0123456789. ") == length)
		wrong = "it has no unit";
	else
		wrong = DmGuard(DmRuleTryAge, text);
	if (wrong != NULL)
		DmRuleProblem(source->reader, DmRulePath(source, key),
					  "\"%s\" is no age, such as \"4 hours\" or \"P1D\": %s", text, wrong);
	else if (length > 1 && text[length - 1] == 'm' && strspn(text, "0123456789. ") == length - 1)
		ereport(NOTICE, (errmsg("%s: \"%s\" is read as minutes", DmRulePath(source, key), text),
						 errhint("Write \"min\" for minutes or \"mo\" for months.")));
	return wrong == NULL ? text : NULL;
}

char *
DmRulePattern(const DmRuleSource *source, const char *key)
{
	char *text = DmRuleString(source, key);
	char *wrong = text == NULL ? NULL : DmGuard(parse_pattern, text);

	if (wrong != NULL)
		DmRuleProblem(source->reader, DmRulePath(source, key),
					  "\"%s\" is no regular expression: %s", text, wrong);
	return wrong == NULL ? text : NULL;
}
