/*
 * template.c - frames made ready once, and completed for each probe.
 *
 * Sums are of 16-bit words as they lie in memory, whatever the machine's order: one's complement
 * arithmetic does not mind (RFC 1071, 2 B). A word at an odd place counts 256 times itself, which
 * modulo 65,535 is the same as swapping its bytes.
 */
#include "scan/send/template.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/error.h"

enum { ETHERNET_SIZE = 14, ETHERNET_TYPE_AT = 12, MAC_SIZE = 6 };
enum { TYPE_IPV4 = 0x0800, TYPE_ARP = 0x0806, TYPE_IPV6 = 0x86dd };
enum { PROTOCOL_ICMP = 1, PROTOCOL_TCP = 6, PROTOCOL_UDP = 17, PROTOCOL_ICMPV6 = 58 };

/* IPv4 (RFC 791), IPv6 (RFC 8200), ARP over Ethernet (RFC 826). */
enum { IPV4_SIZE = 20, IPV4_ID_AT = 4, IPV4_CHECKSUM_AT = 10, IPV4_SOURCE_AT = 12 };
enum { IPV4_DESTINATION_AT = 16 };
enum { IPV6_SIZE = 40, IPV6_SOURCE_AT = 8, IPV6_DESTINATION_AT = 24 };
enum { ARP_SIZE = 28, ARP_TARGET_AT = 24, ARP_PADDED = 46 };

/* Transports: where the checksum is, and the least header. */
enum { TCP_SIZE = 20, TCP_DATA_AT = 12, TCP_CHECKSUM_AT = 16 };
enum { UDP_SIZE = 8, UDP_LENGTH_AT = 4, UDP_CHECKSUM_AT = 6 };
enum { ICMP_SIZE = 8, ICMP_CHECKSUM_AT = 2 };
enum { SOLICITATION = 135, SOLICITATION_TARGET_AT = 8, SOLICITATION_SIZE = 24 };

#define VARIES_ALL                                                                                 \
	(SENDER_DESTINATION | SENDER_DESTINATION_PORT | SENDER_SOURCE_PORT | SENDER_IP_ID |        \
	 SENDER_MAC | SENDER_SOLICITATION)

static const uint8_t solicited_node[16] = { 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff };

static uint64_t load16(const uint8_t *at)
{
	uint16_t word;

	memcpy(&word, at, sizeof word);
	return word;
}

static uint64_t load32(const uint8_t *at)
{
	uint32_t word;

	memcpy(&word, at, sizeof word);
	return word;
}

static void store16(uint8_t *at, uint16_t word)
{
	memcpy(at, &word, sizeof word);
}

static unsigned be16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static uint64_t sum_of(const uint8_t *bytes, size_t len)
{
	uint64_t sum = 0;
	uint8_t last[2] = { 0 };

	for (; len >= 2; len -= 2, bytes += 2) {
		sum += load16(bytes);
	}
	if (len == 1) {
		last[0] = bytes[0];
		sum += load16(last);
	}
	return sum;
}

static uint16_t checksum_of(uint64_t sum)
{
	sum = (sum >> 32) + (sum & 0xffffffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)~sum;
}

/* What the checks hand on, beside the template itself. */
struct layout {
	unsigned type; /* EtherType */
	unsigned protocol;
	struct why *why;
};

static int lies(const struct layout *layout, const char *what)
{
	return why_set(layout->why, ERR_MALFORMED, "the template's %s is not that of its frame",
		       what);
}

static int check_ipv4(struct template *t, struct layout *layout)
{
	const uint8_t *ip = t->frame + t->ip_at;
	size_t len = (size_t)(t->length - t->ip_at);
	size_t header;

	if (len < IPV4_SIZE || ip[0] >> 4 != 4) {
		return lies(layout, "IPv4 header");
	}
	header = (size_t)(ip[0] & 15) * 4;
	if (header < IPV4_SIZE || header > len) {
		return lies(layout, "IPv4 header length");
	}
	if (be16(ip + 2) != len) {
		return lies(layout, "IPv4 total length");
	}
	if ((be16(ip + 6) & 0x3fff) != 0) {
		return why_set(layout->why, ERR_UNSUPPORTED, "the template is a fragment");
	}
	layout->protocol = ip[9];
	t->has_header_checksum = true;
	t->transport_at = (uint16_t)(t->ip_at + header);
	t->destination_at = (uint16_t)(t->ip_at + IPV4_DESTINATION_AT);
	t->destination_size = 4;
	return 0;
}

static int check_ipv6(struct template *t, struct layout *layout)
{
	const uint8_t *ip = t->frame + t->ip_at;
	size_t len = (size_t)(t->length - t->ip_at);

	if (len < IPV6_SIZE || ip[0] >> 4 != 6) {
		return lies(layout, "IPv6 header");
	}
	if (be16(ip + 4) != len - IPV6_SIZE) {
		return lies(layout, "IPv6 payload length");
	}
	layout->protocol = ip[6];
	t->transport_at = (uint16_t)(t->ip_at + IPV6_SIZE);
	t->destination_at = (uint16_t)(t->ip_at + IPV6_DESTINATION_AT);
	t->destination_size = 16;
	return 0;
}

static int check_arp(struct template *t, struct layout *layout)
{
	static const uint8_t ethernet_ipv4[6] = { 0, 1, 8, 0, 6, 4 };
	size_t len = (size_t)(t->length - t->ip_at);

	if (len < ARP_SIZE || len > ARP_PADDED ||
	    memcmp(t->frame + t->ip_at, ethernet_ipv4, sizeof ethernet_ipv4) != 0) {
		return lies(layout, "ARP header");
	}
	t->destination_at = (uint16_t)(t->ip_at + ARP_TARGET_AT);
	t->destination_size = 4;
	return 0;
}

static int check_transport(struct template *t, const struct layout *layout)
{
	const uint8_t *transport = t->frame + t->transport_at;
	size_t len = (size_t)(t->length - t->transport_at);
	bool is_v6 = layout->type == TYPE_IPV6;
	size_t data_at;

	if (layout->protocol == PROTOCOL_TCP) {
		data_at = len < TCP_SIZE ? 0 : (size_t)(transport[TCP_DATA_AT] >> 4) * 4;
		if (data_at < TCP_SIZE || data_at > len) {
			return lies(layout, "TCP header length");
		}
		t->checksum_at = (uint16_t)(t->transport_at + TCP_CHECKSUM_AT);
		return 0;
	}
	if (layout->protocol == PROTOCOL_UDP) {
		if (len < UDP_SIZE || be16(transport + UDP_LENGTH_AT) != len) {
			return lies(layout, "UDP length");
		}
		t->checksum_at = (uint16_t)(t->transport_at + UDP_CHECKSUM_AT);
		t->is_zero_refused = true;
		return 0;
	}
	if (layout->protocol == (is_v6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP)) {
		if (len < ICMP_SIZE) {
			return lies(layout, "ICMP header");
		}
		t->checksum_at = (uint16_t)(t->transport_at + ICMP_CHECKSUM_AT);
		return 0;
	}
	return why_set(layout->why, ERR_UNSUPPORTED,
		       "no template may carry protocol %u: TCP, UDP or ICMP", layout->protocol);
}

static int check_frame(struct template *t, struct layout *layout)
{
	int error;

	if (t->ip_at == ETHERNET_SIZE) {
		layout->type = be16(t->frame + ETHERNET_TYPE_AT);
	} else {
		layout->type = t->frame[0] >> 4 == 6 ? TYPE_IPV6 : TYPE_IPV4;
	}
	switch (layout->type) {
	case TYPE_IPV4:
		error = check_ipv4(t, layout);
		break;
	case TYPE_IPV6:
		error = check_ipv6(t, layout);
		break;
	case TYPE_ARP:
		return check_arp(t, layout);
	default:
		return why_set(layout->why, ERR_UNSUPPORTED,
			       "no template may carry EtherType 0x%04x", layout->type);
	}
	return error != 0 ? error : check_transport(t, layout);
}

static int check_solicitation(const struct template *t, const struct layout *layout)
{
	if (layout->type != TYPE_IPV6 || layout->protocol != PROTOCOL_ICMPV6 ||
	    t->length - t->transport_at < SOLICITATION_SIZE ||
	    t->frame[t->transport_at] != SOLICITATION || t->sequence_size != 0 ||
	    t->ip_at != ETHERNET_SIZE || (t->varies & (SENDER_DESTINATION | SENDER_MAC)) != 0) {
		return why_set(layout->why, ERR_MALFORMED,
			       "the template is no neighbour solicitation, or varies more than it");
	}
	return 0;
}

/* That what is to vary is in the frame, and at no place that something else has. */
static int check_varies(const struct template *t, const struct layout *layout)
{
	bool has_ports = layout->type != TYPE_ARP &&
			 (layout->protocol == PROTOCOL_TCP || layout->protocol == PROTOCOL_UDP);
	unsigned end = (unsigned)t->sequence_at + t->sequence_size;

	if ((t->varies & ~(unsigned)VARIES_ALL) != 0 ||
	    ((t->varies & (SENDER_DESTINATION_PORT | SENDER_SOURCE_PORT)) != 0 && !has_ports) ||
	    ((t->varies & SENDER_IP_ID) != 0 && layout->type != TYPE_IPV4) ||
	    ((t->varies & SENDER_MAC) != 0 && t->ip_at != ETHERNET_SIZE)) {
		return why_set(layout->why, ERR_MALFORMED,
			       "the template is to vary what its frame does not have");
	}
	if ((t->varies & SENDER_SOLICITATION) != 0) {
		return check_solicitation(t, layout);
	}
	if (t->sequence_size == 0) {
		return 0;
	}
	if ((t->sequence_size != 2 && t->sequence_size != 4) || t->transport_at == 0 ||
	    t->sequence_at < t->transport_at + 4 || end > t->length ||
	    (t->sequence_at < t->checksum_at + 2 && end > t->checksum_at)) {
		return why_set(layout->why, ERR_MALFORMED,
			       "the template's sequence of %u bytes at %u lies outside the "
			       "transport, or on its ports or checksum",
			       t->sequence_size, t->sequence_at);
	}
	return 0;
}

/* What a probe will set is cleared, so that the sums are of the rest. */
static void clear_varying(struct template *t)
{
	if ((t->varies & SENDER_SOLICITATION) != 0) {
		memcpy(t->frame + t->destination_at, solicited_node, sizeof solicited_node);
		memset(t->frame + t->transport_at + SOLICITATION_TARGET_AT, 0, 16);
	}
	if ((t->varies & SENDER_DESTINATION) != 0) {
		memset(t->frame + t->destination_at, 0, t->destination_size);
	}
	if ((t->varies & SENDER_SOURCE_PORT) != 0) {
		memset(t->frame + t->transport_at, 0, 2);
	}
	if ((t->varies & SENDER_DESTINATION_PORT) != 0) {
		memset(t->frame + t->transport_at + 2, 0, 2);
	}
	if ((t->varies & SENDER_IP_ID) != 0) {
		memset(t->frame + t->ip_at + IPV4_ID_AT, 0, 2);
	}
	memset(t->frame + t->sequence_at, 0, t->sequence_size);
	if (t->has_header_checksum) {
		memset(t->frame + t->ip_at + IPV4_CHECKSUM_AT, 0, 2);
	}
	if (t->checksum_at != 0) {
		memset(t->frame + t->checksum_at, 0, 2);
	}
}

/* The transport's sum has a pseudo header but for ICMP over IPv4 (RFC 9293 3.1, RFC 8200 8.1). */
static void sum_up(struct template *t, const struct layout *layout)
{
	const uint8_t *ip = t->frame + t->ip_at;
	size_t len = (size_t)(t->length - t->transport_at);

	if (t->has_header_checksum) {
		t->header_sum = sum_of(ip, (size_t)(t->transport_at - t->ip_at));
	}
	if (t->transport_at == 0) {
		return;
	}
	t->transport_sum = sum_of(t->frame + t->transport_at, len);
	if (layout->protocol == PROTOCOL_ICMP) {
		return;
	}
	t->transport_sum += htons((uint16_t)len) + (uint64_t)htons((uint16_t)layout->protocol);
	t->transport_sum += layout->type == TYPE_IPV4 ? sum_of(ip + IPV4_SOURCE_AT, 8)
						      : sum_of(ip + IPV6_SOURCE_AT, 32);
}

int template_make(const struct sender_template *from, size_t link_size, struct template *out,
		  struct why *why)
{
	struct template t = { .varies = (uint16_t)from->varies,
			      .ip_at = (uint16_t)link_size,
			      .sequence_at = (uint16_t)from->sequence_at,
			      .sequence_size = (uint16_t)from->sequence_size };
	struct layout layout = { .why = why };
	int error;

	if (from->frame.len > SENDER_FRAME_MAX) {
		return why_set(why, ERR_LIMIT, "the template has %zu bytes, a frame at most %d",
			       from->frame.len, SENDER_FRAME_MAX);
	}
	if (from->frame.len <= link_size || from->sequence_at > SENDER_FRAME_MAX ||
	    from->sequence_size > 4 || from->varies > VARIES_ALL) {
		return why_set(why, ERR_MALFORMED, "the template is no frame of this interface");
	}
	memcpy(t.frame, from->frame.ptr, from->frame.len);
	t.length = (uint16_t)from->frame.len;
	t.room = (uint16_t)((t.length + TEMPLATE_BLOCK - 1) / TEMPLATE_BLOCK * TEMPLATE_BLOCK);
	error = check_frame(&t, &layout);
	if (error == 0) {
		error = check_varies(&t, &layout);
	}
	if (error != 0) {
		return error;
	}
	clear_varying(&t);
	t.is_sequence_odd = (t.sequence_at - t.transport_at) % 2 != 0;
	t.is_address_summed = layout.protocol != PROTOCOL_ICMP;
	sum_up(&t, &layout);
	*out = t;
	return 0;
}

/* The addresses of a neighbour solicitation, all made of its target (RFC 4291, 2.7.1). */
static uint64_t put_solicitation(const struct template *t, const uint8_t *target, uint8_t *frame)
{
	uint8_t *last = frame + t->destination_at + 12;
	uint8_t *body = frame + t->transport_at + SOLICITATION_TARGET_AT;
	uint8_t low[4] = { 0, target[13], target[14], target[15] };

	memcpy(frame, (const uint8_t[]){ 0x33, 0x33, 0xff }, 3);
	memcpy(frame + 3, low + 1, 3);
	memcpy(last + 1, low + 1, 3);
	memcpy(body, target, 16);
	return load32(low) + load32(target) + load32(target + 4) + load32(target + 8) +
	       load32(target + 12);
}

static uint64_t put_destination(const struct template *t, const struct sender_probe *probe,
				uint8_t *frame)
{
	const uint8_t *address = probe->destination;
	uint8_t *at = frame + t->destination_at;

	if (t->destination_size == 4) {
		memcpy(at, address, 4);
		return load32(address);
	}
	memcpy(at, address, 16);
	return load32(address) + load32(address + 4) + load32(address + 8) + load32(address + 12);
}

static uint64_t put_sequence(const struct template *t, uint32_t sequence, uint8_t *frame)
{
	uint32_t word = t->sequence_size == 4 ? htonl(sequence) : htons((uint16_t)sequence);

	if (t->sequence_size == 4) {
		memcpy(frame + t->sequence_at, &word, 4);
	} else {
		store16(frame + t->sequence_at, (uint16_t)word);
	}
	return t->is_sequence_odd ? (uint64_t)word << 8 : word;
}

static uint64_t put_port(uint16_t port, uint8_t *at)
{
	uint16_t word = htons(port);

	store16(at, word);
	return word;
}

static void put_checksums(const struct template *t, uint64_t header, uint64_t transport,
			  uint8_t *frame)
{
	uint16_t checksum;

	if (t->has_header_checksum) {
		store16(frame + t->ip_at + IPV4_CHECKSUM_AT, checksum_of(header));
	}
	if (t->checksum_at != 0) {
		checksum = checksum_of(transport);
		store16(frame + t->checksum_at,
			checksum == 0 && t->is_zero_refused ? 0xffff : checksum);
	}
}

void template_complete(const struct template *t, const struct sender_probe *probe, uint8_t *frame)
{
	uint64_t header = t->header_sum;
	uint64_t transport = t->transport_sum;
	uint64_t address = 0;

	for (unsigned at = 0; at < t->room; at += TEMPLATE_BLOCK) {
		memcpy(frame + at, t->frame + at, TEMPLATE_BLOCK);
	}
	if ((t->varies & SENDER_DESTINATION) != 0) {
		address = put_destination(t, probe, frame);
	} else if ((t->varies & SENDER_SOLICITATION) != 0) {
		address = put_solicitation(t, probe->destination, frame);
	}
	header += address;
	transport += t->is_address_summed ? address : 0;
	if ((t->varies & SENDER_SOURCE_PORT) != 0) {
		transport += put_port(probe->source_port, frame + t->transport_at);
	}
	if ((t->varies & SENDER_DESTINATION_PORT) != 0) {
		transport += put_port(probe->destination_port, frame + t->transport_at + 2);
	}
	if ((t->varies & SENDER_IP_ID) != 0) {
		header += put_port(probe->ip_id, frame + t->ip_at + IPV4_ID_AT);
	}
	if (t->sequence_size != 0) {
		transport += put_sequence(t, probe->sequence, frame);
	}
	if ((t->varies & SENDER_MAC) != 0) {
		memcpy(frame, probe->mac, MAC_SIZE);
	}
	put_checksums(t, header, transport, frame);
}
