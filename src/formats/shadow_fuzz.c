#include "formats/shadow.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct shadow_iterator it = shadow_over((struct span){ data, size });
	struct shadow_entry entry;

	while (shadow_next(&it, &entry)) {
		fuzz_touch(entry.name);
		fuzz_touch(span_of(entry.algorithm));
		if (entry.has_password != (entry.algorithm != NULL)) {
			__builtin_trap();
		}
	}
	return 0;
}
