/*
 * parts.h - ingest's state, as the files of this folder share it; nobody else includes this.
 *
 * A connection is a handshake first, then a session or one EST request, and it is ending when
 * its last words are on their way.
 */
#pragma once

#include "server/bus/bus.h"
#include "server/idmap.h"
#include "server/ingest/ingest.h"
#include "server/ingest/limits.h"
#include "server/ingest/penalty.h"
#include "server/tenants/tenants.h"
#include "sys/buffer.h"
#include "sys/log.h"
#include "sys/net.h"
#include "sys/tls.h"
#include "wire/session.h"

#define SENSOR_ID_SIZE 17

enum connection_state {
	CONNECTION_HANDSHAKE,
	CONNECTION_SESSION,
	CONNECTION_EST,
	CONNECTION_ENDING
};

/* What an EST request waits for. */
enum est_wait { EST_READS, EST_IS_DELAYED, EST_HAS_ASKED };

/* Who a client certificate says that it is. */
struct sensor_identity {
	char id[SENSOR_ID_SIZE];
	char tenant[TENANT_NAME_SIZE];
	uint8_t key_hash[32];
};

struct connection {
	struct ingest *ingest;
	uint64_t id; /* on the bus */
	enum connection_state state;
	struct tls_stream *stream;
	struct net_address peer;
	char address[64]; /* the peer's, without the port */
	int64_t since_ms; /* when this state began */
	struct connection *previous;
	struct connection *next;
	/* session */
	struct sensor_identity sensor;
	struct session_guard guard;
	bool is_announced;    /* the engine knows of it */
	bool is_greeted;      /* hello came */
	int64_t hello_due_ms; /* 0: none is awaited */
	uint32_t alive_s;
	int64_t heard_ms;
	int64_t frame_since_ms; /* a frame has begun and is not whole; 0: none */
	size_t held_bytes;      /* of it */
	/* EST */
	enum est_wait wait;
	uint8_t bus_kind; /* what is asked of the engine: BUS_ENROL, BUS_REENROL, BUS_CLONE */
	bool is_counted;  /* in est_waiting_count */
	int64_t due_ms;   /* EST_IS_DELAYED */
	uint8_t *asked;   /* the bus message's body */
	size_t asked_size;
};

struct ingest_figures {
	uint64_t handshakes;
	uint64_t frames;
	uint64_t bytes_in;
	uint64_t bytes_out;
	uint64_t refused;
};

struct ingest {
	struct loop *loop;
	struct ingest_config config;
	struct tls_context *tls;
	struct loop_watch *accepting;
	struct loop_timer *sweep;
	struct bus_link *bus;
	bool is_bus_open;
	bool is_paused; /* nothing is read from sensors: the bus is broken or congested */
	struct connection *connections; /* newest first */
	struct idmap by_id;
	struct idmap by_sensor; /* sessions, by a hash of tenant and id */
	size_t connection_count;
	size_t session_count;
	size_t handshake_count;
	size_t est_waiting_count;
	size_t held_bytes;
	uint64_t last_id;
	struct penalty_table *penalties;
	struct buffer cacerts; /* the whole response */
	struct ingest_figures figures;
	int64_t figures_ms;
	struct log_limit stranger_lines;
	struct log_limit sensor_lines;
};

/* --- connections.c --- */

/* Begins to accept. */
void connections_listen(struct ingest *ingest);

/* Lets more in, or not, as the limits say. Safe at any time. */
void connections_admit(struct ingest *ingest);

/* Frees it at once: no further word. */
void connection_free(struct connection *c);

/* What is queued is sent, then it ends. Tells the engine where that knew of it. */
void connection_end(struct connection *c);

void connection_set_state(struct connection *c, enum connection_state state);

/* Queues bytes; one that does not take its answers is dropped: false, and c is gone. */
bool connection_send(struct connection *c, struct span bytes);

/* A line about a peer, rate-limited. */
void connection_log(struct connection *c, const char *what, const char *reason);

/* Reads the certificate that the peer has shown. ERR_NOT_FOUND where it has shown none,
 * ERR_MALFORMED where it is not a sensor's. */
MUST_USE int connection_identify(const struct connection *c, struct sensor_identity *out);

/* Deadlines, figures. */
void connections_sweep(struct ingest *ingest);

/* --- session.c --- */
void session_begin(struct connection *c);
size_t session_received(struct connection *c, struct span bytes);
void session_sweep(struct connection *c, int64_t now_ms);

/* The engine's words for a sensor; is_last: the connection then ends. */
void session_deliver(struct connection *c, struct span frames, bool is_last);

/* Says goodbye and ends it. */
void session_goodbye(struct connection *c, enum goodbye_code code, uint64_t retry_ms,
		     const char *text);

/* It is over: the books are put in order. */
void session_leave(struct connection *c);

/* The bus is there (again): sessions are announced, and sensors say hello anew. */
void sessions_announce(struct ingest *ingest);

/* Stops and resumes reading from all sessions, as the bus can take it. */
void sessions_pace(struct ingest *ingest);

/* --- est.c --- */
void est_begin(struct connection *c);
size_t est_received(struct connection *c, struct span bytes);
void est_sweep(struct connection *c, int64_t now_ms);
void est_enrolled(struct connection *c, struct span body);
void est_leave(struct connection *c);

/* The engine that was asked is gone: whoever waits for it is told to come again. */
void est_bus_closed(struct ingest *ingest);

/* Writes the response to cacerts, once. */
MUST_USE int est_prepare(struct ingest *ingest, struct why *why);
