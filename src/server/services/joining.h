/*
 * joining.h - whether what a scan found at an address is a machine that is known already: a pure
 * judgement.
 *
 * Two machines taken for one is worse than one taken for two: where evidence is missing, shared or
 * contradicts itself, nothing is joined. docs/scanning-inventory.md states every rule.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order of the words of the column `evidence`. */
enum join_evidence {
	JOIN_NOTHING,
	JOIN_ADDRESS, /* nothing else is known at the address */
	JOIN_LISTENERS,
	JOIN_CERTIFICATE,
	JOIN_HOST_KEY,
	JOIN_MAC,
	JOIN_OPERATOR,
	JOIN_EVIDENCES
};

/* "mac", "host-key", ...; "" for nothing. */
const char *join_evidence_name(enum join_evidence evidence);

/* What speaks for an agent's machine being the one at the address. */
struct join_candidate {
	uint32_t asset;
	bool is_split;         /* an operator said that it is not */
	bool has_address;      /* it says that it has the address */
	bool has_mac;          /* and the MAC that was seen there */
	bool is_mac_another;   /* a MAC was seen there, and it has others */
	bool has_host_key;     /* its SSH server has the key that was shown there */
	bool has_certificate;  /* it alone serves the certificate that was shown there */
	bool do_listeners_fit; /* something is open there, and it listens on all of it */
};

struct joining {
	uint32_t asset; /* 0: none of them */
	enum join_evidence evidence;
	int confidence; /* percent */
};

/* The one with the best evidence; none where two have the same. */
struct joining join_judge(const struct join_candidate *candidates, size_t count);

/* Another address where scans found a machine without an agent. */
struct join_neighbour {
	uint32_t asset;
	bool is_split;
	bool is_live;      /* something answers there now */
	bool is_ipv6;      /* the address is of this family */
	bool has_mac;      /* the same one was seen there */
	bool has_host_key; /* the same one was shown there */
};

/* Whether a machine that was found elsewhere moved here, or has this address too. macs, keys: at
 * how many live addresses the same MAC, the same key is seen: what many have identifies none. */
struct joining join_judge_neighbours(const struct join_neighbour *neighbours, size_t count,
				     bool is_ipv6, unsigned macs, unsigned keys);
