/*
 * estimate.h - how much was probably missed, from who answered which of two probes.
 *
 * Capture and recapture (Chapman 1951): two probes of each target are two independent catches. Of
 * those that answered the second, the share that had answered the first says how likely a probe is
 * answered. What is silent to every probe cannot be estimated by anyone.
 */
#pragma once

#include <stdint.h>

struct estimate_counts {
	uint64_t first;  /* answered the first probe */
	uint64_t second; /* answered the second */
	uint64_t both;
	uint64_t any; /* answered any probe */
};

struct estimate {
	double loss; /* share of probes that got no answer though somebody is there; -1: unknown */
	double missed; /* targets that answer, and answered no probe; -1: unknown */
};

/* passes: probes that each target got. With one, nothing is known. */
struct estimate estimate_of(const struct estimate_counts *counts, unsigned passes);
