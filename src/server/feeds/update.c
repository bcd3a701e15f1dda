/*
 * update.c - what it tells, a line each:
 *
 *   reason TEXT                          nothing was put in force, because
 *   accepted RECORDS ODD PASSED [DATE]   the feed's new files are in force
 *   broken NAME TEXT                     a feed that is in force cannot be read any more
 *   knowledge GENERATION                 the index was built
 */
#include "server/feeds/update.h"

#include "base/error.h"
#include "server/feeds/digest.h"
#include "server/feeds/errand.h"
#include "server/feeds/feeds.h"
#include "sys/file.h"
#include "sys/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE    512
#define PARTS_MAX    64
#define CPU_S        1800
#define NICE         10
#define MEMORY_BYTES (UINT64_C(12) << 30) /* of address space: files are mapped */

static void join(char out[PATH_SIZE], const char *folder, const char *name)
{
	snprintf(out, PATH_SIZE, "%s/%s", folder, name);
}

/* --- judging --- */

int update_judge(const struct feed_report *before, const struct feed_report *after, struct why *why)
{
	if (after->records < before->records / 2) {
		return why_set(why, ERR_CONFLICT,
			       "it has only %llu records, what is in force has %llu: refused "
			       "unless forced",
			       (unsigned long long)after->records,
			       (unsigned long long)before->records);
	}
	if (after->snapshot[0] != '\0' && strcmp(after->snapshot, before->snapshot) < 0) {
		return why_set(why, ERR_CONFLICT,
			       "it is of %s, what is in force of %s: refused unless forced",
			       after->snapshot, before->snapshot);
	}
	return 0;
}

/* The files that the feed would have: each part's new one, else the one that is in force. */
static int digest_fetched(const struct update *u, struct knowledge_builder *b,
			  struct feed_report *report, struct why *why)
{
	static char paths[PARTS_MAX][PATH_SIZE];
	const char *pointers[PARTS_MAX];
	char folder[PATH_SIZE];
	size_t count = 0;

	for (const struct feed_part *p = u->feed->parts; p->file != NULL && count < PARTS_MAX;
	     p++) {
		join(folder, FEEDS_FETCH_PATH, u->feed->name);
		join(paths[count], folder, p->file);
		if (access(paths[count], F_OK) != 0) {
			join(folder, FEEDS_FOLDER, u->feed->name);
			join(paths[count], folder, p->file);
		}
		if (p->year != 0 && access(paths[count], F_OK) != 0) {
			continue; /* a year that has no file yet */
		}
		pointers[count] = paths[count];
		count++;
	}
	return digest_paths(u->feed, pointers, count, b, report, why);
}

/* EPSS counts only what it scores, and needs nothing else for that. */
static int judge_candidate(const struct update *u, struct feed_report *report, struct why *why)
{
	struct knowledge_builder *scratch = knowledge_builder_new();
	int error = u->kind == UPDATE_FETCHED
			    ? digest_fetched(u, scratch, report, why)
			    : digest_path(u->feed, u->source, scratch, report, why);

	knowledge_builder_free(&scratch);
	return error != 0 || u->is_forced ? error : update_judge(&u->before, report, why);
}

/* --- putting in force --- */

void update_remove_folder(const char *folder)
{
	char path[PATH_SIZE];
	struct dirent *entry;
	DIR *d = opendir(folder);

	while (d != NULL && (entry = readdir(d)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			join(path, folder, entry->d_name);
			(void)unlink(path);
		}
	}
	if (d != NULL) {
		closedir(d);
		(void)rmdir(folder);
	}
}

/* The old folder gives way whole; a crash in between is mended by the role's start. */
static int place_import(const struct update *u, struct why *why)
{
	char folder[PATH_SIZE];
	char old[PATH_SIZE];

	join(folder, FEEDS_FOLDER, u->feed->name);
	snprintf(old, sizeof old, "%.500s.old", folder);
	update_remove_folder(old);
	if (rename(folder, old) != 0 && errno != ENOENT) {
		return why_set(why, ERR_IO, "%s: %s", folder, strerror(errno));
	}
	if (rename(u->source, folder) != 0) {
		return why_set(why, ERR_IO, "%s: %s", u->source, strerror(errno));
	}
	update_remove_folder(old);
	return 0;
}

static bool is_part(const struct feed *feed, const char *name)
{
	char head[PATH_SIZE];

	for (const struct feed_part *p = feed->parts; p->file != NULL; p++) {
		snprintf(head, sizeof head, ".%s.head", p->file);
		if (strcmp(name, p->file) == 0 || strcmp(name, head) == 0) {
			return true;
		}
	}
	return false;
}

/* What was imported under other names is what the fetched files replace. */
static void remove_others(const struct feed *feed, const char *folder)
{
	char path[PATH_SIZE];
	struct dirent *entry;
	DIR *d = opendir(folder);

	while (d != NULL && (entry = readdir(d)) != NULL) {
		if (!is_part(feed, entry->d_name)) {
			join(path, folder, entry->d_name);
			(void)unlink(path); /* fails for . and .. */
		}
	}
	if (d != NULL) {
		closedir(d);
	}
}

/* File by file, the head after its file: a file without its head is fetched again. */
static int place_fetched(const struct update *u, struct why *why)
{
	char from_folder[PATH_SIZE];
	char to_folder[PATH_SIZE];
	char from[PATH_SIZE];
	char to[PATH_SIZE];
	char head[PATH_SIZE];
	int error;

	join(from_folder, FEEDS_FETCH_PATH, u->feed->name);
	join(to_folder, FEEDS_FOLDER, u->feed->name);
	error = file_make_folder(to_folder, 0700, why);
	for (const struct feed_part *p = u->feed->parts; error == 0 && p->file != NULL; p++) {
		snprintf(head, sizeof head, ".%s.head", p->file);
		join(from, from_folder, p->file);
		join(to, to_folder, p->file);
		if (access(from, F_OK) != 0) {
			continue;
		}
		if (rename(from, to) != 0) {
			error = why_set(why, ERR_IO, "%s: %s", to, strerror(errno));
		}
		join(from, from_folder, head);
		join(to, to_folder, head);
		(void)rename(from, to);
	}
	if (error == 0) {
		remove_others(u->feed, to_folder);
	}
	return error;
}

/* --- the index --- */

static bool has_files(const char *folder)
{
	struct dirent *entry;
	bool is_there = false;
	DIR *d = opendir(folder);

	while (d != NULL && !is_there && (entry = readdir(d)) != NULL) {
		is_there = entry->d_name[0] != '.';
	}
	if (d != NULL) {
		closedir(d);
	}
	return is_there;
}

/* One feed that is in force, into the index and into what it makes beside it. */
static int digest_in_force(const struct feed *feed, const char *folder, struct knowledge_builder *b,
			   struct why *why)
{
	struct feed_report report;
	struct buffer product;
	int error;

	if (feed->product == NULL) {
		return digest_path(feed, folder, b, &report, why);
	}
	buffer_init(&product, 0);
	error = digest_product(feed, folder, b, &report, &product, why);
	error = error != 0 ? error : file_replace(feed->product, buffer_span(&product), 0600, why);
	buffer_done(&product);
	return error;
}

static int rebuild(const struct update *u, struct why *why)
{
	struct knowledge_builder *b = knowledge_builder_new();
	char folder[PATH_SIZE];
	char text[700];
	int error = 0;

	for (size_t i = 0; error == 0 && feeds[i] != NULL; i++) {
		join(folder, FEEDS_FOLDER, feeds[i]->name);
		if (!has_files(folder)) {
			continue;
		}
		error = digest_in_force(feeds[i], folder, b, why);
		if (error == ERR_MALFORMED || error == ERR_IO) {
			snprintf(text, sizeof text, "%s %.500s", feeds[i]->name, why->text);
			errand_tell(u->out_fd, "broken", text);
			error = 0;
		}
	}
	error = error != 0 ? error
			   : knowledge_builder_save(b, u->generation, FEEDS_KNOWLEDGE_PATH, why);
	knowledge_builder_free(&b);
	return error;
}

/* --- the child --- */

static int take_rights(struct why *why)
{
	static const int none[] = { -1 };
	const struct sandbox_path paths[] = { { .path = FEEDS_FOLDER, .is_writable = true } };
	const struct rlimit cpu = { CPU_S, CPU_S };
#ifdef __SANITIZE_ADDRESS__
	const struct rlimit memory = { RLIM_INFINITY, RLIM_INFINITY };
#else
	const struct rlimit memory = { MEMORY_BYTES, MEMORY_BYTES };
#endif
	int error;

	(void)setrlimit(RLIMIT_CPU, &cpu);
	(void)setrlimit(RLIMIT_AS, &memory);
	(void)!nice(NICE);
	error = sandbox_privileges(none, why);
	if (error == 0) {
		error = sandbox_files(paths, COUNT_OF(paths), 0, why);
	}
	if (error == 0 || error == ERR_UNSUPPORTED) {
		error = sandbox_calls(SANDBOX_BASIC | SANDBOX_READ_FILES | SANDBOX_WRITE_FILES,
				      why);
	}
	return error;
}

static int accept_candidate(const struct update *u, struct why *why)
{
	struct feed_report report;
	char text[200];
	int error = judge_candidate(u, &report, why);

	error = error != 0                   ? error
		: u->kind == UPDATE_IMPORTED ? place_import(u, why)
					     : place_fetched(u, why);
	if (error == 0) {
		snprintf(text, sizeof text, "%llu %llu %llu %s", (unsigned long long)report.records,
			 (unsigned long long)report.odd, (unsigned long long)report.passed_over,
			 report.snapshot);
		errand_tell(u->out_fd, "accepted", text);
	}
	return error;
}

int update_run(void *context)
{
	const struct update *u = context;
	struct why why = { "" };
	char text[32];
	int error = take_rights(&why);

	if (error == 0 && u->kind != UPDATE_REBUILD) {
		error = accept_candidate(u, &why);
	}
	error = error != 0 ? error : rebuild(u, &why);
	if (error != 0) {
		errand_tell(u->out_fd, "reason", why.text);
	} else {
		snprintf(text, sizeof text, "%llu", (unsigned long long)u->generation);
		errand_tell(u->out_fd, "knowledge", text);
	}
	if (u->kind == UPDATE_IMPORTED) {
		update_remove_folder(u->source);
	}
	return 0;
}
