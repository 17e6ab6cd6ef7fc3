/*-------------------------------------------------------------------------
 *
 * module.c
 *		What happens when the library is loaded: settings, callbacks and hooks.
 *
 * Every area that needs to be set up at load time offers one Init function;
 * _PG_init is the list of them.  Hooks of guards are set by shared_preload_libraries only: what a
 * session could leave out, or gets after its first statements, would be no guard.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/compat.h"
#include "base/module.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(dm_library_version);
PG_FUNCTION_INFO_V1(dm_library_preloaded);

void _PG_init(void);

static bool preloaded = false;

void
_PG_init(void)
{
	preloaded = process_shared_preload_libraries_in_progress;
	DmSessionInit();
	DmSettingsInit();
	DmQualityInit();
	DmAccessInit();
	DmFoldInit();
	DmCopyScanInit();
	if (preloaded)
	{
		DmLastUseInit();
		DmGuardUtilityInit();
		DmExplainInit();
	}
}

Datum
dm_library_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(DATAMESH_VERSION));
}

Datum
dm_library_preloaded(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(preloaded);
}
