/*-------------------------------------------------------------------------
 *
 * compare.h
 *		What a change of contract costs, for other areas to ask.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_CONTRACT_COMPARE_H
#define DATAMESH_CONTRACT_COMPARE_H

#include "nodes/pg_list.h"
#include "utils/jsonb.h"

/*
 * In the order in which the levels of single changes add up.  A change that is
 * held has no level until the publisher states one, and so outweighs a minor
 * one; next to a major change it no longer matters.
 */
typedef enum DmLevel
{
	DM_LEVEL_NONE, /* the documents say the same: of a whole comparison only */
	DM_LEVEL_PATCH,
	DM_LEVEL_MINOR,
	DM_LEVEL_HELD,
	DM_LEVEL_MAJOR,
} DmLevel;

typedef struct DmChange
{
	char *path;   /* in the new document; in the old one for what the new one lacks */
	char *change; /* what is different */
	DmLevel level;
	bool needs_approval;
	const char *reason; /* why that costs this level */
} DmChange;

/*
 * Compare two contract documents (ODCS).  The result is a List of DmChange *, in the order of
 * the documents' sections, NIL if nothing differs; palloc'd in the current context.  widening:
 * integer -> bigint and real -> double precision are minor changes.  Reads no catalog.
 * Documents that are no objects are an error (ERRCODE_DM_INVALID_CONTRACT).
 */
extern List *DmContractCompare(Jsonb *from, Jsonb *to, bool widening);

/*
 * The level that all changes together need.  *changes, unless changes is NULL, is set to the
 * list of them.
 */
extern DmLevel DmRequiredLevel(Jsonb *from, Jsonb *to, bool widening, List **changes);

/* none, patch, minor, held, major */
extern const char *DmLevelName(DmLevel level);

#endif /* DATAMESH_CONTRACT_COMPARE_H */
