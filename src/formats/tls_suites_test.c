#include "formats/tls_suites.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void names_are_those_of_the_registry(void **state)
{
	static const struct {
		uint32_t id;
		const char *name;
		const char *openssl_name;
		unsigned bits;
	} known[] = {
		{ 0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256",
		  128 },
		{ 0x1302, "TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", 256 },
		{ 0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "DES-CBC3-SHA", 112 },
		{ 0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5", "EXP-RC4-MD5", 40 },
		{ 0xc0a8, "TLS_PSK_WITH_AES_128_CCM_8", "PSK-AES128-CCM8", 128 },
		{ 0x010080, "SSL_CK_RC4_128_WITH_MD5", "RC4-MD5", 128 },
		{ 0x0018, "TLS_DH_anon_WITH_RC4_128_MD5", "ADH-RC4-MD5", 128 },
		{ 0xfeff, "SSL_RSA_FIPS_WITH_3DES_EDE_CBC_SHA", "", 112 },
	};
	struct tls_suite suite;
	(void)state;

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		assert_true(tls_suites_find(known[i].id, &suite));
		assert_string_equal(suite.name, known[i].name);
		assert_string_equal(suite.openssl_name, known[i].openssl_name);
		assert_int_equal(suite.bits, known[i].bits);
	}
}

static void every_suite_is_found_by_its_number(void **state)
{
	struct tls_suite at;
	struct tls_suite found;
	(void)state;

	for (size_t i = 0; i < tls_suites_count(); i++) {
		tls_suites_at(i, &at);
		assert_true(tls_suites_find(at.id, &found));
		assert_string_equal(at.name, found.name);
	}
}

static void an_unknown_suite_is_its_number(void **state)
{
	struct tls_suite suite;
	(void)state;

	assert_false(tls_suites_find(0xfa0b, &suite));
	assert_string_equal(suite.name, "0xfa0b");
	assert_false(tls_suites_find(0x0fa0b3, &suite));
	assert_string_equal(suite.name, "0x0fa0b3");
}

static void only_ephemeral_exchanges_have_forward_secrecy(void **state)
{
	struct tls_suite suite;
	(void)state;

	assert_true(tls_suites_find(0xc02f, &suite) && tls_suite_has_forward_secrecy(&suite));
	assert_true(tls_suites_find(0x1301, &suite) && tls_suite_has_forward_secrecy(&suite));
	assert_true(tls_suites_find(0x009c, &suite) && !tls_suite_has_forward_secrecy(&suite));
	assert_true(tls_suites_find(0xc031, &suite) && !tls_suite_has_forward_secrecy(&suite));
}

static void groups_and_schemes_are_found(void **state)
{
	size_t count;
	(void)state;

	assert_string_equal(tls_groups_find(0x11ec)->name, "X25519MLKEM768");
	assert_true(tls_groups_find(0x11ec)->is_post_quantum);
	assert_null(tls_groups_find(0xfefe));
	assert_string_equal(tls_schemes_find(0x0804)->name, "rsa_pss_rsae_sha256");
	assert_null(tls_schemes_find(0));
	assert_ptr_equal(tls_groups_all(&count), tls_groups_find(0x11ec));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_those_of_the_registry),
		cmocka_unit_test(every_suite_is_found_by_its_number),
		cmocka_unit_test(an_unknown_suite_is_its_number),
		cmocka_unit_test(only_ephemeral_exchanges_have_forward_secrecy),
		cmocka_unit_test(groups_and_schemes_are_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
