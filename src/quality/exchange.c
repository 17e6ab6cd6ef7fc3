/*-------------------------------------------------------------------------
 *
 * exchange.c
 *		Temporary files that all processes of one parallel query can write and read.
 *
 * A state of an aggregate travels between processes as one value, which is copied
 * several times on its way and is bounded by 1 GB; a worker's own temporary files do
 * not travel at all.  So the leader makes a set of shared files before the query
 * (as the executor does for a parallel hash join), and what is large goes into
 * these, written while the scan goes on.  What travels is where it is.
 *
 * The set is told to workers by the number of a segment of shared memory.  A number
 * that somebody made up finds nothing: a segment is looked at by the process that
 * made it and by those who work for it, and by nobody else.
 *
 * What is kept true: the segment belongs to the resource owner under which it was made, and files
 * to that under which they were opened.  So after an error, or when the session is
 * cancelled or killed, both are gone without anybody's doing; after a crash the next start
 * of the server removes the files, as it does all temporary ones.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/dsm.h"
#include "storage/proc.h"
#include "storage/sharedfileset.h"

#include "quality/exchange.h"

#define EXCHANGE_MAGIC UINT64CONST(0x646D5F65786368)

/* Stands in shared memory. */
struct DmExchange
{
	uint64 magic;
	dsm_handle handle;
	int leader; /* whose it is: a process */
	int sharers;
	pg_atomic_uint32 files;
	SharedFileSet fileset;
};

DmExchange *
DmExchangeCreate(int sharers)
{
	dsm_segment *segment;
	DmExchange *exchange;

	if (!IsUnderPostmaster)
		return NULL;
	segment = dsm_create(sizeof(DmExchange), DSM_CREATE_NULL_IF_MAXSEGMENTS);
	if (segment == NULL)
		return NULL;
	exchange = dsm_segment_address(segment);
	exchange->handle = dsm_segment_handle(segment);
	exchange->leader = MyProcPid;
	exchange->sharers = Max(sharers, 1);
	pg_atomic_init_u32(&exchange->files, 0);
	SharedFileSetInit(&exchange->fileset, segment);
	exchange->magic = EXCHANGE_MAGIC;
	return exchange;
}

/* Its files are removed by whoever is the last to leave. */
void
DmExchangeDrop(DmExchange *exchange)
{
	dsm_detach(dsm_find_mapping(exchange->handle));
}

Size
DmExchangeShare(const DmExchange *exchange)
{
	return get_hash_memory_limit() / exchange->sharers;
}

uint32
DmExchangeHandle(const DmExchange *exchange)
{
	return exchange->handle;
}

/* The process for which this one works: itself, unless it is a parallel worker. */
static int
leader_of_this(void)
{
	return MyProc->lockGroupLeader ? MyProc->lockGroupLeader->pid : MyProcPid;
}

static DmExchange *
exchange_of(dsm_segment *segment)
{
	DmExchange *exchange = dsm_segment_address(segment);

	if (dsm_segment_map_length(segment) < sizeof(DmExchange) || exchange->magic != EXCHANGE_MAGIC ||
		exchange->leader != leader_of_this())
		return NULL;
	return exchange;
}

DmExchange *
DmExchangeFind(uint32 handle)
{
	dsm_segment *segment;
	DmExchange *exchange;

	if (handle == DSM_HANDLE_INVALID)
		return NULL;
	segment = dsm_find_mapping(handle);
	if (segment != NULL)
		return exchange_of(segment);
	if (!IsParallelWorker())
		return NULL;
	segment = dsm_attach(handle);
	if (segment == NULL)
		return NULL;
	exchange = exchange_of(segment);
	if (exchange == NULL)
	{
		dsm_detach(segment);
		return NULL;
	}
	/* for as long as the worker lives: its file may outlive the query's own resources */
	dsm_pin_mapping(segment);
	SharedFileSetAttach(&exchange->fileset, segment);
	return exchange;
}

static void
file_name(char *name, uint32 number)
{
	snprintf(name, MAXPGPATH, "hashes%u", number);
}

BufFile *
DmExchangeNewFile(DmExchange *exchange, uint32 *number)
{
	char name[MAXPGPATH];

	*number = pg_atomic_fetch_add_u32(&exchange->files, 1);
	file_name(name, *number);
	return BufFileCreateFileSet(&exchange->fileset.fs, name);
}

void
DmExchangeCloseNew(BufFile *file)
{
	BufFileExportFileSet(file);
	BufFileClose(file);
}

BufFile *
DmExchangeOpenFile(DmExchange *exchange, uint32 number)
{
	char name[MAXPGPATH];

	file_name(name, number);
	return BufFileOpenFileSet(&exchange->fileset.fs, name, O_RDONLY, false);
}

void
DmExchangeDeleteFile(DmExchange *exchange, uint32 number)
{
	char name[MAXPGPATH];

	file_name(name, number);
	BufFileDeleteFileSet(&exchange->fileset.fs, name, false);
}
