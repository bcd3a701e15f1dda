/* der_test.c - tags, lengths and values. */
#include "formats/der.h"

#include "base/text.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* A reader over bytes that the next call replaces. */
static struct reader over(const char *hex)
{
	static uint8_t bytes[64];
	size_t len = span_of(hex).len / 2;

	assert_int_equal(text_from_hex(span_of(hex), bytes, len), 0);
	return reader_over((struct span){ bytes, len });
}

static void takes_elements_and_their_whole(void **state)
{
	struct reader r = over("3005020101040041");
	struct reader inner;
	struct span value;
	struct der_element element;

	(void)state;
	inner = der_enter(&r, DER_SEQUENCE);
	assert_true(span_equal(der_unsigned(&inner), span_of("\x01")));
	assert_false(der_take_optional(&inner, DER_INTEGER, &value));
	element = der_any(&inner);
	assert_int_equal(element.tag, DER_OCTET_STRING);
	assert_int_equal(element.value.len, 0);
	assert_int_equal(element.whole.len, 2);
	assert_true(reader_done(&inner));
	assert_int_equal(reader_left(&r), 1);
}

static void refuses_what_is_not_der(void **state)
{
	static const char *const bad[] = {
		"",             /* nothing */
		"02",           /* no length */
		"020201",       /* shorter than it says */
		"308002010100", /* indefinite */
		"02810101",     /* long form of a short length */
		"0282008001",   /* leading zero in a length */
		"1f810100",     /* high tag number */
		"028500000000ff",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct reader r = over(bad[i]);

		(void)der_any(&r);
		assert_false(reader_ok(&r));
	}
}

static void fails_both_readers_for_another_tag(void **state)
{
	struct reader r = over("020101");
	struct reader inner = der_enter(&r, DER_SEQUENCE);

	(void)state;
	assert_false(reader_ok(&r));
	assert_false(reader_ok(&inner));
}

static void takes_numbers_without_their_leading_zero(void **state)
{
	struct reader r = over("02020080");

	(void)state;
	assert_true(span_equal(der_unsigned(&r), span_of("\x80")));
	r = over("020100");
	assert_int_equal(der_unsigned(&r).len, 0);
	assert_true(reader_ok(&r));
	r = over("020180"); /* negative */
	(void)der_unsigned(&r);
	assert_false(reader_ok(&r));
	r = over("0200");
	(void)der_unsigned(&r);
	assert_false(reader_ok(&r));
}

static void knows_one_true_and_whole_bytes(void **state)
{
	struct reader r = over("0101ff");

	(void)state;
	assert_true(der_boolean(&r));
	r = over("010101");
	assert_false(der_boolean(&r));
	assert_false(reader_ok(&r));
	r = over("030200aa");
	assert_true(span_equal(der_bit_string(&r), span_of("\xaa")));
	r = over("030204a0");
	(void)der_bit_string(&r);
	assert_false(reader_ok(&r));
}

static const char *oid(const char *hex)
{
	static uint8_t buffer[64];
	struct writer w = writer_over(buffer, sizeof buffer);
	struct reader r = over(hex);

	return der_write_oid(reader_rest(&r), &w) ? fixture_text(writer_span(&w)) : "refused";
}

static void writes_object_identifiers(void **state)
{
	(void)state;
	assert_string_equal(oid("2a864886f70d010101"), "1.2.840.113549.1.1.1");
	assert_string_equal(oid("00"), "0.0");
	assert_string_equal(oid("4f"), "1.39");
	assert_string_equal(oid("50"), "2.0");
	assert_string_equal(oid("883703"), "2.999.3");
	assert_string_equal(oid(""), "refused");
	assert_string_equal(oid("2a80"), "refused");
	assert_string_equal(oid("2a8001"), "refused");
	assert_string_equal(oid("2affffffffffffffffffff7f"), "refused");
}

static void walk(struct span part)
{
	struct reader r = reader_over(part);

	(void)der_enter(&r, DER_SEQUENCE);
	assert_false(reader_ok(&r));
}

static void refuses_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-der/certificate"), walk);
}

static void refuses_tags_of_several_octets(void **state)
{
	struct reader r = over("1f0100");

	(void)state;
	(void)der_any(&r);
	assert_false(reader_ok(&r));
	r = over("3f0100");
	(void)der_any(&r);
	assert_false(reader_ok(&r));
}

static void takes_the_first_long_length(void **state)
{
	static uint8_t bytes[3 + 0x80] = { DER_OCTET_STRING, 0x81, 0x80 };
	struct reader r = reader_over((struct span){ bytes, sizeof bytes });

	(void)state;
	assert_int_equal(der_any(&r).value.len, 0x80);
	assert_true(reader_done(&r));
	bytes[1] = 0x80; /* indefinite */
	r = reader_over((struct span){ bytes, sizeof bytes });
	(void)der_any(&r);
	assert_false(reader_ok(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_elements_and_their_whole),
		cmocka_unit_test(refuses_what_is_not_der),
		cmocka_unit_test(fails_both_readers_for_another_tag),
		cmocka_unit_test(takes_numbers_without_their_leading_zero),
		cmocka_unit_test(knows_one_true_and_whole_bytes),
		cmocka_unit_test(writes_object_identifiers),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(refuses_tags_of_several_octets),
		cmocka_unit_test(takes_the_first_long_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
