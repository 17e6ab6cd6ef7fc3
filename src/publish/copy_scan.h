/*-------------------------------------------------------------------------
 *
 * copy_scan.h
 *		A node of the executor that measures rows and forms them into tuples.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_PUBLISH_COPY_SCAN_H
#define DATAMESH_PUBLISH_COPY_SCAN_H

#include "nodes/plannodes.h"

/*
 * Put it on the plan of a query whose rows are the columns of "release" and, behind them, the inputs of an
 * observer with this specification (NULL: there are none).  What the query then returns are rows of two columns,
 * either of which may be null: a block of tuples (tuple.h), and what an observer has seen
 * (quality.h).  Below the Gather of a parallel plan there is one in each process.
 */
extern void DmCopyScanAdd(PlannedStmt *planned, Oid release, const char *spec);

/* Would there be one in each process? */
extern bool DmCopyScanIsShared(const PlannedStmt *planned);

#endif /* DATAMESH_PUBLISH_COPY_SCAN_H */
