/*-------------------------------------------------------------------------
 *
 * lookup.c
 *		Domains, products and contracts by name, and whose they are.
 *
 * Who a domain belongs to is answered by PostgreSQL itself: the owner is the role
 * that owns the schema <domain>_internal, and the port role the one that owns the
 * port schema.  The names and OIDs in our tables only confirm it.  So
 *
 * - a role that was dropped and made again under the same name inherits nothing,
 *	 because it owns no schema (and a role that owns one cannot be dropped);
 * - a renamed role keeps its domain: the OID still fits;
 * - after pg_dump | psql into another cluster, where every OID is another one, the
 *	 restored ownership binds the right role again: the name fits;
 * - a schema that was given to a role that fits neither way is an error, until the
 *	 platform confirms it (set_domain_owner).
 *
 * A consumer has no schema; see consumer_role().
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "base/errors.h"
#include "base/names.h"
#include "base/session.h"
#include "catalog/catalog.h"

PG_FUNCTION_INFO_V1(dm_domain_name);
PG_FUNCTION_INFO_V1(dm_product_id);

/* Names further away than a third of their length are not what was meant. */
#define NEAR_DIVISOR 3

typedef struct CatalogRead
{
	MemoryContext caller;
	DmIdentity identity;
} CatalogRead;

/*
 * Read the catalog as its owner, with results copied to the context we were called in.  The reads are
 * not "read only" in SPI's sense: each takes a snapshot of its own, so that a procedure finds what it
 * has just written, what another committed while it waited for a lock, and may commit in between.
 */
static void
begin_read(CatalogRead *read)
{
	read->caller = CurrentMemoryContext;
	DmBecomeExtensionOwner(&read->identity);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
}

static void
end_read(CatalogRead *read)
{
	SPI_finish();
	DmIdentityRestore(&read->identity);
}

static char *
copy_text(CatalogRead *read, uint64 row, int column)
{
	char *value = DmSpiText(row, column);

	return value == NULL ? NULL : MemoryContextStrdup(read->caller, value);
}

static Oid
copy_oid(uint64 row, int column)
{
	bool isnull;
	Datum value = DmSpiDatum(row, column, &isnull);

	return isnull ? InvalidOid : DatumGetObjectId(value);
}

/*
 * Of the names that stand alphabetically around the one that was not found, the nearest, or NULL.
 * The query takes the name (and the domain) and returns some dozens of names at most, so that a
 * typing error in a catalog of 100,000 products costs no more than one in a catalog of ten.
 */
static char *
near_name(CatalogRead *read, const char *sql, const char *wanted, const char *domain)
{
	Oid types[2] = {TEXTOID, TEXTOID};
	Datum values[2];
	int best = (int) strlen(wanted) / NEAR_DIVISOR + 1;
	char *found = NULL;

	if (strlen(wanted) >= NAMEDATALEN)
		return NULL;
	values[0] = CStringGetTextDatum(wanted);
	values[1] = CStringGetTextDatum(domain ? domain : "");
	DmSpiExecute(sql, 2, types, values, NULL, false);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		char *name = DmSpiText(i, 1);
		int distance = varstr_levenshtein_less_equal(wanted, strlen(wanted), name, strlen(name), 1,
													 1, 1, best, true);

		if (distance < best)
		{
			best = distance;
			found = name;
		}
	}
	return found == NULL ? NULL : MemoryContextStrdup(read->caller, found);
}

static void
domain_not_found(CatalogRead *read, const char *name)
{
	char *near = near_name(read,
						   "(SELECT domain_name FROM datamesh.domain WHERE domain_name >= $1 "
						   "ORDER BY domain_name LIMIT 20) UNION ALL "
						   "(SELECT domain_name FROM datamesh.domain WHERE domain_name < $1 "
						   "ORDER BY domain_name DESC LIMIT 20)",
						   name, NULL);

	ereport(ERROR,
			(errcode(ERRCODE_DM_UNDEFINED_DOMAIN), errmsg("domain \"%s\" does not exist", name),
			 near ? errhint("Perhaps you meant \"%s\".", near)
				  : errhint("datamesh.domains lists the domains; the platform makes new ones with "
							"CALL datamesh.create_domain(...).")));
}

static void
product_not_found(CatalogRead *read, const char *domain, const char *name)
{
	char *near = near_name(read,
						   "(SELECT product_name FROM datamesh.product WHERE domain_name = $2 AND "
						   "product_name >= $1 ORDER BY product_name LIMIT 20) UNION ALL "
						   "(SELECT product_name FROM datamesh.product WHERE domain_name = $2 AND "
						   "product_name < $1 ORDER BY product_name DESC LIMIT 20)",
						   name, domain);

	ereport(
		ERROR,
		(errcode(ERRCODE_DM_UNDEFINED_PRODUCT),
		 errmsg("data product %s does not exist", DmProductName(domain, name)),
		 near ? errhint("Perhaps you meant %s.", DmProductName(domain, near))
			  : errhint(
					"datamesh.products lists the products; CALL datamesh.load_contract(...) makes "
					"a new one from its contract.")));
}

Oid
DmSchemaOwner(const char *schema)
{
	HeapTuple tuple;
	Oid owner;

	if (strlen(schema) >= NAMEDATALEN)
		return InvalidOid;
	tuple = SearchSysCache1(NAMESPACENAME, CStringGetDatum(schema));
	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
	ReleaseSysCache(tuple);
	return owner;
}

/* Who has the schema, confirmed by the name or the OID that was recorded; else an error. */
static Oid
confirmed_owner(const char *domain, const char *schema, const char *role_name, Oid role_oid)
{
	Oid owner = DmSchemaOwner(schema);
	char *owner_name;

	if (!OidIsValid(owner))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_SCHEMA),
						errmsg("schema \"%s\" of domain \"%s\" does not exist", schema, domain),
						errhint("Make it again as role \"%s\", or remove the domain with CALL "
								"datamesh.drop_domain(...).",
								role_name)));
	owner_name = GetUserNameFromId(owner, true);
	if (owner != role_oid && (owner_name == NULL || strcmp(owner_name, role_name) != 0))
		ereport(
			ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("schema \"%s\" of domain \"%s\" belongs to another role", schema, domain),
			 errdetail("It belongs to role \"%s\", and the domain was made for role \"%s\".",
					   owner_name ? owner_name : "(dropped)", role_name),
			 strcmp(schema, DmSuffixedName(domain, DM_INTERNAL_SUFFIX)) != 0
				 ? errhint("Give the schema back with ALTER SCHEMA ... OWNER TO ....")
				 : errhint(
					   "Give the schema back with ALTER SCHEMA ... OWNER TO ..., or have the "
					   "platform confirm the change with CALL datamesh.set_domain_owner(...).")));
	return owner;
}

/* The domain's code must never run with the rights of a superuser. */
static void
require_harmless(const char *domain, Oid role, bool is_port_role)
{
	HeapTuple tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(role));
	Form_pg_authid form;
	const char *trouble = NULL;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for role %u", role);
	form = (Form_pg_authid) GETSTRUCT(tuple);
	if (form->rolsuper)
		trouble = "SUPERUSER";
	else if (is_port_role && form->rolbypassrls)
		trouble = "BYPASSRLS";
	else if (is_port_role && form->rolcanlogin)
		trouble = "LOGIN";
	if (trouble != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("role \"%s\" of domain \"%s\" has the attribute %s", NameStr(form->rolname),
						domain, trouble),
				 errdetail(is_port_role
							   ? "A port role owns the ports that consumers read, and must be "
								 "NOLOGIN, NOSUPERUSER and NOBYPASSRLS."
							   : "The domain's own code runs with the rights of its owner, and "
								 "must never run with those of a superuser."),
				 errhint("ALTER ROLE ... NO%s.", trouble)));
	ReleaseSysCache(tuple);
}

static DmDomain *
read_domain(CatalogRead *read, const char *name)
{
	Oid types[1] = {TEXTOID};
	Datum values[1];
	DmDomain *domain;

	values[0] = CStringGetTextDatum(name);
	DmSpiExecute(
		"SELECT d.domain_name, d.owner_name, d.owner_oid, d.port_role_name, d.port_role_oid, "
		"s.schema_name FROM datamesh.domain d JOIN datamesh.domain_schema s "
		"ON s.domain_name = d.domain_name AND s.purpose = 'release' WHERE d.domain_name = $1",
		1, types, values, NULL, false);
	if (SPI_processed == 0)
		domain_not_found(read, name);

	domain = MemoryContextAllocZero(read->caller, sizeof(DmDomain));
	domain->name = copy_text(read, 0, 1);
	domain->owner_name = copy_text(read, 0, 2);
	domain->owner = copy_oid(0, 3);
	domain->port_role_name = copy_text(read, 0, 4);
	domain->port_role = copy_oid(0, 5);
	domain->port_schema = domain->name;
	domain->release_schema = copy_text(read, 0, 6);
	return domain;
}

/* From what was recorded to what is true now. */
static void
bind_roles(DmDomain *domain)
{
	domain->internal_schema = DmSuffixedName(domain->name, DM_INTERNAL_SUFFIX);
	domain->owner =
		confirmed_owner(domain->name, domain->internal_schema, domain->owner_name, domain->owner);
	domain->owner_name = GetUserNameFromId(domain->owner, false);
	require_harmless(domain->name, domain->owner, false);

	domain->port_role = confirmed_owner(domain->name, domain->port_schema, domain->port_role_name,
										domain->port_role);
	domain->port_role_name = GetUserNameFromId(domain->port_role, false);
	(void) confirmed_owner(domain->name, domain->release_schema, domain->port_role_name,
						   domain->port_role);
	require_harmless(domain->name, domain->port_role, true);
}

DmDomain *
DmDomainByName(const char *name)
{
	CatalogRead read;
	DmDomain *domain;

	begin_read(&read);
	domain = read_domain(&read, name);
	end_read(&read);
	bind_roles(domain);
	return domain;
}

void
DmRequireDomain(const char *name)
{
	CatalogRead read;

	begin_read(&read);
	(void) read_domain(&read, name);
	end_read(&read);
}

/* datamesh.domain_name(domain text) */
Datum
dm_domain_name(PG_FUNCTION_ARGS)
{
	char *domain = text_to_cstring(PG_GETARG_TEXT_PP(0));

	DmRequireDomain(domain);
	PG_RETURN_NAME(DatumGetName(DirectFunctionCall1(namein, CStringGetDatum(domain))));
}

/* The product as it was recorded; its domain's roles are not looked at. */
static DmProduct *
find_product(const char *product, bool lock)
{
	Oid types[2] = {TEXTOID, TEXTOID};
	Datum values[2];
	CatalogRead read;
	DmProduct *result = palloc0(sizeof(DmProduct));
	char *domain;
	char *name;
	bool isnull;

	DmSplitProductName(product, &domain, &name);
	begin_read(&read);
	values[0] = CStringGetTextDatum(domain);
	values[1] = CStringGetTextDatum(name);
	DmSpiExecute(lock ? "SELECT product_id, product_name, status FROM datamesh.product "
						"WHERE domain_name = $1 AND product_name = $2 FOR NO KEY UPDATE"
					  : "SELECT product_id, product_name, status FROM datamesh.product "
						"WHERE domain_name = $1 AND product_name = $2",
				 2, types, values, NULL, false);
	if (SPI_processed == 0)
	{
		(void) read_domain(&read, domain);
		product_not_found(&read, domain, name);
	}
	result->product_id = DatumGetInt32(DmSpiDatum(0, 1, &isnull));
	result->name = copy_text(&read, 0, 2);
	result->status = copy_text(&read, 0, 3);
	result->domain = read_domain(&read, domain);
	end_read(&read);
	result->qualified_name = DmProductName(domain, name);
	return result;
}

DmProduct *
DmProductByName(const char *product)
{
	DmProduct *result = find_product(product, false);

	bind_roles(result->domain);
	return result;
}

DmProduct *
DmProductLock(const char *product)
{
	DmProduct *result = find_product(product, true);

	bind_roles(result->domain);
	return result;
}

/* datamesh.product_id(product text) */
Datum
dm_product_id(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(find_product(text_to_cstring(PG_GETARG_TEXT_PP(0)), false)->product_id);
}

void
DmReadersLock(int32 product_id)
{
	LockDatabaseObject(get_relname_relid("product", DmExtensionSchema()), (Oid) product_id, 0,
					   ExclusiveLock);
}

void
DmRequestsLock(int32 product_id, Oid role)
{
	LockDatabaseObject(get_relname_relid("approval_request", DmExtensionSchema()), role,
					   (uint16) product_id, ExclusiveLock);
}

bool
DmRoleHold(Oid role)
{
	LockSharedObject(AuthIdRelationId, role, 0, AccessShareLock);
	return SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(role));
}

#define CONTRACT_COLUMNS                                                                           \
	"c.contract_id, c.version, c.status, c.mode, c.source_schema, c.source_name, c.retention, "    \
	"c.document::jsonb "

static DmContract *
copy_contract(CatalogRead *read, uint64 row)
{
	DmContract *contract = MemoryContextAllocZero(read->caller, sizeof(DmContract));
	Jsonb *document;
	bool isnull;

	contract->contract_id = DatumGetInt32(DmSpiDatum(row, 1, &isnull));
	contract->version = copy_text(read, row, 2);
	contract->major = DmSemverMajor(contract->version);
	contract->status = copy_text(read, row, 3);
	contract->mode = copy_text(read, row, 4);
	contract->source_schema = copy_text(read, row, 5);
	contract->source_name = copy_text(read, row, 6);
	contract->retention = DatumGetInt32(DmSpiDatum(row, 7, &isnull));
	document = DatumGetJsonbP(DmSpiDatum(row, 8, &isnull));
	contract->document = MemoryContextAlloc(read->caller, VARSIZE(document));
	memcpy(contract->document, document, VARSIZE(document));
	return contract;
}

static void
contract_not_found(CatalogRead *read, const DmProduct *product, const char *version)
{
	Oid types[1] = {INT4OID};
	Datum values[1] = {Int32GetDatum(product->product_id)};
	char *known;

	DmSpiExecute(
		"SELECT pg_catalog.string_agg(v, ', ') FROM (SELECT version::text AS v FROM "
		"datamesh.contract WHERE product_id = $1 ORDER BY version DESC LIMIT 10) AS newest",
		1, types, values, NULL, false);
	known = DmSpiText(0, 1);
	ereport(ERROR, (errcode(ERRCODE_DM_UNDEFINED_CONTRACT),
					version ? errmsg("data product %s has no contract of version %s",
									 product->qualified_name, version)
							: errmsg("data product %s has no contract that is not retired",
									 product->qualified_name),
					known ? errdetail("Its newest versions are %s.", known)
						  : errdetail("It has no contract at all."),
					errhint("Load one with CALL datamesh.load_contract(...).")));
}

/*
 * Versions are compared by the semver type's own function and ordered by its default operator
 * class: its operators are in a schema of their own, which our pinned search_path does not name.
 */
static int32
find_version(int32 product_id, const char *version)
{
	Oid types[1] = {INT4OID};
	Datum values[1] = {Int32GetDatum(product_id)};
	Datum wanted = DmSemverIn(version);

	DmSpiExecute("SELECT contract_id, version FROM datamesh.contract WHERE product_id = $1", 1,
				 types, values, NULL, false);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool isnull;

		if (DmSemverCompare(DmSpiDatum(i, 2, &isnull), wanted) == 0)
			return DatumGetInt32(DmSpiDatum(i, 1, &isnull));
	}
	return 0;
}

DmContract *
DmContractByVersion(const DmProduct *product, const char *version)
{
	Oid types[1] = {INT4OID};
	Datum values[1];
	CatalogRead read;
	DmContract *contract;

	begin_read(&read);
	if (version != NULL)
	{
		values[0] = Int32GetDatum(find_version(product->product_id, version));
		DmSpiExecute("SELECT " CONTRACT_COLUMNS "FROM datamesh.contract c WHERE c.contract_id = $1",
					 1, types, values, NULL, false);
	}
	else
	{
		values[0] = Int32GetDatum(product->product_id);
		DmSpiExecute("SELECT " CONTRACT_COLUMNS "FROM datamesh.contract c WHERE c.product_id = $1 "
					 "AND c.status <> 'retired' ORDER BY c.version DESC LIMIT 1",
					 1, types, values, NULL, false);
	}
	if (SPI_processed == 0)
		contract_not_found(&read, product, version);
	contract = copy_contract(&read, 0);
	end_read(&read);
	return contract;
}

char *
DmContractDocument(const char *product, const char *version)
{
	DmProduct *found = find_product(product, false);
	DmContract *contract = DmContractByVersion(found, version);
	Oid types[1] = {INT4OID};
	Datum values[1] = {Int32GetDatum(contract->contract_id)};
	CatalogRead read;
	char *document;

	begin_read(&read);
	DmSpiExecute("SELECT document FROM datamesh.contract WHERE contract_id = $1", 1, types, values,
				 NULL, false);
	document = copy_text(&read, 0, 1);
	end_read(&read);
	return document;
}

DmContract *
DmContractInForce(const DmProduct *product)
{
	Oid types[1] = {INT4OID};
	Datum values[1] = {Int32GetDatum(product->product_id)};
	CatalogRead read;
	DmContract *contract = NULL;

	begin_read(&read);
	DmSpiExecute(
		"SELECT " CONTRACT_COLUMNS "FROM datamesh.port p JOIN datamesh.contract c "
		"ON c.contract_id = p.contract_id WHERE p.product_id = $1 AND c.status <> 'retired' "
		"ORDER BY p.major DESC LIMIT 1",
		1, types, values, NULL, false);
	if (SPI_processed > 0)
		contract = copy_contract(&read, 0);
	end_read(&read);
	return contract;
}

void
DmRequireDomainMember(const DmDomain *domain)
{
	Oid user = GetUserId();

	if (has_privs_of_role(user, domain->owner))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied for domain \"%s\"", domain->name),
			 errdetail("It belongs to role \"%s\", and role \"%s\" has not that role's privileges.",
					   domain->owner_name, GetUserNameFromId(user, false)),
			 is_member_of_role(user, domain->owner)
				 ? errhint("SET ROLE to \"%s\" first.", domain->owner_name)
				 : errhint("Ask a member of role \"%s\".", domain->owner_name)));
}

/* The owner as DmDomainByName would resolve it, but InvalidOid where that would be an error. */
static Oid
domain_owner(CatalogRead *read, const char *name)
{
	Oid types[1] = {TEXTOID};
	Datum values[1];
	Oid owner;
	char *owner_name;

	if (strlen(name) + strlen(DM_INTERNAL_SUFFIX) >= NAMEDATALEN)
		return InvalidOid;
	values[0] = CStringGetTextDatum(name);
	DmSpiExecute("SELECT owner_name, owner_oid FROM datamesh.domain WHERE domain_name = $1", 1,
				 types, values, NULL, false);
	if (SPI_processed == 0)
		return InvalidOid;
	owner = DmSchemaOwner(DmSuffixedName(name, DM_INTERNAL_SUFFIX));
	owner_name = OidIsValid(owner) ? GetUserNameFromId(owner, true) : NULL;
	if (owner_name == NULL)
		return InvalidOid;
	return owner == copy_oid(0, 2) || strcmp(owner_name, DmSpiText(0, 1)) == 0 ? owner : InvalidOid;
}

/*
 * A consumer's role.  In the cluster where it was registered the OID decides.  Elsewhere (after
 * pg_dump | psql) the OID says nothing; there the role of the recorded name is taken if it holds the
 * grant of USAGE on schema datamesh that create_consumer made and the dump brought along.  A role that
 * was dropped and made again under the same name has another OID here, and lacks the grant there.
 */
static Oid
consumer_role(CatalogRead *read, const char *name)
{
	Oid types[2] = {TEXTOID, INT8OID};
	Datum values[2];

	values[0] = CStringGetTextDatum(name);
	values[1] = Int64GetDatum((int64) GetSystemIdentifier());
	DmSpiExecute(
		"SELECT r.oid FROM datamesh.consumer c JOIN pg_catalog.pg_authid r ON "
		"CASE WHEN c.cluster = $2 THEN r.oid = c.role_oid ELSE r.rolname = c.role_name AND EXISTS "
		"(SELECT FROM pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a WHERE "
		"n.nspname = 'datamesh' AND a.grantee = r.oid AND a.privilege_type = 'USAGE') END "
		"WHERE c.consumer_name = $1",
		2, types, values, NULL, false);
	return SPI_processed == 0 ? InvalidOid : copy_oid(0, 1);
}

Oid
DmConsumerRole(const char *consumer)
{
	CatalogRead read;
	Oid role;

	begin_read(&read);
	role = consumer_role(&read, consumer);
	if (!OidIsValid(role))
		role = domain_owner(&read, consumer);
	end_read(&read);
	return role;
}
