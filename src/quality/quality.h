/*-------------------------------------------------------------------------
 *
 * quality.h
 *		What other areas ask of the quality engine.
 *
 * The way of it: rules -> checks -> plan (what is proved, what the one fused
 * pass measures, what needs a pass of its own) -> results.
 *
 * There are two ways to run the fused pass:
 *   DmQualityRun		the engine scans the relation itself, with one parallel
 *						SELECT datamesh.measure(...) over it;
 *   Begin ... End	the caller owns the pass (publish, while it copies) and
 *						shows every row to an observer.
 *
 * Everything runs with the rights of the current user: the caller switches
 * (DmBecomeDomain) before.  Needs a connected SPI.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_QUALITY_QUALITY_H
#define DATAMESH_QUALITY_QUALITY_H

#include "access/tupdesc.h"
#include "nodes/pg_list.h"
#include "utils/jsonb.h"

typedef enum DmSeverity
{
	DM_SEVERITY_INFO,    /* a metric: never fails */
	DM_SEVERITY_WARNING, /* noted in the report */
	DM_SEVERITY_ERROR,   /* blocks a publish */
} DmSeverity;

typedef enum DmCheckStatus
{
	DM_CHECK_PASS,
	DM_CHECK_FAIL,
	DM_CHECK_ERROR, /* could not be run: not the same as fail, but blocks alike */
	DM_CHECK_SKIPPED,
} DmCheckStatus;

/* One row of datamesh.check_table and its kin; strings are NULL where there is nothing to say. */
typedef struct DmCheckResult
{
	char *rule;        /* the rule's own name or id, else check(column) */
	const char *check; /* null_values, duplicate_values, ... (quality.md's fixed names) */
	char *column;      /* comma-separated if several */
	char *dimension;
	DmSeverity severity;
	DmCheckStatus status;
	const char *method; /* proved, incremental, scanned, sampled */
	char *metric_value; /* text of the number that was held against the threshold */
	char *threshold;    /* e.g. "= 0", "between 1 and 5" */
	int64 failing_rows; /* -1: not known or not applicable */
	Jsonb *sample_keys; /* array of objects {key column: value}, at most datamesh.sample_keys */
	char *evidence;     /* the constraint that proves it, the query that measured it */
	char *message;      /* one sentence for a person, with the figures */
} DmCheckResult;

typedef struct DmQualityPlan DmQualityPlan;

/*
 * Plan the checks that "rules" asks for on a relation.  rules is one of
 *   - an ODCS schema object ({"name":..., "properties":[...], "quality":[...]}, plus
 *     "slaProperties" where the caller wants freshness checked),
 *   - an array of rule objects (ODCS quality objects with "column", or
 *     {"check": "null_values", "column": "c", ...}),
 *   - the lesson's form ({"customer_id": {"not_null": true}, "completeness_threshold": 0.99}).
 * Malformed rules are one error that lists all of them (ERRCODE_DM_INVALID_RULE).
 * A column that the relation lacks is no error here: its check comes out as failed.
 */
extern DmQualityPlan *DmQualityPlanCreate(Oid relation, Jsonb *rules);

/* SQL expressions over the relation that the fused pass consumes, in order (List of char *). */
extern List *DmQualityPlanInputs(const DmQualityPlan *plan);

/* The engine's own pass. */
extern void DmQualityRun(DmQualityPlan *plan);

/*
 * The caller's pass.  Any number of processes look at the rows, each with an observer: of inputs, in
 * the order of DmQualityPlanInputs, which are the attributes from "first" (counted from 0) of desc.
 * An observer is told what to look for by the text that Begin returns, and what it saw is a value of
 * type datamesh.measure, as a varlena that may be sent to the process of the plan, which adds it up.
 * Begin and End are called once, in that process; between them the segment of shared memory is held
 * that observers in parallel workers find each other's hashes in.
 */
typedef struct DmObserver DmObserver;

extern char *DmQualityObserveBegin(DmQualityPlan *plan);
extern void DmQualityObserved(DmQualityPlan *plan, Datum seen);
extern void DmQualityObserveEnd(DmQualityPlan *plan);

/* In the current memory context.  Observe's arrays start at the first input. */
extern DmObserver *DmObserverCreate(const char *spec, TupleDesc desc, int first);
extern void DmObserverRow(DmObserver *observer, const Datum *values, const bool *nulls);
extern Datum DmObserverSeen(DmObserver *observer);

/*
 * What came out, a List of DmCheckResult * in the order of the rules.  Passes
 * beside the fused one (custom SQL, foreign keys, large unique keys, ...) run now, on
 * "relation": the one planned for, or the release that is a copy of it (with the column names
 * of the rules).
 */
extern List *DmQualityResults(DmQualityPlan *plan, Oid relation);

/* The results as the rows that check_product returns, for reports: a JSON array of objects. */
extern Jsonb *DmQualityResultsToJsonb(const char *product, List *results);

#endif /* DATAMESH_QUALITY_QUALITY_H */
