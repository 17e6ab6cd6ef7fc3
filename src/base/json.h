/*-------------------------------------------------------------------------
 *
 * json.h
 *		Building jsonb objects: one line for each field.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_QUALITY_JSON_H
#define DATAMESH_QUALITY_JSON_H

#include "utils/jsonb.h"

extern void DmJsonPushKey(JsonbParseState **json, const char *key);
extern void DmJsonPushText(JsonbParseState **json, const char *key,
						   const char *value); /* NULL: no field */
extern void DmJsonPushCount(JsonbParseState **json, const char *key, int64 value);
extern void DmJsonPushBool(JsonbParseState **json, const char *key, bool value);

#endif /* DATAMESH_QUALITY_JSON_H */
