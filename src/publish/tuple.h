/*-------------------------------------------------------------------------
 *
 * tuple.h
 *		Heap tuples formed one after the other in blocks of memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_PUBLISH_TUPLE_H
#define DATAMESH_PUBLISH_TUPLE_H

#include "access/htup.h"
#include "access/tupdesc.h"

/*
 * A block of tuples: a varlena, so that it may stand in a tuple of its own and travel between processes.
 * Each tuple is a HeapTupleData, behind it what its t_data points to where the block was made, and
 * space up to the next multiple of MAXIMUM_ALIGNOF.
 */
typedef struct DmTupleBlock
{
	int32 vl_len_; /* see SET_VARSIZE */
	int32 count;
	char tuples[FLEXIBLE_ARRAY_MEMBER];
} DmTupleBlock;

/*
 * A block has at most so many tuples; it ends with the tuple that makes it as large as that.  A worker's queue
 * holds 64 kB: several blocks, so that neither side waits for the other to be done with a whole one.
 */
#define DM_BLOCK_BYTES (12 * 1024)
#define DM_BLOCK_TUPLES 256

typedef struct DmTupleFormer DmTupleFormer;

/* Forms tuples of desc, in the current memory context. */
extern DmTupleFormer *DmTupleFormerCreate(TupleDesc desc);

/* Add a tuple to the block; false if that makes it full. */
extern bool DmTupleFormerAdd(DmTupleFormer *former, const Datum *values, const bool *nulls);

/* The block, NULL if nothing has been added since the last one.  It is good until the next Add. */
extern DmTupleBlock *DmTupleFormerTake(DmTupleFormer *former);

/* The block that came as a datum, ready to be read; the tuples of it, one after the other. */
extern DmTupleBlock *DmTupleBlockOf(Datum datum);
extern HeapTuple DmTupleBlockNext(DmTupleBlock *block, HeapTuple last);

#endif /* DATAMESH_PUBLISH_TUPLE_H */
