/*-------------------------------------------------------------------------
 *
 * guard_setting.c
 *		Settings that a role, a database or the cluster is given for all its sessions to come.
 *
 * Held are those that take something of the mesh away without a word:
 *	session_replication_role = replica	foreign keys stop to hold, which checks take as proof
 *	event_triggers = off (17)			the guard of DDL is off
 *	datamesh.break_glass = on			the glass would be broken before anybody wants to
 *	shared_preload_libraries			without datamesh: everything that needs it is off
 * In a session of his own a superuser sets what he likes.  row_security = off makes queries
 * fail and shows nothing; libraries that sessions load besides are the superuser's own code.
 *
 * Of roles, those count that are of the mesh and the members of teams; ALTER ROLE ALL and this
 * database count for everybody.  Another database has a mesh of its own, or none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
#include "utils/varlena.h"

#include "base/errors.h"
#include "base/session.h"
#include "governance/guard.h"

static void
refuse(const char *scope, const char *name, const char *value, const char *why)
{
	DmGuardRefuse(ERRCODE_DM_GUARDED, NULL,
				  psprintf("cannot set \"%s\" to \"%s\" for %s: %s", name, value, scope, why), NULL,
				  "A superuser can set it in a session of his own, or here with SET "
				  "datamesh.break_glass = on, which is written to the event log.");
}

/* Why the value must not be; NULL if it may. */
static const char *
danger(const char *name, const char *value)
{
	bool on;

	if (pg_strcasecmp(name, "session_replication_role") == 0 &&
		pg_strcasecmp(value, "replica") == 0)
		return "foreign keys would not be held any more, and checks take them as proof";
	if (pg_strcasecmp(name, "event_triggers") == 0 && parse_bool(value, &on) && !on)
		return "the guard of DDL would be off";
	if (pg_strcasecmp(name, "datamesh.break_glass") == 0 && parse_bool(value, &on) && on)
		return "the glass is broken when it is needed, not before";
	return NULL;
}

static char *
value_of(VariableSetStmt *set)
{
	if (set->kind != VAR_SET_VALUE && set->kind != VAR_SET_CURRENT)
		return NULL;
	return ExtractSetVariableArgs(set);
}

static void
judge_setting(VariableSetStmt *set, const char *scope)
{
	char *value = value_of(set);
	const char *why = value != NULL ? danger(set->name, value) : NULL;

	if (why != NULL)
		refuse(scope, set->name, value, why);
}

/* ---- roles and databases ---- */

static bool
counts(Oid role)
{
	ListCell *cell;

	foreach (cell, DmGuardMeshRoles())
	{
		const DmMeshRole *ours = lfirst(cell);

		if (ours->role == role ||
			(ours->kind == DM_ROLE_OWNER && is_member_of_role_nosuper(role, ours->role)))
			return true;
	}
	return false;
}

/* Roles of superusers may replicate; they must not do without the guard from the start. */
static bool
switches_off(const VariableSetStmt *set)
{
	return set->name != NULL && pg_strcasecmp(set->name, "session_replication_role") != 0;
}

static bool
is_here(const char *database)
{
	return database == NULL || get_database_oid(database, true) == MyDatabaseId;
}

static void
judge_role(const AlterRoleSetStmt *alter)
{
	Oid role = alter->role != NULL ? get_rolespec_oid(alter->role, true) : InvalidOid;

	if (!is_here(alter->database))
		return;
	if (alter->role == NULL)
		judge_setting(alter->setstmt, "all roles");
	else if (OidIsValid(role) &&
			 (counts(role) || (superuser_arg(role) && switches_off(alter->setstmt))))
		judge_setting(alter->setstmt, psprintf("role \"%s\"", GetUserNameFromId(role, false)));
}

/* ---- the cluster ---- */

static bool
names_us(const char *libraries)
{
	List *names = NIL;
	ListCell *cell;

	if (!SplitDirectoriesString(pstrdup(libraries), ',', &names))
		return true; /* PostgreSQL's to refuse */
	foreach (cell, names)
	{
		const char *name = lfirst(cell);
		const char *base = last_dir_separator(name);

		if (base != NULL)
			name = base + 1;
		if (strcmp(name, "datamesh") == 0 || strncmp(name, "datamesh.", 9) == 0)
			return true;
	}
	return false;
}

/*
 * What the files will say once ALTER SYSTEM does not; "" if they say nothing, NULL if it says nothing now.
 */
static char *
value_without_system(const char *name)
{
	const Oid type = TEXTOID;
	Datum value = CStringGetTextDatum(name);
	MemoryContext caller = CurrentMemoryContext;
	char *result = NULL;
	DmIdentity saved;

	PushActiveSnapshot(GetLatestSnapshot());
	DmBecomeExtensionOwner(&saved);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	DmSpiExecute("SELECT coalesce((pg_catalog.array_agg(setting ORDER BY seqno DESC) FILTER "
				 "(WHERE NOT system))[1], '') FROM (SELECT *, sourcefile LIKE "
				 "'%postgresql.auto.conf' AS system FROM pg_catalog.pg_file_settings WHERE "
				 "pg_catalog.lower(name) = $1) AS s HAVING pg_catalog.bool_or(system)",
				 1, &type, &value, NULL, true);
	if (SPI_processed > 0)
		result = MemoryContextStrdup(caller, DmSpiText(0, 1));
	SPI_finish();
	DmIdentityRestore(&saved);
	PopActiveSnapshot();
	return result;
}

static void
judge_system(const AlterSystemStmt *alter)
{
	const char *libraries = "shared_preload_libraries";
	VariableSetStmt *set = alter->setstmt;
	bool about_us = set->kind == VAR_RESET_ALL || pg_strcasecmp(set->name, libraries) == 0;
	char *value = value_of(set);

	if (DmGuardIsEmpty())
		return;
	if (about_us && value == NULL)
		value = value_without_system(libraries);
	if (about_us && value != NULL && !names_us(value))
		refuse("the server", libraries, value, "datamesh would not be loaded any more");
	else if (set->kind != VAR_RESET_ALL)
		judge_setting(set, "the server");
}

void
DmGuardSetting(Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_AlterRoleSetStmt:
			judge_role((AlterRoleSetStmt *) statement);
			break;
		case T_AlterDatabaseSetStmt:
			if (is_here(((AlterDatabaseSetStmt *) statement)->dbname))
				judge_setting(
					((AlterDatabaseSetStmt *) statement)->setstmt,
					psprintf("database \"%s\"", ((AlterDatabaseSetStmt *) statement)->dbname));
			break;
		default:
			judge_system((AlterSystemStmt *) statement);
			break;
	}
}
