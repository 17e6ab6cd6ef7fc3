/*-------------------------------------------------------------------------
 *
 * json.h
 *		Building jsonb objects: one line for each field.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_BASE_JSON_H
#define DATAMESH_BASE_JSON_H

#include "utils/jsonb.h"

/* What they are given must live until the object is made. */
extern void DmJsonPushKey(JsonbParseState **json, const char *key);
extern void DmJsonPushString(JsonbParseState **json, JsonbIteratorToken token, const char *text);
extern void DmJsonPushNull(JsonbParseState **json, const char *key);
extern void DmJsonPushCount(JsonbParseState **json, const char *key, int64 value);
extern void DmJsonPushBool(JsonbParseState **json, const char *key, bool value);
/* NULL: no field */
extern void DmJsonPushText(JsonbParseState **json, const char *key, const char *value);
extern void DmJsonPushJsonb(JsonbParseState **json, const char *key, const Jsonb *value);

#endif /* DATAMESH_BASE_JSON_H */
