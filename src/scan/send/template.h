/*
 * template.h - a frame that many probes share, and what makes of it the frame of one probe.
 *
 * What a template varies is zero in its frame, and its sums leave that out; so a probe's checksums
 * cost its own few words and not the frame's (RFC 1624 in spirit, RFC 1071 in arithmetic).
 */
#pragma once

#include "scan/send/sender.h"

/* Frames are copied in blocks: so many bytes a destination must have behind a frame's start. */
#define TEMPLATE_BLOCK 64
#define TEMPLATE_ROOM_MAX                                                                          \
	((SENDER_FRAME_MAX + TEMPLATE_BLOCK - 1) / TEMPLATE_BLOCK * TEMPLATE_BLOCK)

/* Fields are private to template.c but length and room. */
struct template
{
	uint8_t frame[TEMPLATE_ROOM_MAX];
	uint16_t length;
	uint16_t room; /* length, in whole blocks */
	uint16_t varies;
	uint16_t destination_at;
	uint16_t destination_size;
	uint16_t sequence_at;
	uint16_t sequence_size;
	uint16_t ip_at;
	uint16_t transport_at; /* 0: none, as of ARP */
	uint16_t checksum_at;  /* of the transport, from the frame's start; 0: none */
	bool has_header_checksum;
	bool is_zero_refused;   /* UDP: a checksum of zero would say "none" */
	bool is_address_summed; /* the destination is in the transport's pseudo header */
	bool is_sequence_odd;   /* at an odd byte of the transport */
	uint64_t header_sum;
	uint64_t transport_sum;
};

/* Checks a frame that begins with Ethernet (link_size 14) or IP (0), and prepares it. */
MUST_USE int template_make(const struct sender_template *from, size_t link_size,
			   struct template *out, struct why *why);

/* Writes the probe's frame of template->length bytes; up to template->room bytes are touched. */
void template_complete(const struct template *template, const struct sender_probe *probe,
		       uint8_t *frame);
