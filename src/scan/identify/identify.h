/*
 * identify.h - says what answers behind an open port.
 *
 * On each target: wait a short while for a banner, then say at most a few hellos, in the order most
 * likely to succeed for that port and for what it sent already; TLS is one of them, and within TLS
 * the same begins again. All on one loop, nothing blocks. No host ever gets more than a stated
 * number of connections at once, and every target ends: time and bytes are bounded, and a limit
 * that was met is said in its result.
 */
#pragma once

#include "base/attr.h"
#include "scan/contact.h"
#include "scan/identify/facts.h"
#include "sys/loop.h"
#include "sys/net.h"

enum identify_transport { IDENTIFY_TCP, IDENTIFY_UDP };

/* A 0 stands for the default. */
struct identify_options {
	unsigned connections_max;      /* at once, to all hosts: 1000 */
	unsigned connections_per_host; /* at once, to one address: 2 */
	unsigned handshakes_max;       /* hellos to one target outside TLS: 5 */
	unsigned inner_max;            /* hellos within TLS: 4 */
	size_t waiting_max;            /* targets that may wait: 65536 */
	size_t connection_bytes_max;   /* received on one connection: 64 KiB */
	size_t target_bytes_max;       /* received from one target: 256 KiB */
	int64_t connect_ms;            /* 3000 */
	int64_t banner_ms;             /* waiting for a server that speaks first: 1000 */
	int64_t answer_ms;             /* silence after a hello: 2000 */
	int64_t connection_ms;         /* one connection, however busy: 6000 */
	int64_t target_ms;             /* all of a target's connections: 25000 */
	uint16_t source_port_first;    /* ports of its own to connect from; 0: the system's */
	uint16_t source_port_last;
	bool is_without_anonymous_asks; /* see prober.h */
	const struct contact *contact;  /* who asks; copied; NULL: CONTACT_DEFAULT */
};

/* How a target ended. */
enum identify_outcome {
	IDENTIFY_KNOWN,   /* facts.protocol says what it is */
	IDENTIFY_UNKNOWN, /* it took a connection, and nothing said was understood */
	IDENTIFY_SILENT,  /* it took a connection and never sent a byte */
	IDENTIFY_CLOSED,  /* it took none, or no datagram came back */
};

struct identify_result {
	struct net_address address; /* with its port */
	enum identify_transport transport;
	void *target_context; /* as given to identifier_add */
	enum identify_outcome outcome;
	struct service_facts facts;
	struct span certificate; /* leaf, DER; borrowed until the callback returns; may be empty */
	unsigned connections;    /* made */
	unsigned handshakes;     /* hellos said, those within TLS too */
	uint64_t bytes_received;
	uint64_t bytes_sent;
	int64_t duration_ms;
};

/* result is valid until the callback returns. Targets may be added within; the identifier may not
 * be freed. */
typedef void identify_callback(void *context, const struct identify_result *result);

struct identifier;

struct identify_counts {
	uint64_t added;
	uint64_t ended;
	uint64_t known;
	uint64_t connections;
	uint64_t gave_up; /* results with a limit met */
	size_t waiting;
	size_t active;
	unsigned peak_per_host; /* connections at once to one address, ever */
};

/* options may be NULL. The loop must outlive it. */
struct identifier *identifier_new(struct loop *loop, const struct identify_options *options,
				  identify_callback *callback, void *context);

/* Ends all targets without results. Accepts empty. */
void identifier_free(struct identifier **identifier);

/* name: what it is called, for SNI and Host; may be NULL, and is copied. ERR_FULL where too many
 * wait already: add again when results have come. */
MUST_USE int identifier_add(struct identifier *identifier, const struct net_address *address,
			    enum identify_transport transport, const char *name,
			    void *target_context);

void identifier_counts(const struct identifier *identifier, struct identify_counts *out);

/* "known", "unknown", "silent", "closed". */
const char *identify_outcome_text(enum identify_outcome outcome);
