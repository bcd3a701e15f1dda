#include "formats/pem.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pem_iterator it = pem_over((struct span){ data, size });
	struct pem_block entry;

	while (pem_next(&it, &entry)) {
		fuzz_touch(entry.label);
		uint8_t buffer[256];
		struct span der;

		if (pem_decode(&entry, buffer, sizeof buffer, &der) == 0) {
			fuzz_touch(der);
		}
	}
	return 0;
}
