/*-------------------------------------------------------------------------
 *
 * check.h
 *		A check, and what the files of the quality engine share.
 *
 * rules.c and rule_*.c read rules into checks; bind.c binds them to a relation, and
 * plan.c decides how each is answered; row_key.c says what a failing row is told
 * by; prove.c answers from constraints; expression.c makes people's expressions
 * safe to put into queries; passes.c asks what cannot be asked in the fused pass;
 * result.c holds figures against thresholds.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_QUALITY_CHECK_H
#define DATAMESH_QUALITY_CHECK_H

#include "access/attnum.h"
#include "nodes/pg_list.h"
#include "nodes/primnodes.h"
#include "utils/jsonb.h"

#include "quality/quality.h"

typedef enum DmCheckKind
{
	DM_KIND_COLUMN, /* a column that the contract names must be there */
	DM_KIND_NULLS,
	DM_KIND_MISSING,
	DM_KIND_INVALID,
	DM_KIND_DUPLICATES,
	DM_KIND_ROW_COUNT,
	DM_KIND_ORPHANS,
	DM_KIND_FRESHNESS,
	DM_KIND_ROW_CONDITION,
	DM_KIND_SQL,
	DM_KIND_STATISTIC,
	DM_KIND_DISTINCT,
	DM_KIND_NO_OVERLAP,
	DM_KIND_NOT_RUN, /* documentation, other engines: said, and skipped */
} DmCheckKind;

typedef enum DmOperator
{
	DM_OP_NONE,
	DM_OP_EQ,
	DM_OP_NE,
	DM_OP_GT,
	DM_OP_GE,
	DM_OP_LT,
	DM_OP_LE,
	DM_OP_BETWEEN,
	DM_OP_NOT_BETWEEN,
} DmOperator;

/* A value as the rule writes it; numbers and strings are told apart. */
typedef struct DmScalar
{
	char *text;
	bool is_number;
} DmScalar;

/* A column that a rule names: contracts may call it otherwise than the relation does. */
typedef struct DmColumn
{
	char *name;        /* the rule's name for it */
	char *attname;     /* the relation's; NULL if it has no such column */
	AttrNumber attnum; /* 0 if it has no such column */
	Oid type;
	Oid base_type; /* below domains */
	int32 base_typmod;
	Oid collation;
} DmColumn;

typedef struct DmCheck
{
	DmCheckKind kind;
	const char *name; /* the fixed name of the check */
	char *rule;
	char *dimension;
	DmSeverity severity;
	bool implied; /* follows from what a contract says of a column; no quality object asks it */

	/* what every check may have */
	List *column_names; /* char * */
	char *where;
	List *group_by; /* char * */
	bool percent;
	int sample; /* -1: datamesh.sample_keys */
	DmOperator op;
	DmScalar bound[2];

	/* what some have */
	bool completeness; /* null_values: gate on 1 - nulls / rows */
	List *values;      /* DmScalar *: valid_values or missing_values; NIL if not given */
	char *pattern;
	char *format, *logical_type; /* of logicalTypeOptions: what it means depends on the column */
	DmScalar min, max;           /* text NULL: no bound */
	bool exclusive_min, exclusive_max;
	int min_length, max_length; /* -1: no bound */
	char *multiple_of;
	bool nulls_distinct;
	char *ref_schema; /* NULL: the schema of the relation */
	char *ref_table;
	List *ref_columns; /* char * */
	char *max_age, *max_future, *timezone;
	DmCheckStatus on_empty;
	char *expression; /* row_condition's, or sql's query */
	char *statistic;
	char *method;   /* percentile_cont, percentile_disc */
	char *argument; /* quantile's fraction, entropy's base */
	bool approximate;
	char *lower, *upper;
	List *partition_by; /* char * */
	bool gaps;
	char *skip_reason;
} DmCheck;

/* A column of the rules and the relation's name for it. */
typedef struct DmColumnName
{
	char *name;
	char *physical;
} DmColumnName;

typedef struct DmRules
{
	List *checks;       /* DmCheck * in the order of the rules */
	List *column_names; /* DmColumnName *: renamings */
	List *key;          /* char *: the primary key that the rules declare */
	List *properties;   /* char *: all columns of a contract; NIL if the rules are none */
	char *object;       /* what a contract calls the relation; NULL if it does not say */
} DmRules;

/* rules.c */
extern DmRules *DmRulesRead(Jsonb *rules);
/* Is it the check's threshold that not one row fails? */
extern bool DmCheckAllowsNone(const DmCheck *check);
extern const char *DmSeverityName(DmSeverity severity);

/* result.c */
extern const char *DmCheckStatusName(DmCheckStatus status);

/*
 * plan.c: lock a relation for reading; an error unless it has rows and the current user may read
 * some of its columns.
 */
extern void DmRequireReadable(Oid relation);

/* row_key.c: may the current user read the column? */
extern bool DmMayReadColumn(Oid relation, AttrNumber attnum);

/*
 * guard.c: run fn(arg) in a read-only subtransaction.  Returns NULL, or the error that ended it
 * as text in the caller's memory context.  Cancellation, shutdown and deadlock pass through.
 */
extern char *DmGuard(void (*fn)(void *), void *arg);

/* expression.c: one boolean expression over a relation, and nothing but that. */
extern Node *DmExpressionRead(Oid relation, const Alias *alias, const char *text, const char *what);
/* The relation's columns under the names that rules have for them (DmColumnName *). */
extern Alias *DmExpressionAlias(Oid relation, List *column_names);
/* As text again; the relation's names are looked up once for all its expressions. */
extern List *DmExpressionNames(Oid relation);
extern char *DmExpressionText(List *names, Node *expression);

#endif /* DATAMESH_QUALITY_CHECK_H */
