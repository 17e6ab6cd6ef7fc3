/*-------------------------------------------------------------------------
 *
 * lock.c
 *		AccessExclusiveLocks that nobody queues behind.
 *
 * A session that waits for an AccessExclusiveLock makes every later reader of
 * the relation wait behind it, for as long as the oldest reader takes.  So we
 * never wait in the queue: all locks are taken conditionally, all or none, and
 * between two tries we sleep with none of them held.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "base/errors.h"
#include "base/lock.h"
#include "base/session.h"
#include "base/settings.h"
#include "publish/publish.h"

#define FIRST_SLEEP 5     /* ms */
#define LONGEST_SLEEP 100 /* ms */

/* All of them, and InvalidOid; or none, and the one that somebody else uses. */
static Oid
lock_all(Oid head, List *relids)
{
	ListCell *cell;

	if (!ConditionalLockRelationOid(head, ShareRowExclusiveLock))
		return head;
	foreach (cell, relids)
	{
		if (ConditionalLockRelationOid(lfirst_oid(cell), AccessExclusiveLock))
			continue;
		for (int i = 0; i < foreach_current_index(cell); i++)
			UnlockRelationOid(list_nth_oid(relids, i), AccessExclusiveLock);
		UnlockRelationOid(head, ShareRowExclusiveLock);
		return lfirst_oid(cell);
	}
	return InvalidOid;
}

/*
 * All of them, or none.  The head of the event log is among them: what we do under these locks
 * ends with an event, and must not wait for somebody else's.  Autovacuum, which may be at work on
 * each of them, is sent away while we hold none.
 */
bool
DmLockAtOnce(List *relids)
{
	Oid head = get_relname_relid("event_log_head", DmExtensionSchema());

	if (relids == NIL)
		return true;
	for (int i = 0; i <= list_length(relids); i++)
	{
		Oid in_use = lock_all(head, relids);

		if (!OidIsValid(in_use))
			return true;
		if (!DmSendAutovacuumAway(in_use,
								  in_use == head ? ShareRowExclusiveLock : AccessExclusiveLock))
			return false;
	}
	return false;
}

/* "pid 123 (alice), pid 456 (bob)": who holds locks on the relations just now. */
static char *
holders(List *relids)
{
	Datum *oids = palloc(sizeof(Datum) * list_length(relids));
	Datum argument;
	Oid type = OIDARRAYOID;
	ListCell *cell;
	char *result;

	foreach (cell, relids)
		oids[foreach_current_index(cell)] = ObjectIdGetDatum(lfirst_oid(cell));
	argument = PointerGetDatum(
		construct_array(oids, list_length(relids), OIDOID, sizeof(Oid), true, TYPALIGN_INT));
	DmSpiExecute(
		"SELECT pg_catalog.string_agg(pg_catalog.format('pid %s (%s)', pid, usename), ', ' ORDER "
		"BY pid) "
		"FROM (SELECT DISTINCT l.pid, a.usename FROM pg_catalog.pg_locks l "
		"LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid "
		"WHERE l.locktype = 'relation' AND l.granted AND l.pid <> pg_catalog.pg_backend_pid() "
		"AND l.database = (SELECT oid FROM pg_catalog.pg_database "
		"WHERE datname = pg_catalog.current_database()) "
		"AND l.relation = ANY ($1)) h",
		1, &type, &argument, NULL, true);
	result = DmSpiText(0, 1);
	return result != NULL ? result : "sessions that have ended since";
}

/*
 * Take AccessExclusiveLock on all of relids, trying for datamesh.switch_timeout.
 * Needs a connected SPI.  "purpose" completes "could not ...".
 */
void
DmLockWithoutQueue(List *relids, const char *purpose)
{
	TimestampTz give_up = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), dm_switch_timeout);
	long sleep = FIRST_SLEEP;
	DmIdentity saved;

	if (DmLockAtOnce(relids))
		return;
	DmProgressPhase(DM_PHASE_READERS);
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		if (dm_switch_timeout > 0 && GetCurrentTimestamp() >= give_up)
			break;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, sleep,
						 PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		if (DmLockAtOnce(relids))
			return;
		sleep = Min(sleep * 2, LONGEST_SLEEP);
	}

	DmBecomeExtensionOwner(&saved);
	ereport(ERROR, (errcode(ERRCODE_DM_SWITCH_TIMEOUT),
					errmsg("could not %s within %d ms: it is in use", purpose, dm_switch_timeout),
					errdetail("Transactions that use it are open in %s.", holders(relids)),
					errhint("Try again when they have ended, or give it longer with SET "
							"datamesh.switch_timeout. Readers are never made to wait for this.")));
}
