/*-------------------------------------------------------------------------
 *
 * settings.h
 *		The datamesh.* settings, all of them.  docs/reference/base.md explains
 *		each for users.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_BASE_SETTINGS_H
#define DATAMESH_BASE_SETTINGS_H

extern int dm_sample_keys;          /* failing keys kept per check */
extern int dm_max_contract_size;    /* kB of YAML or JSON that load_contract accepts */
extern int dm_switch_timeout;       /* ms that a publish waits to redefine a port */
extern int dm_open_access_requests; /* that one role may have made and nobody has decided */
extern bool dm_break_glass;         /* a superuser may do what the guard of DDL refuses */
extern char *dm_mask_key_file;      /* path, relative to the data directory */
extern bool dm_port_folding; /* plans take the release and the reader of a port for granted */

#endif /* DATAMESH_BASE_SETTINGS_H */
