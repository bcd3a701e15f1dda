/* sensors.c - sensors and how they are. */
#include "server/api/call.h"
#include "server/api/sensor_rows.h"

const struct resource resource_sensors = {
	.path = "/api/v1/sensors",
	.summary = "Sensors and how they are",
	.operations = { { "GET", RESOURCE_READ, "limit after", sensor_rows_answer_page } },
};
