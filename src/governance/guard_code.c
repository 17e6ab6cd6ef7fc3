/*-------------------------------------------------------------------------
 *
 * guard_code.c
 *		Nobody who reads a port comes to run code of a domain's: not after its publish, either.
 *
 * Publish refuses a live product whose source, or anything beneath it, runs code of somebody
 * who is no superuser (lineage/code.c says what that is and where it stands).  What lies beneath goes on
 * being the domain's, or somebody else's, and so a command that brings code there is held against
 * the same rule, with the same error.  What does not concern a port costs a look at what was made;
 * who reads a relation is asked only when there is code in it.
 *
 * Two sessions must not bring one half each.  Whoever finds code in a relation locks it (DmCodeLock)
 * before asking who reads it; a publish, and a command that has a relation read through another,
 * lock all that they look at, shared, before they look: one of the two sees the other.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/index.h"
#include "catalog/pg_cast.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_index.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/errors.h"
#include "governance/guard.h"
#include "lineage/code.h"

/* ---- who would run it ---- */

/*
 * The product whose port reads the relation: by its live source, or (any: casts work on copies too)
 * as the port itself.
 */
static const DmReader *
reader_of(Oid relid, bool any)
{
	char *name = get_rel_name(relid);
	DmHome home;
	ListCell *cell;

	if (name == NULL || !DmGuardHome(get_rel_namespace(relid), &home))
		return NULL;
	if (home.purpose == DM_PURPOSE_INTERNAL || (any && home.purpose == DM_PURPOSE_PORT))
		foreach (cell, DmGuardReaders(&home, relid, name))
			if (any || ((const DmReader *) lfirst(cell))->live)
				return lfirst(cell);
	return NULL;
}

static void
judge_relation(Oid relid, DmCodeDepth depth, const List *born)
{
	bool any = depth == DM_CODE_CASTS;
	const DmCode *code;
	List *found;
	ListCell *cell;

	if (relid < FirstNormalObjectId || list_member_oid(born, relid) ||
		get_rel_persistence(relid) == RELPERSISTENCE_TEMP)
		return;
	found = DmCodeOf(relid, depth, true);
	if (found == NIL)
		return;
	code = linitial(found);
	DmCodeLock(relid, true);
	foreach (cell, DmReadThrough(relid))
	{
		const DmReader *reader = reader_of(lfirst_oid(cell), any);

		if (reader == NULL)
			continue;
		DmGuardRefuse(ERRCODE_DM_UNENFORCEABLE, reader->product,
					  DmCodeMessage(code, reader->product, reader->live), DmCodeDetail(code),
					  DmCodeHint(code, reader->live));
		return;
	}
}

/* ---- what has been made or changed ---- */

/* A new index: it has code only if it computes something. */
void
DmGuardIndex(Oid relid, const List *born)
{
	char kind = get_rel_relkind(relid);
	HeapTuple tuple;
	bool computes;

	if (kind != RELKIND_INDEX && kind != RELKIND_PARTITIONED_INDEX)
		return;
	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(relid));
	if (!HeapTupleIsValid(tuple))
		return;
	computes = !heap_attisnull(tuple, Anum_pg_index_indexprs, NULL) ||
			   !heap_attisnull(tuple, Anum_pg_index_indpred, NULL);
	ReleaseSysCache(tuple);
	if (computes)
		judge_relation(IndexGetRelation(relid, false), DM_CODE_OWN, born);
}

static void
judge_constraint(Oid oid, const List *born)
{
	HeapTuple tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(oid));
	Oid relid = InvalidOid;

	if (!HeapTupleIsValid(tuple))
		return;
	if (((Form_pg_constraint) GETSTRUCT(tuple))->contype == CONSTRAINT_CHECK)
		relid = ((Form_pg_constraint) GETSTRUCT(tuple))->conrelid;
	ReleaseSysCache(tuple);
	judge_relation(relid, DM_CODE_OWN, born);
}

/* Wherever the object stands. */
static void
judge_all(Oid class, Oid oid, DmCodeDepth depth, const List *born)
{
	ListCell *cell;

	foreach (cell, DmRelationsWith(class, oid))
		judge_relation(lfirst_oid(cell), depth, born);
}

static bool
is_superusers(int cache, Oid oid)
{
	HeapTuple tuple = SearchSysCache1(cache, ObjectIdGetDatum(oid));
	Oid owner;

	if (!HeapTupleIsValid(tuple))
		return true;
	owner = cache == PROCOID   ? ((Form_pg_proc) GETSTRUCT(tuple))->proowner
			: cache == OPEROID ? ((Form_pg_operator) GETSTRUCT(tuple))->oprowner
							   : ((Form_pg_type) GETSTRUCT(tuple))->typowner;
	ReleaseSysCache(tuple);
	return superuser_arg(owner);
}

/* The code of a cast, and what it makes of which type. */
static bool
read_cast(Oid oid, FormData_pg_cast *cast)
{
	Relation rel = table_open(CastRelationId, AccessShareLock);
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple tuple;

	ScanKeyInit(&key, Anum_pg_cast_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(oid));
	scan = systable_beginscan(rel, CastOidIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		*cast = *(Form_pg_cast) GETSTRUCT(tuple);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return HeapTupleIsValid(tuple);
}

static void
lock_type(Oid type)
{
	if (type >= FirstNormalObjectId)
		LockDatabaseObject(TypeRelationId, type, 0, ExclusiveLock);
}

static void
judge_cast(Oid oid, const List *born)
{
	FormData_pg_cast cast;

	if (!read_cast(oid, &cast) || cast.castfunc < FirstNormalObjectId ||
		is_superusers(PROCOID, cast.castfunc))
		return;
	lock_type(Min(cast.castsource, cast.casttarget));
	lock_type(Max(cast.castsource, cast.casttarget));
	judge_all(CastRelationId, oid, DM_CODE_CASTS, born);
}

/* Another owner, or another body: what the planner left alone it may compute now. */
static void
judge_function(Oid oid, const List *born)
{
	LockDatabaseObject(ProcedureRelationId, oid, 0, ExclusiveLock);
	judge_all(ProcedureRelationId, oid, DM_CODE_OWN, born);
}

/* Row types come and go with their tables, and values of an enum have no code. */
static bool
has_code(Oid type)
{
	char kind = get_typtype(type);
	Oid relid = kind == TYPTYPE_COMPOSITE ? get_typ_typrelid(type) : InvalidOid;

	return kind != TYPTYPE_ENUM &&
		   (!OidIsValid(relid) || get_rel_relkind(relid) == RELKIND_COMPOSITE_TYPE);
}

/*
 * Of a relation, or of its row type, which may be the type of columns elsewhere.  What computes with a column
 * is parsed again when its type changes, and may find other functions by that.
 */
static void
judge_column(Oid relid, AttrNumber column, bool is_new, const List *born)
{
	Oid type = get_rel_type_id(relid);

	if (is_new && get_atttype(relid, column) < FirstNormalObjectId)
		return;
	judge_relation(relid, DM_CODE_OWN, born);
	if (OidIsValid(type))
		judge_all(TypeRelationId, type, DM_CODE_OWN, born);
}

static Oid
relation_with(const DmSuspect *suspect)
{
	List *relations = DmRelationsWith(suspect->class, suspect->oid);

	return relations != NIL ? linitial_oid(relations) : InvalidOid;
}

void
DmGuardSuspect(const DmSuspect *suspect, const List *born)
{
	switch (suspect->class)
	{
		case RelationRelationId:
			if (suspect->sub != 0)
				judge_column(suspect->oid, suspect->sub, suspect->is_new, born);
			else
				judge_relation(suspect->oid, DM_CODE_BENEATH, born);
			break;
		case RewriteRelationId:
		case PolicyRelationId:
			judge_relation(relation_with(suspect), DM_CODE_BENEATH, born);
			break;
		case ConstraintRelationId:
			judge_constraint(suspect->oid, born);
			break;
		case StatisticExtRelationId:
			judge_relation(relation_with(suspect), DM_CODE_OWN, born);
			break;
		case CastRelationId:
			judge_cast(suspect->oid, born);
			break;
		case ProcedureRelationId:
			if (!is_superusers(PROCOID, suspect->oid))
				judge_function(suspect->oid, born);
			break;
		case OperatorRelationId:
			if (!is_superusers(OPEROID, suspect->oid))
				judge_all(suspect->class, suspect->oid, DM_CODE_OWN, born);
			break;
		case TypeRelationId:
			if (has_code(suspect->oid) && !is_superusers(TYPEOID, suspect->oid))
				judge_all(suspect->class, suspect->oid, DM_CODE_OWN, born);
			break;
		default:
			break;
	}
}
