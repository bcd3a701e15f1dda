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

struct estate;

struct estate *estate_new(struct inventory *inv);
void estate_free(struct estate **estate);

/* A batch changed an asset's table. */
void estate_touch(struct estate *estate, uint32_t asset, uint16_t table);

/* Scopes or operators' decisions have changed: all is looked at anew. */
void estate_reconsider(struct estate *estate);

/* Settles what was touched, in the open transaction. *out_newest: the newest change made, 0 for
 * none. Errors are inventory_derive's. */
MUST_USE int estate_settle(struct estate *estate, int64_t now_ms, uint64_t *out_newest,
			   struct why *why);

/* Each asset whose derived tables were made anew by the latest settling, perhaps more than once. */
void estate_each_changed(const struct estate *estate, void (*each)(void *context, uint32_t asset),
			 void *context);

/* True where a new day has not reached every asset: what expires is judged by the day. */
bool estate_has_work(struct estate *estate, int64_t now_ms);

/* Goes on with that until about deadline_us (clock_us). As estate_settle. */
MUST_USE int estate_work(struct estate *estate, int64_t deadline_us, int64_t now_ms,
			 uint64_t *out_newest, struct why *why);

/* The transaction was undone: nothing that was remembered holds. */
void estate_undone(struct estate *estate);
