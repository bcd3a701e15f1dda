/* pki.c - making keys, requests and certificates. */
#include "sys/pki.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "sys/openssl_why.h"
#include "sys/pki_types.h"

#define SKEW_S          300 /* certificates begin so long ago, for clocks that are behind */
#define CA_SKEW_S       3600
#define RSA_BITS_LEAST  2048
#define RSA_BITS_MOST   8192 /* verifying with longer ones takes too long */
#define SERIAL_SIZE     16
#define LIFETIME_S_MOST INT64_C(3153600000) /* 100 years */

int pki_key_new(struct buffer *out_pem, struct why *why)
{
	OWNED(pki_key_free) EVP_PKEY *key = EVP_EC_gen("P-256");
	OWNED(pki_bio_free) BIO *bio = BIO_new(BIO_s_mem());

	if (key == NULL || bio == NULL ||
	    PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1) {
		return openssl_why(why, ERR_IO, "cannot make a key");
	}
	return pki_append_bio(bio, out_pem, why);
}

/* The name's bytes, not a configuration text, so that nothing in it has a meaning. */
static bool add_name(X509_NAME *to, int nid, const char *value)
{
	return X509_NAME_add_entry_by_NID(to, nid, MBSTRING_UTF8, (const unsigned char *)value, -1,
					  -1, 0) == 1;
}

int pki_request_new(struct span key_pem, const char *common_name, struct buffer *out_der,
		    struct why *why)
{
	OWNED(pki_key_free) EVP_PKEY *key = pki_read_key(key_pem);
	OWNED(pki_request_free) X509_REQ *request = X509_REQ_new();
	OWNED(pki_bio_free) BIO *bio = BIO_new(BIO_s_mem());

	if (key == NULL) {
		return openssl_why(why, ERR_MALFORMED, "cannot read the key");
	}
	if (request == NULL || bio == NULL ||
	    X509_REQ_set_version(request, X509_REQ_VERSION_1) != 1 ||
	    !add_name(X509_REQ_get_subject_name(request), NID_commonName, common_name) ||
	    X509_REQ_set_pubkey(request, key) != 1 ||
	    X509_REQ_sign(request, key, EVP_sha256()) <= 0 || i2d_X509_REQ_bio(bio, request) != 1) {
		return openssl_why(why, ERR_IO, "cannot make a certificate request");
	}
	return pki_append_bio(bio, out_der, why);
}

/*
 * Certificates
 */

/* A positive number of exactly SERIAL_SIZE bytes (RFC 5280 section 4.1.2.2). */
static bool set_serial(X509 *certificate)
{
	uint8_t bytes[SERIAL_SIZE];
	BIGNUM *number;
	bool is_set;

	pki_random(bytes, sizeof bytes);
	bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40);
	number = BN_bin2bn(bytes, sizeof bytes, NULL);
	is_set = number != NULL &&
		 BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
	BN_free(number);
	return is_set;
}

/* X509_time_adj_ex wants days and seconds, because long may have 32 bits. */
static bool set_times(X509 *certificate, int64_t skew_s, int64_t lifetime_s)
{
	time_t now = time(NULL);

	return X509_time_adj_ex(X509_getm_notBefore(certificate), 0, (long)-skew_s, &now) != NULL &&
	       X509_time_adj_ex(X509_getm_notAfter(certificate), (int)(lifetime_s / 86400),
				(long)(lifetime_s % 86400), &now) != NULL;
}

/* value: OpenSSL's configuration syntax, only ever a constant. */
static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	bool is_added;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	is_added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return is_added;
}

int pki_ca_new(struct span key_pem, const char *common_name, unsigned days, struct buffer *out_pem,
	       struct why *why)
{
	OWNED(pki_key_free) EVP_PKEY *key = pki_read_key(key_pem);
	OWNED(pki_certificate_free) X509 *ca = X509_new();
	OWNED(pki_bio_free) BIO *bio = BIO_new(BIO_s_mem());

	if (key == NULL) {
		return openssl_why(why, ERR_MALFORMED, "cannot read the CA's key");
	}
	if (ca == NULL || bio == NULL || X509_set_version(ca, X509_VERSION_3) != 1 ||
	    !set_serial(ca) || !set_times(ca, CA_SKEW_S, (int64_t)days * 86400) ||
	    !add_name(X509_get_subject_name(ca), NID_commonName, common_name) ||
	    X509_set_issuer_name(ca, X509_get_subject_name(ca)) != 1 ||
	    X509_set_pubkey(ca, key) != 1 ||
	    !add_extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
	    !add_extension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign") ||
	    !add_extension(ca, ca, NID_subject_key_identifier, "hash") ||
	    X509_sign(ca, key, EVP_sha256()) <= 0 || PEM_write_bio_X509(bio, ca) != 1) {
		return openssl_why(why, ERR_IO, "cannot make the CA's certificate");
	}
	return pki_append_bio(bio, out_pem, why);
}

/* From a request by a stranger: the kinds and sizes of keys that are signed. */
static bool is_acceptable(EVP_PKEY *key)
{
	char group[64] = "";

	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_EC:
		return EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
		       (strcmp(group, "prime256v1") == 0 || strcmp(group, "secp384r1") == 0);
	case EVP_PKEY_ED25519:
		return true;
	case EVP_PKEY_RSA:
		return EVP_PKEY_get_bits(key) >= RSA_BITS_LEAST &&
		       EVP_PKEY_get_bits(key) <= RSA_BITS_MOST;
	default:
		return false;
	}
}

/* Takes the string over. */
static bool push_name(GENERAL_NAMES *names, int type, ASN1_STRING *string)
{
	GENERAL_NAME *name = GENERAL_NAME_new();

	if (name == NULL || string == NULL) {
		GENERAL_NAME_free(name);
		ASN1_STRING_free(string);
		return false;
	}
	GENERAL_NAME_set0_value(name, type, string);
	if (sk_GENERAL_NAME_push(names, name) == 0) {
		GENERAL_NAME_free(name);
		return false;
	}
	return true;
}

static ASN1_STRING *dns_name(const char *text)
{
	ASN1_STRING *string = ASN1_IA5STRING_new();

	if (string != NULL && ASN1_STRING_set(string, text, -1) != 1) {
		ASN1_STRING_free(string);
		string = NULL;
	}
	return string;
}

static bool push_names(GENERAL_NAMES *names, const struct pki_profile *profile)
{
	for (size_t i = 0; profile->dns_names != NULL && profile->dns_names[i] != NULL; i++) {
		if (!push_name(names, GEN_DNS, dns_name(profile->dns_names[i]))) {
			return false;
		}
	}
	for (size_t i = 0; profile->addresses != NULL && profile->addresses[i] != NULL; i++) {
		if (!push_name(names, GEN_IPADD, a2i_IPADDRESS(profile->addresses[i]))) {
			return false;
		}
	}
	return true;
}

static bool add_alternative_names(X509 *certificate, const struct pki_profile *profile)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	bool is_added = names != NULL && push_names(names, profile);

	if (is_added && sk_GENERAL_NAME_num(names) > 0) {
		is_added = X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) == 1;
	}
	GENERAL_NAMES_free(names);
	return is_added;
}

/* What is in a leaf, all but the signature (RFC 5280 section 4.2). */
static bool fill_leaf(X509 *leaf, X509 *ca, EVP_PKEY *key, const struct pki_profile *profile)
{
	X509_NAME *subject = X509_get_subject_name(leaf);

	return X509_set_version(leaf, X509_VERSION_3) == 1 && set_serial(leaf) &&
	       set_times(leaf, SKEW_S, profile->lifetime_s) &&
	       add_name(subject, NID_commonName, profile->common_name) &&
	       (profile->organization == NULL ||
		add_name(subject, NID_organizationName, profile->organization)) &&
	       X509_set_issuer_name(leaf, X509_get_subject_name(ca)) == 1 &&
	       X509_set_pubkey(leaf, key) == 1 &&
	       add_extension(leaf, ca, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(leaf, ca, NID_key_usage, "critical,digitalSignature") &&
	       add_extension(leaf, ca, NID_ext_key_usage,
			     profile->is_server ? "serverAuth" : "clientAuth") &&
	       add_extension(leaf, ca, NID_subject_key_identifier, "hash") &&
	       add_extension(leaf, ca, NID_authority_key_identifier, "keyid:always") &&
	       add_alternative_names(leaf, profile);
}

/* The request's public key, owned by the request, where it is one that we sign. */
static int check_request(X509_REQ *request, EVP_PKEY **out_key, struct why *why)
{
	EVP_PKEY *key = request == NULL ? NULL : X509_REQ_get0_pubkey(request);

	if (key == NULL) {
		return openssl_why(why, ERR_MALFORMED, "cannot read the certificate request");
	}
	if (!is_acceptable(key)) {
		return why_set(
			why, ERR_UNSUPPORTED,
			"the request's key is none of P-256, P-384, Ed25519, RSA of %d to %d bits",
			RSA_BITS_LEAST, RSA_BITS_MOST);
	}
	if (X509_REQ_verify(request, key) != 1) {
		return openssl_why(why, ERR_DENIED,
				   "the request is not signed with the key that it names");
	}
	*out_key = key;
	return 0;
}

int pki_sign(struct span ca_pem, struct span ca_key_pem, struct span request_der,
	     const struct pki_profile *profile, struct buffer *out_der, struct why *why)
{
	OWNED(pki_certificate_free) X509 *ca = pki_read_certificate_pem(ca_pem);
	OWNED(pki_key_free) EVP_PKEY *ca_key = pki_read_key(ca_key_pem);
	OWNED(pki_request_free) X509_REQ *request = pki_read_request(request_der);
	OWNED(pki_certificate_free) X509 *leaf = X509_new();
	EVP_PKEY *key = NULL;
	int error = check_request(request, &key, why);

	if (error != 0) {
		return error;
	}
	if (ca == NULL || ca_key == NULL || X509_check_private_key(ca, ca_key) != 1) {
		return openssl_why(why, ERR_CONFLICT, "the CA's certificate and key do not fit");
	}
	if (profile->lifetime_s <= 0 || profile->lifetime_s > LIFETIME_S_MOST) {
		return why_set(why, ERR_LIMIT, "no certificate is valid for %lld seconds",
			       (long long)profile->lifetime_s);
	}
	if (leaf == NULL || !fill_leaf(leaf, ca, key, profile) ||
	    X509_sign(leaf, ca_key, EVP_sha256()) <= 0) {
		return openssl_why(why, ERR_IO, "cannot make the certificate");
	}
	ERR_clear_error(); /* what succeeded may still have left something */
	return pki_append_certificate_der(leaf, out_der, why);
}
