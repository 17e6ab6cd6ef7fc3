/*-------------------------------------------------------------------------
 *
 * tuple.h
 *		Heap tuples formed one after the other in one block of memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_PUBLISH_TUPLE_H
#define DATAMESH_PUBLISH_TUPLE_H

#include "access/htup.h"
#include "access/tupdesc.h"

typedef struct DmTupleFormer DmTupleFormer;

/* A former for tuples of desc, in the current memory context; "size" bytes hold its tuples. */
extern DmTupleFormer *DmTupleFormerCreate(TupleDesc desc, Size size);

/*
 * The next tuple: valid until DmTupleFormerReset.  NULL if it does not fit, or has a value that
 * takes more than copying (toasted out of line, expanded, a C string): heap_form_tuple then makes it.
 */
extern HeapTuple DmTupleForm(DmTupleFormer *former, const Datum *values, const bool *nulls);
extern void DmTupleFormerReset(DmTupleFormer *former);

#endif /* DATAMESH_PUBLISH_TUPLE_H */
