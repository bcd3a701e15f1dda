/* snapshot_fuzz.c - a snapshot file from a disk that lies; what is accepted can be loaded. */
#include "sensor/snapshot.h"

#include <stdlib.h>

#include "base/sha256.h"
#include "base/writer.h"
#include "sys/alloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try(struct span bytes)
{
	struct ledger ledgers[2];
	struct snapshot snapshot;

	if (snapshot_check(bytes, &snapshot) != 0) {
		return;
	}
	ledger_init(&ledgers[0], 4);
	ledger_init(&ledgers[1], 10);
	snapshot_load(&snapshot, ledgers, 2);
	for (size_t i = 1; i < ledgers[0].count; i++) {
		if (rowhash_compare(&ledgers[0].hashes[i - 1], &ledgers[0].hashes[i]) >= 0) {
			abort();
		}
	}
	ledger_done(&ledgers[0]);
	ledger_done(&ledgers[1]);
}

/* The input as a file, and as a body under a right head: a sum is beyond a fuzzer's luck. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *whole = alloc_zeroed(size + 56, 1);
	struct writer w = writer_over(whole, size + 56);
	uint8_t sum[SHA256_SIZE];

	try((struct span){ data, size });
	writer_text(&w, "BTZSNAP1");
	writer_be64(&w, 1);
	writer_be64(&w, size);
	sha256_of_two(writer_span(&w), (struct span){ data, size }, sum);
	writer_bytes(&w, (struct span){ sum, sizeof sum });
	writer_bytes(&w, (struct span){ data, size });
	try(writer_span(&w));
	free(whole);
	return 0;
}
