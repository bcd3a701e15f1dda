/*
 * host_names.h - the names of one address: a small set of what DNS, certificates and services say.
 *
 * Names are lower case, without a dot at the end, of letters, digits, hyphen, underscore and dot:
 * anything else is no name and is not taken, whoever told it. Pure memory, of fixed size.
 */
#pragma once

#include "base/reader.h"
#include "base/writer.h"

#define HOST_NAME_SIZE       254 /* RFC 1035, with a NUL */
#define HOST_NAMES_MAX       12
#define HOST_NAMES_TEXT_SIZE 1024 /* of all */

struct host_names {
	uint16_t count;
	uint16_t used;
	char text[HOST_NAMES_TEXT_SIZE]; /* each with a NUL */
};

/* Nothing where it is no name, is there already, or does not fit. */
void host_names_add(struct host_names *names, struct span name);
void host_names_add_all(struct host_names *names, const struct host_names *more);

/* True where both hold the same, in the same order. */
bool host_names_equal(const struct host_names *a, const struct host_names *b);

/* The names, one after the other from 0; borrowed; empty at the end. */
struct span host_names_at(const struct host_names *names, size_t n);

/* Between our own processes, and in our own files. What is no name is left out. */
void host_names_write(const struct host_names *names, struct writer *out);
void host_names_read(struct reader *r, struct host_names *out);
