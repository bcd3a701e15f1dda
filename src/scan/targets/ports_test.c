/* ports_test.c */
#include "scan/targets/ports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "scan/probes/probe.h"

static void assert_ports(const char *text, const char *expected, size_t count)
{
	struct ports ports;
	char *back;

	assert_int_equal(ports_parse(span_of(text), &ports, NULL), 0);
	assert_int_equal(ports.count, count);
	back = ports_text(&ports);
	assert_string_equal(back, expected);
	free(back);
	ports_done(&ports);
}

static void reads_lists_ranges_and_transports(void **state)
{
	(void)state;
	assert_ports("22,80,443", "22,80,443", 3);
	assert_ports("443,80,80,22", "22,80,443", 3);
	assert_ports("8000-8002, U:53,161, T:8003,ping", "8000-8003,U:53,161,ping", 7);
	assert_ports("-", "1-65535", 65535);
	assert_ports("U:-", "U:1-65535", 65535);
	assert_ports("65530-", "65530-65535", 6);
	assert_ports("0", "0", 1);
}

static void refuses_what_is_no_port(void **state)
{
	static const char *const bad[] = {
		"", ",", "65536", "9-8", "http", "22;80", "1-2-3", "U:"
	};
	struct ports ports;
	struct why why = { "" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(ports_parse(span_of(bad[i]), &ports, &why), ERR_MALFORMED);
	}
}

static void the_default_has_a_payload_for_each_port_of_udp(void **state)
{
	struct ports ports;
	size_t tcp = 0;

	(void)state;
	assert_int_equal(ports_parse(span_of("default"), &ports, NULL), 0);
	for (size_t i = 0; i < ports.count; i++) {
		if (ports.items[i].transport == TRANSPORT_UDP) {
			assert_true(probe_for(ports.items[i].number)->payload_len > 0);
		}
		tcp += ports.items[i].transport == TRANSPORT_TCP ? 1 : 0;
	}
	assert_true(tcp > 1200 && tcp < 2000);
	assert_int_equal(ports.items[ports.count - 1].transport, TRANSPORT_ICMP);
	ports_done(&ports);
}

static void a_port_is_asked_all_its_questions_but_those_that_are_not_wanted(void **state)
{
	struct ports ports;
	struct ports all;

	(void)state;
	assert_int_equal(ports_parse(span_of("161,U:53,161,162"), &ports, NULL), 0);
	all = ports_questions(&ports, false);
	assert_int_equal(all.count, 5);
	assert_int_equal(all.items[2].number, 161);
	assert_int_equal(all.items[2].question, 0);
	assert_int_equal(all.items[3].number, 161);
	assert_int_equal(all.items[3].question, 1);
	ports_done(&all);
	all = ports_questions(&ports, true);
	assert_int_equal(all.count, 4);
	ports_done(&all);
	ports_done(&ports);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_lists_ranges_and_transports),
		cmocka_unit_test(refuses_what_is_no_port),
		cmocka_unit_test(the_default_has_a_payload_for_each_port_of_udp),
		cmocka_unit_test(a_port_is_asked_all_its_questions_but_those_that_are_not_wanted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
