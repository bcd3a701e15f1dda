/*
 * throttle.h - failed sign-ins cost their source address time.
 *
 * An address may fail THROTTLE_BURST times at once and then once a second; what fails beyond that
 * is answered later. Success is never delayed, so nobody is locked out by another's guesses.
 */
#pragma once

#include <stdint.h>

/* Addresses that are remembered; the one that failed longest ago gives way. */
#define THROTTLE_ADDRESSES_MAX 1024
#define THROTTLE_BURST         20
#define THROTTLE_DELAY_MAX_MS  5000

/* Fields are private to throttle.c. All zero is a fresh one. */
struct throttle {
	struct throttle_entry {
		char address[64];
		int64_t paid_until_ms; /* rises by a second with each failure */
	} entries[THROTTLE_ADDRESSES_MAX];
};

/* Notes a failure from an address; returns how long its answer is to be held back, ms. */
int64_t throttle_failed(struct throttle *t, const char *address, int64_t now_ms);
