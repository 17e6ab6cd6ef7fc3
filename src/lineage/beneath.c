/*-------------------------------------------------------------------------
 *
 * beneath.c
 *		Upwards from a relation or another object: who reads through it, where does it stand?
 *
 * The edges are those that code.c walks downwards: a view reads what its query names, a
 * table what its policies name, a parent its children.  A materialized view has its data, and is where
 * it ends.  Upwards they are look-ups in pg_depend and pg_inherits, a few for each relation, so
 * that the guard of DDL need not know what all live products read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/index.h"
#include "catalog/pg_cast.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "lineage/code.h"

/* The column of a catalog's row, which an index finds by the row's Oid (its first column). */
static Oid
oid_in_row(Oid catalog, Oid index, Oid row, AttrNumber column)
{
	Relation rel = table_open(catalog, AccessShareLock);
	Oid result = InvalidOid;
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple tuple;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(row));
	scan = systable_beginscan(rel, index, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool isnull;
		Datum value = heap_getattr(tuple, column, RelationGetDescr(rel), &isnull);

		if (!isnull)
			result = DatumGetObjectId(value);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return result;
}

static Oid
relation_of_rule(Oid rule)
{
	return oid_in_row(RewriteRelationId, RewriteOidIndexId, rule, Anum_pg_rewrite_ev_class);
}

static Oid
relation_of_policy(Oid policy)
{
	return oid_in_row(PolicyRelationId, PolicyOidIndexId, policy, Anum_pg_policy_polrelid);
}

/* What depends on an object: class and Oid of each, in turns. */
static List *
dependents(Oid class, Oid object)
{
	Relation rel = table_open(DependRelationId, AccessShareLock);
	List *result = NIL;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple tuple;

	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(class));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(object));
	scan = systable_beginscan(rel, DependReferenceIndexId, true, NULL, 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);

		CHECK_FOR_INTERRUPTS();
		result = lappend_oid(lappend_oid(result, form->classid), form->objid);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return result;
}

/* ---- who reads through a relation ---- */

/* Those that read this one by their query or a policy. */
static void
add_readers(List **above, Oid relid)
{
	List *objects = dependents(RelationRelationId, relid);

	for (int i = 0; i < list_length(objects); i += 2)
	{
		Oid class = list_nth_oid(objects, i);
		Oid reader = class == RewriteRelationId  ? relation_of_rule(list_nth_oid(objects, i + 1))
					 : class == PolicyRelationId ? relation_of_policy(list_nth_oid(objects, i + 1))
												 : InvalidOid;

		if (OidIsValid(reader) && get_rel_relkind(reader) != RELKIND_MATVIEW)
			*above = list_append_unique_oid(*above, reader);
	}
}

List *
DmParents(Oid relid)
{
	Relation rel = table_open(InheritsRelationId, AccessShareLock);
	List *parents = NIL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple tuple;

	ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	scan = systable_beginscan(rel, InheritsRelidSeqnoIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		parents = lappend_oid(parents, ((Form_pg_inherits) GETSTRUCT(tuple))->inhparent);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return parents;
}

List *
DmReadThrough(Oid relation)
{
	List *above = list_make1_oid(relation);

	for (int i = 0; i < list_length(above); i++)
	{
		CHECK_FOR_INTERRUPTS();
		add_readers(&above, list_nth_oid(above, i));
		above = list_concat_unique_oid(above, DmParents(list_nth_oid(above, i)));
	}
	return above;
}

/* ---- where an object stands ---- */

typedef struct Search
{
	List *relations;
	List
		*objects; /* class and Oid, in turns, of what is still to be looked for and what has been */
} Search;

static void
add_object(Search *search, Oid class, Oid object)
{
	if (object < FirstNormalObjectId)
		return;
	for (int i = 0; i < list_length(search->objects); i += 2)
		if (list_nth_oid(search->objects, i) == class &&
			list_nth_oid(search->objects, i + 1) == object)
			return;
	search->objects = lappend_oid(lappend_oid(search->objects, class), object);
}

static void
add_relation(Search *search, Oid relid)
{
	if (OidIsValid(relid))
		search->relations = list_append_unique_oid(search->relations, relid);
}

/* A table, index or type of this Oid; a row type may be the type of columns elsewhere. */
static void
add_class(Search *search, Oid relid)
{
	char kind = get_rel_relkind(relid);

	if (kind == RELKIND_INDEX || kind == RELKIND_PARTITIONED_INDEX)
		add_relation(search, IndexGetRelation(relid, true));
	else if (kind != RELKIND_COMPOSITE_TYPE)
		add_relation(search, relid);
	add_object(search, TypeRelationId, get_rel_type_id(relid));
}

static void
add_dependent(Search *search, Oid class, Oid object)
{
	switch (class)
	{
		case RelationRelationId:
			add_class(search, object);
			break;
		case RewriteRelationId:
			add_relation(search, relation_of_rule(object));
			break;
		case PolicyRelationId:
			add_relation(search, relation_of_policy(object));
			break;
		case ConstraintRelationId:
			add_relation(search, oid_in_row(ConstraintRelationId, ConstraintOidIndexId, object,
											Anum_pg_constraint_conrelid));
			break;
		case StatisticExtRelationId:
			add_relation(search, oid_in_row(StatisticExtRelationId, StatisticExtOidIndexId, object,
											Anum_pg_statistic_ext_stxrelid));
			break;
		case CastRelationId:
			add_object(search, TypeRelationId,
					   oid_in_row(CastRelationId, CastOidIndexId, object, Anum_pg_cast_castsource));
			add_object(search, TypeRelationId,
					   oid_in_row(CastRelationId, CastOidIndexId, object, Anum_pg_cast_casttarget));
			break;
		case TypeRelationId:
		case OperatorRelationId:
			add_object(search, class, object);
			break;
		default:
			break;
	}
}

List *
DmRelationsWith(Oid class, Oid object)
{
	Search search = {0};

	if (class == ProcedureRelationId)
		add_object(&search, class, object);
	else
		add_dependent(&search, class, object);
	for (int i = 0; i < list_length(search.objects); i += 2)
	{
		List *found;

		CHECK_FOR_INTERRUPTS();
		found = dependents(list_nth_oid(search.objects, i), list_nth_oid(search.objects, i + 1));
		for (int j = 0; j < list_length(found); j += 2)
			add_dependent(&search, list_nth_oid(found, j), list_nth_oid(found, j + 1));
	}
	return search.relations;
}
