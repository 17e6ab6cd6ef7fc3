/*-------------------------------------------------------------------------
 *
 * explain.h
 *		What the files of EXPLAIN over ports share.
 *
 *	explain.c		who may see what, and where each part of a plan comes from
 *	explain_print.c	the plan above the ports, in PostgreSQL's words
 *	explain_execute.c	EXPLAIN EXECUTE
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_READING_EXPLAIN_H
#define DATAMESH_READING_EXPLAIN_H

#include "commands/explain.h"
#include "executor/execdesc.h"
#include "nodes/execnodes.h"

#include "base/compat.h"

/* One occurrence of a port in a query, whose inside is not for the user. */
typedef struct DmHiddenPort
{
	char *label; /* "sales.orders" */
	bool plain;  /* it reads one relation and does nothing with its rows but to choose and mask */
} DmHiddenPort;

/* Where an entry of a plan's range table comes from. */
typedef struct DmOrigin
{
	bool known;    /* false: nobody has seen it before the planner did */
	int port;      /* number in the list of ports, from 1; 0: the user's own query */
	bool boundary; /* the port itself, as the query reads it */
	const char *alias;
} DmOrigin;

extern void DmOriginOf(const RangeTblEntry *rte, int ports, DmOrigin *origin);

/*
 * Print the plan with everything that belongs to ports (a list of DmHiddenPort) folded into a line for each.
 */
extern void DmExplainPrint(ExplainState *es, QueryDesc *query, List *ports);

/*
 * The same EXPLAIN with the prepared query itself, and its parameters; outer are those of the statement
 * that this is in.  What is evaluated lives in estate, which must be kept until the statement is done.
 */
extern ExplainStmt *DmExplainPrepared(const ExplainStmt *explain, const ExecuteStmt *execute,
									  const char *text, ParamListInfo outer, EState *estate,
									  ParamListInfo *params);

#endif /* DATAMESH_READING_EXPLAIN_H */
