/*
 * listing.h - what a scan found, sorted by address and port, and its report.
 */
#pragma once

#include "cli/output.h"
#include "scan/discovery/discovery.h"
#include "scan/follow/follow_up.h"
#include "scan/makers.h"
#include "scan/services.h"

struct listing {
	const struct results *results;
	const struct discovery_report *report;
	const char *ports;  /* as scanned, in words */
	uint64_t addresses; /* asked for */
	uint64_t left_out;
	uint64_t shard; /* from 0 */
	uint64_t shard_count;
	const struct services *services; /* NULL: nothing was to be identified */
	const struct follow_up_counts *identified;
	const struct makers *makers; /* NULL: no list of them is here */
	bool is_all;                 /* closed and filtered ports, too */
};

/* Prints rows to stdout; the report for people to stderr, for JSON within the document. */
void listing_print(const struct listing *listing, enum output output);
