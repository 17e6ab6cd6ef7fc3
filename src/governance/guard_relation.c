/*-------------------------------------------------------------------------
 *
 * guard_relation.c
 *		What would break what consumers read, and how it is said.
 *
 * Ports and releases are datamesh's own: whatever touches them is refused.  The
 * source of a live product is read by consumers directly: what its contract names
 * of it stays, and what decides about rows (row security, rules, inheritance) too.
 * The source of a copied product is the domain's own: what the next publish could not
 * survive is said, and done.
 *
 * The domain's triggers on a source are let alone: they act on writes, and consumers only read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "parser/parse_type.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/errors.h"
#include "governance/guard.h"

/* ---- what is there ---- */

static uint32
hash_options(HeapTuple tuple)
{
	bool isnull;
	Datum options = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_reloptions, &isnull);
	struct varlena *value;

	if (isnull)
		return 0;
	value = PG_DETOAST_DATUM(options);
	return hash_bytes((unsigned char *) VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

static void
describe_column(DmTouch *touch)
{
	HeapTuple tuple =
		SearchSysCache2(ATTNUM, ObjectIdGetDatum(touch->relid), Int16GetDatum(touch->attnum));
	Form_pg_attribute form;

	if (!HeapTupleIsValid(tuple))
		return;
	form = (Form_pg_attribute) GETSTRUCT(tuple);
	touch->attname = form->attname;
	touch->type = form->atttypid;
	touch->typmod = form->atttypmod;
	touch->collation = form->attcollation;
	touch->not_null = form->attnotnull;
	ReleaseSysCache(tuple);
}

/* Fill *touch with what the relation is now; false if it is not in the mesh. */
bool
DmGuardDescribe(Oid relid, AttrNumber attnum, DmTouchKind kind, DmTouch *touch)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Form_pg_class form;
	bool inside;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_class) GETSTRUCT(tuple);
	memset(touch, 0, sizeof(DmTouch));
	inside = DmGuardHome(form->relnamespace, &touch->home);
	if (inside)
	{
		touch->kind = kind;
		touch->relid = relid;
		touch->attnum = attnum;
		touch->relname = form->relname;
		touch->relkind = form->relkind;
		touch->owner = form->relowner;
		touch->row_security = form->relrowsecurity;
		touch->force_row_security = form->relforcerowsecurity;
		touch->options = hash_options(tuple);
		if (attnum > 0)
			describe_column(touch);
	}
	ReleaseSysCache(tuple);
	return inside;
}

/* ---- words ---- */

static const char *
kind_word(char relkind)
{
	switch (relkind)
	{
		case RELKIND_VIEW:
			return "view";
		case RELKIND_MATVIEW:
			return "materialized view";
		case RELKIND_FOREIGN_TABLE:
			return "foreign table";
		case RELKIND_INDEX:
		case RELKIND_PARTITIONED_INDEX:
			return "index";
		case RELKIND_SEQUENCE:
			return "sequence";
		case RELKIND_COMPOSITE_TYPE:
			return "type";
		default:
			return "table";
	}
}

/* 'table "sales_internal.t"', 'column "c" of table "sales_internal.t"' */
static char *
object_label(const DmTouch *touch, const char *column)
{
	const char *schema = NameStr(touch->home.name);
	char *relation =
		psprintf("%s \"%s.%s\"", kind_word(touch->relkind), schema, NameStr(touch->relname));

	return column != NULL ? psprintf("column \"%s\" of %s", column, relation) : relation;
}

static const char *
consumers_text(const DmReader *reader)
{
	return reader->consumers != NULL ? reader->consumers : "none but the domain itself";
}

/* 'It is schema[0].properties[c] of contract 1.0.0. Consumers who would break: a, b.' */
static char *
detail_text(const DmReader *reader, const char *column)
{
	char *line = column != NULL ? psprintf("schema[0].properties[%s]", column) : "schema[0]";

	return psprintf("It is %s of contract %s. Consumers who would break: %s.", line,
					reader->version, consumers_text(reader));
}

/* '2.0.0 (major: readers of it get an error)'; what is in no contract can move to another relation. */
static char *
version_text(const DmReader *reader, const DmTouch *touch, const DmDamage *damage)
{
	DmDamage moved = {.kind = DM_CHANGE_RENAME,
					  .new_value = psprintf("%s_new", NameStr(touch->relname))};
	char *version = DmGuardNeeds(reader, damage->kind == DM_CHANGE_OTHER ? &moved : damage);

	return version != NULL ? version : psprintf("higher than %s", reader->version);
}

static char *
source_hint(const DmReader *reader, const DmTouch *touch, const DmDamage *damage)
{
	char *version = version_text(reader, touch, damage);

	if (damage->kind == DM_CHANGE_OTHER)
		return psprintf("Build the change in another relation, and publish version %s of the "
						"contract that names that one.",
						version);
	return psprintf("Version %s of the contract would allow it: publish that%s, built upon another "
					"relation, and change this one when version %s is retired.",
					version,
					damage->kind == DM_CHANGE_DROP && damage->column != NULL ? " without it" : "",
					reader->version);
}

static char *
port_hint(const DmReader *reader, const DmTouch *touch, const DmDamage *damage)
{
	char *product = quote_literal_cstr(reader->product);
	DmDamage seen = *damage;

	/* what consumers read by a name is gone under another */
	if (seen.kind == DM_CHANGE_RENAME)
		seen.kind = DM_CHANGE_DROP;
	seen.by_name = true;
	if (damage->kind == DM_CHANGE_OTHER)
		return psprintf("Only datamesh changes ports and releases: load a contract of a higher "
						"version, and CALL datamesh.publish(%s).",
						product);
	return psprintf("Only datamesh changes ports and releases: publish version %s of the contract "
					"with CALL datamesh.publish(%s), or end the product with CALL "
					"datamesh.deprecate(...) and CALL datamesh.retire(...).",
					version_text(reader, touch, &seen), product);
}

/* ---- refusing and warning ---- */

static void
refuse_port(const DmTouch *touch, const DmDamage *damage)
{
	bool port = touch->home.purpose == DM_PURPOSE_PORT;
	List *readers = DmGuardReaders(&touch->home, InvalidOid, NameStr(touch->relname));
	char *what = psprintf("cannot %s %s", damage->verb, object_label(touch, damage->column));
	const DmReader *reader;

	if (readers == NIL)
	{
		DmGuardRefuse(ERRCODE_DM_GUARDED, NULL,
					  psprintf("%s: only datamesh changes what is in schema \"%s\"", what,
							   NameStr(touch->home.name)),
					  psprintf("It holds the %s of domain \"%s\".", port ? "ports" : "releases",
							   NameStr(touch->home.domain)),
					  "A superuser can do it with SET datamesh.break_glass = on, which is written "
					  "to the event log.");
		return;
	}
	reader = linitial(readers);
	DmGuardRefuse(ERRCODE_DM_GUARDED, reader->product,
				  psprintf("%s: %s data product \"%s\"", what,
						   port ? "it is a port of" : "it holds releases of", reader->product),
				  detail_text(reader, damage->column), port_hint(reader, touch, damage));
}

static void
warn_source(const DmReader *reader, const DmTouch *touch, const DmDamage *damage,
			const char *column)
{
	char *version = version_text(reader, touch, damage);
	char *line = column != NULL ? psprintf("schema[0].properties[%s]", column) : "schema[0]";

	ereport(WARNING,
			(errcode(ERRCODE_DM_GUARDED),
			 errmsg("the next publish of data product \"%s\" would fail: to %s %s takes version "
					"%s of its contract",
					reader->product, damage->verb, object_label(touch, damage->column), version),
			 errdetail("It is %s of contract %s. Consumers keep reading what is published: %s.",
					   line, reader->version, consumers_text(reader)),
			 errhint("Load a contract of that version before the next publish, or undo the "
					 "change.")));
}

static void
judge_source(const DmReader *reader, const DmTouch *touch, const DmDamage *damage, bool early)
{
	char *column = NULL;

	if (!reader->live && (early || !damage->snapshot_too))
		return;
	if (damage->column != NULL)
	{
		column = DmGuardColumnOf(reader, &touch->home, damage->column);
		if (column == NULL)
			return;
	}
	if (damage->kind == DM_CHANGE_NULLABLE && DmGuardNeeds(reader, damage) == NULL)
		return;
	if (reader->live)
		DmGuardRefuse(ERRCODE_DM_GUARDED, reader->product,
					  psprintf("cannot %s %s: live data product \"%s\" reads it", damage->verb,
							   object_label(touch, damage->column), reader->product),
					  detail_text(reader, column), source_hint(reader, touch, damage));
	else
		warn_source(reader, touch, damage, column);
}

/* early: the command has not begun, and may yet come to nothing. */
static void
judge_damage(const DmTouch *touch, const DmDamage *damage, bool early)
{
	ListCell *cell;

	if (touch->home.purpose != DM_PURPOSE_INTERNAL)
		refuse_port(touch, damage);
	else
		foreach (cell, DmGuardReaders(&touch->home, touch->relid, NameStr(touch->relname)))
			judge_source(lfirst(cell), touch, damage, early);
}

/* ---- after the command ---- */

static bool
relation_damage(const DmTouch *touch, DmDamage *damage)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(touch->relid));
	Form_pg_class form;
	bool view = touch->relkind == RELKIND_VIEW;
	bool found = true;

	if (!HeapTupleIsValid(tuple))
	{
		*damage = (DmDamage){.kind = DM_CHANGE_DROP, .verb = "drop", .snapshot_too = true};
		return true;
	}
	form = (Form_pg_class) GETSTRUCT(tuple);
	if (strcmp(NameStr(form->relname), NameStr(touch->relname)) != 0)
		*damage = (DmDamage){.kind = DM_CHANGE_RENAME,
							 .verb = "rename",
							 .new_value = pstrdup(NameStr(form->relname)),
							 .snapshot_too = true};
	else if (form->relnamespace != touch->home.schema)
		*damage = (DmDamage){.verb = "change the schema of", .snapshot_too = true};
	else if (form->relowner != touch->owner)
		*damage = (DmDamage){.verb = "change the owner of", .snapshot_too = true};
	else if (form->relrowsecurity != touch->row_security ||
			 form->relforcerowsecurity != touch->force_row_security)
		*damage = (DmDamage){.verb = "change row level security of"};
	else if (view && hash_options(tuple) != touch->options)
		*damage = (DmDamage){.verb = "change the options of"};
	else
		found = false;
	ReleaseSysCache(tuple);
	return found;
}

static bool
column_damage(const DmTouch *touch, DmDamage *damage)
{
	HeapTuple tuple =
		SearchSysCache2(ATTNUM, ObjectIdGetDatum(touch->relid), Int16GetDatum(touch->attnum));
	Form_pg_attribute form = HeapTupleIsValid(tuple) ? (Form_pg_attribute) GETSTRUCT(tuple) : NULL;
	bool found = true;

	*damage = (DmDamage){.column = NameStr(touch->attname)};
	if (form == NULL || form->attisdropped)
	{
		damage->kind = DM_CHANGE_DROP;
		damage->verb = "drop";
		damage->snapshot_too = true;
	}
	else if (strcmp(NameStr(form->attname), NameStr(touch->attname)) != 0)
	{
		damage->kind = DM_CHANGE_RENAME;
		damage->verb = "rename";
		damage->new_value = pstrdup(NameStr(form->attname));
		damage->snapshot_too = true;
	}
	else if (form->atttypid != touch->type || form->atttypmod != touch->typmod ||
			 form->attcollation != touch->collation)
	{
		damage->kind = DM_CHANGE_TYPE;
		damage->verb = "change the type of";
		damage->old_value = format_type_with_typemod(touch->type, touch->typmod);
		damage->new_value = format_type_with_typemod(form->atttypid, form->atttypmod);
		damage->snapshot_too = true;
	}
	else if (touch->not_null && !form->attnotnull)
	{
		damage->kind = DM_CHANGE_NULLABLE;
		damage->verb = "allow nulls in";
	}
	else
		found = false;
	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return found;
}

static bool
touch_damage(const DmTouch *touch, DmDamage *damage)
{
	switch (touch->kind)
	{
		case DM_TOUCH_CREATE:
			return false;
		case DM_TOUCH_ALTER:
		case DM_TOUCH_DROP:
			return touch->attnum > 0 ? column_damage(touch, damage)
									 : relation_damage(touch, damage);
		case DM_TOUCH_CHILD:
			*damage = (DmDamage){.verb = "add a child to"};
			return touch->home.purpose != DM_PURPOSE_INTERNAL;
		case DM_TOUCH_ATTACH:
			*damage = (DmDamage){.verb = "change the inheritance of"};
			return true;
		case DM_TOUCH_RULE:
			*damage = (DmDamage){.verb = touch->relkind == RELKIND_VIEW ? "replace the query of"
																		: "change the rules of"};
			return true;
		case DM_TOUCH_POLICY:
			*damage = (DmDamage){.verb = "change the policies of"};
			return true;
		case DM_TOUCH_REWRITE:
			*damage = (DmDamage){.verb = "rewrite"};
			return true;
		case DM_TOUCH_TRIGGER:
			*damage = (DmDamage){.verb = "change the triggers of"};
			return touch->home.purpose != DM_PURPOSE_INTERNAL;
		case DM_TOUCH_REFERENCE:
			*damage = (DmDamage){.verb = "refer to"};
			return touch->home.purpose != DM_PURPOSE_INTERNAL;
	}
	return false;
}

/* A new name or type is held against the standards of the domain, wherever it is to be found now. */
static void
judge_standards(const DmTouch *touch, const DmDamage *damage, bool damaged)
{
	if (touch->home.purpose != DM_PURPOSE_INTERNAL)
		return;
	if (touch->kind == DM_TOUCH_CREATE)
		DmGuardStandard(touch->relid, &touch->home, touch->attnum, true, true);
	else if (damaged && touch->kind == DM_TOUCH_ALTER && damage->kind == DM_CHANGE_RENAME)
		DmGuardStandard(touch->relid, &touch->home, touch->attnum, true, touch->attnum > 0);
	else if (damaged && touch->kind == DM_TOUCH_ALTER && damage->kind == DM_CHANGE_TYPE)
		DmGuardStandard(touch->relid, &touch->home, touch->attnum, false, true);
}

static bool
has_moved(const DmTouch *touch, DmHome *home)
{
	Oid schema = get_rel_namespace(touch->relid);

	return OidIsValid(schema) && schema != touch->home.schema && DmGuardHome(schema, home);
}

/* Something that a command has touched: judge what has become of it. */
void
DmGuardTouched(const DmTouch *touch)
{
	DmDamage damage = {.verb = "alter"};
	bool damaged = touch_damage(touch, &damage);
	DmHome home;

	if (damaged || touch->home.purpose != DM_PURPOSE_INTERNAL)
		judge_damage(touch, &damage, false);
	DmGuardProtected(touch);
	if (damaged && damage.kind == DM_CHANGE_RENAME && touch->attnum == 0)
		DmGuardProtectNew(touch->relid, &touch->home);
	judge_standards(touch, &damage, damaged);
	if (touch->attnum == 0 && has_moved(touch, &home))
		DmGuardCreated(touch->relid, &home);
}

/* A relation has come into being in a schema of the mesh. */
void
DmGuardCreated(Oid relid, const DmHome *home)
{
	DmTouch touch;

	if (home->purpose == DM_PURPOSE_INTERNAL)
	{
		DmGuardStandard(relid, home, 0, true, true);
		DmGuardCheckAcl(relid, home);
		DmGuardProtectNew(relid, home);
		return;
	}
	if (!DmGuardDescribe(relid, 0, DM_TOUCH_CREATE, &touch))
		return;
	DmGuardRefuse(
		ERRCODE_DM_GUARDED, NULL,
		psprintf("cannot create %s: only datamesh puts relations into schema \"%s\"",
				 object_label(&touch, NULL), NameStr(home->name)),
		psprintf("It holds the %s of domain \"%s\".",
				 home->purpose == DM_PURPOSE_PORT ? "ports" : "releases", NameStr(home->domain)),
		psprintf("Create it in an internal schema of the domain, and let it out with a contract "
				 "and CALL datamesh.publish(...)."));
}

/* A schema of the mesh was altered or is gone. */
void
DmGuardSchema(const DmHome *home, const char *verb)
{
	char *name = get_namespace_name(home->schema);
	bool renamed = name != NULL && strcmp(name, NameStr(home->name)) != 0;
	bool gone = name == NULL;

	/* An internal schema may be dropped when nothing is read from it, and change hands. */
	if (home->purpose == DM_PURPOSE_INTERNAL && !renamed)
		return;
	DmGuardRefuse(
		ERRCODE_DM_GUARDED, NULL,
		psprintf("cannot %s schema \"%s\": it %s domain \"%s\"",
				 gone      ? "drop"
				 : renamed ? "rename"
						   : verb,
				 NameStr(home->name),
				 home->purpose == DM_PURPOSE_PORT      ? "holds the ports of"
				 : home->purpose == DM_PURPOSE_RELEASE ? "holds the releases of"
													   : "is an internal schema of",
				 NameStr(home->domain)),
		"Contracts and the catalog of the mesh know it by its name.",
		psprintf("CALL datamesh.drop_domain(%s) removes a domain whose products are retired.",
				 quote_literal_cstr(NameStr(home->domain))));
}

/* ---- before the command ---- */

static void
early(const RangeVar *name, DmTouchKind kind, const DmDamage *damage)
{
	Oid relid = name != NULL ? RangeVarGetRelid(name, NoLock, true) : InvalidOid;
	DmTouch touch;

	/* whom PostgreSQL will not let do it hears that from PostgreSQL */
	if (OidIsValid(relid) && DmRelationOwnerCheck(relid, GetUserId()) &&
		DmGuardDescribe(relid, 0, kind, &touch))
		judge_damage(&touch, damage, true);
}

/* Like early, for what matters to views only. */
static void
early_view(const RangeVar *name, const DmDamage *damage)
{
	Oid relid = RangeVarGetRelid(name, NoLock, true);

	if (OidIsValid(relid) && get_rel_relkind(relid) == RELKIND_VIEW)
		early(name, DM_TOUCH_ALTER, damage);
}

/* Anything at all is too much for a port or a release. */
static void
early_port(const RangeVar *name, const char *verb)
{
	Oid relid = RangeVarGetRelid(name, NoLock, true);
	DmDamage damage = {.verb = verb};
	DmTouch touch;

	if (OidIsValid(relid) && DmRelationOwnerCheck(relid, GetUserId()) &&
		DmGuardDescribe(relid, 0, DM_TOUCH_ALTER, &touch) &&
		touch.home.purpose != DM_PURPOSE_INTERNAL)
		judge_damage(&touch, &damage, true);
}

static char *
column_type(const RangeVar *relation, const char *column)
{
	Oid relid = RangeVarGetRelid(relation, NoLock, true);
	AttrNumber number = OidIsValid(relid) ? get_attnum(relid, column) : InvalidAttrNumber;
	Oid type;
	int32 typmod;
	Oid collation;

	if (number <= 0)
		return NULL;
	get_atttypetypmodcoll(relid, number, &type, &typmod, &collation);
	return format_type_with_typemod(type, typmod);
}

static char *
type_text(const TypeName *name)
{
	int32 typmod = -1;
	Type type = LookupTypeName(NULL, name, &typmod, true);
	char *text;

	if (type == NULL)
		return TypeNameToString(name);
	text = format_type_with_typemod(typeTypeId(type), typmod);
	ReleaseSysCache(type);
	return text;
}

static void
early_alter_command(const AlterTableStmt *alter, const AlterTableCmd *command)
{
	const RangeVar *relation = alter->relation;
	DmDamage inherit = {.verb = "change the inheritance of"};
	DmDamage column = {.column = command->name};

	switch (command->subtype)
	{
		case AT_DropColumn:
			column.kind = DM_CHANGE_DROP;
			column.verb = "drop";
			early(relation, DM_TOUCH_ALTER, &column);
			break;
		case AT_AlterColumnType:
			column.kind = DM_CHANGE_TYPE;
			column.verb = "change the type of";
			column.old_value = column_type(relation, command->name);
			column.new_value = type_text(castNode(ColumnDef, command->def)->typeName);
			early(relation, DM_TOUCH_ALTER, &column);
			break;
		case AT_DropNotNull:
			column.kind = DM_CHANGE_NULLABLE;
			column.verb = "allow nulls in";
			early(relation, DM_TOUCH_ALTER, &column);
			break;
		case AT_ChangeOwner:
			early(relation, DM_TOUCH_ALTER, &(DmDamage){.verb = "change the owner of"});
			break;
		case AT_AttachPartition:
		case AT_DetachPartition:
			early(relation, DM_TOUCH_ATTACH, &inherit);
			early(castNode(PartitionCmd, command->def)->name, DM_TOUCH_ATTACH, &inherit);
			break;
		case AT_AddInherit:
		case AT_DropInherit:
			early(relation, DM_TOUCH_ATTACH, &inherit);
			early(castNode(RangeVar, command->def), DM_TOUCH_ATTACH, &inherit);
			break;
		case AT_DisableRowSecurity:
			DmGuardPolicy(relation, NULL, "disable row security of");
			/* FALLTHROUGH */
		case AT_EnableRowSecurity:
		case AT_ForceRowSecurity:
		case AT_NoForceRowSecurity:
			early(relation, DM_TOUCH_ALTER, &(DmDamage){.verb = "change row level security of"});
			break;
		case AT_SetRelOptions:
		case AT_ResetRelOptions:
		case AT_ReplaceRelOptions:
			early_view(relation, &(DmDamage){.verb = "change the options of"});
			break;
		case AT_SetLogged:
		case AT_SetUnLogged:
		case AT_SetAccessMethod:
			early(relation, DM_TOUCH_REWRITE, &(DmDamage){.verb = "rewrite"});
			break;
		default:
			break;
	}
	early_port(relation, "alter");
}

static void
early_drop(const DropStmt *drop)
{
	ListCell *cell;

	foreach (cell, drop->objects)
	{
		List *name = lfirst(cell);
		DmDamage damage = {.kind = DM_CHANGE_DROP, .verb = "drop"};
		DmHome home;

		switch (drop->removeType)
		{
			case OBJECT_TABLE:
			case OBJECT_VIEW:
			case OBJECT_MATVIEW:
			case OBJECT_FOREIGN_TABLE:
			case OBJECT_SEQUENCE:
			case OBJECT_INDEX:
				early(makeRangeVarFromNameList(name), DM_TOUCH_DROP, &damage);
				break;
			case OBJECT_RULE:
			case OBJECT_POLICY:
			case OBJECT_TRIGGER:
				name = list_truncate(list_copy(name), list_length(name) - 1);
				damage = (DmDamage){.verb = drop->removeType == OBJECT_RULE ? "change the rules of"
											: drop->removeType == OBJECT_POLICY
												? "change the policies of"
												: "change the triggers of"};
				if (drop->removeType == OBJECT_TRIGGER)
					early_port(makeRangeVarFromNameList(name), damage.verb);
				else
					early(makeRangeVarFromNameList(name), DM_TOUCH_RULE, &damage);
				if (drop->removeType == OBJECT_POLICY)
					DmGuardPolicy(makeRangeVarFromNameList(name),
								  strVal(llast((List *) lfirst(cell))), damage.verb);
				break;
			case OBJECT_SCHEMA:
				if (drop->behavior == DROP_RESTRICT &&
					DmGuardHomeByName(strVal(lfirst(cell)), &home) &&
					home.purpose != DM_PURPOSE_INTERNAL)
					DmGuardSchema(&home, "drop");
				break;
			default:
				break;
		}
	}
}

static void
early_rename(const RenameStmt *rename)
{
	DmDamage damage = {.kind = DM_CHANGE_RENAME, .verb = "rename", .new_value = rename->newname};

	switch (rename->renameType)
	{
		case OBJECT_TABLE:
		case OBJECT_VIEW:
		case OBJECT_MATVIEW:
		case OBJECT_FOREIGN_TABLE:
		case OBJECT_SEQUENCE:
		case OBJECT_INDEX:
			early(rename->relation, DM_TOUCH_ALTER, &damage);
			break;
		case OBJECT_COLUMN:
			damage.column = rename->subname;
			early(rename->relation, DM_TOUCH_ALTER, &damage);
			break;
		case OBJECT_RULE:
			early(rename->relation, DM_TOUCH_RULE, &(DmDamage){.verb = "change the rules of"});
			break;
		case OBJECT_POLICY:
			early(rename->relation, DM_TOUCH_POLICY, &(DmDamage){.verb = "change the policies of"});
			DmGuardPolicy(rename->relation, rename->subname, "change the policies of");
			break;
		case OBJECT_TRIGGER:
			early_port(rename->relation, "change the triggers of");
			break;
		default:
			break;
	}
}

/* What a command names outright, refused before it takes a lock. */
void
DmGuardEarly(Node *statement)
{
	ListCell *cell;

	switch (nodeTag(statement))
	{
		case T_AlterTableStmt:
			foreach (cell, ((AlterTableStmt *) statement)->cmds)
				early_alter_command((AlterTableStmt *) statement, lfirst(cell));
			break;
		case T_DropStmt:
			early_drop((DropStmt *) statement);
			break;
		case T_RenameStmt:
			early_rename((RenameStmt *) statement);
			break;
		case T_AlterObjectSchemaStmt:
			early(((AlterObjectSchemaStmt *) statement)->relation, DM_TOUCH_ALTER,
				  &(DmDamage){.verb = "change the schema of"});
			break;
		case T_ViewStmt:
			if (((ViewStmt *) statement)->replace)
				early(((ViewStmt *) statement)->view, DM_TOUCH_RULE,
					  &(DmDamage){.verb = "replace the query of"});
			break;
		case T_RuleStmt:
			early(((RuleStmt *) statement)->relation, DM_TOUCH_RULE,
				  &(DmDamage){.verb = "change the rules of"});
			break;
		case T_CreateTrigStmt:
			early_port(((CreateTrigStmt *) statement)->relation, "change the triggers of");
			break;
		case T_CreatePolicyStmt:
			early(((CreatePolicyStmt *) statement)->table, DM_TOUCH_POLICY,
				  &(DmDamage){.verb = "change the policies of"});
			break;
		case T_AlterPolicyStmt:
			early(((AlterPolicyStmt *) statement)->table, DM_TOUCH_POLICY,
				  &(DmDamage){.verb = "change the policies of"});
			DmGuardPolicy(((AlterPolicyStmt *) statement)->table,
						  ((AlterPolicyStmt *) statement)->policy_name, "change the policies of");
			break;
		case T_GrantStmt:
		case T_AlterDefaultPrivilegesStmt:
		case T_CreateSchemaStmt:
			DmGuardGrant(statement);
			break;
		default:
			break;
	}
}
