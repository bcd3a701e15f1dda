/* loop.c - epoll, a heap of timers, a signalfd. */
#include "sys/loop.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/loop_task.h"

#define BATCH_MAX   64 /* events taken from the kernel at once */
#define BATCHES_MAX 16 /* full batches handled before timers and the idle hook get their turn */
#define SIGNALS_MAX 8
#define NOT_ARMED   SIZE_MAX

struct loop_watch {
	struct loop *loop;
	int fd;
	unsigned events;
	loop_handler *handler;
	void *context;
	struct loop_task burial;
};

struct loop_timer {
	struct loop *loop;
	int64_t due_us;
	uint64_t order; /* among those due at the same time */
	size_t index;   /* in the heap, or NOT_ARMED */
	loop_callback *callback;
	void *context;
};

struct signal_row {
	int number;
	loop_callback *callback;
	void *context;
};

struct loop {
	int epoll_fd;
	bool is_stopped;

	struct loop_timer **heap; /* the earliest first */
	size_t heap_len;
	size_t heap_capacity;
	uint64_t timers_armed;
	int64_t turn_us; /* when timers ran last */

	int signal_fd;
	struct loop_watch *signal_watch;
	struct signal_row signals[SIGNALS_MAX];
	size_t signal_count;

	loop_callback *idle;
	void *idle_context;
	struct loop_task tasks[LOOP_PHASES]; /* each the head of a circle */
};

static void end_without(const char *what)
{
	perror(what);
	abort();
}

/*
 * Tasks
 */

static void circle_init(struct loop_task *head)
{
	head->next = head;
	head->previous = head;
}

static bool circle_is_empty(const struct loop_task *head)
{
	return head->next == head;
}

static void insert_before(struct loop_task *task, struct loop_task *next)
{
	task->next = next;
	task->previous = next->previous;
	task->previous->next = task;
	next->previous = task;
}

void loop_task_queue(struct loop *loop, enum loop_phase phase, struct loop_task *task,
		     loop_callback *callback, void *context)
{
	if (task->next == NULL) {
		task->callback = callback;
		task->context = context;
		insert_before(task, &loop->tasks[phase]);
	}
}

void loop_task_cancel(struct loop_task *task)
{
	if (task->next != NULL) {
		task->next->previous = task->previous;
		task->previous->next = task->next;
		task->next = NULL;
		task->previous = NULL;
	}
}

/* Those queued by now; what they queue comes with the next run. */
static void run_tasks(struct loop *loop, enum loop_phase phase)
{
	struct loop_task *head = &loop->tasks[phase];
	struct loop_task mark = { 0 };

	insert_before(&mark, head);
	while (head->next != &mark) {
		struct loop_task *task = head->next;

		loop_task_cancel(task);
		task->callback(task->context);
	}
	loop_task_cancel(&mark);
}

/*
 * Watches
 */

static uint32_t epoll_events(unsigned events)
{
	/* who reads to the end meets the other side's there */
	unsigned closed = (events & LOOP_EDGE) != 0 ? (uint32_t)EPOLLET : (uint32_t)EPOLLRDHUP;

	return ((events & LOOP_READ) != 0 ? (uint32_t)EPOLLIN | closed : 0u) |
	       ((events & LOOP_WRITE) != 0 ? (uint32_t)EPOLLOUT : 0u) |
	       ((events & LOOP_PRIORITY) != 0 ? (uint32_t)EPOLLPRI : 0u);
}

static unsigned loop_events(uint32_t events)
{
	return ((events & EPOLLIN) != 0 ? LOOP_READ : 0u) |
	       ((events & EPOLLOUT) != 0 ? LOOP_WRITE : 0u) |
	       ((events & EPOLLPRI) != 0 ? LOOP_PRIORITY : 0u) |
	       ((events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR)) != 0 ? LOOP_HANGUP : 0u);
}

static void control(struct loop_watch *watch, int operation)
{
	struct epoll_event event = {
		.events = epoll_events(watch->events),
		.data.ptr = watch,
	};

	if (epoll_ctl(watch->loop->epoll_fd, operation, watch->fd, &event) != 0 &&
	    operation != EPOLL_CTL_DEL) {
		end_without("epoll_ctl");
	}
}

struct loop_watch *loop_watch(struct loop *loop, int fd, unsigned events, loop_handler *handler,
			      void *context)
{
	struct loop_watch *watch = alloc_zeroed(1, sizeof *watch);

	*watch = (struct loop_watch){
		.loop = loop, .fd = fd, .handler = handler, .context = context
	};
	loop_watch_change(watch, events);
	return watch;
}

/* Out of epoll where nothing is asked for, because a hang-up is reported again and again
 * to whoever stays in. */
void loop_watch_change(struct loop_watch *watch, unsigned events)
{
	unsigned before = watch->events;

	if (events == before) {
		return;
	}
	watch->events = events;
	control(watch, before == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD);
}

static void bury_watch(void *context)
{
	free(context);
}

void loop_unwatch(struct loop_watch **watch)
{
	if (*watch != NULL) {
		loop_watch_change(*watch, 0);
		loop_unwatch_closed(watch);
	}
}

/* Freed when the turn ends, because the batch at hand may still name it. */
void loop_unwatch_closed(struct loop_watch **watch)
{
	struct loop_watch *w = *watch;

	if (w == NULL) {
		return;
	}
	*watch = NULL;
	w->events = 0;
	loop_task_queue(w->loop, LOOP_BURY, &w->burial, bury_watch, w);
}

/*
 * Timers: a binary heap by time, then by the order of arming
 */

static bool is_earlier(const struct loop_timer *a, const struct loop_timer *b)
{
	return a->due_us != b->due_us ? a->due_us < b->due_us : a->order < b->order;
}

static void heap_put(struct loop *loop, size_t index, struct loop_timer *timer)
{
	loop->heap[index] = timer;
	timer->index = index;
}

/* Moves a timer from a free place towards the top, then towards the bottom, to where it belongs. */
static void heap_settle(struct loop *loop, size_t index, struct loop_timer *timer)
{
	while (index > 0 && is_earlier(timer, loop->heap[(index - 1) / 2])) {
		heap_put(loop, index, loop->heap[(index - 1) / 2]);
		index = (index - 1) / 2;
	}
	for (;;) {
		size_t child = 2 * index + 1;

		if (child + 1 < loop->heap_len &&
		    is_earlier(loop->heap[child + 1], loop->heap[child])) {
			child++;
		}
		if (child >= loop->heap_len || is_earlier(timer, loop->heap[child])) {
			break;
		}
		heap_put(loop, index, loop->heap[child]);
		index = child;
	}
	heap_put(loop, index, timer);
}

struct loop_timer *loop_timer(struct loop *loop, loop_callback *callback, void *context)
{
	struct loop_timer *timer = alloc_zeroed(1, sizeof *timer);

	*timer = (struct loop_timer){ loop, 0, 0, NOT_ARMED, callback, context };
	return timer;
}

void loop_timer_arm(struct loop_timer *timer, int64_t delay_ms)
{
	struct loop *loop = timer->loop;
	int64_t due_us = clock_us() + delay_ms * 1000;

	if (timer->index == NOT_ARMED) {
		if (loop->heap_len == loop->heap_capacity) {
			loop->heap_capacity =
				loop->heap_capacity == 0 ? 16 : loop->heap_capacity * 2;
			loop->heap =
				alloc_resize(loop->heap, loop->heap_capacity, sizeof *loop->heap);
		}
		timer->index = loop->heap_len++;
	}
	/* after the turn at hand, so that a timer that arms itself without delay lets others run */
	timer->due_us = due_us > loop->turn_us ? due_us : loop->turn_us + 1;
	timer->order = loop->timers_armed++;
	heap_settle(loop, timer->index, timer);
}

void loop_timer_disarm(struct loop_timer *timer)
{
	struct loop *loop = timer->loop;
	size_t index = timer->index;

	if (index == NOT_ARMED) {
		return;
	}
	timer->index = NOT_ARMED;
	loop->heap_len--;
	if (index < loop->heap_len) {
		heap_settle(loop, index, loop->heap[loop->heap_len]);
	}
}

bool loop_timer_is_armed(const struct loop_timer *timer)
{
	return timer->index != NOT_ARMED;
}

void loop_timer_free(struct loop_timer **timer)
{
	if (*timer != NULL) {
		loop_timer_disarm(*timer);
		free(*timer);
		*timer = NULL;
	}
}

static void run_timers(struct loop *loop)
{
	if (loop->heap_len == 0) {
		return;
	}
	loop->turn_us = clock_us();
	while (loop->heap_len > 0 && loop->heap[0]->due_us <= loop->turn_us) {
		struct loop_timer *timer = loop->heap[0];

		loop_timer_disarm(timer);
		timer->callback(timer->context);
	}
}

/* Rounded up, so that no turn comes for nothing. */
static int ms_to_next_timer(const struct loop *loop)
{
	int64_t left_us;

	if (loop->heap_len == 0) {
		return -1;
	}
	left_us = loop->heap[0]->due_us - clock_us();
	if (left_us <= 0) {
		return 0;
	}
	return left_us > (int64_t)INT_MAX * 1000 - 999 ? INT_MAX : (int)((left_us + 999) / 1000);
}

/*
 * Signals
 */

static void on_signal_ready(void *context, unsigned events)
{
	struct loop *loop = context;
	struct signalfd_siginfo facts;

	(void)events;
	while (loop->signal_fd >= 0 &&
	       read(loop->signal_fd, &facts, sizeof facts) == sizeof facts) {
		for (size_t i = 0; i < loop->signal_count; i++) {
			if ((uint32_t)loop->signals[i].number == facts.ssi_signo) {
				loop->signals[i].callback(loop->signals[i].context);
			}
		}
	}
}

void loop_on_signal(struct loop *loop, int signal_number, loop_callback *callback, void *context)
{
	sigset_t handled;
	size_t row = 0;

	while (row < loop->signal_count && loop->signals[row].number != signal_number) {
		row++;
	}
	assert(row < SIGNALS_MAX);
	loop->signals[row] = (struct signal_row){ signal_number, callback, context };
	loop->signal_count += row == loop->signal_count;

	(void)sigemptyset(&handled);
	for (size_t i = 0; i < loop->signal_count; i++) {
		(void)sigaddset(&handled, loop->signals[i].number);
	}
	(void)sigprocmask(SIG_BLOCK, &handled, NULL);
	loop->signal_fd = signalfd(loop->signal_fd, &handled, SFD_NONBLOCK | SFD_CLOEXEC);
	if (loop->signal_fd < 0) {
		end_without("signalfd");
	}
	if (loop->signal_watch == NULL) {
		loop->signal_watch =
			loop_watch(loop, loop->signal_fd, LOOP_READ, on_signal_ready, loop);
	}
}

/*
 * The loop
 */

struct loop *loop_new(void)
{
	struct loop *loop = alloc_zeroed(1, sizeof *loop);

	loop->signal_fd = -1;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0) {
		end_without("epoll_create1");
	}
	for (size_t i = 0; i < LOOP_PHASES; i++) {
		circle_init(&loop->tasks[i]);
	}
	return loop;
}

void loop_free(struct loop **loop)
{
	struct loop *l = *loop;

	if (l == NULL) {
		return;
	}
	*loop = NULL;
	loop_unwatch(&l->signal_watch);
	run_tasks(l, LOOP_BURY);
	if (l->signal_fd >= 0) {
		(void)close(l->signal_fd);
	}
	(void)close(l->epoll_fd);
	free(l->heap);
	free(l);
}

void loop_on_idle(struct loop *loop, loop_callback *callback, void *context)
{
	loop->idle = callback;
	loop->idle_context = context;
}

void loop_stop(struct loop *loop)
{
	loop->is_stopped = true;
}

/* The number of events handled. */
static int handle_batch(struct loop *loop, int timeout_ms)
{
	struct epoll_event batch[BATCH_MAX];
	int count = epoll_wait(loop->epoll_fd, batch, BATCH_MAX, timeout_ms);

	if (count < 0 && errno != EINTR) {
		end_without("epoll_wait");
	}
	for (int i = 0; i < count; i++) {
		struct loop_watch *watch = batch[i].data.ptr;
		unsigned events = loop_events(batch[i].events);

		/* one that was unwatched, or asks for nothing, since the batch was taken */
		if (watch->events != 0) {
			watch->handler(watch->context, events);
		}
	}
	return count;
}

static void finish_turn(struct loop *loop)
{
	if (loop->idle != NULL) {
		loop->idle(loop->idle_context);
	}
	run_tasks(loop, LOOP_FLUSH);
	run_tasks(loop, LOOP_BURY);
}

void loop_turn(struct loop *loop, int timeout_ms)
{
	int timer_ms;
	int batches = 0;

	/* what was sent since the last turn, by whom no handler had called */
	run_tasks(loop, LOOP_FLUSH);
	timer_ms = circle_is_empty(&loop->tasks[LOOP_SOON]) ? ms_to_next_timer(loop) : 0;
	if (timer_ms >= 0 && (timeout_ms < 0 || timer_ms < timeout_ms)) {
		timeout_ms = timer_ms;
	}
	while (handle_batch(loop, timeout_ms) == BATCH_MAX && ++batches < BATCHES_MAX) {
		timeout_ms = 0;
	}
	run_timers(loop);
	run_tasks(loop, LOOP_SOON);
	finish_turn(loop);
}

void loop_run(struct loop *loop)
{
	loop->is_stopped = false;
	finish_turn(loop); /* the hook comes before the first sleep too */
	while (!loop->is_stopped) {
		loop_turn(loop, -1);
	}
}
