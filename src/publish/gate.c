/*-------------------------------------------------------------------------
 *
 * gate.c
 *		What a contract asks of a publish, before and beside the quality of its data.
 *
 * Two kinds of answers come from here.  What makes no sense to try (a mask that
 * cannot be applied, a role that does not exist, a version that goes back) is
 * an error at once.  What the data could mend (a column that is missing or of
 * another type) is a failed check: it stands in the report among the others, and
 * all others still run.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_type.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/names.h"
#include "base/session.h"
#include "governance/version.h"
#include "publish/publish.h"

/* ---- the contract ---- */

static DmPublishColumn *
find_column(const DmPublication *pub, const char *name)
{
	ListCell *cell;

	foreach (cell, pub->columns)
		if (strcmp(((DmPublishColumn *) lfirst(cell))->name, name) == 0)
			return lfirst(cell);
	return NULL;
}

/*
 * Names that a column keeps (datamesh.aliases) are columns of their own with the same source, so that
 * releases from before a renaming still show under the old name what they have there.
 */
static void
load_aliases(DmPublication *pub)
{
	const Oid type = INT4OID;
	Datum value = Int32GetDatum(pub->contract->contract_id);

	DmSpiExecute("SELECT c.column_name, a.name FROM datamesh.contract_column c, LATERAL "
				 "(SELECT datamesh.custom_property(c.definition, 'datamesh.aliases') AS names) p, "
				 "LATERAL "
				 "pg_catalog.jsonb_array_elements_text(CASE pg_catalog.jsonb_typeof(p.names) "
				 "WHEN 'array' THEN p.names ELSE '[]' END) WITH ORDINALITY AS a(name, n) "
				 "WHERE c.contract_id = $1 ORDER BY c.position, a.n",
				 1, &type, &value, NULL, false);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		DmPublishColumn *original = find_column(pub, DmSpiText(row, 1));
		DmPublishColumn *alias = palloc(sizeof(DmPublishColumn));
		char *name = DmSpiText(row, 2);

		if (find_column(pub, name) != NULL || strcmp(name, DM_RELEASE_COLUMN) == 0 ||
			strlen(name) >= NAMEDATALEN)
			ereport(
				ERROR,
				(errcode(ERRCODE_DM_INVALID_CONTRACT),
				 errmsg("column \"%s\" cannot keep the name \"%s\"", original->name, name),
				 errdetail(find_column(pub, name) != NULL ? "Another column of the contract has it."
														  : "No column of a product can have it."),
				 errhint("Take it out of the column's datamesh.aliases.")));
		*alias = *original;
		alias->name = name;
		alias->alias_of = original->name;
		pub->columns = lappend(pub->columns, alias);
	}
}

static void
load_columns(DmPublication *pub)
{
	const Oid type = INT4OID;
	Datum value = Int32GetDatum(pub->contract->contract_id);

	DmSpiExecute("SELECT column_name, source_column, physical_type, logical_type, description "
				 "FROM datamesh.contract_column WHERE contract_id = $1 ORDER BY position",
				 1, &type, &value, NULL, false);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		DmPublishColumn *column = palloc0(sizeof(DmPublishColumn));

		column->name = DmSpiText(row, 1);
		column->source_name = DmSpiText(row, 2);
		column->physical_type = DmSpiText(row, 3);
		column->logical_type = DmSpiText(row, 4);
		column->description = DmSpiText(row, 5);
		if (strcmp(column->name, DM_RELEASE_COLUMN) == 0)
			ereport(ERROR, (errcode(ERRCODE_RESERVED_NAME),
							errmsg("column name \"%s\" is reserved", DM_RELEASE_COLUMN),
							errdetail("datamesh keeps the number of the release in it."),
							errhint("Give the column another name in the contract; physicalName "
									"may keep the source's.")));
		pub->columns = lappend(pub->columns, column);
	}
	load_aliases(pub);
	if (pub->columns == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_DM_INVALID_CONTRACT),
				 errmsg("version %s of data product \"%s\" names no columns",
						pub->contract->version, pub->product->qualified_name),
				 errhint("List the columns that consumers may read under schema[0].properties.")));
	if (list_length(pub->columns) > MaxHeapAttributeNumber - 1)
		ereport(ERROR,
				(errcode(ERRCODE_TOO_MANY_COLUMNS),
				 errmsg("a data product can have at most %d columns", MaxHeapAttributeNumber - 1)));
}

static void
load_consumers(DmPublication *pub)
{
	const Oid type = INT4OID;
	Datum value = Int32GetDatum(pub->contract->contract_id);
	List *names = NIL;
	StringInfoData unknown;
	int nunknown = 0;
	ListCell *cell;

	DmSpiExecute("SELECT DISTINCT role FROM datamesh.contract_role "
				 "WHERE contract_id = $1 AND access = 'read' ORDER BY role",
				 1, &type, &value, NULL, false);
	for (uint64 row = 0; row < SPI_processed; row++)
		names = lappend(names, DmSpiText(row, 1));

	initStringInfo(&unknown);
	foreach (cell, names)
	{
		Oid role = DmConsumerRole(lfirst(cell));

		if (OidIsValid(role))
		{
			pub->consumers = list_append_unique_oid(pub->consumers, role);
			pub->consumer_names = lappend(pub->consumer_names, lfirst(cell));
		}
		else
			appendStringInfo(&unknown, "%s\"%s\"", nunknown++ > 0 ? ", " : "",
							 (char *) lfirst(cell));
	}
	if (nunknown > 0)
		ereport(ERROR,
				(errcode(ERRCODE_DM_UNDEFINED_CONSUMER),
				 errmsg("contract %s of data product \"%s\" allows readers that do not exist: %s",
						pub->contract->version, pub->product->qualified_name, unknown.data),
				 errhint("A role of a contract is a domain or a consumer: CALL "
						 "datamesh.create_consumer(name, role => 'role') makes one.")));
}

/* The highest version that was ever published in this major version, or in any if major < 0. */
static char *
highest_published(const DmProduct *product, int major)
{
	const Oid types[] = {INT4OID, INT4OID};
	Datum values[] = {Int32GetDatum(product->product_id), Int32GetDatum(major)};

	DmSpiExecute("SELECT c.version FROM datamesh.contract c WHERE c.product_id = $1 "
				 "AND c.status <> 'draft' AND ($2 < 0 OR pg_catalog.split_part(c.version::text, "
				 "'.', 1) = $2::text) "
				 "ORDER BY c.version DESC LIMIT 1",
				 2, types, values, NULL, false);
	return SPI_processed == 0 ? NULL : DmSpiText(0, 1);
}

static void
check_version(const DmPublication *pub)
{
	const char *version = pub->contract->version;
	char *highest = highest_published(pub->product, pub->contract->major);

	if (highest == NULL)
		highest = highest_published(pub->product, -1);
	if (highest == NULL || DmSemverCompare(DmSemverIn(version), DmSemverIn(highest)) >= 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DM_LIFECYCLE),
			 errmsg("version %s of data product \"%s\" is lower than %s, which has been published",
					version, pub->product->qualified_name, highest),
			 errhint("Publish %s again, or a higher version. To show earlier data again, CALL "
					 "datamesh.rollback(product, release).",
					 highest)));
}

/* A published port keeps its columns and its mode for the whole of its major version. */
static void
check_shape(const DmPublication *pub)
{
	const Oid type = INT4OID;
	Datum value;
	StringInfoData gone;
	uint64 nrows;

	if (pub->port == NULL)
		return;
	if (strcmp(pub->port->mode, pub->contract->mode) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DM_LIFECYCLE),
				 errmsg("version %s of data product \"%s\" changes its mode from %s to %s",
						pub->contract->version, pub->product->qualified_name, pub->port->mode,
						pub->contract->mode),
				 errhint("Readers can tell the difference: that takes a new major version, %d.0.0.",
						 pub->newest_major + 1)));

	value = Int32GetDatum(pub->port->contract_id);
	DmSpiExecute(
		"SELECT column_name FROM datamesh.contract_column WHERE contract_id = $1 ORDER BY position",
		1, &type, &value, NULL, false);
	initStringInfo(&gone);
	nrows = SPI_processed;
	for (uint64 row = 0; row < nrows; row++)
	{
		char *name = DmSpiText(row, 1);
		bool kept = false;
		ListCell *cell;

		foreach (cell, pub->columns)
			kept |= strcmp(((DmPublishColumn *) lfirst(cell))->name, name) == 0;
		if (!kept)
			appendStringInfo(&gone, "%s\"%s\"", gone.len > 0 ? ", " : "", name);
	}
	if (gone.len > 0)
		ereport(
			ERROR,
			(errcode(ERRCODE_DM_LIFECYCLE),
			 errmsg("version %s of data product \"%s\" drops published columns: %s",
					pub->contract->version, pub->product->qualified_name, gone.data),
			 errhint("Consumers read them. Keep them, or publish a new major version, %d.0.0: the "
					 "port of version %d then stays as it is.",
					 pub->newest_major + 1, pub->port->major)));
}

/* Everything that can be said without looking at the source. */
void
DmGateContract(DmPublication *pub)
{
	DmIdentity saved;

	DmBecomeExtensionOwner(&saved);
	pub->live = strcmp(pub->contract->mode, "live") == 0;
	pub->port = DmPortByMajor(pub->product, pub->contract->major);
	pub->newest_major = Max(pub->contract->major, DmPortNewestMajor(pub->product));
	load_columns(pub);
	load_consumers(pub);
	check_version(pub);
	check_shape(pub);
	DmIdentityRestore(&saved);
	DmVersionGate(pub->product, pub->contract);
}

/* ---- the source ---- */

static void
refuse_source(const DmPublication *pub, int sqlstate, const char *why, const char *hint)
{
	ereport(ERROR, (errcode(sqlstate),
					errmsg("source %s of data product \"%s\" %s", pub->source_label,
						   pub->product->qualified_name, why),
					errhint("%s", hint)));
}

/* Is the schema one of the domain's internal ones? */
static bool
is_internal_schema(const DmDomain *domain, const char *schema)
{
	const Oid types[] = {NAMEOID, NAMEOID};
	Datum values[] = {CStringGetDatum(schema), CStringGetDatum(domain->name)};
	DmIdentity saved;
	bool result;

	DmBecomeExtensionOwner(&saved);
	DmSpiExecute("SELECT FROM datamesh.domain_schema WHERE schema_name = $1 AND domain_name = $2 "
				 "AND purpose = 'internal'",
				 2, types, values, NULL, false);
	result = SPI_processed > 0;
	DmIdentityRestore(&saved);
	return result;
}

/*
 * Lock the source until the end of the transaction, so that it cannot be altered, renamed or
 * replaced between the checks and the switch, and find the contract's columns in it.
 * RangeVarGetRelid looks the name up again after it has waited for the lock.
 */
void
DmGateSource(DmPublication *pub)
{
	const DmContract *contract = pub->contract;
	const DmDomain *domain = pub->product->domain;
	RangeVar *name = makeRangeVar(contract->source_schema, contract->source_name, -1);
	DmIdentity saved;
	ListCell *cell;
	char kind;

	pub->source_label =
		pstrdup(quote_qualified_identifier(contract->source_schema, contract->source_name));
	if (!is_internal_schema(domain, contract->source_schema))
		refuse_source(pub, ERRCODE_INSUFFICIENT_PRIVILEGE,
					  "is not in an internal schema of its domain",
					  "A product is made from relations of its own domain; to build on another "
					  "domain's product, read its port in a view or table of your own.");

	/*
	 * A lock request may wait, but not as the domain: its rights to the schema are checked
	 * through the privileges below.
	 */
	DmBecomeExtensionOwner(&saved);
	pub->source = RangeVarGetRelid(name, AccessShareLock, true);
	DmIdentityRestore(&saved);
	if (!OidIsValid(pub->source))
		refuse_source(pub, ERRCODE_UNDEFINED_TABLE, "does not exist",
					  "Build it first; the contract names it in servers[].schema and "
					  "schema[0].physicalName.");
	kind = get_rel_relkind(pub->source);
	if (kind != RELKIND_RELATION && kind != RELKIND_VIEW && kind != RELKIND_MATVIEW &&
		kind != RELKIND_PARTITIONED_TABLE && kind != RELKIND_FOREIGN_TABLE)
		refuse_source(
			pub, ERRCODE_WRONG_OBJECT_TYPE, "is not something that can be read",
			"A source is a table, view, materialized view, partitioned or foreign table.");
	if (DmSchemaAclCheck(get_rel_namespace(pub->source), domain->owner, ACL_USAGE) != ACLCHECK_OK ||
		pg_class_aclcheck(pub->source, domain->owner, ACL_SELECT) != ACLCHECK_OK)
		refuse_source(pub, ERRCODE_INSUFFICIENT_PRIVILEGE,
					  "cannot be read by the owner of the domain",
					  psprintf("GRANT SELECT ON %s TO %s.", pub->source_label,
							   quote_identifier(domain->owner_name)));

	foreach (cell, pub->columns)
	{
		DmPublishColumn *column = lfirst(cell);
		AttrNumber number = get_attnum(pub->source, column->source_name);

		if (number > 0)
			get_atttypetypmodcoll(pub->source, number, &column->type, &column->typmod,
								  &column->collation);
	}
}

/* ---- what the contract hides ---- */

/* Masks are tried out here; filters wait for the relation that the port will read. */
void
DmGateAccess(DmPublication *pub)
{
	List *columns = NIL;
	ListCell *cell;

	foreach (cell, pub->columns)
	{
		const DmPublishColumn *from = lfirst(cell);
		DmAccessColumn *column = palloc0(sizeof(DmAccessColumn));

		column->name = from->name;
		column->source = from->source_name;
		column->stored = pub->live ? from->source_name : from->name;
		column->alias_of = from->alias_of;
		column->type = from->type;
		column->typmod = from->typmod;
		column->collation = from->collation;
		columns = lappend(columns, column);
	}
	pub->access = DmAccessCompile(pub->product, pub->contract, pub->consumer_names, columns);
	foreach (cell, pub->columns)
	{
		DmPublishColumn *column = lfirst(cell);

		column->port_type = column->type;
		column->port_typmod = column->typmod;
		DmAccessColumnType(pub->access, column->name, &column->port_type, &column->port_typmod);
	}
	DmAccessProve(pub->access);
}

/* "city, birth_year" for people, and the same quoted for SQL */
static char *
column_list(List *columns, bool quoted)
{
	StringInfoData text;
	ListCell *cell;

	initStringInfo(&text);
	foreach (cell, columns)
	{
		const DmAccessColumn *column = lfirst(cell);

		appendStringInfo(&text, "%s%s", text.len > 0 ? ", " : "",
						 quoted ? column->label : column->name);
	}
	return text.data;
}

/* Does a group of rows that look alike have fewer than k?  Asked of what readers will get. */
static DmCheckResult *
check_anonymity(const DmPublication *pub, const DmAnonymity *anonymity)
{
	const Oid type = INT8OID;
	Datum value = Int64GetDatum(anonymity->k);
	DmCheckResult *result = palloc0(sizeof(DmCheckResult));
	char *relation = DmQualified(pub->product->domain->release_schema, pub->release_name);
	char *names = column_list(anonymity->columns, false);
	const char *smallest;
	DmIdentity saved;

	DmBecomeDomain(&saved, pub->product->domain->owner);
	DmSpiExecute(psprintf("SELECT pg_catalog.count(*) FILTER (WHERE g.n < $1), "
						  "coalesce(pg_catalog.sum(g.n) FILTER (WHERE g.n < $1), 0), "
						  "pg_catalog.count(*), pg_catalog.min(g.n) "
						  "FROM (SELECT pg_catalog.count(*) AS n FROM %s GROUP BY %s) AS g",
						  relation, column_list(anonymity->columns, true)),
				 1, &type, &value, NULL, false);
	smallest = DmSpiText(0, 4);
	result->rule = "datamesh.kAnonymity";
	result->check = "k_anonymity";
	result->column = names;
	result->dimension = "conformity";
	result->severity = DM_SEVERITY_ERROR;
	result->method = "scanned";
	result->threshold = psprintf(">= %d", anonymity->k);
	result->metric_value = smallest == NULL ? NULL : pstrdup(smallest);
	result->failing_rows = strtoll(DmSpiText(0, 2), NULL, 10);
	result->status = strcmp(DmSpiText(0, 1), "0") == 0 ? DM_CHECK_PASS : DM_CHECK_FAIL;
	if (result->status == DM_CHECK_FAIL)
		result->message = psprintf(
			"k is %s, and the contract asks for %d: of %s groups by %s, %s are smaller "
			"(rows in them: %s)",
			smallest, anonymity->k, DmSpiText(0, 3), names, DmSpiText(0, 1), DmSpiText(0, 2));
	else
		result->message = psprintf("k is %s, and the contract asks for %d: %s groups by %s",
								   smallest == NULL ? "not known of no rows" : smallest,
								   anonymity->k, DmSpiText(0, 3), names);
	DmIdentityRestore(&saved);
	return result;
}

List *
DmGateAnonymity(DmPublication *pub)
{
	List *results = NIL;
	ListCell *cell;
	ListCell *inner;

	foreach (cell, pub->access->anonymity)
	{
		const DmAnonymity *anonymity = lfirst(cell);
		bool complete = true;

		foreach (inner, anonymity->columns)
			complete = complete && OidIsValid(((DmAccessColumn *) lfirst(inner))->type);
		if (complete)
			results = lappend(results, check_anonymity(pub, anonymity));
	}
	return results;
}

/* ---- the schema gate ---- */

/* The type that a contract's physicalType names; false if it names none. */
static bool
parse_type(const char *name, Oid *type, int32 *typmod)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool found = false;

	/* The parser reports a name that is none with an error. */
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		parseTypeString(name, type, typmod, NULL);
		found = OidIsValid(*type);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
			ReThrowError(error);
		FreeErrorData(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return found;
}

static bool
logical_type_fits(const char *logical, Oid type)
{
	Oid base = getBaseType(type);
	char category;
	bool preferred;

	get_type_category_preferred(base, &category, &preferred);
	if (strcmp(logical, "string") == 0)
		return category == TYPCATEGORY_STRING || category == TYPCATEGORY_ENUM || base == UUIDOID ||
			   category == TYPCATEGORY_NETWORK || category == TYPCATEGORY_USER ||
			   category == TYPCATEGORY_BITSTRING;
	if (strcmp(logical, "date") == 0)
		return base == DATEOID;
	if (strcmp(logical, "timestamp") == 0)
		return base == TIMESTAMPOID || base == TIMESTAMPTZOID;
	if (strcmp(logical, "time") == 0)
		return base == TIMEOID || base == TIMETZOID;
	if (strcmp(logical, "integer") == 0)
		return base == INT2OID || base == INT4OID || base == INT8OID;
	if (strcmp(logical, "number") == 0)
		return category == TYPCATEGORY_NUMERIC;
	if (strcmp(logical, "boolean") == 0)
		return base == BOOLOID;
	if (strcmp(logical, "array") == 0)
		return OidIsValid(get_element_type(base)) || base == JSONOID || base == JSONBOID;
	if (strcmp(logical, "object") == 0)
		return base == JSONOID || base == JSONBOID || get_typtype(base) == TYPTYPE_COMPOSITE;
	return true;
}

static bool
physical_type_fits(const DmPublishColumn *column)
{
	Oid type = InvalidOid;
	int32 typmod = -1;

	/* As PostgreSQL prints it: no need to parse, and no search_path to find the type by. */
	if (pg_strcasecmp(column->physical_type,
					  format_type_with_typemod(column->type, column->typmod)) == 0)
		return true;
	return parse_type(column->physical_type, &type, &typmod) && type == column->type &&
		   typmod == column->typmod;
}

static DmCheckResult *
schema_failure(const DmPublishColumn *column, const char *check, const char *metric,
			   const char *threshold, char *message)
{
	DmCheckResult *result = palloc0(sizeof(DmCheckResult));

	result->rule = "schema";
	result->check = check;
	result->column = column->name;
	result->dimension = "conformity";
	result->severity = DM_SEVERITY_ERROR;
	result->status = DM_CHECK_FAIL;
	result->method = "proved";
	result->metric_value = pstrdup(metric);
	result->threshold = pstrdup(threshold);
	result->failing_rows = -1;
	result->message = message;
	return result;
}

/* What readers of this major version have been shown so far; InvalidOid if nothing. */
static Oid
published_relation(const DmPublication *pub)
{
	if (pub->port == NULL)
		return InvalidOid;
	return get_relname_relid(pub->port->name,
							 get_namespace_oid(pub->live ? pub->product->domain->port_schema
														 : pub->product->domain->release_schema,
											   false));
}

/* The type of the column in the releases that are published already; InvalidOid if it is new. */
static Oid
published_type(const DmPublication *pub, const char *column, int32 *typmod)
{
	Oid parent = published_relation(pub);
	AttrNumber number;
	Oid type;
	Oid collation;

	number = OidIsValid(parent) ? get_attnum(parent, column) : InvalidAttrNumber;
	if (number <= 0)
		return InvalidOid;
	get_atttypetypmodcoll(parent, number, &type, typmod, &collation);
	return type;
}

/*
 * Is the column of the type that it is published with?  In live mode that is the type in the view, where
 * a mask may have come or gone since.
 */
static bool
keeps_type(const DmPublication *pub, const DmPublishColumn *column, Oid type, int32 typmod)
{
	int32 base_typmod = column->typmod;

	return (type == column->type && typmod == column->typmod) ||
		   (pub->live && type == getBaseTypeAndTypmod(column->type, &base_typmod) &&
			typmod == base_typmod);
}

/* The failed checks; none if the source has what the contract says. */
List *
DmGateColumns(DmPublication *pub)
{
	List *failures = NIL;
	ListCell *cell;

	foreach (cell, pub->columns)
	{
		DmPublishColumn *column = lfirst(cell);
		const char *actual;
		int32 typmod = -1;
		Oid before;

		if (!OidIsValid(column->type))
		{
			failures =
				lappend(failures, schema_failure(column, "column_exists", "missing", "present",
												 psprintf("%s has no column \"%s\"",
														  pub->source_label, column->source_name)));
			continue;
		}
		actual = format_type_with_typemod(column->type, column->typmod);
		if (column->physical_type != NULL && !physical_type_fits(column))
			failures = lappend(
				failures,
				schema_failure(column, "column_type", actual, column->physical_type,
							   psprintf("column \"%s\" is of type %s, the contract says %s",
										column->source_name, actual, column->physical_type)));
		else if (column->physical_type == NULL && column->logical_type != NULL &&
				 !logical_type_fits(column->logical_type, column->type))
			failures = lappend(
				failures,
				schema_failure(column, "column_type", actual, column->logical_type,
							   psprintf("column \"%s\" is of type %s, which is no %s",
										column->source_name, actual, column->logical_type)));
		else if (OidIsValid(before = published_type(pub, column->name, &typmod)) &&
				 !keeps_type(pub, column, before, typmod))
			failures = lappend(
				failures,
				schema_failure(
					column, "column_type", actual, format_type_with_typemod(before, typmod),
					psprintf("column \"%s\" is of type %s, but version %d publishes it as %s: "
							 "a new type takes a new major version",
							 column->source_name, actual, pub->port->major,
							 format_type_with_typemod(before, typmod))));
		else if (!OidIsValid(before) && !pub->live && OidIsValid(published_relation(pub)) &&
				 !DmReleaseCanGrowBy(column->type))
			failures = lappend(
				failures,
				schema_failure(
					column, "column_type", actual, format_type_be(getBaseType(column->type)),
					psprintf("column \"%s\" is new in version %d and of the domain %s: cast it to "
							 "%s in the source, or publish it with a new major version",
							 column->source_name, pub->port->major, actual,
							 format_type_be(getBaseType(column->type)))));
	}
	return failures;
}
