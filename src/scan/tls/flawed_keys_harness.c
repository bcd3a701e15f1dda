/* flawed_keys_harness.c - RFC 5246, 5, 6.2.3.2 and 6.3, as a server needs them. */
#include "scan/tls/flawed_keys_harness.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/writer.h"
#include "sys/alloc.h"

#define MAC_SIZE   20
#define BLOCK_SIZE 16
#define DAY_S      86400

struct flawed_identity {
	EVP_PKEY *key;
	uint8_t *certificate;
	size_t certificate_len;
};

/* Kept out of assert(), which a build may leave out. */
static void must(bool is_done)
{
	if (!is_done) {
		abort();
	}
}

struct flawed_identity *flawed_identity_new(void)
{
	struct flawed_identity *identity = alloc_zeroed(1, sizeof *identity);
	X509 *certificate = X509_new();
	X509_NAME *name = X509_get_subject_name(certificate);
	int len;

	identity->key = EVP_RSA_gen(8 * FLAWED_RSA_MAX);
	must(identity->key != NULL);
	must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"flawed", -1, -1,
					0) == 1);
	must(X509_set_issuer_name(certificate, name) == 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY_S);
	X509_gmtime_adj(X509_getm_notAfter(certificate), DAY_S);
	must(X509_set_pubkey(certificate, identity->key) == 1);
	must(X509_sign(certificate, identity->key, EVP_sha256()) > 0);
	len = i2d_X509(certificate, &identity->certificate);
	must(len > 0);
	identity->certificate_len = (size_t)len;
	X509_free(certificate);
	return identity;
}

void flawed_identity_free(struct flawed_identity **identity)
{
	if (*identity != NULL) {
		EVP_PKEY_free((*identity)->key);
		OPENSSL_free((*identity)->certificate);
		free(*identity);
		*identity = NULL;
	}
}

struct span flawed_identity_certificate(const struct flawed_identity *identity)
{
	return (struct span){ identity->certificate, identity->certificate_len };
}

bool flawed_decrypt(const struct flawed_identity *identity, struct span encrypted,
		    uint8_t out[FLAWED_RSA_MAX])
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(identity->key, NULL);
	size_t len = FLAWED_RSA_MAX;
	bool is_done = EVP_PKEY_decrypt_init(context) == 1 &&
		       EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1 &&
		       EVP_PKEY_decrypt(context, out, &len, encrypted.ptr, encrypted.len) == 1;

	EVP_PKEY_CTX_free(context);
	return is_done && len == FLAWED_RSA_MAX;
}

void flawed_prf(uint16_t version, struct span secret, const char *label, struct span seed,
		uint8_t *out, size_t len)
{
	char hash[] = "MD5-SHA1";
	char hash12[] = "SHA256";
	uint8_t key[64];
	uint8_t bytes[160];
	struct writer w = writer_over(bytes, sizeof bytes);
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM parameters[4];

	must(secret.len <= sizeof key);
	memcpy(key, secret.ptr, secret.len);
	writer_text(&w, label);
	writer_bytes(&w, seed);
	must(writer_ok(&w));
	parameters[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
							 version < 0x0303 ? hash : hash12, 0);
	parameters[1] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, key, secret.len);
	parameters[2] =
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, bytes, writer_used(&w));
	parameters[3] = OSSL_PARAM_construct_end();
	must(EVP_KDF_derive(context, out, len, parameters) == 1);
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
}

size_t flawed_hash(uint16_t version, struct span messages, uint8_t out[64])
{
	unsigned len = 0;

	must(EVP_Digest(messages.ptr, messages.len, out, &len,
			version < 0x0303 ? EVP_md5_sha1() : EVP_sha256(), NULL) == 1);
	return len;
}

void flawed_halves(uint16_t version, const uint8_t master[FLAWED_MASTER_SIZE],
		   struct span client_random, struct span server_random, struct flawed_half *client,
		   struct flawed_half *server)
{
	uint8_t seed[64];
	uint8_t block[2 * (20 + 16 + 16)];
	struct writer w = writer_over(seed, sizeof seed);

	writer_bytes(&w, server_random);
	writer_bytes(&w, client_random);
	flawed_prf(version, (struct span){ master, FLAWED_MASTER_SIZE }, "key expansion",
		   writer_span(&w), block, sizeof block);
	*client = (struct flawed_half){ .version = version };
	*server = (struct flawed_half){ .version = version };
	memcpy(client->mac_key, block, 20);
	memcpy(server->mac_key, block + 20, 20);
	memcpy(client->key, block + 40, 16);
	memcpy(server->key, block + 56, 16);
	memcpy(client->iv, block + 72, 16);
	memcpy(server->iv, block + 88, 16);
}

static void mac_of(const struct flawed_half *half, uint8_t type, struct span content,
		   uint8_t out[MAC_SIZE])
{
	static uint8_t bytes[13 + FLAWED_RECORD_MAX];
	struct writer w = writer_over(bytes, sizeof bytes);
	unsigned len = 0;

	writer_be64(&w, half->sequence);
	writer_u8(&w, type);
	writer_be16(&w, half->version);
	writer_be16(&w, (uint16_t)content.len);
	writer_bytes(&w, content);
	must(writer_ok(&w) &&
	     HMAC(EVP_sha1(), half->mac_key, MAC_SIZE, bytes, writer_used(&w), out, &len) != NULL);
}

static void aes(const struct flawed_half *half, const uint8_t *iv, bool is_sealing,
		struct span from, uint8_t *to)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int len = 0;

	must(EVP_CipherInit_ex(context, EVP_aes_128_cbc(), NULL, half->key, iv, is_sealing) == 1);
	must(EVP_CIPHER_CTX_set_padding(context, 0) == 1);
	must(EVP_CipherUpdate(context, to, &len, from.ptr, (int)from.len) == 1);
	must((size_t)len == from.len);
	EVP_CIPHER_CTX_free(context);
}

size_t flawed_seal(struct flawed_half *half, uint8_t type, struct span content, uint8_t *out)
{
	uint8_t plain[1024];
	uint8_t mac[MAC_SIZE];
	struct writer p = writer_over(plain, sizeof plain);
	struct writer w = writer_over(out, content.len + 128);
	uint8_t padding = (uint8_t)(BLOCK_SIZE - 1 - (content.len + MAC_SIZE) % BLOCK_SIZE);
	size_t iv_len = half->version > 0x0301 ? BLOCK_SIZE : 0;
	uint8_t *at;

	mac_of(half, type, content, mac);
	half->sequence++;
	writer_bytes(&p, content);
	writer_bytes(&p, (struct span){ mac, sizeof mac });
	for (unsigned i = 0; i <= padding; i++) {
		writer_u8(&p, padding);
	}
	must(writer_ok(&p));
	writer_u8(&w, type);
	writer_be16(&w, half->version);
	writer_be16(&w, (uint16_t)(writer_used(&p) + iv_len));
	if (iv_len > 0) {
		must(RAND_bytes(half->iv, BLOCK_SIZE) == 1);
		writer_bytes(&w, (struct span){ half->iv, BLOCK_SIZE });
	}
	at = writer_reserve(&w, writer_used(&p));
	must(at != NULL);
	aes(half, half->iv, true, writer_span(&p), at);
	memcpy(half->iv, at + writer_used(&p) - BLOCK_SIZE, BLOCK_SIZE);
	return writer_used(&w);
}

void flawed_open(struct flawed_half *half, uint8_t type, struct span payload,
		 struct flawed_plain *out)
{
	uint8_t iv[BLOCK_SIZE];
	uint8_t mac[MAC_SIZE];
	uint8_t padding;

	*out = (struct flawed_plain){ 0 };
	memcpy(iv, half->iv, BLOCK_SIZE);
	if (half->version > 0x0301) {
		if (payload.len < BLOCK_SIZE) {
			return;
		}
		memcpy(iv, payload.ptr, BLOCK_SIZE);
		payload = span_after(payload, BLOCK_SIZE);
	}
	if (payload.len < BLOCK_SIZE || payload.len % BLOCK_SIZE != 0) {
		return;
	}
	aes(half, iv, false, payload, out->bytes);
	memcpy(half->iv, payload.ptr + payload.len - BLOCK_SIZE, BLOCK_SIZE);
	padding = out->bytes[payload.len - 1];
	if (payload.len < (size_t)padding + 1 + MAC_SIZE) {
		half->sequence++;
		return;
	}
	out->is_long_enough = true;
	out->content = (struct span){ out->bytes, payload.len - padding - 1 - MAC_SIZE };
	mac_of(half, type, out->content, mac);
	half->sequence++;
	out->is_mac_right = memcmp(mac, out->bytes + out->content.len, MAC_SIZE) == 0;
	out->is_padding_right = true;
	for (size_t i = payload.len - padding - 1; i < payload.len; i++) {
		out->is_padding_right = out->is_padding_right && out->bytes[i] == padding;
	}
	out->is_last_right = out->bytes[payload.len - 2] == padding;
}
