/*-------------------------------------------------------------------------
 *
 * publish.h
 *		What the files of the publish area share.
 *
 * The way of a publish (publish.c walks it, the others do the work):
 *
 *	gate.c		 what the contract asks: roles, enforceability, versions, the
 *				 source and the types of its columns
 *	copy.c		 one pass over the source that fills the release and shows every
 *				 row to the quality engine
 *	copy_scan.c	 the part of it that parallel workers do
 *	report.c	 the verdict, and the report that is kept whatever it was
 *	tuple.c		 the tuples of that pass, formed one behind the other
 *	release.c	 the relation of a release
 *	port.c		 the release becomes what the port shows
 *	view.c		 the port's views and their comments
 *	grant.c		 who may read them
 *	protect.c	 row security on what is internal to a product
 *	lock.c		 exclusive locks that nobody ever queues behind
 *	lifecycle.c	 the state machine; deprecate, retire, rollback
 *	retention.c	 releases beyond the retention go, when no reader is in the way
 *	scan.c		 datamesh.security_scan
 *	progress.c	 what other sessions see of a running publish
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_PUBLISH_PUBLISH_H
#define DATAMESH_PUBLISH_PUBLISH_H

#include "datatype/timestamp.h"
#include "fmgr.h"
#include "nodes/pg_list.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

#include "access/compile.h"
#include "base/compat.h"
#include "catalog/catalog.h"
#include "governance/governance.h"
#include "quality/quality.h"

#define DM_RELEASE_COLUMN "datamesh_release"

/* A column of the contract, and what the source has for it. */
typedef struct DmPublishColumn
{
	char *name;        /* what consumers see */
	char *source_name; /* what the source calls it */
	char *alias_of;    /* the column that this is an older name of, or NULL */
	char *physical_type;
	char *logical_type;
	char *description;
	Oid type; /* of the source's column: InvalidOid if there is none */
	int32 typmod;
	Oid collation;
	Oid port_type; /* of the port's column: below the domain if the column has a mask */
	int32 port_typmod;
} DmPublishColumn;

/* A row of datamesh.port, with the names that follow from it. */
typedef struct DmPort
{
	int32 port_id;
	int major;
	char *mode;
	int32 contract_id;
	int32 current_release; /* 0: none */
	char *definition;      /* the query of the port's view, as we wrote it; or NULL */
	char *name;            /* <product>_v<major>: both the view and the relation of the releases */
} DmPort;

typedef struct DmPublication
{
	DmProduct *product;
	DmContract *contract;
	bool dry_run;
	bool live;

	char *new_status; /* of the contract, once published */
	List *columns;    /* DmPublishColumn *, in the order of the contract */
	List *consumers;  /* Oids of the roles that may read */
	List *consumer_names;
	DmAccess *access; /* what the contract hides */
	DmPort *port;     /* NULL until the first release of this major version */
	int newest_major; /* of the ports there are, this one included */

	Oid source;
	char *source_label; /* quoted, for SQL and messages */
	Oid release;        /* the new relation; InvalidOid if live */
	int32 release_id;
	char *release_name;
	int64 rows;
	TimestampTz source_as_of;

	DmGovernance *governance;
	List *results;      /* DmCheckResult * */
	DmVerdict *verdict; /* of the policies */
	Jsonb *report;
	Jsonb *ended; /* events of grants of access that this publish found to be over */
	int critical;
	int warnings;
} DmPublication;

/* publish.c */
extern bool DmPublishEnter(FunctionCallInfo fcinfo, const char *procedure); /* true: atomic */
extern char *DmPublishTextArgument(FunctionCallInfo fcinfo, int argument, const char *name);
extern Jsonb *DmPublishDetails(const char *sql, int nargs, const Oid *types, const Datum *values);

/* gate.c */
extern void DmGateContract(DmPublication *pub);
extern void DmGateSource(DmPublication *pub);
extern void DmGateAccess(DmPublication *pub);
extern List *DmGateColumns(DmPublication *pub);
extern List *DmGateAnonymity(DmPublication *pub);

/* copy.c */
extern bool DmCopyCanMeasure(const DmPublication *pub, DmQualityPlan *plan);
extern void DmCopySource(DmPublication *pub, DmQualityPlan *plan);

/* port.c: run under the identity of the extension's owner, with SPI connected */
extern void DmRun(const char *sql);
extern char *DmQualified(const char *schema, const char *name);
extern Oid DmFindRelation(const char *schema, const char *name);
extern char *DmPortName(const DmProduct *product, int major);
extern DmPort *DmPortByMajor(const DmProduct *product, int major);
extern int DmPortNewestMajor(const DmProduct *product);
extern List *DmPortOrder(const DmPublication *pub);
extern void DmPortSwitch(DmPublication *pub);
extern void DmPortDrop(const DmProduct *product, const DmPort *port, int next_major);

/* release.c */
extern void DmReleaseCreate(DmPublication *pub);
extern void DmReleaseIndex(DmPublication *pub);
extern void DmReleaseCreateParent(const DmPublication *pub, const char *parent, List *columns);
extern List *DmReleaseMissingColumns(Oid parent, List *columns);
extern bool DmReleaseCanGrowBy(Oid type);
extern void DmReleaseGrow(Oid parent, List *columns);
extern void DmReleaseSettleStatistics(const char *relation, List *columns);
extern void DmReleaseAttach(const DmPublication *pub, const char *parent);

/* view.c */
/* policy: 0 if the contract hides nothing */
extern char *DmViewOfReleases(const DmPublication *pub, List *columns, int32 port_id,
							  const char *parent, int32 policy);
extern char *DmViewOfSource(const DmPublication *pub, List *columns, int32 port_id, int32 policy);
extern void DmViewDefine(const DmPublication *pub, const char *view, const char *definition,
						 List *columns);
extern void DmViewDrop(const char *view, Oid relid, const char *hint);
extern void DmViewDescribe(const DmProduct *product, const DmPort *port, int32 contract_id);

/* grant.c */
extern List *DmGrantees(const char *catalog, const char *prefix, Oid object);
extern char *DmRoleLabel(Oid role);
extern List *DmGrantReaders(const DmPublication *pub);
extern List *DmGrantSettleRelation(const char *label, Oid relation, List *readers);
extern void DmGrantEndExpired(DmPublication *pub);
extern void DmGrantAppendEvents(Jsonb *events);
extern void DmGrantRetire(const DmProduct *product);
extern void DmGrantSettle(const DmPublication *pub, List *readers, bool newest);
extern void DmGrantLockSchema(const DmPublication *pub, bool is_new, List *readers);
extern void DmGrantLiveSource(const DmPublication *pub);

/* protect.c */
extern List *DmProtectChanges(const DmPublication *pub, Oid parent);
extern void DmProtectSettle(const DmPublication *pub, Oid parent, List *locked);
extern void DmProtectRelease(Oid relid);
extern List *DmProtectedBy(int32 contract_id);
extern void DmProtectForget(const DmDomain *domain, List *candidates);

/* lock.c */
extern void DmLockWithoutQueue(List *relids, const char *purpose);
extern bool DmLockAtOnce(List *relids);

/* lifecycle.c */
extern char *DmLifecycleMove(const char *subject, const char *status, const char *action);
extern void DmLifecycleSettle(const DmProduct *product);

/* report.c */
extern void DmReportBuild(DmPublication *pub);
extern void DmReportFailure(DmPublication *pub, const ErrorData *error);
extern int32 DmReportStore(const DmPublication *pub, const char *outcome);
pg_noreturn extern void DmReportRefuse(const DmPublication *pub, bool atomic);
extern void DmReportDryRun(const DmPublication *pub);

/* retention.c */
extern int DmRetentionApply(const char *product, bool atomic);

/* progress.c */
typedef enum DmPhase
{
	DM_PHASE_WAITING, /* for another publish of the product */
	DM_PHASE_CONTRACT,
	DM_PHASE_COPYING,
	DM_PHASE_CHECKING,
	DM_PHASE_INDEXING,
	DM_PHASE_READERS,
	DM_PHASE_SWITCHING,
	DM_PHASE_CLEANING,
} DmPhase;

extern void DmProgressStart(int32 product_id);
extern void DmProgressPhase(DmPhase phase);
extern void DmProgressExpect(double rows);
extern void DmProgressRows(int64 rows);
extern void DmProgressEnd(void);

#endif /* DATAMESH_PUBLISH_PUBLISH_H */
