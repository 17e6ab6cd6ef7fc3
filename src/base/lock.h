/*-------------------------------------------------------------------------
 *
 * lock.h
 *		Locks on relations that are had at once or not at all.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_BASE_LOCK_H
#define DATAMESH_BASE_LOCK_H

#include "storage/lockdefs.h"

/* As ConditionalLockRelationOid, but autovacuum gives way, as it does to whoever waits. */
extern bool DmLockNow(Oid relid, LOCKMODE mode);

/*
 * If nobody but autovacuum keeps us from this lock: send it away, wait until it has gone, and say
 * true.  False, at once, if anybody else does.  The caller should hold no lock that others want.
 */
extern bool DmSendAutovacuumAway(Oid relid, LOCKMODE mode);

#endif /* DATAMESH_BASE_LOCK_H */
