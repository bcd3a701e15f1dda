/* table.c - every UDP payload. */
#include "scan/probes/probe.h"

#include <string.h>

#include "base/mem.h"
#include "base/writer.h"

extern const struct probe probe_dns, probe_ntp, probe_snmp, probe_snmp_community, probe_mdns,
	probe_ssdp, probe_coap, probe_dtls, probe_ipmi, probe_netbios, probe_sip, probe_memcached,
	probe_portmap, probe_ike, probe_openvpn, probe_stun, probe_quic, probe_nat_pmp, probe_empty;

/* One a line, so that each can be added by itself. */
/* clang-format off */
const struct probe *const probes[] = {
	&probe_dns,
	&probe_ntp,
	&probe_snmp,
	&probe_snmp_community,
	&probe_mdns,
	&probe_ssdp,
	&probe_coap,
	&probe_dtls,
	&probe_ipmi,
	&probe_netbios,
	&probe_sip,
	&probe_memcached,
	&probe_portmap,
	&probe_ike,
	&probe_openvpn,
	&probe_stun,
	&probe_quic,
	&probe_nat_pmp,
	&probe_empty,
	NULL,
};
/* clang-format on */

const struct probe *probe_question(uint16_t port, unsigned question)
{
	unsigned found = 0;

	for (size_t i = 0; probes[i] != NULL; i++) {
		for (size_t k = 0; k < PROBE_PORTS_MAX && probes[i]->ports[k] != 0; k++) {
			if (probes[i]->ports[k] == port && found++ == question) {
				return probes[i];
			}
		}
	}
	return question == 0 ? &probe_empty : NULL;
}

const struct probe *probe_for(uint16_t port)
{
	return probe_question(port, 0);
}

uint32_t probe_cookie(uint32_t cookie, unsigned question)
{
	return cookie + question * 0x9e3779b9u;
}

size_t probe_fill(const struct probe *probe, uint8_t out[PROBE_PAYLOAD_MAX])
{
	size_t len =
		probe->padded_len > probe->payload_len ? probe->padded_len : probe->payload_len;

	mem_zero(out, PROBE_PAYLOAD_MAX);
	mem_copy(out, probe->payload, probe->payload_len);
	return len;
}

size_t probe_fill_from(const struct probe *probe, struct span agent, uint8_t out[PROBE_PAYLOAD_MAX])
{
	size_t len = probe_fill(probe, out);
	struct writer w = writer_over(out, PROBE_PAYLOAD_MAX);

	if (!probe->has_headers || len + agent.len + 16 > PROBE_PAYLOAD_MAX) {
		return len;
	}
	(void)writer_reserve(&w, len - 2);
	writer_text(&w, "User-Agent: ");
	writer_bytes(&w, agent);
	writer_text(&w, "\r\n\r\n");
	return writer_used(&w);
}

bool probe_accepts(const struct probe *probe, uint32_t cookie, struct span answer)
{
	uint8_t bytes[4] = { (uint8_t)(cookie >> 24), (uint8_t)(cookie >> 16),
			     (uint8_t)(cookie >> 8), (uint8_t)cookie };
	const uint8_t *wanted = bytes + sizeof bytes - probe->cookie_size;

	return !probe->is_echoed ||
	       (answer.len >= probe->cookie_size &&
		memmem(answer.ptr, answer.len, wanted, probe->cookie_size) != NULL);
}
