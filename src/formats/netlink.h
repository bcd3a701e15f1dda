/*
 * netlink.h - messages of the kernel (netlink(7), rtnetlink(7), sock_diag(7)) and
 * uevents. Numbers are in the machine's own byte order.
 *
 * Everything borrows from the received bytes. A message or attribute that does not
 * fit its frame ends the walk with is_malformed set.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"

struct netlink_message {
	uint16_t type;
	uint16_t flags;
	uint32_t sequence;
	uint32_t port;
	struct span payload;
};

struct netlink_iterator {
	struct reader rest;
	bool is_malformed;
};

struct netlink_iterator netlink_over(struct span datagram);

/* The next message; false at the end. */
bool netlink_next(struct netlink_iterator *it, struct netlink_message *out);

/* The errno of an NLMSG_ERROR or NLMSG_DONE message, 0 for an acknowledgement.
 * ERR_MALFORMED, or ERR_UNSUPPORTED for another type. */
MUST_USE int netlink_error(const struct netlink_message *message, int *errno_out);

struct netlink_attribute {
	uint16_t type; /* without the flag bits for nesting and byte order */
	struct span value;
};

struct netlink_attributes {
	struct reader rest;
	bool is_malformed;
};

struct netlink_attributes netlink_attributes_over(struct span bytes);

/* The next attribute; false at the end. */
bool netlink_attributes_next(struct netlink_attributes *it, struct netlink_attribute *out);

struct netlink_link {
	bool is_removed;      /* RTM_DELLINK */
	uint16_t device_type; /* ARPHRD_ETHER, ARPHRD_LOOPBACK, ... */
	uint32_t index;
	uint32_t flags; /* IFF_UP, ... */
	struct span name;
	struct span kind; /* veth, bridge, vlan, ...; empty for plain devices */
	struct span mac;
	uint32_t mtu;
	uint8_t state;   /* IF_OPER_UP, ... (RFC 2863), for netlink_state_name() */
	uint32_t master; /* index of the bridge or bond; 0 for none */
};

/* RTM_NEWLINK and RTM_DELLINK; ERR_UNSUPPORTED for other types, ERR_MALFORMED. */
MUST_USE int netlink_link_parse(const struct netlink_message *message, struct netlink_link *out);

/* "up", "down", ... of an operational state; "unknown" for others. */
const char *netlink_state_name(uint8_t state);

struct netlink_address {
	bool is_removed; /* RTM_DELADDR */
	uint8_t family;  /* AF_INET, AF_INET6 */
	uint8_t prefix_length;
	uint8_t scope; /* RT_SCOPE_UNIVERSE, ..., for netlink_scope_name() */
	uint32_t index;
	struct span address; /* 4 or 16 bytes in network order; the local one of a pair */
};

/* RTM_NEWADDR and RTM_DELADDR of IPv4 and IPv6; ERR_UNSUPPORTED for others, ERR_MALFORMED. */
MUST_USE int netlink_address_parse(const struct netlink_message *message,
				   struct netlink_address *out);

/* "global", "site", "link", "host", "nowhere" of a scope; "other" for other numbers. */
const char *netlink_scope_name(uint8_t scope);

struct netlink_socket {
	uint8_t family;
	uint8_t state;      /* 10 is TCP_LISTEN */
	struct span source; /* 4 or 16 bytes in network order, by family */
	struct span destination;
	uint16_t source_port;
	uint16_t destination_port;
	uint32_t interface; /* 0 where not bound to one */
	uint32_t uid;
	uint32_t inode;
	bool is_v6_only; /* an IPv6 socket that takes no IPv4 (INET_DIAG_SKV6ONLY) */
};

/* inet_diag_msg of a SOCK_DIAG_BY_FAMILY answer; ERR_UNSUPPORTED for other types, ERR_MALFORMED. */
MUST_USE int netlink_socket_parse(const struct netlink_message *message,
				  struct netlink_socket *out);

struct netlink_route {
	bool is_removed; /* RTM_DELROUTE */
	bool is_cloned;  /* a cached one, not of the table */
	uint8_t family;  /* AF_INET, AF_INET6 */
	uint8_t prefix_length;
	uint8_t protocol; /* RTPROT_*, for netlink_protocol_name() */
	uint8_t scope;    /* for netlink_scope_name() */
	uint8_t type;     /* RTN_*, for netlink_route_type_name() */
	uint32_t table;   /* 254 main, 255 local */
	uint32_t metric;
	struct span destination; /* 4 or 16 bytes; empty for the default route */
	struct span gateway;     /* 4 or 16 bytes, maybe of the other family; empty where none */
	uint32_t interface;      /* 0 where the kernel names none */
	struct span hops;        /* of a route with several hops, for netlink_hops_over() */
};

/* RTM_NEWROUTE and RTM_DELROUTE of IPv4 and IPv6; ERR_UNSUPPORTED for others, ERR_MALFORMED. */
MUST_USE int netlink_route_parse(const struct netlink_message *message, struct netlink_route *out);

struct netlink_hop {
	struct span gateway; /* as in struct netlink_route */
	uint32_t interface;
};

struct netlink_hops {
	struct reader rest;
	struct netlink_hop only; /* of a route with one hop */
	bool has_only;
	bool is_malformed;
};

/* A route's hops: one, or those of RTA_MULTIPATH. */
struct netlink_hops netlink_hops_over(const struct netlink_route *route);

/* The next hop; false at the end. */
bool netlink_hops_next(struct netlink_hops *it, struct netlink_hop *out);

/* "kernel", "boot", "static", "dhcp", "ra", ... as iproute2 names them; NULL for other numbers. */
const char *netlink_protocol_name(uint8_t protocol);

/* "unicast", "blackhole", "local", ...; NULL for other numbers. */
const char *netlink_route_type_name(uint8_t type);

struct netlink_neighbour {
	bool is_removed; /* RTM_DELNEIGH */
	uint8_t family;
	uint16_t state; /* NUD_REACHABLE, ... */
	uint32_t interface;
	struct span address; /* 4 or 16 bytes in network order */
	struct span mac;     /* empty where not known */
};

/* RTM_NEWNEIGH and RTM_DELNEIGH of IPv4 and IPv6; ERR_UNSUPPORTED for others, ERR_MALFORMED. */
MUST_USE int netlink_neighbour_parse(const struct netlink_message *message,
				     struct netlink_neighbour *out);
