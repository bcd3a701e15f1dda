/*
 * tls.h - TLS 1.3 (RFC 8446) over nonblocking sockets, one CA of our own.
 *
 * Validity times are not judged here: an expired certificate of our CA is still that
 * party's (its key), and revocation is the server's list, so expiry alone never cuts
 * a fleet off. Signature, chain to the pinned CA and purpose always are.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/loop.h"
#include "sys/why.h"

/* What a side brings to every connection. */
struct tls_context;

/* alpn: protocols in order of preference, ended by NULL (RFC 7301). */
struct tls_config {
	bool is_server;
	struct span ca_pem;          /* the only CA that is trusted */
	struct span certificate_pem; /* own; empty for a client that is not enrolled yet */
	struct span key_pem;
	const char *const *alpn;
	bool is_client_certificate_asked; /* server: asked for, never demanded by TLS itself */
};

MUST_USE int tls_context_new(const struct tls_config *config, struct tls_context **out,
			     struct why *why);

/* Connections keep what they need of it. */
void tls_context_free(struct tls_context **context);

struct tls_stream;

struct tls_handler {
	/* Handshake done; peer and protocol can be asked. */
	void (*opened)(void *context);
	/* Bytes arrived: the callee takes what it wants and returns how much; the rest is offered
	 * again with more. */
	size_t (*received)(void *context, struct span bytes);
	/* The send queue is empty again after tls_send had said that it is congested. May be NULL.
	 */
	void (*drained)(void *context);
	/* Over, once, with a reason ("closed by the other side" where nothing is wrong). The owner
	 * frees. */
	void (*closed)(void *context, int error, const char *reason);
};

struct tls_limits {
	size_t receive_max;   /* bytes held that the callee did not take yet */
	size_t send_max;      /* bytes that may wait */
	int64_t handshake_ms; /* the whole handshake */
	int64_t idle_ms;      /* without a byte received; 0 for ever */
};

/* Takes the connected socket over. For a client the session of an earlier connection by the same
 * context is offered (resumption with PSK and (EC)DHE), and the server's certificate must bear
 * PKI_SERVER_NAME. */
struct tls_stream *tls_stream_new(struct loop *loop, struct tls_context *context, int fd,
				  const struct tls_limits *limits,
				  const struct tls_handler *handler, void *handler_context);

/* At once, without a word to the other side. Safe within handlers. */
void tls_stream_free(struct tls_stream **stream);

/* Queues bytes; several sends in one turn of the loop share records. ERR_FULL: nothing queued.
 * ERR_CLOSED. */
MUST_USE int tls_send(struct tls_stream *stream, struct span bytes);
bool tls_is_congested(const struct tls_stream *stream);

/* Sends what is queued, then close_notify, then the closed handler runs. */
void tls_close(struct tls_stream *stream);

/* Stops and resumes reading: back-pressure by TCP's window. */
void tls_pause(struct tls_stream *stream);
void tls_resume(struct tls_stream *stream);

/* The peer's leaf certificate, DER, verified against the CA; empty where it sent none. Valid while
 * open. */
struct span tls_peer_certificate(const struct tls_stream *stream);

/* The protocol agreed by ALPN, "" where none. */
const char *tls_protocol(const struct tls_stream *stream);
bool tls_is_resumed(const struct tls_stream *stream);
