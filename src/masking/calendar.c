/*-------------------------------------------------------------------------
 *
 * calendar.c
 *		mask_date_trunc, and mask_generalize of dates: SQL glue over kernel_calendar.c.
 *
 * No value is an error: what begins before the first date or timestamp begins with it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"

#include "masking/masking.h"
#include "base/compat.h"

PG_FUNCTION_INFO_V1(dm_mask_trunc_date);
PG_FUNCTION_INFO_V1(dm_mask_trunc_timestamp);
PG_FUNCTION_INFO_V1(dm_mask_trunc_timestamptz);
PG_FUNCTION_INFO_V1(dm_mask_generalize_date);

StaticAssertDecl(DM_FIRST_DAY == DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE,
				 "dates begin where the kernel has it");
StaticAssertDecl(DM_END_DAY == (int64) DATE_END_JULIAN - POSTGRES_EPOCH_JDATE,
				 "dates end where the kernel has it");
StaticAssertDecl(DM_FIRST_DAY *DM_DAY == MIN_TIMESTAMP, "so do timestamps");

static DmUnit
unit_of(text *name, DmUnit least, const char *kind, const char *known)
{
	DmUnit unit = DmUnitOf(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));

	if (unit < least)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a %s cannot be masked to \"%s\"", kind, text_to_cstring(name)),
						errhint("Use %s.", known)));
	return unit;
}

/* What is shorter than a week hides nothing of a date. */
static DmUnit
date_unit(text *name)
{
	return unit_of(name, DM_UNIT_WEEK, "date",
				   "week, month, quarter, year, decade, century or millennium");
}

Datum
dm_mask_trunc_date(PG_FUNCTION_ARGS)
{
	DateADT date = PG_GETARG_DATEADT(0);
	DmUnit unit = date_unit(PG_GETARG_TEXT_PP(1));
	DmPeriod period;

	if (DATE_NOT_FINITE(date))
		PG_RETURN_DATEADT(date);
	DmDatePeriod(date, unit, &period);
	PG_RETURN_DATEADT(period.first);
}

Datum
dm_mask_trunc_timestamp(PG_FUNCTION_ARGS)
{
	DmUnit unit =
		unit_of(PG_GETARG_TEXT_PP(1), DM_UNIT_MINUTE, "timestamp",
				"minute, hour, day, week, month, quarter, year, decade, century or millennium");

	PG_RETURN_TIMESTAMP(DmTimestampTrunc(PG_GETARG_TIMESTAMP(0), unit));
}

/*
 * In UTC, as a timestamp is its microseconds there: by the reader's TimeZone, a reader could move the
 * edges, and find the hour.
 */
Datum
dm_mask_trunc_timestamptz(PG_FUNCTION_ARGS)
{
	return dm_mask_trunc_timestamp(fcinfo);
}

/* An infinite date lies in the range of everything. */
Datum
dm_mask_generalize_date(PG_FUNCTION_ARGS)
{
	DateADT date = PG_GETARG_DATEADT(0);
	DmUnit unit = date_unit(PG_GETARG_TEXT_PP(1));
	DmPeriod period = {0, 0, true};

	if (!DATE_NOT_FINITE(date))
		DmDatePeriod(date, unit, &period);
	return DmMaskRange(fcinfo, DATE_NOT_FINITE(date), DateADTGetDatum(period.first),
					   period.open_end, DateADTGetDatum(period.next));
}
