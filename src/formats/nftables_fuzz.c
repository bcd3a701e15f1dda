#include "formats/nftables.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct netlink_iterator it = netlink_over((struct span){ data, size });
	struct netlink_message message;
	struct nftables_chain chain;
	struct nftables_rule rule;
	struct sha256 hash;
	uint8_t text[2048];

	sha256_init(&hash);
	while (netlink_next(&it, &message)) {
		struct writer w = writer_over(text, sizeof text);

		if (nftables_chain_parse(&message, &chain) == 0) {
			fuzz_touch(chain.table);
			fuzz_touch(chain.name);
			fuzz_touch(chain.type);
			fuzz_touch(span_of(nftables_hook_name(chain.family, chain.hook)));
			fuzz_touch(span_of(nftables_family_name(chain.family)));
		}
		if (nftables_rule_parse(&message, &rule) == 0) {
			nftables_rule_write(&rule, &w);
			nftables_rule_hash(&rule, &hash);
			fuzz_touch(writer_span(&w));
		}
	}
	return 0;
}
