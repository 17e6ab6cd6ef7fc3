/*-------------------------------------------------------------------------
 *
 * rule_reader.h
 *		What the readers of rules share; nothing else includes it.
 *
 * rules.c tells the form of rules; rule_object.c, rule_contract.c and rule_short.c read
 * one form each; rule_check.c knows the kinds of checks and their parameters;
 * rule_reader.c reads JSON and collects problems.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_QUALITY_RULE_READER_H
#define DATAMESH_QUALITY_RULE_READER_H

#include "lib/stringinfo.h"

#include "quality/check.h"

typedef struct DmRuleReader
{
	StringInfoData problems; /* one line each */
	int problem_count;
	bool oddities_told; /* by what has read the same document before */
	DmRules *rules;
} DmRuleReader;

/*
 * Where the parameters of one rule are looked up: the rule object itself, then
 * its "arguments" or "implementation".  defaults is the column that the rule
 * stands below, if it does.
 */
typedef struct DmRuleSource
{
	DmRuleReader *reader;
	char *path;
	JsonbContainer *objects[3];
	int nobjects;
	char *column;
	char *logical_type; /* of the property whose options these are */
} DmRuleSource;

typedef struct DmRuleKind
{
	const char *name; /* the fixed name */
	const char *metric;
	DmCheckKind kind;
	const char *parameters; /* beside the common ones */
	const char *dimension;
} DmRuleKind;

/* rule_reader.c: problems */
extern void DmRuleProblem(DmRuleReader *reader, const char *path, const char *fmt, ...)
	pg_attribute_printf(3, 4);
/* Say how many there are beside those that are shown. */
extern void DmRuleProblemsEnd(DmRuleReader *reader);
/* The path of a member, for problems. */
extern char *DmRulePath(const DmRuleSource *source, const char *key);

/* rule_reader.c: JSON.  NULL (or 0) for what is not there, or is of another type. */
extern JsonbValue *DmRuleField(JsonbContainer *object, const char *key);
extern bool DmRuleIsContainer(const JsonbValue *value, bool array);
extern JsonbContainer *DmRuleObject(const JsonbValue *value);
extern JsonbContainer *DmRuleArray(const JsonbValue *value);
extern int DmRuleLength(JsonbContainer *array);
extern char *DmRuleText(const JsonbValue *value, bool *is_number);

/* rule_reader.c: parameters.  What is of another type is a problem. */
extern JsonbValue *DmRuleLookup(const DmRuleSource *source, const char *key);
extern JsonbValue *DmRuleLookupEither(const DmRuleSource *source, const char *key,
									  const char *alias);
extern char *DmRuleString(const DmRuleSource *source, const char *key);
extern DmScalar DmRuleScalar(const DmRuleSource *source, const char *key);
extern bool DmRuleBool(const DmRuleSource *source, const char *key, bool otherwise);
extern char *DmRuleNumber(const DmRuleSource *source, const char *key);
extern int DmRuleCount(const DmRuleSource *source, const char *key, int otherwise);
extern List *DmRuleNamesOf(DmRuleReader *reader, const char *path, JsonbValue *value);
extern List *DmRuleNames(const DmRuleSource *source, const char *key);
extern List *DmRuleScalars(const DmRuleSource *source, const char *key, const char *alias);
extern char *DmRuleAge(const DmRuleSource *source, const char *key);
extern char *DmRulePattern(const DmRuleSource *source, const char *key);
/* For DmGuard: an error unless the text is an age. */
extern void DmRuleTryAge(void *text);

/* rule_check.c */
extern const DmRuleKind *DmRuleKindByName(const char *name);
extern const DmRuleKind *DmRuleKindByMetric(const char *metric);
extern char *DmRuleKindNames(void);
/* name(column, column), or name alone of what is about no column */
extern char *DmRuleName(const char *name, List *columns);
/* New checks stand at the end of the reader's, with nothing asked but that no row fails. */
extern DmCheck *DmRuleNewCheck(DmRuleReader *reader, DmCheckKind kind);
extern DmCheck *DmRuleNewColumnCheck(DmRuleReader *reader, DmCheckKind kind, char *column);
extern void DmRuleNotRun(DmRuleReader *reader, const char *name, char *rule, char *column,
						 char *reason);
extern DmCheck *DmRuleReadCheck(const DmRuleSource *source, DmCheckKind kind);
extern void DmRuleReadReferences(const DmRuleSource *source, DmCheck *check, const char *path,
								 JsonbValue *value);
extern bool DmRuleRestrictsNothing(const DmCheck *check);

/* One form each. */
extern void DmRuleReadObject(DmRuleReader *reader, char *path, char *column, JsonbValue *value);
extern void DmRuleReadArray(DmRuleReader *reader, const char *path, char *column,
							JsonbContainer *array);
/* An object of a contract, which stands at path ("schema[0]." or nothing) of root. */
extern void DmRuleReadContract(DmRuleReader *reader, const char *path, JsonbContainer *object,
							   JsonbContainer *root);
/* The rules stand at path, which may be nothing. */
extern void DmRuleReadShort(DmRuleReader *reader, const char *path, JsonbContainer *rules);

#endif /* DATAMESH_QUALITY_RULE_READER_H */
