/* socket_owners.c - a sorted array of inodes, and the walk over /proc. */
#include "agent/socket_owners.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/executable.h"
#include "base/error.h"
#include "base/text.h"
#include "formats/proc_stat.h"
#include "sys/alloc.h"
#include "sys/buffer.h"
#include "sys/file.h"

#define PATH_SIZE 64

struct owned_socket {
	uint32_t inode;
	uint32_t fd; /* the process's number of it */
	pid_t pid;   /* 0 while not known */
	bool is_expected;
	bool is_sought;          /* looked for in this round */
	bool is_only_remembered; /* its owner is not asked for in this round */
	bool is_hopeless; /* all processes were looked at once, in vain: another namespace's, say */
};

struct socket_owners {
	struct owned_socket *sockets; /* by rising inode */
	size_t count;
	size_t capacity;
	size_t sought;
	pid_t hints[SOCKET_HINTS_MAX];
	size_t hint_count;
};

struct socket_owners *socket_owners_new(void)
{
	return alloc_zeroed(1, sizeof(struct socket_owners));
}

void socket_owners_free(struct socket_owners **owners)
{
	if (*owners != NULL) {
		free((*owners)->sockets);
		free(*owners);
		*owners = NULL;
	}
}

void socket_owners_hint(struct socket_owners *o, pid_t pid)
{
	for (size_t i = 0; i < o->hint_count; i++) {
		if (o->hints[i] == pid) {
			return;
		}
	}
	if (o->hint_count < SOCKET_HINTS_MAX) {
		o->hints[o->hint_count++] = pid;
	}
}

void socket_owners_begin(struct socket_owners *o)
{
	size_t kept = 0;

	for (size_t i = 0; i < o->count; i++) {
		if (o->sockets[i].is_expected) {
			o->sockets[kept] = o->sockets[i];
			o->sockets[kept++].is_expected = false;
		}
	}
	o->count = kept;
}

static size_t lower(const struct socket_owners *o, uint32_t inode)
{
	size_t low = 0;
	size_t high = o->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (o->sockets[middle].inode < inode) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static struct owned_socket *find(const struct socket_owners *o, uint32_t inode)
{
	size_t at = lower(o, inode);

	return at < o->count && o->sockets[at].inode == inode ? &o->sockets[at] : NULL;
}

bool socket_owners_knows(const struct socket_owners *o, uint32_t inode)
{
	return find(o, inode) != NULL;
}

bool socket_owners_is_empty(const struct socket_owners *o)
{
	return o->count == 0;
}

void socket_owners_expect(struct socket_owners *o, uint32_t inode)
{
	size_t at = lower(o, inode);

	if (at < o->count && o->sockets[at].inode == inode) {
		o->sockets[at].is_expected = true;
		o->sockets[at].is_only_remembered = false;
		return;
	}
	if (inode == 0 || o->count == SOCKET_OWNERS_MAX) {
		return;
	}
	if (o->count == o->capacity) {
		o->capacity = o->capacity == 0 ? 32 : 2 * o->capacity;
		o->sockets = alloc_resize(o->sockets, o->capacity, sizeof *o->sockets);
	}
	memmove(&o->sockets[at + 1], &o->sockets[at], (o->count - at) * sizeof *o->sockets);
	o->sockets[at] = (struct owned_socket){ .inode = inode, .is_expected = true };
	o->count++;
}

void socket_owners_remember(struct socket_owners *o, uint32_t inode)
{
	struct owned_socket *s;

	socket_owners_expect(o, inode);
	s = find(o, inode);
	if (s != NULL) {
		s->is_only_remembered = true;
	}
}

/* The inode of "socket:[123]", or 0. */
static uint32_t socket_inode(int folder_fd, const char *name)
{
	char target[64];
	ssize_t len = readlinkat(folder_fd, name, target, sizeof target);
	struct span text = { (const uint8_t *)target, len > 0 ? (size_t)len : 0 };
	uint64_t inode;

	if (text.len < 10 || !span_starts_with(text, "socket:[") ||
	    text_to_u64(span_first(span_after(text, 8), text.len - 9), UINT32_MAX, &inode) != 0) {
		return 0;
	}
	return (uint32_t)inode;
}

static bool is_still_owner(const struct owned_socket *s)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof path, "/proc/%d/fd/%u", s->pid, s->fd);
	return s->pid != 0 && socket_inode(AT_FDCWD, path) == s->inode;
}

static void look_at_socket(struct socket_owners *o, pid_t pid, int folder_fd, const char *name)
{
	struct owned_socket *s = find(o, socket_inode(folder_fd, name));
	uint64_t fd;

	if (s == NULL || !s->is_sought || (s->pid != 0 && s->pid <= pid) ||
	    text_to_u64(span_of(name), UINT32_MAX, &fd) != 0) {
		return;
	}
	if (s->pid == 0) {
		o->sought--;
	}
	s->pid = pid;
	s->fd = (uint32_t)fd;
}

static void look_at_process(struct socket_owners *o, pid_t pid)
{
	char path[PATH_SIZE];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%d/fd", pid);
	dir = opendir(path);
	if (dir == NULL) {
		return; /* gone, or not ours to see */
	}
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.') {
			look_at_socket(o, pid, dirfd(dir), entry->d_name);
		}
	}
	closedir(dir);
}

static void look_at_all_processes(struct socket_owners *o)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	uint64_t pid;

	for (size_t i = 0; i < o->count; i++) { /* a look at one more costs nothing now */
		if (o->sockets[i].is_hopeless && o->sockets[i].is_expected) {
			o->sockets[i].is_sought = true;
			o->sought++;
		}
	}
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (text_to_u64(span_of(entry->d_name), INT32_MAX, &pid) == 0) {
			look_at_process(o, (pid_t)pid);
		}
	}
	if (dir != NULL) {
		closedir(dir);
	}
	for (size_t i = 0; i < o->count; i++) {
		o->sockets[i].is_hopeless = o->sockets[i].is_sought && o->sockets[i].pid == 0;
	}
}

void socket_owners_find(struct socket_owners *o)
{
	o->sought = 0;
	for (size_t i = 0; i < o->count; i++) {
		struct owned_socket *s = &o->sockets[i];

		s->is_sought = s->is_expected && !s->is_only_remembered && !s->is_hopeless &&
			       !is_still_owner(s);
		if (s->is_sought) {
			s->pid = 0;
			o->sought++;
		}
	}
	for (size_t i = 0; o->sought > 0 && i < o->hint_count; i++) {
		look_at_process(o, o->hints[i]);
	}
	o->hint_count = 0;
	if (o->sought > 0) {
		look_at_all_processes(o);
	}
}

static void read_name(pid_t pid, char out[65])
{
	struct buffer file OWNED(buffer_done);
	struct proc_stat stat;
	char path[PATH_SIZE];

	buffer_init(&file, 4096);
	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	out[0] = '\0';
	if (file_read(path, &file) == 0 && proc_stat_parse(buffer_span(&file), &stat) == 0) {
		snprintf(out, 65, "%.*s", (int)(stat.name.len < 64 ? stat.name.len : 64),
			 (const char *)stat.name.ptr);
	}
}

pid_t socket_owners_pid(const struct socket_owners *o, uint32_t inode)
{
	const struct owned_socket *s = find(o, inode);

	return s != NULL ? s->pid : 0;
}

int socket_owners_get(struct socket_owners *o, uint32_t inode, struct socket_owner *out)
{
	pid_t pid = socket_owners_pid(o, inode);

	if (pid == 0) {
		return ERR_NOT_FOUND;
	}
	out->pid = pid;
	read_name(pid, out->process);
	executable_of(pid, out->executable);
	return 0;
}
