/*-------------------------------------------------------------------------
 *
 * unique_store.c
 *		The stored form of a bag of hashes.
 *
 *	limit			number of hashes
 *	form			one byte: 0, 1 after an overflow, 2 if there are files
 *	partitions		their number (0: none), padding, and for each a count and its hashes
 *	files			in form 2: their number, and for each its number in the exchange, words of a
 *					block, blocks, and for each partition the newest block, their number and that
 *					of the hashes in the tail
 *
 * Form 2 means something to the processes of one query only, as long as the exchange is there.
 * To nobody else: it is read only where the specification names an exchange that is found.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "quality/unique.h"

#define FORM_WHOLE 0
#define FORM_OVERFLOW 1
#define FORM_FILES 2

static void
write_files(DmWriter *w, const DmUnique *set)
{
	uint32 nfiles = 0;

	for (const DmUniqueFile *file = set->files; file; file = file->next)
		nfiles++;
	dm_write32(w, nfiles);
	for (const DmUniqueFile *file = set->files; file; file = file->next)
	{
		dm_write32(w, file->number);
		dm_write32(w, file->block);
		dm_write64(w, file->blocks);
		for (int i = 0; i < DM_UNIQUE_PARTITIONS; i++)
		{
			dm_write64(w, file->newest[i]);
			dm_write64(w, file->held[i]);
			dm_write32(w, file->tail[i]);
		}
	}
}

static void
write_partition(DmWriter *w, const DmUniquePartition *partition)
{
	uint32 used = dm_unique_newest_used(partition);

	dm_write64(w, dm_unique_in_memory(partition));
	for (DmUniqueChunk *chunk = partition->newest; chunk; chunk = chunk->older)
	{
#ifdef WORDS_BIGENDIAN
		for (uint32 j = 0; j < used; j++)
			dm_write64(w, chunk->data[j]);
#else
		dm_write(w, chunk->data, used * sizeof(uint64));
#endif
		used = chunk->older ? chunk->older->used : 0;
	}
}

void
DmUniqueWrite(DmWriter *w, DmUnique *set)
{
	bool overflow = DmUniqueOverflowed(set);
	int npartitions;
	int form;

	DmUniqueSettle(set);
	npartitions = set->partitions && !overflow ? set->mask + 1 : 0;
	form = overflow ? FORM_OVERFLOW : set->files ? FORM_FILES : FORM_WHOLE;
	dm_write64(w, set->limit);
	dm_write8(w, form);
	dm_write32(w, npartitions);
	dm_write_padding(w);
	for (int i = 0; i < npartitions; i++)
		write_partition(w, &set->partitions[i]);
	if (form == FORM_FILES)
		write_files(w, set);
}

/* Where they are, if they may stay there and can be read there; else a copy. */
static uint64 *
read_hashes(DmReader *r, DmUnique *set, uint64 size)
{
	const char *bytes;
	uint64 *data;

	if (size > (r->end - r->p) / sizeof(uint64))
		dm_read_fail();
	bytes = dm_read(r, size * sizeof(uint64));
#ifndef WORDS_BIGENDIAN
	if (r->borrow && (uintptr_t) bytes % sizeof(uint64) == 0)
		return (uint64 *) bytes;
#endif
	data = MemoryContextAllocHuge(set->context, size * sizeof(uint64));
	memcpy(data, bytes, size * sizeof(uint64));
#ifdef WORDS_BIGENDIAN
	for (uint64 i = 0; i < size; i++)
		data[i] = dm_little64(data[i]);
#endif
	return data;
}

static void
read_partition(DmReader *r, DmUnique *set, int number)
{
	uint64 size = dm_read64(r);
	uint64 *data;
	uint64 wrong = 0;

	if (size == 0)
		return;
	data = read_hashes(r, set, size);
	/* a hash in the wrong partition would not meet its equals */
	for (uint64 i = 0; i < size; i++)
		wrong |= ((data[i] >> 56) & set->mask) ^ number;
	if (wrong)
		dm_read_fail();
	DmUniquePushChunk(set, number, data, size);
}

static void
read_file(DmReader *r, DmUnique *set)
{
	DmUniqueFile *file = DmUniqueAddFile(set);

	file->number = dm_read32(r);
	file->block = dm_read32(r);
	file->blocks = dm_read64(r);
	if (file->block < DM_UNIQUE_SMALLEST_BLOCK || file->block > DM_UNIQUE_LARGEST_BLOCK)
		dm_read_fail();
	for (int i = 0; i < DM_UNIQUE_PARTITIONS; i++)
	{
		file->newest[i] = dm_read64(r);
		file->held[i] = dm_read64(r);
		file->tail[i] = dm_read32(r);
		if (file->held[i] > file->blocks)
			dm_read_fail();
	}
}

static void
read_files(DmReader *r, DmUnique *set)
{
	uint32 nfiles = dm_read32(r);

	if (set->exchange == NULL || set->mask + 1 != DM_UNIQUE_PARTITIONS || nfiles > r->end - r->p)
		dm_read_fail();
	for (uint32 i = 0; i < nfiles; i++)
		read_file(r, set);
}

/* set has been initialised; one that has borrowed its hashes must not be added to */
void
DmUniqueRead(DmReader *r, DmUnique *set)
{
	uint64 limit = dm_read64(r);
	uint32 npartitions;
	uint8 form;

	if (limit > DM_UNIQUE_LARGEST_LIMIT)
		dm_read_fail();
	set->limit = limit;
	form = dm_read8(r);
	if (form > FORM_FILES)
		dm_read_fail();
	set->overflow = form == FORM_OVERFLOW;
	npartitions = dm_read32(r);
	if (npartitions != 0 && npartitions != 1 && npartitions != DM_UNIQUE_PARTITIONS)
		dm_read_fail();
	if (npartitions > 0 && set->overflow)
		dm_read_fail();
	dm_read_padding(r);
	if (npartitions > 0)
		DmUniqueMakePartitions(set, npartitions);
	for (int i = 0; i < npartitions; i++)
		read_partition(r, set, i);
	if (form == FORM_FILES)
		read_files(r, set);
}
