/*-------------------------------------------------------------------------
 *
 * compat.h
 *		Every difference between the PostgreSQL versions we build on.
 *
 * Code elsewhere is written for the newest version known here and uses the
 * names below where an older one lacks them.  No other file tests
 * PG_VERSION_NUM.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_BASE_COMPAT_H
#define DATAMESH_BASE_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "datamesh needs PostgreSQL 15 or later"
#endif

/* VARDATA and its kin left postgres.h in 16 */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* 18 says it before the declaration */
#ifndef pg_noreturn
#define pg_noreturn pg_attribute_noreturn()
#endif

/* 18 has an entry for what a query groups by (needs nodes/parsenodes.h) */
#if PG_VERSION_NUM >= 180000
#define DmGroupExpressions(entry) ((entry)->rtekind == RTE_GROUP ? (entry)->groupexprs : NIL)
#else
#define DmGroupExpressions(entry) NIL
#endif

/* 17 lets the caller provide the lexer; NULL there means "make one", as ever before */
#if PG_VERSION_NUM >= 170000
#define DmJsonLexContext(json, len, encoding, need_escapes)                                        \
	makeJsonLexContextCstringLen(NULL, json, len, encoding, need_escapes)
#else
#define DmJsonLexContext(json, len, encoding, need_escapes)                                        \
	makeJsonLexContextCstringLen((char *) (json), len, encoding, need_escapes)
#endif

/* 16 has one function for the rights on every kind of object (needs utils/acl.h) */
#if PG_VERSION_NUM >= 160000
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#define DmSchemaAclCheck(schema, role, mode)                                                       \
	object_aclcheck(NamespaceRelationId, schema, role, mode)
#define DmSchemaOwnerCheck(schema, role) object_ownercheck(NamespaceRelationId, schema, role)
#define DmRelationOwnerCheck(relation, role) object_ownercheck(RelationRelationId, relation, role)
#else
#define DmSchemaAclCheck pg_namespace_aclcheck
#define DmSchemaOwnerCheck pg_namespace_ownercheck
#define DmRelationOwnerCheck pg_class_ownercheck
#endif

/* 16 asks each membership whether it is inherited, not the member (form: of pg_auth_members) */
#if PG_VERSION_NUM >= 160000
#define DmMembershipInherits(form, rolinherit) ((void) (rolinherit), (form)->inherit_option)
#else
#define DmMembershipInherits(form, rolinherit) ((void) (form), (rolinherit))
#endif

/* 16 lets the caller take the error (needs utils/regproc.h) */
#if PG_VERSION_NUM >= 160000
#define DmQualifiedNameList(name) stringToQualifiedNameList(name, NULL)
#else
#define DmQualifiedNameList(name) stringToQualifiedNameList(name)
#endif

/* 16 lets the caller take the error of this one too (needs utils/rangetypes.h) */
#if PG_VERSION_NUM >= 160000
#define DmMakeRange(type, lower, upper) make_range(type, lower, upper, false, NULL)
#else
#define DmMakeRange(type, lower, upper) make_range(type, lower, upper, false)
#endif

/* the local transaction's number (needs storage/proc.h) */
#if PG_VERSION_NUM >= 170000
#define DmLocalTransaction() (MyProc->vxid.lxid)
#else
#define DmLocalTransaction() (MyProc->lxid)
#endif

/* 18 asks about deferrable keys, runs queries to their end, and has constraints that are not enforced */
#if PG_VERSION_NUM >= 180000
#define DmPrimaryKeyIndex(rel) RelationGetPrimaryKeyIndex(rel, false)
#define DmExecutorRun(query) ExecutorRun(query, ForwardScanDirection, 0)
#define DmExecutorRunParameters QueryDesc *query, ScanDirection direction, uint64 count
#define DmExecutorRunArguments query, direction, count
#define DmEnforceConstraint(constraint) ((constraint)->is_enforced = true)
#else
#define DmPrimaryKeyIndex(rel) RelationGetPrimaryKeyIndex(rel)
#define DmExecutorRun(query) ExecutorRun(query, ForwardScanDirection, 0, true)
#define DmExecutorRunParameters QueryDesc *query, ScanDirection direction, uint64 count, bool once
#define DmExecutorRunArguments query, direction, count, once
#define DmEnforceConstraint(constraint) ((void) (constraint))
#endif

/* 17 numbers processes where there were backends (the process may have ended: NULL) */
#if PG_VERSION_NUM >= 170000
#include "storage/procarray.h"
#define DmProcOfTransaction(vxid) ProcNumberGetProc((vxid).procNumber)
#else
#include "storage/sinvaladt.h"
#define DmProcOfTransaction(vxid) BackendIdGetProc((vxid).backendId)
#endif

/* 18 has NOT NULL that nobody has held the rows against (needs access/tupdesc.h) */
#if PG_VERSION_NUM >= 180000
#define DmNeverNull(desc, i) (TupleDescCompactAttr(desc, i)->attnullability == ATTNULLABLE_VALID)
#else
#define DmNeverNull(desc, i) (TupleDescAttr(desc, i)->attnotnull)
#endif

/* 16 keeps the role that a relation is read as apart (needs parser/parse_relation.h) */
#if PG_VERSION_NUM >= 160000
#define DmReadAs(root, rte)                                                                        \
	((rte)->perminfoindex == 0                                                                     \
		 ? InvalidOid                                                                              \
		 : getRTEPermissionInfo((root)->parse->rteperminfos, rte)->checkAsUser)
#else
#define DmReadAs(root, rte) ((rte)->checkAsUser)
#endif

/*
 * 16 keeps the rights on a relation apart from its entry in the range table (needs nodes/makefuncs.h and
 * parser/parse_relation.h).  When the entries of a view's query join those of another query:
 *
 * DmMergePermissions	has what the entries say of rights hold there; those of the view are changed.
 * DmKeepView			keeps the view's own entry, which stands for the right to read the view.  It becomes
 *						an entry that nothing reads.
 *
 * Before, the right to read a view was looked up by an entry of the view's own query, which joins with the
 * others.
 */
#if PG_VERSION_NUM >= 160000
#include "nodes/parsenodes.h"
#define DmCopyPermissions(query) ((query)->rteperminfos = copyObject((query)->rteperminfos))
#define DmRetargetPermission(query, rte, table)                                                    \
	((rte)->perminfoindex == 0                                                                     \
		 ? (void) 0                                                                                \
		 : (void) (getRTEPermissionInfo((query)->rteperminfos, rte)->relid = (table)))
static inline void
DmMergePermissions(Query *query, const Query *view)
{
	int before = list_length(query->rteperminfos);
	ListCell *cell;

	foreach (cell, view->rtable)
		if (lfirst_node(RangeTblEntry, cell)->perminfoindex != 0)
			lfirst_node(RangeTblEntry, cell)->perminfoindex += before;
	query->rteperminfos = list_concat(query->rteperminfos, view->rteperminfos);
}
static inline void
DmKeepView(Query *query, RangeTblEntry *view)
{
	view->rtekind = RTE_RELATION;
	view->subquery = NULL;
	view->security_barrier = false;
	view->inh = false;
	query->rtable = lappend(query->rtable, view);
}
#else
#define DmCopyPermissions(query) ((void) 0)
#define DmRetargetPermission(query, rte, table) ((void) 0)
#define DmMergePermissions(query, view) ((void) 0)
#define DmKeepView(query, view) ((void) 0)
#endif

/*
 * EXPLAIN (needs commands/explain.h and executor/executor.h): 16 knows generic plans, 17 measures the planner's memory and has
 * the standard behaviour as a function, 18 has headers of their own for its state and its output.
 */
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#define DmExecutorRunTo(query, direction) ExecutorRun(query, direction, 0)
#else
#define DmExecutorRunTo(query, direction) ExecutorRun(query, direction, 0, true)
#endif
#if PG_VERSION_NUM >= 160000
#define DmExplainFlags(es) ((es)->generic ? EXEC_FLAG_EXPLAIN_GENERIC : 0)
#else
#define DmExplainFlags(es) 0
#endif
#if PG_VERSION_NUM >= 170000
#define DmExplainOnePlan(plan, into, es, text, params, env, duration, buffers)                     \
	ExplainOnePlan(plan, into, es, text, params, env, duration, buffers, NULL)
#else
#define DmExplainOnePlan(plan, into, es, text, params, env, duration, buffers)                     \
	ExplainOnePlan(plan, into, es, text, params, env, duration, buffers)
#endif

/*
 * The view that the rewriter put a subquery in place of; InvalidOid if it is no view's.  16 leaves
 * its OID in the entry; before, it is the first of the view's own range table, which was called "old".
 */
#if PG_VERSION_NUM >= 160000
#define DmViewOfEntry(rte) ((rte)->rtekind == RTE_SUBQUERY ? (rte)->relid : InvalidOid)
#else
#include "catalog/pg_class.h"
#include "nodes/parsenodes.h"
static inline Oid
DmViewOfEntry(const RangeTblEntry *rte)
{
	const RangeTblEntry *first;

	if (rte->rtekind != RTE_SUBQUERY || rte->subquery == NULL || rte->subquery->rtable == NIL)
		return InvalidOid;
	first = (const RangeTblEntry *) linitial(rte->subquery->rtable);
	return first->rtekind == RTE_RELATION && first->relkind == RELKIND_VIEW ? first->relid
																			: InvalidOid;
}
#endif

/* 16 gives the settings as an array of its own (needs utils/guc_tables.h) */
#if PG_VERSION_NUM >= 160000
#define DmSettingRecords(count) get_guc_variables(count)
#else
#define DmSettingRecords(count) (*(count) = GetNumConfigOptions(), get_guc_variables())
#endif

#endif /* DATAMESH_BASE_COMPAT_H */
