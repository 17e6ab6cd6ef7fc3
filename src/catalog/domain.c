/*-------------------------------------------------------------------------
 *
 * domain.c
 *		Domains and consumers: made, changed and removed by the platform team.
 *
 * A domain is three schemas and a role:
 *	 <name>			 the ports; owned by the port role, who alone may create in it
 *	 <name>_internal the domain's own; owned by its team
 *	 <name>_releases the data of the releases; owned by the port role, entered by nobody else
 *	 <name>_port	 the port role: NOLOGIN, NOSUPERUSER, NOBYPASSRLS, a member of nothing
 *
 * What this file keeps true:
 *
 * - Nothing that was there before is adopted.	A schema of such a name that
 *	 is not ours is an error.  A role of the port role's name is left alone and a free name is
 *	 taken (<name>_port_2, ...): roles are shared by all databases of a cluster, so
 *	 the other role may own the ports of a domain of this name next door, or
 *	 be somebody's login.  A restore does not come here at all: it brings the roles
 *	 (pg_dumpall --globals-only), the schemas with their owners, and our rows.
 *
 * - Nobody has a privilege on the new schemas but their owners (and the team, USAGE on its port
 *	 schema), whatever default privileges are set.
 *
 * Who may call is decided by EXECUTE on the procedures, which PUBLIC does not have.  The
 * statements here run as the owner of the extension; nothing in them was written by the caller
 * but quoted names.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "common/string.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/syscache.h"

#include "base/errors.h"
#include "base/json.h"
#include "base/names.h"
#include "base/session.h"
#include "base/text.h"
#include "catalog/catalog.h"

PG_FUNCTION_INFO_V1(dm_create_domain);
PG_FUNCTION_INFO_V1(dm_create_consumer);
PG_FUNCTION_INFO_V1(dm_add_internal_schema);
PG_FUNCTION_INFO_V1(dm_set_domain_owner);
PG_FUNCTION_INFO_V1(dm_drop_domain);

/* Port roles that are tried before we give up finding a free name. */
#define MAX_PORT_ROLE_NAMES 100

/* Run a statement made of format and quoted names. */
static void run(const char *format, ...) pg_attribute_printf(1, 2);

static void
run(const char *format, ...)
{
	va_list args;
	char *sql;

	va_start(args, format);
	sql = DmFormat(format, args);
	va_end(args);
	DmSpiExecute(sql, 0, NULL, NULL, NULL, false);
	pfree(sql);
}

static void
begin_change(DmIdentity *identity, const char *procedure)
{
	PreventCommandIfReadOnly(procedure);
	DmBecomeExtensionOwner(identity);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	/* One change of domains at a time; loading contracts goes on meanwhile. */
	run("LOCK TABLE datamesh.domain IN SHARE ROW EXCLUSIVE MODE");
}

static void
end_change(DmIdentity *identity)
{
	SPI_finish();
	DmIdentityRestore(identity);
}

/* Run a statement whose parameters are all text; NULL is null.  Returns the rows it touched. */
static uint64
run_text(const char *sql, int nargs, const char **args)
{
	Oid types[8];
	Datum values[8];
	bool nulls[8];

	Assert(nargs <= 8);
	for (int i = 0; i < nargs; i++)
	{
		types[i] = TEXTOID;
		nulls[i] = (args[i] == NULL);
		values[i] = nulls[i] ? (Datum) 0 : CStringGetTextDatum(args[i]);
	}
	DmSpiExecute(sql, nargs, types, values, nulls, false);
	return SPI_processed;
}

/* {"key": "value", ...} from key, value, key, value, ..., NULL; null values are left out. */
static Jsonb *
details_of(const char *first, ...)
{
	JsonbParseState *state = NULL;
	JsonbValue *object;
	va_list args;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	va_start(args, first);
	for (const char *key = first; key != NULL; key = va_arg(args, const char *))
	{
		const char *value = va_arg(args, const char *);

		if (value != NULL)
			DmJsonPushText(&state, pstrdup(key), pstrdup(value));
	}
	va_end(args);
	object = pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	return JsonbValueToJsonb(object);
}

static char *
text_argument(FunctionCallInfo fcinfo, int n, const char *what)
{
	char *value;

	if (PG_ARGISNULL(n))
	{
		if (what == NULL)
			return NULL;
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", what)));
	}
	value = text_to_cstring(PG_GETARG_TEXT_PP(n));
	if (what != NULL && value[0] == '\0')
		ereport(ERROR, (errcode(ERRCODE_INVALID_NAME), errmsg("%s must not be empty", what)));
	if (what != NULL && strlen(value) >= NAMEDATALEN)
		ereport(ERROR, (errcode(ERRCODE_NAME_TOO_LONG), errmsg("%s is too long", what),
						errdetail("\"%s\" has %d bytes, and a name has at most %d.", value,
								  (int) strlen(value), NAMEDATALEN - 1)));
	return value;
}

/* PostgreSQL's own IsReservedName is in a header that has the name of ours. */
static bool
is_reserved(const char *name)
{
	return strncmp(name, "pg_", 3) == 0;
}

/* ---------- roles ---------- */

/* The role of that exact name, which must be an ordinary one. */
static Oid
ordinary_role(const char *role, const char *purpose)
{
	HeapTuple tuple;
	Oid oid;
	bool superuser;

	if (strcmp(role, "public") == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_GRANT_OPERATION),
						errmsg("PUBLIC cannot be %s", purpose), errhint("Name a role.")));
	if (is_reserved(role))
		ereport(ERROR,
				(errcode(ERRCODE_RESERVED_NAME), errmsg("role \"%s\" cannot be %s", role, purpose),
				 errdetail("Roles whose names begin with \"pg_\" are PostgreSQL's own.")));
	tuple = SearchSysCache1(AUTHNAME, CStringGetDatum(role));
	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("role \"%s\" does not exist", role),
				 errhint("Make it with CREATE ROLE. The name stands here as it is, without the "
						 "folding to lower case that SQL does.")));
	oid = ((Form_pg_authid) GETSTRUCT(tuple))->oid;
	superuser = ((Form_pg_authid) GETSTRUCT(tuple))->rolsuper;
	ReleaseSysCache(tuple);
	if (superuser)
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("role \"%s\" cannot be %s", role, purpose),
						errdetail("It is a superuser."), errhint("Name a role that is none.")));
	return oid;
}

/* A role that may own a domain: its rights are what the domain's code gets. */
static Oid
owner_role(const char *role)
{
	Oid oid = ordinary_role(role, "the owner of a domain");
	const char *args[1] = {role};

	if (run_text("SELECT port_role_name FROM datamesh.domain WHERE port_role_name = $1", 1, args) >
		0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_GRANT_OPERATION),
				 errmsg("role \"%s\" cannot be the owner of a domain", role),
				 errdetail("It is a port role."), errhint("Name the role of the domain's team.")));
	if (run_text("SELECT s.rolname FROM pg_catalog.pg_authid s, pg_catalog.pg_authid o WHERE "
				 "s.rolsuper AND o.rolname = $1 AND pg_catalog.pg_has_role(o.oid, s.oid, 'MEMBER') "
				 "ORDER BY 1 LIMIT 1",
				 1, args) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("role \"%s\" cannot be the owner of a domain", role),
				 errdetail("It is a member of role \"%s\", which is a superuser.", DmSpiText(0, 1)),
				 errhint("Name a role that is none.")));
	return oid;
}

/* A new role to own the ports, under the first name that is free in this cluster. */
static char *
create_port_role(const char *domain)
{
	char *name = DmSuffixedName(domain, DM_PORT_ROLE_SUFFIX);
	char *comment;

	for (int i = 2; OidIsValid(get_role_oid(name, true)); i++)
	{
		if (i > MAX_PORT_ROLE_NAMES)
			ereport(ERROR, (errcode(ERRCODE_DUPLICATE_OBJECT),
							errmsg("no free name for the port role of domain \"%s\"", domain),
							errdetail("Roles \"%s_port\" to \"%s\" exist.", domain, name)));
		name = DmSuffixedName(domain, psprintf(DM_PORT_ROLE_SUFFIX "_%d", i));
	}
	run("CREATE ROLE %s NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION "
		"NOINHERIT",
		quote_identifier(name));
	comment = psprintf("datamesh: owns the ports of domain %s in database %s",
					   quote_identifier(domain), quote_identifier(get_database_name(MyDatabaseId)));
	run("COMMENT ON ROLE %s IS %s", quote_identifier(name), quote_literal_cstr(comment));
	return name;
}

/* ---------- schemas ---------- */

/* Take from a new schema whatever default privileges gave to anyone but its owner. */
static void
revoke_defaults(const char *schema)
{
	const char *args[1] = {schema};
	uint64 n = run_text(
		"SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE "
		"pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END FROM "
		"pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a WHERE n.nspname = $1 "
		"AND a.grantee <> n.nspowner",
		1, args);
	char **grantees = palloc(sizeof(char *) * (n + 1));

	for (uint64 i = 0; i < n; i++)
		grantees[i] = DmSpiText(i, 1);
	for (uint64 i = 0; i < n; i++)
		run("REVOKE ALL ON SCHEMA %s FROM %s CASCADE", quote_identifier(schema), grantees[i]);
}

static void
require_free_schema(const char *schema, const char *domain)
{
	if (!OidIsValid(get_namespace_oid(schema, true)))
		return;
	ereport(
		ERROR,
		(errcode(ERRCODE_DUPLICATE_SCHEMA), errmsg("schema \"%s\" already exists", schema),
		 errdetail("Domain \"%s\" would need a schema of this name, and what is there before is "
				   "never taken over.",
				   domain),
		 errhint("Rename or drop the schema, or choose another name for the domain.")));
}

static void
create_schema(const char *schema, const char *owner, const char *domain, const char *purpose,
			  const char *comment)
{
	const char *args[3] = {schema, domain, purpose};

	run("CREATE SCHEMA %s AUTHORIZATION %s", quote_identifier(schema), quote_identifier(owner));
	revoke_defaults(schema);
	run("COMMENT ON SCHEMA %s IS %s", quote_identifier(schema), quote_literal_cstr(comment));
	run_text("INSERT INTO datamesh.domain_schema (schema_name, domain_name, purpose) VALUES "
			 "($1::name, $2::name, $3)",
			 3, args);
}

/* ---------- create_domain ---------- */

/* The names that the domain needs fit, and are nobody's; reserved names are refused by CREATE. */
static void
require_usable_name(const char *name)
{
	const char *args[1] = {name};
	char *internal = DmSuffixedName(name, DM_INTERNAL_SUFFIX);
	char *releases = DmSuffixedName(name, DM_RELEASE_SUFFIX);

	if (is_reserved(name))
		ereport(ERROR, (errcode(ERRCODE_RESERVED_NAME),
						errmsg("unacceptable name for a domain: \"%s\"", name),
						errdetail("Names that begin with \"pg_\" are PostgreSQL's own.")));
	if (run_text("SELECT FROM datamesh.consumer WHERE consumer_name = $1", 1, args) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT), errmsg("a consumer named \"%s\" exists", name),
				 errdetail("A contract's roles name domains and consumers alike, so that one name "
						   "must not mean both.")));
	require_free_schema(name, name);
	require_free_schema(internal, name);
	require_free_schema(releases, name);
}

static void
insert_domain(const char *name, const char *owner, const char *port_role, const char *description)
{
	Oid types[6] = {TEXTOID, TEXTOID, OIDOID, TEXTOID, OIDOID, TEXTOID};
	bool nulls[6] = {false};
	Datum values[6];

	values[0] = CStringGetTextDatum(name);
	values[1] = CStringGetTextDatum(owner);
	values[2] = ObjectIdGetDatum(get_role_oid(owner, false));
	values[3] = CStringGetTextDatum(port_role);
	values[4] = ObjectIdGetDatum(get_role_oid(port_role, false));
	nulls[5] = (description == NULL);
	values[5] = description ? CStringGetTextDatum(description) : (Datum) 0;
	DmSpiExecute("INSERT INTO datamesh.domain (domain_name, owner_name, owner_oid, port_role_name, "
				 "port_role_oid, description) VALUES ($1::name, $2::name, $3, $4::name, $5, $6)",
				 6, types, values, nulls, false);
}

static void
make_domain(const char *name, const char *owner, const char *description)
{
	char *internal = DmSuffixedName(name, DM_INTERNAL_SUFFIX);
	char *releases = DmSuffixedName(name, DM_RELEASE_SUFFIX);
	char *port_role;

	require_usable_name(name);
	(void) owner_role(owner);
	port_role = create_port_role(name);
	insert_domain(name, owner, port_role, description);
	create_schema(
		name, port_role, name, "port",
		psprintf("Ports of domain %s: what its consumers read. Only datamesh puts relations "
				 "here.",
				 quote_identifier(name)));
	create_schema(internal, owner, name, "internal",
				  psprintf("The own schema of domain %s.", quote_identifier(name)));
	create_schema(releases, port_role, name, "release",
				  psprintf("Data of the releases of domain %s; read through its ports only.",
						   quote_identifier(name)));
	run("GRANT USAGE ON SCHEMA %s TO %s", quote_identifier(name), quote_identifier(owner));
	/* The checks of a release that is about to be published run as the owner. */
	run("GRANT USAGE ON SCHEMA %s TO %s", quote_identifier(releases), quote_identifier(owner));
	DmEventAppend("domain_created", NULL, NULL,
				  details_of("domain", name, "owner", owner, "port_role", port_role, "description",
							 description, NULL));
}

/* A domain or consumer that is there: say so, or take a new description. */
static void
describe(const char *what, const char *name, const char *description)
{
	const char *args[2] = {name, description};

	if (description == NULL ||
		run_text(psprintf("UPDATE datamesh.%s SET description = $2 WHERE %s_name = $1 AND "
						  "description IS DISTINCT FROM $2",
						  what, what),
				 2, args) == 0)
	{
		ereport(NOTICE, (errmsg("%s \"%s\" already exists, nothing to do", what, name)));
		return;
	}
	DmEventAppend(psprintf("%s_described", what), NULL, NULL,
				  details_of(what, name, "description", description, NULL));
}

static void
keep_domain(const char *name, const char *owner, const char *description)
{
	DmDomain *domain = DmDomainByName(name);

	if (strcmp(domain->owner_name, owner) != 0)
		ereport(
			ERROR,
			(errcode(ERRCODE_DUPLICATE_OBJECT), errmsg("domain \"%s\" already exists", name),
			 errdetail("It belongs to role \"%s\", not to role \"%s\".", domain->owner_name, owner),
			 errhint("CALL datamesh.set_domain_owner(...) gives a domain to another role.")));
	describe("domain", name, description);
}

Datum
dm_create_domain(PG_FUNCTION_ARGS)
{
	char *name = text_argument(fcinfo, 0, "name of a domain");
	char *owner = text_argument(fcinfo, 1, "owner of a domain");
	char *description = text_argument(fcinfo, 2, NULL);
	const char *args[1] = {name};
	DmIdentity identity;

	begin_change(&identity, "datamesh.create_domain()");
	if (run_text("SELECT FROM datamesh.domain WHERE domain_name = $1", 1, args) > 0)
		keep_domain(name, owner, description);
	else
		make_domain(name, owner, description);
	end_change(&identity);
	PG_RETURN_VOID();
}

/* ---------- create_consumer ---------- */

static void
insert_consumer(const char *name, const char *role, Oid role_oid, const char *description)
{
	Oid types[5] = {TEXTOID, TEXTOID, OIDOID, INT8OID, TEXTOID};
	bool nulls[5] = {false};
	Datum values[5];

	values[0] = CStringGetTextDatum(name);
	values[1] = CStringGetTextDatum(role);
	values[2] = ObjectIdGetDatum(role_oid);
	values[3] = Int64GetDatum((int64) GetSystemIdentifier());
	nulls[4] = (description == NULL);
	values[4] = description ? CStringGetTextDatum(description) : (Datum) 0;
	DmSpiExecute(
		"INSERT INTO datamesh.consumer AS c (consumer_name, role_name, role_oid, cluster, "
		"description) VALUES ($1::name, $2::name, $3, $4, $5) ON CONFLICT (consumer_name) DO "
		"UPDATE SET role_name = excluded.role_name, role_oid = excluded.role_oid, "
		"cluster = excluded.cluster, "
		"description = coalesce(excluded.description, c.description)",
		5, types, values, nulls, false);
	/* By this grant the role is known again after a restore: see consumer_role() in lookup.c. */
	run("SELECT datamesh.end_namesakes(%s)", quote_literal_cstr(role));
	run("GRANT USAGE ON SCHEMA datamesh TO %s", quote_identifier(role));
}

Datum
dm_create_consumer(PG_FUNCTION_ARGS)
{
	char *name = text_argument(fcinfo, 0, "name of a consumer");
	char *role = text_argument(fcinfo, 1, "role of a consumer");
	char *description = text_argument(fcinfo, 2, NULL);
	const char *args[1] = {name};
	DmIdentity identity;
	Oid role_oid;
	Oid known = InvalidOid;

	begin_change(&identity, "datamesh.create_consumer()");
	role_oid = ordinary_role(role, "a consumer");
	if (run_text("SELECT FROM datamesh.domain WHERE domain_name = $1", 1, args) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT), errmsg("a domain named \"%s\" exists", name),
				 errdetail("Every domain is a consumer by its name already.")));
	if (run_text("SELECT FROM datamesh.consumer WHERE consumer_name = $1", 1, args) > 0)
		known = DmConsumerRole(name);
	if (OidIsValid(known) && known != role_oid)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT), errmsg("consumer \"%s\" already exists", name),
				 errdetail("It is role \"%s\", not role \"%s\".", GetUserNameFromId(known, false),
						   role)));
	if (OidIsValid(known))
		describe("consumer", name, description);
	else
	{
		insert_consumer(name, role, role_oid, description);
		DmEventAppend("consumer_created", NULL, NULL,
					  details_of("consumer", name, "role", role, "description", description, NULL));
	}
	end_change(&identity);
	PG_RETURN_VOID();
}

/* ---------- changing and removing domains ---------- */

static void
require_own_schema(const DmDomain *domain, const char *schema)
{
	Oid owner = DmSchemaOwner(schema);

	if (!OidIsValid(owner))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA), errmsg("schema \"%s\" does not exist", schema),
				 errhint("Make it with CREATE SCHEMA %s AUTHORIZATION %s.",
						 quote_identifier(schema), quote_identifier(domain->owner_name))));
	if (owner != domain->owner)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("schema \"%s\" does not belong to domain \"%s\"", schema, domain->name),
				 errdetail("It belongs to role \"%s\", and the domain to role \"%s\".",
						   GetUserNameFromId(owner, false), domain->owner_name)));
}

/*
 * The schema is the domain's.  If it is registered for a domain of other people, they have had one of
 * this name before: that registration is void.  For another domain of the same role it stands.
 */
static void
release_schema_name(const DmDomain *domain, const char *schema)
{
	const char *args[1] = {schema};
	char *other;

	if (run_text("SELECT domain_name FROM datamesh.domain_schema WHERE schema_name = $1", 1,
				 args) == 0)
		return;
	other = DmSpiText(0, 1);
	if (DmConsumerRole(other) == domain->owner)
		ereport(ERROR, (errcode(ERRCODE_DUPLICATE_SCHEMA),
						errmsg("schema \"%s\" is registered for domain \"%s\"", schema, other),
						errhint("Make another schema for domain \"%s\".", domain->name)));
	run_text("DELETE FROM datamesh.domain_schema WHERE schema_name = $1 AND purpose = 'internal'",
			 1, args);
}

/*
 * Registers a schema of the domain's own beside <domain>_internal, for contracts to name sources
 * in.  The team does this itself.
 */
Datum
dm_add_internal_schema(PG_FUNCTION_ARGS)
{
	char *name = text_argument(fcinfo, 0, "name of a domain");
	char *schema = text_argument(fcinfo, 1, "name of a schema");
	const char *args[2] = {schema, name};
	DmDomain *domain = DmDomainByName(name);
	DmIdentity identity;

	DmRequireDomainMember(domain);
	begin_change(&identity, "datamesh.add_internal_schema()");
	require_own_schema(domain, schema);
	if (run_text("SELECT domain_name FROM datamesh.domain_schema WHERE schema_name = $1 AND "
				 "domain_name = $2",
				 2, args) > 0)
		ereport(NOTICE, (errmsg("schema \"%s\" is registered already, nothing to do", schema)));
	else
	{
		release_schema_name(domain, schema);
		run_text("INSERT INTO datamesh.domain_schema (schema_name, domain_name, purpose) VALUES "
				 "($1::name, $2::name, 'internal')",
				 2, args);
		DmEventAppend("internal_schema_added", NULL, NULL,
					  details_of("domain", name, "schema", schema, NULL));
	}
	end_change(&identity);
	PG_RETURN_VOID();
}

/* The domain's row as it was recorded, whether its roles and schemas are in order or not. */
static void
require_domain(const char *name)
{
	const char *args[1] = {name};

	if (run_text("SELECT owner_name, port_role_name, owner_oid FROM datamesh.domain WHERE "
				 "domain_name = $1",
				 1, args) == 0)
		(void) DmDomainByName(name); /* the error that says so */
}

/*
 * Give the domain's internal schemas to another role: <domain>_internal whoever has it now, of the
 * others those that are still the domain's.  A schema that somebody else made under a name that was
 * once registered is left alone.
 */
static void
move_internal_schemas(const char *domain, const char *new_owner)
{
	const char *args[2] = {domain, DmSuffixedName(domain, DM_INTERNAL_SUFFIX)};
	uint64 n =
		run_text("SELECT pg_catalog.quote_ident(s.schema_name) FROM datamesh.domain_schema s JOIN "
				 "datamesh.domain d ON d.domain_name = s.domain_name JOIN "
				 "pg_catalog.pg_namespace n ON n.nspname = s.schema_name LEFT JOIN "
				 "pg_catalog.pg_namespace home ON home.nspname = $2 WHERE s.domain_name = $1 "
				 "AND s.purpose = 'internal' AND (n.nspname = $2 OR n.nspowner = home.nspowner OR "
				 "n.nspowner = d.owner_oid OR pg_catalog.pg_get_userbyid(n.nspowner) = "
				 "d.owner_name) ORDER BY 1",
				 2, args);
	char **schemas = palloc(sizeof(char *) * (n + 1));

	for (uint64 i = 0; i < n; i++)
		schemas[i] = DmSpiText(i, 1);
	for (uint64 i = 0; i < n; i++)
		run("ALTER SCHEMA %s OWNER TO %s", schemas[i], quote_identifier(new_owner));
}

/*
 * Take USAGE on a schema of the domain from the owner before: from the role of the recorded name if it
 * has it (after a restore the OID would be another's), else from the one of the OID (renamed).
 */
static void
revoke_usage(const char *schema, const char *role_name, Oid role_oid)
{
	Oid types[3] = {TEXTOID, TEXTOID, OIDOID};
	Datum values[3];

	values[0] = CStringGetTextDatum(schema);
	values[1] = CStringGetTextDatum(role_name);
	values[2] = ObjectIdGetDatum(role_oid);
	DmSpiExecute(
		"SELECT pg_catalog.quote_ident(r.rolname) FROM pg_catalog.pg_namespace n, "
		"pg_catalog.aclexplode(n.nspacl) a JOIN pg_catalog.pg_authid r ON r.oid = a.grantee WHERE "
		"n.nspname = $1 AND (r.rolname = $2 OR r.oid = $3) ORDER BY r.rolname <> $2 LIMIT 1",
		3, types, values, NULL, false);
	if (SPI_processed > 0)
		run("REVOKE ALL ON SCHEMA %s FROM %s", quote_identifier(schema), DmSpiText(0, 1));
}

/*
 * Gives a domain to another role, or confirms that somebody gave its schemas away.  The relations
 * in them stay whose they are.
 */
Datum
dm_set_domain_owner(PG_FUNCTION_ARGS)
{
	char *name = text_argument(fcinfo, 0, "name of a domain");
	char *owner = text_argument(fcinfo, 1, "owner of a domain");
	const char *args[2] = {name, owner};
	DmIdentity identity;
	char *releases = DmSuffixedName(name, DM_RELEASE_SUFFIX);
	char *old_owner;
	Oid old_owner_oid;
	bool isnull;

	begin_change(&identity, "datamesh.set_domain_owner()");
	require_domain(name);
	old_owner = DmSpiText(0, 1);
	old_owner_oid = DatumGetObjectId(DmSpiDatum(0, 3, &isnull));
	(void) owner_role(owner);
	move_internal_schemas(name, owner);
	revoke_usage(name, old_owner, old_owner_oid);
	revoke_usage(releases, old_owner, old_owner_oid);
	run("GRANT USAGE ON SCHEMA %s, %s TO %s", quote_identifier(name), quote_identifier(releases),
		quote_identifier(owner));
	run_text("UPDATE datamesh.domain SET owner_name = $2::name, owner_oid = (SELECT oid FROM "
			 "pg_catalog.pg_authid WHERE rolname = $2) WHERE domain_name = $1",
			 2, args);
	DmEventAppend("domain_owner_changed", NULL, NULL,
				  details_of("domain", name, "owner", owner, "previous_owner", old_owner, NULL));
	end_change(&identity);
	PG_RETURN_VOID();
}

static void
require_nothing_published(const char *name)
{
	const char *args[1] = {name};

	run_text("SELECT pg_catalog.string_agg(quoted, ', '), pg_catalog.count(*) FROM (SELECT "
			 "pg_catalog.quote_ident(product_name) AS quoted FROM datamesh.product WHERE "
			 "domain_name = $1 "
			 "AND status IN ('published', 'deprecated') ORDER BY 1 LIMIT 10) AS live",
			 1, args);
	if (DmSpiText(0, 1) != NULL)
		ereport(ERROR, (errcode(ERRCODE_DM_LIFECYCLE),
						errmsg("domain \"%s\" has published products", name),
						errdetail("Consumers may be reading %s.", DmSpiText(0, 1)),
						errhint("End their life first: CALL datamesh.deprecate(...), then CALL "
								"datamesh.retire(...).")));
}

/* Drop a schema if it is there and its owner is the one we knew; RESTRICT, whoever made what is in it. */
static void
drop_schema(const char *schema, const char *role_name)
{
	Oid owner = DmSchemaOwner(schema);

	if (OidIsValid(owner) && owner == get_role_oid(role_name, true))
		run("DROP SCHEMA %s RESTRICT", quote_identifier(schema));
}

/*
 * Drop a port role, unless another database has a use for it: a database restored from a dump
 * shares the role with the one it was dumped from.
 */
static void
drop_port_role(const char *role)
{
	Oid types[2] = {OIDOID, OIDOID};
	Datum values[2] = {ObjectIdGetDatum(get_role_oid(role, true)), ObjectIdGetDatum(MyDatabaseId)};

	if (!OidIsValid(DatumGetObjectId(values[0])))
		return;
	run("DROP OWNED BY %s RESTRICT", quote_identifier(role));
	DmSpiExecute("SELECT FROM pg_catalog.pg_shdepend WHERE refclassid = "
				 "'pg_catalog.pg_authid'::pg_catalog.regclass AND refobjid = $1 AND dbid NOT IN "
				 "(0, $2) LIMIT 1",
				 2, types, values, NULL, false);
	if (SPI_processed > 0)
		ereport(NOTICE, (errmsg("role \"%s\" is kept, another database uses it", role)));
	else
		run("DROP ROLE %s", quote_identifier(role));
}

/*
 * Removes a domain without published products: its contracts, port schema and port role.  What is in
 * its internal schemas is the team's and stays.
 */
Datum
dm_drop_domain(PG_FUNCTION_ARGS)
{
	char *name = text_argument(fcinfo, 0, "name of a domain");
	const char *args[1] = {name};
	DmIdentity identity;
	char *port_role;

	begin_change(&identity, "datamesh.drop_domain()");
	require_domain(name);
	port_role = DmSpiText(0, 2);
	require_nothing_published(name);
	/* Ports first, and with them the releases, which refer to contracts. */
	run_text("DELETE FROM datamesh.port o USING datamesh.product p WHERE p.product_id = "
			 "o.product_id AND "
			 "p.domain_name = $1",
			 1, args);
	run_text("DELETE FROM datamesh.product WHERE domain_name = $1", 1, args);
	run_text("DELETE FROM datamesh.domain WHERE domain_name = $1", 1, args);
	drop_schema(name, port_role);
	drop_schema(DmSuffixedName(name, DM_RELEASE_SUFFIX), port_role);
	drop_port_role(port_role);
	DmEventAppend("domain_dropped", NULL, NULL, details_of("domain", name, NULL));
	if (OidIsValid(DmSchemaOwner(DmSuffixedName(name, DM_INTERNAL_SUFFIX))))
		ereport(NOTICE, (errmsg("schema \"%s\" is left to its owner",
								DmSuffixedName(name, DM_INTERNAL_SUFFIX))));
	end_change(&identity);
	PG_RETURN_VOID();
}
