/*-------------------------------------------------------------------------
 *
 * lifecycle.c
 *		draft -> published -> deprecated -> retired: one table of moves, and the
 *		procedures that make them, publish aside.
 *
 * What has a state is a version of a contract; a product's own state follows
 * from its versions (DmLifecycleSettle).  A version is deprecated and retired
 * together with all versions of its major version, because they share a port.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "base/errors.h"
#include "base/names.h"
#include "base/session.h"
#include "publish/publish.h"

PG_FUNCTION_INFO_V1(dm_deprecate);
PG_FUNCTION_INFO_V1(dm_retire);
PG_FUNCTION_INFO_V1(dm_rollback);

/* Everything that is allowed. A move to the state that is there already makes a call repeatable. */
static const struct
{
	const char *from;
	const char *action;
	const char *to;
} moves[] = {
	{"draft", "publish", "published"},         {"published", "publish", "published"},
	{"published", "rollback", "published"},    {"published", "deprecate", "deprecated"},
	{"deprecated", "publish", "deprecated"},   {"deprecated", "rollback", "deprecated"},
	{"deprecated", "deprecate", "deprecated"}, {"deprecated", "retire", "retired"},
	{"retired", "retire", "retired"},
};

/*
 * The state that the action leads to; an error that shows the allowed actions if it leads nowhere.
 * subject is what the messages call it.
 */
char *
DmLifecycleMove(const char *subject, const char *status, const char *action)
{
	StringInfoData allowed;

	initStringInfo(&allowed);
	for (int i = 0; i < lengthof(moves); i++)
	{
		if (strcmp(moves[i].from, status) != 0)
			continue;
		if (strcmp(moves[i].action, action) == 0)
			return pstrdup(moves[i].to);
		if (strcmp(moves[i].to, status) != 0 || strcmp(moves[i].from, "retired") != 0)
			appendStringInfo(&allowed, "%s%s (then %s)", allowed.len > 0 ? ", " : "",
							 moves[i].action, moves[i].to);
	}
	ereport(ERROR, (errcode(ERRCODE_DM_LIFECYCLE),
					errmsg("cannot %s %s: it is %s", action, subject, status),
					allowed.len > 0
						? errdetail("What is %s allows: %s.", status, allowed.data)
						: errdetail("What is %s stays so; its history can still be read.", status),
					errhint("A version goes from draft to published to deprecated to retired.")));
}

/* Write the product's state, which is the liveliest of its versions'. */
void
DmLifecycleSettle(const DmProduct *product)
{
	const Oid type = INT4OID;
	Datum value = Int32GetDatum(product->product_id);

	DmSpiExecute(
		"UPDATE datamesh.product p SET status = s.status "
		"FROM (SELECT CASE WHEN pg_catalog.bool_or(status = 'published') THEN 'published' "
		"WHEN pg_catalog.bool_or(status = 'deprecated') THEN 'deprecated' "
		"WHEN pg_catalog.bool_or(status = 'retired') THEN 'retired' ELSE 'draft' END AS status "
		"FROM datamesh.contract WHERE product_id = $1) s "
		"WHERE p.product_id = $1 AND p.status <> s.status",
		1, &type, &value, NULL, false);
}

static char *
version_label(const DmProduct *product, const char *version)
{
	return psprintf("version %s of data product \"%s\"", version, product->qualified_name);
}

/* The product, locked, for a caller who belongs to its domain. */
static DmProduct *
begin(FunctionCallInfo fcinfo, const char *procedure)
{
	char *name = DmProductArgument(fcinfo, 0);
	DmProduct *product;

	(void) DmPublishEnter(fcinfo, procedure);
	product = DmProductByName(name);
	DmRequireDomainMember(product->domain);
	return DmProductLock(name);
}

/* States of all versions of a major version, drafts aside; end_of_life NULL keeps what is there. */
static void
move_versions(const DmProduct *product, int major, const char *status, const DateADT *end_of_life)
{
	const Oid types[] = {INT4OID, INT4OID, TEXTOID, DATEOID};
	Datum values[] = {Int32GetDatum(product->product_id), Int32GetDatum(major),
					  CStringGetTextDatum(status),
					  end_of_life != NULL ? DateADTGetDatum(*end_of_life) : (Datum) 0};
	const bool nulls[] = {false, false, false, end_of_life == NULL};

	DmSpiExecute(
		"UPDATE datamesh.contract SET status = $3, end_of_life = coalesce($4, end_of_life) "
		"WHERE product_id = $1 AND status <> 'draft' "
		"AND pg_catalog.split_part(version::text, '.', 1) = $2::text",
		4, types, values, nulls, false);
}

/* ---- deprecate ---- */

/* CALL datamesh.deprecate(product text, version text, end_of_life date) */
Datum
dm_deprecate(PG_FUNCTION_ARGS)
{
	DmProduct *product = begin(fcinfo, "deprecate");
	char *version = DmPublishTextArgument(fcinfo, 1, "version");
	DmContract *contract = DmContractByVersion(product, version);
	const Oid types[] = {DATEOID, INT4OID};
	Datum values[2];
	Jsonb *details;
	DateADT end_of_life;
	DmIdentity saved;
	DmPort *port;
	char *status;

	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("end_of_life must not be null"),
				 errhint("Consumers have to know until when they can read the version: "
						 "end_of_life => '2030-12-31'.")));
	end_of_life = PG_GETARG_DATEADT(2);
	if (DATE_NOT_FINITE(end_of_life))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("end_of_life must be a day")));
	if (end_of_life < GetSQLCurrentDate())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("end_of_life must not be in the past"),
				 errhint("Consumers need time to move: announce a day that is still to come.")));
	status =
		DmLifecycleMove(version_label(product, contract->version), contract->status, "deprecate");

	DmBecomeExtensionOwner(&saved);
	move_versions(product, contract->major, status, &end_of_life);
	DmLifecycleSettle(product);
	port = DmPortByMajor(product, contract->major);
	if (port != NULL)
		DmViewDescribe(product, port, port->contract_id);
	values[0] = DateADTGetDatum(end_of_life);
	values[1] = Int32GetDatum(contract->major);
	details = DmPublishDetails(
		"SELECT pg_catalog.jsonb_build_object('major', $2, 'end_of_life', $1)", 2, types, values);
	DmIdentityRestore(&saved);
	DmEventAppend("deprecated", product->qualified_name, contract->version, details);
	SPI_finish();
	PG_RETURN_VOID();
}

/* ---- retire ---- */

/* Those who read the port by its contract or a grant, the domain itself aside; NULL if nobody does. */
static char *
consumers_of(const DmProduct *product, int32 contract_id)
{
	const Oid types[] = {INT4OID, TEXTOID};
	Datum values[] = {Int32GetDatum(contract_id), CStringGetTextDatum(product->domain->name)};

	DmSpiExecute(
		"SELECT pg_catalog.string_agg(DISTINCT r.reader, ', ') FROM (SELECT role AS reader FROM "
		"datamesh.contract_role WHERE contract_id = $1 AND access = 'read' AND role <> $2 UNION "
		"ALL "
		"SELECT pg_catalog.format('role %I', pg_catalog.pg_get_userbyid(g.role_oid)) FROM "
		"datamesh.port_reader AS g JOIN datamesh.port AS p ON p.port_id = g.port_id WHERE "
		"p.contract_id = $1 AND g.basis = 'grant') AS r",
		2, types, values, NULL, false);
	return DmSpiText(0, 1);
}

static void
require_end_of_life(const DmProduct *product, const DmContract *contract)
{
	const Oid type = INT4OID;
	Datum value = Int32GetDatum(contract->contract_id);
	char *consumers = consumers_of(product, contract->contract_id);
	char *end_of_life;

	if (consumers == NULL)
		return;
	DmSpiExecute("SELECT pg_catalog.to_char(end_of_life, 'YYYY-MM-DD') FROM datamesh.contract "
				 "WHERE contract_id = $1 AND (end_of_life IS NULL OR end_of_life > current_date)",
				 1, &type, &value, NULL, false);
	if (SPI_processed == 0)
		return;
	end_of_life = DmSpiText(0, 1);
	ereport(
		ERROR,
		(errcode(ERRCODE_DM_HAS_CONSUMERS),
		 errmsg("%s still has consumers: %s", version_label(product, contract->version), consumers),
		 errdetail("They were told that they can read it until %s.",
				   end_of_life != NULL ? end_of_life : "further notice"),
		 errhint("Retire it then, or publish a version whose roles no longer name them.")));
}

/* The major versions to retire: those of the version, or all that are not retired yet. */
static List *
majors_to_retire(const DmProduct *product, const char *version)
{
	const Oid type = INT4OID;
	Datum value = Int32GetDatum(product->product_id);
	List *majors = NIL;

	if (version != NULL)
		return list_make1_int(DmContractByVersion(product, version)->major);
	DmSpiExecute(
		"SELECT major FROM datamesh.port WHERE product_id = $1 AND current_release IS NOT NULL "
		"ORDER BY major DESC",
		1, &type, &value, NULL, false);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		bool isnull;

		majors = lappend_int(majors, DatumGetInt32(DmSpiDatum(row, 1, &isnull)));
	}
	return majors;
}

static DmContract *
contract_by_id(const DmProduct *product, int32 contract_id)
{
	const Oid type = INT4OID;
	Datum value = Int32GetDatum(contract_id);

	DmSpiExecute("SELECT version FROM datamesh.contract WHERE contract_id = $1", 1, &type, &value,
				 NULL, false);
	return DmContractByVersion(product, DmSpiText(0, 1));
}

static int
newest_other_major(const DmProduct *product, int major)
{
	const Oid types[] = {INT4OID, INT4OID};
	Datum values[] = {Int32GetDatum(product->product_id), Int32GetDatum(major)};
	bool isnull;

	DmSpiExecute("SELECT coalesce(pg_catalog.max(major), -1) FROM datamesh.port "
				 "WHERE product_id = $1 AND major <> $2 AND current_release IS NOT NULL",
				 2, types, values, NULL, false);
	return DatumGetInt32(DmSpiDatum(0, 1, &isnull));
}

/* Are all its ports gone already?  Then there is nothing to do, which is said. */
static bool
already_retired(const DmProduct *product, const char *version)
{
	if (strcmp(version != NULL ? DmContractByVersion(product, version)->status : product->status,
			   "retired") != 0)
		return false;
	ereport(NOTICE,
			(errmsg("%s is retired already, nothing to do",
					version != NULL ? version_label(product, version)
									: psprintf("data product \"%s\"", product->qualified_name))));
	return true;
}

/* CALL datamesh.retire(product text, version text DEFAULT NULL) */
Datum
dm_retire(PG_FUNCTION_ARGS)
{
	DmProduct *product = begin(fcinfo, "retire");
	char *version = PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1));
	const Oid type = INT4OID;
	List *majors;
	ListCell *cell;
	DmIdentity saved;

	if (already_retired(product, version))
	{
		SPI_finish();
		PG_RETURN_VOID();
	}
	DmProgressStart(product->product_id);
	DmBecomeExtensionOwner(&saved);
	majors = majors_to_retire(product, version);
	if (majors == NIL)
		DmLifecycleMove(psprintf("data product \"%s\"", product->qualified_name), product->status,
						"retire");

	/* All may go, or none does. */
	foreach (cell, majors)
	{
		DmPort *port = DmPortByMajor(product, lfirst_int(cell));
		DmContract *contract = port != NULL ? contract_by_id(product, port->contract_id)
											: DmContractByVersion(product, version);

		DmLifecycleMove(version_label(product, contract->version), contract->status, "retire");
		require_end_of_life(product, contract);
	}
	foreach (cell, majors)
	{
		DmPort *port = DmPortByMajor(product, lfirst_int(cell));

		DmPortDrop(product, port, newest_other_major(product, lfirst_int(cell)));
		move_versions(product, lfirst_int(cell), "retired", NULL);
	}
	DmLifecycleSettle(product);
	DmGrantRetire(product);
	foreach (cell, majors)
	{
		Datum value = Int32GetDatum(lfirst_int(cell));
		DmPort *port = DmPortByMajor(product, lfirst_int(cell));

		DmEventAppend("retired", product->qualified_name,
					  contract_by_id(product, port->contract_id)->version,
					  DmPublishDetails("SELECT pg_catalog.jsonb_build_object('major', $1)", 1,
									   &type, &value));
	}
	DmIdentityRestore(&saved);
	DmProgressEnd();
	SPI_finish();
	PG_RETURN_VOID();
}

/* ---- rollback ---- */

typedef struct Target
{
	int major;
	int32 contract_id;
	char *version;
	char *status;
	bool current;
} Target;

static void
find_release(const DmProduct *product, int32 release, Target *target)
{
	const Oid types[] = {INT4OID, INT4OID};
	Datum values[] = {Int32GetDatum(product->product_id), Int32GetDatum(release)};
	char *readable;
	bool isnull;

	DmSpiExecute("SELECT pg_catalog.string_agg(r.release_id::text, ', ' ORDER BY r.release_id) "
				 "FROM datamesh.release r JOIN datamesh.port p USING (port_id) "
				 "WHERE p.product_id = $1 AND r.expired_at IS NULL AND r.relation_name IS NOT NULL",
				 2, types, values, NULL, false);
	readable = DmSpiText(0, 1);
	DmSpiExecute(
		"SELECT p.major, r.contract_id, c.version, c.status, r.release_id = p.current_release, "
		"p.mode, r.expired_at IS NOT NULL "
		"FROM datamesh.release r JOIN datamesh.port p USING (port_id) "
		"JOIN datamesh.contract c ON c.contract_id = r.contract_id "
		"WHERE p.product_id = $1 AND r.release_id = $2",
		2, types, values, NULL, false);
	if (SPI_processed == 0 || DatumGetBool(DmSpiDatum(0, 7, &isnull)))
		ereport(
			ERROR,
			(errcode(ERRCODE_DM_UNDEFINED_RELEASE),
			 errmsg(SPI_processed == 0 ? "data product \"%s\" has no release %d"
									   : "the data of data product \"%s\", release %d, has expired",
					product->qualified_name, release),
			 errdetail("Releases that are there: %s.", readable != NULL ? readable : "none"),
			 errhint("SELECT * FROM datamesh.releases shows all of them.")));
	if (strcmp(DmSpiText(0, 6), "live") == 0)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("data product \"%s\" is live: it keeps no releases to go back to",
							   product->qualified_name)));
	target->major = DatumGetInt32(DmSpiDatum(0, 1, &isnull));
	target->contract_id = DatumGetInt32(DmSpiDatum(0, 2, &isnull));
	target->version = DmSpiText(0, 3);
	target->status = DmSpiText(0, 4);
	target->current = DatumGetBool(DmSpiDatum(0, 5, &isnull));
}

/*
 * The contract may ask for groups of some size since: a release of before is measured now.  What is shown
 * stays what the newest contract lets readers see.
 */
static void
require_groups(const DmProduct *product, int32 release)
{
	const Oid type = INT4OID;
	Datum value = Int32GetDatum(release);

	DmSpiExecute("SELECT g.version, g.k, pg_catalog.array_to_string(g.columns, ', '), m.k "
				 "FROM datamesh.release AS r "
				 "CROSS JOIN LATERAL datamesh.small_groups_unproved(r.release_id) AS g "
				 "CROSS JOIN LATERAL datamesh.k_anonymity(pg_catalog.format('%I.%I', "
				 "r.relation_schema, r.relation_name)::pg_catalog.regclass, g.columns) AS m(k) "
				 "WHERE r.release_id = $1 AND m.k < g.k LIMIT 1",
				 1, &type, &value, NULL, false);
	if (SPI_processed > 0)
		ereport(
			ERROR,
			(errcode(ERRCODE_DM_GATE_CLOSED),
			 errmsg("data product \"%s\" cannot go back to release %d: it has small groups",
					product->qualified_name, release),
			 errdetail("datamesh.kAnonymity of contract %s asks for groups of %s rows by %s, and "
					   "the smallest has %s.",
					   DmSpiText(0, 1), DmSpiText(0, 2), DmSpiText(0, 3), DmSpiText(0, 4)),
			 errhint("Go back to a later release, or mend the source and publish it.")));
}

static Jsonb *
show_release(const DmProduct *product, const Target *target, int32 release)
{
	const Oid types[] = {INT4OID, INT4OID, INT4OID, INT4OID};
	DmPort *port = DmPortByMajor(product, target->major);
	Datum values[] = {Int32GetDatum(port->port_id), Int32GetDatum(release),
					  Int32GetDatum(target->contract_id), Int32GetDatum(port->current_release)};

	DmSpiExecute(
		"UPDATE datamesh.port SET current_release = $2, contract_id = $3 WHERE port_id = $1", 3,
		types, values, NULL, false);
	DmSpiExecute("INSERT INTO datamesh.port_history (port_id, since, release_id) "
				 "VALUES ($1, pg_catalog.clock_timestamp(), $2)",
				 2, types, values, NULL, false);
	DmViewDescribe(product, port, target->contract_id);
	return DmPublishDetails("SELECT pg_catalog.jsonb_build_object('release', $2, 'instead_of', $4)",
							4, types, values);
}

/* CALL datamesh.rollback(product text, release integer) */
Datum
dm_rollback(PG_FUNCTION_ARGS)
{
	DmProduct *product = begin(fcinfo, "rollback");
	int32 release;
	Target target;
	DmIdentity saved;

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("release must not be null")));
	release = PG_GETARG_INT32(1);
	DmBecomeExtensionOwner(&saved);
	find_release(product, release, &target);
	DmLifecycleMove(version_label(product, target.version), target.status, "rollback");
	if (target.current)
		ereport(NOTICE,
				(errmsg("release %d of data product \"%s\" is current already, nothing to do",
						release, product->qualified_name)));
	else
	{
		require_groups(product, release);
		DmEventAppend("rolled_back", product->qualified_name, target.version,
					  show_release(product, &target, release));
	}
	DmIdentityRestore(&saved);
	SPI_finish();
	PG_RETURN_VOID();
}
