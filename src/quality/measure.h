/*-------------------------------------------------------------------------
 *
 * measure.h
 *		The state of datamesh.measure: many measurements of many columns, taken
 *		in one pass.
 *
 * A measure is told what to measure by a specification (jsonb):
 *
 *	{"keys": [0],				inputs whose values identify a row in samples
 *	 "sample": 5,				failing keys kept for each probe (default 0: none)
 *	 "record": false,			SQL aggregate only: its one argument is a row, whose columns
 *								(dropped ones counted) are the inputs, numbered from 0
 *	 "probes": [
 *	   {"probe": "rows"},							 value: rows seen
 *	   {"probe": "nulls",   "arg": 0},				 fails: value is null
 *	   {"probe": "missing", "arg": 1, "values": ["", "n/a"]},  fails: null or one of values
 *	   {"probe": "valid",   "arg": 2,				 fails: not null, and breaks any of:
 *		  "values": [...], "pattern": "^a", "min": "0", "max": "10",
 *		  "exclusive_min": true, "exclusive_max": true,
 *		  "min_length": 1, "max_length": 3, "multiple_of": "0.01"},
 *	   {"probe": "true",    "arg": 3},				 fails: boolean is false (null passes, as CHECK)
 *	   {"probe": "unique",  "args": [0, 1], "nulls_distinct": true},  fails: excess rows
 *	   {"probe": "stats",   "arg": 2},				 count, nulls, nans, min, max, sum, mean, stddev
 *	   {"probe": "distinct","arg": 2}				 approximate number of distinct values (HLL)
 *	 ]}
 *
 * "exchange": number (a pass of ours only, see exchange.h): where unique probes leave hashes that
 * memory has no room for; they know no overflow then.
 *
 * "groups": number (default 0: any): an error if one process meets more groups of GROUP BY.
 *
 * Every probe may have "filter": an input (boolean) that must be true for a row to count.
 * Bounds and values are texts (numbers will do, too) in the input syntax of the argument's
 * type; the comparison and equality are the type's own, with the argument's collation.
 * Bounds of integers may be fractions, and bounds of a float4 are float8, as SQL compares
 * them.  A "missing" value that is none of the type is not an error: it just never occurs.
 *
 * An SQL aggregate takes at least one and at most 98 inputs beside the specification
 * (FUNC_MAX_ARGS).  For more columns, either call measure() several times in one SELECT (one
 * scan, and the faster way) or pass the whole row with "record": true.
 *
 * What comes out does not depend on the order of rows or the number of workers: sums are
 * exact, samples are the keys with the smallest hashes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_QUALITY_MEASURE_H
#define DATAMESH_QUALITY_MEASURE_H

#include "utils/jsonb.h"

typedef struct DmMeasure DmMeasure;

/*
 * A measure in a memory context of its own below "parent".  types and collations have ninputs
 * entries, of any number.  An ill-formed specification is an error (ERRCODE_DM_INVALID_RULE);
 * a probe that does not suit the type of its input (no equality, a bound that is no number, a
 * broken pattern) gets "error" as its only result, and the other probes go on.
 * memory_budget in bytes bounds what unique probes together may hold; a probe that would
 * exceed its share stops and says so in its result ("overflow": true): its answer must then be
 * found another way.  travels: another process will merge it.
 */
extern DmMeasure *DmMeasureCreate(MemoryContext parent, const char *spec, int ninputs,
								  const Oid *types, const Oid *collations, Size memory_budget,
								  bool travels);
extern void DmMeasureAccumulate(DmMeasure *measure, const NullableDatum *inputs);
extern void DmMeasureFree(DmMeasure *measure);
extern void DmMeasureMerge(DmMeasure *into, const DmMeasure *from); /* same specification */

/*
 * One JSON object for each probe, in order.  "rows" counts the rows the probe considered (those
 * that passed its filter).
 *	 rows:		{"rows": n}
 *	 nulls, missing, valid, true:
 *				{"rows": n, "failing": k, "nulls": k, "nans": k, "keys": [{"0": "text"}...]}
 *				keys: input number -> text, null for null; the longest text has 100 characters
 *	 unique:	{"rows": n, "nulls": k, "overflow": false, "exact": true, "candidates": k,
 *				 "excess": e, "duplicated": d, "in_groups": g, "hashes": ["..."]}
 *				nulls: rows with a null in the key.  exact: the figures are of the values
 *				themselves (no candidates, or a key of at most 64 bits).  Otherwise they are of
 *				64-bit hashes, and "hashes" (the 1000 smallest) are those that occurred more
 *				than once, to be confirmed with datamesh.row_hash(args...) = ANY (...).  After
 *				an overflow only rows, nulls and overflow.
 *	 stats:		{"rows": n, "nulls": k, "nans": k, "count": not null, "min": "text",
 *				 "max": "text", "sum": "text", "mean": "text", "stddev_samp": "text",
 *				 "stddev_pop": "text"}	absent where undefined
 *	 distinct:	{"rows": n, "nulls": k, "estimate": n}
 *	 any:		{"error": "message"}  the probe does not suit its input
 */
extern Jsonb *DmMeasureResult(DmMeasure *measure);

/* The same of no rows at all (an aggregate over nothing gives null, not a measure). */
extern Jsonb *DmMeasureEmptyResult(Jsonb *spec);

#endif /* DATAMESH_QUALITY_MEASURE_H */
