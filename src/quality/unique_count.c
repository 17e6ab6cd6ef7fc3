/*-------------------------------------------------------------------------
 *
 * unique_count.c
 *		Count the hashes of a bag that occur more than once, partition by partition.
 *
 * A partition is first looked through with a table of 32-bit tags, which fits the
 * nearest caches and says of most partitions that nothing is there twice.  Where
 * something may be, an open-addressing table of the hashes counts.
 *
 * The table takes no more than the bag's share of memory.  A partition of a bag in files that has
 * more distinct hashes than that is divided: its hashes, rotated by the byte that
 * made the partition, go to a bag of their own, whose partitions are 256 times smaller.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "quality/unique.h"

#define FEWEST_SLOTS 64
#define LARGEST_GUESS 32768 /* hashes that a table is made for before they are seen */
#define SMALL_TABLE 4096    /* slots that there may be in any case */
#define DEEPEST 6           /* then, bytes that made partitions leave two to find a slot by */

/* The table that one partition at a time is deduplicated in. */
typedef struct Table
{
	uint64 most_slots; /* 0: any number */
	bool full;
	uint64 nslots;
	uint64 used;
	uint64 *slots;  /* hashes; 0 is a free slot */
	uint64 *extra;  /* occurrences beyond the first */
	bool any_extra; /* extra is not all zero */
	uint64 zeros;   /* occurrences of the hash 0 */
} Table;

typedef struct Tags
{
	uint32 *tags;
	uint64 mask;
} Tags;

typedef struct Counting
{
	Table table;
	Tags tags;
	DmUniqueSummary *summary;
} Counting;

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

static void
free_table(Table *table)
{
	pfree(table->slots);
	pfree(table->extra);
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

	if (table->most_slots > 0 && old.nslots * 2 > table->most_slots)
	{
		table->full = true;
		return;
	}
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
	free_table(&old);
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

/* A visitor; stops when the table is full. */
static bool
count_hashes(void *arg, const uint64 *hashes, uint32 n)
{
	Table *table = arg;

	for (uint32 i = 0; i < n && !table->full; i++)
		count_hash(table, hashes[i]);
	return !table->full;
}

/* A visitor; stops at the first tag that is there already. */
static bool
look_for_tags(void *arg, const uint64 *hashes, uint32 n)
{
	Tags look = *(Tags *) arg;

	for (uint32 i = 0; i < n; i++)
	{
		uint64 hash = hashes[i];
		uint32 tag = (uint32) (hash >> 24) | 1; /* 0 is a free slot */
		uint64 slot = hash & look.mask;

		while (look.tags[slot] != 0)
		{
			if (look.tags[slot] == tag)
				return false;
			slot = (slot + 1) & look.mask;
		}
		look.tags[slot] = tag;
	}
	return true;
}

/* A first look: is there anything in it that might be there twice?  "held" is its size. */
static bool
might_have_duplicates(Counting *counting, DmUniqueReading *reading, int partition, uint64 held)
{
	uint64 nslots = pg_nextpower2_64(held * 3 / 2 + 1);

	counting->tags.mask = nslots - 1;
	memset(counting->tags.tags, 0, nslots * sizeof(uint32));
	return !DmUniqueVisit(reading, partition, look_for_tags, &counting->tags);
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

static inline uint64
rotate_left(uint64 hash, int bytes)
{
	return bytes == 0 ? hash : hash << (8 * bytes) | hash >> (64 - 8 * bytes);
}

static inline uint64
rotate_right(uint64 hash, int bytes)
{
	return bytes == 0 ? hash : hash >> (8 * bytes) | hash << (64 - 8 * bytes);
}

/*
 * Add the duplicates of a partition.  Partitions come in ascending order of their hashes, and so do
 * those of a divided partition: what they are rotated by is the same for all of them.
 */
static void
summarise_table(Table *table, int depth, DmUniqueSummary *summary)
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
		for (int i = 0; i < taken; i++)
			summary->hashes[summary->nhashes++] = rotate_right(found[i], depth);
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
		free_table(table);
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
	table->full = false;
}

/* A visitor that fills the bag of a divided partition. */
static bool
add_rotated(void *arg, const uint64 *hashes, uint32 n)
{
	for (uint32 i = 0; i < n; i++)
		dm_unique_add(arg, rotate_left(hashes[i], 1));
	return true;
}

static void summarise(Counting *counting, DmUnique *set, int depth);

static void
divide(Counting *counting, DmUniqueReading *reading, DmUnique *set, int partition, int depth)
{
	DmUnique parts;
	MemoryContext context =
		AllocSetContextCreate(CurrentMemoryContext, "datamesh unique parts", ALLOCSET_SMALL_SIZES);

	DmUniqueInit(&parts, context, 0);
	DmUniqueUseExchange(&parts, set->exchange, set->memory, true);
	(void) DmUniqueVisit(reading, partition, add_rotated, &parts);
	summarise(counting, &parts, depth + 1);
	for (DmUniqueFile *file = parts.files; file; file = file->next)
		DmExchangeDeleteFile(set->exchange, file->number);
	MemoryContextDelete(context);
}

static void
summarise(Counting *counting, DmUnique *set, int depth)
{
	DmUniqueReading *reading = DmUniqueBeginReading(set);
	Table *table = &counting->table;

	table->most_slots = 0;
	if (set->exchange && depth < DEEPEST)
		table->most_slots =
			Max(SMALL_TABLE, pg_prevpower2_64(Max(set->memory / (3 * sizeof(uint64) * 2), 1)));
	for (int i = 0; set->partitions && i <= set->mask; i++)
	{
		uint64 held = DmUniqueHeld(set, i);

		if (held < 2 ||
			(held <= LARGEST_GUESS && !might_have_duplicates(counting, reading, i, held)))
			continue;
		clear_table(table, held);
		if (DmUniqueVisit(reading, i, count_hashes, table))
			summarise_table(table, depth, counting->summary);
		else
			divide(counting, reading, set, i, depth);
	}
	DmUniqueEndReading(reading);
}

void
DmUniqueSummarise(DmUnique *set, DmUniqueSummary *summary)
{
	Counting counting = {0};

	memset(summary, 0, sizeof(DmUniqueSummary));
	summary->hashes = palloc(DM_UNIQUE_MAX_HASHES * sizeof(uint64));
	counting.summary = summary;
	counting.tags.tags = palloc(2 * LARGEST_GUESS * sizeof(uint32));
	make_table(&counting.table, FEWEST_SLOTS);
	summarise(&counting, set, 0);
	pfree(counting.tags.tags);
	free_table(&counting.table);
}
