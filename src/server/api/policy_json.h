/*
 * policy_json.h - a policy as operators write it: JSON with a closed set of members.
 *
 * What is unknown, of the wrong type or out of range is refused with a sentence that names it and
 * says what is allowed. docs/policies.md describes the document.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "server/api/emit.h"
#include "sys/why.h"
#include "wire/policy.h"

/* The members of the document, for body_read. */
#define POLICY_JSON_MEMBERS "collectors events files budget retention"

/* How long the server keeps events: in the tenant's default policy only. */
struct policy_retention {
	int64_t events_days; /* 0: not given */
	int64_t events_max;
};

/* root: a json_t object, from which *out borrows. ERR_USAGE with a reason. */
MUST_USE int policy_json_read(void *root, bool is_default, struct policy *out,
			      struct policy_retention *out_retention, struct why *why);

/* retention may be NULL. */
void policy_json_write(struct emit *j, const struct policy *policy,
		       const struct policy_retention *retention);
