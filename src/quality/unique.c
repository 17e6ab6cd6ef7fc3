/*-------------------------------------------------------------------------
 *
 * unique.c
 *		Which of many 64-bit hashes occur more than once.
 *
 * A hash set that grows to millions of entries misses the cache at every row.
 * So the scan only appends: each hash goes to one of 256 partitions by its top
 * byte, and 256 cache lines being written to stay in the cache.  Merging two
 * bags concatenates their partitions.  In the end the partitions, each small
 * enough for the cache, are deduplicated one by one (unique_count.c).
 *
 * A partition is a list of chunks, so that growing copies nothing.  A bag starts
 * with a single partition and is split when it has a few thousand hashes: small
 * groups of a GROUP BY stay small.
 *
 * A bag without an exchange holds at most "limit" hashes.  The one that would be too
 * many marks it as overflowed and gives all its memory back; from then on it
 * takes everything and knows nothing.  An overflow is contagious in a merge.
 *
 * A bag with an exchange (exchange.c) holds any number.  When memory has taken its share, the
 * newest chunk of a partition is written to a file each time that it is full, as
 * a block that names the partition's block before.  A bag that is to travel keeps
 * these newest chunks only, and writes even them in the end: what a worker hands to
 * the leader are the numbers of 256 blocks, however many rows there were, and the
 * hashes were written while the scan went on.
 *
 * What is true: whether memory, files or other processes have the hashes changes
 * nothing in what is found.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "quality/unique.h"

#define FIRST_CHUNK 16
#define SECOND_CHUNK 128
#define LARGEST_CHUNK 1024 /* 8 kB: the largest piece that a memory context cuts from a block */
#define SPLIT_AT 4096
#define FEWEST_IN_FILE 32768 /* with less, a bag that travels takes its hashes along */

void
DmUniqueInit(DmUnique *set, MemoryContext parent, Size memory)
{
	memset(set, 0, sizeof(DmUnique));
	set->parent = parent;
	set->limit = Min(memory / sizeof(uint64), DM_UNIQUE_LARGEST_LIMIT);
}

void
DmUniqueRaiseLimit(DmUnique *set, Size memory)
{
	set->limit = Max(set->limit, Min(memory / sizeof(uint64), DM_UNIQUE_LARGEST_LIMIT));
}

/* The chunks that are being filled take an eighth of the memory, if that is enough for them. */
void
DmUniqueUseExchange(DmUnique *set, DmExchange *exchange, Size memory, bool travels)
{
	Size words = memory / 8 / DM_UNIQUE_PARTITIONS / sizeof(uint64);
	Size filling;

	set->exchange = exchange;
	set->memory = memory;
	set->block = pg_prevpower2_size_t(Max(words, 1));
	set->block = Max(DM_UNIQUE_SMALLEST_BLOCK, Min(set->block, DM_UNIQUE_LARGEST_BLOCK));
	filling = set->block * DM_UNIQUE_PARTITIONS * sizeof(uint64);
	set->travels = travels;
	set->keep = travels || memory < filling ? 0 : (memory - filling) / sizeof(uint64);
}

static void
overflow(DmUnique *set)
{
	if (set->context)
		MemoryContextDelete(set->context);
	set->context = NULL;
	set->partitions = NULL;
	set->room = 0;
	set->overflow = true;
}

void
DmUniqueMakePartitions(DmUnique *set, int count)
{
	if (set->context == NULL)
		set->context =
			AllocSetContextCreate(set->parent, "datamesh unique hashes", 0, 1024, 1024 * 1024);
	set->partitions = MemoryContextAllocZero(set->context, count * sizeof(DmUniquePartition));
	set->mask = count - 1;
}

/* Hashes in memory. */
static uint64
count(const DmUnique *set)
{
	uint64 result = 0;

	for (int i = 0; set->partitions && i <= set->mask; i++)
		result += dm_unique_in_memory(&set->partitions[i]);
	return result;
}

/*
 * More than the limit may be held where chunks had room left.  Whether that is an overflow must
 * not depend on how rows were spread over workers.
 */
bool
DmUniqueOverflowed(const DmUnique *set)
{
	return set->overflow || (set->exchange == NULL && count(set) > set->limit);
}

/* Put a chunk before the others of a partition; "used" of its "room" hashes are there. */
static DmUniqueChunk *
push_chunk(DmUnique *set, DmUniquePartition *partition, uint64 *data, uint32 used, uint32 room)
{
	DmUniqueChunk *chunk = MemoryContextAlloc(set->context, sizeof(DmUniqueChunk));

	if (partition->newest)
	{
		partition->newest->used = dm_unique_newest_used(partition);
		partition->closed += partition->newest->used;
	}
	chunk->older = partition->newest;
	chunk->data = data;
	chunk->used = used;
	chunk->block = false;
	partition->newest = chunk;
	partition->next = data + used;
	partition->end = data + room;
	set->room += room;
	return chunk;
}

void
DmUniquePushChunk(DmUnique *set, int partition, uint64 *data, uint32 used)
{
	(void) push_chunk(set, &set->partitions[partition], data, used, used);
}

/*
 * With an exchange, a partition soon has a chunk that is a block, with its link before the hashes;
 * else chunks double.
 */
static void
grow_partition(DmUnique *set, DmUniquePartition *partition)
{
	uint64 have = dm_unique_in_memory(partition);
	bool block = set->exchange && set->mask > 0 && have >= Min(set->block / 8, SECOND_CHUNK);
	uint32 room = Min(Max(have, FIRST_CHUNK), LARGEST_CHUNK);
	uint64 *data;

	if (set->exchange && set->mask > 0)
		room = block ? set->block - 1 : have < FIRST_CHUNK ? FIRST_CHUNK : SECOND_CHUNK;
	data = MemoryContextAlloc(set->context, (room + block) * sizeof(uint64));
	push_chunk(set, partition, data + block, 0, room)->block = block;
}

/* From one partition to all. */
static void
split(DmUnique *set)
{
	DmUnique old = *set;
	uint64 limit = set->limit;
	DmUniquePartition *partition = &old.partitions[0];
	uint32 used = dm_unique_newest_used(partition);

	set->context = NULL;
	set->room = 0;
	set->limit = PG_UINT64_MAX; /* what is there already fits */
	DmUniqueMakePartitions(set, DM_UNIQUE_PARTITIONS);
	for (DmUniqueChunk *chunk = partition->newest; chunk; chunk = chunk->older)
	{
		for (uint32 i = 0; i < used; i++)
			dm_unique_add(set, chunk->data[i]);
		used = chunk->older ? chunk->older->used : 0;
	}
	set->limit = limit;
	MemoryContextDelete(old.context);
}

/* ---- files ---- */

DmUniqueFile *
DmUniqueAddFile(DmUnique *set)
{
	DmUniqueFile *file = MemoryContextAllocZero(set->parent, sizeof(DmUniqueFile));

	file->next = set->files;
	set->files = file;
	return file;
}

static void
begin_writing(DmUnique *set)
{
	MemoryContext old = MemoryContextSwitchTo(set->parent);

	set->own = DmUniqueAddFile(set);
	set->own->block = set->block;
	set->writer = DmExchangeNewFile(set->exchange, &set->own->number);
	MemoryContextSwitchTo(old);
}

/* Empty the newest chunk of a partition, which is a block. */
static void
write_block(DmUnique *set, int number)
{
	DmUniquePartition *partition = &set->partitions[number];
	uint64 *block = partition->newest->data - 1;
	DmUniqueFile *file;

	if (set->writer == NULL)
		begin_writing(set);
	file = set->own;
	block[0] = file->newest[number];
	BufFileWrite(set->writer, block, set->block * sizeof(uint64));
	file->newest[number] = ++file->blocks;
	file->held[number]++;
	partition->next = partition->newest->data;
}

/* The last hashes of all partitions, and an end of the memory that they took. */
static void
write_tail(DmUnique *set)
{
	if (set->writer == NULL)
		begin_writing(set);
	for (int i = 0; i < DM_UNIQUE_PARTITIONS; i++)
	{
		DmUniquePartition *partition = &set->partitions[i];
		uint32 used = dm_unique_newest_used(partition);

		set->own->tail[i] = dm_unique_in_memory(partition);
		for (DmUniqueChunk *chunk = partition->newest; chunk; chunk = chunk->older)
		{
			BufFileWrite(set->writer, chunk->data, used * sizeof(uint64));
			used = chunk->older ? chunk->older->used : 0;
		}
	}
	MemoryContextDelete(set->context);
	set->context = NULL;
	set->room = 0;
	DmUniqueMakePartitions(set, DM_UNIQUE_PARTITIONS);
}

void
DmUniqueSettle(DmUnique *set)
{
	if (set->exchange == NULL)
		return;
	if (set->travels && set->mask > 0 && (set->writer || count(set) >= FEWEST_IN_FILE))
		write_tail(set);
	if (set->writer)
		DmExchangeCloseNew(set->writer);
	set->writer = NULL;
	set->own = NULL;
}

/* ---- adding ---- */

/* Make room for a hash; false if there can be none.  Moves the partitions. */
bool
DmUniqueGrow(DmUnique *set, uint64 hash)
{
	DmUniquePartition *partition;
	int number;

	if (set->overflow)
		return false;

	/* the memory taken is a bound of the hashes held: counting is for when it gets near */
	if (set->exchange == NULL && set->room >= set->limit && count(set) >= set->limit)
	{
		overflow(set);
		return false;
	}
	if (set->partitions == NULL)
		DmUniqueMakePartitions(set, 1);
	if (set->mask == 0 && dm_unique_in_memory(&set->partitions[0]) >= SPLIT_AT)
		split(set);
	number = (hash >> 56) & set->mask;
	partition = &set->partitions[number];
	if (partition->next != partition->end)
		return true;
	if (partition->newest && partition->newest->block && set->room >= set->keep)
		write_block(set, number);
	else
		grow_partition(set, partition);
	return true;
}

/* ---- merging ---- */

/* Copy all hashes that memory has of a partition to one place. */
static uint64 *
copy_partition(const DmUniquePartition *partition, uint64 *to)
{
	uint32 used = dm_unique_newest_used(partition);

	for (DmUniqueChunk *chunk = partition->newest; chunk; chunk = chunk->older)
	{
		memcpy(to, chunk->data, used * sizeof(uint64));
		to += used;
		used = chunk->older ? chunk->older->used : 0;
	}
	return to;
}

/* Both have all partitions: a single block of memory takes what is added. */
static void
merge_partitions(DmUnique *into, const DmUnique *from, uint64 added)
{
	uint64 *block = MemoryContextAllocHuge(into->context, Max(added, 1) * sizeof(uint64));

	for (int i = 0; i < DM_UNIQUE_PARTITIONS; i++)
	{
		uint64 *end = copy_partition(&from->partitions[i], block);

		if (end != block)
			DmUniquePushChunk(into, i, block, end - block);
		block = end;
	}
}

static void
merge_files(DmUnique *into, DmUnique *from)
{
	for (DmUniqueFile *file = from->files; file; file = file->next)
	{
		DmUniqueFile *copy = DmUniqueAddFile(into);
		DmUniqueFile *next = copy->next;

		*copy = *file;
		copy->next = next;
	}
}

void
DmUniqueMerge(DmUnique *into, DmUnique *from)
{
	uint64 added;

	if (into->overflow)
		return;
	DmUniqueSettle(from);
	added = count(from);
	if (from->overflow || (into->exchange == NULL && count(into) + added > into->limit))
	{
		overflow(into);
		return;
	}
	merge_files(into, from);
	if (added == 0)
		return;
	if (from->mask == 0)
	{
		uint32 used = dm_unique_newest_used(&from->partitions[0]);

		for (DmUniqueChunk *chunk = from->partitions[0].newest; chunk; chunk = chunk->older)
		{
			for (uint32 i = 0; i < used; i++)
				dm_unique_add(into, chunk->data[i]);
			used = chunk->older ? chunk->older->used : 0;
		}
		return;
	}
	if (into->partitions == NULL)
		DmUniqueMakePartitions(into, DM_UNIQUE_PARTITIONS);
	else if (into->mask == 0)
		split(into);
	merge_partitions(into, from, added);
}

/* ---- reading ---- */

struct DmUniqueReading
{
	DmUnique *set;
	BufFile **files; /* as set->files */
	uint64 *block;
};

DmUniqueReading *
DmUniqueBeginReading(DmUnique *set)
{
	DmUniqueReading *reading = palloc0(sizeof(DmUniqueReading));
	int nfiles = 0;

	DmUniqueSettle(set);
	reading->set = set;
	for (DmUniqueFile *file = set->files; file; file = file->next)
		nfiles++;
	reading->files = palloc0(Max(nfiles, 1) * sizeof(BufFile *));
	nfiles = 0;
	for (DmUniqueFile *file = set->files; file; file = file->next)
		reading->files[nfiles++] = DmExchangeOpenFile(set->exchange, file->number);
	if (nfiles > 0)
		reading->block = palloc(DM_UNIQUE_LARGEST_BLOCK * sizeof(uint64));
	return reading;
}

void
DmUniqueEndReading(DmUniqueReading *reading)
{
	int nfiles = 0;

	for (DmUniqueFile *file = reading->set->files; file; file = file->next)
		BufFileClose(reading->files[nfiles++]);
	if (reading->block)
		pfree(reading->block);
	pfree(reading->files);
	pfree(reading);
}

uint64
DmUniqueHeld(const DmUnique *set, int partition)
{
	uint64 held = dm_unique_in_memory(&set->partitions[partition]);

	for (const DmUniqueFile *file = set->files; file; file = file->next)
		held += file->held[partition] * (file->block - 1) + file->tail[partition];
	return held;
}

static void
read_words(DmUniqueReading *reading, BufFile *from, uint64 first, uint32 words)
{
	Size size = words * sizeof(uint64);

	CHECK_FOR_INTERRUPTS();
	if (BufFileSeek(from, 0, (off_t) (first * sizeof(uint64)), SEEK_SET) != 0 ||
		BufFileRead(from, reading->block, size) != size)
		ereport(ERROR,
				(errcode(ERRCODE_IO_ERROR), errmsg("could not read hashes from a temporary file")));
}

static bool
visit_tail(DmUniqueReading *reading, BufFile *from, const DmUniqueFile *file, int partition,
		   DmUniqueVisitor visitor, void *arg)
{
	uint64 first = file->blocks * file->block;
	uint32 left = file->tail[partition];

	for (int i = 0; i < partition; i++)
		first += file->tail[i];
	while (left > 0)
	{
		uint32 words = Min(left, DM_UNIQUE_LARGEST_BLOCK);

		read_words(reading, from, first, words);
		if (!visitor(arg, reading->block, words))
			return false;
		first += words;
		left -= words;
	}
	return true;
}

static bool
visit_file(DmUniqueReading *reading, BufFile *from, const DmUniqueFile *file, int partition,
		   DmUniqueVisitor visitor, void *arg)
{
	uint64 number = file->newest[partition];

	for (uint64 i = 0; i < file->held[partition]; i++)
	{
		if (number == 0 || number > file->blocks)
			elog(ERROR, "a block of hashes names one that is not there");
		read_words(reading, from, (number - 1) * file->block, file->block);
		if (!visitor(arg, reading->block + 1, file->block - 1))
			return false;
		number = reading->block[0];
	}
	return visit_tail(reading, from, file, partition, visitor, arg);
}

bool
DmUniqueVisit(DmUniqueReading *reading, int partition, DmUniqueVisitor visitor, void *arg)
{
	DmUniquePartition *in_memory = &reading->set->partitions[partition];
	uint32 used = dm_unique_newest_used(in_memory);
	int nfiles = 0;

	for (DmUniqueChunk *chunk = in_memory->newest; chunk; chunk = chunk->older)
	{
		CHECK_FOR_INTERRUPTS();
		if (!visitor(arg, chunk->data, used))
			return false;
		used = chunk->older ? chunk->older->used : 0;
	}
	for (DmUniqueFile *file = reading->set->files; file; file = file->next)
		if (!visit_file(reading, reading->files[nfiles++], file, partition, visitor, arg))
			return false;
	return true;
}
