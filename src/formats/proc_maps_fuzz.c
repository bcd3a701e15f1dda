#include "formats/proc_maps.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proc_maps_iterator it = proc_maps_over((struct span){ data, size });
	struct proc_map map;

	while (proc_maps_next(&it, &map)) {
		fuzz_touch(map.path);
	}
	return 0;
}
