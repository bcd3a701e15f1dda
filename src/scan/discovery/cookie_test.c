/* cookie_test.c */
#include "scan/discovery/cookie.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The reference's vectors: key 00 01 .. 0f, input 00 01 .. (len - 1). */
static void agrees_with_the_references_vectors(void **state)
{
	uint8_t bytes[16];
	struct cookie_key key;

	(void)state;
	for (unsigned i = 0; i < sizeof bytes; i++) {
		bytes[i] = (uint8_t)i;
	}
	key = cookie_key_from(bytes);
	assert_true(cookie_siphash(&key, bytes, 0) == UINT64_C(0x726fdb47dd0e0e31));
	assert_true(cookie_siphash(&key, bytes, 1) == UINT64_C(0x74f839c593dc67fd));
	assert_true(cookie_siphash(&key, bytes, 8) == UINT64_C(0x93f5f5799a932462));
	assert_true(cookie_siphash(&key, bytes, 15) == UINT64_C(0xa129ca6149be45e5));
}

static void depends_on_all_that_a_probe_is(void **state)
{
	struct cookie_key key = { 1, 2 };
	struct address a = address_v4(0x0a000001);
	struct address b = address_v4(0x0a000002);
	struct cookie one = cookie_of(&key, &a, TRANSPORT_TCP, 80, 0);

	(void)state;
	assert_int_not_equal(one.sequence, cookie_of(&key, &b, TRANSPORT_TCP, 80, 0).sequence);
	assert_int_not_equal(one.sequence, cookie_of(&key, &a, TRANSPORT_UDP, 80, 0).sequence);
	assert_int_not_equal(one.sequence, cookie_of(&key, &a, TRANSPORT_TCP, 81, 0).sequence);
	assert_int_not_equal(one.sequence, cookie_of(&key, &a, TRANSPORT_TCP, 80, 1).sequence);
	key.high++;
	assert_int_not_equal(one.sequence, cookie_of(&key, &a, TRANSPORT_TCP, 80, 0).sequence);
}

static void each_pass_has_ports_of_its_own(void **state)
{
	struct cookie_key key = { 1, 2 };

	(void)state;
	for (unsigned pass = 0; pass < COOKIE_PASSES; pass++) {
		for (uint32_t i = 0; i < 5000; i++) {
			struct address a = address_v4(i);
			struct cookie c = cookie_of(&key, &a, TRANSPORT_TCP, 80, pass);

			assert_true(c.source_port >= COOKIE_PORT_FIRST);
			assert_int_equal(cookie_pass(c.source_port), pass);
		}
	}
	assert_int_equal(cookie_pass(COOKIE_PORT_FIRST - 1), COOKIE_PASSES);
	assert_int_equal(cookie_pass(65535), COOKIE_PASSES - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_the_references_vectors),
		cmocka_unit_test(depends_on_all_that_a_probe_is),
		cmocka_unit_test(each_pass_has_ports_of_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
