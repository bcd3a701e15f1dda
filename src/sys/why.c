/* why.c - reasons for people. */
#include "sys/why.h"

#include <stdarg.h>
#include <stdio.h>

int why_set(struct why *why, int error, const char *format, ...)
{
	va_list arguments;

	if (why == NULL) {
		return error;
	}
	va_start(arguments, format);
	(void)vsnprintf(why->text, sizeof why->text, format, arguments);
	va_end(arguments);
	return error;
}
