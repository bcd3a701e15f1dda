/* ipmi.c - RMCP presence and channel authentication capabilities (IPMI 2.0 section 13.13). */
#include "scan/probes/probe.h"

static const uint8_t payload[] = {
	0x06, 0x00, 0xff, 0x07, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x09, 0x20, 0x18, 0xc8, 0x81, 0x00, 0x38, 0x8e, 0x04, 0xb5,
};

const struct probe probe_ipmi = {
	.name = "ipmi",
	.summary = "channel authentication capabilities",
	.ports = { 623 },
	.payload = payload,
	.payload_len = sizeof payload,
};
