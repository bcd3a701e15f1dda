/* scope_proofs_test.c - what proves a scope, what does not, and what becomes of a proof in time. */
#include "server/engine/harness.h"

#include "base/error.h"
#include "base/mem.h"
#include "server/engine/parts.h"
#include "sys/clock.h"
#include "wire/cbor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define HOUR_MS (3600 * INT64_C(1000))
#define DAY_MS  (24 * HOUR_MS)
#define NAME    "example.org"

static struct harness h;

/* The feeds role, by hand: what it was asked last. */
static struct feeds {
	struct engine_link *link;
	unsigned asked;
	uint64_t attempt;
	char scope[256];
	char method[16];
} feeds;

static int on_asked(void *context, uint8_t kind, uint64_t id, struct span body)
{
	struct feeds *f = context;
	struct arguments arguments;
	struct span operation;
	struct span text;

	(void)id;
	assert_int_equal(kind, BUS_FEED_REQUEST);
	assert_int_equal(request_read(body, &operation, &arguments), 0);
	assert_true(span_is(operation, "scope-look"));
	assert_int_equal(arguments_uint(&arguments, "attempt", &f->attempt), 0);
	assert_int_equal(arguments_text(&arguments, "scope", &text), 0);
	snprintf(f->scope, sizeof f->scope, "%.*s", (int)text.len, (const char *)text.ptr);
	assert_int_equal(arguments_text(&arguments, "method", &text), 0);
	snprintf(f->method, sizeof f->method, "%.*s", (int)text.len, (const char *)text.ptr);
	/* whoever looks is never told what it looks for */
	assert_true(arguments_text(&arguments, "token", &text) != 0);
	f->asked++;
	return 0;
}

static void open_feeds(void)
{
	feeds = (struct feeds){ .asked = 0 };
	feeds.link = engine_link_open(h.engine, ENGINE_FEEDS, on_asked, &feeds);
}

static int begin(void **state)
{
	(void)state;
	harness_open(&h);
	open_feeds();
	return 0;
}

static int end(void **state)
{
	(void)state;
	engine_link_close(&feeds.link);
	harness_close(&h);
	return 0;
}

static void restart(void)
{
	engine_link_close(&feeds.link);
	harness_restart(&h);
	open_feeds();
}

#define REQUEST(operation, ...)                                                                    \
	harness_request(&h, operation, (const struct argument[]){ __VA_ARGS__ },                   \
			COUNT_OF(((const struct argument[]){ __VA_ARGS__ })))

static void add(const char *name)
{
	assert_int_equal(REQUEST("scope-put", argument_text("tenant", "default"),
				 argument_text("actor", "ann"), argument_text("name", name))
				 .status,
			 0);
}

static unsigned ask(const char *name, const char *method)
{
	return REQUEST("scope-prove", argument_text("tenant", "default"),
		       argument_text("actor", "ann"), argument_text("name", name),
		       argument_text("method", method))
		.status;
}

static struct engine_tenant *tenant(void)
{
	return engine_tenant_find(h.engine, span_of("default"));
}

static struct inventory_scope scope(const char *name)
{
	struct inventory_scope out;
	struct why why;

	assert_int_equal(inventory_scope_find(tenant()->inventory, name, &out, &why), 0);
	return out;
}

static void answer(uint64_t attempt, const char *outcome)
{
	uint8_t room[1024];
	struct writer w = writer_over(room, sizeof room);

	cbor_write_array(&w, 2);
	cbor_write_uint(&w, attempt);
	cbor_write_bytes(&w, span_of(outcome));
	engine_link_message(feeds.link, BUS_SCOPE_LOOKED, 0, writer_span(&w));
}

/* The record of a scope, as a look finds it. */
static const char *good(const char *name)
{
	static char outcome[256];
	struct inventory_scope s = scope(name);

	snprintf(outcome, sizeof outcome, "record 0 bartizan-scope=%s\nseen 0 1\ndone\n", s.token);
	return outcome;
}

static void prove(const char *name)
{
	assert_int_equal(ask(name, "dns"), 0);
	answer(feeds.attempt, good(name));
	assert_true(scope(name).proved_ms != 0);
}

/* As if so much time had passed, for what is kept of a scope. */
static void age(const char *name, int64_t ms)
{
	struct inventory_scope s = scope(name);
	struct inventory *inv;
	struct why why;

	(void)engine_commit(h.engine);
	inv = engine_tenant_begin(tenant());
	assert_non_null(inv);
	s.checked_ms -= ms;
	s.tried_ms -= ms;
	s.failing_ms -= s.failing_ms != 0 ? ms : 0;
	assert_int_equal(inventory_scope_put(inv, &s, &why), 0);
	(void)engine_commit(h.engine);
	restart(); /* when it was checked last is remembered, too */
	(void)engine_tick(h.engine);
}

static bool is_in_audit_log(void *context, const struct audit_entry *entry)
{
	const char **wanted = context;

	if (strcmp(entry->action, wanted[0]) == 0 && strcmp(entry->actor, wanted[1]) == 0) {
		wanted[2] = "found";
	}
	return true;
}

static void assert_audited(const char *action, const char *actor)
{
	const char *wanted[3] = { action, actor, NULL };

	assert_int_equal(audit_each(h.engine->platform, 1000, 0, is_in_audit_log, wanted), 0);
	assert_non_null(wanted[2]);
}

/* --- tests --- */

static void the_token_where_it_was_asked_for_proves(void **state)
{
	struct inventory_scope s;

	(void)state;
	add(NAME);
	assert_int_equal(ask(NAME, "dns"), 0);
	assert_int_equal(feeds.asked, 1);
	assert_string_equal(feeds.scope, NAME);
	assert_string_equal(feeds.method, "dns");
	assert_true(scope(NAME).proved_ms == 0);
	answer(feeds.attempt, good(NAME));
	s = scope(NAME);
	assert_true(s.proved_ms != 0 && s.checked_ms == s.proved_ms && s.tried_ms == s.proved_ms);
	assert_string_equal(s.method, "dns");
	assert_string_equal(s.proved_by, "ann");
	assert_audited("scope-check", "ann");
	assert_audited("scope-prove", "ann");
}

static void what_nobody_asked_for_proves_nothing(void **state)
{
	(void)state;
	add(NAME);
	answer(1, good(NAME));
	assert_int_equal(ask(NAME, "dns"), 0);
	answer(feeds.attempt + 1, good(NAME));
	engine_link_message(feeds.link, BUS_SCOPE_LOOKED, 0, span_of("garbage"));
	assert_true(scope(NAME).proved_ms == 0);
	/* answered once */
	answer(feeds.attempt, "seen 0 0\ndone\n");
	assert_non_null(strstr(scope(NAME).failure, "There is no TXT record"));
	answer(feeds.attempt, good(NAME));
	assert_true(scope(NAME).proved_ms == 0);
	/* only the feeds role may say it */
	assert_int_equal(ask(NAME, "dns"), 0);
	engine_link_message(h.api, BUS_SCOPE_LOOKED, 0, span_of("garbage"));
	engine_link_message(h.ingest, BUS_SCOPE_LOOKED, 0, span_of("garbage"));
	assert_true(scope(NAME).proved_ms == 0);
}

static void a_scope_registered_anew_has_another_token(void **state)
{
	char before[256];

	(void)state;
	add(NAME);
	assert_int_equal(ask(NAME, "dns"), 0);
	snprintf(before, sizeof before, "%s", good(NAME));
	assert_int_equal(REQUEST("scope-remove", argument_text("tenant", "default"),
				 argument_text("actor", "ann"), argument_text("name", NAME))
				 .status,
			 0);
	add(NAME);
	answer(feeds.attempt, before);
	assert_true(scope(NAME).proved_ms == 0);
	assert_true(scope(NAME).tried_ms == 0);
}

static void a_failed_attempt_leaves_another_proof_in_force(void **state)
{
	(void)state;
	add(NAME);
	assert_int_equal(REQUEST("scope-prove", argument_text("tenant", "default"),
				 argument_text("actor", "ann"), argument_text("name", NAME),
				 argument_text("statement", "ours"))
				 .status,
			 0);
	assert_int_equal(ask(NAME, "https"), 0);
	answer(feeds.attempt, "reason HTTP 404\n");
	assert_string_equal(scope(NAME).failure, "HTTP 404");
	assert_string_equal(scope(NAME).method, "statement");
	assert_true(scope(NAME).proved_ms != 0);
	/* a statement is not looked for */
	age(NAME, 400 * DAY_MS);
	assert_int_equal(feeds.asked, 0);
	assert_true(scope(NAME).proved_ms != 0);
}

static void a_proof_is_looked_for_once_a_day(void **state)
{
	int64_t proved_ms;

	(void)state;
	add(NAME);
	prove(NAME);
	proved_ms = scope(NAME).proved_ms;
	(void)engine_tick(h.engine);
	assert_int_equal(feeds.asked, 1);
	age(NAME, 23 * HOUR_MS);
	assert_int_equal(feeds.asked, 0);
	age(NAME, 2 * HOUR_MS);
	assert_int_equal(feeds.asked, 1);
	(void)engine_tick(h.engine); /* it is under way */
	assert_int_equal(feeds.asked, 1);
	answer(feeds.attempt, good(NAME));
	assert_true(clock_wall_ms() - scope(NAME).checked_ms < HOUR_MS);
	assert_true(scope(NAME).proved_ms == proved_ms);
	assert_string_equal(scope(NAME).proved_by, "ann");
}

static void a_proof_that_is_missed_for_a_week_lapses(void **state)
{
	struct inventory_scope s;

	(void)state;
	add(NAME);
	prove(NAME);
	age(NAME, 25 * HOUR_MS);
	answer(feeds.attempt, "reason No name server answered\n");
	s = scope(NAME);
	assert_true(s.proved_ms != 0 && s.failing_ms != 0);
	assert_non_null(strstr(s.failure, "nothing is scanned from"));
	assert_non_null(strstr(s.failure, "No name server answered"));
	age(NAME, 6 * DAY_MS);
	assert_int_equal(feeds.asked, 1);
	answer(feeds.attempt, "seen 0 0\ndone\n");
	assert_true(scope(NAME).proved_ms != 0);
	assert_true(scope(NAME).failing_ms < s.failing_ms);
	/* it takes a look: a server that was down for long does not lapse what is there */
	age(NAME, 2 * DAY_MS);
	assert_true(scope(NAME).proved_ms != 0);
	answer(feeds.attempt, "seen 0 0\ndone\n");
	s = scope(NAME);
	assert_true(s.proved_ms == 0 && s.failing_ms == 0);
	assert_string_equal(s.method, "");
	assert_non_null(strstr(s.failure, "has lapsed"));
	assert_audited("scope-lapse", "server");
	/* and is asked for by a person from there on */
	age(NAME, 10 * DAY_MS);
	assert_int_equal(feeds.asked, 0);
	prove(NAME);
	assert_string_equal(scope(NAME).failure, "");
}

static void a_proof_that_is_found_again_is_well(void **state)
{
	(void)state;
	add(NAME);
	prove(NAME);
	age(NAME, 25 * HOUR_MS);
	answer(feeds.attempt, "seen 0 0\ndone\n");
	age(NAME, 8 * DAY_MS);
	answer(feeds.attempt, good(NAME));
	assert_true(scope(NAME).failing_ms == 0);
	assert_string_equal(scope(NAME).failure, "");
	age(NAME, 25 * HOUR_MS);
	answer(feeds.attempt, "seen 0 0\ndone\n");
	assert_true(scope(NAME).proved_ms != 0);
}

static void attempts_are_limited(void **state)
{
	unsigned done = 0;

	(void)state;
	add(NAME);
	assert_int_equal(ask(NAME, "dns"), 0);
	assert_int_equal(ask(NAME, "dns"), 409); /* under way */
	answer(feeds.attempt, "seen 0 0\ndone\n");
	for (done = 1; ask(NAME, "dns") == 0 && done < 100; done++) {
		answer(feeds.attempt, "seen 0 0\ndone\n");
	}
	assert_in_range(done, 5, 20);
	assert_int_equal(ask(NAME, "dns"), 409);
	/* taking it away and registering it anew gives no more */
	assert_int_equal(REQUEST("scope-remove", argument_text("tenant", "default"),
				 argument_text("actor", "ann"), argument_text("name", NAME))
				 .status,
			 0);
	add(NAME);
	assert_int_equal(ask(NAME, "dns"), 409);
	/* another scope has attempts of its own, and few are under way at once */
	for (unsigned i = 0; i < 5; i++) {
		char name[32];

		snprintf(name, sizeof name, "s%u.example.org", i);
		add(name);
		assert_int_equal(ask(name, "dns"), i < 4 ? 0 : 409);
	}
}

static void what_cannot_be_done_is_refused_in_words(void **state)
{
	(void)state;
	add(NAME);
	add("192.0.2.0/25");
	assert_int_equal(ask(NAME, "oath"), 400);
	assert_int_equal(ask("nobody.example.org", "dns"), 404);
	assert_int_equal(ask("192.0.2.0/25", "dns"), 409);
	assert_int_equal(ask("192.0.2.0/25", "https"), 409);
	assert_int_equal(ask(NAME, "statement"), 400);
	engine_link_close(&feeds.link);
	assert_int_equal(ask(NAME, "dns"), 503);
	open_feeds();
	engine_set_offline(h.engine);
	assert_int_equal(ask(NAME, "dns"), 409);
	assert_int_equal(feeds.asked, 0);
}

static void a_role_that_died_gave_no_answer(void **state)
{
	(void)state;
	add(NAME);
	assert_int_equal(ask(NAME, "dns"), 0);
	engine_link_close(&feeds.link);
	open_feeds();
	(void)engine_tick(h.engine);
	assert_non_null(strstr(scope(NAME).failure, "gave no answer"));
	assert_int_equal(ask(NAME, "dns"), 0);
}

static void an_offline_server_cannot_keep_a_proof_for_ever(void **state)
{
	(void)state;
	add(NAME);
	prove(NAME);
	age(NAME, 25 * HOUR_MS);
	restart();
	engine_set_offline(h.engine);
	(void)engine_tick(h.engine);
	assert_int_equal(feeds.asked, 0);
	assert_non_null(strstr(scope(NAME).failure, "--offline"));
	assert_true(scope(NAME).proved_ms != 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_token_where_it_was_asked_for_proves),
		TEST(what_nobody_asked_for_proves_nothing),
		TEST(a_scope_registered_anew_has_another_token),
		TEST(a_failed_attempt_leaves_another_proof_in_force),
		TEST(a_proof_is_looked_for_once_a_day),
		TEST(a_proof_that_is_missed_for_a_week_lapses),
		TEST(a_proof_that_is_found_again_is_well),
		TEST(attempts_are_limited),
		TEST(what_cannot_be_done_is_refused_in_words),
		TEST(a_role_that_died_gave_no_answer),
		TEST(an_offline_server_cannot_keep_a_proof_for_ever),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
