/*
 * policies.h - the tenant's policies out of the view, and what of them applies to an asset.
 */
#pragma once

#include "base/attr.h"
#include "server/api/asset_find.h"
#include "server/api/emit.h"
#include "server/inventory/view.h"
#include "wire/policy.h"

/* Answers with all, {items}. */
void policies_answer_all(struct call *call);

/* Answers with one; 404. */
void policies_answer_one(struct call *call, const char *name);

/* What applies to the tags of a JSON array (null: none), as its digest in hex. One that nothing is
 * set in has is_empty. */
struct effective {
	bool is_empty;
	size_t left_out; /* policies that could not be read or did not fit beside the others */
	char digest[2 * MESSAGE_POLICY_DIGEST + 1];
};
MUST_USE int policies_effective(struct view *view, struct span tags_json, struct effective *out,
				struct why *why);

/* Whether the digest that a sensor says is in force, in hex, is that of what applies. */
bool policies_is_in_force(const struct effective *effective, struct span digest_hex);

/* Answers with what applies to an asset, and with the names of the policies that it was made of. */
void policies_answer_effective(struct call *call, struct view *view, const char *asset);
