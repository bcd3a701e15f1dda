/* reporter_receive.c - what the server says: acknowledgements, and what it wants. */
#include "sensor/reporter_parts.h"

#include "base/error.h"
#include "sys/log.h"

#define RESYNCS_UNPAUSED 3
#define REFUSED_PAUSE_MS 3600000

static void send_whole(struct report *t)
{
	reporter_drop(t);
	t->is_exact = false;
	t->is_ranging = true;
	t->range_low = (struct rowhash){ { 0 } };
}

/* Compares what the server holds with what it is known to have acknowledged. */
static void compare(struct reporter *r, struct report *t, int64_t now_ms)
{
	const struct session_table *theirs = session_table(&r->session, t->ledger->table);

	if (theirs == NULL) {
		return;
	}
	t->is_ranging = false;
	if (t->is_held && !digest_equal(theirs->digest, t->ledger->digest) &&
	    digest_equal(theirs->digest, t->difference.digest)) {
		difference_apply(&t->difference, t->ledger); /* only its acknowledgement was lost */
		r->hooks.acknowledged(r->context);
	}
	if (t->is_held) {
		reporter_drop(t);
		schedule_signal(&t->schedule, now_ms);
	}
	if (theirs->count == 0 && t->ledger->count > 0) {
		ledger_clear(t->ledger); /* it begins anew, and so do we */
		t->is_exact = false;
		schedule_signal(&t->schedule, now_ms);
	} else if (!digest_equal(theirs->digest, t->ledger->digest)) {
		log_debug("table differs from the server's, sending it whole",
			  log_text("table", reporter_name_of(t)));
		send_whole(t);
	}
}

static void acknowledge(struct reporter *r, struct report *t, int64_t now_ms)
{
	bool was_partial = t->difference.is_partial;

	difference_apply(&t->difference, t->ledger);
	t->failures = 0;
	if (t->difference.mode == BATCH_RANGE) {
		bool is_last = difference_is_last_range(&t->difference);

		/* Parts were read at different times: once all are there the table is compared once
		 * more. */
		was_partial = true;
		if (!is_last) {
			t->range_low = difference_next_low(&t->difference);
		}
		t->is_ranging = !is_last;
	}
	t->is_exact = !was_partial && !t->difference.is_capped;
	reporter_drop(t);
	if (was_partial) {
		schedule_go_on(&t->schedule);
		schedule_signal(&t->schedule, now_ms);
	} else {
		t->is_settled = true;
	}
	r->hooks.acknowledged(r->context);
}

static void resync(struct report *t, const struct message_resync *m, int64_t now_ms)
{
	t->failures++;
	log_warn("server asks for the whole table", log_text("table", reporter_name_of(t)),
		 log_span("reason", m->reason));
	send_whole(t);
	if (t->failures > RESYNCS_UNPAUSED) {
		schedule_pause(&t->schedule,
			       now_ms + reporter_growing_pause(t->failures - RESYNCS_UNPAUSED));
	}
	schedule_signal(&t->schedule, now_ms);
}

static void refuse(struct report *t, const struct message_refuse *m, int64_t now_ms)
{
	int64_t pause = REFUSED_PAUSE_MS;

	t->failures++;
	if (m->code == REFUSE_BUSY) {
		pause = reporter_growing_pause(t->failures);
		log_warn("server cannot take the table now, trying again",
			 log_text("table", reporter_name_of(t)), log_span("reason", m->text),
			 log_number("pause_ms", pause));
	} else {
		t->is_refused = true;
		log_error("server refuses the table, it is not reported",
			  log_text("table", reporter_name_of(t)),
			  log_number("code", (int64_t)m->code), log_span("reason", m->text),
			  log_number("pause_ms", pause));
	}
	reporter_drop(t);
	schedule_pause(&t->schedule, now_ms + pause);
	schedule_signal(&t->schedule, now_ms);
}

static void want(struct reporter *r, struct report *t, const struct message_want *m)
{
	if (buffer_span(&t->difference.rows).len == 0) {
		reporter_end(r, LINK_END_PROTOCOL, 0,
			     span_of("the server wants rows that it was sent"));
		return;
	}
	for (size_t i = 0; i < hash_list_count(m->hashes); i++) {
		struct rowhash hash = hash_list_at(m->hashes, i);

		if (!difference_want(&t->difference, &hash)) {
			reporter_end(r, LINK_END_PROTOCOL, 0,
				     span_of("the server wants rows that were not offered"));
			return;
		}
	}
	t->wanted = 0;
	for (size_t i = 0; i < t->difference.add_count; i++) {
		t->wanted += t->difference.adds[i].is_wanted;
	}
}

static void goodbye(struct reporter *r, const struct message_goodbye *m)
{
	switch (m->code) {
	case GOODBYE_REVOKED:
		reporter_end(r, LINK_END_REVOKED, m->retry_ms, m->text);
		break;
	case GOODBYE_VERSION:
		reporter_end(r, LINK_END_VERSION, m->retry_ms, m->text);
		break;
	case GOODBYE_PROTOCOL:
		reporter_end(r, LINK_END_PROTOCOL, m->retry_ms, m->text);
		break;
	default:
		reporter_end(r, LINK_END_RETRY, m->retry_ms, m->text);
		break;
	}
}

/* What is in force now is said at once. */
static void take_policy(struct reporter *r, const struct message_policy *m, int64_t now_ms)
{
	if (r->hooks.policy != NULL && r->hooks.policy(r->context, m->digest, m->bytes) == 0) {
		reporter_say_alive(r, now_ms);
	}
}

static void welcome(struct reporter *r, int64_t now_ms)
{
	size_t differing = 0;

	for (size_t i = 0; i < r->count; i++) {
		compare(r, &r->reports[i], now_ms);
		differing += r->reports[i].is_ranging;
	}
	log_info("in session with the server", log_number("tables", (int64_t)r->count),
		 log_number("to_be_sent_whole", (int64_t)differing));
}

void reporter_receive(struct reporter *r, struct span frame, int64_t now_ms)
{
	struct message m;
	int error = session_receive(&r->session, frame, &m);

	if (error != 0) {
		reporter_end(r, LINK_END_PROTOCOL, 0, span_of(error_text(error)));
		return;
	}
	r->progress++;
	switch (m.kind) { /* the session has seen to it that tables are ours and in flight */
	case MESSAGE_WELCOME:
		welcome(r, now_ms);
		break;
	case MESSAGE_WANT:
		want(r, reporter_find(r, m.want.table), &m.want);
		break;
	case MESSAGE_ACK:
		acknowledge(r, reporter_find(r, m.ack.table), now_ms);
		break;
	case MESSAGE_RESYNC:
		resync(reporter_find(r, m.resync.table), &m.resync, now_ms);
		break;
	case MESSAGE_REFUSE:
		refuse(reporter_find(r, m.refuse.table), &m.refuse, now_ms);
		break;
	case MESSAGE_EVENTS_ACK:
		event_sender_acknowledged(r->events);
		break;
	case MESSAGE_POLICY:
		take_policy(r, &m.policy, now_ms);
		break;
	case MESSAGE_RESTART:
		reporter_disconnected(r);
		r->hello_at_ms = now_ms + (int64_t)(m.restart.delay_ms % REPORTER_RETRY_LONGEST_MS);
		break;
	case MESSAGE_GOODBYE:
		goodbye(r, &m.goodbye);
		break;
	default:
		break;
	}
}
