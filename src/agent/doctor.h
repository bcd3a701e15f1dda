/*
 * doctor.h - what this sensor can and cannot see on this machine, and why, in plain words.
 *
 * Reads every table once and tries every event source; changes nothing, also in the state folder.
 */
#pragma once

#include <stdbool.h>

struct doctor_request {
	const char *state; /* the agent's folder, or NULL: nothing is said of it */
	const char *root;  /* "/" for the running machine */
	bool is_json;
	bool is_firewall_read;
};

/* Prints to stdout. Returns 0 where all is well, 1 where something important cannot be seen. */
int doctor_run(const struct doctor_request *request);
