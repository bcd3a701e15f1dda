/* acceptances.c - risks and exposures that somebody accepted, and findings day by day. */
#include "base/error.h"
#include "server/store/sqlite/writer.h"

int store_put_acceptance(struct store *s, const struct inventory_acceptance *a, uint64_t *out_no,
			 struct why *why)
{
	sqlite3_stmt *statement;
	int error = database_prepare(s->db,
				     "INSERT INTO _acceptances VALUES(NULL, ?, ?, ?, ?, ?, ?, 0)",
				     &statement, why);

	if (error != 0) {
		return error;
	}
	database_bind_text(statement, 1, span_of(a->id));
	(void)sqlite3_bind_int64(statement, 2, a->asset);
	database_bind_text(statement, 3, span_of(a->reason));
	(void)sqlite3_bind_int64(statement, 4, a->until_ms);
	(void)sqlite3_bind_int64(statement, 5, a->at_ms);
	database_bind_text(statement, 6, span_of(a->by));
	error = database_step(statement, "storing an acceptance", why);
	(void)sqlite3_finalize(statement);
	if (error == 0) {
		*out_no = (uint64_t)sqlite3_last_insert_rowid(s->db);
	}
	return error;
}

/* It stays in the file, so that no other gets its number. */
int store_withdraw_acceptance(struct store *s, uint64_t no, int64_t at_ms, struct why *why)
{
	sqlite3_stmt *statement;
	int error = database_prepare(
		s->db, "UPDATE _acceptances SET withdrawn = ? WHERE no = ? AND withdrawn = 0",
		&statement, why);

	if (error != 0) {
		return error;
	}
	(void)sqlite3_bind_int64(statement, 1, at_ms);
	(void)sqlite3_bind_int64(statement, 2, (int64_t)no);
	error = database_step(statement, "withdrawing an acceptance", why);
	(void)sqlite3_finalize(statement);
	if (error == 0 && sqlite3_changes(s->db) == 0) {
		return why_set(why, ERR_NOT_FOUND, "there is no acceptance %llu",
			       (unsigned long long)no);
	}
	return error;
}

int store_count_acceptances(struct store *s, int64_t *out, struct why *why)
{
	return database_number(s->db, "SELECT count(*) FROM _acceptances WHERE withdrawn = 0", 0,
			       out, why);
}

/* --- exposures --- */

int store_put_exposure_acceptance(struct store *s, const struct inventory_exposure_acceptance *a,
				  uint64_t *out_no, struct why *why)
{
	sqlite3_stmt *statement;
	int error = database_prepare(s->db,
				     "INSERT INTO _exposure_acceptances VALUES(NULL, ?, ?, ?, ?, "
				     "?, ?, ?, ?, 0, '')",
				     &statement, why);

	if (error != 0) {
		return error;
	}
	(void)sqlite3_bind_int64(statement, 1, a->asset);
	database_bind_text(statement, 2, span_of(a->rule));
	database_bind_text(statement, 3, span_of(a->subject));
	database_bind_text(statement, 4, span_of(a->identity));
	database_bind_text(statement, 5, span_of(a->reason));
	(void)sqlite3_bind_int64(statement, 6, a->until_ms);
	(void)sqlite3_bind_int64(statement, 7, a->at_ms);
	database_bind_text(statement, 8, span_of(a->by));
	error = database_step(statement, "storing an acceptance", why);
	(void)sqlite3_finalize(statement);
	if (error == 0) {
		*out_no = (uint64_t)sqlite3_last_insert_rowid(s->db);
	}
	return error;
}

int store_end_exposure_acceptance(struct store *s, uint64_t no, int64_t at_ms, const char *cause,
				  struct why *why)
{
	sqlite3_stmt *statement;
	int error = database_prepare(s->db,
				     "UPDATE _exposure_acceptances SET ended = ?, cause = ? WHERE "
				     "no = ? AND ended = 0",
				     &statement, why);

	if (error != 0) {
		return error;
	}
	(void)sqlite3_bind_int64(statement, 1, at_ms);
	database_bind_text(statement, 2, span_of(cause));
	(void)sqlite3_bind_int64(statement, 3, (int64_t)no);
	error = database_step(statement, "ending an acceptance", why);
	(void)sqlite3_finalize(statement);
	if (error == 0 && sqlite3_changes(s->db) == 0) {
		return why_set(why, ERR_NOT_FOUND, "there is no acceptance %llu of an exposure",
			       (unsigned long long)no);
	}
	return error;
}

static const char *text_at(sqlite3_stmt *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);

	return text != NULL ? text : "";
}

int store_each_exposure_acceptance(struct store *s,
				   int (*each)(void *context,
					       const struct inventory_exposure_acceptance *a),
				   void *context, struct why *why)
{
	sqlite3_stmt *statement;
	int code = SQLITE_DONE;
	int error = database_prepare(s->db,
				     "SELECT no, asset, rule, subject, identity, until, at, "
				     "reason, by_whom FROM _exposure_acceptances WHERE ended = 0 "
				     "ORDER BY no",
				     &statement, why);

	if (error != 0) {
		return error;
	}
	while (error == 0 && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		const struct inventory_exposure_acceptance a = {
			.no = (uint64_t)sqlite3_column_int64(statement, 0),
			.asset = (uint32_t)sqlite3_column_int64(statement, 1),
			.rule = text_at(statement, 2),
			.subject = text_at(statement, 3),
			.identity = text_at(statement, 4),
			.until_ms = sqlite3_column_int64(statement, 5),
			.at_ms = sqlite3_column_int64(statement, 6),
			.reason = text_at(statement, 7),
			.by = text_at(statement, 8),
		};

		error = each(context, &a);
	}
	if (error == 0 && code != SQLITE_DONE) {
		error = database_error(s->db, "reading acceptances", why);
	}
	(void)sqlite3_finalize(statement);
	return error;
}

int store_put_trend(struct store *s, const struct inventory_trend *trend, struct why *why)
{
	sqlite3_stmt *statement;
	int error = database_prepare(
		s->db, "INSERT OR REPLACE INTO _trends VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		&statement, why);

	if (error != 0) {
		return error;
	}
	(void)sqlite3_bind_int64(statement, 1, trend->day);
	for (int i = 0; i < INVENTORY_TREND_NUMBERS; i++) {
		(void)sqlite3_bind_int64(statement, 2 + i, (int64_t)trend->numbers[i]);
	}
	error = database_step(statement, "storing a day's findings", why);
	(void)sqlite3_finalize(statement);
	return error;
}
