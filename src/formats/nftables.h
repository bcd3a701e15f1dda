/*
 * nftables.h - chains and rules of nftables as the kernel tells them (linux/netfilter/nf_tables.h).
 *
 * Numbers in nftables' attributes are in network order. Everything borrows from the message. A
 * rule's text is for people and near to what nft(8) prints; a rule's hash is over what the kernel
 * told, so that nothing that the text does not know escapes it.
 */
#pragma once

#include "base/attr.h"
#include "base/sha256.h"
#include "base/writer.h"
#include "formats/netlink.h"

struct nftables_chain {
	uint8_t family; /* for nftables_family_name() */
	struct span table;
	struct span name;
	struct span type; /* filter, nat, route; empty where no hook leads here */
	bool has_hook;
	uint32_t hook; /* for nftables_hook_name() */
	int32_t priority;
	bool has_policy;
	bool is_drop; /* the policy, else accept */
};

/* NFT_MSG_NEWCHAIN; ERR_UNSUPPORTED for other types, ERR_MALFORMED. */
MUST_USE int nftables_chain_parse(const struct netlink_message *message,
				  struct nftables_chain *out);

struct nftables_rule {
	uint8_t family;
	struct span table;
	struct span chain;
	struct span expressions; /* NFTA_RULE_EXPRESSIONS */
};

/* NFT_MSG_NEWRULE; ERR_UNSUPPORTED for other types, ERR_MALFORMED. */
MUST_USE int nftables_rule_parse(const struct netlink_message *message, struct nftables_rule *out);

/* Adds the rule to a chain's hash: all but its handle, its comment and what it counts. */
void nftables_rule_hash(const struct nftables_rule *rule, struct sha256 *hash);

/* Appends the rule as text. */
void nftables_rule_write(const struct nftables_rule *rule, struct writer *out);

/* "ip", "ip6", "inet", "arp", "bridge", "netdev"; "other". */
const char *nftables_family_name(uint8_t family);

/* "input", "prerouting", "ingress", ... of a family; "other". */
const char *nftables_hook_name(uint8_t family, uint32_t hook);
