/*
 * xdp_features.h - what a driver can do with XDP frames now, as the kernel says (6.3 and later).
 */
#pragma once

#include <stdint.h>

#include "base/attr.h"

enum xdp_feature {
	XDP_FEATURE_BASIC = 1 << 0, /* runs programs */
	XDP_FEATURE_REDIRECT = 1 << 1,
	XDP_FEATURE_TRANSMIT = 1 << 2, /* sends frames that come from elsewhere */
	XDP_FEATURE_ZERO_COPY = 1 << 3,
};

/* A set of xdp_feature of the interface. ERR_UNSUPPORTED where the kernel does not tell; ERR_IO. */
MUST_USE int xdp_features_ask(unsigned interface, uint64_t *out);
