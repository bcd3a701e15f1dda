/*
 * penalty.h - who guesses waits: a growing delay for each source address whose enrolments fail.
 *
 * After Dovecot's anvil penalty. Bounded: where the table is full the least penalized entry gives
 * way. IPv6 is counted by /64.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/net.h"

struct penalty_table;

struct penalty_table *penalty_new(size_t entries);
void penalty_free(struct penalty_table **table);

/* How long the next attempt from there has to wait, milliseconds; 0 for an address without
 * failures. */
int64_t penalty_delay(struct penalty_table *table, const struct net_address *from, int64_t now_ms);

/* Takes one of the few places in which attempts from there may wait out their delay; false where
 * none is left. penalty_leave gives it back. */
bool penalty_enter(struct penalty_table *table, const struct net_address *from, int64_t now_ms);
void penalty_leave(struct penalty_table *table, const struct net_address *from);

void penalty_failed(struct penalty_table *table, const struct net_address *from, int64_t now_ms);
void penalty_succeeded(struct penalty_table *table, const struct net_address *from);
