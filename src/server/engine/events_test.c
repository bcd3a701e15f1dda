/* events_test.c - events through the engine: stored with the turn's commit, acknowledged after it.
 */
#include "server/engine/harness.h"

#include "base/error.h"
#include "schema/schema.h"
#include "wire/row.h"

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
	uint8_t room[1u << 19];
	struct writer list;
	size_t count;
};

static struct world world;
static const uint8_t no_policy[MESSAGE_POLICY_DIGEST];

static int begin(void **state)
{
	harness_open(&world.h);
	harness_enrol(&world.h, "default", &world.sensor);
	*state = &world;
	return 0;
}

static int end(void **state)
{
	struct world *w = *state;

	harness_sensor_done(&w->sensor);
	harness_close(&w->h);
	return 0;
}

static void add_events(struct world *w, size_t count, uint16_t kind, struct span row)
{
	for (size_t i = 0; i < count; i++) {
		const struct message_event event = { kind, 1000 + (int64_t)i, row };

		event_list_append(&w->list, &event);
		w->count++;
	}
}

static void fill(struct world *w, size_t count)
{
	uint8_t bytes[128];
	struct writer row_bytes = writer_over(bytes, sizeof bytes);
	struct row row;

	w->list = writer_over(w->room, sizeof w->room);
	w->count = 0;
	row_init(&row, schema_event_by_number(EVENT_SERVICE_CHANGES));
	row_set_text(&row, SERVICE_CHANGES_UNIT, span_of("nginx.service"));
	assert_int_equal(row_encode(&row, &row_bytes), 0);
	add_events(w, count, EVENT_SERVICE_CHANGES, writer_span(&row_bytes));
}

static void tell(struct world *w, uint64_t session, uint64_t first)
{
	const struct message m = {
		.kind = MESSAGE_EVENTS,
		.events = { 7, first, { writer_span(&w->list), w->count } },
	};

	harness_send(&w->h, session, &m);
}

static uint64_t figure(struct harness *h, const char *name)
{
	struct reply reply = harness_request(h, "figures", NULL, 0);
	uint64_t value = 0;

	assert_int_equal(reply.status, 0);
	assert_int_equal(arguments_uint(&reply.result, name, &value), 0);
	return value;
}

static void events_are_acknowledged_after_their_commit(void **state)
{
	struct world *w = *state;
	struct message m;

	assert_int_equal(harness_greet_policed(&w->h, 1, &w->sensor, no_policy).kind,
			 MESSAGE_WELCOME);
	fill(w, 100);
	tell(w, 1, 0);
	assert_false(harness_has_answer(&w->h, 1));
	harness_commit(&w->h);
	m = harness_message(&w->h, 1);
	assert_int_equal(m.kind, MESSAGE_EVENTS_ACK);
	assert_int_equal(m.events_ack.epoch, 7);
	assert_int_equal(m.events_ack.next, 100);
	assert_int_equal(figure(&w->h, "events default"), 100);
	/* the same once more, over another connection and another engine */
	harness_restart(&w->h);
	(void)harness_greet_policed(&w->h, 2, &w->sensor, no_policy);
	tell(w, 2, 0);
	harness_commit(&w->h);
	assert_int_equal(harness_message(&w->h, 2).events_ack.next, 100);
	assert_int_equal(figure(&w->h, "events default"), 100);
	tell(w, 2, 110);
	harness_commit(&w->h);
	assert_int_equal(harness_message(&w->h, 2).events_ack.next, 210);
	assert_int_equal(figure(&w->h, "events default"), 201);
	assert_int_equal(figure(&w->h, "event_gaps default"), 1);
}

static void the_api_is_told_of_events(void **state)
{
	struct world *w = *state;
	struct span body;
	uint8_t kind;
	bool is_told = false;

	(void)harness_greet_policed(&w->h, 1, &w->sensor, no_policy);
	while (harness_take(&w->h, 0, &kind, &body)) {
	}
	fill(w, 1);
	tell(w, 1, 0);
	harness_commit(&w->h);
	while (harness_take(&w->h, 0, &kind, &body)) {
		is_told = is_told || kind == BUS_COMMITTED;
	}
	assert_true(is_told);
}

static void a_sensor_that_knows_no_events_may_not_send_any(void **state)
{
	struct world *w = *state;

	(void)harness_greet(&w->h, 1, "default", &w->sensor);
	fill(w, 1);
	tell(w, 1, 0);
	assert_int_equal(harness_message(&w->h, 1).goodbye.code, GOODBYE_PROTOCOL);
}

static void a_malformed_event_ends_the_session_and_its_message_is_not_stored(void **state)
{
	struct world *w = *state;

	(void)harness_greet_policed(&w->h, 1, &w->sensor, no_policy);
	fill(w, 3);
	add_events(w, 1, EVENT_LOGINS, (struct span){ (const uint8_t *)"\x81\x01", 2 });
	tell(w, 1, 0);
	assert_int_equal(harness_message(&w->h, 1).goodbye.code, GOODBYE_PROTOCOL);
	harness_commit(&w->h);
	assert_int_equal(figure(&w->h, "events default"), 0);
}

/* What the disk refuses is not acknowledged, and comes again. */
static void a_full_disk_ends_the_session_and_the_events_come_again(void **state)
{
	struct world *w = *state;
	struct rlimit before;
	struct rlimit small;
	struct message m;

	(void)signal(SIGXFSZ, SIG_IGN);
	(void)harness_greet_policed(&w->h, 1, &w->sensor, no_policy);
	fill(w, 4096);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 4096;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	tell(w, 1, 0);
	harness_commit(&w->h);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	m = harness_message(&w->h, 1);
	assert_int_equal(m.kind, MESSAGE_GOODBYE);
	assert_int_equal(m.goodbye.code, GOODBYE_RESTART);
	(void)harness_greet_policed(&w->h, 2, &w->sensor, no_policy);
	tell(w, 2, 0);
	harness_commit(&w->h);
	assert_int_equal(harness_message(&w->h, 2).kind, MESSAGE_EVENTS_ACK);
	assert_int_equal(figure(&w->h, "events default"), 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(events_are_acknowledged_after_their_commit, begin,
						end),
		cmocka_unit_test_setup_teardown(the_api_is_told_of_events, begin, end),
		cmocka_unit_test_setup_teardown(a_sensor_that_knows_no_events_may_not_send_any,
						begin, end),
		cmocka_unit_test_setup_teardown(
			a_malformed_event_ends_the_session_and_its_message_is_not_stored, begin,
			end),
		cmocka_unit_test_setup_teardown(
			a_full_disk_ends_the_session_and_the_events_come_again, begin, end),
	};

	return cmocka_run_group_tests_name("engine events", tests, NULL, NULL);
}
