/*
 * exec_tracepoint.c - executions by BPF on the tracepoint sched_process_exec.
 *
 * The first exec after quiet wakes at once; as long as more come, the ring is looked at every
 * PAUSE_MS instead of at each of them.
 */
#include "agent/sources/exec_tracepoint.h"

#include <stdlib.h>

#include "agent/sources/exec_program.h"
#include "agent/sources/executions.h"
#include "agent/sources/table.h"
#include "base/error.h"
#include "schema/schema.h"
#include "sys/alloc.h"
#include "sys/log.h"

/* As long as events are gathered for the server: both are then one wake-up. The ring has room for
 * twice as long at 1,000 of the longest records a second. */
#define PAUSE_MS 100

/* Records taken in one turn; others may want theirs. */
#define TAKEN_MAX 2048

struct exec_tracepoint {
	struct event_sink *sink;
	struct exec_program program;
	struct executions *executions;
	struct loop_watch *watch;
	struct loop_timer *timer;
	uint64_t lost; /* as far as it was told */
};

/* Returns how many there were. */
static size_t take_all(struct exec_tracepoint *t)
{
	struct exec_record record;
	uint64_t lost;
	size_t count = 0;

	executions_begin(t->executions);
	while (count < TAKEN_MAX && exec_program_next(&t->program, &record)) {
		executions_put(t->executions, &record);
		count++;
	}
	lost = t->program.control->lost;
	if (lost != t->lost) {
		event_sink_lost(t->sink, "kernel", lost - t->lost);
		t->lost = lost;
	}
	return count;
}

static void on_readable(void *context, unsigned events)
{
	struct exec_tracepoint *t = context;

	(void)events;
	if (take_all(t) > 0) {
		loop_watch_change(t->watch, 0);
		loop_timer_arm(t->timer, PAUSE_MS);
	}
}

static void on_pause(void *context)
{
	struct exec_tracepoint *t = context;
	size_t count = take_all(t);

	if (count > 0) {
		loop_timer_arm(t->timer, count == TAKEN_MAX ? 0 : PAUSE_MS);
	} else {
		loop_watch_change(t->watch, LOOP_READ);
	}
}

static void exec_tracepoint_enable(void *state, bool is_on)
{
	struct exec_tracepoint *t = state;

	t->program.control->is_off = !is_on;
}

static void exec_tracepoint_close(void **state)
{
	struct exec_tracepoint *t = *state;

	if (t == NULL) {
		return;
	}
	loop_unwatch(&t->watch);
	loop_timer_free(&t->timer);
	executions_free(&t->executions);
	exec_program_close(&t->program);
	free(t);
	*state = NULL;
}

int exec_tracepoint_open_as(const struct source_host *host, bool is_small, void **out_state,
			    struct why *why)
{
	struct exec_tracepoint *t = alloc_zeroed(1, sizeof *t);
	int error = exec_program_open(!is_small, &t->program, why);

	if (error != 0) {
		free(t);
		return error;
	}
	if (!t->program.is_full && !is_small) {
		log_info("arguments and parents of executions are read from /proc: those of short "
			 "lives are missed",
			 log_text("reason", "the kernel has no BTF, or refuses to read by it"));
	}
	t->sink = host->sink;
	t->executions = executions_new(host);
	t->timer = loop_timer(host->loop, on_pause, t);
	t->watch = loop_watch(host->loop, t->program.ring.fd, LOOP_READ, on_readable, t);
	exec_tracepoint_enable(t, false);
	*out_state = t;
	return 0;
}

static int exec_tracepoint_open(const struct source_host *host, void **out_state, struct why *why)
{
	return exec_tracepoint_open_as(host, false, out_state, why);
}

const struct event_source event_source_exec_tracepoint = {
	.name = "exec_tracepoint",
	.summary = "executions, by BPF on sched_process_exec",
	.slot = SLOT_EXECUTIONS,
	.events = 1u << EVENT_EXECUTIONS,
	.open = exec_tracepoint_open,
	.enable = exec_tracepoint_enable,
	.close = exec_tracepoint_close,
};
