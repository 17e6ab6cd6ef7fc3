/*-------------------------------------------------------------------------
 *
 * guard_grant.c
 *		GRANT, REVOKE and default privileges, held against the contracts.
 *
 * What is internal to a domain, releases included, is for the domain: its owner, the
 * members of that role, and the port role.  A port is for those whom its contract
 * names too, to read.  PUBLIC is never anybody.  REVOKE is free but for the port role,
 * without whose rights no port can be read.
 *
 * A statement is judged before it runs, because GRANT takes no lock that would hold
 * the names still; what it gives to whom is in its text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/errors.h"
#include "base/session.h"
#include "governance/guard.h"

/* Is the role the domain's own, or above all of this? */
static bool
is_own_role(Oid role, const DmHome *home)
{
	Oid owner = DmGuardDomainOwner(home);

	return superuser_arg(role) || role == DmGuardPortRole(home) || role == owner ||
		   (OidIsValid(owner) && is_member_of_role_nosuper(role, owner));
}

static char *
role_text(Oid role)
{
	return OidIsValid(role) ? psprintf("role \"%s\"", GetUserNameFromId(role, false)) : "PUBLIC";
}

/* "SELECT, UPDATE"; the statement's own words */
static char *
privileges_text(const GrantStmt *grant)
{
	StringInfoData text;
	ListCell *cell;

	if (grant->privileges == NIL)
		return "all privileges";
	initStringInfo(&text);
	foreach (cell, grant->privileges)
	{
		const AccessPriv *priv = lfirst(cell);
		char *name = priv->priv_name != NULL ? pstrdup(priv->priv_name) : pstrdup("all privileges");

		if (priv->priv_name != NULL)
			for (char *c = name; *c != '\0'; c++)
				*c = pg_toupper((unsigned char) *c);
		appendStringInfo(&text, "%s%s", text.len > 0 ? ", " : "", name);
	}
	if (grant->grant_option)
		appendStringInfoString(&text, " WITH GRANT OPTION");
	return text.data;
}

/* Does it give nothing but this privilege? */
static bool
gives_only(const GrantStmt *grant, const char *privilege)
{
	ListCell *cell;

	foreach (cell, grant->privileges)
	{
		const AccessPriv *priv = lfirst(cell);

		if (priv->priv_name == NULL || strcmp(priv->priv_name, privilege) != 0)
			return false;
	}
	return grant->privileges != NIL;
}

/* A role that does not exist is PostgreSQL's to refuse: skipped here. */
static List *
grantee_oids(const List *roles)
{
	List *result = NIL;
	ListCell *cell;

	foreach (cell, roles)
	{
		const RoleSpec *spec = lfirst(cell);
		Oid role = spec->roletype == ROLESPEC_PUBLIC ? InvalidOid : get_rolespec_oid(spec, true);

		if (OidIsValid(role) || spec->roletype == ROLESPEC_PUBLIC)
			result = lappend_oid(result, role);
	}
	return result;
}

static void
refuse_internal(const char *what, const char *object, Oid role, const DmHome *home)
{
	Oid owner = DmGuardDomainOwner(home);

	DmGuardRefuse(ERRCODE_DM_GRANT, NULL,
				  psprintf("cannot grant %s on %s to %s: it is internal to domain \"%s\"", what,
						   object, role_text(role), NameStr(home->domain)),
				  psprintf("What is internal is for the domain: %s and its members.",
						   OidIsValid(owner) ? role_text(owner) : "the domain's owner"),
				  "What others may read is a port: name them in the roles of a contract, and CALL "
				  "datamesh.publish(...).");
}

static void
refuse_port(const char *what, const char *object, Oid role, const DmHome *home)
{
	DmGuardRefuse(
		ERRCODE_DM_GRANT, NULL,
		psprintf("cannot grant %s on %s to %s: no contract allows it", what, object,
				 role_text(role)),
		psprintf("Who may read the ports of domain \"%s\" is said by the roles of their contracts, "
				 "and they may read only.",
				 NameStr(home->domain)),
		"Publish a contract whose roles name the consumer, or have it ask: CALL "
		"datamesh.request_access(...).");
}

/* ---- what is given ---- */

static void
judge_relation(const GrantStmt *grant, const List *roles, const DmHome *home, const char *relation)
{
	char *object = psprintf("\"%s.%s\"", NameStr(home->name), relation);
	char *what = privileges_text(grant);
	List *consumers = NIL;
	bool known = false;
	bool asked = false;
	ListCell *cell;

	foreach (cell, roles)
	{
		Oid role = lfirst_oid(cell);

		if (OidIsValid(role) && is_own_role(role, home))
			continue;
		if (home->purpose != DM_PURPOSE_PORT)
		{
			refuse_internal(what, object, role, home);
			continue;
		}
		if (!asked)
			consumers = DmGuardConsumers(home, relation, &known);
		asked = true;
		if (!OidIsValid(role) || !gives_only(grant, "select") || grant->grant_option ||
			!list_member_oid(consumers, role))
			refuse_port(what, object, role, home);
	}
}

static void
judge_schema(const GrantStmt *grant, const List *roles, const DmHome *home)
{
	char *object = psprintf("schema \"%s\"", NameStr(home->name));
	char *what = privileges_text(grant);
	ListCell *cell;
	bool known;

	foreach (cell, roles)
	{
		Oid role = lfirst_oid(cell);

		if (home->purpose == DM_PURPOSE_INTERNAL || home->purpose == DM_PURPOSE_RELEASE)
		{
			if (!OidIsValid(role) || !is_own_role(role, home))
				refuse_internal(what, object, role, home);
		}
		else if (!OidIsValid(role) || !gives_only(grant, "usage") ||
				 (!is_own_role(role, home) &&
				  !list_member_oid(DmGuardConsumers(home, NULL, &known), role)))
			refuse_port(what, object, role, home);
	}
}

/* ---- what is taken away ---- */

static void
judge_revoke(const GrantStmt *grant, const List *roles, const DmHome *home, const char *relation)
{
	Oid port_role = DmGuardPortRole(home);
	List *readers = NIL;
	ListCell *cell;

	if (!OidIsValid(port_role) || !list_member_oid(roles, port_role))
		return;
	if (relation != NULL)
		readers = DmGuardReaders(home, InvalidOid, relation);
	if (home->purpose == DM_PURPOSE_INTERNAL)
	{
		bool live = relation == NULL;

		foreach (cell, readers)
			live |= ((DmReader *) lfirst(cell))->live;
		if (!live)
			return;
	}
	DmGuardRefuse(
		ERRCODE_DM_GUARDED, NULL,
		psprintf("cannot revoke %s on %s from %s: the ports of domain \"%s\" read with it",
				 privileges_text(grant),
				 relation != NULL ? psprintf("\"%s.%s\"", NameStr(home->name), relation)
								  : psprintf("schema \"%s\"", NameStr(home->name)),
				 role_text(port_role), NameStr(home->domain)),
		readers != NIL ? psprintf("Consumers who would break: %s.",
								  ((DmReader *) linitial(readers))->consumers != NULL
									  ? ((DmReader *) linitial(readers))->consumers
									  : "none but the domain itself")
					   : NULL,
		"To end a product, CALL datamesh.deprecate(...) and CALL datamesh.retire(...).");
}

/* ---- what a statement names ---- */

static void
judge_object(const GrantStmt *grant, const List *roles, const DmHome *home, const char *relation)
{
	if (!grant->is_grant)
		judge_revoke(grant, roles, home, relation);
	else if (relation != NULL)
		judge_relation(grant, roles, home, relation);
	else
		judge_schema(grant, roles, home);
}

static void
judge_named_relation(const GrantStmt *grant, const List *roles, const RangeVar *name)
{
	Oid relid = RangeVarGetRelid(name, NoLock, true);
	char *relation = OidIsValid(relid) ? get_rel_name(relid) : NULL;
	DmHome home;

	if (relation != NULL && DmGuardHome(get_rel_namespace(relid), &home))
		judge_object(grant, roles, &home, relation);
}

/* GRANT ... ON ALL TABLES IN SCHEMA */
static void
judge_all_in_schema(const GrantStmt *grant, const List *roles, const DmHome *home)
{
	const Oid types[] = {OIDOID, BOOLOID};
	Datum values[] = {ObjectIdGetDatum(home->schema),
					  BoolGetDatum(grant->objtype == OBJECT_SEQUENCE)};
	MemoryContext caller = CurrentMemoryContext;
	List *names = NIL;
	DmIdentity saved;
	ListCell *cell;

	PushActiveSnapshot(GetLatestSnapshot());
	DmBecomeExtensionOwner(&saved);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	DmSpiExecute("SELECT relname FROM pg_catalog.pg_class WHERE relnamespace = $1 AND CASE WHEN $2 "
				 "THEN relkind = 'S' ELSE relkind IN ('r', 'v', 'm', 'f', 'p') END ORDER BY 1",
				 2, types, values, NULL, true);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		MemoryContext spi = MemoryContextSwitchTo(caller);

		names = lappend(names, pstrdup(DmSpiText(row, 1)));
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	DmIdentityRestore(&saved);
	PopActiveSnapshot();
	foreach (cell, names)
		judge_object(grant, roles, home, lfirst(cell));
}

static void
judge_grant(const GrantStmt *grant)
{
	List *roles = grantee_oids(grant->grantees);
	ListCell *cell;
	DmHome home;

	if (grant->targtype == ACL_TARGET_ALL_IN_SCHEMA)
	{
		if (grant->objtype == OBJECT_TABLE || grant->objtype == OBJECT_SEQUENCE)
			foreach (cell, grant->objects)
				if (DmGuardHomeByName(strVal(lfirst(cell)), &home))
					judge_all_in_schema(grant, roles, &home);
	}
	else if (grant->targtype != ACL_TARGET_OBJECT)
		return;
	else if (grant->objtype == OBJECT_SCHEMA)
	{
		foreach (cell, grant->objects)
			if (DmGuardHomeByName(strVal(lfirst(cell)), &home))
				judge_object(grant, roles, &home, NULL);
	}
	else if (grant->objtype == OBJECT_TABLE || grant->objtype == OBJECT_SEQUENCE)
		foreach (cell, grant->objects)
			judge_named_relation(grant, roles, lfirst(cell));
}

/* ---- default privileges ---- */

/* The internal, port and release schemas of the domains that a role owns. */
static List *
schemas_of(Oid role)
{
	const Oid type = OIDOID;
	Datum value = ObjectIdGetDatum(role);
	MemoryContext caller = CurrentMemoryContext;
	List *names = NIL;
	DmIdentity saved;

	PushActiveSnapshot(GetLatestSnapshot());
	DmBecomeExtensionOwner(&saved);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	DmSpiExecute("SELECT s.schema_name FROM datamesh.domain_schema AS s JOIN "
				 "pg_catalog.pg_namespace AS n ON n.nspname = s.schema_name WHERE n.nspowner = $1 "
				 "ORDER BY 1",
				 1, &type, &value, NULL, true);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		MemoryContext spi = MemoryContextSwitchTo(caller);

		names = lappend(names, pstrdup(DmSpiText(row, 1)));
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	DmIdentityRestore(&saved);
	PopActiveSnapshot();
	return names;
}

static void
judge_default(const GrantStmt *grant, const List *grantees, const char *schema)
{
	char *object = psprintf("what will be made in schema \"%s\"", schema);
	ListCell *cell;
	DmHome home;

	if (!DmGuardHomeByName(schema, &home))
		return;
	foreach (cell, grantees)
	{
		Oid role = lfirst_oid(cell);

		if (!OidIsValid(role) || !is_own_role(role, &home))
			refuse_internal(privileges_text(grant), object, role, &home);
	}
}

static void
judge_default_privileges(const AlterDefaultPrivilegesStmt *statement)
{
	const GrantStmt *grant = statement->action;
	List *grantees = grantee_oids(grant->grantees);
	List *schemas = NIL;
	List *roles = NIL;
	ListCell *cell;

	if (!grant->is_grant || (grant->objtype != OBJECT_TABLE && grant->objtype != OBJECT_SEQUENCE))
		return;
	foreach (cell, statement->options)
	{
		const DefElem *option = lfirst(cell);
		ListCell *name;

		if (strcmp(option->defname, "roles") == 0)
			roles = grantee_oids((List *) option->arg);
		else if (strcmp(option->defname, "schemas") == 0)
			foreach (name, (List *) option->arg)
				schemas = lappend(schemas, strVal(lfirst(name)));
	}
	if (roles == NIL)
		roles = list_make1_oid(GetUserId());
	/* without schemas: whatever these roles make, wherever they make it */
	if (schemas == NIL)
		foreach (cell, roles)
			schemas = list_concat(schemas, schemas_of(lfirst_oid(cell)));
	foreach (cell, schemas)
		judge_default(grant, grantees, lfirst(cell));
}

void
DmGuardGrant(Node *statement)
{
	ListCell *cell;

	switch (nodeTag(statement))
	{
		case T_GrantStmt:
			judge_grant((GrantStmt *) statement);
			break;
		case T_AlterDefaultPrivilegesStmt:
			judge_default_privileges((AlterDefaultPrivilegesStmt *) statement);
			break;
		case T_CreateSchemaStmt:
			/* its GRANTs may name anything, and are no commands of their own */
			foreach (cell, ((CreateSchemaStmt *) statement)->schemaElts)
				if (IsA(lfirst(cell), GrantStmt))
					judge_grant(lfirst(cell));
			break;
		default:
			break;
	}
}

/* ---- what default privileges gave ---- */

/* A relation that has just been made in an internal schema: who got something at its birth? */
void
DmGuardCheckAcl(Oid relid, const DmHome *home)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Datum datum;
	bool isnull;
	Acl *acl;
	char *object;

	if (!HeapTupleIsValid(tuple))
		return;
	datum = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_relacl, &isnull);
	acl = isnull ? NULL : DatumGetAclPCopy(datum);
	object = psprintf("\"%s.%s\"", NameStr(home->name),
					  NameStr(((Form_pg_class) GETSTRUCT(tuple))->relname));
	ReleaseSysCache(tuple);
	for (int i = 0; acl != NULL && i < ACL_NUM(acl); i++)
	{
		const AclItem *item = &ACL_DAT(acl)[i];

		if (item->ai_privs != ACL_NO_RIGHTS && item->ai_grantee != item->ai_grantor &&
			(item->ai_grantee == ACL_ID_PUBLIC || !is_own_role(item->ai_grantee, home)))
			refuse_internal("privileges", object, item->ai_grantee, home);
	}
}
