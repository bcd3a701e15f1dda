/* packet_ip_test.c - packets as they come, and as an enemy would send them. */
#include "formats/packet_ip.h"

#include "base/error.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct packet_ip ip_of(const char *name)
{
	struct packet_ip ip = { 0 };
	char path[128];

	snprintf(path, sizeof path, "formats-packet_ip/%s", name);
	assert_int_equal(packet_ip_parse(fixture(path), &ip), 0);
	return ip;
}

static int parse_tcp(const char *name, struct packet_tcp *out)
{
	struct packet_ip ip = ip_of(name);

	return packet_tcp_parse(ip.payload, out);
}

static void reads_options_in_their_order(void **state)
{
	static const uint8_t windows[] = { 2, 1, 3, 1, 1, 4 };
	static const uint8_t linux_order[] = { 2, 4, 8, 1, 3 };
	struct packet_tcp tcp;

	(void)state;
	assert_int_equal(parse_tcp("syn_ack_windows", &tcp), 0);
	assert_int_equal(tcp.order_count, sizeof windows);
	assert_memory_equal(tcp.order, windows, sizeof windows);
	assert_int_equal(tcp.mss, 1460);
	assert_int_equal(tcp.window_scale, 8);
	assert_true(tcp.has_sack && !tcp.has_timestamp);
	assert_int_equal(parse_tcp("syn_ack_linux", &tcp), 0);
	assert_int_equal(tcp.order_count, sizeof linux_order);
	assert_memory_equal(tcp.order, linux_order, sizeof linux_order);
	assert_true(tcp.has_timestamp);
	assert_int_equal(tcp.source_port, 80);
	assert_int_equal(tcp.destination_port, 61500);
	assert_int_equal(tcp.acknowledgement, 0x11223345);
	assert_int_equal(tcp.flags, PACKET_SYN | PACKET_ACK);
}

static void cuts_off_padding_and_skips_ip_options(void **state)
{
	struct packet_ip ip = ip_of("padded");
	struct packet_tcp tcp;

	(void)state;
	assert_int_equal(ip.payload.len, 20);
	assert_int_equal(parse_tcp("ip_options", &tcp), 0);
	assert_int_equal(tcp.source_port, 80);
}

static void knows_fragments_from_whole_packets(void **state)
{
	(void)state;
	assert_true(ip_of("fragment").is_fragment);
	assert_true(ip_of("v6_fragment").is_fragment);
	assert_false(ip_of("v6_first_fragment").is_fragment);
	assert_false(ip_of("rst").is_fragment);
}

static void walks_extension_headers_to_a_limit(void **state)
{
	struct packet_ip ip = ip_of("v6_extensions");
	struct packet_tcp tcp;

	(void)state;
	assert_int_equal(ip.protocol, PACKET_TCP);
	assert_int_equal(packet_tcp_parse(ip.payload, &tcp), 0);
	assert_int_equal(tcp.flags, PACKET_RST | PACKET_ACK);
	assert_int_equal(packet_ip_parse(fixture("formats-packet_ip/v6_many_extensions"), &ip),
			 ERR_LIMIT);
}

static void reads_what_an_error_quotes(void **state)
{
	struct packet_ip ip = ip_of("unreachable");
	struct packet_icmp icmp;

	(void)state;
	assert_int_equal(packet_icmp_parse(ip.payload, false, &icmp), 0);
	assert_true(icmp.is_error && icmp.is_unreachable);
	assert_int_equal(icmp.code, 13);
	assert_int_equal(icmp.quoted.destination.ptr[1], 9);
	assert_int_equal(icmp.source_port, 80);
	assert_int_equal(icmp.sequence, 0x01020304);
	ip = ip_of("v6_unreachable");
	assert_int_equal(packet_icmp_parse(ip.payload, true, &icmp), 0);
	assert_int_equal(icmp.destination_port, 161);
	ip = ip_of("quote_short");
	assert_int_equal(packet_icmp_parse(ip.payload, false, &icmp), ERR_MALFORMED);
	ip = ip_of("redirect");
	assert_int_equal(packet_icmp_parse(ip.payload, false, &icmp), ERR_UNSUPPORTED);
	ip = ip_of("echo_reply");
	assert_int_equal(packet_icmp_parse(ip.payload, false, &icmp), 0);
	assert_true(icmp.is_echo_reply);
	assert_int_equal(icmp.echo, 0xdeadbeef);
}

static void refuses_lengths_that_lie(void **state)
{
	static const char *const lying[] = { "hostile_total", "hostile_total_small",
					     "hostile_v6_length" };
	struct packet_ip ip;
	struct packet_tcp tcp;
	char path[128];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lying); i++) {
		snprintf(path, sizeof path, "formats-packet_ip/%s", lying[i]);
		assert_int_equal(packet_ip_parse(fixture(path), &ip), ERR_MALFORMED);
	}
	assert_int_equal(parse_tcp("hostile_option_zero", &tcp), ERR_MALFORMED);
	assert_int_equal(parse_tcp("hostile_option_long", &tcp), ERR_MALFORMED);
	assert_int_equal(parse_tcp("hostile_header_long", &tcp), ERR_MALFORMED);
	assert_int_equal(parse_tcp("many_options", &tcp), 0);
	assert_int_equal(tcp.order_count, PACKET_TCP_OPTIONS_MAX);
}

static void walk(struct span part)
{
	struct packet_ip ip;

	assert_int_not_equal(packet_ip_parse(part, &ip), 0);
}

static void refuses_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-packet_ip/syn_ack_linux"), walk);
	fixture_truncate(fixture("formats-packet_ip/v6_extensions"), walk);
	fixture_truncate(fixture("formats-packet_ip/udp"), walk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_options_in_their_order),
		cmocka_unit_test(cuts_off_padding_and_skips_ip_options),
		cmocka_unit_test(knows_fragments_from_whole_packets),
		cmocka_unit_test(walks_extension_headers_to_a_limit),
		cmocka_unit_test(reads_what_an_error_quotes),
		cmocka_unit_test(refuses_lengths_that_lie),
		cmocka_unit_test(refuses_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
