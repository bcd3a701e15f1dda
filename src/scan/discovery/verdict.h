/*
 * verdict.h - what a packet means to a scan that keeps nothing of its probes: pure.
 *
 * An answer comes out only where the packet repeats a probe's cookie; all else is a stranger's.
 */
#pragma once

#include "base/attr.h"
#include "scan/answer.h"
#include "scan/discovery/cookie.h"

struct verdict_rules {
	struct cookie_key key;
	size_t link_size; /* 14: frames begin with Ethernet, 0: with IP */
	unsigned zone;    /* where link-local addresses are: the interface's index */
};

/* ERR_MALFORMED: no packet of a form we know; ERR_UNSUPPORTED: a packet, but no answer to a probe
 * of ours. rtt_us, is_duplicate and mac are left for others to fill. */
MUST_USE int verdict_of(const struct verdict_rules *rules, struct span frame, struct answer *out);
