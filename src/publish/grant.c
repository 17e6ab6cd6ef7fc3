/*-------------------------------------------------------------------------
 *
 * grant.c
 *		Who may read: exactly the readers of the contract, and the domain itself.
 *
 * Grants are compared with what is there and written only where they differ, so that a routine publish
 * leaves the catalog alone, and what somebody granted by hand is gone with the next one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "base/compat.h"
#include "base/errors.h"
#include "base/names.h"
#include "base/session.h"
#include "publish/publish.h"

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

/* SELECT on the view to exactly these roles.  Returns those that lost a privilege. */
List *
DmGrantSettleRelation(const char *label, Oid view, List *readers)
{
	List *before = DmGrantees("pg_class", "rel", view);
	List *removed = NIL;
	ListCell *cell;

	foreach (cell, before)
	{
		if (list_member_oid(readers, lfirst_oid(cell)))
			continue;
		DmRun(psprintf("REVOKE ALL ON %s FROM %s CASCADE", label, DmRoleLabel(lfirst_oid(cell))));
		removed = lappend_oid(removed, lfirst_oid(cell));
	}
	foreach (cell, readers)
		if (!list_member_oid(before, lfirst_oid(cell)))
			DmRun(psprintf("GRANT SELECT ON %s TO %s", label, DmRoleLabel(lfirst_oid(cell))));
	return removed;
}

/* Those whom the contract allows, and the domain itself. */
List *
DmGrantReaders(const DmPublication *pub)
{
	const DmDomain *domain = pub->product->domain;
	List *readers = list_append_unique_oid(list_copy(pub->consumers), domain->owner);

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
