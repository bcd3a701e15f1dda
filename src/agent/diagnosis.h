/*
 * diagnosis.h - the doctor's findings: what was looked at, how it is, and what to do.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/attr.h"

enum diagnosis_state {
	DIAGNOSIS_OK,
	DIAGNOSIS_NOTE, /* not as good as it could be, or so by choice */
	DIAGNOSIS_BAD,  /* something important cannot be seen */
};

#define DIAGNOSIS_MAX 160

struct diagnosis_line {
	const char *group; /* "tables", "events", ...; borrowed for ever */
	char name[32];
	enum diagnosis_state state;
	char text[400];
};

struct diagnosis {
	struct diagnosis_line *lines;
	size_t count;
};

void diagnosis_add(struct diagnosis *d, const char *group, const char *name,
		   enum diagnosis_state state, const char *format, ...) PRINTF(5, 6);
bool diagnosis_is_bad(const struct diagnosis *d);
void diagnosis_print(const struct diagnosis *d, bool is_json, FILE *to);
void diagnosis_done(struct diagnosis *d);

/* Kernel features and privileges that matter to this sensor. Before the sandbox. */
void diagnosis_kernel(struct diagnosis *d);

/* The state folder, read only: identity, what waits, what is in force, and whether the server
 * answers. Before the sandbox. */
void diagnosis_state_folder(struct diagnosis *d, const char *folder);
