/*
 * wire.h - one TCP connection of an assessment: connects, says STARTTLS, then carries bytes.
 *
 * Bounded by its limits in time and bytes, whatever the other side does; ended() comes once, or
 * never where the owner closes first.
 */
#pragma once

#include "base/span.h"
#include "scan/starttls.h"
#include "scan/tls/result.h"
#include "sys/loop.h"
#include "sys/net.h"

struct tls_wire;

enum tls_wire_end {
	TLS_WIRE_REFUSED,     /* never connected */
	TLS_WIRE_UNANSWERED,  /* never connected: no answer in time */
	TLS_WIRE_NO_STARTTLS, /* refused, or another protocol */
	TLS_WIRE_CLOSED,      /* by the other side */
	TLS_WIRE_RESET,       /* by the other side, too, and not in order */
	TLS_WIRE_SILENT,      /* the time was used up */
	TLS_WIRE_FLOODED,     /* the bytes were used up */
};

struct tls_wire_limits {
	int64_t connect_ms;
	int64_t answer_ms;  /* from then to the end, STARTTLS included */
	size_t receive_max; /* bytes of TLS */
};

struct tls_wire_handler {
	/* TLS may begin. */
	void (*opened)(void *context);
	/* Returns how many it took; the rest is offered again with more. May close the wire. */
	size_t (*received)(void *context, struct span bytes);
	void (*ended)(void *context, enum tls_wire_end end);
};

struct tls_wire_to {
	const struct net_address *address;
	enum tls_starttls starttls;
	const char *host;
	struct tls_accounting *accounting; /* is added to */
};

/* Never calls the handler before it has returned. */
struct tls_wire *tls_wire_open(struct loop *loop, const struct tls_wire_to *to,
			       const struct tls_wire_limits *limits,
			       const struct tls_wire_handler *handler, void *context);

/* Accepts empty; safe within handlers. */
void tls_wire_close(struct tls_wire **wire);

/* From now on no more than so long to the end. */
void tls_wire_hurry(struct tls_wire *wire, int64_t answer_ms);

/* Of the connection, as TCP has measured it. */
int64_t tls_wire_round_trip_us(const struct tls_wire *wire);

/* Bytes beyond what the kernel takes at once are kept, a little. */
void tls_wire_send(struct tls_wire *wire, struct span bytes);
