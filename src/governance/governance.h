/*-------------------------------------------------------------------------
 *
 * governance.h
 *		What other areas ask of governance, and what its files share.
 *
 *	policy.c	who may set policies, and setting them
 *	gate.c		the policies held against a release
 *	simulate.c	a policy held against what is published, before it is set
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_GOVERNANCE_GOVERNANCE_H
#define DATAMESH_GOVERNANCE_GOVERNANCE_H

#include "nodes/pg_list.h"
#include "utils/jsonb.h"

#include "catalog/catalog.h"

/*
 * Does this role speak for the council: is it, or has it the rights of, a member, the owner of
 * the extension or a superuser?  Connects SPI itself.
 */
extern bool DmIsCouncil(Oid role);

/* The current user must: "permission denied for ..." otherwise. */
extern void DmRequireCouncil(const char *what);

/*
 * What every procedure of the area begins with: domain code, which runs in a security-restricted
 * operation, is not to change governance, nor is a read-only transaction.
 */
extern void DmGovernanceChange(const char *procedure);

/*
 * The function (product text, contract jsonb) RETURNS SETOF datamesh.violation of this name, looked
 * up as the caller writes it; an error unless the caller may lend it to a policy.
 */
extern void DmPolicyFunction(const char *name, char **schema, char **function);

/* ---- the gate ---- */

/* One thing that a policy found, and nobody waived. */
typedef struct DmViolation
{
	char *rule;
	bool critical;
	char *message;
	char *column;  /* NULL: of the whole */
	Jsonb *object; /* as reports show it, figures included */
} DmViolation;

typedef struct DmVerdict
{
	List *violations; /* DmViolation *, in the order of the policies */
	Jsonb *waived;    /* array of objects: what was found, and why it does not count */
	Jsonb *policies;  /* {"quality": {"severity": "CRITICAL", "status": "passed"}, ...} */
	Jsonb *figures;   /* what was measured for the policies */
} DmVerdict;

typedef struct DmGovernance DmGovernance;

/*
 * The three steps of holding policies against a release.  relation is the source (locked), columns
 * under the source's names.  Called with any current user and a connected SPI.
 *
 * Rules are what the policies want measured, an array of rule objects for the pass that measures
 * the contract's own; their results are taken out of *results again by Judge.
 *
 * Judge keeps policies and waivers from changing until the end of the transaction, reads what they
 * say by then whatever the isolation level, and runs policies that are functions as their owners.
 * stored is where the rows lie: the release, or the source.
 */
extern DmGovernance *DmGovernanceBegin(const DmProduct *product, const DmContract *contract,
									   Oid relation);
extern Jsonb *DmGovernanceRules(DmGovernance *governance);
extern DmVerdict *DmGovernanceJudge(DmGovernance *governance, List **results, int64 rows,
									Oid stored);

/*
 * Ask a policy's function (quoted, qualified) about a contract: {"policy", "violations": [...]} or
 * {"policy", "error"}.  It runs as its owner and can write nothing.
 */
extern Jsonb *DmPolicyAsk(const char *policy, const char *function, const char *product,
						  Jsonb *document);

/* {"rows", "nulls": {column: count}, "errors": {column: text}} from results of null_values. */
extern Jsonb *DmPolicyFigures(List *results, int64 rows);

/*
 * The same with "pii": what a sample of so many rows of a relation says of personal data in a contract's
 * columns, or with "pii_error".  It is read with the rights of reader; by_source: the relation's columns
 * have the source's names, not the contract's.
 */
extern Jsonb *DmPolicyPersonal(int32 contract_id, Oid relation, Oid reader, bool by_source,
							   int64 rows, Jsonb *figures);
extern Oid DmRelationOwner(Oid relation);

#endif /* DATAMESH_GOVERNANCE_GOVERNANCE_H */
