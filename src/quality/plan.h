/*-------------------------------------------------------------------------
 *
 * plan.h
 *		The plan of a set of checks, as the files of the quality engine see it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_QUALITY_PLAN_H
#define DATAMESH_QUALITY_PLAN_H

#include "datatype/timestamp.h"

#include "quality/check.h"
#include "quality/exchange.h"
#include "quality/measure.h"

/* How a check gets its figures. */
typedef enum DmRoad
{
	DM_ROAD_DECIDED, /* nothing to ask: a column is missing, the check cannot run or is not for us */
	DM_ROAD_PROVED,  /* a constraint answers */
	DM_ROAD_FUSED,   /* the one pass */
	DM_ROAD_OWN,     /* a query of its own */
} DmRoad;

/* Figures of one check: one outcome, or one for each group. */
typedef struct DmOutcome
{
	char *group;   /* "region = north", NULL for the whole */
	int64 rows;    /* -1: not known */
	int64 failing; /* -1: not about rows */
	int64 nans;
	char *metric; /* text of the figure where it is not the number of failing rows */
	TimestampTz newest;
	bool has_newest;
	Jsonb *keys; /* array of objects */
} DmOutcome;

/*
 * Candidates of a single column where nulls alone repeat each other: any hash will do, since what
 * is looked at is held against the values anyway.
 */
#define DM_NULLS_ONLY "0"

/* Each group of group_by is kept in memory; queries fetch one more than may be. */
#define MOST_GROUPS 10000

/* A check bound to the relation. */
typedef struct DmPlanItem
{
	DmCheck *check;
	List *columns; /* DmColumn * */
	List *group_by;
	List *partition_by;
	Node *where;
	Node *condition;
	List *condition_columns;
	Oid parent; /* orphan_values: the table referred to */

	bool unneeded; /* asks nothing of this relation: no result */
	DmRoad road;
	bool measured_by_caller; /* may be fused into a pass that somebody else runs */
	bool index_answers;      /* freshness: an index gives the newest at once */
	char *value_sql;         /* invalid_values: the value as its bounds are compared */
	Oid value_type;

	int probe;          /* first of its probes in the pass that measures it */
	bool measured;      /* a fused pass has seen it */
	char *candidates;   /* duplicate_values: hashes to look at, separated by commas; "": all */
	bool sample_wanted; /* duplicate_values: counted, but the keys are still to be found */
	int64 rows_seen;    /* duplicate_values: rows that a fused pass saw; -1 if none did */
	char *evidence;     /* the constraint or the query */
	char *error;        /* why it could not run */
	List *outcomes;     /* DmOutcome * */
	bool approximate;   /* the figure is an estimate */
} DmPlanItem;

/* One pass of datamesh.measure: what goes in, what is asked, and of which checks. */
typedef struct DmPass
{
	List *items;    /* DmPlanItem * */
	List *group_by; /* DmColumn * */
	List *inputs;   /* char *: SQL expressions */
	List *keys;     /* DmColumn *: of samples */
	List *key_inputs;
	StringInfoData probes;
	int probe_count;
	Jsonb *spec;
} DmPass;

typedef struct DmFacts DmFacts;

struct DmQualityPlan
{
	MemoryContext context;
	Oid relation; /* planned for */
	Oid reading;  /* what is read now: the same, or the release that is its copy */
	Alias *alias; /* of relation, with the names that the rules have for columns */
	List *names;  /* how expressions name the columns of the relation names_of */
	Oid names_of;
	char relkind;
	DmRules *rules;
	List *items;   /* DmPlanItem * in the order of the rules */
	List *key;     /* DmColumn *: what identifies a row, NIL if nothing does */
	List *sampled; /* DmColumn *: by which every pass chooses sample rows; NIL: its own */
	TimestampTz now;
	DmFacts *facts;

	DmPass *observed; /* the caller's pass */
	DmExchange *exchange;
	DmMeasure *measure; /* what its observers have seen; NULL before the first has said */
	int has_rows;       /* -1: not known yet */
	int passes;         /* queries run so far */
};

/* plan.c */
extern const char *DmColumnSql(const DmQualityPlan *plan, const DmColumn *column);
/* The column as a value of its base type: a measure knows no domains. */
extern char *DmColumnBaseSql(const DmQualityPlan *plan, const DmColumn *column);
extern char *DmReadingSql(const DmQualityPlan *plan);
extern char *DmConditionSql(const DmQualityPlan *plan, const DmPlanItem *item, bool condition);
extern int DmSampleSize(const DmCheck *check);
extern void DmRead(DmQualityPlan *plan, const char *sql);
/* An error if a query has returned too many groups for each to be kept. */
extern void DmRequireFewGroups(uint64 groups);
/* A value of the data as messages show it: its first characters. */
extern char *DmValueText(const char *value);
extern char *DmGroupText(List *group_by, uint64 row);
extern DmOutcome *DmOutcomeAdd(DmPlanItem *item);

/* The fused passes that a run would make, compiled and not run: a List of parts for each. */
extern List *DmFusedPasses(DmQualityPlan *plan);

/* bind.c */
/* The columns of these names, a List of DmColumn *; attnum 0 where the relation has none. */
extern List *DmColumnsBind(const DmQualityPlan *plan, List *names);
/* An error where the check asks what the relation or a type cannot tell. */
extern void DmItemBind(DmQualityPlan *plan, DmPlanItem *item);

/* format.c: make of a format what the column's type needs; false if that is nothing. */
extern bool DmFormatBind(DmPlanItem *item);

/* row_key.c */
extern List *DmRowKeyFind(const DmQualityPlan *plan);
extern List *DmSampledColumns(const DmQualityPlan *plan);
extern bool DmCheckIsSampled(const DmCheck *check);
extern List *DmKeyColumns(const DmQualityPlan *plan, const DmPlanItem *item);
/* columns, and those of more that are not among them. */
extern List *DmColumnsUnite(List *columns, List *more);

/*
 * prove.c: find what is known of the relation and its children, and keep them locked, so that it
 * stays known; then the evidence if constraints answer a check, else NULL.
 */
extern void DmFactsCollect(DmQualityPlan *plan);
extern char *DmProve(DmQualityPlan *plan, DmPlanItem *item);

/* fused.c */
extern int DmInputsAtMost(const DmQualityPlan *plan, const DmPlanItem *item);
extern DmPass *DmPassCompile(DmQualityPlan *plan, List *items, List *group_by);
/*
 * The same as a list of parts, each with as many inputs as a function may have
 * arguments: one query has them all.
 */
extern List *DmPassSplit(DmQualityPlan *plan, List *items, List *group_by);
extern DmExchange *DmPassExchange(List *parts);
extern char *DmPassSpec(const DmPass *pass, const DmExchange *exchange);
extern char *DmPassQuery(const DmQualityPlan *plan, List *parts, const DmExchange *exchange);
extern void DmPassRun(DmQualityPlan *plan, List *parts);
extern void DmPassRead(DmQualityPlan *plan, DmPass *pass, Jsonb *results, char *group);

/* passes.c */
extern void DmOwnRun(DmQualityPlan *plan, DmPlanItem *item);
/* The first query of a road of its own. */
extern char *DmOwnQuery(const DmQualityPlan *plan, const DmPlanItem *item);
extern void DmQuantilesRun(DmQualityPlan *plan, List *items);
extern bool DmRelationHasRows(DmQualityPlan *plan);
extern bool DmRowCountNeedsFew(const DmCheck *check);

/* result.c */
/* Does the figure meet the check's operator? */
extern bool DmOperatorHolds(const DmPlanItem *item, const char *figure);
extern DmCheckResult *DmResultOf(DmQualityPlan *plan, DmPlanItem *item);

#endif /* DATAMESH_QUALITY_PLAN_H */
