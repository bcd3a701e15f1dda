/* harness.c - an engine for tests. */
#include "server/engine/harness.h"

#include "base/mem.h"
#include "base/text.h"
#include "schema/schema.h"
#include "server/engine/parts.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/pki.h"
#include "wire/cbor.h"

#include <assert.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOM         (2u << 20)
#define ENROLMENT_ID 999999

static void must(int error, const struct why *why)
{
	if (error != 0) {
		fprintf(stderr, "error %d: %s\n", error, why->text);
		abort();
	}
}

static int keep_answer(void *context, uint8_t kind, uint64_t id, struct span body)
{
	struct harness *h = context;
	struct harness_answer *a = &h->answers[h->answer_count];

	if (h->answer_count == HARNESS_ANSWERS_MAX) {
		abort();
	}
	a->kind = kind;
	a->id = id;
	a->size = body.len;
	a->body = alloc_resize(NULL, body.len + 1, 1);
	mem_copy(a->body, body.ptr, body.len);
	h->answer_count++;
	return 0;
}

static void open_engine(struct harness *h)
{
	struct why why = { "" };

	must(engine_open(h->folder, 3600, &h->engine, &why), &why);
	h->ingest = engine_link_open(h->engine, ENGINE_INGEST, keep_answer, h);
	h->api = engine_link_open(h->engine, ENGINE_API, keep_answer, h);
}

static void close_engine(struct harness *h)
{
	engine_link_close(&h->ingest);
	engine_link_close(&h->api);
	engine_close(&h->engine);
}

void harness_open(struct harness *h)
{
	struct platform *p = NULL;
	struct why why = { "" };
	char path[128];

	mem_zero(h, sizeof *h);
	buffer_init(&h->held, 4 * ROOM);
	log_open("test", LOG_ERROR);
	snprintf(h->folder, sizeof h->folder, "/tmp/bartizan-engine-XXXXXX");
	if (mkdtemp(h->folder) == NULL) {
		abort();
	}
	snprintf(path, sizeof path, "%s/tenants", h->folder);
	if (mkdir(path, 0700) != 0) {
		abort();
	}
	must(platform_open(h->folder, true, &p, &why), &why);
	must(tenant_add(p, "default", 1, &why), &why);
	must(tenant_add(p, "other", 1, &why), &why);
	platform_close(&p);
	must(authority_prepare(h->folder, NULL, NULL, &why), &why);
	open_engine(h);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static void drop_answers(struct harness *h)
{
	for (size_t i = 0; i < h->answer_count; i++) {
		free(h->answers[i].body);
	}
	h->answer_count = 0;
}

void harness_close(struct harness *h)
{
	close_engine(h);
	drop_answers(h);
	buffer_done(&h->held);
	(void)nftw(h->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void harness_restart(struct harness *h)
{
	close_engine(h);
	drop_answers(h);
	open_engine(h);
}

void harness_commit(struct harness *h)
{
	while (engine_commit(h->engine)) {
	}
}

bool harness_has_answer(const struct harness *h, uint64_t id)
{
	for (size_t i = 0; i < h->answer_count; i++) {
		if (h->answers[i].id == id) {
			return true;
		}
	}
	return false;
}

bool harness_take(struct harness *h, uint64_t id, uint8_t *out_kind, struct span *body)
{
	for (size_t i = 0; i < h->answer_count; i++) {
		struct harness_answer a = h->answers[i];

		if (a.id != id) {
			continue;
		}
		for (size_t j = i + 1; j < h->answer_count; j++) {
			h->answers[j - 1] = h->answers[j];
		}
		h->answer_count--;
		buffer_clear(&h->held);
		(void)!buffer_append(&h->held, (struct span){ a.body, a.size });
		free(a.body);
		*out_kind = a.kind;
		*body = buffer_span(&h->held);
		return true;
	}
	return false;
}

struct message harness_message(struct harness *h, uint64_t session)
{
	struct message m = { 0 };
	struct span frame;
	struct span body;
	uint8_t kind;
	size_t size;

	if (!harness_take(h, session, &kind, &body) ||
	    (kind != BUS_SESSION_SEND && kind != BUS_SESSION_END) ||
	    frame_next(body, &frame, &size) != 0 || size != body.len ||
	    message_decode(frame, &m) != 0) {
		fprintf(stderr, "no message for session %llu\n", (unsigned long long)session);
		abort();
	}
	return m;
}

struct reply harness_request(struct harness *h, const char *operation,
			     const struct argument *arguments, size_t count)
{
	uint8_t room[4096];
	struct writer w = writer_over(room, sizeof room);
	struct reply reply = { 0 };
	struct span body;
	uint8_t kind;

	request_write(&w, operation, arguments, count);
	engine_link_message(h->api, BUS_REQUEST, 4711, writer_span(&w));
	if (!harness_take(h, 4711, &kind, &body) || kind != BUS_REPLY ||
	    reply_read(body, &reply) != 0) {
		abort();
	}
	return reply;
}

void harness_token(struct harness *h, const char *tenant, uint64_t uses, char out[TOKEN_TEXT_SIZE])
{
	const struct argument arguments[] = {
		argument_text("tenant", tenant),
		argument_uint("uses", uses),
		argument_uint("ttl_ms", 60000),
		argument_text("actor", "test"),
	};
	struct reply reply = harness_request(h, "enrolment-token", arguments, COUNT_OF(arguments));
	struct span token;

	if (reply.status != 0 || arguments_text(&reply.result, "token", &token) != 0 ||
	    token.len >= TOKEN_TEXT_SIZE) {
		abort();
	}
	mem_copy(out, token.ptr, token.len);
	out[token.len] = '\0';
}

static unsigned take_enrolled(struct harness *h, struct span *out)
{
	struct span body;
	struct cbor_reader r;
	uint64_t status;
	uint8_t kind;

	harness_commit(h);
	if (!harness_take(h, ENROLMENT_ID, &kind, &body) || kind != BUS_ENROLLED) {
		abort();
	}
	r = cbor_over(body);
	(void)cbor_array(&r);
	status = cbor_uint(&r);
	*out = status == 0 ? cbor_bytes(&r) : cbor_text(&r);
	assert(cbor_done(&r) == 0);
	return (unsigned)status;
}

unsigned harness_try_to_enrol(struct harness *h, const char *token, struct span request,
			      struct span *out)
{
	uint8_t room[8192];
	struct writer w = writer_over(room, sizeof room);

	cbor_write_array(&w, 3);
	cbor_write_text(&w, span_of(token));
	cbor_write_bytes(&w, request);
	cbor_write_text(&w, span_of("192.0.2.1"));
	engine_link_message(h->ingest, BUS_ENROL, ENROLMENT_ID, writer_span(&w));
	return take_enrolled(h, out);
}

unsigned harness_try_to_renew(struct harness *h, const char *tenant, const char *sensor_id,
			      const uint8_t key_hash[32], struct span request, struct span *out)
{
	uint8_t room[8192];
	struct writer w = writer_over(room, sizeof room);

	cbor_write_array(&w, 4);
	cbor_write_text(&w, span_of(tenant));
	cbor_write_text(&w, span_of(sensor_id));
	cbor_write_bytes(&w, (struct span){ key_hash, 32 });
	cbor_write_bytes(&w, request);
	engine_link_message(h->ingest, BUS_REENROL, ENROLMENT_ID, writer_span(&w));
	return take_enrolled(h, out);
}

unsigned harness_try_to_clone(struct harness *h, const char *tenant, const char *sensor_id,
			      const uint8_t key_hash[32], struct span request, struct span *out)
{
	uint8_t room[8192];
	struct writer w = writer_over(room, sizeof room);

	cbor_write_array(&w, 5);
	cbor_write_text(&w, span_of(tenant));
	cbor_write_text(&w, span_of(sensor_id));
	cbor_write_bytes(&w, (struct span){ key_hash, 32 });
	cbor_write_bytes(&w, request);
	cbor_write_text(&w, span_of("192.0.2.77"));
	engine_link_message(h->ingest, BUS_CLONE, ENROLMENT_ID, writer_span(&w));
	return take_enrolled(h, out);
}

void harness_sensor_init(struct harness_sensor *sensor)
{
	struct why why = { "" };

	mem_zero(sensor, sizeof *sensor);
	buffer_init(&sensor->key_pem, 8192);
	buffer_init(&sensor->request, 8192);
	buffer_init(&sensor->certificate, 8192);
	must(pki_key_new(&sensor->key_pem, &why), &why);
	must(pki_request_new(buffer_span(&sensor->key_pem), "test", &sensor->request, &why), &why);
	must(pki_request_key_hash(buffer_span(&sensor->request), sensor->key_hash, &why), &why);
	text_to_hex((struct span){ sensor->key_hash, 8 }, sensor->id);
}

void harness_sensor_done(struct harness_sensor *sensor)
{
	buffer_done(&sensor->key_pem);
	buffer_done(&sensor->request);
	buffer_done(&sensor->certificate);
}

void harness_enrol(struct harness *h, const char *tenant, struct harness_sensor *out)
{
	char token[TOKEN_TEXT_SIZE];
	struct span certificate;

	harness_sensor_init(out);
	harness_token(h, tenant, 1, token);
	if (harness_try_to_enrol(h, token, buffer_span(&out->request), &certificate) != 0 ||
	    buffer_append(&out->certificate, certificate) != 0) {
		abort();
	}
}

void harness_open_session(struct harness *h, uint64_t session, const char *tenant,
			  const char *sensor_id, const uint8_t key_hash[32])
{
	harness_open_session_from(h, session, tenant, sensor_id, key_hash, "192.0.2.1", "");
}

void harness_open_session_from(struct harness *h, uint64_t session, const char *tenant,
			       const char *sensor_id, const uint8_t key_hash[32],
			       const char *address, const char *replaced)
{
	uint8_t room[512];
	struct writer w = writer_over(room, sizeof room);

	cbor_write_array(&w, 5);
	cbor_write_text(&w, span_of(tenant));
	cbor_write_text(&w, span_of(sensor_id));
	cbor_write_text(&w, span_of(address));
	cbor_write_bytes(&w, (struct span){ key_hash, 32 });
	cbor_write_text(&w, span_of(replaced));
	engine_link_message(h->ingest, BUS_SESSION_OPEN, session, writer_span(&w));
}

void harness_close_session(struct harness *h, uint64_t session)
{
	engine_link_message(h->ingest, BUS_SESSION_CLOSED, session, (struct span){ 0 });
}

void harness_send(struct harness *h, uint64_t session, const struct message *message)
{
	uint8_t *room = alloc_resize(NULL, ROOM, 1);
	struct writer w = writer_over(room, ROOM);
	struct span frame;
	size_t size;

	message_encode(message, &w);
	if (frame_next(writer_span(&w), &frame, &size) != 0) {
		abort();
	}
	/* a turn ends when the test says so, however slow the machine is */
	h->engine->turn_started_us = INT64_MAX / 2;
	engine_link_message(h->ingest, BUS_SESSION_FRAME, session, frame);
	free(room);
}

static struct message greet(struct harness *h, uint64_t session, const char *tenant,
			    const struct harness_sensor *sensor, struct span policy)
{
	const struct message hello = {
		.kind = MESSAGE_HELLO,
		.hello = { .protocol = MESSAGE_PROTOCOL,
			   .kind = span_of("agent"),
			   .version = span_of("test"),
			   .clock_ms = clock_wall_ms(),
			   .tables = { TABLE_OS, TABLE_PACKAGES },
			   .table_count = 2,
			   .policy = policy },
	};

	harness_open_session(h, session, tenant, sensor->id, sensor->key_hash);
	harness_send(h, session, &hello);
	harness_commit(h);
	return harness_message(h, session);
}

struct message harness_greet(struct harness *h, uint64_t session, const char *tenant,
			     const struct harness_sensor *sensor)
{
	return greet(h, session, tenant, sensor, (struct span){ 0 });
}

struct message harness_greet_policed(struct harness *h, uint64_t session,
				     const struct harness_sensor *sensor,
				     const uint8_t policy[MESSAGE_POLICY_DIGEST])
{
	return greet(h, session, "default", sensor, (struct span){ policy, MESSAGE_POLICY_DIGEST });
}
