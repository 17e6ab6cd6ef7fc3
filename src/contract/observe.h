/*-------------------------------------------------------------------------
 *
 * observe.h
 *		What the values of one column have in common, seen one after the other in
 *		memory that does not grow with their number.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_CONTRACT_OBSERVE_H
#define DATAMESH_CONTRACT_OBSERVE_H

#include "fmgr.h"

#define DM_MAX_VALUES 20 /* more distinct values than these are no list of allowed values */
#define DM_MAX_RUNS 16   /* longer forms are no pattern */

typedef struct DmRun
{
	char kind; /* a letter of the alphabet's name (observe.c), or the punctuation itself */
	int min;
	int max;
} DmRun;

/* The form that all values share: runs of characters of one kind. */
typedef struct DmForm
{
	bool broken; /* they share none */
	int count;
	DmRun runs[DM_MAX_RUNS];
} DmForm;

#define DM_FORMS 3

typedef enum DmObserveKind
{
	DM_OBSERVE_NULLS, /* nothing but whether there is a value */
	DM_OBSERVE_TEXT,
	DM_OBSERVE_ORDER, /* numbers, dates and timestamps: least and greatest */
} DmObserveKind;

typedef struct DmObservation
{
	DmObserveKind kind;
	Oid type; /* of the values, no domain */
	int16 typlen;
	bool typbyval;
	FmgrInfo *compare;
	MemoryContext context; /* what is kept */

	int64 rows;
	int64 nulls;

	/* DM_OBSERVE_ORDER; infinities are counted, not kept */
	int64 nans;
	int64 minus_infinities;
	int64 plus_infinities;
	bool has_bounds;
	Datum least;
	Datum greatest;

	/* DM_OBSERVE_TEXT */
	int shortest; /* in characters */
	int longest;
	int value_count; /* DM_MAX_VALUES + 1: too many */
	char *values[DM_MAX_VALUES];
	int value_lengths[DM_MAX_VALUES];
	DmForm forms[DM_FORMS];
} DmObservation;

/* type is the base type of the column; what is kept is kept in the current memory context. */
extern void DmObservationInit(DmObservation *observation, Oid type);
extern void DmObserve(DmObservation *observation, Datum value, bool isnull);

/* The regular expression that all values match, or NULL if they share no telling form. */
extern char *DmObservedPattern(const DmObservation *observation);
/* A bound as JSON has it (numbers) or as text (dates, timestamps); NULL if there is none. */
extern char *DmObservedBound(const DmObservation *observation, bool greatest);

#endif /* DATAMESH_CONTRACT_OBSERVE_H */
