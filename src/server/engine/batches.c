/*
 * batches.c - what sensors say has changed: applied, or kept until its rows are here.
 *
 * A batch whose rows are not all known is kept. Of those rows its sensor is asked only for the ones
 * that no other sensor is being asked for: like hosts have like rows, and when a thousand of them
 * enrol together, one sends each row and the rest find it there. A batch with nothing
 * left to ask waits for the one that asks, its blocker.
 */
#include "server/engine/parts.h"

#include "base/error.h"
#include "base/mem.h"
#include "server/engine/estate.h"
#include "server/engine/findings.h"
#include "sys/alloc.h"
#include "sys/clock.h"

#include <stdlib.h>

struct kept_batch {
	struct engine_session *session;
	uint16_t table;
	uint64_t seq;
	uint8_t *frame;
	size_t frame_size;
	struct rowhash *wanted; /* what its sensor was asked for; rising */
	size_t wanted_count;
	size_t received_count;
	bool is_asking;     /* its sensor was asked, and has not answered all yet */
	bool is_registered; /* what it asks for is in the tenant's asked */
	int64_t asked_ms;
	struct kept_batch *blocker; /* while it waits; NULL: to be tried again */
	unsigned rounds;
	uint64_t refuse_code; /* not 0: a row was wrong; the rest is awaited and then refused */
	struct why why;
	struct kept_batch *previous;
	struct kept_batch *next;
};

enum verdict { VERDICT_ANSWERED, VERDICT_WANTS };

/* --- answers --- */

static void refuse(struct engine_session *s, uint16_t table, uint64_t seq, uint64_t code,
		   const char *text)
{
	const struct message m = {
		.kind = MESSAGE_REFUSE,
		.refuse = { .table = table, .seq = seq, .code = code, .text = span_of(text) },
	};

	s->link->engine->figures.refusals++;
	session_send(s, &m);
}

static void resync(struct engine_session *s, uint16_t table, uint64_t next_seq, const char *reason)
{
	const struct message m = {
		.kind = MESSAGE_RESYNC,
		.resync = { .table = table, .seq = next_seq, .reason = span_of(reason) },
	};

	s->link->engine->figures.resyncs++;
	log_info("table is sent again", log_text("tenant", s->tenant->name),
		 log_text("sensor", s->sensor_id), log_number("table", table),
		 log_text("reason", reason));
	session_send(s, &m);
}

/* Applies a batch and answers it, unless rows are wanted: *out then says which. */
static enum verdict apply(struct engine_session *s, const struct message_batch *batch,
			  struct inventory_result *out)
{
	struct engine_figures *figures = &s->link->engine->figures;
	struct inventory *inv = engine_tenant_begin(s->tenant);
	struct why why = { "the inventory cannot be written now" };
	int error = inv == NULL ? ERR_IO
				: inventory_apply(inv, s->asset, batch, clock_wall_ms(), out, &why);

	if (error != 0) {
		if (inv != NULL) {
			engine_tenant_failed(s->tenant, &why);
		}
		refuse(s, batch->table, batch->seq, REFUSE_BUSY, why.text);
		return VERDICT_ANSWERED;
	}
	switch (out->outcome) {
	case INVENTORY_APPLIED:
		figures->rows += out->added + out->removed;
		if (out->change_no != 0) {
			findings_touch(s->tenant->findings, s->asset, batch->table);
			estate_touch(s->tenant->estate, s->asset, batch->table);
		}
		if (out->change_no > s->tenant->newest_change) {
			s->tenant->newest_change = out->change_no;
		}
		figures->batches++;
		commit_queue(s, PENDING_ACK, batch->table, batch->seq);
		break;
	case INVENTORY_REPEAT:
		figures->batches++;
		commit_queue(s, PENDING_ACK, batch->table, batch->seq);
		break;
	case INVENTORY_RESYNC:
		resync(s, batch->table, out->next_seq, out->reason);
		break;
	case INVENTORY_REFUSED:
		refuse(s, batch->table, batch->seq, out->refuse_code, out->reason);
		break;
	case INVENTORY_WANT:
		return VERDICT_WANTS;
	}
	return VERDICT_ANSWERED;
}

/* --- keeping --- */

static size_t kept_size(const struct kept_batch *k)
{
	return sizeof *k + k->frame_size + k->wanted_count * sizeof *k->wanted;
}

static void account(struct kept_batch *k, bool is_more)
{
	size_t size = kept_size(k);
	size_t *session = &k->session->kept_bytes;
	size_t *total = &k->session->link->engine->kept_bytes;

	*session = is_more ? *session + size : *session - size;
	*total = is_more ? *total + size : *total - size;
}

/* The key of a row in the tenant's asked: two rows that share it only ever wait for each other. */
static uint64_t asked_key(uint16_t table, const struct rowhash *hash)
{
	struct reader r = reader_over((struct span){ hash->bytes, sizeof hash->bytes });

	return (reader_be64(&r) ^ table) | 1;
}

static void put_in_asked(struct kept_batch *k)
{
	for (size_t i = 0; i < k->wanted_count; i++) {
		idmap_put(&k->session->tenant->asked, asked_key(k->table, &k->wanted[i]), k);
	}
	k->is_registered = true;
}

/* Others may ask for what it asked for, and those that waited for it are tried again. */
static void take_from_asked(struct kept_batch *k)
{
	struct engine_tenant *t = k->session->tenant;

	if (!k->is_registered) {
		return;
	}
	for (size_t i = 0; i < k->wanted_count; i++) {
		uint64_t key = asked_key(k->table, &k->wanted[i]);

		if (idmap_get(&t->asked, key) == k) {
			idmap_remove(&t->asked, key);
		}
	}
	k->is_registered = false;
	for (struct kept_batch *other = t->kept; other != NULL; other = other->next) {
		if (other->blocker == k) {
			other->blocker = NULL;
			t->has_batches_to_try = true;
		}
	}
}

static void drop(struct kept_batch *k)
{
	struct engine_tenant *t = k->session->tenant;

	take_from_asked(k);
	*(k->previous != NULL ? &k->previous->next : &t->kept) = k->next;
	*(k->next != NULL ? &k->next->previous : &t->kept_last) = k->previous;
	account(k, false);
	k->session->kept[k->table] = NULL;
	free(k->frame);
	free(k->wanted);
	free(k);
}

static int compare_hashes(const void *a, const void *b)
{
	return rowhash_compare(a, b);
}

/* Takes over which rows to ask for: those that nobody asks for. Returns who asks for the others, or
 * NULL. */
static struct kept_batch *choose_wanted(struct kept_batch *k, const struct inventory_result *result)
{
	struct kept_batch *blocker = NULL;

	account(k, false);
	k->wanted = alloc_resize(k->wanted, result->missing_count, sizeof *k->wanted);
	k->wanted_count = 0;
	k->received_count = 0;
	for (size_t i = 0; i < result->missing_count; i++) {
		struct kept_batch *asker = idmap_get(&k->session->tenant->asked,
						     asked_key(k->table, &result->missing[i]));

		if (asker == NULL) {
			k->wanted[k->wanted_count++] = result->missing[i];
		} else {
			blocker = asker;
		}
	}
	qsort(k->wanted, k->wanted_count, sizeof *k->wanted, compare_hashes);
	account(k, true);
	return blocker;
}

static void ask(struct kept_batch *k)
{
	const struct message m = {
		.kind = MESSAGE_WANT,
		.want = { .table = k->table,
			  .seq = k->seq,
			  .hashes = { { k->wanted[0].bytes,
					k->wanted_count * sizeof *k->wanted } } },
	};

	k->is_asking = true;
	k->asked_ms = clock_ms();
	k->rounds++;
	put_in_asked(k);
	k->session->link->engine->figures.wants++;
	session_send(k->session, &m);
}

/* Rows are missing: asks for them, or waits for who does. */
static void ask_or_wait(struct kept_batch *k, const struct inventory_result *result)
{
	struct kept_batch *blocker = choose_wanted(k, result);

	if (k->wanted_count > 0) {
		ask(k);
	} else {
		k->blocker = blocker;
	}
}

static void keep(struct engine_session *s, const struct message_batch *batch, struct span frame,
		 const struct inventory_result *result)
{
	struct engine_tenant *t = s->tenant;
	size_t size = sizeof(struct kept_batch) + frame.len +
		      result->missing_count * sizeof *result->missing;
	struct kept_batch *k;

	if (s->kept_bytes + size > KEPT_SESSION_BYTES_MAX ||
	    s->link->engine->kept_bytes + size > KEPT_TOTAL_BYTES_MAX) {
		refuse(s, batch->table, batch->seq, REFUSE_BUSY,
		       "too many batches wait for their rows");
		return;
	}
	k = alloc_zeroed(1, sizeof *k);
	k->session = s;
	k->table = batch->table;
	k->seq = batch->seq;
	k->frame = alloc_resize(NULL, frame.len, 1);
	k->frame_size = frame.len;
	mem_copy(k->frame, frame.ptr, frame.len);
	account(k, true);
	k->previous = t->kept_last;
	*(t->kept_last != NULL ? &t->kept_last->next : &t->kept) = k;
	t->kept_last = k;
	s->kept[k->table] = k;
	ask_or_wait(k, result);
}

/* --- trying again --- */

/* Applies a kept batch once more; it is gone afterwards, or asks or waits again. */
static void try_again(struct kept_batch *k)
{
	struct message m;
	struct inventory_result result;

	/* it was decoded once already: its bytes are good */
	if (message_decode((struct span){ k->frame, k->frame_size }, &m) != 0 ||
	    apply(k->session, &m.batch, &result) == VERDICT_ANSWERED) {
		drop(k);
		return;
	}
	if (k->rounds >= ASK_ROUNDS_MAX) {
		resync(k->session, k->table, k->seq, "rows that were asked for did not come");
		drop(k);
		return;
	}
	ask_or_wait(k, &result);
}

bool batch_try_waiting(struct engine_tenant *t)
{
	struct kept_batch *next;

	t->has_batches_to_try = false;
	for (struct kept_batch *k = t->kept; k != NULL; k = next) {
		size_t size = k->frame_size;

		next = k->next;
		if (k->is_asking || k->blocker != NULL) {
			continue;
		}
		if (commit_is_due(t->engine)) {
			t->has_batches_to_try = true;
			break;
		}
		commit_note(t->engine, size);
		try_again(k);
	}
	return t->has_batches_to_try;
}

/* All rows came, or no more will. */
static void finish(struct kept_batch *k)
{
	k->is_asking = false;
	take_from_asked(k);
	if (k->refuse_code != 0) {
		refuse(k->session, k->table, k->seq, k->refuse_code, k->why.text);
		drop(k);
	} else {
		try_again(k);
	}
}

/* --- what sessions call --- */

void batch_received(struct engine_session *s, const struct message_batch *batch, struct span frame)
{
	const struct table *table = schema_by_number(batch->table);
	struct inventory_result result;

	if (table != NULL && table->is_of_scanner && !s->is_scanner) {
		refuse(s, batch->table, batch->seq, REFUSE_TABLE,
		       "only a scanner tells this table");
		return;
	}
	if (apply(s, batch, &result) == VERDICT_WANTS) {
		keep(s, batch, frame, &result);
	}
}

static uint64_t refusal_for(int error)
{
	return error == ERR_CONFLICT || error == ERR_MALFORMED || error == ERR_LIMIT ||
			       error == ERR_UNSUPPORTED
		       ? REFUSE_ROW
		       : REFUSE_BUSY;
}

void batch_rows_received(struct engine_session *s, const struct message_rows *rows)
{
	struct kept_batch *k = s->kept[rows->table];

	if (k == NULL || !k->is_asking || k->seq != rows->seq) {
		session_end(s, GOODBYE_PROTOCOL, 0, "rows came that nobody asked for");
		return;
	}
	if (k->refuse_code == 0 && rows->rows.count > 0) {
		struct inventory *inv = engine_tenant_begin(s->tenant);
		struct why why = { "the inventory cannot be written now" };
		int error = inv == NULL ? ERR_IO
					: inventory_intern(inv, k->table, rows->rows, k->wanted,
							   k->wanted_count, &why);

		if (error != 0 && inv != NULL) {
			engine_tenant_failed(s->tenant, &why);
		}
		if (error != 0) {
			k->refuse_code = refusal_for(error);
			k->why = why;
		}
	}
	k->received_count += rows->rows.count;
	/* a message without rows says that the sensor has no more of them */
	if (rows->rows.count == 0 || k->received_count >= k->wanted_count) {
		finish(k);
	}
}

void batch_forget(struct engine_session *s)
{
	for (uint16_t table = 0; table < MESSAGE_TABLES_MAX; table++) {
		if (s->kept[table] != NULL) {
			drop(s->kept[table]);
		}
	}
}

void batch_undone(struct engine_tenant *tenant)
{
	for (struct kept_batch *k = tenant->kept; k != NULL; k = k->next) {
		if (k->is_asking && k->received_count > 0 && k->refuse_code == 0) {
			k->refuse_code = REFUSE_BUSY;
			(void)why_set(&k->why, 0, "the server could not write it to its disk");
		}
	}
}

void batch_expire(struct engine_tenant *tenant, int64_t now_ms)
{
	for (struct kept_batch *k = tenant->kept; k != NULL; k = k->next) {
		if (k->is_registered && now_ms - k->asked_ms >= ASKING_MS) {
			take_from_asked(k); /* its rows may still come */
		}
	}
}
