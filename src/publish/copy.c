/*-------------------------------------------------------------------------
 *
 * copy.c
 *		One pass over the source: it fills the release and measures it.
 *
 * The query runs through the executor as the domain's owner, in a
 * security-restricted operation, with a receiver of ours at its end.  Each row
 * that comes has, in this order,
 *
 *	the number of the release, the columns of the release, the inputs that the
 *	quality plan asked for
 *
 * so that the first part is the tuple to be stored and the rest is what the
 * quality engine observes.
 *
 * Rows are stored in batches, which takes one buffer lock and one WAL record for
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
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/session.h"
#include "publish/publish.h"
#include "publish/tuple.h"

#define BATCH_ROWS 1000
#define BATCH_BYTES (256 * 1024)

/* Of the memory for a batch, what one more row may need. */
#define ROW_RESERVE (64 * 1024)

typedef struct CopyReceiver
{
	DestReceiver pub;
	Relation rel;
	int natts; /* of the release, its number included */
	DmQualityPlan *plan;
	CommandId cid;
	BulkInsertState bulk;  /* NULL while the release is small: see keep_cache */
	MemoryContext home;    /* slots: longer than the executor's own */
	DmTupleFormer *former; /* the tuples of the batch */
	MemoryContext batch;   /* those that it leaves to others, and what storing needs */
	MemoryContext row;     /* whatever measuring one row leaves behind */
	TupleTableSlot *slots[BATCH_ROWS];
	int nslots;
	int nrows;
	Size nbytes;
	Size written; /* bytes, in all batches */
	int64 total;
} CopyReceiver;

static void
copy_startup(DestReceiver *self, int operation, TupleDesc desc)
{
	CopyReceiver *copy = (CopyReceiver *) self;

	if (desc->natts < copy->natts)
		elog(ERROR, "the copying query has %d columns, the release %d", desc->natts, copy->natts);
	if (copy->plan != NULL)
		DmQualityObserveBegin(copy->plan, desc, copy->natts);

	/* Before parallel mode begins, which allows no such change. */
	copy->cid = GetCurrentCommandId(true);
}

/*
 * A release that fits well into shared buffers stays there: its readers come next.  A larger one is
 * written through a small ring from then on, so that it does not push everybody else's pages out.
 * The bound is the one from which sequential scans use a ring.
 */
static void
keep_cache(CopyReceiver *copy)
{
	copy->written += copy->nbytes;
	if (copy->bulk == NULL && copy->written / BLCKSZ > NBuffers / 4)
	{
		MemoryContext old = MemoryContextSwitchTo(copy->home);

		copy->bulk = GetBulkInsertState();
		MemoryContextSwitchTo(old);
	}
}

static void
flush_batch(CopyReceiver *copy)
{
	MemoryContext old;

	if (copy->nrows == 0)
		return;
	keep_cache(copy);
	old = MemoryContextSwitchTo(copy->batch);
	table_multi_insert(copy->rel, copy->slots, copy->nrows, copy->cid,
					   TABLE_INSERT_SKIP_FSM | TABLE_INSERT_FROZEN, copy->bulk);
	MemoryContextSwitchTo(old);
	for (int i = 0; i < copy->nrows; i++)
		ExecClearTuple(copy->slots[i]);
	DmTupleFormerReset(copy->former);
	MemoryContextReset(copy->batch);
	copy->total += copy->nrows;
	copy->nrows = 0;
	copy->nbytes = 0;
	DmProgressRows(copy->total);
	CHECK_FOR_INTERRUPTS();
}

static void
observe_row(CopyReceiver *copy, TupleTableSlot *slot)
{
	MemoryContext old = MemoryContextSwitchTo(copy->row);

	DmQualityObserve(copy->plan, slot->tts_values + copy->natts, slot->tts_isnull + copy->natts);
	MemoryContextSwitchTo(old);
	MemoryContextReset(copy->row);
}

static bool
copy_row(TupleTableSlot *slot, DestReceiver *self)
{
	CopyReceiver *copy = (CopyReceiver *) self;
	MemoryContext old = CurrentMemoryContext;
	HeapTuple tuple;

	slot_getallattrs(slot);

	if (copy->plan != NULL)
		observe_row(copy, slot);
	tuple = DmTupleForm(copy->former, slot->tts_values, slot->tts_isnull);
	if (tuple == NULL)
	{
		MemoryContextSwitchTo(copy->batch);
		tuple = heap_form_tuple(RelationGetDescr(copy->rel), slot->tts_values, slot->tts_isnull);
	}
	tuple->t_tableOid = RelationGetRelid(copy->rel);
	MemoryContextSwitchTo(copy->home);
	if (copy->nrows == copy->nslots)
		copy->slots[copy->nslots++] =
			MakeSingleTupleTableSlot(RelationGetDescr(copy->rel), &TTSOpsHeapTuple);
	MemoryContextSwitchTo(old);

	ExecStoreHeapTuple(tuple, copy->slots[copy->nrows++], false);
	copy->nbytes += tuple->t_len;
	if (copy->nrows == BATCH_ROWS || copy->nbytes >= BATCH_BYTES)
		flush_batch(copy);
	return true;
}

static void
copy_shutdown(DestReceiver *self)
{
	CopyReceiver *copy = (CopyReceiver *) self;

	flush_batch(copy);
	if (copy->plan != NULL)
		DmQualityObserveEnd(copy->plan);
}

static void
copy_destroy(DestReceiver *self)
{
	CopyReceiver *copy = (CopyReceiver *) self;

	for (int i = 0; i < copy->nslots; i++)
		ExecDropSingleTupleTableSlot(copy->slots[i]);
	MemoryContextDelete(copy->batch);
	MemoryContextDelete(copy->row);
	pfree(copy);
}

static CopyReceiver *
make_receiver(Relation rel, DmQualityPlan *plan)
{
	CopyReceiver *copy = palloc0(sizeof(CopyReceiver));

	copy->pub.receiveSlot = copy_row;
	copy->pub.rStartup = copy_startup;
	copy->pub.rShutdown = copy_shutdown;
	copy->pub.rDestroy = copy_destroy;
	copy->pub.mydest = DestIntoRel;
	copy->rel = rel;
	copy->natts = RelationGetNumberOfAttributes(rel);
	copy->plan = plan;
	copy->home = CurrentMemoryContext;
	copy->former = DmTupleFormerCreate(RelationGetDescr(rel), BATCH_BYTES + ROW_RESERVE);
	copy->batch = GenerationContextCreate(CurrentMemoryContext, "datamesh copy batch",
										  BATCH_BYTES / 4, BATCH_BYTES / 4, BATCH_BYTES);
	copy->row =
		AllocSetContextCreate(CurrentMemoryContext, "datamesh copy row", ALLOCSET_SMALL_SIZES);
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

static PlannedStmt *
plan_query(const char *sql)
{
	List *raw = pg_parse_query(sql);
	List *queries;

	if (list_length(raw) != 1 || !IsA(linitial_node(RawStmt, raw)->stmt, SelectStmt))
		elog(ERROR, "the copying query is not one SELECT: %s", sql);
	queries = pg_analyze_and_rewrite_fixedparams(linitial_node(RawStmt, raw), sql, NULL, 0, NULL);
	if (list_length(queries) != 1)
		elog(ERROR, "the copying query was rewritten to %d queries", list_length(queries));
	return pg_plan_query(linitial_node(Query, queries), sql, CURSOR_OPT_PARALLEL_OK, NULL);
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

	pub->rows = copy->total;
	if (copy->bulk != NULL)
		FreeBulkInsertState(copy->bulk);
	table_finish_bulk_insert(rel, TABLE_INSERT_SKIP_FSM);
	copy->pub.rDestroy(&copy->pub);
	table_close(rel, NoLock);
	CommandCounterIncrement();
}
