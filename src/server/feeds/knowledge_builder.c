/* knowledge_builder.c - gathers what feeds say, each string once. */
#include "server/feeds/knowledge_builder.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "server/feeds/knowledge_form.h"
#include "server/feeds/knowledge_parts.h"
#include "server/feeds/limits.h"
#include "sys/alloc.h"

#include <stdlib.h>

#define ENTRIES_FIRST 4096

static const struct span nothing = { (const uint8_t *)"", 0 };

struct knowledge_builder *knowledge_builder_new(void)
{
	struct knowledge_builder *b = alloc_zeroed(1, sizeof *b);
	uint32_t empty;

	intern_init(&b->strings, KNOWLEDGE_STRINGS_MAX / 2, UINT32_MAX - 1);
	intern_init(&b->lists, (size_t)KNOWLEDGE_LISTS_MAX * FORM_WORD_SIZE, UINT32_MAX - 1);
	intern_init(&b->places, SIZE_MAX, KNOWLEDGE_PLACES_MAX);
	intern_init(&b->ids, KNOWLEDGE_STRINGS_MAX / 2, KNOWLEDGE_VULNERABILITIES_MAX);
	(void)!intern_add(&b->strings, nothing, &empty);
	(void)!intern_add(&b->lists, nothing, &empty);
	return b;
}

void knowledge_builder_free(struct knowledge_builder **builder)
{
	struct knowledge_builder *b = *builder;

	if (b == NULL) {
		return;
	}
	intern_done(&b->strings);
	intern_done(&b->lists);
	intern_done(&b->places);
	intern_done(&b->ids);
	free(b->entries);
	free(b->vulnerabilities);
	free(b);
	*builder = NULL;
}

uint64_t knowledge_builder_entries(const struct knowledge_builder *builder)
{
	return builder->entry_count;
}

bool knowledge_builder_knows(const struct knowledge_builder *builder, struct span id)
{
	uint32_t number;

	return intern_find(&builder->ids, id, &number);
}

static int keep(struct knowledge_builder *b, struct span text, size_t max, uint32_t *out)
{
	return text.len > max ? ERR_MALFORMED : intern_add(&b->strings, text, out);
}

/* At most max bytes, cut between characters. */
static int keep_cut(struct knowledge_builder *b, struct span text, size_t max, uint32_t *out)
{
	size_t len = text.len < max ? text.len : max;

	while (len < text.len && len > 0 && (text.ptr[len] & 0xc0) == 0x80) {
		len--;
	}
	return intern_add(&b->strings, span_first(text, len), out);
}

/* The vulnerability of this id, made where it is new. */
static int vulnerability_of(struct knowledge_builder *b, struct span id, uint32_t *out)
{
	int error = id.len == 0 || id.len > KNOWLEDGE_NAME_MAX ? ERR_MALFORMED
							       : intern_add(&b->ids, id, out);

	if (error != 0) {
		return error;
	}
	while (b->ids.count > b->vulnerability_capacity) {
		uint32_t capacity = b->vulnerability_capacity == 0
					    ? ENTRIES_FIRST
					    : b->vulnerability_capacity * 3 / 2;

		b->vulnerabilities =
			alloc_resize(b->vulnerabilities, capacity, sizeof *b->vulnerabilities);
		for (uint32_t i = b->vulnerability_capacity; i < capacity; i++) {
			b->vulnerabilities[i] = (struct built_vulnerability){
				.epss_millionths = -1,
				.percentile_millionths = -1,
				.score_tenths = -1,
			};
		}
		b->vulnerability_capacity = capacity;
	}
	return 0;
}

static int place_of(struct knowledge_builder *b, struct span stream, struct span package,
		    uint32_t *out)
{
	struct built_place place;
	int error = stream.len == 0 || package.len == 0 ? ERR_MALFORMED : 0;

	error = error != 0 ? error : keep(b, stream, KNOWLEDGE_NAME_MAX, &place.stream);
	error = error != 0 ? error : keep(b, package, KNOWLEDGE_NAME_MAX, &place.package);
	return error != 0 ? error
			  : intern_add(&b->places,
				       (struct span){ (const uint8_t *)&place, sizeof place }, out);
}

static int keep_list(struct knowledge_builder *b, const uint32_t *words, size_t count,
		     uint32_t *out)
{
	return intern_add(&b->lists, (struct span){ (const uint8_t *)words, count * sizeof *words },
			  out);
}

static int keep_ranges(struct knowledge_builder *b, const struct knowledge_record *r,
		       uint32_t *words, uint32_t *out)
{
	for (size_t i = 0; i < r->range_count; i++) {
		int error = keep(b, r->ranges[i].introduced, KNOWLEDGE_NAME_MAX, &words[2 * i]);

		error = error != 0 ? error
				   : keep(b, r->ranges[i].fixed, KNOWLEDGE_NAME_MAX,
					  &words[2 * i + 1]);
		if (error != 0) {
			return error;
		}
		words[2 * i] |= r->ranges[i].is_introduced_after ? FORM_INTRODUCED_AFTER : 0;
		words[2 * i + 1] |= r->ranges[i].is_last_affected ? FORM_LAST_AFFECTED : 0;
	}
	return keep_list(b, words, 2 * r->range_count, out);
}

static int keep_versions(struct knowledge_builder *b, const struct knowledge_record *r,
			 uint32_t *words, uint32_t *out)
{
	for (size_t i = 0; i < r->version_count; i++) {
		int error = keep(b, r->versions[i], KNOWLEDGE_NAME_MAX, &words[i]);

		if (error != 0) {
			return error;
		}
	}
	return keep_list(b, words, r->version_count, out);
}

static int keep_lists(struct knowledge_builder *b, const struct knowledge_record *r,
		      struct built_entry *e)
{
	size_t most = 2 * r->range_count > r->version_count ? 2 * r->range_count : r->version_count;
	uint32_t few[64];
	uint32_t *words = few;
	int error;

	if (r->range_count > KNOWLEDGE_RANGES_MAX || r->version_count > KNOWLEDGE_VERSIONS_MAX) {
		return ERR_MALFORMED;
	}
	if (most > COUNT_OF(few)) {
		words = alloc_zeroed(most, sizeof *words);
	}
	error = keep_ranges(b, r, words, &e->ranges);
	error = error != 0 ? error : keep_versions(b, r, words, &e->versions);
	if (words != few) {
		free(words);
	}
	return error;
}

int knowledge_builder_entry(struct knowledge_builder *b, const struct knowledge_record *r)
{
	struct built_entry e = { .status = (uint8_t)r->status,
				 .flags = (uint8_t)r->flags,
				 .is_alternative = r->is_alternative };
	uint32_t feed = 0;
	int error;

	if (b->entry_count == KNOWLEDGE_ENTRIES_MAX) {
		return ERR_LIMIT;
	}
	error = place_of(b, r->stream, r->package, &e.place);
	error = error != 0 ? error : vulnerability_of(b, r->id, &e.vulnerability);
	error = error != 0 ? error : keep(b, r->advisory, KNOWLEDGE_NAME_MAX, &e.advisory);
	error = error != 0 ? error : keep(b, r->urgency, KNOWLEDGE_NAME_MAX, &e.urgency);
	error = error != 0 ? error : keep(b, r->feed, KNOWLEDGE_NAME_MAX, &feed);
	error = error != 0 ? error : keep_cut(b, r->quote, KNOWLEDGE_QUOTE_MAX, &e.quote);
	error = error != 0 ? error : keep_lists(b, r, &e);
	if (error != 0) {
		return error;
	}
	if (b->entry_count == b->entry_capacity) {
		b->entry_capacity =
			b->entry_capacity == 0 ? ENTRIES_FIRST : b->entry_capacity * 3 / 2;
		b->entries = alloc_resize(b->entries, b->entry_capacity, sizeof *b->entries);
	}
	e.feed = feed;
	b->entries[b->entry_count++] = e;
	return 0;
}

/* --- facts --- */

struct knowledge_vulnerability knowledge_no_facts(struct span id)
{
	return (struct knowledge_vulnerability){
		.id = id,
		.score_tenths = -1,
		.epss_millionths = -1,
		.epss_percentile_millionths = -1,
	};
}

/* Adds the words that are new to a list, as far as the limits allow. */
static int add_words(struct knowledge_builder *b, uint32_t *list, struct span words,
		     size_t count_max, size_t bytes_max)
{
	uint8_t room[KNOWLEDGE_REFERENCES_MAX * (KNOWLEDGE_REFERENCE_MAX + 1)];
	struct writer w = writer_over(room, bytes_max);
	struct span old = intern_get(&b->strings, *list);
	size_t count = 0;

	if (words.len == 0) {
		return 0;
	}
	writer_bytes(&w, old);
	for (size_t i = 0; i < old.len; i++) {
		count += old.ptr[i] == ' ';
	}
	count += old.len > 0;
	while (words.len > 0 && count < count_max) {
		size_t end = span_find(words, ' ');
		struct span word = span_first(words, end);

		words = span_after(words, end < words.len ? end + 1 : end);
		if (word.len > 0 && word.len <= KNOWLEDGE_REFERENCE_MAX &&
		    word.len < writer_left(&w) && !text_has_word(writer_span(&w), word)) {
			if (count++ > 0) {
				writer_u8(&w, ' ');
			}
			writer_bytes(&w, word);
		}
	}
	return intern_add(&b->strings, writer_span(&w), list);
}

/* CVSS:4.0 is newer than CVSS:3.1 than CVSS:3.0 than version 2, which has no prefix. */
static bool is_newer_vector(struct span a, struct span b)
{
	struct span version_a = span_starts_with(a, "CVSS:") ? span_first(a, 8) : nothing;
	struct span version_b = span_starts_with(b, "CVSS:") ? span_first(b, 8) : nothing;

	return span_compare(version_a, version_b) > 0;
}

static int merge_score(struct knowledge_builder *b, struct built_vulnerability *v,
		       const struct knowledge_vulnerability *facts)
{
	struct span held = intern_get(&b->strings, v->cvss);

	if (facts->cvss.len == 0) {
		if (v->score_tenths < 0 && facts->score_tenths >= 0) {
			v->score_tenths = (int16_t)facts->score_tenths;
		}
		return 0;
	}
	if (facts->cvss.len > KNOWLEDGE_NAME_MAX ||
	    (held.len > 0 && !is_newer_vector(facts->cvss, held)) ||
	    (facts->score_tenths < 0 && v->score_tenths >= 0)) {
		return 0; /* a vector whose score is unknown does not displace one that is known */
	}
	v->score_tenths = (int16_t)facts->score_tenths;
	return intern_add(&b->strings, facts->cvss, &v->cvss);
}

static int merge_text(struct knowledge_builder *b, uint32_t *held, struct span text, size_t max)
{
	return *held != 0 || text.len == 0 ? 0 : keep_cut(b, text, max, held);
}

int knowledge_builder_facts(struct knowledge_builder *b, const struct knowledge_vulnerability *f)
{
	struct built_vulnerability *v;
	uint32_t number = 0;
	int error = vulnerability_of(b, f->id, &number);

	if (error != 0) {
		return error;
	}
	v = &b->vulnerabilities[number];
	error = merge_text(b, &v->summary, f->summary, KNOWLEDGE_SUMMARY_MAX);
	error = error != 0 ? error : merge_text(b, &v->severity, f->severity, KNOWLEDGE_NAME_MAX);
	error = error != 0 ? error : merge_text(b, &v->published, f->published, KNOWLEDGE_NAME_MAX);
	error = error != 0 ? error : merge_text(b, &v->kev_added, f->kev_added, KNOWLEDGE_NAME_MAX);
	error = error != 0 ? error : merge_text(b, &v->kev_due, f->kev_due, KNOWLEDGE_NAME_MAX);
	error = error != 0 ? error : merge_score(b, v, f);
	error = error != 0 ? error
			   : add_words(b, &v->aliases, f->aliases, KNOWLEDGE_ALIASES_MAX,
				       KNOWLEDGE_ALIASES_MAX);
	error = error != 0 ? error
			   : add_words(b, &v->references, f->references, KNOWLEDGE_REFERENCES_MAX,
				       KNOWLEDGE_REFERENCES_MAX * (KNOWLEDGE_REFERENCE_MAX + 1));
	if (error != 0) {
		return error;
	}
	v->is_exploited |= f->is_exploited;
	v->is_ransomware |= f->is_ransomware;
	if (v->epss_millionths < 0) {
		v->epss_millionths = f->epss_millionths;
		v->percentile_millionths = f->epss_percentile_millionths;
	}
	return 0;
}
