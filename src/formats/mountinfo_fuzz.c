#include "formats/mountinfo.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mountinfo_iterator it = mountinfo_over((struct span){ data, size });
	struct mountinfo_entry entry;

	while (mountinfo_next(&it, &entry)) {
		fuzz_touch(entry.root);
		fuzz_touch(entry.type);
		uint8_t buffer[128];
		struct writer w = writer_over(buffer, sizeof buffer);

		mountinfo_write(entry.target, &w);
		mountinfo_write(entry.source, &w);
		mountinfo_write_options(&entry, &w);
		fuzz_touch(writer_span(&w));
	}
	return 0;
}
