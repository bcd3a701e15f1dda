/* policies.c - tags of assets, the tenant's policies, and what of them applies to an asset. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "server/inventory/state.h"
#include "sys/alloc.h"
#include "wire/policy.h"

/* --- tags --- */

bool inventory_tag_is_valid(struct span tag)
{
	if (tag.len == 0 || tag.len >= INVENTORY_TAG_SIZE) {
		return false;
	}
	for (size_t i = 0; i < tag.len; i++) {
		uint8_t c = tag.ptr[i];
		bool is_good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
			       c == '.' || c == '-';

		if (!is_good) {
			return false;
		}
	}
	return true;
}

int inventory_asset_find(const struct inventory *inv, const char *id, uint32_t *out_asset)
{
	struct rowhash key;
	uint32_t index;

	if (!state_id_key(id, &key) || !numbering_find(&inv->asset_ids, &key, &index)) {
		return ERR_NOT_FOUND;
	}
	*out_asset = index + 1;
	return 0;
}

int inventory_tags(struct inventory *inv, uint32_t asset, struct inventory_tags *out,
		   struct why *why)
{
	return store_get_tags(inv->store, asset, out, why);
}

/* Where the tag is, or would be. */
static size_t place_of(const struct inventory_tags *tags, struct span tag)
{
	size_t at = 0;

	while (at < tags->count && span_compare(span_of(tags->names[at]), tag) < 0) {
		at++;
	}
	return at;
}

int inventory_tags_add(struct inventory_tags *tags, struct span tag)
{
	size_t at = place_of(tags, tag);

	if (at < tags->count && span_is(tag, tags->names[at])) {
		return 0;
	}
	if (tags->count == INVENTORY_TAGS_MAX) {
		return ERR_LIMIT;
	}
	memmove(tags->names[at + 1], tags->names[at], (tags->count - at) * sizeof tags->names[0]);
	mem_zero(tags->names[at], sizeof tags->names[at]);
	mem_copy(tags->names[at], tag.ptr, tag.len);
	tags->count++;
	return 0;
}

void inventory_tags_remove(struct inventory_tags *tags, struct span tag)
{
	size_t at = place_of(tags, tag);

	if (at < tags->count && span_is(tag, tags->names[at])) {
		tags->count--;
		memmove(tags->names[at], tags->names[at + 1],
			(tags->count - at) * sizeof tags->names[0]);
	}
}

int inventory_set_tags(struct inventory *inv, uint32_t asset, const struct inventory_tags *tags,
		       struct why *why)
{
	int error = inventory_begin(inv, why);

	if (error != 0) {
		return error;
	}
	error = store_put_tags(inv->store, asset, tags, why);
	return error != 0 ? inventory_abandon(inv, error) : 0;
}

/* --- policies --- */

bool inventory_policy_name_is_valid(struct span name)
{
	return span_is(name, "default") ||
	       (span_starts_with(name, "tag:") && inventory_tag_is_valid(span_after(name, 4)));
}

int inventory_policy_set(struct inventory *inv, const char *name, struct span bytes, const char *by,
			 int64_t now_ms, struct why *why)
{
	const struct store_policy policy = { bytes, now_ms, by };
	int error = inventory_begin(inv, why);

	if (error != 0) {
		return error;
	}
	error = store_put_policy(inv->store, name, &policy, why);
	return error != 0 ? inventory_abandon(inv, error) : 0;
}

int inventory_policy_drop(struct inventory *inv, const char *name, struct why *why)
{
	int error = inventory_begin(inv, why);

	if (error != 0) {
		return error;
	}
	error = store_drop_policy(inv->store, name, why);
	return error == 0 || error == ERR_NOT_FOUND ? error : inventory_abandon(inv, error);
}

/* Appends one policy to the others where there is one of this name; *ends then has one more. */
static int append_policy(struct inventory *inv, const char *name, size_t *ends, size_t *count,
			 struct why *why)
{
	int error = store_get_policy(inv->store, name, &inv->scratch.policies, why);

	if (error == 0) {
		ends[(*count)++] = inv->scratch.policies.len;
	}
	return error == ERR_NOT_FOUND ? 0 : error;
}

struct scope_list {
	struct inventory_scope *items;
	size_t count;
	const char *sensor_id;
};

/* Those that are proved, on, and this scanner's. */
static int take_scope(void *context, const struct inventory_scope *scope)
{
	struct scope_list *list = context;
	bool is_its = scope->scanner[0] == '\0' || strcmp(scope->scanner, list->sensor_id) == 0;

	if (scope->proved_ms != 0 && scope->is_on && is_its && list->count < POLICY_SCOPES_MAX) {
		list->items[list->count++] = *scope;
	}
	return 0;
}

static int set_scopes(const struct scope_list *list, struct policy *policy)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct inventory_scope *is = &list->items[i];
		struct policy_scope *scope = &policy->scopes[i];

		*scope = (struct policy_scope){ .name = span_of(is->name),
						.period_s = is->period_s,
						.from_minute = is->from_minute,
						.to_minute = is->to_minute,
						.rate = is->rate };
		if (policy_ports_read(span_of(is->ports), scope) != 0) {
			return ERR_MALFORMED;
		}
	}
	policy->scope_count = list->count;
	return 0;
}

/* A scanner's policy says what it may scan. */
static int add_scopes(struct inventory *inv, uint32_t asset, struct policy *policy,
		      struct writer *out, struct why *why)
{
	struct scope_list list = { .sensor_id = inventory_asset_id(inv, asset) };
	int error;

	if (!inventory_sensor_is_scanner(inv, list.sensor_id)) {
		return 0;
	}
	list.items = alloc_zeroed(POLICY_SCOPES_MAX, sizeof *list.items);
	error = store_each_scope(inv->store, take_scope, &list, why);
	error = error != 0 ? error : set_scopes(&list, policy);
	if (error == 0) {
		writer_rewind(out, 0);
		error = policy_encode(policy, out);
	}
	free(list.items);
	return error;
}

/* Appends the merged one behind those that it borrows from. */
static int merge(struct inventory *inv, uint32_t asset, const size_t *ends, size_t count,
		 struct inventory_policy *out, struct why *why)
{
	struct buffer *all = &inv->scratch.policies;
	uint8_t *room = buffer_reserve(all, MESSAGE_POLICY_MAX);
	struct span documents[INVENTORY_TAGS_MAX + 1];
	struct policy policy;
	struct writer w;
	size_t start = 0;
	int error;

	if (room == NULL) {
		return ERR_FULL;
	}
	for (size_t i = 0; i < count; i++) {
		documents[i] = (struct span){ buffer_span(all).ptr + start, ends[i] - start };
		start = ends[i];
	}
	w = writer_over(room, MESSAGE_POLICY_MAX);
	error = policy_combine(documents, count, &policy, &w, NULL);
	error = error != 0 ? error : add_scopes(inv, asset, &policy, &w, why);
	if (error != 0) {
		return error;
	}
	out->is_empty = policy_is_empty(&policy);
	out->bytes = writer_span(&w);
	policy_digest(out->bytes, out->digest);
	return 0;
}

int inventory_policy(struct inventory *inv, uint32_t asset, struct inventory_policy *out,
		     struct why *why)
{
	char name[INVENTORY_POLICY_SIZE];
	size_t ends[INVENTORY_TAGS_MAX + 1];
	struct inventory_tags tags;
	size_t count = 0;
	int error = inventory_tags(inv, asset, &tags, why);

	buffer_clear(&inv->scratch.policies);
	error = error != 0 ? error : append_policy(inv, "default", ends, &count, why);
	for (size_t i = 0; error == 0 && i < tags.count; i++) {
		snprintf(name, sizeof name, "tag:%s", tags.names[i]);
		error = append_policy(inv, name, ends, &count, why);
	}
	error = error != 0 ? error : merge(inv, asset, ends, count, out, why);
	return error == 0
		       ? 0
		       : why_set(why, error, "the policy for an asset cannot be put together: %s",
				 error_text(error));
}
