/*-------------------------------------------------------------------------
 *
 * infer.h
 *		What infer.c has found out of a relation, for infer_propose.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_CONTRACT_INFER_H
#define DATAMESH_CONTRACT_INFER_H

#include "nodes/pg_list.h"
#include "utils/relcache.h"

#include "contract/document.h"
#include "contract/observe.h"

typedef struct DmInferColumn
{
	const char *name;
	AttrNumber attnum;
	Oid type; /* as declared */
	int32 typmod;
	Oid base_type; /* below domains */
	int32 base_typmod;
	bool not_null; /* declared */
	bool is_unique;
	int key_position; /* in the primary key, from 1; 0 if not */
	bool references;  /* part of a foreign key */
	char *target;     /* table.column, of a foreign key of this column alone */
	DmObservation seen;
} DmInferColumn;

typedef struct DmInferSource
{
	Relation rel;
	const char *schema;
	const char *name;
	int count;
	DmInferColumn *columns;
	bool has_key;
	List *unique_sets;  /* lists of DmInferColumn *, more than one each */
	List *foreign_keys; /* DmNode *, relationships of the object */
	int64 rows;
} DmInferSource;

extern bool DmEndsWith(const char *text, const char *ending);
extern bool DmIsSimpleName(const char *name);
extern char *DmInferRelationSql(const DmInferSource *source);
/* A contract that the relation keeps. */
extern DmNode *DmInferPropose(const DmInferSource *source);

#endif /* DATAMESH_CONTRACT_INFER_H */
