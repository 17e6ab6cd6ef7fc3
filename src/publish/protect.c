/*-------------------------------------------------------------------------
 *
 * protect.c
 *		Row security on what is internal to a published product: one careless GRANT
 *		does not leak.
 *
 * Releases have row security and no policy: nobody but their owner, the port role,
 * reads a row of them, whatever is granted.  Ports read as that role, and for the
 * owner of a table PostgreSQL adds no condition, so that reading costs nothing.
 *
 * The tables beneath a source belong to the domain, which goes on loading them as it
 * did: policies of ours let everybody write who may, and only the domain's owner
 * and the port role read.  What is to be there, and what is missing, is said by
 * datamesh.protection_gaps (sql/parts/security.sql), for the publish, the
 * guard of DDL and the security scan alike.
 *
 * What this file keeps true:
 *	- a publish that finds everything in place changes nothing and locks nothing;
 *	- what has to be changed is locked without a queue, with all else that the switch needs;
 *	- the policies go again with the last product that is made from a table.
 *
 * Everything here runs as the owner of the extension, with SPI connected.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "parser/parse_relation.h"
#include "parser/parsetree.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/lock.h"
#include "base/session.h"
#include "publish/publish.h"

PG_FUNCTION_INFO_V1(dm_in_domain);
PG_FUNCTION_INFO_V1(dm_in_domain_support);

/* ---- who is of the domain ---- */

static bool
in_domain(const char *domain, Oid role)
{
	Oid owner = DmSchemaOwner(psprintf("%s" DM_INTERNAL_SUFFIX, domain));
	Oid port_role = DmSchemaOwner(domain);

	return (OidIsValid(owner) && has_privs_of_role(role, owner)) ||
		   (OidIsValid(port_role) && has_privs_of_role(role, port_role));
}

/* datamesh.in_domain(domain name, relation oid) returns boolean */
Datum
dm_in_domain(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(in_domain(NameStr(*PG_GETARG_NAME(0)), GetUserId()));
}

/*
 * Within a query, the role that a relation is read as is known to the planner only: a policy that is
 * evaluated beneath a view sees the reader of the view as current user.  So the call is answered here.
 * A plan with row security is made anew for another role, and when a schema changes hands.
 */
Datum
dm_in_domain_support(PG_FUNCTION_ARGS)
{
	Node *request = (Node *) PG_GETARG_POINTER(0);
	SupportRequestSimplify *simplify;
	RangeTblEntry *rte;
	Const *domain;
	Var *var;
	Oid role;

	if (!IsA(request, SupportRequestSimplify))
		PG_RETURN_POINTER(NULL);
	simplify = (SupportRequestSimplify *) request;
	if (simplify->root == NULL || list_length(simplify->fcall->args) != 2 ||
		!IsA(linitial(simplify->fcall->args), Const) || !IsA(lsecond(simplify->fcall->args), Var))
		PG_RETURN_POINTER(NULL);
	domain = linitial(simplify->fcall->args);
	var = lsecond(simplify->fcall->args);
	if (domain->constisnull || var->varlevelsup != 0 || IS_SPECIAL_VARNO(var->varno) ||
		var->varno > list_length(simplify->root->parse->rtable))
		PG_RETURN_POINTER(NULL);
	rte = rt_fetch(var->varno, simplify->root->parse->rtable);
	if (rte->rtekind != RTE_RELATION)
		PG_RETURN_POINTER(NULL);
	role = DmReadAs(simplify->root, rte);
	if (!OidIsValid(role))
		role = GetUserId();
	PG_RETURN_POINTER(
		makeBoolConst(in_domain(NameStr(*DatumGetName(domain->constvalue)), role), false));
}

/* ---- what is there, and what is missing ---- */

static Datum
oid_array(List *oids)
{
	Datum *values = palloc(sizeof(Datum) * (list_length(oids) + 1));
	ListCell *cell;

	foreach (cell, oids)
		values[foreach_current_index(cell)] = ObjectIdGetDatum(lfirst_oid(cell));
	return PointerGetDatum(
		construct_array(values, list_length(oids), OIDOID, sizeof(Oid), true, TYPALIGN_INT));
}

/*
 * The catalog as it is now: at REPEATABLE READ, what another publish has done since is invisible to
 * the transaction's snapshot, and there all the same.
 */
static void
ask(const char *sql, int nargs, const Oid *types, const Datum *values)
{
	CommandCounterIncrement();
	PushActiveSnapshot(GetLatestSnapshot());
	DmSpiExecute(sql, nargs, types, values, NULL, true);
	PopActiveSnapshot();
}

static List *
oids_of_column(int column)
{
	List *result = NIL;

	for (uint64 row = 0; row < SPI_processed; row++)
	{
		bool isnull;
		Oid oid = DatumGetObjectId(DmSpiDatum(row, column, &isnull));

		result = list_append_unique_oid(result, oid);
	}
	return result;
}

static List *
texts_of_column(int column)
{
	List *result = NIL;

	for (uint64 row = 0; row < SPI_processed; row++)
		result = lappend(result, DmSpiText(row, column));
	return result;
}

static Datum
name_datum(const char *name)
{
	return DirectFunctionCall1(namein, CStringGetDatum(name));
}

static List *
relations_beneath(Oid source)
{
	const Oid type = OIDARRAYOID;
	Datum value = oid_array(list_make1_oid(source));

	ask("SELECT relation FROM datamesh.relations_beneath($1) ORDER BY 1", 1, &type, &value);
	return oids_of_column(1);
}

/* The statements that are due; *relids are the relations that they change. */
static List *
gaps(List *relations, List **relids)
{
	const Oid type = OIDARRAYOID;
	Datum value = oid_array(relations);

	ask("SELECT relation, statement FROM datamesh.protection_gaps($1)", 1, &type, &value);
	*relids = oids_of_column(1);
	return texts_of_column(2);
}

static bool
has_row_security(Oid relid)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	bool result = true;

	if (HeapTupleIsValid(tuple))
	{
		result = ((Form_pg_class) GETSTRUCT(tuple))->relrowsecurity;
		ReleaseSysCache(tuple);
	}
	return result;
}

/* The relation of a port's releases, and releases, that have none: from before there was this. */
static List *
open_releases(Oid parent)
{
	List *result = NIL;
	ListCell *cell;

	if (!OidIsValid(parent))
		return NIL;
	if (!has_row_security(parent))
		result = lappend_oid(result, parent);
	foreach (cell, find_inheritance_children(parent, NoLock))
		if (!has_row_security(lfirst_oid(cell)))
			result = lappend_oid(result, lfirst_oid(cell));
	return result;
}

/* ---- the publish ---- */

/* The relations that the switch has to lock for this; NIL: everything is in place. */
List *
DmProtectChanges(const DmPublication *pub, Oid parent)
{
	List *relids;

	(void) gaps(relations_beneath(pub->source), &relids);
	return list_concat(open_releases(parent), relids);
}

/* Say whom this takes something from: they hold privileges, and no row is left for them. */
static void
warn_of_holders(const DmPublication *pub, List *relids)
{
	const DmDomain *domain = pub->product->domain;
	const Oid types[] = {OIDARRAYOID, OIDOID, OIDOID};
	Datum values[] = {oid_array(relids), ObjectIdGetDatum(domain->owner),
					  ObjectIdGetDatum(domain->port_role)};

	ask("SELECT h.label, pg_catalog.string_agg(h.role, ', ' ORDER BY h.role) FILTER (WHERE "
		"h.reads), pg_catalog.string_agg(h.role, ', ' ORDER BY h.role) FILTER (WHERE h.writes) "
		"FROM (SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname) AS label, "
		"coalesce(pg_catalog.quote_ident(r.rolname), 'PUBLIC') AS role, "
		"pg_catalog.bool_or(a.privilege_type = 'SELECT') AS reads, "
		"pg_catalog.bool_or(a.privilege_type = 'INSERT') AS writes "
		"FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = "
		"c.relnamespace CROSS JOIN LATERAL (SELECT x.grantee, x.privilege_type FROM "
		"pg_catalog.aclexplode(c.relacl) AS x UNION ALL SELECT x.grantee, x.privilege_type FROM "
		"pg_catalog.pg_attribute AS t, pg_catalog.aclexplode(t.attacl) AS x WHERE t.attrelid = "
		"c.oid AND NOT t.attisdropped AND t.attacl IS NOT NULL) AS a "
		"LEFT JOIN pg_catalog.pg_authid AS r ON r.oid = a.grantee "
		"WHERE c.oid = ANY ($1) AND CASE WHEN a.grantee = 0 THEN true ELSE a.grantee <> $3 AND NOT "
		"r.rolsuper AND NOT r.rolbypassrls AND NOT pg_catalog.pg_has_role(a.grantee, $2, 'USAGE') "
		"END GROUP BY 1, 2, 3) AS h GROUP BY h.oid, h.label "
		"HAVING pg_catalog.bool_or(h.reads OR h.writes) ORDER BY h.label",
		lengthof(types), types, values);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		char *label = DmSpiText(row, 1);
		char *reads = DmSpiText(row, 2);
		char *writes = DmSpiText(row, 3);

		if (reads != NULL)
			ereport(
				WARNING,
				(errcode(ERRCODE_DM_GRANT),
				 errmsg("from now on nobody but domain \"%s\" reads table %s", domain->name, label),
				 errdetail("Data product \"%s\" is made from it, and it has row security now. "
						   "Who holds SELECT on it all the same, and reads no row: %s.",
						   pub->product->qualified_name, reads),
				 errhint("What others may read is a port: name them in the roles of a "
						 "contract.")));
		if (writes != NULL)
			ereport(NOTICE, (errmsg("table %s has row security now, and takes COPY from members "
									"of role %s only",
									label, quote_identifier(domain->owner_name)),
							 errhint("Not from these, who may INSERT: %s.", writes)));
	}
}

static void
run_all(List *statements)
{
	ListCell *cell;

	foreach (cell, statements)
	{
		CHECK_FOR_INTERRUPTS();
		DmRun(lfirst(cell));
	}
	CommandCounterIncrement();
}

static void
close_relation(Oid relid)
{
	DmRun(psprintf("ALTER TABLE %s ENABLE ROW LEVEL SECURITY",
				   DmQualified(get_namespace_name(get_rel_namespace(relid)), get_rel_name(relid))));
}

/*
 * Put everything in place.  The relations in locked are; what has joined them since is locked now.
 */
void
DmProtectSettle(const DmPublication *pub, Oid parent, List *locked)
{
	List *relations = relations_beneath(pub->source);
	List *statements;
	List *relids;
	ListCell *cell;

	foreach (cell, open_releases(parent))
		if (list_member_oid(locked, lfirst_oid(cell)))
			close_relation(lfirst_oid(cell));
	statements = gaps(relations, &relids);
	if (statements == NIL)
		return;
	DmLockWithoutQueue(list_difference_oid(relids, locked),
					   psprintf("protect what %s is made from", pub->product->qualified_name));
	run_all(gaps(relations, &relids));
	warn_of_holders(pub, relids);
}

/* A relation that this transaction has made: nobody else can be using it. */
void
DmProtectRelease(Oid relid)
{
	if (!has_row_security(relid))
		close_relation(relid);
}

/* ---- the end ---- */

/* The tables beneath what a contract is made from; NIL if its source is no longer there. */
List *
DmProtectedBy(int32 contract_id)
{
	const Oid type = INT4OID;
	Datum value = Int32GetDatum(contract_id);
	Oid source = InvalidOid;

	DmSpiExecute("SELECT source_schema, source_name FROM datamesh.contract WHERE contract_id = $1",
				 1, &type, &value, NULL, false);
	if (SPI_processed > 0)
		source = get_relname_relid(DmSpiText(0, 2), get_namespace_oid(DmSpiText(0, 1), true));
	return OidIsValid(source) ? relations_beneath(source) : NIL;
}

/*
 * Of these tables, give those back that no product of the domain is made from any more.  One that is in
 * use keeps its policies, which is no reason for anything to fail: they let the domain do all.
 */
void
DmProtectForget(const DmDomain *domain, List *candidates)
{
	const Oid types[] = {NAMEOID, OIDARRAYOID};
	Datum values[] = {name_datum(domain->name), oid_array(candidates)};
	List *relids;
	ListCell *cell;

	if (candidates == NIL)
		return;
	ask("SELECT c.oid FROM pg_catalog.unnest($2) AS c(oid) WHERE EXISTS (SELECT FROM "
		"datamesh.protection_remains(ARRAY[c.oid])) EXCEPT SELECT "
		"relation FROM datamesh.protected_relations($1) ORDER BY 1",
		2, types, values);
	relids = oids_of_column(1);
	foreach (cell, relids)
	{
		Oid relid = lfirst_oid(cell);
		const Oid type = OIDARRAYOID;
		Datum value = oid_array(list_make1_oid(relid));

		if (!DmLockNow(relid, AccessExclusiveLock))
		{
			ereport(NOTICE,
					(errmsg("table %s is in use, and keeps the row security of datamesh",
							DmQualified(get_namespace_name(get_rel_namespace(relid)),
										get_rel_name(relid))),
					 errhint("datamesh.security_scan() tells the statements that take it away.")));
			continue;
		}
		ask("SELECT statement FROM datamesh.protection_remains($1)", 1, &type, &value);
		run_all(texts_of_column(1));
	}
}
