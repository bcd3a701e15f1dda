/* local.c - the bus over Unix sockets: one channel a link. */
#include "server/bus/bus.h"

#include "base/error.h"
#include "base/mem.h"
#include "sys/alloc.h"
#include "sys/channel.h"
#include "sys/net.h"

#include <stdlib.h>
#include <unistd.h>

/* Bytes that may wait on one link before senders are refused. */
#define QUEUE_BYTES_MAX (32u << 20)

/* Pauses between two attempts to connect, milliseconds. */
#define RETRY_FIRST_MS 10
#define RETRY_LAST_MS  1000

#define ROLE_NAME_SIZE 16

struct bus_link {
	struct loop *loop;
	const struct bus_handler *handler;
	void *context;
	struct channel *channel; /* NULL while broken */
	char role[ROLE_NAME_SIZE];
	bool is_paused;
	/* the server's side */
	struct bus_server *server;
	struct bus_link *next;
	/* the connecting side */
	char *path;
	struct loop_timer *retry;
	int64_t pause_ms;
};

struct bus_server {
	struct loop *loop;
	struct loop_watch *watch;
	int listen_fd;
	const struct bus_handler *handler;
	void *context;
	struct bus_link *links;
};

/* --- both sides --- */

int bus_send(struct bus_link *link, uint8_t kind, uint64_t id, struct span body)
{
	return link->channel == NULL ? ERR_CLOSED : channel_send(link->channel, kind, id, body);
}

bool bus_is_congested(const struct bus_link *link)
{
	return link->channel != NULL && channel_is_congested(link->channel);
}

void bus_pause(struct bus_link *link)
{
	link->is_paused = true;
	if (link->channel != NULL) {
		channel_pause(link->channel);
	}
}

void bus_resume(struct bus_link *link)
{
	link->is_paused = false;
	if (link->channel != NULL) {
		channel_resume(link->channel);
	}
}

const char *bus_role(const struct bus_link *link)
{
	return link->role;
}

static void take_role(struct bus_link *link, struct span name)
{
	name = span_first(name, ROLE_NAME_SIZE - 1);
	mem_copy(link->role, name.ptr, name.len);
	link->role[name.len] = '\0';
}

static void on_message(void *context, uint8_t kind, uint64_t id, struct span body)
{
	struct bus_link *link = context;

	if (kind == BUS_ROLE) {
		if (link->server != NULL) {
			take_role(link, body);
		}
		return;
	}
	link->handler->message(link->context, link, kind, id, body);
}

static void on_drained(void *context)
{
	struct bus_link *link = context;

	if (link->handler->drained != NULL) {
		link->handler->drained(link->context, link);
	}
}

/* --- the server's side --- */

static void served_free(struct bus_link *link)
{
	struct bus_link **at = &link->server->links;

	while (*at != link) {
		at = &(*at)->next;
	}
	*at = link->next;
	channel_free(&link->channel);
	free(link);
}

static void served_closed(void *context)
{
	struct bus_link *link = context;

	link->handler->closed(link->context, link);
	served_free(link);
}

static const struct channel_handler served_handler = {
	.message = on_message,
	.drained = on_drained,
	.closed = served_closed,
};

static void on_connection(void *context, unsigned events)
{
	struct bus_server *server = context;
	int fd;

	(void)events;
	/* one a turn: level-triggered, and there are few */
	fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		struct bus_link *link = alloc_zeroed(1, sizeof *link);

		link->loop = server->loop;
		link->handler = server->handler;
		link->context = server->context;
		link->server = server;
		link->next = server->links;
		server->links = link;
		link->channel =
			channel_new(server->loop, fd, QUEUE_BYTES_MAX, &served_handler, link);
		if (link->handler->opened != NULL) {
			link->handler->opened(link->context, link);
		}
	}
}

struct bus_server *bus_serve(struct loop *loop, int listen_fd, const struct bus_handler *handler,
			     void *context)
{
	struct bus_server *server = alloc_zeroed(1, sizeof *server);

	server->loop = loop;
	server->listen_fd = listen_fd;
	server->handler = handler;
	server->context = context;
	server->watch = loop_watch(loop, listen_fd, LOOP_READ, on_connection, server);
	return server;
}

void bus_server_free(struct bus_server **server)
{
	struct bus_link *next;

	if (*server == NULL) {
		return;
	}
	for (struct bus_link *link = (*server)->links; link != NULL; link = next) {
		next = link->next;
		channel_free(&link->channel);
		free(link);
	}
	loop_unwatch(&(*server)->watch);
	free(*server);
	*server = NULL;
}

/* --- the connecting side --- */

static void connect_later(struct bus_link *link)
{
	loop_timer_arm(link->retry, link->pause_ms);
	link->pause_ms *= 2;
	if (link->pause_ms > RETRY_LAST_MS) {
		link->pause_ms = RETRY_LAST_MS;
	}
}

static void connector_closed(void *context)
{
	struct bus_link *link = context;

	channel_free(&link->channel);
	connect_later(link);
	link->handler->closed(link->context, link);
}

static const struct channel_handler connector_handler = {
	.message = on_message,
	.drained = on_drained,
	.closed = connector_closed,
};

static void try_to_connect(void *context)
{
	struct bus_link *link = context;
	int fd;

	if (net_unix_connect(link->path, &fd, NULL) != 0) {
		connect_later(link);
		return;
	}
	link->channel = channel_new(link->loop, fd, QUEUE_BYTES_MAX, &connector_handler, link);
	if (channel_send(link->channel, BUS_ROLE, 0, span_of(link->role)) != 0) {
		channel_free(&link->channel);
		connect_later(link);
		return;
	}
	link->pause_ms = RETRY_FIRST_MS;
	if (link->is_paused) {
		channel_pause(link->channel);
	}
	if (link->handler->opened != NULL) {
		link->handler->opened(link->context, link);
	}
}

struct bus_link *bus_connect(struct loop *loop, const char *path, const char *role,
			     const struct bus_handler *handler, void *context)
{
	struct bus_link *link = alloc_zeroed(1, sizeof *link);

	link->loop = loop;
	link->handler = handler;
	link->context = context;
	link->path = alloc_text(path);
	link->pause_ms = RETRY_FIRST_MS;
	take_role(link, span_of(role));
	link->retry = loop_timer(loop, try_to_connect, link);
	loop_timer_arm(link->retry, 0); /* from the loop, so that the caller has its link first */
	return link;
}

void bus_link_free(struct bus_link **link)
{
	if (*link == NULL) {
		return;
	}
	channel_free(&(*link)->channel);
	loop_timer_free(&(*link)->retry);
	free((*link)->path);
	free(*link);
	*link = NULL;
}
