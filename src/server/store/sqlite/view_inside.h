/*
 * view_inside.h - the inside of a struct view, shared by view.c and view_numbers.c.
 */
#pragma once

#include "server/store/sqlite/guard.h"
#include "server/store/sqlite/snapshot.h"
#include "server/store/sqlite/vtab.h"
#include "server/store/view.h"

struct view {
	struct snapshot *snapshot;
	sqlite3 *db;
	struct guard guard;
	struct lent lent; /* its table is NULL where none is */
};
