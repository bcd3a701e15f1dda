/* follow_up_test.c - the queue, with its process played by hand. */
#include "scan/follow/follow_up.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "scan/follow/follower.h"
#include "sys/alloc.h"
#include "sys/channel.h"
#include "sys/net.h"

#define ASKED_MAX 2048

struct stage {
	struct loop *loop;
	struct follow_up *follow_up;
	struct channel *process;
	uint64_t ids[ASKED_MAX]; /* as the process was asked */
	struct follow_ask asks[ASKED_MAX];
	unsigned asked;
	unsigned drops;
	unsigned answered[ASKED_MAX]; /* by what it was added with */
	unsigned skipped[3];
	unsigned lost;
};

static void process_message(void *context, uint8_t kind, uint64_t id, struct span body)
{
	struct stage *s = context;

	if (kind == FOLLOWER_DROP) {
		s->drops++;
		return;
	}
	assert_int_equal(kind, FOLLOWER_ASK);
	assert_true(s->asked < ASKED_MAX);
	s->ids[s->asked] = id;
	assert_int_equal(follow_ask_read(body, &s->asks[s->asked++]), 0);
}

static void process_closed(void *context)
{
	(void)context;
}

/* What is added with 999 is gone when its turn comes. */
static bool on_ask(void *context, uint64_t about, struct follow_ask *out)
{
	(void)context;
	*out = (struct follow_ask){ .address = address_v4(0xc0000201),
				    .port = (uint16_t)about,
				    .transport = TRANSPORT_TCP };
	return about != 999;
}

static void on_answered(void *context, uint64_t about, const struct follow_answer *answer)
{
	struct stage *s = context;

	(void)answer;
	s->answered[about]++;
}

static void on_skipped(void *context, uint64_t about, enum follow_up_skip why)
{
	struct stage *s = context;

	(void)about;
	s->skipped[why]++;
}

static void on_lost(void *context)
{
	struct stage *s = context;

	s->lost++;
}

static int begin(void **state)
{
	static const struct channel_handler handler = { process_message, NULL, process_closed };
	static const struct follow_up_events events = {
		.ask = on_ask, .answered = on_answered, .skipped = on_skipped, .lost = on_lost
	};
	struct stage *s = alloc_zeroed(1, sizeof *s);
	int line[2];

	if (net_pair(line) != 0) {
		return -1;
	}
	s->loop = loop_new();
	s->process = channel_new(s->loop, line[1], 8u << 20, &handler, s);
	s->follow_up = follow_up_over(s->loop, line[0], &events, s);
	*state = s;
	return 0;
}

static int end(void **state)
{
	struct stage *s = *state;

	follow_up_free(&s->follow_up);
	channel_free(&s->process);
	loop_free(&s->loop);
	free(s);
	return 0;
}

/* Until nothing moves any more. */
static void settle(struct stage *s)
{
	for (unsigned i = 0; i < 20; i++) {
		loop_turn(s->loop, 1);
	}
}

static void add(struct stage *s, uint32_t host, uint16_t port, bool is_first)
{
	const struct follow_up_port one = { .address = address_v4(0xc0000200 + host),
					    .port = port,
					    .is_first = is_first };

	follow_up_add(s->follow_up, &one, port);
}

static void answer(struct stage *s, unsigned ask, uint8_t outcome)
{
	static uint8_t bytes[FOLLOW_ANSWER_SIZE_MAX];
	struct writer w = writer_over(bytes, sizeof bytes);
	const struct service service = { .outcome = outcome };

	follow_answer_write(&service, (struct span){ NULL, 0 }, &w);
	assert_int_equal(channel_send(s->process, FOLLOWER_ANSWER, s->ids[ask], writer_span(&w)),
			 0);
}

static void a_host_is_asked_on_so_many_ports_at_once_and_no_more(void **state)
{
	struct stage *s = *state;

	for (uint16_t port = 1; port <= 10; port++) {
		add(s, 1, port, false);
	}
	settle(s);
	assert_int_equal(s->asked, FOLLOW_UP_PER_HOST);
	answer(s, 0, IDENTIFY_KNOWN);
	settle(s);
	assert_int_equal(s->asked, FOLLOW_UP_PER_HOST + 1);
	assert_int_equal(s->answered[1], 1);
}

static void what_is_new_goes_before_everything_that_waits(void **state)
{
	struct stage *s = *state;

	for (uint32_t host = 1; host <= FOLLOW_UP_WINDOW_MORE; host++) {
		add(s, host, 80, false);
		add(s, host, 22, false);
	}
	settle(s);
	assert_int_equal(s->asked, FOLLOW_UP_WINDOW_MORE);
	add(s, 200, 443, true);
	answer(s, 200, IDENTIFY_KNOWN); /* whichever: there is room for one */
	settle(s);
	assert_int_equal(s->asks[FOLLOW_UP_WINDOW_MORE].port, 443);
}

static void usual_ports_of_a_host_go_before_others(void **state)
{
	struct stage *s = *state;

	add(s, 1, 49999, false);
	add(s, 1, 49998, false);
	add(s, 1, 22, false);
	settle(s);
	assert_int_equal(s->asks[0].port, 22);
}

static void a_port_that_is_gone_when_its_turn_comes_is_not_asked(void **state)
{
	struct stage *s = *state;

	add(s, 1, 999, false);
	add(s, 1, 22, false);
	settle(s);
	assert_int_equal(s->asked, 1);
	assert_int_equal(s->asks[0].port, 22);
	answer(s, 0, IDENTIFY_KNOWN);
	settle(s);
	assert_true(follow_up_is_idle(s->follow_up));
}

static void a_host_where_asking_leads_to_nothing_is_left_alone(void **state)
{
	struct stage *s = *state;

	for (uint16_t port = 0; port < 100; port++) {
		add(s, 1, (uint16_t)(1100 + port), false);
	}
	for (unsigned i = 0; i < 100 && i < s->asked + FOLLOW_UP_PER_HOST; i++) {
		settle(s);
		if (i < s->asked) {
			answer(s, i, IDENTIFY_SILENT);
		}
	}
	settle(s);
	assert_int_equal(s->asked, FOLLOW_UP_FRUITLESS_MAX + FOLLOW_UP_PER_HOST - 1);
	assert_int_equal(s->skipped[FOLLOW_UP_FRUITLESS], 100 - s->asked);
	assert_true(follow_up_is_idle(s->follow_up));
}

static bool is_below_100(void *context, uint64_t about)
{
	(void)context;
	return about < 100;
}

static void what_is_dropped_ends_at_once_and_the_rest_is_asked_anew(void **state)
{
	struct stage *s = *state;

	add(s, 1, 22, false);
	add(s, 1, 80, false);
	add(s, 1, 25, false);
	add(s, 2, 443, false);
	settle(s);
	assert_int_equal(s->asked, 3);
	follow_up_drop(s->follow_up, is_below_100, NULL);
	settle(s);
	assert_int_equal(s->drops, 1);
	assert_int_equal(s->asked, 4);
	assert_int_equal(s->asks[3].port, 443);
	for (unsigned i = 0; i < 3; i++) {
		answer(s, i, IDENTIFY_KNOWN); /* was on its way: of nobody any more */
	}
	settle(s);
	assert_int_equal(s->answered[22] + s->answered[80] + s->answered[443], 0);
	answer(s, 3, IDENTIFY_KNOWN);
	settle(s);
	assert_int_equal(s->answered[443], 1);
	assert_true(follow_up_is_idle(s->follow_up));
}

static void an_address_that_answers_every_port_is_not_asked(void **state)
{
	struct stage *s = *state;
	const struct address one = address_v4(0xc0000201);

	for (uint16_t port = 1; port <= 10; port++) {
		add(s, 1, port, false);
	}
	follow_up_skip(s->follow_up, &one);
	settle(s);
	assert_int_equal(s->skipped[FOLLOW_UP_EVERY_PORT], 10);
	assert_int_equal(s->asked, 0);
}

static void the_owner_is_told_when_the_process_is_gone(void **state)
{
	struct stage *s = *state;

	add(s, 1, 22, false);
	settle(s);
	channel_free(&s->process);
	settle(s);
	assert_int_equal(s->lost, 1);
}

static void what_is_asked_is_read_as_it_was_written(void **state)
{
	static uint8_t bytes[FOLLOW_ASK_SIZE_MAX];
	struct writer w = writer_over(bytes, sizeof bytes);
	const struct follow_ask ask = { .address = address_v4(0xc0000201),
					.port = 443,
					.transport = TRANSPORT_UDP,
					.reason = 3,
					.scope = "192.0.2.0/24",
					.name = "www.example.org",
					.payload = span_of("payload") };
	struct follow_ask back;

	(void)state;
	follow_ask_write(&ask, &w);
	assert_int_equal(follow_ask_read(writer_span(&w), &back), 0);
	assert_true(address_equal(&back.address, &ask.address));
	assert_int_equal(back.port, 443);
	assert_string_equal(back.scope, ask.scope);
	assert_string_equal(back.name, ask.name);
	assert_true(span_is(back.payload, "payload"));
	for (size_t len = 0; len < writer_used(&w) - 7; len++) {
		assert_int_equal(follow_ask_read(span_first(writer_span(&w), len), &back),
				 ERR_MALFORMED);
	}
}

static void every_truncation_of_an_answer_is_refused(void **state)
{
	static uint8_t bytes[FOLLOW_ANSWER_SIZE_MAX];
	struct writer w = writer_over(bytes, sizeof bytes);
	const struct service service = { .outcome = IDENTIFY_KNOWN, .protocol = "ssh" };
	struct follow_answer back;

	(void)state;
	follow_answer_write(&service, span_of("more"), &w);
	assert_int_equal(follow_answer_read(writer_span(&w), &back), 0);
	assert_string_equal(back.service.protocol, "ssh");
	assert_true(span_is(back.more, "more"));
	for (size_t len = 0; len < writer_used(&w) - 4; len++) {
		assert_int_equal(follow_answer_read(span_first(writer_span(&w), len), &back),
				 ERR_MALFORMED);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_host_is_asked_on_so_many_ports_at_once_and_no_more),
		TEST(what_is_new_goes_before_everything_that_waits),
		TEST(usual_ports_of_a_host_go_before_others),
		TEST(a_port_that_is_gone_when_its_turn_comes_is_not_asked),
		TEST(a_host_where_asking_leads_to_nothing_is_left_alone),
		TEST(what_is_dropped_ends_at_once_and_the_rest_is_asked_anew),
		TEST(an_address_that_answers_every_port_is_not_asked),
		TEST(the_owner_is_told_when_the_process_is_gone),
		cmocka_unit_test(what_is_asked_is_read_as_it_was_written),
		cmocka_unit_test(every_truncation_of_an_answer_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
