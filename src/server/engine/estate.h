/*
 * estate.h - keeps assets, joins, exposures and alerts equal to what scanners and agents tell.
 *
 * A scanner's rows say what is at an address of a scope. Each such place belongs to one asset: an
 * agent's where evidence says so (server/services/joining), else one of its own; that asset's
 * derived tables are the union over its places. Which place belongs to which asset is kept in the
 * table asset_joins, so that nothing is decided anew after a start. All in the change's own
 * transaction.
 */
#pragma once

#include "base/attr.h"
#include "server/inventory/inventory.h"

/* So long is a machine without an agent kept after the last answer was missed: then its places are
 * given up, and it is listed no more. Its id comes back with it. */
#define ESTATE_GONE_KEPT_S (INT64_C(30) * 86400)

struct estate;

struct estate *estate_new(struct inventory *inv);
void estate_free(struct estate **estate);

/* A batch changed an asset's table. */
void estate_touch(struct estate *estate, uint32_t asset, uint16_t table);

/* Scopes or operators' decisions may have changed: what differs is looked at anew. */
void estate_reconsider(struct estate *estate);

/* Settles what was touched, in the open transaction. *out_newest: the newest change made, 0 for
 * none. Errors are inventory_derive's. */
MUST_USE int estate_settle(struct estate *estate, int64_t now_ms, uint64_t *out_newest,
			   struct why *why);

/* Each asset whose derived tables were made anew by the latest settling, perhaps more than once. */
void estate_each_changed(const struct estate *estate, void (*each)(void *context, uint32_t asset),
			 void *context);

/* Accepts an exposure (a.no and a.identity are found out). ERR_NOT_FOUND where the asset has none
 * such, ERR_CONFLICT where it is accepted already. */
MUST_USE int estate_accept(struct estate *estate, const struct inventory_exposure_acceptance *a,
			   int64_t now_ms, uint64_t *out_no, struct why *why);

/* Takes an acceptance back. ERR_NOT_FOUND. */
MUST_USE int estate_unaccept(struct estate *estate, uint64_t no, int64_t now_ms, struct why *why);

/* True where a new day has not reached every asset: what expires is judged by the day, and
 * machines that are gone for long are given up. */
bool estate_has_work(struct estate *estate, int64_t now_ms);

/* Goes on with that until about deadline_us (clock_us). As estate_settle. */
MUST_USE int estate_work(struct estate *estate, int64_t deadline_us, int64_t now_ms,
			 uint64_t *out_newest, struct why *why);

/* The transaction was undone: nothing that was remembered holds. */
void estate_undone(struct estate *estate);
