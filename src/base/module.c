/*-------------------------------------------------------------------------
 *
 * module.c
 *		What happens when the library is loaded: settings, and nothing else.
 *
 * Every area that needs to be set up at load time offers one Init function;
 * _PG_init is the list of them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/settings.h"
#include "base/compat.h"

PG_MODULE_MAGIC;

void _PG_init(void);

void
_PG_init(void)
{
	DmSettingsInit();
}
