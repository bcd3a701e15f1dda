/* vulnerable_assets.c - assets by risk. */
#include <stdlib.h>

#include "server/api/findings.h"
#include "server/api/fleets.h"
#include "server/inventory/view.h"
#include "sys/alloc.h"

#define NAME_SIZE 256

struct ranked {
	uint64_t risk;
	uint32_t priority;
	uint32_t asset;
};

static int compare(const void *a, const void *b)
{
	const struct ranked *x = a;
	const struct ranked *y = b;

	if (x->risk != y->risk) {
		return x->risk > y->risk ? -1 : 1;
	}
	if (x->priority != y->priority) {
		return x->priority > y->priority ? -1 : 1;
	}
	return x->asset < y->asset ? -1 : x->asset > y->asset;
}

/* Those that have anything, also accepted. */
static struct ranked *rank(const struct fleet *fleet, size_t *out_count)
{
	struct ranked *list = alloc_zeroed((size_t)fleet_asset_count(fleet) + 1, sizeof *list);
	size_t count = 0;

	for (uint32_t asset = 1; asset <= fleet_asset_count(fleet); asset++) {
		const struct fleet_asset *a = fleet_asset(fleet, asset);

		if (a->row_count > 0) {
			list[count++] = (struct ranked){ a->risk, a->priority, asset };
		}
	}
	qsort(list, count, sizeof *list, compare);
	*out_count = count;
	return list;
}

static enum fleet_level level_of(const struct fleet_asset *a)
{
	for (int level = FLEET_CRITICAL; level > FLEET_NONE; level--) {
		if (a->levels[level] > 0) {
			return (enum fleet_level)level;
		}
	}
	return FLEET_NONE;
}

static int write(struct emit *j, const struct fleet *fleet, struct view *view, uint32_t asset,
		 char id[VIEW_ASSET_ID_SIZE], struct why *why)
{
	const struct fleet_asset *a = fleet_asset(fleet, asset);
	uint64_t levels[FLEET_LEVELS];
	char name[NAME_SIZE];
	int error = view_asset_name(view, asset, id, name, sizeof name, why);

	if (error != 0) {
		return error;
	}
	for (int i = 0; i < FLEET_LEVELS; i++) {
		levels[i] = a->levels[i];
	}
	emit_object(j);
	emit_key(j, "asset");
	emit_text(j, id);
	emit_key(j, "name");
	emit_text(j, name);
	findings_levels(j, "levels", levels);
	findings_number(j, "accepted", a->accepted);
	findings_number(j, "risk", (int64_t)a->risk);
	findings_number(j, "priority", a->priority);
	emit_key(j, "level");
	emit_text(j, fleet_level_name(level_of(a)));
	emit_object_end(j);
	return 0;
}

/* From behind an asset on; false where that one is not among them. */
static bool find_start(const struct ranked *list, size_t count, uint32_t after, size_t *out)
{
	*out = 0;
	if (after == 0) {
		return true;
	}
	while (*out < count && list[*out].asset != after) {
		(*out)++;
	}
	return (*out)++ < count;
}

static void show(struct call *call, struct fleet *fleet, struct view *view)
{
	struct emit *j = &call->json;
	char after[CALL_TEXT_SIZE];
	char id[VIEW_ASSET_ID_SIZE] = "";
	uint32_t after_asset = 0;
	struct ranked *list;
	struct why why = { 0 };
	int64_t limit;
	size_t count;
	size_t at;
	int error;

	if (!call_text(call, "after", after) || !call_limit(call, &limit)) {
		return;
	}
	error = view_asset_number(view, span_of(after), &after_asset, &why);
	list = rank(fleet, &count);
	if (error == 0 && ((after[0] != '\0' && after_asset == 0) ||
			   !find_start(list, count, after_asset, &at))) {
		free(list);
		call_fail(call, 400, "the parameter 'after' must be `next` of the page before");
		return;
	}
	emit_object(j);
	emit_key(j, "items");
	emit_array(j);
	for (int64_t n = 0; error == 0 && n < limit && at < count; n++, at++) {
		error = write(j, fleet, view, list[at].asset, id, &why);
	}
	free(list);
	if (error != 0) {
		call_fail_why(call, error, &why);
		return;
	}
	emit_array_end(j);
	findings_text(j, "next", at < count ? span_of(id) : span_of(""));
	findings_number(j, "total", (int64_t)count);
	emit_object_end(j);
	call_answer(call, 200);
}

static void get(struct call *call)
{
	fleets_ask(call, show);
}

const struct resource resource_vulnerable_assets = {
	.path = "/api/v1/vulnerabilities/assets",
	.summary = "Assets by risk",
	.operations = { { "GET", RESOURCE_READ, "limit after", get } },
};
