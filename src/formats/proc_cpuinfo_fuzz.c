#include "formats/proc_cpuinfo.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span model;

	if (proc_cpuinfo_model((struct span){ data, size }, &model) == 0) {
		fuzz_touch(model);
	}
	return 0;
}
