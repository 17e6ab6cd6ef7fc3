/*-------------------------------------------------------------------------
 *
 * compare_sla.c
 *		Service levels of two contracts: which is the tighter promise?
 *
 * Properties are known by the standard's names and short forms in any case.
 * Values are normalised before they are compared: durations to months and
 * seconds (a month has 28 to 31 days, and where that leaves the answer open we
 * say so and do not guess), shares to fractions, rates to units per second,
 * dates to instants.  What cannot be compared is held.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/datetime.h"

#include "contract/compare_parts.h"

#define SECONDS_PER_DAY 86400.0

typedef enum SlaMeasure
{
	MEASURE_DURATION,
	MEASURE_SHARE, /* percent or fraction */
	MEASURE_RATE,  /* something per time */
	MEASURE_DATE,
	MEASURE_NONE, /* no direction is known: other values are held */
} SlaMeasure;

typedef struct SlaProperty
{
	const char *name; /* as words: lower case, letters only */
	const char *short_form;
	const char *shown;
	SlaMeasure measure;
	bool higher_is_tighter;
	bool m_is_months;
} SlaProperty;

static const SlaProperty sla_properties[] = {
	{"latency", "ly", "latency", MEASURE_DURATION, false, false},
	{"freshness", NULL, "freshness", MEASURE_DURATION, false, false},
	{"frequency", "fy", "frequency", MEASURE_DURATION, false, false},
	{"timetodetect", "td", "timeToDetect", MEASURE_DURATION, false, false},
	{"timetonotify", "tn", "timeToNotify", MEASURE_DURATION, false, false},
	{"timetorepair", "tr", "timeToRepair", MEASURE_DURATION, false, false},
	{"retention", "re", "retention", MEASURE_DURATION, true, true},
	{"errorrate", "er", "errorRate", MEASURE_SHARE, false, false},
	{"availability", "av", "availability", MEASURE_SHARE, true, false},
	{"throughput", "th", "throughput", MEASURE_RATE, true, false},
	{"endofsupport", "es", "endOfSupport", MEASURE_DATE, true, false},
	{"endoflife", "el", "endOfLife", MEASURE_DATE, true, false},
	{"generalavailability", "ga", "generalAvailability", MEASURE_NONE, false, false},
	{"timeofavailability", NULL, "timeOfAvailability", MEASURE_NONE, false, false},
};

static const SlaProperty *
find_property(const char *word)
{
	for (int i = 0; i < lengthof(sla_properties); i++)
	{
		const SlaProperty *property = &sla_properties[i];

		if (strcmp(property->name, word) == 0 ||
			(property->short_form != NULL && strcmp(property->short_form, word) == 0))
			return property;
	}
	return NULL;
}

/* ---- how two numbers stand to each other ---- */

typedef enum Comparison
{
	LESS,
	EQUAL,
	GREATER,
	INCOMPARABLE,
} Comparison;

static Comparison
compare_numbers(double a, double b)
{
	if (isnan(a) || isnan(b))
		return INCOMPARABLE;
	/* 0.1 h and 6 min are the same, whatever binary fractions make of it */
	if (fabs(a - b) <= 1e-9 * Max(fabs(a), fabs(b)))
		return EQUAL;
	return a < b ? LESS : GREATER;
}

/* A number at the start of text; *rest is what follows, after spaces. */
static bool
read_number(const char *text, double *value, const char **rest)
{
	char *end;

	while (isspace((unsigned char) *text))
		text++;
	/* strtod would also take hexadecimal numbers, infinities and NaN */
	if (!isdigit((unsigned char) text[strspn(text, "+-.")]) ||
		pg_strncasecmp(text + strspn(text, "+-"), "0x", 2) == 0)
		return false;
	*value = strtod(text, &end);
	if (end == text || isinf(*value))
		return false;
	while (isspace((unsigned char) *end))
		end++;
	*rest = end;
	return true;
}

/* ---- durations ---- */

typedef struct Duration
{
	double months;
	double seconds;
	bool has_unit;
} Duration;

typedef struct TimeUnit
{
	const char *spellings; /* lower case, each followed by a space */
	double months;
	double seconds;
} TimeUnit;

static const TimeUnit time_units[] = {
	{"ms msec msecs millisecond milliseconds ", 0, 0.001},
	{"s sec secs second seconds ", 0, 1},
	{"min mins minute minutes ", 0, 60},
	{"h hr hrs hour hours hourly ", 0, 3600},
	{"d day days daily ", 0, SECONDS_PER_DAY},
	{"w wk wks week weeks weekly ", 0, 7 * SECONDS_PER_DAY},
	{"mo mos mon mons month months monthly ", 1, 0},
	{"q qtr quarter quarters quarterly ", 3, 0},
	{"y yr yrs year years yearly annually ", 12, 0},
};

static const TimeUnit *
find_unit(const char *name, size_t length, const SlaProperty *property)
{
	char word[16];

	if (length == 0 || length > sizeof(word) - 3)
		return NULL;
	for (size_t i = 0; i < length; i++)
		word[i] = (char) pg_ascii_tolower((unsigned char) name[i]);
	strcpy(word + length, " ");
	if (strcmp(word, "m ") == 0)
		strcpy(word, property->m_is_months ? "mo " : "min ");
	for (int i = 0; i < lengthof(time_units); i++)
	{
		const char *found = strstr(time_units[i].spellings, word);

		if (found != NULL && (found == time_units[i].spellings || found[-1] == ' '))
			return &time_units[i];
	}
	return NULL;
}

static void
add_duration(Duration *duration, double value, const TimeUnit *unit)
{
	duration->months += value * unit->months;
	duration->seconds += value * unit->seconds;
	duration->has_unit = true;
}

/* ISO 8601: P1Y2M3DT4H5M6S */
static bool
read_iso_duration(const char *text, const SlaProperty *property, Duration *duration)
{
	bool time = false;
	bool any = false;

	for (text++; *text != '\0';)
	{
		double value;
		const char *rest;
		const TimeUnit *unit;

		if (!time && pg_ascii_tolower((unsigned char) *text) == 't')
		{
			time = true;
			text++;
			continue;
		}
		if (!read_number(text, &value, &rest) || *rest == '\0')
			return false;
		if (pg_ascii_tolower((unsigned char) *rest) == 'm')
			unit = find_unit(time ? "min" : "mo", time ? 3 : 2, property);
		else
			unit = find_unit(rest, 1, property);
		if (unit == NULL)
			return false;
		add_duration(duration, value, unit);
		any = true;
		text = rest + 1;
	}
	return any;
}

/* "per day", "/ day": how often instead of how long. */
static const char *
skip_per(const char *unit)
{
	while (isspace((unsigned char) *unit))
		unit++;
	if (*unit == '/')
		unit++;
	else if (pg_strncasecmp(unit, "per ", 4) == 0)
		unit += 4;
	else
		return NULL;
	while (isspace((unsigned char) *unit))
		unit++;
	return unit;
}

static bool
read_times_per(double times, const char *unit_name, const SlaProperty *property, Duration *duration)
{
	const TimeUnit *unit = find_unit(unit_name, strlen(unit_name), property);

	if (unit == NULL || times <= 0)
		return false;
	add_duration(duration, 1 / times, unit);
	return true;
}

/* "4", "4h", "1 day 12 hours", "PT4H", "daily"; unit, if not NULL, is for a bare number. */
static bool
read_duration(const char *text, const char *unit, const SlaProperty *property, Duration *duration)
{
	const TimeUnit *word = find_unit(text, strlen(text), property);
	double value;

	memset(duration, 0, sizeof(Duration));
	if (pg_ascii_tolower((unsigned char) *text) == 'p')
		return read_iso_duration(text, property, duration);
	if (word != NULL)
	{
		add_duration(duration, 1, word);
		return true;
	}
	while (read_number(text, &value, &text))
	{
		size_t length = strcspn(text, " \t\r\n+-.0123456789");
		const char *per = skip_per(text);

		if (per == NULL && length == 0 && unit != NULL)
			per = skip_per(unit);
		if (per != NULL)
			return read_times_per(value, per, property, duration);
		if (length == 0 && unit == NULL)
		{
			duration->seconds = value;
			return *text == '\0' && !duration->has_unit;
		}
		word = length > 0 ? find_unit(text, length, property)
						  : find_unit(unit, strlen(unit), property);
		if (word == NULL)
			return false;
		add_duration(duration, value, word);
		text += length;
		while (isspace((unsigned char) *text))
			text++;
		if (*text == '\0')
			return true;
	}
	return false;
}

/* The least and the most seconds that n months last, n from 0. */
static void
month_bounds(double n, double *least, double *most)
{
	double years = floor(n / 12);
	double rest = n - years * 12;

	*least = (years * 365 + rest * 28) * SECONDS_PER_DAY;
	*most = (years * 366 + rest * 31) * SECONDS_PER_DAY;
}

static Comparison
compare_durations(const Duration *a, const Duration *b)
{
	double months = a->months - b->months;
	double seconds = a->seconds - b->seconds;
	double least;
	double most;

	if (a->has_unit != b->has_unit && (a->seconds != 0 || a->months != 0) &&
		(b->seconds != 0 || b->months != 0))
		return INCOMPARABLE;
	if (compare_numbers(a->months, b->months) == EQUAL)
		return compare_numbers(a->seconds, b->seconds);
	month_bounds(fabs(months), &least, &most);
	if (months < 0)
	{
		double swap = least;

		least = -most;
		most = -swap;
	}
	if (least + seconds >= 0)
		return GREATER;
	if (most + seconds <= 0)
		return LESS;
	return INCOMPARABLE;
}

/* ---- shares ---- */

/* What to multiply with to get a fraction; 0 if the unit is none that we know. */
static double
share_unit(const char *unit)
{
	if (strcmp(unit, "%") == 0 || pg_strcasecmp(unit, "percent") == 0 ||
		pg_strcasecmp(unit, "pct") == 0 || pg_strcasecmp(unit, "percentage") == 0)
		return 0.01;
	if (pg_strcasecmp(unit, "permille") == 0)
		return 0.001;
	if (pg_strcasecmp(unit, "ppm") == 0)
		return 0.000001;
	if (pg_strcasecmp(unit, "ratio") == 0 || pg_strcasecmp(unit, "fraction") == 0)
		return 1;
	return 0;
}

/* A bare number above 1 can only be a percentage; one up to 1 stays open (*unit is 0). */
static bool
read_share(const char *text, const char *unit_name, double *value, double *unit)
{
	const char *rest;

	if (!read_number(text, value, &rest))
		return false;
	if (*rest != '\0')
		unit_name = rest;
	if (unit_name == NULL || *unit_name == '\0')
	{
		*unit = *value > 1 ? 0.01 : 0;
		return true;
	}
	*unit = share_unit(unit_name);
	return *unit > 0;
}

static Comparison
compare_shares(const char *a_text, const char *a_unit_name, const char *b_text,
			   const char *b_unit_name)
{
	double a;
	double b;
	double a_unit;
	double b_unit;

	if (!read_share(a_text, a_unit_name, &a, &a_unit) ||
		!read_share(b_text, b_unit_name, &b, &b_unit))
		return INCOMPARABLE;
	if (a_unit == b_unit)
		return compare_numbers(a, b);
	if (a_unit == 0 || b_unit == 0)
		return a == 0 || b == 0 ? compare_numbers(a, b) : INCOMPARABLE;
	return compare_numbers(a * a_unit, b * b_unit);
}

/* ---- rates ---- */

/*
 * "rows/s", "rows per second": the thing counted and the seconds it is counted over.  A unit
 * without a time, such as tps, is a thing of its own.
 */
static bool
read_rate(const char *text, const char *unit, const SlaProperty *property, double *value,
		  char **thing)
{
	const char *rest;
	const char *slash;
	const char *per;
	const TimeUnit *time;

	if (!read_number(text, value, &rest))
		return false;
	if (*rest != '\0')
		unit = rest;
	*thing = pstrdup(unit != NULL ? unit : "");
	for (char *p = *thing; *p != '\0'; p++)
		*p = (char) pg_ascii_tolower((unsigned char) *p);
	slash = strchr(*thing, '/');
	if (slash == NULL)
	{
		slash = strstr(*thing, " per ");
		if (slash == NULL)
			return true;
	}
	per = skip_per(slash);
	time = per == NULL ? NULL : find_unit(per, strlen(per), property);
	if (time == NULL || time->seconds == 0)
		return true;
	*value /= time->seconds;
	while (slash > *thing && isspace((unsigned char) slash[-1]))
		slash--;
	*thing = psprintf("%.*s per second", (int) (slash - *thing), *thing);
	return true;
}

static Comparison
compare_rates(const char *a_text, const char *a_unit, const char *b_text, const char *b_unit,
			  const SlaProperty *property)
{
	double a;
	double b;
	char *a_thing;
	char *b_thing;

	if (!read_rate(a_text, a_unit, property, &a, &a_thing) ||
		!read_rate(b_text, b_unit, property, &b, &b_thing) || strcmp(a_thing, b_thing) != 0)
		return INCOMPARABLE;
	return compare_numbers(a, b);
}

/* ---- dates ---- */

static bool
read_digits(const char **text, int ndigits, int *value)
{
	*value = 0;
	for (int i = 0; i < ndigits; i++)
	{
		if (!isdigit((unsigned char) **text))
			return false;
		*value = *value * 10 + (*(*text)++ - '0');
	}
	return true;
}

/* Z, +hh, +hhmm or +hh:mm as seconds east of Greenwich; nothing is UTC. */
static bool
read_zone(const char *text, int *offset)
{
	int sign = *text == '-' ? -1 : 1;
	int hours;
	int minutes = 0;

	*offset = 0;
	if (*text == '\0' || strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
		return true;
	if (*text != '+' && *text != '-')
		return false;
	text++;
	if (!read_digits(&text, 2, &hours))
		return false;
	if (*text == ':')
		text++;
	if (*text != '\0' && !read_digits(&text, 2, &minutes))
		return false;
	*offset = sign * (hours * 3600 + minutes * 60);
	return *text == '\0' && hours <= 15 && minutes <= 59;
}

/* hh:mm, hh:mm:ss or hh:mm:ss.fff, and a zone, as seconds of the day in UTC. */
static bool
read_time(const char *text, double *seconds)
{
	int hour;
	int minute;
	int second = 0;
	int offset;
	double fraction = 0;

	if (!read_digits(&text, 2, &hour) || *text++ != ':' || !read_digits(&text, 2, &minute))
		return false;
	if (*text == ':')
	{
		text++;
		if (!read_digits(&text, 2, &second))
			return false;
		if (*text == '.')
		{
			char *end;

			fraction = strtod(text, &end);
			text = end;
		}
	}
	if (hour > 24 || minute > 59 || second > 60 || !read_zone(text, &offset))
		return false;
	*seconds = hour * 3600.0 + minute * 60 + second + fraction - offset;
	return true;
}

/* A date, or a date and a time, as seconds since some beginning; a date alone is its start in UTC. */
static bool
read_date(const char *text, double *instant)
{
	int year;
	int month;
	int day;
	double seconds = 0;

	while (isspace((unsigned char) *text))
		text++;
	if (!read_digits(&text, 4, &year) || *text++ != '-' || !read_digits(&text, 2, &month) ||
		*text++ != '-' || !read_digits(&text, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > day_tab[isleap(year)][month - 1])
		return false;
	if (*text == 'T' || *text == 't' || *text == ' ')
	{
		if (!read_time(text + 1, &seconds))
			return false;
	}
	else if (*text != '\0')
		return false;
	*instant = date2j(year, month, day) * SECONDS_PER_DAY + seconds;
	return true;
}

static Comparison
compare_dates(const char *a_text, const char *b_text)
{
	double a;
	double b;

	if (!read_date(a_text, &a) || !read_date(b_text, &b))
		return INCOMPARABLE;
	return a < b ? LESS : a > b ? GREATER : EQUAL;
}

/* ---- promises ---- */

static Comparison
compare_values(const SlaProperty *property, DmDiffNode a_item, DmDiffNode b_item)
{
	char *a = DmDiffNodeText(DmDiffNodeGet(a_item, "value"));
	char *b = DmDiffNodeText(DmDiffNodeGet(b_item, "value"));
	char *a_unit = DmDiffNodeText(DmDiffNodeGet(a_item, "unit"));
	char *b_unit = DmDiffNodeText(DmDiffNodeGet(b_item, "unit"));
	Duration a_duration;
	Duration b_duration;

	if (a == NULL || b == NULL)
		return INCOMPARABLE;
	switch (property->measure)
	{
		case MEASURE_DURATION:
			if (!read_duration(a, a_unit, property, &a_duration) ||
				!read_duration(b, b_unit, property, &b_duration))
				return INCOMPARABLE;
			return compare_durations(&a_duration, &b_duration);
		case MEASURE_SHARE:
			return compare_shares(a, a_unit, b, b_unit);
		case MEASURE_RATE:
			return compare_rates(a, a_unit, b, b_unit, property);
		case MEASURE_DATE:
			return compare_dates(a, b);
		case MEASURE_NONE:
			break;
	}
	return INCOMPARABLE;
}

static DmDiffOrder
order_of_promises(const SlaProperty *property, DmDiffNode from, DmDiffNode to)
{
	Comparison result = property == NULL ? INCOMPARABLE : compare_values(property, to, from);

	switch (result)
	{
		case EQUAL:
			return DM_ORDER_SAME;
		case LESS:
			return property->higher_is_tighter ? DM_ORDER_LOOSER : DM_ORDER_TIGHTER;
		case GREATER:
			return property->higher_is_tighter ? DM_ORDER_TIGHTER : DM_ORDER_LOOSER;
		case INCOMPARABLE:
			break;
	}
	return DM_ORDER_UNKNOWN;
}

/* "4 h" of {value: 4, unit: h} */
static char *
show_promise(DmDiffNode item)
{
	DmDiffNode unit = DmDiffNodeGet(item, "unit");
	char *value = DmDiffNodeShow(DmDiffNodeGet(item, "value"));

	return unit == NULL ? value : psprintf("%s %s", value, DmDiffNodeText(unit));
}

static const SlaProperty *
property_of(DmDiffNode item)
{
	char *word = DmDiffNodeWord(DmDiffNodeGet(item, "property"));

	return word == NULL ? NULL : find_property(word);
}

static const char *
name_of(DmDiffNode item)
{
	const SlaProperty *property = property_of(item);

	if (property != NULL)
		return property->shown;
	return DmDiffNodeText(DmDiffNodeGet(item, "property"));
}

/* "latency", "latency of t.changed_at", "latency of t.changed_at for regulatory" */
static char *
full_name_of(DmDiffNode item)
{
	char *element = DmDiffNodeText(DmDiffNodeGet(item, "element"));
	char *driver = DmDiffNodeText(DmDiffNodeGet(item, "driver"));

	return psprintf("%s%s%s%s%s", name_of(item), element != NULL ? " of " : "",
					element != NULL ? element : "", driver != NULL ? " for " : "",
					driver != NULL ? driver : "");
}

/* Does the unit m stand anywhere, which some tools take for minutes and others for months? */
static bool
has_unit_m(DmDiffNode item)
{
	char *unit = DmDiffNodeText(DmDiffNodeGet(item, "unit"));

	return unit != NULL && pg_strcasecmp(unit, "m") == 0;
}

static const char *
reason_with_unit(DmDiffNode from, DmDiffNode to, const SlaProperty *property, const char *reason)
{
	if (property == NULL || property->measure != MEASURE_DURATION ||
		(!has_unit_m(from) && !has_unit_m(to)))
		return reason;
	return psprintf("%s (the unit m is read as %s)", reason,
					property->m_is_months ? "months" : "minutes");
}

static void
compare_promise(DmCompare *c, DmDiffNode from, DmDiffNode to)
{
	const SlaProperty *property = property_of(to);
	DmLevel level = DM_LEVEL_HELD;
	const char *what = "changed";
	const char *reason = DM_REASON_HELD;
	int saved;

	if (DmDiffNodeEqual(DmDiffNodeGet(from, "value"), DmDiffNodeGet(to, "value")) &&
		DmDiffNodeEqual(DmDiffNodeGet(from, "unit"), DmDiffNodeGet(to, "unit")))
		return;
	switch (order_of_promises(property, from, to))
	{
		case DM_ORDER_SAME:
			level = DM_LEVEL_PATCH;
			reason = DM_REASON_WRITTEN_DIFFERENTLY;
			break;
		case DM_ORDER_TIGHTER:
			level = DM_LEVEL_MINOR;
			what = "tightened";
			reason = "readers get more than they were promised";
			break;
		case DM_ORDER_LOOSER:
			level = DM_LEVEL_MAJOR;
			what = "loosened";
			reason = "readers get less than they were promised";
			break;
		case DM_ORDER_UNKNOWN:
			break;
	}
	saved = DmDiffPushKey(c, "value");
	DmDiffReport(c, level, reason_with_unit(from, to, property, reason), "%s %s from %s to %s",
				 full_name_of(to), what, show_promise(from), show_promise(to));
	DmDiffPop(c, saved);
}

static void
report_added(DmCompare *c, DmDiffNode item)
{
	const SlaProperty *property = property_of(item);
	const char *name = name_of(item);

	if (name == NULL)
		DmDiffReport(c, DM_LEVEL_HELD, DM_REASON_HELD, "service level without a property added: %s",
					 DmDiffNodeShow(item));
	else if (property != NULL && property->measure == MEASURE_DATE)
		DmDiffReport(c, DM_LEVEL_MINOR,
					 "an end of life is announced, and nothing is taken away yet",
					 "%s announced: %s", full_name_of(item), show_promise(item));
	else
		DmDiffReport(c, DM_LEVEL_MINOR, "readers get more than they were promised", "%s added: %s",
					 name, show_promise(item));
}

static void
report_removed(DmCompare *c, DmDiffNode item)
{
	const char *name = name_of(item);

	if (name == NULL)
		DmDiffReport(c, DM_LEVEL_HELD, DM_REASON_HELD,
					 "service level without a property removed: %s", DmDiffNodeShow(item));
	else
		DmDiffReport(c, DM_LEVEL_MAJOR, "readers get less than they were promised",
					 "%s removed, was %s", full_name_of(item), show_promise(item));
}

/* ---- the list ---- */

/* The default elements of the two documents. */
typedef struct Elements
{
	char *from;
	char *to;
} Elements;

static char *
key_property_element(DmCompare *c, DmDiffNode item, bool is_from, void *arg)
{
	Elements *defaults = arg;
	const char *name = name_of(item);
	char *element = DmDiffNodeText(DmDiffNodeGet(item, "element"));

	if (name == NULL)
		return NULL;
	if (element == NULL)
		element = is_from ? defaults->from : defaults->to;
	if (element != NULL && is_from)
		element = DmDiffRenamed(c, element);
	return psprintf("%s of %s", name, element != NULL ? element : "");
}

static char *
key_property_element_driver(DmCompare *c, DmDiffNode item, bool is_from, void *arg)
{
	char *key = key_property_element(c, item, is_from, arg);
	char *driver = DmDiffNodeText(DmDiffNodeGet(item, "driver"));

	return key == NULL ? NULL : psprintf("%s for %s", key, driver != NULL ? driver : "");
}

static void
compare_element(DmCompare *c, const DmDiffFieldChange *field)
{
	char *from = DmDiffNodeText(field->from);
	char *to = DmDiffNodeText(field->to);

	if (from != NULL && to != NULL && strcmp(DmDiffRenamed(c, from), to) != 0)
		DmDiffFieldHeld(c, field);
	else
		DmDiffReport(c, DM_LEVEL_PATCH, DM_REASON_WRITTEN_DIFFERENTLY, "%s",
					 DmDiffDescribe("element", field->from, field->to));
}

static const DmDiffField sla_fields[] = {
	{"id", DmDiffFieldPatch},
	{"property", DmDiffFieldIgnored}, /* another spelling of the same */
	{"value", DmDiffFieldIgnored},    /* told together with the unit */
	{"unit", DmDiffFieldIgnored},
	{"element", compare_element},
	{"description", DmDiffFieldPatch},
};

static void
compare_sla(DmCompare *c, DmDiffNode from, DmDiffNode to)
{
	if (!DmDiffNodeIsObject(from) || !DmDiffNodeIsObject(to))
	{
		DmDiffReport(c, DM_LEVEL_HELD, DM_REASON_HELD, "%s",
					 DmDiffDescribe("service level", from, to));
		return;
	}
	compare_promise(c, from, to);
	DmCompareFields(c, from, to, sla_fields, lengthof(sla_fields));
}

static int
push_sla(DmCompare *c, DmDiffNode item, int index)
{
	const char *name = name_of(item);

	return name != NULL ? DmDiffPushName(c, name) : DmDiffPushIndex(c, index);
}

void
DmCompareSlas(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffPairing *slas = DmDiffPairingCreate(c, field->from, field->to);
	Elements defaults = {DmDiffNodeText(DmDiffNodeGet(field->from_object, "slaDefaultElement")),
						 DmDiffNodeText(DmDiffNodeGet(field->to_object, "slaDefaultElement"))};

	if (slas == NULL)
		return;
	DmDiffPairBy(c, slas, DmDiffKeyContent, NULL);
	DmDiffPairBy(c, slas, key_property_element_driver, &defaults);
	DmDiffPairBy(c, slas, key_property_element, &defaults);
	for (int i = 0; i < slas->nfrom; i++)
	{
		int partner = slas->to_of[i];
		int saved = push_sla(c, &slas->from[i], partner >= 0 ? partner : i);

		CHECK_FOR_INTERRUPTS();
		if (partner < 0)
			report_removed(c, &slas->from[i]);
		else if (!DmDiffNodeEqual(&slas->from[i], &slas->to[partner]))
			compare_sla(c, &slas->from[i], &slas->to[partner]);
		DmDiffPop(c, saved);
	}
	for (int i = 0; i < slas->nto; i++)
	{
		int saved = push_sla(c, &slas->to[i], i);

		if (slas->from_of[i] < 0)
			report_added(c, &slas->to[i]);
		DmDiffPop(c, saved);
	}
}
