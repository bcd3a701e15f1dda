/*
 * fleet.h - what all assets of a tenant are exposed to, summed up and kept up to date.
 *
 * Made from the distinct rows of `vulnerabilities` and from what each asset holds of them; after
 * that only what changed is read. Everything is a number that was counted when a change came, so
 * that a page over ten million findings is a walk over some thousand vulnerabilities.
 *
 * A vulnerability of an asset counts once, however many of its packages have it: with its most
 * urgent row.
 */
#pragma once

#include "base/attr.h"
#include "server/feeds/knowledge.h"
#include "server/inventory/view.h"
#include "server/services/vulnerability.h"

struct fleet;

enum fleet_level { FLEET_NONE, FLEET_LOW, FLEET_MEDIUM, FLEET_HIGH, FLEET_CRITICAL, FLEET_LEVELS };
const char *fleet_level_name(enum fleet_level level);

/* False where the text names none. */
bool fleet_level_named(struct span name, enum fleet_level *out);

/* A risk that somebody accepted: of one vulnerability, on one asset or on all. */
struct fleet_acceptance {
	int64_t no;
	char id[64];      /* the vulnerability's */
	uint32_t asset;   /* 0: every asset */
	int64_t until_ms; /* 0: for good */
};

struct fleet *fleet_new(void);
void fleet_free(struct fleet **fleet);

/* What people accepted; copied. */
void fleet_accept(struct fleet *fleet, const struct fleet_acceptance *list, size_t count);

/* Brings it up to date with the tenant's file and the feeds (NULL: none yet; it must live until the
 * next sync has returned). The first time reads everything. */
MUST_USE int fleet_sync(struct fleet *fleet, struct view *view, const struct knowledge *knowledge,
			int64_t now_ms, struct why *why);

/* The same until about deadline_us (clock_us): ERR_AGAIN where there is more to do. Until it is
 * done nothing below holds. */
MUST_USE int fleet_sync_some(struct fleet *fleet, struct view *view,
			     const struct knowledge *knowledge, int64_t now_ms, int64_t deadline_us,
			     struct why *why);

/* Bytes that it takes. */
uint64_t fleet_bytes(const struct fleet *fleet);

/* --- vulnerabilities --- */

/* Spans are valid until the next sync. */
struct fleet_vulnerability {
	struct span id;
	struct knowledge_vulnerability facts; /* its id is empty where no feed speaks of it now */
	uint32_t first_row;                   /* of its rows; FLEET_END: none */
	uint32_t assets;                      /* that have it, and did not accept it */
	uint32_t accepted;                    /* that have it and accepted it */
	uint8_t priority;                     /* the highest of the rows that are held */
	enum fleet_level level;
	bool is_fixable;  /* a row that is held has a fix */
	bool is_accepted; /* somewhere: an acceptance names it */
};
#define FLEET_END UINT32_MAX

/* How many there are, and each in the order of its urgency: priority, exploited, EPSS, assets. */
uint32_t fleet_vulnerability_count(const struct fleet *fleet);
const struct fleet_vulnerability *fleet_vulnerability_at(struct fleet *fleet, uint32_t position);

/* NULL where no asset ever had it. */
const struct fleet_vulnerability *fleet_vulnerability_named(const struct fleet *fleet,
							    struct span id);

/* --- rows: the distinct findings --- */

struct fleet_row {
	uint32_t vulnerability; /* its number, for fleet_vulnerability_of */
	uint32_t group;
	uint32_t next; /* the next row of the same vulnerability, or FLEET_END */
	uint32_t next_of_group;
	struct span manager;
	struct span package;
	struct span version;
	struct span architecture;
	struct span source_version;
	struct span fixed_version;
	struct span urgency;
	struct span feed;
	struct span path; /* of a language's package, or the banner's place */
	struct span evidence;
	enum confidence confidence;
	enum judgement_status status;
	enum exposure exposure;
	uint8_t priority;
	enum fleet_level level;
	uint32_t assets; /* that hold it */
};
uint32_t fleet_row_count(const struct fleet *fleet);
const struct fleet_row *fleet_row(const struct fleet *fleet, uint32_t number);
const struct fleet_vulnerability *fleet_vulnerability_of(const struct fleet *fleet,
							 const struct fleet_row *row);

/* How urgent it is, with the reason in words. listeners: those of one asset, where it is about one
 * (struct reach); rows are shared between assets, so they do not know. */
struct priority fleet_row_priority(const struct fleet *fleet, const struct fleet_row *row,
				   struct span listeners, struct writer *out_reason);

/* --- groups: source packages of one release, which are upgraded together --- */

struct fleet_group {
	struct span manager;
	struct span source;
	struct span release;
	uint32_t first_row;
	uint32_t assets;   /* with anything in it that is not accepted */
	uint64_t findings; /* vulnerabilities, each counted on each asset */
	uint64_t fixable;  /* of these, those with a fix */
	uint64_t weight;   /* of what an upgrade would close: the sum of the priorities' cubes */
	uint8_t priority;  /* the highest */
	enum fleet_level level;
};
uint32_t fleet_group_count(const struct fleet *fleet);
const struct fleet_group *fleet_group_of(const struct fleet *fleet, const struct fleet_row *row);

/* In the order of the weight that an upgrade closes. */
const struct fleet_group *fleet_group_at(struct fleet *fleet, uint32_t position);

/* --- assets --- */

struct fleet_asset {
	const uint32_t *rows; /* rising */
	uint32_t row_count;
	uint32_t levels[FLEET_LEVELS]; /* vulnerabilities, accepted ones left out */
	uint32_t accepted;
	uint64_t risk; /* the sum of the priorities */
	uint8_t priority;
};

/* Assets have numbers from 1 on. NULL behind the last that was ever judged. */
const struct fleet_asset *fleet_asset(const struct fleet *fleet, uint32_t asset);
uint32_t fleet_asset_count(const struct fleet *fleet);

/* The number of the acceptance by which the vulnerability is accepted there; 0: it is not. */
int64_t fleet_acceptance_of(const struct fleet *fleet, const struct fleet_vulnerability *v,
			    uint32_t asset);

/* --- all together --- */

struct fleet_summary {
	uint64_t findings[FLEET_LEVELS]; /* vulnerabilities, each counted on each asset */
	uint64_t accepted;
	uint64_t exploited;
	uint64_t fixable;
	uint64_t risk;
	uint32_t assets;          /* that have any */
	uint32_t vulnerabilities; /* that any asset has */
};
struct fleet_summary fleet_summary(const struct fleet *fleet);
