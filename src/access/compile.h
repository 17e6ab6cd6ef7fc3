/*-------------------------------------------------------------------------
 *
 * compile.h
 *		From what a contract says of masks, row filters and columns to what a port's view
 *		does about it.
 *
 *	compile.c		 the document read: names, stewards, and the order of it all
 *	compile_column.c which mask, and which column, for whom
 *	compile_rows.c	 which row filter for whom; groups that are too small
 *	compile_scan.c	 what looks like such a wish and stands where nothing would read it
 *	compile_mask.c	 a mask on a column of a certain type, as SQL
 *	compile_filter.c a row filter, as SQL
 *	compile_check.c	 the expressions run before a port is made of them; the rules that the run-time
 *					 side (access.h) decides by; the finished view
 *
 * The order of calls: DmAccessCompile (names only), DmAccessBind (the source's types),
 * DmAccessFilters (the relation that the view will read), DmAccessProve, then DmAccessStore
 * and the texts, DmAccessInspect.
 *
 * Everything that cannot be enforced exactly as it is written is an error
 * (ERRCODE_DM_UNENFORCEABLE) that names its place in the document.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_ACCESS_COMPILE_H
#define DATAMESH_ACCESS_COMPILE_H

#include "nodes/pg_list.h"

#include "catalog/catalog.h"
#include "contract/mask.h"

#define DM_ACCESS_RAW 0
#define DM_ACCESS_HIDDEN (-1)

/* A column of the port, and of the relation that its view reads. */
typedef struct DmAccessColumn
{
	const char *name;     /* what consumers see */
	const char *source;   /* the column of the source that it shows */
	const char *stored;   /* what the view's relation calls it */
	const char *label;    /* the same, quoted */
	const char *alias_of; /* the column that this is another name of, or NULL */
	Oid type;             /* InvalidOid: the source does not have it */
	int32 typmod;
	Oid collation;
	Oid base; /* below domains */
	int32 base_typmod;
} DmAccessColumn;

/* What one consumer gets of a column (a number of a mask), or of the rows (numbers of filters). */
typedef struct DmAccessChoice
{
	const char *consumer;
	int mask;
} DmAccessChoice;

typedef struct DmAccessMask
{
	DmMask *mask;
	char *text; /* DmMaskText */
	char *path; /* where it stands */
} DmAccessMask;

/* A column that not everybody reads raw. */
typedef struct DmProtected
{
	DmAccessColumn *column;
	int number;    /* in the rules, from 1 */
	bool personal; /* personal data, by its classification or by name */
	bool named;    /* the contract says how everyone reads it, be it raw */
	char *path;    /* where that is said, or what is said of some consumers */
	List *masks;   /* DmAccessMask * */
	int otherwise; /* for everyone who is not named in choices */
	List *choices; /* DmAccessChoice * */
} DmProtected;

typedef struct DmAccessFilter
{
	char *condition; /* as the contract writes it */
	char *path;
	char *sql; /* of the parsed tree */
} DmAccessFilter;

/* Conditions that a consumer's rows fulfil. */
typedef struct DmAccessRows
{
	const char *consumer; /* NULL: everyone who is not named */
	bool none;            /* no row at all */
	List *filters;        /* numbers of filters, from 1 */
} DmAccessRows;

typedef struct DmAnonymity
{
	int k;
	List *columns; /* DmAccessColumn * */
	char *path;
} DmAnonymity;

typedef struct DmAccess
{
	const DmProduct *product;
	const DmContract *contract;
	List *consumers; /* char *: names of the contract's readers */
	List *columns;   /* DmAccessColumn *, those of the port */
	List *key;       /* char *: the primary key's columns */
	List *protected; /* DmProtected * */
	List *filters;   /* DmAccessFilter * */
	List *rows;      /* DmAccessRows *, the default first; NIL: all rows for all */
	List *stewards;  /* Oids */
	List *anonymity; /* DmAnonymity * */
	DmValidator problems;
} DmAccess;

/*
 * Read the contract.  consumers are the names of its readers; columns are DmAccessColumn * with names and
 * types, in any order.  Needs a connected SPI; any current user.
 */
extern DmAccess *DmAccessCompile(const DmProduct *product, const DmContract *contract,
								 List *consumers, List *columns);

/* Parse the filters against the relation that the view will read. */
extern void DmAccessFilters(DmAccess *access, Oid relation);

/* Run every mask over generated values. */
extern void DmAccessProve(DmAccess *access);

/* Does any reader see less than everything? */
extern bool DmAccessRestricts(const DmAccess *access);
/* Is there a reader who does not see all values of the column? */
extern bool DmAccessWithholds(const DmAccess *access, const char *name);

/* Make sure that there is a key, if any mask needs one. */
extern void DmAccessRequireKey(DmAccess *access);

/* The policy of these rules: the port's newest if they are its rules, else a new one. */
extern int32 DmAccessStore(const DmAccess *access, int32 port_id);

/* What a view selects for a column, and its type there. */
extern char *DmAccessColumnSql(const DmAccess *access, const char *name, int32 policy);
extern void DmAccessColumnType(const DmAccess *access, const char *name, Oid *type, int32 *typmod);
/* " AND ..." for its WHERE; "" if there are no filters. */
extern char *DmAccessWhere(const DmAccess *access, int32 policy);

/* Look through a view that was made: nothing of it runs anybody's code. */
extern void DmAccessInspect(Oid view);
/* The same of a live product's source and all that it reads, and of the columns of a release. */
extern void DmAccessInspectSource(const DmProduct *product, Oid source);
extern void DmAccessInspectRelease(const DmProduct *product, Oid release);

/* ---- what the files of this part share ---- */

extern void DmAccessRaise(DmAccess *access);
extern DmAccessColumn *DmAccessFindColumn(const DmAccess *access, const char *name);
extern void DmAccessScan(DmAccess *access, const DmNode *document);

/*
 * A mask on a column as SQL; problems are reported at path, the result is NULL then.
 */
extern char *DmAccessMaskSql(DmAccess *access, const DmProtected *protected,
							 const DmAccessMask *mask, int32 policy);
extern bool DmAccessMaskIsKeyed(const DmMask *mask);

/* May a constant of the type stand in a view, whose text a superuser reads? */
extern bool DmAccessSafeType(Oid type);

extern bool DmAccessKeyThere(void);

#endif /* DATAMESH_ACCESS_COMPILE_H */
