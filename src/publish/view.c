/*-------------------------------------------------------------------------
 *
 * view.c
 *		The views of ports: their definitions, and the comments that the contract puts on them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/comment.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "base/compat.h"
#include "base/errors.h"
#include "base/names.h"
#include "base/session.h"
#include "publish/publish.h"

/* SELECT c1, ..., each as the contract lets readers see it */
static void
select_columns(StringInfo sql, const DmPublication *pub, List *columns, int32 policy)
{
	ListCell *cell;

	foreach (cell, columns)
	{
		const DmPublishColumn *column = lfirst(cell);

		appendStringInfo(sql, "%s%s AS ", foreach_current_index(cell) > 0 ? ", " : "SELECT ",
						 DmAccessColumnSql(pub->access, column->name, policy));
		appendStringInfoString(sql, quote_identifier(column->name));
	}
}

char *
DmViewOfReleases(const DmPublication *pub, List *columns, int32 port_id, const char *parent,
				 int32 policy)
{
	StringInfoData sql;

	initStringInfo(&sql);
	select_columns(&sql, pub, columns, policy);
	appendStringInfo(&sql,
					 " FROM %s WHERE " DM_RELEASE_COLUMN
					 " OPERATOR(pg_catalog.=) datamesh.current_release(%d)%s",
					 parent, port_id, DmAccessWhere(pub->access, policy));
	return sql.data;
}

/* current_release sees to it that access has not expired; a live port has to ask for that. */
char *
DmViewOfSource(const DmPublication *pub, List *columns, int32 port_id, int32 policy)
{
	StringInfoData sql;

	initStringInfo(&sql);
	select_columns(&sql, pub, columns, policy);
	appendStringInfo(&sql, " FROM %s WHERE datamesh.may_read(%d)%s", pub->source_label, port_id,
					 DmAccessWhere(pub->access, policy));
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
				 att->atttypid == column->port_type && att->atttypmod == column->port_typmod &&
				 att->attcollation == column->collation;
	}
	relation_close(rel, NoLock);
	return result;
}

/*
 * Drop a view that others may have built upon, which is refused with their names.
 */
void
DmViewDrop(const char *view, Oid relid, const char *hint)
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
	DmRun(psprintf("DROP VIEW %s", view));
}

/* Make or redefine one view of a port. */
void
DmViewDefine(const DmPublication *pub, const char *view, const char *definition, List *columns)
{
	const DmDomain *domain = pub->product->domain;
	char *label = DmQualified(domain->port_schema, view);
	Oid relid = DmFindRelation(domain->port_schema, view);
	bool replace = OidIsValid(relid) && view_extends(relid, columns);

	if (OidIsValid(relid) && get_rel_relkind(relid) != RELKIND_VIEW)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("%s exists and is no port", label),
				 errhint("Only datamesh puts relations into a port schema: drop or move it.")));
	if (OidIsValid(relid) && !replace)
		DmViewDrop(
			label, relid,
			psprintf("This version changes columns that they use. Point them to the port of their "
					 "major version, %s_v<major>, which stays as it is, and publish again.",
					 label));
	DmRun(psprintf("CREATE %sVIEW %s WITH (security_barrier = true) AS %s",
				   replace ? "OR REPLACE " : "", label, definition));
	if (!replace)
		DmRun(
			psprintf("ALTER VIEW %s OWNER TO %s", label, quote_identifier(domain->port_role_name)));
	CommandCounterIncrement();
	relid = DmFindRelation(domain->port_schema, view);
	if (!view_extends(relid, columns))
		elog(ERROR, "the columns of %s are not of the types that were checked", label);
	DmAccessInspect(relid);
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
DmViewDescribe(const DmProduct *product, const DmPort *port, int32 contract_id)
{
	char *comment = port_comment(product, contract_id);
	Oid view = DmFindRelation(product->domain->port_schema, port->name);

	if (OidIsValid(view))
		describe_view(view, comment, contract_id);
	view = DmFindRelation(product->domain->port_schema, product->name);
	if (OidIsValid(view) && port->major >= DmPortNewestMajor(product))
		describe_view(view, comment, contract_id);
}
