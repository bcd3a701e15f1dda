/*
 * neighbours.c - who else is on the links, by rtnetlink(7): addresses and their link-layer
 * addresses.
 *
 * The states in which a neighbour that is there flaps (reachable, stale, delay, probe) are one
 * here; one that does not answer (incomplete, failed) is none.
 */
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "agent/collectors/interface_names.h"
#include "agent/collectors/table.h"
#include "agent/netlink_dump.h"
#include "formats/address_text.h"
#include "schema/schema.h"

#define THERE (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)

/* The kernel keeps 1024 unless told otherwise. */
#define NEIGHBOURS_MAX 8192

static void neighbours_watch(struct signals *signals)
{
	signals_on_route(signals, TABLE_NEIGHBOURS, RTMGRP_LINK | RTMGRP_NEIGH);
}

struct neighbours_walk {
	struct collection *c;
	struct interface_names names;
	size_t count;
};

static void take(void *context, const struct netlink_message *message)
{
	struct neighbours_walk *walk = context;
	uint8_t address[ADDRESS_TEXT_SIZE];
	uint8_t mac[ADDRESS_TEXT_SIZE];
	struct writer aw = writer_over(address, sizeof address);
	struct writer mw = writer_over(mac, sizeof mac);
	struct netlink_neighbour neighbour;
	const char *interface;
	struct row *row;

	if (netlink_neighbour_parse(message, &neighbour) != 0 || neighbour.mac.len == 0 ||
	    (neighbour.state & THERE) == 0 || walk->count == NEIGHBOURS_MAX) {
		return;
	}
	interface = interface_names_find(&walk->names, neighbour.interface);
	if (interface == NULL) {
		return; /* came in between; its message is on its way to us */
	}
	walk->count++;
	address_text_write(&aw, neighbour.address);
	address_text_write_mac(&mw, neighbour.mac);
	row = collection_row(walk->c);
	row_set_text(row, NEIGHBOURS_FAMILY,
		     span_of(neighbour.family == AF_INET ? "ipv4" : "ipv6"));
	row_set_text(row, NEIGHBOURS_ADDRESS, writer_span(&aw));
	row_set_text(row, NEIGHBOURS_MAC, writer_span(&mw));
	row_set_text(row, NEIGHBOURS_INTERFACE, span_of(interface));
	row_set_boolean(row, NEIGHBOURS_IS_PERMANENT, (neighbour.state & NUD_PERMANENT) != 0);
	collection_emit(walk->c);
}

static int neighbours_collect(struct collection *c)
{
	const struct ndmsg all = { .ndm_family = AF_UNSPEC };
	struct neighbours_walk walk = { .c = c };
	int error;

	if (!c->machine->is_live) {
		return 0;
	}
	error = interface_names_read(c->machine, &walk.names);
	if (error == 0) {
		error = netlink_dump(c->machine->route_fd, RTM_GETNEIGH,
				     (struct span){ (const uint8_t *)&all, sizeof all }, take,
				     &walk);
	}
	interface_names_done(&walk.names);
	return error;
}

const struct collector collector_neighbours = {
	.name = "neighbours",
	.summary = "ARP and neighbour discovery: who is on the links",
	.table = TABLE_NEIGHBOURS,
	.watch = neighbours_watch,
	.collect = neighbours_collect,
};
