/* budget.c - a ring of slots. */
#include "agent/budget.h"

#include <string.h>

void budget_init(struct budget *b, int64_t window_ms, int64_t now_ms)
{
	memset(b, 0, sizeof *b);
	b->slot_ms = window_ms / (BUDGET_SLOTS - 1);
	b->began_ms = now_ms;
}

void budget_set(struct budget *b, uint64_t amount)
{
	b->amount = amount;
}

/* Forgets the slots that time has gone past. */
static void go_on(struct budget *b, int64_t now_ms)
{
	for (unsigned i = 0; i < BUDGET_SLOTS && now_ms - b->began_ms >= b->slot_ms; i++) {
		b->slot = (b->slot + 1) % BUDGET_SLOTS;
		b->spent[b->slot] = 0;
		b->began_ms += b->slot_ms;
	}
	if (now_ms - b->began_ms >= b->slot_ms) {
		b->began_ms = now_ms; /* all of it is long ago */
	}
}

void budget_spend(struct budget *b, uint64_t amount, int64_t now_ms)
{
	go_on(b, now_ms);
	b->spent[b->slot] += amount;
}

uint64_t budget_spent(struct budget *b, int64_t now_ms)
{
	uint64_t sum = 0;

	go_on(b, now_ms);
	for (unsigned i = 0; i < BUDGET_SLOTS; i++) {
		sum += b->spent[i];
	}
	return sum;
}

int64_t budget_free_at(struct budget *b, int64_t now_ms)
{
	uint64_t sum = budget_spent(b, now_ms);
	int64_t at_ms = b->began_ms;

	if (b->amount == 0 || sum < b->amount) {
		return now_ms;
	}
	for (unsigned i = 1; i <= BUDGET_SLOTS && sum >= b->amount; i++) {
		sum -= b->spent[(b->slot + i) % BUDGET_SLOTS]; /* the oldest goes first */
		at_ms += b->slot_ms;
	}
	return at_ms;
}
