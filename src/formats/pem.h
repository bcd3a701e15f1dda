/*
 * pem.h - textual encodings of keys and certificates (RFC 7468): blocks of
 * base64 between BEGIN and END lines, with anything around them.
 *
 * Labels and base64 borrow from the file; what is decoded goes to the caller's buffer.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"
#include "base/writer.h"

struct pem_block {
	struct span label;  /* CERTIFICATE, PRIVATE KEY, ... */
	struct span base64; /* all between the two lines */
};

struct pem_iterator {
	struct reader rest;
	size_t malformed; /* BEGIN lines without an END line of the same label */
};

struct pem_iterator pem_over(struct span file);

/* The next block; false at the end. Nothing is decoded. */
bool pem_next(struct pem_iterator *it, struct pem_block *out);

/* Decodes a block into the buffer; out borrows from it. Old headers ("Proc-Type:", encrypted
 * keys) are ERR_UNSUPPORTED; else ERR_MALFORMED, or ERR_FULL where it does not fit. */
MUST_USE int pem_decode(const struct pem_block *block, uint8_t *buffer, size_t capacity,
			struct span *out);
