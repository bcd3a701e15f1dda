#include "formats/uevent.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uevent event;
	struct reader pairs;
	struct span key;
	struct span value;

	if (uevent_parse((struct span){ data, size }, &event) != 0) {
		return 0;
	}
	fuzz_touch(event.action);
	fuzz_touch(event.path);
	fuzz_touch(event.subsystem);
	pairs = reader_over(event.pairs);
	while (uevent_pairs_next(&pairs, &key, &value)) {
		fuzz_touch(key);
		fuzz_touch(value);
	}
	return 0;
}
