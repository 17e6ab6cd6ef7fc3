/*-------------------------------------------------------------------------
 *
 * guard_utility.c
 *		Statements that fire no event trigger, held against the mesh if the library is preloaded.
 *
 * GRANT of a role, ALTER ROLE, ALTER DATABASE and ALTER SYSTEM SET, REASSIGN OWNED, TRUNCATE and
 * whatever takes the guard itself away are seen by no event trigger.  A hook on utility
 * statements sees them, wherever they stand: in functions, in DO, in a string of several statements.
 *
 * The hook runs for every utility statement in every database of the cluster, so it looks at the
 * statement's tag first and at nothing else: ROLLBACK, SET, DDL that the event triggers see and the
 * like never get to the catalog.  What is left is judged before it begins, by its parse tree.
 * Roles belong to all databases, but a session can read the mesh of its own only; in a
 * database without the extension the hook is silent (datamesh.security_scan() finds what came of it).
 *
 * What it keeps out of the way of is what the event triggers do (DmGuardStandsAside), and single-user mode,
 * in which they do not fire either.  Breaking the glass is the same, too.
 *
 * TRUNCATE is seen by the object access hook, for every relation that CASCADE or a
 * partition adds, when it is locked and still full.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_event_trigger.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/event_trigger.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "tcop/cmdtag.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/module.h"
#include "base/session.h"
#include "catalog/catalog.h"
#include "governance/guard.h"

static ProcessUtility_hook_type next_utility = NULL;
static object_access_hook_type next_access = NULL;

/* Is there a mesh in this database, and is the guard to look at all? */
static bool
on_guard(void)
{
	if (!IsTransactionState() || !IsUnderPostmaster || IsBinaryUpgrade ||
		!OidIsValid(MyDatabaseId) || !OidIsValid(get_extension_oid("datamesh", true)))
		return false;
	DmGuardPrepare();
	return !DmGuardStandsAside();
}

static bool
is_our_schema(Oid schema)
{
	return OidIsValid(schema) && schema == get_namespace_oid("datamesh", true);
}

/* ---- the guard's own triggers ---- */

static void
refuse_tampering(const char *what)
{
	DmGuardRefuse(ERRCODE_DM_GUARDED, NULL,
				  psprintf("cannot %s: the mesh is protected by it", what), NULL,
				  "DROP EXTENSION datamesh takes the mesh away as a whole. A superuser can do this "
				  "alone with SET datamesh.break_glass = on, which is written to the event log.");
}

/* Does it change when triggers fire, other than to always? */
static bool
switches_triggers(const AlterTableStmt *alter)
{
	ListCell *cell;

	foreach (cell, alter->cmds)
		switch (((const AlterTableCmd *) lfirst(cell))->subtype)
		{
			case AT_EnableTrig:
			case AT_EnableReplicaTrig:
			case AT_DisableTrig:
			case AT_EnableTrigAll:
			case AT_DisableTrigAll:
			case AT_EnableTrigUser:
			case AT_DisableTrigUser:
				return true;
			default:
				break;
		}
	return false;
}

/* Triggers of the catalog keep the event log and the caches of the guard true. */
static void
judge_alter_table(const AlterTableStmt *alter)
{
	Oid relid = RangeVarGetRelid(alter->relation, NoLock, true);

	if (!OidIsValid(relid) || !is_our_schema(get_rel_namespace(relid)))
		return;
	/* a restore of the rows alone does this, before there are any; who may not is refused by PostgreSQL */
	if (!DmRelationOwnerCheck(relid, GetUserId()))
		return;
	if (DmGuardIsEmpty())
		DmGuardRestores();
	else
		refuse_tampering(
			psprintf("change when triggers of table \"datamesh.%s\" fire", get_rel_name(relid)));
}

static void
judge_drop_trigger(const DropStmt *drop)
{
	ListCell *cell;

	foreach (cell, drop->objects)
	{
		List *name = lfirst(cell);
		List *table = list_truncate(list_copy(name), list_length(name) - 1);
		Oid relid = RangeVarGetRelid(makeRangeVarFromNameList(table), NoLock, true);

		if (OidIsValid(relid) && is_our_schema(get_rel_namespace(relid)))
			refuse_tampering(psprintf("drop trigger \"%s\" of table \"datamesh.%s\"",
									  strVal(llast(name)), get_rel_name(relid)));
	}
}

static bool
is_our_event_trigger(const char *name)
{
	HeapTuple tuple = SearchSysCache1(EVENTTRIGGERNAME, CStringGetDatum(name));
	bool result;

	if (!HeapTupleIsValid(tuple))
		return false;
	result = is_our_schema(get_func_namespace(((Form_pg_event_trigger) GETSTRUCT(tuple))->evtfoid));
	ReleaseSysCache(tuple);
	return result;
}

static void
judge_event_trigger(const AlterEventTrigStmt *alter)
{
	if (alter->tgenabled != TRIGGER_FIRES_ALWAYS && is_our_event_trigger(alter->trigname))
		refuse_tampering(
			psprintf("%s event trigger \"%s\"",
					 alter->tgenabled == TRIGGER_DISABLED ? "disable" : "let sessions get past",
					 alter->trigname));
}

static void
judge_rename(const RenameStmt *rename)
{
	if (rename->renameType == OBJECT_EVENT_TRIGGER && is_our_event_trigger(strVal(rename->object)))
		refuse_tampering(psprintf("rename event trigger \"%s\"", strVal(rename->object)));
}

static void
judge_extension(const AlterExtensionContentsStmt *alter)
{
	if (strcmp(alter->extname, "datamesh") == 0)
		refuse_tampering(alter->action > 0 ? "add objects to extension \"datamesh\""
										   : "take objects out of extension \"datamesh\"");
}

/* ---- what belongs to whom: DROP OWNED is seen by the event triggers ---- */

static void
refuse_ownership(const char *statement, Oid role, const char *why, const char *hint)
{
	DmGuardRefuse(ERRCODE_DM_GUARDED, NULL,
				  psprintf("cannot %s owned by role \"%s\": %s", statement,
						   GetUserNameFromId(role, false), why),
				  NULL, hint);
}

/*
 * The first relation, in a domain whose team is another than the heir, that the role would leave to it;
 * of ours, in catalogs and schemas of domains.
 */
static char *
estranged_relation(Oid role, Oid heir)
{
	const Oid types[] = {OIDOID, OIDOID};
	Datum values[] = {ObjectIdGetDatum(role), ObjectIdGetDatum(heir)};
	MemoryContext caller = CurrentMemoryContext;
	char *result = NULL;
	DmIdentity saved;

	PushActiveSnapshot(GetLatestSnapshot());
	DmBecomeExtensionOwner(&saved);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	DmSpiExecute(
		"SELECT pg_catalog.quote_ident(n.nspname) || '.' || "
		"pg_catalog.quote_ident(c.relname) FROM pg_catalog.pg_class AS c JOIN "
		"pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace JOIN "
		"datamesh.domain_schema AS s ON s.schema_name = n.nspname JOIN "
		"pg_catalog.pg_namespace AS h ON h.nspname = (s.domain_name || '" DM_INTERNAL_SUFFIX
		"')::name WHERE c.relowner = $1 AND h.nspowner <> $2 AND c.relkind IN ('r', 'v', "
		"'m', 'f', 'p') ORDER BY 1 LIMIT 1",
		2, types, values, NULL, true);
	if (SPI_processed > 0)
		result = MemoryContextStrdup(caller, DmSpiText(0, 1));
	SPI_finish();
	DmIdentityRestore(&saved);
	PopActiveSnapshot();
	return result;
}

static void
judge_reassign_from(Oid role, Oid heir, const List *mesh)
{
	char *relation;
	ListCell *cell;

	foreach (cell, mesh)
	{
		const DmMeshRole *ours = lfirst(cell);

		if (ours->role == role && ours->kind == DM_ROLE_PORT)
			refuse_ownership("reassign what is", role,
							 psprintf("these are the ports of domain \"%s\"", ours->name),
							 "A port belongs to the role that datamesh made for it.");
		else if (ours->role == role && ours->kind == DM_ROLE_OWNER && role != heir)
			refuse_ownership("reassign what is", role,
							 psprintf("it is the team of domain \"%s\"", ours->name),
							 psprintf("CALL datamesh.set_domain_owner(%s, ...) gives the domain to "
									  "another team; then what is left can be reassigned to it.",
									  quote_literal_cstr(ours->name)));
	}
	if (role == DmExtensionOwner() && !superuser_arg(heir))
		refuse_ownership("reassign what is", role, "it owns the catalog of the mesh",
						 "Reassign it to another superuser.");
	relation = estranged_relation(role, heir);
	if (relation != NULL)
		refuse_ownership("reassign what is", role,
						 psprintf("%s would belong to role \"%s\", which is not the team of its "
								  "domain",
								  relation, GetUserNameFromId(heir, false)),
						 "Reassign it to the domain's owner, or move the relation out of the "
						 "domain's schemas first.");
}

static void
judge_reassign(const ReassignOwnedStmt *reassign)
{
	List *mesh = DmGuardMeshRoles();
	Oid heir = get_rolespec_oid(reassign->newrole, true);
	ListCell *cell;

	if (!OidIsValid(heir))
		return;
	foreach (cell, mesh)
	{
		const DmMeshRole *ours = lfirst(cell);

		if (ours->role == heir && ours->kind == DM_ROLE_PORT)
			DmGuardRefuse(ERRCODE_DM_GUARDED, NULL,
						  psprintf("cannot reassign anything to role \"%s\": it owns the ports of "
								   "domain \"%s\", and nothing else",
								   GetUserNameFromId(heir, false), ours->name),
						  NULL, "Reassign it to the domain's owner.");
	}
	foreach (cell, reassign->roles)
	{
		Oid role = get_rolespec_oid(lfirst(cell), true);

		if (OidIsValid(role))
			judge_reassign_from(role, heir, mesh);
	}
}

/* ---- TRUNCATE ---- */

static void
warn_truncated(const DmReader *reader, const char *relation)
{
	ereport(WARNING,
			(errcode(ERRCODE_DM_GUARDED),
			 errmsg("live data product \"%s\" reads %s: its consumers find it empty now",
					reader->product, relation),
			 errdetail("Consumers: %s.", reader->consumers != NULL ? reader->consumers
																   : "none but the domain itself"),
			 errhint("Fill it in the same transaction, or publish the product in snapshot mode.")));
}

static void
judge_truncate(Oid relid)
{
	Oid schema = get_rel_namespace(relid);
	char *relation = get_rel_name(relid);
	ListCell *cell;
	DmHome home;

	if (relation == NULL)
		return;
	if (is_our_schema(schema))
	{
		if (!DmGuardIsEmpty())
			refuse_tampering(psprintf("truncate table \"datamesh.%s\"", relation));
		return;
	}
	if (!DmGuardHome(schema, &home))
		return;
	relation = psprintf("table \"%s.%s\"", NameStr(home.name), relation);
	if (home.purpose != DM_PURPOSE_INTERNAL)
		DmGuardRefuse(ERRCODE_DM_GUARDED, NULL,
					  psprintf("cannot truncate %s: it holds releases of domain \"%s\"", relation,
							   NameStr(home.domain)),
					  "What is published does not change: a release is readable as it was let out.",
					  "CALL datamesh.rollback(...) goes back to another release, and CALL "
					  "datamesh.retire(...) ends a product.");
	else
		foreach (cell, DmGuardReaders(&home, relid, get_rel_name(relid)))
			if (((DmReader *) lfirst(cell))->live)
				warn_truncated(lfirst(cell), relation);
}

static void
watch_truncate(ObjectAccessType access, Oid class, Oid oid, int sub, void *arg)
{
	if (next_access != NULL)
		next_access(access, class, oid, sub, arg);
	if (access == OAT_TRUNCATE && class == RelationRelationId && on_guard())
		judge_truncate(oid);
}

/* The hook is not there before it is needed: PostgreSQL looks up more names where there is one. */
static void
watch_truncates(void)
{
	static bool watching = false;

	if (watching)
		return;
	next_access = object_access_hook;
	object_access_hook = watch_truncate;
	watching = true;
}

/* ---- the hook ---- */

/* Is it a statement that somebody here has a word to say about? */
static bool
concerns_us(const Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_GrantRoleStmt:
		case T_CreateRoleStmt:
		case T_AlterRoleStmt:
		case T_AlterRoleSetStmt:
		case T_AlterDatabaseSetStmt:
		case T_AlterSystemStmt:
		case T_ReassignOwnedStmt:
		case T_TruncateStmt:
		case T_AlterEventTrigStmt:
		case T_AlterExtensionContentsStmt:
			return true;
		case T_AlterTableStmt:
			return switches_triggers((const AlterTableStmt *) statement);
		case T_DropStmt:
			return ((const DropStmt *) statement)->removeType == OBJECT_TRIGGER;
		case T_RenameStmt:
			return ((const RenameStmt *) statement)->renameType == OBJECT_EVENT_TRIGGER ||
				   ((const RenameStmt *) statement)->renameType == OBJECT_ROLE;
		default:
			return false;
	}
}

static void
judge_statement(Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_GrantRoleStmt:
		case T_CreateRoleStmt:
		case T_AlterRoleStmt:
			DmGuardRoleStatement(statement);
			break;
		case T_AlterRoleSetStmt:
		case T_AlterDatabaseSetStmt:
		case T_AlterSystemStmt:
			DmGuardSetting(statement);
			break;
		case T_ReassignOwnedStmt:
			judge_reassign((ReassignOwnedStmt *) statement);
			break;
		case T_AlterTableStmt:
			judge_alter_table((AlterTableStmt *) statement);
			break;
		case T_AlterEventTrigStmt:
			judge_event_trigger((AlterEventTrigStmt *) statement);
			break;
		case T_AlterExtensionContentsStmt:
			judge_extension((AlterExtensionContentsStmt *) statement);
			break;
		case T_DropStmt:
			judge_drop_trigger((DropStmt *) statement);
			break;
		case T_RenameStmt:
			judge_rename((RenameStmt *) statement);
			if (((const RenameStmt *) statement)->renameType == OBJECT_ROLE)
				DmGuardRoleStatement(statement);
			break;
		case T_TruncateStmt:
			watch_truncates();
			break;
		default:
			break;
	}
}

static void
utility(PlannedStmt *planned, const char *query, bool read_only_tree, ProcessUtilityContext context,
		ParamListInfo params, QueryEnvironment *environment, DestReceiver *dest,
		QueryCompletion *completion)
{
	Node *statement = planned->utilityStmt;
	bool broken = false;

	if (concerns_us(statement) && on_guard())
	{
		broken = DmGuardGlassIsBroken();
		if (broken)
			DmGuardBreakBegin(CreateCommandName(statement));
		judge_statement(statement);
	}
	if (next_utility != NULL)
		next_utility(planned, query, read_only_tree, context, params, environment, dest,
					 completion);
	else
		standard_ProcessUtility(planned, query, read_only_tree, context, params, environment, dest,
								completion);
	if (broken)
		DmGuardBreakEnd();
}

void
DmGuardUtilityInit(void)
{
	next_utility = ProcessUtility_hook;
	ProcessUtility_hook = utility;
}
