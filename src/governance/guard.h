/*-------------------------------------------------------------------------
 *
 * guard.h
 *		What the files of the guard of DDL share.
 *
 *	guard.c			 the event triggers, and what a command touches while it runs
 *	guard_mesh.c	 which schemas belong to the mesh, which products read a relation
 *	guard_relation.c what of that would break what consumers read
 *	guard_protect.c	 row security on what is internal stays what publish made it
 *	guard_code.c	 nobody who reads a port comes to run code of a domain's
 *	guard_grant.c	 GRANT, REVOKE, default privileges
 *	guard_utility.c	 if preloaded: what fires no event trigger
 *	guard_role.c	 of that: roles, their members, their attributes
 *	guard_setting.c	 of that: settings of roles and databases
 *	guard_standard.c names and types, held against the policies of the domain
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_GOVERNANCE_GUARD_H
#define DATAMESH_GOVERNANCE_GUARD_H

#include "nodes/parsenodes.h"
#include "utils/jsonb.h"

#include "base/session.h"

/* What a schema is to the mesh. */
typedef enum DmPurpose
{
	DM_PURPOSE_NONE,
	DM_PURPOSE_INTERNAL,
	DM_PURPOSE_PORT,
	DM_PURPOSE_RELEASE,
} DmPurpose;

typedef struct DmHome
{
	Oid schema;
	DmPurpose purpose;
	NameData name;   /* of the schema */
	NameData domain; /* that it belongs to */
} DmHome;

/* A published product that a relation belongs to, or whose source it is. */
typedef struct DmReader
{
	char *product;
	char *version;   /* of the contract in force at this port */
	char *consumers; /* "marketing, finance"; NULL: nobody */
	int32 contract_id;
	bool live;
	Jsonb *document;
} DmReader;

typedef enum DmTouchKind
{
	DM_TOUCH_CREATE, /* a column: relations that are made are in DmTouched.created */
	DM_TOUCH_ALTER,
	DM_TOUCH_DROP,
	DM_TOUCH_CHILD,  /* a new partition or child, empty */
	DM_TOUCH_ATTACH, /* inheritance or partition, either end of it */
	DM_TOUCH_RULE,   /* a view's query is one */
	DM_TOUCH_TRIGGER,
	DM_TOUCH_REFERENCE, /* by the foreign key of another table */
	DM_TOUCH_POLICY,    /* of row level security */
	DM_TOUCH_REWRITE,
} DmTouchKind;

/* Something of a relation of the mesh that a command touches, as it was before. */
typedef struct DmTouch
{
	DmTouchKind kind;
	Oid relid;
	AttrNumber attnum; /* 0: the relation */
	DmHome home;
	NameData relname;
	char relkind;
	Oid owner;
	bool row_security;
	bool force_row_security;
	uint32 options; /* hash of the reloptions */
	NameData attname;
	Oid type;
	int32 typmod;
	Oid collation;
	bool not_null;
} DmTouch;

/*
 * Something that may bring code to where a port reads: a rule, policy, constraint, statistics object, cast,
 * function, operator, type or column (sub) that was made or changed, or a relation that has a new child.
 */
typedef struct DmSuspect
{
	Oid class;
	Oid oid;
	int sub;
	bool is_new;
} DmSuspect;

typedef enum DmChangeKind
{
	DM_CHANGE_OTHER,
	DM_CHANGE_DROP,
	DM_CHANGE_RENAME,
	DM_CHANGE_TYPE,
	DM_CHANGE_NULLABLE,
} DmChangeKind;

/* What became of it, or would. */
typedef struct DmDamage
{
	DmChangeKind kind;
	const char *verb;      /* "drop", "change the type of": what is refused */
	const char *column;    /* that it is about, or NULL: the relation itself */
	const char *new_value; /* name or type that it has now, if that is known */
	const char *old_value; /* a type as it was */
	bool by_name;          /* the column is called as the contract calls it, not as the source */
	bool snapshot_too;     /* the next publish of a copy would not survive it either */
} DmDamage;

/* guard.c; must have been called in this session before anything that remembers is asked */
extern void DmGuardPrepare(void);
extern bool DmGuardStandsAside(void);
extern bool DmGuardGlassIsBroken(void);
extern void DmGuardBreakBegin(const char *command);
extern void DmGuardBreakEnd(void);

/* raise the error, or let it pass and note it if a superuser broke the glass */
extern void DmGuardRefuse(int code, const char *product, const char *message, const char *detail,
						  const char *hint);

/* guard_mesh.c */
extern void DmGuardMeshInit(void);
extern bool DmGuardHome(Oid schema, DmHome *home);
extern bool DmGuardHomeByName(const char *schema, DmHome *home);
extern bool DmGuardIsRestoring(void);
extern void DmGuardRestores(void); /* from here on, for this session */
extern List *DmGuardReaders(const DmHome *home, Oid relid, const char *relation);
extern List *DmGuardConsumers(const DmHome *home, const char *relation, bool *known);
extern char *DmGuardColumnOf(const DmReader *reader, const DmHome *home, const char *column);
extern Oid DmGuardDomainOwner(const DmHome *home);
extern Oid DmGuardPortRole(const DmHome *home);
extern char *DmGuardNeeds(const DmReader *reader, const DmDamage *damage);

/* A role that stands for somebody in the mesh. */
typedef enum DmRoleKind
{
	DM_ROLE_PORT,     /* owns the ports of a domain */
	DM_ROLE_OWNER,    /* is the team of a domain */
	DM_ROLE_CONSUMER, /* is a registered reading group */
	DM_ROLE_PERSON, /* has a right of its own: a seat in the council, a grant, a product to look after */
} DmRoleKind;

typedef struct DmMeshRole
{
	DmRoleKind kind;
	Oid role;
	char *name; /* of the domain or consumer; of a person: what it is, in words */
} DmMeshRole;

extern List *DmGuardMeshRoles(void); /* DmMeshRole *, in the caller's context */
extern bool DmGuardIsEmpty(void);    /* no domain has a schema: nothing to protect */

/* What is to be known of policies, for one domain; valid until the next look. */
typedef struct DmStandards
{
	NameData domain;
	int naming; /* 0 off, WARNING, ERROR */
	bool snake_tables;
	bool snake_columns;
	int timestamp;
	List *suffixes; /* char * */
	int timezone;
	int decimal;
	int precision;
	int scale;
} DmStandards;
extern const DmStandards *DmGuardStandards(const char *domain);

/* guard_relation.c */
extern void DmGuardEarly(Node *statement);
extern void DmGuardCreated(Oid relid, const DmHome *home);
extern void DmGuardTouched(const DmTouch *touch);
extern void DmGuardSchema(const DmHome *home, const char *verb);
extern bool DmGuardDescribe(Oid relid, AttrNumber attnum, DmTouchKind kind, DmTouch *touch);

/* guard_protect.c */
extern void DmGuardPolicy(const RangeVar *name, const char *policy, const char *verb);
extern void DmGuardProtected(const DmTouch *touch);
extern void DmGuardStranger(const DmTouch *touch);
extern void DmGuardProtectNew(Oid relid, const DmHome *home);

/* guard_code.c; born: relations that the command itself has made, which nobody reads yet */
extern void DmGuardSuspect(const DmSuspect *suspect, const List *born);
extern void DmGuardIndex(Oid relid, const List *born);

/* guard_grant.c */
extern void DmGuardGrant(Node *statement);
extern void DmGuardCheckAcl(Oid relid, const DmHome *home);

/* guard_role.c, guard_setting.c: what guard_utility.c hands on; the statement has not begun */
extern void DmGuardRoleStatement(Node *statement);
extern void DmGuardSetting(Node *statement);

/*
 * guard_standard.c; attnum 0: the relation's name, and with type all of its columns too, else
 * one column's name, type or both
 */
extern void DmGuardStandard(Oid relid, const DmHome *home, AttrNumber attnum, bool name, bool type);

/* ---- reading our tables ---- */

/* Between these two our tables are read as the owner of the extension, over SPI, in their newest state. */
typedef struct DmGuardReading
{
	DmIdentity identity;
	MemoryContext caller;
} DmGuardReading;

extern void DmGuardReadBegin(DmGuardReading *reading);
extern void DmGuardReadEnd(DmGuardReading *reading);

#endif /* DATAMESH_GOVERNANCE_GUARD_H */
