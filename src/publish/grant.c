/*-------------------------------------------------------------------------
 *
 * grant.c
 *		Who may read: exactly the readers and stewards of the contract, those who were granted
 *		access (datamesh.access_grant), and the domain itself.
 *
 * Grants are compared with what is there and written only where they differ, so that a routine publish
 * leaves the catalog alone, and what somebody granted by hand is gone with the next one.
 *
 * A publish settles all readers of one port (DmGrantSettle); what is granted, revoked or expires between
 * two publishes settles one role on all ports of a product (dm_settle_reader).  Both hold DmReadersLock,
 * and look at what is there with the newest snapshot: at every isolation level, the last one to settle
 * has seen what the one before it did.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "access/access.h"
#include "base/compat.h"
#include "base/errors.h"
#include "base/names.h"
#include "base/session.h"
#include "publish/publish.h"

PG_FUNCTION_INFO_V1(dm_settle_reader);

/* Roles that hold privileges on a relation (or schema), its owner aside; PUBLIC is InvalidOid. */
List *
DmGrantees(const char *catalog, const char *prefix, Oid object)
{
	const Oid type = OIDOID;
	Datum value = ObjectIdGetDatum(object);
	List *result = NIL;

	DmSpiExecute(
		psprintf("SELECT DISTINCT a.grantee FROM pg_catalog.%s c, pg_catalog.aclexplode(c.%sacl) a "
				 "WHERE c.oid = $1 AND a.grantee <> c.%sowner",
				 catalog, prefix, prefix),
		1, &type, &value, NULL, false);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		bool isnull;

		result = lappend_oid(result, DatumGetObjectId(DmSpiDatum(row, 1, &isnull)));
	}
	return result;
}

char *
DmRoleLabel(Oid role)
{
	return OidIsValid(role) ? pstrdup(quote_identifier(GetUserNameFromId(role, false))) : "PUBLIC";
}

/* Does somebody other than "relid" in the schema still let the role read? */
static bool
reads_in_schema(Oid schema, Oid role)
{
	const Oid types[] = {OIDOID, OIDOID};
	Datum values[] = {ObjectIdGetDatum(schema), ObjectIdGetDatum(role)};

	DmSpiExecute("SELECT FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a "
				 "WHERE c.relnamespace = $1 AND a.grantee = $2 LIMIT 1",
				 2, types, values, NULL, false);
	return SPI_processed > 0;
}

/*
 * The rights to enter the port schema are shared by all products of the domain, so that its row in
 * pg_namespace must be changed by one publish at a time.  This may wait, and therefore comes before
 * any exclusive lock.
 */
void
DmGrantLockSchema(const DmPublication *pub, bool is_new, List *readers)
{
	Oid schema = get_namespace_oid(pub->product->domain->port_schema, false);
	ListCell *cell;
	bool changes = is_new || pub->port->contract_id != pub->contract->contract_id;

	foreach (cell, readers)
		changes |= !list_member_oid(DmGrantees("pg_namespace", "nsp", schema), lfirst_oid(cell));
	if (changes)
		LockDatabaseObject(NamespaceRelationId, schema, 0, ShareUpdateExclusiveLock);
}

/* USAGE to the readers; nothing to those who lost the last port of the schema. */
static void
settle_schema(const DmDomain *domain, List *readers, List *removed)
{
	Oid schema = get_namespace_oid(domain->port_schema, false);
	ListCell *cell;

	foreach (cell, readers)
	{
		if (list_member_oid(DmGrantees("pg_namespace", "nsp", schema), lfirst_oid(cell)))
			continue;
		DmRun(psprintf("GRANT USAGE ON SCHEMA %s TO %s",
					   pstrdup(quote_identifier(domain->port_schema)),
					   DmRoleLabel(lfirst_oid(cell))));
	}
	foreach (cell, removed)
	{
		if (lfirst_oid(cell) == domain->owner || reads_in_schema(schema, lfirst_oid(cell)))
			continue;
		DmRun(psprintf("REVOKE ALL ON SCHEMA %s FROM %s CASCADE",
					   pstrdup(quote_identifier(domain->port_schema)),
					   DmRoleLabel(lfirst_oid(cell))));
	}
}

/*
 * Roles that hold something else on a relation than SELECT on all of it: more, on single columns, or to be
 * passed on.
 */
static List *
odd_grantees(Oid relid)
{
	const Oid type = OIDOID;
	Datum value = ObjectIdGetDatum(relid);
	List *result = NIL;

	DmSpiExecute(
		"SELECT a.grantee FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a "
		"WHERE c.oid = $1 AND a.grantee <> c.relowner AND (a.privilege_type <> 'SELECT' OR "
		"a.is_grantable) UNION SELECT a.grantee FROM pg_catalog.pg_attribute t, "
		"pg_catalog.aclexplode(t.attacl) a WHERE t.attrelid = $1 AND t.attacl IS NOT NULL",
		1, &type, &value, NULL, false);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		bool isnull;

		result = lappend_oid(result, DatumGetObjectId(DmSpiDatum(row, 1, &isnull)));
	}
	return result;
}

/* SELECT on the view, and nothing else, to exactly these roles.  Returns those that lost a privilege. */
List *
DmGrantSettleRelation(const char *label, Oid view, List *readers)
{
	List *before = DmGrantees("pg_class", "rel", view);
	List *odd = odd_grantees(view);
	List *removed = NIL;
	ListCell *cell;

	foreach (cell, list_concat_unique_oid(list_copy(before), odd))
	{
		if (list_member_oid(readers, lfirst_oid(cell)) && !list_member_oid(odd, lfirst_oid(cell)))
			continue;
		DmRun(psprintf("REVOKE ALL ON %s FROM %s CASCADE", label, DmRoleLabel(lfirst_oid(cell))));
		removed = lappend_oid(removed, lfirst_oid(cell));
	}
	foreach (cell, readers)
		if (!list_member_oid(before, lfirst_oid(cell)) || list_member_oid(odd, lfirst_oid(cell)))
			DmRun(psprintf("GRANT SELECT ON %s TO %s", label, DmRoleLabel(lfirst_oid(cell))));
	return removed;
}

/* The stewards of a contract, held until the transaction ends. */
static List *
stewards(int32 contract_id)
{
	const Oid type = INT4OID;
	Datum value = Int32GetDatum(contract_id);
	List *found = NIL;
	List *held = NIL;
	ListCell *cell;

	DmSpiExecute("SELECT s.role FROM datamesh.contract_stewards($1) AS s", 1, &type, &value, NULL,
				 false);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		bool isnull;

		found = lappend_oid(found, DatumGetObjectId(DmSpiDatum(row, 1, &isnull)));
	}
	foreach (cell, found)
		if (DmRoleHold(lfirst_oid(cell)))
			held = lappend_oid(held, lfirst_oid(cell));
	return held;
}

/* Those whom the contract allows, those who were granted access, and the domain itself. */
List *
DmGrantReaders(const DmPublication *pub)
{
	const DmDomain *domain = pub->product->domain;
	List *readers = list_append_unique_oid(list_copy(pub->consumers), domain->owner);
	ListCell *cell;

	readers = list_concat_unique_oid(readers, stewards(pub->contract->contract_id));
	foreach (cell, DmAccessGrantedRoles(pub->product->product_id))
		if (DmRoleHold(lfirst_oid(cell)))
			readers = list_append_unique_oid(readers, lfirst_oid(cell));
	return list_delete_oid(readers, domain->port_role);
}

void
DmGrantSettle(const DmPublication *pub, List *readers, bool newest)
{
	const DmDomain *domain = pub->product->domain;
	List *removed;
	char *view = DmPortName(pub->product, pub->contract->major);

	removed = DmGrantSettleRelation(DmQualified(domain->port_schema, view),
									DmFindRelation(domain->port_schema, view), readers);
	if (newest)
		removed = list_concat_unique_oid(
			removed, DmGrantSettleRelation(DmQualified(domain->port_schema, pub->product->name),
										   DmFindRelation(domain->port_schema, pub->product->name),
										   readers));
	settle_schema(domain, readers, list_difference_oid(removed, readers));
}

/* The port role reads a live source by the word of the domain's owner. */
void
DmGrantLiveSource(const DmPublication *pub)
{
	const DmDomain *domain = pub->product->domain;
	char *role = pstrdup(quote_identifier(domain->port_role_name));
	Oid schema = get_rel_namespace(pub->source);
	DmIdentity saved;

	if (pg_class_aclcheck(pub->source, domain->port_role, ACL_SELECT) == ACLCHECK_OK &&
		DmSchemaAclCheck(schema, domain->port_role, ACL_USAGE) == ACLCHECK_OK)
		return;
	if (!DmRelationOwnerCheck(pub->source, domain->owner) ||
		!DmSchemaOwnerCheck(schema, domain->owner))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("the ports of domain \"%s\" may not read source %s", domain->name,
							   pub->source_label),
						errhint("A live product is read by role %s: GRANT SELECT ON %s TO %s, and "
								"USAGE on its schema.",
								role, pub->source_label, role)));
	LockDatabaseObject(NamespaceRelationId, schema, 0, ShareUpdateExclusiveLock);
	DmBecomeDomain(&saved, domain->owner);
	DmRun(psprintf("GRANT USAGE ON SCHEMA %s TO %s", quote_identifier(pub->contract->source_schema),
				   role));
	DmRun(psprintf("GRANT SELECT ON %s TO %s", pub->source_label, role));
	DmIdentityRestore(&saved);
}

/* ---- one role, between two publishes ---- */

/* Does a query with these arguments find something, with the newest snapshot? */
static bool
finds(const char *sql, int nargs, const Oid *types, const Datum *values)
{
	bool found;

	PushActiveSnapshot(GetLatestSnapshot());
	DmSpiExecute(sql, nargs, types, values, NULL, true);
	found = SPI_processed > 0;
	PopActiveSnapshot();
	return found;
}

/* Does it hold anything on the relation, or only what no reader holds ("odd", see above)? */
static bool
holds_on_relation(Oid relid, Oid role, bool odd)
{
	const Oid types[] = {OIDOID, OIDOID, BOOLOID};
	Datum values[] = {ObjectIdGetDatum(relid), ObjectIdGetDatum(role), BoolGetDatum(odd)};

	return finds("SELECT FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a "
				 "WHERE c.oid = $1 AND a.grantee = $2 AND (NOT $3 OR a.privilege_type <> 'SELECT' "
				 "OR a.is_grantable) UNION ALL SELECT FROM "
				 "pg_catalog.pg_attribute t, pg_catalog.aclexplode(t.attacl) a "
				 "WHERE t.attrelid = $1 AND t.attacl IS NOT NULL AND a.grantee = $2",
				 3, types, values);
}

static bool
holds_on_schema(Oid schema, Oid role)
{
	const Oid types[] = {OIDOID, OIDOID};
	Datum values[] = {ObjectIdGetDatum(schema), ObjectIdGetDatum(role)};

	return finds("SELECT FROM pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a "
				 "WHERE n.oid = $1 AND a.grantee = $2",
				 2, types, values);
}

static void
settle_view(const DmDomain *domain, const char *view, Oid role, bool reads)
{
	Oid relid = DmFindRelation(domain->port_schema, view);
	char *label = DmQualified(domain->port_schema, view);

	if (!OidIsValid(relid))
		return;
	if (holds_on_relation(relid, role, reads))
		DmRun(psprintf("REVOKE ALL ON %s FROM %s CASCADE", label, DmRoleLabel(role)));
	if (reads)
		DmRun(psprintf("GRANT SELECT ON %s TO %s", label, DmRoleLabel(role)));
}

static void
settle_usage(const char *name, Oid role, bool enters)
{
	Oid schema = get_namespace_oid(name, false);

	if (holds_on_schema(schema, role) == enters)
		return;
	LockDatabaseObject(NamespaceRelationId, schema, 0, ShareUpdateExclusiveLock);
	if (enters && strcmp(name, "datamesh") == 0)
		DmRun(psprintf("SELECT datamesh.end_namesakes(%s)",
					   quote_literal_cstr(GetUserNameFromId(role, false))));
	DmRun(psprintf(enters ? "GRANT USAGE ON SCHEMA %s TO %s"
						  : "REVOKE ALL ON SCHEMA %s FROM %s CASCADE",
				   pstrdup(quote_identifier(name)), DmRoleLabel(role)));
}

/*
 * Has the role something of its own in the mesh?  Then it keeps the grant on schema datamesh by which it
 * is known again after a restore.
 */
static bool
is_known(Oid role)
{
	const Oid type = OIDOID;
	Datum value = ObjectIdGetDatum(role);

	return finds("SELECT FROM datamesh.access_grant AS g, datamesh.known_role(g.role_name, "
				 "g.role_oid, g.cluster) AS k WHERE k.role = $1 AND g.revoked_at IS NULL UNION ALL "
				 "SELECT FROM datamesh.consumer AS c WHERE c.role_oid = $1 OR "
				 "c.role_name = pg_catalog.pg_get_userbyid($1) UNION ALL SELECT FROM "
				 "datamesh.council_seats() AS s WHERE s.role_oid = $1",
				 1, &type, &value);
}

static void
settle_reader(const DmProduct *product, Oid role)
{
	const DmDomain *domain = product->domain;
	const Oid types[] = {INT4OID, OIDOID};
	Datum values[] = {Int32GetDatum(product->product_id), ObjectIdGetDatum(role)};
	bool reads_any = false;
	bool newest = true;
	List *majors = NIL;
	List *reads = NIL;
	ListCell *cell;

	PushActiveSnapshot(GetLatestSnapshot());
	DmSpiExecute("SELECT o.major, EXISTS (SELECT FROM datamesh.port_reader AS r WHERE r.port_id = "
				 "o.port_id AND r.role_oid = $2) FROM datamesh.port AS o WHERE o.product_id = $1 "
				 "AND o.current_release IS NOT NULL ORDER BY o.major DESC",
				 2, types, values, NULL, true);
	PopActiveSnapshot();
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		bool isnull;

		majors = lappend_int(majors, DatumGetInt32(DmSpiDatum(row, 1, &isnull)));
		reads = lappend_int(reads, DatumGetBool(DmSpiDatum(row, 2, &isnull)));
	}
	foreach (cell, majors)
	{
		bool may = list_nth_int(reads, foreach_current_index(cell)) != 0;

		reads_any |= may;
		if (newest)
			settle_view(domain, product->name, role, may);
		settle_view(domain, DmPortName(product, lfirst_int(cell)), role, may);
		newest = false;
	}
	CommandCounterIncrement();
	if (reads_any)
		settle_usage(domain->port_schema, role, true);
	else if (role != domain->owner &&
			 !reads_in_schema(get_namespace_oid(domain->port_schema, false), role))
		settle_usage(domain->port_schema, role, false);
	if (OidIsValid(role))
		settle_usage("datamesh", role, is_known(role));
}

/* datamesh.settle_reader(product text, role oid) */
Datum
dm_settle_reader(PG_FUNCTION_ARGS)
{
	DmProduct *product = DmProductByName(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	Oid role = PG_GETARG_OID(1);
	DmIdentity saved;

	DmReadersLock(product->product_id);
	DmBecomeExtensionOwner(&saved);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (role != product->domain->port_role && (role == ACL_ID_PUBLIC || DmRoleHold(role)))
		settle_reader(product, role);
	SPI_finish();
	DmIdentityRestore(&saved);
	PG_RETURN_VOID();
}

/* ---- grants that end by themselves ---- */

static Jsonb *
end_grants(const char *sql, int32 product_id)
{
	const Oid type = INT4OID;
	Datum value = Int32GetDatum(product_id);

	return DmPublishDetails(sql, 1, &type, &value);
}

/* What is over by now is taken away by the publish too; its events wait until that has succeeded. */
void
DmGrantEndExpired(DmPublication *pub)
{
	pub->ended = end_grants("SELECT datamesh.end_expired_access($1)", pub->product->product_id);
}

/* The last port is gone: nobody has access to anything any more. */
void
DmGrantRetire(const DmProduct *product)
{
	if (DmPortNewestMajor(product) < 0)
		DmGrantAppendEvents(end_grants(
			"SELECT datamesh.end_all_access($1, 'the product is retired')", product->product_id));
}

void
DmGrantAppendEvents(Jsonb *events)
{
	const Oid type = JSONBOID;
	Datum value = JsonbPGetDatum(events);
	SPITupleTable *rows;
	uint64 nrows;
	DmIdentity saved;

	DmBecomeExtensionOwner(&saved);
	DmSpiExecute("SELECT e.event ->> 'kind', e.event ->> 'product', e.event -> 'details' FROM "
				 "pg_catalog.jsonb_array_elements($1) WITH ORDINALITY AS e(event, i) ORDER BY e.i",
				 1, &type, &value, NULL, false);
	DmIdentityRestore(&saved);
	rows = SPI_tuptable;
	nrows = SPI_processed;
	for (uint64 row = 0; row < nrows; row++)
	{
		bool isnull;
		Datum details = SPI_getbinval(rows->vals[row], rows->tupdesc, 3, &isnull);

		DmEventAppend(SPI_getvalue(rows->vals[row], rows->tupdesc, 1),
					  SPI_getvalue(rows->vals[row], rows->tupdesc, 2), NULL,
					  DatumGetJsonbP(details));
	}
}
