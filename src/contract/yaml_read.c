/*-------------------------------------------------------------------------
 *
 * yaml_read.c
 *		YAML to a document, by the core schema of YAML 1.2.
 *
 * libyaml gives events and leaves what a scalar means to us.  Its memory is
 * malloc'd and freed on every way out; aliases are counted as if written out,
 * so that a few lines of anchors cannot become gigabytes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <yaml.h>

#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "base/errors.h"
#include "base/settings.h"
#include "contract/document.h"

typedef struct AnchorEntry
{
	char *name;
	uint32 hash;
	char status;
	DmNode *node;
} AnchorEntry;

#define SH_PREFIX anchors
#define SH_ELEMENT_TYPE AnchorEntry
#define SH_KEY_TYPE char *
#define SH_KEY name
#define SH_HASH_KEY(table, key) hash_bytes((const unsigned char *) (key), strlen(key))
#define SH_EQUAL(table, a, b) (strcmp(a, b) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(table, a) (a)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct Frame
{
	DmNode *node;
	char *key; /* the key that waits for its value, or NULL */
	const char *key_problem;
	int key_line;
} Frame;

typedef struct Reader
{
	yaml_parser_t parser;
	const char *text;
	Frame stack[DM_MAX_NESTING];
	int depth;
	DmNode *root;
	anchors_hash *anchors;
	int64 expanded; /* bytes that aliases have added */
} Reader;

/*
 * What plain scalars mean
 */

static const char *
skip_digits(const char *s)
{
	while (*s >= '0' && *s <= '9')
		s++;
	return s;
}

/* 0o17 and 0x1f, as a decimal number; NULL if it is none, *json NULL if it is too large. */
static bool
resolve_based(const char *text, char **json)
{
	int base = text[1] == 'o' ? 8 : 16;
	const char *digits = text + 2;
	uint64 value = 0;
	bool fits = true;

	if (text[0] != '0' || (text[1] != 'o' && text[1] != 'x') || *digits == '\0')
		return false;
	for (const char *s = digits; *s; s++)
	{
		int digit;

		if (*s >= '0' && *s <= '9')
			digit = *s - '0';
		else if (*s >= 'a' && *s <= 'f')
			digit = *s - 'a' + 10;
		else if (*s >= 'A' && *s <= 'F')
			digit = *s - 'A' + 10;
		else
			return false;
		if (digit >= base)
			return false;
		if (value > (PG_UINT64_MAX - digit) / base)
			fits = false;
		value = value * base + digit;
	}
	*json = fits ? psprintf(UINT64_FORMAT, value) : NULL;
	return true;
}

/* [-+]? (\.[0-9]+ | [0-9]+(\.[0-9]*)?) ([eE][-+]?[0-9]+)?, in the form that JSON wants. */
static bool
resolve_decimal(const char *text, char **json)
{
	const char *integer = text + (*text == '-' || *text == '+');
	const char *point = skip_digits(integer);
	const char *fraction = *point == '.' ? point + 1 : point;
	const char *exponent = *point == '.' ? skip_digits(fraction) : point;
	int fraction_digits = exponent - fraction;

	if (point == integer && fraction_digits == 0)
		return false;
	if (*exponent == 'e' || *exponent == 'E')
	{
		const char *digits = exponent + 1 + (exponent[1] == '-' || exponent[1] == '+');

		if (skip_digits(digits) == digits || *skip_digits(digits) != '\0')
			return false;
	}
	else if (*exponent != '\0')
		return false;

	while (*integer == '0' && integer + 1 < point)
		integer++;
	*json = psprintf("%s%s%.*s%s%.*s%s", *text == '-' ? "-" : "", point == integer ? "0" : "",
					 (int) (point - integer), integer, *point == '.' ? "." : "", fraction_digits,
					 fraction, exponent);
	if (*point == '.' && fraction_digits == 0)
		*json = psprintf("%s%s%.*s.0%s", *text == '-' ? "-" : "", "", (int) (point - integer),
						 integer, exponent);
	return true;
}

static bool
is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
	{
		if (strcmp(text, *words) == 0)
			return true;
	}
	return false;
}

DmNodeKind
DmYamlResolve(const char *text, char **json)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const trues[] = {"true", "True", "TRUE", NULL};
	static const char *const falses[] = {"false", "False", "FALSE", NULL};
	static const char *const infinities[] = {".inf", ".Inf", ".INF", NULL};
	static const char *const nans[] = {".nan", ".NaN", ".NAN", NULL};

	*json = NULL;
	if (is_one_of(text, nulls))
		return DM_NODE_NULL;
	if (is_one_of(text, trues))
	{
		*json = "true";
		return DM_NODE_BOOLEAN;
	}
	if (is_one_of(text, falses))
	{
		*json = "false";
		return DM_NODE_BOOLEAN;
	}
	if (strchr("+-.0123456789", text[0]) == NULL)
		return DM_NODE_STRING;
	if (is_one_of(text + (text[0] == '-' || text[0] == '+'), infinities) || is_one_of(text, nans))
		return DM_NODE_NUMBER;
	if (resolve_based(text, json) || resolve_decimal(text, json))
		return DM_NODE_NUMBER;
	return DM_NODE_STRING;
}

/* Digits that begin with a needless zero: most likely a code that lost its quotes. */
static bool
has_leading_zero(const char *text)
{
	text += (*text == '-' || *text == '+');
	return text[0] == '0' && text[1] >= '0' && text[1] <= '9';
}

/*
 * Scalars
 */

static char *
to_server(const yaml_char_t *text, size_t length)
{
	char *copy = pnstrdup((const char *) text, length);

	return pg_any_to_server(copy, length, PG_UTF8);
}

static const char *
core_tag(const yaml_char_t *tag)
{
	static const char prefix[] = "tag:yaml.org,2002:";

	if (tag == NULL)
		return NULL;
	if (strncmp((const char *) tag, prefix, strlen(prefix)) == 0)
		return (const char *) tag + strlen(prefix);
	return (const char *) tag;
}

static DmNode *
plain_scalar(const char *text, int line)
{
	char *json;
	DmNodeKind kind = DmYamlResolve(text, &json);
	DmNode *node;

	if (kind == DM_NODE_STRING)
		return DmNodeMakeText(kind, line, text);
	if (kind == DM_NODE_NULL)
		return DmNodeMake(kind, line);
	node = DmNodeMakeText(kind, line, json ? json : text);
	if (json == NULL)
		node->problem =
			psprintf("the number %s has no place in JSON, and so none in a contract", text);
	else if (kind == DM_NODE_NUMBER && has_leading_zero(text))
		node->note = psprintf(
			"%s is the number %s in YAML 1.2; write it in quotes if the zeros matter", text, json);
	return node;
}

/* A scalar whose tag says what it is. */
static DmNode *
tagged_scalar(const char *text, const char *tag, int line)
{
	DmNode *node;
	char *json;
	DmNodeKind wanted;

	if (strcmp(tag, "str") == 0 || strcmp(tag, "!") == 0)
		return DmNodeMakeText(DM_NODE_STRING, line, text);
	if (strcmp(tag, "int") == 0 || strcmp(tag, "float") == 0)
		wanted = DM_NODE_NUMBER;
	else if (strcmp(tag, "bool") == 0)
		wanted = DM_NODE_BOOLEAN;
	else if (strcmp(tag, "null") == 0)
		wanted = DM_NODE_NULL;
	else
	{
		node = DmNodeMakeText(DM_NODE_STRING, line, text);
		node->problem = psprintf("the tag %s is none of YAML's core schema", tag);
		return node;
	}
	if (DmYamlResolve(text, &json) == wanted)
		return plain_scalar(text, line);
	node = DmNodeMakeText(DM_NODE_STRING, line, text);
	node->problem = psprintf("\"%s\" does not fit its tag !!%s", text, tag);
	return node;
}

static DmNode *
read_scalar(const yaml_event_t *event)
{
	int line = event->start_mark.line + 1;
	const yaml_char_t *value = event->data.scalar.value;
	size_t length = event->data.scalar.length;
	const char *tag = core_tag(event->data.scalar.tag);
	bool has_nul = memchr(value, 0, length) != NULL;
	char *text = to_server(value, has_nul ? strlen((const char *) value) : length);
	DmNode *node;

	if (tag != NULL)
		node = tagged_scalar(text, tag, line);
	else if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		node = plain_scalar(text, line);
	else
		node = DmNodeMakeText(DM_NODE_STRING, line, text);
	if (has_nul)
		node->problem = "the character NUL (\\0) has no place in text";
	return node;
}

/*
 * Structure
 */

/* What stands where a key should. */
static void
take_key(Frame *frame, const DmNode *node, bool plain)
{
	frame->key_line = node->line;
	frame->key = node->text ? node->text : (node->kind == DM_NODE_NULL ? "null" : "?");
	frame->key_problem = node->problem;
	if (frame->key_problem != NULL)
		return;
	if (node->kind == DM_NODE_NUMBER || node->kind == DM_NODE_BOOLEAN || node->kind == DM_NODE_NULL)
		frame->key_problem = psprintf("the key is %s %s, not text; write it in quotes",
									  node->kind == DM_NODE_NUMBER    ? "the number"
									  : node->kind == DM_NODE_BOOLEAN ? "the boolean"
																	  : "the value",
									  frame->key);
	else if (node->kind != DM_NODE_STRING)
		frame->key_problem = "a list or a mapping cannot be a key";
	else if (plain && strcmp(node->text, "<<") == 0)
		frame->key_problem = "merge keys (<<) are no part of YAML 1.2; write the keys out";
}

/* A value is complete: hand it to what is open.  plain: it stood there without quotes. */
static void
deliver(Reader *reader, DmNode *node, bool plain)
{
	Frame *frame;

	if (reader->depth == 0)
	{
		reader->root = node;
		return;
	}
	frame = &reader->stack[reader->depth - 1];
	if (frame->node->kind == DM_NODE_ARRAY)
		DmNodeAppend(frame->node, node);
	else if (frame->key == NULL)
		take_key(frame, node, plain);
	else
	{
		DmNodePut(frame->node, frame->key, frame->key_line, node);
		frame->node->entries[frame->node->count - 1].problem = frame->key_problem;
		frame->key = NULL;
	}
}

static void
remember_anchor(Reader *reader, const yaml_char_t *anchor, DmNode *node)
{
	bool found;
	AnchorEntry *entry;

	if (anchor == NULL)
		return;
	entry = anchors_insert(reader->anchors, pstrdup((const char *) anchor), &found);
	entry->node = node;
}

static void
begin(Reader *reader, DmNodeKind kind, const yaml_event_t *event, const yaml_char_t *tag,
	  const yaml_char_t *anchor)
{
	const char *name = core_tag(tag);
	DmNode *node;

	if (reader->depth >= DM_MAX_NESTING)
		DmDocumentTooDeep(event->start_mark.line + 1);
	node = DmNodeMake(kind, event->start_mark.line + 1);
	node->open = true;
	if (name != NULL && strcmp(name, "!") != 0 &&
		strcmp(name, kind == DM_NODE_ARRAY ? "seq" : "map") != 0)
		node->problem = psprintf("the tag %s is none of YAML's core schema",
								 to_server((const yaml_char_t *) name, strlen(name)));
	remember_anchor(reader, anchor, node);
	reader->stack[reader->depth].node = node;
	reader->stack[reader->depth].key = NULL;
	reader->depth++;
}

static void
end(Reader *reader)
{
	DmNode *node = reader->stack[--reader->depth].node;

	node->open = false;
	deliver(reader, node, false);
}

static void
read_alias(Reader *reader, const yaml_event_t *event)
{
	char *anchor = (char *) event->data.alias.anchor;
	AnchorEntry *entry = anchors_lookup(reader->anchors, anchor);
	int line = event->start_mark.line + 1;
	int column = event->start_mark.column + 1;
	int64 limit = (int64) dm_max_contract_size * 1024;

	if (entry == NULL)
		DmDocumentSyntaxError(
			"YAML", line, column,
			psprintf("no anchor &%s stands before the alias *%s", anchor, anchor));
	if (entry->node->open)
		DmDocumentSyntaxError("YAML", line, column,
							  psprintf("the alias *%s stands inside its own anchor", anchor));
	if (reader->depth + entry->node->height > DM_MAX_NESTING)
		DmDocumentTooDeep(line);
	reader->expanded += entry->node->bytes;
	if (reader->expanded > limit)
		ereport(
			ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("invalid data contract: its aliases expand to too much"),
			 errdetail("At line %d, column %d, what aliases stand for exceeds %d kB.", line, column,
					   dm_max_contract_size),
			 errhint(
				 "Write out what is meant; a superuser can raise datamesh.max_contract_size.")));
	deliver(reader, entry->node, false);
}

/* The parser stopped: say where and why. */
static void
syntax_error(const Reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	int line = parser->problem_mark.line + 1;
	int column = parser->problem_mark.column + 1;
	const char *problem = parser->problem ? parser->problem : "not understood";

	if (parser->error == YAML_MEMORY_ERROR)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"),
						errdetail("Failed while reading a contract.")));
	if (parser->error == YAML_READER_ERROR)
	{
		/* no mark: only an offset */
		line = column = 1;
		for (size_t i = 0; i < parser->problem_offset; i++)
		{
			column = reader->text[i] == '\n' ? 1 : column + 1;
			line += reader->text[i] == '\n';
		}
	}
	DmDocumentSyntaxError("YAML", line, column,
						  parser->context
							  ? psprintf("%s, %s (begun at line %d)", problem, parser->context,
										 (int) parser->context_mark.line + 1)
							  : problem);
}

static void
next_event(Reader *reader, yaml_event_t *event)
{
	CHECK_FOR_INTERRUPTS();
	if (!yaml_parser_parse(&reader->parser, event))
		syntax_error(reader);
}

static void
take_event(Reader *reader, const yaml_event_t *event)
{
	DmNode *node;

	switch (event->type)
	{
		case YAML_SCALAR_EVENT:
			node = read_scalar(event);
			remember_anchor(reader, event->data.scalar.anchor, node);
			deliver(reader, node, event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE);
			break;
		case YAML_ALIAS_EVENT:
			read_alias(reader, event);
			break;
		case YAML_SEQUENCE_START_EVENT:
			begin(reader, DM_NODE_ARRAY, event, event->data.sequence_start.tag,
				  event->data.sequence_start.anchor);
			break;
		case YAML_MAPPING_START_EVENT:
			begin(reader, DM_NODE_OBJECT, event, event->data.mapping_start.tag,
				  event->data.mapping_start.anchor);
			break;
		case YAML_SEQUENCE_END_EVENT:
		case YAML_MAPPING_END_EVENT:
			end(reader);
			break;
		case YAML_DOCUMENT_START_EVENT:
			if (reader->root != NULL)
				DmDocumentSyntaxError("YAML", event->start_mark.line + 1,
									  event->start_mark.column + 1,
									  "a second document begins here; a contract is one document");
			break;
		default:
			break;
	}
}

/* Every event of the stream, in order. */
static void
read_events(Reader *reader, yaml_event_t *event)
{
	bool done = false;

	while (!done)
	{
		next_event(reader, event);
		take_event(reader, event);
		done = event->type == YAML_STREAM_END_EVENT;
		yaml_event_delete(event); /* also clears it: deleting it again does nothing */
	}
}

DmNode *
DmYamlRead(const char *text, size_t length)
{
	Reader *reader = palloc0(sizeof(Reader));
	yaml_event_t *event = palloc0(sizeof(yaml_event_t));
	char *utf8 = pg_server_to_any(text, length, PG_UTF8);

	reader->text = utf8;
	reader->anchors = anchors_create(CurrentMemoryContext, 16, NULL);
	if (!yaml_parser_initialize(&reader->parser))
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	yaml_parser_set_encoding(&reader->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&reader->parser, (const unsigned char *) utf8,
								 utf8 == text ? length : strlen(utf8));

	PG_TRY();
	{
		read_events(reader, event);
	}
	PG_FINALLY();
	{
		yaml_event_delete(event);
		yaml_parser_delete(&reader->parser);
	}
	PG_END_TRY();
	return reader->root;
}
