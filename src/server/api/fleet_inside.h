/*
 * fleet_inside.h - what the files of the fleet share: fleet.c follows the tenant's file,
 * fleet_rows.c keeps the distinct rows, fleet_counts.c what is counted of them, fleet_order.c their
 * order.
 */
#pragma once

#include "server/api/fleet.h"
#include "server/api/text_blocks.h"
#include "server/inventory/numbering.h"

/* What is counted of a vulnerability while an asset is being counted. */
struct mark {
	uint32_t stamp;
	uint32_t row; /* the most urgent one so far */
};

struct asset_state {
	struct fleet_asset is;
	uint32_t *rows;
	bool is_changed; /* since the last sync */
};

struct fleet {
	const struct knowledge *knowledge;
	uint64_t newest;     /* the change that everything here follows */
	uint32_t next_load;  /* the asset to be read next; FLEET_END: all were */
	uint32_t next_count; /* the asset to be counted next; those before it are in the counts */
	uint64_t held;       /* rows of all assets */
	int64_t deadline_us; /* of this sync */
	unsigned steps;      /* since the clock was last looked at */
	bool is_sorted;
	int64_t next_expiry_ms; /* of an acceptance; 0: none */
	struct text_blocks texts;
	struct numbering names; /* texts, vulnerabilities and groups by the hash of their name */
	struct span *text_of;   /* by number in names */
	size_t text_capacity;
	struct fleet_row *rows;
	uint32_t row_count;
	size_t row_capacity;
	struct numbering ids;
	struct fleet_vulnerability *vulnerabilities;
	size_t vulnerability_capacity;
	struct mark *marks;
	struct numbering group_names;
	struct fleet_group *groups;
	size_t group_capacity;
	uint32_t *group_stamps;
	struct asset_state *assets; /* asset number - 1 */
	uint32_t asset_count;
	size_t asset_capacity;
	uint32_t *order;
	uint32_t *group_order;
	uint32_t stamp;
	uint32_t *touched; /* vulnerabilities of the asset at hand */
	size_t touched_count;
	size_t touched_capacity;
	struct fleet_acceptance *acceptances;
	size_t acceptance_count;
	struct fleet_summary summary;
};

/* Room for one more element behind count: the array, or a larger copy. */
void *fleet_room(void *array, size_t count, size_t *capacity, size_t size);

/* --- fleet_rows.c --- */

/* A view_distinct_row: rows come in the order of their numbers, none left out. Stops at the
 * deadline. */
bool fleet_take_row(void *context, uint32_t number, const struct row *values);

/* What the feeds say now of each vulnerability, and how urgent that makes each row. */
void fleet_follow_knowledge(struct fleet *fleet, const struct knowledge *knowledge);

/* Whether some acceptance names it. */
void fleet_note_accepted(const struct fleet *fleet, struct fleet_vulnerability *v);

/* --- fleet_counts.c --- */

/* Adds an asset to all counts (by 1), or takes it out of them again (by -1): its rows and what is
 * accepted must be the same both times. */
void fleet_count_asset(struct fleet *fleet, uint32_t asset, int64_t by);

/* Forgets all counts; then those that are not counted yet are. ERR_AGAIN at the deadline. */
void fleet_start_count(struct fleet *fleet);
MUST_USE int fleet_count_more(struct fleet *fleet);

/* --- fleet_order.c --- */

/* Puts vulnerabilities and groups in the order of their urgency, where that has changed. */
void fleet_sort(struct fleet *fleet);
