/* reporter_test.c - the reporter against a server, over an imagined wire, in imagined time. */
#include "sensor/reporter.h"
#include "sensor/event_sender.h"
#include "sensor/fake_server.h"
#include "sensor/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"
#include "sys/alloc.h"
#include "sys/log.h"

#define TABLES    2
#define ROWS_MAX  6000
#define QUEUE_MAX 256

static const uint16_t numbers[TABLES] = { 4, 10 };

/* A machine with two tables, whose rows are numbers in some bytes. */
struct machine {
	unsigned rows[TABLES][ROWS_MAX];
	size_t counts[TABLES];
	size_t row_bytes;
	int error; /* that reading a table gives */
	unsigned walks;
	unsigned told[ROWS_MAX]; /* of the first table, when it was read last */
	size_t told_count;
	unsigned changes_walks; /* of them: for what has changed */
};

/* Frames on their way. */
struct frame {
	uint8_t *bytes;
	size_t len;
};

struct wire {
	struct frame frames[QUEUE_MAX];
	size_t first;
	size_t last;
};

struct world {
	struct machine machine;
	struct reporter *reporter;
	struct fake_server server;
	struct wire up;
	struct wire down;
	int64_t now_ms;
	bool is_congested;
	bool is_ended;
	struct link_end end;
	unsigned acknowledged;
	struct policy policy;
	struct ring *ring;
	struct event_sink *sink;
	struct event_sender sender;
};

static void put(struct wire *wire, struct span frame)
{
	uint8_t *copy = alloc_zeroed(1, frame.len + 1);

	memcpy(copy, frame.ptr, frame.len);
	assert_true(wire->last - wire->first < QUEUE_MAX);
	wire->frames[wire->last++ % QUEUE_MAX] = (struct frame){ copy, frame.len };
}

static bool take(struct wire *wire, struct frame *out)
{
	if (wire->first == wire->last) {
		return false;
	}
	*out = wire->frames[wire->first++ % QUEUE_MAX];
	return true;
}

static void drop(struct frame frame)
{
	free(frame.bytes);
}

static struct span span_of_frame(struct frame frame)
{
	return (struct span){ frame.bytes, frame.len };
}

static void drop_all(struct wire *wire)
{
	struct frame frame;

	while (take(wire, &frame)) {
		drop(frame);
	}
}

static void remember(struct machine *m)
{
	memcpy(m->told, m->rows[0], sizeof m->told);
	m->told_count = m->counts[0];
}

static int on_collect(void *context, uint16_t table, row_taker *taker, void *take_context)
{
	struct world *w = context;
	size_t which = table == numbers[0] ? 0 : 1;
	uint8_t *bytes = alloc_zeroed(1, w->machine.row_bytes);

	w->machine.walks++;
	for (size_t i = 0; i < w->machine.counts[which]; i++) {
		memcpy(bytes, &w->machine.rows[which][i], sizeof(unsigned));
		taker(take_context, (struct span){ bytes, w->machine.row_bytes });
	}
	free(bytes);
	if (which == 0) {
		remember(&w->machine);
	}
	return w->machine.error;
}

/* Rows that are in one and not in the other. */
static void tell_missing(const struct machine *m, const unsigned *in, size_t in_count,
			 const unsigned *out, size_t out_count, row_taker *taker, void *context)
{
	uint8_t *bytes = alloc_zeroed(1, m->row_bytes);

	for (size_t i = 0; i < in_count; i++) {
		size_t k = 0;

		while (k < out_count && out[k] != in[i]) {
			k++;
		}
		if (k == out_count) {
			memcpy(bytes, &in[i], sizeof(unsigned));
			taker(context, (struct span){ bytes, m->row_bytes });
		}
	}
	free(bytes);
}

static int on_collect_changes(void *context, uint16_t table, row_taker *gone, row_taker *taker,
			      void *take_context)
{
	struct machine *m = &((struct world *)context)->machine;

	if (table != numbers[0]) {
		return ERR_UNSUPPORTED;
	}
	m->walks++;
	m->changes_walks++;
	tell_missing(m, m->told, m->told_count, m->rows[0], m->counts[0], gone, take_context);
	tell_missing(m, m->rows[0], m->counts[0], m->told, m->told_count, taker, take_context);
	remember(m);
	return m->error;
}

static int on_send(void *context, struct span frame)
{
	struct world *w = context;

	put(&w->up, span_after(frame, FRAME_HEAD_SIZE));
	return 0;
}

static bool on_is_congested(void *context)
{
	return ((struct world *)context)->is_congested;
}

static void on_end(void *context, const struct link_end *end)
{
	struct world *w = context;

	w->is_ended = true;
	w->end = *end;
}

static void on_acknowledged(void *context)
{
	((struct world *)context)->acknowledged++;
}

static void on_say(void *context, struct span frame)
{
	put(&((struct world *)context)->down, frame);
}

static void new_reporter(struct world *w)
{
	const struct reporter_hooks hooks = { .collect = on_collect,
					      .collect_changes = on_collect_changes,
					      .send = on_send,
					      .is_congested = on_is_congested,
					      .end = on_end,
					      .acknowledged = on_acknowledged };

	w->reporter = reporter_new(numbers, TABLES, span_of("1"), &hooks, w);
	reporter_set_events(w->reporter, &w->sender);
	reporter_signal(w->reporter, 0, w->now_ms);
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	log_open("test", LOG_ERROR);
	w->now_ms = 1000;
	w->machine.row_bytes = 40;
	fake_server_init(&w->server, on_say, w);
	w->ring = ring_open(-1, RING_BYTES_DEFAULT, 1);
	w->sink = event_sink_new(w->ring, &w->policy);
	event_sender_init(&w->sender, w->ring, w->sink);
	new_reporter(w);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	reporter_free(&w->reporter);
	event_sink_free(&w->sink);
	ring_close(&w->ring);
	fake_server_done(&w->server);
	drop_all(&w->up);
	drop_all(&w->down);
	free(w);
	return 0;
}

static void add_rows(struct world *w, size_t which, unsigned from, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		w->machine.rows[which][w->machine.counts[which]++] = from + i;
	}
}

/* Carries frames and lets time pass until nothing moves; at most to the given time. */
static void run_until(struct world *w, int64_t end_ms)
{
	struct frame frame;

	for (;;) {
		int64_t next = reporter_turn(w->reporter, w->now_ms);
		bool is_moving = false;

		if (take(&w->up, &frame)) {
			fake_server_receive(&w->server, span_of_frame(frame));
			drop(frame);
			is_moving = true;
		}
		if (take(&w->down, &frame)) {
			reporter_receive(w->reporter, span_of_frame(frame), w->now_ms);
			drop(frame);
			is_moving = true;
		}
		if (!is_moving && next > end_ms) {
			return;
		}
		if (!is_moving && next > w->now_ms) {
			w->now_ms = next;
		}
	}
}

static void run(struct world *w)
{
	run_until(w, w->now_ms + 20000);
}

static void connect_both(struct world *w)
{
	fake_server_reconnect(&w->server);
	w->is_ended = false;
	reporter_connected(w->reporter, w->now_ms);
}

static void cut(struct world *w)
{
	drop_all(&w->up);
	drop_all(&w->down);
	reporter_disconnected(w->reporter);
}

/* The server holds the machine's rows, no others, and has the bytes of each. */
static void assert_in_sync(struct world *w)
{
	uint8_t *bytes = alloc_zeroed(1, w->machine.row_bytes);

	assert_int_equal(w->server.error, 0);
	assert_false(w->is_ended);
	for (size_t t = 0; t < TABLES; t++) {
		struct digest want = { 0, 0 };

		assert_int_equal(w->server.tables[numbers[t]].count, w->machine.counts[t]);
		for (size_t i = 0; i < w->machine.counts[t]; i++) {
			struct rowhash hash;
			struct span row = { bytes, w->machine.row_bytes };

			memcpy(bytes, &w->machine.rows[t][i], sizeof(unsigned));
			hash = rowhash_of(numbers[t], row);
			digest_add(&want, &hash);
			assert_true(span_equal(fake_server_row(&w->server, &hash), row));
		}
		assert_true(digest_equal(want, fake_server_digest(&w->server, numbers[t])));
	}
	assert_true(reporter_is_settled(w->reporter));
	free(bytes);
}

static void a_first_inventory_arrives(void **state)
{
	struct world *w = *state;

	add_rows(w, 0, 1, 3000);
	add_rows(w, 1, 1, 5);
	connect_both(w);
	run(w);
	assert_in_sync(w);
	assert_int_equal(w->server.wants, 1); /* the small table went inline */
	assert_true(w->acknowledged >= 2);
}

static void a_small_change_takes_one_batch_and_no_want(void **state)
{
	struct world *w = *state;

	add_rows(w, 0, 1, 300);
	connect_both(w);
	run(w);
	w->server.batches = 0;
	w->server.wants = 0;
	w->machine.rows[0][7] = 9999;
	reporter_signal(w->reporter, numbers[0], w->now_ms);
	run(w);
	assert_in_sync(w);
	assert_int_equal(w->server.batches, 1);
	assert_int_equal(w->server.wants, 0);
}

static void changes_are_enough_until_an_answer_fails_to_come(void **state)
{
	struct world *w = *state;

	add_rows(w, 0, 1, 300);
	connect_both(w);
	run(w);
	assert_int_equal(w->machine.changes_walks, 0);
	w->machine.rows[0][7] = 9999;
	reporter_signal(w->reporter, numbers[0], w->now_ms);
	run(w);
	assert_in_sync(w);
	assert_int_equal(w->machine.changes_walks, 1);
	w->machine.rows[0][8] = 9998;
	reporter_signal(w->reporter, numbers[0], w->now_ms);
	w->now_ms += 5000;
	(void)reporter_turn(w->reporter, w->now_ms);
	assert_int_equal(w->machine.changes_walks, 2);
	cut(w); /* what was told of is on its way to nobody */
	connect_both(w);
	run(w);
	assert_in_sync(w);
	assert_int_equal(w->machine.changes_walks, 2);
}

static void nothing_is_said_where_nothing_changed(void **state)
{
	struct world *w = *state;

	add_rows(w, 0, 1, 30);
	connect_both(w);
	run(w);
	w->server.batches = 0;
	reporter_signal(w->reporter, 0, w->now_ms);
	run(w);
	assert_int_equal(w->server.batches, 0);
}

static void rows_that_the_server_has_are_not_sent(void **state)
{
	struct world *w = *state;

	add_rows(w, 0, 1, 1000);
	connect_both(w);
	run(w);
	cut(w);
	reporter_free(&w->reporter); /* an agent that lost its state, a server that did not */
	w->server.tables[numbers[0]].count = 0;
	new_reporter(w);
	w->server.wants = 0;
	connect_both(w);
	run(w);
	assert_in_sync(w);
	assert_int_equal(w->server.wants, 0);
}

static void large_rows_take_several_rounds(void **state)
{
	struct world *w = *state;

	w->machine.row_bytes = 2000;
	add_rows(w, 0, 1, 2500);
	add_rows(w, 1, 1, 2500);
	connect_both(w);
	run(w);
	assert_in_sync(w);
	assert_true(w->server.batches >= 10);
}

static void an_agent_without_its_state_sends_ranges(void **state)
{
	struct world *w = *state;

	w->machine.row_bytes = 1000;
	add_rows(w, 0, 1, 3000);
	connect_both(w);
	run(w);
	cut(w);
	reporter_free(&w->reporter);
	w->machine.counts[0] = 2000; /* a third went meanwhile, and some came */
	add_rows(w, 0, 100000, 500);
	new_reporter(w);
	connect_both(w);
	run(w);
	assert_in_sync(w);
	assert_true(w->server.ranges >= 2);
	assert_int_equal(w->server.disagreements, 0);
}

static void a_lost_acknowledgement_is_made_good_by_the_welcome(void **state)
{
	struct world *w = *state;

	add_rows(w, 0, 1, 100);
	connect_both(w);
	run(w);
	w->machine.rows[0][3] = 7777;
	w->server.swallow_acks = 1;
	reporter_signal(w->reporter, numbers[0], w->now_ms);
	run(w);
	cut(w);
	connect_both(w);
	run(w);
	assert_in_sync(w);
	assert_int_equal(w->server.ranges, 0);
}

/* Numbers that look random, the same in every run (xorshift). */
static unsigned any(unsigned *seed, unsigned below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed % below;
}

static void a_cut_at_any_moment_is_survived(void **state)
{
	struct world *w = *state;
	unsigned next = 1;
	unsigned seed = 2;

	w->machine.row_bytes = 900;
	for (unsigned i = 0; i < 200; i++) {
		struct frame frame;
		unsigned moves = any(&seed, 12);

		add_rows(w, i % TABLES, next, any(&seed, 20));
		next += 100;
		if (w->machine.counts[0] > 1000) {
			w->machine.counts[0] = 0;
		}
		connect_both(w);
		reporter_signal(w->reporter, 0, w->now_ms);
		for (unsigned m = 0; m < moves; m++) {
			w->now_ms += 15;
			(void)reporter_turn(w->reporter, w->now_ms);
			if (any(&seed, 2) == 0 && take(&w->up, &frame)) {
				fake_server_receive(&w->server, span_of_frame(frame));
				drop(frame);
			}
			if (any(&seed, 2) == 0 && take(&w->down, &frame)) {
				reporter_receive(w->reporter, span_of_frame(frame), w->now_ms);
				drop(frame);
			}
		}
		assert_int_equal(w->server.error, 0);
		cut(w);
	}
	connect_both(w);
	reporter_signal(w->reporter, 0, w->now_ms);
	run(w);
	assert_in_sync(w);
	assert_int_equal(w->server.disagreements, 0);
}

static void a_resync_is_answered_with_ranges(void **state)
{
	struct world *w = *state;

	add_rows(w, 0, 1, 100);
	w->server.resyncs = 3;
	connect_both(w);
	run(w);
	assert_in_sync(w);
	assert_true(w->server.ranges >= 1);
}

static void resyncs_without_end_slow_down(void **state)
{
	struct world *w = *state;

	add_rows(w, 0, 1, 10);
	w->server.resyncs = 1000000;
	connect_both(w);
	run_until(w, w->now_ms + 600000);
	assert_in_range(w->server.batches, 5, 60);
}

static void a_busy_server_is_asked_again_later(void **state)
{
	struct world *w = *state;

	add_rows(w, 0, 1, 10);
	w->server.refuse = 3;
	w->server.refuse_code = REFUSE_BUSY;
	connect_both(w);
	run_until(w, w->now_ms + 30000);
	assert_in_sync(w);
	assert_null(reporter_refused(w->reporter));
}

static void a_refused_table_rests_and_the_others_go_on(void **state)
{
	struct world *w = *state;

	add_rows(w, 0, 1, 10);
	add_rows(w, 1, 1, 10);
	w->server.refuse = 1;
	w->server.refuse_code = REFUSE_ROW;
	connect_both(w);
	run(w);
	assert_string_equal(reporter_refused(w->reporter), "packages");
	assert_int_equal(w->server.tables[numbers[0]].count, 0);
	assert_int_equal(w->server.tables[numbers[1]].count, 10);
}

static void a_table_that_cannot_be_read_keeps_what_was_told(void **state)
{
	struct world *w = *state;

	add_rows(w, 0, 1, 10);
	connect_both(w);
	run(w);
	w->machine.error = ERR_IO;
	w->machine.counts[0] = 0;
	reporter_signal(w->reporter, numbers[0], w->now_ms);
	run_until(w, w->now_ms + 100);
	assert_int_equal(w->server.tables[numbers[0]].count, 10);
	w->machine.error = 0;
	run(w);
	assert_in_sync(w);
}

static void congestion_holds_everything_back(void **state)
{
	struct world *w = *state;

	add_rows(w, 0, 1, 3000);
	w->is_congested = true;
	connect_both(w);
	run(w);
	assert_int_equal(w->machine.walks, 0);
	w->is_congested = false;
	run(w);
	assert_in_sync(w);
}

static void a_restart_message_is_answered_with_hello(void **state)
{
	struct world *w = *state;
	struct message restart = { .kind = MESSAGE_RESTART, .restart = { .delay_ms = 500 } };

	add_rows(w, 0, 1, 10);
	connect_both(w);
	run(w);
	fake_server_say(&w->server, &restart);
	add_rows(w, 0, 100, 10);
	reporter_signal(w->reporter, 0, w->now_ms);
	run(w);
	assert_in_sync(w);
}

static void goodbye_ends_the_connection_and_says_why(void **state)
{
	struct world *w = *state;
	struct message revoked = { .kind = MESSAGE_GOODBYE,
				   .goodbye = { .code = GOODBYE_REVOKED,
						.text = span_of("by operator") } };

	connect_both(w);
	run(w);
	fake_server_say(&w->server, &revoked);
	run(w);
	assert_true(w->is_ended);
	assert_int_equal(w->end.code, LINK_END_REVOKED);
}

static void nonsense_ends_the_connection(void **state)
{
	struct world *w = *state;

	connect_both(w);
	run(w);
	put(&w->down, span_of("nonsense"));
	run(w);
	assert_true(w->is_ended);
	assert_int_equal(w->end.code, LINK_END_PROTOCOL);
}

static void silence_is_broken_by_alive_and_by_nothing_else(void **state)
{
	struct world *w = *state;
	unsigned turns = 0;
	int64_t end_ms;
	struct frame frame;

	connect_both(w);
	run(w);
	drop_all(&w->up);
	end_ms = w->now_ms + 300000;
	while (w->now_ms < end_ms) {
		int64_t next = reporter_turn(w->reporter, w->now_ms);

		turns++;
		assert_true(next > w->now_ms);
		w->now_ms = next;
	}
	assert_in_range(turns, 9, 12); /* every 30 s */
	for (turns = 0; take(&w->up, &frame); turns++) {
		drop(frame);
	}
	assert_in_range(turns, 9, 11);
}

/*
 * Events
 */

static void happen(struct world *w, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct row row;

		row_init(&row, schema_event_by_number(EVENT_SERVICE_CHANGES));
		row_set_text(&row, SERVICE_CHANGES_UNIT, span_of("a.service"));
		event_sink_put(w->sink, 1000 + i, &row);
	}
}

static void events_arrive_once_and_in_order(void **state)
{
	struct world *w = *state;

	happen(w, 100);
	connect_both(w);
	run(w);
	happen(w, 23);
	run(w);
	assert_int_equal(w->server.error, 0);
	assert_int_equal(w->server.event_count, 123);
	assert_int_equal(w->server.missing_events, 0);
	assert_int_equal(w->server.repeated_events, 0);
	assert_int_equal(w->server.events[122].number, 122);
	assert_int_equal(w->server.events[122].event, EVENT_SERVICE_CHANGES);
	assert_int_equal(ring_waiting(w->ring), 0);
}

static void events_that_were_not_acknowledged_come_again(void **state)
{
	struct world *w = *state;

	w->server.swallow_event_acks = 1;
	happen(w, 10);
	connect_both(w);
	run(w);
	assert_int_equal(w->server.event_count, 10);
	assert_int_equal(ring_waiting(w->ring), 10);
	cut(w);
	happen(w, 5);
	connect_both(w);
	run(w);
	assert_int_equal(w->server.event_count, 15);
	assert_int_equal(w->server.repeated_events, 10);
	assert_int_equal(w->server.missing_events, 0);
	assert_int_equal(ring_waiting(w->ring), 0);
}

/* Frames that the reporter has sent and nobody has taken. */
static size_t frames_up(const struct world *w)
{
	return w->up.last - w->up.first;
}

static void the_first_event_goes_at_once_and_those_behind_it_together(void **state)
{
	struct world *w = *state;
	unsigned messages;

	connect_both(w);
	run(w);
	happen(w, 1);
	assert_int_equal(frames_up(w), 0);
	(void)reporter_turn(w->reporter, w->now_ms);
	assert_int_equal(frames_up(w), 1);
	messages = w->server.event_messages;
	for (int64_t end = w->now_ms + 1000; w->now_ms < end; w->now_ms++) {
		happen(w, 2);
		run_until(w, w->now_ms);
	}
	run(w);
	assert_int_equal(w->server.event_count, 2001);
	assert_true(w->server.event_messages - messages <= 13);
}

static void more_events_than_fit_a_message_take_several(void **state)
{
	struct world *w = *state;

	happen(w, 5000);
	connect_both(w);
	run(w);
	assert_int_equal(w->server.error, 0);
	assert_int_equal(w->server.event_messages, 2);
	assert_int_equal(w->server.event_count, 5000);
}

/* From the server, or to it. */
static void carry(struct world *w, bool is_up)
{
	struct frame frame;

	assert_true(take(is_up ? &w->up : &w->down, &frame));
	if (is_up) {
		fake_server_receive(&w->server, span_of_frame(frame));
	} else {
		reporter_receive(w->reporter, span_of_frame(frame), w->now_ms);
	}
	drop(frame);
}

static void an_event_waits_for_one_table_at_most(void **state)
{
	struct world *w = *state;

	add_rows(w, 0, 1, 10);
	add_rows(w, 1, 1, 10);
	connect_both(w);
	carry(w, true); /* hello */
	carry(w, false);
	w->now_ms += 1000;
	assert_true(reporter_turn(w->reporter, w->now_ms) <= w->now_ms);
	assert_int_equal(w->machine.walks, 1);
	happen(w, 1);
	(void)reporter_turn(w->reporter, w->now_ms);
	assert_int_equal(w->machine.walks, 2);
	for (unsigned i = 0; i < 3; i++) {
		carry(w, true);
		assert_int_equal(w->server.event_count, i > 0);
	}
	assert_int_equal(w->server.batches, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_first_inventory_arrives),
		TEST(a_small_change_takes_one_batch_and_no_want),
		TEST(changes_are_enough_until_an_answer_fails_to_come),
		TEST(nothing_is_said_where_nothing_changed),
		TEST(rows_that_the_server_has_are_not_sent),
		TEST(large_rows_take_several_rounds),
		TEST(an_agent_without_its_state_sends_ranges),
		TEST(a_lost_acknowledgement_is_made_good_by_the_welcome),
		TEST(a_cut_at_any_moment_is_survived),
		TEST(a_resync_is_answered_with_ranges),
		TEST(resyncs_without_end_slow_down),
		TEST(a_busy_server_is_asked_again_later),
		TEST(a_refused_table_rests_and_the_others_go_on),
		TEST(a_table_that_cannot_be_read_keeps_what_was_told),
		TEST(congestion_holds_everything_back),
		TEST(a_restart_message_is_answered_with_hello),
		TEST(goodbye_ends_the_connection_and_says_why),
		TEST(nonsense_ends_the_connection),
		TEST(silence_is_broken_by_alive_and_by_nothing_else),
		TEST(events_arrive_once_and_in_order),
		TEST(events_that_were_not_acknowledged_come_again),
		TEST(the_first_event_goes_at_once_and_those_behind_it_together),
		TEST(more_events_than_fit_a_message_take_several),
		TEST(an_event_waits_for_one_table_at_most),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
