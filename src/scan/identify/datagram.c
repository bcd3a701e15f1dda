/* datagram.c - the prober of the protocol, or a few words for those that have none. */
#include "scan/identify/datagram.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "scan/identify/datagram_names.h"
#include "scan/identify/prober.h"
#include "scan/identify/probers/words.h"

#define MEMCACHED_FRAME 8u /* request, sequence, count, reserved (memcached's doc/protocol.txt) */

/* Questions whose answers no other protocol gives, and that have no prober of their own. */
static bool is_told_by_question(const char *protocol)
{
	static const char *const names[] = { "mdns",    "ssdp",    "coap",    "dtls",
					     "ipmi",    "netbios", "portmap", "ike",
					     "openvpn", "stun",    "quic",    "nat-pmp" };

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (strcmp(protocol, names[i]) == 0) {
			return true;
		}
	}
	return false;
}

static enum datagram_worth read_ssdp(struct span payload, struct service_facts *facts)
{
	struct words_answer a;

	if (words_answer(payload, true, "HTTP/1.", &a) != PROBE_IS) {
		return DATAGRAM_UNKNOWN;
	}
	facts_add(facts, "ssdp_header.server", words_header_first(&a, "server"));
	facts_add(facts, "ssdp_header.location", words_header_first(&a, "location"));
	return DATAGRAM_WHOLE;
}

static enum datagram_worth read_by(const struct prober *prober, const char *protocol, unsigned port,
				   struct span payload, struct service_facts *facts)
{
	uint8_t words[PROBER_SAY_MAX];
	struct writer say = writer_over(words, sizeof words);
	struct probe_view view = {
		.bytes = payload,
		.said_by = protocol,
		.step = 1,
		.ended = true,
		.is_datagram = true,
		.is_ours = true,
		.alpn = "",
		.host = "",
		.contact = &contact_default,
		.port = port,
	};

	switch (prober->read(&view, facts, &say)) {
	case PROBE_IS:
		/* an engine's number is less than what the community tells */
		return strcmp(protocol, "snmp") == 0 && facts_find(facts, "snmp.community").len == 0
			       ? DATAGRAM_NAMED
			       : DATAGRAM_WHOLE;
	case PROBE_SAY:
		return DATAGRAM_NAMED;
	default:
		return DATAGRAM_UNKNOWN;
	}
}

enum datagram_worth datagram_read(const char *protocol, unsigned port, struct span payload,
				  struct service_facts *facts)
{
	const struct prober *prober = prober_find(protocol);
	struct service_facts found = { .protocol = "" };
	enum datagram_worth worth = DATAGRAM_UNKNOWN;

	if (payload.len == 0) {
		return DATAGRAM_UNKNOWN;
	}
	if (strcmp(protocol, "memcached") == 0) {
		worth = read_by(prober, protocol, port, span_after(payload, MEMCACHED_FRAME),
				&found);
	} else if (strcmp(protocol, "ssdp") == 0) {
		worth = read_ssdp(payload, &found);
	} else if (is_told_by_question(protocol)) {
		worth = DATAGRAM_WHOLE;
		if (strcmp(protocol, "netbios") == 0) {
			datagram_netbios_names(payload, &found);
		} else if (strcmp(protocol, "mdns") == 0) {
			datagram_mdns_names(payload, &found);
		}
	} else if (prober != NULL && (prober->transports & PROBER_UDP) != 0) {
		worth = read_by(prober, protocol, port, payload, &found);
	}
	if (worth == DATAGRAM_UNKNOWN) {
		return worth;
	}
	facts_set_protocol(&found, protocol);
	snprintf(found.found, sizeof found.found, "answer to discovery");
	found.banner_len =
		(uint16_t)(payload.len < SERVICE_BANNER_MAX ? payload.len : SERVICE_BANNER_MAX);
	mem_copy(found.banner, payload.ptr, found.banner_len);
	*facts = found;
	return worth;
}
