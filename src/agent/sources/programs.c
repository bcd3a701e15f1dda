/* programs.c - a small cache of sets of four, and a queue of files to be hashed. */
#include "agent/sources/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/alloc.h"
#include "sys/file.h"

#define WAYS        4
#define SETS        (PROGRAMS_MAX / WAYS)
#define JOBS_MAX    32
#define SLICE_MS    10
#define READ_BYTES  (16u << 10)
#define SLICE_BYTES (PROGRAMS_HASH_BYTES_PER_S / 1000 * SLICE_MS)

static const char deleted[] = " (deleted)";

/* What a file's bytes are known by. */
struct identity {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec written;
	struct timespec changed;
};

struct program {
	struct program_key key;
	char *path; /* NULL: an empty place */
	uint64_t used;
	uint64_t checked;  /* the batch in which the file was looked at */
	bool is_reachable; /* the path leads there from here: not within a container */
	bool is_hopeless;  /* cannot be hashed */
	bool is_queued;
	bool is_hashed;
	struct identity identity;
	uint8_t hash[SHA256_SIZE];
};

/* A file that is being hashed. */
struct job {
	struct program_key key;
	struct identity identity;
	int fd;
	off_t left;
	struct sha256 state;
};

struct programs {
	struct loop *loop;
	struct loop_timer *timer;
	loop_callback *hashed;
	void *context;
	uint64_t clock;
	uint64_t batch;
	struct job jobs[JOBS_MAX];
	size_t job_count;
	struct program cache[SETS][WAYS];
};

static void on_slice(void *context);

struct programs *programs_new(struct loop *loop, loop_callback *hashed, void *context)
{
	struct programs *p = alloc_zeroed(1, sizeof *p);

	p->loop = loop;
	p->hashed = hashed;
	p->context = context;
	p->timer = loop_timer(loop, on_slice, p);
	return p;
}

void programs_free(struct programs **programs)
{
	struct programs *p = *programs;

	if (p == NULL) {
		return;
	}
	for (size_t i = 0; i < p->job_count; i++) {
		file_close(&p->jobs[i].fd);
	}
	for (size_t i = 0; i < PROGRAMS_MAX; i++) {
		free(p->cache[i / WAYS][i % WAYS].path);
	}
	loop_timer_free(&p->timer);
	free(p);
	*programs = NULL;
}

void programs_begin(struct programs *programs)
{
	programs->batch++;
}

static bool same_key(const struct program_key *a, const struct program_key *b)
{
	return a->mount == b->mount && a->dentry == b->dentry && a->inode == b->inode &&
	       a->device == b->device;
}

static bool is_unset(const struct program_key *key)
{
	return key->mount == 0 && key->dentry == 0 && key->inode == 0;
}

static struct program *set_of(struct programs *p, const struct program_key *key)
{
	uint64_t mixed = (key->dentry >> 6) ^ (key->mount >> 5) * 31 ^ key->inode ^ key->device;

	return p->cache[mixed * UINT64_C(0x9e3779b97f4a7c15) >> 40 & (SETS - 1)];
}

static struct program *find(struct programs *p, const struct program_key *key)
{
	struct program *set = set_of(p, key);

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].path != NULL && same_key(&set[i].key, key)) {
			set[i].used = ++p->clock;
			return &set[i];
		}
	}
	return NULL;
}

static struct identity identity_of(const struct stat *status)
{
	return (struct identity){ status->st_dev, status->st_ino, status->st_size, status->st_mtim,
				  status->st_ctim };
}

static bool same_file(const struct identity *a, const struct identity *b)
{
	return a->device == b->device && a->inode == b->inode;
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same_bytes(const struct identity *a, const struct identity *b)
{
	return same_file(a, b) && a->size == b->size && same_time(a->written, b->written) &&
	       same_time(a->changed, b->changed);
}

/* What was found of a program: its path as the kernel writes it, and its file. */
struct found {
	char path[PROGRAMS_PATH_SIZE];
	size_t len;
	struct identity identity;
};

/* Of a file opened for nothing but this. False where it is no regular one. */
static bool describe(int fd, struct found *out)
{
	char link[32];
	struct stat status;
	ssize_t len;

	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		return false;
	}
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	len = readlink(link, out->path, sizeof out->path - 1);
	if (len <= 0) {
		return false;
	}
	if (span_ends_with((struct span){ (const uint8_t *)out->path, (size_t)len }, deleted)) {
		len -= (ssize_t)sizeof deleted - 1;
	}
	out->path[len] = '\0';
	out->len = (size_t)len;
	out->identity = identity_of(&status);
	return true;
}

static struct span last_name(struct span path)
{
	size_t at = path.len;

	while (at > 0 && path.ptr[at - 1] != '/') {
		at--;
	}
	return span_after(path, at);
}

static int open_running(pid_t pid, int flags)
{
	char path[32];

	snprintf(path, sizeof path, "/proc/%d/exe", pid);
	return open(path, flags | O_CLOEXEC);
}

/* By the process, as long as it runs that program and no other meanwhile; else by the name that it
 * was started by, if the same file is still there. */
static bool resolve(const struct program_key *key, pid_t pid, struct span hint, struct found *out)
{
	OWNED(file_close) int fd = open_running(pid, O_PATH);
	char path[EXEC_PATH_MAX + 1];

	/* some file systems number their inodes otherwise for stat(2) */
	if (describe(fd, out) &&
	    (key->inode == 0 || out->identity.inode == key->inode ||
	     (hint.len > 0 &&
	      span_equal(last_name(hint),
			 last_name((struct span){ (const uint8_t *)out->path, out->len }))))) {
		return true;
	}
	file_close(&fd);
	if (key->inode == 0 || hint.len == 0 || hint.ptr[0] != '/' || hint.len > EXEC_PATH_MAX) {
		return false;
	}
	snprintf(path, sizeof path, "%.*s", (int)hint.len, (const char *)hint.ptr);
	fd = open(path, O_PATH | O_CLOEXEC);
	return describe(fd, out) && out->identity.inode == key->inode;
}

static bool stat_path(const char *path, struct identity *out)
{
	struct stat status;

	if (stat(path, &status) < 0) {
		return false;
	}
	*out = identity_of(&status);
	return true;
}

static void take(struct program *program, const struct found *found)
{
	struct identity there;
	bool is_same = program->path != NULL && same_bytes(&program->identity, &found->identity);

	free(program->path);
	program->path = alloc_text(found->path);
	program->identity = found->identity;
	program->is_reachable =
		stat_path(program->path, &there) && same_file(&there, &found->identity);
	if (!is_same) {
		program->is_hashed = false;
		program->is_hopeless = false;
		program->is_queued = false;
	}
}

static struct program *add(struct programs *p, const struct program_key *key,
			   const struct found *found)
{
	struct program *set = set_of(p, key);
	struct program *oldest = &set[0];

	for (size_t i = 1; i < WAYS; i++) {
		oldest = set[i].used < oldest->used ? &set[i] : oldest;
	}
	free(oldest->path);
	*oldest = (struct program){ .key = *key, .used = ++p->clock };
	take(oldest, found);
	return oldest;
}

/* Once a batch: renamed, replaced or written anew? */
static void check(struct programs *p, struct program *program, pid_t pid, struct span hint)
{
	struct found found;
	struct identity there;

	if (program->checked == p->batch) {
		return;
	}
	program->checked = p->batch;
	if (program->is_reachable && stat_path(program->path, &there) &&
	    same_bytes(&there, &program->identity)) {
		return;
	}
	if (resolve(&program->key, pid, hint, &found)) {
		take(program, &found);
	}
}

/* The key of a program that the kernel said nothing of; the file is its own name. */
static bool ask_process(pid_t pid, struct program_key *out, struct found *found)
{
	const struct program_key none = { .mount = 0 };

	if (!resolve(&none, pid, (struct span){ NULL, 0 }, found)) {
		return false;
	}
	*out = (struct program_key){ .inode = found->identity.inode,
				     .device = (uint32_t)found->identity.device };
	return true;
}

struct span programs_path(struct programs *p, struct program_key *key, pid_t pid, struct span hint)
{
	struct program *program;
	struct found found;
	bool is_found = is_unset(key) && ask_process(pid, key, &found);

	if (is_unset(key)) {
		return (struct span){ NULL, 0 };
	}
	program = find(p, key);
	if (program == NULL) {
		if (!is_found && !resolve(key, pid, hint, &found)) {
			return (struct span){ NULL, 0 };
		}
		program = add(p, key, &found);
		program->checked = p->batch;
	} else {
		check(p, program, pid, hint);
	}
	return span_of(program->path);
}

/* The same file may be known by another mount. */
static bool take_known_hash(struct programs *p, struct program *program)
{
	for (size_t i = 0; i < PROGRAMS_MAX; i++) {
		const struct program *other = &p->cache[i / WAYS][i % WAYS];

		if (other->is_hashed && same_bytes(&other->identity, &program->identity)) {
			memcpy(program->hash, other->hash, SHA256_SIZE);
			program->is_hashed = true;
			return true;
		}
	}
	return false;
}

/* The very bytes that are known by the identity, or -1. */
static int open_bytes(const struct program *program, pid_t pid)
{
	struct identity there;
	struct stat status;
	int fd = open_running(pid, O_RDONLY);

	for (int i = 0; i < 2; i++) {
		if (fd >= 0 && fstat(fd, &status) == 0) {
			there = identity_of(&status);
			if (same_bytes(&there, &program->identity)) {
				return fd;
			}
		}
		file_close(&fd);
		if (i == 0 && program->is_reachable) {
			fd = open(program->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		}
	}
	return -1;
}

static void queue(struct programs *p, struct program *program, pid_t pid)
{
	struct job *job = &p->jobs[p->job_count];

	if (p->job_count == JOBS_MAX) {
		return; /* at its next run */
	}
	if (program->identity.size > (off_t)PROGRAMS_HASH_FILE_MAX) {
		program->is_hopeless = true;
		return;
	}
	job->fd = open_bytes(program, pid);
	if (job->fd < 0) {
		return;
	}
	job->key = program->key;
	job->identity = program->identity;
	job->left = program->identity.size;
	sha256_init(&job->state);
	program->is_queued = true;
	if (p->job_count++ == 0) {
		loop_timer_arm(p->timer, 0);
	}
}

enum program_hash programs_hash(struct programs *p, const struct program_key *key, pid_t pid,
				uint8_t out[SHA256_SIZE])
{
	struct program *program = find(p, key);

	if (program == NULL || program->is_hopeless) {
		return PROGRAM_HASH_UNKNOWN;
	}
	if (!program->is_hashed && !program->is_queued && !take_known_hash(p, program)) {
		queue(p, program, pid);
	}
	if (program->is_hashed) {
		memcpy(out, program->hash, SHA256_SIZE);
		return PROGRAM_HASH_READY;
	}
	return program->is_queued ? PROGRAM_HASH_PENDING : PROGRAM_HASH_UNKNOWN;
}

/* is_good: with a hash. */
static void end_job(struct programs *p, struct job *ended, bool is_good)
{
	struct job job = *ended;
	struct program *program = find(p, &job.key);
	uint8_t hash[SHA256_SIZE];

	sha256_done(&job.state, hash);
	file_close(&job.fd);
	p->job_count--;
	*ended = p->jobs[p->job_count];
	if (program != NULL && same_bytes(&program->identity, &job.identity)) {
		program->is_queued = false;
		program->is_hashed = is_good;
		program->is_hopeless = !is_good;
		memcpy(program->hash, hash, SHA256_SIZE);
	}
	p->hashed(p->context);
}

/* Whoever wrote to the file meanwhile gave it other times. */
static bool is_unchanged(const struct job *job)
{
	struct identity now;
	struct stat status;

	if (fstat(job->fd, &status) < 0) {
		return false;
	}
	now = identity_of(&status);
	return same_bytes(&now, &job->identity);
}

/* The one that is done first: what is small does not wait for what is great. */
static struct job *shortest(struct programs *p)
{
	struct job *job = &p->jobs[0];

	for (size_t i = 1; i < p->job_count; i++) {
		job = p->jobs[i].left < job->left ? &p->jobs[i] : job;
	}
	return job;
}

static void on_slice(void *context)
{
	struct programs *p = context;
	uint8_t bytes[READ_BYTES];
	size_t done = 0;

	while (p->job_count > 0 && done < SLICE_BYTES) {
		struct job *job = shortest(p);
		ssize_t len = read(job->fd, bytes, sizeof bytes);

		if (len <= 0) {
			end_job(p, job, len == 0 && is_unchanged(job));
			continue;
		}
		sha256_add(&job->state, (struct span){ bytes, (size_t)len });
		job->left -= len;
		done += (size_t)len;
	}
	if (p->job_count > 0) {
		loop_timer_arm(p->timer, SLICE_MS);
	}
}
