/*
 * recog_test.c - all of Recog's own examples, where its files are there (BARTIZAN_SHARED_DATA, or
 * ../shared/data): each yields what it states, by its own fingerprint and in one pass over all of
 * its kind; and one pass finds what trying every pattern in its turn finds. Prints TAP.
 */
#include "fingerprints/examples.h"
#include "fingerprints/library.h"
#include "sys/alloc.h"
#include "sys/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DOCUMENTS_MAX  500
#define EXPECTED_LEAST 7000 /* examples: fewer would mean that files were passed over */

struct run {
	struct fingerprints *linear;
	struct fingerprints *plain;
	struct document *documents;
	size_t count;
	const struct document *now;
	struct examples_report report;
	uint64_t not_found; /* examples whose own fingerprint did not come out of the pass */
	uint64_t not_first; /* of another fingerprint first: Recog would say that one */
	uint64_t different; /* texts for which one pass and the plain way differ */
	uint64_t texts;
	struct fingerprint_match *a;
	struct fingerprint_match *b;
};

static int is_xml(const struct dirent *entry)
{
	return span_ends_with(span_of(entry->d_name), ".xml");
}

static bool add(struct run *run, const char *folder, const char *name)
{
	struct span called = span_of(name);
	char path[4096];
	struct buffer bytes;
	struct why why = { "" };
	bool is_good;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	buffer_init(&bytes, DOCUMENT_SIZE_MAX);
	is_good = file_read(path, &bytes) == 0 &&
		  library_add(run->linear, called, buffer_span(&bytes), &why) == 0 &&
		  library_add(run->plain, called, buffer_span(&bytes), &why) == 0 &&
		  document_parse(called, buffer_span(&bytes), true, &run->documents[run->count],
				 &why) == 0;
	buffer_done(&bytes);
	run->count += is_good ? 1 : 0;
	if (!is_good) {
		printf("# %s\n", why.text);
	}
	return is_good;
}

static bool load(struct run *run, const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_xml, alphasort);
	bool is_good = count > 0;

	for (int i = 0; i < count; i++) {
		is_good = is_good && run->count < DOCUMENTS_MAX &&
			  add(run, folder, entries[i]->d_name);
		free(entries[i]);
	}
	if (count >= 0) {
		free(entries);
	}
	library_seal(run->linear);
	library_seal(run->plain);
	return is_good;
}

static void differ(void *context, const struct document_fingerprint *f,
		   const struct document_example *e, const char *reason)
{
	const struct run *run = context;

	printf("# %s, line %u: %s\n", (const char *)run->now->name.ptr,
	       e != NULL ? e->line : f->line, reason);
}

/* The same fingerprints in the same order, by both ways. */
static void compare(struct run *run, struct span text)
{
	size_t from_a = 0;
	size_t from_b = 0;
	bool is_a;
	bool is_b;

	run->texts++;
	do {
		is_a = fingerprints_match_next(run->linear, run->now->kind, text, &from_a, run->a);
		is_b = fingerprints_match_next(run->plain, run->now->kind, text, &from_b, run->b);
	} while (is_a && is_b && from_a == from_b);
	if (is_a != is_b || from_a != from_b) {
		run->different++;
	}
}

/* The example itself, a half of it, and shouted. */
static void compare_variants(struct run *run, struct span text)
{
	uint8_t *loud = alloc_zeroed(1, text.len + 1);

	for (size_t i = 0; i < text.len; i++) {
		bool is_small = text.ptr[i] >= 'a' && text.ptr[i] <= 'z';

		loud[i] = is_small ? (uint8_t)(text.ptr[i] - 32) : text.ptr[i];
	}
	compare(run, text);
	compare(run, span_after(text, text.len / 2));
	compare(run, span_first(text, text.len / 2));
	compare(run, (struct span){ loud, text.len });
	free(loud);
}

static void check_example(struct run *run, const struct document_fingerprint *f,
			  const struct document_example *e)
{
	char reason[EXAMPLES_REASON_SIZE];
	size_t from = 0;
	bool is_found = false;
	bool is_first = true;

	while (!is_found &&
	       fingerprints_match_next(run->linear, run->now->kind, e->text, &from, run->a)) {
		is_found = run->a->line == f->line && examples_holds(e, run->a, reason);
		is_first = is_first && is_found;
	}
	run->not_found += is_found ? 0 : 1;
	run->not_first += is_found && !is_first ? 1 : 0;
	compare_variants(run, e->text);
}

static void check_all(struct run *run)
{
	for (size_t d = 0; d < run->count; d++) {
		run->now = &run->documents[d];
		examples_check(run->now, &run->report, differ, run);
		for (size_t i = 0; i < run->now->count; i++) {
			const struct document_fingerprint *f = &run->now->fingerprints[i];

			for (const struct document_example *e = f->examples; e != NULL;
			     e = e->next) {
				check_example(run, f, e);
			}
		}
	}
}

static bool tell(bool is_good, unsigned number, const char *what)
{
	printf("%sok %u - %s\n", is_good ? "" : "not ", number, what);
	return is_good;
}

static bool judge(const struct run *run)
{
	const struct examples_report *r = &run->report;
	struct fingerprints_figures f = fingerprints_figures(run->linear);
	bool is_good;

	printf("# %llu fingerprints, %llu examples: %llu right, %llu wrong, %llu patterns broken\n",
	       (unsigned long long)r->fingerprints, (unsigned long long)r->examples,
	       (unsigned long long)r->right, (unsigned long long)r->wrong,
	       (unsigned long long)r->broken);
	printf("# %llu texts, %.2f patterns tried for each; %llu tried always; %llu given up\n",
	       (unsigned long long)f.texts, (double)f.candidates / (double)(f.texts + 1),
	       (unsigned long long)f.always, (unsigned long long)f.given_up);
	is_good = tell(r->examples >= EXPECTED_LEAST && r->wrong == 0 && r->broken == 0 &&
			       r->right == r->examples,
		       1, "every example yields what it states");
	is_good = tell(run->not_found == 0, 2, "one pass finds every example's own fingerprint") &&
		  is_good;
	is_good = tell(run->not_first == 0, 3, "and finds it first") && is_good;
	return tell(run->different == 0, 4, "one pass finds what trying each pattern finds") &&
	       is_good;
}

int main(void)
{
	const char *data = getenv("BARTIZAN_SHARED_DATA");
	char folder[2048];
	struct run run = { .linear = library_new(LIBRARY_LINEAR),
			   .plain = library_new(LIBRARY_PLAIN),
			   .documents = alloc_zeroed(DOCUMENTS_MAX, sizeof *run.documents),
			   .a = alloc_zeroed(1, sizeof *run.a),
			   .b = alloc_zeroed(1, sizeof *run.b) };
	bool is_good = true;

	snprintf(folder, sizeof folder, "%s/recog", data != NULL ? data : SHARED_DATA);
	if (access(folder, R_OK) != 0) {
		printf("1..1\nok 1 # SKIP Recog's files are not here (BARTIZAN_SHARED_DATA names "
		       "the "
		       "folder above them)\n");
	} else {
		printf("1..4\n");
		is_good = load(&run, folder);
		check_all(&run);
		is_good = judge(&run) && is_good;
	}
	for (size_t i = 0; i < run.count; i++) {
		document_done(&run.documents[i]);
	}
	fingerprints_free(&run.linear);
	fingerprints_free(&run.plain);
	free(run.documents);
	free(run.a);
	free(run.b);
	return is_good ? 0 : 1;
}
