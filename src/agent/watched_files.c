/* watched_files.c - an integrity with a loop of its own and no budget. */
#include "agent/watched_files.h"

#include <stdlib.h>

#include "agent/integrity/integrity.h"
#include "sys/alloc.h"
#include "sys/loop.h"
#include "wire/policy.h"

#define NO_BUDGET_BYTES_PER_S (UINT64_C(1) << 40)

struct watched_files {
	struct loop *loop;
	struct machine *machine;
	struct policy policy;
};

static void ignore(void *context)
{
	(void)context;
}

static void ignore_change(void *context, const struct file_change *change)
{
	(void)context;
	(void)change;
}

struct watched_files *watched_files_open(struct machine *machine, uint64_t hash_bytes_max)
{
	static const struct integrity_hooks hooks = {
		.changed = ignore, .happened = ignore_change, .lost = ignore, .marked = ignore
	};
	struct watched_files *files = alloc_zeroed(1, sizeof *files);
	struct integrity_settings settings = { .tree = machine->tree, .group_fd = -1 };

	for (size_t i = 0; i < HASH_CACHE_FILES; i++) {
		settings.cache_fds[i] = -1;
	}
	files->loop = loop_new();
	files->machine = machine;
	settings.loop = files->loop;
	policy_init(&files->policy);
	files->policy.files.hash_bytes_max = hash_bytes_max;
	files->policy.budget.io_bytes_per_s = NO_BUDGET_BYTES_PER_S;
	files->policy.budget.cpu_permille = 1000;
	machine->integrity = integrity_new(&settings, &hooks, NULL);
	return files;
}

void watched_files_learn(struct watched_files *files)
{
	integrity_use_policy(files->machine->integrity, &files->policy);
	while (!integrity_is_whole(files->machine->integrity)) {
		loop_turn(files->loop, -1);
	}
}

void watched_files_close(struct watched_files **files)
{
	if (*files != NULL) {
		integrity_free(&(*files)->machine->integrity);
		loop_free(&(*files)->loop);
		free(*files);
		*files = NULL;
	}
}
