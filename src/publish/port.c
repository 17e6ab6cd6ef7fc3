/*-------------------------------------------------------------------------
 *
 * port.c
 *		Ports: the relations and views that consumers read, and who may.
 *
 * For a snapshot product of domain d, product p, major version v:
 *
 *	d_releases.p_vN			the releases, PARTITION BY LIST (datamesh_release)
 *	d_releases.p_vN_rR		one release, a partition of it
 *	d.p_vN					the port of that version: a view of the first, which shows
 *							the release that datamesh.current_release(port) names
 *	d.p						the same of the newest major version
 *
 * All owned by the domain's port role.  The release's number is the FIRST column
 * of a release: the port's filter reads it for every row, and a column behind
 * others would have to be found by walking over them.
 *
 * What this file keeps true:
 *	- a release that keeps the shape of its port is published under locks that no
 *	  reader notices (attaching takes ShareUpdateExclusiveLock);
 *	- whatever needs more is locked without a queue (lock.c), all of it at once and as
 *	  late as possible;
 *	- views are redefined only if their definition changed, comments and grants are
 *	  written only where they differ: a routine publish leaves pg_class alone.
 *
 * Everything here runs as the owner of the extension, with SPI connected.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "base/errors.h"
#include "base/names.h"
#include "base/session.h"
#include "publish/publish.h"

/* ---- what the files of ports share ---- */

void
DmRun(const char *sql)
{
	DmSpiExecute(sql, 0, NULL, NULL, NULL, false);
}

char *
DmQualified(const char *schema, const char *name)
{
	return pstrdup(quote_qualified_identifier(schema, name));
}

Oid
DmFindRelation(const char *schema, const char *name)
{
	return get_relname_relid(name, get_namespace_oid(schema, false));
}

/* ---- rows of datamesh.port ---- */

char *
DmPortName(const DmProduct *product, int major)
{
	return DmSuffixedName(product->name, psprintf("_v%d", major));
}

DmPort *
DmPortByMajor(const DmProduct *product, int major)
{
	const Oid types[] = {INT4OID, INT4OID};
	Datum values[] = {Int32GetDatum(product->product_id), Int32GetDatum(major)};
	DmPort *port;
	bool isnull;

	DmSpiExecute(
		"SELECT port_id, mode, contract_id, current_release, definition FROM datamesh.port "
		"WHERE product_id = $1 AND major = $2",
		2, types, values, NULL, false);
	if (SPI_processed == 0)
		return NULL;
	port = palloc0(sizeof(DmPort));
	port->port_id = DatumGetInt32(DmSpiDatum(0, 1, &isnull));
	port->major = major;
	port->mode = DmSpiText(0, 2);
	port->contract_id = DatumGetInt32(DmSpiDatum(0, 3, &isnull));
	port->current_release = DatumGetInt32(DmSpiDatum(0, 4, &isnull));
	if (isnull)
		port->current_release = 0;
	port->definition = DmSpiText(0, 5);
	port->name = DmPortName(product, major);
	return port;
}

/* The newest major version that has a port to read, -1 if there is none. */
int
DmPortNewestMajor(const DmProduct *product)
{
	const Oid type = INT4OID;
	Datum value = Int32GetDatum(product->product_id);
	bool isnull;

	DmSpiExecute("SELECT coalesce(pg_catalog.max(major), -1) FROM datamesh.port "
				 "WHERE product_id = $1 AND current_release IS NOT NULL",
				 1, &type, &value, NULL, false);
	return DatumGetInt32(DmSpiDatum(0, 1, &isnull));
}

/* ---- the switch ---- */

/*
 * The columns of the contract that the source has, in the order of the port: those that
 * are published already stay where they are, new ones follow.
 */
List *
DmPortOrder(const DmPublication *pub)
{
	Oid view = pub->port == NULL
				   ? InvalidOid
				   : DmFindRelation(pub->product->domain->port_schema, pub->port->name);
	List *rest = NIL;
	List *ordered = NIL;
	ListCell *cell;

	foreach (cell, pub->columns)
		if (OidIsValid(((DmPublishColumn *) lfirst(cell))->type))
			rest = lappend(rest, lfirst(cell));
	if (OidIsValid(view))
	{
		Relation rel = relation_open(view, AccessShareLock);

		for (int i = 0; i < RelationGetNumberOfAttributes(rel); i++)
			foreach (cell, rest)
			{
				DmPublishColumn *column = lfirst(cell);

				if (strcmp(column->name, NameStr(TupleDescAttr(rel->rd_att, i)->attname)) == 0)
				{
					ordered = lappend(ordered, column);
					rest = foreach_delete_current (rest, cell);
				}
			}
		relation_close(rel, NoLock);
	}
	return list_concat(ordered, rest);
}

static DmPort *
insert_port(const DmPublication *pub)
{
	const Oid types[] = {INT4OID, INT4OID, TEXTOID, INT4OID};
	Datum values[] = {Int32GetDatum(pub->product->product_id), Int32GetDatum(pub->contract->major),
					  CStringGetTextDatum(pub->contract->mode),
					  Int32GetDatum(pub->contract->contract_id)};

	DmSpiExecute("INSERT INTO datamesh.port (product_id, major, mode, contract_id) "
				 "VALUES ($1, $2, $3, $4)",
				 4, types, values, NULL, false);
	return DmPortByMajor(pub->product, pub->contract->major);
}

/* Relations whose shape this publish has to change, the parent before its partitions. */
static List *
relations_to_change(const DmPublication *pub, Oid parent, bool grow, bool redefine,
					bool redefine_newest)
{
	const DmDomain *domain = pub->product->domain;
	Oid view = DmFindRelation(domain->port_schema, pub->port->name);
	Oid newest = DmFindRelation(domain->port_schema, pub->product->name);
	List *relids = NIL;

	if (redefine_newest && OidIsValid(newest))
		relids = lappend_oid(relids, newest);
	if (redefine && OidIsValid(view))
		relids = lappend_oid(relids, view);
	if (grow)
		relids =
			list_concat(lappend_oid(relids, parent), find_inheritance_children(parent, NoLock));
	return relids;
}

static void
record_release(const DmPublication *pub, const char *definition)
{
	const Oid types[] = {INT4OID, INT4OID,        INT4OID, TEXTOID, TEXTOID,
						 INT8OID, TIMESTAMPTZOID, TEXTOID, TEXTOID};
	Datum values[] = {Int32GetDatum(pub->release_id),
					  Int32GetDatum(pub->port->port_id),
					  Int32GetDatum(pub->contract->contract_id),
					  pub->live ? (Datum) 0
								: CStringGetTextDatum(pub->product->domain->release_schema),
					  pub->live ? (Datum) 0 : CStringGetTextDatum(pub->release_name),
					  Int64GetDatum(pub->rows),
					  TimestampTzGetDatum(pub->source_as_of),
					  CStringGetTextDatum(definition),
					  CStringGetTextDatum(pub->new_status)};
	const bool nulls[] = {false, false, false, pub->live, pub->live, false, false, false, false};

	DmSpiExecute(
		"WITH now AS MATERIALIZED (SELECT pg_catalog.clock_timestamp() AS at), "
		"release AS (INSERT INTO datamesh.release (release_id, port_id, contract_id, "
		"relation_schema, "
		"relation_name, row_count, published_at, published_by, source_as_of) "
		"SELECT $1, $2, $3, $4::name, $5::name, $6, at, session_user, $7 FROM now), "
		"port AS (UPDATE datamesh.port SET current_release = $1, contract_id = $3, definition = $8 "
		"WHERE port_id = $2), "
		"contract AS (UPDATE datamesh.contract SET status = $9, "
		"published_at = coalesce(published_at, at) FROM now WHERE contract_id = $3) "
		"SELECT at FROM now",
		9, types, values, nulls, false);
	CommandCounterIncrement();
	DmSpiExecute(
		"INSERT INTO datamesh.port_history (port_id, since, release_id) "
		"SELECT port_id, published_at, release_id FROM datamesh.release WHERE release_id = $1",
		1, types, values, NULL, false);
}

/* What a switch changes, found out before anything is locked exclusively. */
typedef struct Switch
{
	List *readers;
	int32 contract_before; /* 0: the port is new */
	List *columns;
	Oid parent; /* of the releases; InvalidOid if there are none yet */
	char *parent_label;
	List *grow; /* columns that it lacks */
	char *definition;
	bool newest; /* of all majors: the port without a number is this one */
	bool redefine;
	bool redefine_newest;
} Switch;

/* What the port's view is to be; makes what it needs and nobody can see yet. */
static void
define_port(DmPublication *pub, Switch *change)
{
	const DmDomain *domain = pub->product->domain;
	int32 policy = 0;

	if (DmAccessRestricts(pub->access))
	{
		DmAccessRequireKey(pub->access);
		policy = DmAccessStore(pub->access, pub->port->port_id);
	}
	if (pub->live)
	{
		/* again: checks may have run code of the domain, which is free to replace its views */
		DmAccessInspectSource(pub->product, pub->source);
		DmGrantLiveSource(pub);
		change->definition = DmViewOfSource(pub, change->columns, pub->port->port_id, policy);
		return;
	}
	change->parent = DmFindRelation(domain->release_schema, pub->port->name);
	if (!OidIsValid(change->parent))
		DmReleaseCreateParent(pub, change->parent_label, change->columns);
	else
		change->grow = DmReleaseMissingColumns(change->parent, change->columns);
	change->definition =
		DmViewOfReleases(pub, change->columns, pub->port->port_id, change->parent_label, policy);
}

static void
prepare_switch(DmPublication *pub, Switch *change)
{
	const DmDomain *domain = pub->product->domain;
	bool is_new = pub->port == NULL;

	change->readers = DmGrantReaders(pub);
	change->contract_before = is_new ? 0 : pub->port->contract_id;
	if (is_new)
		pub->port = insert_port(pub);
	DmGrantLockSchema(pub, is_new, change->readers);
	change->columns = DmPortOrder(pub);
	change->parent_label = DmQualified(domain->release_schema, pub->port->name);
	change->newest = pub->port->major >= pub->newest_major;
	define_port(pub, change);
	change->redefine = pub->port->definition == NULL ||
					   strcmp(pub->port->definition, change->definition) != 0 ||
					   !OidIsValid(DmFindRelation(domain->port_schema, pub->port->name));
	change->redefine_newest =
		change->newest &&
		(change->redefine || !OidIsValid(DmFindRelation(domain->port_schema, pub->product->name)));
}

/* The exclusive locks, and what happens under them. */
static void
change_relations(DmPublication *pub, const Switch *change)
{
	List *shape = relations_to_change(pub, change->parent, change->grow != NIL, change->redefine,
									  change->redefine_newest);
	List *protect = DmProtectChanges(pub, change->parent);
	List *locked = list_concat_unique_oid(list_copy(shape), protect);

	DmLockWithoutQueue(
		locked, shape != NIL
					? psprintf("change the shape of port %s",
							   DmQualified(pub->product->domain->port_schema, pub->port->name))
					: psprintf("protect what %s is made from", pub->product->qualified_name));
	DmProgressPhase(DM_PHASE_SWITCHING);
	if (protect != NIL)
		DmProtectSettle(pub, change->parent, locked);
	if (change->grow != NIL)
	{
		DmReleaseGrow(change->parent, change->grow);
		DmReleaseSettleStatistics(change->parent_label, change->grow);
	}
	if (!pub->live)
		DmReleaseAttach(pub, change->parent_label);
	if (change->redefine)
		DmViewDefine(pub, pub->port->name, change->definition, change->columns);
	if (change->redefine_newest)
		DmViewDefine(pub, pub->product->name, change->definition, change->columns);
}

/*
 * Let consumers see the release.  Short from the first exclusive lock on: everything that takes
 * time has been done before.
 */
void
DmPortSwitch(DmPublication *pub)
{
	Switch change = {0};
	DmIdentity saved;

	DmBecomeExtensionOwner(&saved);
	DmProgressPhase(DM_PHASE_SWITCHING);
	DmReadersLock(pub->product->product_id);
	DmGrantEndExpired(pub);
	prepare_switch(pub, &change);
	change_relations(pub, &change);
	record_release(pub, change.definition);
	DmViewDescribe(pub->product, pub->port, pub->contract->contract_id);
	DmGrantSettle(pub, change.readers, change.newest);
	if (change.contract_before != 0 && change.contract_before != pub->contract->contract_id)
		DmProtectForget(pub->product->domain,
						list_difference_oid(DmProtectedBy(change.contract_before),
											DmProtectedBy(pub->contract->contract_id)));
	DmIdentityRestore(&saved);
}

/* ---- the end of a port ---- */

/*
 * Take a retired port away, with its releases.  next_major is the newest version that is left to
 * read, -1 if none is: the product's own port then shows that version, or goes as well.
 */
void
DmPortDrop(const DmProduct *product, const DmPort *port, int next_major)
{
	const DmDomain *domain = product->domain;
	Oid view = DmFindRelation(domain->port_schema, port->name);
	Oid newest =
		next_major < port->major ? DmFindRelation(domain->port_schema, product->name) : InvalidOid;
	Oid parent = DmFindRelation(domain->release_schema, port->name);
	char *view_label = DmQualified(domain->port_schema, port->name);
	char *newest_label = DmQualified(domain->port_schema, product->name);
	const char *hint = "They can be dropped by their owners, or built upon another product.";
	const Oid type = INT4OID;
	Datum value = Int32GetDatum(port->port_id);
	List *sources = DmProtectedBy(port->contract_id);
	List *relids = NIL;

	DmReadersLock(product->product_id);
	if (OidIsValid(newest))
		relids = lappend_oid(relids, newest);
	if (OidIsValid(view))
		relids = lappend_oid(relids, view);
	if (OidIsValid(parent))
		relids =
			list_concat(lappend_oid(relids, parent), find_inheritance_children(parent, NoLock));
	DmLockWithoutQueue(relids, psprintf("take away port %s", view_label));

	if (OidIsValid(newest))
		DmViewDrop(newest_label, newest, hint);
	if (OidIsValid(view))
		DmViewDrop(view_label, view, hint);
	if (OidIsValid(parent))
		DmRun(psprintf("DROP TABLE %s", DmQualified(domain->release_schema, port->name)));
	DmSpiExecute(
		"UPDATE datamesh.port SET current_release = NULL, definition = NULL WHERE port_id = $1", 1,
		&type, &value, NULL, false);
	DmSpiExecute(
		"UPDATE datamesh.release SET expired_at = pg_catalog.clock_timestamp(), "
		"relation_schema = NULL, relation_name = NULL WHERE port_id = $1 AND expired_at IS NULL",
		1, &type, &value, NULL, false);
	DmProtectForget(domain, sources);
	if (OidIsValid(newest) && next_major >= 0)
	{
		DmPort *next = DmPortByMajor(product, next_major);
		Oid from = DmFindRelation(domain->port_schema, next->name);
		ListCell *cell;

		DmRun(psprintf("CREATE VIEW %s WITH (security_barrier = true) AS %s", newest_label,
					   next->definition));
		DmRun(psprintf("ALTER VIEW %s OWNER TO %s", newest_label,
					   quote_identifier(domain->port_role_name)));
		CommandCounterIncrement();
		DmAccessInspect(DmFindRelation(domain->port_schema, product->name));
		foreach (cell, DmGrantees("pg_class", "rel", from))
			DmRun(
				psprintf("GRANT SELECT ON %s TO %s", newest_label, DmRoleLabel(lfirst_oid(cell))));
		DmViewDescribe(product, next, next->contract_id);
	}
}
