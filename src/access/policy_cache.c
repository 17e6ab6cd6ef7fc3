/*-------------------------------------------------------------------------
 *
 * policy_cache.c
 *		Policies, and who reads their ports, remembered until something changes.
 *
 * A decision rests on rows of our catalog (port_policy, port, product, domain,
 * consumer, contract_role, access_grant), on roles and memberships, and on who owns
 * schemas.  What was read of them is remembered by each backend together with a
 * generation, which counts up
 *
 * - when a row of ours changes: a trigger sends the invalidation of the relation
 *	 datamesh.port_policy (dm_access_changed), which other backends get with the
 *	 commit, this one with the end of the command, and again if the change is undone
 *	 by the end of a transaction or subtransaction;
 * - when roles, memberships or schemas change: invalidations of PostgreSQL's own.
 *
 * Rows are read with the newest snapshot and not with that of the query: revoked is
 * revoked, in a REPEATABLE READ transaction too.  They are read without SPI, which
 * needs no change of identity and works in a parallel worker.
 *
 * Nothing here is an error because of what it finds: what is missing or makes no
 * sense is not found, and whoever asked then hides what it was asked about.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_auth_members.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "access/access.h"
#include "access/engine.h"
#include "base/compat.h"
#include "base/module.h"
#include "catalog/catalog.h"

PG_FUNCTION_INFO_V1(dm_access_changed);

#define SIGNAL_TABLE "port_policy"
#define MOST_REMEMBERED 10000

/* What is remembered, by a number: of a policy, a port, a role. */
typedef struct Memory
{
	uint32 number;
	void *value;
} Memory;

uint64 dm_access_generation = 1;

static MemoryContext cache = NULL;
static HTAB *policies = NULL;
static HTAB *ports = NULL;
static HTAB *roles = NULL;
static HTAB *standings = NULL; /* DmRemembered */
static uint64 filled = 0;      /* the generation of what is in the cache; 0: nothing is */
static Oid signal_relation = InvalidOid;

/* ---- remembering and forgetting ---- */

static Oid
signal_relation_now(void)
{
	Oid schema = get_namespace_oid("datamesh", true);

	return OidIsValid(schema) ? get_relname_relid(SIGNAL_TABLE, schema) : InvalidOid;
}

static void
relation_changed(Datum arg, Oid relid)
{
	if (!OidIsValid(relid) || relid == signal_relation)
		dm_access_generation++;
}

static void
catalog_changed(Datum arg, int cacheid, uint32 hash)
{
	dm_access_generation++;
}

void
DmAccessInit(void)
{
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, catalog_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, catalog_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, catalog_changed, (Datum) 0);
}

static HTAB *
new_table(const char *name, Size key, Size entry)
{
	HASHCTL control = {.keysize = key, .entrysize = entry, .hcxt = cache};

	return hash_create(name, 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* Is what is there good for a decision now, and not too much? */
static bool
is_fresh(void)
{
	return filled == dm_access_generation && OidIsValid(signal_relation) &&
		   hash_get_num_entries(policies) < MOST_REMEMBERED &&
		   hash_get_num_entries(ports) < MOST_REMEMBERED &&
		   hash_get_num_entries(roles) < MOST_REMEMBERED &&
		   hash_get_num_entries(standings) < MOST_REMEMBERED;
}

uint64
DmAccessBegin(void)
{
	AcceptInvalidationMessages();
	if (is_fresh())
		return filled;
	filled = 0;
	if (cache == NULL)
		cache = AllocSetContextCreate(TopMemoryContext, "datamesh access", ALLOCSET_DEFAULT_SIZES);
	MemoryContextReset(cache);
	policies = new_table("datamesh policies", sizeof(uint32), sizeof(Memory));
	ports = new_table("datamesh ports", sizeof(uint32), sizeof(Memory));
	roles = new_table("datamesh roles", sizeof(uint32), sizeof(Memory));
	standings =
		new_table("datamesh standings", sizeof(((DmRemembered *) NULL)->key), sizeof(DmRemembered));
	signal_relation = signal_relation_now();
	return filled = dm_access_generation;
}

/* What the number stands for, remembered or made by build, which may return NULL. */
static void *
find(HTAB *table, uint32 number, void *(*build)(uint32 number))
{
	Memory *memory = hash_search(table, &number, HASH_FIND, NULL);
	MemoryContext context;
	MemoryContext old;
	void *result;

	if (memory != NULL)
		return memory->value;
	context =
		AllocSetContextCreate(CurrentMemoryContext, "datamesh access entry", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	result = build(number);
	MemoryContextSwitchTo(old);
	memory = hash_search(table, &number, HASH_ENTER, NULL);
	memory->value = result;
	if (result != NULL)
		MemoryContextSetParent(context, cache);
	else
		MemoryContextDelete(context);
	return result;
}

DmRemembered *
DmStandingRemembered(const DmPortReaders *port, const List *stewards, Oid user)
{
	DmRemembered wanted = {.key = {port, stewards, user, InvalidOid}};
	DmRemembered *result;
	bool found;

	result = hash_search(standings, &wanted.key, HASH_ENTER, &found);
	if (!found)
		result->readers = NIL;
	return result;
}

MemoryContext
DmStandingMemory(void)
{
	return cache;
}

/*
 * Trigger on the tables that decisions rest on: every backend is to forget what it knows.
 */
Datum
dm_access_changed(PG_FUNCTION_ARGS)
{
	Oid relation;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("access_changed() must be called as a trigger")));
	relation = signal_relation_now();
	if (OidIsValid(relation))
		CacheInvalidateRelcacheByRelid(relation);
	return PointerGetDatum(NULL);
}

/* ---- rows of our tables ---- */

typedef struct TableScan
{
	Relation rel;
	SysScanDesc scan;
	HeapTuple tuple;
} TableScan;

/*
 * Begin to read the rows of a table of ours whose column "key" equals the value, through an index that
 * begins with it: the named one, or the primary key.  False if the table is not there.
 */
static bool
begin_scan(TableScan *scan, const char *table, const char *index, const char *key,
		   RegProcedure equal, Datum value)
{
	Oid schema = get_namespace_oid("datamesh", true);
	Oid relid = OidIsValid(schema) ? get_relname_relid(table, schema) : InvalidOid;
	AttrNumber number = OidIsValid(relid) ? get_attnum(relid, key) : InvalidAttrNumber;
	ScanKeyData scan_key;
	Oid index_oid;

	if (number == InvalidAttrNumber)
		return false;
	scan->rel = try_table_open(relid, AccessShareLock);
	if (scan->rel == NULL)
		return false;
	index_oid = index != NULL ? get_relname_relid(index, schema) : DmPrimaryKeyIndex(scan->rel);
	ScanKeyInit(&scan_key, number, BTEqualStrategyNumber, equal, value);
	scan->scan =
		systable_beginscan(scan->rel, index_oid, OidIsValid(index_oid), NULL, 1, &scan_key);
	scan->tuple = NULL;
	return true;
}

static bool
next_row(TableScan *scan)
{
	CHECK_FOR_INTERRUPTS();
	scan->tuple = systable_getnext(scan->scan);
	return HeapTupleIsValid(scan->tuple);
}

static void
end_scan(TableScan *scan)
{
	systable_endscan(scan->scan);
	table_close(scan->rel, AccessShareLock);
}

/* A column of the row; false if it is null, or not there. */
static bool
get_value(const TableScan *scan, const char *column, Datum *value)
{
	AttrNumber number = get_attnum(RelationGetRelid(scan->rel), column);
	bool isnull = true;

	if (number != InvalidAttrNumber)
		*value = heap_getattr(scan->tuple, number, RelationGetDescr(scan->rel), &isnull);
	return !isnull;
}

static int32
get_int(const TableScan *scan, const char *column)
{
	Datum value;

	return get_value(scan, column, &value) ? DatumGetInt32(value) : 0;
}

static Oid
get_oid(const TableScan *scan, const char *column)
{
	Datum value;

	return get_value(scan, column, &value) ? DatumGetObjectId(value) : InvalidOid;
}

static TimestampTz
get_time(const TableScan *scan, const char *column, TimestampTz otherwise)
{
	Datum value;

	return get_value(scan, column, &value) ? DatumGetTimestampTz(value) : otherwise;
}

static char *
get_name(const TableScan *scan, const char *column)
{
	Datum value;

	return get_value(scan, column, &value) ? pstrdup(NameStr(*DatumGetName(value))) : NULL;
}

static char *
get_text(const TableScan *scan, const char *column)
{
	Datum value;

	return get_value(scan, column, &value) ? TextDatumGetCString(value) : NULL;
}

/* ---- roles ---- */

/* Does the access control list of the row name the role itself, with this privilege? */
static bool
names_role(int cacheid, HeapTuple tuple, AttrNumber column, Oid role, AclMode privilege)
{
	bool result = false;
	bool isnull;
	Datum value;

	if (!HeapTupleIsValid(tuple))
		return false;
	value = SysCacheGetAttr(cacheid, tuple, column, &isnull);
	if (!isnull)
	{
		Acl *acl = DatumGetAclPCopy(value);

		for (int i = 0; i < ACL_NUM(acl); i++)
			result |= ACL_DAT(acl)[i].ai_grantee == role &&
					  (ACLITEM_GET_PRIVS(ACL_DAT(acl)[i]) & privilege) != 0;
		pfree(acl);
	}
	ReleaseSysCache(tuple);
	return result;
}

/* Does the role itself hold USAGE on schema datamesh?  See DmAccessRole. */
static bool
is_marked(Oid role)
{
	return names_role(NAMESPACENAME, SearchSysCache1(NAMESPACENAME, CStringGetDatum("datamesh")),
					  Anum_pg_namespace_nspacl, role, ACL_USAGE);
}

Oid
DmAccessRole(const char *role_name, Oid role_oid, int64 cluster)
{
	Oid role;

	if (cluster == (int64) GetSystemIdentifier())
		return SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(role_oid)) ? role_oid : InvalidOid;
	if (role_name == NULL || strlen(role_name) >= NAMEDATALEN)
		return InvalidOid;
	role = get_role_oid(role_name, true);
	return OidIsValid(role) && is_marked(role) ? role : InvalidOid;
}

/* The role that the row names by role_name, role_oid and cluster, as far as it is known to be that one. */
static Oid
role_of_row(const TableScan *scan)
{
	Datum cluster;

	if (!get_value(scan, "cluster", &cluster))
		return InvalidOid;
	return DmAccessRole(get_name(scan, "role_name"), get_oid(scan, "role_oid"),
						DatumGetInt64(cluster));
}

/* Append those roles to the list that the role inherits by membership. */
static List *
append_memberships(List *list, Oid member)
{
	HeapTuple role = SearchSysCache1(AUTHOID, ObjectIdGetDatum(member));
	bool inherits;
	CatCList *memberships;

	if (!HeapTupleIsValid(role))
		return list;
	inherits = ((Form_pg_authid) GETSTRUCT(role))->rolinherit;
	ReleaseSysCache(role);
	memberships = SearchSysCacheList1(AUTHMEMMEMROLE, ObjectIdGetDatum(member));
	for (int i = 0; i < memberships->n_members; i++)
	{
		Form_pg_auth_members form =
			(Form_pg_auth_members) GETSTRUCT(&memberships->members[i]->tuple);

		if (DmMembershipInherits(form, inherits))
			list = list_append_unique_oid(list, form->roleid);
	}
	ReleaseSysCacheList(memberships);
	return list;
}

/* Like roles_is_member_of() of the server, which knows that a superuser is in every role: not here. */
static void *
build_roles(uint32 role)
{
	List *list;

	if (!SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(role)))
		return NIL;
	list = list_make1_oid(role);
	for (int i = 0; i < list_length(list); i++)
	{
		CHECK_FOR_INTERRUPTS();
		list = append_memberships(list, list_nth_oid(list, i));
	}
	return list;
}

const List *
DmInheritedRoles(Oid role)
{
	return find(roles, role, build_roles);
}

/* ---- ports ---- */

/*
 * Who owns a schema of a domain now, if it is the role of the recorded name or OID, as catalog.h
 * explains; InvalidOid where that would be an error.
 */
static Oid
confirmed_owner(const char *domain, const char *suffix, const char *name_column,
				const char *oid_column)
{
	TableScan scan;
	Oid owner = InvalidOid;
	NameData key;

	if (strlen(domain) + strlen(suffix) >= NAMEDATALEN)
		return InvalidOid;
	namestrcpy(&key, domain);
	if (!begin_scan(&scan, "domain", NULL, "domain_name", F_NAMEEQ, NameGetDatum(&key)))
		return InvalidOid;
	if (next_row(&scan))
	{
		char *recorded = get_name(&scan, name_column);
		char *name;

		owner = DmSchemaOwner(psprintf("%s%s", domain, suffix));
		name = OidIsValid(owner) ? GetUserNameFromId(owner, true) : NULL;
		if (name == NULL || recorded == NULL ||
			(owner != get_oid(&scan, oid_column) && strcmp(name, recorded) != 0))
			owner = InvalidOid;
	}
	end_scan(&scan);
	return owner;
}

static Oid
domain_owner(const char *domain)
{
	return confirmed_owner(domain, DM_INTERNAL_SUFFIX, "owner_name", "owner_oid");
}

static Oid
domain_port_role(const char *domain)
{
	return confirmed_owner(domain, "", "port_role_name", "port_role_oid");
}

/* DmConsumerRole, without SPI. */
static Oid
consumer_role(const char *name)
{
	TableScan scan;
	Oid role = InvalidOid;
	NameData key;

	if (strlen(name) >= NAMEDATALEN)
		return InvalidOid;
	namestrcpy(&key, name);
	if (begin_scan(&scan, "consumer", NULL, "consumer_name", F_NAMEEQ, NameGetDatum(&key)))
	{
		if (next_row(&scan))
			role = role_of_row(&scan);
		end_scan(&scan);
	}
	return OidIsValid(role) ? role : domain_owner(NameStr(key));
}

static void
add_consumer(DmPortReaders *port, char *name, bool former)
{
	DmConsumer *consumer;
	ListCell *cell;

	foreach (cell, port->consumers)
		if (strcmp(((DmConsumer *) lfirst(cell))->name, name) == 0)
			return;
	consumer = palloc0(sizeof(DmConsumer));
	consumer->name = name;
	consumer->role = consumer_role(name);
	consumer->former = former;
	port->consumers = lappend(port->consumers, consumer);
}

static void
read_consumers(DmPortReaders *port, int32 contract_id)
{
	List *names = NIL;
	TableScan scan;
	ListCell *cell;

	if (!begin_scan(&scan, "contract_role", NULL, "contract_id", F_INT4EQ,
					Int32GetDatum(contract_id)))
		return;
	while (next_row(&scan))
	{
		char *access = get_text(&scan, "access");
		char *name = get_text(&scan, "role");

		if (name != NULL && access != NULL && strcmp(access, "read") == 0)
			names = lappend(names, name);
	}
	end_scan(&scan);
	foreach (cell, names)
		add_consumer(port, lfirst(cell), false);
}

/*
 * After a rollback the port has the contract of a release that was made before, and the view and the
 * privileges of the newest.  A consumer whom only the newest names is still held to what its policy
 * says of it.
 */
static void
add_restricted_consumers(DmPortReaders *port, const DmRules *rules)
{
	for (int i = 0; i < rules->ncolumns; i++)
		for (int j = 0; j < rules->columns[i].nconsumers; j++)
			add_consumer(port, rules->columns[i].consumers[j].consumer, true);
	for (int i = 0; i < rules->nconsumers; i++)
		add_consumer(port, rules->consumers[i].consumer, true);
}

/*
 * A dump brings the privileges on a port along under the role's name.  Where nothing but the name fits, the
 * grant is no basis to read, and it must not be forgotten either: its end would be, too.
 */
static Oid
role_of_grant(const TableScan *scan, bool *doubtful)
{
	Oid role = role_of_row(scan);
	char *name = get_name(scan, "role_name");
	Datum cluster;

	*doubtful = !OidIsValid(role) && name != NULL && get_value(scan, "cluster", &cluster) &&
				DatumGetInt64(cluster) != (int64) GetSystemIdentifier();
	return *doubtful ? get_role_oid(name, true) : role;
}

/* Grants, past ones too: they say why somebody has no access any more. */
List *
DmGrantsOfProduct(int32 product_id)
{
	List *grants = NIL;
	TableScan scan;

	if (!begin_scan(&scan, "access_grant", "access_grant_product_idx", "product_id", F_INT4EQ,
					Int32GetDatum(product_id)))
		return NIL;
	while (next_row(&scan))
	{
		bool doubtful;
		Oid role = role_of_grant(&scan, &doubtful);
		DmAccessGrant *grant;

		if (!OidIsValid(role))
			continue;
		grant = palloc0(sizeof(DmAccessGrant));
		grant->role = role;
		grant->doubtful = doubtful;
		grant->grant_id = get_int(&scan, "grant_id");
		grant->request_id = get_int(&scan, "request_id");
		grant->role_name = get_name(&scan, "role_name");
		grant->since = get_time(&scan, "since", DT_NOEND);
		grant->until = get_time(&scan, "until", DT_NOEND);
		grant->revoked_at = get_time(&scan, "revoked_at", DT_NOEND);
		grant->granted_by = get_name(&scan, "granted_by");
		grant->revoked_by = get_name(&scan, "revoked_by");
		grant->why = get_text(&scan, "why");
		grants = lappend(grants, grant);
	}
	end_scan(&scan);
	return grants;
}

/* Past grants only say why somebody has no access any more: there may be many, and nobody asks often. */
static void
read_grants(DmPortReaders *port)
{
	TimestampTz now = GetCurrentTimestamp();
	ListCell *cell;

	foreach (cell, DmGrantsOfProduct(port->product_id))
	{
		DmAccessGrant *grant = lfirst(cell);

		if (grant->doubtful || Min(grant->until, grant->revoked_at) <= now)
			port->past = lappend(port->past, grant);
		else
			port->grants = lappend(port->grants, grant);
	}
}

static Oid
port_view(const char *domain, const char *product, int32 major)
{
	Oid schema = get_namespace_oid(domain, true);
	char *view = psprintf("%s_v%d", product, major);

	return OidIsValid(schema) && strlen(view) < NAMEDATALEN ? get_relname_relid(view, schema)
															: InvalidOid;
}

static bool
read_product(DmPortReaders *port, int32 major)
{
	TableScan scan;
	char *domain = NULL;
	char *name = NULL;

	if (!begin_scan(&scan, "product", NULL, "product_id", F_INT4EQ,
					Int32GetDatum(port->product_id)))
		return false;
	if (next_row(&scan))
	{
		domain = get_name(&scan, "domain_name");
		name = get_name(&scan, "product_name");
		port->product = get_text(&scan, "product");
	}
	end_scan(&scan);
	if (domain == NULL || name == NULL || port->product == NULL)
		return false;
	port->view = port_view(domain, name, major);
	port->owner = domain_owner(domain);
	port->port_role = domain_port_role(domain);
	return true;
}

Oid
DmProductOwner(int32 product_id)
{
	TableScan scan;
	char *domain = NULL;

	if (!begin_scan(&scan, "product", NULL, "product_id", F_INT4EQ, Int32GetDatum(product_id)))
		return InvalidOid;
	if (next_row(&scan))
		domain = get_name(&scan, "domain_name");
	end_scan(&scan);
	return domain != NULL ? domain_owner(domain) : InvalidOid;
}

/*
 * A steward has no place of its own in the mesh.  In another cluster than that of the contract's publish
 * it is known by the privilege on the port that the publish gave it, which a dump brings along, and
 * which a new role of its name lacks, just like the mark of others.
 */
static Oid
steward_role(const DmRoleRef *ref, const DmPortReaders *port)
{
	Oid role = DmAccessRole(ref->name, ref->oid, ref->cluster);

	if (OidIsValid(role) || !OidIsValid(port->view) ||
		ref->cluster == (int64) GetSystemIdentifier() || strlen(ref->name) >= NAMEDATALEN)
		return role;
	role = get_role_oid(ref->name, true);
	return OidIsValid(role) &&
				   names_role(RELOID, SearchSysCache1(RELOID, ObjectIdGetDatum(port->view)),
							  Anum_pg_class_relacl, role, ACL_SELECT)
			   ? role
			   : InvalidOid;
}

static List *
resolve_stewards(const DmRules *rules, const DmPortReaders *port)
{
	List *result = NIL;

	for (int i = 0; i < rules->nstewards; i++)
	{
		Oid role = steward_role(&rules->stewards[i], port);

		if (OidIsValid(role))
			result = list_append_unique_oid(result, role);
	}
	return result;
}

/* The rules in the row; NULL if there are none. */
static DmRules *
get_rules(const TableScan *scan)
{
	Datum value;

	return get_value(scan, "rules", &value) ? DmRulesParse(DatumGetJsonbPCopy(value)) : NULL;
}

/* The stewards are those of the newest policy of the port; it may restrict consumers of its own. */
static void
read_policy(DmPortReaders *port)
{
	TableScan scan;
	DmRules *rules = NULL;

	if (!begin_scan(&scan, "port_policy", "port_policy_port_idx", "port_id", F_INT4EQ,
					Int32GetDatum(port->port_id)))
		return;
	while (next_row(&scan))
		port->policy_id = Max(port->policy_id, get_int(&scan, "policy_id"));
	end_scan(&scan);
	if (port->policy_id == 0 || !begin_scan(&scan, "port_policy", NULL, "policy_id", F_INT4EQ,
											Int32GetDatum(port->policy_id)))
		return;
	if (next_row(&scan))
		rules = get_rules(&scan);
	end_scan(&scan);
	if (rules == NULL)
		return;
	port->stewards = resolve_stewards(rules, port);
	add_restricted_consumers(port, rules);
}

static void *
build_port(uint32 port_id)
{
	DmPortReaders *port = palloc0(sizeof(DmPortReaders));
	int32 contract_id = 0;
	int32 major = 0;
	TableScan scan;

	port->port_id = (int32) port_id;
	if (!begin_scan(&scan, "port", NULL, "port_id", F_INT4EQ, Int32GetDatum(port->port_id)))
		return NULL;
	if (next_row(&scan))
	{
		port->product_id = get_int(&scan, "product_id");
		contract_id = get_int(&scan, "contract_id");
		major = get_int(&scan, "major");
	}
	end_scan(&scan);
	if (contract_id == 0 || !read_product(port, major))
		return NULL;
	read_consumers(port, contract_id);
	read_grants(port);
	read_policy(port);
	return port;
}

const DmPortReaders *
DmPortReadersFind(int32 port_id)
{
	return find(ports, (uint32) port_id, build_port);
}

/* ---- policies ---- */

static void *
build_policy(uint32 policy_id)
{
	DmPolicy *policy = palloc0(sizeof(DmPolicy));
	int32 port_id = 0;
	TableScan scan;

	policy->policy_id = (int32) policy_id;
	if (!begin_scan(&scan, "port_policy", NULL, "policy_id", F_INT4EQ,
					Int32GetDatum(policy->policy_id)))
		return NULL;
	if (next_row(&scan))
	{
		port_id = get_int(&scan, "port_id");
		policy->rules = get_rules(&scan);
	}
	end_scan(&scan);
	if (policy->rules == NULL)
		return NULL;
	policy->port = unconstify(DmPortReaders *, DmPortReadersFind(port_id));
	if (policy->port == NULL)
		return NULL;
	policy->stewards = resolve_stewards(policy->rules, policy->port);
	return policy;
}

const DmPolicy *
DmPolicyFind(int32 policy_id)
{
	return find(policies, (uint32) policy_id, build_policy);
}
