/*-------------------------------------------------------------------------
 *
 * simulate.c
 *		datamesh.simulate_policy(): a policy held against what is published, before
 *		it is set.
 *
 * Most policies are answered by the catalog, and those on the data by what the
 * last publish measured.  Only where it did not measure that (the policy was off)
 * are the rows read, through the product's port and with the rights of the port's
 * owner: what is judged is what consumers can read.  Nothing is written.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/session.h"
#include "governance/governance.h"
#include "quality/quality.h"

PG_FUNCTION_INFO_V1(dm_simulate_policy);

/* The policy as it would be set. */
typedef struct Proposal
{
	char *name;
	char *severity;
	Jsonb *parameters;
	char *domain;
	char *function_schema;
	char *function_name;
} Proposal;

/* A product, and what would hold for it. */
typedef struct Target
{
	char *product;
	char *version;
	int32 contract_id;
	Oid port;
	Oid stored;
	char *severity;
	Jsonb *parameters;
	Jsonb *figures;
	bool to_measure;
	bool waived;
	char *check_function;
} Target;

/* ---- the proposal ---- */

static char *
member_text(const JsonbValue *value, const char *key)
{
	if (value->type == jbvNull)
		return NULL;
	if (value->type != jbvString)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"%s\" of a policy must be a string", key)));
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static void
read_member(Proposal *proposal, const char *key, JsonbValue *value, char **function)
{
	if (strcmp(key, "name") == 0)
		proposal->name = member_text(value, key);
	else if (strcmp(key, "severity") == 0)
		proposal->severity = member_text(value, key);
	else if (strcmp(key, "domain") == 0)
		proposal->domain = member_text(value, key);
	else if (strcmp(key, "check_function") == 0)
		*function = member_text(value, key);
	else if (strcmp(key, "parameters") == 0)
		proposal->parameters = JsonbValueToJsonb(value);
	else if (strcmp(key, "why") != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"%s\" is not one of name, severity, parameters, domain, "
							   "check_function, why",
							   key)));
}

static Proposal *
read_proposal(Jsonb *policy)
{
	Proposal *proposal = palloc0(sizeof(Proposal));
	char *function = NULL;
	char *key = NULL;
	JsonbIterator *it;
	JsonbValue value;
	JsonbIteratorToken token;

	if (!JB_ROOT_IS_OBJECT(policy))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a policy is an object, such as {\"name\": \"quality\"}")));
	it = JsonbIteratorInit(&policy->root);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			key = pnstrdup(value.val.string.val, value.val.string.len);
		else if (token == WJB_VALUE)
			read_member(proposal, key, &value, &function);
	}
	if (proposal->name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the policy has no name")));
	if (proposal->domain == NULL)
		DmRequireCouncil(psprintf("global policy \"%s\"", proposal->name));
	else
		DmRequireDomainMember(DmDomainByName(proposal->domain));
	if (function != NULL)
		DmPolicyFunction(function, &proposal->function_schema, &proposal->function_name);
	return proposal;
}

/* ---- the products ---- */

static Jsonb *
column_jsonb(uint64 row, int column)
{
	bool isnull;
	Datum datum = DmSpiDatum(row, column, &isnull);

	return isnull ? NULL : DatumGetJsonbPCopy(datum);
}

static Oid
column_oid(uint64 row, int column)
{
	bool isnull;
	Datum datum = DmSpiDatum(row, column, &isnull);

	return isnull ? InvalidOid : DatumGetObjectId(datum);
}

static Target *
read_target(uint64 row)
{
	Target *target = palloc0(sizeof(Target));
	bool isnull;

	target->product = DmSpiText(row, 1);
	target->version = DmSpiText(row, 2);
	target->contract_id = DatumGetInt32(DmSpiDatum(row, 3, &isnull));
	target->port = column_oid(row, 4);
	target->stored = column_oid(row, 5);
	target->severity = DmSpiText(row, 6);
	target->parameters = column_jsonb(row, 7);
	target->figures = column_jsonb(row, 8);
	target->to_measure = DatumGetBool(DmSpiDatum(row, 9, &isnull));
	target->waived = DatumGetBool(DmSpiDatum(row, 10, &isnull));
	target->check_function = DmSpiText(row, 11);
	return target;
}

static List *
find_targets(const Proposal *proposal)
{
	const Oid types[] = {TEXTOID, TEXTOID, JSONBOID, TEXTOID, NAMEOID, NAMEOID};
	Datum values[] = {
		CStringGetTextDatum(proposal->name),
		proposal->severity ? CStringGetTextDatum(proposal->severity) : (Datum) 0,
		PointerGetDatum(proposal->parameters),
		proposal->domain ? CStringGetTextDatum(proposal->domain) : (Datum) 0,
		CStringGetDatum(proposal->function_schema),
		CStringGetDatum(proposal->function_name),
	};
	const bool nulls[] = {false,
						  proposal->severity == NULL,
						  proposal->parameters == NULL,
						  proposal->domain == NULL,
						  proposal->function_schema == NULL,
						  proposal->function_name == NULL};
	List *targets = NIL;

	DmSpiExecute("SELECT product, version, contract_id, port, stored, severity, parameters, "
				 "figures, to_measure, waived, check_function "
				 "FROM datamesh.simulation_targets($1, $2, $3, $4, $5, $6)",
				 6, types, values, nulls, true);
	for (uint64 row = 0; row < SPI_processed; row++)
		targets = lappend(targets, read_target(row));
	return targets;
}

/* ---- measuring ---- */

static Jsonb *
measuring_rules(const Target *target)
{
	const Oid type = INT4OID;
	Datum value = Int32GetDatum(target->contract_id);

	DmSpiExecute("SELECT pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object('check', "
				 "'row_count', 'severity', 'info')) || coalesce(pg_catalog.jsonb_agg("
				 "pg_catalog.jsonb_build_object('check', 'null_values', 'column', c.column_name, "
				 "'severity', 'info', 'sample_keys', 0) ORDER BY c.position), '[]') "
				 "FROM datamesh.contract_column c WHERE c.contract_id = $1",
				 1, &type, &value, NULL, true);
	return column_jsonb(0, 1);
}

/* The owner of a port is a role of ours without any other right. */
static Oid
port_owner(const Target *target)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(target->port));
	Oid owner;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
						errmsg("the port of data product \"%s\" is gone", target->product)));
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	if (superuser_arg(owner))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("the port of data product \"%s\" belongs to a superuser",
							   target->product)));
	return owner;
}

/*
 * What lies behind the port, since a port shows masked values to its owner too: a release, or the
 * source of a live product, by its owner.
 */
static void
look_for_personal(Target *target)
{
	const Oid types[] = {INT4OID, JSONBOID};
	Datum values[] = {Int32GetDatum(target->contract_id), JsonbPGetDatum(target->parameters)};
	bool isnull;
	bool live;
	int64 rows;

	DmSpiExecute("SELECT c.mode = 'live', ($2 ->> 'sample_rows')::bigint "
				 "FROM datamesh.contract c WHERE c.contract_id = $1",
				 2, types, values, NULL, true);
	live = DatumGetBool(DmSpiDatum(0, 1, &isnull));
	rows = DatumGetInt64(DmSpiDatum(0, 2, &isnull));
	target->figures =
		DmPolicyPersonal(target->contract_id, target->stored, DmRelationOwner(target->stored), live,
						 rows, target->figures);
}

/* Through the port, as its owner. */
static void
measure(Target *target)
{
	Jsonb *rules = measuring_rules(target);
	DmQualityPlan *plan;
	DmCheckResult *rows;
	List *results;
	DmIdentity saved;

	DmBecomeDomain(&saved, port_owner(target));
	plan = DmQualityPlanCreate(target->port, rules);
	DmQualityRun(plan);
	results = DmQualityResults(plan, target->port);
	DmIdentityRestore(&saved);
	rows = linitial(results);
	target->figures =
		DmPolicyFigures(list_delete_first(results),
						rows->metric_value != NULL ? pg_strtoint64(rows->metric_value) : 0);
}

/* ---- the answer ---- */

#define RESULT_COLUMNS 9

static void
put_row(ReturnSetInfo *rsinfo, const Proposal *proposal, const Target *target, uint64 row)
{
	Datum values[RESULT_COLUMNS];
	bool nulls[RESULT_COLUMNS] = {0};
	char *message = DmSpiText(row, 1);
	char *column = DmSpiText(row, 2);
	char *severity = DmSpiText(row, 4);

	values[0] = CStringGetTextDatum(target->product);
	values[1] = CStringGetTextDatum(target->version);
	values[2] = CStringGetTextDatum(proposal->name);
	values[3] = CStringGetTextDatum(severity != NULL ? severity : target->severity);
	nulls[4] = message == NULL;
	values[4] = message == NULL ? (Datum) 0 : CStringGetTextDatum(message);
	nulls[5] = column == NULL;
	values[5] = column == NULL ? (Datum) 0 : CStringGetTextDatum(column);
	values[6] = PointerGetDatum(column_jsonb(row, 3));
	nulls[6] = DatumGetPointer(values[6]) == NULL;
	values[7] = BoolGetDatum(target->waived);
	values[8] = CStringGetTextDatum(target->check_function != NULL ? "the function"
									: target->to_measure           ? "measured"
									: strcmp(proposal->name, "quality") == 0 ||
											strcmp(proposal->name, "quality.completeness") == 0 ||
											strcmp(proposal->name, "security.pii_undeclared") == 0
										? "last report"
										: "catalog");
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

static void
find_by_default(const Proposal *proposal, const Target *target)
{
	const Oid types[] = {TEXTOID, JSONBOID, INT4OID, OIDOID, OIDOID, JSONBOID};
	Datum values[] = {CStringGetTextDatum(proposal->name), JsonbPGetDatum(target->parameters),
					  Int32GetDatum(target->contract_id),  ObjectIdGetDatum(target->port),
					  ObjectIdGetDatum(target->stored),    JsonbPGetDatum(target->figures)};

	DmSpiExecute("SELECT message, \"column\", figures, figures ->> 'severity' "
				 "FROM datamesh.policy_findings($1, $2, $3, $4, true, $5, $6)",
				 6, types, values, NULL, true);
}

static void
find_by_function(const Proposal *proposal, const Target *target)
{
	char *document = DmContractDocument(target->product, target->version);
	Jsonb *contract = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(document)));
	const Oid type = JSONBOID;
	Datum value = JsonbPGetDatum(
		DmPolicyAsk(proposal->name, target->check_function, target->product, contract));

	DmSpiExecute(
		"SELECT v ->> 'message', v ->> 'column', nullif(v -> 'figures', 'null'), NULL "
		"FROM pg_catalog.jsonb_array_elements($1 -> 'violations') WITH ORDINALITY AS x(v, n) "
		"UNION ALL SELECT 'The policy could not run: ' || ($1 ->> 'error'), NULL, NULL, NULL "
		"WHERE $1 ? 'error'",
		1, &type, &value, NULL, true);
}

static void
simulate(const Proposal *proposal, Target *target, ReturnSetInfo *rsinfo)
{
	uint64 found;

	if (strcmp(target->severity, "OFF") == 0)
		return;
	if (target->check_function != NULL)
		find_by_function(proposal, target);
	else
	{
		if (target->to_measure && strcmp(proposal->name, "security.pii_undeclared") == 0)
			look_for_personal(target);
		else if (target->to_measure)
			measure(target);
		find_by_default(proposal, target);
	}
	found = SPI_processed;
	for (uint64 row = 0; row < found; row++)
		put_row(rsinfo, proposal, target, row);
}

/* datamesh.simulate_policy(policy jsonb) */
Datum
dm_simulate_policy(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Proposal *proposal = read_proposal(PG_GETARG_JSONB_P(0));
	DmIdentity saved;
	ListCell *cell;

	InitMaterializedSRF(fcinfo, 0);
	SPI_connect();
	DmBecomeExtensionOwner(&saved);
	DmIdentityPlanSmall();
	foreach (cell, find_targets(proposal))
	{
		CHECK_FOR_INTERRUPTS();
		simulate(proposal, lfirst(cell), rsinfo);
	}
	DmIdentityRestore(&saved);
	SPI_finish();
	return (Datum) 0;
}
