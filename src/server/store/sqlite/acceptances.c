/* acceptances.c - risks that somebody accepted, and findings day by day. */
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
