/* stream.c - changes as they are committed (Server-Sent Events). */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "schema/schema.h"
#include "server/api/asset_find.h"
#include "server/api/call.h"
#include "server/api/live.h"

/* Last-Event-ID is what we sent as id: NO.INDEX. False where it has answered. */
static bool read_last_event(struct call *call, int64_t *out_no, int64_t *out_index)
{
	const char *header = http_request_header(call->http, "Last-Event-ID");
	struct span text = span_of(header);
	struct span no = span_first(text, span_find(text, '.'));
	struct span index = span_after(text, no.len + 1);

	if (header == NULL || text.len == 0) {
		return true;
	}
	if (text_to_i64(no, out_no) != 0 || *out_no < 0 ||
	    (index.len > 0 && text_to_i64(index, out_index) != 0)) {
		call_fail(call, 400,
			  "Last-Event-ID must be the id of an event of this stream, NO.INDEX");
		return false;
	}
	if (index.len == 0) {
		*out_index = INT64_MAX;
	}
	return true;
}

/* Which events, if any; "all" or a kind. */
static bool read_events(struct call *call, struct live_filter *filter, int64_t *out_after)
{
	char kind[CALL_TEXT_SIZE];
	bool has_changes;

	if (!call_text(call, "events", kind) ||
	    (strcmp(kind, "all") != 0 && !call_event_kind(call, "events", kind)) ||
	    !call_boolean(call, "changes", true, &has_changes) ||
	    !call_integer(call, "after_event", 0, INT64_MAX, -1, out_after)) {
		return false;
	}
	snprintf(filter->events, sizeof filter->events, "%s", kind);
	filter->is_without_changes = !has_changes;
	return true;
}

static void get(struct call *call)
{
	struct live_filter filter = { 0 };
	struct live_start start = { .after_index = INT64_MAX };
	char asset[CALL_TEXT_SIZE];
	char name[CALL_TEXT_SIZE];
	const struct table *table;
	struct view *view;

	if (!call_text(call, "table", name) || !call_table(call, name, 400, &table) ||
	    !call_text(call, "asset", asset) || !read_events(call, &filter, &start.after_event) ||
	    !call_integer(call, "after", 0, INT64_MAX, -1, &start.after_no) ||
	    !read_last_event(call, &start.after_no, &start.after_index)) {
		return;
	}
	if (asset[0] != '\0' && !asset_find(call, asset, &view, filter.asset)) {
		return;
	}
	if (table != NULL) {
		snprintf(filter.table, sizeof filter.table, "%s", table->name);
	}
	live_stream(call->api->live, call, &filter, &start);
}

const struct resource resource_stream = {
	.path = "/api/v1/stream",
	.summary = "Changes and events as they are committed",
	.operations = { { "GET", RESOURCE_READ, "table asset after events changes after_event",
			  get } },
};
