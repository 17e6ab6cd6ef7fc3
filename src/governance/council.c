/*-------------------------------------------------------------------------
 *
 * council.c
 *		The council: who has a seat, and whose seat the caller speaks for.
 *
 * A seat belongs to a role, and the role is known by its OID in the cluster where
 * it got the seat (datamesh.council_seats() has the rule): a role that was dropped
 * and made again under the same name has neither the seat nor the votes.  Rights
 * are not enough to vote, membership is: a superuser who is not in the council has
 * the privileges of every member, and no vote.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "base/errors.h"
#include "base/names.h"
#include "base/session.h"
#include "catalog/catalog.h"
#include "governance/council.h"

PG_FUNCTION_INFO_V1(dm_add_council_member);
PG_FUNCTION_INFO_V1(dm_remove_council_member);
PG_FUNCTION_INFO_V1(dm_set_council);

/* ---- what all procedures share ---- */

void
DmCouncilBegin(const char *procedure)
{
	if (InSecurityRestrictedOperation())
		ereport(
			ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("cannot call datamesh.%s within a security-restricted operation", procedure),
			 errdetail("Sources, checks and policies of a domain can read; they cannot speak "
					   "for anybody.")));
	PreventCommandIfReadOnly(procedure);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
}

void
DmCouncilEnd(void)
{
	SPI_finish();
}

char *
DmCouncilText(FunctionCallInfo fcinfo, int argument, const char *name)
{
	char *value;

	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", name)));
	value = text_to_cstring(PG_GETARG_TEXT_PP(argument));
	if (value[strspn(value, " \t\r\n")] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must not be empty", name)));
	return value;
}

int32
DmCouncilNumber(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", name)));
	return PG_GETARG_INT32(argument);
}

Oid
DmCouncilRole(const char *role)
{
	Oid oid = get_role_oid(role, true);

	if (!OidIsValid(oid))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
						errmsg("role \"%s\" does not exist", DmShown(role)),
						errhint("The name stands here as it is, without the folding to lower case "
								"that SQL does.")));
	return oid;
}

/*
 * The SQL functions raise what a person did wrong; where in our own code that was said is no help
 * to anybody.
 */
static void
run_without_context(const char *sql, int nargs, const Oid *types, const Datum *values,
					const bool *nulls)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		DmSpiExecute(sql, nargs, types, values, nulls, false);
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		error->context = NULL;
		ReThrowError(error);
	}
	PG_END_TRY();
}

static char *
string_field(JsonbContainer *object, const char *key)
{
	JsonbValue *value = getKeyJsonValueFromContainer(object, key, strlen(key), NULL);

	return value != NULL && value->type == jbvString
			   ? pnstrdup(value->val.string.val, value->val.string.len)
			   : NULL;
}

/* Append one event; the number of the request that it is about, else 0. */
static int32
append_event(JsonbContainer *event)
{
	JsonbValue *details = getKeyJsonValueFromContainer(event, "details", 7, NULL);
	JsonbValue *request;

	if (details == NULL || details->type != jbvBinary)
		elog(ERROR, "an event of the council has no details");
	DmEventAppendAtEnd(string_field(event, "kind"), string_field(event, "product"),
					   string_field(event, "version"), JsonbValueToJsonb(details));
	request = getKeyJsonValueFromContainer(details->val.binary.data, "request", 7, NULL);
	if (request == NULL || request->type != jbvNumeric)
		return 0;
	return DatumGetInt32(DirectFunctionCall1(numeric_int4, NumericGetDatum(request->val.numeric)));
}

int32
DmCouncilChange(const char *sql, int nargs, const Oid *types, const Datum *values,
				const bool *nulls)
{
	int32 first = 0;
	Jsonb *events;
	DmIdentity saved;
	Datum datum;
	bool isnull;

	DmBecomeExtensionOwner(&saved);
	run_without_context(sql, nargs, types, values, nulls);
	datum = DmSpiDatum(0, 1, &isnull);
	events = isnull ? NULL : DatumGetJsonbPCopy(datum);
	DmIdentityRestore(&saved);
	if (events == NULL)
		return 0;
	for (uint32 i = 0; i < JsonContainerSize(&events->root); i++)
	{
		JsonbValue *event = getIthJsonbValueFromContainer(&events->root, i);
		int32 request = append_event(event->val.binary.data);

		if (i == 0)
			first = request;
	}
	return first;
}

/* ---- seats ---- */

DmSeat *
DmCouncilSeat(void)
{
	Oid user = GetUserId();
	DmSeat *seat = NULL;
	char *several = NULL;
	DmIdentity saved;

	DmBecomeExtensionOwner(&saved);
	DmSpiExecute("SELECT role_name, since, role_oid FROM datamesh.council_seats() ORDER BY 1, 2", 0,
				 NULL, NULL, NULL, false);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		bool isnull;
		Oid role = DatumGetObjectId(DmSpiDatum(row, 3, &isnull));

		if (role != user &&
			!(is_member_of_role_nosuper(user, role) && has_privs_of_role(user, role)))
			continue;
		if (seat != NULL && role != user)
			several = several ? several : seat->role_name;
		if (seat == NULL || role == user)
		{
			seat = palloc(sizeof(DmSeat));
			seat->role_name = DmSpiText(row, 1);
			seat->since = DatumGetTimestampTz(DmSpiDatum(row, 2, &isnull));
		}
		if (role == user)
		{
			several = NULL;
			break;
		}
	}
	DmIdentityRestore(&saved);
	if (several != NULL)
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("role \"%s\" belongs to several members of the council",
							   GetUserNameFromId(user, false)),
						errhint("Say for whom you speak: SET ROLE %s, for example.",
								quote_identifier(several))));
	return seat;
}

DmSeat *
DmRequireSeat(const char *procedure)
{
	DmSeat *seat = DmCouncilSeat();

	if (seat == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for datamesh.%s", procedure),
				 errdetail("Role \"%s\" is no member of the council.",
						   GetUserNameFromId(GetUserId(), false)),
				 errhint("datamesh.council_members lists the members; SET ROLE to yours, or ask "
						 "one of them.")));
	return seat;
}

/* ---- procedures of the platform ---- */

/* CALL datamesh.add_council_member(role text, domain text DEFAULT NULL) */
Datum
dm_add_council_member(PG_FUNCTION_ARGS)
{
	char *role = DmCouncilText(fcinfo, 0, "role");
	const Oid types[] = {OIDOID, TEXTOID};
	const bool nulls[] = {false, PG_ARGISNULL(1)};
	Datum values[] = {(Datum) 0, nulls[1] ? (Datum) 0 : PG_GETARG_DATUM(1)};
	Oid oid;

	DmCouncilBegin("add_council_member");
	oid = DmCouncilRole(role);
	if (superuser_arg(oid))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("role \"%s\" cannot be a member of the council", role),
						errdetail("It is a superuser."), errhint("Name a role that is none.")));
	if (!nulls[1])
		(void) DmDomainByName(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	values[0] = ObjectIdGetDatum(oid);
	DmCouncilChange("SELECT datamesh.store_member($1, $2)", 2, types, values, nulls);
	DmCouncilEnd();
	PG_RETURN_VOID();
}

/* CALL datamesh.remove_council_member(role text) */
Datum
dm_remove_council_member(PG_FUNCTION_ARGS)
{
	char *role = DmCouncilText(fcinfo, 0, "role");
	const Oid types[] = {TEXTOID};
	Datum values[] = {CStringGetTextDatum(role)};

	DmCouncilBegin("remove_council_member");
	DmCouncilChange("SELECT datamesh.end_member($1)", 1, types, values, NULL);
	DmCouncilEnd();
	PG_RETURN_VOID();
}

/* CALL datamesh.set_council(quorum integer, own_domain boolean, longest_waiver_days integer, majority boolean) */
Datum
dm_set_council(PG_FUNCTION_ARGS)
{
	const Oid types[] = {INT4OID, BOOLOID, INT4OID, BOOLOID};
	Datum values[4];
	bool nulls[4];

	for (int i = 0; i < 4; i++)
	{
		nulls[i] = i < 3 && PG_ARGISNULL(i);
		values[i] = PG_ARGISNULL(i) ? (Datum) 0 : PG_GETARG_DATUM(i);
	}
	DmCouncilBegin("set_council");
	DmCouncilChange("SELECT datamesh.store_council($1, $2, $3, $4)", 4, types, values, nulls);
	DmCouncilEnd();
	PG_RETURN_VOID();
}
