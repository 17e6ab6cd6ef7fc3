/*-------------------------------------------------------------------------
 *
 * gate.c
 *		The policies held against a release.
 *
 * What the default policies look for is SQL (datamesh.policy_findings) that reads
 * the catalog and nothing of the data.  The data is read once, by the pass that
 * measures the contract's own rules: this file adds what the policies want counted
 * to that pass, and takes the counts out of its results again.  Only for personal
 * data a small sample of what is to be released is looked at once more.
 *
 * Kept true: the verdict is that of the policies in force when it is spoken, and they
 * stay in force until the release is out; nothing that a policy's function does
 * (an error included) is more than a violation, and no such function runs as a
 * superuser or can write.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/regproc.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/json.h"
#include "base/session.h"
#include "governance/governance.h"
#include "masking/detect.h"
#include "quality/check.h"
#include "quality/quality.h"

/* What a policy's function may find; beyond that it says nothing more. */
#define MAX_FINDINGS 1000

struct DmGovernance
{
	const DmProduct *product;
	const DmContract *contract;
	Oid relation;
	char *mark; /* the name of our rules in this pass: nobody can have known it */
};

/* ---- jsonb ---- */

static void
put_jsonb(JsonbParseState **state, JsonbIteratorToken token, const Jsonb *jsonb)
{
	JsonbValue value;

	value.type = jbvBinary;
	value.val.binary.data = (JsonbContainer *) &jsonb->root;
	value.val.binary.len = VARSIZE_ANY_EXHDR(jsonb);
	pushJsonbValue(state, token, &value);
}

static void
put_member(JsonbParseState **state, const char *key, const Jsonb *jsonb)
{
	DmJsonPushKey(state, key);
	put_jsonb(state, WJB_VALUE, jsonb);
}

static Jsonb *
result_jsonb(uint64 row, int column)
{
	bool isnull;
	Datum datum = DmSpiDatum(row, column, &isnull);

	return isnull ? NULL : DatumGetJsonbPCopy(datum);
}

/* ---- what is to be measured ---- */

DmGovernance *
DmGovernanceBegin(const DmProduct *product, const DmContract *contract, Oid relation)
{
	DmGovernance *governance = palloc0(sizeof(DmGovernance));
	uint64 random[2];

	if (!pg_strong_random(random, sizeof(random)))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not get random bytes")));
	governance->product = product;
	governance->contract = contract;
	governance->relation = relation;
	governance->mark = psprintf("policy:" UINT64_FORMAT ":" UINT64_FORMAT, random[0], random[1]);
	return governance;
}

Jsonb *
DmGovernanceRules(DmGovernance *governance)
{
	const Oid types[] = {INT4OID, OIDOID, TEXTOID, NAMEOID};
	Datum values[] = {Int32GetDatum(governance->contract->contract_id),
					  ObjectIdGetDatum(governance->relation), CStringGetTextDatum(governance->mark),
					  CStringGetDatum(governance->product->domain->name)};
	DmIdentity saved;
	Jsonb *rules;

	DmBecomeExtensionOwner(&saved);
	DmSpiExecute(
		"SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('check', "
		"'null_values', 'column', c.column_name, 'rule', $3, 'severity', 'info', 'sample_keys', 0) "
		"ORDER BY c.position), '[]') FROM datamesh.governed_columns($1, $2, false) c "
		"WHERE c.present AND EXISTS (SELECT FROM datamesh.domain_policies($4::text) p "
		"WHERE p.policy = 'quality.completeness' AND p.severity <> 'OFF')",
		4, types, values, NULL, false);
	rules = result_jsonb(0, 1);
	DmIdentityRestore(&saved);
	return rules;
}

/* Our own results, out of the list. */
static List *
take_results(DmGovernance *governance, List **results)
{
	List *ours = NIL;
	ListCell *cell;

	foreach (cell, *results)
		if (strcmp(((DmCheckResult *) lfirst(cell))->rule, governance->mark) == 0)
			ours = lappend(ours, lfirst(cell));
	*results = list_difference_ptr(*results, ours);
	return ours;
}

/* {"rows": 10, "nulls": {"column": 1}, "errors": {"column": "why"}} */
Jsonb *
DmPolicyFigures(List *ours, int64 rows)
{
	JsonbParseState *state = NULL;
	ListCell *cell;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	DmJsonPushCount(&state, "rows", rows);
	DmJsonPushKey(&state, "nulls");
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	foreach (cell, ours)
	{
		DmCheckResult *result = lfirst(cell);

		if (result->failing_rows >= 0)
			DmJsonPushCount(&state, result->column, result->failing_rows);
	}
	pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	DmJsonPushKey(&state, "errors");
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	foreach (cell, ours)
	{
		DmCheckResult *result = lfirst(cell);

		if (result->failing_rows < 0 && result->message != NULL)
			DmJsonPushText(&state, result->column, result->message);
	}
	pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* ---- personal data ---- */

typedef struct Looking
{
	Oid relation;
	int64 rows;
	Oid reader;
	List *hits;
} Looking;

static void
look(void *arg)
{
	Looking *looking = arg;

	looking->hits = DmDetectPii(looking->relation, looking->rows, looking->reader);
}

static Jsonb *
hits_jsonb(List *hits)
{
	JsonbParseState *state = NULL;
	ListCell *cell;

	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	foreach (cell, hits)
	{
		const DmPiiHit *hit = lfirst(cell);

		pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		DmJsonPushText(&state, "column", hit->column);
		DmJsonPushText(&state, "detector", hit->detector);
		DmJsonPushCount(&state, "percent", hit->percent);
		DmJsonPushText(&state, "why", hit->why);
		DmJsonPushText(&state, "mask", hit->mask);
		pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
}

Oid
DmRelationOwner(Oid relation)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Oid owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "there is no relation %u", relation);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

Jsonb *
DmPolicyPersonal(int32 contract_id, Oid relation, Oid reader, bool by_source, int64 rows,
				 Jsonb *figures)
{
	const Oid types[] = {JSONBOID, JSONBOID, INT4OID, BOOLOID, TEXTOID};
	Datum values[] = {JsonbPGetDatum(figures), (Datum) 0, Int32GetDatum(contract_id),
					  BoolGetDatum(by_source), (Datum) 0};
	bool nulls[] = {false, false, false, false, true};
	Looking looking = {relation, rows, reader, NIL};
	DmIdentity saved;
	char *error;

	error = superuser_arg(reader) ? "it belongs to a superuser" : DmGuard(look, &looking);
	values[1] = JsonbPGetDatum(hits_jsonb(looking.hits));
	if (error != NULL)
	{
		values[4] = CStringGetTextDatum(error);
		nulls[4] = false;
	}
	DmBecomeExtensionOwner(&saved);
	DmSpiExecute("SELECT datamesh.personal_figures($1, $2, $3, $4, $5)", 5, types, values, nulls,
				 true);
	figures = result_jsonb(0, 1);
	DmIdentityRestore(&saved);
	return figures;
}

/* How many rows a domain's policies want to be looked at; 0: nobody wants to know. */
static int64
rows_to_look_at(const DmDomain *domain)
{
	const Oid type = TEXTOID;
	Datum value = CStringGetTextDatum(domain->name);
	bool isnull = true;
	Datum rows = (Datum) 0;
	DmIdentity saved;

	DmBecomeExtensionOwner(&saved);
	DmSpiExecute(
		"SELECT (p.parameters ->> 'sample_rows')::bigint FROM datamesh.domain_policies($1) p "
		"WHERE p.policy = 'security.pii_undeclared' AND p.severity <> 'OFF' "
		"AND p.check_function IS NULL",
		1, &type, &value, NULL, true);
	if (SPI_processed > 0)
		rows = DmSpiDatum(0, 1, &isnull);
	DmIdentityRestore(&saved);
	return isnull ? 0 : DatumGetInt64(rows);
}

/* A release is a plain table of the port role's; a source, which may be a view, is the domain's. */
static Jsonb *
look_for_personal(const DmGovernance *governance, Oid stored, Jsonb *figures)
{
	const DmDomain *domain = governance->product->domain;
	bool live = stored == governance->relation;
	int64 rows = rows_to_look_at(domain);

	if (rows == 0)
		return figures;
	/* the rows that this command has copied */
	CommandCounterIncrement();
	return DmPolicyPersonal(governance->contract->contract_id, stored,
							live ? domain->owner : DmRelationOwner(stored), live, rows, figures);
}

static void
trace_lineage(const DmGovernance *governance)
{
	const Oid type = INT4OID;
	Datum value = Int32GetDatum(governance->contract->contract_id);

	DmSpiExecute("SELECT datamesh.store_lineage($1)", 1, &type, &value, NULL, false);
}

/* ---- policies that are functions ---- */

typedef struct FunctionCall
{
	const char *function; /* quoted, qualified */
	const char *product;
	Jsonb *document;
	Jsonb *answer;
} FunctionCall;

static void
call_function(void *arg)
{
	FunctionCall *call = arg;
	MemoryContext caller = CurrentMemoryContext;
	const Oid types[] = {TEXTOID, JSONBOID};
	Datum values[] = {CStringGetTextDatum(call->product), JsonbPGetDatum(call->document)};
	MemoryContext spi;

	SPI_connect();
	DmSpiExecute(psprintf("SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(v)), '[]') "
						  "FROM (SELECT * FROM %s($1, $2) LIMIT %d) AS v",
						  call->function, MAX_FINDINGS),
				 2, types, values, NULL, false);
	spi = MemoryContextSwitchTo(caller);
	call->answer = result_jsonb(0, 1);
	MemoryContextSwitchTo(spi);
	SPI_finish();
}

/* Whom to run it as: its owner.  NULL, or why it must not run. */
static char *
function_owner(const char *name, Oid *owner)
{
	const Oid types[] = {TEXTOID, JSONBOID};
	HeapTuple tuple = NULL;
	Form_pg_proc proc;
	char *problem = NULL;
	DmIdentity saved;
	Oid oid;

	/* Who publishes need not have a right to the schema that a policy's function is in. */
	DmBecomeExtensionOwner(&saved);
	oid = LookupFuncName(DmQualifiedNameList(name), 2, types, true);
	DmIdentityRestore(&saved);
	if (OidIsValid(oid))
		tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(oid));
	if (!HeapTupleIsValid(tuple))
		return psprintf("there is no function %s(text, jsonb)", name);
	proc = (Form_pg_proc) GETSTRUCT(tuple);
	*owner = proc->proowner;
	if (superuser_arg(*owner))
		problem = psprintf("function %s belongs to a superuser", name);
	else if (proc->prokind != PROKIND_FUNCTION || !proc->proretset ||
			 proc->prorettype != GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
												 CStringGetDatum("violation"),
												 ObjectIdGetDatum(DmExtensionSchema())))
		problem = psprintf("function %s does not return a set of datamesh.violation", name);
	ReleaseSysCache(tuple);
	return problem;
}

Jsonb *
DmPolicyAsk(const char *policy, const char *function, const char *product, Jsonb *document)
{
	FunctionCall call = {function, product, document, NULL};
	JsonbParseState *state = NULL;
	Oid owner = InvalidOid;
	char *error = function_owner(function, &owner);
	DmIdentity saved;

	if (error == NULL)
	{
		DmBecomeDomain(&saved, owner);
		error = DmGuard(call_function, &call);
		DmIdentityRestore(&saved);
	}
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	DmJsonPushText(&state, "policy", policy);
	if (error != NULL)
		DmJsonPushText(&state, "error", error);
	else
		put_member(&state, "violations", call.answer);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static Jsonb *
ask_functions(const DmGovernance *governance)
{
	const Oid type = NAMEOID;
	Datum value = CStringGetDatum(governance->product->domain->name);
	JsonbParseState *state = NULL;
	List *policies = NIL;
	List *functions = NIL;
	DmIdentity saved;
	ListCell *policy, *function;

	DmBecomeExtensionOwner(&saved);
	DmSpiExecute("SELECT p.policy, p.check_function FROM datamesh.domain_policies($1::text) p "
				 "WHERE p.check_function IS NOT NULL AND p.severity <> 'OFF'",
				 1, &type, &value, NULL, false);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		policies = lappend(policies, DmSpiText(row, 1));
		functions = lappend(functions, DmSpiText(row, 2));
	}
	DmIdentityRestore(&saved);

	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	forboth (policy, policies, function, functions)
		put_jsonb(&state, WJB_ELEM,
				  DmPolicyAsk(lfirst(policy), lfirst(function), governance->product->qualified_name,
							  governance->contract->document));
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
}

/* ---- the verdict ---- */

static void
read_verdict(DmVerdict *verdict)
{
	JsonbParseState *waived = NULL;
	JsonbParseState *policies = NULL;

	pushJsonbValue(&waived, WJB_BEGIN_ARRAY, NULL);
	pushJsonbValue(&policies, WJB_BEGIN_OBJECT, NULL);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		char *kind = DmSpiText(row, 1);
		Jsonb *object = result_jsonb(row, 6);

		if (strcmp(kind, "policy") == 0)
			put_member(&policies, DmSpiText(row, 3), object);
		else if (strcmp(kind, "waived") == 0)
			put_jsonb(&waived, WJB_ELEM, object);
		else
		{
			DmViolation *violation = palloc0(sizeof(DmViolation));
			bool isnull;

			violation->critical = DatumGetBool(DmSpiDatum(row, 2, &isnull));
			violation->rule = DmSpiText(row, 3);
			violation->message = DmSpiText(row, 4);
			violation->column = DmSpiText(row, 5);
			violation->object = object;
			verdict->violations = lappend(verdict->violations, violation);
		}
	}
	verdict->waived = JsonbValueToJsonb(pushJsonbValue(&waived, WJB_END_ARRAY, NULL));
	verdict->policies = JsonbValueToJsonb(pushJsonbValue(&policies, WJB_END_OBJECT, NULL));
}

DmVerdict *
DmGovernanceJudge(DmGovernance *governance, List **results, int64 rows, Oid stored)
{
	DmVerdict *verdict = palloc0(sizeof(DmVerdict));
	const Oid types[] = {INT4OID, OIDOID, OIDOID, JSONBOID, JSONBOID};
	Datum values[5] = {Int32GetDatum(governance->contract->contract_id),
					   ObjectIdGetDatum(governance->relation), ObjectIdGetDatum(stored)};
	DmIdentity saved;

	verdict->figures = look_for_personal(governance, stored,
										 DmPolicyFigures(take_results(governance, results), rows));
	values[3] = JsonbPGetDatum(verdict->figures);
	values[4] = JsonbPGetDatum(ask_functions(governance));

	DmBecomeExtensionOwner(&saved);
	DmIdentityPlanSmall();
	DmSpiExecute("LOCK TABLE datamesh.policy, datamesh.waiver IN SHARE MODE", 0, NULL, NULL, NULL,
				 false);
	/* What was committed while we waited counts, even where the transaction's snapshot is older. */
	CommandCounterIncrement();
	PushActiveSnapshot(GetLatestSnapshot());
	trace_lineage(governance);
	UpdateActiveSnapshotCommandId();
	DmSpiExecute("SELECT kind, critical, rule, message, \"column\", object "
				 "FROM datamesh.judge($1, $2, $3, $4, $5)",
				 5, types, values, NULL, true);
	PopActiveSnapshot();
	read_verdict(verdict);
	DmIdentityRestore(&saved);
	return verdict;
}
