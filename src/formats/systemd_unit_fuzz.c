#include "formats/systemd_unit.h"

#include "formats/fuzz.h"

static void touch_words(struct span value)
{
	struct reader r = reader_over(value);
	uint8_t buffer[64];
	struct writer w = writer_over(buffer, sizeof buffer);

	while (systemd_unit_next_word(&r, &w) == 0) {
		fuzz_touch(writer_span(&w));
		w = writer_over(buffer, sizeof buffer);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct systemd_unit_iterator it = systemd_unit_over((struct span){ data, size });
	struct systemd_unit_entry entry;

	while (systemd_unit_next(&it, &entry)) {
		fuzz_touch(entry.section);
		fuzz_touch(entry.key);
		uint8_t joined[256];
		struct writer w = writer_over(joined, sizeof joined);

		if (systemd_unit_write(entry.raw, &w) == 0) {
			touch_words(systemd_unit_exec(writer_span(&w)));
		}
	}
	return 0;
}
