/*-------------------------------------------------------------------------
 *
 * infer_propose.c
 *		The contract that infer_contract proposes, of what it has found out.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>
#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "commands/comment.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "base/names.h"
#include "contract/document.h"
#include "contract/infer.h"

static void
put_number(DmNode *object, const char *key, const char *number)
{
	if (number != NULL)
		DmNodeSet(object, key, DmNodeMakeText(DM_NODE_NUMBER, 0, number));
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
		DmNodeSet(object, key, DmNodeMakeText(DM_NODE_BOOLEAN, 0, "true"));
}

static void
put_if_filled(DmNode *object, const char *key, DmNode *container)
{
	if (container->count > 0)
		DmNodeSet(object, key, container);
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
is_identifier(const DmInferColumn *column)
{
	return column->key_position > 0 || column->is_unique || column->references ||
		   pg_strcasecmp(column->name, "id") == 0 || DmEndsWith(column->name, "_id");
}

/* Few values, each met twice or more on average, and no identifiers: a list of what is allowed. */
static bool
has_allowed_values(const DmInferColumn *column)
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
propose_text_options(const DmInferColumn *column, DmNode *options)
{
	const DmObservation *seen = &column->seen;
	bool bounded = (column->base_type == VARCHAROID || column->base_type == BPCHAROID) &&
				   column->base_typmod > (int32) VARHDRSZ;
	char *pattern = has_allowed_values(column) ? NULL : DmObservedPattern(seen);

	if (pattern != NULL)
		DmNodeSetString(options, "pattern", pattern);
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
propose_options(const DmInferColumn *column, DmNode *options)
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
			DmNodeSetString(options, "minimum", DmObservedBound(seen, false));
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

	DmNodeSetString(rule, "type", "library");
	DmNodeSetString(rule, "metric", metric);
	DmNodeSetString(rule, "description", description);
	DmNodeSetString(rule, "dimension", dimension);
	DmNodeSetString(rule, "severity", "error");
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
		DmNodeAppend(list, DmNodeMakeString(sorted[i]));
	DmNodeSet(arguments, "validValues", list);
	DmNodeSet(rule, "arguments", arguments);
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
propose_quality(const DmInferColumn *column, DmNode *quality)
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

		DmNodeSetString(rule, "unit", "percent");
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
type_name(const DmInferColumn *column)
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
propose_property(const DmInferSource *source, const DmInferColumn *column)
{
	DmNode *property = DmNodeMake(DM_NODE_OBJECT, 0);
	DmNode *options = DmNodeMake(DM_NODE_OBJECT, 0);
	DmNode *quality = DmNodeMake(DM_NODE_ARRAY, 0);
	bool never_null = column->seen.rows > 0 && column->seen.nulls == 0;

	DmNodeSetString(property, "name", column->name);
	DmNodeSetString(property, "description",
					GetComment(RelationGetRelid(source->rel), RelationRelationId, column->attnum));
	DmNodeSetString(property, "logicalType", logical_type(column->base_type));
	DmNodeSetString(property, "physicalType", type_name(column));
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

		DmNodeSetString(relationship, "type", "foreignKey");
		DmNodeSetString(relationship, "to", column->target);
		DmNodeAppend(relationships, relationship);
		DmNodeSet(property, "relationships", relationships);
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
		DmNodeAppend(names, DmNodeMakeString(((DmInferColumn *) lfirst(lc))->name));
	DmNodeSet(arguments, "properties", names);
	DmNodeSet(rule, "arguments", arguments);
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
physical_name(const DmInferSource *source)
{
	return DmEndsWith(source->schema, "_internal") ? source->name : DmInferRelationSql(source);
}

static DmNode *
propose_object(const DmInferSource *source)
{
	DmNode *object = DmNodeMake(DM_NODE_OBJECT, 0);
	DmNode *properties = DmNodeMake(DM_NODE_ARRAY, 0);
	DmNode *relationships = DmNodeMake(DM_NODE_ARRAY, 0);
	DmNode *quality = DmNodeMake(DM_NODE_ARRAY, 0);
	ListCell *lc;

	DmNodeSetString(object, "name", source->name);
	DmNodeSetString(object, "physicalName", physical_name(source));
	DmNodeSetString(object, "physicalType", physical_type(source->rel->rd_rel->relkind));
	DmNodeSetString(object, "description",
					GetComment(RelationGetRelid(source->rel), RelationRelationId, 0));
	for (int i = 0; i < source->count; i++)
		DmNodeAppend(properties, propose_property(source, &source->columns[i]));
	DmNodeSet(object, "properties", properties);
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
static const DmInferColumn *
freshness_column(const DmInferSource *source)
{
	const DmInferColumn *best = NULL;

	for (int i = 0; i < source->count; i++)
	{
		const DmInferColumn *column = &source->columns[i];
		const DmObservation *seen = &column->seen;

		if (column->base_type != TIMESTAMPTZOID || !DmEndsWith(column->name, "_at") ||
			!seen->has_bounds || seen->plus_infinities > 0 || !DmIsSimpleName(column->name))
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
propose_freshness(const DmInferSource *source, DmNode *root)
{
	const DmInferColumn *column = freshness_column(source);
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
	DmNodeSetString(sla, "property", "latency");
	put_integer(sla, "value", value);
	DmNodeSetString(sla, "unit", unit);
	DmNodeSetString(sla, "element",
					DmIsSimpleName(source->name) ? psprintf("%s.%s", source->name, column->name)
												 : column->name);
	DmNodeSetString(sla, "description", "The newest row must be no older");
	list = DmNodeMake(DM_NODE_ARRAY, 0);
	DmNodeAppend(list, sla);
	DmNodeSet(root, "slaProperties", list);
}

static char *
domain_name(const DmInferSource *source)
{
	int length = strlen(source->schema);

	if (DmEndsWith(source->schema, "_internal") && length > 9)
		length -= 9;
	return pnstrdup(source->schema, length);
}

DmNode *
DmInferPropose(const DmInferSource *source)
{
	DmNode *root = DmNodeMake(DM_NODE_OBJECT, 0);
	DmNode *schema = DmNodeMake(DM_NODE_ARRAY, 0);
	char *domain = domain_name(source);
	char *comment = GetComment(RelationGetRelid(source->rel), RelationRelationId, 0);

	DmNodeSetString(root, "apiVersion", "v3.1.0");
	DmNodeSetString(root, "kind", "DataContract");
	DmNodeSetString(root, "id", DmProductName(domain, source->name));
	DmNodeSetString(root, "name", source->name);
	DmNodeSetString(root, "version", "1.0.0");
	DmNodeSetString(root, "status", "draft");
	DmNodeSetString(root, "domain", domain);
	if (comment != NULL)
	{
		DmNode *description = DmNodeMake(DM_NODE_OBJECT, 0);

		DmNodeSetString(description, "purpose", comment);
		DmNodeSet(root, "description", description);
	}
	DmNodeAppend(schema, propose_object(source));
	DmNodeSet(root, "schema", schema);
	propose_freshness(source, root);
	return root;
}
