/* policies_test.c - policies and tags, from an operator's wish to the sensors that they are for. */
#include "server/engine/harness.h"

#include "base/mem.h"
#include "base/text.h"
#include "schema/schema.h"
#include "sys/clock.h"
#include "wire/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define SESSION 1

struct world {
	struct harness h;
	struct harness_sensor sensor;
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

#define REQUEST(w, operation, ...)                                                                 \
	harness_request(&(w)->h, operation, (const struct argument[]){ __VA_ARGS__ },              \
			COUNT_OF(((const struct argument[]){ __VA_ARGS__ })))

/* A policy that only says how often packages are read, in hex. */
static const char *hex_of(uint32_t period_s, char hex[256])
{
	uint8_t room[100];
	struct writer w = writer_over(room, sizeof room);
	struct policy policy;

	policy_init(&policy);
	policy.collectors[TABLE_PACKAGES].period_s = period_s;
	assert_int_equal(policy_encode(&policy, &w), 0);
	text_to_hex(writer_span(&w), hex);
	return hex;
}

static unsigned set_policy(struct world *w, const char *name, uint32_t period_s)
{
	char hex[256];

	return REQUEST(w, "policy-set", argument_text("tenant", "default"),
		       argument_text("name", name), argument_text("bytes", hex_of(period_s, hex)),
		       argument_text("actor", "ann"))
		.status;
}

static unsigned change_tags(struct world *w, const char *how, const char *tags)
{
	return REQUEST(w, "asset-tags", argument_text("tenant", "default"),
		       argument_text("id", w->sensor.id), argument_text(how, tags),
		       argument_text("actor", "ann"))
		.status;
}

/* Takes the policy that was sent to the sensor: how often it says that packages are read. digest:
 * what names it, for what the sensor says afterwards. */
static uint32_t take_policy(struct world *w, uint8_t digest[MESSAGE_POLICY_DIGEST])
{
	struct message m = harness_message(&w->h, SESSION);
	uint8_t again[MESSAGE_POLICY_DIGEST];
	struct policy policy;

	assert_int_equal(m.kind, MESSAGE_POLICY);
	policy_digest(m.policy.bytes, again);
	assert_memory_equal(again, m.policy.digest.ptr, sizeof again);
	mem_copy(digest, again, sizeof again);
	assert_int_equal(policy_decode(m.policy.bytes, &policy), 0);
	return policy.collectors[TABLE_PACKAGES].period_s;
}

static void say_alive(struct world *w, const uint8_t digest[MESSAGE_POLICY_DIGEST])
{
	const struct message m = {
		.kind = MESSAGE_ALIVE,
		.alive = { .clock_ms = clock_wall_ms(),
			   .policy = { digest, MESSAGE_POLICY_DIGEST } },
	};

	harness_send(&w->h, SESSION, &m);
	harness_commit(&w->h);
}

static void a_sensor_is_sent_what_applies_when_another_is_in_force(void **state)
{
	struct world *w = *state;
	uint8_t digest[MESSAGE_POLICY_DIGEST];

	/* nothing applies, nothing is in force: nothing is said */
	(void)harness_greet_policed(&w->h, SESSION, &w->sensor, no_policy);
	assert_false(harness_has_answer(&w->h, SESSION));
	harness_close_session(&w->h, SESSION);
	assert_int_equal(set_policy(w, "default", 60), 0);
	(void)harness_greet_policed(&w->h, SESSION, &w->sensor, no_policy);
	assert_int_equal(take_policy(w, digest), 60);
	harness_close_session(&w->h, SESSION);
	/* it has it now */
	(void)harness_greet_policed(&w->h, SESSION, &w->sensor, digest);
	assert_false(harness_has_answer(&w->h, SESSION));
}

static void changes_reach_it_while_it_is_there(void **state)
{
	struct world *w = *state;
	uint8_t digest[MESSAGE_POLICY_DIGEST];

	(void)harness_greet_policed(&w->h, SESSION, &w->sensor, no_policy);
	assert_int_equal(set_policy(w, "default", 60), 0);
	assert_int_equal(take_policy(w, digest), 60);
	say_alive(w, digest);
	assert_int_equal(set_policy(w, "tag:web", 300), 0);
	harness_commit(&w->h);
	assert_false(harness_has_answer(&w->h, SESSION));
	assert_int_equal(change_tags(w, "add", "web db"), 0);
	assert_int_equal(take_policy(w, digest), 300);
	say_alive(w, digest);
	assert_int_equal(change_tags(w, "remove", "web"), 0);
	assert_int_equal(take_policy(w, digest), 60);
	say_alive(w, digest);
	/* where nothing applies any more, that is said */
	assert_int_equal(REQUEST(w, "policy-delete", argument_text("tenant", "default"),
				 argument_text("name", "default"), argument_text("actor", "ann"))
				 .status,
			 0);
	assert_int_equal(take_policy(w, digest), 0);
	assert_false(harness_has_answer(&w->h, SESSION));
}

static void one_that_is_not_taken_is_not_sent_again_and_again(void **state)
{
	struct world *w = *state;
	uint8_t digest[MESSAGE_POLICY_DIGEST];

	(void)harness_greet_policed(&w->h, SESSION, &w->sensor, no_policy);
	assert_int_equal(set_policy(w, "default", 60), 0);
	assert_int_equal(take_policy(w, digest), 60);
	say_alive(w, no_policy);
	assert_int_equal(change_tags(w, "add", "web"), 0);
	harness_commit(&w->h);
	assert_false(harness_has_answer(&w->h, SESSION));
	/* what it has in force is kept beside it */
	harness_restart(&w->h);
	(void)harness_greet_policed(&w->h, SESSION, &w->sensor, no_policy);
	assert_int_equal(take_policy(w, digest), 60);
}

static void a_sensor_that_knows_no_policies_is_never_sent_one(void **state)
{
	struct world *w = *state;

	assert_int_equal(set_policy(w, "default", 60), 0);
	(void)harness_greet(&w->h, SESSION, "default", &w->sensor);
	assert_int_equal(set_policy(w, "default", 61), 0);
	harness_commit(&w->h);
	assert_false(harness_has_answer(&w->h, SESSION));
}

static void others_tenants_policies_do_not_apply(void **state)
{
	struct world *w = *state;
	char hex[256];

	(void)harness_greet_policed(&w->h, SESSION, &w->sensor, no_policy);
	assert_int_equal(REQUEST(w, "policy-set", argument_text("tenant", "other"),
				 argument_text("name", "default"),
				 argument_text("bytes", hex_of(60, hex)),
				 argument_text("actor", "ann"))
				 .status,
			 0);
	harness_commit(&w->h);
	assert_false(harness_has_answer(&w->h, SESSION));
}

static void what_makes_no_sense_is_refused(void **state)
{
	static const char *const bad_bytes[] = { "", "0", "zz", "80", "84808085f680", "848080" };
	struct world *w = *state;
	char many[40 * 4] = "";

	(void)harness_greet_policed(&w->h, SESSION, &w->sensor, no_policy);
	for (size_t i = 0; i < COUNT_OF(bad_bytes); i++) {
		assert_int_equal(REQUEST(w, "policy-set", argument_text("tenant", "default"),
					 argument_text("name", "default"),
					 argument_text("bytes", bad_bytes[i]),
					 argument_text("actor", "ann"))
					 .status,
				 400);
	}
	assert_int_equal(set_policy(w, "web", 60), 400);
	assert_int_equal(set_policy(w, "tag:We", 60), 400);
	assert_int_equal(change_tags(w, "add", "web Db"), 400);
	assert_int_equal(change_tags(w, "set", "a  b"), 400);
	for (int i = 0; i < 33; i++) {
		snprintf(many + strlen(many), sizeof many - strlen(many), "%st%d", i > 0 ? " " : "",
			 i);
	}
	assert_int_equal(change_tags(w, "set", many), 400);
	assert_int_equal(REQUEST(w, "asset-tags", argument_text("tenant", "default"),
				 argument_text("id", "0000000000000000"), argument_text("set", "a"),
				 argument_text("actor", "ann"))
				 .status,
			 404);
	assert_int_equal(REQUEST(w, "policy-delete", argument_text("tenant", "default"),
				 argument_text("name", "default"), argument_text("actor", "ann"))
				 .status,
			 404);
}

static void tags_are_replaced_added_and_removed(void **state)
{
	struct world *w = *state;
	struct reply reply;
	struct span tags;

	(void)harness_greet_policed(&w->h, SESSION, &w->sensor, no_policy);
	assert_int_equal(change_tags(w, "set", "web db"), 0);
	reply = REQUEST(w, "asset-tags", argument_text("tenant", "default"),
			argument_text("id", w->sensor.id), argument_text("add", "app"),
			argument_text("remove", "db nothing"), argument_text("actor", "ann"));
	assert_int_equal(reply.status, 0);
	assert_int_equal(arguments_text(&reply.result, "tags", &tags), 0);
	assert_true(span_is(tags, "app web"));
	reply = REQUEST(w, "asset-tags", argument_text("tenant", "default"),
			argument_text("id", w->sensor.id), argument_text("set", ""),
			argument_text("actor", "ann"));
	assert_int_equal(arguments_text(&reply.result, "tags", &tags), 0);
	assert_int_equal(tags.len, 0);
}

static bool look(void *context, const struct audit_entry *entry)
{
	char *text = context;

	snprintf(text + strlen(text), 1000 - strlen(text), "%s %s %s %.20s\n", entry->actor,
		 entry->tenant, entry->action, entry->subject);
	return true;
}

static void every_change_is_in_the_audit_log(void **state)
{
	struct world *w = *state;
	struct platform *p = NULL;
	char expected[256];
	char text[1000] = "";
	struct why why;

	(void)harness_greet_policed(&w->h, SESSION, &w->sensor, no_policy);
	assert_int_equal(set_policy(w, "tag:web", 60), 0);
	assert_int_equal(change_tags(w, "set", "a b"), 0);
	assert_int_equal(REQUEST(w, "policy-delete", argument_text("tenant", "default"),
				 argument_text("name", "tag:web"), argument_text("actor", "bob"))
				 .status,
			 0);
	assert_int_equal(platform_open(w->h.folder, false, &p, &why), 0);
	assert_int_equal(audit_each(p, 3, 0, look, text), 0);
	platform_close(&p);
	snprintf(expected, sizeof expected,
		 "bob default policy-delete tag:web\nann default asset-tags %s a b\n"
		 "ann default policy-set tag:web ",
		 w->sensor.id);
	assert_memory_equal(text, expected, strlen(expected));
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_sensor_is_sent_what_applies_when_another_is_in_force),
		TEST(changes_reach_it_while_it_is_there),
		TEST(one_that_is_not_taken_is_not_sent_again_and_again),
		TEST(a_sensor_that_knows_no_policies_is_never_sent_one),
		TEST(others_tenants_policies_do_not_apply),
		TEST(what_makes_no_sense_is_refused),
		TEST(tags_are_replaced_added_and_removed),
		TEST(every_change_is_in_the_audit_log),
	};

	return cmocka_run_group_tests_name("policies", tests, NULL, NULL);
}
