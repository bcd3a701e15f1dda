/*
 * tls_hello.h - writes ClientHellos of any version (RFC 5246, RFC 8446, SSLv2's draft), and what
 * else a client may say in the clear.
 *
 * Says exactly what it is told: nothing is added or checked, for hellos that no honest client
 * would send are the point.
 */
#pragma once

#include "base/attr.h"
#include "base/writer.h"

/* No hello that is written here is longer; a server's buffer for one must take 2^14. */
#define TLS_HELLO_MAX 4096

#define TLS_RANDOM_SIZE 32

enum tls_hello_flags {
	TLS_HELLO_TICKET = 1,            /* session_ticket (RFC 5077), empty unless one is given */
	TLS_HELLO_STAPLE = 2,            /* status_request (RFC 6066) */
	TLS_HELLO_SCTS = 4,              /* signed_certificate_timestamp (RFC 6962) */
	TLS_HELLO_EXTENDED_MASTER = 8,   /* RFC 7627 */
	TLS_HELLO_ENCRYPT_THEN_MAC = 16, /* RFC 7366 */
	TLS_HELLO_HEARTBEAT = 32,        /* RFC 6520 */
	TLS_HELLO_RENEGOTIATION = 64,    /* renegotiation_info, empty (RFC 5746) */
	TLS_HELLO_COMPRESSION = 128,     /* offers DEFLATE before none */
	TLS_HELLO_EMPTY_KEY_SHARE = 256, /* asks for a HelloRetryRequest */
	TLS_HELLO_GREASE = 512,          /* RFC 8701: suite, extension, group, version */
	TLS_HELLO_POINT_FORMATS = 1024,  /* ec_point_formats: uncompressed */
	TLS_HELLO_NO_EXTENSIONS = 2048,  /* as before RFC 3546 */
};

struct tls_hello {
	uint16_t record_version; /* 0x0301 for nearly all */
	uint16_t version;        /* legacy_version: 0x0300 to 0x0303 */
	uint8_t random[TLS_RANDOM_SIZE];
	struct span session_id; /* at most 32 bytes */
	const uint16_t *suites;
	size_t suite_count;
	const char *server_name; /* NULL: no SNI */
	const uint16_t *groups;
	size_t group_count;
	const uint16_t *schemes;
	size_t scheme_count;
	const uint16_t *versions; /* supported_versions; none where there are none */
	size_t version_count;
	struct span alpn;   /* ProtocolNameList without its length; empty: none */
	struct span ticket; /* with TLS_HELLO_TICKET */
	unsigned flags;     /* of enum tls_hello_flags */
};

/* The record with the hello. ERR_FULL where it does not fit (nothing usable was written then). */
MUST_USE int tls_hello_write(const struct tls_hello *hello, struct writer *w);

/* The handshake message alone, as the transcript of a handshake needs it. */
MUST_USE int tls_hello_write_message(const struct tls_hello *hello, struct writer *w);

/* A CLIENT-HELLO of SSLv2 with kinds of 24 bits. ERR_FULL. */
MUST_USE int tls_hello_write_ssl2(struct span challenge, const uint32_t *kinds, size_t count,
				  struct writer *w);
