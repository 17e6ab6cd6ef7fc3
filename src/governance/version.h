/*-------------------------------------------------------------------------
 *
 * version.h
 *		What publish asks about the version of a contract.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_GOVERNANCE_VERSION_H
#define DATAMESH_GOVERNANCE_VERSION_H

#include "nodes/pg_list.h"

#include "catalog/catalog.h"

/*
 * May this draft be published after the version that it follows?  An error if its number was raised
 * too little (ERRCODE_DM_VERSION_TOO_LOW), if the publisher has to state what a change means (the same),
 * or if it has to wait for the council (ERRCODE_DM_APPROVAL_NEEDED).  Returns what policies only warn of,
 * a List of DmCheckResult *, NIL if there is nothing.  Contracts that were published before pass.
 * Needs a connected SPI.
 */
extern List *DmVersionGate(const DmProduct *product, const DmContract *contract);

/*
 * Ask the council for the approval that an error of DmVersionGate says is needed, and write into
 * that error who can give it.
 */
extern void DmVersionAsk(const DmProduct *product, const DmContract *contract, ErrorData *error);

#endif /* DATAMESH_GOVERNANCE_VERSION_H */
