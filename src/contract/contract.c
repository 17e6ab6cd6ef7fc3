/*-------------------------------------------------------------------------
 *
 * contract.c
 *		Reading and writing contracts: what other areas and SQL call.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "base/errors.h"
#include "base/settings.h"
#include "contract/contract.h"
#include "contract/document.h"

PG_FUNCTION_INFO_V1(dm_parse_contract);
PG_FUNCTION_INFO_V1(dm_contract_to_yaml);
PG_FUNCTION_INFO_V1(dm_contract_jsonb_to_yaml);

static DmNode *
read_document(const char *document, size_t length)
{
	size_t blanks = 0;

	if (length > (size_t) dm_max_contract_size * 1024)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("data contract is too large"),
				 errdetail("It has %zu kB; datamesh.max_contract_size allows %d kB.",
						   (length + 1023) / 1024, dm_max_contract_size),
				 errhint("A superuser can raise datamesh.max_contract_size.")));

	/* a byte order mark is no part of the text */
	if (length >= 3 && memcmp(document, "\xef\xbb\xbf", 3) == 0)
	{
		document += 3;
		length -= 3;
	}
	while (blanks < length && strchr(" \t\r\n", document[blanks]) != NULL)
		blanks++;
	if (blanks == length)
		ereport(ERROR, (errcode(ERRCODE_DM_INVALID_CONTRACT),
						errmsg("invalid data contract: the document is empty")));
	if (document[blanks] == '{' || document[blanks] == '[')
		return DmJsonRead(document, length);
	return DmYamlRead(document, length);
}

char *
DmContractRead(const char *document, size_t length)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(caller, "data contract", ALLOCSET_DEFAULT_SIZES);
	StringInfoData json;
	DmNode *root;
	char *result;

	MemoryContextSwitchTo(context);
	root = read_document(document, length);
	if (root == NULL)
		ereport(ERROR, (errcode(ERRCODE_DM_INVALID_CONTRACT),
						errmsg("invalid data contract: the document is empty")));
	DmOdcsValidate(root);
	initStringInfo(&json);
	DmJsonWrite(&json, root);

	MemoryContextSwitchTo(caller);
	result = pstrdup(json.data);
	MemoryContextDelete(context);
	return result;
}

static char *
to_yaml(const char *json, bool sort)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context =
		AllocSetContextCreate(caller, "contract to YAML", ALLOCSET_DEFAULT_SIZES);
	StringInfoData yaml;
	DmNode *root;
	char *result;

	MemoryContextSwitchTo(context);
	root = DmJsonRead(json, strlen(json));
	if (sort)
		DmOdcsSort(root);
	initStringInfo(&yaml);
	DmYamlWrite(&yaml, root);

	MemoryContextSwitchTo(caller);
	result = pstrdup(yaml.data);
	MemoryContextDelete(context);
	return result;
}

char *
DmContractToYaml(const char *json)
{
	return to_yaml(json, false);
}

Datum
dm_parse_contract(PG_FUNCTION_ARGS)
{
	text *document = PG_GETARG_TEXT_PP(0);
	char *json = DmContractRead(VARDATA_ANY(document), VARSIZE_ANY_EXHDR(document));

	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(json)));
}

Datum
dm_contract_to_yaml(PG_FUNCTION_ARGS)
{
	char *json = text_to_cstring(PG_GETARG_TEXT_PP(0));

	PG_RETURN_TEXT_P(cstring_to_text(DmContractToYaml(json)));
}

Datum
dm_contract_jsonb_to_yaml(PG_FUNCTION_ARGS)
{
	Jsonb *document = PG_GETARG_JSONB_P(0);
	char *json = JsonbToCString(NULL, &document->root, VARSIZE(document));

	PG_RETURN_TEXT_P(cstring_to_text(to_yaml(json, true)));
}
