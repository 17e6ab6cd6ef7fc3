/*-------------------------------------------------------------------------
 *
 * scan.c
 *		datamesh.security_scan(): who may ask, and what SQL cannot say.
 *
 * What is looked for is SQL (sql/parts/security_scan.sql) and runs as the owner of the extension,
 * so that it sees the catalog of the mesh; who asks is seen here.  The platform sees all,
 * a member of a domain what concerns that domain.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "rewrite/rewriteManip.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/tuplestore.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/session.h"
#include "catalog/catalog.h"
#include "publish/publish.h"

PG_FUNCTION_INFO_V1(dm_view_differs);
PG_FUNCTION_INFO_V1(dm_security_scan);

/* ---- the views of ports ---- */

/*
 * The query of a view, as ruleutils prints it; NULL if the relation has none.  A stored view begins
 * with two relations OLD and NEW that nothing refers to; they are taken out, because ruleutils names
 * columns with their relation as soon as there are several.
 */
static char *
printed_view(Oid view)
{
	Relation rel = try_relation_open(view, AccessShareLock);
	char *text = NULL;

	if (rel == NULL)
		return NULL;
	if (rel->rd_rel->relkind == RELKIND_VIEW && rel->rd_rules != NULL &&
		rel->rd_rules->numLocks > 0)
	{
		Query *query = copyObject(linitial_node(Query, rel->rd_rules->rules[0]->actions));

		if (list_length(query->rtable) > 2 &&
			strcmp(linitial_node(RangeTblEntry, query->rtable)->eref->aliasname, "old") == 0)
		{
			OffsetVarNodes((Node *) query, -2, 0);
			query->rtable = list_copy_tail(query->rtable, 2);
		}
		text = pg_get_querydef(query, false);
	}
	relation_close(rel, AccessShareLock);
	return text;
}

/* The same of a query that was kept as text: the catalog's own, which publish wrote. */
static char *
printed_query(const char *sql)
{
	List *raw = pg_parse_query(sql);

	return pg_get_querydef(
		parse_analyze_fixedparams(linitial_node(RawStmt, raw), sql, NULL, 0, NULL), false);
}

/*
 * datamesh.view_differs(view oid, definition text) returns boolean
 *
 * Is the view another than the query that publish wrote?  Both are printed from their parse trees.  True
 * too if that query has no meaning any more: what it reads is gone.
 */
Datum
dm_view_differs(PG_FUNCTION_ARGS)
{
	char *there = printed_view(PG_GETARG_OID(0));
	char *definition = text_to_cstring(PG_GETARG_TEXT_PP(1));

	PG_RETURN_BOOL(there == NULL || strcmp(there, printed_query(definition)) != 0);
}

/* ---- the scan ---- */

static bool
is_platform(Oid user)
{
	return superuser_arg(user) || has_privs_of_role(user, DmExtensionOwner());
}

/* A domain is scanned whatever has become of its roles: that is what is looked for. */
static void
require_right(const char *domain)
{
	Oid user = GetUserId();
	Oid owner;

	if (domain == NULL && !is_platform(user))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to scan the whole mesh"),
				 errdetail("Only superusers and the owner of the extension see all of it."),
				 errhint("Name your domain: SELECT * FROM datamesh.security_scan('sales').")));
	if (domain == NULL)
		return;
	DmRequireDomain(domain);
	owner = DmSchemaOwner(psprintf("%s" DM_INTERNAL_SUFFIX, domain));
	if (!is_platform(user) && !(OidIsValid(owner) && has_privs_of_role(user, owner)))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("permission denied for domain \"%s\"", domain),
						errhint("Ask a member of the domain, or the platform team.")));
}

/* datamesh.security_scan(domain text DEFAULT NULL) returns table */
Datum
dm_security_scan(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	char *domain = PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0));
	const Oid type = TEXTOID;
	Datum value = domain != NULL ? CStringGetTextDatum(domain) : (Datum) 0;
	const bool isnull = domain == NULL;
	DmIdentity saved;

	require_right(domain);
	InitMaterializedSRF(fcinfo, 0);
	DmBecomeExtensionOwner(&saved);
	DmIdentityPlanSmall();
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	DmSpiExecute("SELECT finding, severity, domain, object, what, why, mend "
				 "FROM datamesh.security_findings() WHERE $1 IS NULL OR domain::text = $1 "
				 "ORDER BY pg_catalog.array_position(ARRAY['CRITICAL', 'WARNING', 'INFO'], "
				 "severity), domain NULLS FIRST, finding, object, what, mend",
				 1, &type, &value, &isnull, true);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		CHECK_FOR_INTERRUPTS();
		tuplestore_puttuple(rsinfo->setResult, SPI_tuptable->vals[row]);
	}
	SPI_finish();
	DmIdentityRestore(&saved);
	PG_RETURN_NULL();
}
