/* launcher_test.c - orders arrive as they were sent, and nothing else is one. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "server/api/launcher.h"

static size_t send_and_take(const struct launcher_order *order, uint8_t *bytes, size_t size)
{
	int fds[2];
	ssize_t len;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	assert_int_equal(launcher_send(fds[0], order, -1), 0);
	len = read(fds[1], bytes, size);
	assert_true(len > 0);
	close(fds[0]);
	close(fds[1]);
	return (size_t)len;
}

static void an_order_arrives_as_it_was_sent(void **state)
{
	const struct launcher_order order = { .id = 7,
					      .timeout_ms = 1500,
					      .rows_max = 100000,
					      .tenant = span_of("acme"),
					      .sql = span_of("SELECT 1") };
	static uint8_t bytes[LAUNCHER_ORDER_MAX];
	struct launcher_order got;
	size_t len = send_and_take(&order, bytes, sizeof bytes);

	(void)state;
	assert_int_equal(launcher_read((struct span){ bytes, len }, &got), 0);
	assert_int_equal(got.id, 7);
	assert_false(got.is_kill);
	assert_int_equal(got.timeout_ms, 1500);
	assert_int_equal(got.rows_max, 100000);
	assert_true(span_is(got.tenant, "acme"));
	assert_true(span_is(got.sql, "SELECT 1"));
}

static void a_kill_needs_no_more_than_an_id(void **state)
{
	const struct launcher_order order = { .id = 9, .is_kill = true };
	static uint8_t bytes[LAUNCHER_ORDER_MAX];
	struct launcher_order got;
	size_t len = send_and_take(&order, bytes, sizeof bytes);

	(void)state;
	assert_int_equal(launcher_read((struct span){ bytes, len }, &got), 0);
	assert_true(got.is_kill);
	assert_int_equal(got.id, 9);
}

static void what_is_cut_or_names_no_tenant_is_no_order(void **state)
{
	const struct launcher_order order = { .id = 1,
					      .tenant = span_of("../../etc"),
					      .sql = span_of("x") };
	static uint8_t bytes[LAUNCHER_ORDER_MAX];
	struct launcher_order got;
	size_t len = send_and_take(&order, bytes, sizeof bytes);

	(void)state;
	assert_int_equal(launcher_read((struct span){ bytes, len }, &got), ERR_MALFORMED);
	for (size_t cut = 0; cut < 22; cut++) {
		assert_int_equal(launcher_read((struct span){ bytes, cut }, &got), ERR_MALFORMED);
	}
}

static void sql_of_the_longest_kind_still_fits(void **state)
{
	static char sql[65536 + 1];
	struct launcher_order order = { .id = 1, .tenant = span_of("a") };
	static uint8_t bytes[LAUNCHER_ORDER_MAX];
	struct launcher_order got;

	(void)state;
	memset(sql, 'x', sizeof sql - 1);
	order.sql = span_of(sql);
	assert_int_equal(
		launcher_read((struct span){ bytes, send_and_take(&order, bytes, sizeof bytes) },
			      &got),
		0);
	assert_int_equal(got.sql.len, 65536);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_order_arrives_as_it_was_sent),
		cmocka_unit_test(a_kill_needs_no_more_than_an_id),
		cmocka_unit_test(what_is_cut_or_names_no_tenant_is_no_order),
		cmocka_unit_test(sql_of_the_longest_kind_still_fits),
	};

	return cmocka_run_group_tests_name("launcher", tests, NULL, NULL);
}
