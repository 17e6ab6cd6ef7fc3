/*-------------------------------------------------------------------------
 *
 * guard_standard.c
 *		Names and types in a domain's schemas, held against its policies as they are made.
 *
 * The same policies stand at the publish door; here they speak when it costs
 * nothing yet to choose another name.  A policy that is WARNING warns, one that is
 * CRITICAL is an error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/errors.h"
#include "governance/guard.h"

#define MOST_NAMED 5

/* What one policy finds in the columns of a relation. */
typedef struct Finding
{
	const char *policy;
	int level;
	const char *one;  /* what is said of one column */
	const char *many; /* of more */
	int count;
	StringInfoData columns;
	StringInfoData names; /* better ones */
} Finding;

typedef struct Findings
{
	Finding naming;
	Finding timestamp;
	Finding timezone;
	Finding decimal;
} Findings;

static void
report(int level, const char *policy, const DmHome *home, const char *message, const char *hint)
{
	char *text =
		psprintf("%s (policy %s of domain \"%s\")", message, policy, NameStr(home->domain));

	if (level >= ERROR)
		DmGuardRefuse(ERRCODE_DM_STANDARD, NULL, text, NULL, hint);
	else
		ereport(WARNING,
				(errcode(ERRCODE_DM_STANDARD), errmsg_internal("%s", text), errhint("%s", hint)));
}

static void
init_finding(Finding *finding, const char *policy, int level, const char *one, const char *many)
{
	finding->policy = policy;
	finding->level = level;
	finding->one = one;
	finding->many = many;
	initStringInfo(&finding->columns);
	initStringInfo(&finding->names);
}

static void
add_column(Finding *finding, const char *label, const char *name)
{
	if (++finding->count > MOST_NAMED)
		return;
	appendStringInfo(&finding->columns, "%s%s", finding->count > 1 ? ", " : "", label);
	if (name != NULL)
		appendStringInfo(&finding->names, "%s%s", finding->count > 1 ? ", " : "",
						 quote_identifier(name));
}

static void
report_finding(const Finding *finding, const DmHome *home, const char *relation, const char *hint)
{
	StringInfoData text;

	if (finding->count == 0)
		return;
	initStringInfo(&text);
	appendStringInfo(&text, "column%s %s", finding->count > 1 ? "s" : "", finding->columns.data);
	if (finding->count > MOST_NAMED)
		appendStringInfo(&text, " and %d more", finding->count - MOST_NAMED);
	appendStringInfo(&text, " of \"%s.%s\" %s", NameStr(home->name), relation,
					 finding->count > 1 ? finding->many : finding->one);
	report(finding->level, finding->policy, home, text.data, hint);
}

/* Lower case letters, digits and _; letters outside ASCII count as lower case. */
static bool
is_snake_case(const char *name)
{
	for (; *name != '\0'; name++)
		if (!IS_HIGHBIT_SET(*name) && !(*name >= 'a' && *name <= 'z') &&
			!(*name >= '0' && *name <= '9') && *name != '_')
			return false;
	return true;
}

/* "customerId", "Customer ID" -> customer_id */
static char *
to_snake_case(const char *name)
{
	StringInfoData result;
	bool after_lower = false;

	initStringInfo(&result);
	for (; *name != '\0'; name++)
	{
		bool upper = *name >= 'A' && *name <= 'Z';
		char one[2] = {*name, '\0'};

		if (upper && after_lower)
			appendStringInfoChar(&result, '_');
		if (upper)
			appendStringInfoChar(&result, *name - 'A' + 'a');
		else if (is_snake_case(one))
			appendStringInfoChar(&result, *name);
		else if (result.len > 0 && result.data[result.len - 1] != '_')
			appendStringInfoChar(&result, '_');
		after_lower = !upper && is_snake_case(one) && *name != '_';
	}
	while (result.len > 0 && result.data[result.len - 1] == '_')
		result.data[--result.len] = '\0';
	return result.len > 0 ? result.data : "name";
}

static bool
ends_like_a_time(const DmStandards *standards, const char *name)
{
	ListCell *cell;

	foreach (cell, standards->suffixes)
	{
		const char *suffix = lfirst(cell);
		size_t length = strlen(suffix);

		if (strlen(name) >= length && strcmp(name + strlen(name) - length, suffix) == 0)
			return true;
	}
	return false;
}

static void
check_type(Findings *findings, const DmStandards *standards, Form_pg_attribute att)
{
	int32 typmod = att->atttypmod;
	Oid type = getBaseTypeAndTypmod(att->atttypid, &typmod);
	char *label;

	if (type != TIMESTAMPOID && type != NUMERICOID && standards->timestamp == 0)
		return;
	label = psprintf("\"%s\" (%s)", NameStr(att->attname), format_type_with_typemod(type, typmod));
	if (standards->timestamp != 0 && ends_like_a_time(standards, NameStr(att->attname)) &&
		type != TIMESTAMPTZOID && type != TIMESTAMPOID && type != DATEOID)
		add_column(&findings->timestamp, label, NULL);
	else if (standards->timezone != 0 && type == TIMESTAMPOID)
		add_column(&findings->timezone, label, NULL);
	if (standards->decimal != 0 && type == NUMERICOID)
	{
		int precision = ((typmod - VARHDRSZ) >> 16) & 0xffff;
		int scale = (((typmod - VARHDRSZ) & 0x7ff) ^ 1024) - 1024;

		if (typmod < (int32) VARHDRSZ || scale > standards->scale ||
			precision - scale > standards->precision - standards->scale)
			add_column(&findings->decimal, label, NULL);
	}
}

static void
check_columns(const DmStandards *standards, const DmHome *home, Relation rel, AttrNumber attnum,
			  bool name, bool type)
{
	Findings findings = {0};
	const char *relation = RelationGetRelationName(rel);
	char *decimal = psprintf("numeric(%d,%d)", standards->precision, standards->scale);

	init_finding(&findings.naming, "naming_conventions", standards->naming, "is not snake_case",
				 "are not snake_case");
	init_finding(&findings.timestamp, "interoperability.timestamp", standards->timestamp,
				 "is named like a time and is none", "are named like times and are none");
	init_finding(&findings.timezone, "interoperability.timezone", standards->timezone,
				 "has no time zone", "have no time zone");
	init_finding(&findings.decimal, "interoperability.decimal", standards->decimal,
				 psprintf("does not fit into %s", decimal),
				 psprintf("do not fit into %s", decimal));
	for (int i = 0; i < RelationGetNumberOfAttributes(rel); i++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), i);

		if (att->attisdropped || (attnum != 0 && attnum != att->attnum))
			continue;
		if (name && standards->naming != 0 && standards->snake_columns &&
			!is_snake_case(NameStr(att->attname)))
			add_column(&findings.naming, psprintf("\"%s\"", NameStr(att->attname)),
					   to_snake_case(NameStr(att->attname)));
		if (type)
			check_type(&findings, standards, att);
	}
	report_finding(&findings.naming, home, relation,
				   psprintf("Name %s %s.", findings.naming.count > 1 ? "them" : "it",
							findings.naming.names.data));
	report_finding(&findings.timestamp, home, relation,
				   "Use timestamp with time zone or date, or another name.");
	report_finding(&findings.timezone, home, relation, "Use timestamp with time zone.");
	report_finding(&findings.decimal, home, relation, psprintf("Use %s or less.", decimal));
}

void
DmGuardStandard(Oid relid, const DmHome *home, AttrNumber attnum, bool name, bool type)
{
	DmStandards standards = *DmGuardStandards(NameStr(home->domain));
	Relation rel = try_relation_open(relid, AccessShareLock);
	char kind;

	if (rel == NULL)
		return;
	kind = rel->rd_rel->relkind;
	if (kind == RELKIND_RELATION || kind == RELKIND_VIEW || kind == RELKIND_MATVIEW ||
		kind == RELKIND_FOREIGN_TABLE || kind == RELKIND_PARTITIONED_TABLE)
	{
		if (attnum == 0 && name && standards.naming != 0 && standards.snake_tables &&
			!is_snake_case(RelationGetRelationName(rel)))
			report(standards.naming, "naming_conventions", home,
				   psprintf("the name \"%s.%s\" is not snake_case", NameStr(home->name),
							RelationGetRelationName(rel)),
				   psprintf("Name it %s.",
							quote_identifier(to_snake_case(RelationGetRelationName(rel)))));
		if (attnum != 0 || type)
			check_columns(&standards, home, rel, attnum, name, type);
	}
	relation_close(rel, NoLock);
}
