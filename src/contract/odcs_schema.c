/*-------------------------------------------------------------------------
 *
 * odcs_schema.c
 *		ODCS: objects (relations), their properties (columns) and relationships.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"

#include "contract/odcs.h"

#define QUALITY OBJECTS("quality", dm_quality_shape)

static void
check_reference(DmValidator *v, const DmPath *path, const DmNode *node)
{
	if (node->kind == A)
	{
		if (node->count == 0)
			DmProblem(v, path, "must not be empty");
		for (int i = 0; i < node->count; i++)
		{
			DmPath here = DmMember(path, i);

			if (DmIsKind(node->items[i], S))
				check_reference(v, &here, node->items[i]);
		}
		return;
	}
	if (strpbrk(node->text, "./") == NULL)
		DmProblem(v, path, "\"%s\" names no column as table.column does", DmExcerpt(node->text));
}

/*
 * Relationships
 */

static const char *const relationship_types[] = {"foreignKey", NULL};

/* clang-format off */
static const DmField relationship_fields[] = {
	ID,
	F("type", S, .values = relationship_types),
	F("from", S | A, .item_kinds = S, .check = check_reference),
	F("to", S | A, .flags = REQUIRED, .item_kinds = S, .check = check_reference),
	CUSTOM(DmCheckCustomOther),
	END,
};
/* clang-format on */

/* Of an object: both ends are named, column by column. */
static void
check_object_relationship(DmValidator *v, const DmPath *path, const DmNode *node)
{
	const DmNode *from = DmNodeGet(node, "from");
	const DmNode *to = DmNodeGet(node, "to");

	DmRequire(v, path, node, "from", "a relationship of an object names the columns it begins at");
	if (!DmIsKind(from, S | A) || !DmIsKind(to, S | A))
		return;
	if (from->kind != to->kind)
		DmProblem(v, path, "from and to must be both one reference or both a list");
	else if (from->kind == A && from->count != to->count)
		DmProblem(v, path, "from names %d columns and to names %d", from->count, to->count);
}

/* Of a property: it begins at the property itself. */
static void
check_property_relationship(DmValidator *v, const DmPath *path, const DmNode *node)
{
	DmPath here = DmBelow(path, "from");

	if (DmNodeGet(node, "from") != NULL)
		DmProblem(v, &here, "a relationship of a property begins at that property; leave it out");
}

static const DmShape object_relationship_shape = {relationship_fields, check_object_relationship};
static const DmShape property_relationship_shape = {relationship_fields,
													check_property_relationship};

typedef struct Named
{
	const char *name;
	int index;
} Named;

static int
compare_named(const void *a, const void *b)
{
	const Named *left = a;
	const Named *right = b;
	int result = strcmp(left->name, right->name);

	return result != 0 ? result : left->index - right->index;
}

/* Members of an array that have one name. */
void
DmCheckUniqueNames(DmValidator *v, const DmPath *path, const DmNode *list)
{
	Named *named = palloc((list->count + 1) * sizeof(Named));
	int count = 0;

	for (int i = 0; i < list->count; i++)
	{
		const char *name = DmNodeString(DmNodeGet(list->items[i], "name"));

		if (name != NULL)
			named[count++] = (Named){name, i};
	}
	qsort(named, count, sizeof(Named), compare_named);
	for (int i = 1; i < count; i++)
	{
		DmPath entry = DmMember(path, named[i].index);
		DmPath here = DmBelow(&entry, "name");

		if (strcmp(named[i - 1].name, named[i].name) == 0)
			DmProblem(v, &here, "\"%s\" is the name of [%d] too", DmExcerpt(named[i].name),
					  named[i - 1].index);
	}
	pfree(named);
}

/*
 * Properties (columns)
 */

/* clang-format off */
static const char *const logical_types[] = {"string", "date", "timestamp", "time", "number",
	"integer", "object", "array", "boolean", NULL};

static const char *const integer_formats[] = {"i8", "i16", "i32", "i64", "i128", "u8", "u16",
	"u32", "u64", "u128", NULL};
/* clang-format on */
static const char *const number_formats[] = {"f32", "f64", NULL};

/* clang-format off */
static const DmField string_options[] = {
	F("minLength", N, .flags = COUNT),
	F("maxLength", N, .flags = COUNT),
	F("pattern", S, .check = DmCheckPattern),
	F("format", S),
	END,
};
static const DmField date_options[] = {
	F("format", S),
	F("minimum", S),
	F("maximum", S),
	F("exclusiveMinimum", S),
	F("exclusiveMaximum", S),
	END,
};
static const DmField time_options[] = {
	F("format", S),
	F("minimum", S),
	F("maximum", S),
	F("exclusiveMinimum", S),
	F("exclusiveMaximum", S),
	F("timezone", B),
	F("defaultTimezone", S),
	END,
};
static const DmField integer_options[] = {
	F("multipleOf", N, .flags = POSITIVE),
	F("minimum", N),
	F("maximum", N),
	F("exclusiveMinimum", N),
	F("exclusiveMaximum", N),
	F("format", S, .values = integer_formats),
	END,
};
static const DmField number_options[] = {
	F("multipleOf", N, .flags = POSITIVE),
	F("minimum", N),
	F("maximum", N),
	F("exclusiveMinimum", N),
	F("exclusiveMaximum", N),
	F("format", S, .values = number_formats),
	END,
};
static const DmField object_options[] = {
	F("minProperties", N, .flags = COUNT),
	F("maxProperties", N, .flags = COUNT),
	F("required", A, .item_kinds = S),
	END,
};
static const DmField array_options[] = {
	F("minItems", N, .flags = COUNT),
	F("maxItems", N, .flags = COUNT),
	F("uniqueItems", B),
	END,
};
static const DmField no_options[] = {
	END,
};
/* clang-format on */
/* where no logicalType says which */
/* clang-format off */
static const DmField any_options[] = {
	F("minLength", N, .flags = COUNT),
	F("maxLength", N, .flags = COUNT),
	F("pattern", S, .check = DmCheckPattern),
	F("format", S),
	F("minimum", N | S),
	F("maximum", N | S),
	F("exclusiveMinimum", N | S),
	F("exclusiveMaximum", N | S),
	F("multipleOf", N, .flags = POSITIVE),
	F("timezone", B),
	F("defaultTimezone", S),
	F("minProperties", N, .flags = COUNT),
	F("maxProperties", N, .flags = COUNT),
	F("required", A, .item_kinds = S),
	F("minItems", N, .flags = COUNT),
	F("maxItems", N, .flags = COUNT),
	F("uniqueItems", B),
	END,
};
/* clang-format on */

static const DmShape any_option_shape = {.fields = any_options};

static const struct
{
	const char *logical_type;
	DmShape options;
} option_shapes[] = {
	{"string", {.fields = string_options}},   {"date", {.fields = date_options}},
	{"timestamp", {.fields = time_options}},  {"time", {.fields = time_options}},
	{"integer", {.fields = integer_options}}, {"number", {.fields = number_options}},
	{"object", {.fields = object_options}},   {"array", {.fields = array_options}},
	{"boolean", {.fields = no_options}},
};

static void
check_ordered(DmValidator *v, const DmPath *path, const DmNode *options, const char *low,
			  const char *high)
{
	const DmNode *from = DmNodeGet(options, low);
	const DmNode *to = DmNodeGet(options, high);

	if (DmIsKind(from, N) && DmIsKind(to, N) && DmCompareNumbers(from, to) > 0)
		DmProblem(v, path, "%s %s is greater than %s %s", low, from->text, high, to->text);
}

static void
check_options(DmValidator *v, const DmPath *path, const DmNode *options, const char *logical_type)
{
	const DmShape *shape = &any_option_shape;

	for (int i = 0; logical_type != NULL && i < lengthof(option_shapes); i++)
	{
		if (strcmp(option_shapes[i].logical_type, logical_type) == 0)
			shape = &option_shapes[i].options;
	}
	for (int i = 0; i < options->count; i++)
	{
		const char *key = options->entries[i].key;
		DmPath here = DmBelow(path, key);

		if (DmFindField(shape, key) == NULL && DmFindField(&any_option_shape, key) != NULL)
			DmProblem(v, &here, "does not apply to logicalType %s", logical_type);
	}
	DmCheckShape(v, path, options, shape);
	check_ordered(v, path, options, "minLength", "maxLength");
	check_ordered(v, path, options, "minimum", "maximum");
	check_ordered(v, path, options, "minItems", "maxItems");
	check_ordered(v, path, options, "minProperties", "maxProperties");
}

static const DmShape property_shape;

/* clang-format off */
static const DmField property_fields[] = {
	ID,
	F("name", S, .flags = FILLED),
	F("physicalName", S, .flags = FILLED),
	F("businessName", S),
	F("description", S),
	F("logicalType", S, .values = logical_types),
	F("physicalType", S),
	F("logicalTypeOptions", O, .order = &any_option_shape),
	F("required", B),
	F("unique", B),
	F("primaryKey", B),
	F("primaryKeyPosition", N, .flags = INTEGER),
	F("partitioned", B),
	F("partitionKeyPosition", N, .flags = INTEGER),
	F("classification", S),
	F("criticalDataElement", B),
	F("encryptedName", S),
	TAGS,
	F("examples", A, .item_kinds = ANY),
	F("transformSourceObjects", A, .item_kinds = S),
	F("transformLogic", S),
	F("transformDescription", S),
	OBJECTS("properties", property_shape),
	F("items", O, .shape = &property_shape),
	OBJECTS("relationships", property_relationship_shape),
	QUALITY,
	DEFINITIONS,
	CUSTOM(DmCheckCustomProperty),
	/* known from v3.2, so that they do not look like slips of the pen */
	F("enum", ANY),
	F("map", ANY),
	F("context", ANY),
	F("semanticType", ANY),
	F("synonyms", ANY),
	F("deprecated", ANY),
	END,
};
/* clang-format on */

/* Properties have names; items of an array, of the same shape, need none. */
static void
check_properties(DmValidator *v, const DmPath *path, const DmNode *list)
{
	for (int i = 0; i < list->count; i++)
	{
		DmPath here = DmMember(path, i);

		if (DmIsKind(list->items[i], O))
			DmRequire(v, &here, list->items[i], "name", "expected a string");
	}
	DmCheckUniqueNames(v, path, list);
}

static void
check_property(DmValidator *v, const DmPath *path, const DmNode *node)
{
	const char *type = DmNodeString(DmNodeGet(node, "logicalType"));
	const DmNode *options = DmNodeGet(node, "logicalTypeOptions");
	const DmNode *properties = DmNodeGet(node, "properties");
	DmPath options_path = DmBelow(path, "logicalTypeOptions");
	DmPath properties_path = DmBelow(path, "properties");
	DmPath items_path = DmBelow(path, "items");

	if (DmIsKind(options, O))
		check_options(v, &options_path, options, type);
	if (DmIsKind(properties, A))
		check_properties(v, &properties_path, properties);
	if (properties != NULL && type != NULL && strcmp(type, "object") != 0)
		DmProblem(v, &properties_path, "only a property of logicalType object has properties");
	if (DmNodeGet(node, "items") != NULL && type != NULL && strcmp(type, "array") != 0)
		DmProblem(v, &items_path, "only a property of logicalType array has items");
}

static const DmShape property_shape = {property_fields, check_property};

/*
 * Objects (tables)
 */

static const char *const object_types[] = {"object", NULL};

static void
check_name_fits(DmValidator *v, const DmPath *path, const DmNode *property, const char *key)
{
	const char *name = DmNodeString(DmNodeGet(property, key));
	DmPath here = DmBelow(path, key);

	if (name != NULL && strlen(name) >= NAMEDATALEN)
		DmProblem(v, &here, "\"%s\" has %d bytes; a column's name has at most %d", DmExcerpt(name),
				  (int) strlen(name), NAMEDATALEN - 1);
}

/* The properties of an object are columns of a relation. */
static void
check_columns(DmValidator *v, const DmPath *path, const DmNode *list)
{
	static const char *const reserved[] = {
		"tableoid", "ctid", "xmin", "xmax", "cmin", "cmax", "datamesh_release", NULL};

	if (list->count > MaxHeapAttributeNumber)
		DmProblem(v, path, "%d columns, and a relation of PostgreSQL has at most %d", list->count,
				  MaxHeapAttributeNumber);
	check_properties(v, path, list);
	for (int i = 0; i < list->count; i++)
	{
		const DmNode *property = list->items[i];
		const char *name = DmNodeString(DmNodeGet(property, "name"));
		DmPath here = DmMember(path, i);
		DmPath name_path = DmBelow(&here, "name");

		check_name_fits(v, &here, property, "name");
		check_name_fits(v, &here, property, "physicalName");
		if (name != NULL && DmIsOneOf(name, reserved))
			DmProblem(v, &name_path, "\"%s\" is the name of a system column", name);
	}
}

/* clang-format off */
static const DmField object_fields[] = {
	ID,
	F("name", S, .flags = REQUIRED | FILLED),
	F("physicalName", S, .flags = FILLED),
	F("physicalType", S),
	F("logicalType", S, .values = object_types),
	F("businessName", S),
	F("description", S),
	F("dataGranularityDescription", S),
	TAGS,
	OBJECTS("properties", property_shape, .check = check_columns),
	OBJECTS("relationships", object_relationship_shape),
	QUALITY,
	DEFINITIONS,
	CUSTOM(DmCheckCustomObject),
	F("map", ANY),
	F("context", ANY),
	F("synonyms", ANY),
	F("deprecated", ANY),
	END,
};
/* clang-format on */
const DmShape dm_object_shape = {.fields = object_fields};
