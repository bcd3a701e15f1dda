/* connect.c - nonblocking sockets. */
#include "scan/identify/connect.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "base/error.h"

#define BIND_TRIES 256u /* source ports that may be in use in a row */

static void set_port(struct sockaddr_storage *s, uint16_t port)
{
	if (s->ss_family == AF_INET6) {
		((struct sockaddr_in6 *)s)->sin6_port = htons(port);
	} else {
		((struct sockaddr_in *)s)->sin_port = htons(port);
	}
}

/* The next free port of the range. The same port may serve for other targets at the same time. */
static int bind_source(struct talk_setup *setup, int fd, const struct net_address *address)
{
	const struct identify_options *o = &setup->options;
	struct net_address own = { .length = address->length };
	unsigned count = o->source_port_last - o->source_port_first + 1u;
	int yes = 1;

	own.storage.ss_family = address->storage.ss_family;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	for (unsigned i = 0; i < count && i < BIND_TRIES; i++) {
		unsigned port = o->source_port_first + setup->next_source_port++ % count;

		set_port(&own.storage, (uint16_t)port);
		if (bind(fd, (struct sockaddr *)&own.storage, own.length) == 0) {
			return 0;
		}
		if (errno != EADDRINUSE) {
			return ERR_IO;
		}
	}
	return ERR_FULL;
}

int connect_start(struct talk_setup *setup, const struct net_address *address,
		  enum identify_transport transport, int *out_fd)
{
	int type = transport == IDENTIFY_UDP ? SOCK_DGRAM : SOCK_STREAM;
	int fd = socket(address->storage.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int yes = 1;
	int error = 0;

	if (fd < 0) {
		return errno == EMFILE || errno == ENFILE ? ERR_FULL : ERR_IO;
	}
	if (transport == IDENTIFY_TCP) {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	}
	if (setup->options.source_port_first != 0) {
		error = bind_source(setup, fd, address);
	}
	if (error == 0 &&
	    connect(fd, (const struct sockaddr *)&address->storage, address->length) < 0 &&
	    errno != EINPROGRESS) {
		error = errno == EADDRNOTAVAIL ? ERR_FULL : ERR_IO;
	}
	if (error != 0) {
		close(fd);
		return error;
	}
	*out_fd = fd;
	return 0;
}

int connect_result(int fd)
{
	int error = 0;
	socklen_t len = sizeof error;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0) {
		return ERR_CLOSED;
	}
	return error == 0 ? 0 : error == EINPROGRESS ? ERR_AGAIN : ERR_CLOSED;
}

void connect_end(int *fd, bool abort)
{
	struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	if (*fd < 0) {
		return;
	}
	if (abort) {
		(void)setsockopt(*fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	}
	close(*fd);
	*fd = -1;
}
