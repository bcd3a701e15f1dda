/*
 * packet_ip.h - IPv4 (RFC 791), IPv6 with extension headers (RFC 8200), TCP with options (RFC
 * 9293), UDP, ICMP and ICMPv6 with what they quote. Everything borrows from the packet.
 *
 * Lengths are believed only where they fit what came; padding behind a packet is cut off. Checksums
 * are not looked at: the interface's offloading may not have filled them in.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"

#define PACKET_EXTENSIONS_MAX  8
#define PACKET_TCP_OPTIONS_MAX 12

enum {
	PACKET_ICMP = 1,
	PACKET_TCP = 6,
	PACKET_UDP = 17,
	PACKET_ICMP_V6 = 58,
};

struct packet_ip {
	bool is_v6;
	struct span source; /* 4 or 16 bytes */
	struct span destination;
	uint8_t protocol; /* behind the extension headers */
	uint8_t ttl;      /* or hop limit */
	uint16_t id;      /* IPv4 */
	bool is_unfragmentable;
	bool is_fragment; /* not the first: the payload is no header */
	struct span payload;
};

/* ERR_MALFORMED; ERR_LIMIT: too many extension headers. */
MUST_USE int packet_ip_parse(struct span packet, struct packet_ip *out);

/* One that an ICMP error quotes: it may end early. */
MUST_USE int packet_ip_parse_quoted(struct span packet, struct packet_ip *out);

enum { PACKET_FIN = 1, PACKET_SYN = 2, PACKET_RST = 4, PACKET_PUSH = 8, PACKET_ACK = 16 };

struct packet_tcp {
	uint16_t source_port;
	uint16_t destination_port;
	uint32_t sequence;
	uint32_t acknowledgement;
	uint8_t flags;
	uint16_t window;
	uint16_t mss;        /* 0: no such option */
	int8_t window_scale; /* -1 */
	bool has_sack;
	bool has_timestamp;
	uint8_t order[PACKET_TCP_OPTIONS_MAX]; /* kinds as they came; the first ones of more */
	uint8_t order_count;
	struct span payload;
};

/* ERR_MALFORMED where the header or an option does not fit. */
MUST_USE int packet_tcp_parse(struct span segment, struct packet_tcp *out);

struct packet_udp {
	uint16_t source_port;
	uint16_t destination_port;
	struct span payload;
};
MUST_USE int packet_udp_parse(struct span datagram, struct packet_udp *out);

struct packet_icmp {
	uint8_t type;
	uint8_t code;
	bool is_error; /* quotes a packet */
	bool is_echo_reply;
	bool is_unreachable; /* destination unreachable, of either version */
	uint32_t echo;       /* identifier and sequence */
	struct packet_ip quoted;
	/* The first eight bytes of what was quoted, as far as they are ports and a TCP sequence. */
	uint16_t source_port;
	uint16_t destination_port;
	uint32_t sequence;
};

/* ERR_MALFORMED also where an error quotes less than RFC 792 demands; ERR_UNSUPPORTED for types
 * that are neither an error nor an echo's reply. */
MUST_USE int packet_icmp_parse(struct span message, bool is_v6, struct packet_icmp *out);
