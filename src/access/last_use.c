/*-------------------------------------------------------------------------
 *
 * last_use.c
 *		When each role last read a data product, so that access nobody uses can be found.
 *
 * Reading writes nothing: a reader may be in a read-only transaction, or on a
 * standby.  So it is remembered in shared memory, by preloaded libraries only, from the
 * start of the server on, and says since when it has looked.  What is not remembered is not
 * known, and never "unused".
 *
 * Kept by role and product: of grants, consumers and stewards, which are what a review can
 * end.  A query takes the lock at most once a minute for the same product and role.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/acl.h"
#include "utils/timestamp.h"

#include "access/engine.h"
#include "base/compat.h"
#include "base/module.h"

PG_FUNCTION_INFO_V1(dm_last_use);

#define MOST_USES 16384
#define SAME_USE (USECS_PER_SEC * 60)

typedef struct UseKey
{
	Oid database;
	int32 product_id;
	Oid role;
} UseKey;

typedef struct Use
{
	UseKey key;
	TimestampTz at;
} Use;

/* In shared memory. */
typedef struct Uses
{
	LWLock *lock;
	TimestampTz since;
	bool full; /* some role is not remembered */
} Uses;

static const char *const tranche = "datamesh last use";

static shmem_request_hook_type next_request = NULL;
static shmem_startup_hook_type next_startup = NULL;

static Uses *uses = NULL;
static HTAB *table = NULL;

static Size
most_memory(void)
{
	return add_size(MAXALIGN(sizeof(Uses)), hash_estimate_size(MOST_USES, sizeof(Use)));
}

static void
request_memory(void)
{
	if (next_request != NULL)
		next_request();
	RequestAddinShmemSpace(most_memory());
	RequestNamedLWLockTranche(tranche, 1);
}

static void
find_memory(void)
{
	HASHCTL control = {.keysize = sizeof(UseKey), .entrysize = sizeof(Use)};
	bool found;

	if (next_startup != NULL)
		next_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	uses = ShmemInitStruct("datamesh last use", sizeof(Uses), &found);
	if (!found)
	{
		uses->lock = &(GetNamedLWLockTranche(tranche))->lock;
		uses->since = GetCurrentTimestamp();
		uses->full = false;
	}
	table = ShmemInitHash("datamesh last uses", MOST_USES, MOST_USES, &control,
						  HASH_ELEM | HASH_BLOBS | HASH_FIXED_SIZE);
	LWLockRelease(AddinShmemInitLock);
}

void
DmLastUseInit(void)
{
	next_request = shmem_request_hook;
	shmem_request_hook = request_memory;
	next_startup = shmem_startup_hook;
	shmem_startup_hook = find_memory;
}

static void
record(const UseKey *key, TimestampTz now)
{
	Use *use;

	LWLockAcquire(uses->lock, LW_EXCLUSIVE);
	use = hash_search(table, key, HASH_ENTER_NULL, NULL);
	if (use != NULL)
		use->at = now;
	else
		uses->full = true;
	LWLockRelease(uses->lock);
}

void
DmLastUseRecord(const DmPortReaders *port, const List *readers)
{
	static UseKey last;
	static TimestampTz last_at = 0;
	TimestampTz now = GetCurrentStatementStartTimestamp();
	ListCell *cell;

	if (uses == NULL || IsParallelWorker())
		return;
	foreach (cell, readers)
	{
		const DmReader *reader = lfirst(cell);
		UseKey key = {MyDatabaseId, port->product_id, reader->role};

		if (reader->kind != DM_READER_GRANT && reader->kind != DM_READER_CONSUMER &&
			reader->kind != DM_READER_STEWARD)
			continue;
		if (memcmp(&key, &last, sizeof(key)) == 0 && now >= last_at && now - last_at < SAME_USE)
			continue;
		record(&key, now);
		last = key;
		last_at = now;
	}
}

/* It is for the domain, and for the role itself, to know. */
static bool
may_know(const UseKey *key)
{
	Oid owner = DmProductOwner(key->product_id);

	return has_privs_of_role(GetUserId(), key->role) ||
		   (OidIsValid(owner) && has_privs_of_role(GetUserId(), owner));
}

/* datamesh.last_use(product_id integer, role oid, OUT used timestamptz, OUT since timestamptz) */
Datum
dm_last_use(PG_FUNCTION_ARGS)
{
	UseKey key = {MyDatabaseId, PG_GETARG_INT32(0), PG_GETARG_OID(1)};
	Datum values[2] = {0};
	bool nulls[2] = {true, true};
	TupleDesc desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "last_use returns a row");
	if (uses != NULL && may_know(&key))
	{
		const Use *use;

		LWLockAcquire(uses->lock, LW_SHARED);
		use = hash_search(table, &key, HASH_FIND, NULL);
		if (use != NULL)
			values[0] = TimestampTzGetDatum(use->at);
		values[1] = TimestampTzGetDatum(uses->since);
		nulls[0] = use == NULL;
		nulls[1] = use == NULL && uses->full;
		LWLockRelease(uses->lock);
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
