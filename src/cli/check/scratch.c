/*
 * scratch.c - a folder with the unpacked tree and a trash beside it.
 *
 * A folder that is discarded moves to the trash by one rename. The trash is emptied without
 * recursion: folders within one move up into it before it is removed, so that a hostile depth costs
 * neither stack nor descriptors.
 */
#include "cli/check/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/file.h"

#define TRASH_NAME_SIZE 16

static const int ending_numbers[] = { SIGINT, SIGTERM, SIGHUP };

/* Those that would end the program: not what nohup and shells' background jobs ignore. */
static sigset_t ending_signals(void)
{
	struct sigaction now;
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < COUNT_OF(ending_numbers); i++) {
		if (sigaction(ending_numbers[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN) {
			sigaddset(&set, ending_numbers[i]);
		}
	}
	return set;
}

bool scratch_is_interrupted(void)
{
	sigset_t ending = ending_signals();
	sigset_t pending;

	sigpending(&pending);
	for (size_t i = 0; i < COUNT_OF(ending_numbers); i++) {
		if (sigismember(&ending, ending_numbers[i]) == 1 &&
		    sigismember(&pending, ending_numbers[i]) == 1) {
			return true;
		}
	}
	return false;
}

static int make_folder(int at, const char *name, int *out_fd)
{
	if (mkdirat(at, name, 0700) != 0) {
		return ERR_IO;
	}
	*out_fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return *out_fd >= 0 ? 0 : ERR_IO;
}

int scratch_open(struct scratch *out, struct why *why)
{
	const char *base = getenv("TMPDIR");
	struct scratch s = { .folder_fd = -1, .root_fd = -1, .trash_fd = -1 };
	sigset_t ending = ending_signals();

	base = base != NULL && base[0] == '/' ? base : "/tmp";
	if (snprintf(s.path, sizeof s.path, "%s/bartizan-check.XXXXXX", base) >=
	    (int)sizeof s.path) {
		return why_set(why, ERR_LIMIT, "$TMPDIR is too long");
	}
	sigprocmask(SIG_BLOCK, &ending, &s.mask);
	if (mkdtemp(s.path) == NULL) {
		sigprocmask(SIG_SETMASK, &s.mask, NULL);
		return why_set(why, ERR_IO, "cannot make a folder in %s: %s", base,
			       strerror(errno));
	}
	s.is_open = true;
	snprintf(s.root, sizeof s.root, "%s/root", s.path);
	s.folder_fd = open(s.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s.folder_fd < 0 || make_folder(s.folder_fd, "root", &s.root_fd) != 0 ||
	    make_folder(s.folder_fd, "trash", &s.trash_fd) != 0) {
		int number = errno;

		scratch_close(&s);
		return why_set(why, ERR_IO, "cannot use %s: %s", s.path, strerror(number));
	}
	*out = s;
	return 0;
}

int scratch_discard(struct scratch *s, int folder_fd, const char *name)
{
	char trash[TRASH_NAME_SIZE];

	if (unlinkat(folder_fd, name, 0) == 0 || errno == ENOENT) {
		return 0;
	}
	if (unlinkat(folder_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT) {
		return 0;
	}
	snprintf(trash, sizeof trash, "%u", s->trash_count++);
	return renameat(folder_fd, name, s->trash_fd, trash) == 0 ? 0 : ERR_IO;
}

/* At the end nothing can be done about what cannot be removed. */
static void drop(struct scratch *s, int folder_fd, const char *name)
{
	if (scratch_discard(s, folder_fd, name) != 0) {
		(void)unlinkat(folder_fd, name, 0);
	}
}

/* Removes one folder of the trash; what folders it holds move up. */
static void empty_one(struct scratch *s, const char *name)
{
	int fd = openat(s->trash_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			drop(s, dirfd(folder), entry->d_name);
		}
	}
	if (folder != NULL) {
		closedir(folder);
	} else {
		file_close(&fd);
	}
	(void)unlinkat(s->trash_fd, name, AT_REMOVEDIR);
}

void scratch_close(struct scratch *s)
{
	char name[TRASH_NAME_SIZE];

	if (!s->is_open) {
		return;
	}
	if (s->root_fd >= 0 && s->trash_fd >= 0) {
		drop(s, s->folder_fd, "root");
	}
	for (unsigned i = 0; i < s->trash_count; i++) { /* the count grows meanwhile */
		snprintf(name, sizeof name, "%u", i);
		empty_one(s, name);
	}
	file_close(&s->root_fd);
	file_close(&s->trash_fd);
	if (s->folder_fd >= 0) {
		(void)unlinkat(s->folder_fd, "root", AT_REMOVEDIR);
		(void)unlinkat(s->folder_fd, "trash", AT_REMOVEDIR);
	}
	file_close(&s->folder_fd);
	(void)rmdir(s->path);
	s->is_open = false;
	sigprocmask(SIG_SETMASK, &s->mask, NULL);
}
