/* bench_fingerprints.c - loads a folder of Recog's files and matches their examples; prints one
 * JSON object. usage: bench-fingerprints FOLDER linear|plain examples|unknown SECONDS */
#include "base/error.h"
#include "base/text.h"
#include "fingerprints/library.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct text {
	struct span kind;
	struct span bytes;
};

struct bench {
	struct fingerprints *f;
	struct document documents[256];
	size_t document_count;
	struct text *texts;
	struct arena arena;
	size_t count;
	uint64_t matched;
	uint64_t lines; /* a sum over what matched: the same for every engine */
};

static int is_xml(const struct dirent *entry)
{
	return span_ends_with(span_of(entry->d_name), ".xml");
}

static int take(struct bench *b, const char *folder, const char *name, struct why *why)
{
	char path[4096];
	struct buffer bytes;
	int error;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	buffer_init(&bytes, DOCUMENT_SIZE_MAX);
	error = file_read(path, &bytes);
	error = error != 0 ? error : library_add(b->f, span_of(name), buffer_span(&bytes), why);
	buffer_done(&bytes);
	return error;
}

static int load(struct bench *b, const char *folder, struct why *why)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_xml, alphasort);
	int error = count > 0 ? 0 : why_set(why, ERR_NOT_FOUND, "no fingerprints in %s", folder);

	for (int i = 0; i < count; i++) {
		error = error != 0 ? error : take(b, folder, entries[i]->d_name, why);
		free(entries[i]);
	}
	library_seal(b->f);
	return error;
}

static void gather_one(struct bench *b, const struct document *d)
{
	for (size_t i = 0; i < d->count; i++) {
		for (struct document_example *e = d->fingerprints[i].examples; e != NULL;
		     e = e->next) {
			b->texts = alloc_resize(b->texts, b->count + 1, sizeof *b->texts);
			b->texts[b->count++] = (struct text){ d->kind, e->text };
		}
	}
}

/* Every example, in an order that mixes kinds as a scan does. */
static int gather(struct bench *b, const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_xml, alphasort);
	uint64_t at = 1;

	for (int i = 0; i < count && b->document_count < COUNT_OF(b->documents); i++) {
		char path[4096];
		struct buffer bytes;

		snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
		buffer_init(&bytes, DOCUMENT_SIZE_MAX);
		if (file_read(path, &bytes) == 0 &&
		    document_parse(span_of(entries[i]->d_name), buffer_span(&bytes), true,
				   &b->documents[b->document_count], NULL) == 0) {
			gather_one(b, &b->documents[b->document_count++]);
		}
		buffer_done(&bytes);
		free(entries[i]);
	}
	free(entries);
	for (size_t i = b->count; i > 1; i--) {
		struct text swap = b->texts[i - 1];
		size_t other;

		at = at * 6364136223846793005u + 1442695040888963407u;
		other = (size_t)(at >> 33) % i;
		b->texts[i - 1] = b->texts[other];
		b->texts[other] = swap;
	}
	return b->count > 0 ? 0 : ERR_NOT_FOUND;
}

/* Texts as long and of the same characters as those that are known. */
static void turn_around(struct bench *b)
{
	for (size_t i = 0; i < b->count; i++) {
		struct span text = b->texts[i].bytes;
		uint8_t *room = arena_take(&b->arena, text.len + 1);

		for (size_t at = 0; at < text.len; at++) {
			room[at] = text.ptr[text.len - 1 - at];
		}
		b->texts[i].bytes = (struct span){ room, text.len };
	}
}

static void pass(struct bench *b, struct fingerprint_match *m)
{
	for (size_t i = 0; i < b->count; i++) {
		if (fingerprints_match(b->f, b->texts[i].kind, b->texts[i].bytes, m)) {
			b->matched++;
			b->lines += m->line;
		}
	}
}

static long peak_kb(void)
{
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static void measure(struct bench *b, unsigned seconds)
{
	struct fingerprint_match *m = alloc_zeroed(1, sizeof *m);
	int64_t start_us = clock_cpu_us();
	int64_t passes_us;
	unsigned passes = 0;
	struct fingerprints_figures before;

	pass(b, m); /* compiles what is tried, and warms the caches */
	printf("\"first_pass_ms\": %.2f, ", (double)(clock_cpu_us() - start_us) / 1000);
	b->matched = b->lines = 0;
	before = fingerprints_figures(b->f);
	start_us = clock_cpu_us();
	do {
		pass(b, m);
		passes++;
		passes_us = clock_cpu_us() - start_us;
	} while (passes_us < (int64_t)seconds * 1000000);
	printf("\"texts\": %zu, \"texts_per_s\": %.1f, \"matched\": %llu, \"lines\": %llu, "
	       "\"candidates\": %llu, \"given_up\": %llu}\n",
	       b->count, (double)b->count * passes * 1e6 / (double)passes_us,
	       (unsigned long long)(b->matched / passes), (unsigned long long)(b->lines / passes),
	       (unsigned long long)((fingerprints_figures(b->f).candidates - before.candidates) /
				    passes),
	       (unsigned long long)fingerprints_figures(b->f).given_up);
	free(m);
}

int main(int argc, char **argv)
{
	struct bench b = { 0 };
	struct why why = { "" };
	int64_t start_us = clock_cpu_us();
	uint64_t seconds = 1;
	const char *mode = argc > 2 ? argv[2] : "linear";

	if (argc < 2 || (argc > 4 && text_to_u64(span_of(argv[4]), 3600, &seconds) != 0)) {
		fprintf(stderr,
			"usage: bench-fingerprints FOLDER linear|plain examples|unknown SECONDS\n");
		return 2;
	}
	b.f = library_new(strcmp(mode, "plain") == 0 ? LIBRARY_PLAIN : LIBRARY_LINEAR);
	if (load(&b, argv[1], &why) != 0) {
		fprintf(stderr, "%s\n", why.text);
		return 1;
	}
	printf("{\"read_ms\": %.2f, ", (double)(clock_cpu_us() - start_us) / 1000);
	start_us = clock_cpu_us();
	library_make_ready(b.f);
	printf("\"ready_ms\": %.2f, \"always\": %llu, \"automata_bytes\": %llu, \"peak_kb\": %ld, ",
	       (double)(clock_cpu_us() - start_us) / 1000,
	       (unsigned long long)fingerprints_figures(b.f).always,
	       (unsigned long long)fingerprints_figures(b.f).bytes, peak_kb());
	if (gather(&b, argv[1]) != 0) {
		return 1;
	}
	if (argc > 3 && strcmp(argv[3], "unknown") == 0) {
		turn_around(&b);
	}
	measure(&b, (unsigned)seconds);
	fingerprints_free(&b.f);
	for (size_t i = 0; i < b.document_count; i++) {
		document_done(&b.documents[i]);
	}
	free(b.texts);
	arena_free(&b.arena);
	return 0;
}
