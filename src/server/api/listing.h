/*
 * listing.h - a page of rows that one SELECT gives, as objects.
 *
 * For resources whose items are what the inventory's tables say, in the order of the SELECT. Pages
 * are told apart by how many items were passed over.
 */
#pragma once

#include "server/api/call.h"
#include "server/inventory/view.h"

enum listing_as {
	LISTING_TEXT,
	LISTING_JSON, /* text that is JSON already */
	LISTING_INTEGER,
	LISTING_BOOLEAN,
	LISTING_TIME,    /* milliseconds since 1970 */
	LISTING_SECONDS, /* the same in seconds */
};

struct listing_member {
	const char *name;
	enum listing_as as;
	/* Writes what is made of the column; NULL: the column as it is. */
	void (*write)(struct emit *json, const struct view_value *value);
};

#define LISTING_BOUND_MAX 7

struct listing {
	/* Ends with LIMIT ?8 OFFSET ?9; bound are ?1 to ?7. */
	const char *sql;
	struct view_value bound[LISTING_BOUND_MAX];
	const struct listing_member *members; /* of each column */
	size_t member_count;
	const char *count_sql; /* how many there are in all; NULL: `total` is not told */
};

/* Answers {"items": [...], "next": ..., "total": ...} by the parameters limit and after. */
void listing_answer(struct call *call, const struct listing *listing);

/* Writes the members items, next and total of a page into the object that is open. False where it
 * has answered. */
bool listing_write_page(struct call *call, struct view *view, const struct listing *listing);

/* Writes the one item that there is as an object. False where it has answered. */
bool listing_write_one(struct call *call, struct view *view, const struct listing *listing);

/* Writes all items, at most max of them, as a list; *out_count: how many. False where it has
 * answered. */
bool listing_write(struct call *call, struct view *view, const struct listing *listing, int64_t max,
		   int64_t *out_count);
