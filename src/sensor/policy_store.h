/*
 * policy_store.h - the policy in force, and the file that remembers it (STATE/policy).
 *
 * Two places in the file are written in turn, each with a sum: a torn write leaves the older one.
 *
 *	"BTZPOLI1" | u64 generation | u32 length | SHA-256 of these three and the bytes | bytes
 */
#pragma once

#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "wire/policy.h"

#define POLICY_STORE_PLACES     2
#define POLICY_STORE_PLACE_SIZE 69632 /* in the file, of each */

struct policy_store;

/* Takes the descriptor over (-1: remembers nothing) and reads the newer of the good ones. */
struct policy_store *policy_store_open(int fd);
void policy_store_close(struct policy_store **store);

/* Stays where it is; what it says changes with policy_store_set. */
const struct policy *policy_store_policy(const struct policy_store *store);

/* All 0 where none is in force. */
const uint8_t *policy_store_digest(const struct policy_store *store);

/* Makes it the one in force. ERR_MALFORMED where the digest is not that of the bytes, ERR_* where
 * they are no policy: the old one then stays. A policy that cannot be written is in force all the
 * same, *out_is_remembered says so. */
MUST_USE int policy_store_set(struct policy_store *store, struct span digest, struct span bytes,
			      bool *out_is_remembered);
