/* writer.c - putting records. */
#include "server/store/sqlite/writer.h"

#include <stdlib.h>

#include "base/error.h"
#include "server/store/sqlite/json.h"
#include "server/store/sqlite/layout.h"
#include "sys/alloc.h"

/* All lists of one row as JSON: at worst each byte becomes six. */
#define LISTS_BYTES_MAX (8 * ROW_BYTES_MAX)

/* synchronous=FULL: a commit returns when the log is on the disk. The log is kept when the file is
 * closed, because a reader that may not create files could not open it otherwise. */
static const char settings[] = "PRAGMA journal_mode=WAL;"
			       "PRAGMA synchronous=FULL;"
			       "PRAGMA cache_size=-65536;"
			       "PRAGMA wal_autocheckpoint=4096;"
			       "PRAGMA journal_size_limit=67108864;"
			       "PRAGMA temp_store=MEMORY;";

static int prepare_all(struct store *s, struct why *why)
{
	const struct {
		sqlite3_stmt **statement;
		const char *sql;
	} list[] = {
		{ &s->begin, "BEGIN IMMEDIATE" },
		{ &s->commit, "COMMIT" },
		{ &s->put_change, "INSERT INTO _changes VALUES(?,?,?,?,?,?,?,?,?)" },
		{ &s->put_set, "INSERT OR REPLACE INTO _sets VALUES(?,?,?,?,?,?)" },
		{ &s->put_seq, "INSERT INTO _sets VALUES(?1,?2,0,0,zeroblob(16),x'')"
			       " ON CONFLICT(id) DO UPDATE SET seq=?2" },
		{ &s->put_asset, "INSERT INTO _assets VALUES(?1,?2,?3,?4)"
				 " ON CONFLICT(asset) DO UPDATE SET newest=?4" },
		{ &s->put_sensor, "INSERT OR REPLACE INTO _sensors VALUES(?,?,?,?,?,?,?,?,?,?,?,"
				  "?,?,?,?,?,?,?)" },
		{ &s->put_meta, "INSERT OR REPLACE INTO _meta VALUES('tail_start',?1),"
				"('disagreements',?2),('judged',?3)" },
		{ &s->get_holders, "SELECT packed FROM _holders WHERE id=?" },
		{ &s->put_holders, "INSERT OR REPLACE INTO _holders VALUES(?,?)" },
		{ &s->drop_holders, "DELETE FROM _holders WHERE id=?" },
		{ &s->get_tags, "SELECT tag FROM _tags WHERE asset=? ORDER BY tag" },
		{ &s->get_policy, "SELECT bytes FROM _policies WHERE name=?" },
		{ &s->put_events, "INSERT INTO _events VALUES(?,?,?,?,?,?,?,?)" },
		{ &s->put_event_kind, "INSERT INTO _event_kinds VALUES(?,?)" },
		{ &s->put_event_mark, "INSERT OR REPLACE INTO _event_marks VALUES(?,?,?)" },
		{ &s->get_event_mark, "SELECT epoch, next FROM _event_marks WHERE asset=?" },
	};

	for (size_t i = 0; i < COUNT_OF(list); i++) {
		int error = database_prepare(s->db, list[i].sql, list[i].statement, why);

		if (error != 0) {
			return error;
		}
	}
	return 0;
}

int store_open(const char *path, struct store **out, struct why *why)
{
	struct store *s = alloc_zeroed(1, sizeof *s);
	int keep_log = 1;
	int error;

	buffer_init(&s->lists, LISTS_BYTES_MAX);
	for (unsigned t = 0; t < SCHEMA_TABLES_MAX; t++) {
		buffer_init(&s->row_lists[t], LISTS_BYTES_MAX + 16 * SCHEMA_COLUMNS_MAX);
	}
	error = database_open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &s->db, why);
	if (error == 0) {
		(void)sqlite3_file_control(s->db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep_log);
		error = database_run(s->db, settings, why);
	}
	if (error == 0) {
		error = layout_prepare(s->db, why);
	}
	if (error == 0) {
		error = prepare_all(s, why);
	}
	if (error != 0) {
		store_close(&s);
		return error;
	}
	*out = s;
	return 0;
}

void store_close(struct store **store)
{
	struct store *s = *store;
	sqlite3_stmt *statement;

	if (s == NULL) {
		return;
	}
	while (s->db != NULL && (statement = sqlite3_next_stmt(s->db, NULL)) != NULL) {
		(void)sqlite3_finalize(statement);
	}
	database_close(&s->db);
	buffer_done(&s->lists);
	for (unsigned t = 0; t < SCHEMA_TABLES_MAX; t++) {
		buffer_done(&s->row_lists[t]);
	}
	free(s);
	*store = NULL;
}

int store_begin(struct store *s, struct why *why)
{
	return database_step(s->begin, "starting a transaction", why);
}

int store_commit(struct store *s, struct why *why)
{
	return database_step(s->commit, "committing", why);
}

void store_rollback(struct store *s)
{
	database_rollback(s->db);
}

void store_settle(struct store *s)
{
	(void)sqlite3_wal_checkpoint_v2(s->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

static int prepare_put_row(struct store *s, const struct table *table, struct why *why)
{
	sqlite3_str *sql = sqlite3_str_new(s->db);
	char *text;
	int error;

	sqlite3_str_appendf(sql, "INSERT INTO \"_rows_%w\"(_row, _hash, ", table->name);
	layout_columns(table, sql);
	sqlite3_str_appendall(sql, ") VALUES(?, ?");
	for (size_t c = 0; c < table->column_count; c++) {
		sqlite3_str_appendall(sql, ", ?");
	}
	sqlite3_str_appendall(sql, ")");
	text = sqlite3_str_finish(sql);
	error = text == NULL ? ERR_LIMIT
			     : database_prepare(s->db, text, &s->put_row[table->number], why);
	sqlite3_free(text);
	return error;
}

static int bind_list(struct store *s, sqlite3_stmt *statement, int index, const struct value *list)
{
	struct span json;
	int error;

	buffer_clear(&s->lists);
	error = json_append_list(&s->lists, list);
	if (error == 0) {
		json = buffer_span(&s->lists);
		(void)sqlite3_bind_text64(statement, index, (const char *)json.ptr, json.len,
					  SQLITE_TRANSIENT, SQLITE_UTF8);
	}
	return error;
}

static int bind_value(struct store *s, sqlite3_stmt *statement, int index,
		      const struct value *value)
{
	switch (value->kind) {
	case VALUE_TEXT:
		database_bind_text(statement, index, value->text);
		return 0;
	case VALUE_INTEGER:
	case VALUE_BOOLEAN:
		(void)sqlite3_bind_int64(statement, index, value->number);
		return 0;
	case VALUE_LIST:
		return bind_list(s, statement, index, value);
	case VALUE_NULL:
	default:
		(void)sqlite3_bind_null(statement, index);
		return 0;
	}
}

int store_put_row(struct store *s, const struct row *row, uint32_t number,
		  const struct rowhash *hash, struct why *why)
{
	sqlite3_stmt *statement;
	int error = 0;

	if (s->put_row[row->table->number] == NULL) {
		error = prepare_put_row(s, row->table, why);
	}
	statement = s->put_row[row->table->number];
	for (size_t c = 0; error == 0 && c < row->table->column_count; c++) {
		error = bind_value(s, statement, (int)c + 3, &row->values[c]);
	}
	if (error != 0) {
		return error;
	}
	(void)sqlite3_bind_int64(statement, 1, number);
	database_bind_blob(statement, 2, (struct span){ hash->bytes, sizeof hash->bytes });
	return database_step(statement, "storing a row", why);
}

/* In the order of the values, so that each page of the index is written once. */
static int index_column(struct store *s, const char *table, const char *column, uint32_t count,
			struct why *why)
{
	char *sql = sqlite3_mprintf(
		"INSERT OR IGNORE INTO \"_by_%w_%w\" SELECT \"%w\", _row FROM \"_rows_%w\""
		" WHERE _row >= coalesce((SELECT value FROM _meta WHERE key = 'by_%q_%q'), 0)"
		" AND _row < %lld AND \"%w\" IS NOT NULL ORDER BY 1, 2;"
		"INSERT OR REPLACE INTO _meta VALUES('by_%q_%q', %lld)",
		table, column, column, table, table, column, (long long)count, column, table,
		column, (long long)count);
	int error = ERR_LIMIT;

	if (sql != NULL && sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK) {
		error = 0;
	} else if (sql != NULL) {
		error = database_error(s->db, "indexing rows", why);
	}
	sqlite3_free(sql);
	return error;
}

int store_index_rows(struct store *s, const struct table *table, uint32_t count, struct why *why)
{
	int error = 0;

	for (size_t c = 0; error == 0 && c < table->column_count; c++) {
		if (layout_is_indexed(table, c)) {
			error = index_column(s, table->name, table->columns[c].name, count, why);
		}
	}
	return error;
}

int store_put_change(struct store *s, const struct store_change *change, struct why *why)
{
	sqlite3_stmt *statement = s->put_change;

	(void)sqlite3_bind_int64(statement, 1, (int64_t)change->no);
	(void)sqlite3_bind_int64(statement, 2, change->at_ms);
	(void)sqlite3_bind_int64(statement, 3, change->observed_ms);
	(void)sqlite3_bind_int64(statement, 4, change->asset);
	(void)sqlite3_bind_int64(statement, 5, change->table);
	(void)sqlite3_bind_int64(statement, 6, (int64_t)change->seq);
	(void)sqlite3_bind_int64(statement, 7, (int64_t)change->previous);
	database_bind_blob(statement, 8, change->removed);
	database_bind_blob(statement, 9, change->added);
	return database_step(statement, "storing a change", why);
}

int store_put_set(struct store *s, const struct store_set *set, struct why *why)
{
	sqlite3_stmt *statement = s->put_set;
	uint8_t digest[ROWHASH_SIZE];

	digest_to_bytes(set->digest, digest);
	(void)sqlite3_bind_int64(statement, 1, layout_set_id(set->asset, set->table));
	(void)sqlite3_bind_int64(statement, 2, (int64_t)set->seq);
	(void)sqlite3_bind_int64(statement, 3, (int64_t)set->count);
	(void)sqlite3_bind_int64(statement, 4, (int64_t)set->upto);
	database_bind_blob(statement, 5, (struct span){ digest, sizeof digest });
	database_bind_blob(statement, 6, set->packed);
	return database_step(statement, "storing what an asset holds", why);
}

int store_put_seq(struct store *s, uint32_t asset, uint16_t table, uint64_t seq, struct why *why)
{
	(void)sqlite3_bind_int64(s->put_seq, 1, layout_set_id(asset, table));
	(void)sqlite3_bind_int64(s->put_seq, 2, (int64_t)seq);
	return database_step(s->put_seq, "storing a sequence number", why);
}

int store_put_asset(struct store *s, const struct store_asset *asset, struct why *why)
{
	(void)sqlite3_bind_int64(s->put_asset, 1, asset->number);
	database_bind_text(s->put_asset, 2, span_of(asset->id));
	(void)sqlite3_bind_int64(s->put_asset, 3, asset->first_seen_ms);
	(void)sqlite3_bind_int64(s->put_asset, 4, (int64_t)asset->newest);
	return database_step(s->put_asset, "storing an asset", why);
}

int store_put_sensor(struct store *s, const struct inventory_sensor *sensor, struct why *why)
{
	sqlite3_stmt *statement = s->put_sensor;

	database_bind_text(statement, 1, span_of(sensor->id));
	database_bind_text(statement, 2, span_of(sensor->kind));
	database_bind_text(statement, 3, span_of(sensor->version));
	database_bind_text(statement, 4, span_of(sensor->address));
	(void)sqlite3_bind_int(statement, 5, sensor->is_connected);
	(void)sqlite3_bind_int(statement, 6, sensor->is_revoked);
	(void)sqlite3_bind_int64(statement, 7, sensor->enrolled_ms);
	(void)sqlite3_bind_int64(statement, 8, sensor->last_seen_ms);
	(void)sqlite3_bind_int64(statement, 9, sensor->certificate_not_after_ms);
	database_bind_blob(statement, 10,
			   (struct span){ sensor->key_hash, sizeof sensor->key_hash });
	database_bind_blob(
		statement, 11,
		(struct span){ sensor->previous_key_hash, sizeof sensor->previous_key_hash });
	(void)sqlite3_bind_int(statement, 12, sensor->is_policed);
	database_bind_blob(statement, 13, (struct span){ sensor->policy, sizeof sensor->policy });
	(void)sqlite3_bind_int64(statement, 14, sensor->silent_since_ms);
	(void)sqlite3_bind_int(statement, 15, sensor->busy_table);
	database_bind_text(statement, 16, span_of(sensor->clone_of));
	(void)sqlite3_bind_int64(statement, 17, sensor->duplicated_ms);
	database_bind_text(statement, 18, span_of(sensor->duplicates));
	return database_step(statement, "storing a sensor", why);
}

int store_put_meta(struct store *s, const struct store_meta *meta, struct why *why)
{
	(void)sqlite3_bind_int64(s->put_meta, 1, (int64_t)meta->tail_start);
	(void)sqlite3_bind_int64(s->put_meta, 2, (int64_t)meta->disagreements);
	(void)sqlite3_bind_int64(s->put_meta, 3, (int64_t)meta->judged);
	return database_step(s->put_meta, "storing the file's state", why);
}

int store_get_holders(struct store *s, uint16_t table, uint32_t row, struct span *out,
		      struct why *why)
{
	int code;

	(void)sqlite3_reset(s->get_holders);
	(void)sqlite3_bind_int64(s->get_holders, 1, layout_holders_id(table, row));
	code = sqlite3_step(s->get_holders);
	if (code == SQLITE_ROW) {
		*out = database_blob(s->get_holders, 0);
		return 0;
	}
	if (code == SQLITE_DONE) {
		(void)sqlite3_reset(s->get_holders);
		*out = (struct span){ NULL, 0 };
		return 0;
	}
	code = database_error(s->db, "reading a row's holders", why);
	(void)sqlite3_reset(s->get_holders);
	return code;
}

int store_put_holders(struct store *s, uint16_t table, uint32_t row, struct span packed,
		      struct why *why)
{
	sqlite3_stmt *statement = packed.len > 0 ? s->put_holders : s->drop_holders;

	(void)sqlite3_reset(s->get_holders);
	(void)sqlite3_bind_int64(statement, 1, layout_holders_id(table, row));
	if (packed.len > 0) {
		database_bind_blob(statement, 2, packed);
	}
	return database_step(statement, "storing a row's holders", why);
}
