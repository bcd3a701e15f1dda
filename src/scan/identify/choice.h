/*
 * choice.h - which hello comes next, from what is known of a port so far. Pure.
 *
 * First what is usual at the port, then at ports whose number is made of it (15432, 8022), then
 * what is found most on unexpected ports: HTTP and TLS, and then the protocols that behave as the
 * server did so far, as some close at words they do not know and others wait for more.
 */
#pragma once

#include "scan/identify/prober.h"

struct choice {
	bool is_tls;
	const struct prober *prober; /* NULL for TLS */
};

/* One level: the connection itself, or within TLS. */
struct choice_state {
	unsigned transport; /* PROBER_TCP or PROBER_UDP */
	unsigned port;
	bool is_inner;
	bool is_tls_tried;
	bool has_tls_bytes;          /* what came looks like TLS, or asks for it */
	bool has_bytes;              /* something came that nobody knows */
	bool closes_http;            /* it closed when it was said HTTP's words */
	bool closes_tls;             /* or TLS's */
	const struct prober *hinted; /* to be tried next: bytes to other words looked like its */
	uint64_t tried;              /* bits by place in probers[] */
	const char *alpn;            /* agreed protocol, or "" */
};

/* Leaves out the probers whose hello is an anonymous ask. */
void choice_skip_anonymous(struct choice_state *state);

/* The next, which is then taken for tried; false where nothing is left. */
bool choice_next(struct choice_state *state, struct choice *out);

/* How a server that speaks first is usual there: true where one should be waited for longer. */
bool choice_expects_banner(const struct choice_state *state);

/* True where the client speaks first at this port, so that waiting is mostly in vain. */
bool choice_expects_hello(const struct choice_state *state);

/* The protocol that is usual there, or NULL. */
const struct prober *choice_usual(const struct choice_state *state);

/* True where TLS is usual at the port. */
bool choice_expects_tls(unsigned port);
