/* netlink.c - frames of a length and a type, each padded to four bytes. */
#include "formats/netlink.h"

#include "base/error.h"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/inet_diag.h>
#include <linux/neighbour.h>
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
	size_t size;

	if (message->type != SOCK_DIAG_BY_FAMILY) {
		return ERR_UNSUPPORTED;
	}
	/* struct inet_diag_msg */
	socket.family = reader_u8(&r);
	socket.state = reader_u8(&r);
	(void)host16(&r); /* timer, retransmissions */
	socket.source_port = reader_be16(&r);
	socket.destination_port = reader_be16(&r);
	size = socket.family == AF_INET ? V4_SIZE : V6_SIZE;
	socket.source = span_first(reader_bytes(&r, V6_SIZE), size);
	socket.destination = span_first(reader_bytes(&r, V6_SIZE), size);
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

static size_t address_size(uint8_t family)
{
	return family == AF_INET ? V4_SIZE : V6_SIZE;
}

static bool is_address(struct span value)
{
	return value.len == V4_SIZE || value.len == V6_SIZE;
}

/* struct rtvia: a gateway of another family than the route's. */
static struct span via_of(struct span value)
{
	return span_after(value, sizeof(uint16_t));
}

static bool take_route_attribute(const struct netlink_attribute *attribute,
				 struct netlink_route *out)
{
	bool is_good = true;

	switch (attribute->type) {
	case RTA_DST:
		out->destination = attribute->value;
		is_good = attribute->value.len == address_size(out->family);
		break;
	case RTA_GATEWAY:
		out->gateway = attribute->value;
		is_good = attribute->value.len == address_size(out->family);
		break;
	case RTA_VIA:
		out->gateway = via_of(attribute->value);
		is_good = is_address(out->gateway);
		break;
	case RTA_OIF:
		out->interface = value32(attribute->value, &is_good);
		break;
	case RTA_PRIORITY:
		out->metric = value32(attribute->value, &is_good);
		break;
	case RTA_TABLE:
		out->table = value32(attribute->value, &is_good);
		break;
	case RTA_MULTIPATH:
		out->hops = attribute->value;
		break;
	default:
		break;
	}
	return is_good;
}

int netlink_route_parse(const struct netlink_message *message, struct netlink_route *out)
{
	struct reader r = reader_over(message->payload);
	struct netlink_route route = { .is_removed = message->type == RTM_DELROUTE };
	struct netlink_attributes it;
	struct netlink_attribute attribute;

	if (message->type != RTM_NEWROUTE && message->type != RTM_DELROUTE) {
		return ERR_UNSUPPORTED;
	}
	/* struct rtmsg */
	route.family = reader_u8(&r);
	route.prefix_length = reader_u8(&r);
	(void)host16(&r); /* length of the source, type of service */
	route.table = reader_u8(&r);
	route.protocol = reader_u8(&r);
	route.scope = reader_u8(&r);
	route.type = reader_u8(&r);
	route.is_cloned = (host32(&r) & RTM_F_CLONED) != 0;
	if (!reader_ok(&r)) {
		return ERR_MALFORMED;
	}
	if (route.family != AF_INET && route.family != AF_INET6) {
		return ERR_UNSUPPORTED;
	}
	it = netlink_attributes_over(reader_rest(&r));
	while (netlink_attributes_next(&it, &attribute)) {
		if (!take_route_attribute(&attribute, &route)) {
			return ERR_MALFORMED;
		}
	}
	if (it.is_malformed || route.prefix_length > 8 * address_size(route.family)) {
		return ERR_MALFORMED;
	}
	*out = route;
	return 0;
}

struct netlink_hops netlink_hops_over(const struct netlink_route *route)
{
	return (struct netlink_hops){ .rest = reader_over(route->hops),
				      .only = { route->gateway, route->interface },
				      .has_only = route->hops.len == 0 };
}

static bool take_hop_attributes(struct span bytes, struct netlink_hop *out)
{
	struct netlink_attributes it = netlink_attributes_over(bytes);
	struct netlink_attribute attribute;

	while (netlink_attributes_next(&it, &attribute)) {
		if (attribute.type == RTA_GATEWAY) {
			out->gateway = attribute.value;
		} else if (attribute.type == RTA_VIA) {
			out->gateway = via_of(attribute.value);
		}
	}
	return !it.is_malformed && (out->gateway.len == 0 || is_address(out->gateway));
}

bool netlink_hops_next(struct netlink_hops *it, struct netlink_hop *out)
{
	const size_t header = sizeof(struct rtnexthop);
	struct netlink_hop hop = { .interface = 0 };
	uint16_t len;

	if (it->has_only) {
		it->has_only = false;
		*out = it->only;
		return true;
	}
	if (reader_left(&it->rest) == 0) {
		return false;
	}
	/* struct rtnexthop */
	len = host16(&it->rest);
	(void)host16(&it->rest); /* flags, weight */
	hop.interface = host32(&it->rest);
	if (len < header) {
		reader_fail(&it->rest);
	}
	if (!take_hop_attributes(reader_bytes(&it->rest, len - header), &hop) ||
	    !reader_ok(&it->rest)) {
		reader_fail(&it->rest);
		it->is_malformed = true;
		return false;
	}
	skip_padding(&it->rest, len);
	*out = hop;
	return true;
}

const char *netlink_protocol_name(uint8_t protocol)
{
	static const char *const names[] = {
		[RTPROT_UNSPEC] = "unspec",
		[RTPROT_REDIRECT] = "redirect",
		[RTPROT_KERNEL] = "kernel",
		[RTPROT_BOOT] = "boot",
		[RTPROT_STATIC] = "static",
		[RTPROT_GATED] = "gated",
		[RTPROT_RA] = "ra",
		[RTPROT_MRT] = "mrt",
		[RTPROT_ZEBRA] = "zebra",
		[RTPROT_BIRD] = "bird",
		[RTPROT_DNROUTED] = "dnrouted",
		[RTPROT_XORP] = "xorp",
		[RTPROT_NTK] = "ntk",
		[RTPROT_DHCP] = "dhcp",
		[18] = "keepalived",
		[RTPROT_BABEL] = "babel",
		[RTPROT_BGP] = "bgp",
		[RTPROT_ISIS] = "isis",
		[RTPROT_OSPF] = "ospf",
		[RTPROT_RIP] = "rip",
		[RTPROT_EIGRP] = "eigrp",
	};

	return protocol < COUNT_OF(names) ? names[protocol] : NULL;
}

const char *netlink_route_type_name(uint8_t type)
{
	static const char *const names[] = {
		[RTN_UNSPEC] = "unspec",
		[RTN_UNICAST] = "unicast",
		[RTN_LOCAL] = "local",
		[RTN_BROADCAST] = "broadcast",
		[RTN_ANYCAST] = "anycast",
		[RTN_MULTICAST] = "multicast",
		[RTN_BLACKHOLE] = "blackhole",
		[RTN_UNREACHABLE] = "unreachable",
		[RTN_PROHIBIT] = "prohibit",
		[RTN_THROW] = "throw",
		[RTN_NAT] = "nat",
	};

	return type < COUNT_OF(names) ? names[type] : NULL;
}

int netlink_neighbour_parse(const struct netlink_message *message, struct netlink_neighbour *out)
{
	struct reader r = reader_over(message->payload);
	struct netlink_neighbour neighbour = { .is_removed = message->type == RTM_DELNEIGH };
	struct netlink_attributes it;
	struct netlink_attribute attribute;

	if (message->type != RTM_NEWNEIGH && message->type != RTM_DELNEIGH) {
		return ERR_UNSUPPORTED;
	}
	/* struct ndmsg */
	neighbour.family = reader_u8(&r);
	(void)reader_bytes(&r, 3); /* padding */
	neighbour.interface = host32(&r);
	neighbour.state = host16(&r);
	(void)host16(&r); /* flags, type */
	if (!reader_ok(&r)) {
		return ERR_MALFORMED;
	}
	if (neighbour.family != AF_INET && neighbour.family != AF_INET6) {
		return ERR_UNSUPPORTED;
	}
	it = netlink_attributes_over(reader_rest(&r));
	while (netlink_attributes_next(&it, &attribute)) {
		if (attribute.type == NDA_DST) {
			neighbour.address = attribute.value;
		} else if (attribute.type == NDA_LLADDR) {
			neighbour.mac = attribute.value;
		}
	}
	if (it.is_malformed || neighbour.address.len != address_size(neighbour.family) ||
	    neighbour.mac.len > MAC_SIZE_MAX) {
		return ERR_MALFORMED;
	}
	*out = neighbour;
	return 0;
}
