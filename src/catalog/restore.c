/*-------------------------------------------------------------------------
 *
 * restore.c
 *		Is this session restoring a dump?  If so, rows of the catalog come in any order.
 *
 * pg_dump sorts the tables of an extension by their foreign keys, but the
 * archive does not say so: it keeps one dependency for the rows of a table, the
 * table itself.  So pg_restore --jobs copies children before their parents, and
 * what is granted and built on top of the rows comes over connections that never
 * copied one.  Each of these sessions has to be known by itself:
 *
 * - its settings are those that pg_dump and pg_restore begin every session and
 *	 script with.  Nothing of ours runs with an empty search_path, whoever calls it;
 *
 * - a superuser logged in;
 *
 * - this database has never appended an event of its own.  The first that it
 *	 appends writes the row of event_log_local, which no dump carries: from then
 *	 on the mesh is at work, and the guard and the foreign keys are for everybody.
 *
 * Foreign keys are lifted for the time of one statement that inserts into our
 * tables, by the setting that replication does it with: DmRestoring() is asked in
 * a BEFORE trigger, and the AFTER trigger puts the setting back.  An error puts it
 * back as well.  Both are ENABLE ALWAYS, as are all triggers of ours.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/session.h"
#include "catalog/catalog.h"

PG_FUNCTION_INFO_V1(dm_restore_rows);

/* Has this database appended an event of its own?  Also where our tables are not there (any more). */
static bool
was_at_work(void)
{
	Oid schema = get_namespace_oid("datamesh", true);
	Oid relid = OidIsValid(schema) ? get_relname_relid("event_log_local", schema) : InvalidOid;
	Relation rel = OidIsValid(relid) ? try_table_open(relid, AccessShareLock) : NULL;
	SysScanDesc scan;
	bool found;

	if (rel == NULL)
		return true;
	scan = systable_beginscan(rel, InvalidOid, false, SnapshotSelf, 0, NULL);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

bool
DmRestoring(void)
{
	return !check_function_bodies && namespace_search_path[0] == '\0' && !DmAtWork() &&
		   superuser_arg(GetAuthenticatedUserId()) && !was_at_work();
}

static void
set_role(const char *value)
{
	(void) set_config_option("session_replication_role", value, PGC_SUSET, PGC_S_SESSION,
							 GUC_ACTION_LOCAL, true, 0, false);
}

/* Trigger before and after each statement that inserts into a table of ours with foreign keys. */
Datum
dm_restore_rows(PG_FUNCTION_ARGS)
{
	/* what an error leaves behind is overwritten: no AFTER comes without its BEFORE */
	static const char *lifted = NULL;
	TriggerData *data = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("restore_rows() must be called as a trigger")));
	if (TRIGGER_FIRED_BEFORE(data->tg_event))
	{
		lifted = NULL;
		if (SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA || !DmRestoring())
			return PointerGetDatum(NULL);
		lifted = SessionReplicationRole == SESSION_REPLICATION_ROLE_LOCAL ? "local" : "origin";
		set_role("replica");
	}
	else if (lifted != NULL)
	{
		set_role(lifted);
		lifted = NULL;
	}
	return PointerGetDatum(NULL);
}
