/*-------------------------------------------------------------------------
 *
 * measure_program.h
 *		What a measure is told to do: its specification, read and compiled.
 *
 * See measure_program.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_QUALITY_MEASURE_PROGRAM_H
#define DATAMESH_QUALITY_MEASURE_PROGRAM_H

#include "fmgr.h"
#include "utils/jsonb.h"

#include "quality/exchange.h"
#include "quality/value_check.h"
#include "quality/value_hash.h"

typedef enum DmProbeKind
{
	DM_PROBE_ROWS,
	DM_PROBE_NULLS,
	DM_PROBE_MISSING,
	DM_PROBE_VALID,
	DM_PROBE_TRUE,
	DM_PROBE_UNIQUE,
	DM_PROBE_STATS,
	DM_PROBE_DISTINCT,
} DmProbeKind;

typedef struct DmProbe
{
	DmProbeKind kind;
	int filter; /* input that must be true, or -1 */
	int nargs;
	int *args; /* at least one, except of rows */
	bool nulls_distinct;
	DmValueRules rules;

	/* compiled */
	char *error; /* why it cannot be measured; NULL if it can */
	bool nan_possible;
	DmValueClass class;
	DmValueCheck *check;
	DmRowHasher *hasher;
} DmProbe;

/*
 * One step of a row.  The simple probes (nulls, missing, valid, true, without a filter) of one
 * input are one step, so that the input is looked at once; every other probe is a step of its
 * own.
 */
typedef struct DmStep
{
	bool simple;
	bool nan_possible;
	bool needs_value; /* somebody asks more than whether it is null */
	DmValueClass class;
	int arg;
	int nprobes;
	int *probes;
} DmStep;

/* Types are resolved when they are needed: a stored state knows only their names. */
typedef struct DmInput
{
	char *type_name;      /* qualified and quoted */
	char *collation_name; /* likewise, or NULL */
	Oid type;
	Oid collation;
} DmInput;

typedef struct DmProgram
{
	MemoryContext context; /* holds all of it */
	char *spec;            /* text of the jsonb, the same for equal specifications */
	bool record;           /* the only argument is a row, whose columns are the inputs */
	int sample;
	int nkeys;
	int *keys;
	int nprobes;
	int nunique;
	bool has_stats;
	DmExchange *exchange; /* where unique probes leave what memory has no room for, or NULL */
	int most_groups;      /* states that one process may begin; 0: any number */
	bool travels;         /* states go to another process, or may do so */
	DmProbe *probes;
	int ninputs;
	DmInput *inputs;

	/* compiled, for accumulation only */
	bool compiled;
	int nsteps;
	DmStep *steps;
	MemoryContext scratch;   /* for one row */
	DmRowHasher *key_hasher; /* NULL: keys are hashed by their texts */
	FmgrInfo *key_outputs;
} DmProgram;

/*
 * Read a specification; whatever is wrong with it is an error (ERRCODE_DM_INVALID_RULE).  The
 * program has a context of its own below parent.
 */
extern DmProgram *DmProgramCreate(MemoryContext parent, Jsonb *spec);
extern DmProgram *DmProgramCreateText(MemoryContext parent, const char *spec);

/* Tell it what its inputs are: by type, or by name for a program that only merges. */
extern void DmProgramSetInputs(DmProgram *program, int ninputs, const Oid *types,
							   const Oid *collations);
extern void DmProgramSetInputNames(DmProgram *program, int ninputs, char **types,
								   char **collations);

extern void DmProgramCopyInputs(DmProgram *program, const DmProgram *from);

/*
 * Get ready to accumulate.  A probe that does not fit the type of its inputs gets an error of its
 * own; the others work.
 */
extern void DmProgramCompile(DmProgram *program);

extern Oid DmProgramType(DmProgram *program, int input);
extern Oid DmProgramCollation(DmProgram *program, int input);

/* Whether states of the two can be merged. */
extern bool DmProgramsEqual(const DmProgram *a, const DmProgram *b);

#endif /* DATAMESH_QUALITY_MEASURE_PROGRAM_H */
