/* asset_find.c - an exact id, then an exact name, then a beginning of an id. */
#include "server/api/asset_find.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "server/api/call.h"
#include "server/api/live.h"
#include "server/inventory/view.h"

/* Shortest beginning of an id. */
#define PREFIX_MIN 4

#define FIND_TIMEOUT_MS 2000

struct found {
	char id[ASSET_ID_SIZE];
	unsigned count;
};

static bool on_row(void *context, size_t count, const char *const *names,
		   const struct view_value *values)
{
	struct found *found = context;

	(void)names;
	if (values != NULL && count == 1 && values[0].kind == VIEW_TEXT) {
		snprintf(found->id, sizeof found->id, "%.*s", (int)values[0].bytes.len,
			 (const char *)values[0].bytes.ptr);
		found->count++;
	}
	return true;
}

static bool is_hex(const char *text)
{
	return strspn(text, "0123456789abcdef") == strlen(text);
}

static int ask(struct view *view, const char *sql, const char *text, struct found *out,
	       struct why *why)
{
	const struct view_limits limits = { .rows_max = 2, .timeout_ms = FIND_TIMEOUT_MS };
	const struct view_value bound[] = { view_text(text) };

	*out = (struct found){ 0 };
	return view_query(view, span_of(sql), bound, 1, &limits, on_row, out, NULL, why);
}

bool call_view(struct call *call, struct view **out)
{
	struct why why = { 0 };
	int error = live_view(call->api->live, call->tenant, out, &why);

	if (error != 0) {
		call_fail_why(call, error, &why);
	}
	return error == 0;
}

/* The ways to be found, in their order. */
struct ways {
	const char *what;
	const char *by_id;
	const char *by_name;
	const char
		*by_prefix; /* all that begins with it lies between it and it with a 'g' behind */
};

static bool find(struct call *call, struct view *view, const struct ways *ways, const char *text,
		 char out_id[ASSET_ID_SIZE])
{
	struct found found;
	struct why why = { 0 };
	int error = ask(view, ways->by_id, text, &found, &why);

	if (error == 0 && found.count == 0) {
		error = ask(view, ways->by_name, text, &found, &why);
	}
	if (error == 0 && found.count == 0 && strlen(text) >= PREFIX_MIN && is_hex(text)) {
		error = ask(view, ways->by_prefix, text, &found, &why);
	}
	if (error != 0) {
		call_fail_why(call, error, &why);
		return false;
	}
	if (found.count != 1) {
		call_fail(call, 404,
			  found.count == 0
				  ? "there is no %s '%s': give its id, at least 4 digits of it, "
				    "or its exact name"
				  : "more than one %s fits '%s': give the whole id",
			  ways->what, text);
		return false;
	}
	memcpy(out_id, found.id, ASSET_ID_SIZE);
	return true;
}

bool asset_find(struct call *call, const char *text, struct view **out_view,
		char out_id[ASSET_ID_SIZE])
{
	static const struct ways ways = {
		.what = "asset",
		.by_id = "SELECT id FROM assets WHERE id = ?1",
		.by_name = "SELECT id FROM assets WHERE name = ?1",
		.by_prefix = "SELECT id FROM assets WHERE id >= ?1 AND id < ?1 || 'g'",
	};

	return call_view(call, out_view) && find(call, *out_view, &ways, text, out_id);
}

bool sensor_find(struct call *call, const char *text, char out_id[ASSET_ID_SIZE])
{
	static const struct ways ways = {
		.what = "sensor",
		.by_id = "SELECT id FROM sensors WHERE id = ?1",
		.by_name = "SELECT id FROM sensors WHERE name = ?1",
		.by_prefix = "SELECT id FROM sensors WHERE id >= ?1 AND id < ?1 || 'g'",
	};
	struct view *view;

	return call_view(call, &view) && find(call, view, &ways, text, out_id);
}
