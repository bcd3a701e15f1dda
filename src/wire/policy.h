/*
 * policy.h - what a sensor is asked to watch, and what that may cost. Nothing else can be asked.
 *
 * A policy says only what differs from the sensor's defaults: what is unset is inherited. The
 * server merges a tenant's policy with those of an asset's tags and sends the result; its grammar
 * is in docs/protocol.cddl. Everything in it is bounded here, whoever wrote it.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"
#include "base/writer.h"
#include "schema/schema.h"
#include "wire/message.h"

#define POLICY_PATHS_MAX    256
#define POLICY_EXCLUDES_MAX 128
#define POLICY_TEXT_MAX     1024

enum policy_switch { POLICY_INHERIT = 0, POLICY_ON, POLICY_OFF };

/* A collector, by its table's number. */
struct policy_collector {
	enum policy_switch is_on;
	uint32_t period_s; /* at most one walk in so many seconds; 0: unset */
};

/* A kind of event, by its number. */
struct policy_event {
	enum policy_switch is_on;
	uint32_t per_minute_max; /* what is beyond is counted in a gap; 0: unset */
};

/* File integrity: table files, events file_changes. */
struct policy_files {
	enum policy_switch has_defaults;     /* the sensor's own list of folders too; unset: on */
	struct span paths[POLICY_PATHS_MAX]; /* files, or folders with all that is in them */
	size_t path_count;
	struct span
		excludes[POLICY_EXCLUDES_MAX]; /* patterns of paths: * within a name, ** across */
	size_t exclude_count;
	uint32_t files_max;      /* 0: unset */
	uint64_t hash_bytes_max; /* larger files are not hashed; 0: unset */
};

/* What all of the sensor may cost; 0: unset. */
struct policy_budget {
	uint32_t cpu_permille;   /* of one core; saved for five minutes */
	uint64_t bytes_per_day;  /* sent to the server */
	uint64_t ring_bytes;     /* of events kept on disk while the server is not there */
	uint64_t io_bytes_per_s; /* read for hashing */
};

/* What a scanner may scan, and how: nothing else. Agents pass it over. */
#define POLICY_SCOPES_MAX     64
#define POLICY_SCOPE_NAME_MAX 255
#define POLICY_PORTS_MAX      32
#define POLICY_MINUTES        1440

struct policy_ports {
	uint16_t first;
	uint16_t last; /* not below first */
};

struct policy_scope {
	struct span name;     /* a prefix or a DNS name, in its one spelling */
	uint32_t period_s;    /* all of it once in so long; 0: the scanner's own */
	uint16_t from_minute; /* of the day, UTC; below POLICY_MINUTES */
	uint16_t to_minute;   /* the same as from_minute: at any time; below it: over midnight */
	uint32_t rate;        /* packets per second at the most; 0: the scanner's own */
	struct policy_ports ports[POLICY_PORTS_MAX]; /* none: the scanner's own */
	size_t port_count;
};

/* Texts are borrowed. */
struct policy {
	struct policy_collector collectors[SCHEMA_TABLES_MAX];
	struct policy_event events[SCHEMA_EVENTS_MAX];
	struct policy_files files;
	struct policy_budget budget;
	struct policy_scope scopes[POLICY_SCOPES_MAX];
	size_t scope_count;
};

/* Everything unset. */
void policy_init(struct policy *policy);

/* Canonical bytes: equal policies have equal bytes. At most MESSAGE_POLICY_MAX where the lists
 * are; ERR_FULL where they are not. */
MUST_USE int policy_encode(const struct policy *policy, struct writer *out);

/* ERR_MALFORMED, ERR_LIMIT, ERR_UNSUPPORTED; *out is then as it was. Unknown tables, events and
 * trailing items are passed over (a newer server's). */
MUST_USE int policy_decode(struct span bytes, struct policy *out);

/* "22,80,8000-8100", as people write ports; "" is none. ERR_MALFORMED, ERR_LIMIT. */
MUST_USE int policy_ports_read(struct span text, struct policy_scope *out);

/* What over sets replaces what base says, scopes as a whole; paths and excludes are added to
 * base's, each once. ERR_LIMIT where they are too many. */
MUST_USE int policy_merge(struct policy *base, const struct policy *over);

/* Policies' bytes, the most general first, merged into one that borrows from them, and written.
 * What cannot be read, or does not fit beside those before it, is left out; *out_left_out (may be
 * NULL) says how many. ERR_FULL where the writer has no room. */
MUST_USE int policy_combine(const struct span *documents, size_t count, struct policy *out_merged,
			    struct writer *out, size_t *out_left_out);

/* True where nothing is set. */
bool policy_is_empty(const struct policy *policy);

/* The digest that names these bytes. */
void policy_digest(struct span bytes, uint8_t out[MESSAGE_POLICY_DIGEST]);
