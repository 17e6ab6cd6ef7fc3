/*-------------------------------------------------------------------------
 *
 * version.h
 *		What publish asks about the version of a contract.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_GOVERNANCE_VERSION_H
#define DATAMESH_GOVERNANCE_VERSION_H

#include "catalog/catalog.h"

/*
 * May this draft be published after the version that it follows?  An error if its number was raised
 * too little or the publisher has to state what a change means (ERRCODE_DM_VERSION_TOO_LOW), or if it
 * has to wait for the council (ERRCODE_DM_APPROVAL_NEEDED).  A contract that was published before
 * passes.  This is the early look: DmGovernanceJudge looks again, when policies cannot change any
 * more, and reports what policies only warn of.  Needs a connected SPI.
 */
extern void DmVersionGate(const DmProduct *product, const DmContract *contract);

/*
 * Ask the council for the approval that an error of DmVersionGate says is needed, and write into
 * that error who can give it.
 */
extern void DmVersionAsk(const DmProduct *product, const DmContract *contract, ErrorData *error);

#endif /* DATAMESH_GOVERNANCE_VERSION_H */
