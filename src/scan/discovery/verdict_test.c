/* verdict_test.c - an answer is one only with the cookie of the very probe. */
#include "scan/discovery/verdict.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/writer.h"
#include "scan/probes/probe.h"

#define FROM 0x0a090001u
#define OURS 0x0a080001u

static const struct verdict_rules rules = { { 3, 4 }, 0 };
static uint8_t bytes[256];

static struct writer ip(uint8_t protocol, uint32_t from, size_t len)
{
	struct writer w = writer_over(bytes, sizeof bytes);

	writer_be16(&w, 0x4500);
	writer_be16(&w, (uint16_t)(20 + len));
	writer_be32(&w, 0);
	writer_u8(&w, 57);
	writer_u8(&w, protocol);
	writer_be16(&w, 0);
	writer_be32(&w, from);
	writer_be32(&w, OURS);
	return w;
}

static struct cookie probe(enum transport transport, uint16_t port, unsigned pass)
{
	struct address a = address_v4(FROM);

	return cookie_of(&rules.key, &a, transport, port, pass);
}

static struct span tcp(uint16_t to_port, uint32_t acknowledgement, uint8_t flags, uint16_t window)
{
	struct writer w = ip(6, FROM, 20);

	writer_be16(&w, 80);
	writer_be16(&w, to_port);
	writer_be32(&w, 9);
	writer_be32(&w, acknowledgement);
	writer_u8(&w, 0x50);
	writer_u8(&w, flags);
	writer_be16(&w, window);
	writer_be32(&w, 0);
	return writer_span(&w);
}

/* An ICMP error about a probe to FROM, said by another address. */
static struct span error_about(uint32_t said_by, uint8_t type, uint8_t code, uint8_t protocol,
			       struct cookie cookie, uint16_t port)
{
	struct writer w = ip(1, said_by, 8 + 28);

	writer_u8(&w, type);
	writer_u8(&w, code);
	writer_be16(&w, 0);
	writer_be32(&w, 0);
	writer_be16(&w, 0x4500);
	writer_be16(&w, 60);
	writer_be32(&w, 0);
	writer_u8(&w, 1);
	writer_u8(&w, protocol);
	writer_be16(&w, 0);
	writer_be32(&w, OURS);
	writer_be32(&w, FROM);
	writer_be16(&w, cookie.source_port);
	writer_be16(&w, port);
	writer_be32(&w, cookie.sequence);
	return writer_span(&w);
}

static void a_syn_ack_with_our_sequence_is_open(void **state)
{
	struct cookie c = probe(TRANSPORT_TCP, 80, 1);
	struct answer a;

	(void)state;
	assert_int_equal(verdict_of(&rules, tcp(c.source_port, c.sequence + 1, 0x12, 100), &a), 0);
	assert_int_equal(a.state, PORT_OPEN);
	assert_int_equal(a.port, 80);
	assert_int_equal(a.probe, 2);
	assert_int_equal(a.stack.ttl, 57);
	assert_int_equal(a.middlebox, MIDDLEBOX_NO_OPTIONS);
	assert_int_equal(verdict_of(&rules, tcp(c.source_port, c.sequence + 1, 0x12, 0), &a), 0);
	assert_int_equal(a.middlebox, MIDDLEBOX_NO_OPTIONS | MIDDLEBOX_WINDOW_ZERO);
}

static void a_reset_is_closed(void **state)
{
	struct cookie c = probe(TRANSPORT_TCP, 80, 0);
	struct answer a;

	(void)state;
	assert_int_equal(verdict_of(&rules, tcp(c.source_port, c.sequence + 1, 0x14, 0), &a), 0);
	assert_int_equal(a.state, PORT_CLOSED);
	assert_int_equal(verdict_of(&rules, tcp(c.source_port, c.sequence, 0x04, 0), &a), 0);
}

static void without_the_cookie_it_is_nothing(void **state)
{
	struct cookie c = probe(TRANSPORT_TCP, 80, 0);
	struct answer a;

	(void)state;
	assert_int_equal(verdict_of(&rules, tcp(c.source_port, c.sequence + 2, 0x12, 9), &a),
			 ERR_UNSUPPORTED);
	assert_int_equal(
		verdict_of(&rules, tcp((uint16_t)(c.source_port ^ 1), c.sequence + 1, 0x12, 9), &a),
		ERR_UNSUPPORTED);
	assert_int_equal(verdict_of(&rules, tcp(443, c.sequence + 1, 0x12, 9), &a),
			 ERR_UNSUPPORTED);
	assert_int_equal(verdict_of(&rules, tcp(c.source_port, c.sequence + 1, 0x10, 9), &a),
			 ERR_UNSUPPORTED); /* no SYN, no RST */
	c.sequence++;
	assert_int_equal(verdict_of(&rules, error_about(FROM, 3, 13, 6, c, 80), &a),
			 ERR_UNSUPPORTED);
}

static void who_says_unreachable_makes_the_difference(void **state)
{
	struct cookie c = probe(TRANSPORT_UDP, 161, 0);
	struct answer a;

	(void)state;
	assert_int_equal(verdict_of(&rules, error_about(FROM, 3, 3, 17, c, 161), &a), 0);
	assert_int_equal(a.state, PORT_CLOSED);
	assert_int_equal(verdict_of(&rules, error_about(FROM + 1, 3, 3, 17, c, 161), &a), 0);
	assert_int_equal(a.state, PORT_FILTERED);
	assert_int_equal(address_to_v4(&a.reporter), FROM + 1);
	assert_int_equal(address_to_v4(&a.address), FROM);
	c = probe(TRANSPORT_TCP, 80, 0);
	assert_int_equal(verdict_of(&rules, error_about(FROM, 3, 3, 6, c, 80), &a), 0);
	assert_int_equal(a.state, PORT_FILTERED); /* TCP answers with a reset where it is closed */
}

static void an_echo_is_known_by_its_identifier(void **state)
{
	struct cookie c = probe(TRANSPORT_ICMP, 0, 1);
	struct writer w = ip(1, FROM, 8);
	struct answer a;

	(void)state;
	writer_be32(&w, 0);
	writer_be32(&w, c.sequence);
	assert_int_equal(verdict_of(&rules, writer_span(&w), &a), 0);
	assert_int_equal(a.state, PORT_HOST);
	assert_int_equal(a.probe, 2);
	bytes[27] ^= 1;
	assert_int_equal(verdict_of(&rules, writer_span(&w), &a), ERR_UNSUPPORTED);
}

static void a_datagram_must_repeat_what_the_protocol_repeats(void **state)
{
	struct cookie c = probe(TRANSPORT_UDP, 53, 0);
	struct writer w = ip(17, FROM, 8 + 4);
	struct answer a;

	(void)state;
	writer_be16(&w, 53);
	writer_be16(&w, c.source_port);
	writer_be32(&w, 12u << 16);
	writer_be16(&w, (uint16_t)c.sequence);
	writer_be16(&w, 0x8180);
	assert_int_equal(verdict_of(&rules, writer_span(&w), &a), 0);
	assert_int_equal(a.state, PORT_OPEN);
	assert_int_equal(a.payload.len, 4);
	bytes[28] ^= 0x40;
	assert_int_equal(verdict_of(&rules, writer_span(&w), &a), ERR_UNSUPPORTED);
}

static void answers_to_a_ports_questions_are_told_apart(void **state)
{
	struct cookie c = probe(TRANSPORT_UDP, 161, 0);
	struct writer w = ip(17, FROM, 8 + 6);
	struct answer a;

	(void)state;
	writer_be16(&w, 161);
	writer_be16(&w, c.source_port);
	writer_be32(&w, 14u << 16);
	writer_be16(&w, 0xa238);
	writer_be32(&w, probe_cookie(c.sequence, 1));
	assert_int_equal(verdict_of(&rules, writer_span(&w), &a), 0);
	assert_int_equal(a.probe, 0); /* the second question's: not counted */
	w = ip(17, FROM, 8 + 6);
	writer_be16(&w, 161);
	writer_be16(&w, c.source_port);
	writer_be32(&w, 14u << 16);
	writer_be16(&w, 0);
	writer_be32(&w, c.sequence);
	assert_int_equal(verdict_of(&rules, writer_span(&w), &a), 0);
	assert_int_equal(a.probe, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_syn_ack_with_our_sequence_is_open),
		cmocka_unit_test(a_reset_is_closed),
		cmocka_unit_test(without_the_cookie_it_is_nothing),
		cmocka_unit_test(who_says_unreachable_makes_the_difference),
		cmocka_unit_test(an_echo_is_known_by_its_identifier),
		cmocka_unit_test(a_datagram_must_repeat_what_the_protocol_repeats),
		cmocka_unit_test(answers_to_a_ports_questions_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
