/*-------------------------------------------------------------------------
 *
 * compare_access.h
 *		What the files share that compare who sees what:
 *
 *	compare_access.c	roles and stewards; the reports
 *	compare_mask.c		masks
 *	compare_personal.c	personal data
 *	compare_filter.c	row filters, lists of columns
 *	compare_custom.c	customProperties, where most of it stands
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_CONTRACT_COMPARE_ACCESS_H
#define DATAMESH_CONTRACT_COMPARE_ACCESS_H

#include "contract/compare_parts.h"

/* Readers see more, see less, or may see either. */
extern void DmDiffShowsMore(DmCompare *c, char *change);
extern void DmDiffShowsLess(DmCompare *c, char *change);
extern void DmDiffMaybeMore(DmCompare *c, char *change);

/* ---- compare_mask.c ---- */

extern DmDiffNode DmDiffRedacted(void); /* the mask of what has no other */
extern void DmCompareMask(DmCompare *c, const DmDiffFieldChange *field);
extern void DmCompareMaskingRules(DmCompare *c, const DmDiffFieldChange *field);

/* ---- compare_personal.c ---- */

extern void DmComparePropertyMask(DmCompare *c, const DmDiffFieldChange *field);
extern void DmComparePersonalColumns(DmCompare *c, const DmDiffFieldChange *field);
extern void DmCompareAccessPolicy(DmCompare *c, const DmDiffFieldChange *field);
extern void DmCompareAnonymity(DmCompare *c, const DmDiffFieldChange *field);

/* ---- compare_filter.c ---- */

extern void DmCompareRowFilter(DmCompare *c, const DmDiffFieldChange *field);
extern void DmCompareColumnList(DmCompare *c, const DmDiffFieldChange *field);

/* ---- compare_custom.c ---- */

/* Is it the name, or a list with it? */
extern bool DmDiffListsName(DmDiffNode value, const char *name);

#endif /* DATAMESH_CONTRACT_COMPARE_ACCESS_H */
