/*
 * osv_affected.h - one member of an OSV record's "affected": streams, names, ranges, versions.
 */
#pragma once

#include "server/feeds/feed_text.h"

/* What the record is about. */
struct osv_about {
	const struct span *ids;
	size_t id_count;
	struct span advisory;
	struct span urgency;
};

/* Takes one member of "affected" that has just begun. */
MUST_USE int osv_take_affected(struct feed_input *in, struct json *j,
			       const struct osv_about *about);

/* Whether any member of "affected", whose value is next, is of this ecosystem ("Debian" is that of
 * "Debian:12" too). */
bool osv_is_of_ecosystem(struct json *j, const char *ecosystem);

/* The stream of an OSV ecosystem: "Ubuntu:22.04:LTS" is "ubuntu:22.04", "Ubuntu:Pro:16.04:LTS"
 * "ubuntu-pro:16.04", "Alpine:v3.19" "alpine:3.19". Empty where nothing is matched with it. */
void osv_stream(struct span ecosystem, struct writer *out);

/* A Python package's name as PEP 503 writes it: lower case, runs of - _ . as one -. */
void osv_normal_pypi(struct span name, struct writer *out);
