/*-------------------------------------------------------------------------
 *
 * shape.c
 *		Holding a document against tables of what it should look like.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/numeric.h"
#include "utils/varlena.h"

#include "base/errors.h"
#include "base/text.h"
#include "contract/shape.h"

#define MAX_PROBLEMS_SHOWN 100
#define MAX_NOTICES 20
#define LONGEST_NUMBER 1000

/*
 * Reporting
 */

static bool
is_word(const char *key)
{
	for (const char *s = key; *s; s++)
	{
		if (!DmIsAlnum(*s) && *s != '_')
			return false;
	}
	return *key != '\0';
}

/* At most so many bytes of a value, for messages. */
char *
DmExcerpt(const char *text)
{
	int length = strlen(text);

	if (length <= 60)
		return pstrdup(text);
	return psprintf("%.*s...", pg_mbcliplen(text, length, 60), text);
}

static void
append_path(StringInfo out, const DmPath *path)
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
		escape_json(out, DmExcerpt(path->key));
		appendStringInfoChar(out, ']');
	}
}

char *
DmPathText(const DmPath *path)
{
	StringInfoData text;

	initStringInfo(&text);
	append_path(&text, path);
	return text.data;
}

void
DmProblem(DmValidator *v, const DmPath *path, const char *format, ...)
{
	StringInfoData text;
	va_list args;
	int start;

	if (++v->problem_count > MAX_PROBLEMS_SHOWN)
		return;
	initStringInfo(&text);
	append_path(&text, path);
	start = text.len;
	if (start > 0)
		appendStringInfoString(&text, ": ");
	va_start(args, format);
	DmAppendFormat(&text, format, args);
	va_end(args);
	if (v->problems.len > 0)
		appendStringInfoChar(&v->problems, '\n');
	appendBinaryStringInfo(&v->problems, text.data, text.len);
	pfree(text.data);
}

/* Something odd that is accepted. */
void
DmOddity(DmValidator *v, const DmPath *path, const char *what)
{
	if (++v->notice_count <= MAX_NOTICES)
		ereport(NOTICE, (errmsg("%s: %s", DmPathText(path), what)));
}

char *
DmListText(const char *const *values)
{
	StringInfoData text;

	initStringInfo(&text);
	for (const char *const *value = values; *value; value++)
		appendStringInfo(&text, "%s%s", value == values ? "" : ", ", *value);
	return text.data;
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
char *
DmFoundText(const DmNode *node)
{
	switch (node->kind)
	{
		case S:
			return psprintf("the string \"%s\"", DmExcerpt(node->text));
		case N:
			return psprintf("the number %s", DmExcerpt(node->text));
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

int
DmCompareNumbers(const DmNode *a, const DmNode *b)
{
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, numeric_value(a), numeric_value(b)));
}

static int
sign_of(const DmNode *number)
{
	static const DmNode zero = {.kind = N, .text = "0"};

	return DmCompareNumbers(number, &zero);
}

/* Can numeric hold it?  Far more than anyone means, and far less than would hurt. */
bool
DmIsReasonableNumber(const char *number)
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

bool
DmIsOneOf(const char *text, const char *const *values)
{
	for (; *values; values++)
	{
		if (strcmp(text, *values) == 0)
			return true;
	}
	return false;
}

/* Do two words differ by no more than a slip of the pen? */
bool
DmIsNearMiss(const char *written, const char *known)
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
check_duplicate_keys(DmValidator *v, const DmPath *path, const DmNode *object)
{
	const DmEntry **sorted = palloc_extended(object->count * sizeof(DmEntry *), MCXT_ALLOC_HUGE);

	for (int i = 0; i < object->count; i++)
		sorted[i] = &object->entries[i];
	qsort(sorted, object->count, sizeof(DmEntry *), compare_entries);
	for (int i = 1; i < object->count; i++)
	{
		DmPath here = DmBelow(path, sorted[i]->key);

		if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0)
			DmProblem(v, &here, "the key stands here twice, at line %d and at line %d",
					  sorted[i - 1]->line, sorted[i]->line);
	}
	pfree(sorted);
}

void
DmCheckTree(DmValidator *v, const DmPath *path, const DmNode *node)
{
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (node->problem != NULL)
		DmProblem(v, path, "%s (line %d)", node->problem, node->line);
	else if (node->note != NULL)
		DmOddity(v, path, node->note);
	else if (node->kind == N && !DmIsReasonableNumber(node->text))
		DmProblem(v, path, "a number as large as %s cannot be kept", DmExcerpt(node->text));
	else if (node->kind == A)
	{
		for (int i = 0; i < node->count; i++)
		{
			DmPath here = DmMember(path, i);

			DmCheckTree(v, &here, node->items[i]);
		}
	}
	else if (node->kind == O)
	{
		check_duplicate_keys(v, path, node);
		for (int i = 0; i < node->count; i++)
		{
			DmPath here = DmBelow(path, node->entries[i].key);

			if (node->entries[i].problem != NULL)
				DmProblem(v, &here, "%s (line %d)", node->entries[i].problem,
						  node->entries[i].line);
			DmCheckTree(v, &here, node->entries[i].value);
		}
	}
}

/*
 * Walking
 */

const DmField *
DmFindField(const DmShape *shape, const char *name)
{
	for (const DmField *field = shape->fields; field->name; field++)
	{
		if (strcmp(field->name, name) == 0)
			return field;
	}
	return NULL;
}

void
DmRequire(DmValidator *v, const DmPath *path, const DmNode *node, const char *key, const char *why)
{
	DmPath here = DmBelow(path, key);

	if (DmNodeGet(node, key) == NULL)
		DmProblem(v, &here, "missing; %s", why);
}

static void
note_near_miss(DmValidator *v, const DmPath *path, const DmNode *node, const DmShape *shape,
			   const char *key)
{
	for (const DmField *field = shape->fields; field->name; field++)
	{
		if (DmIsNearMiss(key, field->name) && DmNodeGet(node, field->name) == NULL)
		{
			DmOddity(v, path,
					 psprintf("the standard knows no such key; did you mean \"%s\"?", field->name));
			return;
		}
	}
}

void
DmCheckShape(DmValidator *v, const DmPath *path, const DmNode *node, const DmShape *shape)
{
	for (int i = 0; i < node->count; i++)
	{
		const DmEntry *entry = &node->entries[i];
		const DmField *field = DmFindField(shape, entry->key);
		DmPath here = DmBelow(path, entry->key);

		if (field != NULL)
			DmCheckValue(v, &here, entry->value, field);
		else if (v->notice_count < MAX_NOTICES)
			note_near_miss(v, &here, node, shape, entry->key);
	}
	for (const DmField *field = shape->fields; field->name; field++)
	{
		if (field->flags & REQUIRED)
			DmRequire(v, path, node, field->name,
					  field->values
						  ? psprintf("expected one of %s", DmListText(field->values))
						  : psprintf("expected %s", kinds_text(field->kinds, field->flags)));
	}
	if (shape->check != NULL)
		shape->check(v, path, node);
}

static void
check_items(DmValidator *v, const DmPath *path, const DmNode *array, const DmField *field)
{
	DmField item = {.name = field->name, .kinds = field->item_kinds, .shape = field->shape};

	for (int i = 0; i < array->count; i++)
	{
		DmPath here = DmMember(path, i);

		DmCheckValue(v, &here, array->items[i], &item);
	}
}

static void
check_kind(DmValidator *v, const DmPath *path, const DmNode *node, const DmField *field)
{
	bool wants_text = (field->kinds & S) && (node->kind & (N | B));

	DmProblem(v, path, "expected %s, found %s%s", kinds_text(field->kinds, field->flags),
			  DmFoundText(node), wants_text ? "; write it in quotes" : "");
}

static void
check_number(DmValidator *v, const DmPath *path, const DmNode *node, const DmField *field)
{
	if ((field->flags & (INTEGER | COUNT)) && !is_integer(node->text))
		DmProblem(v, path, "expected a whole number, found %s", DmExcerpt(node->text));
	else if ((field->flags & POSITIVE) && sign_of(node) <= 0)
		DmProblem(v, path, "expected %s, found %s",
				  (field->flags & INTEGER) ? "at least 1" : "more than 0", DmExcerpt(node->text));
	else if ((field->flags & COUNT) && sign_of(node) < 0)
		DmProblem(v, path, "expected at least 0, found %s", DmExcerpt(node->text));
}

/* A value where a field says what may stand; what is ill-formed has been reported by then. */
void
DmCheckValue(DmValidator *v, const DmPath *path, const DmNode *node, const DmField *field)
{
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (node->problem != NULL || (node->kind == N && !DmIsReasonableNumber(node->text)))
		return;
	if (!(node->kind & field->kinds))
	{
		check_kind(v, path, node, field);
		return;
	}
	if (node->kind == S && field->values && !DmIsOneOf(node->text, field->values))
	{
		DmProblem(v, path, "\"%s\" is not one of %s", DmExcerpt(node->text),
				  DmListText(field->values));
		return;
	}
	if (node->kind == S && (field->flags & FILLED) && node->text[0] == '\0')
		DmProblem(v, path, "must not be empty");
	else if (node->kind == N)
		check_number(v, path, node, field);
	else if (node->kind == A && field->item_kinds)
		check_items(v, path, node, field);
	else if (node->kind == O && field->shape)
		DmCheckShape(v, path, node, field->shape);
	if (field->check != NULL)
		field->check(v, path, node);
}

void
DmRaiseProblems(DmValidator *v)
{
	if (v->notice_count > MAX_NOTICES)
		ereport(NOTICE, (errmsg("%d more oddities are not shown", v->notice_count - MAX_NOTICES)));
	if (v->problem_count > MAX_PROBLEMS_SHOWN)
		appendStringInfo(&v->problems, "\n... and %d more.", v->problem_count - MAX_PROBLEMS_SHOWN);
	if (v->problem_count > 0)
		ereport(ERROR,
				(errcode(ERRCODE_DM_INVALID_CONTRACT),
				 errmsg_plural("invalid data contract: %d problem",
							   "invalid data contract: %d problems", v->problem_count,
							   v->problem_count),
				 errdetail_internal("%s", v->problems.data),
				 errhint("Each line names a place in the document and what is expected there, by "
						 "the Open Data Contract Standard v3.1. "
						 "datamesh.infer_contract(relation) proposes a contract that has the "
						 "right form.")));
}

/*
 * Order
 */

typedef struct Ranked
{
	DmEntry entry;
	int rank;
	int position;
} Ranked;

static int
compare_ranked(const void *a, const void *b)
{
	const Ranked *left = a;
	const Ranked *right = b;

	return left->rank != right->rank ? left->rank - right->rank : left->position - right->position;
}

static void
sort_entries(DmNode *object, const DmShape *shape)
{
	Ranked *ranked = palloc_extended(sizeof(Ranked) * object->count, MCXT_ALLOC_HUGE);

	for (int i = 0; i < object->count; i++)
	{
		const DmField *field = shape->fields;

		while (field->name != NULL && strcmp(field->name, object->entries[i].key) != 0)
			field++;
		ranked[i] = (Ranked){object->entries[i], field - shape->fields, i};
	}
	qsort(ranked, object->count, sizeof(Ranked), compare_ranked);
	for (int i = 0; i < object->count; i++)
		object->entries[i] = ranked[i].entry;
	pfree(ranked);
}

void
DmShapeSort(DmNode *node, const DmShape *shape)
{
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (node->kind == A)
	{
		for (int i = 0; i < node->count; i++)
			DmShapeSort(node->items[i], shape);
		return;
	}
	if (node->kind != O)
		return;
	sort_entries(node, shape);
	for (int i = 0; i < node->count; i++)
	{
		const DmField *field = DmFindField(shape, node->entries[i].key);

		if (field != NULL && (field->shape != NULL || field->order != NULL))
			DmShapeSort(node->entries[i].value, field->shape ? field->shape : field->order);
	}
}
