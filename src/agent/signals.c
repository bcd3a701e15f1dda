/* signals.c - netlink groups, polled files, the tracepoint; each ends in "this table". */
#include "agent/signals.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/tracepoint.h"
#include "formats/proc_loadavg.h"
#include "formats/uevent.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/log.h"

#define SIGNALS_MAX    32
#define LISTEN_POLL_MS 750
#define UEVENT_BYTES   8192
#define PULSES_MAX     8
#define MEASURED_MAX   4096

/* Tables that one pulse may wake. */
#define PULSE_TABLES_MAX 4

/* Processes come and go: any that lives twice as long is found. */
#define PROCESSES_PERIOD_MS 5000

/* What keeps changing is looked at less often, up to this many periods apart. */
#define PULSE_SLOWEST 4

/* One source of signals for one table. */
struct source {
	struct signals *signals;
	uint16_t table;
	int fd;
	const char *subsystem; /* of uevents */
	struct loop_watch *watch;
};

/* What is looked at every so often, with what it measures each time. All share one timer, and all
 * periods are counted from the same beginning, so that the process wakes once for what is due
 * together. */
struct pulse {
	uint16_t tables[PULSE_TABLES_MAX]; /* ended by 0 */
	int64_t period_ms;
	int64_t due_ms;
	signals_measure *measure; /* NULL: each period counts */
	int fd;                   /* of the measured file, else -1 */
	uint64_t last;
	int64_t slowness; /* periods until the next look: 1 where nothing changes */
	bool is_settling; /* signalled the last time */
};

struct signals {
	struct loop *loop;
	signals_handler *changed;
	void *context;
	struct source sources[SIGNALS_MAX];
	size_t count;
	struct pulse pulses[PULSES_MAX];
	size_t pulse_count;
	struct pulse *processes; /* one of them; NULL where nobody asked */
	struct loop_timer *tick;
	struct tracepoint *tracepoint;
	struct loop_watch *tracepoint_watch;
	struct loop_timer *listen_timer;
	uint16_t listen_table;
};

struct signals *signals_new(struct loop *loop, signals_handler *changed, void *context)
{
	struct signals *s = alloc_zeroed(1, sizeof *s);

	s->loop = loop;
	s->changed = changed;
	s->context = context;
	return s;
}

void signals_free(struct signals **signals)
{
	struct signals *s = *signals;

	if (s == NULL) {
		return;
	}
	for (size_t i = 0; i < s->count; i++) {
		loop_unwatch(&s->sources[i].watch);
		file_close(&s->sources[i].fd);
	}
	for (size_t i = 0; i < s->pulse_count; i++) {
		file_close(&s->pulses[i].fd);
	}
	loop_timer_free(&s->tick);
	loop_unwatch(&s->tracepoint_watch);
	tracepoint_close(&s->tracepoint);
	loop_timer_free(&s->listen_timer);
	free(s);
	*signals = NULL;
}

static void changed(const struct source *source)
{
	source->signals->changed(source->signals->context, source->table, 0);
}

/* A source of its own for the descriptor, which it takes over; -1 is passed over and said. */
static void add_source(struct signals *s, uint16_t table, int fd, unsigned events,
		       loop_handler *handler, const char *subsystem)
{
	struct source *source;

	if (fd < 0 || s->count == SIGNALS_MAX) {
		log_warn("no signal for a table, it is read every hour", log_number("table", table),
			 log_text("error", strerror(errno)));
		return;
	}
	source = &s->sources[s->count++];
	*source = (struct source){ .signals = s, .table = table, .fd = fd, .subsystem = subsystem };
	source->watch = loop_watch(s->loop, fd, events, handler, source);
}

static int open_netlink(int protocol, uint32_t groups)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);

	if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
		file_close(&fd);
	}
	return fd;
}

/* Whatever came, and a queue that ran over (ENOBUFS): look again. */
static void on_route(void *context, unsigned events)
{
	const struct source *source = context;
	uint8_t byte;

	(void)events;
	while (recv(source->fd, &byte, sizeof byte, MSG_TRUNC) > 0 || errno == ENOBUFS) {
		if (errno == ENOBUFS) {
			errno = 0;
		}
	}
	changed(source);
}

void signals_on_route(struct signals *s, uint16_t table, uint32_t groups)
{
	add_source(s, table, open_netlink(NETLINK_ROUTE, groups), LOOP_READ, on_route, NULL);
}

void signals_on_netfilter(struct signals *s, uint16_t table, uint32_t group)
{
	int fd = open_netlink(NETLINK_NETFILTER, 1u << (group - 1));

	if (fd < 0 && errno == EPERM) {
		return; /* its collector says that it is off, and why */
	}
	add_source(s, table, fd, LOOP_READ, on_route, NULL);
}

static void on_uevent(void *context, unsigned events)
{
	const struct source *source = context;
	uint8_t bytes[UEVENT_BYTES];
	struct uevent event;
	bool is_ours = false;
	ssize_t len;

	(void)events;
	for (;;) {
		len = recv(source->fd, bytes, sizeof bytes, 0);
		if (len < 0 && errno == ENOBUFS) {
			is_ours = true;
			continue;
		}
		if (len <= 0) {
			break;
		}
		is_ours = is_ours ||
			  (uevent_parse((struct span){ bytes, (size_t)len }, &event) == 0 &&
			   span_is(event.subsystem, source->subsystem));
	}
	if (is_ours) {
		changed(source);
	}
}

void signals_on_uevent(struct signals *s, uint16_t table, const char *subsystem)
{
	const uint32_t kernel_group = 1;

	add_source(s, table, open_netlink(NETLINK_KOBJECT_UEVENT, kernel_group), LOOP_READ,
		   on_uevent, subsystem);
}

static void on_poll(void *context, unsigned events)
{
	(void)events; /* asking poll(2) has taken the event */
	changed(context);
}

void signals_on_poll(struct signals *s, uint16_t table, const char *path)
{
	add_source(s, table, open(path, O_RDONLY | O_CLOEXEC), LOOP_PRIORITY, on_poll, NULL);
}

/* True where the file says something else than the last time, or cannot be read. */
static bool is_other(struct pulse *pulse)
{
	uint8_t bytes[MEASURED_MAX];
	ssize_t len = pread(pulse->fd, bytes, sizeof bytes, 0);
	uint64_t now;

	if (len < 0) {
		return true;
	}
	now = pulse->measure((struct span){ bytes, (size_t)len });
	if (now == pulse->last) {
		return false;
	}
	pulse->last = now;
	return true;
}

static void look(struct signals *s, struct pulse *pulse, int64_t now_ms)
{
	bool has_changed = pulse->measure == NULL || is_other(pulse);

	for (size_t i = 0; (has_changed || pulse->is_settling) && i < PULSE_TABLES_MAX; i++) {
		if (pulse->tables[i] != 0) {
			s->changed(s->context, pulse->tables[i], 0);
		}
	}
	if (pulse->measure != NULL && has_changed && pulse->is_settling) {
		pulse->slowness =
			2 * pulse->slowness < PULSE_SLOWEST ? 2 * pulse->slowness : PULSE_SLOWEST;
	} else if (!has_changed) {
		pulse->slowness = 1;
	}
	pulse->is_settling = has_changed;
	pulse->due_ms = (now_ms / pulse->period_ms + pulse->slowness) * pulse->period_ms;
}

static void arm_tick(struct signals *s)
{
	int64_t now_ms = clock_ms();
	int64_t due_ms = INT64_MAX;

	for (size_t i = 0; i < s->pulse_count; i++) {
		due_ms = s->pulses[i].due_ms < due_ms ? s->pulses[i].due_ms : due_ms;
	}
	loop_timer_arm(s->tick, due_ms > now_ms ? due_ms - now_ms : 0);
}

static void on_tick(void *context)
{
	struct signals *s = context;
	int64_t now_ms = clock_ms();

	for (size_t i = 0; i < s->pulse_count; i++) {
		if (s->pulses[i].due_ms <= now_ms) {
			look(s, &s->pulses[i], now_ms);
		}
	}
	arm_tick(s);
}

/* fd: taken over. */
static struct pulse *add_pulse(struct signals *s, uint16_t table, int64_t period_ms,
			       signals_measure *measure, int fd)
{
	struct pulse *pulse = &s->pulses[s->pulse_count];

	assert(s->pulse_count < PULSES_MAX);
	s->pulse_count++;
	*pulse = (struct pulse){ .tables = { table },
				 .period_ms = period_ms,
				 .due_ms = (clock_ms() / period_ms + 1) * period_ms,
				 .measure = measure,
				 .fd = fd,
				 .slowness = 1 };
	if (s->tick == NULL) {
		s->tick = loop_timer(s->loop, on_tick, s);
	}
	arm_tick(s);
	return pulse;
}

void signals_on_period(struct signals *s, uint16_t table, int64_t period_ms)
{
	(void)add_pulse(s, table, period_ms, NULL, -1);
}

void signals_on_measure(struct signals *s, uint16_t table, const char *path, int64_t period_ms,
			signals_measure *measure)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) { /* where there is no such file there is nothing to count, either */
		(void)add_pulse(s, table, period_ms, measure, fd);
	}
}

/* Another number where any process or thread began or ended meanwhile. */
static uint64_t measure_processes(struct span file)
{
	struct proc_loadavg found;

	if (proc_loadavg_parse(file, &found) != 0) {
		return 0;
	}
	return (uint64_t)found.threads << 32 | found.last_pid;
}

void signals_on_processes(struct signals *s, uint16_t table)
{
	if (s->processes == NULL) {
		int fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);

		s->processes = add_pulse(s, table, PROCESSES_PERIOD_MS, measure_processes, fd);
		return;
	}
	for (size_t i = 0; i < PULSE_TABLES_MAX; i++) {
		if (s->processes->tables[i] == 0) {
			s->processes->tables[i] = table;
			return;
		}
	}
}

static void on_tracepoint(void *context, unsigned events)
{
	struct signals *s = context;
	pid_t pid;

	(void)events;
	while ((pid = tracepoint_take(s->tracepoint)) != 0) {
		s->changed(s->context, s->listen_table, pid);
	}
}

static void on_listen_timer(void *context)
{
	struct signals *s = context;

	s->changed(s->context, s->listen_table, 0);
	loop_timer_arm(s->listen_timer, LISTEN_POLL_MS);
}

void signals_on_listen(struct signals *s, uint16_t table)
{
	struct why why;

	s->listen_table = table;
	if (tracepoint_open(&s->tracepoint, &why) == 0) {
		s->tracepoint_watch = loop_watch(s->loop, tracepoint_fd(s->tracepoint), LOOP_READ,
						 on_tracepoint, s);
		return;
	}
	log_info("listening sockets are looked at every 750 ms", log_text("reason", why.text));
	s->listen_timer = loop_timer(s->loop, on_listen_timer, s);
	loop_timer_arm(s->listen_timer, LISTEN_POLL_MS);
}

bool signals_has_tracepoint(const struct signals *s)
{
	return s->tracepoint != NULL;
}
