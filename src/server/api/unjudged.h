/*
 * unjudged.h - which assets and languages of a tenant nobody looked at, kept up to date.
 *
 * Of each asset the row of `os` that it holds, of each row the stream that it is judged by, of each
 * stream whether a feed speaks of it: an asset's other name, or other feeds, change one of these
 * and no more is read. coverage.h says why, for one asset.
 */
#pragma once

#include "base/attr.h"
#include "server/feeds/knowledge.h"
#include "server/inventory/view.h"

struct unjudged;

struct unjudged *unjudged_new(void);
void unjudged_free(struct unjudged **unjudged);

/* Brings it up to date until about deadline_us (clock_us): ERR_AGAIN where there is more to do;
 * until it is done nothing below holds. knowledge may be NULL. */
MUST_USE int unjudged_sync(struct unjudged *unjudged, struct view *view,
			   const struct knowledge *knowledge, int64_t deadline_us, struct why *why);

/* How many assets no feed speaks of, and the first of them behind a number; 0: none. */
uint32_t unjudged_count(const struct unjudged *unjudged);
uint32_t unjudged_next(const struct unjudged *unjudged, uint32_t after);

/* Ecosystems of which packages were installed once, and that no feed speaks of. Valid until the
 * next sync. */
size_t unjudged_languages(const struct unjudged *unjudged, struct span *out, size_t max);

/* Bytes that it takes. */
uint64_t unjudged_bytes(const struct unjudged *unjudged);
