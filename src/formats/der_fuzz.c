#include "formats/der.h"

#include "formats/fuzz.h"

#define DEPTH_MAX 16

/* Everything below, in the bounds of a depth. */
static void walk(struct reader r, int depth)
{
	while (reader_left(&r) > 0 && depth < DEPTH_MAX) {
		struct der_element element = der_any(&r);

		fuzz_touch(element.whole);
		if ((element.tag & 0x20) != 0) {
			walk(reader_over(element.value), depth + 1);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_over((struct span){ data, size });
	struct reader numbers = r;
	uint8_t buffer[64];

	walk(r, 0);
	while (reader_left(&r) > 0) {
		struct writer w = writer_over(buffer, sizeof buffer);

		if (der_write_oid(der_any(&r).value, &w)) {
			fuzz_touch(writer_span(&w));
		}
	}
	fuzz_touch(der_unsigned(&numbers));
	fuzz_touch(der_bit_string(&numbers));
	(void)der_boolean(&numbers);
	return 0;
}
