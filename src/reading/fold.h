/*-------------------------------------------------------------------------
 *
 * fold.h
 *		What a plan takes for granted of the ports in its query.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_READING_FOLD_H
#define DATAMESH_READING_FOLD_H

#include "executor/execdesc.h"
#include "nodes/parsenodes.h"

typedef struct DmFold
{
	List *answers;  /* of list_make2(FuncExpr *, Const *): what was asked, and what was answered */
	List *barriers; /* RangeTblEntry *: of subqueries that could be ports */
	List *views;    /* Query *: those, in the same order */
	List *parents;  /* Oids of the relations of releases that it was found through */
	bool only_note; /* leave the query as it is */
	bool of_reader; /* some answer depends on who reads */
	bool outdated;  /* some answer is not the one that the next transaction will get */
} DmFold;

extern Datum dm_plan_support(PG_FUNCTION_ARGS);

extern void DmFoldFunctionsInit(void);

/* Could there be a port in this query? Cheap. */
extern bool DmFoldConcerns(Query *query);

/*
 * The query, with what its ports ask replaced by the answers of the active snapshot and the current user.
 * The result is to be planned; the query itself stays as it is, and must last as long as the answers.
 */
extern Query *DmFoldQuery(Query *query, DmFold *fold);

/*
 * Do the answers hold for the active snapshot and the current user?  enough: also those that now show
 * more than was taken for granted.
 */
extern bool DmFoldHolds(List *answers, bool enough);

/* Calls in an expression that could be taken for granted, each once; and what they answer now. */
extern void DmFoldFindCalls(Node *node, List **calls);
extern List *DmFoldAsk(List *calls);

/*
 * begun.c: remember what the calls in a query that was just started answer, until it ends; false if there
 * is no need to.  The answers that it began with; NIL if none are remembered.
 */
extern bool DmBegunNote(QueryDesc *query);
extern List *DmBegunAnswers(const QueryDesc *query);

/* Is it a call of current_release? Then *port_id is its argument. */
extern bool DmFoldAsksRelease(Node *node, int32 *port_id);

/* The table of a release of the relation of releases; an error if there is none. */
extern Oid DmFoldTable(Oid parent, int32 release);

#endif /* DATAMESH_READING_FOLD_H */
