/*-------------------------------------------------------------------------
 *
 * dispute.c
 *		Disputes over shared data: opened and joined by those who share it,
 *		decided by the council.
 *
 * A party is a domain or a consumer, and whoever has the privileges of its role
 * speaks for it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/errors.h"
#include "base/names.h"
#include "base/session.h"
#include "catalog/catalog.h"
#include "governance/council.h"

PG_FUNCTION_INFO_V1(dm_open_dispute);
PG_FUNCTION_INFO_V1(dm_join_dispute);
PG_FUNCTION_INFO_V1(dm_comment_dispute);
PG_FUNCTION_INFO_V1(dm_decide_dispute);

/* ---- for whom the caller speaks ---- */

static char *
named_party(const char *party)
{
	Oid role = DmConsumerRole(party);

	if (!OidIsValid(role))
		ereport(ERROR, (errcode(ERRCODE_DM_UNDEFINED_CONSUMER),
						errmsg("there is no domain or consumer \"%s\"", DmShown(party)),
						errhint("datamesh.domains and datamesh.consumers list them.")));
	if (!has_privs_of_role(GetUserId(), role))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("role \"%s\" cannot speak for \"%s\"",
							   GetUserNameFromId(GetUserId(), false), party),
						errhint("Ask a member of role \"%s\".", GetUserNameFromId(role, false))));
	return pstrdup(party);
}

/* Names of the domains and consumers that there are. */
static List *
all_parties(void)
{
	List *names = NIL;
	DmIdentity saved;

	DmBecomeExtensionOwner(&saved);
	DmSpiExecute("SELECT domain_name FROM datamesh.domain UNION ALL "
				 "SELECT consumer_name FROM datamesh.consumer ORDER BY 1",
				 0, NULL, NULL, NULL, false);
	for (uint64 row = 0; row < SPI_processed; row++)
		names = lappend(names, DmSpiText(row, 1));
	DmIdentityRestore(&saved);
	return names;
}

/* The one domain or consumer to which the caller belongs; NULL if it belongs to none. */
static char *
only_party(void)
{
	Oid user = GetUserId();
	char *found = NULL;
	ListCell *cell;

	foreach (cell, all_parties())
	{
		Oid role = DmConsumerRole(lfirst(cell));

		CHECK_FOR_INTERRUPTS();
		if (!OidIsValid(role) || !has_privs_of_role(user, role))
			continue;
		if (found != NULL)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("role \"%s\" belongs to several domains or consumers",
								   GetUserNameFromId(user, false)),
							errhint("Say for which: party => %s, or party => %s.",
									quote_literal_cstr(found), quote_literal_cstr(lfirst(cell)))));
		found = lfirst(cell);
	}
	return found;
}

static char *
require_party(FunctionCallInfo fcinfo, int argument)
{
	char *party = PG_ARGISNULL(argument)
					  ? only_party()
					  : named_party(text_to_cstring(PG_GETARG_TEXT_PP(argument)));

	if (party == NULL)
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("role \"%s\" belongs to no domain and no consumer",
							   GetUserNameFromId(GetUserId(), false)),
						errdetail("The parties of a dispute are domains and consumers.")));
	return party;
}

/* ---- procedures ---- */

/* CALL datamesh.open_dispute(product text, subject text, description text, party text) */
Datum
dm_open_dispute(PG_FUNCTION_ARGS)
{
	char *name = DmProductArgument(fcinfo, 0);
	char *subject = DmCouncilText(fcinfo, 1, "subject");
	char *description = DmCouncilText(fcinfo, 2, "description");
	const Oid types[] = {INT4OID, TEXTOID, TEXTOID, TEXTOID};
	Datum values[] = {(Datum) 0, CStringGetTextDatum(subject), CStringGetTextDatum(description),
					  (Datum) 0};

	DmCouncilBegin("open_dispute");
	values[0] = Int32GetDatum(DmProductByName(name)->product_id);
	values[3] = CStringGetTextDatum(require_party(fcinfo, 3));
	DmCouncilChange("SELECT datamesh.store_dispute($1, $2, $3, $4::name)", 4, types, values, NULL);
	DmCouncilEnd();
	PG_RETURN_VOID();
}

/* CALL datamesh.join_dispute(dispute integer, party text DEFAULT NULL) */
Datum
dm_join_dispute(PG_FUNCTION_ARGS)
{
	const Oid types[] = {INT4OID, TEXTOID};
	Datum values[] = {Int32GetDatum(DmCouncilNumber(fcinfo, 0, "dispute")), (Datum) 0};

	DmCouncilBegin("join_dispute");
	values[1] = CStringGetTextDatum(require_party(fcinfo, 1));
	DmCouncilChange("SELECT datamesh.store_party($1, $2::name)", 2, types, values, NULL);
	DmCouncilEnd();
	PG_RETURN_VOID();
}

/* Does the caller comment for the council?  If it names no party, its seat comes first. */
static bool
speaks_for_council(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(2))
		return DmCouncilSeat() != NULL;
	if (strcmp(text_to_cstring(PG_GETARG_TEXT_PP(2)), "council") != 0)
		return false;
	(void) DmRequireSeat("comment_dispute");
	return true;
}

/* CALL datamesh.comment_dispute(dispute integer, comment text, party text DEFAULT NULL) */
Datum
dm_comment_dispute(PG_FUNCTION_ARGS)
{
	int32 dispute = DmCouncilNumber(fcinfo, 0, "dispute");
	char *comment = DmCouncilText(fcinfo, 1, "comment");
	const Oid types[] = {INT4OID, TEXTOID, TEXTOID};
	Datum values[] = {Int32GetDatum(dispute), (Datum) 0, CStringGetTextDatum(comment)};
	bool nulls[] = {false, false, false};

	DmCouncilBegin("comment_dispute");
	nulls[1] = speaks_for_council(fcinfo);
	if (!nulls[1])
		values[1] = CStringGetTextDatum(require_party(fcinfo, 2));
	DmCouncilChange("SELECT datamesh.store_comment($1, $2::name, $3)", 3, types, values, nulls);
	DmCouncilEnd();
	PG_RETURN_VOID();
}

/* Who is in no council is told that there is no such dispute as well. */
static void
require_dispute(int32 dispute)
{
	const Oid type = INT4OID;
	Datum value = Int32GetDatum(dispute);
	DmIdentity saved;

	DmBecomeExtensionOwner(&saved);
	DmSpiExecute("SELECT FROM datamesh.dispute WHERE dispute_id = $1", 1, &type, &value, NULL,
				 false);
	DmIdentityRestore(&saved);
	if (SPI_processed == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DM_UNDEFINED_REQUEST), errmsg("there is no dispute %d", dispute),
				 errhint("datamesh.disputes lists them.")));
}

/* CALL datamesh.decide_dispute(dispute integer, decision text) */
Datum
dm_decide_dispute(PG_FUNCTION_ARGS)
{
	int32 dispute = DmCouncilNumber(fcinfo, 0, "dispute");
	char *decision = DmCouncilText(fcinfo, 1, "decision");
	const Oid types[] = {INT4OID, TEXTOID, TEXTOID, TIMESTAMPTZOID};
	Datum values[] = {Int32GetDatum(dispute), CStringGetTextDatum(decision), (Datum) 0, (Datum) 0};
	DmSeat *seat;

	DmCouncilBegin("decide_dispute");
	require_dispute(dispute);
	seat = DmRequireSeat("decide_dispute");
	values[2] = CStringGetTextDatum(seat->role_name);
	values[3] = TimestampTzGetDatum(seat->since);
	DmCouncilChange("SELECT datamesh.propose_decision($1, $2, $3::name, $4)", 4, types, values,
					NULL);
	DmCouncilEnd();
	PG_RETURN_VOID();
}
