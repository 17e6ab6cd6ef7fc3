/*-------------------------------------------------------------------------
 *
 * compile_read.h
 *		What the files share that read a contract for DmAccessCompile: compile.c,
 *		compile_column.c and compile_rows.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_ACCESS_COMPILE_READ_H
#define DATAMESH_ACCESS_COMPILE_READ_H

#include "access/compile.h"

#define DM_ACCESS_LEVELS 2 /* the contract itself, and its object */

/* Where custom properties may stand that are about the whole product. */
typedef struct DmAccessLevel
{
	const DmNode *node;
	const DmPath *path;
} DmAccessLevel;

typedef struct DmAccessLevels
{
	DmAccessLevel level[DM_ACCESS_LEVELS];
	DmPath schema;
	DmPath object;
} DmAccessLevels;

/* A custom property that was found, and the path to its value. */
typedef struct DmAccessCustom
{
	const DmNode *value;
	DmPath list;
	DmPath member;
	DmPath whole; /* the custom property's value */
	DmPath here;  /* that, or a key of it */
} DmAccessCustom;

/* Is the name in a list of names (char *)? */
extern bool DmAccessHasName(List *names, const char *name);
/* The column or consumer of a name; an unknown one is a problem at the path. */
extern DmAccessColumn *DmAccessRequireColumn(DmAccess *access, const DmPath *path,
											 const char *name);
extern bool DmAccessRequireConsumer(DmAccess *access, const DmPath *path, const char *name);
/*
 * A custom property of a node; and one of the product at a level, in the forms that it may have there:
 * datamesh.x, x, and x within access_policy.
 */
#define DM_ACCESS_FORMS 3
extern bool DmAccessFindCustom(const DmNode *node, const DmPath *path, const char *property,
							   DmAccessCustom *custom);
extern bool DmAccessFindProductCustom(const DmAccessLevel *level, const char *property, int form,
									  DmAccessCustom *custom);

/* The steps of DmAccessCompile: columns and their masks, rows and small groups, and whether each mask fits. */
extern void DmAccessReadColumns(DmAccess *access, const DmAccessLevels *levels,
								const DmNode *document);
extern void DmAccessReadRows(DmAccess *access, const DmAccessLevels *levels);
extern void DmAccessCheckMasks(DmAccess *access);

#endif /* DATAMESH_ACCESS_COMPILE_READ_H */
