/* asset_table.c - an asset's rows of one table, now or as they were. */
#include <stdio.h>

#include "base/writer.h"
#include "schema/schema.h"
#include "server/api/asset_find.h"
#include "server/api/call.h"
#include "server/api/rows.h"
#include "server/inventory/view.h"

#define TIMEOUT_MS 10000

/* More than this is for POST /api/v1/query, which has a process of its own. */
#define ROWS_MAX 100000

struct writing {
	struct emit *json;
	const struct table *table;
};

static bool write_row(void *context, size_t count, const char *const *names,
		      const struct view_value *values)
{
	const struct writing *writing = context;

	(void)names;
	if (values == NULL || count != writing->table->column_count) {
		return true;
	}
	emit_array(writing->json);
	for (size_t i = 0; i < count; i++) {
		rows_write_value(writing->json, writing->table->columns[i].type, &values[i]);
	}
	emit_array_end(writing->json);
	return true;
}

static void write_columns(struct emit *j, const struct table *table)
{
	emit_key(j, "table");
	emit_text(j, table->name);
	emit_key(j, "columns");
	emit_array(j);
	for (size_t i = 0; i < table->column_count; i++) {
		emit_text(j, table->columns[i].name);
	}
	emit_array_end(j);
}

/* Names come from the schema alone; what is asked for is bound. */
static void write_sql(const struct table *table, bool is_past, struct writer *sql)
{
	writer_text(sql, "SELECT ");
	for (size_t i = 0; i < table->column_count; i++) {
		writer_text(sql, i > 0 ? ", \"" : "\"");
		writer_text(sql, table->columns[i].name);
		writer_text(sql, "\"");
	}
	writer_text(sql, " FROM \"");
	writer_text(sql, table->name);
	writer_text(sql, is_past ? "\" WHERE asset = ?1 AND at = ?2" : "\" WHERE asset = ?1");
	for (size_t i = 0, keys = 0; i < table->column_count; i++) {
		if ((table->columns[i].flags & COLUMN_KEY) != 0) {
			writer_text(sql, keys++ > 0 ? ", \"" : " ORDER BY \"");
			writer_text(sql, table->columns[i].name);
			writer_text(sql, "\"");
		}
	}
}

static void answer(struct call *call, const struct table *table, struct view *view, const char *id,
		   const int64_t *at_ms)
{
	const struct view_value bound[] = { view_text(id),
					    view_integer(at_ms != NULL ? *at_ms : 0) };
	const struct view_limits limits = { .rows_max = ROWS_MAX, .timeout_ms = TIMEOUT_MS };
	struct writing writing = { .json = &call->json, .table = table };
	char text[4096];
	struct writer sql = writer_over((uint8_t *)text, sizeof text);
	bool is_truncated = false;
	struct why why = { 0 };
	int error;

	write_sql(table, at_ms != NULL, &sql);
	emit_object(&call->json);
	write_columns(&call->json, table);
	emit_key(&call->json, "rows");
	emit_array(&call->json);
	error = view_query(view, writer_span(&sql), bound, at_ms != NULL ? 2 : 1, &limits,
			   write_row, &writing, &is_truncated, &why);
	if (error != 0) {
		call_fail_why(call, error, &why);
		return;
	}
	if (is_truncated) {
		call_fail(call, 400,
			  "this asset holds more than %d rows of %s: use POST /api/v1/query with a "
			  "WHERE",
			  ROWS_MAX, table->name);
		return;
	}
	emit_array_end(&call->json);
	emit_object_end(&call->json);
	call_answer(call, 200);
}

static void get(struct call *call)
{
	char id[ASSET_ID_SIZE];
	const struct table *table;
	struct view *view;
	int64_t at_ms;
	bool is_past;

	if (call_time(call, "at", &at_ms, &is_past) &&
	    call_table(call, call->route.captures[1], 404, &table) &&
	    asset_find(call, call->route.captures[0], &view, id)) {
		answer(call, table, view, id, is_past ? &at_ms : NULL);
	}
}

const struct resource resource_asset_table = {
	.path = "/api/v1/assets/{id}/tables/{table}",
	.summary = "An asset's rows of one table, now or as they were",
	.operations = { { "GET", RESOURCE_READ, "at", get } },
};
