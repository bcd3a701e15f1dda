/* template_test.c - frames completed by pieces against whole ones, and templates that lie. */
#include "scan/send/template.h"

#include <string.h>

#include "base/error.h"
#include "base/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { TCP = 6, UDP = 17, ICMP = 1, ICMPV6 = 58 };

static uint64_t random_state = 88172645463325252u;

static uint32_t pick(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 16);
}

/* What a frame is made of; the transport's header comes before its payload. */
struct recipe {
	bool is_v6;
	bool is_plain; /* no Ethernet */
	uint8_t protocol;
	size_t payload;
	uint8_t icmp_type;
};

static size_t transport_size(const struct recipe *r)
{
	return (r->protocol == TCP ? 20 : 8) + r->payload;
}

static void put_transport(struct writer *w, const struct recipe *r)
{
	if (r->protocol == TCP) {
		writer_be64(w, 0x1111222233334444);
		writer_be32(w, 0);
		writer_be64(w, 0x5002faf0dead0000);
	} else if (r->protocol == UDP) {
		writer_be32(w, 0x11112222);
		writer_be16(w, (uint16_t)transport_size(r));
		writer_be16(w, 0xbeef);
	} else {
		writer_u8(w, r->icmp_type);
		writer_u8(w, 0);
		writer_be16(w, 0x1234);
		writer_be32(w, 0x55556666);
	}
	for (size_t i = 0; i < r->payload; i++) {
		writer_u8(w, (uint8_t)pick());
	}
}

static struct span cook(const struct recipe *r, uint8_t bytes[SENDER_FRAME_MAX])
{
	struct writer w = writer_over(bytes, SENDER_FRAME_MAX);

	if (!r->is_plain) {
		writer_be64(&w, 0x0202030405060207);
		writer_be32(&w, 0x08090a0b);
		writer_be16(&w, r->is_v6 ? 0x86dd : 0x0800);
	}
	if (r->is_v6) {
		writer_be32(&w, 0x60012345);
		writer_be16(&w, (uint16_t)transport_size(r));
		writer_u8(&w, r->protocol);
		writer_u8(&w, 64);
		for (unsigned i = 0; i < 8; i++) {
			writer_be32(&w, pick());
		}
	} else {
		writer_be16(&w, 0x4500);
		writer_be16(&w, (uint16_t)(20 + transport_size(r)));
		writer_be32(&w, 0xabcd4000);
		writer_u8(&w, 64);
		writer_u8(&w, r->protocol);
		writer_be16(&w, 0x9999);
		writer_be32(&w, pick());
		writer_be32(&w, pick());
	}
	put_transport(&w, r);
	assert_true(writer_ok(&w));
	return writer_span(&w);
}

/* RFC 1071 as one would write it down: big-endian words, carry by carry. */
static uint16_t plain_sum(uint16_t sum, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint32_t wide = (uint32_t)sum + (i % 2 == 0 ? bytes[i] << 8 : bytes[i]);

		sum = (uint16_t)((wide & 0xffff) + (wide >> 16));
	}
	return sum;
}

/* Over a frame with its checksum in it, the sum is that of zero. */
static void assert_checksums(const struct recipe *r, const uint8_t *frame, size_t len)
{
	size_t ip = r->is_plain ? 0 : 14;
	size_t transport = ip + (r->is_v6 ? 40 : 20);
	uint16_t sum = 0;

	if (!r->is_v6) {
		assert_int_equal(plain_sum(0, frame + ip, 20), 0xffff);
	}
	if (r->protocol != ICMP) {
		const uint8_t pseudo[4] = { (uint8_t)((len - transport) >> 8),
					    (uint8_t)(len - transport), 0, r->protocol };

		sum = plain_sum(sum, frame + ip + (r->is_v6 ? 8 : 12), r->is_v6 ? 32 : 8);
		sum = plain_sum(sum, pseudo, sizeof pseudo);
	}
	assert_int_equal(plain_sum(sum, frame + transport, len - transport), 0xffff);
	if (r->protocol == UDP) {
		assert_true(frame[transport + 6] != 0 || frame[transport + 7] != 0);
	}
}

static struct sender_probe random_probe(void)
{
	struct sender_probe probe = { .sequence = pick(),
				      .destination_port = (uint16_t)pick(),
				      .source_port = (uint16_t)pick(),
				      .ip_id = (uint16_t)pick() };

	for (unsigned i = 0; i < sizeof probe.destination; i++) {
		probe.destination[i] = (uint8_t)pick();
	}
	for (unsigned i = 0; i < sizeof probe.mac; i++) {
		probe.mac[i] = (uint8_t)pick();
	}
	return probe;
}

static unsigned be16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static void assert_fields(const struct recipe *r, const struct sender_template *from,
			  const struct sender_probe *p, const uint8_t *frame)
{
	size_t ip = r->is_plain ? 0 : 14;
	size_t transport = ip + (r->is_v6 ? 40 : 20);
	const uint8_t *sequence = frame + from->sequence_at;
	uint32_t wanted = from->sequence_size == 2 ? (uint16_t)p->sequence : p->sequence;
	uint32_t got = 0;

	assert_memory_equal(frame + ip + (r->is_v6 ? 24 : 16), p->destination, r->is_v6 ? 16 : 4);
	if ((from->varies & SENDER_SOURCE_PORT) != 0) {
		assert_int_equal(be16(frame + transport), p->source_port);
		assert_int_equal(be16(frame + transport + 2), p->destination_port);
	}
	if (!r->is_v6) {
		assert_int_equal(be16(frame + ip + 4), p->ip_id);
	}
	if (!r->is_plain) {
		assert_memory_equal(frame, p->mac, 6);
	}
	for (unsigned i = 0; i < from->sequence_size; i++) {
		got = got << 8 | sequence[i];
	}
	assert_true(from->sequence_size == 0 || got == wanted);
}

static unsigned varies_of(const struct recipe *r)
{
	return SENDER_DESTINATION |
	       (r->protocol == TCP || r->protocol == UDP
			? SENDER_SOURCE_PORT | SENDER_DESTINATION_PORT
			: 0) |
	       (r->is_v6 ? 0 : SENDER_IP_ID) | (r->is_plain ? 0 : SENDER_MAC);
}

/* Many probes of one template: each field where it belongs, each checksum right, the rest as it
 * was. */
static void assert_recipe(const struct recipe *r, unsigned sequence_at, unsigned sequence_size)
{
	uint8_t bytes[SENDER_FRAME_MAX];
	uint8_t frame[TEMPLATE_ROOM_MAX];
	size_t link = r->is_plain ? 0 : 14;
	size_t transport = link + (r->is_v6 ? 40 : 20);
	struct sender_template from = { .varies = varies_of(r),
					.sequence_at = (unsigned)transport + sequence_at,
					.sequence_size = sequence_size };
	struct template t;
	struct why why;

	from.frame = cook(r, bytes);
	assert_int_equal(template_make(&from, link, &t, &why), 0);
	assert_int_equal(t.length, from.frame.len);
	for (unsigned i = 0; i < 300; i++) {
		struct sender_probe probe = random_probe();

		memset(frame, (int)pick(), sizeof frame);
		template_complete(&t, &probe, frame);
		assert_fields(r, &from, &probe, frame);
		assert_checksums(r, frame, t.length);
	}
	transport += sequence_at + 4; /* what varies and the checksum end before */
	transport = transport < (size_t)t.length - r->payload ? t.length - r->payload : transport;
	assert_true(transport >= t.length ||
		    memcmp(frame + transport, bytes + transport, t.length - transport) == 0);
}

static void every_checksum_is_that_of_the_whole_frame(void **state)
{
	static const uint8_t protocols[] = { TCP, UDP, ICMP };

	(void)state;
	for (unsigned i = 0; i < 12 * 40; i++) {
		struct recipe r = { .is_v6 = i / 3 % 2 != 0,
				    .is_plain = i / 6 % 2 != 0,
				    .protocol = protocols[i % 3],
				    .payload = 4 + i / 12 % 2 * 7 + pick() % 60,
				    .icmp_type = 8 };

		if (r.protocol == ICMP && r.is_v6) {
			r.protocol = ICMPV6;
			r.icmp_type = 128;
		}
		assert_recipe(&r, r.protocol == TCP ? 4 : 8 + pick() % (unsigned)(r.payload - 3),
			      pick() % 3 * 2);
	}
}

static void the_longest_frame_is_right(void **state)
{
	struct recipe r = { .protocol = UDP, .payload = SENDER_FRAME_MAX - 14 - 28 };

	(void)state;
	assert_recipe(&r, 9, 4);
}

static void a_udp_checksum_of_zero_is_sent_as_all_ones(void **state)
{
	struct recipe r = { .protocol = UDP, .payload = 4 };
	uint8_t bytes[SENDER_FRAME_MAX];
	uint8_t frame[TEMPLATE_ROOM_MAX];
	struct sender_template from = { .sequence_at = 42, .sequence_size = 2 };
	struct sender_probe probe = { .sequence = 0 };
	struct template t;

	(void)state;
	from.frame = cook(&r, bytes);
	assert_int_equal(template_make(&from, 14, &t, NULL), 0);
	template_complete(&t, &probe, frame);
	probe.sequence = be16(frame + 40); /* what is missing to all ones */
	template_complete(&t, &probe, frame);
	assert_int_equal(be16(frame + 40), 0xffff);
	assert_checksums(&r, frame, t.length);
}

static void a_solicitation_is_addressed_by_its_target(void **state)
{
	static const uint8_t multicast[13] = { 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff };
	struct recipe r = { .is_v6 = true, .protocol = ICMPV6, .payload = 24, .icmp_type = 135 };
	uint8_t bytes[SENDER_FRAME_MAX];
	uint8_t frame[TEMPLATE_ROOM_MAX];
	struct sender_template from = { .varies = SENDER_SOLICITATION };
	struct sender_probe probe = random_probe();
	struct template t;

	(void)state;
	from.frame = cook(&r, bytes);
	assert_int_equal(template_make(&from, 14, &t, NULL), 0);
	template_complete(&t, &probe, frame);
	assert_memory_equal(frame, ((const uint8_t[]){ 0x33, 0x33, 0xff }), 3);
	assert_memory_equal(frame + 3, probe.destination + 13, 3);
	assert_memory_equal(frame + 14 + 24, multicast, sizeof multicast);
	assert_memory_equal(frame + 14 + 37, probe.destination + 13, 3);
	assert_memory_equal(frame + 14 + 40 + 8, probe.destination, 16);
	assert_checksums(&r, frame, t.length);
	from.varies = SENDER_SOLICITATION | SENDER_DESTINATION;
	assert_int_equal(template_make(&from, 14, &t, NULL), ERR_MALFORMED);
	bytes[54] = 136;
	from.varies = SENDER_SOLICITATION;
	assert_int_equal(template_make(&from, 14, &t, NULL), ERR_MALFORMED);
}

static void an_arp_request_asks_for_the_destination(void **state)
{
	uint8_t bytes[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0,
			      1,    8,    6,    0,    1,    8,    0, 6, 4, 0, 1 };
	uint8_t frame[TEMPLATE_ROOM_MAX];
	struct sender_template from = { .frame = { bytes, 42 }, .varies = SENDER_DESTINATION };
	struct sender_probe probe = random_probe();
	struct template t;

	(void)state;
	assert_int_equal(template_make(&from, 14, &t, NULL), 0);
	template_complete(&t, &probe, frame);
	assert_memory_equal(frame, bytes, 38);
	assert_memory_equal(frame + 38, probe.destination, 4);
	from.frame.len = 60; /* padded */
	assert_int_equal(template_make(&from, 14, &t, NULL), 0);
	from.varies = SENDER_DESTINATION | SENDER_DESTINATION_PORT;
	assert_int_equal(template_make(&from, 14, &t, NULL), ERR_MALFORMED);
	from.varies = SENDER_DESTINATION;
	bytes[18] = 8; /* other hardware */
	assert_int_equal(template_make(&from, 14, &t, NULL), ERR_MALFORMED);
}

static int make(const struct recipe *r, unsigned at, uint8_t value)
{
	uint8_t bytes[SENDER_FRAME_MAX];
	struct sender_template from = { .varies = varies_of(r) };
	struct template t;
	struct why why;

	from.frame = cook(r, bytes);
	bytes[at] = value;
	return template_make(&from, r->is_plain ? 0 : 14, &t, &why);
}

static void lengths_that_lie_are_refused(void **state)
{
	struct recipe tcp = { .protocol = TCP, .payload = 12 };
	struct recipe udp = { .protocol = UDP, .payload = 12 };
	struct recipe v6 = { .is_v6 = true, .protocol = TCP, .payload = 12 };

	(void)state;
	assert_int_equal(make(&tcp, 14, 0x45), 0);
	assert_int_equal(make(&tcp, 14, 0x44), ERR_MALFORMED);   /* header too short */
	assert_int_equal(make(&tcp, 14, 0x4f), ERR_MALFORMED);   /* longer than the packet */
	assert_int_equal(make(&tcp, 14, 0x65), ERR_MALFORMED);   /* another version */
	assert_int_equal(make(&tcp, 17, 51), ERR_MALFORMED);     /* total length */
	assert_int_equal(make(&tcp, 17, 53), ERR_MALFORMED);     /* total length */
	assert_int_equal(make(&tcp, 20, 0x20), ERR_UNSUPPORTED); /* more fragments */
	assert_int_equal(make(&tcp, 21, 1), ERR_UNSUPPORTED);    /* a later fragment */
	assert_int_equal(make(&tcp, 23, 132), ERR_UNSUPPORTED);  /* SCTP */
	assert_int_equal(make(&tcp, 14 + 20 + 12, 0x40), ERR_MALFORMED); /* data offset */
	assert_int_equal(make(&tcp, 14 + 20 + 12, 0x90), ERR_MALFORMED); /* data offset */
	assert_int_equal(make(&tcp, 14 + 20 + 12, 0x80), 0);
	assert_int_equal(make(&udp, 14 + 20 + 5, 19), ERR_MALFORMED); /* UDP length */
	assert_int_equal(make(&v6, 14 + 5, 31), ERR_MALFORMED);       /* payload length */
	assert_int_equal(make(&v6, 14 + 6, 0), ERR_UNSUPPORTED);      /* hop-by-hop options */
	assert_int_equal(make(&tcp, 12, 0x81), ERR_UNSUPPORTED);      /* no known EtherType */
}

static void every_truncation_is_refused(void **state)
{
	struct recipe recipes[] = {
		{ .protocol = TCP, .payload = 12 },
		{ .protocol = UDP, .payload = 12 },
		{ .is_v6 = true, .protocol = ICMPV6, .icmp_type = 128, .payload = 2 },
		{ .is_plain = true, .protocol = TCP },
	};
	uint8_t bytes[SENDER_FRAME_MAX];
	struct template t;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(recipes); i++) {
		struct sender_template from = { .frame = cook(&recipes[i], bytes) };
		size_t whole = from.frame.len;

		for (from.frame.len = 0; from.frame.len < whole; from.frame.len++) {
			assert_int_not_equal(
				template_make(&from, recipes[i].is_plain ? 0 : 14, &t, NULL), 0);
		}
	}
}

static int sequence(unsigned at, unsigned size)
{
	struct recipe r = { .protocol = UDP, .payload = 12 };
	uint8_t bytes[SENDER_FRAME_MAX];
	struct sender_template from = { .sequence_at = at, .sequence_size = size };
	struct template t;

	from.frame = cook(&r, bytes);
	return template_make(&from, 14, &t, NULL);
}

static void a_sequence_lies_within_the_transport_or_is_refused(void **state)
{
	(void)state;
	assert_int_equal(sequence(42, 4), 0);
	assert_int_equal(sequence(50, 4), 0);             /* the last four bytes */
	assert_int_equal(sequence(51, 4), ERR_MALFORMED); /* one beyond */
	assert_int_equal(sequence(52, 2), 0);
	assert_int_equal(sequence(42, 3), ERR_MALFORMED);
	assert_int_equal(sequence(42, 8), ERR_MALFORMED);
	assert_int_equal(sequence(36, 2), ERR_MALFORMED); /* a port */
	assert_int_equal(sequence(40, 2), ERR_MALFORMED); /* the checksum */
	assert_int_equal(sequence(41, 2), ERR_MALFORMED); /* half of it */
	assert_int_equal(sequence(30, 4), ERR_MALFORMED); /* the address */
	assert_int_equal(sequence(65536 + 42, 4), ERR_MALFORMED);
	assert_int_equal(sequence(UINT32_MAX - 1, 4), ERR_MALFORMED);
}

static void what_the_frame_does_not_have_cannot_vary(void **state)
{
	struct recipe r = { .is_v6 = true, .protocol = ICMPV6, .icmp_type = 128 };
	uint8_t bytes[SENDER_FRAME_MAX + 1] = { 0 };
	struct sender_template from = { .varies = SENDER_IP_ID };
	struct template t;

	(void)state;
	from.frame = cook(&r, bytes);
	assert_int_equal(template_make(&from, 14, &t, NULL), ERR_MALFORMED);
	from.varies = SENDER_SOURCE_PORT;
	assert_int_equal(template_make(&from, 14, &t, NULL), ERR_MALFORMED);
	from.varies = 1u << 30;
	assert_int_equal(template_make(&from, 14, &t, NULL), ERR_MALFORMED);
	from.varies = 0;
	assert_int_equal(template_make(&from, 14, &t, NULL), 0);
	from.frame.len = SENDER_FRAME_MAX + 1;
	assert_int_equal(template_make(&from, 14, &t, NULL), ERR_LIMIT);
	r.is_plain = true;
	from.frame = cook(&r, bytes);
	from.varies = SENDER_MAC;
	assert_int_equal(template_make(&from, 0, &t, NULL), ERR_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_checksum_is_that_of_the_whole_frame),
		cmocka_unit_test(the_longest_frame_is_right),
		cmocka_unit_test(a_udp_checksum_of_zero_is_sent_as_all_ones),
		cmocka_unit_test(a_solicitation_is_addressed_by_its_target),
		cmocka_unit_test(an_arp_request_asks_for_the_destination),
		cmocka_unit_test(lengths_that_lie_are_refused),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(a_sequence_lies_within_the_transport_or_is_refused),
		cmocka_unit_test(what_the_frame_does_not_have_cannot_vary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
