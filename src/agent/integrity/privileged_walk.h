/*
 * privileged_walk.h - looks through where programs belong for those that give whoever runs them
 * more than they have: setuid, setgid, file capabilities.
 *
 * In slices from a timer, as often as it is asked for and its cost allows; what was found last is
 * kept, and nothing of a walk under way is seen. No link is followed, no other file system entered.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/tree.h"
#include "sys/loop.h"

struct integrity;
struct privileged_walk;

struct privileged_file {
	char *path;
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
	char *capabilities; /* as getcap prints them; NULL: none */
};

/* Where programs belong; ended by NULL. One that is a link is another one, or lies in one. */
extern const char *const privileged_roots[];

/* loop: NULL for privileged_walk_run() alone. integrity: marks folders, so that its hook tells what
 * comes into them; may be NULL. done is called after each walk. */
struct privileged_walk *privileged_walk_new(struct loop *loop, struct tree *tree,
					    struct integrity *integrity,
					    void (*done)(void *context), void *context);
void privileged_walk_free(struct privileged_walk **walk);

/* Something may have changed: a walk begins, where one is under way after it. */
void privileged_walk_begin(struct privileged_walk *walk);

/* A whole walk, now. */
void privileged_walk_run(struct privileged_walk *walk);

/* What the last walk found; count 0 before its end. */
const struct privileged_file *privileged_walk_files(const struct privileged_walk *walk,
						    size_t *out_count);

/* True once a walk has ended. */
bool privileged_walk_is_known(const struct privileged_walk *walk);

/* Processor time that walks took so far, by their own pace: a twentieth of a core at most. */
uint64_t privileged_walk_cpu_us(const struct privileged_walk *walk);
