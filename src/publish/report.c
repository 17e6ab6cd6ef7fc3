/*-------------------------------------------------------------------------
 *
 * report.c
 *		The verdict on a release, and the report that is kept of it.
 *
 *	{"product": "sales.customer_lifetime_value", "version": "1.2.0", "release": 7, "rows": 4338,
 *	 "total_violations": 1, "critical": 1, "warnings": 0, "passed": false,
 *	 "violations": [{"product": ..., "rule": ..., "severity": "CRITICAL", "message": ...,
 *					 "column": ..., figures}],
 *	 "waived": [the same, and until when, why and by whom],
 *	 "policies": {"quality.completeness": {"severity": "CRITICAL", "status": "failed"}, ...},
 *	 "figures": {what was measured for the policies},
 *	 "checks": [every result, passed or not]}
 *
 * A check of severity error that fails or could not be run is CRITICAL, one of
 * severity warning a WARNING, and one of severity info only a figure.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

#include "base/errors.h"
#include "base/json.h"
#include "base/names.h"
#include "base/session.h"
#include "publish/publish.h"

PG_FUNCTION_INFO_V1(dm_governance_report);

/* Lines of DETAIL: the report has the rest. */
#define LINES_SHOWN 10

/* ---- writing jsonb ---- */

/* ---- the verdict ---- */

static bool
is_violation(const DmCheckResult *result)
{
	return (result->status == DM_CHECK_FAIL || result->status == DM_CHECK_ERROR) &&
		   result->severity != DM_SEVERITY_INFO;
}

static const char *
severity_of(const DmCheckResult *result)
{
	return result->severity == DM_SEVERITY_ERROR ? "CRITICAL" : "WARNING";
}

static void
put_violation(JsonbParseState **state, const DmPublication *pub, const DmCheckResult *result)
{
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	DmJsonPushText(state, "product", pub->product->qualified_name);
	DmJsonPushText(state, "rule", result->rule);
	DmJsonPushText(state, "severity", severity_of(result));
	DmJsonPushText(state, "message", result->message);
	DmJsonPushText(state, "column", result->column);
	DmJsonPushText(state, "check", result->check);
	DmJsonPushText(state, "value", result->metric_value);
	DmJsonPushText(state, "threshold", result->threshold);
	if (result->failing_rows >= 0)
		DmJsonPushCount(state, "failing_rows", result->failing_rows);
	DmJsonPushJsonb(state, "sample_keys", result->sample_keys);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

/* The schema registry's checks come before the policies, all others after them. */
static bool
is_of_schema(const DmCheckResult *result)
{
	return strcmp(result->rule, "schema") == 0;
}

static void
count_violation(DmPublication *pub, bool critical)
{
	if (critical)
		pub->critical++;
	else
		pub->warnings++;
}

static void
count_violations(DmPublication *pub)
{
	ListCell *cell;

	pub->critical = 0;
	pub->warnings = 0;
	foreach (cell, pub->results)
		if (is_violation(lfirst(cell)))
			count_violation(pub, ((DmCheckResult *) lfirst(cell))->severity == DM_SEVERITY_ERROR);
	foreach (cell, pub->verdict->violations)
		count_violation(pub, ((DmViolation *) lfirst(cell))->critical);
}

static void
put_results(JsonbParseState **state, const DmPublication *pub, bool of_schema)
{
	ListCell *cell;

	foreach (cell, pub->results)
		if (is_violation(lfirst(cell)) && is_of_schema(lfirst(cell)) == of_schema)
			put_violation(state, pub, lfirst(cell));
}

static void
put_violations(JsonbParseState **state, const DmPublication *pub)
{
	ListCell *cell;

	DmJsonPushKey(state, "violations");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	put_results(state, pub, true);
	foreach (cell, pub->verdict->violations)
	{
		const Jsonb *object = ((DmViolation *) lfirst(cell))->object;
		JsonbValue value;

		value.type = jbvBinary;
		value.val.binary.data = (JsonbContainer *) &object->root;
		value.val.binary.len = VARSIZE_ANY_EXHDR(object);
		pushJsonbValue(state, WJB_ELEM, &value);
	}
	put_results(state, pub, false);
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

/* Columns whose statistics are not for everybody: a maximum is some row's value. */
static void
put_withheld(JsonbParseState **state, const DmPublication *pub)
{
	ListCell *cell;

	if (!DmAccessRestricts(pub->access))
		return;
	DmJsonPushKey(state, "withheld");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	foreach (cell, pub->columns)
	{
		const DmPublishColumn *column = lfirst(cell);
		JsonbValue value;

		if (!DmAccessWithholds(pub->access, column->name))
			continue;
		value.type = jbvString;
		value.val.string.val = (char *) column->name;
		value.val.string.len = strlen(column->name);
		pushJsonbValue(state, WJB_ELEM, &value);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

/* Fill in pub->critical, pub->warnings and pub->report from pub->results, verdict and rows. */
void
DmReportBuild(DmPublication *pub)
{
	JsonbParseState *state = NULL;

	count_violations(pub);
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	DmJsonPushText(&state, "product", pub->product->qualified_name);
	DmJsonPushText(&state, "version", pub->contract->version);
	if (pub->critical == 0 && !pub->dry_run)
		DmJsonPushCount(&state, "release", pub->release_id);
	DmJsonPushCount(&state, "rows", pub->rows);
	DmJsonPushCount(&state, "total_violations", pub->critical + pub->warnings);
	DmJsonPushCount(&state, "critical", pub->critical);
	DmJsonPushCount(&state, "warnings", pub->warnings);
	DmJsonPushBool(&state, "passed", pub->critical == 0);
	put_violations(&state, pub);
	DmJsonPushJsonb(&state, "waived", pub->verdict->waived);
	DmJsonPushJsonb(&state, "policies", pub->verdict->policies);
	DmJsonPushJsonb(&state, "figures", pub->verdict->figures);
	put_withheld(&state, pub);
	DmJsonPushJsonb(&state, "checks",
					DmQualityResultsToJsonb(pub->product->qualified_name, pub->results));
	pub->report = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* The report of a publish that ended in an error of its own. */
void
DmReportFailure(DmPublication *pub, const ErrorData *error)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	DmJsonPushText(&state, "product", pub->product->qualified_name);
	DmJsonPushText(&state, "version", pub->contract->version);
	DmJsonPushBool(&state, "passed", false);
	DmJsonPushKey(&state, "error");
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	DmJsonPushText(&state, "sqlstate", unpack_sql_state(error->sqlerrcode));
	DmJsonPushText(&state, "message", error->message);
	DmJsonPushText(&state, "detail", error->detail);
	DmJsonPushText(&state, "hint", error->hint);
	DmJsonPushText(&state, "context", error->context);
	pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	DmJsonPushKey(&state, "violations");
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	pub->report = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* Keep it.  Returns its number. */
int32
DmReportStore(const DmPublication *pub, const char *outcome)
{
	const Oid types[] = {INT4OID, INT4OID, INT4OID, TEXTOID, TEXTOID, JSONBOID};
	bool released = strcmp(outcome, "passed") == 0 && !pub->dry_run;
	Datum values[] = {Int32GetDatum(pub->product->product_id),
					  Int32GetDatum(pub->contract->contract_id),
					  Int32GetDatum(pub->release_id),
					  CStringGetTextDatum(pub->dry_run ? "dry_run" : "publish"),
					  CStringGetTextDatum(outcome),
					  JsonbPGetDatum(pub->report)};
	const bool nulls[] = {false, false, !released, false, false, false};
	DmIdentity saved;
	bool isnull;
	int32 report_id;

	DmBecomeExtensionOwner(&saved);
	DmSpiExecute(
		"INSERT INTO datamesh.report (product_id, contract_id, release_id, kind, outcome, report) "
		"VALUES ($1, $2, $3, $4, $5, $6) RETURNING report_id",
		6, types, values, nulls, false);
	report_id = DatumGetInt32(DmSpiDatum(0, 1, &isnull));
	DmIdentityRestore(&saved);
	return report_id;
}

/* ---- telling ---- */

static void
append_line(StringInfo lines, const char *rule, const char *column, const char *message)
{
	appendStringInfo(lines, "\nCRITICAL: %s", rule);
	if (column != NULL)
		appendStringInfo(lines, " (%s)", column);
	if (message != NULL)
		appendStringInfo(lines, ": %s", message);
}

static void
append_results(StringInfo lines, const DmPublication *pub, bool of_schema, int *shown)
{
	ListCell *cell;

	foreach (cell, pub->results)
	{
		const DmCheckResult *result = lfirst(cell);

		if (is_violation(result) && is_of_schema(result) == of_schema &&
			result->severity == DM_SEVERITY_ERROR && (*shown)++ < LINES_SHOWN)
			append_line(lines, result->rule, result->column, result->message);
	}
}

static char *
critical_lines(const DmPublication *pub)
{
	StringInfoData lines;
	int shown = 0;
	ListCell *cell;

	initStringInfo(&lines);
	appendStringInfo(&lines, "Critical violations: %d.", pub->critical);
	append_results(&lines, pub, true, &shown);
	foreach (cell, pub->verdict->violations)
	{
		const DmViolation *violation = lfirst(cell);

		if (violation->critical && shown++ < LINES_SHOWN)
			append_line(&lines, violation->rule, violation->column, violation->message);
	}
	append_results(&lines, pub, false, &shown);
	if (shown > LINES_SHOWN)
		appendStringInfo(&lines, "\n... and %d more.", shown - LINES_SHOWN);
	return lines.data;
}

static char *
report_call(const DmPublication *pub)
{
	return psprintf("SELECT datamesh.governance_report(%s)",
					quote_literal_cstr(pub->product->qualified_name));
}

/*
 * The error of a closed gate.  In a transaction that somebody else will end, the report cannot be
 * kept, and travels in the message.
 */
void
DmReportRefuse(const DmPublication *pub, bool atomic)
{
	char *lines = critical_lines(pub);

	if (atomic)
		lines = psprintf("%s\nReport: %s", lines,
						 JsonbToCString(NULL, &pub->report->root, VARSIZE(pub->report)));
	ereport(
		ERROR,
		(errcode(ERRCODE_DM_GATE_CLOSED),
		 errmsg("data product \"%s\" failed governance validation", pub->product->qualified_name),
		 errdetail("%s", lines),
		 atomic
			 ? errhint("Mend the data in %s and publish again. Consumers still see what they saw "
					   "before.",
					   pub->source_label)
			 : errhint("Mend the data in %s and publish again; consumers still see what they saw "
					   "before. The whole report: %s;",
					   pub->source_label, report_call(pub))));
}

/* What a dry run found, as messages. */
void
DmReportDryRun(const DmPublication *pub)
{
	ListCell *cell;
	int shown = 0;

	if (pub->critical > 0)
		ereport(WARNING, (errmsg("data product \"%s\" would fail governance validation",
								 pub->product->qualified_name),
						  errdetail("%s", critical_lines(pub)),
						  errhint("The whole report: %s;", report_call(pub))));
	else
		ereport(NOTICE,
				(errmsg("data product \"%s\" would be published: " INT64_FORMAT
						" rows, %d critical violations, %d warnings",
						pub->product->qualified_name, pub->rows, pub->critical, pub->warnings)));
	foreach (cell, pub->verdict->violations)
	{
		const DmViolation *violation = lfirst(cell);

		if (!violation->critical && shown++ < LINES_SHOWN)
			ereport(NOTICE, (errmsg("warning of policy %s: %s", violation->rule,
									violation->message != NULL ? violation->message : "failed")));
	}
	foreach (cell, pub->results)
	{
		const DmCheckResult *result = lfirst(cell);

		if (is_violation(result) && result->severity == DM_SEVERITY_WARNING &&
			shown++ < LINES_SHOWN)
			ereport(NOTICE, (errmsg("warning of rule %s: %s", result->rule,
									result->message != NULL ? result->message : "failed")));
	}
}

/* ---- reading ---- */

/* datamesh.governance_report(product text) returns jsonb */
Datum
dm_governance_report(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	DmProduct *product = DmProductByName(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	bool member = has_privs_of_role(GetUserId(), product->domain->owner);
	const Oid types[] = {INT4OID, BOOLOID};
	Datum values[] = {Int32GetDatum(product->product_id), BoolGetDatum(member)};
	Datum report = (Datum) 0;
	bool isnull = true;
	DmIdentity saved;

	SPI_connect();
	DmBecomeExtensionOwner(&saved);
	DmSpiExecute("SELECT CASE WHEN $2 THEN report ELSE datamesh.report_without_samples(report) END "
				 "FROM datamesh.report WHERE product_id = $1 ORDER BY report_id DESC LIMIT 1",
				 2, types, values, NULL, true);
	if (SPI_processed > 0)
	{
		report = DmSpiDatum(0, 1, &isnull);
		if (!isnull)
		{
			MemoryContext spi = MemoryContextSwitchTo(caller);

			report = PointerGetDatum(PG_DETOAST_DATUM_COPY(report));
			MemoryContextSwitchTo(spi);
		}
	}
	DmIdentityRestore(&saved);
	SPI_finish();
	if (isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(report);
}
