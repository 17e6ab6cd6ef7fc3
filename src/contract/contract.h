/*-------------------------------------------------------------------------
 *
 * contract.h
 *		Contract documents: from YAML or JSON to a validated document and back.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_CONTRACT_CONTRACT_H
#define DATAMESH_CONTRACT_CONTRACT_H

#include "utils/jsonb.h"

/*
 * Read and validate a document against the structure of ODCS v3.1.  Returns it
 * as JSON text with keys in the document's own order.  All violations are
 * reported in one error (ERRCODE_DM_INVALID_CONTRACT), one line each in DETAIL:
 *   schema[0].properties[3].logicalType: "strng" is not one of string, date, ...
 * Oddities that are accepted come back as NOTICEs.
 */
extern char *DmContractRead(const char *document, size_t length);

/* JSON text (keys in the order wanted) as YAML 1.2. */
extern char *DmContractToYaml(const char *json);

#endif /* DATAMESH_CONTRACT_CONTRACT_H */
