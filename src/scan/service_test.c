/* service_test.c - what the process that talks to strangers says is parsed as a stranger's. */
#include "scan/services.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static struct service example(void)
{
	struct service s = {
		.outcome = IDENTIFY_KNOWN,
		.layer = SERVICE_STARTTLS,
		.is_tls_open = true,
		.is_of_discovery = true,
		.protocol = "smtp",
		.alpn = "smtp",
		.found = "banner",
		.gave_up = "64 KiB of banner",
		.certificate_name = "mail.example.org",
		.is = { .vendor = "OpenBSD",
			.product = "OpenSMTPD",
			.version = "6.8",
			.cpe = "cpe:2.3:a:openbsd:opensmtpd:6.8:*:*:*:*:*:*:*",
			.certainty = 85 },
		.connections = 3,
		.duration_ms = 1234,
		.banner_len = 4,
		.banner = { '2', '2', 0, 0xff },
		.system_count = 1,
		.systems = { { .source = "smtp.banner", .family = "OpenBSD", .certainty = 80 } },
	};

	return s;
}

static void what_is_packed_comes_back(void **state)
{
	static uint8_t bytes[SERVICE_PACKED_MAX];
	struct writer w = writer_over(bytes, sizeof bytes);
	struct services *kept = services_new();
	struct service s = example();
	struct service back;

	(void)state;
	service_pack(&s, &w);
	assert_true(writer_ok(&w));
	services_put(kept, 300, writer_span(&w));
	services_put(kept, 300, writer_span(&w));
	assert_int_equal(services_count(kept), 1);
	assert_false(services_get(kept, 299, &back));
	assert_false(services_get(kept, 1u << 20, &back));
	assert_true(services_get(kept, 300, &back));
	assert_int_equal(back.outcome, s.outcome);
	assert_int_equal(back.layer, s.layer);
	assert_true(back.is_tls_open && back.is_of_discovery);
	assert_string_equal(back.certificate_name, s.certificate_name);
	assert_string_equal(back.is.cpe, s.is.cpe);
	assert_int_equal(back.is.certainty, 85);
	assert_int_equal(back.banner_len, 4);
	assert_memory_equal(back.banner, s.banner, 4);
	assert_string_equal(back.systems[0].family, "OpenBSD");
	assert_int_equal(back.systems[0].certainty, 80);
	services_free(&kept);
}

static void refuses_every_truncation_and_every_addition(void **state)
{
	static uint8_t bytes[SERVICE_PACKED_MAX];
	struct writer w = writer_over(bytes, sizeof bytes);
	struct service s = example();
	struct service back;

	(void)state;
	service_pack(&s, &w);
	for (size_t len = 0; len < writer_used(&w); len++) {
		uint8_t *part = malloc(len > 0 ? len : 1);

		memcpy(part, bytes, len);
		assert_int_equal(service_unpack((struct span){ part, len }, &back), ERR_MALFORMED);
		free(part);
	}
	writer_u8(&w, 0);
	assert_int_equal(service_unpack(writer_span(&w), &back), ERR_MALFORMED);
}

static void lies_are_cut_to_size_and_made_harmless(void **state)
{
	static uint8_t bytes[SERVICE_PACKED_MAX];
	struct writer w = writer_over(bytes, sizeof bytes);
	struct service s = example();
	struct service back;

	(void)state;
	memset(s.is.product, 'a', sizeof s.is.product);
	s.is.product[0] = '\x1b';
	s.is.product[1] = '\xff';
	s.is.product[sizeof s.is.product - 1] = '\0';
	service_pack(&s, &w);
	assert_int_equal(service_unpack(writer_span(&w), &back), 0);
	assert_int_equal(back.is.product[0], ' ');
	assert_true((uint8_t)back.is.product[1] == 0xef); /* U+FFFD */
	assert_true(strlen(back.is.product) < sizeof back.is.product);

	s = example();
	s.outcome = IDENTIFY_CLOSED + 1;
	w = writer_over(bytes, sizeof bytes);
	service_pack(&s, &w);
	assert_int_equal(service_unpack(writer_span(&w), &back), ERR_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_packed_comes_back),
		cmocka_unit_test(refuses_every_truncation_and_every_addition),
		cmocka_unit_test(lies_are_cut_to_size_and_made_harmless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
