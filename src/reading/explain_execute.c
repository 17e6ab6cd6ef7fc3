/*-------------------------------------------------------------------------
 *
 * explain_execute.c
 *		EXPLAIN EXECUTE over ports: as EXPLAIN of the prepared query, with the values given.
 *
 * The plan that a prepared statement keeps was made without marks, and PostgreSQL prints it by itself.  So
 * the query is analyzed anew from its text and takes the place of EXECUTE in the statement.  The plan is
 * one for these values, also where EXECUTE would take the one that it keeps for all.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/prepare.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/params.h"
#include "parser/analyze.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_node.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"

#include "reading/explain.h"

/* The expressions of EXECUTE, coerced to what the statement was prepared for. */
static List *
argument_expressions(const ExecuteStmt *execute, const CachedPlanSource *source, const char *text)
{
	ParseState *pstate = make_parsestate(NULL);
	List *result = NIL;
	int number = 0;
	ListCell *cell;

	pstate->p_sourcetext = text;
	if (list_length(execute->params) != source->num_params)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("wrong number of parameters for prepared statement \"%s\"", execute->name),
				 errdetail("Expected %d parameters but got %d.", source->num_params,
						   list_length(execute->params))));
	foreach (cell, execute->params)
	{
		Oid wanted = source->param_types[number++];
		Node *given = transformExpr(pstate, copyObject(lfirst(cell)), EXPR_KIND_EXECUTE_PARAMETER);
		Oid type = exprType(given);
		Node *fitting = coerce_to_target_type(pstate, given, type, wanted, -1, COERCION_ASSIGNMENT,
											  COERCE_IMPLICIT_CAST, -1);

		if (fitting == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("parameter $%d of type %s cannot be coerced to the expected type %s",
							number, format_type_be(type), format_type_be(wanted)),
					 errhint("You will need to rewrite or cast the expression.")));
		assign_expr_collations(pstate, fitting);
		result = lappend(result, fitting);
	}
	free_parsestate(pstate);
	return result;
}

static ParamListInfo
argument_values(List *expressions, const CachedPlanSource *source, EState *estate)
{
	ParamListInfo result = makeParamList(source->num_params);
	List *states = ExecPrepareExprList(expressions, estate);
	int number = 0;
	ListCell *cell;

	foreach (cell, states)
	{
		ParamExternData *value = &result->params[number];

		value->ptype = source->param_types[number++];
		value->pflags = PARAM_FLAG_CONST;
		value->value =
			ExecEvalExprSwitchContext(lfirst(cell), GetPerTupleExprContext(estate), &value->isnull);
	}
	return result;
}

/* A copy of the query with other in the place of its EXECUTE. */
static Node *
replace_execute(Node *query, Query *other)
{
	Query *outer = castNode(Query, query);
	CreateTableAsStmt *create;

	if (IsA(outer->utilityStmt, ExecuteStmt))
		return (Node *) other;
	outer = copyObject(outer);
	create = castNode(CreateTableAsStmt, outer->utilityStmt);
	create->query = (Node *) other;
	return (Node *) outer;
}

ExplainStmt *
DmExplainPrepared(const ExplainStmt *explain, const ExecuteStmt *execute, const char *text,
				  ParamListInfo outer, EState *estate, ParamListInfo *params)
{
	PreparedStatement *prepared = FetchPreparedStatement(execute->name, true);
	CachedPlanSource *source = prepared->plansource;
	ExplainStmt *result = makeNode(ExplainStmt);
	List *arguments = argument_expressions(execute, source, text);

	estate->es_param_list_info = outer;
	*params = source->num_params > 0 ? argument_values(arguments, source, estate) : NULL;
	result->options = explain->options;
	result->query = replace_execute(
		explain->query,
		parse_analyze_fixedparams(copyObject(source->raw_parse_tree), source->query_string,
								  source->param_types, source->num_params, NULL));
	return result;
}
