/*-------------------------------------------------------------------------
 *
 * plan.c
 *		From checks to a plan, and through it to results.
 *
 * Each check takes the cheapest road that gives the exact answer: decided at
 * once, proved by a constraint, measured in the one fused pass, or asked by a
 * query of its own.  A check that cannot run says why and stops no other: what
 * it needs of the relation and of its types is tried when it is planned, and
 * what it runs is guarded (guard.c).  Should the fused pass fail, its checks
 * are measured again one by one, so that the one that fails is found.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "base/errors.h"
#include "base/session.h"
#include "base/settings.h"
#include "quality/plan.h"

#define LONGEST_VALUE_TEXT 100 /* characters */

/* Names for what is read, quoted and qualified. */
const char *
DmColumnSql(const DmQualityPlan *plan, const DmColumn *column)
{
	return quote_identifier(plan->reading == plan->relation ? column->attname : column->name);
}

char *
DmReadingSql(const DmQualityPlan *plan)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(plan->reading)),
									  get_rel_name(plan->reading));
}

/* How expressions name the columns; kept, since finding out takes the square of their number. */
static List *
reading_names(DmQualityPlan *plan)
{
	MemoryContext old;

	if (plan->names_of == plan->reading)
		return plan->names;
	old = MemoryContextSwitchTo(plan->context);
	plan->names = DmExpressionNames(plan->reading);
	plan->names_of = plan->reading;
	MemoryContextSwitchTo(old);
	return plan->names;
}

/* The condition (or else the filter) of a check as SQL over what is read; NULL if there is none. */
char *
DmConditionSql(const DmQualityPlan *plan, const DmPlanItem *item, bool condition)
{
	Node *expression = condition ? item->condition : item->where;
	const char *text = condition ? item->check->expression : item->check->where;

	if (expression == NULL)
		return NULL;
	if (plan->reading != plan->relation)
		expression = DmExpressionRead(plan->reading, NULL, text, condition ? "condition" : "where");
	return psprintf("(%s)", DmExpressionText(reading_names((DmQualityPlan *) plan), expression));
}

int
DmSampleSize(const DmCheck *check)
{
	return check->sample < 0 ? dm_sample_keys : Min(check->sample, 100);
}

void
DmRequireFewGroups(uint64 groups)
{
	if (groups > MOST_GROUPS)
		ereport(ERROR, (errcode(ERRCODE_DM_INVALID_RULE),
						errmsg("group_by makes more than %d groups", MOST_GROUPS),
						errdetail("Each group is held against the threshold and kept in memory.")));
}

char *
DmValueText(const char *value)
{
	int length = strlen(value);
	int shown = pg_mbcharcliplen(value, length, LONGEST_VALUE_TEXT);

	return pnstrdup(value, shown);
}

/* "region = north, year = 2024" of a result row whose first columns these are. */
char *
DmGroupText(List *group_by, uint64 row)
{
	StringInfoData text;
	ListCell *cell;

	if (group_by == NIL)
		return NULL;
	initStringInfo(&text);
	foreach (cell, group_by)
	{
		int number = foreach_current_index(cell);
		char *value = DmSpiText(row, number + 1);

		appendStringInfo(&text, "%s%s = %s", number ? ", " : "", ((DmColumn *) lfirst(cell))->name,
						 value ? DmValueText(value) : "null");
	}
	return text.data;
}

/* Run one reading query over SPI; unlike SPI itself, stay in the current memory context. */
void
DmRead(DmQualityPlan *plan, const char *sql)
{
	MemoryContext context = CurrentMemoryContext;

	plan->passes++;
	(void) DmSpiExecute(sql, 0, NULL, NULL, NULL, true);
	MemoryContextSwitchTo(context);
}

DmOutcome *
DmOutcomeAdd(DmPlanItem *item)
{
	DmOutcome *outcome = palloc0(sizeof(DmOutcome));

	outcome->rows = outcome->failing = -1;
	item->outcomes = lappend(item->outcomes, outcome);
	return outcome;
}

/*
 * Roads.
 */

/* A unique key goes into the fused pass if it can be hashed. */
static bool
key_can_be_hashed(const DmPlanItem *item)
{
	ListCell *cell;

	foreach (cell, item->columns)
	{
		DmColumn *column = lfirst(cell);

		if (!OidIsValid(lookup_type_cache(column->base_type, TYPECACHE_HASH_PROC)->hash_proc))
			return false;
	}
	return true;
}

static bool
is_btree(Oid index)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(index));
	bool btree;

	if (!HeapTupleIsValid(tuple))
		return false;
	btree = ((Form_pg_class) GETSTRUCT(tuple))->relam == BTREE_AM_OID;
	ReleaseSysCache(tuple);
	return btree;
}

static bool
newest_is_indexed(const DmQualityPlan *plan, const DmPlanItem *item)
{
	DmColumn *column = linitial(item->columns);
	Relation rel;
	ListCell *cell;
	bool found = false;

	if (plan->relkind != RELKIND_RELATION || item->where != NULL || item->group_by != NIL ||
		column->base_type != TIMESTAMPTZOID)
		return false;
	rel = table_open(plan->relation, AccessShareLock);
	foreach (cell, RelationGetIndexList(rel))
	{
		HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(cell)));
		Form_pg_index index;

		if (!HeapTupleIsValid(tuple))
			continue;
		index = (Form_pg_index) GETSTRUCT(tuple);
		found |= index->indisvalid && index->indkey.values[0] == column->attnum &&
				 heap_attisnull(tuple, Anum_pg_index_indpred, NULL) && is_btree(lfirst_oid(cell));
		ReleaseSysCache(tuple);
	}
	table_close(rel, NoLock);
	return found;
}

static DmRoad
choose_road(DmQualityPlan *plan, DmPlanItem *item)
{
	DmCheck *check = item->check;

	if (item->evidence == NULL)
		item->evidence = DmProve(plan, item);
	if (item->evidence != NULL)
		return DM_ROAD_PROVED;
	switch (check->kind)
	{
		case DM_KIND_DUPLICATES:
			return item->group_by == NIL && key_can_be_hashed(item) ? DM_ROAD_FUSED : DM_ROAD_OWN;
		case DM_KIND_STATISTIC:
			return strcmp(check->statistic, "quantile") == 0 ||
						   strcmp(check->statistic, "entropy") == 0
					   ? DM_ROAD_OWN
					   : DM_ROAD_FUSED;
		case DM_KIND_DISTINCT:
			item->approximate = check->approximate;
			return check->approximate ? DM_ROAD_FUSED : DM_ROAD_OWN;
		case DM_KIND_FRESHNESS:
			item->index_answers = newest_is_indexed(plan, item);
			return DM_ROAD_FUSED;
		case DM_KIND_ORPHANS:
		case DM_KIND_SQL:
		case DM_KIND_NO_OVERLAP:
			return DM_ROAD_OWN;
		default:
			return DM_ROAD_FUSED;
	}
}

typedef struct BindArg
{
	DmQualityPlan *plan;
	DmPlanItem *item;
} BindArg;

static void
bind_and_choose(void *arg)
{
	DmQualityPlan *plan = ((BindArg *) arg)->plan;
	DmPlanItem *item = ((BindArg *) arg)->item;

	item->unneeded = item->check->format != NULL && !DmFormatBind(item);
	if (item->unneeded || item->check->kind == DM_KIND_NOT_RUN)
		return;
	DmItemBind(plan, item);
	item->road = choose_road(plan, item);
}

static DmColumn *
missing_column(List *columns)
{
	ListCell *cell;

	foreach (cell, columns)
		if (((DmColumn *) lfirst(cell))->attnum == InvalidAttrNumber)
			return lfirst(cell);
	return NULL;
}

static void
decide_missing_column(DmQualityPlan *plan, DmPlanItem *item, const DmColumn *column,
					  List **already_told)
{
	ListCell *cell;

	item->road = DM_ROAD_DECIDED;
	foreach (cell, *already_told)
		if (strcmp(lfirst(cell), column->name) == 0)
		{
			item->check->kind = DM_KIND_NOT_RUN;
			item->check->skip_reason =
				psprintf("needs column \"%s\", which does not exist", column->name);
			return;
		}
	*already_told = lappend(*already_told, column->name);
	item->check->kind = DM_KIND_COLUMN;
	item->columns = list_make1((void *) column);
}

/* The lock that binding took ended with its guard; until then the table may have gone. */
static void
keep_parent(DmPlanItem *item)
{
	LockRelationOid(item->parent, AccessShareLock);
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(item->parent)))
		item->error = psprintf("relation \"%s\" has been dropped", item->check->ref_table);
}

static DmPlanItem *
plan_item(DmQualityPlan *plan, DmCheck *check, List **missing)
{
	DmPlanItem *item = palloc0(sizeof(DmPlanItem));
	BindArg arg = {plan, item};
	DmColumn *absent;

	item->check = check;
	item->rows_seen = -1;
	item->columns = DmColumnsBind(plan, check->column_names);
	item->group_by = DmColumnsUnite(NIL, DmColumnsBind(plan, check->group_by));
	item->partition_by = DmColumnsBind(plan, check->partition_by);
	if (check->kind == DM_KIND_NOT_RUN)
		return item;
	absent = missing_column(
		list_concat_copy(list_concat_copy(item->columns, item->group_by), item->partition_by));
	if (absent != NULL)
		decide_missing_column(plan, item, absent, missing);
	else if (check->kind == DM_KIND_COLUMN)
		return NULL;
	else
	{
		item->error = DmGuard(bind_and_choose, &arg);
		if (item->error == NULL && OidIsValid(item->parent))
			keep_parent(item);
		if (item->error != NULL)
			item->road = DM_ROAD_DECIDED;
	}
	return item->unneeded ? NULL : item;
}

void
DmRequireReadable(Oid relation)
{
	char relkind;
	AclResult acl;

	LockRelationOid(relation, AccessShareLock);
	relkind = get_rel_relkind(relation);
	if (relkind == '\0')
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
						errmsg("relation with OID %u does not exist", relation)));
	if (strchr("rvmpf", relkind) == NULL)
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
						errmsg("\"%s\" is not a table, view, materialized view or foreign table",
							   get_rel_name(relation))));
	acl = pg_class_aclcheck(relation, GetUserId(), ACL_SELECT);
	if (acl != ACLCHECK_OK &&
		pg_attribute_aclcheck_all(relation, GetUserId(), ACL_SELECT, ACLMASK_ANY) != ACLCHECK_OK)
		aclcheck_error(acl, get_relkind_objtype(relkind), get_rel_name(relation));
}

/* All reading is done with one snapshot that sees what this transaction has written. */
static void
push_reading_snapshot(void)
{
	CommandCounterIncrement();
	if (!ActiveSnapshotSet())
		PushActiveSnapshot(GetTransactionSnapshot());
	PushCopiedSnapshot(GetActiveSnapshot());
	UpdateActiveSnapshotCommandId();
}

DmQualityPlan *
DmQualityPlanCreate(Oid relation, Jsonb *rules)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "datamesh quality plan",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	DmQualityPlan *plan = palloc0(sizeof(DmQualityPlan));
	List *missing = NIL;
	ListCell *cell;

	plan->context = context;
	plan->relation = plan->reading = relation;
	plan->now = GetCurrentTimestamp();
	plan->has_rows = -1;
	DmRequireReadable(relation);
	plan->relkind = get_rel_relkind(relation);
	push_reading_snapshot();
	plan->rules = DmRulesRead(rules);
	plan->key = DmRowKeyFind(plan);
	DmFactsCollect(plan);
	foreach (cell, plan->rules->checks)
	{
		DmPlanItem *item = plan_item(plan, lfirst(cell), &missing);

		if (item != NULL)
			plan->items = lappend(plan->items, item);
		CHECK_FOR_INTERRUPTS();
	}
	plan->sampled = DmSampledColumns(plan);
	PopActiveSnapshot();
	MemoryContextSwitchTo(old);
	return plan;
}

/*
 * The fused pass: which checks share it.
 */

/* Row counts that a few rows answer need no pass, unless one is made anyway. */
static bool
worth_a_pass(List *items)
{
	ListCell *cell;

	foreach (cell, items)
	{
		DmPlanItem *item = lfirst(cell);

		if (item->check->kind != DM_KIND_ROW_COUNT || !DmRowCountNeedsFew(item->check) ||
			item->where != NULL)
			return true;
	}
	return false;
}

static bool
same_groups(List *a, List *b)
{
	ListCell *x, *y;

	if (list_length(a) != list_length(b))
		return false;
	forboth (x, a, y, b)
		if (((DmColumn *) lfirst(x))->attnum != ((DmColumn *) lfirst(y))->attnum)
			return false;
	return true;
}

static int
get_relation_natts(Oid relation)
{
	Relation rel = table_open(relation, AccessShareLock);
	int natts = RelationGetNumberOfAttributes(rel);

	table_close(rel, NoLock);
	return natts;
}

/* Checks still to be fused, of one grouping; for a caller's pass only what cannot fail in it. */
static List *
fusible_items(DmQualityPlan *plan, List *group_by, bool for_caller)
{
	List *items = NIL;
	ListCell *cell;

	foreach (cell, plan->items)
	{
		DmPlanItem *item = lfirst(cell);

		if (item->road == DM_ROAD_FUSED && !item->measured && item->error == NULL &&
			same_groups(item->group_by, group_by) &&
			(for_caller ? item->measured_by_caller : !item->index_answers))
			items = lappend(items, item);
	}
	return items;
}

/*
 * What a caller's query can carry beside the relation's own columns (a target
 * list is bounded); the rest is measured on the copy.
 */
static List *
items_for_caller(DmQualityPlan *plan)
{
	int room = MaxTupleAttributeNumber - get_relation_natts(plan->relation) -
			   list_length(plan->sampled) - 8;
	List *items = NIL;
	ListCell *cell;

	foreach (cell, fusible_items(plan, NIL, true))
	{
		room -= DmInputsAtMost(plan, lfirst(cell));
		if (room >= 0)
			items = lappend(items, lfirst(cell));
	}
	return items;
}

List *
DmQualityPlanInputs(const DmQualityPlan *const_plan)
{
	DmQualityPlan *plan = (DmQualityPlan *) const_plan;
	MemoryContext old = MemoryContextSwitchTo(plan->context);

	if (plan->observed == NULL)
		plan->observed = DmPassCompile(plan, items_for_caller(plan), NIL);
	MemoryContextSwitchTo(old);
	return plan->observed->inputs;
}

typedef struct PassArg
{
	DmQualityPlan *plan;
	List *parts;
} PassArg;

static void
run_pass(void *arg)
{
	DmPassRun(((PassArg *) arg)->plan, ((PassArg *) arg)->parts);
}

/* One pass for all; if it fails, each check is measured alone to find whose fault it is. */
static void
run_fused(DmQualityPlan *plan, List *items, List *group_by)
{
	PassArg arg = {plan, NIL};
	ListCell *cell;
	char *error;

	if (items == NIL)
		return;
	arg.parts = DmPassSplit(plan, items, group_by);
	error = DmGuard(run_pass, &arg);
	if (error == NULL)
		return;
	foreach (cell, items)
	{
		DmPlanItem *item = lfirst(cell);

		item->outcomes = NIL;
		item->measured = false;
		if (list_length(items) > 1)
		{
			arg.parts = DmPassSplit(plan, list_make1(item), group_by);
			item->error = DmGuard(run_pass, &arg);
		}
		else
			item->error = error;
	}
}

List *
DmFusedPasses(DmQualityPlan *plan)
{
	MemoryContext old = MemoryContextSwitchTo(plan->context);
	List *items = fusible_items(plan, NIL, false);
	List *seen = list_copy(items);
	List *passes = NIL;
	ListCell *cell;

	if (worth_a_pass(items))
		passes = lappend(passes, DmPassSplit(plan, items, NIL));
	foreach (cell, plan->items)
	{
		DmPlanItem *item = lfirst(cell);

		if (item->group_by == NIL || item->road != DM_ROAD_FUSED || list_member_ptr(seen, item))
			continue;
		items = fusible_items(plan, item->group_by, false);
		seen = list_concat(seen, items);
		passes = lappend(passes, DmPassSplit(plan, items, item->group_by));
	}
	MemoryContextSwitchTo(old);
	return passes;
}

static void
run_all_fused(DmQualityPlan *plan)
{
	List *items = fusible_items(plan, NIL, false);
	ListCell *cell;

	if (worth_a_pass(items))
		run_fused(plan, items, NIL);
	foreach (cell, plan->items)
	{
		DmPlanItem *item = lfirst(cell);

		if (item->group_by != NIL && item->road == DM_ROAD_FUSED && !item->measured &&
			item->error == NULL)
			run_fused(plan, fusible_items(plan, item->group_by, false), item->group_by);
	}
}

void
DmQualityRun(DmQualityPlan *plan)
{
	MemoryContext old = MemoryContextSwitchTo(plan->context);

	push_reading_snapshot();
	run_all_fused(plan);
	PopActiveSnapshot();
	MemoryContextSwitchTo(old);
}

/*
 * Results.
 */
static void
run_own(void *arg)
{
	DmOwnRun(((BindArg *) arg)->plan, ((BindArg *) arg)->item);
}

static bool
is_quantile(const DmPlanItem *item)
{
	return item->road == DM_ROAD_OWN && item->check->kind == DM_KIND_STATISTIC &&
		   strcmp(item->check->statistic, "quantile") == 0 && item->group_by == NIL;
}

typedef struct QuantileArg
{
	DmQualityPlan *plan;
	List *items;
} QuantileArg;

static void
run_quantiles(void *arg)
{
	DmQuantilesRun(((QuantileArg *) arg)->plan, ((QuantileArg *) arg)->items);
}

/* Quantiles share one sorted scan; if that fails, each is asked alone below. */
static void
run_shared_quantiles(DmQualityPlan *plan)
{
	QuantileArg arg = {plan, NIL};
	ListCell *cell;

	foreach (cell, plan->items)
		if (is_quantile(lfirst(cell)))
			arg.items = lappend(arg.items, lfirst(cell));
	if (list_length(arg.items) > 1 && DmGuard(run_quantiles, &arg) != NULL)
		foreach (cell, arg.items)
			((DmPlanItem *) lfirst(cell))->outcomes = NIL;
}

static bool
still_to_ask(const DmPlanItem *item)
{
	if (item->error != NULL || item->road == DM_ROAD_DECIDED)
		return false;
	if (item->sample_wanted)
		return true;
	return item->outcomes == NIL && (!item->measured || item->candidates != NULL);
}

List *
DmQualityResults(DmQualityPlan *plan, Oid relation)
{
	MemoryContext old = MemoryContextSwitchTo(plan->context);
	List *results = NIL;
	ListCell *cell;

	plan->reading = relation;
	push_reading_snapshot();
	run_all_fused(plan);
	run_shared_quantiles(plan);
	foreach (cell, plan->items)
	{
		DmPlanItem *item = lfirst(cell);
		BindArg arg = {plan, item};

		CHECK_FOR_INTERRUPTS();
		if (still_to_ask(item))
			item->error = DmGuard(run_own, &arg);
		results = lappend(results, DmResultOf(plan, item));
	}
	PopActiveSnapshot();
	MemoryContextSwitchTo(old);
	return results;
}
