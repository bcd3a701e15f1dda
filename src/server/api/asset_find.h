/*
 * asset_find.h - from what people write to an asset or a sensor: its id, the id's beginning, or its
 * name.
 */
#pragma once

#include <stdbool.h>

struct call;
struct view;

/* 16 hexadecimal digits and a NUL. */
#define ASSET_ID_SIZE 17

/* The same for a sensor; its name is its asset's. */
bool sensor_find(struct call *call, const char *text, char out_id[ASSET_ID_SIZE]);

/* Where the text means one asset, its id and the tenant's view; false where it has answered. */
bool asset_find(struct call *call, const char *text, struct view **out_view,
		char out_id[ASSET_ID_SIZE]);

/* The tenant's view; false where it has answered. */
bool call_view(struct call *call, struct view **out);
