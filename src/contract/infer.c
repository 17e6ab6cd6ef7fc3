/*-------------------------------------------------------------------------
 *
 * infer.c
 *		infer_contract: a contract that a live relation already keeps.
 *
 * Facts first (types, constraints, comments, from the catalog), then what one
 * pass over the data shows; what is made of them is in infer_propose.c.  The
 * relation is read with the rights of the caller, in one query that holds
 * nothing but quoted names.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/session.h"
#include "contract/document.h"
#include "contract/infer.h"

PG_FUNCTION_INFO_V1(dm_infer_contract);

/*
 * Facts
 */

static DmInferColumn *
column_of(DmInferSource *source, AttrNumber attnum)
{
	for (int i = 0; i < source->count; i++)
	{
		if (source->columns[i].attnum == attnum)
			return &source->columns[i];
	}
	return NULL;
}

static void
read_columns(DmInferSource *source)
{
	TupleDesc desc = RelationGetDescr(source->rel);

	source->columns = palloc0(sizeof(DmInferColumn) * (desc->natts + 1));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		DmInferColumn *column = &source->columns[source->count];

		if (attribute->attisdropped)
			continue;
		column->name = pstrdup(NameStr(attribute->attname));
		column->attnum = attribute->attnum;
		column->type = attribute->atttypid;
		column->typmod = column->base_typmod = attribute->atttypmod;
		column->base_type = getBaseTypeAndTypmod(attribute->atttypid, &column->base_typmod);
		column->not_null = DmNeverNull(desc, i);
		DmObservationInit(&column->seen, column->base_type);
		source->count++;
	}
}

/* The columns of an index's key; NIL if one of them is an expression. */
static List *
index_columns(DmInferSource *source, Form_pg_index index)
{
	List *columns = NIL;

	for (int i = 0; i < index->indnkeyatts; i++)
	{
		DmInferColumn *column = column_of(source, index->indkey.values[i]);

		if (column == NULL)
			return NIL;
		columns = lappend(columns, column);
	}
	return columns;
}

static void
read_unique_index(DmInferSource *source, HeapTuple tuple)
{
	Form_pg_index index = (Form_pg_index) GETSTRUCT(tuple);
	List *columns;
	int position = 0;
	ListCell *lc;

	/* a partial index says nothing of the other rows, and one that is being built nothing yet */
	if (!index->indisunique || !index->indisvalid ||
		!heap_attisnull(tuple, Anum_pg_index_indpred, NULL))
		return;
	columns = index_columns(source, index);
	if (columns == NIL)
		return;
	if (index->indisprimary)
	{
		source->has_key = true;
		foreach (lc, columns)
			((DmInferColumn *) lfirst(lc))->key_position = ++position;
	}
	else if (list_length(columns) == 1)
		((DmInferColumn *) linitial(columns))->is_unique = true;
	else
		source->unique_sets = lappend(source->unique_sets, columns);
}

static void
read_indexes(DmInferSource *source)
{
	ListCell *lc;

	foreach (lc, RelationGetIndexList(source->rel))
	{
		HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(lc)));

		if (!HeapTupleIsValid(tuple))
			continue;
		read_unique_index(source, tuple);
		ReleaseSysCache(tuple);
	}
}

/* May the name stand in a reference of the standard, table.column? */
bool
DmIsSimpleName(const char *name)
{
	if (*name >= '0' && *name <= '9')
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") ==
		   strlen(name);
}

static bool
is_validated(Oid constraint)
{
	HeapTuple tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
	bool validated =
		HeapTupleIsValid(tuple) && ((Form_pg_constraint) GETSTRUCT(tuple))->convalidated;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return validated;
}

/* A foreign key of several columns, as a relationship of the object. */
static DmNode *
composite_relationship(DmInferSource *source, ForeignKeyCacheInfo *key, const char *target)
{
	DmNode *relationship = DmNodeMake(DM_NODE_OBJECT, 0);
	DmNode *from = DmNodeMake(DM_NODE_ARRAY, 0);
	DmNode *to = DmNodeMake(DM_NODE_ARRAY, 0);

	for (int i = 0; i < key->nkeys; i++)
	{
		DmNodeAppend(from, DmNodeMakeString(psprintf("%s.%s", source->name,
													 column_of(source, key->conkey[i])->name)));
		DmNodeAppend(
			to, DmNodeMakeString(psprintf("%s.%s", target,
										  get_attname(key->confrelid, key->confkey[i], false))));
	}
	DmNodeSetString(relationship, "type", "foreignKey");
	DmNodeSet(relationship, "from", from);
	DmNodeSet(relationship, "to", to);
	return relationship;
}

static void
read_foreign_key(DmInferSource *source, ForeignKeyCacheInfo *key)
{
	char *target = get_rel_name(key->confrelid);
	bool sayable = target != NULL && DmIsSimpleName(target) && DmIsSimpleName(source->name) &&
				   get_rel_namespace(key->confrelid) == RelationGetNamespace(source->rel);

	for (int i = 0; i < key->nkeys; i++)
	{
		DmInferColumn *column = column_of(source, key->conkey[i]);

		column->references = true;
		sayable = sayable && DmIsSimpleName(column->name) &&
				  DmIsSimpleName(get_attname(key->confrelid, key->confkey[i], false));
	}
	if (!sayable || !is_validated(key->conoid))
		return;
	if (key->nkeys == 1)
		column_of(source, key->conkey[0])->target =
			psprintf("%s.%s", target, get_attname(key->confrelid, key->confkey[0], false));
	else
		source->foreign_keys =
			lappend(source->foreign_keys, composite_relationship(source, key, target));
}

static void
read_foreign_keys(DmInferSource *source)
{
	ListCell *lc;

	/* a copy: the cache may be rebuilt meanwhile */
	foreach (lc, copyObject(RelationGetFKeyList(source->rel)))
		read_foreign_key(source, lfirst(lc));
}

/*
 * The pass over the data
 */

typedef struct Observer
{
	DestReceiver receiver;
	DmInferSource *source;
	MemoryContext row_context;
} Observer;

static bool
observe_row(TupleTableSlot *slot, DestReceiver *self)
{
	Observer *observer = (Observer *) self;
	DmInferSource *source = observer->source;
	MemoryContext old = MemoryContextSwitchTo(observer->row_context);

	slot_getallattrs(slot);
	for (int i = 0; i < source->count; i++)
		DmObserve(&source->columns[i].seen, slot->tts_values[i], slot->tts_isnull[i]);
	source->rows++;
	MemoryContextSwitchTo(old);
	MemoryContextReset(observer->row_context);
	return true;
}

static void
observe_begin(DestReceiver *self, int operation, TupleDesc desc)
{
}

static void
observe_end(DestReceiver *self)
{
}

char *
DmInferRelationSql(const DmInferSource *source)
{
	return quote_qualified_identifier(source->schema, source->name);
}

static void
observe_all(DmInferSource *source)
{
	Observer observer = {.source = source};
	SPIExecuteOptions options = {.read_only = true};
	StringInfoData sql;
	int result;

	observer.receiver.receiveSlot = observe_row;
	observer.receiver.rStartup = observe_begin;
	observer.receiver.rShutdown = observe_end;
	observer.receiver.rDestroy = observe_end;
	observer.receiver.mydest = DestNone;
	observer.row_context =
		AllocSetContextCreate(CurrentMemoryContext, "infer_contract row", ALLOCSET_DEFAULT_SIZES);
	options.dest = &observer.receiver;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	for (int i = 0; i < source->count; i++)
		appendStringInfo(&sql, "%s%s", i ? ", " : "", quote_identifier(source->columns[i].name));
	appendStringInfo(&sql, " FROM %s", DmInferRelationSql(source));
	result = SPI_execute_extended(sql.data, &options);
	if (result < 0)
		elog(ERROR, "SPI refused \"%s\": %s", sql.data, SPI_result_code_string(result));
}

/* Does no value of the column occur twice? */
static bool
is_observed_unique(const DmInferSource *source, const DmInferColumn *column)
{
	char *sql = psprintf("SELECT 1 FROM %s GROUP BY %s HAVING pg_catalog.count(*) "
						 "OPERATOR(pg_catalog.>) 1 LIMIT 1",
						 DmInferRelationSql(source), quote_identifier(column->name));
	int result = SPI_execute(sql, true, 0); /* a limit of SPI would rule workers out */

	if (result != SPI_OK_SELECT)
		elog(ERROR, "SPI refused \"%s\": %s", sql, SPI_result_code_string(result));
	return SPI_processed == 0;
}

bool
DmEndsWith(const char *text, const char *ending)
{
	size_t length = strlen(text);
	size_t ending_length = strlen(ending);

	return length >= ending_length && pg_strcasecmp(text + length - ending_length, ending) == 0;
}

/* Is the column called like the key of this relation? */
static bool
is_named_as_key(const DmInferSource *source, const DmInferColumn *column)
{
	static const char *const endings[] = {"id", "key", "code", "no", "number", "uuid"};
	int stem = strlen(source->name);

	if (pg_strcasecmp(column->name, "id") == 0)
		return true;
	/* orders.order_id, orders.orders_id */
	if (DmEndsWith(column->name, "_id") && strlen(column->name) - 3 <= stem &&
		pg_strncasecmp(column->name, source->name, strlen(column->name) - 3) == 0 &&
		(strlen(column->name) - 3 == stem ||
		 pg_strcasecmp(source->name + strlen(column->name) - 3, "s") == 0))
		return true;
	for (int i = 0; column == source->columns && i < lengthof(endings); i++)
	{
		if (DmEndsWith(column->name, endings[i]))
			return true;
	}
	return false;
}

static bool
is_key_type(Oid type)
{
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case NUMERICOID:
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case UUIDOID:
			return true;
		default:
			return false;
	}
}

/*
 * Where nothing is declared (views never declare), look for a key by its name, and let the data
 * decide.
 */
static void
find_key(DmInferSource *source)
{
	for (int i = 0; i < source->count && !source->has_key; i++)
	{
		DmInferColumn *column = &source->columns[i];
		DmObservation *seen = &column->seen;

		if (!is_named_as_key(source, column) || !is_key_type(column->base_type) || seen->rows < 2 ||
			seen->nulls > 0 || seen->nans > 0)
			continue;
		if (seen->kind == DM_OBSERVE_TEXT && seen->value_count <= DM_MAX_VALUES &&
			seen->value_count < seen->rows)
			continue;
		if (column->is_unique || is_observed_unique(source, column))
		{
			column->key_position = 1;
			source->has_key = true;
		}
	}
}

/*
 * The function
 */

static Relation
open_source(Oid relid)
{
	Relation rel = try_relation_open(relid, AccessShareLock);

	if (rel == NULL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
						errmsg("relation with OID %u does not exist", relid)));
	switch (rel->rd_rel->relkind)
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
		case RELKIND_VIEW:
		case RELKIND_MATVIEW:
		case RELKIND_FOREIGN_TABLE:
			return rel;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_WRONG_OBJECT_TYPE),
					 errmsg("\"%s\" is no source of a data product", RelationGetRelationName(rel)),
					 errdetail("A contract is inferred from a table, view, materialized view, "
							   "partitioned table or foreign table.")));
	}
	return NULL;
}

Datum
dm_infer_contract(PG_FUNCTION_ARGS)
{
	DmInferSource source = {.rel = open_source(PG_GETARG_OID(0))};
	StringInfoData json;
	DmIdentity saved;

	DmBecomeReader(&saved, PG_GETARG_OID(0));
	source.schema = get_namespace_name(RelationGetNamespace(source.rel));
	source.name = pstrdup(RelationGetRelationName(source.rel));
	read_columns(&source);
	read_indexes(&source);
	read_foreign_keys(&source);

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	observe_all(&source);
	find_key(&source);
	SPI_finish();

	initStringInfo(&json);
	DmJsonWrite(&json, DmInferPropose(&source));
	relation_close(source.rel, AccessShareLock);
	DmIdentityRestore(&saved);
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}
