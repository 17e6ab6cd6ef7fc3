/*-------------------------------------------------------------------------
 *
 * measure_state.h
 *		What a measure has found so far.  Known to measure.c, measure_store.c and
 *		measure_sql.c only.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_QUALITY_MEASURE_STATE_H
#define DATAMESH_QUALITY_MEASURE_STATE_H

#include "utils/expandeddatum.h"

#include "quality/column_stats.h"
#include "quality/measure.h"
#include "quality/measure_program.h"
#include "quality/unique.h"

/* A key in a sample; the texts are one for each of the program's keys, NULL for null. */
typedef struct DmSampleKey
{
	uint64 hash;
	char **texts;
} DmSampleKey;

typedef struct DmProbeState
{
	int64 rows; /* that passed the filter; of a probe without one, see DmMeasure.rows */
	int64 failing;
	int64 nulls;
	int64 nans;
	const char *error; /* then nothing else is set */

	int nkeys;
	DmSampleKey *keys; /* ascending by hash; no two hashes are the same */

	bool exact; /* unique: the hashes are as good as the values */
	DmUnique *unique;
	DmStats *stats;
	uint8 *registers; /* distinct; NULL before the first value */
} DmProbeState;

#define DM_MEASURE_MAGIC 0x6D657375

/* The expanded form of the SQL type. */
struct DmMeasure
{
	ExpandedObjectHeader header;
	int magic;
	DmProgram *program; /* shared; lives longer */
	Size memory_budget;
	int64 rows;
	DmProbeState *states;
};

/* An empty one in a context of its own below parent. */
extern DmMeasure *DmMeasureMake(MemoryContext parent, DmProgram *program, Size memory_budget);

/* An empty one of the same specification, which only merges; it shares nothing with the other. */
extern DmMeasure *DmMeasureMakeLike(MemoryContext parent, const DmMeasure *other);

/* Unique probes may hold as much as memory_budget allows, if they could hold less. */
extern void DmMeasureRaiseBudget(DmMeasure *measure, Size memory_budget);

extern void DmSampleAdd(DmMeasure *measure, DmProbeState *state, uint64 hash, char **texts);

/* measure_store.c */
extern const ExpandedObjectMethods dm_measure_methods;

/*
 * From the stored form.  "like" is a measure whose program may be used if it is the same, or NULL.
 * borrow: the bytes outlive the measure, and it will only be read.
 */
extern DmMeasure *DmMeasureRead(MemoryContext parent, const char *data, Size size, DmMeasure *like,
								bool borrow);

/* Formats of dates and the like must not depend on the session while values are stored. */
extern int DmPinFormats(void);
extern void DmUnpinFormats(int level);

#endif /* DATAMESH_QUALITY_MEASURE_STATE_H */
