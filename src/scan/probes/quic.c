/* quic.c - a version nobody has: a server names those it has, and keeps nothing (RFC 9000 section
 * 6). */
#include "scan/probes/probe.h"

static const uint8_t payload[] = {
	0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 0x08, 0x00, 0x00, 0x00, 0x00, 0x42, 0x54, 0x5a,
	0x4e, 0x08, 0x42, 0x41, 0x52, 0x54, 0x49, 0x5a, 0x41, 0x4e, 0x00, 0x44, 0x96,
};

const struct probe probe_quic = {
	.name = "quic",
	.summary = "version negotiation",
	.ports = { 443 },
	.payload = payload,
	.payload_len = sizeof payload,
	.padded_len = 1200,
	.cookie_at = 6,
	.cookie_size = 4,
	.is_echoed = true,
};
