/* sensor_rows.c - the view's `sensors`. */
#include "server/api/sensor_rows.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "server/api/asset_find.h"
#include "server/api/call.h"
#include "server/inventory/view.h"

#define TIMEOUT_MS 5000

#define COLUMNS                                                                                    \
	"SELECT id, kind, asset, name, version, address, is_connected, is_revoked, enrolled_at, "  \
	"last_seen, certificate_not_after FROM sensors "

static const struct {
	const char *name;
	enum { AS_TEXT, AS_BOOLEAN, AS_TIME } as;
} members[] = {
	{ "id", AS_TEXT },
	{ "kind", AS_TEXT },
	{ "asset", AS_TEXT },
	{ "name", AS_TEXT },
	{ "version", AS_TEXT },
	{ "address", AS_TEXT },
	{ "is_connected", AS_BOOLEAN },
	{ "is_revoked", AS_BOOLEAN },
	{ "enrolled_at", AS_TIME },
	{ "last_seen", AS_TIME },
	{ "certificate_not_after", AS_TIME },
};

struct writing {
	struct emit *json;
	unsigned count;
};

static bool write_sensor(void *context, size_t count, const char *const *names,
			 const struct view_value *values)
{
	struct writing *writing = context;
	struct emit *j = writing->json;

	(void)names;
	if (values == NULL || count != COUNT_OF(members)) {
		return true;
	}
	writing->count++;
	emit_object(j);
	for (size_t i = 0; i < count; i++) {
		emit_key(j, members[i].name);
		if (values[i].kind == VIEW_TEXT) {
			emit_span(j, values[i].bytes);
		} else if (values[i].kind != VIEW_INTEGER) {
			emit_null(j);
		} else if (members[i].as == AS_BOOLEAN) {
			emit_boolean(j, values[i].integer != 0);
		} else {
			emit_time(j, values[i].integer);
		}
	}
	emit_object_end(j);
	return true;
}

static int write_sensors(struct view *view, const char *sql, const char *id,
			 struct writing *writing, struct why *why)
{
	const struct view_limits limits = { .timeout_ms = TIMEOUT_MS };
	const struct view_value bound[] = { view_text(id) };

	return view_query(view, span_of(sql), bound, 1, &limits, write_sensor, writing, NULL, why);
}

void sensor_rows_answer_one(struct call *call, const char *id)
{
	struct writing writing = { .json = &call->json };
	struct why why = { 0 };
	struct view *view;
	int error;

	if (!call_view(call, &view)) {
		return;
	}
	error = write_sensors(view, COLUMNS "WHERE id = ?1", id, &writing, &why);
	if (error != 0) {
		call_fail_why(call, error, &why);
	} else if (writing.count == 0) {
		call_fail(call, 404, "there is no sensor '%s'", id);
	} else {
		call_answer(call, 200);
	}
}

void sensor_rows_answer_all(struct call *call)
{
	struct writing writing = { .json = &call->json };
	struct why why = { 0 };
	struct view *view;
	int error;

	if (!call_view(call, &view)) {
		return;
	}
	emit_object(&call->json);
	emit_key(&call->json, "items");
	emit_array(&call->json);
	error = write_sensors(view, COLUMNS "WHERE ?1 = ?1 ORDER BY name, id", "", &writing, &why);
	if (error != 0) {
		call_fail_why(call, error, &why);
		return;
	}
	emit_array_end(&call->json);
	emit_object_end(&call->json);
	call_answer(call, 200);
}
