/* names.c - see names.h. */
#include "scan/sensor/names.h"

#include "sys/resolver.h"

int names_start(bool is_without_hosts, int out_lines[NAMES_LINES], struct why *why)
{
	int error = resolver_child(&out_lines[NAMES_OF_SCOPES], why);

	out_lines[NAMES_OF_HOSTS] = -1;
	if (error == 0 && !is_without_hosts) {
		error = resolver_child(&out_lines[NAMES_OF_HOSTS], why);
	}
	return error;
}
