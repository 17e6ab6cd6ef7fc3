/*-------------------------------------------------------------------------
 *
 * names.h
 *		Names of products, and versions of contracts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_BASE_NAMES_H
#define DATAMESH_BASE_NAMES_H

#include "fmgr.h"

/* The text of an argument, for an error message: as it is, or its beginning if it is no name at all. */
extern const char *DmShown(const char *text);

/*
 * Split 'domain.product' as SQL splits a qualified name: unquoted parts are
 * folded to lower case, quoted parts stand as they are.  Anything but two parts
 * is an error that shows the form.
 */
extern void DmSplitProductName(const char *product, char **domain, char **name);

/* The argument of a function that names a product; null is an error that shows the form. */
extern char *DmProductArgument(FunctionCallInfo fcinfo, int argument);

/* The same the other way: domain.product, each part quoted where SQL would. */
extern char *DmProductName(const char *domain, const char *name);

/*
 * A name built from a stem and a suffix, for objects that we create beside a
 * user's.  Refuses, never truncates: two products must not meet in one name.
 */
extern char *DmSuffixedName(const char *stem, const char *suffix);

/* Versions: values of type semver of the extension of that name. */
extern Oid DmSemverType(void);
extern bool DmIsSemver(const char *text);     /* by https://semver.org, 2.0.0 */
extern Datum DmSemverIn(const char *version); /* a version that is none is an error */
extern char *DmSemverOut(Datum version);
extern int DmSemverCompare(Datum a, Datum b);
extern int DmSemverMajor(const char *version);

#endif /* DATAMESH_BASE_NAMES_H */
