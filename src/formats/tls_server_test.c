/* tls_server_test.c - first flights, whole and broken. */
#include "formats/tls_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/error.h"
#include "base/writer.h"

static void write_hello(struct writer *w, const uint8_t end_of_random[8])
{
	writer_be16(w, 0x0303);
	for (int i = 0; i < 24; i++) {
		writer_u8(w, 7);
	}
	writer_bytes(w, (struct span){ end_of_random, 8 });
	writer_u8(w, 2);
	writer_be16(w, 0xabcd);
	writer_be16(w, 0xc02f);
	writer_u8(w, 0);
	writer_be16(w, 4 + 1 + 4 + 5 + 4); /* extensions */
	writer_be16(w, 0xff01);
	writer_be16(w, 1);
	writer_u8(w, 0);
	writer_be16(w, 16);
	writer_be16(w, 5);
	writer_be16(w, 3);
	writer_u8(w, 2);
	writer_text(w, "h2");
	writer_be16(w, 23);
	writer_be16(w, 0);
}

static struct span hello_bytes(uint8_t *bytes, size_t capacity)
{
	static const uint8_t downgrade[] = { 'D', 'O', 'W', 'N', 'G', 'R', 'D', 1 };
	struct writer w = writer_over(bytes, capacity);

	write_hello(&w, downgrade);
	assert_true(writer_ok(&w));
	return writer_span(&w);
}

static void a_hello_tells_suite_extensions_and_sentinel(void **state)
{
	uint8_t bytes[128];
	struct tls_server_hello hello;
	(void)state;

	assert_int_equal(tls_server_hello_parse(hello_bytes(bytes, sizeof bytes), &hello), 0);
	assert_int_equal(hello.version, 0x0303);
	assert_int_equal(hello.suite, 0xc02f);
	assert_int_equal(hello.session_id.len, 2);
	assert_true(hello.has_renegotiation && hello.has_extended_master);
	assert_false(hello.has_ticket || hello.is_retry);
	assert_true(span_is(hello.alpn, "h2"));
	assert_int_equal(hello.sentinel, TLS_SENTINEL_TLS12);
}

static void every_truncation_of_a_hello_is_refused(void **state)
{
	uint8_t bytes[128];
	struct span whole = hello_bytes(bytes, sizeof bytes);
	size_t without_extensions = 2 + 32 + 3 + 2 + 1;
	struct tls_server_hello hello;
	(void)state;

	for (size_t len = 0; len < whole.len; len++) {
		assert_int_equal(tls_server_hello_parse(span_first(whole, len), &hello),
				 len == without_extensions ? 0 : ERR_MALFORMED);
	}
}

static void too_many_extensions_are_a_limit(void **state)
{
	uint8_t bytes[600];
	struct writer w = writer_over(bytes, sizeof bytes);
	struct tls_server_hello hello;
	(void)state;

	writer_be16(&w, 0x0303);
	for (int i = 0; i < 32; i++) {
		writer_u8(&w, 1);
	}
	writer_u8(&w, 0);
	writer_be16(&w, 0xc02f);
	writer_u8(&w, 0);
	writer_be16(&w, 4 * (TLS_SERVER_EXTENSIONS_MAX + 1));
	for (int i = 0; i <= TLS_SERVER_EXTENSIONS_MAX; i++) {
		writer_be32(&w, 0x12340000);
	}
	assert_int_equal(tls_server_hello_parse(writer_span(&w), &hello), ERR_LIMIT);
}

static void a_record_waits_until_it_is_whole(void **state)
{
	static const uint8_t bytes[] = { 21, 3, 1, 0, 2, 2, 40, 22 };
	struct tls_record record;
	(void)state;

	for (size_t len = 0; len < 7; len++) {
		struct reader r = reader_over((struct span){ bytes, len });

		assert_int_equal(tls_record_next(&r, &record), ERR_AGAIN);
		assert_int_equal(reader_left(&r), len);
	}
	struct reader r = reader_over((struct span){ bytes, sizeof bytes });
	assert_int_equal(tls_record_next(&r, &record), 0);
	assert_int_equal(record.type, TLS_RECORD_ALERT);
	assert_int_equal(record.payload.len, 2);
	assert_int_equal(reader_left(&r), 1);
}

static void what_is_no_record_is_seen_at_once(void **state)
{
	static const uint8_t too_long[] = { 22, 3, 1, 0x48, 1 };
	struct reader http = reader_over(span_of("H"));
	struct reader version = reader_over((struct span){ (const uint8_t *)"\x16\x04", 2 });
	struct reader length = reader_over((struct span){ too_long, sizeof too_long });
	struct tls_record record;
	(void)state;

	assert_int_equal(tls_record_next(&http, &record), ERR_MALFORMED);
	assert_int_equal(tls_record_next(&version, &record), ERR_MALFORMED);
	assert_int_equal(tls_record_next(&length, &record), ERR_MALFORMED);
}

static void a_message_that_lies_about_its_length_is_a_limit(void **state)
{
	static const uint8_t liar[] = { 11, 0xff, 0xff, 0xff };
	static const uint8_t fine[] = { 14, 0, 0, 0 };
	struct reader r = reader_over((struct span){ liar, sizeof liar });
	struct reader done = reader_over((struct span){ fine, sizeof fine });
	struct tls_message message;
	(void)state;

	assert_int_equal(tls_message_next(&r, &message), ERR_LIMIT);
	assert_int_equal(tls_message_next(&done, &message), 0);
	assert_int_equal(message.type, TLS_SERVER_HELLO_DONE);
	assert_int_equal(message.body.len, 0);
}

static void certificates_come_in_their_order(void **state)
{
	static const uint8_t body[] = { 0, 0, 9, 0, 0, 2, 1, 2, 0, 0, 1, 3 };
	struct tls_certificates it;
	struct span der;
	(void)state;

	assert_int_equal(tls_certificates_over((struct span){ body, sizeof body }, &it), 0);
	assert_true(tls_certificates_next(&it, &der));
	assert_int_equal(der.len, 2);
	assert_true(tls_certificates_next(&it, &der));
	assert_int_equal(der.ptr[0], 3);
	assert_false(tls_certificates_next(&it, &der));
	for (size_t len = 0; len < sizeof body; len++) {
		assert_int_equal(tls_certificates_over((struct span){ body, len }, &it),
				 ERR_MALFORMED);
	}
}

static void key_exchanges_tell_group_prime_and_scheme(void **state)
{
	static const uint8_t ecdhe[] = { 3, 0, 0x1d, 2, 9, 9, 8, 4, 0, 1, 5 };
	static const uint8_t dhe[] = { 0, 3, 0, 0xff, 1, 0, 1, 2, 0, 1, 7, 0, 1, 5 };
	struct tls_key_exchange kex;
	(void)state;

	assert_int_equal(tls_key_exchange_parse((struct span){ ecdhe, sizeof ecdhe },
						TLS_EXCHANGE_ECDHE, false, 0x0303, &kex),
			 0);
	assert_int_equal(kex.group, 0x1d);
	assert_int_equal(kex.scheme, 0x0804);
	assert_int_equal(tls_key_exchange_parse((struct span){ dhe, sizeof dhe }, TLS_EXCHANGE_DHE,
						false, 0x0301, &kex),
			 0);
	assert_int_equal(tls_number_bits(kex.prime), 16);
	assert_int_equal(kex.scheme, 0);
	for (size_t len = 0; len < sizeof dhe; len++) {
		assert_int_equal(tls_key_exchange_parse((struct span){ dhe, len }, TLS_EXCHANGE_DHE,
							false, 0x0301, &kex),
				 len == 11 ? 0 : ERR_MALFORMED); /* 11: not signed */
	}
}

static void ssl2_is_told_from_tls(void **state)
{
	static const uint8_t hello[] = {
		0x80, 15, 4, 0, 1, 0, 2, 0, 1, 0, 3, 0, 0, 0x30, 1, 0, 0x80
	};
	static const uint8_t alert[] = { 21, 3, 1, 0, 2, 2, 40 };
	struct ssl2_server_hello out;
	(void)state;

	assert_int_equal(ssl2_server_hello_parse((struct span){ hello, sizeof hello }, &out), 0);
	assert_int_equal(out.kinds.len, 3);
	assert_int_equal(out.certificate.len, 1);
	for (size_t len = 0; len < sizeof hello; len++) {
		assert_int_equal(ssl2_server_hello_parse((struct span){ hello, len }, &out),
				 ERR_AGAIN);
	}
	assert_int_equal(ssl2_server_hello_parse((struct span){ alert, sizeof alert }, &out),
			 ERR_MALFORMED);
}

static void a_staple_has_its_length(void **state)
{
	static const uint8_t body[] = { 1, 0, 0, 2, 0x30, 0 };
	struct span der;
	(void)state;

	assert_int_equal(tls_certificate_status_parse((struct span){ body, sizeof body }, &der), 0);
	assert_int_equal(der.len, 2);
	for (size_t len = 0; len < sizeof body; len++) {
		assert_int_equal(tls_certificate_status_parse((struct span){ body, len }, &der),
				 ERR_MALFORMED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hello_tells_suite_extensions_and_sentinel),
		cmocka_unit_test(every_truncation_of_a_hello_is_refused),
		cmocka_unit_test(too_many_extensions_are_a_limit),
		cmocka_unit_test(a_record_waits_until_it_is_whole),
		cmocka_unit_test(what_is_no_record_is_seen_at_once),
		cmocka_unit_test(a_message_that_lies_about_its_length_is_a_limit),
		cmocka_unit_test(certificates_come_in_their_order),
		cmocka_unit_test(key_exchanges_tell_group_prime_and_scheme),
		cmocka_unit_test(ssl2_is_told_from_tls),
		cmocka_unit_test(a_staple_has_its_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
