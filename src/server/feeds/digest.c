/* digest.c - from paths to documents to the builder. */
#include "server/feeds/digest.h"

#include "base/error.h"
#include "server/feeds/archive.h"
#include "server/feeds/intern.h"
#include "server/feeds/limits.h"
#include "sys/alloc.h"
#include "sys/file.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_SIZE      256
#define PATHS_MAX      256
#define TRIED_MAX      64 /* members of an archive that are tried to recognise it */
#define TOLD_BYTES_MAX ((size_t)KNOWLEDGE_VULNERABILITIES_MAX * 24)
#define FOLDERS_DEEP   3 /* Red Hat's documents lie in a folder a year */

struct digest {
	const struct feed *feed;
	struct knowledge_builder *builder;
	struct feed_report *report;
	struct buffer *product;
	struct intern told;
	struct why *why;
	uint8_t *room;
	const char *path;  /* of the file that is open */
	bool is_spoilable; /* a broken document spoils only itself */
};

/* --- one file, mapped --- */

struct mapping {
	struct span bytes;
};

static int map_file(const char *path, struct mapping *out, struct why *why)
{
	OWNED(file_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat about;
	void *at;

	if (fd < 0 || fstat(fd, &about) != 0) {
		return why_set(why, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%.300s: %s", path,
			       strerror(errno));
	}
	if (!S_ISREG(about.st_mode)) {
		return why_set(why, ERR_UNSUPPORTED, "%.300s is no file", path);
	}
	if ((uint64_t)about.st_size > FEED_FILE_MAX) {
		return why_set(why, ERR_LIMIT, "%.300s has more than %llu bytes", path,
			       (unsigned long long)FEED_FILE_MAX);
	}
	if (about.st_size == 0) {
		return why_set(why, ERR_MALFORMED, "%.300s is empty", path);
	}
	at = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED) {
		return why_set(why, ERR_IO, "%.300s: %s", path, strerror(errno));
	}
	(void)madvise(at, (size_t)about.st_size, MADV_SEQUENTIAL);
	out->bytes = (struct span){ at, (size_t)about.st_size };
	return 0;
}

static void unmap(struct mapping *m)
{
	(void)munmap((void *)(uintptr_t)m->bytes.ptr, m->bytes.len);
}

/* --- documents --- */

static bool is_document(const struct feed *feed, struct span name)
{
	if (feed->is_document != NULL) {
		return feed->is_document(name);
	}
	return !feed->has_documents || span_ends_with(name, ".json");
}

static int take_document(void *context, struct span name, struct span bytes)
{
	struct digest *d = context;
	char shown[NAME_SIZE];
	struct why reason = { "" };
	struct feed_input in = {
		.feed = d->feed,
		.name = shown,
		.bytes = bytes,
		.builder = d->builder,
		.report = d->report,
		.product = d->product,
		.told = d->feed->is_newest_last ? &d->told : NULL,
		.room = writer_over(d->room, FEED_TEXT_MAX),
		.why = &reason,
	};
	int error;

	if (name.len > 0 && !is_document(d->feed, name)) {
		d->report->passed_over++; /* a checksum, a signature, a README */
		return 0;
	}
	snprintf(shown, sizeof shown, "%.150s%s%.*s", d->path, name.len > 0 ? ", " : "",
		 (int)(name.len < 80 ? name.len : 80), name.len > 0 ? (const char *)name.ptr : "");
	d->report->documents++;
	error = d->feed->parse(&in);
	if (error == ERR_MALFORMED && d->feed->has_documents && (d->is_spoilable || name.len > 0)) {
		if (d->report->odd++ == 0) {
			snprintf(d->report->odd_example, sizeof d->report->odd_example, "%.190s",
				 reason.text);
		}
		return 0;
	}
	return error == 0 ? 0 : why_set(d->why, error, "%s", reason.text);
}

static int take_file(struct digest *d, const char *path)
{
	struct archive_figures figures;
	struct why reason = { "" };
	struct mapping m;
	int error = map_file(path, &m, d->why);

	if (error != 0) {
		return error;
	}
	d->path = path;
	if (d->why != NULL) {
		d->why->text[0] = '\0';
	}
	error = archive_each(m.bytes, take_document, d, &figures, &reason);
	unmap(&m);
	d->report->odd += figures.bad_names;
	if (error != 0 && reason.text[0] != '\0') {
		return why_set(d->why, error, "%.200s: %.250s", path, reason.text);
	}
	return error;
}

/* --- folders --- */

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int take_path(struct digest *d, const char *path, unsigned depth);

static int take_folder(struct digest *d, const char *path, unsigned depth)
{
	struct dirent **entries;
	char inner[DIGEST_PATH_SIZE];
	int count = scandir(path, &entries, is_visible, alphasort);
	int error = 0;

	if (count < 0) {
		return why_set(d->why, ERR_IO, "%.300s: %s", path, strerror(errno));
	}
	d->is_spoilable = true;
	for (int i = 0; error == 0 && i < count; i++) {
		int at = d->feed->is_newest_last ? count - 1 - i : i;

		if (snprintf(inner, sizeof inner, "%s/%s", path, entries[at]->d_name) <
		    (int)sizeof inner) {
			error = take_path(d, inner, depth + 1);
		}
	}
	for (int i = 0; i < count; i++) {
		free(entries[i]);
	}
	free(entries);
	return error;
}

/* Bounded: folders are followed FOLDERS_DEEP deep. */
static int take_path(struct digest *d, const char *path, unsigned depth)
{
	struct stat about;

	if (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) {
		return depth < FOLDERS_DEEP ? take_folder(d, path, depth) : 0;
	}
	return take_file(d, path);
}

/* --- judging --- */

static int judge(const struct feed *feed, const struct feed_report *r, struct why *why)
{
	unsigned long long odd = r->odd;
	unsigned long long all = odd + r->records;

	if (all == 0) {
		return why_set(why, ERR_MALFORMED, "there is nothing in it that %s would say",
			       feed->name);
	}
	if (odd > all / FEED_ODD_SHARE) {
		return why_set(why, ERR_MALFORMED,
			       "%llu of %llu records make no sense; the first one: %.200s", odd,
			       all, r->odd_example);
	}
	return 0;
}

static int take_all(struct digest *d, const char *const *paths, size_t count)
{
	int error = 0;

	assert(d->feed != NULL);
	*d->report = (struct feed_report){ 0 };
	d->room = alloc_zeroed(1, FEED_TEXT_MAX);
	intern_init(&d->told, TOLD_BYTES_MAX, KNOWLEDGE_VULNERABILITIES_MAX);
	for (size_t i = 0; error == 0 && i < count; i++) {
		error = take_path(d, paths[d->feed->is_newest_last ? count - 1 - i : i], 0);
	}
	intern_done(&d->told);
	free(d->room);
	return error != 0 ? error : judge(d->feed, d->report, d->why);
}

int digest_paths(const struct feed *feed, const char *const *paths, size_t count,
		 struct knowledge_builder *builder, struct feed_report *report, struct why *why)
{
	struct digest d = { .feed = feed, .builder = builder, .report = report, .why = why };

	return take_all(&d, paths, count);
}

int digest_path(const struct feed *feed, const char *path, struct knowledge_builder *builder,
		struct feed_report *report, struct why *why)
{
	return digest_paths(feed, &path, 1, builder, report, why);
}

int digest_product(const struct feed *feed, const char *path, struct knowledge_builder *builder,
		   struct feed_report *report, struct buffer *product, struct why *why)
{
	struct digest d = { .feed = feed, .builder = builder, .report = report, .why = why };
	int error;

	d.product = product;
	feed->begin_product(product);
	error = take_all(&d, &path, 1);
	if (error == 0 && feed->end_product(product) != 0) {
		error = why_set(why, ERR_LIMIT, "%s is larger than it may be", feed->name);
	}
	return error;
}

/* --- recognising --- */

struct recognition {
	const struct feed *feed;
	unsigned tried;
};

static int try_document(void *context, struct span name, struct span bytes)
{
	struct recognition *r = context;

	(void)name;
	for (size_t i = 0; r->feed == NULL && feeds[i] != NULL; i++) {
		if (feeds[i]->recognise(feeds[i], bytes)) {
			r->feed = feeds[i];
		}
	}
	return r->feed != NULL || ++r->tried == TRIED_MAX ? ERR_CLOSED : 0;
}

const struct feed *feed_recognise(struct span bytes)
{
	struct recognition r = { NULL, 0 };
	struct archive_figures figures;
	struct why why;

	(void)!archive_each(bytes, try_document, &r, &figures, &why);
	return r.feed;
}

static int recognise_file(const char *path, const struct feed **out, struct why *why)
{
	struct mapping m;
	int error = map_file(path, &m, why);

	if (error != 0) {
		return error;
	}
	*out = feed_recognise(m.bytes);
	unmap(&m);
	return *out != NULL ? 0
			    : why_set(why, ERR_UNSUPPORTED,
				      "%.300s is no feed's file that we know: try `bartizan feed "
				      "list`",
				      path);
}

/* The first file of a folder stands for it. */
static int first_file(const char *folder, char out[DIGEST_PATH_SIZE], struct why *why)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_visible, alphasort);
	int len = count > 0 ? snprintf(out, DIGEST_PATH_SIZE, "%s/%s", folder, entries[0]->d_name)
			    : DIGEST_PATH_SIZE;

	for (int i = 0; i < count; i++) {
		free(entries[i]);
	}
	if (count >= 0) {
		free(entries);
	}
	return len < DIGEST_PATH_SIZE
		       ? 0
		       : why_set(why, ERR_UNSUPPORTED, "%.300s holds no file", folder);
}

int digest_recognise(const char *path, const struct feed **out, struct why *why)
{
	char here[DIGEST_PATH_SIZE];
	char inner[DIGEST_PATH_SIZE];
	struct stat about;

	if (snprintf(here, sizeof here, "%s", path) >= (int)sizeof here) {
		return why_set(why, ERR_LIMIT, "the path is too long");
	}
	for (unsigned depth = 0; depth < FOLDERS_DEEP; depth++) {
		if (stat(here, &about) != 0 || !S_ISDIR(about.st_mode)) {
			break;
		}
		if (first_file(here, inner, why) != 0) {
			return ERR_UNSUPPORTED;
		}
		memcpy(here, inner, sizeof here);
	}
	return recognise_file(here, out, why);
}

int feeds_digest(const char *const *paths, size_t count, struct knowledge **out, struct why *why)
{
	const struct feed *kinds[PATHS_MAX];
	struct knowledge_builder *builder;
	struct feed_report report;
	int error = 0;

	if (count > PATHS_MAX) {
		return why_set(why, ERR_LIMIT, "more than %d files of feeds at once", PATHS_MAX);
	}
	for (size_t i = 0; error == 0 && i < count; i++) {
		error = digest_recognise(paths[i], &kinds[i], why);
	}
	if (error != 0) {
		return error;
	}
	builder = knowledge_builder_new();
	for (size_t f = 0; error == 0 && feeds[f] != NULL; f++) {
		for (size_t i = 0; error == 0 && i < count; i++) {
			if (kinds[i] == feeds[f]) {
				error = digest_path(feeds[f], paths[i], builder, &report, why);
			}
		}
	}
	error = error != 0 ? error : knowledge_builder_open(builder, 1, out, why);
	knowledge_builder_free(&builder);
	return error;
}
