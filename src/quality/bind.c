/*-------------------------------------------------------------------------
 *
 * bind.c
 *		Checks bound to a relation: its columns, and what their types must be able
 *		to do.
 *
 * Kept true: what cannot be asked of the relation is an error here, before
 * anything is run; the caller guards it (guard.c), so that it is the check's alone.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "base/errors.h"
#include "quality/plan.h"

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

static Datum
try_input(Oid type, const char *text)
{
	Oid input;
	Oid ioparam;

	getTypeInputInfo(type, &input, &ioparam);
	return OidInputFunctionCall(input, pstrdup(text), ioparam, -1);
}

typedef struct InputArg
{
	Oid type;
	const char *text;
} InputArg;

static void
try_input_guarded(void *arg)
{
	(void) try_input(((InputArg *) arg)->type, ((InputArg *) arg)->text);
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

/* A bound must be a value of the type; NaN is out of every range, and so is no end of one. */
static void
try_bound(Oid type, const DmScalar *bound)
{
	Datum value = try_input(type, bound->text);

	if ((type == FLOAT8OID && isnan(DatumGetFloat8(value))) ||
		(type == NUMERICOID && numeric_is_nan(DatumGetNumeric(value))))
		ereport(ERROR,
				(errcode(ERRCODE_DM_INVALID_RULE), errmsg("the bound NaN is no end of a range")));
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
	{
		if (lfirst(cell) == &check->min || lfirst(cell) == &check->max)
			try_bound(type, lfirst(cell));
		else
			(void) try_input(type, ((DmScalar *) lfirst(cell))->text);
	}
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

/* Now and an age must be a time still: what is measured by others must not fail. */
static void
try_future(const DmQualityPlan *plan, const char *age)
{
	(void) DirectFunctionCall2(timestamptz_pl_interval, TimestampTzGetDatum(plan->now),
							   DirectFunctionCall3(interval_in, CStringGetDatum(age),
												   ObjectIdGetDatum(InvalidOid),
												   Int32GetDatum(-1)));
}

static void
bind_freshness(const DmQualityPlan *plan, DmPlanItem *item)
{
	DmColumn *column = linitial(item->columns);
	char *zone = item->check->timezone;

	if (item->check->max_future != NULL)
		try_future(plan, item->check->max_future);

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
				 "Its age depends on the zone that its values are meant in: give \"timezone\", or "
				 "\"defaultTimezone\" among the column's logicalTypeOptions.")));
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

/* For all expressions; what each takes of it is a copy. */
static Alias *
rule_names(DmQualityPlan *plan)
{
	MemoryContext old;

	if (plan->alias != NULL)
		return plan->alias;
	old = MemoryContextSwitchTo(plan->context);
	plan->alias = DmExpressionAlias(plan->relation, plan->rules->column_names);
	MemoryContextSwitchTo(old);
	return plan->alias;
}

static void
bind_expressions(DmQualityPlan *plan, DmPlanItem *item)
{
	DmCheck *check = item->check;
	Bitmapset *used = NULL;
	int attribute = -1;

	if (check->where != NULL)
		item->where = DmExpressionRead(plan->relation, rule_names(plan), check->where, "where");
	if (check->kind != DM_KIND_ROW_CONDITION)
		return;
	item->condition =
		DmExpressionRead(plan->relation, rule_names(plan), check->expression, "condition");
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

void
DmItemBind(DmQualityPlan *plan, DmPlanItem *item)
{
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
			bind_freshness(plan, item);
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
