/* ways.c - rtnetlink is asked for one address at a time (RTM_GETROUTE). */
#include "scan/ways.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "formats/netlink.h"
#include "sys/alloc.h"
#include "sys/file.h"

#define ANSWER_MAX 8192

/* Routes that are asked for: a hit list of millions goes where its first addresses go. */
#define QUERIES_MAX 65536

struct finder {
	struct ways *ways;
	const char *interface;
	int netlink;
	unsigned queries;
	struct netlink_route route; /* of the last query; borrows from answer */
	uint8_t answer[ANSWER_MAX];
	struct why *why;
};

static struct address address_from(const struct sockaddr *from)
{
	struct address none = { { 0 } };

	if (from != NULL && from->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)from;

		return address_v4(ntohl(in->sin_addr.s_addr));
	}
	if (from != NULL && from->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)(const void *)from;

		return address_v6(in->sin6_addr.s6_addr);
	}
	return none;
}

static bool ask_route(struct finder *f, const struct address *address)
{
	struct span bytes = address_bytes(address);
	struct {
		struct nlmsghdr head;
		struct rtmsg route;
		struct rtattr attribute;
		uint8_t destination[16];
	} request = {
		.head = { .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST },
		.route = { .rtm_family = bytes.len == 4 ? AF_INET : AF_INET6,
			   .rtm_dst_len = (unsigned char)(8 * bytes.len) },
		.attribute = { .rta_type = RTA_DST,
			       .rta_len = (unsigned short)RTA_LENGTH(bytes.len) },
	};
	struct netlink_iterator it;
	struct netlink_message message;
	ssize_t got;

	request.head.nlmsg_len =
		(uint32_t)(NLMSG_LENGTH(sizeof request.route) + RTA_LENGTH(bytes.len));
	mem_copy(request.destination, bytes.ptr, bytes.len);
	if (send(f->netlink, &request, request.head.nlmsg_len, 0) < 0) {
		return false;
	}
	got = recv(f->netlink, f->answer, sizeof f->answer, 0);
	it = netlink_over((struct span){ f->answer, got > 0 ? (size_t)got : 0 });
	return netlink_next(&it, &message) && netlink_route_parse(&message, &f->route) == 0;
}

/* Our address for a destination, as the kernel would choose it. */
static struct address source_for(const struct address *to, unsigned interface)
{
	struct sockaddr_storage storage = { 0 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&storage;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&storage;
	socklen_t size = address_is_v4(to) ? sizeof *v4 : sizeof *v6;
	OWNED(file_close)
	int fd = socket(address_is_v4(to) ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct address none = { { 0 } };

	if (address_is_v4(to)) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(9);
		v4->sin_addr.s_addr = htonl(address_to_v4(to));
	} else {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(9);
		v6->sin6_scope_id = interface;
		mem_copy(v6->sin6_addr.s6_addr, to->bytes, 16);
	}
	if (fd < 0 || connect(fd, (struct sockaddr *)&storage, size) != 0) {
		return none;
	}
	size = sizeof storage;
	if (getsockname(fd, (struct sockaddr *)&storage, &size) != 0) {
		return none;
	}
	return address_from((struct sockaddr *)&storage);
}

static bool take_interface(struct way *way)
{
	OWNED(file_close) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { 0 };

	if (fd < 0 || if_indextoname(way->index, way->interface) == NULL) {
		return false;
	}
	mem_copy(request.ifr_name, way->interface, sizeof way->interface);
	if (ioctl(fd, SIOCGIFHWADDR, &request) != 0) {
		return false;
	}
	way->is_ethernet = request.ifr_hwaddr.sa_family == ARPHRD_ETHER ||
			   request.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK;
	mem_copy(way->mac, request.ifr_hwaddr.sa_data, sizeof way->mac);
	return true;
}

/* The way that the last query found, or -1 where there is none for us. */
static int way_number(struct finder *f, const struct address *first)
{
	struct ways *ways = f->ways;
	struct way way = { .is_v6 = !address_is_v4(first), .index = f->route.interface };
	struct netlink_hops hops = netlink_hops_over(&f->route);
	struct netlink_hop hop;

	if (netlink_hops_next(&hops, &hop)) {
		way.index = hop.interface;
		if (hop.gateway.len == 16) {
			way.gateway = address_v6(hop.gateway.ptr);
		} else if (hop.gateway.len == 4) {
			struct reader r = reader_over(hop.gateway);

			way.gateway = address_v4(reader_be32(&r));
		}
		way.is_neighbours = hop.gateway.len == 0;
	}
	if (!take_interface(&way)) {
		return -1;
	}
	if (f->interface != NULL && strcmp(f->interface, way.interface) != 0) {
		return -1;
	}
	way.is_neighbours = way.is_neighbours && way.is_ethernet;
	way.source = source_for(first, way.index);
	for (size_t i = 0; i < ways->count; i++) {
		if (ways->items[i].index == way.index && ways->items[i].is_v6 == way.is_v6 &&
		    ways->items[i].is_neighbours == way.is_neighbours &&
		    address_equal(&ways->items[i].gateway, &way.gateway)) {
			return (int)i;
		}
	}
	if (ways->count == WAYS_MAX) {
		return -1;
	}
	ways->items[ways->count] = way;
	return (int)ways->count++;
}

static void add_piece(struct ways *ways, const struct targets_range *range, unsigned way)
{
	if (ways->piece_count == ways->piece_capacity) {
		ways->piece_capacity = ways->piece_capacity == 0 ? 16 : 2 * ways->piece_capacity;
		ways->pieces =
			alloc_resize(ways->pieces, ways->piece_capacity, sizeof *ways->pieces);
	}
	ways->pieces[ways->piece_count++] = (struct way_piece){ range->first, range->last, way };
}

static int place_range(struct finder *f, const struct targets_range *range)
{
	int way;

	if (f->queries >= QUERIES_MAX && f->ways->count > 0) {
		add_piece(f->ways, range, (unsigned)f->ways->count - 1);
		return 0;
	}
	f->queries++;
	if (!ask_route(f, &range->first)) {
		return targets_add(f->ways->unreachable, &range->first, &range->last);
	}
	if (f->route.type == RTN_LOCAL) {
		return targets_add(f->ways->local, &range->first, &range->last);
	}
	way = f->route.type == RTN_UNICAST ? way_number(f, &range->first) : -1;
	if (way < 0) {
		return targets_add(f->ways->unreachable, &range->first, &range->last);
	}
	add_piece(f->ways, range, (unsigned)way);
	return 0;
}

static int place_all(struct finder *f, const struct targets *targets)
{
	size_t count;
	const struct targets_range *ranges = targets_ranges(targets, &count);
	int error = 0;

	for (size_t i = 0; i < count && error == 0; i++) {
		error = place_range(f, &ranges[i]);
	}
	return error;
}

static struct targets *copy_of(const struct targets *targets)
{
	struct targets *copy = targets_new();

	/* as large as what it is made of, so within the limits */
	(void)(targets_add_all(copy, targets) == 0 && targets_settle(copy, NULL) == 0);
	return copy;
}

/* Moves the part of rest that lies in one set to another (or, with NULL, to pieces). */
static int move_part(struct finder *f, struct targets *rest, const struct targets *within,
		     struct targets *to)
{
	struct targets *part = copy_of(rest);
	int error;

	targets_intersect(part, within);
	error = to != NULL ? targets_add_all(to, part) : place_all(f, part);
	targets_free(&part);
	targets_subtract(rest, within);
	return error;
}

static unsigned prefix_bits(const struct ifaddrs *entry, bool is_v4)
{
	struct address mask = address_from(entry->ifa_netmask);
	unsigned bits = 0;

	for (unsigned i = is_v4 ? 96 : 0; i < 128 && (mask.bytes[i / 8] & 0x80 >> i % 8) != 0;
	     i++) {
		bits++;
	}
	return bits;
}

/* One link's prefix: its own and its broadcast address are nobody's. */
static int place_link(struct finder *f, struct targets *rest, const struct ifaddrs *entry)
{
	struct address own = address_from(entry->ifa_addr);
	bool is_v4 = address_is_v4(&own);
	unsigned bits = prefix_bits(entry, is_v4);
	struct address first = address_first(&own, bits);
	struct address last = address_last(&own, bits);
	struct targets *set;
	int error = 0;

	if (bits == 0 || bits >= (is_v4 ? 32 : 128)) {
		return 0;
	}
	if (is_v4 && bits < 31) {
		set = targets_new();
		error = targets_add(set, &first, &first) | targets_add(set, &last, &last);
		(void)(targets_settle(set, NULL) == 0);
		error |= move_part(f, rest, set, f->ways->unreachable);
		targets_free(&set);
	}
	set = targets_new();
	error |= targets_add(set, &first, &last);
	(void)(targets_settle(set, NULL) == 0); /* an IPv6 prefix is only cut with */
	error |= move_part(f, rest, set, NULL);
	targets_free(&set);
	return error;
}

static int place_own(struct finder *f, struct targets *rest, const struct ifaddrs *entries)
{
	struct targets *own = targets_new();
	int error = targets_add_word(own, span_of("127.0.0.0/8"), NULL) |
		    targets_add_word(own, span_of("::1"), NULL);

	for (const struct ifaddrs *at = entries; at != NULL; at = at->ifa_next) {
		struct address address = address_from(at->ifa_addr);

		if (at->ifa_addr != NULL &&
		    (at->ifa_addr->sa_family == AF_INET || at->ifa_addr->sa_family == AF_INET6)) {
			error |= targets_add(own, &address, &address);
		}
	}
	error |= targets_settle(own, NULL);
	error |= move_part(f, rest, own, f->ways->local);
	targets_free(&own);
	return error;
}

static int by_first(const void *a, const void *b)
{
	return address_compare(&((const struct way_piece *)a)->first,
			       &((const struct way_piece *)b)->first);
}

static int find_all(struct finder *f, struct targets *rest)
{
	struct ifaddrs *entries = NULL;
	int error;

	if (getifaddrs(&entries) != 0) {
		return why_set(f->why, ERR_IO, "this machine's addresses cannot be listed: %s",
			       strerror(errno));
	}
	error = place_own(f, rest, entries);
	for (const struct ifaddrs *at = entries; at != NULL && error == 0; at = at->ifa_next) {
		if (at->ifa_addr != NULL && at->ifa_netmask != NULL &&
		    (at->ifa_flags & IFF_LOOPBACK) == 0 &&
		    (at->ifa_addr->sa_family == AF_INET || at->ifa_addr->sa_family == AF_INET6)) {
			error = place_link(f, rest, at);
		}
	}
	freeifaddrs(entries);
	return error != 0 ? error : place_all(f, rest);
}

int ways_find(const struct targets *targets, const char *interface, struct ways *out,
	      struct why *why)
{
	OWNED(file_close) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	OWNED(alloc_free) struct finder *f = alloc_zeroed(1, sizeof *f);
	struct targets *rest = copy_of(targets);
	int error;

	*out = (struct ways){ .local = targets_new(), .unreachable = targets_new() };
	f->ways = out;
	f->interface = interface;
	f->netlink = fd;
	f->why = why;
	error = fd < 0 ? why_set(why, ERR_IO, "routes cannot be asked for: %s", strerror(errno))
		       : find_all(f, rest);
	targets_free(&rest);
	if (error == 0) {
		error = targets_settle(out->local, why) | targets_settle(out->unreachable, why);
	}
	if (error != 0) {
		ways_done(out);
		return error;
	}
	if (out->piece_count > 0) {
		qsort(out->pieces, out->piece_count, sizeof *out->pieces, by_first);
	}
	return 0;
}

void ways_done(struct ways *ways)
{
	free(ways->pieces);
	targets_free(&ways->local);
	targets_free(&ways->unreachable);
	*ways = (struct ways){ .count = 0 };
}

const struct way *ways_of(const struct ways *ways, const struct address *address)
{
	size_t low = 0;
	size_t high = ways->piece_count;

	while (high > low) {
		size_t middle = low + (high - low) / 2;
		const struct way_piece *piece = &ways->pieces[middle];

		if (address_compare(address, &piece->first) < 0) {
			high = middle;
		} else if (address_compare(address, &piece->last) > 0) {
			low = middle + 1;
		} else {
			return &ways->items[piece->way];
		}
	}
	return NULL;
}
