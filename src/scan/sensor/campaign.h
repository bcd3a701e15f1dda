/*
 * campaign.h - scans what the policy names, as it says, and keeps what was found.
 *
 * It decides; the finder finds, the asker asks, each in a process of its own. Nothing is scanned
 * that is not in the policy in force: where a scope is withdrawn its probes and connections end in
 * that moment. What is not seen any more is looked for once more before it is given up, at the end
 * of a run that covered all of the scope.
 */
#pragma once

#include "scan/sensor/found.h"
#include "scan/sensor/names.h"
#include "sys/loop.h"
#include "wire/policy.h"

struct campaign;

struct campaign_lines {
	int finder;
	int asker;
	int names[NAMES_LINES];
};

struct campaign_hooks {
	/* Rows of a table may be others now. */
	void (*changed)(void *context, uint16_t table);

	/* Whether the server has acknowledged a row. */
	bool (*is_told)(void *context, uint16_t table, const struct rowhash *hash);

	/* One of the processes is gone: all is to be started anew. */
	void (*lost)(void *context, const char *which);
};

/* Takes the lines over; found stays the caller's. is_once: each scope once, as fast as it may. */
struct campaign *campaign_new(struct loop *loop, const struct campaign_lines *lines,
			      struct found *found, bool is_once, const struct campaign_hooks *hooks,
			      void *context);
void campaign_free(struct campaign **campaign);

void campaign_set_policy(struct campaign *campaign, const struct policy *policy);

/* The rows of sensor_health. */
void campaign_each_health(const struct campaign *campaign,
			  void (*take)(void *context, struct span row), void *context);

/* For found_each_row(). */
struct found_status campaign_status(void *campaign, const struct found_scope *scope);

/* The server acknowledged something. */
void campaign_acknowledged(struct campaign *campaign);

/* Scopes of the policy, and of those the ones that were scanned and told since the start, or are
 * refused. */
size_t campaign_scopes(const struct campaign *campaign, size_t *out_done);

/* Counts up with everything that moves. */
uint64_t campaign_progress(const struct campaign *campaign);

/* True where what was found is to be written: at most each few seconds, and at the end of runs. */
bool campaign_take_unsaved(struct campaign *campaign);
