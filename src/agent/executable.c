/* executable.c - one link. */
#include "agent/executable.h"

#include <stdio.h>
#include <unistd.h>

#include "base/span.h"

#define PATH_SIZE 64

void executable_of(pid_t pid, char out[EXECUTABLE_SIZE])
{
	static const char deleted[] = " (deleted)";
	char path[PATH_SIZE];
	ssize_t len;

	snprintf(path, sizeof path, "/proc/%d/exe", pid);
	len = readlink(path, out, EXECUTABLE_SIZE - 1);
	len = len < 0 ? 0 : len;
	if (span_ends_with((struct span){ (const uint8_t *)out, (size_t)len }, deleted)) {
		len -= (ssize_t)sizeof deleted -
		       1; /* replaced by an update; the path says what it was */
	}
	out[len] = '\0';
}
