/*-------------------------------------------------------------------------
 *
 * detect.h
 *		Which columns of a relation hold personal data, for the gate.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_MASKING_DETECT_H
#define DATAMESH_MASKING_DETECT_H

#include "nodes/pg_list.h"

typedef struct DmPiiHit
{
	const char *column;
	const char *detector;
	int percent;      /* how sure, 1 to 100 */
	const char *why;  /* in counts: no value is in it */
	const char *mask; /* a function of ours that takes the column's type, and its parameters */
} DmPiiHit;

/*
 * DmPiiHit * for each column and detector that found something in a sample of at most so many rows: by
 * column, the most certain first.  The sample is read with the rights of reader, in a
 * security-restricted operation; InvalidOid: as datamesh.detect_pii reads it.  Connects SPI itself.
 */
extern List *DmDetectPii(Oid relation, int64 rows, Oid reader);

#endif /* DATAMESH_MASKING_DETECT_H */
