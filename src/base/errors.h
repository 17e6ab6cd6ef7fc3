/*-------------------------------------------------------------------------
 *
 * errors.h
 *		SQLSTATEs of our own.  docs/errors.md lists the same for readers.
 *
 * Class MD ("mesh of data") is ours: SQLSTATE classes that begin with I to Z
 * are left to implementations.  Where a standard code says it, use that:
 * undefined_table, insufficient_privilege, feature_not_supported, ...
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_BASE_ERRORS_H
#define DATAMESH_BASE_ERRORS_H

#include "utils/elog.h"

/* MD0xx: documents and rules */
#define ERRCODE_DM_INVALID_CONTRACT MAKE_SQLSTATE('M', 'D', '0', '0', '1')
#define ERRCODE_DM_CONTRACT_IMMUTABLE MAKE_SQLSTATE('M', 'D', '0', '0', '2')
#define ERRCODE_DM_INVALID_RULE MAKE_SQLSTATE('M', 'D', '0', '0', '3')

/* MD1xx: things that are not there, or there already */
#define ERRCODE_DM_UNDEFINED_DOMAIN MAKE_SQLSTATE('M', 'D', '1', '0', '1')
#define ERRCODE_DM_UNDEFINED_PRODUCT MAKE_SQLSTATE('M', 'D', '1', '0', '2')
#define ERRCODE_DM_UNDEFINED_CONTRACT MAKE_SQLSTATE('M', 'D', '1', '0', '3')
#define ERRCODE_DM_UNDEFINED_CONSUMER MAKE_SQLSTATE('M', 'D', '1', '0', '4')
#define ERRCODE_DM_UNDEFINED_RELEASE MAKE_SQLSTATE('M', 'D', '1', '0', '5')

/* MD2xx: the publish door */
#define ERRCODE_DM_GATE_CLOSED MAKE_SQLSTATE('M', 'D', '2', '0', '1')
#define ERRCODE_DM_LIFECYCLE MAKE_SQLSTATE('M', 'D', '2', '0', '2')
#define ERRCODE_DM_UNENFORCEABLE MAKE_SQLSTATE('M', 'D', '2', '0', '3')
#define ERRCODE_DM_SWITCH_TIMEOUT MAKE_SQLSTATE('M', 'D', '2', '0', '4')
#define ERRCODE_DM_HAS_CONSUMERS MAKE_SQLSTATE('M', 'D', '2', '0', '5')
#define ERRCODE_DM_VERSION_TOO_LOW MAKE_SQLSTATE('M', 'D', '2', '0', '6')
#define ERRCODE_DM_APPROVAL_NEEDED MAKE_SQLSTATE('M', 'D', '2', '0', '7')

/* MD3xx: integrity */
#define ERRCODE_DM_EVENT_LOG_TAMPERED MAKE_SQLSTATE('M', 'D', '3', '0', '1')
#define ERRCODE_DM_MASK_KEY MAKE_SQLSTATE('M', 'D', '3', '0', '2')

/* MD4xx: governance.  These are raised in SQL (sql/parts/governance*.sql). */
#define ERRCODE_DM_POLICY_LOOSENED MAKE_SQLSTATE('M', 'D', '4', '0', '1')
#define ERRCODE_DM_UNDEFINED_POLICY MAKE_SQLSTATE('M', 'D', '4', '0', '2')
#define ERRCODE_DM_UNDEFINED_REQUEST MAKE_SQLSTATE('M', 'D', '4', '0', '3')
#define ERRCODE_DM_NOT_OPEN MAKE_SQLSTATE('M', 'D', '4', '0', '4')

/* MD5xx: the guard of DDL */
#define ERRCODE_DM_GUARDED MAKE_SQLSTATE('M', 'D', '5', '0', '1')
#define ERRCODE_DM_STANDARD MAKE_SQLSTATE('M', 'D', '5', '0', '2')
#define ERRCODE_DM_GRANT MAKE_SQLSTATE('M', 'D', '5', '0', '3')

#endif /* DATAMESH_BASE_ERRORS_H */
