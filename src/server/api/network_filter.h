/*
 * network_filter.h - what a page over the network is narrowed to, as a call's parameters say, and
 * which part of it is asked for.
 */
#pragma once

#include "server/api/call.h"
#include "server/api/network.h"

struct network_page {
	struct network_filter filter;
	bool is_nothing; /* it is narrowed to a text that no row has */
	int64_t offset;
	int64_t limit;
};

/* The parameters port, transport, protocol, scope (those that the resource has), limit and after.
 * False where it has answered. */
bool network_page_read(struct call *call, const struct network *network, struct network_page *out);

/* The cell of a text parameter; 0 where it is not given, -1 where no row has it. */
bool network_parameter(struct call *call, const struct network *network, const char *name,
		       int64_t *out);

/* Whether the item at a position belongs to the page. */
bool network_page_has(const struct network_page *page, int64_t position);

/* Ends `items` and writes `next` and `total`, ends the object and answers. */
void network_page_end(struct call *call, const struct network_page *page, int64_t total);
