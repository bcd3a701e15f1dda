/*
 * http.h - products that are spoken to by HTTP and are called by their own names.
 */
#pragma once

#include "scan/identify/probers/words.h"

struct http_product {
	const char *protocol; /* as results call it */
	const char *ask;      /* path that says more, or NULL */

	/* True where an answer to "/" is its. */
	bool (*is_this)(const struct words_answer *answer, struct span body);

	/* What an answer, to "/" or to what was asked, says. May be NULL. */
	void (*tell)(struct span body, struct service_facts *facts);
};

/* Ended by one without a protocol. */
extern const struct http_product http_products[];
