/*
 * flawed_keys_harness.h - the cryptography of the tests' TLS server: RSA, the PRF, AES-128-CBC with
 * HMAC-SHA1. Nothing is judged here; what fails for want of memory ends the test.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

#define FLAWED_RSA_MAX     256
#define FLAWED_MASTER_SIZE 48
#define FLAWED_RECORD_MAX  18432

/* An RSA key of 2,048 bits and a certificate that it signed for itself. */
struct flawed_identity;
struct flawed_identity *flawed_identity_new(void);
void flawed_identity_free(struct flawed_identity **identity);
struct span flawed_identity_certificate(const struct flawed_identity *identity);

/* c^d mod n, with its padding as it is. False where it is no number of the key's length. */
bool flawed_decrypt(const struct flawed_identity *identity, struct span encrypted,
		    uint8_t out[FLAWED_RSA_MAX]);

/* RFC 5246, 5: len bytes. */
void flawed_prf(uint16_t version, struct span secret, const char *label, struct span seed,
		uint8_t *out, size_t len);

/* What Finished hashes of all messages before it. */
size_t flawed_hash(uint16_t version, struct span messages, uint8_t out[64]);

/* One direction. */
struct flawed_half {
	uint16_t version;
	uint64_t sequence;
	uint8_t mac_key[20];
	uint8_t key[16];
	uint8_t iv[16];
};

void flawed_halves(uint16_t version, const uint8_t master[FLAWED_MASTER_SIZE],
		   struct span client_random, struct span server_random, struct flawed_half *client,
		   struct flawed_half *server);

/* A record with its header; its length. out has room for content and 128 bytes. */
size_t flawed_seal(struct flawed_half *half, uint8_t type, struct span content, uint8_t *out);

/* What a record was, and what is wrong with it. */
struct flawed_plain {
	struct span content; /* as long as MAC and padding leave it; within bytes */
	bool is_long_enough; /* for a MAC and the padding that it says it has */
	bool is_mac_right;
	bool is_padding_right;
	bool is_last_right; /* the byte in front of the length */
	uint8_t bytes[FLAWED_RECORD_MAX];
};

void flawed_open(struct flawed_half *half, uint8_t type, struct span payload,
		 struct flawed_plain *out);
