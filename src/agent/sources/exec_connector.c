/*
 * exec_connector.c - executions by the kernel's proc connector, where BPF may not be used.
 *
 * It tells process numbers only; all else is read from /proc at once, and of what has ended before
 * that nothing is known but its number. While the events are off what comes is left in the socket
 * and thrown away when they are on again: asking for less later needs CAP_NET_ADMIN on kernels
 * before 6.6, which is gone then.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent/sources/executions.h"
#include "agent/sources/table.h"
#include "base/error.h"
#include "formats/netlink.h"
#include "formats/proc_connector.h"
#include "schema/schema.h"
#include "sys/alloc.h"
#include "sys/file.h"

#define PROC_GROUP    1 /* CN_IDX_PROC */
#define QUEUE_BYTES   (1 << 20)
#define MESSAGE_BYTES 4096
#define TAKEN_MAX     512

struct exec_connector {
	struct event_sink *sink;
	struct executions *executions;
	struct loop_watch *watch;
	int fd;
};

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now = { .tv_sec = 0 };

	(void)clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void take(struct exec_connector *c, struct span datagram, uint64_t asleep_ns)
{
	struct netlink_iterator it = netlink_over(datagram);
	struct netlink_message message;
	struct proc_connector_event event;

	while (netlink_next(&it, &message)) {
		if (proc_connector_parse(message.payload, &event) == 0 &&
		    event.what == PROC_CONNECTOR_EXEC) {
			executions_put(
				c->executions,
				&(struct exec_record){ .boot_ns = event.monotonic_ns + asleep_ns,
						       .pid = event.pid,
						       .uid = EXEC_USER_UNSET,
						       .login_uid = EXEC_USER_UNSET });
		}
	}
}

static void on_readable(void *context, unsigned events)
{
	struct exec_connector *c = context;
	uint64_t asleep_ns = now_ns(CLOCK_BOOTTIME) - now_ns(CLOCK_MONOTONIC);
	uint8_t bytes[MESSAGE_BYTES];

	(void)events;
	executions_begin(c->executions);
	for (int i = 0; i < TAKEN_MAX; i++) {
		struct sockaddr_nl from = { .nl_pid = 1 };
		socklen_t from_len = sizeof from;
		ssize_t len = recvfrom(c->fd, bytes, sizeof bytes, 0, (struct sockaddr *)&from,
				       &from_len);

		if (len < 0 && errno == ENOBUFS) {
			event_sink_lost(c->sink, "kernel", 0);
			continue;
		}
		if (len <= 0) {
			return;
		}
		if (from.nl_pid == 0) { /* from the kernel, and from nobody else */
			take(c, (struct span){ bytes, (size_t)len }, asleep_ns);
		}
	}
}

static bool ask(int fd, bool is_filtered)
{
	uint8_t request[PROC_CONNECTOR_REQUEST];
	size_t len = proc_connector_request(is_filtered, request);

	return send(fd, request, len, 0) == (ssize_t)len;
}

/* The answer to what was asked: an acknowledgement in the first event, with an error where it is
 * refused (proc_event of what PROC_EVENT_NONE, its data the errno). */
static int open_socket(void)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = PROC_GROUP };
	const int size = QUEUE_BYTES;
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR);

	if (fd >= 0) {
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
		if (bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
		    !ask(fd, false) || !ask(fd, true)) {
			int number = errno;

			file_close(&fd);
			errno = number;
		}
	}
	return fd;
}

static void exec_connector_enable(void *state, bool is_on)
{
	struct exec_connector *c = state;
	uint8_t byte;

	if (is_on) {
		while (recv(c->fd, &byte, sizeof byte, MSG_TRUNC) > 0 || errno == ENOBUFS) {
			errno = 0; /* of the time when nobody wanted it */
		}
	}
	loop_watch_change(c->watch, is_on ? LOOP_READ : 0);
}

static void exec_connector_close(void **state)
{
	struct exec_connector *c = *state;

	if (c == NULL) {
		return;
	}
	loop_unwatch(&c->watch);
	executions_free(&c->executions);
	file_close(&c->fd);
	free(c);
	*state = NULL;
}

static int exec_connector_open(const struct source_host *host, void **out_state, struct why *why)
{
	struct exec_connector *c;
	int fd = open_socket();

	if (fd < 0) {
		return why_set(why, ERR_UNSUPPORTED, "the proc connector cannot be listened to: %s",
			       strerror(errno));
	}
	c = alloc_zeroed(1, sizeof *c);
	c->fd = fd;
	c->sink = host->sink;
	c->executions = executions_new(host);
	c->watch = loop_watch(host->loop, fd, 0, on_readable, c);
	*out_state = c;
	return 0;
}

const struct event_source event_source_exec_connector = {
	.name = "exec_connector",
	.summary = "executions, by the proc connector and /proc",
	.slot = SLOT_CONNECTOR,
	.events = 1u << EVENT_EXECUTIONS,
	.open = exec_connector_open,
	.enable = exec_connector_enable,
	.close = exec_connector_close,
};
