/*
 * throttle.c - the generic cell rate algorithm (ITU-T I.371): each failure moves a
 * moment a second on; what lies further ahead than the burst is the delay.
 */
#include "server/api/throttle.h"

#include <stdio.h>
#include <string.h>

#define COST_MS 1000

static struct throttle_entry *entry_of(struct throttle *t, const char *address)
{
	struct throttle_entry *oldest = &t->entries[0];

	for (size_t i = 0; i < THROTTLE_ADDRESSES_MAX; i++) {
		struct throttle_entry *entry = &t->entries[i];

		if (strcmp(entry->address, address) == 0) {
			return entry;
		}
		if (entry->paid_until_ms < oldest->paid_until_ms) {
			oldest = entry;
		}
	}
	*oldest = (struct throttle_entry){ 0 };
	snprintf(oldest->address, sizeof oldest->address, "%s", address);
	return oldest;
}

int64_t throttle_failed(struct throttle *t, const char *address, int64_t now_ms)
{
	struct throttle_entry *entry = entry_of(t, address);
	int64_t ahead_ms;

	if (entry->paid_until_ms < now_ms) {
		entry->paid_until_ms = now_ms;
	}
	entry->paid_until_ms += COST_MS;
	ahead_ms = entry->paid_until_ms - now_ms - (int64_t)THROTTLE_BURST * COST_MS;
	if (ahead_ms <= 0) {
		return 0;
	}
	if (ahead_ms > THROTTLE_DELAY_MAX_MS) {
		/* as long as it gets; a flood from here must not shut the address out for hours */
		entry->paid_until_ms =
			now_ms + (int64_t)THROTTLE_BURST * COST_MS + THROTTLE_DELAY_MAX_MS;
		return THROTTLE_DELAY_MAX_MS;
	}
	return ahead_ms;
}
