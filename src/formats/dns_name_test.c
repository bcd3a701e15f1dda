/* dns_name_test.c - pointers lead back, and nowhere for ever. */
#include "formats/dns_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"

/* "a.bc" at 0, then "d" and a pointer to "bc" at 6. */
static const uint8_t message[] = { 1, 'a', 2, 'b', 'c', 0, 1, 'd', 0xc0, 2, 0xff };

static bool reads(struct span whole, size_t at, const char *text)
{
	uint8_t bytes[300];
	struct writer w = writer_over(bytes, sizeof bytes);

	return dns_name_write(whole, reader_over(span_after(whole, at)), &w) &&
	       span_is(writer_span(&w), text);
}

static void names_are_labels_and_pointers_to_them(void **state)
{
	const struct span whole = { message, sizeof message };

	(void)state;
	assert_true(reads(whole, 0, "a.bc"));
	assert_true(reads(whole, 6, "d.bc"));
	assert_true(reads(whole, 8, "bc"));
}

static void a_name_is_passed_over_in_its_own_length(void **state)
{
	struct reader r = reader_over((struct span){ message, sizeof message });

	(void)state;
	dns_name_skip(&r);
	assert_int_equal(reader_left(&r), sizeof message - 6);
	dns_name_skip(&r);
	assert_int_equal(reader_left(&r), 1);
	dns_name_skip(&r);
	assert_false(reader_ok(&r));
}

static void what_is_no_name_appends_nothing(void **state)
{
	static const struct {
		uint8_t bytes[6];
		size_t len;
	} bad[] = {
		{ { 0 }, 1 },            /* the root */
		{ { 0xc0, 0 }, 2 },      /* itself */
		{ { 0xc0, 9 }, 2 },      /* beyond the end */
		{ { 5, 'a', 'b' }, 3 },  /* cut */
		{ { 1, 'a', 0xc0 }, 3 }, /* half a pointer */
		{ { 1, 'a' }, 2 },       /* without an end */
		{ { 1, 'a', 0xc0, 0 }, 4 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		const struct span whole = { bad[i].bytes, bad[i].len };
		uint8_t bytes[300];
		struct writer w = writer_over(bytes, sizeof bytes);

		assert_false(dns_name_write(whole, reader_over(whole), &w));
		assert_int_equal(writer_used(&w), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_labels_and_pointers_to_them),
		cmocka_unit_test(a_name_is_passed_over_in_its_own_length),
		cmocka_unit_test(what_is_no_name_appends_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
