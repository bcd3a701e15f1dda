/* fingerprints.c - kinds of texts, the patterns of each in order, and what a match says. */
#include "fingerprints/fingerprints.h"

#include "base/error.h"
#include "fingerprints/engine.h"
#include "fingerprints/library.h"
#include "fingerprints/pattern.h"
#include "fingerprints/values.h"
#include "sys/alloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define GIVEN_UP_MAX 8 /* patterns beyond their limits, then a text is let go */

struct entry {
	const struct document *document;
	const struct document_fingerprint *fingerprint;
	struct pattern pattern;
};

struct kind {
	struct span name;
	size_t first; /* of its entries */
	size_t count;
	struct engine *engine; /* NULL until it is first needed */
};

struct fingerprints {
	enum library_engine mode;
	struct document **documents;
	size_t document_count;
	struct entry *entries; /* a kind's in a row, in the order in which they are tried */
	size_t entry_count;
	struct kind *kinds; /* by name */
	size_t kind_count;
	struct arena arena; /* patterns' texts */
	uint64_t *words;    /* candidates of the largest kind */
	struct pattern_matcher *matcher;
	struct fingerprints_figures figures;
};

/* --- putting together --- */

struct fingerprints *library_new(enum library_engine engine)
{
	struct fingerprints *f = alloc_zeroed(1, sizeof *f);

	f->mode = engine;
	f->matcher = pattern_matcher_new();
	return f;
}

void fingerprints_free(struct fingerprints **pointer)
{
	struct fingerprints *f = *pointer;

	if (f == NULL) {
		return;
	}
	for (size_t i = 0; i < f->entry_count; i++) {
		pattern_done(&f->entries[i].pattern);
	}
	for (size_t i = 0; i < f->kind_count; i++) {
		engine_free(&f->kinds[i].engine);
	}
	for (size_t i = 0; i < f->document_count; i++) {
		document_done(f->documents[i]);
		free(f->documents[i]);
	}
	pattern_matcher_free(&f->matcher);
	arena_free(&f->arena);
	free(f->documents);
	free(f->entries);
	free(f->kinds);
	free(f->words);
	free(f);
	*pointer = NULL;
}

int library_add(struct fingerprints *f, struct span name, struct span xml, struct why *why)
{
	struct document document;
	int error = document_parse(name, xml, false, &document, why);

	if (error != 0) {
		return error;
	}
	if (f->document_count == LIBRARY_DOCUMENTS_MAX ||
	    f->figures.fingerprints + document.count > LIBRARY_COUNT_MAX) {
		document_done(&document);
		return why_set(why, ERR_LIMIT, "there are more than %d files or %d fingerprints",
			       LIBRARY_DOCUMENTS_MAX, LIBRARY_COUNT_MAX);
	}
	f->documents = alloc_resize(f->documents, f->document_count + 1, sizeof(struct document *));
	f->documents[f->document_count] = alloc_zeroed(1, sizeof document);
	*f->documents[f->document_count++] = document;
	f->figures.documents++;
	f->figures.fingerprints += document.count;
	f->figures.examples += document.example_count;
	return 0;
}

static int compare_documents(const void *a, const void *b)
{
	const struct document *x = *(struct document *const *)a;
	const struct document *y = *(struct document *const *)b;
	int order = span_compare(x->kind, y->kind);

	if (order == 0 && x->preference != y->preference) {
		order = x->preference > y->preference ? -1 : 1;
	}
	return order != 0 ? order : span_compare(x->name, y->name);
}

static void add_entries(struct fingerprints *f, const struct document *d)
{
	struct kind *kind;

	assert(f->kinds != NULL);
	kind = f->kind_count > 0 ? &f->kinds[f->kind_count - 1] : NULL;
	if (kind == NULL || !span_equal(kind->name, d->kind)) {
		kind = &f->kinds[f->kind_count++];
		*kind = (struct kind){ .name = d->kind, .first = f->entry_count };
	}
	for (size_t i = 0; i < d->count; i++) {
		struct entry *e = &f->entries[f->entry_count++];

		e->document = d;
		e->fingerprint = &d->fingerprints[i];
		pattern_init(e->fingerprint, &f->arena, &e->pattern);
	}
	kind->count += d->count;
}

void library_seal(struct fingerprints *f)
{
	size_t most = 0;

	if (f->document_count > 1) {
		qsort(f->documents, f->document_count, sizeof(struct document *),
		      compare_documents);
	}
	f->entries = alloc_zeroed(f->figures.fingerprints + 1, sizeof *f->entries);
	f->kinds = alloc_zeroed(f->document_count + 1, sizeof *f->kinds);
	for (size_t i = 0; i < f->document_count; i++) {
		add_entries(f, f->documents[i]);
	}
	for (size_t i = 0; i < f->kind_count; i++) {
		most = f->kinds[i].count > most ? f->kinds[i].count : most;
	}
	f->words = alloc_zeroed(ENGINE_WORDS(most) + 1, sizeof *f->words);
	f->figures.kinds = f->kind_count;
}

static struct engine *engine_of(struct fingerprints *f, struct kind *kind)
{
	struct literals_needs *needs;

	if (kind->engine != NULL || f->mode == LIBRARY_PLAIN) {
		return kind->engine;
	}
	needs = alloc_zeroed(kind->count + 1, sizeof *needs);
	for (size_t i = 0; i < kind->count; i++) {
		literals_needed(span_of(f->entries[kind->first + i].pattern.text), &needs[i]);
	}
	kind->engine = engine_build(needs, kind->count);
	free(needs);
	f->figures.always += engine_always(kind->engine);
	f->figures.bytes += engine_bytes(kind->engine);
	return kind->engine;
}

void library_make_ready(struct fingerprints *f)
{
	for (size_t i = 0; i < f->kind_count; i++) {
		(void)engine_of(f, &f->kinds[i]);
	}
}

/* --- matching --- */

static struct kind *find_kind(const struct fingerprints *f, struct span name)
{
	size_t low = 0;
	size_t high = f->kind_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = span_compare(f->kinds[middle].name, name);

		if (order == 0) {
			return &f->kinds[middle];
		}
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return NULL;
}

bool fingerprints_knows(const struct fingerprints *f, struct span kind)
{
	return find_kind(f, kind) != NULL;
}

static void find_candidates(struct fingerprints *f, struct kind *kind, struct span text)
{
	struct engine *engine = engine_of(f, kind);

	if (engine != NULL) {
		engine_candidates(engine, text, f->words);
	} else {
		memset(f->words, 0xff, ENGINE_WORDS(kind->count) * sizeof *f->words);
	}
}

/* The next candidate from a place on; count where there is none. */
static size_t next_candidate(const uint64_t *words, size_t at, size_t count)
{
	while (at < count) {
		uint64_t word = words[at / 64] >> at % 64;

		if (word != 0) {
			at += (size_t)__builtin_ctzll(word);
			return at < count ? at : count;
		}
		at = (at / 64 + 1) * 64;
	}
	return count;
}

bool fingerprints_match_next(struct fingerprints *f, struct span name, struct span text,
			     size_t *from, struct fingerprint_match *out)
{
	struct kind *kind = find_kind(f, name);
	unsigned given_up = 0;

	if (kind == NULL || *from >= kind->count) {
		return false;
	}
	text = span_first(text, FINGERPRINTS_TEXT_MAX);
	f->figures.texts++;
	find_candidates(f, kind, text);
	for (size_t at = next_candidate(f->words, *from, kind->count);
	     at < kind->count && given_up < GIVEN_UP_MAX;
	     at = next_candidate(f->words, at + 1, kind->count)) {
		struct entry *e = &f->entries[kind->first + at];
		enum pattern_outcome outcome = pattern_try(f->matcher, &e->pattern, text);

		f->figures.candidates++;
		if (outcome == PATTERN_YES) {
			*from = at + 1;
			values_fill(e->document, e->fingerprint, f->matcher, out);
			return true;
		}
		given_up += outcome == PATTERN_GIVEN_UP ? 1 : 0;
		f->figures.given_up += outcome == PATTERN_GIVEN_UP ? 1 : 0;
	}
	*from = kind->count;
	return false;
}

bool fingerprints_match(struct fingerprints *f, struct span kind, struct span text,
			struct fingerprint_match *out)
{
	size_t from = 0;

	return fingerprints_match_next(f, kind, text, &from, out);
}

struct span fingerprint_param(const struct fingerprint_match *m, const char *name)
{
	for (size_t i = 0; i < m->param_count; i++) {
		if (span_is(m->params[i].name, name)) {
			return m->params[i].value;
		}
	}
	return (struct span){ NULL, 0 };
}

struct fingerprints_figures fingerprints_figures(const struct fingerprints *f)
{
	return f->figures;
}
