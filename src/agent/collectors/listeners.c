/*
 * listeners.c - TCP sockets that listen and UDP sockets that take from anybody, by sock_diag(7),
 * and whose they are.
 *
 * A UDP socket that asks a question looks no other than one that waits for questions. From port
 * 1024 up, one is reported only when a second look finds it still there, so that a resolver's are
 * not.
 *
 * Several sockets on the same address and port (SO_REUSEPORT, or one socket in several processes)
 * are one row, of the process with the lowest number.
 */
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "agent/collectors/certificate_servers.h"
#include "agent/collectors/table.h"
#include "agent/collectors/user_names.h"
#include "agent/netlink_dump.h"
#include "agent/served_listeners.h"
#include "agent/socket_owners.h"
#include "base/error.h"
#include "formats/address_text.h"
#include "formats/proc_sockstat.h"
#include "schema/schema.h"
#include "sys/alloc.h"

#define SOCKETS_MAX      65536
#define PASSWD_MAX       (16u << 20)
#define STATE_LISTEN_BIT (1u << 10) /* TCP_LISTEN of the kernel's tcp_states.h */
#define STATE_CLOSE_BIT  (1u << 7)  /* TCP_CLOSE: a UDP socket that is not connected */

/* The kernel tells of no UDP socket. Counting them every second costs some 10 us. */
#define UDP_PERIOD_MS    1000
#define UDP_LASTING_PORT 1024

static uint64_t count_udp(struct span file)
{
	uint64_t count;

	return proc_sockstat_in_use(file, "UDP", &count) == 0 ? count : 0;
}

static uint64_t count_udp6(struct span file)
{
	uint64_t count;

	return proc_sockstat_in_use(file, "UDP6", &count) == 0 ? count : 0;
}

static void listeners_watch(struct signals *signals)
{
	signals_on_listen(signals, TABLE_LISTENERS);
	if (!signals_has_tracepoint(signals)) {
		return; /* all sockets are looked at so often that counting some of them is no use
			 */
	}
	signals_on_measure(signals, TABLE_LISTENERS, "/proc/net/sockstat", UDP_PERIOD_MS,
			   count_udp);
	signals_on_measure(signals, TABLE_LISTENERS, "/proc/net/sockstat6", UDP_PERIOD_MS,
			   count_udp6);
}

struct listener {
	uint8_t address[16];
	uint8_t address_len;
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP */
	uint16_t port;
	uint32_t uid;
	uint32_t inode;
	pid_t pid; /* 0 where not known */
};

struct listeners_walk {
	struct socket_owners *owners;
	uint8_t protocol; /* of the dump at hand */
	bool is_first;    /* nothing is remembered of an earlier walk */
	struct listener *sockets;
	size_t count;
	size_t capacity;
};

/* May be gone in a moment: only the next walk that finds it still there tells of it. */
static bool is_fleeting(struct listeners_walk *walk, const struct netlink_socket *found)
{
	return walk->protocol == IPPROTO_UDP && found->source_port >= UDP_LASTING_PORT &&
	       !walk->is_first && !socket_owners_knows(walk->owners, found->inode);
}

static void take(void *context, const struct netlink_message *message)
{
	struct listeners_walk *walk = context;
	struct netlink_socket found;
	struct listener *socket;

	if (netlink_socket_parse(message, &found) != 0 || walk->count == SOCKETS_MAX ||
	    found.source.len > sizeof socket->address) {
		return;
	}
	if (is_fleeting(walk, &found)) {
		socket_owners_remember(walk->owners, found.inode);
		return;
	}
	if (walk->count == walk->capacity) {
		walk->capacity = walk->capacity == 0 ? 32 : 2 * walk->capacity;
		walk->sockets = alloc_resize(walk->sockets, walk->capacity, sizeof *walk->sockets);
	}
	socket = &walk->sockets[walk->count++];
	memset(socket, 0, sizeof *socket); /* compared whole */
	memcpy(socket->address, found.source.ptr, found.source.len);
	socket->address_len = (uint8_t)found.source.len;
	socket->protocol = walk->protocol;
	socket->port = found.source_port;
	socket->uid = found.uid;
	socket->inode = found.inode;
	socket_owners_expect(walk->owners, found.inode);
}

static int dump(const struct machine *machine, uint8_t family, uint8_t protocol,
		struct listeners_walk *walk)
{
	const struct inet_diag_req_v2 request = { .sdiag_family = family,
						  .sdiag_protocol = protocol,
						  .idiag_states = protocol == IPPROTO_TCP
									  ? STATE_LISTEN_BIT
									  : STATE_CLOSE_BIT };

	walk->protocol = protocol;
	return netlink_dump(machine->diag_fd, SOCK_DIAG_BY_FAMILY,
			    (struct span){ (const uint8_t *)&request, sizeof request }, take, walk);
}

static int compare_place(const struct listener *a, const struct listener *b)
{
	int order = (int)a->protocol - (int)b->protocol;

	if (order == 0) {
		order = (int)a->address_len - (int)b->address_len;
	}
	if (order == 0) {
		order = memcmp(a->address, b->address, sizeof a->address);
	}
	return order != 0 ? order : (int)a->port - (int)b->port;
}

/* By place; known owners first, the lowest process number of them, then the oldest socket. */
static int by_place_and_pid(const void *x, const void *y)
{
	const struct listener *a = x;
	const struct listener *b = y;
	int order = compare_place(a, b);

	if (order != 0) {
		return order;
	}
	if ((a->pid == 0) != (b->pid == 0)) {
		return a->pid == 0 ? 1 : -1;
	}
	if (a->pid != b->pid) {
		return a->pid < b->pid ? -1 : 1;
	}
	return a->inode < b->inode ? -1 : a->inode > b->inode;
}

static void emit(struct collection *c, const struct listener *socket, struct span passwd,
		 struct socket_owner *owner)
{
	uint8_t address[ADDRESS_TEXT_SIZE];
	uint8_t number[16];
	struct writer aw = writer_over(address, sizeof address);
	struct writer nw = writer_over(number, sizeof number);
	struct row *row = collection_row(c);

	row_set_text(row, LISTENERS_PROTOCOL,
		     span_of(socket->protocol == IPPROTO_TCP ? "tcp" : "udp"));
	address_text_write(&aw, (struct span){ socket->address, socket->address_len });
	row_set_text(row, LISTENERS_ADDRESS, writer_span(&aw));
	row_set_integer(row, LISTENERS_PORT, socket->port);
	row_set_text(row, LISTENERS_USER, user_names_of(passwd, socket->uid, &nw));
	if (socket_owners_get(c->machine->owners, socket->inode, owner) == 0) {
		row_set_text_if_any(row, LISTENERS_PROCESS, span_of(owner->process));
		row_set_text_if_any(row, LISTENERS_EXECUTABLE, span_of(owner->executable));
		if (socket->protocol == IPPROTO_TCP &&
		    certificate_servers_has(span_of(owner->process))) {
			served_listeners_add(c->machine->served, span_of(owner->process),
					     writer_span(&aw), socket->port);
		}
	}
	collection_emit(c);
}

static void emit_all(struct collection *c, struct listeners_walk *walk)
{
	struct socket_owner *owner OWNED(alloc_free) = alloc_zeroed(1, sizeof *owner);
	struct buffer passwd OWNED(buffer_done);

	buffer_init(&passwd, PASSWD_MAX);
	if (tree_read(c->machine->tree, "/etc/passwd", &passwd) != 0) {
		buffer_clear(&passwd); /* users are then numbers */
	}
	for (size_t i = 0; i < walk->count; i++) {
		walk->sockets[i].pid = socket_owners_pid(walk->owners, walk->sockets[i].inode);
	}
	if (walk->count > 0) {
		qsort(walk->sockets, walk->count, sizeof *walk->sockets, by_place_and_pid);
	}
	served_listeners_begin(c->machine->served);
	for (size_t i = 0; i < walk->count; i++) {
		if (i == 0 || compare_place(&walk->sockets[i - 1], &walk->sockets[i]) != 0) {
			emit(c, &walk->sockets[i], buffer_span(&passwd), owner);
		}
	}
	served_listeners_end(c->machine->served);
}

static int listeners_collect(struct collection *c)
{
	struct listeners_walk walk = { .owners = c->machine->owners };
	int error;

	if (!c->machine->is_live) {
		return 0;
	}
	walk.is_first = socket_owners_is_empty(walk.owners);
	socket_owners_begin(walk.owners);
	error = dump(c->machine, AF_INET, IPPROTO_TCP, &walk);
	if (error == 0) {
		error = dump(c->machine, AF_INET6, IPPROTO_TCP, &walk);
	}
	if (error == 0) {
		error = dump(c->machine, AF_INET, IPPROTO_UDP, &walk);
	}
	if (error == 0) {
		error = dump(c->machine, AF_INET6, IPPROTO_UDP, &walk);
	}
	if (error == 0) {
		socket_owners_find(walk.owners);
		emit_all(c, &walk);
	}
	alloc_free(&walk.sockets);
	return error;
}

const struct collector collector_listeners = {
	.name = "listeners",
	.summary = "TCP sockets that listen, UDP sockets that wait; their processes and users",
	.table = TABLE_LISTENERS,
	.watch = listeners_watch,
	.collect = listeners_collect,
};
