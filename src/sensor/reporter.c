/* reporter.c - differences out, acknowledgements in. */
#include "sensor/reporter.h"

#include <stdlib.h>

#include "sensor/difference.h"
#include "sensor/event_sender.h"
#include "sensor/schedule.h"
#include "base/error.h"
#include "schema/schema.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "wire/session.h"

/* A difference so small carries its rows; a greater one offers hashes and waits to be asked. */
#define INLINE_ROWS_MAX  64
#define INLINE_BYTES_MAX (64u << 10)

/* Rows go out in frames of about this size. */
#define ROWS_FRAME_BYTES (256u << 10)

/* While rows of more bytes than this wait to be acknowledged no further table is read: together
 * with one walk's own limit this bounds the memory of all tables together. */
#define HELD_BYTES_MAX (256u << 10)

/* Room in a frame for all that is neither hash nor row. */
#define FRAME_SPARE 256

/* Of a CBOR byte string's head, at the most. */
#define ROW_HEAD_MAX 5

#define RETRY_FIRST_MS   1000
#define RETRY_LONGEST_MS 60000
#define RESYNCS_UNPAUSED 3
#define REFUSED_PAUSE_MS 3600000

struct report {
	struct ledger *ledger;
	struct schedule schedule;
	struct difference
		difference; /* in flight, or not known to have arrived when the connection went */
	bool is_in_flight;
	bool is_held;    /* difference holds something */
	bool is_exact;   /* the ledger is all that was collected: changes are enough */
	bool is_ranging; /* the table goes out whole, in ranges */
	struct rowhash range_low;
	size_t wanted; /* rows that the server asked for and were not sent yet */
	bool is_settled;
	bool is_refused;
	bool is_off;
	unsigned failures; /* resyncs, refusals, failed reads in a row */
};

struct reporter {
	struct session session;
	struct ledger ledgers[MESSAGE_TABLES_MAX];
	struct report reports[MESSAGE_TABLES_MAX];
	size_t count;
	size_t turn; /* of the tables: where looking for one that is due begins */
	struct event_sender *events;
	int64_t hello_at_ms;
	int64_t last_sent_ms;
	uint64_t progress;
	struct reporter_hooks hooks;
	void *context;
};

static const char *name_of(const struct report *t)
{
	const struct table *table = schema_by_number(t->ledger->table);

	return table != NULL ? table->name : "?";
}

struct reporter *reporter_new(const uint16_t *tables, size_t count, struct span version,
			      const struct reporter_hooks *hooks, void *context)
{
	struct reporter *r = alloc_zeroed(1, sizeof *r);

	r->hooks = *hooks;
	r->context = context;
	r->count = count < MESSAGE_TABLES_MAX ? count : MESSAGE_TABLES_MAX;
	r->hello_at_ms = SCHEDULE_NEVER;
	session_init(&r->session, span_of("agent"), version, tables, r->count);
	for (size_t i = 0; i < r->count; i++) {
		ledger_init(&r->ledgers[i], tables[i]);
		r->reports[i].ledger = &r->ledgers[i];
	}
	return r;
}

static void drop_difference(struct report *t)
{
	difference_done(&t->difference);
	t->is_held = false;
	t->is_in_flight = false;
	t->wanted = 0;
}

void reporter_free(struct reporter **reporter)
{
	struct reporter *r = *reporter;

	if (r == NULL) {
		return;
	}
	for (size_t i = 0; i < r->count; i++) {
		drop_difference(&r->reports[i]);
		ledger_done(&r->ledgers[i]);
	}
	free(r);
	*reporter = NULL;
}

void reporter_set_kind(struct reporter *r, const char *kind)
{
	r->session.kind = span_of(kind);
}

struct ledger *reporter_ledgers(struct reporter *r, size_t *out_count)
{
	*out_count = r->count;
	return r->ledgers;
}

void reporter_set_policy(struct reporter *r, const uint8_t *digest)
{
	session_set_policy(&r->session, digest);
}

void reporter_set_patient(struct reporter *r, bool is_patient)
{
	for (size_t i = 0; i < r->count; i++) {
		schedule_set_patient(&r->reports[i].schedule, is_patient);
	}
}

void reporter_set_events(struct reporter *r, struct event_sender *events)
{
	r->events = events;
}

void reporter_signal(struct reporter *r, uint16_t table, int64_t now_ms)
{
	for (size_t i = 0; i < r->count; i++) {
		if (table == 0 || r->ledgers[i].table == table) {
			schedule_signal(&r->reports[i].schedule, now_ms);
		}
	}
}

static struct report *find(struct reporter *r, uint16_t table)
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->ledgers[i].table == table) {
			return &r->reports[i];
		}
	}
	return NULL;
}

void reporter_set_table(struct reporter *r, uint16_t table, bool is_off, int64_t period_ms)
{
	struct report *t = find(r, table);

	if (t != NULL) {
		t->is_off = is_off;
		schedule_set_period(&t->schedule, period_ms);
	}
}

/* The connection is not to be used any more. */
static void end(struct reporter *r, enum link_end_code code, uint64_t retry_ms, struct span text)
{
	struct link_end why = { .code = code,
				.retry_ms = retry_ms < UINT32_MAX ? (uint32_t)retry_ms : UINT32_MAX,
				.text = text };

	reporter_disconnected(r);
	r->hooks.end(r->context, &why);
}

static void send_bytes(struct reporter *r, struct span frame, int64_t now_ms)
{
	if (frame.len == 0 || r->hooks.send(r->context, frame) != 0) {
		end(r, LINK_END_RETRY, 0, span_of("a frame could not be queued"));
		return;
	}
	r->last_sent_ms = now_ms;
	r->progress++;
}

static void send(struct reporter *r, const struct writer *w, int64_t now_ms)
{
	send_bytes(r, writer_ok(w) ? writer_span(w) : (struct span){ NULL, 0 }, now_ms);
}

static void say_hello(struct reporter *r, int64_t now_ms)
{
	uint8_t bytes[1024];
	struct writer w = writer_over(bytes, sizeof bytes);

	r->hello_at_ms = SCHEDULE_NEVER;
	session_hello(&r->session, clock_wall_ms(), &w);
	send(r, &w, now_ms);
}

void reporter_connected(struct reporter *r, int64_t now_ms)
{
	say_hello(r, now_ms);
}

void reporter_disconnected(struct reporter *r)
{
	session_close(&r->session);
	r->hello_at_ms = SCHEDULE_NEVER;
	for (size_t i = 0; i < r->count; i++) {
		/* whether a batch in flight was applied the next welcome will tell */
		r->reports[i].is_in_flight = false;
	}
}

static int64_t growing_pause(unsigned times)
{
	int64_t pause = RETRY_FIRST_MS;

	while (times-- > 1 && pause < RETRY_LONGEST_MS) {
		pause *= 2;
	}
	return pause < RETRY_LONGEST_MS ? pause : RETRY_LONGEST_MS;
}

static void send_whole(struct report *t)
{
	drop_difference(t);
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
		drop_difference(t);
		schedule_signal(&t->schedule, now_ms);
	}
	if (theirs->count == 0 && t->ledger->count > 0) {
		ledger_clear(t->ledger); /* it begins anew, and so do we */
		t->is_exact = false;
		schedule_signal(&t->schedule, now_ms);
	} else if (!digest_equal(theirs->digest, t->ledger->digest)) {
		log_debug("table differs from the server's, sending it whole",
			  log_text("table", name_of(t)));
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
	drop_difference(t);
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
	log_warn("server asks for the whole table", log_text("table", name_of(t)),
		 log_span("reason", m->reason));
	send_whole(t);
	if (t->failures > RESYNCS_UNPAUSED) {
		schedule_pause(&t->schedule,
			       now_ms + growing_pause(t->failures - RESYNCS_UNPAUSED));
	}
	schedule_signal(&t->schedule, now_ms);
}

static void refuse(struct report *t, const struct message_refuse *m, int64_t now_ms)
{
	int64_t pause = REFUSED_PAUSE_MS;

	t->failures++;
	if (m->code == REFUSE_BUSY) {
		pause = growing_pause(t->failures);
		log_warn("server cannot take the table now, trying again",
			 log_text("table", name_of(t)), log_span("reason", m->text),
			 log_number("pause_ms", pause));
	} else {
		t->is_refused = true;
		log_error("server refuses the table, it is not reported",
			  log_text("table", name_of(t)), log_number("code", (int64_t)m->code),
			  log_span("reason", m->text), log_number("pause_ms", pause));
	}
	drop_difference(t);
	schedule_pause(&t->schedule, now_ms + pause);
	schedule_signal(&t->schedule, now_ms);
}

/* Sends as many of the wanted rows as fit a frame. */
static void send_some_rows(struct reporter *r, struct report *t, int64_t now_ms)
{
	uint8_t *rows OWNED(alloc_free) = alloc_zeroed(1, ROWS_FRAME_BYTES);
	uint8_t *frame OWNED(alloc_free) = alloc_zeroed(1, ROWS_FRAME_BYTES + FRAME_SPARE);
	struct writer rw = writer_over(rows, ROWS_FRAME_BYTES);
	struct writer fw = writer_over(frame, ROWS_FRAME_BYTES + FRAME_SPARE);
	struct row_list list = { .count = 0 };

	for (size_t i = 0; i < t->difference.add_count && t->wanted > 0; i++) {
		struct span row = difference_row_at(&t->difference, i);

		if (!t->difference.adds[i].is_wanted) {
			continue;
		}
		if (writer_left(&rw) < row.len + ROW_HEAD_MAX || list.count == MESSAGE_ROWS_MAX) {
			break;
		}
		row_list_append(&rw, row);
		t->difference.adds[i].is_wanted = 0;
		t->wanted--;
		list.count++;
	}
	list.bytes = writer_span(&rw);
	if (session_rows(&r->session, t->ledger->table, list, &fw) != 0) {
		writer_rewind(&fw, 0);
		end(r, LINK_END_RETRY, 0, span_of("rows could not be written"));
		return;
	}
	send(r, &fw, now_ms);
}

static void want(struct reporter *r, struct report *t, const struct message_want *m, int64_t now_ms)
{
	if (buffer_span(&t->difference.rows).len == 0) {
		end(r, LINK_END_PROTOCOL, 0, span_of("the server wants rows that it was sent"));
		return;
	}
	for (size_t i = 0; i < hash_list_count(m->hashes); i++) {
		struct rowhash hash = hash_list_at(m->hashes, i);

		if (!difference_want(&t->difference, &hash)) {
			end(r, LINK_END_PROTOCOL, 0,
			    span_of("the server wants rows that were not offered"));
			return;
		}
	}
	t->wanted = 0;
	for (size_t i = 0; i < t->difference.add_count; i++) {
		t->wanted += t->difference.adds[i].is_wanted;
	}
	(void)now_ms;
}

static void goodbye(struct reporter *r, const struct message_goodbye *m)
{
	switch (m->code) {
	case GOODBYE_REVOKED:
		end(r, LINK_END_REVOKED, m->retry_ms, m->text);
		break;
	case GOODBYE_VERSION:
		end(r, LINK_END_VERSION, m->retry_ms, m->text);
		break;
	case GOODBYE_PROTOCOL:
		end(r, LINK_END_PROTOCOL, m->retry_ms, m->text);
		break;
	default:
		end(r, LINK_END_RETRY, m->retry_ms, m->text);
		break;
	}
}

static void say_alive(struct reporter *r, int64_t now_ms)
{
	uint8_t bytes[64];
	struct writer w = writer_over(bytes, sizeof bytes);

	session_alive(&r->session, clock_wall_ms(), 0, 0, &w);
	send(r, &w, now_ms);
}

/* What is in force now is said at once. */
static void take_policy(struct reporter *r, const struct message_policy *m, int64_t now_ms)
{
	if (r->hooks.policy != NULL && r->hooks.policy(r->context, m->digest, m->bytes) == 0) {
		say_alive(r, now_ms);
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
		end(r, LINK_END_PROTOCOL, 0, span_of(error_text(error)));
		return;
	}
	r->progress++;
	switch (m.kind) { /* the session has seen to it that tables are ours and in flight */
	case MESSAGE_WELCOME:
		welcome(r, now_ms);
		break;
	case MESSAGE_WANT:
		want(r, find(r, m.want.table), &m.want, now_ms);
		break;
	case MESSAGE_ACK:
		acknowledge(r, find(r, m.ack.table), now_ms);
		break;
	case MESSAGE_RESYNC:
		resync(find(r, m.resync.table), &m.resync, now_ms);
		break;
	case MESSAGE_REFUSE:
		refuse(find(r, m.refuse.table), &m.refuse, now_ms);
		break;
	case MESSAGE_EVENTS_ACK:
		event_sender_acknowledged(r->events);
		break;
	case MESSAGE_POLICY:
		take_policy(r, &m.policy, now_ms);
		break;
	case MESSAGE_RESTART:
		reporter_disconnected(r);
		r->hello_at_ms = now_ms + (int64_t)(m.restart.delay_ms % RETRY_LONGEST_MS);
		break;
	case MESSAGE_GOODBYE:
		goodbye(r, &m.goodbye);
		break;
	default:
		break;
	}
}

static void take_row(void *context, struct span row)
{
	difference_row(context, row);
}

static void take_gone(void *context, struct span row)
{
	difference_gone(context, row);
}

/* What has changed, where the ledger is all that was collected before; else all. */
static int collect(struct reporter *r, struct report *t)
{
	uint16_t table = t->ledger->table;
	int error = ERR_UNSUPPORTED;

	if (t->is_exact && r->hooks.collect_changes != NULL && !t->is_ranging) {
		difference_begin_changes(&t->difference, t->ledger);
		error = r->hooks.collect_changes(r->context, table, take_gone, take_row,
						 &t->difference);
	}
	t->is_exact = false;
	if (error != ERR_UNSUPPORTED) {
		return error;
	}
	difference_done(&t->difference);
	if (t->is_ranging) {
		difference_begin_range(&t->difference, t->ledger, &t->range_low);
	} else {
		difference_begin(&t->difference, t->ledger);
	}
	return r->hooks.collect(r->context, table, take_row, &t->difference);
}

/* Reads a table anew into its difference. False where that failed. */
static bool read_table(struct reporter *r, struct report *t, int64_t now_ms)
{
	int64_t cost_us = clock_cpu_us();
	int64_t took_ms = clock_ms();
	int error;

	t->is_held = true;
	schedule_start(&t->schedule);
	error = collect(r, t);
	difference_end(&t->difference);
	r->progress++;
	now_ms += clock_ms() - took_ms;
	if (error != 0) {
		log_warn("table cannot be read now", log_text("table", name_of(t)),
			 log_text("error", error_text(error)));
		drop_difference(t);
		t->is_settled = true; /* as far as it can be told */
		schedule_pause(&t->schedule, now_ms + growing_pause(++t->failures));
		schedule_signal(&t->schedule, now_ms);
		return false;
	}
	cost_us = clock_cpu_us() - cost_us;
	schedule_done(&t->schedule, now_ms, cost_us);
	log_debug("table read", log_text("table", name_of(t)), log_number("cpu_us", cost_us),
		  log_number("added", (int64_t)t->difference.add_count));
	if (t->difference.is_capped) {
		log_warn("table has more rows than are reported", log_text("table", name_of(t)),
			 log_number("reported", LEDGER_ROWS_MAX));
	}
	return true;
}

static bool is_inline(const struct difference *d)
{
	return d->mode == BATCH_DELTA && d->add_count <= INLINE_ROWS_MAX &&
	       buffer_span(&d->rows).len <= INLINE_BYTES_MAX;
}

static struct span hashes_of_adds(const struct difference *d, struct writer *w)
{
	for (size_t i = 0; i < d->add_count; i++) {
		writer_bytes(w, (struct span){ d->adds[i].hash.bytes, ROWHASH_SIZE });
	}
	return writer_span(w);
}

static struct row_list inline_rows(const struct difference *d, struct writer *w)
{
	for (size_t i = 0; i < d->add_count; i++) {
		row_list_append(w, difference_row_at(d, i));
	}
	return (struct row_list){ .bytes = writer_span(w), .count = d->add_count };
}

static void send_batch(struct reporter *r, struct report *t, int64_t now_ms)
{
	struct difference *d = &t->difference;
	size_t adds_size = d->add_count * ROWHASH_SIZE;
	size_t rows_size =
		is_inline(d) ? buffer_span(&d->rows).len + ROW_HEAD_MAX * d->add_count : 0;
	size_t frame_size = adds_size + d->remove_count * ROWHASH_SIZE + rows_size + FRAME_SPARE;
	uint8_t *adds OWNED(alloc_free) = alloc_zeroed(1, adds_size + 1);
	uint8_t *rows OWNED(alloc_free) = alloc_zeroed(1, rows_size + 1);
	uint8_t *frame OWNED(alloc_free) = alloc_zeroed(1, frame_size);
	struct writer aw = writer_over(adds, adds_size);
	struct writer rw = writer_over(rows, rows_size);
	struct writer fw = writer_over(frame, frame_size);
	struct message_batch batch = { .table = t->ledger->table,
				       .observed_ms = clock_wall_ms(),
				       .mode = d->mode,
				       .has_digest = d->mode == BATCH_DELTA ||
						     difference_is_last_range(d),
				       .digest = d->digest,
				       .low = d->low,
				       .high = d->high };

	batch.adds.bytes = hashes_of_adds(d, &aw);
	batch.removes.bytes =
		(struct span){ (const uint8_t *)d->removes, d->remove_count * ROWHASH_SIZE };
	if (rows_size > 0) {
		batch.rows = inline_rows(d, &rw);
	}
	if (session_batch(&r->session, &batch, &fw) != 0) {
		end(r, LINK_END_RETRY, 0, span_of("a batch could not be written"));
		return;
	}
	t->is_in_flight = true;
	if (rows_size > 0) {
		difference_drop_rows(d); /* all are on their way: none can be asked for */
	}
	send(r, &fw, now_ms);
}

static size_t held_bytes(const struct reporter *r)
{
	size_t held = 0;

	for (size_t i = 0; i < r->count; i++) {
		held += r->reports[i].is_held ? buffer_span(&r->reports[i].difference.rows).len : 0;
	}
	return held;
}

/* When a table is to be read; never while an answer to its last batch is awaited. */
static int64_t due_at(const struct reporter *r, const struct report *t)
{
	if (t->is_in_flight || t->is_off ||
	    (r->hooks.is_ready != NULL && !r->hooks.is_ready(r->context, t->ledger->table))) {
		return SCHEDULE_NEVER;
	}
	return t->is_ranging ? t->schedule.not_before_ms : schedule_due(&t->schedule);
}

/* When a table that is due may be read: the budget may have it wait. */
static int64_t walk_at(const struct reporter *r, const struct report *t, int64_t now_ms)
{
	int64_t due = due_at(r, t);
	int64_t at = due <= now_ms && r->hooks.walk_at != NULL
			     ? r->hooks.walk_at(r->context, t->ledger->table, now_ms)
			     : due;

	return at > due ? at : due;
}

static void report(struct reporter *r, struct report *t, int64_t now_ms)
{
	if (t->is_held) {
		drop_difference(t);
	}
	if (!read_table(r, t, now_ms)) {
		return;
	}
	if (!difference_is_empty(&t->difference)) {
		send_batch(r, t, now_ms);
		return;
	}
	t->is_settled = t->is_settled || !t->difference.is_partial;
	t->is_exact = !t->difference.is_partial && !t->difference.is_capped;
	drop_difference(t);
}

static bool must_wait(struct reporter *r)
{
	return r->session.state != SESSION_OPEN || r->hooks.is_congested(r->context);
}

/* Between any two walks, so that neither waits for more than one of the other. */
static void send_events(struct reporter *r, int64_t now_ms)
{
	struct buffer frame OWNED(buffer_done);

	buffer_init(&frame, FRAME_BYTES_MAX);
	if (r->events == NULL || must_wait(r) ||
	    event_sender_due(r->events, &r->session) > now_ms ||
	    event_sender_write(r->events, &r->session, now_ms, &frame) != 0 || frame.len == 0) {
		return;
	}
	send_bytes(r, buffer_span(&frame), now_ms);
}

/* Sends what the server asked for, then reads and sends a table that is due. */
static void work(struct reporter *r, int64_t now_ms)
{
	for (size_t i = 0; i < r->count; i++) {
		while (r->reports[i].wanted > 0 && !must_wait(r)) {
			send_some_rows(r, &r->reports[i], now_ms);
		}
	}
	for (size_t i = 0; i < r->count; i++) {
		size_t which = (r->turn + i) % r->count;

		if (must_wait(r) || held_bytes(r) > HELD_BYTES_MAX) {
			return; /* an answer, or room in the queue, calls again */
		}
		if (walk_at(r, &r->reports[which], now_ms) <= now_ms) {
			r->turn = which + 1;
			report(r, &r->reports[which], now_ms);
			return; /* what came meanwhile first */
		}
	}
}

static int64_t alive_at(const struct reporter *r)
{
	if (r->session.state != SESSION_OPEN || r->session.alive_s == 0) {
		return SCHEDULE_NEVER;
	}
	return r->last_sent_ms + (int64_t)r->session.alive_s * 1000;
}

int64_t reporter_turn(struct reporter *r, int64_t now_ms)
{
	int64_t next;

	if (r->hello_at_ms <= now_ms) {
		say_hello(r, now_ms);
	}
	send_events(r, now_ms);
	work(r, now_ms);
	if (alive_at(r) <= now_ms) {
		say_alive(r, now_ms);
	}
	next = r->hello_at_ms < alive_at(r) ? r->hello_at_ms : alive_at(r);
	if (r->events != NULL && !must_wait(r) && event_sender_due(r->events, &r->session) < next) {
		next = event_sender_due(r->events, &r->session);
	}
	if (must_wait(r) || held_bytes(r) > HELD_BYTES_MAX) {
		return next;
	}
	for (size_t i = 0; i < r->count; i++) {
		int64_t due = walk_at(r, &r->reports[i], now_ms);

		next = due < next ? due : next;
	}
	return next;
}

bool reporter_is_settled(const struct reporter *r)
{
	for (size_t i = 0; i < r->count; i++) {
		if (!r->reports[i].is_settled && !r->reports[i].is_off) {
			return false;
		}
	}
	return true;
}

const char *reporter_refused(const struct reporter *r)
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->reports[i].is_refused) {
			return name_of(&r->reports[i]);
		}
	}
	return NULL;
}

uint64_t reporter_progress(const struct reporter *r)
{
	return r->progress;
}
