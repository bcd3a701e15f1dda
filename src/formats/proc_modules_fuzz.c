#include "formats/proc_modules.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proc_modules_iterator it = proc_modules_over((struct span){ data, size });
	struct proc_module entry;

	while (proc_modules_next(&it, &entry)) {
		fuzz_touch(entry.name);
		fuzz_touch(entry.state);
		fuzz_touch(entry.taint);
	}
	return 0;
}
