/* pem_test.c - blocks of RFC 7468. */
#include "formats/pem.h"

#include "base/error.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static uint8_t buffer[1024];

static void takes_one_block_after_another(void **state)
{
	struct pem_iterator it = pem_over(fixture("formats-pem/two"));
	struct pem_block block;
	struct span der;

	(void)state;
	assert_true(pem_next(&it, &block));
	assert_true(span_is(block.label, "CERTIFICATE"));
	assert_int_equal(pem_decode(&block, buffer, sizeof buffer, &der), 0);
	assert_true(span_equal(der, fixture("formats-x509/ed25519.der")));
	assert_true(pem_next(&it, &block));
	assert_int_equal(pem_decode(&block, buffer, sizeof buffer, &der), 0);
	assert_true(span_equal(der, fixture("formats-x509/ed448.der")));
	assert_false(pem_next(&it, &block));
	assert_int_equal(it.malformed, 0);
}

static void counts_blocks_that_do_not_end(void **state)
{
	struct pem_iterator it = pem_over(fixture("formats-pem/bad"));
	struct pem_block block;
	struct span der;

	(void)state;
	assert_true(pem_next(&it, &block));
	assert_int_equal(pem_decode(&block, buffer, sizeof buffer, &der), ERR_UNSUPPORTED);
	assert_true(pem_next(&it, &block));
	assert_true(span_is(block.label, ""));
	assert_int_equal(pem_decode(&block, buffer, sizeof buffer, &der), ERR_MALFORMED);
	assert_false(pem_next(&it, &block));
	assert_int_equal(it.malformed, 3);
}

static void says_where_the_buffer_is_too_small(void **state)
{
	struct pem_iterator it = pem_over(fixture("formats-pem/one"));
	struct pem_block block;
	struct span der;

	(void)state;
	assert_true(pem_next(&it, &block));
	assert_int_equal(pem_decode(&block, buffer, 100, &der), ERR_FULL);
}

static void walk(struct span part)
{
	struct pem_iterator it = pem_over(part);
	struct pem_block block;
	size_t count = 0;

	while (pem_next(&it, &block)) {
		count++;
	}
	assert_true(count <= 1);
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-pem/one"), walk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_one_block_after_another),
		cmocka_unit_test(counts_blocks_that_do_not_end),
		cmocka_unit_test(says_where_the_buffer_is_too_small),
		cmocka_unit_test(stops_at_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
