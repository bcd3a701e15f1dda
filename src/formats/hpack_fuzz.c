#include "formats/fuzz.h"
#include "formats/hpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader block = reader_over((struct span){ data, size });
	static struct hpack_field field;

	while (hpack_next(&block, &field) == 0) {
		fuzz_touch((struct span){ field.name, field.name_len });
		fuzz_touch((struct span){ field.value, field.value_len });
	}
	return 0;
}
