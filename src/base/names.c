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
#include "mb/pg_wchar.h"
#include "nodes/value.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "utils/typcache.h"
#include "utils/varlena.h"

#include "base/errors.h"
#include "base/names.h"
#include "base/session.h"

#define SHOWN_BYTES 200
#define PRODUCT_HINT                                                                               \
	"A product is named 'domain.product', for example 'sales.customer_lifetime_value'."

const char *
DmShown(const char *text)
{
	int length = (int) strlen(text);

	if (length <= SHOWN_BYTES)
		return text;
	return psprintf("%.*s...", pg_mbcliplen(text, length, SHOWN_BYTES), text);
}

char *
DmProductArgument(FunctionCallInfo fcinfo, int argument)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("product must not be null"),
						errhint(PRODUCT_HINT)));
	return text_to_cstring(PG_GETARG_TEXT_PP(argument));
}

void
DmSplitProductName(const char *product, char **domain, char **name)
{
	List *parts = NIL;
	char *copy = pstrdup(product);

	if (!SplitIdentifierString(copy, '.', &parts) || list_length(parts) != 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("invalid product name: \"%s\"", DmShown(product)), errhint(PRODUCT_HINT)));
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

/* Numbers and dots of a version's core; returns what follows, or NULL. */
static const char *
skip_version_number(const char *s)
{
	size_t digits = strspn(s, "0123456789");

	if (digits == 0 || (digits > 1 && *s == '0') || digits > 10 ||
		(digits == 10 && strncmp(s, "2147483647", 10) > 0))
		return NULL;
	return s + digits;
}

/* Dot-separated identifiers of a prerelease or build; returns what follows, or NULL. */
static const char *
skip_version_identifiers(const char *s, bool prerelease)
{
	for (;;)
	{
		size_t digits = strspn(s, "0123456789");
		size_t length =
			strspn(s, "0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

		if (length == 0 || (prerelease && digits == length && *s == '0' && length > 1))
			return NULL;
		s += length;
		if (*s != '.')
			return s;
		s++;
	}
}

/* https://semver.org, 2.0.0 */
bool
DmIsSemver(const char *s)
{
	for (int part = 0; part < 3; part++)
	{
		s = skip_version_number(s);
		if (s == NULL || (part < 2 && *s++ != '.'))
			return false;
	}
	if (*s == '-' && (s = skip_version_identifiers(s + 1, true)) == NULL)
		return false;
	if (*s == '+' && (s = skip_version_identifiers(s + 1, false)) == NULL)
		return false;
	return *s == '\0';
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

	if (!DmIsSemver(version))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"%s\" is no version", DmShown(version)),
						errhint("A version is a semantic version such as 1.0.0.")));
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
