/*-------------------------------------------------------------------------
 *
 * settings.c
 *		The datamesh.* settings.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "utils/guc.h"

#include "base/module.h"
#include "base/settings.h"

int dm_sample_keys = 5;
int dm_max_contract_size = 10 * 1024;
int dm_switch_timeout = 60 * 1000;
int dm_open_access_requests = 50;
bool dm_break_glass = false;
char *dm_mask_key_file = NULL;
bool dm_port_folding = true;

void
DmSettingsInit(void)
{
	DefineCustomIntVariable("datamesh.sample_keys",
							"How many keys of failing rows a check result keeps.",
							"0 keeps none: results then hold no data at all.", &dm_sample_keys, 5,
							0, 100, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("datamesh.max_contract_size", "Largest contract document accepted.",
							NULL, &dm_max_contract_size, 10 * 1024, 1, 256 * 1024, PGC_SUSET,
							GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable(
		"datamesh.switch_timeout",
		"How long a publish that changes the shape of a port waits for its readers.",
		"A publish that keeps the columns never waits for readers. 0 waits without end.",
		&dm_switch_timeout, 60 * 1000, 0, INT_MAX, PGC_USERSET, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable(
		"datamesh.open_access_requests", "How many requests for access of one role may be open.",
		"One that was withdrawn counts for a day. 0: nobody can ask.", &dm_open_access_requests, 50,
		0, INT_MAX, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable(
		"datamesh.break_glass", "Lets a superuser do what the guard of DDL refuses.",
		"Each statement that it lets pass is written to the event log.", &dm_break_glass, false,
		PGC_SUSET, GUC_DISALLOW_IN_FILE | GUC_NOT_IN_SAMPLE, NULL, NULL, NULL);
	DefineCustomStringVariable(
		"datamesh.mask_key_file", "The file that holds the keys of masks.",
		"Relative to the data directory. Its permissions must be 0600 or narrower.",
		&dm_mask_key_file, "datamesh_mask.key", PGC_SUSET, GUC_SUPERUSER_ONLY, NULL, NULL, NULL);
	DefineCustomBoolVariable("datamesh.port_folding",
							 "Plans queries on ports for the release and the reader of the moment.",
							 "What was taken for granted is looked up again at every execution. "
							 "Off: it is looked up for "
							 "every row.",
							 &dm_port_folding, true, PGC_USERSET, GUC_NOT_IN_SAMPLE, NULL, NULL,
							 NULL);
	MarkGUCPrefixReserved("datamesh");
}
