/*-------------------------------------------------------------------------
 *
 * release.c
 *		The relation of a release: made, indexed, attached to its port's relation.
 *
 * A release belongs to the port role from the start. Until the gates are passed the domain's owner
 * may read it, because the checks that follow the copy run as the owner; nobody else ever may.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "catalog/toasting.h"
#include "commands/event_trigger.h"
#include "commands/tablecmds.h"
#include "mb/pg_wchar.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"
#include "base/compat.h"
#include "base/errors.h"
#include "base/names.h"
#include "base/session.h"
#include "publish/publish.h"

/* CHECK (datamesh_release = N): with NOT NULL what spares ATTACH PARTITION its scan. */
static Constraint *
release_check(const char *name, int32 release_id)
{
	Constraint *check = makeNode(Constraint);
	ColumnRef *column = makeNode(ColumnRef);
	A_Const *number = makeNode(A_Const);

	column->fields = list_make1(makeString(DM_RELEASE_COLUMN));
	column->location = -1;
	number->val.ival.type = T_Integer;
	number->val.ival.ival = release_id;
	number->location = -1;
	check->contype = CONSTR_CHECK;
	check->conname = pstrdup(name);
	check->raw_expr =
		(Node *) makeA_Expr(AEXPR_OP, list_make2(makeString("pg_catalog"), makeString("=")),
							(Node *) column, (Node *) number, -1);
	check->initially_valid = true;
	DmEnforceConstraint(check);
	check->location = -1;
	return check;
}

static int32
next_release_id(void)
{
	bool isnull;

	DmSpiExecute("SELECT pg_catalog.nextval(pg_catalog.pg_get_serial_sequence("
				 "'datamesh.release', 'release_id'))::pg_catalog.int4",
				 0, NULL, NULL, NULL, false);
	return DatumGetInt32(DmSpiDatum(0, 1, &isnull));
}

/* The domain's owner has this from create_domain; a restored or older domain may lack it. */
static void
let_owner_enter(const DmDomain *domain)
{
	Oid schema = get_namespace_oid(domain->release_schema, false);

	if (DmSchemaAclCheck(schema, domain->owner, ACL_USAGE) == ACLCHECK_OK)
		return;
	LockDatabaseObject(NamespaceRelationId, schema, 0, ShareUpdateExclusiveLock);
	DmRun(psprintf("GRANT USAGE ON SCHEMA %s TO %s", quote_identifier(domain->release_schema),
				   quote_identifier(domain->owner_name)));
}

/*
 * <product>_v<major>_r<release>.  The number alone makes it unique, so a long name is cut: what can
 * be published today must not be refused when the numbers have a digit more.
 */
static char *
release_name(const DmPublication *pub)
{
	char *stem = DmPortName(pub->product, pub->contract->major);
	char *suffix = psprintf("_r%d", pub->release_id);
	int length = pg_mbcliplen(stem, strlen(stem), NAMEDATALEN - 1 - strlen(suffix));

	return psprintf("%.*s%s", length, stem, suffix);
}

/*
 * Make the relation of the release, empty.  It belongs to the port role from the start; the
 * domain's owner may read it until the gates have been passed, because the checks that follow
 * the copy run as the owner.
 */
void
DmReleaseCreate(DmPublication *pub)
{
	const DmDomain *domain = pub->product->domain;
	CreateStmt *create = makeNode(CreateStmt);
	ColumnDef *number;
	DmIdentity saved;
	ListCell *cell;

	DmBecomeExtensionOwner(&saved);
	pub->release_id = next_release_id();
	if (pub->live)
	{
		DmIdentityRestore(&saved);
		return;
	}
	pub->release_name = release_name(pub);

	number = makeColumnDef(DM_RELEASE_COLUMN, INT4OID, -1, InvalidOid);
	number->is_not_null = true;
	create->tableElts = list_make1(number);
	foreach (cell, DmPortOrder(pub))
	{
		DmPublishColumn *column = lfirst(cell);

		create->tableElts =
			lappend(create->tableElts,
					makeColumnDef(column->name, column->type, column->typmod, column->collation));
	}
	create->relation = makeRangeVar(domain->release_schema, pub->release_name, -1);
	create->constraints = list_make1(release_check(DM_RELEASE_COLUMN, pub->release_id));
	create->oncommit = ONCOMMIT_NOOP;
	pub->release = DefineRelation(create, RELKIND_RELATION, domain->port_role, NULL, NULL).objectId;
	CommandCounterIncrement();
	NewRelationCreateToastTable(pub->release, (Datum) 0);

	let_owner_enter(domain);
	(void) DmGrantSettleRelation(DmQualified(domain->release_schema, pub->release_name),
								 pub->release, list_make1_oid(domain->owner));
	CommandCounterIncrement();
	DmReleaseSettleStatistics(DmQualified(domain->release_schema, pub->release_name),
							  DmPortOrder(pub));
	DmIdentityRestore(&saved);
}

/* ---- indexes ---- */

static void
refuse_indexes(const DmPublication *pub, const char *why)
{
	ereport(ERROR, (errcode(ERRCODE_DM_INVALID_CONTRACT),
					errmsg("datamesh.indexes of data product \"%s\" %s",
						   pub->product->qualified_name, why),
					errhint("It is a list of lists of columns, for example "
							"[[\"customer_id\"], [\"segment\", \"ltv_score\"]].")));
}

/* CREATE INDEX for one list of columns. */
static void
create_index(const DmPublication *pub, const Jsonb *columns)
{
	JsonbIterator *it = JsonbIteratorInit((JsonbContainer *) &columns->root);
	JsonbValue value;
	JsonbIteratorToken token;
	StringInfoData sql;
	int n = 0;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE INDEX ON %s (",
					 DmQualified(pub->product->domain->release_schema, pub->release_name));
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		char *name;

		if (token != WJB_ELEM)
			continue;
		if (value.type != jbvString)
			refuse_indexes(pub, "names a column by something that is no string");
		name = pnstrdup(value.val.string.val, value.val.string.len);
		if (get_attnum(pub->release, name) <= 0 || strcmp(name, DM_RELEASE_COLUMN) == 0)
			refuse_indexes(pub, psprintf("names column \"%s\", which the contract lacks", name));
		appendStringInfo(&sql, "%s%s", n++ > 0 ? ", " : "", quote_identifier(name));
	}
	if (n == 0)
		refuse_indexes(pub, "has an empty list of columns");
	appendStringInfoChar(&sql, ')');
	DmRun(sql.data);
}

/* The indexes that the contract asks for. */
void
DmReleaseIndex(DmPublication *pub)
{
	const Oid type = JSONBOID;
	Datum value = JsonbPGetDatum(pub->contract->document);
	SPITupleTable *found;
	uint64 nrows;
	DmIdentity saved;

	DmBecomeExtensionOwner(&saved);
	DmSpiExecute("SELECT DISTINCT e.value "
				 "FROM (SELECT datamesh.custom_property($1, 'datamesh.indexes') AS value) p, "
				 "LATERAL pg_catalog.jsonb_array_elements(CASE pg_catalog.jsonb_typeof(p.value) "
				 "WHEN 'array' THEN p.value ELSE pg_catalog.jsonb_build_array(p.value) END) e "
				 "WHERE p.value IS NOT NULL ORDER BY 1",
				 1, &type, &value, NULL, false);
	found = SPI_tuptable;
	nrows = SPI_processed;
	for (uint64 row = 0; row < nrows; row++)
	{
		bool isnull;
		Jsonb *columns =
			DatumGetJsonbP(SPI_getbinval(found->vals[row], found->tupdesc, 1, &isnull));

		if (!JB_ROOT_IS_ARRAY(columns) || JB_ROOT_IS_SCALAR(columns))
			refuse_indexes(pub, "is no list of lists");
		if (pub->live)
			refuse_indexes(pub, "cannot be made, because the product is live");
		if (row == 0)
			DmProgressPhase(DM_PHASE_INDEXING);
		create_index(pub, columns);
	}
	DmIdentityRestore(&saved);
}

/* ---- attaching ---- */

/* The columns that the relation lacks: List of DmPublishColumn *. */
List *
DmReleaseMissingColumns(Oid parent, List *columns)
{
	List *missing = NIL;
	ListCell *cell;

	foreach (cell, columns)
		if (get_attnum(parent, ((DmPublishColumn *) lfirst(cell))->name) == InvalidAttrNumber)
			missing = lappend(missing, lfirst(cell));
	return missing;
}

/*
 * Can a relation that has rows take up a column of this type?  ALTER TABLE evaluates the default and
 * the checks of a domain for them, with the rights of whoever alters: that would be code of the
 * domain's owner.
 */
bool
DmReleaseCanGrowBy(Oid type)
{
	return get_typtype(type) != TYPTYPE_DOMAIN;
}

/*
 * Add columns to the relation of a port and to its releases, which are locked.  The types go by
 * their OIDs, because they are not locked and their owner may rename them.
 */
void
DmReleaseGrow(Oid parent, List *columns)
{
	AlterTableStmt *statement = makeNode(AlterTableStmt);
	ListCell *cell;

	foreach (cell, columns)
	{
		DmPublishColumn *column = lfirst(cell);
		AlterTableCmd *add = makeNode(AlterTableCmd);

		if (!DmReleaseCanGrowBy(column->type))
			elog(ERROR, "column \"%s\" is of a domain, which the schema gate refuses",
				 column->name);
		add->subtype = AT_AddColumn;
		add->def =
			(Node *) makeColumnDef(column->name, column->type, column->typmod, column->collation);
		add->behavior = DROP_RESTRICT;
		statement->cmds = lappend(statement->cmds, add);
	}
	EventTriggerAlterTableStart((Node *) statement);
	AlterTableInternal(parent, statement->cmds, true);
	EventTriggerAlterTableEnd();
	CommandCounterIncrement();
}

/* ---- statistics ---- */

/*
 * Does ANALYZE of such a column call a function that anybody may have written?  It runs with the
 * rights of the relation's owner, which is the port role: such a function could redefine ports.  Of
 * the types that ordinary roles can make, only ranges bring a function that ANALYZE calls.
 */
static bool
analyze_runs_domain_code(Oid type)
{
	Oid base = getBaseType(type);
	Oid range = type_is_multirange(base) ? get_multirange_range(base) : base;
	TypeCacheEntry *entry;

	if (!type_is_range(range))
		return false;
	entry = lookup_type_cache(range, TYPECACHE_RANGE_INFO);
	return entry->rng_subdiff_finfo.fn_oid >= FirstNormalObjectId;
}

/* No statistics of such columns, by us or by autovacuum; a parent passes it on to its releases. */
void
DmReleaseSettleStatistics(const char *relation, List *columns)
{
	ListCell *cell;

	foreach (cell, columns)
	{
		const DmPublishColumn *column = lfirst(cell);

		if (analyze_runs_domain_code(column->type))
			DmRun(psprintf("ALTER TABLE %s ALTER COLUMN %s SET STATISTICS 0", relation,
						   quote_identifier(column->name)));
	}
}

void
DmReleaseCreateParent(const DmPublication *pub, const char *parent, List *columns)
{
	const DmDomain *domain = pub->product->domain;
	Oid relid;

	DmRun(psprintf("CREATE TABLE %s (LIKE %s) PARTITION BY LIST (" DM_RELEASE_COLUMN ")", parent,
				   DmQualified(domain->release_schema, pub->release_name)));
	DmRun(psprintf("ALTER TABLE %s OWNER TO %s", parent, quote_identifier(domain->port_role_name)));

	/* default privileges may have given it to somebody */
	relid = DmFindRelation(domain->release_schema, pub->port->name);
	(void) DmGrantSettleRelation(parent, relid, NIL);
	DmProtectRelease(relid);
	DmReleaseSettleStatistics(parent, columns);
}

/* The check has done its work, and planners would look at it for nothing. */
void
DmReleaseAttach(const DmPublication *pub, const char *parent)
{
	const DmDomain *domain = pub->product->domain;
	char *release = DmQualified(domain->release_schema, pub->release_name);

	(void) DmGrantSettleRelation(release, pub->release, NIL);
	DmProtectRelease(pub->release);
	DmRun(psprintf("ALTER TABLE %s ATTACH PARTITION %s FOR VALUES IN (%d)", parent, release,
				   pub->release_id));
	DmRun(psprintf("ALTER TABLE %s DROP CONSTRAINT " DM_RELEASE_COLUMN, release));
}
