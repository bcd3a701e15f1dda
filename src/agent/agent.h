/*
 * agent.h - the agent: what its processes are told when they start.
 */
#pragma once

#include <stdbool.h>

#include "sensor/sensor.h"

struct agent_settings {
	struct sensor_settings sensor;
	const char *root;      /* "/" for the running machine */
	bool is_firewall_read; /* keeps CAP_NET_ADMIN, which nftables demands of who reads */
	int fanotify_fd;       /* opened before privileges are dropped; -1: none */
};

/* The collector's body: a child of the sensor; returns how it ended. */
int collector_process(void *child);

/* Takes from this process what reading the machine does not need: the collector's sandbox. All that
 * is to be opened is open by now. */
MUST_USE int collector_confine(bool is_firewall_read, struct why *why);

/* Runs the agent until it is done. Returns the exit status. */
int agent_run(struct agent_settings *settings);
