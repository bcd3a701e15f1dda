/*
 * found.h - what the scanner believes: scopes, their hosts, the hosts' ports, the ports' rows.
 *
 * Bounded: what does not fit is counted and not kept, and each scope says so. Pure memory; its
 * bytes are a file's (found_store.h), so that a restart forgets nothing.
 */
#pragma once

#include "base/attr.h"
#include "base/rowhash.h"
#include "base/sha256.h"
#include "scan/answer.h"
#include "scan/discovery/discovery.h"
#include "scan/discovery/results.h"
#include "scan/sensor/host_names.h"
#include "scan/sensor/rows.h"
#include "schema/schema.h"
#include "sensor/ledger.h"
#include "sys/buffer.h"
#include "wire/row.h"

/* Rows of one table, of all scopes: what a sensor can report. */
#define FOUND_ROWS_MAX LEDGER_ROWS_MAX

/* Octets of all rows of ports. */
#define FOUND_BYTES_MAX (192u << 20)

/* Of one host: more is a machine that answers everywhere. */
#define FOUND_PORTS_PER_HOST 1024

#define FOUND_SCOPES_MAX 128
#define FOUND_FILE_MAX   (256u << 20)

struct found_row {
	uint16_t table;
	uint32_t len;
	uint8_t *bytes;
};

struct found_port {
	uint8_t transport; /* enum transport */
	uint8_t reason;    /* enum answer_reason */
	uint8_t failures;  /* askings since the last that told something */
	uint16_t port;
	uint32_t run;       /* in which it was seen last */
	uint32_t asked_run; /* in which it was asked last; 0: never */
	int64_t asked_ms;
	int64_t changed_ms; /* 0: not since it was found */
	int64_t expires_s;
	bool is_asked_now;        /* under way; not remembered */
	struct host_names *names; /* that it told; NULL: none */
	struct found_row *rows;
	size_t row_count;
};

struct found_host {
	struct address address;
	uint32_t run;
	uint8_t alive_by; /* enum answer_reason */
	uint8_t ttl;
	uint8_t mac[6];
	uint8_t middlebox;
	uint8_t confidence;
	bool has_stack;
	struct answer_stack stack;
	char os[64];
	char device[64];
	char name[HOST_NAME_SIZE]; /* in DNS, by its address; "" */
	int64_t named_ms;          /* when it was looked up last; 0: never */
	int64_t changed_ms;        /* it is new, or a port of it came, went or changed; 0: not since
				    * the scope's first run */
	int64_t followed_ms;       /* since then, when it was looked at out of turn */
	struct found_port *ports;
	size_t port_count;
};

struct found_scope {
	char name[ROWS_SCOPE_SIZE];
	uint32_t run;  /* the latest that was begun */
	uint32_t runs; /* complete ones */
	bool is_underway;
	bool is_told; /* finished_s is that of the latest complete run */
	int64_t started_s;
	int64_t ended_s;            /* of the latest complete run, whether it was told or not */
	int64_t finished_s;         /* as told; 0: never */
	int64_t gone_ms;            /* since when no policy names it; 0: one does */
	uint8_t plan[SHA256_SIZE];  /* of the run: targets and ports */
	uint8_t ports[SHA256_SIZE]; /* of the run: ports as they were asked for */
	bool is_hurried;            /* it goes as fast as it may: somebody asked for other ports */
	uint8_t key[DISCOVERY_KEY_SIZE];
	uint64_t positions[DISCOVERY_LEGS];
	uint64_t addresses;
	uint64_t probes;
	uint64_t probes_now;   /* of the run under way, from earlier parts of it */
	int32_t loss_permille; /* -1: not known */
	uint64_t left_out;     /* ports and hosts that did not fit, in this run */
	struct found_host **hosts;
	size_t host_count;
	uint32_t *slots; /* by address; number + 1 */
	size_t slot_count;
};

/* Processes of the scanner that ended in the middle of their work. */
#define FOUND_LOST_NAME_SIZE 16

struct found_lost {
	uint32_t count; /* ever */
	int64_t at_ms;  /* of the latest */
	char name[FOUND_LOST_NAME_SIZE];
};

struct found {
	struct found_scope *scopes[FOUND_SCOPES_MAX];
	size_t scope_count;
	size_t rows[SCHEMA_TABLES_MAX]; /* of each table */
	uint64_t bytes;
	struct found_lost lost;
};

struct found *found_new(void);
void found_free(struct found **found);

/* The scope's, made where it is not there; NULL where there are too many. */
struct found_scope *found_scope(struct found *found, const char *name);
struct found_scope *found_scope_find(struct found *found, const char *name);
void found_forget_scope(struct found *found, struct found_scope *scope);

/* NULL where it is not there. Valid until a host of the scope is removed. */
struct found_host *found_host(const struct found_scope *scope, const struct address *address);
struct found_port *found_port(struct found_host *host, uint8_t transport, uint16_t port);

/* The same, made where it is not there; NULL where there is no room: counted in left_out. */
struct found_host *found_add_host(struct found *found, struct found_scope *scope,
				  const struct address *address);
struct found_port *found_add_port(struct found *found, struct found_scope *scope,
				  struct found_host *host, uint8_t transport, uint16_t port);

/* Replaces a port's rows by collected ones (rows.h); what is malformed is left out. True where they
 * differ from those before. */
bool found_set_rows(struct found *found, struct found_scope *scope, struct found_port *port,
		    struct span rows);

/* What the port told of the host's names; true where that differs from before. */
bool found_set_names(struct found_port *port, const struct host_names *names);

/* Takes away ports and hosts that were not seen in the scope's run; returns how many. */
size_t found_drop_unseen(struct found *found, struct found_scope *scope);

/* Calls take for each row of a table; those of hosts and scopes are made here. state and reason are
 * asked for each scope. */
struct found_status {
	const char *state;
	const char *reason; /* "" for none */
};
typedef struct found_status found_status_of(void *context, const struct found_scope *scope);

void found_each_row(const struct found *found, uint16_t table, found_status_of *status,
		    void *status_context, void (*take)(void *context, struct span row),
		    void *context);

/* All of it as bytes, and back; ERR_FULL, ERR_MALFORMED (nothing is then changed). */
MUST_USE int found_write(const struct found *found, struct buffer *out);
MUST_USE int found_read(struct span bytes, struct found **out);
