#include "formats/module_signature.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span file = { data, size };
	uint8_t text[512];
	struct writer w = writer_over(text, sizeof text);
	uint32_t len;

	if (module_signature_signer(file, &w) == 0) {
		fuzz_touch(writer_span(&w));
	}
	if (size >= MODULE_SIGNATURE_TRAILER_SIZE) {
		(void)(module_signature_trailer(
			       span_after(file, size - MODULE_SIGNATURE_TRAILER_SIZE), &len) == 0);
	}
	return 0;
}
