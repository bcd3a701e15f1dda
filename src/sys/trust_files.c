/* trust_files.c - the corpus of certificates, for tests. */
#include "sys/trust_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

struct span trust_file(uint8_t slot[static TRUST_FILE_MAX], const char *name)
{
	char path[512];
	FILE *f;
	size_t len;

	snprintf(path, sizeof path, "%s/%s", TRUST_FILES, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	len = fread(slot, 1, TRUST_FILE_MAX, f);
	fclose(f);
	return (struct span){ slot, len };
}
