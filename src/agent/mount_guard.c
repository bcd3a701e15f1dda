/* mount_guard.c - a sorted list of the paths, read anew when poll(2) says so. */
#include "agent/mount_guard.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/tree.h"
#include "base/error.h"
#include "formats/mountinfo.h"
#include "sys/alloc.h"
#include "sys/file.h"

#define MOUNTINFO_MAX (16u << 20)
#define PIECE_BYTES   16384

struct refused {
	char *path;
	char *type;
};

struct mount_guard {
	int fd; /* of mountinfo; -1 where there is none */
	char *root;
	struct refused *refused; /* by rising path */
	size_t count;
};

/* Of each any subtype too ("fuse.sshfs"). Cluster file systems wait for other machines as well. */
static const char *const remote_types[] = {
	"nfs",  "nfs4",  "cifs",   "smb3",     "smbfs",     "ncpfs", "fuse",  "fuseblk",
	"9p",   "ceph",  "afs",    "autofs",   "coda",      "gfs2",  "ocfs2", "lustre",
	"gpfs", "pvfs2", "beegfs", "orangefs", "glusterfs", "sshfs", "davfs", "virtiofs",
};

bool mount_guard_is_remote(struct span type)
{
	for (size_t i = 0; i < COUNT_OF(remote_types); i++) {
		size_t len = strlen(remote_types[i]);

		if (type.len >= len && memcmp(type.ptr, remote_types[i], len) == 0 &&
		    (type.len == len || type.ptr[len] == '.')) {
			return true;
		}
	}
	return false;
}

static void clear(struct mount_guard *g)
{
	for (size_t i = 0; i < g->count; i++) {
		free(g->refused[i].path);
		free(g->refused[i].type);
	}
	free(g->refused);
	g->refused = NULL;
	g->count = 0;
}

/* Mounted over at the very same place: what lies below is not reached any more. */
static bool is_covered(const struct mountinfo_entry *entry, struct span mountinfo)
{
	struct mountinfo_iterator it = mountinfo_over(mountinfo);
	struct mountinfo_entry other;

	while (mountinfo_next(&it, &other)) {
		if (other.parent == entry->id && other.id != entry->id &&
		    span_equal(other.target, entry->target)) {
			return true;
		}
	}
	return false;
}

/* The path as the tree sees it; false where it is not in it, or its root itself. */
static bool path_in_tree(const struct mount_guard *g, struct span raw, char out[TREE_PATH_SIZE])
{
	struct writer w = writer_over((uint8_t *)out, TREE_PATH_SIZE - 1);
	size_t root_len = strlen(g->root);
	size_t len;

	mountinfo_write(raw, &w);
	len = writer_used(&w);
	if (len >= TREE_PATH_SIZE - 1) {
		return false; /* so long a path is in no tree */
	}
	out[len] = '\0';
	if (len <= root_len + 1 || memcmp(out, g->root, root_len) != 0 || out[root_len] != '/') {
		return false;
	}
	memmove(out, out + root_len, len - root_len + 1);
	return true;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct refused *)a)->path, ((const struct refused *)b)->path);
}

static void load(struct mount_guard *g, struct span mountinfo)
{
	struct mountinfo_iterator it = mountinfo_over(mountinfo);
	struct mountinfo_entry entry;
	char path[TREE_PATH_SIZE];

	clear(g);
	while (g->count < MOUNT_GUARD_MAX && mountinfo_next(&it, &entry)) {
		if (!mount_guard_is_remote(entry.type) || !path_in_tree(g, entry.target, path) ||
		    is_covered(&entry, mountinfo)) {
			continue;
		}
		g->refused = alloc_resize(g->refused, g->count + 1, sizeof *g->refused);
		g->refused[g->count++] = (struct refused){ .path = alloc_text(path),
							   .type = alloc_span(entry.type) };
	}
	if (g->count > 0) {
		qsort(g->refused, g->count, sizeof *g->refused, by_path);
	}
}

void mount_guard_load(struct mount_guard *g, struct span mountinfo)
{
	file_close(&g->fd);
	load(g, mountinfo);
}

static void read_again(struct mount_guard *g)
{
	struct buffer file OWNED(buffer_done);
	off_t offset = 0;
	ssize_t len = 1;

	buffer_init(&file, MOUNTINFO_MAX);
	while (len > 0) {
		uint8_t *at = buffer_reserve(&file, PIECE_BYTES);

		len = at != NULL ? pread(g->fd, at, PIECE_BYTES, offset) : 0;
		if (len > 0) {
			buffer_grow(&file, (size_t)len);
			offset += len;
		}
	}
	load(g, buffer_span(&file));
}

struct mount_guard *mount_guard_new(const char *root, const char *mountinfo)
{
	struct mount_guard *g = alloc_zeroed(1, sizeof *g);

	g->root = alloc_text(root);
	g->fd = open(mountinfo, O_RDONLY | O_CLOEXEC);
	if (g->fd >= 0) {
		read_again(g);
	}
	return g;
}

void mount_guard_free(struct mount_guard **guard)
{
	struct mount_guard *g = *guard;

	if (g == NULL) {
		return;
	}
	clear(g);
	file_close(&g->fd);
	free(g->root);
	free(g);
	*guard = NULL;
}

bool mount_guard_refresh(struct mount_guard *g)
{
	struct pollfd asked = { .fd = g->fd, .events = POLLPRI };

	if (g->fd < 0 || poll(&asked, 1, 0) <= 0 || (asked.revents & POLLPRI) == 0) {
		return false;
	}
	read_again(g);
	return true;
}

const char *mount_guard_refuses(const struct mount_guard *g, const char *folder, const char *name)
{
	char path[TREE_PATH_SIZE];
	size_t low = 0;
	size_t high = g->count;

	if (g->count == 0 || tree_join(folder, name, path) != 0) {
		return NULL;
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(path, g->refused[middle].path);

		if (order == 0) {
			return g->refused[middle].type;
		}
		if (order < 0) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return NULL;
}

const char *mount_guard_at(const struct mount_guard *g, size_t index, const char **out_type)
{
	if (index >= g->count) {
		return NULL;
	}
	*out_type = g->refused[index].type;
	return g->refused[index].path;
}
