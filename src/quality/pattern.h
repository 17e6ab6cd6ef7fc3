/*-------------------------------------------------------------------------
 *
 * pattern.h
 *		Holding many strings against one regular expression.
 *
 * See pattern.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_QUALITY_PATTERN_H
#define DATAMESH_QUALITY_PATTERN_H

typedef struct DmPattern DmPattern;

/*
 * Lives in the current memory context.  A regular expression that PostgreSQL does not take is
 * its error (ERRCODE_INVALID_REGULAR_EXPRESSION).
 */
extern DmPattern *DmPatternCreate(const char *pattern, Oid collation);

/* Exactly what "string ~ pattern" says. */
extern bool DmPatternMatches(DmPattern *pattern, const char *string, Size length);

/* Whether ASCII strings are matched by a table instead of the regular expression engine. */
extern bool DmPatternIsFast(const DmPattern *pattern);

#endif /* DATAMESH_QUALITY_PATTERN_H */
