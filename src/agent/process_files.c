/* process_files.c - an array of processes by number, and what stat(2) says of each path. */
#include "agent/process_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/executable.h"
#include "base/error.h"
#include "base/text.h"
#include "formats/proc_maps.h"
#include "formats/proc_stat.h"
#include "sys/alloc.h"
#include "sys/buffer.h"
#include "sys/clock.h"
#include "sys/file.h"

#define MAPS_MAX  (8u << 20)
#define PATH_SIZE 64

/* What is loaded later (dlopen(3)) is found then. */
#define AGAIN_MS 3600000

/* What stat(2) said of a path. */
struct identity {
	dev_t device;
	ino_t inode;
	bool is_known;
	bool has_changed; /* in this walk */
};

struct process_files {
	struct process_in_use *processes; /* by rising number */
	size_t count;
	size_t capacity;
	struct identity *identities; /* by the path's number */
	uint32_t identity_count;
	uint64_t read;
	struct buffer file;
	struct stat root; /* of this process */
	char namespace[PATH_SIZE];
};

struct process_files *process_files_new(void)
{
	struct process_files *f = alloc_zeroed(1, sizeof *f);

	buffer_init(&f->file, MAPS_MAX);
	return f;
}

static void drop(struct process_in_use *process)
{
	free(process->executable);
	free(process->files);
}

void process_files_free(struct process_files **files)
{
	struct process_files *f = *files;

	if (f == NULL) {
		return;
	}
	for (size_t i = 0; i < f->count; i++) {
		drop(&f->processes[i]);
	}
	free(f->processes);
	free(f->identities);
	buffer_done(&f->file);
	free(f);
	*files = NULL;
}

static int64_t since_boot_ms(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_BOOTTIME, &now) != 0) {
		return 0;
	}
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int read_file(struct process_files *f, pid_t pid, const char *name)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	buffer_clear(&f->file);
	return file_read(path, &f->file);
}

/* What the path is now. A path that is gone is inode 0. */
static struct identity look_at_path(const char *path)
{
	struct identity found = { .is_known = true };
	struct stat status;

	if (fstatat(AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW) == 0) {
		found.device = status.st_dev;
		found.inode = status.st_ino;
	}
	return found;
}

static void grow_identities(struct process_files *f, uint32_t limit)
{
	if (limit <= f->identity_count) {
		return;
	}
	f->identities = alloc_resize(f->identities, limit, sizeof *f->identities);
	memset(f->identities + f->identity_count, 0,
	       (limit - f->identity_count) * sizeof *f->identities);
	f->identity_count = limit;
}

/* Numbers of paths are given out anew after the round has begun: what is free is forgotten. */
static void look_at_paths(struct process_files *f, const struct package_owners *owners)
{
	grow_identities(f, package_owners_limit(owners));
	for (uint32_t i = 0; i < f->identity_count; i++) {
		struct identity *old = &f->identities[i];
		const char *text =
			i < package_owners_limit(owners) ? package_owners_text(owners, i) : NULL;
		struct identity now;

		if (text == NULL) {
			*old = (struct identity){ .is_known = false };
			continue;
		}
		now = look_at_path(text);
		now.has_changed =
			old->is_known && (now.inode != old->inode || now.device != old->device);
		*old = now;
	}
}

/* A process in a container of its own: what it calls /usr/lib is not ours. Services with a mount
 * namespace of their own have our root in it. */
static bool is_foreign(const struct process_files *f, pid_t pid)
{
	char namespace[PATH_SIZE] = "";
	char path[PATH_SIZE];
	struct stat root;

	snprintf(path, sizeof path, "/proc/%d/ns/mnt", pid);
	if (readlink(path, namespace, sizeof namespace - 1) < 0 ||
	    strcmp(namespace, f->namespace) == 0) {
		return false;
	}
	snprintf(path, sizeof path, "/proc/%d/root", pid);
	return stat(path, &root) != 0 || root.st_dev != f->root.st_dev ||
	       root.st_ino != f->root.st_ino;
}

static void add_file(struct process_files *f, struct package_owners *owners, struct span path,
		     bool is_stale, struct process_in_use *process)
{
	uint32_t number = package_owners_path(owners, path);

	if (number == PACKAGE_OWNERS_NONE) {
		return;
	}
	for (size_t i = 0; i < process->count; i++) {
		if (process->files[i].path == number) {
			process->files[i].is_stale = process->files[i].is_stale || is_stale;
			return;
		}
	}
	if (process->count == PROCESS_FILES_MAX) {
		return;
	}
	if (process->count % 16 == 0) {
		process->files =
			alloc_resize(process->files, process->count + 16, sizeof *process->files);
	}
	process->files[process->count++] = (struct file_in_use){ number, is_stale };
	grow_identities(f, package_owners_limit(owners));
	if (!f->identities[number].is_known) {
		f->identities[number] = look_at_path(package_owners_text(owners, number));
	}
}

static void read_maps(struct process_files *f, struct package_owners *owners,
		      struct process_in_use *process)
{
	struct proc_maps_iterator it;
	struct span last = { NULL, 0 };
	struct proc_map map;

	f->read++;
	process->count = 0;
	process->read_ms = clock_ms();
	if (is_foreign(f, process->pid) || read_file(f, process->pid, "maps") != 0) {
		return; /* gone, or not ours to see */
	}
	it = proc_maps_over(buffer_span(&f->file));
	while (proc_maps_next(&it, &map)) {
		bool is_program = span_is(map.path, process->executable);

		if ((map.is_executable || is_program) && !span_equal(map.path, last)) {
			add_file(f, owners, map.path, map.is_deleted, process);
			last = map.path;
		}
	}
}

static size_t lower(const struct process_files *f, pid_t pid)
{
	size_t low = 0;
	size_t high = f->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (f->processes[middle].pid < pid) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static bool uses_changed_file(const struct process_files *f, const struct process_in_use *process)
{
	for (size_t i = 0; i < process->count; i++) {
		if (f->identities[process->files[i].path].has_changed) {
			return true;
		}
	}
	return false;
}

/* The same process, or another one of its number, or of another program by now (execve(2)). */
static struct process_in_use *find_or_add(struct process_files *f, pid_t pid, uint64_t start_ticks,
					  const char *executable)
{
	size_t at = lower(f, pid);
	struct process_in_use *process;

	if (at < f->count && f->processes[at].pid == pid) {
		process = &f->processes[at];
		if (process->start_ticks == start_ticks &&
		    strcmp(process->executable, executable) == 0) {
			return process;
		}
		drop(process);
	} else {
		if (f->count == PROCESS_FILES_PROCESSES_MAX) {
			return NULL;
		}
		if (f->count == f->capacity) {
			f->capacity = f->capacity == 0 ? 64 : 2 * f->capacity;
			f->processes =
				alloc_resize(f->processes, f->capacity, sizeof *f->processes);
		}
		process = &f->processes[at];
		memmove(process + 1, process, (f->count - at) * sizeof *process);
		f->count++;
	}
	*process = (struct process_in_use){ .pid = pid,
					    .start_ticks = start_ticks,
					    .read_ms = -AGAIN_MS,
					    .executable = alloc_text(executable) };
	return process;
}

static void look_at_process(struct process_files *f, struct package_owners *owners, pid_t pid,
			    int64_t age_min_ms)
{
	char executable[EXECUTABLE_SIZE];
	struct process_in_use *process;
	struct proc_stat stat;
	int64_t age_ms;

	if (read_file(f, pid, "stat") != 0 || proc_stat_parse(buffer_span(&f->file), &stat) != 0 ||
	    (stat.flags & PROC_STAT_KERNEL_THREAD) != 0 || stat.state == 'Z' || stat.state == 'X') {
		return;
	}
	age_ms = since_boot_ms() -
		 (int64_t)(stat.start_ticks * 1000 / (uint64_t)sysconf(_SC_CLK_TCK));
	executable_of(pid, executable);
	if (age_ms < age_min_ms || executable[0] == '\0') {
		return;
	}
	process = find_or_add(f, pid, stat.start_ticks, executable);
	if (process == NULL) {
		return;
	}
	process->is_current = true;
	snprintf(process->name, sizeof process->name, "%.*s",
		 (int)span_first(stat.name, sizeof process->name).len, (const char *)stat.name.ptr);
	if (clock_ms() - process->read_ms >= AGAIN_MS || uses_changed_file(f, process)) {
		read_maps(f, owners, process);
	}
	for (size_t i = 0; i < process->count; i++) {
		package_owners_use(owners, process->files[i].path);
	}
}

static void drop_old(struct process_files *f)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->count; i++) {
		if (f->processes[i].is_current) {
			f->processes[kept] = f->processes[i];
			f->processes[kept++].is_current = false;
		} else {
			drop(&f->processes[i]);
		}
	}
	f->count = kept;
}

static void look_at_self(struct process_files *f)
{
	memset(f->namespace, 0, sizeof f->namespace);
	if (stat("/", &f->root) != 0 ||
	    readlink("/proc/self/ns/mnt", f->namespace, sizeof f->namespace - 1) < 0) {
		f->namespace[0] = '\0';
	}
}

int process_files_walk(struct process_files *f, struct package_owners *owners, int64_t age_min_ms)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	uint64_t pid;

	if (dir == NULL) {
		return ERR_IO;
	}
	look_at_self(f);
	look_at_paths(f, owners);
	while ((entry = readdir(dir)) != NULL) {
		if (text_to_u64(span_of(entry->d_name), INT32_MAX, &pid) == 0) {
			look_at_process(f, owners, (pid_t)pid, age_min_ms);
		}
	}
	closedir(dir);
	drop_old(f);
	buffer_clear(&f->file);
	buffer_trim(&f->file);
	return 0;
}

const struct process_in_use *process_files_all(const struct process_files *f, size_t *out_count)
{
	*out_count = f->count;
	return f->processes;
}

uint64_t process_files_read(const struct process_files *f)
{
	return f->read;
}
