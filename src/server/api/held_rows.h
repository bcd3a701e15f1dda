/*
 * held_rows.h - the rows that an asset holds of a table, as rows of the schema.
 */
#pragma once

#include "base/attr.h"
#include "server/inventory/view.h"
#include "wire/row.h"

/* Borrowed until it returns; lists are null. Returns false to stop. May not call the view. */
typedef bool held_row(void *context, const struct row *row);

/* In the order of the keys. */
MUST_USE int held_rows(struct view *view, const char *asset_id, uint16_t table, held_row *each,
		       void *context, struct why *why);

/* A column's text; empty where it is null or not text. */
struct span held_text(const struct row *row, unsigned column);
