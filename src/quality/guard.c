/*-------------------------------------------------------------------------
 *
 * guard.c
 *		What a check runs is run in a read-only subtransaction of its own, so that
 *		a check that cannot run says so and all others still run.
 *
 * Kept true: nothing that runs here leaves anything written (the subtransaction is
 * read-only, and rolled back in any case); what ends the session's
 * statement from outside (cancel, timeout, shutdown, deadlock) is never
 * swallowed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/elog.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "quality/check.h"

/* Errors that are about the session, not about the check. */
static bool
must_pass_through(int sqlerrcode)
{
	int class = ERRCODE_TO_CATEGORY(sqlerrcode);

	return class == ERRCODE_TO_CATEGORY(ERRCODE_OPERATOR_INTERVENTION) ||
		   class == ERRCODE_TO_CATEGORY(ERRCODE_TRANSACTION_ROLLBACK);
}

static char *
describe_error(const ErrorData *error)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "%s (SQLSTATE %s)", error->message ? error->message : "unknown error",
					 unpack_sql_state(error->sqlerrcode));
	if (error->detail != NULL)
		appendStringInfo(&text, ": %s", error->detail);
	return text.data;
}

char *
DmGuard(void (*fn)(void *), void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	char *volatile problem = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	/* Ends with the subtransaction, and what runs inside cannot turn it off. */
	XactReadOnly = true;
	PG_TRY();
	{
		fn(arg);
		/* What was read stands in memory; what a function may have written all the same must not. */
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		if (must_pass_through(error->sqlerrcode))
			ReThrowError(error);
		problem = describe_error(error);
		FreeErrorData(error);
	}
	PG_END_TRY();
	return problem;
}
