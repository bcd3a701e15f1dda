/*
 * ingest.h - the role that strangers talk to: TLS, the order of the protocol, enrolment's HTTP.
 *
 * It keeps nothing and decides nothing about data: checked frames go to the engine over the bus,
 * and what the engine says goes to the sensor. After its start it has no file access.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "server/role.h"
#include "sys/loop.h"
#include "sys/why.h"

/* The role's entry point. */
int ingest_run(const struct role_config *config);

struct ingest;

/* What the role gives to itself, and a test may make shorter. limits.h says what is usual. */
struct ingest_config {
	int listen_fd;        /* stays the caller's */
	const char *bus_path; /* borrowed */
	struct span ca_pem;
	struct span certificate_pem;
	struct span key_pem;
	size_t connections_max;
	int64_t handshake_ms;
	int64_t hello_ms;
	int64_t frame_ms;
	int64_t est_ms;
	int64_t idle_ms; /* 0: as the welcome's alive interval has it */
};

/* Serves from then on, as the loop runs. */
MUST_USE int ingest_open(struct loop *loop, const struct ingest_config *config, struct ingest **out,
			 struct why *why);

/* Before the end: every session is told to come back, nobody is let in. The loop then has to run
 * until ingest_is_empty, or as long as one wants to wait. */
void ingest_say_goodbye(struct ingest *ingest);
bool ingest_is_empty(const struct ingest *ingest);
void ingest_close(struct ingest **ingest);
