/*-------------------------------------------------------------------------
 *
 * module.h
 *		The Init functions that _PG_init calls, one for each area that has something
 *		to set up when the library is loaded.  Each is defined in its area, which
 *		includes this; base knows no more of the areas than these names.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_BASE_MODULE_H
#define DATAMESH_BASE_MODULE_H

extern void DmSessionInit(void);
extern void DmSettingsInit(void);
extern void DmQualityInit(void); /* quality/rules.c: reads the rules of contracts that are loaded */
extern void DmAccessInit(void);
extern void DmLastUseInit(void);  /* access/last_use.c: shared memory */
extern void DmFoldInit(void);     /* reading/fold_plan.c: hooks of the planner and the executor */
extern void DmCopyScanInit(void); /* publish/copy_scan.c: a node of the executor */

/* Hooks of guards, which are there for every session or for none: shared_preload_libraries only. */
extern void DmGuardUtilityInit(void);
extern void DmExplainInit(void);

#endif /* DATAMESH_BASE_MODULE_H */
