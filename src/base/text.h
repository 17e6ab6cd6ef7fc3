/*-------------------------------------------------------------------------
 *
 * text.h
 *		For functions that take a format and its arguments, as errmsg does.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_BASE_TEXT_H
#define DATAMESH_BASE_TEXT_H

#include "lib/stringinfo.h"

extern void DmAppendFormat(StringInfo out, const char *format, va_list args)
	pg_attribute_printf(2, 0);
extern char *DmFormat(const char *format, va_list args) pg_attribute_printf(1, 0);

#endif /* DATAMESH_BASE_TEXT_H */
