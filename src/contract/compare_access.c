/*-------------------------------------------------------------------------
 *
 * compare_access.c
 *		Who may see what: the roles and stewards of two contracts, and what is
 *		reported where readers see more or less.
 *
 * Showing less is a break for readers; showing more is none, and so it needs
 * somebody's approval instead.  Where we cannot tell whether more is shown,
 * the change is held and needs the approval as well.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "contract/compare_access.h"

#define REASON_SHOWS_MORE "readers see more than before: somebody has to agree"
#define REASON_SHOWS_LESS "readers lose what they could see"
#define REASON_MAYBE_MORE                                                                          \
	"it may show readers more or less than before: the publisher must state the level"

void
DmDiffShowsMore(DmCompare *c, char *change)
{
	DmDiffReport(c, DM_LEVEL_MINOR, REASON_SHOWS_MORE, "%s", change)->needs_approval = true;
}

void
DmDiffShowsLess(DmCompare *c, char *change)
{
	DmDiffReport(c, DM_LEVEL_MAJOR, REASON_SHOWS_LESS, "%s", change);
}

void
DmDiffMaybeMore(DmCompare *c, char *change)
{
	DmDiffReport(c, DM_LEVEL_HELD, REASON_MAYBE_MORE, "%s", change)->needs_approval = true;
}

/* ---- roles ---- */

typedef enum Access
{
	ACCESS_UNKNOWN,
	ACCESS_REQUEST, /* none by itself: whoever has this role may ask */
	ACCESS_READ,
	ACCESS_WRITE,
} Access;

static Access
access_of(DmDiffNode role)
{
	char *word = DmDiffNodeWord(DmDiffNodeGet(role, "access"));

	if (word == NULL || strcmp(word, "read") == 0 || strcmp(word, "r") == 0)
		return ACCESS_READ;
	if (strcmp(word, "request") == 0)
		return ACCESS_REQUEST;
	if (strstr(word, "write") != NULL || strcmp(word, "w") == 0 || strcmp(word, "rw") == 0)
		return ACCESS_WRITE;
	return ACCESS_UNKNOWN;
}

bool
DmDiffHasWriter(DmDiffNode roles)
{
	JsonbIterator *it;
	JsonbValue item;
	JsonbIteratorToken token;

	if (!DmDiffNodeIsArray(roles))
		return false;
	it = JsonbIteratorInit(roles->val.binary.data);
	while ((token = JsonbIteratorNext(&it, &item, true)) != WJB_DONE)
	{
		if (token == WJB_ELEM && access_of(&item) == ACCESS_WRITE)
			return true;
	}
	return false;
}

static void
compare_access(DmCompare *c, const DmDiffFieldChange *field)
{
	Access from = access_of(field->from_object);
	Access to = access_of(field->to_object);
	char *change = DmDiffDescribe("access", field->from, field->to);

	if (from == ACCESS_UNKNOWN || to == ACCESS_UNKNOWN)
		DmDiffMaybeMore(c, change);
	else if (from == to)
		DmDiffReport(c, DM_LEVEL_PATCH, DM_REASON_WRITTEN_DIFFERENTLY, "%s", change);
	else if (from < to)
		DmDiffShowsMore(c, change);
	else
		DmDiffReport(c, DM_LEVEL_MAJOR, "a role loses access that it had", "%s", change);
}

static const DmDiffField role_fields[] = {
	{"id", DmDiffFieldPatch},          {"role", DmDiffFieldIgnored}, /* roles are found by it */
	{"access", compare_access},        {"customProperties", DmCompareCustom},
	{"description", DmDiffFieldPatch},
};

static int
push_role(DmCompare *c, DmDiffNode item, int index)
{
	char *name = DmDiffNodeText(DmDiffNodeGet(item, "role"));

	return name != NULL ? DmDiffPushName(c, name) : DmDiffPushIndex(c, index);
}

static char *
key_role_and_access(DmCompare *c, DmDiffNode item, bool is_from, void *unused)
{
	char *role = DmDiffNodeText(DmDiffNodeGet(item, "role"));

	return role == NULL ? NULL : psprintf("%s %d", role, (int) access_of(item));
}

static void
report_role(DmCompare *c, DmDiffNode item, bool granted)
{
	DmDiffNode role = DmDiffNodeGet(item, "role");

	if (role == NULL)
		DmDiffMaybeMore(c, psprintf("role without a name %s: %s", granted ? "added" : "removed",
									DmDiffNodeShow(item)));
	else if (access_of(item) == ACCESS_REQUEST)
		DmDiffReport(c, DM_LEVEL_PATCH, "it may ask, and reads nothing more or less by that",
					 "role %s %s", DmDiffNodeShow(role), granted ? "added" : "removed");
	else if (granted)
		DmDiffShowsMore(c, psprintf("role %s granted", DmDiffNodeShow(role)));
	else
		DmDiffShowsLess(c, psprintf("role %s revoked", DmDiffNodeShow(role)));
}

void
DmCompareRoles(DmCompare *c, const DmDiffFieldChange *field)
{
	DmDiffPairing *roles = DmDiffPairingCreate(c, field->from, field->to);

	if (roles == NULL)
		return;
	DmDiffPairBy(c, roles, key_role_and_access, NULL);
	DmDiffPairBy(c, roles, DmDiffKeyText, "role");
	for (int i = 0; i < roles->nfrom; i++)
	{
		int partner = roles->to_of[i];
		int saved = push_role(c, &roles->from[i], partner >= 0 ? partner : i);

		CHECK_FOR_INTERRUPTS();
		if (partner < 0)
			report_role(c, &roles->from[i], false);
		else if (!DmDiffNodeEqual(&roles->from[i], &roles->to[partner]))
			DmCompareFields(c, &roles->from[i], &roles->to[partner], role_fields,
							lengthof(role_fields));
		DmDiffPop(c, saved);
	}
	for (int i = 0; i < roles->nto; i++)
	{
		int saved = push_role(c, &roles->to[i], i);

		if (roles->from_of[i] < 0)
			report_role(c, &roles->to[i], true);
		DmDiffPop(c, saved);
	}
}

/* ---- stewards ---- */

/* The member of a team, in either of its forms, who is a steward of this name; any if name is NULL. */
static bool
has_steward(DmDiffNode team, const char *name, List **names)
{
	DmDiffNode members = DmDiffNodeIsArray(team) ? team : DmDiffNodeGet(team, "members");
	JsonbIterator *it;
	JsonbValue member;
	JsonbIteratorToken token;

	if (!DmDiffNodeIsArray(members))
		return false;
	it = JsonbIteratorInit(members->val.binary.data);
	while ((token = JsonbIteratorNext(&it, &member, true)) != WJB_DONE)
	{
		char *role = token == WJB_ELEM ? DmDiffNodeWord(DmDiffNodeGet(&member, "role")) : NULL;
		char *user = token == WJB_ELEM ? DmDiffNodeText(DmDiffNodeGet(&member, "username")) : NULL;

		if (role == NULL || user == NULL || strstr(role, "steward") == NULL ||
			DmDiffNodeGet(&member, "dateOut") != NULL)
			continue;
		if (names != NULL)
			*names = lappend(*names, user);
		else if (strcmp(user, name) == 0)
			return true;
	}
	return false;
}

/* Who is in a team is for people to know; but a steward reads raw. */
void
DmCompareTeam(DmCompare *c, const DmDiffFieldChange *field)
{
	List *stewards = NIL;
	int before = list_length(c->changes);
	ListCell *cell;

	(void) has_steward(field->to, NULL, &stewards);
	foreach (cell, stewards)
		if (!has_steward(field->from, lfirst(cell), NULL))
			DmDiffShowsMore(
				c, psprintf("steward \"%s\" added: a steward reads raw", (char *) lfirst(cell)));
	if (list_length(c->changes) == before)
		DmDiffFieldPatch(c, field);
}
