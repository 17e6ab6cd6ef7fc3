/*-------------------------------------------------------------------------
 *
 * compare_result.c
 *		The results that rules let pass.
 *
 * A rule's threshold is understood as the set of results that pass: a rule is
 * tighter than another if its set lies within the other's.  Counts are whole and
 * not negative, so that "less than 1" and "0" are the same.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "contract/compare_rule.h"

/* ---- numbers ---- */

int
DmDiffNumbers(Numeric a, Numeric b)
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

bool
DmDiffNumber(DmDiffNode node, Numeric *value)
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
	int cmp = DmDiffNumbers(range->low, range->high);

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
	int cmp = DmDiffNumbers(b->low, a->low);

	if (cmp > 0 || (cmp == 0 && b->low_open))
	{
		result.low = b->low;
		result.low_open = b->low_open;
	}
	cmp = DmDiffNumbers(b->high, a->high);
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
	int low = DmDiffNumbers(a->low, b->low);
	int high = DmDiffNumbers(a->high, b->high);

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
		return DmDiffNumber(value, low);
	}
	if (!DmDiffNodeIsArray(value))
		return false;
	bounds = DmDiffPairingCreate(c, value, NULL);
	return bounds->nfrom == 2 && DmDiffNumber(&bounds->from[0], low) &&
		   DmDiffNumber(&bounds->from[1], high);
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

	if (range.low_open && DmDiffNumbers(low, range.low) == 0)
		low = add_numeric(low, 1);
	if (range.high_open && DmDiffNumbers(high, range.high) == 0)
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
bool
DmDiffIsLibrary(DmDiffNode rule)
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

	if (!DmDiffIsLibrary(rule))
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
int
DmDiffSeverity(DmDiffNode severity)
{
	static const char *const warnings[] = {"warning", "warn", "minor", "notice"};
	static const char *const infos[] = {"info", "information", "informational", "debug"};
	char *word = DmDiffNodeWord(severity);

	if (word == NULL)
		return 2;
	if (DmDiffIsOneOf(word, warnings, lengthof(warnings)))
		return 1;
	if (DmDiffIsOneOf(word, infos, lengthof(infos)))
		return 0;
	return 2;
}

/* The first operator that a rule has, which ODCS says is the only one. */
const char *
DmDiffOperator(DmDiffNode rule)
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

	if (!DmDiffIsLibrary(rule) || DmDiffSeverity(DmDiffNodeGet(rule, "severity")) == 0)
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
	add_range(set, DmDiffOperator(rule) == NULL
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

	return set->n == 1 && DmDiffNumbers(set->items[0].low, zero) == 0 &&
		   DmDiffNumbers(set->items[0].high, zero) == 0;
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
	if (!DmDiffIsLibrary(from) || !DmDiffIsLibrary(to))
		return DM_ORDER_UNKNOWN;
	if (allows_only_zero(&to_set))
		return allows_only_zero(&from_set) ? DM_ORDER_SAME
			   : c->rule_counts_failures   ? DM_ORDER_TIGHTER
										   : DM_ORDER_UNKNOWN;
	return allows_only_zero(&from_set) ? DM_ORDER_LOOSER : DM_ORDER_UNKNOWN;
}

char *
DmDiffShowThreshold(DmDiffNode rule)
{
	const char *op = DmDiffOperator(rule);
	DmDiffNode unit = DmDiffNodeGet(rule, "unit");

	if (op == NULL)
		return pstrdup("no operator");
	return psprintf("%s %s%s%s", op, DmDiffNodeShow(DmDiffNodeGet(rule, op)),
					unit != NULL ? " " : "", unit != NULL ? DmDiffNodeText(unit) : "");
}

void
DmCompareThreshold(DmCompare *c, DmDiffNode from, DmDiffNode to)
{
	const char *op = DmDiffOperator(to) != NULL ? DmDiffOperator(to) : DmDiffOperator(from);
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
	DmDiffByOrder(
		c, order,
		psprintf("%s from %s to %s", what, DmDiffShowThreshold(from), DmDiffShowThreshold(to)));
	DmDiffPop(c, saved);
}

/* Is "the fewer the better" what the rule says?  Then what is counted decides the direction. */
bool
DmDiffCountsFailures(DmCompare *c, DmDiffNode rule)
{
	RangeSet set;

	if (!passing_results(c, rule, &set) || !DmDiffIsLibrary(rule) || set.n != 1)
		return false;
	return DmDiffNumbers(set.items[0].low, int64_to_numeric(0)) == 0;
}
