/*-------------------------------------------------------------------------
 *
 * compare_rule.h
 *		What the files share that compare quality rules:
 *
 *	compare_rule.c		rules and their fields; the reports
 *	compare_result.c	thresholds: the results that pass
 *	compare_value.c		the limits of values
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_CONTRACT_COMPARE_RULE_H
#define DATAMESH_CONTRACT_COMPARE_RULE_H

#include "utils/numeric.h"

#include "contract/compare_parts.h"

extern void DmDiffLooser(DmCompare *c, char *change);
extern void DmDiffTighter(DmCompare *c, char *change);
extern void DmDiffByOrder(DmCompare *c, DmDiffOrder order, char *change);
/* Of a condition that can be there or not, and whose content we cannot weigh. */
extern DmDiffOrder DmDiffOrderOfPresence(const DmDiffFieldChange *field);

/* ---- compare_result.c ---- */

extern int DmDiffNumbers(Numeric a, Numeric b); /* as strcmp does */
extern bool DmDiffNumber(DmDiffNode node, Numeric *value);
extern bool DmDiffIsLibrary(DmDiffNode rule);
extern int DmDiffSeverity(DmDiffNode severity);     /* 0 to 2 (error) */
extern const char *DmDiffOperator(DmDiffNode rule); /* mustBe and so on; NULL: none */
extern char *DmDiffShowThreshold(DmDiffNode rule);
extern void DmCompareThreshold(DmCompare *c, DmDiffNode from, DmDiffNode to);
extern bool DmDiffCountsFailures(DmCompare *c, DmDiffNode rule);

/* ---- compare_value.c ---- */

extern void DmCompareMissingValues(DmCompare *c, const DmDiffFieldChange *field);
extern void DmCompareKeyColumns(DmCompare *c, const DmDiffFieldChange *field);
extern void DmComparePattern(DmCompare *c, const DmDiffFieldChange *field);
extern void DmCompareMinimum(DmCompare *c, const DmDiffFieldChange *field);
extern void DmCompareMaximum(DmCompare *c, const DmDiffFieldChange *field);
extern void DmCompareMin(DmCompare *c, const DmDiffFieldChange *field);
extern void DmCompareMax(DmCompare *c, const DmDiffFieldChange *field);
extern void DmCompareLeast(DmCompare *c, const DmDiffFieldChange *field);
extern void DmCompareMost(DmCompare *c, const DmDiffFieldChange *field);
extern void DmCompareMultipleOf(DmCompare *c, const DmDiffFieldChange *field);

#endif /* DATAMESH_CONTRACT_COMPARE_RULE_H */
