/*-------------------------------------------------------------------------
 *
 * guard_role.c
 *		Who may become a member of what, and what the roles of the mesh may be.
 *
 * Memberships decide who reads raw and who reads masked, and contracts name roles only.  Where the
 * line is:
 *
 *	- A port role has no members and is a member of nothing: ports read with its rights.
 *	- People join and leave the team of a domain and a reading group as ever.  What must not
 *	  join a team is another team or a reading group: all of it would read raw what
 *	  contracts give it masked.  Everything that a membership brings with it counts, and
 *	  everybody who gets it through somebody else.
 *	- Who adds people to a team or a reading group is a superuser or a member WITH ADMIN OPTION.
 *	  CREATEROLE alone would make its holder a reader of everything; PostgreSQL 16 has the same rule.
 *	  The same holds for roles to whom the mesh gives a right in person: seats of the council,
 *	  stewards, approvers, and whoever was granted access.  Nor does CREATEROLE alone open the
 *	  door to any of them, or to their members: by a password, by LOGIN, or by another name for
 *	  somebody who logs in, whom servers know by name that ask others who it is (peer, LDAP).
 *	- Roles of PostgreSQL that read everything, such as pg_read_all_data, are not for the roles
 *	  of the mesh and their members.
 *	- Owners, port roles and consumers never get an attribute that stands above contracts
 *	  (SUPERUSER, BYPASSRLS, CREATEROLE, REPLICATION), and a port role never logs in.
 *
 * REVOKE is free, and so are new names of groups: roles of the mesh are known by OID.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "nodes/value.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/syscache.h"
#include "commands/defrem.h"

#include "base/errors.h"
#include "governance/guard.h"

/* One edge that is to be made: member becomes a member of role. */
typedef struct Membership
{
	Oid role;
	Oid member; /* InvalidOid: a role that is just being made, and is called name */
	const char *name;
	const List *mesh; /* DmMeshRole * */
} Membership;

static const char *
member_name(const Membership *edge)
{
	return OidIsValid(edge->member) ? GetUserNameFromId(edge->member, false) : edge->name;
}

static const char *
kind_text(const DmMeshRole *role)
{
	return role->kind == DM_ROLE_PERSON     ? role->name
		   : role->kind == DM_ROLE_CONSUMER ? psprintf("the reading group \"%s\"", role->name)
		   : role->kind == DM_ROLE_OWNER    ? psprintf("the team of domain \"%s\"", role->name)
										 : psprintf("the port role of domain \"%s\"", role->name);
}

static void
refuse(const Membership *edge, const char *why, const char *hint)
{
	DmGuardRefuse(ERRCODE_DM_GRANT, NULL,
				  psprintf("cannot grant role \"%s\" to role \"%s\": %s",
						   GetUserNameFromId(edge->role, false), member_name(edge), why),
				  NULL, hint);
}

/* Would whoever has the role have this one as well? */
static bool
brings(Oid role, Oid other)
{
	return role == other || is_member_of_role_nosuper(role, other);
}

static bool
gives(const Membership *edge, const DmMeshRole *gained)
{
	return brings(edge->role, gained->role);
}

/* Does this role of the mesh get it, and did not have it before? */
static bool
gets(const Membership *edge, const DmMeshRole *role)
{
	return OidIsValid(edge->member) && brings(role->role, edge->member) &&
		   !superuser_arg(role->role);
}

/* The role of PostgreSQL that it brings and that no contract is asked by, or InvalidOid. */
static Oid
above_contracts(Oid role)
{
	const Oid all[] = {ROLE_PG_READ_ALL_DATA, ROLE_PG_WRITE_ALL_DATA, ROLE_PG_READ_SERVER_FILES,
					   ROLE_PG_WRITE_SERVER_FILES, ROLE_PG_EXECUTE_SERVER_PROGRAM};

	for (int i = 0; i < lengthof(all); i++)
		if (brings(role, all[i]))
			return all[i];
	return InvalidOid;
}

/* ---- an edge ---- */

static void
judge_gain(const Membership *edge, const DmMeshRole *gained)
{
	ListCell *cell;

	if (gained->kind == DM_ROLE_PORT)
		refuse(edge, psprintf("it would own the ports of domain \"%s\"", gained->name),
			   "Who builds a product is a member of the domain's owner, who reads it is named in "
			   "its contract.");
	if (gained->kind != DM_ROLE_OWNER)
		return;
	foreach (cell, edge->mesh)
	{
		const DmMeshRole *other = lfirst(cell);

		if (other->kind != DM_ROLE_PORT && other->kind != DM_ROLE_PERSON && gets(edge, other) &&
			other->role != gained->role && !is_member_of_role_nosuper(other->role, gained->role))
			refuse(edge,
				   psprintf("%s would read what is internal to domain \"%s\"", kind_text(other),
							gained->name),
				   "Grant it to people, one by one. What others may read is a port: name them in "
				   "the roles of a contract, and CALL datamesh.publish(...).");
	}
}

static void
judge_port_member(const Membership *edge)
{
	ListCell *cell;

	foreach (cell, edge->mesh)
	{
		const DmMeshRole *other = lfirst(cell);

		if (other->kind == DM_ROLE_PORT && gets(edge, other))
			refuse(edge,
				   psprintf("the ports of domain \"%s\" would read with its rights", other->name),
				   "A port role has the rights that datamesh gives it, and no others.");
	}
}

/* Roles that read everything: not for who stands in the mesh. */
static void
judge_above(const Membership *edge)
{
	Oid above = above_contracts(edge->role);
	ListCell *cell;

	if (!OidIsValid(above))
		return;
	foreach (cell, edge->mesh)
	{
		const DmMeshRole *other = lfirst(cell);
		bool inside = OidIsValid(edge->member) && brings(edge->member, other->role) &&
					  !superuser_arg(edge->member);

		if (other->kind == DM_ROLE_PERSON)
			continue;
		if (inside || gets(edge, other))
			refuse(edge,
				   psprintf("%s would get past every contract with \"%s\"", kind_text(other),
							GetUserNameFromId(above, false)),
				   "Name who is to read a product in the roles of its contract, and CALL "
				   "datamesh.publish(...).");
	}
}

/* CREATEROLE is no right to read. */
static void
judge_authority(const Membership *edge)
{
	Oid user = GetUserId();
	const DmMeshRole *stands_for = NULL;
	Oid above = above_contracts(edge->role);
	ListCell *cell;

	if (superuser_arg(user) || is_admin_of_role(user, edge->role))
		return;
	foreach (cell, edge->mesh)
		if (gives(edge, lfirst(cell)) && stands_for == NULL)
			stands_for = lfirst(cell);
	if (stands_for == NULL && !OidIsValid(above))
		return;
	refuse(
		edge,
		stands_for != NULL
			? psprintf("it brings the rights of %s, and CREATEROLE alone does not reach that far",
					   kind_text(stands_for))
			: "it gets past every contract, and CREATEROLE alone does not reach that far",
		psprintf("A member WITH ADMIN OPTION can grant it, or a superuser: GRANT %s TO %s WITH "
				 "ADMIN OPTION.",
				 quote_identifier(GetUserNameFromId(edge->role, false)),
				 quote_identifier(GetUserNameFromId(user, false))));
}

static void
judge_edge(const Membership *edge)
{
	ListCell *cell;

	/* who may not anyway hears it from PostgreSQL */
	if (!has_createrole_privilege(GetUserId()) && !is_admin_of_role(GetUserId(), edge->role))
		return;
	judge_port_member(edge);
	foreach (cell, edge->mesh)
		if (gives(edge, lfirst(cell)))
			judge_gain(edge, lfirst(cell));
	judge_above(edge);
	judge_authority(edge);
}

/* ---- statements ---- */

/* A role that does not exist is PostgreSQL's to refuse. */
static List *
role_oids(const List *specs)
{
	List *result = NIL;
	ListCell *cell;

	foreach (cell, specs)
	{
		Node *node = lfirst(cell);
		Oid role = InvalidOid;

		if (IsA(node, AccessPriv))
		{
			if (((AccessPriv *) node)->priv_name != NULL)
				role = get_role_oid(((AccessPriv *) node)->priv_name, true);
		}
		else if (((RoleSpec *) node)->roletype != ROLESPEC_PUBLIC)
			role = get_rolespec_oid((RoleSpec *) node, true);
		if (OidIsValid(role))
			result = lappend_oid(result, role);
	}
	return result;
}

static void
judge_edges(const List *roles, const List *members, const List *mesh)
{
	ListCell *cell;
	ListCell *other;

	foreach (cell, roles)
		foreach (other, members)
			judge_edge(
				&(Membership){.role = lfirst_oid(cell), .member = lfirst_oid(other), .mesh = mesh});
}

static bool
is_on(const DefElem *option)
{
	return option->arg == NULL || !IsA(option->arg, Boolean) || boolVal(option->arg);
}

/* What a role of the mesh is never given; NULL if the option is none of that. */
static const char *
dangerous(const DefElem *option, DmRoleKind kind)
{

	static const char *const attributes[][2] = {
		{"superuser", "SUPERUSER"},
		{"bypassrls", "BYPASSRLS"},
		{"createrole", "CREATEROLE"},
		{"isreplication", "REPLICATION"},
	};

	if (strcmp(option->defname, "canlogin") == 0)
		return kind == DM_ROLE_PORT && is_on(option) ? "LOGIN" : NULL;
	if (strcmp(option->defname, "password") == 0)
		return kind == DM_ROLE_PORT && option->arg != NULL ? "PASSWORD" : NULL;
	for (int i = 0; i < lengthof(attributes); i++)
		if (strcmp(option->defname, attributes[i][0]) == 0)
			return is_on(option) ? attributes[i][1] : NULL;
	return NULL;
}

/* Is this the user itself, or one who may decide about it? */
static bool
decides_about(Oid user, Oid role)
{
	return role == user || superuser_arg(user) || is_admin_of_role(user, role);
}

/* "it is the team of domain ...", "it brings the rights of ..." */
static char *
standing_text(Oid role, const DmMeshRole *ours)
{
	return psprintf(role == ours->role ? "it is %s" : "it brings the rights of %s",
					kind_text(ours));
}

static void
refuse_door(Oid role, const char *what, const DmMeshRole *ours, const char *hint)
{
	DmGuardRefuse(ERRCODE_DM_GRANT, NULL,
				  psprintf("cannot give role \"%s\" %s: %s, and CREATEROLE alone does not reach "
						   "that far",
						   GetUserNameFromId(role, false), what, standing_text(role, ours)),
				  "Who can log in as it reads what it reads.", hint);
}

/* What lets somebody in as the role; NULL if the option does not. */
static const char *
opens_the_door(const DefElem *option)
{
	if (strcmp(option->defname, "canlogin") == 0 && is_on(option))
		return "LOGIN";
	return strcmp(option->defname, "password") == 0 && option->arg != NULL ? "a password" : NULL;
}

static void
judge_door(Oid role, const List *options, const DmMeshRole *ours)
{
	ListCell *cell;

	if (decides_about(GetUserId(), role))
		return;
	foreach (cell, options)
		if (opens_the_door(lfirst(cell)) != NULL)
			refuse_door(role, opens_the_door(lfirst(cell)), ours,
						"The role itself can set its password, a member WITH ADMIN OPTION, or a "
						"superuser.");
}

static void
judge_attributes(Oid role, const List *options, const DmMeshRole *ours)
{
	char *name = GetUserNameFromId(role, false);
	ListCell *cell;

	foreach (cell, options)
	{
		const char *attribute = dangerous(lfirst(cell), ours->kind);

		if (attribute != NULL)
			DmGuardRefuse(
				ERRCODE_DM_GRANT, NULL,
				psprintf("cannot give role \"%s\" %s: it is %s", name, attribute, kind_text(ours)),
				"No contract would hold for it any more.",
				ours->kind == DM_ROLE_PORT
					? "A port role is made by datamesh, and stays as it was made."
					: "Give it to a role of the platform that stands outside the mesh.");
	}
}

/* The members that CREATE ROLE and ALTER GROUP name. */
static List *
members_of(const List *options)
{
	List *result = NIL;
	ListCell *cell;

	foreach (cell, options)
	{
		const DefElem *option = lfirst(cell);

		if (strcmp(option->defname, "rolemembers") == 0 ||
			strcmp(option->defname, "adminmembers") == 0)
			result = list_concat(result, role_oids((List *) option->arg));
	}
	return result;
}

/* The first role of the mesh whose rights it has: itself, if it is one; NULL if there is none. */
static const DmMeshRole *
find_standing(Oid role, const List *mesh)
{
	const DmMeshRole *result = NULL;
	ListCell *cell;

	foreach (cell, mesh)
	{
		const DmMeshRole *ours = lfirst(cell);

		if (ours->role == role)
			return ours;
		if (result == NULL && OidIsValid(role) && brings(role, ours->role))
			result = ours;
	}
	return result;
}

static bool
can_log_in(Oid role)
{
	HeapTuple tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(role));
	bool result = HeapTupleIsValid(tuple) && ((Form_pg_authid) GETSTRUCT(tuple))->rolcanlogin;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return result;
}

static void
judge_alter(const AlterRoleStmt *alter, const List *mesh)
{
	Oid role = get_rolespec_oid(alter->role, true);
	const DmMeshRole *stands_for;
	ListCell *cell;

	if (!OidIsValid(role))
		return;
	if (alter->action > 0)
		judge_edges(list_make1_oid(role), members_of(alter->options), mesh);
	if (!has_createrole_privilege(GetUserId()))
		return;
	foreach (cell, mesh)
	{
		const DmMeshRole *ours = lfirst(cell);

		if (ours->role == role && ours->kind != DM_ROLE_PERSON)
			judge_attributes(role, alter->options, ours);
	}
	stands_for = find_standing(role, mesh);
	if (stands_for != NULL)
		judge_door(role, alter->options, stands_for);
}

/* Another name is another person to a server that asks others who somebody is. */
static void
judge_rename(const RenameStmt *rename, const List *mesh)
{
	Oid role = get_role_oid(rename->subname, true);
	const DmMeshRole *stands_for = find_standing(role, mesh);

	if (OidIsValid(role) && stands_for != NULL && has_createrole_privilege(GetUserId()) &&
		can_log_in(role) && !decides_about(GetUserId(), role))
		refuse_door(role, "another name", stands_for,
					"A superuser can, or a role with CREATEROLE and ADMIN OPTION on it.");
}

/* Members of the new role get what it is made in. */
static void
judge_create(const CreateRoleStmt *create, const List *mesh)
{
	List *members = members_of(create->options);
	List *roles = NIL;
	ListCell *cell;

	foreach (cell, create->options)
		if (strcmp(((DefElem *) lfirst(cell))->defname, "addroleto") == 0)
			roles = list_concat(roles, role_oids((List *) ((DefElem *) lfirst(cell))->arg));
	foreach (cell, roles)
		judge_edge(&(Membership){.role = lfirst_oid(cell), .name = create->role, .mesh = mesh});
	judge_edges(roles, members, mesh);
	foreach (cell, mesh)
	{
		const DmMeshRole *ours = lfirst(cell);
		ListCell *member;

		foreach (member, members)
			if (ours->kind == DM_ROLE_PORT && brings(ours->role, lfirst_oid(member)))
				DmGuardRefuse(ERRCODE_DM_GRANT, NULL,
							  psprintf("cannot grant role \"%s\" to role \"%s\": the ports of "
									   "domain \"%s\" would read with its rights",
									   create->role, GetUserNameFromId(lfirst_oid(member), false),
									   ours->name),
							  NULL,
							  "A port role has the rights that datamesh gives it, and no "
							  "others.");
	}
}

void
DmGuardRoleStatement(Node *statement)
{
	const List *mesh;

	/* taking away is free */
	if (IsA(statement, GrantRoleStmt) && !((GrantRoleStmt *) statement)->is_grant)
		return;
	mesh = DmGuardMeshRoles();
	if (mesh == NIL)
		return;
	if (IsA(statement, GrantRoleStmt))
		judge_edges(role_oids(((GrantRoleStmt *) statement)->granted_roles),
					role_oids(((GrantRoleStmt *) statement)->grantee_roles), mesh);
	else if (IsA(statement, AlterRoleStmt))
		judge_alter((AlterRoleStmt *) statement, mesh);
	else if (IsA(statement, RenameStmt))
		judge_rename((RenameStmt *) statement, mesh);
	else
		judge_create((CreateRoleStmt *) statement, mesh);
}
