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

#include "base/json.h"

void
DmJsonPushString(JsonbParseState **json, JsonbIteratorToken token, const char *text)
{
	JsonbValue v = {.type = jbvString};

	v.val.string.val = unconstify(char *, text);
	v.val.string.len = strlen(text);
	(void) pushJsonbValue(json, token, &v);
}

void
DmJsonPushKey(JsonbParseState **json, const char *key)
{
	DmJsonPushString(json, WJB_KEY, key);
}

void
DmJsonPushText(JsonbParseState **json, const char *key, const char *value)
{
	if (value == NULL)
		return;
	DmJsonPushKey(json, key);
	DmJsonPushString(json, WJB_VALUE, value);
}

void
DmJsonPushNull(JsonbParseState **json, const char *key)
{
	JsonbValue v = {.type = jbvNull};

	DmJsonPushKey(json, key);
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

void
DmJsonPushJsonb(JsonbParseState **json, const char *key, const Jsonb *value)
{
	JsonbValue v = {.type = jbvBinary};

	if (value == NULL)
		return;
	DmJsonPushKey(json, key);
	v.val.binary.data = unconstify(JsonbContainer *, &value->root);
	v.val.binary.len = VARSIZE_ANY_EXHDR(value);
	(void) pushJsonbValue(json, WJB_VALUE, &v);
}
