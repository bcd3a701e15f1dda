/* scope_name_test.c - one spelling a scope, and what is never scanned. */
#include "formats/scope_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"

static struct scope_name scope(const char *text)
{
	struct scope_name out;

	if (scope_name_read(span_of(text), &out) != 0) {
		fail_msg("%s is not read", text);
	}
	return out;
}

static void a_scope_has_one_spelling(void **state)
{
	(void)state;
	assert_string_equal(scope("192.0.2.7/24").text, "192.0.2.0/24");
	assert_string_equal(scope("192.0.2.7").text, "192.0.2.7/32");
	assert_string_equal(scope("2001:DB8:0::1/64").text, "2001:db8::/64");
	assert_string_equal(scope("Example.ORG.").text, "example.org");
	assert_int_equal(scope("example.org").kind, SCOPE_DNS_NAME);
	assert_int_equal(scope("10.0.0.0/8").kind, SCOPE_PREFIX);
}

static void what_is_neither_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"/24",
		"192.0.2.0/33",
		"192.0.2.0/",
		"192.0.2.0/2x",
		"::/129",
		"1.2.3",
		"localhost",
		"a..b",
		"-a.org",
		"a-.org",
		"a.b/24",
		"a b.org",
		"example.123.4",
		".",
		"2001:db8::/64/1",
	};
	struct scope_name out;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		if (scope_name_read(span_of(bad[i]), &out) != ERR_MALFORMED) {
			fail_msg("'%s' is read", bad[i]);
		}
	}
}

static void some_addresses_are_never_scanned(void **state)
{
	static const char *const never[] = {
		"127.0.0.1", "0.0.0.0/0", "224.0.0.1", "239.1.2.0/24", "255.255.255.255",
		"::1",       "ff02::1",   "::/0",      "9.0.0.0/7",    "2000::/3",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(never); i++) {
		if (scope(never[i]).refusal == NULL) {
			fail_msg("%s may be scanned", never[i]);
		}
	}
	assert_null(scope("10.0.0.0/8").refusal);
	assert_null(scope("8.8.8.0/24").refusal);
	assert_null(scope("2001:4860::/32").refusal);
}

static void private_addresses_are_nobodys_alone(void **state)
{
	(void)state;
	assert_true(scope("10.1.0.0/16").is_private);
	assert_true(scope("fd00::/48").is_private);
	assert_true(scope("fe80::1").is_private);
	assert_true(scope("169.254.1.1").is_private);
	assert_false(scope("8.8.8.0/24").is_private);
	assert_false(scope("172.32.0.0/16").is_private);
	assert_int_equal(address_reach(span_of("192.168.1.1")), ADDRESS_PRIVATE);
	assert_int_equal(address_reach(span_of("8.8.8.8")), ADDRESS_PUBLIC);
	assert_int_equal(address_reach(span_of("2606:4700::1111")), ADDRESS_PUBLIC);
	/* an IPv4 address in another dress */
	assert_int_equal(address_reach(span_of("::ffff:10.0.0.1")), ADDRESS_PRIVATE);
	assert_int_equal(address_reach(span_of("::127.0.0.1")), ADDRESS_PRIVATE);
	assert_int_equal(address_reach(span_of("64:ff9b::a9fe:a9fe")), ADDRESS_PRIVATE);
	assert_int_equal(address_reach(span_of("2002:a9fe:a9fe::1")), ADDRESS_PRIVATE);
	assert_int_equal(address_reach(span_of("example.org")), ADDRESS_NONE);
	assert_int_equal(address_reach(span_of("")), ADDRESS_NONE);
}

static void a_prefix_holds_its_addresses_only(void **state)
{
	struct scope_name s = scope("192.0.2.64/26");

	(void)state;
	assert_true(scope_name_holds(&s, span_of("192.0.2.64")));
	assert_true(scope_name_holds(&s, span_of("192.0.2.127")));
	assert_false(scope_name_holds(&s, span_of("192.0.2.63")));
	assert_false(scope_name_holds(&s, span_of("192.0.2.128")));
	assert_false(scope_name_holds(&s, span_of("::ffff:192.0.2.64")));
	assert_false(scope_name_holds(&s, span_of("nonsense")));
	s = scope("example.org");
	assert_false(scope_name_holds(&s, span_of("192.0.2.64")));
	s = scope("2001:db8::/33");
	assert_true(scope_name_holds(&s, span_of("2001:db8:7fff::1")));
	assert_false(scope_name_holds(&s, span_of("2001:db8:8000::1")));
}

static void the_longest_name_fits_and_a_longer_is_refused(void **state)
{
	char name[300];
	struct scope_name out;

	(void)state;
	memset(name, 'a', sizeof name);
	for (size_t i = 50; i < 250; i += 51) {
		name[i] = '.';
	}
	assert_int_equal(scope_name_read((struct span){ (const uint8_t *)name, 253 }, &out), 0);
	assert_int_equal(scope_name_read((struct span){ (const uint8_t *)name, 254 }, &out),
			 ERR_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_scope_has_one_spelling),
		cmocka_unit_test(what_is_neither_is_refused),
		cmocka_unit_test(some_addresses_are_never_scanned),
		cmocka_unit_test(private_addresses_are_nobodys_alone),
		cmocka_unit_test(a_prefix_holds_its_addresses_only),
		cmocka_unit_test(the_longest_name_fits_and_a_longer_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
