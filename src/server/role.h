/*
 * role.h - what the supervisor hands to a role's process.
 *
 * A role is a function that runs in a process of its own, serves until SIGTERM and returns the
 * process's exit status. It opens what it needs, takes its rights from itself, says
 * role_ready once, and never executes anything.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Everything is borrowed and lives as long as the process. */
struct role_config {
	const char *data_folder; /* absolute; also the working directory */
	/* A listening socket that survives the role: ingest the sensors' (TCP), api its own (TCP),
	 * engine the one that ingest connects to (Unix). */
	int listen_fd;
	/* engine: the socket that the api connects to. Which socket a link came over says what it
	 * may ask, and only the api knows this one's path: who takes ingest over cannot speak as
	 * the api. */
	int api_listen_fd;
	int feeds_listen_fd;  /* engine: the socket that feeds connects to; again on its own */
	const char *bus_path; /* where to connect to the engine with bus_connect; not engine */
	int ready_fd;         /* private to role.c; -1 where nobody waits */
	int64_t cert_life_s;  /* of a sensor's certificate; engine */
	bool is_verbose;      /* log from LOG_DEBUG on, else from LOG_INFO on */
	/* The addresses that are served, for people: "127.0.0.1:7443". */
	const char *sensors_address;
	const char *api_address;
	bool is_offline;          /* nothing outside is asked */
	const char *feed_mirrors; /* feeds: see fetch.h; may be NULL */
	const char *feed_proxy;   /* feeds: see fetch.h; may be NULL */
	const char *resolver;   /* feeds: the name server that proofs of scopes are asked of; NULL:
				   the system's */
	bool may_prove_private; /* feeds: proofs are fetched from private addresses, too */
};

struct role {
	const char *name; /* "ingest"; also the process's and the log's */
	int (*run)(const struct role_config *config);
};

/* "I serve." Later calls do nothing. */
void role_ready(const struct role_config *config);

/* "I cannot serve, because": logs the reason and hands it to the supervisor, which ends with it
 * where this was the first start. Returns the exit status to return. */
int role_failed(const struct role_config *config, const char *reason);
