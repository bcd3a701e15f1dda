#include "formats/file_capabilities.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct file_capabilities capabilities;
	uint8_t text[1024];
	struct writer w = writer_over(text, sizeof text);

	if (file_capabilities_parse((struct span){ data, size }, &capabilities) == 0) {
		file_capabilities_write(&capabilities, &w);
		fuzz_touch(writer_span(&w));
	}
	return 0;
}
