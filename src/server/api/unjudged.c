/* unjudged.c - three arrays: asset to row, row to stream, stream to covered. */
#include "server/api/unjudged.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "schema/schema.h"
#include "server/inventory/numbering.h"
#include "server/services/vulnerability.h"
#include "sys/alloc.h"
#include "sys/clock.h"

#define NO_ROW UINT32_MAX

/* Streams have the names of feeds' ecosystems or releases: what is longer is none. */
struct stream {
	char name[RELEASE_STREAM_SIZE]; /* "" for systems that no rule knows */
	bool is_language;
	bool is_covered;
};

struct unjudged {
	const struct knowledge *knowledge;
	uint64_t newest;     /* the change of `os` that everything here follows */
	uint32_t next_asset; /* to be read first; NO_ROW: all were */
	int64_t deadline_us;
	bool is_counted;
	uint32_t count; /* of assets that are not covered */
	struct numbering names;
	struct stream *streams;
	uint32_t stream_capacity;
	uint32_t *stream_of; /* a row of `os` */
	uint32_t row_count;
	uint32_t row_capacity;
	uint32_t language_count; /* rows of `language_packages` that were seen */
	uint32_t *row_of;        /* asset - 1; NO_ROW where it has told nothing */
	uint32_t asset_count;
	uint32_t asset_capacity;
};

struct unjudged *unjudged_new(void)
{
	struct unjudged *u = alloc_zeroed(1, sizeof *u);

	numbering_init(&u->names);
	u->next_asset = 1;
	return u;
}

void unjudged_free(struct unjudged **unjudged)
{
	struct unjudged *u = *unjudged;

	if (u == NULL) {
		return;
	}
	numbering_done(&u->names);
	free(u->streams);
	free(u->stream_of);
	free(u->row_of);
	free(u);
	*unjudged = NULL;
}

static void *room(void *array, uint32_t count, uint32_t *capacity, size_t size)
{
	if (count < *capacity) {
		return array;
	}
	*capacity = 2 * *capacity + 64;
	return alloc_resize(array, *capacity, size);
}

/* --- streams --- */

static void look_up(const struct unjudged *u, struct stream *stream)
{
	stream->is_covered = stream->name[0] != '\0' && u->knowledge != NULL &&
			     knowledge_has_stream(u->knowledge, span_of(stream->name));
}

static uint32_t stream_number(struct unjudged *u, struct span name, bool is_language)
{
	struct rowhash key = rowhash_of(is_language ? TABLE_LANGUAGE_PACKAGES : TABLE_OS, name);
	struct stream *stream;
	uint32_t number;

	if (numbering_find(&u->names, &key, &number)) {
		return number;
	}
	u->streams = room(u->streams, u->names.count, &u->stream_capacity, sizeof *u->streams);
	number = numbering_add(&u->names, &key);
	stream = &u->streams[number];
	*stream = (struct stream){ .is_language = is_language };
	name = span_first(name, sizeof stream->name - 1);
	mem_copy(stream->name, name.ptr, name.len);
	look_up(u, stream);
	return number;
}

/* Rows come in the order of their numbers, none left out. */
static bool take_system(void *context, uint32_t number, const struct row *row)
{
	struct unjudged *u = context;
	struct release release = { .stream = "" };

	if (number != u->row_count) {
		return false;
	}
	(void)release_of_os(row, &release);
	u->stream_of = room(u->stream_of, u->row_count, &u->row_capacity, sizeof *u->stream_of);
	u->stream_of[u->row_count++] = stream_number(u, span_of(release.stream), false);
	u->is_counted = false;
	return clock_us() < u->deadline_us;
}

static bool take_language(void *context, uint32_t number, const struct row *row)
{
	struct unjudged *u = context;
	struct span stream = vulnerability_stream_of(row);
	struct span name = stream.len > 0 ? stream : row->values[LANGUAGE_PACKAGES_ECOSYSTEM].text;

	(void)stream_number(u, name, true);
	u->language_count = number + 1;
	return clock_us() < u->deadline_us;
}

/* --- assets --- */

static uint32_t *row_of(struct unjudged *u, uint32_t asset)
{
	while (u->asset_count < asset) {
		u->row_of = room(u->row_of, u->asset_count, &u->asset_capacity, sizeof *u->row_of);
		u->row_of[u->asset_count++] = NO_ROW;
		u->is_counted = false;
	}
	return &u->row_of[asset - 1];
}

static bool take_holding(void *context, uint32_t asset, const uint32_t *rows, size_t count)
{
	struct unjudged *u = context;

	*row_of(u, asset) = count > 0 ? rows[0] : NO_ROW;
	u->next_asset = asset + 1;
	return clock_us() < u->deadline_us;
}

/* Reads each asset at some moment; changes since the first of these moments are applied again,
 * which leads to the same: each says what the row is afterwards. */
static int load(struct unjudged *u, struct view *view, uint64_t last, struct why *why)
{
	uint32_t before = u->next_asset;
	uint64_t newest;
	int error = view_each_holding(view, TABLE_OS, before, &newest, take_holding, u, why);

	if (error != 0) {
		return error;
	}
	if (before == 1) {
		u->newest = last;
	}
	if (u->next_asset > before && clock_us() >= u->deadline_us) {
		return ERR_AGAIN;
	}
	u->next_asset = NO_ROW;
	u->is_counted = false;
	return 0;
}

static bool take_change(void *context, const struct view_table_change *change)
{
	struct unjudged *u = context;
	uint32_t *row = row_of(u, change->asset);

	for (size_t i = 0; i < change->removed_count; i++) {
		*row = change->removed[i] == *row ? NO_ROW : *row;
	}
	if (change->added_count > 0) {
		*row = change->added[0];
	}
	u->is_counted = false;
	return true;
}

static bool is_covered(const struct unjudged *u, uint32_t asset)
{
	uint32_t row = u->row_of[asset - 1];

	return row < u->row_count && u->streams[u->stream_of[row]].is_covered;
}

static void count(struct unjudged *u)
{
	u->count = 0;
	for (uint32_t asset = 1; asset <= u->asset_count; asset++) {
		u->count += !is_covered(u, asset);
	}
	u->is_counted = true;
}

int unjudged_sync(struct unjudged *u, struct view *view, const struct knowledge *knowledge,
		  int64_t deadline_us, struct why *why)
{
	uint64_t last = view_last_change(view); /* before anything is read */
	uint32_t assets = view_asset_count(view);
	uint32_t rows_before = u->row_count + u->language_count;
	int error;

	u->deadline_us = deadline_us;
	if (u->knowledge != knowledge) {
		u->knowledge = knowledge;
		for (uint32_t i = 0; i < u->names.count; i++) {
			look_up(u, &u->streams[i]);
		}
		u->is_counted = false;
	}
	error = view_distinct_rows(view, TABLE_OS, u->row_count, take_system, u, why);
	if (error == 0) {
		error = view_distinct_rows(view, TABLE_LANGUAGE_PACKAGES, u->language_count,
					   take_language, u, why);
	}
	if (error == 0 && u->row_count + u->language_count > rows_before &&
	    clock_us() >= deadline_us) {
		return ERR_AGAIN;
	}
	if (error == 0 && u->next_asset != NO_ROW) {
		error = load(u, view, last, why);
	}
	if (error == 0) {
		error = view_table_changes(view, TABLE_OS, u->newest, take_change, u, why);
	}
	if (error != 0) {
		return error;
	}
	u->newest = last > u->newest ? last : u->newest;
	if (assets > 0) {
		(void)row_of(u, assets);
	}
	if (!u->is_counted) {
		count(u);
	}
	return 0;
}

uint32_t unjudged_count(const struct unjudged *u)
{
	return u->count;
}

uint32_t unjudged_next(const struct unjudged *u, uint32_t after)
{
	for (uint32_t asset = after + 1; asset <= u->asset_count; asset++) {
		if (!is_covered(u, asset)) {
			return asset;
		}
	}
	return 0;
}

size_t unjudged_languages(const struct unjudged *u, struct span *out, size_t max)
{
	size_t found = 0;

	for (uint32_t i = 0; i < u->names.count && found < max; i++) {
		const struct stream *stream = &u->streams[i];

		if (stream->is_language && !stream->is_covered && stream->name[0] != '\0') {
			out[found++] = span_of(stream->name);
		}
	}
	return found;
}

uint64_t unjudged_bytes(const struct unjudged *u)
{
	return u->stream_capacity * sizeof *u->streams + u->row_capacity * sizeof *u->stream_of +
	       u->asset_capacity * sizeof *u->row_of + numbering_bytes(&u->names);
}
