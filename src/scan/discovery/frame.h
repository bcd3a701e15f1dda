/*
 * frame.h - the frames that probes are sent as: SYN, UDP payload, echo, ARP request, neighbour
 * solicitation. Pure: what differs from probe to probe is left to the sender (sender.h).
 */
#pragma once

#include "scan/contact.h"
#include "scan/targets/ports.h"
#include "scan/send/sender.h"

/* What all frames of one way out share. */
struct frame_link {
	size_t link_size; /* 14 or 0, as sender_link_size() */
	uint8_t mac[6];   /* ours */
	uint8_t next[6];  /* the gateway's; unused where each probe has its own */
	bool is_mac_varied;
	struct address source_v4;
	struct address source_v6;
	const struct contact *contact; /* told in the echo, and in UDP where there is a place */
};

/* The template of a kind of probe; its frame is written to bytes. */
void frame_template(const struct frame_link *link, bool is_v6, struct port port,
		    uint8_t bytes[SENDER_FRAME_MAX], struct sender_template *out);

/* An ARP request, or a neighbour solicitation. Ethernet only. */
void frame_neighbour(const struct frame_link *link, bool is_v6, uint8_t bytes[SENDER_FRAME_MAX],
		     struct sender_template *out);
