/*
 * tls_server.h - a server's first flight: records, handshake messages and what is in the clear
 * of them (SSLv2 to TLS 1.3).
 *
 * All functions are pure; everything borrows from the bytes given. A stranger wrote them: what is
 * no TLS is ERR_MALFORMED, what is not whole yet ERR_AGAIN.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"

/* Of a record's payload: 2^14 and 2,048 for encryption (RFC 5246, 6.2.3). */
#define TLS_RECORD_MAX (16384 + 2048)

/* Of one handshake message. A longer one is refused, whatever it says that it is. */
#define TLS_MESSAGE_MAX (128 * 1024)

/* Extensions of a ServerHello, and certificates of a chain, that are looked at. */
#define TLS_SERVER_EXTENSIONS_MAX 64
#define TLS_CERTIFICATES_MAX      256

enum tls_record_type {
	TLS_RECORD_CHANGE_CIPHER = 20,
	TLS_RECORD_ALERT = 21,
	TLS_RECORD_HANDSHAKE = 22,
	TLS_RECORD_DATA = 23,
	TLS_RECORD_HEARTBEAT = 24,
};

enum tls_message_type {
	TLS_SERVER_HELLO = 2,
	TLS_NEW_SESSION_TICKET = 4,
	TLS_CERTIFICATE = 11,
	TLS_SERVER_KEY_EXCHANGE = 12,
	TLS_CERTIFICATE_REQUEST = 13,
	TLS_SERVER_HELLO_DONE = 14,
	TLS_CERTIFICATE_STATUS = 22,
};

struct tls_record {
	uint8_t type;
	uint16_t version;
	struct span payload;
};

/* The next record; the reader advances only then. ERR_AGAIN, ERR_MALFORMED. */
MUST_USE int tls_record_next(struct reader *r, struct tls_record *out);

struct tls_message {
	uint8_t type;
	struct span body;
};

/* The next handshake message of joined payloads; the reader advances only then. ERR_AGAIN;
 * ERR_LIMIT for one that would be longer than TLS_MESSAGE_MAX. */
MUST_USE int tls_message_next(struct reader *r, struct tls_message *out);

/* RFC 8446, 4.1.3: the end of a random that says that the server could have done better. */
enum tls_sentinel { TLS_SENTINEL_NONE, TLS_SENTINEL_TLS12, TLS_SENTINEL_TLS11 };

struct tls_server_hello {
	uint16_t version; /* the one agreed: supported_versions, where it came */
	uint16_t suite;
	uint16_t group; /* of key_share; 0 where it came not */
	uint8_t compression;
	bool is_retry; /* HelloRetryRequest */
	enum tls_sentinel sentinel;
	struct span random;
	struct span session_id;
	struct span alpn; /* the protocol chosen; empty where none */
	struct span scts; /* SignedCertificateTimestampList; empty where none */
	bool has_renegotiation;
	bool has_ticket;
	bool has_extended_master;
	bool has_encrypt_then_mac;
	bool has_heartbeat;
	bool has_staple; /* CertificateStatus will come */
	bool has_server_name;
};

/* ERR_MALFORMED; ERR_LIMIT for too many extensions. */
MUST_USE int tls_server_hello_parse(struct span body, struct tls_server_hello *out);

/* Certificate as up to TLS 1.2: false at the end of the list, or where it is broken. */
struct tls_certificates {
	struct reader rest;
	unsigned seen;
};

/* ERR_MALFORMED where the list is not what its lengths say. */
MUST_USE int tls_certificates_over(struct span body, struct tls_certificates *out);
bool tls_certificates_next(struct tls_certificates *it, struct span *der);

enum tls_exchange { TLS_EXCHANGE_DHE, TLS_EXCHANGE_ECDHE, TLS_EXCHANGE_RSA_EXPORT };

struct tls_key_exchange {
	uint16_t group;         /* ECDHE; 0 where it is not a named one */
	struct span prime;      /* DHE: without leading zeros */
	struct span generator;  /* DHE */
	struct span public_key; /* DHE, ECDHE: of the server */
	struct span modulus;    /* export RSA: without leading zeros */
	uint16_t scheme;        /* TLS 1.2: SignatureScheme; else 0 */
};

/* version: 0x0303 has the signature's scheme in front of it. has_hint: a PSK suite. */
MUST_USE int tls_key_exchange_parse(struct span body, enum tls_exchange exchange, bool has_hint,
				    uint16_t version, struct tls_key_exchange *out);

/* The OCSPResponse within CertificateStatus. */
MUST_USE int tls_certificate_status_parse(struct span body, struct span *der);

/* Bits of a big-endian number. */
unsigned tls_number_bits(struct span number);

struct ssl2_server_hello {
	uint16_t version;
	struct span certificate; /* DER; may be empty */
	struct span kinds;       /* three bytes each */
	bool is_error;           /* the server speaks SSLv2, but agreed to nothing */
};

/* A whole SERVER-HELLO or ERROR with its header. ERR_AGAIN, ERR_MALFORMED. */
MUST_USE int ssl2_server_hello_parse(struct span bytes, struct ssl2_server_hello *out);
