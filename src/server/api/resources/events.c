/* events.c - what happened, newest first. */
#include "server/api/events.h"

#include "schema/schema.h"
#include "server/api/asset_find.h"
#include "server/api/call.h"

#define PAGE_TIMEOUT_MS 5000

struct page {
	struct emit *json;
	int64_t limit;
	int64_t count;
	int64_t oldest;
	bool has_more;
};

static bool write_event(void *context, const struct event *event)
{
	struct page *page = context;

	if (page->count >= page->limit) {
		page->has_more = true;
		return false;
	}
	page->count++;
	page->oldest = event->no;
	event_write(page->json, event);
	return true;
}

/* What the query's parameters ask for; asset has room for an id. False where it has answered. */
static bool read_range(struct call *call, struct events_range *range, char asset[ASSET_ID_SIZE],
		       char kind[CALL_TEXT_SIZE])
{
	char text[CALL_TEXT_SIZE];
	struct view *view;
	bool has_since;
	bool has_until;
	int64_t since_ms;
	int64_t until_ms;

	if (!call_text(call, "asset", text) || !call_event_kind(call, "kind", kind) ||
	    !call_time(call, "since", &since_ms, &has_since) ||
	    !call_time(call, "until", &until_ms, &has_until) ||
	    !call_integer(call, "before", 1, INT64_MAX, 0, &range->before) ||
	    (text[0] != '\0' && !asset_find(call, text, &view, asset))) {
		return false;
	}
	range->asset = text[0] != '\0' ? asset : NULL;
	range->kind = kind[0] != '\0' ? kind : NULL;
	range->since_ms = has_since ? since_ms : range->since_ms;
	range->until_ms = has_until ? until_ms : range->until_ms;
	return true;
}

static void get(struct call *call)
{
	struct events_range range = events_range_all();
	struct page page = { .json = &call->json };
	char asset[ASSET_ID_SIZE];
	char kind[CALL_TEXT_SIZE];
	struct why why = { 0 };
	struct view *view;
	int error;

	range.is_newest_first = true;
	range.timeout_ms = PAGE_TIMEOUT_MS;
	if (!read_range(call, &range, asset, kind) || !call_limit(call, &page.limit) ||
	    !call_view(call, &view)) {
		return;
	}
	emit_object(&call->json);
	emit_key(&call->json, "items");
	emit_array(&call->json);
	error = events_read(view, &range, write_event, &page, &why);
	if (error != 0) {
		call_fail_why(call, error, &why);
		return;
	}
	call_answer_page(call, page.has_more, page.oldest);
}

const struct resource resource_events = {
	.path = "/api/v1/events",
	.summary = "What happened, newest first",
	.operations = { { "GET", RESOURCE_READ, "asset kind since until before limit", get } },
};
