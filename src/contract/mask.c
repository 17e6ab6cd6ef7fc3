/*-------------------------------------------------------------------------
 *
 * mask.c
 *		Reading masks, as contracts write them, and writing them in one way.
 *
 * What this file keeps true: a mask is either understood to its last argument or
 * reported.  Nothing is guessed, left out or rounded, because what is misread here is
 * shown to readers.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/string.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "contract/mask.h"

typedef enum ArgumentKind
{
	ARGUMENT_COUNT,    /* a whole number from 0 */
	ARGUMENT_POSITIVE, /* a whole number from 1 */
	ARGUMENT_TEXT,
	ARGUMENT_CHARACTER,
	ARGUMENT_WORD,
	ARGUMENT_AMOUNT,  /* a number above 0 */
	ARGUMENT_COLUMNS, /* a column or several; in the text form all that follow */
	ARGUMENT_VALUE,
} ArgumentKind;

typedef struct Parameter
{
	const char *name;
	const char *also; /* another name of it, or NULL */
	ArgumentKind kind;
	size_t offset; /* in DmMask */
	bool required;
} Parameter;

#define MAX_PARAMETERS 3

typedef struct Signature
{
	DmMaskName name;
	Parameter parameters[MAX_PARAMETERS];
} Signature;

#define AT(field) offsetof(DmMask, field)

/* clang-format off */
static const Signature signatures[] = {
	{{"none", DM_MASK_NONE, 0}, {{0}}},
	{{"null", DM_MASK_NULL, DM_STRENGTH_ALL}, {{0}}},
	{{"redact", DM_MASK_REDACT, DM_STRENGTH_ALL}, {{0}}},
	{{"constant", DM_MASK_CONSTANT, DM_STRENGTH_ALL}, {{"value", "constant", ARGUMENT_VALUE, AT(value), true}}},
	{{"pseudonym", DM_MASK_PSEUDONYMS, DM_STRENGTH_PSEUDONYM}, {{0}}},
	{{"hash", DM_MASK_HASHED, DM_STRENGTH_HASH}, {{0}}},
	{{"partial", DM_MASK_PARTIAL, DM_STRENGTH_PART}, {
		{"prefix", NULL, ARGUMENT_COUNT, AT(prefix), false}, {"pad", NULL, ARGUMENT_TEXT, AT(pad), false},
		{"suffix", NULL, ARGUMENT_COUNT, AT(suffix), false}}},
	{{"email", DM_MASK_EMAIL, DM_STRENGTH_PART}, {{0}}},
	{{"first", DM_MASK_FIRST, DM_STRENGTH_PART}, {
		{"n", NULL, ARGUMENT_POSITIVE, AT(count), true}, {"pad", NULL, ARGUMENT_CHARACTER, AT(pad), false}}},
	{{"last", DM_MASK_LAST, DM_STRENGTH_PART}, {
		{"n", NULL, ARGUMENT_POSITIVE, AT(count), true}, {"pad", NULL, ARGUMENT_CHARACTER, AT(pad), false}}},
	{{"date_trunc", DM_MASK_DATE_TRUNC, DM_STRENGTH_PART}, {{"unit", NULL, ARGUMENT_WORD, AT(unit), true}}},
	{{"noise", DM_MASK_NOISE, DM_STRENGTH_PART}, {
		{"ratio", "days", ARGUMENT_AMOUNT, AT(amount), true}, {"key", NULL, ARGUMENT_COLUMNS, AT(columns), false}}},
	{{"generalize", DM_MASK_GENERALIZE, DM_STRENGTH_PART}, {{"step", "unit", ARGUMENT_WORD, AT(unit), false}}},
};

/* How an object calls its function. */
static const char *const function_keys[] = {"function", "mask", "name", "type", "method", NULL};
/* clang-format on */

static const Signature *
find_signature(const char *name)
{
	char word[32];
	int length = 0;

	if (pg_strncasecmp(name, "datamesh.", 9) == 0)
		name += 9;
	for (; *name != '\0'; name++)
	{
		if (*name == '_')
			continue;
		if (!DmIsAlnum(*name) || length == sizeof(word) - 1)
			return NULL;
		word[length++] = (char) pg_ascii_tolower((unsigned char) *name);
	}
	word[length] = '\0';
	/* mask_partial, and the lesson's partial_mask */
	if (length > 4 && strncmp(word, "mask", 4) == 0)
		memmove(word, word + 4, length - 3);
	else if (length > 4 && strcmp(word + length - 4, "mask") == 0)
		word[length - 4] = '\0';
	for (int i = 0; i < lengthof(signatures); i++)
	{
		const char *a = signatures[i].name.name;
		const char *b = word;

		for (; *a != '\0' && (*a == '_' || *a == *b); a++)
			b += *a != '_';
		if (*a == '\0' && *b == '\0')
			return &signatures[i];
	}
	return NULL;
}

const DmMaskName *
DmMaskFind(const char *name)
{
	const Signature *signature = find_signature(name);

	return signature == NULL || signature->name.kind == DM_MASK_NONE ? NULL : &signature->name;
}

char *
DmMaskNames(void)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < lengthof(signatures); i++)
		appendStringInfo(&text, "%s%s", i > 0 ? ", " : "", signatures[i].name.name);
	return text.data;
}

static int
parameter_count(const Signature *signature)
{
	int n = 0;

	while (n < MAX_PARAMETERS && signature->parameters[n].name != NULL)
		n++;
	return n;
}

/* "prefix, pad, suffix" */
static char *
parameter_names(const Signature *signature)
{
	const Parameter *end = signature->parameters + parameter_count(signature);
	StringInfoData text;

	initStringInfo(&text);
	for (const Parameter *p = signature->parameters; p < end; p++)
		appendStringInfo(&text, "%s%s", text.len > 0 ? ", " : "", p->name);
	return text.len > 0 ? text.data : "no arguments";
}

/* ---- one argument ---- */

static bool
whole_number(const DmNode *node, int *number)
{
	char *end;
	long value;

	if (node->kind != N || strspn(node->text, "0123456789") != strlen(node->text))
		return false;
	errno = 0;
	value = strtol(node->text, &end, 10);
	if (errno != 0 || value > PG_INT32_MAX)
		return false;
	*number = (int) value;
	return true;
}

static bool
is_above_zero(const char *number)
{
	size_t digits = strcspn(number, "eE");

	return number[0] != '-' && strcspn(number, "123456789") < digits;
}

static bool
read_columns(DmValidator *v, const DmPath *path, const DmNode *node, List **columns)
{
	bool good = true;

	if (node->kind == S && node->text[0] != '\0')
		*columns = lappend(*columns, pstrdup(node->text));
	else if (node->kind == A && node->count > 0)
		for (int i = 0; i < node->count; i++)
		{
			DmPath here = DmMember(path, i);

			if (DmIsKind(node->items[i], S) && node->items[i]->text[0] != '\0')
				*columns = lappend(*columns, pstrdup(node->items[i]->text));
			else
			{
				DmProblem(v, &here, "expected the name of a column");
				good = false;
			}
		}
	else
	{
		DmProblem(v, path, "expected the name of a column, or an array of them");
		good = false;
	}
	return good;
}

/* Any value, as the text of a constant. */
static char *
value_text(const DmNode *node)
{
	StringInfoData json;

	if (node->kind & (S | N | B))
		return pstrdup(node->text);
	initStringInfo(&json);
	DmJsonWrite(&json, node);
	return json.data;
}

static bool
read_argument(DmValidator *v, const DmPath *path, const DmNode *node, const Parameter *parameter,
			  DmMask *mask)
{
	void *to = (char *) mask + parameter->offset;
	const char *expected = NULL;
	int number;

	switch (parameter->kind)
	{
		case ARGUMENT_COUNT:
		case ARGUMENT_POSITIVE:
			if (!whole_number(node, &number) ||
				(number == 0 && parameter->kind == ARGUMENT_POSITIVE))
				expected = parameter->kind == ARGUMENT_COUNT ? "a whole number of at least 0"
															 : "a whole number of at least 1";
			else
				*(int *) to = number;
			break;
		case ARGUMENT_AMOUNT:
			if (node->kind != N || !is_above_zero(node->text))
				expected = "a number above 0";
			else
				*(char **) to = pstrdup(node->text);
			break;
		case ARGUMENT_CHARACTER:
			if (!(node->kind & (S | N)) || pg_mbstrlen(node->text) != 1)
				expected = "one character";
			else
				*(char **) to = pstrdup(node->text);
			break;
		case ARGUMENT_WORD:
		case ARGUMENT_TEXT:
			if (!(node->kind & (S | N)) ||
				(parameter->kind == ARGUMENT_WORD && node->text[0] == '\0'))
				expected = parameter->kind == ARGUMENT_WORD ? "a word" : "a string";
			else
				*(char **) to = pstrdup(node->text);
			break;
		case ARGUMENT_VALUE:
			if (node->kind == NIL_VALUE)
				expected = "a value; the mask that gives null is called null";
			else
				*(char **) to = value_text(node);
			break;
		case ARGUMENT_COLUMNS:
			return read_columns(v, path, node, (List **) to);
	}
	if (expected != NULL)
		DmProblem(v, path, "%s: expected %s, found %s", parameter->name, expected,
				  DmFoundText(node));
	return expected == NULL;
}

/* ---- the text form ---- */

typedef struct Reader
{
	const char *at;
	char *problem;
} Reader;

static void
skip_blanks(Reader *r)
{
	while (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')
		r->at++;
}

/* Quoted as in SQL, or by ": a quote within is written twice. */
static DmNode *
read_quoted(Reader *r)
{
	char quote = *r->at++;
	StringInfoData text;

	initStringInfo(&text);
	for (;; r->at++)
	{
		if (*r->at == '\0')
		{
			r->problem = "a quote is not closed";
			return NULL;
		}
		if (*r->at == quote && *++r->at != quote)
			break;
		appendStringInfoChar(&text, *r->at);
	}
	return DmNodeMakeText(S, 0, text.data);
}

static DmNode *
read_plain(Reader *r)
{
	const char *start = r->at;
	size_t length;
	char *text;
	char *json;

	while (*r->at != '\0' && *r->at != ',' && *r->at != ')' && *r->at != '(')
		r->at++;
	length = r->at - start;
	while (length > 0 && strchr(" \t\r\n", start[length - 1]) != NULL)
		length--;
	if (length == 0)
	{
		r->problem = "an argument is empty; write '' for an empty text";
		return NULL;
	}
	text = pnstrdup(start, length);
	/* 007 is a code that lost its quotes, and no number */
	if (strspn(text, "0123456789.eE+-") == length && DmYamlResolve(text, &json) == N &&
		json != NULL && DmIsReasonableNumber(json) &&
		!(text[0] == '0' && text[1] >= '0' && text[1] <= '9'))
		return DmNodeMakeText(N, 0, json);
	return DmNodeMakeText(S, 0, text);
}

/* name or name(argument, ...): the name, and the arguments in *arguments; NULL with r->problem. */
static char *
read_text(Reader *r, List **arguments)
{
	const char *start;
	char *name;

	skip_blanks(r);
	start = r->at;
	r->at += strcspn(r->at, "( \t\r\n");
	name = pnstrdup(start, r->at - start);
	skip_blanks(r);
	if (*r->at == '\0')
		return name;
	if (*r->at != '(')
		r->problem = "expected a name, or name(arguments)";
	else
	{
		r->at++;
		skip_blanks(r);
		if (*r->at == ')')
			r->at++;
		else
			for (;;)
			{
				DmNode *argument;

				skip_blanks(r);
				argument = *r->at == '\'' || *r->at == '"' ? read_quoted(r) : read_plain(r);
				if (argument == NULL)
					return NULL;
				*arguments = lappend(*arguments, argument);
				skip_blanks(r);
				if (*r->at == ',')
					r->at++;
				else if (*r->at++ == ')')
					break;
				else
				{
					r->problem = "expected , or ) after an argument";
					return NULL;
				}
			}
		skip_blanks(r);
		if (*r->at != '\0')
			r->problem = "something follows the closing parenthesis";
	}
	return r->problem == NULL ? name : NULL;
}

/* ---- both forms ---- */

static const Signature *
require_signature(DmValidator *v, const DmPath *path, const char *name)
{
	const Signature *signature = find_signature(name);

	if (signature == NULL)
		DmProblem(v, path, "\"%s\" is not one of %s", DmExcerpt(name), DmMaskNames());
	return signature;
}

static DmMask *
make_mask(const Signature *signature)
{
	DmMask *mask = palloc0(sizeof(DmMask));

	mask->kind = signature->name.kind;
	mask->strength = signature->name.strength;
	mask->prefix = mask->suffix = 1;
	mask->pad = signature->name.kind == DM_MASK_PARTIAL ? "***" : "*";
	return mask;
}

static bool
require_arguments(DmValidator *v, const DmPath *path, const Signature *signature,
				  const bool given[MAX_PARAMETERS])
{
	bool good = true;

	for (int i = 0; i < parameter_count(signature); i++)
		if (signature->parameters[i].required && !given[i])
		{
			DmProblem(v, path, "%s needs the argument %s", signature->name.name,
					  signature->parameters[i].name);
			good = false;
		}
	return good;
}

static bool
read_text_form(DmValidator *v, const DmPath *path, const char *text, DmMask **result)
{
	Reader reader = {text, NULL};
	List *arguments = NIL;
	char *name = read_text(&reader, &arguments);
	bool given[MAX_PARAMETERS] = {false};
	const Signature *signature;
	ListCell *cell;
	bool good = true;

	if (name == NULL)
	{
		DmProblem(v, path, "\"%s\" is no mask: %s", DmExcerpt(text), reader.problem);
		return false;
	}
	signature = require_signature(v, path, name);
	if (signature == NULL)
		return false;
	*result = make_mask(signature);
	foreach (cell, arguments)
	{
		int i = foreach_current_index(cell);
		int last = parameter_count(signature) - 1;

		if (i > last && last >= 0 && signature->parameters[last].kind == ARGUMENT_COLUMNS)
			i = last;
		if (i > last)
		{
			DmProblem(v, path, "%s takes %s, found %d arguments", signature->name.name,
					  parameter_names(signature), list_length(arguments));
			return false;
		}
		good &= read_argument(v, path, lfirst(cell), &signature->parameters[i], *result);
		given[i] = true;
	}
	return require_arguments(v, path, signature, given) && good;
}

/* The key of the function's name; NULL if there is none, or more than one. */
static const char *
function_key(DmValidator *v, const DmPath *path, const DmNode *node, bool optional)
{
	const char *found = NULL;

	for (const char *const *key = function_keys; *key; key++)
	{
		if (DmNodeGet(node, *key) == NULL)
			continue;
		if (found != NULL)
		{
			DmProblem(v, path, "\"%s\" and \"%s\" both name the mask", found, *key);
			return NULL;
		}
		found = *key;
	}
	if (found == NULL && !optional)
		DmProblem(v, path, "missing \"function\"; expected one of %s", DmMaskNames());
	return found;
}

static bool
read_object_arguments(DmValidator *v, const DmPath *path, const DmNode *node, const char *function,
					  bool consumers, const Signature *signature, DmMask *mask)
{
	bool given[MAX_PARAMETERS] = {false};
	bool good = true;

	for (int i = 0; i < node->count; i++)
	{
		const DmEntry *entry = &node->entries[i];
		DmPath here = DmBelow(path, entry->key);
		const Parameter *parameter = NULL;
		int n;

		if ((function != NULL && strcmp(entry->key, function) == 0) ||
			(consumers && strcmp(entry->key, "consumers") == 0))
			continue;
		for (n = 0; signature != NULL && n < parameter_count(signature); n++)
		{
			parameter = &signature->parameters[n];
			if (strcmp(entry->key, parameter->name) == 0 ||
				(parameter->also != NULL && strcmp(entry->key, parameter->also) == 0))
				break;
			parameter = NULL;
		}
		if (parameter == NULL || given[n])
		{
			if (signature == NULL)
				DmProblem(v, &here, "no mask is named that could take it");
			else if (parameter != NULL)
				DmProblem(v, &here, "%s is given twice", parameter->name);
			else
				DmProblem(v, &here, "%s takes %s", signature->name.name,
						  parameter_names(signature));
			good = false;
			continue;
		}
		given[n] = true;
		good &= read_argument(v, &here, entry->value, parameter, mask);
	}
	if (signature != NULL)
		good &= require_arguments(v, path, signature, given);
	return good;
}

static bool
read_object_form(DmValidator *v, const DmPath *path, const DmNode *node, DmMask **result,
				 const DmNode **consumers)
{
	bool by_consumer = consumers != NULL && DmNodeGet(node, "consumers") != NULL;
	int before = v->problem_count;
	const char *function = function_key(v, path, node, by_consumer);
	const Signature *signature = NULL;

	if (by_consumer)
		*consumers = DmNodeGet(node, "consumers");
	if (function != NULL)
	{
		const DmNode *value = DmNodeGet(node, function);
		DmPath here = DmBelow(path, function);

		if (DmIsKind(value, S))
			signature = require_signature(v, &here, value->text);
		else if (value->kind == B && strcmp(value->text, "false") == 0)
			signature = &signatures[0];
		else
			DmProblem(v, &here, "expected the name of a mask, found %s", DmFoundText(value));
	}
	if (v->problem_count > before)
		return false;
	if (signature != NULL)
		*result = make_mask(signature);
	return read_object_arguments(v, path, node, function, by_consumer, signature, *result);
}

bool
DmMaskRead(DmValidator *v, const DmPath *path, const DmNode *node, DmMask **result,
		   const DmNode **consumers)
{
	bool good = false;

	*result = NULL;
	if (consumers != NULL)
		*consumers = NULL;
	if (node->problem != NULL)
		return false;
	if (node->kind == B && strcmp(node->text, "false") == 0)
	{
		*result = make_mask(&signatures[0]);
		return true;
	}
	if (node->kind == S)
		good = read_text_form(v, path, node->text, result);
	else if (node->kind == O)
		good = read_object_form(v, path, node, result, consumers);
	else
		DmProblem(v, path, "expected a mask, as a string or an object, or false; found %s",
				  DmFoundText(node));
	if (!good)
		*result = NULL;
	return good;
}

/* ---- writing ---- */

static void
append_argument(StringInfo out, const char *text)
{
	bool plain = text[0] != '\0' && strpbrk(text, ",()'\" \t\r\n") == NULL;

	appendStringInfoString(out, out->data[out->len - 1] == '(' ? "" : ", ");
	if (plain)
		appendStringInfoString(out, text);
	else
	{
		appendStringInfoChar(out, '\'');
		for (const char *s = text; *s; s++)
			appendStringInfo(out, *s == '\'' ? "''" : "%c", *s);
		appendStringInfoChar(out, '\'');
	}
}

char *
DmMaskText(const DmMask *mask)
{
	StringInfoData out;
	ListCell *cell;

	initStringInfo(&out);
	for (int i = 0; i < lengthof(signatures); i++)
		if (signatures[i].name.kind == mask->kind)
			appendStringInfo(&out, "%s(", signatures[i].name.name);
	switch (mask->kind)
	{
		case DM_MASK_PARTIAL:
			append_argument(&out, psprintf("%d", mask->prefix));
			append_argument(&out, mask->pad);
			append_argument(&out, psprintf("%d", mask->suffix));
			break;
		case DM_MASK_FIRST:
		case DM_MASK_LAST:
			append_argument(&out, psprintf("%d", mask->count));
			if (strcmp(mask->pad, "*") != 0)
				append_argument(&out, mask->pad);
			break;
		case DM_MASK_DATE_TRUNC:
		case DM_MASK_GENERALIZE:
			if (mask->unit != NULL)
				append_argument(&out, mask->unit);
			break;
		case DM_MASK_NOISE:
			append_argument(&out, mask->amount);
			foreach (cell, mask->columns)
				append_argument(&out, lfirst(cell));
			break;
		case DM_MASK_CONSTANT:
			append_argument(&out, mask->value);
			break;
		default:
			break;
	}
	if (out.data[out.len - 1] == '(')
		out.data[--out.len] = '\0';
	else
		appendStringInfoChar(&out, ')');
	return out.data;
}

/* ---- for the validator ---- */

void
DmCheckMask(DmValidator *v, const DmPath *path, const DmNode *node)
{
	const DmNode *consumers;
	DmMask *mask;
	DmPath below = DmBelow(path, "consumers");

	if (!DmMaskRead(v, path, node, &mask, &consumers) || consumers == NULL)
		return;
	if (consumers->kind != O)
	{
		DmProblem(v, &below, "expected an object of masks by consumer, found %s",
				  DmFoundText(consumers));
		return;
	}
	for (int i = 0; i < consumers->count; i++)
	{
		DmPath here = DmBelow(&below, consumers->entries[i].key);

		(void) DmMaskRead(v, &here, consumers->entries[i].value, &mask, NULL);
	}
}

void
DmCheckMaskingRules(DmValidator *v, const DmPath *path, const DmNode *node)
{
	for (int i = 0; i < node->count; i++)
	{
		DmPath here = DmBelow(path, node->entries[i].key);

		DmCheckMask(v, &here, node->entries[i].value);
	}
}
