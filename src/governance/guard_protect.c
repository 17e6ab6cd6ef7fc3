/*-------------------------------------------------------------------------
 *
 * guard_protect.c
 *		Row security on what published products are made from stays what publish made it.
 *
 * A table that carries a policy of ours is protected.  Its owner may do with row security
 * and policies what he likes, as long as nobody outside of the domain can read it when the
 * command is through; datamesh.protection_gaps says whether that is so.
 *
 * What joins a protected table (a partition, a child, a parent) would be another door to the
 * same rows, and so would a new table under the name of a source: it is protected on
 * the spot, or refused where that cannot be done.
 *
 * A trigger is shown the rows that are written, and a foreign key is checked as the owner of the table,
 * whatever row security says: on what is internal, only the domain makes them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/lock.h"
#include "base/session.h"
#include "governance/guard.h"
#include "lineage/code.h"

/* The names that sql/parts/security.sql explains. */
static const char *const policies[] = {"datamesh_domain_read", "datamesh_domain_only",
									   "datamesh_insert", "datamesh_update", "datamesh_delete"};

static bool
is_ours(const char *policy)
{
	for (int i = 0; i < lengthof(policies); i++)
		if (strcmp(policy, policies[i]) == 0)
			return true;
	return false;
}

/* Does the table carry a policy of ours? */
static bool
is_protected(Oid relid)
{
	Relation rel = table_open(PolicyRelationId, AccessShareLock);
	bool result = false;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple tuple;

	ScanKeyInit(&key, Anum_pg_policy_polrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	scan = systable_beginscan(rel, PolicyPolrelidPolnameIndexId, true, NULL, 1, &key);
	while (!result && HeapTupleIsValid(tuple = systable_getnext(scan)))
		result = is_ours(NameStr(((Form_pg_policy) GETSTRUCT(tuple))->polname));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return result;
}

static bool
is_table(Oid relid)
{
	char kind = get_rel_relkind(relid);

	return kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE;
}

static char *
label_of(Oid relid)
{
	return psprintf("table \"%s.%s\"", get_namespace_name(get_rel_namespace(relid)),
					get_rel_name(relid));
}

/* ---- asking ---- */

/*
 * The published products of the domain that are made from the table, "a, b", or NULL; and whether
 * others than the domain could read it as it is now.
 */
static char *
products_of(const DmHome *home, Oid relid, bool *open)
{
	const Oid types[] = {NAMEOID, OIDOID};
	Datum values[] = {NameGetDatum(&home->domain), ObjectIdGetDatum(relid)};
	char *products;
	DmGuardReading reading;
	bool isnull;

	DmGuardReadBegin(&reading);
	DmSpiExecute("SELECT (SELECT pg_catalog.string_agg(product, ', ' ORDER BY product) FROM "
				 "datamesh.protected_relations($1) WHERE relation = $2), EXISTS (SELECT FROM "
				 "datamesh.protection_gaps(ARRAY[$2]))",
				 2, types, values, NULL, true);
	products = DmSpiText(0, 1);
	if (products != NULL)
		products = MemoryContextStrdup(reading.caller, products);
	*open = DatumGetBool(DmSpiDatum(0, 2, &isnull));
	DmGuardReadEnd(&reading);
	return products;
}

static void
refuse(const DmHome *home, Oid relid, const char *verb, const char *products)
{
	DmGuardRefuse(
		ERRCODE_DM_GUARDED, NULL,
		psprintf("cannot %s %s: row security keeps it to domain \"%s\"", verb, label_of(relid),
				 NameStr(home->domain)),
		psprintf("Published from it: %s. Whoever holds a privilege on it could read what the port "
				 "does not show.",
				 products),
		"Policies for roles of the domain are free. What others may read is a port: name them in "
		"the roles of a contract, and CALL datamesh.publish(...).");
}

/* ---- row security and policies ---- */

/* Before the command: it names a policy of ours, or (policy NULL) switches row security off. */
void
DmGuardPolicy(const RangeVar *name, const char *policy, const char *verb)
{
	Oid relid = name != NULL ? RangeVarGetRelid(name, NoLock, true) : InvalidOid;
	char *products;
	DmHome home;
	bool open;

	if (!OidIsValid(relid) || (policy != NULL && !is_ours(policy)) ||
		!DmRelationOwnerCheck(relid, GetUserId()) ||
		!DmGuardHome(get_rel_namespace(relid), &home) || home.purpose != DM_PURPOSE_INTERNAL ||
		!is_protected(relid))
		return;
	products = products_of(&home, relid, &open);
	if (products != NULL)
		refuse(&home, relid, verb, products);
}

/* ---- triggers and foreign keys of others ---- */

/* A trigger was made, or a foreign key that refers to the relation. */
void
DmGuardStranger(const DmTouch *touch)
{
	bool trigger = touch->kind == DM_TOUCH_TRIGGER;

	if (touch->home.purpose != DM_PURPOSE_INTERNAL ||
		(!trigger && touch->kind != DM_TOUCH_REFERENCE) ||
		has_privs_of_role(GetUserId(), DmGuardDomainOwner(&touch->home)) ||
		has_privs_of_role(GetUserId(), touch->owner))
		return;
	DmGuardRefuse(
		ERRCODE_DM_GUARDED, NULL,
		psprintf("cannot %s %s: only domain \"%s\" does",
				 trigger ? "change the triggers of" : "refer to", label_of(touch->relid),
				 NameStr(touch->home.domain)),
		trigger ? "A trigger is shown rows that row security keeps to the domain."
				: "A foreign key tells which values are there, which row security keeps to the "
				  "domain.",
		"Ask the domain for a data product with what you need.");
}

/* ---- what joins a protected table ---- */

/* What protects the relation and all that belongs to it; *relids are those that it changes. */
static List *
statements_for(Oid relid, List **family, List **relids)
{
	const Oid type = OIDOID;
	Datum value = ObjectIdGetDatum(relid);
	List *statements = NIL;
	DmGuardReading reading;

	*family = *relids = NIL;
	DmGuardReadBegin(&reading);
	DmSpiExecute("SELECT b.relation, g.statement FROM datamesh.relations_beneath(ARRAY[$1]) AS b "
				 "LEFT JOIN LATERAL datamesh.protection_gaps(ARRAY[b.relation]) WITH ORDINALITY AS "
				 "g(relation, statement, n) ON true ORDER BY b.relation, g.n",
				 1, &type, &value, NULL, true);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		MemoryContext spi = MemoryContextSwitchTo(reading.caller);
		bool isnull;
		Oid oid = DatumGetObjectId(DmSpiDatum(row, 1, &isnull));
		char *statement = DmSpiText(row, 2);

		*family = list_append_unique_oid(*family, oid);
		if (statement != NULL)
		{
			statements = lappend(statements, statement);
			*relids = list_append_unique_oid(*relids, oid);
		}
		MemoryContextSwitchTo(spi);
	}
	DmGuardReadEnd(&reading);
	return statements;
}

/* The first of these relations that somebody else is using; InvalidOid: all are locked. */
static Oid
lock_all(List *relids)
{
	ListCell *cell;

	foreach (cell, relids)
		if (!DmLockNow(lfirst_oid(cell), AccessExclusiveLock))
			return lfirst_oid(cell);
	return InvalidOid;
}

static void
run_all(List *statements)
{
	DmGuardReading reading;
	ListCell *cell;

	if (statements == NIL)
		return;
	DmGuardReadBegin(&reading);
	foreach (cell, statements)
		DmSpiExecute(lfirst(cell), 0, NULL, NULL, NULL, false);
	DmGuardReadEnd(&reading);
}

static void
refuse_stranger(const DmHome *home, Oid relid, Oid stranger)
{
	DmGuardRefuse(
		ERRCODE_DM_GUARDED, NULL,
		psprintf("cannot join %s with %s: row security keeps it to domain \"%s\"", label_of(relid),
				 label_of(stranger), NameStr(home->domain)),
		"The other is no table of the domain's, and rows could be read through it.",
		"Both have to be in internal schemas of the domain, and belong to its owner or a member "
		"of that role.");
}

/* Its family has changed: all of it is to be what the table itself is. */
static void
settle_family(const DmHome *home, Oid relid)
{
	List *family;
	List *relids;
	List *statements = statements_for(relid, &family, &relids);
	List *near = list_concat(find_inheritance_children(relid, NoLock), DmParents(relid));
	ListCell *cell;
	Oid used;

	if (family == NIL)
		return;
	foreach (cell, near)
		if (is_table(lfirst_oid(cell)) && !list_member_oid(family, lfirst_oid(cell)))
		{
			refuse_stranger(home, relid, lfirst_oid(cell));
			return;
		}
	used = lock_all(relids);
	if (OidIsValid(used))
		ereport(ERROR,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				 errmsg("cannot join %s with %s, which is in use", label_of(relid), label_of(used)),
				 errdetail("Row security keeps the one to domain \"%s\", and has to be put on the "
						   "other too.",
						   NameStr(home->domain)),
				 errhint("Try again when nobody uses it.")));
	run_all(statements);
}

/* A relation that the command has touched, as it was; what it is now is in the catalog. */
void
DmGuardProtected(const DmTouch *touch)
{
	char *products;
	bool open;

	if (touch->home.purpose != DM_PURPOSE_INTERNAL ||
		(touch->kind != DM_TOUCH_POLICY && touch->kind != DM_TOUCH_CHILD &&
		 touch->kind != DM_TOUCH_ATTACH) ||
		!is_table(touch->relid) || !is_protected(touch->relid))
		return;
	products = products_of(&touch->home, touch->relid, &open);
	if (products == NULL)
		return;
	if (touch->kind == DM_TOUCH_POLICY)
	{
		if (open)
			refuse(&touch->home, touch->relid, "change the policies of", products);
	}
	else
		settle_family(&touch->home, touch->relid);
}

/*
 * A table that is new, or new under its name: if a published product is made from what is called so,
 * it is protected before anybody can read it.  What is in use already waits for the next publish.
 */
void
DmGuardProtectNew(Oid relid, const DmHome *home)
{
	char *name = get_rel_name(relid);
	List *family;
	List *relids;
	List *statements;

	if (home->purpose != DM_PURPOSE_INTERNAL || name == NULL || !is_table(relid) ||
		DmGuardReaders(home, relid, name) == NIL)
		return;
	statements = statements_for(relid, &family, &relids);
	if (!OidIsValid(lock_all(relids)))
		run_all(statements);
}
