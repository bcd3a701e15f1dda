/*
 * bus.h - how the roles speak with each other: kinds of messages over links.
 *
 * The engine serves, the others connect and come back by themselves. bodies are CBOR, described
 * with each kind. Only the backend (local.c: Unix sockets; later NATS) knows how they travel.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/loop.h"
#include "sys/why.h"

enum bus_kind {
	/* ingest to engine; id: the session's number, unique for the life of the ingest process */
	BUS_SESSION_OPEN = 1, /* [tenant, sensor id, address, key hash (32 bytes), address of the
				 session of the same sensor that this one replaced, or ""] */
	BUS_SESSION_FRAME,    /* a frame from the sensor, checked by the guard */
	BUS_SESSION_CLOSED,   /* nothing */
	BUS_ENROL,            /* [token, request DER, address]; id: the request's number */
	BUS_REENROL,          /* [tenant, sensor id, key hash, request DER] */
	BUS_INGEST_FIGURES,   /* [connections, handshakes, frames, bytes in, bytes out, refused],
				 every few seconds */
	BUS_CLONE, /* [tenant, sensor id, key hash, request DER, address]: who shows this sensor's
		      certificate asks for one of its own, with another key */
	/* engine to ingest */
	BUS_SESSION_SEND = 20, /* whole frames for the sensor */
	BUS_SESSION_END,       /* whole frames, then the connection is closed */
	BUS_ENROLLED,          /* [0, certificate DER] or [HTTP status, reason] */
	/* api to engine; id: the request's number */
	BUS_REQUEST = 40, /* [operation, argument map] */
	/* engine to api */
	BUS_REPLY = 60, /* [0, result map] or [HTTP status, code, message] */
	BUS_COMMITTED,  /* [tenant, newest change's number, newest event's]: after each commit that
			   changed something */
	BUS_SENSORS,    /* [tenant]: a sensor came or went */
	/* feeds to engine, and engine to api */
	BUS_KNOWLEDGE = 70, /* [generation]: feeds/knowledge was replaced (server/feeds/feeds.h) */
	/* engine to feeds */
	BUS_FEED_REQUEST, /* [operation, argument map]: feed-update, feed-import, feed-family: no
			     reply; scope-look: attempt, scope, method */
	/* feeds to engine */
	BUS_SCOPE_LOOKED, /* [attempt, outcome (bytes, formats/scope_proof.h)]: what is published */
	/* either way */
	BUS_ROLE = 80, /* [role name]: first on each link, from the one who connected */
};

struct bus_link;

struct bus_handler {
	void (*message)(void *context, struct bus_link *link, uint8_t kind, uint64_t id,
			struct span body);
	void (*opened)(void *context, struct bus_link *link); /* may be NULL */
	void (*closed)(void *context,
		       struct bus_link *link); /* server: the link is freed afterwards */
	void (*drained)(void *context, struct bus_link *link); /* may be NULL */
};

/* Serves on a listening socket, which stays the caller's (the supervisor keeps it across restarts
 * of a role). */
struct bus_server;
struct bus_server *bus_serve(struct loop *loop, int listen_fd, const struct bus_handler *handler,
			     void *context);
void bus_server_free(struct bus_server **server);

/* Connects to path and again, with a short growing pause, whenever it breaks; opened is called
 * each time. Messages sent while it is broken are refused with ERR_CLOSED. */
struct bus_link *bus_connect(struct loop *loop, const char *path, const char *role,
			     const struct bus_handler *handler, void *context);
void bus_link_free(struct bus_link **link);

/* ERR_FULL, ERR_CLOSED, ERR_LIMIT as channel_send. */
MUST_USE int bus_send(struct bus_link *link, uint8_t kind, uint64_t id, struct span body);
bool bus_is_congested(const struct bus_link *link);
void bus_pause(struct bus_link *link);
void bus_resume(struct bus_link *link);

/* The name that came with BUS_ROLE, "" before. Server's side. */
const char *bus_role(const struct bus_link *link);
