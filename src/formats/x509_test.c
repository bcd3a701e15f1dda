/* x509_test.c - what OpenSSL says of the same certificates. */
#include "formats/x509.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static uint8_t buffer[1024];

struct expected {
	const char *file;
	const char *subject;
	const char *serial;
	int64_t not_before;
	int64_t not_after;
	const char *key_type;
	unsigned key_bits;
	const char *signature;
	bool is_ca;
	bool is_self_signed;
};

/* openssl x509 -subject -serial -dates -text -nameopt RFC2253, but for UTF-8, which we do not
 * escape, and for the bits of Edwards curves, which it does not print */
static const struct expected expected[] = {
	{ "rsa", "emailAddress=a@example.org,OU=R,O=Example\\, Inc.,L=Berlin,ST=Berlin,C=DE",
	  "52b9d7ccaf1b57f0c4d132264342be1d27b1aa3c", 1795307709, 2110667709, "rsa", 2048,
	  "sha256WithRSAEncryption", true, true },
	{ "p256", "CN=\\ leading #and trailing\\ ,DC=example,DC=org",
	  "39d78e5569e9ae8a597ae09156f46abbf324d462", 1795307709, 2110667709, "ec", 256,
	  "ecdsa-with-SHA384", false, true },
	{ "p521", "CN=\\#hash+OU=two,O=M\xc3\xbcller GmbH",
	  "4d167b3c9f2f845dc817528f6921c3e73bc33df5", 1795307831, 2110667831, "ec", 521,
	  "ecdsa-with-SHA512", true, true },
	{ "ed25519", "serialNumber=123,UID=user,CN=ed25519",
	  "4c950b9c5824a3f8eca3a173ac23c67c59c93a7a", 1795307709, 2110667709, "ed25519", 256,
	  "ED25519", true, true },
	{ "ed448", "CN=ed448", "00", 1795307709, 2110667709, "ed448", 456, "ED448", true, true },
	{ "pss", "OU=b+CN=c,O=a", "-80ff", 1795307709, 2110667709, "rsa-pss", 1024, "rsassaPss",
	  true, true },
	{ "dsa", "CN=dsa", "-01", 1795307709, 2110667709, "dsa", 1024, "dsa_with_SHA256", true,
	  true },
	{ "explicit", "CN=far,businessCategory=Private Organization,jurisdictionC=DE",
	  "72b84e3217809f0b1fbb3fa0fc4b4cf52fe28476", 1795307709, INT64_C(4387307709), "ec", 256,
	  "ecdsa-with-SHA256", true, true },
	{ "v1", "CN=leaf", "179194e68abe6d6a3334c688ab045b27a6df50de", 1795307709, 1796171709,
	  "rsa", 1024, "sha256WithRSAEncryption", false, false },
};

static struct span file_of(const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "formats-x509/%s.der", name);
	return fixture(path);
}

static const char *written(const struct x509 *certificate,
			   void (*write)(const struct x509 *, struct writer *))
{
	struct writer w = writer_over(buffer, sizeof buffer);

	write(certificate, &w);
	assert_true(writer_ok(&w));
	return fixture_text(writer_span(&w));
}

static const char *name_text(struct span name)
{
	struct writer w = writer_over(buffer, sizeof buffer);

	return x509_write_name(name, &w) == 0 ? fixture_text(writer_span(&w)) : "refused";
}

static void agrees_with_openssl(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		struct x509 certificate;

		assert_int_equal(x509_parse(file_of(expected[i].file), &certificate), 0);
		assert_string_equal(name_text(certificate.subject), expected[i].subject);
		assert_string_equal(written(&certificate, x509_write_serial), expected[i].serial);
		assert_true(certificate.not_before == expected[i].not_before);
		assert_true(certificate.not_after == expected[i].not_after);
		assert_string_equal(written(&certificate, x509_write_key_type),
				    expected[i].key_type);
		assert_int_equal(certificate.key_bits, expected[i].key_bits);
		assert_string_equal(written(&certificate, x509_write_signature),
				    expected[i].signature);
		assert_int_equal(certificate.is_ca, expected[i].is_ca);
		assert_int_equal(certificate.is_self_signed, expected[i].is_self_signed);
	}
}

static void lists_alternative_names(void **state)
{
	static const char *const names[] = {
		"example.org", "*.example.org",        "192.0.2.1",
		"2001:db8::1", "https://example.org/", "a@example.org"
	};
	struct x509 certificate;
	struct x509_names it;
	struct x509_alternative_name name;

	(void)state;
	assert_int_equal(x509_parse(file_of("rsa"), &certificate), 0);
	it = x509_names_over(&certificate);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct writer w = writer_over(buffer, sizeof buffer);

		assert_true(x509_names_next(&it, &name));
		x509_write_alternative_name(&name, &w);
		assert_string_equal(fixture_text(writer_span(&w)), names[i]);
	}
	assert_false(x509_names_next(&it, &name)); /* the last one is a registered ID */
	assert_int_equal(x509_parse(file_of("v1"), &certificate), 0);
	it = x509_names_over(&certificate);
	assert_false(x509_names_next(&it, &name));
}

static void lists_as_many_alternative_names_as_there_is_room_for(void **state)
{
	struct span items[6];
	struct x509 certificate;
	struct writer w = writer_over(buffer, sizeof buffer);
	size_t whole;

	(void)state;
	assert_int_equal(x509_parse(file_of("rsa"), &certificate), 0);
	assert_int_equal(x509_list_names(&certificate, &w, items, COUNT_OF(items)), 6);
	assert_true(span_is(items[0], "example.org"));
	assert_true(span_is(items[5], "a@example.org"));
	whole = writer_used(&w);
	w = writer_over(buffer, sizeof buffer);
	assert_int_equal(x509_list_names(&certificate, &w, items, 2), 2);
	for (size_t room = 0; room < whole; room++) {
		size_t listed = 0;
		size_t count;

		w = writer_over(buffer, room);
		count = x509_list_names(&certificate, &w, items, COUNT_OF(items));
		assert_true(count < 6);
		assert_true(writer_ok(&w)); /* for whatever comes behind them */
		for (size_t i = 0; i < count; i++) {
			listed += items[i].len;
		}
		assert_int_equal(writer_used(&w), listed);
	}
	(void)writer_reserve(&w, sizeof buffer);
	assert_int_equal(x509_list_names(&certificate, &w, items, COUNT_OF(items)), 0);
	assert_false(writer_ok(&w));
}

static const char *name_of(const char *hex)
{
	static uint8_t bytes[256];
	size_t len = span_of(hex).len / 2;

	assert_int_equal(text_from_hex(span_of(hex), bytes, len), 0);
	return name_text((struct span){ bytes, len });
}

static void writes_names_of_every_string_type(void **state)
{
	(void)state;
	assert_string_equal(name_of("3000"), "");
	/* UTF-8, BMP, universal and Teletex strings of a u with diaeresis */
	assert_string_equal(name_of("300d310b300906035504030c02c3bc"), "CN=\xc3\xbc");
	assert_string_equal(name_of("300d310b300906035504031e0200fc"), "CN=\xc3\xbc");
	assert_string_equal(name_of("300f310d300b06035504031c04000000fc"), "CN=\xc3\xbc");
}

static void shows_what_it_does_not_know_as_hexadecimal(void **state)
{
	(void)state;
	/* 1.2.3.4.5 and a UTF-8 string; CN and an integer */
	assert_string_equal(name_of("300d310b300906042a0304050c0161"), "1.2.3.4.5=#0C0161");
	assert_string_equal(name_of("300c310a30080603550403020105"), "CN=#020105");
	/* a BMP string of an odd length */
	assert_string_equal(name_of("300c310a300806035504031e0161"), "CN=#1E0161");
}

static void escapes_what_a_terminal_would_obey(void **state)
{
	(void)state;
	assert_string_equal(name_of("300e310c300a06035504030c031b5b6d"), "CN=\\1B[m");
	assert_string_equal(name_of("300d310b300906035504030c02000a"), "CN=\\00\\0A");
	assert_string_equal(name_of("3010310e300c06035504030c052c2b223c3b"), "CN=\\,\\+\\\"\\<\\;");
}

static void refuses_names_that_are_none(void **state)
{
	(void)state;
	assert_string_equal(name_of("30023100"), "refused"); /* an empty set */
	assert_string_equal(name_of("300b3109300706022a800c0161"), "refused");
	assert_string_equal(name_of("3100"), "refused");
	assert_string_equal(name_of("300000"), "refused");
}

static void appends_no_part_of_a_name(void **state)
{
	struct x509 certificate;
	struct writer w = writer_over(buffer, 10);

	(void)state;
	assert_int_equal(x509_parse(file_of("rsa"), &certificate), 0);
	assert_int_equal(x509_write_name(certificate.subject, &w), ERR_FULL);
	assert_int_equal(writer_used(&w), 0);
	assert_true(writer_ok(&w));
}

static void refuse(struct span part)
{
	struct x509 certificate;

	assert_int_equal(x509_parse(part, &certificate), ERR_MALFORMED);
}

static void refuses_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(file_of("rsa"), refuse);
	fixture_truncate(file_of("ed25519"), refuse);
}

/* Each byte of a certificate changed in turn: refused or taken, never misread. */
static void survives_every_changed_byte(void **state)
{
	struct span good = file_of("rsa");
	static uint8_t bytes[2048];

	(void)state;
	assert_true(good.len <= sizeof bytes);
	for (size_t i = 0; i < good.len * 8; i++) {
		struct x509 certificate;

		mem_copy(bytes, good.ptr, good.len);
		bytes[i / 8] ^= (uint8_t)(1u << i % 8);
		if (x509_parse((struct span){ bytes, good.len }, &certificate) == 0) {
			(void)name_text(certificate.subject);
			(void)name_text(certificate.issuer);
		}
	}
}

static void refuses_something_behind_the_certificate(void **state)
{
	struct span good = file_of("ed448");
	static uint8_t bytes[2048];
	struct x509 certificate;

	(void)state;
	mem_copy(bytes, good.ptr, good.len);
	assert_int_equal(x509_parse((struct span){ bytes, good.len + 1 }, &certificate),
			 ERR_MALFORMED);
}

/* The ed25519 certificate with other digits in its notBefore, 261122003509Z. */
static int with_time(const char *time, struct x509 *out)
{
	static uint8_t bytes[1024];
	struct span good = file_of("ed25519");
	const struct span wanted = span_of("261122003509Z");

	mem_copy(bytes, good.ptr, good.len);
	for (size_t i = 0; i + wanted.len <= good.len; i++) {
		if (mem_compare(bytes + i, wanted.ptr, wanted.len) == 0) {
			mem_copy(bytes + i, time, wanted.len);
			return x509_parse((struct span){ bytes, good.len }, out);
		}
	}
	return ERR_NOT_FOUND;
}

static void turns_the_century_at_fifty(void **state)
{
	struct x509 certificate;

	(void)state;
	assert_int_equal(with_time("491231235959Z", &certificate), 0);
	assert_true(certificate.not_before == INT64_C(2524607999)); /* 2049 */
	assert_int_equal(with_time("500101000000Z", &certificate), 0);
	assert_true(certificate.not_before == INT64_C(-631152000)); /* 1950 */
}

static void refuses_times_that_are_none(void **state)
{
	static const char *const bad[] = { "261322003509Z", "260230003509Z", "2611220035090",
					   "2611220035 9Z", "261122003560Z", "261122243509Z" };
	struct x509 certificate;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(with_time(bad[i], &certificate), ERR_MALFORMED);
	}
}

static void reads_broken_utf8_and_teletex_as_latin_1(void **state)
{
	(void)state;
	assert_string_equal(name_of("300c310a300806035504030c01fc"), "CN=\xc3\xbc");
	assert_string_equal(name_of("300d310b30090603550403"
				    "1402c3bc"),
			    "CN=\xc3\x83\xc2\xbc");
	assert_string_equal(name_of("300d310b300906035504030c02c280"), "CN=\xc2\x80");
}

static void keeps_the_limit_of_name_parts(void **state)
{
	/* SET { SEQUENCE { commonName, UTF8String "a" } } */
	static const uint8_t part[] = { 0x31, 10, 0x30, 8, 6, 3, 0x55, 4, 3, 0x0c, 1, 'a' };
	static uint8_t bytes[1024];

	(void)state;
	for (size_t parts = X509_NAME_PARTS_MAX; parts <= X509_NAME_PARTS_MAX + 1; parts++) {
		struct writer w = writer_over(bytes, sizeof bytes);
		struct writer out = writer_over(buffer, sizeof buffer);

		writer_u8(&w, 0x30);
		writer_u8(&w, 0x82);
		writer_be16(&w, (uint16_t)(parts * sizeof part));
		for (size_t i = 0; i < parts; i++) {
			writer_bytes(&w, (struct span){ part, sizeof part });
		}
		assert_int_equal(x509_write_name(writer_span(&w), &out),
				 parts <= X509_NAME_PARTS_MAX ? 0 : ERR_LIMIT);
	}
}

static void does_not_heal_a_writer_that_had_failed(void **state)
{
	struct writer w = writer_over(buffer, 0);

	(void)state;
	writer_u8(&w, 'x');
	assert_int_equal(x509_write_name(span_of("0\0"), &w), ERR_MALFORMED);
	assert_int_equal(x509_write_name((struct span){ (const uint8_t *)"0\0", 2 }, &w), ERR_FULL);
	assert_false(writer_ok(&w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_openssl),
		cmocka_unit_test(lists_alternative_names),
		cmocka_unit_test(lists_as_many_alternative_names_as_there_is_room_for),
		cmocka_unit_test(writes_names_of_every_string_type),
		cmocka_unit_test(shows_what_it_does_not_know_as_hexadecimal),
		cmocka_unit_test(escapes_what_a_terminal_would_obey),
		cmocka_unit_test(refuses_names_that_are_none),
		cmocka_unit_test(appends_no_part_of_a_name),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(survives_every_changed_byte),
		cmocka_unit_test(refuses_something_behind_the_certificate),
		cmocka_unit_test(turns_the_century_at_fifty),
		cmocka_unit_test(refuses_times_that_are_none),
		cmocka_unit_test(reads_broken_utf8_and_teletex_as_latin_1),
		cmocka_unit_test(keeps_the_limit_of_name_parts),
		cmocka_unit_test(does_not_heal_a_writer_that_had_failed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
