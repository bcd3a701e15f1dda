/* address_test.c */
#include "scan/address.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/error.h"

static struct address of(const char *text)
{
	struct address a;

	assert_int_equal(address_parse(span_of(text), &a), 0);
	return a;
}

static void assert_text(struct address a, const char *text)
{
	char out[ADDRESS_TEXT_MAX];

	address_text(&a, out);
	assert_string_equal(out, text);
}

static void texts_come_back_as_they_went(void **state)
{
	static const char *const texts[] = { "0.0.0.0",
					     "255.255.255.255",
					     "10.1.2.3",
					     "::",
					     "2001:db8::1",
					     "fe80::1",
					     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		assert_text(of(texts[i]), texts[i]);
	}
}

static void mapped_text_is_ipv4(void **state)
{
	struct address a = of("::ffff:10.0.0.1");
	(void)state;
	assert_true(address_is_v4(&a));
	assert_int_equal(address_to_v4(&a), 0x0a000001);
	assert_text(a, "10.0.0.1");
}

static void refuses_what_is_no_address(void **state)
{
	static const char *const texts[] = { "",         "1.2.3",    "1.2.3.4.5", "1.2.3.256",
					     "01.2.3.4", " 1.2.3.4", "1.2.3.4 ",  "::1%eth0",
					     ":::",      "g::",      "1.2.3.4/8" };
	struct address a;
	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		assert_int_equal(address_parse(span_of(texts[i]), &a), ERR_MALFORMED);
	}
	assert_int_equal(address_parse((struct span){ (const uint8_t *)"1.2.3.4\0", 8 }, &a),
			 ERR_MALFORMED);
}

static void sums_carry_over_bytes(void **state)
{
	struct address a = of("10.0.255.255");
	struct address b = of("2001:db8::ffff:ffff:ffff:ffff");
	(void)state;
	assert_text(address_plus(&a, 1), "10.1.0.0");
	assert_text(address_plus(&b, 1), "2001:db8:0:1::");
}

static void prefixes_have_a_first_and_a_last_address(void **state)
{
	struct address a = of("10.9.8.7");
	struct address b = of("2001:db8::7");
	(void)state;
	assert_text(address_first(&a, 20), "10.9.0.0");
	assert_text(address_last(&a, 20), "10.9.15.255");
	assert_text(address_first(&a, 0), "0.0.0.0");
	assert_text(address_last(&a, 32), "10.9.8.7");
	assert_text(address_first(&b, 32), "2001:db8::");
	assert_text(address_last(&b, 121), "2001:db8::7f");
}

static void a_link_local_address_is_another_on_each_link(void **state)
{
	struct address a = of("fe80::1%lo");
	struct address b = of("fe80::1%60000");
	struct address bare = address_bare(&b);
	struct address before = of("2001:db8:1::");
	struct net_address socket = address_socket(&b, 80);
	struct address back = address_of_socket((struct sockaddr *)&socket.storage);

	(void)state;
	assert_int_equal(address_zone(&a), 1);
	assert_text(a, "fe80::1%lo");
	assert_int_equal(address_zone(&b), 60000);
	assert_text(b, "fe80::1%60000");
	assert_false(address_equal(&a, &b));
	assert_text(bare, "fe80::1");
	assert_true(address_equal(&back, &b));
	assert_int_equal(address_parse(span_of("fe80::1%nowhere"), &a), ERR_NOT_FOUND);
	assert_int_equal(address_parse(span_of("fe80::1%"), &a), ERR_NOT_FOUND);
	assert_int_equal(address_parse(span_of("fe80::1%65536"), &a), ERR_NOT_FOUND);
	assert_int_equal(address_parse(span_of("2001:db8::1%lo"), &a), ERR_MALFORMED);
	assert_int_equal(address_parse(span_of("10.0.0.1%lo"), &a), ERR_MALFORMED);
	assert_int_equal(address_parse(span_of("fe80:1::1"), &a), ERR_MALFORMED);
	assert_text(address_before(&before), "2001:db8:0:ffff:ffff:ffff:ffff:ffff");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_come_back_as_they_went),
		cmocka_unit_test(mapped_text_is_ipv4),
		cmocka_unit_test(refuses_what_is_no_address),
		cmocka_unit_test(sums_carry_over_bytes),
		cmocka_unit_test(prefixes_have_a_first_and_a_last_address),
		cmocka_unit_test(a_link_local_address_is_another_on_each_link),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
