/*
 * supervisor.h - the process that starts the roles, keeps them running and ends them in order.
 *
 * It holds the folder's lock and the listening sockets, so that both outlive a role. It reads
 * nothing that comes from outside.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "server/role.h"
#include "sys/net.h"

/* In the order in which they are started. */
enum { ROLE_ENGINE, ROLE_INGEST, ROLE_API, ROLE_FEEDS, ROLE_COUNT };

struct supervisor_config {
	const char *data_folder; /* as given */
	struct net_address sensors;
	struct net_address api;
	int64_t cert_life_s;
	bool is_verbose;
	bool is_offline;                      /* nothing is fetched from the Internet */
	const char *feed_mirrors;             /* NULL: feeds' own addresses */
	const char *feed_proxy;               /* NULL: as the environment says */
	const char *resolver;                 /* of proofs of scopes; NULL: the system's */
	bool may_prove_private;               /* these are fetched from private addresses, too */
	const struct role *roles[ROLE_COUNT]; /* NULL: not run */
};

/* Serves until SIGTERM or SIGINT; returns the process's exit status. Prints the one line "ready
 * sensors=... api=..." on stdout when all roles are ready for the first time. */
int supervisor_run(const struct supervisor_config *config);

/* Runs one role in this process, without a supervisor (for scale-out): the roles meet in the data
 * folder. */
int supervisor_run_alone(const struct supervisor_config *config, unsigned role);
