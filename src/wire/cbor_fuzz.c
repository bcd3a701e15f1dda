/* cbor_fuzz.c - any bytes: items are taken whole or refused, and never read past their end. */
#include "wire/cbor.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cbor_reader r = cbor_over((struct span){ data, size });
	size_t taken = 0;

	while (cbor_peek(&r) != CBOR_END) {
		struct span item = cbor_item(&r);

		if (cbor_error(&r) != 0) {
			break;
		}
		assert(item.len > 0);
		taken += item.len;
	}
	assert(taken <= size);
	return 0;
}
