/*
 * simulated.h - a distribution's feed and a fleet of it, made up at the rates of real ones.
 *
 * The same arguments give the same feed and fleet. simulated.c says where the rates are from.
 */
#pragma once

#include "server/feeds/knowledge.h"
#include "server/inventory/inventory.h"

/* Of `advisories` entries, and `added` new ones of which nobody has the fix yet. */
struct knowledge *simulated_feed(unsigned advisories, unsigned added, uint64_t generation);

/* Fills an empty inventory: assets numbered from 1, each with this many packages. */
void simulated_fleet(struct inventory *inv, unsigned assets, unsigned packages);

/* Ends the program where error is one. */
void must(int error, const struct why *why);
