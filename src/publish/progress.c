/*-------------------------------------------------------------------------
 *
 * progress.c
 *		What other sessions see of a running publish: datamesh.progress.
 *
 * Shared memory of our own would need shared_preload_libraries.  Every backend
 * already has a slot of twenty numbers that others can read, meant for the
 * commands PostgreSQL reports on; one of those commands, COPY, is what we are
 * most like.  A publish therefore reports itself as a COPY into the release.
 * It uses slots that COPY leaves alone, and a magic value tells the two apart:
 * pg_stat_progress_copy shows the rows done, datamesh.progress everything.
 *
 * Commands that run inside a publish (CREATE INDEX, ANALYZE) use the same slot
 * and clear it at their end, and so does the abort of a subtransaction: what
 * is to be seen is kept here and written anew with each phase.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/progress.h"
#include "utils/backend_progress.h"
#include "utils/timestamp.h"

#include "publish/publish.h"

/* Slots beyond those of COPY; sql/parts/publish.sql reads the same, counted from 1. */
#define SLOT_MAGIC 10
#define SLOT_PRODUCT 11
#define SLOT_PHASE 12
#define SLOT_EXPECTED 13
#define SLOT_STARTED 14
#define MAGIC INT64CONST(0x646d7075626c6973)

static struct
{
	int64 product_id;
	int64 started;
	int64 phase;
	int64 expected;
	int64 rows;
} current;

static void
show(void)
{
	const int slots[] = {SLOT_MAGIC,    SLOT_PRODUCT, SLOT_PHASE,
						 SLOT_EXPECTED, SLOT_STARTED, PROGRESS_COPY_TUPLES_PROCESSED};
	const int64 values[] = {MAGIC,           current.product_id, current.phase, current.expected,
							current.started, current.rows};

	pgstat_progress_start_command(PROGRESS_COMMAND_COPY, InvalidOid);
	pgstat_progress_update_multi_param(lengthof(slots), slots, values);
}

void
DmProgressStart(int32 product_id)
{
	memset(&current, 0, sizeof(current));
	current.product_id = product_id;
	current.started = GetCurrentTimestamp();
	current.phase = DM_PHASE_WAITING;
	show();
}

void
DmProgressPhase(DmPhase phase)
{
	current.phase = phase;
	show();
}

void
DmProgressExpect(double rows)
{
	current.expected = (int64) Min(Max(rows, 0), 1e18);
	show();
}

void
DmProgressRows(int64 rows)
{
	current.rows = rows;
	pgstat_progress_update_param(PROGRESS_COPY_TUPLES_PROCESSED, rows);
}

void
DmProgressEnd(void)
{
	pgstat_progress_end_command();
}
