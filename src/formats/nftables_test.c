/* nftables_test.c - messages of a kernel, for rules that nft(8) of Debian 12 had set. */
#include "formats/nftables.h"

#include "base/error.h"
#include "formats/fixture.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct nftables_chain chain_named(const char *name)
{
	struct netlink_iterator it = netlink_over(fixture("formats-nftables/chains"));
	struct netlink_message message;
	struct nftables_chain chain;

	while (netlink_next(&it, &message)) {
		if (nftables_chain_parse(&message, &chain) == 0 && span_is(chain.name, name)) {
			return chain;
		}
	}
	fail_msg("no chain %s", name);
	return chain;
}

static void reads_chains_with_hook_priority_and_policy(void **state)
{
	struct nftables_chain chain = chain_named("input");

	(void)state;
	assert_true(span_is(chain.table, "filter") && span_is(chain.type, "filter"));
	assert_string_equal(nftables_family_name(chain.family), "inet");
	assert_string_equal(nftables_hook_name(chain.family, chain.hook), "input");
	assert_true(chain.has_policy && chain.is_drop && chain.priority == 0);
	chain = chain_named("pre");
	assert_string_equal(nftables_family_name(chain.family), "ip");
	assert_string_equal(nftables_hook_name(chain.family, chain.hook), "prerouting");
	assert_true(chain.priority == -100 && chain.has_policy && !chain.is_drop);
	chain = chain_named("other");
	assert_false(chain.has_hook || chain.has_policy);
	assert_int_equal(chain.type.len, 0);
}

static const char *rule_at(struct span dump, const char *chain, size_t index)
{
	struct netlink_iterator it = netlink_over(dump);
	struct netlink_message message;
	struct nftables_rule rule;
	uint8_t text[1024];

	while (netlink_next(&it, &message)) {
		if (nftables_rule_parse(&message, &rule) == 0 && span_is(rule.chain, chain) &&
		    index-- == 0) {
			struct writer w = writer_over(text, sizeof text);

			nftables_rule_write(&rule, &w);
			return fixture_text(writer_span(&w));
		}
	}
	return "";
}

static void says_rules_as_nft_does_or_nearly(void **state)
{
	static const char *const input[] = {
		"ct state established,related accept",
		"ct state invalid drop",
		"iifname \"lo\" accept",
		"meta nfproto ipv4 ip saddr @blocked log prefix \"blocked \" drop",
		"meta nfproto ipv4 ip saddr 10.1.2.0/23 meta l4proto tcp tcp dport 22 accept",
		("meta nfproto ipv4 ip saddr 10.0.0.0/8 meta l4proto udp udp dport >= 1000 "
		 "udp dport <= 2000 accept"),
		"meta nfproto ipv6 ip6 saddr 2001:db8::/32 accept",
		"meta l4proto tcp tcp dport @__set0 accept",
		"meta nfproto ipv4 meta l4proto tcp ip saddr . tcp dport @__set1 accept",
		"meta mark 7 jump other",
		"iifname \"eth*\" <limit> accept",
		"meta nfproto ipv4 meta l4proto icmp icmp type 8 accept",
		"meta l4proto tcp reject with tcp reset",
		"",
	};
	struct span dump = fixture("formats-nftables/rules");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(input); i++) {
		assert_string_equal(rule_at(dump, "input", i), input[i]);
	}
	assert_string_equal(rule_at(dump, "other", 0),
			    "meta nfproto ipv4 ip daddr != 203.0.113.9 return");
	assert_string_equal(rule_at(dump, "other", 1), "goto last");
	assert_string_equal(rule_at(dump, "post", 0), "oifname \"eth0\" masquerade");
	assert_string_equal(rule_at(dump, "pre", 0),
			    "meta l4proto tcp tcp dport 8080 dnat to 192.0.2.5:80");
}

static void hash_rules(struct span dump, uint8_t out[SHA256_SIZE])
{
	struct netlink_iterator it = netlink_over(dump);
	struct netlink_message message;
	struct nftables_rule rule;
	struct sha256 hash;

	sha256_init(&hash);
	while (netlink_next(&it, &message)) {
		if (nftables_rule_parse(&message, &rule) == 0) {
			nftables_rule_hash(&rule, &hash);
		}
	}
	sha256_done(&hash, out);
}

/* The hash once a byte of the dump, found by the text around it, is another. */
static bool changes_hash(const char *text, size_t text_len, ptrdiff_t offset)
{
	struct span dump = fixture("formats-nftables/rules");
	uint8_t *copy = malloc(dump.len);
	uint8_t before[SHA256_SIZE];
	uint8_t after[SHA256_SIZE];
	uint8_t *at;

	assert_non_null(copy);
	memcpy(copy, dump.ptr, dump.len);
	at = memmem(copy, dump.len, text, text_len);
	assert_non_null(at);
	at[offset] ^= 1;
	hash_rules(dump, before);
	hash_rules((struct span){ copy, dump.len }, after);
	free(copy);
	return memcmp(before, after, sizeof before) != 0;
}

static void hashes_what_a_rule_does_and_not_what_it_counts(void **state)
{
	(void)state;
	/* behind the name come the head of the data (4) and of its first attribute (4), then a
	 * number of eight bytes */
	assert_false(changes_hash("counter", 8, 8 + 4 + 4 + 7));
	assert_true(changes_hash("blocked ", 9, 3));
	assert_true(changes_hash("lo\0\0\0\0\0\0", 8, 0));
}

static void walk(struct span part)
{
	struct netlink_iterator it = netlink_over(part);
	struct netlink_message message;
	struct nftables_rule rule;
	uint8_t text[1024];

	while (netlink_next(&it, &message)) {
		struct writer w = writer_over(text, sizeof text);

		if (nftables_rule_parse(&message, &rule) == 0) {
			nftables_rule_write(&rule, &w);
		}
	}
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-nftables/rules"), walk);
}

static void refuses_messages_that_are_no_chain_and_no_rule(void **state)
{
	const struct netlink_message message = { .type = 10 << 8 | NFT_MSG_NEWTABLE };
	const struct netlink_message empty = { .type = 10 << 8 | NFT_MSG_NEWRULE };
	struct nftables_chain chain;
	struct nftables_rule rule;

	(void)state;
	assert_int_equal(nftables_chain_parse(&message, &chain), ERR_UNSUPPORTED);
	assert_int_equal(nftables_rule_parse(&message, &rule), ERR_UNSUPPORTED);
	assert_int_equal(nftables_rule_parse(&empty, &rule), ERR_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_chains_with_hook_priority_and_policy),
		cmocka_unit_test(says_rules_as_nft_does_or_nearly),
		cmocka_unit_test(hashes_what_a_rule_does_and_not_what_it_counts),
		cmocka_unit_test(stops_at_every_truncation),
		cmocka_unit_test(refuses_messages_that_are_no_chain_and_no_rule),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
