/* packet_ip.c - one reader a header. */
#include "formats/packet_ip.h"

#include "base/error.h"

enum {
	EXTENSION_HOP_BY_HOP = 0,
	EXTENSION_ROUTING = 43,
	EXTENSION_FRAGMENT = 44,
	EXTENSION_AUTHENTICATION = 51,
	EXTENSION_DESTINATION = 60,
	EXTENSION_MOBILITY = 135,
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_MSS = 2,
	OPTION_SCALE = 3,
	OPTION_SACK = 4,
	OPTION_TIMESTAMP = 8,
	TCP_HEADER = 20,
	IPV4_HEADER = 20,
	IPV4_UNFRAGMENTABLE = 0x4000,
	IPV4_OFFSET = 0x1fff,
};

static int parse_v4(struct span packet, bool is_quoted, struct packet_ip *out)
{
	struct reader r = reader_over(packet);
	unsigned header = (reader_u8(&r) & 15u) * 4;
	unsigned total;
	unsigned fragment;
	struct packet_ip parsed = { 0 };

	(void)reader_u8(&r); /* type of service */
	total = reader_be16(&r);
	parsed.id = reader_be16(&r);
	fragment = reader_be16(&r);
	parsed.ttl = reader_u8(&r);
	parsed.protocol = reader_u8(&r);
	(void)reader_be16(&r); /* checksum */
	parsed.source = reader_bytes(&r, 4);
	parsed.destination = reader_bytes(&r, 4);
	if (header < IPV4_HEADER) {
		return ERR_MALFORMED;
	}
	(void)reader_bytes(&r, header - IPV4_HEADER); /* options */
	if (!reader_ok(&r) || total < header || (total > packet.len && !is_quoted)) {
		return ERR_MALFORMED;
	}
	parsed.is_unfragmentable = (fragment & IPV4_UNFRAGMENTABLE) != 0;
	parsed.is_fragment = (fragment & IPV4_OFFSET) != 0;
	parsed.payload = span_first(reader_rest(&r), total - header);
	*out = parsed;
	return 0;
}

/* Consumes one extension header; false where the next one is no extension. */
static bool take_extension(struct reader *r, struct packet_ip *parsed)
{
	uint8_t next;
	unsigned size;

	switch (parsed->protocol) {
	case EXTENSION_FRAGMENT:
		next = reader_u8(r);
		(void)reader_u8(r);
		parsed->is_fragment = parsed->is_fragment || reader_be16(r) >> 3 != 0;
		(void)reader_be32(r);
		break;
	case EXTENSION_AUTHENTICATION:
		next = reader_u8(r);
		size = (reader_u8(r) + 2u) * 4; /* RFC 4302 section 2.2 */
		(void)reader_bytes(r, size - 2);
		break;
	case EXTENSION_HOP_BY_HOP:
	case EXTENSION_ROUTING:
	case EXTENSION_DESTINATION:
	case EXTENSION_MOBILITY:
		next = reader_u8(r);
		size = (reader_u8(r) + 1u) * 8;
		(void)reader_bytes(r, size - 2);
		break;
	default:
		return false;
	}
	parsed->protocol = next;
	return true;
}

static int parse_v6(struct span packet, bool is_quoted, struct packet_ip *out)
{
	struct reader r = reader_over(packet);
	struct packet_ip parsed = { .is_v6 = true };
	unsigned length;

	(void)reader_be32(&r); /* version, class, label */
	length = reader_be16(&r);
	parsed.protocol = reader_u8(&r);
	parsed.ttl = reader_u8(&r);
	parsed.source = reader_bytes(&r, 16);
	parsed.destination = reader_bytes(&r, 16);
	if (!reader_ok(&r) || (length > reader_left(&r) && !is_quoted)) {
		return ERR_MALFORMED;
	}
	r = reader_over(span_first(reader_rest(&r), length));
	for (unsigned i = 0; !parsed.is_fragment && take_extension(&r, &parsed); i++) {
		if (i == PACKET_EXTENSIONS_MAX) {
			return ERR_LIMIT;
		}
	}
	parsed.payload = reader_rest(&r);
	if (!reader_ok(&r)) {
		return ERR_MALFORMED;
	}
	*out = parsed;
	return 0;
}

static int parse(struct span packet, bool is_quoted, struct packet_ip *out)
{
	struct reader r = reader_over(packet);

	switch (reader_peek(&r) >> 4) {
	case 4:
		return parse_v4(packet, is_quoted, out);
	case 6:
		return parse_v6(packet, is_quoted, out);
	default:
		return ERR_MALFORMED;
	}
}

int packet_ip_parse(struct span packet, struct packet_ip *out)
{
	return parse(packet, false, out);
}

int packet_ip_parse_quoted(struct span packet, struct packet_ip *out)
{
	return parse(packet, true, out);
}

static void take_option(uint8_t kind, struct span value, struct packet_tcp *parsed)
{
	struct reader r = reader_over(value);

	if (kind == OPTION_MSS && value.len == 2) {
		parsed->mss = reader_be16(&r);
	} else if (kind == OPTION_SCALE && value.len == 1) {
		uint8_t shift = reader_u8(&r);

		parsed->window_scale = (int8_t)(shift > 127 ? 127 : shift);
	} else if (kind == OPTION_SACK && value.len == 0) {
		parsed->has_sack = true;
	} else if (kind == OPTION_TIMESTAMP && value.len == 8) {
		parsed->has_timestamp = true;
	}
}

static int parse_options(struct span options, struct packet_tcp *parsed)
{
	struct reader r = reader_over(options);
	uint8_t kind = OPTION_NOP;

	while (reader_left(&r) > 0 && kind != OPTION_END) {
		kind = reader_u8(&r);
		if (parsed->order_count < PACKET_TCP_OPTIONS_MAX) {
			parsed->order[parsed->order_count++] = kind;
		}
		if (kind > OPTION_NOP) {
			size_t size = reader_u8(&r);
			struct span value = reader_bytes(&r, size >= 2 ? size - 2 : SIZE_MAX);

			take_option(kind, value, parsed);
		}
	}
	return reader_ok(&r) ? 0 : ERR_MALFORMED;
}

int packet_tcp_parse(struct span segment, struct packet_tcp *out)
{
	struct reader r = reader_over(segment);
	struct packet_tcp parsed = { .window_scale = -1 };
	unsigned header;
	struct span options;

	parsed.source_port = reader_be16(&r);
	parsed.destination_port = reader_be16(&r);
	parsed.sequence = reader_be32(&r);
	parsed.acknowledgement = reader_be32(&r);
	header = (reader_u8(&r) >> 4) * 4;
	parsed.flags = reader_u8(&r);
	parsed.window = reader_be16(&r);
	(void)reader_be32(&r); /* checksum, urgent pointer */
	if (header < TCP_HEADER) {
		return ERR_MALFORMED;
	}
	options = reader_bytes(&r, header - TCP_HEADER);
	parsed.payload = reader_rest(&r);
	if (!reader_ok(&r) || parse_options(options, &parsed) != 0) {
		return ERR_MALFORMED;
	}
	*out = parsed;
	return 0;
}

int packet_udp_parse(struct span datagram, struct packet_udp *out)
{
	struct reader r = reader_over(datagram);
	struct packet_udp parsed;
	unsigned length;

	parsed.source_port = reader_be16(&r);
	parsed.destination_port = reader_be16(&r);
	length = reader_be16(&r);
	(void)reader_be16(&r); /* checksum */
	if (!reader_ok(&r) || length < 8 || length - 8 > reader_left(&r)) {
		return ERR_MALFORMED;
	}
	parsed.payload = reader_bytes(&r, length - 8);
	*out = parsed;
	return 0;
}

/* Destination unreachable, time exceeded, parameter problem, packet too big; source quench and
 * redirects (4, 5) are no answer. */
static bool is_error(uint8_t type, bool is_v6)
{
	return is_v6 ? type >= 1 && type <= 4 : type == 3 || type == 11 || type == 12;
}

int packet_icmp_parse(struct span message, bool is_v6, struct packet_icmp *out)
{
	struct reader r = reader_over(message);
	struct packet_icmp parsed = { 0 };
	struct reader quoted;

	parsed.type = reader_u8(&r);
	parsed.code = reader_u8(&r);
	(void)reader_be16(&r); /* checksum */
	parsed.echo = reader_be32(&r);
	parsed.is_echo_reply = parsed.type == (is_v6 ? 129 : 0) && parsed.code == 0;
	parsed.is_error = is_error(parsed.type, is_v6);
	parsed.is_unreachable = parsed.type == (is_v6 ? 1 : 3);
	if (!reader_ok(&r)) {
		return ERR_MALFORMED;
	}
	if (parsed.is_echo_reply) {
		*out = parsed;
		return 0;
	}
	if (!parsed.is_error) {
		return ERR_UNSUPPORTED;
	}
	if (packet_ip_parse_quoted(reader_rest(&r), &parsed.quoted) != 0 ||
	    parsed.quoted.is_v6 != is_v6 || parsed.quoted.is_fragment) {
		return ERR_MALFORMED;
	}
	quoted = reader_over(parsed.quoted.payload);
	parsed.source_port = reader_be16(&quoted);
	parsed.destination_port = reader_be16(&quoted);
	parsed.sequence = reader_be32(&quoted);
	if (!reader_ok(&quoted)) {
		return ERR_MALFORMED;
	}
	*out = parsed;
	return 0;
}
