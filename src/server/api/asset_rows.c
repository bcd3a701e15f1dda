/* asset_rows.c - writing assets. */
#include "server/api/asset_rows.h"

#include <stdio.h>

#include "base/attr.h"

static const struct {
	const char *name;
	enum { AS_TEXT, AS_JSON, AS_INTEGER, AS_BOOLEAN, AS_TIME } as;
} members[] = {
	{ "id", AS_TEXT },         { "name", AS_TEXT },      { "os", AS_TEXT },
	{ "addresses", AS_JSON },  { "sensor", AS_TEXT },    { "is_connected", AS_BOOLEAN },
	{ "first_seen", AS_TIME }, { "last_seen", AS_TIME }, { "rows", AS_INTEGER },
	{ "tags", AS_JSON },       { "kind", AS_TEXT },      { "gone", AS_TIME },
};

static void write_member(struct emit *j, size_t i, const struct view_value *value)
{
	emit_key(j, members[i].name);
	if (value->kind == VIEW_TEXT && members[i].as == AS_JSON) {
		emit_raw(j, value->bytes);
	} else if (value->kind == VIEW_TEXT) {
		emit_span(j, value->bytes);
	} else if (value->kind != VIEW_INTEGER) {
		emit_null(j);
	} else if (members[i].as == AS_BOOLEAN) {
		emit_boolean(j, value->integer != 0);
	} else if (members[i].as == AS_TIME) {
		emit_time(j, value->integer);
	} else {
		emit_integer(j, value->integer);
	}
}

bool asset_rows_write(void *context, size_t count, const char *const *names,
		      const struct view_value *values)
{
	struct asset_rows *rows = context;

	(void)names;
	if (values == NULL || count != COUNT_OF(members)) {
		return true;
	}
	if (rows->count == rows->max) {
		rows->has_more = true;
		return false;
	}
	rows->count++;
	emit_object(rows->json);
	for (size_t i = 0; i < count; i++) {
		write_member(rows->json, i, &values[i]);
	}
	if (!rows->is_open) {
		emit_object_end(rows->json);
	}
	snprintf(rows->last_id, sizeof rows->last_id, "%.*s", (int)values[0].bytes.len,
		 (const char *)values[0].bytes.ptr);
	return true;
}
