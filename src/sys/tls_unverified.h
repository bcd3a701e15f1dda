/*
 * tls_unverified.h - a TLS client that trusts nobody and believes everybody, for a scanner.
 *
 * Any certificate and any version from TLS 1.0 on will do: what is said through it is no secret,
 * and nothing learnt is taken for proved. It does no I/O: records go in and come out as bytes,
 * so that the same code speaks TLS from the first byte on and after STARTTLS.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"
#include "sys/why.h"

/* Bytes of records that may wait for being sent. */
#define TLS_UNVERIFIED_OUT_MAX (64u << 10)

struct tls_unverified_context;

MUST_USE int tls_unverified_context_new(struct tls_unverified_context **out, struct why *why);
void tls_unverified_context_free(struct tls_unverified_context **context);

struct tls_unverified;

enum tls_unverified_state {
	TLS_UNVERIFIED_SHAKING,
	TLS_UNVERIFIED_OPEN,
	TLS_UNVERIFIED_CLOSED, /* close_notify came */
	TLS_UNVERIFIED_FAILED,
};

/* server_name: for SNI; NULL for none, as addresses are none. alpn: offered, ended by NULL; may be
 * NULL. The hello is to be sent at once: see tls_unverified_output. */
struct tls_unverified *tls_unverified_new(struct tls_unverified_context *context,
					  const char *server_name, const char *const *alpn);
void tls_unverified_free(struct tls_unverified **tls);

/* Takes records from the network, however cut. */
enum tls_unverified_state tls_unverified_feed(struct tls_unverified *tls, struct span bytes);
enum tls_unverified_state tls_unverified_state(const struct tls_unverified *tls);

/* The next plain bytes; 0 where there are none now. Ask until 0. */
size_t tls_unverified_read(struct tls_unverified *tls, uint8_t *out, size_t capacity);

/* Puts plain bytes into records. ERR_AGAIN before the handshake is done, ERR_FULL, ERR_CLOSED. */
MUST_USE int tls_unverified_write(struct tls_unverified *tls, struct span bytes);

/* Records to be sent; then say how many were. */
struct span tls_unverified_output(struct tls_unverified *tls);
void tls_unverified_sent(struct tls_unverified *tls, size_t len);

/* The last alert the other side sent (RFC 8446 section 6); 0 (close_notify) also where none came.
 */
unsigned tls_unverified_alert(const struct tls_unverified *tls);

/* The leaf certificate, DER; empty where none was sent. Valid as long as tls is. */
struct span tls_unverified_certificate(struct tls_unverified *tls);

/* Writes the protocol agreed by ALPN and a NUL; "" where none. */
void tls_unverified_alpn(const struct tls_unverified *tls, char *out, size_t capacity);

/* "TLSv1.3", ... ; static. */
const char *tls_unverified_version(const struct tls_unverified *tls);
