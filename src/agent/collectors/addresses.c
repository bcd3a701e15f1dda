/* addresses.c - addresses of interfaces, by rtnetlink(7). */
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "agent/collectors/interface_names.h"
#include "agent/collectors/table.h"
#include "agent/netlink_dump.h"
#include "formats/address_text.h"
#include "schema/schema.h"

static void addresses_watch(struct signals *signals)
{
	signals_on_route(signals, TABLE_ADDRESSES,
			 RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);
}

struct addresses_walk {
	struct collection *c;
	struct interface_names names;
};

static void emit(void *context, const struct netlink_message *message)
{
	struct addresses_walk *walk = context;
	uint8_t text[ADDRESS_TEXT_SIZE];
	struct writer w = writer_over(text, sizeof text);
	struct netlink_address address;
	const char *name;
	struct row *row;

	if (netlink_address_parse(message, &address) != 0) {
		return;
	}
	name = interface_names_find(&walk->names, address.index);
	if (name == NULL) {
		return; /* came in between; its message is on its way to us */
	}
	row = collection_row(walk->c);
	row_set_text(row, ADDRESSES_INTERFACE, span_of(name));
	row_set_text(row, ADDRESSES_FAMILY, span_of(address.family == AF_INET ? "ipv4" : "ipv6"));
	address_text_write(&w, address.address);
	row_set_text(row, ADDRESSES_ADDRESS, writer_span(&w));
	row_set_integer(row, ADDRESSES_PREFIX_LENGTH, address.prefix_length);
	row_set_text(row, ADDRESSES_SCOPE, span_of(netlink_scope_name(address.scope)));
	collection_emit(walk->c);
}

static int addresses_collect(struct collection *c)
{
	const struct ifaddrmsg all = { .ifa_family = AF_UNSPEC };
	struct addresses_walk walk = { .c = c };
	int error;

	if (!c->machine->is_live) {
		return 0;
	}
	error = interface_names_read(c->machine, &walk.names);
	if (error == 0) {
		error = netlink_dump(c->machine->route_fd, RTM_GETADDR,
				     (struct span){ (const uint8_t *)&all, sizeof all }, emit,
				     &walk);
	}
	interface_names_done(&walk.names);
	return error;
}

const struct collector collector_addresses = {
	.name = "addresses",
	.summary = "addresses of network interfaces",
	.table = TABLE_ADDRESSES,
	.watch = addresses_watch,
	.collect = addresses_collect,
};
