/* policy_test.c - policies survive the wire, merge as promised, and are refused where they are off.
 */
#include "wire/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"

static struct policy sample(void)
{
	struct policy p;

	policy_init(&p);
	p.collectors[TABLE_PROCESSES].is_on = POLICY_OFF;
	p.collectors[TABLE_PACKAGES].period_s = 3600;
	p.events[EVENT_EXECUTIONS].is_on = POLICY_ON;
	p.events[EVENT_EXECUTIONS].per_minute_max = 6000;
	p.files.paths[p.files.path_count++] = span_of("/srv");
	p.files.excludes[p.files.exclude_count++] = span_of("/srv/**/cache");
	p.files.files_max = 1000;
	p.budget.cpu_permille = 20;
	return p;
}

static struct span encoded(const struct policy *p, uint8_t *room, size_t size)
{
	struct writer w = writer_over(room, size);

	assert_int_equal(policy_encode(p, &w), 0);
	return writer_span(&w);
}

static void what_was_written_is_read_again(void **state)
{
	uint8_t room[1024];
	struct policy p = sample();
	struct policy q;

	(void)state;
	assert_int_equal(policy_decode(encoded(&p, room, sizeof room), &q), 0);
	assert_int_equal(q.collectors[TABLE_PROCESSES].is_on, POLICY_OFF);
	assert_int_equal(q.collectors[TABLE_PACKAGES].is_on, POLICY_INHERIT);
	assert_int_equal(q.collectors[TABLE_PACKAGES].period_s, 3600);
	assert_int_equal(q.events[EVENT_EXECUTIONS].is_on, POLICY_ON);
	assert_int_equal(q.events[EVENT_EXECUTIONS].per_minute_max, 6000);
	assert_int_equal(q.files.path_count, 1);
	assert_true(span_is(q.files.paths[0], "/srv"));
	assert_true(span_is(q.files.excludes[0], "/srv/**/cache"));
	assert_int_equal(q.files.files_max, 1000);
	assert_int_equal(q.budget.cpu_permille, 20);
	assert_int_equal(q.budget.ring_bytes, 0);
}

static void every_truncation_is_refused_and_changes_nothing(void **state)
{
	uint8_t room[1024];
	struct policy p = sample();
	struct span whole = encoded(&p, room, sizeof room);
	struct policy q;

	(void)state;
	memset(&q, 0x55, sizeof q);
	for (size_t len = 0; len < whole.len; len++) {
		struct policy before = q;

		assert_int_not_equal(policy_decode(span_first(whole, len), &q), 0);
		assert_memory_equal(&q, &before, sizeof q);
	}
}

static void a_merge_replaces_what_is_set_and_adds_paths_once(void **state)
{
	struct policy base = sample();
	struct policy over;

	(void)state;
	policy_init(&over);
	over.collectors[TABLE_PROCESSES].is_on = POLICY_ON;
	over.files.paths[over.files.path_count++] = span_of("/srv");
	over.files.paths[over.files.path_count++] = span_of("/opt");
	over.budget.ring_bytes = 1 << 20;
	assert_int_equal(policy_merge(&base, &over), 0);
	assert_int_equal(base.collectors[TABLE_PROCESSES].is_on, POLICY_ON);
	assert_int_equal(base.collectors[TABLE_PACKAGES].period_s, 3600);
	assert_int_equal(base.files.path_count, 2);
	assert_true(span_is(base.files.paths[1], "/opt"));
	assert_int_equal(base.budget.cpu_permille, 20);
	assert_int_equal(base.budget.ring_bytes, 1 << 20);
}

static void many_are_combined_in_order_and_bad_ones_left_out(void **state)
{
	uint8_t rooms[3][1024];
	struct policy p = sample();
	struct policy over;
	struct policy merged;
	struct span documents[3];
	struct writer w = writer_over(rooms[2], sizeof rooms[2]);
	size_t left_out;

	(void)state;
	policy_init(&over);
	assert_true(policy_is_empty(&over));
	assert_false(policy_is_empty(&p));
	over.collectors[TABLE_PROCESSES].is_on = POLICY_ON;
	assert_false(policy_is_empty(&over));
	documents[0] = encoded(&p, rooms[0], sizeof rooms[0]);
	documents[1] = span_of("?");
	documents[2] = encoded(&over, rooms[1], sizeof rooms[1]);
	assert_int_equal(policy_combine(documents, 3, &merged, &w, &left_out), 0);
	assert_int_equal(left_out, 1);
	assert_int_equal(policy_decode(writer_span(&w), &over), 0);
	assert_int_equal(over.collectors[TABLE_PROCESSES].is_on, POLICY_ON);
	assert_int_equal(over.budget.cpu_permille, 20);
	assert_int_equal(policy_combine(documents, 0, &merged, &w, NULL), 0);
	assert_true(policy_is_empty(&merged));
}

/* Each fits, both together do not. */
static void what_is_too_long_together_is_cut_from_the_special_end(void **state)
{
	static char names[100][POLICY_TEXT_MAX + 1];
	static uint8_t rooms[3][MESSAGE_POLICY_MAX + 1024];
	struct policy first;
	struct policy second;
	struct policy merged;
	struct span documents[2];
	struct writer w = writer_over(rooms[2], sizeof rooms[2]);
	size_t left_out;

	(void)state;
	policy_init(&first);
	policy_init(&second);
	for (size_t i = 0; i < 100; i++) {
		struct policy *p = i < 50 ? &first : &second;

		memset(names[i], 'x', POLICY_TEXT_MAX);
		names[i][0] = '/';
		names[i][1] = (char)('a' + i % 26);
		names[i][2] = (char)('a' + i / 26);
		p->files.paths[p->files.path_count++] = span_of(names[i]);
	}
	documents[0] = encoded(&first, rooms[0], sizeof rooms[0]);
	documents[1] = encoded(&second, rooms[1], sizeof rooms[1]);
	assert_int_equal(policy_combine(documents, 2, &merged, &w, &left_out), 0);
	assert_int_equal(left_out, 1);
	assert_int_equal(merged.files.path_count, 50);
}

static void too_many_paths_are_refused_whole(void **state)
{
	static char names[POLICY_PATHS_MAX + 1][8];
	struct policy base = sample();
	struct policy over;

	(void)state;
	policy_init(&over);
	for (size_t i = 0; i < POLICY_PATHS_MAX; i++) {
		names[i][0] = '/';
		names[i][1] = (char)('a' + i % 26);
		names[i][2] = (char)('a' + i / 26);
		over.files.paths[over.files.path_count++] = span_of(names[i]);
	}
	over.budget.ring_bytes = 5;
	assert_int_equal(policy_merge(&base, &over), ERR_LIMIT);
	assert_int_equal(base.files.path_count, 1);
	assert_int_equal(base.budget.ring_bytes, 0);
}

static void equal_policies_have_equal_digests(void **state)
{
	uint8_t room[2][1024];
	uint8_t digest[2][MESSAGE_POLICY_DIGEST];
	struct policy p = sample();
	struct policy q;

	(void)state;
	policy_digest(encoded(&p, room[0], sizeof room[0]), digest[0]);
	assert_int_equal(policy_decode(encoded(&p, room[0], sizeof room[0]), &q), 0);
	policy_digest(encoded(&q, room[1], sizeof room[1]), digest[1]);
	assert_memory_equal(digest[0], digest[1], sizeof digest[0]);
	q.budget.cpu_permille = 21;
	policy_digest(encoded(&q, room[1], sizeof room[1]), digest[1]);
	assert_memory_not_equal(digest[0], digest[1], sizeof digest[0]);
}

/* --- scopes --- */

static void scopes_come_back_as_they_were_set(void **state)
{
	static struct policy policy;
	static struct policy again;
	uint8_t room[1024];
	struct writer w = writer_over(room, sizeof room);

	(void)state;
	policy_init(&policy);
	policy.scopes[0] = (struct policy_scope){
		.name = span_of("192.0.2.0/24"),
		.period_s = 86400,
		.from_minute = 1320,
		.to_minute = 360,
		.rate = 500,
	};
	assert_int_equal(policy_ports_read(span_of("22,80-90"), &policy.scopes[0]), 0);
	policy.scopes[1].name = span_of("example.org");
	policy.scope_count = 2;
	assert_false(policy_is_empty(&policy));
	assert_int_equal(policy_encode(&policy, &w), 0);
	assert_int_equal(policy_decode(writer_span(&w), &again), 0);
	assert_int_equal(again.scope_count, 2);
	assert_true(span_is(again.scopes[0].name, "192.0.2.0/24"));
	assert_int_equal(again.scopes[0].from_minute, 1320);
	assert_int_equal(again.scopes[0].port_count, 2);
	assert_int_equal(again.scopes[0].ports[1].first, 80);
	assert_int_equal(again.scopes[0].ports[1].last, 90);
	for (size_t len = 0; len < writer_used(&w); len++) {
		assert_int_not_equal(policy_decode((struct span){ room, len }, &again), 0);
	}
	policy_init(&again);
	assert_int_equal(policy_merge(&again, &policy), 0);
	assert_int_equal(again.scope_count, 2);
}

static void a_scope_out_of_bounds_is_refused(void **state)
{
	static struct policy policy;
	static struct policy out;
	uint8_t room[1024];
	struct writer w;

	(void)state;
	for (int bad = 0; bad < 4; bad++) {
		policy_init(&policy);
		policy.scope_count = 1;
		policy.scopes[0].name = span_of(bad == 0 ? "" : "example.org");
		policy.scopes[0].from_minute = bad == 1 ? 1440 : 0;
		policy.scopes[0].to_minute = bad == 2 ? 1440 : 0;
		policy.scopes[0].port_count = bad == 3;
		policy.scopes[0].ports[0] = (struct policy_ports){ 2, 1 };
		w = writer_over(room, sizeof room);
		assert_int_equal(policy_encode(&policy, &w), 0);
		assert_int_not_equal(policy_decode(writer_span(&w), &out), 0);
	}
}

static void ports_are_read_as_people_write_them(void **state)
{
	static const char *const bad[] = { "x", "1-", "-1", "2-1", "65536", "1,,2", "1, 2" };
	struct policy_scope scope = { .port_count = 9 };
	char many[200] = "1";

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(policy_ports_read(span_of(bad[i]), &scope), ERR_MALFORMED);
		assert_int_equal(scope.port_count, 9);
	}
	for (int i = 0; i < POLICY_PORTS_MAX; i++) {
		size_t used = strlen(many);

		snprintf(many + used, sizeof many - used, ",1");
	}
	assert_int_equal(policy_ports_read(span_of(many), &scope), ERR_LIMIT);
	assert_int_equal(policy_ports_read(span_of(""), &scope), 0);
	assert_int_equal(scope.port_count, 0);
	assert_int_equal(policy_ports_read(span_of("0-65535"), &scope), 0);
	assert_int_equal(scope.ports[0].last, 65535);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read_again),
		cmocka_unit_test(every_truncation_is_refused_and_changes_nothing),
		cmocka_unit_test(a_merge_replaces_what_is_set_and_adds_paths_once),
		cmocka_unit_test(many_are_combined_in_order_and_bad_ones_left_out),
		cmocka_unit_test(what_is_too_long_together_is_cut_from_the_special_end),
		cmocka_unit_test(too_many_paths_are_refused_whole),
		cmocka_unit_test(equal_policies_have_equal_digests),
		cmocka_unit_test(scopes_come_back_as_they_were_set),
		cmocka_unit_test(a_scope_out_of_bounds_is_refused),
		cmocka_unit_test(ports_are_read_as_people_write_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
