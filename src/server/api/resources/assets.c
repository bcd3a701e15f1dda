/* assets.c - a tenant's assets, by name. */
#include "server/api/asset_find.h"
#include "server/api/asset_rows.h"
#include "server/api/call.h"
#include "server/inventory/view.h"

#define TIMEOUT_MS 5000

/* Whether an asset fits the search ?1, whatever the case. */
#define FITS                                                                                       \
	"(?1 = '' OR instr(lower(id || char(10) || name || char(10) || ifnull(os, '') || "         \
	"char(10) "                                                                                \
	"|| addresses), lower(?1)) > 0)"

/* Behind the last asset of the page before, ?2. */
#define BEHIND                                                                                     \
	"(?2 = '' OR (name COLLATE NOCASE, id) > (SELECT name COLLATE NOCASE, id FROM assets "     \
	"WHERE "                                                                                   \
	"id = ?2))"

static bool on_count(void *context, size_t count, const char *const *names,
		     const struct view_value *values)
{
	int64_t *total = context;

	(void)names;
	if (values != NULL && count == 1) {
		*total = values[0].integer;
	}
	return true;
}

static void get(struct call *call)
{
	static const char page_sql[] = ASSET_ROWS_SELECT
		"WHERE " FITS " AND " BEHIND " ORDER BY name COLLATE NOCASE, id LIMIT ?3";
	static const char count_sql[] = "SELECT count(*) FROM assets WHERE " FITS;
	const struct view_limits limits = { .timeout_ms = TIMEOUT_MS };
	char search[CALL_TEXT_SIZE];
	char after[CALL_TEXT_SIZE];
	struct asset_rows rows = { .json = &call->json };
	struct why why = { 0 };
	struct view *view;
	int64_t total = 0;
	int error;

	if (!call_text(call, "search", search) || !call_text(call, "after", after) ||
	    !call_limit(call, &rows.max) || !call_view(call, &view)) {
		return;
	}
	emit_object(&call->json);
	emit_key(&call->json, "items");
	emit_array(&call->json);
	/* one more than the page holds says whether there is another */
	error = view_query(view, span_of(page_sql),
			   (const struct view_value[]){ view_text(search), view_text(after),
							view_integer(rows.max + 1) },
			   3, &limits, asset_rows_write, &rows, NULL, &why);
	if (error == 0) {
		error = view_query(view, span_of(count_sql),
				   (const struct view_value[]){ view_text(search) }, 1, &limits,
				   on_count, &total, NULL, &why);
	}
	if (error != 0) {
		call_fail_why(call, error, &why);
		return;
	}
	emit_array_end(&call->json);
	emit_key(&call->json, "next");
	emit_text(&call->json, rows.has_more ? rows.last_id : NULL);
	emit_key(&call->json, "total");
	emit_integer(&call->json, total);
	emit_object_end(&call->json);
	call_answer(call, 200);
}

const struct resource resource_assets = {
	.path = "/api/v1/assets",
	.summary = "Assets, by name",
	.operations = { { "GET", RESOURCE_READ, "search limit after", get } },
};
