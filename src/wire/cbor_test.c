/* cbor_test.c - RFC 8949 appendix A, item by item: what we support comes through both ways,
 * the rest is refused by the right error. */
#include "wire/cbor.h"

#include "base/error.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static size_t bytes_of(const char *hex, uint8_t *out, size_t capacity)
{
	size_t len = span_of(hex).len / 2;

	assert_true(len <= capacity);
	assert_int_equal(text_from_hex(span_of(hex), out, len), 0);
	return len;
}

static void assert_written(const struct writer *w, const char *hex)
{
	uint8_t wanted[64];
	size_t len = bytes_of(hex, wanted, sizeof wanted);

	assert_true(writer_ok(w));
	assert_int_equal(writer_used(w), len);
	assert_memory_equal(w->buffer, wanted, len);
}

static void integers_of_appendix_a(void **state)
{
	static const struct {
		const char *hex;
		int64_t value;
	} cases[] = {
		{ "00", 0 },
		{ "01", 1 },
		{ "0a", 10 },
		{ "17", 23 },
		{ "1818", 24 },
		{ "1819", 25 },
		{ "1864", 100 },
		{ "1903e8", 1000 },
		{ "1a000f4240", 1000000 },
		{ "1b000000e8d4a51000", 1000000000000 },
		{ "20", -1 },
		{ "29", -10 },
		{ "3863", -100 },
		{ "3903e7", -1000 },
		{ "3b7fffffffffffffff", INT64_MIN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint8_t bytes[16];
		uint8_t out[16];
		size_t len = bytes_of(cases[i].hex, bytes, sizeof bytes);
		struct cbor_reader r = cbor_over((struct span){ bytes, len });
		struct writer w = writer_over(out, sizeof out);

		assert_true(cbor_int(&r) == cases[i].value);
		assert_int_equal(cbor_done(&r), 0);
		cbor_write_int(&w, cases[i].value);
		assert_written(&w, cases[i].hex);
	}
}

static void the_largest_integers(void **state)
{
	uint8_t bytes[16];
	size_t len = bytes_of("1bffffffffffffffff", bytes, sizeof bytes);
	struct cbor_reader r = cbor_over((struct span){ bytes, len });
	struct writer w = writer_over(bytes, sizeof bytes);

	(void)state;
	assert_true(cbor_uint(&r) == UINT64_MAX);
	assert_int_equal(cbor_done(&r), 0);
	cbor_write_uint(&w, UINT64_MAX);
	assert_written(&w, "1bffffffffffffffff");
	/* -2^64 does not fit int64 */
	len = bytes_of("3bffffffffffffffff", bytes, sizeof bytes);
	r = cbor_over((struct span){ bytes, len });
	(void)cbor_int(&r);
	assert_int_equal(cbor_error(&r), ERR_LIMIT);
}

static void strings_of_appendix_a(void **state)
{
	static const struct {
		const char *hex;
		const char *text;
	} cases[] = {
		{ "60", "" },
		{ "6161", "a" },
		{ "6449455446", "IETF" },
		{ "62225c", "\"\\" },
		{ "62c3bc", "\xc3\xbc" },
		{ "63e6b0b4", "\xe6\xb0\xb4" },
		{ "64f0908591", "\xf0\x90\x85\x91" },
	};
	uint8_t bytes[16];
	struct cbor_reader r;
	size_t len;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint8_t out[16];
		struct writer w = writer_over(out, sizeof out);

		len = bytes_of(cases[i].hex, bytes, sizeof bytes);
		r = cbor_over((struct span){ bytes, len });
		assert_true(span_is(cbor_text(&r), cases[i].text));
		assert_int_equal(cbor_done(&r), 0);
		cbor_write_text(&w, span_of(cases[i].text));
		assert_written(&w, cases[i].hex);
	}
	len = bytes_of("4401020304", bytes, sizeof bytes);
	r = cbor_over((struct span){ bytes, len });
	assert_int_equal(cbor_bytes(&r).len, 4);
	assert_int_equal(cbor_done(&r), 0);
}

static void arrays_maps_and_simple_values_of_appendix_a(void **state)
{
	uint8_t bytes[64];
	size_t len = bytes_of("826161a161626163", bytes, sizeof bytes); /* ["a", {"b": "c"}] */
	struct cbor_reader r = cbor_over((struct span){ bytes, len });

	(void)state;
	assert_int_equal(cbor_array(&r), 2);
	assert_true(span_is(cbor_text(&r), "a"));
	assert_int_equal(cbor_map(&r), 1);
	assert_true(span_is(cbor_text(&r), "b"));
	assert_true(span_is(cbor_text(&r), "c"));
	assert_int_equal(cbor_done(&r), 0);

	len = bytes_of("83f4f5f6", bytes, sizeof bytes);
	r = cbor_over((struct span){ bytes, len });
	assert_int_equal(cbor_array(&r), 3);
	assert_false(cbor_take_null(&r));
	assert_false(cbor_bool(&r));
	assert_true(cbor_bool(&r));
	assert_int_equal(cbor_peek(&r), CBOR_NULL);
	assert_true(cbor_take_null(&r));
	assert_int_equal(cbor_done(&r), 0);
}

static void takes_whole_items_of_appendix_a(void **state)
{
	static const char *const cases[] = {
		"80",
		"83010203",
		"8301820203820405",
		"98190102030405060708090a0b0c0d0e0f101112131415161718181819",
		"a0",
		"a201020304",
		"a26161016162820203",
		"a56161614161626142616361436164614461656145",
		"40",
		"f6",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint8_t bytes[64];
		size_t len = bytes_of(cases[i], bytes, sizeof bytes);
		struct cbor_reader r = cbor_over((struct span){ bytes, len });

		assert_int_equal(cbor_item(&r).len, len);
		assert_int_equal(cbor_done(&r), 0);
		for (size_t cut = 0; cut < len; cut++) {
			r = cbor_over((struct span){ bytes, cut });
			(void)cbor_item(&r);
			assert_int_equal(cbor_error(&r), ERR_MALFORMED);
		}
	}
}

static void refuses_what_is_not_in_the_subset(void **state)
{
	static const char *const cases[] = {
		"f90000",
		"f93c00",
		"fa47c35000",
		"fb3ff199999999999a",
		"f97e00", /* floats */
		"f7",
		"f0",
		"f8ff", /* simple values */
		"c11a514b67b0",
		"c249010000000000000000",
		"d74401020304",
		"d818456449455446", /* tags */
		"5f42010243030405ff",
		"7f657374726561646d696e67ff",
		"9fff",
		"bfff", /* indefinite */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint8_t bytes[64];
		size_t len = bytes_of(cases[i], bytes, sizeof bytes);
		struct cbor_reader r = cbor_over((struct span){ bytes, len });

		(void)cbor_item(&r);
		assert_int_equal(cbor_error(&r), ERR_UNSUPPORTED);
	}
}

static void refuses_what_is_not_deterministic_or_not_well_formed(void **state)
{
	static const char *const cases[] = {
		"1817",
		"190000",
		"1a0000ffff",
		"1b00000000ffffffff",
		"5803010203", /* longer than need be */
		"1c",
		"5d",
		"fe", /* reserved */
		"9bffffffffffffffff",
		"5bffffffffffffffff",
		"8401", /* lies about length */
		"61ff",
		"62c080", /* not UTF-8 */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint8_t bytes[64];
		size_t len = bytes_of(cases[i], bytes, sizeof bytes);
		struct cbor_reader r = cbor_over((struct span){ bytes, len });

		(void)cbor_item(&r);
		assert_int_equal(cbor_error(&r), ERR_MALFORMED);
	}
}

static void refuses_to_go_too_deep(void **state)
{
	uint8_t nested[CBOR_DEPTH_MAX + 2];
	struct cbor_reader r = cbor_over((struct span){ nested, sizeof nested });

	(void)state;
	for (size_t i = 0; i + 1 < sizeof nested; i++) {
		nested[i] = 0x81;
	}
	nested[sizeof nested - 1] = 0;
	(void)cbor_item(&r);
	assert_int_equal(cbor_error(&r), ERR_LIMIT);
	r = cbor_over((struct span){ nested + 1, sizeof nested - 1 });
	assert_int_equal(cbor_item(&r).len, sizeof nested - 1);
	assert_int_equal(cbor_done(&r), 0);
}

static void says_so_when_bytes_are_left_over(void **state)
{
	static const uint8_t two[] = { 1, 2 };
	struct cbor_reader r = cbor_over((struct span){ two, sizeof two });

	(void)state;
	assert_int_equal(cbor_uint(&r), 1);
	assert_int_equal(cbor_done(&r), ERR_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_of_appendix_a),
		cmocka_unit_test(the_largest_integers),
		cmocka_unit_test(strings_of_appendix_a),
		cmocka_unit_test(arrays_maps_and_simple_values_of_appendix_a),
		cmocka_unit_test(takes_whole_items_of_appendix_a),
		cmocka_unit_test(refuses_what_is_not_in_the_subset),
		cmocka_unit_test(refuses_what_is_not_deterministic_or_not_well_formed),
		cmocka_unit_test(refuses_to_go_too_deep),
		cmocka_unit_test(says_so_when_bytes_are_left_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
