/* asset_policy.c - what applies to one asset. */
#include "server/api/asset_find.h"
#include "server/api/call.h"
#include "server/api/policies.h"

static void get(struct call *call)
{
	char id[ASSET_ID_SIZE];
	struct view *view;

	if (asset_find(call, call->route.captures[0], &view, id)) {
		policies_answer_effective(call, view, id);
	}
}

const struct resource resource_asset_policy = {
	.path = "/api/v1/assets/{id}/policy",
	.summary = "The policy that applies to one asset",
	.operations = { { "GET", RESOURCE_READ, "", get } },
};
