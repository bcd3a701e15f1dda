/* snapshot.c - the format is in the header. */
#include "sensor/snapshot.h"

#include "base/error.h"
#include "base/reader.h"
#include "base/sha256.h"
#include "base/writer.h"
#include "schema/schema.h"
#include "sys/alloc.h"

#define MAGIC       "BTZSNAP1"
#define HEAD_SIZE   24 /* what is hashed in front of the body */
#define TABLE_HEAD  6
#define PREFIX_SIZE (HEAD_SIZE + SHA256_SIZE)

int snapshot_encode(uint64_t generation, const struct ledger *ledgers, size_t count,
		    struct buffer *out)
{
	size_t body_size = 0;
	uint8_t *at;
	struct writer w;
	struct span whole;

	for (size_t i = 0; i < count; i++) {
		body_size += TABLE_HEAD + ledgers[i].count * ROWHASH_SIZE;
	}
	at = buffer_reserve(out, PREFIX_SIZE + body_size);
	if (at == NULL) {
		return ERR_FULL;
	}
	w = writer_over(at, PREFIX_SIZE + body_size);
	writer_text(&w, MAGIC);
	writer_be64(&w, generation);
	writer_be64(&w, body_size);
	(void)writer_reserve(&w, SHA256_SIZE);
	for (size_t i = 0; i < count; i++) {
		writer_be16(&w, ledgers[i].table);
		writer_be32(&w, (uint32_t)ledgers[i].count);
		for (size_t k = 0; k < ledgers[i].count; k++) {
			writer_bytes(&w, (struct span){ ledgers[i].hashes[k].bytes, ROWHASH_SIZE });
		}
	}
	whole = writer_span(&w);
	sha256_of_two(span_first(whole, HEAD_SIZE), span_after(whole, PREFIX_SIZE), at + HEAD_SIZE);
	buffer_grow(out, whole.len);
	return writer_ok(&w) ? 0 : ERR_FULL;
}

/* One table's part of the body: its hashes, which must rise. */
static struct span take_table(struct reader *r, uint16_t *out_table)
{
	uint32_t count;
	struct span hashes;

	*out_table = reader_be16(r);
	count = reader_be32(r);
	if (count > LEDGER_ROWS_MAX) {
		reader_fail(r);
	}
	hashes = reader_bytes(r, (size_t)count * ROWHASH_SIZE);
	for (size_t at = ROWHASH_SIZE; at < hashes.len; at += ROWHASH_SIZE) {
		struct span before =
			span_first(span_after(hashes, at - ROWHASH_SIZE), ROWHASH_SIZE);
		struct span here = span_first(span_after(hashes, at), ROWHASH_SIZE);

		if (span_compare(before, here) >= 0) {
			reader_fail(r);
		}
	}
	return hashes;
}

int snapshot_check(struct span bytes, struct snapshot *out)
{
	struct reader r = reader_over(bytes);
	struct snapshot found = { .generation = 0 };
	uint8_t sum[SHA256_SIZE];
	struct span stated;
	struct reader tables;
	uint64_t length;
	uint16_t table;

	if (!span_is(reader_bytes(&r, 8), MAGIC)) {
		return ERR_MALFORMED;
	}
	found.generation = reader_be64(&r);
	length = reader_be64(&r);
	stated = reader_bytes(&r, SHA256_SIZE);
	if (!reader_ok(&r) || length > reader_left(&r)) {
		return ERR_MALFORMED;
	}
	found.body = reader_bytes(&r, (size_t)length);
	sha256_of_two(span_first(bytes, HEAD_SIZE), found.body, sum);
	if (!span_equal(stated, (struct span){ sum, sizeof sum })) {
		return ERR_MALFORMED;
	}
	tables = reader_over(found.body);
	while (reader_left(&tables) > 0) {
		(void)take_table(&tables, &table);
	}
	if (!reader_done(&tables)) {
		return ERR_MALFORMED;
	}
	*out = found;
	return 0;
}

static void load_table(struct ledger *ledger, struct span hashes)
{
	struct reader r = reader_over(hashes);
	size_t count = hashes.len / ROWHASH_SIZE;
	struct rowhash *copy = alloc_zeroed(count + 1, sizeof *copy);
	struct writer w = writer_over((uint8_t *)copy, count * sizeof *copy);

	writer_bytes(&w, reader_rest(&r));
	ledger_replace(ledger, copy, count);
}

void snapshot_load(const struct snapshot *snapshot, struct ledger *ledgers, size_t count)
{
	struct reader tables = reader_over(snapshot->body);

	while (reader_left(&tables) > 0) {
		uint16_t table;
		struct span hashes = take_table(&tables, &table);

		for (size_t i = 0; i < count; i++) {
			if (ledgers[i].table == table) {
				load_table(&ledgers[i], hashes);
			}
		}
	}
}
