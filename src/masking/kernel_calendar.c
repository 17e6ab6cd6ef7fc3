/*-------------------------------------------------------------------------
 *
 * kernel_calendar.c
 *		The minute, day, week, month, ... that a time lies in.
 *
 * date_trunc fails where a period begins before the first timestamp, and knows fewer
 * dates than there are; a mask must not fail on a value.  Days are counted from 2000-01-01 in
 * the proleptic Gregorian calendar, whose year 0 is 1 BC.
 *
 *-------------------------------------------------------------------------
 */
#include "masking/kernel.h"

#define MINUTE INT64_C(60000000)
#define FIRST_MONDAY 2 /* 2000-01-03 */

typedef struct Unit
{
	const char *name;
	int64_t microseconds; /* how long, or 0 */
	int days;             /* how long, or 0 */
	int months;           /* how long, or 0 */
	int first_month;      /* from which they are counted, January of the year 0 being 0 */
} Unit;

static const Unit units[] = {
	[DM_UNIT_MINUTE] = {"minute", MINUTE, 0, 0, 0},
	[DM_UNIT_HOUR] = {"hour", 60 * MINUTE, 0, 0, 0},
	[DM_UNIT_DAY] = {"day", 0, 1, 0, 0},
	[DM_UNIT_WEEK] = {"week", 0, 7, 0, 0},
	[DM_UNIT_MONTH] = {"month", 0, 0, 1, 0},
	[DM_UNIT_QUARTER] = {"quarter", 0, 0, 3, 0},
	[DM_UNIT_YEAR] = {"year", 0, 0, 12, 0},
	[DM_UNIT_DECADE] = {"decade", 0, 0, 120, 0},
	[DM_UNIT_CENTURY] = {"century", 0, 0, 1200, 12},
	[DM_UNIT_MILLENNIUM] = {"millennium", 0, 0, 12000, 12},
};

DmUnit
DmUnitOf(const char *name, size_t length)
{
	for (int unit = DM_UNIT_NONE + 1; unit <= DM_UNIT_MILLENNIUM; unit++)
	{
		const char *known = units[unit].name;
		size_t i = 0;

		while (i < length && known[i] != '\0' &&
			   known[i] == (name[i] >= 'A' && name[i] <= 'Z' ? name[i] | 0x20 : name[i]))
			i++;
		if (i == length && known[i] == '\0')
			return (DmUnit) unit;
	}
	return DM_UNIT_NONE;
}

static int64_t
floor_divide(int64_t value, int64_t by)
{
	return value / by - (value % by < 0);
}

static int64_t
floor_to(int64_t value, int64_t step)
{
	return floor_divide(value, step) * step;
}

static int64_t
first_day_of_year(int64_t year)
{
	int64_t before = year - 1;

	return 365 * year + floor_divide(before, 4) - floor_divide(before, 100) +
		   floor_divide(before, 400) - 730484;
}

/* month: since January of the year 0 */
static int64_t
first_day_of_month(int64_t month)
{
	static const int before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	int64_t year = floor_divide(month, 12);
	int in_year = (int) (month - year * 12);
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return first_day_of_year(year) + before[in_year] + (leap && in_year > 1);
}

static int64_t
month_of_day(int64_t day)
{
	/* 400 years have 146097 days: at most one year off */
	int64_t year = floor_divide(400 * day, 146097) + 2000;
	int64_t month;

	while (first_day_of_year(year) > day)
		year--;
	while (first_day_of_year(year + 1) <= day)
		year++;
	/* no month has more than 31 days: this one, or one of the two after it */
	month = year * 12 + (day - first_day_of_year(year)) / 32;
	while (first_day_of_month(month + 1) <= day)
		month++;
	return month;
}

/* The period of a day, wherever it begins and ends. */
static void
find_period(int64_t day, const Unit *unit, int64_t *first, int64_t *next)
{
	if (unit->months > 0)
	{
		int64_t month =
			floor_to(month_of_day(day) - unit->first_month, unit->months) + unit->first_month;

		*first = first_day_of_month(month);
		*next = first_day_of_month(month + unit->months);
		return;
	}
	*first = floor_to(day - FIRST_MONDAY, unit->days) + FIRST_MONDAY;
	*next = *first + unit->days;
}

void
DmDatePeriod(int32_t day, DmUnit unit, DmPeriod *period)
{
	int64_t first, next;

	find_period(day, &units[unit], &first, &next);
	period->first = (int32_t) (first < DM_FIRST_DAY ? DM_FIRST_DAY : first);
	period->open_end = next >= DM_END_DAY;
	period->next = period->open_end ? 0 : (int32_t) next;
}

int64_t
DmTimestampTrunc(int64_t time, DmUnit unit)
{
	int64_t first, next;

	if (time == INT64_MIN || time == INT64_MAX)
		return time;
	if (units[unit].microseconds > 0)
		return floor_to(time, units[unit].microseconds);
	find_period(floor_divide(time, DM_DAY), &units[unit], &first, &next);
	return (first < DM_FIRST_DAY ? DM_FIRST_DAY : first) * DM_DAY;
}
