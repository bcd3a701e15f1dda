/*
 * net.h - addresses as text, and sockets that never block.
 */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/why.h"

/* "[2001:db8::1]:65535", a host name of 253 characters and a NUL. */
#define NET_TEXT_SIZE 264

struct net_address {
	struct sockaddr_storage storage;
	socklen_t length;
};

/* "127.0.0.1:8443", "[::1]:0", ":8443" (every address). Numeric only; no look-up. */
MUST_USE int net_address_parse(struct span text, struct net_address *out, struct why *why);

/* "HOST:PORT" split; HOST may be a name. */
MUST_USE int net_split(struct span text, char host[256], char port[6], struct why *why);
void net_address_text(const struct net_address *address, char out[NET_TEXT_SIZE]);

/* Without the port. */
void net_host_text(const struct net_address *address, char out[NET_TEXT_SIZE]);
bool net_is_loopback(const struct net_address *address);

/* A listening TCP socket, nonblocking, close-on-exec; out_bound is where (port 0 resolved). */
MUST_USE int net_listen(const struct net_address *address, int *out_fd,
			struct net_address *out_bound, struct why *why);

/* ERR_AGAIN where nobody waits; ERR_FULL where descriptors are used up: somebody still waits then,
 * so stop watching for a while. TCP_NODELAY is set. */
MUST_USE int net_accept(int listen_fd, int *out_fd, struct net_address *out_peer);

/* Starts connecting; the socket is writable when that ended, then ask net_connect_result. */
MUST_USE int net_connect_start(const struct net_address *address, int *out_fd, struct why *why);
MUST_USE int net_connect_result(int fd, struct why *why);

/* The round trip to the other side in microseconds as TCP has measured it, without our own delays;
 * INT64_MAX where it is not known. */
int64_t net_round_trip_us(int fd);

/* Looks a name up, blocking: at most max addresses. */
MUST_USE int net_resolve(const char *host, const char *port, struct net_address *out, size_t max,
			 size_t *out_count, struct why *why);

/* The name that an address has (PTR, /etc/hosts), blocking, as it was told: a stranger's word.
 * ERR_NOT_FOUND; ERR_AGAIN where no server answered. */
MUST_USE int net_name_of(const struct net_address *address, char out[NET_TEXT_SIZE],
			 struct why *why);

/* A connected pair of nonblocking, close-on-exec Unix stream sockets. */
MUST_USE int net_pair(int out_fds[2]);

/* A listening Unix stream socket at path (replaced where it exists), mode 0600. */
MUST_USE int net_unix_listen(const char *path, int *out_fd, struct why *why);
MUST_USE int net_unix_connect(const char *path, int *out_fd, struct why *why);
