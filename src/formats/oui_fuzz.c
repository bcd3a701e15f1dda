#include "formats/fuzz.h"
#include "formats/oui.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader text = reader_over((struct span){ data, size });
	struct oui entry;

	while (oui_next(&text, &entry)) {
		if ((entry.bits != 24 && entry.bits != 28 && entry.bits != 36) ||
		    entry.prefix >> 48 != 0 || entry.name.len == 0 ||
		    entry.name.len > OUI_NAME_MAX) {
			__builtin_trap();
		}
		fuzz_touch(entry.name);
	}
	return 0;
}
