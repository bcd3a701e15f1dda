/* netlink_test.c - messages laid out by hand in the byte order of x86. */
#include "formats/netlink.h"

#include "base/error.h"
#include "base/writer.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define ETHER 1

static bool take(struct netlink_iterator *it, struct netlink_message *message)
{
	return netlink_next(it, message);
}

static void reads_links(void **state)
{
	struct netlink_iterator it = netlink_over(fixture("formats-netlink/links"));
	struct netlink_message message;
	struct netlink_link link;
	int number = -1;

	(void)state;
	assert_true(take(&it, &message));
	assert_int_equal(message.sequence, 7);
	assert_int_equal(message.port, 99);
	assert_int_equal(netlink_link_parse(&message, &link), 0);
	assert_true(span_is(link.name, "veth0"));
	assert_true(span_is(link.kind, "veth"));
	assert_int_equal(link.index, 3);
	assert_int_equal(link.device_type, ETHER);
	assert_int_equal(link.flags & 1, 1);
	assert_int_equal(link.mac.len, 6);
	assert_int_equal(link.mac.ptr[5], 0xee);
	assert_int_equal(link.mtu, 1500);
	assert_int_equal(link.master, 5);
	assert_string_equal(netlink_state_name(link.state), "up");
	assert_false(link.is_removed);
	assert_true(take(&it, &message));
	assert_int_equal(netlink_link_parse(&message, &link), 0);
	assert_true(span_is(link.name, "lo"));
	assert_int_equal(link.kind.len, 0);
	assert_string_equal(netlink_state_name(link.state), "unknown");
	/* a bridge lets go of its port: the link stays */
	assert_true(take(&it, &message));
	assert_int_equal(netlink_link_parse(&message, &link), ERR_UNSUPPORTED);
	assert_true(take(&it, &message));
	assert_int_equal(netlink_error(&message, &number), 0);
	assert_int_equal(number, 0);
	assert_false(take(&it, &message));
	assert_false(it.is_malformed);
}

static void reads_addresses(void **state)
{
	static const uint8_t local[] = { 192, 0, 2, 1 };
	struct netlink_iterator it = netlink_over(fixture("formats-netlink/addresses"));
	struct netlink_message message;
	struct netlink_address address;
	struct netlink_link link;

	(void)state;
	assert_true(take(&it, &message));
	assert_int_equal(netlink_link_parse(&message, &link), ERR_UNSUPPORTED);
	assert_int_equal(netlink_address_parse(&message, &address), 0);
	assert_true(span_equal(address.address, (struct span){ local, sizeof local }));
	assert_int_equal(address.prefix_length, 24);
	assert_int_equal(address.index, 3);
	assert_string_equal(netlink_scope_name(address.scope), "global");
	assert_true(take(&it, &message));
	assert_int_equal(netlink_address_parse(&message, &address), 0);
	assert_true(address.is_removed);
	assert_int_equal(address.address.len, 16);
	assert_string_equal(netlink_scope_name(address.scope), "link");
	assert_false(take(&it, &message));
}

static void reads_sockets(void **state)
{
	struct netlink_iterator it = netlink_over(fixture("formats-netlink/sockets"));
	struct netlink_message message;
	struct netlink_socket socket;

	(void)state;
	assert_true(take(&it, &message));
	assert_int_equal(netlink_socket_parse(&message, &socket), 0);
	assert_int_equal(socket.state, 10);
	assert_int_equal(socket.source_port, 22);
	assert_int_equal(socket.source.len, 4);
	assert_int_equal(socket.source.ptr[0], 127);
	assert_int_equal(socket.uid, 0);
	assert_int_equal(socket.inode, 4711);
	assert_true(take(&it, &message));
	assert_int_equal(netlink_socket_parse(&message, &socket), 0);
	assert_int_equal(socket.source.len, 16);
	assert_int_equal(socket.interface, 2);
	assert_int_equal(socket.uid, 33);
	assert_true(socket.is_v6_only);
	assert_false(take(&it, &message));
}

static void reads_routes_with_one_hop_and_with_several(void **state)
{
	struct netlink_iterator it = netlink_over(fixture("formats-netlink/routes"));
	struct netlink_message message;
	struct netlink_route route;
	struct netlink_hops hops;
	struct netlink_hop hop;

	(void)state;
	assert_true(take(&it, &message));
	assert_int_equal(netlink_route_parse(&message, &route), 0);
	assert_int_equal(route.destination.len, 0);
	assert_int_equal(route.prefix_length, 0);
	assert_int_equal(route.table, 254);
	assert_int_equal(route.metric, 100);
	assert_string_equal(netlink_protocol_name(route.protocol), "dhcp");
	assert_string_equal(netlink_route_type_name(route.type), "unicast");
	hops = netlink_hops_over(&route);
	assert_true(netlink_hops_next(&hops, &hop));
	assert_int_equal(hop.gateway.ptr[3], 1);
	assert_int_equal(hop.interface, 2);
	assert_false(netlink_hops_next(&hops, &hop));
	/* two hops, the second by way of the other family */
	assert_true(take(&it, &message));
	assert_int_equal(netlink_route_parse(&message, &route), 0);
	assert_int_equal(route.destination.ptr[0], 10);
	assert_int_equal(route.prefix_length, 8);
	assert_int_equal(route.table, 1000);
	hops = netlink_hops_over(&route);
	assert_true(netlink_hops_next(&hops, &hop));
	assert_int_equal(hop.gateway.len, 4);
	assert_int_equal(hop.interface, 2);
	assert_true(netlink_hops_next(&hops, &hop));
	assert_int_equal(hop.gateway.len, 16);
	assert_int_equal(hop.interface, 3);
	assert_false(netlink_hops_next(&hops, &hop));
	assert_false(hops.is_malformed);
	/* its last hop is longer than the attribute */
	assert_true(take(&it, &message));
	assert_int_equal(netlink_route_parse(&message, &route), 0);
	hops = netlink_hops_over(&route);
	assert_false(netlink_hops_next(&hops, &hop));
	assert_true(hops.is_malformed);
	assert_false(take(&it, &message));
}

static void reads_neighbours(void **state)
{
	struct netlink_iterator it = netlink_over(fixture("formats-netlink/neighbours"));
	struct netlink_message message;
	struct netlink_neighbour neighbour;
	struct netlink_route route;

	(void)state;
	assert_true(take(&it, &message));
	assert_int_equal(netlink_route_parse(&message, &route), ERR_UNSUPPORTED);
	assert_int_equal(netlink_neighbour_parse(&message, &neighbour), 0);
	assert_int_equal(neighbour.address.ptr[3], 1);
	assert_int_equal(neighbour.mac.len, 6);
	assert_int_equal(neighbour.interface, 2);
	assert_int_equal(neighbour.state, 0x80); /* NUD_PERMANENT */
	/* an address that is not of its family */
	assert_true(take(&it, &message));
	assert_int_equal(netlink_neighbour_parse(&message, &neighbour), ERR_MALFORMED);
	assert_false(take(&it, &message));
}

static void reads_errors(void **state)
{
	struct netlink_iterator it = netlink_over(fixture("formats-netlink/error"));
	struct netlink_message message;
	int number = 0;

	(void)state;
	assert_true(take(&it, &message));
	assert_int_equal(netlink_error(&message, &number), 0);
	assert_int_equal(number, 1); /* EPERM */
	message.payload.len = 3;
	assert_int_equal(netlink_error(&message, &number), ERR_MALFORMED);
}

static void refuses_lengths_that_lie(void **state)
{
	struct netlink_iterator it = netlink_over(fixture("formats-netlink/bad"));
	struct netlink_message message;
	struct netlink_link link;

	(void)state;
	assert_false(take(&it, &message));
	assert_true(it.is_malformed);
	it = netlink_over(fixture("formats-netlink/badattr"));
	assert_true(take(&it, &message));
	assert_int_equal(netlink_link_parse(&message, &link), ERR_MALFORMED);
}

/* A cut within a message ends the walk as malformed, one between them does not. */
static void check(struct span part)
{
	struct netlink_iterator it = netlink_over(part);
	struct netlink_message message;
	size_t used = 0;

	while (take(&it, &message)) {
		struct netlink_socket socket;

		assert_int_equal(netlink_socket_parse(&message, &socket), 0);
		used += 16 + message.payload.len;
	}
	assert_true(it.is_malformed == (used < part.len));
}

static void notices_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-netlink/sockets"), check);
}

static void check_payload(struct span part)
{
	struct netlink_message message = { .type = 16, .payload = part };
	struct netlink_link link;

	if (netlink_link_parse(&message, &link) == 0) {
		assert_true(link.name.len <= part.len);
	}
	message.type = 20;
	if (part.len < 72) {
		struct netlink_socket socket;

		assert_int_equal(netlink_socket_parse(&message, &socket), ERR_MALFORMED);
	}
}

static void survives_every_truncation_of_a_payload(void **state)
{
	struct netlink_iterator it = netlink_over(fixture("formats-netlink/links"));
	struct netlink_message message;

	(void)state;
	assert_true(take(&it, &message));
	fixture_truncate(message.payload, check_payload);
}

/* Payloads are written as x86 has them: the other order would be a different fixture. */
static uint8_t payload[256];

static struct writer begin(const char *zeros, size_t len)
{
	struct writer w = writer_over(payload, sizeof payload);

	writer_bytes(&w, (struct span){ (const uint8_t *)zeros, len });
	return w;
}

static void attribute(struct writer *w, uint8_t type, const char *value, size_t len)
{
	writer_u8(w, (uint8_t)(len + 4));
	writer_u8(w, 0);
	writer_u8(w, type);
	writer_u8(w, 0);
	writer_bytes(w, (struct span){ (const uint8_t *)value, len });
	while (writer_used(w) % 4 != 0) {
		writer_u8(w, 0);
	}
}

static int link_with(uint8_t type, const char *value, size_t len)
{
	static const char header[16];
	struct writer w = begin(header, sizeof header);
	struct netlink_message message = { .type = 16 };
	struct netlink_link link;

	attribute(&w, type, value, len);
	message.payload = writer_span(&w);
	return netlink_link_parse(&message, &link);
}

static void checks_the_sizes_of_a_links_attributes(void **state)
{
	static const char zeros[40];

	(void)state;
	assert_int_equal(link_with(4, zeros, 4), 0); /* MTU */
	assert_int_equal(link_with(4, zeros, 3), ERR_MALFORMED);
	assert_int_equal(link_with(4, zeros, 5), ERR_MALFORMED);
	assert_int_equal(link_with(16, zeros, 1), 0); /* operational state */
	assert_int_equal(link_with(16, zeros, 0), ERR_MALFORMED);
	assert_int_equal(link_with(1, zeros, 32), 0); /* link-layer address */
	assert_int_equal(link_with(1, zeros, 33), ERR_MALFORMED);
	assert_int_equal(link_with(18, "\x09\0\x01\0veth", 8), ERR_MALFORMED); /* within LINKINFO */
	assert_int_equal(link_with(18, "\x03\0\x01\0", 4), ERR_MALFORMED);
}

static int address_with(uint8_t family, uint8_t prefix_length, size_t len)
{
	const char header[8] = { (char)family, (char)prefix_length };
	static const char zeros[16];
	struct writer w = begin(header, sizeof header);
	struct netlink_message message = { .type = 20 };
	struct netlink_address address;

	attribute(&w, 2, zeros, len);
	message.payload = writer_span(&w);
	return netlink_address_parse(&message, &address);
}

static void checks_an_address_against_its_family(void **state)
{
	(void)state;
	assert_int_equal(address_with(2, 32, 4), 0);
	assert_int_equal(address_with(2, 33, 4), ERR_MALFORMED);
	assert_int_equal(address_with(2, 24, 16), ERR_MALFORMED);
	assert_int_equal(address_with(10, 128, 16), 0);
	assert_int_equal(address_with(10, 129, 16), ERR_MALFORMED);
	assert_int_equal(address_with(10, 64, 4), ERR_MALFORMED);
	assert_int_equal(address_with(17, 0, 4), ERR_UNSUPPORTED);
}

static int socket_with(uint8_t family, const char *value, size_t len, bool *is_v6_only)
{
	char header[72] = { (char)family, 10 };
	struct writer w = begin(header, sizeof header);
	struct netlink_message message = { .type = 20 };
	struct netlink_socket socket = { 0 };
	int error;

	attribute(&w, 11, value, len);
	message.payload = writer_span(&w);
	error = netlink_socket_parse(&message, &socket);
	*is_v6_only = socket.is_v6_only;
	return error;
}

static void takes_sockets_of_both_families_only(void **state)
{
	bool is_v6_only;

	(void)state;
	assert_int_equal(socket_with(10, "\1", 1, &is_v6_only), 0);
	assert_true(is_v6_only);
	assert_int_equal(socket_with(10, "\0", 1, &is_v6_only), 0);
	assert_false(is_v6_only);
	assert_int_equal(socket_with(10, "", 0, &is_v6_only), 0);
	assert_false(is_v6_only);
	assert_int_equal(socket_with(1, "", 0, &is_v6_only), ERR_UNSUPPORTED);
}

static void parses_messages_of_its_own_type_only(void **state)
{
	struct netlink_message message = { .type = 99 };
	struct netlink_link link;
	struct netlink_address address;
	struct netlink_socket socket;
	int number = -1;

	(void)state;
	assert_int_equal(netlink_link_parse(&message, &link), ERR_UNSUPPORTED);
	assert_int_equal(netlink_address_parse(&message, &address), ERR_UNSUPPORTED);
	assert_int_equal(netlink_socket_parse(&message, &socket), ERR_UNSUPPORTED);
	assert_int_equal(netlink_error(&message, &number), ERR_UNSUPPORTED);
	message.type = 2;
	assert_int_equal(netlink_error(&message, &number), ERR_MALFORMED);
	message.type = 3; /* the end of a dump may be empty */
	assert_int_equal(netlink_error(&message, &number), 0);
	assert_int_equal(number, 0);
	message.payload = span_of("\x01\x02\x03\x04"); /* positive: no errno */
	assert_int_equal(netlink_error(&message, &number), ERR_MALFORMED);
	message.payload = span_of("\x01\x01\x01\x80"); /* beyond any errno */
	assert_int_equal(netlink_error(&message, &number), ERR_MALFORMED);
}

static void takes_messages_without_payload_and_refuses_shorter_ones(void **state)
{
	static uint8_t bytes[16] = { 16, 0, 0, 0, 4 };
	struct netlink_iterator it = netlink_over((struct span){ bytes, sizeof bytes });
	struct netlink_message message;

	(void)state;
	assert_true(take(&it, &message));
	assert_int_equal(message.payload.len, 0);
	assert_false(take(&it, &message));
	assert_false(it.is_malformed);
	bytes[0] = 15;
	it = netlink_over((struct span){ bytes, sizeof bytes });
	assert_false(take(&it, &message));
	assert_true(it.is_malformed);
}

static void names_states_and_scopes_it_does_not_know(void **state)
{
	(void)state;
	assert_string_equal(netlink_state_name(7), "unknown");
	assert_string_equal(netlink_state_name(255), "unknown");
	assert_string_equal(netlink_scope_name(1), "other");
	assert_string_equal(netlink_scope_name(254), "host");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_links),
		cmocka_unit_test(reads_addresses),
		cmocka_unit_test(reads_sockets),
		cmocka_unit_test(reads_routes_with_one_hop_and_with_several),
		cmocka_unit_test(reads_neighbours),
		cmocka_unit_test(reads_errors),
		cmocka_unit_test(refuses_lengths_that_lie),
		cmocka_unit_test(notices_every_truncation),
		cmocka_unit_test(survives_every_truncation_of_a_payload),
		cmocka_unit_test(checks_the_sizes_of_a_links_attributes),
		cmocka_unit_test(checks_an_address_against_its_family),
		cmocka_unit_test(takes_sockets_of_both_families_only),
		cmocka_unit_test(parses_messages_of_its_own_type_only),
		cmocka_unit_test(takes_messages_without_payload_and_refuses_shorter_ones),
		cmocka_unit_test(names_states_and_scopes_it_does_not_know),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
