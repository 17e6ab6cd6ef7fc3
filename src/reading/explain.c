/*-------------------------------------------------------------------------
 *
 * explain.c
 *		EXPLAIN over ports, if the library is preloaded: what is inside stays inside.
 *
 * A plan names the release behind a port, and counts the rows that a filter hid.  To whom the inside is not
 * shown (neither a superuser nor a member of the domain's owner, as the current or as the outer
 * user), a port is one line: its name, and with ANALYZE how many rows it gave.
 *
 * Which parts of a plan are a port's cannot be read off the plan: the planner takes subqueries away and
 * adds partitions.  But it keeps the names of range table entries, which nothing depends on, and gives them to the
 * partitions.  So every entry of the rewritten query is marked with its origin before it is planned.  An
 * entry without a mark came in while planning (a function that was inlined): then nothing of the
 * plan is shown, because what cannot be told apart is hidden.
 *
 * A plan also gets out by debug_print_plan and its kin, which are for superusers here, and by
 * auto_explain, whose messages go to the server's log and to nobody else but superusers.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "commands/createas.h"
#include "commands/extension.h"
#include "commands/prepare.h"
#include "executor/executor.h"
#include "executor/instrument.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc_tables.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "base/module.h"
#include "base/names.h"
#include "governance/guard.h"
#include "reading/explain.h"

static ExplainOneQuery_hook_type next_explain = NULL;
static ProcessUtility_hook_type next_utility = NULL;
static emit_log_hook_type next_log = NULL;

/* ---- who may see the inside ---- */

static bool
sees_inside(Oid user, Oid owner)
{
	return superuser_arg(user) || (OidIsValid(owner) && has_privs_of_role(user, owner));
}

/* The name of the port, if this is one and the user must not look into it; NULL otherwise. */
static char *
hidden_port(Oid relid)
{
	Oid owner;
	DmHome home;

	if (!OidIsValid(relid) || !DmGuardHome(get_rel_namespace(relid), &home) ||
		home.purpose != DM_PURPOSE_PORT || get_rel_relkind(relid) != RELKIND_VIEW)
		return NULL;
	owner = DmGuardDomainOwner(&home);
	if (sees_inside(GetUserId(), owner) && sees_inside(GetOuterUserId(), owner))
		return NULL;
	return DmProductName(NameStr(home.name), get_rel_name(relid));
}

/* Is there a mesh in this database at all? */
static bool
has_mesh(void)
{
	if (!OidIsValid(get_extension_oid("datamesh", true)))
		return false;
	DmGuardPrepare();
	return true;
}

/* ---- marking ---- */

#define MARK '\001'

typedef struct Marking
{
	List *ports; /* DmHiddenPort * */
	int inside;  /* which of them, 0: none */
} Marking;

static void
mark(RangeTblEntry *rte, int port, bool boundary)
{
	const char *name = rte->eref != NULL ? rte->eref->aliasname : "";

	rte->eref = rte->eref != NULL ? copyObject(rte->eref) : makeAlias(name, NIL);
	rte->eref->aliasname = psprintf("%c%d%c%s", MARK, port, boundary ? 'b' : ':', name);
}

void
DmOriginOf(const RangeTblEntry *rte, int ports, DmOrigin *origin)
{
	const char *name = rte->eref != NULL ? rte->eref->aliasname : "";
	char *end;

	memset(origin, 0, sizeof(DmOrigin));
	if (name[0] != MARK)
		return;
	origin->port = (int) strtol(name + 1, &end, 10);
	if (end == name + 1 || origin->port < 0 || origin->port > ports || (*end != ':' && *end != 'b'))
		return;
	origin->known = true;
	origin->boundary = *end == 'b';
	origin->alias = end + 1;
}

/*
 * The only thing that a query reads, if all it does with the rows is to choose among them and to compute
 * columns: then none of its nodes but a scan can be found in a plan.  NULL if it does more.
 */
static RangeTblEntry *
only_entry(const Query *query)
{
	if (query->hasAggs || query->hasWindowFuncs || query->hasTargetSRFs || query->hasSubLinks ||
		query->distinctClause != NIL || query->groupClause != NIL || query->groupingSets != NIL ||
		query->havingQual != NULL || query->sortClause != NIL || query->limitCount != NULL ||
		query->limitOffset != NULL || query->setOperations != NULL || query->cteList != NIL ||
		query->rowMarks != NIL || list_length(query->jointree->fromlist) != 1 ||
		!IsA(linitial(query->jointree->fromlist), RangeTblRef))
		return NULL;
	return rt_fetch(((RangeTblRef *) linitial(query->jointree->fromlist))->rtindex, query->rtable);
}

static bool
is_plain(const Query *view)
{
	const RangeTblEntry *rte = only_entry(view);

	return rte != NULL && ((rte->rtekind == RTE_RELATION && rte->relkind != RELKIND_VIEW) ||
						   (rte->rtekind == RTE_SUBQUERY && is_plain(rte->subquery)));
}

static bool mark_walker(Node *node, Marking *marking);

/*
 * The entries of a query, and what is beneath them.  A port whose view only reads another view has its
 * boundary there as well: the planner may take away either.
 */
static void
mark_query(Query *query, Marking *marking, bool is_boundary)
{
	const RangeTblEntry *only = is_boundary ? only_entry(query) : NULL;
	int outside = marking->inside;
	ListCell *cell;

	foreach (cell, query->rtable)
	{
		RangeTblEntry *rte = lfirst(cell);
		char *label = outside == 0 ? hidden_port(DmViewOfEntry(rte)) : NULL;

		if (label != NULL)
		{
			DmHiddenPort *port = palloc(sizeof(DmHiddenPort));

			port->label = label;
			port->plain = is_plain(rte->subquery);
			marking->ports = lappend(marking->ports, port);
			marking->inside = list_length(marking->ports);
		}
		if (rte->rtekind == RTE_SUBQUERY && rte->subquery != NULL)
			mark_query(rte->subquery, marking, label != NULL || rte == only);
		mark(rte, marking->inside, label != NULL || rte == only);
		marking->inside = outside;
	}
	(void) query_tree_walker(query, mark_walker, marking, QTW_IGNORE_RT_SUBQUERIES);
}

static bool
mark_walker(Node *node, Marking *marking)
{
	if (node == NULL)
		return false;
	check_stack_depth();
	if (IsA(node, Query))
	{
		mark_query((Query *) node, marking, false);
		return false;
	}
	return expression_tree_walker(node, mark_walker, marking);
}

/* ---- looking, without a mark ---- */

/* The first hidden port that a query reads, or NULL. */
static bool
find_walker(Node *node, char **label)
{
	if (node == NULL || *label != NULL)
		return *label != NULL;
	check_stack_depth();
	if (IsA(node, RangeTblEntry))
	{
		RangeTblEntry *rte = (RangeTblEntry *) node;

		*label = hidden_port(rte->rtekind == RTE_RELATION ? rte->relid : DmViewOfEntry(rte));
		return *label != NULL;
	}
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, find_walker, label, QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, find_walker, label);
}

/* Is there one in a plan?  The views that were read stay in its range table, for their privileges. */
static char *
port_in_plan(const PlannedStmt *plan)
{
	char *label = NULL;
	ListCell *cell;

	foreach (cell, plan->rtable)
	{
		const RangeTblEntry *rte = lfirst(cell);

		label = hidden_port(rte->relid);
		if (label != NULL)
			break;
	}
	return label;
}

/* ---- EXPLAIN ---- */

static void
run_and_print(PlannedStmt *plan, IntoClause *into, ExplainState *es, const char *text,
			  ParamListInfo params, QueryEnvironment *environment, List *ports,
			  const instr_time *planning)
{
	DestReceiver *dest = into != NULL ? CreateIntoRelDestReceiver(into) : None_Receiver;
	int flags = (es->analyze ? 0 : EXEC_FLAG_EXPLAIN_ONLY) | DmExplainFlags(es) |
				(into != NULL ? GetIntoRelEFlags(into) : 0);
	instr_time start;
	instr_time taken;
	QueryDesc *query;

	INSTR_TIME_SET_CURRENT(start);
	PushCopiedSnapshot(GetActiveSnapshot());
	UpdateActiveSnapshotCommandId();
	query = CreateQueryDesc(plan, text, GetActiveSnapshot(), InvalidSnapshot, dest, params,
							environment, es->analyze ? INSTRUMENT_ROWS : 0);
	ExecutorStart(query, flags);
	if (es->analyze)
	{
		DmExecutorRunTo(query, into != NULL && into->skipData ? NoMovementScanDirection
															  : ForwardScanDirection);
		ExecutorFinish(query);
	}
	INSTR_TIME_SET_CURRENT(taken);
	INSTR_TIME_SUBTRACT(taken, start);

	ExplainOpenGroup("Query", NULL, true, es);
	DmExplainPrint(es, query, ports);
	if (es->summary)
		ExplainPropertyFloat("Planning Time", "ms", 1000.0 * INSTR_TIME_GET_DOUBLE(*planning), 3,
							 es);
	if (es->summary && es->analyze)
		ExplainPropertyFloat("Execution Time", "ms", 1000.0 * INSTR_TIME_GET_DOUBLE(taken), 3, es);
	ExplainCloseGroup("Query", NULL, true, es);

	ExecutorEnd(query);
	FreeQueryDesc(query);
	PopActiveSnapshot();
	if (es->analyze)
		CommandCounterIncrement();
}

static void
explain(Query *query, int cursor_options, IntoClause *into, ExplainState *es, const char *text,
		ParamListInfo params, QueryEnvironment *environment)
{
	bool mesh = has_mesh();
	char *label = NULL;
	Marking marking = {0};
	BufferUsage before = pgBufferUsage;
	BufferUsage buffers = {0};
	Query *kept = mesh && next_explain != NULL ? copyObject(query) : NULL;
	PlannedStmt *plan;
	instr_time start;
	instr_time taken;

	if (!mesh && next_explain != NULL)
	{
		next_explain(query, cursor_options, into, es, text, params, environment);
		return;
	}
	if (mesh && find_walker((Node *) query, &label))
		mark_query(query, &marking, false);
	INSTR_TIME_SET_CURRENT(start);
	plan = pg_plan_query(query, text, cursor_options, params);
	INSTR_TIME_SET_CURRENT(taken);
	INSTR_TIME_SUBTRACT(taken, start);
	BufferUsageAccumDiff(&buffers, &pgBufferUsage, &before);

	if (label != NULL || (mesh && port_in_plan(plan) != NULL))
		run_and_print(plan, into, es, text, params, environment, marking.ports, &taken);
	else if (kept != NULL)
		next_explain(kept, cursor_options, into, es, text, params, environment);
	else
		DmExplainOnePlan(plan, into, es, text, params, environment, &taken,
						 es->buffers ? &buffers : NULL);
}

/* ---- EXPLAIN EXECUTE ---- */

/* The EXECUTE that is to be explained, by itself or as what CREATE TABLE AS runs; NULL if it is none. */
static ExecuteStmt *
explained_execute(Node *statement)
{
	Node *node = IsA(statement, ExplainStmt) ? ((ExplainStmt *) statement)->query : NULL;

	while (node != NULL && !IsA(node, ExecuteStmt))
	{
		if (IsA(node, Query))
			node = ((Query *) node)->utilityStmt;
		else if (IsA(node, CreateTableAsStmt))
			node = ((CreateTableAsStmt *) node)->query;
		else
			return NULL;
	}
	return (ExecuteStmt *) node;
}

/* As a plan of now has it: what the statement was when it was prepared may have changed. */
static char *
port_in_prepared(const char *name)
{
	PreparedStatement *prepared = FetchPreparedStatement(name, false);
	CachedPlan *plans;
	char *label = NULL;
	ListCell *cell;

	if (prepared == NULL)
		return NULL;
	plans = GetCachedPlan(prepared->plansource, NULL, CurrentResourceOwner, NULL);
	foreach (cell, plans->stmt_list)
		if (label == NULL)
			label = port_in_plan(lfirst(cell));
	ReleaseCachedPlan(plans, CurrentResourceOwner);
	return label;
}

static void
utility(PlannedStmt *planned, const char *text, bool read_only_tree, ProcessUtilityContext context,
		ParamListInfo params, QueryEnvironment *environment, DestReceiver *dest,
		QueryCompletion *completion)
{
	ExecuteStmt *execute =
		IsA(planned->utilityStmt, ExplainStmt) ? explained_execute(planned->utilityStmt) : NULL;
	EState *estate = NULL;

	if (execute != NULL && has_mesh() && port_in_prepared(execute->name) != NULL)
	{
		PlannedStmt *other = makeNode(PlannedStmt);

		estate = CreateExecutorState();
		*other = *planned;
		other->utilityStmt = (Node *) DmExplainPrepared((ExplainStmt *) planned->utilityStmt,
														execute, text, params, estate, &params);
		planned = other;
	}
	if (next_utility != NULL)
		next_utility(planned, text, read_only_tree, context, params, environment, dest, completion);
	else
		standard_ProcessUtility(planned, text, read_only_tree, context, params, environment, dest,
								completion);
	if (estate != NULL)
		FreeExecutorState(estate);
}

/* ---- other ways for a plan to get out ---- */

/* client_min_messages = log brings what is meant for the server's log to the client as well. */
static void
keep_from_client(ErrorData *error)
{
	const char *file = error->filename != NULL ? strrchr(error->filename, '/') : NULL;

	file = file != NULL ? file + 1 : error->filename;
	if (error->output_to_client && error->elevel < ERROR && file != NULL &&
		strcmp(file, "auto_explain.c") == 0 && !(IsTransactionState() && superuser()))
		error->output_to_client = false;
	if (next_log != NULL)
		next_log(error);
}

static void
restrict_settings(void)
{
	static const char *const names[] = {"debug_print_parse", "debug_print_rewritten",
										"debug_print_plan"};
	int count;
	struct config_generic **records = DmSettingRecords(&count);

	for (int i = 0; i < count; i++)
		for (int n = 0; n < lengthof(names); n++)
			if (strcmp(records[i]->name, names[n]) == 0 && records[i]->context == PGC_USERSET)
				records[i]->context = PGC_SUSET;
}

void
DmExplainInit(void)
{
	next_explain = ExplainOneQuery_hook;
	ExplainOneQuery_hook = explain;
	next_utility = ProcessUtility_hook;
	ProcessUtility_hook = utility;
	next_log = emit_log_hook;
	emit_log_hook = keep_from_client;
	restrict_settings();
}
