/*-------------------------------------------------------------------------
 *
 * guard_mesh.c
 *		What the guard knows of the mesh: whose a schema is, who reads a relation.
 *
 * Nearly all DDL has nothing to do with the mesh, and must find that out for
 * nearly nothing.  So each backend remembers what it asked: what a schema is to
 * the mesh, which relations of the mesh are nobody's source, and the policies of
 * a domain.  All of it is forgotten when a schema changes (invalidation of
 * pg_namespace) and when a row changes that it was read from: a trigger on those
 * tables sends the invalidation of datamesh.domain_schema (dm_guard_changed).
 *
 * What is read while a command is at work on the catalog (DmGuardHome) is read
 * without SPI, and says "not in the mesh" where our tables are going: the guard
 * is never in the way of DROP EXTENSION.  Everything else is read with the newest
 * snapshot there is, because what a REPEATABLE READ transaction cannot see may be
 * published all the same.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "nodes/value.h"
#include "parser/parse_func.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/names.h"
#include "base/session.h"
#include "catalog/catalog.h"
#include "contract/compare.h"
#include "governance/guard.h"

PG_FUNCTION_INFO_V1(dm_guard_changed);

#define MOST_REMEMBERED 10000

typedef struct Unread
{
	Oid relid;
} Unread;

static HTAB *homes = NULL;
static HTAB *unread = NULL; /* relations that are no source of anything published */
static MemoryContext policies = NULL;
static List *standards = NIL; /* DmStandards *, in policies */
static bool valid = false;
static uint64 generation = 0;
static Oid signal_relation = InvalidOid;
static bool restoring = false;

/* ---- remembering and forgetting ---- */

static void
forget(void)
{
	valid = false;
	generation++;
}

static void
relation_changed(Datum arg, Oid relid)
{
	if (!OidIsValid(relid) || relid == signal_relation)
		forget();
	else if (valid)
		(void) hash_search(unread, &relid, HASH_REMOVE, NULL);
}

static void
schema_changed(Datum arg, int cache, uint32 hash)
{
	forget();
}

void
DmGuardMeshInit(void)
{
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, schema_changed, (Datum) 0);
}

static HTAB *
new_table(HTAB *old, const char *name, Size size)
{
	HASHCTL control = {.keysize = sizeof(Oid), .entrysize = size, .hcxt = TopMemoryContext};

	if (old != NULL)
		hash_destroy(old);
	return hash_create(name, 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* Begin to remember afresh, if what is there is out of date or too much. */
static void
refresh(void)
{
	if (valid && hash_get_num_entries(homes) < MOST_REMEMBERED &&
		hash_get_num_entries(unread) < MOST_REMEMBERED)
		return;
	valid = false;
	homes = new_table(homes, "datamesh schemas", sizeof(DmHome));
	unread = new_table(unread, "datamesh relations without readers", sizeof(Unread));
	if (policies == NULL)
		policies =
			AllocSetContextCreate(TopMemoryContext, "datamesh policies", ALLOCSET_SMALL_SIZES);
	standards = NIL;
	MemoryContextReset(policies);
	valid = true;
}

/*
 * Trigger on the tables that the guard reads: every backend is to forget what it knows.
 * Rows of domain_schema that somebody else than datamesh inserts are being restored from a dump, and so
 * is the rest of the mesh: the guard stands aside for the rest of the session.  Nobody but who owns the
 * extension can insert them.  Other sessions of a restore are known by restore.c.
 */
Datum
dm_guard_changed(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	Oid relation;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("guard_changed() must be called as a trigger")));
	relation = get_relname_relid("domain_schema", get_namespace_oid("datamesh", false));
	if (TRIGGER_FIRED_BY_INSERT(data->tg_event) && !DmAtWork() &&
		RelationGetRelid(data->tg_relation) == relation)
		restoring = true;
	if (OidIsValid(relation))
		CacheInvalidateRelcacheByRelid(relation);
	return PointerGetDatum(NULL);
}

/* Nobody disables the triggers of an empty mesh but pg_restore --disable-triggers, for the rows to come. */
void
DmGuardRestores(void)
{
	restoring = true;
}

bool
DmGuardIsRestoring(void)
{
	return restoring || DmRestoring();
}

/* ---- schemas ---- */

static DmPurpose
purpose_of(const char *text)
{
	return strcmp(text, "port") == 0      ? DM_PURPOSE_PORT
		   : strcmp(text, "release") == 0 ? DM_PURPOSE_RELEASE
										  : DM_PURPOSE_INTERNAL;
}

/* The row of domain_schema for this name. */
static void
read_row(Relation rel, DmHome *home)
{
	Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple tuple;

	ScanKeyInit(&key, get_attnum(RelationGetRelid(rel), "schema_name"), BTEqualStrategyNumber,
				F_NAMEEQ, NameGetDatum(&home->name));
	scan = systable_beginscan(rel, DmPrimaryKeyIndex(rel), true, snapshot, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool isnull;
		AttrNumber domain = get_attnum(RelationGetRelid(rel), "domain_name");
		AttrNumber purpose = get_attnum(RelationGetRelid(rel), "purpose");
		char *word =
			TextDatumGetCString(heap_getattr(tuple, purpose, RelationGetDescr(rel), &isnull));

		namestrcpy(
			&home->domain,
			NameStr(*DatumGetName(heap_getattr(tuple, domain, RelationGetDescr(rel), &isnull))));
		home->purpose = purpose_of(word);
		pfree(word);
	}
	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
}

static void
read_home(DmHome *home)
{
	Oid schema = get_namespace_oid("datamesh", true);
	Oid relid = OidIsValid(schema) ? get_relname_relid("domain_schema", schema) : InvalidOid;
	Relation rel = OidIsValid(relid) ? try_table_open(relid, AccessShareLock) : NULL;

	if (rel == NULL)
		return;
	signal_relation = relid;
	if (OidIsValid(DmPrimaryKeyIndex(rel)))
		read_row(rel, home);
	table_close(rel, AccessShareLock);
}

/* Does the schema belong to a domain?  *home says which, and what it is there for. */
bool
DmGuardHome(Oid schema, DmHome *home)
{
	DmHome *known;
	char *name;
	uint64 before;
	DmHome fresh = {.schema = schema};

	if (!OidIsValid(schema) || schema == PG_CATALOG_NAMESPACE || schema == PG_TOAST_NAMESPACE)
		return false;
	refresh();
	known = hash_search(homes, &schema, HASH_FIND, NULL);
	if (known == NULL)
	{
		before = generation;
		name = get_namespace_name(schema);
		if (name == NULL)
			return false;
		namestrcpy(&fresh.name, name);
		pfree(name);
		read_home(&fresh);
		*home = fresh;
		if (valid && before == generation)
		{
			known = hash_search(homes, &schema, HASH_ENTER, NULL);
			*known = fresh;
		}
	}
	else
		*home = *known;
	return home->purpose != DM_PURPOSE_NONE;
}

bool
DmGuardHomeByName(const char *schema, DmHome *home)
{
	Oid oid = get_namespace_oid(schema, true);

	return OidIsValid(oid) && DmGuardHome(oid, home);
}

/* The roles that own the domain and its ports now, as catalog.h explains. */
Oid
DmGuardDomainOwner(const DmHome *home)
{
	return DmSchemaOwner(psprintf("%s" DM_INTERNAL_SUFFIX, NameStr(home->domain)));
}

Oid
DmGuardPortRole(const DmHome *home)
{
	return DmSchemaOwner(NameStr(home->domain));
}

/* ---- reading our tables ---- */

void
DmGuardReadBegin(DmGuardReading *reading)
{
	reading->caller = CurrentMemoryContext;
	PushActiveSnapshot(GetLatestSnapshot());
	DmBecomeExtensionOwner(&reading->identity);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
}

void
DmGuardReadEnd(DmGuardReading *reading)
{
	SPI_finish();
	DmIdentityRestore(&reading->identity);
	PopActiveSnapshot();
	MemoryContextSwitchTo(reading->caller);
}

static char *
copy_text(const DmGuardReading *reading, uint64 row, int column)
{
	char *text = DmSpiText(row, column);

	return text != NULL ? MemoryContextStrdup(reading->caller, text) : NULL;
}

static Jsonb *
copy_jsonb(const DmGuardReading *reading, uint64 row, int column)
{
	bool isnull;
	Datum value = DmSpiDatum(row, column, &isnull);
	Jsonb *found;
	Jsonb *copy;

	if (isnull)
		return NULL;
	found = DatumGetJsonbP(value);
	copy = MemoryContextAlloc(reading->caller, VARSIZE(found));
	memcpy(copy, found, VARSIZE(found));
	return copy;
}

#define READER_COLUMNS                                                                             \
	"SELECT p.product, c.version::text, (SELECT pg_catalog.string_agg(r.role, ', ' ORDER BY "      \
	"r.role) FROM (SELECT DISTINCT role FROM datamesh.contract_role WHERE contract_id = "          \
	"c.contract_id AND access = 'read') AS r), c.contract_id, o.mode = 'live', "                   \
	"c.document::jsonb FROM datamesh.contract AS c JOIN datamesh.port AS o ON o.contract_id = "    \
	"c.contract_id AND o.current_release IS NOT NULL JOIN datamesh.product AS p ON p.product_id "  \
	"= o.product_id WHERE "

static const char *
reader_query(DmPurpose purpose)
{
	switch (purpose)
	{
		case DM_PURPOSE_INTERNAL:
			return READER_COLUMNS "c.source_schema = $2 AND c.source_name = $3 "
								  "AND $1 IS NOT NULL ORDER BY p.product, o.major DESC";
		case DM_PURPOSE_PORT:
			return READER_COLUMNS "p.domain_name = $1 AND $2 IS NOT NULL AND (p.product_name = $3 "
								  "OR p.product_name || '_v' || o.major = $3) "
								  "ORDER BY o.major DESC LIMIT 1";
		default:
			return READER_COLUMNS
				"p.domain_name = $1 AND $2 IS NOT NULL AND (p.product_name || '_v' || o.major = $3 "
				"OR o.port_id = (SELECT r.port_id FROM datamesh.release AS r JOIN datamesh.port AS "
				"q ON q.port_id = r.port_id JOIN datamesh.product AS s ON s.product_id = "
				"q.product_id WHERE s.domain_name = $1 AND r.relation_schema = $2 AND "
				"r.relation_name = $3 LIMIT 1)) LIMIT 1";
	}
}

/*
 * Does any contract name this relation as its source?  Nearly none does, and then a look into the index
 * of datamesh.contract spares the query.
 */
static bool
is_named(const DmHome *home, const NameData *relation)
{
	Oid schema = get_namespace_oid("datamesh", true);
	Oid relid = OidIsValid(schema) ? get_relname_relid("contract", schema) : InvalidOid;
	Oid index = OidIsValid(schema) ? get_relname_relid("contract_source_idx", schema) : InvalidOid;
	Relation rel = OidIsValid(relid) ? try_table_open(relid, AccessShareLock) : NULL;
	Snapshot snapshot;
	ScanKeyData keys[2];
	SysScanDesc scan;
	bool result;

	if (rel == NULL)
		return false;
	if (!OidIsValid(index))
	{
		table_close(rel, AccessShareLock);
		return true;
	}
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	ScanKeyInit(&keys[0], get_attnum(relid, "source_name"), BTEqualStrategyNumber, F_NAMEEQ,
				NameGetDatum(relation));
	ScanKeyInit(&keys[1], get_attnum(relid, "source_schema"), BTEqualStrategyNumber, F_NAMEEQ,
				NameGetDatum(&home->name));
	scan = systable_beginscan(rel, index, true, snapshot, lengthof(keys), keys);
	result = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(rel, AccessShareLock);
	return result;
}

/*
 * The published products that a relation of that name is a port or release of, or the source of: a list
 * of DmReader *, NIL if there is none.
 */
List *
DmGuardReaders(const DmHome *home, Oid relid, const char *relation)
{
	const Oid types[] = {NAMEOID, NAMEOID, NAMEOID};
	NameData name;
	Datum values[3];
	DmGuardReading reading;
	List *result = NIL;
	uint64 before;

	refresh();
	if (OidIsValid(relid) && home->purpose == DM_PURPOSE_INTERNAL &&
		hash_search(unread, &relid, HASH_FIND, NULL) != NULL)
		return NIL;
	before = generation;
	namestrcpy(&name, relation);
	if (home->purpose == DM_PURPOSE_INTERNAL && !is_named(home, &name))
		return NIL;
	values[0] = NameGetDatum(&home->domain);
	values[1] = NameGetDatum(&home->name);
	values[2] = NameGetDatum(&name);
	DmGuardReadBegin(&reading);
	DmSpiExecute(reader_query(home->purpose), 3, types, values, NULL, true);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		MemoryContext spi = MemoryContextSwitchTo(reading.caller);
		DmReader *reader = palloc0(sizeof(DmReader));
		bool isnull;

		reader->product = copy_text(&reading, row, 1);
		reader->version = copy_text(&reading, row, 2);
		reader->consumers = copy_text(&reading, row, 3);
		reader->contract_id = DatumGetInt32(DmSpiDatum(row, 4, &isnull));
		reader->live = DatumGetBool(DmSpiDatum(row, 5, &isnull));
		reader->document = copy_jsonb(&reading, row, 6);
		result = lappend(result, reader);
		MemoryContextSwitchTo(spi);
	}
	DmGuardReadEnd(&reading);
	if (result == NIL && OidIsValid(relid) && valid && before == generation)
		(void) hash_search(unread, &relid, HASH_ENTER, NULL);
	return result;
}

/*
 * The roles that the contract of this port and grants of access allow to read, as Oids; of all ports of the
 * domain if relation is NULL.  The products are locked to the end of the transaction: a publish settles the grants of its
 * port, and must come wholly before this or wholly after it.
 */
List *
DmGuardConsumers(const DmHome *home, const char *relation, bool *known)
{
	const Oid types[] = {NAMEOID, TEXTOID};
	Datum values[] = {NameGetDatum(&home->domain),
					  relation != NULL ? CStringGetTextDatum(relation) : (Datum) 0};
	const bool nulls[] = {false, relation == NULL};
	List *names = NIL;
	List *roles = NIL;
	DmGuardReading reading;
	ListCell *cell;

	DmGuardReadBegin(&reading);
	if (relation != NULL)
	{
		DmSpiExecute("SELECT p.product_id FROM datamesh.product AS p WHERE p.domain_name = $1 AND "
					 "(p.product_name::text = $2 OR pg_catalog.starts_with($2, p.product_name || "
					 "'_v')) ORDER BY p.product_id FOR NO KEY UPDATE",
					 2, types, values, nulls, false);
		for (uint64 row = 0; row < SPI_processed; row++)
		{
			bool isnull;

			DmReadersLock(DatumGetInt32(DmSpiDatum(row, 1, &isnull)));
		}
	}
	PushActiveSnapshot(GetLatestSnapshot());
	DmSpiExecute("SELECT DISTINCT r.role FROM datamesh.product AS p JOIN datamesh.port AS o ON "
				 "o.product_id = p.product_id AND o.current_release IS NOT NULL LEFT JOIN "
				 "datamesh.contract_role AS r ON r.contract_id = o.contract_id AND r.access = "
				 "'read' WHERE p.domain_name = $1 AND ($2 IS NULL OR p.product_name || '_v' || "
				 "o.major = $2 OR (p.product_name::text = $2 AND o.major = (SELECT "
				 "pg_catalog.max(n.major) FROM datamesh.port AS n WHERE n.product_id = "
				 "p.product_id AND n.current_release IS NOT NULL)))",
				 2, types, values, nulls, true);
	*known = SPI_processed > 0;
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		char *name = copy_text(&reading, row, 1);
		MemoryContext spi = MemoryContextSwitchTo(reading.caller);

		if (name != NULL)
			names = lappend(names, name);
		MemoryContextSwitchTo(spi);
	}
	DmSpiExecute(
		"SELECT DISTINCT r.role_oid FROM datamesh.product AS p JOIN datamesh.port_reader AS "
		"r ON r.product_id = p.product_id AND r.basis IN ('steward', 'grant') WHERE "
		"p.domain_name = $1 AND ($2 IS NULL OR p.product_name || '_v' || r.major = $2 OR "
		"(p.product_name::text = $2 AND r.major = (SELECT pg_catalog.max(n.major) FROM "
		"datamesh.port AS n WHERE n.product_id = p.product_id AND n.current_release IS NOT "
		"NULL)))",
		2, types, values, nulls, true);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		MemoryContext spi = MemoryContextSwitchTo(reading.caller);
		bool isnull;

		roles = lappend_oid(roles, DatumGetObjectId(DmSpiDatum(row, 1, &isnull)));
		MemoryContextSwitchTo(spi);
	}
	PopActiveSnapshot();
	DmGuardReadEnd(&reading);
	foreach (cell, names)
	{
		Oid role = DmConsumerRole(lfirst(cell));

		if (OidIsValid(role))
			roles = lappend_oid(roles, role);
	}
	return roles;
}

/* The contract's name for a column of the relation; NULL if it names none. */
char *
DmGuardColumnOf(const DmReader *reader, const DmHome *home, const char *column)
{
	const Oid types[] = {INT4OID, NAMEOID, BOOLOID};
	NameData name;
	Datum values[] = {Int32GetDatum(reader->contract_id), NameGetDatum(&name),
					  BoolGetDatum(home->purpose == DM_PURPOSE_INTERNAL)};
	DmGuardReading reading;
	char *result = NULL;

	namestrcpy(&name, column);
	DmGuardReadBegin(&reading);
	DmSpiExecute("SELECT column_name FROM datamesh.contract_column WHERE contract_id = $1 AND "
				 "CASE WHEN $3 THEN source_column ELSE column_name END = $2 ORDER BY position",
				 3, types, values, NULL, true);
	if (SPI_processed > 0)
		result = copy_text(&reading, 0, 1);
	DmGuardReadEnd(&reading);
	return result;
}

/* ---- roles ---- */

List *
DmGuardMeshRoles(void)
{
	const Oid type = INT8OID;
	Datum value = Int64GetDatum((int64) GetSystemIdentifier());
	List *result = NIL;
	DmGuardReading reading;

	DmGuardReadBegin(&reading);
	DmSpiExecute(
		"SELECT n.nspowner, s.kind, d.domain_name::text FROM datamesh.domain AS d, "
		"LATERAL (VALUES (0, d.domain_name), (1, (d.domain_name || '" DM_INTERNAL_SUFFIX
		"')::name)) AS s(kind, schema) JOIN pg_catalog.pg_namespace AS n ON n.nspname = s.schema "
		"UNION ALL "
		/* as DmConsumerRole resolves it */
		"SELECT r.oid, 2, c.consumer_name::text FROM datamesh.consumer AS c JOIN "
		"pg_catalog.pg_authid AS r ON CASE WHEN c.cluster = $1 THEN r.oid = c.role_oid ELSE "
		"r.rolname = c.role_name AND EXISTS (SELECT FROM pg_catalog.pg_namespace AS n, "
		"pg_catalog.aclexplode(n.nspacl) AS a WHERE n.nspname = 'datamesh' AND a.grantee = r.oid "
		"AND a.privilege_type = 'USAGE') END UNION ALL "
		"SELECT s.role_oid, 3, 'a member of the council' FROM datamesh.council_seats() AS s "
		"UNION ALL SELECT k.role, 3, 'a reader of data product ' || p.product FROM "
		"datamesh.access_grant AS g JOIN datamesh.product AS p ON p.product_id = g.product_id, "
		"datamesh.known_role(g.role_name, g.role_oid, g.cluster) AS k WHERE g.revoked_at IS NULL "
		"AND k.role IS NOT NULL UNION ALL "
		"SELECT w.role, 3, 'a steward of data product ' || p.product FROM datamesh.port AS o JOIN "
		"datamesh.product AS p ON p.product_id = o.product_id, "
		"datamesh.contract_stewards(o.contract_id) AS w UNION ALL "
		"SELECT b.oid, 3, 'an approver of data product ' || p.product FROM datamesh.port AS o JOIN "
		"datamesh.product AS p ON p.product_id = o.product_id JOIN datamesh.contract_role AS r ON "
		"r.contract_id = o.contract_id, (VALUES ('firstLevelApprovers'), ('secondLevelApprovers')) "
		"AS l(key), pg_catalog.regexp_split_to_table(r.definition ->> l.key, ',') AS x(name) JOIN "
		"pg_catalog.pg_authid AS b ON b.rolname = pg_catalog.btrim(x.name) AND NOT b.rolsuper "
		"ORDER BY 2, 3, 1",
		1, &type, &value, NULL, true);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		MemoryContext spi = MemoryContextSwitchTo(reading.caller);
		DmMeshRole *found = palloc(sizeof(DmMeshRole));
		bool isnull;

		found->role = DatumGetObjectId(DmSpiDatum(row, 1, &isnull));
		found->kind = (DmRoleKind) DatumGetInt32(DmSpiDatum(row, 2, &isnull));
		found->name = copy_text(&reading, row, 3);
		result = lappend(result, found);
		MemoryContextSwitchTo(spi);
	}
	DmGuardReadEnd(&reading);
	return result;
}

bool
DmGuardIsEmpty(void)
{
	DmGuardReading reading;
	bool result;

	DmGuardReadBegin(&reading);
	DmSpiExecute("SELECT FROM datamesh.domain_schema LIMIT 1", 0, NULL, NULL, NULL, true);
	result = SPI_processed == 0;
	DmGuardReadEnd(&reading);
	return result;
}

/* ---- what a change costs ---- */

static const char *
changed_document(const DmDamage *damage)
{
#define WITH_COLUMN(expression)                                                                    \
	"SELECT pg_catalog.jsonb_set($1, '{schema,0,properties}', (SELECT "                            \
	"coalesce(pg_catalog.jsonb_agg(" expression " ORDER BY n), '[]') FROM "                        \
	"pg_catalog.jsonb_array_elements($1 #> '{schema,0,properties}') WITH ORDINALITY AS e(p, n) "
#define IS_COLUMN                                                                                  \
	"CASE WHEN $4 THEN p ->> 'name' ELSE coalesce(p ->> 'physicalName', p ->> 'name') END = $2"

	if (damage->column == NULL)
		return damage->kind == DM_CHANGE_RENAME && damage->new_value != NULL
				   ? "SELECT pg_catalog.jsonb_set($1, '{schema,0,physicalName}', "
					 "pg_catalog.to_jsonb($3))"
				   : "SELECT $1 #- '{schema,0}'";
	switch (damage->kind)
	{
		case DM_CHANGE_RENAME:
			return WITH_COLUMN("CASE WHEN " IS_COLUMN " THEN p || "
							   "pg_catalog.jsonb_build_object('physicalName', $3) ELSE p END") "))";
		case DM_CHANGE_TYPE:
			return WITH_COLUMN("CASE WHEN " IS_COLUMN " THEN p || "
							   "pg_catalog.jsonb_build_object('physicalType', $3) ELSE p END") "))";
		case DM_CHANGE_NULLABLE:
			return WITH_COLUMN("CASE WHEN " IS_COLUMN " THEN p || '{\"required\": false}' "
							   "ELSE p END") "))";
		default:
			return WITH_COLUMN("p") "WHERE NOT " IS_COLUMN "))";
	}
}

static char *
next_version(const char *version, DmLevel level)
{
	int major = 0;
	int minor = 0;
	int patch = 0;

	(void) sscanf(version, "%d.%d.%d", &major, &minor, &patch);
	if (level == DM_LEVEL_MAJOR || level == DM_LEVEL_HELD)
		return psprintf("%d.0.0", major + 1);
	if (level == DM_LEVEL_MINOR)
		return psprintf("%d.%d.0", major, minor + 1);
	return psprintf("%d.%d.%d", major, minor, patch + 1);
}

/* The document with the column or relation as the damage has it, which now is called or typed value. */
static Jsonb *
document_with(const DmReader *reader, const DmDamage *damage, const char *value)
{
	const Oid types[] = {JSONBOID, TEXTOID, TEXTOID, BOOLOID};
	Datum values[] = {JsonbPGetDatum(reader->document),
					  CStringGetTextDatum(damage->column != NULL ? damage->column : ""),
					  CStringGetTextDatum(value != NULL ? value : "unknown"),
					  BoolGetDatum(damage->by_name)};
	DmGuardReading reading;
	Jsonb *document;

	DmGuardReadBegin(&reading);
	DmSpiExecute(changed_document(damage), 4, types, values, NULL, true);
	document = copy_jsonb(&reading, 0, 1);
	DmGuardReadEnd(&reading);
	return document;
}

/*
 * The version of the contract that would allow the change, with its level and why; NULL if what the
 * contract says does not change.
 */
char *
DmGuardNeeds(const DmReader *reader, const DmDamage *damage)
{
	Jsonb *before = reader->document;
	List *changes;
	DmLevel needed;
	ListCell *cell;

	/* a contract need not say the type that its source has */
	if (damage->kind == DM_CHANGE_TYPE && damage->old_value != NULL)
		before = document_with(reader, damage, damage->old_value);
	needed =
		DmRequiredLevel(before, document_with(reader, damage, damage->new_value), false, &changes);
	if (needed == DM_LEVEL_NONE)
		return NULL;
	if (needed == DM_LEVEL_HELD)
		return psprintf("%s or higher (held: the publisher states the level)",
						next_version(reader->version, DM_LEVEL_PATCH));
	foreach (cell, changes)
	{
		const DmChange *change = lfirst(cell);

		if (change->level == needed)
			return psprintf("%s (%s: %s)", next_version(reader->version, needed),
							DmLevelName(needed), change->reason);
	}
	return psprintf("%s (%s)", next_version(reader->version, needed), DmLevelName(needed));
}

/* ---- policies ---- */

static int
severity_level(const char *severity)
{
	return severity == NULL || strcmp(severity, "OFF") == 0 ? 0
		   : strcmp(severity, "CRITICAL") == 0              ? ERROR
															: WARNING;
}

/* What holds where nobody has set anything. */
static void
default_standards(DmStandards *result)
{
	result->naming = result->timestamp = result->timezone = result->decimal = WARNING;
	result->snake_tables = result->snake_columns = true;
	result->suffixes = list_make2(pstrdup("_at"), pstrdup("_timestamp"));
	result->precision = 18;
	result->scale = 2;
}

static int
int_or(const char *text, int otherwise)
{
	return text != NULL ? (int) strtol(text, NULL, 10) : otherwise;
}

static void
take_policy(DmStandards *result, const char *policy, int level, uint64 row)
{
	if (strcmp(policy, "naming_conventions") == 0)
	{
		char *tables = DmSpiText(row, 3);
		char *columns = DmSpiText(row, 4);

		result->naming = level;
		result->snake_tables = tables == NULL || strcmp(tables, "snake_case") == 0;
		result->snake_columns = columns == NULL || strcmp(columns, "snake_case") == 0;
	}
	else if (strcmp(policy, "interoperability.timestamp") == 0)
	{
		bool isnull;
		Datum array = DmSpiDatum(row, 5, &isnull);
		Datum *items;
		int n;

		result->timestamp = level;
		if (isnull)
			return;
		deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &items, NULL,
						  &n);
		result->suffixes = NIL;
		for (int i = 0; i < n; i++)
			result->suffixes =
				lappend(result->suffixes, MemoryContextStrdup(GetMemoryChunkContext(result),
															  TextDatumGetCString(items[i])));
	}
	else if (strcmp(policy, "interoperability.timezone") == 0)
		result->timezone = level;
	else if (strcmp(policy, "interoperability.decimal") == 0)
	{
		result->decimal = level;
		result->precision = int_or(DmSpiText(row, 6), result->precision);
		result->scale = int_or(DmSpiText(row, 7), result->scale);
	}
}

static bool
has_policies(void)
{
	Oid type = TEXTOID;

	return OidIsValid(LookupFuncName(
		list_make2(makeString("datamesh"), makeString("domain_policies")), 1, &type, true));
}

static void
read_policies(DmStandards *result)
{
	const Oid type = TEXTOID;
	Datum value = CStringGetTextDatum(NameStr(result->domain));
	DmGuardReading reading;

	if (!has_policies())
		return;

	DmGuardReadBegin(&reading);
	DmSpiExecute("SELECT policy, severity, parameters ->> 'table_names', parameters ->> "
				 "'column_names', CASE pg_catalog.jsonb_typeof(parameters -> 'suffixes') WHEN "
				 "'array' THEN ARRAY(SELECT "
				 "pg_catalog.jsonb_array_elements_text(parameters -> 'suffixes')) END, "
				 "parameters ->> 'precision', parameters ->> 'scale' FROM "
				 "datamesh.domain_policies($1) WHERE policy IN ('naming_conventions', "
				 "'interoperability.timestamp', 'interoperability.timezone', "
				 "'interoperability.decimal')",
				 1, &type, &value, NULL, true);
	MemoryContextSwitchTo(GetMemoryChunkContext(result));
	for (uint64 row = 0; row < SPI_processed; row++)
		take_policy(result, DmSpiText(row, 1), severity_level(DmSpiText(row, 2)), row);
	DmGuardReadEnd(&reading);
}

const DmStandards *
DmGuardStandards(const char *domain)
{
	ListCell *cell;
	DmStandards *result;
	MemoryContext old;

	refresh();
	foreach (cell, standards)
		if (strcmp(NameStr(((DmStandards *) lfirst(cell))->domain), domain) == 0)
			return lfirst(cell);
	old = MemoryContextSwitchTo(policies);
	result = palloc0(sizeof(DmStandards));
	namestrcpy(&result->domain, domain);
	default_standards(result);
	read_policies(result);
	MemoryContextSwitchTo(policies);
	if (valid)
		standards = lappend(standards, result);
	MemoryContextSwitchTo(old);
	return result;
}
