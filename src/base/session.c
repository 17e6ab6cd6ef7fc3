/*-------------------------------------------------------------------------
 *
 * session.c
 *		Identity switches and SPI helpers.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_extension.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/module.h"
#include "base/session.h"

/*
 * Whether datamesh itself is at work, so that its guard of DDL lets it pass.  The switch belongs to the
 * identity: on with the extension's owner, off with the domain's, and what it was when that is restored.
 * Each change remembers the depth of the transaction in which it was made, because an error restores
 * nothing: then the changes of the (sub)transactions that end are undone here.
 */
#define MAX_WORK_DEPTH 64

static struct
{
	int level;
	bool on;
} work[MAX_WORK_DEPTH];
static int work_depth = 0;
static Oid work_owner = InvalidOid;

static void
forget_work(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE ||
		event == XACT_EVENT_PARALLEL_COMMIT || event == XACT_EVENT_PARALLEL_ABORT)
		work_depth = 0;
}

static void
undo_work(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	int level = GetCurrentTransactionNestLevel();

	if (event == SUBXACT_EVENT_ABORT_SUB)
		while (work_depth > 0 && work[work_depth - 1].level >= level)
			work_depth--;
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		for (int i = work_depth - 1; i >= 0 && work[i].level >= level; i--)
			work[i].level = level - 1;
}

static void
switch_work(bool on)
{
	static bool registered = false;

	if (!registered)
	{
		RegisterXactCallback(forget_work, NULL);
		RegisterSubXactCallback(undo_work, NULL);
		registered = true;
	}
	if (work_depth == MAX_WORK_DEPTH)
		ereport(ERROR, (errcode(ERRCODE_STATEMENT_TOO_COMPLEX),
						errmsg("datamesh has been called within itself too deeply")));
	work[work_depth].level = GetCurrentTransactionNestLevel();
	work[work_depth++].on = on;
}

bool
DmAtWork(void)
{
	return work_depth > 0 && work[work_depth - 1].on && GetUserId() == work_owner;
}

/*
 * A contract means the same whoever asks: no setting of a session may change what a text of SQL
 * says, or how a value is written.  DateStyle keeps its order (the database's 03/02 stays what it
 * is), and TimeZone is the session's: both are part of what a domain's own code is written for.
 */
int
DmPinSettings(void)
{
	static const char *const pinned[][2] = {
		{"search_path", "pg_catalog, pg_temp"},
		{"quote_all_identifiers", "off"},
		{"standard_conforming_strings", "on"},
		{"backslash_quote", "safe_encoding"},
		{"transform_null_equals", "off"},
		{"array_nulls", "on"},
		{"xmloption", "content"},
		{"bytea_output", "hex"},
		{"datestyle", "ISO"},
		{"intervalstyle", "postgres"},
		{"extra_float_digits", "1"},
		/* what we create lies where the database says, in the format that copying writes */
		{"default_tablespace", ""},
		{"default_table_access_method", "heap"},
	};
	int level = NewGUCNestLevel();

	for (int i = 0; i < lengthof(pinned); i++)
		(void) set_config_option(pinned[i][0], pinned[i][1], PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	return level;
}

static void
become(DmIdentity *saved, Oid role, int sec_context)
{
	GetUserIdAndSecContext(&saved->saved_user, &saved->saved_sec_context);
	SetUserIdAndSecContext(role, saved->saved_sec_context | sec_context);
	saved->guc_level = DmPinSettings();
}

/*
 * datamesh.acting_for: the role whose code is being run by DmBecomeDomain, as a number; else empty.  It is
 * a setting because those are restored by errors and carried to parallel workers, and for nothing else:
 * nobody but the code below, and a parallel worker that takes over its leader's state, can set it.
 */
static char *acting_for_setting = NULL;
static Oid acting_for = InvalidOid;
static bool setting_acting_for = false;

static bool
check_acting_for(char **value, void **extra, GucSource source)
{
	if (setting_acting_for || InitializingParallelWorker ||
		(source == PGC_S_DEFAULT && (*value)[0] == '\0'))
		return true;
	GUC_check_errdetail("Only datamesh itself sets it, while it runs the code of a domain.");
	return false;
}

static void
assign_acting_for(const char *value, void *extra)
{
	acting_for = atooid(value);
}

void
DmSessionInit(void)
{
	DefineCustomStringVariable("datamesh.acting_for", "The role whose code datamesh is running.",
							   "Internal: nobody can set it.", &acting_for_setting, "", PGC_SUSET,
							   GUC_NO_SHOW_ALL | GUC_NO_RESET_ALL | GUC_NOT_IN_SAMPLE |
								   GUC_DISALLOW_IN_FILE | GUC_SUPERUSER_ONLY,
							   check_acting_for, assign_acting_for, NULL);
}

static void
act_for(Oid role)
{
	char value[12];

	snprintf(value, sizeof(value), "%u", role);
	setting_acting_for = true;
	PG_TRY();
	{
		(void) set_config_option("datamesh.acting_for", value, PGC_SUSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	}
	PG_FINALLY();
	{
		setting_acting_for = false;
	}
	PG_END_TRY();
}

Oid
DmOuterUser(void)
{
	return likely(!OidIsValid(acting_for)) ? GetOuterUserId() : acting_for;
}

void
DmBecomeRestricted(DmIdentity *saved, Oid role)
{
	saved->work_depth = work_depth;
	switch_work(false);
	become(saved, role, SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
}

void
DmBecomeDomain(DmIdentity *saved, Oid role)
{
	DmBecomeRestricted(saved, role);
	act_for(role);
}

void
DmBecomeReader(DmIdentity *saved, Oid relation)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Oid owner = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
		ReleaseSysCache(tuple);
	}
	if (OidIsValid(owner) && superuser() && !superuser_arg(owner))
	{
		DmBecomeRestricted(saved, owner);
		return;
	}
	saved->work_depth = work_depth;
	become(saved, GetUserId(), 0);
}

void
DmBecomeExtensionOwner(DmIdentity *saved)
{
	Oid owner = DmExtensionOwner();

	saved->work_depth = work_depth;
	switch_work(true);
	work_owner = owner;
	become(saved, owner, SECURITY_LOCAL_USERID_CHANGE);
}

void
DmIdentityPlanSmall(void)
{
	(void) set_config_option("jit", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
							 false);
}

void
DmIdentityRestore(const DmIdentity *saved)
{
	work_depth = Min(work_depth, saved->work_depth);
	AtEOXact_GUC(false, saved->guc_level);
	SetUserIdAndSecContext(saved->saved_user, saved->saved_sec_context);
}

/* The pg_extension row of datamesh, by name; an error if it is not installed here. */
static Form_pg_extension
read_extension(FormData_pg_extension *copy)
{
	Relation rel = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple tuple;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum("datamesh"));
	scan = systable_beginscan(rel, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (!HeapTupleIsValid(tuple))
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("extension \"datamesh\" is not installed in this database"),
						errhint("Run CREATE EXTENSION datamesh CASCADE.")));
	memcpy(copy, GETSTRUCT(tuple), offsetof(FormData_pg_extension, extrelocatable));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return copy;
}

Oid
DmExtensionOwner(void)
{
	FormData_pg_extension extension;

	return read_extension(&extension)->extowner;
}

/* Our objects live in the schema "datamesh", which the extension's script creates. */
Oid
DmExtensionSchema(void)
{
	return get_namespace_oid("datamesh", false);
}

int
DmSpiExecute(const char *sql, int nargs, const Oid *types, const Datum *values, const bool *nulls,
			 bool read_only)
{
	char *null_flags = palloc(nargs + 1);
	int result;

	for (int i = 0; i < nargs; i++)
		null_flags[i] = (nulls != NULL && nulls[i]) ? 'n' : ' ';
	null_flags[nargs] = '\0';

	result = SPI_execute_with_args(sql, nargs, (Oid *) types, (Datum *) values, null_flags,
								   read_only, 0);
	if (result < 0)
		elog(ERROR, "SPI refused \"%s\": %s", sql, SPI_result_code_string(result));
	pfree(null_flags);
	return result;
}

char *
DmSpiText(uint64 row, int column)
{
	return SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column);
}

Datum
DmSpiDatum(uint64 row, int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, isnull);
}
