/*
 * probe.h - the shape of every UDP payload: one file, one const struct, one row in table.c.
 *
 * A payload is a harmless question that a server of the protocol answers at once and without a
 * state of its own; it changes nothing there. Where the answer repeats some bytes of the question,
 * the cookie goes there, so that a stranger's answer is told.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

#define PROBE_PORTS_MAX   4
#define PROBE_PAYLOAD_MAX 1232 /* IPv6's least MTU, without headers (RFC 8200 section 5) */

struct probe {
	const char *name;                /* "dns" */
	const char *summary;             /* the question, and the standard it follows */
	uint16_t ports[PROBE_PORTS_MAX]; /* ended by 0 where fewer */
	const uint8_t *payload;
	size_t payload_len;
	size_t padded_len; /* zeros are added up to this; 0: none */
	/* Where the cookie goes: 2 or 4 bytes (0: nowhere), at an offset. */
	unsigned cookie_at;
	unsigned cookie_size;
	bool has_headers; /* of text: a User-Agent may be added before the empty line at the end */
	bool is_echoed;   /* an answer without the cookie's bytes is not ours */
	bool is_anonymous_ask; /* with a word that is everybody's: some owners do not want that */
};

/* Every probe, ended by NULL. */
extern const struct probe *const probes[];

/* The probe for a port; for others the empty datagram. Never NULL. */
const struct probe *probe_for(uint16_t port);

/* A port's questions, from 0, which is probe_for()'s: where servers differ in what they answer
 * there are more than one. NULL behind the last. */
const struct probe *probe_question(uint16_t port, unsigned question);

/* Each question has a cookie of its own, so that their answers are told apart. */
uint32_t probe_cookie(uint32_t cookie, unsigned question);

/* The whole payload; returns its length. */
size_t probe_fill(const struct probe *probe, uint8_t out[PROBE_PAYLOAD_MAX]);

/* The same, saying who asks where the protocol has a place for it. */
size_t probe_fill_from(const struct probe *probe, struct span agent,
		       uint8_t out[PROBE_PAYLOAD_MAX]);

/* True where an answer may be one to this probe with that cookie. */
bool probe_accepts(const struct probe *probe, uint32_t cookie, struct span answer);
