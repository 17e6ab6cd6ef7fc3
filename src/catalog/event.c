/*-------------------------------------------------------------------------
 *
 * event.c
 *		The event log: one row for each change of state, append-only and
 *		chained by hashes.
 *
 * What it keeps true:
 *
 * - Events are numbered 1, 2, 3, ... without gaps, in the order in which their
 *	 transactions commit.  An append takes ShareRowExclusiveLock on
 *	 event_log_head and keeps it to the end of the transaction, so at most one
 *	 transaction has an uncommitted event.  The lock conflicts with itself and
 *	 with whoever edits the head, not with readers, pg_dump or ANALYZE's rivals.
 *	 What people may do within longer transactions of theirs takes it when they
 *	 commit (DmEventAppendAtEnd), so that nobody holds up the mesh by waiting.
 *
 * - That holds at every isolation level.  Once the lock is ours, every other
 *	 appender has committed or aborted, so the head is read with SnapshotSelf
 *	 (the newest committed version, or our own), not with the transaction's
 *	 snapshot, which may be older than the last event.  For the same reason the
 *	 head is written by simple_heap_update: the executor would refuse, under
 *	 REPEATABLE READ, to update a row that changed since the snapshot, although
 *	 nothing that the transaction has *read* has changed.  SnapshotSelf takes no
 *	 predicate lock either, so that appends alone never make two serializable
 *	 transactions fail.
 *
 * - Each hash is SHA-256 over every column of the row and the hash before it,
 *	 each with its length in front and in UTF-8, so that no two different rows
 *	 have one encoding and a dump restored under another server encoding still
 *	 verifies.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "commands/async.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/errors.h"
#include "base/session.h"
#include "catalog/catalog.h"

PG_FUNCTION_INFO_V1(dm_event_hash);
PG_FUNCTION_INFO_V1(dm_event_log_guard);

/* datamesh.event_log and datamesh.event_log_head, column by column */
enum
{
	LOG_EVENT_ID,
	LOG_OCCURRED_AT,
	LOG_KIND,
	LOG_ACTOR,
	LOG_PRODUCT,
	LOG_VERSION,
	LOG_DETAILS,
	LOG_PREVIOUS_HASH,
	LOG_HASH,
	LOG_COLUMNS
};

enum
{
	HEAD_ONLY_ROW,
	HEAD_EVENT_ID,
	HEAD_HASH,
	HEAD_COLUMNS
};

#define EVENT_CHANNEL "datamesh"

typedef struct Event
{
	int64 event_id;
	TimestampTz occurred_at;
	const char *kind;
	const char *actor;
	const char *product; /* NULL: none */
	const char *version; /* NULL: none */
	const char *details; /* jsonb as text */
	bytea *previous_hash;
} Event;

static void
hash_failed(pg_cryptohash_ctx *context)
{
	ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR),
					errmsg("could not compute SHA-256: %s", pg_cryptohash_error(context))));
}

/* One field: its length in eight bytes, most significant first, then its bytes; NULL is -1. */
static void
hash_field(pg_cryptohash_ctx *context, const void *data, int64 length)
{
	uint64 prefix = pg_hton64((uint64) (data == NULL ? -1 : length));

	if (pg_cryptohash_update(context, (const uint8 *) &prefix, sizeof(prefix)) < 0)
		hash_failed(context);
	if (data != NULL && length > 0 && pg_cryptohash_update(context, data, length) < 0)
		hash_failed(context);
}

static void
hash_number(pg_cryptohash_ctx *context, int64 value)
{
	uint64 bytes = pg_hton64((uint64) value);

	hash_field(context, &bytes, sizeof(bytes));
}

static void
hash_text(pg_cryptohash_ctx *context, const char *value)
{
	char *utf8;

	if (value == NULL)
	{
		hash_field(context, NULL, 0);
		return;
	}
	utf8 = pg_server_to_any(value, strlen(value), PG_UTF8);
	hash_field(context, utf8, strlen(utf8));
}

static void
hash_event_fields(pg_cryptohash_ctx *context, const Event *event)
{
	hash_text(context, "datamesh event 1");
	hash_field(context, VARDATA_ANY(event->previous_hash), VARSIZE_ANY_EXHDR(event->previous_hash));
	hash_number(context, event->event_id);
	hash_number(context, event->occurred_at);
	hash_text(context, event->kind);
	hash_text(context, event->actor);
	hash_text(context, event->product);
	hash_text(context, event->version);
	hash_text(context, event->details);
}

/* The hash of an event; the context of the hash is freed however this ends. */
static bytea *
hash_event(const Event *event)
{
	bytea *result = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);

	if (context == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	SET_VARSIZE(result, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	PG_TRY();
	{
		if (pg_cryptohash_init(context) < 0)
			hash_failed(context);
		hash_event_fields(context, event);
		if (pg_cryptohash_final(context, (uint8 *) VARDATA(result), PG_SHA256_DIGEST_LENGTH) < 0)
			hash_failed(context);
	}
	PG_FINALLY();
	{
		pg_cryptohash_free(context);
	}
	PG_END_TRY();
	return result;
}

static char *
jsonb_text(const Jsonb *value)
{
	return JsonbToCString(NULL, (JsonbContainer *) &value->root, VARSIZE_ANY_EXHDR(value));
}

static char *
text_argument(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/*
 * event_hash(event_id, occurred_at, kind, actor, product, version, details, previous_hash): the
 * hash that an event with these columns must have.  Product and version may be null.
 */
Datum
dm_event_hash(PG_FUNCTION_ARGS)
{
	Event event;

	for (int i = 0; i < 8; i++)
		if (PG_ARGISNULL(i) && i != LOG_PRODUCT && i != LOG_VERSION)
			PG_RETURN_NULL();

	event.event_id = PG_GETARG_INT64(0);
	event.occurred_at = PG_GETARG_TIMESTAMPTZ(1);
	event.kind = text_argument(fcinfo, 2);
	event.actor = NameStr(*PG_GETARG_NAME(3));
	event.product = text_argument(fcinfo, 4);
	event.version = text_argument(fcinfo, 5);
	event.details = jsonb_text(PG_GETARG_JSONB_P(6));
	event.previous_hash = PG_GETARG_BYTEA_PP(7);
	PG_RETURN_BYTEA_P(hash_event(&event));
}

/* Refuses what would change the past.  INSERT is left open, because a restore needs it. */
Datum
dm_event_log_guard(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	const char *verb = "change";

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("dm_event_log_guard must be called as a trigger")));
	if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		verb = "delete from";
	else if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		verb = "update";
	else if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
		verb = "truncate";
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("cannot %s \"%s\": the event log is append-only", verb,
					RelationGetRelationName(trigger->tg_relation)),
			 errdetail("Each event's hash covers the one before it, so that a change of the past "
					   "would be found by datamesh.verify_event_log()."),
			 errhint("A mistake is mended by doing the right thing, which adds an event.")));
	PG_RETURN_NULL();
}

static Relation
open_log_table(const char *name, LOCKMODE lock)
{
	Oid relid = get_relname_relid(name, DmExtensionSchema());

	if (!OidIsValid(relid))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
						errmsg("relation \"datamesh.%s\" does not exist", name)));
	return table_open(relid, lock);
}

static bool
is_empty(Relation rel)
{
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, SnapshotSelf, 0, NULL);
	bool empty = !HeapTupleIsValid(systable_getnext(scan));

	systable_endscan(scan);
	return empty;
}

/* A log with events but no head was tampered with: nobody can say any more where it ended. */
static void
require_empty_log(Relation log)
{
	if (!is_empty(log))
		ereport(ERROR,
				(errcode(ERRCODE_DM_EVENT_LOG_TAMPERED),
				 errmsg("the event log has events but no head"),
				 errdetail("datamesh.event_log_head is empty, so it cannot be told which event "
						   "was the last."),
				 errhint("Restore datamesh.event_log_head from a dump, and see "
						 "datamesh.verify_event_log().")));
}

/*
 * The head's row as the last committed transaction left it, or as we did ourselves; NULL before
 * the first event.  The lock that makes it safe to go on from it is held.
 */
static HeapTuple
read_head(Relation head)
{
	SysScanDesc scan = systable_beginscan(head, InvalidOid, false, SnapshotSelf, 0, NULL);
	HeapTuple tuple = systable_getnext(scan);

	if (HeapTupleIsValid(tuple))
		tuple = heap_copytuple(tuple);
	systable_endscan(scan);
	return tuple;
}

static bytea *
zero_hash(void)
{
	bytea *result = palloc0(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);

	SET_VARSIZE(result, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	return result;
}

/* Fill in the event's number and the hash before it from the head. */
static void
follow_head(Event *event, Relation head, Relation log, HeapTuple head_tuple)
{
	Datum values[HEAD_COLUMNS];
	bool nulls[HEAD_COLUMNS];

	if (head_tuple == NULL)
	{
		require_empty_log(log);
		event->event_id = 1;
		event->previous_hash = zero_hash();
		return;
	}
	heap_deform_tuple(head_tuple, RelationGetDescr(head), values, nulls);
	event->event_id = DatumGetInt64(values[HEAD_EVENT_ID]) + 1;
	event->previous_hash = DatumGetByteaPP(values[HEAD_HASH]);
}

static void
write_head(Relation head, HeapTuple old, const Event *event, bytea *hash)
{
	Datum values[HEAD_COLUMNS];
	bool nulls[HEAD_COLUMNS] = {false};
	HeapTuple tuple;

	values[HEAD_ONLY_ROW] = BoolGetDatum(true);
	values[HEAD_EVENT_ID] = Int64GetDatum(event->event_id);
	values[HEAD_HASH] = PointerGetDatum(hash);
	tuple = heap_form_tuple(RelationGetDescr(head), values, nulls);
	if (old == NULL)
		CatalogTupleInsert(head, tuple);
	else
		CatalogTupleUpdate(head, &old->t_self, tuple);
}

/* The first event of this database's own: it is no restore any more (restore.c). */
static void
note_first(const Event *event)
{
	Relation local = open_log_table("event_log_local", RowExclusiveLock);
	Datum values[] = {BoolGetDatum(true), Int64GetDatum(event->event_id)};
	bool nulls[] = {false, false};

	if (is_empty(local))
		CatalogTupleInsert(local, heap_form_tuple(RelationGetDescr(local), values, nulls));
	table_close(local, NoLock);
}

static void
write_event(Relation log, const Event *event, const Jsonb *details, bytea *hash)
{
	Datum values[LOG_COLUMNS];
	bool nulls[LOG_COLUMNS] = {false};
	NameData actor;

	namestrcpy(&actor, event->actor);
	values[LOG_EVENT_ID] = Int64GetDatum(event->event_id);
	values[LOG_OCCURRED_AT] = TimestampTzGetDatum(event->occurred_at);
	values[LOG_KIND] = CStringGetTextDatum(event->kind);
	values[LOG_ACTOR] = NameGetDatum(&actor);
	nulls[LOG_PRODUCT] = (event->product == NULL);
	values[LOG_PRODUCT] = event->product ? CStringGetTextDatum(event->product) : (Datum) 0;
	nulls[LOG_VERSION] = (event->version == NULL);
	values[LOG_VERSION] = event->version ? CStringGetTextDatum(event->version) : (Datum) 0;
	values[LOG_DETAILS] = PointerGetDatum(details);
	values[LOG_PREVIOUS_HASH] = PointerGetDatum(event->previous_hash);
	values[LOG_HASH] = PointerGetDatum(hash);
	CatalogTupleInsert(log, heap_form_tuple(RelationGetDescr(log), values, nulls));
}

static void
append_json(StringInfo out, const char *key, const char *value)
{
	if (value == NULL)
		return;
	appendStringInfo(out, ", \"%s\": ", key);
	escape_json(out, value);
}

/*
 * Tell whoever listens.  The payload is small whatever the event holds, because NOTIFY refuses
 * 8000 bytes; with the hash in it, a listener that keeps what it hears can prove the log later.
 */
static void
notify(const Event *event, bytea *hash)
{
	StringInfoData payload;

	initStringInfo(&payload);
	appendStringInfo(&payload, "{\"event\": " INT64_FORMAT, event->event_id);
	append_json(&payload, "kind", event->kind);
	append_json(&payload, "product", event->product);
	append_json(&payload, "version", event->version);
	appendStringInfoString(&payload, ", \"hash\": \"");
	for (int i = 0; i < VARSIZE_ANY_EXHDR(hash); i++)
		appendStringInfo(&payload, "%02x", (uint8) VARDATA_ANY(hash)[i]);
	appendStringInfoString(&payload, "\"}");
	if (payload.len < 7900)
		Async_Notify(EVENT_CHANNEL, payload.data);
	pfree(payload.data);
}

/*
 * Code of a domain, which is what runs so, can read: what it changed while its product is being
 * judged, the contract above all, would be published unjudged.
 */
static void
require_right_to_append(const char *kind)
{
	if (InSecurityRestrictedOperation())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot change the mesh within a security-restricted operation"),
				 errdetail("Sources, checks and types of a domain can read; the event \"%s\" would "
						   "be a change.",
						   kind)));
	PreventCommandIfReadOnly("an event of datamesh");
	PreventCommandIfParallelMode("an event of datamesh");
}

static int64
append(const char *kind, const char *actor, const char *product, const char *version,
	   const Jsonb *details)
{
	Event event = {.kind = kind, .actor = actor, .product = product, .version = version};
	Relation head;
	Relation log;
	HeapTuple head_tuple;
	bytea *hash;

	head = open_log_table("event_log_head", ShareRowExclusiveLock);
	log = open_log_table("event_log", RowExclusiveLock);
	head_tuple = read_head(head);
	follow_head(&event, head, log, head_tuple);
	event.occurred_at = GetCurrentTimestamp();
	event.details = jsonb_text(details);
	hash = hash_event(&event);

	write_event(log, &event, details, hash);
	write_head(head, head_tuple, &event, hash);
	note_first(&event);
	table_close(log, NoLock);
	table_close(head, NoLock);
	/* A second event of the same command must find the first. */
	CommandCounterIncrement();

	notify(&event, hash);
	return event.event_id;
}

/* ---- events that wait for the end of the transaction ---- */

/*
 * Whoever appends holds up everybody else's events, publishes among them, until the transaction ends.  That
 * must be over soon, and a stranger who may ask for access may also leave the transaction open.  So what
 * is not at the end of its transaction waits here, in the order in which it happened, and is appended
 * when the transaction commits.
 */
typedef struct Waiting
{
	int level; /* of the (sub)transaction that it belongs to */
	char *kind;
	char *actor;
	char *product;
	char *version;
	Jsonb *details;
} Waiting;

static List *waiting = NIL; /* in TopTransactionContext */

static void
append_waiting(void)
{
	List *events = waiting;
	ListCell *cell;

	waiting = NIL;
	foreach (cell, events)
	{
		const Waiting *event = lfirst(cell);

		append(event->kind, event->actor, event->product, event->version, event->details);
	}
}

static void
end_transaction(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE)
	{
		/* DROP EXTENSION in the same transaction takes the log with it */
		if (waiting == NIL || !OidIsValid(get_extension_oid("datamesh", true)))
			return;
		PushActiveSnapshot(GetTransactionSnapshot());
		append_waiting();
		PopActiveSnapshot();
	}
	else if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		waiting = NIL;
}

static void
end_subtransaction(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	int level = GetCurrentTransactionNestLevel();
	ListCell *cell;

	if (event != SUBXACT_EVENT_ABORT_SUB && event != SUBXACT_EVENT_COMMIT_SUB)
		return;
	foreach (cell, waiting)
	{
		Waiting *wait = lfirst(cell);

		if (wait->level < level)
			continue;
		if (event == SUBXACT_EVENT_ABORT_SUB)
			waiting = foreach_delete_current (waiting, cell);
		else
			wait->level = level - 1;
	}
}

int64
DmEventAppend(const char *kind, const char *product, const char *version, const Jsonb *details)
{
	require_right_to_append(kind);
	append_waiting();
	return append(kind, GetUserNameFromId(GetSessionUserId(), false), product, version, details);
}

void
DmEventAppendAtEnd(const char *kind, const char *product, const char *version, const Jsonb *details)
{
	static bool registered = false;
	MemoryContext old;
	Waiting *event;

	require_right_to_append(kind);
	if (!registered)
	{
		RegisterXactCallback(end_transaction, NULL);
		RegisterSubXactCallback(end_subtransaction, NULL);
		registered = true;
	}
	old = MemoryContextSwitchTo(TopTransactionContext);
	event = palloc(sizeof(Waiting));
	event->level = GetCurrentTransactionNestLevel();
	event->kind = pstrdup(kind);
	event->actor = GetUserNameFromId(GetSessionUserId(), false);
	event->product = product != NULL ? pstrdup(product) : NULL;
	event->version = version != NULL ? pstrdup(version) : NULL;
	event->details = (Jsonb *) PG_DETOAST_DATUM_COPY(JsonbPGetDatum(details));
	waiting = lappend(waiting, event);
	MemoryContextSwitchTo(old);
}
