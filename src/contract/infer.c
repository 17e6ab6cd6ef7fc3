/*-------------------------------------------------------------------------
 *
 * infer.c
 *		infer_contract: a contract that a live relation already keeps.
 *
 * Facts first (types, constraints, comments, from the catalog), then what one
 * pass over the data shows.  The relation is read with the rights of the
 * caller, in one query that holds nothing but quoted names.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_index.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "commands/comment.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "base/names.h"
#include "base/session.h"
#include "contract/document.h"
#include "contract/observe.h"

PG_FUNCTION_INFO_V1(dm_infer_contract);

typedef struct Column
{
	const char *name;
	AttrNumber attnum;
	Oid type; /* as declared */
	int32 typmod;
	Oid base_type; /* below domains */
	int32 base_typmod;
	bool not_null; /* declared */
	bool is_unique;
	int key_position; /* in the primary key, from 1; 0 if not */
	bool references;  /* part of a foreign key */
	char *target;     /* table.column, of a foreign key of this column alone */
	DmObservation seen;
} Column;

typedef struct Source
{
	Relation rel;
	const char *schema;
	const char *name;
	int count;
	Column *columns;
	bool has_key;
	List *unique_sets;  /* lists of Column *, more than one each */
	List *foreign_keys; /* DmNode *, relationships of the object */
	int64 rows;
} Source;

/*
 * Facts
 */

static Column *
column_of(Source *source, AttrNumber attnum)
{
	for (int i = 0; i < source->count; i++)
	{
		if (source->columns[i].attnum == attnum)
			return &source->columns[i];
	}
	return NULL;
}

static void
read_columns(Source *source)
{
	TupleDesc desc = RelationGetDescr(source->rel);

	source->columns = palloc0(sizeof(Column) * (desc->natts + 1));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		Column *column = &source->columns[source->count];

		if (attribute->attisdropped)
			continue;
		column->name = pstrdup(NameStr(attribute->attname));
		column->attnum = attribute->attnum;
		column->type = attribute->atttypid;
		column->typmod = column->base_typmod = attribute->atttypmod;
		column->base_type = getBaseTypeAndTypmod(attribute->atttypid, &column->base_typmod);
		column->not_null = attribute->attnotnull;
		DmObservationInit(&column->seen, column->base_type);
		source->count++;
	}
}

/* The columns of an index's key; NIL if one of them is an expression. */
static List *
index_columns(Source *source, Form_pg_index index)
{
	List *columns = NIL;

	for (int i = 0; i < index->indnkeyatts; i++)
	{
		Column *column = column_of(source, index->indkey.values[i]);

		if (column == NULL)
			return NIL;
		columns = lappend(columns, column);
	}
	return columns;
}

static void
read_unique_index(Source *source, HeapTuple tuple)
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
			((Column *) lfirst(lc))->key_position = ++position;
	}
	else if (list_length(columns) == 1)
		((Column *) linitial(columns))->is_unique = true;
	else
		source->unique_sets = lappend(source->unique_sets, columns);
}

static void
read_indexes(Source *source)
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
static bool
is_simple_name(const char *name)
{
	if (*name >= '0' && *name <= '9')
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") ==
		   strlen(name);
}

static DmNode *
string_node(const char *text)
{
	return DmNodeMakeText(DM_NODE_STRING, 0, text);
}

static void
put(DmNode *object, const char *key, DmNode *value)
{
	DmNodePut(object, pstrdup(key), 0, value);
}

static void
put_string(DmNode *object, const char *key, const char *text)
{
	if (text != NULL)
		put(object, key, string_node(text));
}

static void
put_number(DmNode *object, const char *key, const char *number)
{
	if (number != NULL)
		put(object, key, DmNodeMakeText(DM_NODE_NUMBER, 0, number));
}

static void
put_integer(DmNode *object, const char *key, int64 number)
{
	put_number(object, key, psprintf(INT64_FORMAT, number));
}

static void
put_true(DmNode *object, const char *key, bool value)
{
	if (value)
		put(object, key, DmNodeMakeText(DM_NODE_BOOLEAN, 0, "true"));
}

static void
put_if_filled(DmNode *object, const char *key, DmNode *container)
{
	if (container->count > 0)
		put(object, key, container);
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
composite_relationship(Source *source, ForeignKeyCacheInfo *key, const char *target)
{
	DmNode *relationship = DmNodeMake(DM_NODE_OBJECT, 0);
	DmNode *from = DmNodeMake(DM_NODE_ARRAY, 0);
	DmNode *to = DmNodeMake(DM_NODE_ARRAY, 0);

	for (int i = 0; i < key->nkeys; i++)
	{
		DmNodeAppend(from, string_node(psprintf("%s.%s", source->name,
												column_of(source, key->conkey[i])->name)));
		DmNodeAppend(to,
					 string_node(psprintf("%s.%s", target,
										  get_attname(key->confrelid, key->confkey[i], false))));
	}
	put_string(relationship, "type", "foreignKey");
	put(relationship, "from", from);
	put(relationship, "to", to);
	return relationship;
}

static void
read_foreign_key(Source *source, ForeignKeyCacheInfo *key)
{
	char *target = get_rel_name(key->confrelid);
	bool sayable = target != NULL && is_simple_name(target) && is_simple_name(source->name) &&
				   get_rel_namespace(key->confrelid) == RelationGetNamespace(source->rel);

	for (int i = 0; i < key->nkeys; i++)
	{
		Column *column = column_of(source, key->conkey[i]);

		column->references = true;
		sayable = sayable && is_simple_name(column->name) &&
				  is_simple_name(get_attname(key->confrelid, key->confkey[i], false));
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
read_foreign_keys(Source *source)
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
	Source *source;
	MemoryContext row_context;
} Observer;

static bool
observe_row(TupleTableSlot *slot, DestReceiver *self)
{
	Observer *observer = (Observer *) self;
	Source *source = observer->source;
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

static char *
relation_sql(const Source *source)
{
	return quote_qualified_identifier(source->schema, source->name);
}

static void
observe_all(Source *source)
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
	appendStringInfo(&sql, " FROM %s", relation_sql(source));
	result = SPI_execute_extended(sql.data, &options);
	if (result < 0)
		elog(ERROR, "SPI refused \"%s\": %s", sql.data, SPI_result_code_string(result));
}

/* Does no value of the column occur twice? */
static bool
is_observed_unique(const Source *source, const Column *column)
{
	char *sql = psprintf("SELECT 1 FROM %s GROUP BY %s HAVING pg_catalog.count(*) "
						 "OPERATOR(pg_catalog.>) 1 LIMIT 1",
						 relation_sql(source), quote_identifier(column->name));
	int result = SPI_execute(sql, true, 0); /* a limit of SPI would rule workers out */

	if (result != SPI_OK_SELECT)
		elog(ERROR, "SPI refused \"%s\": %s", sql, SPI_result_code_string(result));
	return SPI_processed == 0;
}

static bool
ends_with(const char *text, const char *ending)
{
	size_t length = strlen(text);
	size_t ending_length = strlen(ending);

	return length >= ending_length && pg_strcasecmp(text + length - ending_length, ending) == 0;
}

/* Is the column called like the key of this relation? */
static bool
is_named_as_key(const Source *source, const Column *column)
{
	static const char *const endings[] = {"id", "key", "code", "no", "number", "uuid"};
	int stem = strlen(source->name);

	if (pg_strcasecmp(column->name, "id") == 0)
		return true;
	/* orders.order_id, orders.orders_id */
	if (ends_with(column->name, "_id") && strlen(column->name) - 3 <= stem &&
		pg_strncasecmp(column->name, source->name, strlen(column->name) - 3) == 0 &&
		(strlen(column->name) - 3 == stem ||
		 pg_strcasecmp(source->name + strlen(column->name) - 3, "s") == 0))
		return true;
	for (int i = 0; column == source->columns && i < lengthof(endings); i++)
	{
		if (ends_with(column->name, endings[i]))
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
find_key(Source *source)
{
	for (int i = 0; i < source->count && !source->has_key; i++)
	{
		Column *column = &source->columns[i];
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
 * What is proposed for a column
 */

static const char *
logical_type(Oid type)
{
	switch (type)
	{
		case BOOLOID:
			return "boolean";
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return "integer";
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
			return "number";
		case DATEOID:
			return "date";
		case TIMEOID:
		case TIMETZOID:
			return "time";
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return "timestamp";
		case JSONOID:
		case JSONBOID:
			return "object";
		default:
			break;
	}
	if (OidIsValid(get_element_type(type)))
		return "array";
	if (get_typtype(type) == TYPTYPE_COMPOSITE)
		return "object";
	return "string";
}

/* Identifiers are not measured: the next one will be out of any range. */
static bool
is_identifier(const Column *column)
{
	return column->key_position > 0 || column->is_unique || column->references ||
		   pg_strcasecmp(column->name, "id") == 0 || ends_with(column->name, "_id");
}

/* Few values, each met twice or more on average, and no identifiers: a list of what is allowed. */
static bool
has_allowed_values(const Column *column)
{
	const DmObservation *seen = &column->seen;

	return seen->kind == DM_OBSERVE_TEXT && !is_identifier(column) && seen->value_count > 0 &&
		   seen->value_count <= DM_MAX_VALUES &&
		   seen->rows - seen->nulls >= 2 * (int64) seen->value_count;
}

/* The next figure of 10, 20, 50, 100, ... */
static int
round_up(int length)
{
	static const int steps[] = {2, 5, 10};

	for (int64 power = 1;; power *= 10)
	{
		for (int i = 0; i < lengthof(steps); i++)
		{
			if (length <= steps[i] * power && steps[i] * power >= 10)
				return (int) Min(steps[i] * power, INT_MAX);
		}
	}
}

static void
propose_text_options(const Column *column, DmNode *options)
{
	const DmObservation *seen = &column->seen;
	bool bounded = (column->base_type == VARCHAROID || column->base_type == BPCHAROID) &&
				   column->base_typmod > (int32) VARHDRSZ;
	char *pattern = has_allowed_values(column) ? NULL : DmObservedPattern(seen);

	if (pattern != NULL)
		put_string(options, "pattern", pattern);
	else if (!has_allowed_values(column) && seen->value_count > 0)
	{
		if (seen->shortest > 0)
			put_integer(options, "minLength",
						seen->shortest == seen->longest && seen->value_count > 1 ? seen->shortest
																				 : 1);
		if (!bounded)
			put_integer(options, "maxLength",
						seen->shortest == seen->longest && seen->value_count > 1
							? seen->longest
							: round_up(seen->longest));
	}
	if (bounded)
		put_integer(options, "maxLength", column->base_typmod - VARHDRSZ);
}

static void
propose_options(const Column *column, DmNode *options)
{
	const DmObservation *seen = &column->seen;

	if (seen->kind == DM_OBSERVE_TEXT)
		propose_text_options(column, options);
	if (seen->kind != DM_OBSERVE_ORDER)
		return;
	switch (column->base_type)
	{
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			/* time goes on: there is a first, and no last */
			put_string(options, "minimum", DmObservedBound(seen, false));
			if (column->base_type == TIMESTAMPTZOID)
				put_true(options, "timezone", true);
			break;
		default:
			if (is_identifier(column))
				break;
			put_number(options, "minimum", DmObservedBound(seen, false));
			put_number(options, "maximum", DmObservedBound(seen, true));
	}
}

static DmNode *
library_rule(const char *metric, const char *dimension, const char *description)
{
	DmNode *rule = DmNodeMake(DM_NODE_OBJECT, 0);

	put_string(rule, "type", "library");
	put_string(rule, "metric", metric);
	put_string(rule, "description", description);
	put_string(rule, "dimension", dimension);
	put_string(rule, "severity", "error");
	return rule;
}

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static DmNode *
values_rule(char **values, int count)
{
	DmNode *rule = library_rule("invalidValues", "conformity", NULL);
	DmNode *arguments = DmNodeMake(DM_NODE_OBJECT, 0);
	DmNode *list = DmNodeMake(DM_NODE_ARRAY, 0);
	char **sorted = palloc(sizeof(char *) * count);

	memcpy(sorted, values, sizeof(char *) * count);
	qsort(sorted, count, sizeof(char *), compare_texts);
	for (int i = 0; i < count; i++)
		DmNodeAppend(list, string_node(sorted[i]));
	put(arguments, "validValues", list);
	put(rule, "arguments", arguments);
	put_integer(rule, "mustBe", 0);
	return rule;
}

/* The labels of an enum, by their names; false if they are too many for a list. */
static bool
enum_labels(Oid type, char **labels, int *count)
{
	CatCList *list = SearchSysCacheList1(ENUMTYPOIDNAME, ObjectIdGetDatum(type));
	bool fits = list->n_members <= DM_MAX_VALUES;

	*count = 0;
	for (int i = 0; fits && i < list->n_members; i++)
	{
		Form_pg_enum label = (Form_pg_enum) GETSTRUCT(&list->members[i]->tuple);

		labels[(*count)++] = pstrdup(NameStr(label->enumlabel));
	}
	ReleaseSysCacheList(list);
	return fits && *count > 0;
}

/* The share of nulls in percent, rounded up to hundredths: what is there just passes. */
static char *
null_percent(const DmObservation *seen)
{
	int64 hundredths = (int64) ceil((double) seen->nulls * 10000.0 / (double) seen->rows);

	if (hundredths % 100 == 0)
		return psprintf(INT64_FORMAT, hundredths / 100);
	return psprintf(INT64_FORMAT ".%02d", hundredths / 100, (int) (hundredths % 100));
}

static void
propose_quality(const Column *column, DmNode *quality)
{
	const DmObservation *seen = &column->seen;
	char *labels[DM_MAX_VALUES];
	int count;

	if (seen->nulls > 0 && seen->nulls < seen->rows)
	{
		DmNode *rule = library_rule(
			"nullValues", "completeness",
			psprintf(INT64_FORMAT " of " INT64_FORMAT " rows had no value when this was proposed",
					 seen->nulls, seen->rows));

		put_string(rule, "unit", "percent");
		put_number(rule, "mustBeLessOrEqualTo", null_percent(seen));
		DmNodeAppend(quality, rule);
	}
	if (has_allowed_values(column))
		DmNodeAppend(quality, values_rule((char **) seen->values, seen->value_count));
	else if (get_typtype(column->base_type) == TYPTYPE_ENUM &&
			 enum_labels(column->base_type, labels, &count))
		DmNodeAppend(quality, values_rule(labels, count));
}

/* As a contract may name it: the same whatever the search_path. */
static char *
type_name(const Column *column)
{
	HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(column->type));
	bool builtin;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", column->type);
	builtin = ((Form_pg_type) GETSTRUCT(tuple))->typnamespace == PG_CATALOG_NAMESPACE;
	ReleaseSysCache(tuple);
	return format_type_extended(column->type, column->typmod,
								FORMAT_TYPE_TYPEMOD_GIVEN |
									(builtin ? 0 : FORMAT_TYPE_FORCE_QUALIFY));
}

static DmNode *
propose_property(const Source *source, const Column *column)
{
	DmNode *property = DmNodeMake(DM_NODE_OBJECT, 0);
	DmNode *options = DmNodeMake(DM_NODE_OBJECT, 0);
	DmNode *quality = DmNodeMake(DM_NODE_ARRAY, 0);
	bool never_null = column->seen.rows > 0 && column->seen.nulls == 0;

	put_string(property, "name", column->name);
	put_string(property, "description",
			   GetComment(RelationGetRelid(source->rel), RelationRelationId, column->attnum));
	put_string(property, "logicalType", logical_type(column->base_type));
	put_string(property, "physicalType", type_name(column));
	put_true(property, "required", column->not_null || never_null || column->key_position > 0);
	put_true(property, "unique", column->is_unique);
	put_true(property, "primaryKey", column->key_position > 0);
	if (column->key_position > 0)
		put_integer(property, "primaryKeyPosition", column->key_position);
	propose_options(column, options);
	put_if_filled(property, "logicalTypeOptions", options);
	if (column->target != NULL)
	{
		DmNode *relationships = DmNodeMake(DM_NODE_ARRAY, 0);
		DmNode *relationship = DmNodeMake(DM_NODE_OBJECT, 0);

		put_string(relationship, "type", "foreignKey");
		put_string(relationship, "to", column->target);
		DmNodeAppend(relationships, relationship);
		put(property, "relationships", relationships);
	}
	propose_quality(column, quality);
	put_if_filled(property, "quality", quality);
	return property;
}

/*
 * What is proposed for the relation
 */

static DmNode *
duplicates_rule(List *columns)
{
	DmNode *rule = library_rule("duplicateValues", "uniqueness", NULL);
	DmNode *arguments = DmNodeMake(DM_NODE_OBJECT, 0);
	DmNode *names = DmNodeMake(DM_NODE_ARRAY, 0);
	ListCell *lc;

	foreach (lc, columns)
		DmNodeAppend(names, string_node(((Column *) lfirst(lc))->name));
	put(arguments, "properties", names);
	put(rule, "arguments", arguments);
	put_integer(rule, "mustBe", 0);
	return rule;
}

static const char *
physical_type(char relkind)
{
	switch (relkind)
	{
		case RELKIND_VIEW:
			return "view";
		case RELKIND_MATVIEW:
			return "materialized view";
		case RELKIND_FOREIGN_TABLE:
			return "foreign table";
		default:
			return "table";
	}
}

/* The table itself, with its schema where the domain's name does not give it. */
static const char *
physical_name(const Source *source)
{
	return ends_with(source->schema, "_internal") ? source->name : relation_sql(source);
}

static DmNode *
propose_object(const Source *source)
{
	DmNode *object = DmNodeMake(DM_NODE_OBJECT, 0);
	DmNode *properties = DmNodeMake(DM_NODE_ARRAY, 0);
	DmNode *relationships = DmNodeMake(DM_NODE_ARRAY, 0);
	DmNode *quality = DmNodeMake(DM_NODE_ARRAY, 0);
	ListCell *lc;

	put_string(object, "name", source->name);
	put_string(object, "physicalName", physical_name(source));
	put_string(object, "physicalType", physical_type(source->rel->rd_rel->relkind));
	put_string(object, "description",
			   GetComment(RelationGetRelid(source->rel), RelationRelationId, 0));
	for (int i = 0; i < source->count; i++)
		DmNodeAppend(properties, propose_property(source, &source->columns[i]));
	put(object, "properties", properties);
	foreach (lc, source->foreign_keys)
		DmNodeAppend(relationships, lfirst(lc));
	put_if_filled(object, "relationships", relationships);
	foreach (lc, source->unique_sets)
		DmNodeAppend(quality, duplicates_rule(lfirst(lc)));
	if (source->rows > 0)
	{
		DmNode *rule = library_rule("rowCount", "completeness", NULL);

		put_integer(rule, "mustBeGreaterThan", 0);
		DmNodeAppend(quality, rule);
	}
	put_if_filled(object, "quality", quality);
	return object;
}

/* The column that tells best how fresh the data is: the newest of those called something_at. */
static const Column *
freshness_column(const Source *source)
{
	const Column *best = NULL;

	for (int i = 0; i < source->count; i++)
	{
		const Column *column = &source->columns[i];
		const DmObservation *seen = &column->seen;

		if (column->base_type != TIMESTAMPTZOID || !ends_with(column->name, "_at") ||
			!seen->has_bounds || seen->plus_infinities > 0 || !is_simple_name(column->name))
			continue;
		if (best == NULL ||
			DatumGetTimestampTz(seen->greatest) > DatumGetTimestampTz(best->seen.greatest))
			best = column;
	}
	return best;
}

/* An age that is at least twice the present one, in a figure that a person would choose. */
static void
choose_age(int64 seconds, int64 *value, const char **unit)
{
	static const struct
	{
		int value;
		const char *unit;
		int64 seconds;
	} steps[] = {
		{1, "h", 3600},   {4, "h", 4 * 3600},  {12, "h", 12 * 3600},  {1, "d", 86400},
		{2, "d", 172800}, {7, "d", 7 * 86400}, {30, "d", 30 * 86400}, {90, "d", 90 * 86400},
	};

	for (int i = 0; i < lengthof(steps); i++)
	{
		if (2 * seconds <= steps[i].seconds)
		{
			*value = steps[i].value;
			*unit = steps[i].unit;
			return;
		}
	}
	*value = (2 * seconds + 86399) / 86400;
	*unit = "d";
}

static void
propose_freshness(const Source *source, DmNode *root)
{
	const Column *column = freshness_column(source);
	DmNode *list;
	DmNode *sla;
	int64 age;
	int64 value;
	const char *unit;

	if (column == NULL)
		return;
	age = (GetCurrentTimestamp() - DatumGetTimestampTz(column->seen.greatest)) / USECS_PER_SEC;
	if (age < 0)
		return;
	choose_age(age, &value, &unit);
	sla = DmNodeMake(DM_NODE_OBJECT, 0);
	put_string(sla, "property", "latency");
	put_integer(sla, "value", value);
	put_string(sla, "unit", unit);
	put_string(sla, "element",
			   is_simple_name(source->name) ? psprintf("%s.%s", source->name, column->name)
											: column->name);
	put_string(sla, "description", "The newest row must be no older");
	list = DmNodeMake(DM_NODE_ARRAY, 0);
	DmNodeAppend(list, sla);
	put(root, "slaProperties", list);
}

static char *
domain_name(const Source *source)
{
	int length = strlen(source->schema);

	if (ends_with(source->schema, "_internal") && length > 9)
		length -= 9;
	return pnstrdup(source->schema, length);
}

static DmNode *
propose_document(const Source *source)
{
	DmNode *root = DmNodeMake(DM_NODE_OBJECT, 0);
	DmNode *schema = DmNodeMake(DM_NODE_ARRAY, 0);
	char *domain = domain_name(source);
	char *comment = GetComment(RelationGetRelid(source->rel), RelationRelationId, 0);

	put_string(root, "apiVersion", "v3.1.0");
	put_string(root, "kind", "DataContract");
	put_string(root, "id", DmProductName(domain, source->name));
	put_string(root, "name", source->name);
	put_string(root, "version", "1.0.0");
	put_string(root, "status", "draft");
	put_string(root, "domain", domain);
	if (comment != NULL)
	{
		DmNode *description = DmNodeMake(DM_NODE_OBJECT, 0);

		put_string(description, "purpose", comment);
		put(root, "description", description);
	}
	DmNodeAppend(schema, propose_object(source));
	put(root, "schema", schema);
	propose_freshness(source, root);
	return root;
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
	Source source = {.rel = open_source(PG_GETARG_OID(0))};
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
	DmJsonWrite(&json, propose_document(&source));
	relation_close(source.rel, AccessShareLock);
	DmIdentityRestore(&saved);
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}
