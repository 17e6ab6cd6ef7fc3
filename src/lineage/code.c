/*-------------------------------------------------------------------------
 *
 * code.c
 *		Code that reading a relation would run: whose is it, and what may it do?
 *
 * PostgreSQL runs the functions in a view as whoever reads, a superuser included, whoever owns
 * the view.  So this walks what a relation reads, in the stored trees (nothing is planned or
 * evaluated, which would run what is looked for), and lists
 *
 *	- functions, operators and types that belong to somebody who is no superuser;
 *	- functions of a superuser's in a relation of somebody else's that run what their arguments
 *	  say (query_to_xml) or change something (set_config): they are as good as code.
 *
 * Where code stands that runs at SELECT, each of them proved by a test:
 *	queries of views, quals of policies				executor
 *	expressions and predicates of indexes, statistics objects, CHECK
 *	constraints, partition keys						planner, which computes their constant parts,
 *													after putting bodies of SQL functions in
 *	difference functions of range types				planner, from statistics
 *	casts of the types of columns					to_json, and whatever a reader writes with them
 *	domain and composite types of a foreign table	its columns are made of texts
 * Defaults, generated columns and triggers run when somebody writes.
 *
 * The publish, the guard of DDL and the security scan all ask here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_cast.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_language.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_partitioned_table.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_range.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#include "base/session.h"
#include "contract/shape.h"
#include "lineage/code.h"

PG_FUNCTION_INFO_V1(dm_code_of);

typedef struct Walk
{
	DmCodeDepth depth;
	bool lock;
	List *found;      /* DmCode * */
	List *relations;  /* Oids that have been visited */
	List *types;      /* the same of types in the relation */
	Relation rel;     /* that is looked at */
	const char *part; /* of it, or NULL: its query */
	const char *cast; /* or a cast, which is nowhere */
	bool planned;     /* it is the planner that computes it, as far as it is constant */
} Walk;

static void visit_relation(Oid relid, Walk *walk);
static bool visit_node(Node *node, Walk *walk);

void
DmCodeLock(Oid relation, bool exclusive)
{
	LockDatabaseObject(RelationRelationId, relation, 0, exclusive ? ExclusiveLock : ShareLock);
}

/* ---- what is found ---- */

static void
note(Walk *walk, Oid owner, bool acts, char *what)
{
	Oid relid = RelationGetRelid(walk->rel);
	DmCode *code;
	ListCell *cell;
	char *place = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(walk->rel)),
											 RelationGetRelationName(walk->rel));

	if (walk->cast != NULL)
		place = pstrdup(walk->cast);
	else if (walk->part != NULL)
		place = psprintf("%s (%s)", place, walk->part);
	foreach (cell, walk->found)
	{
		code = lfirst(cell);
		if (code->relation == relid && strcmp(code->what, what) == 0 &&
			strcmp(code->place, place) == 0)
			return;
	}
	code = palloc(sizeof(DmCode));
	code->relation = relid;
	code->place = place;
	code->what = what;
	code->owner = GetUserNameFromId(owner, true);
	if (code->owner == NULL)
		code->owner = psprintf("%u", owner);
	code->acts = acts;
	walk->found = lappend(walk->found, code);
}

char *
DmCodeMessage(const DmCode *code, const char *product, bool live)
{
	return psprintf("%sdata product \"%s\" would run %s as whoever reads it", live ? "live " : "",
					product, code->what);
}

char *
DmCodeDetail(const DmCode *code)
{
	if (code->acts)
		return psprintf("It stands in %s, where \"%s\" has written it, and does more than to "
						"compute a value: a superuser who reads the port would lend it all of his "
						"rights.",
						code->place, code->owner);
	return psprintf("It stands in %s and belongs to \"%s\"; a superuser who reads the port would "
					"lend it all of his rights.",
					code->place, code->owner);
}

char *
DmCodeHint(const DmCode *code, bool live)
{
	if (!live)
		return "Drop the cast, or let the column have a type of PostgreSQL's.";
	return "Publish the product in snapshot mode, which runs it as the domain's owner at the "
		   "publish, or write the expression with functions of PostgreSQL.";
}

/* ---- functions, operators ---- */

/* Volatile, and nothing but a value all the same. */
static const char *const harmless[] = {"clock_timestamp",
									   "currval",
									   "gen_random_bytes",
									   "gen_random_uuid",
									   "pg_is_in_recovery",
									   "pg_last_xact_replay_timestamp",
									   "pg_relation_size",
									   "pg_sleep",
									   "pg_table_size",
									   "pg_total_relation_size",
									   "random",
									   "random_normal",
									   "timeofday",
									   "uuid_generate_v1",
									   "uuid_generate_v1mc",
									   "uuid_generate_v4",
									   "uuidv4",
									   "uuidv7",
									   NULL};

/*
 * Not volatile, and it runs a query, reads a relation or makes a value of a type that stands in its
 * arguments.  The first two are ours; those from connectby on come with tablefunc and xml2.
 */
static const char *const acting[] = {"as_of",
									 "at_release",
									 "array_in",
									 "database_to_xml",
									 "database_to_xml_and_xmlschema",
									 "domain_in",
									 "multirange_in",
									 "pg_input_error_info",
									 "pg_input_is_valid",
									 "range_in",
									 "record_in",
									 "schema_to_xml",
									 "schema_to_xml_and_xmlschema",
									 "table_to_xml",
									 "table_to_xml_and_xmlschema",
									 "connectby",
									 "crosstab",
									 "crosstab2",
									 "crosstab3",
									 "crosstab4",
									 "xpath_table",
									 NULL};

static bool
takes_relation(Form_pg_proc form)
{
	for (int i = 0; i < form->pronargs; i++)
		if (form->proargtypes.values[i] == REGCLASSOID)
			return true;
	return false;
}

/* Does a function of a superuser's do more than to compute a value of its arguments? */
static bool
acts(Form_pg_proc form)
{
	const char *name = NameStr(form->proname);

	if (form->provolatile == PROVOLATILE_VOLATILE)
		return !DmIsOneOf(name, harmless);
	return DmIsOneOf(name, acting) ||
		   (form->pronamespace == DmExtensionSchema() && takes_relation(form));
}

/* Whose is it?  What calls a function that is gone is gone as well. */
static void
visit_owner(Oid function, Walk *walk)
{
	HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc form;

	if (!HeapTupleIsValid(tuple))
		return;
	form = (Form_pg_proc) GETSTRUCT(tuple);
	if (form->pronamespace != DmExtensionSchema() && !superuser_arg(form->proowner))
		note(walk, form->proowner, false, psprintf("function %s", format_procedure(function)));
	ReleaseSysCache(tuple);
}

/* Does it do what a view of somebody's who is no superuser has no business to do? */
static void
visit_deed(Oid function, Walk *walk)
{
	Oid author = walk->rel->rd_rel->relowner;
	HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));

	if (!HeapTupleIsValid(tuple))
		return;
	if (acts((Form_pg_proc) GETSTRUCT(tuple)) && !superuser_arg(author))
		note(walk, author, true, psprintf("function %s", format_procedure(function)));
	ReleaseSysCache(tuple);
}

static bool
visit_function(Oid function, void *context)
{
	Walk *walk = context;
	int found = list_length(walk->found);

	if (function >= FirstNormalObjectId)
		visit_owner(function, walk);
	if (list_length(walk->found) == found)
		visit_deed(function, walk);
	return false;
}

/* A coercion by way of text calls input functions of PostgreSQL's; what may run is in the type. */
static bool
visit_coercion(Oid function, void *context)
{
	if (function >= FirstNormalObjectId)
		visit_owner(function, context);
	return false;
}

/* An operator of a domain's may have a function of PostgreSQL's, and a negator that the planner takes. */
static void
visit_operator(Oid operator, Walk * walk)
{
	HeapTuple tuple;
	Oid owner;

	if (operator<FirstNormalObjectId)
		return;
	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	if (!HeapTupleIsValid(tuple))
		return;
	owner = ((Form_pg_operator) GETSTRUCT(tuple))->oprowner;
	if (!superuser_arg(owner))
		note(walk, owner, false, psprintf("operator %s", format_operator(operator)));
	ReleaseSysCache(tuple);
}

/* ---- types ---- */

/* Values that are made of a type may run the checks of a domain type in it. */
static void
visit_made_type(Oid type, Walk *walk)
{
	HeapTuple tuple;
	Oid owner;

	if (type < FirstNormalObjectId || get_typtype(type) == TYPTYPE_ENUM ||
		get_typtype(get_element_type(type)) == TYPTYPE_ENUM)
		return;
	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	if (!HeapTupleIsValid(tuple))
		return;
	owner = ((Form_pg_type) GETSTRUCT(tuple))->typowner;
	if (!superuser_arg(owner))
		note(walk, owner, false, psprintf("checks of type %s", format_type_be_qualified(type)));
	ReleaseSysCache(tuple);
}

static void
visit_made_types(const List *types, Walk *walk)
{
	ListCell *cell;

	foreach (cell, types)
		visit_made_type(lfirst_oid(cell), walk);
}

/*
 * Casts from and to the type.  Nothing names them where they run: to_json looks for one, and so does the
 * parser when a reader writes column::text, or column LIKE 'a%' where the cast is implicit.
 */
static void
visit_casts(Oid type, Walk *walk)
{
	Relation rel = table_open(CastRelationId, AccessShareLock);
	SysScanDesc scan;
	HeapTuple tuple;

	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_cast form = (Form_pg_cast) GETSTRUCT(tuple);

		if ((form->castsource != type && form->casttarget != type) ||
			form->castfunc < FirstNormalObjectId)
			continue;
		walk->cast = psprintf("the cast from %s to %s", format_type_be(form->castsource),
							  format_type_be(form->casttarget));
		visit_owner(form->castfunc, walk);
		walk->cast = NULL;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

static void
visit_range(Oid type, Walk *walk)
{
	HeapTuple tuple = SearchSysCache1(RANGETYPE, ObjectIdGetDatum(type));
	const char *part = walk->part;

	if (!HeapTupleIsValid(tuple))
		return;
	walk->part = psprintf("range type %s", format_type_be_qualified(type));
	if (OidIsValid(((Form_pg_range) GETSTRUCT(tuple))->rngsubdiff))
		visit_owner(((Form_pg_range) GETSTRUCT(tuple))->rngsubdiff, walk);
	walk->part = part;
	ReleaseSysCache(tuple);
}

/* Values of this type are there to be read. */
static void
visit_type(Oid type, Walk *walk)
{
	TupleDesc fields;

	if (type < FirstNormalObjectId || list_member_oid(walk->types, type))
		return;
	check_stack_depth();
	walk->types = lappend_oid(walk->types, type);
	if (walk->lock)
		LockDatabaseObject(TypeRelationId, type, 0, ShareLock);
	visit_casts(type, walk);
	visit_type(get_element_type(type), walk);
	switch (get_typtype(type))
	{
		case TYPTYPE_DOMAIN:
			visit_type(getBaseType(type), walk);
			break;
		case TYPTYPE_MULTIRANGE:
			visit_type(get_multirange_range(type), walk);
			break;
		case TYPTYPE_RANGE:
			if (walk->depth != DM_CODE_CASTS)
				visit_range(type, walk);
			visit_type(get_range_subtype(type), walk);
			break;
		case TYPTYPE_COMPOSITE:
			fields = lookup_rowtype_tupdesc_noerror(type, -1, true);
			for (int i = 0; fields != NULL && i < fields->natts; i++)
				if (!TupleDescAttr(fields, i)->attisdropped)
					visit_type(TupleDescAttr(fields, i)->atttypid, walk);
			if (fields != NULL)
				ReleaseTupleDesc(fields);
			break;
		default:
			break;
	}
}

/* ---- expressions ---- */

static void
visit_call(FuncExpr *call, Walk *walk)
{
	switch (call->funcid)
	{
		case F_JSON_POPULATE_RECORD:
		case F_JSON_POPULATE_RECORDSET:
		case F_JSONB_POPULATE_RECORD:
		case F_JSONB_POPULATE_RECORDSET:
			visit_made_type(call->funcresulttype, walk);
			break;
		default:
			/* hstore's populate_record, and what else extensions have */
			if (call->funcid >= FirstNormalObjectId)
				visit_made_type(call->funcresulttype, walk);
	}
}

static bool
is_column(const Node *node)
{
	while (IsA(node, RelabelType))
		node = (const Node *) castNode(RelabelType, node)->arg;
	return IsA(node, Var);
}

/* What becomes of it when the planner computes constants, if this function is no other than it is now. */
static bool
is_left(Oid function, const List *arguments, const Walk *walk)
{
	HeapTuple tuple;
	ListCell *cell;
	bool left;

	if (walk->lock && function >= FirstNormalObjectId)
		LockDatabaseObject(ProcedureRelationId, function, 0, ShareLock);
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple))
		return false;
	left = ((Form_pg_proc) GETSTRUCT(tuple))->provolatile == PROVOLATILE_VOLATILE;
	foreach (cell, arguments)
		left = left || is_column(lfirst(cell));
	left = left && ((Form_pg_proc) GETSTRUCT(tuple))->prolang != SQLlanguageId;
	ReleaseSysCache(tuple);
	return left;
}

/*
 * A call that the planner leaves alone: CHECK (is_valid(name)).  It has a column among its arguments, or
 * is volatile, and is not of language SQL.
 */
static bool
is_left_to_writers(Node *node, const Walk *walk)
{
	if (!walk->planned)
		return false;
	if (IsA(node, FuncExpr))
		return is_left(castNode(FuncExpr, node)->funcid, castNode(FuncExpr, node)->args, walk);
	if (!IsA(node, OpExpr))
		return false;
	set_opfuncid(castNode(OpExpr, node));
	return is_left(castNode(OpExpr, node)->opfuncid, castNode(OpExpr, node)->args, walk);
}

static bool
visit_node(Node *node, Walk *walk)
{
	if (node == NULL)
		return false;
	CHECK_FOR_INTERRUPTS();
	check_stack_depth();
	if (IsA(node, RangeTblEntry))
	{
		if (castNode(RangeTblEntry, node)->rtekind == RTE_RELATION &&
			walk->depth == DM_CODE_BENEATH)
			visit_relation(castNode(RangeTblEntry, node)->relid, walk);
		return false; /* query_tree_walker goes into it */
	}
	if (IsA(node, Query))
		return query_tree_walker(castNode(Query, node), visit_node, walk, QTW_EXAMINE_RTES_BEFORE);
	if (!is_left_to_writers(node, walk))
		check_functions_in_node(node, IsA(node, CoerceViaIO) ? visit_coercion : visit_function,
								walk);
	if (IsA(node, OpExpr) || IsA(node, DistinctExpr) || IsA(node, NullIfExpr))
		visit_operator(((OpExpr *) node)->opno, walk);
	else if (IsA(node, ScalarArrayOpExpr))
		visit_operator(castNode(ScalarArrayOpExpr, node)->opno, walk);
	else if (IsA(node, CoerceToDomain))
		visit_made_type(castNode(CoerceToDomain, node)->resulttype, walk);
	else if (IsA(node, CoerceViaIO))
		visit_made_type(castNode(CoerceViaIO, node)->resulttype, walk);
	else if (IsA(node, TableFunc))
		visit_made_types(castNode(TableFunc, node)->coltypes, walk);
	else if (IsA(node, RangeTblFunction))
		visit_made_types(castNode(RangeTblFunction, node)->funccoltypes, walk);
	else if (IsA(node, FuncExpr))
		visit_call(castNode(FuncExpr, node), walk);
	if (IsA(node, Var) || IsA(node, Const) || IsA(node, CoerceViaIO) || IsA(node, FuncExpr) ||
		IsA(node, RowExpr) || IsA(node, ArrayExpr))
		visit_type(exprType(node), walk);
	return expression_tree_walker(node, visit_node, walk);
}

/* An expression for the planner, as the catalog has it. */
static void
visit_stored(HeapTuple tuple, int cache, AttrNumber column, const char *part, Walk *walk)
{
	bool isnull;
	Datum tree = SysCacheGetAttr(cache, tuple, column, &isnull);

	if (isnull)
		return;
	walk->part = part;
	walk->planned = true;
	(void) visit_node(stringToNode(TextDatumGetCString(tree)), walk);
	walk->planned = false;
	walk->part = NULL;
}

/* ---- relations ---- */

static void
visit_query(Walk *walk)
{
	RuleLock *rules = walk->rel->rd_rules;

	for (int i = 0; rules != NULL && i < rules->numLocks; i++)
		if (rules->rules[i]->event == CMD_SELECT)
			(void) visit_node((Node *) rules->rules[i]->actions, walk);
}

/* In force or not: ALTER TABLE ... ENABLE ROW LEVEL SECURITY is hard to see. */
static void
visit_policies(Walk *walk)
{
	Relation rel = table_open(PolicyRelationId, AccessShareLock);
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple tuple;

	ScanKeyInit(&key, Anum_pg_policy_polrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(RelationGetRelid(walk->rel)));
	scan = systable_beginscan(rel, PolicyPolrelidPolnameIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool isnull;
		Datum qual = heap_getattr(tuple, Anum_pg_policy_polqual, RelationGetDescr(rel), &isnull);

		if (isnull)
			continue;
		walk->part = psprintf(
			"policy %s", quote_identifier(NameStr(((Form_pg_policy) GETSTRUCT(tuple))->polname)));
		(void) visit_node(stringToNode(TextDatumGetCString(qual)), walk);
		walk->part = NULL;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

/* The trees of the relation cache will not do: to make them PostgreSQL computes what is constant in them. */
static void
visit_indexes(Walk *walk)
{
	ListCell *cell;

	foreach (cell, RelationGetIndexList(walk->rel))
	{
		HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(cell)));
		char *name = get_rel_name(lfirst_oid(cell));
		const char *part;

		if (!HeapTupleIsValid(tuple))
			continue;
		part = psprintf("index %s", name != NULL ? quote_identifier(name) : "?");
		visit_stored(tuple, INDEXRELID, Anum_pg_index_indexprs, part, walk);
		visit_stored(tuple, INDEXRELID, Anum_pg_index_indpred, part, walk);
		ReleaseSysCache(tuple);
	}
}

static void
visit_statistics(Walk *walk)
{
	ListCell *cell;

	foreach (cell, RelationGetStatExtList(walk->rel))
	{
		HeapTuple tuple = SearchSysCache1(STATEXTOID, ObjectIdGetDatum(lfirst_oid(cell)));

		if (!HeapTupleIsValid(tuple))
			continue;
		visit_stored(tuple, STATEXTOID, Anum_pg_statistic_ext_stxexprs,
					 psprintf("statistics %s",
							  quote_identifier(
								  NameStr(((Form_pg_statistic_ext) GETSTRUCT(tuple))->stxname))),
					 walk);
		ReleaseSysCache(tuple);
	}
}

static void
visit_constraints(Walk *walk)
{
	TupleConstr *constraints = RelationGetDescr(walk->rel)->constr;

	for (int i = 0; constraints != NULL && i < constraints->num_check; i++)
	{
		walk->part = psprintf("constraint %s", quote_identifier(constraints->check[i].ccname));
		walk->planned = true;
		(void) visit_node(stringToNode(constraints->check[i].ccbin), walk);
		walk->planned = false;
		walk->part = NULL;
	}
}

static void
visit_partition_key(Walk *walk)
{
	HeapTuple tuple = SearchSysCache1(PARTRELID, ObjectIdGetDatum(RelationGetRelid(walk->rel)));

	if (!HeapTupleIsValid(tuple))
		return;
	visit_stored(tuple, PARTRELID, Anum_pg_partitioned_table_partexprs, "partition key", walk);
	ReleaseSysCache(tuple);
}

static void
visit_columns(Walk *walk)
{
	TupleDesc columns = RelationGetDescr(walk->rel);
	bool made = walk->rel->rd_rel->relkind == RELKIND_FOREIGN_TABLE;

	for (int i = 0; i < columns->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(columns, i);

		if (column->attisdropped || column->atttypid < FirstNormalObjectId)
			continue;
		visit_type(column->atttypid, walk);
		if (made && walk->depth != DM_CODE_CASTS)
		{
			walk->part = psprintf("column %s", quote_identifier(NameStr(column->attname)));
			visit_made_type(column->atttypid, walk);
			walk->part = NULL;
		}
	}
}

static void
visit_children(Oid relid, Walk *walk)
{
	ListCell *cell;

	foreach (cell, find_inheritance_children(relid, NoLock))
		visit_relation(lfirst_oid(cell), walk);
}

static void
visit_parts(Walk *walk)
{
	char kind = walk->rel->rd_rel->relkind;

	visit_columns(walk);
	if (walk->depth == DM_CODE_CASTS)
		return;
	if (kind == RELKIND_VIEW)
		visit_query(walk);
	if (kind == RELKIND_PARTITIONED_TABLE)
		visit_partition_key(walk);
	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE && kind != RELKIND_MATVIEW &&
		kind != RELKIND_FOREIGN_TABLE)
		return;
	visit_policies(walk);
	visit_indexes(walk);
	visit_statistics(walk);
	visit_constraints(walk);
	if (walk->depth == DM_CODE_BENEATH && walk->rel->rd_rel->relhassubclass)
		visit_children(RelationGetRelid(walk->rel), walk);
}

/* What initdb made holds nothing but PostgreSQL's own code. */
static void
visit_relation(Oid relid, Walk *walk)
{
	Relation outer = walk->rel;
	const char *part = walk->part;
	List *types = walk->types;
	Relation rel;

	if (relid < FirstNormalObjectId || list_member_oid(walk->relations, relid))
		return;
	CHECK_FOR_INTERRUPTS();
	check_stack_depth();
	walk->relations = lappend_oid(walk->relations, relid);
	if (walk->lock && outer != NULL)
		DmCodeLock(relid, false);
	rel = try_relation_open(relid, AccessShareLock);
	if (rel == NULL)
		return;
	walk->rel = rel;
	walk->part = NULL;
	walk->types = NIL;
	visit_parts(walk);
	walk->types = types;
	walk->part = part;
	walk->rel = outer;
	relation_close(rel, walk->lock ? NoLock : AccessShareLock);
}

List *
DmCodeOf(Oid relation, DmCodeDepth depth, bool lock)
{
	Walk walk = {.depth = depth, .lock = lock};
	int settings = DmPinSettings(); /* names are qualified, whoever asks */

	visit_relation(relation, &walk);
	AtEOXact_GUC(false, settings);
	return walk.found;
}

/*
 * datamesh.code_of(source oid, beneath boolean) returns table (relation oid, place text, what text,
 * owner name, acts boolean)
 */
Datum
dm_code_of(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	DmCodeDepth depth = PG_GETARG_BOOL(1) ? DM_CODE_BENEATH : DM_CODE_OWN;
	ListCell *cell;

	InitMaterializedSRF(fcinfo, 0);
	foreach (cell, DmCodeOf(PG_GETARG_OID(0), depth, false))
	{
		const DmCode *code = lfirst(cell);
		NameData owner;
		Datum values[5];
		bool nulls[5] = {false};

		namestrcpy(&owner, code->owner);
		values[0] = ObjectIdGetDatum(code->relation);
		values[1] = CStringGetTextDatum(code->place);
		values[2] = CStringGetTextDatum(code->what);
		values[3] = NameGetDatum(&owner);
		values[4] = BoolGetDatum(code->acts);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
