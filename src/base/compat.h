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
#define DmEnforceConstraint(constraint) ((constraint)->is_enforced = true)
#else
#define DmPrimaryKeyIndex(rel) RelationGetPrimaryKeyIndex(rel)
#define DmExecutorRun(query) ExecutorRun(query, ForwardScanDirection, 0, true)
#define DmEnforceConstraint(constraint) ((void) (constraint))
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

/* 16 keeps the rights on a relation apart from its entry in the range table (needs parse_relation.h) */
#if PG_VERSION_NUM >= 160000
#define DmRetargetPermission(query, rte, table)                                                    \
	((rte)->perminfoindex == 0                                                                     \
		 ? (void) 0                                                                                \
		 : (void) (getRTEPermissionInfo((query)->rteperminfos, rte)->relid = (table)))
#else
#define DmRetargetPermission(query, rte, table) ((void) 0)
#endif

#endif /* DATAMESH_BASE_COMPAT_H */
