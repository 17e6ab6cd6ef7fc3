/*-------------------------------------------------------------------------
 *
 * access.h
 *		Who may see what of a port, decided when it is read: what other areas ask.
 *
 * The views of ports call the SQL functions (sql/parts/access.sql); these are the
 * same decisions, and the look-ups behind them, for C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_ACCESS_ACCESS_H
#define DATAMESH_ACCESS_ACCESS_H

#include "nodes/pg_list.h"

/*
 * An error (insufficient_privilege) if all that gave the current or the outer user access to the
 * product of this port has expired or was revoked.  Says nothing of a role that never had a grant:
 * the privileges on the port are the first gate.  Cheap enough for every start of a query; looks at
 * the state of this moment, whatever the snapshot of the query is.
 */
extern void DmAccessRequire(int32 port_id);

/*
 * Does whoever asks read the port raw, as owner or steward, and nothing else?  False for a port that there
 * is not.
 */
extern bool DmAccessReadsRaw(int32 port_id);

/*
 * The role that was recorded as name, OID and the cluster in which the OID means it, as it stands now:
 * in that cluster by OID; in another by its name, if it holds the USAGE on schema datamesh that the
 * dump brought along and that a new role of that name lacks.  InvalidOid if it is gone.
 */
extern Oid DmAccessRole(const char *role_name, Oid role_oid, int64 cluster);

/* The roles that hold a grant of the product that is in force now, as Oids. */
extern List *DmAccessGrantedRoles(int32 product_id);

#endif /* DATAMESH_ACCESS_ACCESS_H */
