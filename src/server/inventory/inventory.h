/*
 * inventory.h - what one tenant's assets hold now, and every change that led there.
 *
 * The one writer of both. Everything between inventory_begin and inventory_commit is one
 * transaction: what was answered "applied" is durable only when commit has returned 0.
 * Rows are stored once a tenant, by hash; an asset holds row numbers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "server/store/acceptance.h"
#include "server/store/scope.h"
#include "server/store/sensor.h"
#include "sys/why.h"
#include "wire/message.h"
#include "wire/row.h"

/* Most rows that an asset may hold of one table. */
#define INVENTORY_ROWS_MAX 1000000

struct inventory;

/* Opens or creates a tenant's file. Loads what it needs and repairs what a crash left behind.
 * ERR_CONFLICT where the file was written by a newer version, with a reason. */
MUST_USE int inventory_open(const char *path, struct inventory **out, struct why *why);

/* Writes what is pending and closes. */
void inventory_close(struct inventory **inventory);

/* Starts a transaction where none is open (cheap to call before each change). */
MUST_USE int inventory_begin(struct inventory *inv, struct why *why);
bool inventory_is_open(const struct inventory *inv);

/* Makes all since begin durable, together. On failure (a full disk) everything since begin is
 * undone in memory as on disk, and the caller refuses what it has not answered yet (REFUSE_BUSY).
 */
MUST_USE int inventory_commit(struct inventory *inv, struct why *why);

/* Takes back all since begin, as a failed commit does. */
void inventory_undo(struct inventory *inv);

/* Work that can wait for a quiet moment: packed sets and bitmaps that lag behind the
 * history are written. Returns true while there is more. */
bool inventory_tidy(struct inventory *inv);

/* Sums up the rows of every asset anew and compares with the digests that were kept. ERR_CONFLICT
 * and a reason where one differs. */
MUST_USE int inventory_verify(struct inventory *inv, struct why *why);

/* --- sensors --- */

/* Adds a sensor, or gives an enrolled one a new certificate (its key hash then becomes the previous
 * one). ERR_DENIED where it was revoked: that is for good. */
MUST_USE int inventory_enrol(struct inventory *inv, const struct inventory_sensor *sensor,
			     struct why *why);

/* ERR_NOT_FOUND where no such sensor enrolled. */
MUST_USE int inventory_sensor_find(struct inventory *inv, const char *id,
				   struct inventory_sensor *out);

/* Connected, seen, gone. Kept in memory and written along with the next commit after a while. */
void inventory_sensor_seen(struct inventory *inv, const char *id, const char *version,
			   const char *address, bool is_connected, int64_t now_ms);

/* What a sensor says of itself; written along as above. True where it is something new. policy: the
 * digest of the one in force there, empty where it knows none. silent_s: its part that reads the
 * machine has not moved for so long. */
bool inventory_sensor_policy(struct inventory *inv, const char *id, struct span policy);
bool inventory_sensor_silent(struct inventory *inv, const char *id, uint32_t silent_s,
			     uint16_t busy_table, int64_t now_ms);

/* What it says it is, "agent" or "scanner". False where it is none of these, or another than it was
 * enrolled as. */
bool inventory_sensor_kind(struct inventory *inv, const char *id, struct span kind);
bool inventory_sensor_is_scanner(struct inventory *inv, const char *id);

/* An asset's id; "" for a number that is none. Valid until the next asset is made. */
const char *inventory_asset_id(struct inventory *inv, uint32_t asset);

/* Its key was seen in two places; or, with NULL, is taken for mended. */
void inventory_sensor_duplicated(struct inventory *inv, const char *id, const char *places,
				 int64_t now_ms);
MUST_USE int inventory_sensor_revoke(struct inventory *inv, const char *id, struct why *why);

/* After a start: no sensor is connected. */
void inventory_sensors_disconnected(struct inventory *inv);

/* --- an asset's tables --- */

/* The number of the asset that the sensor watches itself, made where it is new. */
MUST_USE int inventory_asset(struct inventory *inv, const char *sensor_id, int64_t now_ms,
			     uint32_t *out_asset, struct why *why);

/* The digest of one of its tables; that of no rows where it never held any. */
struct digest inventory_digest(struct inventory *inv, uint32_t asset, uint16_t table);

/* Every table the asset holds or ever held: fills tables and table_count. */
void inventory_welcome(struct inventory *inv, uint32_t asset, struct message_welcome *out);

enum inventory_outcome {
	INVENTORY_APPLIED, /* acknowledge after commit */
	INVENTORY_REPEAT,  /* applied earlier, and the same: acknowledge after commit */
	INVENTORY_WANT,    /* rows are missing: their hashes are in missing; nothing was changed */
	INVENTORY_RESYNC, /* seq or digest does not fit: next_seq and reason; nothing was changed */
	INVENTORY_REFUSED, /* refuse_code and reason; nothing was changed */
};

struct inventory_result {
	enum inventory_outcome outcome;
	uint64_t next_seq;             /* RESYNC */
	uint64_t refuse_code;          /* REFUSED: enum refuse_code */
	const char *reason;            /* RESYNC, REFUSED: valid until the next call */
	const struct rowhash *missing; /* WANT: rising, valid until the next call */
	size_t missing_count;
	uint64_t change_no; /* APPLIED: the change's number, 0 where nothing changed but seq */
	size_t added;       /* APPLIED: rows */
	size_t removed;
};

/* Applies one batch of an asset at now_ms. Its inline rows are interned first. A digest that does
 * not match counts as a disagreement. An error (of the disk) has undone everything since begin, as
 * a failed commit does; so it is with every function here that takes part in a transaction. */
MUST_USE int inventory_apply(struct inventory *inv, uint32_t asset,
			     const struct message_batch *batch, int64_t now_ms,
			     struct inventory_result *out, struct why *why);

/* Stores rows that a want asked for: each must be one of wanted (sorted, rising). ERR_CONFLICT for
 * one that is not, ERR_MALFORMED for one that does not follow the schema, with a reason. */
MUST_USE int inventory_intern(struct inventory *inv, uint16_t table, struct row_list rows,
			      const struct rowhash *wanted, size_t wanted_count, struct why *why);

/* --- what services work on, and what they make of it --- */

/* Assets have numbers from 1 to this. */
uint32_t inventory_asset_count(const struct inventory *inv);

/* The numbers of the rows that an asset holds of a table, rising. Nothing may be changed
 * meanwhile. */
typedef void inventory_held_row(void *context, uint32_t row);
void inventory_each_held(struct inventory *inv, uint32_t asset, uint16_t table,
			 inventory_held_row *each, void *context);

/* The same as runs, which is what large tables are held in. Valid until the next call. */
struct inventory_run {
	uint32_t first;
	uint32_t last;
};
struct inventory_runs {
	const struct inventory_run *items;
	size_t count;
};
struct inventory_runs inventory_held_runs(struct inventory *inv, uint32_t asset, uint16_t table);

/* A row's values. Borrowed until the next call for the same table, or commit.
 * ERR_NOT_FOUND. */
MUST_USE int inventory_row(struct inventory *inv, uint16_t table, uint32_t number, struct row *out,
			   struct why *why);

/* The number of a derived table's row, which is stored where it is new. */
MUST_USE int inventory_derived_row(struct inventory *inv, const struct row *row,
				   uint32_t *out_number, struct why *why);

/* Makes the rows of a derived table exactly these, which rise; the difference goes into the
 * history. outcome is APPLIED; change_no is 0 where nothing changed. */
MUST_USE int inventory_derive(struct inventory *inv, uint32_t asset, uint16_t table,
			      const uint32_t *rows, size_t count, int64_t now_ms,
			      struct inventory_result *out, struct why *why);

/* The same of runs; neighbours may touch. */
MUST_USE int inventory_derive_runs(struct inventory *inv, uint32_t asset, uint16_t table,
				   const struct inventory_runs *runs, int64_t now_ms,
				   struct inventory_result *out, struct why *why);

/* The generation of the knowledge that all derived tables follow; 0: none yet. Setting it takes
 * part in the transaction. */
uint64_t inventory_judged(const struct inventory *inv);
void inventory_set_judged(struct inventory *inv, uint64_t generation);

/* --- events --- */

/* Stores the events of an asset's sensor, each once: those that were told before are passed over,
 * kinds that are unknown here are counted and left out, and where numbers of the same epoch are
 * missing an event `gaps` says how many. ERR_MALFORMED, ERR_UNSUPPORTED, ERR_LIMIT for a row that
 * does not follow the schema: nothing was stored. */
MUST_USE int inventory_events(struct inventory *inv, uint32_t asset,
			      const struct message_events *events, int64_t now_ms, struct why *why);

/* Stores an event of a derived kind: no sensor tells those. */
MUST_USE int inventory_derived_event(struct inventory *inv, uint32_t asset, const struct row *row,
				     int64_t now_ms, struct why *why);

/* The number of the newest event; 0 where there is none. */
uint64_t inventory_last_event(const struct inventory *inv);

/* How long events are kept, and how many at the most. The older go first. */
void inventory_event_limits(const struct inventory *inv, int64_t *out_keep_ms,
			    uint64_t *out_count_max);
MUST_USE int inventory_set_event_limits(struct inventory *inv, int64_t keep_ms, uint64_t count_max,
					struct why *why);

/* Drops some of those that need not be kept any more, in a transaction of its own, where none is
 * open. Returns true while there may be more. */
bool inventory_drop_old_events(struct inventory *inv, int64_t now_ms);

/* --- tags and policies --- */

bool inventory_tag_is_valid(struct span tag);

/* The number of the asset with this id. ERR_NOT_FOUND. */
MUST_USE int inventory_asset_find(const struct inventory *inv, const char *id, uint32_t *out_asset);

MUST_USE int inventory_tags(struct inventory *inv, uint32_t asset, struct inventory_tags *out,
			    struct why *why);

/* Adds one, or takes one away; each once, rising. ERR_LIMIT where there are too many. */
MUST_USE int inventory_tags_add(struct inventory_tags *tags, struct span tag);
void inventory_tags_remove(struct inventory_tags *tags, struct span tag);

MUST_USE int inventory_set_tags(struct inventory *inv, uint32_t asset,
				const struct inventory_tags *tags, struct why *why);

/* "default" or "tag:NAME". */
#define INVENTORY_POLICY_SIZE (INVENTORY_TAG_SIZE + 4)
bool inventory_policy_name_is_valid(struct span name);

/* bytes: wire/policy.h, which the caller has read. */
MUST_USE int inventory_policy_set(struct inventory *inv, const char *name, struct span bytes,
				  const char *by, int64_t now_ms, struct why *why);

/* ERR_NOT_FOUND. */
MUST_USE int inventory_policy_drop(struct inventory *inv, const char *name, struct why *why);

/* What applies to an asset: the tenant's default, then those of its tags in their order. */
struct inventory_policy {
	bool is_empty; /* nothing is set */
	uint8_t digest[MESSAGE_POLICY_DIGEST];
	struct span bytes; /* valid until the next call */
};
MUST_USE int inventory_policy(struct inventory *inv, uint32_t asset, struct inventory_policy *out,
			      struct why *why);

/* --- accepted risks, and findings day by day --- */

#define INVENTORY_ACCEPTANCES_MAX 10000

/* ERR_CONFLICT where there are too many. */
MUST_USE int inventory_accept(struct inventory *inv, const struct inventory_acceptance *acceptance,
			      uint64_t *out_no, struct why *why);

/* ERR_NOT_FOUND. */
MUST_USE int inventory_unaccept(struct inventory *inv, uint64_t no, int64_t now_ms,
				struct why *why);

/* The same of exposures. ERR_CONFLICT where there are too many. */
MUST_USE int inventory_accept_exposure(struct inventory *inv,
				       const struct inventory_exposure_acceptance *acceptance,
				       uint64_t *out_no, struct why *why);

/* cause: "withdrawn" (by an operator), "until", "gone", "changed". ERR_NOT_FOUND. */
MUST_USE int inventory_end_exposure_acceptance(struct inventory *inv, uint64_t no, int64_t now_ms,
					       const char *cause, struct why *why);

/* Those that have not ended, by their numbers. */
MUST_USE int inventory_each_exposure_acceptance(
	struct inventory *inv,
	int (*each)(void *context, const struct inventory_exposure_acceptance *a), void *context,
	struct why *why);

MUST_USE int inventory_set_trend(struct inventory *inv, const struct inventory_trend *trend,
				 struct why *why);

/* --- what may be scanned, and who is who --- */

/* Adds a scope, or replaces the one of its name. ERR_CONFLICT where there are too many. */
MUST_USE int inventory_scope_put(struct inventory *inv, const struct inventory_scope *scope,
				 struct why *why);

/* ERR_NOT_FOUND. */
MUST_USE int inventory_scope_drop(struct inventory *inv, const char *name, struct why *why);

/* ERR_NOT_FOUND. */
MUST_USE int inventory_scope_find(struct inventory *inv, const char *name,
				  struct inventory_scope *out, struct why *why);

/* Each in the order of its name; each returns 0 or an error that ends it. */
MUST_USE int inventory_each_scope(struct inventory *inv,
				  int (*each)(void *context, const struct inventory_scope *scope),
				  void *context, struct why *why);

MUST_USE int inventory_decide_join(struct inventory *inv,
				   const struct inventory_join_decision *decision, struct why *why);
MUST_USE int inventory_each_join_decision(
	struct inventory *inv,
	int (*each)(void *context, const struct inventory_join_decision *decision), void *context,
	struct why *why);

/* --- figures, for metrics --- */

struct inventory_figures {
	uint64_t assets;
	uint64_t sensors;
	uint64_t rows_distinct;
	uint64_t rows_held;
	uint64_t last_change_no;
	uint64_t disagreements; /* digests that did not match, ever */
	uint64_t batches;       /* since the start */
	uint64_t events;        /* ever; the newest one's number */
	uint64_t events_kept;
	uint64_t event_gaps;     /* since the start: events that say that others were lost */
	uint64_t unknown_events; /* since the start: of kinds that this server does not know */
	uint64_t memory_bytes;   /* estimate of what the inventory holds in memory */
};
void inventory_figures(struct inventory *inv, struct inventory_figures *out);
