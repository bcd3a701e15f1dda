/* engine.c - tenants, links, and what is done now and then. */
#include "server/engine/engine.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"
#include "server/bus/bus.h"
#include "server/engine/estate.h"
#include "server/engine/findings.h"
#include "server/engine/operations.h"
#include "server/engine/parts.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "wire/cbor.h"

#include <stdio.h>
#include <stdlib.h>

/* How soon engine_tick wants to be called again. */
#define TICK_MS      1000
#define TICK_BUSY_MS 5

/* --- tenants --- */

struct engine_tenant *engine_tenant_find(struct engine *engine, struct span name)
{
	struct engine_tenant *t = engine->tenants;

	while (t != NULL && !span_is(name, t->name)) {
		t = t->next;
	}
	return t;
}

static int open_inventory(struct engine_tenant *t, struct why *why)
{
	char path[sizeof t->engine->data_folder + 128];
	struct inventory_figures figures;
	int error;

	t->retry_at_ms = clock_ms() + REOPEN_MS;
	tenant_path(t->engine->data_folder, t->name, path, sizeof path);
	error = inventory_open(path, &t->inventory, why);
	if (error != 0) {
		return error;
	}
	inventory_sensors_disconnected(t->inventory);
	t->findings = findings_new(t->inventory);
	t->estate = estate_new(t->inventory);
	if (t->engine->knowledge != NULL) {
		findings_follow(t->findings, NULL, t->engine->knowledge);
	}
	inventory_figures(t->inventory, &figures);
	t->newest_change = figures.last_change_no;
	t->announced_change = figures.last_change_no;
	t->announced_event = figures.events;
	log_info("inventory opened", log_text("tenant", t->name),
		 log_number("assets", (int64_t)figures.assets),
		 log_number("rows", (int64_t)figures.rows_held));
	return 0;
}

int engine_tenant_open(struct engine *engine, const char *name, struct why *why)
{
	struct engine_tenant *t = alloc_zeroed(1, sizeof *t);

	t->engine = engine;
	snprintf(t->name, sizeof t->name, "%s", name);
	t->next = engine->tenants;
	engine->tenants = t;
	return open_inventory(t, why);
}

static void reopen(struct engine_tenant *t)
{
	struct why why;

	if (t->inventory == NULL && clock_ms() >= t->retry_at_ms && open_inventory(t, &why) != 0) {
		log_error("cannot open an inventory", log_text("tenant", t->name),
			  log_text("reason", why.text));
	}
}

struct inventory *engine_tenant_begin(struct engine_tenant *t)
{
	struct why why;

	reopen(t);
	if (t->inventory == NULL || t->is_undone) {
		return NULL;
	}
	if (inventory_begin(t->inventory, &why) != 0) {
		engine_tenant_failed(t, &why);
		return NULL;
	}
	return t->inventory;
}

void engine_tenant_failed(struct engine_tenant *t, const struct why *why)
{
	if (inventory_is_open(t->inventory)) {
		return;
	}
	if (!t->is_failing) {
		log_error("cannot write; sensors are told to try again",
			  log_text("tenant", t->name), log_text("reason", why->text));
	}
	t->is_failing = true;
	t->is_undone = true;
	t->newest_change = t->announced_change;
}

/* --- knowledge --- */

void engine_follow_knowledge(struct engine *engine)
{
	char path[sizeof engine->data_folder + 64];
	struct knowledge *older = engine->knowledge;
	struct knowledge *newer;
	struct why why;
	int error;

	snprintf(path, sizeof path, "%s/" KNOWLEDGE_PATH, engine->data_folder);
	error = knowledge_open(path, &newer, &why);
	if (error != 0) {
		if (error != ERR_NOT_FOUND) {
			log_error("what the feeds say cannot be read; what was said before holds",
				  log_text("file", path), log_text("reason", why.text));
		}
		return;
	}
	if (older != NULL && knowledge_generation(older) == knowledge_generation(newer)) {
		knowledge_close(&newer);
		return;
	}
	engine->knowledge = newer;
	for (struct engine_tenant *t = engine->tenants; t != NULL; t = t->next) {
		if (t->inventory != NULL) {
			findings_follow(t->findings, older, newer);
		}
	}
	knowledge_close(&older);
}

/* --- opening and closing --- */

static bool open_tenant(void *context, const struct tenant *tenant)
{
	struct engine *engine = context;
	struct why why;

	if (engine_tenant_open(engine, tenant->name, &why) != 0) {
		log_error("cannot open an inventory", log_text("tenant", tenant->name),
			  log_text("reason", why.text));
		engine->open_failure = why;
	}
	return true;
}

static int open_tenants(struct engine *engine, struct why *why)
{
	int error = tenant_each(engine->platform, open_tenant, engine);

	if (error != 0) {
		return why_set(why, error, "platform.db: %s", error_text(error));
	}
	for (struct engine_tenant *t = engine->tenants; t != NULL; t = t->next) {
		if (t->inventory != NULL) {
			return 0;
		}
	}
	if (engine->tenants != NULL) {
		*why = engine->open_failure;
		return ERR_IO;
	}
	return 0;
}

int engine_open(const char *data_folder, int64_t cert_life_s, struct engine **out, struct why *why)
{
	struct engine *engine = alloc_zeroed(1, sizeof *engine);
	int error;

	snprintf(engine->data_folder, sizeof engine->data_folder, "%s", data_folder);
	engine->cert_life_s = cert_life_s;
	engine->last_flush_ms = clock_ms();
	engine->frame_room = alloc_resize(NULL, FRAME_HEAD_SIZE + (size_t)FRAME_BYTES_MAX, 1);
	error = platform_open(data_folder, true, &engine->platform, why);
	if (error == 0) {
		error = authority_open(data_folder, &engine->authority, why);
	}
	engine_follow_knowledge(engine);
	if (error == 0) {
		error = open_tenants(engine, why);
	}
	if (error != 0) {
		engine_close(&engine);
		return error;
	}
	*out = engine;
	return 0;
}

void engine_set_offline(struct engine *engine)
{
	engine->is_offline = true;
}

void engine_close(struct engine **engine)
{
	struct engine *e = *engine;

	if (e == NULL) {
		return;
	}
	if (e->platform != NULL) {
		(void)engine_commit(e);
	}
	while (e->tenants != NULL) {
		struct engine_tenant *t = e->tenants;

		e->tenants = t->next;
		findings_free(&t->findings);
		estate_free(&t->estate);
		inventory_close(&t->inventory);
		idmap_done(&t->asked);
		free(t->by_asset);
		free(t->replacements);
		scope_proofs_free(t);
		free(t);
	}
	knowledge_close(&e->knowledge);
	authority_free(&e->authority);
	platform_close(&e->platform);
	free(e->answers);
	free(e->frame_room);
	free(e);
	*engine = NULL;
}

/* --- links --- */

struct engine_link *engine_link_open(struct engine *engine, enum engine_peer peer,
				     engine_send *send, void *context)
{
	struct engine_link *link = alloc_zeroed(1, sizeof *link);

	link->engine = engine;
	link->peer = peer;
	link->send = send;
	link->context = context;
	link->next = engine->links;
	engine->links = link;
	return link;
}

void engine_link_close(struct engine_link **link)
{
	struct engine_link *l = *link;
	struct engine_link **at;

	if (l == NULL) {
		return;
	}
	if (l->peer == ENGINE_FEEDS) {
		scope_proofs_lost(l->engine);
	}
	commit_forget_link(l);
	enrolment_forget_link(l);
	session_free_all(l);
	at = &l->engine->links;
	while (*at != l) {
		at = &(*at)->next;
	}
	*at = l->next;
	free(l);
	*link = NULL;
}

static void take_figures(struct engine_link *link, struct span body)
{
	struct cbor_reader r = cbor_over(body);
	uint64_t figures[INGEST_FIGURES];
	size_t count = cbor_array(&r);

	for (size_t i = 0; i < INGEST_FIGURES; i++) {
		figures[i] = cbor_uint(&r);
	}
	if (cbor_done(&r) == 0 && count == INGEST_FIGURES) {
		mem_copy(link->ingest_figures, figures, sizeof figures);
	}
}

static void ingest_message(struct engine_link *link, uint8_t kind, uint64_t id, struct span body)
{
	switch (kind) {
	case BUS_SESSION_OPEN:
		session_opened(link, id, body);
		break;
	case BUS_SESSION_FRAME:
		session_frame(link, id, body);
		break;
	case BUS_SESSION_CLOSED:
		session_closed(link, id);
		break;
	case BUS_ENROL:
		enrolment_queue(link, ENROLMENT_FIRST, id, body);
		break;
	case BUS_REENROL:
		enrolment_queue(link, ENROLMENT_RENEWAL, id, body);
		break;
	case BUS_CLONE:
		enrolment_queue(link, ENROLMENT_CLONE, id, body);
		break;
	case BUS_INGEST_FIGURES:
		take_figures(link, body);
		return; /* no work for a commit */
	default:
		log_error("ingest sent what only others may", log_number("kind", kind));
	}
	commit_note(link->engine, body.len);
	if (commit_is_due(link->engine)) {
		(void)engine_commit(link->engine);
	}
}

static void api_message(struct engine_link *link, uint8_t kind, uint64_t id, struct span body)
{
	struct engine *engine = link->engine;
	struct writer reply =
		writer_over(engine->frame_room, FRAME_HEAD_SIZE + (size_t)FRAME_BYTES_MAX);

	if (kind != BUS_REQUEST) {
		log_error("the api sent what only others may", log_number("kind", kind));
		return;
	}
	/* what was not committed yet is other people's: an operation begins on clean ground */
	(void)engine_commit(engine);
	operations_run(engine, body, &reply);
	(void)!link->send(link->context, BUS_REPLY, id, writer_span(&reply));
	commit_note(engine, body.len);
}

void engine_tell(struct engine *engine, enum engine_peer peer, uint8_t kind, struct span body)
{
	for (struct engine_link *l = engine->links; l != NULL; l = l->next) {
		if (l->peer == peer) {
			(void)!l->send(l->context, kind, 0, body);
		}
	}
}

/* Feeds may say two things only. */
static void feeds_message(struct engine_link *link, uint8_t kind, struct span body)
{
	struct cbor_reader r = cbor_over(body);
	size_t count = cbor_array(&r);
	uint64_t generation = cbor_uint(&r);

	if (kind == BUS_SCOPE_LOOKED) {
		scope_proof_looked(link->engine, body);
		return;
	}
	if (kind != BUS_KNOWLEDGE || count != 1 || cbor_done(&r) != 0) {
		log_error("feeds sent what only others may", log_number("kind", kind));
		return;
	}
	log_debug("the index of feeds was replaced", log_number("generation", (int64_t)generation));
	engine_follow_knowledge(link->engine);
	engine_follow_knowledge(link->engine);
	engine_tell(link->engine, ENGINE_API, BUS_KNOWLEDGE, body);
}

void engine_link_message(struct engine_link *link, uint8_t kind, uint64_t id, struct span body)
{
	switch (link->peer) {
	case ENGINE_API:
		api_message(link, kind, id, body);
		break;
	case ENGINE_FEEDS:
		feeds_message(link, kind, body);
		break;
	default:
		ingest_message(link, kind, id, body);
	}
}

/* --- now and then --- */

/* When sensors were last seen is kept in memory; an empty transaction takes it along. */
static void flush_seen(struct engine *engine, int64_t now_ms)
{
	if (now_ms - engine->last_flush_ms < FLUSH_MS) {
		return;
	}
	engine->last_flush_ms = now_ms;
	for (struct engine_tenant *t = engine->tenants; t != NULL; t = t->next) {
		(void)engine_tenant_begin(t);
	}
	(void)engine_commit(engine);
}

/* One step a tick where work comes, all of them in a quiet moment. */
static bool drop_old_events(struct engine *engine, int64_t now_ms)
{
	bool is_quiet = now_ms - engine->last_work_ms >= QUIET_MS;
	bool is_more = false;

	if (now_ms < engine->next_drop_ms) {
		return false;
	}

	for (struct engine_tenant *t = engine->tenants; t != NULL; t = t->next) {
		is_more = (t->inventory != NULL &&
			   inventory_drop_old_events(t->inventory, clock_wall_ms())) ||
			  is_more;
	}
	engine->next_drop_ms = is_more ? now_ms : now_ms + DROP_MS;
	return is_more && is_quiet;
}

static bool tidy(struct engine *engine, int64_t now_ms)
{
	bool is_more = false;

	if (now_ms - engine->last_work_ms < QUIET_MS &&
	    now_ms - engine->last_tidy_ms < TIDY_MS_MAX) {
		return false;
	}
	engine->last_tidy_ms = now_ms;
	for (struct engine_tenant *t = engine->tenants; t != NULL; t = t->next) {
		is_more = (t->inventory != NULL && inventory_tidy(t->inventory)) || is_more;
	}
	return is_more;
}

int64_t engine_tick(struct engine *engine)
{
	int64_t now_ms = clock_ms();
	bool is_more;

	(void)engine_commit(engine);
	for (struct engine_tenant *t = engine->tenants; t != NULL; t = t->next) {
		reopen(t);
		batch_expire(t, now_ms);
	}
	flush_seen(engine, now_ms);
	scope_proofs_tick(engine);
	is_more = drop_old_events(engine, now_ms);
	is_more = tidy(engine, now_ms) || is_more;
	return is_more ? TICK_BUSY_MS : TICK_MS;
}
