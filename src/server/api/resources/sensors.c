/* sensors.c - sensors and how fresh they are. */
#include "server/api/call.h"
#include "server/api/sensor_rows.h"

const struct resource resource_sensors = {
	.path = "/api/v1/sensors",
	.summary = "Sensors and how fresh they are",
	.operations = { { "GET", RESOURCE_READ, "", sensor_rows_answer_all } },
};
