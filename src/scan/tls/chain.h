/*
 * chain.h - what a server's certificates are worth: trust, name, order, keys, signatures, lifetime,
 * revocation, transparency.
 *
 * One struct for each type of certificate the server sent. Bytes are a stranger's; work and sizes
 * are bounded by the limits of x509.h, sct.h and trust.h, and by those here.
 */
#pragma once

#include "formats/x509_details.h"
#include "scan/tls/known_keys.h"
#include "scan/tls/result.h"
#include "sys/trust.h"

#define TLS_CHAIN_TEXT_SIZE 256

/* Alternative names that are counted; a certificate of more has "at least" so many. */
#define TLS_CHAIN_NAMES_MAX 100000
#define TLS_CHAIN_URL_SIZE  96 /* of caIssuers (RFC 5280, 4.2.2.1) */

/* What a signature is worth. */
enum tls_signature {
	TLS_SIGNATURE_FINE, /* or not known to be bad */
	TLS_SIGNATURE_SHA1,
	TLS_SIGNATURE_BROKEN, /* MD5, MD2 */
};

/* The CA/Browser Forum's maximum, of its Baseline Requirements 6.3.2 (ballot SC-081v3). */
struct tls_lifetime {
	unsigned days;       /* from not before to not after, begun days counted */
	unsigned limit_days; /* for one issued when this was; 0 where there was none yet */
	bool is_over;
	unsigned next_limit_days; /* the next one that will come; 0 where there is none */
	int64_t next_limit_s;     /* from when on */
	bool fits_next;
};

struct tls_transparency {
	unsigned in_certificate; /* timestamps */
	unsigned in_extension;
	unsigned in_staple;
	unsigned logs; /* different ones, of all three */
};

struct tls_chain_facts {
	bool is_present;
	bool is_readable; /* the leaf is a certificate; else nothing below is set but trust */
	unsigned sent;

	char subject[TLS_CHAIN_TEXT_SIZE]; /* RFC 4514, cut off where it is longer */
	char issuer[TLS_CHAIN_TEXT_SIZE];
	char common_name[TLS_CHAIN_TEXT_SIZE];
	char serial[48];
	char signature_name[48];
	char key_type[24];
	unsigned key_bits;
	unsigned key_strength;  /* bits of an RSA key as strong as this one; 0 where not known */
	bool is_exponent_one;   /* RSA: nothing is hidden */
	bool is_exponent_small; /* RSA: below 65537; allowed, discouraged */
	bool is_roca;           /* CVE-2017-15361 */
	bool is_known_key;      /* in the operator's list */
	uint8_t key_sha256[32]; /* of the SubjectPublicKeyInfo */
	uint8_t sha256[32];     /* of the leaf */

	int64_t not_before_s;
	int64_t not_after_s;
	int64_t days_left; /* negative when over */
	struct tls_lifetime lifetime;

	unsigned names;              /* alternative names, at most TLS_CHAIN_NAMES_MAX */
	unsigned names_not_compared; /* of them: beyond X509_MATCH_NAMES_MAX */
	enum x509_match match;
	bool is_for_servers;
	bool has_malformed_extension;
	bool is_must_staple;

	struct trust_path trust;
	bool is_issuer_sent; /* the leaf's issuer is among what was sent */
	bool is_incomplete;  /* the leaf's issuer is missing, but the leaf says where to get it */
	char issuer_url[TLS_CHAIN_URL_SIZE]; /* where; "" where it is too long, or no plain text */
	bool is_wrong_order;                 /* needed certificates do not follow each other */
	bool is_root_sent;                   /* needlessly */
	unsigned superfluous;         /* certificates that no path needs, roots not counted */
	enum tls_signature signature; /* of the leaf */
	enum tls_signature issuer_signature; /* the worst of what else was sent, roots excepted */
	unsigned issuer_key_strength_min;    /* of all others sent; 0 where none */

	bool is_stapled; /* a response about this one came */
	struct trust_ocsp staple;
	struct tls_transparency transparency;
};

/* Where the sorts of trust come from; both borrowed. */
struct tls_chain_judges {
	const struct trust_store *store;
	const struct known_keys *known_keys; /* may be NULL */
};

/* Facts about one chain of a result at a time (seconds since 1970). */
void tls_chain_analyse(const struct tls_result *result, enum tls_certificate_type type,
		       const struct tls_chain_judges *judges, int64_t now_s,
		       struct tls_chain_facts *out);

/* All of them; out has one for each type. */
void tls_chain_analyse_all(const struct tls_result *result, const struct tls_chain_judges *judges,
			   int64_t now_s, struct tls_chain_facts out[TLS_CERTIFICATE_TYPES]);

/* Bits of an RSA key that is as hard to break (NIST SP 800-57 part 1, table 2); 0 unknown. */
unsigned tls_key_strength(const char *key_type, unsigned bits);

/* Of an elliptic curve. */
unsigned tls_curve_strength(unsigned bits);

/* The rule for one that was issued then, and the next one after now. */
void tls_lifetime_judge(int64_t not_before_s, int64_t not_after_s, int64_t now_s,
			struct tls_lifetime *out);

/* "trusted", "expired", "self-signed", ...: the worst of what trust.h found, for JSON. Never NULL.
 */
const char *tls_trust_text(const struct tls_chain_facts *facts);

/* "", "sha1", "broken"; never NULL. */
const char *tls_signature_text(enum tls_signature signature);
