#include "formats/proc_stat.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proc_stat stat;

	if (proc_stat_parse((struct span){ data, size }, &stat) == 0) {
		fuzz_touch(stat.name);
	}
	return 0;
}
