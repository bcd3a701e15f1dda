/*
 * fixture.h - ingest on loopback, a real engine behind its bus, and a TLS client, all in one loop;
 * for tests, not part of the server.
 */
#pragma once

#include "server/bus/bus.h"
#include "server/engine/harness.h"
#include "server/ingest/ingest.h"
#include "sys/net.h"
#include "sys/tls.h"
#include "wire/session.h"

#define DEADLINE_MS 20000

struct world {
	struct harness h;
	struct loop *loop;
	struct bus_server *bus;
	int bus_fd;
	char bus_path[96];
	struct engine_link *link; /* the engine's side of the bus, NULL while there is none */
	struct bus_link *served;
	struct ingest *ingest;
	int listen_fd;
	struct net_address address;
	struct buffer ca;
	struct buffer certificate;
	struct buffer key;
};

/* cmocka's setup and teardown: *state is a struct world. */
int world_begin(void **state);
int world_end(void **state);

/* Serves the engine's side of the bus (again). */
void serve_bus(struct world *w);

/* Runs the loop until the condition holds; fails after DEADLINE_MS. */
void turn_until(struct world *w, const bool *condition);

/* A TCP connection to ingest, without TLS. */
int connect_plain(struct world *w);

struct client {
	struct world *world;
	struct tls_context *context;
	struct tls_stream *stream;
	bool is_open;
	bool is_closed;
	struct buffer received;
};

/* sensor NULL: without a certificate. alpn NULL: none offered. */
void client_open(struct world *w, struct client *c, const struct harness_sensor *sensor,
		 const char *alpn);
void client_free(struct client *c);
void client_send(struct client *c, const struct message *m);

/* Waits for the next message. Its spans are valid until the next call. */
struct message client_receive(struct client *c);

/* Says hello for os and packages; returns what comes. */
struct message client_greet(struct client *c);

/* Waits for a goodbye with this code and for the end. */
void client_assert_goodbye(struct client *c, uint64_t code);
