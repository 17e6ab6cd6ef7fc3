/*-------------------------------------------------------------------------
 *
 * compare_rule.c
 *		Quality rules, value ranges and allowed values of two contracts.
 *
 * A rule's threshold is understood as the set of results that pass: a rule is
 * tighter than another if its set lies within the other's.  Whatever lets a
 * result pass that was refused before is looser, even where it refuses others
 * now, because readers may then meet what they never met.  Counts are whole
 * and not negative, so that "less than 1" and "0" are the same.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "contract/compare_parts.h"

#define REASON_TIGHTER "readers may rely on more than before; it must pass on the data"

/* ---- reports ---- */

static void
report_looser(DmCompare *c, char *change)
{
	if (c->rule_is_error)
		DmDiffReport(c, DM_LEVEL_MAJOR, "readers may meet data that was refused before", "%s",
					 change);
	else
		DmDiffReport(c, DM_LEVEL_MINOR, "the rule was no error, and so never kept such data out",
					 "%s", change);
}

static void
report_tighter(DmCompare *c, char *change)
{
	DmDiffReportDagger(c, REASON_TIGHTER, "%s", change);
}

static void
report_order(DmCompare *c, DmDiffOrder order, char *change)
{
	switch (order)
	{
		case DM_ORDER_SAME:
			DmDiffReport(c, DM_LEVEL_PATCH, DM_REASON_WRITTEN_DIFFERENTLY, "%s", change);
			break;
		case DM_ORDER_TIGHTER:
			report_tighter(c, change);
			break;
		case DM_ORDER_LOOSER:
			report_looser(c, change);
			break;
		case DM_ORDER_UNKNOWN:
			DmDiffReport(c, DM_LEVEL_HELD, DM_REASON_HELD, "%s", change);
			break;
	}
}

/* A condition that can be there or not, and whose content we cannot weigh. */
static DmDiffOrder
order_of_presence(const DmDiffFieldChange *field)
{
	if (field->from == NULL)
		return DM_ORDER_TIGHTER;
	return field->to == NULL ? DM_ORDER_LOOSER : DM_ORDER_UNKNOWN;
}

/* ---- numbers ---- */

static int
compare_numeric(Numeric a, Numeric b)
{
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(a), NumericGetDatum(b)));
}

static Numeric
infinity(bool negative)
{
	return DatumGetNumeric(DirectFunctionCall3(numeric_in,
											   CStringGetDatum(negative ? "-Infinity" : "Infinity"),
											   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

static bool
node_number(DmDiffNode node, Numeric *value)
{
	if (node == NULL || node->type != jbvNumeric)
		return false;
	*value = node->val.numeric;
	return true;
}

/* ---- sets of results that pass ---- */

#define MAX_RANGES 8

typedef struct Range
{
	Numeric low;
	Numeric high;
	bool low_open;
	bool high_open;
} Range;

typedef struct RangeSet
{
	int n;
	Range items[MAX_RANGES];
} RangeSet;

static bool
is_empty(const Range *range)
{
	int cmp = compare_numeric(range->low, range->high);

	return cmp > 0 || (cmp == 0 && (range->low_open || range->high_open));
}

static void
add_range(RangeSet *set, Range range)
{
	if (!is_empty(&range) && set->n < MAX_RANGES)
		set->items[set->n++] = range;
}

static Range
meet(const Range *a, const Range *b)
{
	Range result = *a;
	int cmp = compare_numeric(b->low, a->low);

	if (cmp > 0 || (cmp == 0 && b->low_open))
	{
		result.low = b->low;
		result.low_open = b->low_open;
	}
	cmp = compare_numeric(b->high, a->high);
	if (cmp < 0 || (cmp == 0 && b->high_open))
	{
		result.high = b->high;
		result.high_open = b->high_open;
	}
	return result;
}

static RangeSet
meet_sets(const RangeSet *a, const RangeSet *b)
{
	RangeSet result = {0};

	for (int i = 0; i < a->n; i++)
	{
		for (int j = 0; j < b->n; j++)
			add_range(&result, meet(&a->items[i], &b->items[j]));
	}
	return result;
}

static bool
lies_within_one(const Range *a, const Range *b)
{
	int low = compare_numeric(a->low, b->low);
	int high = compare_numeric(a->high, b->high);

	return (low > 0 || (low == 0 && (a->low_open || !b->low_open))) &&
		   (high < 0 || (high == 0 && (a->high_open || !b->high_open)));
}

static bool
lies_within(const RangeSet *a, const RangeSet *b)
{
	for (int i = 0; i < a->n; i++)
	{
		bool found = false;

		for (int j = 0; j < b->n && !found; j++)
			found = lies_within_one(&a->items[i], &b->items[j]);
		if (!found)
			return false;
	}
	return true;
}

/* ---- operators ---- */

typedef enum Operator
{
	OPERATOR_BE,
	OPERATOR_NOT_BE,
	OPERATOR_GREATER,
	OPERATOR_GREATER_EQUAL,
	OPERATOR_LESS,
	OPERATOR_LESS_EQUAL,
	OPERATOR_BETWEEN,
	OPERATOR_NOT_BETWEEN,
} Operator;

static const char *const operator_names[] = {
	[OPERATOR_BE] = "mustBe",
	[OPERATOR_NOT_BE] = "mustNotBe",
	[OPERATOR_GREATER] = "mustBeGreaterThan",
	[OPERATOR_GREATER_EQUAL] = "mustBeGreaterOrEqualTo",
	[OPERATOR_LESS] = "mustBeLessThan",
	[OPERATOR_LESS_EQUAL] = "mustBeLessOrEqualTo",
	[OPERATOR_BETWEEN] = "mustBeBetween",
	[OPERATOR_NOT_BETWEEN] = "mustNotBeBetween",
};

static bool
operator_bounds(DmCompare *c, Operator op, DmDiffNode value, Numeric *low, Numeric *high)
{
	DmDiffPairing *bounds;

	if (op != OPERATOR_BETWEEN && op != OPERATOR_NOT_BETWEEN)
	{
		*high = NULL;
		return node_number(value, low);
	}
	if (!DmDiffNodeIsArray(value))
		return false;
	bounds = DmDiffPairingCreate(c, value, NULL);
	return bounds->nfrom == 2 && node_number(&bounds->from[0], low) &&
		   node_number(&bounds->from[1], high);
}

/* The results that one operator lets pass; both ends of mustBeBetween are in. */
static bool
operator_set(DmCompare *c, Operator op, DmDiffNode value, RangeSet *set)
{
	Numeric none = infinity(true);
	Numeric all = infinity(false);
	Numeric low;
	Numeric high;

	set->n = 0;
	if (!operator_bounds(c, op, value, &low, &high))
		return false;
	switch (op)
	{
		case OPERATOR_BE:
			add_range(set, (Range){low, low, false, false});
			break;
		case OPERATOR_NOT_BE:
			add_range(set, (Range){none, low, false, true});
			add_range(set, (Range){low, all, true, false});
			break;
		case OPERATOR_GREATER:
			add_range(set, (Range){low, all, true, false});
			break;
		case OPERATOR_GREATER_EQUAL:
			add_range(set, (Range){low, all, false, false});
			break;
		case OPERATOR_LESS:
			add_range(set, (Range){none, low, false, true});
			break;
		case OPERATOR_LESS_EQUAL:
			add_range(set, (Range){none, low, false, false});
			break;
		case OPERATOR_BETWEEN:
			add_range(set, (Range){low, high, false, false});
			break;
		case OPERATOR_NOT_BETWEEN:
			add_range(set, (Range){none, low, false, true});
			add_range(set, (Range){high, all, true, false});
			break;
	}
	return true;
}

static Numeric
round_numeric(Numeric value, PGFunction function)
{
	return DatumGetNumeric(DirectFunctionCall1(function, NumericGetDatum(value)));
}

static Numeric
add_numeric(Numeric value, int64 more)
{
	return DatumGetNumeric(DirectFunctionCall2(numeric_add, NumericGetDatum(value),
											   NumericGetDatum(int64_to_numeric(more))));
}

/* The whole numbers within a range. */
static Range
whole_numbers(Range range)
{
	Numeric low = round_numeric(range.low, numeric_ceil);
	Numeric high = round_numeric(range.high, numeric_floor);

	if (range.low_open && compare_numeric(low, range.low) == 0)
		low = add_numeric(low, 1);
	if (range.high_open && compare_numeric(high, range.high) == 0)
		high = add_numeric(high, -1);
	return (Range){low, high, false, false};
}

static bool
is_percent(DmDiffNode rule)
{
	char *unit = DmDiffNodeText(DmDiffNodeGet(rule, "unit"));

	return unit != NULL && (pg_strcasecmp(unit, "percent") == 0 || strcmp(unit, "%") == 0);
}

/* Only the library's metrics are known to be counts or percentages. */
static bool
is_library(DmDiffNode rule)
{
	char *type = DmDiffNodeText(DmDiffNodeGet(rule, "type"));

	if (type != NULL)
		return strcmp(type, "library") == 0;
	return DmDiffNodeGet(rule, "metric") != NULL;
}

/* Keep to results that can occur at all. */
static RangeSet
possible_results(DmDiffNode rule, const RangeSet *set)
{
	RangeSet possible = {0};
	RangeSet result = {0};
	RangeSet met;
	bool percent = is_percent(rule);

	if (!is_library(rule))
		return *set;
	add_range(&possible, (Range){int64_to_numeric(0),
								 percent ? int64_to_numeric(100) : infinity(false), false, false});
	met = meet_sets(set, &possible);
	if (percent)
		return met;
	for (int i = 0; i < met.n; i++)
		add_range(&result, whole_numbers(met.items[i]));
	return result;
}

/* 2 error, 1 warning, 0 info.  What we do not know is an error, as for the gates. */
static int
severity_rank(DmDiffNode severity)
{
	static const char *const warnings[] = {"warning", "warn", "minor", "notice"};
	static const char *const infos[] = {"info", "information", "informational", "debug"};
	char *word = DmDiffNodeWord(severity);

	if (word == NULL)
		return 2;
	for (int i = 0; i < lengthof(warnings); i++)
	{
		if (strcmp(word, warnings[i]) == 0)
			return 1;
	}
	for (int i = 0; i < lengthof(infos); i++)
	{
		if (strcmp(word, infos[i]) == 0)
			return 0;
	}
	return 2;
}

/* The first operator that a rule has, which ODCS says is the only one. */
static const char *
operator_of(DmDiffNode rule)
{
	for (int i = 0; i < lengthof(operator_names); i++)
	{
		if (DmDiffNodeGet(rule, operator_names[i]) != NULL)
			return operator_names[i];
	}
	return NULL;
}

/* A rule without an operator: the library's metrics must be 0, a count of rows must not. */
static Range
results_by_default(DmDiffNode rule)
{
	char *metric = DmDiffNodeText(DmDiffNodeGet(rule, "metric"));

	if (!is_library(rule) || severity_rank(DmDiffNodeGet(rule, "severity")) == 0)
		return (Range){infinity(true), infinity(false), false, false};
	if (metric != NULL && strcmp(metric, "rowCount") == 0)
		return (Range){int64_to_numeric(0), infinity(false), true, false};
	return (Range){int64_to_numeric(0), int64_to_numeric(0), false, false};
}

/* The results that pass a rule; false if its operators cannot be read as sets of numbers. */
static bool
passing_results(DmCompare *c, DmDiffNode rule, RangeSet *set)
{
	set->n = 0;
	add_range(set, operator_of(rule) == NULL
					   ? results_by_default(rule)
					   : (Range){infinity(true), infinity(false), false, false});
	for (int i = 0; i < lengthof(operator_names); i++)
	{
		DmDiffNode value = DmDiffNodeGet(rule, operator_names[i]);
		RangeSet one;

		if (value == NULL)
			continue;
		if (!operator_set(c, (Operator) i, value, &one))
			return false;
		*set = meet_sets(set, &one);
	}
	*set = possible_results(rule, set);
	return true;
}

/* ---- thresholds ---- */

static bool
same_threshold(DmDiffNode from, DmDiffNode to)
{
	for (int i = 0; i < lengthof(operator_names); i++)
	{
		if (!DmDiffNodeEqual(DmDiffNodeGet(from, operator_names[i]),
							 DmDiffNodeGet(to, operator_names[i])))
			return false;
	}
	return DmDiffNodeEqual(DmDiffNodeGet(from, "unit"), DmDiffNodeGet(to, "unit"));
}

/* Only none is the same in rows and in percent of them. */
static bool
allows_only_zero(const RangeSet *set)
{
	Numeric zero = int64_to_numeric(0);

	return set->n == 1 && compare_numeric(set->items[0].low, zero) == 0 &&
		   compare_numeric(set->items[0].high, zero) == 0;
}

static DmDiffOrder
order_of_sets(const RangeSet *from, const RangeSet *to)
{
	if (!lies_within(to, from))
		return DM_ORDER_LOOSER;
	return lies_within(from, to) ? DM_ORDER_SAME : DM_ORDER_TIGHTER;
}

static DmDiffOrder
order_of_thresholds(DmCompare *c, DmDiffNode from, DmDiffNode to)
{
	RangeSet from_set;
	RangeSet to_set;

	if (!passing_results(c, from, &from_set) || !passing_results(c, to, &to_set))
		return DM_ORDER_UNKNOWN;
	if (is_percent(from) == is_percent(to))
		return order_of_sets(&from_set, &to_set);
	if (!is_library(from) || !is_library(to))
		return DM_ORDER_UNKNOWN;
	if (allows_only_zero(&to_set))
		return allows_only_zero(&from_set) ? DM_ORDER_SAME
			   : c->rule_counts_failures   ? DM_ORDER_TIGHTER
										   : DM_ORDER_UNKNOWN;
	return allows_only_zero(&from_set) ? DM_ORDER_LOOSER : DM_ORDER_UNKNOWN;
}

static char *
show_threshold(DmDiffNode rule)
{
	const char *op = operator_of(rule);
	DmDiffNode unit = DmDiffNodeGet(rule, "unit");

	if (op == NULL)
		return pstrdup("no operator");
	return psprintf("%s %s%s%s", op, DmDiffNodeShow(DmDiffNodeGet(rule, op)),
					unit != NULL ? " " : "", unit != NULL ? DmDiffNodeText(unit) : "");
}

static void
compare_threshold(DmCompare *c, DmDiffNode from, DmDiffNode to)
{
	const char *op = operator_of(to) != NULL ? operator_of(to) : operator_of(from);
	DmDiffOrder order;
	const char *what;
	int saved;

	if (same_threshold(from, to))
		return;
	order = order_of_thresholds(c, from, to);
	what = order == DM_ORDER_TIGHTER  ? "tightened"
		   : order == DM_ORDER_LOOSER ? "loosened"
									  : "changed";
	saved = DmDiffPushKey(c, op != NULL ? op : "unit");
	report_order(c, order,
				 psprintf("%s from %s to %s", what, show_threshold(from), show_threshold(to)));
	DmDiffPop(c, saved);
}

/* Is "the fewer the better" what the rule says?  Then what is counted decides the direction. */
static bool
counts_failures(DmCompare *c, DmDiffNode rule)
{
	RangeSet set;

	if (!passing_results(c, rule, &set) || !is_library(rule) || set.n != 1)
		return false;
	return compare_numeric(set.items[0].low, int64_to_numeric(0)) == 0;
}

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
		report_order(c, order_of_presence(field),
					 DmDiffDescribe("list of allowed values", field->from, field->to));
		return;
	}
	change = DmDiffSets(c, field->from, field->to, DmDiffKeyValue);
	if (change.nadded > 0 && c->rule_is_error)
		DmDiffReport(c, DM_LEVEL_MAJOR, "readers meet a value they do not know",
					 "allowed value added: %s", change.added);
	else if (change.nadded > 0)
		report_looser(c, psprintf("allowed value added: %s", change.added));
	if (change.nremoved > 0)
		report_tighter(c, psprintf("allowed value removed: %s", change.removed));
	if (change.nadded == 0 && change.nremoved == 0)
		report_order(c, DM_ORDER_SAME, DmDiffDescribe(field->name, field->from, field->to));
}

/* The more texts count as missing, the tighter. */
static void
compare_missing_values(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffSetChange change;

	if (!sets_comparable(c, field))
		return;
	change = DmDiffSets(c, field->from, field->to, DmDiffKeyValue);
	if (change.nadded > 0)
		report_tighter(c, psprintf("value that counts as missing added: %s", change.added));
	if (change.nremoved > 0)
		report_looser(c, psprintf("value that counts as missing removed: %s", change.removed));
	if (change.nadded == 0 && change.nremoved == 0)
		report_order(c, DM_ORDER_SAME, DmDiffDescribe(field->name, field->from, field->to));
}

/* Columns that are unique together: the fewer, the tighter. */
static void
compare_key_columns(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffSetChange change;

	if (!sets_comparable(c, field))
		return;
	change = DmDiffSets(c, field->from, field->to, DmDiffKeyColumn);
	if (field->from == NULL || field->to == NULL)
		DmDiffFieldHeld(c, field);
	else if (change.nadded > 0)
		report_looser(c,
					  DmDiffDescribe("columns that are unique together", field->from, field->to));
	else if (change.nremoved > 0)
		report_tighter(c,
					   DmDiffDescribe("columns that are unique together", field->from, field->to));
	else
		report_order(c, DM_ORDER_SAME,
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

	if (node_number(a, &an) && node_number(b, &bn))
		return compare_numeric(an, bn);
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
	report_order(c, order_of_bounds(from, to, lower),
				 psprintf("%s changed from %s to %s", field->name, show_bound(from, lower),
						  show_bound(to, lower)));
}

static void
compare_minimum(DmCompare *c, const DmDiffFieldChange *field)
{
	compare_bound(c, field, "minimum", "exclusiveMinimum", true);
}

static void
compare_maximum(DmCompare *c, const DmDiffFieldChange *field)
{
	compare_bound(c, field, "maximum", "exclusiveMaximum", false);
}

static void
compare_min(DmCompare *c, const DmDiffFieldChange *field)
{
	compare_bound(c, field, "min", "exclusive_min", true);
}

static void
compare_max(DmCompare *c, const DmDiffFieldChange *field)
{
	compare_bound(c, field, "max", "exclusive_max", false);
}

static void
compare_least(DmCompare *c, const DmDiffFieldChange *field)
{
	compare_bound(c, field, field->name, NULL, true);
}

static void
compare_most(DmCompare *c, const DmDiffFieldChange *field)
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
		compare_most(c, field);
}

static void
compare_pattern(DmCompare *c, const DmDiffFieldChange *field)
{
	if (!c->rule_counts_failures)
		DmDiffFieldHeld(c, field);
	else
		report_order(c, order_of_presence(field),
					 DmDiffDescribe(field->name, field->from, field->to));
}

static bool
is_zero(Numeric value)
{
	return compare_numeric(value, int64_to_numeric(0)) == 0;
}

static bool
is_multiple(Numeric value, Numeric of)
{
	return is_zero(DatumGetNumeric(
		DirectFunctionCall2(numeric_mod, NumericGetDatum(value), NumericGetDatum(of))));
}

static void
compare_multiple_of(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffOrder order = order_of_presence(field);
	Numeric from;
	Numeric to;

	if (node_number(field->from, &from) && node_number(field->to, &to) && !is_zero(from) &&
		!is_zero(to))
		order = is_multiple(to, from) ? DM_ORDER_TIGHTER : DM_ORDER_LOOSER;
	report_order(c, order, DmDiffDescribe(field->name, field->from, field->to));
}

static void
compare_unique_items(DmCompare *c, const DmDiffFieldChange *field)
{
	bool from = DmDiffNodeIsTrue(field->from);
	bool to = DmDiffNodeIsTrue(field->to);

	report_order(c,
				 from == to ? DM_ORDER_SAME
				 : to       ? DM_ORDER_TIGHTER
							: DM_ORDER_LOOSER,
				 DmDiffDescribe(field->name, field->from, field->to));
}

static const DmDiffField type_option_fields[] = {
	{"minimum", compare_minimum},        {"exclusiveMinimum", compare_minimum},
	{"maximum", compare_maximum},        {"exclusiveMaximum", compare_maximum},
	{"multipleOf", compare_multiple_of}, {"minLength", compare_least},
	{"maxLength", compare_max_length},   {"minItems", compare_least},
	{"maxItems", compare_most},          {"uniqueItems", compare_unique_items},
	{"minProperties", compare_least},    {"maxProperties", compare_most},
	{"pattern", compare_pattern},        {"enum", DmCompareAllowedValues},
};

static void
compare_options(DmCompare *c, const DmDiffFieldChange *field, const DmDiffField *fields,
				int nfields)
{
	if ((field->from != NULL && !DmDiffNodeIsObject(field->from)) ||
		(field->to != NULL && !DmDiffNodeIsObject(field->to)))
		DmDiffFieldHeld(c, field);
	else
		DmCompareFields(c, field->from, field->to, fields, nfields);
}

void
DmCompareTypeOptions(DmCompare *c, const DmDiffFieldChange *field)
{
	compare_options(c, field, type_option_fields, lengthof(type_option_fields));
}

/* ---- the fields of a rule ---- */

/* Arguments of a rule: under "arguments" or, in examples of the standard, beside it. */
/* clang-format off */
#define ARGUMENT_FIELDS                                                                            \
	{"validValues", DmCompareAllowedValues},                                                       \
	{"valid_values", DmCompareAllowedValues},                                                      \
	{"missingValues", compare_missing_values},                                                     \
	{"missing_values", compare_missing_values},                                                    \
	{"properties", compare_key_columns},                                                           \
	{"columns", compare_key_columns},                                                              \
	{"pattern", compare_pattern},                                                                  \
	{"minimum", compare_minimum},                                                                  \
	{"exclusiveMinimum", compare_minimum},                                                         \
	{"maximum", compare_maximum},                                                                  \
	{"exclusiveMaximum", compare_maximum},                                                         \
	{"min", compare_min},                                                                          \
	{"exclusive_min", compare_min},                                                                \
	{"max", compare_max},                                                                          \
	{"exclusive_max", compare_max},                                                                \
	{"minLength", compare_least},                                                                  \
	{"min_length", compare_least},                                                                 \
	{"maxLength", compare_most},                                                                   \
	{"max_length", compare_most},                                                                  \
	{"multipleOf", compare_multiple_of},                                                           \
	{"multiple_of", compare_multiple_of},                                                          \
	{"where", compare_condition},                                                                  \
	{"filter", compare_condition}
/* clang-format on */

/* Rows that a condition leaves out are not checked. */
static void
compare_condition(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffOrder order = DM_ORDER_UNKNOWN;

	if (field->from == NULL)
		order = DM_ORDER_LOOSER;
	else if (field->to == NULL)
		order = DM_ORDER_TIGHTER;
	report_order(c, order, DmDiffDescribe(field->name, field->from, field->to));
}

static const DmDiffField argument_fields[] = {ARGUMENT_FIELDS};

static void
compare_arguments(DmCompare *c, const DmDiffFieldChange *field)
{
	compare_options(c, field, argument_fields, lengthof(argument_fields));
}

static void
compare_severity(DmCompare *c, const DmDiffFieldChange *field)
{
	int from = severity_rank(field->from);
	int to = severity_rank(field->to);

	report_order(c,
				 from == to  ? DM_ORDER_SAME
				 : to > from ? DM_ORDER_TIGHTER
							 : DM_ORDER_LOOSER,
				 DmDiffDescribe(field->name, field->from, field->to));
}

/* A rule that checks something else: the old promise is gone. */
static void
compare_subject(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffNode library = field->from == NULL ? field->to : field->from;
	char *text = DmDiffNodeText(library);

	/* a metric makes it a library rule, said or not */
	if (strcmp(field->name, "type") == 0 && text != NULL && strcmp(text, "library") == 0 &&
		(field->from == NULL || field->to == NULL))
		DmDiffReport(c, DM_LEVEL_PATCH, DM_REASON_WRITTEN_DIFFERENTLY, "%s",
					 DmDiffDescribe(field->name, field->from, field->to));
	else
		report_looser(c, psprintf("rule checks something else: %s",
								  DmDiffDescribe(field->name, field->from, field->to)));
}

/* Text with runs of white space outside quotes as one space. */
static char *
squeeze_code(const char *text)
{
	char *result = palloc(strlen(text) + 1);
	char *to = result;
	char quote = '\0';

	for (; *text != '\0'; text++)
	{
		if (quote == '\0' && isspace((unsigned char) *text))
		{
			if (to > result && to[-1] != ' ')
				*to++ = ' ';
			continue;
		}
		if (quote == '\0' && (*text == '\'' || *text == '"'))
			quote = *text;
		else if (*text == quote)
			quote = '\0';
		*to++ = *text;
	}
	while (to > result && to[-1] == ' ')
		to--;
	*to = '\0';
	return result;
}

static bool
has_comment(const char *text)
{
	return strstr(text, "--") != NULL || strchr(text, '#') != NULL;
}

static void
compare_query(DmCompare *c, const DmDiffFieldChange *field)
{
	char *from = DmDiffNodeText(field->from);
	char *to = DmDiffNodeText(field->to);
	bool same = from != NULL && to != NULL && !has_comment(from) && !has_comment(to) &&
				strcmp(squeeze_code(from), squeeze_code(to)) == 0;

	report_order(c, same ? DM_ORDER_SAME : DM_ORDER_UNKNOWN,
				 DmDiffDescribe(field->name, field->from, field->to));
}

/* Of a rule in words, the description is the rule. */
static void
compare_description(DmCompare *c, const DmDiffFieldChange *field)
{
	char *type = DmDiffNodeText(DmDiffNodeGet(field->to_object, "type"));

	if (type != NULL && strcmp(type, "text") == 0)
		DmDiffFieldHeld(c, field);
	else
		DmDiffFieldPatch(c, field);
}

static const DmDiffField rule_fields[] = {
	{"id", DmDiffFieldPatch},
	{"name", DmDiffFieldPatch},
	{"type", compare_subject},
	{"metric", compare_subject},
	{"engine", compare_subject},
	{"column", compare_subject},
	{"query", compare_query},
	{"implementation", DmDiffFieldHeld},
	{"arguments", compare_arguments},
	ARGUMENT_FIELDS,
	{"severity", compare_severity},
	{"unit", DmDiffFieldIgnored}, /* this and the operators: compare_threshold */
	{"mustBe", DmDiffFieldIgnored},
	{"mustNotBe", DmDiffFieldIgnored},
	{"mustBeGreaterThan", DmDiffFieldIgnored},
	{"mustBeGreaterOrEqualTo", DmDiffFieldIgnored},
	{"mustBeLessThan", DmDiffFieldIgnored},
	{"mustBeLessOrEqualTo", DmDiffFieldIgnored},
	{"mustBeBetween", DmDiffFieldIgnored},
	{"mustNotBeBetween", DmDiffFieldIgnored},
	{"customProperties", DmCompareCustom},
	{"description", compare_description},
	{"businessImpact", DmDiffFieldPatch},
	{"tags", DmDiffFieldPatch},
	{"authoritativeDefinitions", DmDiffFieldPatch},
};

static void
compare_rule(DmCompare *c, DmDiffNode from, DmDiffNode to)
{
	bool was_error = c->rule_is_error;
	bool counted = c->rule_counts_failures;

	if (!DmDiffNodeIsObject(from) || !DmDiffNodeIsObject(to))
	{
		DmDiffReport(c, DM_LEVEL_HELD, DM_REASON_HELD, "%s", DmDiffDescribe("rule", from, to));
		return;
	}
	c->rule_is_error = severity_rank(DmDiffNodeGet(from, "severity")) == 2;
	c->rule_counts_failures = counts_failures(c, from) && counts_failures(c, to);
	compare_threshold(c, from, to);
	DmCompareFields(c, from, to, rule_fields, lengthof(rule_fields));
	c->rule_is_error = was_error;
	c->rule_counts_failures = counted;
}

/* ---- the list ---- */

/* What a rule checks, in some of its fields. */
typedef struct RuleKey
{
	const char *fields[8];
	bool with_operator;
	bool library_only;
} RuleKey;

static RuleKey subject_and_operator = {
	{"type", "metric", "column", "engine", "query", "implementation", "arguments"}, true, false};
static RuleKey subject = {
	{"type", "metric", "column", "engine", "query", "implementation", "arguments"}, false, false};
static RuleKey metric_and_operator = {{"metric", "column"}, true, true};
static RuleKey metric = {{"metric", "column"}, false, true};

static char *
key_rule(DmCompare *c, DmDiffNode item, bool is_from, void *arg)
{
	const RuleKey *wanted = arg;
	StringInfoData key;

	if (!DmDiffNodeIsObject(item) || (wanted->library_only && !is_library(item)))
		return NULL;
	initStringInfo(&key);
	if (wanted->with_operator && operator_of(item) != NULL)
		appendStringInfoString(&key, operator_of(item));
	for (int i = 0; i < lengthof(wanted->fields) && wanted->fields[i] != NULL; i++)
	{
		DmDiffNode value = DmDiffNodeGet(item, wanted->fields[i]);

		appendStringInfo(&key, "\n%s",
						 value != NULL ? DmDiffKeyContent(c, value, is_from, NULL) : "");
	}
	return key.data;
}

static char *
rule_name(DmDiffNode rule)
{
	char *name = DmDiffNodeText(DmDiffNodeGet(rule, "id"));

	return name != NULL ? name : DmDiffNodeText(DmDiffNodeGet(rule, "name"));
}

static int
push_rule(DmCompare *c, DmDiffNode rule, int index)
{
	char *name = rule_name(rule);

	return name != NULL ? DmDiffPushName(c, name) : DmDiffPushIndex(c, index);
}

static DmDiffPairing *
pair_rules(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffPairing *rules = DmDiffPairingCreate(c, field->from, field->to);

	if (rules == NULL)
		return NULL;
	DmDiffPairBy(c, rules, DmDiffKeyContent, NULL);
	DmDiffPairBy(c, rules, DmDiffKeyText, "id");
	DmDiffPairBy(c, rules, DmDiffKeyText, "name");
	DmDiffPairBy(c, rules, key_rule, &subject_and_operator);
	DmDiffPairBy(c, rules, key_rule, &subject);
	DmDiffPairBy(c, rules, key_rule, &metric_and_operator);
	DmDiffPairBy(c, rules, key_rule, &metric);
	return rules;
}

static char *
show_rule(DmDiffNode rule)
{
	DmDiffNode shown = DmDiffNodeGet(rule, "metric");

	if (shown == NULL)
		shown = DmDiffNodeGet(rule, "query");
	if (shown == NULL)
		shown = DmDiffNodeGet(rule, "description");
	if (shown == NULL)
		return DmDiffNodeShow(rule);
	if (operator_of(rule) == NULL)
		return DmDiffNodeShow(shown);
	return psprintf("%s %s", DmDiffNodeShow(shown), show_threshold(rule));
}

static void
report_removed(DmCompare *c, DmDiffNode rule)
{
	bool was_error = c->rule_is_error;

	c->rule_is_error = severity_rank(DmDiffNodeGet(rule, "severity")) == 2;
	report_looser(c, psprintf("quality rule removed: %s", show_rule(rule)));
	c->rule_is_error = was_error;
}

void
DmCompareRules(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffPairing *rules = pair_rules(c, field);

	if (rules == NULL)
		return;
	for (int i = 0; i < rules->nfrom; i++)
	{
		int partner = rules->to_of[i];
		DmDiffNode from = &rules->from[i];
		int saved;

		CHECK_FOR_INTERRUPTS();
		if (partner < 0)
		{
			saved = push_rule(c, from, i);
			report_removed(c, from);
			DmDiffPop(c, saved);
		}
		else if (!DmDiffNodeEqual(from, &rules->to[partner]))
		{
			saved = push_rule(c, &rules->to[partner], partner);
			compare_rule(c, from, &rules->to[partner]);
			DmDiffPop(c, saved);
		}
	}
	for (int i = 0; i < rules->nto; i++)
	{
		int saved;

		if (rules->from_of[i] >= 0)
			continue;
		saved = push_rule(c, &rules->to[i], i);
		report_tighter(c, psprintf("quality rule added: %s", show_rule(&rules->to[i])));
		DmDiffPop(c, saved);
	}
}
