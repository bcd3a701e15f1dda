/*
 * journal.h - a scan's file: what it is, what was found, how far it came; to be taken up elsewhere.
 *
 * Made whole and renamed into place; then only appended to, each record with its own check, so that
 * after a crash everything up to a moment is there. Rows behind the last position are known when it
 * is taken up: they are found again and listed once. What was identified is kept beside its row.
 */
#pragma once

#include "scan/discovery/discovery.h"
#include "scan/services.h"

#define JOURNAL_VERSION  1
#define JOURNAL_PLAN_MAX (1u << 20)

/* Larger than RESULTS_MAX rows take. */
#define JOURNAL_FILE_MAX (2048u << 20)

struct journal;

/* plan: the scan in words, one line a fact; another scan's is another. key as in the plan. */
MUST_USE int journal_create(const char *path, const char *plan,
			    const uint8_t key[DISCOVERY_KEY_SIZE], struct journal **out,
			    struct why *why);

struct journal_state {
	uint8_t key[DISCOVERY_KEY_SIZE];
	uint64_t positions[DISCOVERY_LEGS];
	bool is_complete;
	size_t rows;
};

/* Where what was found goes. */
struct journal_into {
	struct results *results;
	struct services *services; /* NULL: not wanted */
};

/* Opens one to go on with; its rows are restored. ERR_NOT_FOUND; ERR_CONFLICT: another scan's, why
 * says the first line that differs; ERR_MALFORMED, ERR_UNSUPPORTED: no such file, or a later
 * version's. What a crash left half written at the end is cut off. A file is one process's at a
 * time: ERR_CONFLICT for the second. */
MUST_USE int journal_open(const char *path, const char *plan, const struct journal_into *into,
			  struct journal_state *state, struct journal **out, struct why *why);

/* Appended at the next journal_commit. */
void journal_row(struct journal *journal, const struct result *row);

/* The same of what is behind a row; packed as in service.h. */
void journal_service(struct journal *journal, const struct result *row, struct span packed);

/* Writes what was appended, then how far the scan is for sure. ERR_IO, ERR_FULL. */
MUST_USE int journal_commit(struct journal *journal, const uint64_t positions[DISCOVERY_LEGS],
			    bool is_complete, struct why *why);
void journal_close(struct journal **journal);
