/*-------------------------------------------------------------------------
 *
 * yaml_write.c
 *		A document as YAML.
 *
 * Block style, two spaces a level.  Reading it back gives the same document;
 * strings that any reader, one of YAML 1.1 included, could take for something
 * else (yes, 1_000, 12:30, 2024-01-31) are quoted.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "contract/document.h"

/* libyaml, like the standard, takes no longer simple keys. */
#define LONGEST_SIMPLE_KEY 1000

static void write_node(StringInfo out, const DmNode *node, int indent);

static void
new_line(StringInfo out, int indent)
{
	appendStringInfoChar(out, '\n');
	appendStringInfoSpaces(out, indent);
}

/* The string in UTF-8, which is what YAML's escapes are about. */
static const char *
in_utf8(const char *text)
{
	return pg_server_to_any(text, strlen(text), PG_UTF8);
}

/*
 * The length of the UTF-8 character at s if it must be escaped, else 0: controls, DEL, the line
 * breaks of YAML 1.1, and what is no character.  A tab or newline does not count.
 */
static int
needs_escape(const unsigned char *s)
{
	if (*s < 0x20)
		return (*s == '\t' || *s == '\n') ? 0 : 1;
	if (*s == 0x7f)
		return 1;
	if (*s == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0)
		return 2; /* C1 controls, NEL among them */
	if (*s == 0xe2 && s[1] == 0x80 && (s[2] == 0xa8 || s[2] == 0xa9))
		return 3; /* LS, PS */
	if (*s == 0xef && s[1] == 0xbb && s[2] == 0xbf)
		return 3; /* a byte order mark */
	if (*s == 0xef && s[1] == 0xbf && (s[2] == 0xbe || s[2] == 0xbf))
		return 3; /* U+FFFE, U+FFFF */
	return 0;
}

static bool
is_printable(const char *text)
{
	for (const char *s = text; *s; s++)
	{
		if (needs_escape((const unsigned char *) s))
			return false;
	}
	return true;
}

/* Would YAML 1.1 read it as a boolean, a number with underscores or colons, or a date? */
static bool
is_yaml11_special(const char *text)
{
	static const char *const words[] = {"y", "n",  "yes",  "no",    "on",  "off",
										"=", "<<", "true", "false", "null"};

	for (int i = 0; i < lengthof(words); i++)
	{
		if (pg_strcasecmp(text, words[i]) == 0)
			return true;
	}
	/* a version: no reader takes 1.0.0 for a number */
	if (strspn(text, "0123456789.") == strlen(text) && strstr(text, "..") == NULL &&
		strchr(text, '.') != strrchr(text, '.'))
		return false;
	/* whatever is made of the characters of numbers, dates and times alone, or begins as they do */
	if (strspn(text, "0123456789+-.:_, ") == strlen(text))
		return true;
	if (text[0] >= '0' && text[0] <= '9')
	{
		size_t digits = strspn(text, "0123456789");

		return strspn(text, "0123456789+-.:_,eEtTzZxXoObBabcdefABCDEF ") == strlen(text) ||
			   (digits == 4 && text[4] == '-');
	}
	return false;
}

/* May the text stand without quotes, as a value and as a key, in block context? */
static bool
is_plain_safe(const char *text)
{
	size_t length = strlen(text);
	char *json;

	if (length == 0 || DmYamlResolve(text, &json) != DM_NODE_STRING || is_yaml11_special(text))
		return false;
	if (strchr("-?:,[]{}#&*!|>'\"%@`~. \t", text[0]) != NULL)
		return false;
	if (text[length - 1] == ' ' || text[length - 1] == '\t' || text[length - 1] == ':')
		return false;
	if (strchr(text, '\n') || strchr(text, '\t') || strstr(text, ": ") || strstr(text, " #"))
		return false;
	return is_printable(text);
}

static void
write_escape(StringInfo out, const unsigned char *s, int length)
{
	static const char named[] = {['\0'] = '0', ['\a'] = 'a', ['\b'] = 'b', ['\v'] = 'v',
								 ['\f'] = 'f', ['\r'] = 'r', [0x1b] = 'e'};
	pg_wchar code = utf8_to_unicode(s);

	if (length == 1 && *s < lengthof(named) && named[*s] != 0)
		appendStringInfo(out, "\\%c", named[*s]);
	else if (code < 0x100)
		appendStringInfo(out, "\\x%02X", code);
	else
		appendStringInfo(out, "\\u%04X", code);
}

static void
write_double_quoted(StringInfo out, const char *text)
{
	appendStringInfoChar(out, '"');
	for (const unsigned char *s = (const unsigned char *) text; *s; s++)
	{
		int length = needs_escape(s);

		if (length > 0)
		{
			write_escape(out, s, length);
			s += length - 1;
		}
		else if (*s == '\n')
			appendStringInfoString(out, "\\n");
		else if (*s == '\t')
			appendStringInfoString(out, "\\t");
		else
		{
			if (*s == '"' || *s == '\\')
				appendStringInfoChar(out, '\\');
			appendStringInfoChar(out, *s);
		}
	}
	appendStringInfoChar(out, '"');
}

static void
write_single_quoted(StringInfo out, const char *text)
{
	appendStringInfoChar(out, '\'');
	for (const char *s = text; *s; s++)
	{
		if (*s == '\'')
			appendStringInfoChar(out, '\'');
		appendStringInfoChar(out, *s);
	}
	appendStringInfoChar(out, '\'');
}

/* On one line: plain if that is safe, else in the quotes that need fewer escapes. */
static void
write_inline(StringInfo out, const char *text)
{
	if (is_plain_safe(text))
		appendStringInfoString(out, text);
	else if (strpbrk(text, "\"\\") && !strpbrk(text, "\n\t") && is_printable(text))
		write_single_quoted(out, text);
	else
		write_double_quoted(out, text);
}

/*
 * Several lines read best as a literal block.  It cannot begin with white space (that would be
 * taken for indentation) and holds no escapes.
 */
static bool
is_literal(const char *text)
{
	return strchr(text, '\n') != NULL && strchr(" \t\n", text[0]) == NULL && is_printable(text);
}

static void
write_literal(StringInfo out, const char *text, int indent)
{
	size_t length = strlen(text);
	const char *chomp = "-";

	if (text[length - 1] == '\n')
		chomp = (text[length - 2] == '\n') ? "+" : "";
	appendStringInfo(out, "|%s", chomp);
	for (const char *line = text; *line;)
	{
		size_t line_length = strcspn(line, "\n");

		if (line_length == 0)
			appendStringInfoChar(out, '\n');
		else
		{
			new_line(out, indent);
			appendBinaryStringInfo(out, line, line_length);
		}
		line += line_length + (line[line_length] == '\n');
	}
}

static void
write_string(StringInfo out, const char *text, int indent)
{
	const char *utf8 = in_utf8(text);

	if (indent > 0 && is_literal(utf8))
		write_literal(out, utf8, indent);
	else
		write_inline(out, utf8);
}

/* "key:", and what must come first if the key is too long to be a simple one. */
static void
write_key(StringInfo out, const char *key, int indent)
{
	StringInfoData text;

	initStringInfo(&text);
	write_inline(&text, in_utf8(key));
	if (text.len > LONGEST_SIMPLE_KEY)
	{
		appendStringInfoString(out, "? ");
		appendBinaryStringInfo(out, text.data, text.len);
		new_line(out, indent);
	}
	else
		appendBinaryStringInfo(out, text.data, text.len);
	appendStringInfoChar(out, ':');
	pfree(text.data);
}

static void
write_object(StringInfo out, const DmNode *node, int indent)
{
	for (int i = 0; i < node->count; i++)
	{
		const DmEntry *entry = &node->entries[i];

		if (i > 0)
			new_line(out, indent);
		write_key(out, entry->key, indent);
		if ((entry->value->kind & (DM_NODE_ARRAY | DM_NODE_OBJECT)) && entry->value->count > 0)
			new_line(out, indent + 2);
		else
			appendStringInfoChar(out, ' ');
		write_node(out, entry->value, indent + 2);
	}
}

static void
write_array(StringInfo out, const DmNode *node, int indent)
{
	for (int i = 0; i < node->count; i++)
	{
		if (i > 0)
			new_line(out, indent);
		appendStringInfoString(out, "- ");
		write_node(out, node->items[i], indent + 2);
	}
}

/* The cursor stands where the node's first character goes; more lines are indented so far. */
static void
write_node(StringInfo out, const DmNode *node, int indent)
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
			write_string(out, node->text, indent);
			break;
		case DM_NODE_ARRAY:
			if (node->count == 0)
				appendStringInfoString(out, "[]");
			else
				write_array(out, node, indent);
			break;
		case DM_NODE_OBJECT:
			if (node->count == 0)
				appendStringInfoString(out, "{}");
			else
				write_object(out, node, indent);
			break;
	}
}

void
DmYamlWrite(StringInfo out, const DmNode *node)
{
	StringInfoData utf8;
	char *text;

	initStringInfo(&utf8);
	write_node(&utf8, node, 0);
	appendStringInfoChar(&utf8, '\n');
	text = pg_any_to_server(utf8.data, utf8.len, PG_UTF8);
	appendStringInfoString(out, text);
	pfree(utf8.data);
}
