/*-------------------------------------------------------------------------
 *
 * calendar.h
 *		The week, month, ... that a date lies in.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_MASKING_CALENDAR_H
#define DATAMESH_MASKING_CALENDAR_H

#include "utils/date.h"

typedef struct DmPeriod
{
	DateADT first;
	DateADT next;  /* the first day after it */
	bool open_end; /* there is no such date */
} DmPeriod;

/*
 * unit is week, month, quarter, year, decade or century, in any case; another is an error that
 * lists them.  What begins before the first date begins with it.
 */
extern void DmCalendarPeriod(DateADT date, text *unit, DmPeriod *period);

#endif /* DATAMESH_MASKING_CALENDAR_H */
