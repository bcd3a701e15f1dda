/* live_test.c - what is committed is on the wire: once, in order, to those who want it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "server/api/live.h"
#include "server/api/server_harness.h"

static struct exchange one;
static struct exchange two;
static struct exchange three;

static void open_stream(struct server_harness *s, struct exchange *e, const char *query,
			const char *last_event_id)
{
	char token[128];
	char last[128];
	char path[256];
	const char *headers[] = { token, last_event_id != NULL ? last : NULL, NULL };

	snprintf(token, sizeof token, "Authorization: Bearer %s", s->platform_token);
	snprintf(last, sizeof last, "Last-Event-ID: %s",
		 last_event_id != NULL ? last_event_id : "");
	snprintf(path, sizeof path, "/api/v1/stream%s", query);
	client_harness_start(&s->client, e, "GET", path, headers, NULL);
	TURN_UNTIL(&s->client, client_harness_has(e, ": live\n\n") || e->is_done);
}

/* How often a text is there. */
static unsigned count(const struct exchange *e, const char *text)
{
	unsigned n = 0;

	for (const char *at = e->body; (at = strstr(at, text)) != NULL; at += strlen(text)) {
		n++;
	}
	return n;
}

static void a_commit_is_on_the_wire_within_milliseconds(void **state)
{
	struct server_harness *s = *state;
	int64_t begun_ms;

	open_stream(s, &one, "", NULL);
	assert_int_equal(count(&one, "event: change"), 0);
	begun_ms = clock_ms();
	server_harness_add_package(s, "zsh");
	TURN_UNTIL(
		&s->client,
		client_harness_has(&one, "event: change\nid: 4.0\ndata: {\"no\":4,\"index\":0,"));
	/* a wide margin: sanitizers, and two cores that others use too */
	assert_true(clock_ms() - begun_ms < 1000);
	assert_true(client_harness_has(
		&one, "\"asset_name\":\"web1\",\"table\":\"packages\",\"op\":\"added\""));
	assert_true(client_harness_has(&one, "\"old\":null}\n\n"));
	client_harness_end(&s->client, &one);
}

static void everybody_gets_what_they_asked_for(void **state)
{
	struct server_harness *s = *state;

	open_stream(s, &one, "?table=packages&asset=web1", NULL);
	open_stream(s, &two, "?table=users", NULL);
	assert_int_equal(live_streams(s->api.live), 2);
	server_harness_add_package(s, "zsh");
	TURN_UNTIL(&s->client, count(&one, "event: change") == 1);
	for (int i = 0; i < 20; i++) {
		client_harness_turn(&s->client);
	}
	assert_int_equal(count(&two, "event: change"), 0);
	client_harness_end(&s->client, &one);
	client_harness_end(&s->client, &two);
}

static void a_stream_begins_behind_what_the_reader_has(void **state)
{
	struct server_harness *s = *state;

	open_stream(s, &one, "?after=1", NULL);
	TURN_UNTIL(&s->client, count(&one, "event: change") == 3);
	assert_true(client_harness_has(&one, "id: 2.0\n") && client_harness_has(&one, "id: 2.1\n"));
	assert_true(client_harness_has(&one, "id: 3.0\n"));
	/* and goes on live */
	server_harness_add_package(s, "zsh");
	TURN_UNTIL(&s->client, count(&one, "event: change") == 4);
	open_stream(s, &two, "", "2.0");
	TURN_UNTIL(&s->client, count(&two, "event: change") == 3);
	assert_false(client_harness_has(&two, "id: 2.0\n"));
	assert_true(client_harness_has(&two, "id: 2.1\n"));
	client_harness_end(&s->client, &one);
	client_harness_end(&s->client, &two);
}

static void a_filter_that_nothing_fits_still_catches_up(void **state)
{
	struct server_harness *s = *state;

	for (int i = 0; i < 600; i++) {
		char name[32];

		snprintf(name, sizeof name, "p%d", i);
		server_harness_add_package(s, name);
	}
	open_stream(s, &one, "?after=0&table=groups", NULL);
	TURN_UNTIL(&s->client, count(&one, "event: change") == 1);
	client_harness_end(&s->client, &one);
}

static void every_change_comes_once_and_in_order(void **state)
{
	struct server_harness *s = *state;
	char name[32];
	uint64_t seen = 0;

	open_stream(s, &one, "?after=0", NULL);
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof name, "p%d", i);
		server_harness_add_package(s, name);
		client_harness_turn(&s->client);
	}
	TURN_UNTIL(&s->client, count(&one, "event: change") >= 204);
	assert_int_equal(count(&one, "event: change"), 204);
	for (const char *at = one.body; (at = strstr(at, "\nid: ")) != NULL; at++) {
		struct span id = span_of(at + 5);
		uint64_t no;

		assert_int_equal(text_to_u64(span_first(id, span_find(id, '.')), UINT64_MAX, &no),
				 0);
		assert_true(no >= seen);
		seen = no;
	}
	assert_int_equal(seen, 203);
	client_harness_end(&s->client, &one);
}

static void a_history_that_runs_away_is_a_gap(void **state)
{
	struct server_harness *s = *state;

	open_stream(s, &one, "", NULL);
	/* the engine says that it is far ahead: nobody reads all that */
	live_committed(s->api.live, span_of("default"), 100000, 0);
	TURN_UNTIL(&s->client,
		   client_harness_has(&one, "event: gap\ndata: {\"missed\":99997}\n\n"));
	assert_int_equal(s->api.figures.gaps, 1);
	client_harness_end(&s->client, &one);
}

static void news_of_sensors_and_feeds_come_at_once(void **state)
{
	struct server_harness *s = *state;

	open_stream(s, &one, "", NULL);
	for (int i = 0; i < 10; i++) {
		live_sensors(s->api.live, span_of("default"));
	}
	live_sensors(s->api.live, span_of("acme"));
	TURN_UNTIL(&s->client, count(&one, "event: sensors\ndata: {}\n\n") == 2);
	live_knowledge(s->api.live);
	TURN_UNTIL(&s->client, count(&one, "event: knowledge\ndata: {}\n\n") == 1);
	client_harness_end(&s->client, &one);
}

static void events_come_to_those_who_asked_for_them(void **state)
{
	struct server_harness *s = *state;

	(void)server_harness_add_login(s, "early");
	open_stream(s, &one, "?events=logins&asset=web1", NULL);
	open_stream(s, &two, "?changes=false&events=executions", NULL);
	open_stream(s, &three, "", NULL);
	(void)server_harness_add_login(s, "ann");
	server_harness_add_package(s, "zsh");
	TURN_UNTIL(&s->client, count(&one, "event: change") == 1 &&
				       count(&one, "event: event\ndata: {\"no\":2,") == 1 &&
				       count(&three, "event: change") == 1);
	assert_int_equal(count(&one, "early"), 0);
	assert_int_equal(count(&two, "event: "), 0);
	assert_int_equal(count(&three, "event: event"), 0);
	client_harness_end(&s->client, &one);
	client_harness_end(&s->client, &two);
	client_harness_end(&s->client, &three);
}

static void a_stream_of_events_begins_behind_a_number(void **state)
{
	struct server_harness *s = *state;

	for (int i = 0; i < 1200; i++) {
		(void)server_harness_add_login(s, "ann");
	}
	open_stream(s, &one, "?changes=false&events=all&after_event=100", NULL);
	TURN_UNTIL(&s->client, client_harness_has(&one, "{\"no\":1200,"));
	(void)server_harness_add_login(s, "last");
	TURN_UNTIL(&s->client, client_harness_has(&one, "{\"no\":1201,"));
	assert_int_equal(count(&one, "event: event"), 1101);
	assert_false(client_harness_has(&one, "{\"no\":100,"));
	client_harness_end(&s->client, &one);
}

static void events_that_run_away_are_a_gap(void **state)
{
	struct server_harness *s = *state;

	(void)server_harness_add_login(s, "ann");
	open_stream(s, &one, "?events=all", NULL);
	live_committed(s->api.live, span_of("default"), 0, 50000);
	TURN_UNTIL(&s->client,
		   client_harness_has(&one, "event: events_gap\ndata: {\"missed\":49999}\n\n"));
	client_harness_end(&s->client, &one);
}

static void a_reader_that_leaves_is_forgotten(void **state)
{
	struct server_harness *s = *state;

	open_stream(s, &one, "", NULL);
	client_harness_end(&s->client, &one);
	client_harness_close(&s->client);
	client_harness_open(&s->client, s->api.loop, s->client.port);
	TURN_UNTIL(&s->client, live_streams(s->api.live) == 0);
	server_harness_add_package(s, "zsh");
}

static void what_cannot_be_streamed_is_refused(void **state)
{
	static const char *const bad[] = { "?table=nothing",  "?after=-1",   "?after=x",
					   "?events=nothing", "?changes=no", "?x=1" };
	struct server_harness *s = *state;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		open_stream(s, &one, bad[i], NULL);
		assert_int_equal(one.status, 400);
		client_harness_end(&s->client, &one);
	}
	open_stream(s, &one, "?asset=nobody", NULL);
	assert_int_equal(one.status, 404);
	client_harness_end(&s->client, &one);
	open_stream(s, &one, "", "x.y");
	assert_int_equal(one.status, 400);
	client_harness_end(&s->client, &one);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, server_harness_set_up, server_harness_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_commit_is_on_the_wire_within_milliseconds),
		TEST(everybody_gets_what_they_asked_for),
		TEST(a_stream_begins_behind_what_the_reader_has),
		TEST(a_filter_that_nothing_fits_still_catches_up),
		TEST(every_change_comes_once_and_in_order),
		TEST(a_history_that_runs_away_is_a_gap),
		TEST(news_of_sensors_and_feeds_come_at_once),
		TEST(events_come_to_those_who_asked_for_them),
		TEST(a_stream_of_events_begins_behind_a_number),
		TEST(events_that_run_away_are_a_gap),
		TEST(a_reader_that_leaves_is_forgotten),
		TEST(what_cannot_be_streamed_is_refused),
	};

	curl_global_init(CURL_GLOBAL_DEFAULT);
	return cmocka_run_group_tests_name("live", tests, NULL, NULL);
}
