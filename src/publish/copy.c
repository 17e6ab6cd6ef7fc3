/*-------------------------------------------------------------------------
 *
 * copy.c
 *		One pass over the source: it fills the release and measures it.
 *
 * The query runs through the executor as the domain's owner, in a
 * security-restricted operation.  Each row of it has, in this order,
 *
 *	the number of the release, the columns of the release, the inputs that the
 *	quality plan asked for
 *
 * A node that is put on its plan (copy_scan.c), in parallel workers too, observes the
 * latter and forms the former into tuples; a receiver at the end stores them.
 *
 * Tuples are stored in blocks, which takes one buffer lock and one WAL record for
 * many of them.  They are frozen as they are written: nobody can have seen the
 * relation before the transaction that made it commits, nobody has a privilege on
 * it but through the port, and the port shows the release to those snapshots
 * only that see the commit.  A reader after the publish then has no hint bits to
 * set and index-only scans work at once.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "parser/parser.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/session.h"
#include "publish/copy_scan.h"
#include "publish/publish.h"
#include "publish/tuple.h"

typedef struct CopyReceiver
{
	DestReceiver pub;
	Relation rel;
	DmQualityPlan *plan; /* NULL: nothing is measured */
	CommandId cid;
	BulkInsertState bulk;  /* NULL while the release is small: see keep_cache */
	MemoryContext home;    /* longer than the executor's own */
	MemoryContext storing; /* what storing one block leaves behind */
	TupleTableSlot *slots[DM_BLOCK_TUPLES];
	int nslots;
	Size written; /* bytes, in all blocks */
	int64 rows;
} CopyReceiver;

static void
copy_startup(DestReceiver *self, int operation, TupleDesc desc)
{
	/* Before parallel mode begins, which allows no such change. */
	((CopyReceiver *) self)->cid = GetCurrentCommandId(true);
}

/*
 * A release that fits well into shared buffers stays there: its readers come next.  A larger one is
 * written through a small ring from then on, so that it does not push everybody else's pages out.
 * The bound is the one from which sequential scans use a ring.
 */
static void
keep_cache(CopyReceiver *copy, const DmTupleBlock *block)
{
	copy->written += VARSIZE(block);
	if (copy->bulk == NULL && copy->written / BLCKSZ > NBuffers / 4)
	{
		MemoryContext old = MemoryContextSwitchTo(copy->home);

		copy->bulk = GetBulkInsertState();
		MemoryContextSwitchTo(old);
	}
}

static TupleTableSlot *
slot_number(CopyReceiver *copy, int n)
{
	if (n == copy->nslots)
	{
		MemoryContext old = MemoryContextSwitchTo(copy->home);

		copy->slots[copy->nslots++] =
			MakeSingleTupleTableSlot(RelationGetDescr(copy->rel), &TTSOpsHeapTuple);
		MemoryContextSwitchTo(old);
	}
	return copy->slots[n];
}

static void
store(CopyReceiver *copy, DmTupleBlock *block)
{
	int n = 0;

	for (HeapTuple tuple = DmTupleBlockNext(block, NULL); tuple != NULL;
		 tuple = DmTupleBlockNext(block, tuple))
	{
		tuple->t_tableOid = RelationGetRelid(copy->rel);
		ExecStoreHeapTuple(tuple, slot_number(copy, n++), false);
	}
	keep_cache(copy, block);
	table_multi_insert(copy->rel, copy->slots, n, copy->cid,
					   TABLE_INSERT_SKIP_FSM | TABLE_INSERT_FROZEN, copy->bulk);
	for (int i = 0; i < n; i++)
		ExecClearTuple(copy->slots[i]);
	copy->rows += n;
	DmProgressRows(copy->rows);
}

/* See copy_scan.h. */
static bool
copy_receive(TupleTableSlot *slot, DestReceiver *self)
{
	CopyReceiver *copy = (CopyReceiver *) self;
	MemoryContext old = MemoryContextSwitchTo(copy->storing);

	slot_getallattrs(slot);
	if (!slot->tts_isnull[0])
		store(copy, DmTupleBlockOf(slot->tts_values[0]));
	if (!slot->tts_isnull[1])
		DmQualityObserved(copy->plan, slot->tts_values[1]);
	MemoryContextSwitchTo(old);
	MemoryContextReset(copy->storing);
	CHECK_FOR_INTERRUPTS();
	return true;
}

static void
copy_shutdown(DestReceiver *self)
{
}

static void
copy_destroy(DestReceiver *self)
{
	CopyReceiver *copy = (CopyReceiver *) self;

	for (int i = 0; i < copy->nslots; i++)
		ExecDropSingleTupleTableSlot(copy->slots[i]);
	MemoryContextDelete(copy->storing);
	pfree(copy);
}

static CopyReceiver *
make_receiver(Relation rel, DmQualityPlan *plan)
{
	CopyReceiver *copy = palloc0(sizeof(CopyReceiver));

	copy->pub.receiveSlot = copy_receive;
	copy->pub.rStartup = copy_startup;
	copy->pub.rShutdown = copy_shutdown;
	copy->pub.rDestroy = copy_destroy;
	copy->pub.mydest = DestIntoRel;
	copy->rel = rel;
	copy->plan = plan;
	copy->home = CurrentMemoryContext;
	copy->storing =
		AllocSetContextCreate(CurrentMemoryContext, "datamesh copy", ALLOCSET_DEFAULT_SIZES);
	return copy;
}

/* What the source calls a column of the release. */
static char *
source_column(const DmPublication *pub, const char *name)
{
	ListCell *cell;

	foreach (cell, pub->columns)
	{
		DmPublishColumn *column = lfirst(cell);

		if (strcmp(column->name, name) == 0)
			return column->source_name;
	}
	elog(ERROR, "column \"%s\" of the release is not in the contract", name);
	return NULL;
}

/*
 * A view's columns may call functions of the domain, and a function that says it is stable need not
 * be: flattened into our query, the value that is stored and the one that is checked would be two
 * calls of it.  OFFSET 0 keeps the view's query apart, so that each row of it is computed once.
 */
static char *
source_sql(const DmPublication *pub)
{
	if (get_rel_relkind(pub->source) != RELKIND_VIEW)
		return pub->source_label;
	return psprintf("(SELECT * FROM %s OFFSET 0) AS %s", pub->source_label,
					quote_identifier(pub->contract->source_name));
}

/* SELECT release, columns, inputs FROM source; what the quality plan wants is its own business. */
static char *
copy_query(const DmPublication *pub, Relation rel, DmQualityPlan *plan)
{
	StringInfoData sql;
	ListCell *cell;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT %d::pg_catalog.int4", pub->release_id);
	for (int i = 1; i < RelationGetNumberOfAttributes(rel); i++)
		appendStringInfo(
			&sql, ", %s",
			quote_identifier(source_column(pub, NameStr(TupleDescAttr(rel->rd_att, i)->attname))));
	foreach (cell, plan != NULL ? DmQualityPlanInputs(plan) : NIL)
		appendStringInfo(&sql, ", (%s\n)", (char *) lfirst(cell));
	appendStringInfo(&sql, " FROM %s", source_sql(pub));
	return sql.data;
}

static Query *
parse_query(const char *sql)
{
	List *raw = pg_parse_query(sql);
	List *queries;

	if (list_length(raw) != 1 || !IsA(linitial_node(RawStmt, raw)->stmt, SelectStmt))
		elog(ERROR, "the copying query is not one SELECT: %s", sql);
	queries = pg_analyze_and_rewrite_fixedparams(linitial_node(RawStmt, raw), sql, NULL, 0, NULL);
	if (list_length(queries) != 1)
		elog(ERROR, "the copying query was rewritten to %d queries", list_length(queries));
	return linitial_node(Query, queries);
}

/*
 * A row that comes from a worker costs the leader parallel_tuple_cost.  Where workers form the rows
 * they come by the hundred, in one piece, and cost nothing; where they hand them over to something
 * else first, such as a sort, they cost what they always do.
 */
static PlannedStmt *
plan_query(const char *sql)
{
	Query *query = parse_query(sql);
	PlannedStmt *planned;
	int level = NewGUCNestLevel();

	(void) set_config_option("parallel_tuple_cost", "0", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	planned = pg_plan_query(copyObject(query), sql, CURSOR_OPT_PARALLEL_OK, NULL);
	AtEOXact_GUC(false, level);
	if (DmCopyScanIsShared(planned) || !planned->parallelModeNeeded)
		return planned;
	return pg_plan_query(query, sql, CURSOR_OPT_PARALLEL_OK, NULL);
}

/* Can the one pass measure all that the plan asks for?  A query has at most so many columns. */
bool
DmCopyCanMeasure(const DmPublication *pub, DmQualityPlan *plan)
{
	return 1 + list_length(pub->columns) + list_length(DmQualityPlanInputs(plan)) <=
		   MaxTupleAttributeNumber;
}

/*
 * Run the pass; plan NULL only copies.  pub->rows is the number of rows stored.  The current user must
 * be the domain's owner, restricted.
 */
void
DmCopySource(DmPublication *pub, DmQualityPlan *plan)
{
	Relation rel = table_open(pub->release, RowExclusiveLock);
	char *sql = copy_query(pub, rel, plan);
	CopyReceiver *copy = make_receiver(rel, plan);
	PlannedStmt *planned;
	QueryDesc *query;

	CommandCounterIncrement();
	pub->source_as_of = GetCurrentTimestamp();
	PushActiveSnapshot(GetTransactionSnapshot());
	planned = plan_query(sql);
	DmProgressExpect(planned->planTree->plan_rows);
	DmCopyScanAdd(planned, pub->release, plan != NULL ? DmQualityObserveBegin(plan) : NULL);

	PushCopiedSnapshot(GetActiveSnapshot());
	UpdateActiveSnapshotCommandId();
	query = CreateQueryDesc(planned, sql, GetActiveSnapshot(), InvalidSnapshot, &copy->pub, NULL,
							NULL, 0);
	ExecutorStart(query, 0);
	DmExecutorRun(query);
	ExecutorFinish(query);
	ExecutorEnd(query);
	FreeQueryDesc(query);
	PopActiveSnapshot();
	PopActiveSnapshot();

	if (plan != NULL)
		DmQualityObserveEnd(plan);
	pub->rows = copy->rows;
	if (copy->bulk != NULL)
		FreeBulkInsertState(copy->bulk);
	table_finish_bulk_insert(rel, TABLE_INSERT_SKIP_FSM);
	copy->pub.rDestroy(&copy->pub);
	table_close(rel, NoLock);
	CommandCounterIncrement();
}
