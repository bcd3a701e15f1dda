/* openvpn.c - P_CONTROL_HARD_RESET_CLIENT_V2 (OpenVPN's protocol, without tls-auth); our session
 * comes back. */
#include "scan/probes/probe.h"

static const uint8_t payload[] = {
	0x38, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00,
};

const struct probe probe_openvpn = {
	.name = "openvpn",
	.summary = "hard reset of a client",
	.ports = { 1194 },
	.payload = payload,
	.payload_len = sizeof payload,
	.cookie_at = 1,
	.cookie_size = 4,
	.is_echoed = true,
};
