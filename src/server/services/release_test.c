/* release_test.c - which stream speaks of which system. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "server/services/vulnerability.h"

struct machine_of {
	const char *id;
	const char *version_id;
	const char *codename;
	const char *version;
	const char *stream; /* "" where nothing speaks of it */
};

static void a_system_is_known_by_its_os_release(void **state)
{
	static const struct machine_of systems[] = {
		{ "debian", "12", "bookworm", "12.5", "debian:12" },
		{ "debian", NULL, "forky", "forky/sid", "debian:14" },
		{ "debian", NULL, NULL, "trixie/sid", "debian:13" },
		{ "debian", NULL, "sid", NULL, "debian:sid" },
		{ "debian", NULL, "nothing-we-know", NULL, "" },
		{ "debian", NULL, NULL, NULL, "" },
		{ "debian", "12; rm -rf", NULL, NULL, "" },
		{ "ubuntu", "22.04", "jammy", "22.04.4 LTS", "ubuntu:22.04" },
		{ "alpine", "3.19.1", NULL, NULL, "alpine:3.19" },
		{ "alpine", "3.20", NULL, NULL, "alpine:3.20" },
		{ "alpine", "3.21.0_alpha20240807", NULL, NULL, "alpine:edge" },
		{ "rhel", "9.3", NULL, NULL, "redhat:9" },
		{ "centos", "9", NULL, NULL, "redhat:9" },
		{ "rocky", "8.9", NULL, NULL, "redhat:8" },
		{ "almalinux", "9.4", NULL, NULL, "redhat:9" },
		{ "ol", "8.9", NULL, NULL, "redhat:8" },
		{ "fedora", "40", NULL, NULL, "" },
		{ "amzn", "2023", NULL, NULL, "" },
		{ "linuxmint", "21.3", "virginia", NULL, "" },
		{ "kali", "2024.1", NULL, NULL, "" },
		{ NULL, NULL, NULL, NULL, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(systems); i++) {
		struct release release;
		struct row os;

		row_init(&os, schema_by_number(TABLE_OS));
		row_set_text_if_any(&os, OS_ID, span_of(systems[i].id));
		row_set_text_if_any(&os, OS_VERSION_ID, span_of(systems[i].version_id));
		row_set_text_if_any(&os, OS_CODENAME, span_of(systems[i].codename));
		row_set_text_if_any(&os, OS_VERSION, span_of(systems[i].version));
		assert_int_equal(release_of_os(&os, &release), systems[i].stream[0] != '\0');
		assert_string_equal(release.stream, systems[i].stream);
	}
}

static void a_version_that_is_too_long_is_unknown(void **state)
{
	uint8_t long_number[RELEASE_STREAM_SIZE];
	struct release release;
	struct row os;

	(void)state;
	for (size_t i = 0; i < sizeof long_number; i++) {
		long_number[i] = '1';
	}
	row_init(&os, schema_by_number(TABLE_OS));
	row_set_text(&os, OS_ID, span_of("debian"));
	row_set_text(&os, OS_VERSION_ID, (struct span){ long_number, sizeof long_number });
	assert_false(release_of_os(&os, &release));
	assert_string_equal(release.stream, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_system_is_known_by_its_os_release),
		cmocka_unit_test(a_version_that_is_too_long_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
