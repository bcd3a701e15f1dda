/* session_test.c - sensors and peers of all kinds, over real TLS on loopback, with a real engine
 * behind the bus. */
#include "schema/schema.h"
#include "server/ingest/fixture.h"
#include "server/ingest/limits.h"
#include "sys/clock.h"
#include "wire/row.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

static void sessions_survive_the_engine(void **state)
{
	struct world *w = *state;
	struct harness_sensor sensor;
	struct client c;
	struct message m;

	harness_enrol(&w->h, "default", &sensor);
	client_open(w, &c, &sensor, MESSAGE_ALPN);
	assert_int_equal(client_greet(&c).kind, MESSAGE_WELCOME);
	engine_link_close(&w->link);
	bus_server_free(&w->bus);
	harness_restart(&w->h);
	serve_bus(w);
	m = client_receive(&c);
	assert_int_equal(m.kind, MESSAGE_RESTART);
	/* what was on its way when the engine went is passed over */
	m = (struct message){ .kind = MESSAGE_ALIVE };
	client_send(&c, &m);
	assert_int_equal(client_greet(&c).kind, MESSAGE_WELCOME);
	assert_false(c.is_closed);
	client_free(&c);
	harness_sensor_done(&sensor);
}

/* A large batch of a table that the server does not know: it is refused, but has to get there. */
static void send_large(struct client *c, uint16_t table)
{
	enum { ROWS = 56, ROW_SIZE = 16000 };
	static uint8_t row[ROW_SIZE];
	static uint8_t room[ROWS * (ROW_SIZE + 8)];
	struct writer rows = writer_over(room, sizeof room);
	struct message m = { .kind = MESSAGE_BATCH };

	for (int i = 0; i < ROWS; i++) {
		row_list_append(&rows, (struct span){ row, sizeof row });
	}
	m.batch.table = table;
	m.batch.seq = 1;
	m.batch.rows = (struct row_list){ writer_span(&rows), ROWS };
	client_send(c, &m);
}

/* What no agent may send; of the others it would be the rows that are refused. */
static bool is_refused(uint16_t number)
{
	const struct table *table = schema_by_number(number);

	return table == NULL || table->is_derived || table->is_of_scanner;
}

static void an_engine_that_is_slow_slows_the_sensors_and_loses_nothing(void **state)
{
	enum { FIRST = 36, LAST = 63 }; /* 24 MB: past half of what the bus holds */
	struct world *w = *state;
	struct harness_sensor sensor;
	struct client c;
	struct message hello = { .kind = MESSAGE_HELLO };

	harness_enrol(&w->h, "default", &sensor);
	client_open(w, &c, &sensor, MESSAGE_ALPN);
	hello.hello = (struct message_hello){ .protocol = 1,
					      .kind = span_of("agent"),
					      .version = span_of("9") };
	for (uint16_t table = FIRST; table <= LAST; table++) {
		if (is_refused(table)) {
			hello.hello.tables[hello.hello.table_count++] = table;
		}
	}
	assert_true(hello.hello.table_count >= 24);
	client_send(&c, &hello);
	assert_int_equal(client_receive(&c).kind, MESSAGE_WELCOME);
	bus_pause(w->served);
	for (size_t i = 0; i < hello.hello.table_count; i++) {
		send_large(&c, hello.hello.tables[i]);
		loop_turn(w->loop, 0);
	}
	for (int i = 0; i < 200; i++) {
		loop_turn(w->loop, 1);
	}
	bus_resume(w->served);
	for (size_t i = 0; i < hello.hello.table_count; i++) {
		struct message m = client_receive(&c);

		assert_int_equal(m.kind, MESSAGE_REFUSE);
		assert_int_equal(m.refuse.table, hello.hello.tables[i]);
		assert_int_equal(m.refuse.code, REFUSE_TABLE);
	}
	client_free(&c);
	harness_sensor_done(&sensor);
}

static void a_second_connection_replaces_the_first(void **state)
{
	struct world *w = *state;
	struct harness_sensor sensor;
	struct client first;
	struct client second;

	harness_enrol(&w->h, "default", &sensor);
	client_open(w, &first, &sensor, MESSAGE_ALPN);
	assert_int_equal(client_greet(&first).kind, MESSAGE_WELCOME);
	client_open(w, &second, &sensor, MESSAGE_ALPN);
	assert_int_equal(client_greet(&second).kind, MESSAGE_WELCOME);
	client_assert_goodbye(&first, GOODBYE_REPLACED);
	client_free(&first);
	client_free(&second);
	harness_sensor_done(&sensor);
}

static void a_revoked_sensor_is_ended_and_not_let_in_again(void **state)
{
	struct world *w = *state;
	struct harness_sensor sensor;
	struct client c;
	struct message m;

	harness_enrol(&w->h, "default", &sensor);
	client_open(w, &c, &sensor, MESSAGE_ALPN);
	assert_int_equal(client_greet(&c).kind, MESSAGE_WELCOME);
	assert_int_equal(
		harness_request(&w->h, "sensor-revoke",
				(const struct argument[]){ argument_text("tenant", "default"),
							   argument_text("id", sensor.id),
							   argument_text("actor", "test") },
				3)
			.status,
		0);
	client_assert_goodbye(&c, GOODBYE_REVOKED);
	client_free(&c);
	client_open(w, &c, &sensor, MESSAGE_ALPN);
	m = client_greet(&c);
	assert_int_equal(m.kind, MESSAGE_GOODBYE);
	assert_int_equal(m.goodbye.code, GOODBYE_REVOKED);
	client_free(&c);
	harness_sensor_done(&sensor);
}

static void without_a_certificate_there_is_no_session(void **state)
{
	struct world *w = *state;
	struct client c;

	client_open(w, &c, NULL, MESSAGE_ALPN);
	client_assert_goodbye(&c, GOODBYE_REVOKED);
	client_free(&c);
}

static void a_session_ends_with_a_sentence(struct world *w, struct span garbage)
{
	struct harness_sensor sensor;
	struct client c;

	harness_enrol(&w->h, "default", &sensor);
	client_open(w, &c, &sensor, MESSAGE_ALPN);
	turn_until(w, &c.is_open);
	if (garbage.len > 0) {
		assert_int_equal(tls_send(c.stream, garbage), 0);
	}
	client_assert_goodbye(&c, GOODBYE_PROTOCOL);
	client_free(&c);
	harness_sensor_done(&sensor);
}

static void garbage_after_the_handshake_ends_the_session(void **state)
{
	a_session_ends_with_a_sentence(*state,
				       (struct span){ (const uint8_t *)"\0\0\0\5garbage", 11 });
}

static void lengths_that_lie_end_the_session(void **state)
{
	static const uint8_t huge[] = { 0xff, 0xff, 0xff, 0xff, 1, 2 };
	static const uint8_t zero[] = { 0, 0, 0, 0 };

	a_session_ends_with_a_sentence(*state, (struct span){ huge, sizeof huge });
	a_session_ends_with_a_sentence(*state, (struct span){ zero, sizeof zero });
}

static void no_hello_ends_the_session(void **state)
{
	a_session_ends_with_a_sentence(*state, (struct span){ 0 });
}

static void a_first_message_that_is_too_long_ends_the_session(void **state)
{
	static uint8_t large[HELLO_BYTES_MAX + 100] = { 0, 0, 0x80, 0 };

	a_session_ends_with_a_sentence(*state, (struct span){ large, sizeof large });
}

static void a_message_that_does_not_become_whole_ends_the_session(void **state)
{
	static const uint8_t part[] = { 0, 0, 1, 0, 0x82 };
	struct world *w = *state;
	struct harness_sensor sensor;
	struct client c;

	harness_enrol(&w->h, "default", &sensor);
	client_open(w, &c, &sensor, MESSAGE_ALPN);
	assert_int_equal(client_greet(&c).kind, MESSAGE_WELCOME);
	assert_int_equal(tls_send(c.stream, (struct span){ part, sizeof part }), 0);
	client_assert_goodbye(&c, GOODBYE_PROTOCOL);
	client_free(&c);
	harness_sensor_done(&sensor);
}

static void a_sensor_that_says_nothing_any_more_is_taken_for_gone(void **state)
{
	struct world *w = *state;
	struct harness_sensor sensor;
	int64_t began_ms;
	struct client c;

	harness_enrol(&w->h, "default", &sensor);
	client_open(w, &c, &sensor, MESSAGE_ALPN);
	assert_int_equal(client_greet(&c).kind, MESSAGE_WELCOME);
	began_ms = clock_ms();
	client_assert_goodbye(&c, GOODBYE_RESTART);
	assert_true(clock_ms() - began_ms > 5000); /* not one of the other time limits */
	client_free(&c);
	harness_sensor_done(&sensor);
}

/* Whether the server has closed a plain socket. */
static bool is_over(int fd)
{
	uint8_t bytes[4096];
	ssize_t len = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);

	return len == 0 || (len < 0 && errno != EAGAIN);
}

static void wait_until_over(struct world *w, int fd)
{
	int64_t deadline = clock_ms() + DEADLINE_MS;

	while (!is_over(fd)) {
		assert_true(clock_ms() < deadline);
		loop_turn(w->loop, 10);
	}
	close(fd);
}

static void garbage_instead_of_a_handshake_is_cut_off(void **state)
{
	struct world *w = *state;
	int fd = connect_plain(w);

	loop_turn(w->loop, 50);
	assert_true(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL) > 0);
	wait_until_over(w, fd);
}

static void silence_instead_of_a_handshake_is_cut_off(void **state)
{
	struct world *w = *state;

	wait_until_over(w, connect_plain(w));
}

static void silent_peers_do_not_keep_others_out(void **state)
{
	struct world *w = *state;
	int silent[HANDSHAKES_MAX + 20];
	struct client c;

	for (size_t i = 0; i < COUNT_OF(silent); i++) {
		silent[i] = connect_plain(w);
	}
	client_open(w, &c, NULL, "http/1.1");
	turn_until(w, &c.is_open);
	client_free(&c);
	for (size_t i = 0; i < COUNT_OF(silent); i++) {
		close(silent[i]);
	}
}

static void an_unknown_protocol_is_refused_by_tls(void **state)
{
	struct world *w = *state;
	struct client c;

	client_open(w, &c, NULL, "bartizan/9");
	turn_until(w, &c.is_closed);
	assert_false(c.is_open);
	client_free(&c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sessions_survive_the_engine),
		TEST(an_engine_that_is_slow_slows_the_sensors_and_loses_nothing),
		TEST(a_second_connection_replaces_the_first),
		TEST(a_revoked_sensor_is_ended_and_not_let_in_again),
		TEST(without_a_certificate_there_is_no_session),
		TEST(garbage_after_the_handshake_ends_the_session),
		TEST(lengths_that_lie_end_the_session),
		TEST(no_hello_ends_the_session),
		TEST(a_first_message_that_is_too_long_ends_the_session),
		TEST(a_message_that_does_not_become_whole_ends_the_session),
		TEST(a_sensor_that_says_nothing_any_more_is_taken_for_gone),
		TEST(garbage_instead_of_a_handshake_is_cut_off),
		TEST(silence_instead_of_a_handshake_is_cut_off),
		TEST(silent_peers_do_not_keep_others_out),
		TEST(an_unknown_protocol_is_refused_by_tls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
