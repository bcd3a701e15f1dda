/* tls_hello_test.c - what hellos look like on the wire. */
#include "formats/tls_hello.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/reader.h"

static const uint16_t suites[] = { 0xc02f, 0x002f };

static struct tls_hello plain(void)
{
	return (struct tls_hello){
		.record_version = 0x0301,
		.version = 0x0303,
		.suites = suites,
		.suite_count = COUNT_OF(suites),
		.flags = TLS_HELLO_NO_EXTENSIONS,
	};
}

static void a_hello_without_extensions_is_as_in_1999(void **state)
{
	static const uint8_t head[] = { 22, 3, 1, 0, 47, 1, 0, 0, 43, 3, 3 };
	static const uint8_t tail[] = { 0, 0, 4, 0xc0, 0x2f, 0, 0x2f, 1, 0 };
	uint8_t bytes[128];
	struct writer w = writer_over(bytes, sizeof bytes);
	struct tls_hello hello = plain();
	(void)state;

	assert_int_equal(tls_hello_write(&hello, &w), 0);
	assert_int_equal(writer_used(&w), sizeof head + 32 + sizeof tail);
	assert_memory_equal(bytes, head, sizeof head);
	assert_memory_equal(bytes + sizeof head + 32, tail, sizeof tail);
}

/* Finds an extension of a whole hello; false where it is not there. */
static bool find_extension(struct span record, unsigned type, struct span *body)
{
	struct reader r = reader_over(record);
	struct reader all;

	reader_bytes(&r, 5 + 4 + 2 + 32);
	reader_bytes(&r, reader_u8(&r));
	reader_bytes(&r, reader_be16(&r));
	reader_bytes(&r, reader_u8(&r));
	all = reader_over(reader_bytes(&r, reader_be16(&r)));
	assert_true(reader_done(&r));
	while (reader_left(&all) > 0) {
		unsigned found = reader_be16(&all);

		*body = reader_bytes(&all, reader_be16(&all));
		assert_true(reader_ok(&all));
		if (found == type) {
			return true;
		}
	}
	return false;
}

static void extensions_have_their_lengths(void **state)
{
	static const uint16_t groups[] = { 0x11ec, 0x001d };
	static const uint16_t versions[] = { 0x0304 };
	static const uint8_t list[] = { 0, 4, 0x11, 0xec, 0, 0x1d };
	static const uint8_t sni[] = { 0, 6, 0, 0, 3, 'a', '.', 'b' };
	uint8_t bytes[512];
	struct writer w = writer_over(bytes, sizeof bytes);
	struct tls_hello hello = plain();
	struct span body;
	(void)state;

	hello.flags = TLS_HELLO_EMPTY_KEY_SHARE | TLS_HELLO_TICKET | TLS_HELLO_RENEGOTIATION;
	hello.groups = groups;
	hello.group_count = 2;
	hello.versions = versions;
	hello.version_count = 1;
	hello.server_name = "a.b";
	assert_int_equal(tls_hello_write(&hello, &w), 0);
	assert_true(find_extension(writer_span(&w), 10, &body));
	assert_true(span_equal(body, (struct span){ list, sizeof list }));
	assert_true(find_extension(writer_span(&w), 0, &body));
	assert_true(span_equal(body, (struct span){ sni, sizeof sni }));
	assert_true(find_extension(writer_span(&w), 51, &body));
	assert_int_equal(body.len, 2);
	assert_true(find_extension(writer_span(&w), 35, &body));
	assert_int_equal(body.len, 0);
	assert_false(find_extension(writer_span(&w), 16, &body));
}

static void grease_is_among_suites_groups_and_extensions(void **state)
{
	static const uint16_t groups[] = { 0x001d };
	uint8_t bytes[512];
	struct writer w = writer_over(bytes, sizeof bytes);
	struct tls_hello hello = plain();
	struct span body;
	(void)state;

	hello.flags = TLS_HELLO_GREASE;
	hello.groups = groups;
	hello.group_count = 1;
	assert_int_equal(tls_hello_write(&hello, &w), 0);
	assert_int_equal(bytes[46], 0x3a); /* the first suite */
	assert_true(find_extension(writer_span(&w), 0x3a3a, &body));
	assert_true(find_extension(writer_span(&w), 10, &body));
	assert_int_equal(body.len, 6);
}

static void a_buffer_that_is_too_small_is_told(void **state)
{
	uint8_t bytes[128];
	struct tls_hello hello = plain();
	(void)state;

	for (size_t len = 0; len < 52; len++) {
		struct writer w = writer_over(bytes, len);

		assert_int_equal(tls_hello_write(&hello, &w), ERR_FULL);
	}
}

static void ssl2_has_kinds_of_three_bytes(void **state)
{
	static const uint32_t kinds[] = { 0x010080, 0x0700c0 };
	static const uint8_t good[] = {
		0x80, 31, 1, 0, 2, 0, 6, 0, 0, 0, 16, 1, 0, 0x80, 7, 0, 0xc0
	};
	uint8_t bytes[64];
	uint8_t challenge[16] = { 0 };
	struct writer w = writer_over(bytes, sizeof bytes);
	(void)state;

	assert_int_equal(tls_hello_write_ssl2((struct span){ challenge, 16 }, kinds, 2, &w), 0);
	assert_int_equal(writer_used(&w), 33);
	assert_memory_equal(bytes, good, sizeof good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hello_without_extensions_is_as_in_1999),
		cmocka_unit_test(extensions_have_their_lengths),
		cmocka_unit_test(grease_is_among_suites_groups_and_extensions),
		cmocka_unit_test(a_buffer_that_is_too_small_is_told),
		cmocka_unit_test(ssl2_has_kinds_of_three_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
