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
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_extension.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/rel.h"

#include "base/session.h"

static void
become(DmIdentity *saved, Oid role, int sec_context)
{
	GetUserIdAndSecContext(&saved->saved_user, &saved->saved_sec_context);
	SetUserIdAndSecContext(role, saved->saved_sec_context | sec_context);
	saved->guc_level = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	/* Names of products are kept quoted where they must be, whatever the caller's taste. */
	(void) set_config_option("quote_all_identifiers", "off", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

void
DmBecomeDomain(DmIdentity *saved, Oid role)
{
	become(saved, role, SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
}

void
DmBecomeExtensionOwner(DmIdentity *saved)
{
	become(saved, DmExtensionOwner(), SECURITY_LOCAL_USERID_CHANGE);
}

void
DmIdentityRestore(const DmIdentity *saved)
{
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
