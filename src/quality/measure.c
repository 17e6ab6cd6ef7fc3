/*-------------------------------------------------------------------------
 *
 * measure.c
 *		Many measurements of many columns, taken in one pass.
 *
 * Why.  Ten rules on a table written as ten queries are ten scans; written as one
 * SELECT they are one scan that count(DISTINCT) makes serial and sorted.  Here they are
 * the probes of one aggregate: the executor scans once, in parallel, and hands us
 * the columns that somebody asks about.
 *
 * How.  The specification is read once for a query into a program (measure_program.c)
 * that the states of all groups share.  For each row its steps run in turn: a loop over a
 * small array, with comparisons inlined where the type allows it, and no memory
 * taken except by values that are toasted or need a function of their type, for which
 * there is a context that is reset after the row.
 *
 * The state is a real type, datamesh.measure: in memory an expanded object that the
 * transition function changes in place, between processes and in tables a string of
 * bytes (measure_store.c).  So partial states travel between workers, Citus nodes and
 * stored baselines, and merge there.
 *
 * What stays true, whatever the order of rows, the number of workers and the way
 * that states were merged:
 *	- counts are counts;
 *	- sums are exact, and what is derived from them is rounded once (exact_sum.c);
 *	- extremes are by the type's order, ties by bytes (column_stats.c);
 *	- a sample holds the keys with the smallest hashes, and of keys with equal hashes the
 *	  smallest text;
 *	- duplicates are counted over 64-bit hashes (unique.c), and a probe overflows if and
 *	  only if it has seen more hashes than its share of the memory budget can hold.
 * So results are the same to the last bit.
 *
 * Memory: unique probes share the budget, and beyond it use the exchange if there is one; a distinct probe takes 16 kB, a stats probe of a float
 * 2 kB, a sample its keys of at most 100 characters.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/errors.h"
#include "base/json.h"
#include "quality/hll.h"
#include "quality/measure_state.h"

#define LONGEST_KEY_TEXT 100

/* ---- making one ---- */

/* What one unique probe may hold: all of them together must fit in one varlena, too. */
static Size
unique_share(const DmProgram *program, Size memory_budget)
{
	return Min(memory_budget, MaxAllocSize / 4 * 3) / program->nunique;
}

void
DmMeasureRaiseBudget(DmMeasure *measure, Size memory_budget)
{
	for (int i = 0; i < measure->program->nprobes; i++)
	{
		if (measure->states[i].unique)
			DmUniqueRaiseLimit(measure->states[i].unique,
							   unique_share(measure->program, memory_budget));
	}
}

/* A probe that cannot be measured needs nothing. */
static void
init_state(DmMeasure *measure, int i)
{
	DmProgram *program = measure->program;
	const DmProbe *probe = &program->probes[i];
	DmProbeState *state = &measure->states[i];

	state->error = probe->error;
	if (state->error)
		return;
	if (probe->kind == DM_PROBE_UNIQUE)
	{
		state->exact = probe->hasher ? probe->hasher->exact : true;
		state->unique = palloc(sizeof(DmUnique));
		DmUniqueInit(state->unique, CurrentMemoryContext,
					 unique_share(program, measure->memory_budget));
		if (program->exchange)
			DmUniqueUseExchange(state->unique, program->exchange,
								DmExchangeShare(program->exchange), program->travels);
	}
	else if (probe->kind == DM_PROBE_STATS && program->compiled)
		state->stats = DmStatsCreate(DmProgramType(program, probe->args[0]),
									 DmProgramCollation(program, probe->args[0]));
}

DmMeasure *
DmMeasureMake(MemoryContext parent, DmProgram *program, Size memory_budget)
{
	MemoryContext context =
		AllocSetContextCreate(parent, "datamesh measure", ALLOCSET_START_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	DmMeasure *measure = palloc0(sizeof(DmMeasure));

	EOH_init_header(&measure->header, &dm_measure_methods, context);
	measure->magic = DM_MEASURE_MAGIC;
	measure->program = program;
	measure->memory_budget = memory_budget;
	measure->states = palloc0(Max(program->nprobes, 1) * sizeof(DmProbeState));
	for (int i = 0; i < program->nprobes; i++)
		init_state(measure, i);
	MemoryContextSwitchTo(old);
	return measure;
}

DmMeasure *
DmMeasureMakeLike(MemoryContext parent, const DmMeasure *other)
{
	DmProgram *program = DmProgramCreateText(parent, other->program->spec);
	DmMeasure *measure;

	DmProgramCopyInputs(program, other->program);
	measure = DmMeasureMake(parent, program, other->memory_budget);
	MemoryContextSetParent(program->context, measure->header.eoh_context);
	for (int i = 0; i < program->nprobes; i++)
	{
		if (measure->states[i].unique && other->states[i].unique)
			measure->states[i].unique->limit = other->states[i].unique->limit;
	}
	return measure;
}

DmMeasure *
DmMeasureCreate(MemoryContext parent, const char *spec, int ninputs, const Oid *types,
				const Oid *collations, Size memory_budget, bool travels)
{
	DmProgram *program = DmProgramCreateText(parent, spec);
	DmMeasure *measure;

	program->travels = travels;
	DmProgramSetInputs(program, ninputs, types, collations);
	DmProgramCompile(program);
	measure = DmMeasureMake(parent, program, memory_budget);
	MemoryContextSetParent(program->context, measure->header.eoh_context);
	return measure;
}

void
DmMeasureFree(DmMeasure *measure)
{
	MemoryContextDelete(measure->header.eoh_context);
}

/* ---- samples of failing keys ---- */

static int
compare_texts(const DmProgram *program, char **a, char **b)
{
	for (int i = 0; i < program->nkeys; i++)
	{
		int difference;

		if (a[i] == NULL || b[i] == NULL)
			difference = (a[i] == NULL) - (b[i] == NULL);
		else
			difference = strcmp(a[i], b[i]);
		if (difference != 0)
			return difference;
	}
	return 0;
}

/* Into the current context, in one piece. */
static char **
copy_texts(const DmProgram *program, char **texts)
{
	Size size = program->nkeys * sizeof(char *);
	char **copy;
	char *at;

	for (int i = 0; i < program->nkeys; i++)
		size += texts[i] ? strlen(texts[i]) + 1 : 0;
	copy = palloc(size);
	at = (char *) (copy + program->nkeys);
	for (int i = 0; i < program->nkeys; i++)
	{
		copy[i] = NULL;
		if (texts[i])
		{
			copy[i] = strcpy(at, texts[i]);
			at += strlen(at) + 1;
		}
	}
	return copy;
}

/* The first key whose hash is not smaller. */
static int
sample_position(const DmProbeState *state, uint64 hash)
{
	int position = 0;

	while (position < state->nkeys && state->keys[position].hash < hash)
		position++;
	return position;
}

/* texts are copied if they enter the sample. */
void
DmSampleAdd(DmMeasure *measure, DmProbeState *state, uint64 hash, char **texts)
{
	const DmProgram *program = measure->program;
	int position = sample_position(state, hash);
	MemoryContext old;

	if (position == program->sample)
		return;
	old = MemoryContextSwitchTo(measure->header.eoh_context);
	if (state->keys == NULL)
		state->keys = palloc(program->sample * sizeof(DmSampleKey));
	if (position < state->nkeys && state->keys[position].hash == hash)
	{
		if (compare_texts(program, texts, state->keys[position].texts) < 0)
		{
			pfree(state->keys[position].texts);
			state->keys[position].texts = copy_texts(program, texts);
		}
		MemoryContextSwitchTo(old);
		return;
	}
	if (state->nkeys == program->sample)
		pfree(state->keys[--state->nkeys].texts);
	memmove(&state->keys[position + 1], &state->keys[position],
			(state->nkeys - position) * sizeof(DmSampleKey));
	state->nkeys++;
	state->keys[position].hash = hash;
	state->keys[position].texts = copy_texts(program, texts);
	MemoryContextSwitchTo(old);
}

/* At most LONGEST_KEY_TEXT characters, the last of which then says that there are more. */
static char *
shorten(char *text)
{
	int length = strlen(text);
	int kept;

	if (length <= LONGEST_KEY_TEXT || pg_mbstrlen_with_len(text, length) <= LONGEST_KEY_TEXT)
		return text;
	kept = pg_mbcharcliplen(text, length, LONGEST_KEY_TEXT - 1);
	return psprintf("%.*s%s", kept, text, GetDatabaseEncoding() == PG_UTF8 ? "\u2026" : "~");
}

static char **
key_texts(DmProgram *program, const NullableDatum *inputs)
{
	char **texts = palloc(program->nkeys * sizeof(char *));
	int formats = DmPinFormats();

	for (int i = 0; i < program->nkeys; i++)
	{
		const NullableDatum *input = &inputs[program->keys[i]];

		texts[i] = input->isnull
					   ? NULL
					   : shorten(OutputFunctionCall(&program->key_outputs[i], input->value));
	}
	DmUnpinFormats(formats);
	return texts;
}

static uint64
hash_texts(const DmProgram *program, char **texts)
{
	uint64 hash = 0;

	for (int i = 0; i < program->nkeys; i++)
	{
		uint64 part =
			texts[i] ? hash_bytes_extended((unsigned char *) texts[i], strlen(texts[i]), 0) : 1;

		hash = dm_mix64(hash * 31 + part);
	}
	return hash;
}

/* A row has failed a probe. */
static void
sample_row(DmMeasure *measure, DmProbeState *state, const NullableDatum *inputs)
{
	DmProgram *program = measure->program;
	char **texts = NULL;
	uint64 hash;
	int position;
	bool has_null;

	if (program->key_hasher)
		hash = DmRowHash(program->key_hasher, inputs, program->keys, &has_null);
	else
	{
		texts = key_texts(program, inputs);
		hash = hash_texts(program, texts);
	}
	position = sample_position(state, hash);
	if (position == program->sample)
		return;
	/* a key that is there already, and whose text is the only one for its hash */
	if (position < state->nkeys && state->keys[position].hash == hash && program->key_hasher &&
		program->key_hasher->exact)
		return;
	DmSampleAdd(measure, state, hash, texts ? texts : key_texts(program, inputs));
}

static inline void
fail(DmMeasure *measure, DmProbeState *state, const NullableDatum *inputs)
{
	state->failing++;
	if (unlikely(measure->program->sample > 0))
		sample_row(measure, state, inputs);
}

/* ---- one row ---- */

static void
add_unique(const DmProbe *probe, DmProbeState *state, const NullableDatum *inputs)
{
	bool has_null;
	uint64 hash = DmRowHash(probe->hasher, inputs, probe->args, &has_null);

	if (has_null)
	{
		state->nulls++;
		/* several columns: a null is a value like others then; one column: counting is enough */
		if (probe->nulls_distinct || probe->nargs == 1)
			return;
		state->exact = false;
	}
	dm_unique_add(state->unique, hash);
}

static void
add_distinct(DmMeasure *measure, const DmProbe *probe, DmProbeState *state,
			 const NullableDatum *input)
{
	if (input->isnull)
	{
		state->nulls++;
		return;
	}
	if (state->registers == NULL)
		state->registers = MemoryContextAllocZero(measure->header.eoh_context, DM_HLL_REGISTERS);
	dm_hll_add(state->registers, dm_mix64(DmHasherHash(&probe->hasher->hashers[0], input->value)));
}

static void
add_stats(DmProbeState *state, const NullableDatum *input)
{
	bool is_nan;

	if (input->isnull)
	{
		state->nulls++;
		return;
	}
	DmStatsAdd(state->stats, input->value, &is_nan);
	state->nans += is_nan;
}

/* The value is null, for a probe of the simple kinds. */
static void
null_value(DmMeasure *measure, const DmProbe *probe, DmProbeState *state,
		   const NullableDatum *inputs)
{
	state->nulls++;
	if (probe->kind == DM_PROBE_NULLS || probe->kind == DM_PROBE_MISSING)
		fail(measure, state, inputs);
}

/* It is not. */
static inline void
some_value(DmMeasure *measure, const DmProbe *probe, DmProbeState *state, const DmValue *value,
		   const NullableDatum *inputs)
{
	bool fails = false;

	state->nans += value->is_nan;
	if (probe->kind == DM_PROBE_VALID)
		fails = !dm_value_check_passes(probe->check, value);
	else if (probe->kind == DM_PROBE_MISSING) /* there the check is for what stands for missing */
		fails = dm_value_check_passes(probe->check, value);
	else if (probe->kind == DM_PROBE_TRUE)
		fails = !DatumGetBool(value->datum);
	if (unlikely(fails))
		fail(measure, state, inputs);
}

/* All simple probes of one input. */
static inline void
run_simple_step(DmMeasure *measure, const DmStep *step, const NullableDatum *inputs)
{
	const DmProbe *probes = measure->program->probes;
	const NullableDatum *input = &inputs[step->arg];
	DmValue value;

	if (unlikely(input->isnull))
	{
		for (int i = 0; i < step->nprobes; i++)
			null_value(measure, &probes[step->probes[i]], &measure->states[step->probes[i]],
					   inputs);
		return;
	}
	if (!step->needs_value)
		return;
	dm_value_read(&value, step->class, input->value);
	for (int i = 0; i < step->nprobes; i++)
		some_value(measure, &probes[step->probes[i]], &measure->states[step->probes[i]], &value,
				   inputs);
}

/* A probe that is a step of its own. */
static void
run_probe(DmMeasure *measure, const DmProbe *probe, DmProbeState *state,
		  const NullableDatum *inputs)
{
	const NullableDatum *input = probe->args ? &inputs[probe->args[0]] : NULL;
	DmValue value;

	if (probe->filter >= 0)
	{
		const NullableDatum *filter = &inputs[probe->filter];

		if (filter->isnull || !DatumGetBool(filter->value))
			return;
		state->rows++;
	}
	switch (probe->kind)
	{
		case DM_PROBE_ROWS:
			break;
		case DM_PROBE_UNIQUE:
			add_unique(probe, state, inputs);
			break;
		case DM_PROBE_STATS:
			add_stats(state, input);
			break;
		case DM_PROBE_DISTINCT:
			add_distinct(measure, probe, state, input);
			break;
		default:
			if (input->isnull)
			{
				null_value(measure, probe, state, inputs);
				break;
			}
			dm_value_read(&value, probe->class, input->value);
			some_value(measure, probe, state, &value, inputs);
	}
}

void
DmMeasureAccumulate(DmMeasure *measure, const NullableDatum *inputs)
{
	DmProgram *program = measure->program;
	MemoryContext old = MemoryContextSwitchTo(program->scratch);
	const DmStep *end = program->steps + program->nsteps;

	measure->rows++;
	for (const DmStep *step = program->steps; step < end; step++)
	{
		if (step->simple)
			run_simple_step(measure, step, inputs);
		else
			run_probe(measure, &program->probes[step->probes[0]], &measure->states[step->probes[0]],
					  inputs);
	}
	MemoryContextSwitchTo(old);
	if (unlikely(!program->scratch->isReset))
		MemoryContextReset(program->scratch);
}

/* ---- merging ---- */

static void
merge_sample(DmMeasure *into, DmProbeState *state, const DmProbeState *from)
{
	for (int i = 0; i < from->nkeys; i++)
		DmSampleAdd(into, state, from->keys[i].hash, from->keys[i].texts);
}

/* A state that has been made for merging has no place for statistics before there are some. */
static void
merge_stats(DmMeasure *into, DmProbeState *state, const DmProbeState *from)
{
	if (state->stats == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(into->header.eoh_context);

		state->stats = DmStatsCreateLike(from->stats);
		MemoryContextSwitchTo(old);
	}
	DmStatsMerge(state->stats, from->stats);
}

static void
merge_state(DmMeasure *into, DmProbeState *state, const DmProbeState *from)
{
	if (state->error || from->error)
	{
		if (state->error == NULL)
			state->error = MemoryContextStrdup(into->header.eoh_context, from->error);
		return;
	}
	state->rows += from->rows;
	state->failing += from->failing;
	state->nulls += from->nulls;
	state->nans += from->nans;
	state->exact = state->exact && from->exact;
	merge_sample(into, state, from);
	if (state->unique)
		DmUniqueMerge(state->unique, from->unique);
	if (from->stats)
		merge_stats(into, state, from);
	if (from->registers)
	{
		if (state->registers == NULL)
			state->registers = MemoryContextAllocZero(into->header.eoh_context, DM_HLL_REGISTERS);
		DmHllMerge(state->registers, from->registers);
	}
}

void
DmMeasureMerge(DmMeasure *into, const DmMeasure *from)
{
	if (!DmProgramsEqual(into->program, from->program))
		ereport(ERROR, (errcode(ERRCODE_DM_INVALID_RULE),
						errmsg("measures of different specifications cannot be merged"),
						errdetail("Both must come from the same specification, with inputs of the "
								  "same types and collations.")));
	into->rows += from->rows;
	for (int i = 0; i < into->program->nprobes; i++)
	{
		CHECK_FOR_INTERRUPTS();
		merge_state(into, &into->states[i], &from->states[i]);
	}
}

/* ---- results ---- */

static void
push_sample(const DmProgram *program, const DmProbeState *state, JsonbParseState **json)
{
	DmJsonPushKey(json, "keys");
	(void) pushJsonbValue(json, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < state->nkeys; i++)
	{
		(void) pushJsonbValue(json, WJB_BEGIN_OBJECT, NULL);
		for (int j = 0; j < program->nkeys; j++)
		{
			char *name = psprintf("%d", program->keys[j]);

			if (state->keys[i].texts[j])
				DmJsonPushText(json, name, state->keys[i].texts[j]);
			else
			{
				JsonbValue null = {.type = jbvNull};

				DmJsonPushKey(json, name);
				(void) pushJsonbValue(json, WJB_VALUE, &null);
			}
		}
		(void) pushJsonbValue(json, WJB_END_OBJECT, NULL);
	}
	(void) pushJsonbValue(json, WJB_END_ARRAY, NULL);
}

static void
push_hashes(const DmUniqueSummary *summary, JsonbParseState **json)
{
	DmJsonPushKey(json, "hashes");
	(void) pushJsonbValue(json, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < summary->nhashes; i++)
	{
		JsonbValue v = {.type = jbvString};

		/* as row_hash shows them */
		v.val.string.val = psprintf(INT64_FORMAT, (int64) summary->hashes[i]);
		v.val.string.len = strlen(v.val.string.val);
		(void) pushJsonbValue(json, WJB_ELEM, &v);
	}
	(void) pushJsonbValue(json, WJB_END_ARRAY, NULL);
}

static void
push_unique(const DmProbe *probe, const DmProbeState *state, JsonbParseState **json)
{
	DmUniqueSummary summary;
	int64 null_group = !probe->nulls_distinct && probe->nargs == 1 ? state->nulls : 0;
	bool overflow = DmUniqueOverflowed(state->unique);

	DmJsonPushCount(json, "nulls", state->nulls);
	DmJsonPushBool(json, "overflow", overflow);
	if (overflow)
		return;
	DmUniqueSummarise(state->unique, &summary);
	DmJsonPushBool(json, "exact", state->exact || summary.candidates == 0);
	DmJsonPushCount(json, "candidates", summary.candidates);
	DmJsonPushCount(json, "excess", summary.excess + Max(null_group - 1, 0));
	DmJsonPushCount(json, "duplicated", summary.candidates + (null_group > 1));
	DmJsonPushCount(json, "in_groups", summary.in_groups + (null_group > 1 ? null_group : 0));
	push_hashes(&summary, json);
}

static void
push_probe(DmMeasure *measure, int i, JsonbParseState **json)
{
	const DmProbe *probe = &measure->program->probes[i];
	DmProbeState *state = &measure->states[i];

	if (state->error)
	{
		DmJsonPushText(json, "error", state->error);
		return;
	}
	DmJsonPushCount(json, "rows", probe->filter >= 0 ? state->rows : measure->rows);
	switch (probe->kind)
	{
		case DM_PROBE_ROWS:
			break;
		case DM_PROBE_UNIQUE:
			push_unique(probe, state, json);
			break;
		case DM_PROBE_STATS:
			DmJsonPushCount(json, "nulls", state->nulls);
			DmJsonPushCount(json, "nans", state->nans);
			if (state->stats)
				DmStatsResult(state->stats, json);
			else
				DmJsonPushCount(json, "count", 0);
			break;
		case DM_PROBE_DISTINCT:
			DmJsonPushCount(json, "nulls", state->nulls);
			DmJsonPushCount(json, "estimate",
							state->registers ? (int64) rint(DmHllEstimate(state->registers)) : 0);
			break;
		default:
			DmJsonPushCount(json, "failing", state->failing);
			DmJsonPushCount(json, "nulls", state->nulls);
			DmJsonPushCount(json, "nans", state->nans);
			push_sample(measure->program, state, json);
	}
}

Jsonb *
DmMeasureResult(DmMeasure *measure)
{
	JsonbParseState *json = NULL;
	int formats = DmPinFormats();
	Jsonb *result;

	(void) pushJsonbValue(&json, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < measure->program->nprobes; i++)
	{
		CHECK_FOR_INTERRUPTS();
		(void) pushJsonbValue(&json, WJB_BEGIN_OBJECT, NULL);
		push_probe(measure, i, &json);
		(void) pushJsonbValue(&json, WJB_END_OBJECT, NULL);
	}
	result = JsonbValueToJsonb(pushJsonbValue(&json, WJB_END_ARRAY, NULL));
	DmUnpinFormats(formats);
	return result;
}

Jsonb *
DmMeasureEmptyResult(Jsonb *spec)
{
	DmProgram *program = DmProgramCreate(CurrentMemoryContext, spec);
	DmMeasure *measure = DmMeasureMake(program->context, program, 0);
	Jsonb *result = DmMeasureResult(measure);

	MemoryContextDelete(program->context);
	return result;
}
