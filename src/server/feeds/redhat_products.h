/*
 * redhat_products.h - a CSAF document's product tree: which source package of which RHEL a product
 * id stands for.
 */
#pragma once

#include "server/feeds/feed_text.h"
#include "server/feeds/intern.h"

#define REDHAT_PRODUCTS_MAX 500000

enum product_kind {
	PRODUCT_UNKNOWN, /* of something else than RHEL, or of a module that is not named */
	PRODUCT_SOURCE,
	PRODUCT_BINARY, /* or a module, whose source packages are told on their own, too */
};

struct product {
	struct span stream; /* "redhat:9", "redhat-eus:9.2" */
	struct span name;
	struct span module;  /* name:stream where it is of one */
	struct span version; /* [epoch:]version-release; empty where none is said */
	struct span advisory;
	unsigned flags;
};

/* Fields are private to redhat_products.c. */
struct products {
	struct feed_input *in;
	struct intern ids;
	struct product_entry *entries; /* by their number in ids */
	uint32_t capacity;
};

void products_init(struct products *p, struct feed_input *in);
void products_done(struct products *p);

/* Takes the value that is next. Fails only where there are more products than are taken. */
MUST_USE int products_take_tree(struct products *p, struct json *j);

/* Notes what becomes of the products whose ids are the array that is next. */
void products_remedy(struct products *p, struct json *ids, struct span advisory, unsigned flags);
void products_forget_remedies(struct products *p);

/* id: as it is written in the document. */
enum product_kind products_resolve(const struct products *p, struct span id, struct product *out);
