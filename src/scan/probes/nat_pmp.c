/* nat_pmp.c - the external address (RFC 6886 section 3.2). */
#include "scan/probes/probe.h"

static const uint8_t payload[] = {
	0x00,
	0x00,
};

const struct probe probe_nat_pmp = {
	.name = "nat_pmp",
	.summary = "external address",
	.ports = { 5351 },
	.payload = payload,
	.payload_len = sizeof payload,
};
