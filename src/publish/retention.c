/*-------------------------------------------------------------------------
 *
 * retention.c
 *		Releases beyond what a contract keeps are dropped, when nobody is reading.
 *
 * Detaching a partition needs an AccessExclusiveLock on the port's relation.  It
 * is taken only if it is free at this very moment, in a transaction of its own
 * that lasts a few milliseconds; otherwise the release stays until the next
 * publish or CALL datamesh.clean_up().
 *
 * A transaction whose snapshot is older than the drop, and who has not yet read the
 * port, still sees the dropped release as current only if it was current for
 * that snapshot; current_release tells such a transaction to start again.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "tcop/pquery.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "base/names.h"
#include "base/session.h"
#include "publish/publish.h"

PG_FUNCTION_INFO_V1(dm_clean_up);

typedef struct Surplus
{
	int32 release_id;
	char *product;
	char *version;
	char *schema;
	char *name;
	char *parent;
} Surplus;

/*
 * Releases to drop: of each port all but the newest "retention", the current one never counting
 * as surplus.  product_id 0: of all products of domains that the user belongs to.
 */
static List *
find_surplus(int32 product_id, Oid user)
{
	const Oid types[] = {INT4OID, OIDOID};
	Datum values[] = {Int32GetDatum(product_id), ObjectIdGetDatum(user)};
	List *result = NIL;

	DmSpiExecute("SELECT r.release_id, d.domain_name, d.product_name, c.version, "
				 "r.relation_schema, r.relation_name, "
				 "d.product_name || '_v' || p.major "
				 "FROM datamesh.port p JOIN datamesh.product d USING (product_id) "
				 "JOIN pg_catalog.pg_namespace n ON n.nspname = d.domain_name || '_internal' "
				 "JOIN datamesh.contract k ON k.contract_id = p.contract_id "
				 "CROSS JOIN LATERAL (SELECT r.*, pg_catalog.row_number() OVER (ORDER BY "
				 "r.release_id DESC) AS age "
				 "FROM datamesh.release r WHERE r.port_id = p.port_id AND r.expired_at IS NULL "
				 "AND r.relation_name IS NOT NULL) r "
				 "JOIN datamesh.contract c ON c.contract_id = r.contract_id "
				 "WHERE r.age > k.retention AND r.release_id <> p.current_release "
				 "AND ($1 = 0 OR p.product_id = $1) "
				 "AND pg_catalog.pg_has_role($2, n.nspowner, 'USAGE') ORDER BY r.release_id",
				 2, types, values, NULL, false);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		Surplus *surplus = palloc(sizeof(Surplus));
		bool isnull;

		surplus->release_id = DatumGetInt32(DmSpiDatum(row, 1, &isnull));
		surplus->product = DmProductName(DmSpiText(row, 2), DmSpiText(row, 3));
		surplus->version = DmSpiText(row, 4);
		surplus->schema = DmSpiText(row, 5);
		surplus->name = DmSpiText(row, 6);
		surplus->parent = DmSpiText(row, 7);
		result = lappend(result, surplus);
	}
	return result;
}

/*
 * Drop one, if the locks are free.  The row is locked first and looked at again, because a
 * rollback may just have made the release current.
 */
static bool
drop_release(const Surplus *surplus)
{
	const Oid type = INT4OID;
	Datum value = Int32GetDatum(surplus->release_id);
	Oid schema = get_namespace_oid(surplus->schema, true);
	Oid relation = get_relname_relid(surplus->name, schema);
	Oid parent = get_relname_relid(surplus->parent, schema);
	char *label = pstrdup(quote_qualified_identifier(surplus->schema, surplus->name));

	DmSpiExecute("SELECT FROM datamesh.product d JOIN datamesh.port p USING (product_id) "
				 "JOIN datamesh.release r USING (port_id) WHERE r.release_id = $1 "
				 "FOR NO KEY UPDATE OF d SKIP LOCKED",
				 1, &type, &value, NULL, false);
	if (SPI_processed == 0)
		return false;
	DmSpiExecute("SELECT FROM datamesh.port p JOIN datamesh.release r USING (port_id) WHERE "
				 "r.release_id = $1 "
				 "AND r.expired_at IS NULL AND p.current_release <> r.release_id",
				 1, &type, &value, NULL, false);
	if (SPI_processed == 0)
		return false;
	if (OidIsValid(relation))
	{
		if (!DmLockAtOnce(OidIsValid(parent) ? list_make2_oid(parent, relation)
											 : list_make1_oid(relation)))
			return false;
		if (OidIsValid(parent))
			DmSpiExecute(psprintf("ALTER TABLE %s DETACH PARTITION %s",
								  quote_qualified_identifier(surplus->schema, surplus->parent),
								  label),
						 0, NULL, NULL, NULL, false);
		DmSpiExecute(psprintf("DROP TABLE %s", label), 0, NULL, NULL, NULL, false);
	}
	DmSpiExecute("UPDATE datamesh.release SET expired_at = pg_catalog.clock_timestamp(), "
				 "relation_schema = NULL, "
				 "relation_name = NULL WHERE release_id = $1",
				 1, &type, &value, NULL, false);
	return true;
}

/* As the owner of the extension: drop one and say so. */
static bool
drop_and_record(const Surplus *surplus)
{
	const Oid type = INT4OID;
	Datum value = Int32GetDatum(surplus->release_id);
	DmIdentity saved;
	bool done;

	DmBecomeExtensionOwner(&saved);
	done = drop_release(surplus);
	if (done)
		DmEventAppend("release_expired", surplus->product, surplus->version,
					  DmPublishDetails("SELECT pg_catalog.jsonb_build_object('release', $1)", 1,
									   &type, &value));
	DmIdentityRestore(&saved);
	return done;
}

static void
warn_of_dependants(const Surplus *surplus, const ErrorData *error)
{
	ereport(WARNING,
			(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
			 errmsg("release %d of data product \"%s\" has expired and cannot be dropped: other "
					"objects are built upon it",
					surplus->release_id, surplus->product),
			 error->detail != NULL ? errdetail_internal("%s", error->detail) : 0,
			 errhint("Drop them, or have them read the port. Then CALL datamesh.clean_up().")));
}

/*
 * What somebody has built upon a release keeps it, and must not keep all others: not those of other
 * domains, nor fail a publish that is committed.
 */
static bool
drop_or_warn(const Surplus *surplus)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool done = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		done = drop_and_record(surplus);
		ReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		if (error->sqlerrcode != ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST)
			ReThrowError(error);
		warn_of_dependants(surplus, error);
		FreeErrorData(error);
	}
	PG_END_TRY();
	return done;
}

/* Everything that is surplus, each in a transaction of its own where we may commit. */
static int
drop_surplus(List *surplus, bool atomic)
{
	int dropped = 0;
	ListCell *cell;

	foreach (cell, surplus)
	{
		CHECK_FOR_INTERRUPTS();
		dropped += drop_or_warn(lfirst(cell));
		if (!atomic)
			SPI_commit();
	}
	return dropped;
}

/* After a publish: what its product has too much of.  product NULL: all of the user's domains. */
int
DmRetentionApply(const char *product, bool atomic)
{
	Oid user = GetUserId();
	int32 product_id = product != NULL ? DmProductByName(product)->product_id : 0;
	List *surplus;
	DmIdentity saved;

	DmProgressPhase(DM_PHASE_CLEANING);
	DmBecomeExtensionOwner(&saved);
	surplus = find_surplus(product_id, user);
	DmIdentityRestore(&saved);
	return drop_surplus(surplus, atomic);
}

/* CALL datamesh.clean_up(product text DEFAULT NULL) */
Datum
dm_clean_up(PG_FUNCTION_ARGS)
{
	char *name = PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0));
	bool atomic = DmPublishEnter(fcinfo, "clean_up");
	int dropped;

	if (name != NULL)
		DmRequireDomainMember(DmProductByName(name)->domain);
	DmProgressStart(0);
	dropped = DmRetentionApply(name, atomic);
	DmProgressEnd();
	ereport(NOTICE, (errmsg_plural("%d expired release dropped", "%d expired releases dropped",
								   dropped, dropped)));
	SPI_finish();
	PG_RETURN_VOID();
}
