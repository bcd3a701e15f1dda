/* events.c - putting, marking and dropping what happened. */
#include "base/error.h"
#include "schema/schema.h"
#include "server/store/sqlite/writer.h"

/* Records that are dropped at once: some milliseconds' work. */
#define DROP_MAX 256

static int put_kinds(struct store *s, const struct store_events *events, struct why *why)
{
	int error = 0;

	for (unsigned kind = 0; error == 0 && kind < SCHEMA_EVENTS_MAX; kind++) {
		if ((events->kinds >> kind & 1) != 0) {
			(void)sqlite3_bind_int64(s->put_event_kind, 1, kind);
			(void)sqlite3_bind_int64(s->put_event_kind, 2, (int64_t)events->first);
			error = database_step(s->put_event_kind, "storing events", why);
		}
	}
	return error;
}

int store_put_events(struct store *s, const struct store_events *events, struct why *why)
{
	sqlite3_stmt *statement = s->put_events;
	int error;

	(void)sqlite3_bind_int64(statement, 1, (int64_t)events->first);
	(void)sqlite3_bind_int64(statement, 2, events->count);
	(void)sqlite3_bind_int64(statement, 3, events->asset);
	(void)sqlite3_bind_int64(statement, 4, events->kinds);
	(void)sqlite3_bind_int64(statement, 5, events->at_min_ms);
	(void)sqlite3_bind_int64(statement, 6, events->at_max_ms);
	(void)sqlite3_bind_int64(statement, 7, events->received_ms);
	database_bind_blob(statement, 8, events->list);
	error = database_step(statement, "storing events", why);
	return error == 0 ? put_kinds(s, events, why) : error;
}

/* SQLite's integers are signed: an epoch of 64 bits goes there and back as it is. */
int store_put_event_mark(struct store *s, uint32_t asset, const struct store_event_mark *mark,
			 struct why *why)
{
	(void)sqlite3_bind_int64(s->put_event_mark, 1, asset);
	(void)sqlite3_bind_int64(s->put_event_mark, 2, (int64_t)mark->epoch);
	(void)sqlite3_bind_int64(s->put_event_mark, 3, (int64_t)mark->next);
	return database_step(s->put_event_mark, "storing how far events came", why);
}

int store_get_event_mark(struct store *s, uint32_t asset, struct store_event_mark *out,
			 struct why *why)
{
	sqlite3_stmt *statement = s->get_event_mark;
	int error = 0;
	int code;

	(void)sqlite3_bind_int64(statement, 1, asset);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		out->epoch = (uint64_t)sqlite3_column_int64(statement, 0);
		out->next = (uint64_t)sqlite3_column_int64(statement, 1);
	} else if (code == SQLITE_DONE) {
		error = ERR_NOT_FOUND;
	} else {
		error = database_error(s->db, "reading how far events came", why);
	}
	(void)sqlite3_reset(statement);
	return error;
}

int store_get_event_range(struct store *s, uint64_t *out_newest, uint64_t *out_dropped,
			  struct why *why)
{
	int64_t newest = 0;
	int64_t dropped = 0;
	int error = database_number(s->db, "SELECT value FROM _meta WHERE key='events_dropped'", 0,
				    &dropped, why);

	if (error == 0) {
		error = database_number(
			s->db, "SELECT no + count - 1 FROM _events ORDER BY no DESC LIMIT 1",
			dropped, &newest, why);
	}
	if (error == 0) {
		*out_newest = (uint64_t)newest;
		*out_dropped = (uint64_t)dropped;
	}
	return error;
}

/* The last record to be dropped, as its number and its last event's. */
static int find_drop(struct store *s, int64_t before_ms, uint64_t upto, int64_t *out_no,
		     int64_t *out_last, struct why *why)
{
	sqlite3_stmt *statement;
	int error = database_prepare(s->db,
				     "SELECT no, count, received FROM _events ORDER BY no LIMIT ?",
				     &statement, why);
	int code;

	if (error != 0) {
		return error;
	}
	(void)sqlite3_bind_int64(statement, 1, DROP_MAX);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		int64_t no = sqlite3_column_int64(statement, 0);
		int64_t last = no + sqlite3_column_int64(statement, 1) - 1;

		if (sqlite3_column_int64(statement, 2) >= before_ms && (uint64_t)last > upto) {
			code = SQLITE_DONE;
			break;
		}
		*out_no = no;
		*out_last = last;
	}
	if (code != SQLITE_DONE) {
		error = database_error(s->db, "looking for old events", why);
	}
	(void)sqlite3_finalize(statement);
	return error;
}

/* Runs one statement with one number bound. */
static int run_bound(struct store *s, const char *sql, int64_t first, struct why *why)
{
	sqlite3_stmt *statement;
	int error = database_prepare(s->db, sql, &statement, why);

	if (error == 0) {
		(void)sqlite3_bind_int64(statement, 1, first);
		error = database_step(statement, "dropping old events", why);
		(void)sqlite3_finalize(statement);
	}
	return error;
}

int store_drop_events(struct store *s, int64_t before_ms, uint64_t upto, uint64_t *out_dropped,
		      struct why *why)
{
	int64_t no = 0;
	int64_t last = 0;
	int error = find_drop(s, before_ms, upto, &no, &last, why);

	if (error == 0 && no > 0) {
		error = run_bound(
			s,
			"DELETE FROM _event_kinds WHERE kind IN"
			" (1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,"
			"25,26,27,28,29,30,31) AND no <= ?",
			no, why);
	}
	if (error == 0 && no > 0) {
		error = run_bound(s, "DELETE FROM _events WHERE no <= ?", no, why);
	}
	if (error == 0 && no > 0) {
		error = run_bound(s, "INSERT OR REPLACE INTO _meta VALUES('events_dropped', ?)",
				  last, why);
	}
	if (error == 0) {
		*out_dropped = (uint64_t)last;
	}
	return error;
}

int store_get_event_limits(struct store *s, struct store_event_limits *out, struct why *why)
{
	int64_t keep_ms = out->keep_ms;
	int64_t count_max = (int64_t)out->count_max;
	int error = database_number(s->db, "SELECT value FROM _meta WHERE key='events_keep_ms'",
				    keep_ms, &keep_ms, why);

	if (error == 0) {
		error = database_number(s->db,
					"SELECT value FROM _meta WHERE key='events_count_max'",
					count_max, &count_max, why);
	}
	if (error == 0) {
		out->keep_ms = keep_ms;
		out->count_max = (uint64_t)count_max;
	}
	return error;
}

int store_put_event_limits(struct store *s, const struct store_event_limits *limits,
			   struct why *why)
{
	int error = run_bound(s, "INSERT OR REPLACE INTO _meta VALUES('events_keep_ms', ?)",
			      limits->keep_ms, why);

	return error != 0
		       ? error
		       : run_bound(s, "INSERT OR REPLACE INTO _meta VALUES('events_count_max', ?)",
				   (int64_t)limits->count_max, why);
}
