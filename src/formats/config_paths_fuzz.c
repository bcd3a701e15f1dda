#include "formats/config_paths.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_paths it = config_paths_over((struct span){ data, size });
	struct span word;

	while (config_paths_next(&it, &word)) {
		fuzz_touch(word);
	}
	return 0;
}
