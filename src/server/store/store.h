/*
 * store.h - a tenant's file as its one writer sees it: records in, records out.
 *
 * Everything is one of a few kinds of record; what they mean together is the inventory's business.
 * A put works within store_begin and store_commit. Where a put or the commit fails, the
 * caller rolls back: the file is then as it was before begin. Readers use server/inventory/view.h.
 */
#pragma once

#include "base/attr.h"
#include "base/rowhash.h"
#include "server/store/acceptance.h"
#include "server/store/scope.h"
#include "server/store/sensor.h"
#include "sys/buffer.h"
#include "sys/why.h"
#include "wire/row.h"

struct store;

/* What an asset held of a table when change `upto` had been made: packed row numbers. */
struct store_set {
	uint32_t asset;
	uint16_t table;
	uint64_t seq;
	uint64_t count;
	uint64_t upto;
	struct digest digest;
	struct span packed;
};

/* One entry of the history. Numbers rise without gaps; previous is the asset's change before, or 0.
 */
struct store_change {
	uint64_t no;
	int64_t at_ms;
	int64_t observed_ms;
	uint32_t asset;
	uint16_t table;
	uint64_t seq;
	uint64_t previous;
	struct span removed; /* packed row numbers */
	struct span added;
};

struct store_asset {
	uint32_t number;
	char id[INVENTORY_ID_SIZE];
	int64_t first_seen_ms;
	uint64_t newest; /* its newest change that the sets hold */
};

/* Events of one asset that were stored together. Their numbers rise without gaps, over all assets.
 */
struct store_events {
	uint64_t first;
	uint32_t count;
	uint32_t asset;
	uint32_t kinds; /* a bit for each kind that is among them */
	int64_t at_min_ms;
	int64_t at_max_ms;
	int64_t received_ms;
	struct span list; /* an event_list's bytes (wire/message.h) */
};

/* Up to where a sensor's events are stored, by its own numbers. */
struct store_event_mark {
	uint64_t epoch;
	uint64_t next;
};

/* How long events are kept. */
struct store_event_limits {
	int64_t keep_ms;
	uint64_t count_max;
};

/* tail_start: all changes up to it are in the sets and holders; those behind it are the tail. */
struct store_meta {
	uint64_t tail_start;
	uint64_t disagreements;
	uint64_t judged; /* the knowledge (server/feeds) that all derived tables follow; 0: none */
};

/* Creates the file where it is missing, and columns that the schema gained since. */
MUST_USE int store_open(const char *path, struct store **out, struct why *why);
void store_close(struct store **store);

MUST_USE int store_begin(struct store *s, struct why *why);
MUST_USE int store_commit(struct store *s, struct why *why);
void store_rollback(struct store *s);

/* Brings the file up to date with its log, as far as readers allow. For quiet moments. */
void store_settle(struct store *s);

MUST_USE int store_put_row(struct store *s, const struct row *row, uint32_t number,
			   const struct rowhash *hash, struct why *why);

/* A row's values, as they were put. Borrowed until the next call for the same table, or the next
 * transaction. ERR_NOT_FOUND. */
MUST_USE int store_get_row(struct store *s, const struct table *table, uint32_t number,
			   struct row *out, struct why *why);

/* Lets go of the rows that were borrowed: a read that is not ended keeps the file's log from being
 * shortened. */
void store_rest(struct store *s);
MUST_USE int store_put_change(struct store *s, const struct store_change *change, struct why *why);
MUST_USE int store_put_set(struct store *s, const struct store_set *set, struct why *why);

/* Only a set's sequence number; an empty set where there is none. */
MUST_USE int store_put_seq(struct store *s, uint32_t asset, uint16_t table, uint64_t seq,
			   struct why *why);
MUST_USE int store_put_asset(struct store *s, const struct store_asset *asset, struct why *why);
MUST_USE int store_put_sensor(struct store *s, const struct inventory_sensor *sensor,
			      struct why *why);
MUST_USE int store_put_meta(struct store *s, const struct store_meta *meta, struct why *why);

/* Events, and up to where the asset's sensor has told. */
MUST_USE int store_put_events(struct store *s, const struct store_events *events, struct why *why);
MUST_USE int store_put_event_mark(struct store *s, uint32_t asset,
				  const struct store_event_mark *mark, struct why *why);

/* ERR_NOT_FOUND where nothing of its sensor was stored yet. */
MUST_USE int store_get_event_mark(struct store *s, uint32_t asset, struct store_event_mark *out,
				  struct why *why);

/* The number of the newest event ever, and of the newest that was dropped; 0 where there is none.
 */
MUST_USE int store_get_event_range(struct store *s, uint64_t *out_newest, uint64_t *out_dropped,
				   struct why *why);

/* Drops the oldest records of events, a bounded number of them: those received before a moment,
 * and those whose events all have numbers up to upto. *out_dropped: the newest that is gone, or 0
 * where nothing was to be dropped. */
MUST_USE int store_drop_events(struct store *s, int64_t before_ms, uint64_t upto,
			       uint64_t *out_dropped, struct why *why);

/* How long events are kept; *out stays as it is where that was never put. */
MUST_USE int store_get_event_limits(struct store *s, struct store_event_limits *out,
				    struct why *why);
MUST_USE int store_put_event_limits(struct store *s, const struct store_event_limits *limits,
				    struct why *why);

/* An asset's tags: all of them anew. */
MUST_USE int store_put_tags(struct store *s, uint32_t asset, const struct inventory_tags *tags,
			    struct why *why);
MUST_USE int store_get_tags(struct store *s, uint32_t asset, struct inventory_tags *out,
			    struct why *why);

/* A policy of the tenant: its bytes (wire/policy.h), who changed it and when. */
struct store_policy {
	struct span bytes;
	int64_t changed_ms;
	const char *changed_by;
};
MUST_USE int store_put_policy(struct store *s, const char *name, const struct store_policy *policy,
			      struct why *why);

/* ERR_NOT_FOUND. */
MUST_USE int store_drop_policy(struct store *s, const char *name, struct why *why);

/* Appends a policy's bytes. ERR_NOT_FOUND where there is none of this name, ERR_FULL. */
MUST_USE int store_get_policy(struct store *s, const char *name, struct buffer *out,
			      struct why *why);

/* A risk that somebody accepted; it gets the next number. */
MUST_USE int store_put_acceptance(struct store *s, const struct inventory_acceptance *acceptance,
				  uint64_t *out_no, struct why *why);

/* ERR_NOT_FOUND. */
MUST_USE int store_withdraw_acceptance(struct store *s, uint64_t no, int64_t at_ms,
				       struct why *why);
MUST_USE int store_count_acceptances(struct store *s, int64_t *out, struct why *why);

/* An exposure that somebody accepted; it gets the next number. */
MUST_USE int store_put_exposure_acceptance(struct store *s,
					   const struct inventory_exposure_acceptance *acceptance,
					   uint64_t *out_no, struct why *why);

/* It ended, and why: "withdrawn", "until", "gone", "changed". ERR_NOT_FOUND. */
MUST_USE int store_end_exposure_acceptance(struct store *s, uint64_t no, int64_t at_ms,
					   const char *cause, struct why *why);

/* Those that have not ended. */
MUST_USE int store_each_exposure_acceptance(
	struct store *s, int (*each)(void *context, const struct inventory_exposure_acceptance *a),
	void *context, struct why *why);

/* Replaces what was kept of the day. */
MUST_USE int store_put_trend(struct store *s, const struct inventory_trend *trend, struct why *why);

/* A scope, new or instead of the one of its name. */
MUST_USE int store_put_scope(struct store *s, const struct inventory_scope *scope, struct why *why);

/* ERR_NOT_FOUND. */
MUST_USE int store_drop_scope(struct store *s, const char *name, struct why *why);
MUST_USE int store_each_scope(struct store *s,
			      int (*each)(void *context, const struct inventory_scope *scope),
			      void *context, struct why *why);

/* An operator's decision, instead of the one on the same address and asset. A join ends other joins
 * of the address. */
MUST_USE int store_put_join_decision(struct store *s,
				     const struct inventory_join_decision *decision,
				     struct why *why);
MUST_USE int store_each_join_decision(struct store *s,
				      int (*each)(void *context,
						  const struct inventory_join_decision *decision),
				      void *context, struct why *why);

/* The packed assets that hold a row, as of the last time they were put. Empty where there are none.
 * Valid until the next call. */
MUST_USE int store_get_holders(struct store *s, uint16_t table, uint32_t row, struct span *out,
			       struct why *why);
MUST_USE int store_put_holders(struct store *s, uint16_t table, uint32_t row, struct span packed,
			       struct why *why);

/* Makes the rows of a table below `count` findable by the columns that people search by. Rows are
 * found without it too, only slower: so it is done with many rows at a time, and not at each one.
 */
MUST_USE int store_index_rows(struct store *s, const struct table *table, uint32_t count,
			      struct why *why);

/* Each calls back for every record, in the order of its numbers; the callback returns 0 or an error
 * that ends the walk. Spans are valid during the call. */
MUST_USE int store_each_row(struct store *s, const struct table *table,
			    int (*each)(void *context, uint32_t number, const struct rowhash *hash),
			    void *context, struct why *why);
MUST_USE int store_each_set(struct store *s,
			    int (*each)(void *context, const struct store_set *set), void *context,
			    struct why *why);
MUST_USE int store_each_change(struct store *s, uint64_t after,
			       int (*each)(void *context, const struct store_change *change),
			       void *context, struct why *why);
MUST_USE int store_each_asset(struct store *s,
			      int (*each)(void *context, const struct store_asset *asset),
			      void *context, struct why *why);
MUST_USE int store_each_sensor(struct store *s,
			       int (*each)(void *context, const struct inventory_sensor *sensor),
			       void *context, struct why *why);
MUST_USE int store_get_meta(struct store *s, struct store_meta *out, struct why *why);
