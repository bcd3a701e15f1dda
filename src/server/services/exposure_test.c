/* exposure_test.c - the running kernel told from installed ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "server/services/vulnerability.h"

struct case_of {
	const char *manager;
	const char *name;
	const char *version;
	const char *source;
	const char *running;
	enum exposure exposure;
};

static void only_the_running_kernel_is_exposed(void **state)
{
	static const char deb[] = "6.1.0-18-amd64";
	static const char rpm[] = "5.14.0-362.el9.x86_64";
	static const struct case_of cases[] = {
		{ "dpkg", "linux-image-6.1.0-18-amd64", "6.1.76-1", "linux-signed-amd64", deb,
		  EXPOSURE_RUNNING },
		{ "dpkg", "linux-image-6.1.0-17-amd64", "6.1.69-1", "linux-signed-amd64", deb,
		  EXPOSURE_NOT_RUNNING },
		{ "dpkg", "linux-image-6.1.0-18-amd64-dbg", "6.1.76-1", "linux", deb,
		  EXPOSURE_NOT_RUNNING },
		{ "dpkg", "linux-image-amd64", "6.1.76-1", "linux-signed-amd64", deb,
		  EXPOSURE_NOT_RUNNING },
		{ "dpkg", "linux-libc-dev", "6.1.76-1", "linux", deb, EXPOSURE_NOT_RUNNING },
		{ "dpkg", "linux-modules-5.15.0-91-generic", "5.15.0-91.101", "linux",
		  "5.15.0-91-generic", EXPOSURE_RUNNING },
		{ "dpkg", "openssl", "3.0.11-1", "openssl", deb, EXPOSURE_LOCAL },
		{ "dpkg", "firmware-linux-free", "1", "linux-firmware", deb, EXPOSURE_LOCAL },
		{ "dpkg", "linux-image-6.1.0-18-amd64", "6.1.76-1", "linux-signed-amd64", "",
		  EXPOSURE_LOCAL },
		{ "rpm", "kernel-core", "5.14.0-362.el9", "kernel", rpm, EXPOSURE_RUNNING },
		{ "rpm", "kernel-core", "5.14.0-284.el9", "kernel", rpm, EXPOSURE_NOT_RUNNING },
		{ "rpm", "kernel-headers", "5.14.0-362.el9", "kernel", rpm, EXPOSURE_NOT_RUNNING },
		{ "apk", "linux-lts", "6.6.14-r0", "linux-lts", "6.6.14-0-lts", EXPOSURE_RUNNING },
		{ "apk", "linux-lts", "6.6.13-r0", "linux-lts", "6.6.14-0-lts",
		  EXPOSURE_NOT_RUNNING },
		{ "apk", "linux-pam", "1.5.3-r7", "linux-pam", "6.6.14-0-lts", EXPOSURE_LOCAL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct row row;

		row_init(&row, schema_by_number(TABLE_PACKAGES));
		row_set_text(&row, PACKAGES_MANAGER, span_of(cases[i].manager));
		row_set_text(&row, PACKAGES_NAME, span_of(cases[i].name));
		row_set_text(&row, PACKAGES_VERSION, span_of(cases[i].version));
		row_set_text(&row, PACKAGES_SOURCE, span_of(cases[i].source));
		row_set_text(&row, PACKAGES_ARCHITECTURE, span_of("x86_64"));
		assert_int_equal(
			exposure_of_package(&row, span_of(cases[i].running), EXPOSURE_LOCAL),
			cases[i].exposure);
	}
}

static void loopback_is_local_and_all_else_is_the_network(void **state)
{
	(void)state;
	assert_int_equal(exposure_of_address(span_of("127.0.0.53")), EXPOSURE_LOCAL);
	assert_int_equal(exposure_of_address(span_of("::1")), EXPOSURE_LOCAL);
	assert_int_equal(exposure_of_address(span_of("::ffff:127.0.0.1")), EXPOSURE_LOCAL);
	assert_int_equal(exposure_of_address(span_of("0.0.0.0")), EXPOSURE_NETWORK);
	assert_int_equal(exposure_of_address(span_of("::")), EXPOSURE_NETWORK);
	assert_int_equal(exposure_of_address(span_of("192.0.2.1")), EXPOSURE_NETWORK);
}

static void the_first_listeners_are_named_and_the_others_counted(void **state)
{
	static const char *const addresses[] = { "0.0.0.0", "::", "192.0.2.1", "192.0.2.2",
						 "192.0.2.3" };
	static const char *const expected[] = {
		"",
		"tcp 0.0.0.0:80",
		"tcp 0.0.0.0:80, tcp [::]:81",
		"tcp 0.0.0.0:80, tcp [::]:81, tcp 192.0.2.1:82",
		"tcp 0.0.0.0:80, tcp [::]:81, tcp 192.0.2.1:82 and 1 more",
		"tcp 0.0.0.0:80, tcp [::]:81, tcp 192.0.2.1:82 and 2 more",
	};
	uint8_t room[128];
	uint8_t small[20];

	(void)state;
	for (size_t count = 0; count < COUNT_OF(expected); count++) {
		struct listener_words words = listener_words_over(room, sizeof room);

		for (size_t i = 0; i < count; i++) {
			listener_words_add(&words, span_of("tcp"), span_of(addresses[i]),
					   80 + (int64_t)i);
		}
		assert_true(span_is(listener_words_end(&words), expected[count]));
	}
	for (size_t size = 0; size < sizeof small; size++) { /* nothing rather than half of it */
		struct listener_words words = listener_words_over(small, size);

		listener_words_add(&words, span_of("tcp"), span_of("192.0.2.1"), 65535);
		assert_int_equal(listener_words_end(&words).len, size < 19 ? 0 : 19);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_running_kernel_is_exposed),
		cmocka_unit_test(loopback_is_local_and_all_else_is_the_network),
		cmocka_unit_test(the_first_listeners_are_named_and_the_others_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
