/* table_test.c - the contract that every payload keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "scan/probes/probe.h"

static void every_probe_keeps_the_contract(void **state)
{
	(void)state;
	for (size_t i = 0; probes[i] != NULL; i++) {
		const struct probe *p = probes[i];
		uint8_t payload[PROBE_PAYLOAD_MAX];
		size_t len = probe_fill(p, payload);

		assert_true(p->name != NULL && p->summary != NULL);
		assert_true(len <= PROBE_PAYLOAD_MAX);
		assert_true(p->cookie_size == 0 || p->cookie_size == 2 || p->cookie_size == 4);
		assert_true(p->cookie_size == 0 || p->cookie_at + p->cookie_size <= p->payload_len);
		assert_true(!p->is_echoed || p->cookie_size > 0);
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(p->name, probes[k]->name);
		}
		for (size_t k = 0; k < PROBE_PORTS_MAX && p->ports[k] != 0; k++) {
			unsigned question = 0;

			while (probe_question(p->ports[k], question) != p) {
				assert_non_null(probe_question(p->ports[k], question++));
			}
			assert_true(question == 0 || p->is_echoed); /* its answers are told */
		}
	}
}

static void a_port_without_a_payload_gets_the_empty_one(void **state)
{
	(void)state;
	assert_string_equal(probe_for(54321)->name, "empty");
	assert_int_equal(probe_for(54321)->payload_len, 0);
	assert_string_equal(probe_for(53)->name, "dns");
}

static void an_answer_without_the_cookie_is_not_ours(void **state)
{
	static const uint8_t answer[] = { 1, 2, 0x12, 0x34, 0x56, 0x78, 9 };
	struct span bytes = { answer, sizeof answer };
	(void)state;
	assert_true(probe_accepts(probe_for(111), 0x12345678, bytes));
	assert_false(probe_accepts(probe_for(111), 0x12345679, bytes));
	assert_false(probe_accepts(probe_for(111), 0x12345678, span_first(bytes, 3)));
	assert_true(probe_accepts(probe_for(53), 0xffff5678, bytes));   /* its two bytes */
	assert_true(probe_accepts(probe_for(1900), 0x12345679, bytes)); /* repeats nothing */
}

static void devices_of_either_version_of_snmp_are_asked(void **state)
{
	const struct probe *community = probe_question(161, 1);
	uint8_t payload[PROBE_PAYLOAD_MAX];
	size_t len = probe_fill(community, payload);

	(void)state;
	assert_string_equal(probe_for(161)->name, "snmp");
	assert_string_equal(community->name, "snmp-community");
	assert_true(community->is_anonymous_ask && !probe_for(161)->is_anonymous_ask);
	assert_int_equal(payload[1], len - 2); /* the lengths are true */
	assert_int_equal(payload[14], len - 15);
	assert_null(probe_question(161, 2));
	assert_null(probe_question(54321, 1));
	assert_int_not_equal(probe_cookie(7, 0), probe_cookie(7, 1));
}

static void who_asks_is_said_in_headers_of_text(void **state)
{
	uint8_t payload[PROBE_PAYLOAD_MAX];
	struct span agent = span_of("bartizan (us)");

	(void)state;
	for (size_t i = 0; probes[i] != NULL; i++) {
		size_t len = probe_fill(probes[i], payload);
		size_t with = probe_fill_from(probes[i], agent, payload);

		if (!probes[i]->has_headers) {
			assert_int_equal(with, len);
			continue;
		}
		assert_int_equal(with, len + strlen("User-Agent: bartizan (us)\r\n"));
		assert_memory_equal(payload + len - 4, "\r\nUser-Agent: bartizan (us)\r\n\r\n",
				    with - len + 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_probe_keeps_the_contract),
		cmocka_unit_test(a_port_without_a_payload_gets_the_empty_one),
		cmocka_unit_test(an_answer_without_the_cookie_is_not_ours),
		cmocka_unit_test(who_asks_is_said_in_headers_of_text),
		cmocka_unit_test(devices_of_either_version_of_snmp_are_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
