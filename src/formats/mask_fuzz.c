#include "formats/mask.h"

#include "formats/fuzz.h"
#include "base/reader.h"

/* Arguments between NULs, then all as one text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t scratch[4096];
	struct writer w = writer_over(scratch, sizeof scratch);
	struct reader r = reader_over((struct span){ data, size });
	struct mask mask = { .program = NULL };

	while (reader_left(&r) > 0) {
		fuzz_touch(mask_argument(&mask, reader_until(&r, 0), &w));
	}
	w = writer_over(scratch, sizeof scratch);
	fuzz_touch(mask_text((struct span){ data, size }, &w));
	return 0;
}
