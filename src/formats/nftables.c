/*
 * nftables.c - messages are struct nfgenmsg and attributes; a rule's expressions a list of names
 * with attributes of their own.
 */
#include "formats/nftables.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "base/error.h"
#include "formats/nftables_text.h"

#define MESSAGE(type) (NFNL_SUBSYS_NFTABLES << 8 | (type))

/* A text's NUL is not part of it. */
static struct span text_of(struct span value)
{
	return span_first(value, span_find(value, 0));
}

static uint32_t be32_of(struct span value, bool *is_good)
{
	struct reader r = reader_over(value);
	uint32_t number = reader_be32(&r);

	*is_good = *is_good && reader_done(&r);
	return number;
}

static struct netlink_attributes attributes_of(const struct netlink_message *message,
					       uint8_t *out_family, bool *is_good)
{
	struct reader r = reader_over(message->payload);

	*out_family = reader_u8(&r);
	(void)reader_u8(&r);   /* version */
	(void)reader_be16(&r); /* resource */
	*is_good = reader_ok(&r);
	return netlink_attributes_over(reader_rest(&r));
}

static void take_hook(struct span value, struct nftables_chain *chain, bool *is_good)
{
	struct netlink_attributes it = netlink_attributes_over(value);
	struct netlink_attribute attribute;

	chain->has_hook = true;
	while (netlink_attributes_next(&it, &attribute)) {
		if (attribute.type == NFTA_HOOK_HOOKNUM) {
			chain->hook = be32_of(attribute.value, is_good);
		} else if (attribute.type == NFTA_HOOK_PRIORITY) {
			chain->priority = (int32_t)be32_of(attribute.value, is_good);
		}
	}
	*is_good = *is_good && !it.is_malformed;
}

int nftables_chain_parse(const struct netlink_message *message, struct nftables_chain *out)
{
	struct nftables_chain chain = { 0 };
	struct netlink_attribute attribute;
	bool is_good;
	struct netlink_attributes it = attributes_of(message, &chain.family, &is_good);

	if (message->type != MESSAGE(NFT_MSG_NEWCHAIN)) {
		return ERR_UNSUPPORTED;
	}
	while (is_good && netlink_attributes_next(&it, &attribute)) {
		switch (attribute.type) {
		case NFTA_CHAIN_TABLE:
			chain.table = text_of(attribute.value);
			break;
		case NFTA_CHAIN_NAME:
			chain.name = text_of(attribute.value);
			break;
		case NFTA_CHAIN_TYPE:
			chain.type = text_of(attribute.value);
			break;
		case NFTA_CHAIN_HOOK:
			take_hook(attribute.value, &chain, &is_good);
			break;
		case NFTA_CHAIN_POLICY:
			chain.has_policy = true;
			chain.is_drop = be32_of(attribute.value, &is_good) == NF_DROP;
			break;
		default:
			break;
		}
	}
	if (!is_good || it.is_malformed || chain.table.len == 0 || chain.name.len == 0) {
		return ERR_MALFORMED;
	}
	*out = chain;
	return 0;
}

int nftables_rule_parse(const struct netlink_message *message, struct nftables_rule *out)
{
	struct nftables_rule rule = { 0 };
	struct netlink_attribute attribute;
	bool is_good;
	struct netlink_attributes it = attributes_of(message, &rule.family, &is_good);

	if (message->type != MESSAGE(NFT_MSG_NEWRULE)) {
		return ERR_UNSUPPORTED;
	}
	while (is_good && netlink_attributes_next(&it, &attribute)) {
		if (attribute.type == NFTA_RULE_TABLE) {
			rule.table = text_of(attribute.value);
		} else if (attribute.type == NFTA_RULE_CHAIN) {
			rule.chain = text_of(attribute.value);
		} else if (attribute.type == NFTA_RULE_EXPRESSIONS) {
			rule.expressions = attribute.value;
		}
	}
	if (!is_good || it.is_malformed || rule.table.len == 0 || rule.chain.len == 0) {
		return ERR_MALFORMED;
	}
	*out = rule;
	return 0;
}

static void hash_number(struct sha256 *hash, size_t number)
{
	uint8_t bytes[4];
	struct writer w = writer_over(bytes, sizeof bytes);

	writer_be32(&w, (uint32_t)number);
	sha256_add(hash, writer_span(&w));
}

static void hash_text(struct sha256 *hash, struct span text)
{
	hash_number(hash, text.len);
	sha256_add(hash, text);
}

/* What an expression counts changes by itself. */
static bool is_counted(struct span name, uint16_t attribute)
{
	return (span_is(name, "quota") && attribute == NFTA_QUOTA_CONSUMED) ||
	       (span_is(name, "last") && attribute != 0);
}

static void hash_expression(struct sha256 *hash, struct span name, struct span data)
{
	struct netlink_attributes it = netlink_attributes_over(data);
	struct netlink_attribute attribute;

	hash_text(hash, name);
	while (netlink_attributes_next(&it, &attribute)) {
		if (!is_counted(name, attribute.type)) {
			hash_number(hash, attribute.type);
			hash_text(hash, attribute.value);
		}
	}
}

bool nftables_expressions_next(struct netlink_attributes *it, struct span *out_name,
			       struct span *out_data)
{
	struct netlink_attribute element;
	struct netlink_attribute part;
	struct netlink_attributes parts;

	if (!netlink_attributes_next(it, &element)) {
		return false;
	}
	*out_name = *out_data = (struct span){ NULL, 0 };
	parts = netlink_attributes_over(element.value);
	while (netlink_attributes_next(&parts, &part)) {
		if (part.type == NFTA_EXPR_NAME) {
			*out_name = text_of(part.value);
		} else if (part.type == NFTA_EXPR_DATA) {
			*out_data = part.value;
		}
	}
	return true;
}

void nftables_rule_hash(const struct nftables_rule *rule, struct sha256 *hash)
{
	struct netlink_attributes it = netlink_attributes_over(rule->expressions);
	struct span name;
	struct span data;

	while (nftables_expressions_next(&it, &name, &data)) {
		if (!span_is(name, "counter")) {
			hash_expression(hash, name, data);
		}
	}
	hash_text(hash, span_of("")); /* the rule's end: no expression is without a name */
}

const char *nftables_family_name(uint8_t family)
{
	switch (family) {
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_ARP:
		return "arp";
	case NFPROTO_BRIDGE:
		return "bridge";
	case NFPROTO_NETDEV:
		return "netdev";
	default:
		return "other";
	}
}

const char *nftables_hook_name(uint8_t family, uint32_t hook)
{
	static const char *const internet[] = { "prerouting", "input",       "forward",
						"output",     "postrouting", "ingress" };
	static const char *const arp[] = { "input", "output", "forward" };
	static const char *const device[] = { "ingress", "egress" };

	switch (family) {
	case NFPROTO_ARP:
		return hook < COUNT_OF(arp) ? arp[hook] : "other";
	case NFPROTO_NETDEV:
		return hook < COUNT_OF(device) ? device[hook] : "other";
	default:
		return hook < COUNT_OF(internet) ? internet[hook] : "other";
	}
}
