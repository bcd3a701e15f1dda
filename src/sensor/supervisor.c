/*
 * supervisor.c - starts observer and connector, and starts both anew when one has died.
 *
 * It reads nothing from outside. It keeps the capabilities that a new observer needs before its own
 * sandbox, and no others.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "schema/schema.h"
#include "sensor/sensor.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/loop.h"
#include "sys/net.h"
#include "sys/process.h"

#define PAUSE_FIRST_MS   100
#define PAUSE_LONGEST_MS 30000

/* Having run for so long, the next death is counted as the first again. */
#define STEADY_MS 60000

/* For a child to end after it was asked to. */
#define FAREWELL_MS 3000

/* A table whose reading hung is left out for so long at least. */
#define HUNG_FOR_MS 3600000

/* Collectors that hang where not even SIGKILL reaches them (a dead file server): more are not
 * started. */
#define STUCK_MAX 8

struct child {
	const char *name;
	int (*body)(void *child);
	pid_t pid; /* 0 where it does not run */
};

enum { OBSERVER, CONNECTOR, CHILDREN };

struct supervisor {
	const struct sensor_program *program;
	struct sensor_settings *settings;
	struct loop *loop;
	struct loop_timer *timer; /* to start anew, or to end what does not end */
	struct child children[CHILDREN];
	bool is_ending;
	int status;
	unsigned deaths;
	int64_t started_ms;
	int64_t hung_ms; /* when the last one was found to hang */
	bool is_killed;  /* what still runs was sent SIGKILL */
	unsigned stuck;
};

static bool is_any_running(const struct supervisor *s)
{
	return s->children[OBSERVER].pid != 0 || s->children[CONNECTOR].pid != 0;
}

static void signal_children(const struct supervisor *s, int number)
{
	for (int i = 0; i < CHILDREN; i++) {
		if (s->children[i].pid != 0) {
			(void)kill(s->children[i].pid, number);
		}
	}
}

/* The agent ends, with this status, as soon as both processes have. */
static void end(struct supervisor *s, int status)
{
	if (s->is_ending) {
		return;
	}
	s->is_ending = true;
	s->status = status;
	signal_children(s, SIGTERM);
	loop_timer_arm(s->timer, FAREWELL_MS);
	if (!is_any_running(s)) {
		loop_stop(s->loop);
	}
}

static int start_child(struct supervisor *s, int which, const int fds[2])
{
	struct child *child = &s->children[which];
	struct sensor_child told = { .settings = s->settings,
				     .program = s->program,
				     .channel_fd = fds[which],
				     .other_fd = fds[1 - which] };

	return process_spawn(child->name, child->body, &told, &child->pid);
}

static void start_both(struct supervisor *s)
{
	int fds[CHILDREN];
	int error = net_pair(fds);

	s->started_ms = clock_ms();
	s->is_killed = false;
	s->settings->is_stuck = s->stuck > 0;
	if (s->stuck == 0 && clock_ms() - s->hung_ms > HUNG_FOR_MS) {
		s->settings->hung_tables = 0;
	}
	if (error == 0) {
		for (int i = 0; error == 0 && i < CHILDREN; i++) {
			error = start_child(s, i, fds);
		}
		file_close(&fds[OBSERVER]);
		file_close(&fds[CONNECTOR]);
	}
	if (error != 0) {
		log_error("cannot start", log_text("error", error_text(error)));
		end(s, SENSOR_FAILED);
	}
}

static int64_t next_pause(struct supervisor *s)
{
	int64_t pause = PAUSE_FIRST_MS;

	s->deaths = clock_ms() - s->started_ms > STEADY_MS ? 1 : s->deaths + 1;
	for (unsigned i = 1; i < s->deaths && pause < PAUSE_LONGEST_MS; i++) {
		pause *= 2;
	}
	return pause < PAUSE_LONGEST_MS ? pause : PAUSE_LONGEST_MS;
}

static void tell_death(const struct child *child, int status)
{
	if (WIFSIGNALED(status)) {
		log_warn("process was killed", log_text("process", child->name),
			 log_number("signal", WTERMSIG(status)));
	} else if (WEXITSTATUS(status) != SENSOR_DONE && WEXITSTATUS(status) != SENSOR_RESTART) {
		log_warn("process ended", log_text("process", child->name),
			 log_number("status", WEXITSTATUS(status)));
	}
}

/* The connector says that the collector does not move; politeness would not reach it. */
static void note_hang(struct supervisor *s, unsigned table)
{
	s->hung_ms = clock_ms();
	if (table != 0) {
		s->settings->hung_tables |= UINT64_C(1) << table;
	}
	signal_children(s, SIGKILL);
	s->is_killed = true;
}

/* One of the two is gone: the other one has nobody to talk to. */
static void mourn(struct supervisor *s, struct child *child, int status)
{
	bool is_told = WIFEXITED(status) &&
		       (WEXITSTATUS(status) == SENSOR_DONE || WEXITSTATUS(status) == SENSOR_FAILED);
	bool was_pair = is_any_running(s);

	if (s->is_ending) {
		return;
	}
	if (is_told) {
		end(s, WEXITSTATUS(status));
		return;
	}
	tell_death(child, status);
	if (was_pair) {
		signal_children(s, SIGTERM);
		loop_timer_arm(s->timer, FAREWELL_MS);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) >= SENSOR_HUNG &&
	    WEXITSTATUS(status) < SENSOR_HUNG + SCHEMA_TABLES_MAX) {
		note_hang(s, (unsigned)WEXITSTATUS(status) - SENSOR_HUNG);
	}
}

static struct child *find_child(struct supervisor *s, pid_t pid)
{
	for (int i = 0; i < CHILDREN; i++) {
		if (s->children[i].pid == pid) {
			return &s->children[i];
		}
	}
	return NULL;
}

static void on_child(void *context)
{
	struct supervisor *s = context;
	bool was_any_running = is_any_running(s);
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct child *child = find_child(s, pid);

		if (child != NULL) {
			child->pid = 0;
			mourn(s, child, status);
		} else {
			s->stuck -= s->stuck > 0; /* what could not be killed is gone at last */
		}
	}
	if (is_any_running(s) || !was_any_running) {
		return;
	}
	if (s->is_ending) {
		loop_stop(s->loop);
	} else {
		loop_timer_arm(s->timer, next_pause(s));
	}
}

/* It is in the kernel and does not come out; its death waits for it there. The agent goes on
 * without it, and says so. */
static void leave_stuck(struct supervisor *s)
{
	if (s->stuck == STUCK_MAX && !s->is_ending) {
		loop_timer_arm(s->timer, PAUSE_LONGEST_MS);
		return;
	}
	for (int i = 0; i < CHILDREN; i++) {
		if (s->children[i].pid != 0) {
			log_error("process cannot be killed: it waits in the kernel for a file "
				  "system or a device that does not answer",
				  log_text("process", s->children[i].name),
				  log_number("pid", s->children[i].pid));
			s->children[i].pid = 0;
			s->stuck++;
		}
	}
}

static void on_timer(void *context)
{
	struct supervisor *s = context;

	if (is_any_running(s) && !s->is_killed) {
		signal_children(s, SIGKILL); /* it had its time */
		s->is_killed = true;
		loop_timer_arm(s->timer, FAREWELL_MS);
		return;
	}
	if (is_any_running(s)) {
		leave_stuck(s);
	}
	if (s->is_ending) {
		loop_stop(s->loop);
	} else if (!is_any_running(s)) {
		start_both(s);
	}
}

static void on_stop(void *context)
{
	end(context, SENSOR_DONE);
}

int sensor_run(const struct sensor_program *program, struct sensor_settings *settings)
{
	struct supervisor s = { .program = program, .settings = settings, .status = SENSOR_DONE };
	struct why why;

	s.children[OBSERVER] =
		(struct child){ .name = program->observer_name, .body = program->observer };
	s.children[CONNECTOR] =
		(struct child){ .name = "btz-connector", .body = connector_process };
	if (program->confine(program->own, &why) != 0) {
		log_error("cannot confine the sensor", log_text("reason", why.text));
		return SENSOR_FAILED;
	}
	s.loop = loop_new();
	s.timer = loop_timer(s.loop, on_timer, &s);
	loop_on_signal(s.loop, SIGCHLD, on_child, &s);
	loop_on_signal(s.loop, SIGTERM, on_stop, &s);
	loop_on_signal(s.loop, SIGINT, on_stop, &s);
	start_both(&s);
	if (!s.is_ending || is_any_running(&s)) {
		loop_run(s.loop);
	}
	loop_timer_free(&s.timer);
	loop_free(&s.loop);
	return s.status;
}
