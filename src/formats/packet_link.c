/* packet_link.c - fixed fields in a fixed order. */
#include "formats/packet_link.h"

#include "base/error.h"

enum {
	TYPE_VLAN = 0x8100,
	TYPE_SERVICE_VLAN = 0x88a8,
	TYPE_MIN = 0x600, /* below: an 802.3 length */
	ARP_ETHERNET = 1,
	ARP_REPLY = 2,
	MAC_SIZE = 6,
	NDP_ADVERTISEMENT = 136,
	NDP_TARGET_ADDRESS = 2, /* option: target link-layer address */
};

int packet_frame_parse(struct span frame, struct packet_frame *out)
{
	struct reader r = reader_over(frame);
	struct packet_frame parsed = { 0 };
	unsigned tags = 0;

	parsed.destination = reader_bytes(&r, MAC_SIZE);
	parsed.source = reader_bytes(&r, MAC_SIZE);
	parsed.type = reader_be16(&r);
	while (parsed.type == TYPE_VLAN || parsed.type == TYPE_SERVICE_VLAN) {
		if (++tags > PACKET_VLAN_TAGS_MAX) {
			return ERR_LIMIT;
		}
		(void)reader_be16(&r); /* priority and number */
		parsed.type = reader_be16(&r);
	}
	parsed.payload = reader_rest(&r);
	if (!reader_ok(&r) || parsed.type < TYPE_MIN) {
		return ERR_MALFORMED;
	}
	*out = parsed;
	return 0;
}

int packet_arp_parse(struct span payload, struct packet_neighbour *out)
{
	struct reader r = reader_over(payload);
	uint16_t hardware = reader_be16(&r);
	uint16_t protocol = reader_be16(&r);
	uint8_t hardware_size = reader_u8(&r);
	uint8_t protocol_size = reader_u8(&r);
	uint16_t operation = reader_be16(&r);
	struct packet_neighbour parsed = { 0 };

	parsed.mac = reader_bytes(&r, MAC_SIZE);
	parsed.address = reader_bytes(&r, 4);
	(void)reader_bytes(&r, MAC_SIZE + 4);
	if (!reader_ok(&r)) {
		return ERR_MALFORMED;
	}
	if (hardware != ARP_ETHERNET || protocol != PACKET_TYPE_IPV4 || hardware_size != MAC_SIZE ||
	    protocol_size != 4 || operation != ARP_REPLY) {
		return ERR_UNSUPPORTED;
	}
	*out = parsed;
	return 0;
}

int packet_advertisement_parse(struct span icmp, struct packet_neighbour *out)
{
	struct reader r = reader_over(icmp);
	struct packet_neighbour parsed = { .is_v6 = true };
	uint8_t type = reader_u8(&r);
	uint8_t code = reader_u8(&r);

	(void)reader_bytes(&r, 6); /* checksum, flags */
	parsed.address = reader_bytes(&r, 16);
	if (!reader_ok(&r)) {
		return ERR_MALFORMED;
	}
	if (type != NDP_ADVERTISEMENT || code != 0) {
		return ERR_UNSUPPORTED;
	}
	while (reader_left(&r) > 0) {
		uint8_t option = reader_u8(&r);
		size_t size = 8u * reader_u8(&r); /* the two bytes counted */
		struct span value = reader_bytes(&r, size >= 8 ? size - 2 : SIZE_MAX);

		if (!reader_ok(&r)) {
			return ERR_MALFORMED;
		}
		if (option == NDP_TARGET_ADDRESS && size == 8) {
			parsed.mac = value;
		}
	}
	*out = parsed;
	return 0;
}
