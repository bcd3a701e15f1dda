/*
 * coverage.h - whether anybody looked at an asset: nothing found means nothing where no feed speaks
 * of what it runs.
 */
#pragma once

#include "base/attr.h"
#include "server/api/emit.h"
#include "server/feeds/knowledge.h"
#include "server/inventory/view.h"
#include "server/services/vulnerability.h"

struct coverage {
	struct release release; /* its stream is empty where no rule knows the system */
	char system_name[128];  /* as it names itself; "" where it does not tell */
	bool is_covered;
	char problem[320]; /* "" where it is */
};

/* os: the asset's row, or NULL where it holds none. knowledge may be NULL. */
void coverage_of(const struct row *os, const struct knowledge *knowledge, struct coverage *out);

/* The same of an asset. */
MUST_USE int coverage_of_asset(struct view *view, uint32_t asset, const struct knowledge *knowledge,
			       struct coverage *out, struct why *why);

/* Its members: release, system, is_covered, problem. */
void coverage_write(struct emit *j, const struct coverage *coverage);
