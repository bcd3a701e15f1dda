/*
 * processes.c - what runs, and as whom: /proc/PID.
 *
 * Made for few changes and for rows that many machines share. No process numbers and no arguments
 * (they may hold secrets); processes of the same program, name and user are one row, that of the
 * oldest, without a count, which would follow every worker that a server starts; the start is told
 * to the day; and what lives less than AGE_MIN_MS is not told at all. Threads of the kernel and the
 * dead that nobody has waited for are left out.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/collectors/table.h"
#include "agent/collectors/user_names.h"
#include "agent/executable.h"
#include "base/error.h"
#include "base/text.h"
#include "formats/proc_stat.h"
#include "formats/proc_status.h"
#include "schema/schema.h"
#include "sys/alloc.h"
#include "sys/clock.h"

/* The period of signals_on_processes(): each is found at the second look at the latest. */
#define AGE_MIN_MS    5000
#define PROCESSES_MAX 32768
#define NAME_SIZE     16 /* TASK_COMM_LEN of the kernel */
#define FILE_MAX      8192
#define PASSWD_MAX    (16u << 20)
#define DAY_SECONDS   86400
#define PATH_SIZE     64

struct process {
	uint32_t pid;
	uint32_t parent;
	uint32_t uid;
	bool is_told; /* old enough, alive, and no thread of the kernel */
	char name[NAME_SIZE];
	int64_t age_ms;
	char *executable; /* of those that are told */
};

struct processes_walk {
	struct collection *c;
	struct process *processes; /* by rising number, while they are read */
	size_t count;
	struct buffer file;
};

static void processes_watch(struct signals *signals)
{
	signals_on_processes(signals, TABLE_PROCESSES);
}

static int64_t since_boot_ms(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_BOOTTIME, &now) != 0) {
		return 0;
	}
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int read_file(struct processes_walk *walk, uint32_t pid, const char *name)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof path, "/proc/%u/%s", pid, name);
	buffer_clear(&walk->file);
	return machine_read_kernel(walk->c->machine, path, &walk->file);
}

/* Those who may be told, and what only they need. False where it has ended meanwhile. */
static bool add_details(struct processes_walk *walk, struct process *process)
{
	char executable[EXECUTABLE_SIZE];

	if (read_file(walk, process->pid, "status") != 0 ||
	    proc_status_user(buffer_span(&walk->file), &process->uid) != 0) {
		return false;
	}
	executable_of((pid_t)process->pid, executable);
	process->executable = alloc_text(executable);
	return true;
}

static void add(struct processes_walk *walk, uint32_t pid)
{
	struct process process = { .pid = pid };
	struct proc_stat stat;

	if (walk->count == PROCESSES_MAX || read_file(walk, pid, "stat") != 0 ||
	    proc_stat_parse(buffer_span(&walk->file), &stat) != 0) {
		return;
	}
	process.parent = stat.parent;
	process.age_ms = since_boot_ms() -
			 (int64_t)(stat.start_ticks * 1000 / (uint64_t)sysconf(_SC_CLK_TCK));
	process.is_told = (stat.flags & PROC_STAT_KERNEL_THREAD) == 0 && stat.state != 'Z' &&
			  stat.state != 'X' && process.age_ms >= AGE_MIN_MS;
	snprintf(process.name, sizeof process.name, "%.*s",
		 (int)span_first(stat.name, NAME_SIZE).len, (const char *)stat.name.ptr);
	if (process.is_told && !add_details(walk, &process)) {
		return;
	}
	if (walk->count % 64 == 0) {
		walk->processes =
			alloc_resize(walk->processes, walk->count + 64, sizeof *walk->processes);
	}
	walk->processes[walk->count++] = process;
}

static int read_all(struct processes_walk *walk)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	uint64_t pid;

	if (dir == NULL) {
		return ERR_IO;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (text_to_u64(span_of(entry->d_name), INT32_MAX, &pid) == 0) {
			add(walk, (uint32_t)pid);
		}
	}
	closedir(dir);
	return 0;
}

static int compare_kind(const struct process *a, const struct process *b)
{
	int order = strcmp(a->executable, b->executable);

	if (order == 0) {
		order = strcmp(a->name, b->name);
	}
	return order != 0 ? order : (a->uid > b->uid) - (a->uid < b->uid);
}

/* Those that are told first: by what is one row, the oldest first. */
static int by_kind_and_age(const void *x, const void *y)
{
	const struct process *a = x;
	const struct process *b = y;
	int order;

	if (!a->is_told || !b->is_told) {
		return (int)b->is_told - (int)a->is_told;
	}
	order = compare_kind(a, b);
	if (order == 0) {
		order = (b->age_ms > a->age_ms) - (b->age_ms < a->age_ms);
	}
	return order != 0 ? order : (a->pid > b->pid) - (a->pid < b->pid);
}

static const char *name_of(const struct processes_walk *walk, uint32_t pid)
{
	for (size_t i = 0; i < walk->count; i++) {
		if (walk->processes[i].pid == pid) {
			return walk->processes[i].name;
		}
	}
	return NULL;
}

static void emit(const struct processes_walk *walk, const struct process *process,
		 struct span passwd)
{
	uint8_t number[16];
	struct writer w = writer_over(number, sizeof number);
	struct row *row = collection_row(walk->c);
	int64_t started = (clock_wall_ms() - process->age_ms) / 1000;

	row_set_text(row, PROCESSES_NAME, span_of(process->name));
	row_set_text_if_any(row, PROCESSES_EXECUTABLE, span_of(process->executable));
	row_set_text(row, PROCESSES_USER, user_names_of(passwd, process->uid, &w));
	row_set_text_if_any(row, PROCESSES_PARENT, span_of(name_of(walk, process->parent)));
	row_set_integer(row, PROCESSES_STARTED, started - started % DAY_SECONDS);
	collection_emit(walk->c);
}

static void emit_all(struct processes_walk *walk)
{
	struct buffer passwd OWNED(buffer_done);

	buffer_init(&passwd, PASSWD_MAX);
	if (tree_read(walk->c->machine->tree, "/etc/passwd", &passwd) != 0) {
		buffer_clear(&passwd); /* users are then numbers */
	}
	if (walk->count > 0) {
		qsort(walk->processes, walk->count, sizeof *walk->processes, by_kind_and_age);
	}
	for (size_t i = 0; i < walk->count && walk->processes[i].is_told; i++) {
		if (i == 0 || compare_kind(&walk->processes[i - 1], &walk->processes[i]) != 0) {
			emit(walk, &walk->processes[i], buffer_span(&passwd));
		}
	}
}

static int processes_collect(struct collection *c)
{
	struct processes_walk walk = { .c = c };
	int error;

	if (!c->machine->is_live) {
		return 0;
	}
	buffer_init(&walk.file, FILE_MAX);
	error = read_all(&walk);
	if (error == 0) {
		emit_all(&walk);
	}
	for (size_t i = 0; i < walk.count; i++) {
		free(walk.processes[i].executable);
	}
	free(walk.processes);
	buffer_done(&walk.file);
	return error;
}

const struct collector collector_processes = {
	.name = "processes",
	.summary = "programs that run, their users and parents",
	.table = TABLE_PROCESSES,
	.watch = processes_watch,
	.collect = processes_collect,
};
