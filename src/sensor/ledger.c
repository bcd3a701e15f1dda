/* ledger.c - a sorted array, searched by halves. */
#include "sensor/ledger.h"

#include <stdlib.h>

void ledger_init(struct ledger *ledger, uint16_t table)
{
	*ledger = (struct ledger){ .table = table };
}

void ledger_clear(struct ledger *ledger)
{
	free(ledger->hashes);
	ledger_init(ledger, ledger->table);
}

void ledger_done(struct ledger *ledger)
{
	ledger_clear(ledger);
}

size_t ledger_lower(const struct ledger *ledger, const struct rowhash *hash)
{
	size_t low = 0;
	size_t high = ledger->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rowhash_compare(&ledger->hashes[middle], hash) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

bool ledger_find(const struct ledger *ledger, const struct rowhash *hash, size_t *out_index)
{
	size_t at = ledger_lower(ledger, hash);

	if (at == ledger->count || !rowhash_equal(&ledger->hashes[at], hash)) {
		return false;
	}
	*out_index = at;
	return true;
}

void ledger_replace(struct ledger *ledger, struct rowhash *hashes, size_t count)
{
	ledger_clear(ledger);
	ledger->hashes = hashes;
	ledger->count = count;
	for (size_t i = 0; i < count; i++) {
		digest_add(&ledger->digest, &hashes[i]);
	}
}
