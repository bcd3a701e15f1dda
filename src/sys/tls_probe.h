/*
 * tls_probe.h - a TLS client that learns, over OpenSSL: bytes in, bytes out, nothing is trusted.
 *
 * For looking at strangers' servers only: every version and cipher that OpenSSL can still speak
 * is allowed and no certificate is verified. Nothing secret may ever be sent through it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/tls_cbc.h"

#define TLS_PROBE_CERTIFICATES_MAX 64

/* What all probes share. */
struct tls_probe_context;
struct tls_probe_context *tls_probe_context_new(void);
void tls_probe_context_free(struct tls_probe_context **context);

/* A session that may be offered again. */
struct tls_probe_session;
void tls_probe_session_free(struct tls_probe_session **session);

/* Its ticket, empty where it has none; the session's. */
struct span tls_probe_session_ticket(const struct tls_probe_session *session);
uint32_t tls_probe_session_lifetime_s(const struct tls_probe_session *session);
uint32_t tls_probe_session_early_data(const struct tls_probe_session *session);

struct tls_probe_config {
	const char *server_name; /* NULL: none */
	uint16_t version;        /* exactly this one: 0x0301 to 0x0304 */
	struct span alpn;        /* ProtocolNameList without its length; empty: none */
	bool is_without_tickets;
	bool is_cbc_only; /* CBC suites alone, and no encrypt-then-mac; without tickets */
	const struct tls_probe_session *session; /* to resume; NULL: none */
};

enum tls_probe_state {
	TLS_PROBE_HANDSHAKE,
	TLS_PROBE_OPEN,
	TLS_PROBE_ENDED, /* closed, refused or broken */
};

struct tls_probe;

/* NULL where OpenSSL cannot speak the version at all. */
struct tls_probe *tls_probe_new(struct tls_probe_context *context,
				const struct tls_probe_config *config);
void tls_probe_free(struct tls_probe **probe);

/* Takes bytes of the server (none to begin), goes as far as it can. */
enum tls_probe_state tls_probe_take(struct tls_probe *probe, struct span bytes);

/* What is to be sent now; valid until the next call with this probe. */
struct span tls_probe_output(struct tls_probe *probe);

/* What is said inside; after the handshake. */
void tls_probe_say(struct tls_probe *probe, struct span bytes);

/* close_notify, so that the server ends. */
void tls_probe_close(struct tls_probe *probe);

/* Decrypted bytes into buffer; how many. */
size_t tls_probe_read(struct tls_probe *probe, uint8_t *buffer, size_t capacity);

/* Keys for records of our own after a handshake that was is_cbc_only, up to TLS 1.2; their
 * sequence numbers begin with 1, and tls_probe_say() may not be used any more. False before the
 * handshake is done, or for a suite without CBC. */
bool tls_probe_cbc_keys(const struct tls_probe *probe, struct tls_cbc_keys *out);

/* The fatal alert that came, or close_notify: its description; -1 where none came. */
int tls_probe_alert(const struct tls_probe *probe);

/* Begins a renegotiation (up to TLS 1.2); then tls_probe_take() until is_renegotiated. */
bool tls_probe_renegotiate(struct tls_probe *probe);
bool tls_probe_is_renegotiated(const struct tls_probe *probe);

bool tls_probe_is_resumed(const struct tls_probe *probe);
struct span tls_probe_alpn(const struct tls_probe *probe);

/* The stapled OCSPResponse and the SCT list of the extension; empty where none. The probe's. */
struct span tls_probe_staple(const struct tls_probe *probe);
struct span tls_probe_scts(const struct tls_probe *probe);

/* DER of what was sent, leaf first; the probe's. Returns how many, at most max. */
size_t tls_probe_certificates(struct tls_probe *probe, struct span *out, size_t max);

/* The last session that came, and it is the caller's now; NULL where none came. */
struct tls_probe_session *tls_probe_take_session(struct tls_probe *probe);

/* plain^e mod n with the RSA key of a certificate, without any padding of its own. out has the
 * modulus's length, which is returned; 0 where it is no RSA key or does not fit. */
size_t tls_probe_rsa_length(struct span certificate);
size_t tls_probe_rsa(struct span certificate, struct span plain, uint8_t *out, size_t capacity);
