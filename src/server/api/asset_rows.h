/*
 * asset_rows.h - assets out of the view, as the API's Asset.
 */
#pragma once

#include "server/api/asset_find.h"
#include "server/api/emit.h"
#include "server/inventory/view.h"

#define ASSET_ROWS_SELECT                                                                          \
	"SELECT id, name, os, addresses, sensor, is_connected, first_seen, last_seen, rows, "      \
	"tags, "                                                                                   \
	"kind, gone FROM "                                                                         \
	"assets "

struct asset_rows {
	struct emit *json;
	int64_t max;   /* more are not written */
	int64_t count; /* written */
	bool has_more;
	bool is_open; /* the object is left open, for more members */
	char last_id[ASSET_ID_SIZE];
};

/* A view_row for ASSET_ROWS_SELECT; its context is a struct asset_rows. */
bool asset_rows_write(void *context, size_t count, const char *const *names,
		      const struct view_value *values);
