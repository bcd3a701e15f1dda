/* netlink_test.c - messages laid out by hand in the byte order of x86. */
#include "formats/netlink.h"

#include "base/error.h"
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_links),
		cmocka_unit_test(reads_addresses),
		cmocka_unit_test(reads_sockets),
		cmocka_unit_test(reads_errors),
		cmocka_unit_test(refuses_lengths_that_lie),
		cmocka_unit_test(notices_every_truncation),
		cmocka_unit_test(survives_every_truncation_of_a_payload),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
