/* open.c - fingerprints from a folder, a file, or where they usually are. */
#include "base/error.h"
#include "fingerprints/bundle.h"
#include "fingerprints/library.h"
#include "sys/file.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VARIABLE  "BARTIZAN_FINGERPRINTS"
#define IN_DATA   "feeds/fingerprints"
#define IN_SYSTEM "/usr/share/bartizan/recog"

static int add_document(void *context, struct span name, struct span xml, struct why *why)
{
	return library_add(context, name, xml, why);
}

static int add_bytes(struct fingerprints *f, struct span name, struct span bytes, struct why *why)
{
	return bundle_is(bytes) ? bundle_each(bytes, add_document, f, why)
				: library_add(f, name, bytes, why);
}

static int add_file(struct fingerprints *f, const char *path, const char *name, struct why *why)
{
	struct buffer bytes;
	int error;

	buffer_init(&bytes, BUNDLE_SIZE_MAX);
	error = file_read(path, &bytes);
	if (error != 0) {
		error = why_set(why, error, "%.300s: %s", path, error_text(error));
	} else {
		error = add_bytes(f, span_of(name), buffer_span(&bytes), why);
	}
	buffer_done(&bytes);
	return error;
}

static int is_xml(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && span_ends_with(span_of(entry->d_name), ".xml");
}

static int add_folder(struct fingerprints *f, const char *folder, struct why *why)
{
	struct dirent **entries;
	char path[PATH_MAX];
	int count = scandir(folder, &entries, is_xml, alphasort);
	int error = 0;

	if (count < 0) {
		return why_set(why, ERR_IO, "%.300s: %s", folder, strerror(errno));
	}
	for (int i = 0; i < count; i++) {
		if (error == 0 && snprintf(path, sizeof path, "%s/%s", folder,
					   entries[i]->d_name) >= (int)sizeof path) {
			error = why_set(why, ERR_LIMIT, "the path is too long: %.200s", folder);
		}
		error = error != 0 ? error : add_file(f, path, entries[i]->d_name, why);
		free(entries[i]);
	}
	free(entries);
	if (error == 0 && count == 0) {
		error = why_set(why, ERR_NOT_FOUND, "%.300s holds no .xml file", folder);
	}
	return error;
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

int fingerprints_open(const char *path, struct fingerprints **out, struct why *why)
{
	struct fingerprints *f;
	struct stat about;
	int error;

	if (stat(path, &about) != 0) {
		return why_set(why, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%.300s: %s", path,
			       strerror(errno));
	}
	f = library_new(LIBRARY_LINEAR);
	error = S_ISDIR(about.st_mode) ? add_folder(f, path, why)
				       : add_file(f, path, name_of(path), why);
	if (error != 0) {
		fingerprints_free(&f);
		return error;
	}
	library_seal(f);
	*out = f;
	return 0;
}

int fingerprints_open_bytes(struct span name, struct span bytes, struct fingerprints **out,
			    struct why *why)
{
	struct fingerprints *f = library_new(LIBRARY_LINEAR);
	int error = add_bytes(f, name, bytes, why);

	if (error != 0) {
		fingerprints_free(&f);
		return error;
	}
	library_seal(f);
	*out = f;
	return 0;
}

/* --- where they usually are --- */

int fingerprints_open_default(const char *flag, const char *data_folder, struct fingerprints **out,
			      struct why *why)
{
	const char *named = flag != NULL ? flag : getenv(VARIABLE);
	char path[PATH_MAX];
	int error = ERR_NOT_FOUND;

	if (named != NULL && named[0] != '\0') {
		return fingerprints_open(named, out, why);
	}
	if (data_folder != NULL &&
	    snprintf(path, sizeof path, "%s/" FINGERPRINTS_PATH, data_folder) < (int)sizeof path) {
		error = fingerprints_open(path, out, why);
	}
	if (error == ERR_NOT_FOUND) {
		error = fingerprints_open(IN_SYSTEM, out, why);
	}
	if (error == ERR_NOT_FOUND) {
		return why_set(why, ERR_NOT_FOUND,
			       "there are no fingerprints: looked for --fingerprints, "
			       "$" VARIABLE ", " FINGERPRINTS_PATH " in the data folder, " IN_SYSTEM
			       "; they are published at https://github.com/rapid7/recog/releases");
	}
	return error;
}
