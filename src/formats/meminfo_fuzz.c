#include "formats/meminfo.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t bytes;

	if (meminfo_total_bytes((struct span){ data, size }, &bytes) == 0 && bytes % 1024 != 0) {
		__builtin_trap();
	}
	return 0;
}
