/*
 * est.c - enrolment over HTTPS (RFC 7030): one request a connection, answered by the engine.
 *
 * An address whose attempts fail waits longer and longer before the next is passed on.
 */
#include "base/error.h"
#include "base/mem.h"
#include "server/ingest/est_request.h"
#include "server/ingest/parts.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/pki.h"
#include "wire/cbor.h"

#include <stdio.h>
#include <stdlib.h>

/* The largest response: a certificate or two in base64. */
#define RESPONSE_MAX 32768

/* The engine's reasons, with their NUL. */
#define REASON_SIZE 512

/* --- answers --- */

static void respond(struct connection *c, struct span response)
{
	if (connection_send(c, response)) {
		connection_end(c);
	}
}

static void refuse(struct connection *c, unsigned status, const char *text)
{
	uint8_t room[2048];
	struct writer w = writer_over(room, sizeof room);
	const struct est_refusal refusal = { status, text };

	c->ingest->figures.refused++;
	connection_log(c, "enrolment refused", text);
	est_write_refusal(&w, &refusal);
	respond(c, writer_span(&w));
}

static void respond_certificate(struct connection *c, struct span der)
{
	uint8_t room[RESPONSE_MAX];
	struct writer w = writer_over(room, sizeof room);
	struct buffer base64 OWNED(buffer_done);
	struct why why;

	buffer_init(&base64, RESPONSE_MAX / 2);
	if (pki_certs_only(&der, 1, &base64, &why) != 0) {
		log_error("cannot wrap a certificate", log_text("reason", why.text));
		refuse(c, 503, "the certificate could not be sent; try again later");
		return;
	}
	est_write_certificates(&w, buffer_span(&base64));
	respond(c, writer_span(&w));
}

int est_prepare(struct ingest *i, struct why *why)
{
	uint8_t room[RESPONSE_MAX];
	struct writer w = writer_over(room, sizeof room);
	struct buffer der OWNED(buffer_done);
	struct buffer base64 OWNED(buffer_done);
	struct span certificate;
	int error;

	buffer_init(&der, RESPONSE_MAX / 2);
	buffer_init(&base64, RESPONSE_MAX / 2);
	buffer_init(&i->cacerts, RESPONSE_MAX);
	error = pki_pem_to_der(i->config.ca_pem, &der, why);
	if (error != 0) {
		return error;
	}
	certificate = buffer_span(&der);
	error = pki_certs_only(&certificate, 1, &base64, why);
	if (error != 0) {
		return error;
	}
	est_write_certificates(&w, buffer_span(&base64));
	return buffer_append(&i->cacerts, writer_span(&w));
}

/* --- passing it on --- */

static void ask(struct connection *c)
{
	c->wait = EST_HAS_ASKED;
	if (bus_send(c->ingest->bus, c->bus_kind, c->id,
		     (struct span){ c->asked, c->asked_size }) != 0) {
		refuse(c, 503, "the server is starting; try again in a few seconds");
	}
}

/* Passes it on at once, or when the address has waited for its earlier failures. */
static void ask_or_delay(struct connection *c)
{
	struct ingest *i = c->ingest;
	int64_t now_ms = clock_ms();
	int64_t delay_ms =
		c->bus_kind == BUS_REENROL ? 0 : penalty_delay(i->penalties, &c->peer, now_ms);

	if (i->est_waiting_count >= EST_WAITING_MAX) {
		refuse(c, 503, "too many sensors enrol at once; try again later");
		return;
	}
	if (delay_ms > 0 && !penalty_enter(i->penalties, &c->peer, now_ms)) {
		refuse(c, 503, "too many attempts from this address failed; try again later");
		return;
	}
	i->est_waiting_count++;
	c->is_counted = true;
	if (delay_ms > 0) {
		c->wait = EST_IS_DELAYED;
		c->due_ms = now_ms + delay_ms;
	} else {
		ask(c);
	}
}

static void keep_body(struct connection *c, const struct writer *w)
{
	struct span body = writer_span(w);

	c->asked = alloc_resize(NULL, body.len, 1);
	c->asked_size = body.len;
	mem_copy(c->asked, body.ptr, body.len);
}

/* A state folder that was copied to another machine holds a certificate that is good, and no token:
 * the copy may have an identity of its own. */
static void clone(struct connection *c, const struct est_request *request)
{
	uint8_t room[EST_BODY_MAX + 384];
	struct writer w = writer_over(room, sizeof room);
	struct sensor_identity sensor;

	if (connection_identify(c, &sensor) != 0) {
		refuse(c, 403, "the certificate is not a sensor's");
		return;
	}
	c->bus_kind = BUS_CLONE;
	cbor_write_array(&w, 5);
	cbor_write_text(&w, span_of(sensor.tenant));
	cbor_write_text(&w, span_of(sensor.id));
	cbor_write_bytes(&w, (struct span){ sensor.key_hash, sizeof sensor.key_hash });
	cbor_write_bytes(&w, request->request);
	cbor_write_text(&w, span_of(c->address));
	keep_body(c, &w);
	ask_or_delay(c);
}

static void enrol(struct connection *c, const struct est_request *request)
{
	uint8_t room[EST_BODY_MAX + EST_TOKEN_MAX + 256];
	struct writer w = writer_over(room, sizeof room);

	c->bus_kind = BUS_ENROL;
	cbor_write_array(&w, 3);
	cbor_write_text(&w, request->token);
	cbor_write_bytes(&w, request->request);
	cbor_write_text(&w, span_of(c->address));
	keep_body(c, &w);
	ask_or_delay(c);
}

static void renew(struct connection *c, const struct est_request *request)
{
	uint8_t room[EST_BODY_MAX + 256];
	struct writer w = writer_over(room, sizeof room);
	struct sensor_identity sensor;

	if (connection_identify(c, &sensor) != 0) {
		refuse(c, 403, "renewal needs the certificate that is to be renewed");
		return;
	}
	c->bus_kind = BUS_REENROL;
	cbor_write_array(&w, 4);
	cbor_write_text(&w, span_of(sensor.tenant));
	cbor_write_text(&w, span_of(sensor.id));
	cbor_write_bytes(&w, (struct span){ sensor.key_hash, sizeof sensor.key_hash });
	cbor_write_bytes(&w, request->request);
	keep_body(c, &w);
	ask_or_delay(c);
}

/* --- the connection --- */

void est_begin(struct connection *c)
{
	connection_set_state(c, CONNECTION_EST);
}

void est_leave(struct connection *c)
{
	if (c->wait == EST_IS_DELAYED) {
		penalty_leave(c->ingest->penalties, &c->peer);
	}
	if (c->asked != NULL) {
		mem_zero(c->asked, c->asked_size); /* there is a token in it */
		alloc_free(&c->asked);
	}
	if (c->is_counted) {
		c->ingest->est_waiting_count--;
	}
}

size_t est_received(struct connection *c, struct span bytes)
{
	struct est_request request;
	struct est_refusal refusal;
	int error;

	if (c->wait != EST_READS) {
		return bytes.len; /* one request a connection */
	}
	error = est_request_parse(bytes, tls_peer_certificate(c->stream).len > 0, &request,
				  &refusal);
	if (error == ERR_AGAIN && bytes.len < EST_REQUEST_MAX) {
		return 0;
	}
	if (error == ERR_AGAIN) {
		refuse(c, 413, "the request is too large");
	} else if (error != 0) {
		refuse(c, refusal.status, refusal.text);
	} else if (request.operation == EST_CACERTS) {
		respond(c, buffer_span(&c->ingest->cacerts));
	} else if (request.operation == EST_ENROL && request.token.len == 0) {
		clone(c, &request);
	} else if (request.operation == EST_ENROL) {
		enrol(c, &request);
	} else {
		renew(c, &request);
	}
	return bytes.len;
}

void est_sweep(struct connection *c, int64_t now_ms)
{
	if (now_ms - c->since_ms >= c->ingest->config.est_ms) {
		if (c->wait == EST_HAS_ASKED) {
			refuse(c, 503, "the server did not get to it in time; try again later");
		} else {
			refuse(c, 408, "the request did not come in time");
		}
	} else if (c->wait == EST_IS_DELAYED && now_ms >= c->due_ms) {
		penalty_leave(c->ingest->penalties, &c->peer);
		ask(c);
	}
}

/* [0, certificate] or [HTTP status, reason] */
void est_enrolled(struct connection *c, struct span body)
{
	struct cbor_reader r = cbor_over(body);
	size_t count = cbor_array(&r);
	uint64_t status = cbor_uint(&r);
	struct span certificate = status == 0 ? cbor_bytes(&r) : (struct span){ 0 };
	struct span reason = status != 0 ? cbor_text(&r) : (struct span){ 0 };
	char text[REASON_SIZE];

	if (c->wait != EST_HAS_ASKED) {
		return;
	}
	if (cbor_done(&r) != 0 || count != 2 || status > 599) {
		refuse(c, 503, "the engine's answer was not understood");
		return;
	}
	if (status == 0) {
		/* no token bounds how many clones there may be: so each makes the next wait */
		if (c->bus_kind == BUS_CLONE) {
			penalty_failed(c->ingest->penalties, &c->peer, clock_ms());
		} else {
			penalty_succeeded(c->ingest->penalties, &c->peer);
		}
		respond_certificate(c, certificate);
		return;
	}
	if (status == 401 || (status == 403 && c->bus_kind == BUS_CLONE)) {
		penalty_failed(c->ingest->penalties, &c->peer, clock_ms());
	}
	snprintf(text, sizeof text, "%.*s", (int)(reason.len < sizeof text ? reason.len : 0),
		 reason.len > 0 ? (const char *)reason.ptr : "");
	refuse(c, (unsigned)status, text);
}

void est_bus_closed(struct ingest *i)
{
	struct connection *next;

	for (struct connection *c = i->connections; c != NULL; c = next) {
		next = c->next;
		if (c->state == CONNECTION_EST && c->wait == EST_HAS_ASKED) {
			refuse(c, 503, "the server restarted; try again");
		}
	}
}
