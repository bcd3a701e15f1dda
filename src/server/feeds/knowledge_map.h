/*
 * knowledge_map.h - opening an index that is not a file of its own: for its builder and tests.
 */
#pragma once

#include "server/feeds/knowledge.h"

/* Maps an open file; the descriptor stays the caller's and may be closed. */
MUST_USE int knowledge_open_fd(int fd, struct knowledge **out, struct why *why);

/* Over bytes that stay the caller's and outlive it. */
MUST_USE int knowledge_open_bytes(struct span bytes, struct knowledge **out, struct why *why);

/* Makes the checksum of these bytes right: for the fuzz target, which is to come past it. */
void knowledge_seal(uint8_t *bytes, size_t size);
