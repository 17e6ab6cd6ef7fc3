/*-------------------------------------------------------------------------
 *
 * code.h
 *		Code that reading a relation would run, and whose it is.
 *
 *	code.c		what stands in a relation and in all that it reads
 *	beneath.c	the same edges upwards: which relations read this one, which use an object
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_LINEAGE_CODE_H
#define DATAMESH_LINEAGE_CODE_H

#include "nodes/pg_list.h"

/* Something that whoever reads would run. */
typedef struct DmCode
{
	Oid relation; /* where it stands */
	char *place;  /* the same in words: "s.t", "s.t (index i)" */
	char *what;   /* "function s.f(integer)" */
	char *owner;  /* whose code it is; if it acts: who has written the call */
	bool acts;    /* a superuser's function, which runs or changes more than a view should */
} DmCode;

/* How far to look. */
typedef enum DmCodeDepth
{
	DM_CODE_CASTS,   /* only at what casts of the columns' types run */
	DM_CODE_OWN,     /* at the relation itself */
	DM_CODE_BENEATH, /* at all that it reads, children included */
} DmCodeDepth;

/*
 * DmCode *, nothing twice; the first is the one to name.  With lock everything beneath the relation, and the
 * types in it, stay as they are to the end of the transaction, as far as code goes; the relation itself does with
 * DmCodeLock.
 */
extern List *DmCodeOf(Oid relation, DmCodeDepth depth, bool lock);

/* In words, for an error (ERRCODE_DM_UNENFORCEABLE) that is about this product. */
extern char *DmCodeMessage(const DmCode *code, const char *product, bool live);
extern char *DmCodeDetail(const DmCode *code);
extern char *DmCodeHint(const DmCode *code, bool live);

/*
 * Who brings code into a relation takes this exclusively before asking who reads it; who
 * makes a relation readable through another takes it shared before looking for code.
 */
extern void DmCodeLock(Oid relation, bool exclusive);

/* The tables that this one inherits from, or is a partition of. */
extern List *DmParents(Oid relation);

/* The relation, and all that it would be read through: views, policies, parents. */
extern List *DmReadThrough(Oid relation);

/* The relations in which a function, operator, type or cast stands. */
extern List *DmRelationsWith(Oid class, Oid object);

#endif /* DATAMESH_LINEAGE_CODE_H */
