/* interfaces.c - network interfaces, by rtnetlink(7). */
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "agent/collectors/interface_names.h"
#include "agent/collectors/table.h"
#include "agent/netlink_dump.h"
#include "base/error.h"
#include "formats/address_text.h"
#include "schema/schema.h"

static void interfaces_watch(struct signals *signals)
{
	signals_on_route(signals, TABLE_INTERFACES, RTMGRP_LINK);
}

static const char *type_name(uint16_t device_type)
{
	switch (device_type) {
	case ARPHRD_ETHER:
		return "ether";
	case ARPHRD_LOOPBACK:
		return "loopback";
	case ARPHRD_INFINIBAND:
		return "infiniband";
	case ARPHRD_PPP:
		return "ppp";
	case ARPHRD_TUNNEL:
		return "ipip";
	case ARPHRD_TUNNEL6:
		return "ip6tnl";
	case ARPHRD_SIT:
		return "sit";
	case ARPHRD_IPGRE:
		return "gre";
	case ARPHRD_NONE:
		return "none";
	default:
		return "other";
	}
}

struct interfaces_walk {
	struct collection *c;
	struct interface_names names;
};

static void emit(void *context, const struct netlink_message *message)
{
	struct interfaces_walk *walk = context;
	uint8_t mac[ADDRESS_TEXT_SIZE];
	struct writer w = writer_over(mac, sizeof mac);
	struct netlink_link link;
	const char *master;
	struct row *row;

	if (netlink_link_parse(message, &link) != 0) {
		return;
	}
	row = collection_row(walk->c);
	row_set_text(row, INTERFACES_NAME, link.name);
	row_set_text(row, INTERFACES_TYPE,
		     link.kind.len > 0 ? link.kind : span_of(type_name(link.device_type)));
	address_text_write_mac(&w, link.mac);
	row_set_text_if_any(row, INTERFACES_MAC, writer_span(&w));
	row_set_integer(row, INTERFACES_MTU, link.mtu);
	row_set_boolean(row, INTERFACES_IS_UP, (link.flags & IFF_UP) != 0);
	row_set_text(row, INTERFACES_STATE, span_of(netlink_state_name(link.state)));
	master = link.master != 0 ? interface_names_find(&walk->names, link.master) : NULL;
	row_set_text_if_any(row, INTERFACES_MASTER, span_of(master));
	collection_emit(walk->c);
}

/* Two dumps: a master may come behind its members. */
static int interfaces_collect(struct collection *c)
{
	const struct ifinfomsg all = { .ifi_family = AF_UNSPEC };
	struct interfaces_walk walk = { .c = c };
	int error;

	if (!c->machine->is_live) {
		return 0;
	}
	error = interface_names_read(c->machine, &walk.names);
	if (error == 0) {
		error = netlink_dump(c->machine->route_fd, RTM_GETLINK,
				     (struct span){ (const uint8_t *)&all, sizeof all }, emit,
				     &walk);
	}
	interface_names_done(&walk.names);
	return error;
}

const struct collector collector_interfaces = {
	.name = "interfaces",
	.summary = "network interfaces",
	.table = TABLE_INTERFACES,
	.watch = interfaces_watch,
	.collect = interfaces_collect,
};
