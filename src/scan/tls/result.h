/*
 * result.h - all that an assessment learns of one TLS server; grades come from this alone.
 *
 * What was not asked, or got no usable answer, is TLS_UNKNOWN and never TLS_NO. Numbers on the
 * wire keep IANA's values, so that a reader needs no table of ours. All bytes are the server's
 * and untrusted; the result owns them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

#define TLS_RESULT_SUITES_MAX  256 /* of one version; more are counted, not kept */
#define TLS_RESULT_GROUPS_MAX  32
#define TLS_RESULT_SCHEMES_MAX 32
#define TLS_RESULT_PRIMES_MAX  4
#define TLS_RESULT_CHAIN_MAX   16 /* certificates of one chain; more are counted, not kept */
#define TLS_RESULT_DETAIL_SIZE 112

enum tls_fact { TLS_UNKNOWN, TLS_NO, TLS_YES };

enum tls_version { TLS_SSL2, TLS_SSL3, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3, TLS_VERSIONS };

/* Why nothing, or not all, is known. */
enum tls_failure {
	TLS_FINE,
	TLS_NO_ADDRESS, /* the name has none */
	TLS_REFUSED,    /* TCP: refused, unreachable */
	TLS_TIMED_OUT,  /* TCP: no answer; or the time for the whole target was used up */
	TLS_CLOSED,     /* connected, but closed or silent before any TLS */
	TLS_NOT_TLS,    /* answers, but no TLS that was offered */
	TLS_NO_STARTTLS /* the plain protocol would not start TLS */
};

enum tls_starttls {
	TLS_STARTTLS_NONE,
	TLS_STARTTLS_SMTP,
	TLS_STARTTLS_IMAP,
	TLS_STARTTLS_POP3,
	TLS_STARTTLS_FTP,
	TLS_STARTTLS_LDAP,
	TLS_STARTTLS_XMPP,
	TLS_STARTTLS_POSTGRES,
	TLS_STARTTLS_MYSQL,
};

struct tls_target {
	char host[256];   /* as it was asked for; sent as SNI unless it is an address */
	char address[46]; /* numeric, without brackets */
	uint16_t port;
	enum tls_starttls starttls;
	bool is_host_address; /* host is an address: no SNI was sent */
};

/* Whose order decides among suites, or groups, that both know. */
enum tls_preference { TLS_PREFERENCE_UNKNOWN, TLS_PREFERENCE_CLIENT, TLS_PREFERENCE_SERVER };

/* One suite that the server chose, and what its key exchange was then. */
struct tls_suite_seen {
	uint32_t id;      /* 16 bits; SSLv2's kinds have 24 */
	uint16_t group;   /* ECDHE, TLS 1.3: IANA's named group; 0 where none was seen */
	uint16_t dh_bits; /* DHE: of the prime; 0 where none was seen */
};

struct tls_version_result {
	enum tls_fact offered;
	bool is_complete;  /* every suite known here was tried; else suites are only examples */
	unsigned count;    /* entries of suites */
	unsigned left_out; /* found beyond the maximum */
	struct tls_suite_seen suites[TLS_RESULT_SUITES_MAX]; /* in the server's order where it has
							      one, else as found */
	enum tls_preference preference;
	bool is_sentinel_tls12; /* a hello's random ended with the one of TLS 1.2 */
	bool is_sentinel_tls11; /* with the one of TLS 1.1 and older */
	bool is_without_sentinel;
	bool is_chacha_reordered; /* server's order, but ChaCha20 first for clients that put it
				     first */
	uint32_t chosen;          /* first choice, offered all in our order; 0 where not offered */
};

struct tls_groups_result {
	bool is_complete;
	unsigned count;
	uint16_t ids[TLS_RESULT_GROUPS_MAX]; /* IANA's named groups, in the server's order */
	enum tls_version first[TLS_RESULT_GROUPS_MAX]; /* TLS_1_2 or TLS_1_3: where it was seen */
	uint8_t seen_with[TLS_RESULT_GROUPS_MAX];      /* bit 1 << version of each */
	enum tls_preference preference;
};

/* A finite-field group of DHE suites, as sent in ServerKeyExchange. */
struct tls_prime {
	uint16_t bits;
	bool is_export;          /* came with an export suite */
	uint8_t sha256[32];      /* of the prime, big endian, without leading zeros */
	const char *common_name; /* "RFC 3526 group 14", ... where it is well known; else NULL */
	bool is_weak_common;     /* common, and of 1024 bits or fewer (Logjam) */
};

enum tls_certificate_type {
	TLS_CERTIFICATE_RSA,
	TLS_CERTIFICATE_ECDSA,
	TLS_CERTIFICATE_EDDSA,
	TLS_CERTIFICATE_RSA_PSS, /* key restricted to PSS */
	TLS_CERTIFICATE_DSA,
	TLS_CERTIFICATE_OTHER,
	TLS_CERTIFICATE_TYPES
};

/* What was sent in Certificate, leaf first, order and duplicates as sent. */
struct tls_chain {
	unsigned count;    /* 0: no certificate of this type */
	unsigned left_out; /* sent beyond the maximum of number or bytes */
	struct span certificates[TLS_RESULT_CHAIN_MAX]; /* DER, within bytes */
	uint8_t *bytes;                                 /* owned */
	enum tls_version version;                       /* with which it was seen */
};

enum tls_vulnerability {
	TLS_HEARTBLEED,          /* CVE-2014-0160 */
	TLS_CCS_INJECTION,       /* CVE-2014-0224 */
	TLS_ROBOT,               /* CVE-2017-13099 and kin */
	TLS_POODLE_SSL,          /* CVE-2014-3566: CBC in SSLv3 */
	TLS_POODLE_TLS,          /* CVE-2014-8730: padding not looked at */
	TLS_PADDING_ORACLE,      /* GOLDENDOODLE, Zombie POODLE, CVE-2019-1559: CBC's errors told */
	TLS_BEAST,               /* CVE-2011-3389: CBC in SSLv3, TLS 1.0 */
	TLS_DROWN,               /* CVE-2016-0800: SSLv2 */
	TLS_LOGJAM,              /* CVE-2015-4000: export DHE, or 1024 bits and fewer */
	TLS_FREAK,               /* CVE-2015-0204: export RSA */
	TLS_SWEET32,             /* CVE-2016-2183: 64-bit blocks */
	TLS_LUCKY13,             /* CVE-2013-0169: CBC at all, without encrypt-then-mac: exposure */
	TLS_RC4,                 /* CVE-2013-2566 */
	TLS_CRIME,               /* CVE-2012-4929: compression */
	TLS_TICKETBLEED,         /* CVE-2016-9244 */
	TLS_RENEGOTIATION,       /* CVE-2009-3555: without RFC 5746 */
	TLS_NO_DOWNGRADE_GUARD,  /* neither fallback SCSV nor TLS 1.3's sentinel where needed */
	TLS_VERSION_INTOLERANCE, /* GREASE values or unknown versions break the handshake */
	TLS_VULNERABILITIES
};

struct tls_finding {
	enum tls_fact fact;                  /* TLS_YES: vulnerable */
	char detail[TLS_RESULT_DETAIL_SIZE]; /* our words, for people; may be empty */
};

/* Strict-Transport-Security (RFC 6797), from one request for / over HTTPS. */
struct tls_http {
	enum tls_fact answered; /* an HTTP answer came */
	unsigned status;
	enum tls_fact hsts;
	uint64_t max_age_s;
	bool includes_subdomains;
	bool is_preload;
	char server[128]; /* the Server header, the server's bytes; may be empty */
};

struct tls_features {
	enum tls_fact session_id; /* resumption up to TLS 1.2 */
	enum tls_fact ticket;     /* RFC 5077: is supported */
	uint32_t ticket_lifetime_s;
	enum tls_fact psk;        /* TLS 1.3: NewSessionTicket came */
	enum tls_fact early_data; /* TLS 1.3: 0-RTT */
	uint32_t max_early_data;
	enum tls_fact compression;            /* DEFLATE chosen */
	enum tls_fact secure_renegotiation;   /* RFC 5746 */
	enum tls_fact client_renegotiation;   /* started by the client, and done */
	enum tls_fact extended_master_secret; /* RFC 7627 */
	enum tls_fact encrypt_then_mac;       /* RFC 7366 */
	enum tls_fact fallback_scsv;      /* RFC 7507; yes: refused with the alert that it demands;
					     unknown where there is one version only */
	uint8_t fallback_alert;           /* another alert that it was refused with; 0: none */
	enum tls_fact downgrade_sentinel; /* RFC 8446, 4.1.3: the right one with every version
					     below; unknown without TLS 1.3 */
	enum tls_fact heartbeat;          /* RFC 6520: extension */
	enum tls_fact ocsp_stapling;
	enum tls_fact scts_by_extension;
	enum tls_fact sni_required;      /* without a name no handshake, or another certificate */
	enum tls_fact grease;            /* tolerates RFC 8701 */
	enum tls_fact version_tolerance; /* answers a higher version with one it knows */
	enum tls_fact dh_reuse;          /* DHE public value came twice */
	enum tls_fact ecdh_reuse;
	enum tls_fact client_certificate; /* CertificateRequest came */
};

/* What it cost us and the target. */
struct tls_accounting {
	unsigned connections;
	unsigned connections_failed;
	uint64_t bytes_sent;
	uint64_t bytes_received;
	uint64_t bytes_cut; /* answers that went past a limit and were cut off */
	int64_t started_ms; /* wall clock */
	int64_t duration_ms;
	bool is_timed_out; /* the time for the target was used up; the rest is TLS_UNKNOWN */
};

struct tls_result {
	struct tls_target target;
	enum tls_failure failure;
	char reason[160]; /* of the failure, for people */
	bool is_quick;    /* only what a grade needs was asked */

	struct tls_version_result versions[TLS_VERSIONS];
	struct tls_groups_result groups;

	unsigned prime_count;
	struct tls_prime primes[TLS_RESULT_PRIMES_MAX];
	uint16_t dh_bits_min;     /* of DHE primes seen; 0 where none */
	uint16_t ecdh_bits_min;   /* of groups negotiated by ECDHE; 0 where none */
	uint16_t rsa_export_bits; /* of the ephemeral RSA key of an export suite; 0 where none */

	unsigned scheme_count;
	uint16_t schemes[TLS_RESULT_SCHEMES_MAX]; /* SignatureScheme the server signs with */
	uint16_t scheme_chosen;                   /* offered all; 0 unknown */

	char alpn[32]; /* chosen, offered h2 and http/1.1; "" where none */
	enum tls_fact alpn_h2;
	enum tls_fact alpn_http1;

	struct tls_features features;
	struct tls_finding vulnerabilities[TLS_VULNERABILITIES];

	struct tls_chain chains[TLS_CERTIFICATE_TYPES];
	uint32_t certificates_cut; /* octets of a Certificate message that was too long to take; 0
				      where none was */
	struct span ocsp_response; /* DER of OCSPResponse, within ocsp_bytes; empty where none */
	uint8_t *ocsp_bytes;       /* owned */
	struct span scts;          /* SignedCertificateTimestampList (RFC 6962); empty where none */
	uint8_t *sct_bytes;        /* owned */

	struct tls_http http;
	struct tls_accounting accounting;
};

/* Empty, on the heap: 15 kB. */
struct tls_result *tls_result_new(void);

/* Accepts empty and nulls the variable. */
void tls_result_free(struct tls_result **result);

/* "TLSv1.2", as OpenSSL and sslscan write it. Never NULL. */
const char *tls_version_text(enum tls_version version);

/* "heartbleed", "ccs_injection", ...: the words of the JSON document. Never NULL. */
const char *tls_vulnerability_name(enum tls_vulnerability vulnerability);

/* "unknown", "no", "yes". */
const char *tls_fact_text(enum tls_fact fact);
