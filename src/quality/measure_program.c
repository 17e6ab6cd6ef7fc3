/*-------------------------------------------------------------------------
 *
 * measure_program.c
 *		What a measure is told to do: its specification, read and compiled.
 *
 * A program is made once for each aggregate of a query and shared by the states of
 * all groups.  Programs that only merge and show stored states are read but not
 * compiled: that needs neither the types nor the patterns to make sense here.
 *
 * An ill-formed specification is an error at once.  A specification that does not fit the
 * types (no hash function, a bound that is no number, a broken pattern) is the
 * business of one probe, which then reports the error instead of figures.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_type.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "base/errors.h"
#include "quality/measure_program.h"

#define MOST_PROBES 20000
#define LARGEST_SAMPLE 1000

/* ---- reading the specification ---- */

/* One object of the specification, and where it stands for messages. */
typedef struct SpecNode
{
	JsonbContainer *object;
	const char *where;
} SpecNode;

static const char *const kind_names[] = {
	[DM_PROBE_ROWS] = "rows",   [DM_PROBE_NULLS] = "nulls",       [DM_PROBE_MISSING] = "missing",
	[DM_PROBE_VALID] = "valid", [DM_PROBE_TRUE] = "true",         [DM_PROBE_UNIQUE] = "unique",
	[DM_PROBE_STATS] = "stats", [DM_PROBE_DISTINCT] = "distinct",
};

/* The fields that each kind of probe may have, besides "probe" and "filter". */
static const char *const kind_fields[] = {
	[DM_PROBE_ROWS] = "",
	[DM_PROBE_NULLS] = " arg ",
	[DM_PROBE_MISSING] = " arg values ",
	[DM_PROBE_VALID] = (" arg values pattern min max exclusive_min exclusive_max min_length "
						"max_length multiple_of "),
	[DM_PROBE_TRUE] = " arg ",
	[DM_PROBE_UNIQUE] = " args nulls_distinct ",
	[DM_PROBE_STATS] = " arg ",
	[DM_PROBE_DISTINCT] = " arg ",
};

static void
spec_error(const SpecNode *node, const char *key, const char *expected)
{
	const char *dot = key && *node->where ? "." : "";
	const char *colon = key || *node->where ? ": " : "";

	ereport(ERROR,
			(errcode(ERRCODE_DM_INVALID_RULE), errmsg("invalid measure specification"),
			 errdetail("%s%s%s%sexpected %s.", node->where, dot, key ? key : "", colon, expected)));
}

/* A field of an object; NULL where it is absent or null. */
static JsonbValue *
get_field(const SpecNode *node, const char *key)
{
	JsonbValue *v = getKeyJsonValueFromContainer(node->object, key, strlen(key), NULL);

	return v == NULL || v->type == jbvNull ? NULL : v;
}

static int64
to_count(const SpecNode *node, const char *key, const JsonbValue *v, int64 largest)
{
	int64 n = -1;

	if (v->type == jbvNumeric && !numeric_is_nan(v->val.numeric) && !numeric_is_inf(v->val.numeric))
	{
		Datum number = NumericGetDatum(v->val.numeric);
		Datum limit = NumericGetDatum(int64_to_numeric(largest));

		if (DatumGetBool(DirectFunctionCall2(numeric_eq, number,
											 DirectFunctionCall1(numeric_floor, number))) &&
			DatumGetBool(DirectFunctionCall2(numeric_le, number, limit)) &&
			DatumGetBool(
				DirectFunctionCall2(numeric_ge, number, NumericGetDatum(int64_to_numeric(0)))))
			n = DatumGetInt64(DirectFunctionCall1(numeric_int8, number));
	}
	if (n < 0)
		spec_error(node, key, psprintf("a whole number from 0 to " INT64_FORMAT, largest));
	return n;
}

static int64
get_count(const SpecNode *node, const char *key, int64 missing, int64 largest)
{
	JsonbValue *v = get_field(node, key);

	return v == NULL ? missing : to_count(node, key, v, largest);
}

static bool
get_bool(const SpecNode *node, const char *key, bool missing)
{
	JsonbValue *v = get_field(node, key);

	if (v == NULL)
		return missing;
	if (v->type != jbvBool)
		spec_error(node, key, "true or false");
	return v->val.boolean;
}

/* A string; numbers and booleans stand for their texts. */
static char *
to_text(const SpecNode *node, const char *key, const JsonbValue *v)
{
	switch (v->type)
	{
		case jbvString:
			return pnstrdup(v->val.string.val, v->val.string.len);
		case jbvNumeric:
			return DatumGetCString(
				DirectFunctionCall1(numeric_out, NumericGetDatum(v->val.numeric)));
		case jbvBool:
			return pstrdup(v->val.boolean ? "true" : "false");
		default:
			spec_error(node, key, "a string");
	}
	pg_unreachable();
}

static char *
get_text(const SpecNode *node, const char *key)
{
	JsonbValue *v = get_field(node, key);

	return v == NULL ? NULL : to_text(node, key, v);
}

/* The array in a field; NULL where there is none. */
static JsonbContainer *
get_array(const SpecNode *node, const char *key)
{
	JsonbValue *v = get_field(node, key);

	if (v == NULL)
		return NULL;
	if (v->type != jbvBinary || !JsonContainerIsArray(v->val.binary.data))
		spec_error(node, key, "an array");
	return v->val.binary.data;
}

static int
get_inputs(const SpecNode *node, const char *key, int **inputs)
{
	JsonbContainer *array = get_array(node, key);
	int n = array ? JsonContainerSize(array) : 0;

	*inputs = palloc(Max(n, 1) * sizeof(int));
	for (int i = 0; i < n; i++)
		(*inputs)[i] = (int) to_count(node, key, getIthJsonbValueFromContainer(array, i),
									  MaxHeapAttributeNumber * 10);
	return n;
}

static void
get_values(const SpecNode *node, DmValueRules *rules)
{
	JsonbContainer *array = get_array(node, "values");

	rules->nvalues = array ? JsonContainerSize(array) : -1;
	if (rules->nvalues <= 0)
		return;
	rules->values = palloc(rules->nvalues * sizeof(char *));
	for (int i = 0; i < rules->nvalues; i++)
		rules->values[i] = to_text(node, "values", getIthJsonbValueFromContainer(array, i));
}

static void
get_rules(const SpecNode *node, DmProbe *probe)
{
	DmValueRules *rules = &probe->rules;

	get_values(node, rules);
	rules->lenient_values = probe->kind == DM_PROBE_MISSING;
	rules->min = get_text(node, "min");
	rules->max = get_text(node, "max");
	rules->exclusive_min = get_bool(node, "exclusive_min", false);
	rules->exclusive_max = get_bool(node, "exclusive_max", false);
	rules->pattern = get_text(node, "pattern");
	rules->multiple_of = get_text(node, "multiple_of");
	rules->min_length = get_count(node, "min_length", -1, PG_INT32_MAX);
	rules->max_length = get_count(node, "max_length", -1, PG_INT32_MAX);
}

static DmProbeKind
get_kind(const SpecNode *node)
{
	char *name = get_text(node, "probe");

	for (int i = 0; name && i < lengthof(kind_names); i++)
	{
		if (strcmp(name, kind_names[i]) == 0)
			return (DmProbeKind) i;
	}
	spec_error(node, "probe", "rows, nulls, missing, valid, true, unique, stats or distinct");
	pg_unreachable();
}

/* Every field must be one of "known", a list with blanks around each name. */
static void
check_fields(const SpecNode *node, const char *known)
{
	JsonbIterator *it = JsonbIteratorInit(node->object);
	JsonbValue v;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		char *name;

		if (token != WJB_KEY)
			continue;
		name = pnstrdup(v.val.string.val, v.val.string.len);
		if (strchr(name, ' ') != NULL || strstr(known, psprintf(" %s ", name)) == NULL)
			spec_error(node, name,
					   known[0] ? psprintf("one of%sinstead of this field", known)
								: "no such field");
	}
}

static void
read_probe(DmProgram *program, DmProbe *probe, JsonbValue *v, int number)
{
	SpecNode node = {NULL, psprintf("probes[%d]", number)};

	if (v->type != jbvBinary || !JsonContainerIsObject(v->val.binary.data))
		spec_error(&node, NULL, "an object");
	node.object = v->val.binary.data;
	probe->kind = get_kind(&node);
	check_fields(&node, psprintf(" probe filter%s",
								 kind_fields[probe->kind][0] ? kind_fields[probe->kind] : " "));
	probe->filter = (int) get_count(&node, "filter", -1, MaxHeapAttributeNumber * 10);
	if (probe->kind == DM_PROBE_UNIQUE)
	{
		probe->nargs = get_inputs(&node, "args", &probe->args);
		probe->nulls_distinct = get_bool(&node, "nulls_distinct", true);
		if (probe->nargs == 0)
			spec_error(&node, "args", "an array of at least one input");
		program->nunique++;
	}
	else if (probe->kind != DM_PROBE_ROWS)
	{
		probe->nargs = 1;
		probe->args = palloc(sizeof(int));
		probe->args[0] = (int) get_count(&node, "arg", -1, MaxHeapAttributeNumber * 10);
		if (probe->args[0] < 0)
			spec_error(&node, "arg", "the number of an input");
	}
	program->has_stats = program->has_stats || probe->kind == DM_PROBE_STATS;
	get_rules(&node, probe);
}

/* Only a pass of ours names one, to the processes that take part in it. */
static void
find_exchange(const SpecNode *node, DmProgram *program)
{
	int64 handle = get_count(node, "exchange", 0, PG_UINT32_MAX);

	if (handle == 0)
		return;
	program->exchange = DmExchangeFind((uint32) handle);
	if (program->exchange == NULL)
		spec_error(node, "exchange", "none, or one that is there");
}

static void
read_spec(DmProgram *program, Jsonb *spec)
{
	SpecNode node = {&spec->root, ""};
	JsonbContainer *probes;

	if (!JB_ROOT_IS_OBJECT(spec))
		spec_error(&node, NULL, "an object with an array \"probes\"");
	check_fields(&node, " keys sample probes record exchange groups ");
	program->record = get_bool(&node, "record", false);
	program->sample = (int) get_count(&node, "sample", 0, LARGEST_SAMPLE);
	find_exchange(&node, program);
	program->most_groups = (int) get_count(&node, "groups", 0, PG_INT32_MAX);
	program->nkeys = get_inputs(&node, "keys", &program->keys);
	if (program->nkeys == 0)
		program->sample = 0;
	probes = get_array(&node, "probes");
	program->nprobes = probes ? JsonContainerSize(probes) : 0;
	if (program->nprobes > MOST_PROBES)
		spec_error(&node, "probes", psprintf("at most %d probes", MOST_PROBES));
	program->probes = palloc0(Max(program->nprobes, 1) * sizeof(DmProbe));
	for (int i = 0; i < program->nprobes; i++)
	{
		CHECK_FOR_INTERRUPTS();
		read_probe(program, &program->probes[i], getIthJsonbValueFromContainer(probes, i), i);
	}
}

DmProgram *
DmProgramCreate(MemoryContext parent, Jsonb *spec)
{
	MemoryContext context =
		AllocSetContextCreate(parent, "datamesh measure program", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	DmProgram *program = palloc0(sizeof(DmProgram));

	program->context = context;
	program->spec = JsonbToCString(NULL, &spec->root, VARSIZE(spec));
	read_spec(program, spec);
	MemoryContextSwitchTo(old);
	return program;
}

DmProgram *
DmProgramCreateText(MemoryContext parent, const char *spec)
{
	Datum jsonb = DirectFunctionCall1(jsonb_in, CStringGetDatum(spec));

	return DmProgramCreate(parent, DatumGetJsonbP(jsonb));
}

/* ---- inputs ---- */

static void
check_input(const DmProgram *program, int input)
{
	if (input >= program->ninputs)
		ereport(ERROR, (errcode(ERRCODE_DM_INVALID_RULE), errmsg("invalid measure specification"),
						errdetail("Input %d is asked for, but the inputs are 0 to %d.", input,
								  program->ninputs - 1)));
}

static void
check_inputs(const DmProgram *program)
{
	for (int i = 0; i < program->nkeys; i++)
		check_input(program, program->keys[i]);
	for (int i = 0; i < program->nprobes; i++)
	{
		const DmProbe *probe = &program->probes[i];

		check_input(program, probe->filter);
		for (int j = 0; j < probe->nargs; j++)
			check_input(program, probe->args[j]);
	}
}

static char *
type_name(Oid type)
{
	HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	Form_pg_type form;
	char *name;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", type);
	form = (Form_pg_type) GETSTRUCT(tuple);
	name =
		quote_qualified_identifier(get_namespace_name(form->typnamespace), NameStr(form->typname));
	ReleaseSysCache(tuple);
	return name;
}

static char *
collation_name(Oid collation)
{
	HeapTuple tuple;
	Form_pg_collation form;
	char *name;

	if (!OidIsValid(collation))
		return NULL;
	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(collation));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", collation);
	form = (Form_pg_collation) GETSTRUCT(tuple);
	name = quote_qualified_identifier(get_namespace_name(form->collnamespace),
									  NameStr(form->collname));
	ReleaseSysCache(tuple);
	return name;
}

void
DmProgramSetInputs(DmProgram *program, int ninputs, const Oid *types, const Oid *collations)
{
	MemoryContext old = MemoryContextSwitchTo(program->context);

	program->ninputs = ninputs;
	check_inputs(program);
	program->inputs = palloc0(Max(ninputs, 1) * sizeof(DmInput));
	for (int i = 0; i < ninputs; i++)
	{
		DmInput *input = &program->inputs[i];

		if (!OidIsValid(types[i])) /* a dropped column of a row */
			continue;
		/* a domain's base type is what its values are */
		input->type = getBaseType(types[i]);
		/* where SQL could not decide between collations, the database's own does */
		if (OidIsValid(get_typcollation(input->type)))
			input->collation = OidIsValid(collations[i]) ? collations[i] : DEFAULT_COLLATION_OID;
		input->type_name = type_name(input->type);
		input->collation_name = collation_name(input->collation);
	}
	MemoryContextSwitchTo(old);
}

void
DmProgramSetInputNames(DmProgram *program, int ninputs, char **types, char **collations)
{
	program->ninputs = ninputs;
	check_inputs(program);
	program->inputs = MemoryContextAllocZero(program->context, Max(ninputs, 1) * sizeof(DmInput));
	for (int i = 0; i < ninputs; i++)
	{
		program->inputs[i].type_name =
			types[i] ? MemoryContextStrdup(program->context, types[i]) : NULL;
		program->inputs[i].collation_name =
			collations[i] ? MemoryContextStrdup(program->context, collations[i]) : NULL;
	}
}

void
DmProgramCopyInputs(DmProgram *program, const DmProgram *from)
{
	char **types = palloc(Max(from->ninputs, 1) * sizeof(char *));
	char **collations = palloc(Max(from->ninputs, 1) * sizeof(char *));

	for (int i = 0; i < from->ninputs; i++)
	{
		types[i] = from->inputs[i].type_name;
		collations[i] = from->inputs[i].collation_name;
	}
	DmProgramSetInputNames(program, from->ninputs, types, collations);
	pfree(types);
	pfree(collations);
}

/* Split a qualified name as it was written by type_name or collation_name. */
static List *
split_name(const char *name)
{
	List *identifiers = NIL;
	List *names = NIL;
	ListCell *cell;

	if (!SplitIdentifierString(pstrdup(name), '.', &identifiers) || list_length(identifiers) != 2)
		ereport(ERROR, (errcode(ERRCODE_INVALID_NAME), errmsg("invalid name: \"%s\"", name)));
	foreach (cell, identifiers)
		names = lappend(names, makeString(pstrdup(lfirst(cell))));
	return names;
}

Oid
DmProgramType(DmProgram *program, int input)
{
	DmInput *in = &program->inputs[input];

	if (!OidIsValid(in->type))
	{
		if (in->type_name == NULL)
			ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
							errmsg("input %d of the measure is a dropped column", input)));
		in->type = typenameTypeId(NULL, makeTypeNameFromNameList(split_name(in->type_name)));
	}
	return in->type;
}

Oid
DmProgramCollation(DmProgram *program, int input)
{
	DmInput *in = &program->inputs[input];

	if (!OidIsValid(in->collation) && in->collation_name != NULL)
		in->collation = get_collation_oid(split_name(in->collation_name), false);
	return in->collation;
}

static bool
equal_names(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool
DmProgramsEqual(const DmProgram *a, const DmProgram *b)
{
	if (a == b)
		return true;
	if (a->ninputs != b->ninputs || strcmp(a->spec, b->spec) != 0)
		return false;
	for (int i = 0; i < a->ninputs; i++)
	{
		if (!equal_names(a->inputs[i].type_name, b->inputs[i].type_name) ||
			!equal_names(a->inputs[i].collation_name, b->inputs[i].collation_name))
			return false;
	}
	return true;
}

/* ---- compiling ---- */

static DmRowHasher *
make_hasher(DmProgram *program, int n, const int *args)
{
	Oid *types = palloc(n * sizeof(Oid));
	Oid *collations = palloc(n * sizeof(Oid));

	for (int i = 0; i < n; i++)
	{
		types[i] = DmProgramType(program, args[i]);
		collations[i] = DmProgramCollation(program, args[i]);
	}
	return DmRowHasherCreate(n, types, collations);
}

static void
check_boolean(DmProgram *program, int input, const char *what)
{
	if (input >= 0 && DmProgramType(program, input) != BOOLOID)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
						errmsg("%s must be boolean, not %s", what,
							   format_type_be(DmProgramType(program, input)))));
}

static void
compile_probe(DmProgram *program, DmProbe *probe)
{
	check_boolean(program, probe->filter, "a filter");
	if (probe->nargs == 0)
		return;
	probe->class = DmValueClassOf(DmProgramType(program, probe->args[0]));
	probe->nan_possible = probe->class == DM_VALUE_FLOAT8 || probe->class == DM_VALUE_FLOAT4 ||
						  probe->class == DM_VALUE_NUMERIC;
	switch (probe->kind)
	{
		case DM_PROBE_MISSING:
		case DM_PROBE_VALID:
			if (probe->kind == DM_PROBE_MISSING && probe->rules.nvalues < 0)
				probe->rules.nvalues = 0;
			probe->check =
				DmValueCheckCreate(DmProgramType(program, probe->args[0]),
								   DmProgramCollation(program, probe->args[0]), &probe->rules);
			break;
		case DM_PROBE_TRUE:
			check_boolean(program, probe->args[0], "a condition");
			break;
		case DM_PROBE_UNIQUE:
		case DM_PROBE_DISTINCT:
			probe->hasher = make_hasher(program, probe->nargs, probe->args);
			break;
		default:
			break;
	}
}

/* What may be wrong with one probe without the others suffering. */
static bool
is_probe_error(int code)
{
	return ERRCODE_TO_CATEGORY(code) == ERRCODE_DATA_EXCEPTION ||
		   code == ERRCODE_UNDEFINED_FUNCTION || code == ERRCODE_INDETERMINATE_COLLATION ||
		   code == ERRCODE_FEATURE_NOT_SUPPORTED || code == ERRCODE_UNDEFINED_COLUMN ||
		   code == ERRCODE_UNDEFINED_OBJECT;
}

/*
 * No subtransaction, since parallel workers cannot have one: what is called takes nothing that
 * would have to be given back before it says such errors.
 */
static void
try_compile_probe(DmProgram *program, DmProbe *probe)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		compile_probe(program, probe);
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (!is_probe_error(error->sqlerrcode))
			PG_RE_THROW();
		FlushErrorState();
		probe->error = error->message;
	}
	PG_END_TRY();
}

/* Keys of types without a hash function are hashed by their texts. */
static bool
keys_can_be_hashed(DmProgram *program)
{
	for (int i = 0; i < program->nkeys; i++)
	{
		if (!DmTypeCanBeHashed(DmProgramType(program, program->keys[i])))
			return false;
	}
	return true;
}

static void
compile_keys(DmProgram *program)
{
	if (keys_can_be_hashed(program))
		program->key_hasher = make_hasher(program, program->nkeys, program->keys);
	program->key_outputs = palloc0(Max(program->nkeys, 1) * sizeof(FmgrInfo));
	for (int i = 0; i < program->nkeys; i++)
	{
		Oid output;
		bool is_varlena;

		getTypeOutputInfo(DmProgramType(program, program->keys[i]), &output, &is_varlena);
		fmgr_info(output, &program->key_outputs[i]);
	}
}

static bool
is_simple(const DmProbe *probe)
{
	return probe->filter < 0 && (probe->kind == DM_PROBE_NULLS || probe->kind == DM_PROBE_MISSING ||
								 probe->kind == DM_PROBE_VALID || probe->kind == DM_PROBE_TRUE);
}

/* The step that a probe belongs to. */
static DmStep *
step_of(DmProgram *program, const DmProbe *probe)
{
	DmStep *step;

	/* probes of one column mostly stand together: a look at the last few steps finds it */
	for (int i = program->nsteps - 1; is_simple(probe) && i >= Max(0, program->nsteps - 16); i--)
	{
		step = &program->steps[i];
		if (step->simple && step->arg == probe->args[0])
			return step;
	}
	step = &program->steps[program->nsteps++];
	step->simple = is_simple(probe);
	step->nan_possible = probe->nan_possible;
	step->class = probe->class;
	step->arg = probe->nargs > 0 ? probe->args[0] : 0;
	return step;
}

/* Probes that cannot be measured, or need nothing to be done for a row, have no step. */
static void
make_steps(DmProgram *program)
{
	program->nsteps = 0;
	program->steps = palloc0(Max(program->nprobes, 1) * sizeof(DmStep));
	for (int i = 0; i < program->nprobes; i++)
	{
		const DmProbe *probe = &program->probes[i];
		DmStep *step;

		if (probe->error || (probe->kind == DM_PROBE_ROWS && probe->filter < 0))
			continue;
		step = step_of(program, probe);
		if (step->probes == NULL)
			step->probes = palloc(sizeof(int));
		else
			step->probes = repalloc(step->probes, (step->nprobes + 1) * sizeof(int));
		step->probes[step->nprobes++] = i;
		step->needs_value =
			step->needs_value || probe->kind != DM_PROBE_NULLS || probe->nan_possible;
	}
}

void
DmProgramCompile(DmProgram *program)
{
	MemoryContext old = MemoryContextSwitchTo(program->context);

	if (program->sample > 0)
		compile_keys(program);
	for (int i = 0; i < program->nprobes; i++)
	{
		CHECK_FOR_INTERRUPTS();
		try_compile_probe(program, &program->probes[i]);
	}
	make_steps(program);
	program->scratch =
		AllocSetContextCreate(program->context, "datamesh measure row", ALLOCSET_DEFAULT_SIZES);
	program->compiled = true;
	MemoryContextSwitchTo(old);
}
