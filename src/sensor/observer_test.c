/* observer_test.c - an observing process with a server behind the channel to its connector. */
#include "sensor/observer.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/error.h"
#include "schema/schema.h"
#include "sensor/fake_server.h"
#include "sys/alloc.h"
#include "sys/channel.h"
#include "sys/file.h"
#include "sys/log.h"
#include "wire/row.h"

#define CONNECTION 7

struct world {
	struct observer observer;
	struct sensor_settings settings;
	struct sensor_child child;
	struct fake_server server;
	struct channel *connector; /* its end */
	int fds[2];
	unsigned collected;
	unsigned acknowledged;
	unsigned policies;
	unsigned walks;
	uint64_t cost_us;
	size_t sent_bytes;
	struct link_tick tick;
	uint8_t digest[MESSAGE_POLICY_DIGEST];
	unsigned ticks;
	bool is_done;
	/* what the test does when a tick came */
	void (*ticked)(struct world *w);
};

static int on_collect(void *context, uint16_t table, row_taker *take, void *take_context)
{
	struct world *w = context;
	uint8_t bytes[256];
	struct writer out = writer_over(bytes, sizeof bytes);
	struct row row;

	row_init(&row, schema_by_number(table));
	row_set_text(&row, USERS_NAME, span_of("ada"));
	assert_int_equal(row_encode(&row, &out), 0);
	take(take_context, writer_span(&out));
	w->collected++;
	return 0;
}

static void on_acknowledged(void *context)
{
	((struct world *)context)->acknowledged++;
}

static void on_sent(void *context, size_t len)
{
	((struct world *)context)->sent_bytes += len;
}

static void on_cost(void *context, uint64_t used_us)
{
	((struct world *)context)->cost_us = used_us;
}

static void on_policy(void *context)
{
	((struct world *)context)->policies++;
}

static void on_walk(void *context)
{
	((struct world *)context)->walks++;
}

static int64_t on_turn(void *context)
{
	(void)context;
	return SCHEDULE_NEVER;
}

static uint64_t on_progress(void *context)
{
	(void)context;
	return 0;
}

static bool on_is_done(void *context)
{
	return ((struct world *)context)->is_done;
}

/* --- the connector's end --- */

static void on_message(void *context, uint8_t kind, uint64_t id, struct span body)
{
	struct world *w = context;

	if (kind == LINK_FRAME) {
		assert_int_equal(id, CONNECTION);
		fake_server_receive(&w->server, span_after(body, FRAME_HEAD_SIZE));
	} else if (kind == LINK_TICK) {
		assert_int_equal(link_tick_read(body, &w->tick), 0);
		memcpy(w->digest, w->tick.digest, sizeof w->digest);
		w->ticks++;
		if (w->ticked != NULL) {
			w->ticked(w);
		}
	}
}

static void on_closed(void *context)
{
	(void)context;
}

static void say(void *context, struct span frame)
{
	struct world *w = context;

	assert_int_equal(channel_send(w->connector, LINK_FRAME, CONNECTION, frame), 0);
}

static void connect_to_server(struct world *w)
{
	fake_server_reconnect(&w->server);
	assert_int_equal(channel_send(w->connector, LINK_CONNECTED, CONNECTION, span_of(NULL)), 0);
}

/* --- life --- */

static int begin(void **state)
{
	struct world *w = alloc_zeroed(1, sizeof *w);

	log_open("test", LOG_ERROR);
	snprintf(w->settings.state.folder, sizeof w->settings.state.folder,
		 "/tmp/bartizan-observer-XXXXXX");
	assert_non_null(mkdtemp(w->settings.state.folder));
	w->is_done = true;
	fake_server_init(&w->server, say, w);
	*state = w;
	return 0;
}

static int end(void **state)
{
	struct world *w = *state;
	DIR *folder = opendir(w->settings.state.folder);
	struct dirent *entry;

	while ((entry = readdir(folder)) != NULL) {
		(void)unlinkat(dirfd(folder), entry->d_name, 0);
	}
	closedir(folder);
	rmdir(w->settings.state.folder);
	fake_server_done(&w->server);
	free(w);
	return 0;
}

static void open_world(struct world *w)
{
	static const struct observer_hooks hooks = { .log_name = "test",
						     .collect = on_collect,
						     .acknowledged = on_acknowledged,
						     .sent = on_sent,
						     .cost = on_cost,
						     .policy_changed = on_policy,
						     .walk = on_walk,
						     .turn = on_turn,
						     .progress = on_progress,
						     .is_done = on_is_done };
	static const struct channel_handler handler = { .message = on_message,
							.closed = on_closed };
	static const uint16_t tables[] = { TABLE_USERS };
	struct why why;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, w->fds), 0);
	w->child = (struct sensor_child){ .settings = &w->settings,
					  .channel_fd = w->fds[0],
					  .other_fd = open("/dev/null", O_RDONLY) };
	observer_begin(&w->observer, &w->child, &hooks, w);
	assert_int_equal(w->child.other_fd, -1);
	log_open("test", LOG_ERROR);
	observer_open(&w->observer);
	assert_int_equal(observer_open_reporter(&w->observer, tables, COUNT_OF(tables), &why), 0);
	w->connector =
		channel_new(w->observer.loop, w->fds[1], SENSOR_CHANNEL_QUEUE_MAX, &handler, w);
	observer_start(&w->observer);
}

static void close_world(struct world *w)
{
	channel_free(&w->connector);
	observer_close(&w->observer);
	observer_done(&w->observer);
}

/* --- tests --- */

static void once_ends_when_all_is_told_and_a_later_run_says_nothing_twice(void **state)
{
	struct world *w = *state;

	w->settings.is_once = true;
	open_world(w);
	assert_int_equal(w->walks, 1);
	connect_to_server(w);
	assert_int_equal(observer_run(&w->observer), SENSOR_DONE);
	assert_int_equal(w->server.error, 0);
	assert_int_equal(w->server.batches, 1);
	assert_true(w->acknowledged > 0);
	assert_true(w->sent_bytes > 0);
	close_world(w);

	open_world(w);
	connect_to_server(w);
	assert_int_equal(observer_run(&w->observer), SENSOR_DONE);
	assert_int_equal(w->collected, 2);
	assert_int_equal(w->server.batches, 1); /* the snapshot knew it */
	close_world(w);
}

static void once_fails_where_the_server_refuses_a_table(void **state)
{
	struct world *w = *state;

	w->settings.is_once = true;
	w->server.refuse = 1;
	w->server.refuse_code = REFUSE_ROW;
	open_world(w);
	connect_to_server(w);
	assert_int_equal(observer_run(&w->observer), SENSOR_FAILED);
	close_world(w);
}

static void give_up(struct world *w)
{
	channel_free(&w->connector);
}

static void without_its_connector_it_is_started_anew(void **state)
{
	struct world *w = *state;

	open_world(w);
	w->ticked = give_up;
	assert_int_equal(channel_send(w->connector, LINK_PING, 0, span_of(NULL)), 0);
	assert_int_equal(observer_run(&w->observer), SENSOR_RESTART);
	assert_int_equal(w->ticks, 1);
	assert_int_equal(w->tick.table, 0);
	close_world(w);
}

static void stop_when_told(struct world *w)
{
	if (w->policies > 0) {
		observer_stop(&w->observer, SENSOR_DONE);
		return;
	}
	assert_int_equal(channel_send(w->connector, LINK_PING, 0, span_of(NULL)), 0);
}

static void a_policy_is_told_to_the_program_and_remembered(void **state)
{
	struct world *w = *state;
	struct policy *policy = alloc_zeroed(1, sizeof *policy);
	uint8_t bytes[4096];
	uint8_t digest[MESSAGE_POLICY_DIGEST];
	struct writer out = writer_over(bytes, sizeof bytes);

	policy->budget.ring_bytes = 12345678;
	assert_int_equal(policy_encode(policy, &out), 0);
	policy_digest(writer_span(&out), digest);
	w->server.policy = writer_span(&out);
	open_world(w);
	connect_to_server(w);
	w->ticked = stop_when_told;
	assert_int_equal(channel_send(w->connector, LINK_PING, 0, span_of(NULL)), 0);
	assert_int_equal(observer_run(&w->observer), SENSOR_DONE);
	assert_int_equal(w->policies, 1);
	assert_memory_equal(w->digest, digest, sizeof digest); /* the last tick says it */
	close_world(w);

	open_world(w);
	assert_true(policy_store_policy(w->observer.policy)->budget.ring_bytes == 12345678);
	assert_int_equal(w->policies, 1);
	close_world(w);
	free(policy);
}

static void stop_at_once(struct world *w)
{
	observer_stop(&w->observer, SENSOR_DONE);
}

static void what_belongs_to_another_connection_is_dropped(void **state)
{
	static const uint8_t cost[] = { 0, 0, 0, 0, 0, 0, 1, 2 };
	struct world *w = *state;

	open_world(w);
	w->ticked = stop_at_once;
	/* no connection: nonsense of an earlier one would end it, and the process */
	assert_int_equal(channel_send(w->connector, LINK_FRAME, 3, span_of("nonsense")), 0);
	assert_int_equal(channel_send(w->connector, LINK_DISCONNECTED, 3, span_of("late")), 0);
	assert_int_equal(channel_send(w->connector, LINK_COST, 0, span_of("short")), 0);
	assert_int_equal(
		channel_send(w->connector, LINK_COST, 0, (struct span){ cost, sizeof cost }), 0);
	assert_int_equal(channel_send(w->connector, LINK_PING, 0, span_of(NULL)), 0);
	assert_int_equal(observer_run(&w->observer), SENSOR_DONE);
	assert_true(w->cost_us == 0x102);
	assert_int_equal(w->sent_bytes, 0);
	close_world(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			once_ends_when_all_is_told_and_a_later_run_says_nothing_twice, begin, end),
		cmocka_unit_test_setup_teardown(once_fails_where_the_server_refuses_a_table, begin,
						end),
		cmocka_unit_test_setup_teardown(without_its_connector_it_is_started_anew, begin,
						end),
		cmocka_unit_test_setup_teardown(a_policy_is_told_to_the_program_and_remembered,
						begin, end),
		cmocka_unit_test_setup_teardown(what_belongs_to_another_connection_is_dropped,
						begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
