/*
 * acceptance.h - risks and exposures that somebody accepted, and findings day by day: records that
 * the store and the inventory have in common.
 */
#pragma once

#include <stdint.h>

/* A risk that somebody accepted. */
struct inventory_acceptance {
	const char *id;   /* the vulnerability's */
	uint32_t asset;   /* 0: every asset */
	int64_t until_ms; /* 0: for good */
	int64_t at_ms;
	const char *reason;
	const char *by;
};

/* An exposure of an asset that somebody accepted: it holds while what is found there stays the
 * same. */
struct inventory_exposure_acceptance {
	uint64_t no;
	uint32_t asset;
	const char *rule;
	const char *subject;
	const char *identity; /* what was found there: services/exposed.h */
	int64_t until_ms;     /* 0: for good */
	int64_t at_ms;
	const char *reason;
	const char *by;
};

/* Findings at the end of a day: critical, high, medium, low, none, accepted, exploited, fixable,
 * assets, risk. */
#define INVENTORY_TREND_NUMBERS 10
struct inventory_trend {
	int64_t day; /* since 1970, UTC */
	uint64_t numbers[INVENTORY_TREND_NUMBERS];
};
