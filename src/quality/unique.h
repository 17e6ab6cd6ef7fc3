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

#include "quality/bytes.h"

#define DM_UNIQUE_PARTITIONS 256
#define DM_UNIQUE_MAX_HASHES 1000 /* duplicated hashes that a summary names */

typedef struct DmUniqueChunk
{
	struct DmUniqueChunk *older;
	uint64 *data;
	uint32 used; /* of all but the newest chunk of a partition */
} DmUniqueChunk;

typedef struct DmUniquePartition
{
	uint64 *next; /* room in the newest chunk */
	uint64 *end;
	DmUniqueChunk *newest;
	uint64 closed; /* hashes in the other chunks */
} DmUniquePartition;

typedef struct DmUnique
{
	MemoryContext parent;
	MemoryContext context; /* of all below; NULL after an overflow, or before the first hash */
	uint64 limit;          /* hashes that may be held */
	uint64 room;           /* hashes for which there is memory */
	bool overflow;
	uint64 mask; /* number of partitions - 1 */
	DmUniquePartition *partitions;
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
extern bool DmUniqueGrow(DmUnique *set, uint64 hash);
extern void DmUniqueMerge(DmUnique *into, const DmUnique *from);
extern bool DmUniqueOverflowed(const DmUnique *set);
extern void DmUniqueSummarise(const DmUnique *set, DmUniqueSummary *summary);
extern void DmUniqueWrite(DmWriter *w, const DmUnique *set);
extern void DmUniqueRead(DmReader *r, DmUnique *set);

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
