/*
 * accepting.h - what accepting a vulnerability and accepting an exposure have in common: why, until
 * when, on which asset, and taking it back.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "server/api/asset_find.h"
#include "server/api/call.h"

#define ACCEPTING_REASON_MAX 1000
#define ACCEPTING_TIME_MAX   64

/* Each returns false where it has answered. */

/* Refuses what is nothing but blanks: it explains nothing. */
bool accepting_reason(struct call *call, struct span reason);

/* A moment ahead; 0 where none is given. */
bool accepting_until(struct call *call, struct span until, int64_t *out_ms);

/* The asset of an id, its first digits, or a name; "" where none is given. */
bool accepting_asset(struct call *call, struct span asset, char out[ASSET_ID_SIZE]);

/* Asks for an operation with the number in the path: DELETE of an acceptance. */
void accepting_withdraw(struct call *call, const char *operation, const char *list);
