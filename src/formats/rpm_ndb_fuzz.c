#include "formats/rpm_ndb.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rpm_ndb_iterator it;
	uint32_t package;
	struct span header;

	if (rpm_ndb_over((struct span){ data, size }, &it) != 0) {
		return 0;
	}
	while (rpm_ndb_next(&it, &package, &header)) {
		fuzz_touch(header);
	}
	return 0;
}
