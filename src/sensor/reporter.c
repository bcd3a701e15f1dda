/* reporter.c - what is due is read, and differences go out. */
#include "sensor/reporter_parts.h"

#include <stdlib.h>

#include "base/error.h"
#include "schema/schema.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/log.h"

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

#define RETRY_FIRST_MS 1000

const char *reporter_name_of(const struct report *t)
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

void reporter_drop(struct report *t)
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
		reporter_drop(&r->reports[i]);
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

struct report *reporter_find(struct reporter *r, uint16_t table)
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
	struct report *t = reporter_find(r, table);

	if (t != NULL) {
		t->is_off = is_off;
		schedule_set_period(&t->schedule, period_ms);
	}
}

void reporter_end(struct reporter *r, enum link_end_code code, uint64_t retry_ms, struct span text)
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
		reporter_end(r, LINK_END_RETRY, 0, span_of("a frame could not be queued"));
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

int64_t reporter_growing_pause(unsigned times)
{
	int64_t pause = RETRY_FIRST_MS;

	while (times-- > 1 && pause < REPORTER_RETRY_LONGEST_MS) {
		pause *= 2;
	}
	return pause < REPORTER_RETRY_LONGEST_MS ? pause : REPORTER_RETRY_LONGEST_MS;
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
		reporter_end(r, LINK_END_RETRY, 0, span_of("rows could not be written"));
		return;
	}
	send(r, &fw, now_ms);
}

void reporter_say_alive(struct reporter *r, int64_t now_ms)
{
	uint8_t bytes[64];
	struct writer w = writer_over(bytes, sizeof bytes);

	session_alive(&r->session, clock_wall_ms(), 0, 0, &w);
	send(r, &w, now_ms);
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
		log_warn("table cannot be read now", log_text("table", reporter_name_of(t)),
			 log_text("error", error_text(error)));
		reporter_drop(t);
		t->is_settled = true; /* as far as it can be told */
		schedule_pause(&t->schedule, now_ms + reporter_growing_pause(++t->failures));
		schedule_signal(&t->schedule, now_ms);
		return false;
	}
	cost_us = clock_cpu_us() - cost_us;
	schedule_done(&t->schedule, now_ms, cost_us);
	log_debug("table read", log_text("table", reporter_name_of(t)),
		  log_number("cpu_us", cost_us),
		  log_number("added", (int64_t)t->difference.add_count));
	if (t->difference.is_capped) {
		log_warn("table has more rows than are reported",
			 log_text("table", reporter_name_of(t)),
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
		reporter_end(r, LINK_END_RETRY, 0, span_of("a batch could not be written"));
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
		reporter_drop(t);
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
	reporter_drop(t);
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
		reporter_say_alive(r, now_ms);
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
			return reporter_name_of(&r->reports[i]);
		}
	}
	return NULL;
}

uint64_t reporter_progress(const struct reporter *r)
{
	return r->progress;
}
