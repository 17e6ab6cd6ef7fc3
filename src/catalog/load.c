/*-------------------------------------------------------------------------
 *
 * load.c
 *		Contracts: loaded as drafts, read back, dropped while they are drafts.
 *
 * What this file keeps true:
 *
 * - A stored contract passed DmContractRead and what this file asks of it beyond ODCS, because
 *	 it is to become a product here: one schema object with columns whose names fit, rules that
 *	 the quality engine understands, a semantic version, a domain of ours whose team the caller
 *	 belongs to, and a source that exists.  Anything less is an error and nothing is stored.
 *
 * - Only a draft is ever replaced.  Whatever was published stays as it was.
 *
 * - Loads of one domain come one after the other (a lock on the domain's row), so that two products
 *	 cannot take one port name from each other.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/varlena.h"

#include "base/errors.h"
#include "base/names.h"
#include "base/session.h"
#include "base/text.h"
#include "catalog/catalog.h"
#include "contract/contract.h"

PG_FUNCTION_INFO_V1(dm_load_contract);
PG_FUNCTION_INFO_V1(dm_drop_draft);
PG_FUNCTION_INFO_V1(dm_contract_document);

/* A release has one column of our own beside the contract's. */
#define MAX_COLUMNS (MaxHeapAttributeNumber - 1)

int (*DmContractRulesProblems)(Jsonb *document, StringInfo problems) = NULL;

typedef struct Draft
{
	char *json;         /* the document, keys in its own order */
	Jsonb *document;    /* the same, for looking things up */
	JsonbValue *object; /* schema[0] */
	char *domain_name;
	char *product_name;
	char *version;
	char *source;        /* schema[0].physicalName, else name */
	char *source_schema; /* found in the catalog */
	char *source_name;
	StringInfoData problems;
	int problem_count;
} Draft;

static void problem(Draft *draft, const char *format, ...) pg_attribute_printf(2, 3);

/* One line of the error to come. */
static void
problem(Draft *draft, const char *format, ...)
{
	va_list args;

	draft->problem_count++;
	if (draft->problems.len > 0)
		appendStringInfoChar(&draft->problems, '\n');
	va_start(args, format);
	DmAppendFormat(&draft->problems, format, args);
	va_end(args);
}

static void
raise_problems(Draft *draft)
{
	if (draft->problem_count == 0)
		return;
	ereport(
		ERROR,
		(errcode(ERRCODE_DM_INVALID_CONTRACT),
		 errmsg_plural("invalid data contract: %d problem", "invalid data contract: %d problems",
					   draft->problem_count, draft->problem_count),
		 errdetail_internal("%s", draft->problems.data),
		 errhint("Each line names a place in the document and what datamesh needs there to "
				 "make a data product of it.")));
}

/* ---------- reading the document ---------- */

static JsonbValue *
field(JsonbContainer *object, const char *key)
{
	if (object == NULL || !JsonContainerIsObject(object))
		return NULL;
	return getKeyJsonValueFromContainer(object, key, strlen(key), NULL);
}

static JsonbContainer *
container(JsonbValue *value)
{
	return value != NULL && value->type == jbvBinary ? value->val.binary.data : NULL;
}

/* A string that is not empty, or NULL. */
static char *
string_field(JsonbContainer *object, const char *key)
{
	JsonbValue *value = field(object, key);

	if (value == NULL || value->type != jbvString || value->val.string.len == 0)
		return NULL;
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static int
elements_of(JsonbContainer *array)
{
	return array != NULL && JsonContainerIsArray(array) && !JsonContainerIsScalar(array)
			   ? JsonContainerSize(array)
			   : 0;
}

static void
read_root(Draft *draft)
{
	JsonbContainer *root = &draft->document->root;

	draft->domain_name = string_field(root, "domain");
	draft->product_name = string_field(root, "dataProduct");
	if (draft->product_name == NULL)
		draft->product_name = string_field(root, "name");
	draft->version = string_field(root, "version");

	if (draft->domain_name == NULL)
		problem(draft, "domain: missing; it names the domain that the product belongs to");
	if (draft->product_name == NULL)
		problem(draft, "dataProduct: missing, and name too; one of them names the product");
	else if (strlen(draft->product_name) >= NAMEDATALEN)
		problem(draft, "%s: \"%s\" has %d bytes, and a name has at most %d",
				string_field(root, "dataProduct") ? "dataProduct" : "name", draft->product_name,
				(int) strlen(draft->product_name), NAMEDATALEN - 1);
}

static void
read_columns(Draft *draft, JsonbContainer *object)
{
	int n = elements_of(container(field(object, "properties")));

	if (n == 0 || n > MAX_COLUMNS)
		problem(draft, "schema[0].properties: %d columns; a product has 1 to %d", n, MAX_COLUMNS);
}

static void
read_schema(Draft *draft)
{
	JsonbContainer *schema = container(field(&draft->document->root, "schema"));
	JsonbContainer *object;
	int n = elements_of(schema);

	if (n != 1)
	{
		problem(draft, "schema: %d objects; a product is exactly one", n);
		return;
	}
	draft->object = getIthJsonbValueFromContainer(schema, 0);
	object = container(draft->object);
	draft->source = string_field(object, "physicalName");
	if (draft->source == NULL)
		draft->source = string_field(object, "name");
	if (draft->source == NULL)
		problem(draft,
				"schema[0].physicalName: missing, and name too; one of them names the source");
	read_columns(draft, object);
}

/* What nobody could check must not wait for the publish to be told. */
static void
read_rules(Draft *draft)
{
	StringInfoData problems;
	int count;

	initStringInfo(&problems);
	count = DmContractRulesProblems(draft->document, &problems);
	if (count == 0)
		return;
	problem(draft, "%s", problems.data);
	draft->problem_count += count - 1;
}

static void
read_document(Draft *draft, text *document)
{
	memset(draft, 0, sizeof(Draft));
	initStringInfo(&draft->problems);
	draft->json = DmContractRead(VARDATA_ANY(document), VARSIZE_ANY_EXHDR(document));
	draft->document = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(draft->json)));
	read_root(draft);
	read_schema(draft);
	if (draft->object != NULL)
		read_rules(draft);
}

/* ---------- the source ---------- */

static bool
is_source_kind(char relkind)
{
	return relkind == RELKIND_RELATION || relkind == RELKIND_VIEW || relkind == RELKIND_MATVIEW ||
		   relkind == RELKIND_PARTITIONED_TABLE || relkind == RELKIND_FOREIGN_TABLE;
}

/* The schemas where the domain's sources may be, its first one first: List of char *. */
static List *
internal_schemas(const DmDomain *domain)
{
	Oid types[2] = {TEXTOID, TEXTOID};
	Datum values[2];
	List *schemas = NIL;

	values[0] = CStringGetTextDatum(domain->name);
	values[1] = CStringGetTextDatum(domain->internal_schema);
	DmSpiExecute(
		"SELECT schema_name FROM datamesh.domain_schema WHERE domain_name = $1 AND purpose = "
		"'internal' ORDER BY schema_name <> $2, schema_name",
		2, types, values, NULL, false);
	for (uint64 i = 0; i < SPI_processed; i++)
		schemas = lappend(schemas, DmSpiText(i, 1));
	return schemas;
}

static char *
list_names(List *names)
{
	StringInfoData out;
	ListCell *cell;

	initStringInfo(&out);
	foreach (cell, names)
		appendStringInfo(&out, "%s%s", out.len > 0 ? ", " : "",
						 quote_identifier((const char *) lfirst(cell)));
	return out.data;
}

static Oid
relation_in(const DmDomain *domain, const char *schema, const char *relation)
{
	Oid schema_oid;

	if (strlen(relation) >= NAMEDATALEN || DmSchemaOwner(schema) != domain->owner)
		return InvalidOid;
	schema_oid = get_namespace_oid(schema, true);
	return OidIsValid(schema_oid) ? get_relname_relid(relation, schema_oid) : InvalidOid;
}

static void
source_not_found(const DmDomain *domain, const char *source, List *schemas)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_UNDEFINED_TABLE),
		 errmsg("source \"%s\" of domain \"%s\" does not exist", source, domain->name),
		 errdetail("It was looked for in %s.", list_names(schemas)),
		 errhint(
			 "Make the table or view first, or correct schema[0].physicalName. Another schema of "
			 "role \"%s\" is registered with CALL datamesh.add_internal_schema(...).",
			 domain->owner_name)));
}

static void
require_source_kind(Oid relid, const char *schema, const char *relation)
{
	if (!is_source_kind(get_rel_relkind(relid)))
		ereport(
			ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("%s cannot be the source of a data product",
					quote_qualified_identifier(schema, relation)),
			 errdetail("It is neither a table nor a view."),
			 errhint("Tables, views, materialized views, partitioned and foreign tables can.")));
}

Oid
DmSourceRelation(const DmDomain *domain, const char *schema, const char *relation)
{
	DmIdentity identity;
	List *schemas;
	ListCell *cell;
	Oid relid = InvalidOid;

	DmBecomeExtensionOwner(&identity);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	schemas = internal_schemas(domain);
	foreach (cell, schemas)
		if (strcmp(lfirst(cell), schema) == 0)
			relid = relation_in(domain, schema, relation);
	if (!OidIsValid(relid))
		source_not_found(domain, quote_qualified_identifier(schema, relation), schemas);
	require_source_kind(relid, schema, relation);
	SPI_finish();
	DmIdentityRestore(&identity);
	return relid;
}

/* Look for one name in all schemas; finding it in two of them is an error. */
static bool
find_source(Draft *draft, const DmDomain *domain, List *schemas, const char *relation)
{
	ListCell *cell;
	List *found = NIL;

	foreach (cell, schemas)
		if (OidIsValid(relation_in(domain, lfirst(cell), relation)))
			found = lappend(found, lfirst(cell));
	if (list_length(found) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_AMBIGUOUS_ALIAS),
				 errmsg("source \"%s\" of domain \"%s\" is ambiguous", relation, domain->name),
				 errdetail("It is in %s.", list_names(found)),
				 errhint("Write the schema too in schema[0].physicalName, for example %s.",
						 quote_qualified_identifier(linitial(found), relation))));
	if (found == NIL)
		return false;
	draft->source_schema = linitial(found);
	draft->source_name = pstrdup(relation);
	return true;
}

/*
 * The source as it is written, then as SQL would read it: table, or schema.table, with or without
 * quotes.
 */
static void
resolve_source(Draft *draft, const DmDomain *domain)
{
	List *schemas = internal_schemas(domain);
	List *parts = NIL;
	ListCell *cell;

	if (!find_source(draft, domain, schemas, draft->source) &&
		SplitIdentifierString(pstrdup(draft->source), '.', &parts))
	{
		if (list_length(parts) == 1)
			(void) find_source(draft, domain, schemas, linitial(parts));
		foreach (cell, schemas)
			if (list_length(parts) == 2 && strcmp(lfirst(cell), linitial(parts)) == 0)
				(void) find_source(draft, domain, list_make1(lfirst(cell)), lsecond(parts));
	}
	if (draft->source_name == NULL)
		source_not_found(domain, draft->source, schemas);
	require_source_kind(relation_in(domain, draft->source_schema, draft->source_name),
						draft->source_schema, draft->source_name);
}

/* ---------- storing ---------- */

/*
 * All changes of contracts of a domain come one after the other.  The domain is looked up again once
 * the lock is ours: while we waited it may have been dropped or given to others.
 */
static DmDomain *
lock_domain(const char *domain)
{
	Oid types[1] = {TEXTOID};
	Datum values[1];

	values[0] = CStringGetTextDatum(domain);
	DmSpiExecute("SELECT FROM datamesh.domain WHERE domain_name = $1 FOR NO KEY UPDATE", 1, types,
				 values, NULL, false);
	return DmDomainByName(domain);
}

/*
 * Product p has ports p and p_v1, p_v2, ...  Neither may be what another product of the domain is called
 * or calls its own.
 */
static void
require_free_port_names(Draft *draft)
{
	Oid types[3] = {TEXTOID, TEXTOID, TEXTOID};
	Datum values[3];
	char *port =
		DmSuffixedName(draft->product_name, psprintf("_v%d", DmSemverMajor(draft->version)));

	values[0] = CStringGetTextDatum(draft->domain_name);
	values[1] = CStringGetTextDatum(draft->product_name);
	values[2] = CStringGetTextDatum(port);
	DmSpiExecute(
		"SELECT other, port FROM datamesh.port_name_conflicts($1, $2, $3) ORDER BY 1 LIMIT 1", 3,
		types, values, NULL, false);
	if (SPI_processed > 0)
		ereport(ERROR, (errcode(ERRCODE_DUPLICATE_OBJECT),
						errmsg("the port name %s is taken",
							   DmProductName(draft->domain_name, DmSpiText(0, 2))),
						errdetail("Products %s and %s would both have a port of this name.",
								  DmProductName(draft->domain_name, draft->product_name),
								  DmProductName(draft->domain_name, DmSpiText(0, 1))),
						errhint("Choose another name for the product.")));
}

/* The product's id, made if it is new. */
static int32
ensure_product(Draft *draft)
{
	Oid types[2] = {TEXTOID, TEXTOID};
	Datum values[2];
	bool isnull;

	values[0] = CStringGetTextDatum(draft->domain_name);
	values[1] = CStringGetTextDatum(draft->product_name);
	DmSpiExecute(
		"INSERT INTO datamesh.product (domain_name, product_name) VALUES ($1::name, $2::name) "
		"ON CONFLICT (domain_name, product_name) DO NOTHING",
		2, types, values, NULL, false);
	DmSpiExecute(
		"SELECT product_id FROM datamesh.product WHERE domain_name = $1 AND product_name = $2 "
		"FOR NO KEY UPDATE",
		2, types, values, NULL, false);
	return DatumGetInt32(DmSpiDatum(0, 1, &isnull));
}

/* The contract of this version, 0 if there is none; what it says in status and document. */
static int32
find_contract(int32 product_id, const char *version, char **status, char **document)
{
	Oid types[1] = {INT4OID};
	Datum values[1] = {Int32GetDatum(product_id)};
	Datum wanted = DmSemverIn(version);
	bool isnull;
	int32 found = 0;

	DmSpiExecute("SELECT contract_id, version FROM datamesh.contract WHERE product_id = $1", 1,
				 types, values, NULL, false);
	for (uint64 i = 0; i < SPI_processed && found == 0; i++)
		if (DmSemverCompare(DmSpiDatum(i, 2, &isnull), wanted) == 0)
			found = DatumGetInt32(DmSpiDatum(i, 1, &isnull));
	if (found == 0)
		return 0;
	values[0] = Int32GetDatum(found);
	DmSpiExecute("SELECT status, document FROM datamesh.contract WHERE contract_id = $1", 1, types,
				 values, NULL, false);
	*status = DmSpiText(0, 1);
	*document = DmSpiText(0, 2);
	return found;
}

static int32
write_contract(Draft *draft, int32 product_id, int32 contract_id)
{
	Oid types[6] = {INT4OID, DmSemverType(), TEXTOID, TEXTOID, TEXTOID, INT4OID};
	Datum values[6];
	bool isnull;

	values[0] = Int32GetDatum(product_id);
	values[1] = DmSemverIn(draft->version);
	values[2] = CStringGetTextDatum(draft->json);
	values[3] = CStringGetTextDatum(draft->source_schema);
	values[4] = CStringGetTextDatum(draft->source_name);
	values[5] = Int32GetDatum(contract_id);
	if (contract_id == 0)
		DmSpiExecute(
			"INSERT INTO datamesh.contract (product_id, version, document, source_schema, "
			"source_name) SELECT $1, $2, $3::json, $4::name, $5::name WHERE $6 = 0 RETURNING "
			"contract_id",
			6, types, values, NULL, false);
	else
		DmSpiExecute(
			"UPDATE datamesh.contract SET version = $2, document = $3::json, source_schema = "
			"$4::name, source_name = $5::name, loaded_at = pg_catalog.now(), loaded_by = "
			"session_user WHERE product_id = $1 AND contract_id = $6 RETURNING contract_id",
			6, types, values, NULL, false);
	contract_id = DatumGetInt32(DmSpiDatum(0, 1, &isnull));

	values[0] = Int32GetDatum(contract_id);
	DmSpiExecute("CALL datamesh.project_contract($1)", 1, types, values, NULL, false);
	return contract_id;
}

static void
append_load_event(Draft *draft, int32 contract_id, const char *product, bool replaced)
{
	Oid types[2] = {INT4OID, BOOLOID};
	Datum values[2] = {Int32GetDatum(contract_id), BoolGetDatum(replaced)};
	bool isnull;

	DmSpiExecute("SELECT datamesh.contract_event_details($1, $2)", 2, types, values, NULL, false);
	DmEventAppendAtEnd("contract_loaded", product, draft->version,
					   DatumGetJsonbP(DmSpiDatum(0, 1, &isnull)));
}

static void
store(Draft *draft)
{
	char *product = DmProductName(draft->domain_name, draft->product_name);
	int32 product_id = ensure_product(draft);
	char *status = NULL;
	char *document = NULL;
	int32 contract_id = find_contract(product_id, draft->version, &status, &document);

	if (contract_id != 0 && strcmp(document, draft->json) == 0)
	{
		ereport(NOTICE, (errmsg("contract %s of %s is loaded already, nothing to do",
								draft->version, product)));
		return;
	}
	if (contract_id != 0 && strcmp(status, "draft") != 0)
		ereport(ERROR, (errcode(ERRCODE_DM_CONTRACT_IMMUTABLE),
						errmsg("contract %s of %s cannot be changed", draft->version, product),
						errdetail("It is %s; whoever reads the product relies on it.", status),
						errhint("Give the new contract a higher version.")));
	append_load_event(draft, write_contract(draft, product_id, contract_id), product,
					  contract_id != 0);
}

Datum
dm_load_contract(PG_FUNCTION_ARGS)
{
	Draft draft;
	DmIdentity identity;
	DmDomain *domain;

	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("document of a contract must not be null")));
	PreventCommandIfReadOnly("datamesh.load_contract()");
	read_document(&draft, PG_GETARG_TEXT_PP(0));
	raise_problems(&draft);
	domain = DmDomainByName(draft.domain_name);
	DmRequireDomainMember(domain);

	DmBecomeExtensionOwner(&identity);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	domain = lock_domain(domain->name);
	resolve_source(&draft, domain);
	require_free_port_names(&draft);
	store(&draft);
	SPI_finish();
	DmIdentityRestore(&identity);
	PG_RETURN_VOID();
}

/* ---------- dropping and reading ---------- */

static char *
text_argument(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/* Removes a contract that is still a draft, and the product with its last one. */
static void
delete_draft(const DmProduct *product, const DmContract *contract)
{
	Oid types[1] = {INT4OID};
	Datum values[1] = {Int32GetDatum(contract->contract_id)};

	DmSpiExecute("DELETE FROM datamesh.contract WHERE contract_id = $1", 1, types, values, NULL,
				 false);
	values[0] = Int32GetDatum(product->product_id);
	DmSpiExecute("DELETE FROM datamesh.product p WHERE product_id = $1 AND NOT EXISTS (SELECT FROM "
				 "datamesh.contract c WHERE c.product_id = p.product_id)",
				 1, types, values, NULL, false);
	DmSpiExecute("SELECT '{}'::pg_catalog.jsonb", 0, NULL, NULL, NULL, false);
}

Datum
dm_drop_draft(PG_FUNCTION_ARGS)
{
	char *version = text_argument(fcinfo, 1);
	DmProduct *product = DmProductByName(DmProductArgument(fcinfo, 0));
	DmContract *contract;
	DmIdentity identity;
	bool isnull;

	if (version == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("version must not be null")));
	PreventCommandIfReadOnly("datamesh.drop_draft()");
	DmRequireDomainMember(product->domain);
	DmBecomeExtensionOwner(&identity);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	(void) lock_domain(product->domain->name);
	product = DmProductLock(product->qualified_name);
	contract = DmContractByVersion(product, version);
	if (strcmp(contract->status, "draft") != 0)
		ereport(ERROR, (errcode(ERRCODE_DM_LIFECYCLE),
						errmsg("contract %s of %s is no draft", contract->version,
							   product->qualified_name),
						errdetail("It is %s.", contract->status)));
	delete_draft(product, contract);
	DmEventAppendAtEnd("draft_dropped", product->qualified_name, contract->version,
					   DatumGetJsonbP(DmSpiDatum(0, 1, &isnull)));
	SPI_finish();
	DmIdentityRestore(&identity);
	PG_RETURN_VOID();
}

/*
 * The document of a contract as it was loaded.  Needs no role of the domain to be in order: a
 * contract can be read while its domain is being repaired.
 */
Datum
dm_contract_document(PG_FUNCTION_ARGS)
{
	char *version = text_argument(fcinfo, 1);
	char *document = DmContractDocument(DmProductArgument(fcinfo, 0), version);

	PG_RETURN_TEXT_P(cstring_to_text(document));
}
