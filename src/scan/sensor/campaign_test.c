/* campaign_test.c - the campaign with its processes played by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/mem.h"
#include "base/reader.h"
#include "scan/sensor/campaign.h"
#include "scan/sensor/finder.h"
#include "scan/sensor/turns.h"
#include "sys/alloc.h"
#include "sys/channel.h"
#include "sys/clock.h"
#include "sys/net.h"

#define SCOPE "192.0.2.0/30"
#define TURNS 2000

struct stage {
	struct loop *loop;
	struct found *found;
	struct campaign *campaign;
	struct channel *finder;
	struct channel *asker;
	struct channel *names;
	struct policy *policy;
	bool is_told;
	unsigned scans;
	unsigned given_up;
	uint64_t scan_id;
	uint64_t rate; /* of the latest scan */
};

static void finder_asked(void *context, uint8_t kind, uint64_t id, struct span body)
{
	struct stage *s = context;

	if (kind == FINDER_SCAN) {
		struct reader r = reader_over(body);

		s->rate = reader_be64(&r);
	}
	s->scans += kind == FINDER_SCAN ? 1 : 0;
	s->given_up += kind == FINDER_GIVE_UP ? 1 : 0;
	s->scan_id = kind == FINDER_SCAN ? id : s->scan_id;
}

static void nobody_asked(void *context, uint8_t kind, uint64_t id, struct span body)
{
	(void)context;
	(void)kind;
	(void)id;
	(void)body;
}

static void closed(void *context)
{
	(void)context;
}

static void changed(void *context, uint16_t table)
{
	(void)context;
	(void)table;
}

static bool is_told(void *context, uint16_t table, const struct rowhash *hash)
{
	const struct stage *s = context;

	(void)table;
	(void)hash;
	return s->is_told;
}

static void lost(void *context, const char *which)
{
	(void)context;
	(void)which;
	fail();
}

/* The campaign and its processes: at first, and after a restart. */
static int open_campaign(struct stage *s)
{
	static const struct channel_handler finder = { finder_asked, NULL, closed };
	static const struct channel_handler others = { nobody_asked, NULL, closed };
	static const struct campaign_hooks hooks = { changed, is_told, lost };
	int f[2];
	int a[2];
	int n[2];

	if (net_pair(f) != 0 || net_pair(a) != 0 || net_pair(n) != 0) {
		return -1;
	}
	s->finder = channel_new(s->loop, f[1], 1u << 20, &finder, s);
	s->asker = channel_new(s->loop, a[1], 1u << 20, &others, s);
	s->names = channel_new(s->loop, n[1], 1u << 20, &others, s);
	s->campaign = campaign_new(s->loop, &(struct campaign_lines){ f[0], a[0], { n[0], -1 } },
				   s->found, false, &hooks, s);
	return 0;
}

static void close_campaign(struct stage *s)
{
	campaign_free(&s->campaign);
	channel_free(&s->finder);
	channel_free(&s->asker);
	channel_free(&s->names);
}

static int begin(void **state)
{
	struct stage *s = alloc_zeroed(1, sizeof *s);

	s->loop = loop_new();
	s->found = found_new();
	s->policy = alloc_zeroed(1, sizeof *s->policy);
	policy_init(s->policy);
	s->policy->scope_count = 1;
	s->policy->scopes[0] = (struct policy_scope){ .name = span_of(SCOPE) };
	*state = s;
	return open_campaign(s);
}

static int end(void **state)
{
	struct stage *s = *state;

	close_campaign(s);
	found_free(&s->found);
	loop_free(&s->loop);
	free(s->policy);
	free(s);
	return 0;
}

static void await_scans(struct stage *s, unsigned scans)
{
	for (unsigned i = 0; s->scans < scans && i < TURNS; i++) {
		loop_turn(s->loop, 100);
	}
	assert_int_equal(s->scans, scans);
}

/* Some turns, so that whatever would happen has happened. */
static void settle(struct stage *s)
{
	for (unsigned i = 0; i < 20; i++) {
		loop_turn(s->loop, 1);
	}
}

static void say_host(struct stage *s, uint32_t host)
{
	const struct result row = { .address = address_v4(0xc0000200 + host),
				    .state = PORT_HOST,
				    .transport = TRANSPORT_ICMP,
				    .reason = ANSWER_ECHO };
	uint8_t packed[RESULT_PACKED_SIZE];

	result_pack(&row, packed);
	assert_int_equal(channel_send(s->finder, FINDER_ROW, s->scan_id,
				      (struct span){ packed, sizeof packed }),
			 0);
}

static void say_done(struct stage *s, uint64_t unreachable)
{
	uint8_t body[FINDER_PROGRESS_SIZE];
	struct writer w = writer_over(body, sizeof body);

	for (unsigned i = 0; i < DISCOVERY_LEGS + 2; i++) {
		writer_be64(&w, 0);
	}
	writer_be64(&w, unreachable);
	writer_be32(&w, 0);
	writer_u8(&w, 1); /* complete */
	writer_u8(&w, 1);
	assert_int_equal(writer_used(&w), sizeof body);
	assert_int_equal(channel_send(s->finder, FINDER_DONE, s->scan_id, writer_span(&w)), 0);
}

static void a_run_is_finished_when_the_server_has_all_of_it(void **state)
{
	struct stage *s = *state;

	campaign_set_policy(s->campaign, s->policy);
	await_scans(s, 1);
	say_host(s, 1);
	say_done(s, 0);
	settle(s);
	assert_int_equal(s->found->scopes[0]->runs, 1);
	assert_int_equal(s->found->scopes[0]->host_count, 1);
	assert_int_equal(s->found->scopes[0]->finished_s, 0);
	s->is_told = true;
	campaign_acknowledged(s->campaign);
	settle(s);
	assert_true(s->found->scopes[0]->finished_s > 0);
}

static void what_answers_outside_of_the_scope_is_not_believed(void **state)
{
	struct stage *s = *state;

	campaign_set_policy(s->campaign, s->policy);
	await_scans(s, 1);
	say_host(s, 77);
	say_done(s, 0);
	settle(s);
	assert_int_equal(s->found->scopes[0]->host_count, 0);
}

/* The second run, of other ports, in which host 1 does not answer. */
static struct found_scope *lose_a_host(struct stage *s)
{
	campaign_set_policy(s->campaign, s->policy);
	await_scans(s, 1);
	say_host(s, 1);
	say_done(s, 0);
	s->is_told = true;
	settle(s);
	s->policy->scopes[0].ports[0] = (struct policy_ports){ 22, 22 };
	s->policy->scopes[0].port_count = 1;
	campaign_set_policy(s->campaign, s->policy);
	await_scans(s, 2);
	return s->found->scopes[0];
}

static void what_was_not_seen_is_looked_for_once_more(void **state)
{
	struct stage *s = *state;
	struct found_scope *scope = lose_a_host(s);

	say_done(s, 0);
	await_scans(s, 3); /* the confirmation */
	assert_int_equal(scope->host_count, 1);
	say_host(s, 1);
	say_done(s, 0);
	settle(s);
	assert_int_equal(scope->host_count, 1);
	assert_int_equal(scope->runs, 2);
}

static void what_is_not_there_then_either_is_gone(void **state)
{
	struct stage *s = *state;
	struct found_scope *scope = lose_a_host(s);

	say_done(s, 0);
	await_scans(s, 3);
	say_done(s, 0);
	settle(s);
	assert_int_equal(scope->host_count, 0);
}

static void where_there_was_no_way_nothing_is_given_up(void **state)
{
	struct stage *s = *state;
	struct found_scope *scope = lose_a_host(s);

	say_done(s, 4);
	await_scans(s, 3);
	say_done(s, 4);
	settle(s);
	assert_int_equal(scope->host_count, 1);
	assert_int_equal(scope->runs, 2);
}

static void a_scope_that_is_withdrawn_is_given_up_at_once(void **state)
{
	struct stage *s = *state;

	campaign_set_policy(s->campaign, s->policy);
	await_scans(s, 1);
	s->policy->scope_count = 0;
	campaign_set_policy(s->campaign, s->policy);
	settle(s);
	assert_int_equal(s->given_up, 1);
	say_host(s, 1); /* was on its way */
	settle(s);
	assert_int_equal(s->found->scopes[0]->host_count, 0);
	assert_string_equal(campaign_status(s->campaign, s->found->scopes[0]).state, "off");
}

static void loopback_is_refused_whoever_asks(void **state)
{
	struct stage *s = *state;

	s->policy->scopes[0].name = span_of("127.0.0.0/30");
	campaign_set_policy(s->campaign, s->policy);
	settle(s);
	assert_int_equal(s->scans, 0);
	assert_string_equal(campaign_status(s->campaign, s->found->scopes[0]).state, "refused");
}

static void a_run_of_other_ports_is_fast_after_a_restart_too(void **state)
{
	struct stage *s = *state;

	s->policy->scopes[0].rate = 7777;
	(void)lose_a_host(s);
	assert_int_equal(s->rate, 7777);
	close_campaign(s);
	assert_int_equal(open_campaign(s), 0);
	campaign_set_policy(s->campaign, s->policy);
	await_scans(s, 3);
	assert_int_equal(s->rate, 7777);
}

static void ports_that_were_asked_for_while_nobody_was_there_are_looked_for_at_once(void **state)
{
	struct stage *s = *state;

	s->policy->scopes[0].rate = 7777;
	campaign_set_policy(s->campaign, s->policy);
	await_scans(s, 1);
	say_done(s, 0);
	s->is_told = true;
	settle(s);
	close_campaign(s);
	s->policy->scopes[0].ports[0] = (struct policy_ports){ 22, 22 };
	s->policy->scopes[0].port_count = 1;
	assert_int_equal(open_campaign(s), 0);
	campaign_set_policy(s->campaign, s->policy);
	await_scans(s, 2); /* not when the day is over */
	assert_int_equal(s->rate, 7777);
}

static void a_host_that_changed_is_looked_at_before_the_others(void **state)
{
	struct stage *s = *state;
	struct found_host *host;

	campaign_set_policy(s->campaign, s->policy);
	await_scans(s, 1);
	say_host(s, 1);
	say_host(s, 2);
	say_done(s, 0);
	s->is_told = true;
	settle(s);
	assert_int_equal(s->found->scopes[0]->hosts[0]->changed_ms, 0); /* it was there before */
	host = s->found->scopes[0]->hosts[1];
	host->changed_ms = clock_wall_ms() - INT64_C(3) * 3600 * 1000;
	campaign_set_policy(s->campaign, s->policy);
	await_scans(s, 2);
	assert_int_equal(s->rate, TURNS_RATE);
	assert_string_equal(campaign_status(s->campaign, s->found->scopes[0]).state, "waiting");
	say_host(s, 2);
	say_done(s, 0);
	settle(s);
	assert_int_equal(s->found->scopes[0]->runs, 1); /* it was none of all of the scope */
	assert_true(host->followed_ms > host->changed_ms);
	assert_int_equal(s->scans, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_run_is_finished_when_the_server_has_all_of_it),
		TEST(what_answers_outside_of_the_scope_is_not_believed),
		TEST(what_was_not_seen_is_looked_for_once_more),
		TEST(what_is_not_there_then_either_is_gone),
		TEST(where_there_was_no_way_nothing_is_given_up),
		TEST(a_scope_that_is_withdrawn_is_given_up_at_once),
		TEST(loopback_is_refused_whoever_asks),
		TEST(a_run_of_other_ports_is_fast_after_a_restart_too),
		TEST(ports_that_were_asked_for_while_nobody_was_there_are_looked_for_at_once),
		TEST(a_host_that_changed_is_looked_at_before_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
