/* policy_operations.c - policies and tags, as operators set them. */
#include "server/engine/operation.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "wire/policy.h"

#include <stdio.h>

/* An id and all its tags, for the audit log. */
#define SUBJECT_SIZE (INVENTORY_ID_SIZE + INVENTORY_TAGS_MAX * INVENTORY_TAG_SIZE)

/* How long events may be kept at the most. */
#define KEEP_MS_MAX (INT64_C(100) * 366 * 24 * 3600 * 1000)

/* --- policies --- */

static int take_name(const struct arguments *arguments, char out[INVENTORY_POLICY_SIZE],
		     struct why *why)
{
	int error = operation_text(arguments, "name", out, INVENTORY_POLICY_SIZE, why);

	if (error == 0 && !inventory_policy_name_is_valid(span_of(out))) {
		return why_set(why, ERR_USAGE,
			       "a policy is named 'default', or 'tag:' and a tag of 1 to 40 "
			       "characters of a-z 0-9 _ . -");
	}
	return error;
}

/* The policy's bytes, in hex; room holds MESSAGE_POLICY_MAX. They must be what we would write. */
static int take_policy(const struct arguments *arguments, uint8_t *room, struct span *out,
		       struct why *why)
{
	struct policy policy;
	struct span hex;
	struct writer w;
	uint8_t *again;
	int error = arguments_text(arguments, "bytes", &hex);

	if (error != 0 || hex.len % 2 != 0 || hex.len / 2 > MESSAGE_POLICY_MAX ||
	    text_from_hex(hex, room, hex.len / 2) != 0 ||
	    policy_decode((struct span){ room, hex.len / 2 }, &policy) != 0) {
		return why_set(why, ERR_USAGE, "the argument bytes is not a policy");
	}
	again = alloc_resize(NULL, MESSAGE_POLICY_MAX, 1);
	w = writer_over(again, MESSAGE_POLICY_MAX);
	error = policy_encode(&policy, &w);
	if (error != 0 || !span_equal(writer_span(&w), (struct span){ room, hex.len / 2 })) {
		error = why_set(why, ERR_USAGE, "the argument bytes is not a policy's one form");
	}
	alloc_free(&again);
	*out = (struct span){ room, hex.len / 2 };
	return error;
}

/* The default policy says how long events are kept, too; where it does not, the usual time. */
static int set_retention(struct inventory *inv, const struct arguments *arguments, struct why *why)
{
	uint64_t keep_ms = INVENTORY_EVENTS_KEEP_MS;
	uint64_t count_max = INVENTORY_EVENTS_MAX;
	uint64_t given;
	int error = 0;

	if (arguments_uint(arguments, "events_keep_ms", &given) == 0) {
		error = operation_number(arguments, "events_keep_ms", KEEP_MS_MAX, &keep_ms, why);
	}
	if (error == 0 && arguments_uint(arguments, "events_max", &given) == 0) {
		error = operation_number(arguments, "events_max", INT64_MAX, &count_max, why);
	}
	return error != 0 ? error
			  : inventory_set_event_limits(inv, (int64_t)keep_ms, count_max, why);
}

static void write_subject(const char *name, struct span bytes, char out[SUBJECT_SIZE])
{
	uint8_t digest[MESSAGE_POLICY_DIGEST];
	char hex[2 * MESSAGE_POLICY_DIGEST + 1];

	policy_digest(bytes, digest);
	text_to_hex((struct span){ digest, sizeof digest }, hex);
	snprintf(out, SUBJECT_SIZE, "%s %s", name, hex);
}

static int set_policy(struct engine *engine, const struct arguments *arguments, uint8_t *room,
		      struct why *why)
{
	struct engine_tenant *tenant;
	struct inventory *inv;
	char name[INVENTORY_POLICY_SIZE];
	char actor[OPERATION_ACTOR_SIZE];
	char subject[SUBJECT_SIZE];
	struct span bytes;
	int error = operation_tenant(engine, arguments, &tenant, why);

	error = error != 0 ? error : take_name(arguments, name, why);
	error = error != 0 ? error : operation_text(arguments, "actor", actor, sizeof actor, why);
	error = error != 0 ? error : take_policy(arguments, room, &bytes, why);
	error = error != 0 ? error : operation_begin(tenant, &inv, why);
	if (error != 0) {
		return error;
	}
	error = inventory_policy_set(inv, name, bytes, actor, clock_wall_ms(), why);
	if (error == 0 && span_is(span_of(name), "default")) {
		error = set_retention(inv, arguments, why);
	}
	write_subject(name, bytes, subject);
	policy_changed(tenant);
	return operation_finish(tenant, error, actor, "policy-set", subject, why);
}

static int run_policy_set(struct engine *engine, const struct arguments *arguments,
			  struct writer *reply, struct why *why)
{
	uint8_t *room = alloc_resize(NULL, MESSAGE_POLICY_MAX, 1);
	int error = set_policy(engine, arguments, room, why);

	alloc_free(&room);
	if (error == 0) {
		reply_write(reply, NULL, 0);
	}
	return error;
}

static int run_policy_delete(struct engine *engine, const struct arguments *arguments,
			     struct writer *reply, struct why *why)
{
	struct engine_tenant *tenant;
	struct inventory *inv;
	char name[INVENTORY_POLICY_SIZE];
	char actor[OPERATION_ACTOR_SIZE];
	int error = operation_tenant(engine, arguments, &tenant, why);

	error = error != 0 ? error : take_name(arguments, name, why);
	error = error != 0 ? error : operation_text(arguments, "actor", actor, sizeof actor, why);
	error = error != 0 ? error : operation_begin(tenant, &inv, why);
	if (error != 0) {
		return error;
	}
	error = inventory_policy_drop(inv, name, why);
	if (error == 0 && span_is(span_of(name), "default")) {
		error = inventory_set_event_limits(inv, INVENTORY_EVENTS_KEEP_MS,
						   INVENTORY_EVENTS_MAX, why);
	}
	policy_changed(tenant);
	error = operation_finish(tenant, error, actor, "policy-delete", name, why);
	if (error == 0) {
		reply_write(reply, NULL, 0);
	}
	return error;
}

const struct operation operation_policy_set = { "policy-set", run_policy_set };
const struct operation operation_policy_delete = { "policy-delete", run_policy_delete };

/* --- tags --- */

/* Adds or removes every tag of an argument, separated by one space; one that is missing is none. */
static int change_tags(struct inventory_tags *tags, const struct arguments *arguments,
		       const char *name, bool is_adding, struct why *why)
{
	struct span rest;
	int error = arguments_text(arguments, name, &rest) == 0 ? 0 : ERR_NOT_FOUND;

	while (error == 0 && rest.len > 0) {
		struct span tag = span_first(rest, span_find(rest, ' '));

		rest = span_after(rest, tag.len + 1);
		if (!inventory_tag_is_valid(tag)) {
			return why_set(why, ERR_USAGE,
				       "'%.*s' is no tag: 1 to 40 characters of a-z 0-9 _ . -",
				       (int)(tag.len < 80 ? tag.len : 80), (const char *)tag.ptr);
		}
		if (!is_adding) {
			inventory_tags_remove(tags, tag);
		} else if (inventory_tags_add(tags, tag) != 0) {
			return why_set(why, ERR_USAGE, "an asset has at most %d tags",
				       INVENTORY_TAGS_MAX);
		}
	}
	return 0;
}

static void join(const struct inventory_tags *tags, struct writer *out)
{
	for (size_t i = 0; i < tags->count; i++) {
		writer_text(out, i > 0 ? " " : "");
		writer_text(out, tags->names[i]);
	}
}

/* `set` replaces all tags; then `add` and `remove`. */
static int new_tags(struct inventory *inv, uint32_t asset, const struct arguments *arguments,
		    struct inventory_tags *out, struct why *why)
{
	struct span all;
	int error = inventory_tags(inv, asset, out, why);

	if (error == 0 && arguments_text(arguments, "set", &all) == 0) {
		out->count = 0;
		error = change_tags(out, arguments, "set", true, why);
	}
	/* removed first, so that there is room */
	error = error != 0 ? error : change_tags(out, arguments, "remove", false, why);
	return error != 0 ? error : change_tags(out, arguments, "add", true, why);
}

static int run_asset_tags(struct engine *engine, const struct arguments *arguments,
			  struct writer *reply, struct why *why)
{
	struct engine_tenant *tenant;
	struct inventory *inv;
	char id[INVENTORY_ID_SIZE];
	char actor[OPERATION_ACTOR_SIZE];
	char subject[SUBJECT_SIZE] = "";
	struct writer text = writer_over((uint8_t *)subject, sizeof subject - 1);
	struct inventory_tags tags;
	uint32_t asset;
	int error = operation_tenant(engine, arguments, &tenant, why);

	error = error != 0 ? error : operation_text(arguments, "id", id, sizeof id, why);
	error = error != 0 ? error : operation_text(arguments, "actor", actor, sizeof actor, why);
	error = error != 0 ? error : operation_begin(tenant, &inv, why);
	if (error != 0) {
		return error;
	}
	if (inventory_asset_find(inv, id, &asset) != 0) {
		return why_set(why, ERR_NOT_FOUND, "there is no asset %s", id);
	}
	error = new_tags(inv, asset, arguments, &tags, why);
	if (error != 0) {
		return error;
	}
	error = inventory_set_tags(inv, asset, &tags, why);
	writer_text(&text, id);
	writer_text(&text, tags.count > 0 ? " " : "");
	join(&tags, &text);
	policy_changed(tenant);
	error = operation_finish(tenant, error, actor, "asset-tags", subject, why);
	if (error == 0) {
		struct span joined = span_after(writer_span(&text), sizeof id);

		reply_write(reply, (const struct argument[]){ argument_span("tags", joined) }, 1);
	}
	return error;
}

const struct operation operation_asset_tags = { "asset-tags", run_asset_tags };
