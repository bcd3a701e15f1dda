/* makers_test.c */
#include "scan/makers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "sys/file.h"

static void the_longest_prefix_names_the_maker(void **state)
{
	static const char list[] = "286FB9 Nokia\n286FB9A A part of it\n286FB9B12 A small part\n"
				   "525400 QEMU\n";
	static const uint8_t macs[][6] = {
		{ 0x28, 0x6f, 0xb9, 0, 0, 1 },       { 0x28, 0x6f, 0xb9, 0xa1, 0, 1 },
		{ 0x28, 0x6f, 0xb9, 0xb1, 0x2f, 1 }, { 0x28, 0x6f, 0xb8, 0, 0, 1 },
		{ 0x52, 0x54, 0x00, 0, 0, 1 },       { 0 }
	};
	static const char *const names[] = { "Nokia", "A part of it", "A small part", "", "", "" };
	char folder[] = "/tmp/bartizan-makers-XXXXXX";
	char path[64];
	struct makers *makers = NULL;
	struct why why;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/list", folder);
	assert_int_equal(file_replace(path, span_of(list), 0600, &why), 0);
	assert_int_equal(makers_open(path, &makers, &why), 0);
	for (size_t i = 0; i < COUNT_OF(macs); i++) {
		assert_true(span_is(makers_find(makers, macs[i]), names[i]));
		assert_int_equal(makers_find(NULL, macs[i]).len, 0);
	}
	makers_free(&makers);
	assert_int_equal(file_replace(path, span_of("nothing of it\n"), 0600, &why), 0);
	assert_int_equal(makers_open(path, &makers, &why), ERR_MALFORMED);
	unlink(path);
	assert_int_equal(makers_open(path, &makers, &why), ERR_NOT_FOUND);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_prefix_names_the_maker),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
