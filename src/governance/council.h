/*-------------------------------------------------------------------------
 *
 * council.h
 *		What the files about the council share.
 *
 *	council.c	seats: who has one, and whose it is
 *	approval.c	requests and votes
 *	version.c	versions that are too low, or wait for an approval
 *	access_request.c	requests for access, on which the owner of the data decides
 *	waiver.c	policies that are waived for a while
 *	dispute.c	disputes over shared data
 *
 * The work is done by SQL functions that the install script has
 * (sql/parts/governance_council.sql); C decides for whom the caller speaks, calls
 * them as the owner of the extension, and appends the events that they return.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_GOVERNANCE_COUNCIL_H
#define DATAMESH_GOVERNANCE_COUNCIL_H

#include "datatype/timestamp.h"
#include "fmgr.h"

typedef struct DmSeat
{
	char *role_name; /* as it was added: with since, the key of datamesh.council_member */
	TimestampTz since;
} DmSeat;

/*
 * The seat for which the current user speaks: its own, else that of the one role whose privileges
 * it has by membership.  A superuser has a seat only like anybody else.  NULL if it has none; an
 * error if it could be several.
 */
extern DmSeat *DmCouncilSeat(void);

/* The same, or the error that this is for members of the council. */
extern DmSeat *DmRequireSeat(const char *procedure);

/*
 * What the procedures begin with: not within a domain's code, not in a read-only transaction.
 * Connects SPI; DmCouncilEnd ends it.
 */
extern void DmCouncilBegin(const char *procedure);
extern void DmCouncilEnd(void);

/*
 * Run a query that returns the array of the events of what it did, or null, as the owner of the
 * extension, and append them.  Returns the number in details.request of the first, else 0.
 */
extern int32 DmCouncilChange(const char *sql, int nargs, const Oid *types, const Datum *values,
							 const bool *nulls);

/*
 * Decide on a request for access as its owner or an approver.  False: it is no such request, or is before
 * the council, in which the caller has a seat.
 */
extern bool DmAccessDecide(int32 request, bool approves, const char *comment);

/* An argument that must be there, and a text that must not be empty. */
extern char *DmCouncilText(FunctionCallInfo fcinfo, int argument, const char *name);
extern int32 DmCouncilNumber(FunctionCallInfo fcinfo, int argument, const char *name);
extern Oid DmCouncilRole(const char *role); /* a role that must be there */

#endif /* DATAMESH_GOVERNANCE_COUNCIL_H */
