/*-------------------------------------------------------------------------
 *
 * anonymity.c
 *		k_anonymity: how many rows the smallest group of a relation has.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/compat.h"
#include "base/session.h"

PG_FUNCTION_INFO_V1(dm_k_anonymity);

/* "b, "a ""b""", or NULL if these are not the names of one column or more. */
static char *
column_list(ArrayType *columns)
{
	StringInfoData list;
	Datum *names;
	bool *nulls;
	int count;

	if (ARR_NDIM(columns) != 1)
		return NULL;
	initStringInfo(&list);
	deconstruct_array(columns, TEXTOID, -1, false, TYPALIGN_INT, &names, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			return NULL;
		appendStringInfo(&list, "%st.%s", i > 0 ? ", " : "",
						 quote_identifier(TextDatumGetCString(names[i])));
	}
	return list.data;
}

/* datamesh.k_anonymity(relation regclass, columns text[]) returns bigint */
Datum
dm_k_anonymity(PG_FUNCTION_ARGS)
{
	Oid relation = PG_ARGISNULL(0) ? InvalidOid : PG_GETARG_OID(0);
	char *columns = PG_ARGISNULL(1) ? NULL : column_list(PG_GETARG_ARRAYTYPE_P(1));
	char *name = OidIsValid(relation) ? get_rel_name(relation) : NULL;
	DmIdentity saved;
	bool isnull;
	int64 k;

	if (name == NULL || columns == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k_anonymity needs a relation and the names of one column or more")));
	SPI_connect();
	DmBecomeReader(&saved, relation);
	DmSpiExecute(
		psprintf("SELECT pg_catalog.min(g.n) FROM (SELECT pg_catalog.count(*) AS n FROM %s "
				 "AS t GROUP BY %s) AS g",
				 quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)), name),
				 columns),
		0, NULL, NULL, NULL, true);
	k = DatumGetInt64(DmSpiDatum(0, 1, &isnull));
	DmIdentityRestore(&saved);
	SPI_finish();
	if (isnull)
		PG_RETURN_NULL();
	PG_RETURN_INT64(k);
}
