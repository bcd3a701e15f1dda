/*
 * packet_link.h - Ethernet frames (IEEE 802.3, 802.1Q) and the answers of neighbours: ARP (RFC 826)
 * and neighbour advertisements (RFC 4861). Everything borrows from the frame.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"

/* Tags that may stand before a packet: 802.1ad has two. */
#define PACKET_VLAN_TAGS_MAX 2

enum { PACKET_TYPE_IPV4 = 0x0800, PACKET_TYPE_ARP = 0x0806, PACKET_TYPE_IPV6 = 0x86dd };

struct packet_frame {
	struct span destination; /* 6 bytes */
	struct span source;
	uint16_t type; /* behind the tags */
	struct span payload;
};

/* ERR_MALFORMED: too short, or an 802.3 length instead of a type; ERR_LIMIT: too many tags. */
MUST_USE int packet_frame_parse(struct span frame, struct packet_frame *out);

struct packet_neighbour {
	bool is_v6;
	struct span address; /* 4 or 16 bytes: whose */
	struct span mac;     /* 6 bytes */
};

/* An ARP reply over Ethernet for IPv4. ERR_UNSUPPORTED for another operation or kind. */
MUST_USE int packet_arp_parse(struct span payload, struct packet_neighbour *out);

/* A neighbour advertisement, from the ICMPv6 type on; without a target's link-layer address the
 * mac is empty. ERR_UNSUPPORTED for another type. */
MUST_USE int packet_advertisement_parse(struct span icmp, struct packet_neighbour *out);
