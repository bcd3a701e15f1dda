#include "formats/os_release.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct os_release_iterator it = os_release_over((struct span){ data, size });
	struct os_release_entry entry;

	while (os_release_next(&it, &entry)) {
		fuzz_touch(entry.name);
		uint8_t buffer[64];
		struct writer w = writer_over(buffer, sizeof buffer);

		if (os_release_write(entry.raw, &w) == 0) {
			fuzz_touch(writer_span(&w));
		}
	}
	return 0;
}
