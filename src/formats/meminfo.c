/* meminfo.c - "MemTotal:       16266664 kB" */
#include "formats/meminfo.h"

#include "base/error.h"
#include "base/text.h"

int meminfo_total_bytes(struct span file, uint64_t *out)
{
	struct reader r = reader_over(file);

	while (reader_left(&r) > 0) {
		struct span line = reader_line(&r);
		struct span value = span_trim(span_after(line, span_of("MemTotal:").len));
		uint64_t kib;

		if (!span_starts_with(line, "MemTotal:")) {
			continue;
		}
		if (!span_ends_with(value, " kB") ||
		    text_to_u64(span_trim(span_first(value, value.len - 3)), INT64_MAX / 1024,
				&kib) != 0) {
			return ERR_MALFORMED;
		}
		*out = kib * 1024;
		return 0;
	}
	return ERR_NOT_FOUND;
}
