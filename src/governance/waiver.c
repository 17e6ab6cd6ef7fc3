/*-------------------------------------------------------------------------
 *
 * waiver.c
 *		Policies that are waived for a product and a time.
 *
 * A waiver opens a gate, so that it takes a quorum like any other decision of the
 * council; to close the gate again takes one member of the council, or the domain
 * itself.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/names.h"
#include "catalog/catalog.h"
#include "governance/council.h"

PG_FUNCTION_INFO_V1(dm_waive);
PG_FUNCTION_INFO_V1(dm_revoke_waiver);

/* The seat of the caller; NULL if it belongs to the product's domain; else the error. */
static DmSeat *
seat_or_domain(const DmProduct *product, const char *procedure)
{
	DmSeat *seat = DmCouncilSeat();

	if (seat == NULL && !has_privs_of_role(GetUserId(), product->domain->owner))
		seat = DmRequireSeat(procedure);
	return seat;
}

/* CALL datamesh.waive(policy text, product text, until timestamptz, why text) */
Datum
dm_waive(PG_FUNCTION_ARGS)
{
	char *policy = DmCouncilText(fcinfo, 0, "policy");
	char *name = DmProductArgument(fcinfo, 1);
	char *why = DmCouncilText(fcinfo, 3, "why");
	const Oid types[] = {INT4OID, TEXTOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TIMESTAMPTZOID};
	bool nulls[6] = {false};
	Datum values[6];
	DmProduct *product;
	DmSeat *seat;

	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("until must not be null"),
				 errhint("Waivers expire: say when, for example now() + interval '30 days'.")));
	DmCouncilBegin("waive");
	product = DmProductByName(name);
	seat = seat_or_domain(product, "waive");
	values[0] = Int32GetDatum(product->product_id);
	values[1] = CStringGetTextDatum(policy);
	values[2] = PG_GETARG_DATUM(2);
	values[3] = CStringGetTextDatum(why);
	nulls[4] = nulls[5] = seat == NULL;
	values[4] = seat != NULL ? CStringGetTextDatum(seat->role_name) : (Datum) 0;
	values[5] = seat != NULL ? TimestampTzGetDatum(seat->since) : (Datum) 0;
	DmCouncilChange("SELECT datamesh.request_waiver($1, $2, $3, $4, $5::name, $6)", 6, types,
					values, nulls);
	DmCouncilEnd();
	PG_RETURN_VOID();
}

/* CALL datamesh.revoke_waiver(policy text, product text, why text) */
Datum
dm_revoke_waiver(PG_FUNCTION_ARGS)
{
	char *policy = DmCouncilText(fcinfo, 0, "policy");
	char *name = DmProductArgument(fcinfo, 1);
	char *why = DmCouncilText(fcinfo, 2, "why");
	const Oid types[] = {INT4OID, TEXTOID, TEXTOID};
	Datum values[] = {(Datum) 0, CStringGetTextDatum(policy), CStringGetTextDatum(why)};
	DmProduct *product;

	DmCouncilBegin("revoke_waiver");
	product = DmProductByName(name);
	(void) seat_or_domain(product, "revoke_waiver");
	values[0] = Int32GetDatum(product->product_id);
	DmCouncilChange("SELECT datamesh.end_waiver($1, $2, $3)", 3, types, values, NULL);
	DmCouncilEnd();
	PG_RETURN_VOID();
}
