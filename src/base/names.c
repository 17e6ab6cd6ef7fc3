/*-------------------------------------------------------------------------
 *
 * names.c
 *		Names of products, and versions of contracts.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "common/int.h"
#include "nodes/value.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "utils/typcache.h"
#include "utils/varlena.h"

#include "base/errors.h"
#include "base/names.h"
#include "base/session.h"

void
DmSplitProductName(const char *product, char **domain, char **name)
{
	List *parts = NIL;
	char *copy = pstrdup(product);

	if (!SplitIdentifierString(copy, '.', &parts) || list_length(parts) != 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME), errmsg("invalid product name: \"%s\"", product),
				 errhint("A product is named 'domain.product', for example "
						 "'sales.customer_lifetime_value'.")));
	*domain = pstrdup(linitial(parts));
	*name = pstrdup(lsecond(parts));
}

/* Independent of quote_all_identifiers: names of products are kept and compared. */
char *
DmProductName(const char *domain, const char *name)
{
	bool quote_all = quote_all_identifiers;
	char *result;

	quote_all_identifiers = false;
	result = quote_qualified_identifier(domain, name);
	quote_all_identifiers = quote_all;
	return result;
}

char *
DmSuffixedName(const char *stem, const char *suffix)
{
	char *result = psprintf("%s%s", stem, suffix);

	if (strlen(result) >= NAMEDATALEN)
		ereport(ERROR, (errcode(ERRCODE_NAME_TOO_LONG), errmsg("name \"%s\" is too long", stem),
						errdetail("datamesh adds \"%s\" to it, and a name has at most %d bytes.",
								  suffix, NAMEDATALEN - 1),
						errhint("Choose a name of at most %d bytes.",
								(int) (NAMEDATALEN - 1 - strlen(suffix)))));
	return result;
}

/*
 * The type is found through the column that uses it, because the semver
 * extension may live in any schema.
 */
Oid
DmSemverType(void)
{
	Oid contract = get_relname_relid("contract", DmExtensionSchema());
	AttrNumber version = get_attnum(contract, "version");

	if (version == InvalidAttrNumber)
		elog(ERROR, "datamesh.contract has no column \"version\"");
	return get_atttype(contract, version);
}

Datum
DmSemverIn(const char *version)
{
	Oid input;
	Oid ioparam;

	getTypeInputInfo(DmSemverType(), &input, &ioparam);
	return OidInputFunctionCall(input, pstrdup(version), ioparam, -1);
}

char *
DmSemverOut(Datum version)
{
	Oid output;
	bool is_varlena;

	getTypeOutputInfo(DmSemverType(), &output, &is_varlena);
	return OidOutputFunctionCall(output, version);
}

int
DmSemverCompare(Datum a, Datum b)
{
	TypeCacheEntry *type = lookup_type_cache(DmSemverType(), TYPECACHE_CMP_PROC_FINFO);

	return DatumGetInt32(FunctionCall2(&type->cmp_proc_finfo, a, b));
}

int
DmSemverMajor(const char *version)
{
	long major = strtol(version, NULL, 10);

	return (int) Min(Max(major, 0), INT_MAX);
}
