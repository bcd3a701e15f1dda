/*
 * process_files.h - which files each process has in memory: its program and what it has mapped to
 * be executed.
 *
 * /proc/PID/maps is read once a process (and anew each hour, for what is loaded later): it costs
 * the kernel some 50 us to write. Whether a file was replaced meanwhile is told by stat(2) of each
 * path that is in use; only where it is another file are the processes that have it read again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/package_owners.h"
#include "base/attr.h"

#define PROCESS_FILES_PROCESSES_MAX 32768
#define PROCESS_FILES_NAME_SIZE     16 /* TASK_COMM_LEN of the kernel */

/* Files of one process. What is beyond is left out. */
#define PROCESS_FILES_MAX 2048

struct file_in_use {
	uint32_t path; /* its number in struct package_owners */
	bool is_stale; /* what is in memory is not what is there under this path */
};

struct process_in_use {
	pid_t pid;
	uint64_t start_ticks;
	int64_t read_ms; /* when its maps were read */
	char name[PROCESS_FILES_NAME_SIZE];
	char *executable;
	struct file_in_use *files; /* each path once */
	size_t count;
	bool is_current; /* seen in the walk at hand */
};

struct process_files;

struct process_files *process_files_new(void);
void process_files_free(struct process_files **files);

/* Looks at all processes that are older than this, asks owners for the numbers of their files'
 * paths. ERR_IO. */
MUST_USE int process_files_walk(struct process_files *files, struct package_owners *owners,
				int64_t age_min_ms);

/* The processes of the last walk. */
const struct process_in_use *process_files_all(const struct process_files *files,
					       size_t *out_count);

/* How many maps were read in all walks. */
uint64_t process_files_read(const struct process_files *files);
