/*-------------------------------------------------------------------------
 *
 * text.c
 *		For functions that take a format and its arguments, as errmsg does.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/text.h"

void
DmAppendFormat(StringInfo out, const char *format, va_list args)
{
	for (;;)
	{
		va_list copy;
		int needed;

		va_copy(copy, args);
		needed = appendStringInfoVA(out, format, copy);
		va_end(copy);
		if (needed == 0)
			return;
		enlargeStringInfo(out, needed);
	}
}

char *
DmFormat(const char *format, va_list args)
{
	StringInfoData text;

	initStringInfo(&text);
	DmAppendFormat(&text, format, args);
	return text.data;
}
