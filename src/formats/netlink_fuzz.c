#include "formats/netlink.h"

#include "formats/fuzz.h"

static void touch_route(const struct netlink_message *message)
{
	struct netlink_route route;
	struct netlink_hops it;
	struct netlink_hop hop;

	if (netlink_route_parse(message, &route) != 0) {
		return;
	}
	fuzz_touch(route.destination);
	fuzz_touch(span_of(netlink_protocol_name(route.protocol)));
	fuzz_touch(span_of(netlink_route_type_name(route.type)));
	it = netlink_hops_over(&route);
	while (netlink_hops_next(&it, &hop)) {
		fuzz_touch(hop.gateway);
	}
}

static void touch(const struct netlink_message *message)
{
	struct netlink_link link;
	struct netlink_address address;
	struct netlink_socket socket;
	struct netlink_neighbour neighbour;
	int number;

	fuzz_touch(message->payload);
	if (netlink_link_parse(message, &link) == 0) {
		fuzz_touch(link.name);
		fuzz_touch(link.kind);
		fuzz_touch(link.mac);
		fuzz_touch(span_of(netlink_state_name(link.state)));
	}
	if (netlink_address_parse(message, &address) == 0) {
		fuzz_touch(address.address);
		fuzz_touch(span_of(netlink_scope_name(address.scope)));
	}
	if (netlink_socket_parse(message, &socket) == 0) {
		fuzz_touch(socket.source);
		fuzz_touch(socket.destination);
	}
	touch_route(message);
	if (netlink_neighbour_parse(message, &neighbour) == 0) {
		fuzz_touch(neighbour.address);
		fuzz_touch(neighbour.mac);
	}
	if (netlink_error(message, &number) == 0 && number < 0) {
		__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct netlink_iterator it = netlink_over((struct span){ data, size });
	struct netlink_message message;

	while (netlink_next(&it, &message)) {
		touch(&message);
	}
	return 0;
}
