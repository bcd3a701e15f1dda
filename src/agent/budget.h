/*
 * budget.h - no more than so much of something in any day, or minute: a sliding window. Pure: times
 * are the caller's.
 *
 * The window is divided into slots, and is up to one of them longer than asked. What was begun is
 * never cut short: the last piece may go beyond, and is then waited for.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* One more than a window has, so that it is never too short. */
#define BUDGET_SLOTS 13

struct budget {
	uint64_t amount; /* 0: any */
	int64_t slot_ms;
	int64_t began_ms; /* the slot at hand */
	unsigned slot;
	uint64_t spent[BUDGET_SLOTS];
};

void budget_init(struct budget *b, int64_t window_ms, int64_t now_ms);

/* From now on so much a window; 0: any. What was spent stays spent. */
void budget_set(struct budget *b, uint64_t amount);
void budget_spend(struct budget *b, uint64_t amount, int64_t now_ms);

/* What was spent in the window that ends now. */
uint64_t budget_spent(struct budget *b, int64_t now_ms);

/* From when on some may be spent: now_ms where that is now. */
int64_t budget_free_at(struct budget *b, int64_t now_ms);
