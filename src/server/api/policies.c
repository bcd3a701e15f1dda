/* policies.c - reading the view's `policies`, `tags` and `retention`. */
#include "server/api/policies.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "server/api/call.h"
#include "server/api/policy_json.h"
#include "server/inventory/view.h"
#include "sys/alloc.h"

#define TIMEOUT_MS 5000
#define DAY_MS     (24 * 3600 * INT64_C(1000))

/* Policies that can apply to one asset, and all their bytes. */
#define PARTS_MAX       33
#define PARTS_BYTES_MAX (PARTS_MAX * (size_t)MESSAGE_POLICY_MAX)

static const struct view_limits limits = { .timeout_ms = TIMEOUT_MS };

/* --- retention --- */

static bool take_retention(void *context, size_t count, const char *const *names,
			   const struct view_value *values)
{
	struct policy_retention *retention = context;

	(void)names;
	if (values != NULL && count == 2) {
		retention->events_days = values[0].integer / DAY_MS;
		retention->events_max = values[1].integer;
	}
	return true;
}

static int read_retention(struct view *view, struct policy_retention *out, struct why *why)
{
	*out = (struct policy_retention){ 0 };
	return view_query(view, span_of("SELECT events_keep_ms, events_max FROM retention"), NULL,
			  0, &limits, take_retention, out, NULL, why);
}

/* --- as they are --- */

struct listing {
	struct emit *json;
	const struct policy_retention *retention;
	unsigned count;
};

/* name, bytes, changed_at, changed_by */
static bool write_policy(void *context, size_t count, const char *const *names,
			 const struct view_value *values)
{
	struct listing *listing = context;
	struct emit *j = listing->json;
	struct policy policy;

	(void)names;
	if (values == NULL || count != 4 || policy_decode(values[1].bytes, &policy) != 0) {
		return true;
	}
	listing->count++;
	emit_object(j);
	emit_key(j, "name");
	emit_span(j, values[0].bytes);
	emit_key(j, "changed_at");
	emit_time(j, values[2].integer);
	emit_key(j, "changed_by");
	emit_span(j, values[3].bytes);
	emit_key(j, "policy");
	policy_json_write(j, &policy,
			  span_is(values[0].bytes, "default") ? listing->retention : NULL);
	emit_object_end(j);
	return true;
}

#define COLUMNS "SELECT name, bytes, changed_at, changed_by FROM policies "

void policies_answer_all(struct call *call)
{
	struct policy_retention retention;
	struct listing listing = { &call->json, &retention, 0 };
	struct why why = { 0 };
	struct view *view;
	int error;

	if (!call_view(call, &view)) {
		return;
	}
	emit_object(&call->json);
	emit_key(&call->json, "items");
	emit_array(&call->json);
	error = read_retention(view, &retention, &why);
	if (error == 0) {
		error = view_query(view, span_of(COLUMNS "ORDER BY name"), NULL, 0, &limits,
				   write_policy, &listing, NULL, &why);
	}
	if (error != 0) {
		call_fail_why(call, error, &why);
		return;
	}
	emit_array_end(&call->json);
	emit_object_end(&call->json);
	call_answer(call, 200);
}

void policies_answer_one(struct call *call, const char *name)
{
	const struct view_value bound[] = { view_text(name) };
	struct policy_retention retention;
	struct listing listing = { &call->json, &retention, 0 };
	struct why why = { 0 };
	struct view *view;
	int error;

	if (!call_view(call, &view)) {
		return;
	}
	error = read_retention(view, &retention, &why);
	if (error == 0) {
		error = view_query(view, span_of(COLUMNS "WHERE name = ?1"), bound, 1, &limits,
				   write_policy, &listing, NULL, &why);
	}
	if (error != 0) {
		call_fail_why(call, error, &why);
	} else if (listing.count == 0) {
		call_fail(call, 404,
			  "there is no policy '%s': sensors have their own defaults for what it "
			  "would say",
			  name);
	} else {
		call_answer(call, 200);
	}
}

/* --- what applies --- */

struct parts {
	struct buffer bytes; /* end to end */
	size_t ends[PARTS_MAX];
	char names[PARTS_MAX][64];
	size_t count;
};

static bool take_part(void *context, size_t count, const char *const *names,
		      const struct view_value *values)
{
	struct parts *parts = context;

	(void)names;
	if (values == NULL || count != 2 || parts->count == PARTS_MAX ||
	    buffer_append(&parts->bytes, values[1].bytes) != 0) {
		return true;
	}
	snprintf(parts->names[parts->count], sizeof parts->names[0], "%.*s",
		 (int)values[0].bytes.len, (const char *)values[0].bytes.ptr);
	parts->ends[parts->count++] = parts->bytes.len;
	return true;
}

/* The default first, then the tags' in their order. */
static int read_parts(struct view *view, struct span tags_json, struct parts *parts,
		      struct why *why)
{
	static const char sql[] =
		"SELECT name, bytes FROM policies WHERE name = 'default' OR name IN "
		"(SELECT 'tag:' || value FROM json_each(?1)) ORDER BY name <> 'default', name";
	const struct view_value bound[] = { view_span(tags_json.len > 0 ? tags_json
									: span_of("[]")) };

	return view_query(view, span_of(sql), bound, 1, &limits, take_part, parts, NULL, why);
}

/* Appends the merged one behind its parts, from which *out borrows. */
static int combine(struct parts *parts, struct policy *out_policy, struct effective *out,
		   struct why *why)
{
	uint8_t *room = buffer_reserve(&parts->bytes, MESSAGE_POLICY_MAX);
	uint8_t digest[MESSAGE_POLICY_DIGEST];
	struct span documents[PARTS_MAX];
	struct writer w;
	size_t start = 0;

	if (room == NULL) {
		return why_set(why, ERR_LIMIT, "the tenant's policies are too long");
	}
	for (size_t i = 0; i < parts->count; i++) {
		documents[i] = (struct span){ buffer_span(&parts->bytes).ptr + start,
					      parts->ends[i] - start };
		start = parts->ends[i];
	}
	w = writer_over(room, MESSAGE_POLICY_MAX);
	if (policy_combine(documents, parts->count, out_policy, &w, &out->left_out) != 0) {
		return why_set(why, ERR_LIMIT, "the tenant's policies are too long");
	}
	policy_digest(writer_span(&w), digest);
	text_to_hex((struct span){ digest, sizeof digest }, out->digest);
	out->is_empty = policy_is_empty(out_policy);
	return 0;
}

int policies_effective(struct view *view, struct span tags_json, struct effective *out,
		       struct why *why)
{
	struct parts *parts = alloc_zeroed(1, sizeof *parts);
	struct policy policy;
	int error;

	buffer_init(&parts->bytes, PARTS_BYTES_MAX + MESSAGE_POLICY_MAX);
	error = read_parts(view, tags_json, parts, why);
	error = error != 0 ? error : combine(parts, &policy, out, why);
	buffer_done(&parts->bytes);
	alloc_free(&parts);
	return error;
}

bool policies_is_in_force(const struct effective *effective, struct span digest_hex)
{
	return span_is(digest_hex, effective->digest) ||
	       (effective->is_empty && span_is(digest_hex, "00000000000000000000000000000000"));
}

static bool take_text(void *context, size_t count, const char *const *names,
		      const struct view_value *values)
{
	struct buffer *out = context;

	(void)names;
	if (values != NULL && count == 1 && values[0].kind == VIEW_TEXT) {
		(void)!buffer_append(out, values[0].bytes); /* what is too long is not JSON then */
	}
	return true;
}

static void write_effective(struct emit *j, const struct parts *parts, const struct policy *policy,
			    const struct effective *effective)
{
	emit_object(j);
	emit_key(j, "policy");
	policy_json_write(j, policy, NULL);
	emit_key(j, "digest");
	emit_text(j, effective->digest);
	emit_key(j, "made_of");
	emit_array(j);
	for (size_t i = 0; i < parts->count; i++) {
		emit_text(j, parts->names[i]);
	}
	emit_array_end(j);
	emit_key(j, "left_out");
	emit_integer(j, (int64_t)effective->left_out);
	emit_object_end(j);
}

void policies_answer_effective(struct call *call, struct view *view, const char *asset)
{
	const struct view_value bound[] = { view_text(asset) };
	struct parts *parts = alloc_zeroed(1, sizeof *parts);
	struct effective effective;
	struct buffer tags OWNED(buffer_done);
	struct policy policy;
	struct why why = { 0 };
	int error;

	buffer_init(&tags, 8192);
	buffer_init(&parts->bytes, PARTS_BYTES_MAX + MESSAGE_POLICY_MAX);
	error = view_query(view, span_of("SELECT tags FROM assets WHERE id = ?1"), bound, 1,
			   &limits, take_text, &tags, NULL, &why);
	error = error != 0 ? error : read_parts(view, buffer_span(&tags), parts, &why);
	error = error != 0 ? error : combine(parts, &policy, &effective, &why);
	if (error != 0) {
		call_fail_why(call, error, &why);
	} else {
		write_effective(&call->json, parts, &policy, &effective);
		call_answer(call, 200);
	}
	buffer_done(&parts->bytes);
	alloc_free(&parts);
}
