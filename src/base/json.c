/*-------------------------------------------------------------------------
 *
 * json.c
 *		Building jsonb objects: one line for each field.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "quality/json.h"

void
DmJsonPushKey(JsonbParseState **json, const char *key)
{
	JsonbValue v = {.type = jbvString};

	v.val.string.val = unconstify(char *, key);
	v.val.string.len = strlen(key);
	(void) pushJsonbValue(json, WJB_KEY, &v);
}

void
DmJsonPushText(JsonbParseState **json, const char *key, const char *value)
{
	JsonbValue v = {.type = jbvString};

	if (value == NULL)
		return;
	DmJsonPushKey(json, key);
	v.val.string.val = unconstify(char *, value);
	v.val.string.len = strlen(value);
	(void) pushJsonbValue(json, WJB_VALUE, &v);
}

void
DmJsonPushCount(JsonbParseState **json, const char *key, int64 value)
{
	JsonbValue v = {.type = jbvNumeric};

	DmJsonPushKey(json, key);
	v.val.numeric = int64_to_numeric(value);
	(void) pushJsonbValue(json, WJB_VALUE, &v);
}

void
DmJsonPushBool(JsonbParseState **json, const char *key, bool value)
{
	JsonbValue v = {.type = jbvBool};

	DmJsonPushKey(json, key);
	v.val.boolean = value;
	(void) pushJsonbValue(json, WJB_VALUE, &v);
}
