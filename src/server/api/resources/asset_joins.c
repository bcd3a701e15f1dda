/* asset_joins.c - at which addresses scans found an asset, why that is believed, and what operators
 * decided of it. */
#include <stdio.h>

#include "server/api/asset_find.h"
#include "server/api/body.h"
#include "server/api/listing.h"
#include "server/api/requests.h"

#define ITEMS_MAX   1000
#define ADDRESS_MAX 45
#define REASON_MAX  1000
#define SCOPE_MAX   255

static const struct listing_member joins[] = {
	{ "address", LISTING_TEXT },       { "scope", LISTING_TEXT },
	{ "evidence", LISTING_TEXT },      { "detail", LISTING_TEXT },
	{ "confidence", LISTING_INTEGER }, { "by", LISTING_TEXT },
	{ "since", LISTING_SECONDS },      { "identity", LISTING_TEXT },
	{ "gone", LISTING_SECONDS },       { "answered", LISTING_SECONDS },
};
static const struct listing_member decisions[] = {
	{ "address", LISTING_TEXT }, { "scope", LISTING_TEXT }, { "is_join", LISTING_BOOLEAN },
	{ "reason", LISTING_TEXT },  { "by", LISTING_TEXT },    { "at", LISTING_TIME },
};

static void get(struct call *call)
{
	struct listing join_list = {
		.sql = "SELECT address, scope, evidence, detail, confidence, joined_by, since, "
		       "identity, gone, answered FROM asset_joins WHERE asset = ?1 ORDER BY "
		       "address LIMIT ?8 "
		       "OFFSET ?9",
		.members = joins,
		.member_count = COUNT_OF(joins),
	};
	struct listing decision_list = {
		.sql = "SELECT address, scope, is_join, reason, decided_by, decided_at FROM "
		       "join_decisions WHERE asset = ?1 ORDER BY decided_at DESC LIMIT ?8 OFFSET "
		       "?9",
		.members = decisions,
		.member_count = COUNT_OF(decisions),
	};
	char id[ASSET_ID_SIZE];
	struct view *view;
	int64_t count;

	if (!asset_find(call, call->route.captures[0], &view, id)) {
		return;
	}
	join_list.bound[0] = decision_list.bound[0] = view_text(id);
	emit_object(&call->json);
	emit_key(&call->json, "items");
	if (!listing_write(call, view, &join_list, ITEMS_MAX, &count)) {
		return;
	}
	emit_key(&call->json, "decisions");
	if (listing_write(call, view, &decision_list, ITEMS_MAX, &count)) {
		emit_object_end(&call->json);
		call_answer(call, 200);
	}
}

static void was_decided(struct call *call, const struct reply *reply)
{
	(void)reply;
	call_answer_empty(call, 204, NULL, NULL);
}

struct wish {
	char address[ADDRESS_MAX + 1];
	char scope[SCOPE_MAX + 1];
	char reason[REASON_MAX + 1];
	bool is_join;
};

static bool read_wish(struct call *call, struct wish *out)
{
	struct span address;
	struct span scope;
	struct span reason;
	struct body body;
	bool is_read = body_read(call, "address scope is_join reason", &body) &&
		       body_text(&body, "address", ADDRESS_MAX, true, &address) &&
		       body_text(&body, "scope", SCOPE_MAX, true, &scope) &&
		       body_text(&body, "reason", REASON_MAX, false, &reason) &&
		       body_boolean(&body, "is_join", true, &out->is_join);

	if (is_read) {
		body_copy(address, out->address);
		body_copy(scope, out->scope);
		body_copy(reason.ptr != NULL ? reason : span_of(""), out->reason);
	}
	body_done(&body);
	return is_read;
}

static void put(struct call *call)
{
	char id[ASSET_ID_SIZE];
	struct wish wish;
	struct view *view;

	if (!asset_find(call, call->route.captures[0], &view, id) || !read_wish(call, &wish)) {
		return;
	}
	requests_ask(call, "asset-join",
		     (const struct argument[]){ argument_text("tenant", call->tenant),
						argument_text("actor", call->who.name),
						argument_text("id", id),
						argument_text("address", wish.address),
						argument_text("scope", wish.scope),
						argument_text("reason", wish.reason),
						argument_uint("is_join", wish.is_join) },
		     7, was_decided);
}

const struct resource resource_asset_joins = {
	.path = "/api/v1/assets/{id}/joins",
	.summary = "At which addresses scans found the asset, and why that is believed",
	.operations = { { "GET", RESOURCE_READ, "", get }, { "PUT", RESOURCE_OPERATE, "", put } },
};
