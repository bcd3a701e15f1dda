/* log_test.c - lines that can be read back and do nothing to a terminal. */
#include "sys/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "sys/clock.h"

struct capture {
	int saved;
	int pipe[2];
	char text[8192];
};

static void capture_begin(struct capture *c)
{
	assert_int_equal(pipe2(c->pipe, O_CLOEXEC | O_NONBLOCK), 0);
	c->saved = dup(STDERR_FILENO);
	assert_true(dup2(c->pipe[1], STDERR_FILENO) >= 0);
}

/* What was written, without the time. */
static const char *capture_end(struct capture *c)
{
	ssize_t len;

	assert_true(dup2(c->saved, STDERR_FILENO) >= 0);
	len = read(c->pipe[0], c->text, sizeof c->text - 1);
	c->text[len < 0 ? 0 : len] = '\0';
	(void)close(c->saved);
	(void)close(c->pipe[0]);
	(void)close(c->pipe[1]);
	return len < CLOCK_TEXT_SIZE ? c->text : c->text + CLOCK_TEXT_SIZE;
}

static void writes_one_line_with_fields(void **state)
{
	struct capture c;

	(void)state;
	log_open("ingest", LOG_INFO);
	capture_begin(&c);
	log_warn("sensor refused", log_text("tenant", "default"), log_number("count", -3),
		 log_text("reason", "it is late"), log_text("empty", ""), log_text("none", NULL),
		 log_number("least", INT64_MIN));
	assert_string_equal(capture_end(&c),
			    "warn ingest \"sensor refused\" tenant=default count=-3 "
			    "reason=\"it is late\" empty=\"\" none=\"\" "
			    "least=-9223372036854775808\n");
}

static void escapes_what_a_stranger_sends(void **state)
{
	struct capture c;

	(void)state;
	log_open("ingest", LOG_INFO);
	capture_begin(&c);
	log_error("bad", log_text("a", "x\ny\x1b[2J"), log_text("b", "\"q\" \\ \xff"),
		  log_text("c", "z\xc3\xbcrich"), log_text("d", "k=v"));
	assert_string_equal(capture_end(&c),
			    "error ingest \"bad\" a=\"x\\x0ay\\x1b[2J\" "
			    "b=\"\\\"q\\\" \\\\ \\xff\" c=z\xc3\xbcrich d=\"k=v\"\n");
}

static void cuts_long_values_and_lines_but_ends_each(void **state)
{
	struct capture c;
	char huge[3000];
	const char *line;

	(void)state;
	memset(huge, '\n', sizeof huge - 1);
	huge[sizeof huge - 1] = '\0';
	log_open("api", LOG_INFO);
	capture_begin(&c);
	log_info("big", log_text("a", huge), log_text("b", huge), log_text("c", huge),
		 log_text("d", huge), log_number("e", 1));
	line = capture_end(&c);
	assert_true(strlen(line) < 4096);
	assert_non_null(strstr(line, "...\" b="));
	assert_string_equal(line + strlen(line) - 8, "\" cut=1\n");
	assert_null(strstr(line, "e=1"));
}

static void shows_nothing_below_the_least_level(void **state)
{
	struct capture c;

	(void)state;
	log_open("api", LOG_WARN);
	capture_begin(&c);
	log_info("hidden", log_number("a", 1));
	assert_string_equal(capture_end(&c), "");
}

static void holds_lines_back_after_a_burst_and_counts_them(void **state)
{
	struct log_limit limit = { 0 };
	unsigned held_back = 99;

	(void)state;
	assert_true(log_allowed(&limit, 2, &held_back));
	assert_int_equal(held_back, 0);
	assert_true(log_allowed(&limit, 2, &held_back));
	assert_false(log_allowed(&limit, 2, &held_back));
	assert_false(log_allowed(&limit, 2, &held_back));
	limit.last_ms -= 1500;
	assert_true(log_allowed(&limit, 2, &held_back));
	assert_int_equal(held_back, 2);
	assert_false(log_allowed(&limit, 2, &held_back));
	limit.last_ms -= INT64_C(1000000000000);
	assert_true(log_allowed(&limit, 2, &held_back));
	assert_true(log_allowed(&limit, 2, &held_back));
	assert_false(log_allowed(&limit, 2, &held_back));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_one_line_with_fields),
		cmocka_unit_test(escapes_what_a_stranger_sends),
		cmocka_unit_test(cuts_long_values_and_lines_but_ends_each),
		cmocka_unit_test(shows_nothing_below_the_least_level),
		cmocka_unit_test(holds_lines_back_after_a_burst_and_counts_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
