/*-------------------------------------------------------------------------
 *
 * publish.c
 *		CALL datamesh.publish(): the one door, and the order of what happens in it.
 *
 * Write, audit, publish.  All of it happens in one transaction, and everything
 * that a closed gate or an error must undo in a subtransaction of it:
 *
 *	outer transaction
 *	  the product is locked: one publish at a time, a second one waits
 *	  subtransaction
 *		contract, roles, source and types are looked at		(gate.c)
 *		the release is made, filled and measured in one pass	(copy.c)
 *		the checks that need passes of their own are run
 *		the policies are held against all of it			(governance/gate.c)
 *		-> gates open:	indexes, statistics, the switch			(port.c)
 *		-> gates closed, dry run, error: rolled back, nothing is left
 *	  the report is kept, and the event that says what happened
 *	commit, if it is ours to do
 *	the error, if there was one
 *	releases beyond the retention go, in transactions of their own
 *
 * Because there is one transaction, a crash between any two steps leaves the old
 * release readable and nothing half-made.  When the CALL stands inside somebody
 * else's transaction the report of a failure cannot be kept, and travels in the
 * error's DETAIL.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/vacuum.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"

#include "base/errors.h"
#include "base/names.h"
#include "base/session.h"
#include "governance/version.h"
#include "publish/publish.h"

PG_FUNCTION_INFO_V1(dm_publish);

#define FIRST_STATISTICS_TARGET 20

/* ---- what all procedures of the area begin with ---- */

/*
 * Connect SPI for a procedure.  Returns whether the transaction is somebody else's, so that we
 * must not commit.  Code of a domain, which is what runs in a security-restricted operation, is
 * not to change the mesh from within a publish.
 */
bool
DmPublishEnter(FunctionCallInfo fcinfo, const char *procedure)
{
	CallContext *call = (CallContext *) fcinfo->context;
	bool atomic = call == NULL || !IsA(call, CallContext) || call->atomic || IsSubTransaction();

	if (InSecurityRestrictedOperation())
		ereport(
			ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("cannot call datamesh.%s within a security-restricted operation", procedure),
			 errdetail("Sources and checks of a domain can read; they cannot publish.")));
	PreventCommandIfReadOnly(procedure);
	if (SPI_connect_ext(atomic ? 0 : SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	return atomic;
}

/* A text argument that must not be null, in memory that outlives transactions of the call. */
char *
DmPublishTextArgument(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", name)));
	return text_to_cstring(PG_GETARG_TEXT_PP(argument));
}

/* The jsonb that a query returns, for an event. */
Jsonb *
DmPublishDetails(const char *sql, int nargs, const Oid *types, const Datum *values)
{
	bool isnull;

	DmSpiExecute(sql, nargs, types, values, NULL, false);
	return DatumGetJsonbPCopy(DmSpiDatum(0, 1, &isnull));
}

/* ---- the steps ---- */

/* Names of the contract's columns that the source lacks. */
static Datum
missing_columns(const DmPublication *pub)
{
	ArrayBuildState *names = initArrayResult(TEXTOID, CurrentMemoryContext, false);
	ListCell *cell;

	foreach (cell, pub->columns)
	{
		const DmPublishColumn *column = lfirst(cell);

		if (!OidIsValid(column->type))
			names = accumArrayResult(names, CStringGetTextDatum(column->name), false, TEXTOID,
									 CurrentMemoryContext);
	}
	return makeArrayResult(names, CurrentMemoryContext);
}

/*
 * The rules of the contract, as the quality engine reads them: the object, with the SLAs and with
 * what the policies want measured in the same pass.  What is
 * said of a column that is missing is left out, because the schema gate has said that it is.
 */
static Jsonb *
contract_rules(const DmPublication *pub)
{
	const Oid types[] = {JSONBOID, TEXTARRAYOID, JSONBOID};
	Datum values[] = {JsonbPGetDatum(pub->contract->document), missing_columns(pub),
					  JsonbPGetDatum(DmGovernanceRules(pub->governance))};

	return DmPublishDetails(
		"SELECT ($1 -> 'schema' -> 0) || pg_catalog.jsonb_build_object('properties', "
		"(SELECT coalesce(pg_catalog.jsonb_agg(p ORDER BY n), '[]') "
		"FROM pg_catalog.jsonb_array_elements($1 -> 'schema' -> 0 -> 'properties') "
		"WITH ORDINALITY AS e(p, n) WHERE p ->> 'name' <> ALL ($2)), 'quality', "
		"coalesce($1 #> '{schema,0,quality}', '[]') || $3, 'customProperties', "
		"coalesce($1 #> '{schema,0,customProperties}', '[]') || "
		"coalesce($1 -> 'customProperties', '[]')) "
		"|| CASE WHEN $1 ? 'slaProperties' "
		"THEN pg_catalog.jsonb_build_object('slaProperties', $1 -> 'slaProperties', "
		"'slaDefaultElement', $1 -> 'slaDefaultElement') ELSE '{}' END",
		3, types, values);
}

static int64
count_source(const DmPublication *pub)
{
	bool isnull;

	DmSpiExecute(psprintf("SELECT pg_catalog.count(*) FROM %s", pub->source_label), 0, NULL, NULL,
				 NULL, false);
	return DatumGetInt64(DmSpiDatum(0, 1, &isnull));
}

/*
 * Fill and measure: everything here is the domain's code, or reads the domain's data, and runs
 * as the domain's owner.  The checks are planned on the source, whose constraints may prove some
 * of them.
 */
static void
fill_and_measure(DmPublication *pub, Jsonb *rules)
{
	DmQualityPlan *plan;
	DmIdentity saved;

	DmBecomeDomain(&saved, pub->product->domain->owner);
	plan = DmQualityPlanCreate(pub->source, rules);
	DmProgressPhase(DM_PHASE_COPYING);
	if (pub->live)
	{
		pub->source_as_of = GetCurrentTimestamp();
		pub->rows = count_source(pub);
		DmQualityRun(plan);
	}
	else if (DmCopyCanMeasure(pub, plan))
		DmCopySource(pub, plan);
	else
		DmCopySource(pub, NULL); /* very wide: DmQualityResults measures the copy */
	/*
	 * The source's functions may have changed settings, search_path among them, and the checks are
	 * not to be read with operators of the domain's choice.
	 */
	DmIdentityRestore(&saved);
	DmBecomeDomain(&saved, pub->product->domain->owner);
	DmProgressPhase(DM_PHASE_CHECKING);
	pub->results =
		list_concat(pub->results, DmQualityResults(plan, pub->live ? pub->source : pub->release));
	DmIdentityRestore(&saved);
}

/*
 * Statistics for the release, before anybody reads it: without them a planner knows nothing of
 * how the releases of a port differ.  A small sample is enough for that, and quick; autovacuum
 * takes the full one, as it does for every table that has changed a lot.
 */
static void
analyze_release(const DmPublication *pub)
{
	char *target = psprintf("%d", Min(default_statistics_target, FIRST_STATISTICS_TARGET));
	DmIdentity saved;

	DmBecomeExtensionOwner(&saved);
	(void) set_config_option("default_statistics_target", target, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	DmSpiExecute(
		psprintf("ANALYZE %s", quote_qualified_identifier(pub->product->domain->release_schema,
														  pub->release_name)),
		0, NULL, NULL, NULL, false);
	DmIdentityRestore(&saved);
}

/* Everything that a closed gate undoes.  True: the release is published. */
static bool
attempt(DmPublication *pub)
{
	DmProgressPhase(DM_PHASE_CONTRACT);
	pub->new_status =
		DmLifecycleMove(psprintf("version %s of data product \"%s\"", pub->contract->version,
								 pub->product->qualified_name),
						pub->contract->status, "publish");
	DmGateContract(pub);
	DmGateSource(pub);
	if (pub->live)
		DmAccessInspectSource(pub->product, pub->source);
	DmGateAccess(pub);
	pub->results = DmGateColumns(pub);
	DmReleaseCreate(pub);
	if (!pub->live)
		DmAccessInspectRelease(pub->product, pub->release);
	/* filters name columns: one that is missing has been reported, and nothing will be published */
	if (pub->results == NIL)
		DmAccessFilters(pub->access, pub->live ? pub->source : pub->release);
	pub->governance = DmGovernanceBegin(pub->product, pub->contract, pub->source);
	fill_and_measure(pub, contract_rules(pub));
	pub->results = list_concat(pub->results, DmGateAnonymity(pub));
	pub->verdict = DmGovernanceJudge(pub->governance, &pub->results, pub->rows,
									 pub->live ? pub->source : pub->release);
	DmReportBuild(pub);
	if (pub->critical > 0 || pub->dry_run)
		return false;

	DmReleaseIndex(pub);
	if (!pub->live)
		analyze_release(pub);
	DmPortSwitch(pub);
	return true;
}

static void
append_event(const DmPublication *pub, const char *kind, int32 report_id)
{
	const Oid types[] = {INT4OID, INT8OID, INT4OID, INT4OID, JSONBOID};
	Datum values[] = {Int32GetDatum(report_id), Int64GetDatum(pub->rows),
					  Int32GetDatum(pub->critical), Int32GetDatum(pub->warnings),
					  JsonbPGetDatum(pub->report)};
	Jsonb *details;
	DmIdentity saved;

	DmBecomeExtensionOwner(&saved);
	details = DmPublishDetails(
		"SELECT pg_catalog.jsonb_strip_nulls(CASE WHEN $5 ? 'error' "
		"THEN pg_catalog.jsonb_build_object('report', $1, 'sqlstate', $5 -> 'error' -> 'sqlstate') "
		"ELSE pg_catalog.jsonb_build_object('report', $1, 'release', $5 -> 'release', 'rows', $2, "
		"'critical', $3, 'warnings', $4) END)",
		5, types, values);
	DmIdentityRestore(&saved);
	DmEventAppend(kind, pub->product->qualified_name, pub->contract->version, details);
}

/* Keep what became of it: report and event. */
static void
record(DmPublication *pub, const char *outcome)
{
	int32 report_id = DmReportStore(pub, outcome);
	DmIdentity saved;

	if (pub->dry_run)
		return;
	if (strcmp(outcome, "passed") == 0)
	{
		DmBecomeExtensionOwner(&saved);
		DmLifecycleSettle(pub->product);
		DmIdentityRestore(&saved);
		append_event(pub, "published", report_id);
		DmGrantAppendEvents(pub->ended);
	}
	else
		append_event(pub, strcmp(outcome, "refused") == 0 ? "publish_refused" : "publish_failed",
					 report_id);
}

/*
 * An error ended the attempt: keep a report of it, if the transaction is ours to commit, and
 * go on with the error.  A cancelled publish keeps its report without waiting for anything: the
 * event would wait for the log.
 */
static void
fail(DmPublication *pub, ErrorData *error, bool atomic)
{
	if (!atomic)
	{
		if (error->sqlerrcode == ERRCODE_DM_APPROVAL_NEEDED && !pub->dry_run)
			DmVersionAsk(pub->product, pub->contract, error);
		DmReportFailure(pub, error);
		if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
			DmReportStore(pub, "failed");
		else
			record(pub, "failed");
		SPI_commit();
	}
	ReThrowError(error);
}

/* The attempt in its subtransaction.  Returns whether the release is published. */
static bool
attempt_or_undo(DmPublication *pub, bool atomic)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData *volatile error = NULL;
	volatile bool published = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		published = attempt(pub);
		if (published)
			ReleaseCurrentSubTransaction();
		else
			RollbackAndReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (error != NULL)
		fail(pub, error, atomic);
	return published;
}

static void
publish(const char *name, const char *version, bool dry_run, bool atomic)
{
	DmPublication *pub = palloc0(sizeof(DmPublication));

	pub->dry_run = dry_run;
	pub->product = DmProductByName(name);
	DmRequireDomainMember(pub->product->domain);
	DmProgressStart(pub->product->product_id);
	pub->product = DmProductLock(name);
	pub->contract = DmContractByVersion(pub->product, version);

	if (attempt_or_undo(pub, atomic))
		record(pub, "passed");
	else if (pub->dry_run)
	{
		record(pub, pub->critical > 0 ? "refused" : "passed");
		DmReportDryRun(pub);
	}
	else
	{
		if (!atomic)
		{
			record(pub, "refused");
			SPI_commit();
		}
		DmReportRefuse(pub, atomic);
	}
	if (!atomic)
	{
		SPI_commit();
		if (!dry_run && !pub->live)
			DmRetentionApply(name, atomic);
	}
	DmProgressEnd();
}

/* CALL datamesh.publish(product text, version text DEFAULT NULL, dry_run boolean DEFAULT false) */
Datum
dm_publish(PG_FUNCTION_ARGS)
{
	char *product = DmProductArgument(fcinfo, 0);
	char *version = PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1));
	bool dry_run = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);
	bool atomic = DmPublishEnter(fcinfo, "publish");

	publish(product, version, dry_run, atomic);
	SPI_finish();
	PG_RETURN_VOID();
}
