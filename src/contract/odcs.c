/*-------------------------------------------------------------------------
 *
 * odcs.c
 *		The structure of the Open Data Contract Standard, v3.1, and what breaks it.
 *
 * The standard's JSON schema is told here as tables: which keys an object has,
 * of what kinds, with which values.  What a table cannot say (exactly one
 * operator, a version that is a version) is a function beside it.
 *
 * All problems of a document are collected and reported in one error.  Unknown
 * keys are no problem: later versions of the standard add some, and the
 * document is kept whole; one that looks like a slip of the pen is noticed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "access/htup_details.h"
#include "catalog/pg_collation.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "regex/regex.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/numeric.h"
#include "utils/varlena.h"

#include "base/errors.h"
#include "contract/document.h"

#define MAX_PROBLEMS_SHOWN 100
#define MAX_NOTICES 20
#define LONGEST_NUMBER 1000

#define S DM_NODE_STRING
#define N DM_NODE_NUMBER
#define B DM_NODE_BOOLEAN
#define NIL_VALUE DM_NODE_NULL
#define A DM_NODE_ARRAY
#define O DM_NODE_OBJECT
#define SCALAR (S | N | B | NIL_VALUE)
#define ANY (SCALAR | A | O)

typedef struct Path
{
	const struct Path *up;
	const char *key; /* or NULL: an index */
	int index;
} Path;

typedef struct Validator
{
	StringInfoData problems;
	int problem_count;
	int notice_count;
	const DmNode *root;
} Validator;

typedef struct Shape Shape;
typedef void (*Check)(Validator *v, const Path *path, const DmNode *node);

#define REQUIRED 1 /* the key must be there */
#define INTEGER 2  /* a number without a fraction */
#define COUNT 4    /* an integer of at least 0 */
#define FILLED 8   /* a string that is not empty */
#define POSITIVE 16

/* One key of an object: its name, the kinds its value may have, and what else is said of it. */
#define F(key, kinds_, ...)                                                                        \
	{                                                                                              \
		.name = (key), .kinds = (kinds_), __VA_ARGS__                                              \
	}
/* A key whose value is an array of objects of one shape. */
#define OBJECTS(key, shape_, ...) F(key, A, .item_kinds = O, .shape = &(shape_), __VA_ARGS__)
#define END F(NULL, 0)

typedef struct Field
{
	const char *name;
	int kinds;
	int flags;
	const char *const *values; /* a string must be one of these */
	const Shape *shape;        /* what an object (itself, or as a member of the array) has */
	int item_kinds;            /* kinds of an array's members */
	Check check;               /* what remains, once the kind is right */
} Field;

struct Shape
{
	const Field *fields; /* ended by one without a name */
	Check check;
};

static void check_value(Validator *v, const Path *path, const DmNode *node, const Field *field);

/*
 * Reporting
 */

static bool
is_word(const char *key)
{
	for (const char *s = key; *s; s++)
	{
		if (!isalnum((unsigned char) *s) && *s != '_')
			return false;
	}
	return *key != '\0';
}

/* At most so many bytes of a value, for messages. */
static char *
excerpt(const char *text)
{
	int length = strlen(text);

	if (length <= 60)
		return pstrdup(text);
	return psprintf("%.*s...", pg_mbcliplen(text, length, 60), text);
}

static void
append_path(StringInfo out, const Path *path)
{
	if (path == NULL)
		return;
	append_path(out, path->up);
	if (path->key == NULL)
		appendStringInfo(out, "[%d]", path->index);
	else if (is_word(path->key))
		appendStringInfo(out, "%s%s", out->len > 0 ? "." : "", path->key);
	else
	{
		appendStringInfoChar(out, '[');
		escape_json(out, excerpt(path->key));
		appendStringInfoChar(out, ']');
	}
}

static char *
path_text(const Path *path)
{
	StringInfoData text;

	initStringInfo(&text);
	append_path(&text, path);
	return text.data;
}

static Path
below(const Path *path, const char *key)
{
	return (Path){.up = path, .key = key};
}

static Path
member(const Path *path, int index)
{
	return (Path){.up = path, .index = index};
}

static void problem(Validator *v, const Path *path, const char *format, ...)
	pg_attribute_printf(3, 4);

static void
problem(Validator *v, const Path *path, const char *format, ...)
{
	StringInfoData text;
	va_list args;
	int needed;
	int start;

	if (++v->problem_count > MAX_PROBLEMS_SHOWN)
		return;
	initStringInfo(&text);
	append_path(&text, path);
	start = text.len;
	if (start > 0)
		appendStringInfoString(&text, ": ");
	for (;;)
	{
		va_start(args, format);
		needed = appendStringInfoVA(&text, format, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&text, needed);
	}
	if (v->problems.len > 0)
		appendStringInfoChar(&v->problems, '\n');
	appendBinaryStringInfo(&v->problems, text.data, text.len);
	pfree(text.data);
}

/* Something odd that is accepted. */
static void
notice(Validator *v, const Path *path, const char *what)
{
	if (++v->notice_count <= MAX_NOTICES)
		ereport(NOTICE, (errmsg("%s: %s", path_text(path), what)));
}

/*
 * Kinds
 */

static const char *
kind_name(int kind)
{
	switch (kind)
	{
		case S:
			return "a string";
		case N:
			return "a number";
		case B:
			return "true or false";
		case A:
			return "an array";
		case O:
			return "an object";
		default:
			return "null";
	}
}

/* "a string, an array or an object" */
static char *
kinds_text(int kinds, int flags)
{
	static const int order[] = {S, N, B, A, O, NIL_VALUE};
	StringInfoData text;
	int left = kinds;

	initStringInfo(&text);
	for (int i = 0; i < lengthof(order); i++)
	{
		if (!(left & order[i]))
			continue;
		left &= ~order[i];
		if (text.len > 0)
			appendStringInfoString(&text, left ? ", " : " or ");
		if (order[i] == N && (flags & (INTEGER | COUNT)))
			appendStringInfoString(&text, "a whole number");
		else
			appendStringInfoString(&text, kind_name(order[i]));
	}
	return text.data;
}

/* What stands there, for "expected ..., found ...". */
static char *
found_text(const DmNode *node)
{
	switch (node->kind)
	{
		case S:
			return psprintf("the string \"%s\"", excerpt(node->text));
		case N:
			return psprintf("the number %s", excerpt(node->text));
		case B:
			return pstrdup(node->text);
		default:
			return pstrdup(kind_name(node->kind));
	}
}

static bool
is_integer(const char *number)
{
	const char *s = number + (*number == '-');

	s += strspn(s, "0123456789");
	if (*s == '.')
		s += 1 + strspn(s + 1, "0");
	return *s == '\0';
}

static Datum
numeric_value(const DmNode *node)
{
	return DirectFunctionCall3(numeric_in, CStringGetDatum(node->text),
							   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

static int
compare_numbers(const DmNode *a, const DmNode *b)
{
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, numeric_value(a), numeric_value(b)));
}

static int
sign_of(const DmNode *number)
{
	static const DmNode zero = {.kind = N, .text = "0"};

	return compare_numbers(number, &zero);
}

static bool
is_kind(const DmNode *node, int kinds)
{
	return node != NULL && (node->kind & kinds) != 0 && node->problem == NULL;
}

/* Can numeric hold it?  Far more than anyone means, and far less than would hurt. */
static bool
is_reasonable_number(const char *number)
{
	const char *exponent = strpbrk(number, "eE");

	if (strlen(number) > LONGEST_NUMBER)
		return false;
	if (exponent == NULL)
		return true;
	exponent += 1 + (exponent[1] == '-' || exponent[1] == '+');
	exponent += strspn(exponent, "0");
	return strlen(exponent) < 4 || (strlen(exponent) == 4 && strcmp(exponent, "1000") <= 0);
}

/*
 * What holds for every document, ODCS or not: no key twice, no value that JSON
 * or jsonb cannot hold.
 */

static int
compare_entries(const void *a, const void *b)
{
	const DmEntry *left = *(const DmEntry *const *) a;
	const DmEntry *right = *(const DmEntry *const *) b;
	int result = strcmp(left->key, right->key);

	if (result == 0)
		result = (left > right) - (left < right);
	return result;
}

static void
check_duplicate_keys(Validator *v, const Path *path, const DmNode *object)
{
	const DmEntry **sorted = palloc_extended(object->count * sizeof(DmEntry *), MCXT_ALLOC_HUGE);

	for (int i = 0; i < object->count; i++)
		sorted[i] = &object->entries[i];
	qsort(sorted, object->count, sizeof(DmEntry *), compare_entries);
	for (int i = 1; i < object->count; i++)
	{
		Path here = below(path, sorted[i]->key);

		if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0)
			problem(v, &here, "the key stands here twice, at line %d and at line %d",
					sorted[i - 1]->line, sorted[i]->line);
	}
	pfree(sorted);
}

static void
check_tree(Validator *v, const Path *path, const DmNode *node)
{
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (node->problem != NULL)
		problem(v, path, "%s (line %d)", node->problem, node->line);
	else if (node->note != NULL)
		notice(v, path, node->note);
	else if (node->kind == N && !is_reasonable_number(node->text))
		problem(v, path, "a number as large as %s cannot be kept", excerpt(node->text));
	else if (node->kind == A)
	{
		for (int i = 0; i < node->count; i++)
		{
			Path here = member(path, i);

			check_tree(v, &here, node->items[i]);
		}
	}
	else if (node->kind == O)
	{
		check_duplicate_keys(v, path, node);
		for (int i = 0; i < node->count; i++)
		{
			Path here = below(path, node->entries[i].key);

			if (node->entries[i].problem != NULL)
				problem(v, &here, "%s (line %d)", node->entries[i].problem, node->entries[i].line);
			check_tree(v, &here, node->entries[i].value);
		}
	}
}

/*
 * Checks that tables cannot say
 */

static bool
is_one_of(const char *text, const char *const *values)
{
	for (; *values; values++)
	{
		if (strcmp(text, *values) == 0)
			return true;
	}
	return false;
}

static char *
list_text(const char *const *values)
{
	StringInfoData text;

	initStringInfo(&text);
	for (const char *const *value = values; *value; value++)
		appendStringInfo(&text, "%s%s", value == values ? "" : ", ", *value);
	return text.data;
}

/* Numbers and dots of a version's core; returns what follows, or NULL. */
static const char *
skip_version_number(const char *s)
{
	size_t digits = strspn(s, "0123456789");

	if (digits == 0 || (digits > 1 && *s == '0') || digits > 10 ||
		(digits == 10 && strncmp(s, "2147483647", 10) > 0))
		return NULL;
	return s + digits;
}

/* Dot-separated identifiers of a prerelease or build; returns what follows, or NULL. */
static const char *
skip_version_identifiers(const char *s, bool prerelease)
{
	for (;;)
	{
		const char *start = s;
		bool digits_only = true;

		while (isalnum((unsigned char) *s) || *s == '-')
		{
			digits_only = digits_only && isdigit((unsigned char) *s);
			s++;
		}
		if (s == start || (prerelease && digits_only && *start == '0' && s > start + 1))
			return NULL;
		if (*s != '.')
			return s;
		s++;
	}
}

/* https://semver.org, 2.0.0 */
static bool
is_semver(const char *s)
{
	for (int part = 0; part < 3; part++)
	{
		s = skip_version_number(s);
		if (s == NULL || (part < 2 && *s++ != '.'))
			return false;
	}
	if (*s == '-' && (s = skip_version_identifiers(s + 1, true)) == NULL)
		return false;
	if (*s == '+' && (s = skip_version_identifiers(s + 1, false)) == NULL)
		return false;
	return *s == '\0';
}

static void
check_version(Validator *v, const Path *path, const DmNode *node)
{
	if (!is_semver(node->text))
		problem(v, path, "\"%s\" is no semantic version such as 1.0.0", excerpt(node->text));
}

static void
check_api_version(Validator *v, const Path *path, const DmNode *node)
{
	static const char *const known[] = {"v3.1.0", "v3.0.2", "v3.0.1", "v3.0.0",
										"v2.2.2", "v2.2.1", "v2.2.0", NULL};

	if (is_one_of(node->text, known))
		return;
	if (strncmp(node->text, "v3.", 3) == 0 && is_semver(node->text + 1))
		notice(v, path,
			   psprintf("\"%s\" is read as v3.1.0; keys that it adds are kept", node->text));
	else
		problem(v, path, "\"%s\" is not one of %s", excerpt(node->text), list_text(known));
}

static void
check_stable_id(Validator *v, const Path *path, const DmNode *node)
{
	for (const char *s = node->text; *s; s++)
	{
		if (!isalnum((unsigned char) *s) && *s != '_' && *s != '-')
		{
			problem(v, path, "\"%s\" may have only letters, digits, _ and -", excerpt(node->text));
			return;
		}
	}
}

/* A pattern must be one that PostgreSQL can match with. */
static void
check_pattern(Validator *v, const Path *path, const DmNode *node)
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
		problem(v, path, "\"%s\" is no regular expression: %s", excerpt(node->text), message);
	}
}

static void
check_reference(Validator *v, const Path *path, const DmNode *node)
{
	if (node->kind == A)
	{
		if (node->count == 0)
			problem(v, path, "must not be empty");
		for (int i = 0; i < node->count; i++)
		{
			Path here = member(path, i);

			if (is_kind(node->items[i], S))
				check_reference(v, &here, node->items[i]);
		}
		return;
	}
	if (strpbrk(node->text, "./") == NULL)
		problem(v, path, "\"%s\" names no column as table.column does", excerpt(node->text));
}

static void
check_range(Validator *v, const Path *path, const DmNode *node)
{
	if (node->count != 2)
		problem(v, path, "expected two numbers, found %d values", node->count);
	else if (is_kind(node->items[0], N) && is_kind(node->items[1], N) &&
			 compare_numbers(node->items[0], node->items[1]) >= 0)
		problem(v, path, "the first number, %s, must be less than the second, %s",
				excerpt(node->items[0]->text), excerpt(node->items[1]->text));
}

/*
 * What every object of the standard may have
 */

/* clang-format off */
static const Field definition_fields[] = {
	F("id", S, .check = check_stable_id),
	F("url", S, .flags = REQUIRED),
	F("type", S, .flags = REQUIRED),
	F("description", S),
	END,
};
/* clang-format on */
static const Shape definition_shape = {.fields = definition_fields};

/* clang-format off */
static const Field custom_fields[] = {
	F("id", S, .check = check_stable_id),
	F("property", S, .flags = REQUIRED | FILLED),
	F("value", ANY, .flags = REQUIRED),
	F("description", S),
	END,
};
/* clang-format on */
static const Shape custom_shape = {.fields = custom_fields};

#define ID F("id", S, .check = check_stable_id)
#define TAGS F("tags", A, .item_kinds = S)
#define DEFINITIONS OBJECTS("authoritativeDefinitions", definition_shape)
#define CUSTOM(checker) OBJECTS("customProperties", custom_shape, .check = checker)

/*
 * customProperties of ours
 */

typedef enum CustomLevel
{
	LEVEL_ROOT = 1,
	LEVEL_OBJECT = 2,
	LEVEL_PROPERTY = 4,
	LEVEL_OTHER = 8,
} CustomLevel;

typedef struct CustomRule
{
	const char *name;
	int levels;
	Field value;
} CustomRule;

/* Every member an array of column names, none of them empty. */
static void
check_indexes(Validator *v, const Path *path, const DmNode *node)
{
	static const Field column = F("column", S, .flags = FILLED);

	for (int i = 0; i < node->count; i++)
	{
		Path here = member(path, i);
		const DmNode *index = node->items[i];

		if (!is_kind(index, A))
			continue;
		if (index->count == 0)
			problem(v, &here, "an index has at least one column");
		for (int j = 0; j < index->count; j++)
		{
			Path there = member(&here, j);

			check_value(v, &there, index->items[j], &column);
		}
	}
}

static void
check_dependencies(Validator *v, const Path *path, const DmNode *node)
{
	static const Field product = F("product", S, .flags = FILLED);

	for (int i = 0; i < node->count; i++)
	{
		Path here = member(path, i);

		if (is_kind(node->items[i], S))
			check_value(v, &here, node->items[i], &product);
	}
}

static const char *const modes[] = {"snapshot", "live", NULL};

/* clang-format off */
static const CustomRule custom_rules[] = {
	{"datamesh.mode", LEVEL_ROOT, F("value", S, .values = modes)},
	{"datamesh.retention", LEVEL_ROOT, F("value", N, .flags = INTEGER | POSITIVE)},
	{"datamesh.dependencies", LEVEL_ROOT,
	 F("value", A, .item_kinds = S, .check = check_dependencies)},
	{"datamesh.mask", LEVEL_PROPERTY, F("value", S | O, .flags = FILLED)},
	{"datamesh.rowFilter", LEVEL_ROOT | LEVEL_OBJECT, F("value", S | A | O, .flags = FILLED)},
	{"datamesh.indexes", LEVEL_ROOT | LEVEL_OBJECT,
	 F("value", A, .item_kinds = A, .check = check_indexes)},
};
/* clang-format on */

static const char *
level_name(int levels)
{
	if (levels == LEVEL_ROOT)
		return "the contract itself";
	if (levels == LEVEL_PROPERTY)
		return "a property";
	return "the contract itself or an object of schema";
}

static char *
custom_names(void)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < lengthof(custom_rules); i++)
		appendStringInfo(&text, "%s%s", i ? ", " : "", custom_rules[i].name);
	return text.data;
}

static void
check_custom_rule(Validator *v, const Path *path, const DmNode *custom, const char *name,
				  CustomLevel level)
{
	for (int i = 0; i < lengthof(custom_rules); i++)
	{
		const CustomRule *rule = &custom_rules[i];
		const DmNode *value = DmNodeGet(custom, "value");
		Path here = below(path, "value");

		if (strcmp(rule->name, name) != 0)
			continue;
		if (!(rule->levels & level))
			problem(v, path, "%s belongs to the customProperties of %s", name,
					level_name(rule->levels));
		else if (value != NULL)
			check_value(v, &here, value, &rule->value);
		return;
	}
	problem(v, path, "\"%s\" is not one of %s", excerpt(name), custom_names());
}

static void
check_custom(Validator *v, const Path *path, const DmNode *list, CustomLevel level)
{
	List *seen = NIL;
	ListCell *lc;

	for (int i = 0; i < list->count; i++)
	{
		const DmNode *custom = list->items[i];
		const char *name = DmNodeString(DmNodeGet(custom, "property"));
		Path here = member(path, i);
		bool again = false;

		if (name == NULL || pg_strncasecmp(name, "datamesh.", 9) != 0)
			continue;
		foreach (lc, seen)
			again = again || strcmp(lfirst(lc), name) == 0;
		if (again)
			problem(v, &here, "%s is set a second time", excerpt(name));
		else
		{
			/* only known names go into the list, so that it stays short */
			int before = v->problem_count;

			check_custom_rule(v, &here, custom, name, level);
			if (v->problem_count == before)
				seen = lappend(seen, (void *) name);
		}
	}
	list_free(seen);
}

static void
check_custom_root(Validator *v, const Path *path, const DmNode *node)
{
	check_custom(v, path, node, LEVEL_ROOT);
}

static void
check_custom_object(Validator *v, const Path *path, const DmNode *node)
{
	check_custom(v, path, node, LEVEL_OBJECT);
}

static void
check_custom_property(Validator *v, const Path *path, const DmNode *node)
{
	check_custom(v, path, node, LEVEL_PROPERTY);
}

static void
check_custom_other(Validator *v, const Path *path, const DmNode *node)
{
	check_custom(v, path, node, LEVEL_OTHER);
}

/*
 * Quality
 */

static const char *const quality_types[] = {"text", "library", "sql", "custom", NULL};
/* clang-format off */
static const char *const metrics[] = {"nullValues", "missingValues", "invalidValues",
	"duplicateValues", "rowCount", NULL};
/* clang-format on */
/* clang-format off */
static const char *const dimensions[] = {"accuracy", "completeness", "conformity", "consistency",
	"coverage", "timeliness", "uniqueness", NULL};
/* clang-format on */
/* clang-format off */
static const char *const operators[] = {"mustBe", "mustNotBe", "mustBeGreaterThan",
	"mustBeGreaterOrEqualTo", "mustBeLessThan", "mustBeLessOrEqualTo", "mustBeBetween",
	"mustNotBeBetween", NULL};
/* clang-format on */

/* clang-format off */
static const Field argument_fields[] = {
	F("missingValues", A, .item_kinds = SCALAR),
	F("validValues", A, .item_kinds = SCALAR),
	F("pattern", S, .check = check_pattern),
	F("properties", A, .item_kinds = S),
	END,
};
/* clang-format on */
static const Shape argument_shape = {.fields = argument_fields};

/* clang-format off */
static const Field quality_fields[] = {
	ID,
	DEFINITIONS,
	TAGS,
	CUSTOM(check_custom_other),
	F("name", S),
	F("description", S),
	F("type", S, .values = quality_types),
	F("metric", S, .values = metrics),
	F("rule", S),
	F("arguments", O, .shape = &argument_shape),
	F("dimension", S, .values = dimensions),
	F("severity", S),
	F("unit", S),
	F("businessImpact", S),
	F("method", S),
	F("schedule", S),
	F("scheduler", S),
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
	/* misplaced, but found in an example of the standard's own */
	F("pattern", S, .check = check_pattern),
	F("validValues", A, .item_kinds = SCALAR),
	F("missingValues", A, .item_kinds = SCALAR),
	END,
};
/* clang-format on */

static void
require(Validator *v, const Path *path, const DmNode *node, const char *key, const char *why)
{
	Path here = below(path, key);

	if (DmNodeGet(node, key) == NULL)
		problem(v, &here, "missing; %s", why);
}

static void
check_operators(Validator *v, const Path *path, const DmNode *node, bool needed)
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
		problem(v, path, "exactly one operator is expected, found %d: %s", count, found.data);
	else if (count == 0 && needed)
		problem(v, path, "exactly one operator is expected, found none of %s",
				list_text(operators));
	pfree(found.data);
}

/* arguments must fit the metric; some writers put them beside "arguments" instead of in it */
static void
check_arguments(Validator *v, const Path *path, const DmNode *node, const char *metric)
{
	static const struct
	{
		const char *argument;
		const char *metric;
	} belongs[] = {{"missingValues", "missingValues"},
				   {"validValues", "invalidValues"},
				   {"pattern", "invalidValues"},
				   {"properties", "duplicateValues"}};
	Path arguments = below(path, "arguments");

	for (int i = 0; i < lengthof(belongs); i++)
	{
		const char *argument = belongs[i].argument;
		bool fits = strcmp(metric, belongs[i].metric) == 0;
		Path inside = below(&arguments, argument);
		Path outside = below(path, argument);

		if (DmNodeGet(DmNodeGet(node, "arguments"), argument) != NULL && !fits)
			problem(v, &inside, "belongs to the metric %s, not to %s", belongs[i].metric, metric);
		if (DmNodeGet(node, argument) != NULL && fits && strcmp(argument, "properties") != 0)
			notice(v, &outside, "belongs into \"arguments\"; accepted here too");
	}
}

/* A metric is a number: what it must be is one too. */
static void
check_library(Validator *v, const Path *path, const DmNode *node)
{
	static const char *const any_value[] = {"mustBe", "mustNotBe", NULL};
	const char *metric = DmNodeString(DmNodeGet(node, "metric"));

	require(v, path, node, "metric",
			psprintf("a rule of type library has one of %s", list_text(metrics)));
	check_operators(v, path, node, true);
	for (const char *const *op = any_value; *op; op++)
	{
		const DmNode *value = DmNodeGet(node, *op);
		Path here = below(path, *op);

		if (value != NULL && value->problem == NULL && value->kind != N)
			problem(v, &here, "expected a number, found %s", found_text(value));
	}
	if (metric != NULL)
		check_arguments(v, path, node, metric);
}

static void
check_quality(Validator *v, const Path *path, const DmNode *node)
{
	static const char *const severities[] = {"error", "warning", "info", NULL};
	static const char *const units[] = {"rows", "percent", NULL};
	const char *type = DmNodeString(DmNodeGet(node, "type"));
	const char *severity = DmNodeString(DmNodeGet(node, "severity"));
	const char *unit = DmNodeString(DmNodeGet(node, "unit"));
	Path severity_path = below(path, "severity");
	Path unit_path = below(path, "unit");

	if (type == NULL || strcmp(type, "library") == 0 || DmNodeGet(node, "metric") != NULL)
		check_library(v, path, node);
	else if (strcmp(type, "sql") == 0)
	{
		require(v, path, node, "query", "a rule of type sql has a query that gives one number");
		check_operators(v, path, node, true);
	}
	else if (strcmp(type, "custom") == 0)
	{
		require(v, path, node, "engine", "a rule of type custom names the engine that runs it");
		require(v, path, node, "implementation", "a rule of type custom has what its engine runs");
		check_operators(v, path, node, false);
	}
	if (severity != NULL && !is_one_of(severity, severities))
		notice(v, &severity_path,
			   psprintf("\"%s\" is none of error, warning, info", excerpt(severity)));
	if (unit != NULL && !is_one_of(unit, units))
		notice(v, &unit_path, psprintf("\"%s\" is none of rows, percent", excerpt(unit)));
}

static const Shape quality_shape = {quality_fields, check_quality};

#define QUALITY OBJECTS("quality", quality_shape)

/*
 * Relationships
 */

static const char *const relationship_types[] = {"foreignKey", NULL};

/* clang-format off */
static const Field relationship_fields[] = {
	ID,
	CUSTOM(check_custom_other),
	F("type", S, .values = relationship_types),
	F("from", S | A, .item_kinds = S, .check = check_reference),
	F("to", S | A, .flags = REQUIRED, .item_kinds = S, .check = check_reference),
	END,
};
/* clang-format on */

/* Of an object: both ends are named, column by column. */
static void
check_object_relationship(Validator *v, const Path *path, const DmNode *node)
{
	const DmNode *from = DmNodeGet(node, "from");
	const DmNode *to = DmNodeGet(node, "to");

	require(v, path, node, "from", "a relationship of an object names the columns it begins at");
	if (!is_kind(from, S | A) || !is_kind(to, S | A))
		return;
	if (from->kind != to->kind)
		problem(v, path, "from and to must be both one reference or both a list");
	else if (from->kind == A && from->count != to->count)
		problem(v, path, "from names %d columns and to names %d", from->count, to->count);
}

/* Of a property: it begins at the property itself. */
static void
check_property_relationship(Validator *v, const Path *path, const DmNode *node)
{
	Path here = below(path, "from");

	if (DmNodeGet(node, "from") != NULL)
		problem(v, &here, "a relationship of a property begins at that property; leave it out");
}

static const Shape object_relationship_shape = {relationship_fields, check_object_relationship};
static const Shape property_relationship_shape = {relationship_fields, check_property_relationship};

/*
 * Properties (columns)
 */

/* clang-format off */
static const char *const logical_types[] = {"string", "date", "timestamp", "time", "number",
	"integer", "object", "array", "boolean", NULL};
/* clang-format on */
/* clang-format off */
static const char *const integer_formats[] = {"i8", "i16", "i32", "i64", "i128", "u8", "u16",
	"u32", "u64", "u128", NULL};
/* clang-format on */
static const char *const number_formats[] = {"f32", "f64", NULL};

/* clang-format off */
static const Field string_options[] = {
	F("minLength", N, .flags = COUNT),
	F("maxLength", N, .flags = COUNT),
	F("pattern", S, .check = check_pattern),
	F("format", S),
	END,
};
static const Field date_options[] = {
	F("format", S),
	F("minimum", S),
	F("maximum", S),
	F("exclusiveMinimum", S),
	F("exclusiveMaximum", S),
	END,
};
static const Field time_options[] = {
	F("format", S),
	F("minimum", S),
	F("maximum", S),
	F("exclusiveMinimum", S),
	F("exclusiveMaximum", S),
	F("timezone", B),
	F("defaultTimezone", S),
	END,
};
static const Field integer_options[] = {
	F("multipleOf", N, .flags = POSITIVE),
	F("minimum", N),
	F("maximum", N),
	F("exclusiveMinimum", N),
	F("exclusiveMaximum", N),
	F("format", S, .values = integer_formats),
	END,
};
static const Field number_options[] = {
	F("multipleOf", N, .flags = POSITIVE),
	F("minimum", N),
	F("maximum", N),
	F("exclusiveMinimum", N),
	F("exclusiveMaximum", N),
	F("format", S, .values = number_formats),
	END,
};
static const Field object_options[] = {
	F("minProperties", N, .flags = COUNT),
	F("maxProperties", N, .flags = COUNT),
	F("required", A, .item_kinds = S),
	END,
};
static const Field array_options[] = {
	F("minItems", N, .flags = COUNT),
	F("maxItems", N, .flags = COUNT),
	F("uniqueItems", B),
	END,
};
static const Field no_options[] = {
	END,
};
/* clang-format on */
/* where no logicalType says which */
/* clang-format off */
static const Field any_options[] = {
	F("minLength", N, .flags = COUNT),
	F("maxLength", N, .flags = COUNT),
	F("pattern", S, .check = check_pattern),
	F("format", S),
	F("minimum", N | S),
	F("maximum", N | S),
	F("exclusiveMinimum", N | S),
	F("exclusiveMaximum", N | S),
	F("multipleOf", N, .flags = POSITIVE),
	F("timezone", B),
	F("defaultTimezone", S),
	F("minProperties", N, .flags = COUNT),
	F("maxProperties", N, .flags = COUNT),
	F("required", A, .item_kinds = S),
	F("minItems", N, .flags = COUNT),
	F("maxItems", N, .flags = COUNT),
	F("uniqueItems", B),
	END,
};
/* clang-format on */

static const Shape any_option_shape = {.fields = any_options};

static const struct
{
	const char *logical_type;
	Shape options;
} option_shapes[] = {
	{"string", {.fields = string_options}},   {"date", {.fields = date_options}},
	{"timestamp", {.fields = time_options}},  {"time", {.fields = time_options}},
	{"integer", {.fields = integer_options}}, {"number", {.fields = number_options}},
	{"object", {.fields = object_options}},   {"array", {.fields = array_options}},
	{"boolean", {.fields = no_options}},
};

static void check_shape(Validator *v, const Path *path, const DmNode *node, const Shape *shape);
static const Field *find_field(const Shape *shape, const char *name);

static void
check_ordered(Validator *v, const Path *path, const DmNode *options, const char *low,
			  const char *high)
{
	const DmNode *from = DmNodeGet(options, low);
	const DmNode *to = DmNodeGet(options, high);

	if (is_kind(from, N) && is_kind(to, N) && is_reasonable_number(from->text) &&
		is_reasonable_number(to->text) && compare_numbers(from, to) > 0)
		problem(v, path, "%s %s is greater than %s %s", low, from->text, high, to->text);
}

static void
check_options(Validator *v, const Path *path, const DmNode *options, const char *logical_type)
{
	const Shape *shape = &any_option_shape;

	for (int i = 0; logical_type != NULL && i < lengthof(option_shapes); i++)
	{
		if (strcmp(option_shapes[i].logical_type, logical_type) == 0)
			shape = &option_shapes[i].options;
	}
	for (int i = 0; i < options->count; i++)
	{
		const char *key = options->entries[i].key;
		Path here = below(path, key);

		if (find_field(shape, key) == NULL && find_field(&any_option_shape, key) != NULL)
			problem(v, &here, "does not apply to logicalType %s", logical_type);
	}
	check_shape(v, path, options, shape);
	check_ordered(v, path, options, "minLength", "maxLength");
	check_ordered(v, path, options, "minimum", "maximum");
	check_ordered(v, path, options, "minItems", "maxItems");
	check_ordered(v, path, options, "minProperties", "maxProperties");
}

static const Shape property_shape;

/* clang-format off */
static const Field property_fields[] = {
	ID,
	DEFINITIONS,
	TAGS,
	CUSTOM(check_custom_property),
	QUALITY,
	F("name", S, .flags = FILLED),
	/* required of all but items: check_properties */
	F("physicalName", S, .flags = FILLED),
	F("physicalType", S),
	F("businessName", S),
	F("description", S),
	F("logicalType", S, .values = logical_types),
	F("logicalTypeOptions", O),
	F("required", B),
	F("unique", B),
	F("primaryKey", B),
	F("primaryKeyPosition", N, .flags = INTEGER),
	F("partitioned", B),
	F("partitionKeyPosition", N, .flags = INTEGER),
	F("classification", S),
	F("criticalDataElement", B),
	F("encryptedName", S),
	F("transformSourceObjects", A, .item_kinds = S),
	F("transformLogic", S),
	F("transformDescription", S),
	F("examples", A, .item_kinds = ANY),
	OBJECTS("relationships", property_relationship_shape),
	OBJECTS("properties", property_shape),
	F("items", O, .shape = &property_shape),
	/* known from v3.2, so that they do not look like slips of the pen */
	F("enum", ANY),
	F("map", ANY),
	F("context", ANY),
	F("semanticType", ANY),
	F("synonyms", ANY),
	F("deprecated", ANY),
	END,
};
/* clang-format on */

typedef struct Named
{
	const char *name;
	int index;
} Named;

static int
compare_named(const void *a, const void *b)
{
	const Named *left = a;
	const Named *right = b;
	int result = strcmp(left->name, right->name);

	return result != 0 ? result : left->index - right->index;
}

/* Members of an array that have one name. */
static void
check_unique_names(Validator *v, const Path *path, const DmNode *list)
{
	Named *named = palloc((list->count + 1) * sizeof(Named));
	int count = 0;

	for (int i = 0; i < list->count; i++)
	{
		const char *name = DmNodeString(DmNodeGet(list->items[i], "name"));

		if (name != NULL)
			named[count++] = (Named){name, i};
	}
	qsort(named, count, sizeof(Named), compare_named);
	for (int i = 1; i < count; i++)
	{
		Path entry = member(path, named[i].index);
		Path here = below(&entry, "name");

		if (strcmp(named[i - 1].name, named[i].name) == 0)
			problem(v, &here, "\"%s\" is the name of [%d] too", excerpt(named[i].name),
					named[i - 1].index);
	}
	pfree(named);
}

static void
check_properties(Validator *v, const Path *path, const DmNode *list)
{
	for (int i = 0; i < list->count; i++)
	{
		Path here = member(path, i);

		if (is_kind(list->items[i], O))
			require(v, &here, list->items[i], "name", "expected a string");
	}
	check_unique_names(v, path, list);
}

static void
check_property(Validator *v, const Path *path, const DmNode *node)
{
	const char *type = DmNodeString(DmNodeGet(node, "logicalType"));
	const DmNode *options = DmNodeGet(node, "logicalTypeOptions");
	const DmNode *properties = DmNodeGet(node, "properties");
	Path options_path = below(path, "logicalTypeOptions");
	Path properties_path = below(path, "properties");
	Path items_path = below(path, "items");

	if (is_kind(options, O))
		check_options(v, &options_path, options, type);
	if (is_kind(properties, A))
		check_properties(v, &properties_path, properties);
	if (properties != NULL && type != NULL && strcmp(type, "object") != 0)
		problem(v, &properties_path, "only a property of logicalType object has properties");
	if (DmNodeGet(node, "items") != NULL && type != NULL && strcmp(type, "array") != 0)
		problem(v, &items_path, "only a property of logicalType array has items");
}

static const Shape property_shape = {property_fields, check_property};

/*
 * Objects (tables)
 */

static const char *const object_types[] = {"object", NULL};

static void
check_name_fits(Validator *v, const Path *path, const DmNode *property, const char *key)
{
	const char *name = DmNodeString(DmNodeGet(property, key));
	Path here = below(path, key);

	if (name != NULL && strlen(name) >= NAMEDATALEN)
		problem(v, &here, "\"%s\" has %d bytes; a column's name has at most %d", excerpt(name),
				(int) strlen(name), NAMEDATALEN - 1);
}

/* The properties of an object are columns of a relation. */
static void
check_columns(Validator *v, const Path *path, const DmNode *list)
{
	static const char *const reserved[] = {
		"tableoid", "ctid", "xmin", "xmax", "cmin", "cmax", "datamesh_release", NULL};

	if (list->count > MaxHeapAttributeNumber)
		problem(v, path, "%d columns, and a relation of PostgreSQL has at most %d", list->count,
				MaxHeapAttributeNumber);
	check_properties(v, path, list);
	for (int i = 0; i < list->count; i++)
	{
		const DmNode *property = list->items[i];
		const char *name = DmNodeString(DmNodeGet(property, "name"));
		Path here = member(path, i);
		Path name_path = below(&here, "name");

		check_name_fits(v, &here, property, "name");
		check_name_fits(v, &here, property, "physicalName");
		if (name != NULL && is_one_of(name, reserved))
			problem(v, &name_path, "\"%s\" is the name of a system column", name);
	}
}

/* clang-format off */
static const Field object_fields[] = {
	ID,
	DEFINITIONS,
	TAGS,
	CUSTOM(check_custom_object),
	QUALITY,
	F("name", S, .flags = REQUIRED | FILLED),
	F("physicalName", S, .flags = FILLED),
	F("physicalType", S),
	F("businessName", S),
	F("description", S),
	F("logicalType", S, .values = object_types),
	F("dataGranularityDescription", S),
	OBJECTS("properties", property_shape, .check = check_columns),
	OBJECTS("relationships", object_relationship_shape),
	F("map", ANY),
	F("context", ANY),
	F("synonyms", ANY),
	F("deprecated", ANY),
	END,
};
/* clang-format on */
static const Shape object_shape = {.fields = object_fields};

/*
 * The rest of the root
 */

/* clang-format off */
static const Field role_fields[] = {
	ID,
	CUSTOM(check_custom_other),
	F("role", S, .flags = REQUIRED | FILLED),
	F("description", S),
	F("access", S),
	F("firstLevelApprovers", S),
	F("secondLevelApprovers", S),
	END,
};
/* clang-format on */

static void
check_role(Validator *v, const Path *path, const DmNode *node)
{
	static const char *const accesses[] = {"read", "write", NULL};
	const char *access = DmNodeString(DmNodeGet(node, "access"));
	Path here = below(path, "access");

	if (access != NULL && !is_one_of(access, accesses))
		notice(v, &here,
			   psprintf("\"%s\" is none of read, write: it grants nothing", excerpt(access)));
}

static const Shape role_shape = {role_fields, check_role};

#define ROLES OBJECTS("roles", role_shape)

/* clang-format off */
static const Field team_member_fields[] = {
	ID,
	TAGS,
	DEFINITIONS,
	CUSTOM(check_custom_other),
	F("username", S, .flags = REQUIRED),
	F("name", S),
	F("description", S),
	F("role", S),
	F("dateIn", S),
	F("dateOut", S),
	F("replacedByUsername", S),
	END,
};
/* clang-format on */
static const Shape team_member_shape = {.fields = team_member_fields};

/* clang-format off */
static const Field team_fields[] = {
	ID,
	TAGS,
	DEFINITIONS,
	CUSTOM(check_custom_other),
	F("name", S),
	F("description", S),
	OBJECTS("members", team_member_shape),
	END,
};
/* clang-format on */
static const Shape team_shape = {.fields = team_fields};

/* An object; up to v3.0 an array of members, which is still read. */
static void
check_team(Validator *v, const Path *path, const DmNode *node)
{
	static const Field members = OBJECTS("members", team_member_shape);

	if (node->kind == A)
		check_value(v, path, node, &members);
	else
		check_shape(v, path, node, &team_shape);
}

/* clang-format off */
static const Field support_fields[] = {
	ID,
	CUSTOM(check_custom_other),
	F("channel", S, .flags = REQUIRED),
	F("url", S),
	F("description", S),
	F("tool", S),
	F("scope", S),
	F("invitationUrl", S),
	END,
};
/* clang-format on */
static const Shape support_shape = {.fields = support_fields};

/* clang-format off */
static const Field price_fields[] = {
	ID,
	F("priceAmount", N),
	F("priceCurrency", S),
	F("priceUnit", S),
	END,
};
/* clang-format on */
static const Shape price_shape = {.fields = price_fields};

/* clang-format off */
static const Field description_fields[] = {
	DEFINITIONS,
	CUSTOM(check_custom_other),
	F("usage", S),
	F("purpose", S),
	F("limitations", S),
	END,
};
/* clang-format on */
static const Shape description_shape = {.fields = description_fields};

/*
 * Service levels
 */

/* clang-format off */
static const Field sla_fields[] = {
	ID,
	F("property", S, .flags = REQUIRED | FILLED),
	F("value", SCALAR, .flags = REQUIRED),
	F("valueExt", SCALAR),
	F("unit", S),
	F("element", S),
	F("driver", S),
	F("description", S),
	F("scheduler", S),
	F("schedule", S),
	END,
};
/* clang-format on */

/* clang-format off */
static const char *const sla_properties[] = {"availability", "av", "throughput", "th", "errorRate",
	"er", "generalAvailability", "ga", "endOfSupport", "es", "endOfLife", "el", "retention", "re",
	"frequency", "fy", "latency", "ly", "timeToDetect", "td", "timeToNotify", "tn", "timeToRepair",
	"tr", "freshness", "timeOfAvailability", NULL};
/* clang-format on */

/* Properties that count in months where a writer says "m"; all others count minutes. */
/* clang-format off */
static const char *const sla_long_properties[] = {"generalAvailability", "ga", "endOfSupport",
	"es", "endOfLife", "el", "retention", "re", NULL};
/* clang-format on */

static bool
is_one_of_any_case(const char *text, const char *const *values)
{
	for (; *values; values++)
	{
		if (pg_strcasecmp(text, *values) == 0)
			return true;
	}
	return false;
}

/* Do two words differ by no more than a slip of the pen? */
static bool
is_near_miss(const char *written, const char *known)
{
	int length = strlen(written);
	int known_length = strlen(known);
	int limit = Min(2, known_length / 3);

	if (length > 60 || limit == 0 || abs(length - known_length) > limit)
		return false;
	if (pg_strcasecmp(written, known) == 0)
		return true;
	return varstr_levenshtein_less_equal(written, length, known, known_length, 1, 1, 1, limit,
										 true) <= limit;
}

static void
check_sla(Validator *v, const Path *path, const DmNode *node)
{
	const char *property = DmNodeString(DmNodeGet(node, "property"));
	const char *unit = DmNodeString(DmNodeGet(node, "unit"));
	Path property_path = below(path, "property");
	Path unit_path = below(path, "unit");

	if (property == NULL)
		return;
	if (!is_one_of_any_case(property, sla_properties))
	{
		for (const char *const *known = sla_properties; *known; known++)
		{
			if (is_near_miss(property, *known))
			{
				notice(v, &property_path,
					   psprintf("\"%s\" is not known; did you mean \"%s\"?", excerpt(property),
								*known));
				break;
			}
		}
	}
	if (unit != NULL && strcmp(unit, "m") == 0)
		notice(v, &unit_path,
			   is_one_of_any_case(property, sla_long_properties)
				   ? "\"m\" is read as months here; write \"mo\" or \"min\""
				   : "\"m\" is read as minutes here; write \"min\" or \"mo\"");
}

static const Shape sla_shape = {sla_fields, check_sla};

/*
 * Servers
 */

/* clang-format off */
static const char *const server_types[] = {"api", "athena", "azure", "bigquery", "clickhouse",
	"databricks", "denodo", "dremio", "duckdb", "glue", "cloudsql", "db2", "hive", "impala",
	"informix", "kafka", "kinesis", "local", "mysql", "oracle", "postgresql", "postgres", "presto",
	"pubsub", "redshift", "s3", "sftp", "snowflake", "sqlserver", "synapse", "trino", "vertica",
	"zen", "custom", NULL};
/* clang-format on */

/* What the standard wants of each type beside server and type. */
/* clang-format off */
static const struct
{
	const char *type;
	const char *required[5];
} server_requirements[] = {
	{"api", {"location"}},
	{"athena", {"stagingDir", "schema"}},
	{"azure", {"location", "format"}},
	{"bigquery", {"project", "dataset"}},
	{"clickhouse", {"host", "port", "database"}},
	{"databricks", {"catalog", "schema"}},
	{"denodo", {"host", "port"}},
	{"dremio", {"host", "port"}},
	{"duckdb", {"database"}},
	{"glue", {"account", "database"}},
	{"cloudsql", {"host", "port", "database", "schema"}},
	{"db2", {"host", "port", "database"}},
	{"hive", {"host", "database"}},
	{"impala", {"host", "database"}},
	{"informix", {"host", "database"}},
	{"kafka", {"host"}},
	{"local", {"path", "format"}},
	{"mysql", {"host", "port", "database"}},
	{"oracle", {"host", "port", "serviceName"}},
	{"postgresql", {"host", "port", "database", "schema"}},
	{"postgres", {"host", "port", "database", "schema"}},
	{"presto", {"host"}},
	{"pubsub", {"project"}},
	{"redshift", {"database", "schema"}},
	{"s3", {"location"}},
	{"sftp", {"location"}},
	{"snowflake", {"account", "database", "schema"}},
	{"sqlserver", {"host", "database", "schema"}},
	{"synapse", {"host", "port", "database"}},
	{"trino", {"host", "port", "catalog", "schema"}},
	{"vertica", {"host", "port", "database", "schema"}},
	{"zen", {"host", "database"}},
};
/* clang-format on */

/* clang-format off */
static const Field server_fields[] = {
	ID,
	ROLES,
	CUSTOM(check_custom_other),
	F("server", S, .flags = REQUIRED),
	F("type", S, .flags = REQUIRED, .values = server_types),
	F("description", S),
	F("environment", S),
	F("account", S),
	F("catalog", S),
	F("database", S),
	F("dataset", S),
	F("delimiter", S),
	F("endpointUrl", S),
	F("format", S),
	F("host", S),
	F("location", S),
	F("path", S),
	F("port", N, .flags = INTEGER),
	F("project", S),
	F("region", S),
	F("regionName", S),
	F("schema", S),
	F("serviceName", S),
	F("stagingDir", S),
	F("stream", S),
	F("warehouse", S),
	END,
};
/* clang-format on */

static void
check_server(Validator *v, const Path *path, const DmNode *node)
{
	const char *type = DmNodeString(DmNodeGet(node, "type"));

	for (int i = 0; type != NULL && i < lengthof(server_requirements); i++)
	{
		if (strcmp(server_requirements[i].type, type) != 0)
			continue;
		for (const char *const *key = server_requirements[i].required; *key; key++)
			require(v, path, node, *key, psprintf("a server of type %s has it", type));
	}
}

static const Shape server_shape = {server_fields, check_server};

/*
 * The root
 */

static const char *const document_kinds[] = {"DataContract", NULL};
/* clang-format off */
static const char *const statuses[] = {"proposed", "draft", "active", "deprecated", "retired",
	NULL};
/* clang-format on */

/* clang-format off */
static const Field root_fields[] = {
	DEFINITIONS,
	TAGS,
	CUSTOM(check_custom_root),
	ROLES,
	F("version", S, .flags = REQUIRED, .check = check_version),
	F("apiVersion", S, .flags = REQUIRED, .check = check_api_version),
	F("kind", S, .flags = REQUIRED, .values = document_kinds),
	F("id", S, .flags = REQUIRED | FILLED),
	F("status", S, .flags = REQUIRED, .values = statuses),
	F("name", S, .flags = FILLED),
	F("tenant", S),
	F("domain", S, .flags = FILLED),
	F("dataProduct", S),
	F("description", O, .shape = &description_shape),
	OBJECTS("schema", object_shape, .check = check_unique_names),
	OBJECTS("servers", server_shape),
	OBJECTS("support", support_shape),
	F("price", O, .shape = &price_shape),
	F("team", O | A, .check = check_team),
	F("slaDefaultElement", S),
	OBJECTS("slaProperties", sla_shape),
	F("contractCreatedTs", S),
	END,
};
/* clang-format on */
static const Shape root_shape = {.fields = root_fields};

/*
 * Walking
 */

static const Field *
find_field(const Shape *shape, const char *name)
{
	for (const Field *field = shape->fields; field->name; field++)
	{
		if (strcmp(field->name, name) == 0)
			return field;
	}
	return NULL;
}

static void
note_near_miss(Validator *v, const Path *path, const DmNode *node, const Shape *shape,
			   const char *key)
{
	for (const Field *field = shape->fields; field->name; field++)
	{
		if (is_near_miss(key, field->name) && DmNodeGet(node, field->name) == NULL)
		{
			notice(v, path,
				   psprintf("the standard knows no such key; did you mean \"%s\"?", field->name));
			return;
		}
	}
}

static void
check_shape(Validator *v, const Path *path, const DmNode *node, const Shape *shape)
{
	for (int i = 0; i < node->count; i++)
	{
		const DmEntry *entry = &node->entries[i];
		const Field *field = find_field(shape, entry->key);
		Path here = below(path, entry->key);

		if (field != NULL)
			check_value(v, &here, entry->value, field);
		else if (v->notice_count < MAX_NOTICES)
			note_near_miss(v, &here, node, shape, entry->key);
	}
	for (const Field *field = shape->fields; field->name; field++)
	{
		if (field->flags & REQUIRED)
			require(v, path, node, field->name,
					field->values
						? psprintf("expected one of %s", list_text(field->values))
						: psprintf("expected %s", kinds_text(field->kinds, field->flags)));
	}
	if (shape->check != NULL)
		shape->check(v, path, node);
}

static void
check_items(Validator *v, const Path *path, const DmNode *array, const Field *field)
{
	Field item = {.name = field->name, .kinds = field->item_kinds, .shape = field->shape};

	for (int i = 0; i < array->count; i++)
	{
		Path here = member(path, i);

		check_value(v, &here, array->items[i], &item);
	}
}

static void
check_kind(Validator *v, const Path *path, const DmNode *node, const Field *field)
{
	bool wants_text = (field->kinds & S) && (node->kind & (N | B));

	problem(v, path, "expected %s, found %s%s", kinds_text(field->kinds, field->flags),
			found_text(node), wants_text ? "; write it in quotes" : "");
}

static void
check_number(Validator *v, const Path *path, const DmNode *node, const Field *field)
{
	if ((field->flags & (INTEGER | COUNT)) && !is_integer(node->text))
		problem(v, path, "expected a whole number, found %s", excerpt(node->text));
	else if ((field->flags & POSITIVE) && sign_of(node) <= 0)
		problem(v, path, "expected %s, found %s",
				(field->flags & INTEGER) ? "at least 1" : "more than 0", excerpt(node->text));
	else if ((field->flags & COUNT) && sign_of(node) < 0)
		problem(v, path, "expected at least 0, found %s", excerpt(node->text));
}

/* A value where a field says what may stand; what is ill-formed has been reported by then. */
static void
check_value(Validator *v, const Path *path, const DmNode *node, const Field *field)
{
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (node->problem != NULL || (node->kind == N && !is_reasonable_number(node->text)))
		return;
	if (!(node->kind & field->kinds))
	{
		check_kind(v, path, node, field);
		return;
	}
	if (node->kind == S && field->values && !is_one_of(node->text, field->values))
	{
		problem(v, path, "\"%s\" is not one of %s", excerpt(node->text), list_text(field->values));
		return;
	}
	if (node->kind == S && (field->flags & FILLED) && node->text[0] == '\0')
		problem(v, path, "must not be empty");
	else if (node->kind == N)
		check_number(v, path, node, field);
	else if (node->kind == A && field->item_kinds)
		check_items(v, path, node, field);
	else if (node->kind == O && field->shape)
		check_shape(v, path, node, field->shape);
	if (field->check != NULL)
		field->check(v, path, node);
}

void
DmOdcsValidate(const DmNode *document)
{
	static const Field root = F("contract", O, .shape = &root_shape);
	Validator v = {.root = document};

	initStringInfo(&v.problems);
	check_tree(&v, NULL, document);
	if (document->kind != O)
		problem(&v, NULL,
				"the document is %s, and a contract is an object with version, apiVersion, "
				"kind, id and status",
				kind_name(document->kind));
	else
		check_value(&v, NULL, document, &root);

	if (v.notice_count > MAX_NOTICES)
		ereport(NOTICE, (errmsg("%d more oddities are not shown", v.notice_count - MAX_NOTICES)));
	if (v.problem_count > MAX_PROBLEMS_SHOWN)
		appendStringInfo(&v.problems, "\n... and %d more.", v.problem_count - MAX_PROBLEMS_SHOWN);
	if (v.problem_count > 0)
		ereport(
			ERROR,
			(errcode(ERRCODE_DM_INVALID_CONTRACT),
			 errmsg_plural("invalid data contract: %d problem",
						   "invalid data contract: %d problems", v.problem_count, v.problem_count),
			 errdetail_internal("%s", v.problems.data),
			 errhint("Each line names a place in the document and what is expected there, by "
					 "the Open Data Contract Standard v3.1. "
					 "datamesh.infer_contract(relation) proposes a contract that has the "
					 "right form.")));
}
