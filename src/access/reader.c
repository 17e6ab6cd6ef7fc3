/*-------------------------------------------------------------------------
 *
 * reader.c
 *		How a role stands to a product: owner, steward, consumer, grant or none.
 *
 * A role that is exactly one of those whom the mesh names counts as that one and
 * nothing else: with SET ROLE a person chooses in which capacity to read.  Any other
 * role stands in all the ways that its memberships give it, and whoever asks then
 * takes the strictest.  A superuser has the privileges of every role and is none of
 * them: nobody reads raw by being a superuser.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/inval.h"
#include "utils/timestamp.h"

#include "access/access.h"
#include "access/engine.h"
#include "base/session.h"

static List *
add(List *readers, DmReaderKind kind, Oid role, const char *consumer, const DmAccessGrant *grant)
{
	DmReader *reader = palloc0(sizeof(DmReader));

	reader->kind = kind;
	reader->role = role;
	reader->consumer = consumer;
	reader->grant = grant;
	return lappend(readers, reader);
}

bool
DmGrantActive(const DmAccessGrant *grant, TimestampTz now)
{
	return !grant->doubtful && grant->since <= now && now < grant->until && now < grant->revoked_at;
}

static List *
as_consumer(const DmPortReaders *port, Oid role)
{
	List *readers = NIL;
	ListCell *cell;

	foreach (cell, port->consumers)
	{
		const DmConsumer *consumer = lfirst(cell);

		if (consumer->role != role)
			continue;
		readers = add(readers, DM_READER_CONSUMER, role, consumer->name, NULL);
		if (consumer->former)
			readers = add(readers, DM_READER_NONE, role, NULL, NULL);
	}
	return readers;
}

static List *
as_grantee(const DmPortReaders *port, Oid role, TimestampTz now)
{
	ListCell *cell;

	foreach (cell, port->grants)
	{
		const DmAccessGrant *grant = lfirst(cell);

		if (grant->role == role && DmGrantActive(grant, now))
			return add(NIL, DM_READER_GRANT, role, NULL, grant);
	}
	return NIL;
}

/* What the role itself is to the product. */
static List *
as_itself(const DmPortReaders *port, const List *stewards, Oid role, TimestampTz now)
{
	List *readers;

	if (role == port->owner || role == port->port_role)
		return add(NIL, DM_READER_OWNER, role, NULL, NULL);
	if (list_member_oid(stewards, role))
		return add(NIL, DM_READER_STEWARD, role, NULL, NULL);
	readers = as_consumer(port, role);
	return readers != NIL ? readers : as_grantee(port, role, now);
}

/* In all the ways at the time; for how long is another question. */
static List *
find_standing(const DmPortReaders *port, const List *stewards, Oid user, TimestampTz now)
{
	const List *roles = DmInheritedRoles(user);
	List *readers;
	ListCell *cell;

	if (roles == NIL)
		return add(NIL, DM_READER_UNKNOWN, user, NULL, NULL);
	readers = as_itself(port, stewards, user, now);
	if (readers != NIL)
		return readers;
	foreach (cell, roles)
		readers = list_concat(readers, as_itself(port, stewards, lfirst_oid(cell), now));
	return readers != NIL ? readers : add(NIL, DM_READER_NONE, user, NULL, NULL);
}

/* Until when no grant of the product begins or ends. */
static TimestampTz
next_change(const DmPortReaders *port, TimestampTz now)
{
	TimestampTz next = DT_NOEND;
	ListCell *cell;

	foreach (cell, port->grants)
	{
		const DmAccessGrant *grant = lfirst(cell);
		TimestampTz end = Min(grant->until, grant->revoked_at);

		if (grant->since > now)
			next = Min(next, grant->since);
		if (end > now)
			next = Min(next, end);
	}
	return next;
}

const List *
DmStanding(const DmPortReaders *port, const List *stewards, Oid user, TimestampTz now)
{
	DmRemembered *remembered = DmStandingRemembered(port, stewards, user);
	MemoryContext old;
	List *readers;

	if (remembered->readers != NIL && remembered->from <= now && now < remembered->until)
		return remembered->readers;
	list_free_deep(remembered->readers);
	remembered->readers = NIL;
	old = MemoryContextSwitchTo(DmStandingMemory());
	readers = find_standing(port, stewards, user, now);
	MemoryContextSwitchTo(old);
	remembered->readers = readers;
	remembered->from = now;
	remembered->until = next_change(port, now);
	return readers;
}

List *
DmStandings(const DmPortReaders *port, const DmSubject *subject)
{
	List *readers = list_copy(DmStanding(port, port->stewards, subject->user, subject->now));

	if (subject->outer == subject->user)
		return readers;
	return list_concat(readers, DmStanding(port, port->stewards, subject->outer, subject->now));
}

/* ---- access that has ended ---- */

/* The grant that ends last of those that one of the roles holds or held; NULL if there is none. */
static const DmAccessGrant *
last_grant(const List *grants, const List *roles)
{
	const DmAccessGrant *last = NULL;
	ListCell *cell;

	foreach (cell, grants)
	{
		const DmAccessGrant *grant = lfirst(cell);

		if (list_member_oid(roles, grant->role) &&
			(last == NULL ||
			 Min(grant->until, grant->revoked_at) > Min(last->until, last->revoked_at)))
			last = grant;
	}
	return last;
}

/* Does the role read whatever anybody grants or revokes? */
static bool
reads_everything(Oid user)
{
	return superuser_arg(user) || has_privs_of_role(user, ROLE_PG_READ_ALL_DATA);
}

void
DmGrantDescribeEnd(const DmAccessGrant *grant, TimestampTz now, char **end, char **detail)
{
	const char *name = GetUserNameFromId(grant->role, true);
	const char *role = name != NULL ? name : grant->role_name;

	if (grant->revoked_at <= now && grant->revoked_at <= grant->until)
	{
		const char *at = pstrdup(timestamptz_to_str(grant->revoked_at));

		*end = "was revoked";
		*detail = grant->revoked_by != NULL
					  ? psprintf("Role \"%s\" had it until %s, when \"%s\" revoked it.", role, at,
								 grant->revoked_by)
					  : psprintf("Role \"%s\" had it until %s.", role, at);
	}
	else if (grant->until <= now)
	{
		*end = "has expired";
		*detail = psprintf("Role \"%s\" had it until %s.", role, timestamptz_to_str(grant->until));
	}
	else if (grant->doubtful)
	{
		*end = "is not confirmed in this cluster";
		*detail =
			psprintf("It was granted to role \"%s\" of another cluster, and nothing but the name "
					 "says that it is the same.",
					 role);
	}
	else
	{
		*end = "has not begun";
		*detail = psprintf("Role \"%s\" has it from %s.", role, timestamptz_to_str(grant->since));
	}
}

/* The grant whose end takes the user's access away; NULL if it reads, or never had one. */
static const DmAccessGrant *
ended_for(const DmPortReaders *port, Oid user, TimestampTz now)
{
	const List *readers = DmStanding(port, port->stewards, user, now);
	const DmAccessGrant *grant;

	if (((const DmReader *) linitial(readers))->kind != DM_READER_NONE)
		return NULL;
	grant = last_grant(port->grants, DmInheritedRoles(user));
	if (grant == NULL)
		grant = last_grant(port->past, DmInheritedRoles(user));
	return grant != NULL && !reads_everything(user) ? grant : NULL;
}

const DmAccessGrant *
DmGrantEnded(const DmPortReaders *port, const DmSubject *subject)
{
	const DmAccessGrant *grant = ended_for(port, subject->user, subject->now);

	if (grant == NULL && subject->outer != subject->user)
		grant = ended_for(port, subject->outer, subject->now);
	return grant;
}

void
DmAccessRequire(int32 port_id)
{
	DmSubject subject = DmSubjectNow();
	const DmPortReaders *port;
	const DmAccessGrant *ended;
	char *end;
	char *detail;

	(void) DmAccessBegin();
	port = DmPortReadersFind(port_id);
	if (port == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("port %d cannot be read", port_id),
				 errdetail("It is not in the catalog of the mesh."),
				 errhint("datamesh.ports lists the ports there are.")));
	ended = DmGrantEnded(port, &subject);
	if (ended == NULL)
	{
		DmLastUseRecord(port, DmStanding(port, port->stewards, subject.user, subject.now));
		return;
	}
	DmGrantDescribeEnd(ended, subject.now, &end, &detail);
	ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					errmsg("access to data product %s %s", port->product, end),
					errdetail_internal("%s", detail),
					errhint("Ask for it with CALL datamesh.request_access('%s', purpose => '...').",
							port->product)));
}

bool
DmAccessReadsRaw(int32 port_id)
{
	DmSubject subject = DmSubjectNow();
	const DmPortReaders *port;
	ListCell *cell;

	(void) DmAccessBegin();
	port = DmPortReadersFind(port_id);
	if (port == NULL)
		return false;
	foreach (cell, DmStandings(port, &subject))
	{
		DmReaderKind kind = ((const DmReader *) lfirst(cell))->kind;

		if (kind != DM_READER_OWNER && kind != DM_READER_STEWARD)
			return false;
	}
	return true;
}

List *
DmAccessGrantedRoles(int32 product_id)
{
	List *result = NIL;
	TimestampTz now = GetCurrentTimestamp();
	ListCell *cell;

	foreach (cell, DmGrantsOfProduct(product_id))
	{
		const DmAccessGrant *grant = lfirst(cell);

		if (DmGrantActive(grant, now))
			result = list_append_unique_oid(result, grant->role);
	}
	return result;
}
