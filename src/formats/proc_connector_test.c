/* proc_connector_test.c - the kernel's process events. */
#include "formats/proc_connector.h"

#include "base/error.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

/* As Linux 6.18 sent it. */
static const uint8_t exec[] = {
	1, 0, 0, 0, 1, 0, 0, 0,    7, 0, 0, 0, 0, 0, 0,    0,    40, 0, 0,    0,    2, 0,
	0, 0, 1, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0x39, 0x30, 0,  0, 0x38, 0x30, 0, 0,
};

static void reads_the_process_of_an_exec(void **state)
{
	struct proc_connector_event event;

	(void)state;
	assert_int_equal(proc_connector_parse((struct span){ exec, sizeof exec }, &event), 0);
	assert_int_equal(event.what, PROC_CONNECTOR_EXEC);
	assert_int_equal(event.pid, 0x3038);
	assert_int_equal(event.monotonic_ns, 0x1000);
}

static void passes_over_other_events_and_connectors(void **state)
{
	struct proc_connector_event event;
	uint8_t bytes[sizeof exec];

	(void)state;
	memcpy(bytes, exec, sizeof bytes);
	bytes[20] = 1; /* a fork */
	assert_int_equal(proc_connector_parse((struct span){ bytes, sizeof bytes }, &event), 0);
	assert_int_equal(event.what, PROC_CONNECTOR_OTHER);
	bytes[0] = 9;
	assert_int_equal(proc_connector_parse((struct span){ bytes, sizeof bytes }, &event),
			 ERR_UNSUPPORTED);
}

static void truncated(struct span part)
{
	struct proc_connector_event event;

	assert_int_equal(proc_connector_parse(part, &event), ERR_MALFORMED);
}

static void refuses_every_truncation(void **state)
{
	(void)state;
	fixture_truncate((struct span){ exec, sizeof exec }, truncated);
}

static void asks_with_and_without_a_filter(void **state)
{
	uint8_t bytes[PROC_CONNECTOR_REQUEST];

	(void)state;
	assert_int_equal(proc_connector_request(false, bytes), 40);
	assert_int_equal(bytes[0], 40);
	assert_int_equal(bytes[32], 4);
	assert_int_equal(proc_connector_request(true, bytes), 44);
	assert_int_equal(bytes[32], 8);
	assert_int_equal(bytes[40], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_process_of_an_exec),
		cmocka_unit_test(passes_over_other_events_and_connectors),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(asks_with_and_without_a_filter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
