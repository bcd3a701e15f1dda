/* sensor_revoke.c - cutting a sensor off. */
#include <stdio.h>

#include "server/api/asset_find.h"
#include "server/api/call.h"
#include "server/api/requests.h"
#include "server/api/sensor_rows.h"

static void revoked(struct call *call, const struct reply *reply)
{
	struct span id;
	char text[ASSET_ID_SIZE];

	if (arguments_text(&reply->result, "id", &id) != 0 || id.len >= sizeof text) {
		call_fail(call, 503, "the engine's answer lacks the id; are both of one version?");
		return;
	}
	snprintf(text, sizeof text, "%.*s", (int)id.len, (const char *)id.ptr);
	sensor_rows_answer_one(call, text);
}

static void post(struct call *call)
{
	char id[ASSET_ID_SIZE];

	if (sensor_find(call, call->route.captures[0], id)) {
		const struct argument arguments[] = {
			argument_text("tenant", call->tenant),
			argument_text("id", id),
			argument_text("actor", call->who.name),
		};

		requests_ask(call, "sensor-revoke", arguments, COUNT_OF(arguments), revoked);
	}
}

const struct resource resource_sensor_revoke = {
	.path = "/api/v1/sensors/{id}/revoke",
	.summary = "Cut a sensor off at once and for good",
	.operations = { { "POST", RESOURCE_OPERATE, "", post } },
};
