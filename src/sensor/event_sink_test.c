/* event_sink_test.c - switches, rates, gaps, and what becomes of positions. */
#include "sensor/events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "schema/schema.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "wire/message.h"

struct world {
	int fd;
	struct policy policy;
	struct ring *ring;
	struct event_sink *sink;
	unsigned tapped;
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	log_open("test", LOG_ERROR);
	w->fd = memfd_create("events", 0);
	w->ring = ring_open(dup(w->fd), RING_BYTES_MIN * 4, 1);
	w->sink = event_sink_new(w->ring, &w->policy);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	event_sink_free(&w->sink);
	ring_close(&w->ring);
	close(w->fd);
	free(w);
	return 0;
}

static void happen(struct world *w, uint16_t event, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct row row;

		row_init(&row, schema_event_by_number(event));
		row_set_text(&row, 0, span_of("text"));
		event_sink_put(w->sink, 5000 + i, &row);
	}
}

struct seen {
	size_t counts[SCHEMA_EVENTS_MAX];
	int64_t last_gap_count; /* -1: unknown */
	char last_gap_reason[16];
	int64_t last_at_ms;
};

/* All that waits, taken out. */
static struct seen look(struct world *w)
{
	struct seen seen = { .last_gap_count = 0 };
	struct buffer out OWNED(buffer_done);
	struct ring_run run;

	buffer_init(&out, 1u << 20);
	while (ring_peek(w->ring, 100000, &out, &run)) {
		struct event_list list = { buffer_span(&out), run.count };
		struct message_event event;
		struct row row;

		while (event_list_take(&list, &event)) {
			assert_int_equal(
				row_decode(schema_event_by_number(event.event), event.row, &row),
				0);
			seen.counts[event.event]++;
			seen.last_at_ms = event.at_ms;
			if (event.event == EVENT_GAPS) {
				struct span reason = row.values[GAPS_REASON].text;

				seen.last_gap_count = row.values[GAPS_COUNT].kind == VALUE_NULL
							      ? -1
							      : row.values[GAPS_COUNT].number;
				memcpy(seen.last_gap_reason, reason.ptr, reason.len);
			}
		}
		ring_acknowledge(w->ring);
		buffer_clear(&out);
	}
	return seen;
}

static void what_is_put_is_kept_as_it_was(void **state)
{
	struct world *w = *state;
	struct seen seen;

	happen(w, EVENT_LOGINS, 3);
	seen = look(w);
	assert_int_equal(seen.counts[EVENT_LOGINS], 3);
	assert_int_equal(seen.last_at_ms, 5002);
}

static void what_the_policy_has_off_is_not_kept(void **state)
{
	struct world *w = *state;

	assert_true(event_sink_wants(w->sink, EVENT_LOGINS));
	w->policy.events[EVENT_LOGINS].is_on = POLICY_OFF;
	assert_false(event_sink_wants(w->sink, EVENT_LOGINS));
	happen(w, EVENT_LOGINS, 3);
	happen(w, EVENT_SUDO_USES, 2);
	assert_int_equal(look(w).counts[EVENT_LOGINS], 0);
	w->policy.events[EVENT_LOGINS].is_on = POLICY_INHERIT;
	happen(w, EVENT_LOGINS, 1);
	assert_int_equal(look(w).counts[EVENT_LOGINS], 1);
}

static void what_is_beyond_the_rate_is_one_gap_with_its_count(void **state)
{
	struct world *w = *state;
	struct seen seen;

	w->policy.events[EVENT_EXECUTIONS].per_minute_max = 60;
	happen(w, EVENT_EXECUTIONS, 560);
	event_sink_tell_gaps(w->sink);
	seen = look(w);
	assert_in_range(seen.counts[EVENT_EXECUTIONS], 60, 70);
	assert_int_equal(seen.counts[EVENT_GAPS], 1);
	assert_string_equal(seen.last_gap_reason, "rate");
	assert_int_equal(seen.counts[EVENT_EXECUTIONS] + (size_t)seen.last_gap_count, 560);
}

static void losses_within_a_second_are_one_gap_a_reason(void **state)
{
	struct world *w = *state;
	struct seen seen;
	int64_t now_ms = clock_ms();

	event_sink_lost(w->sink, "kernel", 5);
	event_sink_lost(w->sink, "kernel", 7);
	assert_in_range(event_sink_turn(w->sink, now_ms), now_ms, now_ms + EVENTS_GAP_MS + 100);
	assert_int_equal(look(w).counts[EVENT_GAPS], 0);
	(void)event_sink_turn(w->sink, now_ms + EVENTS_GAP_MS + 100);
	seen = look(w);
	assert_int_equal(seen.counts[EVENT_GAPS], 1);
	assert_int_equal(seen.last_gap_count, 12);
	event_sink_lost(w->sink, "source", 0);
	event_sink_lost(w->sink, "source", 3);
	event_sink_tell_gaps(w->sink);
	assert_int_equal(look(w).counts[EVENT_GAPS], 2); /* known and unknown do not add up */
}

static void an_unknown_number_stays_unknown(void **state)
{
	struct world *w = *state;

	event_sink_lost(w->sink, "kernel", 0);
	event_sink_lost(w->sink, "kernel", 0);
	event_sink_tell_gaps(w->sink);
	assert_int_equal(look(w).last_gap_count, -1);
}

static void more_reasons_than_it_remembers_are_all_told(void **state)
{
	static const char *const reasons[] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j" };
	struct world *w = *state;

	for (size_t i = 0; i < 10; i++) {
		event_sink_lost(w->sink, reasons[i], 1);
	}
	event_sink_tell_gaps(w->sink);
	assert_int_equal(look(w).counts[EVENT_GAPS], 10);
}

static void a_burst_is_written_once_and_soon(void **state)
{
	struct world *w = *state;
	int64_t now_ms = clock_ms();

	happen(w, EVENT_LOGINS, 100);
	assert_true(ring_has_unwritten(w->ring));
	assert_in_range(event_sink_turn(w->sink, now_ms), now_ms, now_ms + EVENTS_WRITE_MS + 100);
	assert_true(ring_has_unwritten(w->ring));
	(void)event_sink_turn(w->sink, now_ms + EVENTS_WRITE_MS + 100);
	assert_false(ring_has_unwritten(w->ring));
	assert_true(event_sink_turn(w->sink, now_ms + 1000) == INT64_MAX);
}

static void positions_are_kept_with_the_events(void **state)
{
	struct world *w = *state;

	assert_int_equal(event_sink_position(w->sink, 1).len, 0);
	happen(w, EVENT_LOGINS, 1);
	event_sink_keep_position(w->sink, 1, span_of("inode 7 offset 100"));
	event_sink_free(&w->sink);
	ring_close(&w->ring);
	w->ring = ring_open(dup(w->fd), RING_BYTES_MIN * 4, 1);
	w->sink = event_sink_new(w->ring, &w->policy);
	assert_true(span_is(event_sink_position(w->sink, 1), "inode 7 offset 100"));
	assert_int_equal(look(w).counts[EVENT_LOGINS], 1);
}

static void count_one(void *context, int64_t at_ms, const struct row *row)
{
	struct world *w = context;

	(void)at_ms;
	w->tapped += row->table->number == EVENT_LOGINS;
}

static void whoever_taps_sees_each(void **state)
{
	struct world *w = *state;

	event_sink_tap(w->sink, count_one, w);
	happen(w, EVENT_LOGINS, 4);
	assert_int_equal(w->tapped, 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_put_is_kept_as_it_was),
		TEST(what_the_policy_has_off_is_not_kept),
		TEST(what_is_beyond_the_rate_is_one_gap_with_its_count),
		TEST(losses_within_a_second_are_one_gap_a_reason),
		TEST(an_unknown_number_stays_unknown),
		TEST(more_reasons_than_it_remembers_are_all_told),
		TEST(a_burst_is_written_once_and_soon),
		TEST(positions_are_kept_with_the_events),
		TEST(whoever_taps_sees_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
