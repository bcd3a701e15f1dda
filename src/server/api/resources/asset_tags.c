/* asset_tags.c - an asset's tags: shown, replaced, added, removed. */
#include <stdio.h>

#include "server/api/asset_find.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/requests.h"
#include "server/inventory/view.h"

#define TIMEOUT_MS 5000

/* The most bytes of a list of tags, as JSON gives it and with one space between. */
#define TAGS_BYTES_MAX 8192

static bool write_tags(void *context, size_t count, const char *const *names,
		       const struct view_value *values)
{
	struct emit *j = context;

	(void)names;
	if (values != NULL && count == 1) {
		emit_key(j, "tags");
		emit_raw(j, values[0].bytes);
	}
	return true;
}

static void answer(struct call *call, struct view *view, const char *id)
{
	const struct view_limits limits = { .timeout_ms = TIMEOUT_MS };
	const struct view_value bound[] = { view_text(id) };
	struct why why = { 0 };
	int error;

	emit_object(&call->json);
	error = view_query(view, span_of("SELECT tags FROM assets WHERE id = ?1"), bound, 1,
			   &limits, write_tags, &call->json, NULL, &why);
	if (error != 0) {
		call_fail_why(call, error, &why);
		return;
	}
	emit_object_end(&call->json);
	call_answer(call, 200);
}

static void get(struct call *call)
{
	char id[ASSET_ID_SIZE];
	struct view *view;

	if (asset_find(call, call->route.captures[0], &view, id)) {
		answer(call, view, id);
	}
}

static void changed(struct call *call, const struct reply *reply)
{
	char id[ASSET_ID_SIZE];
	struct view *view;

	(void)reply;
	if (asset_find(call, call->route.captures[0], &view, id)) {
		answer(call, view, id);
	}
}

static void put(struct call *call)
{
	static const char *const members[] = { "tags", "add", "remove" };
	static const char *const names[] = { "set", "add", "remove" };
	char texts[COUNT_OF(members)][TAGS_BYTES_MAX];
	struct argument arguments[3 + COUNT_OF(members)];
	char id[ASSET_ID_SIZE];
	struct view *view;
	struct body body;
	bool is_good;
	bool is_given = false;
	size_t count = 0;

	if (!asset_find(call, call->route.captures[0], &view, id)) {
		return;
	}
	arguments[count++] = argument_text("tenant", call->tenant);
	arguments[count++] = argument_text("id", id);
	arguments[count++] = argument_text("actor", call->who.name);
	is_good = body_read(call, "tags add remove", &body);
	for (size_t i = 0; is_good && i < COUNT_OF(members); i++) {
		is_good = body_words(&body, members[i], texts[i], TAGS_BYTES_MAX, &is_given);
		if (is_good && is_given) {
			arguments[count++] = argument_text(names[i], texts[i]);
		}
	}
	body_done(&body);
	if (is_good) {
		requests_ask(call, "asset-tags", arguments, count, changed);
	}
}

const struct resource resource_asset_tags = {
	.path = "/api/v1/assets/{id}/tags",
	.summary = "An asset's tags",
	.operations = { { "GET", RESOURCE_READ, "", get }, { "PUT", RESOURCE_OPERATE, "", put } },
};
