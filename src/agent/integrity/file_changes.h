/*
 * file_changes.h - events file_changes: who did what to a watched file, as far as can be told.
 *
 * The process is looked up when its event comes. One that has ended by then leaves its number only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/executable.h"
#include "agent/integrity/integrity.h"
#include "agent/tree.h"
#include "wire/row.h"

#define FILE_CHANGES_NAME_SIZE 64

/* Fields are private to file_changes.c. */
struct file_changes {
	struct tree *tree;
	/* who did the last one: a program mostly changes several files */
	pid_t pid;
	int64_t asked_ms;
	bool is_found;
	char process[FILE_CHANGES_NAME_SIZE];
	char executable[EXECUTABLE_SIZE];
	char user[FILE_CHANGES_NAME_SIZE];
};

/* The tree's accounts name users. */
void file_changes_init(struct file_changes *changes, struct tree *tree);

/* Calls take with a row of event file_changes for each thing that the change says was done. */
void file_changes_tell(struct file_changes *changes, const struct file_change *change,
		       void (*take)(void *context, const struct row *row), void *context);
