/*-------------------------------------------------------------------------
 *
 * column_stats.h
 *		Extremes, sum, mean and deviation of the values of one column.
 *
 * See column_stats.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_QUALITY_COLUMN_STATS_H
#define DATAMESH_QUALITY_COLUMN_STATS_H

#include "utils/jsonb.h"

#include "quality/bytes.h"

typedef struct DmStats DmStats;

/* In the current memory context.  A type without an order has only counts. */
extern DmStats *DmStatsCreate(Oid type, Oid collation);
extern DmStats *DmStatsCreateLike(const DmStats *other);
extern void DmStatsAdd(DmStats *stats, Datum value, bool *is_nan); /* never a null */
extern void DmStatsMerge(DmStats *into, DmStats *from);

/* Pushes "count", "min", "max", "sum", "mean", "stddev_samp" and "stddev_pop" as far as defined. */
extern void DmStatsResult(DmStats *stats, JsonbParseState **json);

extern void DmStatsWrite(DmWriter *w, DmStats *stats);
extern void DmStatsRead(DmReader *r, DmStats *stats);

#endif /* DATAMESH_QUALITY_COLUMN_STATS_H */
