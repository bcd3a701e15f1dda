/* authority.c - a root of RSA 4096, an intermediate of RSA 2048 and one of P-256, over libcrypto.
 */
#include "authority.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sys/alloc.h"

#define HOUR_S         3600
#define DAY_S          (24 * HOUR_S)
#define TIMESTAMPS_LEN 243 /* two signed certificate timestamps, as long as they are */

struct issuer {
	X509 *certificate;
	EVP_PKEY *key;
};

struct authority {
	struct issuer root;
	struct issuer intermediates[2]; /* RSA, EC */
	EVP_PKEY *keys[2];              /* of leaves */
	long serial;
};

static void demand(int is_fine, const char *what)
{
	if (is_fine != 1) {
		fprintf(stderr, "cannot make certificates: %s\n", what);
		exit(1);
	}
}

static void add(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	demand(extension != NULL && X509_add_ext(certificate, extension, -1) == 1, value);
	X509_EXTENSION_free(extension);
}

static void add_octets(X509 *certificate, int nid, const uint8_t *octets, int len)
{
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension = NULL;

	demand(value != NULL && ASN1_OCTET_STRING_set(value, octets, len) == 1, "extension");
	extension = X509_EXTENSION_create_by_NID(NULL, nid, 0, value);
	demand(extension != NULL && X509_add_ext(certificate, extension, -1) == 1, "extension");
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(value);
}

static X509 *begin(struct authority *a, EVP_PKEY *key, const char *name, const X509 *issuer)
{
	X509 *certificate = X509_new();
	X509_NAME *subject = X509_get_subject_name(certificate);

	demand(certificate != NULL && X509_set_version(certificate, X509_VERSION_3) == 1 &&
		       ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++a->serial) == 1 &&
		       X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY_S) != NULL &&
		       X509_gmtime_adj(X509_getm_notAfter(certificate), 40L * DAY_S) != NULL &&
		       X509_set_pubkey(certificate, key) == 1 &&
		       X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_ASC,
						  (const uint8_t *)name, -1, -1, 0) == 1 &&
		       X509_set_issuer_name(certificate, issuer != NULL
								 ? X509_get_subject_name(issuer)
								 : subject) == 1,
	       name);
	return certificate;
}

static struct issuer make_issuer(struct authority *a, EVP_PKEY *key, const char *name)
{
	X509 *above = a->root.certificate;
	X509 *own = begin(a, key, name, above);

	add(own, own, NID_basic_constraints, "critical,CA:TRUE");
	add(own, own, NID_key_usage, "critical,keyCertSign,cRLSign");
	add(own, own, NID_subject_key_identifier, "hash");
	demand(X509_sign(own, above != NULL ? a->root.key : key, EVP_sha256()) > 0, name);
	return (struct issuer){ own, key };
}

struct authority *authority_new(const char *root_path)
{
	struct authority *a = alloc_zeroed(1, sizeof *a);
	FILE *file = fopen(root_path, "we");

	a->keys[0] = EVP_RSA_gen(2048);
	a->keys[1] = EVP_EC_gen("P-256");
	a->root = make_issuer(a, EVP_RSA_gen(4096), "Bench Root");
	a->intermediates[0] = make_issuer(a, EVP_RSA_gen(2048), "Bench RSA Intermediate");
	a->intermediates[1] = make_issuer(a, EVP_EC_gen("P-256"), "Bench EC Intermediate");
	demand(file != NULL && PEM_write_X509(file, a->root.certificate) == 1 && fclose(file) == 0,
	       root_path);
	return a;
}

/* Each has three octets of length before it, and all of them, too (RFC 5246, 7.4.2). */
static struct chain join(X509 *leaf, X509 *intermediate)
{
	X509 *const both[] = { leaf, intermediate };
	size_t len = 3;
	struct chain chain;
	uint8_t *at;

	for (size_t i = 0; i < 2; i++) {
		len += 3 + (size_t)i2d_X509(both[i], NULL);
	}
	chain = (struct chain){ alloc_zeroed(len, 1), len };
	at = chain.bytes;
	*at++ = 0;
	*at++ = (uint8_t)((len - 3) >> 8);
	*at++ = (uint8_t)(len - 3);
	for (size_t i = 0; i < 2; i++) {
		int own = i2d_X509(both[i], NULL);

		*at++ = 0;
		*at++ = (uint8_t)(own >> 8);
		*at++ = (uint8_t)own;
		(void)i2d_X509(both[i], &at);
	}
	return chain;
}

struct chain authority_issue(struct authority *a, uint32_t address, int is_ec)
{
	/* 2.23.140.1.2.1: only the domain was validated */
	static const uint8_t policies[] = { 0x30, 0x0a, 0x30, 0x08, 0x06, 0x06,
					    0x67, 0x81, 0x0c, 0x01, 0x02, 0x01 };
	/* noise, for nobody asks the logs */
	static const uint8_t timestamps[3 + TIMESTAMPS_LEN] = { 0x04, 0x81, TIMESTAMPS_LEN };
	const struct issuer *by = &a->intermediates[is_ec];
	char name[64];
	char names[160];
	struct chain chain;
	X509 *leaf;

	snprintf(name, sizeof name, "s%08x.bench.example", address);
	snprintf(names, sizeof names, "DNS:%s,DNS:www.%s,IP:%u.%u.%u.%u", name, name, address >> 24,
		 address >> 16 & 255, address >> 8 & 255, address & 255);
	leaf = begin(a, a->keys[is_ec], name, by->certificate);
	add(leaf, by->certificate, NID_basic_constraints, "critical,CA:FALSE");
	add(leaf, by->certificate, NID_key_usage, "critical,digitalSignature,keyEncipherment");
	add(leaf, by->certificate, NID_ext_key_usage, "serverAuth");
	add(leaf, by->certificate, NID_subject_key_identifier, "hash");
	add(leaf, by->certificate, NID_authority_key_identifier, "keyid");
	add(leaf, by->certificate, NID_info_access,
	    "OCSP;URI:http://ocsp.bench.example/,caIssuers;URI:http://ca.bench.example/one.der");
	add(leaf, by->certificate, NID_subject_alt_name, names);
	add_octets(leaf, NID_certificate_policies, policies, sizeof policies);
	add_octets(leaf, NID_ct_precert_scts, timestamps, sizeof timestamps);
	demand(X509_sign(leaf, by->key, EVP_sha256()) > 0, name);
	chain = join(leaf, by->certificate);
	X509_free(leaf);
	return chain;
}
