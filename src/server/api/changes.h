/*
 * changes.h - the history as the view tells it, read a row at a time and written as the API's
 * Change.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "server/api/emit.h"
#include "server/inventory/view.h"

/* One row of a change; spans are valid during the callback. */
struct change {
	int64_t no;
	int64_t index;
	int64_t at_ms;
	int64_t observed_ms;
	struct span asset;
	struct span asset_name;
	struct span table;
	struct span op;
	struct span key;
	struct span row; /* a JSON object; ptr NULL where there is none */
	struct span old;
};

struct changes_range {
	const char *asset; /* NULL: every asset */
	const char *table; /* NULL: every table */
	int64_t from;      /* only this number and newer; 0: no bound */
	int64_t before;    /* only older than this number; 0: no bound */
	bool is_newest_first;
	int64_t timeout_ms;
};

/* Returns false to stop. */
typedef bool changes_each(void *context, const struct change *change);

MUST_USE int changes_read(struct view *view, const struct changes_range *range, changes_each *each,
			  void *context, struct why *why);

/* The Change of openapi.yaml. */
void change_write(struct emit *j, const struct change *change);

/* Answers a call with a page of changes: {items, next}. */
struct call;
void changes_answer(struct call *call, struct view *view, const char *asset, const char *table);
