/*-------------------------------------------------------------------------
 *
 * governance.h
 *		What other areas ask of governance, and what its files share.
 *
 *	policy.c	who may set policies, and setting them
 *	gate.c		the policies held against a release
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

#endif /* DATAMESH_GOVERNANCE_GOVERNANCE_H */
