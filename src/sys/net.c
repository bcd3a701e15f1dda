/* net.c - sockets. */
#include "sys/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "sys/file.h"

#define HOST_MAX     255
#define PORT_MAX     65535
#define BACKLOG      4096
#define SOCKET_FLAGS (SOCK_NONBLOCK | SOCK_CLOEXEC)

/* Where no socket can be had: the process's or the system's table is full. */
static bool is_exhausted(int number)
{
	return number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM;
}

static int refuse(struct why *why, int number, const char *doing, const char *what)
{
	int error = number == EACCES || number == EPERM ? ERR_DENIED
		    : number == EADDRINUSE              ? ERR_EXISTS
		    : number == ENOENT                  ? ERR_NOT_FOUND
		    : number == ETIMEDOUT               ? ERR_TIMEOUT
		    : number == ECONNREFUSED            ? ERR_CLOSED
		    : number == EAGAIN                  ? ERR_AGAIN
		    : is_exhausted(number)              ? ERR_FULL
							: ERR_IO;

	return why_set(why, error, "cannot %s %s: %s", doing, what, strerror(number));
}

/*
 * Addresses as text
 */

/* HOST:PORT or [HOST]:PORT, the host possibly empty. */
static int split(struct span text, struct span *out_host, uint16_t *out_port, struct why *why)
{
	struct span host = text;
	struct span digits = { 0 };
	uint64_t port;

	for (size_t i = text.len; i > 0 && digits.len == 0; i--) {
		if (text.ptr[i - 1] == ':') {
			host = span_first(text, i - 1);
			digits = span_after(text, i);
			break;
		}
	}
	if (digits.len == 0 || text_to_u64(digits, PORT_MAX, &port) != 0) {
		return why_set(why, ERR_MALFORMED,
			       "'%.*s' has no port; write HOST:PORT, with a port up to 65535",
			       (int)span_first(text, HOST_MAX).len, (const char *)text.ptr);
	}
	if (span_starts_with(host, "[") && span_ends_with(host, "]")) {
		host = span_first(span_after(host, 1), host.len - 2);
	} else if (span_find(host, ':') < host.len) {
		return why_set(why, ERR_MALFORMED, "write an IPv6 address in brackets: [%.*s]:%u",
			       (int)span_first(host, HOST_MAX).len, (const char *)host.ptr,
			       (unsigned)port);
	}
	if (host.len > HOST_MAX || span_find(host, 0) < host.len) {
		return why_set(why, ERR_LIMIT, "no host name is longer than %d characters",
			       HOST_MAX);
	}
	*out_host = host;
	*out_port = (uint16_t)port;
	return 0;
}

int net_split(struct span text, char host[256], char port[6], struct why *why)
{
	struct span name;
	uint16_t number;
	int error = split(text, &name, &number, why);

	if (error != 0) {
		return error;
	}
	if (name.len == 0) {
		return why_set(why, ERR_MALFORMED,
			       "a host is missing before the port; write HOST:%u", number);
	}
	mem_copy(host, name.ptr, name.len);
	host[name.len] = '\0';
	(void)snprintf(port, 6, "%u", number);
	return 0;
}

static void set_ipv4(struct net_address *a, struct in_addr host, uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr = host };

	*a = (struct net_address){ .length = sizeof in };
	mem_copy(&a->storage, &in, sizeof in);
}

static void set_ipv6(struct net_address *a, struct in6_addr host, uint32_t scope, uint16_t port)
{
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(port),
		.sin6_addr = host,
		.sin6_scope_id = scope,
	};

	*a = (struct net_address){ .length = sizeof in6 };
	mem_copy(&a->storage, &in6, sizeof in6);
}

int net_address_parse(struct span text, struct net_address *out, struct why *why)
{
	char host[HOST_MAX + 1];
	struct span name;
	uint16_t port;
	struct in_addr ipv4;
	struct in6_addr ipv6;
	char *percent;
	uint32_t scope = 0;
	int error = split(text, &name, &port, why);

	if (error != 0) {
		return error;
	}
	mem_copy(host, name.ptr, name.len);
	host[name.len] = '\0';
	if (name.len == 0) {
		set_ipv6(out, in6addr_any, 0, port);
		return 0;
	}
	if (inet_pton(AF_INET, host, &ipv4) == 1) {
		set_ipv4(out, ipv4, port);
		return 0;
	}
	percent = strchr(host, '%');
	if (percent != NULL) {
		*percent = '\0';
		scope = if_nametoindex(percent + 1);
	}
	if (inet_pton(AF_INET6, host, &ipv6) == 1 && (percent == NULL || scope != 0)) {
		set_ipv6(out, ipv6, scope, port);
		return 0;
	}
	return why_set(why, ERR_MALFORMED,
		       "'%.*s' is no numeric address, such as 127.0.0.1 or [::1]", (int)name.len,
		       (const char *)name.ptr);
}

static struct sockaddr_in as_ipv4(const struct net_address *address)
{
	struct sockaddr_in in;

	mem_copy(&in, &address->storage, sizeof in);
	return in;
}

static struct sockaddr_in6 as_ipv6(const struct net_address *address)
{
	struct sockaddr_in6 in6;

	mem_copy(&in6, &address->storage, sizeof in6);
	return in6;
}

/* A socket that listens on both sees IPv4 as ::ffff:192.0.2.1 (RFC 4291 section 2.5.5.2). */
static bool take_ipv4(const struct net_address *address, struct in_addr *out)
{
	struct sockaddr_in6 in6 = as_ipv6(address);

	if (address->storage.ss_family == AF_INET) {
		*out = as_ipv4(address).sin_addr;
		return true;
	}
	if (address->storage.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
		mem_copy(out, in6.sin6_addr.s6_addr + 12, sizeof *out);
		return true;
	}
	return false;
}

void net_host_text(const struct net_address *address, char out[NET_TEXT_SIZE])
{
	struct in_addr ipv4;
	struct sockaddr_in6 in6 = as_ipv6(address);

	if (take_ipv4(address, &ipv4)) {
		(void)inet_ntop(AF_INET, &ipv4, out, NET_TEXT_SIZE);
	} else if (address->storage.ss_family == AF_INET6) {
		(void)inet_ntop(AF_INET6, &in6.sin6_addr, out, NET_TEXT_SIZE);
	} else {
		(void)snprintf(out, NET_TEXT_SIZE, "%s",
			       address->storage.ss_family == AF_UNIX ? "local" : "-");
	}
}

void net_address_text(const struct net_address *address, char out[NET_TEXT_SIZE])
{
	char host[NET_TEXT_SIZE];
	bool is_internet =
		address->storage.ss_family == AF_INET || address->storage.ss_family == AF_INET6;
	bool is_bracketed;

	net_host_text(address, host);
	is_bracketed = strchr(host, ':') != NULL;
	if (is_internet) {
		/* both families have the port in the same place */
		(void)snprintf(out, NET_TEXT_SIZE, "%s%.200s%s:%u", is_bracketed ? "[" : "", host,
			       is_bracketed ? "]" : "", ntohs(as_ipv4(address).sin_port));
	} else {
		(void)snprintf(out, NET_TEXT_SIZE, "%.200s", host);
	}
}

bool net_is_loopback(const struct net_address *address)
{
	struct sockaddr_in6 in6 = as_ipv6(address);
	struct in_addr ipv4;

	if (take_ipv4(address, &ipv4)) {
		return ntohl(ipv4.s_addr) >> 24 == 127;
	}
	return address->storage.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
}

/*
 * TCP
 */

static void set_option(int fd, int level, int option, int value)
{
	/* each of ours only makes things better */
	(void)setsockopt(fd, level, option, &value, sizeof value);
}

static const struct sockaddr *raw(const struct net_address *address)
{
	return (const struct sockaddr *)&address->storage;
}

/* Every address, on a machine whose kernel has no IPv6. */
static bool is_every_ipv6(const struct net_address *address)
{
	struct sockaddr_in6 in6 = as_ipv6(address);

	return address->storage.ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&in6.sin6_addr);
}

int net_listen(const struct net_address *address, int *out_fd, struct net_address *out_bound,
	       struct why *why)
{
	struct net_address at = *address;
	OWNED(file_close) int fd = -1;
	char text[NET_TEXT_SIZE];

	fd = socket(at.storage.ss_family, SOCK_STREAM | SOCKET_FLAGS, 0);
	if (fd < 0 && errno == EAFNOSUPPORT && is_every_ipv6(&at)) {
		set_ipv4(&at, (struct in_addr){ INADDR_ANY }, ntohs(as_ipv6(&at).sin6_port));
		fd = socket(AF_INET, SOCK_STREAM | SOCKET_FLAGS, 0);
	}
	net_address_text(&at, text);
	if (fd < 0) {
		return refuse(why, errno, "listen on", text);
	}
	set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (at.storage.ss_family == AF_INET6) {
		set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	}
	if (bind(fd, raw(&at), at.length) != 0 || listen(fd, BACKLOG) != 0) {
		return refuse(why, errno, "listen on", text);
	}
	at.length = sizeof at.storage;
	if (getsockname(fd, (struct sockaddr *)&at.storage, &at.length) != 0) {
		return refuse(why, errno, "ask the address of", text);
	}
	*out_bound = at;
	*out_fd = fd;
	fd = -1;
	return 0;
}

int net_accept(int listen_fd, int *out_fd, struct net_address *out_peer)
{
	struct net_address peer = { .length = sizeof peer.storage };
	int fd;

	do {
		fd = accept4(listen_fd, (struct sockaddr *)&peer.storage, &peer.length,
			     SOCKET_FLAGS);
		/* one that gave up while it waited is no reason to keep the next one waiting */
	} while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	if (fd < 0) {
		return is_exhausted(errno)                                      ? ERR_FULL
		       : errno == EBADF || errno == EINVAL || errno == ENOTSOCK ? ERR_IO
										: ERR_AGAIN;
	}
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	*out_peer = peer;
	*out_fd = fd;
	return 0;
}

static int refuse_address(struct why *why, int number, const struct net_address *address)
{
	char text[NET_TEXT_SIZE];

	net_address_text(address, text);
	return refuse(why, number, "connect to", text);
}

int net_connect_start(const struct net_address *address, int *out_fd, struct why *why)
{
	OWNED(file_close)
	int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCKET_FLAGS, 0);

	if (fd < 0) {
		return refuse_address(why, errno, address);
	}
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (connect(fd, raw(address), address->length) != 0 && errno != EINPROGRESS) {
		return refuse_address(why, errno, address);
	}
	*out_fd = fd;
	fd = -1;
	return 0;
}

int net_connect_result(int fd, struct why *why)
{
	int number = 0;
	socklen_t length = sizeof number;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &length) != 0) {
		number = errno;
	}
	return number == 0 ? 0 : refuse(why, number, "connect", "to the server");
}

int64_t net_round_trip_us(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t length = sizeof info;

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0 || info.tcpi_rtt == 0) {
		return INT64_MAX;
	}
	return info.tcpi_rtt;
}

int net_resolve(const char *host, const char *port, struct net_address *out, size_t max,
		size_t *out_count, struct why *why)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	int result = getaddrinfo(host, port, &hints, &found);
	size_t count = 0;

	if (result != 0) {
		return why_set(why, result == EAI_AGAIN ? ERR_AGAIN : ERR_NOT_FOUND,
			       "cannot find the address of '%.255s': %s", host,
			       gai_strerror(result));
	}
	for (struct addrinfo *a = found; a != NULL && count < max; a = a->ai_next) {
		if (a->ai_addrlen <= sizeof out->storage) {
			out[count] = (struct net_address){ .length = a->ai_addrlen };
			mem_copy(&out[count].storage, a->ai_addr, a->ai_addrlen);
			count++;
		}
	}
	freeaddrinfo(found);
	*out_count = count;
	return 0;
}

int net_name_of(const struct net_address *address, char out[NET_TEXT_SIZE], struct why *why)
{
	char name[NET_TEXT_SIZE];
	int result = getnameinfo((const struct sockaddr *)&address->storage, address->length, name,
				 sizeof name, NULL, 0, NI_NAMEREQD);

	if (result != 0) {
		return why_set(why, result == EAI_AGAIN ? ERR_AGAIN : ERR_NOT_FOUND,
			       "the address has no name: %s", gai_strerror(result));
	}
	(void)snprintf(out, NET_TEXT_SIZE, "%s", name);
	return 0;
}

/*
 * Local sockets
 */

int net_pair(int out_fds[2])
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCKET_FLAGS, 0, fds) != 0) {
		return is_exhausted(errno) ? ERR_FULL : ERR_IO;
	}
	out_fds[0] = fds[0];
	out_fds[1] = fds[1];
	return 0;
}

static int unix_address(const char *path, struct sockaddr_un *out, struct why *why)
{
	size_t len = strlen(path);

	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (len == 0 || len >= sizeof out->sun_path) {
		return why_set(
			why, ERR_LIMIT,
			"a socket's path has at most %zu characters, this one has %zu: %.200s",
			sizeof out->sun_path - 1, len, path);
	}
	mem_copy(out->sun_path, path, len);
	return 0;
}

int net_unix_listen(const char *path, int *out_fd, struct why *why)
{
	OWNED(file_close) int fd = -1;
	struct sockaddr_un address;
	struct stat facts;
	int error = unix_address(path, &address, why);

	if (error != 0) {
		return error;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCKET_FLAGS, 0);
	if (fd < 0) {
		return refuse(why, errno, "listen on", path);
	}
	if (lstat(path, &facts) == 0 && S_ISSOCK(facts.st_mode)) {
		(void)unlink(path);
	}
	/* the mode of the socket is the mode of the path from its first moment */
	if (fchmod(fd, 0600) != 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
	    listen(fd, BACKLOG) != 0) {
		return refuse(why, errno, "listen on", path);
	}
	*out_fd = fd;
	fd = -1;
	return 0;
}

int net_unix_connect(const char *path, int *out_fd, struct why *why)
{
	OWNED(file_close) int fd = -1;
	struct sockaddr_un address;
	int error = unix_address(path, &address, why);

	if (error != 0) {
		return error;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCKET_FLAGS, 0);
	/* a local socket connects at once or not at all */
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
		return refuse(why, errno, "connect to", path);
	}
	*out_fd = fd;
	fd = -1;
	return 0;
}
