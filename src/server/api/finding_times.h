/*
 * finding_times.h - when findings came and went, out of the history.
 *
 * A vulnerability is there as long as any row of it is held: a row that makes way for another of
 * the same vulnerability (a new version that has it too, another exposure) is no end.
 */
#pragma once

#include "base/attr.h"
#include "server/api/fleet.h"

struct finding_time {
	int64_t first_ms; /* 0: never */
	int64_t fixed_ms; /* the last time that it went; 0: never */
	uint32_t opened;  /* times that it came */
	/* private */
	int32_t held;
	int32_t after;
	uint32_t stamp;
};

/* Of each vulnerability by its number (fleet_row.vulnerability) on one asset: to be freed. */
MUST_USE int finding_times_of_asset(const struct fleet *fleet, struct view *view, uint32_t asset,
				    struct finding_time **out, struct why *why);

/* Each asset that had a vulnerability and does not have it now, the newest first, each once;
 * returns false to stop. *out_is_cut: the history is longer than what could be looked at. */
typedef bool finding_past(void *context, uint32_t asset, int64_t fixed_ms);
MUST_USE int finding_times_past(const struct fleet *fleet, struct view *view,
				const struct fleet_vulnerability *v, finding_past *each,
				void *context, bool *out_is_cut, struct why *why);
