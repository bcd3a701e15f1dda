/* x509_details_test.c - extensions as openssl wrote them; names by RFC 9525's rules; the mark of
 * ROCA. */
#include "formats/x509_details.h"

#include "base/error.h"
#include "base/text.h"
#include "formats/fixture.h"
#include "formats/sct.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct x509_details details_of(const char *path)
{
	struct x509_details details;

	assert_int_equal(x509_details_parse(fixture(path), &details), 0);
	return details;
}

static void reads_the_extensions_of_a_server(void **state)
{
	struct x509_details d = details_of("formats-x509_details/rich.der");
	struct sct scts[SCT_LIST_MAX];
	size_t count = 0;

	(void)state;
	assert_true(span_is(d.common_name, "www.example.org"));
	assert_true(span_is(d.ocsp_url, "http://ocsp.example.org/"));
	assert_true(span_is(d.issuer_url, "http://ca.example.org/i.der"));
	assert_true(d.is_must_staple);
	assert_true(d.is_for_servers);
	assert_true(d.has_crl_points);
	assert_false(d.has_malformed_extension);
	assert_int_equal(d.key_id.len, 20);
	assert_int_equal(d.authority_key_id.len, 4);
	assert_int_equal(sct_list_parse(d.sct_list, scts, &count), 0);
	assert_int_equal(count, 2);
}

static void reads_the_numbers_of_an_rsa_key(void **state)
{
	struct x509_details d = details_of("formats-x509_details/rich.der");

	(void)state;
	assert_int_equal(d.rsa_modulus.len, 128);
	assert_int_equal(d.rsa_exponent.len, 3);
	assert_int_equal(d.rsa_exponent.ptr[0], 1);
	assert_int_equal(d.key_info.ptr[0], 0x30);
	assert_int_equal(details_of("formats-x509/p256.der").rsa_modulus.len, 0);
}

static void tells_what_is_not_for_servers(void **state)
{
	struct x509_details d = details_of("formats-x509_details/client.der");

	(void)state;
	assert_false(d.is_for_servers);
	assert_false(d.is_must_staple);
	assert_int_equal(d.issuer_url.len, 0);
	assert_int_equal(d.common_name.len, 0);
	assert_true(details_of("formats-x509/p256.der").is_for_servers);
}

static void tells_of_malformed_extensions(void **state)
{
	struct x509_details d = details_of("formats-x509_details/bad-extensions.der");

	(void)state;
	assert_true(d.has_malformed_extension);
	assert_true(d.is_for_servers); /* as if it were not there */
}

static void parse_part(struct span part)
{
	struct x509_details details;

	assert_int_equal(x509_details_parse(part, &details), ERR_MALFORMED);
}

static void refuses_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-x509_details/rich.der"), parse_part);
}

static enum x509_match match(const char *host)
{
	struct x509 certificate;

	assert_int_equal(x509_parse(fixture("formats-x509_details/rich.der"), &certificate), 0);
	return x509_match_host(&certificate, span_of(host));
}

static void matches_names_without_regard_to_case(void **state)
{
	(void)state;
	assert_int_equal(match("www.example.org"), X509_MATCH_NAME);
	assert_int_equal(match("WWW.Example.ORG."), X509_MATCH_NAME);
	assert_int_equal(match("trailing.example"), X509_MATCH_NAME);
	assert_int_equal(match("example.org"), X509_MATCH_NONE);
	assert_int_equal(match(""), X509_MATCH_NONE);
}

static void a_wildcard_is_one_whole_leftmost_label(void **state)
{
	(void)state;
	assert_int_equal(match("a.example.com"), X509_MATCH_WILDCARD);
	assert_int_equal(match("a.b.example.com"), X509_MATCH_NONE);
	assert_int_equal(match("example.com"), X509_MATCH_NONE);
	assert_int_equal(match(".example.com"), X509_MATCH_NONE);
	assert_int_equal(match("anything.net"), X509_MATCH_NONE); /* of a whole top level */
	assert_int_equal(match("a.b.example.org"), X509_MATCH_NONE);
}

static void addresses_match_addresses_alone(void **state)
{
	(void)state;
	assert_int_equal(match("192.0.2.7"), X509_MATCH_ADDRESS);
	assert_int_equal(match("2001:db8::7"), X509_MATCH_ADDRESS);
	assert_int_equal(match("192.0.2.8"), X509_MATCH_NONE);
}

static void the_common_name_is_not_asked(void **state)
{
	(void)state;
	assert_int_equal(match("first.example.org"), X509_MATCH_NONE);
}

/* The product of two primes of the faulty form, made for this test. */
static const char roca[] = "51203f243c4139394c0f606c765842d2982c88b230e5c5c199a14caee7d19322"
			   "eccb5c9268448355c3b5a32dcb1a92de38e9d0a324993eb9b4f9e9f2d34cec39";

static void finds_the_mark_of_roca_and_no_other(void **state)
{
	struct x509_details good = details_of("formats-x509_details/rich.der");
	uint8_t modulus[64];

	(void)state;
	assert_int_equal(text_from_hex(span_of(roca), modulus, sizeof modulus), 0);
	assert_true(x509_modulus_is_roca((struct span){ modulus, sizeof modulus }));
	modulus[63] ^= 2;
	assert_false(x509_modulus_is_roca((struct span){ modulus, sizeof modulus }));
	assert_false(x509_modulus_is_roca(good.rsa_modulus));
	assert_false(x509_modulus_is_roca((struct span){ 0 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_extensions_of_a_server),
		cmocka_unit_test(reads_the_numbers_of_an_rsa_key),
		cmocka_unit_test(tells_what_is_not_for_servers),
		cmocka_unit_test(tells_of_malformed_extensions),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(matches_names_without_regard_to_case),
		cmocka_unit_test(a_wildcard_is_one_whole_leftmost_label),
		cmocka_unit_test(addresses_match_addresses_alone),
		cmocka_unit_test(the_common_name_is_not_asked),
		cmocka_unit_test(finds_the_mark_of_roca_and_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
