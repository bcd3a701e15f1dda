/*
 * tls_cbc.h - records of TLS 1.0 to 1.2 under CBC suites (RFC 5246, 6.2.3.2), sealed by hand, so
 * that one can be wrong in a single point.
 *
 * For asking servers what they do with such a record. MAC, then padding, then encryption:
 * encrypt-then-mac must not have been agreed to.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

#define TLS_CBC_MASTER_SIZE 48
#define TLS_CBC_RANDOM_SIZE 32
#define TLS_CBC_KEY_MAX     32
#define TLS_CBC_MAC_MAX     64
#define TLS_CBC_BLOCK_MAX   16
#define TLS_CBC_CONTENT_MAX 1024 /* of one record that is sealed here */
#define TLS_CBC_RECORD_MAX  (TLS_CBC_CONTENT_MAX + 256)

/* What a handshake agreed on. Names are OpenSSL's: "AES-128-CBC", "SHA1", "MD5-SHA1". */
struct tls_cbc_session {
	uint16_t version; /* 0x0301 to 0x0303 */
	const char *cipher;
	const char *mac;
	const char *prf; /* its hash */
	uint8_t master[TLS_CBC_MASTER_SIZE];
	uint8_t client_random[TLS_CBC_RANDOM_SIZE];
	uint8_t server_random[TLS_CBC_RANDOM_SIZE];
};

/* Of one direction; fields are private to tls_cbc.c, but for iv. */
struct tls_cbc_keys {
	uint16_t version;
	const char *cipher;
	const char *mac;
	size_t key_len;
	size_t mac_len;
	size_t block_len;
	uint8_t key[TLS_CBC_KEY_MAX];
	uint8_t mac_key[TLS_CBC_MAC_MAX];
	uint8_t iv[TLS_CBC_BLOCK_MAX]; /* TLS 1.0: of the next record; sealing moves it on */
};

/* The client's keys (RFC 5246, 6.3; RFC 2246, 6.3). ERR_UNSUPPORTED where OpenSSL has no such
 * cipher or hash, or it is no CBC. */
MUST_USE int tls_cbc_derive(const struct tls_cbc_session *session, struct tls_cbc_keys *out);

/* What is wrong with a record; all else in it is right. */
enum tls_cbc_flaw {
	TLS_CBC_SOUND,
	TLS_CBC_PADDING_WRONG,       /* every byte of the padding but its length */
	TLS_CBC_PADDING_FIRST_WRONG, /* the first one alone */
	TLS_CBC_MAC_WRONG,
	TLS_CBC_MAC_MISSING, /* the record is nothing but a right padding */
};

/* A whole record with its header into out, of TLS_CBC_RECORD_MAX bytes; its length, or 0 where
 * content is longer than TLS_CBC_CONTENT_MAX or OpenSSL refuses. The padding has a block's length
 * and more, so that there is something to be wrong in it. */
size_t tls_cbc_seal(struct tls_cbc_keys *keys, uint64_t sequence, uint8_t type, struct span content,
		    enum tls_cbc_flaw flaw, uint8_t *out);
