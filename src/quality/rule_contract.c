/*-------------------------------------------------------------------------
 *
 * rule_contract.c
 *		What an ODCS document, or a schema object of one, asks of a relation: columns,
 *		keys, options of types, relationships, freshness, and its quality objects.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "utils/formatting.h"

#include "quality/rule_reader.h"

/* What a format asks depends on the column's type: bound later (format.c). */
static void
read_format(DmRuleSource *source)
{
	char *format = DmRuleString(source, "format");
	DmCheck *check;

	if (format == NULL)
		return;
	check = DmRuleNewColumnCheck(source->reader, DM_KIND_INVALID, source->column);
	check->rule = psprintf("format(%s)", source->column);
	check->format = format;
	check->logical_type = source->logical_type;
}

/* Why an option is not checked; NULL if it is, or is nothing to check. */
static char *
unchecked_because(const char *option)
{
	static const char *const known =
		" minimum maximum exclusiveMinimum exclusiveMaximum pattern minLength maxLength multipleOf "
		"format timezone defaultTimezone ";
	static const char *const inside =
		" minItems maxItems uniqueItems minProperties maxProperties required ";
	char *word = psprintf(" %s ", option);

	if (strchr(option, ' ') == NULL && strstr(known, word) != NULL)
		return NULL;
	if (strchr(option, ' ') == NULL && strstr(inside, word) != NULL)
		return "is not checked: it is about what is inside a value";
	return "is not checked: datamesh knows no such option";
}

static void
tell_unchecked_options(DmRuleSource *source)
{
	JsonbIterator *iterator = JsonbIteratorInit(source->objects[0]);
	JsonbValue value;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		char *option = token == WJB_KEY ? DmRuleText(&value, NULL) : NULL;
		char *reason = option != NULL ? unchecked_because(option) : NULL;

		if (reason != NULL && DmRuleLookup(source, option) != NULL)
			DmRuleNotRun(source->reader, "invalid_values",
						 psprintf("%s(%s)", option, source->column), source->column, reason);
	}
}

/* logicalTypeOptions of a property: checks of values. */
static void
read_type_options(DmRuleSource *source)
{
	DmRuleReader *reader = source->reader;
	DmCheck *check;
	DmScalar low = DmRuleScalar(source, "exclusiveMinimum");
	DmScalar high = DmRuleScalar(source, "exclusiveMaximum");
	List *before = list_copy(reader->rules->checks);

	check = DmRuleNewColumnCheck(reader, DM_KIND_INVALID, source->column);
	check->rule = psprintf("logicalTypeOptions(%s)", source->column);
	check->min = DmRuleScalar(source, "minimum");
	check->max = DmRuleScalar(source, "maximum");
	check->pattern = DmRulePattern(source, "pattern");
	check->min_length = DmRuleCount(source, "minLength", -1);
	check->max_length = DmRuleCount(source, "maxLength", -1);
	check->multiple_of = DmRuleNumber(source, "multipleOf");
	if (check->multiple_of != NULL && strtod(check->multiple_of, NULL) <= 0)
		DmRuleProblem(reader, DmRulePath(source, "multipleOf"), "must be greater than 0");
	if (check->min.text == NULL && low.text != NULL)
	{
		check->min = low;
		check->exclusive_min = true;
		low.text = NULL;
	}
	if (check->max.text == NULL && high.text != NULL)
	{
		check->max = high;
		check->exclusive_max = true;
		high.text = NULL;
	}
	if (DmRuleRestrictsNothing(check))
		reader->rules->checks = before;
	if (low.text != NULL || high.text != NULL)
	{
		check = DmRuleNewColumnCheck(reader, DM_KIND_INVALID, source->column);
		check->rule = psprintf("logicalTypeOptions(%s)", source->column);
		check->min = low;
		check->max = high;
		check->exclusive_min = check->exclusive_max = true;
	}
	read_format(source);
	tell_unchecked_options(source);
}

static char *
last_name(const char *text)
{
	const char *dot = strrchr(text, '.');
	const char *slash = strrchr(text, '/');
	const char *last = Max(dot, slash);

	return pstrdup(last != NULL ? last + 1 : text);
}

/* relationships of a property (column given) or of the object ("from" given) */
static void
read_relationship(DmRuleReader *reader, char *path, char *column, JsonbValue *value)
{
	DmRuleSource source = {.reader = reader, .path = path, .column = column};
	DmCheck *check;
	ListCell *cell;

	if (!DmRuleIsContainer(value, false))
	{
		DmRuleProblem(reader, path, "must be an object");
		return;
	}
	source.objects[source.nobjects++] = DmRuleObject(value);
	check = DmRuleNewCheck(reader, DM_KIND_ORPHANS);
	check->implied = true;
	if (column != NULL)
		check->column_names = list_make1(column);
	else
		foreach (cell, DmRuleNames(&source, "from"))
			check->column_names = lappend(check->column_names, last_name(lfirst(cell)));
	if (DmRuleLookup(&source, "to") == NULL || check->column_names == NIL)
		DmRuleProblem(reader, path, column != NULL ? "needs \"to\"" : "needs \"from\" and \"to\"");
	DmRuleReadReferences(&source, check, DmRulePath(&source, "to"), DmRuleLookup(&source, "to"));
	if (check->ref_columns != NIL &&
		list_length(check->ref_columns) != list_length(check->column_names))
		DmRuleProblem(reader, path, "%d columns refer to %d", list_length(check->column_names),
					  list_length(check->ref_columns));
}

static void
read_relationships(DmRuleReader *reader, const char *path, char *column, JsonbContainer *array)
{
	for (int i = 0; i < DmRuleLength(array); i++)
		read_relationship(reader, psprintf("%s[%d]", path, i), column,
						  getIthJsonbValueFromContainer(array, i));
}

static void
imply(DmCheck *check, const char *rule)
{
	check->implied = true;
	check->rule = DmRuleName(rule, check->column_names);
}

static void
read_property_rules(DmRuleSource *source)
{
	DmRuleReader *reader = source->reader;
	JsonbContainer *options = DmRuleObject(DmRuleLookup(source, "logicalTypeOptions"));
	char *column = source->column;

	(void) DmRuleNewColumnCheck(reader, DM_KIND_COLUMN, column);
	reader->rules->properties = lappend(reader->rules->properties, column);
	if (DmRuleBool(source, "required", false) || DmRuleBool(source, "primaryKey", false))
		imply(DmRuleNewColumnCheck(reader, DM_KIND_NULLS, column), "required");
	if (DmRuleBool(source, "unique", false))
		imply(DmRuleNewColumnCheck(reader, DM_KIND_DUPLICATES, column), "unique");
	if (options != NULL)
	{
		DmRuleSource inner = {.logical_type = DmRuleString(source, "logicalType"),
							  .reader = reader,
							  .path = DmRulePath(source, "logicalTypeOptions"),
							  .column = column,
							  .objects = {options},
							  .nobjects = 1};

		read_type_options(&inner);
	}
	read_relationships(reader, DmRulePath(source, "relationships"), column,
					   DmRuleArray(DmRuleLookup(source, "relationships")));
	DmRuleReadArray(reader, DmRulePath(source, "quality"), column,
					DmRuleArray(DmRuleLookup(source, "quality")));
}

typedef struct KeyPart
{
	char *column;
	int position;
} KeyPart;

static int
compare_key_parts(const ListCell *a, const ListCell *b)
{
	return ((KeyPart *) lfirst(a))->position - ((KeyPart *) lfirst(b))->position;
}

static void
read_property(DmRuleReader *reader, const char *path, JsonbValue *value, List **key)
{
	DmRuleSource source = {.reader = reader, .path = (char *) path};
	char *physical;

	if (!DmRuleIsContainer(value, false))
	{
		DmRuleProblem(reader, path, "must be an object");
		return;
	}
	source.objects[source.nobjects++] = DmRuleObject(value);
	source.column = DmRuleString(&source, "name");
	if (source.column == NULL)
	{
		DmRuleProblem(reader, path, "needs a name");
		return;
	}
	physical = DmRuleString(&source, "physicalName");
	if (physical != NULL && strcmp(physical, source.column) != 0)
	{
		DmColumnName *pair = palloc(sizeof(DmColumnName));

		pair->name = source.column;
		pair->physical = physical;
		reader->rules->column_names = lappend(reader->rules->column_names, pair);
	}
	if (DmRuleBool(&source, "primaryKey", false))
	{
		KeyPart *part = palloc(sizeof(KeyPart));

		part->column = source.column;
		part->position = DmRuleCount(&source, "primaryKeyPosition", list_length(*key) + 1);
		*key = lappend(*key, part);
	}
	read_property_rules(&source);
}

static void
read_properties(DmRuleReader *reader, const char *path, JsonbContainer *array)
{
	List *key = NIL;
	ListCell *cell;
	DmCheck *check;

	for (int i = 0; i < DmRuleLength(array); i++)
		read_property(reader, psprintf("%s[%d]", path, i), getIthJsonbValueFromContainer(array, i),
					  &key);
	if (key == NIL)
		return;
	list_sort(key, compare_key_parts);
	foreach (cell, key)
		reader->rules->key = lappend(reader->rules->key, ((KeyPart *) lfirst(cell))->column);
	check = DmRuleNewCheck(reader, DM_KIND_DUPLICATES);
	check->column_names = reader->rules->key;
	imply(check, "primaryKey");
}

/* value and unit of an SLA as an interval; NULL if the unit is none of time */
static char *
sla_age(const DmRuleSource *source, const char *value)
{
	static const struct
	{
		const char *names;
		const char *unit;
	} units[] = {
		{" s sec secs second seconds ", "seconds"},
		{" min mins minute minutes ", "minutes"},
		{" h hr hrs hour hours ", "hours"},
		{" d day days ", "days"},
		{" w wk week weeks ", "weeks"},
		{" mo mon month months ", "months"},
		{" y yr yrs year years ", "years"},
	};
	char *unit = DmRuleString(source, "unit");

	if (unit == NULL)
		return NULL;
	if (strcmp(unit, "m") == 0)
	{
		if (!source->reader->oddities_told)
			ereport(NOTICE, (errmsg("%s: \"m\" is read as minutes", DmRulePath(source, "unit")),
							 errhint("Write \"min\" for minutes or \"mo\" for months.")));
		unit = "min";
	}
	unit = asc_tolower(unit, strlen(unit));
	for (int i = 0; i < lengthof(units); i++)
		if (strchr(unit, ' ') == NULL && strstr(units[i].names, psprintf(" %s ", unit)) != NULL)
			return psprintf("%s %s", value, units[i].unit);
	return NULL;
}

static bool
names_freshness(const char *property)
{
	return pg_strcasecmp(property, "freshness") == 0 || pg_strcasecmp(property, "latency") == 0 ||
		   pg_strcasecmp(property, "ly") == 0;
}

static char *
trimmed(char *text)
{
	while (isspace((unsigned char) *text))
		text++;
	for (size_t n = strlen(text); n > 0 && isspace((unsigned char) text[n - 1]); n--)
		text[n - 1] = '\0';
	return text;
}

static bool
is_property(const DmRuleReader *reader, const char *name)
{
	ListCell *cell;

	foreach (cell, reader->rules->properties)
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	return false;
}

/* The first column of "object.column, object.column"; a column may have dots and commas itself. */
static char *
next_column(const DmRuleReader *reader, char **elements)
{
	char *first = trimmed(*elements);
	char *comma = is_property(reader, first) ? NULL : strchr(first, ',');

	*elements = comma != NULL ? comma + 1 : NULL;
	if (comma != NULL)
		*comma = '\0';
	first = trimmed(first);
	return is_property(reader, first) ? first : last_name(first);
}

static void
read_sla(DmRuleReader *reader, char *path, JsonbValue *value, JsonbValue *default_element)
{
	DmRuleSource source = {.reader = reader, .path = path};
	char *property;
	char *element;
	char *text;
	char *age;

	if (!DmRuleIsContainer(value, false))
	{
		DmRuleProblem(reader, path, "must be an object");
		return;
	}
	source.objects[source.nobjects++] = DmRuleObject(value);
	property = DmRuleString(&source, "property");
	if (property == NULL || !names_freshness(property))
		return;
	text = DmRuleScalar(&source, "value").text;
	age = text == NULL ? NULL : sla_age(&source, text);
	if (age == NULL || DmGuard(DmRuleTryAge, age) != NULL)
	{
		DmRuleProblem(reader, path, "%s needs a value and a unit of time (s, min, h, d, w, mo, y)",
					  property);
		return;
	}
	element = DmRuleString(&source, "element");
	if (element == NULL && default_element != NULL)
		element = DmRuleText(default_element, NULL);
	if (element == NULL || trimmed(element)[0] == '\0')
	{
		DmRuleNotRun(reader, "freshness", pstrdup(property), NULL,
					 "names no element, the column that tells when a row was made");
		return;
	}
	while (element != NULL)
	{
		char *column = next_column(reader, &element);
		DmCheck *check;

		if (column[0] == '\0')
			continue;
		check = DmRuleNewColumnCheck(reader, DM_KIND_FRESHNESS, column);
		check->rule = psprintf("%s(%s)", property, column);
		check->max_age = age;
	}
}

/* A date or timestamp without zone may have its zone in the property's options. */
static void
add_default_timezones(DmRuleReader *reader, JsonbContainer *properties)
{
	ListCell *cell;

	foreach (cell, reader->rules->checks)
	{
		DmCheck *check = lfirst(cell);

		for (int i = 0; check->kind == DM_KIND_FRESHNESS && i < DmRuleLength(properties); i++)
		{
			JsonbContainer *property = DmRuleObject(getIthJsonbValueFromContainer(properties, i));
			JsonbValue *name = property ? DmRuleField(property, "name") : NULL;
			JsonbContainer *options =
				property ? DmRuleObject(DmRuleField(property, "logicalTypeOptions")) : NULL;
			JsonbValue *zone = options ? DmRuleField(options, "defaultTimezone") : NULL;

			if (zone != NULL && check->timezone == NULL && name != NULL &&
				strcmp(DmRuleText(name, NULL), linitial(check->column_names)) == 0)
				check->timezone = DmRuleText(zone, NULL);
		}
	}
}

/* Rules of the short form stand in a custom property, as the standard has no place for them. */
static void
read_short_rules(DmRuleReader *reader, const char *path, JsonbContainer *owner)
{
	JsonbContainer *customs = DmRuleArray(DmRuleField(owner, "customProperties"));

	for (int i = 0; i < DmRuleLength(customs); i++)
	{
		JsonbContainer *custom = DmRuleObject(getIthJsonbValueFromContainer(customs, i));
		char *name = custom ? DmRuleText(DmRuleField(custom, "property"), NULL) : NULL;
		char *here = psprintf("%scustomProperties[%d].value", path, i);
		JsonbContainer *rules;

		if (name == NULL ||
			(strcmp(name, "quality_rules") != 0 && strcmp(name, "datamesh.quality_rules") != 0))
			continue;
		rules = DmRuleObject(DmRuleField(custom, "value"));
		if (rules == NULL)
			DmRuleProblem(reader, here, "must be an object, by the names of columns");
		else
			DmRuleReadShort(reader, here, rules);
	}
}

void
DmRuleReadContract(DmRuleReader *reader, const char *path, JsonbContainer *object,
				   JsonbContainer *root)
{
	JsonbContainer *slas = DmRuleArray(DmRuleField(root, "slaProperties"));
	JsonbContainer *properties = DmRuleArray(DmRuleField(object, "properties"));

	reader->rules->object = DmRuleText(DmRuleField(object, "name"), NULL);
	read_properties(reader, psprintf("%sproperties", path), properties);
	read_relationships(reader, psprintf("%srelationships", path), NULL,
					   DmRuleArray(DmRuleField(object, "relationships")));
	DmRuleReadArray(reader, psprintf("%squality", path), NULL,
					DmRuleArray(DmRuleField(object, "quality")));
	read_short_rules(reader, path, object);
	if (root != object)
		read_short_rules(reader, "", root);
	for (int i = 0; i < DmRuleLength(slas); i++)
		read_sla(reader, psprintf("slaProperties[%d]", i), getIthJsonbValueFromContainer(slas, i),
				 DmRuleField(root, "slaDefaultElement"));
	add_default_timezones(reader, properties);
}
