/* scopes.c - authorised scopes, and operators' decisions on joins. */
#include "base/error.h"
#include "base/mem.h"
#include "server/store/sqlite/writer.h"

static void copy_text(sqlite3_stmt *statement, int column, char *out, size_t size)
{
	struct span text = span_first(database_text(statement, column), size - 1);

	mem_copy(out, text.ptr, text.len);
	out[text.len] = '\0';
}

int store_put_scope(struct store *s, const struct inventory_scope *scope, struct why *why)
{
	sqlite3_stmt *statement;
	int error =
		database_prepare(s->db,
				 "INSERT OR REPLACE INTO _scopes VALUES(?, ?, ?, ?, ?, ?, ?, ?, "
				 "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
				 &statement, why);

	if (error != 0) {
		return error;
	}
	database_bind_text(statement, 1, span_of(scope->name));
	database_bind_text(statement, 2, span_of(scope->kind));
	database_bind_text(statement, 3, span_of(scope->token));
	(void)sqlite3_bind_int64(statement, 4, scope->at_ms);
	database_bind_text(statement, 5, span_of(scope->by));
	database_bind_text(statement, 6, span_of(scope->method));
	(void)sqlite3_bind_int64(statement, 7, scope->proved_ms);
	database_bind_text(statement, 8, span_of(scope->proved_by));
	database_bind_text(statement, 9, span_of(scope->statement));
	database_bind_text(statement, 10, span_of(scope->failure));
	(void)sqlite3_bind_int(statement, 11, scope->is_on);
	(void)sqlite3_bind_int64(statement, 12, scope->period_s);
	(void)sqlite3_bind_int(statement, 13, scope->from_minute);
	(void)sqlite3_bind_int(statement, 14, scope->to_minute);
	(void)sqlite3_bind_int64(statement, 15, scope->rate);
	database_bind_text(statement, 16, span_of(scope->ports));
	database_bind_text(statement, 17, span_of(scope->scanner));
	(void)sqlite3_bind_int64(statement, 18, scope->tried_ms);
	(void)sqlite3_bind_int64(statement, 19, scope->checked_ms);
	(void)sqlite3_bind_int64(statement, 20, scope->failing_ms);
	error = database_step(statement, "storing a scope", why);
	(void)sqlite3_finalize(statement);
	return error;
}

int store_drop_scope(struct store *s, const char *name, struct why *why)
{
	sqlite3_stmt *statement;
	int error = database_prepare(s->db, "DELETE FROM _scopes WHERE name = ?", &statement, why);

	if (error == 0) {
		database_bind_text(statement, 1, span_of(name));
		error = database_step(statement, "dropping a scope", why);
		(void)sqlite3_finalize(statement);
	}
	if (error == 0 && sqlite3_changes(s->db) == 0) {
		return why_set(why, ERR_NOT_FOUND, "there is no scope %s", name);
	}
	return error;
}

static void read_scope(sqlite3_stmt *statement, struct inventory_scope *out)
{
	*out = (struct inventory_scope){ .at_ms = sqlite3_column_int64(statement, 3) };
	copy_text(statement, 0, out->name, sizeof out->name);
	copy_text(statement, 1, out->kind, sizeof out->kind);
	copy_text(statement, 2, out->token, sizeof out->token);
	copy_text(statement, 4, out->by, sizeof out->by);
	copy_text(statement, 5, out->method, sizeof out->method);
	out->proved_ms = sqlite3_column_int64(statement, 6);
	copy_text(statement, 7, out->proved_by, sizeof out->proved_by);
	copy_text(statement, 8, out->statement, sizeof out->statement);
	copy_text(statement, 9, out->failure, sizeof out->failure);
	out->is_on = sqlite3_column_int(statement, 10) != 0;
	out->period_s = (uint32_t)sqlite3_column_int64(statement, 11);
	out->from_minute = (uint16_t)sqlite3_column_int(statement, 12);
	out->to_minute = (uint16_t)sqlite3_column_int(statement, 13);
	out->rate = (uint32_t)sqlite3_column_int64(statement, 14);
	copy_text(statement, 15, out->ports, sizeof out->ports);
	copy_text(statement, 16, out->scanner, sizeof out->scanner);
	out->tried_ms = sqlite3_column_int64(statement, 17);
	out->checked_ms = sqlite3_column_int64(statement, 18);
	out->failing_ms = sqlite3_column_int64(statement, 19);
}

/* Ends a walk: error is the callback's. */
static int finish(struct store *s, sqlite3_stmt *statement, int error, int code, const char *doing,
		  struct why *why)
{
	if (error == 0 && code != SQLITE_DONE) {
		error = database_error(s->db, doing, why);
	}
	(void)sqlite3_finalize(statement);
	return error;
}

int store_each_scope(struct store *s,
		     int (*each)(void *context, const struct inventory_scope *scope), void *context,
		     struct why *why)
{
	sqlite3_stmt *statement;
	int code = SQLITE_DONE;
	int error = database_prepare(s->db, "SELECT * FROM _scopes ORDER BY name", &statement, why);

	if (error != 0) {
		return error;
	}
	while (error == 0 && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct inventory_scope scope;

		read_scope(statement, &scope);
		error = each(context, &scope);
	}
	return finish(s, statement, error, code, "reading scopes", why);
}

static int drop_joins(struct store *s, const struct inventory_join_decision *d, struct why *why)
{
	sqlite3_stmt *statement;
	int error = database_prepare(
		s->db, "DELETE FROM _join_decisions WHERE scope = ? AND address = ? AND is_join",
		&statement, why);

	if (error == 0) {
		database_bind_text(statement, 1, span_of(d->scope));
		database_bind_text(statement, 2, span_of(d->address));
		error = database_step(statement, "dropping a decision", why);
		(void)sqlite3_finalize(statement);
	}
	return error;
}

int store_put_join_decision(struct store *s, const struct inventory_join_decision *d,
			    struct why *why)
{
	sqlite3_stmt *statement;
	int error = d->is_join ? drop_joins(s, d, why) : 0;

	if (error == 0) {
		error = database_prepare(
			s->db, "INSERT OR REPLACE INTO _join_decisions VALUES(?, ?, ?, ?, ?, ?, ?)",
			&statement, why);
	}
	if (error != 0) {
		return error;
	}
	database_bind_text(statement, 1, span_of(d->scope));
	database_bind_text(statement, 2, span_of(d->address));
	(void)sqlite3_bind_int64(statement, 3, d->asset);
	(void)sqlite3_bind_int(statement, 4, d->is_join);
	database_bind_text(statement, 5, span_of(d->reason));
	(void)sqlite3_bind_int64(statement, 6, d->at_ms);
	database_bind_text(statement, 7, span_of(d->by));
	error = database_step(statement, "storing a decision", why);
	(void)sqlite3_finalize(statement);
	return error;
}

int store_each_join_decision(struct store *s,
			     int (*each)(void *context,
					 const struct inventory_join_decision *decision),
			     void *context, struct why *why)
{
	sqlite3_stmt *statement;
	int code = SQLITE_DONE;
	int error = database_prepare(s->db, "SELECT * FROM _join_decisions", &statement, why);

	if (error != 0) {
		return error;
	}
	while (error == 0 && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct inventory_join_decision d = {
			.asset = (uint32_t)sqlite3_column_int64(statement, 2),
			.is_join = sqlite3_column_int(statement, 3) != 0,
			.at_ms = sqlite3_column_int64(statement, 5),
		};

		copy_text(statement, 0, d.scope, sizeof d.scope);
		copy_text(statement, 1, d.address, sizeof d.address);
		copy_text(statement, 4, d.reason, sizeof d.reason);
		copy_text(statement, 6, d.by, sizeof d.by);
		error = each(context, &d);
	}
	return finish(s, statement, error, code, "reading decisions", why);
}
