/*
 * state.h - the agent's own folder: what it remembers between starts.
 *
 *	STATE/server	HOST:PORT
 *	STATE/ca.pem	the platform's CA, pinned when the agent was first started
 *	STATE/snapshot.0, .1	hashes of what the server acknowledged (snapshot.h), the collector's
 *	STATE/hashes.0, .1	hashes of watched files (integrity/hash_cache.h), the collector's
 *	STATE/events	what happened and was not acknowledged yet (ring.h), the collector's
 *	STATE/policy	what the server asked to watch (policy_store.h), the collector's
 *	STATE/key/	identity.pem (key and certificate), revoked, cloned; the connector's
 *	STATE/token	an enrolment token, if somebody left one: moved to STATE/key/token at the
 *next start, from where the connector removes it when it is enrolled
 *	STATE/machine	hashes that tell whether the folder was copied (clone.h)
 *	STATE/lock	held while an agent runs
 */
#pragma once

#include "base/attr.h"
#include "sys/buffer.h"
#include "sys/net.h"
#include "sys/why.h"

#define STATE_PATH_SIZE 4096
#define STATE_SNAPSHOTS 2

struct state {
	char folder[STATE_PATH_SIZE];
	char key_folder[STATE_PATH_SIZE];
	int lock_fd;
	char host[256];
	char port[6];
	struct buffer ca_pem;
	struct buffer token; /* that was left; empty where none was */
};

/* What the command line says; NULL or empty for what it does not. */
struct state_request {
	const char *folder;
	const char *server; /* HOST:PORT */
	const char *ca_file;
	bool has_token;
	const char *machine_root; /* "/": whose folder it is is looked at there; NULL: not at all */
};

/* Makes or opens the folder, locks it, remembers what is new and fills in what was remembered.
 * ERR_USAGE where something is missing or contradicts what this agent was enrolled with; ERR_EXISTS
 * where another agent holds it; all with a reason that says what to do. */
MUST_USE int state_open(const struct state_request *request, struct state *out, struct why *why);
void state_close(struct state *state);

/* The token that was left in the folder, the caller's to free; NULL where none was, or it was taken
 * already. */
char *state_take_token(struct state *state);

/* The two snapshot files, for reading and writing, made where they are not there. */
MUST_USE int state_open_snapshots(const struct state *state, int out_fds[STATE_SNAPSHOTS],
				  struct why *why);

/* A small file of the folder, "events" or "policy", as above; -1 where it cannot be opened: what it
 * would hold is then not remembered. */
int state_open_file(const struct state *state, const char *name, struct why *why);

/* The two files of hashes, likewise. */
MUST_USE int state_open_hashes(const struct state *state, int out_fds[STATE_SNAPSHOTS],
			       struct why *why);
