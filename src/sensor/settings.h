/*
 * settings.h - what the command line and the environment of every sensor say: --state, --server,
 * --ca, --token, --token-file, --once and --verbose.
 */
#pragma once

#include "sensor/sensor.h"
#include "sys/args.h"

/* What is not the same for all of them. */
struct settings_request {
	const char *server_variable; /* of the environment, for --server */
	const char *ca_variable;     /* for --ca */
	const char *no_folder;       /* to people: --state is missing */
	const char *machine_root;    /* as in struct state_request */
};

/* Opens the state folder too, and takes a token that was left there where none was given. The
 * command line's token is wiped, so that ps does not show it. ERR_USAGE and others, with a reason.
 */
MUST_USE int settings_open(const struct settings_request *request, const struct args *args,
			   struct sensor_settings *out, struct why *why);
void settings_close(struct sensor_settings *settings);
