/*
 * findings.h - keeps a tenant's table `vulnerabilities` equal to what its rows and the feeds say.
 *
 * A package's row is judged once for each release it is installed on (server/services), and the
 * judgement is kept; an asset's findings are then the union over its rows, in microseconds. What a
 * batch changed is settled in the batch's own transaction; what new knowledge touches follows in
 * slices.
 */
#pragma once

#include "base/attr.h"
#include "server/feeds/knowledge.h"
#include "server/inventory/inventory.h"

struct findings;

struct findings *findings_new(struct inventory *inv);
void findings_free(struct findings **findings);

/* This is what the feeds say from now on; it must live until the next call has returned, and older
 * until this one has (NULL where there was none in this process). */
void findings_follow(struct findings *findings, const struct knowledge *older,
		     const struct knowledge *newer);

/* A batch changed an asset's table. */
void findings_touch(struct findings *findings, uint32_t asset, uint16_t table);

/* Settles the assets that were touched, in the open transaction. *out_newest: the newest change
 * made, 0 for none. Errors are inventory_derive's. */
MUST_USE int findings_settle(struct findings *findings, int64_t now_ms, uint64_t *out_newest,
			     struct why *why);

/* True where new knowledge has not reached every asset. */
bool findings_has_work(const struct findings *findings);

/* Goes on with that until about deadline_us (clock_us). As findings_settle. */
MUST_USE int findings_work(struct findings *findings, int64_t deadline_us, int64_t now_ms,
			   uint64_t *out_newest, struct why *why);

/* The transaction was undone, and rows with it: nothing that was remembered of them holds. */
void findings_undone(struct findings *findings);

/* How many rows were judged, and the bytes of what is kept. */
struct findings_figures {
	uint64_t judged_rows;
	uint64_t memory_bytes;
};
struct findings_figures findings_figures(const struct findings *findings);

/* Systems that assets run or ran since the start, from 0 on in the order in which they came: the
 * stream ("redhat:9"), or NULL behind the last one. */
const char *findings_stream(const struct findings *findings, size_t n);
