/* memcached.c - version, in a frame whose request id comes back (memcached's doc/protocol.txt). */
#include "scan/probes/probe.h"

static const uint8_t payload[] = {
	0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x76,
	0x65, 0x72, 0x73, 0x69, 0x6f, 0x6e, 0x0d, 0x0a,
};

const struct probe probe_memcached = {
	.name = "memcached",
	.summary = "version",
	.ports = { 11211 },
	.payload = payload,
	.payload_len = sizeof payload,
	.cookie_at = 0,
	.cookie_size = 2,
	.is_echoed = true,
};
