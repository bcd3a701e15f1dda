/* netlink.c - frames of a length and a type, each padded to four bytes. */
#include "formats/netlink.h"

#include "base/error.h"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#define MESSAGE_HEADER   16
#define ATTRIBUTE_HEADER 4
#define V4_SIZE          4
#define V6_SIZE          16
#define MAC_SIZE_MAX     32 /* MAX_ADDR_LEN of the kernel */

static uint16_t host16(struct reader *r)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return reader_le16(r);
#else
	return reader_be16(r);
#endif
}

static uint32_t host32(struct reader *r)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return reader_le32(r);
#else
	return reader_be32(r);
#endif
}

/* A number that is an attribute's whole value; fails the reader otherwise. */
static uint32_t value32(struct span value, bool *is_good)
{
	struct reader r = reader_over(value);
	uint32_t number = host32(&r);

	*is_good = *is_good && reader_done(&r);
	return number;
}

/* The last frame may lack its padding. */
static void skip_padding(struct reader *r, size_t len)
{
	size_t padding = (4 - len % 4) % 4;

	(void)reader_bytes(r, padding < reader_left(r) ? padding : reader_left(r));
}

struct netlink_iterator netlink_over(struct span datagram)
{
	return (struct netlink_iterator){ .rest = reader_over(datagram) };
}

bool netlink_next(struct netlink_iterator *it, struct netlink_message *out)
{
	struct netlink_message message;
	uint32_t len;

	if (reader_left(&it->rest) == 0) {
		return false;
	}
	len = host32(&it->rest);
	message.type = host16(&it->rest);
	message.flags = host16(&it->rest);
	message.sequence = host32(&it->rest);
	message.port = host32(&it->rest);
	if (len < MESSAGE_HEADER) {
		reader_fail(&it->rest);
	}
	message.payload = reader_bytes(&it->rest, len - MESSAGE_HEADER);
	if (!reader_ok(&it->rest)) {
		it->is_malformed = true;
		return false;
	}
	skip_padding(&it->rest, len);
	*out = message;
	return true;
}

int netlink_error(const struct netlink_message *message, int *errno_out)
{
	struct reader r = reader_over(message->payload);
	int64_t error;

	if (message->type != NLMSG_ERROR && message->type != NLMSG_DONE) {
		return ERR_UNSUPPORTED;
	}
	if (message->type == NLMSG_DONE && reader_left(&r) == 0) {
		*errno_out = 0;
		return 0;
	}
	error = (int32_t)host32(&r); /* negative errno */
	if (!reader_ok(&r) || error > 0 || error < -4095) {
		return ERR_MALFORMED;
	}
	*errno_out = (int)-error;
	return 0;
}

struct netlink_attributes netlink_attributes_over(struct span bytes)
{
	return (struct netlink_attributes){ .rest = reader_over(bytes) };
}

bool netlink_attributes_next(struct netlink_attributes *it, struct netlink_attribute *out)
{
	struct netlink_attribute attribute;
	uint16_t len;

	if (reader_left(&it->rest) == 0) {
		return false;
	}
	len = host16(&it->rest);
	attribute.type = host16(&it->rest) & NLA_TYPE_MASK;
	if (len < ATTRIBUTE_HEADER) {
		reader_fail(&it->rest);
	}
	attribute.value = reader_bytes(&it->rest, (size_t)len - ATTRIBUTE_HEADER);
	if (!reader_ok(&it->rest)) {
		it->is_malformed = true;
		return false;
	}
	skip_padding(&it->rest, len);
	*out = attribute;
	return true;
}

/* Texts end in a NUL, which is not part of them. */
static struct span text_of(struct span value)
{
	return span_first(value, span_find(value, 0));
}

/* IFLA_LINKINFO holds attributes of its own. */
static struct span kind_of(struct span linkinfo, bool *is_good)
{
	struct netlink_attributes it = netlink_attributes_over(linkinfo);
	struct netlink_attribute attribute;
	struct span kind = { NULL, 0 };

	while (netlink_attributes_next(&it, &attribute)) {
		if (attribute.type == IFLA_INFO_KIND) {
			kind = text_of(attribute.value);
		}
	}
	*is_good = *is_good && !it.is_malformed;
	return kind;
}

static bool take_link_attribute(const struct netlink_attribute *attribute, struct netlink_link *out)
{
	bool is_good = true;

	switch (attribute->type) {
	case IFLA_IFNAME:
		out->name = text_of(attribute->value);
		break;
	case IFLA_ADDRESS:
		out->mac = attribute->value;
		is_good = attribute->value.len <= MAC_SIZE_MAX;
		break;
	case IFLA_MTU:
		out->mtu = value32(attribute->value, &is_good);
		break;
	case IFLA_MASTER:
		out->master = value32(attribute->value, &is_good);
		break;
	case IFLA_OPERSTATE:
		is_good = attribute->value.len == 1;
		out->state = is_good ? attribute->value.ptr[0] : 0;
		break;
	case IFLA_LINKINFO:
		out->kind = kind_of(attribute->value, &is_good);
		break;
	default:
		break;
	}
	return is_good;
}

int netlink_link_parse(const struct netlink_message *message, struct netlink_link *out)
{
	struct reader r = reader_over(message->payload);
	struct netlink_link link = { .is_removed = message->type == RTM_DELLINK };
	struct netlink_attributes it;
	struct netlink_attribute attribute;
	uint8_t family;

	if (message->type != RTM_NEWLINK && message->type != RTM_DELLINK) {
		return ERR_UNSUPPORTED;
	}
	/* struct ifinfomsg */
	family = reader_u8(&r);
	(void)reader_u8(&r);
	link.device_type = host16(&r);
	link.index = host32(&r);
	link.flags = host32(&r);
	(void)host32(&r); /* which flags changed */
	if (!reader_ok(&r)) {
		return ERR_MALFORMED;
	}
	if (family != AF_UNSPEC) { /* a bridge speaking of its port: "removed" is from the bridge */
		return ERR_UNSUPPORTED;
	}
	it = netlink_attributes_over(reader_rest(&r));
	while (netlink_attributes_next(&it, &attribute)) {
		if (!take_link_attribute(&attribute, &link)) {
			return ERR_MALFORMED;
		}
	}
	if (it.is_malformed) {
		return ERR_MALFORMED;
	}
	*out = link;
	return 0;
}

const char *netlink_state_name(uint8_t state)
{
	static const char *const names[] = {
		[IF_OPER_UNKNOWN] = "unknown", [IF_OPER_NOTPRESENT] = "notpresent",
		[IF_OPER_DOWN] = "down",       [IF_OPER_LOWERLAYERDOWN] = "lowerlayerdown",
		[IF_OPER_TESTING] = "testing", [IF_OPER_DORMANT] = "dormant",
		[IF_OPER_UP] = "up",
	};

	return state < COUNT_OF(names) ? names[state] : "unknown";
}

int netlink_address_parse(const struct netlink_message *message, struct netlink_address *out)
{
	struct reader r = reader_over(message->payload);
	struct netlink_address address = { .is_removed = message->type == RTM_DELADDR };
	struct netlink_attributes it;
	struct netlink_attribute attribute;
	struct span peer = { NULL, 0 }; /* IFA_ADDRESS; the only one of IPv6 */

	if (message->type != RTM_NEWADDR && message->type != RTM_DELADDR) {
		return ERR_UNSUPPORTED;
	}
	/* struct ifaddrmsg */
	address.family = reader_u8(&r);
	address.prefix_length = reader_u8(&r);
	(void)reader_u8(&r); /* flags */
	address.scope = reader_u8(&r);
	address.index = host32(&r);
	if (!reader_ok(&r)) {
		return ERR_MALFORMED;
	}
	if (address.family != AF_INET && address.family != AF_INET6) {
		return ERR_UNSUPPORTED;
	}
	it = netlink_attributes_over(reader_rest(&r));
	while (netlink_attributes_next(&it, &attribute)) {
		if (attribute.type == IFA_LOCAL) {
			address.address = attribute.value;
		} else if (attribute.type == IFA_ADDRESS) {
			peer = attribute.value;
		}
	}
	if (address.address.len == 0) {
		address.address = peer;
	}
	if (it.is_malformed ||
	    address.address.len != (address.family == AF_INET ? V4_SIZE : V6_SIZE) ||
	    address.prefix_length > address.address.len * 8) {
		return ERR_MALFORMED;
	}
	*out = address;
	return 0;
}

const char *netlink_scope_name(uint8_t scope)
{
	switch (scope) {
	case RT_SCOPE_UNIVERSE:
		return "global";
	case RT_SCOPE_SITE:
		return "site";
	case RT_SCOPE_LINK:
		return "link";
	case RT_SCOPE_HOST:
		return "host";
	case RT_SCOPE_NOWHERE:
		return "nowhere";
	default:
		return "other";
	}
}

int netlink_socket_parse(const struct netlink_message *message, struct netlink_socket *out)
{
	struct reader r = reader_over(message->payload);
	struct netlink_socket socket = { 0 };
	struct netlink_attributes it;
	struct netlink_attribute attribute;
	size_t address_size;

	if (message->type != SOCK_DIAG_BY_FAMILY) {
		return ERR_UNSUPPORTED;
	}
	/* struct inet_diag_msg */
	socket.family = reader_u8(&r);
	socket.state = reader_u8(&r);
	(void)host16(&r); /* timer, retransmissions */
	socket.source_port = reader_be16(&r);
	socket.destination_port = reader_be16(&r);
	address_size = socket.family == AF_INET ? V4_SIZE : V6_SIZE;
	socket.source = span_first(reader_bytes(&r, V6_SIZE), address_size);
	socket.destination = span_first(reader_bytes(&r, V6_SIZE), address_size);
	socket.interface = host32(&r);
	(void)reader_bytes(&r, 8 + 12); /* cookie; expiry and queues */
	socket.uid = host32(&r);
	socket.inode = host32(&r);
	if (!reader_ok(&r)) {
		return ERR_MALFORMED;
	}
	if (socket.family != AF_INET && socket.family != AF_INET6) {
		return ERR_UNSUPPORTED;
	}
	it = netlink_attributes_over(reader_rest(&r));
	while (netlink_attributes_next(&it, &attribute)) {
		if (attribute.type == INET_DIAG_SKV6ONLY) {
			socket.is_v6_only = attribute.value.len > 0 && attribute.value.ptr[0] != 0;
		}
	}
	if (it.is_malformed) {
		return ERR_MALFORMED;
	}
	*out = socket;
	return 0;
}
