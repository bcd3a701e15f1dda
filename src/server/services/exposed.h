/*
 * exposed.h - what is open, weak or about to expire: a pure judgement of one row.
 *
 * No I/O, no state: a row of an asset and the time give findings, rows of `exposures`. What scans
 * and what agents tell is judged alike. One file a family of rules; docs/exposures.md states every
 * rule.
 */
#pragma once

#include "base/attr.h"
#include "wire/row.h"

#define EXPOSED_TEXT_SIZE 256

/* Texts that are pointers are constants. */
struct exposed_finding {
	const char *id; /* the rule */
	char subject[EXPOSED_TEXT_SIZE];
	int priority; /* 1 to 100 */
	char what[EXPOSED_TEXT_SIZE];
	char evidence[EXPOSED_TEXT_SIZE];
	char identity[EXPOSED_TEXT_SIZE]; /* what is found there: what was accepted of one does
					   * not hold for another */
	const char *advice;
	bool is_agents; /* an agent told the row, else a scan */
	struct span address;
	int64_t port; /* 0: none */
};

typedef void exposed_taker(void *context, const struct exposed_finding *finding);

struct exposed_family {
	const char *name;
	uint16_t table; /* whose rows it judges */
	void (*judge)(const struct row *row, int64_t now_s, exposed_taker *take, void *context);
};

/* Every family, ended by NULL. */
extern const struct exposed_family *const exposed_families[];

/* critical from 80, high from 60, medium from 30, low. */
const char *exposed_level(int priority);

/* Fills a row of `exposures`, which borrows from the finding. */
void exposed_row(const struct exposed_family *family, const struct exposed_finding *finding,
		 struct row *out);

/* --- for the families --- */

/* True where nobody but the operator decides who reaches the address. */
bool exposed_is_public(struct span address);

/* The text of a column; empty where there is none. */
struct span exposed_text(const struct row *row, unsigned column);
int64_t exposed_number(const struct row *row, unsigned column);
bool exposed_is_true(const struct row *row, unsigned column);

/* Fills subject, address and port: "tcp 192.0.2.1:22", "tcp [2001:db8::1]:22". */
void exposed_at(struct exposed_finding *finding, struct span transport, struct span address,
		int64_t port);

/* A span as the precision and pointer of "%.*s", at most 100 bytes of it. */
#define EXPOSED_SPAN(s)                                                                            \
	(int)((s).len < 100 ? (s).len : 100), (s).len > 0 ? (const char *)(s).ptr : ""
