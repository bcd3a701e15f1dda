#include "formats/hpack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"

static struct hpack_field field;

static void assert_next(struct reader *block, const char *name, const char *value)
{
	assert_int_equal(hpack_next(block, &field), 0);
	assert_true(span_is((struct span){ field.name, field.name_len }, name));
	assert_true(span_is((struct span){ field.value, field.value_len }, value));
}

/* RFC 7541 appendix C.6.1, a response with Huffman's code. */
static const uint8_t response[] = {
	0x48, 0x82, 0x64, 0x02, 0x58, 0x85, 0xae, 0xc3, 0x77, 0x1a, 0x4b, 0x61, 0x96, 0xd0,
	0x7a, 0xbe, 0x94, 0x10, 0x54, 0xd4, 0x44, 0xa8, 0x20, 0x05, 0x95, 0x04, 0x0b, 0x81,
	0x66, 0xe0, 0x82, 0xa6, 0x2d, 0x1b, 0xff, 0x6e, 0x91, 0x9d, 0x29, 0xad, 0x17, 0x18,
	0x63, 0xc7, 0x8f, 0x0b, 0x97, 0xc8, 0xe9, 0xae, 0x82, 0xae, 0x43, 0xd3,
};

static void the_standards_own_examples_are_read(void **state)
{
	/* C.4.1, C.2.1 */
	static const uint8_t request[] = { 0x82, 0x86, 0x84, 0x41, 0x8c, 0xf1, 0xe3, 0xc2, 0xe5,
					   0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff };
	static const uint8_t plain[] = "\x40\x0a"
				       "custom-key\x0d"
				       "custom-header";
	struct reader r = reader_over((struct span){ response, sizeof response });

	(void)state;
	assert_next(&r, ":status", "302");
	assert_next(&r, "cache-control", "private");
	assert_next(&r, "date", "Mon, 21 Oct 2013 20:13:21 GMT");
	assert_next(&r, "location", "https://www.example.com");
	assert_int_equal(hpack_next(&r, &field), ERR_AGAIN);
	r = reader_over((struct span){ request, sizeof request });
	assert_next(&r, ":method", "GET");
	assert_next(&r, ":scheme", "http");
	assert_next(&r, ":path", "/");
	assert_next(&r, ":authority", "www.example.com");
	assert_int_equal(hpack_next(&r, &field), ERR_AGAIN);
	r = reader_over((struct span){ plain, sizeof plain - 1 });
	assert_next(&r, "custom-key", "custom-header");
}

static void what_is_cut_off_is_malformed_or_ends_between_two_fields(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof response; len++) {
		uint8_t *part = malloc(len + 1);
		struct reader r;
		int error;

		mem_copy(part, response, len);
		r = reader_over((struct span){ part, len });
		while ((error = hpack_next(&r, &field)) == 0) {
		}
		assert_int_equal(error, len == 0 || len == 4 || len == 11 || len == 35
						? ERR_AGAIN
						: ERR_MALFORMED);
		free(part);
	}
}

static void assert_refused(const char *bytes, size_t len)
{
	struct reader r = reader_over((struct span){ (const uint8_t *)bytes, len });

	assert_int_equal(hpack_next(&r, &field), ERR_MALFORMED);
}

#define REFUSED(bytes) assert_refused(bytes, sizeof(bytes) - 1)

static void what_a_table_would_be_needed_for_is_refused(void **state)
{
	struct reader r = reader_over(span_of("\x20\x88")); /* a table of size 0 is none */

	(void)state;
	assert_next(&r, ":status", "200");
	REFUSED("\xbe");                     /* the first entry of such a table */
	REFUSED("\x80");                     /* index 0 */
	REFUSED("\x3f\xe1\x1f");             /* a table of 4096 bytes */
	REFUSED("\xff\xff\xff\xff\xff\x7f"); /* an index beyond all */
	REFUSED("\x00\x7f\xff\xff\xff\xff\x7f");
}

static void huffmans_code_ends_as_it_must(void **state)
{
	(void)state;
	REFUSED("\x48\x84\xff\xff\xff\xff"); /* END in the string */
	REFUSED("\x48\x81\x00");             /* a rest that is no beginning of END */
	REFUSED("\x48\x82\x07\xff");         /* a rest of a byte and more */
}

static void long_texts_are_cut(void **state)
{
	static uint8_t bytes[3 + HPACK_VALUE_MAX + 100] = { 0x08, 0x7f, 0 };
	struct reader r;
	size_t value = HPACK_VALUE_MAX + 50;

	(void)state;
	bytes[1] = 0x7f;
	bytes[2] = (uint8_t)(0x80 | ((value - 127) & 0x7f));
	bytes[3] = (uint8_t)((value - 127) >> 7);
	r = reader_over((struct span){ bytes, 4 + value });
	assert_int_equal(hpack_next(&r, &field), 0);
	assert_int_equal(field.value_len, HPACK_VALUE_MAX);
	assert_int_equal(hpack_next(&r, &field), ERR_AGAIN);
}

static void what_is_written_is_read(void **state)
{
	uint8_t bytes[300];
	struct writer w = writer_over(bytes, sizeof bytes);
	struct reader r;

	(void)state;
	hpack_write(&w, span_of(":path"), span_of("/favicon.ico"));
	r = reader_over(writer_span(&w));
	assert_next(&r, ":path", "/favicon.ico");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_standards_own_examples_are_read),
		cmocka_unit_test(what_is_cut_off_is_malformed_or_ends_between_two_fields),
		cmocka_unit_test(what_a_table_would_be_needed_for_is_refused),
		cmocka_unit_test(huffmans_code_ends_as_it_must),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(what_is_written_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
