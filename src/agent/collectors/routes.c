/*
 * routes.c - routes by rtnetlink(7), a row a hop.
 *
 * The table local, broadcast and multicast routes say nothing that addresses do not say, and are
 * left out.
 */
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "agent/collectors/interface_names.h"
#include "agent/collectors/table.h"
#include "agent/netlink_dump.h"
#include "formats/address_text.h"
#include "schema/schema.h"

/* A router of the Internet has a million; what is beyond this is not reported. */
#define ROUTES_MAX 8192

#define NUMBER_SIZE 24

static void routes_watch(struct signals *signals)
{
	signals_on_route(signals, TABLE_ROUTES,
			 RTMGRP_LINK | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE);
}

struct routes_walk {
	struct collection *c;
	struct interface_names names;
	size_t count;
};

static bool is_wanted(const struct netlink_route *route)
{
	return !route->is_cloned && route->table != RT_TABLE_LOCAL &&
	       (route->type == RTN_UNICAST || route->type == RTN_BLACKHOLE ||
		route->type == RTN_UNREACHABLE || route->type == RTN_PROHIBIT ||
		route->type == RTN_THROW);
}

/* A number's name, or the number where it has none. */
static void set_name(struct row *row, unsigned column, const char *name, uint32_t number,
		     struct writer *texts)
{
	size_t mark = writer_used(texts);

	writer_decimal(texts, number);
	row_set_text(row, column,
		     name != NULL ? span_of(name) : span_after(writer_span(texts), mark));
}

static const char *table_name(uint32_t table)
{
	switch (table) {
	case RT_TABLE_MAIN:
		return "main";
	case RT_TABLE_DEFAULT:
		return "default";
	default:
		return NULL;
	}
}

static const char *scope_name(const struct netlink_route *route)
{
	bool is_named = route->scope == RT_SCOPE_UNIVERSE || route->scope == RT_SCOPE_SITE ||
			route->scope == RT_SCOPE_LINK || route->scope == RT_SCOPE_HOST ||
			route->scope == RT_SCOPE_NOWHERE;

	return is_named ? netlink_scope_name(route->scope) : NULL;
}

/* "default", or "10.0.0.0/8". */
static void set_destination(struct row *row, const struct netlink_route *route,
			    struct writer *texts)
{
	static const uint8_t zeros[16];
	size_t mark = writer_used(texts);
	struct span address = route->destination;

	if (route->prefix_length == 0) {
		row_set_text(row, ROUTES_DESTINATION, span_of("default"));
		return;
	}
	if (address.len == 0) {
		address = (struct span){ zeros, route->family == AF_INET ? 4 : 16 };
	}
	address_text_write(texts, address);
	writer_text(texts, "/");
	writer_decimal(texts, route->prefix_length);
	row_set_text(row, ROUTES_DESTINATION, span_after(writer_span(texts), mark));
}

static void emit_hop(struct routes_walk *walk, const struct netlink_route *route,
		     const struct netlink_hop *hop)
{
	uint8_t bytes[2 * ADDRESS_TEXT_SIZE + 4 * NUMBER_SIZE];
	struct writer texts = writer_over(bytes, sizeof bytes);
	struct row *row = collection_row(walk->c);
	size_t mark;

	row_set_text(row, ROUTES_FAMILY, span_of(route->family == AF_INET ? "ipv4" : "ipv6"));
	set_destination(row, route, &texts);
	mark = writer_used(&texts);
	address_text_write(&texts, hop->gateway);
	row_set_text_if_any(row, ROUTES_GATEWAY, span_after(writer_span(&texts), mark));
	row_set_text_if_any(row, ROUTES_INTERFACE,
			    span_of(interface_names_find(&walk->names, hop->interface)));
	row_set_integer(row, ROUTES_METRIC, route->metric);
	set_name(row, ROUTES_PROTOCOL, netlink_protocol_name(route->protocol), route->protocol,
		 &texts);
	set_name(row, ROUTES_SCOPE, scope_name(route), route->scope, &texts);
	set_name(row, ROUTES_ROUTING_TABLE, table_name(route->table), route->table, &texts);
	set_name(row, ROUTES_TYPE, netlink_route_type_name(route->type), route->type, &texts);
	collection_emit(walk->c);
}

static void take(void *context, const struct netlink_message *message)
{
	struct routes_walk *walk = context;
	struct netlink_route route;
	struct netlink_hops it;
	struct netlink_hop hop;

	if (netlink_route_parse(message, &route) != 0 || !is_wanted(&route)) {
		return;
	}
	it = netlink_hops_over(&route);
	while (walk->count < ROUTES_MAX && netlink_hops_next(&it, &hop)) {
		walk->count++;
		emit_hop(walk, &route, &hop);
	}
}

static int routes_collect(struct collection *c)
{
	const struct rtmsg all = { .rtm_family = AF_UNSPEC };
	struct routes_walk walk = { .c = c };
	int error;

	if (!c->machine->is_live) {
		return 0;
	}
	error = interface_names_read(c->machine, &walk.names);
	if (error == 0) {
		error = netlink_dump(c->machine->route_fd, RTM_GETROUTE,
				     (struct span){ (const uint8_t *)&all, sizeof all }, take,
				     &walk);
	}
	interface_names_done(&walk.names);
	return error;
}

const struct collector collector_routes = {
	.name = "routes",
	.summary = "routes of all tables but local",
	.table = TABLE_ROUTES,
	.watch = routes_watch,
	.collect = routes_collect,
};
