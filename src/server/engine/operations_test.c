/* operations_test.c - what the api may ask for, and enrolment, to its unhappy ends. */
#include "server/engine/harness.h"

#include "base/error.h"
#include "sys/pki.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct harness h;

static int begin(void **state)
{
	(void)state;
	harness_open(&h);
	return 0;
}

static int end(void **state)
{
	(void)state;
	harness_close(&h);
	return 0;
}

#define REQUEST(operation, ...)                                                                    \
	harness_request(&h, operation, (const struct argument[]){ __VA_ARGS__ },                   \
			COUNT_OF(((const struct argument[]){ __VA_ARGS__ })))

static void assert_failure(struct reply reply, unsigned status, const char *code)
{
	assert_int_equal(reply.status, status);
	assert_true(span_is(reply.code, code));
	assert_true(reply.message.len > 0);
}

/* --- operations --- */

static void unknown_operations_and_garbage_are_answered(void **state)
{
	struct span body;
	struct reply reply;
	uint8_t kind;

	(void)state;
	assert_failure(harness_request(&h, "self-destruct", NULL, 0), 400, "bad_request");
	engine_link_message(h.api, BUS_REQUEST, 8, span_of("garbage"));
	assert_true(harness_take(&h, 8, &kind, &body));
	assert_int_equal(reply_read(body, &reply), 0);
	assert_failure(reply, 400, "bad_request");
}

#define ACCEPT(id, asset, reason, until)                                                           \
	REQUEST("accept", argument_text("tenant", "default"), argument_text("actor", "ann"),       \
		argument_text("id", id), argument_text("asset", asset),                            \
		argument_text("reason", reason), argument_uint("until_ms", until))
#define WITHDRAW(no)                                                                               \
	REQUEST("acceptance-withdraw", argument_text("tenant", "default"),                         \
		argument_text("actor", "ann"), argument_uint("no", no))

static void acceptances_have_numbers_that_are_never_given_again(void **state)
{
	struct reply reply;
	uint64_t no;

	(void)state;
	assert_failure(ACCEPT("CVE-1", "", "", 0), 400, "bad_request");
	assert_failure(ACCEPT("", "", "why", 0), 400, "bad_request");
	assert_failure(ACCEPT("CVE-1", "", "why", 1), 400, "bad_request");
	assert_failure(ACCEPT("CVE-1", "00000000000000ff", "why", 0), 404, "not_found");
	for (uint64_t expected = 1; expected <= 3; expected++) {
		reply = ACCEPT("CVE-1", "", "why", 0);
		assert_int_equal(reply.status, 0);
		assert_int_equal(arguments_uint(&reply.result, "no", &no), 0);
		assert_int_equal(no, expected);
		assert_int_equal(WITHDRAW(no).status, 0);
	}
	assert_failure(WITHDRAW(3), 404, "not_found");
	assert_failure(WITHDRAW(0), 400, "bad_request");
}

static void tokens_need_a_tenant_and_sensible_numbers(void **state)
{
	(void)state;
	assert_failure(REQUEST("enrolment-token", argument_text("tenant", "nobody"),
			       argument_uint("uses", 1), argument_uint("ttl_ms", 1000),
			       argument_text("actor", "ann")),
		       404, "not_found");
	assert_failure(REQUEST("enrolment-token", argument_text("tenant", "default"),
			       argument_uint("uses", 0), argument_uint("ttl_ms", 1000),
			       argument_text("actor", "ann")),
		       400, "bad_request");
	assert_failure(REQUEST("enrolment-token", argument_text("tenant", "default"),
			       argument_uint("uses", 1), argument_text("actor", "ann")),
		       400, "bad_request");
	assert_failure(REQUEST("operator-token", argument_text("tenant", "nobody"),
			       argument_text("name", "bob"), argument_text("actor", "ann")),
		       404, "not_found");
	assert_int_equal(REQUEST("operator-token", argument_text("tenant", ""),
				 argument_text("name", "bob"), argument_text("actor", "ann"))
				 .status,
			 0);
}

static void a_new_tenant_can_be_used_at_once(void **state)
{
	struct harness_sensor sensor;

	(void)state;
	assert_int_equal(
		REQUEST("tenant-add", argument_text("name", "acme"), argument_text("actor", "ann"))
			.status,
		0);
	assert_failure(
		REQUEST("tenant-add", argument_text("name", "acme"), argument_text("actor", "ann")),
		409, "conflict");
	assert_failure(REQUEST("tenant-add", argument_text("name", "No Good"),
			       argument_text("actor", "ann")),
		       400, "bad_request");
	harness_enrol(&h, "acme", &sensor);
	assert_int_equal(harness_greet(&h, 1, "acme", &sensor).kind, MESSAGE_WELCOME);
	harness_sensor_done(&sensor);
}

static void revoking_ends_the_session_and_lasts(void **state)
{
	struct harness_sensor sensor;
	struct message m;

	(void)state;
	harness_enrol(&h, "default", &sensor);
	(void)harness_greet(&h, 1, "default", &sensor);
	assert_failure(REQUEST("sensor-revoke", argument_text("tenant", "other"),
			       argument_text("id", sensor.id), argument_text("actor", "ann")),
		       404, "not_found");
	assert_int_equal(REQUEST("sensor-revoke", argument_text("tenant", "default"),
				 argument_text("id", sensor.id), argument_text("actor", "ann"))
				 .status,
			 0);
	m = harness_message(&h, 1);
	assert_int_equal(m.kind, MESSAGE_GOODBYE);
	assert_int_equal(m.goodbye.code, GOODBYE_REVOKED);
	harness_restart(&h);
	m = harness_greet(&h, 1, "default", &sensor);
	assert_int_equal(m.kind, MESSAGE_GOODBYE);
	assert_int_equal(m.goodbye.code, GOODBYE_REVOKED);
	harness_sensor_done(&sensor);
}

struct audit_search {
	const char *action;
	const char *actor;
	bool is_found;
};

static bool look(void *context, const struct audit_entry *entry)
{
	struct audit_search *search = context;

	search->is_found = strcmp(entry->action, search->action) == 0 &&
			   strcmp(entry->actor, search->actor) == 0;
	return !search->is_found;
}

static void assert_audited(const char *action, const char *actor)
{
	struct audit_search search = { action, actor, false };
	struct platform *p = NULL;
	int64_t bad;

	assert_int_equal(platform_open(h.folder, false, &p, NULL), 0);
	assert_int_equal(audit_each(p, 1000, 0, look, &search), 0);
	assert_int_equal(audit_verify(p, &bad), 0);
	platform_close(&p);
	assert_true(search.is_found);
}

static void every_deed_lands_in_the_audit_log(void **state)
{
	struct harness_sensor sensor;

	(void)state;
	harness_enrol(&h, "default", &sensor);
	(void)REQUEST("operator-token", argument_text("tenant", "other"),
		      argument_text("name", "bob"), argument_text("actor", "ann"));
	(void)REQUEST("tenant-add", argument_text("name", "acme"), argument_text("actor", "bea"));
	(void)REQUEST("sensor-revoke", argument_text("tenant", "default"),
		      argument_text("id", sensor.id), argument_text("actor", "cyd"));
	assert_audited("enrolment-token", "test");
	assert_audited("sensor-enrol", "sensor");
	assert_audited("operator-token", "ann");
	assert_audited("tenant-add", "bea");
	assert_audited("sensor-revoke", "cyd");
	harness_sensor_done(&sensor);
}

/* --- enrolment --- */

static void the_id_is_the_keys_hash_and_the_tenant_the_tokens(void **state)
{
	struct pki_certificate_facts facts;
	struct harness_sensor sensor;

	(void)state;
	harness_enrol(&h, "other", &sensor);
	assert_int_equal(pki_certificate_facts(buffer_span(&sensor.certificate), &facts, NULL), 0);
	assert_string_equal(facts.common_name, sensor.id);
	assert_string_equal(facts.organization, "other");
	harness_sensor_done(&sensor);
}

static void a_request_that_is_none_keeps_the_tokens_use(void **state)
{
	struct harness_sensor sensor;
	char token[TOKEN_TEXT_SIZE];
	struct span answer;

	(void)state;
	harness_sensor_init(&sensor);
	harness_token(&h, "default", 1, token);
	assert_int_equal(harness_try_to_enrol(&h, token, span_of("no request"), &answer), 400);
	assert_int_equal(harness_try_to_enrol(&h, token, buffer_span(&sensor.request), &answer), 0);
	assert_int_equal(harness_try_to_enrol(&h, token, buffer_span(&sensor.request), &answer),
			 401);
	harness_sensor_done(&sensor);
}

static void a_revoked_key_does_not_enrol_again(void **state)
{
	struct harness_sensor sensor;
	char token[TOKEN_TEXT_SIZE];
	struct span answer;

	(void)state;
	harness_enrol(&h, "default", &sensor);
	(void)REQUEST("sensor-revoke", argument_text("tenant", "default"),
		      argument_text("id", sensor.id), argument_text("actor", "ann"));
	harness_token(&h, "default", 1, token);
	assert_int_equal(harness_try_to_enrol(&h, token, buffer_span(&sensor.request), &answer),
			 403);
	assert_int_equal(harness_try_to_renew(&h, "default", sensor.id, sensor.key_hash,
					      buffer_span(&sensor.request), &answer),
			 403);
	harness_sensor_done(&sensor);
}

static void renewal_is_for_the_key_that_is_enrolled(void **state)
{
	struct harness_sensor sensor;
	struct harness_sensor thief;
	struct harness_sensor next;
	struct span answer;

	(void)state;
	harness_enrol(&h, "default", &sensor);
	harness_sensor_init(&thief);
	harness_sensor_init(&next);
	assert_int_equal(harness_try_to_renew(&h, "default", sensor.id, thief.key_hash,
					      buffer_span(&thief.request), &answer),
			 403);
	assert_int_equal(harness_try_to_renew(&h, "other", sensor.id, sensor.key_hash,
					      buffer_span(&next.request), &answer),
			 403);
	assert_int_equal(harness_try_to_renew(&h, "default", sensor.id, sensor.key_hash,
					      buffer_span(&next.request), &answer),
			 0);
	/* the sensor may have crashed before it stored the new one: the old key still serves */
	assert_int_equal(harness_greet(&h, 1, "default", &sensor).kind, MESSAGE_WELCOME);
	memcpy(next.id, sensor.id, sizeof next.id);
	assert_int_equal(harness_greet(&h, 2, "default", &next).kind, MESSAGE_WELCOME);
	harness_sensor_done(&sensor);
	harness_sensor_done(&thief);
	harness_sensor_done(&next);
}

static void enrolments_of_one_turn_share_its_commit(void **state)
{
	enum { SENSORS = 20 };
	struct harness_sensor sensors[SENSORS];

	(void)state;
	for (size_t i = 0; i < SENSORS; i++) {
		harness_enrol(&h, "default", &sensors[i]);
	}
	for (size_t i = 0; i < SENSORS; i++) {
		assert_int_equal(harness_greet(&h, i + 1, "default", &sensors[i]).kind,
				 MESSAGE_WELCOME);
		harness_sensor_done(&sensors[i]);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

/* --- copies --- */

static void a_copy_gets_an_identity_of_its_own(void **state)
{
	struct harness_sensor original;
	struct harness_sensor copy;
	struct harness_sensor of_copy;
	struct span out;

	(void)state;
	harness_enrol(&h, "default", &original);
	harness_sensor_init(&copy);
	harness_sensor_init(&of_copy);
	assert_int_equal(harness_try_to_clone(&h, "default", original.id, original.key_hash,
					      buffer_span(&copy.request), &out),
			 0);
	assert_audited("sensor-clone", "sensor");
	assert_int_equal(harness_greet(&h, 1, "default", &copy).kind, MESSAGE_WELCOME);
	assert_int_equal(harness_greet(&h, 2, "default", &original).kind, MESSAGE_WELCOME);
	/* a copy's copy is fine; the same key twice is not, and another's key neither */
	assert_int_equal(harness_try_to_clone(&h, "default", copy.id, copy.key_hash,
					      buffer_span(&of_copy.request), &out),
			 0);
	assert_int_equal(harness_try_to_clone(&h, "default", original.id, original.key_hash,
					      buffer_span(&original.request), &out),
			 400);
	assert_int_equal(harness_try_to_clone(&h, "other", original.id, original.key_hash,
					      buffer_span(&of_copy.request), &out),
			 403);
	assert_int_equal(harness_try_to_clone(&h, "default", original.id, copy.key_hash,
					      buffer_span(&of_copy.request), &out),
			 403);
	harness_sensor_done(&original);
	harness_sensor_done(&copy);
	harness_sensor_done(&of_copy);
}

static void what_was_revoked_has_no_copies(void **state)
{
	struct harness_sensor original;
	struct harness_sensor copy;
	struct span out;

	(void)state;
	harness_enrol(&h, "default", &original);
	harness_sensor_init(&copy);
	assert_int_equal(REQUEST("sensor-revoke", argument_text("tenant", "default"),
				 argument_text("id", original.id), argument_text("actor", "test"))
				 .status,
			 0);
	assert_int_equal(harness_try_to_clone(&h, "default", original.id, original.key_hash,
					      buffer_span(&copy.request), &out),
			 403);
	harness_sensor_done(&original);
	harness_sensor_done(&copy);
}

/* Sessions of one sensor that replace each other, alternately from two addresses. */
static void turn(struct harness_sensor *sensor, uint64_t session, const char *address,
		 const char *replaced)
{
	const struct message hello = {
		.kind = MESSAGE_HELLO,
		.hello = { .protocol = MESSAGE_PROTOCOL,
			   .kind = span_of("agent"),
			   .version = span_of("test") },
	};

	harness_open_session_from(&h, session, "default", sensor->id, sensor->key_hash, address,
				  replaced);
	harness_send(&h, session, &hello);
	harness_commit(&h);
}

static bool is_audited(const char *action)
{
	struct audit_search search = { action, "server", false };
	struct platform *p = NULL;
	struct why why;

	assert_int_equal(platform_open(h.folder, false, &p, &why), 0);
	assert_int_equal(audit_each(p, 1000, 0, look, &search), 0);
	platform_close(&p);
	return search.is_found;
}

static void one_key_in_two_places_is_told_of(void **state)
{
	struct harness_sensor sensor;

	(void)state;
	harness_enrol(&h, "default", &sensor);
	turn(&sensor, 1, "192.0.2.1", "");
	for (uint64_t n = 2; n < 8; n++) { /* one machine that comes back often */
		turn(&sensor, n, "192.0.2.1", "192.0.2.1");
	}
	turn(&sensor, 11, "192.0.2.2", "192.0.2.1"); /* and moves */
	assert_false(is_audited("sensor-duplicated"));
	turn(&sensor, 12, "192.0.2.1", "192.0.2.2");
	assert_true(is_audited("sensor-duplicated"));
	harness_sensor_done(&sensor);
}

static void a_machine_that_moved_once_is_not(void **state)
{
	struct harness_sensor sensor;

	(void)state;
	harness_enrol(&h, "default", &sensor);
	turn(&sensor, 1, "192.0.2.1", "");
	turn(&sensor, 2, "192.0.2.2", "192.0.2.1");
	turn(&sensor, 3, "192.0.2.2", "");
	assert_false(is_audited("sensor-duplicated"));
	harness_sensor_done(&sensor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(unknown_operations_and_garbage_are_answered),
		TEST(acceptances_have_numbers_that_are_never_given_again),
		TEST(tokens_need_a_tenant_and_sensible_numbers),
		TEST(a_new_tenant_can_be_used_at_once),
		TEST(revoking_ends_the_session_and_lasts),
		TEST(every_deed_lands_in_the_audit_log),
		TEST(the_id_is_the_keys_hash_and_the_tenant_the_tokens),
		TEST(a_request_that_is_none_keeps_the_tokens_use),
		TEST(a_revoked_key_does_not_enrol_again),
		TEST(renewal_is_for_the_key_that_is_enrolled),
		TEST(enrolments_of_one_turn_share_its_commit),
		TEST(a_copy_gets_an_identity_of_its_own),
		TEST(what_was_revoked_has_no_copies),
		TEST(one_key_in_two_places_is_told_of),
		TEST(a_machine_that_moved_once_is_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
