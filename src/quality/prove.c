/*-------------------------------------------------------------------------
 *
 * prove.c
 *		Answers from constraints, without looking at a row.
 *
 * A fact is something that PostgreSQL has made sure of for every row that the
 * checks would read: NOT NULL, a validated CHECK, a domain's CHECK, a length in
 * a type.  A check is proved if facts imply that no row can fail it.
 *
 * What is not a fact, and why:
 *	 - a constraint that is not validated, or whose catalog row the snapshot does
 *	   not see: rows older than it may break it;
 *	 - a constraint that some child or partition does not share (NO INHERIT, an
 *	   attribute that a child may leave null);
 *	 - anything about a foreign table: its constraints are never enforced;
 *	 - an expression with functions that are not immutable, or that somebody may
 *	   have redefined since;
 *	 - NOT NULL of a domain: an empty subquery can store a null there;
 *	 - a deferrable key, and a foreign key one of whose triggers is disabled;
 *	 - a CHECK's word about NaN, unless it says so: "x >= 0" admits NaN, and a
 *	   check with a bound does not.
 *
 * The catalog is read with the snapshot that reads the rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "access/transam.h"
#include "catalog/pg_am.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "base/session.h"
#include "quality/plan.h"

typedef struct Fact
{
	List *clauses;
	char *evidence;
} Fact;

struct DmFacts
{
	List *facts;     /* Fact * */
	List *relations; /* oids: the relation and all its children */
	bool enforced;   /* all of them are tables */
	bool has_unique; /* unique indexes count: tables and materialized views */
};

/*
 * Facts.
 */
static bool
untrusted_function(Oid function, void *context)
{
	return function >= FirstNormalObjectId;
}

static bool
calls_untrusted_function(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (check_functions_in_node(node, untrusted_function, context))
		return true;
	return expression_tree_walker(node, calls_untrusted_function, context);
}

/* VALUE in a domain's constraint becomes the column, coerced as the parser would coerce it. */
static Node *
replace_domain_value(Node *node, void *column)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, CoerceToDomainValue))
		return copyObject((Node *) column);
	return expression_tree_mutator(node, replace_domain_value, column);
}

static void
add_fact(DmFacts *facts, Node *expression, char *evidence)
{
	Fact *fact;

	if (contain_mutable_functions(expression) || calls_untrusted_function(expression, NULL))
		return;
	fact = palloc(sizeof(Fact));
	expression = eval_const_expressions(NULL, expression);
	expression = (Node *) canonicalize_qual((Expr *) expression, true);
	fact->clauses = make_ands_implicit((Expr *) expression);
	fact->evidence = evidence;
	facts->facts = lappend(facts->facts, fact);
}

static Var *
column_var(const DmColumn *column)
{
	Oid type;
	int32 typmod;
	Oid collation;

	type = column->type;
	collation = column->collation;
	typmod = column->base_typmod;
	if (type != column->base_type)
		typmod = -1;
	return makeVar(1, column->attnum, type, typmod, collation, 0);
}

/* The oids of the relation and its children as the text of an array. */
static char *
relations_array(const DmFacts *facts)
{
	StringInfoData text;
	ListCell *cell;

	initStringInfo(&text);
	foreach (cell, facts->relations)
		appendStringInfo(&text, "%s%u", foreach_current_index(cell) ? "," : "", lfirst_oid(cell));
	return psprintf("'{%s}'::pg_catalog.oid[]", text.data);
}

static void
collect_checks(DmQualityPlan *plan, DmFacts *facts)
{
	DmRead(plan,
		   psprintf("SELECT c.conname, c.conbin::pg_catalog.text FROM pg_catalog.pg_constraint c "
					"WHERE c.conrelid = %u AND c.contype = 'c' AND c.convalidated AND NOT EXISTS ("
					"SELECT FROM pg_catalog.unnest(%s) AS r(oid) WHERE r.oid <> c.conrelid AND NOT "
					"EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conrelid = r.oid AND "
					"k.contype = 'c' AND k.conname = c.conname AND k.convalidated AND "
					"k.coninhcount > 0)) ORDER BY c.conname",
					plan->relation, relations_array(facts)));
	for (uint64 row = 0; row < SPI_processed; row++)
		add_fact(facts, stringToNode(DmSpiText(row, 2)),
				 psprintf("check constraint \"%s\"", DmSpiText(row, 1)));
	SPI_freetuptable(SPI_tuptable);
}

static void
collect_not_nulls(DmQualityPlan *plan, DmFacts *facts)
{
	DmRead(
		plan,
		psprintf(
			"SELECT a.attnum, a.attname FROM pg_catalog.pg_attribute a WHERE a.attrelid = %u AND "
			"a.attnum > 0 AND a.attnotnull AND NOT EXISTS (SELECT FROM pg_catalog.unnest(%s) AS "
			"r(oid) WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_attribute k WHERE k.attrelid = "
			"r.oid AND k.attname = a.attname AND k.attnotnull) OR EXISTS (SELECT FROM "
			"pg_catalog.pg_constraint n JOIN pg_catalog.pg_attribute k ON k.attrelid = r.oid AND "
			"k.attname = a.attname AND n.conkey = ARRAY[k.attnum] WHERE n.conrelid = r.oid AND "
			"n.contype = 'n' AND NOT n.convalidated)) ORDER BY a.attnum",
			plan->relation, relations_array(facts)));
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		NullTest *test = makeNode(NullTest);
		AttrNumber attnum = atoi(DmSpiText(row, 1));
		Oid type, collation;
		int32 typmod;

		get_atttypetypmodcoll(plan->relation, attnum, &type, &typmod, &collation);
		if (type_is_rowtype(type) && get_typtype(type) != TYPTYPE_DOMAIN)
			continue; /* ROW(NULL) is stored where NOT NULL stands */
		test->arg = (Expr *) makeVar(1, attnum, type, typmod, collation, 0);
		test->nulltesttype = IS_NOT_NULL;
		test->location = -1;
		add_fact(facts, (Node *) test, psprintf("NOT NULL on column \"%s\"", DmSpiText(row, 2)));
	}
	SPI_freetuptable(SPI_tuptable);
}

static void
collect_domain_checks(DmQualityPlan *plan, DmFacts *facts, const DmColumn *column)
{
	Node *value = (Node *) makeRelabelType((Expr *) column_var(column), column->base_type, -1,
										   column->collation, COERCE_IMPLICIT_CAST);

	DmRead(plan,
		   psprintf("WITH RECURSIVE chain(oid) AS (SELECT %u::pg_catalog.oid UNION ALL SELECT "
					"t.typbasetype FROM chain JOIN pg_catalog.pg_type t ON t.oid = chain.oid WHERE "
					"t.typtype = 'd') SELECT c.conname, c.conbin::pg_catalog.text, t.typname FROM "
					"pg_catalog.pg_constraint c JOIN chain ON c.contypid = chain.oid JOIN "
					"pg_catalog.pg_type t ON t.oid = chain.oid WHERE c.contype = 'c' AND "
					"c.convalidated ORDER BY c.conname",
					column->type));
	for (uint64 row = 0; row < SPI_processed; row++)
		add_fact(
			facts, replace_domain_value(stringToNode(DmSpiText(row, 2)), value),
			psprintf("constraint \"%s\" of domain \"%s\"", DmSpiText(row, 1), DmSpiText(row, 3)));
	SPI_freetuptable(SPI_tuptable);
}

void
DmFactsCollect(DmQualityPlan *plan)
{
	DmFacts *facts = palloc0(sizeof(DmFacts));
	ListCell *cell;

	plan->facts = facts;
	facts->relations = find_all_inheritors(plan->relation, AccessShareLock, NULL);
	facts->enforced =
		plan->relkind == RELKIND_RELATION || plan->relkind == RELKIND_PARTITIONED_TABLE;
	facts->has_unique = facts->enforced || plan->relkind == RELKIND_MATVIEW;
	foreach (cell, facts->relations)
		if (get_rel_relkind(lfirst_oid(cell)) == RELKIND_FOREIGN_TABLE)
			facts->enforced = facts->has_unique = false;
	if (facts->enforced)
	{
		collect_checks(plan, facts);
		collect_not_nulls(plan, facts);
	}
}

/*
 * Conclusions.
 *
 * Nulls never fail these predicates, and a CHECK passes on null: so the
 * implication is the weak one, "not false" from "not false".
 */
static bool
note_evidence(StringInfo evidence, const char *text)
{
	if (strstr(evidence->data, text) == NULL)
		appendStringInfo(evidence, "%s%s", evidence->len ? ", " : "", text);
	return true;
}

static bool
implied(DmFacts *facts, Node *predicate, StringInfo evidence)
{
	List *wanted;
	ListCell *cell;

	predicate = eval_const_expressions(NULL, predicate);
	predicate = (Node *) canonicalize_qual((Expr *) predicate, false);
	wanted = make_ands_implicit((Expr *) predicate);
	foreach (cell, facts->facts)
	{
		Fact *fact = lfirst(cell);

		if (predicate_implied_by(wanted, fact->clauses, true))
			return note_evidence(evidence, fact->evidence);
	}
	return false;
}

/* Is every conjunct implied by some fact? */
static bool
all_implied(DmFacts *facts, Node *condition, StringInfo evidence)
{
	ListCell *cell;

	condition = eval_const_expressions(NULL, copyObject(condition));
	condition = (Node *) canonicalize_qual((Expr *) condition, false);
	foreach (cell, make_ands_implicit((Expr *) condition))
		if (!implied(facts, lfirst(cell), evidence))
			return false;
	return evidence->len > 0;
}

static bool
prove_not_null(DmFacts *facts, const DmColumn *column, StringInfo evidence)
{
	NullTest *test = makeNode(NullTest);

	test->arg = (Expr *) column_var(column);
	test->nulltesttype = IS_NOT_NULL;
	test->location = -1;
	return implied(facts, (Node *) test, evidence);
}

/* The column as the operators of a type take it: as it is, relabelled, or cast. */
static List *
value_forms(const DmColumn *column, Oid operand)
{
	Node *var = (Node *) column_var(column);
	Node *cast;
	List *forms = NIL;

	if (column->type == operand)
		return list_make1(var);
	cast = coerce_to_target_type(NULL, copyObject(var), column->type, operand, -1,
								 COERCION_EXPLICIT, COERCE_IMPLICIT_CAST, -1);
	if (cast != NULL)
		forms = lappend(forms, cast);
	return forms;
}

static Const *
constant(const DmColumn *column, Oid type, const char *text)
{
	Oid input;
	Oid ioparam;
	Datum value;

	getTypeInputInfo(type, &input, &ioparam);
	value = OidInputFunctionCall(input, pstrdup(text), ioparam, -1);
	return makeConst(type, -1,
					 get_typcollation(type) != InvalidOid ? column->collation : InvalidOid,
					 get_typlen(type), value, false, get_typbyval(type));
}

/* column <op> constant, in the forms that a CHECK may have it */
static bool
prove_comparison(DmFacts *facts, const DmColumn *column, Oid type, int strategy, const char *bound,
				 StringInfo evidence)
{
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY);
	Oid operand = entry->btree_opintype;
	Oid operator= get_opfamily_member(entry->btree_opf, operand, operand, strategy);
	ListCell *cell;

	if (!OidIsValid(operator))
		return false;
	foreach (cell, value_forms(column, operand))
	{
		Const *value = constant(column, type, bound);
		Expr *predicate;

		value->consttype = operand;
		predicate = make_opclause(operator, BOOLOID, false, lfirst(cell), (Expr *) value,
								  InvalidOid, value->constcollid);
		if (implied(facts, (Node *) predicate, evidence))
			return true;
	}
	return false;
}

static bool
has_nan(Oid type)
{
	return type == FLOAT4OID || type == FLOAT8OID || type == NUMERICOID;
}

static bool
prove_range(DmFacts *facts, const DmPlanItem *item, StringInfo evidence)
{
	const DmCheck *check = item->check;
	DmColumn *column = linitial(item->columns);
	Oid type = item->value_type;

	if (check->min.text != NULL &&
		!prove_comparison(facts, column, type,
						  check->exclusive_min ? BTGreaterStrategyNumber
											   : BTGreaterEqualStrategyNumber,
						  check->min.text, evidence))
		return false;
	if (check->max.text != NULL)
		return prove_comparison(facts, column, type,
								check->exclusive_max ? BTLessStrategyNumber
													 : BTLessEqualStrategyNumber,
								check->max.text, evidence);
	/* NaN is greater than all other numbers, and out of every range */
	return check->min.text == NULL || !has_nan(type) ||
		   prove_comparison(facts, column, type, BTLessStrategyNumber, "NaN", evidence);
}

/* column = ANY (array of the values) */
static Node *
member_predicate(const DmPlanItem *item)
{
	DmColumn *column = linitial(item->columns);
	TypeCacheEntry *entry = lookup_type_cache(item->value_type, TYPECACHE_BTREE_OPFAMILY);
	Oid operand = entry->btree_opintype;
	Oid array_type = get_array_type(operand);
	Oid equal = get_opfamily_member(entry->btree_opf, operand, operand, BTEqualStrategyNumber);
	List *forms = value_forms(column, operand);
	ScalarArrayOpExpr *expr;
	Datum *values;
	int16 length;
	bool by_value;
	char align;
	ListCell *cell;

	if (!OidIsValid(equal) || !OidIsValid(array_type) || forms == NIL)
		return NULL;
	values = palloc(sizeof(Datum) * list_length(item->check->values));
	foreach (cell, item->check->values)
		values[foreach_current_index(cell)] =
			constant(column, item->value_type, ((DmScalar *) lfirst(cell))->text)->constvalue;
	get_typlenbyvalalign(operand, &length, &by_value, &align);
	expr = makeNode(ScalarArrayOpExpr);
	expr->opno = equal;
	expr->opfuncid = get_opcode(equal);
	expr->useOr = true;
	expr->inputcollid = type_is_collatable(operand) ? column->collation : InvalidOid;
	expr->location = -1;
	expr->args = list_make2(
		linitial(forms),
		makeConst(array_type, -1, expr->inputcollid, -1,
				  PointerGetDatum(construct_array(values, list_length(item->check->values), operand,
												  length, by_value, align)),
				  false, false));
	return (Node *) expr;
}

/* An enum whose labels are all valid. */
static bool
prove_enum(DmQualityPlan *plan, const DmPlanItem *item, StringInfo evidence)
{
	DmColumn *column = linitial(item->columns);
	bool all = true;

	if (get_typtype(column->base_type) != TYPTYPE_ENUM)
		return false;
	DmRead(plan, psprintf("SELECT enumlabel FROM pg_catalog.pg_enum WHERE enumtypid = %u",
						  column->base_type));
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		char *label = DmSpiText(row, 1);
		bool found = false;
		ListCell *cell;

		foreach (cell, item->check->values)
			found |= strcmp(label, ((DmScalar *) lfirst(cell))->text) == 0;
		all &= found;
	}
	SPI_freetuptable(SPI_tuptable);
	return all && note_evidence(evidence, psprintf("type %s", format_type_be(column->base_type)));
}

static bool
prove_set(DmQualityPlan *plan, DmFacts *facts, const DmPlanItem *item, StringInfo evidence)
{
	Node *predicate;

	if (item->check->values == NIL)
		return true;
	if (prove_enum(plan, item, evidence))
		return true;
	predicate = member_predicate(item);
	return predicate != NULL && implied(facts, predicate, evidence);
}

/* column ~ 'pattern' stands in a CHECK word for word */
static bool
prove_pattern(DmFacts *facts, const DmPlanItem *item, StringInfo evidence)
{
	DmColumn *column = linitial(item->columns);
	List *forms = value_forms(column, TEXTOID);

	if (item->check->pattern == NULL)
		return true;
	if (forms == NIL || !type_is_collatable(column->base_type))
		return false;
	return implied(facts,
				   (Node *) make_opclause(OID_TEXT_REGEXEQ_OP, BOOLOID, false, linitial(forms),
										  (Expr *) constant(column, TEXTOID, item->check->pattern),
										  InvalidOid, column->collation),
				   evidence);
}

static bool
prove_length_by_check(DmFacts *facts, const DmColumn *column, Oid operator, int length,
					  StringInfo evidence)
{
	static const Oid functions[] = {F_LENGTH_TEXT, F_CHAR_LENGTH_TEXT, F_CHARACTER_LENGTH_TEXT};
	List *forms = value_forms(column, TEXTOID);

	for (int i = 0; forms != NIL && i < lengthof(functions); i++)
	{
		Expr *measured = (Expr *) makeFuncExpr(functions[i], INT4OID, list_make1(linitial(forms)),
											   InvalidOid, column->collation, COERCE_EXPLICIT_CALL);
		Expr *bound =
			(Expr *) makeConst(INT4OID, -1, InvalidOid, 4, Int32GetDatum(length), false, true);

		if (implied(facts,
					(Node *) make_opclause(operator, BOOLOID, false, measured, bound, InvalidOid,
										   InvalidOid),
					evidence))
			return true;
	}
	return false;
}

#define INT4_GREATER_OR_EQUAL 525
#define INT4_LESS_OR_EQUAL 523

static bool
prove_lengths(DmFacts *facts, const DmPlanItem *item, StringInfo evidence)
{
	const DmCheck *check = item->check;
	DmColumn *column = linitial(item->columns);
	bool limited = (column->base_type == VARCHAROID || column->base_type == BPCHAROID) &&
				   column->base_typmod >= (int32) VARHDRSZ;

	if (check->min_length > 0 &&
		!prove_length_by_check(facts, column, INT4_GREATER_OR_EQUAL, check->min_length, evidence))
		return false;
	if (check->max_length < 0)
		return true;
	if (limited && column->base_typmod - (int32) VARHDRSZ <= check->max_length)
		return note_evidence(
			evidence,
			psprintf("type %s", format_type_with_typemod(column->base_type, column->base_typmod)));
	return prove_length_by_check(facts, column, INT4_LESS_OR_EQUAL, check->max_length, evidence);
}

static bool
prove_invalid(DmQualityPlan *plan, DmFacts *facts, DmPlanItem *item, StringInfo evidence)
{
	DmColumn *column = linitial(item->columns);

	if (!facts->enforced || item->check->multiple_of != NULL)
		return false;
	if (column->type != column->base_type)
	{
		DmFacts *own = palloc(sizeof(DmFacts));

		*own = *facts;
		own->facts = list_copy(facts->facts);
		collect_domain_checks(plan, own, column);
		facts = own;
	}
	return prove_range(facts, item, evidence) && prove_set(plan, facts, item, evidence) &&
		   prove_pattern(facts, item, evidence) && prove_lengths(facts, item, evidence) &&
		   evidence->len > 0;
}

/* Null is missing, and so is each of the values: NOT NULL, and <> for each. */
static bool
prove_missing(DmFacts *facts, DmPlanItem *item, StringInfo evidence)
{
	DmColumn *column = linitial(item->columns);
	TypeCacheEntry *entry = lookup_type_cache(column->base_type, TYPECACHE_BTREE_OPFAMILY);
	Oid operand = entry->btree_opintype;
	Oid equal = get_opfamily_member(entry->btree_opf, operand, operand, BTEqualStrategyNumber);
	Oid differs = OidIsValid(equal) ? get_negator(equal) : InvalidOid;
	ListCell *cell;

	if (!prove_not_null(facts, column, evidence))
		return false;
	foreach (cell, item->check->values)
	{
		Const *value = constant(column, column->base_type, ((DmScalar *) lfirst(cell))->text);
		List *forms = value_forms(column, operand);

		value->consttype = operand;
		if (!OidIsValid(differs) || forms == NIL ||
			!implied(facts,
					 (Node *) make_opclause(differs, BOOLOID, false, linitial(forms),
											(Expr *) value, InvalidOid, value->constcollid),
					 evidence))
			return false;
	}
	return true;
}

/*
 * A unique index over some of the columns: valid, immediate, without predicate
 * or expressions, and with the columns' own equality and collation.  Nulls:
 * unless the check takes them for distinct, the index must, or none may be there.
 */
static char *
unique_index_query(const DmQualityPlan *plan, const DmPlanItem *item)
{
	StringInfoData columns;
	ListCell *cell;

	initStringInfo(&columns);
	foreach (cell, item->columns)
	{
		DmColumn *column = lfirst(cell);
		TypeCacheEntry *type = lookup_type_cache(column->base_type, TYPECACHE_EQ_OPR);

		appendStringInfo(&columns,
						 "%s(%d::pg_catalog.int2, %u::pg_catalog.oid, %u::pg_catalog.oid)",
						 foreach_current_index(cell) ? ", " : "", column->attnum, type->eq_opr,
						 column->collation);
	}
	return psprintf(
		"SELECT c.relname, i.indnullsnotdistinct, ARRAY(SELECT k::pg_catalog.int4 FROM "
		"pg_catalog.unnest(i.indkey) WITH ORDINALITY AS u(k, n) WHERE n <= i.indnkeyatts) "
		"FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid "
		"WHERE i.indrelid = %u AND i.indisunique AND i.indisvalid AND i.indisready AND i.indislive "
		"AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL AND NOT EXISTS ("
		"SELECT FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS n WHERE NOT EXISTS ("
		"SELECT FROM (VALUES %s) AS want(attnum, equal, coll) "
		"JOIN pg_catalog.pg_opclass o ON o.oid = i.indclass[n] "
		"JOIN pg_catalog.pg_amop p ON p.amopfamily = o.opcfamily AND p.amopopr = want.equal AND "
		"p.amopstrategy = 3 AND p.amoplefttype = o.opcintype AND p.amoprighttype = o.opcintype "
		"WHERE want.attnum = i.indkey[n] AND want.coll = i.indcollation[n])) ORDER BY c.relname",
		plan->relation, columns.data);
}

/* May all columns of an index, given as the text of an array, be taken for not null? */
static bool
columns_not_null(DmFacts *facts, const DmPlanItem *item, const char *attnums, StringInfo evidence)
{
	ListCell *cell;
	char *list = pstrdup(attnums);

	for (char *part = strtok(list, "{,}"); part != NULL; part = strtok(NULL, "{,}"))
		foreach (cell, item->columns)
			if (((DmColumn *) lfirst(cell))->attnum == atoi(part) &&
				!prove_not_null(facts, lfirst(cell), evidence))
				return false;
	return true;
}

static bool
prove_duplicates(DmQualityPlan *plan, DmFacts *facts, DmPlanItem *item, StringInfo evidence)
{
	bool proved = false;

	if (!facts->has_unique ||
		(plan->relkind != RELKIND_PARTITIONED_TABLE && list_length(facts->relations) > 1))
		return false;
	DmRead(plan, unique_index_query(plan, item));
	for (uint64 row = 0; row < SPI_processed && !proved; row++)
	{
		bool nulls_equal = strcmp(DmSpiText(row, 2), "t") == 0;

		resetStringInfo(evidence);
		if (item->check->nulls_distinct || nulls_equal ||
			columns_not_null(facts, item, DmSpiText(row, 3), evidence))
			proved = note_evidence(evidence, psprintf("unique index \"%s\"", DmSpiText(row, 1)));
	}
	SPI_freetuptable(SPI_tuptable);
	return proved;
}

/*
 * A foreign key of exactly these columns, validated, not deferrable, with all
 * its triggers enabled, in every partition too.  A key with a period (since 18)
 * asks for something else than equality.
 */
static bool
prove_orphans(DmQualityPlan *plan, DmFacts *facts, DmPlanItem *item, StringInfo evidence)
{
	StringInfoData pairs;
	ListCell *child, *parent;

	if (!facts->enforced ||
		(plan->relkind != RELKIND_PARTITIONED_TABLE && list_length(facts->relations) > 1))
		return false;
	initStringInfo(&pairs);
	forboth (child, item->columns, parent, item->check->ref_columns)
		appendStringInfo(&pairs, "%s(%d, %d)", foreach_current_index(child) ? ", " : "",
						 ((DmColumn *) lfirst(child))->attnum,
						 get_attnum(item->parent, lfirst(parent)));
	DmRead(
		plan,
		psprintf(
			"SELECT c.conname FROM pg_catalog.pg_constraint c WHERE c.conrelid = %u AND "
			"c.confrelid = %u AND c.contype = 'f' AND pg_catalog.cardinality(c.conkey) = %d AND "
			"NOT "
			"EXISTS (VALUES %s EXCEPT SELECT * FROM ROWS FROM (pg_catalog.unnest(c.conkey), "
			"pg_catalog.unnest(c.confkey)) AS u(child, parent)) AND "
			"NOT "
			"EXISTS (SELECT FROM pg_catalog.unnest(c.conpfeqop) AS o(oid) WHERE NOT EXISTS (SELECT "
			"FROM pg_catalog.pg_amop p WHERE p.amopopr = o.oid AND p.amopmethod = %u AND "
			"p.amopstrategy = %d)) AND "
			"NOT "
			"EXISTS (WITH RECURSIVE family(oid) AS (SELECT c.oid UNION ALL SELECT k.oid FROM "
			"family "
			"JOIN pg_catalog.pg_constraint k ON k.conparentid = family.oid) SELECT FROM family "
			"JOIN "
			"pg_catalog.pg_constraint k ON k.oid = family.oid LEFT JOIN pg_catalog.pg_trigger t ON "
			"t.tgconstraint = k.oid WHERE NOT k.convalidated OR k.condeferrable OR t.tgenabled NOT "
			"IN ('O', 'A')) AND EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgconstraint = "
			"c.oid) ORDER BY c.conname",
			plan->relation, item->parent, list_length(item->columns), pairs.data, BTREE_AM_OID,
			BTEqualStrategyNumber));
	if (SPI_processed > 0)
		note_evidence(evidence, psprintf("foreign key \"%s\"", DmSpiText(0, 1)));
	SPI_freetuptable(SPI_tuptable);
	return evidence->len > 0;
}

static bool
prove_by_kind(DmQualityPlan *plan, DmPlanItem *item, StringInfo evidence)
{
	DmFacts *facts = plan->facts;

	switch (item->check->kind)
	{
		case DM_KIND_NULLS:
			return prove_not_null(facts, linitial(item->columns), evidence);
		case DM_KIND_MISSING:
			return prove_missing(facts, item, evidence);
		case DM_KIND_INVALID:
			return prove_invalid(plan, facts, item, evidence);
		case DM_KIND_DUPLICATES:
			return prove_duplicates(plan, facts, item, evidence);
		case DM_KIND_ORPHANS:
			return prove_orphans(plan, facts, item, evidence);
		case DM_KIND_ROW_CONDITION:
			return all_implied(facts, item->condition, evidence);
		default:
			return false;
	}
}

/* No failing row in any group tells all of them, unless each of them has to be told of. */
char *
DmProve(DmQualityPlan *plan, DmPlanItem *item)
{
	StringInfoData evidence;

	if (item->group_by != NIL && !DmOperatorHolds(item, "0"))
		return NULL;
	initStringInfo(&evidence);
	return prove_by_kind(plan, item, &evidence) ? evidence.data : NULL;
}
