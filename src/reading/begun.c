/*-------------------------------------------------------------------------
 *
 * begun.c
 *		What a cursor began with, where its plan does not tell.
 *
 * Each FETCH asks whether its user may still see what the query began with (fold_plan.c).  A plan that
 * was made for the answers of its ports has them with it.  Others ask for each row: folding is off, the
 * planner opened up a function with the port in it, or the library was loaded too late.  They have rows
 * behind them that were sorted or hashed for another reader all the same: what their calls answered when
 * the query was started is remembered here until it ends.
 *
 * Queries that are run at once need none of that.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "nodes/nodeFuncs.h"
#include "utils/memutils.h"
#include "utils/portal.h"

#include "tcop/pquery.h"

#include "reading/fold.h"

typedef struct Begun
{
	const QueryDesc *query;
	List *answers;
	struct Begun *next;
	MemoryContextCallback at_end;
} Begun;

/* Of queries that have not ended; each lives in the memory of its query's execution. */
static Begun *begun = NULL;

static void
forget(void *argument)
{
	Begun **place = &begun;

	while (*place != NULL && *place != argument)
		place = &(*place)->next;
	if (*place != NULL)
		*place = (*place)->next;
}

/* May it be run in pieces? */
static bool
is_cursor(void)
{
	return ActivePortal != NULL && (ActivePortal->name[0] != '\0' || ActivePortal->visible);
}

static bool
reads_view(const PlannedStmt *plan)
{
	ListCell *cell;

	foreach (cell, plan->rtable)
		if (lfirst_node(RangeTblEntry, cell)->relkind == RELKIND_VIEW)
			return true;
	return false;
}

/* The calls stand in what is computed and filtered where the view was. */
static bool
find_calls(PlanState *state, List **calls)
{
	Plan *plan = state->plan;

	DmFoldFindCalls((Node *) plan->targetlist, calls);
	DmFoldFindCalls((Node *) plan->qual, calls);
	if (IsA(plan, Result))
		DmFoldFindCalls(((Result *) plan)->resconstantqual, calls);
	return planstate_tree_walker(state, find_calls, calls);
}

bool
DmBegunNote(QueryDesc *query)
{
	List *calls = NIL;
	MemoryContext old;
	Begun *note;

	if (!is_cursor() || !reads_view(query->plannedstmt) || query->planstate == NULL)
		return false;
	(void) find_calls(query->planstate, &calls);
	if (calls == NIL)
		return false;
	old = MemoryContextSwitchTo(query->estate->es_query_cxt);
	note = palloc0(sizeof(Begun));
	note->query = query;
	note->answers = DmFoldAsk(calls);
	note->next = begun;
	begun = note;
	note->at_end.func = forget;
	note->at_end.arg = note;
	MemoryContextRegisterResetCallback(query->estate->es_query_cxt, &note->at_end);
	MemoryContextSwitchTo(old);
	return true;
}

List *
DmBegunAnswers(const QueryDesc *query)
{
	const Begun *note = begun;

	while (note != NULL && note->query != query)
		note = note->next;
	return note != NULL ? note->answers : NIL;
}
