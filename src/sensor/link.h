/*
 * link.h - what collector and connector say to each other over their channel.
 *
 * The channel's id is the number of the connection to the server that a message belongs to: what
 * was meant for an earlier one is dropped.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"
#include "base/writer.h"
#include "wire/message.h"

enum link_kind {
	LINK_FRAME =
		1, /* both ways. To the connector: with its length in front; from it: without */
	LINK_CONNECTED,    /* to the collector: say hello */
	LINK_DISCONNECTED, /* to the collector; the body is the reason, for people */
	LINK_END,          /* to the connector: a struct link_end */
	LINK_TICK,         /* to the connector: a struct link_tick */
	LINK_PING,         /* to the collector: say LINK_TICK, so that I know you are there */
	LINK_COST, /* to the collector: u64 microseconds of CPU that the connector has used */
};

/* The collector moves. It says so before it reads a table, so that where that never ends the
 * connector can name it. */
struct link_tick {
	uint16_t table;        /* about to be read; 0: none */
	const uint8_t *digest; /* MESSAGE_POLICY_DIGEST bytes: of the policy in force */
};

#define LINK_TICK_SIZE (2 + MESSAGE_POLICY_DIGEST)

enum link_end_code {
	LINK_END_RETRY = 1, /* come back, after retry_ms where it is not 0 */
	LINK_END_REVOKED,   /* the server does not accept this sensor's certificate any more */
	LINK_END_VERSION,   /* the server does not speak our version of the protocol */
	LINK_END_PROTOCOL,  /* one of the two sides said what it must not */
};

struct link_end {
	enum link_end_code code;
	uint32_t retry_ms;
	struct span text; /* for people, foreign */
};

/* The longest text that goes along. */
#define LINK_TEXT_MAX 512
#define LINK_END_SIZE (5 + LINK_TEXT_MAX)

void link_end_write(const struct link_end *end, struct writer *out);

/* Borrows. ERR_MALFORMED. */
MUST_USE int link_end_read(struct span body, struct link_end *out);

void link_tick_write(const struct link_tick *tick, struct writer *out);

/* Borrows. ERR_MALFORMED. */
MUST_USE int link_tick_read(struct span body, struct link_tick *out);
