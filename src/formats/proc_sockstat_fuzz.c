#include "formats/proc_sockstat.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t count;

	/* what is said to be good must have been written */
	if (proc_sockstat_in_use((struct span){ data, size }, "UDP", &count) == 0) {
		fuzz_touch((struct span){ (const uint8_t *)&count, sizeof count });
	}
	return 0;
}
