/* channel_test.c - messages arrive whole, in order and in few writes. */
#include "sys/channel.h"

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
#include "sys/clock.h"
#include "sys/net.h"

#define QUEUE_MAX (256u << 10)

struct side {
	struct fixture *f;
	struct channel *channel;
	uint64_t received;
	size_t bytes;
	unsigned drained;
	unsigned closed;
	bool is_freeing;
	bool is_pausing;
};

struct fixture {
	struct loop *loop;
	struct side a;
	struct side b;
	int fds[2];
};

static uint8_t pattern[CHANNEL_BODY_MAX + 1];

static void on_message(void *context, uint8_t kind, uint64_t id, struct span body)
{
	struct side *s = context;

	assert_int_equal(kind, 7);
	assert_true(id == s->received);
	assert_memory_equal(body.ptr, pattern, body.len);
	s->received++;
	s->bytes += body.len;
	if (s->is_freeing) {
		channel_free(&s->channel);
	} else if (s->is_pausing) {
		channel_pause(s->channel);
	}
}

static void on_drained(void *context)
{
	struct side *s = context;

	s->drained++;
}

static void on_closed(void *context)
{
	struct side *s = context;

	s->closed++;
	channel_free(&s->channel);
}

static const struct channel_handler handler = { on_message, on_drained, on_closed };

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	for (size_t i = 0; i < sizeof pattern; i++) {
		pattern[i] = (uint8_t)(i * 31 + i / 251);
	}
	f->loop = loop_new();
	if (net_pair(f->fds) != 0) {
		return -1;
	}
	f->a = (struct side){ .f = f };
	f->b = (struct side){ .f = f };
	*state = f;
	return 0;
}

static void open_both(struct fixture *f)
{
	f->a.channel = channel_new(f->loop, f->fds[0], QUEUE_MAX, &handler, &f->a);
	f->b.channel = channel_new(f->loop, f->fds[1], QUEUE_MAX, &handler, &f->b);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	channel_free(&f->a.channel);
	channel_free(&f->b.channel);
	loop_free(&f->loop);
	free(f);
	return 0;
}

static struct span piece(size_t len)
{
	return (struct span){ pattern, len };
}

static void carries_messages_of_every_size_in_order(void **state)
{
	struct fixture *f = *state;
	int64_t deadline = clock_ms() + 60000;
	uint64_t sent = 0;
	size_t bytes = 0;

	open_both(f);
	while (f->b.received < 3000 && clock_ms() < deadline) {
		size_t len = (sent * 7919) % 20000;

		if (sent < 3000 && !channel_is_congested(f->a.channel) &&
		    channel_send(f->a.channel, 7, sent, piece(len)) == 0) {
			sent++;
			bytes += len;
		} else {
			loop_turn(f->loop, 1000);
		}
	}
	assert_int_equal(f->b.received, 3000);
	assert_int_equal(f->b.bytes, bytes);
	assert_true(f->a.drained > 0);
}

static void carries_the_longest_message_and_refuses_a_longer_one(void **state)
{
	struct fixture *f = *state;
	int64_t deadline = clock_ms() + 60000;

	f->a.channel = channel_new(f->loop, f->fds[0], 8u << 20, &handler, &f->a);
	f->b.channel = channel_new(f->loop, f->fds[1], QUEUE_MAX, &handler, &f->b);
	assert_int_equal(channel_send(f->a.channel, 7, 0, piece(CHANNEL_BODY_MAX + 1)), ERR_LIMIT);
	assert_int_equal(channel_send(f->a.channel, 7, 0, piece(CHANNEL_BODY_MAX)), 0);
	assert_int_equal(channel_send(f->a.channel, 7, 1, piece(0)), 0);
	assert_int_equal(channel_send(f->b.channel, 7, 0, piece(QUEUE_MAX)), ERR_LIMIT);
	while (f->b.received < 2 && clock_ms() < deadline) {
		loop_turn(f->loop, 1000);
	}
	assert_int_equal(f->b.bytes, CHANNEL_BODY_MAX);
}

static void send_from_hook(void *context)
{
	struct fixture *f = context;
	uint8_t byte;

	for (uint64_t id = 0; id < 100; id++) {
		assert_int_equal(channel_send(f->a.channel, 7, id, piece(100)), 0);
	}
	/* nothing has left yet */
	assert_int_equal(recv(f->fds[1], &byte, 1, MSG_PEEK | MSG_DONTWAIT), -1);
	loop_on_idle(f->loop, NULL, NULL);
}

static void writes_what_the_idle_hook_sends_in_the_same_turn_at_once(void **state)
{
	struct fixture *f = *state;
	static uint8_t got[20000];

	f->a.channel = channel_new(f->loop, f->fds[0], QUEUE_MAX, &handler, &f->a);
	loop_on_idle(f->loop, send_from_hook, f);
	loop_turn(f->loop, 0);
	assert_int_equal(recv(f->fds[1], got, sizeof got, MSG_DONTWAIT), 100 * 113);
	(void)close(f->fds[1]);
}

/* This kind of socket keeps the bounds of writes. */
static void makes_one_write_of_many_sends_in_a_turn(void **state)
{
	struct fixture *f = *state;
	static uint8_t got[20000];
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	f->a.channel = channel_new(f->loop, fds[0], QUEUE_MAX, &handler, &f->a);
	for (uint64_t id = 0; id < 100; id++) {
		assert_int_equal(channel_send(f->a.channel, 7, id, piece(100)), 0);
	}
	loop_turn(f->loop, 0);
	assert_int_equal(recv(fds[1], got, sizeof got, MSG_DONTWAIT), 100 * 113);
	assert_int_equal(recv(fds[1], got, sizeof got, MSG_DONTWAIT), -1);
	(void)close(fds[1]);
	(void)close(f->fds[0]);
	(void)close(f->fds[1]);
}

static void says_when_the_queue_is_full_and_when_it_drained(void **state)
{
	struct fixture *f = *state;
	int64_t deadline = clock_ms() + 60000;
	uint64_t sent = 0;
	int error = 0;

	open_both(f);
	channel_pause(f->b.channel);
	while (error == 0 && sent < 10000) {
		error = channel_send(f->a.channel, 7, sent, piece(1000));
		sent += error == 0;
		loop_turn(f->loop, 0);
	}
	assert_int_equal(error, ERR_FULL);
	assert_true(channel_is_congested(f->a.channel));
	assert_int_equal(f->b.received, 0);
	assert_int_equal(f->a.drained, 0);
	channel_resume(f->b.channel);
	while (f->b.received < sent && clock_ms() < deadline) {
		loop_turn(f->loop, 1000);
	}
	loop_turn(f->loop, 0);
	assert_int_equal(f->b.received, sent);
	assert_int_equal(f->a.drained, 1);
	assert_false(channel_is_congested(f->a.channel));
	assert_int_equal(channel_send(f->a.channel, 7, sent, piece(1)), 0);
}

static void pauses_and_goes_on_between_messages_that_came_together(void **state)
{
	struct fixture *f = *state;

	open_both(f);
	f->b.is_pausing = true;
	for (uint64_t id = 0; id < 3; id++) {
		assert_int_equal(channel_send(f->a.channel, 7, id, piece(10)), 0);
	}
	for (uint64_t expected = 1; expected <= 3; expected++) {
		loop_turn(f->loop, 100);
		loop_turn(f->loop, 0);
		assert_int_equal(f->b.received, expected);
		channel_resume(f->b.channel);
	}
}

static void may_be_freed_by_its_own_handler(void **state)
{
	struct fixture *f = *state;

	open_both(f);
	f->b.is_freeing = true;
	for (uint64_t id = 0; id < 3; id++) {
		assert_int_equal(channel_send(f->a.channel, 7, id, piece(10)), 0);
	}
	loop_turn(f->loop, 1000);
	assert_int_equal(f->b.received, 1);
	assert_null(f->b.channel);
	loop_turn(f->loop, 1000);
	assert_int_equal(f->a.closed, 1);
	assert_int_equal(f->b.closed, 0);
}

static void hears_the_last_words_of_one_that_is_gone(void **state)
{
	struct fixture *f = *state;

	open_both(f);
	assert_int_equal(channel_send(f->b.channel, 7, 0, piece(10)), 0);
	assert_int_equal(channel_send(f->a.channel, 7, 0, piece(10)), 0);
	channel_free(&f->a.channel); /* sends what is queued */
	for (int i = 0; i < 4 && f->b.closed == 0; i++) {
		loop_turn(f->loop, 100);
	}
	assert_int_equal(f->b.received, 1);
	assert_int_equal(f->b.closed, 1);
}

static void refuses_sends_to_one_that_is_gone_and_tells_it_once(void **state)
{
	struct fixture *f = *state;
	int error = 0;

	f->a.channel = channel_new(f->loop, f->fds[0], QUEUE_MAX, &handler, &f->a);
	channel_pause(f->a.channel);
	(void)close(f->fds[1]);
	for (uint64_t id = 0; id < 3 && error == 0; id++) {
		error = channel_send(f->a.channel, 7, id, piece(10));
		loop_turn(f->loop, 0);
	}
	assert_int_equal(error, ERR_CLOSED);
	assert_int_equal(f->a.closed, 0);
	channel_resume(f->a.channel);
	for (int i = 0; i < 4 && f->a.closed == 0; i++) {
		loop_turn(f->loop, 100);
	}
	assert_int_equal(f->a.closed, 1);
}

static void closes_where_the_other_side_sends_nonsense(void **state)
{
	static const uint8_t nonsense[][13] = {
		{ 0, 0, 0, 8, 7 },
		{ 0, 0, 0, 0 },
		{ 0xff, 0xff, 0xff, 0xff },
		{ 0, 0x40, 0, 10 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT_OF(nonsense); i++) {
		int fds[2];

		assert_int_equal(net_pair(fds), 0);
		f->b.channel = channel_new(f->loop, fds[0], QUEUE_MAX, &handler, &f->b);
		assert_int_equal(write(fds[1], nonsense[i], sizeof nonsense[i]), 13);
		loop_turn(f->loop, 1000);
		assert_int_equal(f->b.closed, i + 1);
		assert_int_equal(f->b.received, 0);
		(void)close(fds[1]);
	}
	(void)close(f->fds[0]);
	(void)close(f->fds[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(carries_messages_of_every_size_in_order),
		TEST(carries_the_longest_message_and_refuses_a_longer_one),
		TEST(writes_what_the_idle_hook_sends_in_the_same_turn_at_once),
		TEST(makes_one_write_of_many_sends_in_a_turn),
		TEST(says_when_the_queue_is_full_and_when_it_drained),
		TEST(pauses_and_goes_on_between_messages_that_came_together),
		TEST(may_be_freed_by_its_own_handler),
		TEST(hears_the_last_words_of_one_that_is_gone),
		TEST(refuses_sends_to_one_that_is_gone_and_tells_it_once),
		TEST(closes_where_the_other_side_sends_nonsense),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
