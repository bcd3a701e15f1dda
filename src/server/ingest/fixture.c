/* fixture.c - ingest, an engine behind it and a client, in one loop. */
#include "server/ingest/fixture.h"

#include "base/error.h"
#include "schema/schema.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/net.h"
#include "sys/pki.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static struct world world;

/* --- the engine behind the bus --- */

static int send_on_bus(void *context, uint8_t kind, uint64_t id, struct span body)
{
	return bus_send(context, kind, id, body);
}

static void bus_opened(void *context, struct bus_link *link)
{
	struct world *w = context;

	w->served = link;
	w->link = engine_link_open(w->h.engine, ENGINE_INGEST, send_on_bus, link);
}

static void bus_message(void *context, struct bus_link *link, uint8_t kind, uint64_t id,
			struct span body)
{
	struct world *w = context;

	(void)link;
	engine_link_message(w->link, kind, id, body);
}

static void bus_closed(void *context, struct bus_link *link)
{
	struct world *w = context;

	(void)link;
	engine_link_close(&w->link);
	w->served = NULL;
}

static const struct bus_handler bus_handler = {
	.message = bus_message,
	.opened = bus_opened,
	.closed = bus_closed,
};

static void on_idle(void *context)
{
	struct world *w = context;

	harness_commit(&w->h);
}

static void read_file(const struct world *w, const char *name, struct buffer *out)
{
	char path[128];

	buffer_init(out, 65536);
	snprintf(path, sizeof path, "%s/%s", w->h.folder, name);
	assert_int_equal(file_read(path, out), 0);
}

void serve_bus(struct world *w)
{
	w->bus = bus_serve(w->loop, w->bus_fd, &bus_handler, w);
}

int world_begin(void **state)
{
	struct world *w = &world;
	struct net_address any;
	struct ingest_config config = { .connections_max = 1000,
					.handshake_ms = 300,
					.hello_ms = 600,
					.frame_ms = 800,
					.est_ms = 5000,
					.idle_ms = 6000 };
	struct why why = { "" };

	memset(w, 0, sizeof *w);
	harness_open(&w->h);
	w->loop = loop_new();
	loop_on_idle(w->loop, on_idle, w);
	read_file(w, "ca.pem", &w->ca);
	read_file(w, "server.pem", &w->certificate);
	read_file(w, "server.key", &w->key);
	snprintf(w->bus_path, sizeof w->bus_path, "%.63s/bus.sock", w->h.folder);
	assert_int_equal(net_unix_listen(w->bus_path, &w->bus_fd, &why), 0);
	assert_int_equal(net_address_parse(span_of("127.0.0.1:0"), &any, &why), 0);
	assert_int_equal(net_listen(&any, &w->listen_fd, &w->address, &why), 0);
	serve_bus(w);
	config.listen_fd = w->listen_fd;
	config.bus_path = w->bus_path;
	config.ca_pem = buffer_span(&w->ca);
	config.certificate_pem = buffer_span(&w->certificate);
	config.key_pem = buffer_span(&w->key);
	assert_int_equal(ingest_open(w->loop, &config, &w->ingest, &why), 0);
	*state = w;
	return 0;
}

int world_end(void **state)
{
	struct world *w = *state;

	ingest_close(&w->ingest);
	engine_link_close(&w->link);
	bus_server_free(&w->bus);
	close(w->bus_fd);
	close(w->listen_fd);
	loop_free(&w->loop);
	buffer_done(&w->ca);
	buffer_done(&w->certificate);
	buffer_done(&w->key);
	harness_close(&w->h);
	return 0;
}

/* --- a client --- */

static void client_opened(void *context)
{
	struct client *c = context;

	c->is_open = true;
}

static size_t client_received(void *context, struct span bytes)
{
	struct client *c = context;

	assert_int_equal(buffer_append(&c->received, bytes), 0);
	return bytes.len;
}

static void client_closed(void *context, int error, const char *reason)
{
	struct client *c = context;

	(void)error;
	(void)reason;
	c->is_closed = true;
}

static const struct tls_handler client_handler = {
	.opened = client_opened,
	.received = client_received,
	.closed = client_closed,
};

void turn_until(struct world *w, const bool *condition)
{
	int64_t deadline = clock_ms() + DEADLINE_MS;

	while (!*condition) {
		assert_true(clock_ms() < deadline);
		loop_turn(w->loop, 10);
	}
}

int connect_plain(struct world *w)
{
	int fd;

	assert_int_equal(net_connect_start(&w->address, &fd, NULL), 0);
	return fd;
}

/* sensor NULL: without a certificate. alpn NULL: none offered. */
void client_open(struct world *w, struct client *c, const struct harness_sensor *sensor,
		 const char *alpn)
{
	static const struct tls_limits limits = { .receive_max = 4u << 20,
						  .send_max = 64u << 20,
						  .handshake_ms = DEADLINE_MS };
	const char *const offered[] = { alpn, NULL };
	struct tls_config config = { .ca_pem = buffer_span(&w->ca), .alpn = offered };
	struct buffer pem;
	struct why why = { "" };

	memset(c, 0, sizeof *c);
	c->world = w;
	buffer_init(&c->received, 8u << 20);
	buffer_init(&pem, 65536);
	if (sensor != NULL) {
		assert_int_equal(pki_der_to_pem(buffer_span(&sensor->certificate), &pem, &why), 0);
		config.certificate_pem = buffer_span(&pem);
		config.key_pem = buffer_span(&sensor->key_pem);
	}
	assert_int_equal(tls_context_new(&config, &c->context, &why), 0);
	c->stream =
		tls_stream_new(w->loop, c->context, connect_plain(w), &limits, &client_handler, c);
	buffer_done(&pem);
}

void client_free(struct client *c)
{
	tls_stream_free(&c->stream);
	tls_context_free(&c->context);
	buffer_done(&c->received);
}

void client_send(struct client *c, const struct message *m)
{
	uint8_t *room = alloc_resize(NULL, 2u << 20, 1);
	struct writer w = writer_over(room, 2u << 20);

	message_encode(m, &w);
	assert_int_equal(tls_send(c->stream, writer_span(&w)), 0);
	free(room);
}

/* Waits for the next message. Its spans are valid until the next call. */
struct message client_receive(struct client *c)
{
	static uint8_t held[FRAME_BYTES_MAX];
	int64_t deadline = clock_ms() + DEADLINE_MS;
	struct message m = { 0 };
	struct span frame;
	size_t size;

	while (frame_next(buffer_span(&c->received), &frame, &size) != 0) {
		assert_true(clock_ms() < deadline);
		loop_turn(c->world->loop, 10);
	}
	memcpy(held, frame.ptr, frame.len);
	assert_int_equal(message_decode((struct span){ held, frame.len }, &m), 0);
	buffer_consume(&c->received, size);
	return m;
}

static const struct message hello = { .kind = MESSAGE_HELLO,
				      .hello = { .protocol = MESSAGE_PROTOCOL,
						 .tables = { TABLE_OS, TABLE_PACKAGES },
						 .table_count = 2 } };

struct message client_greet(struct client *c)
{
	struct message m = hello;

	m.hello.kind = span_of("agent");
	m.hello.version = span_of("test");
	client_send(c, &m);
	return client_receive(c);
}

void client_assert_goodbye(struct client *c, uint64_t code)
{
	struct message m = client_receive(c);

	assert_int_equal(m.kind, MESSAGE_GOODBYE);
	assert_int_equal(m.goodbye.code, code);
	turn_until(c->world, &c->is_closed);
}
