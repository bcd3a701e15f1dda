/* asset_history.c - an asset's changes. */
#include "server/api/asset_find.h"
#include "server/api/call.h"
#include "server/api/changes.h"

static void get(struct call *call)
{
	char id[ASSET_ID_SIZE];
	char name[CALL_TEXT_SIZE];
	const struct table *table;
	struct view *view;

	if (call_text(call, "table", name) && call_table(call, name, 400, &table) &&
	    asset_find(call, call->route.captures[0], &view, id)) {
		changes_answer(call, view, id, table != NULL ? name : NULL);
	}
}

const struct resource resource_asset_history = {
	.path = "/api/v1/assets/{id}/history",
	.summary = "An asset's changes, newest first",
	.operations = { { "GET", RESOURCE_READ, "table before limit", get } },
};
