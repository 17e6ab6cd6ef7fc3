/*-------------------------------------------------------------------------
 *
 * policy.c
 *		Who may set policies, and setting them.
 *
 * What a policy may say is checked in SQL (datamesh.proposed_policy), where the
 * policies are; here stands what depends on the caller: whether it speaks for the
 * council or belongs to the domain, and whether a function that is to run as its
 * owner is the caller's to lend.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"
#include "access/xlog.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/session.h"
#include "governance/council.h"
#include "governance/governance.h"
#include "governance/guard.h"

PG_FUNCTION_INFO_V1(dm_set_policy);
PG_FUNCTION_INFO_V1(dm_drop_policy);
PG_FUNCTION_INFO_V1(dm_is_council_member);

/* ---- the council ---- */

/*
 * A role that was dropped and made again is another one: in the cluster where it was listed the OID
 * decides.  Elsewhere, after a restore, the name does, together with a grant that the dump carries
 * and a new role of that name lacks.
 */
bool
DmIsCouncil(Oid role)
{
	const Oid type = INT8OID;
	Datum cluster = Int64GetDatum((int64) GetSystemIdentifier());
	DmIdentity saved;
	bool result = superuser_arg(role) || has_privs_of_role(role, DmExtensionOwner());

	if (result)
		return true;
	SPI_connect();
	DmBecomeExtensionOwner(&saved);
	DmSpiExecute(
		"SELECT r.oid FROM datamesh.council_member m JOIN pg_catalog.pg_roles r "
		"ON CASE WHEN m.cluster = $1 THEN r.oid = m.role_oid ELSE r.rolname = m.role_name AND "
		"EXISTS "
		"(SELECT FROM pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a "
		"WHERE n.nspname = 'datamesh' AND a.grantee = r.oid AND a.privilege_type = 'USAGE') END "
		"WHERE m.since <= pg_catalog.now() AND (m.until IS NULL OR m.until > pg_catalog.now())",
		1, &type, &cluster, NULL, true);
	for (uint64 row = 0; row < SPI_processed && !result; row++)
	{
		bool isnull;

		result = has_privs_of_role(role, DatumGetObjectId(DmSpiDatum(row, 1, &isnull)));
	}
	DmIdentityRestore(&saved);
	SPI_finish();
	return result;
}

void
DmRequireCouncil(const char *what)
{
	if (!DmIsCouncil(GetUserId()))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("permission denied for %s", what),
				 errdetail("That is for members of the council.")));
}

void
DmGovernanceChange(const char *procedure)
{
	if (InSecurityRestrictedOperation())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot call %s within a security-restricted operation", procedure),
				 errdetail("Sources, checks and policies can read; they cannot change policies.")));
	PreventCommandIfReadOnly(procedure);
}

/* ---- setting ---- */

static char *
text_argument(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(argument));
}

static char *
policy_argument(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("name must not be null")));
	return text_argument(fcinfo, 0);
}

static void
require_right(const char *policy, const char *domain)
{
	if (domain == NULL)
		DmRequireCouncil(psprintf("global policy \"%s\"", policy));
	else
		DmRequireDomainMember(DmDomainByName(domain));
}

static void
refuse_function(const char *name, int sqlstate, const char *why, const char *hint)
{
	ereport(ERROR, (errcode(sqlstate), errmsg("function %s %s", name, why), errhint("%s", hint)));
}

/*
 * The function that a policy is to call.  Running it as its owner is what SECURITY DEFINER would
 * do, so it must be the caller's own.
 */
void
DmPolicyFunction(const char *name, char **schema, char **function)
{
	const Oid types[] = {TEXTOID, JSONBOID};
	Oid oid = LookupFuncName(DmQualifiedNameList(name), 2, types, false);
	HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(oid));
	Form_pg_proc proc;
	Oid violation;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", oid);
	proc = (Form_pg_proc) GETSTRUCT(tuple);
	violation = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("violation"),
								ObjectIdGetDatum(DmExtensionSchema()));
	if (proc->prokind != PROKIND_FUNCTION || !proc->proretset || proc->prorettype != violation)
		refuse_function(name, ERRCODE_INVALID_FUNCTION_DEFINITION, "is not the check of a policy",
						"It must be a function (product text, contract jsonb) RETURNS SETOF "
						"datamesh.violation.");
	if (isAnyTempNamespace(proc->pronamespace))
		refuse_function(name, ERRCODE_INVALID_FUNCTION_DEFINITION, "is temporary",
						"Others have to find it too.");
	if (!has_privs_of_role(GetUserId(), proc->proowner))
		refuse_function(name, ERRCODE_INSUFFICIENT_PRIVILEGE, "belongs to somebody else",
						"A policy's function runs as its owner, who must lend it.");
	if (superuser_arg(proc->proowner))
		refuse_function(name, ERRCODE_INSUFFICIENT_PRIVILEGE, "belongs to a superuser",
						"The function of a policy runs as its owner, and never as a superuser: "
						"ALTER FUNCTION ... OWNER TO another role.");
	*schema = get_namespace_name(proc->pronamespace);
	*function = pstrdup(NameStr(proc->proname));
	ReleaseSysCache(tuple);
}

/* Run the SQL that does the work, as the owner of the extension, and append the event. */
static void
change_policy(const char *sql, int nargs, const Oid *types, const Datum *values, const bool *nulls,
			  const char *kind)
{
	Jsonb *details = NULL;
	DmIdentity saved;
	Datum datum;
	bool isnull;

	SPI_connect();
	DmBecomeExtensionOwner(&saved);
	DmSpiExecute(sql, nargs, types, values, nulls, false);
	datum = DmSpiDatum(0, 1, &isnull);
	if (!isnull)
		details = DatumGetJsonbPCopy(datum);
	DmIdentityRestore(&saved);
	if (details != NULL)
		DmEventAppendAtEnd(kind, NULL, NULL, details);
	SPI_finish();
}

/* ---- looser for everybody ---- */

/* A change of a global policy. */
typedef struct Change
{
	Datum values[6]; /* name, severity, parameters, schema and name of the function, dropped? */
	bool nulls[6];
	const char *name;
	const char *command;
} Change;

static const Oid change_types[] = {TEXTOID, TEXTOID, JSONBOID, NAMEOID, NAMEOID, BOOLOID};

static bool
needs_quorum(const Change *change)
{
	DmIdentity saved;
	bool isnull;
	bool result;

	SPI_connect();
	DmBecomeExtensionOwner(&saved);
	DmSpiExecute("SELECT datamesh.policy_needs_quorum($1, $2, $3, $4, $5, $6)", 6, change_types,
				 change->values, change->nulls, false);
	result = DatumGetBool(DmSpiDatum(0, 1, &isnull));
	DmIdentityRestore(&saved);
	SPI_finish();
	return result;
}

static void
ask_council(const Change *change, char *why)
{
	Oid types[9] = {[6] = TEXTOID, [7] = TEXTOID, [8] = TIMESTAMPTZOID};
	Datum values[9];
	bool nulls[9];
	DmSeat *seat;

	memcpy(types, change_types, sizeof(change_types));
	memcpy(values, change->values, sizeof(change->values));
	memcpy(nulls, change->nulls, sizeof(change->nulls));
	SPI_connect();
	seat = DmCouncilSeat();
	nulls[6] = why == NULL;
	values[6] = why != NULL ? CStringGetTextDatum(why) : (Datum) 0;
	nulls[7] = nulls[8] = seat == NULL;
	values[7] = seat != NULL ? CStringGetTextDatum(seat->role_name) : (Datum) 0;
	values[8] = seat != NULL ? TimestampTzGetDatum(seat->since) : (Datum) 0;
	DmCouncilChange("SELECT datamesh.request_policy($1, $2, $3, $4, $5, $6, $7, $8::name, $9)", 9,
					types, values, nulls);
	SPI_finish();
}

/*
 * One member tightens a global policy alone; to loosen it takes the quorum, as a waiver for a single product
 * does.  True if the council was asked.  A superuser is no member: he asks like anybody else, or breaks the
 * glass, and that is in the event log.
 */
static bool
left_to_council(const Change *change, char *why)
{
	if (!needs_quorum(change))
		return false;
	if (!DmGuardGlassIsBroken())
	{
		ask_council(change, why);
		return true;
	}
	DmGuardBreakBegin(change->command);
	DmGuardRefuse(ERRCODE_DM_APPROVAL_NEEDED, NULL,
				  psprintf("policy %s becomes looser without the council", change->name), NULL,
				  NULL);
	DmGuardBreakEnd();
	return false;
}

/* CALL datamesh.set_policy(name, severity, parameters, domain, why, check_function) */
Datum
dm_set_policy(PG_FUNCTION_ARGS)
{
	char *name = policy_argument(fcinfo);
	char *domain = text_argument(fcinfo, 3);
	char *why = text_argument(fcinfo, 4);
	char *function = text_argument(fcinfo, 5);
	char *function_schema = NULL;
	char *function_name = NULL;
	const Oid types[] = {TEXTOID, TEXTOID, JSONBOID, TEXTOID, TEXTOID, NAMEOID, NAMEOID};
	Datum values[7] = {0};
	bool nulls[7];

	DmGovernanceChange("datamesh.set_policy()");
	require_right(name, domain);
	if (function != NULL)
		DmPolicyFunction(function, &function_schema, &function_name);
	for (int i = 0; i < 5; i++)
	{
		nulls[i] = PG_ARGISNULL(i);
		values[i] = PG_GETARG_DATUM(i);
	}
	nulls[5] = nulls[6] = function == NULL;
	values[5] = CStringGetDatum(function_schema);
	values[6] = CStringGetDatum(function_name);
	if (domain == NULL &&
		left_to_council(
			&(Change){{values[0], values[1], values[2], values[5], values[6], BoolGetDatum(false)},
					  {false, nulls[1], nulls[2], nulls[5], nulls[6], false},
					  name,
					  "CALL datamesh.set_policy"},
			why))
		PG_RETURN_VOID();
	change_policy("SELECT datamesh.store_policy($1, $2, $3, $4, $5, $6, $7)", 7, types, values,
				  nulls, "policy_set");
	PG_RETURN_VOID();
}

/* CALL datamesh.drop_policy(name, domain) */
Datum
dm_drop_policy(PG_FUNCTION_ARGS)
{
	char *name = policy_argument(fcinfo);
	char *domain = text_argument(fcinfo, 1);
	const Oid types[] = {TEXTOID, TEXTOID};
	Datum values[] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)};
	const bool nulls[] = {false, domain == NULL};

	DmGovernanceChange("datamesh.drop_policy()");
	require_right(name, domain);
	if (domain == NULL && left_to_council(&(Change){{values[0], 0, 0, 0, 0, BoolGetDatum(true)},
													{false, true, true, true, true, false},
													name,
													"CALL datamesh.drop_policy"},
										  NULL))
		PG_RETURN_VOID();
	change_policy("SELECT datamesh.remove_policy($1, $2)", 2, types, values, nulls,
				  "policy_dropped");
	PG_RETURN_VOID();
}

/* ---- asking ---- */

Datum
dm_is_council_member(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(DmIsCouncil(GetUserId()));
}
