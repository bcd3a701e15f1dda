#include "formats/tls_server.h"

#include "formats/fuzz.h"

static void touch_hello(struct span body)
{
	struct tls_server_hello hello;

	if (tls_server_hello_parse(body, &hello) == 0) {
		fuzz_touch(hello.random);
		fuzz_touch(hello.session_id);
		fuzz_touch(hello.alpn);
		fuzz_touch(hello.scts);
	}
}

static void touch_certificates(struct span body)
{
	struct tls_certificates it;
	struct span der;

	if (tls_certificates_over(body, &it) != 0) {
		return;
	}
	while (tls_certificates_next(&it, &der)) {
		fuzz_touch(der);
	}
	if (reader_left(&it.rest) > 0 && it.seen <= TLS_CERTIFICATES_MAX) {
		__builtin_trap(); /* what was accepted must be readable to its end */
	}
}

static void touch_exchange(struct span body)
{
	struct tls_key_exchange kex;

	for (int exchange = TLS_EXCHANGE_DHE; exchange <= TLS_EXCHANGE_RSA_EXPORT; exchange++) {
		if (tls_key_exchange_parse(body, exchange, exchange == TLS_EXCHANGE_DHE, 0x0303,
					   &kex) == 0) {
			fuzz_touch(kex.prime);
			fuzz_touch(kex.generator);
			fuzz_touch(kex.public_key);
			fuzz_touch(kex.modulus);
			(void)tls_number_bits(kex.prime);
		}
	}
}

static void touch_messages(struct span payload)
{
	struct reader r = reader_over(payload);
	struct tls_message message;
	struct span der;

	while (tls_message_next(&r, &message) == 0) {
		touch_hello(message.body);
		touch_certificates(message.body);
		touch_exchange(message.body);
		if (tls_certificate_status_parse(message.body, &der) == 0) {
			fuzz_touch(der);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = { data, size };
	struct reader r = reader_over(bytes);
	struct tls_record record;
	struct ssl2_server_hello ssl2;

	while (tls_record_next(&r, &record) == 0) {
		touch_messages(record.payload);
	}
	touch_messages(bytes);
	if (ssl2_server_hello_parse(bytes, &ssl2) == 0) {
		fuzz_touch(ssl2.certificate);
		fuzz_touch(ssl2.kinds);
	}
	return 0;
}
