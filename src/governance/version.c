/*-------------------------------------------------------------------------
 *
 * version.c
 *		Versions that mean something: how far the number of a version must be
 *		raised, and which versions wait for the council.
 *
 * What the changes between two contracts cost is the comparison's to say
 * (src/contract/compare.h), and what waits for the council is the policies';
 * datamesh.version_verdict() puts both together for a draft.  Here the verdict
 * becomes errors that a publisher can act on.
 *
 * An approval is bound to the document (by its hash) and to the version that it
 * follows.  publish holds the lock on the product from before it looks, so that the
 * document cannot be exchanged between the look and the release.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "base/errors.h"
#include "base/names.h"
#include "base/session.h"
#include "governance/council.h"
#include "governance/version.h"

PG_FUNCTION_INFO_V1(dm_state_level);
PG_FUNCTION_INFO_V1(dm_request_approval);

#define LINES_SHOWN "10"

/* A row of datamesh.version_verdict, with the changes in words. */
typedef struct Verdict
{
	char *from_version; /* NULL: the version is a first one */
	bool too_low;
	char *level;
	char *next;     /* the lowest version that would do; NULL while that is not known */
	char *held;     /* changes whose level is to be stated, one a line */
	char *too_much; /* changes that need more than the version was raised by */
	char *waiting;  /* changes that have to be approved */
	char *demands;  /* why somebody has to approve; NULL: nobody has to */

	int32 request; /* that asks for it; 0: none */
	char *request_status;
	char *request_said;
} Verdict;

static Verdict *
read_verdict(const DmContract *contract)
{
	const Oid type = INT4OID;
	Datum value = Int32GetDatum(contract->contract_id);
	Verdict *verdict = palloc0(sizeof(Verdict));
	DmIdentity saved;
	Datum request;
	bool isnull;

	DmBecomeExtensionOwner(&saved);
	DmSpiExecute(
		"SELECT v.from_version, datamesh.level_rank(v.bump) < datamesh.level_rank(v.level), "
		"v.level, "
		"datamesh.next_version(v.from_version, v.level), "
		"datamesh.change_lines(v.changes, 'held', " LINES_SHOWN "), "
		"pg_catalog.concat_ws(E'\n', datamesh.change_lines(v.changes, v.level, " LINES_SHOWN "), "
		"CASE WHEN v.stated = v.level THEN datamesh.change_lines(v.changes, 'held', " LINES_SHOWN
		") "
		"|| E'\nThe publisher stated: ' || v.stated || '.' END), "
		"datamesh.change_lines(v.changes, NULL, " LINES_SHOWN "), "
		"datamesh.demand_lines(v.demands), q.request_id, q.status, q.said "
		"FROM datamesh.version_verdict($1) v LEFT JOIN datamesh.version_request($1) q ON true",
		1, &type, &value, NULL, false);
	if (SPI_processed == 0)
		elog(ERROR, "there is no contract %d", contract->contract_id);
	verdict->from_version = DmSpiText(0, 1);
	verdict->too_low = DatumGetBool(DmSpiDatum(0, 2, &isnull)) && !isnull;
	verdict->level = DmSpiText(0, 3);
	verdict->next = DmSpiText(0, 4);
	verdict->held = DmSpiText(0, 5);
	verdict->too_much = DmSpiText(0, 6);
	verdict->waiting = DmSpiText(0, 7);
	verdict->demands = DmSpiText(0, 8);
	request = DmSpiDatum(0, 9, &isnull);
	verdict->request = isnull ? 0 : DatumGetInt32(request);
	verdict->request_status = DmSpiText(0, 10);
	verdict->request_said = DmSpiText(0, 11);
	DmIdentityRestore(&saved);
	return verdict;
}

/* ---- too low ---- */

static void
refuse_held(const DmProduct *product, const DmContract *contract, const Verdict *verdict)
{
	ereport(ERROR,
			(errcode(ERRCODE_DM_VERSION_TOO_LOW),
			 errmsg("version %s of data product \"%s\" has changes whose level must be stated",
					contract->version, product->qualified_name),
			 errdetail("Since version %s:\n%s", verdict->from_version, verdict->held),
			 errhint("Say what they mean for those who read version %s: CALL "
					 "datamesh.state_level(%s, %s, 'major', 'minor' or 'patch', why).",
					 verdict->from_version, quote_literal_cstr(product->qualified_name),
					 quote_literal_cstr(contract->version))));
}

static void
refuse_too_low(const DmProduct *product, const DmContract *contract, const Verdict *verdict)
{
	ereport(ERROR,
			(errcode(ERRCODE_DM_VERSION_TOO_LOW),
			 errmsg("version %s of data product \"%s\" is too low: its changes are %s",
					contract->version, product->qualified_name, verdict->level),
			 errdetail("Since version %s:\n%s", verdict->from_version, verdict->too_much),
			 errhint("Load the contract as version %s and publish that, or take the changes back.",
					 verdict->next)));
}

/* ---- waiting ---- */

static char *
how_to_decide(int32 request, const char *state)
{
	return psprintf(
		"Request %d %s. Members of the council decide with CALL datamesh.approve(%d) or "
		"CALL datamesh.reject(%d, why); then publish again.",
		request, state, request, request);
}

static char *
what_to_do(const DmProduct *product, const DmContract *contract, const Verdict *verdict)
{
	char *call = psprintf("CALL datamesh.request_approval(%s, %s)",
						  quote_literal_cstr(product->qualified_name),
						  quote_literal_cstr(contract->version));

	if (verdict->request == 0)
		return psprintf("%s asks the council for it.", call);
	if (strcmp(verdict->request_status, "rejected") == 0)
		return psprintf("Request %d was rejected: %s. Change the contract, or ask again with %s.",
						verdict->request, verdict->request_said, call);
	return how_to_decide(verdict->request, psprintf("has %s", verdict->request_said));
}

static void
refuse_unapproved(const DmProduct *product, const DmContract *contract, const Verdict *verdict,
				  const char *reasons)
{
	ereport(ERROR, (errcode(ERRCODE_DM_APPROVAL_NEEDED),
					errmsg("version %s of data product \"%s\" waits for an approval",
						   contract->version, product->qualified_name),
					verdict->waiting != NULL ? errdetail("%s\n%s", reasons, verdict->waiting)
											 : errdetail("%s", reasons),
					errhint("%s", what_to_do(product, contract, verdict))));
}

/* What the demands come to: an error if one of them blocks; the judge reports all of them. */
static void
hold_demands(const DmProduct *product, const DmContract *contract, const Verdict *verdict)
{
	StringInfoData blocking;
	char *lines = pstrdup(verdict->demands);

	initStringInfo(&blocking);
	for (char *line = strtok(lines, "\n"); line != NULL; line = strtok(NULL, "\n"))
	{
		/* severity, policy and reason, with tabs between */
		char *policy = strchr(line, '\t');
		char *reason = strchr(policy + 1, '\t');

		*policy++ = *reason++ = '\0';
		if (strcmp(line, "CRITICAL") == 0)
			appendStringInfo(&blocking, "%sPolicy %s: %s.", blocking.len > 0 ? "\n" : "", policy,
							 reason);
	}
	if (blocking.len > 0)
		refuse_unapproved(product, contract, verdict, blocking.data);
}

void
DmVersionGate(const DmProduct *product, const DmContract *contract)
{
	Verdict *verdict;

	if (strcmp(contract->status, "draft") != 0)
		return;
	verdict = read_verdict(contract);
	if (verdict->from_version != NULL && strcmp(verdict->level, "held") == 0)
		refuse_held(product, contract, verdict);
	if (verdict->too_low)
		refuse_too_low(product, contract, verdict);
	if (verdict->demands != NULL &&
		(verdict->request == 0 || strcmp(verdict->request_status, "approved") != 0))
		hold_demands(product, contract, verdict);
}

/* ---- asking ---- */

static int32
ask(const DmContract *contract)
{
	const Oid type = INT4OID;
	Datum value = Int32GetDatum(contract->contract_id);

	return DmCouncilChange("SELECT datamesh.store_version_request($1)", 1, &type, &value, NULL);
}

void
DmVersionAsk(const DmProduct *product, const DmContract *contract, ErrorData *error)
{
	int32 request;

	/* It is asked already, or was refused: the error says so. */
	if (read_verdict(contract)->request != 0)
		return;
	request = ask(contract);
	error->hint =
		how_to_decide(request, "was made for it, and stands in datamesh.pending_approvals");
}

/* The draft that a procedure is about, with its product locked, for a member of the domain. */
static DmContract *
begin(FunctionCallInfo fcinfo, const char *procedure, DmProduct **product)
{
	char *name = DmProductArgument(fcinfo, 0);
	char *version = PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1));

	DmCouncilBegin(procedure);
	*product = DmProductByName(name);
	DmRequireDomainMember((*product)->domain);
	*product = DmProductLock(name);
	return DmContractByVersion(*product, version);
}

/* CALL datamesh.request_approval(product text, version text DEFAULT NULL) */
Datum
dm_request_approval(PG_FUNCTION_ARGS)
{
	DmProduct *product;
	DmContract *contract = begin(fcinfo, "request_approval", &product);
	int32 request;

	if (strcmp(contract->status, "draft") != 0)
		ereport(ERROR, (errcode(ERRCODE_DM_LIFECYCLE),
						errmsg("version %s of data product \"%s\" is %s already", contract->version,
							   product->qualified_name, contract->status),
						errhint("What was published needs no approval any more.")));
	request = ask(contract);
	if (request != 0)
		ereport(NOTICE, (errmsg("request %d waits for the council", request),
						 errhint("CALL datamesh.approve(%d) or CALL datamesh.reject(%d, why)",
								 request, request)));
	DmCouncilEnd();
	PG_RETURN_VOID();
}

/* CALL datamesh.state_level(product text, version text, level text, why text) */
Datum
dm_state_level(PG_FUNCTION_ARGS)
{
	char *level = DmCouncilText(fcinfo, 2, "level");
	char *why = DmCouncilText(fcinfo, 3, "why");
	const Oid types[] = {INT4OID, TEXTOID, TEXTOID};
	Datum values[] = {(Datum) 0, CStringGetTextDatum(level), CStringGetTextDatum(why)};
	DmProduct *product;

	(void) DmCouncilText(fcinfo, 1, "version");
	values[0] = Int32GetDatum(begin(fcinfo, "state_level", &product)->contract_id);
	DmCouncilChange("SELECT datamesh.store_level($1, $2, $3)", 3, types, values, NULL);
	DmCouncilEnd();
	PG_RETURN_VOID();
}
