/* datagram_test.c - answers that came to discovery's questions. */
#include "scan/identify/datagram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(text)                                                                                \
	(struct span)                                                                              \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}

/* Its number is none that the prober would have asked with. */
#define VERSION_BIND                                                                               \
	"\x12\x34\x84\x00\x00\x01\x00\x01\x00\x00\x00\x00\x07version\x04"                          \
	"bind\x00\x00\x10\x00\x03\xc0\x0c\x00\x10\x00\x03\x00\x00\x00\x00\x00\x0d\x0c"             \
	"dnsmasq-2.90"

#define NTP_SERVER                                                                                 \
	"\x24\x02\x06\xec\0\0\0\0\0\0\0\0\x01\x02\x03\x04\0\0\0\0\0\0\0\0"                         \
	"\0\0\0\0\x11\x22\x33\x44\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

static bool has(const struct service_facts *facts, const char *kind, const char *text)
{
	return span_is(facts_find(facts, kind), text);
}

static void an_answer_of_dns_says_it_all(void **state)
{
	struct service_facts facts;

	(void)state;
	assert_int_equal(datagram_read("dns", 53, BYTES(VERSION_BIND), &facts), DATAGRAM_WHOLE);
	assert_string_equal(facts.protocol, "dns");
	assert_true(has(&facts, "dns.versionbind", "dnsmasq-2.90"));
	assert_int_equal(facts.banner_len, sizeof VERSION_BIND - 1);
}

static void more_can_be_asked_of_ntp(void **state)
{
	struct service_facts facts;

	(void)state;
	assert_int_equal(datagram_read("ntp", 123, BYTES(NTP_SERVER), &facts), DATAGRAM_NAMED);
	assert_true(has(&facts, "ntp.stratum", "2"));
}

static void protocols_without_a_prober_are_named_by_their_question(void **state)
{
	struct service_facts facts;

	(void)state;
	assert_int_equal(datagram_read("ssdp", 1900,
				       BYTES("HTTP/1.1 200 OK\r\nSERVER: Linux/5 UPnP/1.1 "
					     "MiniUPnPd/2.2\r\n\r\n"),
				       &facts),
			 DATAGRAM_WHOLE);
	assert_true(has(&facts, "ssdp_header.server", "Linux/5 UPnP/1.1 MiniUPnPd/2.2"));
	assert_int_equal(datagram_read("memcached", 11211,
				       BYTES("\x01\x02\0\0\0\x01\0\0VERSION 1.6.18\r\n"), &facts),
			 DATAGRAM_WHOLE);
	assert_true(has(&facts, "service.version", "1.6.18"));
	assert_int_equal(datagram_read("ike", 500, BYTES("\x01\x02\x03\x04"), &facts),
			 DATAGRAM_WHOLE);
	assert_string_equal(facts.protocol, "ike");
}

/* A node of two names, the second its workgroup's. */
#define NODE_STATUS                                                                                \
	"\0\0\x84\0\0\0\0\x01\0\0\0\0"                                                             \
	"\x20"                                                                                     \
	"CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"                                                         \
	"\0\0\x21\0\x01\0\0\0\0\0\x2b\x02"                                                         \
	"PRINTER-7      \0\x04\0"                                                                  \
	"OFFICE         \0\x84\0\0\0\0\0\0\0"

/* A list of services, and beside it where the printer is: an SRV record and an address. */
#define MDNS_ANSWER                                                                                \
	"\0\0\x84\0\0\0\0\0\0\0\0\x02"                                                             \
	"\x04_ipp\x04_tcp\x05local\0\0\x21\x80\x01\0\0\0\x78\0\x0f\0\0\0\0\x02\x77\x06hpcolo"      \
	"\xc0\x16"                                                                                 \
	"\x05spare\xc0\x16\0\x01\x80\x01\0\0\0\x78\0\x04\x0a\0\0\x07"

static void machines_tell_their_names(void **state)
{
	struct service_facts facts;

	(void)state;
	assert_int_equal(datagram_read("netbios", 137, BYTES(NODE_STATUS), &facts), DATAGRAM_WHOLE);
	assert_true(has(&facts, "host.name", "PRINTER-7"));
	assert_true(has(&facts, "host.domain", "OFFICE"));
	assert_int_equal(datagram_read("mdns", 5353, BYTES(MDNS_ANSWER), &facts), DATAGRAM_WHOLE);
	assert_int_equal(facts.count, 2);
	assert_true(span_is(facts_text(&facts, 0), "hpcolo.local"));
	assert_true(span_is(facts_text(&facts, 1), "spare.local"));
	for (size_t len = 0; len < sizeof MDNS_ANSWER - 1; len++) {
		uint8_t *part = malloc(len > 0 ? len : 1);

		memcpy(part, MDNS_ANSWER, len);
		(void)(datagram_read("mdns", 5353, (struct span){ part, len }, &facts) ==
		       DATAGRAM_WHOLE);
		(void)(datagram_read("netbios", 137, (struct span){ part, len }, &facts) ==
		       DATAGRAM_WHOLE);
		free(part);
	}
}

static void a_name_that_points_at_itself_is_none(void **state)
{
	static const char loop[] = "\0\0\x84\0\0\0\0\x01\0\0\0\0"
				   "\xc0\x0c\0\x01\0\x01\0\0\0\0\0\x04\x0a\0\0\x01";
	struct service_facts facts;

	(void)state;
	assert_int_equal(datagram_read("mdns", 5353, BYTES(loop), &facts), DATAGRAM_WHOLE);
	assert_int_equal(facts.count, 0);
}

static void what_is_no_answer_of_the_protocol_is_asked_about(void **state)
{
	struct service_facts facts;

	(void)state;
	assert_int_equal(datagram_read("dns", 53, BYTES("HTTP/1.1 400 Bad"), &facts),
			 DATAGRAM_UNKNOWN);
	assert_int_equal(datagram_read("ssdp", 1900, BYTES("\x01\x02"), &facts), DATAGRAM_UNKNOWN);
	assert_int_equal(datagram_read("empty", 9, BYTES("hello"), &facts), DATAGRAM_UNKNOWN);
	assert_int_equal(datagram_read("dns", 53, (struct span){ NULL, 0 }, &facts),
			 DATAGRAM_UNKNOWN);
}

static void every_truncation_is_met(void **state)
{
	struct service_facts facts;

	(void)state;
	for (size_t len = 0; len < sizeof VERSION_BIND - 1; len++) {
		uint8_t *part = malloc(len > 0 ? len : 1);

		memcpy(part, VERSION_BIND, len);
		(void)(datagram_read("dns", 53, (struct span){ part, len }, &facts) ==
		       DATAGRAM_WHOLE);
		(void)(datagram_read("ntp", 123, (struct span){ part, len }, &facts) ==
		       DATAGRAM_WHOLE);
		(void)(datagram_read("memcached", 11211, (struct span){ part, len }, &facts) ==
		       DATAGRAM_WHOLE);
		free(part);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_of_dns_says_it_all),
		cmocka_unit_test(more_can_be_asked_of_ntp),
		cmocka_unit_test(protocols_without_a_prober_are_named_by_their_question),
		cmocka_unit_test(machines_tell_their_names),
		cmocka_unit_test(a_name_that_points_at_itself_is_none),
		cmocka_unit_test(what_is_no_answer_of_the_protocol_is_asked_about),
		cmocka_unit_test(every_truncation_is_met),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
