/*-------------------------------------------------------------------------
 *
 * access_request.c
 *		Requests for access to a product: who may ask, decide, give back, revoke.
 *
 * The work is done by the SQL functions of sql/parts/access_request.sql; here it
 * is found out for whom the caller speaks.  Who decides must be a member of the
 * deciding role: a superuser has the privileges of every role, and no word here.
 * To end access takes less, as the stricter state always does: a superuser may.
 *
 * Whatever changes who reads a product holds one lock on it (DmReadersLock) to the
 * end of its transaction; a publish takes the same when it comes to its switch.  So
 * a revocation waits for no copying, and no publish brings back what was revoked.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/errors.h"
#include "base/names.h"
#include "base/session.h"
#include "base/settings.h"
#include "catalog/catalog.h"
#include "governance/council.h"

PG_FUNCTION_INFO_V1(dm_speaks_for);
PG_FUNCTION_INFO_V1(dm_consumer_role);
PG_FUNCTION_INFO_V1(dm_lock_readers);
PG_FUNCTION_INFO_V1(dm_lock_requests);
PG_FUNCTION_INFO_V1(dm_hold_role);
PG_FUNCTION_INFO_V1(dm_request_access);
PG_FUNCTION_INFO_V1(dm_withdraw_request);
PG_FUNCTION_INFO_V1(dm_revoke_access);
PG_FUNCTION_INFO_V1(dm_expire_access);

static bool
speaks_for(Oid member, Oid role)
{
	return member == role ||
		   (is_member_of_role_nosuper(member, role) && has_privs_of_role(member, role));
}

/* ---- what the SQL asks ---- */

/* datamesh.speaks_for(member oid, role oid) */
Datum
dm_speaks_for(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(speaks_for(PG_GETARG_OID(0), PG_GETARG_OID(1)));
}

/* datamesh.consumer_role(consumer text) */
Datum
dm_consumer_role(PG_FUNCTION_ARGS)
{
	Oid role = DmConsumerRole(text_to_cstring(PG_GETARG_TEXT_PP(0)));

	if (!OidIsValid(role))
		PG_RETURN_NULL();
	PG_RETURN_OID(role);
}

/* datamesh.lock_readers(product integer) */
Datum
dm_lock_readers(PG_FUNCTION_ARGS)
{
	DmReadersLock(PG_GETARG_INT32(0));
	PG_RETURN_VOID();
}

/* datamesh.lock_requests(product integer, role oid) */
Datum
dm_lock_requests(PG_FUNCTION_ARGS)
{
	DmRequestsLock(PG_GETARG_INT32(0), PG_GETARG_OID(1));
	PG_RETURN_VOID();
}

/* datamesh.hold_role(role oid) */
Datum
dm_hold_role(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(DmRoleHold(PG_GETARG_OID(0)));
}

/* ---- asking ---- */

/* The role for which access is asked: the caller, or one to which it belongs. */
static Oid
asking_role(FunctionCallInfo fcinfo, int argument, const DmProduct *product)
{
	Oid role = PG_ARGISNULL(argument) ? GetUserId()
									  : DmCouncilRole(text_to_cstring(PG_GETARG_TEXT_PP(argument)));
	char *name = GetUserNameFromId(role, false);

	if (!is_member_of_role(GetUserId(), role))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("cannot ask for access of role \"%s\"", name),
						errdetail("Role \"%s\" is not a member of it.",
								  GetUserNameFromId(GetUserId(), false)),
						errhint("Ask for yourself, or have a member of role \"%s\" ask.", name)));
	if (superuser_arg(role) || role == product->domain->port_role)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("role \"%s\" cannot be granted access", name),
				 errdetail(superuser_arg(role) ? "It is a superuser, which no grant would restrain."
											   : "It owns the ports of the domain."),
				 errhint("Say for whom: role => the role that will read.")));
	return role;
}

/* CALL datamesh.request_access(product text, purpose text, until timestamptz, role text) */
Datum
dm_request_access(PG_FUNCTION_ARGS)
{
	char *name = DmProductArgument(fcinfo, 0);
	char *purpose = DmCouncilText(fcinfo, 1, "purpose");
	const Oid types[] = {INT4OID, OIDOID, TEXTOID, TIMESTAMPTZOID, OIDOID, OIDOID, INT4OID};
	const bool nulls[] = {false, false, false, PG_ARGISNULL(2), false, false, false};
	Datum values[] = {(Datum) 0,
					  (Datum) 0,
					  CStringGetTextDatum(purpose),
					  PG_ARGISNULL(2) ? (Datum) 0 : PG_GETARG_DATUM(2),
					  ObjectIdGetDatum(GetUserId()),
					  ObjectIdGetDatum(GetSessionUserId()),
					  Int32GetDatum(dm_open_access_requests)};
	DmProduct *product;

	if (!nulls[3] && TIMESTAMP_IS_NOEND(PG_GETARG_TIMESTAMPTZ(2)))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("until must be a time that comes"),
						errhint("Leave it out to ask for access until it is revoked.")));
	DmCouncilBegin("request_access");
	product = DmProductByName(name);
	values[0] = Int32GetDatum(product->product_id);
	values[1] = ObjectIdGetDatum(asking_role(fcinfo, 3, product));
	DmCouncilChange("SELECT datamesh.store_access_request($1, $2, $3, $4, $5, $6, $7)", 7, types,
					values, nulls);
	DmCouncilEnd();
	PG_RETURN_VOID();
}

/* CALL datamesh.withdraw_request(request integer) */
Datum
dm_withdraw_request(PG_FUNCTION_ARGS)
{
	const Oid types[] = {INT4OID, OIDOID, BOOLOID};
	Datum values[] = {Int32GetDatum(DmCouncilNumber(fcinfo, 0, "request")),
					  ObjectIdGetDatum(GetUserId()), BoolGetDatum(superuser())};

	DmCouncilBegin("withdraw_request");
	DmCouncilChange("SELECT datamesh.end_request($1, $2, $3)", 3, types, values, NULL);
	DmCouncilEnd();
	PG_RETURN_VOID();
}

/* ---- deciding ---- */

bool
DmAccessDecide(int32 request, bool approves, const char *comment)
{
	const Oid types[] = {INT4OID, OIDOID, OIDOID, BOOLOID, TEXTOID};
	Datum values[] = {Int32GetDatum(request), ObjectIdGetDatum(GetUserId()),
					  ObjectIdGetDatum(GetSessionUserId()), BoolGetDatum(approves),
					  comment != NULL ? CStringGetTextDatum(comment) : (Datum) 0};
	const bool nulls[] = {false, false, false, false, comment == NULL};
	bool votes;
	bool own;
	bool isnull;
	DmIdentity saved;

	DmBecomeExtensionOwner(&saved);
	DmSpiExecute("SELECT t.turn = 'council', datamesh.is_own_request($1, $2, $3) FROM "
				 "datamesh.access_turn($1) AS t(turn) WHERE EXISTS (SELECT FROM "
				 "datamesh.approval_request AS a WHERE a.request_id = $1)",
				 3, types, values, NULL, false);
	if (SPI_processed == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DM_UNDEFINED_REQUEST), errmsg("there is no request %d", request),
				 errhint("datamesh.access_requests and datamesh.pending_approvals list what you "
						 "may decide.")));
	votes = DatumGetBool(DmSpiDatum(0, 1, &isnull));
	own = !isnull && DatumGetBool(DmSpiDatum(0, 2, &isnull));
	DmIdentityRestore(&saved);
	if (isnull)
		return false;
	if (votes && DmCouncilSeat() != NULL)
	{
		if (approves && own)
			ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
							errmsg("nobody approves what they asked for themselves"),
							errhint("Other members of the council have to.")));
		return false;
	}
	DmCouncilChange("SELECT datamesh.decide_access($1, $2, $3, $4, $5)", 5, types, values, nulls);
	return true;
}

/* ---- the end of access ---- */

/*
 * A transaction with an old snapshot has not seen what was granted since, and must not report that there
 * is nothing to revoke.  Who reads is locked: with the newest snapshot this is the truth.
 */
static void
require_no_grant(int32 product_id, Oid role)
{
	const Oid types[] = {INT4OID, OIDOID};
	Datum values[] = {Int32GetDatum(product_id), ObjectIdGetDatum(role)};
	DmIdentity saved;

	DmBecomeExtensionOwner(&saved);
	PushActiveSnapshot(GetLatestSnapshot());
	DmSpiExecute("SELECT FROM datamesh.access_grant AS g, datamesh.known_role(g.role_name, "
				 "g.role_oid, g.cluster) AS k WHERE g.product_id = $1 AND k.role = $2 AND "
				 "g.revoked_at IS NULL",
				 2, types, values, NULL, true);
	PopActiveSnapshot();
	DmIdentityRestore(&saved);
	if (SPI_processed > 0)
		ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
						errmsg("could not serialize access due to concurrent update"),
						errdetail("Access was granted after this transaction began."),
						errhint("Try again in a new transaction.")));
}

/* CALL datamesh.revoke_access(product text, role text, why text DEFAULT NULL) */
Datum
dm_revoke_access(PG_FUNCTION_ARGS)
{
	char *name = DmProductArgument(fcinfo, 0);
	char *role = DmCouncilText(fcinfo, 1, "role");
	const Oid types[] = {INT4OID, TEXTOID, OIDOID, TEXTOID};
	const bool nulls[] = {false, false, false, PG_ARGISNULL(2)};
	Datum values[] = {(Datum) 0, CStringGetTextDatum(role), ObjectIdGetDatum(GetUserId()),
					  PG_ARGISNULL(2) ? (Datum) 0 : PG_GETARG_DATUM(2)};
	DmProduct *product;
	Oid oid;

	DmCouncilBegin("revoke_access");
	product = DmProductByName(name);
	oid = get_role_oid(role, true);
	if (!OidIsValid(oid) || !speaks_for(GetUserId(), oid))
		DmRequireDomainMember(product->domain);
	values[0] = Int32GetDatum(product->product_id);
	DmCouncilChange("SELECT datamesh.end_access($1, $2, $3, $4)", 4, types, values, nulls);
	if (IsolationUsesXactSnapshot() && OidIsValid(oid))
		require_no_grant(product->product_id, oid);
	DmCouncilEnd();
	PG_RETURN_VOID();
}

/* Products of the caller's domains that have grants to end, in the order in which all lock them. */
static List *
products_to_expire(void)
{
	Oid user = GetUserId();
	List *products = NIL;
	DmIdentity saved;

	DmBecomeExtensionOwner(&saved);
	DmSpiExecute("SELECT p.product_id, datamesh.consumer_role(p.domain_name::text) "
				 "FROM datamesh.product AS p WHERE p.product_id IN (SELECT g.product_id FROM "
				 "datamesh.access_grant AS g WHERE g.revoked_at IS NULL) ORDER BY 1",
				 0, NULL, NULL, NULL, false);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		bool isnull;
		Oid owner = DatumGetObjectId(DmSpiDatum(row, 2, &isnull));

		if (superuser_arg(user) || (!isnull && has_privs_of_role(user, owner)))
			products = lappend_int(products, DatumGetInt32(DmSpiDatum(row, 1, &isnull)));
	}
	DmIdentityRestore(&saved);
	return products;
}

/* CALL datamesh.expire_access(product text DEFAULT NULL) */
Datum
dm_expire_access(PG_FUNCTION_ARGS)
{
	const Oid type = INT4ARRAYOID;
	List *products;
	Datum *numbers;
	Datum value;
	ListCell *cell;

	DmCouncilBegin("expire_access");
	if (PG_ARGISNULL(0))
		products = products_to_expire();
	else
	{
		DmProduct *product = DmProductByName(DmProductArgument(fcinfo, 0));

		DmRequireDomainMember(product->domain);
		products = list_make1_int(product->product_id);
	}
	numbers = palloc(sizeof(Datum) * (list_length(products) + 1));
	foreach (cell, products)
		numbers[foreach_current_index(cell)] = Int32GetDatum(lfirst_int(cell));
	value = PointerGetDatum(construct_array(numbers, list_length(products), INT4OID, sizeof(int32),
											true, TYPALIGN_INT));
	DmCouncilChange("SELECT datamesh.expire_grants($1)", 1, &type, &value, NULL);
	DmCouncilEnd();
	PG_RETURN_VOID();
}
