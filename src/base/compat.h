/*-------------------------------------------------------------------------
 *
 * compat.h
 *		Every difference between the PostgreSQL versions we build on.
 *
 * Code elsewhere is written for the newest version known here and uses the
 * names below where an older one lacks them.  No other file tests
 * PG_VERSION_NUM.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_BASE_COMPAT_H
#define DATAMESH_BASE_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "datamesh needs PostgreSQL 15 or later"
#endif

#endif /* DATAMESH_BASE_COMPAT_H */
