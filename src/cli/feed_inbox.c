/* feed_inbox.c - numbered copies: where a file came from does not matter to a feed. */
#include "cli/feed_inbox.h"

#include "base/error.h"
#include "base/text.h"
#include "sys/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE    4096
#define FOLDERS_DEEP 3
#define NAME_MAX_LEN 100
#define CHUNK        (64u << 20)

struct inbox {
	char folder[PATH_SIZE];
	unsigned count;
	struct why *why;
};

static int copy_bytes(int from, int to, const char *path, struct why *why)
{
	ssize_t len;

	while ((len = sendfile(to, from, NULL, CHUNK)) > 0) {
	}
	return len == 0 ? 0 : why_set(why, ERR_IO, "%.300s: %s", path, strerror(errno));
}

static int copy_file(struct inbox *in, const char *path)
{
	const char *slash = strrchr(path, '/');
	char to_path[2 * PATH_SIZE];
	OWNED(file_close) int from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	OWNED(file_close) int to = -1;

	if (from < 0) {
		return why_set(in->why, ERR_IO, "%.300s: %s", path, strerror(errno));
	}
	snprintf(to_path, sizeof to_path, "%s/%06u-%.*s", in->folder, in->count++, NAME_MAX_LEN,
		 slash != NULL ? slash + 1 : path);
	to = open(to_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (to < 0) {
		return why_set(in->why, ERR_IO,
			       "%.300s: %s; import on the server's machine, as its user", to_path,
			       strerror(errno));
	}
	return copy_bytes(from, to, path, in->why);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int copy_path(struct inbox *in, const char *path, unsigned depth);

static int copy_folder(struct inbox *in, const char *path, unsigned depth)
{
	struct dirent **entries;
	int count = scandir(path, &entries, is_visible, alphasort);
	int error = 0;

	if (count < 0) {
		return why_set(in->why, ERR_IO, "%.300s: %s", path, strerror(errno));
	}
	for (int i = 0; i < count; i++) {
		char inner[PATH_SIZE];

		if (error == 0 && snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name) <
					  (int)sizeof inner) {
			error = copy_path(in, inner, depth + 1);
		}
		free(entries[i]);
	}
	free(entries);
	return error;
}

/* Bounded: folders are followed FOLDERS_DEEP deep. */
static int copy_path(struct inbox *in, const char *path, unsigned depth)
{
	struct stat about;

	if (stat(path, &about) != 0) {
		return why_set(in->why, ERR_NOT_FOUND, "%.300s: %s", path, strerror(errno));
	}
	if (S_ISDIR(about.st_mode)) {
		return depth < FOLDERS_DEEP ? copy_folder(in, path, depth) : 0;
	}
	return S_ISREG(about.st_mode) ? copy_file(in, path) : 0;
}

static void remove_all(const char *folder)
{
	struct dirent *entry;
	char path[2 * PATH_SIZE];
	DIR *d = opendir(folder);

	while (d != NULL && (entry = readdir(d)) != NULL) {
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		(void)unlink(path);
	}
	if (d != NULL) {
		closedir(d);
		(void)rmdir(folder);
	}
}

int feed_inbox_fill(const struct args *args, const char *path, char out[FEED_INBOX_SIZE],
		    struct why *why)
{
	const char *fallback = getenv("BARTIZAN_DATA");
	const char *data = args_value(args, "--data", fallback != NULL ? fallback : "./var");
	struct inbox in = { .why = why };
	uint8_t random[(FEED_INBOX_SIZE - 1) / 2];
	int error;

	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
		return why_set(why, ERR_IO, "no random numbers: %s", strerror(errno));
	}
	text_to_hex((struct span){ random, sizeof random }, out);
	if (snprintf(in.folder, sizeof in.folder, "%s/feeds/inbox/%s", data, out) >=
	    (int)sizeof in.folder) {
		return why_set(why, ERR_LIMIT, "the data folder's path is too long");
	}
	if (mkdir(in.folder, 0700) != 0) {
		return why_set(why, ERR_IO,
			       "%.300s: %s; import on the server's machine, as its user, with "
			       "--data DIR",
			       in.folder, strerror(errno));
	}
	error = copy_path(&in, path, 0);
	if (error == 0 && in.count == 0) {
		error = why_set(why, ERR_NOT_FOUND, "%.300s holds no file", path);
	}
	if (error != 0) {
		remove_all(in.folder);
	}
	return error;
}
