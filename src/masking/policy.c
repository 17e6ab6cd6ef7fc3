/*-------------------------------------------------------------------------
 *
 * policy.c
 *		datamesh.mask_policy: the reference that every keyed mask takes.
 *
 * A keyed mask that anyone could call would be an oracle: hash every name in the
 * telephone book, and look the results up in the port.  So each takes a value of
 * this type, and only a superuser (which publish is while it makes a port) can make
 * one.  In a port's view the reference is a constant that was made when the view
 * was: reading the view runs no input function.  The type has no binary input, no cast, no
 * function that returns it, and PUBLIC has no USAGE on it; a cast from text, a record or
 * JSON, a domain, plpgsql's assignments and COPY all end in the input function here.
 *
 * The output function shows the reference, so that pg_get_viewdef and pg_dump write
 * what a restore (by a superuser) reads back.  It is a name, and no secret.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/compat.h"

PG_FUNCTION_INFO_V1(dm_mask_policy_in);
PG_FUNCTION_INFO_V1(dm_mask_policy_out);

#define POLICY_MAX_BYTES 512

Datum
dm_mask_policy_in(PG_FUNCTION_ARGS)
{
	char *name = PG_GETARG_CSTRING(0);
	size_t length = strlen(name);

	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to make a mask policy reference"),
				 errdetail("With one, the values behind a keyed mask could be found by trying."),
				 errhint("Read the data product's port: its view holds the reference.")));
	if (length == 0 || length > POLICY_MAX_BYTES)
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("a mask policy reference has 1 to %d bytes", POLICY_MAX_BYTES),
						errdetail("This one has %zu.", length)));
	PG_RETURN_TEXT_P(cstring_to_text_with_len(name, length));
}

Datum
dm_mask_policy_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(TextDatumGetCString(PG_GETARG_DATUM(0)));
}
