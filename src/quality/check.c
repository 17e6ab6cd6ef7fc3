/*-------------------------------------------------------------------------
 *
 * check.c
 *		SQL entry points: check_table, check_product, explain_checks.
 *
 * check_table runs with the caller's rights, a superuser's being those of the relation's owner;
 * check_product runs the contract's rules, which are the domain's code, as the domain's owner.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "base/names.h"
#include "base/session.h"
#include "catalog/catalog.h"
#include "quality/plan.h"

PG_FUNCTION_INFO_V1(dm_quality_check_table);
PG_FUNCTION_INFO_V1(dm_quality_check_product);
PG_FUNCTION_INFO_V1(dm_quality_explain_table);
PG_FUNCTION_INFO_V1(dm_quality_explain_product);

/* What is checked: a relation, by rules, for a product or for none. */
typedef struct Subject
{
	char *product;
	Oid relation;
	Jsonb *rules;
	Oid owner; /* InvalidOid: stay who we are */
} Subject;

static void
put_text(Datum *values, bool *nulls, int column, const char *text)
{
	nulls[column] = text == NULL;
	values[column] = text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

#define RESULT_COLUMNS 14

static void
put_result(ReturnSetInfo *rsinfo, const char *product, const DmCheckResult *result)
{
	Datum values[RESULT_COLUMNS];
	bool nulls[RESULT_COLUMNS] = {0};

	put_text(values, nulls, 0, product);
	put_text(values, nulls, 1, result->rule);
	put_text(values, nulls, 2, result->check);
	put_text(values, nulls, 3, result->column);
	put_text(values, nulls, 4, DmSeverityName(result->severity));
	put_text(values, nulls, 5, DmCheckStatusName(result->status));
	put_text(values, nulls, 6, result->method);
	put_text(values, nulls, 7, result->metric_value);
	put_text(values, nulls, 8, result->threshold);
	values[9] = Int64GetDatum(result->failing_rows);
	nulls[9] = result->failing_rows < 0;
	values[10] = PointerGetDatum(result->sample_keys);
	nulls[10] = result->sample_keys == NULL;
	put_text(values, nulls, 11, result->evidence);
	put_text(values, nulls, 12, result->message);
	put_text(values, nulls, 13, result->dimension);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* A product is checked as its domain's owner, any other relation as the caller, if he is no superuser. */
static void
enter_subject(const Subject *subject, DmIdentity *saved)
{
	if (OidIsValid(subject->owner))
		DmBecomeDomain(saved, subject->owner);
	else
		DmBecomeReader(saved, subject->relation);
	SPI_connect();
}

static void
leave_subject(const DmIdentity *saved)
{
	SPI_finish();
	DmIdentityRestore(saved);
}

static void
check_subject(Subject *subject, ReturnSetInfo *rsinfo)
{
	DmIdentity saved;
	DmQualityPlan *plan;
	ListCell *cell;

	enter_subject(subject, &saved);
	plan = DmQualityPlanCreate(subject->relation, subject->rules);
	DmQualityRun(plan);
	foreach (cell, DmQualityResults(plan, subject->relation))
		put_result(rsinfo, subject->product, lfirst(cell));
	leave_subject(&saved);
}

/*
 * explain_checks: one row for each check, in the order of the passes.
 */
#define EXPLAIN_COLUMNS 6

static void
put_explained(ReturnSetInfo *rsinfo, int pass, const DmPlanItem *item, const char *method,
			  const char *detail)
{
	Datum values[EXPLAIN_COLUMNS];
	bool nulls[EXPLAIN_COLUMNS] = {0};
	StringInfoData columns;
	ListCell *cell;

	initStringInfo(&columns);
	foreach (cell, item->check->column_names)
		appendStringInfo(&columns, "%s%s", foreach_current_index(cell) ? ", " : "",
						 (char *) lfirst(cell));
	values[0] = Int32GetDatum(pass);
	nulls[0] = pass == 0;
	put_text(values, nulls, 1, item->check->rule);
	put_text(values, nulls, 2, item->check->name);
	put_text(values, nulls, 3, columns.len > 0 ? columns.data : NULL);
	put_text(values, nulls, 4, method);
	put_text(values, nulls, 5, detail);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

static void
explain_pass(const char *query, ReturnSetInfo *rsinfo, int pass, List *items)
{
	ListCell *cell;

	foreach (cell, items)
		put_explained(rsinfo, pass, lfirst(cell), "fused pass",
					  cell == list_head(items) ? query : psprintf("in pass %d", pass));
}

typedef struct QueryArg
{
	DmQualityPlan *plan;
	DmPlanItem *item;
	char *query;
} QueryArg;

static void
find_query(void *arg)
{
	QueryArg *query = arg;

	query->query = DmOwnQuery(query->plan, query->item);
}

static void
explain_alone(DmQualityPlan *plan, DmPlanItem *item, ReturnSetInfo *rsinfo, int *pass)
{
	QueryArg arg = {plan, item, NULL};

	if (item->road == DM_ROAD_PROVED)
		put_explained(rsinfo, 0, item, "proved", item->evidence);
	else if (item->road == DM_ROAD_DECIDED)
		put_explained(rsinfo, 0, item, item->error ? "error" : "decided",
					  item->error ? item->error : item->check->skip_reason);
	else
	{
		char *error = DmGuard(find_query, &arg);

		++*pass;
		put_explained(rsinfo, *pass, item, error ? "error" : "own pass", error ? error : arg.query);
	}
}

static void
explain_subject(Subject *subject, ReturnSetInfo *rsinfo)
{
	DmIdentity saved;
	DmQualityPlan *plan;
	List *passes;
	List *told = NIL;
	ListCell *cell;
	int pass = 0;

	enter_subject(subject, &saved);
	plan = DmQualityPlanCreate(subject->relation, subject->rules);
	passes = DmFusedPasses(plan);
	foreach (cell, passes)
	{
		List *items = NIL;
		ListCell *part;

		foreach (part, (List *) lfirst(cell))
			items = list_concat(items, ((DmPass *) lfirst(part))->items);
		explain_pass(DmPassQuery(plan, lfirst(cell), NULL), rsinfo, ++pass, items);
		told = list_concat(told, items);
	}
	foreach (cell, plan->items)
		if (!list_member_ptr(told, lfirst(cell)))
			explain_alone(plan, lfirst(cell), rsinfo, &pass);
	leave_subject(&saved);
}

/*
 * Who and what.
 */
static Subject
subject_table(FunctionCallInfo fcinfo)
{
	Subject subject = {0};

	subject.relation = PG_GETARG_OID(0);
	subject.rules = PG_GETARG_JSONB_P(1);
	return subject;
}

static Subject
subject_product(FunctionCallInfo fcinfo)
{
	Subject subject = {0};
	char *version = PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1));
	DmProduct *product;
	DmContract *contract;

	/* null is an error: no results would look as if nothing were wrong */
	product = DmProductByName(DmProductArgument(fcinfo, 0));
	DmRequireDomainMember(product->domain);
	contract = DmContractByVersion(product, version);
	subject.product = product->qualified_name;
	subject.rules = contract->document;
	subject.relation =
		DmSourceRelation(product->domain, contract->source_schema, contract->source_name);
	subject.owner = product->domain->owner;
	return subject;
}

typedef void (*SubjectAction)(Subject *subject, ReturnSetInfo *rsinfo);

static Datum
act_on_table(FunctionCallInfo fcinfo, SubjectAction act)
{
	Subject subject = subject_table(fcinfo);

	InitMaterializedSRF(fcinfo, 0);
	act(&subject, (ReturnSetInfo *) fcinfo->resultinfo);
	return (Datum) 0;
}

static Datum
act_on_product(FunctionCallInfo fcinfo, SubjectAction act)
{
	Subject subject;

	InitMaterializedSRF(fcinfo, 0);
	subject = subject_product(fcinfo);
	act(&subject, (ReturnSetInfo *) fcinfo->resultinfo);
	return (Datum) 0;
}

Datum
dm_quality_check_table(PG_FUNCTION_ARGS)
{
	return act_on_table(fcinfo, check_subject);
}

Datum
dm_quality_check_product(PG_FUNCTION_ARGS)
{
	return act_on_product(fcinfo, check_subject);
}

Datum
dm_quality_explain_table(PG_FUNCTION_ARGS)
{
	return act_on_table(fcinfo, explain_subject);
}

Datum
dm_quality_explain_product(PG_FUNCTION_ARGS)
{
	return act_on_product(fcinfo, explain_subject);
}
