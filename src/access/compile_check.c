/*-------------------------------------------------------------------------
 *
 * compile_check.c
 *		What is done with compiled protection before and after a view is made of it: the
 *		masks are run, the rules are stored, the view and what it reads are looked through.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/transam.h"
#include "access/xlog.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "rewrite/rewriteSupport.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "access/compile.h"
#include "base/errors.h"
#include "base/json.h"
#include "base/session.h"
#include "lineage/code.h"
#include "quality/check.h"

/* ---- masks are run ---- */

/* Some value of the type, as a literal; NULL if we know none. */
static const char *
sample_value(Oid type, int which)
{
	switch (type)
	{
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case NAMEOID:
			return which == 0 ? "" : "a.b@example.com";
		case INT2OID:
			return which == 0 ? "0" : "-32768";
		case INT4OID:
			return which == 0 ? "0" : "-2147483648";
		case INT8OID:
			return which == 0 ? "0" : "-9223372036854775808";
		case FLOAT4OID:
			return which == 0 ? "0" : "3.4028234e38";
		case FLOAT8OID:
			return which == 0 ? "0" : "1.7976931348623157e308";
		case NUMERICOID:
			return which == 0 ? "0" : "NaN";
		case DATEOID:
			return which == 0 ? "2000-01-01" : "infinity";
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return which == 0 ? "2000-01-01" : "-infinity";
		default:
			return NULL;
	}
}

/* SELECT NULL::t1 AS c1, ... UNION ALL SELECT ...: rows with the columns that a mask reads. */
static char *
sample_rows(const DmAccess *access, const DmProtected *protected, const DmMask *mask)
{
	List *columns = list_make1(protected->column);
	StringInfoData sql;
	ListCell *cell;

	foreach (cell, mask->columns)
		columns = list_append_unique_ptr(columns, DmAccessFindColumn(access, lfirst(cell)));
	initStringInfo(&sql);
	for (int row = -1; row < 2; row++)
	{
		appendStringInfoString(&sql, row < 0 ? "SELECT " : " UNION ALL SELECT ");
		foreach (cell, columns)
		{
			const DmAccessColumn *column = lfirst(cell);
			const char *value = row < 0 ? NULL : sample_value(column->base, row);

			appendStringInfo(
				&sql, "%s%s::%s AS %s", foreach_current_index(cell) > 0 ? ", " : "",
				value == NULL ? "NULL" : quote_literal_cstr(value),
				format_type_extended(column->base, column->base_typmod,
									 FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY),
				column->label);
		}
	}
	return sql.data;
}

static bool
needs_key(const DmAccess *access)
{
	ListCell *cell;
	ListCell *inner;

	foreach (cell, access->protected)
		foreach (inner, ((DmProtected *) lfirst(cell))->masks)
			if (DmAccessMaskIsKeyed(((DmAccessMask *) lfirst(inner))->mask))
				return true;
	return false;
}

bool
DmAccessKeyThere(void)
{
	DmSpiExecute("SELECT FROM datamesh.mask_key WHERE retired_at IS NULL", 0, NULL, NULL, NULL,
				 false);
	return SPI_processed > 0;
}

static void
run_mask(void *sql)
{
	DmSpiExecute(sql, 0, NULL, NULL, NULL, false);
}

/*
 * Run one mask.  All of it is ours or PostgreSQL's, types included (others are left out: a domain's owner
 * could exchange one for another between two looks at its name).
 */
static void
prove_mask(DmAccess *access, const DmProtected *protected, const DmAccessMask *mask, bool key)
{
	char *sql;
	char *error;
	ListCell *cell;

	if (!DmAccessSafeType(protected->column->base) || (DmAccessMaskIsKeyed(mask->mask) && !key))
		return;
	foreach (cell, mask->mask->columns)
		if (!OidIsValid(DmAccessFindColumn(access, lfirst(cell))->type))
			return;
	sql = psprintf("SELECT pg_catalog.count(v) FROM (SELECT %s AS v FROM (%s) AS t) AS m",
				   DmAccessMaskSql(access, protected, mask, 0),
				   sample_rows(access, protected, mask->mask));
	/* trouble with the key is not the contract's */
	if (DmAccessMaskIsKeyed(mask->mask))
		run_mask(sql);
	else if ((error = DmGuard(run_mask, sql)) != NULL)
		DmProblem(&access->problems, NULL, "%s: %s cannot mask column \"%s\": %s",
				  mask->path != NULL ? mask->path : "the contract", mask->text,
				  protected->column->name, error);
}

void
DmAccessProve(DmAccess *access)
{
	DmIdentity saved;
	ListCell *cell;
	ListCell *inner;
	bool key;

	if (access->protected == NIL)
		return;
	DmBecomeExtensionOwner(&saved);
	key = needs_key(access) && DmAccessKeyThere();
	foreach (cell, access->protected)
	{
		const DmProtected *protected = lfirst(cell);

		if (OidIsValid(protected->column->type))
			foreach (inner, protected->masks)
				prove_mask(access, protected, lfirst(inner), key);
	}
	DmIdentityRestore(&saved);
	DmAccessRaise(access);
}

/*
 * The key is made by the first port that needs one.  A file without its row is of no use to anyone, so
 * that a publish that fails after this has left nothing behind.
 */
void
DmAccessRequireKey(DmAccess *access)
{
	if (!needs_key(access) || DmAccessKeyThere())
		return;
	DmSpiExecute("CALL datamesh.rotate_key(true)", 0, NULL, NULL, NULL, false);
	CommandCounterIncrement();
	DmAccessProve(access);
}

/* ---- the rules ---- */

static void
put_number(JsonbParseState **state, JsonbIteratorToken token, int64 number)
{
	JsonbValue value;

	value.type = jbvNumeric;
	value.val.numeric = int64_to_numeric(number);
	pushJsonbValue(state, token, &value);
}

static void
put_stewards(JsonbParseState **state, const DmAccess *access)
{
	ListCell *cell;

	DmJsonPushKey(state, "stewards");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	foreach (cell, access->stewards)
	{
		pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
		DmJsonPushKey(state, "role");
		DmJsonPushString(state, WJB_VALUE, GetUserNameFromId(lfirst_oid(cell), false));
		DmJsonPushKey(state, "oid");
		put_number(state, WJB_VALUE, lfirst_oid(cell));
		DmJsonPushKey(state, "cluster");
		put_number(state, WJB_VALUE, (int64) GetSystemIdentifier());
		pushJsonbValue(state, WJB_END_OBJECT, NULL);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static void
put_column(JsonbParseState **state, const DmProtected *protected)
{
	ListCell *cell;

	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	DmJsonPushKey(state, "name");
	DmJsonPushString(state, WJB_VALUE, protected->column->name);
	DmJsonPushKey(state, "masks");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	foreach (cell, protected->masks)
	{
		const DmAccessMask *mask = lfirst(cell);

		pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
		DmJsonPushKey(state, "mask");
		DmJsonPushString(state, WJB_VALUE, mask->text);
		DmJsonPushKey(state, "strength");
		put_number(state, WJB_VALUE, mask->mask->strength);
		pushJsonbValue(state, WJB_END_OBJECT, NULL);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
	DmJsonPushKey(state, "default");
	put_number(state, WJB_VALUE, protected->otherwise);
	DmJsonPushKey(state, "consumers");
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	foreach (cell, protected->choices)
	{
		const DmAccessChoice *choice = lfirst(cell);

		DmJsonPushKey(state, choice->consumer);
		put_number(state, WJB_VALUE, choice->mask);
	}
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static void
put_row_choice(JsonbParseState **state, const DmAccessRows *rows)
{
	ListCell *cell;

	if (rows->none)
	{
		JsonbValue null = {.type = jbvNull};

		pushJsonbValue(state, WJB_VALUE, &null);
		return;
	}
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	foreach (cell, rows->filters)
		put_number(state, WJB_ELEM, lfirst_int(cell));
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static void
put_rows(JsonbParseState **state, const DmAccess *access)
{
	ListCell *cell;

	DmJsonPushKey(state, "filters");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	foreach (cell, access->filters)
		DmJsonPushString(state, WJB_ELEM, ((DmAccessFilter *) lfirst(cell))->sql);
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
	DmJsonPushKey(state, "rows");
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	DmJsonPushKey(state, "default");
	put_row_choice(state, linitial(access->rows));
	DmJsonPushKey(state, "consumers");
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	foreach (cell, access->rows)
	{
		const DmAccessRows *rows = lfirst(cell);

		if (rows->consumer == NULL)
			continue;
		DmJsonPushKey(state, rows->consumer);
		put_row_choice(state, rows);
	}
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static Jsonb *
rules(const DmAccess *access)
{
	JsonbParseState *state = NULL;
	ListCell *cell;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	put_stewards(&state, access);
	DmJsonPushKey(&state, "columns");
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	foreach (cell, access->protected)
		put_column(&state, lfirst(cell));
	pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	if (access->rows != NIL)
		put_rows(&state, access);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

int32
DmAccessStore(const DmAccess *access, int32 port_id)
{
	const Oid types[] = {INT4OID, JSONBOID};
	Datum values[] = {Int32GetDatum(port_id), JsonbPGetDatum(rules(access))};
	bool isnull;

	DmSpiExecute("WITH newest AS (SELECT policy_id, rules FROM datamesh.port_policy "
				 "WHERE port_id = $1 ORDER BY policy_id DESC LIMIT 1), "
				 "made AS (INSERT INTO datamesh.port_policy (port_id, rules) SELECT $1, $2 "
				 "WHERE NOT EXISTS (SELECT FROM newest WHERE rules = $2) RETURNING policy_id) "
				 "SELECT policy_id FROM made UNION ALL SELECT policy_id FROM newest LIMIT 1",
				 2, types, values, NULL, false);
	CommandCounterIncrement();
	return DatumGetInt32(DmSpiDatum(0, 1, &isnull));
}

/* ---- the finished view ---- */

static bool
foreign_function(Oid function, void *unused)
{
	Oid schema = get_func_namespace(function);

	return !(schema == PG_CATALOG_NAMESPACE && function < FirstNormalObjectId) &&
		   schema != DmExtensionSchema();
}

/* Does the tree run anything that is neither ours nor PostgreSQL's? */
static bool
runs_foreign_code(Node *node, void *unused)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return query_tree_walker(castNode(Query, node), runs_foreign_code, unused, 0);
	if (IsA(node, CoerceToDomain) || IsA(node, SubLink) ||
		check_functions_in_node(node, foreign_function, NULL))
		return true;
	if (IsA(node, CoerceViaIO))
	{
		Oid type = castNode(CoerceViaIO, node)->resulttype;

		/* of types of a domain's only enums are made of texts, see compile_mask.c */
		if (type >= FirstNormalObjectId && get_typtype(type) != TYPTYPE_ENUM)
			return true;
	}
	return expression_tree_walker(node, runs_foreign_code, unused);
}

static Query *
view_query(Relation rel)
{
	for (int i = 0; rel->rd_rules != NULL && i < rel->rd_rules->numLocks; i++)
		if (rel->rd_rules->rules[i]->event == CMD_SELECT)
			return linitial_node(Query, rel->rd_rules->rules[i]->actions);
	return NULL;
}

/*
 * Types are named in a view's text and cannot be locked: their owner may have exchanged one for another
 * under the same name.  What came of it is looked at here, while nobody can read it yet.
 */
void
DmAccessInspect(Oid view)
{
	Relation rel = table_open(view, AccessShareLock);
	Query *query = view_query(rel);

	if (query == NULL || query->hasSubLinks || list_length(query->cteList) > 0 ||
		runs_foreign_code((Node *) query->targetList, NULL) ||
		runs_foreign_code((Node *) query->jointree, NULL))
		ereport(ERROR, (errcode(ERRCODE_DM_UNENFORCEABLE),
						errmsg("the view of port %s would run code that is not its own",
							   RelationGetRelationName(rel)),
						errhint("A type that the product uses has changed meanwhile. Publish "
								"again.")));
	table_close(rel, NoLock);
}

/* ---- what a port's reader would run ---- */

static void
refuse_code(const DmProduct *product, const List *found, bool live)
{
	const DmCode *code;

	if (found == NIL)
		return;
	code = linitial(found);
	ereport(ERROR,
			(errcode(ERRCODE_DM_UNENFORCEABLE),
			 errmsg_internal("%s", DmCodeMessage(code, product->qualified_name, live)),
			 errdetail_internal("%s", DmCodeDetail(code)), errhint("%s", DmCodeHint(code, live))));
}

/*
 * Functions in a view and in policies run as whoever reads, superusers included, whoever owns the view.
 * So nothing that a live port reads may run what belongs to somebody who is no superuser.
 */
void
DmAccessInspectSource(const DmProduct *product, Oid source)
{
	DmCodeLock(source, false);
	refuse_code(product, DmCodeOf(source, DM_CODE_BENEATH, true), true);
}

/* A release is a copy: what is left of the domain's code are casts of its types. */
void
DmAccessInspectRelease(const DmProduct *product, Oid release)
{
	DmCodeLock(release, false);
	refuse_code(product, DmCodeOf(release, DM_CODE_CASTS, true), false);
}
