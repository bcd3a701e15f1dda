/*
 * integrity.h - keeps what is known of the watched files equal to the files, within a budget.
 *
 * All work is done in slices of a few milliseconds from one timer of the loop, which is not armed
 * while there is nothing to do. Everything is opened before the sandbox.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/integrity/file_set.h"
#include "agent/integrity/file_watch.h"
#include "agent/integrity/hash_cache.h"
#include "agent/tree.h"
#include "sys/loop.h"
#include "wire/policy.h"

struct integrity;

/* Something happened to a watched file. */
struct file_change {
	const char *path;
	unsigned actions; /* FILE_CREATED... */
	pid_t pid;        /* 0 where it is not known who did it */
};

struct integrity_hooks {
	/* Rows of the table have changed. */
	void (*changed)(void *context);

	/* As it happens; not for what this agent does. */
	void (*happened)(void *context, const struct file_change *change);

	/* Such events were lost. */
	void (*lost)(void *context);

	/* Something came or got other attributes in a folder that integrity_mark() marked. */
	void (*marked)(void *context);
};

struct integrity_settings {
	struct loop *loop;
	struct tree *tree;
	int group_fd;                    /* file_watch_open_group(), taken over; -1: none */
	int cache_fds[HASH_CACHE_FILES]; /* taken over; -1: nothing is remembered */
	const char *state_folder;        /* never watched: the agent writes there; NULL: none */
};

/* Nothing is watched until integrity_use_policy(). */
struct integrity *integrity_new(const struct integrity_settings *settings,
				const struct integrity_hooks *hooks, void *context);
void integrity_free(struct integrity **integrity);

/* Takes over what the policy says of files and budgets. */
void integrity_use_policy(struct integrity *integrity, const struct policy *policy);

/* Looks for the policy's paths, through the tree (so that their coming and going is observed where
 * anybody does), and at what is mounted: the table's collector calls it. */
void integrity_look(struct integrity *integrity);

/* Looks at every watched file's status again: changed ones are hashed. */
void integrity_verify(struct integrity *integrity);

/* What is known now. */
const struct file_set *integrity_files(const struct integrity *integrity);

/* All of it is told: what is new and gone in it counts from here. */
void integrity_tell(struct integrity *integrity);

/* What is not watched, and why; NULL where all is. */
const char *integrity_remark(const struct integrity *integrity);

/* True where nothing is left to do. */
bool integrity_is_settled(const struct integrity *integrity);

/* True once all was looked at and hashed since the start: before, what was known of it earlier is
 * more than what is known now. */
bool integrity_is_whole(const struct integrity *integrity);

/* Counts up with everything that is done; and the bytes that were read to be hashed. */
uint64_t integrity_progress(const struct integrity *integrity);
uint64_t integrity_bytes_read(const struct integrity *integrity);

/* Processor time that was used so far, by its own budget. */
uint64_t integrity_cpu_us(const struct integrity *integrity);

/* Has hooks.marked called for new things in a folder. False where that is not possible. */
bool integrity_mark(struct integrity *integrity, int folder_fd);

/* Writes the hashes now. */
void integrity_save(struct integrity *integrity);
