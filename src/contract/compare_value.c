/*-------------------------------------------------------------------------
 *
 * compare_value.c
 *		Allowed values, bounds and other limits of values, in rules and in
 *		logicalTypeOptions.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "contract/compare_rule.h"

/* ---- allowed values and other sets ---- */

static bool
sets_comparable(DmCompare *c, const DmDiffFieldChange *field)
{
	if (c->rule_counts_failures && (field->from == NULL || DmDiffNodeIsArray(field->from)) &&
		(field->to == NULL || DmDiffNodeIsArray(field->to)))
		return true;
	DmDiffFieldHeld(c, field);
	return false;
}

void
DmCompareAllowedValues(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffSetChange change;

	if (!sets_comparable(c, field))
		return;
	if (field->from == NULL || field->to == NULL)
	{
		DmDiffByOrder(c, DmDiffOrderOfPresence(field),
					  DmDiffDescribe("list of allowed values", field->from, field->to));
		return;
	}
	change = DmDiffSets(c, field->from, field->to, DmDiffKeyValue);
	if (change.nadded > 0 && c->rule_is_error)
		DmDiffReport(c, DM_LEVEL_MAJOR, "readers meet a value they do not know",
					 "allowed value added: %s", change.added);
	else if (change.nadded > 0)
		DmDiffLooser(c, psprintf("allowed value added: %s", change.added));
	if (change.nremoved > 0)
		DmDiffTighter(c, psprintf("allowed value removed: %s", change.removed));
	if (change.nadded == 0 && change.nremoved == 0)
		DmDiffByOrder(c, DM_ORDER_SAME, DmDiffDescribe(field->name, field->from, field->to));
}

/* The more texts count as missing, the tighter. */
void
DmCompareMissingValues(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffSetChange change;

	if (!sets_comparable(c, field))
		return;
	change = DmDiffSets(c, field->from, field->to, DmDiffKeyValue);
	if (change.nadded > 0)
		DmDiffTighter(c, psprintf("value that counts as missing added: %s", change.added));
	if (change.nremoved > 0)
		DmDiffLooser(c, psprintf("value that counts as missing removed: %s", change.removed));
	if (change.nadded == 0 && change.nremoved == 0)
		DmDiffByOrder(c, DM_ORDER_SAME, DmDiffDescribe(field->name, field->from, field->to));
}

/* Columns that are unique together: the fewer, the tighter. */
void
DmCompareKeyColumns(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffSetChange change;

	if (!sets_comparable(c, field))
		return;
	change = DmDiffSets(c, field->from, field->to, DmDiffKeyColumn);
	if (field->from == NULL || field->to == NULL)
		DmDiffFieldHeld(c, field);
	else if (change.nadded > 0)
		DmDiffLooser(c, DmDiffDescribe("columns that are unique together", field->from, field->to));
	else if (change.nremoved > 0)
		DmDiffTighter(c,
					  DmDiffDescribe("columns that are unique together", field->from, field->to));
	else
		DmDiffByOrder(c, DM_ORDER_SAME,
					  DmDiffDescribe("columns that are unique together", field->from, field->to));
}

/* ---- bounds of values ---- */

typedef struct Bound
{
	DmDiffNode value; /* NULL: unbounded */
	bool open;        /* the bound itself is out */
} Bound;

/* -2: cannot be told.  Numbers, or dates and times written in the same form. */
static int
compare_bound_values(DmDiffNode a, DmDiffNode b)
{
	Numeric an;
	Numeric bn;
	char *at;
	char *bt;

	if (DmDiffNumber(a, &an) && DmDiffNumber(b, &bn))
		return DmDiffNumbers(an, bn);
	at = DmDiffNodeText(a);
	bt = DmDiffNodeText(b);
	if (at == NULL || bt == NULL || strlen(at) != strlen(bt) || !isdigit((unsigned char) *at) ||
		!isdigit((unsigned char) *bt))
		return -2;
	if (strlen(at) > 19) /* a time zone may follow */
		return strcmp(at, bt) == 0 ? 0 : -2;
	return strcmp(at, bt) < 0 ? -1 : strcmp(at, bt) > 0;
}

/*
 * minimum and exclusiveMinimum together, or the same of maximum.  The exclusive key is a bound
 * or, in older documents, a boolean that says that the other bound is exclusive.
 */
static Bound
read_bound(DmDiffNode object, const char *inclusive, const char *exclusive, bool lower)
{
	Bound bound = {DmDiffNodeGet(object, inclusive), false};
	DmDiffNode other = exclusive != NULL ? DmDiffNodeGet(object, exclusive) : NULL;
	int cmp;

	if (other == NULL)
		return bound;
	if (other->type == jbvBool)
	{
		bound.open = other->val.boolean;
		return bound;
	}
	cmp = bound.value == NULL ? 1 : compare_bound_values(other, bound.value);
	if (bound.value == NULL || cmp == 0 || (lower ? cmp > 0 : cmp == -1))
		return (Bound){other, true};
	return bound;
}

static DmDiffOrder
order_of_bounds(Bound from, Bound to, bool lower)
{
	int cmp;

	if (from.value == NULL || to.value == NULL)
		return from.value == to.value ? DM_ORDER_SAME
			   : from.value == NULL   ? DM_ORDER_TIGHTER
									  : DM_ORDER_LOOSER;
	cmp = compare_bound_values(to.value, from.value);
	if (cmp == -2)
		return DM_ORDER_UNKNOWN;
	if (cmp == 0)
		return from.open == to.open ? DM_ORDER_SAME : to.open ? DM_ORDER_TIGHTER : DM_ORDER_LOOSER;
	return (cmp > 0) == lower ? DM_ORDER_TIGHTER : DM_ORDER_LOOSER;
}

static char *
show_bound(Bound bound, bool lower)
{
	if (bound.value == NULL)
		return pstrdup("no bound");
	return psprintf("%s%s %s", lower ? ">" : "<", bound.open ? "" : "=",
					DmDiffNodeShow(bound.value));
}

static void
compare_bound(DmCompare *c, const DmDiffFieldChange *field, const char *inclusive,
			  const char *exclusive, bool lower)
{
	Bound from;
	Bound to;

	/* when both keys differ, one row tells of both */
	if (exclusive != NULL && strcmp(field->name, exclusive) == 0 &&
		!DmDiffNodeEqual(DmDiffNodeGet(field->from_object, inclusive),
						 DmDiffNodeGet(field->to_object, inclusive)))
		return;
	if (!c->rule_counts_failures)
	{
		DmDiffFieldHeld(c, field);
		return;
	}
	from = read_bound(field->from_object, inclusive, exclusive, lower);
	to = read_bound(field->to_object, inclusive, exclusive, lower);
	DmDiffByOrder(c, order_of_bounds(from, to, lower),
				  psprintf("%s changed from %s to %s", field->name, show_bound(from, lower),
						   show_bound(to, lower)));
}

void
DmCompareMinimum(DmCompare *c, const DmDiffFieldChange *field)
{
	compare_bound(c, field, "minimum", "exclusiveMinimum", true);
}

void
DmCompareMaximum(DmCompare *c, const DmDiffFieldChange *field)
{
	compare_bound(c, field, "maximum", "exclusiveMaximum", false);
}

void
DmCompareMin(DmCompare *c, const DmDiffFieldChange *field)
{
	compare_bound(c, field, "min", "exclusive_min", true);
}

void
DmCompareMax(DmCompare *c, const DmDiffFieldChange *field)
{
	compare_bound(c, field, "max", "exclusive_max", false);
}

void
DmCompareLeast(DmCompare *c, const DmDiffFieldChange *field)
{
	compare_bound(c, field, field->name, NULL, true);
}

void
DmCompareMost(DmCompare *c, const DmDiffFieldChange *field)
{
	compare_bound(c, field, field->name, NULL, false);
}

/* A text that may be longer is what varchar(n) that is longer is, and costs the same. */
static void
compare_max_length(DmCompare *c, const DmDiffFieldChange *field)
{
	Bound from = {field->from, false};
	Bound to = {field->to, false};

	if (order_of_bounds(from, to, false) == DM_ORDER_LOOSER)
		DmDiffReport(c, DM_LEVEL_MINOR, "every value of the old length fits into the new one", "%s",
					 DmDiffDescribe(field->name, field->from, field->to));
	else
		DmCompareMost(c, field);
}

void
DmComparePattern(DmCompare *c, const DmDiffFieldChange *field)
{
	if (!c->rule_counts_failures)
		DmDiffFieldHeld(c, field);
	else
		DmDiffByOrder(c, DmDiffOrderOfPresence(field),
					  DmDiffDescribe(field->name, field->from, field->to));
}

static bool
is_zero(Numeric value)
{
	return DmDiffNumbers(value, int64_to_numeric(0)) == 0;
}

static bool
is_multiple(Numeric value, Numeric of)
{
	return is_zero(DatumGetNumeric(
		DirectFunctionCall2(numeric_mod, NumericGetDatum(value), NumericGetDatum(of))));
}

void
DmCompareMultipleOf(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffOrder order = DmDiffOrderOfPresence(field);
	Numeric from;
	Numeric to;

	if (DmDiffNumber(field->from, &from) && DmDiffNumber(field->to, &to) && !is_zero(from) &&
		!is_zero(to))
		order = is_multiple(to, from) ? DM_ORDER_TIGHTER : DM_ORDER_LOOSER;
	DmDiffByOrder(c, order, DmDiffDescribe(field->name, field->from, field->to));
}

static void
compare_unique_items(DmCompare *c, const DmDiffFieldChange *field)
{
	bool from = DmDiffNodeIsTrue(field->from);
	bool to = DmDiffNodeIsTrue(field->to);

	DmDiffByOrder(c,
				  from == to ? DM_ORDER_SAME
				  : to       ? DM_ORDER_TIGHTER
							 : DM_ORDER_LOOSER,
				  DmDiffDescribe(field->name, field->from, field->to));
}

static const DmDiffField type_option_fields[] = {
	{"minimum", DmCompareMinimum},       {"exclusiveMinimum", DmCompareMinimum},
	{"maximum", DmCompareMaximum},       {"exclusiveMaximum", DmCompareMaximum},
	{"multipleOf", DmCompareMultipleOf}, {"minLength", DmCompareLeast},
	{"maxLength", compare_max_length},   {"minItems", DmCompareLeast},
	{"maxItems", DmCompareMost},         {"uniqueItems", compare_unique_items},
	{"minProperties", DmCompareLeast},   {"maxProperties", DmCompareMost},
	{"pattern", DmComparePattern},       {"enum", DmCompareAllowedValues},
};

void
DmCompareTypeOptions(DmCompare *c, const DmDiffFieldChange *field)
{
	DmCompareFieldsOf(c, field, type_option_fields, lengthof(type_option_fields));
}
