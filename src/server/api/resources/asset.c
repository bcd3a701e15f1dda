/* asset.c - one asset and its tables. */
#include "base/error.h"
#include "schema/schema.h"
#include "server/api/asset_find.h"
#include "server/api/asset_rows.h"
#include "server/api/call.h"
#include "server/inventory/view.h"

#define TIMEOUT_MS 5000

static bool write_table(void *context, const struct view_asset_table *table)
{
	struct emit *j = context;

	emit_object(j);
	emit_key(j, "name");
	emit_text(j, table->table->name);
	emit_key(j, "summary");
	emit_text(j, table->table->summary);
	emit_key(j, "rows");
	emit_integer(j, (int64_t)table->rows);
	emit_key(j, "digest");
	emit_hex(j, (struct span){ table->digest, sizeof table->digest });
	emit_key(j, "changed_at");
	emit_time(j, table->changed_ms);
	emit_object_end(j);
	return true;
}

static void get(struct call *call)
{
	const struct view_limits limits = { .timeout_ms = TIMEOUT_MS };
	struct asset_rows rows = { .json = &call->json, .max = 1, .is_open = true };
	char id[ASSET_ID_SIZE];
	struct why why = { 0 };
	struct view *view;
	int error;

	if (!asset_find(call, call->route.captures[0], &view, id)) {
		return;
	}
	error = view_query(view, span_of(ASSET_ROWS_SELECT "WHERE id = ?1"),
			   (const struct view_value[]){ view_text(id) }, 1, &limits,
			   asset_rows_write, &rows, NULL, &why);
	if (error == 0 && rows.count == 0) {
		error = why_set(&why, ERR_NOT_FOUND, "there is no asset '%s'", id);
	}
	if (error == 0) {
		emit_key(&call->json, "tables");
		emit_array(&call->json);
		error = view_asset_tables(view, span_of(id), write_table, &call->json, &why);
	}
	if (error != 0) {
		call_fail_why(call, error, &why);
		return;
	}
	emit_array_end(&call->json);
	emit_object_end(&call->json);
	call_answer(call, 200);
}

const struct resource resource_asset = {
	.path = "/api/v1/assets/{id}",
	.summary = "One asset and its tables",
	.operations = { { "GET", RESOURCE_READ, "", get } },
};
