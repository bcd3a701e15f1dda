/*
 * commit.c - the end of a turn: one commit for all that came, and only then its answers.
 *
 * Where a commit fails (a full disk), everything of the turn is undone and its
 * sensors are told to try again; nothing else changes, so that it works again when there is room.
 */
#include "server/engine/parts.h"

#include "base/error.h"
#include "server/bus/bus.h"
#include "server/engine/estate.h"
#include "server/engine/findings.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "wire/cbor.h"

void commit_note(struct engine *engine, size_t bytes)
{
	if (engine->turn_started_us == 0) {
		engine->turn_started_us = clock_us();
	}
	engine->turn_bytes += bytes;
	engine->last_work_ms = clock_ms();
}

bool commit_is_due(const struct engine *engine)
{
	return engine->turn_started_us != 0 &&
	       (engine->turn_bytes >= TURN_BYTES_MAX ||
		clock_us() - engine->turn_started_us >= TURN_US_MAX);
}

static struct pending_answer *add_answer(struct engine_session *s, enum pending_kind kind)
{
	struct engine *engine = s->link->engine;
	struct pending_answer *answer;

	if (engine->answer_count == engine->answer_capacity) {
		engine->answer_capacity = 2 * engine->answer_capacity + 64;
		engine->answers = alloc_resize(engine->answers, engine->answer_capacity,
					       sizeof *engine->answers);
	}
	answer = &engine->answers[engine->answer_count++];
	*answer = (struct pending_answer){ .kind = kind, .link = s->link, .session = s->id };
	return answer;
}

void commit_queue(struct engine_session *s, enum pending_kind kind, uint16_t table, uint64_t seq)
{
	struct pending_answer *answer = add_answer(s, kind);

	answer->table = table;
	answer->seq = seq;
}

void commit_queue_events(struct engine_session *s, uint64_t epoch, uint64_t next)
{
	struct pending_answer *answer = add_answer(s, PENDING_EVENTS_ACK);

	answer->epoch = epoch;
	answer->seq = next;
}

void commit_forget_link(struct engine_link *link)
{
	for (size_t i = 0; i < link->engine->answer_count; i++) {
		if (link->engine->answers[i].link == link) {
			link->engine->answers[i].link = NULL;
		}
	}
}

/* --- answers --- */

static void welcome(struct engine_session *s)
{
	struct message m = { .kind = MESSAGE_WELCOME };

	inventory_welcome(s->tenant->inventory, s->asset, &m.welcome);
	m.welcome.protocol = MESSAGE_PROTOCOL;
	m.welcome.clock_ms = clock_wall_ms();
	m.welcome.alive_s = ALIVE_S;
	session_send(s, &m);
	s->is_greeted = true;
	policy_offer(s);
}

static void acknowledge(struct engine_session *s, const struct pending_answer *a)
{
	const struct message m = { .kind = MESSAGE_ACK,
				   .ack = { .table = a->table, .seq = a->seq } };

	session_send(s, &m);
}

static void acknowledge_events(struct engine_session *s, const struct pending_answer *a)
{
	const struct message m = { .kind = MESSAGE_EVENTS_ACK,
				   .events_ack = { .epoch = a->epoch, .next = a->seq } };

	session_send(s, &m);
}

static void refuse(struct engine_session *s, const struct pending_answer *a)
{
	const struct message m = {
		.kind = MESSAGE_REFUSE,
		.refuse = { .table = a->table,
			    .seq = a->seq,
			    .code = REFUSE_BUSY,
			    .text = span_of("the server could not write it to its disk") },
	};

	s->link->engine->figures.refusals++;
	session_send(s, &m);
}

static void answer(const struct pending_answer *a)
{
	struct engine_session *s =
		a->link == NULL ? NULL : idmap_get(&a->link->sessions, a->session);

	if (s == NULL || s->is_ended) {
		return;
	}
	if (a->kind != PENDING_ACK && s->tenant->is_undone) {
		/* the asset may have been undone with the rest: its number means nothing; and
		 * events are not refused, but come again with the next connection */
		session_end(s, GOODBYE_RESTART, RETRY_MS,
			    "the server cannot write to its disk now");
	} else if (a->kind == PENDING_WELCOME) {
		welcome(s);
	} else if (a->kind == PENDING_EVENTS_ACK) {
		acknowledge_events(s, a);
	} else if (s->tenant->is_undone) {
		refuse(s, a);
	} else {
		acknowledge(s, a);
	}
}

/* --- announcements --- */

static void tell_api(struct engine *engine, uint8_t kind, struct span body)
{
	for (struct engine_link *link = engine->links; link != NULL; link = link->next) {
		if (link->peer == ENGINE_API) {
			/* one that does not keep up learns the newest number with a later one */
			(void)!link->send(link->context, kind, 0, body);
		}
	}
}

static void announce(struct engine_tenant *t)
{
	uint8_t room[TENANT_NAME_SIZE + 32];
	struct writer w = writer_over(room, sizeof room);
	uint64_t event = t->inventory != NULL ? inventory_last_event(t->inventory) : 0;

	if (t->newest_change > t->announced_change || event > t->announced_event) {
		t->announced_change = t->newest_change;
		t->announced_event = event;
		cbor_write_array(&w, 3);
		cbor_write_text(&w, span_of(t->name));
		cbor_write_uint(&w, t->newest_change);
		cbor_write_uint(&w, event);
		tell_api(t->engine, BUS_COMMITTED, writer_span(&w));
	}
	if (t->has_sensor_news) {
		t->has_sensor_news = false;
		w = writer_over(room, sizeof room);
		cbor_write_array(&w, 1);
		cbor_write_text(&w, span_of(t->name));
		tell_api(t->engine, BUS_SENSORS, writer_span(&w));
	}
}

/* --- findings --- */

static void touch_services(void *findings, uint32_t asset)
{
	findings_touch(findings, asset, TABLE_NETWORK_SERVICES);
}

/* What this turn changed becomes findings in the same transaction; what new knowledge touches
 * follows, a slice a turn. True where some of that is left. */
static bool derive(struct engine_tenant *t)
{
	uint64_t newest[4] = { 0, 0, 0, 0 };
	struct why why;
	int error;

	if (t->inventory == NULL || t->is_undone) {
		return false;
	}
	error = estate_settle(t->estate, clock_wall_ms(), &newest[2], &why);
	if (error == 0) {
		estate_each_changed(t->estate, touch_services, t->findings);
		error = findings_settle(t->findings, clock_wall_ms(), &newest[0], &why);
	}
	if (error == 0 && findings_has_work(t->findings) && engine_tenant_begin(t) != NULL) {
		error = findings_work(t->findings, clock_us() + FINDINGS_SLICE_US, clock_wall_ms(),
				      &newest[1], &why);
	}
	if (error == 0 && estate_has_work(t->estate, clock_wall_ms()) &&
	    engine_tenant_begin(t) != NULL) {
		error = estate_work(t->estate, clock_us() + FINDINGS_SLICE_US, clock_wall_ms(),
				    &newest[3], &why);
	}
	if (error != 0) {
		inventory_undo(t->inventory);
		engine_tenant_failed(t, &why);
		return true;
	}
	engine_tell_families(t);
	for (size_t i = 0; i < COUNT_OF(newest); i++) {
		if (newest[i] > t->newest_change) {
			t->newest_change = newest[i];
		}
	}
	return findings_has_work(t->findings) || estate_has_work(t->estate, clock_wall_ms());
}

/* --- the commit itself --- */

/* True where all that this turn did in the tenant's inventory is durable. */
static bool commit_tenant(struct engine_tenant *t)
{
	struct engine_figures *figures = &t->engine->figures;
	int64_t started_us = clock_us();
	struct why why;

	if (t->inventory == NULL || (!t->is_undone && !inventory_is_open(t->inventory))) {
		return true; /* nothing was done there */
	}
	if (inventory_is_open(t->inventory) && inventory_commit(t->inventory, &why) != 0) {
		engine_tenant_failed(t, &why);
	} else if (!t->is_undone && t->is_failing) {
		t->is_failing = false;
		log_info("writing succeeds again", log_text("tenant", t->name));
	}
	if (t->is_undone) {
		figures->commit_failures++;
		batch_undone(t);
		findings_undone(t->findings);
		estate_undone(t->estate);
		t->told_streams = 0;
		return false;
	}
	figures->commits++;
	figures->commit_us += (uint64_t)(clock_us() - started_us);
	return true;
}

static bool commit_platform(struct engine *engine, bool is_good)
{
	struct why why;

	if (!is_good) {
		platform_rollback(engine->platform);
		return false;
	}
	if (platform_commit(engine->platform, &why) != 0) {
		log_error("cannot commit enrolments", log_text("reason", why.text));
		return false;
	}
	return true;
}

bool engine_commit(struct engine *engine)
{
	bool is_more = false;
	bool is_durable = true;
	bool is_platform_open;
	bool is_more_to_enrol;

	for (struct engine_tenant *t = engine->tenants; t != NULL; t = t->next) {
		is_more = (t->has_batches_to_try && batch_try_waiting(t)) || is_more;
		is_more = derive(t) || is_more;
	}
	is_platform_open = enrolment_run_all(engine, &is_more_to_enrol);
	for (struct engine_tenant *t = engine->tenants; t != NULL; t = t->next) {
		is_durable = commit_tenant(t) && is_durable;
	}
	/* last: a sensor that is enrolled with its token's use not taken is harmless */
	enrolment_answer_all(engine, is_platform_open && commit_platform(engine, is_durable));
	for (size_t i = 0; i < engine->answer_count; i++) {
		answer(&engine->answers[i]);
	}
	engine->answer_count = 0;
	for (struct engine_tenant *t = engine->tenants; t != NULL; t = t->next) {
		announce(t);
		t->is_undone = false;
		is_more = policy_offer_some(t) || is_more;
	}
	engine->turn_started_us = 0;
	engine->turn_bytes = 0;
	return is_more || is_more_to_enrol;
}
