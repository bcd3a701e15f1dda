/* loader.c - walking all records of a kind, when the inventory opens. */
#include "base/error.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "server/store/sqlite/json.h"
#include "server/store/sqlite/layout.h"
#include "server/store/sqlite/rowtext.h"
#include "server/store/sqlite/writer.h"

/* Takes one record off a statement that stands on a row. */
typedef int take_record(sqlite3_stmt *statement, const void *each, void *context);

/* The callbacks differ in type: each take_record knows its own, behind this. */
struct walk {
	take_record *take;
	const void *each;
	void *context;
};

static int walk(struct store *s, sqlite3_stmt *statement, const struct walk *w, struct why *why)
{
	int error = 0;
	int code;

	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		error = w->take(statement, w->each, w->context);
		if (error != 0) {
			why_set(why, error, "the file's records contradict each other: %s",
				sqlite3_sql(statement));
			break;
		}
	}
	if (error == 0 && code != SQLITE_DONE) {
		error = database_error(s->db, "reading the file", why);
	}
	(void)sqlite3_finalize(statement);
	return error;
}

static int walk_sql(struct store *s, const char *sql, const struct walk *w, struct why *why)
{
	sqlite3_stmt *statement;
	int error = database_prepare(s->db, sql, &statement, why);

	return error == 0 ? walk(s, statement, w, why) : error;
}

/* Copies a text into a fixed field; too long a one is cut. */
static void copy_text(sqlite3_stmt *statement, int column, char *out, size_t size)
{
	struct span text = span_first(database_text(statement, column), size - 1);

	mem_copy(out, text.ptr, text.len);
	out[text.len] = '\0';
}

struct each_row {
	int (*call)(void *context, uint32_t number, const struct rowhash *hash);
};

static int take_row(sqlite3_stmt *statement, const void *each, void *context)
{
	int64_t number = sqlite3_column_int64(statement, 0);
	struct span bytes = database_blob(statement, 1);
	struct rowhash hash;

	if (number < 0 || number >= UINT32_MAX || bytes.len != sizeof hash.bytes) {
		return ERR_MALFORMED;
	}
	mem_copy(hash.bytes, bytes.ptr, bytes.len);
	return ((const struct each_row *)each)->call(context, (uint32_t)number, &hash);
}

int store_each_row(struct store *s, const struct table *table,
		   int (*each)(void *context, uint32_t number, const struct rowhash *hash),
		   void *context, struct why *why)
{
	struct each_row call = { each };
	struct walk w = { take_row, &call, context };
	char *sql =
		sqlite3_mprintf("SELECT _row, _hash FROM \"_rows_%w\" ORDER BY _row", table->name);
	int error = sql == NULL ? ERR_LIMIT : walk_sql(s, sql, &w, why);

	sqlite3_free(sql);
	return error;
}

struct each_set {
	int (*call)(void *context, const struct store_set *set);
};

static int take_set(sqlite3_stmt *statement, const void *each, void *context)
{
	int64_t id = sqlite3_column_int64(statement, 0);
	struct span digest = database_blob(statement, 4);
	struct store_set set = {
		.asset = layout_set_asset(id),
		.table = layout_set_table(id),
		.seq = (uint64_t)sqlite3_column_int64(statement, 1),
		.count = (uint64_t)sqlite3_column_int64(statement, 2),
		.upto = (uint64_t)sqlite3_column_int64(statement, 3),
	};

	if (digest.len != ROWHASH_SIZE) {
		return ERR_MALFORMED;
	}
	set.digest = digest_from_bytes(digest.ptr);
	set.packed = database_blob(statement, 5);
	return ((const struct each_set *)each)->call(context, &set);
}

int store_each_set(struct store *s, int (*each)(void *context, const struct store_set *set),
		   void *context, struct why *why)
{
	struct each_set call = { each };
	struct walk w = { take_set, &call, context };

	return walk_sql(s, "SELECT id, seq, count, upto, digest, packed FROM _sets ORDER BY id", &w,
			why);
}

struct each_change {
	int (*call)(void *context, const struct store_change *change);
};

static int take_change(sqlite3_stmt *statement, const void *each, void *context)
{
	int64_t asset = sqlite3_column_int64(statement, 3);
	int64_t table = sqlite3_column_int64(statement, 4);
	struct store_change change = {
		.no = (uint64_t)sqlite3_column_int64(statement, 0),
		.at_ms = sqlite3_column_int64(statement, 1),
		.observed_ms = sqlite3_column_int64(statement, 2),
		.asset = (uint32_t)asset,
		.table = (uint16_t)table,
		.seq = (uint64_t)sqlite3_column_int64(statement, 5),
		.previous = (uint64_t)sqlite3_column_int64(statement, 6),
		.removed = database_blob(statement, 7),
		.added = database_blob(statement, 8),
	};

	if (asset != change.asset || table != change.table) {
		return ERR_MALFORMED;
	}
	return ((const struct each_change *)each)->call(context, &change);
}

int store_each_change(struct store *s, uint64_t after,
		      int (*each)(void *context, const struct store_change *change), void *context,
		      struct why *why)
{
	struct each_change call = { each };
	struct walk w = { take_change, &call, context };
	sqlite3_stmt *statement;
	int error = database_prepare(s->db,
				     "SELECT no, at, observed_at, asset, tbl, seq, previous, "
				     "removed, added FROM _changes WHERE no > ? ORDER BY no",
				     &statement, why);

	if (error != 0) {
		return error;
	}
	(void)sqlite3_bind_int64(statement, 1, (int64_t)after);
	return walk(s, statement, &w, why);
}

struct each_asset {
	int (*call)(void *context, const struct store_asset *asset);
};

static int take_asset(sqlite3_stmt *statement, const void *each, void *context)
{
	struct store_asset asset = {
		.number = (uint32_t)sqlite3_column_int64(statement, 0),
		.first_seen_ms = sqlite3_column_int64(statement, 2),
		.newest = (uint64_t)sqlite3_column_int64(statement, 3),
	};

	copy_text(statement, 1, asset.id, sizeof asset.id);
	return ((const struct each_asset *)each)->call(context, &asset);
}

int store_each_asset(struct store *s, int (*each)(void *context, const struct store_asset *asset),
		     void *context, struct why *why)
{
	struct each_asset call = { each };
	struct walk w = { take_asset, &call, context };

	return walk_sql(s, "SELECT asset, id, first_seen, newest FROM _assets ORDER BY asset", &w,
			why);
}

static bool copy_hash(sqlite3_stmt *statement, int column, uint8_t out[SHA256_SIZE])
{
	struct span bytes = database_blob(statement, column);

	if (bytes.len != SHA256_SIZE) {
		return false;
	}
	mem_copy(out, bytes.ptr, bytes.len);
	return true;
}

struct each_sensor {
	int (*call)(void *context, const struct inventory_sensor *sensor);
};

static int take_sensor(sqlite3_stmt *statement, const void *each, void *context)
{
	struct inventory_sensor sensor = {
		.is_connected = sqlite3_column_int(statement, 4) != 0,
		.is_revoked = sqlite3_column_int(statement, 5) != 0,
		.enrolled_ms = sqlite3_column_int64(statement, 6),
		.last_seen_ms = sqlite3_column_int64(statement, 7),
		.certificate_not_after_ms = sqlite3_column_int64(statement, 8),
		.is_policed = sqlite3_column_int(statement, 11) != 0,
		.silent_since_ms = sqlite3_column_int64(statement, 13),
		.busy_table = (uint16_t)sqlite3_column_int(statement, 14),
		.duplicated_ms = sqlite3_column_int64(statement, 16),
	};
	struct span policy = database_blob(statement, 12);

	if (policy.len == sizeof sensor.policy) {
		mem_copy(sensor.policy, policy.ptr, policy.len);
	}
	copy_text(statement, 15, sensor.clone_of, sizeof sensor.clone_of);
	copy_text(statement, 17, sensor.duplicates, sizeof sensor.duplicates);
	if (!copy_hash(statement, 9, sensor.key_hash) ||
	    !copy_hash(statement, 10, sensor.previous_key_hash)) {
		return ERR_MALFORMED;
	}
	copy_text(statement, 0, sensor.id, sizeof sensor.id);
	copy_text(statement, 1, sensor.kind, sizeof sensor.kind);
	copy_text(statement, 2, sensor.version, sizeof sensor.version);
	copy_text(statement, 3, sensor.address, sizeof sensor.address);
	return ((const struct each_sensor *)each)->call(context, &sensor);
}

int store_each_sensor(struct store *s,
		      int (*each)(void *context, const struct inventory_sensor *sensor),
		      void *context, struct why *why)
{
	struct each_sensor call = { each };
	struct walk w = { take_sensor, &call, context };

	return walk_sql(s,
			"SELECT id, kind, version, address, is_connected, is_revoked, enrolled, "
			"last_seen, not_after, key_hash, previous_key_hash, is_policed, policy, "
			"silent_since, busy_table, clone_of, duplicated, duplicates FROM _sensors "
			"ORDER BY id",
			&w, why);
}

int store_get_meta(struct store *s, struct store_meta *out, struct why *why)
{
	struct store_meta meta = { 0, 0, 0 };
	int64_t value = 0;
	int error = database_number(s->db, "SELECT value FROM _meta WHERE key='tail_start'", 0,
				    &value, why);

	meta.tail_start = (uint64_t)value;
	if (error == 0) {
		error = database_number(s->db, "SELECT value FROM _meta WHERE key='disagreements'",
					0, &value, why);
		meta.disagreements = (uint64_t)value;
	}
	if (error == 0) {
		error = database_number(s->db, "SELECT value FROM _meta WHERE key='judged'", 0,
					&value, why);
		meta.judged = (uint64_t)value;
	}
	if (error == 0) {
		*out = meta;
	}
	return error;
}

static int prepare_get_row(struct store *s, const struct table *table, struct why *why)
{
	sqlite3_str *sql = sqlite3_str_new(s->db);
	char *text;
	int error;

	sqlite3_str_appendall(sql, "SELECT ");
	layout_columns(table, sql);
	sqlite3_str_appendf(sql, " FROM \"_rows_%w\" WHERE _row=?", table->name);
	text = sqlite3_str_finish(sql);
	error = text == NULL ? ERR_LIMIT
			     : database_prepare(s->db, text, &s->get_row[table->number], why);
	sqlite3_free(text);
	return error;
}

/* Lists are JSON in the file. */
static int load_lists(struct store *s, sqlite3_stmt *statement, const struct table *table,
		      struct row *out)
{
	struct buffer *lists = &s->row_lists[table->number];
	size_t size = 0;
	uint8_t *room;
	struct writer w;

	for (size_t c = 0; c < table->column_count; c++) {
		if (table->columns[c].type == COLUMN_LIST) {
			size += database_text(statement, (int)c).len + 16;
		}
	}
	if (size == 0) {
		return 0;
	}
	buffer_clear(lists);
	room = buffer_reserve(lists, size);
	if (room == NULL) {
		return ERR_LIMIT;
	}
	w = writer_over(room, size);
	for (size_t c = 0; c < table->column_count; c++) {
		if (table->columns[c].type == COLUMN_LIST &&
		    sqlite3_column_type(statement, (int)c) != SQLITE_NULL) {
			out->values[c] = json_read_list(database_text(statement, (int)c), &w);
		}
	}
	return writer_ok(&w) ? 0 : ERR_MALFORMED;
}

int store_get_row(struct store *s, const struct table *table, uint32_t number, struct row *out,
		  struct why *why)
{
	sqlite3_stmt *statement;
	int error = 0;
	int code;

	if (s->get_row[table->number] == NULL) {
		error = prepare_get_row(s, table, why);
	}
	if (error != 0) {
		return error;
	}
	statement = s->get_row[table->number];
	(void)sqlite3_reset(statement);
	(void)sqlite3_bind_int64(statement, 1, number);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		rowtext_load(statement, table, out);
		error = load_lists(s, statement, table, out);
		return error == 0 ? 0 : why_set(why, error, "a row's list is damaged");
	}
	error = code == SQLITE_DONE ? why_set(why, ERR_NOT_FOUND, "there is no such row")
				    : database_error(s->db, "reading a row", why);
	(void)sqlite3_reset(statement);
	return error;
}

void store_rest(struct store *s)
{
	for (unsigned t = 0; t < SCHEMA_TABLES_MAX; t++) {
		if (s->get_row[t] != NULL) {
			(void)sqlite3_reset(s->get_row[t]);
		}
	}
}
