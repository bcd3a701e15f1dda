/*
 * mount_guard.h - mount points that are never entered: a server or a process elsewhere answers for
 * what is behind them, and where that one hangs, so would whoever looks.
 *
 * What is mounted is known from /proc/self/mountinfo alone, never by touching a mount. Paths are
 * those of the tree that is guarded.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/span.h"

/* Refused mount points that are kept: far more than a machine can well have. */
#define MOUNT_GUARD_MAX 65536

struct mount_guard;

/* root: the real path of the tree's root, "" for the machine's own. mountinfo: the file, of
 * the process whose mounts they are. Never fails: without it nothing is refused. */
struct mount_guard *mount_guard_new(const char *root, const char *mountinfo);
void mount_guard_free(struct mount_guard **guard);

/* Reads mountinfo again where the kernel says that mounts have changed. True where it did. */
bool mount_guard_refresh(struct mount_guard *guard);

/* Takes over what a mountinfo file says, and does not ask the kernel any more: for tests. */
void mount_guard_load(struct mount_guard *guard, struct span mountinfo);

/* True for file systems over the network or by a process: nfs, cifs, fuse, 9p, autofs... */
bool mount_guard_is_remote(struct span type);

/* The type of what is mounted at FOLDER/NAME ("" is the root) where it is not to be touched, else
 * NULL. */
const char *mount_guard_refuses(const struct mount_guard *guard, const char *folder,
				const char *name);

/* The refused mount points by the order of their paths; NULL past the last one. */
const char *mount_guard_at(const struct mount_guard *guard, size_t index, const char **out_type);
