/* change_rate.c - changes a minute, for a chart. */
#include "server/api/call.h"
#include "server/api/live.h"

static void get(struct call *call)
{
	uint32_t counts[LIVE_RATE_MINUTES];
	struct why why = { 0 };
	int64_t minutes;
	int64_t start_ms;
	int error;

	if (!call_integer(call, "minutes", 1, LIVE_RATE_MINUTES, 60, &minutes)) {
		return;
	}
	error = live_rates(call->api->live, call->tenant, (unsigned)minutes, counts, &start_ms,
			   &why);
	if (error != 0) {
		call_fail_why(call, error, &why);
		return;
	}
	emit_object(&call->json);
	emit_key(&call->json, "start");
	emit_time(&call->json, start_ms);
	emit_key(&call->json, "counts");
	emit_array(&call->json);
	for (int64_t i = 0; i < minutes; i++) {
		emit_integer(&call->json, counts[i]);
	}
	emit_array_end(&call->json);
	emit_object_end(&call->json);
	call_answer(call, 200);
}

const struct resource resource_change_rate = {
	.path = "/api/v1/changes/rate",
	.summary = "Changes a minute",
	.operations = { { "GET", RESOURCE_READ, "minutes", get } },
};
