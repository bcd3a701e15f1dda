/*
 * prove.h - looks what is published of a scope, in a child that reaches the Internet and has no
 * file but those that libraries read.
 *
 * It writes down what is there and never learns the token: whoever takes it over can prove nothing.
 */
#pragma once

#include <stdbool.h>

#include "formats/scope_proof.h"

/* What the platform's operator says about it. */
struct prove_config {
	const char *resolver;   /* names.h; NULL: the system's */
	bool may_reach_private; /* files are fetched from private addresses, too */
};

struct prove {
	struct scope_proof proof; /* of at least one place */
	const struct prove_config *config;
};

/* The child's body: writes an outcome (scope_proof.h) to out_fd, returns 0. */
int prove_run(const struct prove *prove, int out_fd);
