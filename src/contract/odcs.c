/*-------------------------------------------------------------------------
 *
 * odcs.c
 *		The structure of the Open Data Contract Standard, v3.1, and what breaks it.
 *
 * The standard's JSON schema is told here as tables: which keys an object has,
 * of what kinds, with which values.  What a table cannot say (exactly one
 * operator, a version that is a version) is a function beside it.
 *
 * All problems of a document are collected and reported in one error.  Unknown
 * keys are no problem: later versions of the standard add some, and the
 * document is kept whole; one that looks like a slip of the pen is noticed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/names.h"
#include "contract/odcs.h"

/*
 * Checks that tables cannot say
 */

static void
check_version(DmValidator *v, const DmPath *path, const DmNode *node)
{
	if (!DmIsSemver(node->text))
		DmProblem(v, path, "\"%s\" is no semantic version such as 1.0.0", DmExcerpt(node->text));
}

static void
check_api_version(DmValidator *v, const DmPath *path, const DmNode *node)
{
	static const char *const known[] = {"v3.1.0", "v3.0.2", "v3.0.1", "v3.0.0",
										"v2.2.2", "v2.2.1", "v2.2.0", NULL};

	if (DmIsOneOf(node->text, known))
		return;
	if (strncmp(node->text, "v3.", 3) == 0 && DmIsSemver(node->text + 1))
		DmOddity(v, path,
				 psprintf("\"%s\" is read as v3.1.0; keys that it adds are kept", node->text));
	else
		DmProblem(v, path, "\"%s\" is not one of %s", DmExcerpt(node->text), DmListText(known));
}

/*
 * The rest of the root
 */

/* clang-format off */
static const DmField role_fields[] = {
	ID,
	F("role", S, .flags = REQUIRED | FILLED),
	F("description", S),
	F("access", S),
	F("firstLevelApprovers", S),
	F("secondLevelApprovers", S),
	CUSTOM(DmCheckCustomRole),
	END,
};
/* clang-format on */

static void
check_role(DmValidator *v, const DmPath *path, const DmNode *node)
{
	static const char *const accesses[] = {"read", "write", "request", NULL};
	const char *access = DmNodeString(DmNodeGet(node, "access"));
	DmPath here = DmBelow(path, "access");

	if (access != NULL && !DmIsOneOf(access, accesses))
		DmOddity(v, &here,
				 psprintf("\"%s\" is none of read, write, request: it grants nothing",
						  DmExcerpt(access)));
}

static const DmShape role_shape = {role_fields, check_role};

#define ROLES OBJECTS("roles", role_shape)

/* clang-format off */
static const DmField team_member_fields[] = {
	ID,
	F("username", S, .flags = REQUIRED),
	F("name", S),
	F("description", S),
	F("role", S),
	F("dateIn", S),
	F("dateOut", S),
	F("replacedByUsername", S),
	TAGS,
	DEFINITIONS,
	CUSTOM(DmCheckCustomOther),
	END,
};
/* clang-format on */
static const DmShape team_member_shape = {.fields = team_member_fields};

/* clang-format off */
static const DmField team_fields[] = {
	ID,
	F("name", S),
	F("description", S),
	OBJECTS("members", team_member_shape),
	TAGS,
	DEFINITIONS,
	CUSTOM(DmCheckCustomOther),
	END,
};
/* clang-format on */
static const DmShape team_shape = {.fields = team_fields};

/* Up to v3.0 the team was an array of members, which is still read. */
static void
check_team(DmValidator *v, const DmPath *path, const DmNode *node)
{
	static const DmField members = OBJECTS("members", team_member_shape);

	if (node->kind == A)
		DmCheckValue(v, path, node, &members);
}

/* clang-format off */
static const DmField support_fields[] = {
	ID,
	F("channel", S, .flags = REQUIRED),
	F("url", S),
	F("description", S),
	F("tool", S),
	F("scope", S),
	F("invitationUrl", S),
	CUSTOM(DmCheckCustomOther),
	END,
};
/* clang-format on */
static const DmShape support_shape = {.fields = support_fields};

/* clang-format off */
static const DmField price_fields[] = {
	ID,
	F("priceAmount", N),
	F("priceCurrency", S),
	F("priceUnit", S),
	END,
};
/* clang-format on */
static const DmShape price_shape = {.fields = price_fields};

/* clang-format off */
static const DmField description_fields[] = {
	F("purpose", S),
	F("limitations", S),
	F("usage", S),
	DEFINITIONS,
	CUSTOM(DmCheckCustomOther),
	END,
};
/* clang-format on */
static const DmShape description_shape = {.fields = description_fields};

/*
 * Service levels
 */

/* clang-format off */
static const DmField sla_fields[] = {
	ID,
	F("property", S, .flags = REQUIRED | FILLED),
	F("value", SCALAR, .flags = REQUIRED),
	F("valueExt", SCALAR),
	F("unit", S),
	F("element", S),
	F("driver", S),
	F("description", S),
	F("scheduler", S),
	F("schedule", S),
	END,
};

static const char *const sla_properties[] = {"availability", "av", "throughput", "th", "errorRate",
	"er", "generalAvailability", "ga", "endOfSupport", "es", "endOfLife", "el", "retention", "re",
	"frequency", "fy", "latency", "ly", "timeToDetect", "td", "timeToNotify", "tn", "timeToRepair",
	"tr", "freshness", "timeOfAvailability", NULL};
/* clang-format on */

/* Properties that count in months where a writer says "m"; all others count minutes. */
/* clang-format off */
static const char *const sla_long_properties[] = {"generalAvailability", "ga", "endOfSupport",
	"es", "endOfLife", "el", "retention", "re", NULL};
/* clang-format on */

static bool
is_one_of_any_case(const char *text, const char *const *values)
{
	for (; *values; values++)
	{
		if (pg_strcasecmp(text, *values) == 0)
			return true;
	}
	return false;
}

static void
check_sla(DmValidator *v, const DmPath *path, const DmNode *node)
{
	const char *property = DmNodeString(DmNodeGet(node, "property"));
	const char *unit = DmNodeString(DmNodeGet(node, "unit"));
	DmPath property_path = DmBelow(path, "property");
	DmPath unit_path = DmBelow(path, "unit");

	if (property == NULL)
		return;
	if (!is_one_of_any_case(property, sla_properties))
	{
		for (const char *const *known = sla_properties; *known; known++)
		{
			if (DmIsNearMiss(property, *known))
			{
				DmOddity(v, &property_path,
						 psprintf("\"%s\" is not known; did you mean \"%s\"?", DmExcerpt(property),
								  *known));
				break;
			}
		}
	}
	if (unit != NULL && strcmp(unit, "m") == 0)
		DmOddity(v, &unit_path,
				 is_one_of_any_case(property, sla_long_properties)
					 ? "\"m\" is read as months here; write \"mo\" or \"min\""
					 : "\"m\" is read as minutes here; write \"min\" or \"mo\"");
}

static const DmShape sla_shape = {sla_fields, check_sla};

/*
 * Servers
 */

/* clang-format off */
static const char *const server_types[] = {"api", "athena", "azure", "bigquery", "clickhouse",
	"databricks", "denodo", "dremio", "duckdb", "glue", "cloudsql", "db2", "hive", "impala",
	"informix", "kafka", "kinesis", "local", "mysql", "oracle", "postgresql", "postgres", "presto",
	"pubsub", "redshift", "s3", "sftp", "snowflake", "sqlserver", "synapse", "trino", "vertica",
	"zen", "custom", NULL};
/* clang-format on */

/* What the standard wants of each type beside server and type. */
/* clang-format off */
static const struct
{
	const char *type;
	const char *required[5];
} server_requirements[] = {
	{"api", {"location"}},
	{"athena", {"stagingDir", "schema"}},
	{"azure", {"location", "format"}},
	{"bigquery", {"project", "dataset"}},
	{"clickhouse", {"host", "port", "database"}},
	{"databricks", {"catalog", "schema"}},
	{"denodo", {"host", "port"}},
	{"dremio", {"host", "port"}},
	{"duckdb", {"database"}},
	{"glue", {"account", "database"}},
	{"cloudsql", {"host", "port", "database", "schema"}},
	{"db2", {"host", "port", "database"}},
	{"hive", {"host", "database"}},
	{"impala", {"host", "database"}},
	{"informix", {"host", "database"}},
	{"kafka", {"host"}},
	{"local", {"path", "format"}},
	{"mysql", {"host", "port", "database"}},
	{"oracle", {"host", "port", "serviceName"}},
	{"postgresql", {"host", "port", "database", "schema"}},
	{"postgres", {"host", "port", "database", "schema"}},
	{"presto", {"host"}},
	{"pubsub", {"project"}},
	{"redshift", {"database", "schema"}},
	{"s3", {"location"}},
	{"sftp", {"location"}},
	{"snowflake", {"account", "database", "schema"}},
	{"sqlserver", {"host", "database", "schema"}},
	{"synapse", {"host", "port", "database"}},
	{"trino", {"host", "port", "catalog", "schema"}},
	{"vertica", {"host", "port", "database", "schema"}},
	{"zen", {"host", "database"}},
};

static const DmField server_fields[] = {
	ID,
	F("server", S, .flags = REQUIRED),
	F("type", S, .flags = REQUIRED, .values = server_types),
	F("description", S),
	F("environment", S),
	F("host", S),
	F("port", N, .flags = INTEGER),
	F("database", S),
	F("schema", S),
	ROLES,
	F("account", S),
	F("catalog", S),
	F("dataset", S),
	F("delimiter", S),
	F("endpointUrl", S),
	F("format", S),
	F("location", S),
	F("path", S),
	F("project", S),
	F("region", S),
	F("regionName", S),
	F("serviceName", S),
	F("stagingDir", S),
	F("stream", S),
	F("warehouse", S),
	CUSTOM(DmCheckCustomOther),
	END,
};
/* clang-format on */

static void
check_server(DmValidator *v, const DmPath *path, const DmNode *node)
{
	const char *type = DmNodeString(DmNodeGet(node, "type"));

	for (int i = 0; type != NULL && i < lengthof(server_requirements); i++)
	{
		if (strcmp(server_requirements[i].type, type) != 0)
			continue;
		for (const char *const *key = server_requirements[i].required; *key; key++)
			DmRequire(v, path, node, *key, psprintf("a server of type %s has it", type));
	}
}

static const DmShape server_shape = {server_fields, check_server};

/*
 * The root
 */

static const char *const document_kinds[] = {"DataContract", NULL};
/* clang-format off */
static const char *const statuses[] = {"proposed", "draft", "active", "deprecated", "retired",
	NULL};

static const DmField root_fields[] = {
	F("apiVersion", S, .flags = REQUIRED, .check = check_api_version),
	F("kind", S, .flags = REQUIRED, .values = document_kinds),
	F("id", S, .flags = REQUIRED | FILLED),
	F("name", S, .flags = FILLED),
	F("version", S, .flags = REQUIRED, .check = check_version),
	F("status", S, .flags = REQUIRED, .values = statuses),
	F("domain", S, .flags = FILLED),
	F("dataProduct", S),
	F("tenant", S),
	F("description", O, .shape = &description_shape),
	TAGS,
	OBJECTS("schema", dm_object_shape, .check = DmCheckUniqueNames),
	F("slaDefaultElement", S),
	OBJECTS("slaProperties", sla_shape),
	OBJECTS("servers", server_shape),
	ROLES,
	F("team", O | A, .shape = &team_shape, .check = check_team),
	OBJECTS("support", support_shape),
	F("price", O, .shape = &price_shape),
	F("contractCreatedTs", S),
	DEFINITIONS,
	CUSTOM(DmCheckCustomRoot),
	END,
};
/* clang-format on */
static const DmShape root_shape = {.fields = root_fields};

void
DmOdcsValidate(const DmNode *document)
{
	static const DmField root = F("contract", O, .shape = &root_shape);
	DmValidator v = {0};

	initStringInfo(&v.problems);
	DmCheckTree(&v, NULL, document);
	if (document->kind != O)
		DmProblem(&v, NULL,
				  "the document is %s, and a contract is an object with version, apiVersion, "
				  "kind, id and status",
				  DmFoundText(document));
	else
		DmCheckValue(&v, NULL, document, &root);
	DmRaiseProblems(&v);
}

void
DmOdcsSort(DmNode *document)
{
	DmShapeSort(document, &root_shape);
}
