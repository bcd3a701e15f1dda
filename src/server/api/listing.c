/* listing.c - binding, writing members, counting pages. */
#include "server/api/listing.h"

#include <stdio.h>

#include "base/mem.h"
#include "server/api/asset_find.h"

#define TIMEOUT_MS 5000

/* The most items that may be passed over. */
#define OFFSET_MAX INT64_C(10000000)

struct writing {
	struct emit *json;
	const struct listing *listing;
	int64_t max;
	int64_t count; /* one more than max where there are more */
};

static void write_value(struct emit *j, enum listing_as as, const struct view_value *value)
{
	if (value->kind == VIEW_NULL) {
		emit_null(j);
	} else if (as == LISTING_JSON && value->kind == VIEW_TEXT) {
		emit_raw(j, value->bytes);
	} else if (value->kind == VIEW_TEXT) {
		emit_span(j, value->bytes);
	} else if (value->kind == VIEW_REAL) {
		emit_real(j, value->real);
	} else if (as == LISTING_BOOLEAN) {
		emit_boolean(j, value->integer != 0);
	} else if (as == LISTING_TIME) {
		emit_time(j, value->integer);
	} else if (as == LISTING_SECONDS) {
		emit_time(j, value->integer * 1000);
	} else {
		emit_integer(j, value->integer);
	}
}

static bool write_item(void *context, size_t count, const char *const *names,
		       const struct view_value *values)
{
	struct writing *w = context;

	(void)names;
	if (values == NULL || count != w->listing->member_count) {
		return true;
	}
	if (w->count++ == w->max) {
		return false;
	}
	emit_object(w->json);
	for (size_t i = 0; i < count; i++) {
		emit_key(w->json, w->listing->members[i].name);
		if (w->listing->members[i].write != NULL) {
			w->listing->members[i].write(w->json, &values[i]);
		} else {
			write_value(w->json, w->listing->members[i].as, &values[i]);
		}
	}
	emit_object_end(w->json);
	return true;
}

static bool take_count(void *context, size_t count, const char *const *names,
		       const struct view_value *values)
{
	int64_t *total = context;

	(void)names;
	if (values != NULL && count == 1) {
		*total = values[0].integer;
	}
	return true;
}

static bool write_items(struct call *call, struct view *view, struct writing *w, int64_t offset)
{
	const struct view_limits limits = { .timeout_ms = TIMEOUT_MS };
	struct view_value bound[LISTING_BOUND_MAX + 2];
	struct why why = { 0 };
	int error;

	mem_copy(bound, w->listing->bound, sizeof w->listing->bound);
	bound[LISTING_BOUND_MAX] = view_integer(w->max + 1);
	bound[LISTING_BOUND_MAX + 1] = view_integer(offset);
	error = view_query(view, span_of(w->listing->sql), bound, COUNT_OF(bound), &limits,
			   write_item, w, NULL, &why);
	if (error != 0) {
		call_fail_why(call, error, &why);
	}
	return error == 0;
}

/* Writes a page as a list. */
static bool write_page(struct call *call, struct view *view, struct writing *w, int64_t offset)
{
	emit_array(&call->json);
	if (!write_items(call, view, w, offset)) {
		return false;
	}
	emit_array_end(&call->json);
	return true;
}

bool listing_write_one(struct call *call, struct view *view, const struct listing *listing)
{
	struct writing w = { .json = &call->json, .listing = listing, .max = 1 };

	if (!write_items(call, view, &w, 0)) {
		return false;
	}
	if (w.count == 0) {
		call_fail(call, 503, "it cannot be read now; try again in a moment");
	}
	return w.count > 0;
}

bool listing_write(struct call *call, struct view *view, const struct listing *listing, int64_t max,
		   int64_t *out_count)
{
	struct writing w = { .json = &call->json, .listing = listing, .max = max };
	bool is_good = write_page(call, view, &w, 0);

	*out_count = w.count < max ? w.count : max;
	return is_good;
}

static bool write_total(struct call *call, struct view *view, const struct listing *listing)
{
	const struct view_limits limits = { .timeout_ms = TIMEOUT_MS };
	struct why why = { 0 };
	int64_t total = 0;
	int error;

	if (listing->count_sql == NULL) {
		return true;
	}
	error = view_query(view, span_of(listing->count_sql), listing->bound, LISTING_BOUND_MAX,
			   &limits, take_count, &total, NULL, &why);
	if (error != 0) {
		call_fail_why(call, error, &why);
		return false;
	}
	emit_key(&call->json, "total");
	emit_integer(&call->json, total);
	return true;
}

bool listing_write_page(struct call *call, struct view *view, const struct listing *listing)
{
	struct writing w = { .json = &call->json, .listing = listing };
	char next[24];
	int64_t offset;

	if (!call_limit(call, &w.max) || !call_integer(call, "after", 0, OFFSET_MAX, 0, &offset)) {
		return false;
	}
	emit_key(&call->json, "items");
	if (!write_page(call, view, &w, offset)) {
		return false;
	}
	snprintf(next, sizeof next, "%lld", (long long)offset + w.max);
	emit_key(&call->json, "next");
	emit_text(&call->json, w.count > w.max ? next : NULL);
	return write_total(call, view, listing);
}

void listing_answer(struct call *call, const struct listing *listing)
{
	struct view *view;

	if (!call_view(call, &view)) {
		return;
	}
	emit_object(&call->json);
	if (listing_write_page(call, view, listing)) {
		emit_object_end(&call->json);
		call_answer(call, 200);
	}
}
