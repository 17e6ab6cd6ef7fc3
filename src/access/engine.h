/*-------------------------------------------------------------------------
 *
 * engine.h
 *		What the files of the run-time engine share.
 *
 *	rules.c			the rules of a policy, read from their jsonb
 *	policy_cache.c	policies and who reads their ports, remembered until something changes
 *	reader.c		how a role stands to a product
 *	decide.c		the functions that the views of ports call
 *	my_access.c		the same, told to people
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_ACCESS_ENGINE_H
#define DATAMESH_ACCESS_ENGINE_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "utils/jsonb.h"

/* What a reader sees of a column: a mask's number (from 1) or one of these. */
#define DM_RAW 0
#define DM_HIDDEN (-1)

/* Whether a filter applies. */
#define DM_FILTER_OFF 0
#define DM_FILTER_HOLDS 1
#define DM_FILTER_NO_ROW (-1)

/* ---- rules ---- */

typedef struct DmRoleRef
{
	char *name;
	Oid oid;
	int64 cluster;
} DmRoleRef;

typedef struct DmConsumerChoice
{
	char *consumer;
	int choice;
} DmConsumerChoice;

typedef struct DmColumnRule
{
	char *column;
	int nmasks;
	char **masks;
	int *strengths;
	int standard; /* for whom nothing else is said */
	int nconsumers;
	DmConsumerChoice *consumers;
} DmColumnRule;

typedef struct DmRowRule
{
	char *consumer; /* NULL: the standard */
	bool no_row;
	int nfilters;
	int *filters;
} DmRowRule;

typedef struct DmRules
{
	int nstewards;
	DmRoleRef *stewards;
	int ncolumns;
	DmColumnRule *columns;
	int nfilters;
	char **filters;
	DmRowRule rows;
	int nconsumers;
	DmRowRule *consumers;
} DmRules;

/*
 * Never an error: whatever cannot be understood hides what it is about.  Allocated in the current
 * context.
 */
extern DmRules *DmRulesParse(Jsonb *rules);

/* ---- who reads ---- */

typedef struct DmConsumer
{
	char *name;
	Oid role;
	/* Only the policy names it, not the contract that the port shows: that gives it no more than others. */
	bool former;
} DmConsumer;

typedef struct DmAccessGrant
{
	int32 grant_id;
	int32 request_id; /* 0: none */
	char *role_name;
	Oid role; /* as it resolves now */
	/* Only its name fits: it may be another role than the one that was granted access. */
	bool doubtful;
	TimestampTz since;
	TimestampTz until;      /* DT_NOEND: open */
	TimestampTz revoked_at; /* DT_NOEND: not revoked */
	char *granted_by;
	char *revoked_by;
	char *why;
} DmAccessGrant;

/* The readers of a port that somebody named. */
typedef struct DmPortReaders
{
	int32 port_id;
	int32 product_id;
	char *product;
	Oid view; /* of the port */
	Oid owner;
	Oid port_role;   /* which owns the port and its releases; nobody is to be a member of it */
	int32 policy_id; /* the newest, which the port's view names; 0: none */
	List *stewards;  /* Oids; of that policy */
	List *consumers; /* DmConsumer * */
	List *grants;    /* DmAccessGrant *: in force, or to be */
	List *past;      /* DmAccessGrant *: that had ended when this was read */
} DmPortReaders;

typedef struct DmPolicy
{
	int32 policy_id;
	DmRules *rules;
	DmPortReaders *port;
	List *stewards; /* Oids */
} DmPolicy;

/* Counts up whenever anything changes that a decision rests on. */
extern uint64 dm_access_generation;

/*
 * Begin a decision: learn what others have committed, and forget what is out of date.  Returns the
 * generation of what is remembered.  If dm_access_generation is another at the end of the decision, then
 * something changed in its midst, and it should be made again.
 */
extern uint64 DmAccessBegin(void);
#define DM_DECISION_ATTEMPTS 3 /* a server may invalidate everything all the time */

/*
 * What is remembered of a policy or a port; NULL if it is not there or cannot be told.  The results point
 * into the cache: good until the next DmAccessBegin.
 */
extern const DmPolicy *DmPolicyFind(int32 policy_id);
extern const DmPortReaders *DmPortReadersFind(int32 port_id);
/* The owner of the domain of a product; InvalidOid if there is none. */
extern Oid DmProductOwner(int32 product_id);
/* All grants of a product whose roles are still there, past ones too; in the current context. */
extern List *DmGrantsOfProduct(int32 product_id); /* DmAccessGrant * */
/* All roles whose privileges a role has without SET ROLE, itself first; NIL if there is no such role. */
extern const List *DmInheritedRoles(Oid role);

/* ---- how a role stands to a product ---- */

typedef enum DmReaderKind
{
	DM_READER_UNKNOWN, /* there is no such role */
	DM_READER_NONE,
	DM_READER_GRANT,
	DM_READER_CONSUMER,
	DM_READER_STEWARD,
	DM_READER_OWNER,
} DmReaderKind;

/* One of the ways; who stands in several is held to the strictest. */
typedef struct DmReader
{
	DmReaderKind kind;
	Oid role;
	const char *consumer;       /* if it is a consumer */
	const DmAccessGrant *grant; /* if it is a grant */
} DmReader;

/* For whom is decided: the current and the outer user at this moment. */
typedef struct DmSubject
{
	Oid user;
	Oid outer;
	TimestampTz now;
} DmSubject;

/*
 * What is remembered of how a role stands to a port: from some time until another, which grants set.
 * readers is NIL in a new one.  The list belongs into DmStandingMemory().
 */
typedef struct DmRemembered
{
	struct
	{
		const DmPortReaders *port;
		const List *stewards;
		Oid user;
		Oid unused;
	} key;
	List *readers;
	TimestampTz from;
	TimestampTz until;
} DmRemembered;

extern DmRemembered *DmStandingRemembered(const DmPortReaders *port, const List *stewards,
										  Oid user);
extern MemoryContext DmStandingMemory(void);

/* A list of DmReader *, never empty; of the cache, as ports and policies are. */
extern const List *DmStanding(const DmPortReaders *port, const List *stewards, Oid user,
							  TimestampTz now);
/* The same of both users, the current one first; in the current context. */
extern List *DmStandings(const DmPortReaders *port, const DmSubject *subject);

/* The grant whose end takes their access from the users; NULL if they read, or never had one. */
extern const DmAccessGrant *DmGrantEnded(const DmPortReaders *port, const DmSubject *subject);
/* "has expired", "was revoked" or "has not begun"; whose and when, as a sentence. */
extern void DmGrantDescribeEnd(const DmAccessGrant *grant, TimestampTz now, char **end,
							   char **detail);
extern bool DmGrantActive(const DmAccessGrant *grant, TimestampTz now);

/* ---- when access was last used (last_use.c) ---- */

/* These readers read the product now; remembered if the library is preloaded. */
extern void DmLastUseRecord(const DmPortReaders *port, const List *readers);

/* ---- decisions ---- */

extern DmSubject DmSubjectNow(void);
/* The number of a mask of the column, DM_RAW or DM_HIDDEN; columns count from 1.  policy may be NULL. */
extern int DmMaskChoice(const DmPolicy *policy, int column, const DmSubject *subject);
extern int DmFilterChoice(const DmPolicy *policy, int filter, const DmSubject *subject);

#endif /* DATAMESH_ACCESS_ENGINE_H */
