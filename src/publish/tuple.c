/*-------------------------------------------------------------------------
 *
 * tuple.c
 *		Heap tuples formed one after the other in blocks of memory.
 *
 * A release is as fast to publish as its tuples are to form: heap_form_tuple,
 * which looks at every value twice and allocates, is a third of the copying.
 * Here a tuple is written in one pass, behind the one before, in the layout that
 * heap_form_tuple gives it (src/include/access/htup_details.h): the header, a
 * bitmap of nulls if there are any, and the values, each aligned for its type,
 * varlenas with short headers where they may.  The space between values is
 * zeroed, because a reader tells a short varlena from padding by that.
 *
 * Whatever is not plain copying is left to heap_form_tuple.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/tupmacs.h"

#include "base/compat.h"
#include "publish/tuple.h"

/* What is formed here may end so far behind the block; what is longer is not formed here. */
#define ROW_RESERVE (16 * 1024)

#define TUPLE_OFFSET MAXALIGN(sizeof(HeapTupleData))

typedef struct Column
{
	int16 length; /* attlen */
	bool by_value;
	bool packable;   /* may have a short header */
	uint8 alignment; /* in bytes */
} Column;

struct DmTupleFormer
{
	TupleDesc desc;
	int natts;
	MemoryContext context;
	DmTupleBlock *block;
	char *next; /* free from here */
	char *end;  /* of the block's memory */
	bool taken; /* the next tuple begins it anew */
	Column columns[FLEXIBLE_ARRAY_MEMBER];
};

static uint8
alignment_of(char attalign)
{
	switch (attalign)
	{
		case TYPALIGN_CHAR:
			return 1;
		case TYPALIGN_SHORT:
			return ALIGNOF_SHORT;
		case TYPALIGN_INT:
			return ALIGNOF_INT;
		default:
			return ALIGNOF_DOUBLE;
	}
}

/* What one long tuple took is given back. */
static void
reset(DmTupleFormer *former)
{
	Size size = DM_BLOCK_BYTES + ROW_RESERVE;

	if (former->block == NULL || former->end - (char *) former->block > size)
	{
		if (former->block != NULL)
			pfree(former->block);
		former->block = MemoryContextAlloc(former->context, size);
		former->end = (char *) former->block + size;
	}
	former->block->count = 0;
	former->next = former->block->tuples;
	former->taken = false;
}

DmTupleFormer *
DmTupleFormerCreate(TupleDesc desc)
{
	DmTupleFormer *former = palloc(offsetof(DmTupleFormer, columns) + desc->natts * sizeof(Column));

	former->desc = desc;
	former->natts = desc->natts;
	former->context = CurrentMemoryContext;
	former->block = NULL;
	reset(former);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		former->columns[i].length = att->attlen;
		former->columns[i].by_value = att->attbyval;
		former->columns[i].packable = att->attstorage != TYPSTORAGE_PLAIN;
		former->columns[i].alignment = alignment_of(att->attalign);
	}
	return former;
}

/* Zero bytes up to the alignment. */
static inline char *
pad(char *at, int alignment)
{
	char *aligned = (char *) TYPEALIGN(alignment, (uintptr_t) at);

	while (at < aligned)
		*at++ = 0;
	return at;
}

/* Copy a value that is not by-value; NULL if that takes more than copying, or space. */
static inline char *
put_reference(const Column *column, char *at, const char *end, Datum value)
{
	char *from = DatumGetPointer(value);
	Size size;

	if (column->length > 0)
	{
		size = column->length;
		if (at + MAXIMUM_ALIGNOF + size > end)
			return NULL;
		at = pad(at, column->alignment);
	}
	else if (column->length != -1 || VARATT_IS_EXTERNAL(from))
		return NULL;
	else if (VARATT_IS_SHORT(from))
	{
		size = VARSIZE_SHORT(from);
		if (at + size > end)
			return NULL;
	}
	else if (column->packable && VARATT_CAN_MAKE_SHORT(from))
	{
		size = VARATT_CONVERTED_SHORT_SIZE(from);
		if (at + size > end)
			return NULL;
		SET_VARSIZE_SHORT(at, size);
		memcpy(at + 1, VARDATA(from), size - 1);
		return at + size;
	}
	else
	{
		size = VARSIZE(from);
		if (at + MAXIMUM_ALIGNOF + size > end)
			return NULL;
		at = pad(at, column->alignment);
	}
	memcpy(at, from, size);
	return at + size;
}

/* The values behind the header; returns where they end, NULL if it cannot be done here. */
static char *
put_values(const DmTupleFormer *former, HeapTupleHeader header, const Datum *values,
		   const bool *nulls)
{
	char *at = (char *) header + header->t_hoff;

	for (int i = 0; i < former->natts; i++)
	{
		const Column *column = &former->columns[i];

		if (nulls[i])
			continue;
		if (column->by_value)
		{
			if (at + 2 * MAXIMUM_ALIGNOF > former->end)
				return NULL;
			at = pad(at, column->alignment);
			store_att_byval(at, values[i], column->length);
			at += column->length;
			continue;
		}
		if (column->length < 0)
			header->t_infomask |= HEAP_HASVARWIDTH;
		at = put_reference(column, at, former->end, values[i]);
		if (at == NULL)
			return NULL;
	}
	return at;
}

static void
put_null_bitmap(const DmTupleFormer *former, HeapTupleHeader header, const bool *nulls)
{
	header->t_infomask |= HEAP_HASNULL;
	for (int i = 0; i < former->natts; i++)
		if (!nulls[i])
			header->t_bits[i >> 3] |= 1 << (i & 0x07);
}

/* The next tuple, written where it will stand; NULL if it cannot be done here. */
static HeapTuple
form(DmTupleFormer *former, const Datum *values, const bool *nulls)
{
	HeapTuple tuple = (HeapTuple) former->next;
	HeapTupleHeader header = (HeapTupleHeader) (former->next + TUPLE_OFFSET);
	bool has_nulls = false;
	Size header_size;
	char *end;

	for (int i = 0; i < former->natts; i++)
		has_nulls |= nulls[i];
	header_size = MAXALIGN(SizeofHeapTupleHeader + (has_nulls ? BITMAPLEN(former->natts) : 0));
	if ((char *) header + header_size > former->end)
		return NULL;

	memset(header, 0, header_size);
	ItemPointerSetInvalid(&header->t_ctid);
	HeapTupleHeaderSetNatts(header, former->natts);
	header->t_hoff = header_size;
	if (has_nulls)
		put_null_bitmap(former, header, nulls);
	end = put_values(former, header, values, nulls);
	if (end == NULL)
		return NULL;
	tuple->t_len = end - (char *) header;
	return tuple;
}

/* Room for so many bytes more. */
static void
enlarge(DmTupleFormer *former, Size needed)
{
	Size used = former->next - (char *) former->block;

	if (needed <= former->end - former->next)
		return;
	former->block = repalloc(former->block, used + needed);
	former->next = (char *) former->block + used;
	former->end = former->next + needed;
}

/* The same, made by PostgreSQL. */
static HeapTuple
form_otherwise(DmTupleFormer *former, const Datum *values, const bool *nulls)
{
	HeapTuple made =
		heap_form_tuple(former->desc, unconstify(Datum *, values), unconstify(bool *, nulls));
	HeapTuple tuple;

	enlarge(former, TUPLE_OFFSET + MAXALIGN(made->t_len));
	tuple = (HeapTuple) former->next;
	tuple->t_len = made->t_len;
	memcpy(former->next + TUPLE_OFFSET, made->t_data, made->t_len);
	heap_freetuple(made);
	return tuple;
}

bool
DmTupleFormerAdd(DmTupleFormer *former, const Datum *values, const bool *nulls)
{
	HeapTuple tuple;

	if (former->taken)
		reset(former);
	tuple = form(former, values, nulls);
	if (tuple == NULL)
		tuple = form_otherwise(former, values, nulls);
	tuple->t_tableOid = InvalidOid;
	ItemPointerSetInvalid(&tuple->t_self);
	former->next = (char *) tuple + TUPLE_OFFSET + MAXALIGN(tuple->t_len);
	former->block->count++;
	return former->next - (char *) former->block < DM_BLOCK_BYTES &&
		   former->block->count < DM_BLOCK_TUPLES;
}

DmTupleBlock *
DmTupleFormerTake(DmTupleFormer *former)
{
	DmTupleBlock *block = former->block;

	if (former->taken || block->count == 0)
		return NULL;
	SET_VARSIZE(block, former->next - (char *) block);
	former->taken = true;
	return block;
}

/*
 * A tuple that a datum stood in may have shortened its header, or put it where tuples must not
 * begin.
 */
DmTupleBlock *
DmTupleBlockOf(Datum datum)
{
	struct varlena *value = (struct varlena *) DatumGetPointer(datum);

	if (VARATT_IS_SHORT(value) || value != (struct varlena *) MAXALIGN((uintptr_t) value))
		value = pg_detoast_datum_copy(value);
	return (DmTupleBlock *) value;
}

HeapTuple
DmTupleBlockNext(DmTupleBlock *block, HeapTuple last)
{
	HeapTuple tuple = last == NULL
						  ? (HeapTuple) block->tuples
						  : (HeapTuple) ((char *) last + TUPLE_OFFSET + MAXALIGN(last->t_len));

	if ((char *) tuple >= (char *) block + VARSIZE(block))
		return NULL;
	tuple->t_data = (HeapTupleHeader) ((char *) tuple + TUPLE_OFFSET);
	return tuple;
}
