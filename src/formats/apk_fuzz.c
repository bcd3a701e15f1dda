#include "formats/apk.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct apk_iterator it = apk_over((struct span){ data, size });
	struct apk_package entry;

	while (apk_next(&it, &entry)) {
		fuzz_touch(entry.name);
		fuzz_touch(entry.version);
		fuzz_touch(entry.architecture);
		fuzz_touch(entry.origin);
		fuzz_touch(entry.maintainer);
	}
	return 0;
}
