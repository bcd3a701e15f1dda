/* ways.c - rtnetlink tells all routes (where to cut), then the way of one address after the other.
 */
#include "scan/discovery/ways.h"

#include <arpa/inet.h>
#include <assert.h>
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
#include "base/writer.h"
#include "formats/netlink.h"
#include "sys/alloc.h"
#include "sys/file.h"

#define ANSWER_MAX 32768 /* what the kernel sends at once of a list */

/* A full table of the Internet's routes has 1.3 million. */
#define CUTS_MAX (8u << 20)

enum { WAY_NONE = -1, WAY_LOCAL = -2, WAY_NOBODYS = -3 };

struct finder {
	struct ways *ways;
	const char *interface;
	int netlink;
	struct address *cuts; /* where another way may begin; sorted */
	size_t cut_count;
	size_t cut_capacity;
	size_t last_interval;       /* between cuts, whose answer is kept; SIZE_MAX: none */
	int last_way;               /* of it, or one of those below */
	struct netlink_route route; /* of the last query; borrows from answer */
	uint8_t answer[ANSWER_MAX];
	struct why *why;
};

/* Attributes of a request: the destination, and the interface where there is a zone. */
struct query {
	struct nlmsghdr head;
	struct rtmsg route;
	uint8_t attributes[64];
};

static void write_attribute(struct writer *w, uint16_t type, struct span value)
{
	struct rtattr head = { .rta_type = type, .rta_len = (unsigned short)RTA_LENGTH(value.len) };

	writer_bytes(w, (struct span){ (const uint8_t *)&head, sizeof head });
	writer_bytes(w, value); /* of 4 or 16 bytes: aligned */
}

static bool ask_route(struct finder *f, const struct address *address)
{
	struct address bare = address_bare(address);
	struct span bytes = address_bytes(&bare);
	uint32_t zone = address_zone(address);
	struct query query = {
		.head = { .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST },
		.route = { .rtm_family = bytes.len == 4 ? AF_INET : AF_INET6,
			   .rtm_dst_len = (unsigned char)(8 * bytes.len) },
	};
	struct writer w = writer_over(query.attributes, sizeof query.attributes);
	struct netlink_iterator it;
	struct netlink_message message;
	ssize_t got;

	write_attribute(&w, RTA_DST, bytes);
	if (zone != 0) {
		write_attribute(&w, RTA_OIF, (struct span){ (const uint8_t *)&zone, sizeof zone });
	}
	query.head.nlmsg_len = (uint32_t)(NLMSG_LENGTH(sizeof query.route) + writer_used(&w));
	if (send(f->netlink, &query, query.head.nlmsg_len, 0) < 0) {
		return false;
	}
	got = recv(f->netlink, f->answer, sizeof f->answer, 0);
	it = netlink_over((struct span){ f->answer, got > 0 ? (size_t)got : 0 });
	return netlink_next(&it, &message) && netlink_route_parse(&message, &f->route) == 0;
}

/* --- where another way may begin --- */

static int add_cut(struct finder *f, const struct address *at)
{
	if (f->cut_count == CUTS_MAX) {
		return why_set(f->why, ERR_LIMIT, "this machine has more than %u routes",
			       CUTS_MAX / 2);
	}
	if (f->cut_count == f->cut_capacity) {
		f->cut_capacity = f->cut_capacity == 0 ? 64 : 2 * f->cut_capacity;
		f->cuts = alloc_resize(f->cuts, f->cut_capacity, sizeof *f->cuts);
	}
	f->cuts[f->cut_count++] = *at;
	return 0;
}

/* A prefix that a route or a rule is about. */
static int cut_at(struct finder *f, struct span destination, unsigned bits)
{
	struct reader r = reader_over(destination);
	struct address at;
	struct address end;
	int error;

	if (destination.len != 4 && destination.len != 16) {
		return 0; /* the default route */
	}
	at = destination.len == 16 ? address_v6(destination.ptr) : address_v4(reader_be32(&r));
	end = address_last(&at, bits);
	at = address_first(&at, bits);
	end = address_plus(&end, 1);
	error = add_cut(f, &at);
	return error == 0 ? add_cut(f, &end) : error;
}

/* Rules have a route's head, and the destination's attribute has the same number (FRA_DST). */
static int take_route(struct finder *f, const struct netlink_message *message)
{
	struct reader r = reader_over(message->payload);
	struct netlink_attributes attributes;
	struct netlink_attribute attribute;
	unsigned bits;

	static_assert(sizeof(struct rtmsg) == 12, "as fib_rule_hdr");
	(void)reader_u8(&r);
	bits = reader_u8(&r);
	(void)reader_bytes(&r, sizeof(struct rtmsg) - 2);
	attributes = netlink_attributes_over(reader_rest(&r));
	while (netlink_attributes_next(&attributes, &attribute)) {
		if (attribute.type == RTA_DST && bits <= 8 * attribute.value.len) {
			return cut_at(f, attribute.value, bits);
		}
	}
	return 0;
}

/* One datagram of a list; true where it goes on. */
static bool take_list(struct finder *f, struct span bytes, int *error)
{
	struct netlink_iterator it = netlink_over(bytes);
	struct netlink_message message;

	while (*error == 0 && netlink_next(&it, &message)) {
		if (message.type == NLMSG_DONE || message.type == NLMSG_ERROR) {
			return false; /* a kernel without rules has none to tell */
		}
		*error = take_route(f, &message);
	}
	return *error == 0;
}

static int list_cuts(struct finder *f, uint16_t what, unsigned char family)
{
	struct query query = {
		.head = { .nlmsg_len = NLMSG_LENGTH(sizeof query.route),
			  .nlmsg_type = what,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.route = { .rtm_family = family },
	};
	int error = 0;
	ssize_t got;

	if (send(f->netlink, &query, query.head.nlmsg_len, 0) < 0) {
		return why_set(f->why, ERR_IO, "routes cannot be asked for: %s", strerror(errno));
	}
	do {
		got = recv(f->netlink, f->answer, sizeof f->answer, 0);
		if (got <= 0) {
			return why_set(f->why, ERR_IO, "routes cannot be read: %s",
				       strerror(errno));
		}
	} while (take_list(f, (struct span){ f->answer, (size_t)got }, &error));
	return error;
}

static int by_address(const void *a, const void *b)
{
	return address_compare(a, b);
}

static int find_cuts(struct finder *f)
{
	static const struct {
		uint16_t what;
		unsigned char family;
	} lists[] = { { RTM_GETROUTE, AF_INET },
		      { RTM_GETROUTE, AF_INET6 },
		      { RTM_GETRULE, AF_INET },
		      { RTM_GETRULE, AF_INET6 } };
	struct address zones = { { 0xfe, 0x80 } };
	int error = 0;

	for (size_t i = 0; i < COUNT_OF(lists) && error == 0; i++) {
		error = list_cuts(f, lists[i].what, lists[i].family);
	}
	error = error == 0 ? add_cut(f, &zones) : error; /* qsort(3) wants one at least */
	if (error == 0) {
		qsort(f->cuts, f->cut_count, sizeof *f->cuts, by_address);
	}
	return error;
}

/* How many cuts are at or before an address: all between two cuts have one way. */
static size_t interval_of(const struct finder *f, const struct address *address)
{
	size_t low = 0;
	size_t high = f->cut_count;

	while (high > low) {
		size_t middle = low + (high - low) / 2;

		if (address_compare(&f->cuts[middle], address) <= 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

/* --- the ways --- */

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
	struct address bare = address_bare(to);

	if (address_is_v4(to)) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(9);
		v4->sin_addr.s_addr = htonl(address_to_v4(to));
	} else {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(9);
		v6->sin6_scope_id = interface;
		mem_copy(v6->sin6_addr.s6_addr, bare.bytes, 16);
	}
	if (fd < 0 || connect(fd, (struct sockaddr *)&storage, size) != 0) {
		return none;
	}
	size = sizeof storage;
	if (getsockname(fd, (struct sockaddr *)&storage, &size) != 0) {
		return none;
	}
	bare = address_of_socket((struct sockaddr *)&storage);
	return address_bare(&bare); /* as it is written in packets */
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
		way.gateway = address_in_zone(&way.gateway, way.index);
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

static void add_piece(struct ways *ways, const struct address *first, const struct address *last,
		      unsigned way)
{
	struct way_piece *before =
		ways->piece_count > 0 ? &ways->pieces[ways->piece_count - 1] : NULL;
	struct address next;

	if (before != NULL && before->way == way) {
		next = address_plus(&before->last, 1);
		if (address_equal(&next, first)) {
			before->last = *last;
			return;
		}
	}
	if (ways->pieces == NULL || ways->piece_count == ways->piece_capacity) {
		ways->piece_capacity = ways->piece_capacity == 0 ? 16 : 2 * ways->piece_capacity;
		ways->pieces =
			alloc_resize(ways->pieces, ways->piece_capacity, sizeof *ways->pieces);
	}
	ways->pieces[ways->piece_count++] = (struct way_piece){ *first, *last, way };
}

/* The way of an address, or WAY_LOCAL, WAY_NOBODYS, WAY_NONE. */
static int find_way(struct finder *f, const struct address *first)
{
	if (!ask_route(f, first)) {
		return WAY_NONE;
	}
	if (f->route.type == RTN_LOCAL) {
		return WAY_LOCAL;
	}
	if (f->route.type == RTN_BROADCAST) {
		return WAY_NOBODYS;
	}
	return f->route.type == RTN_UNICAST ? way_number(f, first) : WAY_NONE;
}

/* A piece that no cut is in; hit lists have many in one interval. */
static int place_piece(struct finder *f, const struct address *first, const struct address *last,
		       size_t interval)
{
	if (interval != f->last_interval || address_is_link_local(first)) {
		f->last_way = find_way(f, first);
		f->last_interval = interval;
	}
	if (f->last_way == WAY_LOCAL) {
		return targets_add(f->ways->local, first, last);
	}
	if (f->last_way == WAY_NOBODYS) {
		return targets_add(f->ways->nobodys, first, last);
	}
	if (f->last_way < 0) {
		return targets_add(f->ways->unreachable, first, last);
	}
	add_piece(f->ways, first, last, (unsigned)f->last_way);
	return 0;
}

static int place_range(struct finder *f, const struct targets_range *range)
{
	struct address first = range->first;
	size_t interval = interval_of(f, &first);
	int error = 0;

	while (error == 0) {
		struct address last = range->last;
		bool is_cut = interval < f->cut_count &&
			      address_compare(&f->cuts[interval], &range->last) <= 0;

		if (is_cut) {
			last = address_before(&f->cuts[interval]);
		}
		error = place_piece(f, &first, &last, interval);
		if (!is_cut) {
			break;
		}
		first = f->cuts[interval];
		interval = interval_of(f, &first);
	}
	return error;
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
	struct address mask = address_of_socket(entry->ifa_netmask);
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
	struct address own = address_of_socket(entry->ifa_addr);
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
		error |= move_part(f, rest, set, f->ways->nobodys);
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
		struct address address = address_of_socket(at->ifa_addr);

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

	*out = (struct ways){ .local = targets_new(),
			      .unreachable = targets_new(),
			      .nobodys = targets_new() };
	f->ways = out;
	f->interface = interface;
	f->netlink = fd;
	f->why = why;
	f->last_interval = SIZE_MAX;
	error = fd < 0 ? why_set(why, ERR_IO, "routes cannot be asked for: %s", strerror(errno))
		       : find_cuts(f);
	error = error == 0 ? find_all(f, rest) : error;
	free(f->cuts);
	targets_free(&rest);
	if (error == 0) {
		error = targets_settle(out->local, why) | targets_settle(out->unreachable, why) |
			targets_settle(out->nobodys, why);
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
	targets_free(&ways->nobodys);
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
