/* pki_test.c - certificates are what the profile says, whatever the request says. */
#include "sys/pki.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/error.h"
#include "base/text.h"
#include "sys/pki_types.h"

#define SIZE_LIMIT (64u << 10)

struct fixture {
	struct buffer ca_key;
	struct buffer ca;
	struct buffer key;
	struct buffer request;
	struct buffer out;
};

static struct fixture fixture;

static const char *const names[] = { "bartizand", "localhost", NULL };
static const char *const addresses[] = { "127.0.0.1", "::1", NULL };
static const struct pki_profile server = {
	.common_name = "server",
	.dns_names = names,
	.addresses = addresses,
	.is_server = true,
	.lifetime_s = 86400,
};
static const struct pki_profile sensor = {
	.common_name = "sensor-1",
	.organization = "default",
	.lifetime_s = 3600,
};

static int set_up(void **state)
{
	struct fixture *f = &fixture;
	struct why why = { "" };

	buffer_init(&f->ca_key, SIZE_LIMIT);
	buffer_init(&f->ca, SIZE_LIMIT);
	buffer_init(&f->key, SIZE_LIMIT);
	buffer_init(&f->request, SIZE_LIMIT);
	buffer_init(&f->out, SIZE_LIMIT);
	*state = f;
	return pki_key_new(&f->ca_key, &why) | pki_key_new(&f->key, &why) |
	       pki_ca_new(buffer_span(&f->ca_key), "Bartizan CA", 3650, &f->ca, &why) |
	       pki_request_new(buffer_span(&f->key), "anything", &f->request, &why);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	buffer_done(&f->ca_key);
	buffer_done(&f->ca);
	buffer_done(&f->key);
	buffer_done(&f->request);
	buffer_done(&f->out);
	return 0;
}

static int clear_out(void **state)
{
	struct fixture *f = *state;

	buffer_clear(&f->out);
	return 0;
}

static int sign(struct fixture *f, struct span request, const struct pki_profile *profile,
		struct why *why)
{
	return pki_sign(buffer_span(&f->ca), buffer_span(&f->ca_key), request, profile, &f->out,
			why);
}

static void check_extension(X509 *certificate, int nid, const char *expected)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int index = X509_get_ext_by_NID(certificate, nid, -1);
	char text[512] = "";

	assert_true(index >= 0);
	assert_int_equal(X509V3_EXT_print(bio, X509_get_ext(certificate, index), 0, 0), 1);
	(void)BIO_read(bio, text, sizeof text - 1);
	assert_string_equal(text, expected);
	BIO_free(bio);
}

static bool is_valid_for(struct fixture *f, struct span der, int purpose)
{
	OWNED(pki_certificate_free) X509 *ca = pki_read_certificate_pem(buffer_span(&f->ca));
	OWNED(pki_certificate_free) X509 *leaf = pki_read_certificate_der(der);
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	bool is_valid;

	X509_STORE_add_cert(store, ca);
	X509_STORE_CTX_init(context, store, leaf, NULL);
	X509_STORE_CTX_set_purpose(context, purpose);
	X509_STORE_CTX_set_flags(context, X509_V_FLAG_X509_STRICT);
	is_valid = X509_verify_cert(context) == 1;
	X509_STORE_CTX_free(context);
	X509_STORE_free(store);
	return is_valid;
}

static void makes_a_ca_that_may_sign_leaves_only(void **state)
{
	struct fixture *f = *state;
	OWNED(pki_certificate_free) X509 *ca = pki_read_certificate_pem(buffer_span(&f->ca));

	check_extension(ca, NID_basic_constraints, "CA:TRUE, pathlen:0");
	check_extension(ca, NID_key_usage, "Certificate Sign, CRL Sign");
	assert_true(X509_get_ext_by_NID(ca, NID_subject_key_identifier, -1) >= 0);
	assert_true(X509_get_extension_flags(ca) & EXFLAG_SS);
}

static void signs_a_server_with_its_names(void **state)
{
	struct fixture *f = *state;
	OWNED(pki_certificate_free) X509 *leaf = NULL;
	struct why why = { "" };

	assert_int_equal(sign(f, buffer_span(&f->request), &server, &why), 0);
	leaf = pki_read_certificate_der(buffer_span(&f->out));
	check_extension(
		leaf, NID_subject_alt_name,
		"DNS:bartizand, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1");
	check_extension(leaf, NID_ext_key_usage, "TLS Web Server Authentication");
	check_extension(leaf, NID_key_usage, "Digital Signature");
	check_extension(leaf, NID_basic_constraints, "CA:FALSE");
	assert_true(X509_get_ext_by_NID(leaf, NID_authority_key_identifier, -1) >= 0);
	assert_true(X509_get_ext_by_NID(leaf, NID_subject_key_identifier, -1) >= 0);
	assert_true(is_valid_for(f, buffer_span(&f->out), X509_PURPOSE_SSL_SERVER));
	assert_false(is_valid_for(f, buffer_span(&f->out), X509_PURPOSE_SSL_CLIENT));
}

static void signs_a_sensor_and_tells_its_facts(void **state)
{
	struct fixture *f = *state;
	struct pki_certificate_facts facts;
	uint8_t of_request[32];
	uint8_t of_certificate[32];
	int64_t now = time(NULL);
	struct why why = { "" };

	assert_int_equal(sign(f, buffer_span(&f->request), &sensor, &why), 0);
	assert_true(is_valid_for(f, buffer_span(&f->out), X509_PURPOSE_SSL_CLIENT));
	assert_false(is_valid_for(f, buffer_span(&f->out), X509_PURPOSE_SSL_SERVER));
	assert_int_equal(pki_certificate_facts(buffer_span(&f->out), &facts, &why), 0);
	assert_string_equal(facts.common_name, "sensor-1");
	assert_string_equal(facts.organization, "default");
	assert_int_equal(strlen(facts.serial_hex), 32);
	assert_true(facts.not_before_s <= now - 300 && facts.not_before_s > now - 400);
	assert_true(facts.not_after_s >= now + 3590 && facts.not_after_s <= now + 3610);
	assert_int_equal(pki_request_key_hash(buffer_span(&f->request), of_request, &why), 0);
	assert_int_equal(pki_certificate_key_hash(buffer_span(&f->out), of_certificate, &why), 0);
	assert_memory_equal(of_request, of_certificate, 32);
}

static void refuses_what_it_must_not_sign(void **state)
{
	struct fixture *f = *state;
	struct pki_profile endless = sensor;
	OWNED(buffer_done) struct buffer forged;
	uint8_t *last;
	struct why why = { "" };

	buffer_init(&forged, SIZE_LIMIT);
	assert_int_equal(buffer_append(&forged, buffer_span(&f->request)), 0);
	last = buffer_reserve(&forged, 0) - 1;
	*last ^= 1;
	assert_true(sign(f, buffer_span(&forged), &sensor, &why) < 0);
	*last ^= 1;
	assert_int_equal(buffer_append(&forged, span_of("x")), 0);
	assert_int_equal(sign(f, buffer_span(&forged), &sensor, &why), ERR_MALFORMED);
	assert_int_equal(sign(f, (struct span){ 0 }, &sensor, &why), ERR_MALFORMED);
	endless.lifetime_s = INT64_MAX;
	assert_int_equal(sign(f, buffer_span(&f->request), &endless, &why), ERR_LIMIT);
	assert_int_equal(pki_sign(buffer_span(&f->ca), buffer_span(&f->key),
				  buffer_span(&f->request), &sensor, &f->out, &why),
			 ERR_CONFLICT);
	endless = sensor;
	endless.common_name =
		"a name of more than sixty-four characters is refused by X.509 itself, you see";
	assert_true(sign(f, buffer_span(&f->request), &endless, &why) < 0);
	assert_int_equal(f->out.len, 0);
}

static int sign_with(struct fixture *f, EVP_PKEY *key, const EVP_MD *hash, struct why *why)
{
	OWNED(pki_request_free) X509_REQ *request = X509_REQ_new();
	uint8_t *der = NULL;
	int len;
	int error;

	assert_int_equal(X509_REQ_set_pubkey(request, key), 1);
	assert_true(X509_REQ_sign(request, key, hash) > 0);
	len = i2d_X509_REQ(request, &der);
	error = sign(f, (struct span){ der, (size_t)len }, &sensor, why);
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	return error;
}

static void signs_only_keys_that_are_strong(void **state)
{
	struct fixture *f = *state;
	struct why why = { "" };

	assert_int_equal(sign_with(f, EVP_EC_gen("P-384"), EVP_sha384(), &why), 0);
	assert_int_equal(sign_with(f, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), NULL, &why), 0);
	assert_int_equal(sign_with(f, EVP_RSA_gen(2048), EVP_sha256(), &why), 0);
	assert_int_equal(sign_with(f, EVP_RSA_gen(1024), EVP_sha256(), &why), ERR_UNSUPPORTED);
	assert_non_null(strstr(why.text, "P-256"));
	assert_int_equal(sign_with(f, EVP_EC_gen("P-521"), EVP_sha256(), &why), ERR_UNSUPPORTED);
	assert_int_equal(sign_with(f, EVP_EC_gen("secp256k1"), EVP_sha256(), &why),
			 ERR_UNSUPPORTED);
}

static void refuses_every_truncation(void **state)
{
	struct fixture *f = *state;
	OWNED(buffer_done) struct buffer leaf;
	struct pki_certificate_facts facts;
	uint8_t hash[32];

	buffer_init(&leaf, SIZE_LIMIT);
	assert_int_equal(sign(f, buffer_span(&f->request), &sensor, NULL), 0);
	assert_int_equal(buffer_append(&leaf, buffer_span(&f->out)), 0);
	buffer_clear(&f->out);
	for (size_t len = 0; len < f->request.len; len++) {
		struct span part = span_first(buffer_span(&f->request), len);

		assert_int_equal(sign(f, part, &sensor, NULL), ERR_MALFORMED);
		assert_int_equal(pki_request_key_hash(part, hash, NULL), ERR_MALFORMED);
	}
	for (size_t len = 0; len < leaf.len; len++) {
		struct span part = span_first(buffer_span(&leaf), len);

		assert_int_equal(pki_certificate_facts(part, &facts, NULL), ERR_MALFORMED);
		assert_int_equal(pki_der_to_pem(part, &f->out, NULL), ERR_MALFORMED);
	}
	assert_int_equal(f->out.len, 0);
}

static void carries_certificates_as_est_does(void **state)
{
	struct fixture *f = *state;
	OWNED(buffer_done) struct buffer leaf;
	OWNED(buffer_done) struct buffer ca;
	OWNED(buffer_done) struct buffer again;
	struct span both[2];
	struct why why = { "" };

	buffer_init(&leaf, SIZE_LIMIT);
	buffer_init(&ca, SIZE_LIMIT);
	buffer_init(&again, SIZE_LIMIT);
	assert_int_equal(sign(f, buffer_span(&f->request), &sensor, &why), 0);
	assert_int_equal(buffer_append(&leaf, buffer_span(&f->out)), 0);
	assert_int_equal(pki_pem_to_der(buffer_span(&f->ca), &ca, &why), 0);
	both[0] = buffer_span(&ca);
	both[1] = buffer_span(&leaf);

	buffer_clear(&f->out);
	assert_int_equal(pki_certs_only(both, 2, &f->out, &why), 0);
	assert_int_equal(pki_certs_only_first(buffer_span(&f->out), &again, &why), 0);
	assert_true(span_equal(buffer_span(&again), buffer_span(&leaf)));
	buffer_clear(&again);
	for (size_t len = 0; len < f->out.len; len++) {
		struct span part = span_first(buffer_span(&f->out), len);

		assert_true(pki_certs_only_first(part, &again, NULL) < 0);
	}

	buffer_clear(&f->out);
	assert_int_equal(pki_certs_only(both, 1, &f->out, &why), 0);
	assert_int_equal(pki_certs_only_first(buffer_span(&f->out), &again, &why), 0);
	assert_true(span_equal(buffer_span(&again), buffer_span(&ca)));

	buffer_clear(&f->out);
	assert_int_equal(pki_certs_only(both, 0, &f->out, &why), 0);
	assert_int_equal(pki_certs_only_first(buffer_span(&f->out), &again, &why), ERR_NOT_FOUND);
}

static void turns_pem_into_der_and_back(void **state)
{
	struct fixture *f = *state;
	OWNED(buffer_done) struct buffer der;
	struct why why = { "" };

	buffer_init(&der, SIZE_LIMIT);
	assert_int_equal(pki_pem_to_der(buffer_span(&f->ca), &der, &why), 0);
	assert_int_equal(pki_der_to_pem(buffer_span(&der), &f->out, &why), 0);
	assert_true(span_equal(buffer_span(&f->out), buffer_span(&f->ca)));
	assert_int_equal(pki_pem_to_der(buffer_span(&f->key), &der, &why), ERR_MALFORMED);
	assert_non_null(strstr(why.text, "cannot read the certificate: "));
}

static void encodes_and_decodes_base64(void **state)
{
	/* RFC 4648 section 10 */
	static const char *const pairs[][2] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
	};
	static const char *const bad[] = { "Z", "Zg",   "Zg=",   "Zg==Zg==",
					   "=", "====", "Zm9v!", "Z===" };
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		buffer_clear(&f->out);
		assert_int_equal(pki_base64(span_of(pairs[i][0]), &f->out, NULL), 0);
		assert_true(span_is(buffer_span(&f->out), pairs[i][1]));
		buffer_clear(&f->out);
		assert_int_equal(pki_base64_decode(span_of(pairs[i][1]), &f->out, NULL), 0);
		assert_true(span_is(buffer_span(&f->out), pairs[i][0]));
	}
	buffer_clear(&f->out);
	assert_int_equal(pki_base64_decode(span_of("Zm9v\r\n Yg =\t=\n"), &f->out, NULL), 0);
	assert_true(span_is(buffer_span(&f->out), "foob"));
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(pki_base64_decode(span_of(bad[i]), &f->out, NULL), ERR_MALFORMED);
	}
}

static void makes_random_bytes_and_compares(void **state)
{
	uint8_t a[32] = { 0 };
	uint8_t b[32] = { 0 };

	(void)state;
	pki_random(a, sizeof a);
	pki_random(b, sizeof b);
	assert_memory_not_equal(a, b, sizeof a);
	assert_true(pki_equal((struct span){ a, 32 }, (struct span){ a, 32 }));
	assert_false(pki_equal((struct span){ a, 32 }, (struct span){ b, 32 }));
	assert_false(pki_equal((struct span){ a, 32 }, (struct span){ a, 31 }));
	assert_true(pki_equal((struct span){ 0 }, (struct span){ 0 }));
}

#define TEST(name) cmocka_unit_test_setup(name, clear_out)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(makes_a_ca_that_may_sign_leaves_only), TEST(signs_a_server_with_its_names),
		TEST(signs_a_sensor_and_tells_its_facts),   TEST(refuses_what_it_must_not_sign),
		TEST(signs_only_keys_that_are_strong),      TEST(refuses_every_truncation),
		TEST(carries_certificates_as_est_does),     TEST(turns_pem_into_der_and_back),
		TEST(encodes_and_decodes_base64),           TEST(makes_random_bytes_and_compares),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
