/* dial.c - one address after the other. */
#include "sensor/dial.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/attr.h"
#include "base/error.h"
#include "sys/alloc.h"
#include "sys/file.h"
#include "sys/net.h"

#define ADDRESSES_MAX 8

/* What was sent must be received within this time, or the connection is dead: a network that was
 * cut is noticed in a minute, not in the quarter of an hour that TCP itself would wait. */
#define UNACKNOWLEDGED_MS 60000

/* A connection that has nothing to say is tried by the kernel, without waking us. */
#define KEEPALIVE_S          120
#define KEEPALIVE_INTERVAL_S 20
#define KEEPALIVE_TIMES      3

struct dial {
	struct loop *loop;
	struct net_address addresses[ADDRESSES_MAX];
	size_t count;
	size_t next;
	int fd;
	struct loop_watch *watch;
	struct loop_timer *timer;
	struct why why;
	dial_handler *done;
	void *context;
};

static void try_next(struct dial *d);

static void set_option(int fd, int level, int name, int value)
{
	(void)setsockopt(fd, level, name, &value, sizeof value); /* a help, not a need */
}

static void set_patience(int fd)
{
	set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS);
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_S);
	set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
	set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_TIMES);
}

static void give_up(struct dial *d)
{
	loop_unwatch(&d->watch);
	file_close(&d->fd);
	try_next(d);
}

static void on_late(void *context)
{
	struct dial *d = context;

	(void)why_set(&d->why, ERR_TIMEOUT, "no answer within %d s", DIAL_PATIENCE_MS / 1000);
	give_up(d);
}

static void on_writable(void *context, unsigned events)
{
	struct dial *d = context;
	int fd = d->fd;

	(void)events;
	loop_timer_disarm(d->timer);
	if (net_connect_result(fd, &d->why) != 0) {
		give_up(d);
		return;
	}
	loop_unwatch(&d->watch);
	d->fd = -1;
	set_patience(fd);
	d->done(d->context, fd, NULL);
}

static void try_next(struct dial *d)
{
	while (d->next < d->count) {
		if (net_connect_start(&d->addresses[d->next++], &d->fd, &d->why) == 0) {
			d->watch = loop_watch(d->loop, d->fd, LOOP_WRITE, on_writable, d);
			loop_timer_arm(d->timer, DIAL_PATIENCE_MS);
			return;
		}
		d->fd = -1;
	}
	d->done(d->context, -1, d->why.text);
}

/* So that the first answer does not come before dial_new has returned. */
static void on_start(void *context)
{
	struct dial *d = context;

	loop_timer_free(&d->timer);
	d->timer = loop_timer(d->loop, on_late, d);
	try_next(d);
}

int dial_new(struct loop *loop, const char *host, const char *port, dial_handler *done,
	     void *context, struct dial **out, struct why *why)
{
	struct dial *d = alloc_zeroed(1, sizeof *d);
	int error = net_resolve(host, port, d->addresses, ADDRESSES_MAX, &d->count, why);

	if (error != 0) {
		free(d);
		return error;
	}
	d->loop = loop;
	d->fd = -1;
	d->done = done;
	d->context = context;
	d->timer = loop_timer(loop, on_start, d);
	loop_timer_arm(d->timer, 0);
	*out = d;
	return 0;
}

void dial_free(struct dial **dial)
{
	struct dial *d = *dial;

	if (d == NULL) {
		return;
	}
	loop_unwatch(&d->watch);
	loop_timer_free(&d->timer);
	file_close(&d->fd);
	free(d);
	*dial = NULL;
}
