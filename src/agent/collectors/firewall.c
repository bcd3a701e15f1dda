/*
 * firewall.c - nftables: a row a chain. What iptables-nft sets up is nftables too; iptables-legacy
 * is not seen.
 *
 * The kernel answers only who has CAP_NET_ADMIN in this network namespace.
 */
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "agent/collectors/table.h"
#include "agent/netlink_dump.h"
#include "base/error.h"
#include "base/text.h"
#include "formats/nftables.h"
#include "schema/schema.h"
#include "sys/alloc.h"

#define CHAINS_MAX    4096
#define CHAIN_BYTES   (64u << 10) /* all names of all chains */
#define TEXT_BYTES    12288       /* the rules of one chain that are told as text */
#define RULE_TEXT_MAX 1024
#define REQUEST_MAX   640

struct firewall_walk {
	struct collection *c;
	uint8_t *names;
	struct writer names_writer;
	struct nftables_chain *chains;
	size_t count;
	/* of the chain at hand */
	const struct nftables_chain *chain;
	struct sha256 hash;
	int64_t rules;
	uint8_t text[TEXT_BYTES];
	struct writer text_writer;
	struct span texts[ROW_LIST_MAX];
	size_t text_count;
};

static void firewall_watch(struct signals *signals)
{
	signals_on_netfilter(signals, TABLE_FIREWALL, NFNLGRP_NFTABLES);
}

static struct span kept(struct firewall_walk *walk, struct span text)
{
	size_t mark = writer_used(&walk->names_writer);

	writer_bytes(&walk->names_writer, text);
	return span_after(writer_span(&walk->names_writer), mark);
}

static void take_chain(void *context, const struct netlink_message *message)
{
	struct firewall_walk *walk = context;
	struct nftables_chain chain;

	if (walk->count == CHAINS_MAX || nftables_chain_parse(message, &chain) != 0) {
		return;
	}
	chain.table = kept(walk, chain.table);
	chain.name = kept(walk, chain.name);
	chain.type = kept(walk, chain.type);
	if (writer_ok(&walk->names_writer)) {
		walk->chains = alloc_resize(walk->chains, walk->count + 1, sizeof *walk->chains);
		walk->chains[walk->count++] = chain;
	}
}

static void take_text(struct firewall_walk *walk, const struct nftables_rule *rule)
{
	uint8_t text[RULE_TEXT_MAX];
	struct writer w = writer_over(text, sizeof text);
	size_t mark = writer_used(&walk->text_writer);

	nftables_rule_write(rule, &w);
	writer_bytes(&walk->text_writer, writer_span(&w)); /* what is too long is cut */
	if (writer_ok(&walk->text_writer) && walk->text_count < ROW_LIST_MAX) {
		walk->texts[walk->text_count++] = span_after(writer_span(&walk->text_writer), mark);
	}
}

static void take_rule(void *context, const struct netlink_message *message)
{
	struct firewall_walk *walk = context;
	struct nftables_rule rule;

	if (nftables_rule_parse(message, &rule) == 0 && rule.family == walk->chain->family &&
	    span_equal(rule.table, walk->chain->table) &&
	    span_equal(rule.chain, walk->chain->name)) {
		nftables_rule_hash(&rule, &walk->hash);
		take_text(walk, &rule);
		walk->rules++;
	}
}

static void emit(struct firewall_walk *walk)
{
	const struct nftables_chain *chain = walk->chain;
	struct row *row = collection_row(walk->c);
	uint8_t sum[SHA256_SIZE];
	char hash[2 * SHA256_SIZE + 1];

	sha256_done(&walk->hash, sum);
	text_to_hex((struct span){ sum, sizeof sum }, hash);
	row_set_text(row, FIREWALL_FAMILY, span_of(nftables_family_name(chain->family)));
	row_set_text(row, FIREWALL_TABLE, chain->table);
	row_set_text(row, FIREWALL_CHAIN, chain->name);
	row_set_text_if_any(row, FIREWALL_TYPE, chain->type);
	if (chain->has_hook) {
		row_set_text(row, FIREWALL_HOOK,
			     span_of(nftables_hook_name(chain->family, chain->hook)));
		row_set_integer(row, FIREWALL_PRIORITY, chain->priority);
	}
	if (chain->has_policy) {
		row_set_text(row, FIREWALL_POLICY, span_of(chain->is_drop ? "drop" : "accept"));
	}
	row_set_integer(row, FIREWALL_RULES, walk->rules);
	row_set_text(row, FIREWALL_HASH, span_of(hash));
	if (walk->text_count > 0) {
		row_set_list(row, FIREWALL_TEXT, walk->texts, walk->text_count);
	}
	collection_emit(walk->c);
}

/* An attribute that holds a text with its NUL, padded to four bytes (netlink(7)). */
static void write_text_attribute(struct writer *w, uint16_t type, struct span text)
{
	struct nlattr head = { .nla_len = (uint16_t)(NLA_HDRLEN + text.len + 1), .nla_type = type };

	writer_bytes(w, (struct span){ (const uint8_t *)&head, sizeof head });
	writer_bytes(w, text);
	do {
		writer_u8(w, 0);
	} while (writer_used(w) % NLA_ALIGNTO != 0);
}

static int dump(struct firewall_walk *walk, uint8_t family, uint16_t type, netlink_taker *take)
{
	const struct nfgenmsg head = { .nfgen_family = family, .version = NFNETLINK_V0 };
	uint8_t body[REQUEST_MAX];
	struct writer w = writer_over(body, sizeof body);

	writer_bytes(&w, (struct span){ (const uint8_t *)&head, sizeof head });
	if (walk->chain != NULL) {
		write_text_attribute(&w, NFTA_RULE_TABLE, walk->chain->table);
		write_text_attribute(&w, NFTA_RULE_CHAIN, walk->chain->name);
	}
	if (!writer_ok(&w)) {
		return ERR_LIMIT;
	}
	return netlink_dump(walk->c->machine->filter_fd,
			    (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), writer_span(&w), take,
			    walk);
}

static int collect_chain(struct firewall_walk *walk, const struct nftables_chain *chain)
{
	int error;

	walk->chain = chain;
	walk->rules = 0;
	walk->text_count = 0;
	walk->text_writer = writer_over(walk->text, sizeof walk->text);
	sha256_init(&walk->hash);
	error = dump(walk, chain->family, NFT_MSG_GETRULE, take_rule);
	if (error == 0) {
		emit(walk);
	}
	return error;
}

static int collect_all(struct firewall_walk *walk)
{
	int error = dump(walk, NFPROTO_UNSPEC, NFT_MSG_GETCHAIN, take_chain);

	for (size_t i = 0; error == 0 && i < walk->count; i++) {
		error = collect_chain(walk, &walk->chains[i]);
	}
	return error;
}

static int firewall_collect(struct collection *c)
{
	struct firewall_walk *walk;
	int error;

	if (!c->machine->is_live) {
		return 0;
	}
	if (c->machine->filter_fd < 0) {
		collection_off(c, "this kernel has no nfnetlink");
		return 0;
	}
	walk = alloc_zeroed(1, sizeof *walk);
	walk->c = c;
	walk->names = alloc_zeroed(1, CHAIN_BYTES);
	walk->names_writer = writer_over(walk->names, CHAIN_BYTES);
	error = collect_all(walk);
	free(walk->chains);
	free(walk->names);
	free(walk);
	if (error == ERR_DENIED) {
		collection_off(
			c, "start the agent with --read-firewall (it then keeps CAP_NET_ADMIN)");
		return 0;
	}
	if (error == ERR_UNSUPPORTED) {
		collection_off(c, "this kernel has no nftables");
		return 0;
	}
	return error;
}

const struct collector collector_firewall = {
	.name = "firewall",
	.summary = "chains and rules of nftables",
	.table = TABLE_FIREWALL,
	.watch = firewall_watch,
	.collect = firewall_collect,
};
