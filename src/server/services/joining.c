/* joining.c - weighing evidence; the percentages order it, and tell people how sure it is. */
#include "server/services/joining.h"

#include <stddef.h>

/* A MAC at more live addresses than this belongs to something that answers for others. */
#define MAC_ADDRESSES_MAX 8

const char *join_evidence_name(enum join_evidence evidence)
{
	static const char *const names[JOIN_EVIDENCES] = {
		[JOIN_NOTHING] = "",
		[JOIN_ADDRESS] = "address",
		[JOIN_LISTENERS] = "listeners",
		[JOIN_CERTIFICATE] = "certificate",
		[JOIN_HOST_KEY] = "host-key",
		[JOIN_MAC] = "mac",
		[JOIN_OPERATOR] = "operator",
	};

	return names[evidence];
}

static struct joining weigh(const struct join_candidate *c)
{
	struct joining j = { .asset = c->asset };

	if (c->is_split) {
		j.evidence = JOIN_NOTHING;
	} else if (c->has_address && c->has_mac) {
		j.evidence = JOIN_MAC;
		j.confidence = 99;
	} else if (c->has_host_key) {
		/* without the address: behind a translation, or a key that was copied */
		j.evidence = JOIN_HOST_KEY;
		j.confidence = c->has_address ? 98 : 80;
	} else if (c->is_mac_another) {
		j.evidence = JOIN_NOTHING;
	} else if (c->has_certificate && c->has_address) {
		j.evidence = JOIN_CERTIFICATE;
		j.confidence = 95;
	} else if (c->has_mac) {
		j.evidence = JOIN_MAC;
		j.confidence = 90;
	} else if (c->has_address && c->do_listeners_fit) {
		j.evidence = JOIN_LISTENERS;
		j.confidence = 85;
	} else if (c->has_certificate) {
		j.evidence = JOIN_CERTIFICATE;
		j.confidence = 70;
	}
	return j;
}

static const struct joining nobody = { 0, JOIN_NOTHING, 0 };

/* Takes what is surer; what is as sure, of another asset, makes it nobody's. */
static void prefer(struct joining *best, struct joining other)
{
	if (other.evidence == JOIN_NOTHING || other.confidence < best->confidence) {
		return;
	}
	if (other.confidence == best->confidence && other.asset != best->asset) {
		best->asset = 0;
		best->evidence = JOIN_NOTHING;
		return;
	}
	*best = other;
}

struct joining join_judge(const struct join_candidate *candidates, size_t count)
{
	struct joining best = nobody;

	for (size_t i = 0; i < count; i++) {
		prefer(&best, weigh(&candidates[i]));
	}
	return best.asset == 0 ? nobody : best;
}

struct joining join_judge_neighbours(const struct join_neighbour *neighbours, size_t count,
				     bool is_ipv6, unsigned macs, unsigned keys)
{
	struct joining best = nobody;

	for (size_t i = 0; i < count; i++) {
		const struct join_neighbour *n = &neighbours[i];
		struct joining j = { .asset = n->asset };

		if (n->is_split) {
			continue;
		}
		if (n->has_mac && macs <= MAC_ADDRESSES_MAX) {
			j.evidence = JOIN_MAC;
			j.confidence = n->is_live ? 95 : 97;
		} else if (n->has_host_key && !n->is_live && keys == 0) {
			j.evidence = JOIN_HOST_KEY;
			j.confidence = 90;
		} else if (n->has_host_key && n->is_live && keys == 1 && n->is_ipv6 != is_ipv6) {
			/* both families of one host; two of one family may be copies of an image */
			j.evidence = JOIN_HOST_KEY;
			j.confidence = 75;
		}
		prefer(&best, j);
	}
	return best.asset == 0 ? nobody : best;
}
