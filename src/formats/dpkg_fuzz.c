#include "formats/dpkg.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dpkg_iterator it = dpkg_over((struct span){ data, size });
	struct dpkg_package entry;

	while (dpkg_next(&it, &entry)) {
		fuzz_touch(entry.name);
		fuzz_touch(entry.version);
		fuzz_touch(entry.architecture);
		fuzz_touch(entry.status);
		fuzz_touch(entry.source);
		fuzz_touch(entry.source_version);
		fuzz_touch(entry.section);
		fuzz_touch(entry.maintainer);
	}
	return 0;
}
