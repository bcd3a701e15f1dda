/*
 * asset_tables.h - which tables an asset holds, how many rows, their digest, and when they last
 * changed.
 */
#pragma once

#include "server/store/view.h"
#include "server/store/sqlite/snapshot.h"

/* Between snapshot_begin and snapshot_end. ERR_NOT_FOUND where there is no such asset; the reason
 * is in s->why. */
MUST_USE int asset_tables_read(struct snapshot *s, struct span asset_id, view_table *each,
			       void *context);
