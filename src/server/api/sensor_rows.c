/* sensor_rows.c - the view's `sensors`, and what follows from it. */
#include "server/api/sensor_rows.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "server/api/asset_find.h"
#include "server/api/call.h"
#include "server/api/policies.h"
#include "server/inventory/view.h"
#include "sys/alloc.h"
#include "sys/clock.h"

#define TIMEOUT_MS 5000

/* Different sets of tags that are looked at; sensors with others are shown without what applies. */
#define SETS_MAX 4096

static const struct view_limits limits = { .timeout_ms = TIMEOUT_MS };

#define COLLECTORS(state)                                                                          \
	"(SELECT count(*) FROM sensor_health h WHERE h.asset = s.id AND h.state = '" state "')"

#define COLUMNS                                                                                    \
	"SELECT id, kind, asset, name, version, address, is_connected, is_revoked, enrolled_at, "  \
	"last_seen, certificate_not_after, tags, clone_of, is_duplicated, duplicates, "            \
	"busy_table, silent_since, policy, " COLLECTORS("failing") ", " COLLECTORS(                \
		"off") " FROM sensors s "

/* The columns by their place; those before AT_SILENT_SINCE are shown as they are. */
enum {
	AT_ID = 0,
	AT_KIND = 1,
	AT_CONNECTED = 6,
	AT_REVOKED = 7,
	AT_TAGS = 11,
	AT_SILENT_SINCE = 16,
	AT_POLICY,
	AT_FAILING,
	AT_OFF,
	AT_COUNT
};

static const struct {
	const char *name;
	enum { AS_TEXT, AS_BOOLEAN, AS_TIME, AS_JSON } as;
} members[AT_SILENT_SINCE] = {
	{ "id", AS_TEXT },
	{ "kind", AS_TEXT },
	{ "asset", AS_TEXT },
	{ "name", AS_TEXT },
	{ "version", AS_TEXT },
	{ "address", AS_TEXT },
	{ "is_connected", AS_BOOLEAN },
	{ "is_revoked", AS_BOOLEAN },
	{ "enrolled_at", AS_TIME },
	{ "last_seen", AS_TIME },
	{ "certificate_not_after", AS_TIME },
	{ "tags", AS_JSON },
	{ "clone_of", AS_TEXT },
	{ "is_duplicated", AS_BOOLEAN },
	{ "duplicates", AS_TEXT },
	{ "busy_table", AS_TEXT },
};

/* What applies to each set of tags that there is; asked for before the sensors are, because a view
 * answers one query at a time. */
struct tag_set {
	char *tags; /* JSON */
	struct effective effective;
};

struct writing {
	struct emit *json;
	struct tag_set *sets;
	size_t set_count;
	int64_t max; /* 0: all */
	int64_t count;
	bool has_more;
	bool is_open; /* the object is left open, for more members */
	char last_id[ASSET_ID_SIZE];
};

/* --- sets of tags --- */

static bool take_set(void *context, size_t count, const char *const *names,
		     const struct view_value *values)
{
	struct writing *w = context;

	(void)names;
	if (values != NULL && count == 1) {
		w->sets = alloc_resize(w->sets, w->set_count + 1, sizeof *w->sets);
		w->sets[w->set_count++] = (struct tag_set){ .tags = alloc_span(values[0].bytes) };
	}
	return w->set_count < SETS_MAX;
}

static int read_sets(struct view *view, const char *where, const char *id, struct writing *w,
		     struct why *why)
{
	char sql[128];
	const struct view_value bound[] = { view_text(id) };
	int error;

	snprintf(sql, sizeof sql, "SELECT DISTINCT ifnull(tags, '[]') FROM sensors %s", where);
	error = view_query(view, span_of(sql), bound, 1, &limits, take_set, w, NULL, why);
	for (size_t i = 0; error == 0 && i < w->set_count; i++) {
		error = policies_effective(view, span_of(w->sets[i].tags), &w->sets[i].effective,
					   why);
	}
	return error;
}

static const struct effective *find_set(const struct writing *w, struct span tags)
{
	for (size_t i = 0; i < w->set_count; i++) {
		if (span_is(tags.len > 0 ? tags : span_of("[]"), w->sets[i].tags)) {
			return &w->sets[i].effective;
		}
	}
	return NULL;
}

static void free_sets(struct writing *w)
{
	for (size_t i = 0; i < w->set_count; i++) {
		alloc_free(&w->sets[i].tags);
	}
	alloc_free(&w->sets);
}

/* --- one sensor --- */

static void write_value(struct emit *j, size_t i, const struct view_value *value)
{
	emit_key(j, members[i].name);
	if (value->kind == VIEW_TEXT && members[i].as == AS_JSON) {
		emit_raw(j, value->bytes);
	} else if (value->kind == VIEW_TEXT) {
		emit_span(j, value->bytes);
	} else if (value->kind != VIEW_INTEGER) {
		emit_null(j);
	} else if (members[i].as == AS_BOOLEAN) {
		emit_boolean(j, value->integer != 0);
	} else {
		emit_time(j, value->integer);
	}
}

/* In one word, the worst first. */
static const char *status_of(const struct view_value *values)
{
	if (values[AT_REVOKED].integer != 0) {
		return "revoked";
	}
	if (values[AT_CONNECTED].integer == 0) {
		return "offline";
	}
	return values[AT_SILENT_SINCE].kind == VIEW_INTEGER ? "silent" : "online";
}

/* What is in force there, what applies, and whether they are the same. */
static void write_policy(struct emit *j, const struct effective *effective,
			 const struct view_value *in_force)
{
	bool is_policed = in_force->kind == VIEW_TEXT;

	emit_key(j, "policy");
	if (!is_policed) {
		emit_null(j); /* it knows none */
		return;
	}
	emit_object(j);
	emit_key(j, "in_force");
	emit_span(j, in_force->bytes);
	emit_key(j, "wanted");
	emit_text(j, effective != NULL ? effective->digest : NULL);
	emit_key(j, "is_in_force");
	emit_boolean(j, effective != NULL && policies_is_in_force(effective, in_force->bytes));
	emit_object_end(j);
}

static bool write_sensor(void *context, size_t count, const char *const *names,
			 const struct view_value *values)
{
	struct writing *w = context;
	struct emit *j = w->json;

	(void)names;
	if (values == NULL || count != AT_COUNT) {
		return true;
	}
	if (w->max > 0 && w->count >= w->max) {
		w->has_more = true;
		return false;
	}
	w->count++;
	snprintf(w->last_id, sizeof w->last_id, "%.*s", (int)values[AT_ID].bytes.len,
		 (const char *)values[AT_ID].bytes.ptr);
	emit_object(j);
	for (size_t i = 0; i < AT_SILENT_SINCE; i++) {
		write_value(j, i, &values[i]);
	}
	emit_key(j, "status");
	emit_text(j, status_of(values));
	emit_key(j, "silent_s");
	if (values[AT_SILENT_SINCE].kind == VIEW_INTEGER) {
		emit_integer(j, (clock_wall_ms() - values[AT_SILENT_SINCE].integer) / 1000);
	} else {
		emit_null(j);
	}
	if (values[AT_KIND].kind == VIEW_TEXT && span_is(values[AT_KIND].bytes, "scanner")) {
		/* its policy has the scopes too: the engine puts that together, and sends it where
		 * another one is in force */
		emit_key(j, "policy");
		emit_null(j);
	} else {
		write_policy(j, find_set(w, values[AT_TAGS].bytes), &values[AT_POLICY]);
	}
	emit_key(j, "collectors_failing");
	emit_integer(j, values[AT_FAILING].integer);
	emit_key(j, "collectors_off");
	emit_integer(j, values[AT_OFF].integer);
	if (!w->is_open) {
		emit_object_end(j);
	}
	return true;
}

/* --- answers --- */

static bool write_health(void *context, size_t count, const char *const *names,
			 const struct view_value *values)
{
	struct emit *j = context;

	if (values == NULL) {
		return true;
	}
	emit_object(j);
	for (size_t i = 0; i < count; i++) {
		emit_key(j, names[i]);
		if (values[i].kind == VIEW_TEXT) {
			emit_span(j, values[i].bytes);
		} else {
			emit_null(j);
		}
	}
	emit_object_end(j);
	return true;
}

/* The sensor's object, open. */
static int write_one(struct view *view, const char *id, struct writing *w, struct why *why)
{
	const struct view_value bound[] = { view_text(id) };
	int error = read_sets(view, "WHERE id = ?1", id, w, why);

	if (error == 0) {
		error = view_query(view, span_of(COLUMNS "WHERE s.id = ?1"), bound, 1, &limits,
				   write_sensor, w, NULL, why);
	}
	free_sets(w);
	return error == 0 && w->count == 0
		       ? why_set(why, ERR_NOT_FOUND, "there is no sensor '%s'", id)
		       : error;
}

static void answer_one(struct call *call, const char *id, bool has_health)
{
	static const char health[] = "SELECT collector, state, error FROM sensor_health WHERE "
				     "asset = ?1 AND state <> 'ok' ORDER BY state, collector";
	const struct view_value bound[] = { view_text(id) };
	struct writing w = { .json = &call->json, .is_open = true };
	struct why why = { 0 };
	struct view *view;
	int error;

	if (!call_view(call, &view)) {
		return;
	}
	error = write_one(view, id, &w, &why);
	if (error == 0 && has_health) {
		emit_key(&call->json, "health");
		emit_array(&call->json);
		error = view_query(view, span_of(health), bound, 1, &limits, write_health,
				   &call->json, NULL, &why);
		emit_array_end(&call->json);
	}
	if (error != 0) {
		call_fail_why(call, error, &why);
		return;
	}
	emit_object_end(&call->json);
	call_answer(call, 200);
}

void sensor_rows_answer_one(struct call *call, const char *id)
{
	answer_one(call, id, false);
}

void sensor_rows_answer_whole(struct call *call, const char *id)
{
	answer_one(call, id, true);
}

void sensor_rows_answer_page(struct call *call)
{
	static const char sql[] = COLUMNS
		"WHERE ?1 = '' OR (name, id) > (SELECT name, id FROM sensors WHERE id = ?1) "
		"ORDER BY name, id";
	struct writing w = { .json = &call->json };
	char after[CALL_TEXT_SIZE];
	struct why why = { 0 };
	struct view *view;
	int error;

	if (!call_text(call, "after", after) || !call_integer(call, "limit", 1, 1000, 0, &w.max) ||
	    !call_view(call, &view)) {
		return;
	}
	emit_object(&call->json);
	emit_key(&call->json, "items");
	emit_array(&call->json);
	error = read_sets(view, "WHERE ?1 = ?1", "", &w, &why);
	if (error == 0) {
		error = view_query(view, span_of(sql),
				   (const struct view_value[]){ view_text(after) }, 1, &limits,
				   write_sensor, &w, NULL, &why);
	}
	free_sets(&w);
	if (error != 0) {
		call_fail_why(call, error, &why);
		return;
	}
	emit_array_end(&call->json);
	emit_key(&call->json, "next");
	emit_text(&call->json, w.has_more ? w.last_id : NULL);
	emit_object_end(&call->json);
	call_answer(call, 200);
}
