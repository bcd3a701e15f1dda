/*
 * api.h - the api role: REST, live stream, console and metrics over HTTPS.
 */
#pragma once

#include "server/role.h"

/* Serves on config->listen_fd until SIGTERM; returns the process's exit status. */
int api_run(const struct role_config *config);
