/* overview.c - counts for the first page, from what is kept anyway: nothing here walks the
 * inventory. */
#include <stdio.h>

#include "server/api/asset_find.h"
#include "server/api/call.h"
#include "server/api/live.h"
#include "server/api/requests.h"
#include "server/inventory/view.h"

#define TIMEOUT_MS 2000

struct sensor_counts {
	int64_t total;
	int64_t connected;
	int64_t stale;
	int64_t revoked;
};

static bool on_counts(void *context, size_t count, const char *const *names,
		      const struct view_value *values)
{
	struct sensor_counts *counts = context;

	(void)names;
	if (values != NULL && count == 4) {
		*counts = (struct sensor_counts){ values[0].integer, values[1].integer,
						  values[2].integer, values[3].integer };
	}
	return true;
}

static bool count_sensors(struct call *call, struct sensor_counts *out)
{
	static const char sql[] =
		"SELECT count(*), count(*) FILTER (WHERE is_connected AND NOT is_revoked), "
		"count(*) FILTER (WHERE NOT is_connected AND NOT is_revoked), "
		"count(*) FILTER (WHERE is_revoked) FROM sensors";
	const struct view_limits limits = { .timeout_ms = TIMEOUT_MS };
	struct why why = { 0 };
	struct view *view;
	int error;

	if (!call_view(call, &view)) {
		return false;
	}
	error = view_query(view, span_of(sql), NULL, 0, &limits, on_counts, out, NULL, &why);
	if (error != 0) {
		call_fail_why(call, error, &why);
	}
	return error == 0;
}

static bool count_changes(struct call *call, uint64_t *out_hour, uint64_t *out_day)
{
	uint32_t counts[LIVE_RATE_MINUTES];
	struct why why = { 0 };
	int64_t start_ms;
	int error = live_rates(call->api->live, call->tenant, LIVE_RATE_MINUTES, counts, &start_ms,
			       &why);

	if (error != 0) {
		call_fail_why(call, error, &why);
		return false;
	}
	*out_hour = 0;
	*out_day = 0;
	for (unsigned i = 0; i < LIVE_RATE_MINUTES; i++) {
		*out_day += counts[i];
		*out_hour += i >= LIVE_RATE_MINUTES - 60 ? counts[i] : 0;
	}
	return true;
}

static int64_t figure_of(const struct call *call, const struct reply *reply, const char *name)
{
	char full[TENANT_NAME_SIZE + 32];
	uint64_t value = 0;

	snprintf(full, sizeof full, "%s %s", name, call->tenant);
	return arguments_uint(&reply->result, full, &value) == 0 ? (int64_t)value : 0;
}

static void member(struct emit *j, const char *name, int64_t value)
{
	emit_key(j, name);
	emit_integer(j, value);
}

static void have_figures(struct call *call, const struct reply *reply)
{
	struct emit *j = &call->json;
	struct sensor_counts sensors = { 0 };
	uint64_t hour;
	uint64_t day;

	if (!count_sensors(call, &sensors) || !count_changes(call, &hour, &day)) {
		return;
	}
	emit_object(j);
	member(j, "assets", figure_of(call, reply, "assets"));
	emit_key(j, "sensors");
	emit_object(j);
	member(j, "total", sensors.total);
	member(j, "connected", sensors.connected);
	member(j, "stale", sensors.stale);
	member(j, "revoked", sensors.revoked);
	emit_object_end(j);
	emit_key(j, "rows");
	emit_object(j);
	member(j, "held", figure_of(call, reply, "rows_held"));
	member(j, "distinct", figure_of(call, reply, "rows_distinct"));
	emit_object_end(j);
	emit_key(j, "changes");
	emit_object(j);
	member(j, "last_hour", (int64_t)hour);
	member(j, "last_day", (int64_t)day);
	emit_object_end(j);
	member(j, "disagreements", figure_of(call, reply, "disagreements"));
	member(j, "last_change_no", figure_of(call, reply, "last_change_no"));
	emit_object_end(j);
	call_answer(call, 200);
}

static void get(struct call *call)
{
	requests_ask(call, "figures", NULL, 0, have_figures);
}

const struct resource resource_overview = {
	.path = "/api/v1/overview",
	.summary = "Counts for the first page",
	.operations = { { "GET", RESOURCE_READ, "", get } },
};
