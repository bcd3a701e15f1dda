/* connections.c - admission, and what every connection has in common. */
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "server/ingest/parts.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/pki.h"
#include "wire/cbor.h"

#include <stdio.h>
#include <stdlib.h>

/* --- the list --- */

static void link_in(struct connection *c)
{
	struct ingest *i = c->ingest;

	c->next = i->connections;
	if (c->next != NULL) {
		c->next->previous = c;
	}
	i->connections = c;
	idmap_put(&i->by_id, c->id, c);
	i->connection_count++;
}

static void link_out(struct connection *c)
{
	struct ingest *i = c->ingest;

	*(c->previous != NULL ? &c->previous->next : &i->connections) = c->next;
	if (c->next != NULL) {
		c->next->previous = c->previous;
	}
	idmap_remove(&i->by_id, c->id);
	i->connection_count--;
}

/* --- one connection --- */

void connection_set_state(struct connection *c, enum connection_state state)
{
	struct ingest *i = c->ingest;

	if (c->state == CONNECTION_HANDSHAKE && state != CONNECTION_HANDSHAKE) {
		i->handshake_count--;
	} else if (c->state == CONNECTION_SESSION && state != CONNECTION_SESSION) {
		session_leave(c);
	} else if (c->state == CONNECTION_EST && state != CONNECTION_EST) {
		est_leave(c);
	}
	c->state = state;
	c->since_ms = clock_ms();
}

void connection_free(struct connection *c)
{
	struct ingest *i = c->ingest;

	connection_set_state(c, CONNECTION_ENDING);
	link_out(c);
	tls_stream_free(&c->stream);
	free(c);
	connections_admit(i);
}

void connection_end(struct connection *c)
{
	connection_set_state(c, CONNECTION_ENDING);
	tls_close(c->stream);
}

bool connection_send(struct connection *c, struct span bytes)
{
	c->ingest->figures.bytes_out += bytes.len;
	if (tls_send(c->stream, bytes) == 0) {
		return true;
	}
	connection_log(c, "connection dropped", "the peer does not take what is sent to it");
	connection_free(c);
	return false;
}

void connection_log(struct connection *c, const char *what, const char *reason)
{
	bool is_sensor = c->sensor.id[0] != '\0';
	unsigned held_back;

	if (!log_allowed(is_sensor ? &c->ingest->sensor_lines : &c->ingest->stranger_lines,
			 LOG_BURST, &held_back)) {
		return;
	}
	if (is_sensor) {
		log_warn(what, log_text("tenant", c->sensor.tenant),
			 log_text("sensor", c->sensor.id), log_text("address", c->address),
			 log_text("reason", reason), log_number("held_back", held_back));
	} else {
		log_warn(what, log_text("address", c->address), log_text("reason", reason),
			 log_number("held_back", held_back));
	}
}

static bool is_sensor_id(const char *text)
{
	struct span id = span_of(text);
	uint8_t bytes[(SENSOR_ID_SIZE - 1) / 2];

	return id.len == SENSOR_ID_SIZE - 1 && text_from_hex(id, bytes, sizeof bytes) == 0;
}

int connection_identify(const struct connection *c, struct sensor_identity *out)
{
	struct span der = tls_peer_certificate(c->stream);
	struct pki_certificate_facts facts;

	if (der.len == 0) {
		return ERR_NOT_FOUND;
	}
	if (pki_certificate_facts(der, &facts, NULL) != 0 || !is_sensor_id(facts.common_name) ||
	    !tenant_name_is_valid(span_of(facts.organization)) ||
	    pki_certificate_key_hash(der, out->key_hash, NULL) != 0) {
		return ERR_MALFORMED;
	}
	mem_copy(out->id, facts.common_name, sizeof out->id);
	snprintf(out->tenant, sizeof out->tenant, "%.63s", facts.organization);
	return 0;
}

/* --- what TLS tells --- */

static void on_opened(void *context)
{
	struct connection *c = context;
	struct ingest *i = c->ingest;

	i->figures.handshakes++;
	if (span_is(span_of(tls_protocol(c->stream)), MESSAGE_ALPN)) {
		session_begin(c);
	} else {
		est_begin(c);
	}
	connections_admit(i);
}

static size_t on_received(void *context, struct span bytes)
{
	struct connection *c = context;

	switch (c->state) {
	case CONNECTION_SESSION:
		return session_received(c, bytes);
	case CONNECTION_EST:
		return est_received(c, bytes);
	default:
		return bytes.len;
	}
}

static void on_closed(void *context, int error, const char *reason)
{
	struct connection *c = context;

	if (c->state == CONNECTION_HANDSHAKE) {
		c->ingest->figures.refused++;
		connection_log(c, "handshake failed", reason);
	} else if (error != 0 && error != ERR_CLOSED) {
		connection_log(c, "connection failed", reason);
	} else {
		log_debug("connection closed", log_text("sensor", c->sensor.id),
			  log_text("address", c->address), log_text("reason", reason));
	}
	connection_free(c);
}

static const struct tls_handler tls_handler = {
	.opened = on_opened,
	.received = on_received,
	.closed = on_closed,
};

/* --- admission --- */

static void admit(struct ingest *i, int fd, const struct net_address *peer)
{
	const struct tls_limits limits = {
		.receive_max = RECEIVE_BYTES_MAX,
		.send_max = SEND_BYTES_MAX,
		.handshake_ms = i->config.handshake_ms,
	};
	struct connection *c = alloc_zeroed(1, sizeof *c);
	char host[NET_TEXT_SIZE];

	c->ingest = i;
	c->id = ++i->last_id;
	c->peer = *peer;
	c->since_ms = clock_ms();
	net_host_text(peer, host);
	snprintf(c->address, sizeof c->address, "%.63s", host);
	i->handshake_count++;
	link_in(c);
	c->stream = tls_stream_new(i->loop, i->tls, fd, &limits, &tls_handler, c);
}

static bool has_room(const struct ingest *i)
{
	return i->handshake_count < HANDSHAKES_MAX &&
	       i->connection_count < i->config.connections_max;
}

void connections_admit(struct ingest *i)
{
	/* NULL while ingest is being closed */
	if (i->accepting != NULL) {
		loop_watch_change(i->accepting, has_room(i) ? LOOP_READ : 0);
	}
}

static void on_acceptable(void *context, unsigned events)
{
	struct ingest *i = context;
	struct net_address peer;
	int error = 0;
	int fd;

	(void)events;
	for (unsigned n = 0; n < ACCEPTS_PER_TURN && has_room(i); n++) {
		error = net_accept(i->config.listen_fd, &fd, &peer);
		if (error != 0) {
			break;
		}
		admit(i, fd, &peer);
	}
	connections_admit(i);
	if (error != 0 && error != ERR_AGAIN) {
		/* out of descriptors, say: the sweep tries again */
		loop_watch_change(i->accepting, 0);
	}
}

/* --- now and then --- */

static void sweep_one(struct connection *c, int64_t now_ms)
{
	bool is_crowded = c->ingest->handshake_count >= HANDSHAKES_MAX;

	switch (c->state) {
	case CONNECTION_HANDSHAKE:
		if (is_crowded && now_ms - c->since_ms >= HANDSHAKE_CROWDED_MS) {
			c->ingest->figures.refused++;
			connection_log(c, "handshake ended", "it was slow while others waited");
			connection_free(c);
		}
		break;
	case CONNECTION_SESSION:
		session_sweep(c, now_ms);
		break;
	case CONNECTION_EST:
		est_sweep(c, now_ms);
		break;
	case CONNECTION_ENDING: /* TLS has its own deadline for that */
		break;
	}
}

static void send_figures(struct ingest *i, int64_t now_ms)
{
	const uint64_t figures[] = {
		i->connection_count, i->figures.handshakes, i->figures.frames,
		i->figures.bytes_in, i->figures.bytes_out,  i->figures.refused,
	};
	uint8_t room[16 * COUNT_OF(figures)];
	struct writer w = writer_over(room, sizeof room);

	if (!i->is_bus_open || now_ms - i->figures_ms < FIGURES_MS) {
		return;
	}
	i->figures_ms = now_ms;
	cbor_write_array(&w, COUNT_OF(figures));
	for (size_t n = 0; n < COUNT_OF(figures); n++) {
		cbor_write_uint(&w, figures[n]);
	}
	(void)!bus_send(i->bus, BUS_INGEST_FIGURES, 0, writer_span(&w));
}

void connections_sweep(struct ingest *i)
{
	int64_t now_ms = clock_ms();
	struct connection *next;

	for (struct connection *c = i->connections; c != NULL; c = next) {
		next = c->next;
		sweep_one(c, now_ms);
	}
	send_figures(i, now_ms);
	connections_admit(i);
}

void connections_listen(struct ingest *i)
{
	i->accepting = loop_watch(i->loop, i->config.listen_fd, LOOP_READ, on_acceptable, i);
}
