/* coap.c - GET /.well-known/core; message id and token come back (RFC 7252, RFC 6690). */
#include "scan/probes/probe.h"

static const uint8_t payload[] = {
	0x44, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xbb, 0x2e, 0x77, 0x65, 0x6c,
	0x6c, 0x2d, 0x6b, 0x6e, 0x6f, 0x77, 0x6e, 0x04, 0x63, 0x6f, 0x72, 0x65,
};

const struct probe probe_coap = {
	.name = "coap",
	.summary = "GET /.well-known/core",
	.ports = { 5683 },
	.payload = payload,
	.payload_len = sizeof payload,
	.cookie_at = 4,
	.cookie_size = 4,
	.is_echoed = true,
};
