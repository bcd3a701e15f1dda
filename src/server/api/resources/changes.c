/* changes.c - the whole tenant's changes. */
#include "server/api/changes.h"
#include "server/api/asset_find.h"
#include "server/api/call.h"

static void get(struct call *call)
{
	struct view *view;

	if (call_view(call, &view)) {
		changes_answer(call, view, NULL, NULL);
	}
}

const struct resource resource_changes = {
	.path = "/api/v1/changes",
	.summary = "Changes of the whole tenant, newest first",
	.operations = { { "GET", RESOURCE_READ, "before limit", get } },
};
