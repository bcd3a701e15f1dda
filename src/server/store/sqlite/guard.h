/*
 * guard.h - what a stranger's SQL may do: read the inventory's tables, for a while.
 *
 * The connection it runs on holds nothing but the virtual tables, so there is nothing else to be
 * read. The guard names what is refused, so that people understand, and bounds time and memory.
 */
#pragma once

#include "server/store/sqlite/database.h"

/* Memory that one statement may take beyond what was in use. */
#define GUARD_MEMORY_MAX (256 << 20)

struct guard {
	bool is_foreign;      /* refuse, not only bound */
	int64_t deadline_ms;  /* on clock_ms; 0: none */
	int64_t memory_limit; /* of the process; 0: none */
	bool is_over_time;
	bool is_over_memory;
	const char *lent_table; /* may be read as well; NULL: none */
	char refused[192];      /* what was refused, for people; "" for nothing */
};

/* Bounds lengths and depths of what a connection will parse, and asks the guard from then on. */
void guard_install(struct guard *g, sqlite3 *db);

/* Stops what runs on a connection when time or memory is up. */
void guard_watch(struct guard *g, sqlite3 *db);

/* Before each statement. timeout_ms 0: as long as it takes. */
void guard_start(struct guard *g, bool is_foreign, int64_t timeout_ms);
