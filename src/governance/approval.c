/*-------------------------------------------------------------------------
 *
 * approval.c
 *		Requests to the council, and votes on them.
 *
 * One seat has one vote on a request, and it stands.  The vote that completes the
 * quorum decides, in its own transaction, and what was asked for happens there
 * too.  The request's row is locked first and changed by every vote: of two last
 * votes at once the second waits, finds what the first decided, and says so.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "governance/council.h"

PG_FUNCTION_INFO_V1(dm_approve);
PG_FUNCTION_INFO_V1(dm_reject);

static void
vote(int32 request, const DmSeat *seat, bool in_favour, const char *comment)
{
	const Oid types[] = {INT4OID, TEXTOID, TIMESTAMPTZOID, BOOLOID, TEXTOID};
	Datum values[] = {Int32GetDatum(request), CStringGetTextDatum(seat->role_name),
					  TimestampTzGetDatum(seat->since), BoolGetDatum(in_favour),
					  comment != NULL ? CStringGetTextDatum(comment) : (Datum) 0};
	const bool nulls[] = {false, false, false, false, comment == NULL};

	DmCouncilChange("SELECT datamesh.cast_vote($1, $2::name, $3, $4, $5)", 5, types, values, nulls);
}

/* CALL datamesh.approve(request integer, comment text DEFAULT NULL) */
Datum
dm_approve(PG_FUNCTION_ARGS)
{
	int32 request = DmCouncilNumber(fcinfo, 0, "request");
	char *comment = PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1));

	DmCouncilBegin("approve");
	if (!DmAccessDecide(request, true, comment))
		vote(request, DmRequireSeat("approve"), true, comment);
	DmCouncilEnd();
	PG_RETURN_VOID();
}

/* CALL datamesh.reject(request integer, why text), and CALL datamesh.deny, which is the same */
Datum
dm_reject(PG_FUNCTION_ARGS)
{
	int32 request = DmCouncilNumber(fcinfo, 0, "request");
	char *why = DmCouncilText(fcinfo, 1, "why");
	char *procedure = get_func_name(fcinfo->flinfo->fn_oid);

	DmCouncilBegin(procedure);
	if (!DmAccessDecide(request, false, why))
		vote(request, DmRequireSeat(procedure), false, why);
	DmCouncilEnd();
	PG_RETURN_VOID();
}
