/*-------------------------------------------------------------------------
 *
 * reading.h
 *		What a query on a port gets.
 *
 *	timetravel.c		the release that a snapshot sees; as_of, at_release
 *	fold.c				what the views of ports ask is asked once for a query
 *	fold_plan.c			queries on ports are planned for the release and the reader of the moment
 *	explain.c, explain_print.c, explain_execute.c
 *						EXPLAIN shows no more of a port than its reader may see
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_READING_READING_H
#define DATAMESH_READING_READING_H

#include "fmgr.h"
#include "utils/snapshot.h"

extern Datum dm_current_release(PG_FUNCTION_ARGS);

/* The release that a port shows to a snapshot; *newest: it is the one of the newest snapshot too. */
extern bool DmReleaseSeen(int32 port_id, Snapshot snapshot, int32 *release, bool *newest);
/* An error if the release has been dropped. */
extern void DmReleaseRequire(int32 release);

#endif /* DATAMESH_READING_READING_H */
