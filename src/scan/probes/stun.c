/* stun.c - a Binding request; the transaction's id comes back (RFC 8489). */
#include "scan/probes/probe.h"

static const uint8_t payload[] = {
	0x00, 0x01, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42, 0x00, 0x00,
	0x00, 0x00, 0x42, 0x41, 0x52, 0x54, 0x49, 0x5a, 0x41, 0x4e,
};

const struct probe probe_stun = {
	.name = "stun",
	.summary = "Binding request",
	.ports = { 3478 },
	.payload = payload,
	.payload_len = sizeof payload,
	.cookie_at = 8,
	.cookie_size = 4,
	.is_echoed = true,
};
