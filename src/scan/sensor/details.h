/*
 * details.h - what the scanner makes of an open port beyond what it is: rows of its tables, an
 * assessment of its TLS, the names that it told.
 *
 * It runs in the process that talks to strangers (scan/follow). What that says is checked by
 * whoever asked (rows_is_of), so that a server that broke into it can lie about itself alone.
 */
#pragma once

#include "base/attr.h"
#include "scan/follow/follower.h"
#include "scan/sensor/host_names.h"
#include "scan/sensor/rows.h"
#include "sys/why.h"

/* Under way at once, and on one host: two to identify, two to assess. */
#define DETAILS_AT_ONCE     256
#define DETAILS_PER_HOST    2
#define DETAILS_TLS_AT_ONCE 64

struct details {
	bool is_partial;   /* TLS was spoken and could not be assessed */
	int64_t expires_s; /* the soonest end of a certificate that it serves; 0: none */
	struct host_names names;
	struct span rows; /* see rows.h; borrowed */
};

void details_write(const struct details *details, struct writer *out);
MUST_USE int details_read(struct span more, struct details *out);

/* Of what is asked: where its rows belong. */
void details_place(const struct follow_ask *ask, struct rows_place *out);

struct asker_settings {
	const char *fingerprints; /* NULL: where they usually are */
	const char *roots;        /* PEM; NULL: the system's */
	const char *contact;      /* who scans (scan/contact.h) */
	bool is_without_attacks;  /* TLS servers are not tried for Heartbleed and the like */
};

/* Forks the process; settings must live until then. */
MUST_USE int asker_start(const struct asker_settings *settings, int *out_line, struct why *why);
