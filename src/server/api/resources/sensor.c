/* sensor.c - one sensor, and its collectors that are not well. */
#include "server/api/asset_find.h"
#include "server/api/call.h"
#include "server/api/sensor_rows.h"

static void get(struct call *call)
{
	char id[ASSET_ID_SIZE];

	if (sensor_find(call, call->route.captures[0], id)) {
		sensor_rows_answer_whole(call, id);
	}
}

const struct resource resource_sensor = {
	.path = "/api/v1/sensors/{id}",
	.summary = "One sensor, and its collectors that are not well",
	.operations = { { "GET", RESOURCE_READ, "", get } },
};
