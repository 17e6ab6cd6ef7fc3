/*-------------------------------------------------------------------------
 *
 * decide.c
 *		What a port shows to whom: the functions that its view calls for each row.
 *
 *	mask_choice		which mask of a column, if any
 *	filter_choice	whether a filter of rows applies
 *	reader_name		for whom a pseudonym is made
 *	may_read		whether access has expired
 *
 * Decided for the stricter of the current and the outer user: a function with the
 * rights of somebody who may see more shows its caller no more than the caller may
 * see, and no less care is taken of what its owner may not see.
 *
 * A decision is made once for each call in a query and statement, and then kept with the
 * call as long as nothing changes: the generation of the cache, both users, the
 * statement (a FETCH from a cursor is one), the arguments.  So a row costs some
 * comparisons.
 *
 * What cannot be resolved is DM_HIDDEN or DM_FILTER_NO_ROW, for everybody, and
 * never an error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "access/access.h"
#include "access/engine.h"
#include "base/session.h"

PG_FUNCTION_INFO_V1(dm_mask_choice);
PG_FUNCTION_INFO_V1(dm_filter_choice);
PG_FUNCTION_INFO_V1(dm_reader_name);
PG_FUNCTION_INFO_V1(dm_may_read);

DmSubject
DmSubjectNow(void)
{
	DmSubject subject = {GetUserId(), DmOuterUser(), GetCurrentTimestamp()};

	return subject;
}

/* ---- masks ---- */

/* Two masks of one strength hide different things: together nothing is left to show. */
static int
stricter_mask(const DmColumnRule *rule, int one, int other)
{
	int one_strength;
	int other_strength;

	if (one == other)
		return one;
	if (one == DM_HIDDEN || other == DM_HIDDEN)
		return DM_HIDDEN;
	one_strength = one == DM_RAW ? 0 : rule->strengths[one - 1];
	other_strength = other == DM_RAW ? 0 : rule->strengths[other - 1];
	if (one_strength == other_strength)
		return DM_HIDDEN;
	return one_strength > other_strength ? one : other;
}

static int
mask_for_consumer(const DmColumnRule *rule, const char *consumer)
{
	for (int i = 0; i < rule->nconsumers; i++)
		if (strcmp(rule->consumers[i].consumer, consumer) == 0)
			return rule->consumers[i].choice;
	return rule->standard;
}

static int
mask_for_reader(const DmColumnRule *rule, const DmReader *reader)
{
	switch (reader->kind)
	{
		case DM_READER_OWNER:
		case DM_READER_STEWARD:
			return DM_RAW;
		case DM_READER_CONSUMER:
			return mask_for_consumer(rule, reader->consumer);
		case DM_READER_GRANT:
		case DM_READER_NONE:
			return rule->standard;
		case DM_READER_UNKNOWN:
			break;
	}
	return DM_HIDDEN;
}

static int
mask_for_user(const DmPolicy *policy, const DmColumnRule *rule, Oid user, TimestampTz now)
{
	const List *readers = DmStanding(policy->port, policy->stewards, user, now);
	int choice = mask_for_reader(rule, linitial(readers));
	ListCell *cell;

	for_each_from (cell, readers, 1)
		choice = stricter_mask(rule, choice, mask_for_reader(rule, lfirst(cell)));
	return choice;
}

int
DmMaskChoice(const DmPolicy *policy, int column, const DmSubject *subject)
{
	const DmColumnRule *rule;
	int choice;

	if (policy == NULL || column < 1 || column > policy->rules->ncolumns)
		return DM_HIDDEN;
	rule = &policy->rules->columns[column - 1];
	choice = mask_for_user(policy, rule, subject->user, subject->now);
	if (subject->outer != subject->user)
		choice =
			stricter_mask(rule, choice, mask_for_user(policy, rule, subject->outer, subject->now));
	return choice;
}

/* ---- filters ---- */

/* All filters must hold that one of two readers is held to. */
static int
stricter_filter(int one, int other)
{
	if (one == DM_FILTER_NO_ROW || other == DM_FILTER_NO_ROW)
		return DM_FILTER_NO_ROW;
	return Max(one, other);
}

static int
filter_by_rule(const DmRowRule *rule, int filter)
{
	if (rule->no_row)
		return DM_FILTER_NO_ROW;
	for (int i = 0; i < rule->nfilters; i++)
		if (rule->filters[i] == filter)
			return DM_FILTER_HOLDS;
	return DM_FILTER_OFF;
}

static int
filter_for_reader(const DmRules *rules, int filter, const DmReader *reader)
{
	switch (reader->kind)
	{
		case DM_READER_OWNER:
		case DM_READER_STEWARD:
			return DM_FILTER_OFF;
		case DM_READER_CONSUMER:
			for (int i = 0; i < rules->nconsumers; i++)
				if (strcmp(rules->consumers[i].consumer, reader->consumer) == 0)
					return filter_by_rule(&rules->consumers[i], filter);
			return filter_by_rule(&rules->rows, filter);
		case DM_READER_GRANT:
		case DM_READER_NONE:
			return filter_by_rule(&rules->rows, filter);
		case DM_READER_UNKNOWN:
			break;
	}
	return DM_FILTER_NO_ROW;
}

static int
filter_for_user(const DmPolicy *policy, int filter, Oid user, TimestampTz now)
{
	const List *readers = DmStanding(policy->port, policy->stewards, user, now);
	int choice = DM_FILTER_OFF;
	ListCell *cell;

	foreach (cell, readers)
		choice = stricter_filter(choice, filter_for_reader(policy->rules, filter, lfirst(cell)));
	return choice;
}

int
DmFilterChoice(const DmPolicy *policy, int filter, const DmSubject *subject)
{
	int choice;

	if (policy == NULL || filter < 1 || filter > policy->rules->nfilters)
		return DM_FILTER_NO_ROW;
	choice = filter_for_user(policy, filter, subject->user, subject->now);
	if (subject->outer != subject->user)
		choice =
			stricter_filter(choice, filter_for_user(policy, filter, subject->outer, subject->now));
	return choice;
}

/* ---- whose pseudonyms ---- */

/*
 * The name under which a reader's pseudonyms are made: a consumer's, or that of the role itself.  NULL
 * for those who see no mask.
 */
static char *
name_of_reader(const DmReader *reader)
{
	char *role;

	if (reader->kind == DM_READER_CONSUMER)
		return pstrdup(reader->consumer);
	if (reader->kind != DM_READER_GRANT && reader->kind != DM_READER_NONE)
		return NULL;
	role = GetUserNameFromId(reader->role, true);
	return role != NULL ? psprintf("role %s", role) : NULL;
}

/* Add the name of each of the ways in which a user reads, once. */
static List *
append_names(List *names, const DmPolicy *policy, Oid user, TimestampTz now)
{
	const List *readers = DmStanding(policy->port, policy->stewards, user, now);
	ListCell *cell;

	foreach (cell, readers)
	{
		char *name = name_of_reader(lfirst(cell));

		if (name != NULL)
			names = list_append_unique(names, makeString(name));
	}
	return names;
}

/* NULL if there is not exactly one: then a pseudonym is null too. */
static char *
reader_name(const DmPolicy *policy, const DmSubject *subject)
{
	List *names;

	if (policy == NULL)
		return NULL;
	names = append_names(NIL, policy, subject->user, subject->now);
	if (subject->outer != subject->user)
		names = append_names(names, policy, subject->outer, subject->now);
	return list_length(names) == 1 ? strVal(linitial(names)) : NULL;
}

/* ---- what is kept with a call ---- */

typedef struct Decision
{
	uint64 generation;
	TimestampTz statement;
	Oid user;
	Oid outer;
	int32 subject; /* of a policy, or a port */
	int32 number;  /* of a column or filter */
	int32 choice;
	text *name;
} Decision;

typedef void (*Decider)(Decision *decision, MemoryContext context, const DmSubject *subject);

/* Slow and seldom: decide, and keep it. */
static const Decision *
decide(FunctionCallInfo fcinfo, int32 subject, int32 number, Decider decider)
{
	MemoryContext context = fcinfo->flinfo->fn_mcxt;
	Decision *decision = fcinfo->flinfo->fn_extra;

	if (decision == NULL)
		decision = MemoryContextAllocZero(context, sizeof(Decision));
	decision->generation = 0; /* an error in between leaves a decision that holds for nothing */
	fcinfo->flinfo->fn_extra = decision;
	for (int attempt = 0; attempt < DM_DECISION_ATTEMPTS; attempt++)
	{
		uint64 generation = DmAccessBegin();
		DmSubject now = DmSubjectNow();

		decision->statement = GetCurrentStatementStartTimestamp();
		decision->user = now.user;
		decision->outer = now.outer;
		decision->subject = subject;
		decision->number = number;
		decider(decision, context, &now);
		decision->generation = generation;
		if (generation == dm_access_generation)
			break;
	}
	return decision;
}

/* Fast, for each row. */
static inline const Decision *
decision_for(FunctionCallInfo fcinfo, int32 subject, int32 number, Decider decider)
{
	const Decision *decision = fcinfo->flinfo->fn_extra;

	if (likely(decision != NULL && decision->generation == dm_access_generation &&
			   decision->subject == subject && decision->number == number &&
			   decision->user == GetUserId() && decision->outer == DmOuterUser() &&
			   decision->statement == GetCurrentStatementStartTimestamp()))
		return decision;
	return decide(fcinfo, subject, number, decider);
}

static void
decide_mask(Decision *decision, MemoryContext context, const DmSubject *subject)
{
	decision->choice = DmMaskChoice(DmPolicyFind(decision->subject), decision->number, subject);
}

static void
decide_filter(Decision *decision, MemoryContext context, const DmSubject *subject)
{
	decision->choice = DmFilterChoice(DmPolicyFind(decision->subject), decision->number, subject);
}

static void
decide_name(Decision *decision, MemoryContext context, const DmSubject *subject)
{
	char *name = reader_name(DmPolicyFind(decision->subject), subject);
	MemoryContext old;

	if (decision->name != NULL)
		pfree(decision->name);
	decision->name = NULL;
	if (name == NULL)
		return;
	old = MemoryContextSwitchTo(context);
	decision->name = cstring_to_text(name);
	MemoryContextSwitchTo(old);
}

static void
decide_reading(Decision *decision, MemoryContext context, const DmSubject *subject)
{
	DmAccessRequire(decision->subject);
}

/* ---- the functions ---- */

/* datamesh.mask_choice(policy integer, column_number integer) returns integer */
Datum
dm_mask_choice(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(
		decision_for(fcinfo, PG_GETARG_INT32(0), PG_GETARG_INT32(1), decide_mask)->choice);
}

/* datamesh.filter_choice(policy integer, filter integer) returns integer */
Datum
dm_filter_choice(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(
		decision_for(fcinfo, PG_GETARG_INT32(0), PG_GETARG_INT32(1), decide_filter)->choice);
}

/* datamesh.reader_name(policy integer) returns text */
Datum
dm_reader_name(PG_FUNCTION_ARGS)
{
	const Decision *decision = decision_for(fcinfo, PG_GETARG_INT32(0), 0, decide_name);

	if (decision->name == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(decision->name);
}

/* datamesh.may_read(port_id integer) returns boolean */
Datum
dm_may_read(PG_FUNCTION_ARGS)
{
	(void) decision_for(fcinfo, PG_GETARG_INT32(0), 0, decide_reading);
	PG_RETURN_BOOL(true);
}
