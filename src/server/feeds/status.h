/*
 * status.h - what is in force of each feed, since when, and what went wrong last: kept in
 * status.json, which people read through the API.
 */
#pragma once

#include "server/feeds/feed.h"

#define STATUS_FEEDS_MAX  32
#define STATUS_ERROR_SIZE 400

/* Times by clock_wall_ms; 0: never. */
struct feed_status {
	const struct feed *feed;
	int64_t tried_ms;   /* the last attempt ended */
	int64_t checked_ms; /* the last one that went well, also where nothing was new */
	int64_t updated_ms; /* what is in force came then */
	int64_t next_ms;    /* the next one by itself */
	unsigned failures;  /* in a row */
	bool is_running;
	bool is_wanted;                /* some asset runs what it is about (feed.h: wanted_by) */
	char error[STATUS_ERROR_SIZE]; /* of the last attempt; "" where it went well */
	struct feed_report report;     /* of what is in force */
};

struct feeds_status {
	struct feed_status feeds[STATUS_FEEDS_MAX];
	size_t count;
	bool is_offline;
	uint64_t generation;
	int64_t built_ms;
	struct knowledge_figures figures;
};

/* Every feed of the table, nothing known of it. */
void status_init(struct feeds_status *status);

/* NULL where there is none of this name. */
struct feed_status *status_of(struct feeds_status *status, struct span name);

/* Whether it is fetched by itself. */
bool status_is_automatic(const struct feed_status *feed);

/* Takes what was saved; what is not there or not understood stays as it is. */
void status_load(struct feeds_status *status, const char *path);

MUST_USE int status_save(const struct feeds_status *status, const char *path, struct why *why);
