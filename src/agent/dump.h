/*
 * dump.h - the agent alone, without a server: prints a table as it would be reported, or what
 * happens, as it happens.
 *
 * Reads in the collector's sandbox; remembers nothing, sends nothing.
 */
#pragma once

#include <stdbool.h>

struct dump_request {
	const char *name; /* of a table; "all"; "events" */
	const char *root; /* "/" for the running machine */
	bool is_json;
	bool is_firewall_read;
};

/* Prints to stdout. Returns the exit status: SENSOR_DONE, SENSOR_USAGE, SENSOR_FAILED. */
int dump_run(const struct dump_request *request);
