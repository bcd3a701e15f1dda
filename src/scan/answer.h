/*
 * answer.h - one answer to one probe: what discovery hands on.
 *
 * An answer is always to a probe that we sent: its cookie was checked before it became one.
 * Everything in it is a stranger's word, to be escaped where people read it. The payload is
 * borrowed from the receive ring until the handler returns.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "scan/address.h"

enum transport { TRANSPORT_TCP = 6, TRANSPORT_UDP = 17, TRANSPORT_ICMP = 1, TRANSPORT_LINK = 0 };

enum port_state {
	PORT_OPEN = 1,   /* SYN-ACK, or a UDP payload */
	PORT_CLOSED = 2, /* RST, or ICMP port unreachable from the address itself */
	PORT_FILTERED = 3 /* ICMP says that it is prohibited or cannot be reached */,
	PORT_HOST = 4 /* no port: the host answered (ICMP echo, ARP, NDP) */
};

enum answer_reason {
	ANSWER_SYN_ACK = 1,
	ANSWER_RST = 2,
	ANSWER_ICMP = 3, /* icmp_type and icmp_code say which; reporter says who */
	ANSWER_UDP = 4,
	ANSWER_ECHO = 5,
	ANSWER_ARP = 6,
	ANSWER_NDP = 7,
	ANSWER_CONNECTED = 8, /* connect() succeeded: no packet was seen, so there is no stack */
	ANSWER_REFUSED = 9,   /* connect() was refused */
};

/* TCP options in the order in which they came, as kinds (RFC 9293 section 3.1); the kinds are the
 * stack's signature. */
#define ANSWER_TCP_ORDER_MAX 12

struct answer_stack {
	uint8_t ttl;            /* or hop limit, as it arrived */
	uint16_t ip_id;         /* IPv4 */
	bool is_unfragmentable; /* IPv4's DF */
	uint16_t window;        /* of a SYN-ACK */
	uint16_t mss;           /* 0: none */
	int8_t window_scale;    /* -1: none */
	bool has_sack;
	bool has_timestamp;
	uint8_t order[ANSWER_TCP_ORDER_MAX];
	uint8_t order_count;
};

/* Why an answer may come from something between us and the host. A guess: bits, none is proof. */
enum {
	MIDDLEBOX_WINDOW_ZERO = 1, /* SYN-ACK with a window of 0 */
	MIDDLEBOX_NO_OPTIONS = 2,  /* SYN-ACK without any option, though we offered three */
	MIDDLEBOX_EVERY_PORT = 4,  /* the address answered the control probe to a random port */
};

struct answer {
	struct address address; /* that was probed */
	uint16_t port;          /* 0 for PORT_HOST */
	enum transport transport;
	enum port_state state;
	enum answer_reason reason;
	uint8_t icmp_type;
	uint8_t icmp_code;
	struct address reporter; /* who sent this; differs from address for ICMP errors only */
	struct answer_stack stack;
	uint8_t mac[6];      /* of a neighbour; zeros else */
	uint8_t probe;       /* 1 or 2: which of the two probes was answered; 0: not known */
	int32_t rtt_us;      /* -1: not known (probes keep no state) */
	unsigned middlebox;  /* MIDDLEBOX_* */
	bool is_duplicate;   /* an earlier answer said the same of this address and port */
	struct span payload; /* UDP */
};

/* "open", "closed", "filtered", "host". */
const char *port_state_text(enum port_state state);

/* "syn-ack", "reset", "icmp", ... */
const char *answer_reason_text(enum answer_reason reason);

/* "tcp", "udp", "icmp", "link". */
const char *transport_text(enum transport transport);

/* The signature of a stack's options: "mss,nop,ws,nop,nop,sok"; at most out_size with the NUL. */
void answer_order_text(const struct answer_stack *stack, char *out, size_t out_size);
