/* frame.c - headers written top to bottom; checksums are the sender's. */
#include "scan/discovery/frame.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/writer.h"
#include "formats/packet_ip.h"
#include "formats/packet_link.h"
#include "scan/probes/probe.h"

enum {
	IPV4_HEADER = 20,
	IPV6_HEADER = 40,
	TCP_LENGTH = 32,
	UDP_HEADER = 8,
	ICMP_HEADER = 8,
	/* as current Windows sends: options and window that middleboxes see every day */
	HOP_LIMIT = 128,
	WINDOW = 64240,
	MSS = 1460,
	SCALE = 8,
	ICMP_ECHO = 8,
	ICMP_V6_ECHO = 128,
	ICMP_V6_SOLICITATION = 135,
	NEIGHBOUR_HOPS = 255, /* RFC 4861 section 7.1.1 */
	SEQUENCE_AT = 4,      /* in TCP's header, and of identifier and sequence in ICMP's */
};

static void write_link(struct writer *w, const struct frame_link *link, const uint8_t next[6],
		       uint16_t type)
{
	if (link->link_size == 0) {
		return;
	}
	writer_bytes(w, (struct span){ next, 6 });
	writer_bytes(w, (struct span){ link->mac, 6 });
	writer_be16(w, type);
}

static void write_v4(struct writer *w, const struct frame_link *link, uint8_t protocol, size_t len)
{
	writer_u8(w, 0x45);
	writer_u8(w, 0);
	writer_be16(w, (uint16_t)(IPV4_HEADER + len));
	writer_be16(w, 0); /* identification: the probe's */
	writer_be16(w, 0x4000);
	writer_u8(w, HOP_LIMIT);
	writer_u8(w, protocol);
	writer_be16(w, 0);
	writer_bytes(w, address_bytes(&link->source_v4));
	writer_be32(w, 0);
}

static void write_v6(struct writer *w, const struct frame_link *link, uint8_t protocol, size_t len)
{
	static const uint8_t nowhere[16];

	writer_be32(w, 0x60000000);
	writer_be16(w, (uint16_t)len);
	writer_u8(w, protocol);
	writer_u8(w, protocol == PACKET_ICMP_V6 ? NEIGHBOUR_HOPS : HOP_LIMIT);
	writer_bytes(w, (struct span){ link->source_v6.bytes, 16 });
	writer_bytes(w, (struct span){ nowhere, 16 });
}

/* Ethernet and IP around len bytes; returns where those begin. */
static size_t write_headers(struct writer *w, const struct frame_link *link, bool is_v6,
			    uint8_t protocol, size_t len)
{
	write_link(w, link, link->next, is_v6 ? PACKET_TYPE_IPV6 : PACKET_TYPE_IPV4);
	if (is_v6) {
		write_v6(w, link, protocol, len);
	} else {
		write_v4(w, link, protocol, len);
	}
	return writer_used(w);
}

static void write_syn(struct writer *w)
{
	writer_be32(w, 0); /* ports */
	writer_be32(w, 0); /* sequence */
	writer_be32(w, 0);
	writer_u8(w, TCP_LENGTH / 4 << 4);
	writer_u8(w, PACKET_SYN);
	writer_be16(w, WINDOW);
	writer_be32(w, 0); /* checksum, urgent pointer */
	writer_u8(w, 2);
	writer_u8(w, 4);
	writer_be16(w, MSS);
	writer_u8(w, 1);
	writer_u8(w, 3);
	writer_u8(w, 3);
	writer_u8(w, SCALE);
	writer_u8(w, 1);
	writer_u8(w, 1);
	writer_u8(w, 4);
	writer_u8(w, 2);
}

static void write_udp(struct writer *w, struct span payload)
{
	writer_be32(w, 0); /* ports */
	writer_be16(w, (uint16_t)(UDP_HEADER + payload.len));
	writer_be16(w, 0);
	writer_bytes(w, payload);
}

static void write_echo(struct writer *w, bool is_v6, struct span text)
{
	writer_u8(w, is_v6 ? ICMP_V6_ECHO : ICMP_ECHO);
	writer_u8(w, 0);
	writer_be16(w, 0);
	writer_be32(w, 0); /* identifier, sequence: the cookie */
	writer_bytes(w, text);
}

static size_t fill(const struct probe *probe, const struct contact *contact,
		   uint8_t payload[PROBE_PAYLOAD_MAX])
{
	uint8_t agent[CONTACT_MAX + 32];
	struct writer w = writer_over(agent, sizeof agent);

	contact_write_agent(contact, &w);
	return probe_fill_from(probe, writer_span(&w), payload);
}

void frame_template(const struct frame_link *link, bool is_v6, struct port port,
		    uint8_t bytes[SENDER_FRAME_MAX], struct sender_template *out)
{
	struct writer w = writer_over(bytes, SENDER_FRAME_MAX);
	uint8_t payload[PROBE_PAYLOAD_MAX];
	struct sender_template made = {
		.varies = SENDER_DESTINATION | (is_v6 ? 0u : SENDER_IP_ID) |
			  (link->is_mac_varied ? SENDER_MAC : 0u),
	};

	if (port.transport == TRANSPORT_TCP) {
		made.sequence_at =
			(unsigned)write_headers(&w, link, is_v6, PACKET_TCP, TCP_LENGTH) +
			SEQUENCE_AT;
		made.sequence_size = 4;
		made.varies |= SENDER_DESTINATION_PORT | SENDER_SOURCE_PORT;
		write_syn(&w);
	} else if (port.transport == TRANSPORT_UDP) {
		const struct probe *probe = probe_question(port.number, port.question);
		size_t len = fill(probe, link->contact, payload);
		size_t at = write_headers(&w, link, is_v6, PACKET_UDP, UDP_HEADER + len);

		made.sequence_at = (unsigned)at + UDP_HEADER + probe->cookie_at;
		made.sequence_size = probe->cookie_size;
		made.varies |= SENDER_DESTINATION_PORT | SENDER_SOURCE_PORT;
		write_udp(&w, (struct span){ payload, len });
	} else {
		struct span text = span_of(link->contact->text);
		size_t at = write_headers(&w, link, is_v6, is_v6 ? PACKET_ICMP_V6 : PACKET_ICMP,
					  ICMP_HEADER + text.len);

		made.sequence_at = (unsigned)at + SEQUENCE_AT;
		made.sequence_size = 4;
		write_echo(&w, is_v6, text);
	}
	assert(writer_ok(&w));
	made.frame = writer_span(&w);
	*out = made;
}

static const uint8_t everyone[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static void write_arp(struct writer *w, const struct frame_link *link)
{
	static const uint8_t unknown[6];

	write_link(w, link, everyone, PACKET_TYPE_ARP);
	writer_be16(w, 1); /* Ethernet */
	writer_be16(w, PACKET_TYPE_IPV4);
	writer_u8(w, 6);
	writer_u8(w, 4);
	writer_be16(w, 1); /* request */
	writer_bytes(w, (struct span){ link->mac, 6 });
	writer_bytes(w, address_bytes(&link->source_v4));
	writer_bytes(w, (struct span){ unknown, 6 });
	writer_be32(w, 0);
}

static void write_solicitation(struct writer *w, const struct frame_link *link)
{
	static const uint8_t nowhere[16];

	write_link(w, link, everyone, PACKET_TYPE_IPV6);
	write_v6(w, link, PACKET_ICMP_V6, 32);
	writer_u8(w, ICMP_V6_SOLICITATION);
	writer_u8(w, 0);
	writer_be16(w, 0);
	writer_be32(w, 0);
	writer_bytes(w, (struct span){ nowhere, 16 });
	writer_u8(w, 1); /* source link-layer address */
	writer_u8(w, 1);
	writer_bytes(w, (struct span){ link->mac, 6 });
}

void frame_neighbour(const struct frame_link *link, bool is_v6, uint8_t bytes[SENDER_FRAME_MAX],
		     struct sender_template *out)
{
	struct writer w = writer_over(bytes, SENDER_FRAME_MAX);

	if (is_v6) {
		write_solicitation(&w, link);
	} else {
		write_arp(&w, link);
	}
	assert(writer_ok(&w));
	*out = (struct sender_template){
		.frame = writer_span(&w),
		.varies = is_v6 ? SENDER_SOLICITATION : SENDER_DESTINATION,
	};
}
