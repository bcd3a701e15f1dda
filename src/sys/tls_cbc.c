/* tls_cbc.c - MAC, padding and encryption by OpenSSL's EVP; how they are put together, by hand. */
#include "sys/tls_cbc.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/writer.h"

#define KEY_BLOCK_MAX (2 * (TLS_CBC_MAC_MAX + TLS_CBC_KEY_MAX + TLS_CBC_BLOCK_MAX))
#define TLS_1_0       0x0301

/* key_block = PRF(master_secret, "key expansion", server_random + client_random) */
static bool expand(const struct tls_cbc_session *session, uint8_t *block, size_t len)
{
	static const char label[] = "key expansion";
	uint8_t seed[sizeof label - 1 + (size_t)2 * TLS_CBC_RANDOM_SIZE];
	struct writer w = writer_over(seed, sizeof seed);
	uint8_t master[TLS_CBC_MASTER_SIZE];
	char hash[32] = ""; /* OpenSSL's parameters take no const */
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *context = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	bool is_done = false;

	writer_bytes(&w, (struct span){ (const uint8_t *)label, sizeof label - 1 });
	writer_bytes(&w, (struct span){ session->server_random, TLS_CBC_RANDOM_SIZE });
	writer_bytes(&w, (struct span){ session->client_random, TLS_CBC_RANDOM_SIZE });
	mem_copy(master, session->master, sizeof master);
	if (context != NULL && strlen(session->prf) < sizeof hash) {
		OSSL_PARAM parameters[4];

		mem_copy(hash, session->prf, strlen(session->prf));
		parameters[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, hash, 0);
		parameters[1] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, master,
								  sizeof master);
		parameters[2] =
			OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed, sizeof seed);
		parameters[3] = OSSL_PARAM_construct_end();
		is_done = EVP_KDF_derive(context, block, len, parameters) == 1;
	}
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	return is_done;
}

/* The lengths of what the names stand for; false where they are unknown, or no CBC. */
static bool measure(const struct tls_cbc_session *session, struct tls_cbc_keys *keys)
{
	const EVP_CIPHER *cipher = EVP_get_cipherbyname(session->cipher);
	const EVP_MD *mac = EVP_get_digestbyname(session->mac);

	if (cipher == NULL || mac == NULL || EVP_CIPHER_get_mode(cipher) != EVP_CIPH_CBC_MODE) {
		return false;
	}
	*keys = (struct tls_cbc_keys){
		.version = session->version,
		.cipher = session->cipher,
		.mac = session->mac,
		.key_len = (size_t)EVP_CIPHER_get_key_length(cipher),
		.mac_len = (size_t)EVP_MD_get_size(mac),
		.block_len = (size_t)EVP_CIPHER_get_block_size(cipher),
	};
	return keys->key_len <= TLS_CBC_KEY_MAX && keys->mac_len <= TLS_CBC_MAC_MAX &&
	       keys->block_len <= TLS_CBC_BLOCK_MAX;
}

int tls_cbc_derive(const struct tls_cbc_session *session, struct tls_cbc_keys *out)
{
	uint8_t block[KEY_BLOCK_MAX];
	struct tls_cbc_keys keys;
	size_t len;
	bool is_done;

	if (!measure(session, &keys)) {
		return ERR_UNSUPPORTED;
	}
	/* MAC keys of both, keys of both, and TLS 1.0's vectors of both: the client's come first */
	len = 2 * (keys.mac_len + keys.key_len + keys.block_len);
	is_done = expand(session, block, len);
	ERR_clear_error();
	if (!is_done) {
		return ERR_UNSUPPORTED;
	}
	mem_copy(keys.mac_key, block, keys.mac_len);
	mem_copy(keys.key, block + 2 * keys.mac_len, keys.key_len);
	mem_copy(keys.iv, block + 2 * (keys.mac_len + keys.key_len), keys.block_len);
	*out = keys;
	return 0;
}

/* HMAC over sequence number, type, version, length, content (RFC 5246, 6.2.3.1). */
static bool write_mac(const struct tls_cbc_keys *keys, uint64_t sequence, uint8_t type,
		      struct span content, struct writer *w)
{
	uint8_t bytes[13 + TLS_CBC_CONTENT_MAX];
	struct writer over = writer_over(bytes, sizeof bytes);
	uint8_t *at = writer_reserve(w, keys->mac_len);
	unsigned len = 0;

	writer_be64(&over, sequence);
	writer_u8(&over, type);
	writer_be16(&over, keys->version);
	writer_be16(&over, (uint16_t)content.len);
	writer_bytes(&over, content);
	return at != NULL && writer_ok(&over) &&
	       HMAC(EVP_get_digestbyname(keys->mac), keys->mac_key, (int)keys->mac_len, bytes,
		    writer_used(&over), at, &len) != NULL;
}

/* Whole blocks, of which the last bytes say how many they are beyond themselves. */
static void write_padding(const struct tls_cbc_keys *keys, enum tls_cbc_flaw flaw, struct writer *w)
{
	size_t rest = writer_used(w) % keys->block_len;
	/* a block more than is needed: so there is always something in front of the length */
	size_t count = 2 * keys->block_len - rest;
	uint8_t value = (uint8_t)(count - 1);
	uint8_t *at = writer_reserve(w, count);

	if (at == NULL) {
		return;
	}
	memset(at, value, count);
	if (flaw == TLS_CBC_PADDING_WRONG) {
		memset(at, value ^ 0x5a, count - 1);
	} else if (flaw == TLS_CBC_PADDING_FIRST_WRONG) {
		at[0] ^= 0x5a;
	}
}

static bool encrypt(const struct tls_cbc_keys *keys, const uint8_t *iv, struct span plain,
		    uint8_t *out)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int len = 0;
	bool is_done = context != NULL &&
		       EVP_EncryptInit_ex(context, EVP_get_cipherbyname(keys->cipher), NULL,
					  keys->key, iv) == 1 &&
		       EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
		       EVP_EncryptUpdate(context, out, &len, plain.ptr, (int)plain.len) == 1 &&
		       (size_t)len == plain.len;

	EVP_CIPHER_CTX_free(context);
	ERR_clear_error();
	return is_done;
}

/* What is to be encrypted. */
static bool write_plain(const struct tls_cbc_keys *keys, uint64_t sequence, uint8_t type,
			struct span content, enum tls_cbc_flaw flaw, struct writer *w)
{
	if (flaw == TLS_CBC_MAC_MISSING) {
		/* as long as a MAC would be, or it would be refused for its length */
		size_t blocks = (keys->mac_len + keys->block_len) / keys->block_len + 1;
		size_t count = blocks * keys->block_len;
		uint8_t *at = writer_reserve(w, count);

		if (at != NULL) {
			memset(at, (int)(count - 1), count);
		}
		return writer_ok(w);
	}
	writer_bytes(w, content);
	if (!write_mac(keys, sequence, type, content, w)) {
		return false;
	}
	if (flaw == TLS_CBC_MAC_WRONG) {
		w->buffer[content.len] ^= 0x5a;
	}
	write_padding(keys, flaw, w);
	return writer_ok(w);
}

size_t tls_cbc_seal(struct tls_cbc_keys *keys, uint64_t sequence, uint8_t type, struct span content,
		    enum tls_cbc_flaw flaw, uint8_t *out)
{
	uint8_t bytes[TLS_CBC_RECORD_MAX];
	struct writer plain = writer_over(bytes, sizeof bytes);
	struct writer w = writer_over(out, TLS_CBC_RECORD_MAX);
	bool is_iv_sent = keys->version > TLS_1_0;
	uint8_t iv[TLS_CBC_BLOCK_MAX];
	uint8_t *at;

	if (content.len > TLS_CBC_CONTENT_MAX ||
	    !write_plain(keys, sequence, type, content, flaw, &plain)) {
		return 0;
	}
	mem_copy(iv, keys->iv, sizeof iv);
	if (is_iv_sent && RAND_bytes(iv, (int)keys->block_len) != 1) {
		return 0;
	}
	writer_u8(&w, type);
	writer_be16(&w, keys->version);
	writer_be16(&w,
		    (uint16_t)(writer_used(&plain) + (is_iv_sent ? keys->block_len : (size_t)0)));
	if (is_iv_sent) {
		writer_bytes(&w, (struct span){ iv, keys->block_len });
	}
	at = writer_reserve(&w, writer_used(&plain));
	if (at == NULL || !encrypt(keys, iv, writer_span(&plain), at)) {
		return 0;
	}
	mem_copy(keys->iv, at + writer_used(&plain) - keys->block_len, keys->block_len);
	return writer_used(&w);
}
