/*-------------------------------------------------------------------------
 *
 * expression.c
 *		Expressions that people write in rules: where, row_condition.
 *
 * Kept true: what goes into a query of ours is never a person's text, but the
 * text of a parse tree: one boolean expression over one relation's columns,
 * without subqueries, aggregates or volatile functions.  So `true) from t; drop
 * table x --` is refused, and a contract may use its own names for columns.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "base/errors.h"
#include "quality/check.h"

/* The raw tree of a text that is one expression; anything more is an error. */
static Node *
parse_single_expression(const char *text, const char *what)
{
	List *parsed = raw_parser(text, RAW_PARSE_PLPGSQL_EXPR);
	SelectStmt *select = (SelectStmt *) linitial_node(RawStmt, parsed)->stmt;
	ResTarget *target;
	bool plain;

	plain = IsA(select, SelectStmt) && list_length(select->targetList) == 1 &&
			select->distinctClause == NIL && select->fromClause == NIL &&
			select->whereClause == NULL && select->groupClause == NIL &&
			select->havingClause == NULL && select->windowClause == NIL &&
			select->sortClause == NIL && select->limitOffset == NULL &&
			select->limitCount == NULL && select->lockingClause == NIL;
	target = plain ? linitial_node(ResTarget, select->targetList) : NULL;
	if (!plain || target->name != NULL || target->indirection != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_DM_INVALID_RULE), errmsg("%s is more than one expression", what),
				 errdetail("It reads: %s", text)));
	return target->val;
}

Alias *
DmExpressionAlias(Oid relation, List *column_names)
{
	Relation rel = table_open(relation, AccessShareLock);
	TupleDesc desc = RelationGetDescr(rel);
	List *names = NIL;
	Alias *alias;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		const char *name = NameStr(attribute->attname);
		bool taken = false;
		ListCell *cell;

		foreach (cell, column_names)
		{
			DmColumnName *pair = lfirst(cell);

			if (strcmp(pair->physical, NameStr(attribute->attname)) == 0)
			{
				name = pair->name;
				taken = false;
				break;
			}
			/* a column whose own name now means another one cannot be named */
			taken |= strcmp(pair->name, NameStr(attribute->attname)) == 0 &&
					 get_attnum(relation, pair->physical) != InvalidAttrNumber;
		}
		names = lappend(names, makeString(taken ? psprintf("?%d", i + 1) : pstrdup(name)));
	}
	alias = makeAlias(RelationGetRelationName(rel), names);
	table_close(rel, NoLock);
	return alias;
}

Node *
DmExpressionRead(Oid relation, const Alias *alias, const char *text, const char *what)
{
	Node *raw = parse_single_expression(text, what);
	Relation rel = table_open(relation, AccessShareLock);
	ParseState *pstate = make_parsestate(NULL);
	ParseNamespaceItem *item;
	Node *expression;

	pstate->p_sourcetext = text;
	item = addRangeTableEntryForRelation(pstate, rel, AccessShareLock,
										 copyObject(unconstify(Alias *, alias)), false, true);
	addNSItemToQuery(pstate, item, true, true, true);

	expression = transformExpr(pstate, raw, EXPR_KIND_CHECK_CONSTRAINT);
	expression = coerce_to_boolean(pstate, expression, what);
	assign_expr_collations(pstate, expression);
	if (contain_volatile_functions(expression))
		ereport(ERROR,
				(errcode(ERRCODE_DM_INVALID_RULE), errmsg("%s calls a volatile function", what),
				 errdetail("It reads: %s", text)));
	free_parsestate(pstate);
	table_close(rel, NoLock);
	return expression;
}

List *
DmExpressionNames(Oid relation)
{
	return deparse_context_for(get_rel_name(relation), relation);
}

char *
DmExpressionText(List *names, Node *expression)
{
	return deparse_expression(expression, names, false, false);
}
