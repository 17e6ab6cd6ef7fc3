/*-------------------------------------------------------------------------
 *
 * timetravel.c
 *		Which release a port shows: current_release, as_of, at_release.
 *
 * A port's view reads "WHERE datamesh_release = datamesh.current_release(port)".
 * The function looks datamesh.port up with the snapshot of the query that asks,
 * so that the release and its rows are seen, or not seen, together.  It goes to
 * the table directly: a reader needs no privilege on our catalog, and the look-up
 * costs one index descent, once for each execution of a query.
 *
 * Two things a snapshot can be too old for are errors and never an empty answer:
 * a port that was made after it, and a release that retention has dropped since.
 *
 * Whether the reader's access has expired or was revoked is asked at the same time (DmAccessRequire).
 *
 * as_of and at_release read the very same view with another answer: an override
 * that is in force while that one query runs, in this process (the query is
 * planned without parallel workers, which would not know of it).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/tstoreReceiver.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "access/access.h"
#include "base/compat.h"
#include "base/errors.h"
#include "base/names.h"
#include "base/session.h"
#include "reading/reading.h"

PG_FUNCTION_INFO_V1(dm_current_release);
PG_FUNCTION_INFO_V1(dm_as_of);
PG_FUNCTION_INFO_V1(dm_at_release);

/*
 * The answer for the rows of one execution.  The call stands in a filter as well as in the
 * pruning of partitions and is made for each row, so it is remembered; an expression may outlive
 * its snapshot (a plpgsql simple expression does), so the snapshot is remembered with it.  Two
 * snapshots of one subtransaction with the same bounds, the same number of running transactions
 * and the same command see the same: within fixed bounds transactions can only end.
 */
typedef struct Answer
{
	int32 port_id;
	int32 release;
	LocalTransactionId transaction;
	SubTransactionId subtransaction;
	TransactionId xmin;
	TransactionId xmax;
	uint32 xcnt;
	int32 subxcnt;
	CommandId curcid;
} Answer;

typedef struct Override
{
	int32 port_id;
	int32 release;
	struct Override *outer;
} Override;

/* Lives on the C stack of read_into, which always takes it off again. */
static Override *overrides = NULL;

static bool
answer_holds(const Answer *answer, int32 port_id, Snapshot snapshot)
{
	return answer != NULL && answer->port_id == port_id && answer->curcid == snapshot->curcid &&
		   answer->xmin == snapshot->xmin && answer->xmax == snapshot->xmax &&
		   answer->xcnt == snapshot->xcnt && answer->subxcnt == snapshot->subxcnt &&
		   answer->transaction == DmLocalTransaction() &&
		   answer->subtransaction == GetCurrentSubTransactionId();
}

static void
keep_answer(Answer *answer, int32 port_id, int32 release, Snapshot snapshot)
{
	answer->port_id = port_id;
	answer->release = release;
	answer->transaction = DmLocalTransaction();
	answer->subtransaction = GetCurrentSubTransactionId();
	answer->xmin = snapshot->xmin;
	answer->xmax = snapshot->xmax;
	answer->xcnt = snapshot->xcnt;
	answer->subxcnt = snapshot->subxcnt;
	answer->curcid = snapshot->curcid;
}

static Answer *
remember_answer(FunctionCallInfo fcinfo, int32 port_id, int32 release, Snapshot snapshot)
{
	Answer *answer = fcinfo->flinfo->fn_extra;

	if (answer == NULL)
		answer = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(Answer));
	keep_answer(answer, port_id, release, snapshot);
	fcinfo->flinfo->fn_extra = answer;
	return answer;
}

/* A catalog table of ours, open. */
static Relation
open_catalog(const char *table)
{
	Oid relid = get_relname_relid(table, DmExtensionSchema());

	if (!OidIsValid(relid))
		elog(ERROR, "datamesh.%s is missing", table);
	return table_open(relid, AccessShareLock);
}

/*
 * One attribute of the row whose integer key, the first column, is "key".  False: the snapshot sees no
 * such row.  tid is set to where it is.
 */
static bool
read_attribute(Relation rel, int32 key, const char *attribute, Snapshot snapshot, Datum *value,
			   bool *isnull, ItemPointer tid)
{
	ScanKeyData scan_key;
	SysScanDesc scan;
	HeapTuple tuple;
	bool found;

	ScanKeyInit(&scan_key, 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(key));
	scan = systable_beginscan(rel, DmPrimaryKeyIndex(rel), true, snapshot, 1, &scan_key);
	tuple = systable_getnext(scan);
	found = HeapTupleIsValid(tuple);
	if (found)
	{
		*value = heap_getattr(tuple, get_attnum(RelationGetRelid(rel), attribute),
							  RelationGetDescr(rel), isnull);
		*tid = tuple->t_self;
	}
	systable_endscan(scan);
	return found;
}

/*
 * Where the row of a port was found last.  Every query looks its ports up when it starts, and the row
 * is nearly always where it was, which spares the way through the index.  The row itself tells
 * whether it is still the port's, and the one that the snapshot sees.
 */
typedef struct Place
{
	Oid catalog;
	int32 port_id;
	ItemPointerData tid;
} Place;

#define PLACES 64

static Place places[PLACES];

static bool
read_place(const Place *place, Relation rel, int32 port_id, Snapshot snapshot, Datum *value,
		   bool *isnull, bool *newest)
{
	HeapTupleData tuple;
	Buffer buffer;
	bool found;

	if (place->port_id != port_id || place->catalog != RelationGetRelid(rel) ||
		ItemPointerGetBlockNumber(&place->tid) >= RelationGetNumberOfBlocks(rel))
		return false;
	tuple.t_self = place->tid;
	if (!heap_fetch(rel, snapshot, &tuple, &buffer, false))
		return false;
	found = DatumGetInt32(heap_getattr(&tuple, 1, RelationGetDescr(rel), isnull)) == port_id;
	if (found)
		*value = heap_getattr(&tuple, get_attnum(RelationGetRelid(rel), "current_release"),
							  RelationGetDescr(rel), isnull);
	*newest = (tuple.t_data->t_infomask & HEAP_XMAX_INVALID) != 0 ||
			  HEAP_XMAX_IS_LOCKED_ONLY(tuple.t_data->t_infomask);
	ReleaseBuffer(buffer);
	return found;
}

/*
 * What the port shows to the snapshot, NULL for the newest; false if it sees no such port.  newest:
 * whether it surely is what the newest snapshot sees.
 */
static bool
read_port(int32 port_id, Snapshot snapshot, int32 *release, bool *isnull, bool *newest)
{
	Relation rel = open_catalog("port");
	Place *place = &places[(uint32) port_id % PLACES];
	Datum value = 0;
	bool found =
		snapshot != NULL && read_place(place, rel, port_id, snapshot, &value, isnull, newest);
	ItemPointerData tid;

	if (!found && read_attribute(rel, port_id, "current_release", snapshot, &value, isnull, &tid))
	{
		found = true;
		*newest = snapshot == NULL;
		place->catalog = RelationGetRelid(rel);
		place->port_id = port_id;
		place->tid = tid;
	}
	table_close(rel, AccessShareLock);
	*release = DatumGetInt32(value);
	return found;
}

/* An error if it was dropped. Rows that are gone are gone for every snapshot: the newest state counts. */
void
DmReleaseRequire(int32 release)
{
	Relation rel = open_catalog("release");
	ItemPointerData tid;
	Datum value;
	bool isnull = false;
	bool found = read_attribute(rel, release, "expired_at", NULL, &value, &isnull, &tid);

	table_close(rel, AccessShareLock);
	if (found && isnull)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("the release that this transaction's snapshot sees has been dropped"),
			 errdetail("Release %d is older than what the product's retention keeps.", release),
			 errhint("Start a new transaction to read the current release.")));
}

static int32
look_up_release(int32 port_id, Snapshot snapshot)
{
	bool isnull;
	bool newest;
	int32 release;

	if (!read_port(port_id, snapshot, &release, &isnull, &newest))
		ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
						errmsg("port %d was published after this transaction's snapshot", port_id),
						errhint("Start a new transaction.")));
	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_DM_UNDEFINED_RELEASE), errmsg("port %d shows no release", port_id),
				 errhint("The product has been retired. See datamesh.products.")));
	DmReleaseRequire(release);
	return release;
}

static Override *
find_override(int32 port_id)
{
	Override *override = overrides;

	while (override != NULL && override->port_id != port_id)
		override = override->outer;
	return override;
}

/* The last answer to a planner, whose query is often executed under the same snapshot next. */
static Answer planned;

/*
 * What current_release answers for this snapshot, but false where it raises an error.  newest, if not
 * NULL: whether a snapshot taken now would see the same.
 */
bool
DmReleaseSeen(int32 port_id, Snapshot snapshot, int32 *release, bool *newest)
{
	Override *override = find_override(port_id);
	int32 now;
	bool isnull;
	bool is_newest;

	if (override != NULL)
	{
		*release = override->release;
		if (newest != NULL)
			*newest = false;
		return true;
	}
	if (newest == NULL && answer_holds(&planned, port_id, snapshot))
	{
		*release = planned.release;
		return true;
	}
	if (!read_port(port_id, snapshot, release, &isnull, &is_newest) || isnull)
		return false;
	keep_answer(&planned, port_id, *release, snapshot);
	if (newest != NULL)
		*newest = is_newest || (read_port(port_id, NULL, &now, &isnull, &is_newest) && !isnull &&
								now == *release);
	return true;
}

/* datamesh.current_release(port_id integer) returns integer */
Datum
dm_current_release(PG_FUNCTION_ARGS)
{
	int32 port_id = PG_GETARG_INT32(0);
	Override *override = find_override(port_id);
	Answer *answer = fcinfo->flinfo->fn_extra;
	Snapshot snapshot;

	if (override != NULL)
	{
		DmAccessRequire(port_id);
		PG_RETURN_INT32(override->release);
	}

	if (!ActiveSnapshotSet())
		elog(ERROR, "current_release needs an active snapshot");
	snapshot = GetActiveSnapshot();
	if (!answer_holds(answer, port_id, snapshot))
	{
		DmAccessRequire(port_id);
		answer = remember_answer(fcinfo, port_id, look_up_release(port_id, snapshot), snapshot);
	}
	PG_RETURN_INT32(answer->release);
}

/*
 * The port whose row type the caller passed: its number and the name of its view.  *schema and
 * *view are those of the relation.
 */
static int32
port_of_argument(FunctionCallInfo fcinfo, char **schema, char **view)
{
	Oid type = get_fn_expr_argtype(fcinfo->flinfo, 0);
	Oid relid = OidIsValid(type) ? get_typ_typrelid(type) : InvalidOid;
	const Oid types[] = {NAMEOID, NAMEOID};
	Datum values[2];
	DmIdentity saved;
	bool isnull;
	int32 port_id;

	if (!OidIsValid(relid))
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
						errmsg("%s is not the row type of a port", format_type_be(type)),
						errhint("Pass NULL cast to the port, for example "
								"NULL::sales.customer_lifetime_value.")));
	*schema = get_namespace_name(get_rel_namespace(relid));
	*view = get_rel_name(relid);
	values[0] = CStringGetDatum(*schema);
	values[1] = CStringGetDatum(*view);

	DmBecomeExtensionOwner(&saved);
	DmSpiExecute(
		"SELECT p.port_id, p.mode FROM datamesh.port p JOIN datamesh.product d USING (product_id) "
		"JOIN datamesh.domain_schema s ON s.domain_name = d.domain_name AND s.purpose = 'port' "
		"WHERE s.schema_name = $1 AND p.current_release IS NOT NULL "
		"AND $2::text IN (d.product_name, d.product_name || '_v' || p.major) "
		"ORDER BY p.major DESC LIMIT 1",
		2, types, values, NULL, true);
	if (SPI_processed == 0)
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
						errmsg("%s is not a port", quote_qualified_identifier(*schema, *view)),
						errhint("SELECT * FROM datamesh.ports shows the ports of the mesh.")));
	if (strcmp(DmSpiText(0, 2), "live") == 0)
		ereport(
			ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("%s is live and keeps no releases", quote_qualified_identifier(*schema, *view)),
			 errhint("Only products in snapshot mode can be read as of an earlier time.")));
	port_id = DatumGetInt32(DmSpiDatum(0, 1, &isnull));
	DmIdentityRestore(&saved);
	return port_id;
}

static void
refuse_expired(const char *port, int32 release, const char *readable)
{
	ereport(ERROR, (errcode(ERRCODE_DM_UNDEFINED_RELEASE),
					errmsg("release %d of %s has expired", release, port),
					errdetail("Releases that can still be read: %s.", readable),
					errhint("The contract says how many releases are kept (customProperties, "
							"datamesh.retention).")));
}

/* "3 (from 2026-01-01 10:00:00+00), 4 (from ...)" */
static char *
readable_releases(int32 port_id)
{
	const Oid type = INT4OID;
	Datum value = Int32GetDatum(port_id);
	char *text;

	DmSpiExecute("SELECT pg_catalog.string_agg(pg_catalog.format('%s (published %s)', release_id, "
				 "published_at), ', ' "
				 "ORDER BY release_id) FROM datamesh.release "
				 "WHERE port_id = $1 AND expired_at IS NULL AND relation_name IS NOT NULL",
				 1, &type, &value, NULL, true);
	text = DmSpiText(0, 1);
	return text != NULL ? text : "none";
}

static int32
release_as_of(int32 port_id, TimestampTz at, const char *port)
{
	const Oid types[] = {INT4OID, TIMESTAMPTZOID};
	Datum values[] = {Int32GetDatum(port_id), TimestampTzGetDatum(at)};
	DmIdentity saved;
	bool isnull;
	int32 release;

	DmBecomeExtensionOwner(&saved);
	DmSpiExecute("SELECT h.release_id, r.expired_at IS NOT NULL "
				 "FROM datamesh.port_history h JOIN datamesh.release r USING (release_id) "
				 "WHERE h.port_id = $1 AND h.since <= $2 ORDER BY h.since DESC LIMIT 1",
				 2, types, values, NULL, true);
	if (SPI_processed == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DM_UNDEFINED_RELEASE),
				 errmsg("%s had no release yet at %s", port, timestamptz_to_str(at)),
				 errdetail("Releases that can still be read: %s.", readable_releases(port_id))));
	release = DatumGetInt32(DmSpiDatum(0, 1, &isnull));
	if (DatumGetBool(DmSpiDatum(0, 2, &isnull)))
		refuse_expired(port, release, readable_releases(port_id));
	DmIdentityRestore(&saved);
	return release;
}

static void
check_release(int32 port_id, int32 release, const char *port)
{
	const Oid types[] = {INT4OID, INT4OID};
	Datum values[] = {Int32GetDatum(port_id), Int32GetDatum(release)};
	DmIdentity saved;
	bool isnull;

	DmBecomeExtensionOwner(&saved);
	DmSpiExecute("SELECT expired_at IS NOT NULL FROM datamesh.release "
				 "WHERE port_id = $1 AND release_id = $2",
				 2, types, values, NULL, true);
	if (SPI_processed == 0)
		ereport(ERROR, (errcode(ERRCODE_DM_UNDEFINED_RELEASE),
						errmsg("%s has no release %d", port, release),
						errdetail("Releases that can be read: %s.", readable_releases(port_id))));
	if (DatumGetBool(DmSpiDatum(0, 1, &isnull)))
		refuse_expired(port, release, readable_releases(port_id));
	DmIdentityRestore(&saved);
}

/*
 * A release of before the contract kept small groups back is for those who see everything.  What is
 * current has been looked at, by its publish or by the rollback to it.
 */
static void
require_groups(int32 port_id, int32 release, const char *port)
{
	const Oid types[] = {INT4OID, INT4OID};
	Datum values[] = {Int32GetDatum(port_id), Int32GetDatum(release)};
	DmIdentity saved;

	DmBecomeExtensionOwner(&saved);
	DmSpiExecute("SELECT g.version, g.k, pg_catalog.array_to_string(g.columns, ', ') "
				 "FROM datamesh.port AS p, LATERAL datamesh.small_groups_unproved($2) AS g "
				 "WHERE p.port_id = $1 AND p.current_release <> $2 ORDER BY g.k DESC, 3 LIMIT 1",
				 2, types, values, NULL, true);
	DmIdentityRestore(&saved);
	if (SPI_processed > 0 && !DmAccessReadsRaw(port_id))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("release %d of %s was published before small groups were kept back",
							   release, port),
						errdetail("Since version %s the contract asks for groups of %s rows by %s.",
								  DmSpiText(0, 1), DmSpiText(0, 2), DmSpiText(0, 3)),
						errhint("Read a later release. Owners and stewards can read this one.")));
}

/* SELECT * FROM port, as the invoker, into the tuplestore, with the release overridden. */
static void
read_into(ReturnSetInfo *rsinfo, const char *port, int32 port_id, int32 release)
{
	SPIPlanPtr plan = SPI_prepare_cursor(psprintf("SELECT * FROM %s", port), 0, NULL, 0);
	SPIExecuteOptions options;
	DestReceiver *receiver;
	Override override = {port_id, release, overrides};

	if (plan == NULL)
		elog(ERROR, "SPI_prepare: %s", SPI_result_code_string(SPI_result));
	/* The plan has locked the port: from here on, no release of it can be dropped. */
	DmReleaseRequire(release);
	receiver = CreateDestReceiver(DestTuplestore);
	SetTuplestoreDestReceiverParams(receiver, rsinfo->setResult,
									rsinfo->econtext->ecxt_per_query_memory, false, NULL, NULL);
	memset(&options, 0, sizeof(options));
	options.read_only = true;
	options.dest = receiver;

	overrides = &override;
	PG_TRY();
	{
		SPI_execute_plan_extended(plan, &options);
	}
	PG_FINALLY();
	{
		overrides = override.outer;
	}
	PG_END_TRY();
	receiver->rDestroy(receiver);
}

/* A release by its number, or by the time at which the port showed it: the second argument. */
typedef int32 (*FindRelease)(FunctionCallInfo fcinfo, int32 port_id, const char *port);

static int32
release_at_time(FunctionCallInfo fcinfo, int32 port_id, const char *port)
{
	return release_as_of(port_id, PG_GETARG_TIMESTAMPTZ(1), port);
}

static int32
release_of_number(FunctionCallInfo fcinfo, int32 port_id, const char *port)
{
	check_release(port_id, PG_GETARG_INT32(1), port);
	return PG_GETARG_INT32(1);
}

static Datum
travel(FunctionCallInfo fcinfo, FindRelease find)
{
	char *schema;
	char *view;
	const char *port;
	int32 port_id;
	int32 release;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	SPI_connect();
	port_id = port_of_argument(fcinfo, &schema, &view);
	port = quote_qualified_identifier(schema, view);
	release = find(fcinfo, port_id, port);
	require_groups(port_id, release, port);
	read_into((ReturnSetInfo *) fcinfo->resultinfo, port, port_id, release);
	SPI_finish();
	PG_RETURN_NULL();
}

Datum
dm_as_of(PG_FUNCTION_ARGS)
{
	return travel(fcinfo, release_at_time);
}

Datum
dm_at_release(PG_FUNCTION_ARGS)
{
	return travel(fcinfo, release_of_number);
}
