/*-------------------------------------------------------------------------
 *
 * exchange.h
 *		Temporary files that all processes of one parallel query can write and read.
 *
 * See exchange.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_QUALITY_EXCHANGE_H
#define DATAMESH_QUALITY_EXCHANGE_H

#include "storage/buffile.h"

typedef struct DmExchange DmExchange;

/*
 * One for the queries to come, until it is dropped; NULL where a server has no shared memory, or no more.
 * So many bags share the memory that a hash table may have.
 */
extern DmExchange *DmExchangeCreate(int sharers);
extern void DmExchangeDrop(DmExchange *exchange);

/* What each of them may take. */
extern Size DmExchangeShare(const DmExchange *exchange);

/* By which workers find it. */
extern uint32 DmExchangeHandle(const DmExchange *exchange);

/* The one of this handle, if it is this session's or that of the leader of this worker; or NULL. */
extern DmExchange *DmExchangeFind(uint32 handle);

/*
 * A new file, to be written by this process; its number tells it to others, who may read it when
 * it has been closed.  Files go with the exchange.
 */
extern BufFile *DmExchangeNewFile(DmExchange *exchange, uint32 *number);
extern void DmExchangeCloseNew(BufFile *file);
extern BufFile *DmExchangeOpenFile(DmExchange *exchange, uint32 number);
extern void DmExchangeDeleteFile(DmExchange *exchange, uint32 number);

#endif /* DATAMESH_QUALITY_EXCHANGE_H */
