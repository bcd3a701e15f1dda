#include "formats/proc_status.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t uid;

	/* what is said to be good must have been written */
	if (proc_status_user((struct span){ data, size }, &uid) == 0) {
		fuzz_touch((struct span){ (const uint8_t *)&uid, sizeof uid });
	}
	return 0;
}
