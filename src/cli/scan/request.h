/*
 * request.h - what a command line asks to be scanned, and what of it is left after all that must
 * not be.
 */
#pragma once

#include "scan/targets/ports.h"
#include "scan/targets/targets.h"
#include "sys/args.h"

struct request {
	struct targets *targets; /* settled; never empty */
	struct ports ports;
	uint64_t asked;    /* addresses before anything was taken out */
	uint64_t never;    /* on the built-in list */
	uint64_t excluded; /* by --exclude */
	uint64_t opted_out;
};

/* ERR_USAGE, ERR_DENIED (the opt-out list cannot be believed), ERR_LIMIT, ... */
MUST_USE int request_read(const struct args *args, struct request *out, struct why *why);
void request_done(struct request *request);
