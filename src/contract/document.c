/*-------------------------------------------------------------------------
 *
 * document.c
 *		Contract documents in memory, and as JSON.
 *
 * JSON is read with PostgreSQL's own lexer; the grammar is walked here, with an
 * explicit stack, because a document needs line numbers and limits that the
 * server's parser does not offer.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/jsonapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/json.h"

#include "base/compat.h"
#include "base/errors.h"
#include "contract/document.h"

DmNode *
DmNodeMake(DmNodeKind kind, int line)
{
	DmNode *node = palloc0(sizeof(DmNode));

	node->kind = kind;
	node->line = line;
	node->bytes = 4;
	node->height = (kind & (DM_NODE_ARRAY | DM_NODE_OBJECT)) ? 1 : 0;
	return node;
}

DmNode *
DmNodeMakeText(DmNodeKind kind, int line, const char *text)
{
	DmNode *node = DmNodeMake(kind, line);

	node->text = pstrdup(text);
	node->bytes += strlen(text);
	return node;
}

/* Make room for one more member of the given size. */
static void *
grow(DmNode *node, void *members, Size size)
{
	if (node->count < node->allocated)
		return members;
	if (members == NULL)
	{
		node->allocated = 8;
		return palloc(node->allocated * size);
	}
	node->allocated *= 2;
	return repalloc_huge(members, node->allocated * size);
}

void
DmNodeAppend(DmNode *array, DmNode *item)
{
	array->items = grow(array, array->items, sizeof(DmNode *));
	array->items[array->count++] = item;
	array->bytes += item->bytes;
	array->height = Max(array->height, item->height + 1);
}

void
DmNodePut(DmNode *object, char *key, int line, DmNode *value)
{
	DmEntry *entry;

	object->entries = grow(object, object->entries, sizeof(DmEntry));
	entry = &object->entries[object->count++];
	entry->key = key;
	entry->problem = NULL;
	entry->line = line;
	entry->value = value;
	object->bytes += value->bytes + strlen(key) + 4;
	object->height = Max(object->height, value->height + 1);
}

DmNode *
DmNodeGet(const DmNode *node, const char *key)
{
	if (node == NULL || node->kind != DM_NODE_OBJECT)
		return NULL;
	for (int i = 0; i < node->count; i++)
	{
		if (strcmp(node->entries[i].key, key) == 0)
			return node->entries[i].value;
	}
	return NULL;
}

const char *
DmNodeString(const DmNode *node)
{
	return (node != NULL && node->kind == DM_NODE_STRING) ? node->text : NULL;
}

void
DmDocumentSyntaxError(const char *language, int line, int column, const char *problem)
{
	ereport(ERROR,
			(errcode(ERRCODE_DM_INVALID_CONTRACT),
			 errmsg("invalid data contract: this is not well-formed %s", language),
			 errdetail("Line %d, column %d: %s.", line, column, problem),
			 strcmp(language, "JSON") == 0
				 ? errhint("A document that begins with { or [ is read as JSON, any other as "
						   "YAML.")
				 : 0));
	pg_unreachable();
}

void
DmDocumentTooDeep(int line)
{
	ereport(ERROR, (errcode(ERRCODE_DM_INVALID_CONTRACT),
					errmsg("invalid data contract: nested too deeply"),
					errdetail("Line %d reaches level %d; a contract may have %d.", line,
							  DM_MAX_NESTING + 1, DM_MAX_NESTING)));
	pg_unreachable();
}

/*
 * Reading JSON
 */

typedef struct JsonReader
{
	JsonLexContext *lex;
	DmNode *stack[DM_MAX_NESTING];
	char *keys[DM_MAX_NESTING]; /* the key that waits for its value, at each level */
	int key_lines[DM_MAX_NESTING];
	int depth;
	DmNode *root;
} JsonReader;

pg_noreturn static void json_syntax_error(const JsonReader *reader, const char *problem);

static void
json_syntax_error(const JsonReader *reader, const char *problem)
{
	const JsonLexContext *lex = reader->lex;
	const char *where =
		lex->token_start != NULL ? lex->token_start : lex->input + lex->input_length;
	int column = 1;

	/* line_start is NULL until the first line has ended */
	if (where >= (lex->line_start ? lex->line_start : lex->input))
		column += pg_mbstrlen_with_len(lex->line_start ? lex->line_start : lex->input,
									   where - (lex->line_start ? lex->line_start : lex->input));
	DmDocumentSyntaxError("JSON", lex->line_number, column, problem);
}

static JsonTokenType
next_token(JsonReader *reader)
{
	JsonParseErrorType error = json_lex(reader->lex);

	if (error != JSON_SUCCESS)
	{
		char *detail = pstrdup(json_errdetail(error, reader->lex));
		int length = strlen(detail);

		/* the server's sentence, without its period: ours follows */
		if (length > 0 && detail[length - 1] == '.')
			detail[length - 1] = '\0';
		json_syntax_error(reader, detail);
	}
	return reader->lex->token_type;
}

static char *
token_text(const JsonReader *reader)
{
	const JsonLexContext *lex = reader->lex;

	return pnstrdup(lex->token_start, lex->token_terminator - lex->token_start);
}

/* A value is complete: hand it to what is open. */
static void
json_deliver(JsonReader *reader, DmNode *node)
{
	DmNode *parent;

	if (reader->depth == 0)
	{
		reader->root = node;
		return;
	}
	parent = reader->stack[reader->depth - 1];
	if (parent->kind == DM_NODE_ARRAY)
		DmNodeAppend(parent, node);
	else
		DmNodePut(parent, reader->keys[reader->depth - 1], reader->key_lines[reader->depth - 1],
				  node);
}

static void
json_push(JsonReader *reader, DmNodeKind kind)
{
	if (reader->depth >= DM_MAX_NESTING)
		DmDocumentTooDeep(reader->lex->line_number);
	reader->stack[reader->depth++] = DmNodeMake(kind, reader->lex->line_number);
}

static void
json_pop(JsonReader *reader)
{
	DmNode *node = reader->stack[--reader->depth];

	json_deliver(reader, node);
}

/* The current token is to be a key; read it and its colon. */
static void
json_key(JsonReader *reader)
{
	if (reader->lex->token_type != JSON_TOKEN_STRING)
		json_syntax_error(reader, "expected a key, in double quotes");
	reader->keys[reader->depth - 1] = pstrdup(reader->lex->strval->data);
	reader->key_lines[reader->depth - 1] = reader->lex->line_number;
	if (next_token(reader) != JSON_TOKEN_COLON)
		json_syntax_error(reader, "expected \":\" after a key");
}

static DmNode *
json_scalar(JsonReader *reader)
{
	int line = reader->lex->line_number;

	switch (reader->lex->token_type)
	{
		case JSON_TOKEN_STRING:
			return DmNodeMakeText(DM_NODE_STRING, line, reader->lex->strval->data);
		case JSON_TOKEN_NUMBER:
			return DmNodeMakeText(DM_NODE_NUMBER, line, token_text(reader));
		case JSON_TOKEN_TRUE:
		case JSON_TOKEN_FALSE:
			return DmNodeMakeText(DM_NODE_BOOLEAN, line, token_text(reader));
		case JSON_TOKEN_NULL:
			return DmNodeMake(DM_NODE_NULL, line);
		case JSON_TOKEN_END:
			json_syntax_error(reader, "the document ends too early");
		default:
			json_syntax_error(reader, "expected a value");
	}
}

/*
 * Read one value, the current token being its first.  False if it opened an
 * array or object whose first member is now the current token.
 */
static bool
json_value(JsonReader *reader)
{
	JsonTokenType token = reader->lex->token_type;

	if (token == JSON_TOKEN_OBJECT_START)
	{
		json_push(reader, DM_NODE_OBJECT);
		if (next_token(reader) == JSON_TOKEN_OBJECT_END)
		{
			json_pop(reader);
			return true;
		}
		json_key(reader);
		next_token(reader);
		return false;
	}
	if (token == JSON_TOKEN_ARRAY_START)
	{
		json_push(reader, DM_NODE_ARRAY);
		if (next_token(reader) == JSON_TOKEN_ARRAY_END)
		{
			json_pop(reader);
			return true;
		}
		return false;
	}
	json_deliver(reader, json_scalar(reader));
	return true;
}

/* After a value: close what closes; false if another member follows, now the current token. */
static bool
json_after_value(JsonReader *reader)
{
	while (reader->depth > 0)
	{
		bool in_object = reader->stack[reader->depth - 1]->kind == DM_NODE_OBJECT;
		JsonTokenType token = next_token(reader);

		if (token == JSON_TOKEN_COMMA)
		{
			next_token(reader);
			if (in_object)
			{
				json_key(reader);
				next_token(reader);
			}
			return false;
		}
		if (token == JSON_TOKEN_END)
			json_syntax_error(reader, "the document ends too early");
		if (token != (in_object ? JSON_TOKEN_OBJECT_END : JSON_TOKEN_ARRAY_END))
			json_syntax_error(reader,
							  in_object ? "expected \",\" or \"}\"" : "expected \",\" or \"]\"");
		json_pop(reader);
	}
	return true;
}

DmNode *
DmJsonRead(const char *text, size_t length)
{
	JsonReader reader = {0};

	reader.lex = DmJsonLexContext(text, length, GetDatabaseEncoding(), true);
	next_token(&reader);
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		if (json_value(&reader) && json_after_value(&reader))
			break;
	}
	if (next_token(&reader) != JSON_TOKEN_END)
		json_syntax_error(&reader, "something follows the end of the document");
	return reader.root;
}

DmNode *
DmNodeMakeString(const char *text)
{
	return DmNodeMakeText(DM_NODE_STRING, 0, text);
}

void
DmNodeSet(DmNode *object, const char *key, DmNode *value)
{
	DmNodePut(object, pstrdup(key), 0, value);
}

void
DmNodeSetString(DmNode *object, const char *key, const char *text)
{
	if (text != NULL)
		DmNodeSet(object, key, DmNodeMakeString(text));
}

/*
 * Writing JSON
 */

void
DmJsonWrite(StringInfo out, const DmNode *node)
{
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	switch (node->kind)
	{
		case DM_NODE_NULL:
			appendStringInfoString(out, "null");
			break;
		case DM_NODE_BOOLEAN:
		case DM_NODE_NUMBER:
			appendStringInfoString(out, node->text);
			break;
		case DM_NODE_STRING:
			escape_json(out, node->text);
			break;
		case DM_NODE_ARRAY:
			appendStringInfoChar(out, '[');
			for (int i = 0; i < node->count; i++)
			{
				if (i > 0)
					appendStringInfoString(out, ", ");
				DmJsonWrite(out, node->items[i]);
			}
			appendStringInfoChar(out, ']');
			break;
		case DM_NODE_OBJECT:
			appendStringInfoChar(out, '{');
			for (int i = 0; i < node->count; i++)
			{
				if (i > 0)
					appendStringInfoString(out, ", ");
				escape_json(out, node->entries[i].key);
				appendStringInfoString(out, ": ");
				DmJsonWrite(out, node->entries[i].value);
			}
			appendStringInfoChar(out, '}');
			break;
	}
}
