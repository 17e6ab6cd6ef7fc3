/*-------------------------------------------------------------------------
 *
 * unique.h
 *		A bag of 64-bit hashes that can be added to fast, merged, and asked in
 *		the end which hashes are in it more than once.
 *
 * See unique.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_QUALITY_UNIQUE_H
#define DATAMESH_QUALITY_UNIQUE_H

#include "utils/memutils.h"

#include "quality/bytes.h"
#include "quality/exchange.h"

#define DM_UNIQUE_PARTITIONS 256
#define DM_UNIQUE_MAX_HASHES 1000 /* duplicated hashes that a summary names */
/*
 * A stored state must fit in one varlena with everything else in it, so that no bag may be
 * larger than half of one, whatever the memory settings say.
 */
#define DM_UNIQUE_LARGEST_LIMIT (MaxAllocSize / 2 / sizeof(uint64))

#define DM_UNIQUE_LARGEST_BLOCK 1024
#define DM_UNIQUE_SMALLEST_BLOCK 64

typedef struct DmUniqueChunk
{
	struct DmUniqueChunk *older;
	uint64 *data;
	uint32 used; /* of all but the newest chunk of a partition */
	bool block;  /* as large as a block of the file, and the link stands before the data */
} DmUniqueChunk;

typedef struct DmUniquePartition
{
	uint64 *next; /* room in the newest chunk */
	uint64 *end;
	DmUniqueChunk *newest;
	uint64 closed; /* hashes in the other chunks */
} DmUniquePartition;

/*
 * What one process has written: blocks of 64-bit words, the first of which is the number of the
 * block before of the same partition.  Blocks are numbered from 1, and 0 is none.  Behind the
 * blocks stands the tail: the last hashes of each partition in turn.
 */
typedef struct DmUniqueFile
{
	struct DmUniqueFile *next;
	uint32 number; /* in the exchange */
	uint32 block;  /* words of a block */
	uint64 blocks; /* in the file */
	uint64 newest[DM_UNIQUE_PARTITIONS];
	uint64 held[DM_UNIQUE_PARTITIONS]; /* blocks */
	uint32 tail[DM_UNIQUE_PARTITIONS]; /* hashes */
} DmUniqueFile;

typedef struct DmUnique
{
	MemoryContext parent;
	MemoryContext context; /* of all below; NULL after an overflow, or before the first hash */
	uint64 limit;          /* hashes that may be held, unless there is an exchange */
	uint64 room;           /* hashes for which there is memory */
	bool overflow;
	uint64 mask; /* number of partitions - 1 */
	DmUniquePartition *partitions;

	DmExchange *exchange; /* for hashes that memory has no room for; NULL: there is none */
	Size memory;          /* bytes for those that it has room for, and for counting them */
	uint64 keep;          /* that is so many hashes */
	uint32 block;
	bool travels;
	DmUniqueFile *files; /* this process' own and those that were merged; below parent */
	DmUniqueFile *own;   /* the one being written */
	BufFile *writer;
} DmUnique;

typedef struct DmUniqueSummary
{
	uint64 candidates; /* hashes that are there more than once */
	uint64 excess;
	uint64 in_groups;
	int nhashes;
	uint64 *hashes; /* the smallest of the candidates, ascending */
} DmUniqueSummary;

extern void DmUniqueInit(DmUnique *set, MemoryContext parent, Size memory);
extern void DmUniqueRaiseLimit(DmUnique *set, Size memory);

/*
 * Beyond "memory" bytes, hashes go to a file; of a bag that travels to another process all do
 * that would make it large.  An exchange knows no overflow.
 */
extern void DmUniqueUseExchange(DmUnique *set, DmExchange *exchange, Size memory, bool travels);

extern bool DmUniqueGrow(DmUnique *set, uint64 hash);
extern void DmUniqueMerge(DmUnique *into, DmUnique *from);
extern bool DmUniqueOverflowed(const DmUnique *set);

/* Before what was written is read, and before the bag is thrown away or handed over. */
extern void DmUniqueSettle(DmUnique *set);

/* All hashes of one partition, some at a time, until the visitor returns false: then false. */
typedef bool (*DmUniqueVisitor)(void *arg, const uint64 *hashes, uint32 n);
typedef struct DmUniqueReading DmUniqueReading;

extern DmUniqueReading *DmUniqueBeginReading(DmUnique *set);
extern bool DmUniqueVisit(DmUniqueReading *reading, int partition, DmUniqueVisitor visitor,
						  void *arg);
extern void DmUniqueEndReading(DmUniqueReading *reading);
extern uint64 DmUniqueHeld(const DmUnique *set, int partition);

/* unique_count.c: summary->hashes is palloc'd in the current context.  Not for an overflow. */
extern void DmUniqueSummarise(DmUnique *set, DmUniqueSummary *summary);

/* unique_store.c */
extern void DmUniqueWrite(DmWriter *w, DmUnique *set);
extern void DmUniqueRead(DmReader *r, DmUnique *set); /* one that was initialised */

/* unique.c, for the two above */
extern void DmUniqueMakePartitions(DmUnique *set, int count);
extern void DmUniquePushChunk(DmUnique *set, int partition, uint64 *data, uint32 used);
extern DmUniqueFile *DmUniqueAddFile(DmUnique *set);

static inline uint32
dm_unique_newest_used(const DmUniquePartition *partition)
{
	return partition->newest ? partition->next - partition->newest->data : 0;
}

static inline uint64
dm_unique_in_memory(const DmUniquePartition *partition)
{
	return partition->closed + dm_unique_newest_used(partition);
}

static inline void
dm_unique_add(DmUnique *set, uint64 hash)
{
	DmUniquePartition *partition;

	if (unlikely(set->partitions == NULL) && !DmUniqueGrow(set, hash))
		return;
	partition = &set->partitions[(hash >> 56) & set->mask];
	if (unlikely(partition->next == partition->end))
	{
		if (!DmUniqueGrow(set, hash))
			return;
		partition = &set->partitions[(hash >> 56) & set->mask];
	}
	*partition->next++ = hash;
}

#endif /* DATAMESH_QUALITY_UNIQUE_H */
