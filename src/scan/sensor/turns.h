/*
 * turns.h - which scope is scanned now, and how fast: pure arithmetic.
 *
 * A scope is due once a period, at its hours. Its first scan goes as fast as it may; later ones are
 * spread over the period, so that little is sent at any time. Scopes take turns where several are
 * due: the one that is later than the others first, none longer than a slice.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TURNS_PERIOD_S    86400 /* where the policy says none */
#define TURNS_RATE        1000  /* probes a second, likewise */
#define TURNS_RATE_MIN    10
#define TURNS_SLICE_MS    60000
#define TURNS_NONE        SIZE_MAX
#define TURNS_MINUTES     1440
#define TURNS_FILL_TENTHS 8 /* of its period that a scan is spread over: the rest is reserve */

struct turn {
	int64_t started_s; /* of the latest run; 0: never */
	bool is_underway;
	bool is_first;     /* no run was complete yet */
	bool is_held;      /* not now: refused, or waiting for something else */
	uint32_t period_s; /* 0: TURNS_PERIOD_S */
	uint32_t rate;     /* 0: TURNS_RATE */
	uint16_t from_minute;
	uint16_t to_minute;
};

/* Whether the scope may be scanned at this hour (UTC). */
bool turn_is_open(const struct turn *turn, int64_t now_s);

/* Whether a run is to be begun, or gone on with. */
bool turn_is_due(const struct turn *turn, int64_t now_s);

/* The one to scan now. current: the one that is scanned, or TURNS_NONE, and for how long it has
 * been. TURNS_NONE where it is nobody's turn. */
size_t turns_pick(const struct turn *turns, size_t count, int64_t now_s, size_t current,
		  int64_t current_ms);

/* Probes a second, of a run of so many in all, where so many scopes share the time. */
uint64_t turn_rate(const struct turn *turn, uint64_t probes, size_t scopes);
