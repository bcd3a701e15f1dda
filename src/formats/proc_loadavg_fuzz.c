#include "formats/proc_loadavg.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proc_loadavg found;

	/* what is said to be good must have been written */
	if (proc_loadavg_parse((struct span){ data, size }, &found) == 0) {
		fuzz_touch((struct span){ (const uint8_t *)&found, sizeof found });
	}
	return 0;
}
