/* knowledge_writing.c - writes what was gathered as the file of knowledge_form.h. */
#include "base/error.h"
#include "base/mem.h"
#include "base/writer.h"
#include "server/feeds/hash64.h"
#include "server/feeds/knowledge_form.h"
#include "server/feeds/knowledge_map.h"
#include "server/feeds/knowledge_order.h"
#include "server/feeds/limits.h"
#include "sys/alloc.h"
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PATH_SIZE 4096

/* Numbers of strings and lists to where they lie in the file; UINT32_MAX: not yet written. */
struct placed {
	uint32_t *at;    /* by number */
	uint32_t *order; /* numbers, as they lie */
	uint32_t count;
	uint64_t used; /* bytes of strings, words of lists */
};

struct writing {
	struct knowledge_builder *builder;
	struct knowledge_order order;
	uint32_t *id_texts; /* the ids as numbers of strings */
	struct placed strings;
	struct placed lists;
	struct writer block;
	uint64_t checksum;
	uint64_t written;
	int fd;
	int error;
};

/* --- the file, block by block --- */

static void flush(struct writing *w)
{
	struct span rest = writer_span(&w->block);

	w->checksum = hash64_mix(w->checksum, hash64(0, rest));
	w->written += rest.len;
	while (rest.len > 0 && w->error == 0) {
		ssize_t count = write(w->fd, rest.ptr, rest.len);

		if (count < 0 && errno != EINTR) {
			w->error = errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO;
		}
		rest = span_after(rest, count > 0 ? (size_t)count : 0);
	}
	writer_rewind(&w->block, 0);
}

static void put(struct writing *w, struct span bytes)
{
	while (bytes.len > 0) {
		struct span part = span_first(bytes, writer_left(&w->block));

		writer_bytes(&w->block, part);
		bytes = span_after(bytes, part.len);
		if (writer_left(&w->block) == 0) {
			flush(w);
		}
	}
}

static void set_le(uint8_t *at, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		at[i] = (uint8_t)(value >> (8 * i));
	}
}

/* --- where strings and lists will lie --- */

static void placed_init(struct placed *p, uint32_t count)
{
	p->at = alloc_resize(NULL, count + 1, sizeof *p->at);
	p->order = alloc_resize(NULL, count + 1, sizeof *p->order);
	memset(p->at, 0xff, (count + 1) * sizeof *p->at);
}

static void placed_done(struct placed *p)
{
	free(p->at);
	free(p->order);
}

static uint32_t text_at(struct writing *w, uint32_t number)
{
	struct placed *p = &w->strings;

	if (p->at[number] == UINT32_MAX) {
		p->at[number] = (uint32_t)p->used;
		p->order[p->count++] = number;
		p->used += 2 + intern_get(&w->builder->strings, number).len;
	}
	return p->at[number];
}

static uint32_t list_at(struct writing *w, uint32_t number)
{
	struct placed *p = &w->lists;

	if (p->at[number] == UINT32_MAX) {
		size_t count = built_list_words(w->builder, number);

		p->at[number] = (uint32_t)p->used;
		p->order[p->count++] = number;
		p->used += count;
		for (size_t i = 0; i < count; i++) {
			(void)text_at(w,
				      built_list_word(w->builder, number, i) & ~FORM_LAST_AFFECTED);
		}
	}
	return p->at[number];
}

/* --- hashes of content: strings count, not where they lie --- */

static uint64_t hash_text(const struct writing *w, uint64_t hash, uint32_t number)
{
	return hash64(hash, intern_get(&w->builder->strings, number));
}

static uint64_t hash_list(const struct writing *w, uint64_t hash, uint32_t number)
{
	size_t count = built_list_words(w->builder, number);

	hash = hash64_mix(hash, count);
	for (size_t i = 0; i < count; i++) {
		uint32_t word = built_list_word(w->builder, number, i);

		hash = hash64_mix(hash_text(w, hash, word & ~FORM_LAST_AFFECTED),
				  word & FORM_LAST_AFFECTED);
	}
	return hash;
}

static uint64_t hash_entry(const struct writing *w, uint64_t hash, const struct built_entry *e)
{
	hash = hash_text(w, hash, w->id_texts[e->vulnerability]);
	hash = hash_text(w, hash, e->advisory);
	hash = hash_text(w, hash, e->urgency);
	hash = hash_text(w, hash, e->feed);
	hash = hash_text(w, hash, e->quote);
	hash = hash_list(w, hash, e->ranges);
	hash = hash_list(w, hash, e->versions);
	return hash64_mix(hash, (uint64_t)e->status << 8 | e->flags);
}

static uint64_t hash_facts(const struct writing *w, const struct built_vulnerability *v)
{
	const uint32_t texts[] = { v->summary,   v->cvss,    v->severity, v->published,
				   v->kev_added, v->kev_due, v->aliases,  v->references };
	uint64_t hash = 0;

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		hash = hash_text(w, hash, texts[i]);
	}
	hash = hash64_mix(hash, (uint64_t)(int64_t)v->epss_millionths);
	hash = hash64_mix(hash, (uint64_t)(int64_t)v->percentile_millionths);
	hash = hash64_mix(hash, (uint64_t)(int64_t)v->score_tenths);
	return hash64_mix(hash, (uint64_t)v->is_exploited << 1 | v->is_ransomware);
}

/* --- sections --- */

static void put_record(struct writing *w, const uint8_t *record, size_t size)
{
	put(w, (struct span){ record, size });
}

static uint32_t write_streams(struct writing *w, bool is_counting)
{
	const struct knowledge_builder *b = w->builder;
	uint32_t count = 0;

	for (uint32_t i = 0; i < b->places.count; i++) {
		struct built_place place = built_place_get(b, w->order.places[i]);
		uint8_t record[FORM_STREAM_SIZE];

		if (i > 0 && built_place_get(b, w->order.places[i - 1]).stream == place.stream) {
			continue;
		}
		count++;
		if (!is_counting) {
			set_le(record, text_at(w, place.stream), 4);
			set_le(record + 4, i, 4);
			put_record(w, record, sizeof record);
		}
	}
	return count;
}

static void write_places(struct writing *w)
{
	const struct knowledge_builder *b = w->builder;
	uint32_t entry = 0;
	uint32_t stream = 0;

	for (uint32_t i = 0; i < b->places.count; i++) {
		struct built_place place = built_place_get(b, w->order.places[i]);
		uint8_t record[FORM_PLACE_SIZE] = { 0 };
		uint64_t hash = 0;

		stream +=
			i > 0 && built_place_get(b, w->order.places[i - 1]).stream != place.stream;
		set_le(record, text_at(w, place.package), 4);
		set_le(record + 4, stream, 4);
		set_le(record + 8, entry, 4);
		while (entry < w->order.entry_count &&
		       w->order.place_rank[knowledge_order_entry(&w->order, entry)->place] == i) {
			hash = hash_entry(w, hash, knowledge_order_entry(&w->order, entry));
			entry++;
		}
		set_le(record + 16, hash, 8);
		put_record(w, record, sizeof record);
	}
}

static void write_entries(struct writing *w)
{
	for (uint32_t i = 0; i < w->order.entry_count; i++) {
		const struct built_entry *e = knowledge_order_entry(&w->order, i);
		uint8_t record[FORM_ENTRY_SIZE] = { 0 };

		set_le(record + FORM_ENTRY_VULNERABILITY, w->order.id_rank[e->vulnerability], 4);
		set_le(record + FORM_ENTRY_ADVISORY, text_at(w, e->advisory), 4);
		set_le(record + FORM_ENTRY_QUOTE, text_at(w, e->quote), 4);
		set_le(record + FORM_ENTRY_RANGES, list_at(w, e->ranges), 4);
		set_le(record + FORM_ENTRY_VERSIONS, list_at(w, e->versions), 4);
		set_le(record + FORM_ENTRY_RANGE_COUNT, built_list_words(w->builder, e->ranges) / 2,
		       2);
		set_le(record + FORM_ENTRY_VERSION_COUNT, built_list_words(w->builder, e->versions),
		       2);
		record[FORM_ENTRY_STATUS] = e->status;
		record[FORM_ENTRY_FLAGS] = e->flags;
		set_le(record + FORM_ENTRY_FEED, text_at(w, e->feed), 2);
		set_le(record + FORM_ENTRY_URGENCY, text_at(w, e->urgency), 4);
		put_record(w, record, sizeof record);
	}
}

static void write_vulnerabilities(struct writing *w)
{
	for (uint32_t i = 0; i < w->builder->ids.count; i++) {
		const struct built_vulnerability *v = &w->builder->vulnerabilities[w->order.ids[i]];
		uint8_t record[FORM_VULNERABILITY_SIZE] = { 0 };

		set_le(record + FORM_VULN_ID, text_at(w, w->id_texts[w->order.ids[i]]), 4);
		set_le(record + FORM_VULN_SUMMARY, text_at(w, v->summary), 4);
		set_le(record + FORM_VULN_CVSS, text_at(w, v->cvss), 4);
		set_le(record + FORM_VULN_SEVERITY, text_at(w, v->severity), 4);
		set_le(record + FORM_VULN_PUBLISHED, text_at(w, v->published), 4);
		set_le(record + FORM_VULN_KEV_ADDED, text_at(w, v->kev_added), 4);
		set_le(record + FORM_VULN_KEV_DUE, text_at(w, v->kev_due), 4);
		set_le(record + FORM_VULN_ALIASES, text_at(w, v->aliases), 4);
		set_le(record + FORM_VULN_REFERENCES, text_at(w, v->references), 4);
		set_le(record + FORM_VULN_EPSS, (uint64_t)((int64_t)v->epss_millionths + 1), 4);
		set_le(record + FORM_VULN_PERCENTILE,
		       (uint64_t)((int64_t)v->percentile_millionths + 1), 4);
		set_le(record + FORM_VULN_INVERSE, w->order.inverse_first[i], 4);
		set_le(record + FORM_VULN_HASH, hash_facts(w, v), 8);
		set_le(record + FORM_VULN_SCORE, (uint64_t)(v->score_tenths + 1), 2);
		record[FORM_VULN_FLAGS] = (uint8_t)(v->is_exploited | v->is_ransomware << 1);
		put_record(w, record, sizeof record);
	}
}

static void write_inverse(struct writing *w)
{
	for (uint32_t i = 0; i < w->order.inverse_first[w->builder->ids.count]; i++) {
		uint8_t record[FORM_WORD_SIZE];

		set_le(record, w->order.inverse[i], sizeof record);
		put_record(w, record, sizeof record);
	}
}

static void write_lists(struct writing *w)
{
	for (uint32_t i = 0; i < w->lists.count; i++) {
		uint32_t list = w->lists.order[i];

		for (size_t j = 0; j < built_list_words(w->builder, list); j++) {
			uint32_t word = built_list_word(w->builder, list, j);
			uint8_t record[FORM_WORD_SIZE];

			set_le(record,
			       text_at(w, word & ~FORM_LAST_AFFECTED) | (word & FORM_LAST_AFFECTED),
			       sizeof record);
			put_record(w, record, sizeof record);
		}
	}
}

static void write_strings(struct writing *w)
{
	for (uint32_t i = 0; i < w->strings.count; i++) {
		struct span text = intern_get(&w->builder->strings, w->strings.order[i]);
		uint8_t length[2];

		set_le(length, text.len, sizeof length);
		put_record(w, length, sizeof length);
		put(w, text);
	}
}

/* --- all of it --- */

static void write_header(struct writing *w, uint64_t generation, uint32_t streams)
{
	const struct knowledge_builder *b = w->builder;
	const uint64_t counts[FORM_SECTIONS] = {
		[FORM_STREAMS] = streams,
		[FORM_PLACES] = b->places.count,
		[FORM_ENTRIES] = w->order.entry_count,
		[FORM_VULNERABILITIES] = b->ids.count,
		[FORM_INVERSE] = w->order.inverse_first[b->ids.count],
		[FORM_LISTS] = w->lists.used,
		[FORM_STRINGS] = w->strings.used,
	};
	uint8_t header[FORM_HEADER_SIZE] = { 0 };

	mem_copy(header, FORM_MAGIC, FORM_AT_VERSION);
	set_le(header + FORM_AT_VERSION, FORM_VERSION, 4);
	set_le(header + FORM_AT_GENERATION, generation, 8);
	set_le(header + FORM_AT_BYTES, FORM_HEADER_SIZE + w->written, 8);
	for (size_t i = 0; i < FORM_SECTIONS; i++) {
		set_le(header + FORM_AT_COUNTS + 4 * i, counts[i], 4);
	}
	set_le(header + FORM_AT_CHECKSUM,
	       hash64_mix(w->checksum, hash64(0, (struct span){ header, sizeof header })), 8);
	if (w->error == 0 && pwrite(w->fd, header, sizeof header, 0) != sizeof header) {
		w->error = ERR_IO;
	}
}

/* Every id is a string too; the feeds' names come first, because entries name them in two bytes. */
static int place_strings(struct writing *w)
{
	struct knowledge_builder *b = w->builder;

	w->id_texts = alloc_resize(NULL, b->ids.count + 1, sizeof *w->id_texts);
	for (uint32_t i = 0; i < b->ids.count; i++) {
		if (intern_add(&b->strings, intern_get(&b->ids, i), &w->id_texts[i]) != 0) {
			return ERR_LIMIT;
		}
	}
	placed_init(&w->strings, b->strings.count);
	placed_init(&w->lists, b->lists.count);
	(void)text_at(w, 0);
	for (uint32_t i = 0; i < w->order.entry_count; i++) {
		if (text_at(w, knowledge_order_entry(&w->order, i)->feed) > UINT16_MAX) {
			return ERR_LIMIT;
		}
	}
	return 0;
}

int knowledge_builder_write(struct knowledge_builder *builder, uint64_t generation, int fd,
			    struct why *why)
{
	uint8_t *room = alloc_zeroed(1, FORM_BLOCK_SIZE);
	struct writing w = { .builder = builder,
			     .fd = fd,
			     .block = writer_over(room, FORM_BLOCK_SIZE) };
	uint32_t streams;

	knowledge_order_init(&w.order, builder);
	w.error = place_strings(&w);
	if (w.error == 0 && lseek(fd, FORM_HEADER_SIZE, SEEK_SET) < 0) {
		w.error = ERR_IO;
	}
	if (w.error == 0) {
		streams = write_streams(&w, true);
		(void)write_streams(&w, false);
		write_places(&w);
		write_entries(&w);
		write_vulnerabilities(&w);
		write_inverse(&w);
		write_lists(&w);
		write_strings(&w);
		flush(&w);
		write_header(&w, generation, streams);
	}
	free(room);
	free(w.id_texts);
	knowledge_order_done(&w.order);
	placed_done(&w.strings);
	placed_done(&w.lists);
	return w.error == 0 ? 0
			    : why_set(why, w.error, "the index cannot be written: %s",
				      error_text(w.error));
}

int knowledge_builder_save(struct knowledge_builder *builder, uint64_t generation, const char *path,
			   struct why *why)
{
	char beside[PATH_SIZE];
	OWNED(file_close) int fd = -1;
	int error;

	if (snprintf(beside, sizeof beside, "%s.new", path) >= (int)sizeof beside) {
		return why_set(why, ERR_LIMIT, "the path %.200s is too long", path);
	}
	fd = open(beside, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		return why_set(why, ERR_IO, "%.400s: %s", beside, strerror(errno));
	}
	error = knowledge_builder_write(builder, generation, fd, why);
	if (error == 0 && (fsync(fd) != 0 || rename(beside, path) != 0)) {
		error = why_set(why, ERR_IO, "%.400s: %s", path, strerror(errno));
	}
	if (error != 0) {
		(void)unlink(beside);
	}
	return error;
}

int knowledge_builder_open(struct knowledge_builder *builder, uint64_t generation,
			   struct knowledge **out, struct why *why)
{
	OWNED(file_close) int fd = memfd_create("knowledge", MFD_CLOEXEC);
	int error;

	if (fd < 0) {
		return why_set(why, ERR_IO, "no memory for the index: %s", strerror(errno));
	}
	error = knowledge_builder_write(builder, generation, fd, why);
	return error != 0 ? error : knowledge_open_fd(fd, out, why);
}
