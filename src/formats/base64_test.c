/* base64_test.c - RFC 4648 section 10, and what must be refused. */
#include "formats/base64.h"

#include "base/error.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static uint8_t buffer[64];

static const char *decoded(const char *text, enum base64_mode mode)
{
	struct writer w = writer_over(buffer, sizeof buffer);

	return base64_decode(span_of(text), mode, &w) == 0 ? fixture_text(writer_span(&w))
							   : "refused";
}

static const char *encoded(const char *text, bool is_padded)
{
	struct writer w = writer_over(buffer, sizeof buffer);

	(is_padded ? base64_encode_padded : base64_encode)(span_of(text), &w);
	return fixture_text(writer_span(&w));
}

static void passes_the_vectors_of_the_standard(void **state)
{
	static const char *const vectors[][2] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		assert_string_equal(encoded(vectors[i][0], true), vectors[i][1]);
		assert_string_equal(decoded(vectors[i][1], BASE64_STRICT), vectors[i][0]);
	}
}

static void leaves_padding_out_and_reads_without_it(void **state)
{
	(void)state;
	assert_string_equal(encoded("f", false), "Zg");
	assert_string_equal(encoded("fo", false), "Zm8");
	assert_string_equal(encoded("\xfb\xff", false), "+/8");
	assert_string_equal(decoded("Zg", BASE64_STRICT), "f");
	assert_string_equal(decoded("Zm8", BASE64_STRICT), "fo");
}

static void refuses_wrong_padding_stray_bits_and_strangers(void **state)
{
	static const char *const bad[] = { "Z",    "Zg=",  "Zg===",    "Zm8==", "Zm9v=", "=",
					   "Zh==", "Zm9=", "Zg==Zg==", "Zm-v",  "Zm 9v", "Zm9v\n" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_string_equal(decoded(bad[i], BASE64_STRICT), "refused");
	}
}

static void passes_over_whitespace_where_asked(void **state)
{
	(void)state;
	assert_string_equal(decoded(" Zm\r\n9v\tYg = =\n", BASE64_WHITESPACE), "foob");
	assert_string_equal(decoded("Zm\v9v", BASE64_WHITESPACE), "refused");
}

static void appends_nothing_where_it_does_not_fit(void **state)
{
	struct writer w = writer_over(buffer, 3);

	(void)state;
	writer_u8(&w, 'x');
	assert_int_equal(base64_decode(span_of("Zm9v"), BASE64_STRICT, &w), ERR_FULL);
	assert_int_equal(writer_used(&w), 1);
	assert_true(writer_ok(&w));
	assert_int_equal(base64_decode(span_of("Zm8"), BASE64_STRICT, &w), 0);
}

static void states_how_much_room_is_needed(void **state)
{
	(void)state;
	for (size_t len = 0; len < 40; len++) {
		struct writer w = writer_over(buffer, sizeof buffer);

		base64_encode((struct span){ buffer, len }, &w);
		assert_int_equal(writer_used(&w), BASE64_ENCODED_SIZE(len));
		assert_true(BASE64_DECODED_MAX(writer_used(&w)) >= len);
	}
}

static void knows_the_whole_alphabet(void **state)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t bytes[48];
	struct writer w = writer_over(bytes, sizeof bytes);
	struct writer ew = writer_over(buffer, sizeof buffer);

	(void)state;
	assert_int_equal(base64_decode(span_of(alphabet), BASE64_STRICT, &w), 0);
	assert_int_equal(bytes[0], 0x00);
	assert_int_equal(bytes[47], 0xbf);
	base64_encode(writer_span(&w), &ew);
	assert_string_equal(fixture_text(writer_span(&ew)), alphabet);
	/* the neighbours of the ranges */
	for (const char *c = "@[`{:.,-"; *c != '\0'; c++) {
		const char text[] = { *c, 'A', 'A', 'A', '\0' };

		assert_string_equal(decoded(text, BASE64_STRICT), "refused");
	}
}

static void does_not_heal_a_writer_that_had_failed(void **state)
{
	struct writer w = writer_over(buffer, 0);

	(void)state;
	writer_u8(&w, 'x');
	assert_int_equal(base64_decode(span_of("!"), BASE64_STRICT, &w), ERR_FULL);
	assert_false(writer_ok(&w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes_the_vectors_of_the_standard),
		cmocka_unit_test(leaves_padding_out_and_reads_without_it),
		cmocka_unit_test(refuses_wrong_padding_stray_bits_and_strangers),
		cmocka_unit_test(passes_over_whitespace_where_asked),
		cmocka_unit_test(appends_nothing_where_it_does_not_fit),
		cmocka_unit_test(states_how_much_room_is_needed),
		cmocka_unit_test(knows_the_whole_alphabet),
		cmocka_unit_test(does_not_heal_a_writer_that_had_failed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
