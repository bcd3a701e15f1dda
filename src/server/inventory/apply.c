/* apply.c - one batch of one asset's table, judged and applied. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "schema/schema.h"
#include "server/inventory/state.h"
#include "sys/alloc.h"

/* What is being applied to what. */
struct job {
	struct inventory *inv;
	uint32_t asset_number;
	struct asset *asset;
	const struct table *table;
	const struct message_batch *batch;
	int64_t now_ms;
	/* as held before; zero where the table is new */
	struct span packed;
	uint64_t count;
	uint64_t seq;
	struct digest digest;
	struct inventory_result *out;
};

static int resync(const struct job *job, const char *reason)
{
	*job->out = (struct inventory_result){
		.outcome = INVENTORY_RESYNC,
		.next_seq = job->seq + 1,
		.reason = reason,
	};
	return 0;
}

static int refuse(const struct job *job, uint64_t code, const char *reason)
{
	*job->out = (struct inventory_result){
		.outcome = INVENTORY_REFUSED,
		.refuse_code = code,
		.reason = reason,
	};
	return 0;
}

/* --- rows that come along --- */

static int compare_inline(const void *a, const void *b)
{
	return rowhash_compare(&((const struct inline_row *)a)->hash,
			       &((const struct inline_row *)b)->hash);
}

static int compare_hashes(const void *a, const void *b)
{
	return rowhash_compare(a, b);
}

/* Sorts the batch's rows by hash. False where one does not follow the schema. */
static bool index_rows(const struct job *job)
{
	struct scratch *s = &job->inv->scratch;
	struct row_list list = job->batch->rows;
	struct span bytes;

	s->row_count = 0;
	while (row_list_take(&list, &bytes)) {
		struct row row;
		int error = row_decode(job->table, bytes, &row);

		if (error != 0) {
			snprintf(s->reason, sizeof s->reason, "a row of %s: %s", job->table->name,
				 error_text(error));
			return false;
		}
		s->rows = state_room(s->rows, s->row_count, &s->row_capacity, sizeof *s->rows);
		s->rows[s->row_count++] =
			(struct inline_row){ rowhash_of(job->table->number, bytes), bytes };
	}
	if (s->row_count > 0) {
		qsort(s->rows, s->row_count, sizeof *s->rows, compare_inline);
	}
	return true;
}

int intern_row(struct inventory *inv, const struct table *table, const struct rowhash *hash,
	       struct span bytes, bool *out_is_bad_row, uint32_t *out_number, struct why *why)
{
	struct numbering *rows = &inv->rows[table->number];
	struct row row;
	int error = row_decode(table, bytes, &row);

	*out_is_bad_row = error != 0;
	if (error != 0) {
		return why_set(why, error, "a row of %s: %s", table->name, error_text(error));
	}
	error = store_put_row(inv->store, &row, rows->count, hash, why);
	if (error != 0) {
		return error;
	}
	*out_number = numbering_add(rows, hash);
	return 0;
}

/* The number of an add; interned now where its row came along. False in *out_is_known where it is
 * missing. */
static int resolve_add(const struct job *job, const struct rowhash *hash, bool *out_is_known,
		       uint32_t *out_number, struct why *why)
{
	struct scratch *s = &job->inv->scratch;
	struct inline_row wanted = { .hash = *hash };
	const struct inline_row *row;
	bool is_bad;

	*out_is_known = numbering_find(&job->inv->rows[job->table->number], hash, out_number);
	if (*out_is_known || s->row_count == 0) {
		return 0;
	}
	row = bsearch(&wanted, s->rows, s->row_count, sizeof *s->rows, compare_inline);
	if (row == NULL) {
		return 0;
	}
	*out_is_known = true;
	return intern_row(job->inv, job->table, hash, row->bytes, &is_bad, out_number, why);
}

/* Copies the adds out of the message, all at once: they are looked at more than once. */
static void take_adds(const struct job *job)
{
	struct scratch *s = &job->inv->scratch;
	struct span bytes = job->batch->adds.bytes;

	s->hash_count = hash_list_count(job->batch->adds);
	while (s->hash_count > s->hash_capacity) {
		s->hashes = state_grow(s->hashes, &s->hash_capacity, sizeof *s->hashes);
	}
	mem_copy(s->hashes, bytes.ptr, s->hash_count * sizeof *s->hashes);
}

static int resolve_adds(const struct job *job, struct why *why)
{
	struct scratch *s = &job->inv->scratch;

	s->adds.count = 0;
	s->missing_count = 0;
	for (size_t i = 0; i < s->hash_count; i++) {
		bool is_known;
		uint32_t number;
		int error = resolve_add(job, &s->hashes[i], &is_known, &number, why);

		if (error != 0) {
			return error;
		}
		if (is_known) {
			state_push(&s->adds, number);
			continue;
		}
		s->missing = state_room(s->missing, s->missing_count, &s->missing_capacity,
					sizeof *s->missing);
		s->missing[s->missing_count++] = s->hashes[i];
	}
	return 0;
}

/* --- what comes and what goes --- */

static bool resolve_removes(const struct job *job)
{
	struct scratch *s = &job->inv->scratch;
	size_t count = hash_list_count(job->batch->removes);

	s->removes.count = 0;
	for (size_t i = 0; i < count; i++) {
		struct rowhash hash = hash_list_at(job->batch->removes, i);
		uint32_t number;

		if (!numbering_find(&job->inv->rows[job->table->number], &hash, &number)) {
			return false;
		}
		state_push(&s->removes, number);
	}
	sort_numbers(s->removes.items, s->removes.count);
	return true;
}

/* A range's adds rise and lie within it. */
static bool range_is_sound(const struct job *job)
{
	const struct scratch *s = &job->inv->scratch;
	const struct message_batch *batch = job->batch;

	if (rowhash_compare(&batch->low, &batch->high) > 0) {
		return false;
	}
	for (size_t i = 1; i < s->hash_count; i++) {
		if (rowhash_compare(&s->hashes[i - 1], &s->hashes[i]) >= 0) {
			return false;
		}
	}
	return s->hash_count == 0 ||
	       (rowhash_compare(&batch->low, &s->hashes[0]) <= 0 &&
		rowhash_compare(&s->hashes[s->hash_count - 1], &batch->high) <= 0);
}

static bool is_in_range(const struct job *job, uint32_t row)
{
	const struct rowhash *hash = numbering_key(&job->inv->rows[job->table->number], row);

	return rowhash_compare(&job->batch->low, hash) <= 0 &&
	       rowhash_compare(hash, &job->batch->high) <= 0;
}

/* Of a range's adds keeps those that are not held, and finds the held rows of the range that are
 * not among them. Both lists rise, so one pass does. */
static void compare_range(const struct job *job)
{
	struct scratch *s = &job->inv->scratch;
	struct packed_reader r = packed_over(job->packed);
	struct packed_run run;
	size_t at = 0;
	size_t kept = 0;

	s->removes.count = 0;
	while (packed_next(&r, &run)) {
		for (uint64_t row = run.first; row <= run.last; row++) {
			while (at < s->adds.count && s->adds.items[at] < row) {
				s->adds.items[kept++] = s->adds.items[at++];
			}
			if (at < s->adds.count && s->adds.items[at] == row) {
				at++;
			} else if (is_in_range(job, (uint32_t)row)) {
				state_push(&s->removes, row);
			}
		}
	}
	while (at < s->adds.count) {
		s->adds.items[kept++] = s->adds.items[at++];
	}
	s->adds.count = kept;
}

/* --- storing --- */

static int store_seq(const struct job *job, struct why *why)
{
	int error = store_put_seq(job->inv->store, job->asset_number, job->table->number,
				  job->batch->seq, why);
	struct held *held;

	if (error != 0) {
		return error;
	}
	held = state_held_make(job->asset, job->table->number);
	state_replace(job->inv, job->asset, held, job->packed);
	held->seq = job->batch->seq;
	return 0;
}

/* adds and removes are resolved: checks that they fit, and stores. */
static int finish(const struct job *job, struct why *why)
{
	struct scratch *s = &job->inv->scratch;
	bool is_same = s->adds.count == 0 && s->removes.count == 0;
	struct change_parts parts = {
		.asset = job->asset_number,
		.table = job->table->number,
		.seq = job->batch->seq,
		.now_ms = job->now_ms,
		.observed_ms = job->batch->observed_ms,
		.packed = job->packed,
		.count = job->count,
		.digest = job->digest,
	};

	if (!change_pack(job->inv, &parts)) {
		return resync(job, parts.problem);
	}
	if (parts.count > INVENTORY_ROWS_MAX) {
		return refuse(job, REFUSE_LIMIT, "too many rows in one table");
	}
	if (job->batch->has_digest && !digest_equal(parts.digest, job->batch->digest)) {
		job->inv->meta.disagreements++;
		job->inv->is_meta_dirty = true;
		return resync(job, "the digests differ");
	}
	*job->out = (struct inventory_result){
		.outcome = INVENTORY_APPLIED,
		.added = s->adds.count,
		.removed = s->removes.count,
	};
	return is_same ? store_seq(job, why)
		       : change_store(job->inv, &parts, &job->out->change_no, why);
}

static int resolve_and_finish(const struct job *job, struct why *why)
{
	struct scratch *s = &job->inv->scratch;
	bool is_range = job->batch->mode == BATCH_RANGE;
	int error;

	if (!index_rows(job)) {
		return refuse(job, REFUSE_ROW, s->reason);
	}
	take_adds(job);
	if (is_range && !range_is_sound(job)) {
		return refuse(job, REFUSE_ROW, "the hashes of a range must rise and lie within it");
	}
	error = resolve_adds(job, why);
	if (error != 0) {
		return error;
	}
	if (s->missing_count > 0) {
		qsort(s->missing, s->missing_count, sizeof *s->missing, compare_hashes);
		*job->out = (struct inventory_result){
			.outcome = INVENTORY_WANT,
			.missing = s->missing,
			.missing_count = s->missing_count,
		};
		return 0;
	}
	sort_numbers(s->adds.items, s->adds.count);
	if (is_range) {
		compare_range(job);
	} else if (!resolve_removes(job)) {
		return resync(job, "a row to be removed is not held");
	}
	return finish(job, why);
}

/* Judges the sequence number; true where the batch is next. */
static bool is_next(const struct job *job)
{
	const struct message_batch *batch = job->batch;
	bool is_other = batch->has_digest && !digest_equal(batch->digest, job->digest);

	if (batch->seq == job->seq + 1) {
		return true;
	}
	if (batch->seq == 0 || batch->seq > job->seq || (batch->seq == job->seq && is_other)) {
		(void)resync(job, "the sequence number does not follow");
	} else {
		*job->out = (struct inventory_result){ .outcome = INVENTORY_REPEAT };
	}
	return false;
}

int inventory_apply(struct inventory *inv, uint32_t asset_number, const struct message_batch *batch,
		    int64_t now_ms, struct inventory_result *out, struct why *why)
{
	struct job job = {
		.inv = inv,
		.asset_number = asset_number,
		.asset = state_asset(inv, asset_number),
		.table = schema_by_number(batch->table),
		.batch = batch,
		.now_ms = now_ms,
		.out = out,
	};
	const struct held *held;
	int error;

	assert(job.asset != NULL);
	inv->batches++;
	if (job.table == NULL) {
		return refuse(&job, REFUSE_TABLE, "this server does not know the table");
	}
	if (job.table->is_derived) {
		return refuse(&job, REFUSE_TABLE, "this table is the server's own to fill");
	}
	held = state_held(job.asset, job.table->number);
	if (held != NULL) {
		job.packed = state_packed(held);
		job.count = held->count;
		job.seq = held->seq;
		job.digest = held->digest;
	}
	if (!is_next(&job)) {
		return 0;
	}
	error = inventory_begin(inv, why);
	if (error != 0) {
		return error;
	}
	error = resolve_and_finish(&job, why);
	return error == 0 ? 0 : inventory_abandon(inv, error);
}

int inventory_intern(struct inventory *inv, uint16_t table_number, struct row_list rows,
		     const struct rowhash *wanted, size_t wanted_count, struct why *why)
{
	const struct table *table = schema_by_number(table_number);
	struct span bytes;
	int error;

	if (table == NULL) {
		return why_set(why, ERR_CONFLICT, "this server does not know the table");
	}
	error = inventory_begin(inv, why);
	if (error != 0) {
		return error;
	}
	while (row_list_take(&rows, &bytes)) {
		struct rowhash hash = rowhash_of(table_number, bytes);
		uint32_t number;
		bool is_bad = false;

		if (wanted_count == 0 ||
		    bsearch(&hash, wanted, wanted_count, sizeof hash, compare_hashes) == NULL) {
			return why_set(why, ERR_CONFLICT, "a row of %s that was not asked for",
				       table->name);
		}
		if (numbering_find(&inv->rows[table_number], &hash, &number)) {
			continue;
		}
		error = intern_row(inv, table, &hash, bytes, &is_bad, &number, why);
		if (error != 0) {
			return is_bad ? ERR_MALFORMED : inventory_abandon(inv, error);
		}
	}
	return 0;
}
