/*
 * asset_tables.c - read from the asset's own chain of changes and its sets.
 *
 * The digest is summed up anew from the rows' hashes, so that what is shown is a fact about what
 * the file holds, and not a copy of what the writer once believed.
 */
#include "server/store/sqlite/asset_tables.h"

#include "base/error.h"
#include "schema/schema.h"
#include "server/store/sqlite/database.h"

/* Entries of the chain that are walked; a table that did not change in so many is said to have
 * changed with the oldest of them. */
#define WALK_MAX 50000

struct walked {
	int64_t changed_ms[SCHEMA_TABLES_MAX];
	bool is_found[SCHEMA_TABLES_MAX];
	int64_t oldest_ms;
};

static size_t table_count(void)
{
	size_t count = 0;

	while (schema_tables[count] != NULL) {
		count++;
	}
	return count;
}

static int walk(struct snapshot *s, uint32_t asset, struct walked *w)
{
	size_t missing = table_count();
	unsigned entries = 0;
	uint64_t no;
	int error = snapshot_asset_newest(s, asset, &no);

	while (error == 0 && no > 0 && missing > 0) {
		struct store_change change;

		error = snapshot_change(s, no, &change);
		if (error != 0) {
			return error;
		}
		if (!w->is_found[change.table]) {
			w->is_found[change.table] = true;
			w->changed_ms[change.table] = change.at_ms;
			missing--;
		}
		w->oldest_ms = change.at_ms;
		no = change.previous;
		if (++entries == WALK_MAX) {
			return 0;
		}
	}
	return error;
}

/* Adds the hashes of the rows of one run. */
static int add_run(struct snapshot *s, sqlite3_stmt *hashes, const struct packed_run *run,
		   struct digest *digest)
{
	int code;

	(void)sqlite3_reset(hashes);
	(void)sqlite3_bind_int64(hashes, 1, run->first);
	(void)sqlite3_bind_int64(hashes, 2, run->last);
	while ((code = sqlite3_step(hashes)) == SQLITE_ROW) {
		struct span bytes = database_blob(hashes, 0);
		struct rowhash hash;

		if (bytes.len != sizeof hash.bytes) {
			return why_set(&s->why, ERR_MALFORMED, "the inventory's file is damaged");
		}
		for (size_t i = 0; i < sizeof hash.bytes; i++) {
			hash.bytes[i] = bytes.ptr[i];
		}
		digest_add(digest, &hash);
	}
	return code == SQLITE_DONE ? 0 : database_error(s->db, "reading hashes", &s->why);
}

static int sum_up(struct snapshot *s, const struct table *table, struct span set,
		  struct view_asset_table *out)
{
	char *sql = sqlite3_mprintf("SELECT _hash FROM \"_rows_%w\" WHERE _row BETWEEN ? AND ?",
				    table->name);
	struct packed_reader r = packed_over(set);
	struct digest digest = { 0 };
	sqlite3_stmt *hashes = NULL;
	struct packed_run run;
	int error = sql == NULL ? ERR_LIMIT : database_prepare(s->db, sql, &hashes, &s->why);

	sqlite3_free(sql);
	out->rows = 0;
	while (error == 0 && packed_next(&r, &run)) {
		out->rows += (uint64_t)run.last - run.first + 1;
		error = add_run(s, hashes, &run, &digest);
	}
	(void)sqlite3_finalize(hashes);
	digest_to_bytes(digest, out->digest);
	return error;
}

int asset_tables_read(struct snapshot *s, struct span asset_id, view_table *each, void *context)
{
	struct walked walked = { 0 };
	bool is_wanted = true;
	uint32_t asset = 0;
	int error = snapshot_asset(s, asset_id, &asset);

	if (error == 0 && asset == 0) {
		return why_set(&s->why, ERR_NOT_FOUND, "there is no such asset");
	}
	if (error == 0) {
		error = walk(s, asset, &walked);
	}
	for (size_t i = 0; error == 0 && is_wanted && schema_tables[i] != NULL; i++) {
		const struct table *table = schema_tables[i];
		struct view_asset_table out = { .table = table };
		struct packed_writer set;

		out.changed_ms = walked.is_found[table->number] ? walked.changed_ms[table->number]
								: walked.oldest_ms;
		packed_init(&set);
		error = snapshot_set(s, asset, table->number, SNAPSHOT_NOW, &set);
		if (error == 0) {
			error = sum_up(s, table, packed_end(&set), &out);
		}
		packed_free(&set);
		/* a table that was never heard of is left out */
		if (error == 0 && (walked.is_found[table->number] || out.rows > 0)) {
			is_wanted = each(context, &out);
		}
	}
	return error;
}
