/* empty.c - for a port without a payload of its own: a host that closed it says so. */
#include "scan/probes/probe.h"

const struct probe probe_empty = {
	.name = "empty",
	.summary = "an empty datagram",
};
