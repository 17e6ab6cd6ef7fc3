/*-------------------------------------------------------------------------
 *
 * compile_rows.c
 *		What a contract says of rows: the row filters of each consumer, and groups that
 *		are too small to be shown.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/typcache.h"

#include "access/compile_read.h"

/* ---- row filters ---- */

/* What one level says: for everyone (consumer NULL) and for some. */
static DmAccessRows *
find_rows(List *rows, const char *consumer)
{
	DmAccessRows *otherwise = NULL;
	ListCell *cell;

	foreach (cell, rows)
	{
		DmAccessRows *entry = lfirst(cell);

		if (entry->consumer == NULL)
			otherwise = entry;
		else if (consumer != NULL && strcmp(entry->consumer, consumer) == 0)
			return entry;
	}
	return otherwise;
}

static int
filter_number(DmAccess *access, const char *condition, const char *path)
{
	DmAccessFilter *filter;
	ListCell *cell;

	foreach (cell, access->filters)
		if (strcmp(((DmAccessFilter *) lfirst(cell))->condition, condition) == 0)
			return foreach_current_index(cell) + 1;
	filter = palloc0(sizeof(DmAccessFilter));
	filter->condition = pstrdup(condition);
	filter->path = pstrdup(path);
	access->filters = lappend(access->filters, filter);
	return list_length(access->filters);
}

static DmAccessRows *
make_rows(const char *consumer)
{
	DmAccessRows *rows = palloc0(sizeof(DmAccessRows));

	rows->consumer = consumer == NULL ? NULL : pstrdup(consumer);
	return rows;
}

static DmAccessRows *
read_condition(DmAccess *access, const DmPath *path, const DmNode *node, const char *consumer)
{
	DmAccessRows *rows = make_rows(consumer);

	if (node->kind == B || (node->kind == S && (pg_strcasecmp(node->text, "true") == 0 ||
												pg_strcasecmp(node->text, "false") == 0)))
		rows->none = pg_strcasecmp(node->text, "false") == 0;
	else if (node->kind != S || strspn(node->text, " \t\r\n") == strlen(node->text))
		DmProblem(&access->problems, path, "expected a condition, or true or false, found %s",
				  DmFoundText(node));
	else
		rows->filters = list_make1_int(filter_number(access, node->text, DmPathText(path)));
	return rows;
}

/* The rows of one level, the default first; without one, nobody who is not named has any. */
static List *
read_level_rows(DmAccess *access, const DmAccessCustom *custom)
{
	DmAccessRows *otherwise = make_rows(NULL);
	List *rows = list_make1(otherwise);

	if (custom->value->kind != O)
		return list_make1(read_condition(access, &custom->here, custom->value, NULL));
	otherwise->none = true;
	for (int i = 0; i < custom->value->count; i++)
	{
		const DmEntry *entry = &custom->value->entries[i];
		DmPath here = DmBelow(&custom->here, entry->key);

		if (strcmp(entry->key, "default") == 0)
			linitial(rows) = read_condition(access, &here, entry->value, NULL);
		else if (DmAccessRequireConsumer(access, &here, entry->key))
			rows = lappend(rows, read_condition(access, &here, entry->value, entry->key));
	}
	return rows;
}

static DmAccessRows *
both(const DmAccessRows *a, const DmAccessRows *b, const char *consumer)
{
	DmAccessRows *rows = make_rows(consumer);

	rows->none = a->none || b->none;
	rows->filters = list_concat_unique_int(list_copy(a->filters), b->filters);
	return rows;
}

/* Both levels must let a row through. */
static List *
join_levels(List *a, List *b)
{
	List *joined = NIL;
	ListCell *cell;

	if (a == NIL || b == NIL)
		return a == NIL ? b : a;
	foreach (cell, a)
	{
		const char *consumer = ((DmAccessRows *) lfirst(cell))->consumer;

		joined = lappend(joined, both(lfirst(cell), find_rows(b, consumer), consumer));
	}
	foreach (cell, b)
	{
		DmAccessRows *rows = lfirst(cell);
		DmAccessRows *known = find_rows(joined, rows->consumer);

		if (rows->consumer != NULL && known->consumer == NULL)
			joined = lappend(joined, both(find_rows(a, rows->consumer), rows, rows->consumer));
	}
	return joined;
}

static void
read_row_filters(DmAccess *access, const DmAccessLevels *levels)
{
	bool restricts = false;
	DmAccessCustom custom;
	ListCell *cell;

	for (int i = 0; i < DM_ACCESS_LEVELS; i++)
		if (DmAccessFindCustom(levels->level[i].node, levels->level[i].path, "datamesh.rowFilter",
							   &custom))
			access->rows = join_levels(access->rows, read_level_rows(access, &custom));
	foreach (cell, access->rows)
	{
		DmAccessRows *rows = lfirst(cell);

		restricts = restricts || rows->none || rows->filters != NIL;
	}
	if (!restricts)
		access->rows = NIL;
	/* the view asks about a filter by its number: there has to be one to keep all rows back */
	else if (access->filters == NIL)
		(void) filter_number(access, "true", "datamesh.rowFilter");
}

/* ---- small groups ---- */

static void
read_anonymity(DmAccess *access, const DmAccessLevels *levels)
{
	DmAccessCustom custom;

	for (int i = 0; i < DM_ACCESS_LEVELS; i++)
	{
		const DmNode *k;
		const DmNode *columns;
		DmAnonymity *anonymity;

		if (!DmAccessFindCustom(levels->level[i].node, levels->level[i].path, "datamesh.kAnonymity",
								&custom))
			continue;
		if (strcmp(access->contract->mode, "live") == 0)
			DmProblem(
				&access->problems, &custom.here,
				"a live product shows rows as they come, before anybody has counted them: use "
				"datamesh.mode snapshot");
		k = DmNodeGet(custom.value, "k");
		columns = DmNodeGet(custom.value, "columns");
		if (k == NULL || k->kind != N || strlen(k->text) > 9 || atoi(k->text) < 1 ||
			strspn(k->text, "0123456789") != strlen(k->text) || columns == NULL ||
			columns->kind != A || columns->count == 0)
		{
			DmProblem(&access->problems, &custom.here,
					  "expected {\"k\": a number from 1 to 999999999, \"columns\": [column, ...]}");
			continue;
		}
		anonymity = palloc0(sizeof(DmAnonymity));
		anonymity->k = atoi(k->text);
		anonymity->path = DmPathText(&custom.here);
		for (int j = 0; j < columns->count; j++)
		{
			DmPath list = DmBelow(&custom.here, "columns");
			DmPath here = DmMember(&list, j);
			const char *name = DmNodeString(columns->items[j]);
			DmAccessColumn *column =
				name == NULL ? NULL : DmAccessRequireColumn(access, &here, name);

			if (name == NULL)
				DmProblem(&access->problems, &here, "expected the name of a column");
			if (column != NULL && OidIsValid(column->type) &&
				!OidIsValid(lookup_type_cache(column->type, TYPECACHE_EQ_OPR)->eq_opr))
				DmProblem(&access->problems, &here, "values of type %s cannot be grouped",
						  format_type_be(column->type));
			anonymity->columns = lappend(anonymity->columns, column);
		}
		access->anonymity = lappend(access->anonymity, anonymity);
	}
}

void
DmAccessReadRows(DmAccess *access, const DmAccessLevels *levels)
{
	read_row_filters(access, levels);
	read_anonymity(access, levels);
}
