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
#include "catalog/namespace.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
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

/* The condition (or else the filter) of a check as SQL over what is read; NULL if there is none. */
char *
DmConditionSql(const DmQualityPlan *plan, const DmPlanItem *item, bool condition)
{
	Node *expression = condition ? item->condition : item->where;
	const char *text = condition ? item->check->expression : item->check->where;

	if (expression == NULL)
		return NULL;
	if (plan->reading != plan->relation)
		expression = DmExpressionRead(plan->reading, NIL, text, condition ? "condition" : "where");
	return psprintf("(%s)", DmExpressionText(plan->reading, expression));
}

int
DmSampleSize(const DmCheck *check)
{
	return check->sample < 0 ? dm_sample_keys : Min(check->sample, 100);
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
 * Binding.
 */
static DmColumn *
bind_column(const DmQualityPlan *plan, char *name)
{
	DmColumn *column = palloc0(sizeof(DmColumn));
	const char *physical = name;
	ListCell *cell;

	foreach (cell, plan->rules->column_names)
	{
		DmColumnName *pair = lfirst(cell);

		if (strcmp(pair->name, name) == 0)
			physical = pair->physical;
	}
	column->name = name;
	column->attnum = get_attnum(plan->relation, physical);
	if (column->attnum == InvalidAttrNumber && physical != name)
		column->attnum = get_attnum(plan->relation, physical = name);
	if (column->attnum <= 0)
	{
		column->attnum = InvalidAttrNumber;
		return column;
	}
	column->attname = pstrdup(physical);
	get_atttypetypmodcoll(plan->relation, column->attnum, &column->type, &column->base_typmod,
						  &column->collation);
	column->base_type = getBaseTypeAndTypmod(column->type, &column->base_typmod);
	return column;
}

List *
DmColumnsBind(const DmQualityPlan *plan, List *names)
{
	List *columns = NIL;
	ListCell *cell;

	foreach (cell, names)
		columns = lappend(columns, bind_column(plan, lfirst(cell)));
	return columns;
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

/*
 * What types must be able to do, said before anything is run.
 */
static void
require_type(const DmColumn *column, int flag, const char *what)
{
	TypeCacheEntry *type = lookup_type_cache(column->base_type, flag);
	bool able = (flag == TYPECACHE_CMP_PROC)    ? OidIsValid(type->cmp_proc)
				: (flag == TYPECACHE_HASH_PROC) ? OidIsValid(type->hash_proc)
												: OidIsValid(type->eq_opr);

	if (!able)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
						errmsg("column \"%s\" is of type %s, whose values have no %s", column->name,
							   format_type_be(column->type), what)));
}

static bool
is_text_like(Oid type)
{
	return get_base_element_type(type) == InvalidOid && TypeCategory(type) == TYPCATEGORY_STRING;
}

static bool
is_number_like(Oid type)
{
	return TypeCategory(type) == TYPCATEGORY_NUMERIC;
}

static void
try_input(Oid type, const char *text)
{
	Oid input;
	Oid ioparam;

	getTypeInputInfo(type, &input, &ioparam);
	(void) OidInputFunctionCall(input, pstrdup(text), ioparam, -1);
}

typedef struct InputArg
{
	Oid type;
	const char *text;
} InputArg;

static void
try_input_guarded(void *arg)
{
	try_input(((InputArg *) arg)->type, ((InputArg *) arg)->text);
}

/* Values that are none of the column's type never occur in it. */
static void
drop_foreign_values(DmPlanItem *item, Oid type)
{
	List *kept = NIL;
	ListCell *cell;

	foreach (cell, item->check->values)
	{
		DmScalar *value = lfirst(cell);
		InputArg arg = {type, value->text};

		if (DmGuard(try_input_guarded, &arg) == NULL)
			kept = lappend(kept, value);
	}
	item->check->values = kept;
}

/* Is text a whole number within the range of an integer type? */
static bool
fits_integer(Oid type, const char *text)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(text, &end, 10);
	if (*end != '\0' || errno != 0 || end == text)
		return false;
	return type == INT8OID ||
		   (type == INT4OID && number >= PG_INT32_MIN && number <= PG_INT32_MAX) ||
		   (type == INT2OID && number >= PG_INT16_MIN && number <= PG_INT16_MAX);
}

static List *
bounds_of(const DmCheck *check)
{
	List *bounds = list_copy(check->values);

	if (check->min.text != NULL)
		bounds = lappend(bounds, (void *) &check->min);
	if (check->max.text != NULL)
		bounds = lappend(bounds, (void *) &check->max);
	return bounds;
}

/*
 * The value as the bounds of invalid_values are compared with it.  Integers
 * become numeric where a bound is no integer of theirs, float4 becomes float8
 * (0.1 is not <= 0.1 otherwise), and what is no text becomes text where its
 * form is asked for.
 */
static void
bind_invalid(DmQualityPlan *plan, DmPlanItem *item)
{
	DmCheck *check = item->check;
	DmColumn *column = linitial(item->columns);
	bool about_text = check->pattern != NULL || check->min_length >= 0 || check->max_length >= 0;
	bool about_order = check->min.text != NULL || check->max.text != NULL;
	Oid type = column->base_type;
	List *bounds;
	ListCell *cell;

	if (get_typtype(type) == TYPTYPE_ENUM && check->values != NIL)
	{
		drop_foreign_values(item, type);
		if (check->values == NIL)
			ereport(ERROR,
					(errcode(ERRCODE_DM_INVALID_RULE),
					 errmsg("none of the valid values is a label of %s", format_type_be(type))));
	}
	bounds = bounds_of(check);

	if (about_text && !is_text_like(type))
	{
		if (bounds != NIL || check->multiple_of != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("pattern and length are about text, and column \"%s\" is of type %s",
							column->name, format_type_be(column->type)),
					 errhint("Make two rules of it.")));
		type = TEXTOID;
	}
	if (check->multiple_of != NULL)
	{
		if (!is_number_like(type))
			ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
							errmsg("column \"%s\" is of type %s, which has no multiples",
								   column->name, format_type_be(column->type))));
		if (type == INT2OID || type == INT4OID || type == INT8OID)
			type = NUMERICOID;
	}
	if (type == FLOAT4OID)
		type = FLOAT8OID;
	foreach (cell, bounds)
	{
		DmScalar *bound = lfirst(cell);

		if (bound->is_number && !is_number_like(column->base_type) &&
			(bound == &check->min || bound == &check->max))
			ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
							errmsg("the bound %s is a number, and column \"%s\" is of type %s",
								   bound->text, column->name, format_type_be(column->type))));
		if ((type == INT2OID || type == INT4OID || type == INT8OID) &&
			!fits_integer(type, bound->text))
			type = NUMERICOID;
	}
	foreach (cell, bounds)
		try_input(type, ((DmScalar *) lfirst(cell))->text);
	if (bounds != NIL)
		require_type(column, TYPECACHE_EQ_OPR, "equality");
	if (about_order)
		require_type(column, TYPECACHE_CMP_PROC, "order");
	item->value_type = type;
}

/*
 * The table that orphan_values refers to: in the schema of the relation unless
 * the rule says otherwise.  A contract may mean its own object by the name that
 * it has for it, and its columns by theirs.
 */
static Oid
find_parent(DmQualityPlan *plan, DmCheck *check)
{
	Oid schema = get_rel_namespace(plan->relation);
	ListCell *column, *pair;

	if (check->ref_schema != NULL || plan->rules->object == NULL ||
		strcmp(plan->rules->object, check->ref_table) != 0 ||
		OidIsValid(get_relname_relid(check->ref_table, schema)))
		return RangeVarGetRelid(
			makeRangeVar(check->ref_schema ? check->ref_schema : get_namespace_name(schema),
						 check->ref_table, -1),
			AccessShareLock, false);
	foreach (column, check->ref_columns)
		foreach (pair, plan->rules->column_names)
			if (strcmp(((DmColumnName *) lfirst(pair))->name, lfirst(column)) == 0)
			{
				lfirst(column) = ((DmColumnName *) lfirst(pair))->physical;
				break;
			}
	return plan->relation;
}

static void
bind_orphans(DmQualityPlan *plan, DmPlanItem *item)
{
	DmCheck *check = item->check;
	ListCell *cell;

	check->ref_columns = list_copy(check->ref_columns);
	item->parent = find_parent(plan, check);
	foreach (cell, check->ref_columns)
		if (get_attnum(item->parent, lfirst(cell)) <= 0)
			ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
							errmsg("column \"%s\" of \"%s\" does not exist", (char *) lfirst(cell),
								   check->ref_table)));
}

static void
bind_freshness(DmPlanItem *item)
{
	DmColumn *column = linitial(item->columns);
	char *zone = item->check->timezone;

	if (column->base_type == TIMESTAMPTZOID)
		return;
	if (column->base_type != TIMESTAMPOID && column->base_type != DATEOID)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
						errmsg("column \"%s\" is of type %s, which tells no time", column->name,
							   format_type_be(column->type))));
	if (zone == NULL)
		ereport(
			ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" is of type %s, which has no zone", column->name,
					format_type_be(column->type)),
			 errdetail(
				 "Its age depends on the zone that its values are meant in: give \"timezone\".")));
	(void) DirectFunctionCall2(timestamp_zone, CStringGetTextDatum(zone), TimestampGetDatum(0));
	item->measured_by_caller = false; /* the conversion can fail */
}

static void
bind_statistic(DmPlanItem *item)
{
	DmColumn *column = linitial(item->columns);
	const char *fn = item->check->statistic;

	if (strcmp(fn, "entropy") == 0)
		require_type(column, TYPECACHE_EQ_OPR, "equality");
	else if (strcmp(fn, "min") == 0 || strcmp(fn, "max") == 0 ||
			 (strcmp(fn, "quantile") == 0 && strcmp(item->check->method, "percentile_disc") == 0))
		require_type(column, TYPECACHE_CMP_PROC, "order");
	else if (!is_number_like(column->base_type))
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
						errmsg("column \"%s\" is of type %s, which has no %s", column->name,
							   format_type_be(column->type), fn)));
	for (int i = 0; i < 2 && item->check->bound[i].text != NULL; i++)
		if (item->check->op != DM_OP_NONE)
			try_input(is_number_like(column->base_type) ? NUMERICOID : column->base_type,
					  item->check->bound[i].text);
}

static void
bind_expressions(DmQualityPlan *plan, DmPlanItem *item)
{
	DmCheck *check = item->check;
	Bitmapset *used = NULL;
	int attribute = -1;

	if (check->where != NULL)
		item->where =
			DmExpressionRead(plan->relation, plan->rules->column_names, check->where, "where");
	if (check->kind != DM_KIND_ROW_CONDITION)
		return;
	item->condition =
		DmExpressionRead(plan->relation, plan->rules->column_names, check->expression, "condition");
	pull_varattnos(item->condition, 1, &used);
	while ((attribute = bms_next_member(used, attribute)) >= 0)
	{
		AttrNumber attnum = attribute + FirstLowInvalidHeapAttributeNumber;
		char *name = attnum > 0 ? get_attname(plan->relation, attnum, true) : NULL;
		ListCell *cell;

		foreach (cell, plan->rules->column_names)
			if (name != NULL && strcmp(((DmColumnName *) lfirst(cell))->physical, name) == 0)
				name = ((DmColumnName *) lfirst(cell))->name;
		if (name != NULL)
			item->condition_columns = lappend(item->condition_columns, bind_column(plan, name));
	}
}

typedef struct BindArg
{
	DmQualityPlan *plan;
	DmPlanItem *item;
} BindArg;

static void
bind_item(void *arg)
{
	DmQualityPlan *plan = ((BindArg *) arg)->plan;
	DmPlanItem *item = ((BindArg *) arg)->item;
	ListCell *cell;

	bind_expressions(plan, item);
	item->measured_by_caller = item->where == NULL && item->condition == NULL;
	foreach (cell, item->group_by)
		require_type(lfirst(cell), TYPECACHE_EQ_OPR, "equality");
	switch (item->check->kind)
	{
		case DM_KIND_MISSING:
			drop_foreign_values(item, ((DmColumn *) linitial(item->columns))->base_type);
			if (item->check->values != NIL)
				require_type(linitial(item->columns), TYPECACHE_EQ_OPR, "equality");
			break;
		case DM_KIND_INVALID:
			bind_invalid(plan, item);
			break;
		case DM_KIND_DUPLICATES:
			foreach (cell, item->columns)
				require_type(lfirst(cell), TYPECACHE_EQ_OPR, "equality");
			break;
		case DM_KIND_ORPHANS:
			bind_orphans(plan, item);
			break;
		case DM_KIND_FRESHNESS:
			bind_freshness(item);
			break;
		case DM_KIND_STATISTIC:
			bind_statistic(item);
			break;
		case DM_KIND_DISTINCT:
			require_type(linitial(item->columns), TYPECACHE_EQ_OPR, "equality");
			break;
		case DM_KIND_NO_OVERLAP:
			foreach (cell, item->columns)
				require_type(lfirst(cell), TYPECACHE_CMP_PROC, "order");
			break;
		default:
			break;
	}
}

/*
 * Roads.
 */

/* The planner's own guess at the number of rows; -1 where it has none. */
double
DmExpectedRows(Oid relation)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	double rows = -1;

	if (HeapTupleIsValid(tuple))
	{
		rows = ((Form_pg_class) GETSTRUCT(tuple))->reltuples;
		ReleaseSysCache(tuple);
	}
	return rows;
}

/*
 * A unique key goes into the fused pass if its 64-bit hashes fit the memory that
 * a hash table may have, and its type can be hashed.
 */
static bool
key_fits_memory(const DmQualityPlan *plan, const DmPlanItem *item)
{
	ListCell *cell;

	foreach (cell, item->columns)
	{
		DmColumn *column = lfirst(cell);

		if (!OidIsValid(lookup_type_cache(column->base_type, TYPECACHE_HASH_PROC)->hash_proc))
			return false;
	}
	return DmExpectedRows(plan->relation) * sizeof(uint64) < (double) get_hash_memory_limit();
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

	item->evidence = DmProve(plan, item);
	if (item->evidence != NULL)
		return DM_ROAD_PROVED;
	switch (check->kind)
	{
		case DM_KIND_DUPLICATES:
			return item->group_by == NIL && key_fits_memory(plan, item) ? DM_ROAD_FUSED
																		: DM_ROAD_OWN;
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

static void
bind_and_choose(void *arg)
{
	DmPlanItem *item = ((BindArg *) arg)->item;

	bind_item(arg);
	item->road = choose_road(((BindArg *) arg)->plan, item);
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

static DmPlanItem *
plan_item(DmQualityPlan *plan, DmCheck *check, List **missing)
{
	DmPlanItem *item = palloc0(sizeof(DmPlanItem));
	BindArg arg = {plan, item};
	DmColumn *absent;

	item->check = check;
	item->rows_seen = -1;
	item->columns = DmColumnsBind(plan, check->column_names);
	item->group_by = DmColumnsBind(plan, check->group_by);
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
		if (item->error != NULL)
			item->road = DM_ROAD_DECIDED;
	}
	return item;
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
 * The caller's pass.
 */
void
DmQualityObserveBegin(DmQualityPlan *plan, TupleDesc desc, int first)
{
	MemoryContext old = MemoryContextSwitchTo(plan->context);
	int ninputs = list_length(DmQualityPlanInputs(plan));
	Oid *types = palloc(sizeof(Oid) * (ninputs + 1));
	Oid *collations = palloc(sizeof(Oid) * (ninputs + 1));

	for (int i = 0; i < ninputs; i++)
	{
		types[i] = TupleDescAttr(desc, first + i)->atttypid;
		collations[i] = TupleDescAttr(desc, first + i)->attcollation;
	}
	plan->inputs = palloc(sizeof(NullableDatum) * (ninputs + 1));
	plan->measure = DmMeasureCreate(plan->context, plan->observed->spec, ninputs, types, collations,
									get_hash_memory_limit());
	MemoryContextSwitchTo(old);
}

void
DmQualityObserve(DmQualityPlan *plan, const Datum *values, const bool *nulls)
{
	int ninputs = list_length(plan->observed->inputs);
	NullableDatum *inputs = plan->inputs;

	for (int i = 0; i < ninputs; i++)
	{
		inputs[i].value = values[i];
		inputs[i].isnull = nulls[i];
	}
	DmMeasureAccumulate(plan->measure, inputs);
}

void
DmQualityObserveEnd(DmQualityPlan *plan)
{
	MemoryContext old = MemoryContextSwitchTo(plan->context);

	DmPassRead(plan, plan->observed, DmMeasureResult(plan->measure), NULL);
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
