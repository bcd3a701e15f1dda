/*
 * unit_active.h - which services of systemd run, by what it leaves in files: their control groups,
 * and a link in /run/systemd/units for each that was started and has not ended.
 *
 * Nobody is asked, so that systemd need not trust us. That a service has failed is only in its
 * memory: such a one is inactive here. Timers, sockets and paths leave nothing at all.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "agent/collectors/unit_files.h"
#include "agent/tree.h"
#include "base/attr.h"

/* Units looked at. What is beyond is not known. */
#define UNIT_ACTIVE_MAX 8192

struct unit_names {
	char **names; /* sorted */
	size_t count;
};

struct unit_active {
	bool is_known;               /* systemd runs here */
	struct unit_names started;   /* not ended since */
	struct unit_names populated; /* processes are in their control groups */
};

/* ERR_IO. */
MUST_USE int unit_active_scan(struct tree *tree, struct unit_active *out);
void unit_active_done(struct unit_active *active);

/* running, exited or inactive; NULL where it cannot be known: of templates and of what is no
 * service. */
const char *unit_active_state(const struct unit_active *active, const struct unit_file *unit);
