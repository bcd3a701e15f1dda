/* sessions.c - who is connected: from BUS_SESSION_OPEN over hello to the end. */
#include "server/engine/parts.h"

#include "base/error.h"
#include "base/mem.h"
#include "server/bus/bus.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "wire/cbor.h"

#include <stdio.h>
#include <stdlib.h>

static void log_refused(struct engine_session *s, const char *reason)
{
	unsigned held_back;

	if (log_allowed(&s->link->engine->refused_lines, 20, &held_back)) {
		log_warn("sensor refused", log_text("tenant", s->tenant->name),
			 log_text("sensor", s->sensor_id), log_text("address", s->address),
			 log_text("reason", reason), log_number("held_back", held_back));
	}
}

/* --- what goes to the sensor --- */

static void send_as(struct engine_session *s, uint8_t kind, const struct message *message)
{
	struct engine *engine = s->link->engine;
	struct writer w =
		writer_over(engine->frame_room, FRAME_HEAD_SIZE + (size_t)FRAME_BYTES_MAX);
	int error;

	message_encode(message, &w);
	if (!writer_ok(&w)) {
		log_error("an answer does not fit into a frame", log_number("kind", message->kind),
			  log_text("sensor", s->sensor_id));
		return;
	}
	session_guard_sent(&s->guard, message);
	error = s->link->send(s->link->context, kind, s->id, writer_span(&w));
	if (error != 0 && error != ERR_CLOSED) {
		log_error("an answer was lost", log_text("sensor", s->sensor_id),
			  log_text("reason", error_text(error)));
	}
}

void session_send(struct engine_session *s, const struct message *message)
{
	if (!s->is_ended) {
		send_as(s, BUS_SESSION_SEND, message);
	}
}

void session_has_news(struct engine_session *s)
{
	s->tenant->has_sensor_news = true;
	/* within a transaction, so that whoever is told finds it written */
	(void)engine_tenant_begin(s->tenant);
}

static void leave(struct engine_session *s)
{
	struct engine_tenant *t = s->tenant;

	batch_forget(s);
	if (!s->is_welcome) {
		return;
	}
	s->is_welcome = false;
	if (s->asset < t->by_asset_size && t->by_asset[s->asset] == s) {
		t->by_asset[s->asset] = NULL;
		session_has_news(s);
		if (t->inventory != NULL) {
			inventory_sensor_seen(t->inventory, s->sensor_id, s->version, s->address,
					      false, clock_wall_ms());
		}
	}
}

void session_end(struct engine_session *s, enum goodbye_code code, uint64_t retry_ms,
		 const char *text)
{
	const struct message m = {
		.kind = MESSAGE_GOODBYE,
		.goodbye = { .code = code, .text = span_of(text), .retry_ms = retry_ms },
	};

	if (s->is_ended) {
		return;
	}
	send_as(s, BUS_SESSION_END, &m);
	s->is_ended = true;
	leave(s);
}

/* --- opening and closing --- */

static bool copy_text(struct span text, char *out, size_t size)
{
	if (text.len >= size) {
		return false;
	}
	mem_copy(out, text.ptr, text.len);
	out[text.len] = '\0';
	return true;
}

/* [tenant, sensor id, address, key hash, replaced address] */
static int read_opening(struct span body, struct engine_session *out, struct span *out_tenant)
{
	struct cbor_reader r = cbor_over(body);
	size_t count = cbor_array(&r);
	struct span tenant = cbor_text(&r);
	struct span sensor = cbor_text(&r);
	struct span address = cbor_text(&r);
	struct span key_hash = cbor_bytes(&r);
	struct span replaced = cbor_text(&r);

	if (cbor_done(&r) != 0 || count != 5 || key_hash.len != sizeof out->key_hash ||
	    !copy_text(sensor, out->sensor_id, sizeof out->sensor_id) ||
	    !copy_text(address, out->address, sizeof out->address) ||
	    !copy_text(replaced, out->replaced, sizeof out->replaced)) {
		return ERR_MALFORMED;
	}
	mem_copy(out->key_hash, key_hash.ptr, key_hash.len);
	*out_tenant = tenant;
	return 0;
}

/* Who may tell what others have is not for the sensor to say. */
static void refuse_kind(struct engine_session *s, struct inventory *inv)
{
	bool is_scanner = inventory_sensor_is_scanner(inv, s->sensor_id);

	log_warn("a sensor says that it is another kind than it was enrolled as",
		 log_text("sensor", s->sensor_id), log_text("address", s->address),
		 log_text("enrolled_as", is_scanner ? "scanner" : "agent"));
	session_end(s, GOODBYE_REVOKED, 0,
		    is_scanner ? "this key was enrolled with a scanner's token, and an agent uses "
				 "it: enrol the agent with a token of its own (bartizan "
				 "enroll-token)"
			       : "this key was enrolled with an agent's token, and a scanner uses "
				 "it: enrol the scanner with a token of its own (bartizan "
				 "enroll-token --kind scanner)");
}

/* For a session that cannot even be kept. */
static void refuse_opening(struct engine_link *link, uint64_t id, const char *text)
{
	uint8_t room[FRAME_HEAD_SIZE + 256];
	struct writer w = writer_over(room, sizeof room);
	const struct message m = {
		.kind = MESSAGE_GOODBYE,
		.goodbye = { .code = GOODBYE_REVOKED, .text = span_of(text) },
	};

	message_encode(&m, &w);
	(void)!link->send(link->context, BUS_SESSION_END, id, writer_span(&w));
}

static void session_free(struct engine_session *s)
{
	leave(s);
	s->link->engine->figures.sessions--;
	idmap_remove(&s->link->sessions, s->id);
	free(s);
}

void session_opened(struct engine_link *link, uint64_t id, struct span body)
{
	struct engine_session opening = { .link = link, .id = id };
	struct engine_session *s = idmap_get(&link->sessions, id);
	struct span tenant;

	if (id == 0 || read_opening(body, &opening, &tenant) != 0) {
		log_error("ingest announced a session that makes no sense",
			  log_number("session", (int64_t)id));
		return;
	}
	if (s != NULL) {
		session_free(s);
	}
	opening.tenant = engine_tenant_find(link->engine, tenant);
	if (opening.tenant == NULL) {
		refuse_opening(link, id, "the certificate's tenant does not exist here");
		return;
	}
	session_guard_init(&opening.guard);
	s = alloc_zeroed(1, sizeof *s);
	*s = opening;
	idmap_put(&link->sessions, id, s);
	link->engine->figures.sessions++;
}

void session_closed(struct engine_link *link, uint64_t id)
{
	struct engine_session *s = idmap_get(&link->sessions, id);

	if (s != NULL) {
		session_free(s);
	}
}

void session_free_all(struct engine_link *link)
{
	struct engine_session *s;
	size_t at = 0;

	while ((s = idmap_next(&link->sessions, &at)) != NULL) {
		leave(s);
		link->engine->figures.sessions--;
		free(s);
	}
	idmap_done(&link->sessions);
}

struct engine_session *session_of_sensor(struct engine_tenant *tenant, const char *sensor_id)
{
	for (size_t i = 0; i < tenant->by_asset_size; i++) {
		struct engine_session *s = tenant->by_asset[i];

		if (s != NULL && span_is(span_of(s->sensor_id), sensor_id)) {
			return s;
		}
	}
	return NULL;
}

/* --- hello --- */

const char *session_refusal(struct inventory *inv, const char *sensor_id,
			    const uint8_t key_hash[32])
{
	struct inventory_sensor sensor;

	if (inventory_sensor_find(inv, sensor_id, &sensor) != 0) {
		return "this sensor is not enrolled here: enrol it again";
	}
	if (sensor.is_revoked) {
		return "this sensor was revoked: enrol it again with a new key";
	}
	/* the one before too: the sensor may not have stored its new certificate */
	if (mem_compare(sensor.key_hash, key_hash, sizeof sensor.key_hash) != 0 &&
	    mem_compare(sensor.previous_key_hash, key_hash, sizeof sensor.key_hash) != 0) {
		return "another key was enrolled for this sensor: enrol it again";
	}
	return NULL;
}

static void take_asset(struct engine_session *s, uint32_t asset)
{
	struct engine_tenant *t = s->tenant;
	struct engine_session *older;

	if (asset >= t->by_asset_size) {
		size_t size = 2 * (size_t)asset + 16;

		t->by_asset = alloc_resize(t->by_asset, size, sizeof(struct engine_session *));
		mem_zero(&t->by_asset[t->by_asset_size],
			 (size - t->by_asset_size) * sizeof(struct engine_session *));
		t->by_asset_size = size;
	}
	older = t->by_asset[asset];
	t->by_asset[asset] =
		s; /* first, so that the older's end does not mark the sensor as gone */
	s->asset = asset;
	s->is_welcome = true;
	t->has_sensor_news = true;
	if (older != NULL && older != s) {
		duplicate_replaced(s, older->address);
		session_end(older, GOODBYE_REPLACED, 0, "the same sensor connected anew");
	}
}

static void greet(struct engine_session *s, const struct message_hello *hello)
{
	struct inventory *inv;
	const char *refusal;
	uint32_t asset;
	struct why why;

	if (hello->protocol < MESSAGE_PROTOCOL) {
		session_end(s, GOODBYE_VERSION, 0, "this server speaks version 1 of the protocol");
		return;
	}
	inv = engine_tenant_begin(s->tenant);
	if (inv == NULL) {
		session_end(s, GOODBYE_RESTART, RETRY_MS, "the inventory cannot be written now");
		return;
	}
	refusal = session_refusal(inv, s->sensor_id, s->key_hash);
	if (refusal != NULL) {
		log_refused(s, refusal);
		session_end(s, GOODBYE_REVOKED, 0, refusal);
		return;
	}
	if (inventory_asset(inv, s->sensor_id, clock_wall_ms(), &asset, &why) != 0) {
		engine_tenant_failed(s->tenant, &why);
		session_end(s, GOODBYE_RESTART, RETRY_MS, "the inventory cannot be written now");
		return;
	}
	snprintf(s->version, sizeof s->version, "%.*s", (int)(hello->version.len & 0xff),
		 hello->version.len > 0 ? (const char *)hello->version.ptr : "");
	if (!inventory_sensor_kind(inv, s->sensor_id, hello->kind)) {
		refuse_kind(s, inv);
		return;
	}
	s->is_scanner = inventory_sensor_is_scanner(inv, s->sensor_id);
	inventory_sensor_seen(inv, s->sensor_id, s->version, s->address, true, clock_wall_ms());
	(void)inventory_sensor_silent(inv, s->sensor_id, 0, 0, 0); /* hello is the reader's own */
	s->is_greeted = false;
	s->is_policed = hello->policy.len > 0;
	mem_zero(s->policy_sent, sizeof s->policy_sent);
	(void)inventory_sensor_policy(inv, s->sensor_id, hello->policy);
	policy_said(s, hello->policy);
	s->asset = asset;
	duplicate_forgive(s);
	duplicate_replaced(s, s->replaced);
	s->replaced[0] = '\0';
	take_asset(s, asset);
	commit_queue(s, PENDING_WELCOME, 0, 0);
}

/* --- frames --- */

static void take_events(struct engine_session *s, const struct message_events *events)
{
	struct inventory *inv = engine_tenant_begin(s->tenant);
	struct why why;
	int error;

	if (inv == NULL) {
		session_end(s, GOODBYE_RESTART, RETRY_MS, "the inventory cannot be written now");
		return;
	}
	error = inventory_events(inv, s->asset, events, clock_wall_ms(), &why);
	if (error == 0) {
		commit_queue_events(s, events->epoch, events->first + events->events.count);
	} else if (inventory_is_open(inv)) {
		log_refused(s, why.text);
		session_end(s, GOODBYE_PROTOCOL, 0, why.text);
	} else {
		engine_tenant_failed(s->tenant, &why);
		session_end(s, GOODBYE_RESTART, RETRY_MS, "the inventory cannot be written now");
	}
}

static void take_alive(struct engine_session *s, const struct message_alive *alive)
{
	struct inventory *inv = s->tenant->inventory;
	int64_t now_ms = clock_wall_ms();

	if (inv == NULL) {
		return;
	}
	inventory_sensor_seen(inv, s->sensor_id, s->version, s->address, true, now_ms);
	policy_said(s, alive->policy);
	if (inventory_sensor_silent(inv, s->sensor_id, alive->silent_s, alive->busy_table,
				    now_ms)) {
		session_has_news(s);
	}
}

static void act_on(struct engine_session *s, const struct message *m, struct span frame)
{
	switch (m->kind) {
	case MESSAGE_HELLO:
		greet(s, &m->hello);
		break;
	case MESSAGE_BATCH:
		batch_received(s, &m->batch, frame);
		break;
	case MESSAGE_ROWS:
		batch_rows_received(s, &m->rows);
		break;
	case MESSAGE_EVENTS:
		take_events(s, &m->events);
		break;
	default:
		take_alive(s, &m->alive);
	}
}

void session_frame(struct engine_link *link, uint64_t id, struct span frame)
{
	struct engine_session *s = idmap_get(&link->sessions, id);
	struct message m;
	int error;

	if (s == NULL || s->is_ended) {
		return; /* it was ended here while this was on its way */
	}
	error = session_guard_receive(&s->guard, frame, &m);
	if (error == 0 && m.kind != MESSAGE_HELLO && !s->is_welcome) {
		error = ERR_CONFLICT;
	}
	if (error != 0) {
		log_refused(s, error_text(error));
		session_end(s, GOODBYE_PROTOCOL, 0, "what was sent does not follow the protocol");
		return;
	}
	act_on(s, &m, frame);
}
