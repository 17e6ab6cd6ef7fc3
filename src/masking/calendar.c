/*-------------------------------------------------------------------------
 *
 * calendar.c
 *		The week, month, ... that a date lies in.
 *
 * date_trunc goes by timestamp, whose range is smaller than that of dates, and fails
 * beyond it; a mask must not fail on a value.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/datetime.h"

#include "masking/calendar.h"
#include "base/compat.h"

#define FIRST_DATE (DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE)

typedef struct Unit
{
	const char *name;
	int days;
	int months;
	int years;
	int first_year; /* years are counted in steps from here */
} Unit;

static const Unit units[] = {
	{"week", 7, 0, 0, 0}, {"month", 0, 1, 0, 0},   {"quarter", 0, 3, 0, 0},
	{"year", 0, 0, 1, 0}, {"decade", 0, 0, 10, 0}, {"century", 0, 0, 100, 1},
};

static const Unit *
find_unit(text *unit)
{
	for (int i = 0; i < lengthof(units); i++)
		if (strlen(units[i].name) == VARSIZE_ANY_EXHDR(unit) &&
			pg_strncasecmp(units[i].name, VARDATA_ANY(unit), VARSIZE_ANY_EXHDR(unit)) == 0)
			return &units[i];
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("a date cannot be masked to \"%s\"", text_to_cstring(unit)),
					errhint("Use week, month, quarter, year, decade or century.")));
}

static int
floor_to(int value, int step)
{
	int rest = value % step;

	return value - (rest < 0 ? rest + step : rest);
}

/* The date as days; the first or last one if there is none. */
static DateADT
days_of(int year, int month, int day, bool *too_late)
{
	int64 last = (int64) DATE_END_JULIAN - POSTGRES_EPOCH_JDATE;
	int64 days;

	*too_late = year > 5874897;
	if (*too_late)
		return 0;
	if (year < -4713)
		return FIRST_DATE;
	days = (int64) date2j(year, month, day) - POSTGRES_EPOCH_JDATE;
	*too_late = days >= last;
	return (DateADT) Max(days, FIRST_DATE);
}

void
DmCalendarPeriod(DateADT date, text *unit, DmPeriod *period)
{
	const Unit *u = find_unit(unit);
	int year, month, day;
	bool never;

	if (DATE_NOT_FINITE(date))
	{
		period->first = period->next = date;
		period->open_end = true;
		return;
	}
	if (u->days > 0)
	{
		int64 julian = (int64) date + POSTGRES_EPOCH_JDATE;
		int64 first = date - julian % 7; /* Julian day 0 was a Monday */

		period->first = (DateADT) Max(first, FIRST_DATE);
		period->open_end = first + 7 >= (int64) DATE_END_JULIAN - POSTGRES_EPOCH_JDATE;
		period->next = period->open_end ? 0 : (DateADT) (first + 7);
		return;
	}
	j2date(date + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	if (u->months > 0)
	{
		month = floor_to(month - 1, u->months) + 1;
		period->first = days_of(year, month, 1, &never);
		month += u->months;
		period->next =
			days_of(year + month / 13, month > 12 ? month - 12 : month, 1, &period->open_end);
		return;
	}
	year = floor_to(year - u->first_year, u->years) + u->first_year;
	period->first = days_of(year, 1, 1, &never);
	period->next = days_of(year + u->years, 1, 1, &period->open_end);
}
