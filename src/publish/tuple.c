/*-------------------------------------------------------------------------
 *
 * tuple.c
 *		Heap tuples formed one after the other in one block of memory.
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

typedef struct Column
{
	int16 length; /* attlen */
	bool by_value;
	bool packable;   /* may have a short header */
	uint8 alignment; /* in bytes */
} Column;

struct DmTupleFormer
{
	int natts;
	Oid type;
	int32 typmod;
	char *begin; /* of the block */
	char *end;
	char *next; /* free from here */
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

DmTupleFormer *
DmTupleFormerCreate(TupleDesc desc, Size size)
{
	DmTupleFormer *former = palloc(offsetof(DmTupleFormer, columns) + desc->natts * sizeof(Column));

	former->natts = desc->natts;
	former->begin = palloc(size);
	former->end = former->begin + size;
	former->next = former->begin;
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

void
DmTupleFormerReset(DmTupleFormer *former)
{
	former->next = former->begin;
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

HeapTuple
DmTupleForm(DmTupleFormer *former, const Datum *values, const bool *nulls)
{
	HeapTuple tuple = (HeapTuple) former->next;
	HeapTupleHeader header = (HeapTupleHeader) (former->next + MAXALIGN(sizeof(HeapTupleData)));
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
	tuple->t_tableOid = InvalidOid;
	tuple->t_data = header;
	ItemPointerSetInvalid(&tuple->t_self);
	former->next = (char *) MAXALIGN((uintptr_t) end);
	return tuple;
}
