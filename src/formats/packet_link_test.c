/* packet_link_test.c - frames and neighbours. */
#include "formats/packet_link.h"

#include "base/error.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct packet_frame frame_of(const char *name)
{
	struct packet_frame frame = { .type = 0 };
	char path[128];

	snprintf(path, sizeof path, "formats-packet_link/%s", name);
	assert_int_equal(packet_frame_parse(fixture(path), &frame), 0);
	return frame;
}

static void passes_over_two_tags_and_no_more(void **state)
{
	struct packet_frame frame;

	(void)state;
	assert_int_equal(frame_of("vlan").type, PACKET_TYPE_ARP);
	assert_int_equal(frame_of("two_vlans").type, PACKET_TYPE_ARP);
	assert_int_equal(packet_frame_parse(fixture("formats-packet_link/three_vlans"), &frame),
			 ERR_LIMIT);
	assert_int_equal(packet_frame_parse(fixture("formats-packet_link/length"), &frame),
			 ERR_MALFORMED);
}

static void reads_replies_and_nothing_else(void **state)
{
	struct packet_neighbour answer;

	(void)state;
	assert_int_equal(packet_arp_parse(frame_of("arp_reply").payload, &answer), 0);
	assert_int_equal(answer.address.ptr[3], 2);
	assert_int_equal(answer.mac.ptr[5], 2);
	assert_int_equal(packet_arp_parse(frame_of("arp_request").payload, &answer),
			 ERR_UNSUPPORTED);
	assert_int_equal(packet_arp_parse(frame_of("arp_other").payload, &answer), ERR_UNSUPPORTED);
}

static void reads_advertisements_with_and_without_a_mac(void **state)
{
	struct packet_neighbour answer;

	(void)state;
	assert_int_equal(packet_advertisement_parse(frame_of("advertisement").payload, &answer), 0);
	assert_int_equal(answer.mac.len, 6);
	assert_int_equal(
		packet_advertisement_parse(frame_of("advertisement_bare").payload, &answer), 0);
	assert_int_equal(answer.mac.len, 0);
	assert_int_equal(
		packet_advertisement_parse(frame_of("hostile_advertisement").payload, &answer),
		ERR_MALFORMED);
}

static void walk(struct span part)
{
	struct packet_neighbour answer;

	assert_int_not_equal(packet_arp_parse(part, &answer), 0);
}

static void refuses_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(span_first(frame_of("arp_reply").payload, 28), walk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes_over_two_tags_and_no_more),
		cmocka_unit_test(reads_replies_and_nothing_else),
		cmocka_unit_test(reads_advertisements_with_and_without_a_mac),
		cmocka_unit_test(refuses_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
