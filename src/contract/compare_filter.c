/*-------------------------------------------------------------------------
 *
 * compare_filter.c
 *		The row filters and lists of columns of two contracts: which shows more.
 *
 * Filters are compared as text, as far as their terms tell: what is too clever
 * for that is held.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "contract/compare_access.h"

/*
 * A filter taken apart at the ANDs (or ORs) of its outermost level, as a sorted list of texts.
 */
typedef struct Terms
{
	int n;
	char **items;
} Terms;

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static bool
is_word_char(char ch)
{
	return isalnum((unsigned char) ch) || ch == '_' || IS_HIGHBIT_SET(ch);
}

static bool
word_at(const char *text, const char *start, const char *word)
{
	int length = strlen(word);

	return (start == text || !is_word_char(start[-1])) &&
		   pg_strncasecmp(start, word, length) == 0 && !is_word_char(start[length]);
}

static void
add_term(Terms *terms, const char *start, const char *end)
{
	char *term;

	while (start < end && isspace((unsigned char) *start))
		start++;
	while (end > start && isspace((unsigned char) end[-1]))
		end--;
	term = pnstrdup(start, end - start);
	terms->items = terms->n == 0 ? palloc(sizeof(char *))
								 : repalloc(terms->items, (terms->n + 1) * sizeof(char *));
	terms->items[terms->n++] = term;
}

static bool
is_too_clever(const char *text)
{
	return strstr(text, "--") != NULL || strstr(text, "/*") != NULL || strpbrk(text, "$\\") != NULL;
}

/*
 * Split at "word"; false for filters that are not that simple: comments, quotes of an unusual
 * kind, "other" at the same level, BETWEEN and CASE that have ANDs of their own.
 */
static bool
split_terms(const char *text, const char *word, const char *other, Terms *terms)
{
	const char *start = text;
	int depth = 0;

	memset(terms, 0, sizeof(Terms));
	if (is_too_clever(text))
		return false;
	for (const char *p = text; *p != '\0'; p++)
	{
		if (*p == '\'' || *p == '"')
		{
			p = strchr(p + 1, *p);
			if (p == NULL)
				return false;
		}
		else if (*p == '(')
			depth++;
		else if (*p == ')' && --depth < 0)
			return false;
		else if (depth > 0)
			continue;
		else if (word_at(text, p, other) || word_at(text, p, "between") || word_at(text, p, "case"))
			return false;
		else if (word_at(text, p, word))
		{
			add_term(terms, start, p);
			start = p + strlen(word);
			p = start - 1;
		}
	}
	add_term(terms, start, text + strlen(text));
	qsort(terms->items, terms->n, sizeof(char *), compare_texts);
	return depth == 0;
}

/* Is every term of a among those of b? */
static bool
terms_within(const Terms *a, const Terms *b)
{
	for (int i = 0; i < a->n; i++)
	{
		if (bsearch(&a->items[i], b->items, b->n, sizeof(char *), compare_texts) == NULL)
			return false;
	}
	return true;
}

/* More ANDs let fewer rows through, more ORs let more through. */
static DmDiffOrder
order_by_terms(const char *from, const char *to, const char *word, const char *other,
			   DmDiffOrder if_more)
{
	Terms from_terms;
	Terms to_terms;
	bool more;
	bool fewer;

	if (!split_terms(from, word, other, &from_terms) || !split_terms(to, word, other, &to_terms))
		return DM_ORDER_UNKNOWN;
	more = terms_within(&from_terms, &to_terms);
	fewer = terms_within(&to_terms, &from_terms);
	if (more && fewer)
		return DM_ORDER_SAME;
	if (!more && !fewer)
		return DM_ORDER_UNKNOWN;
	if (more)
		return if_more;
	return if_more == DM_ORDER_TIGHTER ? DM_ORDER_LOOSER : DM_ORDER_TIGHTER;
}

static DmDiffOrder
order_of_filters(const char *from, const char *to)
{
	DmDiffOrder order;

	if (from == NULL || to == NULL)
		return DM_ORDER_UNKNOWN;
	order = order_by_terms(from, to, "and", "or", DM_ORDER_TIGHTER);
	if (order == DM_ORDER_UNKNOWN)
		order = order_by_terms(from, to, "or", "and", DM_ORDER_LOOSER);
	return order;
}

/* "" and true filter nothing; false is a filter that lets no row through. */
static DmDiffNode
filter_or_none(DmDiffNode value)
{
	char *text = DmDiffNodeText(value);

	if (text != NULL &&
		(strspn(text, " \t\r\n") == strlen(text) || pg_strcasecmp(text, "true") == 0))
		return NULL;
	return value;
}

static bool
is_no_row(DmDiffNode filter)
{
	char *text = DmDiffNodeText(filter);

	return text != NULL && pg_strcasecmp(text, "false") == 0;
}

static DmDiffOrder
order_of_row_filters(DmDiffNode from, DmDiffNode to)
{
	if ((from == NULL && to == NULL) || (is_no_row(from) && is_no_row(to)))
		return DM_ORDER_SAME;
	if (from == NULL || is_no_row(to))
		return DM_ORDER_TIGHTER;
	if (to == NULL || is_no_row(from))
		return DM_ORDER_LOOSER;
	return order_of_filters(DmDiffNodeText(from), DmDiffNodeText(to));
}

/* One condition for another, both for the same readers. */
static void
compare_filters(DmCompare *c, DmDiffNode from, DmDiffNode to)
{
	char *change;

	from = filter_or_none(from);
	to = filter_or_none(to);
	change = DmDiffDescribe("row filter", from, to);
	switch (order_of_row_filters(from, to))
	{
		case DM_ORDER_SAME:
			break;
		case DM_ORDER_TIGHTER:
			DmDiffShowsLess(c, change);
			break;
		case DM_ORDER_LOOSER:
			DmDiffShowsMore(c, change);
			break;
		case DM_ORDER_UNKNOWN:
			if (!DmDiffNodeEqual(from, to))
				DmDiffMaybeMore(c, change);
			break;
	}
}

/* The condition of a consumer, NULL for everyone who is not named: without a default, no row. */
static DmDiffNode
filter_of(DmDiffNode value, const char *consumer)
{
	static const JsonbValue no_row = {.type = jbvBool, .val.boolean = false};
	DmDiffNode entry;

	if (!DmDiffNodeIsObject(value))
		return value;
	entry = consumer != NULL ? DmDiffNodeGet(value, consumer) : NULL;
	if (entry == NULL)
		entry = DmDiffNodeGet(value, "default");
	return entry != NULL ? entry : &no_row;
}

/* One filter for all, or an object of filters by consumer. */
void
DmCompareRowFilter(DmCompare *c, const DmDiffFieldChange *field)
{
	int before = list_length(c->changes);
	ListCell *cell;

	compare_filters(c, filter_of(field->from, NULL), filter_of(field->to, NULL));
	foreach (cell, DmDiffKeysOf(field->from, field->to))
	{
		int saved;

		CHECK_FOR_INTERRUPTS();
		if (strcmp(lfirst(cell), "default") == 0)
			continue;
		saved = DmDiffPushName(c, lfirst(cell));
		compare_filters(c, filter_of(field->from, lfirst(cell)),
						filter_of(field->to, lfirst(cell)));
		DmDiffPop(c, saved);
	}
	if (list_length(c->changes) == before)
		DmDiffReport(c, DM_LEVEL_PATCH, DM_REASON_WRITTEN_DIFFERENTLY, "%s",
					 DmDiffDescribe("row filter", field->from, field->to));
}

/* The columns that a role may read. */
void
DmCompareColumnList(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffSetChange change;

	if (field->from == NULL && DmDiffNodeIsArray(field->to))
		DmDiffShowsLess(c, DmDiffDescribe("list of columns", field->from, field->to));
	else if (field->to == NULL && DmDiffNodeIsArray(field->from))
		DmDiffShowsMore(c, DmDiffDescribe("list of columns", field->from, field->to));
	else if (!DmDiffNodeIsArray(field->from) || !DmDiffNodeIsArray(field->to))
		DmDiffMaybeMore(c, DmDiffDescribe("list of columns", field->from, field->to));
	else
	{
		change = DmDiffSets(c, field->from, field->to, DmDiffKeyColumn);
		if (change.nadded > 0)
			DmDiffShowsMore(c, psprintf("column opened: %s", change.added));
		if (change.nremoved > 0)
			DmDiffShowsLess(c, psprintf("column closed: %s", change.removed));
		if (change.nadded == 0 && change.nremoved == 0)
			DmDiffReport(c, DM_LEVEL_PATCH, DM_REASON_WRITTEN_DIFFERENTLY, "%s",
						 DmDiffDescribe("list of columns", field->from, field->to));
	}
}
