/* loop_test.c - the order of a turn, and what may be done within handlers. */
#include "sys/loop.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/attr.h"
#include "sys/clock.h"
#include "sys/loop_task.h"

#define PIPES 200

struct fixture {
	struct loop *loop;
	int fds[PIPES][2];
	struct loop_watch *watches[PIPES];
	unsigned handled;
	unsigned idles;
	char story[64];
};

static void tell(struct fixture *f, const char *what)
{
	size_t len = strlen(f->story);

	assert_true(len + strlen(what) < sizeof f->story);
	memcpy(f->story + len, what, strlen(what) + 1);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	f->loop = loop_new();
	for (size_t i = 0; i < PIPES; i++) {
		if (pipe2(f->fds[i], O_CLOEXEC | O_NONBLOCK) != 0) {
			return -1;
		}
	}
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < PIPES; i++) {
		loop_unwatch(&f->watches[i]);
		(void)close(f->fds[i][0]);
		(void)close(f->fds[i][1]);
	}
	loop_free(&f->loop);
	free(f);
	return 0;
}

static void unwatch_all(void *context, unsigned events)
{
	struct fixture *f = context;

	assert_true((events & LOOP_READ) != 0);
	f->handled++;
	for (size_t i = 0; i < PIPES; i++) {
		loop_unwatch(&f->watches[i]);
	}
}

static void calls_no_handler_that_another_unwatched_in_the_same_turn(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < PIPES; i++) {
		f->watches[i] = loop_watch(f->loop, f->fds[i][0], LOOP_READ, unwatch_all, f);
		assert_int_equal(write(f->fds[i][1], "x", 1), 1);
	}
	loop_turn(f->loop, 1000);
	assert_int_equal(f->handled, 1);
	loop_turn(f->loop, 0);
	assert_int_equal(f->handled, 1);
}

static void count(void *context, unsigned events)
{
	struct fixture *f = context;

	(void)events;
	f->handled++;
}

static void count_idle(void *context)
{
	struct fixture *f = context;

	f->idles++;
	assert_true(f->handled >= PIPES);
}

static void handles_all_that_is_ready_before_the_idle_hook(void **state)
{
	struct fixture *f = *state;

	loop_on_idle(f->loop, count_idle, f);
	for (size_t i = 0; i < PIPES; i++) {
		f->watches[i] = loop_watch(f->loop, f->fds[i][0], LOOP_READ, count, f);
		assert_int_equal(write(f->fds[i][1], "x", 1), 1);
	}
	loop_turn(f->loop, 1000);
	assert_int_equal(f->idles, 1);
}

static void note_hang_up(void *context, unsigned events)
{
	struct fixture *f = context;

	f->handled += (events & LOOP_HANGUP) != 0;
}

static void hears_nothing_while_it_asks_for_nothing(void **state)
{
	struct fixture *f = *state;

	f->watches[0] = loop_watch(f->loop, f->fds[0][0], LOOP_READ, note_hang_up, f);
	loop_watch_change(f->watches[0], 0);
	(void)close(f->fds[0][1]);
	f->fds[0][1] = -1;
	loop_turn(f->loop, 0);
	assert_int_equal(f->handled, 0);
	loop_watch_change(f->watches[0], LOOP_READ);
	loop_turn(f->loop, 1000);
	assert_int_equal(f->handled, 1);
}

static void tells_an_edge_once_and_forgets_what_was_closed(void **state)
{
	struct fixture *f = *state;

	f->watches[0] = loop_watch(f->loop, f->fds[0][0], LOOP_READ | LOOP_EDGE, count, f);
	assert_int_equal(write(f->fds[0][1], "x", 1), 1);
	loop_turn(f->loop, 1000);
	loop_turn(f->loop, 0); /* nobody has read it */
	assert_int_equal(f->handled, 1);
	assert_int_equal(write(f->fds[0][1], "y", 1), 1);
	loop_turn(f->loop, 1000);
	assert_int_equal(f->handled, 2);
	(void)close(f->fds[0][0]);
	f->fds[0][0] = -1;
	loop_unwatch_closed(&f->watches[0]);
	assert_null(f->watches[0]);
	loop_turn(f->loop, 0);
	assert_int_equal(f->handled, 2);
}

static void tell_timer(void *context)
{
	tell(context, "t");
}

static void tell_soon(void *context)
{
	tell(context, "s");
}

static void tell_idle(void *context)
{
	tell(context, "i");
}

static void tell_flush(void *context)
{
	tell(context, "f");
}

static void tell_ready(void *context, unsigned events)
{
	(void)events;
	tell(context, "r");
}

static void keeps_the_order_of_a_turn(void **state)
{
	struct fixture *f = *state;
	struct loop_timer *timer = loop_timer(f->loop, tell_timer, f);
	struct loop_task soon = { 0 };
	struct loop_task flush = { 0 };
	struct loop_task cancelled = { 0 };

	loop_on_idle(f->loop, tell_idle, f);
	f->watches[0] = loop_watch(f->loop, f->fds[0][0], LOOP_READ, tell_ready, f);
	assert_int_equal(write(f->fds[0][1], "x", 1), 1);
	loop_timer_arm(timer, 0);
	loop_task_queue(f->loop, LOOP_SOON, &soon, tell_soon, f);
	loop_task_queue(f->loop, LOOP_SOON, &soon, tell_soon, f);
	loop_task_queue(f->loop, LOOP_SOON, &cancelled, tell_soon, f);
	loop_task_cancel(&cancelled);
	loop_task_cancel(&cancelled);
	loop_turn(f->loop, -1);
	assert_string_equal(f->story, "rtsi");
	loop_task_queue(f->loop, LOOP_FLUSH, &flush, tell_flush, f);
	loop_turn(f->loop, -1);
	assert_string_equal(f->story, "rtsifri");
	loop_timer_free(&timer);
}

struct numbered {
	struct fixture *f;
	struct loop_timer *timer;
	int64_t due_ms;
	int64_t *last_ms;
};

static void check_timer(void *context)
{
	struct numbered *n = context;

	n->f->handled++;
	assert_true(clock_ms() >= n->due_ms);
	assert_true(n->due_ms >= *n->last_ms);
	*n->last_ms = n->due_ms;
	loop_timer_free(&n->timer);
}

static void runs_timers_in_the_order_of_their_times_never_early(void **state)
{
	struct fixture *f = *state;
	struct numbered timers[300];
	int64_t last_ms = 0;
	int64_t deadline = clock_ms() + 60000;
	unsigned expected = 0;

	for (unsigned i = 0; i < COUNT_OF(timers); i++) {
		int64_t delay = (i * 7919) % 50;

		timers[i] = (struct numbered){ .f = f, .last_ms = &last_ms };
		timers[i].timer = loop_timer(f->loop, check_timer, &timers[i]);
		loop_timer_arm(timers[i].timer, 1000);
		loop_timer_arm(timers[i].timer, delay);
		timers[i].due_ms = clock_ms() + delay;
		assert_true(loop_timer_is_armed(timers[i].timer));
	}
	for (unsigned i = 0; i < COUNT_OF(timers); i++) {
		if (i % 3 == 0) {
			loop_timer_disarm(timers[i].timer);
			assert_false(loop_timer_is_armed(timers[i].timer));
		} else {
			expected++;
		}
	}
	while (f->handled < expected && clock_ms() < deadline) {
		loop_turn(f->loop, 1000);
	}
	assert_int_equal(f->handled, expected);
	for (unsigned i = 0; i < COUNT_OF(timers); i++) {
		assert_true((timers[i].timer != NULL) == (i % 3 == 0));
		loop_timer_free(&timers[i].timer);
	}
}

static void rearm(void *context)
{
	struct numbered *n = context;

	n->f->handled++;
	loop_timer_arm(n->timer, 0);
}

static void lets_others_run_where_a_timer_arms_itself(void **state)
{
	struct fixture *f = *state;
	struct numbered n = { .f = f };

	n.timer = loop_timer(f->loop, rearm, &n);
	loop_timer_arm(n.timer, 0);
	loop_turn(f->loop, -1);
	assert_int_equal(f->handled, 1);
	loop_turn(f->loop, -1);
	assert_int_equal(f->handled, 2);
	loop_timer_free(&n.timer);
}

static void stop(void *context)
{
	struct fixture *f = context;

	f->handled++;
	loop_stop(f->loop);
}

static void runs_until_a_signal_stops_it(void **state)
{
	struct fixture *f = *state;

	loop_on_signal(f->loop, SIGHUP, tell_timer, f);
	loop_on_signal(f->loop, SIGTERM, stop, f);
	loop_on_idle(f->loop, tell_idle, f);
	assert_int_equal(kill(getpid(), SIGHUP), 0);
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	loop_run(f->loop);
	assert_int_equal(f->handled, 1);
	assert_string_equal(f->story, "iti");
}

static void sleeps_where_nothing_is_to_be_done(void **state)
{
	struct fixture *f = *state;
	struct loop_timer *timer = loop_timer(f->loop, stop, f);

	loop_on_idle(f->loop, tell_idle, f);
	loop_timer_arm(timer, 60);
	loop_run(f->loop);
	/* before the first sleep, and after the one wake-up */
	assert_string_equal(f->story, "ii");
	loop_timer_free(&timer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			calls_no_handler_that_another_unwatched_in_the_same_turn, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(handles_all_that_is_ready_before_the_idle_hook,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(hears_nothing_while_it_asks_for_nothing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(tells_an_edge_once_and_forgets_what_was_closed,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(keeps_the_order_of_a_turn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(runs_timers_in_the_order_of_their_times_never_early,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(lets_others_run_where_a_timer_arms_itself, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(runs_until_a_signal_stops_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sleeps_where_nothing_is_to_be_done, set_up,
						tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
