/*-------------------------------------------------------------------------
 *
 * measure_sql.c
 *		The type datamesh.measure and its aggregates, as SQL sees them.
 *
 * The transition state is an expanded object right below the aggregate's memory
 * context: the executor then hands the same read-write pointer back to us for the
 * next row, and copies nothing.
 *
 * The specification and the types are the same for all rows and groups of an
 * aggregate: the program made of them is kept with the function's call site.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/typcache.h"

#include "base/errors.h"
#include "quality/hll.h"
#include "quality/measure_state.h"

PG_FUNCTION_INFO_V1(dm_measure_in);
PG_FUNCTION_INFO_V1(dm_measure_out);
PG_FUNCTION_INFO_V1(dm_measure_recv);
PG_FUNCTION_INFO_V1(dm_measure_send);
PG_FUNCTION_INFO_V1(dm_measure_accum);
PG_FUNCTION_INFO_V1(dm_measure_merge);
PG_FUNCTION_INFO_V1(dm_measure_result);
PG_FUNCTION_INFO_V1(dm_measured_final);
PG_FUNCTION_INFO_V1(dm_row_hash);
PG_FUNCTION_INFO_V1(dm_completeness_accum);
PG_FUNCTION_INFO_V1(dm_completeness_final);
PG_FUNCTION_INFO_V1(dm_duplicate_rows_accum);
PG_FUNCTION_INFO_V1(dm_duplicate_rows_final);
PG_FUNCTION_INFO_V1(dm_approx_distinct_accum);
PG_FUNCTION_INFO_V1(dm_approx_distinct_final);

/* ---- the type ---- */

static bool
is_expanded(Datum value)
{
	return VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value));
}

static DmMeasure *
expanded_measure(Datum value)
{
	DmMeasure *measure = (DmMeasure *) DatumGetEOHP(value);

	if (measure->magic != DM_MEASURE_MAGIC)
		elog(ERROR, "not a measure");
	return measure;
}

/* One to look at while "value" is there; in the current context unless it is one already. */
static DmMeasure *
readable_measure(Datum value, DmMeasure *like)
{
	struct varlena *flat;

	if (is_expanded(value))
		return expanded_measure(value);
	flat = PG_DETOAST_DATUM_PACKED(value);
	return DmMeasureRead(CurrentMemoryContext, VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat), like,
						 true);
}

/*
 * One to change, right below parent: the very object, if it is one that may be changed.
 * Another one may have been made under a smaller work_mem.
 */
static DmMeasure *
writable_measure(Datum value, MemoryContext parent)
{
	struct varlena *flat;
	DmMeasure *measure;

	if (is_expanded(value))
	{
		DmMeasure *copy;

		measure = expanded_measure(value);
		if (VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(value)) &&
			MemoryContextGetParent(measure->header.eoh_context) == parent)
			return measure;
		copy = DmMeasureMakeLike(parent, measure);
		DmMeasureRaiseBudget(copy, get_hash_memory_limit());
		DmMeasureMerge(copy, measure);
		return copy;
	}
	flat = PG_DETOAST_DATUM_PACKED(value);
	measure = DmMeasureRead(parent, VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat), NULL, false);
	DmMeasureRaiseBudget(measure, get_hash_memory_limit());
	return measure;
}

/* Bytes from outside, as a value, after a look at all of them. */
static Datum
checked_measure(bytea *bytes)
{
	DmMeasure *measure = DmMeasureRead(CurrentMemoryContext, VARDATA_ANY(bytes),
									   VARSIZE_ANY_EXHDR(bytes), NULL, true);

	MemoryContextDelete(measure->header.eoh_context);
	return PointerGetDatum(bytes);
}

Datum
dm_measure_in(PG_FUNCTION_ARGS)
{
	char *text = PG_GETARG_CSTRING(0);

	if (text[0] != '\\' || text[1] != 'x')
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("invalid input syntax for type datamesh.measure"),
						errdetail("The text form is \\x and hexadecimal digits.")));
	return checked_measure(DatumGetByteaPP(DirectFunctionCall1(byteain, CStringGetDatum(text))));
}

Datum
dm_measure_out(PG_FUNCTION_ARGS)
{
	struct varlena *flat = PG_GETARG_VARLENA_PP(0);
	Size size = VARSIZE_ANY_EXHDR(flat);
	char *text;

	if (size > (MaxAllocSize - 3) / 2)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("measure is too large to be shown as text")));
	text = palloc(size * 2 + 3);
	text[0] = '\\';
	text[1] = 'x';
	(void) hex_encode(VARDATA_ANY(flat), size, text + 2);
	text[size * 2 + 2] = '\0';
	PG_RETURN_CSTRING(text);
}

Datum
dm_measure_recv(PG_FUNCTION_ARGS)
{
	return checked_measure(DatumGetByteaPP(DirectFunctionCall1(bytearecv, PG_GETARG_DATUM(0))));
}

Datum
dm_measure_send(PG_FUNCTION_ARGS)
{
	struct varlena *flat = PG_GETARG_VARLENA_PP(0);
	StringInfoData out;

	pq_begintypsend(&out);
	pq_sendbytes(&out, VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat));
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

/* ---- accumulating ---- */

/* What an aggregate's call site knows, in fn_extra. */
typedef struct CallSite
{
	DmProgram *program;
	Size memory_budget;
	int64 groups; /* states begun */
	Jsonb *spec;  /* a copy */
	bool spec_is_constant;

	/* of a row as the only input */
	TupleDesc row;
	Datum *values;
	bool *nulls;
	NullableDatum *inputs;
} CallSite;

static MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("transition function of an aggregate called outside of one")));
	return context;
}

/* Argument n of the aggregate (from 0), or NULL if it cannot be known, as in a window. */
static Node *
aggregate_argument(FunctionCallInfo fcinfo, int n)
{
	Aggref *aggref = AggGetAggref(fcinfo);

	if (aggref == NULL || n >= list_length(aggref->args))
		return NULL;
	return (Node *) list_nth_node(TargetEntry, aggref->args, n)->expr;
}

static Oid
argument_collation(FunctionCallInfo fcinfo, int n)
{
	Node *argument = aggregate_argument(fcinfo, n);

	return argument ? exprCollation(argument) : PG_GET_COLLATION();
}

static bool
argument_is_constant(FunctionCallInfo fcinfo, int n)
{
	Node *argument = aggregate_argument(fcinfo, n);

	return argument && (IsA(argument, Const) ||
						(IsA(argument, Param) && ((Param *) argument)->paramkind == PARAM_EXTERN));
}

static void
refuse_variadic_array(FunctionCallInfo fcinfo)
{
	if (get_fn_expr_variadic(fcinfo->flinfo))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("VARIADIC with an array is not supported here"),
						errhint("Pass the columns one by one, or a row with \"record\": true.")));
}

static Oid
argument_type(FunctionCallInfo fcinfo, int n)
{
	Oid type = get_fn_expr_argtype(fcinfo->flinfo, n);

	if (!OidIsValid(type) || type == UNKNOWNOID)
		ereport(ERROR, (errcode(ERRCODE_INDETERMINATE_DATATYPE),
						errmsg("could not determine the data type of argument %d", n),
						errhint("Cast it to a type.")));
	return type;
}

/* first: position in the arguments of the transition function; the state is argument 0 there */
static void
set_inputs(FunctionCallInfo fcinfo, DmProgram *program, int first)
{
	int n = PG_NARGS() - first;
	Oid *types = palloc(Max(n, 1) * sizeof(Oid));
	Oid *collations = palloc(Max(n, 1) * sizeof(Oid));

	for (int i = 0; i < n; i++)
	{
		types[i] = argument_type(fcinfo, first + i);
		collations[i] = argument_collation(fcinfo, first + i - 1);
	}
	DmProgramSetInputs(program, n, types, collations);
}

/* The columns of the row are the inputs. */
static void
set_row_inputs(FunctionCallInfo fcinfo, CallSite *site, int first)
{
	Oid type;
	int32 typmod = -1;
	Oid *types;
	Oid *collations;

	if (PG_NARGS() - first != 1)
		ereport(ERROR, (errcode(ERRCODE_DM_INVALID_RULE),
						errmsg("\"record\": true takes one argument, a row")));
	type = getBaseType(argument_type(fcinfo, first));
	if (type == RECORDOID && !PG_ARGISNULL(first))
	{
		HeapTupleHeader tuple = PG_GETARG_HEAPTUPLEHEADER(first);

		type = HeapTupleHeaderGetTypeId(tuple);
		typmod = HeapTupleHeaderGetTypMod(tuple);
	}
	if (!type_is_rowtype(type) || type == RECORDOID ? typmod < 0 : false)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
						errmsg("\"record\": true needs a row, not %s", format_type_be(type))));
	site->row = lookup_rowtype_tupdesc_copy(type, typmod);
	site->values = palloc(site->row->natts * sizeof(Datum));
	site->nulls = palloc(site->row->natts * sizeof(bool));
	site->inputs = palloc0(site->row->natts * sizeof(NullableDatum));
	types = palloc(site->row->natts * sizeof(Oid));
	collations = palloc(site->row->natts * sizeof(Oid));
	for (int i = 0; i < site->row->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(site->row, i);

		types[i] = attribute->attisdropped ? InvalidOid : attribute->atttypid;
		collations[i] = attribute->attcollation;
	}
	DmProgramSetInputs(site->program, site->row->natts, types, collations);
}

/* spec_text NULL: the specification is argument 1 */
static CallSite *
make_call_site(FunctionCallInfo fcinfo, const char *spec_text)
{
	MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	CallSite *site = palloc0(sizeof(CallSite));
	int first = spec_text ? 1 : 2;

	refuse_variadic_array(fcinfo);
	site->memory_budget = get_hash_memory_limit();
	if (spec_text)
		site->program = DmProgramCreateText(CurrentMemoryContext, spec_text);
	else
	{
		if (PG_ARGISNULL(1))
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
							errmsg("the specification of a measure must not be null")));
		site->spec = PG_GETARG_JSONB_P_COPY(1);
		site->spec_is_constant = argument_is_constant(fcinfo, 0);
		site->program = DmProgramCreate(CurrentMemoryContext, site->spec);
	}
	site->program->travels = IsInParallelMode();
	if (site->program->record)
		set_row_inputs(fcinfo, site, first);
	else
		set_inputs(fcinfo, site->program, first);
	DmProgramCompile(site->program);
	fcinfo->flinfo->fn_extra = site;
	MemoryContextSwitchTo(old);
	return site;
}

/* All rows must come with one specification. */
static void
check_spec(FunctionCallInfo fcinfo, const CallSite *site)
{
	Jsonb *spec = PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1);

	if (spec == NULL || VARSIZE(spec) != VARSIZE(site->spec) ||
		memcmp(spec, site->spec, VARSIZE(spec)) != 0)
		ereport(ERROR, (errcode(ERRCODE_DM_INVALID_RULE),
						errmsg("the specification of a measure must be the same for all rows")));
}

/* A row as inputs; of a null row, every column is null. */
static const NullableDatum *
take_apart(FunctionCallInfo fcinfo, CallSite *site, int argument)
{
	int natts = site->row->natts;

	if (PG_ARGISNULL(argument))
	{
		for (int i = 0; i < natts; i++)
			site->inputs[i].isnull = true;
		return site->inputs;
	}
	else
	{
		HeapTupleHeader header = PG_GETARG_HEAPTUPLEHEADER(argument);
		HeapTupleData tuple;

		if (HeapTupleHeaderGetTypeId(header) != site->row->tdtypeid ||
			HeapTupleHeaderGetTypMod(header) != site->row->tdtypmod)
			ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
							errmsg("all rows of a measure must be of one type")));
		tuple.t_len = HeapTupleHeaderGetDatumLength(header);
		ItemPointerSetInvalid(&tuple.t_self);
		tuple.t_tableOid = InvalidOid;
		tuple.t_data = header;
		heap_deform_tuple(&tuple, site->row, site->values, site->nulls);
		for (int i = 0; i < natts; i++)
		{
			site->inputs[i].value = site->values[i];
			site->inputs[i].isnull = site->nulls[i];
		}
	}
	return site->inputs;
}

/*
 * Hash aggregation asks for the size of all states whenever it meets a new group: what is to be
 * an error for its many groups must be one before there are many.
 */
static DmMeasure *
begin_group(CallSite *site, MemoryContext context)
{
	int most = site->program->most_groups;

	if (most > 0 && ++site->groups > most)
		ereport(ERROR, (errcode(ERRCODE_DM_INVALID_RULE),
						errmsg("group_by makes more than %d groups", most),
						errdetail("Each group is held against the threshold and kept in memory.")));
	return DmMeasureMake(context, site->program, site->memory_budget);
}

static Datum
accumulate(FunctionCallInfo fcinfo, const char *spec_text)
{
	MemoryContext context = aggregate_context(fcinfo);
	CallSite *site = fcinfo->flinfo->fn_extra;
	int first = spec_text ? 1 : 2;
	const NullableDatum *inputs = &fcinfo->args[first];
	DmMeasure *measure;

	if (unlikely(site == NULL))
		site = make_call_site(fcinfo, spec_text);
	else if (!spec_text && !site->spec_is_constant)
		check_spec(fcinfo, site);
	if (site->row)
		inputs = take_apart(fcinfo, site, first);

	if (unlikely(PG_ARGISNULL(0)))
		measure = begin_group(site, context);
	else
	{
		measure = writable_measure(PG_GETARG_DATUM(0), context);
		if (unlikely(!measure->program->compiled))
		{
			/* it has been stored in between: go on with a program that can accumulate */
			DmMeasure *stored = measure;

			measure = DmMeasureMake(context, site->program, site->memory_budget);
			DmMeasureMerge(measure, stored);
		}
	}
	DmMeasureAccumulate(measure, inputs);
	return EOHPGetRWDatum(&measure->header);
}

Datum
dm_measure_accum(PG_FUNCTION_ARGS)
{
	return accumulate(fcinfo, NULL);
}

/*
 * Combine function, transition function of merge(measure), and measure_merge itself.  Null
 * stands for no rows.
 */
Datum
dm_measure_merge(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	MemoryContext temporary;
	MemoryContext old;
	DmMeasure *into;

	if (!AggCheckCallContext(fcinfo, &context))
		context = CurrentMemoryContext;
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	if (PG_ARGISNULL(0))
		PG_RETURN_DATUM(EOHPGetRWDatum(&writable_measure(PG_GETARG_DATUM(1), context)->header));

	into = writable_measure(PG_GETARG_DATUM(0), context);
	temporary =
		AllocSetContextCreate(CurrentMemoryContext, "datamesh merge", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(temporary);
	DmMeasureMerge(into, readable_measure(PG_GETARG_DATUM(1), into));
	MemoryContextSwitchTo(old);
	MemoryContextDelete(temporary);
	PG_RETURN_DATUM(EOHPGetRWDatum(&into->header));
}

Datum
dm_measure_result(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(0))
		PG_RETURN_JSONB_P(DmMeasureEmptyResult(PG_GETARG_JSONB_P(1)));
	PG_RETURN_JSONB_P(DmMeasureResult(readable_measure(PG_GETARG_DATUM(0), NULL)));
}

/*
 * A final function is handed the very state; measure_result over the aggregate measure gets a copy
 * of it, because the executor flattens the values of aggregates that have no final function.
 */
Datum
dm_measured_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_JSONB_P(DmMeasureResult(readable_measure(PG_GETARG_DATUM(0), NULL)));
}

/* ---- row_hash ---- */

typedef struct HashSite
{
	DmRowHasher *hasher;
	int *args; /* 0, 1, ... */
} HashSite;

static HashSite *
make_hash_site(FunctionCallInfo fcinfo)
{
	MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	HashSite *site = palloc(sizeof(HashSite));
	int n = PG_NARGS();
	Oid *types = palloc(n * sizeof(Oid));
	Oid *collations = palloc(n * sizeof(Oid));
	List *arguments = NIL;

	refuse_variadic_array(fcinfo);
	if (fcinfo->flinfo->fn_expr && IsA(fcinfo->flinfo->fn_expr, FuncExpr))
		arguments = ((FuncExpr *) fcinfo->flinfo->fn_expr)->args;
	site->args = palloc(n * sizeof(int));
	for (int i = 0; i < n; i++)
	{
		site->args[i] = i;
		types[i] = argument_type(fcinfo, i);
		collations[i] = arguments ? exprCollation(list_nth(arguments, i)) : PG_GET_COLLATION();
	}
	site->hasher = DmRowHasherCreate(n, types, collations);
	fcinfo->flinfo->fn_extra = site;
	MemoryContextSwitchTo(old);
	return site;
}

Datum
dm_row_hash(PG_FUNCTION_ARGS)
{
	HashSite *site = fcinfo->flinfo->fn_extra;
	bool has_null;

	if (site == NULL)
		site = make_hash_site(fcinfo);
	PG_RETURN_INT64((int64) DmRowHash(site->hasher, fcinfo->args, site->args, &has_null));
}

/* ---- simple aggregates on the same state ---- */

static DmMeasure *
final_measure(FunctionCallInfo fcinfo)
{
	DmMeasure *measure = readable_measure(PG_GETARG_DATUM(0), NULL);

	if (measure->program->nprobes != 1)
		elog(ERROR, "unexpected measure");
	if (measure->states[0].error)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION), errmsg("%s", measure->states[0].error)));
	return measure;
}

Datum
dm_completeness_accum(PG_FUNCTION_ARGS)
{
	return accumulate(fcinfo, "{\"probes\": [{\"probe\": \"nulls\", \"arg\": 0}]}");
}

Datum
dm_completeness_final(PG_FUNCTION_ARGS)
{
	DmMeasure *measure = final_measure(fcinfo);
	int64 present = measure->rows - measure->states[0].nulls;

	return DirectFunctionCall2(numeric_div, NumericGetDatum(int64_to_numeric(present)),
							   NumericGetDatum(int64_to_numeric(measure->rows)));
}

Datum
dm_duplicate_rows_accum(PG_FUNCTION_ARGS)
{
	char *spec = "{}";

	/* as many inputs as there are arguments: only known here, and only needed once */
	if (fcinfo->flinfo->fn_extra == NULL)
	{
		StringInfoData text;

		initStringInfo(&text);
		appendStringInfoString(&text, "{\"probes\": [{\"probe\": \"unique\", \"args\": [0");
		for (int i = 1; i < PG_NARGS() - 1; i++)
			appendStringInfo(&text, ", %d", i);
		appendStringInfoString(&text, "]}]}");
		spec = text.data;
	}
	return accumulate(fcinfo, spec);
}

Datum
dm_duplicate_rows_final(PG_FUNCTION_ARGS)
{
	DmMeasure *measure = final_measure(fcinfo);
	DmUnique *set = measure->states[0].unique;
	DmUniqueSummary summary;

	if (set == NULL)
		elog(ERROR, "unexpected measure");
	if (DmUniqueOverflowed(set))
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("duplicate_rows needs more memory than work_mem * hash_mem_multiplier"),
				 errdetail("It takes 8 bytes a row."), errhint("Raise work_mem.")));
	DmUniqueSummarise(set, &summary);
	PG_RETURN_INT64((int64) summary.excess);
}

Datum
dm_approx_distinct_accum(PG_FUNCTION_ARGS)
{
	return accumulate(fcinfo, "{\"probes\": [{\"probe\": \"distinct\", \"arg\": 0}]}");
}

Datum
dm_approx_distinct_final(PG_FUNCTION_ARGS)
{
	DmMeasure *measure = final_measure(fcinfo);
	const uint8 *registers = measure->states[0].registers;

	PG_RETURN_INT64(registers ? (int64) rint(DmHllEstimate(registers)) : 0);
}
