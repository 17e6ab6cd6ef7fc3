/*-------------------------------------------------------------------------
 *
 * measure_store.c
 *		The stored form of datamesh.measure.
 *
 *	version			one byte, FORMAT_VERSION
 *	specification	its text
 *	inputs			number; for each the names of its type and collation
 *	rows			count
 *	probes			for each: error or null; if there is none the counts, the sample, and what its
 *					kind needs
 *
 * Field by field (bytes.h), little-endian, with names for what has an OID: a state may be
 * restored into another database or sent to another machine.  Who reads one trusts
 * nothing in it.  It cannot be more than wrong: a state holds counts that somebody else
 * made up if he could write it, no more.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "quality/hll.h"
#include "quality/measure_state.h"

#define FORMAT_VERSION 1

/* Values are written as texts that any session reads as the same value. */
int
DmPinFormats(void)
{
	static const char *const pinned[][2] = {
		{"datestyle", "ISO, YMD"},
		{"intervalstyle", "postgres"},
		{"extra_float_digits", "1"},
	};
	int level = NewGUCNestLevel();

	for (int i = 0; i < lengthof(pinned); i++)
		(void) set_config_option(pinned[i][0], pinned[i][1], PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	return level;
}

void
DmUnpinFormats(int level)
{
	if (level > 0)
		AtEOXact_GUC(false, level);
}

/* ---- writing ---- */

static void
write_sample(DmWriter *w, const DmProgram *program, const DmProbeState *state)
{
	dm_write32(w, state->nkeys);
	for (int i = 0; i < state->nkeys; i++)
	{
		dm_write64(w, state->keys[i].hash);
		for (int j = 0; j < program->nkeys; j++)
			dm_write_string(w, state->keys[i].texts[j]);
	}
}

static void
write_state(DmWriter *w, const DmProgram *program, const DmProbe *probe, DmProbeState *state)
{
	dm_write_string(w, state->error);
	if (state->error)
		return;
	dm_write64(w, state->rows);
	dm_write64(w, state->failing);
	dm_write64(w, state->nulls);
	dm_write64(w, state->nans);
	write_sample(w, program, state);
	switch (probe->kind)
	{
		case DM_PROBE_UNIQUE:
			dm_write8(w, state->exact);
			DmUniqueWrite(w, state->unique);
			break;
		case DM_PROBE_STATS:
			DmStatsWrite(w, state->stats);
			break;
		case DM_PROBE_DISTINCT:
			dm_write8(w, state->registers != NULL);
			if (state->registers)
				DmHllWrite(w, state->registers);
			break;
		default:
			break;
	}
}

static void
write_measure(DmWriter *w, DmMeasure *measure)
{
	DmProgram *program = measure->program;

	dm_write8(w, FORMAT_VERSION);
	dm_write_string(w, program->spec);
	dm_write32(w, program->ninputs);
	for (int i = 0; i < program->ninputs; i++)
	{
		dm_write_string(w, program->inputs[i].type_name);
		dm_write_string(w, program->inputs[i].collation_name);
	}
	dm_write64(w, measure->rows);
	for (int i = 0; i < program->nprobes; i++)
		write_state(w, program, &program->probes[i], &measure->states[i]);
}

static void
write_pinned(DmWriter *w, ExpandedObjectHeader *header)
{
	DmMeasure *measure = (DmMeasure *) header;
	int formats = measure->program->has_stats ? DmPinFormats() : 0;

	write_measure(w, measure);
	DmUnpinFormats(formats);
}

static Size
get_flat_size(ExpandedObjectHeader *header)
{
	DmWriter w = {0};

	write_pinned(&w, header);
	return VARHDRSZ + w.size;
}

static void
flatten_into(ExpandedObjectHeader *header, void *result, Size allocated_size)
{
	DmWriter w = {.p = VARDATA(result)};

	write_pinned(&w, header);
	if (VARHDRSZ + w.size != allocated_size)
		elog(ERROR, "size of a measure changed while it was written");
	SET_VARSIZE(result, allocated_size);
}

const ExpandedObjectMethods dm_measure_methods = {get_flat_size, flatten_into};

/* ---- reading ---- */

static void
read_sample(DmReader *r, DmMeasure *measure, DmProbeState *state)
{
	DmProgram *program = measure->program;
	uint32 n = dm_read32(r);
	char **texts = palloc(Max(program->nkeys, 1) * sizeof(char *));

	if (n > program->sample)
		dm_read_fail();
	for (uint32 i = 0; i < n; i++)
	{
		uint64 hash = dm_read64(r);

		for (int j = 0; j < program->nkeys; j++)
			texts[j] = dm_read_string(r);
		DmSampleAdd(measure, state, hash, texts);
	}
}

static void
read_state(DmReader *r, DmMeasure *measure, int i)
{
	DmProgram *program = measure->program;
	const DmProbe *probe = &program->probes[i];
	DmProbeState *state = &measure->states[i];

	state->error = dm_read_string(r);
	if (state->error)
		return;
	state->rows = dm_read_count(r);
	state->failing = dm_read_count(r);
	state->nulls = dm_read_count(r);
	state->nans = dm_read_count(r);
	read_sample(r, measure, state);
	switch (probe->kind)
	{
		case DM_PROBE_UNIQUE:
			state->exact = dm_read_bool(r);
			DmUniqueRead(r, state->unique);
			break;
		case DM_PROBE_STATS:
			state->stats = DmStatsCreate(DmProgramType(program, probe->args[0]),
										 DmProgramCollation(program, probe->args[0]));
			DmStatsRead(r, state->stats);
			break;
		case DM_PROBE_DISTINCT:
			if (dm_read_bool(r))
			{
				state->registers = palloc0(DM_HLL_REGISTERS);
				DmHllRead(r, state->registers);
			}
			break;
		default:
			break;
	}
}

static bool
same_string(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* The program that a stored state names: that of "like" if it is the same, else a new one. */
static DmProgram *
read_program(DmReader *r, MemoryContext context, DmMeasure *like)
{
	DmProgram *program = like ? like->program : NULL;
	char *spec = dm_read_string(r);
	uint32 ninputs = dm_read32(r);
	char **types;
	char **collations;
	bool same;

	if (spec == NULL || ninputs > (r->end - r->p) / 8)
		dm_read_fail();
	same = program && ninputs == program->ninputs && strcmp(spec, program->spec) == 0;
	types = palloc(Max(ninputs, 1) * sizeof(char *));
	collations = palloc(Max(ninputs, 1) * sizeof(char *));
	for (uint32 i = 0; i < ninputs; i++)
	{
		types[i] = dm_read_string(r);
		collations[i] = dm_read_string(r);
		same = same && same_string(types[i], program->inputs[i].type_name) &&
			   same_string(collations[i], program->inputs[i].collation_name);
	}
	if (same)
		return program;
	program = DmProgramCreateText(context, spec);
	DmProgramSetInputNames(program, ninputs, types, collations);
	return program;
}

DmMeasure *
DmMeasureRead(MemoryContext parent, const char *data, Size size, DmMeasure *like, bool borrow)
{
	DmReader r = {.start = data, .p = data, .end = data + size, .borrow = borrow};
	MemoryContext temporary =
		AllocSetContextCreate(CurrentMemoryContext, "datamesh measure", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(temporary);
	DmProgram *program;
	DmMeasure *measure;
	int formats;

	if (dm_read8(&r) != FORMAT_VERSION)
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
						errmsg("invalid value for type datamesh.measure"),
						errdetail("Its format is not one that this version of datamesh reads.")));
	program = read_program(&r, temporary, like);
	measure = DmMeasureMake(parent, program, MaxAllocSize);
	if (like == NULL || program != like->program)
		MemoryContextSetParent(program->context, measure->header.eoh_context);
	MemoryContextSwitchTo(measure->header.eoh_context);
	formats = program->has_stats ? DmPinFormats() : 0;
	measure->rows = dm_read_count(&r);
	for (int i = 0; i < program->nprobes; i++)
	{
		CHECK_FOR_INTERRUPTS();
		read_state(&r, measure, i);
	}
	DmUnpinFormats(formats);
	if (r.p != r.end)
		dm_read_fail();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(temporary);
	return measure;
}
