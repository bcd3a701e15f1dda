/* uevent_test.c - device events. */
#include "formats/uevent.h"

#include "base/error.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void reads_action_path_and_subsystem(void **state)
{
	struct uevent event;
	struct reader pairs;
	struct span key;
	struct span value;
	size_t count = 0;

	(void)state;
	assert_int_equal(uevent_parse(fixture("formats-uevent/module"), &event), 0);
	assert_true(span_is(event.action, "add"));
	assert_true(span_is(event.path, "/module/x"));
	assert_true(span_is(event.subsystem, "module"));
	pairs = reader_over(event.pairs);
	while (uevent_pairs_next(&pairs, &key, &value)) {
		count++;
	}
	assert_int_equal(count, 4);
	assert_true(span_is(key, "SEQNUM"));
	assert_true(span_is(value, "1234"));
}

static void refuses_udevs_messages_and_garbage(void **state)
{
	struct uevent event;

	(void)state;
	assert_int_equal(uevent_parse(fixture("formats-uevent/udev"), &event), ERR_UNSUPPORTED);
	assert_int_equal(uevent_parse(fixture("formats-uevent/bad"), &event), ERR_MALFORMED);
	assert_int_equal(uevent_parse(fixture("formats-uevent/nopath"), &event), ERR_MALFORMED);
	assert_int_equal(uevent_parse(span_of(""), &event), ERR_MALFORMED);
	assert_int_equal(uevent_parse(span_of("add@module"), &event), ERR_MALFORMED);
}

static void walk(struct span part)
{
	struct uevent event;

	if (uevent_parse(part, &event) == 0) {
		assert_true(span_is(event.action, "add"));
	}
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-uevent/module"), walk);
}

static void passes_over_texts_that_are_no_pairs(void **state)
{
	struct reader pairs = reader_over((struct span){ (const uint8_t *)"=x\0none\0K=\0", 11 });
	struct span key;
	struct span value;

	(void)state;
	assert_true(uevent_pairs_next(&pairs, &key, &value));
	assert_true(span_is(key, "K"));
	assert_int_equal(value.len, 0);
	assert_false(uevent_pairs_next(&pairs, &key, &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_action_path_and_subsystem),
		cmocka_unit_test(refuses_udevs_messages_and_garbage),
		cmocka_unit_test(stops_at_every_truncation),
		cmocka_unit_test(passes_over_texts_that_are_no_pairs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
