/*-------------------------------------------------------------------------
 *
 * row_key.c
 *		What tells one row from another in the samples of failing rows.
 *
 * The key is, in this order: the primary key that the rules declare; the first
 * columns that the rules want to be there and unique; the relation's own primary
 * key, or a unique index over columns that are not null; and where there is none
 * of these, the columns of each check.
 *
 * Kept true: a plan has one key whatever passes it takes, so that check_table,
 * check_product and publish show the same rows; and a key only has columns that
 * the current user may read and, under a contract, that the contract names,
 * since a release has no others.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "quality/plan.h"

/* Without a key, all columns checked tell rows apart, unless they are more than this. */
#define MOST_SAMPLED_COLUMNS 32

static bool
contract_names(const DmRules *rules, const char *name)
{
	ListCell *cell;

	foreach (cell, rules->properties)
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	return rules->properties == NIL;
}

bool
DmMayReadColumn(Oid relation, AttrNumber attnum)
{
	return pg_class_aclcheck(relation, GetUserId(), ACL_SELECT) == ACLCHECK_OK ||
		   pg_attribute_aclcheck(relation, attnum, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
}

/* The columns if all of them may tell rows apart, else NIL. */
static List *
usable_key(const DmQualityPlan *plan, List *columns)
{
	ListCell *cell;

	foreach (cell, columns)
	{
		DmColumn *column = lfirst(cell);

		if (column->attnum == InvalidAttrNumber ||
			!DmMayReadColumn(plan->relation, column->attnum) ||
			!contract_names(plan->rules, column->name))
			return NIL;
	}
	return columns;
}

/*
 * The rules' wishes.  A metric is none: policies have metrics of columns measured in a publish.
 */
static bool
about_all_rows(const DmCheck *check)
{
	return check->where == NULL && check->group_by == NIL && check->severity != DM_SEVERITY_INFO;
}

static bool
wants_no_duplicate(const DmCheck *check)
{
	return check->kind == DM_KIND_DUPLICATES && about_all_rows(check) && DmCheckAllowsNone(check);
}

static bool
wants_value(const DmRules *rules, const char *column)
{
	ListCell *cell;

	foreach (cell, rules->checks)
	{
		DmCheck *check = lfirst(cell);

		if (check->kind == DM_KIND_NULLS && about_all_rows(check) &&
			(check->completeness || DmCheckAllowsNone(check)) &&
			strcmp(linitial(check->column_names), column) == 0)
			return true;
	}
	return false;
}

static List *
key_by_rules(const DmQualityPlan *plan)
{
	ListCell *cell, *column;

	foreach (cell, plan->rules->checks)
	{
		DmCheck *check = lfirst(cell);
		bool wanted = wants_no_duplicate(check);
		List *key;

		foreach (column, check->column_names)
			wanted = wanted && wants_value(plan->rules, lfirst(column));
		if (wanted && (key = usable_key(plan, DmColumnsBind(plan, check->column_names))) != NIL)
			return key;
	}
	return NIL;
}

/*
 * The relation's indexes.
 */
static char *
name_in_rules(const DmRules *rules, char *physical)
{
	ListCell *cell;

	foreach (cell, rules->column_names)
		if (strcmp(((DmColumnName *) lfirst(cell))->physical, physical) == 0)
			return ((DmColumnName *) lfirst(cell))->name;
	return physical;
}

static bool
never_null(Relation rel, AttrNumber attnum)
{
	return attnum > 0 && DmNeverNull(RelationGetDescr(rel), attnum - 1);
}

/* The columns of an index that tells all rows apart, NIL if it does not. */
static List *
key_by_index(const DmQualityPlan *plan, Relation rel, HeapTuple tuple)
{
	Form_pg_index index = (Form_pg_index) GETSTRUCT(tuple);
	List *names = NIL;

	if (!index->indisunique || !index->indisvalid ||
		!heap_attisnull(tuple, Anum_pg_index_indpred, NULL))
		return NIL;
	for (int i = 0; i < index->indnkeyatts; i++)
	{
		AttrNumber attnum = index->indkey.values[i];

		if (!never_null(rel, attnum))
			return NIL;
		names =
			lappend(names, name_in_rules(plan->rules, get_attname(plan->relation, attnum, false)));
	}
	return usable_key(plan, DmColumnsBind(plan, names));
}

static bool
precedes(List *key, const char *name, List *best, const char *best_name)
{
	if (list_length(key) != list_length(best))
		return list_length(key) < list_length(best);
	return strcmp(name, best_name) < 0;
}

/* The primary key, else the shortest unique index; of several the first by name. */
static List *
key_by_indexes(const DmQualityPlan *plan)
{
	Relation rel = table_open(plan->relation, AccessShareLock);
	List *best = NIL;
	char *best_name = NULL;
	ListCell *cell;

	foreach (cell, RelationGetIndexList(rel))
	{
		HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(cell)));
		char *name = get_rel_name(lfirst_oid(cell));
		List *key;
		bool primary;

		if (!HeapTupleIsValid(tuple))
			continue;
		key = key_by_index(plan, rel, tuple);
		primary = ((Form_pg_index) GETSTRUCT(tuple))->indisprimary;
		ReleaseSysCache(tuple);
		if (key == NIL || name == NULL)
			continue;
		if (primary || best == NIL || precedes(key, name, best, best_name))
		{
			best = key;
			best_name = name;
		}
		if (primary)
			break;
	}
	table_close(rel, NoLock);
	return best;
}

List *
DmRowKeyFind(const DmQualityPlan *plan)
{
	List *key = usable_key(plan, DmColumnsBind(plan, plan->rules->key));

	if (key == NIL)
		key = key_by_rules(plan);
	return key != NIL ? key : key_by_indexes(plan);
}

/* Checks whose failing rows the fused pass samples.  Those that show none choose nothing. */
bool
DmCheckIsSampled(const DmCheck *check)
{
	if (DmSampleSize(check) == 0)
		return false;
	return check->kind == DM_KIND_NULLS || check->kind == DM_KIND_MISSING ||
		   check->kind == DM_KIND_INVALID || check->kind == DM_KIND_ROW_CONDITION;
}

/* What a failing row is told by: the key, else the columns of the check. */
List *
DmKeyColumns(const DmQualityPlan *plan, const DmPlanItem *item)
{
	if (item->check->kind == DM_KIND_DUPLICATES)
		return item->columns;
	if (plan->key != NIL)
		return plan->key;
	return item->columns != NIL ? item->columns : item->condition_columns;
}

static bool
holds_column(List *columns, const DmColumn *column)
{
	ListCell *cell;

	foreach (cell, columns)
		if (((DmColumn *) lfirst(cell))->attnum == column->attnum)
			return true;
	return false;
}

List *
DmColumnsUnite(List *columns, List *more)
{
	ListCell *cell;

	foreach (cell, more)
		if (!holds_column(columns, lfirst(cell)))
			columns = lappend(columns, lfirst(cell));
	return columns;
}

/*
 * The columns by which every pass chooses the rows that it shows: the key, else
 * all columns that checks of row values are about.  NIL if these are too many;
 * each pass then takes those of its own checks.
 */
List *
DmSampledColumns(const DmQualityPlan *plan)
{
	List *columns = NIL;
	ListCell *cell;

	if (plan->key != NIL)
		return plan->key;
	foreach (cell, plan->items)
	{
		DmPlanItem *item = lfirst(cell);

		if (DmCheckIsSampled(item->check) && item->road != DM_ROAD_DECIDED &&
			usable_key(plan, DmKeyColumns(plan, item)) != NIL)
			columns = DmColumnsUnite(columns, DmKeyColumns(plan, item));
	}
	return list_length(columns) <= MOST_SAMPLED_COLUMNS ? columns : NIL;
}
