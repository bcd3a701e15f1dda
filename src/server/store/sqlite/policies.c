/* policies.c - tags of assets, and the tenant's policies. */
#include "base/error.h"
#include "base/mem.h"
#include "server/store/sqlite/writer.h"

static int drop_tags(struct store *s, uint32_t asset, struct why *why)
{
	sqlite3_stmt *statement;
	int error = database_prepare(s->db, "DELETE FROM _tags WHERE asset = ?", &statement, why);

	if (error == 0) {
		(void)sqlite3_bind_int64(statement, 1, asset);
		error = database_step(statement, "storing tags", why);
		(void)sqlite3_finalize(statement);
	}
	return error;
}

int store_put_tags(struct store *s, uint32_t asset, const struct inventory_tags *tags,
		   struct why *why)
{
	sqlite3_stmt *statement = NULL;
	int error = drop_tags(s, asset, why);

	if (error == 0) {
		error = database_prepare(s->db, "INSERT INTO _tags VALUES(?, ?)", &statement, why);
	}
	for (size_t i = 0; error == 0 && i < tags->count; i++) {
		(void)sqlite3_bind_int64(statement, 1, asset);
		database_bind_text(statement, 2, span_of(tags->names[i]));
		error = database_step(statement, "storing tags", why);
	}
	(void)sqlite3_finalize(statement);
	return error;
}

int store_get_tags(struct store *s, uint32_t asset, struct inventory_tags *out, struct why *why)
{
	sqlite3_stmt *statement = s->get_tags;
	int code;
	int error = 0;

	mem_zero(out, sizeof *out);
	(void)sqlite3_bind_int64(statement, 1, asset);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW && out->count < INVENTORY_TAGS_MAX) {
		struct span tag = span_first(database_text(statement, 0), INVENTORY_TAG_SIZE - 1);

		mem_copy(out->names[out->count++], tag.ptr, tag.len);
	}
	if (code != SQLITE_ROW && code != SQLITE_DONE) {
		error = database_error(s->db, "reading tags", why);
	}
	(void)sqlite3_reset(statement);
	return error;
}

int store_put_policy(struct store *s, const char *name, const struct store_policy *policy,
		     struct why *why)
{
	sqlite3_stmt *statement;
	int error = database_prepare(s->db, "INSERT OR REPLACE INTO _policies VALUES(?, ?, ?, ?)",
				     &statement, why);

	if (error == 0) {
		database_bind_text(statement, 1, span_of(name));
		database_bind_blob(statement, 2, policy->bytes);
		(void)sqlite3_bind_int64(statement, 3, policy->changed_ms);
		database_bind_text(statement, 4, span_of(policy->changed_by));
		error = database_step(statement, "storing a policy", why);
		(void)sqlite3_finalize(statement);
	}
	return error;
}

int store_drop_policy(struct store *s, const char *name, struct why *why)
{
	sqlite3_stmt *statement;
	int error =
		database_prepare(s->db, "DELETE FROM _policies WHERE name = ?", &statement, why);

	if (error == 0) {
		database_bind_text(statement, 1, span_of(name));
		error = database_step(statement, "dropping a policy", why);
		(void)sqlite3_finalize(statement);
	}
	if (error == 0 && sqlite3_changes(s->db) == 0) {
		return why_set(why, ERR_NOT_FOUND, "there is no policy %s", name);
	}
	return error;
}

int store_get_policy(struct store *s, const char *name, struct buffer *out, struct why *why)
{
	sqlite3_stmt *statement = s->get_policy;
	int error;
	int code;

	database_bind_text(statement, 1, span_of(name));
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		error = buffer_append(out, database_blob(statement, 0));
	} else if (code == SQLITE_DONE) {
		error = ERR_NOT_FOUND;
	} else {
		error = database_error(s->db, "reading a policy", why);
	}
	(void)sqlite3_reset(statement);
	return error;
}
