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

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "catalog/toasting.h"
#include "commands/comment.h"
#include "commands/tablecmds.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/names.h"
#include "base/session.h"
#include "publish/publish.h"

static void
run(const char *sql)
{
	DmSpiExecute(sql, 0, NULL, NULL, NULL, false);
}

static char *
qualified(const char *schema, const char *name)
{
	return pstrdup(quote_qualified_identifier(schema, name));
}

static Oid
find_relation(const char *schema, const char *name)
{
	return get_relname_relid(name, get_namespace_oid(schema, false));
}

/* ---- rows of datamesh.port ---- */

static char *
port_name(const DmProduct *product, int major)
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
	port->name = port_name(product, major);
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

/* ---- the release ---- */

/*
 * The columns of the contract that the source has, in the order of the port: those that
 * are published already stay where they are, new ones follow.
 */
static List *
port_order(const DmPublication *pub)
{
	Oid view = pub->port == NULL
				   ? InvalidOid
				   : find_relation(pub->product->domain->port_schema, pub->port->name);
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
	run(psprintf("GRANT USAGE ON SCHEMA %s TO %s", quote_identifier(domain->release_schema),
				 quote_identifier(domain->owner_name)));
}

/*
 * Make the relation of the release, empty.  It belongs to the port role from the start; the
 * domain's owner may read it until the gates have been passed, because the checks that follow
 * the copy run as the owner.
 */
void
DmPortCreateRelease(DmPublication *pub)
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
	pub->release_name = DmSuffixedName(port_name(pub->product, pub->contract->major),
									   psprintf("_r%d", pub->release_id));

	number = makeColumnDef(DM_RELEASE_COLUMN, INT4OID, -1, InvalidOid);
	number->is_not_null = true;
	create->tableElts = list_make1(number);
	foreach (cell, port_order(pub))
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
	run(psprintf("GRANT SELECT ON %s TO %s", qualified(domain->release_schema, pub->release_name),
				 quote_identifier(domain->owner_name)));
	CommandCounterIncrement();
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
					 qualified(pub->product->domain->release_schema, pub->release_name));
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
	run(sql.data);
}

/* The indexes that the contract asks for. */
void
DmPortIndexRelease(DmPublication *pub)
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

static char *
type_name(const DmPublishColumn *column)
{
	char *name = format_type_extended(column->type, column->typmod,
									  FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);

	if (OidIsValid(column->collation) && column->collation != get_typcollation(column->type))
		name = psprintf("%s COLLATE %s", name, generate_collation_name(column->collation));
	return name;
}

/* "ADD COLUMN a text, ADD COLUMN b integer" for what the relation lacks; NULL for nothing. */
static char *
missing_columns(Oid parent, List *columns)
{
	StringInfoData sql;
	ListCell *cell;

	initStringInfo(&sql);
	foreach (cell, columns)
	{
		DmPublishColumn *column = lfirst(cell);

		if (get_attnum(parent, column->name) == InvalidAttrNumber)
			appendStringInfo(&sql, "%sADD COLUMN %s %s", sql.len > 0 ? ", " : "",
							 quote_identifier(column->name), type_name(column));
	}
	return sql.len > 0 ? sql.data : NULL;
}

static void
create_parent(const DmPublication *pub, const char *parent)
{
	const DmDomain *domain = pub->product->domain;

	run(psprintf("CREATE TABLE %s (LIKE %s) PARTITION BY LIST (" DM_RELEASE_COLUMN ")", parent,
				 qualified(domain->release_schema, pub->release_name)));
	run(psprintf("ALTER TABLE %s OWNER TO %s", parent, quote_identifier(domain->port_role_name)));
}

/* The check has done its work, and planners would look at it for nothing. */
static void
attach_release(const DmPublication *pub, const char *parent)
{
	const DmDomain *domain = pub->product->domain;
	char *release = qualified(domain->release_schema, pub->release_name);

	run(psprintf("REVOKE ALL ON %s FROM %s", release, quote_identifier(domain->owner_name)));
	run(psprintf("ALTER TABLE %s ATTACH PARTITION %s FOR VALUES IN (%d)", parent, release,
				 pub->release_id));
	run(psprintf("ALTER TABLE %s DROP CONSTRAINT " DM_RELEASE_COLUMN, release));
}

/* ---- views ---- */

static char *
snapshot_definition(const DmPublication *pub, List *columns, int32 port_id, const char *parent)
{
	StringInfoData sql;
	ListCell *cell;

	initStringInfo(&sql);
	foreach (cell, columns)
		appendStringInfo(&sql, "%s%s", sql.len > 0 ? ", " : "SELECT ",
						 quote_identifier(((DmPublishColumn *) lfirst(cell))->name));
	appendStringInfo(&sql,
					 " FROM %s WHERE " DM_RELEASE_COLUMN
					 " OPERATOR(pg_catalog.=) datamesh.current_release(%d)",
					 parent, port_id);
	return sql.data;
}

static char *
live_definition(const DmPublication *pub, List *columns)
{
	StringInfoData sql;
	ListCell *cell;

	initStringInfo(&sql);
	foreach (cell, columns)
	{
		DmPublishColumn *column = lfirst(cell);

		appendStringInfo(&sql, "%s%s AS ", sql.len > 0 ? ", " : "SELECT ",
						 quote_identifier(column->source_name));
		appendStringInfoString(&sql, quote_identifier(column->name));
	}
	appendStringInfo(&sql, " FROM %s", pub->source_label);
	return sql.data;
}

/* Do the columns of the view stand, by name and type, at the beginning of columns? */
static bool
view_extends(Oid view, List *columns)
{
	Relation rel = relation_open(view, AccessShareLock);
	bool result = RelationGetNumberOfAttributes(rel) <= list_length(columns);

	for (int i = 0; result && i < RelationGetNumberOfAttributes(rel); i++)
	{
		Form_pg_attribute att = TupleDescAttr(rel->rd_att, i);
		DmPublishColumn *column = list_nth(columns, i);

		result = strcmp(NameStr(att->attname), column->name) == 0 &&
				 att->atttypid == column->type && att->atttypmod == column->typmod &&
				 att->attcollation == column->collation;
	}
	relation_close(rel, NoLock);
	return result;
}

/*
 * Drop a view that others may have built upon, which is refused with their names.
 */
static void
drop_view(const char *view, Oid relid, const char *hint)
{
	const Oid type = OIDOID;
	Datum value = ObjectIdGetDatum(relid);
	char *dependants;

	DmSpiExecute("SELECT pg_catalog.string_agg(DISTINCT pg_catalog.pg_describe_object(d.classid, "
				 "d.objid, 0), ', ') "
				 "FROM (SELECT CASE WHEN r.oid IS NULL THEN d.classid ELSE "
				 "'pg_catalog.pg_class'::pg_catalog.regclass END AS classid, "
				 "coalesce(r.ev_class, d.objid) AS objid "
				 "FROM pg_catalog.pg_depend d LEFT JOIN pg_catalog.pg_rewrite r "
				 "ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND r.oid = d.objid "
				 "JOIN pg_catalog.pg_class c ON c.oid = $1 "
				 "WHERE d.deptype = 'n' AND ((d.refclassid = "
				 "'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = c.oid) "
				 "OR (d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.refobjid = "
				 "c.reltype))) d "
				 "WHERE d.objid <> $1",
				 1, &type, &value, NULL, false);
	dependants = DmSpiText(0, 1);
	if (dependants != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("port %s cannot be taken away: other objects are built upon it", view),
				 errdetail("%s", dependants), errhint("%s", hint)));
	run(psprintf("DROP VIEW %s", view));
}

/* Make or redefine one view of a port. */
static void
define_view(const DmPublication *pub, const char *view, const char *definition, List *columns)
{
	const DmDomain *domain = pub->product->domain;
	char *label = qualified(domain->port_schema, view);
	Oid relid = find_relation(domain->port_schema, view);
	bool replace = OidIsValid(relid) && view_extends(relid, columns);

	if (OidIsValid(relid) && get_rel_relkind(relid) != RELKIND_VIEW)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("%s exists and is no port", label),
				 errhint("Only datamesh puts relations into a port schema: drop or move it.")));
	if (OidIsValid(relid) && !replace)
		drop_view(
			label, relid,
			psprintf("This version changes columns that they use. Point them to the port of their "
					 "major version, %s_v<major>, which stays as it is, and publish again.",
					 label));
	run(psprintf("CREATE %sVIEW %s WITH (security_barrier = true) AS %s",
				 replace ? "OR REPLACE " : "", label, definition));
	if (!replace)
		run(psprintf("ALTER VIEW %s OWNER TO %s", label, quote_identifier(domain->port_role_name)));
	CommandCounterIncrement();
}

/* ---- comments ---- */

static void
put_comment(Oid relid, AttrNumber column, const char *text)
{
	char *before = GetComment(relid, RelationRelationId, column);

	if (text != NULL && text[0] == '\0')
		text = NULL;
	if ((before == NULL) != (text == NULL) || (text != NULL && strcmp(before, text) != 0))
		CreateComments(relid, RelationRelationId, column, text);
}

/* What the contract says of itself: purpose, owner, version. */
static char *
port_comment(const DmProduct *product, int32 contract_id)
{
	const Oid types[] = {INT4OID, TEXTOID};
	Datum values[] = {Int32GetDatum(contract_id), CStringGetTextDatum(product->domain->owner_name)};
	StringInfoData text;
	char *purpose;
	char *owner;

	DmSpiExecute("SELECT coalesce(document -> 'description' ->> 'purpose', "
				 "document -> 'schema' -> 0 ->> 'description', document ->> 'name'), "
				 "coalesce(document -> 'team' ->> 'name', $2), version, "
				 "pg_catalog.to_char(end_of_life, 'YYYY-MM-DD') "
				 "FROM datamesh.contract WHERE contract_id = $1",
				 2, types, values, NULL, false);
	purpose = DmSpiText(0, 1);
	owner = DmSpiText(0, 2);
	initStringInfo(&text);
	if (purpose != NULL && purpose[0] != '\0')
		appendStringInfo(&text, "%s\n\n", purpose);
	appendStringInfo(&text, "Data product %s, version %s. Owner: %s.", product->qualified_name,
					 DmSpiText(0, 3), owner);
	if (DmSpiText(0, 4) != NULL)
		appendStringInfo(&text, " Deprecated: readable until %s.", DmSpiText(0, 4));
	return text.data;
}

static void
describe_view(Oid view, const char *comment, int32 contract_id)
{
	const Oid type = INT4OID;
	Datum value = Int32GetDatum(contract_id);
	SPITupleTable *columns;
	uint64 nrows;

	put_comment(view, 0, comment);
	DmSpiExecute(
		"SELECT column_name, description FROM datamesh.contract_column WHERE contract_id = $1", 1,
		&type, &value, NULL, false);
	columns = SPI_tuptable;
	nrows = SPI_processed;
	for (uint64 row = 0; row < nrows; row++)
	{
		AttrNumber number = get_attnum(view, SPI_getvalue(columns->vals[row], columns->tupdesc, 1));

		if (number > 0)
			put_comment(view, number, SPI_getvalue(columns->vals[row], columns->tupdesc, 2));
	}
}

/* Comments of the port of a major version, and of the product's own port if that is the same. */
void
DmPortDescribe(const DmProduct *product, const DmPort *port, int32 contract_id)
{
	char *comment = port_comment(product, contract_id);
	Oid view = find_relation(product->domain->port_schema, port->name);

	if (OidIsValid(view))
		describe_view(view, comment, contract_id);
	view = find_relation(product->domain->port_schema, product->name);
	if (OidIsValid(view) && port->major >= DmPortNewestMajor(product))
		describe_view(view, comment, contract_id);
}

/* ---- grants ---- */

/* Roles that hold privileges on a relation (or schema), its owner aside; PUBLIC is InvalidOid. */
static List *
grantees(const char *catalog, const char *prefix, Oid object)
{
	const Oid type = OIDOID;
	Datum value = ObjectIdGetDatum(object);
	List *result = NIL;

	DmSpiExecute(
		psprintf("SELECT DISTINCT a.grantee FROM pg_catalog.%s c, pg_catalog.aclexplode(c.%sacl) a "
				 "WHERE c.oid = $1 AND a.grantee <> c.%sowner",
				 catalog, prefix, prefix),
		1, &type, &value, NULL, false);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		bool isnull;

		result = lappend_oid(result, DatumGetObjectId(DmSpiDatum(row, 1, &isnull)));
	}
	return result;
}

static char *
role_label(Oid role)
{
	return OidIsValid(role) ? pstrdup(quote_identifier(GetUserNameFromId(role, false))) : "PUBLIC";
}

/* Does somebody other than "relid" in the schema still let the role read? */
static bool
reads_in_schema(Oid schema, Oid role)
{
	const Oid types[] = {OIDOID, OIDOID};
	Datum values[] = {ObjectIdGetDatum(schema), ObjectIdGetDatum(role)};

	DmSpiExecute("SELECT FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a "
				 "WHERE c.relnamespace = $1 AND a.grantee = $2 LIMIT 1",
				 2, types, values, NULL, false);
	return SPI_processed > 0;
}

/*
 * The rights to enter the port schema are shared by all products of the domain, so that its row in
 * pg_namespace must be changed by one publish at a time.  This may wait, and therefore comes before
 * any exclusive lock.
 */
static void
lock_schema(const DmPublication *pub, bool is_new, List *readers)
{
	Oid schema = get_namespace_oid(pub->product->domain->port_schema, false);
	ListCell *cell;
	bool changes = is_new || pub->port->contract_id != pub->contract->contract_id;

	foreach (cell, readers)
		changes |= !list_member_oid(grantees("pg_namespace", "nsp", schema), lfirst_oid(cell));
	if (changes)
		LockDatabaseObject(NamespaceRelationId, schema, 0, ShareUpdateExclusiveLock);
}

/* USAGE to the readers; nothing to those who lost the last port of the schema. */
static void
settle_schema(const DmDomain *domain, List *readers, List *removed)
{
	Oid schema = get_namespace_oid(domain->port_schema, false);
	ListCell *cell;

	foreach (cell, readers)
	{
		if (list_member_oid(grantees("pg_namespace", "nsp", schema), lfirst_oid(cell)))
			continue;
		run(psprintf("GRANT USAGE ON SCHEMA %s TO %s",
					 pstrdup(quote_identifier(domain->port_schema)), role_label(lfirst_oid(cell))));
	}
	foreach (cell, removed)
	{
		if (lfirst_oid(cell) == domain->owner || reads_in_schema(schema, lfirst_oid(cell)))
			continue;
		run(psprintf("REVOKE ALL ON SCHEMA %s FROM %s CASCADE",
					 pstrdup(quote_identifier(domain->port_schema)), role_label(lfirst_oid(cell))));
	}
}

/* SELECT on the view to exactly these roles.  Returns those that lost a privilege. */
static List *
settle_view(const char *label, Oid view, List *readers)
{
	List *before = grantees("pg_class", "rel", view);
	List *removed = NIL;
	ListCell *cell;

	foreach (cell, before)
	{
		if (list_member_oid(readers, lfirst_oid(cell)))
			continue;
		run(psprintf("REVOKE ALL ON %s FROM %s CASCADE", label, role_label(lfirst_oid(cell))));
		removed = lappend_oid(removed, lfirst_oid(cell));
	}
	foreach (cell, readers)
		if (!list_member_oid(before, lfirst_oid(cell)))
			run(psprintf("GRANT SELECT ON %s TO %s", label, role_label(lfirst_oid(cell))));
	return removed;
}

/* Those whom the contract allows, and the domain itself. */
static List *
readers_of(const DmPublication *pub)
{
	const DmDomain *domain = pub->product->domain;
	List *readers = list_append_unique_oid(list_copy(pub->consumers), domain->owner);

	return list_delete_oid(readers, domain->port_role);
}

static void
settle_grants(const DmPublication *pub, List *readers, bool newest)
{
	const DmDomain *domain = pub->product->domain;
	List *removed;
	char *view = port_name(pub->product, pub->contract->major);

	removed = settle_view(qualified(domain->port_schema, view),
						  find_relation(domain->port_schema, view), readers);
	if (newest)
		removed = list_concat_unique_oid(
			removed, settle_view(qualified(domain->port_schema, pub->product->name),
								 find_relation(domain->port_schema, pub->product->name), readers));
	settle_schema(domain, readers, list_difference_oid(removed, readers));
}

/* The port role reads a live source by the word of the domain's owner. */
static void
grant_live_source(const DmPublication *pub)
{
	const DmDomain *domain = pub->product->domain;
	char *role = pstrdup(quote_identifier(domain->port_role_name));
	Oid schema = get_rel_namespace(pub->source);
	DmIdentity saved;

	if (pg_class_aclcheck(pub->source, domain->port_role, ACL_SELECT) == ACLCHECK_OK &&
		DmSchemaAclCheck(schema, domain->port_role, ACL_USAGE) == ACLCHECK_OK)
		return;
	if (!DmRelationOwnerCheck(pub->source, domain->owner) ||
		!DmSchemaOwnerCheck(schema, domain->owner))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("the ports of domain \"%s\" may not read source %s", domain->name,
							   pub->source_label),
						errhint("A live product is read by role %s: GRANT SELECT ON %s TO %s, and "
								"USAGE on its schema.",
								role, pub->source_label, role)));
	LockDatabaseObject(NamespaceRelationId, schema, 0, ShareUpdateExclusiveLock);
	DmBecomeDomain(&saved, domain->owner);
	run(psprintf("GRANT USAGE ON SCHEMA %s TO %s", quote_identifier(pub->contract->source_schema),
				 role));
	run(psprintf("GRANT SELECT ON %s TO %s", pub->source_label, role));
	DmIdentityRestore(&saved);
}

/* ---- the switch ---- */

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
	Oid view = find_relation(domain->port_schema, pub->port->name);
	Oid newest = find_relation(domain->port_schema, pub->product->name);
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

/*
 * Let consumers see the release.  Short from the first exclusive lock on: everything that takes
 * time has been done before.
 */
void
DmPortSwitch(DmPublication *pub)
{
	const DmDomain *domain = pub->product->domain;
	List *columns;
	char *parent_label;
	char *definition;
	char *grow = NULL;
	bool redefine;
	bool newest;
	bool redefine_newest;
	bool is_new = pub->port == NULL;
	List *readers = readers_of(pub);
	Oid parent = InvalidOid;
	DmIdentity saved;

	DmBecomeExtensionOwner(&saved);
	DmProgressPhase(DM_PHASE_SWITCHING);
	if (is_new)
		pub->port = insert_port(pub);
	lock_schema(pub, is_new, readers);
	columns = port_order(pub);
	parent_label = qualified(domain->release_schema, pub->port->name);
	newest = pub->port->major >= pub->newest_major;

	if (pub->live)
	{
		grant_live_source(pub);
		definition = live_definition(pub, columns);
	}
	else
	{
		parent = find_relation(domain->release_schema, pub->port->name);
		if (!OidIsValid(parent))
			create_parent(pub, parent_label);
		else
			grow = missing_columns(parent, columns);
		definition = snapshot_definition(pub, columns, pub->port->port_id, parent_label);
	}
	redefine = pub->port->definition == NULL || strcmp(pub->port->definition, definition) != 0 ||
			   !OidIsValid(find_relation(domain->port_schema, pub->port->name));
	redefine_newest =
		newest && (redefine || !OidIsValid(find_relation(domain->port_schema, pub->product->name)));

	DmLockWithoutQueue(
		relations_to_change(pub, parent, grow != NULL, redefine, redefine_newest),
		psprintf("change the shape of port %s", qualified(domain->port_schema, pub->port->name)));
	DmProgressPhase(DM_PHASE_SWITCHING);
	if (grow != NULL)
		run(psprintf("ALTER TABLE %s %s", parent_label, grow));
	if (!pub->live)
		attach_release(pub, parent_label);
	if (redefine)
		define_view(pub, pub->port->name, definition, columns);
	if (redefine_newest)
		define_view(pub, pub->product->name, definition, columns);
	record_release(pub, definition);
	DmPortDescribe(pub->product, pub->port, pub->contract->contract_id);
	settle_grants(pub, readers, newest);
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
	Oid view = find_relation(domain->port_schema, port->name);
	Oid newest =
		next_major < port->major ? find_relation(domain->port_schema, product->name) : InvalidOid;
	Oid parent = find_relation(domain->release_schema, port->name);
	char *view_label = qualified(domain->port_schema, port->name);
	char *newest_label = qualified(domain->port_schema, product->name);
	const char *hint = "They can be dropped by their owners, or built upon another product.";
	const Oid type = INT4OID;
	Datum value = Int32GetDatum(port->port_id);
	List *relids = NIL;

	if (OidIsValid(newest))
		relids = lappend_oid(relids, newest);
	if (OidIsValid(view))
		relids = lappend_oid(relids, view);
	if (OidIsValid(parent))
		relids =
			list_concat(lappend_oid(relids, parent), find_inheritance_children(parent, NoLock));
	DmLockWithoutQueue(relids, psprintf("take away port %s", view_label));

	if (OidIsValid(newest))
		drop_view(newest_label, newest, hint);
	if (OidIsValid(view))
		drop_view(view_label, view, hint);
	if (OidIsValid(parent))
		run(psprintf("DROP TABLE %s", qualified(domain->release_schema, port->name)));
	DmSpiExecute(
		"UPDATE datamesh.port SET current_release = NULL, definition = NULL WHERE port_id = $1", 1,
		&type, &value, NULL, false);
	DmSpiExecute(
		"UPDATE datamesh.release SET expired_at = pg_catalog.clock_timestamp(), "
		"relation_schema = NULL, relation_name = NULL WHERE port_id = $1 AND expired_at IS NULL",
		1, &type, &value, NULL, false);
	if (OidIsValid(newest) && next_major >= 0)
	{
		DmPort *next = DmPortByMajor(product, next_major);
		Oid from = find_relation(domain->port_schema, next->name);
		ListCell *cell;

		run(psprintf("CREATE VIEW %s WITH (security_barrier = true) AS %s", newest_label,
					 next->definition));
		run(psprintf("ALTER VIEW %s OWNER TO %s", newest_label,
					 quote_identifier(domain->port_role_name)));
		CommandCounterIncrement();
		foreach (cell, grantees("pg_class", "rel", from))
			run(psprintf("GRANT SELECT ON %s TO %s", newest_label, role_label(lfirst_oid(cell))));
		DmPortDescribe(product, next, next->contract_id);
	}
}
