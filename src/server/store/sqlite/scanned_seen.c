/* scanned_seen.c - the places of an asset, and the runs of their scopes. */
#include "server/store/sqlite/scanned_seen.h"

#include <stdlib.h>

#include "sys/alloc.h"

void scanned_seen_done(struct scanned_seen *seen)
{
	(void)sqlite3_finalize(seen->join);
	for (size_t i = 0; i < seen->run_count; i++) {
		free(seen->runs[i].scope);
	}
	free(seen->runs);
	*seen = (struct scanned_seen){ NULL, false, NULL, 0 };
}

/* --- runs --- */

static void note_run(struct scanned_seen *seen, struct span scope, int64_t finished_s)
{
	for (size_t i = 0; i < seen->run_count; i++) {
		struct scanned_run *run = &seen->runs[i];

		if (span_is(scope, run->scope)) {
			run->finished_s =
				finished_s > run->finished_s ? finished_s : run->finished_s;
			return;
		}
	}
	seen->runs = alloc_resize(seen->runs, seen->run_count + 1, sizeof *seen->runs);
	seen->runs[seen->run_count++] = (struct scanned_run){ alloc_span(scope), finished_s };
}

/* Calls back for each row that an asset holds of a table, by a statement with its number as ?1. */
static int each_row(struct snapshot *s, uint32_t asset, uint16_t table, sqlite3_stmt *statement,
		    void (*each)(void *context, sqlite3_stmt *row), void *context)
{
	struct packed_writer set;
	struct packed_reader r;
	struct packed_run run;
	int error;

	packed_init(&set);
	error = snapshot_set(s, asset, table, SNAPSHOT_NOW, &set);
	r = packed_over(packed_end(&set));
	while (error == 0 && packed_next(&r, &run)) {
		for (uint64_t row = run.first; row <= run.last; row++) {
			(void)sqlite3_bind_int64(statement, 1, (sqlite3_int64)row);
			if (sqlite3_step(statement) == SQLITE_ROW) {
				each(context, statement);
			}
			(void)sqlite3_reset(statement);
		}
	}
	packed_free(&set);
	return error;
}

static void take_run(void *context, sqlite3_stmt *row)
{
	note_run(context, database_text(row, 0), sqlite3_column_int64(row, 1));
}

static int read_runs(struct scanned_seen *seen, struct snapshot *s)
{
	sqlite3_stmt *scanners = NULL;
	sqlite3_stmt *run = NULL;
	int code = SQLITE_DONE;
	int error = database_prepare(s->db,
				     "SELECT a.asset FROM _sensors s JOIN _assets a ON a.id = s.id "
				     "WHERE s.kind = 'scanner'",
				     &scanners, &s->why);

	if (error == 0) {
		error = database_prepare(s->db,
					 "SELECT scope, finished FROM _rows_scan_scopes WHERE _row "
					 "= ? AND finished IS NOT NULL",
					 &run, &s->why);
	}
	while (error == 0 && (code = sqlite3_step(scanners)) == SQLITE_ROW) {
		error = each_row(s, (uint32_t)sqlite3_column_int64(scanners, 0), TABLE_SCAN_SCOPES,
				 run, take_run, seen);
	}
	if (error == 0 && code != SQLITE_DONE) {
		error = database_error(s->db, "reading the runs of scans", &s->why);
	}
	(void)sqlite3_finalize(scanners);
	(void)sqlite3_finalize(run);
	seen->are_runs_known = error == 0;
	return error;
}

static int64_t run_end(const struct scanned_seen *seen, struct span scope)
{
	for (size_t i = 0; i < seen->run_count; i++) {
		if (span_is(scope, seen->runs[i].scope)) {
			return seen->runs[i].finished_s;
		}
	}
	return 0;
}

/* --- places --- */

enum { JOIN_SCOPE, JOIN_SINCE, JOIN_GONE, JOIN_ANSWERED };

struct places {
	const struct scanned_seen *seen;
	struct seen *out;
	bool is_there; /* at one of them something answers */
};

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void take_place(void *context, sqlite3_stmt *row)
{
	struct places *p = context;
	int64_t since_s = sqlite3_column_int64(row, JOIN_SINCE);
	int64_t gone_ms = 1000 * sqlite3_column_int64(row, JOIN_GONE);
	int64_t seen_s = gone_ms != 0 ? sqlite3_column_int64(row, JOIN_ANSWERED)
				      : run_end(p->seen, database_text(row, JOIN_SCOPE));

	p->is_there = p->is_there || gone_ms == 0;
	p->out->is_known = true;
	p->out->last_ms = later(p->out->last_ms, 1000 * later(since_s, seen_s));
	p->out->gone_ms = p->is_there ? 0 : later(p->out->gone_ms, gone_ms);
}

int scanned_seen_of(struct scanned_seen *seen, struct snapshot *s, uint32_t asset, struct seen *out)
{
	struct seen is = { false, 0, 0 };
	struct places places = { seen, &is, false };
	int error = 0;

	if (seen->join == NULL) {
		error = database_prepare(s->db,
					 "SELECT scope, since, gone, answered FROM "
					 "_rows_asset_joins WHERE _row = ?",
					 &seen->join, &s->why);
	}
	if (error == 0 && !seen->are_runs_known) {
		error = read_runs(seen, s);
	}
	if (error == 0) {
		error = each_row(s, asset, TABLE_ASSET_JOINS, seen->join, take_place, &places);
	}
	if (error == 0) {
		*out = is;
	}
	return error;
}
