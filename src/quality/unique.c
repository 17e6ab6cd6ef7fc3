/*-------------------------------------------------------------------------
 *
 * unique.c
 *		Which of many 64-bit hashes occur more than once.
 *
 * A hash set that grows to millions of entries misses the cache at every row.
 * So the scan only appends: each hash goes to one of 256 partitions by its top
 * byte, and 256 cache lines being written to stay in the cache.  Merging two
 * bags concatenates their partitions.  In the end the partitions, each small
 * enough for the cache, are deduplicated one by one in an open-addressing table.
 *
 * A partition is a list of chunks, so that growing copies nothing.  A bag starts
 * with a single partition and is split when it has a few thousand hashes: small
 * groups of a GROUP BY stay small.
 *
 * What is true: a bag holds at most "limit" hashes.  The one that would be too
 * many marks it as overflowed and gives all its memory back; from then on it
 * takes everything and knows nothing.  An overflow is contagious in a merge.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "quality/unique.h"

#define FIRST_CHUNK 16
#define LARGEST_CHUNK 1024 /* 8 kB: the largest piece that a memory context cuts from a block */
#define SPLIT_AT 4096
#define FEWEST_SLOTS 64
#define LARGEST_GUESS 32768 /* hashes that a table is made for before they are seen */

/*
 * A stored state must fit in one varlena with everything else in it, so that no bag may be
 * larger than half of one, whatever the memory settings say.
 */
#define LARGEST_LIMIT (MaxAllocSize / 2 / sizeof(uint64))

void
DmUniqueInit(DmUnique *set, MemoryContext parent, Size memory)
{
	memset(set, 0, sizeof(DmUnique));
	set->parent = parent;
	set->limit = Min(memory / sizeof(uint64), LARGEST_LIMIT);
}

void
DmUniqueRaiseLimit(DmUnique *set, Size memory)
{
	set->limit = Max(set->limit, Min(memory / sizeof(uint64), LARGEST_LIMIT));
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

static void
make_partitions(DmUnique *set, int count)
{
	if (set->context == NULL)
		set->context =
			AllocSetContextCreate(set->parent, "datamesh unique hashes", 0, 1024, 1024 * 1024);
	set->partitions = MemoryContextAllocZero(set->context, count * sizeof(DmUniquePartition));
	set->mask = count - 1;
}

static uint32
newest_used(const DmUniquePartition *partition)
{
	return partition->newest ? partition->next - partition->newest->data : 0;
}

static uint64
partition_count(const DmUniquePartition *partition)
{
	return partition->closed + newest_used(partition);
}

static uint64
count(const DmUnique *set)
{
	uint64 result = 0;

	for (int i = 0; set->partitions && i <= set->mask; i++)
		result += partition_count(&set->partitions[i]);
	return result;
}

/*
 * More than the limit may be held where chunks had room left.  Whether that is an overflow must
 * not depend on how rows were spread over workers.
 */
bool
DmUniqueOverflowed(const DmUnique *set)
{
	return set->overflow || count(set) > set->limit;
}

/* Put a chunk before the others of a partition; "used" of its "room" hashes are there. */
static void
push_chunk(DmUnique *set, DmUniquePartition *partition, uint64 *data, uint32 used, uint32 room)
{
	DmUniqueChunk *chunk = MemoryContextAlloc(set->context, sizeof(DmUniqueChunk));

	if (partition->newest)
	{
		partition->newest->used = newest_used(partition);
		partition->closed += partition->newest->used;
	}
	chunk->older = partition->newest;
	chunk->data = data;
	chunk->used = used;
	partition->newest = chunk;
	partition->next = data + used;
	partition->end = data + room;
}

static void
grow_partition(DmUnique *set, DmUniquePartition *partition)
{
	uint64 have = partition_count(partition);
	uint32 room = Min(Max(have, FIRST_CHUNK), LARGEST_CHUNK);

	push_chunk(set, partition, MemoryContextAlloc(set->context, room * sizeof(uint64)), 0, room);
	set->room += room;
}

/* From one partition to all. */
static void
split(DmUnique *set)
{
	DmUnique old = *set;
	uint64 limit = set->limit;
	DmUniquePartition *partition = &old.partitions[0];
	uint32 used = newest_used(partition);

	set->context = NULL;
	set->room = 0;
	set->limit = PG_UINT64_MAX; /* what is there already fits */
	make_partitions(set, DM_UNIQUE_PARTITIONS);
	for (DmUniqueChunk *chunk = partition->newest; chunk; chunk = chunk->older)
	{
		for (uint32 i = 0; i < used; i++)
			dm_unique_add(set, chunk->data[i]);
		used = chunk->older ? chunk->older->used : 0;
	}
	set->limit = limit;
	MemoryContextDelete(old.context);
}

/* Make room for a hash; false if there can be none.  Moves the partitions. */
bool
DmUniqueGrow(DmUnique *set, uint64 hash)
{
	DmUniquePartition *partition;

	if (set->overflow)
		return false;

	/* the memory taken is a bound of the hashes held: counting is for when it gets near */
	if (set->room >= set->limit && count(set) >= set->limit)
	{
		overflow(set);
		return false;
	}
	if (set->partitions == NULL)
		make_partitions(set, 1);
	if (set->mask == 0 && partition_count(&set->partitions[0]) >= SPLIT_AT)
		split(set);
	partition = &set->partitions[(hash >> 56) & set->mask];
	if (partition->next == partition->end)
		grow_partition(set, partition);
	return true;
}

/* Copy all hashes of a partition to one place. */
static uint64 *
copy_partition(const DmUniquePartition *partition, uint64 *to)
{
	uint32 used = newest_used(partition);

	for (DmUniqueChunk *chunk = partition->newest; chunk; chunk = chunk->older)
	{
		memcpy(to, chunk->data, used * sizeof(uint64));
		to += used;
		used = chunk->older ? chunk->older->used : 0;
	}
	return to;
}

/* Both have all partitions: a single block takes what is added. */
static void
merge_partitions(DmUnique *into, const DmUnique *from, uint64 added)
{
	uint64 *block = MemoryContextAllocHuge(into->context, Max(added, 1) * sizeof(uint64));

	for (int i = 0; i < DM_UNIQUE_PARTITIONS; i++)
	{
		uint64 *end = copy_partition(&from->partitions[i], block);

		if (end != block)
		{
			DmUniquePartition *partition = &into->partitions[i];

			push_chunk(into, partition, block, end - block, end - block);
		}
		block = end;
	}
	into->room += added;
}

void
DmUniqueMerge(DmUnique *into, const DmUnique *from)
{
	uint64 added = count(from);

	if (into->overflow)
		return;
	if (from->overflow || count(into) + added > into->limit)
	{
		overflow(into);
		return;
	}
	if (added == 0)
		return;
	if (from->mask == 0)
	{
		uint32 used = newest_used(&from->partitions[0]);

		for (DmUniqueChunk *chunk = from->partitions[0].newest; chunk; chunk = chunk->older)
		{
			for (uint32 i = 0; i < used; i++)
				dm_unique_add(into, chunk->data[i]);
			used = chunk->older ? chunk->older->used : 0;
		}
		return;
	}
	if (into->partitions == NULL)
		make_partitions(into, DM_UNIQUE_PARTITIONS);
	else if (into->mask == 0)
		split(into);
	merge_partitions(into, from, added);
}

/* The table that one partition at a time is deduplicated in. */
typedef struct Table
{
	uint64 nslots;
	uint64 used;
	uint64 *slots;  /* hashes; 0 is a free slot */
	uint64 *extra;  /* occurrences beyond the first */
	bool any_extra; /* extra is not all zero */
	uint64 zeros;   /* occurrences of the hash 0 */
} Table;

static void
make_table(Table *table, uint64 nslots)
{
	table->nslots = nslots;
	table->used = 0;
	table->any_extra = false;
	table->slots = MemoryContextAllocExtended(CurrentMemoryContext, nslots * sizeof(uint64),
											  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	table->extra = MemoryContextAllocExtended(CurrentMemoryContext, nslots * sizeof(uint64),
											  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

static inline uint64
find_slot(const Table *table, uint64 hash)
{
	uint64 mask = table->nslots - 1;
	uint64 slot = hash & mask;

	while (table->slots[slot] != 0 && table->slots[slot] != hash)
		slot = (slot + 1) & mask;
	return slot;
}

static void
double_table(Table *table)
{
	Table old = *table;

	make_table(table, old.nslots * 2);
	for (uint64 i = 0; i < old.nslots; i++)
	{
		if (old.slots[i] != 0)
		{
			uint64 slot = find_slot(table, old.slots[i]);

			table->slots[slot] = old.slots[i];
			table->extra[slot] = old.extra[i];
		}
	}
	table->used = old.used;
	table->any_extra = old.any_extra;
	pfree(old.slots);
	pfree(old.extra);
}

static inline void
count_hash(Table *table, uint64 hash)
{
	uint64 slot;

	if (unlikely(hash == 0))
	{
		table->zeros++;
		return;
	}
	slot = find_slot(table, hash);
	if (table->slots[slot] == hash)
	{
		table->extra[slot]++;
		table->any_extra = true;
		return;
	}
	table->slots[slot] = hash;
	if (unlikely(++table->used > table->nslots / 2))
		double_table(table);
}

static void
count_partition(Table *table, const DmUniquePartition *partition)
{
	uint32 used = newest_used(partition);

	for (DmUniqueChunk *chunk = partition->newest; chunk; chunk = chunk->older)
	{
		CHECK_FOR_INTERRUPTS();
		for (uint32 i = 0; i < used; i++)
			count_hash(table, chunk->data[i]);
		used = chunk->older ? chunk->older->used : 0;
	}
}

/*
 * A first look at a partition: is there anything in it that might be there twice?  The table
 * holds 32 bits of each hash only, so that it fits the nearest cache; a false alarm costs the
 * second look.
 */
static bool
might_have_duplicates(const DmUniquePartition *partition, uint32 *tags, uint64 nslots)
{
	uint32 used = newest_used(partition);
	uint64 mask = nslots - 1;

	memset(tags, 0, nslots * sizeof(uint32));
	for (DmUniqueChunk *chunk = partition->newest; chunk; chunk = chunk->older)
	{
		CHECK_FOR_INTERRUPTS();
		for (uint32 i = 0; i < used; i++)
		{
			uint64 hash = chunk->data[i];
			uint32 tag = (uint32) (hash >> 24) | 1; /* 0 is a free slot */
			uint64 slot = hash & mask;

			while (tags[slot] != 0)
			{
				if (tags[slot] == tag)
					return true;
				slot = (slot + 1) & mask;
			}
			tags[slot] = tag;
		}
		used = chunk->older ? chunk->older->used : 0;
	}
	return false;
}

static int
compare_hashes(const void *a, const void *b)
{
	uint64 x = *(const uint64 *) a;
	uint64 y = *(const uint64 *) b;

	return (x > y) - (x < y);
}

static void
note_duplicate(DmUniqueSummary *summary, uint64 extra)
{
	summary->candidates++;
	summary->excess += extra;
	summary->in_groups += extra + 1;
}

/* Add the duplicates of a partition.  Partitions come in ascending order of their hashes. */
static void
summarise_table(Table *table, DmUniqueSummary *summary)
{
	uint64 *found;
	uint64 nfound = 0;
	int taken;

	if (!table->any_extra && table->zeros < 2)
		return;
	found = MemoryContextAllocHuge(CurrentMemoryContext, (table->used + 1) * sizeof(uint64));
	if (table->zeros > 1)
	{
		found[nfound++] = 0;
		note_duplicate(summary, table->zeros - 1);
	}
	for (uint64 i = 0; i < table->nslots; i++)
	{
		if (table->extra[i] > 0)
		{
			found[nfound++] = table->slots[i];
			note_duplicate(summary, table->extra[i]);
		}
	}
	taken = Min(nfound, DM_UNIQUE_MAX_HASHES - summary->nhashes);
	if (taken > 0)
	{
		qsort(found, nfound, sizeof(uint64), compare_hashes);
		memcpy(summary->hashes + summary->nhashes, found, taken * sizeof(uint64));
		summary->nhashes += taken;
	}
	pfree(found);
}

/* Forget a partition's hashes; a table that is too small for the next one is replaced. */
static void
clear_table(Table *table, uint64 expected)
{
	uint64 nslots = pg_nextpower2_64(Max(Min(expected, LARGEST_GUESS) * 2 + 1, FEWEST_SLOTS));

	if (nslots > table->nslots || table->nslots > nslots * 8)
	{
		pfree(table->slots);
		pfree(table->extra);
		make_table(table, nslots);
	}
	else
	{
		memset(table->slots, 0, table->nslots * sizeof(uint64));
		if (table->any_extra)
			memset(table->extra, 0, table->nslots * sizeof(uint64));
	}
	table->used = 0;
	table->any_extra = false;
	table->zeros = 0;
}

/* summary->hashes is palloc'd in the current context.  Not for a set that overflowed. */
void
DmUniqueSummarise(const DmUnique *set, DmUniqueSummary *summary)
{
	Table table = {0};
	uint32 *tags = palloc(2 * LARGEST_GUESS * sizeof(uint32));

	memset(summary, 0, sizeof(DmUniqueSummary));
	summary->hashes = palloc(DM_UNIQUE_MAX_HASHES * sizeof(uint64));
	make_table(&table, FEWEST_SLOTS);
	for (int i = 0; set->partitions && i <= set->mask; i++)
	{
		uint64 held = partition_count(&set->partitions[i]);

		if (held <= LARGEST_GUESS &&
			!might_have_duplicates(&set->partitions[i], tags, pg_nextpower2_64(held * 3 / 2 + 1)))
			continue;
		clear_table(&table, held);
		count_partition(&table, &set->partitions[i]);
		summarise_table(&table, summary);
	}
	pfree(tags);
	pfree(table.slots);
	pfree(table.extra);
}

/* limit, overflow, number of partitions (0: none), padding, each a count and its hashes */
void
DmUniqueWrite(DmWriter *w, const DmUnique *set)
{
	int npartitions = set->partitions && !DmUniqueOverflowed(set) ? set->mask + 1 : 0;

	dm_write64(w, set->limit);
	dm_write8(w, DmUniqueOverflowed(set));
	dm_write32(w, npartitions);
	dm_write_padding(w);
	for (int i = 0; i < npartitions; i++)
	{
		const DmUniquePartition *partition = &set->partitions[i];
		uint32 used = newest_used(partition);

		dm_write64(w, partition_count(partition));
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
	push_chunk(set, &set->partitions[number], data, size, size);
	set->room += size;
}

/* set has been initialised; one that has borrowed its hashes must not be added to */
void
DmUniqueRead(DmReader *r, DmUnique *set)
{
	uint64 limit = dm_read64(r);
	uint32 npartitions;

	if (limit > LARGEST_LIMIT)
		dm_read_fail();
	set->limit = limit;
	set->overflow = dm_read_bool(r);
	npartitions = dm_read32(r);
	if (npartitions != 0 && npartitions != 1 && npartitions != DM_UNIQUE_PARTITIONS)
		dm_read_fail();
	if (npartitions > 0 && set->overflow)
		dm_read_fail();
	dm_read_padding(r);
	if (npartitions > 0)
		make_partitions(set, npartitions);
	for (int i = 0; i < npartitions; i++)
		read_partition(r, set, i);
}
