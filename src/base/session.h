/*-------------------------------------------------------------------------
 *
 * session.h
 *		Whose rights a statement runs with, and how we talk to SPI.
 *
 * The rule (design decision 1): code that belongs to a domain (source queries,
 * custom checks, row filters, defaults, index expressions) runs as the domain's
 * owner in a security-restricted operation; our own catalog is written as the
 * owner of the extension; neither ever sees the caller's search_path.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_BASE_SESSION_H
#define DATAMESH_BASE_SESSION_H

#include "executor/spi.h"

typedef struct DmIdentity
{
	Oid saved_user;
	int saved_sec_context;
	int guc_level;
	int work_depth;
} DmIdentity;

/*
 * Become another role, with the settings of DmPinSettings, until
 * DmIdentityRestore.  An error needs no clean-up of ours: (sub)transaction
 * abort restores both the user and the settings.
 *
 * DmBecomeDomain: for the domain's code; sets SECURITY_RESTRICTED_OPERATION.  The domain is who acts, for
 * as long as this lasts (DmOuterUser): only for what the domain itself asks of us.
 * DmBecomeRestricted: the same for what the caller asks for himself, who remains the one who acts.
 * DmBecomeReader: for a relation that the caller names.  A superuser reads it as its owner, restricted: the
 * query of a view and what else there is in it is somebody's code.  Anybody else stays who he is.
 * DmBecomeExtensionOwner: for our own catalog; never run anything under it
 * that a user wrote.
 */
extern void DmBecomeDomain(DmIdentity *saved, Oid role);
extern void DmBecomeRestricted(DmIdentity *saved, Oid role);
extern void DmBecomeReader(DmIdentity *saved, Oid relation);
extern void DmBecomeExtensionOwner(DmIdentity *saved);
extern void DmIdentityRestore(const DmIdentity *saved);

/*
 * On whose behalf the session works: GetOuterUserId(), but inside DmBecomeDomain the domain's owner,
 * because there datamesh runs the domain's code, whoever asked for it.  The same in parallel workers.
 */
extern Oid DmOuterUser(void);

/*
 * For long queries of our own over the catalog, whose set-returning functions make the planner
 * expect a million rows of a few: no compilation (jit) until DmIdentityRestore.
 */
extern void DmIdentityPlanSmall(void);

/*
 * Is the current user the owner of the extension by DmBecomeExtensionOwner?  Then what happens is
 * datamesh's own doing, and no code of a user's.
 */
extern bool DmAtWork(void);

/*
 * search_path = pg_catalog, pg_temp, and every setting that would change what SQL means or how
 * values are written; until AtEOXact_GUC(false, level) with the level that is returned.
 */
extern int DmPinSettings(void);

extern Oid DmExtensionOwner(void);
extern Oid DmExtensionSchema(void);

/*
 * Run one statement over a connected SPI; anything but success is an error.
 * types and values have nargs entries; nulls is NULL or one bool per argument.
 * Results are in SPI_tuptable and SPI_processed as usual.
 */
extern int DmSpiExecute(const char *sql, int nargs, const Oid *types, const Datum *values,
						const bool *nulls, bool read_only);
/* The text of a column of a result row, NULL for null; palloc'd in the current context. */
extern char *DmSpiText(uint64 row, int column);
extern Datum DmSpiDatum(uint64 row, int column, bool *isnull);

#endif /* DATAMESH_BASE_SESSION_H */
