/*
 * bundle.h - several files of fingerprints in one, as the feed `recog` leaves them:
 *
 *   "bartizan fingerprints 1\n"  { name length, name, XML length, XML } ...  SHA-256 of all before
 *
 * Lengths are 32 bits, big-endian. The order is the order in which they were added.
 */
#pragma once

#include "base/attr.h"
#include "sys/buffer.h"
#include "sys/why.h"

#define BUNDLE_SIZE_MAX (128u << 20)

bool bundle_is(struct span bytes);

/* Begins one in an empty buffer of at most BUNDLE_SIZE_MAX. */
void bundle_begin(struct buffer *b);

/* ERR_FULL where it does not fit. */
MUST_USE int bundle_add(struct buffer *b, struct span name, struct span xml);
MUST_USE int bundle_end(struct buffer *b);

/* Calls each for every document, in order; what is not 0 stops and is returned. ERR_MALFORMED, and
 * nothing is called, where the bytes are not what bundle_end() left. */
typedef int bundle_document(void *context, struct span name, struct span xml, struct why *why);
MUST_USE int bundle_each(struct span bytes, bundle_document *each, void *context, struct why *why);
