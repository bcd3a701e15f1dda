/*
 * http.h - what the probers of both HTTP/1.1 and HTTP/2 make of an answer, and the products that
 * are spoken to by HTTP and are called by their own names.
 */
#pragma once

#include "scan/identify/probers/words.h"

#define HTTP_PATH_MAX 200u

struct http_product {
	const char *protocol; /* as results call it */
	const char *ask;      /* path that says more, or NULL */

	/* True where an answer to "/" is its. */
	bool (*is_this)(const struct words_answer *answer, struct span body);

	/* What an answer, to "/" or to what was asked, says. May be NULL. */
	void (*tell)(struct span body, struct service_facts *facts);
};

/* What an answer says: to "/" in the view's first step, to the path that was next in later ones.
 * The facts' protocol becomes the product's, where one is known. */
struct http_next {
	char path[HTTP_PATH_MAX + 1]; /* worth asking for now; "" where nothing is */
};
void http_tell(const struct probe_view *view, const struct words_answer *answer,
	       struct service_facts *facts, struct http_next *next);

/* "Mozilla/5.0 (compatible; ...)". */
void http_write_agent(const struct contact *contact, struct writer *say);

/* Ended by one without a protocol. */
extern const struct http_product http_products[];
