/*-------------------------------------------------------------------------
 *
 * lock.c
 *		Locks on relations that are had at once or not at all.
 *
 * Whoever waits for a lock that autovacuum holds gets it: after deadlock_timeout
 * the server cancels the worker (deadlock.c), unless it works against the
 * wraparound of transaction numbers.  Who never waits in the queue, so that nobody queues
 * behind him, would find the relation in use for as long as autovacuum takes, which
 * may be hours.  So we cancel it as the server would.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>

#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "utils/wait_event.h"

#include "base/compat.h"
#include "base/lock.h"

#define MOST_SLEEPS 100
#define SLEEP 10 /* ms */

/* Cancel it if it is autovacuum that may be cancelled; false if it is anything else. */
static bool
cancel_autovacuum(const VirtualTransactionId *holder)
{
	PGPROC *proc;
	bool is_autovacuum = true;
	int pid = 0;

	if (VirtualTransactionIdIsRecoveredPreparedXact(*holder))
		return false;
	proc = DmProcOfTransaction(*holder);
	if (proc == NULL)
		return true; /* it has just ended */
	LWLockAcquire(ProcArrayLock, LW_SHARED);
	if (proc->pid != 0)
	{
		is_autovacuum = (proc->statusFlags & PROC_IS_AUTOVACUUM) != 0 &&
						(proc->statusFlags & PROC_VACUUM_FOR_WRAPAROUND) == 0;
		pid = is_autovacuum ? proc->pid : 0;
	}
	LWLockRelease(ProcArrayLock);
	if (pid != 0)
		(void) kill(pid, SIGINT);
	return is_autovacuum;
}

/* False if somebody holds it that we cannot send away; else the number of those who still do. */
static bool
cancel_holders(Oid relid, LOCKMODE mode, int *holders)
{
	LOCKTAG tag;
	VirtualTransactionId *conflicts;

	SET_LOCKTAG_RELATION(tag, MyDatabaseId, relid);
	conflicts = GetLockConflicts(&tag, mode, holders);
	for (int i = 0; i < *holders; i++)
		if (!cancel_autovacuum(&conflicts[i]))
			return false;
	return true;
}

bool
DmSendAutovacuumAway(Oid relid, LOCKMODE mode)
{
	for (int i = 0; i < MOST_SLEEPS; i++)
	{
		int holders;

		if (!cancel_holders(relid, mode, &holders))
			return false;
		if (holders == 0)
			return true;
		CHECK_FOR_INTERRUPTS();
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, SLEEP,
						 PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
	return false;
}

bool
DmLockNow(Oid relid, LOCKMODE mode)
{
	return ConditionalLockRelationOid(relid, mode) ||
		   (DmSendAutovacuumAway(relid, mode) && ConditionalLockRelationOid(relid, mode));
}
