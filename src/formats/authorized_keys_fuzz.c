#include "formats/authorized_keys.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct authorized_keys_iterator it = authorized_keys_over((struct span){ data, size });
	struct authorized_key entry;

	while (authorized_keys_next(&it, &entry)) {
		fuzz_touch(entry.options);
		fuzz_touch(entry.type);
		fuzz_touch(entry.base64);
		fuzz_touch(entry.comment);
		fuzz_touch(span_of(entry.fingerprint));
	}
	return 0;
}
