/* service_fuzz.c - whatever is unpacked can be packed again, and is then the same. */
#include "scan/service.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[SERVICE_PACKED_MAX];
	struct writer w = writer_over(bytes, sizeof bytes);
	struct service s;
	struct service again;

	if (service_unpack((struct span){ data, size }, &s) == 0) {
		service_pack(&s, &w);
		if (!writer_ok(&w) || service_unpack(writer_span(&w), &again) != 0) {
			__builtin_trap();
		}
	}
	return 0;
}
