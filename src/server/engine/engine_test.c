/* engine_test.c - sessions, batches and wants against a real inventory. */
#include "server/engine/harness.h"

#include "base/error.h"
#include "schema/schema.h"
#include "server/inventory/fixture.h"
#include "sys/clock.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <cmocka.h>

struct world {
	struct harness h;
	struct harness_sensor sensor;
	struct fixture_rows rows; /* three packages */
};

static struct world world;

static int begin(void **state)
{
	struct world *w = &world;

	harness_open(&w->h);
	harness_enrol(&w->h, "default", &w->sensor);
	fixture_rows_init(&w->rows);
	fixture_add_package(&w->rows, "bash", "5.2");
	fixture_add_package(&w->rows, "coreutils", "9.1");
	fixture_add_package(&w->rows, "openssl", "3.0.15");
	fixture_sort(&w->rows);
	*state = w;
	return 0;
}

static int end(void **state)
{
	struct world *w = *state;

	fixture_rows_done(&w->rows);
	harness_sensor_done(&w->sensor);
	harness_close(&w->h);
	return 0;
}

/* A batch that adds the rows, with or without their bytes. */
static struct message adding(const struct fixture_rows *rows, uint64_t seq, bool is_inline)
{
	struct message m = { .kind = MESSAGE_BATCH };

	m.batch = fixture_delta(TABLE_PACKAGES, seq, NULL, rows);
	m.batch.observed_ms = clock_wall_ms();
	m.batch.has_digest = true;
	m.batch.digest = fixture_digest(rows);
	if (!is_inline) {
		m.batch.rows = (struct row_list){ 0 };
	}
	return m;
}

static struct message rows_for(const struct fixture_rows *rows, uint64_t seq)
{
	return (struct message){
		.kind = MESSAGE_ROWS,
		.rows = { .table = TABLE_PACKAGES,
			  .seq = seq,
			  .rows = { .bytes = buffer_span(&rows->list), .count = rows->count } },
	};
}

static uint64_t figure(struct harness *h, const char *name)
{
	struct reply reply = harness_request(h, "figures", NULL, 0);
	uint64_t value = 0;

	assert_int_equal(reply.status, 0);
	assert_int_equal(arguments_uint(&reply.result, name, &value), 0);
	return value;
}

/* --- sessions --- */

static void a_sensor_that_enrolled_is_welcome(void **state)
{
	struct world *w = *state;
	struct message m = harness_greet(&w->h, 1, "default", &w->sensor);

	assert_int_equal(m.kind, MESSAGE_WELCOME);
	assert_int_equal(m.welcome.protocol, MESSAGE_PROTOCOL);
	assert_int_equal(m.welcome.table_count, 0);
	assert_true(m.welcome.alive_s > 0);
	assert_int_equal(figure(&w->h, "sessions"), 1);
	harness_close_session(&w->h, 1);
	assert_int_equal(figure(&w->h, "sessions"), 0);
}

static void assert_refused(struct world *w, uint64_t session, uint64_t code)
{
	struct message m = harness_message(&w->h, session);

	assert_int_equal(m.kind, MESSAGE_GOODBYE);
	assert_int_equal(m.goodbye.code, code);
}

static void a_sensor_of_another_tenant_or_key_is_not(void **state)
{
	struct world *w = *state;
	struct harness_sensor stranger;
	struct message m;

	harness_sensor_init(&stranger);
	m = harness_greet(&w->h, 1, "other", &w->sensor);
	assert_int_equal(m.kind, MESSAGE_GOODBYE);
	assert_int_equal(m.goodbye.code, GOODBYE_REVOKED);
	m = harness_greet(&w->h, 2, "default", &stranger);
	assert_int_equal(m.kind, MESSAGE_GOODBYE);
	memcpy(stranger.id, w->sensor.id, sizeof stranger.id);
	m = harness_greet(&w->h, 3, "default", &stranger);
	assert_int_equal(m.kind, MESSAGE_GOODBYE);
	assert_int_equal(m.goodbye.code, GOODBYE_REVOKED);
	harness_open_session(&w->h, 4, "nowhere", w->sensor.id, w->sensor.key_hash);
	assert_refused(w, 4, GOODBYE_REVOKED);
	harness_sensor_done(&stranger);
}

static void the_newer_session_of_a_sensor_replaces_the_older(void **state)
{
	struct world *w = *state;
	struct message m = harness_greet(&w->h, 1, "default", &w->sensor);

	m = harness_greet(&w->h, 2, "default", &w->sensor);
	assert_int_equal(m.kind, MESSAGE_WELCOME);
	assert_refused(w, 1, GOODBYE_REPLACED);
}

static void what_comes_before_hello_ends_the_session(void **state)
{
	struct world *w = *state;
	struct message m = adding(&w->rows, 1, true);

	harness_open_session(&w->h, 1, "default", w->sensor.id, w->sensor.key_hash);
	harness_send(&w->h, 1, &m);
	assert_refused(w, 1, GOODBYE_PROTOCOL);
	harness_send(&w->h, 1, &m); /* and what still comes is dropped */
	harness_commit(&w->h);
	assert_false(harness_has_answer(&w->h, 1));
}

static void frames_that_are_no_messages_end_the_session(void **state)
{
	struct world *w = *state;

	(void)harness_greet(&w->h, 1, "default", &w->sensor);
	engine_link_message(w->h.ingest, BUS_SESSION_FRAME, 1, span_of("\x9f\xff garbage"));
	assert_refused(w, 1, GOODBYE_PROTOCOL);
}

static void a_version_that_is_too_old_is_told_so(void **state)
{
	struct world *w = *state;
	const struct message hello = { .kind = MESSAGE_HELLO,
				       .hello = { .kind = span_of("agent"),
						  .version = span_of("0") } };

	harness_open_session(&w->h, 1, "default", w->sensor.id, w->sensor.key_hash);
	harness_send(&w->h, 1, &hello);
	assert_refused(w, 1, GOODBYE_VERSION);
}

/* --- batches --- */

static void a_batch_is_acknowledged_after_the_commit_only(void **state)
{
	struct world *w = *state;
	struct message m = adding(&w->rows, 1, true);

	(void)harness_greet(&w->h, 1, "default", &w->sensor);
	harness_send(&w->h, 1, &m);
	assert_false(harness_has_answer(&w->h, 1));
	harness_commit(&w->h);
	m = harness_message(&w->h, 1);
	assert_int_equal(m.kind, MESSAGE_ACK);
	assert_int_equal(m.ack.table, TABLE_PACKAGES);
	assert_int_equal(m.ack.seq, 1);
	assert_int_equal(figure(&w->h, "rows"), 3);
	assert_int_equal(figure(&w->h, "rows_held default"), 3);
	assert_int_equal(figure(&w->h, "rows_held other"), 0);
}

static void what_was_acknowledged_survives_a_restart(void **state)
{
	struct world *w = *state;
	struct message m = adding(&w->rows, 1, true);

	(void)harness_greet(&w->h, 1, "default", &w->sensor);
	harness_send(&w->h, 1, &m);
	harness_commit(&w->h);
	harness_restart(&w->h);
	m = harness_greet(&w->h, 1, "default", &w->sensor);
	assert_int_equal(m.kind, MESSAGE_WELCOME);
	assert_int_equal(m.welcome.table_count, 1);
	assert_int_equal(m.welcome.tables[0].seq, 1);
	assert_int_equal(m.welcome.tables[0].count, 3);
	assert_true(digest_equal(m.welcome.tables[0].digest, fixture_digest(&w->rows)));
}

static void a_replayed_batch_is_acknowledged_and_changes_nothing(void **state)
{
	struct world *w = *state;
	struct message m = adding(&w->rows, 1, true);

	(void)harness_greet(&w->h, 1, "default", &w->sensor);
	harness_send(&w->h, 1, &m);
	harness_commit(&w->h);
	assert_int_equal(harness_message(&w->h, 1).kind, MESSAGE_ACK);
	harness_send(&w->h, 1, &m);
	harness_commit(&w->h);
	assert_int_equal(harness_message(&w->h, 1).kind, MESSAGE_ACK);
	assert_int_equal(figure(&w->h, "rows"), 3);
	assert_int_equal(figure(&w->h, "rows_held default"), 3);
}

static void a_digest_that_lies_is_counted_and_the_table_sent_again(void **state)
{
	struct world *w = *state;
	struct message m = adding(&w->rows, 1, true);

	m.batch.digest.low ^= 1;
	(void)harness_greet(&w->h, 1, "default", &w->sensor);
	harness_send(&w->h, 1, &m);
	harness_commit(&w->h);
	m = harness_message(&w->h, 1);
	assert_int_equal(m.kind, MESSAGE_RESYNC);
	assert_int_equal(m.resync.table, TABLE_PACKAGES);
	assert_int_equal(figure(&w->h, "disagreements default"), 1);
	assert_int_equal(figure(&w->h, "rows_held default"), 0);
}

static void an_unknown_table_is_refused(void **state)
{
	struct world *w = *state;
	struct message m = adding(&w->rows, 1, true);
	struct message hello = { .kind = MESSAGE_HELLO,
				 .hello = { .protocol = 1,
					    .kind = span_of("agent"),
					    .version = span_of("9"),
					    .tables = { 60 },
					    .table_count = 1 } };

	harness_open_session(&w->h, 1, "default", w->sensor.id, w->sensor.key_hash);
	harness_send(&w->h, 1, &hello);
	harness_commit(&w->h);
	assert_int_equal(harness_message(&w->h, 1).kind, MESSAGE_WELCOME);
	m.batch.table = 60;
	harness_send(&w->h, 1, &m);
	harness_commit(&w->h);
	m = harness_message(&w->h, 1);
	assert_int_equal(m.kind, MESSAGE_REFUSE);
	assert_int_equal(m.refuse.code, REFUSE_TABLE);
}

static void an_oversize_row_is_refused(void **state)
{
	static uint8_t large[ROW_BYTES_MAX + 1];
	static uint8_t room[ROW_BYTES_MAX + 64];
	struct world *w = *state;
	struct writer rows = writer_over(room, sizeof room);
	struct message m = { .kind = MESSAGE_BATCH };
	struct rowhash hash = rowhash_of(TABLE_PACKAGES, (struct span){ large, sizeof large });

	row_list_append(&rows, (struct span){ large, sizeof large });
	m.batch = (struct message_batch){
		.table = TABLE_PACKAGES,
		.seq = 1,
		.adds = { { hash.bytes, sizeof hash.bytes } },
		.rows = { .bytes = writer_span(&rows), .count = 1 },
	};
	(void)harness_greet(&w->h, 1, "default", &w->sensor);
	harness_send(&w->h, 1, &m);
	harness_commit(&w->h);
	m = harness_message(&w->h, 1);
	/* refused by the inventory, or already for its form */
	assert_true(m.kind == MESSAGE_REFUSE || m.kind == MESSAGE_GOODBYE);
	assert_int_equal(figure(&w->h, "rows_held default"), 0);
}

/* --- wants --- */

static void rows_that_lack_are_wanted_and_then_the_batch_is_applied(void **state)
{
	struct world *w = *state;
	struct message m = adding(&w->rows, 1, false);

	(void)harness_greet(&w->h, 1, "default", &w->sensor);
	harness_send(&w->h, 1, &m);
	m = harness_message(&w->h, 1);
	assert_int_equal(m.kind, MESSAGE_WANT);
	assert_int_equal(hash_list_count(m.want.hashes), 3);
	m = rows_for(&w->rows, 1);
	harness_send(&w->h, 1, &m);
	assert_false(harness_has_answer(&w->h, 1));
	harness_commit(&w->h);
	assert_int_equal(harness_message(&w->h, 1).kind, MESSAGE_ACK);
	assert_int_equal(figure(&w->h, "rows_held default"), 3);
	assert_int_equal(figure(&w->h, "kept_bytes"), 0);
}

static void like_sensors_send_each_row_once(void **state)
{
	enum { SENSORS = 5 };
	struct world *w = *state;
	struct harness_sensor sensors[SENSORS];
	struct message m;

	for (uint64_t i = 0; i < SENSORS; i++) {
		harness_enrol(&w->h, "default", &sensors[i]);
		(void)harness_greet(&w->h, i + 1, "default", &sensors[i]);
		m = adding(&w->rows, 1, false);
		harness_send(&w->h, i + 1, &m);
	}
	harness_commit(&w->h);
	m = harness_message(&w->h, 1);
	assert_int_equal(m.kind, MESSAGE_WANT);
	for (uint64_t i = 1; i < SENSORS; i++) {
		assert_false(harness_has_answer(&w->h, i + 1)); /* it waits for the first */
	}
	m = rows_for(&w->rows, 1);
	harness_send(&w->h, 1, &m);
	harness_commit(&w->h);
	for (uint64_t i = 0; i < SENSORS; i++) {
		assert_int_equal(harness_message(&w->h, i + 1).kind, MESSAGE_ACK);
		harness_sensor_done(&sensors[i]);
	}
	assert_int_equal(figure(&w->h, "wants"), 1);
	assert_int_equal(figure(&w->h, "rows_distinct default"), 3);
	assert_int_equal(figure(&w->h, "rows_held default"), 3 * SENSORS);
}

static void whoever_waits_asks_itself_when_the_other_goes(void **state)
{
	struct world *w = *state;
	struct harness_sensor second;
	struct message m = adding(&w->rows, 1, false);

	harness_enrol(&w->h, "default", &second);
	(void)harness_greet(&w->h, 1, "default", &w->sensor);
	(void)harness_greet(&w->h, 2, "default", &second);
	harness_send(&w->h, 1, &m);
	harness_send(&w->h, 2, &m);
	assert_int_equal(harness_message(&w->h, 1).kind, MESSAGE_WANT);
	harness_close_session(&w->h, 1);
	harness_commit(&w->h);
	assert_int_equal(harness_message(&w->h, 2).kind, MESSAGE_WANT);
	m = rows_for(&w->rows, 1);
	harness_send(&w->h, 2, &m);
	harness_commit(&w->h);
	assert_int_equal(harness_message(&w->h, 2).kind, MESSAGE_ACK);
	harness_sensor_done(&second);
}

static void rows_that_nobody_asked_for_end_the_session(void **state)
{
	struct world *w = *state;
	struct message m = rows_for(&w->rows, 1);

	(void)harness_greet(&w->h, 1, "default", &w->sensor);
	harness_send(&w->h, 1, &m);
	assert_refused(w, 1, GOODBYE_PROTOCOL);
}

static void other_rows_than_those_asked_for_are_refused(void **state)
{
	struct world *w = *state;
	struct fixture_rows others;
	struct message m = adding(&w->rows, 1, false);

	fixture_rows_init(&others);
	for (int i = 0; i < 3; i++) {
		char name[16];

		snprintf(name, sizeof name, "other%d", i);
		fixture_add_package(&others, name, "1");
	}
	(void)harness_greet(&w->h, 1, "default", &w->sensor);
	harness_send(&w->h, 1, &m);
	assert_int_equal(harness_message(&w->h, 1).kind, MESSAGE_WANT);
	m = rows_for(&others, 1);
	harness_send(&w->h, 1, &m);
	harness_commit(&w->h);
	m = harness_message(&w->h, 1);
	assert_int_equal(m.kind, MESSAGE_REFUSE);
	assert_int_equal(m.refuse.code, REFUSE_ROW);
	assert_int_equal(figure(&w->h, "rows_held default"), 0);
	/* and the same batch may come again */
	m = adding(&w->rows, 1, true);
	harness_send(&w->h, 1, &m);
	harness_commit(&w->h);
	assert_int_equal(harness_message(&w->h, 1).kind, MESSAGE_ACK);
	fixture_rows_done(&others);
}

static void a_sensor_that_has_the_rows_no_more_sends_its_table_again(void **state)
{
	struct world *w = *state;
	struct message m = adding(&w->rows, 1, false);
	const struct message none = { .kind = MESSAGE_ROWS,
				      .rows = { .table = TABLE_PACKAGES, .seq = 1 } };
	unsigned rounds = 0;

	(void)harness_greet(&w->h, 1, "default", &w->sensor);
	harness_send(&w->h, 1, &m);
	while ((m = harness_message(&w->h, 1)).kind == MESSAGE_WANT) {
		assert_true(++rounds < 20);
		harness_send(&w->h, 1, &none);
		harness_commit(&w->h);
	}
	assert_int_equal(m.kind, MESSAGE_RESYNC);
	assert_int_equal(m.resync.seq, 1);
}

static void a_session_that_ends_takes_its_kept_batches_along(void **state)
{
	struct world *w = *state;
	struct message m = adding(&w->rows, 1, false);

	(void)harness_greet(&w->h, 1, "default", &w->sensor);
	harness_send(&w->h, 1, &m);
	assert_true(figure(&w->h, "kept_bytes") > 0);
	harness_close_session(&w->h, 1);
	assert_int_equal(figure(&w->h, "kept_bytes"), 0);
}

/* --- a full disk --- */

/* No file may grow beyond size: what a full disk is to SQLite. */
static void limit_files(rlim_t size)
{
	struct rlimit limit;

	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size < limit.rlim_max ? size : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_refuses_all_of_the_turn_and_nothing_is_lost(void **state)
{
	struct world *w = *state;
	struct harness_sensor second;
	char token[TOKEN_TEXT_SIZE];
	struct message m = adding(&w->rows, 1, true);
	struct span answer;

	harness_sensor_init(&second);
	harness_token(&w->h, "default", 1, token);
	(void)harness_greet(&w->h, 1, "default", &w->sensor);
	limit_files(4096);
	harness_send(&w->h, 1, &m);
	assert_int_equal(harness_try_to_enrol(&w->h, token, buffer_span(&second.request), &answer),
			 503);
	m = harness_message(&w->h, 1);
	assert_int_equal(m.kind, MESSAGE_REFUSE);
	assert_int_equal(m.refuse.code, REFUSE_BUSY);
	/* a sensor that is known can still be told what is held of it */
	assert_int_equal(harness_greet(&w->h, 2, "default", &w->sensor).kind, MESSAGE_WELCOME);

	limit_files(RLIM_INFINITY);
	/* the token still has its use, and a batch is as good as new */
	assert_int_equal(harness_try_to_enrol(&w->h, token, buffer_span(&second.request), &answer),
			 0);
	assert_int_equal(harness_greet(&w->h, 3, "default", &second).kind, MESSAGE_WELCOME);
	m = adding(&w->rows, 1, true);
	harness_send(&w->h, 3, &m);
	harness_commit(&w->h);
	assert_int_equal(harness_message(&w->h, 3).kind, MESSAGE_ACK);
	assert_int_equal(figure(&w->h, "rows_held default"), 3);
	assert_int_equal(figure(&w->h, "disagreements default"), 0);
	harness_sensor_done(&second);
}

/* --- the api --- */

static void the_api_is_told_what_was_committed(void **state)
{
	struct world *w = *state;
	struct message m = adding(&w->rows, 1, true);
	struct span body;
	uint8_t kind;
	bool is_told = false;

	(void)harness_greet(&w->h, 1, "default", &w->sensor);
	harness_send(&w->h, 1, &m);
	harness_commit(&w->h);
	while (harness_take(&w->h, 0, &kind, &body)) {
		is_told = is_told || kind == BUS_COMMITTED;
	}
	assert_true(is_told);
}

static void ingest_may_not_ask_what_only_the_api_may(void **state)
{
	struct world *w = *state;
	uint8_t room[256];
	struct writer body = writer_over(room, sizeof room);
	const struct argument arguments[] = { argument_text("tenant", ""),
					      argument_text("name", "thief"),
					      argument_text("actor", "thief") };

	request_write(&body, "operator-token", arguments, COUNT_OF(arguments));
	engine_link_message(w->h.ingest, BUS_REQUEST, 5, writer_span(&body));
	harness_commit(&w->h);
	assert_false(harness_has_answer(&w->h, 5));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_sensor_that_enrolled_is_welcome),
		TEST(a_sensor_of_another_tenant_or_key_is_not),
		TEST(the_newer_session_of_a_sensor_replaces_the_older),
		TEST(what_comes_before_hello_ends_the_session),
		TEST(frames_that_are_no_messages_end_the_session),
		TEST(a_version_that_is_too_old_is_told_so),
		TEST(a_batch_is_acknowledged_after_the_commit_only),
		TEST(what_was_acknowledged_survives_a_restart),
		TEST(a_replayed_batch_is_acknowledged_and_changes_nothing),
		TEST(a_digest_that_lies_is_counted_and_the_table_sent_again),
		TEST(an_unknown_table_is_refused),
		TEST(an_oversize_row_is_refused),
		TEST(rows_that_lack_are_wanted_and_then_the_batch_is_applied),
		TEST(like_sensors_send_each_row_once),
		TEST(whoever_waits_asks_itself_when_the_other_goes),
		TEST(rows_that_nobody_asked_for_end_the_session),
		TEST(other_rows_than_those_asked_for_are_refused),
		TEST(a_sensor_that_has_the_rows_no_more_sends_its_table_again),
		TEST(a_session_that_ends_takes_its_kept_batches_along),
		TEST(a_full_disk_refuses_all_of_the_turn_and_nothing_is_lost),
		TEST(the_api_is_told_what_was_committed),
		TEST(ingest_may_not_ask_what_only_the_api_may),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
