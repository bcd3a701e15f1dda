/*
 * pulse_count.h - groups of counters: what each is called and where it lies. Private to pulse.
 */
#pragma once

#include "scan/tls/pulse.h"

enum pulse_group {
	PULSE_GRADE,
	PULSE_FAILURE,
	PULSE_PROTOCOL,
	PULSE_BEST_PROTOCOL,
	PULSE_KEY,
	PULSE_SIGNATURE,
	PULSE_FORWARD_SECRECY,
	PULSE_POST_QUANTUM,
	PULSE_HSTS,
	PULSE_STAPLING,
	PULSE_CERTIFICATE,
	PULSE_LIFETIME,
	PULSE_EXPIRY,
	PULSE_VULNERABILITY,
	PULSE_GROUPS
};

struct pulse_group_row {
	const char *name;
	unsigned first; /* index of its first counter */
	unsigned count;
	const char *(*name_of)(unsigned counter);
};

const struct pulse_group_row *pulse_group_at(enum pulse_group group);

/* PULSE_GROUPS where there is none of that name. */
enum pulse_group pulse_group_find(struct span name);

/* Its index among all, or TLS_PULSE_COUNTERS. */
unsigned pulse_counter_find(enum pulse_group group, struct span name);
