/* address_text_test.c - addresses as RFC 5952 wants them. */
#include "formats/address_text.h"

#include "base/text.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const char *text_of(const char *hex)
{
	uint8_t address[16];
	uint8_t buffer[ADDRESS_TEXT_SIZE];
	struct writer w = writer_over(buffer, sizeof buffer);
	size_t len = span_of(hex).len / 2;

	assert_int_equal(text_from_hex(span_of(hex), address, len), 0);
	address_text_write(&w, (struct span){ address, len });
	assert_true(writer_ok(&w));
	return fixture_text(writer_span(&w));
}

static void writes_ipv4(void **state)
{
	(void)state;
	assert_string_equal(text_of("c0000201"), "192.0.2.1");
	assert_string_equal(text_of("00000000"), "0.0.0.0");
	assert_string_equal(text_of("c00002"), "");
}

static void shortens_the_first_longest_run_of_zeros(void **state)
{
	(void)state;
	assert_string_equal(text_of("00000000000000000000000000000000"), "::");
	assert_string_equal(text_of("00000000000000000000000000000001"), "::1");
	assert_string_equal(text_of("fe800000000000000000000000000000"), "fe80::");
	assert_string_equal(text_of("20010db8000000000001000000000001"), "2001:db8::1:0:0:1");
	assert_string_equal(text_of("20010db8000000010001000100010001"), "2001:db8:0:1:1:1:1:1");
	assert_string_equal(text_of("20010db80000000000000000abcd0001"), "2001:db8::abcd:1");
	assert_string_equal(text_of("00010000000000020000000000000003"), "1:0:0:2::3");
	assert_string_equal(text_of("ffffffffffffffffffffffffffffffff"),
			    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

static void shows_mapped_addresses_as_ipv4(void **state)
{
	(void)state;
	assert_string_equal(text_of("00000000000000000000ffffc0000201"), "::ffff:192.0.2.1");
	assert_string_equal(text_of("000000000000000000000000c0000201"), "::c000:201");
}

static void writes_link_layer_addresses(void **state)
{
	static const uint8_t mac[] = { 0x02, 0xaa, 0x0b, 0, 0xff, 1 };
	uint8_t buffer[ADDRESS_TEXT_SIZE];
	struct writer w = writer_over(buffer, sizeof buffer);

	(void)state;
	address_text_write_mac(&w, (struct span){ mac, sizeof mac });
	assert_string_equal(fixture_text(writer_span(&w)), "02:aa:0b:00:ff:01");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_ipv4),
		cmocka_unit_test(shortens_the_first_longest_run_of_zeros),
		cmocka_unit_test(shows_mapped_addresses_as_ipv4),
		cmocka_unit_test(writes_link_layer_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
