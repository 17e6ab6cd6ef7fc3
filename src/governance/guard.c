/*-------------------------------------------------------------------------
 *
 * guard.c
 *		The event triggers that hold DDL against the mesh.
 *
 * Two places look at a command.  Before it begins (ddl_command_start) its parse
 * tree is looked at: what it names outright is refused before any lock is taken, and
 * with a better message than PostgreSQL would have.  When it is through
 * (ddl_command_end) everything that it really touched is judged: by CASCADE, by
 * DROP OWNED, by recursion to children, by subcommands of CREATE SCHEMA, under the
 * locks that the command took, with the newest state of the mesh.
 *
 * What a command touches is told by the object access hook, which is set when the
 * library is loaded and does nothing unless one of our triggers has begun to watch.
 * So the triggers decide whether the guard is on, and it costs a command outside
 * the mesh no more than a look at its namespace; pg_event_trigger_dropped_objects()
 * and pg_event_trigger_ddl_commands() would print every object first.
 *
 * Commands nest (DDL in functions called by DDL, subcommands): each has a frame.
 * Frames are taken away by the end of the command, or by the end of its
 * (sub)transaction if there was an error.  A command that commits in its midst
 * (CONCURRENTLY) is judged before that commit.
 *
 * What the guard keeps out of the way of: datamesh's own work (DmAtWork), the scripts
 * of the extension, DROP EXTENSION, pg_upgrade, a restore, and a superuser who breaks
 * the glass (datamesh.break_glass), which the event log tells.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_cast.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "commands/event_trigger.h"
#include "commands/extension.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/errors.h"
#include "base/session.h"
#include "base/settings.h"
#include "catalog/catalog.h"
#include "governance/guard.h"

PG_FUNCTION_INFO_V1(dm_guard_start);
PG_FUNCTION_INFO_V1(dm_guard_end);
PG_FUNCTION_INFO_V1(dm_guard_rewrite);

/* A schema of the mesh that a command touches. */
typedef struct TouchedSchema
{
	DmHome home;
	const char *verb;
} TouchedSchema;

/* A rule, trigger, policy or constraint that was made: whose, is seen when the command is through. */
typedef struct Appendage
{
	int kind; /* its index in appendages */
	Oid oid;
} Appendage;

typedef struct Frame
{
	struct Frame *up;
	MemoryContext context;
	int level;  /* of the transaction in which the command began */
	bool blind; /* none of our business */
	const char *command;
	List *created;    /* Oids of relations that are new, or new where they are */
	List *born;       /* of these, those that the command has made */
	List *touches;    /* DmTouch * */
	List *schemas;    /* TouchedSchema * */
	List *appendages; /* Appendage * */
	List *suspects;   /* DmSuspect * */
	List *broken;     /* char *: what was let pass by break-glass */
} Frame;

static Frame *top = NULL;
static Frame *judged = NULL; /* while one is: not always the top */
static object_access_hook_type next_hook = NULL;

/* ---- frames ---- */

static void
push(const char *command, bool blind)
{
	MemoryContext context =
		AllocSetContextCreate(TopMemoryContext, "datamesh guard", ALLOCSET_SMALL_SIZES);
	Frame *frame = MemoryContextAllocZero(context, sizeof(Frame));

	frame->up = top;
	frame->context = context;
	frame->level = GetCurrentTransactionNestLevel();
	frame->blind = blind;
	frame->command = MemoryContextStrdup(context, command);
	top = frame;
}

static void
pop(void)
{
	Frame *frame = top;

	top = frame->up;
	MemoryContextDelete(frame->context);
}

static void judge(Frame *frame);

/* Frames that are left when a transaction ends belong to commands that failed, or are not through. */
static void
end_transaction(XactEvent event, void *arg)
{
	judged = NULL;
	if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE)
		for (Frame *frame = top; frame != NULL; frame = frame->up)
			judge(frame);
	else if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		while (top != NULL)
			pop();
}

static void
end_subtransaction(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	int level = GetCurrentTransactionNestLevel();

	if (event == SUBXACT_EVENT_ABORT_SUB)
	{
		judged = NULL;
		while (top != NULL && top->level >= level)
			pop();
	}
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		for (Frame *frame = top; frame != NULL && frame->level >= level; frame = frame->up)
			frame->level = level - 1;
}

/* ---- what a command touches ---- */

static void
note_created(Oid relid)
{
	MemoryContext old = MemoryContextSwitchTo(top->context);

	top->created = list_append_unique_oid(top->created, relid);
	MemoryContextSwitchTo(old);
}

static bool
noted(Oid relid, AttrNumber attnum, DmTouchKind kind)
{
	ListCell *cell;

	foreach (cell, top->touches)
	{
		const DmTouch *touch = lfirst(cell);

		if (touch->relid == relid && touch->attnum == attnum && touch->kind == kind)
			return true;
	}
	return false;
}

/* Keep what the relation and the column were before; the first touch has it right. */
static void
note_touch(Oid relid, AttrNumber attnum, DmTouchKind kind)
{
	MemoryContext old;
	DmTouch touch;
	DmTouch *copy;

	if (!OidIsValid(relid) || noted(relid, attnum, kind))
		return;
	if (!DmGuardDescribe(relid, attnum, kind, &touch))
	{
		/* a relation of elsewhere may be on its way into the mesh */
		if (kind == DM_TOUCH_ALTER && attnum == 0)
			note_created(relid);
		return;
	}
	old = MemoryContextSwitchTo(top->context);
	copy = palloc(sizeof(DmTouch));
	*copy = touch;
	top->touches = lappend(top->touches, copy);
	MemoryContextSwitchTo(old);
}

static void
note_schema(Oid schema, const char *verb)
{
	MemoryContext old;
	TouchedSchema *touched;
	DmHome home;

	if (!DmGuardHome(schema, &home))
		return;
	old = MemoryContextSwitchTo(top->context);
	touched = palloc(sizeof(TouchedSchema));
	touched->home = home;
	touched->verb = verb;
	top->schemas = lappend(top->schemas, touched);
	MemoryContextSwitchTo(old);
}

static void
note_appendage(int kind, Oid oid)
{
	MemoryContext old = MemoryContextSwitchTo(top->context);
	Appendage *appendage = palloc(sizeof(Appendage));

	appendage->kind = kind;
	appendage->oid = oid;
	top->appendages = lappend(top->appendages, appendage);
	MemoryContextSwitchTo(old);
}

/* Something by which code may have come to where it is read. */
static void
note_suspect(Oid class, Oid oid, int sub, bool is_new)
{
	MemoryContext old = MemoryContextSwitchTo(top->context);
	DmSuspect *suspect = palloc(sizeof(DmSuspect));

	suspect->class = class;
	suspect->oid = oid;
	suspect->sub = sub;
	suspect->is_new = is_new;
	top->suspects = lappend(top->suspects, suspect);
	MemoryContextSwitchTo(old);
}

static void
note_born(Oid relid)
{
	MemoryContext old = MemoryContextSwitchTo(top->context);

	top->born = lappend_oid(top->born, relid);
	MemoryContextSwitchTo(old);
	note_created(relid);
}

/* In which index, and where in the row, it stands what an appendage is about. */
static const struct
{
	Oid class;
	Oid index;
	AttrNumber column;
	DmTouchKind kind;
} appendages[] = {
	{TriggerRelationId, TriggerOidIndexId, Anum_pg_trigger_tgrelid, DM_TOUCH_TRIGGER},
	{RewriteRelationId, RewriteOidIndexId, Anum_pg_rewrite_ev_class, DM_TOUCH_RULE},
	{PolicyRelationId, PolicyOidIndexId, Anum_pg_policy_polrelid, DM_TOUCH_POLICY},
	{ConstraintRelationId, ConstraintOidIndexId, Anum_pg_constraint_confrelid, DM_TOUCH_REFERENCE},
};

/* The index in appendages; -1 if it is none. */
static int
appendage_of(Oid class)
{
	for (int i = 0; i < lengthof(appendages); i++)
		if (appendages[i].class == class)
			return i;
	return -1;
}

/*
 * The relation that a rule, trigger or policy belongs to, or a foreign key refers to; InvalidOid if it is
 * not there (any more).
 */
static Oid
relation_of(int appendage, Oid oid)
{
	Relation rel = table_open(appendages[appendage].class, AccessShareLock);
	Oid result = InvalidOid;
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple tuple;
	bool isnull;

	/* oid is the first column of each of them */
	ScanKeyInit(&key, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(oid));
	scan = systable_beginscan(rel, appendages[appendage].index, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		result = DatumGetObjectId(
			heap_getattr(tuple, appendages[appendage].column, RelationGetDescr(rel), &isnull));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return result;
}

/* A constraint says something about its own table, and only when made of another. */
static void
note_appendage_touch(Oid class, Oid oid)
{
	int appendage = appendage_of(class);

	if (appendage >= 0 && class != ConstraintRelationId)
		note_touch(relation_of(appendage, oid), 0, appendages[appendage].kind);
}

static void
seen_create(Oid class, Oid oid, int sub, const ObjectAccessPostCreate *arg)
{
	if (arg != NULL && arg->is_internal)
		return;
	if (class == RelationRelationId && sub == 0)
		note_born(oid);
	else if (class == RelationRelationId)
		note_touch(oid, sub, DM_TOUCH_CREATE);
	else if (appendage_of(class) >= 0)
		note_appendage(appendage_of(class), oid);
	if ((class == RelationRelationId && sub != 0) || class == RewriteRelationId ||
		class == PolicyRelationId || class == ConstraintRelationId ||
		class == StatisticExtRelationId || class == CastRelationId || class == ProcedureRelationId)
		note_suspect(class, oid, sub, true);
}

static void
seen_alter(Oid class, Oid oid, int sub, const ObjectAccessPostAlter *arg)
{
	if (arg != NULL && arg->is_internal)
		return;
	if (class == RelationRelationId)
		note_touch(oid, sub, DM_TOUCH_ALTER);
	else if (class == InheritsRelationId)
	{
		bool is_new = list_member_oid(top->created, oid);

		if (!is_new)
			note_touch(oid, 0, DM_TOUCH_ATTACH);
		if (arg != NULL)
		{
			note_touch(arg->auxiliary_id, 0, is_new ? DM_TOUCH_CHILD : DM_TOUCH_ATTACH);
			note_suspect(RelationRelationId, arg->auxiliary_id, 0, is_new);
		}
	}
	else if (class == NamespaceRelationId)
		note_schema(oid, "alter");
	else
		note_appendage_touch(class, oid);
	if ((class == RelationRelationId && sub != 0) || class == RewriteRelationId ||
		class == PolicyRelationId || class == ProcedureRelationId || class == OperatorRelationId ||
		class == TypeRelationId)
		note_suspect(class, oid, sub, false);
}

static void
seen_drop(Oid class, Oid oid, int sub, const ObjectAccessDrop *arg)
{
	if (class == ExtensionRelationId && oid == get_extension_oid("datamesh", true))
	{
		/* The mesh is going, and the guard with it: nothing it has seen matters any more. */
		for (Frame *frame = top; frame != NULL; frame = frame->up)
			frame->blind = true;
		return;
	}
	if (arg != NULL && (arg->dropflags & PERFORM_DELETION_INTERNAL) != 0)
		return;
	if (class == RelationRelationId)
		note_touch(oid, sub, DM_TOUCH_DROP);
	else if (class == NamespaceRelationId)
		note_schema(oid, "drop");
	else
		note_appendage_touch(class, oid);
}

static void
watch(ObjectAccessType access, Oid class, Oid oid, int sub, void *arg)
{
	if (next_hook != NULL)
		next_hook(access, class, oid, sub, arg);
	if (top == NULL || top->blind || DmAtWork())
		return;
	if (access == OAT_POST_CREATE)
		seen_create(class, oid, sub, arg);
	else if (access == OAT_POST_ALTER)
		seen_alter(class, oid, sub, arg);
	else if (access == OAT_DROP)
		seen_drop(class, oid, sub, arg);
}

/* ---- judging ---- */

/* Write what was let pass; at the end, because an event locks the log until the commit. */
static void
tell_broken(Frame *frame)
{
	ListCell *cell;
	List *broken = frame->broken;

	frame->broken = NIL;
	foreach (cell, broken)
	{
		JsonbParseState *state = NULL;
		JsonbValue value = {.type = jbvString};
		JsonbValue *object;
		const char *pairs[] = {"command",    frame->command, "refused",
							   lfirst(cell), "role",         GetUserNameFromId(GetUserId(), false)};

		pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		for (int i = 0; i < lengthof(pairs); i++)
		{
			value.val.string.val = unconstify(char *, pairs[i]);
			value.val.string.len = strlen(pairs[i]);
			pushJsonbValue(&state, i % 2 == 0 ? WJB_KEY : WJB_VALUE, &value);
		}
		object = pushJsonbValue(&state, WJB_END_OBJECT, NULL);
		DmEventAppend("break_glass", NULL, NULL, JsonbValueToJsonb(object));
	}
}

static void
judge_created(Oid relid)
{
	DmHome home;

	if (!DmGuardHome(get_rel_namespace(relid), &home))
		return;
	DmGuardCreated(relid, &home);
}

/* The rules, triggers and columns of a relation that is dropped itself need no word of their own. */
static bool
goes_with_relation(const Frame *frame, const DmTouch *touch)
{
	ListCell *cell;

	foreach (cell, frame->touches)
	{
		const DmTouch *other = lfirst(cell);

		if (other != touch && other->relid == touch->relid && other->kind == DM_TOUCH_DROP &&
			other->attnum == 0)
			return true;
	}
	return false;
}

/* Everything that the command has touched, as it is now. */
static void
judge(Frame *frame)
{
	ListCell *cell;

	if (frame->blind)
		return;
	judged = frame;
	frame->blind = true; /* what we do ourselves is not looked at */
	foreach (cell, frame->touches)
		if (!goes_with_relation(frame, lfirst(cell)))
			DmGuardTouched(lfirst(cell));
	foreach (cell, frame->schemas)
		DmGuardSchema(&((TouchedSchema *) lfirst(cell))->home,
					  ((TouchedSchema *) lfirst(cell))->verb);
	foreach (cell, frame->created)
		judge_created(lfirst_oid(cell));
	foreach (cell, frame->appendages)
	{
		const Appendage *appendage = lfirst(cell);
		Oid relid = relation_of(appendage->kind, appendage->oid);
		DmTouch touch;

		/* the rule of a view that is new itself says nothing more */
		if (!OidIsValid(relid) || list_member_oid(frame->created, relid) ||
			!DmGuardDescribe(relid, 0, appendages[appendage->kind].kind, &touch))
			continue;
		DmGuardTouched(&touch);
		DmGuardStranger(&touch);
	}
	foreach (cell, frame->born)
		DmGuardIndex(lfirst_oid(cell), frame->born);
	foreach (cell, frame->suspects)
		DmGuardSuspect(lfirst(cell), frame->born);
	judged = NULL;
	tell_broken(frame);
}

/*
 * A superuser has broken the glass.  The setting alone does not do: it could have been left on by
 * ALTER ROLE, or by a superuser who has become somebody else.
 */
bool
DmGuardGlassIsBroken(void)
{
	return dm_break_glass && superuser();
}

void
DmGuardRefuse(int code, const char *product, const char *message, const char *detail,
			  const char *hint)
{
	Frame *frame = judged != NULL ? judged : top;

	if (DmGuardGlassIsBroken() && frame != NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(frame->context);
		ListCell *cell;
		bool told = false;

		foreach (cell, frame->broken)
			told |= strcmp(lfirst(cell), message) == 0;
		if (!told)
		{
			frame->broken = lappend(frame->broken, pstrdup(message));
			ereport(NOTICE, (errmsg("let pass by datamesh.break_glass: %s", message)));
		}
		MemoryContextSwitchTo(old);
		return;
	}
	ereport(ERROR, (errcode(code), errmsg_internal("%s", message),
					detail != NULL ? errdetail_internal("%s", detail) : 0,
					hint != NULL ? errhint("%s", hint) : 0));
}

/* ---- statements without event triggers ---- */

/*
 * A statement that guard_utility.c judges, with the glass broken: what is let pass is written when the
 * statement is through.  An error needs no clean-up, the end of the transaction takes the frame away.
 */
void
DmGuardBreakBegin(const char *command)
{
	DmGuardPrepare();
	push(command, true);
}

void
DmGuardBreakEnd(void)
{
	if (top == NULL)
		return;
	tell_broken(top);
	pop();
}

/* ---- the triggers ---- */

void
DmGuardPrepare(void)
{
	static bool ready = false;

	if (ready)
		return;
	DmGuardMeshInit();
	RegisterXactCallback(end_transaction, NULL);
	RegisterSubXactCallback(end_subtransaction, NULL);
	next_hook = object_access_hook;
	object_access_hook = watch;
	ready = true;
}

static EventTriggerData *
trigger_data(FunctionCallInfo fcinfo)
{
	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("the guard must be called as an event trigger")));
	return (EventTriggerData *) fcinfo->context;
}

static bool
is_our_script(void)
{
	return creating_extension && CurrentExtensionObject == get_extension_oid("datamesh", true);
}

/* Is this none of the guard's business, whatever is done? */
bool
DmGuardStandsAside(void)
{
	return IsBinaryUpgrade || DmAtWork() || DmGuardIsRestoring() || is_our_script();
}

static bool
drops_us(Node *statement)
{
	ListCell *cell;

	if (!IsA(statement, DropStmt) || ((DropStmt *) statement)->removeType != OBJECT_EXTENSION)
		return false;
	foreach (cell, ((DropStmt *) statement)->objects)
		if (strcmp(strVal(lfirst(cell)), "datamesh") == 0)
			return true;
	return false;
}

/* ddl_command_start */
Datum
dm_guard_start(PG_FUNCTION_ARGS)
{
	EventTriggerData *data = trigger_data(fcinfo);
	bool blind;

	if (IsBinaryUpgrade)
		PG_RETURN_NULL();
	DmGuardPrepare();
	blind = DmGuardStandsAside() || drops_us(data->parsetree);
	push(GetCommandTagName(data->tag), blind);
	if (!blind)
		DmGuardEarly(data->parsetree);
	PG_RETURN_NULL();
}

/* ddl_command_end */
Datum
dm_guard_end(PG_FUNCTION_ARGS)
{
	EventTriggerData *data = trigger_data(fcinfo);

	if (top == NULL)
		PG_RETURN_NULL();

	/*
	 * Some of ALTER TABLE (row level security, in PostgreSQL 15) never calls the hook, and the product may
	 * have gone live while the command waited for its lock.
	 */
	if (!top->blind && IsA(data->parsetree, AlterTableStmt))
		DmGuardEarly(data->parsetree);
	judge(top);
	pop();
	PG_RETURN_NULL();
}

/* table_rewrite */
Datum
dm_guard_rewrite(PG_FUNCTION_ARGS)
{
	(void) trigger_data(fcinfo);
	if (top != NULL && !top->blind)
		note_touch(DatumGetObjectId(OidFunctionCall0(F_PG_EVENT_TRIGGER_TABLE_REWRITE_OID)), 0,
				   DM_TOUCH_REWRITE);
	PG_RETURN_NULL();
}
