/*-------------------------------------------------------------------------
 *
 * odcs.h
 *		The parts of the Open Data Contract Standard v3.1 that meet in odcs.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_CONTRACT_ODCS_H
#define DATAMESH_CONTRACT_ODCS_H

#include "contract/shape.h"

/* What nearly every object of the standard may have. */
#define ID F("id", S, .check = DmCheckStableId)
#define TAGS F("tags", A, .item_kinds = S)
#define DEFINITIONS OBJECTS("authoritativeDefinitions", dm_definition_shape)
#define CUSTOM(checker) OBJECTS("customProperties", dm_custom_shape, .check = checker)

extern const DmShape dm_definition_shape; /* odcs_custom.c */
extern const DmShape dm_custom_shape;
extern void DmCheckStableId(DmValidator *v, const DmPath *path, const DmNode *node);

/* customProperties of ours, by where they stand */
extern void DmCheckCustomRoot(DmValidator *v, const DmPath *path, const DmNode *node);
extern void DmCheckCustomObject(DmValidator *v, const DmPath *path, const DmNode *node);
extern void DmCheckCustomProperty(DmValidator *v, const DmPath *path, const DmNode *node);
extern void DmCheckCustomRole(DmValidator *v, const DmPath *path, const DmNode *node);
extern void DmCheckCustomOther(DmValidator *v, const DmPath *path, const DmNode *node);

extern const DmShape dm_quality_shape; /* odcs_quality.c */
extern void DmCheckPattern(DmValidator *v, const DmPath *path, const DmNode *node);

extern const DmShape dm_object_shape; /* odcs_schema.c: an entry of schema, and all below it */
extern void DmCheckUniqueNames(DmValidator *v, const DmPath *path, const DmNode *list);

#endif /* DATAMESH_CONTRACT_ODCS_H */
