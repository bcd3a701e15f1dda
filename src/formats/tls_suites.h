/*
 * tls_suites.h - cipher suites, named groups and signature schemes: IANA's registries as tables.
 *
 * Also those that IANA no longer lists: export ciphers with 56 bits, SSLv2's kinds (24 bits, all
 * at 0x010080 and above), FIPS variants. Grease and signalling values are not suites.
 */
#pragma once

#include "base/span.h"

enum tls_kex {
	TLS_KEX_NONE,
	TLS_KEX_ANY, /* TLS 1.3: named by the groups */
	TLS_KEX_RSA,
	TLS_KEX_DH, /* static */
	TLS_KEX_DHE,
	TLS_KEX_ECDH, /* static */
	TLS_KEX_ECDHE,
	TLS_KEX_PSK,
	TLS_KEX_RSA_PSK,
	TLS_KEX_DHE_PSK,
	TLS_KEX_ECDHE_PSK,
	TLS_KEX_SRP,
	TLS_KEX_KRB5,
	TLS_KEX_GOST,
	TLS_KEX_ECCPWD,
};

enum tls_auth {
	TLS_AUTH_NONE, /* anonymous */
	TLS_AUTH_ANY,  /* TLS 1.3: named by the signature schemes */
	TLS_AUTH_RSA,
	TLS_AUTH_DSS,
	TLS_AUTH_ECDSA,
	TLS_AUTH_PSK,
	TLS_AUTH_KRB5,
	TLS_AUTH_GOST,
};

enum tls_mode { TLS_MODE_NONE, TLS_MODE_STREAM, TLS_MODE_CBC, TLS_MODE_AEAD };

#define TLS_SUITE_NAME_SIZE 64

struct tls_suite {
	uint32_t id;
	enum tls_kex kex;
	enum tls_auth auth;
	enum tls_mode mode;
	unsigned export_bits; /* 512 or 1024: of an export suite's key exchange; else 0 */
	unsigned bits;        /* of strength: 112 for 3DES, 40 for export, 0 for none */
	unsigned block_bits;  /* of the cipher's block; 0 for streams */
	const char *cipher;   /* "AES_128_GCM" */
	const char *mac;      /* "SHA256": of the records, or of the PRF for AEAD; "" where none */
	const char *openssl_name;       /* "" where it has none */
	char name[TLS_SUITE_NAME_SIZE]; /* IANA's; SSL_CK_... for SSLv2 */
};

/* False for a number that is not known; out is then "0xNNNN" with zeros elsewhere. */
bool tls_suites_find(uint32_t id, struct tls_suite *out);

size_t tls_suites_count(void);

/* The one at an index below the count, in the order of their numbers. */
void tls_suites_at(size_t index, struct tls_suite *out);

/* Keys that a thief of the server's key cannot compute later. */
bool tls_suite_has_forward_secrecy(const struct tls_suite *suite);

struct tls_group {
	uint16_t id;
	uint16_t bits;        /* of the curve or prime; of the classical part for hybrids */
	bool is_post_quantum; /* a hybrid, or ML-KEM alone */
	bool is_prime_field;  /* ffdhe */
	const char *name;     /* IANA's */
};

/* NULL for one that is not known. */
const struct tls_group *tls_groups_find(uint16_t id);

/* Every one, in the order in which we offer them; count is set. */
const struct tls_group *tls_groups_all(size_t *count);

struct tls_scheme {
	uint16_t id;
	const char *name; /* IANA's */
};

const struct tls_scheme *tls_schemes_find(uint16_t id);
const struct tls_scheme *tls_schemes_all(size_t *count);
