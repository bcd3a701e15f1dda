/* arguments_test.c - operations and their maps, there and back. */
#include "server/bus/arguments.h"

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static uint8_t room[1024];

static struct span a_request(void)
{
	struct writer w = writer_over(room, sizeof room);
	const struct argument list[] = {
		argument_text("tenant", "default"),
		argument_uint("uses", UINT64_MAX),
		argument_bool("is_dry", true),
	};

	request_write(&w, "enrolment-token", list, COUNT_OF(list));
	assert_true(writer_ok(&w));
	return writer_span(&w);
}

static void a_request_comes_back_as_it_was_written(void **state)
{
	struct arguments map;
	struct span operation;
	struct span text;
	uint64_t number;
	bool flag;

	(void)state;
	assert_int_equal(request_read(a_request(), &operation, &map), 0);
	assert_true(span_is(operation, "enrolment-token"));
	assert_int_equal(arguments_text(&map, "tenant", &text), 0);
	assert_true(span_is(text, "default"));
	assert_int_equal(arguments_uint(&map, "uses", &number), 0);
	assert_true(number == UINT64_MAX);
	assert_int_equal(arguments_bool(&map, "is_dry", &flag), 0);
	assert_true(flag);
}

static void names_that_lack_and_kinds_that_differ_are_told_apart(void **state)
{
	struct arguments map;
	struct span operation;
	struct span text = span_of("untouched");

	(void)state;
	assert_int_equal(request_read(a_request(), &operation, &map), 0);
	assert_int_equal(arguments_text(&map, "ttl", &text), ERR_NOT_FOUND);
	assert_int_equal(arguments_text(&map, "uses", &text), ERR_MALFORMED);
	assert_true(span_is(text, "untouched"));
}

static void a_walk_meets_every_pair_in_order(void **state)
{
	static const char *const names[] = { "tenant", "uses", "is_dry" };
	struct arguments map;
	struct argument pair;
	struct span operation;
	size_t at = 0;
	size_t i = 0;

	(void)state;
	assert_int_equal(request_read(a_request(), &operation, &map), 0);
	while (arguments_next(&map, &at, &pair)) {
		assert_true(i < COUNT_OF(names));
		assert_true(span_is(pair.name, names[i++]));
	}
	assert_int_equal(i, COUNT_OF(names));
}

static void replies_carry_a_result_or_a_failure(void **state)
{
	const struct argument list[] = { argument_text("token", "bte_x") };
	struct writer w = writer_over(room, sizeof room);
	struct reply reply;
	struct span text;

	(void)state;
	reply_write(&w, list, COUNT_OF(list));
	assert_int_equal(reply_read(writer_span(&w), &reply), 0);
	assert_int_equal(reply.status, 0);
	assert_int_equal(arguments_text(&reply.result, "token", &text), 0);

	w = writer_over(room, sizeof room);
	reply_write_failure(&w, 404, "not_found", "there is no such tenant");
	assert_int_equal(reply_read(writer_span(&w), &reply), 0);
	assert_int_equal(reply.status, 404);
	assert_true(span_is(reply.code, "not_found"));
	assert_true(span_is(reply.message, "there is no such tenant"));
}

static void every_truncation_is_refused(void **state)
{
	struct span body = a_request();
	struct span operation;
	struct arguments map;

	(void)state;
	for (size_t len = 0; len < body.len; len++) {
		assert_true(request_read(span_first(body, len), &operation, &map) < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_comes_back_as_it_was_written),
		cmocka_unit_test(names_that_lack_and_kinds_that_differ_are_told_apart),
		cmocka_unit_test(a_walk_meets_every_pair_in_order),
		cmocka_unit_test(replies_carry_a_result_or_a_failure),
		cmocka_unit_test(every_truncation_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
