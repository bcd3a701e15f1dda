/*
 * enrolment.c - certificates for sensors: with a token, or renewed with the certificate before.
 *
 * A sensor's id is the first 16 hex digits of the SHA-256 of the public key that it first enrolled
 * with. Enrolments of one turn share its commits.
 */
#include "server/engine/parts.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "server/bus/bus.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/pki.h"
#include "wire/cbor.h"

#include <stdio.h>
#include <stdlib.h>

#define CERTIFICATE_BYTES_MAX 8192
#define ID_BYTES              8

struct enrolment {
	struct engine_link *link; /* NULL: it is gone */
	uint64_t id;
	enum enrolment_kind kind;
	bool is_done;
	uint8_t *body;
	size_t body_size;
	/* what it asks for; spans of the body */
	struct span token;
	struct span request;
	char address[64];
	char tenant[TENANT_NAME_SIZE];
	char sensor_kind[SENSOR_KIND_SIZE]; /* what it may say that it is */
	char sensor_id[INVENTORY_ID_SIZE];
	char clone_of[INVENTORY_ID_SIZE];
	uint8_t key_hash[32]; /* of the request's key */
	/* what came of it */
	unsigned status; /* HTTP's; 0: signed */
	const char *reason;
	struct buffer certificate; /* DER */
	struct enrolment *next;
};

/* --- reading --- */

static bool take_text(struct span text, char *out, size_t size)
{
	if (text.len >= size) {
		return false;
	}
	mem_copy(out, text.ptr, text.len);
	out[text.len] = '\0';
	return true;
}

/* [token, request, address] */
static int read_first(struct enrolment *e, struct cbor_reader *r)
{
	size_t count = cbor_array(r);
	struct span address;

	e->token = cbor_text(r);
	e->request = cbor_bytes(r);
	address = cbor_text(r);
	if (cbor_done(r) != 0 || count != 3 || !take_text(address, e->address, sizeof e->address)) {
		return ERR_MALFORMED;
	}
	return 0;
}

/* [tenant, sensor id, key hash of its certificate, request] */
static int read_renewal(struct enrolment *e, struct cbor_reader *r, uint8_t old_key_hash[32])
{
	size_t count = cbor_array(r);
	struct span tenant = cbor_text(r);
	struct span sensor_id = cbor_text(r);
	struct span hash = cbor_bytes(r);

	e->request = cbor_bytes(r);
	if (cbor_done(r) != 0 || count != 4 || hash.len != 32 ||
	    !take_text(tenant, e->tenant, sizeof e->tenant) ||
	    !take_text(sensor_id, e->sensor_id, sizeof e->sensor_id)) {
		return ERR_MALFORMED;
	}
	mem_copy(old_key_hash, hash.ptr, hash.len);
	return 0;
}

/* [tenant, sensor id, key hash of its certificate, request, address] */
static int read_clone(struct enrolment *e, struct cbor_reader *r, uint8_t old_key_hash[32])
{
	size_t count = cbor_array(r);
	struct span tenant = cbor_text(r);
	struct span sensor_id = cbor_text(r);
	struct span hash = cbor_bytes(r);
	struct span address;

	e->request = cbor_bytes(r);
	address = cbor_text(r);
	if (cbor_done(r) != 0 || count != 5 || hash.len != 32 ||
	    !take_text(tenant, e->tenant, sizeof e->tenant) ||
	    !take_text(sensor_id, e->clone_of, sizeof e->clone_of) ||
	    !take_text(address, e->address, sizeof e->address)) {
		return ERR_MALFORMED;
	}
	mem_copy(old_key_hash, hash.ptr, hash.len);
	return 0;
}

/* --- carrying out --- */

static void fail(struct enrolment *e, unsigned status, const char *reason)
{
	e->status = status;
	e->reason = reason;
}

/* The statuses for what keeps the server itself from doing it. */
static void fail_by(struct enrolment *e, const char *doing, int error, const struct why *why)
{
	log_warn("enrolment failed", log_text("doing", doing), log_text("reason", why->text),
		 log_text("tenant", e->tenant), log_text("address", e->address));
	if (error == ERR_DENIED) {
		fail(e, 403, "this sensor was revoked: enrol it again with a new key");
	} else if (error == ERR_FULL || error == ERR_IO || error == ERR_AGAIN) {
		fail(e, 503, "the server cannot write to its disk now; try again later");
	} else {
		fail(e, 400,
		     "the certificate request is not acceptable: it must be PKCS 10, signed "
		     "by its own key, which is P-256, P-384, Ed25519 or RSA of 2048 bits "
		     "or more");
	}
}

static int note_in_audit_log(struct engine *engine, const struct enrolment *e, struct why *why)
{
	static const char *const actions[] = { [ENROLMENT_FIRST] = "sensor-enrol",
					       [ENROLMENT_RENEWAL] = "sensor-renew",
					       [ENROLMENT_CLONE] = "sensor-clone" };
	char subject[2 * INVENTORY_ID_SIZE + sizeof e->address + 16];

	if (e->kind == ENROLMENT_CLONE) {
		snprintf(subject, sizeof subject, "%s of %s from %s", e->sensor_id, e->clone_of,
			 e->address);
	} else {
		snprintf(subject, sizeof subject, "%s", e->sensor_id);
	}
	return audit_add(engine->platform, clock_wall_ms(), "sensor", actions[e->kind], subject,
			 e->tenant, why);
}

static void sign(struct engine *engine, struct enrolment *e, struct inventory *inv)
{
	struct inventory_sensor sensor = { .enrolled_ms = clock_wall_ms() };
	struct pki_certificate_facts facts;
	struct why why;
	int error = authority_sign_sensor(engine->authority, e->request, e->sensor_id, e->tenant,
					  engine->cert_life_s, &e->certificate, &why);

	if (error == 0) {
		error = pki_certificate_facts(buffer_span(&e->certificate), &facts, &why);
	}
	if (error != 0) {
		fail_by(e, "sign", error, &why);
		return;
	}
	mem_copy(sensor.id, e->sensor_id, sizeof sensor.id);
	mem_copy(sensor.kind, e->sensor_kind, sizeof sensor.kind);
	mem_copy(sensor.address, e->address, sizeof sensor.address);
	mem_copy(sensor.clone_of, e->clone_of, sizeof sensor.clone_of);
	mem_copy(sensor.key_hash, e->key_hash, sizeof sensor.key_hash);
	sensor.certificate_not_after_ms = facts.not_after_s * 1000;
	error = inventory_enrol(inv, &sensor, &why);
	if (error != 0) {
		engine_tenant_failed(engine_tenant_find(engine, span_of(e->tenant)), &why);
	}
	if (error == 0) {
		error = note_in_audit_log(engine, e, &why);
	}
	if (error != 0) {
		fail_by(e, "record", error, &why);
	}
}

static struct inventory *inventory_for(struct engine *engine, struct enrolment *e)
{
	struct engine_tenant *t = engine_tenant_find(engine, span_of(e->tenant));
	struct inventory *inv = t == NULL ? NULL : engine_tenant_begin(t);

	if (inv == NULL) {
		fail(e, 503, "the tenant's inventory cannot be written now; try again later");
	}
	return inv;
}

static void enrol(struct engine *engine, struct enrolment *e)
{
	struct cbor_reader r = cbor_over((struct span){ e->body, e->body_size });
	struct enrolment_terms terms;
	struct inventory *inv;
	struct why why;
	int error = read_first(e, &r);

	if (error != 0 || pki_request_key_hash(e->request, e->key_hash, &why) != 0) {
		fail(e, 400, "the body is no certificate request (PKCS 10 in base64)");
		return;
	}
	text_to_hex((struct span){ e->key_hash, ID_BYTES }, e->sensor_id);
	error = enrolment_token_redeem(engine->platform, e->token, clock_wall_ms(), &terms, &why);
	if (error == ERR_DENIED) {
		log_warn("enrolment refused", log_text("address", e->address),
			 log_text("reason", why.text));
		fail(e, 401, "the token is not valid, or not any more; ask for a new one");
		return;
	}
	if (error != 0) {
		fail_by(e, "redeem", error, &why);
		return;
	}
	mem_copy(e->tenant, terms.tenant, sizeof e->tenant);
	mem_copy(e->sensor_kind, terms.kind, sizeof e->sensor_kind);
	inv = inventory_for(engine, e);
	if (inv != NULL) {
		sign(engine, e, inv);
	}
}

static void renew(struct engine *engine, struct enrolment *e)
{
	struct cbor_reader r = cbor_over((struct span){ e->body, e->body_size });
	uint8_t old_key_hash[32];
	struct inventory_sensor known;
	struct inventory *inv;
	const char *refusal;
	struct why why;
	int error = read_renewal(e, &r, old_key_hash);

	if (error != 0 || pki_request_key_hash(e->request, e->key_hash, &why) != 0) {
		fail(e, 400, "the body is no certificate request (PKCS 10 in base64)");
		return;
	}
	inv = inventory_for(engine, e);
	if (inv == NULL) {
		return;
	}
	refusal = session_refusal(inv, e->sensor_id, old_key_hash);
	if (refusal != NULL) {
		fail(e, 403, refusal);
		return;
	}
	if (inventory_sensor_find(inv, e->sensor_id, &known) == 0) {
		mem_copy(e->address, known.address, sizeof e->address);
		mem_copy(e->sensor_kind, known.kind, sizeof e->sensor_kind);
	}
	sign(engine, e, inv);
}

/* Who holds a copy of a sensor's state gets an identity of its own, in the same tenant; whoever was
 * cut off stays out, with all copies. */
static void clone(struct engine *engine, struct enrolment *e)
{
	struct cbor_reader r = cbor_over((struct span){ e->body, e->body_size });
	uint8_t old_key_hash[32];
	struct inventory_sensor known;
	struct inventory *inv;
	const char *refusal;
	struct why why;
	int error = read_clone(e, &r, old_key_hash);

	if (error != 0 || pki_request_key_hash(e->request, e->key_hash, &why) != 0) {
		fail(e, 400, "the body is no certificate request (PKCS 10 in base64)");
		return;
	}
	text_to_hex((struct span){ e->key_hash, ID_BYTES }, e->sensor_id);
	inv = inventory_for(engine, e);
	if (inv == NULL) {
		return;
	}
	refusal = session_refusal(inv, e->clone_of, old_key_hash);
	if (refusal != NULL) {
		fail(e, 403, refusal);
	} else if (inventory_sensor_find(inv, e->sensor_id, &known) == 0) {
		fail(e, 400, "this key is enrolled already: a copy needs a new one");
	} else {
		if (inventory_sensor_find(inv, e->clone_of, &known) == 0) {
			mem_copy(e->sensor_kind, known.kind, sizeof e->sensor_kind);
		}
		sign(engine, e, inv);
	}
}

/* One, so that what fails leaves no trace in platform.db: a token keeps its use. */
static void carry_out(struct engine *engine, struct enrolment *e)
{
	struct why why;
	int error = platform_begin(engine->platform, &why);

	if (error != 0) {
		fail_by(e, "begin", error, &why);
		return;
	}
	switch (e->kind) {
	case ENROLMENT_RENEWAL:
		renew(engine, e);
		break;
	case ENROLMENT_CLONE:
		clone(engine, e);
		break;
	case ENROLMENT_FIRST:
	default:
		enrol(engine, e);
		break;
	}
	if (e->status != 0) {
		platform_rollback(engine->platform);
		return;
	}
	error = platform_commit(engine->platform, &why);
	if (error != 0) {
		fail_by(e, "record", error, &why);
	}
}

bool enrolment_run_all(struct engine *engine, bool *is_more)
{
	struct why why;
	int error;

	*is_more = false;
	if (engine->enrolments == NULL) {
		return false;
	}
	error = platform_begin(engine->platform, &why);
	for (struct enrolment *e = engine->enrolments; e != NULL; e = e->next) {
		/* one at least, so that a loaded engine still enrols */
		if (e != engine->enrolments && commit_is_due(engine)) {
			*is_more = true;
			break;
		}
		if (error != 0) {
			fail_by(e, "begin", error, &why);
		} else {
			carry_out(engine, e);
		}
		e->is_done = true;
	}
	return error == 0;
}

/* --- answers --- */

static void send_answer(struct engine_link *link, uint64_t id, unsigned status, const char *reason,
			struct span certificate)
{
	uint8_t room[CERTIFICATE_BYTES_MAX + 64];
	struct writer w = writer_over(room, sizeof room);

	cbor_write_array(&w, 2);
	cbor_write_uint(&w, status);
	if (status == 0) {
		cbor_write_bytes(&w, certificate);
	} else {
		cbor_write_text(&w, span_of(reason));
	}
	(void)!link->send(link->context, BUS_ENROLLED, id, writer_span(&w));
}

static void free_first(struct engine *engine)
{
	struct enrolment *e = engine->enrolments;

	engine->enrolments = e->next;
	if (engine->enrolments == NULL) {
		engine->enrolments_last = NULL;
	}
	engine->enrolment_count--;
	buffer_done(&e->certificate);
	free(e->body);
	free(e);
}

static void log_enrolled(const struct enrolment *e)
{
	if (e->kind == ENROLMENT_CLONE) {
		log_warn("a copied state folder enrolled anew", log_text("tenant", e->tenant),
			 log_text("sensor", e->sensor_id), log_text("clone_of", e->clone_of),
			 log_text("address", e->address));
		return;
	}
	log_info(e->kind == ENROLMENT_RENEWAL ? "certificate renewed" : "sensor enrolled",
		 log_text("tenant", e->tenant), log_text("sensor", e->sensor_id),
		 log_text("address", e->address));
}

void enrolment_answer_all(struct engine *engine, bool is_durable)
{
	while (engine->enrolments != NULL && engine->enrolments->is_done) {
		struct enrolment *e = engine->enrolments;

		if (e->status == 0 && !is_durable) {
			fail(e, 503, "the server cannot write to its disk now; try again later");
		}
		if (e->status == 0) {
			engine->figures.enrolments++;
			log_enrolled(e);
		}
		if (e->link != NULL) {
			send_answer(e->link, e->id, e->status, e->reason,
				    buffer_span(&e->certificate));
		}
		free_first(engine);
	}
}

void enrolment_queue(struct engine_link *link, enum enrolment_kind kind, uint64_t id,
		     struct span body)
{
	struct engine *engine = link->engine;
	struct enrolment *e;

	if (engine->enrolment_count >= ENROLMENTS_MAX) {
		send_answer(link, id, 503, "too many sensors enrol at once; try again later",
			    (struct span){ 0 });
		return;
	}
	e = alloc_zeroed(1, sizeof *e);
	e->link = link;
	e->id = id;
	e->kind = kind;
	e->body = alloc_resize(NULL, body.len + 1, 1);
	e->body_size = body.len;
	mem_copy(e->body, body.ptr, body.len);
	buffer_init(&e->certificate, CERTIFICATE_BYTES_MAX);
	*(engine->enrolments_last != NULL ? &engine->enrolments_last->next : &engine->enrolments) =
		e;
	engine->enrolments_last = e;
	engine->enrolment_count++;
}

void enrolment_forget_link(struct engine_link *link)
{
	for (struct enrolment *e = link->engine->enrolments; e != NULL; e = e->next) {
		if (e->link == link) {
			e->link = NULL;
		}
	}
}
