/*-------------------------------------------------------------------------
 *
 * observe.c
 *		The fused pass where somebody else reads the rows.
 *
 * Each process that reads some of the rows has an observer, a measure of its own.
 * What they saw comes to the process that made the plan, in any order, and is
 * merged there; a measure's figures do not depend on how the rows were divided.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "quality/measure_state.h"
#include "quality/plan.h"
#include "quality/quality.h"

struct DmObserver
{
	DmMeasure *measure;
	int ninputs;
	NullableDatum inputs[FLEXIBLE_ARRAY_MEMBER];
};

char *
DmQualityObserveBegin(DmQualityPlan *plan)
{
	MemoryContext old = MemoryContextSwitchTo(plan->context);
	char *spec;

	(void) DmQualityPlanInputs(plan); /* compiles the pass */
	plan->exchange = DmPassExchange(list_make1(plan->observed));
	spec = DmPassSpec(plan->observed, plan->exchange);
	MemoryContextSwitchTo(old);
	return spec;
}

DmObserver *
DmObserverCreate(const char *spec, TupleDesc desc, int first)
{
	int ninputs = desc->natts - first;
	DmObserver *observer =
		palloc(offsetof(DmObserver, inputs) + sizeof(NullableDatum) * Max(ninputs, 1));
	Oid *types = palloc(sizeof(Oid) * Max(ninputs, 1));
	Oid *collations = palloc(sizeof(Oid) * Max(ninputs, 1));

	for (int i = 0; i < ninputs; i++)
	{
		types[i] = TupleDescAttr(desc, first + i)->atttypid;
		collations[i] = TupleDescAttr(desc, first + i)->attcollation;
	}
	observer->ninputs = ninputs;
	observer->measure = DmMeasureCreate(CurrentMemoryContext, spec, ninputs, types, collations,
										get_hash_memory_limit(), IsParallelWorker());
	return observer;
}

void
DmObserverRow(DmObserver *observer, const Datum *values, const bool *nulls)
{
	NullableDatum *inputs = observer->inputs;

	for (int i = 0; i < observer->ninputs; i++)
	{
		inputs[i].value = values[i];
		inputs[i].isnull = nulls[i];
	}
	DmMeasureAccumulate(observer->measure, inputs);
}

Datum
DmObserverSeen(DmObserver *observer)
{
	return EOHPGetRWDatum(&observer->measure->header);
}

/*
 * One of this process is not copied: it becomes ours, and what others have seen is added to it.
 * "seen" may be gone when its query has ended.
 */
void
DmQualityObserved(DmQualityPlan *plan, Datum seen)
{
	MemoryContext old = MemoryContextSwitchTo(plan->context);
	struct varlena *flat = (struct varlena *) DatumGetPointer(seen);
	DmMeasure *measure;
	DmMeasure *other = plan->measure;

	if (VARATT_IS_EXTERNAL_EXPANDED(flat))
	{
		measure = (DmMeasure *) DatumGetEOHP(seen);
		MemoryContextSetParent(measure->header.eoh_context, plan->context);
	}
	else
		measure =
			DmMeasureRead(plan->context, VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat), NULL, false);
	plan->measure = measure;
	if (other != NULL)
	{
		DmMeasureMerge(measure, other);
		DmMeasureFree(other);
	}
	MemoryContextSwitchTo(old);
}

void
DmQualityObserveEnd(DmQualityPlan *plan)
{
	MemoryContext old = MemoryContextSwitchTo(plan->context);

	DmPassRead(plan, plan->observed, DmMeasureResult(plan->measure), NULL);
	DmMeasureFree(plan->measure);
	plan->measure = NULL;
	if (plan->exchange != NULL)
		DmExchangeDrop(plan->exchange);
	plan->exchange = NULL;
	MemoryContextSwitchTo(old);
}
